"""`manage.py spiga_import FEED FILE`: the import of the browser, for scripts. A stable seam: names and JSON stay."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from callcenter import clock
from callcenter.feeds import feeds
from callcenter.models import ImportBatch, Site
from callcenter.spiga import pipeline
from callcenter.tasks import long_transaction

MAX_BYTES = 100 * 1024 * 1024


def content(file: Path) -> bytes:
    """The bytes of a file. Raises CommandError with one line."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CommandError(f"No se pudo abrir «{file}»: {error.strerror}.") from error
    if len(data) > MAX_BYTES:
        raise CommandError(f"El archivo pesa más de {MAX_BYTES // 1024 // 1024} MB (y caben {pipeline.MAX_ROWS} filas).")
    return data


class Command(BaseCommand):
    help = "Importa un archivo de SPIGA."
    requires_system_checks = ()  # they load every page of the web: a third of this process's memory

    def add_arguments(self, parser):
        parser.add_argument("feed", choices=sorted(feeds()))
        parser.add_argument("file", type=Path)
        parser.add_argument("--companion", type=Path, help="archivo de clientes y teléfonos por VIN (F8), que se importa antes")
        parser.add_argument("--site", help="código de la sede, si el archivo no trae la columna Centro")
        parser.add_argument("--dry-run", action="store_true", help="revisa sin escribir")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, feed: str, file: Path, companion: Path | None, site: str | None, dry_run: bool, json: bool, **options):
        place = None
        if site:
            place = Site.objects.filter(code=site).first()
            if place is None:
                raise CommandError(f"No existe la sede «{site}».")
        # All or nothing: a main file that can't be read leaves no companion behind.
        with long_transaction():
            people = companion and self.bring("companion", companion, place, dry_run=False)
            batch, result = self.bring(feed, file, place, dry_run=dry_run)
            if dry_run and people:
                transaction.set_rollback(True)
        self.answer(batch, result, people[1] if people else None, as_json=json)

    def bring(self, feed: str, file: Path, site: Site | None, *, dry_run: bool) -> tuple[ImportBatch, pipeline.Result]:
        """One file into the database. Raises CommandError with one line."""
        batch = pipeline.receive(feed, content(file), file.name, by=None, site=site, at=clock.now(), repeat=True, authorised=True)
        result = pipeline.import_now(batch, dry_run=dry_run)
        if result is None:
            reason = batch.error
            batch.file.delete(save=False)
            batch.delete()
            raise CommandError(reason)
        return batch, result

    def answer(self, batch, result, people, *, as_json: bool) -> None:
        if as_json:
            totals = result.as_json()
            totals.pop("warnings")
            told = {"batch": batch.pk, "status": batch.status, **totals}
            if people:
                told["companion"] = {key: value for key, value in people.as_json().items() if key != "warnings"}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        if people:
            self.stdout.write(f"Acompañante: leídas {people.read} · clientes nuevos {people.created} · con datos nuevos {people.updated}")
        out = result.as_json()
        self.stdout.write(f"{batch.name}: {batch.get_status_display()}")
        self.stdout.write(
            f"Leídas {out['read']} · creadas {out['created']} · actualizadas {out['updated']} · sin cambios {out['unchanged']} · "
            f"excluidas {sum(out['excluded'].values())} {out['excluded']} · rechazadas {sum(out['rejected'].values())} {out['rejected']}"
        )
