"""F1, F9: many at once, one wins; without the lock they would not."""

import threading
from collections import Counter

import pytest
from django.db import connection, transaction

from callcenter import tasks
from callcenter.domain import queue
from callcenter.models import Outreach, Retention
from callcenter.roles import Role
from carrazos.lib.calendar import national
from tests.conftest import person
from tests.factories import MONDAY, OutreachFactory, SiteFactory
from tests.faults.test_lease import walk

AGENTS, CUSTOMERS = 40, 400


def at_once(works):
    gate = threading.Barrier(len(works))

    def run(work):
        gate.wait()
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def naive(agent):
    """What the queue must not be: read, then write."""
    row = Outreach.objects.open().free().in_queue_order().first()
    Outreach.objects.filter(pk=row.pk).update(note=agent.username)
    return row


def settled(agent):
    return queue.claim_next(agent, at=MONDAY, calendar=national())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("claim", "is_safe"), [(settled, True), (naive, False)], ids=["la cola", "sin reclamo"])
def test_f1_nobody_is_claimed_twice(house, monday, claim, is_safe, figure):
    site = SiteFactory(code="norte")
    OutreachFactory.create_batch(CUSTOMERS, site=site)
    agents = [person(Role.CALL_CENTER_AGENT) for _ in range(AGENTS)]
    taken, guard = Counter(), threading.Lock()

    def work(agent):
        def go():
            row = claim(agent)
            with guard:
                taken[row.pk] += 1

        return go

    at_once([work(agent) for agent in agents])
    doubles = sum(count - 1 for count in taken.values())
    figure("F1", f"dobles con {AGENTS} agentes a la vez, {'con' if is_safe else 'SIN'} el reclamo", doubles)
    assert (doubles == 0) is is_safe


@pytest.mark.django_db(transaction=True)
def test_f9_two_beats_make_one_round(house, figure):
    at_once([tasks.retire] * 8)
    figure("F9", "rondas de la noche con 8 llamados a la vez", Retention.objects.count())
    assert Retention.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
def test_f4_five_hundred_walks(cal, figure):
    for seed in range(500):
        with transaction.atomic():
            walk(seed, cal)
            transaction.set_rollback(True)
    figure("F4", "caminos al azar de reservas, sin dos dueños", 500)
