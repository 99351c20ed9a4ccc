"""When reports prepare themselves; the work itself is rows (callcenter/tasks.py)."""

from celery import shared_task

from callcenter import clock
from callcenter.domain.calendar import company_calendar
from reports.domain import editions, improvement, indicators


@shared_task(name="reports.prepare_due")
def prepare_due() -> None:
    """Editions that are owed; the month's close when its day has come."""
    at = clock.now()
    editions.prepare_due(at)
    if month := indicators.to_close(clock.today(), company_calendar()):
        improvement.close(month, by=None, at=at)
