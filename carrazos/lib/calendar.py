"""Colombian business days: weekends, holidays (Ley 51 de 1983, Ley 2578 de 2026) and the company's own changes.

Terms are counted in business days by GSC-PRO-03 §4 (answer in less than two), Ley 1480/2011, Ley 1581/2012
and Ley 1755/2015. Everything here is a pure function of dates; who needs "today" passes it.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

BOGOTA = ZoneInfo("America/Bogota")
FIRST_YEAR, LAST_YEAR = 2000, 2060
SATURDAY = 5


@cache
def national_holidays() -> dict[date, str]:
    """Every national holiday of the supported years with its Spanish name."""
    found = holidays.country_holidays("CO", years=range(FIRST_YEAR, LAST_YEAR + 1), language="es")
    return dict(found.items())


class BusinessCalendar:
    """Business days precomputed once, so that adding days is two list look-ups.

    `changes` are the owner's exceptions: {day: True} makes it a working day, {day: False} a day off.
    """

    def __init__(self, changes: Mapping[date, bool] | None = None, *, saturday: bool = False):
        self.changes = dict(changes or {})
        self.first = date(FIRST_YEAR, 1, 1)
        off = national_holidays()
        last_weekday = SATURDAY if saturday else SATURDAY - 1
        self.days: list[date] = []
        self.position: list[int] = []  # of each calendar day: how many business days stand before it
        self.business: list[bool] = []
        for offset in range((date(LAST_YEAR, 12, 31) - self.first).days + 1):
            day = self.first + timedelta(days=offset)
            works = self.changes.get(day, day.weekday() <= last_weekday and day not in off)
            self.position.append(len(self.days))
            self.business.append(works)
            if works:
                self.days.append(day)

    def is_business_day(self, day: date) -> bool:
        return self.business[(day - self.first).days]

    def add_business_days(self, day: date, n: int) -> date:
        """The n-th business day after `day` (n ≥ 1); n = 0 is `day` itself, or the next business day if it is none."""
        offset = (day - self.first).days
        before = self.position[offset]
        if n == 0:
            return self.days[before]
        return self.days[before + n - (0 if self.business[offset] else 1)]

    def previous_business_day(self, day: date) -> date:
        """`day` itself when it is a business day, otherwise the nearest one before it."""
        offset = (day - self.first).days
        return day if self.business[offset] else self.days[self.position[offset] - 1]

    def business_days_between(self, start: date, end: date) -> int:
        """How many business days lie in the half-open interval (start, end]; negative when end is before start."""
        if end < start:
            return -self.business_days_between(end, start)
        return self.position[(end - self.first).days + 1] - self.position[(start - self.first).days + 1]

    def due_at(self, moment: datetime, business_days: int = 2) -> datetime:
        """The same Bogotá clock time, `business_days` business days later; a breach is `now >= due` (GSC-PRO-03 §4)."""
        local = moment.astimezone(BOGOTA)
        day = self.add_business_days(local.date(), business_days)
        return datetime.combine(day, local.time(), tzinfo=BOGOTA).astimezone(UTC)

    def why_closed(self, day: date) -> str:
        """The reason in Spanish why `day` is not a business day, or an empty text."""
        if self.is_business_day(day):
            return ""
        if day in self.changes:
            return "día no laboral de la empresa"
        return day_off_name(day) or WEEKDAYS[day.weekday()]


def day_off_name(day: date) -> str:
    """The holiday's name («Festivo: …») or an empty text."""
    name = national_holidays().get(day)
    return f"festivo: {name}" if name else ""


WEEKDAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")


@cache
def national() -> BusinessCalendar:
    """The calendar without the owner's changes."""
    return BusinessCalendar()


def is_holiday(day: date) -> bool:
    """True on a national holiday, whatever the weekday."""
    return day in national_holidays()


def is_business_day(day: date) -> bool:
    """True from Monday to Friday except national holidays."""
    return national().is_business_day(day)


def add_business_days(day: date, n: int) -> date:
    """The n-th business day after `day` (national calendar)."""
    return national().add_business_days(day, n)


def due_at(moment: datetime, business_days: int = 2) -> datetime:
    """Same clock time in Bogotá, `business_days` later, in UTC (national calendar)."""
    return national().due_at(moment, business_days)


def bogota(moment: datetime) -> datetime:
    """The same instant on the clock of Bogotá."""
    return moment.astimezone(BOGOTA)


def noon(day: date) -> datetime:
    """The middle of a Bogotá day: where something stands of which only the day is known."""
    return datetime.combine(day, time(12), tzinfo=BOGOTA)


def start_of(day: date) -> datetime:
    """The first instant of a Bogotá day."""
    return datetime.combine(day, datetime.min.time(), tzinfo=BOGOTA)
