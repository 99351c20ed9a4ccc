"""What happens after a call: one verb writes the attempt, obeys the policy and plans what follows (GSC-PRO-02 §3-4)."""

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from callcenter.domain import appointments, contact_law, dayparts
from callcenter.domain.contact_law import ContactIntent
from callcenter.domain.errors import Conflict, LeaseLost, NotAllowedNow, Refused
from callcenter.domain.policy import POLICIES, ContactPolicy, Step, adjusted, next_step
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
    Employee,
    Exclusion,
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
CONTROL_SHEET = {Programme.PROACTIVE: "GSC-FOR-09"}
CONTACTED = frozenset({Outcome.BOOKED, Outcome.DECLINED, Outcome.OPTED_OUT})
RESULTS = {Outcome.BOOKED: Result.BOOKED, Outcome.DECLINED: Result.DECLINED, Outcome.OPTED_OUT: Result.OPTED_OUT}


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

    @property
    def body_hash(self) -> str:
        """The same content gives the same hash: a repeated form is told from a changed one."""
        parts = [self.outcome, self.reason and self.reason.pk, self.point and self.point.pk, self.note, self.call_back_at,
                 self.only_me, self.opt_out_scope, self.booking and (self.booking.starts_at, self.booking.site.pk, self.booking.service,
                 self.booking.advisor and self.booking.advisor.pk)]  # fmt: skip
        return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


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


def record_attempt(outreach_id: int, call: Call, *, agent: User, fence: int, at: datetime, calendar: BusinessCalendar) -> Recorded:
    """Writes one call with everything that follows from it, in one transaction.

    Raises Conflict for a key that was used with other content, LeaseLost when the customer is no longer the agent's,
    NotAllowedNow when the law forbade the call at its start, Refused for what the form must mend.
    """
    with transaction.atomic():
        outreach = Outreach.objects.select_for_update(of=("self",)).for_console().get(pk=outreach_id)
        if replay := written_before(call, agent):
            return replay
        if outreach.leased_by_id != agent.pk or outreach.fence != fence:
            raise LeaseLost("Este cliente ya no está en sus manos: otra persona lo tomó o venció el tiempo. Su nota sigue en la página.")
        started_at = min(outreach.call_started_at or outreach.leased_at, at)
        intent = ContactIntent(Channel.VOICE, outreach.contact_purpose, started_at)
        verdict = contact_law.verdict_for(outreach.customer_id, intent, calendar=calendar)
        if not verdict.allowed:
            raise NotAllowedNow(verdict)
        check_call(call, intent, calendar=calendar, at=at)
        policy = policy_of(outreach.programme)
        attempt = write_attempt(outreach, call, policy, agent=agent, started_at=started_at, at=at)
        write_touch(outreach, attempt, call)
        undo = {"outreach": snapshot(outreach), "point": spoil_phone(call), "vehicle": mark_sold(outreach, call)}
        appointment = book_appointment(outreach, call, attempt, by=agent, at=at, calendar=calendar)
        undo |= refuse_contact(outreach, call, by=agent, at=at)
        advance(outreach, policy, call, at=at, calendar=calendar)
        undo["delayed"] = delay_others(outreach, at=at, calendar=calendar)
        Attempt.objects.filter(pk=attempt.pk).update(before=undo)
        return Recorded(attempt, outreach, appointment, warnings=verdict.warnings)


def written_before(call: Call, agent: User) -> Recorded | None:
    """The call that this form wrote already. Raises Conflict when its content or its author differ."""
    attempt = Attempt.objects.select_related("outreach__customer").filter(key=call.key).first()
    if attempt is None:
        return None
    if attempt.agent_id != agent.pk or attempt.body_hash != call.body_hash:
        raise Conflict("Este formulario ya se guardó con otro contenido. Recargue la página para ver lo guardado.")
    appointment = Appointment.objects.filter(attempt=attempt).first()
    return Recorded(attempt, attempt.outreach, appointment, replayed=True)


def check_call(call: Call, intent: ContactIntent, *, calendar: BusinessCalendar, at: datetime) -> None:
    """Raises Refused for a call that lacks what its outcome needs."""
    if call.reason and call.reason.needs_note and not call.note.strip():
        raise Refused(f"El motivo «{call.reason}» exige una nota.")
    if call.outcome == Outcome.CALL_BACK:
        if call.call_back_at is None or call.call_back_at <= at:
            raise Refused("La rellamada debe quedar en el futuro.")
        hours = contact_law.window(bogota(call.call_back_at).date(), calendar)
        if hours is None or not hours[0] <= call.call_back_at < hours[1]:
            legal = bogota(contact_law.next_open(call.call_back_at, calendar))
            raise Refused(f"A esa hora no se puede llamar (Ley 2300 art. 3). La siguiente legal es {legal:%d/%m/%Y %H:%M}.")
    if call.outcome == Outcome.BOOKED and call.booking is None:
        raise Refused("Falta la fecha de la cita.")


