"""Every page of the kernel: who may open it, whose rows it shows, what it costs."""

import re
import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from callcenter.domain import consent, queue
from callcenter.enums import AppointmentStatus, ExclusionScope, ExclusionSource, NextStep, Priority, Programme, Purpose
from callcenter.models import Appointment, Attempt, Evidence, Message, Outreach, Transfer, User, VehicleParty
from callcenter.roles import Role
from tests.callcenter.domain.test_messages_and_appointments import png
from tests.conftest import person, query_count
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, SiteFactory, VehicleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
HTMX = {"HTTP_HX_REQUEST": "true"}


def as_(client, user):
    client.force_login(user)
    return client


def page(response):
    return re.sub(r"\s+", " ", response.content.decode())


# -- frame -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["callcenter:home", "callcenter:console", "callcenter:imports", "callcenter:appointments", "reports:centre"]
)
def test_nobody_gets_in_without_logging_in(client, name):
    response = client.get(reverse(name))
    assert (response.status_code, response.url.split("?")[0]) == (302, "/cuenta/ingresar/")


def test_health_answers_without_login(client):
    assert client.get("/salud/vivo/").content == b"vivo"


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_a_home_and_only_its_navigation(client, role):
    text = page(as_(client, person(role)).get("/"))
    assert ("Mi cola" in text) is (role in {Role.CALL_CENTER_AGENT, Role.CALL_CENTER_LEAD, Role.CRM_LEAD})
    assert ("/importaciones/" in text) is (role in {Role.CALL_CENTER_AGENT, Role.CALL_CENTER_LEAD, Role.AFTERSALES_DIRECTOR, Role.CRM_LEAD})


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.AFTERSALES_DIRECTOR, "/cola/", 403),
        (Role.SERVICE_ADVISOR, "/importaciones/", 403),
        (Role.SERVICE_ADVISOR, "/citas/", 200),
        (Role.SALES_ADVISOR, "/citas/", 403),
        (Role.SERVICE_ADVISOR, "/informes/GSC-FOR-09/", 403),
        (Role.QUALITY_COORDINATOR, "/informes/GSC-FOR-09/", 200),
        (Role.CALL_CENTER_AGENT, "/cola/", 200),
    ],
)
def test_a_role_opens_what_is_its_work(client, role, path, status):
    assert as_(client, person(role)).get(path).status_code == status


def test_pages_are_private_and_strict(client, agent):
    response = as_(client, agent).get("/")
    assert response["Cache-Control"] == "no-store"
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response["X-Frame-Options"] == "DENY"


def test_control_characters_in_an_address_are_400_not_500(client, agent):
    assert as_(client, agent).get("/citas/?day=%00").status_code == 400


def test_an_unknown_address_answers_in_spanish(client, agent):
    response = as_(client, agent).get("/no-existe/")
    assert response.status_code == 404
    assert "No existe o no es de su sede" in page(response)


def test_preferences_are_ones_own(client, agent):
    as_(client, agent).post("/preferencias/", {"theme": "dark", "density": "compact", "next": "https://evil.example/"})
    agent.refresh_from_db()
    assert (agent.theme, agent.density, agent.single_keys) == ("dark", "compact", False)
    assert 'data-theme="dark"' in page(client.get("/"))


def test_preferences_do_not_grant_anything(client, agent):
    as_(client, agent).post("/preferencias/", {"theme": "dark", "density": "normal", "is_superuser": "on", "all_sites": ""})
    assert User.objects.get(pk=agent.pk).is_superuser is False


def test_the_next_address_stays_in_the_house(client, agent):
    assert as_(client, agent).post("/preferencias/", {"theme": "dark", "density": "normal", "next": "//evil.example"}).url == "/"


# -- console ---------------------------------------------------------------------------------------------------------


def test_the_console_offers_the_next_and_shows_the_customer(client, agent):
    outreach = OutreachFactory()
    assert "Siguiente cliente" in page(as_(client, agent).get("/cola/"))
    text = page(client.post("/cola/siguiente/", **HTMX))
    for words in (
        outreach.customer.name,
        outreach.vehicle.plate,
        "Resultado del intento 1 de 3",
        "Guion GSC-INS-01 v1",
        "Por qué llamamos",
    ):
        assert words in text


