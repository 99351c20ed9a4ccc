"""The figures of the call centre, each written once: screens, reports and homes all ask here (domain 1.6)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth

from callcenter.enums import AppointmentStatus, Outcome, Programme
from callcenter.models import Appointment, Attempt, CalledMonth, MonthTally, User
from carrazos.lib.calendar import BOGOTA, start_of
from carrazos.lib.periods import Month, Period
from carrazos.lib.ratios import Count as Figure
from carrazos.lib.ratios import Ratio

Rows = TypeVar("Rows", bound=QuerySet)
NOT_OUR_FAULT = ("WORKSHOP_CANCELLED", "PARTS")  # «no canceladas por nosotros» is the rest


@dataclass(frozen=True)
class Slice:
    """What is measured: days `start` to before `end` (Bogotá), some sites and brands (None: all), perhaps one agent."""

    start: date
    end: date
    sites: tuple[int, ...] | None = None
    brands: tuple[int, ...] | None = None
    agent: int | None = None
    programme: Programme | None = Programme.PROACTIVE  # None: whatever the agent calls

    @classmethod
    def of(cls, period: Period, **scope) -> "Slice":
        return cls(period.first, period.last + timedelta(days=1), **scope)

    @property
    def is_month(self) -> bool:
        """Whether it is a calendar month of everybody's calls, whose distinct customers and outreaches are kept."""
        return self.agent is None and self.start.day == 1 and Month.of(self.start).next().first == self.end

    def spanning(self, months: list[Month]) -> "Slice":
        """The same scope from the first to the last of the months."""
        return replace(self, start=months[0].first, end=months[-1].last + timedelta(days=1))


def scope_of(user: User | None) -> dict:
    """The sites and brands of a viewer as Slice wants them."""
    if user is None:
        return {}
    return {
        "sites": None if user.all_sites else tuple(user.site_ids),
        "brands": None if user.all_brands else tuple(user.brand_ids),
    }


def attempts(part: Slice) -> QuerySet[Attempt]:
    """Calls that stand, by the day they began."""
    rows = within(Attempt.objects.counted().filter(day__gte=part.start, day__lt=part.end), part, "outreach__")
    return rows if part.agent is None else rows.filter(agent=part.agent)


def within(rows: Rows, part: Slice, prefix: str = "") -> Rows:
    """Those of the slice's programme, sites and brands."""
    for name, value in (("programme", part.programme), ("site__in", part.sites), ("brand__in", part.brands)):
        if value is not None:
            rows = rows.filter(**{prefix + name: value})
    return rows


def called(part: Slice) -> QuerySet[CalledMonth]:
    """The outreaches called in each month of a slice of whole months (callcenter/models/tallies.py)."""
    # One month as an equality: the index then gives its customers in order, and their first calls.
    months = {"month": part.start} if part.is_month else {"month__gte": part.start, "month__lt": part.end}
    return within(CalledMonth.objects.filter(**months), part)


def sums(part: Slice) -> QuerySet[MonthTally]:
    """The calls of a month by agent and outcome."""
    return within(MonthTally.objects.filter(month=part.start), part)


def appointments(part: Slice) -> QuerySet[Appointment]:
    """Appointments whose date falls in the slice (PRO-R7), of the programme's outreaches."""
    rows = Appointment.objects.filter(starts_at__gte=start_of(part.start), starts_at__lt=start_of(part.end))
    if part.programme is not None:
        rows = rows.filter(outreach__programme=part.programme)
    if part.sites is not None:
        rows = rows.filter(site__in=part.sites)
    if part.brands is not None:
        rows = rows.filter(brand__in=part.brands)
    return rows if part.agent is None else rows.filter(booked_by=part.agent)


@dataclass(frozen=True)
class CallFigures:
    """What the calls of a slice amount to."""

    attempts: int = 0
    contacts: int = 0  # attempts that reached the customer
    reached: int = 0  # outreaches with at least one contact
    booked: int = 0  # outreaches with a booking
    people: int = 0  # distinct customers called

    @property
    def effectiveness(self) -> Ratio:
        """IND-01 (GSC-PRO-02): attempts that reached the customer / attempts."""
        return Ratio("Efectividad de llamadas", self.contacts, self.attempts, code="IND-01",
                     formula="Intentos con contacto / intentos de llamada")  # fmt: skip

    @property
    def booking(self) -> Ratio:
        """IND-02: outreaches booked / outreaches contacted."""
        return Ratio("Efectividad de agendamiento", self.booked, self.reached, code="IND-02",
                     formula="Gestiones agendadas / gestiones contactadas")  # fmt: skip

    @property
    def customers(self) -> Figure:
        """IND-08 (GSC-CAR-01): distinct customers with at least one attempt."""
        return Figure("Clientes proactivos", self.people, code="IND-08", formula="Clientes distintos con al menos un intento")


