"""The figures of a list, each written once: director's page, report and indicator all ask here (REC-4, REC-5; IND-04)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, DateField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from callcenter.enums import AppointmentStatus, Outcome
from callcenter.models import Appointment, Attempt, User
from carrazos.lib.periods import Month
from carrazos.lib.ratios import Ratio
from recovery.enums import Exclusion, Proof, Segment
from recovery.models import Candidacy

COHORT_DAYS = (30, 60, 90)


@dataclass(frozen=True)
class Scope:
    """What part of the lists is looked at; None is everything."""

    sites: tuple[int, ...] | None = None
    brands: tuple[int, ...] | None = None

    @classmethod
    def of(cls, user: User | None) -> "Scope":
        if user is None:
            return cls()
        return cls(None if user.all_sites else tuple(user.site_ids), None if user.all_brands else tuple(user.brand_ids))

    def rows(self, months: Iterable[Month]) -> QuerySet[Candidacy]:
        """The candidacies of these months' lists, of lists whose work started or not."""
        found = Candidacy.objects.filter(recovery_list__month__in=[month.first for month in months])
        if self.sites is not None:
            found = found.filter(site__in=self.sites)
        return found if self.brands is None else found.filter(brand__in=self.brands)


def with_work(rows: QuerySet[Candidacy], *, by: User | None = None) -> QuerySet[Candidacy]:
    """Adds what the calls of each candidacy's outreach came to: is_called, is_contacted, is_booked, is_kept; of one agent's calls only with `by`."""
    made = Attempt.objects.filter(outreach=OuterRef("outreach"), undone_at__isnull=True)
    booked = Appointment.objects.filter(outreach=OuterRef("outreach"))
    if by is not None:
        made, booked = made.filter(agent=by), booked.filter(attempt__agent=by)
    return rows.annotate(
        is_called=Exists(made),
        is_contacted=Exists(made.filter(is_contact=True)),
        is_booked=Exists(booked),
        is_kept=Exists(booked.filter(status=AppointmentStatus.FULFILLED)),
    )


@dataclass(frozen=True)
class Funnel:
    """From the raw base to who came back; customers unless it says vehicles."""

    raw: int = 0  # vehicles
    vehicles: int = 0
    customers: int = 0
    called: int = 0
    contacted: int = 0
    booked: int = 0
    kept: int = 0
    recovered: int = 0
    recovered_vehicles: int = 0

    @property
    def excluded(self) -> int:
        return self.raw - self.vehicles

    @property
    def rate(self) -> Ratio:
        """IND-04: recovered customers of the cleaned list (REC-R4)."""
        return Ratio(
            "Clientes recuperados",
            self.recovered,
            self.customers,
            code="IND-04",
            formula="clientes recuperados / clientes en la lista depurada",
        )

    @property
    def contact_rate(self) -> Ratio:
        return Ratio("Contactabilidad", self.contacted, self.called, formula="clientes contactados / clientes llamados")

    @property
    def booking_rate(self) -> Ratio:
        return Ratio("Agendamiento", self.booked, self.contacted, formula="clientes con cita / clientes contactados")

    @property
    def alternatives(self) -> tuple[Ratio, ...]:
        """IND-04 beside the other readings of «clientes totales en lista» (REC-R4, REC-R5)."""
        return (
            Ratio("Sobre clientes llamados", self.recovered, self.called, formula="clientes recuperados / clientes llamados"),
            Ratio("Sobre clientes contactados", self.recovered, self.contacted, formula="clientes recuperados / clientes contactados"),
            Ratio("Por vehículos", self.recovered_vehicles, self.vehicles, formula="vehículos recuperados / vehículos en la lista depurada"),
            Ratio("Sobre la base sin depurar", self.recovered_vehicles, self.raw, formula="vehículos recuperados / vehículos de la base"),
        )  # fmt: skip


def people(**conditions) -> Count:
    return Count("customer", filter=Q(is_listed=True, **conditions), distinct=True)


MEASURES = {
    "vehicles": Count("pk", filter=Q(is_listed=True)),
    "customers": people(),
    "called": people(is_called=True),
    "contacted": people(is_contacted=True),
    "booked": people(is_booked=True),
    "kept": people(is_kept=True),
    "recovered": people(proof=Proof.RECOVERED),
    "recovered_vehicles": Count("pk", filter=Q(is_listed=True, proof=Proof.RECOVERED)),
}


def funnel(rows: QuerySet[Candidacy]) -> Funnel:
    """The whole way in two queries: the base is counted, the cleaned list measured."""
    found = with_work(rows.listed()).aggregate(**MEASURES)
    return Funnel(raw=rows.count(), **found)


