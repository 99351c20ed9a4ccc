"""Who really came back: proved by the workshop's history, not by a tick (REC-R3).

A visit recovers a customer when it begins after the day of the first call and within the list's window, with the same person.
An appointment marked kept counts from its hour. Everything is computed anew from attempts, orders and appointments, so that
files may come late, twice or out of order, and a cancelled order takes its proof away again.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from callcenter.models import Appointment, Attempt, User
from recovery.enums import Proof
from recovery.models import Candidacy

# The first entry after the last visit known to the list, the proving one before those that fail a condition.
RECONCILE = """
UPDATE recovery_candidacy c
   SET first_call_on = f.first_day, proof = f.proof, came_on = f.day, order_id = f.order_id, appointment_id = f.appointment_id,
       credited_to_id = f.agent_id
  FROM (
    SELECT d.id, a.first_day, COALESCE(p.proof, '') AS proof, p.day, p.order_id, p.appointment_id,
           CASE WHEN p.proof = 'RECOVERED' THEN g.agent_id END AS agent_id
      FROM recovery_candidacy d JOIN recovery_recoverylist l ON l.id = d.recovery_list_id
      LEFT JOIN LATERAL (
           SELECT min(t.day) AS first_day, min(t.started_at) AS first_at FROM callcenter_attempt t
            WHERE t.outreach_id = d.outreach_id AND t.undone_at IS NULL AND t.id <> %(but)s) a ON true
      LEFT JOIN LATERAL (
           SELECT e.*, CASE WHEN NOT e.same_person THEN 'OTHER_PERSON'
                            WHEN a.first_day IS NULL OR NOT e.is_after THEN 'BEFORE_CALL'
                            WHEN e.day > a.first_day + l.window_days THEN 'LATE'
                            ELSE 'RECOVERED' END AS proof
             FROM (SELECT w.id AS order_id, NULL::bigint AS appointment_id, COALESCE(w.opened_on, w.visited_on) AS day,
                          COALESCE(w.opened_on, w.visited_on) > a.first_day AS is_after,
                          w.customer_id IS NULL OR w.customer_id = d.customer_id OR c.kind = 'COMPANY' AS same_person
                     FROM callcenter_workorder w LEFT JOIN callcenter_customer c ON c.id = w.customer_id
                    WHERE w.vehicle_id = d.vehicle_id AND w.visited_on IS NOT NULL AND NOT w.is_internal AND NOT w.is_cancelled
                   UNION ALL
                   SELECT NULL, k.id, (k.starts_at AT TIME ZONE 'America/Bogota')::date, k.starts_at > a.first_at,
                          k.customer_id = d.customer_id
                     FROM callcenter_appointment k WHERE k.vehicle_id = d.vehicle_id AND k.status = 'FULFILLED') e
            WHERE e.day > COALESCE(d.last_visit_on, '-infinity')
            ORDER BY CASE WHEN NOT e.same_person THEN 2 WHEN a.first_day IS NULL OR NOT e.is_after THEN 3
                          WHEN e.day > a.first_day + l.window_days THEN 1 ELSE 0 END, e.day, e.order_id NULLS LAST
            LIMIT 1) p ON true
      LEFT JOIN LATERAL (
           SELECT t.agent_id FROM callcenter_attempt t
            WHERE t.outreach_id = d.outreach_id AND t.undone_at IS NULL AND t.day <= p.day
            ORDER BY (t.outcome = 'BOOKED') DESC, t.is_contact DESC, t.started_at DESC LIMIT 1) g ON true
     WHERE l.status = 'WORKING' AND d.is_listed AND {scope}) f
 WHERE c.id = f.id
   AND (c.first_call_on, c.proof, c.came_on, c.order_id, c.appointment_id, c.credited_to_id)
       IS DISTINCT FROM (f.first_day, f.proof, f.day, f.order_id, f.appointment_id, f.agent_id)
"""
OF_CHANGED_ORDERS = "d.vehicle_id IN (SELECT o.vehicle_id FROM changed_order o)"


def settle(scope: str, **values: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(RECONCILE.format(scope=scope), {"but": 0} | values)
        return cursor.rowcount


def reconcile(*, list_id: int | None = None) -> int:
    """Looks again at every candidacy of one list, or of all; how many changed."""
    return settle("true") if list_id is None else settle("d.recovery_list_id = %(list)s", list=list_id)


def orders_changed(*, at: datetime) -> None:
    """The work orders of an import changed (settings.WORK_ORDERS_CHANGED)."""
    settle(OF_CHANGED_ORDERS)


def appointment_decided(row: Appointment, *, at: datetime) -> None:
    """An appointment was kept, missed or moved (settings.APPOINTMENTS_DECIDED)."""
    settle("d.vehicle_id = %(vehicle)s", vehicle=row.vehicle_id)


def called(outreach_id: int) -> int:
    """A call was recorded: its candidacies have a first call."""
    return settle("d.outreach_id = %(outreach)s", outreach=outreach_id)


def undone(attempt: Attempt, *, by: User, at: datetime) -> None:
    """A call is being taken back (settings.ON_UNDO): it is nobody's first call any more."""
    settle("d.outreach_id = %(outreach)s", outreach=attempt.outreach_id, but=attempt.pk)


@dataclass(frozen=True)
class Standing:
    """How a candidacy stands today, in words; `tone` is one of the tones of tags."""

    text: str
    tone: str = ""


def standing(row: Candidacy, today: date) -> Standing:
    """Recovered, waiting, or which condition fails: what the list shows beside each vehicle."""
    if row.proof == Proof.RECOVERED:
        by = f"; lo gestionó {row.credited_to}" if row.credited_to else ""
        return Standing(f"Recuperado: vino el {row.came_on:%d/%m/%Y}{by}", "good")
    if row.proof == Proof.OTHER_PERSON:
        return Standing(f"El vehículo vino el {row.came_on:%d/%m/%Y} con otra persona", "warn")
    if row.proof == Proof.LATE:
        return Standing(f"Volvió el {row.came_on:%d/%m/%Y}, después del plazo ({row.due_until:%d/%m/%Y})", "warn")
    if row.proof == Proof.BEFORE_CALL:
        when = (
            "antes de cualquier llamada" if row.first_call_on is None else f"antes de la llamada del {row.first_call_on:%d/%m/%Y} o ese día"
        )
        return Standing(f"Volvió el {row.came_on:%d/%m/%Y}, {when}", "warn")
    if row.first_call_on is None:
        return Standing("Sin llamadas todavía")
    if today <= row.due_until:
        return Standing(f"En plazo hasta el {row.due_until:%d/%m/%Y}", "info")
    return Standing(f"No volvió: el plazo venció el {row.due_until:%d/%m/%Y}", "bad")
