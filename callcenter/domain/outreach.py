"""What happens after a call: one verb writes the attempt, obeys the policy and plans what follows (GSC-PRO-02 §3-4)."""

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When

from callcenter import seams
from callcenter.domain import appointment_undo, appointments, consent, contact_law, dayparts, ledger
from callcenter.domain.contact_law import ContactIntent, Verdict
from callcenter.domain.errors import Conflict, LeaseLost, Refused
from callcenter.domain.policy import POLICIES, ContactPolicy, Step, adjusted, next_step
from callcenter.domain.snapshots import restore, snapshot
from callcenter.enums import (
    Channel,
    ExclusionScope,
    ExclusionSource,
    NextStep,
    Outcome,
    OutreachState,
    PointStatus,
    Priority,
    Programme,
    Purpose,
    Result,
)
from callcenter.models import (
    Appointment,
    Attempt,
    ContactPoint,
    ControlledDocument,
    Customer,
    Dial,
    Draft,
    Employee,
    LawOverride,
    Message,
    Outreach,
    ProgrammeSettings,
    Reason,
    Script,
    Site,
    Touch,
    User,
    Vehicle,
)
from carrazos.lib.calendar import BusinessCalendar, bogota

UNDO_WITHIN = timedelta(minutes=10)
REOPEN_WITHIN = timedelta(days=30)  # later than that, who writes or calls comes with something new
MISSED_AFTER = timedelta(minutes=30)  # a personal callback that its agent lets pass returns to the team
CONTROL_SHEET = {
    Programme.PROACTIVE: "GSC-FOR-09",
    Programme.AFTERSALES_SURVEY: "GSC-FOR-01",
    Programme.SALES_SURVEY: "GSC-FOR-03",
}
CONTACTED = frozenset({Outcome.BOOKED, Outcome.DONE, Outcome.DECLINED, Outcome.OPTED_OUT})
# What one call may settle for several vehicles of a person.
SHARED = frozenset({Outcome.NO_CONTACT, Outcome.CALL_BACK, Outcome.BOOKED, Outcome.DECLINED})
RESULTS = {Outcome.BOOKED: Result.BOOKED, Outcome.DONE: Result.DONE, Outcome.DECLINED: Result.DECLINED}


@dataclass(frozen=True)
class Booking:
    """An appointment agreed during the call."""

    starts_at: datetime
    site: Site
    service: str
    advisor: Employee | None = None


@dataclass(frozen=True)
class Call:
    """What the agent says of a call. `key` is the form's: the same key twice is the same call."""

    key: uuid.UUID
    outcome: Outcome
    reason: Reason | None = None
    point: ContactPoint | None = None
    note: str = ""
    call_back_at: datetime | None = None
    only_me: bool = False
    booking: Booking | None = None
    opt_out_scope: ExclusionScope = ExclusionScope.COMMERCIAL
    opt_out_channels: tuple[Channel, ...] = ()  # none named: every channel
    complaint: str = ""  # the customer's words; opens a follow-up in the same transaction
    also: tuple[int, ...] = ()  # other matters of the person that the same call settles
    steps_done: tuple[int, ...] = ()  # orders of the script's steps that were said
    details: str = ""  # what the programme's own part of the form said, for the hash

    @property
    def refusal(self) -> tuple[ExclusionScope, tuple[Channel, ...]] | None:
        """What must not reach the person any more, and by which channels: as they said, or as the reason means it."""
        if self.outcome == Outcome.OPTED_OUT:
            return self.opt_out_scope, self.opt_out_channels
        return (ExclusionScope(self.reason.refuses), ()) if self.reason and self.reason.refuses else None

    @property
    def body_hash(self) -> str:
        """The same content gives the same hash: a repeated form is told from a changed one."""
        parts = [self.outcome, self.reason and self.reason.pk, self.point and self.point.pk, self.note, self.call_back_at,
                 self.only_me, self.opt_out_scope, self.opt_out_channels, self.booking and (self.booking.starts_at, self.booking.site.pk, self.booking.service,
                 self.booking.advisor and self.booking.advisor.pk), self.complaint, self.also, self.details]  # fmt: skip
        return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()

    def for_another(self, outreach: Outreach) -> "Call":
        """The same call as another matter of the person knows it: its own key and its own service."""
        booking = self.booking and replace(self.booking, service=outreach.reason)
        return replace(self, key=uuid.uuid5(self.key, str(outreach.pk)), booking=booking, point=None, complaint="", also=())


