"""Figures for a collector, asked of the database when it looks: right with any number of web and worker processes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from callcenter.models import ImportBatch, Outreach, Pulse
from carrazos.health import nearest


class House:
    """The state of the house as gauges."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        jobs = GaugeMetricFamily("carrazos_jobs", "Trabajos por estado", labels=["job", "state"])
        for label in settings.JOBS:
            rows = apps.get_model(label).objects.order_by().values_list("work_state").annotate(n=Count("pk"))
            for state, number in rows:
                jobs.add_metric([label, state], number)
        yield jobs
        now = timezone.now()
        beats = GaugeMetricFamily("carrazos_pulse_age_seconds", "Segundos desde el último latido", labels=["part"])
        for name, at in Pulse.objects.values_list("name", "at"):
            beats.add_metric([name], (now - at).total_seconds())
        yield beats
        due = GaugeMetricFamily("carrazos_outreaches_due", "Gestiones por atender", labels=["programme"])
        for programme, number in Outreach.objects.due(now).order_by().values_list("programme").annotate(n=Count("pk")):
            due.add_metric([programme], number)
        yield due
        place = shutil.disk_usage(nearest(Path(settings.MEDIA_ROOT)))
        yield GaugeMetricFamily("carrazos_disk_used_ratio", "Disco usado", value=place.used / (place.used + place.free))
        last = ImportBatch.objects.filter(status="APPLIED").order_by("-applied_at").values_list("applied_at", flat=True).first()
        yield GaugeMetricFamily("carrazos_last_import_age_seconds", "Segundos desde la última importación",
                                value=(now - last).total_seconds() if last else -1)  # fmt: skip


def metrics(request: HttpRequest) -> HttpResponse:
    """For a collector that knows METRICS_TOKEN; for anybody else there is nothing here."""
    given = request.headers.get("Authorization", "")
    if not settings.METRICS_TOKEN or not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        raise Http404
    registry = CollectorRegistry()
    registry.register(House())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
