"""Improvement actions: what is done about a figure, by whom, until when, and whether it worked (GSC-CAR-01, SAT-22)."""

import uuid

from django.db import models
from django.db.models import Q

from callcenter.models import Brand, Site, User
from callcenter.models.organisation import ScopedQuerySet


class ActionKind(models.TextChoices):
    CORRECTIVE = "CORRECTIVE", "Correctiva"
    PREVENTIVE = "PREVENTIVE", "Preventiva"
    IMPROVEMENT = "IMPROVEMENT", "De mejora"


class ActionOrigin(models.TextChoices):
    """Where an action comes from (GSC-CAR-01, CAR-8)."""

    INDICATOR = "INDICATOR", "Resultado de indicador"
    SURVEY = "SURVEY", "Encuesta de satisfacción"
    SUGGESTION = "SUGGESTION", "Sugerencias reiteradas"
    PQRS = "PQRS", "PQRS"
    INTERNAL_AUDIT = "INTERNAL_AUDIT", "Auditoría interna"
    EXTERNAL_AUDIT = "EXTERNAL_AUDIT", "Auditoría externa"
    BRAND_VISIT = "BRAND_VISIT", "Visita de la marca"
    INSPECTION = "INSPECTION", "Inspección"
    FISCAL_AUDIT = "FISCAL_AUDIT", "Revisoría fiscal"
    RISK = "RISK", "Riesgo u oportunidad"


class ActionState(models.TextChoices):
    PROPOSED = "PROPOSED", "Propuesta"
    PLANNED = "PLANNED", "Con plan"
    DONE = "DONE", "Ejecutada, por verificar"
    EFFECTIVE = "EFFECTIVE", "Eficaz"
    INEFFECTIVE = "INEFFECTIVE", "No eficaz"
    DISMISSED = "DISMISSED", "Descartada"


CLOSED = (ActionState.EFFECTIVE, ActionState.INEFFECTIVE, ActionState.DISMISSED)


class ActionQuerySet(ScopedQuerySet):
    def visible_to(self, user: User) -> "ActionQuerySet":
        """Actions of one's sites and brands, those of the whole company, and one's own."""
        rows = self if user.all_sites else self.filter(Q(site__isnull=True) | Q(site__in=user.site_ids) | Q(owner=user))
        return rows if user.all_brands else rows.filter(Q(brand__isnull=True) | Q(brand__in=user.brand_ids) | Q(owner=user))

    def open(self) -> "ActionQuerySet":
        return self.exclude(state__in=CLOSED)


class ImprovementAction(models.Model):
    kind = models.CharField("tipo", max_length=11, choices=ActionKind, default=ActionKind.CORRECTIVE)
    origin = models.CharField("origen", max_length=14, choices=ActionOrigin)
    trigger = models.CharField("disparador", max_length=120, blank=True, editable=False)  # what proposed it: once per fact
    indicator = models.CharField("indicador", max_length=8, blank=True)
    period = models.CharField("período", max_length=8, blank=True)
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, verbose_name="marca")
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, verbose_name="sede")
    finding = models.CharField("hallazgo", max_length=300)
    causes = models.TextField("causas", blank=True)
    plan = models.TextField("plan de acción", blank=True)
    risk = models.CharField("riesgo u oportunidad (CMC-FOR-10)", max_length=80, blank=True)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="improvement_actions", verbose_name="responsable")
    due_on = models.DateField("fecha límite", null=True, blank=True)
    state = models.CharField("estado", max_length=11, choices=ActionState, default=ActionState.PROPOSED)
    done_on = models.DateField("ejecutada el", null=True, blank=True)
    result = models.TextField("qué se hizo", blank=True)
    verdict = models.CharField("verificación de la eficacia", max_length=400, blank=True)
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="abrió")
    opened_at = models.DateTimeField("abierta")
    closed_at = models.DateTimeField("cerrada", null=True, blank=True)

    objects = ActionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "acción de mejora", "acciones de mejora"
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["trigger"], condition=~Q(trigger=""), name="action_once_per_trigger"),
            models.CheckConstraint(
                condition=Q(state__in=["PROPOSED", "DISMISSED"]) | (~Q(plan="") & Q(owner__isnull=False, due_on__isnull=False)),
                name="action_planned_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["DONE", "EFFECTIVE", "INEFFECTIVE"]) | (Q(done_on__isnull=False) & ~Q(result="")),
                name="action_done_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["EFFECTIVE", "INEFFECTIVE", "DISMISSED"]) | ~Q(verdict=""), name="action_judged"
            ),
        ]
        indexes = [models.Index(fields=["state", "due_on"], name="action_due")]
        permissions = [("see_actions", "Puede ver acciones de mejora"), ("manage_actions", "Puede planear y cerrar acciones de mejora")]

    def __str__(self):
        return f"{self.number} {self.finding}"

    @property
    def number(self) -> str:
        return f"AM-{self.pk:04d}"

    @property
    def is_open(self) -> bool:
        return self.state not in CLOSED

    def is_overdue(self, today) -> bool:
        return self.state == ActionState.PLANNED and self.due_on < today


def evidence_path(instance: "ActionEvidence", _name: str) -> str:
    return f"actions/{uuid.uuid4().hex}"


class ActionEvidence(models.Model):
    """A file that shows what was done; served only through an authorised view."""

    action = models.ForeignKey(ImprovementAction, models.PROTECT, related_name="evidence", verbose_name="acción")
    file = models.FileField("archivo", upload_to=evidence_path)
    name = models.CharField("nombre", max_length=120)
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = "evidencia de acción", "evidencias de acciones"
        ordering = ["uploaded_at"]

    def __str__(self):
        return self.name


class ActionEvent(models.Model):
    """Every change of an action: who, when, from what to what, with which words."""

    action = models.ForeignKey(ImprovementAction, models.PROTECT, related_name="events", verbose_name="acción")
    at = models.DateTimeField("cuándo")
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="quién")
    state = models.CharField("estado", max_length=11, choices=ActionState)
    note = models.TextField("nota", blank=True)

    class Meta:
        verbose_name, verbose_name_plural = "cambio de acción", "cambios de acciones"
        ordering = ["at", "id"]

    def __str__(self):
        return f"{self.action.number}: {self.get_state_display()}"