@dataclass(frozen=True)
class Recorded:
    """An attempt that stands, and what follows it. `replayed`: it had been written before."""

    attempt: Attempt
    outreach: Outreach
    appointment: Appointment | None = None
    replayed: bool = False
    warnings: tuple[str, ...] = field(default=())


def policy_of(programme: Programme | str) -> ContactPolicy:
    """The programme's rule with the owner's numbers."""
    policy = POLICIES[Programme(programme)]
    row = ProgrammeSettings.objects.filter(programme=programme).first()
    if row is None:
        return policy
    return adjusted(policy, max_attempts=row.max_attempts, reply_in=row.reply_days, version=row.version)


def unanswered(at: datetime) -> QuerySet[Outreach]:
    """Commercial matters that closed without an answer lately, the newest first: a customer who calls or writes now answers them."""
    rows = Outreach.objects.filter(state=OutreachState.CLOSED, purpose=Purpose.COMMERCIAL, closed_at__gt=at - REOPEN_WITHIN)
    return rows.filter(result__in=[Result.EXHAUSTED, Result.UNREACHABLE]).order_by("-closed_at", "-id")


def reopen(outreach: Outreach, *, at: datetime) -> None:
    """A locked matter that closed without an answer waits for it again. Raises Refused when another open one stands in its place."""
    outreach.state, outreach.result, outreach.closed_at = OutreachState.OPEN, "", None
    outreach.next_step, outreach.priority, outreach.due_at = NextStep.REPLY, Priority.LOW, at
    save_open(outreach)


def open_outreach(customer: Customer, vehicle: Vehicle, *, reason: str = "", by: User, at: datetime) -> Outreach:
    """The matter of a customer who comes to us about a vehicle (GSC-PRO-01): the open one, the one that they left unanswered, or a new one.

    It counts for the proactive contact: its appointment is one of GSC-FOR-09, but the call is theirs, no attempt of ours (IND-01).
    It waits for them (`NextStep.REPLY`), so that nobody dials it; what is let go without an outcome closes by itself. `reason`: what
    they want, for a new one.
    Raises Refused when the vehicle has an open matter with somebody else.
    """
    with transaction.atomic():
        Customer.objects.select_for_update(no_key=True).only("pk").get(pk=customer.pk)
        mine = Outreach.objects.visible_to(by).filter(customer=customer, vehicle=vehicle)
        if standing := mine.open().filter(purpose=Purpose.COMMERCIAL).first():
            return standing
        if left := (mine & unanswered(at)).select_for_update().first():
            reopen(left, at=at)
            return left
        opened = Outreach(
            programme=Programme.PROACTIVE, purpose=Purpose.COMMERCIAL, customer=customer, vehicle=vehicle, site=site_of(customer, by),
            brand=vehicle.brand, reason=reason.strip()[:160] or "Servicio de taller", next_step=NextStep.REPLY, priority=Priority.LOW,
            due_at=at, opened_at=at,
        )  # fmt: skip
        save_open(opened)
        return opened


def site_of(customer: Customer, user: User) -> Site:
    """The first of the customer's sites that the user serves, else the user's own. Raises Refused without one."""
    mine = Site.objects.filter(pk__in=user.site_ids, is_active=True).order_by("pk")
    site = mine.filter(pk__in=customer.sites).first() or mine.first()
    if site is None:
        raise Refused("Usted no tiene una sede activa: pida que se la asignen.")
    return site


