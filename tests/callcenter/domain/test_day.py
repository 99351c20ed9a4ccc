"""The agent's day: several vehicles in one call, the ladder of numbers, inbound calls, transfers, drafts, pauses."""

import uuid
from datetime import timedelta

import pytest

from callcenter.domain import consent, day, metrics, queue
from callcenter.domain import outreach as verbs
from callcenter.domain.errors import LeaseLost, NotAllowedNow, Refused
from callcenter.domain.outreach import Booking, Call
from callcenter.enums import (
    ExclusionScope,
    ExclusionSource,
    NextStep,
    Outcome,
    OutreachState,
    PointStatus,
    Programme,
    Purpose,
    ReasonKind,
    Result,
)
from callcenter.models import Appointment, Attempt, Dial, Draft, Exclusion, Notification, Outreach, Pause, Preparation, Reason, Touch
from callcenter.roles import Role
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, PhoneFactory, VehicleFactory

pytestmark = pytest.mark.django_db
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def reason(code, kind=ReasonKind.NO_CONTACT):
    return Reason.objects.get(kind=kind, code=code)


def silence(**more):
    return Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=reason("NO_ANSWER"), **more)


def booked(row, **more):
    return Call(key=uuid.uuid4(), outcome=Outcome.BOOKED, booking=Booking((MONDAY + DAY).replace(hour=10), row.site, row.reason), **more)


def two_cars():
    row = OutreachFactory()
    return row, OutreachFactory(customer=row.customer, vehicle=VehicleFactory(), phone=False, reason="Revisión 10.000 km", site=row.site)


def record(row, call, agent, cal, *, at=MONDAY):
    held = queue.take(row.pk, agent, at=at, calendar=cal)
    return verbs.record_attempt(row.pk, call, agent=agent, fence=held.fence, at=at + MINUTE, calendar=cal)


# -- several vehicles ------------------------------------------------------------------------------------------------


def test_one_silent_call_is_an_attempt_for_every_vehicle_and_one_contact(agent, cal):
    row, other = two_cars()
    done = record(row, silence(also=(other.pk,)), agent, cal)
    part = Attempt.objects.get(outreach=other)
    assert (part.part_of, part.outcome, part.started_at) == (done.attempt, Outcome.NO_CONTACT, done.attempt.started_at)
    assert Touch.objects.count() == 1
    figures = metrics.calls(metrics.Slice(MONDAY.date(), MONDAY.date() + DAY))
    assert (figures.attempts, figures.people) == (1, 1)
    for changed in (row, other):
        changed.refresh_from_db()
        assert (changed.calls_made, changed.due_at > MONDAY + DAY / 2) == (1, True)


def test_a_silent_call_is_charged_to_nothing_else_of_the_person(agent, cal):
    """Neither to a callback that was promised, nor to a WhatsApp that is due, nor to another programme's attempts."""
    row, promised = two_cars()
    friday = MONDAY + 4 * DAY
    Outreach.objects.filter(pk=promised.pk).update(is_callback=True, due_at=friday, priority=0)
    others = [
        promised,
        OutreachFactory(customer=row.customer, next_step=NextStep.WHATSAPP, calls_made=3, phone=False),
        OutreachFactory(customer=row.customer, programme="RECOVERY", phone=False),
    ]
    record(row, silence(also=tuple(other.pk for other in others)), agent, cal)
    assert list(Attempt.objects.values_list("outreach", flat=True)) == [row.pk]
    promised.refresh_from_db()
    assert (promised.is_callback, promised.due_at) == (True, friday)
    # What the conversation itself may settle is all of them.
    assert set(verbs.served_too(row, agent, Outcome.BOOKED)) == set(others)


def test_two_silent_confirmations_leave_a_survey_its_own_attempts(agent, cal):
    row = OutreachFactory(programme="CONFIRMATION", purpose=Purpose.SERVICE)
    survey = OutreachFactory(customer=row.customer, programme="AFTERSALES_SURVEY", purpose=Purpose.SERVICE, phone=False)
    for day_ in (0, 1):
        record(row, silence(also=(survey.pk,)), agent, cal, at=MONDAY + day_ * DAY)
    survey.refresh_from_db()
    assert (survey.calls_made, survey.next_step) == (0, NextStep.CALL)


