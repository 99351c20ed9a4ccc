"""The product's clock, read only at the edge (views, tasks, commands); rules get `at=` or `on=`."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """The instant by which the product works; a demo outside calling hours runs shifted."""
    return timezone.now() + timedelta(seconds=settings.CLOCK_SHIFT)


def today() -> date:
    """The Bogotá day of `now`."""
    return timezone.localtime(now()).date()
