"""What satisfaction puts on the home page: the reds of whoever answers for them, the month against its goal (screens §2.5)."""

import uuid
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse

from callcenter import roles
from callcenter.domain.calendar import company_calendar
from callcenter.domain.metrics import Slice, scope_of
from callcenter.models import User
from callcenter.views.home import Card, Line, Panel
from callcenter.views.live import Figure
from carrazos.lib import charts
from carrazos.lib.calendar import bogota, start_of
from carrazos.lib.periods import Month
from satisfaction.domain import board, metrics
from satisfaction.enums import Area, Level, Light
from satisfaction.models import FollowUp, Pqrs
from satisfaction.models.surveys import areas_of

SHOWN = 5
MONTHS = 12


def cards(request: HttpRequest, at: datetime) -> list[Card]:
    user, found = request.user, []
    if user.has_perm(roles.MANAGE_FOLLOWUPS):
        found += case_cards(user, at)
    if user.has_perm(roles.RECORD_SURVEYS):
        due = FollowUp.objects.visible_to(user).filter(board.quick_filter("confirmar", user=user, at=at)).count()
        if due:
            url = reverse("satisfaction:followups") + "?quick=confirmar"
            found.append(Card("Por confirmar con el cliente", str(due), "¿se mantiene la solución?", url))
    if user.has_perm(roles.CONTROL_FOLLOWUPS) or approves(user):
        found += month_cards(user, at)
    if user.has_perm(roles.MANAGE_PQRS) or approves(user):
        rows = Pqrs.objects.visible_to(user).pending()
        late = rows.filter(due_on__lt=bogota(at).date()).count()
        note = f"{late} vencidas" if late else "ninguna vencida"
        found.append(Card("PQRS en trámite", str(rows.count()), note, reverse("satisfaction:pqrs"), "bad" if late else ""))
    return found


def live_figures(user: User, at: datetime) -> list[Figure]:
    """«Rojos vencidos» of the live page, for whoever may see them."""
    if not user.has_perm(roles.SEE_FOLLOWUPS):
        return []
    waiting = board.waiting(user, at)
    words = f"{waiting.late} vencidos: avise a su responsable" if waiting.late else "ninguno vencido"
    return [Figure("Detractores abiertos", waiting.red + waiting.yellow, words, "bad" if waiting.late else "good")]


def approves(user: User) -> bool:
    """Who answers for the figures of both areas to the company."""
    return user.has_perm(roles.APPROVE_REPORTS) and user.has_perm(roles.SEE_FOLLOWUPS)


def case_cards(user: User, at: datetime) -> list[Card]:
    """Open cases, one's own, due today and late: each leads to the board with that filter."""
    url, tomorrow = reverse("satisfaction:board"), start_of(bogota(at).date() + timedelta(days=1))
    now = FollowUp.objects.visible_to(user).open().aggregate(
        waiting=Count("pk"), mine=Count("pk", filter=Q(owner=user)), late=Count("pk", filter=Q(due_at__lte=at)),
        today=Count("pk", filter=Q(due_at__gt=at, due_at__lt=tomorrow)),
    )  # fmt: skip
    return [
        Card("Detractores abiertos", str(now["waiting"]), f"{now['mine']} a su nombre", url),
        Card("Detractores vencidos", str(now["late"]), "respóndalos primero" if now["late"] else "ninguno", f"{url}?quick=vencidos",
             "bad" if now["late"] else ""),
        Card("Vencen hoy", str(now["today"]), "antes de terminar el día" if now["today"] else "ninguno", f"{url}?quick=hoy",
             "warn" if now["today"] else ""),
    ]  # fmt: skip


def month_cards(user: User, at: datetime) -> list[Card]:
    """The month so far: satisfaction of one's areas against its goal, and answers in less than two business days (SAT-4, SAT-18)."""
    month = Month.of(bogota(at).date())
    part = Slice.of(month, **scope_of(user))
    areas = areas_of(user)
    ratios = [metrics.satisfaction(part, area) for area in areas]
    ratios.append(metrics.timeliness(part, areas[0] if len(areas) == 1 else None, at))
    return [
        Card(f"{ratio.name} del mes" if ratio.code != "IND-11" else "Respondidos en < 2 días hábiles", ratio.text,
             f"{ratio.fraction} · meta {ratio.goal_text}" + (" · bajo la meta" if ratio.met is False else ""),
             f"{reverse('reports:indicator', args=[ratio.code])}?period={month.code}", "bad" if ratio.met is False else "")
        for ratio in ratios
    ]  # fmt: skip


