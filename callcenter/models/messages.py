"""WhatsApp in both directions: the outbox, what the provider said of it, what customers answered, and the proofs
(GSC-PRO-02 §3 and §5; domain 5)."""

import uuid
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from callcenter.enums import Gateway, InboundKind, MessageStatus, Purpose
from callcenter.models.appointments import Appointment
from callcenter.models.audit import audited
from callcenter.models.catalogue import MessageTemplate
from callcenter.models.customers import ContactPoint, Customer
from callcenter.models.organisation import Brand, ScopedQuerySet, Site, User
from callcenter.models.outreach import Outreach
from callcenter.models.work import Work

GONE = (MessageStatus.FAILED, MessageStatus.CANCELLED)  # never reached the customer
DELIVERED = (MessageStatus.DELIVERED, MessageStatus.READ)
ARRIVING = (MessageStatus.SENT, *DELIVERED)


class Line(models.Model):
    """The state of the Cloud API line, one row: stopped by an error that a person must mend, or waiting out a limit."""

    name = models.CharField(max_length=20, unique=True, default=Gateway.CLOUD_API)
    stopped_at = models.DateTimeField("detenida", null=True, blank=True)
    code = models.PositiveIntegerField("código de Meta", null=True, blank=True)
    reason = models.CharField("motivo", max_length=300, blank=True)
    wait_until = models.DateTimeField("espera hasta", null=True, blank=True)
    resumed_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="reanudó")

    class Meta:
        verbose_name, verbose_name_plural = "línea de WhatsApp", "líneas de WhatsApp"

    def __str__(self):
        return self.reason or self.name

    @classmethod
    def is_closed(cls) -> bool:
        """True while nothing may leave."""
        return cls.objects.filter(Q(stopped_at__isnull=False) | Q(wait_until__gt=timezone.now())).exists()


class MessageQuerySet(ScopedQuerySet):
    def standing(self) -> "MessageQuerySet":
        """Messages that reached the customer, may have, or still will."""
        return self.exclude(status__in=GONE)

    def gone_out(self) -> "MessageQuerySet":
        """Messages that the customer has."""
        return self.filter(status__in=ARRIVING)

    def delivered(self) -> "MessageQuerySet":
        """Messages of which Meta says that they arrived: that is their proof (domain 5.1)."""
        return self.filter(gateway=Gateway.CLOUD_API, status__in=DELIVERED)

    def queued(self) -> "MessageQuerySet":
        return self.filter(status=MessageStatus.QUEUED)

    def unknown(self) -> "MessageQuerySet":
        return self.filter(status=MessageStatus.UNKNOWN)

    def for_list(self) -> "MessageQuerySet":
        return self.select_related("customer", "template", "site", "sent_by", "outreach", "point")