# A call of ours: another vehicle spoken of in the same call is none, nor is one that the customer made.
OUR_CALL = Q(part_of__isnull=True, is_inbound=False)
COUNTS = {
    "attempts": Count("pk", filter=OUR_CALL),
    "contacts": Count("pk", filter=OUR_CALL & Q(is_contact=True)),
    "reached": Count("outreach", filter=Q(is_contact=True), distinct=True),
    "booked": Count("outreach", filter=Q(outcome=Outcome.BOOKED), distinct=True),
    "people": Count("outreach__customer", distinct=True),
}


# The same of the outreaches called in a month, where each stands once.
MONTH_COUNTS = {
    "attempts": Coalesce(Sum("attempts"), 0),
    "contacts": Coalesce(Sum("contacts"), 0),
    "reached": Count("outreach", filter=Q(is_reached=True)),
    "booked": Count("outreach", filter=Q(is_booked=True)),
    "people": Count("customer", distinct=True),
}


def calls(part: Slice, *names: str) -> CallFigures:
    """The figures of a whole slice, in one query; with names only these are counted."""
    rows, counts = (called(part), MONTH_COUNTS) if part.is_month else (attempts(part), COUNTS)
    return CallFigures(**rows.aggregate(**{name: counts[name] for name in names or counts}))


def calls_by_month(part: Slice, months: Iterable[Month]) -> list[tuple[Month, CallFigures]]:
    """The figures of each of the months, in one query; a month without calls is there with zeros."""
    months = list(months)
    rows = called(part.spanning(months)).values("month").order_by().annotate(**MONTH_COUNTS)
    found = {Month.of(row.pop("month")): CallFigures(**row) for row in rows}
    return [(month, found.get(month, CallFigures())) for month in months]


def calls_by_day(part: Slice, days: Iterable[date]) -> list[tuple[date, CallFigures]]:
    """The figures of each of the days, in one query."""
    days = list(days)
    whole = replace(part, start=days[0], end=days[-1] + timedelta(days=1))
    rows = attempts(whole).values("day").order_by().annotate(**COUNTS)
    found = {row.pop("day"): CallFigures(**row) for row in rows}
    return [(day, found.get(day, CallFigures())) for day in days]


def calls_by(part: Slice, name: str) -> dict[Any, CallFigures]:
    """The figures by a field of the outreach (`programme`, `campaign__name`) that has one, in one query."""
    if part.is_month:
        rows = called(part).values(group=F(name)).order_by().annotate(**MONTH_COUNTS)
    else:
        rows = attempts(part).values(group=F(f"outreach__{name}")).order_by().annotate(**COUNTS)
    rows = rows.filter(group__isnull=False)
    return {row.pop("group"): CallFigures(**row) for row in rows}


def calls_by_agent(part: Slice, *names: str) -> defaultdict[int, CallFigures]:
    """The figures of each agent's own calls, in one query; with names only these are counted."""
    rows = attempts(part).values(who=F("agent")).order_by().annotate(**{name: COUNTS[name] for name in names or COUNTS})
    return defaultdict(CallFigures, {row.pop("who"): CallFigures(**row) for row in rows})


def callers(part: Slice) -> QuerySet[User]:
    """Everybody with a call in the slice."""
    if part.is_month:
        rows = sums(part).values("agent").order_by().annotate(made=Sum("calls")).filter(made__gt=0)
    else:
        rows = attempts(part)
    return User.objects.filter(pk__in=rows.values("agent"))


def customers_reached(part: Slice) -> Ratio:
    """IND-01 read by customer (PRO-R2): customers who were reached at least once / customers called."""
    if part.is_month:
        rows, customer, reached = called(part), "customer", Q(is_reached=True)
    else:
        rows, customer, reached = attempts(part), "outreach__customer", Q(is_contact=True)
    found = rows.aggregate(total=Count(customer, distinct=True), hits=Count(customer, filter=reached, distinct=True))
    return Ratio(
        "Clientes contactados", found["hits"], found["total"], formula="Clientes que contestaron al menos una vez / clientes llamados"
    )


