"""The management of a dissatisfied customer: facts, derived light, term, evidence, and every change as a row (GSC-PRO-03 §3-4)."""

import uuid

from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from callcenter.models import Attempt, Brand, Customer, Employee, Outreach, Site, User, Vehicle
from callcenter.models.audit import audited
from callcenter.models.organisation import ScopedQuerySet
from callcenter.roles import Role
from satisfaction.enums import Action, Area, By, FollowUpKind, FollowUpStatus, Level, Light, Origin, ProofKind
from satisfaction.models.surveys import VOICE_MAX, Survey, areas_of

OPEN = (FollowUpStatus.NOT_STARTED, FollowUpStatus.IN_PROGRESS)
CLOSED = (FollowUpStatus.RESOLVED, FollowUpStatus.CLOSED_UNSATISFIED)
OWN_ONLY = (Role.SERVICE_ADVISOR, Role.SALES_ADVISOR)
IS_OPEN = Q(kind=FollowUpKind.DETRACTOR, status__in=OPEN)


class CauseManager(models.Manager):
    def get_by_natural_key(self, code: str):
        return self.get(code=code)


class Cause(models.Model):
    """Why a customer was dissatisfied at the root (domain 8.3). Used ones are deactivated, never deleted."""

    code = models.SlugField("código", max_length=30, unique=True)
    label = models.CharField("causa", max_length=60)
    order = models.PositiveSmallIntegerField("orden", default=100)
    is_active = models.BooleanField("activa", default=True)

    objects = CauseManager()

    class Meta:
        verbose_name, verbose_name_plural = "causa de insatisfacción", "causas de insatisfacción"
        ordering = ["order", "label"]

    def __str__(self):
        return self.label

    def natural_key(self):
        return (self.code,)


class FollowUpQuerySet(ScopedQuerySet):
    def visible_to(self, user: User) -> "FollowUpQuerySet":
        """Site × brand × area; an advisor sees only what is theirs."""
        rows = super().visible_to(user)
        areas = areas_of(user)
        if len(areas) < len(Area):
            rows = rows.filter(area__in=areas)
        if user.functions and user.functions <= set(OWN_ONLY):
            rows = rows.filter(Q(owner=user) | Q(advisor__user=user))
        return rows

    def visible_to_owner(self, user: User) -> "FollowUpQuerySet":
        """What may be given to this person: their sites, brands and areas, whosever it is now."""
        return super().visible_to(user).filter(area__in=areas_of(user))

    def detractors(self) -> "FollowUpQuerySet":
        return self.filter(kind=FollowUpKind.DETRACTOR)

    def open(self) -> "FollowUpQuerySet":
        """What still needs management: red and yellow."""
        return self.filter(IS_OPEN)

    def overdue(self, at) -> "FollowUpQuerySet":
        return self.open().filter(due_at__lte=at)

    def for_card(self) -> "FollowUpQuerySet":
        """With what a card and a table row show."""
        return self.select_related("customer", "vehicle__brand", "site", "brand", "owner", "advisor", "cause")


