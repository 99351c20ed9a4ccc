"""The indicators of the process: one table for a month, and each with its year, brands and sites."""

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.access import open_to
from callcenter.domain import metrics
from callcenter.domain.metrics import Slice
from callcenter.models import Brand, Site, User
from callcenter.places import Place
from callcenter.views.listings import saved_views
from carrazos.lib import charts, periods
from carrazos.lib.periods import Month, Period
from carrazos.lib.ratios import Count, Ratio
from reports.domain import compliance, improvement, indicators, measurements
from reports.forms import ReportForm
from reports.views.centre import may_see

MONTHS = 12
PLACE = Place("indicadores", "Indicadores", "reports:indicators", ("site", "brand"), roles.SEE_REPORTS)
may_close = permission_required(roles.APPROVE_REPORTS, raise_exception=True)


def asked(request: HttpRequest) -> tuple[ReportForm, Period, Brand | None, Site | None]:
    """What is shown: the last closed month of everything unless something else is asked for."""
    current = Month.of(clock.today())
    wanted = request.GET.copy()
    wanted.setdefault("period", current.previous().code)
    form = ReportForm(wanted, user=request.user, month=current, today=clock.today())
    if not form.is_valid():
        return form, current.previous(), None, None
    data = form.cleaned_data
    return form, periods.parse(data["period"]), data["brand"], data["site"]


def delta(line: list[indicators.Reading]) -> str:
    """The change against the month before, in words."""
    now, before = line[-1].figure, line[-2].figure
    if now.value is None or before.value is None:
        return ""
    change = now.value - before.value
    if not change:
        return f"igual que el {named(line[-1].month)} anterior"
    size = f"{abs(change):.0f}" if isinstance(now, Count) else f"{abs(change):.1f} puntos".replace(".", ",")
    return f"{size} {'más' if change > 0 else 'menos'} que el {named(line[-1].month)} anterior"


def named(period: Period) -> str:
    return "mes" if isinstance(period, Month) else "período"


@may_see
@require_GET
def table(request: HttpRequest) -> HttpResponse:
    """Every indicator of a month with its goal, its numerator and denominator, and the change."""
    saved = saved_views(request, PLACE)
    if saved["opens_as"]:
        return redirect(saved["opens_as"])
    form, month, brand, site = asked(request)
    at, user = clock.now(), request.user
    kinds = indicators.of_period(month)
    read = indicators.readings(
        [month.previous(), month], viewer=user, brand=brand and brand.pk, site=site and site.pk, at=at, indicators=kinds
    )
    rows = [(line[-1], delta(line)) for line in read.values()]
    is_month = isinstance(month, Month)
    context = {
        "form": form, "month": month, "rows": rows, "closed": is_month and indicators.is_closed(month), "is_month": is_month,
        "is_past": is_month and month < Month.of(clock.today()), "query": request.GET.urlencode(),
        "measured": measurements.table(Slice.of(month, **metrics.scope_of(user)), brand=brand and brand.pk, site=site and site.pk, at=at),
        **saved,
    }  # fmt: skip
    return render(request, "reports/indicators.html", context)


@may_see
@require_GET
def indicator(request: HttpRequest, code: str) -> HttpResponse:
    """One indicator: twelve months, brands, sites and people."""
    kind = indicators.BY_CODE.get(code)
    if kind is None:
        raise Http404
    form, month, brand, site = asked(request)
    months = [month.back(count) for count in range(MONTHS - 1, -1, -1)]
    at, user = clock.now(), request.user
    line = indicators.readings(
        months, viewer=user, brand=brand and brand.pk, site=site and site.pk, at=at, indicators=(kind,)
    )[code]  # fmt: skip
    now = line[-1]
    context = {
        "kind": kind, "form": form, "month": month, "now": now, "line": line, "chart": trend(kind, line),
        "scopes": indicators.by_scope(kind, month, viewer=user, at=at) if not (brand or site) else [],
        "controls": controls(month, user, at) if code == "IND-13" else [],
        "people": by_person(kind, month, user, at),
        "moved": indicators.moved(month, brand=brand and brand.pk, site=site and site.pk, at=at).get(code) if now.closed else None,
    }  # fmt: skip
    return render(request, "reports/indicator.html", context)


def controls(month: Month, user: User, at: datetime) -> list[tuple[Ratio, str]]:
    """Each control of IND-13, with the page of its rows for who may open it."""
    return [(item, open_to(user, url)) for item, url in compliance.controls(Slice.of(month, **metrics.scope_of(user)), at)]


def trend(kind: indicators.Indicator, line: list[indicators.Reading]) -> charts.Chart:
    points = [
        charts.Point(read.month.short, None if read.figure.value is None else float(read.figure.value), read.figure.text, read.figure.fraction)
        for read in line
    ]  # fmt: skip
    goal = line[-1].figure.goal
    is_count = isinstance(line[-1].figure, Count)
    return charts.bars(kind.name, points, goal=None if goal is None else float(goal), top=None if is_count else 100,
                       value_title="Cantidad" if is_count else "%")  # fmt: skip


def by_person(kind: indicators.Indicator, month: Period, viewer: User, at) -> list[tuple[str, indicators.Figure]]:
    """The indicator of everybody who called in that month or week."""
    part = Slice.of(month, **metrics.scope_of(viewer))
    measured = kind.by_agent(part, at) if kind.by_agent else None
    return [(str(person), measured(person.pk)) for person in metrics.callers(part).order_by("first_name", "last_name")] if measured else []


@may_close
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Closes a month by hand: its figures do not move any more."""
    try:
        month = periods.parse(request.POST.get("period", ""))
        if not isinstance(month, Month):
            raise ValueError("Elija un mes.")
        closed = improvement.close(month, by=request.user, at=clock.now())
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("reports:indicators")
    if closed:
        text = f"{month.label.capitalize()} quedó cerrado."
        if closed.proposed:
            text += f" Se propusieron {len(closed.proposed)} acciones de mejora."
        if closed.judged:
            text += f" Se verificó la eficacia de {len(closed.judged)} acciones ejecutadas."
        messages.success(request, text)
    return redirect(f"{reverse('reports:indicators')}?period={month.code}")
