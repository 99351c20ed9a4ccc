"""The sums of calls by day follow every write of a call, whoever makes it (P10: a year is read from them, equal to the unit)."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction
from django.db.models import F

from callcenter.domain import metrics, tallies
from callcenter.domain.metrics import Slice
from callcenter.enums import Outcome, Programme
from callcenter.models import Attempt, CalledMonth, CallTally, Campaign, MonthTally, Outreach, Reason
from tests.factories import MONDAY, BrandFactory, OutreachFactory, SiteFactory

pytestmark = pytest.mark.django_db
WEEK = Slice(date(2026, 11, 20), date(2026, 11, 30))


def call(agent, *, outreach=None, contact=True, days=0, **more):
    row, at = outreach or OutreachFactory(), MONDAY + timedelta(days=days)
    return Attempt.objects.create(
        outreach=row, number=more.pop("number", 1), agent=agent, is_contact=contact, started_at=at, at=at, day=at.date(), policy_version="x",
        outcome=Outcome.BOOKED if contact else Outcome.NO_CONTACT,
        reason=None if contact else Reason.objects.filter(kind="NO_CONTACT").first(), **more,
    )  # fmt: skip


MONTH = Slice(date(2026, 11, 1), date(2026, 12, 1))


def agree(part=WEEK):
    """What the sums say, which must be what the calls say; the month of the slice, kept, is what its calls say too."""
    ratio, live = tallies.effectiveness(part), metrics.calls(part).effectiveness
    assert ratio == live
    agree_in_month(replace(part, start=MONTH.start, end=MONTH.end))
    return ratio.hits, ratio.total


def agree_in_month(part):
    """Every figure of a month from what is kept of it, and from its calls."""
    kept, rows = metrics.calls(part), metrics.attempts(part)
    assert kept == metrics.CallFigures(**rows.aggregate(**metrics.COUNTS))
    assert metrics.calls_by_month(part, [metrics.Month(2026, 11)]) == [(metrics.Month(2026, 11), kept)]
    # The same month cut in two has no kept sums: these are asked of the calls.
    halves = [replace(part, end=date(2026, 11, 25)), replace(part, start=date(2026, 11, 25))]
    for read in (metrics.by_agent, lambda half: metrics.reasons(half, Outcome.NO_CONTACT)):
        assert added(read(part)) == added(row for half in halves for row in read(half))
    for name in ("programme", "campaign__name"):
        by_name = rows.values(group=F(f"outreach__{name}")).order_by().annotate(**metrics.COUNTS)
        live = {row.pop("group"): metrics.CallFigures(**row) for row in by_name if row["group"]}
        assert metrics.calls_by(part, name) == live
    called = {row["outreach"] for row in rows.values("outreach")}
    for row in CalledMonth.objects.filter(month=part.start, outreach__in=called):
        every = row.outreach.attempts.counted()
        assert row.first_call == min(call.started_at for call in every)
        assert row.is_silent == (not any(call.is_contact for call in every))
    return kept


def added(lines):
    """Counts by name, summed: (reason, n) and (agent, ratio, bookings)."""
    found = Counter()
    for name, figure, *more in lines:
        found.update(
            {(name, n): value for n, value in enumerate([figure] if isinstance(figure, int) else [figure.hits, figure.total, *more])}
        )
    return {key: value for key, value in found.items() if value}


def test_only_calls_of_ours_that_stand_are_counted(agent):
    whole = call(agent)
    call(agent, contact=False, days=1)
    call(agent, outreach=whole.outreach, number=2, part_of=whole)
    call(agent, is_inbound=True)
    call(agent, undone_at=MONDAY)
    call(agent, days=30)
    assert agree() == (1, 2)
    assert agree(replace(WEEK, programme=None)) == (1, 2)


def test_they_follow_what_is_undone_corrected_and_deleted(agent):
    first, second, third = call(agent), call(agent), call(agent)
    Attempt.objects.filter(pk=first.pk).update(undone_at=MONDAY)
    assert agree() == (2, 2)
    Attempt.objects.filter(pk=second.pk).update(is_contact=False, day=date(2026, 11, 25))
    assert agree() == (1, 2)
    assert agree(Slice(date(2026, 11, 25), date(2026, 11, 26))) == (0, 1)
    third.delete()
    assert agree() == (0, 1)


def test_they_follow_an_outreach_that_changes_its_site_or_brand(agent, centre):
    row = OutreachFactory()
    call(agent, outreach=row)
    old, brand = row.site_id, BrandFactory(code="kia", name="Kia")
    row.site, row.brand = centre, brand
    row.save()
    assert agree(replace(WEEK, sites=(old,))) == (0, 0)
    assert agree(replace(WEEK, sites=(centre.pk,), brands=(brand.pk,))) == (1, 1)
    before = CallTally.objects.count()
    row.save()  # nothing of the three changed
    assert CallTally.objects.count() == before


def test_folding_and_building_anew_change_no_figure(agent):
    row = OutreachFactory(programme=Programme.RECOVERY)
    for n in range(1, 4):
        call(agent, contact=n == 1, days=n % 2)
        call(agent, outreach=row, number=n)
    scopes = [WEEK, replace(WEEK, programme=Programme.RECOVERY), replace(WEEK, programme=None), Slice(MONDAY.date(), date(2026, 11, 24))]
    before = [agree(part) for part in scopes]
    tallies.fold()
    keys = ("day", "brand", "site", "programme")
    assert CallTally.objects.count() == CallTally.objects.values(*keys).distinct().count()
    keys = ("month", "brand", "site", "programme", "agent", "outcome", "reason")
    assert MonthTally.objects.count() == MonthTally.objects.values(*keys).distinct().count()
    assert [agree(part) for part in scopes] == before
    tallies.rebuild()
    assert [agree(part) for part in scopes] == before


def test_a_month_counts_a_customer_and_an_outreach_once(agent):
    """IND-02 and IND-08: two outreaches of one customer, calls of another month, a customer that is merged into another."""
    first, other = OutreachFactory(), OutreachFactory(site=SiteFactory(code="otra", name="Otra sede"))
    second = OutreachFactory(customer=first.customer)
    for number, (row, contact, days) in enumerate(
        [(first, True, 0), (first, True, 1), (second, False, 1), (other, True, 2), (other, False, 20)], 1
    ):
        call(agent, outreach=row, number=number, contact=contact, days=days)
    made = agree_in_month(MONTH)
    assert (made.people, made.reached, made.booked) == (2, 2, 2)
    assert agree_in_month(replace(MONTH, sites=(other.site_id,))).people == 1
    Outreach.objects.filter(pk=other.pk).update(customer=first.customer)
    assert agree_in_month(MONTH).people == 1
    campaign = Campaign.objects.create(name="Frenos", brand=second.brand, starts_on=WEEK.start, ends_on=WEEK.end)
    Outreach.objects.filter(pk=second.pk).update(campaign=campaign)
    agree_in_month(MONTH)
    Attempt.objects.filter(outreach=first, is_contact=True).update(undone_at=MONDAY)
    made = agree_in_month(MONTH)
    assert (made.people, made.reached, made.booked) == (1, 1, 1)
    tallies.rebuild()
    assert agree_in_month(MONTH) == made


def test_months_come_in_one_query_and_an_empty_one_is_there(agent, django_assert_num_queries):
    call(agent)
    months = [metrics.Month(2026, 10), metrics.Month(2026, 11)]
    with django_assert_num_queries(1):
        found = tallies.effectiveness_by_month(WEEK, months)
    assert [(month, ratio.fraction) for month, ratio in found] == [(months[0], "0 de 0"), (months[1], "1 de 1")]


def test_the_sums_do_not_know_who_called(agent):
    with pytest.raises(ValueError, match="agent"):
        tallies.of(replace(WEEK, agent=agent.pk))


@pytest.mark.django_db(transaction=True)
def test_two_agents_of_one_site_and_day_do_not_wait_and_a_fold_between_loses_nothing(agent):
    site = SiteFactory(code="junta", name="Sede Junta")
    rows = [OutreachFactory(site=site) for _ in range(4)]
    both_wrote = Barrier(3, timeout=20)

    def work(mine):
        with transaction.atomic():
            for row in mine:
                call(agent, outreach=row)
            both_wrote.wait()  # neither has committed: a lock of one on the other's sum would break the barrier
        connection.close()

    threads = [Thread(target=work, args=(mine,)) for mine in (rows[:2], rows[2:])]
    for thread in threads:
        thread.start()
    tallies.fold()
    both_wrote.wait()
    for thread in threads:
        thread.join()
    tallies.fold()
    assert agree() == (4, 4)
    assert CallTally.objects.count() == 1