def write_attempt(outreach: Outreach, call: Call, policy: ContactPolicy, *, agent: User, started_at: datetime, at: datetime) -> Attempt:
    document = ControlledDocument.objects.filter(code=CONTROL_SHEET.get(outreach.programme)).first()
    return Attempt.objects.create(
        key=call.key,
        body_hash=call.body_hash,
        outreach=outreach,
        number=outreach.calls_made + 1,
        agent=agent,
        point=call.point,
        outcome=call.outcome,
        reason=call.reason,
        is_contact=call.outcome in CONTACTED,
        note=call.note,
        started_at=started_at,
        at=at,
        day=bogota(started_at).date(),
        open_seconds=max(0, int((at - outreach.leased_at).total_seconds())),
        script=script_for(outreach),
        document_version=document and document.version_on(bogota(at).date()),
        policy_version=policy.label,
    )


def script_for(outreach: Outreach) -> Script | None:
    """The published script of the programme: the brand's own before the general one."""
    scripts = Script.objects.filter(programme=outreach.programme, is_published=True)
    return scripts.filter(brand=outreach.brand_id).first() or scripts.filter(brand__isnull=True).first()


def is_direct_contact(call: Call) -> bool:
    """True when somebody answered: what Ley 2300 art. 3 calls a direct contact."""
    return call.outcome in CONTACTED or call.outcome == Outcome.CALL_BACK or bool(call.reason and call.reason.is_answered)


def write_touch(outreach: Outreach, attempt: Attempt, call: Call) -> None:
    """Enters the call into the ledger of contacts; the database refuses a second commercial one that day."""
    Touch.objects.create(
        customer=outreach.customer,
        channel=Channel.VOICE,
        purpose=outreach.contact_purpose,
        at=attempt.started_at,
        day=attempt.day,
        week=contact_law.monday_of(attempt.day),
        is_effective=is_direct_contact(call),
        attempt=attempt,
    )


SNAPSHOT = ("state", "next_step", "priority", "due_at", "is_callback", "callback_for_id", "calls_made", "result", "closed_at")


def snapshot(outreach: Outreach) -> dict:
    """The fields that a call changes, as they were: what undoing puts back."""
    values = {name: getattr(outreach, name) for name in SNAPSHOT}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def spoil_phone(call: Call) -> list | None:
    """Marks a wrong or dead number; returns what it was."""
    if call.point is None:
        return None
    was = [call.point.pk, call.point.status, call.point.last_result]
    if call.reason and call.reason.spoils_phone:
        call.point.status = PointStatus.DISCONNECTED if call.reason.code == "DISCONNECTED" else PointStatus.WRONG
    call.point.last_result = str(call.reason or call.outcome.label)[:60]
    call.point.save(update_fields=["status", "last_result"])
    return was


def mark_sold(outreach: Outreach, call: Call) -> int | None:
    """Notes that the customer no longer has the vehicle; returns the vehicle that was marked."""
    if not (call.reason and call.reason.sold_vehicle and outreach.vehicle_id):
        return None
    marked = Vehicle.objects.filter(pk=outreach.vehicle_id, sold_at__isnull=True).update(sold_at=outreach.leased_at)
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
    """Records «no me llamen» and withdraws the person's other commercial outreaches in the same transaction."""
    if call.outcome != Outcome.OPTED_OUT:
        return {}
    exclusion = Exclusion.objects.create(
        customer=outreach.customer,
        scope=call.opt_out_scope,
        source=ExclusionSource.CUSTOMER,
        since=at,
        recorded_by=by,
        note=call.note[:300],
    )
    others = Outreach.objects.open().filter(customer=outreach.customer).exclude(pk=outreach.pk)
    if call.opt_out_scope == ExclusionScope.COMMERCIAL:
        others = others.filter(purpose=Purpose.COMMERCIAL)
    withdrawn = list(others.select_for_update().values_list("pk", flat=True))
    Outreach.objects.filter(pk__in=withdrawn).update(
        state=OutreachState.CLOSED, result=Result.OPTED_OUT, closed_at=at, next_step=NextStep.NONE,
        leased_by=None, leased_at=None, lease_until=None, fence=F("fence") + 1,
    )  # fmt: skip
    return {"exclusion": exclusion.pk, "withdrawn": withdrawn}


def advance(outreach: Outreach, policy: ContactPolicy, call: Call, *, at: datetime, calendar: BusinessCalendar) -> None:
    """Asks the policy what follows, and plans it on a legal day and another part of the day."""
    made = list(outreach.attempts.counted().order_by("at", "id").values_list("outcome", "started_at"))
    outcomes = [Outcome(outcome) for outcome, _ in made]
    messaged = outreach.messages.exists()
    step = next_step(policy, outcomes, messaged=messaged)
    if call.reason and call.reason.closes and step is not Step.CLOSE:
        close(outreach, Result.UNREACHABLE, at=at)
    elif step is Step.CLOSE:
        close(outreach, RESULTS.get(call.outcome, Result.EXHAUSTED), at=at)
    elif step is Step.WHATSAPP and has_mobile(outreach):
        plan(outreach, NextStep.WHATSAPP, Channel.WHATSAPP, dayparts_retry(made, policy, calendar), calendar=calendar, at=at)
    elif step is Step.WHATSAPP or not has_phone(outreach):
        close(outreach, Result.EXHAUSTED if has_phone(outreach) else Result.UNREACHABLE, at=at)
    elif call.outcome == Outcome.CALL_BACK:
        outreach.is_callback, outreach.callback_for = True, outreach.leased_by if call.only_me else None
        outreach.next_step, outreach.priority, outreach.due_at = NextStep.CALL, Priority.CALLBACK, call.call_back_at
    else:
        plan(outreach, NextStep.CALL, Channel.VOICE, dayparts_retry(made, policy, calendar), calendar=calendar, at=at)
    outreach.calls_made = len(made)
    outreach.leased_by = outreach.leased_at = outreach.lease_until = outreach.call_started_at = None
    outreach.save()


