"""`manage.py restore FILE --identity KEY`: into an empty database and folder; with `--drill`, beside what runs, only to prove it."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from carrazos import backups


class Command(BaseCommand):
    help = "Restaura una copia en una base vacía, o la prueba sin tocar nada (--drill)."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--identity", type=Path, required=True, help="archivo con la clave privada de age")
        parser.add_argument("--drill", action="store_true", help="restaura en una base de paso, compara y la borra")

    def handle(self, *, file: Path, identity: Path, drill: bool, **options):
        key = next((line for line in identity.read_text().splitlines() if line.startswith("AGE-SECRET-KEY-")), "")
        try:
            if drill:
                found = backups.drill(file, key)
                self.stdout.write(f"Copia buena: {found['tables']} tablas, {found['rows']} filas y {found['files']} archivos iguales.")
                return
            self.restore(file, key)
        except backups.BackupError as error:
            raise CommandError(str(error)) from error

    def restore(self, file: Path, key: str) -> None:
        if connection.introspection.table_names():
            raise CommandError("La base no está vacía: cree una nueva y apunte DATABASE_URL a ella.")
        media = Path(settings.MEDIA_ROOT)
        if media.exists() and any(media.iterdir()):
            raise CommandError(f"La carpeta {media} no está vacía.")
        with backups.opened(file, key) as work:
            facts = backups.restore_into(connection.settings_dict["NAME"], work)
            backups.restore_files(file, key, facts, media)
            if wrong := backups.differences(connection.settings_dict["NAME"], media, facts):
                raise CommandError("La copia no quedó igual: " + "; ".join(wrong[:5]))
        self.stdout.write(
            f"Restaurada la copia del {facts['at']}: {len(facts['tables'])} tablas y {len(facts['files'])} archivos, comprobados."
        )
