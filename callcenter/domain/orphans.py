"""Files that nobody speaks of: what a rolled-back job or a killed process left behind goes after a day."""

from datetime import datetime, timedelta
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import models

from callcenter.models import Mail

GRACE = timedelta(days=1)  # a file is written before the row that names it


def spoken_of() -> set[str]:
    """Every name that a row holds."""
    found = set()
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                found.update(model._base_manager.exclude(**{field.name: ""}).values_list(field.name, flat=True))
    for files in Mail.objects.exclude(files=[]).values_list("files", flat=True):
        found.update(path for _, path, _ in files)
    return found


def sweep(at: datetime) -> int:
    """Deletes the stored files that no row names and that are older than a day; how many."""
    root, names, gone = Path(settings.MEDIA_ROOT), spoken_of(), 0
    limit = (at - GRACE).timestamp()
    for path in root.rglob("*"):
        if path.is_file() and str(path.relative_to(root)) not in names and path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
