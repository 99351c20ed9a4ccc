"""Habeas data (Ley 1581 de 2012): authorisations with proof, requests with their clocks, what must never come back."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from callcenter.enums import Channel
from callcenter.models.audit import audited
from callcenter.models.customers import Customer
from callcenter.models.organisation import User
from callcenter.models.work import Work


class AuthorisedFor(models.TextChoices):
    SERVICE = "SERVICE", "Atender su vehículo y sus solicitudes"
    SURVEY = "SURVEY", "Encuestas de satisfacción"
    COMMERCIAL = "COMMERCIAL", "Ofertas y campañas"
    IMAGE = "IMAGE", "Uso de su imagen"
    HOURS = "HOURS", "Contactarlo en otro horario"  # Ley 2300 art. 3: a separate, later document


class AuthorisationSource(models.TextChoices):
    CALL = "CALL", "En una llamada"
    WHATSAPP = "WHATSAPP", "Por WhatsApp"
    FORM = "FORM", "Formulario firmado"
    WEB = "WEB", "Página web"
    DMS = "DMS", "Declarada al importar de SPIGA"


def proof_path(instance: "Authorisation", name: str) -> str:
    return f"authorisations/{uuid.uuid4().hex}.{name.rpartition('.')[2]}"


class AuthorisationQuerySet(models.QuerySet):
    def standing(self) -> "AuthorisationQuerySet":
        return self.filter(revoked_at__isnull=True)

    def visible_to(self, user: User) -> "AuthorisationQuerySet":
        return self.filter(customer__in=Customer.objects.visible_to(user))


class Authorisation(models.Model):
    """What a person allowed: for what, by which channels, when, and the proof of it (arts. 9 and 12)."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="authorisations", verbose_name="cliente")
    purpose = models.CharField("para", max_length=10, choices=AuthorisedFor)
    channels = ArrayField(
        models.CharField(max_length=8, choices=Channel), verbose_name="canales (ninguno: todos)", default=list, blank=True
    )
    source = models.CharField("cómo la dio", max_length=8, choices=AuthorisationSource)
    text_version = models.CharField("versión del texto que aceptó", max_length=40)
    granted_at = models.DateTimeField("desde")
    proof = models.FileField("prueba", upload_to=proof_path, blank=True)
    proof_name = models.CharField("nombre de la prueba", max_length=120, blank=True)
    proof_sha256 = models.CharField(max_length=64, blank=True)
    note = models.CharField("nota", max_length=300, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="registró")
    revoked_at = models.DateTimeField("revocada", null=True, blank=True)
    revoked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="registró la revocatoria")

    objects = AuthorisationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "autorización de datos", "autorizaciones de datos"
        triggers = audited()
        ordering = ["-granted_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "purpose"], condition=Q(revoked_at__isnull=True), name="authorisation_one_standing"
            ),
            models.CheckConstraint(condition=Q(proof="") | ~Q(proof_sha256=""), name="authorisation_proof_has_hash"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | Q(revoked_at__gte=F("granted_at")), name="authorisation_in_order"
            ),
        ]

    def __str__(self):
        return f"{self.get_purpose_display()}: {self.customer}"


class RequestKind(models.TextChoices):
    QUERY = "QUERY", "Consulta"
    CLAIM = "CLAIM", "Reclamo"


class DataRight(models.TextChoices):
    """What is asked (art. 8); the first belongs to a query, the others to a claim."""

    KNOW = "KNOW", "Conocer sus datos"
    UPDATE = "UPDATE", "Actualizar o corregir"
    REVOKE = "REVOKE", "Revocar la autorización"
    DELETE = "DELETE", "Suprimir sus datos"


class RequestChannel(models.TextChoices):
    """How a request came: the ways of a contact, and those in writing."""

    VOICE = "VOICE", "Llamada"
    WHATSAPP = "WHATSAPP", "WhatsApp"
    EMAIL = "EMAIL", "Correo"
    WEB = "WEB", "Página web"
    WRITTEN = "WRITTEN", "Escrito en sede"
    AUTHORITY = "AUTHORITY", "Traslado de autoridad (SIC)"


