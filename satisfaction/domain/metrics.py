"""The figures of satisfaction, each written once: IND-05, 06, 07, 11, 12 and what the reports break down (domain 1.6)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Avg, Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from callcenter.domain.metrics import Slice
from carrazos.lib.calendar import start_of
from carrazos.lib.periods import Month
from carrazos.lib.ratios import Ratio
from satisfaction.domain.nps import Distribution
from satisfaction.domain.rules import Rules, rules_for
from satisfaction.enums import Area, Band, Formula, QuestionKind
from satisfaction.models import Answer, FollowUp, Pqrs, Survey
from satisfaction.models.surveys import PROGRAMME_OF

CODES = {Area.AFTERSALES: ("IND-05", "Satisfacción posventa"), Area.SALES: ("IND-06", "Satisfacción comercial")}
CLASSES = {
    "promoters": Count("pk", filter=Q(band=Band.PROMOTER)),
    "neutrals": Count("pk", filter=Q(band=Band.NEUTRAL)),
    "detractors": Count("pk", filter=Q(band=Band.DETRACTOR)),
    "score_sum": Sum("score", default=0),
}


def scoped(rows: QuerySet, part: Slice) -> QuerySet:
    if part.sites is not None:
        rows = rows.filter(site__in=part.sites)
    return rows if part.brands is None else rows.filter(brand__in=part.brands)


def surveys(part: Slice, area: Area) -> QuerySet[Survey]:
    """Valid surveys answered in the slice's days."""
    rows = Survey.objects.valid().filter(programme=PROGRAMME_OF[area], answered_on__gte=part.start, answered_on__lt=part.end)
    return scoped(rows, part)


def distribution(part: Slice, area: Area) -> Distribution:
    return Distribution(**surveys(part, area).aggregate(**CLASSES))


def distributions_by(part: Slice, area: Area, name: str) -> list[tuple[str, Distribution]]:
    """By `brand__name`, `site__name` or `advisor__name`; who has most surveys first."""
    rows = surveys(part, area).values(label=F(name)).annotate(**CLASSES).order_by(F("label").asc(nulls_last=True))
    return [(row.pop("label") or "Sin identificar", Distribution(**row)) for row in rows]


def distributions_by_month(part: Slice, area: Area, months: list[Month]) -> list[tuple[Month, Distribution]]:
    """One query for all the months; a month without surveys is empty, not missing."""
    rows = surveys(part.spanning(months), area).annotate(month=TruncMonth("answered_on")).values("month").annotate(**CLASSES).order_by()
    found = {Month.of(row.pop("month")): Distribution(**row) for row in rows}
    return [(month, found.get(month, Distribution())) for month in months]


def by_question(part: Slice, area: Area) -> list[tuple[str, Distribution]]:
    """Every rated question by its topic: the same four classes for each."""
    rows = (
        Answer.objects.filter(question__kind=QuestionKind.SCORE, survey__in=surveys(part, area))
        .values(topic=F("question__topic"), brand=F("question__questionnaire__brand__name"))
        .annotate(
            promoters=Count("pk", filter=Q(score__gte=9)), neutrals=Count("pk", filter=Q(score__range=(7, 8))),
            detractors=Count("pk", filter=Q(score__lte=6)), score_sum=Sum("score", default=0),
        ).order_by(F("brand").asc(nulls_first=True), "topic")
    )  # fmt: skip
    found = []
    for row in rows:
        topic, brand = row.pop("topic"), row.pop("brand")
        found.append((f"{topic} ({brand})" if brand else topic, Distribution(**row)))
    return found


def by_choice(part: Slice, area: Area) -> list[tuple[str, Ratio]]:
    """Yes among yes and no, question by question; «no aplica» is left out."""
    rows = (
        Answer.objects.filter(question__kind__in=[QuestionKind.YES_NO, QuestionKind.YES_NO_NA], survey__in=surveys(part, area))
        .values(topic=F("question__topic"))
        .annotate(hits=Count("pk", filter=Q(choice="YES")), total=Count("pk", filter=Q(choice__in=["YES", "NO"]))).order_by("topic")
    )  # fmt: skip
    return [(row["topic"], Ratio(row["topic"], row["hits"], row["total"], formula="Sí / respuestas sí o no")) for row in rows]


def satisfaction(part: Slice, area: Area, rules: Rules | None = None) -> Ratio:
    """IND-05 or IND-06 by the rules' formula, against the goal; 94.96 fails 95.0."""
    rules = rules or rules_of(part)
    code, name = CODES[Area(area)]
    return distribution(part, area).by(rules.formula, name=name, code=code, goal=rules.goal)


def rules_of(part: Slice) -> Rules:
    """The brand's rules when the slice is of one brand, else the general ones."""
    return rules_for(part.brands[0] if part.brands and len(part.brands) == 1 else None)


def all_formulas(spread: Distribution) -> list[Ratio]:
    """The four readings of one distribution (SAT-R7)."""
    return [spread.by(formula) for formula in Formula]


