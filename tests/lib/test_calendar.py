"""Business days: the dates of the law and of the procedures, hand-checked."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrazos.lib.calendar import BOGOTA, BusinessCalendar, add_business_days, due_at, is_business_day, is_holiday, national


def at(*parts):
    return datetime(*parts, tzinfo=BOGOTA)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 23), True),
        (date(2026, 11, 28), False),  # Saturday
        (date(2026, 11, 29), False),  # Sunday
        (date(2026, 11, 16), False),  # Independencia de Cartagena, moved
        (date(2026, 12, 8), False),  # Inmaculada, not moved
        (date(2026, 12, 24), True),
        (date(2026, 7, 13), False),  # Ley 2578 de 2026
        (date(2027, 7, 12), False),
        (date(2026, 7, 9), True),
        (date(2027, 3, 25), False),  # Holy Thursday
        (date(2027, 3, 26), False),
    ],
)
def test_a_day_is_a_business_day(day, works):
    assert is_business_day(day) is works


def test_2027_holidays_are_those_of_the_dossier():
    expected = [(1, 1), (1, 11), (3, 22), (3, 25), (3, 26), (5, 1), (5, 10), (5, 31), (6, 7), (7, 5), (7, 12), (7, 20), (8, 7),
                (8, 16), (10, 18), (11, 1), (11, 15), (12, 8), (12, 25)]  # fmt: skip
    found = [day for day in (date(2027, 1, 1) + timedelta(n) for n in range(365)) if is_holiday(day)]
    assert [(day.month, day.day) for day in found] == expected


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        (date(2026, 11, 13), 15, date(2026, 12, 7)),
        (date(2026, 12, 3), 10, date(2026, 12, 18)),
        (date(2026, 7, 9), 2, date(2026, 7, 14)),
        (date(2026, 11, 21), 1, date(2026, 11, 23)),  # from a Saturday
        (date(2026, 11, 22), 0, date(2026, 11, 23)),  # zero: the day itself, or the next that works
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
        (date(2025, 12, 31), 1, date(2026, 1, 2)),
        (date(2026, 1, 9), 1, date(2026, 1, 13)),  # Reyes, moved to the 12th
        (date(2026, 3, 20), 1, date(2026, 3, 24)),  # San José, moved to the 23rd
        (date(2026, 4, 1), 1, date(2026, 4, 6)),  # Holy Week
        (date(2026, 4, 30), 1, date(2026, 5, 4)),
        (date(2026, 5, 15), 2, date(2026, 5, 20)),  # Ascensión
        (date(2026, 6, 5), 5, date(2026, 6, 16)),  # Corpus Christi and Sagrado Corazón, a week apart
        (date(2026, 6, 26), 1, date(2026, 6, 30)),
        (date(2026, 7, 17), 1, date(2026, 7, 21)),
        (date(2026, 8, 6), 1, date(2026, 8, 10)),
        (date(2026, 8, 14), 1, date(2026, 8, 18)),
        (date(2026, 10, 9), 1, date(2026, 10, 13)),
        (date(2026, 10, 30), 1, date(2026, 11, 3)),
        (date(2026, 12, 7), 1, date(2026, 12, 9)),
        (date(2026, 12, 24), 1, date(2026, 12, 28)),
        (date(2026, 12, 31), 1, date(2027, 1, 4)),
        (date(2026, 12, 18), 15, date(2027, 1, 13)),  # fifteen days of a PQRS over the end of the year: 25 Dec, 1 and 11 Jan
    ],
)
def test_business_days_are_added(start, n, end):
    assert add_business_days(start, n) == end


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        (at(2026, 11, 13, 16, 0), at(2026, 11, 18, 16, 0)),  # Monday 16 is a holiday
        (at(2026, 12, 4, 17, 50), at(2026, 12, 9, 17, 50)),
        (at(2026, 12, 24, 10, 0), at(2026, 12, 29, 10, 0)),
        (at(2027, 3, 24, 10, 0), at(2027, 3, 30, 10, 0)),  # Holy Week
        (at(2026, 7, 9, 10, 0), at(2026, 7, 14, 10, 0)),
        (datetime(2026, 11, 24, 4, 30, tzinfo=UTC), at(2026, 11, 25, 23, 30)),  # Monday 23:30 in Bogotá
    ],
)
def test_two_business_days_later_at_the_same_hour(opened, due):
    assert due_at(opened) == due


def test_the_owner_changes_the_calendar():
    closed = BusinessCalendar({date(2026, 11, 23): False, date(2026, 11, 28): True})
    assert closed.add_business_days(date(2026, 11, 20), 1) == date(2026, 11, 24)
    assert closed.is_business_day(date(2026, 11, 28))
    assert closed.why_closed(date(2026, 11, 23)) == "día no laboral de la empresa"


def test_previous_business_day_jumps_the_long_weekend():
    assert national().previous_business_day(date(2026, 11, 16)) == date(2026, 11, 13)
    assert national().previous_business_day(date(2026, 11, 17)) == date(2026, 11, 17)


DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 12, 31))


@given(DAYS, st.integers(1, 60))
def test_adding_is_the_slow_count(day, n):
    slow, left = day, n
    while left:
        slow += timedelta(days=1)
        left -= is_business_day(slow)
    assert add_business_days(day, n) == slow
    assert national().business_days_between(day, slow) == n


def test_ten_thousand_terms_never_end_on_a_day_off_nor_before_a_shorter_one():
    pick, cal = random.Random(13), national()
    for _ in range(10_000):
        day, n = date(2020, 1, 1) + timedelta(days=pick.randrange(4_000)), pick.randrange(1, 60)
        end = cal.add_business_days(day, n)
        assert cal.is_business_day(end)
        assert day <= end < cal.add_business_days(day, n + 1)
        assert end <= cal.add_business_days(day + timedelta(days=1), n)
