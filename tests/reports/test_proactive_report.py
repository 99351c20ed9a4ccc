"""GSC-FOR-09: figures, sheet, PDF, evidence, and who gets it."""

import io
import json
import re
import uuid
import zipfile
from collections import Counter
from datetime import timedelta

import pypdf
import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from callcenter import tasks
from callcenter.domain import messages, metrics, queue
from callcenter.domain import outreach as verbs
from callcenter.domain.evidence import clean_picture
from callcenter.domain.metrics import Slice
from callcenter.domain.outreach import Booking, Call
from callcenter.enums import AppointmentStatus, Gateway, NextStep, Outcome, Priority, WorkState
from callcenter.models import Appointment, Attempt, Evidence, Message, Outreach, Reason
from callcenter.roles import Role
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month, Week
from reports.base import Request
from reports.catalogue import BY_CODE
from reports.definitions import proactive
from reports.models import ReportRun
from reports.render import pdf, xlsx
from tests.callcenter.domain.test_messages_and_appointments import png
from tests.conftest import person, query_count
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, SiteFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NOVEMBER = Month(2026, 11)


def calls(part):
    return metrics.calls(part).effectiveness


def reason(kind, code):
    return Reason.objects.get(kind=kind, code=code)


@pytest.fixture
def month(agent, cal):
    """Four customers: booked and kept, booked and missed, declined, silent with WhatsApp and proof."""
    rows = [*OutreachFactory.create_batch(3), OutreachFactory(customer=CustomerFactory(name='=HYPERLINK("http://x")'))]

    def call(row, outcome, at=MONDAY, **more):
        held = queue.take(row.pk, agent, at=at, calendar=cal)
        return verbs.record_attempt(
            row.pk,
            Call(key=uuid.uuid4(), outcome=outcome, **more),
            agent=agent,
            fence=held.fence,
            at=at + timedelta(minutes=1),
            calendar=cal,
        )

    for row in rows[:2]:
        call(row, Outcome.BOOKED, booking=Booking(MONDAY + DAY, row.site, "Revisión"))
    call(rows[2], Outcome.DECLINED, reason=reason("NO_BOOKING", "PRICE"), note="Muy caro; comparó")
    for day in range(3):
        call(rows[3], Outcome.NO_CONTACT, MONDAY + day * DAY, reason=reason("NO_CONTACT", "NO_ANSWER"))
    kept, missed = Appointment.objects.order_by("pk")
    Appointment.objects.filter(pk=kept.pk).update(status=AppointmentStatus.FULFILLED)
    Appointment.objects.filter(pk=missed.pk).update(status=AppointmentStatus.NO_SHOW, reason=reason("NO_FULFILMENT", "NO_SHOW"))
    thursday = MONDAY + 3 * DAY
    held = queue.take(rows[3].pk, agent, at=thursday, calendar=cal)
    messages.record_sent(
        rows[3].pk, messages.draft_for(held, agent), key=uuid.uuid4(), agent=agent, fence=held.fence, picture=clean_picture(png((300, 400))),
        at=thursday, calendar=cal,
    )  # fmt: skip
    return rows


def dataset(period=NOVEMBER, **request):
    return BY_CODE["GSC-FOR-09"].dataset(Request(period, **request), at=MONDAY + 7 * DAY)


def test_the_four_indicators(month):
    found = {item.code: (item.hits, item.total) for item in dataset().indicators}
    assert found == {"IND-01": (3, 6), "IND-02": (2, 3), "IND-03": (1, 2), "IND-08": (4, None)}


def test_indicators_are_the_sum_of_their_weeks(month):
    weeks = [Slice.of(Week(2026, number)) for number in range(44, 50)]
    whole = calls(Slice.of(NOVEMBER))
    parts = [calls(part) for part in weeks]
    assert (sum(part.hits for part in parts), sum(part.total for part in parts)) == (whole.hits, whole.total)


