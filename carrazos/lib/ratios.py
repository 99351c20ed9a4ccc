"""A figure with its numerator and denominator; nothing divided by nothing is «N/D», never zero."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

NO_DATA = "N/D"
NO_TARGET = "Sin meta"


def percent(value: Decimal | None) -> str:
    """A goal as people write it: `95 %`, `97,5 %`; nothing for None."""
    return "" if value is None else f"{value.normalize():f} %".replace(".", ",")


def unbroken(words: str) -> str:
    """A figure that no line breaks apart: `86,7 %` with a fixed space."""
    return words.replace(" ", "\u00a0")


def labelled(code: str, name: str) -> str:
    """`IND-05 Satisfacción posventa`; a code that is no indicator's is for addresses only."""
    return f"{code} {name}" if code.startswith("IND-") else name


class Named:
    """What tells a figure from the others of its report, and what heads it."""

    name: str
    code: str

    @property
    def key(self) -> str:
        return self.code or self.name

    @property
    def label(self) -> str:
        return labelled(self.code, self.name)


@dataclass(frozen=True)
class Ratio(Named):
    """`hits` of `total` as a percentage against an optional goal (in percent)."""

    name: str
    hits: int
    total: int
    goal: Decimal | None = None
    code: str = ""
    formula: str = ""

    @property
    def value(self) -> Decimal | None:
        """Percentage, unrounded; None without a denominator."""
        return Decimal(self.hits) * 100 / self.total if self.total else None

    @property
    def met(self) -> bool | None:
        """Goal reached, compared before rounding (94.96 fails 95.0); None without goal or data."""
        return None if self.value is None or self.goal is None else self.value >= self.goal

    @property
    def text(self) -> str:
        """`82,4 %` or `N/D`."""
        if self.value is None:
            return NO_DATA
        rounded = self.value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
        # What fails the goal must not be printed as if it had reached it.
        if self.met is False and self.goal is not None and rounded >= self.goal:
            rounded = self.goal - Decimal("0.1")
        return f"{rounded} %".replace(".", ",")

    @property
    def fraction(self) -> str:
        return f"{self.hits} de {self.total}"

    @property
    def goal_text(self) -> str:
        """`95 %`, `97,5 %`, or nothing without a goal."""
        return percent(self.goal)


@dataclass(frozen=True)
class TargetRatio(Ratio):
    """`hits` valid of a target of `total`; without a target the count stands alone (CRM-R8)."""

    @property
    def text(self) -> str:
        return super().text if self.total else NO_TARGET

    @property
    def fraction(self) -> str:
        return super().fraction if self.total else f"van {self.hits}"


@dataclass(frozen=True)
class Count(Named):
    """An indicator that is a number, not a share (IND-08)."""

    name: str
    hits: int
    code: str = ""
    formula: str = ""

    @property
    def value(self) -> Decimal:
        return Decimal(self.hits)

    @property
    def text(self) -> str:
        return f"{self.hits:,}".replace(",", ".")

    @property
    def fraction(self) -> str:
        return ""

    met = None
    goal = None
    total = None
    goal_text = ""
