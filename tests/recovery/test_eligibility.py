"""Who belongs in the list: the table itself, and that its SQL says the same (domain 3.4, REC-R6)."""

from datetime import date, timedelta
from itertools import combinations

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection

from carrazos.lib.periods import add_months, full_months
from recovery.domain import eligibility
from recovery.domain.eligibility import FACTS, RULES
from recovery.enums import Exclusion, Segment


def test_the_order_of_the_reasons_is_the_procedures():
    assert [rule.reason for rule in RULES] == [
        Exclusion.DUPLICATE, Exclusion.OWN_VEHICLE, Exclusion.CORPORATE, Exclusion.BAD_DATA, Exclusion.RECENT_VISIT,
        Exclusion.NEVER_VISITED, Exclusion.SOLD_OR_SCRAPPED, Exclusion.OPTED_OUT, Exclusion.RNE, Exclusion.OPEN_CASE,
    ]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.reason)
def test_each_fact_of_a_rule_is_enough(rule):
    for fact in rule.facts:
        assert eligibility.reasons({fact: True}) == [rule.reason]
    assert eligibility.reasons({}) == []


def test_every_reason_is_kept_the_first_counts():
    facts = {"has_case": True, "is_company": True, "no_contact": True}
    assert eligibility.reasons(facts) == [Exclusion.CORPORATE, Exclusion.BAD_DATA, Exclusion.OPEN_CASE]


@pytest.mark.django_db
def test_the_sql_of_the_reasons_says_what_the_table_says():
    """Every single fact, every pair, none and all."""
    cases = [set(), set(FACTS), *({fact} for fact in FACTS), *map(set, combinations(FACTS, 2))]
    rows = ", ".join("(" + ", ".join(str(fact in case).lower() for fact in FACTS) + ")" for case in cases)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {eligibility.sql_reasons('f')} FROM (VALUES {rows}) f({', '.join(FACTS)})")
        found = [row[0] for row in cursor.fetchall()]
    assert found == [eligibility.reasons(dict.fromkeys(case, True)) for case in cases]


@pytest.mark.parametrize(
    ("last", "cut", "away"),
    [
        (date(2025, 11, 22), date(2026, 11, 22), False),
        (date(2025, 11, 22), date(2026, 11, 23), True),
        (date(2024, 2, 29), date(2025, 2, 28), False),
        (date(2024, 2, 29), date(2025, 3, 1), True),
        (date(2025, 2, 28), date(2026, 3, 1), True),
        (date(2023, 2, 28), date(2024, 2, 28), False),
        (date(2023, 2, 28), date(2024, 2, 29), True),
    ],
)
def test_more_than_a_year_is_from_the_day_after_the_anniversary(last, cut, away):
    assert eligibility.is_away(last, cut) is away
    assert away == (last + relativedelta(years=1) < cut)


def test_months_are_counted_as_the_calendar_does():
    start = date(2019, 12, 25)
    for offset in range(0, 1500, 7):
        first = start + timedelta(days=offset)
        for count in (0, 1, 6, 12, 18, 24):
            assert add_months(first, count) == first + relativedelta(months=count)
        last = first + timedelta(days=offset % 900)
        whole = full_months(first, last)
        assert add_months(first, whole) <= last < add_months(first, whole + 1)


@pytest.mark.parametrize(
    ("last", "segment"),
    [
        (None, Segment.NEVER),
        (date(2026, 11, 20), Segment.RECENT),
        (date(2026, 5, 23), Segment.RECENT),
        (date(2026, 5, 22), Segment.INFO),
        (date(2025, 11, 23), Segment.INFO),
        (date(2025, 11, 22), Segment.YEAR),
        (date(2025, 5, 23), Segment.YEAR),
        (date(2025, 5, 22), Segment.LONG),
        (date(2024, 11, 23), Segment.LONG),
        (date(2024, 11, 22), Segment.LOST),
        (date(1999, 1, 1), Segment.LOST),
    ],
)
def test_segments(last, segment):
    assert eligibility.segment(last, date(2026, 11, 23)) == segment


@pytest.mark.django_db
def test_the_sql_of_dates_says_what_python_says():
    """Three years of last visits against cuts at awkward ends of months."""
    cuts = [date(2024, 2, 29), date(2025, 2, 28), date(2026, 11, 23), date(2026, 12, 31)]
    statement = f"""
        SELECT d::date, {eligibility.sql_away("d::date", "%(cut)s::date", "12")}, {eligibility.sql_segment("d::date", "%(cut)s::date")},
               {eligibility.sql_months("d::date", "%(cut)s::date")}
          FROM generate_series(%(cut)s::date - 1000, %(cut)s::date + 3, '1 day') d"""
    with connection.cursor() as cursor:
        for cut in cuts:
            cursor.execute(statement, {"cut": cut})
            for day, away, segment, months in cursor.fetchall():
                expected = (eligibility.is_away(day, cut), eligibility.segment(day, cut), eligibility.months_away(day, cut))
                assert (away, segment, months) == expected, (day, cut)
