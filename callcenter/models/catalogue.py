"""What the owner edits without a deployment: reasons, scripts, service sheets, templates, numbers of each programme."""

import uuid
from datetime import timedelta
from functools import lru_cache

from django.contrib.postgres.fields import ArrayField
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q

from callcenter.enums import CampaignPriority, ExclusionScope, Outcome, PlatformKind, Programme, ReasonKind, TemplateApproval
from callcenter.models.audit import audited
from callcenter.models.documents import ControlledDocument
from callcenter.models.organisation import Brand, User
from carrazos.lib import text


class ReasonManager(models.Manager):
    def get_by_natural_key(self, kind: str, code: str):
        return self.get(kind=kind, code=code)


class ReasonQuerySet(models.QuerySet):
    def choices(self, *kinds: ReasonKind) -> "ReasonQuerySet":
        return self.filter(kind__in=kinds, is_active=True).order_by("order", "label")


class Reason(models.Model):
    """A coded reason (domain 8.3) and what follows from it. Used codes are deactivated, never deleted."""

    kind = models.CharField("catálogo", max_length=14, choices=ReasonKind)
    code = models.CharField("código", max_length=24)
    label = models.CharField("motivo", max_length=80)
    order = models.PositiveSmallIntegerField("orden", default=100)
    key = models.CharField("tecla", max_length=1, blank=True)
    needs_note = models.BooleanField("exige nota", default=False)
    is_answered = models.BooleanField("alguien contestó", default=False, help_text="Cuenta como contacto directo (Ley 2300).")
    closes = models.BooleanField("cierra la gestión", default=False)
    refuses = models.CharField(
        "deja de recibir", max_length=10, choices=ExclusionScope, blank=True, default="", db_default="",
        help_text="Registra la negativa al instante, por todos los canales, y retira lo que esté en cola.",
    )  # fmt: skip
    spoils_phone = models.BooleanField("invalida el número", default=False)
    opens_case = models.BooleanField("abre caso de insatisfacción", default=False)
    sold_vehicle = models.BooleanField("ya no tiene el vehículo", default=False)
    is_active = models.BooleanField("activo", default=True)

    objects = ReasonManager.from_queryset(ReasonQuerySet)()

    class Meta:
        verbose_name, verbose_name_plural = "motivo", "motivos"
        triggers = audited()
        ordering = ["kind", "order"]
        constraints = [models.UniqueConstraint(fields=["kind", "code"], name="reason_unique")]

    def __str__(self):
        return self.label

    def natural_key(self):
        return (self.kind, self.code)


class ProgrammeSettings(models.Model):
    """The owner's numbers for one programme; what is empty keeps the default of domain/policy.py."""

    programme = models.CharField("programa", max_length=20, choices=Programme, unique=True)
    max_attempts = models.PositiveSmallIntegerField("intentos de llamada", null=True, blank=True)
    reply_days = models.PositiveSmallIntegerField("días hábiles para responder el WhatsApp", null=True, blank=True)
    file_due_at = models.TimeField("hora límite del listado diario de SPIGA", null=True, blank=True, help_text="Vacía: 10:00 (PRO-9).")
    version = models.PositiveIntegerField("versión", default=1, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = "números del programa", "números de los programas"
        triggers = audited()
        constraints = [
            models.CheckConstraint(
                condition=Q(max_attempts__isnull=True) | Q(max_attempts__range=(1, 9)), name="programme_attempts_possible"
            ),
        ]

    def __str__(self):
        return self.get_programme_display()


class ScriptManager(models.Manager):
    def get_by_natural_key(self, code: str, version: int):
        return self.get(code=code, version=version)


class Script(models.Model):
    """A call script's version; the one in force is stored with every attempt."""

    code = models.CharField("código", max_length=20)
    title = models.CharField("título", max_length=100)
    programme = models.CharField("programa", max_length=20, choices=Programme)
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, verbose_name="marca")
    document = models.ForeignKey(ControlledDocument, models.PROTECT, null=True, blank=True, verbose_name="documento")
    version = models.PositiveSmallIntegerField("versión", default=1)
    is_published = models.BooleanField("en uso", default=False)

    objects = ScriptManager()

    class Meta:
        verbose_name, verbose_name_plural = "guion", "guiones"
        triggers = audited()
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="script_version_unique"),
            models.UniqueConstraint(
                fields=["programme", "brand"],
                condition=Q(is_published=True),
                nulls_distinct=False,
                name="script_one_published",
            ),
        ]

    def __str__(self):
        return f"{self.code} v{self.version}"

    def natural_key(self):
        return (self.code, self.version)


