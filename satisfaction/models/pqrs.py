"""Petitions, complaints, claims and suggestions with their legal clock (GSC-CAR-01 CAR-4, 6, 7; Ley 1755, Ley 1480, Ley 1581)."""

import uuid

from django.db import models
from django.db.models import F, Q

from callcenter.models import Brand, Customer, Site, User, Vehicle, WorkOrder
from callcenter.models.audit import audited
from callcenter.models.organisation import ScopedQuerySet
from callcenter.models.work import Work
from satisfaction.enums import Area, PqrsAction, PqrsChannel, PqrsKind, PqrsStatus
from satisfaction.models.followups import FollowUp
from satisfaction.models.surveys import VOICE_MAX, areas_of

ANSWER_MAX = 8000


class FilingCounter(models.Model):
    """The last filing number of each year: gapless, taken under the row's lock."""

    year = models.PositiveSmallIntegerField("año", unique=True)
    last = models.PositiveIntegerField("último", default=0)

    class Meta:
        verbose_name, verbose_name_plural = "consecutivo de PQRS", "consecutivos de PQRS"

    def __str__(self):
        return f"{self.year}: {self.last}"


class PqrsTerm(models.Model):
    """The owner's change of a legal term; what has no row keeps domain/pqrs.py."""

    kind = models.CharField("tipo", max_length=13, choices=PqrsKind, unique=True)
    days = models.PositiveSmallIntegerField("días hábiles")
    note = models.CharField("norma o decisión", max_length=160)

    class Meta:
        verbose_name, verbose_name_plural = "término de PQRS", "términos de PQRS"
        constraints = [models.CheckConstraint(condition=Q(days__range=(1, 60)), name="pqrs_term_possible")]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.days} días hábiles"


class PqrsQuerySet(ScopedQuerySet):
    def visible_to(self, user: User) -> "PqrsQuerySet":
        rows = super().visible_to(user)
        areas = areas_of(user)
        return rows if len(areas) == len(Area) else rows.filter(area__in=areas)

    def pending(self) -> "PqrsQuerySet":
        """Without an answer yet: the legal clock runs."""
        return self.filter(status=PqrsStatus.OPEN)

    def for_list(self) -> "PqrsQuerySet":
        return self.select_related("customer", "vehicle__brand", "site", "brand", "owner")


class Pqrs(models.Model):
    """One matter as the customer brought it, until its closure is evaluated."""

    key = models.UUIDField("clave del formulario", unique=True, default=uuid.uuid4, editable=False)
    number = models.CharField("radicado", max_length=16, unique=True)
    kind = models.CharField("tipo", max_length=13, choices=PqrsKind)
    channel = models.CharField("canal", max_length=9, choices=PqrsChannel)
    status = models.CharField("estado", max_length=8, choices=PqrsStatus, default=PqrsStatus.OPEN)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="pqrs", verbose_name="cliente")
    vehicle = models.ForeignKey(Vehicle, models.PROTECT, null=True, blank=True, related_name="pqrs", verbose_name="vehículo")
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, null=True, blank=True, related_name="pqrs", verbose_name="orden de trabajo")
    follow_up = models.ForeignKey(FollowUp, models.PROTECT, null=True, blank=True, related_name="pqrs", verbose_name="seguimiento")
    site = models.ForeignKey(Site, models.PROTECT, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name="marca")
    area = models.CharField("área", max_length=10, choices=Area)
    reply_email = models.EmailField("correo para responder", blank=True)
    reply_phone = models.CharField("celular para responder", max_length=20, blank=True)
    description = models.TextField("qué pide o de qué se queja", max_length=ANSWER_MAX)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="pqrs", verbose_name="responsable")
    received_at = models.DateTimeField("recibida")
    filed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="radicó")
    filed_at = models.DateTimeField("radicada")
    term_days = models.PositiveSmallIntegerField("días hábiles de ley")
    due_on = models.DateField("vence")
    repair_due_on = models.DateField("reparar a más tardar", null=True, blank=True)
    extended_days = models.PositiveSmallIntegerField("días de ampliación", default=0)
    extension_reason = models.CharField("motivo de la ampliación", max_length=300, blank=True)
    extended_at = models.DateTimeField("ampliada", null=True, blank=True)
    acknowledged_at = models.DateTimeField("acuse de recibo", null=True, blank=True)
    answer = models.TextField("respuesta", max_length=ANSWER_MAX, blank=True)
    answered_at = models.DateTimeField("respondida", null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="respondió")
    answer_channel = models.CharField("respuesta por", max_length=9, choices=PqrsChannel, blank=True)
    delivered_at = models.DateTimeField("entregada", null=True, blank=True)
    closed_at = models.DateTimeField("cerrada", null=True, blank=True)
    is_satisfied = models.BooleanField("satisfecho con el cierre", null=True, blank=True)
    closing_note = models.CharField("evaluación del cierre", max_length=500, blank=True)
    alarm_at = models.DateTimeField("próxima alarma", null=True, blank=True)

    objects = PqrsQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "PQRS", "PQRS"
        ordering = ["due_on", "id"]
        triggers = audited()
        constraints = [
            models.CheckConstraint(condition=~Q(description=""), name="pqrs_has_description"),
            models.CheckConstraint(
                condition=Q(status=PqrsStatus.OPEN, answered_at__isnull=True)
                | (~Q(status=PqrsStatus.OPEN) & Q(answered_at__isnull=False) & ~Q(answer="")),
                name="pqrs_answered_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status=PqrsStatus.CLOSED) | Q(closed_at__isnull=False, is_satisfied__isnull=False), name="pqrs_closed_whole"
            ),
            models.CheckConstraint(
                condition=Q(extended_days=0, extended_at__isnull=True)
                | (Q(extended_days__gt=0, extended_at__isnull=False) & ~Q(extension_reason="")),
                name="pqrs_extension_whole",
            ),
            models.CheckConstraint(condition=Q(filed_at__gte=F("received_at")), name="pqrs_filed_after_receipt"),
        ]
        indexes = [
            models.Index(fields=["due_on", "id"], condition=Q(status=PqrsStatus.OPEN), name="pqrs_pending"),
            models.Index(fields=["alarm_at"], condition=Q(alarm_at__isnull=False), name="pqrs_alarm"),
            models.Index(fields=["-received_at"], name="pqrs_received"),
        ]
        permissions = [("see_pqrs", "Puede ver PQRS"), ("manage_pqrs", "Puede radicar y responder PQRS")]

    def __str__(self):
        return f"{self.number} · {self.customer}"

    @property
    def is_pending(self) -> bool:
        return self.status == PqrsStatus.OPEN


