"""Jobs as rows: claimed once, counted before they start, finished under their fence, given up after three."""

import contextlib
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from callcenter import tasks
from callcenter.domain import mail
from callcenter.domain.errors import Refused
from callcenter.enums import WorkState
from callcenter.models.work import BACK_OFF, MAX_ATTEMPTS, LostLease
from reports.models import ReportRun
from tests.factories import UserFactory


def queued(**more):
    return ReportRun.objects.create(code="GSC-FOR-09", period="2026-10", format="xlsx", key=uuid.uuid4(), **more)


def again(row):
    row.refresh_from_db()
    return row


def expire(row):
    ReportRun.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_a_row_is_claimed_once_and_counted_first():
    row = queued()
    claimed = ReportRun.claim()
    assert (claimed, claimed.attempts, claimed.fence, claimed.work_state) == (row, 1, 1, WorkState.RUNNING)
    assert ReportRun.claim() is None


@pytest.mark.django_db
def test_a_row_for_later_waits():
    queued(due_at=timezone.now() + timedelta(minutes=1))
    assert ReportRun.claim() is None


@pytest.mark.django_db
def test_the_row_of_a_dead_worker_is_claimed_again_and_the_ghost_can_not_finish():
    row = queued()
    ghost = ReportRun.claim()
    expire(row)
    second = ReportRun.claim()
    assert (second.attempts, second.fence) == (2, 2)
    with pytest.raises(LostLease):
        ghost.finish()
    assert not ghost.keep(stage="", progress=0, total=0)
    assert second.keep(stage="a medias", progress=1, total=2)


@pytest.mark.django_db
def test_a_row_that_kills_its_worker_stops_after_three():
    row = queued()
    for _ in range(MAX_ATTEMPTS):
        assert ReportRun.claim()
        expire(row)
    assert ReportRun.claim() is None
    assert ReportRun.give_up_dead() == 1
    assert again(row).work_state == WorkState.FAILED
    assert "3 veces" in row.error


@pytest.mark.django_db
def test_an_unexpected_failure_is_tried_again_after_a_pause():
    row = queued()
    claimed = ReportRun.claim()
    claimed.fail("x", final=False)
    again(row)
    assert row.work_state == WorkState.QUEUED
    assert timedelta(0) < row.due_at - timezone.now() <= BACK_OFF[0]


def does(monkeypatch, work):
    monkeypatch.setattr(tasks, "import_string", lambda _path: work)


@pytest.mark.django_db
def test_effects_and_done_commit_together(monkeypatch):
    row = queued()

    def half(work, report):
        ReportRun.objects.filter(pk=work.pk).update(rows=7)
        raise RuntimeError("roto")

    does(monkeypatch, half)
    assert tasks.run_one()
    assert (again(row).rows, row.work_state) == (0, WorkState.QUEUED)
    assert "roto" not in row.error


@pytest.mark.django_db
def test_a_refusal_is_shown_and_not_repeated(monkeypatch):
    row = queued()

    def refuses(work, report):
        raise Refused("Falta el listado de octubre.")

    does(monkeypatch, refuses)
    tasks.run_one()
    assert (again(row).work_state, row.error) == (WorkState.FAILED, "Falta el listado de octubre.")


def test_eight_workers_share_ten_rows(house):
    for _ in range(10):
        queued()
    claimed = []

    def work():
        while row := ReportRun.claim():
            claimed.append(row.pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 10


@pytest.mark.django_db(transaction=True)
def test_a_mail_is_written_once_and_keeps_its_message_id(mailoutbox):
    first = mail.post("corte-1:asesor-7", ["a@carrazos.example"], "Pendientes\nde hoy", "Tres actividades.", cc=["g@carrazos.example"])
    again = mail.post("corte-1:asesor-7", ["otro@carrazos.example"], "Otro", "Otro")
    assert (first.pk, again.to) == (again.pk, ["a@carrazos.example"])
    while tasks.run_one():
        pass
    (sent,) = mailoutbox
    assert (sent.subject, sent.to, sent.cc) == ("Pendientes de hoy", ["a@carrazos.example"], ["g@carrazos.example"])
    assert sent.extra_headers["Message-ID"] == mail.message_id(first)
    first.refresh_from_db()
    assert first.sent_at is not None


@pytest.mark.django_db
def test_s27_fifty_of_one_person_run_one_at_a_time_and_the_other_goes_between():
    """A person's own load delays that person: the colleague who asks last is second, whatever the number of workers."""
    busy, quick = UserFactory(), UserFactory()
    for _ in range(50):
        queued(requested_by=busy)
    late = queued(requested_by=quick)
    first = ReportRun.claim()
    assert (first.requested_by, ReportRun.claim(), ReportRun.claim()) == (busy, late, None)
    ReportRun.objects.filter(pk__in=[first.pk, late.pk]).update(work_state=WorkState.DONE, sha256="x", started_at=timezone.now())
    later = queued(requested_by=quick)
    ReportRun.objects.filter(pk=late.pk).update(started_at=timezone.now() - timedelta(minutes=1))
    assert ReportRun.claim() == later  # who was served longer ago goes first
    assert ReportRun.claim().requested_by == busy


def test_s27_eight_workers_never_hold_two_of_one_person(house):
    busy = UserFactory()
    for _ in range(20):
        queued(requested_by=busy)
    gate, held = threading.Barrier(8), []

    def work():
        gate.wait()
        held.append(ReportRun.claim())
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([row for row in held if row]) == 1


@pytest.mark.django_db
def test_s27_without_the_turn_one_person_takes_every_worker(monkeypatch):
    """The negative control."""
    monkeypatch.setattr(ReportRun, "one_each", False)
    monkeypatch.setattr(ReportRun._meta, "constraints", [])
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX report_one_each")
    busy, quick = UserFactory(), UserFactory()
    for _ in range(3):
        queued(requested_by=busy)
    queued(requested_by=quick)
    assert {ReportRun.claim().requested_by for _ in range(3)} == {busy}


@pytest.mark.django_db
@pytest.mark.parametrize("death", ["raises", "refuses", "dies"])
def test_f10_a_job_that_can_not_be_done_stops_and_the_queue_behind_it_goes_on(death, monkeypatch):
    """Three attempts at most, a reason that a person can read, and the next row is not kept waiting by it."""
    poison, behind = queued(), queued()

    def work(row, report):
        if row.pk != poison.pk:
            row.sha256 = "x"
            ReportRun.objects.filter(pk=row.pk).update(sha256="x")
        elif death == "raises":
            raise ValueError("roto")
        elif death == "refuses":
            raise Refused("Falta el listado.")
        else:
            raise SystemExit  # what a killed process leaves: neither done nor failed

    does(monkeypatch, work)
    for _ in range(8):
        with contextlib.suppress(SystemExit):
            tasks.run_one()
        ReportRun.objects.filter(pk=poison.pk).update(due_at=timezone.now(), lease_until=timezone.now() - timedelta(seconds=1))
    assert again(behind).work_state == WorkState.DONE
    assert again(poison).work_state == WorkState.FAILED
    assert poison.attempts == {"raises": 3, "refuses": 1, "dies": 3}[death]
    assert poison.error.endswith(".")
    assert behind.attempts == 1
