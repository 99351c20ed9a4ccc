"""One promise to reach one customer about one matter, its attempts, and every touch that the law counts."""

import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual, LessThan, LessThanOrEqual

from callcenter.enums import Channel, NextStep, Outcome, OutreachState, Priority, Programme, Purpose, Result
from callcenter.models.audit import audited
from callcenter.models.catalogue import Campaign, Reason, Script
from callcenter.models.consent import LawOverride
from callcenter.models.customers import ContactPoint, Customer, Vehicle
from callcenter.models.documents import DocumentVersion
from callcenter.models.organisation import Brand, Employee, ScopedQuerySet, Site, User
from callcenter.models.tallies import moves_tally, tallied


class OutreachQuerySet(ScopedQuerySet):
    def of(self, programme: Programme) -> "OutreachQuerySet":
        return self.filter(programme=programme)

    def open(self) -> "OutreachQuerySet":
        return self.filter(state=OutreachState.OPEN)

    def due(self, at) -> "OutreachQuerySet":
        return self.open().filter(due_at__lte=at)

    def free(self) -> "OutreachQuerySet":
        return self.filter(leased_by__isnull=True)

    def in_queue_order(self) -> "OutreachQuerySet":
        return self.order_by("priority", "due_at", "id")

    def for_console(self) -> "OutreachQuerySet":
        """With what the call page shows of the row itself."""
        return self.select_related("customer", "vehicle__brand", "site", "brand", "campaign", "advisor", "leased_by")


class Outreach(models.Model):
    """Queue, lease and result of one matter; programmes add their own table beside it."""

    programme = models.CharField("programa", max_length=20, choices=Programme)
    purpose = models.CharField("finalidad", max_length=13, choices=Purpose)
    customer = models.ForeignKey(Customer, models.PROTECT, db_index=False, related_name="outreaches", verbose_name="cliente")
    vehicle = models.ForeignKey(Vehicle, models.PROTECT, null=True, blank=True, related_name="outreaches", verbose_name="vehículo")
    # Few indexes: every lease rewrites the row in all of them. The lanes' index serves site and brand.
    site = models.ForeignKey(Site, models.PROTECT, db_index=False, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, db_index=False, verbose_name="marca")
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, db_index=False, verbose_name="campaña")
    advisor = models.ForeignKey(Employee, models.PROTECT, null=True, blank=True, db_index=False, verbose_name="asesor")
    batch = models.ForeignKey("callcenter.ImportBatch", models.PROTECT, null=True, blank=True, related_name="outreaches")
    reason = models.CharField("motivo del contacto", max_length=160)
    due_on = models.DateField("fecha prevista", null=True, blank=True)
    note = models.CharField("observación de SPIGA", max_length=500, blank=True)

    state = models.CharField("estado", max_length=6, choices=OutreachState, default=OutreachState.OPEN)
    next_step = models.CharField("próximo paso", max_length=8, choices=NextStep, default=NextStep.CALL)
    priority = models.PositiveSmallIntegerField("prioridad", choices=Priority, default=Priority.FIRST)
    due_at = models.DateTimeField("próxima gestión")
    is_callback = models.BooleanField("la pidió el cliente", default=False)
    callback_for = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, db_index=False, related_name="callbacks")
    # Kept for one agent (a callback, a transfer, a share of the day's work) until then; afterwards it is the team's.
    reserved_until = models.DateTimeField("reservada hasta", null=True, blank=True)
    calls_made = models.PositiveSmallIntegerField("llamadas hechas", default=0)
    result = models.CharField("resultado", max_length=11, choices=Result, blank=True)
    opened_at = models.DateTimeField("abierta", db_default=models.functions.Now())
    closed_at = models.DateTimeField("cerrada", null=True, blank=True)

    leased_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, db_index=False, related_name="leases", verbose_name="la tiene"
    )
    leased_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    call_started_at = models.DateTimeField("llamada iniciada", null=True, blank=True)
    is_inbound = models.BooleanField("el cliente está llamando", default=False, db_default=False)

    objects = OutreachQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "gestión", "gestiones"
        triggers = [moves_tally()]
        constraints = [
            models.UniqueConstraint(
                fields=["vehicle"],
                condition=Q(state=OutreachState.OPEN, programme=Programme.PROACTIVE, vehicle__isnull=False),
                name="outreach_one_open_proactive",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(state=OutreachState.OPEN, programme=Programme.RECOVERY),
                name="outreach_one_open_recovery",
            ),
            # One agent holds one customer, and one customer is held once, whatever the programme.
            models.UniqueConstraint(fields=["leased_by"], name="outreach_one_per_agent"),
            models.UniqueConstraint(fields=["customer"], condition=Q(leased_by__isnull=False), name="outreach_one_lease_per_customer"),
            models.CheckConstraint(
                condition=Q(leased_by__isnull=True) | Q(lease_until__isnull=False, leased_at__isnull=False), name="outreach_lease_whole"
            ),
            models.CheckConstraint(
                condition=Q(state=OutreachState.OPEN, closed_at__isnull=True, result="")
                | (Q(state=OutreachState.CLOSED, closed_at__isnull=False, leased_by__isnull=True) & ~Q(result="")),
                name="outreach_closed_with_result",
            ),
        ]
        indexes = [
            # The queue's own index, one lane after another (domain/queue.py).
            models.Index(
                fields=["site", "programme", "brand", "priority", "due_at", "id"],
                condition=Q(state=OutreachState.OPEN, leased_by__isnull=True),
                name="outreach_lane",
            ),
            models.Index(fields=["customer", "-opened_at"], name="outreach_customer"),
            models.Index(fields=["lease_until"], condition=Q(leased_by__isnull=False), name="outreach_leases"),
            models.Index(fields=["due_at"], condition=Q(state=OutreachState.OPEN, next_step=NextStep.REPLY), name="outreach_replies"),
            # Closed without an answer in a month: what PRO-16 asks the screenshots of. No lease touches it.
            models.Index(fields=["closed_at"], condition=Q(result=Result.EXHAUSTED), name="outreach_exhausted"),
        ]
        permissions = [("work_queue", "Puede llamar clientes de su cola"), ("supervise", "Puede ver y repartir el trabajo del equipo")]

    def __str__(self):
        return f"{self.get_programme_display()} · {self.customer}"

    @property
    def is_open(self) -> bool:
        return self.state == OutreachState.OPEN

    @property
    def contact_purpose(self) -> Purpose:
        """The purpose of the next contact: what the customer asked for is REQUESTED (Ley 2300 art. 8)."""
        return Purpose.REQUESTED if self.is_callback else Purpose(self.purpose)


