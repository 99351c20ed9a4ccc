"""The rules of the audit as tables, without database."""

from datetime import date

import pytest
from django.db import connection

from carrazos.lib import sheets
from carrazos.lib.periods import Month
from crm_audit.domain import checks, freshness, validity
from crm_audit.domain.freshness import Thresholds
from crm_audit.enums import Hint, Light
from crm_audit.feeds.cells import nearest_year
from crm_audit.models import Activity
from tests.factories import MONDAY


@pytest.mark.parametrize(
    ("comment", "hint"),
    [
        ("", Hint.NO_COMMENT),
        (" . ", Hint.NO_COMMENT),
        ("ok", Hint.VAGUE),
        ("llamar", Hint.VAGUE),
        ("Seguimiento al cliente", Hint.VAGUE),
        ("se realiza llamada de seguimiento al cliente", Hint.VAGUE),
        ("Quiere Taos", Hint.VAGUE),  # under fifteen letters
        ("NO CONTESTA el teléfono", Hint.NO_CONTACT_MADE),
        ("Se va a buzón de voz", Hint.NO_CONTACT_MADE),
        ("Interesado en Nivus; pide cotización y prueba el sábado", None),
        ("Envié cotización por WhatsApp", None),
        ("Contestó la esposa: llamar mañana", None),
    ],
)
def test_what_a_comment_shows(comment, hint):
    assert validity.comment_hint(comment) == hint


@pytest.mark.parametrize(
    ("hints", "code"),
    [
        ([], ""),
        (["BURST"], ""),
        (["COPY_PASTE", "VAGUE"], "COPY_PASTE"),
        (["DATE_ERROR", "NO_COMMENT"], "DATE_ERROR"),
        (["FORGOTTEN"], "FORGOTTEN"),
    ],
)
def test_the_first_hint_becomes_the_reason(hints, code):
    assert Activity(hints=hints).proposed_reason == code


@pytest.mark.parametrize(
    ("days", "limits", "light"),
    [
        (0, Thresholds(), Light.GREEN),
        (3, Thresholds(), Light.GREEN),
        (4, Thresholds(), Light.YELLOW),
        (7, Thresholds(), Light.YELLOW),
        (8, Thresholds(), Light.RED),
        (None, Thresholds(), Light.NONE),
        (2, Thresholds(2, 3), Light.YELLOW),
        (3, Thresholds(2, 3), Light.RED),
    ],
)
def test_the_light_of_days_without_follow_up(days, limits, light):
    assert freshness.light(days, limits) == light


@pytest.mark.django_db
def test_the_sql_of_the_light_says_what_the_function_says():
    statement = f"SELECT {freshness.sql_light('d', 'y', 'r')} FROM (VALUES (%s::int, %s, %s)) t(d, y, r)"
    for limits in (Thresholds(), Thresholds(1, 2), Thresholds(2, 30)):
        for days in (None, *range(32)):
            with connection.cursor() as cursor:
                cursor.execute(statement, [days, limits.yellow_from, limits.red_from])
                assert cursor.fetchone()[0] == freshness.light(days, limits)


@pytest.mark.parametrize(
    ("comment", "excerpt"),
    [("Quiere el blanco", ""), ("a" * 320, ""), ("a" * 321, "a" * 320 + "…"), ("uno\ndos", ""), ("x\n" * 6, "x x x x x x…")],
)
def test_a_list_shows_the_beginning_of_a_long_comment(comment, excerpt):
    assert Activity(comment=comment).excerpt == excerpt


@pytest.mark.parametrize(("month", "cut"), [(Month(2026, 11), date(2026, 11, 23)), (Month(2026, 10), date(2026, 10, 31))])
def test_a_closed_month_keeps_its_cut(month, cut):
    assert freshness.cut_of(month, MONDAY) == cut


def test_a_sample_is_the_same_for_the_same_seed_and_takes_of_every_advisor():
    population = {"1": list(range(100)), "2": [200, 201, 202], "3": [300]}
    drawn = checks.sample("semilla", population, 10)
    assert drawn == checks.sample("semilla", {key: population[key][::-1] for key in reversed(population)}, 10)
    assert [sum(number in population[key] for number in drawn) for key in population] == [10, 1, 1]
    assert drawn != checks.sample("otra", population, 10)


@pytest.mark.parametrize(
    ("day", "month", "year"),
    [(5, 11, 2026), (20, 12, 2026), (3, 1, 2027), (30, 6, 2026)],
)
def test_a_date_without_year_takes_the_nearest(day, month, year):
    assert nearest_year(day, month, MONDAY.date()).year == year


def test_a_long_comment_with_commas_does_not_change_the_separator():
    text = "A;B;C;D\n" + "1;2;3;4\n" * 8 + "1;2;3;" + "uno, dos, " * 200
    assert sheets.find_delimiter(text) == ";"
