"""The figures of the call centre, each written once: screens, reports and homes all ask here (domain 1.6)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth

from callcenter.enums import AppointmentStatus, Outcome, Programme
from callcenter.models import Appointment, Attempt, User
from carrazos.lib.calendar import start_of
from carrazos.lib.periods import Month, Period
from carrazos.lib.ratios import Count as Figure
from carrazos.lib.ratios import Ratio

NOT_OUR_FAULT = ("WORKSHOP_CANCELLED", "PARTS")  # «no canceladas por nosotros» is the rest


@dataclass(frozen=True)
class Slice:
    """What is measured: days `start` to before `end` (Bogotá), some sites and brands (None: all), perhaps one agent."""

    start: date
    end: date
    sites: tuple[int, ...] | None = None
    brands: tuple[int, ...] | None = None
    agent: int | None = None
    programme: Programme = Programme.PROACTIVE

    @classmethod
    def of(cls, period: Period, **scope) -> "Slice":
        return cls(period.first, period.last + timedelta(days=1), **scope)

    def moved(self, period: Period) -> "Slice":
        """The same scope in another period."""
        return replace(self, start=period.first, end=period.last + timedelta(days=1))


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
    rows = Attempt.objects.counted().filter(day__gte=part.start, day__lt=part.end, outreach__programme=part.programme)
    if part.sites is not None:
        rows = rows.filter(outreach__site__in=part.sites)
    if part.brands is not None:
        rows = rows.filter(outreach__brand__in=part.brands)
    return rows if part.agent is None else rows.filter(agent=part.agent)


def appointments(part: Slice) -> QuerySet[Appointment]:
    """Appointments whose date falls in the slice (PRO-R7), of the programme's outreaches."""
    rows = Appointment.objects.filter(
        starts_at__gte=start_of(part.start), starts_at__lt=start_of(part.end), outreach__programme=part.programme
    )
    if part.sites is not None:
        rows = rows.filter(site__in=part.sites)
    if part.brands is not None:
        rows = rows.filter(brand__in=part.brands)
    return rows if part.agent is None else rows.filter(booked_by=part.agent)


def effectiveness(part: Slice) -> Ratio:
    """IND-01 (GSC-PRO-02): attempts that reached the customer / attempts."""
    found = attempts(part).aggregate(total=Count("pk"), hits=Count("pk", filter=Q(is_contact=True)))
    return Ratio("Efectividad de llamadas", found["hits"], found["total"], code="IND-01",
                 formula="Intentos con contacto / intentos de llamada")  # fmt: skip


def booking(part: Slice) -> Ratio:
    """IND-02: outreaches booked / outreaches contacted."""
    found = attempts(part).aggregate(
        total=Count("outreach", filter=Q(is_contact=True), distinct=True),
        hits=Count("outreach", filter=Q(outcome=Outcome.BOOKED), distinct=True),
    )
    return Ratio("Efectividad de agendamiento", found["hits"], found["total"], code="IND-02",
                 formula="Gestiones agendadas / gestiones contactadas")  # fmt: skip


def fulfilment(part: Slice, at: datetime) -> Ratio:
    """IND-03: appointments kept / appointments whose hour has passed, without those moved or cancelled by the workshop."""
    due = (
        appointments(part).filter(starts_at__lte=at).exclude(status=AppointmentStatus.RESCHEDULED)
        .exclude(status=AppointmentStatus.CANCELLED, reason__code__in=NOT_OUR_FAULT)
    )  # fmt: skip
    found = due.aggregate(total=Count("pk"), hits=Count("pk", filter=Q(status=AppointmentStatus.FULFILLED)))
    return Ratio("Cumplimiento de citas", found["hits"], found["total"], code="IND-03",
                 formula="Citas cumplidas / citas cuya fecha pasó (sin las que movió o canceló el taller)")  # fmt: skip


def customers(part: Slice) -> Figure:
    """IND-08 (GSC-CAR-01): distinct customers with at least one attempt."""
    found = attempts(part).aggregate(hits=Count("outreach__customer", distinct=True))
    return Figure("Clientes proactivos", found["hits"], code="IND-08", formula="Clientes distintos con al menos un intento")


def indicators(part: Slice, at: datetime) -> tuple[Ratio | Figure, ...]:
    """The four indicators of the programme."""
    return effectiveness(part), booking(part), fulfilment(part, at), customers(part)


def effectiveness_by_month(part: Slice, months: Iterable[Month]) -> list[tuple[Month, Ratio]]:
    """IND-01 for each of the months, in one query; a month without calls is there with «N/D»."""
    months = list(months)
    whole = replace(part, start=months[0].first, end=months[-1].last + timedelta(days=1))
    rows = attempts(whole).annotate(month=TruncMonth("day")).values("month").order_by()
    found = {
        Month.of(row["month"]): row for row in rows.annotate(total=Count("pk"), hits=Count("pk", filter=Q(is_contact=True)))
    }
    empty = {"hits": 0, "total": 0}
    return [(month, Ratio(month.label, (row := found.get(month, empty))["hits"], row["total"])) for month in months]


def effectiveness_by_day(part: Slice, days: Iterable[date]) -> list[tuple[date, Ratio]]:
    """IND-01 for each of the days, in one query."""
    days = list(days)
    whole = replace(part, start=days[0], end=days[-1] + timedelta(days=1))
    rows = attempts(whole).values("day").order_by().annotate(total=Count("pk"), hits=Count("pk", filter=Q(is_contact=True)))
    found = {row["day"]: row for row in rows}
    empty = {"hits": 0, "total": 0}
    return [(day, Ratio(f"{day:%d/%m}", (row := found.get(day, empty))["hits"], row["total"])) for day in days]


def reasons(part: Slice, outcome: Outcome) -> list[tuple[str, int]]:
    """Why not, counted: the reasons of one outcome, most frequent first."""
    rows = attempts(part).filter(outcome=outcome, reason__isnull=False).values("reason__label").order_by()
    return [(row["reason__label"], row["n"]) for row in rows.annotate(n=Count("pk")).order_by("-n", "reason__label")]


def by_agent(part: Slice) -> list[tuple[str, Ratio, int]]:
    """(agent, IND-01, bookings) for everybody who called, most calls first."""
    rows = (
        attempts(part).values("agent", "agent__first_name", "agent__last_name", "agent__username").order_by()
        .annotate(total=Count("pk"), hits=Count("pk", filter=Q(is_contact=True)), booked=Count("pk", filter=Q(outcome=Outcome.BOOKED)))
        .order_by("-total", "agent")
    )  # fmt: skip
    return [
        (f"{row['agent__first_name']} {row['agent__last_name']}".strip() or row["agent__username"],
         Ratio("Efectividad", row["hits"], row["total"]), row["booked"])
        for row in rows
    ]  # fmt: skip
