"""What the sales force says in SPIGA, and what was found to be true (GC-PRO-05).

A prospect is not a customer: it keeps its own name and phones, and is tied to a kernel `Customer` only when somebody is
about to call it (`domain/checks.py`). The customer master therefore never fills with invented people.
"""

import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, Value, When

from callcenter.enums import OutreachState
from callcenter.models import Attempt, Brand, Customer, Employee, ImportBatch, Mail, Outreach, Reason, Site, User
from callcenter.models.audit import audited
from callcenter.models.organisation import ScopedQuerySet
from carrazos.lib import phones
from crm_audit.enums import (
    REASON_ORDER,
    ActivityKind,
    ActivityState,
    Advised,
    AdvisedHow,
    Hint,
    ProspectState,
    ProspectVerdict,
    Signal,
    Situation,
    TargetKind,
    Verdict,
)

COMMENT_MAX = 4_000
EXCERPT, EXCERPT_LINES = 320, 6  # what a list shows of a comment


def codes(choices: type[models.TextChoices], verbose_name: str) -> ArrayField:
    return ArrayField(models.CharField(max_length=20, choices=choices), verbose_name=verbose_name, default=list, blank=True)


class ProspectQuerySet(ScopedQuerySet):
    def counted(self) -> "ProspectQuerySet":
        """Prospects that the traffic report brought and that stand: neither stubs nor cancelled."""
        return self.filter(is_stub=False).exclude(situation=Situation.CANCELLED)

    def with_state(self) -> "ProspectQuerySet":
        """Adds `state`: the one place that says how far a validation is."""
        return self.annotate(
            state=Case(
                When(validation__verdict=ProspectVerdict.VALID, then=Value(ProspectState.VALID)),
                When(validation__verdict=ProspectVerdict.INVALID, then=Value(ProspectState.INVALID)),
                When(validation__outreach__state=OutreachState.OPEN, then=Value(ProspectState.CALLING)),
                When(validation__outreach__state=OutreachState.CLOSED, then=Value(ProspectState.UNREACHABLE)),
                default=Value(ProspectState.WAITING),
                output_field=models.CharField(),
            )
        )

    def valid(self) -> "ProspectQuerySet":
        """The counted ones that somebody found valid: those whose `state` is VALID, without asking for the state of the rest."""
        return self.counted().filter(validation__verdict=ProspectVerdict.VALID)

    def unchecked(self) -> "ProspectQuerySet":
        """Those that nobody sent to be called nor judged."""
        return self.counted().filter(validation__isnull=True)


