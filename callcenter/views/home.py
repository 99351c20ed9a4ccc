"""The first page of each role, one's own preferences, and evidence files."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles, seams
from callcenter.access import any_permission, everyone
from callcenter.domain import metrics, papers, queue, supervision, system, tallies
from callcenter.domain.calendar import company_calendar
from callcenter.downloads import hand_over
from callcenter.forms import PreferencesForm
from callcenter.models import Appointment, Evidence, ImageRelease, Notification
from callcenter.roles import Role
from callcenter.spiga import arrivals
from callcenter.views.console_page import queue_counts
from carrazos.lib import charts
from carrazos.lib.calendar import WEEKDAYS, BusinessCalendar, bogota, start_of
from carrazos.lib.periods import Month
from carrazos.lib.ratios import Ratio
from carrazos.lib.text import MONTHS

CHART_DAYS = 10
NEXT_SHOWN = 5
CLOSED_AHEAD = 14  # days
SATURDAY = 5


@dataclass(frozen=True)
class Card:
    """A figure of a programme on the home page; `tone` is one of the tones of tags."""

    name: str
    value: str
    note: str = ""
    url: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Line:
    """One row of a worklist: what, the fact that makes it urgent, where it leads. `tone` colours `word`, its tag.

    `do`: address of the POST that does the obvious next thing, with `do_label` on its button.
    """

    text: str
    note: str = ""
    url: str = ""
    word: str = ""
    tone: str = ""
    do: str = ""
    do_label: str = ""
    key: str = ""  # of the form, so that two presses are one


@dataclass(frozen=True)
class Panel:
    """A worklist or a chart of a programme on the home page; `empty` says why there is nothing."""

    title: str
    lines: tuple[Line, ...] = ()
    chart: charts.Chart | None = None
    empty: str = ""
    url: str = ""
    more: str = "Ver todo"


@everyone
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Figures, worklist and chart of whoever looks, and the cards of the programmes (settings.HOME_CARDS)."""
    at, user = clock.now(), request.user
    today, calendar = bogota(at).date(), company_calendar()
    hour = bogota(at).hour
    greeting = "Buenos días" if hour < 12 else "Buenas tardes" if hour < 19 else "Buenas noches"
    context = {
        "today": today,
        "day_note": calendar.why_closed(today),
        "next_closed": next_closed(today, calendar),
        "at": at,
        "greeting": greeting,
    }
    context["news"] = Notification.objects.visible_to(user)[:NEXT_SHOWN]
    # An administrator keeps the machine; the day of the programmes is not theirs, though a superuser could open every page.
    context |= admin_home(at) if user.is_superuser or Role.ADMIN in user.functions else work_home(request, at, today, calendar)
    return render(request, "callcenter/home.html", context)


def work_home(request: HttpRequest, at: datetime, today: date, calendar: BusinessCalendar) -> dict:
    """The cards, worklists and charts of whoever works in the programmes."""
    user, context = request.user, {}
    context["cards"] = [card for source in seams.plugged("HOME_CARDS") for card in source(request, at)]
    leads = user.has_perm(roles.SUPERVISE) and user.has_perm(roles.WORK_QUEUE)
    if user.has_perm(roles.WORK_QUEUE):
        context |= agent_cards(request, at, today, calendar)
        # Whoever coordinates or audits has figures of their own; those of their calls appear once they call.
        context["calls_shown"] = context["mine"].total > 0 or not (leads or user.has_perm(roles.AUDIT))
    elif user.has_perm(roles.SEE_REPORTS) and not context["cards"]:
        context |= manager_cards(user, at, today)
    if leads:
        context["team"] = team_cards(user, at)
    if user.has_perm(roles.IMPORT_SPIGA):
        context["arrivals"] = [row for row in arrivals.today(user, at=at, calendar=calendar) if row.is_of_today]
    if user.has_perm(roles.SEE_APPOINTMENTS):
        rows = Appointment.objects.visible_to(user).on_day(start_of(today), start_of(today + timedelta(days=1)))
        context["appointments"] = rows.for_list()[:NEXT_SHOWN]
    found = [panel for source in seams.plugged("HOME_PANELS") for panel in source(request, at)]
    if user.has_perm(roles.MANAGE_DOCUMENTS) or user.has_perm(roles.MANAGE_RELEASES):
        found += paper_panels(user, today)
    context["worklists"] = [panel for panel in found if panel.chart is None]
    context["charts"] = [panel.chart for panel in found if panel.chart]
    return context


