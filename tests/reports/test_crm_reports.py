"""GC-FOR-05, 06, 21, the committee report and the monthly indicators: what they hold, on screen and as files."""

import io
import re

import pytest
from openpyxl import load_workbook

from callcenter.enums import Outcome
from callcenter.roles import Role
from carrazos.lib.periods import Month, Week
from crm_audit.domain import checks, goals, validity
from crm_audit.domain.validity import Finding
from crm_audit.enums import ProspectVerdict, TargetKind, Verdict
from crm_audit.models import Activity, Prospect, TrafficEntry
from reports.base import Request
from reports.catalogue import BY_CODE
from reports.domain import runs
from tests.conftest import person
from tests.crm_audit.conftest import bring, floor, lead, reason  # noqa: F401 -- fixtures of the audit's tests
from tests.crm_audit.test_checks import by_file, call
from tests.factories import MONDAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
CODES = ["GC-FOR-05", "GC-FOR-06", "GC-FOR-21", "R-CRM-W", "R-CRM-M"]
NOVEMBER = Month(2026, 11)


@pytest.fixture
def audit(floor, lead, vw):  # noqa: F811
    bring("traffic", "f5_traffic.csv")
    bring("visits", "f6_visits.csv")
    prospect = TrafficEntry.objects.get(file_id="4506").prospect
    validity.decide_by_data(prospect.pk, Finding(ProspectVerdict.VALID, is_real=True, note="Estuvo en la vitrina"), by=lead, at=MONDAY)
    for text in ("Pide financiación", "Confirma cita"):
        validity.judge(Activity.objects.get(comment__startswith=text).pk, Verdict.VALID, reason=None, by=lead, at=MONDAY)
    silent = Activity.objects.get(comment="no contesta")
    validity.judge(silent.pk, Verdict.INVALID, reason=reason("ACTIVITY", "NO_CONTACT_MADE"), by=lead, at=MONDAY)
    for kind, value in ((TargetKind.PROSPECTS, 10), (TargetKind.ACTIVITIES, 4)):
        goals.set_target(kind, NOVEMBER, vw, value, by=lead, at=MONDAY)


def data(code, period=NOVEMBER, **more):
    return BY_CODE[code].dataset(Request(period, **more), at=MONDAY)


def lines(dataset):
    heads = [column.title for column in dataset.columns]
    return [dict(zip(heads, [column.text(row) for column in dataset.columns], strict=True)) for row in dataset.records]


def test_the_indicators_stand_against_the_target(audit):
    assert [(item.code, item.fraction, item.text) for item in data("R-CRM-M").indicators] == [
        ("IND-09", "1 de 10", "10,0 %"),
        ("IND-10", "2 de 4", "50,0 %"),
    ]
    week = data("R-CRM-W", Week.of(MONDAY.date()).previous())
    assert [item.text for item in week.indicators] == ["Sin meta", "Sin meta"]


def test_gc_for_06_has_its_columns_and_every_counted_prospect(audit):
    found = data("GC-FOR-06")
    assert (found.header.code, found.header.valid_until) == ("GC-FOR-06", "15/07/2026 (vencida)")
    rows = lines(found)
    assert len(rows) == 17  # of November, the cancelled one left out
    pedro = next(row for row in rows if row["Prospecto"] == "Pedro Lara Soto")
    assert (pedro["Fecha tráfico"], pedro["Validez"], pedro["¿Real?"], pedro["Observación"]) == (
        "05/11/2026",
        "Válido",
        "Sí",
        "Estuvo en la vitrina",
    )


