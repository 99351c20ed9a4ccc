"""The pages of WhatsApp: the message of a call, the board of what needs a person, the state of the line."""

import hashlib
import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from callcenter import tasks
from callcenter.domain import queue
from callcenter.enums import MessageStatus, NextStep, Priority, TemplateApproval
from callcenter.models import Evidence, InboundMessage, Line, Message, MessageTemplate, VehicleParty, WhatsAppIdentity
from callcenter.roles import Role
from callcenter.whatsapp import webhook
from tests.callcenter.domain.test_messages_and_appointments import png
from tests.callcenter.whatsapp.conftest import ask, graph, template, work  # noqa: F401 -- fixtures
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, CustomerFactory, OutreachFactory, PhoneFactory, VehicleFactory
from tests.fake_graph import Fault, inbound_body

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
HTMX = {"HTTP_HX_REQUEST": "true"}
NOW = int(MONDAY.timestamp())


def as_(client, user):
    client.force_login(user)
    return client


def page(response):
    return re.sub(r"\s+", " ", response.content.decode())


def held_by(client, agent, **more):
    outreach = OutreachFactory(next_step=NextStep.WHATSAPP, priority=Priority.RETRY, **more)
    text = page(as_(client, agent).post("/cola/siguiente/", **HTMX))
    outreach.refresh_from_db()
    return outreach, {"key": str(uuid.uuid4()), "fence": outreach.fence}, text


def hears(body):
    webhook.store(body)
    while tasks.run_one():
        pass


# -- by the agent's telephone ----------------------------------------------------------------------------------------


def test_the_image_is_there_to_be_copied(client, agent, outsider, template):  # noqa: F811
    outreach, _, text = held_by(client, agent)
    path = f"/cola/{outreach.pk}/imagen/?plantilla=proactivo_mantenimiento_v1"
    assert "Copiar imagen" in text
    assert path in text
    shown = client.get(path)
    assert b"".join(shown.streaming_content)[:3] == b"\xff\xd8\xff"
    assert client.get(path.replace("proactivo", "otra")).status_code == 204
    assert as_(client, outsider).get(path).status_code == 404


def test_a_template_without_its_image_says_so(client, agent):
    _, _, text = held_by(client, agent)
    assert "todavía no la tiene" in text


def test_a_repeated_screenshot_is_told_before_and_after(client, agent, north, centre):
    first, data, _ = held_by(client, agent)
    client.post(f"/cola/{first.pk}/whatsapp/", data | {"picture": SimpleUploadedFile("p.png", png(), "image/png")}, **HTMX)
    second, data, _ = held_by(client, agent)
    sha = hashlib.sha256(png()).hexdigest()
    assert "ya se usó el" in page(client.get(f"/cola/{second.pk}/pantallazo/?sha={sha}"))
    assert client.get(f"/cola/{second.pk}/pantallazo/?sha={'0' * 64}").content == b""
    text = page(client.post(f"/cola/{second.pk}/whatsapp/", data | {"picture": SimpleUploadedFile("p.png", png(), "image/png")}, **HTMX))
    assert f"de {first.customer}" in text
    board = page(client.get("/whatsapp/?vista=repetidos"))
    assert first.customer.name in board
    assert second.customer.name in board


def test_another_sites_screenshot_is_told_without_its_customer(client, agent, centre, north):
    first, data, _ = held_by(client, agent)
    client.post(f"/cola/{first.pk}/whatsapp/", data | {"picture": SimpleUploadedFile("p.png", png(), "image/png")}, **HTMX)
    other = person(Role.CALL_CENTER_AGENT, all_sites=False)
    other.sites.add(centre)
    foreign = OutreachFactory(site=centre)
    text = page(as_(client, other).get(f"/cola/{foreign.pk}/pantallazo/?sha={hashlib.sha256(png()).hexdigest()}"))
    assert "de otra sede" in text
    assert first.customer.name not in text


