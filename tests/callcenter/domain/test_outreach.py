"""Recording a call: one transaction, one attempt per form, and everything that follows."""

import uuid
from datetime import timedelta

import pytest

from callcenter.domain import consent, queue
from callcenter.domain import outreach as verbs
from callcenter.domain.errors import Conflict, LeaseLost, NotAllowedNow, Refused
from callcenter.domain.outreach import Booking, Call
from callcenter.enums import (
    ExclusionScope,
    ExclusionSource,
    MessageStatus,
    NextStep,
    Outcome,
    OutreachState,
    PointStatus,
    Priority,
    Programme,
    Purpose,
    ReasonKind,
    Result,
    WorkState,
)
from callcenter.models import (
    Appointment,
    Attempt,
    Authorisation,
    AuthorisedFor,
    ContactPoint,
    Exclusion,
    Message,
    Outreach,
    ProgrammeSettings,
    Reason,
    Touch,
    Vehicle,
)
from callcenter.roles import Role
from carrazos.lib.calendar import bogota
from tests.conftest import person
from tests.factories import MONDAY, OutreachFactory, PhoneFactory, VehicleFactory

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


def reason(code, kind=ReasonKind.NO_CONTACT):
    return Reason.objects.get(kind=kind, code=code)


def silence(code="NO_ANSWER", **more):
    return Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=reason(code), **more)


def take(row, agent, at=MONDAY, *, cal):
    return queue.take(row.pk, agent, at=at, calendar=cal)


def record(row, call, agent, at=MONDAY, *, cal):
    held = take(row, agent, at, cal=cal)
    return verbs.record_attempt(row.pk, call, agent=agent, fence=held.fence, at=at + timedelta(minutes=1), calendar=cal)


def test_no_answer_plans_another_day_and_part(agent, cal):
    row = OutreachFactory()
    done = record(row, silence(), agent, cal=cal)
    row.refresh_from_db()
    assert (done.attempt.number, done.attempt.is_contact) == (1, False)
    assert (row.state, row.next_step, row.priority, row.calls_made) == (OutreachState.OPEN, NextStep.CALL, Priority.RETRY, 1)
    assert bogota(row.due_at).date() == (MONDAY + DAY).date()
    assert bogota(row.due_at).hour == 15
    assert row.leased_by is None


def test_three_silences_lead_to_whatsapp_on_the_next_legal_day(agent, cal):
    row = OutreachFactory()
    for day in range(3):
        record(row, silence(), agent, MONDAY + day * DAY, cal=cal)
    row.refresh_from_db()
    assert (row.next_step, row.calls_made) == (NextStep.WHATSAPP, 3)
    assert bogota(row.due_at).date() == (MONDAY + 3 * DAY).date()


def test_without_a_mobile_three_silences_close(agent, cal):
    row = OutreachFactory(phone="+576015550101")
    for day in range(3):
        record(row, silence(), agent, MONDAY + day * DAY, cal=cal)
    row.refresh_from_db()
    assert (row.state, row.result) == (OutreachState.CLOSED, Result.EXHAUSTED)


def test_the_owners_number_of_attempts_rules(agent, cal):
    ProgrammeSettings.objects.create(programme=Programme.PROACTIVE, max_attempts=1)
    row = OutreachFactory()
    record(row, silence(), agent, cal=cal)
    row.refresh_from_db()
    assert row.next_step == NextStep.WHATSAPP


def test_a_booking_closes_and_makes_the_appointment(agent, cal):
    row = OutreachFactory()
    slot = MONDAY + DAY
    call = Call(key=uuid.uuid4(), outcome=Outcome.BOOKED, booking=Booking(slot, row.site, "Revisión 20.000 km"))
    done = record(row, call, agent, cal=cal)
    row.refresh_from_db()
    assert (row.state, row.result) == (OutreachState.CLOSED, Result.BOOKED)
    assert (done.appointment.starts_at, done.appointment.vehicle, done.appointment.booked_by) == (slot, row.vehicle, agent)


