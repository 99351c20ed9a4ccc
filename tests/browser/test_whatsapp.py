"""WhatsApp in a browser: the image to copy, the repeated screenshot, and the board of what needs a person."""

import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import expect

from callcenter import tasks
from callcenter.demo.pictures import screenshot
from callcenter.domain.evidence import clean_picture
from callcenter.enums import MessageStatus, NextStep, Priority, TemplateApproval
from callcenter.models import Message, MessageTemplate
from callcenter.roles import Role
from callcenter.whatsapp import webhook
from tests.browser.conftest import press
from tests.browser.test_story import paste_picture
from tests.callcenter.whatsapp.conftest import graph  # noqa: F401 -- a fixture
from tests.conftest import person
from tests.factories import MONDAY, OutreachFactory, SiteFactory
from tests.fake_graph import Fault, inbound_body

pytestmark = pytest.mark.browser
NOW = int(MONDAY.timestamp())


@pytest.fixture
def scene(house, monday):
    row = MessageTemplate.objects.get(name="proactivo_mantenimiento_v1")
    picture = clean_picture(screenshot("Campaña", "Revisión de temporada", MONDAY))
    row.image.save("p.jpg", ContentFile(picture.data), save=False)
    row.approval = TemplateApproval.APPROVED
    row.save()
    return SiteFactory(code="norte", name="Sede Norte")


def silent(scene, **more):
    return OutreachFactory(site=scene, next_step=NextStep.WHATSAPP, priority=Priority.RETRY, calls_made=3, **more)


def test_by_the_agents_phone_with_image_and_proof(scene, visitor):
    silent(scene)
    silent(scene)
    agent = visitor().login(person(Role.CALL_CENTER_AGENT))
    agent.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=agent.base)
    page = agent.open("/cola/")
    press(page, "n")
    expect(page.get_by_role("heading", name="Enviar WhatsApp")).to_be_visible()
    press(page, "i")
    expect(page.get_by_text("Imagen copiada")).to_be_visible()
    assert page.evaluate("navigator.clipboard.read().then((items) => items[0].types)") == ["image/png"]
    with agent.context.expect_page() as chat:
        press(page, "w")
    assert chat.value.url.startswith(("https://wa.me/", "chrome-error://", "about:blank"))
    chat.value.close()
    expect(page.get_by_text("Chat abierto a las")).to_be_visible()
    paste_picture(page)
    press(page, "Control+Enter")
    expect(page.get_by_text("WhatsApp registrado").first).to_be_visible()
    paste_picture(page)
    expect(page.get_by_text("ese mismo pantallazo ya se usó")).to_be_visible()
    agent.check("whatsapp repeated screenshot")
    press(page, "Control+Enter")
    expect(page.get_by_text("No queda nadie a quien llamar ahora")).to_be_visible()
    agent.open("/whatsapp/?vista=repetidos")
    agent.open("/whatsapp/?vista=enviados")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_by_the_line_of_meta_and_what_needs_a_person(scene, visitor, graph, width, theme):  # noqa: F811
    first, second = silent(scene), silent(scene)
    graph.fault = lambda number: Fault.NONE if number == 1 else Fault.CLOSE
    lead = visitor(width=width, theme=theme).login(person(Role.CALL_CENTER_AGENT))
    page = lead.open("/cola/")
    for _ in "ab":
        if page.get_by_role("button", name="Siguiente cliente").is_visible():
            page.get_by_role("button", name="Siguiente cliente").click()
        expect(page.get_by_role("heading", name="Enviar WhatsApp")).to_be_visible()
        lead.check("whatsapp line")
        with page.expect_response(lambda answer: answer.url.endswith("/whatsapp/") and answer.request.method == "POST"):
            press(page, "Control+Enter")
        expect(page.get_by_text("WhatsApp en camino").first).to_be_visible()
        while tasks.run_one():
            pass
    uncertain = Message.objects.get(status=MessageStatus.UNKNOWN)
    answered = Message.objects.get(status=MessageStatus.SENT)
    webhook.store(inbound_body("Sí, ¿qué horas tienen mañana?", number=answered.point.value[1:], at=NOW))
    webhook.store(inbound_body("Buenas tardes", number="573009990001", at=NOW))
    while tasks.run_one():
        pass
    lead.open("/whatsapp/")
    expect(page.get_by_role("cell", name=uncertain.customer.name)).to_be_visible()
    page.get_by_role("button", name="No llegó").click()
    expect(page.get_by_text("la gestión vuelve a la cola")).to_be_visible()
    for view in ("respuestas", "plantillas", "fallidos"):
        lead.open(f"/whatsapp/?vista={view}")
    page = lead.open("/cola/")
    page.get_by_role("button", name="Siguiente cliente").click()
    expect(page.get_by_text("¿qué horas tienen mañana?").first).to_be_visible()
    lead.check("console with their words")
    page.get_by_label("Responder por escrito").fill("A las 8:00 o a las 10:00.")
    page.get_by_role("button", name="Enviar respuesta").click()
    expect(page.get_by_text("Respuesta en camino")).to_be_visible()
    assert {first.customer_id, second.customer_id} == set(Message.objects.values_list("customer", flat=True))
