"""The machine's own work, for administrators: what waits, what runs, what failed and why, and trying it again."""

from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from callcenter import roles
from callcenter.domain import system
from callcenter.enums import WorkState
from callcenter.models import Pulse

may_manage = permission_required(roles.MANAGE_SYSTEM, raise_exception=True)
FAILED_SHOWN = 50
PULSES = {"worker": "Trabajador", "backup": "Última copia de seguridad"}


@may_manage
@require_GET
def jobs(request: HttpRequest) -> HttpResponse:
    """Every kind of job by state, the ones that failed with their reason, the pulse of each part."""
    kinds = []
    for label in settings.JOBS:
        model = apps.get_model(label)
        counted = {
            state: (n, since)
            for state, n, since in model.objects.order_by().values_list("work_state").annotate(n=Count("pk"), since=Min("due_at"))
        }
        kinds.append({
            "name": model._meta.verbose_name_plural, "queued": counted.get(WorkState.QUEUED, (0, None)), "running": counted.get(WorkState.RUNNING, (0, None)),
            "failed": counted.get(WorkState.FAILED, (0, None)),
        })  # fmt: skip
    context = {
        "kinds": kinds,
        "failed": [{"label": row._meta.label, "name": name, "row": row} for name, row in system.failures(FAILED_SHOWN)],
        "pulses": [(PULSES.get(row.name, row.name), row.at) for row in Pulse.objects.order_by("name")],
        "without_second_step": system.without_second_step(),
    }  # fmt: skip
    return render(request, "callcenter/jobs.html", context)


@may_manage
@require_POST
def retry(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Puts a failed job back in line."""
    if label not in settings.JOBS:
        raise Http404
    with transaction.atomic():
        row = apps.get_model(label).objects.select_for_update().filter(pk=pk, work_state=WorkState.FAILED).first()
        if row is None:
            raise Http404
        row.requeue()
        row.save()
    messages.success(request, "En cola de nuevo.")
    return redirect("privacy:jobs")