def test_the_console_says_which_matters_a_silent_call_counts_for(client, agent):
    row = OutreachFactory()
    twin = OutreachFactory(customer=row.customer, vehicle=VehicleFactory(plate="ZZX001"), phone=False, reason="Revisión 30.000 km")
    OutreachFactory(
        customer=row.customer, vehicle=VehicleFactory(plate="ZZX002"), phone=False, is_callback=True, due_at=MONDAY + timedelta(days=4)
    )
    as_(client, agent).post(f"/cola/{row.pk}/", **HTMX)
    text = page(client.get("/cola/"))
    assert f"El intento vale también para: {twin.vehicle.title} ZZX001: Revisión 30.000 km</p>" in text
    client.post(f"/cola/{row.pk}/resultado/", outcome(Outreach.objects.get(pk=row.pk), outcome="NO_CONTACT:BUSY"), **HTMX)
    assert set(Attempt.objects.values_list("outreach", flat=True)) == {row.pk, twin.pk}


def outcome(held, **data):
    return {"key": str(uuid.uuid4()), "fence": held.fence, **data}


def test_one_key_saves_and_brings_the_next(client, agent, cal):
    first, second = OutreachFactory.create_batch(2)
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    text = page(as_(client, agent).post(f"/cola/{held.pk}/resultado/", outcome(held, outcome="NO_CONTACT:BUSY"), **HTMX))
    assert Attempt.objects.get().reason.code == "BUSY"
    assert "Guardado:" in text
    assert "Deshacer" in text
    assert ({first, second} - {held}).pop().customer.name in text


def test_a_booking_from_the_form(client, agent, cal):
    OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    data = outcome(held, outcome="BOOKED", slot_day="2026-11-25", slot_time="10:00", site=held.site_id, service="Revisión 20.000 km")
    as_(client, agent).post(f"/cola/{held.pk}/resultado/", data, **HTMX)
    appointment = Appointment.objects.get()
    assert (appointment.starts_at.isoformat(), appointment.service) == ("2026-11-25T15:00:00+00:00", "Revisión 20.000 km")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"outcome": ""}, "Elija el resultado"),
        ({"outcome": "FOO"}, "Elija el resultado"),
        ({"outcome": "DECLINED"}, "Elija el motivo"),
        ({"outcome": "NO_CONTACT", "reason": "OTHER"}, "exige una nota"),
        ({"outcome": "CALL_BACK"}, "Elija cuándo"),
        ({"outcome": "BOOKED"}, "Elija fecha y hora"),
        ({"outcome": "BOOKED", "slot": "2026-11-25T09:00:00-05:00", "slot_day": "2026-11-26", "site": "SITE"}, "también la hora"),
        ({"outcome": "CALL_BACK", "call_back": "2026-11-25T09:00:00-05:00", "call_back_time": "15:00"}, "también el día"),
        ({"outcome": "BOOKED", "slot_day": "2026-11-20", "slot_time": "10:00", "site": "SITE"}, "debe quedar en el futuro"),
        ({"outcome": "CALL_BACK", "call_back_day": "2026-11-20", "call_back_time": "10:00"}, "debe quedar en el futuro"),
        ({"outcome": "BOOKED", "slot_day": "2026-11-29", "slot_time": "10:00", "site": "SITE"}, "no atiende"),
        ({"outcome": "CALL_BACK", "call_back_day": "2026-11-29", "call_back_time": "10:00"}, "no se puede llamar"),
    ],
)
def test_what_is_missing_is_said_and_the_note_stays(client, agent, cal, data, words):
    OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    data = {key: held.site_id if value == "SITE" else value for key, value in data.items()}
    note = "Nota larga que no se puede perder" if "OTHER" not in data.values() else ""
    response = as_(client, agent).post(f"/cola/{held.pk}/resultado/", outcome(held, note=note, **data), **HTMX)
    assert response.status_code == 422
    assert words in page(response)
    assert note in page(response)
    assert not Attempt.objects.exists()


