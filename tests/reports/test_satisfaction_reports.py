"""The reports of GSC-PRO-03: figures with their fractions, the light as word and fill, both formats' source."""

import io
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook

from callcenter.domain.metrics import Slice
from callcenter.roles import Role
from carrazos.lib.periods import Month, Week
from reports import home
from reports.base import Request
from reports.catalogue import BY_CODE
from reports.domain import indicators
from reports.models import IndicatorSnapshot
from reports.render import xlsx
from satisfaction.domain import followups, metrics, surveys
from satisfaction.domain.surveys import Reply
from satisfaction.enums import Action, Area, Formula
from satisfaction.models import FollowUp, SatisfactionRules, Survey
from tests.conftest import person
from tests.factories import MONDAY
from tests.satisfaction.scenes import answers, survey, whole_deed

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)


@pytest.fixture
def month(agent, director, cal):
    """Three promoters, one neutral, two detractors (one resolved in time, one open), one who was not reached."""
    rows = [survey() for _ in range(7)]
    scores = [(10, ""), (9, ""), (9, ""), (8, ""), (3, "Quedó sonando"), (5, "Muy demorado")]
    for row, (score, voice) in zip(rows, scores, strict=False):
        said = {8: {"suggestion": "Abrir domingos"}, 10: {"compliment": "Gracias"}}.get(score, {})
        reply = Reply(answers(row, score, score, score, score), voice=voice, **said)
        surveys.save_reply(row.pk, reply, by=agent, at=MONDAY, calendar=cal)
    case = FollowUp.objects.get(voice="Quedó sonando")
    followups.move(case.pk, Action.RESOLVED, whole_deed(), by=director, at=MONDAY + timedelta(hours=5), calendar=cal)
    return rows


def data(code, period=NOVEMBER, at=MONDAY + timedelta(days=5)):
    return BY_CODE[code].dataset(Request(period), at=at)


def figures(found):
    return {item.code: (item.text, item.fraction) for item in found.indicators if item.code}


def test_the_monthly_report_says_it_all(month):
    found = data("GSC-FOR-02")
    assert figures(found) == {"IND-05": ("66,7 %", "4 de 6"), "IND-11": ("50,0 %", "1 de 2"), "IND-12": ("85,7 %", "6 de 7")}
    assert found.findings[0].startswith("Satisfacción posventa: 66,7 %, bajo la meta de 95")
    tables = {table.title: table for table in found.tables}
    four = [row[1] for row in tables["Las cuatro fórmulas"].rows]
    assert four == ["66,7 % (4 de 6)", "50,0 % (3 de 6)", "73,3 % (44 de 60)", "16,7 % (1 de 6)"]
    assert tables["Por sede"].rows[0][0] == "Sede Norte"
    assert {row[0] for row in tables["Por pregunta"].rows} == {"Atención", "Trabajo realizado", "Tiempos", "Recomendación"}
    assert tables["Voz del cliente: sugerencias"].rows[0][2] == "Abrir domingos"
    assert tables["Voz del cliente: felicitaciones"].rows[0][2] == "Gracias"
    assert [chart.title for chart in found.charts] == ["Satisfacción por mes", "Distribución de clientes", "Causas de insatisfacción"]
    assert len(found.charts[0].points) == 12
    assert len(found.records) == 2


def test_each_brand_is_measured_by_its_own_formula_and_it_is_said(month):
    SatisfactionRules.objects.create(brand=month[0].brand, formula=Formula.PROMOTER_PCT)
    found = data("GSC-FOR-02")
    table = next(table for table in found.tables if table.title == "Por marca")
    assert (table.head[-1], table.rows[0][1], table.rows[0][-1]) == ("Fórmula", "50,0 % (3 de 6)", "Clientes promotores")
    assert figures(found)["IND-05"] == ("66,7 %", "4 de 6")  # the company's own


def test_a_closed_month_keeps_the_formula_and_the_goal_it_was_closed_with(month):
    later = MONDAY + timedelta(days=20)
    indicators.close_month(NOVEMBER, by=None, at=later)
    SatisfactionRules.objects.create(formula=Formula.PROMOTER_PCT, goal=80)
    whole = IndicatorSnapshot.objects.get(indicator="IND-05", month="2026-11", brand=None, site=None)
    assert whole.formula == "(Promotores + neutros) / encuestas válidas"
    found = data("GSC-FOR-02", at=later)
    assert (found.indicators[0].text, found.indicators[0].goal_text) == ("66,7 %", "95 %")
    assert found.charts[0].points[-1].text == "66,7 %"
    assert {table.title: table.rows[0][1] for table in found.tables if table.title.startswith("Por ")} == {
        "Por marca": "66,7 % (4 de 6)", "Por sede": "66,7 % (4 de 6)", "Por pregunta": "66,7 % (4 de 6)", "Por asesor": "66,7 % (4 de 6)",
    }  # fmt: skip
    assert data("GSC-FOR-01", at=later).indicators[0].text == "66,7 %"
    assert indicators.moved(NOVEMBER, brand=None, site=None, at=later) == {}
    # What is still open follows the new one, also on the home page's twelve months.
    Survey.objects.filter(answered_on__isnull=False).update(answered_on=date(2026, 12, 2))
    assert data("GSC-FOR-02", Month(2026, 12), at=later).indicators[0].text == "50,0 %"
    everybody = person(Role.GENERAL_MANAGEMENT)
    assert {point.text for point in home.year(everybody, later).points} == {"N/D", "50,0 %"}
    Survey.objects.filter(answered_on__isnull=False).update(answered_on=date(2026, 11, 24))
    assert {point.text for point in home.year(everybody, later).points} == {"N/D", "66,7 %"}


def test_sales_are_another_report(month):
    assert data("GSC-FOR-07").indicators[0].text == "N/D"


def test_the_control_sheet_holds_everybody_and_the_light_as_word_and_fill(month):
    found = data("GSC-FOR-01")
    assert len(found.records) == 7
    book = load_workbook(io.BytesIO(xlsx.workbook(found)))
    sheet = book["Detalle"]
    titles = [cell.value for cell in sheet[1]]
    lights = sheet[
        chr(64 + titles.index("Semáforo") + 1) if titles.index("Semáforo") < 26 else f"A{chr(64 + titles.index('Semáforo') - 25)}"
    ]
    seen = {cell.value: cell.fill.fgColor.rgb for cell in lights[1:] if cell.value}
    assert seen == {"Gestión realizada": "00A9D8B8", "Sin gestión": "00F4B6B0", "Sugerencia": "00B9D3F5"}
    scores = [cell.value for cell in sheet[chr(65 + titles.index("Atención"))][1:]]
    assert sorted(filter(None, scores)) == [3, 5, 8, 9, 9, 10]


def test_the_week_counts_what_opened_closed_and_is_late(month):
    found = data("R-SAT-W", Week(2026, 48))
    counts = {item.name: item.hits for item in found.indicators}
    assert (counts["Abiertos en la semana"], counts["Cerrados como realizados"], counts["Vencieron en la semana"]) == (2, 1, 1)
    assert (counts["Siguen abiertos"], counts["Abiertos y vencidos"]) == (1, 1)
    assert found.tables[0].rows[0][-1] == "5,0 h"


def test_a_brands_own_scope_rules(month, vw):
    part = Slice.of(NOVEMBER, sites=(), brands=(vw.pk,))
    assert metrics.satisfaction(part, Area.AFTERSALES).text == "N/D"


def test_another_month_is_empty(month):
    part = Slice(date(2026, 10, 1), date(2026, 11, 1))
    assert metrics.coverage(part, Area.AFTERSALES).text == "N/D"
