"""GSC-FOR-04: whether a petition is in its term, of a month that runs and of one that is over (CAR-6, IND-07)."""

from datetime import date, datetime

import pytest

from carrazos.lib.calendar import BOGOTA
from carrazos.lib.periods import Month
from reports.base import Request
from reports.catalogue import BY_CODE
from satisfaction.enums import Area
from satisfaction.models import Pqrs
from tests.factories import MONDAY, CustomerFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("at", "said", "counted"), [((2026, 11, 27, 18), "", 0), ((2026, 11, 28, 8), "No", 1), ((2026, 12, 1, 6), "No", 1)]
)
def test_what_can_still_be_answered_in_time_is_not_late(agent, north, vw, at, said, counted):
    Pqrs.objects.create(
        number="PQRS-2026-00001", kind="COMPLAINT", channel="PHONE", customer=CustomerFactory(), site=north, brand=vw, area=Area.AFTERSALES,
        description="x", received_at=MONDAY, filed_at=MONDAY, filed_by=agent, term_days=15, due_on=date(2026, 11, 27),
    )  # fmt: skip
    data = BY_CODE["GSC-FOR-04"].dataset(Request(Month(2026, 11)), at=datetime(*at, tzinfo=BOGOTA))
    (row,), (answered_in_term, *_) = data.records, data.indicators
    verdict = next(column for column in data.columns if column.title == "En término").of(row)
    assert (verdict, answered_in_term.total) == (said, counted)