def pqrs_path(instance: "PqrsFile", _name: str) -> str:
    return f"pqrs/{uuid.uuid4().hex}{'.pdf' if instance.content_type == 'application/pdf' else '.jpg'}"


class PqrsFileQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "PqrsFileQuerySet":
        return self.filter(pqrs__in=Pqrs.objects.visible_to(user))


class PqrsFile(models.Model):
    """Evidence of a PQRS: what the customer brought, what was sent, the screenshot of it."""

    pqrs = models.ForeignKey(Pqrs, models.PROTECT, related_name="files", verbose_name="PQRS")
    file = models.FileField("archivo", upload_to=pqrs_path)
    content_type = models.CharField(max_length=40)
    original_name = models.CharField("nombre original", max_length=120, blank=True)
    sha256 = models.CharField(max_length=64)
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="lo agregó")
    added_at = models.DateTimeField("agregado")

    objects = PqrsFileQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "evidencia de PQRS", "evidencias de PQRS"
        ordering = ["added_at", "id"]

    def __str__(self):
        return self.original_name or self.sha256[:12]


class PqrsEvent(models.Model):
    """One step: who, when, what. Never changed."""

    pqrs = models.ForeignKey(Pqrs, models.CASCADE, related_name="events", verbose_name="PQRS")
    at = models.DateTimeField("cuándo")
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="quién")
    action = models.CharField("acción", max_length=12, choices=PqrsAction)
    note = models.TextField("nota", max_length=VOICE_MAX, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = "paso de PQRS", "pasos de PQRS"
        ordering = ["at", "id"]

    def __str__(self):
        return f"{self.get_action_display()} · {self.at:%d/%m/%Y %H:%M}"


class Letter(Work):
    """A letter of one PQRS on the company's letterhead: drawn by a job, then mailed when it goes by e-mail."""

    class Kind(models.TextChoices):
        RECEIPT = "RECEIPT", "Acuse de recibo"
        EXTENSION = "EXTENSION", "Ampliación del término"
        ANSWER = "ANSWER", "Respuesta"

    pqrs = models.ForeignKey(Pqrs, models.PROTECT, related_name="letters", verbose_name="PQRS")
    kind = models.CharField("carta", max_length=9, choices=Kind)
    body = models.TextField("texto", max_length=ANSWER_MAX)
    by_email = models.BooleanField("se envía por correo", default=False)
    file = models.FileField("PDF", upload_to="letters/", blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "carta", "cartas"
        constraints = [*Work.Meta.constraints, models.UniqueConstraint(fields=["pqrs", "kind"], name="letter_once_per_kind")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.pqrs.number}"