def admin_home(at: datetime) -> dict:
    """What an administrator looks at first: what failed, the last backup, who has no second step (screens §2.5)."""
    jobs, now = reverse("privacy:jobs"), system.state(at)
    kept = now.backup_at
    late = kept is None or at - kept > system.BACKUP_LATE
    cards = [
        Card("Trabajos que fallaron", str(now.failed), "ábralos para ver por qué" if now.failed else "ninguno", jobs, "bad" if now.failed else ""),
        Card("Última copia de respaldo", f"{bogota(kept):%d/%m %H:%M}" if kept else "Ninguna",
             "hace más de un día: revise el servicio" if late else "a tiempo", jobs, "bad" if late else ""),
        Card("Sin segundo paso", str(now.without_second_step), "personas que dirigen o administran", jobs, "warn" if now.without_second_step else ""),
        Card("Ingresos fallidos hoy", str(now.failed_logins), "claves equivocadas", "", "warn" if now.failed_logins >= system.MANY_LOGINS else ""),
        Card("Avisos de WhatsApp con error", str(now.webhooks), "llegaron de Meta y no se pudieron leer" if now.webhooks else "ninguno", jobs,
             "bad" if now.webhooks else ""),
    ]  # fmt: skip
    lines = tuple(Line(f"{name.capitalize()} n.º {row.pk}", row.error, jobs, "Falló", "bad") for name, row in system.failures(NEXT_SHOWN))
    return {
        "cards": cards,
        "worklists": [Panel("Trabajos que fallaron", lines, empty="Nada falló.", url=jobs, more="Trabajos del sistema")],
    }


def next_closed(today: date, calendar: BusinessCalendar) -> str:
    """The next weekday that is not worked, when it is near: «martes 8 dic: festivo»; empty when there is none."""
    days = (today + timedelta(days=n) for n in range(1, CLOSED_AHEAD + 1))
    day = next((day for day in days if day.weekday() < SATURDAY and not calendar.is_business_day(day)), None)
    return f"{WEEKDAYS[day.weekday()]} {day.day} de {MONTHS[day.month - 1]}: {calendar.why_closed(day)}" if day else ""


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
    idle, paused = (sum(line.tone == tone for line in lines) for tone in ("bad", "warn"))
    late = sum(row["late"] for row in queues)
    callbacks = sum(row["callbacks"] for row in queues)
    return [
        Card("Agentes activos", str(len(lines) - idle - paused), f"{paused} en pausa · {idle} sin actividad", live),
        Card("Intentos por hora", str(supervision.last_hour(user, at)), "en la última hora", live),
        Card("Sin asignar", str(sum(row["free"] for row in queues)), f"{late} de días anteriores", f"{live}#share"),
        Card("Rellamadas vencidas", str(callbacks), "nadie las ha hecho" if callbacks else "ninguna", live),
    ]


def paper_panels(user, today) -> list[Panel]:
    """Documents and image releases about to run out, for who keeps them (domain 1.9, 2.7)."""
    found = []
    if user.has_perm(roles.MANAGE_DOCUMENTS):
        lines = [
            Line(f"{version.document.code} {version.document.title}", f"versión {version.number}",
                 reverse("callcenter:document", args=[version.document.code]), words, tone)
            for version, tone, words in papers.expiring(today)
        ]  # fmt: skip
        found.append(Panel("Documentos por vencer o vencidos", tuple(lines[:NEXT_SHOWN]), empty="Ningún documento vence en los próximos 60 días.",
                           url=reverse("callcenter:documents")))  # fmt: skip
    if user.has_perm(roles.MANAGE_RELEASES):
        rows = ImageRelease.objects.filter(revoked_on__isnull=True, valid_to__lt=today + timedelta(days=papers.SOON_DAYS)).order_by(
            "valid_to"
        )
        lines = [Line(row.person, f"{row.get_kind_display()}, hasta el {row.valid_to:%d/%m/%Y}", reverse("callcenter:releases"),
                      row.state_on(today)) for row in rows[:NEXT_SHOWN]]  # fmt: skip
        found.append(Panel("Autorizaciones de imagen por vencer", tuple(lines), empty="Ninguna autorización vence en los próximos 60 días.",
                           url=reverse("callcenter:releases")))  # fmt: skip
    return found


def manager_cards(user, at, today) -> dict:
    month = Month.of(today)
    part = metrics.Slice.of(month, **metrics.scope_of(user))
    months = [month.back(count) for count in range(5, -1, -1)]
    points = [point(item.label[:3], ratio) for item, ratio in tallies.effectiveness_by_month(part, months)]
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
    return hand_over(request, row.file, about=f"Evidencia n.º {row.pk}", name=f"evidencia-{row.pk}.jpg", content_type="image/jpeg",
                     customer=row.outreach.customer, sha256=row.sha256)  # fmt: skip
