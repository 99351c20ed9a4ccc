"""From the day's deliveries (F3) to green with evidence: the agent by keyboard, the director on a telephone of 390 px."""

import pytest
from playwright.sync_api import expect

from callcenter.domain import calendar
from callcenter.roles import Role
from satisfaction.enums import Light
from satisfaction.models import FollowUp, Survey
from tests.browser.conftest import press
from tests.browser.test_story import jobs
from tests.callcenter.domain.test_messages_and_appointments import png
from tests.conftest import person
from tests.factories import EmployeeFactory, SiteFactory
from tests.satisfaction.test_feeds import WORKSHOP, order

pytestmark = pytest.mark.browser


def test_from_the_delivery_list_to_green_with_evidence(house, monday, visitor, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    site = SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    advisor = person(Role.SERVICE_ADVISOR, first_name="Luis")
    EmployeeFactory(code="023", name="Ana Ruiz", site=site, user=advisor)
    calendar.forget()

    # 1. The agent brings the list of delivered orders.
    agent = visitor().login(person(Role.CALL_CENTER_AGENT, first_name="Ana"))
    page = agent.page
    agent.open("/importaciones/nueva/")
    data = "\r\n".join(["Informe", WORKSHOP, order("OT/1/2026-1", name="GOMEZ RUIZ , ANA", advisor="023 - ANA RUIZ")]).encode()
    page.locator("input[name=feed][value=aftersales]").check()
    page.set_input_files("#id_file", {"name": "entregas.csv", "mimeType": "text/csv", "buffer": data})
    page.check("#id_has_authorisation")
    page.get_by_role("button", name="Subir y revisar").click()
    expect(page.get_by_text("en cola")).to_be_visible()
    jobs()
    expect(page.get_by_text("Nada se ha escrito todavía")).to_be_visible()
    agent.check("review of deliveries")
    press(page, "Control+Enter")
    expect(page.get_by_text("¿Aplicar este archivo?")).to_be_visible()
    press(page, "Control+Enter")
    expect(page.get_by_text("Aplicando").first).to_be_visible()
    jobs()
    expect(page.get_by_text("Aplicado el")).to_be_visible()
    assert Survey.objects.count() == 1

    # 2. The survey by digits: each one goes on to the next question; a 4 asks for the customer's words.
    agent.open("/cola/")
    press(page, "n")
    expect(page.get_by_text("Servicio que se evalúa")).to_be_visible()
    press(page, "t")
    expect(page.get_by_text("Llamada iniciada a las")).to_be_visible()
    press(page, "6")
    for digit in ("9", "8", "0", "4"):
        press(page, digit)
    expect(page.get_by_text("Detractor (1-6)")).to_be_visible()
    expect(page.get_by_text("Se creará un caso en rojo")).to_be_visible()
    agent.check("survey")
    page.fill("#voice", "El ruido sigue igual que antes")
    press(page, "Control+Enter")
    expect(page.get_by_text("Guardado: Ana Gomez Ruiz")).to_be_visible()
    case = FollowUp.objects.get()
    assert (case.light, case.owner, Survey.objects.get().score) == (Light.RED, advisor, 4)

    # 3. The board at a desk: J walks, Enter opens the panel.
    boss = visitor().login(person(Role.AFTERSALES_DIRECTOR, first_name="Diego"))
    desk = boss.open("/detractores/")
    press(desk, "j")
    press(desk, "Enter")
    expect(desk.get_by_role("heading", name="Ana Gomez Ruiz")).to_be_visible()
    expect(desk.locator("#case-panel .light", has_text="Sin gestión").first).to_be_visible()
    boss.check("board panel")

    # 4. On a telephone: it is taken; closing needs evidence; with a photo it turns green.
    phone = visitor(width=390, height=844).login(person(Role.AFTERSALES_DIRECTOR, first_name="Dora"))
    small = phone.open("/detractores/")
    small.get_by_role("link", name="Ana Gomez Ruiz").click()
    expect(small.locator("#case-panel article")).to_be_visible()
    phone.check("board panel")
    small.get_by_role("button", name="Tomar caso").click()
    expect(small.locator(".case .light", has_text="En trámite").first).to_be_visible()
    phone.open(f"/detractores/{case.pk}/")
    small.get_by_text("Cerrar como realizada").first.click()
    small.fill("#text-cerrar", "Se cambió el buje sin costo")
    small.select_option("#cause-cerrar", index=1)
    small.get_by_role("button", name="Cerrar como realizada").click()
    expect(small.get_by_text("falta la evidencia")).to_be_visible()
    expect(small.locator("#text-cerrar")).to_have_value("Se cambió el buje sin costo")
    phone.check("case refused")
    small.get_by_text("Agregar evidencia").click()
    small.set_input_files("#file-evidencia", {"name": "foto.png", "mimeType": "image/png", "buffer": png((60, 60))})
    small.get_by_role("button", name="Guardar evidencia").click()
    expect(small.locator(".proofs img")).to_be_visible()
    phone.check("case with evidence")
    small.get_by_text("Cerrar como realizada").first.click()
    small.fill("#text-cerrar", "Se cambió el buje sin costo")
    small.select_option("#cause-cerrar", index=1)
    small.get_by_role("button", name="Cerrar como realizada").click()
    expect(small.locator(".case .light", has_text="Gestión realizada").first).to_be_visible()
    phone.check("case green")
    case.refresh_from_db()
    assert (case.light, case.proof.kind) == (Light.GREEN, "IMAGE")

    # 5. At the desk, by keys: reopened with a reason, closed again; what was shown before is still its evidence.
    desk = boss.open("/detractores/")
    expect(desk.locator(".lane[data-light=GREEN] .case-card", has_text="Ana Gomez Ruiz")).to_be_visible()
    press(desk, "j")
    press(desk, "Enter")
    expect(desk.locator("#case-panel .light", has_text="Gestión realizada").first).to_be_visible()
    press(desk, "r")
    desk.fill("#reason-reabrir", "El cliente volvió a llamar")
    press(desk, "Enter")
    expect(desk.locator("#case-panel .light", has_text="En trámite").first).to_be_visible()
    expect(desk.locator(".lane[data-light=YELLOW] .case-card", has_text="Ana Gomez Ruiz")).to_be_visible()
    press(desk, "c")
    desk.fill("#text-cerrar", "Se probó con el cliente y quedó sin ruido")
    desk.select_option("#cause-cerrar", index=1)
    desk.fill("#note-cerrar", "Hablé con Ana: quedó sin ruido")  # what did not satisfy proves nothing again
    desk.locator("#text-cerrar").press("Control+Enter")
    expect(desk.locator("#case-panel .light", has_text="Gestión realizada").first).to_be_visible()
    expect(desk.locator(".lane[data-light=GREEN] .case-card", has_text="Ana Gomez Ruiz")).to_be_visible()
    boss.check("board green again")
    case.refresh_from_db()
    assert (case.light, case.reopened, case.resolution) == (Light.GREEN, 1, "Se probó con el cliente y quedó sin ruido")