def save_open(outreach: Outreach) -> None:
    try:
        with transaction.atomic():
            outreach.save()
    except IntegrityError as error:
        raise Refused("Ya hay otra gestión abierta de ese vehículo o de ese cliente: búsquela por la placa y atiéndala.") from error


def record_attempt(
    outreach_id: int,
    call: Call,
    *,
    agent: User,
    fence: int,
    at: datetime,
    calendar: BusinessCalendar,
    alongside: Callable[[Outreach, Attempt], None] | None = None,
) -> Recorded:
    """Writes one call with everything that follows from it, in one transaction; `alongside` is the programme's part of it.

    Raises Conflict for a key that was used with other content, LeaseLost when the customer is no longer the agent's,
    NotAllowedNow when the law forbade the call at its start, Refused for what the form must mend.
    """
    with transaction.atomic():
        # The person before the row, in every verb: two matters of one person never wait for each other.
        Customer.objects.select_for_update(of=("self",), no_key=True).only("pk").get(outreaches=outreach_id)
        outreach = Outreach.objects.select_for_update(of=("self",)).for_console().get(pk=outreach_id)
        if replay := written_before(call, agent):
            return replay
        if outreach.leased_by_id != agent.pk or outreach.fence != fence:
            raise LeaseLost("Este cliente ya no está en sus manos: otra persona lo tomó o venció el tiempo. Su nota sigue en la página.")
        started_at = min(outreach.call_started_at or outreach.leased_at, at)
        check_call(call, outreach, calendar=calendar, at=at)
        moment = Moment(agent, started_at, at, calendar)
        part_of = same_call(outreach, agent)
        others = served_too(outreach, agent, call.outcome).filter(pk__in=call.also).select_for_update(of=("self",)).for_console()
        attempt = write_attempt(outreach, call, moment, part_of=part_of)
        warnings = () if outreach.is_inbound or part_of else enter_ledger(outreach, call, attempt, calendar=calendar).warnings
        appointment = settle(outreach, call, attempt, moment)
        for other in others:
            theirs = call.for_another(other)
            settle(other, theirs, write_attempt(other, theirs, moment, part_of=part_of or attempt), moment)
        # What the programme adds may open or move other matters: it goes last.
        raise_complaint(outreach, attempt, call, by=agent, at=at)
        if alongside:
            alongside(outreach, attempt)
        return Recorded(attempt, outreach, appointment, warnings=warnings)


@dataclass(frozen=True)
class Moment:
    """Who called and when; `at` is when it was written down."""

    agent: User
    started_at: datetime
    at: datetime
    calendar: BusinessCalendar


def enter_ledger(outreach: Outreach, call: Call, attempt: Attempt, *, calendar: BusinessCalendar) -> Verdict:
    """The call as the law counts it, judged by the moment at which it began. Raises NotAllowedNow."""
    contact = ContactIntent(Channel.VOICE, outreach.contact_purpose, attempt.started_at)
    return ledger.enter(outreach.customer_id, contact, effective=is_direct_contact(call), calendar=calendar, attempt=attempt)


def settle(outreach: Outreach, call: Call, attempt: Attempt, moment: Moment) -> Appointment | None:
    """What follows from one matter's attempt, with all that undoing it needs."""
    agent, at, calendar = moment.agent, moment.at, moment.calendar
    undo = {"outreach": snapshot(outreach), "point": spoil_phone(call, at), "vehicle": mark_sold(outreach, call)}
    appointment = book_appointment(outreach, call, attempt, by=agent, at=at, calendar=calendar)
    undo |= refuse_contact(outreach, call, by=agent, at=at)
    advance(outreach, policy_of(outreach.programme), call, by=agent, at=at, calendar=calendar)
    undo["delayed"] = delay_others(outreach, at=at, calendar=calendar)
    attempt.before = undo
    attempt.save(update_fields=["before"])
    Dial.objects.numbers().filter(outreach=outreach).update(attempt=attempt)
    Draft.objects.filter(outreach=outreach).delete()
    return appointment


