"""GC-FOR-21: days without follow-up → light, and the counters of each prospect of the month (CRM-12, CRM-R4, CRM-R5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, FilteredRelation, Max, Q, QuerySet

from carrazos.lib.calendar import bogota, start_of
from carrazos.lib.periods import Month
from crm_audit.enums import ActivityKind, ActivityState, Light, Situation, Verdict
from crm_audit.models import AuditRule, Prospect

OTHERS = (ActivityKind.REGISTRATION, ActivityKind.DELIVERY, ActivityKind.WHATSAPP, ActivityKind.EMAIL, ActivityKind.OTHER)


@dataclass(frozen=True)
class Thresholds:
    """From how many calendar days on a prospect is yellow, and red."""

    yellow_from: int = 4
    red_from: int = 8


DEFAULT = Thresholds()


def light(days: int | None, limits: Thresholds = DEFAULT) -> Light:
    """The light after `days` without follow-up; None (a closed prospect) has none."""
    if days is None:
        return Light.NONE
    if days >= limits.red_from:
        return Light.RED
    return Light.YELLOW if days >= limits.yellow_from else Light.GREEN


@dataclass(frozen=True)
class FollowUp:
    """One line of GC-FOR-21."""

    prospect: Prospect
    calls: int
    quotes: int
    visits: int
    drives: int
    others: int
    last_on: date | None
    days: int | None  # None: the prospect is closed, nobody owes it a follow-up
    light: Light

    @property
    def pk(self) -> int:
        """A report freezes the number of the prospect."""
        return self.prospect.pk

    @property
    def total(self) -> int:
        return self.calls + self.quotes + self.visits + self.drives + self.others


@dataclass(frozen=True)
class Standing:
    """One advisor's prospects of the month."""

    advisor: str
    prospects: int
    green: int
    yellow: int
    red: int
    closed: int
    activities: int
    worst: int  # most days without follow-up among the open ones


def limits_by_brand() -> dict[int, Thresholds]:
    """Brand → its own thresholds; a brand without a row has the default ones."""
    return {row.brand_id: Thresholds(row.yellow_from, row.red_from) for row in AuditRule.objects.all()}


def cut_of(month: Month, at: datetime) -> date:
    """The last day that counts: today, or the month's last once it is over, so that a closed month keeps its figures."""
    return min(bogota(at).date(), month.last)


def with_counters(rows: QuerySet[Prospect], cut: date) -> QuerySet[Prospect]:
    """Adds the counters of the activities done until the end of the cut; what was judged invalid is no follow-up."""
    done = Q(activities__state=ActivityState.DONE, activities__done_at__lt=start_of(cut + timedelta(days=1)))
    rows = rows.annotate(done=FilteredRelation("activities", condition=done & ~Q(activities__verdict=Verdict.INVALID)))

    def count(*kinds: ActivityKind) -> Count:
        return Count("done", filter=Q(done__kind__in=kinds))

    return rows.annotate(
        calls=count(ActivityKind.CALL), quotes=count(ActivityKind.QUOTE), visits_made=count(ActivityKind.VISIT),
        drives=count(ActivityKind.TEST_DRIVE), others=count(*OTHERS), last_at=Max("done__done_at"),
    )  # fmt: skip


def follow_ups(rows: QuerySet[Prospect], cut: date) -> list[FollowUp]:
    """The lines of some prospects at a cut: most days first, closed ones last."""
    limits = limits_by_brand()
    lines = [line(row, cut, limits.get(row.brand_id, DEFAULT)) for row in with_counters(rows, cut)]
    return sorted(lines, key=lambda item: (item.days is None, -(item.days or 0), item.prospect.advisor_name, item.prospect.pk))


def line(row: Prospect, cut: date, limits: Thresholds) -> FollowUp:
    last_on = bogota(row.last_at).date() if row.last_at else None
    days = None if row.situation != Situation.OPEN else max(0, (cut - max(last_on or row.created_on, row.created_on)).days)
    return FollowUp(
        row, row.calls, row.quotes, row.visits_made, row.drives, row.others, last_on, days, light(days, limits),
    )  # fmt: skip


def ranking(lines: Iterable[FollowUp]) -> list[Standing]:
    """The advisors, most red prospects first."""
    by_advisor: dict[str, list[FollowUp]] = {}
    for item in lines:
        by_advisor.setdefault(str(item.prospect.advisor or item.prospect.advisor_name), []).append(item)
    found = [
        Standing(
            name, len(own),
            *(sum(item.light == wanted for item in own) for wanted in (Light.GREEN, Light.YELLOW, Light.RED, Light.NONE)),
            sum(item.total for item in own), max((item.days or 0 for item in own), default=0),
        )
        for name, own in by_advisor.items()
    ]  # fmt: skip
    return sorted(found, key=lambda item: (-item.red, -item.yellow, item.advisor))
