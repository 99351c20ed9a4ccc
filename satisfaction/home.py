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
from carrazos.lib.ratios import Ratio, unbroken
from satisfaction.domain import board, metrics
from satisfaction.enums import Area, Level, Light
from satisfaction.models import FollowUp, Pqrs
from satisfaction.models.surveys import areas_of

SHOWN = 5


def cards(request: HttpRequest, at: datetime) -> list[Card]:
    """Three or four figures at most (screens §2.5): whoever answers cases reads them one by one, whoever directs in one card."""
    user, found = request.user, []
    directs = user.has_perm(roles.CONTROL_FOLLOWUPS) or approves(user)
    if directs:
        found += [open_card(user, at), *month_cards(user, at)]
    elif user.has_perm(roles.MANAGE_FOLLOWUPS):
        found += case_cards(user, at)
    if user.has_perm(roles.RECORD_SURVEYS):
        due = FollowUp.objects.visible_to(user).filter(board.quick_filter("confirmar", user=user, at=at)).count()
        if due:
            url = reverse("satisfaction:followups") + "?quick=confirmar"
            found.append(Card("Por confirmar con el cliente", str(due), "¿se mantiene la solución?", url))
    if user.has_perm(roles.MANAGE_PQRS) and not directs:
        rows = Pqrs.objects.visible_to(user).pending()
        late = rows.filter(due_on__lt=bogota(at).date()).count()
        note = f"{late} vencida{'s' if late > 1 else ''}" if late else "ninguna vencida"
        found.append(Card("PQRS en trámite", str(rows.count()), note, reverse("satisfaction:pqrs"), "bad" if late else ""))
    return found


def live_figures(user: User, at: datetime) -> list[Figure]:
    """«Rojos vencidos» of the live page, for whoever may see them."""
    if not user.has_perm(roles.SEE_FOLLOWUPS):
        return []
    waiting = board.waiting(user, at)
    words = f"{waiting.late} vencido{'' if waiting.late == 1 else 's'}: avise a su responsable" if waiting.late else "ninguno vencido"
    return [Figure("Detractores abiertos", waiting.red + waiting.yellow, words, "bad" if waiting.late else "good")]


def approves(user: User) -> bool:
    """Who answers for the figures of both areas to the company."""
    return user.has_perm(roles.APPROVE_REPORTS) and user.has_perm(roles.SEE_FOLLOWUPS)


def waiting_now(user: User, at: datetime) -> dict[str, int]:
    """Open cases, one's own, due today and late."""
    tomorrow = start_of(bogota(at).date() + timedelta(days=1))
    return FollowUp.objects.visible_to(user).open().aggregate(
        waiting=Count("pk"), mine=Count("pk", filter=Q(owner=user)), late=Count("pk", filter=Q(due_at__lte=at)),
        today=Count("pk", filter=Q(due_at__gt=at, due_at__lt=tomorrow)),
    )  # fmt: skip


def open_card(user: User, at: datetime) -> Card:
    """The open cases in one card: by brand for whoever answers to the company, else one's own; and those that are late."""
    url, now = reverse("satisfaction:board"), waiting_now(user, at)
    rows = (
        FollowUp.objects.visible_to(user).open().order_by().values_list("brand__name").annotate(n=Count("pk")).order_by("-n", "brand__name")
    )
    whose = ", ".join(f"{name} {count}" for name, count in rows) if approves(user) else f"{now['mine']} a su nombre"
    words = [f"{now['late']} {'vencido' if now['late'] == 1 else 'vencidos'}"] if now["late"] else []
    words += [f"{now['today']} {'vence' if now['today'] == 1 else 'vencen'} hoy"] if now["today"] else []
    tone = "bad" if now["late"] else "warn" if now["today"] else ""
    return Card("Detractores abiertos", str(now["waiting"]), " · ".join(filter(None, [*words, whose])), f"{url}?quick=vencidos" if now["late"] else url,
                tone)  # fmt: skip


def case_cards(user: User, at: datetime) -> list[Card]:
    """Open cases, due today and late: each leads to the board with that filter."""
    url, now = reverse("satisfaction:board"), waiting_now(user, at)
    return [
        Card("Detractores abiertos", str(now["waiting"]), f"{now['mine']} a su nombre", url),
        Card("Detractores vencidos", str(now["late"]), "respóndalos primero" if now["late"] else "ninguno", f"{url}?quick=vencidos",
             "bad" if now["late"] else ""),
        Card("Vencen hoy", str(now["today"]), "antes de terminar el día" if now["today"] else "ninguno", f"{url}?quick=hoy",
             "warn" if now["today"] else ""),
    ]  # fmt: skip


