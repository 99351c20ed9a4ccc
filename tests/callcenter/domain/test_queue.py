"""Who gets the next customer: order, scope, law in SQL equal to the rules, and races."""

import threading
import uuid
from datetime import timedelta
from random import Random

import pytest
from django.db import connection

from callcenter.domain import contact_law, queue
from callcenter.domain import outreach as verbs
from callcenter.domain.contact_law import ContactIntent
from callcenter.domain.errors import LeaseLost
from callcenter.domain.outreach import Call
from callcenter.enums import (
    Channel,
    ExclusionScope,
    ExclusionSource,
    NextStep,
    Outcome,
    Priority,
    Programme,
    Purpose,
    ReasonKind,
    RneEnforcement,
)
from callcenter.models import Attempt, ContactRules, Dial, Message, Outreach, Reason, Touch
from callcenter.roles import Role
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, CustomerFactory, OutreachFactory, SiteFactory, VehicleFactory

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def claim(agent, cal, at=MONDAY):
    return queue.claim_next(agent, at=at, calendar=cal)


@pytest.mark.django_db
def test_order_callbacks_then_retries_then_first_attempts_by_due_date(cal):
    first = OutreachFactory(due_at=MONDAY - 2 * DAY)
    retry = OutreachFactory(due_at=MONDAY - HOUR, priority=Priority.RETRY)
    due = OutreachFactory(due_at=MONDAY - HOUR, priority=Priority.CALLBACK, is_callback=True)
    overdue = OutreachFactory(due_at=MONDAY - DAY, priority=Priority.CALLBACK, is_callback=True)
    newer = OutreachFactory(due_at=MONDAY - HOUR)
    OutreachFactory(due_at=MONDAY + HOUR)
    served = [claim(person(Role.CALL_CENTER_AGENT), cal) for _ in range(6)]
    assert served == [overdue, due, retry, first, newer, None]


@pytest.mark.django_db
def test_asking_again_returns_the_same_customer(agent, cal):
    OutreachFactory.create_batch(2)
    assert claim(agent, cal) == claim(agent, cal)


@pytest.mark.django_db
def test_only_ones_own_site_brand_and_programme(cal):
    here, there = SiteFactory(code="a"), SiteFactory(code="b")
    kia = BrandFactory(code="kia", name="Kia")
    OutreachFactory(site=there)
    OutreachFactory(site=here, brand=kia)
    OutreachFactory(site=here, programme=Programme.RECOVERY)
    mine = OutreachFactory(site=here)
    agent = person(Role.CALL_CENTER_AGENT, all_sites=False, all_brands=False, programmes=[Programme.PROACTIVE])
    agent.sites.add(here)
    agent.brands.add(mine.brand)
    assert claim(agent, cal) == mine
    queue.release_all(agent)
    Outreach.objects.filter(pk=mine.pk).update(due_at=MONDAY + DAY)
    assert claim(agent, cal) is None


@pytest.mark.django_db
def test_one_person_is_with_one_agent(cal):
    first = OutreachFactory()
    OutreachFactory(customer=first.customer, vehicle=VehicleFactory(), phone=False)
    assert claim(person(Role.CALL_CENTER_AGENT), cal) == first
    assert claim(person(Role.CALL_CENTER_AGENT), cal) is None


@pytest.mark.django_db
def test_a_closed_browser_gives_the_customer_back(cal):
    row = OutreachFactory()
    claim(person(Role.CALL_CENTER_AGENT), cal)
    other = person(Role.CALL_CENTER_AGENT)
    assert claim(other, cal, MONDAY + queue.LEASE - timedelta(seconds=1)) is None
    assert claim(other, cal, MONDAY + queue.LEASE) == row


@pytest.mark.django_db
def test_the_heartbeat_keeps_the_lease(agent, cal):
    OutreachFactory()
    row = claim(agent, cal)
    assert queue.renew(row.pk, agent, fence=row.fence, at=MONDAY + timedelta(minutes=15))
    assert claim(person(Role.CALL_CENTER_AGENT), cal, MONDAY + timedelta(minutes=30)) is None
    assert not queue.renew(row.pk, agent, fence=row.fence + 1, at=MONDAY)