def test_contacted_is_who_a_call_reached_whatever_they_said(floor, lead):  # noqa: F811
    bring("traffic", "f5_traffic.csv")
    checks.open_checks(Prospect.objects.all(), at=MONDAY, by=lead)
    wrong = Finding(ProspectVerdict.INVALID, is_real=False, reason=reason("PROSPECT", "WRONG_NUMBER"))
    known = Finding(ProspectVerdict.VALID, is_real=True, advised="YES", advised_how="SHOWROOM")
    said = {
        "4501": ({"finding": known}, "Sí"), "4503": ({"finding": wrong}, "No"), "4510": ({"outcome": Outcome.OPTED_OUT}, "Sí"),
        "4508": ({"outcome": Outcome.NO_CONTACT, "reason": reason("NO_CONTACT", "NO_ANSWER")}, "No"),
    }  # fmt: skip
    for file_id, (more, _) in said.items():
        call(by_file(file_id), lead, **more)
    shown = dict(zip([row.pk for row in data("GC-FOR-06").records], lines(data("GC-FOR-06")), strict=True))
    assert {file_id: shown[by_file(file_id).pk]["Contactado"] for file_id in said} == {file_id: word for file_id, (_, word) in said.items()}


def test_gc_for_05_says_verdict_reason_and_correction(audit):
    silent = next(row for row in lines(data("GC-FOR-05")) if row["Comentario SPIGA"] == "no contesta")
    assert (silent["Estado en SPIGA"], silent["Validez"], silent["Motivo"], silent["Corregido"]) == (
        "Realizada",
        "No válida",
        "No hubo contacto",
        "",
    )
    bring("visits", "f6_visits_corrected.csv")
    mended = next(row for row in lines(data("GC-FOR-05")) if row["Comentario SPIGA"].startswith("Devolvió"))
    assert (mended["Validez"], mended["Corregido"][:10]) == ("Por dictaminar", "23/11/2026")


def test_gc_for_21_counts_by_kind_and_leaves_what_was_invalid_out(audit):
    rows = {row["Prospecto"]: row for row in lines(data("GC-FOR-21"))}
    smith = rows["John Smith"]
    # Three calls on the 12th and 16th (the one judged invalid is none), one other; 7 days since the 16th.
    assert (smith["Llamadas"], smith["Otros (matrícula, entrega, WhatsApp)"], smith["Último seguimiento"]) == ("3", "1", "16/11/2026")
    assert (smith["Días sin seguimiento"], smith["Semáforo"]) == ("7", "Amarillo")
    assert (rows["Flota Demo S.A.S."]["Días sin seguimiento"], rows["Flota Demo S.A.S."]["Semáforo"]) == ("15", "Rojo")
    closed = lines(data("GC-FOR-21", Month(2026, 10)))[0]
    assert (closed["Prospecto"], closed["Días sin seguimiento"], closed["Semáforo"]) == ("Saúl Castro Mejía", "", "Sin semáforo")


def test_the_committee_hears_each_advisor(audit):
    rosa = next(row for row in lines(data("R-CRM-M")) if row["Asesor"] == "Rosa Demo")
    assert (rosa["Prospectos registrados"], rosa["Prospectos: válido"], rosa["Actividades válidas"], rosa["Actividades no válidas"]) == (
        "14",
        "1",
        "2",
        "1",
    )


@pytest.mark.parametrize("code", CODES)
def test_every_report_opens_on_screen_and_in_excel(client, audit, code, vw):
    client.force_login(person(Role.GENERAL_MANAGEMENT))
    text = re.sub(r"\s+", " ", client.get(f"/informes/{code}/?period=2026-11").content.decode())
    assert BY_CODE[code].title in text
    content, rows = runs.build(Request(NOVEMBER), code, "xlsx", at=MONDAY)
    book = load_workbook(io.BytesIO(content))
    assert book["Detalle"].max_row >= rows
    assert rows == len(data(code).records)


def test_a_viewer_of_another_site_gets_an_empty_report(audit, north):
    viewer = person(Role.SALES_MANAGER, all_sites=False)
    viewer.sites.add(north)
    assert [len(data(code, viewer=viewer).records) for code in CODES] == [0] * 5


def test_the_cost_of_a_report_does_not_grow_with_its_rows(audit, django_assert_max_num_queries):
    for code in CODES:
        with django_assert_max_num_queries(60):
            lines(data(code))
