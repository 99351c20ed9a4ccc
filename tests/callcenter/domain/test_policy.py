"""Attempts and the WhatsApp that follows: a table, without database or clock."""

import pytest

from callcenter.domain.dayparts import DayPart, Habit, habit, part_of, retry_at
from callcenter.domain.policy import POLICIES, Step, adjusted, next_step
from callcenter.enums import Outcome, Programme
from carrazos.lib.calendar import bogota, national
from tests.factories import MONDAY

NO, LATER, BOOKED, DECLINED, OUT = Outcome.NO_CONTACT, Outcome.CALL_BACK, Outcome.BOOKED, Outcome.DECLINED, Outcome.OPTED_OUT


@pytest.mark.parametrize(
    ("programme", "outcomes", "messaged", "step"),
    [
        (Programme.PROACTIVE, [], False, Step.CALL),
        (Programme.PROACTIVE, [NO], False, Step.CALL),
        (Programme.PROACTIVE, [NO, NO], False, Step.CALL),
        (Programme.PROACTIVE, [NO, NO, NO], False, Step.WHATSAPP),
        (Programme.PROACTIVE, [NO, NO, NO], True, Step.CLOSE),
        (Programme.PROACTIVE, [NO, LATER], False, Step.CALL),
        (Programme.PROACTIVE, [NO, LATER, NO, NO], False, Step.WHATSAPP),
        (Programme.PROACTIVE, [NO, BOOKED], False, Step.CLOSE),
        (Programme.PROACTIVE, [DECLINED], False, Step.CLOSE),
        (Programme.PROACTIVE, [OUT], False, Step.CLOSE),
        (Programme.RECOVERY, [NO, NO], False, Step.CALL),
        (Programme.RECOVERY, [NO, NO, NO], False, Step.WHATSAPP),
        (Programme.AFTERSALES_SURVEY, [NO], False, Step.CALL),
        (Programme.AFTERSALES_SURVEY, [NO, NO], False, Step.WHATSAPP),
        (Programme.SALES_SURVEY, [NO, NO], True, Step.CLOSE),
        (Programme.PROSPECT_CHECK, [NO], False, Step.CALL),
        (Programme.PROSPECT_CHECK, [NO, NO], False, Step.CLOSE),
    ],
)
def test_the_next_step(programme, outcomes, messaged, step):
    assert next_step(POLICIES[programme], outcomes, messaged=messaged) is step


def test_every_programme_has_a_policy_with_its_clause():
    assert set(POLICIES) == set(Programme)
    assert all("-PRO-" in policy.source for policy in POLICIES.values())


def test_the_owners_numbers_move_the_message_with_the_last_call():
    policy = adjusted(POLICIES[Programme.PROACTIVE], max_attempts=2, reply_in=None, version=4)
    assert next_step(policy, [NO, NO], messaged=False) is Step.WHATSAPP
    assert policy.reply_in == POLICIES[Programme.PROACTIVE].reply_in
    assert "v4" in policy.label


def at(day, hour, minute=0):
    return MONDAY.replace(day=day, hour=hour, minute=minute)


@pytest.mark.parametrize(
    ("tried", "day", "part"),
    [
        ([at(23, 9)], 24, DayPart.AFTERNOON),
        ([at(23, 16)], 24, DayPart.MORNING),
        ([at(23, 9), at(24, 16)], 25, DayPart.MIDDAY),
        ([at(27, 16)], 28, DayPart.MORNING),  # Friday to Saturday, which opens at eight
        ([at(28, 9)], 30, DayPart.AFTERNOON),  # Saturday to Monday
    ],
)
def test_the_next_call_is_another_legal_day_and_part(tried, day, part):
    moment = bogota(retry_at(tried, days=1, calendar=national()))
    assert (moment.day, part_of(moment)) == (day, part)


def test_a_saturday_retry_waits_for_the_hour_that_saturday_allows():
    moment = bogota(retry_at([at(27, 16)], days=1, calendar=national()))
    assert (moment.hour, moment.minute) == (8, 0)


@pytest.mark.parametrize(
    ("hours", "found"),
    [
        ((), None),
        ((9, 9), None),  # two may be chance
        ((9, 8, 10), Habit(DayPart.MORNING, 3, 3)),
        ((16, 17, 18, 9), Habit(DayPart.AFTERNOON, 3, 4)),
        ((12, 12, 12, 12, 9, 16), Habit(DayPart.MIDDAY, 4, 6)),
        ((12, 12, 12, 9, 16), None),  # three of five: no habit
    ],
)
def test_when_somebody_usually_answers(hours, found):
    assert habit([MONDAY.replace(hour=hour) for hour in hours]) == found


def test_the_hours_of_a_habit_are_those_of_its_part():
    assert Habit(DayPart.AFTERNOON, 3, 4).hours == "15:00 a 19:00"
