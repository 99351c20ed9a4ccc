"""What GSC-CAR-01 asks to measure side by side: follow-up calls, proactive contact, recovery and campaigns (CAR-7)."""

from dataclasses import dataclass, replace
from datetime import datetime

from callcenter.domain import metrics
from callcenter.domain.metrics import CallFigures, Slice
from callcenter.enums import Programme
from carrazos.lib.ratios import Ratio
from reports.domain.indicators import scope


@dataclass(frozen=True)
class Measurement:
    """One activity of the process: its calls, whom they reached, what was booked and kept."""

    name: str
    calls: CallFigures
    kept: Ratio


def table(part: Slice, *, brand: int | None, site: int | None, at: datetime) -> list[Measurement]:
    """Every programme with calls in the period, then every campaign (PRO-4: booking by campaign); four queries."""
    part = scope(replace(part, programme=None), brand, site)
    made, kept = metrics.calls_by(part, "programme"), metrics.fulfilment_by(part, "programme", at)
    found = [Measurement(row.label, made[row], kept.get(row, metrics.kept_ratio())) for row in Programme if row in made]
    made, kept = metrics.calls_by(part, "campaign__name"), metrics.fulfilment_by(part, "campaign__name", at)
    return found + [Measurement(f"Campaña: {name}", made[name], kept.get(name, metrics.kept_ratio())) for name in sorted(made)]
