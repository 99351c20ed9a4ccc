"""Workshop appointments: booked, kept, missed, moved (GSC-PRO-02 §4; IND-02, IND-03)."""

from datetime import datetime

from django.db import IntegrityError, transaction

from callcenter.domain.errors import Refused
from callcenter.enums import AppointmentStatus
from callcenter.models import Appointment, Attempt, Employee, Outreach, Reason, Site, User
from callcenter.models.appointments import STANDING
from carrazos.lib.calendar import BusinessCalendar, bogota

OPENS_HOUR, CLOSES_HOUR, SATURDAY_CLOSES_HOUR = 7, 17, 12


def slot_problem(starts_at: datetime, *, at: datetime, calendar: BusinessCalendar) -> str:
    """Why the workshop can't receive somebody then, in Spanish; empty when it can."""
    local = bogota(starts_at)
    saturday = local.weekday() == 5 and not calendar.why_closed(local.date()).startswith("festivo")
    if starts_at <= at:
        return "La cita debe quedar en el futuro."
    if not saturday and not calendar.is_business_day(local.date()):
        return f"El taller no atiende el {local:%d/%m/%Y}: {calendar.why_closed(local.date())}."
    closes = SATURDAY_CLOSES_HOUR if saturday else CLOSES_HOUR
    if not OPENS_HOUR <= local.hour < closes:
        return f"El taller recibe de {OPENS_HOUR}:00 a {closes}:00 ese día."
    return ""


def book(
    outreach: Outreach,
    *,
    starts_at: datetime,
    site: Site,
    service: str,
    by: User,
    at: datetime,
    calendar: BusinessCalendar,
    advisor: Employee | None = None,
    attempt: Attempt | None = None,
) -> Appointment:
    """Books the outreach's vehicle into the workshop. Raises Refused for an impossible slot or a second standing one."""
    if problem := slot_problem(starts_at, at=at, calendar=calendar):
        raise Refused(problem)
    try:
        with transaction.atomic():
            return Appointment.objects.create(
                outreach=outreach, attempt=attempt, customer=outreach.customer, vehicle=outreach.vehicle, site=site,
                brand=outreach.brand, advisor=advisor, service=service, starts_at=starts_at, booked_by=by, booked_at=at,
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused("Ese vehículo ya tiene una cita vigente: muévala desde Citas.") from error


def decide(
    appointment: Appointment, status: AppointmentStatus, *, by: User, at: datetime, reason: Reason | None = None, note: str = ""
) -> Appointment:
    """Marks a standing appointment confirmed, kept, missed or cancelled.

    Raises Refused when it is no longer standing, when its hour has not come, or when the reason is missing.
    """
    with transaction.atomic():
        row = Appointment.objects.select_for_update().get(pk=appointment.pk)
        if row.status == status:
            return row
        if row.status not in STANDING:
            raise Refused(f"La cita ya está {row.get_status_display().lower()}.")
        if status in {AppointmentStatus.FULFILLED, AppointmentStatus.NO_SHOW} and at < row.starts_at:
            raise Refused("La hora de la cita aún no llega.")
        if status in {AppointmentStatus.NO_SHOW, AppointmentStatus.CANCELLED} and reason is None:
            raise Refused("Falta el motivo.")
        if reason and reason.needs_note and not note.strip():
            raise Refused(f"El motivo «{reason}» exige una nota.")
        row.status, row.reason, row.note = status, reason, note
        row.decided_by, row.decided_at = by, at
        row.save(update_fields=["status", "reason", "note", "decided_by", "decided_at"])
        return row


def reschedule(
    appointment: Appointment, starts_at: datetime, *, by: User, at: datetime, reason: Reason, calendar: BusinessCalendar, note: str = ""
) -> Appointment:
    """Moves a standing appointment; the old one stays as «reprogramada» and the new one points at it."""
    if problem := slot_problem(starts_at, at=at, calendar=calendar):
        raise Refused(problem)
    with transaction.atomic():
        old = decide_rescheduled(appointment, by=by, at=at, reason=reason, note=note)
        return Appointment.objects.create(
            outreach=old.outreach, customer=old.customer, vehicle=old.vehicle, site=old.site, brand=old.brand,
            advisor=old.advisor, service=old.service, starts_at=starts_at, replaces=old, booked_by=old.booked_by, booked_at=at,
        )  # fmt: skip


def decide_rescheduled(appointment: Appointment, *, by: User, at: datetime, reason: Reason, note: str) -> Appointment:
    row = Appointment.objects.select_for_update().get(pk=appointment.pk)
    if row.status not in STANDING:
        raise Refused(f"La cita ya está {row.get_status_display().lower()}.")
    row.status, row.reason, row.note, row.decided_by, row.decided_at = AppointmentStatus.RESCHEDULED, reason, note, by, at
    row.save(update_fields=["status", "reason", "note", "decided_by", "decided_at"])
    return row
