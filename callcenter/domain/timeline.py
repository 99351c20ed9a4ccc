"""What happened with a customer, newest first: calls, messages, appointments."""

from dataclasses import dataclass
from datetime import datetime

from callcenter.models import Appointment, Attempt, Customer, Message

SHOWN = 15


@dataclass(frozen=True)
class Event:
    at: datetime
    kind: str
    title: str
    detail: str = ""
    who: str = ""
    evidence: tuple[int, ...] = ()


def calls(customer: Customer) -> list[Event]:
    rows = Attempt.objects.filter(outreach__customer=customer).select_related("agent", "reason", "outreach").order_by("-at")[:SHOWN]
    return [
        Event(row.at, "call", f"Llamada {row.number} · {row.get_outcome_display()}" + (" (deshecha)" if row.undone_at else ""),
              " · ".join(filter(None, (str(row.reason or ""), row.note))), str(row.agent))
        for row in rows
    ]  # fmt: skip


def messages(customer: Customer) -> list[Event]:
    rows = Message.objects.filter(customer=customer).select_related("sent_by").prefetch_related("evidence").order_by("-sent_at")[:SHOWN]
    return [
        Event(row.sent_at, "message", f"WhatsApp {row.get_status_display().lower()}", row.body, str(row.sent_by),
              tuple(evidence.pk for evidence in row.evidence.all()))
        for row in rows
    ]  # fmt: skip


def booked(customer: Customer) -> list[Event]:
    rows = Appointment.objects.filter(customer=customer).select_related("site", "booked_by").order_by("-booked_at")[:SHOWN]
    return [
        Event(row.booked_at, "appointment", f"Cita {row.get_status_display().lower()}", f"{row.service}, {row.site}", str(row.booked_by))
        for row in rows
    ]  # fmt: skip


def events(customer: Customer) -> list[Event]:
    """The newest events of every kind."""
    found = [*calls(customer), *messages(customer), *booked(customer)]
    return sorted(found, key=lambda event: event.at, reverse=True)[:SHOWN]