def test_a_refused_booking_keeps_all_that_was_chosen(client, agent, cal):
    OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    other = SiteFactory(code="centro", name="Sede Centro")
    as_(client, agent)
    second = re.findall(r'name="slot" value="([^"]+)"', page(client.get("/cola/")))[1]
    chosen = outcome(held, outcome="BOOKED", slot=second, slot_day="2026-11-29", slot_time="10:00", site=other.pk, service="Frenos")
    text = page(client.post(f"/cola/{held.pk}/resultado/", chosen, **HTMX))
    for kept in (f'value="{second}" checked', f'value="{other.pk}" selected', 'name="service" value="Frenos"', 'value="2026-11-29"'):
        assert kept in text


def test_a_refused_callback_keeps_the_day_and_hour(client, agent, cal):
    OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    data = outcome(held, outcome="CALL_BACK", call_back_day="2026-11-29", call_back_time="10:00", only_me="on")
    text = page(as_(client, agent).post(f"/cola/{held.pk}/resultado/", data, **HTMX))
    for kept in ('value="2026-11-29"', 'value="10:00"', 'name="only_me" checked'):
        assert kept in text


def test_a_customer_is_passed_only_to_who_calls_the_programme(client, agent, cal):
    OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    other = person(Role.CRM_LEAD, programmes=[Programme.PROSPECT_CHECK])
    mate = person(Role.CALL_CENTER_AGENT, programmes=[Programme.PROACTIVE])
    text = page(as_(client, agent).get("/cola/"))
    assert [f'<option value="{user.pk}">' in text for user in (mate, other)] == [True, False]
    client.post(f"/cola/{held.pk}/pasar/", {"fence": held.fence, "to": other.pk, "transfer_note": "suyo"}, **HTMX)
    assert not Transfer.objects.exists()


def test_a_lost_customer_answers_409_and_keeps_the_note(client, agent, cal):
    OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    Outreach.objects.update(fence=held.fence + 1)
    response = as_(client, agent).post(f"/cola/{held.pk}/resultado/", outcome(held, outcome="NO_CONTACT:BUSY", note="lo que dijo"), **HTMX)
    assert response.status_code == 409
    assert "otra persona lo tomó" in page(response)
    assert "lo que dijo" in page(response)


def test_without_javascript_the_form_redirects(client, agent, cal):
    OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    response = as_(client, agent).post(f"/cola/{held.pk}/resultado/", outcome(held, outcome="NO_CONTACT:BUSY"))
    assert (response.status_code, response.url) == (302, "/cola/")


def test_undo_from_the_toast(client, agent, cal):
    OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    as_(client, agent).post(f"/cola/{held.pk}/resultado/", outcome(held, outcome="NO_CONTACT:BUSY"), **HTMX)
    text = page(client.post(f"/cola/intento/{Attempt.objects.get().pk}/deshacer/", **HTMX))
    assert "Deshecho" in text
    assert "Resultado del intento 1 de 3" in text


def test_calling_and_the_heartbeat(client, agent, cal):
    OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    assert "Llamada iniciada" in page(as_(client, agent).post(f"/cola/{held.pk}/llamar/", {"fence": held.fence}, **HTMX))
    assert client.post(f"/cola/{held.pk}/vivo/", {"fence": held.fence}, **HTMX).status_code == 204
    assert client.post(f"/cola/{held.pk}/vivo/", {"fence": held.fence + 1}, **HTMX).status_code == 409
    consent.refuse(held.customer, scope=ExclusionScope.ALL, source=ExclusionSource.WHATSAPP_STOP, at=MONDAY)
    assert "Lo que acuerden en esta llamada se conserva" in page(client.post(f"/cola/{held.pk}/vivo/", {"fence": held.fence}, **HTMX))


def test_the_heartbeat_tells_of_a_refusal_before_the_call(client, agent, cal):
    OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    consent.refuse(held.customer, scope=ExclusionScope.ALL, source=ExclusionSource.WHATSAPP_STOP, at=MONDAY)
    response = as_(client, agent).post(f"/cola/{held.pk}/vivo/", {"fence": held.fence}, **HTMX)
    assert (response.status_code, "no lo llame" in page(response)) == (409, True)


def test_outside_hours_the_page_says_when(client, agent, settings):
    OutreachFactory()
    settings.CLOCK_SHIFT += 11 * 3600
    text = page(as_(client, agent).get("/cola/"))
    assert "A esta hora no se llama" in text
    assert "24/11/2026 07:00" in text


