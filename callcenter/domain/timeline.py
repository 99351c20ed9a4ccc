"""What happened with a customer, newest first: calls, messages, appointments, visits, and what the programmes add (screens §2.2)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Prefetch
from django.db.models.functions import Coalesce
from django.utils.text import slugify

from callcenter import roles, seams
from callcenter.models import Appointment, Attempt, Customer, Evidence, InboundMessage, Message, User, WorkOrder
from carrazos.lib.calendar import noon

SHOWN = 15
DEEPEST = 600  # whoever looks for more of one person looks by kind
Source = Callable[..., list]


@dataclass(frozen=True)
class Event:
    at: datetime
    title: str
    detail: str = ""
    who: str = ""
    evidence: tuple[int, ...] = ()
    all_day: bool = False  # of its moment only the day is known


@dataclass(frozen=True)
class Matter:
    """Something open with a customer: what it is, its state in words, since when, where to open it, its matter in the queue."""

    title: str
    state: str
    since: datetime
    url: str = ""
    outreach: int | None = None


def found_in(*places: str, needs: str = "", kind: str = "") -> Callable[[Source], Source]:
    """Says in which tables a source looks (`FROM` and `WHERE` for %(customer)s), the permission of whoever may be told of it, and
    under which word a page gathers its events.

    Where no table has a row the source need not be asked; which of its rows this person sees, the source asks of `visible_to`.
    """

    def mark(source: Source) -> Source:
        source.places, source.needs, source.kind = places, needs, kind  # type: ignore[attr-defined]
        return source

    return mark


def worth_asking(sources: Iterable[Source], customer: Customer, user: User) -> list[Source]:
    """The sources open to this person that have something of the customer, in one query: of most people most tables know nothing."""
    sources = [source for source in sources if not source.needs or user.has_perm(source.needs)]
    conditions = ", ".join(" OR ".join(f"EXISTS (SELECT FROM {place})" for place in source.places) for source in sources)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {conditions}", {"customer": customer.pk})
        return [source for source, known in zip(sources, cursor.fetchone(), strict=True) if known]


def matters(customer: Customer, user: User) -> list[Matter]:
    """What is open with the customer and this person may see, oldest first (settings.OPEN_MATTERS)."""
    found = [matter for source in worth_asking(seams.plugged("OPEN_MATTERS"), customer, user) for matter in source(customer, user)]
    return sorted(found, key=lambda matter: matter.since)


@found_in("callcenter_attempt a JOIN callcenter_outreach o ON o.id = a.outreach_id WHERE o.customer_id = %(customer)s", kind="Llamadas")
def calls(customer: Customer, user: User, most: int) -> list[Event]:
    rows = Attempt.objects.visible_to(user).filter(outreach__customer=customer).select_related("agent", "reason").order_by("-at", "-id")
    return [
        Event(row.at, f"Llamada {row.number} · {row.get_outcome_display()}" + (" (deshecha)" if row.undone_at else ""),
              " · ".join(filter(None, (str(row.reason or ""), row.note))), str(row.agent))
        for row in rows[:most]
    ]  # fmt: skip


@found_in("callcenter_message WHERE customer_id = %(customer)s", needs=roles.SEE_MESSAGES, kind="WhatsApp")
def messages(customer: Customer, user: User, most: int) -> list[Event]:
    rows = (
        Message.objects.visible_to(user)
        .filter(customer=customer)
        .select_related("sent_by")
        .order_by(Coalesce("sent_at", "created_at").desc(), "-id")
    )
    proofs = Prefetch("evidence", Evidence.objects.visible_to(user).exclude(file=""))
    return [
        Event(row.moment, f"WhatsApp {row.get_status_display().lower()}", row.body, str(row.sent_by or "Sistema"),
              tuple(evidence.pk for evidence in row.evidence.all()))
        for row in rows.prefetch_related(proofs)[:most]
    ]  # fmt: skip


@found_in("callcenter_inboundmessage WHERE customer_id = %(customer)s", needs=roles.SEE_MESSAGES, kind="WhatsApp")
def replies(customer: Customer, user: User, most: int) -> list[Event]:
    rows = InboundMessage.objects.visible_to(user).filter(customer=customer).order_by("-at", "-id")[:most]
    return [Event(row.at, "Escribió por WhatsApp", row.body or f"({row.get_kind_display().lower()})", row.note) for row in rows]


@found_in("callcenter_appointment WHERE customer_id = %(customer)s", needs=roles.SEE_APPOINTMENTS, kind="Citas")
def booked(customer: Customer, user: User, most: int) -> list[Event]:
    rows = Appointment.objects.visible_to(user).filter(customer=customer).select_related("site", "booked_by").order_by("-booked_at", "-id")
    return [
        Event(row.booked_at, f"Cita {row.get_status_display().lower()}", f"{row.service}, {row.site}", str(row.booked_by))
        for row in rows[:most]
    ]


@found_in(
    "callcenter_workorder WHERE customer_id = %(customer)s",
    "callcenter_workorder o JOIN callcenter_vehicleparty y USING (vehicle_id) WHERE y.customer_id = %(customer)s",
    kind="Taller",
)
def visits(customer: Customer, user: User, most: int) -> list[Event]:
    """SPIGA's orders: only their day is known."""
    rows = WorkOrder.objects.of(customer).visible_to(user).filter(day__isnull=False).select_related("site", "vehicle__brand", "advisor")
    return [
        Event(noon(row.day), f"Orden {row.number}" + (" (anulada)" if row.is_cancelled else "" if row.visited_on else " (en taller)"),
              " · ".join(filter(None, (row.entry_reason or row.section, str(row.vehicle), str(row.site)))),
              str(row.advisor or row.advisor_name), all_day=True)
        for row in rows.order_by("-day", "-id")[:most]
    ]  # fmt: skip


@dataclass(frozen=True)
class History:
    """One page of what happened: the events, the kinds that there are (address → word), and how many to skip for what came before."""

    events: list[Event]
    kinds: dict[str, str]
    kind: str = ""
    before: int | None = None


def history(customer: Customer, user: User, *, kind: str = "", skip: int = 0) -> History:
    """The newest events that this person may see, of every kind or of one, SHOWN at a time (settings.TIMELINE_SOURCES)."""
    skip = min(skip, DEEPEST)
    end = skip + SHOWN
    sources = worth_asking((calls, messages, replies, booked, visits, *seams.plugged("TIMELINE_SOURCES")), customer, user)
    # One more of each kind tells whether there is something before.
    found = [(source.kind, event) for source in sources for event in source(customer, user, end + 1)]
    kinds = {slugify(name): name for name, _ in found}
    chosen = kinds.get(kind)
    told = sorted((event for name, event in found if chosen in {None, name}), key=lambda event: event.at, reverse=True)
    return History(told[skip:end], kinds, kind if chosen else "", end if len(told) > end and skip < DEEPEST else None)
