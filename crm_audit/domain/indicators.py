"""IND-09 Prospección and IND-10 Actividades de seguimiento: what was found valid against the target (CRM-4, CRM-5, CRM-13).

Without a target there is no percentage: «Sin meta», never 0 % or 100 % (CRM-R8).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Count, Min, Q, QuerySet

from callcenter.domain.metrics import Slice
from callcenter.models import Brand
from carrazos.lib.periods import Month, Period, Week
from carrazos.lib.ratios import Ratio, TargetRatio
from crm_audit.enums import ActivityState, ProspectState, TargetKind, Verdict
from crm_audit.models import Activity, Prospect, Target

FULL = Decimal(100)


def prospection(hits: int, total: int) -> TargetRatio:
    """IND-09."""
    return TargetRatio("Prospección", hits, total, FULL, "IND-09", "Prospectos válidos / meta de prospectos")


def follow_up(hits: int, total: int) -> TargetRatio:
    """IND-10."""
    return TargetRatio("Actividades de seguimiento", hits, total, FULL, "IND-10", "Actividades realizadas válidas / meta de actividades")


def period_of(part: Slice) -> Period:
    """The week or month that a slice covers."""
    return Week.of(part.start) if (part.end - part.start).days == 7 else Month.of(part.start)


def scoped(rows: QuerySet, part: Slice) -> QuerySet:
    if part.sites is not None:
        rows = rows.filter(site__in=part.sites)
    return rows if part.brands is None else rows.filter(brand__in=part.brands)


def registered_in(rows: QuerySet[Prospect], part: Slice) -> QuerySet[Prospect]:
    return scoped(rows, part).filter(created_on__gte=part.start, created_on__lt=part.end)


def prospects(part: Slice) -> QuerySet[Prospect]:
    """The prospects registered in the slice that count, with their `state`."""
    return registered_in(Prospect.objects.counted(), part).with_state()


def on_days(rows: QuerySet[Activity], part: Slice) -> QuerySet[Activity]:
    return scoped(rows, part).filter(day__gte=part.start, day__lt=part.end)


def activities(part: Slice) -> QuerySet[Activity]:
    """The activities whose day falls in the slice, without the cancelled ones."""
    return on_days(Activity.objects.standing(), part)


def targets(part: Slice, period: Period) -> dict[TargetKind, dict[int, int]]:
    """Kind → brand → target of the slice: the brand's own row, else the sum of its sites', else of its advisors'."""
    rows = Target.objects.filter(period=period.code)
    if part.brands is not None:
        rows = rows.filter(brand__in=part.brands)
    levels: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows.select_related("advisor"):
        site = row.site_id or (row.advisor and row.advisor.site_id)
        if part.sites is not None and site not in part.sites:
            continue
        levels[row.kind, row.brand_id][2 if row.advisor_id else 1 if row.site_id else 0] += row.value
    found: dict[TargetKind, dict[int, int]] = {kind: {} for kind in TargetKind}
    for (kind, brand), sums in levels.items():
        found[TargetKind(kind)][brand] = next(value for value in sums if value)
    return found


@dataclass(frozen=True)
class BrandLine:
    """One brand against its targets."""

    name: str
    prospection: TargetRatio
    follow_up: TargetRatio


def by_brand(part: Slice, period: Period) -> list[BrandLine]:
    """Every brand that has a target or something valid, by name."""
    wanted = targets(part, period)
    valid = {
        TargetKind.PROSPECTS: count_by_brand(registered_in(Prospect.objects.valid(), part)),
        TargetKind.ACTIVITIES: count_by_brand(on_days(Activity.objects.valid(), part)),
    }
    seen = {brand for table in (*wanted.values(), *valid.values()) for brand in table}
    return [
        BrandLine(
            brand.name,
            prospection(valid[TargetKind.PROSPECTS].get(brand.pk, 0), wanted[TargetKind.PROSPECTS].get(brand.pk, 0)),
            follow_up(valid[TargetKind.ACTIVITIES].get(brand.pk, 0), wanted[TargetKind.ACTIVITIES].get(brand.pk, 0)),
        )
        for brand in Brand.objects.filter(pk__in=seen).order_by("name")
    ]


def count_by_brand(rows: QuerySet) -> dict[int, int]:
    return dict(rows.order_by().values_list("brand").annotate(n=Count("*")))


def totals(lines: Iterable[BrandLine]) -> tuple[TargetRatio, TargetRatio]:
    """IND-09 and IND-10 over the brands that have a target: the others have nothing to be measured against."""
    lines = list(lines)
    return tuple(
        make(sum(row.hits for row in rows if row.total or not any(other.total for other in rows)), sum(row.total for row in rows))
        for make, rows in (
            (prospection, [line.prospection for line in lines]),
            (follow_up, [line.follow_up for line in lines]),
        )
    )


def indicators(part: Slice) -> tuple[TargetRatio, TargetRatio]:
    """IND-09 and IND-10 of a week or month."""
    return totals(by_brand(part, period_of(part)))


