"""Ley 2300 on screen: why not now, rules lifted, refusals by other ways, numbers to look up."""

from datetime import timedelta

import pytest
from django.urls import reverse

from callcenter.domain import consent
from callcenter.enums import ExclusionScope, ExclusionSource, OutreachState
from callcenter.models import Exclusion, LawOverride, Outreach
from callcenter.roles import Role
from tests.callcenter.views.test_pages import as_, page
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, OutreachFactory

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
