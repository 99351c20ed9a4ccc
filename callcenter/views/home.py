"""The first page of each role, one's own preferences, and evidence files."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles, seams
from callcenter.access import any_permission, everyone
from callcenter.domain import audit, metrics, queue, supervision
from callcenter.domain.calendar import company_calendar
from callcenter.forms import PreferencesForm
from callcenter.models import Access, Appointment, Evidence, Notification
from callcenter.spiga import arrivals
from callcenter.views.console_page import queue_counts
from carrazos.lib import charts
from carrazos.lib.calendar import bogota, start_of
from carrazos.lib.periods import Month
from carrazos.lib.ratios import Ratio

CHART_DAYS = 10
NEXT_SHOWN = 5


@dataclass(frozen=True)
class Card:
    """A figure of a programme on the home page; `tone` is one of the tones of tags."""

    name: str
    value: str
    note: str = ""
    url: str = ""
    tone: str = ""


@everyone
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Figures, worklist and chart of whoever looks, and the cards of the programmes (settings.HOME_CARDS)."""
    at, user = clock.now(), request.user
    today, calendar = bogota(at).date(), company_calendar()
    hour = bogota(at).hour
    greeting = "Buenos días" if hour < 12 else "Buenas tardes" if hour < 19 else "Buenas noches"
    context = {"today": today, "day_note": calendar.why_closed(today), "at": at, "greeting": greeting}
    if user.has_perm(roles.WORK_QUEUE):
        context |= agent_cards(request, at, today, calendar)
    elif user.has_perm(roles.SEE_REPORTS):
        context |= manager_cards(user, at, today)
    if user.has_perm(roles.SUPERVISE):
        context["team"] = team_cards(user, at)
    if user.has_perm(roles.IMPORT_SPIGA):
        context["arrivals"] = arrivals.today(user, at=at, calendar=calendar)
    if user.has_perm(roles.SEE_APPOINTMENTS):
        rows = Appointment.objects.visible_to(user).on_day(start_of(today), start_of(today + timedelta(days=1)))
        context["appointments"] = rows.for_list()[:NEXT_SHOWN]
    context["news"] = Notification.objects.visible_to(user)[:NEXT_SHOWN]
    context["cards"] = [card for source in seams.plugged("HOME_CARDS") for card in source(request, at)]
    return render(request, "callcenter/home.html", context)


def point(label: str, ratio: Ratio) -> charts.Point:
    return charts.Point(label, None if ratio.value is None else float(ratio.value), ratio.text, ratio.fraction)


def agent_cards(request: HttpRequest, at, today, calendar) -> dict:
    user = request.user
    mine = metrics.Slice(today, today + timedelta(days=1), agent=user.pk, programme=None)
    days = [today]
    while len(days) < CHART_DAYS:
        days.append(calendar.previous_business_day(days[-1] - timedelta(days=1)))
    points = [point(f"{day:%d/%m}", figures.effectiveness) for day, figures in metrics.calls_by_day(mine, reversed(days))]
    made = metrics.calls(mine)
    yesterday = calendar.previous_business_day(today - timedelta(days=1))
    return {
        "mine": made.effectiveness,
        "booked": made.booking,
        "kept": metrics.fulfilment(metrics.Slice(yesterday, yesterday + timedelta(days=1), agent=user.pk, programme=None), at),
        "callbacks_soon": queue.counts(user, at=at + timedelta(hours=1)).callbacks,
        "counts": queue_counts(request),
        "next_rows": queue.waiting(user, at, most=NEXT_SHOWN, until=at),
        "chart": charts.bars("Mi efectividad por día", points, top=100),
    }


def team_cards(user, at) -> list[Card]:
    """What who coordinates looks at first: who works, how fast, what nobody has, what is late."""
    live = reverse("callcenter:live")
    lines, queues = supervision.agents_now(user, at), supervision.queues_now(user, at)
    idle = sum(line.tone == "bad" for line in lines)
    late = sum(row["late"] for row in queues)
    callbacks = sum(row["callbacks"] for row in queues)
    return [
        Card("Agentes activos", str(len(lines) - idle), f"{idle} sin actividad" if idle else "todos activos", live),
        Card("Intentos por hora", str(supervision.last_hour(user, at)), "en la última hora", live),
        Card("Sin asignar", str(sum(row["free"] for row in queues)), f"{late} de días anteriores", f"{live}#share"),
        Card("Rellamadas vencidas", str(callbacks), "nadie las ha hecho" if callbacks else "ninguna", live),
    ]


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


@everyone
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


@any_permission(roles.WORK_QUEUE, roles.SEE_REPORTS)
@require_GET
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """A screenshot, to whoever may see its customer's outreach."""
    row = get_object_or_404(Evidence.objects.visible_to(request.user).exclude(file="").select_related("outreach__customer"), pk=pk)
    audit.note_access(
        request.user, Access.VIEW, f"Evidencia n.º {row.pk}", at=clock.now(), customer=row.outreach.customer, sha256=row.sha256
    )
    response = FileResponse(row.file.open("rb"), content_type="image/jpeg", filename=f"evidencia-{row.pk}.jpg")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "no-store"
    return response
