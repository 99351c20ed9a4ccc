"""How a score classifies a customer, and what the 95 % is made of (GSC-PRO-03 §2, §6; domain SAT-13, SAT-R1, R7, R8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from carrazos.lib.ratios import Ratio
from satisfaction.enums import Band, Formula

LOWEST, HIGHEST = 1, 10
DETRACTOR_MAX, PROMOTER_MIN = 6, 9
HIGH_IMPACT_BELOW = 6  # «calificación inferior a 6»: another threshold than the detractor's
GOAL = Decimal("95.0")


def band(score: int) -> Band:
    """Promoter 9-10, neutral 7-8, detractor 1-6 (GSC-PRO-03 §2). Raises ValueError for anything but an integer of 1 to 10."""
    if isinstance(score, bool) or not isinstance(score, int) or not LOWEST <= score <= HIGHEST:
        raise ValueError(f"«{score}» no es una calificación de 1 a 10.")
    if score >= PROMOTER_MIN:
        return Band.PROMOTER
    return Band.DETRACTOR if score <= DETRACTOR_MAX else Band.NEUTRAL


def is_low(score: int) -> bool:
    """True for a grade that opens a follow-up: 6 or less."""
    return band(score) is Band.DETRACTOR


def is_high_impact(score: int) -> bool:
    """True below 6, which asks for an improvement action (GSC-PRO-03 §6)."""
    return LOWEST <= score < HIGH_IMPACT_BELOW


WORDS: Mapping[Formula, str] = {
    Formula.NON_DETRACTOR_PCT: "(Promotores + neutros) / encuestas válidas",
    Formula.PROMOTER_PCT: "Promotores / encuestas válidas",
    Formula.MEAN_PCT: "Suma de calificaciones / (encuestas válidas × 10)",
    Formula.NPS: "(Promotores menos detractores) / encuestas válidas",
}


@dataclass(frozen=True)
class Distribution:
    """The valid surveys of a slice by class, and the sum of their scores."""

    promoters: int = 0
    neutrals: int = 0
    detractors: int = 0
    score_sum: int = 0

    @property
    def total(self) -> int:
        return self.promoters + self.neutrals + self.detractors

    def by(self, formula: Formula, *, name: str = "", code: str = "", goal: Decimal | None = None) -> Ratio:
        """The indicator under one formula; the mean is a share of the most points that could be given."""
        hits, total = self.parts[formula]
        return Ratio(name or Formula(formula).label, hits, total, goal=goal, code=code, formula=WORDS[formula])

    @property
    def parts(self) -> Mapping[Formula, tuple[int, int]]:
        return {
            Formula.NON_DETRACTOR_PCT: (self.promoters + self.neutrals, self.total),
            Formula.PROMOTER_PCT: (self.promoters, self.total),
            Formula.MEAN_PCT: (self.score_sum, self.total * HIGHEST),
            Formula.NPS: (self.promoters - self.detractors, self.total),
        }
