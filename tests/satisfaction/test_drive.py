"""The old Drive sheets: a word or a colour becomes facts, once, and every row that does not enter says why (domain 1.8)."""

from collections import Counter
from datetime import datetime

import pytest

from callcenter.enums import BatchStatus, OutreachState
from callcenter.models import Attempt, Customer, Hold, ImportRow, Mail, Notification
from callcenter.roles import Role
from callcenter.spiga import pipeline
from carrazos.lib.calendar import BOGOTA
from satisfaction.domain import alarms, metrics, old_lights
from satisfaction.enums import Area, FollowUpKind, FollowUpStatus, Light, Origin, SurveyStatus
from satisfaction.models import FollowUp, Survey
from tests.conftest import person
from tests.factories import MONDAY, EmployeeFactory
from tests.samples.build import FOLDER
from tests.satisfaction.drive_sheets import LOW, SALES_HEADER, book, line
from tests.satisfaction.scenes import case
from tests.satisfaction.test_pages import as_


def load(data, *, slug="drive_aftersales", dry_run=False):
    batch = pipeline.receive(slug, data, "seguimiento 2025.xlsx", by=None, site=None, at=MONDAY, repeat=True)
    result = pipeline.import_now(batch, dry_run=dry_run)
    batch.refresh_from_db()
    assert batch.status == (BatchStatus.CHECKED if dry_run else BatchStatus.APPLIED), batch.error
    return result


# -- words and colours -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "light"),
    [
        ("Sin gestión", Light.RED), ("ROJO", Light.RED), ("no gestionado", Light.RED), ("Pendiente", Light.RED),
        ("En trámite", Light.YELLOW), ("amarillo", Light.YELLOW), ("en proceso", Light.YELLOW),
        ("Gestión realizada", Light.GREEN), ("verde", Light.GREEN), ("GESTIONADO", Light.GREEN), ("Cerrado", Light.GREEN),
        ("Verde claro", Light.LIGHT_GREEN), ("Cliente insatisfecho", Light.LIGHT_GREEN),
        ("Sugerencia", Light.BLUE), ("CARD ADVISOR", Light.PURPLE), ("", None), ("ok", None),
    ],
)  # fmt: skip
def test_what_a_word_means(said, light):
    assert old_lights.of_words(said) == light


@pytest.mark.parametrize(
    ("rgb", "light"),
    [
        ("FF0000", Light.RED), ("F4CCCC", Light.RED), ("EA4335", Light.RED), ("C00000", Light.RED),
        ("FFFF00", Light.YELLOW), ("FFF2CC", Light.YELLOW), ("F1C232", Light.YELLOW), ("FBBC04", Light.YELLOW),
        ("00FF00", Light.GREEN), ("34A853", Light.GREEN), ("6AA84F", Light.GREEN), ("2E7D32", Light.GREEN), ("70AD47", Light.GREEN),
        ("B6D7A8", Light.LIGHT_GREEN), ("D9EAD3", Light.LIGHT_GREEN), ("93C47D", Light.LIGHT_GREEN), ("9CCC65", Light.LIGHT_GREEN),
        ("0000FF", Light.BLUE), ("CFE2F3", Light.BLUE), ("4285F4", Light.BLUE),
        ("9900FF", Light.PURPLE), ("D9D2E9", Light.PURPLE), ("674EA7", Light.PURPLE),
        ("FF9900", None), ("D9D9D9", None), ("FFFFFF", None), ("000000", None),
        *((rgb, light) for rgb, light in old_lights.OWN_FILLS.items()),
    ],
)  # fmt: skip
def test_what_a_colour_means(rgb, light):
    assert old_lights.of_fill(rgb) == light


@pytest.mark.parametrize(
    ("fills", "found"),
    [
        ([], (None, False)), (["FF0000"], (Light.RED, False)), (["D9D9D9", "00FF00"], (Light.GREEN, False)),
        (["674EA7"], (Light.PURPLE, True)), (["674EA7", "FF0000"], (Light.RED, True)), (["FF0000", "00FF00"], (None, False)),
    ],
)  # fmt: skip
def test_the_colours_of_a_row(fills, found):
    assert old_lights.of_colours(old_lights.in_words(fills)) == found


# -- the import ------------------------------------------------------------------------------------------------------

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday", "north", "vw")]


def test_a_good_survey_is_history_and_no_case(client, agent):
    result = load(book(line(101)))
    assert (result.read, result.created) == (1, 1)
    row = Survey.objects.select_related("outreach").get()
    assert (row.status, row.score, row.lowest, str(row.answered_on)) == (SurveyStatus.ANSWERED, 9, 9, "2025-03-10")
    assert (row.outreach.state, row.outreach.batch.feed, row.answers.count()) == (OutreachState.CLOSED, "drive_aftersales", 4)
    assert not FollowUp.objects.exists()
    assert not Attempt.objects.exists()
    page = as_(client, agent).get(f"/encuestas/{row.pk}/").content.decode()
    assert "Hoja de Drive" in page


