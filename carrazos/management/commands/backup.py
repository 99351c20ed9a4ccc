"""`manage.py backup`: the database in one encrypted file, and beside it every stored file that is new."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from callcenter.models import Pulse
from carrazos import backups

KEEP, DAYS = 30, 30


class Command(BaseCommand):
    help = "Hace una copia cifrada de la base y de los archivos."

    def add_arguments(self, parser):
        parser.add_argument("--to", type=Path, default=Path(settings.STATE_ROOT) / "backups", help="carpeta de las copias")
        parser.add_argument("--keep", type=int, default=KEEP, help="cuántas copias se conservan")
        parser.add_argument("--days", type=int, default=DAYS, help="de cuántos días se conserva además la última")

    def handle(self, *, to: Path, keep: int, days: int, **options):
        if not settings.BACKUP_RECIPIENT:
            raise CommandError("Falta BACKUP_RECIPIENT: la clave pública de age con la que se cifra (age-keygen la crea).")
        try:
            made = backups.make(to, recipient=settings.BACKUP_RECIPIENT, at=timezone.now())
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        backups.forget_old(to, keep=keep, days=days)
        Pulse.objects.update_or_create(name="backup", defaults={"at": timezone.now()})
        self.stdout.write(f"{made} ({made.stat().st_size // 1024} KB)")
