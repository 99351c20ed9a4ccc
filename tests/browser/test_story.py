"""The whole story in a browser: import → call → WhatsApp with evidence → appointment → report."""

import base64
import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from callcenter import tasks
from callcenter.domain import calendar
from callcenter.enums import NextStep, OutreachState
from callcenter.models import Appointment, Attempt, Evidence, Outreach, ServiceOffer
from callcenter.models.catalogue import reason_key
from callcenter.roles import Role
from tests.browser.conftest import press
from tests.callcenter.domain.test_messages_and_appointments import png
from tests.callcenter.spiga.files import csv_bytes, row
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, EmployeeFactory, OutreachFactory, SiteFactory

pytestmark = pytest.mark.browser
DAY = 86_400


@pytest.fixture
def scene(house, monday):
    site = SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    EmployeeFactory(code="023", name="Luis Demo", site=site)
    ServiceOffer.objects.create(
        brand=BrandFactory(), name="Revisión 20.000 km", reason_key=reason_key("20.000"), price_cop=520_000, supplies="Aceite y filtros",
        duration=timedelta(hours=2), availability="Lunes a viernes", valid_until=MONDAY.date() + timedelta(days=90),
    )  # fmt: skip
    calendar.forget()
    return site


def jobs():
    while tasks.run_one():
        pass


def paste_picture(page):
    """Ctrl+V of a screenshot, as the browser delivers it."""
    data = base64.b64encode(png((300, 500))).decode()
    page.evaluate(
        """data => { const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
           const box = new DataTransfer(); box.items.add(new File([bytes], 'captura.png', {type: 'image/png'}));
           document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: box, bubbles: true, cancelable: true})) }""",
        data,
    )


def test_from_the_spiga_file_to_the_report(scene, visitor, settings, tmp_path):
    agent = visitor().login(person(Role.CALL_CENTER_AGENT, first_name="Ana"))
    page = agent.page
    agent.check("home")

    # 1. The day's list: upload, review, apply.
    agent.open("/importaciones/")
    press(page, "n")
    expect(page.get_by_role("heading", name="Nueva importación")).to_be_visible()
    agent.check("file")
    rows = [row(101, name="GÓMEZ RUIZ , ANA"), row(102, name="LARA SOTO , PEDRO", due="26/11/2026"), row(103, phone="1234567")]
    page.set_input_files("#id_file", {"name": "avisos.csv", "mimeType": "text/csv", "buffer": csv_bytes(rows)})
    page.check("#id_has_authorisation")
    page.get_by_role("button", name="Subir y revisar").click()
    expect(page.get_by_text("en cola")).to_be_visible()
    jobs()
    expect(page.get_by_text("Nada se ha escrito todavía")).to_be_visible()
    expect(page.locator("input[value='1234567']")).to_be_visible()
    agent.check("review")
    press(page, "Control+Enter")
    expect(page.get_by_text("¿Aplicar este archivo?")).to_be_visible()
    agent.check("apply")
    press(page, "Control+Enter")
    expect(page.get_by_text("Aplicando").first).to_be_visible()
    jobs()
    expect(page.get_by_text("Aplicado el")).to_be_visible()
    agent.check("applied")
    assert Outreach.objects.open().count() == 2

    # 2. The queue by keyboard: the first customer books, the second does not answer.
    agent.open("/cola/")
    press(page, "n")
    expect(page.get_by_role("heading", name="Ana Gómez Ruiz")).to_be_visible()
    expect(page.get_by_text("$ 520.000").first).to_be_visible()
    agent.check("console")
    press(page, "t")
    expect(page.get_by_text("Llamada iniciada a las")).to_be_visible()
    press(page, "6")
    press(page, "ArrowDown")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Pedro Lara Soto")).to_be_visible()
    booked = Appointment.objects.get()
    assert booked.starts_at == (MONDAY + timedelta(days=1)).replace(hour=10)

    # 3. Three days of silence, one key each; the third opens the WhatsApp step.
    for day in range(3):
        settings.CLOCK_SHIFT += DAY * (day > 0) + 7 * 3600 * (day == 1)
        if day:
            page.goto(f"{agent.base}/cola/")
            press(page, "n")
            expect(page.get_by_role("heading", name="Pedro Lara Soto")).to_be_visible()
        press(page, "1")
        expect(page.get_by_text("Guardado: Pedro Lara Soto").first).to_be_visible()
    silent = Outreach.objects.get(customer__name="Pedro Lara Soto")
    assert (silent.calls_made, silent.next_step) == (3, NextStep.WHATSAPP)

    # 4. The message: the text is merged, the screenshot is pasted, the proof is kept.
    settings.CLOCK_SHIFT += DAY
    page.goto(f"{agent.base}/cola/")
    press(page, "n")
    expect(page.get_by_role("heading", name="Enviar WhatsApp")).to_be_visible()
    assert "https://wa.me/573005550102?text=Hola%20Pedro" in page.get_by_role("link", name="Abrir WhatsApp").get_attribute("href")
    paste_picture(page)
    expect(page.get_by_alt_text("Vista previa del pantallazo")).to_be_visible()
    agent.check("whatsapp")
    press(page, "Control+Enter")
    expect(page.get_by_text("WhatsApp registrado: Pedro Lara Soto").first).to_be_visible()
    assert Evidence.objects.count() == 1
    silent.refresh_from_db()
    assert (silent.state, silent.next_step) == (OutreachState.OPEN, NextStep.REPLY)

    # 5. The workshop marks the appointment kept.
    agent.open(f"/citas/?day={booked.starts_at:%Y-%m-%d}")
    page.get_by_role("button", name="Cumplida").click()
    expect(page.get_by_text("Cita de Ana Gómez Ruiz: cumplida")).to_be_visible()

    # 6. The director reads the month and takes both files home.
    director = visitor().login(person(Role.AFTERSALES_DIRECTOR, first_name="Diego"))
    director.check("director home")
    page = director.open("/informes/GSC-FOR-09/?period=2026-11")
    expect(page.get_by_text("1 de 4").first).to_be_visible()
    for count, name in enumerate(("Generar Excel", "Generar PDF"), 1):
        page.get_by_role("button", name=name).click()
        expect(page.locator("[id^=run-]")).to_have_count(count)
    jobs()
    expect(page.get_by_role("link", name="Descargar")).to_have_count(2)
    director.check("downloads")
    files = []
    for link in page.get_by_role("link", name="Descargar").all():
        with page.expect_download() as download:
            link.click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        files.append(path)
    assert sorted(path.suffix for path in files) == [".pdf", ".xlsx"]
    book = load_workbook(io.BytesIO(next(path for path in files if path.suffix == ".xlsx").read_bytes()))
    assert book["Detalle"].max_row == 3
    assert next(path for path in files if path.suffix == ".pdf").read_bytes().startswith(b"%PDF")


