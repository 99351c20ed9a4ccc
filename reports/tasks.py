"""When reports prepare themselves; the work itself is rows (callcenter/tasks.py)."""

from celery import shared_task

from callcenter import clock
from callcenter.domain.calendar import company_calendar
from reports.domain import editions, improvement, indicators


@shared_task(name="reports.prepare_due")
def prepare_due() -> None:
    """Editions that are owed; the month's close when its day has come, and what the close proposes and judges."""
    at = clock.now()
    editions.prepare_due(at)
    closed = indicators.close_due(clock.today(), company_calendar(), at=at)
    if closed:
        improvement.propose_for(closed, at=at)
        improvement.propose_from_voices(closed, at=at)
        improvement.judge_due(at)