def siblings(outreach: Outreach, agent: User) -> QuerySet[Outreach]:
    """The same person's other open matters of this purpose that one call may serve (several vehicles, one conversation)."""
    rows = Outreach.objects.open().visible_to(agent).filter(customer=outreach.customer_id, purpose=outreach.purpose, leased_by__isnull=True)
    return rows.exclude(pk=outreach.pk).filter(next_step__in=[NextStep.CALL, NextStep.WHATSAPP]).order_by("due_at", "id")


def served_too(outreach: Outreach, agent: User, outcome: Outcome) -> QuerySet[Outreach]:
    """Which of them a call with this outcome may count for (REC-R5: one conversation serves all).

    A call that nobody answered was made only for what was to be called, in the same programme, which counts attempts of its own
    (PRO-11, REC-11, SAT-14): a promised callback keeps its hour, and a WhatsApp that is due stays due.
    """
    rows = siblings(outreach, agent)
    if outcome != Outcome.NO_CONTACT:
        return rows
    return rows.filter(programme=outreach.programme, next_step=NextStep.CALL, is_callback=False)


def same_call(outreach: Outreach, agent: User) -> Attempt | None:
    """The attempt that began the conversation in which this matter, too, is spoken of; None for a call of its own."""
    if outreach.call_started_at is None:
        return None
    calls = Attempt.objects.counted().filter(agent=agent, outreach__customer=outreach.customer_id, part_of__isnull=True)
    return calls.filter(started_at=outreach.call_started_at).exclude(outreach=outreach).first()


def written_before(call: Call, agent: User) -> Recorded | None:
    """The call that this form wrote already. Raises Conflict when its content or its author differ."""
    attempt = Attempt.objects.select_related("outreach__customer").filter(key=call.key).first()
    if attempt is None:
        return None
    if attempt.agent_id != agent.pk or attempt.body_hash != call.body_hash:
        raise Conflict("Este formulario ya se guardó con otro contenido. Recargue la página para ver lo guardado.")
    appointment = Appointment.objects.filter(attempt=attempt).first()
    return Recorded(attempt, attempt.outreach, appointment, replayed=True)


def check_call(call: Call, outreach: Outreach, *, calendar: BusinessCalendar, at: datetime) -> None:
    """Raises Refused for a call that lacks what its outcome needs."""
    if call.reason and call.reason.needs_note and not call.note.strip():
        raise Refused(f"El motivo «{call.reason}» exige una nota.")
    if call.outcome == Outcome.CALL_BACK:
        if call.call_back_at is None or call.call_back_at <= at:
            raise Refused("La rellamada debe quedar en el futuro.")
        hours = contact_law.window(bogota(call.call_back_at).date(), calendar)
        in_hours = hours is not None and hours[0] <= call.call_back_at < hours[1]
        if not in_hours and not contact_law.load_history(outreach.customer_id, at).has_hours_exception:
            legal = bogota(contact_law.next_open(call.call_back_at, calendar))
            raise Refused(f"A esa hora no se puede llamar (Ley 2300 art. 3). La siguiente legal es {legal:%d/%m/%Y %H:%M}.")
    if call.outcome == Outcome.BOOKED and call.booking is None:
        raise Refused("Falta la fecha de la cita.")
    if outreach.is_inbound and call.outcome == Outcome.NO_CONTACT:
        raise Refused("El cliente es quien llama: hubo contacto. Elija qué se acordó, o suelte al cliente.")