KEPT = {"total": Count("pk"), "hits": Count("pk", filter=Q(status=AppointmentStatus.FULFILLED))}


def due_appointments(part: Slice, at: datetime) -> QuerySet[Appointment]:
    """Appointments whose hour has passed, without those moved or cancelled by the workshop."""
    return (
        appointments(part).filter(starts_at__lte=at).exclude(status=AppointmentStatus.RESCHEDULED)
        .exclude(status=AppointmentStatus.CANCELLED, reason__code__in=NOT_OUR_FAULT)
    )  # fmt: skip


def kept_ratio(hits: int = 0, total: int = 0) -> Ratio:
    """IND-03: appointments kept / appointments due."""
    return Ratio("Cumplimiento de citas", hits, total, code="IND-03",
                 formula="Citas cumplidas / citas cuya fecha pasó (sin las que movió o canceló el taller)")  # fmt: skip


def fulfilment(part: Slice, at: datetime) -> Ratio:
    """IND-03 of a slice."""
    return kept_ratio(**due_appointments(part, at).aggregate(**KEPT))


def fulfilment_by_month(part: Slice, months: Iterable[Month], at: datetime) -> dict[Month, Ratio]:
    """IND-03 of each month, in one query."""
    months = list(months)
    rows = due_appointments(part.spanning(months), at).annotate(month=TruncMonth("starts_at", tzinfo=BOGOTA)).values("month").order_by()
    found = {Month.of(row.pop("month").date()): kept_ratio(**row) for row in rows.annotate(**KEPT)}
    return {month: found.get(month, kept_ratio()) for month in months}


def fulfilment_by(part: Slice, name: str, at: datetime) -> dict[Any, Ratio]:
    """IND-03 by a field of the outreach, in one query."""
    rows = due_appointments(part, at).values(group=F(f"outreach__{name}")).order_by().annotate(**KEPT)
    return {row.pop("group"): kept_ratio(**row) for row in rows}


def fulfilment_by_agent(part: Slice, at: datetime) -> defaultdict[int, Ratio]:
    """IND-03 of the appointments that each agent booked, in one query."""
    rows = due_appointments(part, at).values(who=F("booked_by")).order_by().annotate(**KEPT)
    return defaultdict(kept_ratio, {row.pop("who"): kept_ratio(**row) for row in rows})


def indicators(part: Slice, at: datetime) -> tuple[Ratio | Figure, ...]:
    """The four indicators of the programme."""
    made = calls(part)
    return made.effectiveness, made.booking, fulfilment(part, at), made.customers


def reasons(part: Slice, outcome: Outcome) -> list[tuple[str, int]]:
    """Why not, counted: the reasons of one outcome, most frequent first."""
    rows, count = (sums(part), Sum("calls")) if part.is_month else (attempts(part), Count("pk"))
    rows = rows.filter(outcome=outcome, reason__isnull=False).values("reason__label").order_by().annotate(n=count).filter(n__gt=0)
    return [(row["reason__label"], row["n"]) for row in rows.order_by("-n", "reason__label")]


def by_agent(part: Slice) -> list[tuple[str, Ratio, int]]:
    """(agent, IND-01, bookings) for everybody who called, most calls first."""
    booked = Q(outcome=Outcome.BOOKED)
    if part.is_month:
        rows = sums(part)
        counts = {
            "total": Sum("attempts"),
            "hits": Sum("contacts"),
            "booked": Coalesce(Sum("calls", filter=booked), 0),
            "calls": Sum("calls"),
        }
    else:
        rows = attempts(part)
        counts = {"total": Count("pk", filter=OUR_CALL), "hits": Count("pk", filter=OUR_CALL & Q(is_contact=True)),
                  "booked": Count("pk", filter=booked), "calls": Count("pk")}  # fmt: skip
    rows = (
        rows.values("agent", "agent__first_name", "agent__last_name", "agent__username").order_by().annotate(**counts).filter(calls__gt=0)
    )
    return [
        (f"{row['agent__first_name']} {row['agent__last_name']}".strip() or row["agent__username"],
         Ratio("Efectividad", row["hits"], row["total"]), row["booked"])
        for row in rows.order_by("-total", "agent")
    ]  # fmt: skip
