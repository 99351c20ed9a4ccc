"""F5, F6: `kill -9` in mid import leaves nothing half done, and six people with one file are one import."""

import os
import random
import signal
import subprocess
import sys
import threading
import time

from django.conf import settings
from django.db import connection
from django.utils import timezone

from callcenter import tasks
from callcenter.enums import BatchStatus, WorkState
from callcenter.feeds import ProactiveFeed
from callcenter.models import ContactPoint, Customer, ImportBatch, Motive, Outreach, Vehicle
from callcenter.roles import Role
from callcenter.spiga import pipeline, undo
from tests.bench import spiga_files
from tests.callcenter.spiga.files import csv_bytes, row
from tests.callcenter.spiga.test_proactive_feed import database_url
from tests.conftest import person
from tests.factories import MONDAY, SiteFactory

WORKER = """
import django; django.setup()
from callcenter import tasks
print("listo", flush=True)
while tasks.run_one():
    pass
"""
MODELS = (Customer, Vehicle, ContactPoint, Outreach, Motive)


def counts():
    return [model.objects.count() for model in MODELS]


def worker():
    environment = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    child = subprocess.Popen(
        [sys.executable, "-c", WORKER], env=environment, cwd=settings.ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    child.stdout.readline()
    return child


def survive(folder, *, rounds, rows):
    """Kills a worker in mid import of so many rows until `rounds` kills met it running, then lets another finish; how many were met."""
    SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    path = folder / "lista.csv"
    spiga_files.write(path, rows)
    batch = pipeline.receive("proactive", path.read_bytes(), path.name, by=None, site=None, at=MONDAY, repeat=True)
    start = time.perf_counter()
    assert tasks.run_one()
    took = time.perf_counter() - start
    batch.refresh_from_db()
    promised = batch.counts
    assert (batch.status, promised["read"]) == (BatchStatus.CHECKED, rows)
    rng, killed = random.Random(5), 0
    for _ in range(4 * rounds):
        if killed == rounds:
            break
        ImportBatch.objects.update(
            status=BatchStatus.APPLYING, work_state=WorkState.QUEUED, attempts=0, due_at=timezone.now(), lease_until=None
        )
        killed += kill_one(rng.random() * took)
        wait_for_the_dead()
        batch.refresh_from_db()
        if batch.status == BatchStatus.APPLIED:  # it was faster than the kill: everything goes, and another round
            undo.take_back(batch, ProactiveFeed, at=batch.applied_at, report=pipeline.silent)
        assert counts() == [0] * len(MODELS)
    # The dead worker's lease runs out and its attempt counts: another takes the work.
    ImportBatch.objects.update(status=BatchStatus.APPLYING, work_state=WorkState.RUNNING, attempts=1, lease_until=timezone.now())
    assert tasks.run_one()
    batch.refresh_from_db()
    assert (batch.status, batch.work_state, batch.counts) == (BatchStatus.APPLIED, WorkState.DONE, promised)
    assert Outreach.objects.count() == promised["created"]
    assert Customer.objects.values("document_key").distinct().count() == Customer.objects.count()
    assert not tasks.run_one()
    return killed


def kill_one(after):
    """Ends a worker so many seconds after it began; whether it was in the middle of the import."""
    child = worker()
    time.sleep(after)
    child.send_signal(signal.SIGSTOP)  # so that what is asked and what is killed are the same instant
    met = ImportBatch.objects.filter(status=BatchStatus.APPLYING, work_state=WorkState.RUNNING).exists()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    return met


def wait_for_the_dead():
    """The server notices a dead client when it next speaks to it; until then its transaction may stand."""
    with connection.cursor() as cursor:
        for _ in range(100):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
                " AND pid <> pg_backend_pid() AND state <> 'idle'"
            )
            if not cursor.fetchone()[0]:
                return
            time.sleep(0.1)


def test_three_kills_leave_nothing_half_done(house, monday, tmp_path):
    assert survive(tmp_path, rounds=3, rows=4_000) == 3


def test_six_people_with_one_file_are_one_import(house, monday):
    SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    data, found, ready = csv_bytes([row(101), row(102)]), [], threading.Barrier(6)
    people = [person(Role.CALL_CENTER_AGENT) for _ in range(6)]

    def upload(user):
        ready.wait()
        found.append(pipeline.receive("proactive", data, f"copia de {user}.csv", by=user, site=None, at=MONDAY).pk)
        connection.close()

    threads = [threading.Thread(target=upload, args=[user]) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found)), ImportBatch.objects.count()) == (6, 1, 1)
    batch = ImportBatch.objects.get()
    while tasks.run_one():
        pass
    pipeline.confirm(batch.pk, by=people[0])
    while tasks.run_one():
        pass
    assert counts()[3] == 2


def test_overlapping_files_at_once_double_nobody(house, monday):
    """Two workers, two lists that share two customers."""
    SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    for rows, name in (([row(101), row(102), row(103)], "a"), ([row(102), row(103), row(104)], "b")):
        batch = pipeline.receive("proactive", csv_bytes(rows), name, by=None, site=None, at=MONDAY, repeat=True)
        ImportBatch.objects.filter(pk=batch.pk).update(status=BatchStatus.APPLYING, due_at=timezone.now())

    def work():
        while tasks.run_one():
            pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(ImportBatch.objects.values_list("status", flat=True)) == {BatchStatus.APPLIED}
    assert (Customer.objects.count(), Vehicle.objects.count(), Outreach.objects.count()) == (4, 4, 4)