@pytest.mark.parametrize(
    ("slot", "words"),
    [
        (MONDAY - DAY, "futuro"),
        (MONDAY + 6 * DAY, "no atiende"),  # Sunday
        (MONDAY + DAY + timedelta(hours=11), "recibe de"),  # eight in the evening
    ],
)
def test_an_impossible_slot_is_refused_and_nothing_is_written(agent, cal, slot, words):
    row = OutreachFactory()
    call = Call(key=uuid.uuid4(), outcome=Outcome.BOOKED, booking=Booking(slot, row.site, "Revisión"))
    with pytest.raises(Refused, match=words):
        record(row, call, agent, cal=cal)
    assert not Attempt.objects.exists()
    assert not Touch.objects.exists()


def test_a_refusal_keeps_its_reason_and_a_sold_car_is_marked(agent, cal):
    row = OutreachFactory()
    record(row, Call(key=uuid.uuid4(), outcome=Outcome.DECLINED, reason=reason("SOLD", ReasonKind.NO_BOOKING)), agent, cal=cal)
    row.refresh_from_db()
    assert (row.state, row.result) == (OutreachState.CLOSED, Result.DECLINED)
    assert Vehicle.objects.get(pk=row.vehicle_id).sold_at is not None


def test_a_reason_that_needs_a_note_is_refused_without_one(agent, cal):
    row = OutreachFactory()
    with pytest.raises(Refused, match="exige una nota"):
        record(row, silence("OTHER"), agent, cal=cal)
    record(row, silence("OTHER", note="Contestó un fax"), agent, cal=cal)


def test_a_callback_is_served_at_its_hour_and_uses_up_no_attempt(agent, cal):
    row = OutreachFactory()
    when = MONDAY + timedelta(hours=3)
    record(row, Call(key=uuid.uuid4(), outcome=Outcome.CALL_BACK, call_back_at=when, only_me=True), agent, cal=cal)
    row.refresh_from_db()
    assert (row.is_callback, row.due_at, row.priority, row.callback_for) == (True, when, Priority.CALLBACK, agent)
    assert row.contact_purpose == Purpose.REQUESTED
    # The same day, because the customer asked (Ley 2300 art. 8).
    record(row, silence(), agent, when, cal=cal)
    row.refresh_from_db()
    assert (row.is_callback, row.next_step) == (False, NextStep.CALL)


@pytest.mark.parametrize("when", [MONDAY.replace(hour=19), MONDAY + 6 * DAY, MONDAY - timedelta(hours=1)])
def test_a_callback_outside_legal_hours_is_refused(agent, cal, when):
    with pytest.raises(Refused):
        record(OutreachFactory(), Call(key=uuid.uuid4(), outcome=Outcome.CALL_BACK, call_back_at=when), agent, cal=cal)


@pytest.mark.parametrize(("proof", "is_kept"), [("carta.pdf", True), ("", False)])
def test_another_hour_needs_the_customers_own_document(agent, cal, proof, is_kept):
    row = OutreachFactory()
    Authorisation.objects.create(customer=row.customer, purpose=AuthorisedFor.HOURS, source="FORM", text_version="v1", granted_at=MONDAY,
                                 proof=proof, proof_sha256="x" if proof else "")  # fmt: skip
    night = MONDAY.replace(hour=20)
    asked = Call(key=uuid.uuid4(), outcome=Outcome.CALL_BACK, call_back_at=night)
    if not is_kept:
        with pytest.raises(Refused, match="no se puede llamar"):
            record(row, asked, agent, cal=cal)
        return
    record(row, asked, agent, cal=cal)
    refused = Call(key=uuid.uuid4(), outcome=Outcome.DECLINED, reason=reason("PRICE", ReasonKind.NO_BOOKING))
    assert record(row, refused, agent, night, cal=cal).outreach.result == Result.DECLINED