def test_all_vehicles_are_booked_in_one_call_and_undone_together(agent, cal):
    row, other = two_cars()
    done = record(row, booked(row, also=(other.pk,)), agent, cal)
    assert {(made.vehicle, made.service) for made in Appointment.objects.all()} == {
        (row.vehicle, row.reason), (other.vehicle, "Revisión 10.000 km"),
    }  # fmt: skip
    verbs.undo_attempt(done.attempt.pk, by=agent, at=MONDAY + 2 * MINUTE, lease_until=MONDAY + queue.LEASE)
    assert not Appointment.objects.exists()
    assert not Touch.objects.exists()
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.state, row.leased_by, other.state, other.leased_by, other.due_at) == (
        OutreachState.OPEN, agent, OutreachState.OPEN, None, MONDAY - timedelta(hours=1),
    )  # fmt: skip


def test_the_conversation_goes_on_about_the_other_vehicle(agent, cal):
    row, other = two_cars()
    done = record(row, booked(row), agent, cal)
    held = queue.continue_call(other.pk, agent, done.attempt, at=MONDAY + 2 * MINUTE)
    call = Call(key=uuid.uuid4(), outcome=Outcome.DECLINED, reason=reason("PRICE", ReasonKind.NO_BOOKING))
    second = verbs.record_attempt(other.pk, call, agent=agent, fence=held.fence, at=MONDAY + 4 * MINUTE, calendar=cal)
    assert (second.attempt.part_of, Touch.objects.count()) == (done.attempt, 1)
    with pytest.raises(Refused, match="terminó"):
        queue.continue_call(two_cars()[0].pk, agent, done.attempt, at=MONDAY + 5 * MINUTE)


def test_a_call_that_is_over_goes_on_no_more(agent, cal):
    row, other = two_cars()
    done = record(row, silence(), agent, cal)
    with pytest.raises(Refused, match="terminó"):
        queue.continue_call(other.pk, agent, done.attempt, at=MONDAY + 2 * MINUTE)


# -- the ladder ------------------------------------------------------------------------------------------------------


def test_the_numbers_of_one_customer_are_tried_within_one_attempt(agent, cal):
    row = OutreachFactory()
    first, second = row.customer.points.get(), PhoneFactory(customer=row.customer, position=1)
    held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    queue.start_call(row.pk, agent, fence=held.fence, at=MONDAY, calendar=cal, point=first)
    queue.spoil_number(row.pk, agent, fence=held.fence, point=first, reason=reason("WRONG_NUMBER"), at=MONDAY + MINUTE)
    queue.start_call(row.pk, agent, fence=held.fence, at=MONDAY + MINUTE, calendar=cal, point=second)
    assert queue.tried(row) == {first.pk, second.pk}
    done = verbs.record_attempt(row.pk, silence(point=second), agent=agent, fence=held.fence, at=MONDAY + 2 * MINUTE, calendar=cal)
    first.refresh_from_db()
    assert (first.status, done.attempt.started_at, done.attempt.number) == (PointStatus.WRONG, MONDAY, 1)
    assert list(Dial.objects.values_list("attempt", "point", "reason__code")) == [
        (done.attempt.pk, first.pk, "WRONG_NUMBER"), (done.attempt.pk, second.pk, None),
    ]  # fmt: skip
    assert (queue.tried(row), Touch.objects.count()) == (set(), 1)


def dial(row, agent, cal, at=MONDAY, point=None):
    held = queue.take(row.pk, agent, at=at, calendar=cal)
    queue.start_call(row.pk, agent, fence=held.fence, at=at, calendar=cal, point=point or row.customer.points.first())
    return held


def test_every_number_is_judged_when_it_is_dialled(agent, cal):
    row = OutreachFactory()
    second = PhoneFactory(customer=row.customer, position=1)
    evening = MONDAY.replace(hour=18, minute=55)
    held = dial(row, agent, cal, evening)
    again = {"fence": held.fence, "calendar": cal, "point": second}
    queue.start_call(row.pk, agent, at=evening + 4 * MINUTE, **again)
    with pytest.raises(NotAllowedNow, match="07:00 a 19:00"):
        queue.start_call(row.pk, agent, at=evening + 15 * MINUTE, **again)
    done = verbs.record_attempt(row.pk, silence(), agent=agent, fence=held.fence, at=evening + 16 * MINUTE, calendar=cal)
    assert (done.attempt.started_at, Dial.objects.filter(attempt=done.attempt).count()) == (evening, 2)


