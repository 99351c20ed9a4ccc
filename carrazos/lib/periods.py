"""Months and ISO weeks as values: parse, neighbours, Bogotá bounds, Spanish label."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from carrazos.lib.calendar import BusinessCalendar, start_of
from carrazos.lib.text import MONTHS

REPORT_DUE_DAY = 5  # «los cinco primeros días de cada mes» (GSC-PRO-02 §5, GSC-PRO-03 §5, GSC-PRO-04 §4)


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month of Bogotá."""

    year: int
    month: int

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        return self.next().first - timedelta(days=1)

    @property
    def code(self) -> str:
        return f"{self.year}-{self.month:02d}"

    @property
    def label(self) -> str:
        return f"{MONTHS[self.month - 1]} de {self.year}"

    @property
    def short(self) -> str:
        """`nov 26`: under a bar."""
        return f"{self.label[:3]} {self.year % 100}"

    def next(self) -> "Month":
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def previous(self) -> "Month":
        return Month.of(self.first - timedelta(days=1))

    def back(self, count: int) -> "Month":
        """The month `count` months earlier."""
        index = self.year * 12 + self.month - 1 - count
        return Month(index // 12, index % 12 + 1)

    def bounds(self) -> tuple[datetime, datetime]:
        """First instant of the month and of the next one: half-open."""
        return start_of(self.first), start_of(self.next().first)

    def report_due(self, calendar: BusinessCalendar) -> date:
        """The day the month's report is due: the 5th of the next month, or the business day before (PRO-R5)."""
        return calendar.previous_business_day(self.next().first.replace(day=REPORT_DUE_DAY))

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)


@dataclass(frozen=True, order=True)
class Week:
    """An ISO week, Monday to Sunday."""

    year: int
    week: int

    @property
    def first(self) -> date:
        return date.fromisocalendar(self.year, self.week, 1)

    @property
    def last(self) -> date:
        return self.first + timedelta(days=6)

    @property
    def code(self) -> str:
        return f"{self.year}-W{self.week:02d}"

    @property
    def label(self) -> str:
        return f"semana {self.week} de {self.year} ({self.first:%d/%m} al {self.last:%d/%m})"

    def next(self) -> "Week":
        return Week.of(self.first + timedelta(days=7))

    def previous(self) -> "Week":
        return Week.of(self.first - timedelta(days=7))

    def back(self, count: int) -> "Week":
        """The week `count` weeks earlier."""
        return Week.of(self.first - timedelta(weeks=count))

    @property
    def short(self) -> str:
        """`sem. 47`: under a bar."""
        return f"sem. {self.week}"

    def bounds(self) -> tuple[datetime, datetime]:
        return start_of(self.first), start_of(self.next().first)

    @classmethod
    def of(cls, day: date) -> "Week":
        year, week, _ = day.isocalendar()
        return cls(year, week)


Period = Month | Week


def add_months(day: date, count: int) -> date:
    """The same day `count` months later, or that month's last day: as a calendar counts years (29/02 + 12 = 28/02)."""
    month = Month.of(day).back(-count)
    return min(date(month.year, month.month, min(day.day, 28)) + timedelta(days=max(0, day.day - 28)), month.last)


def full_months(start: date, end: date) -> int:
    """How many whole months fit from `start` to `end`: the largest n with start + n months <= end; 0 if end is earlier."""
    count = (end.year - start.year) * 12 + end.month - start.month
    return max(0, count - (add_months(start, count) > end)) if end >= start else 0


def parse(code: str) -> Period:
    """`2026-10` or `2026-W44`; raises ValueError with a Spanish text for anything else."""
    if found := re.fullmatch(r"(\d{4})-(\d{2})", code or ""):
        year, month = int(found[1]), int(found[2])
        if 1 <= month <= 12 and 2000 <= year <= 2059:
            return Month(year, month)
    if found := re.fullmatch(r"(\d{4})-W(\d{2})", code or ""):
        try:
            return Week.of(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        except ValueError:
            pass
    raise ValueError(f"«{code}» no es un período: escriba un mes (2026-10) o una semana (2026-W44).")
