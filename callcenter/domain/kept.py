"""Kept is what a work order proves, not what somebody ticked; the credit is of who booked first (GSC-PRO-02 §4; IND-03).

Which source wins where they disagree: a work order, then a person (appointments.decide, correct), then SPIGA's agenda
(spiga/agenda.py), which only decides what neither of them did.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Coalesce

from callcenter.domain.appointments import follow
from callcenter.enums import AppointmentStatus
from callcenter.models import Appointment, WorkOrder
from carrazos.lib.calendar import bogota

LOOK_BACK = timedelta(days=90)
WITHOUT_CREDIT = {
    AppointmentStatus.RESCHEDULED: "El crédito pasa a la nueva cita.",
    AppointmentStatus.CANCELLED: "Sin crédito: se canceló.",
}

# What SPIGA's agenda may not say otherwise: code, message, SQL about an appointment `a`.
STRONGER = (
    ("PROVED", "Una orden de trabajo prueba que el cliente vino", "a.work_order_id IS NOT NULL"),
    ("DECIDED", "Una persona ya dijo qué pasó: si SPIGA tiene razón, corríjala en Citas",
     "a.decided_by_id IS NOT NULL AND a.status NOT IN ('SCHEDULED', 'CONFIRMED')"),
)  # fmt: skip

# The nearest free order of the same vehicle, entered within N days of the appointment and not before it was booked.
PROVE = """
WITH near AS (
    SELECT a.id, o.id AS order_id, a.starts_at, abs(COALESCE(o.opened_on, o.visited_on) - d.day) AS distance
      FROM callcenter_appointment a
     CROSS JOIN LATERAL (SELECT (a.starts_at AT TIME ZONE 'America/Bogota')::date AS day) d
      JOIN callcenter_workorder o ON o.vehicle_id = a.vehicle_id
     WHERE a.work_order_id IS NULL AND a.status IN ('SCHEDULED', 'CONFIRMED', 'FULFILLED', 'NO_SHOW')
       AND a.starts_at BETWEEN %(since)s AND %(until)s
       AND NOT o.is_internal AND NOT o.is_cancelled
       AND COALESCE(o.opened_on, o.visited_on) BETWEEN d.day - %(days)s::int AND d.day + %(days)s::int
       AND COALESCE(o.opened_on, o.visited_on) >= (a.booked_at AT TIME ZONE 'America/Bogota')::date
       AND NOT EXISTS (SELECT FROM callcenter_appointment b WHERE b.work_order_id = o.id)
), nearest AS (SELECT DISTINCT ON (id) * FROM near ORDER BY id, distance, order_id),
   once AS (SELECT DISTINCT ON (order_id) * FROM nearest ORDER BY order_id, distance, starts_at)
UPDATE callcenter_appointment a
   SET work_order_id = once.order_id, proved_at = %(at)s, status = 'FULFILLED', reason_id = NULL,
       decided_at = CASE WHEN a.status = 'FULFILLED' THEN a.decided_at ELSE %(at)s END
  FROM once WHERE a.id = once.id
RETURNING a.id"""


def reconcile(at: datetime) -> int:
    """Marks kept the appointments that a work order proves; how many. Safe to run again and again."""
    days = settings.KEPT_WITHIN_DAYS
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(PROVE, {"at": at, "days": days, "since": at - LOOK_BACK, "until": at + timedelta(days=days)})
            proved = [row[0] for row in cursor.fetchall()]
        for row in Appointment.objects.filter(pk__in=proved):
            follow(row, at=at)
    return len(proved)


def orders_changed(*, at: datetime) -> None:
    """An import brought work orders (settings.WORK_ORDERS_CHANGED)."""
    reconcile(at)


@dataclass(frozen=True)
class Credit:
    """Whether an appointment counts for who booked it, and the sentence that says why or which condition fails."""

    text: str
    counts: bool = False
    waits: bool = False


def credits_of(rows: Iterable[Appointment], at: datetime) -> dict[int, Credit]:
    """The credit of each appointment, in one query for all their vehicles."""
    rows = list(rows)
    entered = Coalesce("opened_on", "visited_on")
    orders = WorkOrder.objects.filter(vehicle__in={row.vehicle_id for row in rows if row.vehicle_id}, is_internal=False, is_cancelled=False)
    found: dict[int, list[tuple[date, str, int | None]]] = {}
    for vehicle, day, number, proves in orders.annotate(entered=entered).values_list("vehicle", "entered", "number", "appointment"):
        if day:
            found.setdefault(vehicle, []).append((day, number, proves))
    return {row.pk: credit(row, found.get(row.vehicle_id, []), at) for row in rows}


def credit(row: Appointment, orders: list[tuple[date, str, int | None]], at: datetime) -> Credit:
    """Judges one appointment by (day of entry, number, appointment that it proves) of its vehicle's orders."""
    if row.work_order_id:
        moved = f"; la agendó primero, la movió {row.replaces.decided_by}" if row.replaces_id and row.replaces.decided_by_id else ""
        return Credit(f"Crédito de {row.booked_by}: la orden {row.work_order.number} la prueba{moved}.", counts=True)
    if row.status in WITHOUT_CREDIT:
        return Credit(WITHOUT_CREDIT[row.status])
    if row.vehicle_id is None:
        return Credit("Sin crédito: la cita no tiene vehículo.")
    if at < row.starts_at:
        return Credit("Aún no llega su fecha.", waits=True)
    return unproved(row, orders, bogota(at).date())


def unproved(row: Appointment, orders: list[tuple[date, str, int | None]], today: date) -> Credit:
    """Which condition of the proof fails, for an appointment whose hour has come."""
    day, days = bogota(row.starts_at).date(), settings.KEPT_WITHIN_DAYS
    last = day + timedelta(days=days)
    entered, number, proves = min(orders, key=lambda order: abs((order[0] - day).days), default=(None, "", None))
    distance = abs((entered - day).days) if entered else None
    if distance is not None and distance <= days and proves:
        return Credit(f"Sin crédito: la orden {number} ya prueba otra cita.")
    if distance is not None and distance <= days and entered < bogota(row.booked_at).date():
        return Credit(f"Sin crédito: la orden {number} entró el {entered:%d/%m/%Y}, antes de agendar.")
    if today <= last:
        return Credit(f"Espera la OT hasta el {last:%d/%m/%Y}.", waits=True)
    if entered and entered > last:
        return Credit(f"Sin crédito: la orden {number} entró a los {distance} días (máximo {days}).")
    return Credit(f"Sin crédito: no hay OT del vehículo entre el {day - timedelta(days=days):%d/%m} y el {last:%d/%m/%Y}.")
