"""Indicators: one figure everywhere, goals by scope, months that close and do not move."""

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from callcenter.domain import outreach as verbs
from callcenter.domain import queue
from callcenter.domain.outreach import Call
from callcenter.enums import Outcome
from callcenter.models import Attempt, Campaign, Reason
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.periods import Month
from carrazos.lib.ratios import Ratio
from reports.domain import improvement, indicators, measurements
from reports.models import Goal, ImprovementAction, IndicatorSnapshot
from satisfaction.models import SatisfactionRules
from tests.factories import MONDAY, OutreachFactory

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)
DECEMBER_7 = datetime(2026, 12, 7, 9, tzinfo=BOGOTA)
EFFECTIVENESS = indicators.BY_CODE["IND-01"]


def call(row, agent, cal, outcome=Outcome.DECLINED, at=MONDAY):
    kind, code = ("NO_BOOKING", "PRICE") if outcome == Outcome.DECLINED else ("NO_CONTACT", "NO_ANSWER")
    held = queue.take(row.pk, agent, at=at, calendar=cal)
    made = Call(key=uuid.uuid4(), outcome=outcome, reason=Reason.objects.get(kind=kind, code=code))
    verbs.record_attempt(row.pk, made, agent=agent, fence=held.fence, at=at + timedelta(minutes=1), calendar=cal)


@pytest.fixture
def month(agent, cal):
    """One contact in three attempts."""
    call(OutreachFactory(), agent, cal)
    for _ in range(2):
        call(OutreachFactory(), agent, cal, Outcome.NO_CONTACT)


def reading(code="IND-01", **scope):
    return indicators.readings([NOVEMBER], viewer=None, at=DECEMBER_7, **scope)[code][0]


def test_an_open_month_is_measured(month):
    read = reading()
    assert (read.figure.hits, read.figure.total, read.closed) == (1, 3, False)


@pytest.mark.parametrize(
    ("brand", "site", "value"),
    [("vw", "norte", "80"), ("vw", None, "70"), (None, "norte", "60"), (None, None, "50"), ("vw", "centro", "70")],
)
def test_the_most_specific_goal_rules(brand, site, value, vw, north, centre):
    places = {"vw": vw, "norte": north, "centro": centre, None: None}
    for b, s, v in ((vw, north, 80), (vw, None, 70), (None, north, 60), (None, None, 50), (None, None, 99)):
        Goal.objects.create(indicator="IND-01", brand=b, site=s, since=date(2027, 1, 1) if v == 99 else date(2026, 1, 1), value=v)
    pk = lambda row: row and row.pk  # noqa: E731
    found = indicators.goal_of(EFFECTIVENESS, indicators.goals(NOVEMBER), brand=pk(places[brand]), site=pk(places[site]))
    assert found == Decimal(value)


def test_a_month_closes_once_and_stays(month, agent, cal, north, vw):
    assert indicators.close_month(NOVEMBER, by=None, at=DECEMBER_7) > 0
    assert indicators.close_month(NOVEMBER, by=None, at=DECEMBER_7) == 0
    call(OutreachFactory(), agent, cal)  # written later, of the closed month
    read = reading()
    assert (read.figure.hits, read.figure.total, read.closed) == (1, 3, True)
    assert indicators.moved(NOVEMBER, brand=None, site=None, at=DECEMBER_7)["IND-01"].fraction == "2 de 4"


@pytest.mark.parametrize("code", ["IND-09", "IND-10"])
def test_what_had_no_target_has_none_once_its_month_is_closed(code):
    measured = reading(code).figure
    indicators.close_month(NOVEMBER, by=None, at=DECEMBER_7)
    closed = reading(code)
    assert closed.closed
    assert (closed.figure.text, closed.figure.fraction) == (measured.text, measured.fraction) == ("Sin meta", "van 0")


@pytest.mark.parametrize("code", ["IND-05", "IND-06"])
def test_the_goal_of_satisfaction_is_written_with_its_rules_and_nowhere_else(code, vw, db):
    SatisfactionRules.objects.create(goal=90)
    SatisfactionRules.objects.create(brand=vw, goal=85)
    assert (reading(code).figure.goal, reading(code, brand=vw.pk).figure.goal) == (90, 85)
    goal = Goal(indicator=code, since=date(2026, 1, 1), value=80)
    with pytest.raises(ValidationError, match="Reglas de satisfacción"):
        goal.full_clean()
    with pytest.raises(DatabaseError, match="goal_not_of_satisfaction"), transaction.atomic():
        goal.save()


def test_a_goal_of_satisfaction_that_was_written_apart_goes_to_the_rules(vw, db):
    SatisfactionRules.objects.create(goal=90)
    move = import_module("reports.migrations.0007_satisfaction_goal_apart").to_the_rules
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reports_goal DROP CONSTRAINT goal_not_of_satisfaction")
    for brand, since, value in ((None, 2025, 70), (vw, 2025, 75), (vw, 2026, 80)):
        Goal.objects.create(indicator="IND-05", brand=brand, since=date(since, 1, 1), value=value)
    move(apps, None)
    assert (dict(SatisfactionRules.objects.values_list("brand", "goal")), Goal.objects.count()) == ({None: 90, vw.pk: 80}, 0)