def exclusions(rows: QuerySet[Candidacy]) -> list[tuple[Exclusion, int, int]]:
    """(reason, vehicles it keeps out as the first reason, vehicles that have it at all), in the procedure's order."""
    first = dict(rows.excluded().values_list("reason").annotate(n=Count("pk")))
    at_all: dict[str, int] = {}
    for codes, count in rows.excluded().values_list("reasons").annotate(n=Count("pk")):
        for code in codes:
            at_all[code] = at_all.get(code, 0) + count
    at_all[Exclusion.BY_HAND] = first.get(Exclusion.BY_HAND, 0)
    return [(reason, first.get(reason, 0), at_all.get(reason, 0)) for reason in Exclusion if at_all.get(reason)]


@dataclass(frozen=True)
class Part:
    """The funnel of one site, brand or segment; `key` is what the search of the rows takes."""

    key: str | int
    label: str
    funnel: Funnel


def by(rows: QuerySet[Candidacy], dimension: str) -> list[Part]:
    """The funnel of each site or brand, the largest first, or of each segment, the shortest absence first."""
    label = {"site": "site__name", "brand": "brand__name", "segment": "segment"}[dimension]
    found = with_work(rows.listed()).values(dimension, label).annotate(**MEASURES).order_by("-customers", label)
    if dimension == "segment":
        found = sorted(found, key=lambda row: Segment.values.index(row["segment"]))
    return [
        Part(
            row[dimension], Segment(row[label]).label if dimension == "segment" else row[label],
            Funnel(raw=row["vehicles"], **{name: row[name] for name in MEASURES}),
        )
        for row in found
    ]  # fmt: skip


@dataclass(frozen=True)
class AgentFigures:
    pk: int
    name: str
    calls: int
    called: int
    contacted: int
    booked: int
    recovered: int


def by_agent(rows: QuerySet[Candidacy]) -> list[AgentFigures]:
    """What each agent did for the list, and whom the workshop proves they recovered."""
    outreaches = rows.listed().filter(outreach__isnull=False).values("outreach")
    done = (
        Attempt.objects.filter(outreach__in=outreaches, undone_at__isnull=True).values("agent")
        .annotate(calls=Count("pk"), called=Count("outreach", distinct=True),
                  contacted=Count("outreach", filter=Q(is_contact=True), distinct=True),
                  booked=Count("outreach", filter=Q(outcome=Outcome.BOOKED), distinct=True))
    )  # fmt: skip
    recovered = dict(rows.recovered().values_list("credited_to").annotate(n=Count("customer", distinct=True)))
    names = {user.pk: str(user) for user in User.objects.filter(pk__in={row["agent"] for row in done} | set(recovered) - {None})}
    made = {row["agent"]: row for row in done}
    found = [
        AgentFigures(pk, name, *(made.get(pk, {}).get(key, 0) for key in ("calls", "called", "contacted", "booked")), recovered.get(pk, 0))
        for pk, name in names.items()
    ]
    return sorted(found, key=lambda row: (-row.recovered, -row.calls, row.name))


@dataclass(frozen=True)
class Why:
    """A reason that customers of the list gave, and in how many calls."""

    pk: int
    label: str
    calls: int


def reasons(rows: QuerySet[Candidacy], outcome: Outcome) -> list[Why]:
    """Why customers of the list did not book, or were not reached: the most frequent first."""
    outreaches = rows.listed().filter(outreach__isnull=False).values("outreach")
    found = Attempt.objects.filter(outreach__in=outreaches, undone_at__isnull=True, outcome=outcome, reason__isnull=False)
    counted = found.values_list("reason", "reason__label").annotate(n=Count("pk")).order_by("-n", "reason__label")
    return [Why(*row) for row in counted]


@dataclass(frozen=True)
class Cohort:
    """One month's list and how many of its customers were back so many days after their first call."""

    month: Month
    customers: int
    back: tuple[tuple[int, int, bool], ...]  # (days, customers back, whether the days are over for everybody called)


def cohorts(scope: Scope, last: Month, *, count: int, today: date) -> list[Cohort]:
    """The lists of `count` months up to `last`: recovered within 30, 60 and 90 days, whatever each list's own window."""
    months = [last.back(index) for index in range(count - 1, -1, -1)]
    rows = scope.rows(months).listed()
    within = {
        f"d{days}": people(
            proof__in=[Proof.RECOVERED, Proof.LATE], came_on__lte=ExpressionWrapper(F("first_call_on") + days, output_field=DateField())
        )
        for days in COHORT_DAYS
    }
    found = {row["recovery_list__month"]: row for row in rows.values("recovery_list__month").annotate(customers=people(), **within)}
    made = []
    for month in months:
        row = found.get(month.first)
        if row:
            over = [(today - month.last).days >= days for days in COHORT_DAYS]
            made.append(
                Cohort(month, row["customers"], tuple((days, row[f"d{days}"], done) for days, done in zip(COHORT_DAYS, over, strict=True)))
            )
    return made
