"""When a dissatisfied customer must be answered, and by whom (GSC-PRO-03 §3-4; domain SAT-16, SAT-18, SAT-R6, SAT-R10).

Business days come from the calendar; «menos de dos días hábiles» is strict: overdue from the very instant of `due`.
Everything here is a function of moments and dates; nothing reads a clock or the database.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from carrazos.lib.calendar import BOGOTA, BusinessCalendar, bogota
from satisfaction.enums import Area, Level

SLA_DAYS = 2
OPENS, CLOSES = time(8), time(18)  # hours in which people are warned and response time is counted
WORKDAY_MINUTES = (CLOSES.hour - OPENS.hour) * 60
LADDER = (Level.ADVISOR, Level.DIRECTOR, Level.MANAGER)


@dataclass(frozen=True)
class Clock:
    """The term of one follow-up: when half of it has run, and when it is over."""

    warn_at: datetime
    due_at: datetime


def clock(opened_at: datetime, calendar: BusinessCalendar, *, days: int = SLA_DAYS) -> Clock:
    """The term that begins at `opened_at`: the same clock time `days` business days later, half-way warned."""
    due = calendar.due_at(opened_at, days)
    half = calendar.due_at(opened_at, days // 2) if days > 1 else opened_at + (due - opened_at) / 2
    return Clock(half, due)


def is_overdue(due_at: datetime, at: datetime) -> bool:
    """Strictly less than the term: at the very instant it is over, it is late."""
    return at >= due_at


def is_working(at: datetime, calendar: BusinessCalendar) -> bool:
    """True in the hours in which people are warned: business days, 8:00 to 18:00."""
    local = bogota(at)
    return calendar.is_business_day(local.date()) and OPENS <= local.time() < CLOSES


def business_minutes(start: datetime, end: datetime, calendar: BusinessCalendar) -> int:
    """Working minutes between two instants (8:00-18:00 of business days); never negative."""
    if end <= start:
        return 0
    first, last = bogota(start), bogota(end)
    whole = calendar.business_days_between(first.date(), last.date() - timedelta(days=1)) if last.date() > first.date() else 0
    if first.date() == last.date():
        return worked(first.date(), first.time(), last.time(), calendar)
    return (
        worked(first.date(), first.time(), CLOSES, calendar)
        + max(0, whole) * WORKDAY_MINUTES
        + worked(last.date(), OPENS, last.time(), calendar)
    )


def worked(day: date, start: time, end: time, calendar: BusinessCalendar) -> int:
    """Working minutes of one day between two clock times."""
    if not calendar.is_business_day(day):
        return 0
    begin, over = max(start, OPENS), min(end, CLOSES)
    span = datetime.combine(day, over) - datetime.combine(day, begin)
    return max(0, int(span.total_seconds()) // 60)


def due_words(due_at: datetime, at: datetime, calendar: BusinessCalendar) -> str:
    """«Vence hoy 5:30 p. m. · quedan 3 h hábiles», «Vencido hace 1 día hábil»."""
    due, now = bogota(due_at), bogota(at)
    if is_overdue(due_at, at):
        days = calendar.business_days_between(due.date(), now.date())
        if days >= 1:
            return f"Vencido hace {days} día{'s' if days > 1 else ''} hábil{'es' if days > 1 else ''}"
        minutes = business_minutes(due_at, at, calendar)
        return f"Vencido hace {span(minutes)}" if minutes else "Vencido"
    names = {0: "hoy", 1: "mañana"}
    word = names.get((due.date() - now.date()).days, f"{WEEKDAYS[due.weekday()]} {due.day} {MONTHS[due.month - 1]}")
    return f"Vence {word} {clock_words(due)} · quedan {span(business_minutes(at, due_at, calendar))}"


def span(minutes: int) -> str:
    if minutes < 60:
        return f"{minutes} min hábiles"
    return f"{minutes // 60} h hábil{'es' if minutes // 60 > 1 else ''}"


def clock_words(local: datetime) -> str:
    return f"{local.hour % 12 or 12}:{local.minute:02d} {'a. m.' if local.hour < 12 else 'p. m.'}"


WEEKDAYS = ("lun", "mar", "mié", "jue", "vie", "sáb", "dom")
MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")


def first_level(area: Area, *, repeated: bool, warranty: bool) -> Level:
    """Who answers first: the order's advisor; the director when repeated or warranty; the manager for sales (GSC-PRO-03 §3)."""
    if area == Area.SALES:
        return Level.MANAGER
    return Level.DIRECTOR if repeated or warranty else Level.ADVISOR


def next_level(level: Level) -> Level:
    """One step up the ladder; the manager is the last."""
    return LADDER[min(LADDER.index(level) + 1, len(LADDER) - 1)]


def repeat_since(on: date, months: int) -> datetime:
    """The instant from which another case makes this one repeated: `months` calendar months before `on`."""
    index = on.year * 12 + on.month - 1 - months
    year, month = index // 12, index % 12 + 1
    day = min(on.day, (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day)
    return datetime.combine(date(year, month, day), time.min, tzinfo=BOGOTA)