def write_attempt(outreach: Outreach, call: Call, moment: Moment, *, part_of: Attempt | None) -> Attempt:
    started_at, at = moment.started_at, moment.at
    document = ControlledDocument.objects.filter(code=CONTROL_SHEET.get(outreach.programme)).first()
    return Attempt.objects.create(
        key=call.key,
        body_hash=call.body_hash,
        outreach=outreach,
        number=outreach.calls_made + 1,
        agent=moment.agent,
        point=call.point,
        outcome=call.outcome,
        reason=call.reason,
        is_contact=call.outcome in CONTACTED,
        note=call.note,
        started_at=started_at,
        at=at,
        day=bogota(started_at).date(),
        is_inbound=outreach.is_inbound,
        part_of=part_of,
        steps_done=list(call.steps_done),
        open_seconds=max(0, int((at - (outreach.leased_at or started_at)).total_seconds())),
        script=script_for(outreach),
        document_version=document and document.version_on(bogota(at).date()),
        policy_version=policy_of(outreach.programme).label,
    )


def script_for(outreach: Outreach) -> Script | None:
    """The published script of the programme: the brand's own before the general one."""
    scripts = Script.objects.filter(Q(brand=outreach.brand_id) | Q(brand__isnull=True), programme=outreach.programme, is_published=True)
    return scripts.order_by(F("brand").asc(nulls_last=True)).first()


def is_direct_contact(call: Call) -> bool:
    """True when somebody answered: what Ley 2300 art. 3 calls a direct contact."""
    return call.outcome in CONTACTED or call.outcome == Outcome.CALL_BACK or bool(call.reason and call.reason.is_answered)


def spoil_phone(call: Call, at: datetime) -> list | None:
    """Notes what the call taught about its number, and marks a wrong or dead one; returns what it was."""
    if call.point is None:
        return None
    was = [call.point.pk, call.point.status, call.point.last_result]
    if call.reason and call.reason.spoils_phone:
        call.point.status = PointStatus.DISCONNECTED if call.reason.code == "DISCONNECTED" else PointStatus.WRONG
    call.point.last_result = str(call.reason or call.outcome.label)[:60]
    call.point.last_used_at = at
    call.point.save(update_fields=["status", "last_result", "last_used_at"])
    return was


def mark_sold(outreach: Outreach, call: Call) -> int | None:
    """Notes that the customer no longer has the vehicle; returns the vehicle that was marked."""
    if not (call.reason and call.reason.sold_vehicle and outreach.vehicle_id):
        return None
    marked = Vehicle.objects.filter(pk=outreach.vehicle_id, sold_at__isnull=True).update(sold_at=outreach.leased_at or outreach.opened_at)
    return outreach.vehicle_id if marked else None


def book_appointment(
    outreach: Outreach, call: Call, attempt: Attempt, *, by: User, at: datetime, calendar: BusinessCalendar
) -> Appointment | None:
    if call.booking is None or call.outcome != Outcome.BOOKED:
        return None
    return appointments.book(
        outreach, starts_at=call.booking.starts_at, site=call.booking.site, service=call.booking.service,
        advisor=call.booking.advisor, attempt=attempt, by=by, at=at, calendar=calendar,
    )  # fmt: skip


def refuse_contact(outreach: Outreach, call: Call, *, by: User, at: datetime) -> dict:
    """Records «no me llamen» and withdraws what else waits for the person in that scope, in the same transaction."""
    if call.refusal is None:
        return {}
    scope, channels = call.refusal
    refusal = consent.refuse(
        outreach.customer, scope=scope, channels=channels, source=ExclusionSource.CUSTOMER, at=at, by=by,
        note=call.note or str(call.reason or ""), keep=outreach.pk,
    )  # fmt: skip
    return {"refusal": refusal.undo}


def raise_complaint(outreach: Outreach, attempt: Attempt, call: Call, *, by: User, at: datetime) -> None:
    """A complaint heard in any call goes to the desk that settings name, in the same transaction (GSC-PRO-03 §3)."""
    words = call.complaint.strip() or (call.note.strip() if call.reason and call.reason.opens_case else "")
    desk = seams.complaint_desk()
    if words and desk:
        desk(outreach, words, by=by, at=at, attempt=attempt)


