"""The first page of each role, one's own preferences, and evidence files."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain import metrics, queue
from callcenter.domain.calendar import company_calendar
from callcenter.enums import BatchStatus
from callcenter.feeds import feeds
from callcenter.forms import PreferencesForm
from callcenter.models import Appointment, Evidence, ImportBatch
from callcenter.views.console import queue_counts
from carrazos.lib import charts
from carrazos.lib.calendar import bogota, start_of
from carrazos.lib.periods import Month
from carrazos.lib.ratios import Ratio

CHART_DAYS = 10
NEXT_SHOWN = 5


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Figures, worklist and chart of whoever looks."""
    at, user = clock.now(), request.user
    today, calendar = bogota(at).date(), company_calendar()
    hour = bogota(at).hour
    greeting = "Buenos días" if hour < 12 else "Buenas tardes" if hour < 19 else "Buenas noches"
    context = {"today": today, "day_note": calendar.why_closed(today), "at": at, "greeting": greeting}
    if user.has_perm(roles.WORK_QUEUE):
        context |= agent_cards(request, at, today, calendar)
    elif user.has_perm(roles.SEE_REPORTS):
        context |= manager_cards(user, at, today)
    if user.has_perm(roles.IMPORT_SPIGA):
        context["sources"] = sources(user, today)
    if user.has_perm(roles.SEE_APPOINTMENTS):
        rows = Appointment.objects.visible_to(user).on_day(start_of(today), start_of(today + timedelta(days=1)))
        context["appointments"] = rows.for_list()[:NEXT_SHOWN]
    return render(request, "callcenter/home.html", context)


def point(label: str, ratio: Ratio) -> charts.Point:
    return charts.Point(label, None if ratio.value is None else float(ratio.value), ratio.text, ratio.fraction)


def agent_cards(request: HttpRequest, at, today, calendar) -> dict:
    user = request.user
    mine = metrics.Slice(today, today + timedelta(days=1), agent=user.pk)
    days = [today]
    while len(days) < CHART_DAYS:
        days.append(calendar.previous_business_day(days[-1] - timedelta(days=1)))
    points = [point(f"{day:%d/%m}", figures.effectiveness) for day, figures in metrics.calls_by_day(mine, reversed(days))]
    made = metrics.calls(mine)
    yesterday = calendar.previous_business_day(today - timedelta(days=1))
    return {
        "mine": made.effectiveness,
        "booked": made.booking,
        "kept": metrics.fulfilment(metrics.Slice(yesterday, yesterday + timedelta(days=1), agent=user.pk), at),
        "callbacks_soon": queue.counts(user, at=at + timedelta(hours=1)).callbacks,
        "counts": queue_counts(request),
        "next_rows": queue.waiting(user, at, most=NEXT_SHOWN, until=at),
        "chart": charts.bars("Mi efectividad por día", points, top=100),
    }


def manager_cards(user, at, today) -> dict:
    month = Month.of(today)
    part = metrics.Slice.of(month, **metrics.scope_of(user))
    months = [month.back(count) for count in range(5, -1, -1)]
    points = [point(item.label[:3], figures.effectiveness) for item, figures in metrics.calls_by_month(part, months)]
    return {
        "month": month,
        "indicators": metrics.indicators(part, at),
        "chart": charts.bars("Efectividad de llamadas por mes", points, top=100),
        "agents": metrics.by_agent(part),
    }


def sources(user, today) -> list[dict]:
    """Today's state of each SPIGA file (PRO-9): «hoy 7:02, 214 filas» or «sin cargar»."""
    since = start_of(today)
    batches = list(ImportBatch.objects.visible_to(user).filter(created_at__gte=since).exclude(status=BatchStatus.CANCELLED))
    return [
        {"title": kind.title, "batch": next((batch for batch in batches if batch.feed == slug), None)} for slug, kind in feeds().items()
    ]


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Theme, density and single-key shortcuts of one's own."""
    form = PreferencesForm(request.POST, instance=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, "Preferencias guardadas.")
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = ""
    return redirect(back or "callcenter:home")


@require_GET
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """A screenshot, to whoever may see its customer's outreach."""
    if not (request.user.has_perm(roles.WORK_QUEUE) or request.user.has_perm(roles.SEE_REPORTS)):
        raise PermissionDenied
    row = get_object_or_404(Evidence.objects.visible_to(request.user), pk=pk)
    response = FileResponse(row.file.open("rb"), content_type="image/jpeg", filename=f"evidencia-{row.pk}.jpg")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "no-store"
    return response
