"""F9: what the clock owes is made once: rung twice, rung late, or not rung for weeks."""

from datetime import datetime, timedelta

import pytest

from callcenter import tasks
from callcenter.models import Retention
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.periods import Month, Week, parse
from reports.catalogue import CATALOGUE
from reports.domain import editions
from reports.models import Edition

WEEKLY = [report for report in CATALOGUE if Week in report.frequencies][:1]
MONTHLY = [report for report in CATALOGUE if Month in report.frequencies][:1]
START = datetime(2026, 1, 1, 0, 7, tzinfo=BOGOTA)


def made() -> list[str]:
    return list(Edition.objects.filter(period__contains="W").order_by("period").values_list("period", flat=True))


@pytest.mark.django_db
def test_f9_four_hundred_days_make_each_week_and_month_once():
    """Rung twice a day, some days by two beats, through ends of month, leap weeks and holidays."""
    catalogue = WEEKLY + MONTHLY
    for day in range(400):
        for hour in (0, 7) + (7,) * (day % 10 == 0):
            editions.prepare_due(START + timedelta(days=day, hours=hour), catalogue)
    last = START + timedelta(days=399, hours=7)
    for kind, report in ((Week, WEEKLY[0]), (Month, MONTHLY[0])):
        rows = Edition.objects.filter(code=report.code, period__contains="-W" if kind is Week else "-")
        codes = [code for code in rows.values_list("period", flat=True) if isinstance(parse(code), kind)]
        first, expected = min(parse(code) for code in codes), []
        while first <= editions.closed_period(kind, last):
            expected.append(first.code)
            first = first.next()
        assert sorted(codes) == expected
        assert len(codes) >= 14


@pytest.mark.django_db
def test_f9_after_three_weeks_without_a_beat_all_three_are_caught_up():
    monday = datetime(2026, 11, 2, 8, 0, tzinfo=BOGOTA)
    editions.prepare_due(monday, WEEKLY)
    editions.prepare_due(monday + timedelta(days=28), WEEKLY)
    assert made() == ["2026-W44", "2026-W45", "2026-W46", "2026-W47", "2026-W48"]
    assert editions.prepare_due(monday + timedelta(days=28), WEEKLY) == 0  # asked again, nothing is owed


@pytest.mark.django_db
def test_f9_a_house_that_begins_owes_only_the_last_period():
    editions.prepare_due(datetime(2026, 11, 2, 8, 0, tzinfo=BOGOTA), WEEKLY)
    assert made() == ["2026-W44"]


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
def test_f9_a_night_is_one_round_whoever_rings():
    for _ in range(3):
        tasks.retire()
    assert Retention.objects.count() == 1