@dataclass
class AdvisorLine:
    """One advisor's prospects and activities of a period, as the committee hears them (CRM-11)."""

    name: str
    prospects: dict[str, int] = field(default_factory=dict)  # ProspectState → how many
    done: int = 0
    not_done: int = 0
    valid: int = 0
    invalid: int = 0
    pending: int = 0
    corrected: int = 0
    targets: dict[str, int] = field(default_factory=dict)

    @property
    def pk(self) -> str:
        """A report freezes whose line it is."""
        return self.name

    @property
    def registered(self) -> int:
        return sum(self.prospects.values())

    @property
    def prospection(self) -> TargetRatio:
        return prospection(self.prospects.get(ProspectState.VALID, 0), self.targets.get(TargetKind.PROSPECTS, 0))

    @property
    def follow_up(self) -> TargetRatio:
        return follow_up(self.valid, self.targets.get(TargetKind.ACTIVITIES, 0))


ACTIVITY_COUNTS = {
    "done": Count("pk", filter=Q(state=ActivityState.DONE)),
    "not_done": Count("pk", filter=Q(state=ActivityState.NOT_DONE)),
    "valid": Count("pk", filter=Q(verdict=Verdict.VALID)),
    "invalid": Count("pk", filter=Q(verdict__in=[Verdict.INVALID, Verdict.NOT_DONE])),
    "pending": Count("pk", filter=Q(verdict="")),
    "corrected": Count("pk", filter=Q(corrected_at__isnull=False)),
}


def by_advisor(part: Slice, period: Period) -> list[AdvisorLine]:
    """Every advisor with prospects, activities or a target, by name. An advisor nobody knows stands under SPIGA's name."""
    lines: dict[str, AdvisorLine] = {}

    def line(key: str, name: str) -> AdvisorLine:
        return lines.setdefault(key, AdvisorLine(name))

    who = ("advisor_key", "advisor__name", "advisor_name")
    for row in prospects(part).order_by().values(*who, "state").annotate(n=Count("pk")):
        own = line(row["advisor_key"], row["advisor__name"] or row["advisor_name"])
        own.prospects[row["state"]] = own.prospects.get(row["state"], 0) + row["n"]
    for row in activities(part).order_by().values(*who).annotate(**ACTIVITY_COUNTS):
        own = line(row["advisor_key"], row["advisor__name"] or row["advisor_name"])
        for name in ACTIVITY_COUNTS:
            setattr(own, name, getattr(own, name) + row[name])
    rows = scoped(Target.objects.filter(period=period.code, advisor__isnull=False), Slice(part.start, part.end, brands=part.brands))
    if part.sites is not None:
        rows = rows.filter(advisor__site__in=part.sites)
    for row in rows.select_related("advisor"):
        own = line(str(row.advisor_id), row.advisor.name)
        own.targets[row.kind] = own.targets.get(row.kind, 0) + row.value
    return sorted(lines.values(), key=lambda own: own.name)


@dataclass(frozen=True)
class Gap:
    """What one advisor's rows of a period still lack: for the quality coordinator (CRM-15)."""

    name: str
    prospects: int
    prospects_open: int
    activities: int
    activities_open: int
    oldest: date | None
    advisor: int | None = None

    @property
    def prospects_done(self) -> Ratio:
        return Ratio("Prospectos con dictamen", self.prospects - self.prospects_open, self.prospects)

    @property
    def activities_done(self) -> Ratio:
        return Ratio("Actividades con dictamen", self.activities - self.activities_open, self.activities)


def gaps(part: Slice) -> list[Gap]:
    """Rows without a verdict by advisor, most first; one who lacks nothing is there with zero."""
    lines: dict[str, dict] = defaultdict(lambda: {"name": "", "p": 0, "po": 0, "a": 0, "ao": 0, "oldest": None, "advisor": None})
    waiting = [ProspectState.WAITING, ProspectState.CALLING]
    who = ("advisor_key", "advisor", "advisor__name", "advisor_name")
    for row in (
        prospects(part).order_by().values(*who)
        .annotate(n=Count("pk"), open=Count("pk", filter=Q(state__in=waiting)), oldest=Min("created_on", filter=Q(state__in=waiting)))
    ):  # fmt: skip
        own = lines[row["advisor_key"]]
        own["name"], own["p"], own["po"] = row["advisor__name"] or row["advisor_name"], own["p"] + row["n"], own["po"] + row["open"]
        own["advisor"], own["oldest"] = row["advisor"], min(filter(None, (own["oldest"], row["oldest"])), default=None)
    for row in (
        activities(part).order_by().values(*who)
        .annotate(n=Count("pk"), open=Count("pk", filter=Q(verdict="")), oldest=Min("day", filter=Q(verdict="")))
    ):  # fmt: skip
        own = lines[row["advisor_key"]]
        own["name"], own["a"], own["ao"] = row["advisor__name"] or row["advisor_name"], own["a"] + row["n"], own["ao"] + row["open"]
        own["advisor"], own["oldest"] = row["advisor"], min(filter(None, (own["oldest"], row["oldest"])), default=None)
    found = [Gap(own["name"], own["p"], own["po"], own["a"], own["ao"], own["oldest"], own["advisor"]) for own in lines.values()]
    return sorted(found, key=lambda gap: (-(gap.prospects_open + gap.activities_open), gap.name))