class Prospect(models.Model):
    """One person that one advisor registered in one month, however often they came; a stub is known by its activities only."""

    site = models.ForeignKey(Site, models.PROTECT, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name="marca")
    advisor = models.ForeignKey(Employee, models.PROTECT, null=True, blank=True, related_name="prospects", verbose_name="asesor")
    advisor_name = models.CharField("asesor en SPIGA", max_length=120)
    advisor_key = models.CharField(max_length=130, editable=False)  # the employee, or the name when nobody has it
    name = models.CharField("nombre", max_length=160)
    raw_name = models.CharField("nombre en SPIGA", max_length=160, blank=True)
    name_key = models.CharField(max_length=160, editable=False)
    kind = models.CharField(max_length=7, editable=False, default="PERSON")
    company_reason = models.CharField(max_length=12, blank=True, editable=False)
    document_type = models.CharField("tipo de documento", max_length=8, blank=True)
    document_number = models.CharField("documento", max_length=20, blank=True)
    check_digit = models.CharField(max_length=1, blank=True)
    document_key = models.CharField(max_length=28, blank=True, editable=False)
    phones = ArrayField(models.CharField(max_length=16), verbose_name="teléfonos", default=list, blank=True)  # E.164
    raw_phones = models.CharField("teléfonos en SPIGA", max_length=120, blank=True)
    email = models.CharField("correo", max_length=120, blank=True)
    source = models.CharField("origen", max_length=60, blank=True)
    interest = models.CharField("modelo de interés", max_length=80, blank=True)
    situation = models.CharField("situación", max_length=9, choices=Situation, default=Situation.OPEN)
    spiga_status = models.CharField("estado en SPIGA", max_length=60, blank=True)
    test_drive = models.CharField("prueba", max_length=40, blank=True)
    offer = models.CharField("oferta", max_length=40, blank=True)
    note = models.CharField("observaciones", max_length=500, blank=True)
    person_key = models.CharField(max_length=200, editable=False)  # who, within one advisor's month
    month = models.DateField("mes")  # its first day: the cohort of GC-FOR-21
    created_on = models.DateField("fecha")
    created_at = models.DateTimeField("fecha y hora", null=True, blank=True)  # null: SPIGA gave no hour
    visits = models.PositiveSmallIntegerField("visitas", default=1)
    is_stub = models.BooleanField("solo por actividades", default=False)
    own_signals = codes(Signal, "señales de la fila")
    signals = codes(Signal, "señales")
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="prospects", verbose_name="cliente")
    batch = models.ForeignKey(ImportBatch, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")

    objects = ProspectQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "prospecto", "prospectos"
        triggers = audited(inserts=False, watching=("advisor_id", "name", "document_number", "phones", "email", "situation", "customer_id"))
        ordering = ["-created_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "advisor_key", "month", "person_key"], condition=~Q(person_key=""), name="prospect_once_a_month"
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="prospect_month_is_first_day"),
            models.CheckConstraint(condition=Q(visits__gte=1), name="prospect_came_once"),
        ]
        indexes = [
            models.Index(fields=["month", "advisor_key"], name="prospect_month_advisor"),
            models.Index(fields=["created_on"], name="prospect_created"),
            models.Index(fields=["site", "name_key"], name="prospect_name"),
            models.Index(fields=["document_key"], condition=~Q(document_key=""), name="prospect_document"),
        ]
        permissions = [
            ("see_audit", "Puede ver prospectos y actividades"),
            ("audit", "Puede dictaminar prospectos y actividades"),
            ("set_targets", "Puede fijar metas comerciales"),
        ]

    def __str__(self):
        return self.name

    @property
    def phones_text(self) -> str:
        return ", ".join(phones.display(value) for value in self.phones) or self.raw_phones

    @property
    def phones_masked(self) -> str:
        """As a list shows them; the page of one prospect, which leaves a line, has them whole."""
        return ", ".join(phones.masked(phones.display(value)) for value in self.phones) or phones.masked(self.raw_phones)

    @property
    def signal_words(self) -> list[str]:
        return [Signal(code).label for code in self.signals]


class TrafficEntry(models.Model):
    """One row of «Tráfico de exposición»: the natural key that makes an import harmless twice. Several visits, one prospect."""

    prospect = models.ForeignKey(Prospect, models.CASCADE, related_name="entries", verbose_name="prospecto")
    site = models.ForeignKey(Site, models.PROTECT, db_index=False, verbose_name="sede")
    reference = models.CharField(max_length=240)
    file_id = models.CharField("ficha", max_length=30, blank=True)
    visited_on = models.DateField("fecha")

    class Meta:
        verbose_name, verbose_name_plural = "visita a la vitrina", "visitas a la vitrina"
        ordering = ["visited_on", "id"]
        constraints = [models.UniqueConstraint(fields=["site", "reference"], name="traffic_entry_unique")]
        indexes = [models.Index(fields=["file_id"], condition=~Q(file_id=""), name="traffic_entry_file")]

    def __str__(self):
        return f"Ficha {self.file_id or self.pk}"


class SampleDraw(models.Model):
    """A sample for validation drawn by the system: anybody can draw it again from the seed and the population."""

    seed = models.CharField("semilla", max_length=40)
    percent = models.PositiveSmallIntegerField("porcentaje")
    population = ArrayField(models.BigIntegerField(), verbose_name="población")
    drawn_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="la sacó")
    drawn_at = models.DateTimeField("cuándo")

    class Meta:
        verbose_name, verbose_name_plural = "muestra", "muestras"
        ordering = ["-drawn_at"]
        constraints = [models.CheckConstraint(condition=Q(percent__range=(1, 100)), name="sample_percent_possible")]

    def __str__(self):
        return f"Muestra del {self.percent} % ({self.seed})"


