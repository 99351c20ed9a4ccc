"""Ley 2300 on screen: why not now, rules lifted, refusals by other ways, numbers to look up."""

from datetime import timedelta

import pytest
from django.urls import reverse

from callcenter.domain import consent
from callcenter.enums import ExclusionScope, ExclusionSource, NextStep, OutreachState, Result
from callcenter.models import Exclusion, LawOverride, Outreach, VehicleParty
from callcenter.roles import Role
from tests.callcenter.views.test_pages import as_, page
from tests.conftest import person, query_count
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, VehicleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def held(row, until=None):
    return row.customer.holds.create(reason="Queja abierta QR-7", source="satisfaction", reference=str(row.pk), since=MONDAY, until=until)


def test_why_not_says_rule_article_and_next_moment(client, agent):
    row = OutreachFactory()
    held(row, MONDAY + timedelta(days=2))
    text = page(as_(client, agent).get(reverse("callcenter:why", args=[row.pk])))
    for words in ("Espera: Queja abierta QR-7.", "Un cliente, una voz", "Siguiente momento legal: <strong>25/11/2026 09:00"):
        assert words in text
    assert "Levantar por hoy" not in text  # an agent lifts nothing
    assert "Nada lo impide ahora" not in text


def test_a_director_lifts_with_a_reason_and_the_agent_may_call(client, agent, director):
    row = OutreachFactory()
    held(row)
    lift = reverse("callcenter:lift", args=[row.pk])
    assert as_(client, agent).post(lift, {"rule": "VOZ"}).status_code == 403
    as_(client, director)
    assert "Levantar por hoy" in page(client.get(reverse("callcenter:why", args=[row.pk])))
    assert "Escriba el motivo" in page(client.post(lift, {"rule": "VOZ", "reason": "sí"}, follow=True))
    assert LawOverride.objects.count() == 0
    client.post(lift, {"rule": "VOZ", "reason": "La clienta escribió hoy pidiendo la cita", "channel": "VOICE"})
    assert (LawOverride.objects.get().by, LawOverride.objects.get().customer) == (director, row.customer)
    as_(client, agent).post(reverse("callcenter:take", args=[row.pk]))
    assert Outreach.objects.get(pk=row.pk).leased_by == agent


def test_the_rules_lifted_are_those_of_ones_own_sites(client, director, north, centre):
    for site, name in ((north, "Propia Lara"), (centre, "Ajena Ruiz")):
        row = OutreachFactory(site=site, customer=CustomerFactory(name=name))
        LawOverride.objects.create(
            customer=row.customer, outreach=row, rule="VOZ", reason="Lo pidió", by=director, at=MONDAY, day=MONDAY.date()
        )
    lead = person(Role.CALL_CENTER_LEAD, all_sites=False)
    lead.sites.add(north)
    text = page(as_(client, lead).get(reverse("callcenter:law")))
    assert ("Propia Lara" in text, "Ajena Ruiz" in text) == (True, False)


def test_another_sites_customer_is_404_and_others_are_403(client, outsider, advisor):
    row = OutreachFactory()
    assert as_(client, outsider).get(reverse("callcenter:why", args=[row.pk])).status_code == 404
    assert as_(client, advisor).get(reverse("callcenter:why", args=[row.pk])).status_code == 403
    assert client.get(reverse("callcenter:law")).status_code == 403
    lead = person(Role.CALL_CENTER_LEAD, all_sites=False)
    assert as_(client, lead).post(reverse("callcenter:lift", args=[row.pk]), {"rule": "VOZ"}).status_code == 404


def test_a_refusal_by_letter_works_at_once(client, director):
    row = OutreachFactory()
    as_(client, director)
    url = reverse("callcenter:refuse")
    assert "No se encontró a nadie" in page(client.post(url, {"who": "ZZZ999", "scope": "ALL", "note": "carta"}))
    client.post(url, {"who": row.vehicle.plate, "scope": "COMMERCIAL", "note": "Carta del 20/11"})
    row.refresh_from_db()
    assert row.state == OutreachState.CLOSED
    refusal = Exclusion.objects.get()
    assert (refusal.customer, refusal.recorded_by, refusal.note) == (row.customer, director, "Carta del 20/11")
    assert str(row.customer) in page(client.get(reverse("callcenter:law")))
    client.post(reverse("callcenter:give_back", args=[refusal.pk]))
    assert not Exclusion.objects.standing().exists()


def test_refusals_of_other_sites_are_not_theirs(client, outsider):
    lead = person(Role.CALL_CENTER_LEAD, all_sites=False)
    lead.sites.set(outsider.sites.all())
    row = OutreachFactory()
    refusal = consent.refuse(row.customer, scope=ExclusionScope.ALL, source=ExclusionSource.CUSTOMER, at=MONDAY).exclusion
    assert str(row.customer) not in page(as_(client, lead).get(reverse("callcenter:law")))
    assert client.post(reverse("callcenter:give_back", args=[refusal.pk])).status_code == 404