class StepManager(models.Manager):
    def get_by_natural_key(self, code: str, version: int, order: int):
        return self.get(script__code=code, script__version=version, order=order)


class ScriptStep(models.Model):
    script = models.ForeignKey(Script, models.CASCADE, related_name="steps")
    order = models.PositiveSmallIntegerField("orden")
    title = models.CharField("paso", max_length=60)
    body = models.TextField("qué se dice", max_length=2000, help_text="Variables: {{cliente}}, {{agente}}, {{vehiculo}}…")
    is_objection = models.BooleanField("respuesta a objeción", default=False)
    branch = models.CharField(
        "solo si", max_length=12, choices=Outcome, blank=True, help_text="Vacío: siempre. Si no, se dice al elegir ese resultado."
    )

    objects = StepManager()

    class Meta:
        verbose_name, verbose_name_plural = "paso", "pasos"
        triggers = audited()
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["script", "order"], name="script_step_unique")]

    def __str__(self):
        return self.title

    def natural_key(self):
        return (*self.script.natural_key(), self.order)

    natural_key.dependencies = ["callcenter.script"]


class ServiceOffer(models.Model):
    """The service sheet an agent needs before calling: cost, supplies, time, availability (GSC-PRO-02 §2)."""

    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name="marca")
    family = models.CharField("gama", max_length=60, blank=True, help_text="Vacía: todas las de la marca.")
    name = models.CharField("servicio", max_length=80)
    reason_key = models.CharField("motivo de SPIGA", max_length=80, blank=True, help_text="Vacío: cualquier motivo.")
    price_cop = models.PositiveIntegerField("valor de referencia (COP)")
    supplies = models.CharField("insumos", max_length=200)
    duration = models.DurationField("duración")
    availability = models.CharField("disponibilidad del personal", max_length=120)
    valid_until = models.DateField("vigente hasta")

    class Meta:
        verbose_name, verbose_name_plural = "hoja de servicio", "hojas de servicio"
        triggers = audited()
        ordering = ["brand", "name"]

    def __str__(self):
        return f"{self.brand} · {self.name}"

    @property
    def duration_text(self) -> str:
        """`2 h 30 min`."""
        hours, minutes = divmod(self.duration // timedelta(minutes=1), 60)
        return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)


def picture_path(instance: models.Model, _name: str) -> str:
    """A name that says nothing and never comes from the user."""
    return f"pictures/{uuid.uuid4().hex}.jpg"


class CampaignQuerySet(models.QuerySet):
    def running(self, on) -> "CampaignQuerySet":
        return self.filter(starts_on__lte=on, ends_on__gte=on)

    def visible_to(self, user) -> "CampaignQuerySet":
        return self if user.all_brands else self.filter(brand__in=user.brand_ids)


class Campaign(models.Model):
    """A marketing campaign (control of the risk «poca efectividad en el agendamiento», GSC-PRO-02)."""

    name = models.CharField("nombre", max_length=80, unique=True)
    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name="marca")
    image = models.ImageField("imagen publicitaria", upload_to=picture_path, blank=True, help_text="Acompaña los mensajes de la campaña.")
    shows_people = models.BooleanField(
        "la imagen muestra personas", default=False, help_text="Sin una autorización vigente de uso de imagen no se envía."
    )
    starts_on = models.DateField("desde")
    ends_on = models.DateField("hasta")
    programme = models.CharField("programa", max_length=20, choices=Programme, default=Programme.PROACTIVE)
    pitch = models.TextField("qué se ofrece", max_length=600, blank=True, help_text="Lo lee el agente al llamar.")
    priority = models.PositiveSmallIntegerField("prioridad", choices=CampaignPriority, default=CampaignPriority.NORMAL)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "campaña", "campañas"
        triggers = audited()
        ordering = ["-starts_on"]
        constraints = [models.CheckConstraint(condition=Q(ends_on__gte=models.F("starts_on")), name="campaign_dates")]
        permissions = [("manage_campaigns", "Puede crear campañas e incluir clientes")]

    def __str__(self):
        return self.name


class PlatformQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "PlatformQuerySet":
        rows = self.filter(is_active=True)
        return rows if user.all_brands else rows.filter(brand__in=user.brand_ids)


class PlatformManager(models.Manager):
    def get_by_natural_key(self, brand: str, name: str):
        return self.get(brand__code=brand, name=name)


class BrandPlatform(models.Model):
    """A platform of a brand that the process uses, and who has a user in it (GSC-CAR-01, recursos). Never a password."""

    brand = models.ForeignKey(Brand, models.PROTECT, related_name="platforms", verbose_name="marca")
    name = models.CharField("nombre", max_length=60)
    kind = models.CharField("para qué", max_length=7, choices=PlatformKind)
    url = models.URLField("dirección", max_length=300, blank=True, validators=[URLValidator(schemes=["https", "http"])])
    people = models.ManyToManyField(User, verbose_name="quiénes tienen usuario", blank=True, related_name="+")
    note = models.CharField(
        "observación", max_length=200, blank=True, help_text="A quién pedir un usuario, requisitos de uso. Nunca claves."
    )
    is_active = models.BooleanField("activa", default=True)

    objects = PlatformManager.from_queryset(PlatformQuerySet)()

    class Meta:
        verbose_name, verbose_name_plural = "plataforma de marca", "plataformas de marca"
        triggers = audited()
        ordering = ["brand__name", "name"]
        constraints = [models.UniqueConstraint(fields=["brand", "name"], name="brand_platform_unique")]

    def __str__(self):
        return f"{self.name} ({self.brand})"

    def natural_key(self):
        return (self.brand.code, self.name)


class TemplateManager(models.Manager):
    def get_by_natural_key(self, name: str):
        return self.get(name=name)


class MessageTemplate(models.Model):
    """A WhatsApp text with numbered variables, as Meta approves it; `variables` names what fills each number."""

    name = models.SlugField("nombre", max_length=60, unique=True)
    programme = models.CharField("programa", max_length=20, choices=Programme, blank=True)
    order = models.PositiveSmallIntegerField("orden", default=100)
    is_marketing = models.BooleanField("promocional", default=True)
    body = models.TextField("texto", max_length=1024)
    variables = ArrayField(models.CharField(max_length=20), verbose_name="variables en orden", default=list, blank=True)
    has_image = models.BooleanField("lleva imagen", default=False)
    image = models.ImageField(
        "imagen", upload_to=picture_path, blank=True, help_text="La de la campaña va primero, si la gestión es de una."
    )
    language = models.CharField("idioma aprobado", max_length=8, default="es_CO")
    approval = models.CharField("estado en Meta", max_length=8, choices=TemplateApproval, default=TemplateApproval.LOCAL)
    approval_note = models.CharField("lo que dijo Meta", max_length=300, blank=True)
    quality = models.CharField("calidad según Meta", max_length=20, blank=True)
    is_active = models.BooleanField("activa", default=True)

    objects = TemplateManager()

    class Meta:
        verbose_name, verbose_name_plural = "plantilla de WhatsApp", "plantillas de WhatsApp"
        triggers = audited()
        ordering = ["order", "name"]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.name,)


@lru_cache(maxsize=8192)
def reason_key(raw: str) -> str:
    """The motive without writing differences: `REV. 10.000 KM` = `Revisión 10000` = `REVISION 10000`."""
    words = text.key(raw.replace(".", "").replace(",", "")).split()
    short = {"REV": "REVISION", "MTO": "MANTENIMIENTO", "MANT": "MANTENIMIENTO", "MTTO": "MANTENIMIENTO", "KMS": "", "KM": ""}
    return " ".join(word for word in (short.get(word, word) for word in words) if word)[:80]