class ProspectCheck(models.Model):
    """The validation of one prospect: sent to be called, then judged. Without an outreach it was judged by its data alone."""

    prospect = models.OneToOneField(Prospect, models.PROTECT, related_name="validation", verbose_name="prospecto")
    outreach = models.OneToOneField(Outreach, models.PROTECT, null=True, blank=True, related_name="prospect_check", verbose_name="gestión")
    draw = models.ForeignKey(SampleDraw, models.PROTECT, null=True, blank=True, related_name="checks", verbose_name="muestra")
    attempt = models.OneToOneField(Attempt, models.PROTECT, null=True, blank=True, related_name="prospect_check", verbose_name="llamada")
    is_real = models.BooleanField("reconoce la visita", null=True, blank=True)
    advised = models.CharField("¿recibió asesoría?", max_length=6, choices=Advised, blank=True)
    advised_by = models.ForeignKey(Employee, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="lo asesoró")
    advised_how = models.CharField("cómo", max_length=8, choices=AdvisedHow, blank=True)
    quoted = models.BooleanField("recibió cotización", default=False)
    offered_drive = models.BooleanField("le ofrecieron prueba de manejo", default=False)
    wants_call = models.BooleanField("quiere que el asesor lo llame", default=False)
    wants_deletion = models.BooleanField("pide eliminar sus datos", default=False)
    verdict = models.CharField("validez", max_length=7, choices=ProspectVerdict, blank=True)
    reason = models.ForeignKey(Reason, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="motivo")
    note = models.TextField("observación", max_length=COMMENT_MAX, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="dictaminó")
    decided_at = models.DateTimeField("dictaminado", null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = "verificación de prospecto", "verificaciones de prospectos"
        triggers = audited()
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="", decided_at__isnull=True, decided_by__isnull=True, outreach__isnull=False)
                | (~Q(verdict="") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="prospect_check_decided_whole",
            ),
            models.CheckConstraint(
                condition=~Q(verdict=ProspectVerdict.INVALID) | Q(reason__isnull=False), name="prospect_check_invalid_has_reason"
            ),
            models.CheckConstraint(condition=~Q(verdict=ProspectVerdict.VALID) | Q(is_real=True), name="prospect_check_valid_is_real"),
        ]

    def __str__(self):
        return f"{self.prospect}: {self.get_verdict_display() or 'por verificar'}"


class ActivityQuerySet(ScopedQuerySet):
    def standing(self) -> "ActivityQuerySet":
        return self.exclude(state=ActivityState.CANCELLED)

    def valid(self) -> "ActivityQuerySet":
        """Those found valid: each was done, so none is cancelled (`activity_valid_was_done`), and an index holds them alone."""
        return self.filter(verdict=Verdict.VALID)

    def pending(self) -> "ActivityQuerySet":
        """What a person still has to judge: everything that stands and has no verdict on what SPIGA says now."""
        return self.standing().filter(verdict="")


# What SPIGA or a person changes; what the software proposes is not history.
WATCHED = (
    "advisor_id",
    "prospect_id",
    "kind",
    "done_at",
    "state",
    "comment",
    "verdict",
    "reason_id",
    "note",
    "judged_by_id",
    "second_verdict",
)