def test_the_whatsapp_step_with_its_screenshot(client, agent, cal):
    outreach = OutreachFactory(next_step=NextStep.WHATSAPP, priority=Priority.RETRY)
    text = page(as_(client, agent).post("/cola/siguiente/", **HTMX))
    assert "https://wa.me/57300" in text
    outreach.refresh_from_db()
    data = {"key": str(uuid.uuid4()), "fence": outreach.fence}
    assert "Falta el pantallazo" in page(client.post(f"/cola/{outreach.pk}/whatsapp/", data, **HTMX))
    data["picture"] = SimpleUploadedFile("../../pantallazo.png", png(), "image/png")
    assert "WhatsApp registrado" in page(client.post(f"/cola/{outreach.pk}/whatsapp/", data, **HTMX))
    evidence = Evidence.objects.get()
    assert re.fullmatch(r"evidence/[0-9a-f]{32}\.jpg", evidence.file.name)
    assert Message.objects.get().sent_by == agent


@pytest.mark.parametrize(
    "path",
    [
        "/cola/{}/",
        "/cola/{}/soltar/",
        "/cola/{}/omitir/",
        "/cola/{}/llamar/",
        "/cola/{}/vivo/",
        "/cola/{}/resultado/",
        "/cola/{}/whatsapp/",
    ],
)
def test_another_sites_customer_does_not_exist(client, outsider, path):
    outreach = OutreachFactory()
    response = as_(client, outsider).post(path.format(outreach.pk), {"fence": 0})
    assert response.status_code == 404


def test_evidence_is_for_who_may_see_its_outreach(client, agent, outsider, director, advisor, cal):
    outreach = OutreachFactory(next_step=NextStep.WHATSAPP, priority=Priority.RETRY)
    as_(client, agent).post("/cola/siguiente/")
    outreach.refresh_from_db()
    data = {"key": str(uuid.uuid4()), "fence": outreach.fence, "picture": SimpleUploadedFile("p.png", png(), "image/png")}
    client.post(f"/cola/{outreach.pk}/whatsapp/", data)
    path = f"/evidencia/{Evidence.objects.get().pk}/"
    shown = as_(client, director).get(path)
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert "sandbox" in shown["Content-Security-Policy"]
    assert b"".join(shown.streaming_content)[:3] == b"\xff\xd8\xff"
    assert as_(client, outsider).get(path).status_code == 404
    assert as_(client, advisor).get(path).status_code == 403


def test_the_console_costs_the_same_for_one_and_three(client, agent):
    OutreachFactory()
    one = query_count(as_(client, agent), "/cola/")
    OutreachFactory.create_batch(2)
    assert query_count(client, "/cola/") == one
    assert one <= 12  # screens: what any page may ask of the database


def test_who_can_be_called_now_comes_before_who_waits_for_later(client, agent):
    later = OutreachFactory(priority=Priority.CALLBACK, is_callback=True, due_at=MONDAY + timedelta(hours=2))
    now = OutreachFactory(priority=Priority.FIRST, due_at=MONDAY - timedelta(hours=2))
    assert as_(client, agent).get("/cola/").context["waiting"] == [now, later]


def test_the_queue_narrows_to_one_programme_and_widens_again(client, agent, cal):
    proactive = OutreachFactory(due_at=MONDAY - timedelta(hours=2))
    missed = OutreachFactory(programme=Programme.NO_SHOW, purpose=Purpose.SERVICE, due_at=MONDAY - timedelta(hours=1))
    as_(client, agent)
    text = page(client.post("/cola/programa/", {"programme": "NO_SHOW"}, **HTMX))
    assert (missed.customer.name in text, proactive.customer.name in text, "1 para ahora" in text) == (True, False, True)
    client.post("/cola/siguiente/", **HTMX)
    assert Outreach.objects.get(leased_by=agent) == missed
    queue.release_all(agent)
    client.post("/cola/programa/", {"programme": "inventado"})
    assert "2 para ahora" in page(client.get("/cola/"))


