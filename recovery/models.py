"""Recovery lists and their candidacies: who stopped coming, why somebody is left out, who really came back (GSC-PRO-04)."""

from datetime import date, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, Value, When

from callcenter.models import Appointment, Brand, Customer, Outreach, Site, User, Vehicle, WorkOrder
from callcenter.models.audit import audited
from callcenter.models.organisation import ScopedQuerySet
from callcenter.models.work import Work
from carrazos.lib.periods import Month
from recovery.enums import Decision, Exclusion, ListState, Proof, Segment

FROZEN = (ListState.STARTING, ListState.WORKING)


class RecoveryRules(models.Model):
    """The numbers that the owner may change (REC-R2, REC-R3, REC-R7); a list keeps those it was built with."""

    min_months = models.PositiveSmallIntegerField("meses sin visitar el taller", default=12)
    window_days = models.PositiveSmallIntegerField("días para contar a un cliente como recuperado", default=60)
    include_never_visited = models.BooleanField("incluir vehículos entregados que nunca han venido", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "reglas de recuperación"
        triggers = audited()
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="recovery_rules_one_row"),
            models.CheckConstraint(condition=Q(min_months__gte=6, min_months__lte=60), name="recovery_months_sensible"),
            models.CheckConstraint(condition=Q(window_days__gte=1, window_days__lte=365), name="recovery_window_sensible"),
        ]

    def __str__(self):
        return f"Más de {self.min_months} meses; {self.window_days} días de plazo"


class RecoveryList(Work):
    """The list of one month. Once its work starts nothing enters or leaves it: the denominator never moves."""

    month = models.DateField("mes", unique=True, help_text="Primer día del mes.")
    status = models.CharField("estado", max_length=8, choices=ListState, default=ListState.BUILDING)
    cut_on = models.DateField("fecha de corte", null=True, blank=True)
    min_months = models.PositiveSmallIntegerField("meses sin visitar", default=12)
    window_days = models.PositiveSmallIntegerField("plazo en días", default=60)
    include_never_visited = models.BooleanField("con los que nunca vinieron", default=False)
    built_at = models.DateTimeField("preparada", null=True, blank=True)
    frozen_at = models.DateTimeField("empezó el trabajo", null=True, blank=True)
    frozen_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="la puso en trabajo")

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "lista de recuperación", "listas de recuperación"
        triggers = audited(watching=("status", "cut_on", "min_months", "window_days", "include_never_visited", "frozen_at", "frozen_by_id"))
        ordering = ["-month"]
        constraints = [
            *Work.Meta.constraints,
            models.CheckConstraint(condition=Q(month__day=1), name="recovery_list_month_starts"),
            models.CheckConstraint(
                condition=Q(status__in=["BUILDING", "DRAFT"], frozen_at__isnull=True)
                | Q(status__in=["STARTING", "WORKING"], frozen_at__isnull=False, frozen_by__isnull=False, cut_on__isnull=False),
                name="recovery_list_frozen_when_worked",
            ),
        ]
        permissions = [
            ("see_recovery", "Puede ver la recuperación de clientes"),
            ("work_recovery_lists", "Puede preparar y depurar las listas de recuperación"),
        ]

    def __str__(self):
        return f"Recuperación {self.period.label}"

    @property
    def period(self) -> Month:
        return Month(self.month.year, self.month.month)

    @property
    def is_frozen(self) -> bool:
        return self.status in FROZEN


class CandidacyQuerySet(ScopedQuerySet):
    def listed(self) -> "CandidacyQuerySet":
        """The cleaned list: what is called and what the indicator divides by (REC-R4)."""
        return self.filter(is_listed=True)

    def excluded(self) -> "CandidacyQuerySet":
        return self.filter(is_listed=False)

    def recovered(self) -> "CandidacyQuerySet":
        return self.filter(proof=Proof.RECOVERED)


