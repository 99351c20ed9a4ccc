"""The doorbell: a ring claims one due row of PostgreSQL, works it, and rings again while there is work."""

import logging
import threading
from contextlib import contextmanager

from celery import shared_task
from django.apps import apps
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from callcenter import clock
from callcenter.domain import outreach, queue
from callcenter.domain.errors import Refused
from callcenter.models import Pulse
from callcenter.models.work import LostLease, Work

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
    """Renews the lease while the work runs, on a connection of its own."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            work.keep(stage=progress.stage, progress=progress.done, total=progress.total)
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


def perform(work: Work, path: str) -> None:
    """Runs one claimed row: its effects and «done» commit together, or not at all."""
    progress = Progress()
    try:
        with heartbeat(work, progress), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(settings.JOB_STATEMENT_TIMEOUT_MS)])
            import_string(path)(work, progress)
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
    if found:
        ring.apply_async(expires=60, retry=False)


@shared_task(name="callcenter.release_leases")
def release_leases() -> None:
    queue.release_expired(clock.now())


@shared_task(name="callcenter.close_unanswered")
def close_unanswered() -> None:
    outreach.close_unanswered(clock.now())
