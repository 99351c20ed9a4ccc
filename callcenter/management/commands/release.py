"""What a new version needs before it serves: tables, cache, functions, catalogue, static files. Safe to run twice."""

import hashlib
import time
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from callcenter.domain import grants

LOCK_TIMEOUT, TURNS, PAUSE_SECONDS = "2s", 30, 2


class Command(BaseCommand):
    help = "Prepara la base y los archivos para esta versión."

    def handle(self, **options):
        self.migrate()
        call_command("createcachetable")
        call_command("sync_roles")
        call_command("load_catalogue")
        if settings.APP_DATABASE_ROLE:
            grants.grant_to(settings.APP_DATABASE_ROLE)
        self.collect_static()

    def migrate(self) -> None:
        """Never makes the others wait longer than LOCK_TIMEOUT for a table: gives up, lets them pass, and tries again."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', '0', false)", [LOCK_TIMEOUT])
        for turn in range(1, TURNS + 1):
            try:
                call_command("migrate", verbosity=0)
                return
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable) or turn == TURNS:
                    raise
                self.stderr.write(f"Una tabla está ocupada: se intenta de nuevo ({turn} de {TURNS}).")
                time.sleep(PAUSE_SECONDS)

    def collect_static(self) -> None:
        """Collects and compresses only when a static file changed: it is the slowest step of a start."""
        stamp, now = Path(settings.STATIC_ROOT) / ".stamp", static_digest()
        if not stamp.exists() or stamp.read_text() != now:
            call_command("collectstatic", interactive=False, verbosity=0)
            stamp.write_text(now)


def static_digest() -> str:
    """Names, sizes and times of every static file."""
    found = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            found.update(f"{path}|{facts.st_size}|{facts.st_mtime_ns}\n".encode())
    return found.hexdigest()
