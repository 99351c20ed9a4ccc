"""The day of the workshop on the page, and the call that confirms an appointment."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from callcenter.domain import appointments, kept, queue, reminders
from callcenter.enums import AppointmentStatus, OutreachState, Programme, ReasonKind
from callcenter.models import Appointment, Attempt, Outreach, Reason, WorkOrder
from tests.factories import MONDAY, OutreachFactory, SiteFactory

DAY = timedelta(days=1)
TUESDAY = MONDAY + DAY
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
HTMX = {"HTTP_HX_REQUEST": "true"}


def page(response):
    return re.sub(r"\s+", " ", response.content.decode())


def book(agent, cal, starts=TUESDAY, **more):
    row = OutreachFactory(**more)
    return appointments.book(row, starts_at=starts, site=row.site, service="Revisión", by=agent, at=MONDAY, calendar=cal)


@pytest.fixture
def call(agent, cal):
    """The call about tomorrow's appointment, in the agent's hands."""
    row = book(agent, cal)
    reminders.open_queues(MONDAY, cal)
    held = queue.take(Outreach.objects.get(programme=Programme.CONFIRMATION).pk, agent, at=MONDAY, calendar=cal)
    return row, held


def says(client, agent, held, **data):
    client.force_login(agent)
    return client.post(f"/cola/{held.pk}/resultado/", {"key": str(uuid.uuid4()), "fence": held.fence, "outcome": "DONE"} | data, **HTMX)


def test_the_call_shows_the_appointment(client, agent, call):
    client.force_login(agent)
    text = page(client.get("/cola/"))
    assert "Su cita" in text
    assert "24/11/2026 09:00" in text
    assert "Habló de su cita" in text


def test_the_customer_confirms(client, agent, call):
    row, held = call
    assert "Guardado" in page(says(client, agent, held, answer="confirm"))
    row.refresh_from_db()
    assert (row.status, row.decided_by) == (AppointmentStatus.CONFIRMED, agent)
    assert Outreach.objects.get(pk=held.pk).state == OutreachState.CLOSED


def test_the_customer_moves_it_and_the_history_stays(client, agent, call):
    row, held = call
    reason = Reason.objects.get(kind=ReasonKind.NO_FULFILMENT, code="RESCHEDULED")
    says(client, agent, held, answer="move", move_day="2026-11-26", move_time="10:00", move_reason=reason.pk)
    moved = Appointment.objects.standing().get()
    assert (moved.replaces, moved.starts_at.date().isoformat()) == (row, "2026-11-26")
    client.force_login(agent)
    assert "Antes: 24/11/2026 09:00" in page(client.get("/citas/?day=2026-11-26"))


def test_the_customer_cancels(client, agent, call):
    row, held = call
    reason = Reason.objects.get(kind=ReasonKind.NO_FULFILMENT, code="CUSTOMER_CANCELLED")
    says(client, agent, held, answer="cancel", move_reason=reason.pk)
    row.refresh_from_db()
    assert row.status == AppointmentStatus.CANCELLED


@pytest.mark.parametrize("answer", ["confirm", "move", "cancel"])
def test_undo_leaves_the_appointment_as_it_was(client, agent, call, answer, cal):
    row, held = call
    reason = Reason.objects.get(kind=ReasonKind.NO_FULFILMENT, code="RESCHEDULED")
    says(client, agent, held, answer=answer, move_day="2026-11-24", move_time="15:00", move_reason=reason.pk)
    reminders.open_queues(MONDAY + timedelta(minutes=1), cal)  # the moved one is tomorrow too: its own call is in the queue
    assert "Deshecho" in page(client.post(f"/cola/intento/{Attempt.objects.get().pk}/deshacer/", **HTMX))
    again = Appointment.objects.get()
    assert (again.pk, again.status, again.reason, again.note, again.decided_by, again.decided_at) == (
        row.pk, AppointmentStatus.SCHEDULED, None, "", None, None,
    )  # fmt: skip
    assert list(Outreach.objects.open().filter(programme=Programme.CONFIRMATION)) == [held]


def test_what_somebody_changed_since_is_not_undone(client, agent, call):
    row, held = call
    says(client, agent, held, answer="confirm")
    reason = Reason.objects.get(kind=ReasonKind.NO_FULFILMENT, code="CUSTOMER_CANCELLED")
    appointments.decide(row, AppointmentStatus.CANCELLED, by=agent, at=MONDAY + timedelta(minutes=3), reason=reason)
    assert "La cita cambió después de esta llamada" in page(client.post(f"/cola/intento/{Attempt.objects.get().pk}/deshacer/", **HTMX))
    row.refresh_from_db()
    assert row.status == AppointmentStatus.CANCELLED


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Elija qué dijo el cliente"),
        ({"answer": "cancel"}, "Elija el motivo"),
        ({"answer": "move"}, "Elija la nueva fecha"),
        ({"answer": "move", "move_day": "2026-11-29", "move_time": "10:00", "move_reason": "R"}, "El taller no atiende"),
        ({"answer": "move", "move_day": "2026-11-25", "move_time": "10:00", "move_reason": "R"}, "ya no tiene cupo"),
    ],
)
def test_what_is_missing_or_impossible_is_said_and_nothing_is_written(client, agent, call, data, words):
    row, held = call
    reason = Reason.objects.get(kind=ReasonKind.NO_FULFILMENT, code="RESCHEDULED")
    appointments.CapacityException.objects.create(site=row.site, day=(TUESDAY + DAY).date(), appointments=0)
    data = {name: reason.pk if value == "R" else value for name, value in data.items()}
    response = says(client, agent, held, note="mi nota", **data)
    assert response.status_code == 422
    assert words in page(response)
    assert "mi nota" in page(response)
    assert not Attempt.objects.exists()
    row.refresh_from_db()
    assert row.status == AppointmentStatus.SCHEDULED


def test_the_page_says_how_full_the_day_is_and_whose_the_credit(client, agent, cal):
    SiteFactory(code="norte", name="Sede Norte", daily_capacity=1)
    row = book(agent, cal)
    client.force_login(agent)
    assert "Sede Norte: 1 de 1 cupos, lleno" in page(client.get("/citas/?day=2026-11-24"))
    WorkOrder.objects.create(site=row.site, number="OT-77", brand=row.brand, vehicle=row.vehicle, opened_on=TUESDAY.date())
    kept.reconcile(TUESDAY)
    assert f"Crédito de {agent}: la orden OT-77 la prueba" in page(client.get("/citas/?day=2026-11-24"))


def test_the_day_costs_the_same_for_one_and_three(client, agent, cal):
    client.force_login(agent)
    costs = []
    for count in (1, 2):
        for _ in range(count):
            book(agent, cal)
        client.get("/citas/?day=2026-11-24")
        with CaptureQueriesContext(connection) as queries:
            client.get("/citas/?day=2026-11-24")
        costs.append(len(queries))
    assert costs[0] == costs[1] < 20


def test_a_mistaken_mark_is_corrected_on_the_page(client, agent, director, cal, settings):
    row = book(agent, cal)
    settings.CLOCK_SHIFT += 2 * 86_400
    reason = Reason.objects.get(kind=ReasonKind.NO_FULFILMENT, code="NO_SHOW")
    appointments.decide(row, AppointmentStatus.NO_SHOW, by=agent, at=TUESDAY + DAY, reason=reason)
    client.force_login(director)
    assert "Corregir" in page(client.get("/citas/?day=2026-11-24"))
    sent = {"status": "FULFILLED", "was": "NO_SHOW", "reason": reason.pk, "next": "/citas/?day=2026-11-24"}
    text = page(client.post(f"/citas/{row.pk}/", sent, follow=True))
    assert "corregida: antes no asistió, ahora cumplida." in text
    assert f"Antes decía «No asistió»; lo cambió {director} el" in text
    row.refresh_from_db()
    assert (row.status, row.reason, row.decided_by) == (AppointmentStatus.FULFILLED, None, director)
    assert "ya está cumplida" in page(client.post(f"/citas/{row.pk}/", sent, follow=True))


@pytest.mark.parametrize(
    "sent", [{"status": "SCHEDULED"}, {"status": "CONFIRMED", "was": "NO_SHOW"}, {"status": "RESCHEDULED", "was": "NO_SHOW"}]
)
def test_a_form_that_the_page_does_not_offer_changes_nothing(client, agent, cal, sent):
    row = book(agent, cal)
    client.force_login(agent)
    assert "Elija qué pasó con la cita." in page(client.post(f"/citas/{row.pk}/", sent, follow=True))
    row.refresh_from_db()
    assert row.status == AppointmentStatus.SCHEDULED


def test_what_an_order_proves_offers_no_correction_and_another_site_sees_nothing(client, agent, outsider, cal):
    row = book(agent, cal)
    WorkOrder.objects.create(site=row.site, number="OT-77", brand=row.brand, vehicle=row.vehicle, opened_on=TUESDAY.date())
    kept.reconcile(TUESDAY)
    client.force_login(agent)
    assert "Corregir" not in page(client.get("/citas/?day=2026-11-24"))
    client.force_login(outsider)
    assert client.post(f"/citas/{row.pk}/", {"status": "NO_SHOW", "was": "FULFILLED"}).status_code == 404