class Message(Work):
    """One message to one customer, with the text exactly as it goes out. A row is at most one message: see domain/outbox.py."""

    commits_itself = True  # what is sent can't be rolled back
    requested_by = None

    key = models.UUIDField("clave del formulario", unique=True, default=uuid.uuid4)
    body_hash = models.CharField(max_length=64)
    outreach = models.ForeignKey(Outreach, models.PROTECT, null=True, blank=True, related_name="messages", verbose_name="gestión")
    appointment = models.ForeignKey(Appointment, models.PROTECT, null=True, blank=True, related_name="messages", verbose_name="cita")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="messages", verbose_name="cliente")
    site = models.ForeignKey(Site, models.PROTECT, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, db_index=False, verbose_name="marca")
    point = models.ForeignKey(ContactPoint, models.PROTECT, null=True, verbose_name="número")
    template = models.ForeignKey(MessageTemplate, models.PROTECT, null=True, blank=True, verbose_name="plantilla")
    variables = ArrayField(models.TextField(), verbose_name="variables", default=list, blank=True)
    image = models.CharField("imagen", max_length=200, blank=True)  # name in the storage
    purpose = models.CharField("finalidad", max_length=13, choices=Purpose)
    gateway = models.CharField("canal", max_length=11, choices=Gateway, default=Gateway.AGENT_PHONE)
    body = models.TextField("texto", max_length=4096)
    status = models.CharField("estado", max_length=9, choices=MessageStatus, default=MessageStatus.SENT)
    provider_id = models.CharField("identificador de Meta", max_length=160, blank=True)
    error_code = models.PositiveIntegerField("código de Meta", null=True, blank=True)
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="enviado por")
    sent_at = models.DateTimeField("enviado", null=True, blank=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="aclarado por")
    settled_at = models.DateTimeField("aclarado", null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "mensaje", "mensajes"
        permissions = [("see_messages", "Puede ver, aclarar y responder WhatsApp")]
        ordering = ["created_at", "id"]
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(fields=["provider_id"], condition=~Q(provider_id=""), name="message_provider_id_unique"),
            # One template says its thing once in one matter, whatever fails and is tried again.
            models.UniqueConstraint(
                fields=["outreach", "template"],
                condition=Q(appointment__isnull=True, outreach__isnull=False, template__isnull=False) & ~Q(status__in=GONE),
                name="message_once_per_matter",
            ),
            models.UniqueConstraint(
                fields=["appointment", "template"],
                condition=Q(appointment__isnull=False) & ~Q(status__in=GONE),
                name="message_once_per_appointment",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[MessageStatus.QUEUED, *GONE]) | Q(sent_at__isnull=False), name="message_sent_has_moment"
            ),
        ]
        indexes = [
            *Work.Meta.indexes,
            models.Index(fields=["outreach", "sent_at"], name="message_outreach"),
            models.Index(fields=["customer", "-created_at"], name="message_customer"),
            models.Index(fields=["sent_at"], condition=Q(gateway=Gateway.CLOUD_API), name="message_daily"),
            models.Index(
                fields=["status", "-created_at"],
                condition=Q(status__in=[MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN, MessageStatus.FAILED]),
                name="message_to_settle",
            ),
        ]

    def __str__(self):
        return f"WhatsApp a {self.customer}"

    @classmethod
    def claim(cls, **more) -> Self | None:
        """The next message that may leave; none while the line is stopped."""
        return None if Line.is_closed() else super().claim(**more)

    @property
    def is_delivered(self) -> bool:
        return self.gateway == Gateway.CLOUD_API and self.status in DELIVERED

    @property
    def moment(self):
        """When it went out, or was asked for."""
        return self.sent_at or self.created_at


class MessageEvent(models.Model):
    """One word of the provider about one message: kept as it came, once, even before we know the message."""

    message = models.ForeignKey(Message, models.CASCADE, null=True, blank=True, related_name="events", verbose_name="mensaje")
    provider_id = models.CharField("identificador de Meta", max_length=160)
    status = models.CharField("estado", max_length=20)
    at = models.DateTimeField("cuándo")
    code = models.PositiveIntegerField("código", null=True, blank=True)
    detail = models.CharField("detalle", max_length=300, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = "novedad de mensaje", "novedades de mensajes"
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["provider_id", "status", "at"], name="message_event_once")]

    def __str__(self):
        return f"{self.status} {self.at:%d/%m/%Y %H:%M}"


class WebhookDelivery(Work):
    """The raw body of one signed webhook: stored in one statement, read afterwards by a job."""

    body = models.BinaryField("contenido")
    sha256 = models.CharField(max_length=64, unique=True)

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "aviso de Meta", "avisos de Meta"
        ordering = ["-created_at"]

    def __str__(self):
        return f"Aviso {self.pk}"


