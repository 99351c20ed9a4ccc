"""Brands, sites, people who work here and what each may see."""

from functools import cached_property

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from callcenter.enums import Density, Programme, Theme
from callcenter.models.audit import audited
from callcenter.roles import TITLES, Role
from carrazos.lib import text


class CatalogueQuerySet(models.QuerySet):
    """A handful of rows: a choice that iterates over them needs no cursor on the server, which costs three trips."""

    def iterator(self, chunk_size: int | None = None):
        return iter(self)


class NamedManager(models.Manager.from_queryset(CatalogueQuerySet)):
    """Catalogue rows are named by their code in fixtures."""

    def get_by_natural_key(self, code: str):
        return self.get(code=code)


class Brand(models.Model):
    code = models.SlugField("código", max_length=20, unique=True)
    name = models.CharField("nombre", max_length=60, unique=True)
    aliases = ArrayField(models.CharField(max_length=60), verbose_name="otros nombres en SPIGA", default=list, blank=True)
    portal_name = models.CharField("portal de opiniones de la marca", max_length=60, blank=True)
    is_demo = models.BooleanField("de demostración", default=False)
    is_active = models.BooleanField("activa", default=True)

    objects = NamedManager()

    class Meta:
        verbose_name, verbose_name_plural = "marca", "marcas"
        triggers = audited()
        ordering = ["name"]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.code,)

    @property
    def keys(self) -> set[str]:
        """Every writing under which SPIGA may name the brand."""
        return {text.key(name) for name in (self.name, self.code, *self.aliases)}


class Site(models.Model):
    code = models.SlugField("código", max_length=20, unique=True)
    name = models.CharField("nombre", max_length=60, unique=True)
    aliases = ArrayField(models.CharField(max_length=60), verbose_name="otros nombres en SPIGA", default=list, blank=True)
    city = models.CharField("ciudad", max_length=60)
    address = models.CharField("dirección", max_length=120, blank=True)
    area_code = models.CharField("indicativo", max_length=3, help_text="Completa los fijos de siete dígitos: 601, 604…")
    phones = models.CharField("números de contacto", max_length=120, help_text="Como se leen al cliente.")
    daily_capacity = models.PositiveSmallIntegerField(
        "cupo de citas por día", null=True, blank=True, help_text="Vacío: sin límite. Un día distinto se anota en Cupos especiales."
    )
    is_demo = models.BooleanField("de demostración", default=False)
    is_active = models.BooleanField("activa", default=True)

    objects = NamedManager()

    class Meta:
        verbose_name, verbose_name_plural = "sede", "sedes"
        triggers = audited()
        ordering = ["name"]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.code,)

    @property
    def keys(self) -> set[str]:
        return {text.key(name) for name in (self.name, self.code, *self.aliases)}


class Position(models.Model):
    """The title that a function has today (titles change with the organisation chart, functions do not)."""

    function = models.CharField("función", max_length=30, unique=True, choices=[(role.value, role.value) for role in Role])
    title = models.CharField("cargo", max_length=60)

    class Meta:
        verbose_name, verbose_name_plural = "cargo", "cargos"
        triggers = audited()
        ordering = ["title"]

    def __str__(self):
        return self.title


class User(AbstractUser):
    """Somebody who logs in. Functions are groups; scope is sites × brands, empty sees nothing."""

    sites = models.ManyToManyField(Site, verbose_name="sedes", blank=True)
    brands = models.ManyToManyField(Brand, verbose_name="marcas", blank=True)
    all_sites = models.BooleanField("todas las sedes", default=False)
    all_brands = models.BooleanField("todas las marcas", default=False)
    programmes = ArrayField(
        models.CharField(max_length=20, choices=Programme), verbose_name="programas que llama", default=list, blank=True
    )
    daily_goal = models.PositiveSmallIntegerField("meta de llamadas al día", default=60)
    theme = models.CharField("tema", max_length=5, choices=Theme, default=Theme.AUTO)
    density = models.CharField("densidad", max_length=7, choices=Density, default=Density.NORMAL)
    single_keys = models.BooleanField("atajos de una sola tecla", default=True)

    objects = UserManager()

    class Meta:
        verbose_name, verbose_name_plural = "usuario", "usuarios"
        triggers = audited()

    def __str__(self):
        return self.get_full_name() or self.username

    @cached_property
    def functions(self) -> frozenset[str]:
        """The functions this person holds."""
        return frozenset(self.groups.values_list("name", flat=True))

    @cached_property
    def site_ids(self) -> list[int]:
        """The sites in scope."""
        rows = Site.objects if self.all_sites else self.sites
        return sorted(rows.values_list("pk", flat=True))

    @cached_property
    def brand_ids(self) -> list[int]:
        """The brands in scope."""
        rows = Brand.objects if self.all_brands else self.brands
        return sorted(rows.values_list("pk", flat=True))

    def covers(self, other: "User | None") -> bool:
        """Whether this person's scope holds all of another's; None is the house itself, which reaches everything."""
        sites = self.all_sites or (other is not None and set(other.site_ids) <= set(self.site_ids))
        return sites and (self.all_brands or (other is not None and set(other.brand_ids) <= set(self.brand_ids)))

    @property
    def title(self) -> str:
        """The position under which a report is signed."""
        return next((TITLES[role] for role in Role if role in self.functions), "")

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in str(self).split()[:2]).upper()


class ScopedQuerySet(models.QuerySet):
    """Rows with a site and a brand: who sees what is asked here and nowhere else."""

    def visible_to(self, user: User) -> "ScopedQuerySet":
        """The rows of the user's sites and brands; none for somebody without scope."""
        rows = self if user.all_sites else self.filter(site__in=user.site_ids)
        return rows if user.all_brands else rows.filter(brand__in=user.brand_ids)


class EmployeeQuerySet(models.QuerySet):
    def active(self) -> "EmployeeQuerySet":
        return self.filter(is_active=True)

    def visible_to(self, user: User) -> "EmployeeQuerySet":
        return self if user.all_sites else self.filter(site__in=user.site_ids)


class Employee(models.Model):
    """Somebody SPIGA names as advisor, with or without a login."""

    code = models.CharField("código en SPIGA", max_length=20, blank=True)
    name = models.CharField("nombre", max_length=120)
    name_key = models.CharField(max_length=120, editable=False, db_index=True)
    function = models.CharField("función", max_length=30, blank=True, choices=[(role.value, TITLES[role]) for role in Role])
    site = models.ForeignKey(Site, models.PROTECT, verbose_name="sede")
    phone = models.CharField("teléfono", max_length=20, blank=True)
    email = models.EmailField("correo", blank=True)
    user = models.OneToOneField(User, models.SET_NULL, null=True, blank=True, verbose_name="usuario")
    is_active = models.BooleanField("activo", default=True)

    objects = EmployeeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "colaborador", "colaboradores"
        triggers = audited()
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["code"], condition=~models.Q(code=""), name="employee_code_unique"),
        ]

    def __str__(self):
        return self.name


class CalendarException(models.Model):
    """The owner's change to the calendar: a day off that is no holiday, or a working one that is."""

    day = models.DateField("día", unique=True)
    is_working = models.BooleanField("se trabaja", default=False)
    note = models.CharField("motivo", max_length=120)

    class Meta:
        verbose_name, verbose_name_plural = "excepción del calendario", "excepciones del calendario"
        triggers = audited()
        ordering = ["-day"]

    def __str__(self):
        return f"{self.day:%d/%m/%Y}: {self.note}"