def test_a_number_dialled_the_next_day_is_the_next_days_attempt(agent, cal):
    row = OutreachFactory()
    held = dial(row, agent, cal)
    queue.start_call(row.pk, agent, fence=held.fence, at=MONDAY + DAY, calendar=cal, point=row.customer.points.first())
    done = verbs.record_attempt(row.pk, silence(), agent=agent, fence=held.fence, at=MONDAY + DAY + MINUTE, calendar=cal)
    assert done.attempt.day == (MONDAY + DAY).date()


# -- dialled, and no outcome -----------------------------------------------------------------------------------------


def leave(how, row, agent, held, cal):
    """The ways in which a customer leaves an agent's hands without an outcome; returns the moment."""
    if how == "closed":
        return MONDAY + queue.LEASE + MINUTE
    if how == "released":
        queue.release_all(agent)
    elif how == "skipped":
        queue.skip(row.pk, agent, fence=held.fence, reason=reason("MISSING_DATA", ReasonKind.SKIP), at=MONDAY, calendar=cal)
    return MONDAY + MINUTE


@pytest.mark.parametrize("how", ["closed", "released", "skipped"])
def test_who_was_dialled_without_an_outcome_is_called_by_nobody_else_that_day(agent, cal, how):
    row, other = two_cars()
    colleague = person(Role.CALL_CENTER_AGENT)
    at = leave(how, row, agent, dial(row, agent, cal), cal)
    Outreach.objects.filter(pk=row.pk).update(due_at=MONDAY)
    assert queue.claim_next(colleague, at=at, calendar=cal) is None
    for matter in (row, other):
        with pytest.raises(NotAllowedNow, match="se la marcó hoy a las 09:00 y falta el resultado"):
            queue.take(matter.pk, colleague, at=at, calendar=cal)
    # Whoever dialled goes on with that matter, and with no other one.
    assert queue.claim_next(agent, at=at, calendar=cal) == row
    with pytest.raises(NotAllowedNow):
        queue.take(other.pk, agent, at=at, calendar=cal)
    assert queue.claim_next(colleague, at=MONDAY + DAY, calendar=cal) is not None


def test_who_gets_the_customer_handed_over_goes_on_with_the_call(agent, cal):
    row = OutreachFactory()
    colleague, third = person(Role.CALL_CENTER_AGENT), person(Role.CALL_CENTER_AGENT)
    held = dial(row, agent, cal)
    queue.transfer(row.pk, agent, fence=held.fence, to=colleague, note="Pide hablar con usted", at=MONDAY)
    assert queue.claim_next(third, at=MONDAY + queue.TRANSFER_KEPT + MINUTE, calendar=cal) is None
    held = dial(row, colleague, cal, MONDAY + MINUTE)
    verbs.record_attempt(row.pk, silence(), agent=colleague, fence=held.fence, at=MONDAY + 2 * MINUTE, calendar=cal)
    assert (Touch.objects.count(), Dial.objects.filter(attempt__isnull=True).count()) == (1, 0)


def test_an_undone_call_was_dialled_all_the_same(agent, cal):
    row = OutreachFactory()
    held = dial(row, agent, cal)
    done = verbs.record_attempt(row.pk, silence(), agent=agent, fence=held.fence, at=MONDAY + MINUTE, calendar=cal)
    verbs.undo_attempt(done.attempt.pk, by=agent, at=MONDAY + 2 * MINUTE, lease_until=MONDAY + queue.LEASE)
    queue.release_all(agent)
    assert queue.claim_next(person(Role.CALL_CENTER_AGENT), at=MONDAY + 3 * MINUTE, calendar=cal) is None


# -- refused in the call ---------------------------------------------------------------------------------------------


def refuse(row, at, **more):
    return consent.refuse(row.customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.WHATSAPP_STOP, at=at, **more)


