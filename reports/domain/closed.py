"""What the monthly close froze: read instead of measured, for whoever asks about one of the scopes that it closes."""

from collections.abc import Sequence

from callcenter.domain.metrics import Slice
from carrazos.lib.periods import Month, Period
from carrazos.lib.ratios import Count, Ratio
from reports.models import IndicatorSnapshot


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
