"""IND-13: the controls of the procedures, each with what was due and what was met."""

from datetime import date, datetime, timedelta

import pytest

from callcenter.domain.metrics import Slice
from callcenter.enums import BatchStatus, Gateway, Result
from callcenter.models import ImportBatch, Message, Outreach
from carrazos.lib.calendar import BOGOTA, start_of
from carrazos.lib.periods import Month
from reports.domain import compliance
from reports.models import Edition
from tests.factories import OutreachFactory, UserFactory

pytestmark = pytest.mark.django_db
NOVEMBER = Slice.of(Month(2026, 11))
DECEMBER_7 = datetime(2026, 12, 7, 9, tzinfo=BOGOTA)


def batch(day, status=BatchStatus.APPLIED, feed="proactive"):
    ImportBatch.objects.create(feed=feed, name="x.csv", sha256=f"{feed}{day}{status}", size=1, status=status,
                               applied_at=start_of(day) + timedelta(hours=8))  # fmt: skip


def test_a_business_day_without_its_list_is_a_control_not_met():
    """November 2026 has nineteen business days: the 2nd and the 16th are holidays."""
    for day in (3, 4, 15, 16):  # two business days, a Sunday and a holiday
        batch(date(2026, 11, day))
    batch(date(2026, 11, 5), BatchStatus.CHECKED)
    for feed in ("aftersales", "sales", "recovery"):  # the last one is of the month
        batch(date(2026, 11, 3), feed=feed)
    found = compliance.daily_lists(NOVEMBER, DECEMBER_7)
    assert (found.hits, found.total) == (4, 3 * 19)


def test_days_to_come_are_not_due_yet():
    assert compliance.daily_lists(NOVEMBER, datetime(2026, 11, 5, 9, tzinfo=BOGOTA)).total == 2 * 3


@pytest.mark.parametrize(("sent_on", "hits"), [((5, 11), 1), ((6, 11), 0), (None, 0)])
def test_a_report_in_time_is_sent_by_its_day(sent_on, hits):
    boss = UserFactory()
    row = Edition(code="GSC-FOR-09", period="2026-10", due_on=date(2026, 11, 5), sha256="x", state="PREPARED")
    if sent_on:
        row.state, row.reviewed_by, row.approved_by, row.sent_at = "SENT", boss, boss, datetime(2026, *sent_on[::-1], 18, tzinfo=BOGOTA)
        row.handed_out_at = row.sent_at
    row.save()
    found = compliance.reports_in_time(NOVEMBER, DECEMBER_7)
    assert (found.hits, found.total) == (hits, 1)


SENT_IN_TIME, SENT_LATE, NEVER = datetime(2026, 11, 5, 18, tzinfo=BOGOTA), datetime(2026, 11, 9, 18, tzinfo=BOGOTA), None


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ((SENT_IN_TIME, NEVER), "1 de 1"),
        ((SENT_IN_TIME, SENT_LATE), "1 de 1"),
        ((SENT_IN_TIME, SENT_IN_TIME), "1 de 1"),
        ((NEVER, SENT_IN_TIME), "1 de 1"),
        ((SENT_LATE, SENT_LATE), "0 de 1"),
        ((NEVER, NEVER), "0 de 1"),
    ],
)
def test_a_report_sent_in_time_stays_so_when_it_is_corrected(versions, words):
    boss = UserFactory()
    for number, sent_at in enumerate(versions, 1):
        state = "CORRECTED" if number < len(versions) else "SENT" if sent_at else "PREPARED"
        Edition.objects.create(code="GSC-FOR-09", period="2026-10", number=number, due_on=date(2026, 11, 5), sha256="x", state=state,
                               reviewed_by=boss, approved_by=boss, sent_at=sent_at,
                               handed_out_at=min(filter(None, versions[:number]), default=None), correction_reason="Faltaba una llamada")  # fmt: skip
    assert compliance.reports_in_time(NOVEMBER, DECEMBER_7).fraction == words


def test_an_unanswered_case_needs_its_screenshot():
    row = OutreachFactory()
    Outreach.objects.filter(pk=row.pk).update(
        state="CLOSED", result=Result.EXHAUSTED, closed_at=start_of(date(2026, 11, 10)), next_step="NONE"
    )
    assert compliance.evidence_present(NOVEMBER, DECEMBER_7).fraction == "0 de 1"
    whole = compliance.compliance(NOVEMBER, DECEMBER_7)
    assert (whole.hits, whole.total) == (0, 3 * 19 + 1)


def test_metas_word_proves_it_and_a_customer_with_a_landline_only_owes_nothing():
    proved, _ = OutreachFactory(), OutreachFactory(phone="+576015550101")
    Outreach.objects.update(state="CLOSED", result=Result.EXHAUSTED, closed_at=start_of(date(2026, 11, 10)), next_step="NONE")
    Message.objects.create(outreach=proved, customer=proved.customer, site=proved.site, brand=proved.brand, purpose="COMMERCIAL", body="Hola",
                           body_hash="x", gateway=Gateway.CLOUD_API, status="DELIVERED", provider_id="wamid.1",
                           sent_at=start_of(date(2026, 11, 8)))  # fmt: skip
    assert compliance.evidence_present(NOVEMBER, DECEMBER_7).fraction == "1 de 1"