def test_a_wrong_number_is_spoiled_and_the_next_one_remains(agent, cal):
    row = OutreachFactory()
    wrong = row.customer.points.get()
    PhoneFactory(customer=row.customer, position=1)
    record(row, silence("WRONG_NUMBER", point=wrong), agent, cal=cal)
    wrong.refresh_from_db()
    row.refresh_from_db()
    assert wrong.status == PointStatus.WRONG
    assert row.is_open


def test_the_last_wrong_number_closes_the_outreach(agent, cal):
    row = OutreachFactory()
    record(row, silence("DISCONNECTED", point=row.customer.points.get()), agent, cal=cal)
    row.refresh_from_db()
    assert (row.state, row.result) == (OutreachState.CLOSED, Result.UNREACHABLE)
    assert ContactPoint.objects.get(customer=row.customer).status == PointStatus.DISCONNECTED


def test_an_opt_out_works_at_once_on_every_commercial_outreach(agent, cal):
    row = OutreachFactory()
    other = OutreachFactory(customer=row.customer, programme=Programme.RECOVERY, phone=False)
    survey = OutreachFactory(customer=row.customer, programme=Programme.AFTERSALES_SURVEY, purpose=Purpose.SERVICE, phone=False)
    record(row, Call(key=uuid.uuid4(), outcome=Outcome.OPTED_OUT), agent, cal=cal)
    for changed in (row, other, survey):
        changed.refresh_from_db()
    assert (row.result, other.result, survey.state) == (Result.OPTED_OUT, Result.OPTED_OUT, OutreachState.OPEN)
    assert Exclusion.objects.get().scope == ExclusionScope.COMMERCIAL


def test_a_total_opt_out_withdraws_surveys_too(agent, cal):
    row = OutreachFactory()
    survey = OutreachFactory(customer=row.customer, programme=Programme.AFTERSALES_SURVEY, purpose=Purpose.SERVICE, phone=False)
    record(row, Call(key=uuid.uuid4(), outcome=Outcome.OPTED_OUT, opt_out_scope=ExclusionScope.ALL), agent, cal=cal)
    survey.refresh_from_db()
    assert survey.state == OutreachState.CLOSED


@pytest.mark.parametrize("code", ["OPTED_OUT", "DECEASED"])
def test_a_reason_that_is_a_refusal_is_recorded_as_one(agent, cal, code):
    row = OutreachFactory()
    other = OutreachFactory(customer=row.customer, programme=Programme.RECOVERY, phone=False)
    survey = OutreachFactory(customer=row.customer, programme=Programme.AFTERSALES_SURVEY, purpose=Purpose.SERVICE, phone=False)
    record(row, silence(code, also=(other.pk,)), agent, cal=cal)
    assert set(Outreach.objects.values_list("pk", "result")) == {(one.pk, Result.OPTED_OUT) for one in (row, other, survey)}
    assert Attempt.objects.count() == 1
    refusal = Exclusion.objects.standing().get()
    assert (refusal.scope, refusal.channels, refusal.note) == (ExclusionScope.ALL, [], str(reason(code)))


def test_one_voice_the_persons_other_matters_wait_for_tomorrow(agent, cal):
    row = OutreachFactory()
    other = OutreachFactory(customer=row.customer, vehicle=VehicleFactory(), phone=False)
    record(row, silence(), agent, cal=cal)
    other.refresh_from_db()
    assert bogota(other.due_at).date() == (MONDAY + DAY).date()


def test_the_same_form_twice_is_one_attempt(agent, cal):
    row = OutreachFactory()
    call = silence()
    first = record(row, call, agent, cal=cal)
    again = verbs.record_attempt(row.pk, call, agent=agent, fence=0, at=MONDAY + DAY, calendar=cal)
    assert again.replayed
    assert again.attempt == first.attempt
    assert Attempt.objects.count() == 1


def test_the_same_key_with_other_content_or_author_is_a_conflict(agent, cal):
    row = OutreachFactory()
    call = silence()
    record(row, call, agent, cal=cal)
    changed = Call(key=call.key, outcome=Outcome.NO_CONTACT, reason=reason("BUSY"))
    with pytest.raises(Conflict):
        verbs.record_attempt(row.pk, changed, agent=agent, fence=0, at=MONDAY, calendar=cal)
    with pytest.raises(Conflict):
        verbs.record_attempt(row.pk, call, agent=person(Role.CALL_CENTER_AGENT), fence=0, at=MONDAY, calendar=cal)