class Motive(models.Model):
    """One row of SPIGA that asked for a contact: the natural key that makes an import harmless twice."""

    outreach = models.ForeignKey(Outreach, models.CASCADE, related_name="motives")
    programme = models.CharField(max_length=20, choices=Programme)
    reference = models.CharField(max_length=160)
    reason = models.CharField("motivo", max_length=160)
    due_on = models.DateField("fecha prevista", null=True, blank=True)
    batch = models.ForeignKey("callcenter.ImportBatch", models.PROTECT, null=True, blank=True, related_name="motives")

    class Meta:
        verbose_name, verbose_name_plural = "motivo importado", "motivos importados"
        ordering = ["due_on", "id"]
        constraints = [models.UniqueConstraint(fields=["programme", "reference"], name="motive_reference_unique")]

    def __str__(self):
        return self.reason


class AttemptQuerySet(models.QuerySet):
    def counted(self) -> "AttemptQuerySet":
        """Attempts that stand: not undone."""
        return self.filter(undone_at__isnull=True)

    def visible_to(self, user: User) -> "AttemptQuerySet":
        rows = self if user.all_sites else self.filter(outreach__site__in=user.site_ids)
        return rows if user.all_brands else rows.filter(outreach__brand__in=user.brand_ids)


class Attempt(models.Model):
    """One working session on a customer by telephone, and what it ended in. Never changed, only undone."""

    key = models.UUIDField("clave del formulario", unique=True, default=uuid.uuid4)
    body_hash = models.CharField(max_length=64)
    outreach = models.ForeignKey(Outreach, models.PROTECT, related_name="attempts", verbose_name="gestión")
    number = models.PositiveSmallIntegerField("intento")
    agent = models.ForeignKey(User, models.PROTECT, related_name="attempts", verbose_name="agente")
    point = models.ForeignKey(ContactPoint, models.PROTECT, null=True, blank=True, verbose_name="teléfono")
    outcome = models.CharField("resultado", max_length=12, choices=Outcome)
    reason = models.ForeignKey(Reason, models.PROTECT, null=True, blank=True, verbose_name="motivo")
    is_contact = models.BooleanField("contactado")
    note = models.TextField("observaciones", max_length=4000, blank=True)
    started_at = models.DateTimeField("inicio")
    at = models.DateTimeField("registrado")
    day = models.DateField("día")
    is_inbound = models.BooleanField("llamó el cliente", default=False, db_default=False)
    # Another vehicle of the same person, spoken of in the same call: it is no call of its own.
    part_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts", verbose_name="en la llamada")
    steps_done = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name="pasos del guion cumplidos", default=list, db_default=[], blank=True
    )
    open_seconds = models.PositiveIntegerField("segundos entre abrir y registrar", default=0)
    script = models.ForeignKey(Script, models.PROTECT, null=True, blank=True, verbose_name="guion")
    document_version = models.ForeignKey(DocumentVersion, models.PROTECT, null=True, blank=True, verbose_name="versión del formato")
    policy_version = models.CharField("regla aplicada", max_length=40)
    before = models.JSONField("estado anterior", default=dict, editable=False)
    undone_at = models.DateTimeField("deshecho", null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "intento", "intentos"
        triggers = [*audited(inserts=False), *tallied()]
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["outreach", "number"], condition=Q(undone_at__isnull=True), name="attempt_number_unique"),
            models.CheckConstraint(condition=Q(at__gte=F("started_at")), name="attempt_in_order"),
            models.CheckConstraint(
                condition=~Q(outcome__in=[Outcome.NO_CONTACT, Outcome.DECLINED]) | Q(reason__isnull=False), name="attempt_has_reason"
            ),
            models.CheckConstraint(condition=LessThanOrEqual(Length("note"), 4000), name="attempt_note_length"),
        ]
        indexes = [
            models.Index(fields=["day", "agent"], name="attempt_day_agent"),
            models.Index(fields=["outreach", "at"], name="attempt_outreach"),
        ]

    def __str__(self):
        return f"{self.get_outcome_display()} · {self.outreach}"


