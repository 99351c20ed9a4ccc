"""R-REC-M: the figures beside each other, cohorts, the block of strategies, the control sheet without a code."""

import io
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook

from callcenter.domain.errors import Refused
from callcenter.enums import Gateway, MessageStatus, Outcome
from callcenter.models import Message
from callcenter.roles import Role
from carrazos.lib.periods import Month
from recovery.domain import figures, results
from reports.base import Request
from reports.catalogue import BY_CODE
from reports.domain import editions, indicators
from reports.models import Edition
from reports.render import xlsx
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory
from tests.recovery.house import NOVEMBER, call, case, owner, visit, went_away, working

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def month(north, agent, monday):
    """Four customers of five vehicles, one company left out: one back, one booked, one silent, one uncalled."""
    back, booked, silent, uncalled = (went_away(north) for _ in range(4))
    went_away(north, customer=owner(back), last=date(2023, 1, 1))
    went_away(north, customer=CustomerFactory(kind="COMPANY"))
    working(agent)
    call(case(back).outreach, agent, outcome=Outcome.DECLINED, reason="PRICE")
    call(case(booked).outreach, agent, outcome=Outcome.BOOKED, at=MONDAY + timedelta(minutes=10))
    call(case(silent).outreach, agent, at=MONDAY + timedelta(minutes=20))
    visit(north, back, date(2026, 11, 30), customer=owner(back))
    results.reconcile()
    return {"back": back, "booked": booked, "silent": silent, "uncalled": uncalled}


def dataset(code="R-REC-M", period=NOVEMBER, viewer=None, at=MONDAY + 10 * DAY):
    return BY_CODE[code].dataset(Request(period, viewer), at=at)


def test_the_indicator_and_its_other_readings(month):
    found = {item.name: (item.hits, item.total) for item in dataset().indicators}
    assert found == {
        "Clientes recuperados": (1, 4), "Base sin depurar": (6, None), "Excluidos": (1, None), "Clientes en la lista": (4, None),
        "Contactabilidad": (2, 3), "Agendamiento": (1, 2), "Sobre clientes llamados": (1, 3), "Sobre clientes contactados": (1, 2),
        "Por vehículos": (1, 5), "Sobre la base sin depurar": (1, 6),
    }  # fmt: skip
    assert dataset(period=Month(2026, 10)).indicators[0].text == "N/D"


def test_the_table_of_indicators_has_it(month, director):
    part = Request(NOVEMBER, director).slice
    figure = indicators.BY_CODE["IND-04"].measure(part, MONDAY)
    assert (figure.hits, figure.total) == (1, 4)


def test_what_another_site_sees(month, outsider):
    found = dataset(viewer=outsider)
    assert (found.records, found.indicators[0].text) == ((), "N/D")


def test_cohorts_count_days_from_each_first_call(month, north, agent):
    visit(north, month["silent"], MONDAY.date() + timedelta(days=75), customer=owner(month["silent"]))
    results.reconcile()
    found = figures.cohorts(figures.Scope(), NOVEMBER, count=3, today=date(2027, 3, 15))
    assert [(row.month, row.customers, row.back) for row in found] == [(NOVEMBER, 4, ((30, 1, True), (60, 1, True), (90, 2, True)))]


def test_rows_say_how_each_stands_and_every_case_is_there(month):
    found = dataset()
    assert len(found.records) == 4
    titles = [column.title for column in found.columns]
    for title in (
        "Contactabilidad",
        "Motivo de no contacto",
        "Agendamiento de la cita",
        "Motivo de no agendamiento",
        "Cumplimiento de la cita",
    ):
        assert title in titles
    by_plate = {record.vehicle.plate: record for record in found.records}
    column = next(column for column in found.columns if column.title == "Resultado de la recuperación")
    assert column.text(by_plate[month["back"].plate]).startswith("Recuperado: vino el 30/11/2026; lo gestionó Ana Prueba")
    assert column.text(by_plate[month["uncalled"].plate]) == "Sin llamadas todavía"
    short = next(column for column in found.columns if column.title == "Regreso")
    assert [short.text(by_plate[month[name].plate]) for name in ("back", "uncalled")] == ["Recuperado, 30/11/2026", ""]
    assert [proof.title.split(" · ")[1] for proof in found.proofs] == [month["silent"].plate]


@pytest.mark.parametrize(
    ("statuses", "sent_on", "evidence"),
    [
        ([], None, "Sin mensaje debido"),
        ([MessageStatus.FAILED], None, "Sin mensaje debido"),
        ([MessageStatus.QUEUED], None, "Sin evidencia"),
        ([MessageStatus.CANCELLED, MessageStatus.SENT], 2, "Sin evidencia"),
        ([MessageStatus.DELIVERED, MessageStatus.FAILED, MessageStatus.QUEUED], 1, "Entregado · wamid.1"),
    ],
)
def test_only_a_message_that_went_out_is_shown_and_a_later_one_hides_it_not(month, statuses, sent_on, evidence):
    row = case(month["silent"]).outreach
    for number, status in enumerate(statuses, 1):
        sent = None if status in {MessageStatus.QUEUED, MessageStatus.CANCELLED} else MONDAY + number * DAY
        Message.objects.create(outreach=row, customer=row.customer, site=row.site, brand=row.brand, purpose="COMMERCIAL", body="Hola", body_hash="x",
                               gateway=Gateway.CLOUD_API, status=status, provider_id=(sent and f"wamid.{number}") or "", sent_at=sent)  # fmt: skip
    found = dataset()
    record = next(record for record in found.records if record.pk == row.pk)
    shown = next(column for column in found.columns if column.title == "WhatsApp enviado")
    assert shown.of(record) == (sent_on and MONDAY + sent_on * DAY)
    (proof,) = found.proofs
    assert (proof.evidence, proof.lacks) == (evidence, evidence == "Sin evidencia")


def test_exclusions_are_printed_with_their_meaning(month):
    table = next(table for table in dataset().tables if table.title == "Exclusiones de la base")
    assert [row[:3] for row in table.rows] == [("Cliente corporativo", "1", "1"), ("Datos errados", "0", "1")]


def test_the_control_sheet_has_no_code_yet(month):
    found = dataset("REC-CONTROL")
    assert (found.header.code, found.header.title, len(found.records)) == ("", "Control Recuperación de Clientes", 4)
    book = load_workbook(io.BytesIO(xlsx.workbook(found)))
    text = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value}
    assert month["back"].plate in text
    assert "REC-CONTROL" not in text


def test_without_strategies_it_is_not_approved(month, director):
    """REC-15: the month's results go out with «estrategias de mejora» or not at all."""
    boss = person(Role.AFTERSALES_MANAGER)
    row = Edition.objects.create(
        code="R-REC-M", period=NOVEMBER.code, due_on=date(2026, 12, 4), state="PREPARED", sha256="x", work_state="DONE", facts={}
    )
    editions.review(row.pk, by=director, comment="Volvieron pocos", strategies="  ", at=MONDAY)
    with pytest.raises(Refused, match="estrategias de mejora"):
        editions.approve(row.pk, by=boss, at=MONDAY)
    Edition.objects.update(strategies="Llamar en la tarde a los de más de 24 meses")
    assert editions.approve(row.pk, by=boss, at=MONDAY).state == "APPROVED"
