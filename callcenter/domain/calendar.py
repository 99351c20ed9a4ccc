"""The business calendar with the owner's changes, read from the table and kept for half a minute per process."""

import time
from datetime import date

from callcenter.models import CalendarException
from carrazos.lib.calendar import BusinessCalendar, national

FRESH_SECONDS = 30
_kept: tuple[float, dict[date, bool], BusinessCalendar] | None = None


def company_calendar() -> BusinessCalendar:
    """National business days plus the rows of CalendarException; an edit is seen everywhere within 30 seconds."""
    global _kept  # noqa: PLW0603 -- a process-wide cache of a tiny table
    if _kept and time.monotonic() - _kept[0] < FRESH_SECONDS:
        return _kept[2]
    changes = dict(CalendarException.objects.values_list("day", "is_working"))
    if _kept and _kept[1] == changes:
        calendar = _kept[2]
    else:
        calendar = BusinessCalendar(changes) if changes else national()
    _kept = (time.monotonic(), changes, calendar)
    return calendar


def forget() -> None:
    """Drops the kept calendar, so that the next question reads the table."""
    global _kept  # noqa: PLW0603 -- as above
    _kept = None
