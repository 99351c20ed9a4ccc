"""WhatsApp messages and the evidence that they were sent (GSC-PRO-02 §5: pantallazos)."""

import uuid

from django.db import models
from django.db.models import Q

from callcenter.enums import MessageStatus, Purpose
from callcenter.models.catalogue import MessageTemplate
from callcenter.models.customers import ContactPoint, Customer
from callcenter.models.organisation import User
from callcenter.models.outreach import Outreach


class MessageQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "MessageQuerySet":
        rows = self if user.all_sites else self.filter(outreach__site__in=user.site_ids)
        return rows if user.all_brands else rows.filter(outreach__brand__in=user.brand_ids)


class Message(models.Model):
    """One message to one customer, with the text exactly as it went out."""

    key = models.UUIDField("clave del formulario", unique=True, default=uuid.uuid4)
    body_hash = models.CharField(max_length=64)
    outreach = models.ForeignKey(Outreach, models.PROTECT, related_name="messages", verbose_name="gestión")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="messages", verbose_name="cliente")
    point = models.ForeignKey(ContactPoint, models.PROTECT, null=True, verbose_name="número")
    template = models.ForeignKey(MessageTemplate, models.PROTECT, null=True, verbose_name="plantilla")
    purpose = models.CharField("finalidad", max_length=13, choices=Purpose)
    body = models.TextField("texto", max_length=4096)
    status = models.CharField("estado", max_length=9, choices=MessageStatus, default=MessageStatus.SENT)
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="enviado por")
    sent_at = models.DateTimeField("enviado")

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "mensaje", "mensajes"
        ordering = ["sent_at", "id"]
        indexes = [models.Index(fields=["outreach", "sent_at"], name="message_outreach")]

    def __str__(self):
        return f"WhatsApp a {self.customer}"


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
        ordering = ["uploaded_at"]
        indexes = [models.Index(fields=["original_sha256"], name="evidence_original")]
        constraints = [models.CheckConstraint(condition=~Q(sha256=""), name="evidence_has_hash")]

    def __str__(self):
        return f"Evidencia de {self.outreach}"
