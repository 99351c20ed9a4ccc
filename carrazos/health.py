"""What a load balancer and a watchman ask: is it up, is it ready, does the worker beat."""

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from health_check.base import HealthCheck
from health_check.exceptions import ServiceUnavailable

from callcenter.models import Pulse

WORKER_SILENT_AFTER = timedelta(minutes=3)


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("vivo", content_type="text/plain")


@dataclass
class Worker(HealthCheck):
    """The worker finished a ring lately: a process that is there but deaf does not count."""

    def run(self) -> None:
        pulse = Pulse.objects.filter(name="worker").first()
        if pulse is None or timezone.now() - pulse.at > WORKER_SILENT_AFTER:
            raise ServiceUnavailable("El trabajador no da señales.")


FULL = 0.85


@dataclass
class Disk(HealthCheck):
    """There is room for what people upload."""

    def run(self) -> None:
        place = shutil.disk_usage(nearest(Path(settings.MEDIA_ROOT)))
        if place.used / (place.used + place.free) > FULL:
            raise ServiceUnavailable(f"El disco está lleno al {100 * place.used // (place.used + place.free)} %.")


def nearest(folder: Path) -> Path:
    """The folder, or the first above it that exists."""
    return folder if folder.exists() else nearest(folder.parent)


CHECKS = ["health_check.Database", "health_check.Cache", "carrazos.health.Worker", "carrazos.health.Disk"]