class WhatsAppIdentity(models.Model):
    """Who writes to us: a number, or Meta's own identifier when the person hides it (BSUID)."""

    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, blank=True, related_name="identities", verbose_name="cliente")
    wa_id = models.CharField("número", max_length=20, blank=True)
    bsuid = models.CharField("identificador de Meta", max_length=80, blank=True)
    username = models.CharField("usuario", max_length=80, blank=True)
    name = models.CharField("nombre en WhatsApp", max_length=120, blank=True)
    last_inbound_at = models.DateTimeField("escribió por última vez", null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = "identidad de WhatsApp", "identidades de WhatsApp"
        constraints = [
            models.UniqueConstraint(fields=["wa_id"], condition=~Q(wa_id=""), name="identity_number_unique"),
            models.UniqueConstraint(fields=["bsuid"], condition=~Q(bsuid=""), name="identity_bsuid_unique"),
            models.CheckConstraint(condition=~Q(wa_id="", bsuid=""), name="identity_has_identifier"),
        ]
        indexes = [models.Index(fields=["customer", "-last_inbound_at"], name="identity_customer")]

    def __str__(self):
        return self.name or self.username or (f"+{self.wa_id}" if self.wa_id else self.bsuid)


class InboundQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "InboundQuerySet":
        """Answers of the customers of one's sites; who is not identified yet is for those who see every site."""
        return self if user.all_sites else self.filter(customer__sites__overlap=user.site_ids)

    def pending(self) -> "InboundQuerySet":
        return self.filter(handled_at__isnull=True)

    def for_list(self) -> "InboundQuerySet":
        return self.select_related("customer", "identity", "reply_to__template", "handled_by")


class InboundMessage(models.Model):
    """What a customer wrote to us."""

    provider_id = models.CharField("identificador de Meta", max_length=160, unique=True)
    identity = models.ForeignKey(WhatsAppIdentity, models.PROTECT, related_name="inbound", verbose_name="identidad")
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, blank=True, related_name="inbound", verbose_name="cliente")
    reply_to = models.ForeignKey(Message, models.SET_NULL, null=True, blank=True, related_name="replies", verbose_name="responde a")
    kind = models.CharField("clase", max_length=6, choices=InboundKind)
    body = models.TextField("texto", max_length=4096, blank=True)
    at = models.DateTimeField("cuándo")
    note = models.CharField("qué se hizo", max_length=160, blank=True)
    handled_at = models.DateTimeField("atendido", null=True, blank=True)
    handled_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="atendió")

    objects = InboundQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "respuesta de WhatsApp", "respuestas de WhatsApp"
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["customer", "-at"], name="inbound_customer"),
            models.Index(fields=["-at"], condition=Q(handled_at__isnull=True), name="inbound_pending"),
        ]

    def __str__(self):
        return f"{self.identity}: {self.body[:40]}"


class UploadedMedia(models.Model):
    """An image that Meta holds for us: its number is used again until shortly before Meta forgets it."""

    line = models.CharField("línea", max_length=40)
    sha256 = models.CharField(max_length=64)
    media_id = models.CharField(max_length=80)
    expires_at = models.DateTimeField("sirve hasta")

    class Meta:
        verbose_name, verbose_name_plural = "imagen en Meta", "imágenes en Meta"
        constraints = [models.UniqueConstraint(fields=["line", "sha256"], name="uploaded_media_once")]

    def __str__(self):
        return self.media_id


class EvidenceQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "EvidenceQuerySet":
        rows = self if user.all_sites else self.filter(outreach__site__in=user.site_ids)
        return rows if user.all_brands else rows.filter(outreach__brand__in=user.brand_ids)


def evidence_path(instance: "Evidence", _name: str) -> str:
    """A name that says nothing and never comes from the user."""
    return f"evidence/{uuid.uuid4().hex}.jpg"


class Evidence(models.Model):
    """A screenshot, re-encoded and served only through an authorised view."""

    outreach = models.ForeignKey(Outreach, models.PROTECT, related_name="evidence", verbose_name="gestión")
    message = models.ForeignKey(Message, models.PROTECT, null=True, blank=True, related_name="evidence", verbose_name="mensaje")
    file = models.ImageField("imagen", upload_to=evidence_path)
    original_name = models.CharField("nombre original", max_length=120, blank=True)
    original_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="subida por")
    uploaded_at = models.DateTimeField("subida")

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "evidencia", "evidencias"
        triggers = audited(inserts=False)
        ordering = ["uploaded_at"]
        indexes = [models.Index(fields=["original_sha256"], name="evidence_original")]
        constraints = [models.CheckConstraint(condition=~Q(sha256=""), name="evidence_has_hash")]

    def __str__(self):
        return f"Evidencia de {self.outreach}"