@pytest.mark.django_db
def test_a_personal_callback_is_its_agents_until_it_is_missed(agent, cal):
    row = OutreachFactory(is_callback=True, callback_for=agent, priority=Priority.CALLBACK, due_at=MONDAY)
    other = person(Role.CALL_CENTER_AGENT)
    assert claim(other, cal) is None
    assert claim(other, cal, MONDAY + verbs.MISSED_AFTER + timedelta(seconds=1)) == row


@pytest.mark.django_db
@pytest.mark.parametrize("at", [MONDAY.replace(hour=6), MONDAY.replace(hour=19), MONDAY + 6 * DAY])
def test_nobody_is_offered_outside_the_law(agent, cal, at):
    OutreachFactory(due_at=MONDAY - DAY)
    assert claim(agent, cal, at) is None


@pytest.mark.django_db
def test_many_blocked_heads_do_not_hide_a_callable_customer(agent, cal):
    for _ in range(queue.HEADS_PER_LANE + 5):
        row = OutreachFactory(due_at=MONDAY - 2 * DAY)
        row.customer.exclusions.create(scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, since=MONDAY)
    free = OutreachFactory(due_at=MONDAY - HOUR)
    assert claim(agent, cal) == free


@pytest.mark.django_db
def test_taking_a_customer_somebody_has_names_the_holder(agent, cal):
    row = OutreachFactory()
    holder = person(Role.CALL_CENTER_AGENT, first_name="Marta", last_name="Lozano")
    claim(holder, cal)
    with pytest.raises(LeaseLost, match="La tiene Marta Lozano"):
        queue.take(row.pk, agent, at=MONDAY, calendar=cal)


@pytest.mark.django_db
def test_skipping_leaves_a_trace_and_waits_for_tomorrow(agent, cal):
    row = OutreachFactory()
    held = claim(agent, cal)
    queue.skip(
        row.pk, agent, fence=held.fence, reason=Reason.objects.get(kind=ReasonKind.SKIP, code="MISSING_DATA"), at=MONDAY, calendar=cal
    )
    row.refresh_from_db()
    assert (row.leased_by, row.skips.get().agent) == (None, agent)
    assert row.due_at > MONDAY
    assert claim(agent, cal) is None


# -- the law in SQL is the law in Python -----------------------------------------------------------------------------