@pytest.mark.parametrize(
    ("more", "fill", "light", "status"),
    [
        ({"Semáforo": "Sin gestión"}, "", Light.RED, FollowUpStatus.NOT_STARTED),
        ({}, "FFFF00", Light.YELLOW, FollowUpStatus.IN_PROGRESS),
        ({}, "6AA84F", Light.GREEN, FollowUpStatus.RESOLVED),
        ({"Semáforo": "Cliente insatisfecho", "Respuesta": "No aceptó"}, "6AA84F", Light.LIGHT_GREEN, FollowUpStatus.CLOSED_UNSATISFIED),
        ({}, "674EA7", Light.PURPLE, FollowUpStatus.RESOLVED),
    ],
)  # fmt: skip
def test_the_light_follows_from_the_facts_of_the_sheet(more, fill, light, status):
    load(book(line(101, **LOW, **more), fills={0: fill} if fill else {}))
    row = FollowUp.objects.get()
    assert (row.light, row.status, row.origin, row.score, row.voice) == (light, status, Origin.IMPORTED, 4, "Volvió a fallar")
    assert Survey.objects.get().portal_answered is (light == Light.PURPLE)


def test_blue_is_a_suggestion_and_a_detractor_who_suggests_leaves_two_rows():
    load(
        book(
            line(101, **{"Voz del cliente": "Más parqueaderos"}),
            line(102, **LOW, Sugerencia="Abrir sábados", Semáforo="verde"),
            fills={0: "CFE2F3"},
        )
    )
    found = sorted(FollowUp.objects.values_list("kind", "voice"))
    assert found == [("DETRACTOR", "Volvió a fallar"), ("SUGGESTION", "Abrir sábados"), ("SUGGESTION", "Más parqueaderos")]


def test_what_was_done_is_kept_with_its_day_its_cause_and_its_evidence(director):
    row = line(101, **LOW, Semáforo="verde", Responsable=str(director), Respuesta="Se cambió el amortiguador", Evidencia="Acta 12",
               **{"Fecha de respuesta": "11/03/2025", "Causa raíz": "Calidad del trabajo"})  # fmt: skip
    load(book(row))
    found = FollowUp.objects.get()
    noon = datetime(2025, 3, 11, 12, tzinfo=BOGOTA)
    assert (found.owner, found.resolution, found.closed_at, found.cause.label) == (
        director,
        "Se cambió el amortiguador",
        noon,
        "Calidad del trabajo",
    )
    assert found.proof.text == "Hoja de Drive «seguimiento 2025.xlsx»: Acta 12"
    assert (found.response_minutes, found.answered_at < found.first_due_at) == (600, True)
    assert list(found.events.values_list("action", flat=True)) == ["OPENED", "RESOLVED"]


def test_a_closed_case_without_a_day_counts_for_no_term(cal):
    load(book(line(101, **LOW, Semáforo="verde")))
    found = FollowUp.objects.get()
    assert (found.first_due_at, found.response_minutes, found.resolution) == (None, None, "La hoja anterior no decía qué se hizo.")


def test_an_open_old_case_is_given_to_somebody_and_warns_nobody(cal, north):
    advisor = person(Role.SERVICE_ADVISOR, email="a@carrazos.example")
    EmployeeFactory(site=north, user=advisor, name="Ana Ruiz")
    load(book(line(101, **LOW, Semáforo="rojo", **{"Asesor de servicio": "Ana Ruiz"})))
    found = FollowUp.objects.get()
    assert (found.owner, found.alarm_at, Hold.objects.filter(customer=found.customer, until=None).count()) == (advisor, None, 1)
    assert (alarms.sweep(MONDAY, cal), alarms.mail_new(MONDAY, cal)) == (0, 0)
    assert not Notification.objects.exists()
    assert not Mail.objects.exists()


def test_the_same_sheet_twice_changes_nothing():
    rows = [line(101), line(102, **LOW, Semáforo="verde"), line(103, **LOW, Semáforo="rojo")]
    load(book(*rows))
    again = load(book(*rows, line(104)))
    assert (again.created, again.unchanged, Survey.objects.count(), FollowUp.objects.count()) == (1, 3, 4, 2)


