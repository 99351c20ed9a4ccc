"""What happened with a customer, newest first: calls, messages, appointments, and what the programmes add."""

from dataclasses import dataclass
from datetime import datetime

from callcenter import seams
from callcenter.models import Appointment, Attempt, Customer, InboundMessage, Message, User

SHOWN = 15


@dataclass(frozen=True)
class Event:
    at: datetime
    kind: str
    title: str
    detail: str = ""
    who: str = ""
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Matter:
    """Something open with a customer: what it is, its state in words, since when, where to open it, its matter in the queue."""

    title: str
    state: str
    since: datetime
    url: str = ""
    outreach: int | None = None


def matters(customer: Customer, user: User) -> list[Matter]:
    """What is open with the customer and this person may see, oldest first (settings.OPEN_MATTERS)."""
    found = [matter for source in seams.plugged("OPEN_MATTERS") for matter in source(customer, user)]
    return sorted(found, key=lambda matter: matter.since)


def calls(customer: Customer) -> list[Event]:
    rows = Attempt.objects.filter(outreach__customer=customer).select_related("agent", "reason", "outreach").order_by("-at")[:SHOWN]
    return [
        Event(row.at, "call", f"Llamada {row.number} · {row.get_outcome_display()}" + (" (deshecha)" if row.undone_at else ""),
              " · ".join(filter(None, (str(row.reason or ""), row.note))), str(row.agent))
        for row in rows
    ]  # fmt: skip


def messages(customer: Customer) -> list[Event]:
    rows = Message.objects.filter(customer=customer).select_related("sent_by").prefetch_related("evidence").order_by("-created_at")[:SHOWN]
    return [
        Event(row.moment, "message", f"WhatsApp {row.get_status_display().lower()}", row.body, str(row.sent_by or "Sistema"),
              tuple(evidence.pk for evidence in row.evidence.all()))
        for row in rows
    ]  # fmt: skip


def replies(customer: Customer) -> list[Event]:
    rows = InboundMessage.objects.filter(customer=customer).order_by("-at")[:SHOWN]
    return [Event(row.at, "reply", "Escribió por WhatsApp", row.body or f"({row.get_kind_display().lower()})", row.note) for row in rows]


def booked(customer: Customer) -> list[Event]:
    rows = Appointment.objects.filter(customer=customer).select_related("site", "booked_by").order_by("-booked_at")[:SHOWN]
    return [
        Event(row.booked_at, "appointment", f"Cita {row.get_status_display().lower()}", f"{row.service}, {row.site}", str(row.booked_by))
        for row in rows
    ]  # fmt: skip


def events(customer: Customer) -> list[Event]:
    """The newest events of every kind, the programmes' own included."""
    found = [*calls(customer), *messages(customer), *replies(customer), *booked(customer)]
    found += [event for source in seams.plugged("TIMELINE_SOURCES") for event in source(customer)]
    return sorted(found, key=lambda event: event.at, reverse=True)[:SHOWN]
