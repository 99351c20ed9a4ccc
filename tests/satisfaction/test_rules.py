"""The rules of GSC-PRO-03 and of the law as tables: no database."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrazos.lib.calendar import BOGOTA, BusinessCalendar, bogota, national
from satisfaction.domain import escalation, nps, pqrs, semaphore
from satisfaction.domain.nps import Distribution
from satisfaction.domain.semaphore import IN_PROGRESS, NOT_STARTED, RESOLVED, UNSATISFIED
from satisfaction.enums import Action, Area, Band, FollowUpKind, Formula, Level, Light, PqrsKind

CAL = national()
P, N, D = Band.PROMOTER, Band.NEUTRAL, Band.DETRACTOR


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=BOGOTA)


# -- classification --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("score", "band"), [(1, D), (2, D), (3, D), (4, D), (5, D), (6, D), (7, N), (8, N), (9, P), (10, P)])
def test_every_score_has_its_band(score, band):
    assert nps.band(score) is band


@pytest.mark.parametrize("score", [0, 11, -1, 6.5, "9", None, True])
def test_anything_else_is_no_score(score):
    with pytest.raises(ValueError, match="no es una calificación"):
        nps.band(score)


def test_high_impact_is_below_six_while_six_is_only_a_detractor():
    assert [nps.is_high_impact(score) for score in (1, 5, 6, 7)] == [True, True, False, False]
    assert [nps.is_low(score) for score in (5, 6, 7)] == [True, True, False]


@pytest.mark.parametrize(
    ("hits", "total", "text", "met"),
    [
        (9496, 10000, "94,9 %", False),
        (950, 1000, "95,0 %", True),
        (9499, 10000, "94,9 %", False),
        (19, 20, "95,0 %", True),
        (0, 0, "N/D", None),
    ],
)
def test_the_goal_is_compared_before_rounding(hits, total, text, met):
    ratio = Distribution(promoters=hits, detractors=total - hits).by(Formula.NON_DETRACTOR_PCT, goal=Decimal("95.0"))
    assert (ratio.text, ratio.met) == (text, met)


def test_the_four_formulas_of_one_distribution():
    spread = Distribution(promoters=6, neutrals=2, detractors=2, score_sum=82)
    assert {formula: spread.by(formula).text for formula in Formula} == {
        Formula.NON_DETRACTOR_PCT: "80,0 %", Formula.PROMOTER_PCT: "60,0 %", Formula.MEAN_PCT: "82,0 %", Formula.NPS: "40,0 %",
    }  # fmt: skip


# -- the light -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "portal", "expected"),
    [
        (FollowUpKind.DETRACTOR, NOT_STARTED, False, Light.RED),
        (FollowUpKind.DETRACTOR, NOT_STARTED, True, Light.RED),
        (FollowUpKind.DETRACTOR, IN_PROGRESS, False, Light.YELLOW),
        (FollowUpKind.DETRACTOR, IN_PROGRESS, True, Light.YELLOW),
        (FollowUpKind.DETRACTOR, RESOLVED, False, Light.GREEN),
        (FollowUpKind.DETRACTOR, RESOLVED, True, Light.PURPLE),
        (FollowUpKind.DETRACTOR, UNSATISFIED, False, Light.LIGHT_GREEN),
        (FollowUpKind.DETRACTOR, UNSATISFIED, True, Light.LIGHT_GREEN),
        (FollowUpKind.SUGGESTION, NOT_STARTED, False, Light.BLUE),
        (FollowUpKind.SUGGESTION, NOT_STARTED, True, Light.BLUE),
    ],
)
def test_the_colour_follows_from_the_facts(kind, status, portal, expected):
    assert semaphore.light(kind, status, portal=portal) is expected


@pytest.mark.parametrize(
    ("kind", "status", "actions"),
    [
        (FollowUpKind.DETRACTOR, NOT_STARTED, [Action.TAKEN, Action.MANAGED, Action.RESOLVED, Action.UNSATISFIED, Action.SUGGESTED]),
        (FollowUpKind.DETRACTOR, IN_PROGRESS, [Action.MANAGED, Action.RESOLVED, Action.UNSATISFIED]),
        (FollowUpKind.DETRACTOR, RESOLVED, [Action.REOPENED]),
        (FollowUpKind.DETRACTOR, UNSATISFIED, [Action.REOPENED]),
        (FollowUpKind.SUGGESTION, NOT_STARTED, []),
    ],
)
def test_each_state_offers_its_moves(kind, status, actions):
    assert [move.action for move in semaphore.legal_moves(kind, status)] == actions


def test_only_who_controls_reopens():
    assert {move.action for move in semaphore.MOVES if move.permission == semaphore.CONTROL} == {Action.REOPENED}


# -- the term --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        ("2026-11-13 16:00", "2026-11-18 16:00"),  # Monday 16 is a holiday (SAT-R6)
        ("2026-12-04 17:50", "2026-12-09 17:50"),  # 8 December
        ("2026-12-24 10:00", "2026-12-29 10:00"),
        ("2027-03-24 09:00", "2027-03-30 09:00"),  # Holy Week
        ("2026-07-09 12:00", "2026-07-14 12:00"),  # Ley 2578: 13 July
        ("2026-11-21 09:00", "2026-11-24 09:00"),  # a Saturday
        ("2026-11-22 23:30", "2026-11-24 23:30"),  # a Sunday
        ("2026-12-31 18:00", "2027-01-05 18:00"),
    ],
)
def test_due_is_the_same_hour_two_business_days_later(opened, due):
    assert escalation.clock(moment(opened), CAL).due_at == moment(due)


def test_late_from_the_very_instant():
    due = moment("2026-11-18 16:00")
    assert [escalation.is_overdue(due, moment(at)) for at in ("2026-11-18 15:59", "2026-11-18 16:00")] == [False, True]


def test_half_of_the_term_is_one_business_day_later():
    assert escalation.clock(moment("2026-11-13 16:00"), CAL).warn_at == moment("2026-11-17 16:00")


def test_a_holiday_edited_at_run_time_moves_the_term():
    calendar = BusinessCalendar({date(2026, 11, 24): False})
    assert escalation.clock(moment("2026-11-23 09:00"), calendar).due_at == moment("2026-11-26 09:00")


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31)), st.integers(1, 10))
def test_a_term_never_ends_on_a_day_off_nor_before_it_begins(opened, days):
    start = opened.replace(tzinfo=BOGOTA)
    term = escalation.clock(start, CAL, days=days)
    assert start < term.due_at
    assert start < term.warn_at <= term.due_at
    assert CAL.is_business_day(bogota(term.due_at).date())


@pytest.mark.parametrize(
    ("due", "now", "words"),
    [
        ("2026-11-23 17:30", "2026-11-23 14:30", "Vence hoy 5:30 p. m. · quedan 3 h hábiles"),
        ("2026-11-24 09:00", "2026-11-23 17:00", "Vence mañana 9:00 a. m. · quedan 2 h hábiles"),
        ("2026-11-23 10:00", "2026-11-23 09:20", "Vence hoy 10:00 a. m. · quedan 40 min hábiles"),
        ("2026-11-20 16:00", "2026-11-23 16:00", "Vencido hace 1 día hábil"),
        ("2026-11-19 16:00", "2026-11-23 09:00", "Vencido hace 2 días hábiles"),
        ("2026-11-23 09:00", "2026-11-23 11:00", "Vencido hace 2 h hábiles"),
        ("2026-11-27 09:00", "2026-11-24 09:00", "Vence vie 27 nov 9:00 a. m. · quedan 30 h hábiles"),
    ],
)
def test_the_term_in_words(due, now, words):
    assert escalation.due_words(moment(due), moment(now), CAL) == words


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-11-23 09:00", "2026-11-23 10:30", 90),
        ("2026-11-23 17:00", "2026-11-24 09:00", 120),
        ("2026-11-20 17:30", "2026-11-23 08:30", 60),  # over the weekend
        ("2026-11-23 06:00", "2026-11-23 07:00", 0),
        ("2026-11-21 10:00", "2026-11-22 10:00", 0),
        ("2026-11-23 08:00", "2026-11-25 18:00", 1800),
        ("2026-11-24 10:00", "2026-11-23 10:00", 0),
    ],
)
def test_working_minutes(start, end, minutes):
    assert escalation.business_minutes(moment(start), moment(end), CAL) == minutes


@pytest.mark.parametrize(
    ("at", "working"),
    [
        ("2026-11-23 08:00", True),
        ("2026-11-23 18:00", False),
        ("2026-11-22 10:00", False),
        ("2026-11-16 10:00", False),
        ("2026-11-23 07:59", False),
    ],
)
def test_nobody_is_warned_outside_working_hours(at, working):
    assert escalation.is_working(moment(at), CAL) is working


@pytest.mark.parametrize(
    ("area", "repeated", "warranty", "level"),
    [
        (Area.AFTERSALES, False, False, Level.ADVISOR),
        (Area.AFTERSALES, True, False, Level.DIRECTOR),
        (Area.AFTERSALES, False, True, Level.DIRECTOR),
        (Area.SALES, False, False, Level.MANAGER),
        (Area.SALES, True, True, Level.MANAGER),
    ],
)
def test_who_answers_first(area, repeated, warranty, level):
    assert escalation.first_level(area, repeated=repeated, warranty=warranty) is level


def test_the_ladder_ends_at_the_manager():
    assert [escalation.next_level(level) for level in Level] == [Level.DIRECTOR, Level.MANAGER, Level.MANAGER]


# -- PQRS ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "received", "due"),
    [
        (PqrsKind.PETITION, date(2026, 11, 13), date(2026, 12, 7)),
        (PqrsKind.INFO_REQUEST, date(2026, 12, 3), date(2026, 12, 18)),
        (PqrsKind.COMPLAINT, date(2026, 11, 13), date(2026, 12, 7)),
        (PqrsKind.CLAIM, date(2026, 11, 22), date(2026, 12, 14)),  # a Sunday
        (PqrsKind.CONSULTATION, date(2026, 11, 13), date(2026, 12, 30)),
    ],
)
def test_the_legal_term_of_each_type(kind, received, due):
    assert pqrs.due_on(kind, received, CAL) == due


def test_every_type_has_a_term_and_only_the_law_extends():
    assert set(pqrs.TERMS) == set(PqrsKind)
    extended = {kind: term.extension for kind, term in pqrs.TERMS.items() if term.extension}
    assert extended == {PqrsKind.PETITION: 15, PqrsKind.INFO_REQUEST: 10, PqrsKind.CONSULTATION: 30}


def test_a_guarantee_has_a_second_clock():
    assert pqrs.repair_due_on(PqrsKind.WARRANTY, date(2026, 11, 13), CAL) == date(2026, 12, 30)
    assert pqrs.repair_due_on(PqrsKind.CLAIM, date(2026, 11, 13), CAL) is None


@pytest.mark.parametrize(
    ("due", "today", "words"),
    [
        (date(2026, 11, 27), date(2026, 11, 23), "Quedan 4 días hábiles"),
        (date(2026, 11, 24), date(2026, 11, 23), "Queda 1 día hábil"),
        (date(2026, 11, 23), date(2026, 11, 23), "Vence hoy"),
        (date(2026, 11, 20), date(2026, 11, 23), "Vencida hace 1 día hábil"),
    ],
)
def test_the_legal_term_in_words(due, today, words):
    assert pqrs.days_words(due, today, CAL) == words