def test_an_undone_call_counts_nowhere(month, agent, cal):
    row = OutreachFactory()
    held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    call = Call(key=uuid.uuid4(), outcome=Outcome.DECLINED, reason=reason("NO_BOOKING", "PRICE"))
    done = verbs.record_attempt(row.pk, call, agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    verbs.undo_attempt(done.attempt.pk, by=agent, at=MONDAY, lease_until=MONDAY + DAY)
    assert dataset().indicators[0].total == 6
    assert len(dataset().records) == 4


def test_a_call_before_midnight_in_bogota_counts_in_its_month(agent, cal):
    """30 November 18:50 in Bogotá is already 23:50 UTC; five hours later it is December there, not here."""
    row = OutreachFactory()
    at = bogota(MONDAY).replace(day=30, hour=18, minute=50)
    held = queue.take(row.pk, agent, at=at, calendar=cal)
    call = Call(key=uuid.uuid4(), outcome=Outcome.DECLINED, reason=reason("NO_BOOKING", "PRICE"))
    verbs.record_attempt(row.pk, call, agent=agent, fence=held.fence, at=at, calendar=cal)
    assert calls(Slice.of(NOVEMBER)).total == 1
    assert calls(Slice.of(Month(2026, 12))).total == 0


def test_an_empty_month_is_nd(db):
    assert [item.text for item in dataset(Month(2026, 1)).indicators] == ["N/D", "N/D", "N/D", "0"]


def test_the_columns_are_those_of_the_form():
    titles = [column.title for column in BY_CODE["GSC-FOR-09"].columns]
    assert titles == [
        "Fecha", "Sede", "Agente", "Cliente", "Documento", "Teléfono", "Placa", "VIN", "Marca", "Gama", "Km", "Motivo del contacto",
        "Intento 1: fecha y hora", "Intento 1: resultado", "Intento 2: fecha y hora", "Intento 2: resultado", "Intento 3: fecha y hora",
        "Intento 3: resultado", "Contactabilidad", "Motivo de no contacto", "Agendamiento de la cita", "Motivo de no agendamiento",
        "Cumplimiento de la cita", "WhatsApp enviado", "Evidencia", "Observaciones",
    ]  # fmt: skip


def test_the_workbook_is_typed_and_holds_no_formula(month):
    content = xlsx.workbook(dataset())
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Resumen", "Detalle", "Evidencia", "Parámetros"]
    head, *lines = book["Detalle"].values
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    assert [row["Contactabilidad"] for row in rows] == ["Contactado", "Contactado", "Contactado", "No contactado"]
    assert rows[0]["Fecha"].date() == MONDAY.date()
    assert rows[0]["Km"] == 18_900
    assert rows[0]["Agendamiento de la cita"].isoformat() == "2026-11-24T09:00:00"
    assert rows[1]["Cumplimiento de la cita"] == "No asistió"
    assert (rows[2]["Motivo de no agendamiento"], rows[2]["Observaciones"]) == ("Precio", "Muy caro; comparó")
    assert (rows[3]["Motivo de no contacto"], rows[3]["Evidencia"]) == ("No contesta", "1 pantallazo")
    assert rows[3]["Cliente"] == '=HYPERLINK("http://x")'
    assert book["Detalle"].freeze_panes == "A2"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = b"".join(archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/"))
    assert b"<f>" not in sheets
    assert b"<hyperlink" not in sheets


def test_the_summary_carries_the_forms_header(month):
    cells = {cell.value for line in load_workbook(io.BytesIO(xlsx.workbook(dataset())))["Resumen"].iter_rows() for cell in line}
    assert {"GSC-FOR-09", "Control Contacto Proactivo", "15/01/2027", "noviembre de 2026", "50,0 %", "3 de 6"} <= cells


def test_the_pdf_says_what_the_screen_says(month):
    document = pypdf.PdfReader(io.BytesIO(pdf.document(dataset())))
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in document.pages))
    for words in (
        "Código: GSC-FOR-09",
        "Vigencia: 15/01/2027",
        "50,0 %",
        "3 de 6",
        "Noviembre de 2026",
        "Anexo de evidencia",
        "Página 1 de",
    ):
        assert words in text, words
    assert len(document.pages) <= 3
    assert document.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert [str(item.title) for item in document.outline if not isinstance(item, list)][:2] == ["Noviembre de 2026", "Indicadores"]


def test_a_pdf_reaches_neither_files_nor_addresses(month, tmp_path):
    secret = tmp_path / "secreto.txt"
    secret.write_text("canario")
    CustomerFactory._meta.model.objects.update(name=f'<link rel=attachment href="file://{secret}"><img src="http://127.0.0.1:9/x">')
    content = pdf.document(dataset())
    assert b"canario" not in content
    assert "/EmbeddedFile" not in content.decode("latin-1")