def test_the_check_writes_nothing():
    result = load(book(line(101), line(102, **LOW, Semáforo="verde")), dry_run=True)
    assert result.created == 2
    assert not Survey.objects.exists()
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({**LOW}, "NO_LIGHT", "La nota es de 6 o menos y ni el texto ni el color dicen en qué quedó"),
        ({"scores": (9, 9, 9, 11)}, "BAD_SCORE", "«11» no es una calificación de 1 a 10 (Recomendación)"),
        ({"scores": (9, 9, 9, "8,5")}, "BAD_SCORE", "«8,5» no es una calificación"),
        ({"scores": ("bien", 9, 9, 9)}, "BAD_SCORE", "«bien» no es una calificación de 1 a 10 (Atención)"),
        ({"Fecha de entrega": ""}, "NO_DATE", "Falta la fecha de entrega"), ({"Fecha de entrega": "30/12/2026"}, "FUTURE_VISIT", "está en el futuro"),
        ({"Placa": ""}, "NO_VEHICLE", "Falta la placa o el VIN"), ({"Cliente": ""}, "NO_NAME", "Falta el nombre del cliente"),
        ({"Centro": "LUNA"}, "UNKNOWN_SITE", "La sede «LUNA» no existe"),
    ],
)  # fmt: skip
def test_a_row_that_does_not_enter_says_why(more, code, words):
    result = load(book(line(101, **more), line(102)))
    assert (result.read, result.created, dict(result.rejected)) == (2, 1, {code: 1})
    assert words in ImportRow.objects.get(status="REJECTED").message


def test_two_rows_of_one_visit_and_a_survey_of_the_house_are_told_apart(cal):
    house = case(cal, survey=None)
    known = line(105, Placa=house.vehicle.plate or "ZZD105", **{"Fecha de entrega": "20/11/2026"})
    result = load(book(line(101), line(101), known))
    assert (result.created, dict(result.excluded)) == (2, {"DUPLICATE": 1})


def test_the_months_of_a_workbook_are_read_together_with_their_own_colours():
    rows = [line(n, **LOW) for n in range(101, 105)]
    result = load(book(*rows, sheets=2, space=2, fills={0: "FF0000", 1: "FFFF00", 2: "6AA84F", 3: "D9EAD3"}))
    assert result.created == 4
    found = dict(FollowUp.objects.values_list("customer__document_number", "light"))
    assert found == {"52000101": "RED", "52000102": "YELLOW", "52000103": "GREEN", "52000104": "LIGHT_GREEN"}


def test_what_the_master_knows_stays():
    load(book(line(101)))
    Customer.objects.update(name="Corregida", name_key="CORREGIDA", city="Cali")
    load(book(line(101, **{"Fecha de entrega": "12/05/2025", "Teléfono": "3005550999"})))
    customer = Customer.objects.get()
    assert (customer.name, customer.city, customer.points.count(), Survey.objects.count()) == ("Corregida", "Cali", 1, 2)


@pytest.mark.parametrize(("name", "slug", "created", "rejected", "lights"), [
    ("drive_for01.xlsx", "drive_aftersales", 7, {"NO_LIGHT": 1, "BAD_SCORE": 1},
     {"RED": 1, "YELLOW": 1, "GREEN": 1, "LIGHT_GREEN": 1, "BLUE": 1, "PURPLE": 1}),
    ("drive_for03.xlsx", "drive_sales", 2, {"NO_DATE": 1}, {"GREEN": 1}),
])  # fmt: skip
def test_the_sample_sheets_reconcile(name, slug, created, rejected, lights):
    result = load((FOLDER / name).read_bytes(), slug=slug)
    assert (result.created, dict(result.rejected), result.adds_up) == (created, rejected, True)
    assert Counter(FollowUp.objects.values_list("light", flat=True)) == lights


def test_the_sheet_of_sales():
    row = ["10/03/2025", "NORTE", "", "ANA RUIZ", "52000101", "ZZD101", "VOLKSWAGEN", 9, 6, 8, 9, "Poco parqueadero", "verde"]
    load(book(row, header=SALES_HEADER), slug="drive_sales")
    found = FollowUp.objects.get()
    assert (found.area, found.light, found.survey.programme, found.survey.answers.count()) == (Area.SALES, Light.GREEN, "SALES_SURVEY", 4)


def test_old_surveys_count_in_their_month():
    load(book(line(101), line(102, **LOW, Semáforo="verde")))
    part = metrics.Slice.of(metrics.Month(2025, 3))
    spread = metrics.distribution(part, Area.AFTERSALES)
    assert (spread.promoters, spread.detractors) == (1, 1)
    assert [topic for topic, _ in metrics.by_question(part, Area.AFTERSALES)] == [
        "Atención",
        "Recomendación",
        "Tiempos",
        "Trabajo realizado",
    ]
    assert FollowUp.objects.get().kind == FollowUpKind.DETRACTOR
