"""The reports centre: on screen, and as files built by jobs (screens §2.4)."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain import audit
from callcenter.enums import WorkState
from callcenter.models import Access
from callcenter.places import Place
from callcenter.views.listings import saved_views
from carrazos.lib import periods
from carrazos.lib.periods import Month
from reports.base import Dataset, Report, Request
from reports.catalogue import BY_CODE, CATALOGUE
from reports.domain import editions, runs
from reports.drill import Rows, narrow
from reports.forms import EditionFilter, ReportForm, RunForm
from reports.models import Edition, ImprovementAction, ReportRun

ROWS_SHOWN = 50
RUNS_SHOWN = 30
EDITIONS_SHOWN = 60
ACTIONS_SHOWN = 10
FIGURE = re.compile(
    r"(van )?\d[\d.,]*( (%|h|de \d[\d.]*))?( \(.*\))?(, en curso)?"
)  # a cell that counts something: `3 de 5`, `40,0 % (2 de 5)`
CONTENT_TYPES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "pdf": "application/pdf"}
may_see = permission_required(roles.SEE_REPORTS, raise_exception=True)
PLACE = Place("informes", "Informes", "reports:centre", ("code", "state"), roles.SEE_REPORTS)


def report_of(code: str):
    if code not in BY_CODE:
        raise Http404
    return BY_CODE[code]


@may_see
@require_GET
def centre(request: HttpRequest) -> HttpResponse:
    """The reports of the house, the close of each period, and one's own downloads (screens §2.4)."""
    saved = saved_views(request, PLACE)
    if saved["opens_as"]:
        return redirect(saved["opens_as"])
    today, form = clock.today(), EditionFilter(request.GET, catalogue=CATALOGUE)
    rows = Edition.objects.visible_to(request.user).current().select_related("site", "brand", "reviewed_by", "sent_by")
    rows = form.apply(rows, today)
    shown = [(row, BY_CODE[row.code], editions.due_words(row, today), row.is_overdue(today)) for row in rows[:EDITIONS_SHOWN]
             if row.code in BY_CODE]  # fmt: skip
    downloads = ReportRun.objects.visible_to(request.user).select_related("site", "brand")[:RUNS_SHOWN]
    return render(request, "reports/centre.html", {"catalogue": CATALOGUE, "form": form, "editions": shown, "runs": downloads, **saved})


@may_see
@require_GET
def report(request: HttpRequest, code: str) -> HttpResponse:
    """One report on screen; the last closed month unless another is asked for."""
    kind = report_of(code)
    month = Month.of(clock.today())
    form = ReportForm(request.GET or {"period": month.previous().code}, user=request.user, month=month, today=clock.today())
    context = {"report": kind, "catalogue": CATALOGUE, "form": form}
    context["formats"] = [(value, label, uuid.uuid4()) for value, label in ReportRun.Format.choices]
    if form.is_valid():
        period = periods.parse(form.cleaned_data["period"])
        asked = Request(period, request.user, form.cleaned_data["site"], form.cleaned_data["brand"])
        data = kind.dataset(asked, at=clock.now())
        shown = {"period": period.code, "site": request.GET.get("site", ""), "brand": request.GET.get("brand", "")}
        drilled = narrow(data.records, request.GET, drills=kind.drills, dimensions=kind.dimensions,
                         names={item.key: item.label for item in data.indicators})  # fmt: skip
        page = Paginator(drilled.records, ROWS_SHOWN).get_page(request.GET.get("page"))
        context |= {
            "data": data,
            **linked(kind, data, shown),
            "actions": ImprovementAction.objects.visible_to(request.user)
            .open()
            .select_related("owner")
            .filter(indicator__in={item.code for item in data.indicators if item.code})
            .order_by("due_on", "-opened_at")[:ACTIONS_SHOWN],
            "today": clock.today(),
            # Where the procedure asks this report for screenshots.
            "annex": None if type(kind).proofs is Report.proofs else kind.annex(data, asked.slice),
            "drilled": drilled.words,
            "head": [column.title for column in data.columns if column.in_pdf],
            "lines": [
                (address(kind, kind.behind_row(record), shown), [column.text(record) for column in data.columns if column.in_pdf])
                for record in page
            ],
            "page": page,
            "edition": Edition.objects.visible_to(request.user).current().filter(code=code, period=period.code).first(),
            "due": editions.handed_out_by(code, period) if type(period) in kind.frequencies else None,
        }
    context["runs"] = ReportRun.objects.visible_to(request.user).filter(code=code)[:RUNS_SHOWN]
    return render(request, "reports/report.html", context)


def address(kind: Report, rows: Rows | None, asked: Mapping[str, str]) -> str:
    """Where the rows of a figure are; empty where it has none."""
    return rows.address(kind.code, asked) if rows else ""


def linked(kind: Report, data: Dataset, asked: Mapping[str, str]) -> dict:
    """The figures of a report, each with the address of the rows behind it."""
    tables = [
        (table, [[(value, address(kind, table.behind(row, at), asked) if table.behind and at and FIGURE.fullmatch(value) else "")
                  for at, value in enumerate(row)] for row in table.rows])
        for table in data.tables
    ]  # fmt: skip
    charts = [
        replace(chart, points=tuple(replace(point, url=address(kind, chart.behind(point), asked)) for point in chart.points))
        if chart.behind else chart
        for chart in data.charts
    ]  # fmt: skip
    return {"kpis": [(item, address(kind, kind.behind(item.key), asked)) for item in data.indicators], "tables": tables, "charts": charts}


@may_see
@require_POST
def ask(request: HttpRequest, code: str) -> HttpResponse:
    """Queues the file and shows its card."""
    kind = report_of(code)
    form = RunForm(request.POST, user=request.user, month=Month.of(clock.today()), today=clock.today())
    if not form.is_valid():
        messages.error(request, "Revise el período y los filtros del informe.")
        return redirect("reports:report", code=kind.code)
    data = form.cleaned_data
    runs.ask(
        kind.code,
        data["period"],
        data["format"],
        by=request.user,
        key=data["key"],
        site=data["site"],
        brand=data["brand"],
        again="again" in request.POST,
        at=clock.now(),
    )
    query = f"?period={data['period']}" + "".join(f"&{name}={data[name].pk}" for name in ("site", "brand") if data[name])
    return redirect(reverse("reports:report", args=[kind.code]) + query + "#descargas")


@may_see
@require_GET
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One download's card: asks every two seconds while it is being built."""
    row = get_object_or_404(ReportRun.objects.visible_to(request.user), pk=pk)
    return render(request, "reports/report.html#run", {"run": row})


@may_see
@require_GET
def download(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ReportRun.objects.visible_to(request.user).exclude(file=""), pk=pk, work_state=WorkState.DONE)
    name = f"{row.code}_{row.period}.{row.format}"
    audit.note_access(request.user, Access.EXPORT, f"{row.code} {row.period}", at=clock.now(), rows=row.rows, sha256=row.sha256)
    return FileResponse(row.file.open("rb"), as_attachment=True, filename=name, content_type=CONTENT_TYPES[row.format])
