"""The doorbell: a ring claims one due row of PostgreSQL, works it, and rings again while there is work."""

import logging
import os
import signal
import threading
import time
from contextlib import contextmanager

import structlog
from celery import shared_task
from django.apps import apps
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from callcenter import clock
from callcenter.domain import (
    audit,
    campaigns,
    consent,
    data_requests,
    kept,
    matching,
    notices,
    outreach,
    queue,
    reminders,
    seals,
    supervision,
    tallies,
)
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.models import Pulse, Retention
from callcenter.models.work import LostLease, Work
from callcenter.whatsapp import outbox, webhook
from carrazos.lib.pulse import show_life

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 5
UNEXPECTED = "Falló por un error nuestro y quedó registrado. Se intenta de nuevo solo; si insiste, avise al administrador."


class Progress:
    """What a job tells about itself; the heartbeat thread writes it, outside the job's transaction."""

    def __init__(self) -> None:
        self.stage, self.done, self.total = "", 0, 0

    def __call__(self, stage: str, done: int = 0, total: int = 0) -> None:
        self.stage, self.done, self.total = stage, done, total


@contextmanager
def heartbeat(work: Work, progress: Progress):
    """Renews the lease while the work runs, on a connection of its own; a job that hangs ends with its process.

    The pool's own limit of time does not reach every child that replaced a dead one (reliability F10), so it is the second line.
    """
    over, end = threading.Event(), time.monotonic() + settings.JOB_SECONDS

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            if time.monotonic() > end:
                log.error("%s %s: no end after %s s", work._meta.label, work.pk, settings.JOB_SECONDS)
                os.kill(os.getpid(), signal.SIGKILL)
            work.keep(stage=progress.stage, progress=progress.done, total=progress.total)
            show_life(settings.PULSE_FILE)
        connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def run_one() -> bool:
    """Claims one due row of any kind and works it; False when there was none."""
    for label, path in settings.JOBS.items():
        model = apps.get_model(label)
        model.give_up_dead()
        work = model.claim()
        if work is not None:
            perform(work, path)
            return True
    return False


@contextmanager
def long_transaction(*, snapshot: bool = False):
    """A transaction whose statements may take minutes; with `snapshot`, every read in it is of one instant."""
    outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if snapshot and outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # A job also thinks between its statements: a book of many rows takes longer than a page may keep the server waiting.
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute("SELECT set_config(%s, %s, true)", [name, str(settings.JOB_STATEMENT_TIMEOUT_MS)])
        yield


def perform(work: Work, path: str) -> None:
    """Runs one claimed row: its effects and «done» commit together, or not at all.

    A job with a `read` function gets what that returned: it read one snapshot, whatever others wrote meanwhile. What then
    takes long and reads nothing more (drawing a PDF) is its `draw`: between the snapshot and the effects, in no transaction.
    A job whose effects leave the database (a message) commits by itself, step by step.
    """
    progress = Progress()
    job = import_string(path)
    structlog.contextvars.bind_contextvars(job=f"{work._meta.label} {work.pk}")
    try:
        with heartbeat(work, progress):
            if work.commits_itself:
                job(work, progress)
                return
            found = ()
            if read := getattr(job, "read", None):
                with long_transaction(snapshot=True):
                    found = (read(work, progress),)
                if draw := getattr(job, "draw", None):
                    found = (draw(work, progress, *found),)
            with long_transaction():
                audit.act_as(work.actor_id, f"{work._meta.label} {work.pk}", local=True)
                job(work, progress, *found)
                work.finish()
    except LostLease:
        log.warning("%s %s: another worker has it", work._meta.label, work.pk)
    except Refused as refusal:
        work.fail(str(refusal), final=True)
    except Exception:
        log.exception("%s %s failed", work._meta.label, work.pk)
        work.fail(UNEXPECTED, final=False)


@shared_task(name="callcenter.ring")
def ring() -> None:
    """One ring of the doorbell."""
    close_old_connections()
    found = run_one()
    Pulse.objects.update_or_create(name="worker", defaults={"at": timezone.now()})
    show_life(settings.PULSE_FILE)
    if found:
        ring.apply_async(expires=60, retry=False)


@shared_task(name="callcenter.release_leases")
def release_leases() -> None:
    queue.release_expired(clock.now())


@shared_task(name="callcenter.fold_tallies")
def fold_tallies() -> None:
    tallies.fold()


@shared_task(name="callcenter.sweep_messages")
def sweep_messages() -> None:
    outbox.sweep(clock.now(), calendar=company_calendar())


@shared_task(name="callcenter.follow_appointments")
def follow_appointments() -> None:
    """Kept by proof, calls of the day before and after, messages of Meta's line."""
    at = clock.now()
    kept.reconcile(at)
    reminders.open_queues(at, company_calendar())
    reminders.queue_messages(at)


@shared_task(name="callcenter.purge_webhooks")
def purge_webhooks() -> None:
    webhook.purge(timezone.now())


@shared_task(name="callcenter.close_unanswered")
def close_unanswered() -> None:
    """What nobody answered in time, and what a call kept that the customer refused meanwhile."""
    at = clock.now()
    outreach.close_unanswered(at)
    consent.withdraw_left(at)


@shared_task(name="callcenter.close_campaigns")
def close_campaigns() -> None:
    campaigns.close_over(clock.today())


@shared_task(name="callcenter.tell_people")
def tell_people() -> None:
    """Warnings of documents that expire, and the digest of unread notices in working hours."""
    at = clock.now()
    notices.warn_of_expiry(clock.today(), at=at)
    notices.digest(at, company_calendar())


@shared_task(name="callcenter.raise_alarms")
def raise_alarms() -> None:
    """What crossed a limit goes to who supervises, without their having to look."""
    supervision.raise_alarms(clock.now(), company_calendar())


@shared_task(name="callcenter.scan_duplicates")
def scan_duplicates() -> None:
    matching.ask_scan(by=None, at=clock.now())


@shared_task(name="callcenter.retire")
def retire() -> None:
    """The night's round over what is past its term: one row a day, whoever rings."""
    now = timezone.now()
    Retention.objects.get_or_create(day=clock.today(), defaults={"created_at": now, "due_at": now})
    data_requests.withdraw_forgotten(clock.today())


@shared_task(name="callcenter.seal_trail")
def seal_trail() -> None:
    """Each hour the new part of the audit trail is sealed; at dawn all of it is checked against its seals."""
    seals.seal(timezone.now())


@shared_task(name="callcenter.verify_trail")
def verify_trail() -> None:
    seals.verify(timezone.now())
