"""R-AGENTES: each agent in each programme, and the drill of its figures."""

import pytest

from carrazos.lib.periods import Month
from reports.base import Request
from reports.catalogue import BY_CODE
from tests.factories import OutreachFactory
from tests.reports.test_indicators import DECEMBER_7, Outcome, call

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)


@pytest.fixture
def month(agent, outsider, cal, centre):
    for outcome in (Outcome.DECLINED, Outcome.NO_CONTACT, Outcome.NO_CONTACT):
        call(OutreachFactory(), agent, cal, outcome)
    call(OutreachFactory(programme="RECOVERY"), agent, cal)
    call(OutreachFactory(site=centre), outsider, cal)


def dataset(**scope):
    return BY_CODE["R-AGENTES"].dataset(Request(NOVEMBER, **scope), at=DECEMBER_7)


def test_one_line_for_each_agent_and_programme(month, agent, outsider):
    lines = [(line.agent, line.programme, line.calls.attempts, line.calls.effectiveness.text) for line in dataset().records]
    assert lines[0] == (str(agent), "Contacto proactivo", 3, "33,3 %")
    assert sorted(lines[1:]) == sorted([(str(agent), "Recuperación", 1, "100,0 %"), (str(outsider), "Contacto proactivo", 1, "100,0 %")])
    assert dataset().indicators[0].fraction == "3 de 5"


def test_a_site_sees_its_own_calls(month, outsider, centre):
    assert [line.agent for line in dataset(site=centre).records] == [str(outsider)]


def test_by_customer_beside_by_call(month):
    tables = {table.title: table.rows for table in BY_CODE["GSC-FOR-09"].dataset(Request(NOVEMBER), at=DECEMBER_7).tables}
    assert tables["Otra lectura de la efectividad"][0][:2] == ("Clientes contactados", "50,0 % (2 de 4)")
