"""The day before and the day after: who has to be called about an appointment, and what is written to them (GSC-PRO-02 §4)."""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast

from callcenter.domain import messages, wording
from callcenter.domain.policy import POLICIES
from callcenter.enums import AppointmentStatus, Gateway, MessageStatus, Priority, Programme, Purpose, TemplateApproval
from callcenter.models import Appointment, Message, MessageTemplate, Motive, Outreach
from callcenter.models.appointments import AppointmentQuerySet
from carrazos.lib.calendar import BusinessCalendar, bogota, start_of
from carrazos.lib.text import long_date

SOON = timedelta(hours=2)  # later than that nobody is asked any more whether they come
NO_SHOW_KEPT = timedelta(days=10)
BATCH = 200
CONFIRMED, REMINDER, MISSED = "cita_confirmada_v1", "cita_recordatorio_v1", "cita_no_asistio_v1"


def to_confirm(at: datetime, calendar: BusinessCalendar) -> AppointmentQuerySet:
    """Appointments up to the next business day that nobody confirmed yet."""
    until = start_of(calendar.add_business_days(bogota(at).date(), 1) + timedelta(days=1))
    return Appointment.objects.filter(status=AppointmentStatus.SCHEDULED, starts_at__gt=at + SOON, starts_at__lt=until)


def missed(at: datetime) -> AppointmentQuerySet:
    """Customers who did not come lately and have no other appointment."""
    again = Appointment.objects.standing().filter(vehicle=OuterRef("vehicle"))
    rows = Appointment.objects.filter(status=AppointmentStatus.NO_SHOW, decided_at__gt=at - NO_SHOW_KEPT, work_order__isnull=True)
    return rows.exclude(Exists(again))


def open_queue(programme: Programme, rows: AppointmentQuerySet, reason: str, *, at: datetime) -> int:
    """One outreach of purpose SERVICE for each appointment that has none of that programme yet; how many."""
    known = Motive.objects.filter(programme=programme, reference=Cast(OuterRef("pk"), CharField()))
    with transaction.atomic():
        wanted = list(rows.exclude(Exists(known)).select_related("site")[:BATCH])
        made = Outreach.objects.bulk_create(
            Outreach(
                programme=programme, purpose=POLICIES[programme].purpose, customer_id=row.customer_id, vehicle_id=row.vehicle_id,
                site=row.site, brand_id=row.brand_id, advisor_id=row.advisor_id, priority=Priority.RETRY, due_at=at, opened_at=at,
                due_on=bogota(row.starts_at).date(), reason=f"{reason} {bogota(row.starts_at):%d/%m %H:%M}: {row.service}"[:160],
            )
            for row in wanted
        )  # fmt: skip
        Motive.objects.bulk_create(
            Motive(outreach=outreach, programme=programme, reference=str(row.pk), reason=outreach.reason, due_on=outreach.due_on)
            for outreach, row in zip(made, wanted, strict=True)
        )
    return len(made)


def open_queues(at: datetime, calendar: BusinessCalendar) -> int:
    """The calls about appointments that the day brings; how many were opened. Safe to run again and again."""
    found = open_queue(Programme.CONFIRMATION, to_confirm(at, calendar), "Confirmar la cita del", at=at)
    return found + open_queue(Programme.NO_SHOW, missed(at), "No asistió a la cita del", at=at)


def queue_messages(at: datetime) -> int:
    """Puts confirmations, reminders and «no lo pudimos atender» in the outbox of Meta's line, each once; how many.

    By the agent's telephone nothing leaves by itself: there the queue of confirmations does the work.
    """
    if settings.WHATSAPP_MODE != Gateway.CLOUD_API:
        return 0
    today = bogota(at).date()
    tomorrow, after = start_of(today + timedelta(days=1)), start_of(today + timedelta(days=2))
    standing = Appointment.objects.standing()
    plan = (
        (CONFIRMED, Purpose.TRANSACTIONAL, standing.filter(booked_at__gt=at - timedelta(days=1), starts_at__gt=at + SOON)),
        (REMINDER, Purpose.TRANSACTIONAL, standing.on_day(tomorrow, after)),
        (MISSED, Purpose.SERVICE, missed(at).on_day(start_of(today - timedelta(days=1)), start_of(today))),
    )
    return sum(queue_one(name, purpose, rows, at=at) for name, purpose, rows in plan)


def queue_one(name: str, purpose: Purpose, rows: AppointmentQuerySet, *, at: datetime) -> int:
    template = MessageTemplate.objects.filter(name=name, is_active=True, approval=TemplateApproval.APPROVED).first()
    if template is None:
        return 0
    said = Message.objects.filter(appointment=OuterRef("pk"), template=template)
    wanted = rows.exclude(Exists(said)).select_related("customer", "vehicle__brand", "site", "brand", "advisor")[:BATCH]
    return sum(write(row, template, purpose, at=at) for row in wanted)


def write(row: Appointment, template: MessageTemplate, purpose: Purpose, *, at: datetime) -> bool:
    """One message about one appointment; False when there is no mobile or it was written in this very moment."""
    point = messages.mobile_of(row.customer_id)
    values = wording.template_values(template, fields_of(row))
    if point is None or "" in values:
        return False
    body = wording.fill_numbered(template.body, values)
    try:
        with transaction.atomic():
            Message.objects.create(
                body_hash=hashlib.sha256(body.encode()).hexdigest(), appointment=row, customer=row.customer, site=row.site, brand=row.brand,
                point=point, template=template, variables=list(values), purpose=purpose, body=body, gateway=Gateway.CLOUD_API,
                status=MessageStatus.QUEUED, created_at=at,
            )  # fmt: skip
    except IntegrityError:
        return False
    return True


def fields_of(row: Appointment) -> dict[str, str]:
    """The variables of the messages about an appointment."""
    local = bogota(row.starts_at)
    return {
        "cliente": row.customer.greeting, "marca": row.brand.name, "sede": row.site.name,
        "vehiculo": row.vehicle.title if row.vehicle else "vehículo", "placa": (row.vehicle.plate if row.vehicle else "") or "en trámite",
        "fecha": long_date(local.date()), "hora": wording.clock_text(row.starts_at), "servicio": row.service,
        "asesor": row.advisor.name if row.advisor else "nuestro equipo", "telefonos_sede": row.site.phones,
    }  # fmt: skip