def test_who_lost_the_lease_can_not_write(agent, cal):
    row = OutreachFactory()
    held = take(row, agent, cal=cal)
    later = MONDAY + queue.LEASE + timedelta(minutes=1)
    other = person(Role.CALL_CENTER_AGENT)
    queue.take(row.pk, other, at=later, calendar=cal)
    with pytest.raises(LeaseLost):
        verbs.record_attempt(row.pk, silence(), agent=agent, fence=held.fence, at=later, calendar=cal)
    assert not Attempt.objects.exists()


def test_a_call_is_judged_by_its_start(agent, cal):
    row = OutreachFactory()
    close = MONDAY.replace(hour=18, minute=58)
    held = take(row, agent, close, cal=cal)
    done = verbs.record_attempt(row.pk, silence(), agent=agent, fence=held.fence, at=close + timedelta(minutes=5), calendar=cal)
    assert done.attempt.day == MONDAY.date()


def test_outside_hours_nobody_is_taken(agent, cal):
    with pytest.raises(NotAllowedNow) as refusal:
        take(OutreachFactory(), agent, MONDAY.replace(hour=20), cal=cal)
    assert refusal.value.verdict.rule == "L1"


def test_undo_restores_everything(agent, cal):
    row = OutreachFactory()
    other = OutreachFactory(customer=row.customer, vehicle=VehicleFactory(), phone=False)
    call = Call(key=uuid.uuid4(), outcome=Outcome.BOOKED, booking=Booking(MONDAY + DAY, row.site, "Revisión"))
    done = record(row, call, agent, cal=cal)
    at = MONDAY + timedelta(minutes=3)
    verbs.undo_attempt(done.attempt.pk, by=agent, at=at, lease_until=at + queue.LEASE)
    row.refresh_from_db()
    other.refresh_from_db()
    done.attempt.refresh_from_db()
    assert (row.state, row.calls_made, row.leased_by, row.result) == (OutreachState.OPEN, 0, agent, "")
    assert other.due_at < MONDAY
    assert done.attempt.undone_at == at
    assert not Appointment.objects.exists()
    assert not Touch.objects.exists()
    # And the right outcome is written as the first attempt.
    again = verbs.record_attempt(row.pk, silence(), agent=agent, fence=row.fence, at=at, calendar=cal)
    assert again.attempt.number == 1


def test_undo_of_an_opt_out_brings_the_others_back(agent, cal):
    row = OutreachFactory()
    other = OutreachFactory(customer=row.customer, programme=Programme.RECOVERY, phone=False)
    done = record(row, Call(key=uuid.uuid4(), outcome=Outcome.OPTED_OUT), agent, cal=cal)
    verbs.undo_attempt(done.attempt.pk, by=agent, at=MONDAY + timedelta(minutes=2), lease_until=MONDAY + queue.LEASE)
    other.refresh_from_db()
    assert other.is_open
    assert not Exclusion.objects.standing().exists()


