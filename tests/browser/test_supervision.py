"""Who coordinates: the live page, sharing out, campaigns and the law."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from callcenter.domain import consent, day
from callcenter.enums import ExclusionScope, ExclusionSource, ReasonKind
from callcenter.models import Campaign, Outreach, Reason
from callcenter.roles import Role
from tests.browser.conftest import press
from tests.conftest import person
from tests.factories import MONDAY, OutreachFactory, SiteFactory

pytestmark = pytest.mark.browser


def test_a_coordinators_morning(house, monday, visitor):
    site = SiteFactory(code="norte", name="Sede Norte")
    rows = [OutreachFactory(site=site, due_at=MONDAY - timedelta(hours=number)) for number in range(1, 7)]
    agent = person(Role.CALL_CENTER_AGENT, first_name="Marta", last_name="Lozano")
    paused = person(Role.CALL_CENTER_AGENT, first_name="Pedro", last_name="Nel")
    day.pause(paused, Reason.objects.get(kind=ReasonKind.PAUSE, code="LUNCH"), at=MONDAY - timedelta(minutes=12))
    rows[0].customer.holds.create(reason="Queja abierta QR-7", source="satisfaction", reference="7", since=MONDAY)
    consent.refuse(rows[1].customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, at=MONDAY, note="Carta")
    campaign = Campaign.objects.create(
        name="Frenos de noviembre", brand=rows[0].brand, starts_on=MONDAY.date(), ends_on=MONDAY.date() + timedelta(days=10)
    )
    lead = visitor().login(person(Role.CALL_CENTER_LEAD, first_name="Clara"))
    page = lead.page
    lead.open("/en-vivo/")
    expect(page.get_by_text("Pausa: almuerzo · 12 min")).to_be_visible()
    page.get_by_label("Marta Lozano").check()
    page.fill("#id_count", "3")
    page.get_by_role("button", name="Ver cómo quedaría").click()
    expect(page.get_by_role("heading", name="Marta Lozano: 3")).to_be_visible()
    lead.check("preview")
    press(page, "Control+Enter")
    expect(page.get_by_text("Repartidas 3 gestiones")).to_be_visible()
    assert Outreach.objects.filter(callback_for=agent).count() == 3
    lead.open("/campanas/")
    lead.open(f"/campanas/{campaign.pk}/")
    lead.open("/ley-2300/")
    expect(page.get_by_text("Carta")).to_be_visible()
    lead.open(f"/cola/{rows[0].pk}/por-que/")
    expect(page.get_by_text("Espera: Queja abierta QR-7.").first).to_be_visible()
    lead.open("/cola/entrante/?q=" + rows[2].vehicle.plate)
    expect(page.get_by_role("button", name="Atender esta gestión")).to_be_visible()
