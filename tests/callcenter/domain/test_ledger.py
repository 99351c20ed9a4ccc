"""One contact of a person at a time, rules lifted in writing, refusals by channel, waits and the RNE."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from callcenter.domain import consent, contact_law, ledger, messages, queue
from callcenter.domain import outreach as verbs
from callcenter.domain.contact_law import ContactIntent
from callcenter.domain.errors import NotAllowedNow, Refused
from callcenter.domain.outreach import Booking, Call
from callcenter.enums import Channel, ExclusionScope, ExclusionSource, NextStep, Outcome, OutreachState, Purpose, Result, RneEnforcement
from callcenter.models import Attempt, ContactRules, Exclusion, LawOverride, Reason, Touch
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, PhoneFactory

DAY = timedelta(days=1)
VOICE = Channel.VOICE


def attempt_of(row, agent, at=MONDAY):
    return row.attempts.create(
        number=row.attempts.count() + 1, agent=agent, outcome="BOOKED", is_contact=True, started_at=at, at=at, day=at.date(),
        policy_version="x", body_hash="x",
    )  # fmt: skip


def enter(row, agent, cal, *, at=MONDAY, purpose=Purpose.COMMERCIAL, channel=VOICE, effective=False):
    with transaction.atomic():
        attempt = attempt_of(row, agent, at)
        return ledger.enter(row.customer_id, ContactIntent(channel, purpose, at), effective=effective, calendar=cal, attempt=attempt)


def silence():
    return Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=Reason.objects.get(kind="NO_CONTACT", code="NO_ANSWER"))


def verdict(row, cal, *, at=MONDAY, purpose=Purpose.COMMERCIAL, channel=VOICE):
    return contact_law.verdict_for(row.customer_id, ContactIntent(channel, purpose, at), calendar=cal)


@pytest.mark.parametrize("purpose", [Purpose.COMMERCIAL, Purpose.VERIFICATION])
def test_forty_at_once_are_one_contact(house, agent, cal, purpose):
    row = OutreachFactory()
    rows = [row, *(OutreachFactory(customer=row.customer, phone=False) for _ in range(39))]
    barrier, said = threading.Barrier(40), []

    def work(index):
        try:
            barrier.wait()
            enter(rows[index], agent, cal, purpose=purpose)
            said.append("accepted")
        except NotAllowedNow as refusal:
            said.append(refusal.verdict.rule)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (said.count("accepted"), said.count("L3")) == (1, 39)
    assert Touch.objects.count() == Attempt.objects.count() == 1


@pytest.mark.django_db
def test_what_arrives_while_a_call_lasts_does_not_forbid_it(agent, cal):
    """The booking of a call that began legally is kept, whatever was filed, sent or refused before it was saved."""
    row = OutreachFactory()
    held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    during = MONDAY + timedelta(minutes=3)
    row.customer.holds.create(reason="Queja abierta QR-1", source="satisfaction", reference="1", since=during)
    other = OutreachFactory(customer=row.customer, phone=False)
    enter(other, agent, cal, at=during, purpose=Purpose.TRANSACTIONAL, channel=Channel.WHATSAPP, effective=True)
    consent.refuse(row.customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, at=during, keep=row.pk)
    booked = Call(key=uuid.uuid4(), outcome=Outcome.BOOKED, booking=Booking(MONDAY + DAY, row.site, "Revisión"))
    done = verbs.record_attempt(row.pk, booked, agent=agent, fence=held.fence, at=MONDAY + timedelta(minutes=6), calendar=cal)
    assert (done.appointment.starts_at, Touch.objects.get(attempt=done.attempt).at) == (MONDAY + DAY, MONDAY)


@pytest.mark.django_db
def test_a_commercial_contact_written_meanwhile_is_said_in_words(agent, cal):
    row = OutreachFactory()
    enter(row, agent, cal, at=MONDAY + timedelta(minutes=3))
    with pytest.raises(NotAllowedNow, match="ya se la contactó hoy"):
        enter(row, agent, cal)


@pytest.mark.django_db
def test_the_database_keeps_commercial_calls_in_hours(agent):
    row = OutreachFactory()
    for at in (MONDAY.replace(hour=6), MONDAY.replace(hour=19), MONDAY + 5 * DAY + timedelta(hours=7), MONDAY + 6 * DAY):
        with pytest.raises(IntegrityError, match="touch_commercial_in_hours"), transaction.atomic():
            Touch.objects.create(
                customer=row.customer, channel=VOICE, purpose=Purpose.COMMERCIAL, at=at, day=at.date(),
                week=contact_law.monday_of(at.date()), is_effective=False, attempt=attempt_of(row, agent, at),
            )  # fmt: skip


@pytest.mark.django_db
def test_a_rule_lifted_in_writing_serves_one_contact_and_leaves_a_trace(agent, director, cal):
    row = OutreachFactory()
    enter(row, agent, cal)
    later = MONDAY + timedelta(hours=2)
    with pytest.raises(NotAllowedNow):
        enter(row, agent, cal, at=later)
    refused = verdict(row, cal, at=later)
    with pytest.raises(Refused, match="motivo"):
        ledger.lift(row, refused, reason="porque sí", by=director, at=later)
    lifted = ledger.lift(row, refused, reason="El cliente pidió por correo que lo llamaran hoy", by=director, at=later)
    assert ledger.lift(row, refused, reason="El cliente pidió por correo que lo llamaran hoy", by=director, at=later) == lifted
    enter(row, agent, cal, at=later)
    lifted.refresh_from_db()
    assert (lifted.rule, lifted.by, lifted.spent_at) == ("L3", director, later)
    assert Touch.objects.get(override=lifted).at == later
    with pytest.raises(NotAllowedNow):
        enter(row, agent, cal, at=later + timedelta(hours=1))


@pytest.mark.django_db
def test_sundays_and_refusals_are_lifted_by_nobody(director, cal):
    row = OutreachFactory()
    sunday = MONDAY + 6 * DAY
    consent.refuse(row.customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, at=MONDAY)
    for at, rule in ((MONDAY, "L6"), (sunday, "L6")):
        refused = verdict(row, cal, at=at)
        assert refused.rule == rule
        with pytest.raises(Refused, match="no se levanta"):
            ledger.lift(row, refused, reason="Un motivo suficientemente largo", by=director, at=at)
    with pytest.raises(IntegrityError, match="law_override_possible"), transaction.atomic():
        LawOverride.objects.create(customer=row.customer, outreach=row, rule="L2", reason="x", by=director, at=sunday, day=sunday.date())
    assert [rule.code for rule, _ in contact_law.broken(
        ContactIntent(VOICE, Purpose.COMMERCIAL, sunday), contact_law.load_history(row.customer_id, sunday), calendar=cal
    )] == ["L6", "L2"]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("purpose", "allowed"),
    [(Purpose.COMMERCIAL, False), (Purpose.SERVICE, True), (Purpose.TRANSACTIONAL, True), (Purpose.REQUESTED, True)],
)
def test_an_open_complaint_suspends_commercial_contact_only(cal, purpose, allowed):
    row = OutreachFactory()
    row.customer.holds.create(reason="Queja abierta QR-1", source="satisfaction", reference="1", since=MONDAY)
    found = verdict(row, cal, purpose=purpose)
    assert found.allowed is allowed
    assert allowed or (found.rule, found.next_at, found.reason) == ("VOZ", None, "Espera: Queja abierta QR-1.")


@pytest.mark.django_db
def test_a_wait_without_an_end_does_not_close_what_is_planned(agent, cal):
    row = OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    row.customer.holds.create(reason="Queja", source="satisfaction", reference="1", since=MONDAY, purpose=Purpose.SERVICE)
    row.customer.holds.create(reason="Encuesta", source="survey", reference="2", since=MONDAY, until=MONDAY + 2 * DAY)
    # The call itself waits, too: somebody opened the complaint while it rang.
    with pytest.raises(NotAllowedNow):
        verbs.record_attempt(row.pk, silence(), agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    row.customer.holds.filter(source="survey").update(until=MONDAY)
    verbs.record_attempt(row.pk, silence(), agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    row.refresh_from_db()
    assert (row.state, row.next_step) == (OutreachState.OPEN, NextStep.CALL)


@pytest.mark.django_db
def test_a_refused_channel_leaves_the_other_one(agent, cal):
    row = OutreachFactory()
    survey = OutreachFactory(customer=row.customer, purpose=Purpose.SERVICE, programme="AFTERSALES_SURVEY", phone=False)
    first = consent.refuse(row.customer, scope=ExclusionScope.COMMERCIAL, channels=[VOICE], source=ExclusionSource.CUSTOMER, at=MONDAY)
    row.refresh_from_db()
    survey.refresh_from_db()
    assert (row.next_step, survey.next_step) == (NextStep.WHATSAPP, NextStep.CALL)
    assert [(pk, before["next_step"]) for pk, _, before in first.withdrawn] == [(row.pk, "CALL")]
    again = consent.refuse(row.customer, scope=ExclusionScope.COMMERCIAL, channels=[VOICE], source=ExclusionSource.CUSTOMER, at=MONDAY)
    assert (again.exclusion, again.withdrawn) == (first.exclusion, [])
    assert verdict(row, cal).rule == "L5"
    assert verdict(row, cal, channel=Channel.WHATSAPP).allowed
    consent.refuse(row.customer, scope=ExclusionScope.COMMERCIAL, channels=[Channel.WHATSAPP], source=ExclusionSource.CUSTOMER, at=MONDAY)
    row.refresh_from_db()
    assert row.result == Result.OPTED_OUT


@pytest.mark.django_db
def test_a_channel_that_was_never_authorised_is_closed_for_every_purpose_but_what_they_ask(cal):
    row = OutreachFactory()
    consent.refuse(row.customer, scope=ExclusionScope.ALL, channels=[VOICE], source=ExclusionSource.AUTHORISATION, at=MONDAY)
    for purpose in (Purpose.COMMERCIAL, Purpose.SERVICE, Purpose.VERIFICATION, Purpose.TRANSACTIONAL):
        assert verdict(row, cal, purpose=purpose).rule == "L8"
        assert verdict(row, cal, purpose=purpose, channel=Channel.WHATSAPP).allowed
    assert verdict(row, cal, purpose=Purpose.REQUESTED).allowed


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("enforcement", "checked_days_ago", "allowed", "warned"),
    [
        (RneEnforcement.WARN, None, True, True),
        (RneEnforcement.WARN, 1, True, False),
        (RneEnforcement.BLOCK, None, False, True),
        (RneEnforcement.BLOCK, 7, True, False),  # Monday before: five business days
        (RneEnforcement.BLOCK, 11, False, True),
        (RneEnforcement.AUTO, None, True, True),
    ],
)
def test_an_old_look_up_in_the_register_warns_or_forbids(cal, enforcement, checked_days_ago, allowed, warned):
    ContactRules.objects.create(rne_enforcement=enforcement)
    row = OutreachFactory()
    if checked_days_ago is not None:
        row.customer.points.update(rne_checked_on=(MONDAY - checked_days_ago * DAY).date())
    found = verdict(row, cal)
    assert (found.allowed, bool(found.warnings)) == (allowed, warned)
    assert verdict(row, cal, purpose=Purpose.SERVICE).allowed


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("enforcement", "purpose", "allowed", "warned"),
    [
        (RneEnforcement.BLOCK, Purpose.COMMERCIAL, [True, False], [False, True]),
        (RneEnforcement.WARN, Purpose.COMMERCIAL, [True, True], [False, True]),
        (RneEnforcement.BLOCK, Purpose.SERVICE, [True, True], [False, False]),
    ],
)
def test_what_was_looked_up_is_a_number_and_not_the_person(agent, cal, enforcement, purpose, allowed, warned):
    ContactRules.objects.create(rne_enforcement=enforcement)
    row = OutreachFactory(purpose=purpose)
    row.customer.points.update(rne_checked_on=MONDAY.date())
    points = [row.customer.points.get(), PhoneFactory(customer=row.customer, position=1)]
    contact = ContactIntent(VOICE, purpose, MONDAY)
    said = [contact_law.verdict_for(row.customer_id, contact, calendar=cal, point=point.pk) for point in points]
    assert ([found.allowed for found in said], [bool(found.warnings) for found in said]) == (allowed, warned)
    assert contact_law.verdicts_by_number(contact_law.load_history(row.customer_id, MONDAY), contact, points, calendar=cal) == {
        point.pk: found for point, found in zip(points, said, strict=True)
    }
    assert contact_law.unasked(points, contact, calendar=cal) == {point.pk for point, warn in zip(points, warned, strict=True) if warn}
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)  # a number is left to dial
    assert queue.start_call(row.pk, agent, fence=held.fence, at=MONDAY, calendar=cal, point=points[0]).pk == row.pk
    if allowed[1]:
        queue.start_call(row.pk, agent, fence=held.fence, at=MONDAY, calendar=cal, point=points[1])
    else:
        with pytest.raises(NotAllowedNow, match="no se ha consultado en el RNE"):  # nor as the next of the ladder
            queue.start_call(row.pk, agent, fence=held.fence, at=MONDAY, calendar=cal, point=points[1])


@pytest.mark.django_db
def test_the_message_goes_to_a_number_that_was_looked_up(agent, cal):
    ContactRules.objects.create(rne_enforcement=RneEnforcement.BLOCK)
    row = OutreachFactory(next_step=NextStep.WHATSAPP)
    other = PhoneFactory(customer=row.customer, position=1, rne_checked_on=MONDAY.date())
    assert messages.draft_for(row, agent, at=MONDAY).point == other
    held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    messages.give_up_message(row.pk, agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    assert list(row.customer.points.filter(is_on_whatsapp=False)) == [other]


@pytest.mark.django_db
def test_an_opt_out_stands_once_and_can_be_taken_back(agent):
    customer = CustomerFactory()
    refusal = consent.refuse(customer, scope=ExclusionScope.ALL, source=ExclusionSource.CUSTOMER, at=MONDAY)
    consent.give_back(refusal.exclusion, by=agent, at=MONDAY + DAY)
    assert not Exclusion.objects.standing().exists()


@pytest.mark.django_db
@pytest.mark.parametrize("order", [("WHATSAPP", "VOICE"), ("VOICE", "WHATSAPP")])
def test_two_refusals_of_one_channel_each_leave_none(order):
    row = OutreachFactory()
    for channel in order:
        consent.refuse(row.customer, scope=ExclusionScope.COMMERCIAL, channels=[channel], source=ExclusionSource.CUSTOMER, at=MONDAY)
    row.refresh_from_db()
    assert (row.state, row.result) == (OutreachState.CLOSED, Result.OPTED_OUT)