def test_a_programme_that_the_agent_does_not_call_is_not_offered(client, agent):
    User.objects.filter(pk=agent.pk).update(programmes=["PROACTIVE", "RECOVERY"])
    OutreachFactory(programme=Programme.NO_SHOW, purpose=Purpose.SERVICE)
    as_(client, agent).post("/cola/programa/", {"programme": "NO_SHOW"})
    text = page(client.get("/cola/"))
    assert ('value="RECOVERY"' in text, 'value="NO_SHOW"' in text, "0 para ahora" in text) == (True, False, True)


def test_the_day_counts_the_calls_of_every_programme(client, agent, cal):
    row = OutreachFactory(programme=Programme.NO_SHOW, purpose=Purpose.SERVICE)
    held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    as_(client, agent)
    client.post(f"/cola/{row.pk}/resultado/", {"key": str(uuid.uuid4()), "fence": held.fence, "outcome": "NO_CONTACT:BUSY"}, **HTMX)
    assert "<strong>1</strong> de 60 hoy" in page(client.get("/cola/"))


def test_the_customer_shows_other_vehicles_and_open_matters(client, agent, cal):
    row = OutreachFactory()
    other = VehicleFactory()
    VehicleParty.objects.create(vehicle=other, customer=row.customer)
    OutreachFactory(customer=row.customer, programme=Programme.RECOVERY, reason="Sin visitas", vehicle=None, phone=False)
    queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    text = page(as_(client, agent).get("/cola/"))
    assert other.plate in text
    assert "Sin visitas: " in text


def test_hostile_text_is_only_text(client, agent):
    OutreachFactory(customer=CustomerFactory(name='<svg onload="alert(1)">'), note="<script>alert(2)</script>")
    text = page(as_(client, agent).post("/cola/siguiente/", **HTMX))
    assert "<svg onload" not in text
    assert "<script>alert" not in text
    assert "&lt;svg onload" in text


# -- imports: tests/callcenter/views/test_imports.py -------------------------------------------------------------------


# -- appointments ----------------------------------------------------------------------------------------------------


def booked(agent, **more):
    outreach = OutreachFactory()
    return Appointment.objects.create(
        outreach=outreach, customer=outreach.customer, vehicle=outreach.vehicle, site=outreach.site, brand=outreach.brand,
        service="Revisión", starts_at=MONDAY.replace(hour=8), booked_by=agent, booked_at=MONDAY, **more,
    )  # fmt: skip


def test_the_day_shows_and_marks(client, agent):
    row = booked(agent)
    assert row.customer.name in page(as_(client, agent).get("/citas/"))
    response = client.post(f"/citas/{row.pk}/", {"status": "FULFILLED", "next": "/citas/"})
    row.refresh_from_db()
    assert (response.url, row.status) == ("/citas/", AppointmentStatus.FULFILLED)


def test_a_no_show_needs_its_reason(client, agent):
    row = booked(agent)
    as_(client, agent).post(f"/citas/{row.pk}/", {"status": "NO_SHOW"})
    row.refresh_from_db()
    assert row.status == AppointmentStatus.SCHEDULED
    assert "Elija el motivo" in page(client.get("/citas/"))


def test_another_sites_appointment_does_not_exist(client, agent, outsider):
    row = booked(agent)
    assert row.customer.name not in page(as_(client, outsider).get("/citas/"))
    assert client.post(f"/citas/{row.pk}/", {"status": "FULFILLED"}).status_code == 404


def test_who_only_looks_can_not_mark(client, agent):
    row = booked(agent)
    chief = person(Role.WORKSHOP_CHIEF)
    assert "Marcar" not in page(as_(client, chief).get("/citas/"))
    assert client.post(f"/citas/{row.pk}/", {"status": "FULFILLED"}).status_code == 403


def test_the_day_costs_the_same(client, agent):
    booked(agent)
    one = query_count(as_(client, agent), "/citas/")
    booked(agent)
    booked(agent)
    assert query_count(client, "/citas/") == one


def test_the_admin_has_one_way_back_and_what_is_gone_says_why(client):
    text = page(as_(client, person(Role.ADMIN, is_staff=True, is_superuser=True)).get("/gestion/"))
    assert ("Volver a la aplicación" in text, "Ver el sitio" in text) == (True, False)
    assert "pudo pasar a otra persona" in page(client.get("/detractores/999999/"))
