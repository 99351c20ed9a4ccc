"""`manage.py spiga_import FEED FILE`: the import of the browser, for scripts. A stable seam: names and JSON stay."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from callcenter import clock
from callcenter.feeds import feeds
from callcenter.models import Site
from callcenter.spiga import pipeline
from carrazos.lib.sheets import MAX_ROWS

MAX_BYTES = 100 * 1024 * 1024


class Command(BaseCommand):
    help = "Importa un archivo de SPIGA."

    def add_arguments(self, parser):
        parser.add_argument("feed", choices=sorted(feeds()))
        parser.add_argument("file", type=Path)
        parser.add_argument("--site", help="código de la sede, si el archivo no trae la columna Centro")
        parser.add_argument("--dry-run", action="store_true", help="revisa sin escribir")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, feed: str, file: Path, site: str | None, dry_run: bool, json: bool, **options):
        place = None
        if site:
            place = Site.objects.filter(code=site).first()
            if place is None:
                raise CommandError(f"No existe la sede «{site}».")
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CommandError(f"No se pudo abrir «{file}»: {error.strerror}.") from error
        if len(data) > MAX_BYTES:
            raise CommandError(f"El archivo pesa más de {MAX_BYTES // 1024 // 1024} MB (y caben {MAX_ROWS} filas).")
        at = clock.now()
        batch = pipeline.receive(feed, data, file.name, by=None, site=place, at=at, repeat=True, authorised=True)
        result = pipeline.import_now(batch, dry_run=dry_run)
        if result is None:
            reason = batch.error
            batch.file.delete(save=False)
            batch.delete()
            raise CommandError(reason)
        self.answer(batch, result, as_json=json)

    def answer(self, batch, result, *, as_json: bool) -> None:
        if as_json:
            totals = result.as_json()
            totals.pop("warnings")
            self.stdout.write(json.dumps({"batch": batch.pk, "status": batch.status, **totals}, ensure_ascii=False))
            return
        out = result.as_json()
        self.stdout.write(f"{batch.name}: {batch.get_status_display()}")
        self.stdout.write(
            f"Leídas {out['read']} · creadas {out['created']} · actualizadas {out['updated']} · sin cambios {out['unchanged']} · "
            f"excluidas {sum(out['excluded'].values())} {out['excluded']} · rechazadas {sum(out['rejected'].values())} {out['rejected']}"
        )