def test_proofs_name_every_unreached_customer(month):
    data = dataset()
    assert [(bool(proof.picture), proof.title.split(" · ")[0]) for proof in data.proofs] == [(True, '=HYPERLINK("http://x")')]
    assert data.unproved == []


def test_the_screen_counts_the_same_annex_as_the_files_without_reading_the_records(client, month, agent, monday, monkeypatch):
    """PRO-16: silent with a picture, with two, with none, with one that expired; called again, reached later, undone, elsewhere."""
    day = timedelta(days=1)

    def silent(*pictures, **more):
        row = OutreachFactory(**more)
        at = MONDAY + timedelta(minutes=row.pk % 50)
        Attempt.objects.create(outreach=row, number=1, agent=agent, is_contact=False, outcome="NO_CONTACT", started_at=at, at=at, day=at.date(),
                               reason=reason("NO_CONTACT", "NO_ANSWER"), policy_version="x")  # fmt: skip
        for name in pictures:
            Evidence.objects.create(outreach=row, file=name, original_sha256="x", sha256="x", uploaded_by=agent, uploaded_at=at)
        return row

    def again(row, number, at, **more):
        Attempt.objects.create(outreach=row, number=number, agent=agent, is_contact=True, outcome="BOOKED", started_at=at, at=at, day=at.date(),
                               policy_version="x", **more)  # fmt: skip

    silent("evidence/a.jpg", "evidence/b.jpg")
    expired = [silent(""), silent("evidence/c.jpg", "")]
    there = SiteFactory(code="lejos")
    rows = [silent(), silent(), silent(site=there), *(silent() for _ in range(3))]
    again(rows[0], 2, MONDAY + 40 * day)  # reached after the month: no longer without an answer
    again(rows[1], 2, MONDAY + day, undone_at=MONDAY + day)
    silent(programme="RECOVERY")
    for row in rows[1:]:
        Outreach.objects.filter(pk=row.pk).update(next_step="WHATSAPP")  # the message is due and nobody wrote it
    arrived = rows[4]
    Message.objects.create(outreach=arrived, customer=arrived.customer, site=arrived.site, brand=arrived.brand, purpose="COMMERCIAL", body="Hola",
                           gateway=Gateway.CLOUD_API, status="READ", provider_id="wamid.X", body_hash="x", sent_at=MONDAY)  # fmt: skip
    silent()  # its calls still go on
    monkeypatch.setattr(proactive, "UNPROVED_SHOWN", 4)
    for period, chosen in ((NOVEMBER, {}), (NOVEMBER, {"site": there}), (Week(2026, 48), {}), (Week(2026, 48), {"site": there})):
        data = dataset(period, **chosen)
        annex = BY_CODE["GSC-FOR-09"].annex(data, Request(period, **chosen).slice)
        assert (annex.lines, annex.unproved, annex.shown) == (len(data.proofs), len(data.unproved), data.unproved[:4])
    data = dataset()
    assert (len(data.proofs), len(data.unproved)) == (12, 4)
    assert {(proof.outreach, proof.evidence) for proof in data.trails} == {
        (arrived.pk, "Leído · wamid.X"), *((row.pk, "Pantallazo que ya no se conserva") for row in expired)
    }  # fmt: skip
    assert Counter(re.sub(r"\d+$", "N", proof.evidence) for proof in data.proofs) == {
        "Pantallazo n.º N": 4, "Pantallazo que ya no se conserva": 2, "Leído · wamid.X": 1, "Sin evidencia": 4, "Sin mensaje debido": 1
    }  # fmt: skip
    client.force_login(person(Role.GENERAL_MANAGEMENT))
    page = client.get("/informes/GSC-FOR-09/", {"period": "2026-11"}).content.decode()
    assert "Clientes no contactados en el período: 12 registros, <strong>4</strong> sin evidencia" in page


def test_scope_narrows_the_figures(month, agent):
    there = SiteFactory(code="lejos")
    Outreach.objects.filter(pk=month[0].pk).update(site=there)
    viewer = person(Role.AFTERSALES_DIRECTOR, all_sites=False)
    viewer.sites.add(there)
    assert dataset(viewer=viewer).indicators[0].total == 1
    assert dataset(site=there).indicators[0].total == 1
    assert dataset(viewer=viewer, site=SiteFactory(code="norte")).indicators[0].total == 0