def test_a_number_without_whatsapp_gives_its_place_to_the_next(client, agent):
    outreach, data, _ = held_by(client, agent)
    PhoneFactory(customer=outreach.customer, position=1)
    assert "otro celular" in page(client.post(f"/cola/{outreach.pk}/sin-whatsapp/", data, **HTMX))
    outreach.refresh_from_db()
    assert outreach.next_step == NextStep.WHATSAPP
    data["fence"] = outreach.fence
    client.post(f"/cola/{outreach.pk}/", **HTMX)
    outreach.refresh_from_db()
    data["fence"] = outreach.fence
    assert "cerrada sin mensaje" in page(client.post(f"/cola/{outreach.pk}/sin-whatsapp/", data, **HTMX))


def test_opening_the_chat_notes_the_hour(client, agent):
    row, form, text = held_by(client, agent)
    assert f'hx-post="/cola/{row.pk}/llamar/"' in text
    point = row.customer.points.get()
    assert f'"point": "{point.pk}"' in text
    assert 'href="tel:' not in text  # what is due is the message
    for _ in range(2):  # the text copied, too
        assert "Chat abierto a las" in page(client.post(f"/cola/{row.pk}/llamar/", {"fence": form["fence"], "point": point.pk}, **HTMX))
    row.refresh_from_db()
    assert (row.call_started_at is not None, row.dials.chats().count(), queue.tried(row)) == (True, 1, set())


def test_another_template_can_be_chosen(client, agent):
    MessageTemplate.objects.create(name="otra_v1", programme="PROACTIVE", body="Hola {{1}}, le escribe Carrazos. Responda BAJA si no quiere más.",
                                   variables=["cliente"], order=50)  # fmt: skip
    outreach, data, text = held_by(client, agent)
    assert "<option" in text
    assert "le escribe Carrazos" in page(client.get("/cola/?plantilla=otra_v1"))
    client.post(f"/cola/{outreach.pk}/whatsapp/", data | {"template": "otra_v1", "picture": SimpleUploadedFile("p.png", png())}, **HTMX)
    assert Message.objects.get().template.name == "otra_v1"


# -- by the line of Meta ---------------------------------------------------------------------------------------------


def test_one_key_sends_by_the_line_and_brings_the_next(client, agent, graph, template, work):  # noqa: F811
    outreach, data, text = held_by(client, agent)
    assert "Enviar y siguiente" in text
    assert "wa.me" not in text
    assert "WhatsApp en camino" in page(client.post(f"/cola/{outreach.pk}/whatsapp/", data, **HTMX))
    work()
    assert Message.objects.get().status == MessageStatus.SENT


def test_without_an_approved_template_the_page_says_why(client, agent, graph):  # noqa: F811
    _, _, text = held_by(client, agent)
    assert "Meta no ha aprobado ninguna plantilla" in text


def test_what_they_wrote_is_on_the_page_and_can_be_answered(client, agent, ask, graph, work):  # noqa: F811
    message = ask()
    work()
    hears(inbound_body("¿Cuánto vale?", number=message.point.value[1:], at=NOW))
    text = page(as_(client, agent).post("/cola/siguiente/", **HTMX))
    assert "¿Cuánto vale?" in text
    assert "Responder por escrito" in text
    path, data = f"/cola/{message.outreach_id}/responder/", {"key": str(uuid.uuid4()), "body": "Desde $ 520.000"}
    assert "Respuesta en camino" in page(client.post(path, data, **HTMX))
    assert "Escriba la respuesta" in page(client.post(path, data | {"body": " "}, **HTMX))
    work()
    assert graph.requests[-1]["text"]["body"] == "Desde $ 520.000"