@pytest.mark.parametrize("is_inbound", [False, True])
def test_what_is_agreed_while_the_customer_refuses_by_writing_is_kept(agent, cal, is_inbound):
    row, other = two_cars()
    Outreach.objects.filter(pk=row.pk).update(next_step=NextStep.REPLY if is_inbound else NextStep.CALL)
    held = queue.take_inbound(row.pk, agent, at=MONDAY) if is_inbound else dial(row, agent, cal)
    assert refuse(row, MONDAY + MINUTE).withdrawn == []
    verbs.record_attempt(row.pk, booked(row, also=(other.pk,)), agent=agent, fence=held.fence, at=MONDAY + 2 * MINUTE, calendar=cal)
    assert set(Appointment.objects.values_list("vehicle", flat=True)) == {row.vehicle_id, other.vehicle_id}
    assert set(Outreach.objects.values_list("state", "result")) == {(OutreachState.CLOSED, Result.BOOKED)}
    assert (Exclusion.objects.standing().count(), Touch.objects.count()) == (1, 0 if is_inbound else 1)


def test_whoever_refused_before_the_call_leaves_the_agents_hands_at_once(agent, cal):
    row, _ = two_cars()
    queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    assert len(refuse(row, MONDAY + MINUTE).withdrawn) == 2
    row.refresh_from_db()
    assert (row.leased_by, row.result) == (None, Result.OPTED_OUT)


def test_whoever_refused_in_the_call_is_dialled_no_more_and_withdrawn_when_let_go(agent, cal):
    row, _ = two_cars()
    held = dial(row, agent, cal)
    refuse(row, MONDAY + MINUTE)
    with pytest.raises(NotAllowedNow, match="no recibir"):
        queue.start_call(row.pk, agent, fence=held.fence, at=MONDAY + 2 * MINUTE, calendar=cal, point=row.customer.points.get())
    assert consent.withdraw_left(MONDAY + 2 * MINUTE) == 0
    queue.release_all(agent)
    assert queue.claim_next(agent, at=MONDAY + 3 * MINUTE, calendar=cal) is None
    assert consent.withdraw_left(MONDAY + 3 * MINUTE) == 2
    assert set(Outreach.objects.values_list("state", "result")) == {(OutreachState.CLOSED, Result.OPTED_OUT)}


def test_a_silent_call_during_which_they_refused_is_the_last_one(agent, cal):
    row = OutreachFactory()
    held = dial(row, agent, cal)
    refuse(row, MONDAY + MINUTE)
    verbs.record_attempt(row.pk, silence(), agent=agent, fence=held.fence, at=MONDAY + 2 * MINUTE, calendar=cal)
    row.refresh_from_db()
    assert (row.state, row.result, row.calls_made) == (OutreachState.CLOSED, Result.OPTED_OUT, 1)


@pytest.mark.parametrize(("refused_after", "stays"), [(MINUTE, True), (5 * MINUTE, False)])
def test_a_callback_agreed_after_the_refusal_stands_one_agreed_before_does_not(agent, cal, refused_after, stays):
    row = OutreachFactory()
    held = dial(row, agent, cal)
    if stays:
        refuse(row, MONDAY + refused_after)
    later = Call(key=uuid.uuid4(), outcome=Outcome.CALL_BACK, call_back_at=MONDAY + timedelta(hours=3))
    verbs.record_attempt(row.pk, later, agent=agent, fence=held.fence, at=MONDAY + 2 * MINUTE, calendar=cal)
    if not stays:
        dial(row, agent, cal, MONDAY + 4 * MINUTE)
        refuse(row, MONDAY + refused_after)
        queue.release_all(agent)
    consent.withdraw_left(MONDAY + 6 * MINUTE)
    row.refresh_from_db()
    assert (row.is_open, row.is_callback) == (stays, stays)


# -- inbound ---------------------------------------------------------------------------------------------------------


