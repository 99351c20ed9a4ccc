"""«En vivo», sharing out with a preview, campaigns: who sees what, what is written, what it costs."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from callcenter.domain import campaigns, day, outreach, queue, supervision
from callcenter.domain.outreach import Call
from callcenter.enums import CampaignPriority, Outcome, Priority, ReasonKind
from callcenter.models import Campaign, Notification, Outreach, Reason
from callcenter.roles import Role
from tests.callcenter.domain.test_messages_and_appointments import png
from tests.callcenter.views.test_pages import HTMX, as_, page
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, OutreachFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
LIVE = "/en-vivo/"
KEY = "6f1d1f2e-31cf-4f4e-9c1d-3a1f6f1d1f2e"


def lines(viewer, at=MONDAY):
    return {line.agent: (line.state, line.minutes) for line in supervision.agents_now(viewer, at)}


def test_the_state_of_each_agent_is_what_they_did_last(director, agent, cal):
    paused, idle = person(Role.CALL_CENTER_AGENT), person(Role.CALL_CENTER_AGENT)
    row = OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY - timedelta(minutes=4), calendar=cal)
    assert lines(director)[agent] == ("Con un cliente", 4)
    queue.start_call(row.pk, agent, fence=held.fence, at=MONDAY - timedelta(minutes=3), calendar=cal)
    day.pause(paused, Reason.objects.get(kind=ReasonKind.PAUSE, code="LUNCH"), at=MONDAY - timedelta(minutes=22))
    found = lines(director)
    assert (found[agent], found[paused], found[idle]) == (("En llamada", 3), ("Pausa: almuerzo", 22), ("Sin actividad", 0))


def test_the_page_shows_agents_and_queues_and_refreshes_only_its_part(client, director, agent):
    OutreachFactory(due_at=MONDAY - timedelta(days=1))
    OutreachFactory(is_callback=True, due_at=MONDAY - timedelta(hours=1))
    text = page(as_(client, director).get(LIVE))
    for words in (
        "Agentes activos",
        "Rellamadas vencidas",
        str(agent),
        "Contacto proactivo",
        "1 vencida: atiéndala",
        "Repartir o reasignar",
    ):
        assert words in text
    part = page(client.get(LIVE, **HTMX))
    assert "Rellamadas vencidas" in part
    assert "<html" not in part


def test_only_who_supervises_and_only_their_sites(client, agent, outsider):
    assert as_(client, agent).get(LIVE).status_code == 403
    OutreachFactory()
    lead = person(Role.CALL_CENTER_LEAD, all_sites=False)
    lead.sites.set(outsider.sites.all())
    assert "No hay nada en cola" in page(as_(client, lead).get(LIVE))
    assert supervision.shareable(lead, MONDAY, source=None).count() == 0


def test_sharing_out_is_previewed_and_then_done_as_shown(client, director, agent, cal):
    other = person(Role.CALL_CENTER_AGENT)
    rows = [OutreachFactory(due_at=MONDAY - timedelta(minutes=60 - n)) for n in range(5)]
    as_(client, director)
    answer = client.post(reverse("callcenter:share"), {"count": 4, "targets": [agent.pk, other.pk]})
    text = page(answer)
    assert "Así quedaría el reparto" in text
    assert f"{agent}: 2" in text
    assert Outreach.objects.filter(callback_for__isnull=False).count() == 0
    sealed = answer.context["sealed"]
    queue.take(rows[0].pk, agent, at=MONDAY, calendar=cal)  # taken meanwhile: stays
    assert "1 cambiaron entretanto" in page(client.post(reverse("callcenter:share_apply"), {"sealed": sealed}, follow=True))
    assert Outreach.objects.filter(callback_for__isnull=False).count() == 3
    assert Outreach.objects.filter(callback_for=other).first().reserved_until.astimezone(MONDAY.tzinfo).hour == 19
    queue.release_all(agent)
    third = person(Role.CALL_CENTER_AGENT)
    assert queue.claim_next(third, at=MONDAY, calendar=cal) == rows[0]  # given back, still nobody's
    assert queue.claim_next(other, at=MONDAY, calendar=cal).callback_for == other
    assert "venció" in page(client.post(reverse("callcenter:share_apply"), {"sealed": sealed + "x"}, follow=True))


def test_a_share_goes_only_to_who_may_call_it(agent, outsider, vw):
    rows = OutreachFactory.create_batch(3)
    share = supervision.share_out(rows, [agent, outsider])
    assert (len(share.parts[agent]), share.parts[outsider], share.left) == (3, [], [])
    assert supervision.share_out(rows, [outsider]).left == rows


def test_reassigning_takes_from_one_and_gives_to_another(client, director, agent):
    other = person(Role.CALL_CENTER_AGENT)
    row = OutreachFactory(callback_for=agent, reserved_until=MONDAY + timedelta(hours=3))
    as_(client, director)
    refused = client.post(reverse("callcenter:share"), {"source": agent.pk, "count": 5, "targets": [agent.pk]})
    assert (refused.status_code, "Quien entrega no puede recibir" in page(refused)) == (422, True)
    answer = client.post(reverse("callcenter:share"), {"source": agent.pk, "count": 5, "targets": [other.pk]})
    client.post(reverse("callcenter:share_apply"), {"sealed": answer.context["sealed"]})
    row.refresh_from_db()
    assert row.callback_for == other


# -- one agent -------------------------------------------------------------------------------------------------------


def test_an_agents_queue_is_seen_in_order_and_only_looked_at(client, director, agent, outsider):
    later, first = OutreachFactory(due_at=MONDAY - timedelta(minutes=1)), OutreachFactory(due_at=MONDAY - timedelta(hours=5))
    text = page(as_(client, director).get(reverse("callcenter:live_agent", args=[agent.pk])))
    assert text.index(first.customer.name) < text.index(later.customer.name)
    assert "solo para ver" in text
    assert first.customer.name not in page(client.get(reverse("callcenter:live_agent", args=[outsider.pk])))
    assert as_(client, agent).get(reverse("callcenter:live_agent", args=[agent.pk])).status_code == 403


def test_an_agents_queue_is_shown_as_the_agent_sees_it(agent):
    later = OutreachFactory(priority=Priority.CALLBACK, is_callback=True, due_at=MONDAY + timedelta(hours=2))
    now = OutreachFactory(priority=Priority.FIRST, due_at=MONDAY - timedelta(hours=2))
    assert supervision.queue_of(agent, agent, MONDAY) == [now, later]


def test_what_is_seen_of_an_agent_is_of_the_viewers_sites(client, agent, outsider):
    row = OutreachFactory()
    lead = person(Role.CALL_CENTER_LEAD, all_sites=False)
    lead.sites.set(outsider.sites.all())
    assert row in supervision.queue_of(agent, agent, MONDAY)
    assert supervision.queue_of(agent, lead, MONDAY) == []


def test_a_word_to_an_agent_stands_on_their_page_until_seen(client, director, agent):
    address = reverse("callcenter:live_say", args=[agent.pk])
    as_(client, director)
    assert client.post(address, {"key": KEY, "text": " "}).status_code == 422
    for _ in range(2):
        assert client.post(address, {"key": KEY, "text": "Llame primero a Kia"}).status_code == 302
    said = Notification.objects.get(user=agent)
    assert said.text == f"{director}: Llame primero a Kia"
    assert "Llame primero a Kia" in page(as_(client, agent).get("/cola/"))
    assert client.post(reverse("callcenter:read_notice", args=[said.pk]), **HTMX).content == b""
    assert "Llame primero a Kia" not in page(client.get("/cola/"))
    assert as_(client, director).post(reverse("callcenter:read_notice", args=[said.pk])).status_code == 404


def test_what_crosses_a_limit_is_told_once_a_day_and_marked_as_seen(client, director, cal):
    OutreachFactory.create_batch(supervision.LATE_LIMIT, due_at=MONDAY - timedelta(days=1))
    assert supervision.raise_alarms(MONDAY, cal) == 0
    OutreachFactory(due_at=MONDAY - timedelta(days=1))
    OutreachFactory(is_callback=True, due_at=MONDAY - timedelta(hours=1))
    for _ in range(2):
        supervision.raise_alarms(MONDAY, cal)
    text = page(as_(client, director).get(LIVE))
    assert "11 gestiones de días anteriores en cola: por encima de 10." in text
    assert "1 rellamada vencida que nadie ha hecho." in text
    rows = Notification.objects.filter(user=director)
    assert rows.count() == 2
    client.post(reverse("callcenter:read_notice", args=[rows[0].pk]), {"next": LIVE})
    text = page(client.get(LIVE))
    assert (text.count("visto a las"), text.count('type="submit">Marcar visto')) == (1, 1)
    assert supervision.raise_alarms(MONDAY.replace(hour=20), cal) == 0


def test_an_agent_who_went_silent_is_an_alarm_and_one_who_never_began_is_not(director, agent, cal):
    person(Role.CALL_CENTER_AGENT)
    row = OutreachFactory()
    held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    call = Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=Reason.objects.get(kind=ReasonKind.NO_CONTACT, code="BUSY"))
    outreach.record_attempt(row.pk, call, agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    assert supervision.raise_alarms(MONDAY + timedelta(minutes=15), cal) == 0
    assert supervision.raise_alarms(MONDAY + timedelta(minutes=16), cal) == 1
    assert Notification.objects.get(user=director).text.startswith("1 agente empezó hoy y lleva")


def test_the_live_page_costs_the_same_for_one_and_three(client, director, django_assert_num_queries, django_assert_max_num_queries):
    def more():
        OutreachFactory(leased_by=person(Role.CALL_CENTER_AGENT), leased_at=MONDAY, lease_until=MONDAY + timedelta(minutes=20))

    as_(client, director)
    more()
    client.get(LIVE)
    with django_assert_max_num_queries(20) as one:
        client.get(LIVE)
    more()
    more()
    with django_assert_num_queries(len(one)):
        client.get(LIVE)


def test_a_campaign_takes_in_its_brand_and_goes_first(client, agent, cal):
    marketing = person(Role.MARKETING_COORDINATOR)
    kia = BrandFactory(code="kia", name="Kia")
    first, late = OutreachFactory(due_at=MONDAY - timedelta(days=2)), OutreachFactory(brand=kia)
    OutreachFactory(brand=kia, calls_made=1)
    as_(client, marketing)
    data = {"name": "Frenos", "brand": kia.pk, "programme": "PROACTIVE", "starts_on": "2026-11-20", "ends_on": "2026-12-05",
            "priority": CampaignPriority.HIGH, "pitch": "Revisión de frenos sin costo"}  # fmt: skip
    assert client.post(reverse("callcenter:campaign_new"), data | {"ends_on": "2026-11-01"}).status_code == 422
    client.post(reverse("callcenter:campaign_new"), data | {"picture": SimpleUploadedFile("a.png", png((300, 200)))})
    row = Campaign.objects.get()
    image = client.get(reverse("callcenter:campaign_image", args=[row.pk]))
    assert (image["Content-Type"], b"".join(image.streaming_content)[:2]) == ("image/jpeg", b"\xff\xd8")
    for close in image._resource_closers:  # its file only: closing the response would close the test's connection
        close()
    assert "Incluir 1 en la campaña" in page(client.get(reverse("callcenter:campaign", args=[row.pk])))
    client.post(reverse("callcenter:campaign_enrol", args=[row.pk]))
    late.refresh_from_db()
    assert (late.campaign, late.priority) == (row, Priority.RETRY)
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    assert held == late
    assert "Revisión de frenos sin costo" in page(as_(client, agent).get("/cola/"))
    queue.release_all(agent)
    assert campaigns.close_over(row.ends_on + timedelta(days=1)) == 1
    assert queue.claim_next(agent, at=MONDAY, calendar=cal) == first


def test_a_campaign_of_another_brand_is_not_theirs(client):
    kia = BrandFactory(code="kia", name="Kia")
    row = Campaign.objects.create(name="x", brand=kia, starts_on=MONDAY.date(), ends_on=MONDAY.date())
    lead = person(Role.CALL_CENTER_LEAD, all_brands=False)
    as_(client, lead)
    assert client.get(reverse("callcenter:campaign", args=[row.pk])).status_code == 404
    assert client.post(reverse("callcenter:campaign_enrol", args=[row.pk])).status_code == 404
    assert as_(client, person(Role.SERVICE_ADVISOR)).get(reverse("callcenter:campaigns")).status_code == 403


def test_home_and_live_count_the_same_agents(client, director, agent, cal):
    """Whoever is in a pause is not active on either page."""
    day.pause(person(Role.CALL_CENTER_AGENT), Reason.objects.get(kind=ReasonKind.PAUSE, code="LUNCH"), at=MONDAY - timedelta(minutes=2))
    OutreachFactory()
    queue.claim_next(agent, at=MONDAY - timedelta(minutes=1), calendar=cal)
    as_(client, person(Role.CALL_CENTER_LEAD))
    active = client.get("/").context["team"][0]
    shown = client.get(LIVE).context["figures"][0]
    assert (active.value, active.note) == (str(shown.value), shown.note) == ("1", "1 en pausa · 1 sin actividad")


def test_the_coordinators_home_says_who_works_and_what_nobody_has(client):
    OutreachFactory(due_at=MONDAY - timedelta(days=1))
    text = page(as_(client, person(Role.CALL_CENTER_LEAD)).get("/"))
    for words in ("Agentes activos", "Intentos por hora", "Sin asignar", "1 de días anteriores", "Importar listado", "Repartir"):
        assert words in text