def test_the_command_writes_the_file(month, tmp_path, capsys):
    target = tmp_path / "informe.xlsx"
    call_command("build_report", "GSC-FOR-09", "--period", "2026-11", "--format", "xlsx", "--output", str(target), "--json")
    answer = json.loads(capsys.readouterr().out)
    assert (answer["rows"], answer["bytes"]) == (4, target.stat().st_size)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--period", "octubre"], "no es un período"), (["--period", "2026-11", "--site", "marte"], "No existe la sede «marte»")],
)
def test_the_command_explains_a_wrong_request(tmp_path, arguments, words, db):
    with pytest.raises(CommandError, match=words):
        call_command("build_report", "GSC-FOR-09", *arguments, "--format", "xlsx", "--output", str(tmp_path / "x"))


# -- the page --------------------------------------------------------------------------------------------------------


def page(response):
    return re.sub(r"\s+", " ", response.content.decode())


def ask(client, **more):
    data = {"key": str(uuid.uuid4()), "period": "2026-11", "format": "xlsx", "site": "", "brand": ""} | more
    return client.post("/informes/GSC-FOR-09/generar/", data)


@pytest.mark.usefixtures("monday")
def test_the_page_shows_the_month_and_its_deadline(client, month, director):
    client.force_login(director)
    text = page(client.get("/informes/GSC-FOR-09/?period=2026-11"))
    for words in ("50,0 %", "3 de 6", "Motivos de no agendamiento", "a más tardar el 04/12/2026", "versión 1 · vigencia 15/01/2027"):
        assert words in text, words


@pytest.mark.usefixtures("monday")
def test_a_file_is_built_by_the_job_and_downloaded(client, month, director):
    client.force_login(director)
    response = ask(client)
    run = ReportRun.objects.get()
    assert "En cola" in page(client.get(response.url))
    assert client.get(f"/informes/descargas/{run.pk}/archivo/").status_code == 404
    assert tasks.run_one()
    run.refresh_from_db()
    assert (run.work_state, run.rows) == (WorkState.DONE, 4)
    download = client.get(f"/informes/descargas/{run.pk}/archivo/")
    content = b"".join(download.streaming_content)
    assert len(content) == run.size
    assert "GSC-FOR-09_2026-11.xlsx" in download["Content-Disposition"]
    assert load_workbook(io.BytesIO(content)).sheetnames[0] == "Resumen"


@pytest.mark.usefixtures("monday")
def test_a_double_click_is_one_run(client, director):
    client.force_login(director)
    key = str(uuid.uuid4())
    ask(client, key=key)
    ask(client, key=key)
    assert ReportRun.objects.count() == 1


@pytest.mark.usefixtures("monday")
def test_downloads_are_ones_own(client, director, agent):
    client.force_login(director)
    ask(client)
    run = ReportRun.objects.get()
    client.force_login(agent)
    assert client.get(f"/informes/descargas/{run.pk}/").status_code == 404
    assert client.get(f"/informes/descargas/{run.pk}/archivo/").status_code == 404


@pytest.mark.usefixtures("monday")
def test_an_unknown_report_is_404(client, director):
    client.force_login(director)
    assert client.get("/informes/GSC-FOR-99/").status_code == 404


@pytest.mark.usefixtures("monday")
def test_the_report_costs_the_same_for_one_and_three(client, director, agent, cal):
    def called():
        row = OutreachFactory(priority=Priority.FIRST, next_step=NextStep.CALL)
        held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
        call = Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=reason("NO_CONTACT", "BUSY"))
        verbs.record_attempt(row.pk, call, agent=agent, fence=held.fence, at=MONDAY, calendar=cal)

    client.force_login(director)
    url = "/informes/GSC-FOR-09/?period=2026-11"
    called()
    one = query_count(client, url)
    called()
    called()
    assert query_count(client, url) == one


def test_a_viewer_without_scope_sees_nothing_whatever_they_choose(month, north, vw):
    nobody = person(Role.AFTERSALES_DIRECTOR, all_sites=False, all_brands=False)
    for chosen in ({}, {"site": north}, {"brand": vw}):
        assert len(BY_CODE["GSC-FOR-09"].dataset(Request(NOVEMBER, nobody, **chosen), at=MONDAY).records) == 0