def past(rng, row, agent):
    """One random earlier contact of the person, unless the database forbids it."""
    at = MONDAY - rng.choice([0, 0, 3, 4, 7]) * DAY - rng.randint(0, 90) * timedelta(minutes=1)
    day = at.date()
    channel, purpose = rng.choice([Channel.VOICE, Channel.WHATSAPP]), rng.choice(list(Purpose))
    taken = Touch.objects.filter(customer=row.customer, purpose=Purpose.COMMERCIAL)
    if purpose == Purpose.COMMERCIAL and (taken.filter(day=day) or taken.filter(week=contact_law.monday_of(day)).exclude(channel=channel)):
        return
    message = Message.objects.create(
        body_hash="x",
        outreach=row,
        customer=row.customer,
        site=row.site,
        brand=row.brand,
        purpose=purpose,
        body="x",
        sent_by=agent,
        sent_at=at,
    )
    Touch.objects.create(
        customer=row.customer, channel=channel, purpose=purpose, at=at, day=day, week=contact_law.monday_of(day),
        is_effective=rng.random() < 0.5, message=message,
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("enforcement", [RneEnforcement.WARN, RneEnforcement.BLOCK])
@pytest.mark.parametrize("strict", [False, True])
def test_the_queue_offers_exactly_whom_the_rules_allow(agent, cal, enforcement, strict):
    ContactRules.objects.create(rne_enforcement=enforcement, is_strict=strict)
    rng, colleague = Random(2300), person(Role.CALL_CENTER_AGENT)
    rows = []
    for _ in range(120):
        purpose, callback = rng.choice([Purpose.COMMERCIAL, Purpose.SERVICE, Purpose.VERIFICATION]), rng.random() < 0.2
        row = OutreachFactory(customer=CustomerFactory(), purpose=purpose, is_callback=callback,
                              next_step=rng.choice([NextStep.CALL, NextStep.CALL, NextStep.WHATSAPP]))  # fmt: skip
        for _ in range(rng.randint(0, 3)):
            past(rng, row, agent)
        if rng.random() < 0.3:
            row.customer.exclusions.create(
                scope=rng.choice(list(ExclusionScope)), source=rng.choice(list(ExclusionSource)), since=MONDAY,
                channels=rng.choice([[], [Channel.VOICE], [Channel.WHATSAPP]]),
            )  # fmt: skip
        if rng.random() < 0.2:
            row.customer.holds.create(
                purpose=rng.choice([Purpose.COMMERCIAL, Purpose.SERVICE]), reason="Queja abierta", source="test", reference=str(row.pk),
                since=MONDAY - DAY, until=rng.choice([None, MONDAY - timedelta(hours=1), MONDAY + DAY]),
            )  # fmt: skip
        if rng.random() < 0.3:
            dialled = rng.choice([row, OutreachFactory(customer=row.customer, purpose=rng.choice(list(Purpose)), due_at=MONDAY + DAY,
                                                       is_callback=rng.random() < 0.3, phone=False)])  # fmt: skip
            Dial.objects.create(outreach=dialled, point=row.customer.points.first(), agent=rng.choice([agent, colleague]),
                                channel=rng.choice([Channel.VOICE, Channel.WHATSAPP]), at=MONDAY - rng.choice([HOUR, DAY]))  # fmt: skip
        if rng.random() < 0.5:
            row.customer.points.update(rne_checked_on=(MONDAY - rng.choice([1, 4, 12]) * DAY).date())
        rows.append(row)
    allowed = set()
    for row in rows:
        channel = Channel.WHATSAPP if row.next_step == NextStep.WHATSAPP else Channel.VOICE
        verdict = contact_law.check(
            ContactIntent(channel, row.contact_purpose, MONDAY), contact_law.load_history(row.customer_id, MONDAY, matter=row.pk, agent=agent.pk),
            calendar=cal, mode=contact_law.company_mode(),
        )  # fmt: skip
        if verdict.allowed:
            allowed.add(row.pk)
    offered = set()
    while (row := claim(agent, cal)) is not None:
        offered.add(row.pk)
        Outreach.objects.filter(pk=row.pk).update(leased_by=None, leased_at=None, lease_until=None, due_at=MONDAY + DAY)
    assert offered == allowed
    assert 10 < len(allowed) < 90


# -- races -----------------------------------------------------------------------------------------------------------


def together(count, work):
    """Runs `work(index)` in threads that start at the same instant; returns what each returned or raised."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(index):
        try:
            barrier.wait()
            results[index] = work(index)
        except Exception as error:  # noqa: BLE001 -- handed to the test
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_fifty_agents_never_get_the_same_customer(house, cal):
    agents = [person(Role.CALL_CENTER_AGENT) for _ in range(50)]
    site, brand = SiteFactory(code="norte"), BrandFactory()
    for _ in range(60):
        OutreachFactory(site=site, brand=brand)
    # Twenty more matters of ten people: a person is claimed once, too.
    for row in list(Outreach.objects.all()[:10]):
        OutreachFactory(site=site, brand=brand, customer=row.customer, phone=False)
    got = together(50, lambda index: claim(agents[index], cal))
    claimed = [row for row in got if isinstance(row, Outreach)]
    assert [error for error in got if isinstance(error, Exception)] == []
    assert len({row.pk for row in claimed}) == len(claimed) == 50
    assert len({row.customer_id for row in claimed}) == 50


def test_the_race_is_real_without_the_lock(house, cal):
    """The negative control: read-then-write without the claim's lock does hand one customer to two."""
    OutreachFactory()
    barrier = threading.Barrier(8)

    def naive(_index):
        row = Outreach.objects.filter(leased_by__isnull=True).order_by("due_at").first()
        barrier.wait()
        return row and row.pk

    assert len(set(together(8, naive))) == 1


def test_two_equal_posts_at_once_are_one_attempt(house, agent, cal):
    row = OutreachFactory()
    held = claim(agent, cal)
    call = Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=Reason.objects.get(kind="NO_CONTACT", code="BUSY"))
    results = together(6, lambda _index: verbs.record_attempt(row.pk, call, agent=agent, fence=held.fence, at=MONDAY, calendar=cal))
    assert [result.replayed for result in results].count(False) == 1
    assert Attempt.objects.count() == Touch.objects.count() == 1
