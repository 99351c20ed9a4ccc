"""When people are told of what waits; the rules are in domain/alarms.py."""

from celery import shared_task

from callcenter import clock
from callcenter.domain.calendar import company_calendar
from satisfaction.domain import alarms


@shared_task(name="satisfaction.sweep")
def sweep() -> None:
    """Half of a term, its end, the legal clocks, and the batch of new reds."""
    at, calendar = clock.now(), company_calendar()
    alarms.sweep(at, calendar)
    alarms.sweep_pqrs(at, calendar)
    alarms.mail_new(at, calendar)


@shared_task(name="satisfaction.digest")
def digest() -> None:
    alarms.digest(clock.now(), company_calendar())
