"""What a call did to appointments, taken back with it: booked, confirmed, moved or cancelled by mistake (screens §1, «Deshacer»)."""

from datetime import datetime

from callcenter import seams
from callcenter.domain import appointments
from callcenter.domain.errors import Refused
from callcenter.enums import AppointmentStatus, MessageStatus, Result, WorkState
from callcenter.models import Appointment, Attempt, Message
from callcenter.models.messages import GONE

UNBOOKED = "La cita se deshizo antes de que saliera."


def facts(row: Appointment) -> dict:
    """What a decision changes, as JSON keeps it."""
    return {
        "status": row.status, "reason_id": row.reason_id, "note": row.note, "decided_by_id": row.decided_by_id,
        "decided_at": row.decided_at and row.decided_at.isoformat(),
    }  # fmt: skip


def remember(attempt: Attempt, row: Appointment) -> None:
    """Keeps with the attempt what the appointment was, before the call decides about it."""
    attempt.before |= {"appointment": [row.pk, facts(row)]}
    attempt.save(update_fields=["before"])


def undo(attempt: Attempt, *, at: datetime) -> None:
    """Raises Refused when somebody changed the appointment since, or the customer already has the message about it."""
    for pk in Appointment.objects.filter(attempt=attempt).values_list("pk", flat=True):
        unbook(pk, at=at)
    if decision := attempt.before.get("appointment"):
        put_back(attempt, *decision, at=at)


def put_back(attempt: Attempt, pk: int, before: dict, *, at: datetime) -> None:
    row = appointments.locked(pk)
    if facts(row) == before:
        return
    if (row.decided_by_id, row.decided_at) != (attempt.agent_id, attempt.at):
        raise Refused("La cita cambió después de esta llamada: corríjala desde Citas.")
    for later in Appointment.objects.filter(replaces=row).values_list("pk", flat=True):
        unbook(later, at=at)
    for name, value in before.items():
        setattr(row, name, datetime.fromisoformat(value) if name == "decided_at" and value else value)
    row.save(update_fields=list(before))
    for decided in seams.plugged("APPOINTMENTS_DECIDED"):
        decided(row, at=at)


def unbook(pk: int, *, at: datetime) -> None:
    """The appointment was never agreed: with it go the calls and the messages about it that did not happen yet."""
    row = appointments.locked(pk)
    if row.status != AppointmentStatus.SCHEDULED or Appointment.objects.filter(replaces=row).exists():
        raise Refused("La cita cambió después de esta llamada: corríjala desde Citas.")
    told = Message.objects.filter(appointment=row)
    statuses = set(told.select_for_update().values_list("status", flat=True))
    if statuses - {MessageStatus.QUEUED, *GONE}:
        raise Refused("El cliente ya recibió el WhatsApp de esta cita: muévala o cancélela desde Citas.")
    told.queued().update(status=MessageStatus.CANCELLED, work_state=WorkState.DONE, error=UNBOOKED, finished_at=at, lease_until=None)
    told.update(appointment=None)
    appointments.withdraw_queues(row.pk, at=at, result=Result.CANCELLED)
    row.delete()
