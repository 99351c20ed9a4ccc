"""Jobs as rows: claimed once, counted before they start, finished under their fence, given up after three."""

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
