"""What happened with a customer, newest first: calls, messages, appointments, and what the programmes add."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Prefetch

from callcenter import roles, seams
from callcenter.models import Appointment, Attempt, Customer, Evidence, InboundMessage, Message, User

SHOWN = 15
Source = Callable[..., list]


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


def found_in(place: str, *, needs: str = "") -> Callable[[Source], Source]:
    """Says in which table a source looks (`FROM` and `WHERE` for %(customer)s) and the permission of whoever may be told of it.

    Where the table has no row the source need not be asked; which of its rows this person sees, the source asks of `visible_to`.
    """

    def mark(source: Source) -> Source:
        source.place, source.needs = place, needs  # type: ignore[attr-defined]
        return source

    return mark


def worth_asking(sources: Iterable[Source], customer: Customer, user: User) -> list[Source]:
    """The sources open to this person that have something of the customer, in one query: of most people most tables know nothing."""
    sources = [source for source in sources if not source.needs or user.has_perm(source.needs)]
    conditions = ", ".join(f"EXISTS (SELECT FROM {source.place})" for source in sources)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {conditions}", {"customer": customer.pk})
        return [source for source, known in zip(sources, cursor.fetchone(), strict=True) if known]


def matters(customer: Customer, user: User) -> list[Matter]:
    """What is open with the customer and this person may see, oldest first (settings.OPEN_MATTERS)."""
    found = [matter for source in worth_asking(seams.plugged("OPEN_MATTERS"), customer, user) for matter in source(customer, user)]
    return sorted(found, key=lambda matter: matter.since)


@found_in("callcenter_attempt a JOIN callcenter_outreach o ON o.id = a.outreach_id WHERE o.customer_id = %(customer)s")
def calls(customer: Customer, user: User) -> list[Event]:
    rows = Attempt.objects.visible_to(user).filter(outreach__customer=customer).select_related("agent", "reason").order_by("-at")[:SHOWN]
    return [
        Event(row.at, "call", f"Llamada {row.number} · {row.get_outcome_display()}" + (" (deshecha)" if row.undone_at else ""),
              " · ".join(filter(None, (str(row.reason or ""), row.note))), str(row.agent))
        for row in rows
    ]  # fmt: skip


@found_in("callcenter_message WHERE customer_id = %(customer)s", needs=roles.SEE_MESSAGES)
def messages(customer: Customer, user: User) -> list[Event]:
    rows = Message.objects.visible_to(user).filter(customer=customer).select_related("sent_by").order_by("-created_at")
    proofs = Prefetch("evidence", Evidence.objects.visible_to(user).exclude(file=""))
    return [
        Event(row.moment, "message", f"WhatsApp {row.get_status_display().lower()}", row.body, str(row.sent_by or "Sistema"),
              tuple(evidence.pk for evidence in row.evidence.all()))
        for row in rows.prefetch_related(proofs)[:SHOWN]
    ]  # fmt: skip


@found_in("callcenter_inboundmessage WHERE customer_id = %(customer)s", needs=roles.SEE_MESSAGES)
def replies(customer: Customer, user: User) -> list[Event]:
    rows = InboundMessage.objects.visible_to(user).filter(customer=customer).order_by("-at")[:SHOWN]
    return [Event(row.at, "reply", "Escribió por WhatsApp", row.body or f"({row.get_kind_display().lower()})", row.note) for row in rows]


@found_in("callcenter_appointment WHERE customer_id = %(customer)s", needs=roles.SEE_APPOINTMENTS)
def booked(customer: Customer, user: User) -> list[Event]:
    rows = Appointment.objects.visible_to(user).filter(customer=customer).select_related("site", "booked_by").order_by("-booked_at")[:SHOWN]
    return [
        Event(row.booked_at, "appointment", f"Cita {row.get_status_display().lower()}", f"{row.service}, {row.site}", str(row.booked_by))
        for row in rows
    ]  # fmt: skip


def events(customer: Customer, user: User) -> list[Event]:
    """The newest events of every kind that this person may see, the programmes' own included (settings.TIMELINE_SOURCES)."""
    sources = worth_asking((calls, messages, replies, booked, *seams.plugged("TIMELINE_SOURCES")), customer, user)
    found = [event for source in sources for event in source(customer, user)]
    return sorted(found, key=lambda event: event.at, reverse=True)[:SHOWN]