def test_undo_and_errors_keep_the_agents_words(scene, visitor):
    OutreachFactory(site=scene)
    agent = visitor().login(person(Role.CALL_CENTER_AGENT))
    page = agent.open("/cola/")
    press(page, "n")
    page.fill("#note", "Pide que lo llamen por la tarde")
    page.locator("body").click(position={"x": 5, "y": 300})
    press(page, "7")
    page.locator("details[open] button[type=submit]").click()
    expect(page.get_by_text("Elija el motivo.")).to_be_visible()
    expect(page.locator("#note")).to_have_value("Pide que lo llamen por la tarde")
    agent.check("refused outcome")
    press(page, "d")
    press(page, "Enter")
    expect(page.get_by_text("No queda nadie a quien llamar ahora")).to_be_visible()
    assert Attempt.objects.get().note == "Pide que lo llamen por la tarde"
    press(page, "z")
    expect(page.get_by_text("Deshecho: registre de nuevo el resultado.")).to_be_visible()
    assert Attempt.objects.get().undone_at is not None


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (390, "dark"), (1440, "dark")])
def test_every_page_on_a_phone_and_in_the_dark(scene, visitor, width, theme):
    OutreachFactory(site=scene)
    agent = visitor(width=width, height=844, theme=theme).login(person(Role.CALL_CENTER_AGENT))
    agent.check("home")
    for path in ("/importaciones/", "/citas/", "/informes/GSC-FOR-09/?period=2026-11", "/cola/"):
        agent.open(path)
    agent.page.get_by_role("button", name="Siguiente cliente").click()
    expect(agent.page.get_by_role("heading", name="Por qué llamamos")).to_be_visible()
    agent.check("console")


def test_the_shortcut_sheet_is_built_from_the_page(scene, visitor):
    OutreachFactory(site=scene)
    agent = visitor().login(person(Role.CALL_CENTER_AGENT))
    page = agent.open("/cola/")
    press(page, "n")
    expect(page.get_by_role("heading", name="Por qué llamamos")).to_be_visible()
    press(page, "?")
    sheet = page.locator("#shortcut-rows")
    expect(sheet.get_by_role("cell", name="Agendó la cita", exact=True)).to_be_visible()
    expect(sheet.get_by_role("cell", name="No contesta", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Atajos de teclado")).to_be_in_viewport()
    expect(sheet.get_by_role("cell", name="Ir a Mi cola", exact=True)).to_be_visible()
    agent.check("shortcuts")
    press(page, "Escape")
    # What is refused takes the focus, and what was typed stays.
    press(page, "5")
    page.fill("#cb-time", "10:00")
    page.press("#cb-time", "Enter")
    expect(page.get_by_role("alert").filter(has_text="Escriba también el día")).to_be_focused()
    expect(page.locator("#cb-time")).to_have_value("10:00")
    # G and a letter: a page of the navigation, and not the outcome that the letter means here.
    press(page, "g")
    press(page, "d")
    page.wait_for_url("**/detractores/")
    press(page, "g")
    press(page, "c")
    page.wait_for_url("**/cola/")
    # Switched off, a single key does nothing.
    page.evaluate("document.body.dataset.singleKeys = 'off'")
    press(page, "1")
    assert not Attempt.objects.exists()
