"""F3, F4: a customer in somebody's hands: one holder, one valid fence, one outcome for one form, whatever the order of things."""

import uuid
from datetime import timedelta
from random import Random

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from callcenter.domain import outreach as verbs
from callcenter.domain import queue
from callcenter.domain.errors import Conflict, LeaseLost, NotAllowedNow, Refused
from callcenter.domain.outreach import Call
from callcenter.enums import Outcome
from callcenter.models import Attempt, Outreach, Reason
from callcenter.roles import Role
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, OutreachFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
MINUTE = timedelta(minutes=1)


class Walk:
    """Three agents, four matters of three people, and whatever may happen between them in some order."""

    def __init__(self, seed: int, cal):
        self.pick, self.cal, self.at = Random(seed), cal, MONDAY
        self.agents = [person(Role.CALL_CENTER_AGENT) for _ in range(3)]
        shared = CustomerFactory()
        self.rows = [OutreachFactory(customer=shared), OutreachFactory(customer=shared, phone=False), *OutreachFactory.create_batch(2)]
        self.seen: list[tuple[int, int, int]] = []  # (row, agent, fence) of every hold that ever was
        self.written = 0

    def holds(self):
        return list(
            Outreach.objects.filter(leased_by__isnull=False).values_list("pk", "leased_by_id", "fence", "lease_until", "customer_id")
        )

    def step(self):
        verb = self.pick.choice(
            (self.claim, self.claim, self.take, self.renew, self.finish, self.finish, self.hand_over, self.wait, self.expire)
        )
        try:
            verb(self.pick.choice(self.agents))
        except (LeaseLost, Refused, NotAllowedNow, Conflict):
            pass
        self.seen += [(pk, agent, fence) for pk, agent, fence, *_ in self.holds() if (pk, agent, fence) not in self.seen]
        self.check()

    def claim(self, agent):
        queue.claim_next(agent, at=self.at, calendar=self.cal)

    def take(self, agent):
        queue.take(self.pick.choice(self.rows).pk, agent, at=self.at, calendar=self.cal)

    def some_hold(self, agent):
        """Any fence the agent ever had: a page may be as old as it likes."""
        return self.pick.choice([hold for hold in self.seen if hold[1] == agent.pk] or [(self.rows[0].pk, agent.pk, 99)])

    def renew(self, agent):
        pk, _, fence = self.some_hold(agent)
        kept = queue.renew(pk, agent, fence=fence, at=self.at)
        assert kept is Outreach.objects.filter(pk=pk, leased_by=agent, fence=fence).exists()

    def finish(self, agent):
        pk, _, fence = self.some_hold(agent)
        valid = Outreach.objects.filter(pk=pk, leased_by=agent, fence=fence).exists()
        call = Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=Reason.objects.get(kind="NO_CONTACT", code="BUSY"))
        before = Attempt.objects.count()
        try:
            verbs.record_attempt(pk, call, agent=agent, fence=fence, at=self.at, calendar=self.cal)
        finally:
            made = Attempt.objects.count() - before
            assert made == 0 or valid, "a late writer left an outcome"
            self.written += made

    def hand_over(self, agent):
        pk, _, fence = self.some_hold(agent)
        queue.transfer(pk, agent, fence=fence, to=self.pick.choice(self.agents), note="sigue usted", at=self.at)

    def wait(self, _agent):
        self.at += self.pick.choice((MINUTE, 10 * MINUTE, queue.LEASE))

    def expire(self, _agent):
        queue.release_expired(self.at)

    def check(self):
        live = self.holds()
        assert len({agent for _, agent, *_ in live}) == len(live), "an agent holds two"
        assert len({customer for *_, customer in live}) == len(live), "a person is with two agents"
        newest = {}
        for pk, agent, fence in self.seen:
            assert newest.setdefault((pk, fence), agent) == agent, "one fence was two people's"
        assert Attempt.objects.count() == self.written


def walk(seed: int, cal, steps: int = 24) -> None:
    journey = Walk(seed, cal)
    for _ in range(steps):
        journey.step()


def walks(seeds, cal) -> None:
    for seed in seeds:
        walk(seed, cal)


@pytest.mark.parametrize("seed", range(12))
def test_f4_no_order_of_things_gives_two_holders(seed, cal):
    walk(seed, cal)


def test_f4_the_walk_notices_a_writer_whose_fence_nobody_asks_for(cal, monkeypatch):
    """The negative control: whoever comes writes with the fence of whoever holds."""
    real = verbs.record_attempt

    def unfenced(pk, call, *, agent, fence, **more):
        holder = Outreach.objects.select_related("leased_by").get(pk=pk)
        return real(pk, call, agent=holder.leased_by or agent, fence=holder.fence, **more)

    monkeypatch.setattr(verbs, "record_attempt", unfenced)
    with pytest.raises(AssertionError):
        walks(range(12), cal)


# -- F3 --------------------------------------------------------------------------------------------------------------


def post(client, held, key, **more):
    data = {"key": str(key), "fence": held.fence, "outcome": "NO_CONTACT:BUSY"} | more
    return client.post(f"/cola/{held.pk}/resultado/", data, headers={"HX-Request": "true"})


@pytest.fixture
def page(client, agent, cal):
    OutreachFactory.create_batch(2)
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    client.force_login(agent)
    return client, held


def test_f3_a_lost_answer_repeated_is_the_same_outcome(page):
    client, held = page
    key = uuid.uuid4()
    first, again = post(client, held, key), post(client, held, key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert Attempt.objects.count() == 1


def test_f3_the_same_key_with_other_words_or_another_person_is_a_conflict(page):
    client, held = page
    key = uuid.uuid4()
    post(client, held, key)
    assert post(client, held, key, note="otra cosa").status_code == 409
    stranger = Client()
    stranger.force_login(person(Role.CALL_CENTER_AGENT))
    assert post(stranger, held, key).status_code == 409
    assert Attempt.objects.count() == 1


def test_f3_what_was_missing_is_mended_under_the_same_key(page):
    client, held = page
    key = uuid.uuid4()
    assert post(client, held, key, outcome="NO_CONTACT:OTHER").status_code == 422
    assert post(client, held, key, outcome="NO_CONTACT:OTHER", note="Contestó un niño").status_code == 200
    assert Attempt.objects.get().note == "Contestó un niño"


def test_f3_a_replay_costs_next_to_nothing(agent, cal):
    OutreachFactory()
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    call = Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=Reason.objects.get(kind="NO_CONTACT", code="BUSY"))
    verbs.record_attempt(held.pk, call, agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    with CaptureQueriesContext(connection) as queries:
        assert verbs.record_attempt(held.pk, call, agent=agent, fence=held.fence, at=MONDAY, calendar=cal).replayed
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) <= 5
