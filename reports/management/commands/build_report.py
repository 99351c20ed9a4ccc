"""`manage.py build_report CODE --period 2026-10 --format xlsx --output PATH`: a stable seam."""

import hashlib
import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from callcenter import clock
from callcenter.domain.errors import Refused
from callcenter.models import Brand, Site
from carrazos.lib import periods
from reports.base import Request
from reports.catalogue import BY_CODE
from reports.domain import runs


class Command(BaseCommand):
    help = "Genera un informe en un archivo."

    def add_arguments(self, parser):
        parser.add_argument("code", choices=sorted(BY_CODE))
        parser.add_argument("--period", required=True, help="2026-10 o 2026-W44")
        parser.add_argument("--site")
        parser.add_argument("--brand")
        parser.add_argument("--format", choices=("xlsx", "pdf"), required=True)
        parser.add_argument("--output", type=Path, required=True)
        parser.add_argument("--json", action="store_true")

    def handle(self, *, code, period, site, brand, output, json: bool, **options):
        try:
            request = Request(periods.parse(period), None, self.find(Site, site, "la sede"), self.find(Brand, brand, "la marca"))
            content, rows = runs.build(request, code, options["format"], at=clock.now())
            output.write_bytes(content)
        except (ValueError, Refused) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"No se pudo escribir «{output}»: {error.strerror}.") from error
        self.answer({"code": code, "period": period, "rows": rows, "bytes": len(content),
                     "sha256": hashlib.sha256(content).hexdigest(), "output": str(output)}, as_json=json)  # fmt: skip

    def find(self, model, code: str | None, what: str):
        if not code:
            return None
        row = model.objects.filter(code=code).first()
        if row is None:
            raise CommandError(f"No existe {what} «{code}».")
        return row

    def answer(self, facts: dict, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(facts))
        else:
            self.stdout.write(f"{facts['code']} {facts['period']}: {facts['rows']} filas en {facts['output']}")
