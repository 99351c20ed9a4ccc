"""Column groups that the GSC-FOR sheets share; each reads an outreach."""

from callcenter.enums import Outcome
from callcenter.models import Attempt, Outreach
from carrazos.lib.calendar import bogota
from reports.base import DATE, MOMENT, NUMBER, Column


def attempt_at(outreach: Outreach, number: int) -> Attempt | None:
    made = outreach.made
    return made[number - 1] if len(made) >= number else None


def attempt_columns(number: int) -> tuple[Column, ...]:
    def moment(outreach: Outreach):
        attempt = attempt_at(outreach, number)
        return attempt and attempt.started_at

    def result(outreach: Outreach):
        attempt = attempt_at(outreach, number)
        return attempt and (str(attempt.reason) if attempt.outcome == Outcome.NO_CONTACT else attempt.get_outcome_display())

    return (
        Column(f"Intento {number}: fecha y hora", moment, MOMENT, 17),
        Column(f"Intento {number}: resultado", result, width=22),
    )


def last_reason(outreach: Outreach, outcome: Outcome) -> str:
    return next((str(attempt.reason) for attempt in reversed(outreach.made) if attempt.outcome == outcome and attempt.reason), "")


def was_contacted(outreach: Outreach) -> bool:
    return any(attempt.is_contact for attempt in outreach.made)


def appointment_of(outreach: Outreach):
    found = list(outreach.appointments.all())
    return found[-1] if found else None


def fulfilment(outreach: Outreach) -> str:
    appointment = appointment_of(outreach)
    return appointment.get_status_display() if appointment else ""


def first_phone(outreach: Outreach) -> str:
    used = next((attempt.point for attempt in outreach.made if attempt.point), None)
    return used.display if used else next((point.display for point in outreach.customer.points.all() if point.kind == "PHONE"), "")


CONTEXT = (
    Column("Fecha", lambda o: bogota(o.made[0].started_at).date() if o.made else None, DATE, 12, in_pdf=True),
    Column("Sede", lambda o: o.site.name, width=14),
    Column("Agente", lambda o: str(o.made[-1].agent) if o.made else "", width=20),
)


def contact_of(outreach) -> str:
    if was_contacted(outreach):
        return "Contactado"
    return "No contactado" if outreach.made else "Sin llamar"


CUSTOMER = (
    Column("Cliente", lambda o: o.customer.name, width=30, in_pdf=True),
    Column("Documento", lambda o: o.customer.document, width=18),
    Column("Teléfono", first_phone, width=14),
)
VEHICLE = (
    Column("Placa", lambda o: o.vehicle.plate if o.vehicle else "", width=12, in_pdf=True),
    Column("VIN", lambda o: o.vehicle.vin if o.vehicle else "", width=20),
    Column("Marca", lambda o: o.brand.name, width=14),
    Column("Gama", lambda o: o.vehicle.family if o.vehicle else "", width=14),
    Column("Km", lambda o: o.vehicle.odometer_km if o.vehicle else None, NUMBER, 10),
)
CONTACT = (
    Column("Contactabilidad", contact_of, width=17, in_pdf=True),
    Column("Motivo de no contacto", lambda o: "" if was_contacted(o) else last_reason(o, Outcome.NO_CONTACT), width=24, in_pdf=True),
)
APPOINTMENT = (
    Column("Agendamiento de la cita", lambda o: (found := appointment_of(o)) and found.starts_at, MOMENT, 18, in_pdf=True),
    Column("Motivo de no agendamiento", lambda o: last_reason(o, Outcome.DECLINED), width=26, in_pdf=True),
    Column("Cumplimiento de la cita", fulfilment, width=18, in_pdf=True),
)