def advance(outreach: Outreach, policy: ContactPolicy, call: Call, *, by: User, at: datetime, calendar: BusinessCalendar) -> None:
    """Asks the policy what follows, and plans it on a legal day and another part of the day."""
    made = list(outreach.attempts.counted().order_by("at", "id").values_list("outcome", "started_at"))
    outcomes = [Outcome(outcome) for outcome, _ in made]
    messaged = outreach.messages.standing().exists()
    step = next_step(policy, outcomes, messaged=messaged)
    if call.refusal:
        close(outreach, Result.OPTED_OUT, at=at)
    elif call.reason and call.reason.closes and step is not Step.CLOSE:
        close(outreach, Result.UNREACHABLE, at=at)
    elif step is Step.CLOSE:
        close(outreach, RESULTS.get(call.outcome, Result.EXHAUSTED), at=at)
    elif step is Step.WHATSAPP and has_mobile(outreach):
        plan(outreach, NextStep.WHATSAPP, Channel.WHATSAPP, dayparts_retry(made, policy, calendar), calendar=calendar, at=at)
    elif step is Step.WHATSAPP or not has_phone(outreach):
        close(outreach, Result.EXHAUSTED if has_phone(outreach) else Result.UNREACHABLE, at=at)
    elif call.outcome == Outcome.CALL_BACK:
        outreach.is_callback, outreach.callback_for = True, by if call.only_me else None
        outreach.next_step, outreach.priority, outreach.due_at = NextStep.CALL, Priority.CALLBACK, call.call_back_at
        outreach.reserved_until = call.call_back_at + MISSED_AFTER if call.only_me else None
    else:
        plan(outreach, NextStep.CALL, Channel.VOICE, dayparts_retry(made, policy, calendar), calendar=calendar, at=at)
    outreach.calls_made = len(made)
    outreach.leased_by = outreach.leased_at = outreach.lease_until = outreach.call_started_at = None
    outreach.is_inbound = False
    outreach.save()


def dayparts_retry(made: list[tuple[str, datetime]], policy: ContactPolicy, calendar: BusinessCalendar) -> datetime:
    return dayparts.retry_at([started_at for _, started_at in made], days=policy.retry_in, calendar=calendar)


def plan(outreach: Outreach, step: NextStep, channel: Channel, wanted: datetime, *, calendar: BusinessCalendar, at: datetime) -> None:
    """The next step at the first legal moment from `wanted` on; without one the outreach closes."""
    outreach.is_callback, outreach.callback_for, outreach.reserved_until = False, None, None
    intent = ContactIntent(channel, Purpose(outreach.purpose), wanted)
    moment = contact_law.plannable(outreach.customer_id, intent, calendar=calendar)
    if moment is None:
        close(outreach, Result.OPTED_OUT, at=at)
    else:
        outreach.next_step, outreach.priority, outreach.due_at = step, Priority.RETRY, moment


def close(outreach: Outreach, result: Result, *, at: datetime) -> None:
    outreach.state, outreach.result, outreach.closed_at, outreach.next_step = OutreachState.CLOSED, result, at, NextStep.NONE
    outreach.is_callback, outreach.callback_for, outreach.reserved_until = False, None, None


def has_phone(outreach: Outreach) -> bool:
    return ContactPoint.objects.phones().usable().reaching(outreach.customer_id).exists()


def has_mobile(outreach: Outreach) -> bool:
    points = ContactPoint.objects.for_whatsapp().reaching(outreach.customer_id)
    return any(point.is_mobile for point in points)


def delay_others(outreach: Outreach, *, at: datetime, calendar: BusinessCalendar) -> list:
    """Moves the person's other due outreaches to tomorrow: one voice per customer, and the queue's head stays callable."""
    tomorrow = contact_law.next_open(contact_law.start_of(bogota(at).date() + timedelta(days=1)), calendar)
    others = Outreach.objects.due(tomorrow).filter(customer=outreach.customer_id, is_callback=False, due_at__lt=tomorrow)
    moved = [[pk, due.isoformat()] for pk, due in others.exclude(pk=outreach.pk).select_for_update().values_list("pk", "due_at")]
    Outreach.objects.filter(pk__in=[pk for pk, _ in moved]).update(due_at=tomorrow)
    return moved


