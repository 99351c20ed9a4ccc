"""An appointment's life in a browser: booked on a day with a place, moved, confirmed, missed or kept, and what proves it."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import expect

from callcenter import clock, tasks
from callcenter.domain import appointments, kept
from callcenter.enums import AppointmentStatus
from callcenter.models import Appointment, WorkOrder
from callcenter.roles import Role
from carrazos.lib.calendar import national
from tests.browser.test_ten_calls import tap
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, SiteFactory

pytestmark = pytest.mark.browser
DAY = 24 * 3600


def tomorrow():
    """The next morning, and what the system does by itself in the meantime."""
    django_settings.CLOCK_SHIFT += DAY
    tasks.follow_appointments()


def named(name, site, **more):
    return OutreachFactory(site=site, customer=CustomerFactory(name=name, raw_name=name), **more)


@pytest.fixture
def scene(house, monday):
    """Ana waits for a call; tomorrow's only place is Beto's."""
    site, agent = SiteFactory(code="norte", name="Sede Norte", daily_capacity=1), person(Role.CALL_CENTER_AGENT, first_name="Luz")
    beto = named("Beto Soto", site)
    appointments.book(beto, starts_at=MONDAY + timedelta(hours=23), site=site, service="Revisión", by=agent, at=MONDAY, calendar=national())
    type(beto).objects.filter(pk=beto.pk).update(state="CLOSED", result="BOOKED", closed_at=MONDAY, next_step="NONE")
    return site, agent, named("Ana Ruiz", site)


def test_from_the_call_to_the_proof(scene, visitor, settings):
    _, user, row = scene
    agent = visitor().login(user)
    page = agent.open("/cola/")

    # Booked: the full day is not proposed.
    tap(page, "n")
    expect(page.get_by_role("heading", name="Ana Ruiz", exact=True)).to_be_visible()
    tap(page, "6")
    expect(page.locator("[name=slot]").first).to_be_visible()
    assert page.locator("[name=slot]").first.get_attribute("value").startswith("2026-11-25T08:00")
    agent.check("booking")
    tap(page, "Enter")
    expect(page.get_by_text("Guardado: Ana Ruiz, cita el 25/11 a las 08:00").first).to_be_visible()

    # The day before somebody calls to confirm; she moves it.
    tomorrow()
    page = agent.open("/cola/")
    tap(page, "n")
    expect(page.get_by_role("heading", name="Su cita")).to_be_visible()
    tap(page, "6")
    agent.check("confirmation")
    tap(page, "m")
    page.fill("#move-day", "2026-11-26")
    page.fill("#move-time", "10:00")
    page.select_option("#move-reason", label="Reprogramó")
    page.locator("details[open] button[type=submit]").click()
    expect(page.get_by_text("Guardado: Ana Ruiz").first).to_be_visible()

    # Beto did not come: marked with its reason, and the next morning he is called.
    agent.open("/citas/?day=2026-11-24")
    page.get_by_text("No cumplida, mover o cancelar").click()
    page.get_by_label("Motivo").select_option(label="No asistió")
    agent.check("missed")
    agent.follow(page.get_by_role("button", name="No asistió"))
    expect(page.get_by_text("Cita de Beto Soto: no asistió")).to_be_visible()
    tomorrow()
    page = agent.open("/cola/")
    expect(page.get_by_text("No asistió a la cita del 24/11 08:00: Revisión").first).to_be_visible()

    # Ana's new appointment is confirmed from the list, and a work order proves that she came.
    agent.open("/citas/?day=2026-11-26")
    expect(page.get_by_text("Antes: 25/11/2026 08:00")).to_be_visible()
    agent.follow(page.get_by_role("button", name="Confirmada"))
    expect(page.get_by_text("Cita de Ana Ruiz: confirmada")).to_be_visible()
    WorkOrder.objects.create(site=row.site, number="8841", brand=row.brand, vehicle=row.vehicle, customer=row.customer,
                             opened_on=MONDAY.date() + timedelta(days=3))  # fmt: skip
    tomorrow()
    tomorrow()
    assert kept.reconcile(clock.now()) == 0  # the round of the night had found it
    agent.open("/citas/?day=2026-11-26")
    expect(page.get_by_text("la orden 8841 la prueba")).to_be_visible()
    states = dict(Appointment.objects.values_list("customer__name", "status"))
    assert states == {"Ana Ruiz": AppointmentStatus.FULFILLED, "Beto Soto": AppointmentStatus.NO_SHOW}
    page.set_viewport_size({"width": 390, "height": 844})
    agent.check("kept")
