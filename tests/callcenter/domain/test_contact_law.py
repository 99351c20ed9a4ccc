"""Ley 2300 as a table: every row of the dossier's test table, and what the database refuses by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from callcenter.domain import contact_law
from callcenter.domain.contact_law import ContactHistory, ContactIntent, PastTouch, Refusal, check, next_allowed
from callcenter.enums import Channel, ExclusionScope, ExclusionSource, Purpose
from callcenter.models import Touch
from carrazos.lib.calendar import BOGOTA, BusinessCalendar, is_holiday
from tests.factories import MONDAY, CustomerFactory, OutreachFactory

VOICE, WHATSAPP = Channel.VOICE, Channel.WHATSAPP
COMMERCIAL, SERVICE, VERIFICATION = Purpose.COMMERCIAL, Purpose.SERVICE, Purpose.VERIFICATION
TRANSACTIONAL, REQUESTED = Purpose.TRANSACTIONAL, Purpose.REQUESTED


def at(*parts):
    return datetime(*parts, tzinfo=BOGOTA)


def ask(moment, *, purpose=COMMERCIAL, channel=VOICE, touches=(), **history):
    return check(ContactIntent(channel, purpose, moment), ContactHistory(touches=tuple(touches), **history))


def touch(moment, *, purpose=COMMERCIAL, channel=VOICE, effective=True):
    return PastTouch(channel, purpose, moment, effective)


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        (at(2026, 11, 23, 6, 59, 59), False),
        (at(2026, 11, 23, 7, 0), True),
        (at(2026, 11, 23, 18, 59, 59), True),
        (at(2026, 11, 23, 19, 0), False),
        (at(2026, 11, 28, 7, 59), False),
        (at(2026, 11, 28, 8, 0), True),
        (at(2026, 11, 28, 14, 59), True),
        (at(2026, 11, 28, 15, 0), False),
        (at(2026, 11, 29, 10, 0), False),
        (at(2026, 12, 8, 10, 0), False),
        (at(2026, 11, 16, 10, 0), False),
        (at(2026, 7, 13, 10, 0), False),
        (at(2027, 7, 12, 10, 0), False),
        (at(2027, 5, 1, 10, 0), False),
        (at(2027, 8, 7, 10, 0), False),
        (at(2027, 12, 25, 10, 0), False),
        (at(2026, 12, 24, 10, 0), True),
        (datetime(2026, 11, 24, 0, 30, tzinfo=UTC), False),
    ],
)
@pytest.mark.parametrize("purpose", [COMMERCIAL, SERVICE, VERIFICATION, TRANSACTIONAL])
def test_hours_and_days(moment, allowed, purpose):
    assert ask(moment, purpose=purpose).allowed is allowed


def test_two_cars_are_one_person():
    verdict = ask(at(2026, 11, 24, 11, 0), touches=[touch(at(2026, 11, 24, 9, 0), effective=False)])
    assert (verdict.allowed, verdict.rule, verdict.next_at) == (False, "L3", at(2026, 11, 25, 7, 0))


def test_the_confirmation_of_an_appointment_just_booked_goes_out():
    answered = [touch(at(2026, 11, 24, 10, 0))]
    assert ask(at(2026, 11, 24, 10, 5), purpose=TRANSACTIONAL, channel=WHATSAPP, touches=answered).allowed


def test_after_an_answered_call_the_other_channel_waits_for_monday():
    answered = [touch(at(2026, 11, 24, 10, 0))]
    verdict = ask(at(2026, 11, 26, 10, 0), channel=WHATSAPP, touches=answered)
    assert (verdict.allowed, verdict.rule, verdict.next_at) == (False, "L4", at(2026, 11, 30, 7, 0))
    assert ask(at(2026, 11, 30, 7, 0), channel=WHATSAPP, touches=answered).allowed
    assert ask(at(2026, 11, 26, 10, 0), channel=VOICE, touches=answered).allowed


def test_an_unanswered_call_closes_the_other_channel_only_in_strict_mode():
    silent = [touch(at(2026, 11, 25, 10, 0), effective=False)]
    intent, history = ContactIntent(WHATSAPP, COMMERCIAL, at(2026, 11, 26, 10, 0)), ContactHistory(touches=tuple(silent))
    assert check(intent, history).allowed
    assert check(intent, history, mode=contact_law.STRICT).rule == "L4"


def test_a_survey_today_holds_the_commercial_call():
    survey = [touch(at(2026, 11, 24, 9, 0), purpose=SERVICE)]
    assert ask(at(2026, 11, 24, 15, 0), touches=survey).rule == "L3"


def test_service_calls_are_two_a_day_at_most():
    first = [touch(at(2026, 11, 24, 9, 0), purpose=SERVICE)]
    assert ask(at(2026, 11, 24, 15, 0), purpose=SERVICE, touches=first).allowed
    assert ask(at(2026, 11, 24, 15, 0), purpose=SERVICE, touches=[*first, touch(at(2026, 11, 24, 11, 0), purpose=SERVICE)]).rule == "L3"


def refusal(scope, source=ExclusionSource.CUSTOMER, channels=()):
    return {"refusals": (Refusal(scope, source, frozenset(channels)),)}


@pytest.mark.parametrize(
    ("scope", "purpose", "rule"),
    [
        (ExclusionScope.COMMERCIAL, COMMERCIAL, "L6"),
        (ExclusionScope.COMMERCIAL, SERVICE, ""),
        (ExclusionScope.COMMERCIAL, VERIFICATION, ""),
        (ExclusionScope.COMMERCIAL, TRANSACTIONAL, ""),
        (ExclusionScope.COMMERCIAL, REQUESTED, ""),
        (ExclusionScope.ALL, COMMERCIAL, "L7"),
        (ExclusionScope.ALL, SERVICE, "L7"),
        (ExclusionScope.ALL, VERIFICATION, "L7"),
        (ExclusionScope.ALL, TRANSACTIONAL, "L7"),
        (ExclusionScope.ALL, REQUESTED, ""),
    ],
)
def test_opt_outs(scope, purpose, rule):
    verdict = ask(at(2026, 11, 24, 10, 0), purpose=purpose, **refusal(scope))
    assert verdict.rule == rule
    assert verdict.next_at is None


def test_a_commercial_opt_out_warns_the_verification_call():
    verdict = ask(at(2026, 11, 24, 10, 0), purpose=VERIFICATION, **refusal(ExclusionScope.COMMERCIAL))
    assert verdict.warnings == ("El cliente pidió no recibir contactos comerciales.",)


def test_an_opt_out_of_one_channel_leaves_the_others():
    only = refusal(ExclusionScope.COMMERCIAL, channels=[WHATSAPP])
    assert ask(at(2026, 11, 24, 10, 0), **only).allowed
    assert ask(at(2026, 11, 24, 10, 0), channel=WHATSAPP, **only).rule == "L5"
    assert ask(at(2026, 11, 24, 10, 0), channel=WHATSAPP, purpose=SERVICE, **only).warnings


def test_the_register_of_excluded_numbers():
    listed = refusal(ExclusionScope.COMMERCIAL, ExclusionSource.RNE, [VOICE])
    assert ask(at(2026, 11, 24, 10, 0), **listed).rule == "L5"
    assert ask(at(2026, 11, 24, 10, 0), channel=WHATSAPP, **listed).allowed
    assert ask(at(2026, 11, 24, 10, 0), purpose=SERVICE, **listed).warnings


def test_what_the_customer_asked_for_is_exempt_from_counts_but_not_from_hours():
    earlier = [touch(at(2026, 11, 24, 9, 0))]
    assert ask(at(2026, 11, 24, 11, 0), purpose=REQUESTED, touches=earlier).allowed
    assert ask(at(2026, 11, 24, 20, 0), purpose=REQUESTED).rule == "L1"
    assert ask(at(2026, 11, 24, 20, 0), purpose=REQUESTED, last_inbound_at=at(2026, 11, 24, 19, 0)).allowed
    assert ask(at(2026, 11, 29, 10, 0), purpose=REQUESTED, has_hours_exception=True).allowed


def test_the_natural_flow_of_a_week():
    """Three unanswered calls, then the WhatsApp on Thursday; once delivered, the phone waits for Monday."""
    calls = [touch(at(2026, 11, day, 10, 0), effective=False) for day in (23, 24, 25)]
    assert ask(at(2026, 11, 26, 10, 0), channel=WHATSAPP, touches=calls).allowed
    written = [*calls, touch(at(2026, 11, 26, 10, 0), channel=WHATSAPP)]
    assert ask(at(2026, 11, 27, 10, 0), touches=written).rule == "L4"
    assert ask(at(2026, 11, 30, 10, 0), touches=written).allowed


def test_a_company_day_off_is_closed():
    closed = BusinessCalendar({at(2026, 11, 24).date(): False})
    verdict = check(ContactIntent(VOICE, COMMERCIAL, at(2026, 11, 24, 10, 0)), ContactHistory(), calendar=closed)
    assert (verdict.rule, verdict.next_at) == ("L2", at(2026, 11, 25, 7, 0))


MOMENTS = st.datetimes(min_value=datetime(2026, 11, 1), max_value=datetime(2027, 1, 31)).map(lambda value: value.replace(tzinfo=BOGOTA))
TOUCHES = st.builds(PastTouch, st.sampled_from([VOICE, WHATSAPP]), st.sampled_from(list(Purpose)), MOMENTS, st.booleans())


@given(st.sampled_from([VOICE, WHATSAPP]), st.sampled_from(list(Purpose)), MOMENTS, st.lists(TOUCHES, max_size=6))
def test_the_next_allowed_moment_is_allowed_and_legal(channel, purpose, moment, touches):
    history = ContactHistory(touches=tuple(touches))
    found = next_allowed(ContactIntent(channel, purpose, moment), history)
    assert found is not None
    assert found >= moment
    assert check(ContactIntent(channel, purpose, found), history).allowed
    local = found.astimezone(BOGOTA)
    assert local.weekday() != 6
    assert not is_holiday(local.date())
    assert 7 <= local.hour < 19


def write(customer, moment, *, channel=VOICE, purpose=COMMERCIAL, effective=True):
    day = moment.astimezone(BOGOTA).date()
    outreach = OutreachFactory(customer=customer, phone=False)
    attempt = outreach.attempts.create(
        outreach=outreach, number=1, agent=write.agent, outcome="BOOKED", is_contact=True, started_at=moment, at=moment, day=day,
        policy_version="x", body_hash="x",
    )  # fmt: skip
    return Touch.objects.create(
        customer=customer, channel=channel, purpose=purpose, at=moment, day=day, week=contact_law.monday_of(day), is_effective=effective,
        attempt=attempt,
    )  # fmt: skip


def test_the_database_refuses_what_the_law_forbids(agent):
    write.agent = agent
    customer = CustomerFactory()
    write(customer, MONDAY)
    with pytest.raises(IntegrityError, match="touch_commercial_once_a_day"), transaction.atomic():
        write(customer, MONDAY + timedelta(hours=2), effective=False)
    with pytest.raises(IntegrityError, match="touch_commercial_one_channel"), transaction.atomic():
        write(customer, MONDAY + timedelta(days=1), channel=WHATSAPP)
    write(customer, MONDAY + timedelta(days=1), channel=WHATSAPP, purpose=TRANSACTIONAL)
    write(customer, MONDAY + timedelta(days=7), channel=WHATSAPP)


def test_history_holds_this_week_and_the_standing_refusals(agent):
    write.agent = agent
    customer = CustomerFactory()
    write(customer, MONDAY - timedelta(days=3))
    write(customer, MONDAY)
    customer.exclusions.create(scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, since=MONDAY)
    customer.exclusions.create(scope=ExclusionScope.ALL, source=ExclusionSource.CUSTOMER, since=MONDAY, withdrawn_at=MONDAY)
    history = contact_law.load_history(customer.pk, MONDAY + timedelta(days=1))
    assert [past.at for past in history.touches] == [MONDAY]
    assert [found.scope for found in history.refusals] == [ExclusionScope.COMMERCIAL]