# -- worklists and charts ---------------------------------------------------------------------------------------------


def panels(request: HttpRequest, at: datetime) -> list[Panel]:
    """One's reds by term, what was escalated, and satisfaction by site or along the year."""
    user, found = request.user, []
    if user.has_perm(roles.MANAGE_FOLLOWUPS):
        found.append(reds(user, at))
    drawn: list[charts.Chart | None] = []
    if approves(user):
        found.append(escalated(user, at))
        drawn = [year(user, at), open_by_brand(user)]
    elif user.has_perm(roles.CONTROL_FOLLOWUPS):
        drawn = [by_site(user, area, at) for area in areas_of(user)]
    return found + [Panel(chart.title, chart=chart) for chart in drawn if chart]


def line(row: FollowUp, at: datetime, *, take: bool = False) -> Line:
    """A case in one row; `take` draws its button."""
    car = f" · {row.vehicle.plate}" if row.vehicle else ""
    note = f"nota {row.score} · {row.site}" if row.score is not None else str(row.site)
    do = reverse("satisfaction:act", args=[row.pk, "tomar"]) if take else ""
    return Line(f"{row.customer.name}{car}", f"{note} · {row.owner or 'sin responsable'}", reverse("satisfaction:follow_up", args=[row.pk]),
                row.due_words, "bad" if row.is_late else "warn", do, "Tomar", str(uuid.uuid4()))  # fmt: skip


def reds(user: User, at: datetime) -> Panel:
    """The reds by term: what is one's own and what nobody has, before what others have."""
    calendar = company_calendar()
    mine = Q(owner=user) | Q(owner__isnull=True)
    rows = FollowUp.objects.visible_to(user).open().filter(light=Light.RED)
    chosen = list(rows.filter(mine).for_card().order_by("due_at", "id")[:SHOWN])
    if len(chosen) < SHOWN:
        chosen += rows.exclude(mine).for_card().order_by("due_at", "id")[: SHOWN - len(chosen)]
    lines = tuple(line(board.worded(row, at, calendar), at, take=True) for row in chosen)
    return Panel(
        "Rojos por vencimiento", lines, empty="No hay detractores en rojo.", url=reverse("satisfaction:board"), more="Abrir el tablero"
    )


def escalated(user: User, at: datetime) -> Panel:
    """Open cases that climbed to the director or the manager."""
    calendar = company_calendar()
    rows = FollowUp.objects.visible_to(user).open().exclude(level=Level.ADVISOR).for_card().order_by("due_at", "id")[:SHOWN]
    lines = tuple(line(board.worded(row, at, calendar), at) for row in rows)
    return Panel(
        "Casos escalados", lines, empty="Ningún caso abierto está escalado.", url=reverse("satisfaction:board"), more="Abrir el tablero"
    )


def point(label: str, ratio) -> charts.Point:
    return charts.Point(label, None if ratio.value is None else float(ratio.value), ratio.text, ratio.fraction)


def by_site(user: User, area: Area, at: datetime) -> charts.Chart | None:
    """Satisfaction of the month by site against its goal."""
    part = Slice.of(Month.of(bogota(at).date()), **scope_of(user))
    rules = metrics.rules_of(part)
    points = [point(name, spread.by(rules.formula)) for name, spread in metrics.distributions_by(part, area, "site__name")]
    title = f"Satisfacción {area.label.lower()} del mes por sede"
    return charts.bars(title, points, goal=float(rules.goal), top=100) if points else None


def year(user: User, at: datetime) -> charts.Chart:
    """Twelve months of satisfaction, the areas side by side under one title."""
    last = Month.of(bogota(at).date())
    months = [last.back(count) for count in range(MONTHS - 1, -1, -1)]
    part = Slice.of(last, **scope_of(user))
    rules = metrics.rules_of(part)
    areas = areas_of(user)
    lines = {area: metrics.distributions_by_month(part, area, months) for area in areas}
    series = [(f"Satisfacción {area.label.lower()}", [point(month.label[:3], spread.by(rules.formula)) for month, spread in found])
              for area, found in lines.items()]  # fmt: skip
    return charts.lines("Satisfacción, doce meses", series, goal=float(rules.goal), top=100)


def open_by_brand(user: User) -> charts.Chart | None:
    """Open detractors of each brand."""
    rows = FollowUp.objects.visible_to(user).open().values_list("brand__name").annotate(n=Count("pk")).order_by("-n", "brand__name")
    points = [charts.Point(name, n, str(n)) for name, n in rows]
    return charts.ranking("Detractores abiertos por marca", points) if points else None