def dayparts_retry(made: list[tuple[str, datetime]], policy: ContactPolicy, calendar: BusinessCalendar) -> datetime:
    return dayparts.retry_at([started_at for _, started_at in made], days=policy.retry_in, calendar=calendar)


def plan(outreach: Outreach, step: NextStep, channel: Channel, wanted: datetime, *, calendar: BusinessCalendar, at: datetime) -> None:
    """The next step at the first legal moment from `wanted` on; without one the outreach closes."""
    outreach.is_callback, outreach.callback_for = False, None
    intent = ContactIntent(channel, Purpose(outreach.purpose), wanted)
    moment = contact_law.next_allowed(intent, contact_law.load_history(outreach.customer_id, at), calendar=calendar)
    if moment is None:
        close(outreach, Result.OPTED_OUT, at=at)
    else:
        outreach.next_step, outreach.priority, outreach.due_at = step, Priority.RETRY, moment


def close(outreach: Outreach, result: Result, *, at: datetime) -> None:
    outreach.state, outreach.result, outreach.closed_at, outreach.next_step = OutreachState.CLOSED, result, at, NextStep.NONE
    outreach.is_callback, outreach.callback_for = False, None


def has_phone(outreach: Outreach) -> bool:
    return ContactPoint.objects.phones().usable().filter(customer=outreach.customer_id).exists()


def has_mobile(outreach: Outreach) -> bool:
    points = ContactPoint.objects.phones().usable().filter(customer=outreach.customer_id)
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
        attempt = Attempt.objects.select_for_update().select_related("outreach").get(pk=attempt_id)
        outreach = Outreach.objects.select_for_update().get(pk=attempt.outreach_id)
        if attempt.undone_at:
            return outreach
        if attempt.agent_id != by.pk:
            raise Refused("Solo quien registró la llamada puede deshacerla.")
        if at - attempt.at > UNDO_WITHIN:
            raise Refused("Pasaron más de diez minutos: pida la corrección a su director.")
        if outreach.calls_made != attempt.number or outreach.messages.filter(sent_at__gt=attempt.at).exists() or outreach.leased_by_id:
            raise Refused("Ya hubo otra gestión después de esta llamada: no se puede deshacer.")
        restore(attempt, outreach, by=by, at=at, lease_until=lease_until)
        return outreach


def restore(attempt: Attempt, outreach: Outreach, *, by: User, at: datetime, lease_until: datetime) -> None:
    before = attempt.before
    Appointment.objects.filter(attempt=attempt).delete()
    Touch.objects.filter(attempt=attempt).delete()
    if before.get("point"):
        pk, status, last_result = before["point"]
        ContactPoint.objects.filter(pk=pk).update(status=status, last_result=last_result)
    if before.get("vehicle"):
        Vehicle.objects.filter(pk=before["vehicle"]).update(sold_at=None)
    if before.get("exclusion"):
        Exclusion.objects.filter(pk=before["exclusion"]).update(withdrawn_at=at)
        Outreach.objects.filter(pk__in=before["withdrawn"], state=OutreachState.CLOSED).update(
            state=OutreachState.OPEN, result="", closed_at=None, next_step=NextStep.CALL
        )
    for pk, due in before.get("delayed", []):
        Outreach.objects.filter(pk=pk, state=OutreachState.OPEN).update(due_at=due)
    for name, value in before["outreach"].items():
        setattr(outreach, name, datetime.fromisoformat(value) if name.endswith("_at") and value else value)
    Attempt.objects.filter(pk=attempt.pk).update(undone_at=at)
    Outreach.objects.filter(leased_by=by).update(leased_by=None, leased_at=None, lease_until=None, fence=F("fence") + 1)
    outreach.leased_by, outreach.leased_at, outreach.lease_until = by, at, lease_until
    outreach.call_started_at, outreach.fence = attempt.started_at, outreach.fence + 1
    outreach.save()


def close_unanswered(at: datetime) -> int:
    """Closes the outreaches whose WhatsApp had no reply in time; how many."""
    waiting = Outreach.objects.due(at).free().filter(next_step=NextStep.REPLY)
    return waiting.update(state=OutreachState.CLOSED, result=Result.EXHAUSTED, closed_at=at, next_step=NextStep.NONE)
