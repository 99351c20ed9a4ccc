"""The reports centre: on screen, and as files built by jobs (screens §2.4)."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain.calendar import company_calendar
from callcenter.enums import WorkState
from carrazos.lib import periods
from carrazos.lib.periods import Month
from reports.base import Request
from reports.catalogue import BY_CODE, CATALOGUE
from reports.domain import runs
from reports.forms import ReportForm, RunForm
from reports.models import ReportRun

ROWS_SHOWN = 50
RUNS_SHOWN = 30
CONTENT_TYPES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "pdf": "application/pdf"}
may_see = permission_required(roles.SEE_REPORTS, raise_exception=True)


def report_of(code: str):
    if code not in BY_CODE:
        raise Http404
    return BY_CODE[code]


@may_see
@require_GET
def centre(request: HttpRequest) -> HttpResponse:
    """Opens the first report of the house."""
    return redirect("reports:report", code=CATALOGUE[0].code)


@may_see
@require_GET
def report(request: HttpRequest, code: str) -> HttpResponse:
    """One report on screen; the last closed month unless another is asked for."""
    kind = report_of(code)
    month = Month.of(clock.today())
    form = ReportForm(request.GET or {"period": month.previous().code}, user=request.user, month=month)
    context = {"report": kind, "catalogue": CATALOGUE, "form": form}
    context["formats"] = [(value, label, uuid.uuid4()) for value, label in ReportRun.Format.choices]
    if form.is_valid():
        period = periods.parse(form.cleaned_data["period"])
        asked = Request(period, request.user, form.cleaned_data["site"], form.cleaned_data["brand"])
        data = kind.dataset(asked, at=clock.now())
        context |= {
            "data": data,
            "head": [column.title for column in data.columns if column.in_pdf],
            "lines": [[column.text(record) for column in data.columns if column.in_pdf] for record in data.records[:ROWS_SHOWN]],
            "rows_shown": ROWS_SHOWN,
            "due": period.report_due(company_calendar()) if isinstance(period, Month) else None,
        }
    context["runs"] = ReportRun.objects.visible_to(request.user).filter(code=code)[:RUNS_SHOWN]
    return render(request, "reports/report.html", context)


@may_see
@require_POST
def ask(request: HttpRequest, code: str) -> HttpResponse:
    """Queues the file and shows its card."""
    kind = report_of(code)
    form = RunForm(request.POST, user=request.user, month=Month.of(clock.today()))
    if not form.is_valid():
        messages.error(request, "Revise el período y los filtros del informe.")
        return redirect("reports:report", code=kind.code)
    data = form.cleaned_data
    runs.ask(
        kind.code, data["period"], data["format"], by=request.user, key=data["key"], site=data["site"], brand=data["brand"], at=clock.now()
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
    row = get_object_or_404(ReportRun.objects.visible_to(request.user), pk=pk, work_state=WorkState.DONE)
    name = f"{row.code}_{row.period}.{row.format}"
    return FileResponse(row.file.open("rb"), as_attachment=True, filename=name, content_type=CONTENT_TYPES[row.format])
