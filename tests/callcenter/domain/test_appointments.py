"""Capacity, the calls of the day before and after, and what proves that a customer came."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection

from callcenter import tasks
from callcenter.domain import appointments, kept, messages, metrics, offers, queue, reminders
from callcenter.domain import outreach as verbs
from callcenter.domain.errors import Refused
from callcenter.domain.outreach import Booking, Call
from callcenter.enums import (
    AppointmentStatus,
    MessageStatus,
    NextStep,
    Outcome,
    OutreachState,
    Programme,
    Purpose,
    ReasonKind,
    Result,
    TemplateApproval,
)
from callcenter.models import Appointment, CapacityException, Change, InboundMessage, Message, MessageTemplate, Outreach, Reason, WorkOrder
from callcenter.whatsapp import webhook
from tests.callcenter.whatsapp.conftest import graph, work  # noqa: F401 -- fixtures
from tests.factories import MONDAY, OutreachFactory, SiteFactory
from tests.fake_graph import inbound_body

DAY = timedelta(days=1)
TUESDAY = MONDAY + DAY
pytestmark = pytest.mark.django_db


def book(agent, cal, starts=TUESDAY, *, at=MONDAY, row=None):
    row = row or OutreachFactory()
    return appointments.book(row, starts_at=starts, site=row.site, service="Revisión", by=agent, at=at, calendar=cal)


def why(code):
    return Reason.objects.get(kind=ReasonKind.NO_FULFILMENT, code=code)


def order(row, day, number="1", **more):
    return WorkOrder.objects.create(site=row.site, number=number, brand=row.brand, vehicle=row.vehicle, customer=row.customer,
                                    opened_on=day.date(), **more)  # fmt: skip


def again(row):
    row.refresh_from_db()
    return row


# -- capacity --------------------------------------------------------------------------------------------------------


@pytest.fixture
def north():
    return SiteFactory(code="norte", name="Sede Norte", daily_capacity=2)


def test_a_full_day_says_which_one_is_not(north, agent, cal):
    book(agent, cal)
    book(agent, cal, TUESDAY.replace(hour=15))
    with pytest.raises(Refused, match="siguiente día con cupo es el 25/11/2026"):
        book(agent, cal, TUESDAY.replace(hour=11))
    assert book(agent, cal, TUESDAY + DAY)


def test_a_full_day_is_not_proposed(north, agent, cal):
    def days():
        full = appointments.full_days(north, MONDAY.date(), (MONDAY + 30 * DAY).date())
        return [slot.date().day for slot in offers.suggested_slots(MONDAY, cal, full=full)][::3]

    assert days() == [24, 25, 26]
    row = book(agent, cal)
    book(agent, cal, TUESDAY.replace(hour=15))
    CapacityException.objects.create(site=north, day=(TUESDAY + 2 * DAY).date(), appointments=0)
    assert days() == [25, 27, 30]
    appointments.decide(row, AppointmentStatus.CANCELLED, by=agent, at=MONDAY, reason=why("CUSTOMER_CANCELLED"))
    assert days() == [24, 25, 27]


def test_a_site_without_a_limit_proposes_every_day(agent, cal):
    row = book(agent, cal)
    assert appointments.full_days(row.site, MONDAY.date(), (MONDAY + 30 * DAY).date()) == frozenset()


def test_a_cancelled_place_is_free_again_and_a_moved_one_needs_a_new_place(north, agent, cal):
    first = book(agent, cal)
    book(agent, cal)
    third = book(agent, cal, TUESDAY + DAY)
    with pytest.raises(Refused, match="cupo"):
        appointments.reschedule(third, TUESDAY.replace(hour=14), by=agent, at=MONDAY, reason=why("RESCHEDULED"), calendar=cal)
    assert again(third).status == AppointmentStatus.SCHEDULED
    appointments.decide(first, AppointmentStatus.CANCELLED, by=agent, at=MONDAY, reason=why("CUSTOMER_CANCELLED"))
    assert appointments.reschedule(third, TUESDAY.replace(hour=14), by=agent, at=MONDAY, reason=why("RESCHEDULED"), calendar=cal)


@pytest.mark.parametrize(("special", "allowed"), [(0, 0), (1, 1), (3, 3), (None, 2)])
def test_a_special_day_wins_over_the_usual_number(north, agent, cal, special, allowed):
    if special is not None:
        CapacityException.objects.create(site=north, day=TUESDAY.date(), appointments=special)
    made = 0
    for _ in range(4):
        try:
            made += bool(book(agent, cal))
        except Refused:
            break
    assert made == allowed


@pytest.mark.usefixtures("house")
@pytest.mark.django_db(transaction=True)
def test_the_last_place_goes_once(agent, cal):
    SiteFactory(code="norte", name="Sede Norte", daily_capacity=3)
    rows, start = [OutreachFactory() for _ in range(6)], threading.Barrier(6)

    def run(row):
        start.wait()
        try:
            book(agent, cal, row=row)
        except Refused:
            pass
        connection.close()

    threads = [threading.Thread(target=run, args=[row]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Appointment.objects.count() == 3


# -- the day before and the day after --------------------------------------------------------------------------------


def test_tomorrows_appointments_are_called_once_as_a_service(agent, cal):
    row, later = book(agent, cal), book(agent, cal, TUESDAY + 2 * DAY)
    assert [reminders.open_queues(MONDAY, cal) for _ in range(2)] == [1, 0]
    call = Outreach.objects.get(programme=Programme.CONFIRMATION)
    assert (call.purpose, call.customer, call.vehicle, appointments.appointment_of(call)) == (
        Purpose.SERVICE,
        row.customer,
        row.vehicle,
        row,
    )
    assert later.status == AppointmentStatus.SCHEDULED


def test_on_friday_mondays_appointments_are_called(agent, cal):
    friday = MONDAY + 4 * DAY
    book(agent, cal, MONDAY + 7 * DAY)
    assert reminders.open_queues(friday - DAY, cal) == 0
    assert reminders.open_queues(friday, cal) == 1


def test_a_decision_on_the_page_takes_the_call_out_of_the_queue(agent, cal):
    row = book(agent, cal)
    reminders.open_queues(MONDAY, cal)
    appointments.decide(row, AppointmentStatus.CONFIRMED, by=agent, at=MONDAY)
    assert Outreach.objects.get(programme=Programme.CONFIRMATION).state == OutreachState.CLOSED
    assert reminders.open_queues(MONDAY, cal) == 0


def test_who_did_not_come_is_called_and_may_book_again(agent, cal):
    row = book(agent, cal)
    wednesday = TUESDAY + DAY
    appointments.decide(row, AppointmentStatus.NO_SHOW, by=agent, at=wednesday, reason=why("NO_SHOW"))
    assert [reminders.open_queues(wednesday, cal) for _ in range(2)] == [1, 0]
    call = Outreach.objects.get(programme=Programme.NO_SHOW)
    held = queue.take(call.pk, agent, at=wednesday, calendar=cal)
    new = book(agent, cal, wednesday + DAY, at=wednesday, row=held)
    assert new.outreach.programme == Programme.NO_SHOW


def test_who_has_another_appointment_already_is_not_called(agent, cal):
    row = book(agent, cal)
    appointments.decide(row, AppointmentStatus.NO_SHOW, by=agent, at=TUESDAY + DAY, reason=why("NO_SHOW"))
    book(agent, cal, TUESDAY + 3 * DAY, at=TUESDAY + DAY, row=row.outreach)
    assert reminders.open_queues(TUESDAY + DAY, cal) == 0


def test_the_message_after_two_silences_names_the_appointment(agent, cal):
    book(agent, cal)
    reminders.open_queues(MONDAY, cal)
    draft = messages.draft_for(Outreach.objects.get(programme=Programme.CONFIRMATION), agent)
    assert "24 de noviembre de 2026 a las 9:00 a. m. en Sede Norte" in draft.body


# -- messages of the line --------------------------------------------------------------------------------------------


@pytest.fixture
def approved():
    MessageTemplate.objects.update(approval=TemplateApproval.APPROVED)


def test_confirmation_and_reminder_leave_once_each(graph, work, approved, agent, cal):  # noqa: F811
    book(agent, cal)
    assert [reminders.queue_messages(MONDAY) for _ in range(2)] == [2, 0]
    work()
    assert [message.status for message in Message.objects.all()] == [MessageStatus.SENT, MessageStatus.SENT]
    bodies = list(Message.objects.order_by("template").values_list("body", flat=True))
    assert any("quedó el 24 de noviembre de 2026 a las 9:00 a. m." in body for body in bodies)


def booked_in_a_call(agent, cal):
    row = OutreachFactory()
    held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    call = Call(key=uuid.uuid4(), outcome=Outcome.BOOKED, booking=Booking(TUESDAY, row.site, "Revisión"))
    return verbs.record_attempt(row.pk, call, agent=agent, fence=held.fence, at=MONDAY, calendar=cal).attempt


def test_undoing_a_booking_takes_its_call_and_its_messages_out(graph, approved, agent, cal):  # noqa: F811
    attempt = booked_in_a_call(agent, cal)
    reminders.open_queues(MONDAY, cal)
    reminders.queue_messages(MONDAY)
    verbs.undo_attempt(attempt.pk, by=agent, at=MONDAY + DAY / 500, lease_until=TUESDAY)
    assert not Appointment.objects.exists()
    assert Outreach.objects.get(programme=Programme.CONFIRMATION).result == Result.CANCELLED
    assert set(Message.objects.values_list("status", "appointment", "error")) == {
        (MessageStatus.CANCELLED, None, "La cita se deshizo antes de que saliera.")
    }


def test_a_booking_that_the_customer_was_told_is_not_undone(graph, work, approved, agent, cal):  # noqa: F811
    attempt = booked_in_a_call(agent, cal)
    reminders.queue_messages(MONDAY)
    work()
    with pytest.raises(Refused, match="ya recibió el WhatsApp"):
        verbs.undo_attempt(attempt.pk, by=agent, at=MONDAY + DAY / 500, lease_until=TUESDAY)
    assert Appointment.objects.get().attempt == attempt


def test_by_the_agents_phone_nothing_is_queued(approved, agent, cal):
    book(agent, cal)
    assert reminders.queue_messages(MONDAY) == 0


@pytest.mark.parametrize(
    ("said", "status", "step"),
    [("1", AppointmentStatus.CONFIRMED, NextStep.NONE), ("Sí", AppointmentStatus.CONFIRMED, NextStep.NONE), ("2", AppointmentStatus.SCHEDULED, NextStep.CALL)],
)  # fmt: skip
def test_the_answer_to_the_reminder_is_obeyed(graph, work, approved, agent, cal, said, status, step):  # noqa: F811
    row = book(agent, cal)
    reminders.open_queues(MONDAY, cal)
    reminders.queue_messages(MONDAY)
    work()
    reminder = Message.objects.get(template__name="cita_recordatorio_v1")
    webhook.store(inbound_body(said, number=reminder.point.value[1:], at=int(MONDAY.timestamp()), context={"id": reminder.provider_id}))
    while tasks.run_one():
        pass
    call = Outreach.objects.get(programme=Programme.CONFIRMATION)
    assert (again(row).status, call.next_step, call.is_callback) == (status, step, step == NextStep.CALL)
    assert InboundMessage.objects.get().handled_at is not None


# -- kept ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("offset", "proved"), [(-6, False), (-5, True), (0, True), (5, True), (6, False)])
def test_an_order_within_five_days_proves_it(agent, cal, offset, proved):
    starts = MONDAY + 8 * DAY
    row = book(agent, cal, starts, at=MONDAY - 10 * DAY)
    order(row, starts + offset * DAY)
    assert kept.reconcile(starts + 10 * DAY) == int(proved)
    assert (again(row).status == AppointmentStatus.FULFILLED) is proved


def test_the_number_of_days_is_a_setting(agent, cal, settings):
    settings.KEPT_WITHIN_DAYS = 1
    row = book(agent, cal)
    order(row, TUESDAY + 2 * DAY)
    assert kept.reconcile(TUESDAY + 10 * DAY) == 0
    settings.KEPT_WITHIN_DAYS = 2
    assert kept.reconcile(TUESDAY + 10 * DAY) == 1


@pytest.mark.parametrize("more", [{"is_internal": True}, {"is_cancelled": True}])
def test_what_is_no_visit_proves_nothing(agent, cal, more):
    row = book(agent, cal)
    order(row, TUESDAY, **more)
    assert kept.reconcile(TUESDAY + DAY) == 0


def test_an_order_from_before_the_booking_proves_nothing(agent, cal):
    row = book(agent, cal)
    order(row, MONDAY - DAY)
    assert kept.reconcile(TUESDAY + DAY) == 0
    assert "antes de agendar" in kept.credits_of([row], TUESDAY + DAY)[row.pk].text


def test_who_was_marked_absent_but_came_is_kept_and_no_longer_called(agent, cal):
    row = book(agent, cal)
    appointments.decide(row, AppointmentStatus.NO_SHOW, by=agent, at=TUESDAY + DAY, reason=why("NO_SHOW"))
    reminders.open_queues(TUESDAY + DAY, cal)
    order(row, TUESDAY + 2 * DAY)
    assert [kept.reconcile(TUESDAY + 3 * DAY) for _ in range(2)] == [1, 0]
    assert (again(row).status, row.reason, row.work_order.number) == (AppointmentStatus.FULFILLED, None, "1")
    assert Outreach.objects.get(programme=Programme.NO_SHOW).state == OutreachState.CLOSED


def test_one_order_proves_one_appointment(agent, cal):
    first = book(agent, cal)
    appointments.decide(first, AppointmentStatus.NO_SHOW, by=agent, at=TUESDAY + DAY, reason=why("NO_SHOW"))
    second = book(agent, cal, TUESDAY + 2 * DAY, at=TUESDAY + DAY, row=first.outreach)
    order(first, TUESDAY + 2 * DAY)
    assert kept.reconcile(TUESDAY + 9 * DAY) == 1
    assert (again(first).work_order, again(second).work_order.number) == (None, "1")
    told = kept.credits_of(Appointment.objects.for_list(), TUESDAY + 9 * DAY)
    assert told[first.pk].text == "Sin crédito: la orden 1 ya prueba otra cita."
    assert told[second.pk].counts


def test_the_credit_is_of_who_booked_first(agent, director, cal):
    row = book(agent, cal)
    moved = appointments.reschedule(row, TUESDAY + 2 * DAY, by=director, at=MONDAY, reason=why("RESCHEDULED"), calendar=cal)
    order(moved, TUESDAY + 2 * DAY)
    kept.reconcile(TUESDAY + 3 * DAY)
    told = kept.credits_of(Appointment.objects.for_list(), TUESDAY + 3 * DAY)
    assert told[moved.pk].text == f"Crédito de {agent}: la orden 1 la prueba; la agendó primero, la movió {director}."
    assert told[row.pk].text == "El crédito pasa a la nueva cita."


@pytest.mark.parametrize(
    ("after", "entered", "words"),
    [
        (-1, None, "Aún no llega su fecha."), (2, None, "Espera la OT hasta el 29/11/2026."),
        (9, None, "Sin crédito: no hay OT del vehículo entre el 19/11 y el 29/11/2026."),
        (9, 7, "Sin crédito: la orden 1 entró a los 7 días (máximo 5)."),
    ],
)  # fmt: skip
def test_the_failing_condition_is_said(agent, cal, after, entered, words):
    row = book(agent, cal)
    if entered:
        order(row, TUESDAY + entered * DAY)
    assert kept.credits_of([row], TUESDAY + after * DAY)[row.pk].text == words


# -- corrected -------------------------------------------------------------------------------------------------------


def fix(row, status, agent, cal, *, was, at=TUESDAY + DAY, **more):
    return appointments.correct(row, status, was=was, by=agent, at=at, calendar=cal, **more)


@pytest.mark.parametrize(
    ("was", "code", "now", "then"),
    [
        (AppointmentStatus.NO_SHOW, "NO_SHOW", AppointmentStatus.FULFILLED, None),
        (AppointmentStatus.FULFILLED, None, AppointmentStatus.NO_SHOW, "BREAKDOWN"),
        (AppointmentStatus.FULFILLED, None, AppointmentStatus.CANCELLED, "PARTS"),
        (AppointmentStatus.CANCELLED, "PARTS", AppointmentStatus.FULFILLED, None),
        (AppointmentStatus.NO_SHOW, "NO_SHOW", AppointmentStatus.NO_SHOW, "BREAKDOWN"),
        (AppointmentStatus.NO_SHOW, "NO_SHOW", AppointmentStatus.SCHEDULED, None),
    ],
)
def test_what_was_marked_by_mistake_is_corrected_and_the_trail_says_by_whom(agent, director, cal, was, code, now, then):
    row = book(agent, cal)
    wednesday = TUESDAY + DAY
    appointments.decide(row, was, by=agent, at=wednesday, reason=code and why(code))
    fix(row, now, director, cal, was=was, at=wednesday + DAY, reason=then and why(then))
    assert (again(row).status, row.reason and row.reason.code, row.decided_by, row.decided_at) == (now, then, director, wednesday + DAY)
    assert appointments.said_before([row]) == ({row.pk: was} if now != was else {})
    change = Change.objects.filter(table_name="callcenter_appointment", row_id=row.pk).latest("id")
    assert (change.before["decided_by_id"], change.after["decided_by_id"]) == (agent.pk, director.pk)


def test_a_correction_moves_fulfilment_and_takes_the_no_show_call_away(agent, cal):
    row = book(agent, cal)
    appointments.decide(row, AppointmentStatus.NO_SHOW, by=agent, at=TUESDAY + DAY, reason=why("NO_SHOW"))
    reminders.open_queues(TUESDAY + DAY, cal)
    part = metrics.Slice(MONDAY.date(), (MONDAY + 5 * DAY).date())
    assert metrics.fulfilment(part, TUESDAY + DAY).hits == 0
    fix(row, AppointmentStatus.FULFILLED, agent, cal, was=AppointmentStatus.NO_SHOW)
    assert metrics.fulfilment(part, TUESDAY + DAY).hits == 1
    assert Outreach.objects.get(programme=Programme.NO_SHOW).state == OutreachState.CLOSED


def test_what_a_work_order_proves_or_was_moved_is_not_corrected(agent, cal):
    row, moved = book(agent, cal), book(agent, cal)
    appointments.reschedule(moved, TUESDAY + DAY, by=agent, at=MONDAY, reason=why("RESCHEDULED"), calendar=cal)
    order(row, TUESDAY)
    kept.reconcile(TUESDAY + DAY)
    with pytest.raises(Refused, match="La orden 1 prueba que el cliente vino"):
        fix(row, AppointmentStatus.NO_SHOW, agent, cal, was=AppointmentStatus.FULFILLED, reason=why("NO_SHOW"))
    with pytest.raises(Refused, match="ya está reprogramada"):
        fix(moved, AppointmentStatus.FULFILLED, agent, cal, was=AppointmentStatus.NO_SHOW)
    assert (again(row).status, again(moved).status) == (AppointmentStatus.FULFILLED, AppointmentStatus.RESCHEDULED)


def test_a_correction_of_what_somebody_corrected_meanwhile_is_refused(agent, cal):
    row = book(agent, cal)
    appointments.decide(row, AppointmentStatus.FULFILLED, by=agent, at=TUESDAY + DAY)
    fix(row, AppointmentStatus.NO_SHOW, agent, cal, was=AppointmentStatus.FULFILLED, reason=why("NO_SHOW"))
    with pytest.raises(Refused, match="ya está no asistió"):
        fix(row, AppointmentStatus.CANCELLED, agent, cal, was=AppointmentStatus.FULFILLED, reason=why("NO_SHOW"))
    with pytest.raises(Refused, match="Falta el motivo"):
        fix(row, AppointmentStatus.CANCELLED, agent, cal, was=AppointmentStatus.NO_SHOW)


def test_a_cancelled_one_stands_again_only_with_a_place_and_without_another(north, agent, cal):
    row = book(agent, cal)
    appointments.decide(row, AppointmentStatus.CANCELLED, by=agent, at=MONDAY, reason=why("CUSTOMER_CANCELLED"))
    book(agent, cal), book(agent, cal)
    with pytest.raises(Refused, match="cupo"):
        fix(row, AppointmentStatus.SCHEDULED, agent, cal, was=AppointmentStatus.CANCELLED, at=MONDAY)
    CapacityException.objects.create(site=north, day=TUESDAY.date(), appointments=5)
    other = book(agent, cal, TUESDAY + DAY, row=row.outreach)
    with pytest.raises(Refused, match="otra cita vigente"):
        fix(row, AppointmentStatus.SCHEDULED, agent, cal, was=AppointmentStatus.CANCELLED, at=MONDAY)
    appointments.decide(other, AppointmentStatus.CANCELLED, by=agent, at=MONDAY, reason=why("CUSTOMER_CANCELLED"))
    fix(row, AppointmentStatus.SCHEDULED, agent, cal, was=AppointmentStatus.CANCELLED, at=MONDAY)
    assert again(row).is_standing