def test_undo_of_an_opt_out_takes_back_only_what_it_wrote(agent, cal):
    """The refusal of before stands, a promised callback keeps its hour and its agent, and what was in line leaves."""
    row, friday = OutreachFactory(), MONDAY + 4 * DAY
    promised = OutreachFactory(
        customer=row.customer, programme=Programme.AFTERSALES_SURVEY, purpose=Purpose.SERVICE, phone=False, due_at=friday,
        is_callback=True, callback_for=agent, reserved_until=friday + DAY, priority=Priority.CALLBACK,
    )  # fmt: skip
    older = consent.refuse(row.customer, scope=ExclusionScope.COMMERCIAL, channels=["EMAIL"], source=ExclusionSource.CUSTOMER, at=MONDAY)
    message = Message.objects.create(
        customer=row.customer, site=row.site, brand=row.brand, point=ContactPoint.objects.get(), purpose=Purpose.TRANSACTIONAL,
        gateway="CLOUD_API", status=MessageStatus.QUEUED, body="Su cita quedó agendada.", body_hash="0",
    )  # fmt: skip
    done = record(row, Call(key=uuid.uuid4(), outcome=Outcome.OPTED_OUT, opt_out_scope=ExclusionScope.ALL), agent, cal=cal)
    message.refresh_from_db()
    assert (Exclusion.objects.standing().count(), message.status) == (2, MessageStatus.CANCELLED)
    verbs.undo_attempt(done.attempt.pk, by=agent, at=MONDAY + timedelta(minutes=2), lease_until=MONDAY + queue.LEASE)
    promised.refresh_from_db()
    message.refresh_from_db()
    assert (promised.is_open, promised.due_at, promised.is_callback, promised.callback_for) == (True, friday, True, agent)
    assert (promised.priority, promised.reserved_until) == (Priority.CALLBACK, friday + DAY)
    assert Exclusion.objects.standing().get() == older.exclusion
    assert (message.status, message.work_state, message.error) == (MessageStatus.QUEUED, WorkState.QUEUED, "")


def test_undo_of_an_opt_out_said_before_leaves_it_standing(agent, cal):
    survey = OutreachFactory(programme=Programme.AFTERSALES_SURVEY, purpose=Purpose.SERVICE)
    older = consent.refuse(survey.customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, at=MONDAY - 30 * DAY)
    done = record(survey, Call(key=uuid.uuid4(), outcome=Outcome.OPTED_OUT), agent, cal=cal)
    verbs.undo_attempt(done.attempt.pk, by=agent, at=MONDAY + timedelta(minutes=2), lease_until=MONDAY + queue.LEASE)
    assert Exclusion.objects.standing().get() == older.exclusion


def test_undo_waits_for_the_colleague_who_has_the_person_now(agent, cal):
    row = OutreachFactory()
    survey = OutreachFactory(customer=row.customer, programme=Programme.AFTERSALES_SURVEY, purpose=Purpose.SERVICE, phone=False)
    done = record(row, silence(), agent, cal=cal)
    colleague = person(Role.CALL_CENTER_AGENT)
    take(survey, colleague, MONDAY + timedelta(minutes=2), cal=cal)
    with pytest.raises(Refused, match="tiene ahora a este cliente"):
        verbs.undo_attempt(done.attempt.pk, by=agent, at=MONDAY + timedelta(minutes=3), lease_until=MONDAY + queue.LEASE)


def test_undo_is_ones_own_and_soon(agent, cal):
    done = record(OutreachFactory(), silence(), agent, cal=cal)
    with pytest.raises(Refused, match="Solo quien"):
        verbs.undo_attempt(done.attempt.pk, by=person(Role.CALL_CENTER_AGENT), at=MONDAY, lease_until=MONDAY)
    with pytest.raises(Refused, match="diez minutos"):
        verbs.undo_attempt(done.attempt.pk, by=agent, at=MONDAY + timedelta(minutes=12), lease_until=MONDAY)


def test_the_versions_in_force_are_stored(agent, cal):
    done = record(OutreachFactory(), silence(), agent, cal=cal)
    assert str(done.attempt.document_version) == "GSC-FOR-09 v1"
    assert str(done.attempt.script) == "GSC-INS-01 v1"
    assert done.attempt.policy_version.startswith("GSC-PRO-02 §3")


def test_unanswered_messages_close_after_the_policys_days(agent):
    row = OutreachFactory(next_step=NextStep.REPLY, calls_made=3, due_at=MONDAY)
    assert verbs.close_unanswered(MONDAY - timedelta(minutes=1)) == 0
    assert verbs.close_unanswered(MONDAY) == 1
    row.refresh_from_db()
    assert (row.state, row.result) == (OutreachState.CLOSED, Result.EXHAUSTED)
    assert Outreach.objects.open().count() == 0