class RequestStatus(models.TextChoices):
    OPEN = "OPEN", "En trámite"
    INCOMPLETE = "INCOMPLETE", "Pendiente de completar"
    ANSWERED = "ANSWERED", "Respondida"
    WITHDRAWN = "WITHDRAWN", "Desistida"


class RequestQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "RequestQuerySet":
        """Requests of one's customers; an anonymised customer keeps its sites, so the record stays where it was."""
        return self.filter(customer__in=Customer.objects.visible_to(user))

    def open(self) -> "RequestQuerySet":
        return self.filter(status__in=[RequestStatus.OPEN, RequestStatus.INCOMPLETE])


class DataRequest(models.Model):
    """A person asks about or claims over their data: ten or fifteen business days to answer (arts. 14 and 15)."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="data_requests", verbose_name="cliente")
    kind = models.CharField("tipo", max_length=5, choices=RequestKind)
    right = models.CharField("qué pide", max_length=6, choices=DataRight)
    channel = models.CharField("por dónde llegó", max_length=9, choices=RequestChannel)
    received_on = models.DateField("recibida")
    text = models.TextField("qué dijo", max_length=4000)
    status = models.CharField("estado", max_length=10, choices=RequestStatus, default=RequestStatus.OPEN)
    due_on = models.DateField("se responde a más tardar")
    extended_on = models.DateField("ampliada el", null=True, blank=True)
    extension_reason = models.CharField("motivo de la ampliación", max_length=300, blank=True)
    missing = models.CharField("qué falta", max_length=300, blank=True)
    asked_on = models.DateField("se pidió completar el", null=True, blank=True)
    answer = models.TextField("respuesta", max_length=4000, blank=True)
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="radicó")
    opened_at = models.DateTimeField("radicada")
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="respondió")
    answered_at = models.DateTimeField("respondida el", null=True, blank=True)

    objects = RequestQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "solicitud sobre datos", "solicitudes sobre datos"
        triggers = audited()
        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="QUERY", right="KNOW") | (Q(kind="CLAIM") & ~Q(right="KNOW")), name="request_right_fits"
            ),
            models.CheckConstraint(
                condition=~Q(status="ANSWERED") | (~Q(answer="") & Q(answered_at__isnull=False)), name="request_answered_whole"
            ),
            models.CheckConstraint(condition=Q(extended_on__isnull=True) | ~Q(extension_reason=""), name="request_extension_says_why"),
        ]
        indexes = [models.Index(fields=["customer"], condition=Q(status__in=["OPEN", "INCOMPLETE"]), name="request_open")]
        permissions = [("manage_privacy", "Puede atender solicitudes sobre datos personales")]

    def __str__(self):
        return f"{self.get_kind_display()} n.º {self.pk} · {self.get_right_display().lower()}"

    @property
    def is_open(self) -> bool:
        return self.status in {RequestStatus.OPEN, RequestStatus.INCOMPLETE}


class Tombstone(models.Model):
    """The mark of somebody who was erased: a keyed hash that says «this one» and nothing about whom."""

    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name, verbose_name_plural = "marca de suprimido", "marcas de suprimidos"

    def __str__(self):
        return self.digest[:12]


class Decoy(models.Model):
    """An invented customer whom nobody has a reason to open or to call: whoever opens them is told of (reliability threat 22)."""

    customer = models.OneToOneField("callcenter.Customer", models.CASCADE, verbose_name="cliente")
    planted_at = models.DateTimeField("sembrado", db_default=models.functions.Now())

    class Meta:
        verbose_name, verbose_name_plural = "señuelo", "señuelos"

    def __str__(self):
        return str(self.customer)


class Erasure(Work):
    """One person's data being erased everywhere: asked by a request, done by a job, counted."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="erasures", verbose_name="cliente")
    request = models.OneToOneField(DataRequest, models.PROTECT, related_name="erasure", verbose_name="solicitud")
    counts = models.JSONField("qué se suprimió", default=dict)

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "supresión", "supresiones"

    def __str__(self):
        return f"Supresión de {self.customer_id}"


class Retention(Work):
    """One night's round: what is older than its term is emptied (Decreto 1377, art. 11)."""

    day = models.DateField("día", unique=True)
    counts = models.JSONField("qué se vació", default=dict)

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "ronda de conservación", "rondas de conservación"

    def __str__(self):
        return f"{self.day:%d/%m/%Y}"