def test_a_refused_answer_keeps_the_words(client, agent, graph):  # noqa: F811
    outreach, _, _ = held_by(client, agent)
    WhatsAppIdentity.objects.create(customer=outreach.customer, wa_id="57300", last_inbound_at=MONDAY.replace(day=20))
    InboundMessage.objects.create(provider_id="a", identity=WhatsAppIdentity.objects.get(), customer=outreach.customer, kind="TEXT",
                                  body="Hola", at=MONDAY.replace(day=20))  # fmt: skip
    text = page(client.post(f"/cola/{outreach.pk}/responder/", {"key": str(uuid.uuid4()), "body": "tarde"}, **HTMX))
    assert "Pasaron más de 24 horas" in text


# -- the board -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.CALL_CENTER_AGENT, 200), (Role.CALL_CENTER_LEAD, 200), (Role.AFTERSALES_DIRECTOR, 200), (Role.SERVICE_ADVISOR, 403)],
)
def test_who_sees_the_board(client, role, status):
    assert as_(client, person(role)).get("/whatsapp/").status_code == status


@pytest.fixture
def uncertain(graph, ask, work):  # noqa: F811
    graph.fault = lambda _n: Fault.CLOSE

    def make(**more):
        message = ask(**more)
        work()
        message.refresh_from_db()
        return message

    return make


def test_uncertain_messages_are_listed_and_settled(client, agent, outsider, uncertain):
    first, second = uncertain(), uncertain()
    text = page(as_(client, agent).get("/whatsapp/"))
    assert first.customer.name in text
    assert "Sí llegó" in text
    client.post(f"/whatsapp/mensaje/{first.pk}/", {"arrived": "yes"})
    client.post(f"/whatsapp/mensaje/{second.pk}/", {"arrived": "no"})
    assert [Message.objects.get(pk=row.pk).status for row in (first, second)] == [MessageStatus.SENT, MessageStatus.FAILED]
    assert "ya quedó claro" in page(client.post(f"/whatsapp/mensaje/{first.pk}/", {"arrived": "no"}, follow=True))
    assert first.customer.name not in page(as_(client, outsider).get("/whatsapp/"))
    assert client.post(f"/whatsapp/mensaje/{first.pk}/", {"arrived": "no"}).status_code == 404


def test_the_board_costs_the_same_for_one_and_three(client, agent, uncertain):
    as_(client, agent)
    costs = []
    for count in (1, 2):
        for _ in range(count):
            uncertain()
        client.get("/whatsapp/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/whatsapp/")
        costs.append(len(queries))
    assert costs[0] == costs[1] < 20


@pytest.mark.parametrize("view", ["inciertos", "respuestas", "fallidos", "cola", "enviados", "repetidos", "plantillas", "otra", "\x00"[:0]])
def test_every_view_of_the_board_opens(client, agent, graph, ask, view):  # noqa: F811
    ask()
    hears(inbound_body("Hola", number="573009998877"))
    assert as_(client, agent).get("/whatsapp/", {"vista": view, "pagina": "99"}).status_code == 200


def test_an_answer_without_a_matter_is_attended_to_or_answered(client, agent, graph, work):  # noqa: F811
    row = OutreachFactory()
    hears(inbound_body("Buenas", number=row.customer.points.first().value[1:], at=NOW))
    hears(inbound_body("¿Atienden hoy?", number=row.customer.points.first().value[1:], at=NOW))
    first, second = InboundMessage.objects.order_by("id")
    assert row.customer.name in page(as_(client, agent).get("/whatsapp/?vista=respuestas"))
    client.post(f"/whatsapp/respuesta/{first.pk}/", {"key": str(uuid.uuid4()), "body": "Sí, hasta las cinco."})
    client.post(f"/whatsapp/respuesta/{second.pk}/", {"key": str(uuid.uuid4()), "body": ""})
    work()
    assert graph.requests[-1]["text"]["body"] == "Sí, hasta las cinco."
    assert list(InboundMessage.objects.order_by("id").values_list("handled_by", "note")) == [
        (agent.pk, "Se le respondió por WhatsApp"), (agent.pk, "Atendida por otro medio")]  # fmt: skip