def test_a_customer_who_calls_is_no_contact_of_ours(agent, cal):
    row, _ = two_cars()
    Touch.objects.all().delete()
    held = queue.take_inbound(row.pk, agent, at=MONDAY)
    with pytest.raises(Refused, match="quien llama"):
        verbs.record_attempt(row.pk, silence(), agent=agent, fence=held.fence, at=MONDAY + MINUTE, calendar=cal)
    done = verbs.record_attempt(row.pk, booked(row), agent=agent, fence=held.fence, at=MONDAY + MINUTE, calendar=cal)
    assert (done.attempt.is_inbound, Touch.objects.count(), done.outreach.is_inbound) == (True, 0, False)
    figures = metrics.calls(metrics.Slice(MONDAY.date(), MONDAY.date() + DAY))
    assert (figures.attempts, figures.contacts, figures.booked) == (0, 0, 1)


def test_an_inbound_call_may_come_when_we_may_not_call(agent, cal):
    row = OutreachFactory()
    sunday = MONDAY + 6 * DAY
    with pytest.raises(NotAllowedNow):
        queue.take(row.pk, agent, at=sunday, calendar=cal)
    assert queue.take_inbound(row.pk, agent, at=sunday).is_inbound
    queue.release_all(agent)
    assert not Outreach.objects.get(pk=row.pk).is_inbound


def left_unanswered(days_ago=3, **more):
    """A matter whose WhatsApp nobody answered, closed some days ago."""
    row = OutreachFactory(
        state=OutreachState.CLOSED, result=Result.EXHAUSTED, next_step=NextStep.NONE, closed_at=MONDAY - days_ago * DAY, calls_made=3
    )
    Outreach.objects.filter(pk=row.pk).update(**more)
    return row


def test_who_calls_days_after_the_message_books_in_the_matter_they_left_unanswered(agent, cal):
    row = left_unanswered()
    held = queue.open_inbound(row.customer, row.vehicle, agent, at=MONDAY)
    assert (held.pk, held.is_inbound, held.state) == (row.pk, True, OutreachState.OPEN)
    done = verbs.record_attempt(row.pk, booked(row), agent=agent, fence=held.fence, at=MONDAY + MINUTE, calendar=cal)
    assert (done.appointment.outreach_id, done.outreach.result, Touch.objects.count()) == (row.pk, Result.BOOKED, 0)
    figures = metrics.calls(metrics.Slice(MONDAY.date(), MONDAY.date() + DAY))
    assert (figures.attempts, figures.contacts, figures.reached, figures.booked) == (0, 0, 1, 1)


@pytest.mark.parametrize(
    "before",
    [{"closed_at": MONDAY - 31 * DAY}, {"result": Result.BOOKED}, {"result": Result.OPTED_OUT}, {"purpose": Purpose.SERVICE}],
)
def test_anything_else_that_closed_stays_closed_and_a_new_matter_opens(agent, before):
    row = left_unanswered(**before)
    made = queue.open_inbound(row.customer, row.vehicle, agent, at=MONDAY)
    assert made.pk != row.pk
    assert (made.programme, made.purpose, made.vehicle, made.site, made.brand) == (
        Programme.PROACTIVE, Purpose.COMMERCIAL, row.vehicle, row.site, row.brand,
    )  # fmt: skip
    assert not Outreach.objects.get(pk=row.pk).is_open


def test_who_has_an_open_matter_of_the_vehicle_gets_that_one(agent):
    row = OutreachFactory()
    assert queue.open_inbound(row.customer, row.vehicle, agent, at=MONDAY).pk == row.pk
    with pytest.raises(Refused, match="Ya hay otra gestión abierta"):
        queue.open_inbound(CustomerFactory(sites=[row.site_id]), row.vehicle, agent, at=MONDAY)


def test_who_calls_and_is_passed_to_a_colleague_is_in_their_queue(agent):
    left, colleague = left_unanswered(), person(Role.CALL_CENTER_AGENT)
    held = queue.open_inbound(left.customer, VehicleFactory(), agent, reason="Cambio de aceite", at=MONDAY)
    queue.transfer(held.pk, agent, fence=held.fence, to=colleague, note="Quiere cita", at=MONDAY)
    assert (verbs.close_unanswered(MONDAY + DAY), [row.reason for row in queue.waiting(colleague, MONDAY, most=5)]) == (
        0,
        ["Cambio de aceite"],
    )
    assert Outreach.objects.get(pk=held.pk).is_callback


