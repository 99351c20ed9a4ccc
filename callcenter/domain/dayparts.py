"""When to call again: another legal day and the part of the day least tried (the customer who never answers at ten); when they answer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from callcenter.domain.contact_law import HORIZON_DAYS, window
from carrazos.lib.calendar import BusinessCalendar, bogota, start_of


class DayPart(StrEnum):
    MORNING = "MORNING"
    MIDDAY = "MIDDAY"
    AFTERNOON = "AFTERNOON"


# Each part's hours in Bogotá, half-open; together they cover the legal day.
PARTS: dict[DayPart, tuple[time, time]] = {
    DayPart.MORNING: (time(7), time(11)),
    DayPart.MIDDAY: (time(11), time(15)),
    DayPart.AFTERNOON: (time(15), time(19)),
}


def part_of(at: datetime) -> DayPart:
    """The part of the day of an instant; outside legal hours the nearest one."""
    clock = bogota(at).time()
    return next((part for part, (_, end) in PARTS.items() if clock < end), DayPart.AFTERNOON)


@dataclass(frozen=True)
class Habit:
    """The part of the day in which somebody answers: of so many answered calls, so many fell in it."""

    part: DayPart
    hits: int
    total: int

    @property
    def hours(self) -> str:
        """`07:00 a 11:00`."""
        return " a ".join(f"{clock:%H:%M}" for clock in PARTS[self.part])


HABIT_FROM = 3  # answered calls in one part of the day: fewer are chance


def habit(answered: Sequence[datetime]) -> Habit | None:
    """What the answered calls prove of somebody's hours: three in one part of the day and two thirds of all; else nothing."""
    if not answered:
        return None
    part, hits = Counter(map(part_of, answered)).most_common(1)[0]
    return Habit(part, hits, len(answered)) if hits >= HABIT_FROM and 3 * hits >= 2 * len(answered) else None


def legal_day_after(day: date, days: int, calendar: BusinessCalendar) -> date:
    """The first day at least `days` later on which calling is legal at some hour."""
    for offset in range(days, days + HORIZON_DAYS):
        if window(day + timedelta(days=offset), calendar):
            return day + timedelta(days=offset)
    raise AssertionError("sixty days without a legal day")


def retry_at(tried: Sequence[datetime], *, days: int, calendar: BusinessCalendar) -> datetime:
    """The next try after these instants (at least one): `days` later at least, in the part of the day least used so far.

    Of equally used parts the one furthest from the last try wins; a short Saturday may offer only the nearest.
    """
    used = [part_of(at) for at in tried]
    order = list(PARTS)
    last = order.index(used[-1])
    day = legal_day_after(bogota(tried[-1]).date(), days, calendar)
    opens, closes = window(day, calendar)
    ranked = sorted(order, key=lambda part: (used.count(part), -abs(order.index(part) - last)))
    for part in ranked:
        start = max(opens, at_clock(day, PARTS[part][0]))
        if start < min(closes, at_clock(day, PARTS[part][1])):
            return start
    return opens


def at_clock(day: date, clock: time) -> datetime:
    return start_of(day).replace(hour=clock.hour, minute=clock.minute)