@pytest.mark.parametrize("given", ["document", "plate", "phone"])
def test_a_person_says_whose_number_it_is(client, agent, graph, given):  # noqa: F811
    customer = CustomerFactory()
    PhoneFactory(customer=customer)
    vehicle = VehicleFactory(brand=BrandFactory())
    VehicleParty.objects.create(vehicle=vehicle, customer=customer)
    hears(inbound_body("Hola", number="573009998877"))
    found = InboundMessage.objects.get()
    who = {"document": customer.document_number, "plate": vehicle.plate.lower(), "phone": customer.points.first().value[3:]}[given]
    as_(client, agent).post(f"/whatsapp/respuesta/{found.pk}/cliente/", {"who": who})
    found.refresh_from_db()
    assert found.customer == customer
    assert "No hay un cliente" in page(client.post(f"/whatsapp/respuesta/{found.pk}/cliente/", {"who": "99"}, follow=True))


def test_only_who_supervises_opens_the_line_again(client, agent, director, graph):  # noqa: F811
    Line.objects.create(stopped_at=MONDAY, code=190, reason="La llave de acceso de Meta venció o no sirve.")
    text = page(as_(client, agent).get("/whatsapp/"))
    assert "La línea está detenida" in text
    assert client.post("/whatsapp/reanudar/").status_code == 403
    as_(client, director).post("/whatsapp/reanudar/")
    assert not Line.is_closed()


# -- templates in the administration ---------------------------------------------------------------------------------


def edit(client, row, **changes):
    data = {"name": row.name, "programme": row.programme, "order": row.order, "body": row.body, "variables": ",".join(row.variables),
            "language": row.language, "approval": row.approval, "approval_note": "", "quality": "", "is_active": "on"}  # fmt: skip
    data |= {"is_marketing": "on"} if row.is_marketing else {}
    return client.post(f"/gestion/callcenter/messagetemplate/{row.pk}/change/", data | changes)


@pytest.fixture
def admin_client(client):
    user = person(Role.ADMIN, is_staff=True, is_superuser=True)
    return as_(client, user)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"body": "Hola {{1}} y {{2}}, le escribe Carrazos. Responda BAJA si no quiere más mensajes."}, "deben ser"),
        ({"body": "{{1}} hola, le escribe Carrazos, BAJA para salir de la lista.", "variables": "cliente"}, "empezar ni terminar"),
        ({"body": "Hola {{1}} {{2}} {{3}} BAJA ya", "variables": "cliente,placa,marca"}, "demasiadas variables"),
        ({"body": "Hola {{1}}, le escribe Carrazos con una oferta.", "variables": "cliente"}, "responda BAJA"),
        ({"body": "Hola {{1}}, responda BAJA para salir de la lista.", "variables": "zapato"}, "no existen"),
    ],
)
def test_a_text_that_meta_would_refuse_is_refused_here(admin_client, changes, words):
    row = MessageTemplate.objects.get(name="proactivo_mantenimiento_v1")
    assert words in page(edit(admin_client, row, **changes))


def test_a_changed_text_is_no_longer_the_approved_one(admin_client, template):  # noqa: F811
    edit(admin_client, template, body=template.body.replace("Hola", "Buenos días"), image="")
    template.refresh_from_db()
    assert (template.approval, template.body[:5]) == (TemplateApproval.LOCAL, "Bueno")


def test_a_template_picture_is_written_anew(admin_client):
    row = MessageTemplate.objects.get(name="cita_no_asistio_v1")
    edit(admin_client, row, image=SimpleUploadedFile("../x.png", png(), "image/png"))
    row.refresh_from_db()
    assert re.fullmatch(r"pictures/[0-9a-f]{32}\.jpg", row.image.name)
    assert "imagen" in page(edit(admin_client, row, image=SimpleUploadedFile("x.png", b"<svg/>", "image/png")))
    assert Evidence.objects.count() == 0