class Candidacy(models.Model):
    """One vehicle in one list: classification with every reason, the decision of a person, and the proof of the return."""

    recovery_list = models.ForeignKey(RecoveryList, models.CASCADE, db_index=False, related_name="candidacies", verbose_name="lista")
    vehicle = models.ForeignKey(Vehicle, models.PROTECT, db_index=False, related_name="candidacies", verbose_name="vehículo")
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="candidacies", verbose_name="cliente")
    site = models.ForeignKey(Site, models.PROTECT, db_index=False, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, db_index=False, verbose_name="marca")
    last_visit_on = models.DateField("última visita", null=True, blank=True)
    last_reason = models.CharField("motivo de la última visita", max_length=160, blank=True)
    months_away = models.PositiveSmallIntegerField("meses completos sin venir", null=True, blank=True)
    segment = models.CharField("tiempo sin venir", max_length=6, choices=Segment)
    reasons = ArrayField(models.CharField(max_length=16, choices=Exclusion), verbose_name="motivos de exclusión", default=list)
    # The first reason is the one that counts; a person may bring the vehicle back, or take it out, with a note.
    reason = models.GeneratedField(
        expression=Case(
            When(decision=Decision.REMOVED, then=Value(Exclusion.BY_HAND)),
            default=models.Func(F("reasons"), template="COALESCE((%(expressions)s)[1], '')", output_field=models.CharField()),
        ),
        output_field=models.CharField(max_length=16, choices=[("", "En la lista"), *Exclusion.choices]),
        db_persist=True,
        verbose_name="motivo principal",
    )
    decision = models.CharField("decisión", max_length=8, blank=True, choices=Decision)
    decision_note = models.CharField("nota", max_length=300, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name="decidió")
    decided_at = models.DateTimeField("decidido", null=True, blank=True)
    is_listed = models.GeneratedField(
        expression=Case(When(Q(decision="RESTORED") | Q(decision="", reasons=[]), then=Value(True)), default=Value(False)),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    outreach = models.ForeignKey(
        Outreach, models.PROTECT, null=True, blank=True, db_index=False, related_name="candidacies", verbose_name="gestión"
    )
    # Written by domain/results.py from attempts, work orders and kept appointments; never by hand.
    first_call_on = models.DateField("primera llamada", null=True, blank=True, editable=False)
    proof = models.CharField("regreso", max_length=12, choices=Proof, blank=True, editable=False)
    came_on = models.DateField("vino el", null=True, blank=True, editable=False)
    order = models.ForeignKey(
        WorkOrder, models.SET_NULL, null=True, blank=True, db_index=False, related_name="+", editable=False, verbose_name="orden"
    )
    appointment = models.ForeignKey(
        Appointment, models.SET_NULL, null=True, blank=True, db_index=False, related_name="+", editable=False, verbose_name="cita"
    )
    credited_to = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", editable=False, verbose_name="lo recuperó"
    )

    objects = CandidacyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "candidato a recuperar", "candidatos a recuperar"
        triggers = audited(inserts=False, watching=("decision", "decision_note", "proof", "came_on", "credited_to_id"))
        constraints = [
            models.UniqueConstraint(fields=["vehicle", "recovery_list"], name="candidacy_once_per_list"),
            models.CheckConstraint(
                condition=Q(decision="", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(decision="") & Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decision_note="")),
                name="candidacy_decision_signed",
            ),
            models.CheckConstraint(condition=Q(is_listed=False) | Q(customer__isnull=False), name="candidacy_listed_has_customer"),
            models.CheckConstraint(condition=Q(outreach__isnull=True) | Q(is_listed=True), name="candidacy_called_is_listed"),
            models.CheckConstraint(
                condition=Q(proof="", came_on__isnull=True) | (~Q(proof="") & Q(came_on__isnull=False)), name="candidacy_proof_dated"
            ),
        ]
        indexes = [
            models.Index(fields=["recovery_list", "is_listed", "reason", "segment"], name="candidacy_list"),
            models.Index(fields=["recovery_list", "last_visit_on", "id"], condition=Q(is_listed=True), name="candidacy_in_order"),
            models.Index(fields=["outreach"], condition=Q(outreach__isnull=False), name="candidacy_outreach"),
        ]

    def __str__(self):
        return f"{self.vehicle} · {self.recovery_list}"

    def get_reason_display(self) -> str:
        """Django gives a generated column no label of its own."""
        return Exclusion(self.reason).label if self.reason else "En la lista"

    @property
    def reason_labels(self) -> list[str]:
        return [Exclusion(code).label for code in self.reasons]

    @property
    def due_until(self) -> date | None:
        """The last day on which a visit still counts as recovery."""
        return self.first_call_on and self.first_call_on + timedelta(days=self.recovery_list.window_days)
