"""What the monthly close froze: read instead of measured, for whoever asks about one of the scopes that it closes."""

from collections.abc import Sequence
from dataclasses import replace

from callcenter.domain.metrics import Slice
from carrazos.lib.periods import Month, Period
from carrazos.lib.ratios import Count, Ratio
from reports.models import IndicatorSnapshot
from satisfaction.domain import metrics, nps
from satisfaction.domain.rules import Rules
from satisfaction.enums import Area

FORMULAS = {words: formula for formula, words in nps.WORDS.items()}


def frozen(months: Sequence[Period], *, brand: int | None, site: int | None) -> dict[tuple[str, str], IndicatorSnapshot]:
    """(indicator, month) → what was frozen of a brand, a site, both or the company."""
    rows = IndicatorSnapshot.objects.filter(month__in=[month.code for month in months], brand=brand, site=site)
    return {(row.indicator, row.month): row for row in rows}


def lines(part: Slice, months: Sequence[Month], codes: Sequence[str]) -> dict[Month, tuple[Ratio | Count, ...]]:
    """The figures of those indicators in each of the months that are closed, when the close has the slice's own scope."""
    if any(chosen is not None and len(chosen) != 1 for chosen in (part.brands, part.sites)):
        return {}
    found = frozen(months, brand=part.brands and part.brands[0], site=part.sites and part.sites[0])
    return {
        month: tuple(found[code, month.code].figure for code in codes)
        for month in months
        if all((code, month.code) in found for code in codes)
    }


def rules(part: Slice, area: Area) -> Rules:
    """The rules of satisfaction of a slice: of a closed month, its formula and goal are those it was closed with."""
    month = Month.of(part.start)
    return rules_by_month(part, area, [month])[month] if part.is_month else metrics.rules_of(part)


def rules_by_month(part: Slice, area: Area, months: Sequence[Month]) -> dict[Month, Rules]:
    """The rules of each month: a formula that is changed counts for the months that are still open."""
    code, now = metrics.CODES[area][0], metrics.rules_of(part)
    kept = frozen(months, brand=part.brands[0] if part.brands and len(part.brands) == 1 else None, site=None)
    found = {}
    for month in months:
        row = kept.get((code, month.code))
        formula = FORMULAS.get(row.formula) if row else None
        found[month] = replace(now, formula=formula, goal=row.goal or now.goal) if row and formula else now
    return found
