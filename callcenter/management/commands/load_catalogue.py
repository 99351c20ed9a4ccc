"""Loads fixtures/catalogue: only what is missing, so that nothing the owner edited is overwritten."""

from pathlib import Path

from django.conf import settings
from django.core import serializers
from django.core.management.base import BaseCommand
from django.db import transaction

FOLDER = Path(settings.ROOT) / "fixtures" / "catalogue"


class Command(BaseCommand):
    help = "Carga el contenido inicial que falte."

    def handle(self, **options):
        added = 0
        with transaction.atomic():
            for path in sorted(FOLDER.glob("*.json")):
                for row in serializers.deserialize("json", path.read_text(encoding="utf-8")):
                    if row.object.pk is None or not type(row.object).objects.filter(pk=row.object.pk).exists():
                        row.save()
                        added += 1
        self.stdout.write(f"Contenido inicial: {added} registros nuevos.")