def test_what_is_defined_otherwise_since_its_close_is_not_called_moved(month, agent, cal):
    part = indicators.readings([NOVEMBER], viewer=None, at=DECEMBER_7)["IND-01"][0]
    row = indicators.snapshot_of(part, None, None, by=None, at=DECEMBER_7)
    row.formula = "Otra fórmula"
    row.save()
    call(OutreachFactory(), agent, cal)
    assert indicators.moved(NOVEMBER, brand=None, site=None, at=DECEMBER_7) == {}


def test_the_database_refuses_to_change_a_closed_figure(month):
    indicators.close_month(NOVEMBER, by=None, at=DECEMBER_7)
    for change in (lambda rows: rows.update(hits=99), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="does not change"), transaction.atomic():
            change(IndicatorSnapshot.objects.filter(month="2026-11"))


def test_a_month_that_has_not_ended_does_not_close(db):
    with pytest.raises(ValueError, match="aún no ha terminado"):
        indicators.close_month(Month(2026, 12), by=None, at=DECEMBER_7)


@pytest.mark.parametrize(("day", "closes"), [(date(2026, 12, 4), False), (date(2026, 12, 5), True)])
def test_a_month_closes_by_itself_after_its_reports_were_due(day, closes, month, cal):
    assert (indicators.to_close(day, cal) == NOVEMBER) is closes
    if closes:
        indicators.close_month(NOVEMBER, by=None, at=DECEMBER_7)
        assert indicators.to_close(day, cal) is None


def test_the_three_ways_of_counting_a_month_agree(month):
    """SQL over the month, Python over the events, and the sum of its days where it adds up."""
    figure = reading().figure
    events = [(row.is_contact, row.day) for row in Attempt.objects.counted()]
    days = [NOVEMBER.first + timedelta(days=n) for n in range(30)]
    by_day = indicators.metrics.calls_by_day(indicators.Slice.of(NOVEMBER), days)
    assert figure.hits == sum(contact for contact, _ in events) == sum(made.contacts for _, made in by_day)
    assert figure.total == len(events) == sum(made.attempts for _, made in by_day)


def test_under_goal_proposes_an_action_once(month, vw, north):
    Goal.objects.create(indicator="IND-01", since=date(2026, 1, 1), value=50)
    indicators.close_month(NOVEMBER, by=None, at=DECEMBER_7)
    proposed = improvement.propose_for(NOVEMBER, at=DECEMBER_7)
    whole = next(action for action in proposed if not (action.brand_id or action.site_id))
    assert whole.finding == "Efectividad de llamadas en noviembre de 2026: 33,3 %, bajo la meta de 50 %"
    assert improvement.propose_for(NOVEMBER, at=DECEMBER_7 + timedelta(days=1)) == []
    assert ImprovementAction.objects.count() == len(proposed)


def test_a_figure_is_compared_before_it_is_rounded():
    assert Ratio("x", 9496, 10000, Decimal("95.0")).met is False


# -- pages ------------------------------------------------------------------------------------------------------------


def test_the_table_and_one_indicator(client, month, director):
    client.force_login(director)
    page = client.get(reverse("reports:indicators"), {"period": "2026-11"}).content.decode()
    assert "33,3 %" in page
    assert "1 de 3" in page
    one = client.get(reverse("reports:indicator", args=["IND-01"]), {"period": "2026-11"}).content.decode()
    assert "Por marca y sede" in one
    assert client.get(reverse("reports:indicator", args=["IND-99"])).status_code == 404


def test_closing_by_hand_is_for_who_approves(client, month, director, advisor, monkeypatch):
    from callcenter import clock

    monkeypatch.setattr(clock, "now", lambda: DECEMBER_7)
    url = reverse("reports:close_month")
    client.force_login(director)
    assert client.post(url, {"period": "2026-11"}).status_code == 403
    client.force_login(advisor)
    assert client.get(reverse("reports:indicators")).status_code == 403


# -- by week, and the four measurements -------------------------------------------------------------------------------


@pytest.mark.usefixtures("monday")
def test_a_week_shows_only_what_is_read_by_week(client, month, director):
    client.force_login(director)
    response = client.get(reverse("reports:indicators"), {"period": "2026-W48"})
    assert [read.indicator.code for read, _ in response.context["rows"]] == ["IND-01", "IND-02", "IND-11", "IND-09", "IND-10"]
    assert response.context["rows"][0][0].figure.fraction == "1 de 3"
    one = client.get(reverse("reports:indicator", args=["IND-01"]), {"period": "2026-W48"})
    assert one.context["line"][-1].figure.fraction == "1 de 3"
    assert one.context["chart"].points[-1].label == "sem. 48"


def test_activities_stand_side_by_side(agent, cal, month, vw):
    campaign = Campaign.objects.create(name="Frenos", brand=vw, starts_on=MONDAY.date(), ends_on=MONDAY.date())
    call(OutreachFactory(campaign=campaign), agent, cal)
    call(OutreachFactory(programme="RECOVERY"), agent, cal)
    part = indicators.Slice.of(NOVEMBER)
    rows = measurements.table(part, brand=None, site=None, at=DECEMBER_7)
    assert [(row.name, row.calls.attempts, row.calls.contacts) for row in rows] == [
        ("Contacto proactivo", 4, 2), ("Recuperación", 1, 1), ("Campaña: Frenos", 1, 1)
    ]  # fmt: skip
