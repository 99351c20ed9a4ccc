"""What of a month asks for an improvement action beside the indicator: grades below 6, and what repeats (SAT-22, SAT-R8, SAT-R10)."""

from dataclasses import dataclass

from django.db.models import Count, Q

from callcenter.domain.metrics import Slice
from carrazos.lib.calendar import start_of
from satisfaction.domain.metrics import scoped
from satisfaction.domain.pqrs import GRIEVANCES
from satisfaction.enums import Area, FollowUpKind, PqrsKind
from satisfaction.models import FollowUp, Pqrs, Survey
from satisfaction.models.surveys import PROGRAMME_OF

REPEATED_IN_MONTH = 3  # the same cause, site and month (SAT-R10)


@dataclass(frozen=True)
class HighImpact:
    """Customers of one site and area who graded below 6."""

    site_id: int
    site: str
    area: Area
    count: int


@dataclass(frozen=True)
class Repeated:
    """The same cause again and again in one site; of PQRS, which have no cause, the same type in one area."""

    site_id: int
    site: str
    cause: str
    code: str
    is_suggestion: bool
    count: int
    is_pqrs: bool = False


def high_impact(part: Slice) -> list[HighImpact]:
    """Surveys with a grade below 6 answered in the slice, by site and area."""
    rows = scoped(Survey.objects.filter(is_high_impact=True, answered_on__gte=part.start, answered_on__lt=part.end), part)
    counted = rows.values("site_id", "site__name", "programme").order_by("site_id", "programme").annotate(n=Count("pk"))
    areas = {programme: area for area, programme in PROGRAMME_OF.items()}
    return [HighImpact(row["site_id"], row["site__name"], areas[row["programme"]], row["n"]) for row in counted]


def repeated(part: Slice) -> list[Repeated]:
    """Causes of at least three cases, or suggestions, that one site opened in the slice; and complaints and suggestions filed as PQRS."""
    rows = FollowUp.objects.filter(cause__isnull=False, opened_at__gte=start_of(part.start), opened_at__lt=start_of(part.end))
    names = ("site_id", "site__name", "cause__label", "cause__code", "kind")
    counted = scoped(rows, part).values(*names).order_by("site_id", "cause__code").annotate(n=Count("pk")).filter(n__gte=REPEATED_IN_MONTH)
    return [
        Repeated(
            row["site_id"], row["site__name"], row["cause__label"], row["cause__code"], row["kind"] == FollowUpKind.SUGGESTION, row["n"]
        )
        for row in counted
    ] + repeated_petitions(part)


def repeated_petitions(part: Slice) -> list[Repeated]:
    """PQRS of one type, area and site, at least three in the slice; those whose case has a cause are counted by it."""
    rows = Pqrs.objects.filter(
        Q(follow_up=None) | Q(follow_up__cause=None), kind__in=[*GRIEVANCES, PqrsKind.SUGGESTION],
        received_at__gte=start_of(part.start), received_at__lt=start_of(part.end),
    )  # fmt: skip
    counted = scoped(rows, part).values("site_id", "site__name", "kind", "area").order_by("site_id", "kind", "area").annotate(n=Count("pk"))
    return [
        Repeated(
            row["site_id"], row["site__name"], f"{PqrsKind(row['kind']).label} ({Area(row['area']).label.lower()})",
            f"{row['kind']}-{row['area']}", row["kind"] == PqrsKind.SUGGESTION, row["n"], is_pqrs=True,
        )
        for row in counted.filter(n__gte=REPEATED_IN_MONTH)
    ]  # fmt: skip
