"""F17, F18: a report whose worker is killed at any of its steps, and two hundred months counted three ways."""

import io
import os
import random
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from pypdf import PdfReader

from callcenter.domain import orphans
from callcenter.models import Attempt, Mail
from callcenter.roles import Role
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.periods import Month
from reports.domain import editions, indicators
from reports.models import Delivery, Edition
from tests.callcenter.spiga.test_proactive_feed import database_url
from tests.conftest import person
from tests.factories import OutreachFactory, SiteFactory

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
NOW = datetime(2026, 12, 2, 9, tzinfo=BOGOTA)
FSYNC = "carrazos.storage.os.fsync"
BUILDING, APPROVED, SENT = "preparar", "aprobar", "enviar"
POINTS = [
    (BUILDING, "reports.render.pdf.html", 1), (BUILDING, "reports.render.xlsx.workbook", 1), (BUILDING, "reports.render.pdf.draw", 1),
    (BUILDING, FSYNC, 1), (BUILDING, FSYNC, 2), (BUILDING, FSYNC, 3), (BUILDING, "reports.domain.editions.tell_reviewers", 1),
    (BUILDING, "callcenter.models.work.Work.finish", 1),
    (APPROVED, "reports.render.xlsx.with_texts", 1), (APPROVED, FSYNC, 2), (APPROVED, "callcenter.models.work.Work.finish", 1),
    (SENT, "callcenter.domain.mail.post", 1), (SENT, "callcenter.domain.mail.post", 2), (SENT, "callcenter.models.work.Work.finish", 1),
]  # fmt: skip


def worker(*words: str) -> int:
    environment = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.run(
        [sys.executable, "-m", "tests.nightly.mortal", *words], env=environment, cwd=settings.ROOT, timeout=120
    ).returncode


def worked(killed_at: tuple[str, int] | None) -> None:
    """The rows that wait, by a worker that dies on the way when asked to, and then by one that does not."""
    if killed_at:
        assert worker(killed_at[0], str(killed_at[1])) == -9
        for model in (Edition, Delivery, Mail):
            model.objects.filter(work_state="RUNNING").update(lease_until=timezone.now())
    assert worker() == 0


def files_of(row: Edition) -> dict[str, bytes]:
    row.refresh_from_db()
    return {name: Path(getattr(row, name).path).read_bytes() for name in ("page", "pdf", "workbook")}


@pytest.mark.parametrize(("step", "place", "call"), POINTS)
def test_f17_killed_anywhere_the_report_is_whole_and_sent_once(house, step, place, call, figure):
    SiteFactory()
    reviewer, approver = person(Role.AFTERSALES_DIRECTOR), person(Role.AFTERSALES_MANAGER)
    old = editions.prepare("GSC-FOR-09", OCTOBER, by=reviewer, at=NOW)
    worked(None)
    before = files_of(old)
    row, dies = editions.prepare("GSC-FOR-09", NOVEMBER, by=reviewer, at=NOW), (place, call)
    worked(dies if step == BUILDING else None)
    row.refresh_from_db()
    assert (row.state, row.work_state, len(row.sha256)) == ("PREPARED", "DONE", 64)
    editions.review(row.pk, by=reviewer, comment="Análisis", strategies="Estrategia", at=NOW)
    editions.approve(row.pk, by=approver, at=NOW)
    worked(dies if step == APPROVED else None)
    editions.send(row.pk, by=approver, at=NOW)
    worked(dies if step == SENT else None)
    row.refresh_from_db()
    sent = Delivery.objects.filter(edition=row)
    orphans.sweep(timezone.now() + timedelta(days=2))
    left = {f"editions/{name}" for name in default_storage.listdir("editions")[1]}
    named = {file.name for edition in (old, row) for file in (edition.page, edition.pdf, edition.workbook)}
    figure(
        "F17", f"muere al {step}: {place.rpartition('.')[2]} n.º {call}; correos por destinatario", f"{Mail.objects.count()}/{sent.count()}"
    )
    assert row.state == "SENT"
    assert files_of(old) == before
    assert "Estrategia" in "".join(page.extract_text() for page in PdfReader(io.BytesIO(files_of(row)["pdf"])).pages)
    assert sent.count() == Mail.objects.count() == Mail.objects.filter(sent_at__isnull=False).count() == 2
    assert left == named


def attempt_of(row, agent, day, pick):
    """One call of that day; one in ten was undone and does not count."""
    at = datetime(day.year, day.month, day.day, pick.choice([0, 9, 15, 23]), 59, tzinfo=BOGOTA)
    return Attempt(outreach=row, number=1, agent=agent, outcome="BOOKED", is_contact=pick.random() < 0.4, started_at=at, at=at, day=day,
                   undone_at=at if pick.random() < 0.1 else None)  # fmt: skip


def test_f18_two_hundred_months_counted_three_ways(db, figure):
    """Random months of calls: the indicator's SQL, Python over the rows, and the sum of the days are one figure."""
    pick, rows, seen = random.Random(18), OutreachFactory.create_batch(60), 0
    agent = person(Role.CALL_CENTER_AGENT)
    for _ in range(200):
        month = Month(pick.randint(2020, 2026), pick.randint(1, 12))
        with transaction.atomic():
            made = [attempt_of(row, agent, month.first + timedelta(days=pick.randint(-2, 32)), pick)
                    for row in pick.sample(rows, pick.randint(0, len(rows)))]  # fmt: skip
            Attempt.objects.bulk_create(made)
            events = [row for row in made if Month.of(row.day) == month and row.undone_at is None]
            read = indicators.readings([month], viewer=None, at=NOW + timedelta(days=60))["IND-01"][0].figure
            days = [month.first + timedelta(days=n) for n in range((month.last - month.first).days + 1)]
            by_day = indicators.metrics.calls_by_day(indicators.Slice.of(month), days)
            assert read.hits == sum(row.is_contact for row in events) == sum(day.contacts for _, day in by_day)
            assert read.total == len(events) == sum(day.attempts for _, day in by_day)
            seen += len(events)
            transaction.set_rollback(True)
    figure("F18", "meses iguales contados de tres maneras (intentos en ellos)", f"200 ({seen})")
