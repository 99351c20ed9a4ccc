"""What customers allow and refuse, what the owner decided where the law is disputed, and who lifted a rule (Ley 2300, Ley 1581)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from callcenter.enums import Channel, ExclusionScope, ExclusionSource, Purpose, RneEnforcement
from callcenter.models.audit import audited
from callcenter.models.customers import Customer
from callcenter.models.organisation import User


class ExclusionQuerySet(models.QuerySet):
    def standing(self) -> "ExclusionQuerySet":
        return self.filter(withdrawn_at__isnull=True)

    def visible_to(self, user: User) -> "ExclusionQuerySet":
        return self if user.all_sites else self.filter(customer__sites__overlap=user.site_ids)


class Exclusion(models.Model):
    """«No me contacten»: of whom, by which channels (none named: all), for what. Effective at once."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="exclusions", verbose_name="cliente")
    scope = models.CharField("alcance", max_length=10, choices=ExclusionScope)
    channels = ArrayField(models.CharField(max_length=8, choices=Channel), verbose_name="canales", default=list, blank=True)
    source = models.CharField("origen", max_length=13, choices=ExclusionSource)
    since = models.DateTimeField("desde")
    note = models.CharField("nota", max_length=300, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="registró")
    withdrawn_at = models.DateTimeField("levantada", null=True, blank=True)

    objects = ExclusionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "exclusión", "exclusiones"
        triggers = audited()
        indexes = [
            models.Index(fields=["customer"], condition=Q(withdrawn_at__isnull=True), name="exclusion_standing"),
        ]
        permissions = [("manage_consent", "Puede ver y cambiar negativas, y consultar el RNE")]

    def __str__(self):
        return f"{self.get_scope_display()}: {self.customer}"

    @property
    def channel_names(self) -> str:
        """`Llamada, WhatsApp`; every channel when none is named."""
        return ", ".join(Channel(name).label for name in self.channels) or "Todos los canales"


class HoldQuerySet(models.QuerySet):
    def standing(self, at) -> "HoldQuerySet":
        return self.filter(Q(until__isnull=True) | Q(until__gt=at))


class Hold(models.Model):
    """One customer, one voice: while it stands, contacts of `purpose` wait (an open complaint, a survey today).

    A programme writes it (`source`, `reference` name its matter) and lifts it by setting `until`.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="holds", verbose_name="cliente")
    purpose = models.CharField("finalidad que espera", max_length=13, choices=Purpose, default=Purpose.COMMERCIAL)
    reason = models.CharField("motivo", max_length=160)
    source = models.CharField("origen", max_length=40)
    reference = models.CharField("referencia", max_length=60)
    since = models.DateTimeField("desde")
    until = models.DateTimeField("hasta", null=True, blank=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "espera", "esperas"
        triggers = audited()
        constraints = [
            models.UniqueConstraint(fields=["source", "reference", "purpose"], name="hold_once_per_matter"),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=models.F("since")), name="hold_ends_after_start"),
        ]
        indexes = [models.Index(fields=["customer", "until"], name="hold_customer")]

    def __str__(self):
        return f"{self.customer}: {self.reason}"


class ContactRules(models.Model):
    """The owner's choices where Ley 2300 is disputed; one row, without it the defaults of domain/contact_law.py."""

    name = models.CharField(max_length=10, unique=True, default="2300", editable=False)
    is_strict = models.BooleanField(
        "modo estricto", default=False, help_text="También una llamada sin respuesta cierra los otros canales hasta el lunes."
    )
    rne_enforcement = models.CharField("si la consulta al RNE venció", max_length=5, choices=RneEnforcement, default=RneEnforcement.AUTO)
    rne_days = models.PositiveSmallIntegerField("días hábiles que vale una consulta al RNE", default=5)

    class Meta:
        verbose_name, verbose_name_plural = "reglas de contacto", "reglas de contacto"
        constraints = [
            models.CheckConstraint(condition=Q(name="2300"), name="contact_rules_one_row"),
            models.CheckConstraint(condition=Q(rne_days__range=(1, 60)), name="contact_rules_rne_days"),
        ]

    def __str__(self):
        return "Ley 2300 de 2023"


class OverrideQuerySet(models.QuerySet):
    def standing(self, customer_id: int, day) -> "OverrideQuerySet":
        return self.filter(customer=customer_id, day=day, spent_at__isnull=True)

    def visible_to(self, user: User) -> "OverrideQuerySet":
        return self if user.all_sites else self.filter(outreach__site__in=user.site_ids)


class LawOverride(models.Model):
    """One rule lifted for one contact of one person on one day: who, why, and whether it was used."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="law_overrides", verbose_name="cliente")
    outreach = models.ForeignKey("callcenter.Outreach", models.PROTECT, related_name="law_overrides", verbose_name="gestión")
    rule = models.CharField("regla", max_length=4)
    forbidden = models.CharField("lo que impedía", max_length=200)
    reason = models.CharField("por qué se levanta", max_length=500)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="quién")
    at = models.DateTimeField("cuándo")
    day = models.DateField("día")
    spent_at = models.DateTimeField("usada", null=True, blank=True)

    objects = OverrideQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "regla levantada", "reglas levantadas"
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "rule", "day"], condition=Q(spent_at__isnull=True), name="law_override_once"),
            # Sundays and holidays, and what the customer refused, are lifted by nobody (domain 2.1).
            models.CheckConstraint(condition=~Q(rule__in=["L2", "L6", "L7"]), name="law_override_possible"),
            models.CheckConstraint(condition=~Q(reason=""), name="law_override_has_reason"),
        ]
        permissions = [("override_law", "Puede levantar una regla de contacto con motivo escrito")]

    def __str__(self):
        return f"{self.rule} · {self.customer}: {self.reason}"
