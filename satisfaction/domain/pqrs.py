"""The legal clocks of PQRS (Ley 1755 de 2015, Ley 1480 de 2011; domain 2.5-2.6): a table by type.

Those of personal data (Ley 1581) are in callcenter/domain/data_requests.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from carrazos.lib.calendar import BusinessCalendar, bogota, start_of
from satisfaction.enums import PqrsKind


@dataclass(frozen=True)
class Term:
    """Business days to answer, from the day after receipt.

    `extension`: how many days more may be taken once, told before the term ends; 0: none. `repair`: days to repair after a claim.
    """

    days: int
    source: str
    extension: int = 0
    repair: int = 0


TERMS: Mapping[PqrsKind, Term] = {
    PqrsKind.PETITION: Term(15, "Ley 1755 art. 14", extension=15),
    PqrsKind.INFO_REQUEST: Term(10, "Ley 1755 art. 14", extension=10),
    PqrsKind.CONSULTATION: Term(30, "Ley 1755 art. 14", extension=30),
    PqrsKind.COMPLAINT: Term(15, "Ley 1755 art. 14"),
    PqrsKind.CLAIM: Term(15, "Ley 1480 art. 58"),
    PqrsKind.WARRANTY: Term(15, "Ley 1480 art. 58, Decreto 735 de 2013", repair=30),
    PqrsKind.SUGGESTION: Term(15, "plazo interno"),
    PqrsKind.COMPLIMENT: Term(15, "plazo interno"),
}


GRIEVANCES = (PqrsKind.COMPLAINT, PqrsKind.CLAIM, PqrsKind.WARRANTY)  # what counts as dissatisfaction that repeats (SAT-R10)


def due_on(kind: PqrsKind, received_on: date, calendar: BusinessCalendar, *, days: int | None = None, extra: int = 0) -> date:
    """The last day on which the answer is in time; `days` is the owner's number, `extra` the days of an extension."""
    return calendar.add_business_days(received_on, (days or TERMS[PqrsKind(kind)].days) + extra)


def repair_due_on(kind: PqrsKind, received_on: date, calendar: BusinessCalendar) -> date | None:
    """The last day for the repair of a guarantee (Decreto 735 de 2013); None for other types."""
    term = TERMS[PqrsKind(kind)]
    return calendar.add_business_days(received_on, term.repair) if term.repair else None


def days_words(due: date, today: date, calendar: BusinessCalendar) -> str:
    """«Quedan 3 días hábiles», «Vence hoy», «Vencida hace 2 días hábiles»."""
    if today > due:
        late = max(1, calendar.business_days_between(due, today))
        return f"Vencida hace {late} día{'s' if late > 1 else ''} hábil{'es' if late > 1 else ''}"
    left = calendar.business_days_between(today, due)
    if left <= 0:
        return "Vence hoy"
    return f"Queda{'n' if left > 1 else ''} {left} día{'s' if left > 1 else ''} hábil{'es' if left > 1 else ''}"


def next_alarm(received_at: datetime, due: date, after: datetime, calendar: BusinessCalendar) -> datetime | None:
    """The next moment at which the owner is told: half of the term, two business days before its end, the day after it."""
    received = bogota(received_at).date()
    span = max(1, calendar.business_days_between(received, due))
    days = (calendar.add_business_days(received, max(1, span // 2)), back(due, 2, calendar), due + timedelta(days=1))
    return next((moment for day in days if (moment := start_of(day)) > after), None)


def back(day: date, count: int, calendar: BusinessCalendar) -> date:
    """The business day `count` business days before."""
    for _ in range(count):
        day = calendar.previous_business_day(day - timedelta(days=1))
    return day