def test_a_matter_opened_for_a_call_that_came_to_nothing_is_dialled_by_nobody_and_ends(agent, cal):
    left = left_unanswered()
    made = queue.open_inbound(left.customer, VehicleFactory(), agent, at=MONDAY)
    queue.open_inbound(left.customer, left.vehicle, agent, at=MONDAY)
    assert verbs.close_unanswered(MONDAY) == 1  # the one in hand stays
    queue.release_all(agent)
    assert queue.claim_next(agent, at=MONDAY, calendar=cal) is None
    assert verbs.close_unanswered(MONDAY) == 1
    # What we never called about is no customer who did not answer.
    assert [Outreach.objects.get(pk=pk).result for pk in (made.pk, left.pk)] == [Result.CANCELLED, Result.EXHAUSTED]


# -- transfers and reservations --------------------------------------------------------------------------------------


def test_a_transfer_goes_to_the_colleague_first_and_then_to_the_team(agent, cal):
    row, colleague, third = OutreachFactory(), person(Role.CALL_CENTER_AGENT), person(Role.CALL_CENTER_AGENT)
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    with pytest.raises(Refused, match="saber"):
        queue.transfer(row.pk, agent, fence=held.fence, to=colleague, note=" ", at=MONDAY)
    queue.transfer(row.pk, agent, fence=held.fence, to=colleague, note="Pide hablar con usted", at=MONDAY)
    with pytest.raises(LeaseLost):
        queue.transfer(row.pk, agent, fence=held.fence, to=third, note="otra vez", at=MONDAY)
    assert Notification.objects.get().user == colleague
    assert queue.claim_next(third, at=MONDAY + MINUTE, calendar=cal) is None
    with pytest.raises(LeaseLost, match="reservada"):
        queue.take(row.pk, third, at=MONDAY + MINUTE, calendar=cal)
    assert queue.claim_next(colleague, at=MONDAY + MINUTE, calendar=cal) == row
    queue.release_all(colleague)
    assert queue.claim_next(third, at=MONDAY + queue.TRANSFER_KEPT + MINUTE, calendar=cal) == row


# -- drafts, pauses, preparation -------------------------------------------------------------------------------------


def test_a_draft_is_kept_while_the_customer_is_held_and_goes_with_the_call(agent, cal):
    row = OutreachFactory()
    held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    day.save_draft(row.pk, agent, fence=held.fence, data={"note": ["Llamar al hijo"]}, at=MONDAY)
    day.save_draft(row.pk, agent, fence=held.fence, data={"note": ["Llamar a la hija"]}, at=MONDAY)
    assert Draft.objects.get().data == {"note": ["Llamar a la hija"]}
    verbs.record_attempt(row.pk, silence(), agent=agent, fence=held.fence, at=MONDAY + MINUTE, calendar=cal)
    assert not Draft.objects.exists()
    with pytest.raises(LeaseLost):
        day.save_draft(row.pk, agent, fence=held.fence, data={"note": ["tarde"]}, at=MONDAY)


def test_a_pause_gives_the_customer_back_and_is_one(agent, cal):
    row = OutreachFactory()
    queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    lunch = reason("LUNCH", ReasonKind.PAUSE)
    assert day.pause(agent, lunch, at=MONDAY) == day.pause(agent, reason("MEETING", ReasonKind.PAUSE), at=MONDAY + MINUTE)
    row.refresh_from_db()
    assert row.leased_by is None
    assert (day.resume(agent, at=MONDAY + 30 * MINUTE), day.resume(agent, at=MONDAY + 31 * MINUTE)) == (1, 0)
    assert Pause.objects.get().ended_at == MONDAY + 30 * MINUTE


def test_the_preparation_says_what_was_missing(agent):
    for missing in (["price", "staff"], ["price"]):
        day.prepare(agent, "PROACTIVE", missing=missing, at=MONDAY, day=MONDAY.date())
    assert Preparation.objects.get().missing == "Costo del trabajo"


def test_a_survey_is_no_sibling_of_a_commercial_call(agent):
    row, other = two_cars()
    OutreachFactory(customer=row.customer, purpose=Purpose.SERVICE, programme="AFTERSALES_SURVEY", phone=False)
    OutreachFactory(customer=row.customer, next_step=NextStep.REPLY, phone=False)
    assert list(verbs.siblings(row, agent)) == [other]
