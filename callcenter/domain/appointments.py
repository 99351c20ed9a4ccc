"""Workshop appointments: booked, kept, missed, moved (GSC-PRO-02 §4; IND-02, IND-03)."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, F, QuerySet
from django.db.models.functions import TruncDate

from callcenter import seams
from callcenter.domain.errors import Refused
from callcenter.enums import AppointmentStatus, NextStep, OutreachState, Programme, Result
from callcenter.models import Appointment, Attempt, CapacityException, Change, Employee, Motive, Outreach, Reason, Site, User
from callcenter.models.appointments import DECIDED, STANDING
from carrazos.lib.calendar import BOGOTA, BusinessCalendar, bogota, start_of

LOOK_AHEAD_DAYS = 15
ABOUT_APPOINTMENTS = (Programme.CONFIRMATION, Programme.NO_SHOW)
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


def capacity_of(site: Site, day: date) -> int | None:
    """How many cars a site takes on a day; None for no limit."""
    special = CapacityException.objects.filter(site=site, day=day).values_list("appointments", flat=True).first()
    return site.daily_capacity if special is None else special


def taken(site: Site, day: date) -> int:
    """How many appointments stand on a day of a site, those already kept included."""
    rows = Appointment.objects.filter(site=site).on_day(start_of(day), start_of(day + timedelta(days=1)))
    return rows.filter(status__in=[*STANDING, AppointmentStatus.FULFILLED]).count()


def full_days(site: Site, first: date, last: date) -> frozenset[date]:
    """The days, both included, on which the site has no place left: not offered to a customer."""
    special = dict(CapacityException.objects.filter(site=site, day__range=(first, last)).values_list("day", "appointments"))
    if site.daily_capacity is None and not special:
        return frozenset()
    rows = Appointment.objects.filter(site=site, status__in=[*STANDING, AppointmentStatus.FULFILLED])
    rows = rows.on_day(start_of(first), start_of(last + timedelta(days=1))).annotate(local=TruncDate("starts_at", tzinfo=BOGOTA))
    booked = dict(rows.values("local").order_by().annotate(n=Count("pk")).values_list("local", "n"))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    limits = {day: special.get(day, site.daily_capacity) for day in days}
    return frozenset(day for day in days if limits[day] is not None and booked.get(day, 0) >= limits[day])


def take_place(site: Site, starts_at: datetime, calendar: BusinessCalendar) -> None:
    """Takes one of the day's places, inside the caller's transaction: the site is locked, so that the last one goes once.

    Raises Refused when the day is full, with the next day that is not.
    """
    site = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    day = bogota(starts_at).date()
    most = capacity_of(site, day)
    if most is None or taken(site, day) < most:
        return
    later = day
    for _ in range(LOOK_AHEAD_DAYS):
        later = calendar.add_business_days(later, 1)
        limit = capacity_of(site, later)
        if limit is None or taken(site, later) < limit:
            raise Refused(f"{site} ya no tiene cupo el {day:%d/%m/%Y} ({most} citas). El siguiente día con cupo es el {later:%d/%m/%Y}.")
    raise Refused(f"{site} ya no tiene cupo el {day:%d/%m/%Y} ({most} citas) ni en los días siguientes.")


def queues_of(appointment_id: int) -> QuerySet[Outreach]:
    """The open outreaches about one appointment: to confirm it, or because the customer did not come."""
    about = Motive.objects.filter(programme__in=ABOUT_APPOINTMENTS, reference=str(appointment_id))
    return Outreach.objects.open().filter(motives__in=about)


def appointment_of(outreach: Outreach) -> Appointment | None:
    """The appointment that a confirmation or no-show outreach is about."""
    if outreach.programme not in ABOUT_APPOINTMENTS:
        return None
    reference = outreach.motives.values_list("reference", flat=True).first()
    return Appointment.objects.select_related("site", "advisor").filter(pk=reference).first() if reference else None


def withdraw_queues(
    appointment_id: int, *, at: datetime, about: Iterable[Programme] = ABOUT_APPOINTMENTS, result: Result = Result.DONE
) -> None:
    """Nobody has to call about it any more."""
    queues = Outreach.objects.filter(pk__in=list(queues_of(appointment_id).filter(programme__in=about).values_list("pk", flat=True)))
    queues.update(
        state=OutreachState.CLOSED, result=result, closed_at=at, next_step=NextStep.NONE, is_callback=False, callback_for=None,
        leased_by=None, leased_at=None, lease_until=None, fence=F("fence") + 1,
    )  # fmt: skip


def follow(row: Appointment, *, at: datetime, about: Iterable[Programme] = ABOUT_APPOINTMENTS) -> None:
    """What follows from a decision: its calls leave the queue, the programmes are told."""
    withdraw_queues(row.pk, at=at, about=about)
    for decided in seams.plugged("APPOINTMENTS_DECIDED"):
        decided(row, at=at)


def hold(appointment_ids: Iterable[int]) -> None:
    """Locks many, in the order of `locked`."""
    ids = list(appointment_ids)
    about = Motive.objects.filter(programme__in=ABOUT_APPOINTMENTS, reference__in=[str(pk) for pk in ids])
    list(Outreach.objects.open().filter(motives__in=about).order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    list(Appointment.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))


def locked(appointment_id: int) -> Appointment:
    """The appointment under lock, after the outreaches about it: a call about it takes them in this order too."""
    list(Outreach.objects.filter(pk__in=queues_of(appointment_id).values("pk")).select_for_update().values_list("pk", flat=True))
    return Appointment.objects.select_for_update(of=("self",)).select_related("site").get(pk=appointment_id)


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
            take_place(site, starts_at, calendar)
            return Appointment.objects.create(
                outreach=outreach, attempt=attempt, customer=outreach.customer, vehicle=outreach.vehicle, site=site,
                brand=outreach.brand, advisor=advisor, service=service, starts_at=starts_at, booked_by=by, booked_at=at,
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused("Ese vehículo ya tiene una cita vigente: muévala desde Citas.") from error


def decide(
    appointment: Appointment, status: AppointmentStatus, *, by: User | None, at: datetime, reason: Reason | None = None, note: str = ""
) -> Appointment:
    """Marks a standing appointment confirmed, kept, missed or cancelled.

    Raises Refused when it is no longer standing, when its hour has not come, or when the reason is missing.
    """
    with transaction.atomic():
        row = locked(appointment.pk)
        if row.status == status:
            return row
        if row.status not in STANDING:
            raise Refused(f"La cita ya está {row.get_status_display().lower()}.")
        return mark(row, status, by=by, at=at, reason=reason, note=note)


def correct(
    appointment: Appointment,
    status: AppointmentStatus,
    *,
    was: AppointmentStatus,
    by: User,
    at: datetime,
    calendar: BusinessCalendar,
    reason: Reason | None = None,
    note: str = "",
) -> Appointment:
    """Says again what became of an appointment that was marked wrong (PRO-R7); SCHEDULED leaves it unmarked. The trail keeps what it `was`.

    Raises Refused when a work order proves it, when it was moved, when somebody said otherwise meanwhile, and as `decide` and `book` do.
    """
    try:
        with transaction.atomic():
            row = locked(appointment.pk)
            if row.work_order_id:
                raise Refused(f"La orden {row.work_order.number} prueba que el cliente vino: no se corrige a mano.")
            if row.status != was or not row.is_correctable:
                raise Refused(f"La cita ya está {row.get_status_display().lower()}: revise el día otra vez.")
            if status == AppointmentStatus.SCHEDULED and was != AppointmentStatus.FULFILLED and at < row.starts_at:
                take_place(row.site, row.starts_at, calendar)
            return mark(row, status, by=by, at=at, reason=reason, note=note)
    except IntegrityError as error:
        raise Refused("Ese vehículo ya tiene otra cita vigente: esta no puede volver a estarlo.") from error


def mark(row: Appointment, status: AppointmentStatus, *, by: User | None, at: datetime, reason: Reason | None, note: str) -> Appointment:
    """Writes a decision on a locked appointment, and what follows from it."""
    if status in {AppointmentStatus.FULFILLED, AppointmentStatus.NO_SHOW} and at < row.starts_at:
        raise Refused("La hora de la cita aún no llega.")
    if status not in {AppointmentStatus.NO_SHOW, AppointmentStatus.CANCELLED}:
        reason = None
    elif reason is None:
        raise Refused("Falta el motivo.")
    if reason and reason.needs_note and not note.strip():
        raise Refused(f"El motivo «{reason}» exige una nota.")
    row.status, row.reason, row.note = status, reason, note
    row.decided_by, row.decided_at = by, at
    row.save(update_fields=["status", "reason", "note", "decided_by", "decided_at"])
    follow(row, at=at)
    return row


def said_before(rows: Iterable[Appointment]) -> dict[int, AppointmentStatus]:
    """What each appointment that says something else now was marked before, from the trail."""
    now = {row.pk: row.status for row in rows if row.decided_at}
    trail = Change.objects.filter(table_name=Appointment._meta.db_table, row_id__in=now, before__status__in=DECIDED)
    found = trail.order_by("row_id", "-id").distinct("row_id").values_list("row_id", "before__status")
    return {pk: AppointmentStatus(status) for pk, status in found if status != now[pk]}


def reschedule(
    appointment: Appointment, starts_at: datetime, *, by: User, at: datetime, reason: Reason, calendar: BusinessCalendar, note: str = ""
) -> Appointment:
    """Moves a standing appointment; the old one stays as «reprogramada» and the new one points at it."""
    if problem := slot_problem(starts_at, at=at, calendar=calendar):
        raise Refused(problem)
    with transaction.atomic():
        old = decide_rescheduled(appointment, by=by, at=at, reason=reason, note=note)
        take_place(old.site, starts_at, calendar)
        return Appointment.objects.create(
            outreach=old.outreach, customer=old.customer, vehicle=old.vehicle, site=old.site, brand=old.brand,
            advisor=old.advisor, service=old.service, starts_at=starts_at, replaces=old, booked_by=old.booked_by, booked_at=at,
        )  # fmt: skip


def decide_rescheduled(appointment: Appointment, *, by: User, at: datetime, reason: Reason, note: str) -> Appointment:
    row = locked(appointment.pk)
    if row.status not in STANDING:
        raise Refused(f"La cita ya está {row.get_status_display().lower()}.")
    row.status, row.reason, row.note, row.decided_by, row.decided_at = AppointmentStatus.RESCHEDULED, reason, note, by, at
    row.save(update_fields=["status", "reason", "note", "decided_by", "decided_at"])
    withdraw_queues(row.pk, at=at)
    return row
