"""Every figure of every report on screen leads to the rows behind it (screens §2.4), by one address."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from callcenter.roles import Role
from carrazos.lib.periods import Month, Week
from reports.catalogue import BY_CODE, CATALOGUE
from reports.drill import Rows, narrow
from tests.conftest import person
from tests.reports.test_three_ways import Generated

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
PERIOD = {"R-SAT-W": Week(2026, 46).code, "R-CRM-W": Week(2026, 46).code}
WORDS_ONLY = ("Voz del cliente", "Gestión ")  # tables of texts: their lines are the rows themselves


@pytest.fixture
def month(agent, cal):
    return Generated(7, agent, cal)


def opened(client, code, **more):
    response = client.get(f"/informes/{code}/", {"period": PERIOD.get(code, Month(2026, 11).code), **more})
    assert response.status_code == 200
    return response.context


def links(context):
    """Every figure of a page with its address: indicators, cells of tables that count, points of charts."""
    yield from ((f"{item.key}", url) for item, url in context["kpis"])
    for table, body in context["tables"]:
        if not table.title.startswith(WORDS_ONLY):
            yield from (
                (f"{table.title}: {value}", url) for line in body for value, url in line[1:] if re.fullmatch(r"[\d.,]+( %.*)?", value)
            )
    yield from ((f"{chart.title}: {point.label}", point.url) for chart in context["charts"] for point in chart.points)


@pytest.mark.parametrize("code", [report.code for report in CATALOGUE])
def test_every_figure_has_an_address_that_answers_with_its_rows(client, month, code):
    client.force_login(person(Role.GENERAL_MANAGEMENT))
    found = list(links(opened(client, code)))
    assert found
    assert [name for name, url in found if not url] == []
    for url in {url for _, url in found}:
        assert client.get(url).status_code == 200, url
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        target = BY_CODE.get(urlsplit(url).path.split("/")[2])
        if target:  # each word of the address means something to the report it leads to
            assert set(asked) - {"cifra", "period", "site", "brand"} <= set(target.dimensions), url
            assert "cifra" not in asked or asked["cifra"] in target.drills, url


@pytest.mark.parametrize(("code", "title", "column"), [
    ("GC-FOR-06", "Prospectos por validez", 1), ("GC-FOR-06", "Cumplimiento por marca", 2), ("GC-FOR-05", "Motivos de actividad no válida", 1),
    ("GC-FOR-21", "Asesores", 2), ("GSC-FOR-04", "Por tipo", 1), ("GSC-FOR-02", "Por marca", 2), ("GSC-FOR-02", "Por sede", 4),
    ("GSC-FOR-07", "Por marca", 3), ("R-SAT-W", "Por área", 1), ("R-SAT-W", "Por área", 4),
    ("R-SAT-W", "Por área", 5), ("R-SAT-W", "Por área", 6),
])  # fmt: skip
def test_a_cell_leads_to_as_many_rows_as_it_says(client, month, code, title, column):
    client.force_login(person(Role.GENERAL_MANAGEMENT))
    body = next(body for table, body in opened(client, code)["tables"] if table.title == title)
    assert body
    for line in body:
        value, url = line[column]
        said = int(re.search(r"\d+", value.removeprefix("van ")).group())
        assert client.get(url).context["page"].paginator.count == said, url


@pytest.mark.parametrize("code", ["IND-05", "IND-06", "IND-07", "IND-09", "IND-10", "IND-12"])
def test_an_indicator_leads_to_its_numerator(client, month, code):
    report = {"IND-05": "GSC-FOR-02", "IND-06": "GSC-FOR-07", "IND-07": "GSC-FOR-04", "IND-09": "R-CRM-M", "IND-10": "R-CRM-M",
              "IND-12": "GSC-FOR-01"}[code]  # fmt: skip
    client.force_login(person(Role.GENERAL_MANAGEMENT))
    item, url = next((item, url) for item, url in opened(client, report)["kpis"] if item.code == code)
    assert item.hits > 0
    assert client.get(url).context["page"].paginator.count == item.hits


def test_an_unknown_figure_or_dimension_narrows_nothing(client, month):
    client.force_login(person(Role.GENERAL_MANAGEMENT))
    everything = opened(client, "GC-FOR-06")["page"].paginator.count
    shown = opened(client, "GC-FOR-06", cifra="IND-99", sabor="fresa")
    assert (shown["page"].paginator.count, shown["drilled"]) == (everything, "")


def test_conditions_meet_and_are_said_in_words():
    rows = [{"kind": "a", "tags": {"x", "y"}}, {"kind": "a", "tags": {"y"}}, {"kind": "b", "tags": {"x"}}]
    found = narrow(
        rows, {"cifra": "A", "tag": "x"}, drills={"A": lambda row: row["kind"] == "a"}, dimensions={"tag": lambda row: row["tags"]},
        names={"A": "Los a"},
    )  # fmt: skip
    assert (found.records, found.words) == ((rows[0],), "Los a, tag: x")


def test_an_address_keeps_what_the_report_was_asked_with():
    asked = {"period": "2026-11", "site": "3", "brand": ""}
    assert Rows("IND-05", (("marca", "VW & Cía"),), "GSC-FOR-01").address("GSC-FOR-02", asked) == (
        "/informes/GSC-FOR-01/?period=2026-11&site=3&cifra=IND-05&marca=VW+%26+C%C3%ADa#h-detail"
    )
    assert Rows(period="2026-10").address("GSC-FOR-02", asked) == "/informes/GSC-FOR-02/?period=2026-10&site=3"
    assert Rows(page="/x/?month={period}").address("R-REC-M", asked) == "/x/?month=2026-11"