def undo_attempt(attempt_id: int, *, by: User, at: datetime, lease_until: datetime) -> Outreach:
    """Takes back one's own last call within ten minutes and hands the customer back. The attempt stays, marked undone.

    Raises Refused when it is somebody else's, too late, or something happened since.
    """
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update(of=("self",)).select_related("outreach").get(pk=attempt_id)
        parts = list(attempt.parts.counted().select_for_update())
        rows = Outreach.objects.select_for_update().in_bulk([attempt.outreach_id, *(part.outreach_id for part in parts)])
        outreach = rows[attempt.outreach_id]
        if attempt.undone_at:
            return outreach
        if attempt.agent_id != by.pk:
            raise Refused("Solo quien registró la llamada puede deshacerla.")
        if at - attempt.at > UNDO_WITHIN:
            raise Refused("Pasaron más de diez minutos: pida la corrección a su director.")
        for made in (attempt, *parts):
            row = rows[made.outreach_id]
            if row.calls_made != made.number or row.messages.filter(sent_at__gt=made.at).exists() or row.leased_by_id not in {None, by.pk}:
                raise Refused("Ya hubo otra gestión después de esta llamada: no se puede deshacer.")
        holder = Outreach.objects.select_related("leased_by").filter(customer=outreach.customer_id, leased_by__isnull=False)
        if other := holder.exclude(leased_by=by).first():
            raise Refused(f"{other.leased_by} tiene ahora a este cliente: no se puede deshacer.")
        for part in reversed(parts):
            put_back(part, rows[part.outreach_id], by=by, at=at)
            rows[part.outreach_id].save()
        put_back(attempt, outreach, by=by, at=at)
        Outreach.objects.filter(leased_by=by).update(fence=F("fence") + 1, **consent.FREE)
        outreach.leased_by, outreach.leased_at, outreach.lease_until = by, at, lease_until
        outreach.call_started_at, outreach.is_inbound, outreach.fence = attempt.started_at, attempt.is_inbound, outreach.fence + 1
        outreach.save()
        return outreach


def put_back(attempt: Attempt, outreach: Outreach, *, by: User, at: datetime) -> None:
    """Takes one attempt's effects back; the caller saves the outreach."""
    before = attempt.before
    appointment_undo.undo(attempt, at=at)
    for taken_back in seams.plugged("ON_UNDO"):
        taken_back(attempt, by=by, at=at)
    LawOverride.objects.filter(touches__attempt=attempt).update(spent_at=None)
    Touch.objects.filter(attempt=attempt).delete()
    attempt.dials.update(attempt=None)
    if before.get("point"):
        pk, status, last_result = before["point"]
        ContactPoint.objects.filter(pk=pk).update(status=status, last_result=last_result)
    if before.get("vehicle"):
        Vehicle.objects.filter(pk=before["vehicle"]).update(sold_at=None)
    if before.get("refusal"):
        consent.take_back(before["refusal"], at=at)
    for pk, due in before.get("delayed", []):
        Outreach.objects.filter(pk=pk, state=OutreachState.OPEN).update(due_at=due)
    restore(outreach, before["outreach"])
    Attempt.objects.filter(pk=attempt.pk).update(undone_at=at)


def close_unanswered(at: datetime) -> int:
    """Closes the outreaches whose WhatsApp had no reply in time; how many. One that we never called nor wrote about is only withdrawn."""
    waiting = Outreach.objects.due(at).free().filter(next_step=NextStep.REPLY)
    ours = Q(calls_made__gt=0) | Exists(Message.objects.filter(outreach=OuterRef("pk")))
    result = Case(When(ours, then=Value(Result.EXHAUSTED)), default=Value(Result.CANCELLED))
    return waiting.update(state=OutreachState.CLOSED, result=result, closed_at=at, next_step=NextStep.NONE)