class FollowUp(models.Model):
    """One dissatisfaction (or suggestion) of one customer."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField("tipo", max_length=10, choices=FollowUpKind, default=FollowUpKind.DETRACTOR)
    status = models.CharField("gestión", max_length=18, choices=FollowUpStatus, default=FollowUpStatus.NOT_STARTED)
    brand_portal_answered = models.BooleanField("respondió en el portal de la marca", default=False)
    light = models.GeneratedField(
        expression=Case(
            When(kind=FollowUpKind.SUGGESTION, then=Value(Light.BLUE.value)),
            When(status=FollowUpStatus.NOT_STARTED, then=Value(Light.RED.value)),
            When(status=FollowUpStatus.IN_PROGRESS, then=Value(Light.YELLOW.value)),
            When(status=FollowUpStatus.CLOSED_UNSATISFIED, then=Value(Light.LIGHT_GREEN.value)),
            When(brand_portal_answered=True, then=Value(Light.PURPLE.value)),
            default=Value(Light.GREEN.value),
        ),
        output_field=models.CharField("semáforo", max_length=11, choices=Light),
        db_persist=True,
    )
    origin = models.CharField("origen", max_length=8, choices=Origin, default=Origin.SURVEY)
    area = models.CharField("área", max_length=10, choices=Area)
    survey = models.ForeignKey(Survey, models.PROTECT, null=True, blank=True, related_name="follow_ups", verbose_name="encuesta")
    outreach = models.ForeignKey(Outreach, models.PROTECT, null=True, blank=True, related_name="follow_ups", verbose_name="gestión")
    attempt = models.ForeignKey(Attempt, models.PROTECT, null=True, blank=True, related_name="follow_ups", verbose_name="llamada")
    customer = models.ForeignKey(Customer, models.PROTECT, db_index=False, related_name="follow_ups", verbose_name="cliente")
    vehicle = models.ForeignKey(
        Vehicle, models.PROTECT, null=True, blank=True, db_index=False, related_name="follow_ups", verbose_name="vehículo"
    )
    site = models.ForeignKey(Site, models.PROTECT, db_index=False, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, db_index=False, verbose_name="marca")
    advisor = models.ForeignKey(Employee, models.PROTECT, null=True, blank=True, verbose_name="asesor que atendió")
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="follow_ups", verbose_name="responsable")
    level = models.CharField("nivel", max_length=8, choices=Level, default=Level.ADVISOR)
    score = models.PositiveSmallIntegerField("calificación", null=True, blank=True)
    voice = models.TextField("voz del cliente", max_length=VOICE_MAX)
    is_warranty = models.BooleanField("garantía", default=False)
    repeats = models.PositiveSmallIntegerField("casos en el período", default=1)
    is_repeated = models.BooleanField("reiterativo", default=False)

    opened_at = models.DateTimeField("abierto")
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name="abrió")
    due_at = models.DateTimeField("vence", null=True, blank=True)
    alarm_at = models.DateTimeField("próxima alarma", null=True, blank=True)
    escalated_at = models.DateTimeField("escalado", null=True, blank=True)
    answered_at = models.DateTimeField("primera respuesta", null=True, blank=True)
    answered_on = models.DateField("día de la respuesta", null=True, blank=True)
    first_due_at = models.DateTimeField("primer plazo", null=True, blank=True)
    response_minutes = models.PositiveIntegerField("minutos hábiles de respuesta", null=True, blank=True)
    closed_at = models.DateTimeField("cerrado", null=True, blank=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name="cerró")
    resolution = models.TextField("qué se hizo", max_length=VOICE_MAX, blank=True)
    unsatisfied_reason = models.CharField("por qué sigue insatisfecho", max_length=300, blank=True)
    cause = models.ForeignKey(Cause, models.PROTECT, null=True, blank=True, db_index=False, verbose_name="causa raíz")
    proof = models.ForeignKey(
        "Proof", models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name="evidencia de cierre"
    )
    # GSC-PRO-03 §4: the director controls that what was done is right (SAT-20).
    reviewed_at = models.DateTimeField("cierre revisado", null=True, blank=True)
    reviewed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name="revisó el cierre"
    )
    reopened = models.PositiveSmallIntegerField("veces reabierto", default=0)
    verify_on = models.DateField("confirmar con el cliente", null=True, blank=True)
    verified_at = models.DateTimeField("confirmado", null=True, blank=True)
    is_confirmed = models.BooleanField("el cliente confirma", null=True, blank=True)
    portal_on = models.DateField("fecha en el portal", null=True, blank=True)
    portal_score = models.DecimalField("calificación en el portal", max_digits=3, decimal_places=1, null=True, blank=True)
    mailed_at = models.DateTimeField("avisado por correo", null=True, blank=True)
    version = models.PositiveIntegerField("versión", default=0)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "seguimiento", "seguimientos"
        triggers = audited()
        constraints = [
            models.UniqueConstraint(fields=["survey", "kind"], condition=Q(survey__isnull=False), name="follow_up_once_per_survey"),
            models.CheckConstraint(condition=~Q(voice=""), name="follow_up_has_voice"),
            models.CheckConstraint(condition=LessThanOrEqual(Length("voice"), VOICE_MAX), name="follow_up_voice_length"),
            models.CheckConstraint(condition=Q(score__isnull=True) | Q(score__range=(1, 10)), name="follow_up_score_possible"),
            # A suggestion needs no management: no term, no status of its own (GSC-PRO-03 §3, azul).
            models.CheckConstraint(
                condition=Q(kind=FollowUpKind.DETRACTOR, due_at__isnull=False)
                | Q(kind=FollowUpKind.SUGGESTION, due_at__isnull=True, alarm_at__isnull=True, status=FollowUpStatus.NOT_STARTED),
                name="follow_up_term_by_kind",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN, closed_at__isnull=True)
                | Q(status__in=CLOSED, closed_at__isnull=False, answered_at__isnull=False),
                name="follow_up_closed_whole",
            ),
            # GSC-PRO-03 §4: the evidence of what was done, and only then green.
            models.CheckConstraint(
                condition=~Q(status=FollowUpStatus.RESOLVED) | (Q(cause__isnull=False, proof__isnull=False) & ~Q(resolution="")),
                name="follow_up_green_needs_evidence",
            ),
            models.CheckConstraint(
                condition=~Q(status=FollowUpStatus.CLOSED_UNSATISFIED) | ~Q(unsatisfied_reason=""), name="follow_up_unsatisfied_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True, reviewed_by__isnull=True)
                | Q(reviewed_at__isnull=False, reviewed_by__isnull=False, closed_at__isnull=False),
                name="follow_up_review_of_closed",
            ),
            models.CheckConstraint(condition=Q(due_at__isnull=True) | Q(due_at__gt=models.F("opened_at")), name="follow_up_due_later"),
        ]
        indexes = [
            models.Index(fields=["light", "due_at", "id"], condition=IS_OPEN, name="follow_up_open"),
            models.Index(fields=["light", "-opened_at"], name="follow_up_lane"),
            models.Index(fields=["light", "-closed_at"], condition=Q(closed_at__isnull=False), name="follow_up_closed"),
            models.Index(fields=["alarm_at"], condition=Q(alarm_at__isnull=False), name="follow_up_alarm"),
            models.Index(fields=["opened_at"], condition=Q(mailed_at__isnull=True, status=FollowUpStatus.NOT_STARTED), name="follow_up_unmailed"),
            models.Index(fields=["area", "answered_on"], name="follow_up_answered"),
            models.Index(fields=["customer", "-opened_at"], name="follow_up_customer"),
            models.Index(fields=["vehicle", "-opened_at"], name="follow_up_vehicle"),
            models.Index(fields=["-opened_at"], condition=Q(brand_portal_answered=True), name="follow_up_portal"),
            models.Index(fields=["verify_on"], condition=Q(verify_on__isnull=False, verified_at__isnull=True), name="follow_up_verify"),
        ]  # fmt: skip
        permissions = [
            ("see_followups", "Puede ver detractores"),
            ("manage_followups", "Puede gestionar detractores"),
            ("control_followups", "Puede reabrir y reasignar detractores"),
        ]

    def __str__(self):
        return f"Seguimiento {self.pk} · {self.customer}"

    def get_light_display(self) -> str:
        """Django gives a generated column no label of its own."""
        return Light(self.light).label

    @property
    def is_open(self) -> bool:
        return self.kind == FollowUpKind.DETRACTOR and self.status in OPEN


def proof_path(instance: "Proof", _name: str) -> str:
    """A name that says nothing and never comes from the user."""
    return f"followups/{uuid.uuid4().hex}{'.pdf' if instance.kind == ProofKind.FILE else '.jpg'}"


class ProofQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "ProofQuerySet":
        return self.filter(follow_up__in=FollowUp.objects.visible_to(user))


class Proof(models.Model):
    """Evidence of the management: a note of the call, an image (re-encoded) or a PDF."""

    follow_up = models.ForeignKey(FollowUp, models.PROTECT, related_name="proofs", verbose_name="seguimiento")
    kind = models.CharField("tipo", max_length=5, choices=ProofKind)
    text = models.TextField("nota", max_length=VOICE_MAX, blank=True)
    file = models.FileField("archivo", upload_to=proof_path, blank=True)
    original_name = models.CharField("nombre original", max_length=120, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="la agregó")
    added_at = models.DateTimeField("agregada")

    objects = ProofQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "evidencia de gestión", "evidencias de gestión"
        ordering = ["added_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(kind=ProofKind.NOTE, file="") & ~Q(text="")) | (~Q(kind=ProofKind.NOTE) & ~Q(file="") & ~Q(sha256="")),
                name="proof_has_content",
            ),
        ]

    def __str__(self):
        return self.get_kind_display()


class FollowUpEvent(models.Model):
    """One change: who, when, what, from which status to which. Never changed."""

    follow_up = models.ForeignKey(FollowUp, models.CASCADE, related_name="events", verbose_name="seguimiento")
    at = models.DateTimeField("cuándo")
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="quién")
    action = models.CharField("acción", max_length=13, choices=Action)
    before = models.CharField("de", max_length=18, choices=FollowUpStatus, blank=True)
    after = models.CharField("a", max_length=18, choices=FollowUpStatus, blank=True)
    channel = models.CharField("medio", max_length=9, choices=By, blank=True)
    note = models.TextField("nota", max_length=VOICE_MAX, blank=True)
    proof = models.ForeignKey(Proof, models.PROTECT, null=True, blank=True, related_name="events", verbose_name="evidencia")
    key = models.UUIDField("clave del formulario", unique=True, default=uuid.uuid4)

    class Meta:
        verbose_name, verbose_name_plural = "cambio", "cambios"
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["follow_up", "at"], name="follow_up_event_order")]

    def __str__(self):
        return f"{self.get_action_display()} · {self.at:%d/%m/%Y %H:%M}"
