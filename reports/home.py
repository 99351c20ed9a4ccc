"""What the reports put on the home page: what waits for review or approval, actions that are late, the controls of the process (screens §2.5)."""

from datetime import date, datetime

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from callcenter import roles
from callcenter.access import open_to
from callcenter.domain.metrics import Slice, scope_of
from callcenter.models import User
from callcenter.views.home import Card, Line, Panel
from carrazos.lib import charts
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month
from reports.catalogue import BY_CODE, CATALOGUE
from reports.domain import closed, compliance, editions
from reports.models import ActionState, Edition, EditionState, ImprovementAction
from satisfaction.domain import metrics
from satisfaction.home import approves, point
from satisfaction.models.surveys import areas_of

SHOWN = 5
MONTHS = 12
WAITS = ((roles.REVIEW_REPORTS, EditionState.PREPARED, "Por revisar"), (roles.APPROVE_REPORTS, EditionState.REVIEWED, "Por aprobar"),
         (roles.APPROVE_REPORTS, EditionState.APPROVED, "Por enviar"))  # fmt: skip


def cards(request: HttpRequest, at: datetime) -> list[Card]:
    """The process itself, for whoever watches over it; the rest of the house reads its reports and actions in lists."""
    user, today = request.user, bogota(at).date()
    if not user.has_perm(roles.MANAGE_DOCUMENTS):
        return []
    month = Month.of(today)
    ratio = compliance.compliance(Slice.of(month, **scope_of(user)), at)
    open_rows = list(ImprovementAction.objects.visible_to(user).open().values_list("state", "due_on"))
    late = sum(state == ActionState.PLANNED and day < today for state, day in open_rows)
    return [
        Card("Cumplimiento de procedimiento del mes", ratio.text, f"{ratio.fraction} controles",
             f"{reverse('reports:indicator', args=['IND-13'])}?period={month.code}"),
        Card("Acciones de mejora abiertas", str(len(open_rows)), f"{late} vencidas" if late else "ninguna vencida", reverse("reports:actions"),
             "bad" if late else ""),
    ]  # fmt: skip


def waiting(user: User) -> dict[str, str]:
    """Edition state → what this person is to do about it."""
    return {state: words for permission, state, words in WAITS if user.has_perm(permission)}


def of_function(user: User, waits: dict[str, str]) -> QuerySet[Edition]:
    """The editions in those states whose report is this function's work."""
    codes = [report.code for report in CATALOGUE if report.handled_by & user.functions]
    return Edition.objects.visible_to(user).filter(state__in=waits, code__in=codes)


def panels(request: HttpRequest, at: datetime) -> list[Panel]:
    """Reports to review or approve, actions by their date, for quality the controls of the month, for management twelve of satisfaction."""
    user, today, found = request.user, bogota(at).date(), []
    if waits := waiting(user):
        found.append(to_hand_out(user, waits, today))
    if user.has_perm(roles.MANAGE_ACTIONS):
        found.append(actions_due(user, today))
    if user.has_perm(roles.MANAGE_DOCUMENTS):
        month = Month.of(today)
        lines = tuple(
            Line(item.name, item.formula, open_to(user, url),
                 f"{item.text} ({item.fraction})", "good" if item.total and item.hits == item.total else "warn" if item.total else "")
            for item, url in compliance.controls(Slice.of(month, **scope_of(user)), at)
        )  # fmt: skip
        found.append(Panel(f"Controles de {month.label}", lines, url=reverse("reports:indicators"), more="Ver los indicadores"))
    if approves(user):
        chart = year(user, at)
        found.append(Panel(chart.title, chart=chart))
    return found


def year(user: User, at: datetime) -> charts.Chart:
    """Twelve months of satisfaction, the areas side by side under one title; a closed month by the formula it was closed with."""
    last = Month.of(bogota(at).date())
    months = [last.back(count) for count in range(MONTHS - 1, -1, -1)]
    part = Slice.of(last, **scope_of(user))
    series = []
    for area in areas_of(user):
        rules = closed.rules_by_month(part, area, months)
        found = metrics.distributions_by_month(part, area, months)
        series.append(
            (f"Satisfacción {area.label.lower()}", [point(month.label[:3], spread.by(rules[month].formula)) for month, spread in found])
        )
    return charts.lines("Satisfacción, doce meses", series, goal=float(metrics.rules_of(part).goal), top=100)


def to_hand_out(user: User, waits: dict[str, str], today: date) -> Panel:
    rows = of_function(user, waits).order_by("due_on", "code")[:SHOWN]
    lines = tuple(
        Line(f"{BY_CODE[row.code].title}: {row.the_period.label}", editions.due_words(row, today), reverse("reports:edition", args=[row.pk]),
             waits[row.state], "bad" if row.is_overdue(today) else "warn")
        for row in rows
    )  # fmt: skip
    return Panel("Informes que esperan por usted", lines, empty="Ningún informe espera revisión ni aprobación.", url=reverse("reports:centre"),
                 more="Ir a informes")  # fmt: skip


def actions_due(user: User, today: date) -> Panel:
    """Actions with a plan, the first to fall due on top, and proposals that nobody took up."""
    rows = ImprovementAction.objects.visible_to(user).open().select_related("owner").order_by("due_on", "opened_at")[:SHOWN]
    lines = tuple(
        Line(str(row), f"{row.owner or 'sin responsable'}{f' · límite {row.due_on:%d/%m/%Y}' if row.due_on else ''}",
             reverse("reports:action", args=[row.pk]), "Vencida" if row.is_overdue(today) else row.get_state_display(),
             "bad" if row.is_overdue(today) else "info")
        for row in rows
    )  # fmt: skip
    return Panel("Acciones de mejora", lines, empty="No hay acciones abiertas.", url=reverse("reports:actions"), more="Ver las acciones")
