"""The owner's numbers for satisfaction, validated against one dataclass; what has no row keeps the default (domain 8.5)."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal

from satisfaction.domain import escalation, nps
from satisfaction.enums import Formula
from satisfaction.models import SatisfactionRules


@dataclass(frozen=True)
class Rules:
    """Days are business days for answers and calls, calendar days for age and verification."""

    formula: Formula = Formula.NON_DETRACTOR_PCT
    goal: Decimal = nps.GOAL
    sla_days: int = escalation.SLA_DAYS
    any_low_score: bool = True
    verify_days: int = 10
    repeat_months: int = 12
    repeat_cases: int = 2
    max_age_days: int = 30
    call_within_days: int = 3


def rules_for(brand_id: int | None = None) -> Rules:
    """The rules of one brand: its own row, else the general one, else the defaults."""
    return merged(SatisfactionRules.objects.all(), brand_id)


def merged(rows: Iterable[SatisfactionRules], brand_id: int | None) -> Rules:
    values: dict = {}
    for row in sorted((row for row in rows if row.brand_id in {None, brand_id}), key=lambda row: row.brand_id is not None):
        for item in fields(Rules):
            value = getattr(row, item.name)
            if value not in {None, ""}:
                values[item.name] = Formula(value) if item.name == "formula" else value
    return Rules(**values)
