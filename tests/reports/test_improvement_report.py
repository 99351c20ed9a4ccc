"""R-IMP Informe de Mejoramiento: which actions of a period, how many worked, by state and by risk (CAR-8, CAR-11)."""

import io
from datetime import date, datetime

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from callcenter.roles import Role
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.periods import Month
from reports.base import Request
from reports.catalogue import BY_CODE
from reports.models import ActionState, ImprovementAction
from reports.render import xlsx
from tests.conftest import person

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)
AT = datetime(2026, 12, 1, 6, tzinfo=BOGOTA)
RISK = "R3 Poca efectividad en el agendamiento"


def action(finding, *, opened=(2026, 11, 5), closed=None, state="PROPOSED", due=None, **more):
    worked = {"plan": "x", "owner": person(Role.AFTERSALES_MANAGER), "due_on": due or date(2026, 11, 20)} if state != "PROPOSED" else {}
    if state in {"DONE", "EFFECTIVE", "INEFFECTIVE"}:
        worked |= {"done_on": date(2026, 11, 10), "result": "hecho"}
    if closed:
        worked |= {"closed_at": datetime(*closed, 9, tzinfo=BOGOTA), "verdict": "x"}
    return ImprovementAction.objects.create(
        origin="PQRS", finding=finding, opened_at=datetime(*opened, 9, tzinfo=BOGOTA), state=state, **(worked | more)
    )


@pytest.fixture
def actions(north, centre):
    action("Antes y cerrada antes", opened=(2026, 9, 1), closed=(2026, 10, 31), state="EFFECTIVE")
    action("Cerrada el primer día", opened=(2026, 9, 1), closed=(2026, 11, 1), state="EFFECTIVE", risk=RISK)
    action("No sirvió", closed=(2026, 11, 30), state="INEFFECTIVE", risk=RISK, site=north)
    action("Vencida", state="PLANNED", site=centre)
    action("A tiempo", state="PLANNED", due=date(2026, 12, 20))
    action("Propuesta")
    action("De diciembre", opened=(2026, 12, 1))


def dataset(**scope):
    return BY_CODE["R-IMP"].dataset(Request(NOVEMBER, **scope), at=AT)


def test_the_actions_of_the_period_and_their_figures(actions):
    data = dataset()
    assert [row.finding for row in data.records] == ["Cerrada el primer día", "No sirvió", "Vencida", "A tiempo", "Propuesta"]
    assert {item.code: item.text for item in data.indicators} == {"EFICACIA": "50,0 %", "ABIERTAS": "3", "VENCIDAS": "1", "CERRADAS": "2"}


@pytest.mark.parametrize(
    ("day", "late"), [(datetime(2026, 11, 20, 18, tzinfo=BOGOTA), "0"), (datetime(2026, 11, 21, 8, tzinfo=BOGOTA), "1"), (AT, "1")]
)
def test_of_a_month_that_runs_late_is_what_is_late_today(actions, day, late):
    data = BY_CODE["R-IMP"].dataset(Request(NOVEMBER), at=day)
    (figure,) = [item for item in data.indicators if item.code == "VENCIDAS"]
    assert (figure.text, str(sum(map(BY_CODE["R-IMP"].drills["VENCIDAS"], data.records)))) == (late, late)


def test_by_state_and_by_risk(actions):
    by_state, by_risk = dataset().tables
    assert by_state.rows == (("Propuesta", "1"), ("Con plan", "2"), ("Eficaz", "1"), ("No eficaz", "1"))
    assert by_risk.rows == ((RISK, "2", "0", "50,0 % (1 de 2)"), ("Sin riesgo citado", "3", "3", "N/D"))


def test_a_site_sees_its_own_and_those_of_the_company(actions, north):
    assert [row.finding for row in dataset(site=north).records] == ["Cerrada el primer día", "No sirvió", "A tiempo", "Propuesta"]


@pytest.mark.parametrize("code", ["EFICACIA", "ABIERTAS", "VENCIDAS", "CERRADAS"])
def test_every_figure_leads_to_as_many_rows(actions, code):
    data = dataset()
    figure = next(item for item in data.indicators if item.code == code)
    assert sum(map(BY_CODE["R-IMP"].drills[code], data.records)) == figure.hits


def test_the_book_has_typed_dates(actions):
    sheet = load_workbook(io.BytesIO(xlsx.workbook(dataset())))["Detalle"]
    head = [cell.value for cell in sheet[1]]
    row = next(line for line in sheet.iter_rows(min_row=2) if line[head.index("Hallazgo")].value == "Vencida")
    assert row[head.index("Fecha límite")].value.date() == date(2026, 11, 20)
    assert row[head.index("Evidencias")].value == 0
    assert row[head.index("Estado")].value == ActionState.PLANNED.label


def test_risks_are_offered_and_filtered(client, actions):
    client.force_login(person(Role.AFTERSALES_MANAGER))
    assert [row.finding for row, _ in client.get(reverse("reports:actions"), {"risk": "on", "state": "all"}).context["rows"]] == [
        "No sirvió", "Cerrada el primer día"
    ]  # fmt: skip
    assert f'<option value="{RISK}">' in client.get(reverse("reports:new_action")).content.decode()


@pytest.mark.parametrize(("code", "proves"), [("R-IMP", False), ("GSC-FOR-02", False), ("GSC-FOR-09", True), ("PAQ-AUD", True)])
def test_only_a_report_that_asks_for_screenshots_speaks_of_them(client, code, proves, director):
    client.force_login(director)
    assert ('id="evidencia"' in client.get(reverse("reports:report", args=[code])).content.decode()) is proves