class Activity(models.Model):
    """One follow-up that an advisor planned or did, as SPIGA says, and the verdict on it.

    The verdict stands beside what it judged: when a later import changes the row, it moves to `PastVerdict`.
    """

    site = models.ForeignKey(Site, models.PROTECT, db_index=False, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, db_index=False, verbose_name="marca")
    advisor = models.ForeignKey(Employee, models.PROTECT, null=True, blank=True, related_name="activities", verbose_name="asesor")
    advisor_name = models.CharField("asesor en SPIGA", max_length=120)
    advisor_key = models.CharField(max_length=130, editable=False)
    prospect = models.ForeignKey(Prospect, models.PROTECT, null=True, blank=True, db_index=False, related_name="activities",
                                 verbose_name="prospecto")  # fmt: skip
    is_ambiguous = models.BooleanField("prospecto por aclarar", default=False)
    prospect_name = models.CharField("prospecto en SPIGA", max_length=160, blank=True)
    name_key = models.CharField(max_length=160, editable=False)
    file_id = models.CharField("ficha", max_length=30, blank=True)
    kind = models.CharField("tipo", max_length=12, choices=ActivityKind)
    raw_kind = models.CharField("tipo en SPIGA", max_length=60, blank=True)
    planned_at = models.DateTimeField("prevista", null=True, blank=True)
    done_at = models.DateTimeField("realizada", null=True, blank=True)
    has_hour = models.BooleanField("con hora", default=False)  # false: `done_at` is the day at midnight
    day = models.DateField("día")  # of its doing, else of its plan: the period it belongs to
    state = models.CharField("estado en SPIGA", max_length=9, choices=ActivityState)
    comment = models.TextField("comentario", max_length=COMMENT_MAX, blank=True)
    comment_key = models.CharField(max_length=40, blank=True, editable=False)  # hash of the comment's words
    comment_hint = models.CharField(max_length=15, blank=True, editable=False, choices=Hint)
    outcome = models.CharField("resultado", max_length=200, blank=True)
    next_action = models.CharField("próxima acción", max_length=200, blank=True)
    spiga_id = models.CharField("id en SPIGA", max_length=30, blank=True)
    slot = models.CharField(max_length=260, editable=False)  # advisor, prospect, type and planned moment: what stays when it is mended
    proposal = models.CharField("propuesta", max_length=8, choices=Verdict, blank=True)
    hints = codes(Hint, "indicios")
    corrected_at = models.DateTimeField("corregida en SPIGA", null=True, blank=True)
    batch = models.ForeignKey(ImportBatch, models.PROTECT, null=True, blank=True, related_name="+")

    verdict = models.CharField("validez", max_length=8, choices=Verdict, blank=True)
    reason = models.ForeignKey(Reason, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name="motivo")
    note = models.CharField("observación", max_length=500, blank=True)
    judged_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name="dictaminó")
    judged_at = models.DateTimeField("dictaminada", null=True, blank=True)
    second_verdict = models.CharField("segunda revisión", max_length=8, choices=Verdict, blank=True)
    second_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name="segundo")
    second_at = models.DateTimeField("segunda revisión el", null=True, blank=True)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "actividad", "actividades"
        triggers = audited(inserts=False, watching=WATCHED)
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["site", "spiga_id"], condition=~Q(spiga_id=""), name="activity_spiga_id_unique"),
            models.CheckConstraint(
                condition=Q(verdict="", judged_at__isnull=True, judged_by__isnull=True, second_verdict="")
                | (~Q(verdict="") & Q(judged_at__isnull=False, judged_by__isnull=False)),
                name="activity_judged_whole",
            ),
            # CRM-R6: a valid activity was done; and whoever is not satisfied says why.
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.VALID) | Q(state=ActivityState.DONE, done_at__isnull=False), name="activity_valid_was_done"
            ),
            models.CheckConstraint(condition=Q(verdict__in=["", Verdict.VALID]) | Q(reason__isnull=False), name="activity_has_reason"),
            models.CheckConstraint(
                condition=Q(second_verdict="", second_by__isnull=True, second_at__isnull=True)
                | (~Q(second_verdict="") & Q(second_by__isnull=False, second_at__isnull=False) & ~Q(second_by=F("judged_by"))),
                name="activity_second_is_another",
            ),
            models.CheckConstraint(condition=Q(is_ambiguous=False) | Q(prospect__isnull=True), name="activity_ambiguous_has_none"),
        ]
        indexes = [
            models.Index(fields=["day", "advisor_key"], name="activity_day_advisor"),
            models.Index(fields=["prospect", "done_at"], name="activity_prospect"),
            models.Index(fields=["site", "slot"], name="activity_slot"),
            models.Index(
                fields=["advisor_key", "day", "id"],
                condition=Q(verdict="") & ~Q(state=ActivityState.CANCELLED),
                name="activity_pending",
            ),
            models.Index(fields=["site", "id"], condition=Q(is_ambiguous=True), name="activity_ambiguous"),
            models.Index(fields=["day", "brand", "site"], condition=Q(verdict=Verdict.VALID), name="activity_valid"),
            models.Index(
                fields=["day", "advisor_key", "id"],
                condition=~Q(second_verdict="") & ~Q(second_verdict=F("verdict")),
                name="activity_disagree",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} · {self.prospect_name or self.prospect}"

    @property
    def excerpt(self) -> str:
        """The beginning of a comment too long for a list; empty when it fits."""
        if len(self.comment) <= EXCERPT and self.comment.count("\n") < EXCERPT_LINES:
            return ""
        return " ".join(self.comment.split())[:EXCERPT].rstrip() + "…"

    @property
    def proposed_reason(self) -> str:
        """The code of the reason that the hints propose; empty when they propose none."""
        return next((hint.value for hint in REASON_ORDER if hint in self.hints), "")

    @property
    def hint_words(self) -> list[str]:
        return [Hint(code).label for code in self.hints]


class PastVerdict(models.Model):
    """A verdict on what an activity used to say, kept when SPIGA changed the row."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="past", verbose_name="actividad")
    verdict = models.CharField("validez", max_length=8, choices=Verdict)
    reason = models.ForeignKey(Reason, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="motivo")
    state = models.CharField("estado que tenía", max_length=9, choices=ActivityState)
    comment = models.TextField("comentario que tenía", blank=True)
    judged_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="dictaminó")
    judged_at = models.DateTimeField("dictaminada")
    changed_at = models.DateTimeField("SPIGA cambió")

    class Meta:
        verbose_name, verbose_name_plural = "dictamen anterior", "dictámenes anteriores"
        ordering = ["-changed_at"]

    def __str__(self):
        return f"{self.get_verdict_display()} hasta el {self.changed_at:%d/%m/%Y}"


def new_token() -> str:
    return secrets.token_urlsafe(32)


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "NoticeQuerySet":
        return self if user.all_sites else self.filter(advisor__site__in=user.site_ids)


class Notice(models.Model):
    """What one advisor is asked to mend in SPIGA: one e-mail per advisor and cut (CRM-10). The cut is the day."""

    advisor = models.ForeignKey(Employee, models.PROTECT, related_name="crm_notices", verbose_name="asesor")
    cut_on = models.DateField("corte")
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    mail = models.OneToOneField(Mail, models.PROTECT, related_name="crm_notice", verbose_name="correo")
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="lo envió")
    created_at = models.DateTimeField("creado")
    opened_at = models.DateTimeField("abierto", null=True, blank=True)
    answered_at = models.DateTimeField("respondido", null=True, blank=True)
    answer = models.TextField("respuesta", max_length=2000, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "aviso al asesor", "avisos a los asesores"
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["advisor", "cut_on"], name="notice_once_per_cut")]

    def __str__(self):
        return f"{self.advisor} · {self.cut_on:%d/%m/%Y}"


class NoticeItem(models.Model):
    """One thing to mend, as it was said; it is corrected when a later import, or a verdict changed to valid, shows so."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="items", verbose_name="aviso")
    activity = models.ForeignKey(Activity, models.PROTECT, null=True, blank=True, related_name="notices", verbose_name="actividad")
    validation = models.ForeignKey(ProspectCheck, models.PROTECT, null=True, blank=True, related_name="notices", verbose_name="prospecto")
    reason = models.CharField("motivo", max_length=80)
    corrected_at = models.DateTimeField("corregido", null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = "punto del aviso", "puntos del aviso"
        constraints = [
            models.CheckConstraint(
                condition=Q(activity__isnull=False, validation__isnull=True) | Q(activity__isnull=True, validation__isnull=False),
                name="notice_item_of_one_thing",
            ),
            models.UniqueConstraint(fields=["activity"], condition=Q(corrected_at__isnull=True), name="notice_item_activity_once"),
            models.UniqueConstraint(fields=["validation"], name="notice_item_prospect_once"),
        ]

    def __str__(self):
        return self.reason


class TargetQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "TargetQuerySet":
        return self.filter(brand__in=user.brand_ids)


class Target(models.Model):
    """The goal of one brand, perhaps of one site or advisor of it, for one month or week (CRM-R8)."""

    kind = models.CharField("meta de", max_length=10, choices=TargetKind)
    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name="marca")
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, verbose_name="sede")
    advisor = models.ForeignKey(Employee, models.PROTECT, null=True, blank=True, verbose_name="asesor")
    period = models.CharField("período", max_length=8)  # 2026-11 or 2026-W48
    value = models.PositiveIntegerField("meta")
    set_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="la fijó")
    set_at = models.DateTimeField("fijada", null=True, blank=True)

    objects = TargetQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "meta", "metas"
        triggers = audited()
        ordering = ["-period", "brand", "kind", "site", "advisor"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "period", "brand", "site", "advisor"], nulls_distinct=False, name="target_unique"),
            models.CheckConstraint(condition=Q(value__gt=0), name="target_positive"),
            models.CheckConstraint(condition=Q(period__regex=r"^\d{4}-(\d{2}|W\d{2})$"), name="target_period_shape"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.brand} {self.period}: {self.value}"


class AuditRule(models.Model):
    """The numbers of one brand: from how many days without follow-up a prospect is yellow and red (CRM-R4)."""

    brand = models.OneToOneField(Brand, models.CASCADE, related_name="audit_rule", verbose_name="marca")
    yellow_from = models.PositiveSmallIntegerField("amarillo desde (días)", default=4)
    red_from = models.PositiveSmallIntegerField("rojo desde (días)", default=8)

    class Meta:
        verbose_name, verbose_name_plural = "semáforo de la marca", "semáforos de las marcas"
        triggers = audited()
        constraints = [
            models.CheckConstraint(condition=Q(yellow_from__gte=1, red_from__gt=F("yellow_from")), name="audit_rule_in_order"),
        ]

    def __str__(self):
        return f"{self.brand}: amarillo {self.yellow_from}, rojo {self.red_from}"