def month_cards(user: User, at: datetime) -> list[Card]:
    """The month so far: satisfaction against its goal (SAT-4), both areas in one card; answers in less than two business days (SAT-18).

    Whoever answers for the sales force too reads its figures instead of the second.
    """
    month = Month.of(bogota(at).date())
    part = Slice.of(month, **scope_of(user))
    areas = areas_of(user)
    ratios = [metrics.satisfaction(part, area) for area in areas]
    found = [ratio_card(f"{ratios[0].name} del mes", ratios[0], month)] if len(ratios) == 1 else [both_areas(ratios, month)]
    if not user.has_perm(roles.SEE_AUDIT):
        found.append(
            ratio_card("Respondidos en < 2 días hábiles", metrics.timeliness(part, areas[0] if len(areas) == 1 else None, at), month)
        )
    return found


def ratio_card(name: str, ratio: Ratio, month: Month) -> Card:
    return Card(name, ratio.text, f"{ratio.fraction} · meta {ratio.goal_text}" + (" · bajo la meta" if ratio.met is False else ""),
                f"{reverse('reports:indicator', args=[ratio.code])}?period={month.code}", "bad" if ratio.met is False else "")  # fmt: skip


def both_areas(ratios: list[Ratio], month: Month) -> Card:
    low = any(ratio.met is False for ratio in ratios)
    note = ", ".join(f"{area.label.lower()} {ratio.fraction}" for area, ratio in zip(Area, ratios, strict=True))
    return Card("Satisfacción posventa y comercial", " / ".join(unbroken(ratio.text) for ratio in ratios),
                f"{note} · meta {ratios[0].goal_text}" + (" · bajo la meta" if low else ""),
                f"{reverse('reports:indicators')}?period={month.code}", "bad" if low else "")  # fmt: skip


# -- worklists and charts ---------------------------------------------------------------------------------------------


def panels(request: HttpRequest, at: datetime) -> list[Panel]:
    """One's reds by term, what was escalated, and satisfaction by site."""
    user, found = request.user, []
    if user.has_perm(roles.MANAGE_FOLLOWUPS):
        found.append(reds(user, at))
    drawn: list[charts.Chart | None] = []
    if approves(user):
        found.append(escalated(user, at))
    elif user.has_perm(roles.CONTROL_FOLLOWUPS):
        drawn = [by_site(user, area, at) for area in areas_of(user)]
    if (user.has_perm(roles.CONTROL_FOLLOWUPS) or approves(user)) and (petitions := petitions_due(user, at)):
        found.append(petitions)
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


def petitions_due(user: User, at: datetime) -> Panel | None:
    """The PQRS without an answer by their legal term; nothing where none waits."""
    today, rows = bogota(at).date(), Pqrs.objects.visible_to(user).pending().select_related("customer", "owner").order_by("due_on", "id")
    lines = tuple(
        Line(f"{row.number} · {row.customer.name}", f"{row.get_kind_display()} · {row.owner or 'sin responsable'} · vence el {row.due_on:%d/%m/%Y}",
             reverse("satisfaction:pqrs_detail", args=[row.pk]), "Vencida" if row.due_on < today else "En término",
             "bad" if row.due_on < today else "info")
        for row in rows[:SHOWN]
    )  # fmt: skip
    return Panel("PQRS por responder", lines, url=reverse("satisfaction:pqrs"), more="Ver las PQRS") if lines else None


def point(label: str, ratio) -> charts.Point:
    return charts.Point(label, None if ratio.value is None else float(ratio.value), ratio.text, ratio.fraction)


def by_site(user: User, area: Area, at: datetime) -> charts.Chart | None:
    """Satisfaction of the month by site against its goal."""
    part = Slice.of(Month.of(bogota(at).date()), **scope_of(user))
    rules = metrics.rules_of(part)
    points = [point(name, spread.by(rules.formula)) for name, spread in metrics.distributions_by(part, area, "site__name")]
    title = f"Satisfacción {area.label.lower()} del mes por sede"
    return charts.bars(title, points, goal=float(rules.goal), top=100) if points else None
