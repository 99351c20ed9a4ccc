"""What a new version needs before it serves: tables, cache, functions, catalogue, static files. Safe to run twice."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from callcenter.domain import grants


class Command(BaseCommand):
    help = "Prepara la base y los archivos para esta versión."

    def handle(self, **options):
        call_command("migrate", verbosity=0)
        call_command("createcachetable")
        call_command("sync_roles")
        call_command("load_catalogue")
        if settings.APP_DATABASE_ROLE:
            grants.grant_to(settings.APP_DATABASE_ROLE)
        self.collect_static()

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