def local_part(part: str) -> Func:
    """A part of Bogotá's wall clock at the moment of a touch, as a constraint can ask it."""
    template = f"EXTRACT({part} FROM %(expressions)s AT TIME ZONE 'America/Bogota')"
    return Func(F("at"), template=template, output_field=models.IntegerField())


LOCAL_HOUR, LOCAL_WEEKDAY = local_part("HOUR"), local_part("ISODOW")


class Touch(models.Model):
    """One outbound contact with one person: the ledger from which Ley 2300 is judged, and its last line of defence."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="touches")
    channel = models.CharField(max_length=8, choices=Channel)
    purpose = models.CharField(max_length=13, choices=Purpose)
    at = models.DateTimeField()
    day = models.DateField()
    week = models.DateField()  # the Monday of the day
    is_effective = models.BooleanField()  # answered call or delivered message: a direct contact
    attempt = models.OneToOneField(Attempt, models.CASCADE, null=True, blank=True, related_name="touch")
    message = models.OneToOneField("callcenter.Message", models.CASCADE, null=True, blank=True, related_name="touch")
    override = models.ForeignKey(LawOverride, models.PROTECT, null=True, blank=True, db_index=False, related_name="touches")

    class Meta:
        verbose_name, verbose_name_plural = "contacto", "contactos"
        constraints = [
            # Ley 2300 art. 3 and 5: once a day, and after a direct contact no other channel that week.
            models.UniqueConstraint(
                fields=["customer", "day"],
                condition=Q(purpose=Purpose.COMMERCIAL, override__isnull=True),
                name="touch_commercial_once_a_day",
            ),
            ExclusionConstraint(
                name="touch_commercial_one_channel",
                expressions=[
                    ("customer", RangeOperators.EQUAL),
                    ("week", RangeOperators.EQUAL),
                    ("channel", RangeOperators.NOT_EQUAL),
                ],
                condition=Q(purpose=Purpose.COMMERCIAL, is_effective=True, override__isnull=True),
            ),
            # Art. 3: never on Sunday; Monday to Friday 7:00-19:00, Saturday 8:00-15:00 unless somebody lifted it in writing.
            models.CheckConstraint(
                condition=~Q(purpose=Purpose.COMMERCIAL)
                | LessThan(LOCAL_WEEKDAY, 6) & (Q(override__isnull=False) | GreaterThanOrEqual(LOCAL_HOUR, 7) & LessThan(LOCAL_HOUR, 19))
                | LessThan(LOCAL_WEEKDAY, 7) & (Q(override__isnull=False) | GreaterThanOrEqual(LOCAL_HOUR, 8) & LessThan(LOCAL_HOUR, 15)),
                name="touch_commercial_in_hours",
            ),
            models.CheckConstraint(
                condition=Q(attempt__isnull=False, message__isnull=True) | Q(attempt__isnull=True, message__isnull=False),
                name="touch_has_one_source",
            ),
        ]
        indexes = [models.Index(fields=["customer", "-day"], name="touch_customer_day")]

    def __str__(self):
        return f"{self.get_channel_display()} {self.at:%d/%m/%Y %H:%M}"


class Skip(models.Model):
    """An agent put a customer aside for the day: who, when and why."""

    outreach = models.ForeignKey(Outreach, models.PROTECT, related_name="skips", verbose_name="gestión")
    agent = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="agente")
    reason = models.ForeignKey(Reason, models.PROTECT, verbose_name="motivo")
    at = models.DateTimeField("cuándo")

    class Meta:
        verbose_name, verbose_name_plural = "omisión", "omisiones"
        ordering = ["at"]

    def __str__(self):
        return f"{self.outreach}: {self.reason}"


class DialQuerySet(models.QuerySet):
    def numbers(self) -> "DialQuerySet":
        """Numbers called in the attempt in hand."""
        return self.filter(attempt__isnull=True, channel=Channel.VOICE)

    def chats(self) -> "DialQuerySet":
        return self.filter(channel=Channel.WHATSAPP)


class Dial(models.Model):
    """One number tried within an attempt: the ladder of a customer with several telephones.

    Or one chat that was opened and whose message nobody has written down yet: with the message it goes.
    """

    outreach = models.ForeignKey(Outreach, models.CASCADE, related_name="dials", verbose_name="gestión")
    attempt = models.ForeignKey(Attempt, models.CASCADE, null=True, blank=True, related_name="dials", verbose_name="intento")
    point = models.ForeignKey(ContactPoint, models.PROTECT, db_index=False, verbose_name="teléfono")
    agent = models.ForeignKey(User, models.PROTECT, db_index=False, related_name="+", verbose_name="agente")
    channel = models.CharField("medio", max_length=8, choices=Channel, default=Channel.VOICE, db_default=Channel.VOICE)
    at = models.DateTimeField("cuándo")
    reason = models.ForeignKey(Reason, models.PROTECT, null=True, blank=True, db_index=False, verbose_name="qué pasó")

    objects = DialQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "marcación", "marcaciones"
        ordering = ["at", "id"]

    def __str__(self):
        return f"{self.point} {self.at:%d/%m/%Y %H:%M}"


class Transfer(models.Model):
    """A customer handed to a colleague, with what the colleague must know."""

    outreach = models.ForeignKey(Outreach, models.PROTECT, related_name="transfers", verbose_name="gestión")
    by = models.ForeignKey(User, models.PROTECT, db_index=False, related_name="+", verbose_name="de")
    to = models.ForeignKey(User, models.PROTECT, db_index=False, related_name="+", verbose_name="para")
    note = models.CharField("qué debe saber", max_length=500)
    at = models.DateTimeField("cuándo")

    class Meta:
        verbose_name, verbose_name_plural = "traspaso", "traspasos"
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(condition=~Q(note=""), name="transfer_has_note"),
            models.CheckConstraint(condition=~Q(by=F("to")), name="transfer_to_another"),
        ]

    def __str__(self):
        return f"{self.by} → {self.to}: {self.note}"