def test_the_numbers_to_look_up_are_those_of_people_who_wait(client, director):
    asked, waiting = OutreachFactory(phone="+573005550101"), OutreachFactory(phone="+573005550102")
    asked.customer.points.update(rne_checked_on=MONDAY.date())
    answer = as_(client, director).get(reverse("callcenter:rne_numbers"))
    assert b"".join(answer.streaming_content).decode().split() == ["Numero", waiting.customer.points.get().value[3:]]


def test_the_law_page_costs_the_same_for_one_and_three(client, director, django_assert_num_queries, django_assert_max_num_queries):
    def refused():
        consent.refuse(OutreachFactory().customer, scope=ExclusionScope.ALL, source=ExclusionSource.CUSTOMER, at=MONDAY, by=director)

    as_(client, director)
    refused()
    client.get(reverse("callcenter:law"))
    with django_assert_max_num_queries(14) as one:
        client.get(reverse("callcenter:law"))
    refused()
    refused()
    with django_assert_num_queries(len(one)):
        client.get(reverse("callcenter:law"))


# -- the customer who calls ------------------------------------------------------------------------------------------


def test_who_calls_while_a_whatsapp_is_due_gets_the_whole_form(client, agent):
    row = OutreachFactory(next_step=NextStep.WHATSAPP, calls_made=3)
    as_(client, agent).post(reverse("callcenter:take_inbound", args=[row.pk]))
    text = page(client.get(reverse("callcenter:console")))
    assert [words in text for words in ("El cliente está llamando", "Agendó la cita", "No desea ser contactado", "Pantallazo")] == [
        True,
        True,
        True,
        False,
    ]


def test_an_agent_opens_a_matter_for_whoever_calls(client, agent, outsider):
    row = OutreachFactory(
        state=OutreachState.CLOSED, result=Result.EXHAUSTED, next_step=NextStep.NONE, closed_at=MONDAY - timedelta(days=3)
    )
    other = VehicleFactory()
    VehicleParty.objects.create(vehicle=other, customer=row.customer)
    url = reverse("callcenter:open_inbound", args=[row.customer_id])
    assert as_(client, outsider).post(url, {"vehicle": row.vehicle_id}).status_code == 404
    as_(client, agent)
    text = page(client.get(reverse("callcenter:inbound"), {"q": row.vehicle.plate}))
    assert [
        text.count(words) for words in ("cerró sin respuesta el 20/11/2026: se retoma", "Retomar y atender", "Abrir una gestión y atender")
    ] == [1, 1, 1]
    assert text.count("Retomar y atender") == page(client.get(reverse("callcenter:inbound"), {"cliente": row.customer_id})).count(
        "Retomar y atender"
    )
    assert "Elija uno de los vehículos del cliente" in page(
        client.post(url, {"vehicle": VehicleFactory().pk}, follow=True)
    )  # somebody else's
    client.post(url, {"vehicle": row.vehicle_id})
    assert (Outreach.objects.get(leased_by=agent).pk, Outreach.objects.count()) == (row.pk, 1)
    client.post(url, {"vehicle": other.pk, "reason": "Cambio de aceite"})
    made = Outreach.objects.get(leased_by=agent)
    assert (made.vehicle, made.reason, made.is_inbound, Outreach.objects.count()) == (other, "Cambio de aceite", True, 2)
    assert "Agendó la cita" in page(client.get(reverse("callcenter:console")))


def test_the_page_of_who_calls_costs_the_same_for_one_car_and_for_three(client, agent):
    row = OutreachFactory()
    url = reverse("callcenter:inbound") + f"?cliente={row.customer_id}"
    few = query_count(as_(client, agent), url)
    for _ in range(2):
        VehicleParty.objects.create(vehicle=VehicleFactory(), customer=row.customer)
    assert query_count(client, url) == few


def test_an_agent_notes_that_a_customer_refuses_and_only_others_lift_it(client, agent, outsider):
    row = OutreachFactory()
    url = reverse("callcenter:customer_change", args=[row.customer_id])
    said = {"action": "refuse", "scope": "COMMERCIAL", "channels": ["WHATSAPP"], "note": "Respondió BAJA al celular"}
    assert as_(client, outsider).post(url, said).status_code == 404
    as_(client, agent)
    for address in (reverse("callcenter:customer", args=[row.customer_id]), f"{reverse('callcenter:inbound')}?cliente={row.customer_id}"):
        assert "Pidió no ser contactado" in page(client.get(address))
    answer = client.post(url, said | {"note": ""})
    assert (answer.status_code, "Escriba cómo lo pidió el cliente." in page(answer), Exclusion.objects.count()) == (422, True, 0)
    client.post(url, said)
    made = Exclusion.objects.get()
    assert (made.customer, made.channels, made.source, made.recorded_by, made.note) == (
        row.customer, ["WHATSAPP"], ExclusionSource.CUSTOMER, agent, "Respondió BAJA al celular",
    )  # fmt: skip
    assert Outreach.objects.get().is_open
    assert "Se retiró o cambió de canal 1 gestión en cola." in page(client.post(url, said | {"channels": [], "scope": "ALL"}, follow=True))
    assert not Outreach.objects.get().is_open
    assert client.post(reverse("callcenter:give_back", args=[made.pk])).status_code == 403