def coverage(part: Slice, area: Area | None) -> Ratio:
    """IND-12: customers surveyed / customers in the list (SAT-3), of one area or of both (SAT-1)."""
    rows = Survey.objects.filter(listed_on__gte=part.start, listed_on__lt=part.end)
    rows = rows.filter(programme=PROGRAMME_OF[area]) if area else rows
    found = scoped(rows, part).aggregate(total=Count("pk"), hits=Count("pk", filter=Q(answered_on__isnull=False)))
    lists = "del listado" if area else "de los listados de posventa y comercial"
    return Ratio(
        "Cobertura de seguimiento", found["hits"], found["total"], code="IND-12", formula=f"Clientes encuestados / clientes {lists}"
    )


def cases(part: Slice, area: Area) -> QuerySet[FollowUp]:
    """Dissatisfactions opened in the slice's days."""
    rows = FollowUp.objects.detractors().filter(area=area, opened_at__gte=start_of(part.start), opened_at__lt=start_of(part.end))
    return scoped(rows, part)


def timeliness(part: Slice, area: Area | None, at: datetime) -> Ratio:
    """IND-11: cases answered within their term / cases whose term ended or that were answered (strictly less, SAT-18)."""
    rows = FollowUp.objects.detractors().filter(first_due_at__gte=start_of(part.start), first_due_at__lt=start_of(part.end))
    if area:
        rows = rows.filter(area=area)
    due = Q(answered_at__isnull=False) | Q(first_due_at__lte=at)
    found = scoped(rows, part).aggregate(total=Count("pk", filter=due), hits=Count("pk", filter=Q(answered_at__lt=F("first_due_at"))))
    return Ratio("Oportunidad de respuesta a detractores", found["hits"], found["total"], goal=GOAL_ALL, code="IND-11",
                 formula="Casos respondidos en menos de 2 días hábiles / casos por responder")  # fmt: skip


GOAL_ALL = Decimal(100)


@dataclass(frozen=True)
class CaseFigures:
    """What became of dissatisfied customers in some days."""

    opened: int
    resolved: int
    unsatisfied: int
    overdue: int
    mean_minutes: float | None

    @property
    def mean_hours(self) -> str:
        return "N/D" if self.mean_minutes is None else f"{self.mean_minutes / 60:.1f} h".replace(".", ",")


def case_figures(part: Slice, area: Area | None, at: datetime) -> CaseFigures:
    """Opened, closed and overdue in the slice; the mean response in working hours of what was first answered in it."""
    rows = FollowUp.objects.detractors().filter(area=area) if area else FollowUp.objects.detractors()
    rows = scoped(rows, part)
    start, end = start_of(part.start), start_of(part.end)
    closed = Q(closed_at__gte=start, closed_at__lt=end)
    found = rows.aggregate(
        opened=Count("pk", filter=Q(opened_at__gte=start, opened_at__lt=end)),
        resolved=Count("pk", filter=closed & Q(status="RESOLVED")),
        unsatisfied=Count("pk", filter=closed & Q(status="CLOSED_UNSATISFIED")),
        overdue=Count("pk", filter=Q(first_due_at__gte=start, first_due_at__lt=end, first_due_at__lte=at)
                      & (Q(answered_at__isnull=True) | Q(answered_at__gte=F("first_due_at")))),
        mean_minutes=Avg("response_minutes", filter=Q(answered_on__gte=part.start, answered_on__lt=part.end)),
    )  # fmt: skip
    return CaseFigures(**found)


def backlog(part: Slice, area: Area | None, at: datetime) -> tuple[int, int]:
    """(cases open at the end of the slice, those of them whose term was over by then): what a week without new cases still carries."""
    end = min(start_of(part.end), at)
    rows = FollowUp.objects.detractors().filter(area=area) if area else FollowUp.objects.detractors()
    rows = scoped(rows, part).filter(Q(closed_at__isnull=True) | Q(closed_at__gte=end), opened_at__lt=end)
    found = rows.aggregate(still=Count("pk"), late=Count("pk", filter=Q(due_at__lte=end)))
    return found["still"], found["late"]


def causes(part: Slice, area: Area) -> list[tuple[str, int]]:
    """Root causes of the slice's cases, most frequent first."""
    rows = cases(part, area).filter(cause__isnull=False).values(label=F("cause__label")).annotate(n=Count("pk")).order_by("-n", "label")
    return [(row["label"], row["n"]) for row in rows]


def pqrs_in_term(part: Slice, on: date) -> Ratio:
    """IND-07: PQRS answered within their legal term / PQRS whose term ends in the slice (CAR-9)."""
    rows = scoped(Pqrs.objects.filter(due_on__gte=part.start, due_on__lt=part.end), part)
    answered = [row for row in rows.only("answered_at", "due_on") if row.answered_at or row.due_on < on]
    hits = sum(1 for row in answered if row.answered_at and row.answered_at < start_of(date.fromordinal(row.due_on.toordinal() + 1)))
    return Ratio(
        "PQRS respondidas en término", hits, len(answered), code="IND-07", formula="Respondidas en término / con término en el período"
    )


def satisfied_closures(part: Slice) -> Ratio:
    """Customers satisfied with how their PQRS was closed / PQRS closed in the slice (CAR-7)."""
    closed = Pqrs.objects.filter(closed_at__gte=start_of(part.start), closed_at__lt=start_of(part.end))
    found = scoped(closed, part).aggregate(total=Count("pk"), hits=Count("pk", filter=Q(is_satisfied=True)))
    return Ratio("Satisfechos con el cierre", found["hits"], found["total"], formula="Satisfechos con el cierre / PQRS cerradas")
