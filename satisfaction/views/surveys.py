"""The list of surveys: who waits for a call and since when, what was answered, and the answers that come late (SAT-3, SAT-R14)."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from callcenter import clock, roles
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.domain.metrics import Slice, scope_of
from callcenter.enums import Channel, NextStep, OutreachState
from carrazos.lib import text
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month
from satisfaction.domain import escalation, metrics, surveys
from satisfaction.domain.rules import rules_for
from satisfaction.enums import SurveyStatus
from satisfaction.forms import WORDS, LateForm, SurveyListForm
from satisfaction.models import Survey
from satisfaction.models.surveys import ANSWERED, areas_of

PAGE = 50


def late_before(at, calendar):
    """Services before this day should have been called already (SAT-3)."""
    day = bogota(at).date()
    for _ in range(rules_for().call_within_days):
        day = calendar.previous_business_day(day.fromordinal(day.toordinal() - 1))
    return day


def filtered(rows, form: SurveyListForm, *, late):
    """The rows of the filter, in the order that each state is worked."""
    form.is_valid()
    data = form.cleaned_data
    state = data.get("state") or ""
    waiting = Q(status=SurveyStatus.PENDING, outreach__state=OutreachState.OPEN)
    rows = {
        "": lambda: rows.filter(waiting).order_by("served_on", "id"),
        "late": lambda: rows.filter(waiting, served_on__lt=late).order_by("served_on", "id"),
        "reply": lambda: (
            rows.filter(status=SurveyStatus.PENDING, outreach__messages__isnull=False).distinct().order_by("-served_on", "-id")
        ),
        "answered": lambda: rows.filter(status__in=ANSWERED).order_by("-answered_at", "-id"),
        "all": lambda: rows.order_by("-served_on", "-id"),
    }[state]()
    for name in ("programme", "site", "brand", "band"):
        if data.get(name):
            rows = rows.filter(**{name: data[name]})
    if data.get("q"):
        plate = "".join(data["q"].upper().split()).replace("-", "")
        rows = rows.filter(Q(customer__name_key__contains=text.name_key(data["q"])) | Q(vehicle__plate=plate))
    return rows


@permission_required(roles.SEE_SURVEYS, raise_exception=True)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Coverage of the month, ageing of who was not called, and the list."""
    at, calendar, user = clock.now(), company_calendar(), request.user
    form = SurveyListForm(request.GET, user=user)
    late = late_before(at, calendar)
    visible = Survey.objects.visible_to(user)
    page = Paginator(filtered(visible.for_list(), form, late=late), PAGE).get_page(request.GET.get("page"))
    today = bogota(at).date()
    for row in page.object_list:
        row.waited = calendar.business_days_between(row.served_on, today)
        row.is_late = row.status == SurveyStatus.PENDING and row.served_on < late
    part = Slice.of(Month.of(today), **scope_of(user))
    query = request.GET.copy()
    query.pop("page", None)
    waiting = visible.filter(status=SurveyStatus.PENDING, outreach__state=OutreachState.OPEN)
    context = {
        "form": form,
        "page": page,
        "query": query.urlencode(),
        "late": late,
        "coverage": [(area.label, metrics.coverage(part, area)) for area in areas_of(user)],
        "ageing": waiting.aggregate(
            total=Count("pk"),
            late=Count("pk", filter=Q(served_on__lt=late)),
            reply=Count("pk", filter=Q(outreach__next_step=NextStep.REPLY)),
        ),
        "month": Month.of(today),
    }
    return render(request, "satisfaction/surveys.html", context)


@permission_required(roles.SEE_SURVEYS, raise_exception=True)
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What one customer answered."""
    row = get_object_or_404(Survey.objects.visible_to(request.user).for_list(), pk=pk)
    context = {
        "row": row,
        "answers": row.answers.select_related("question__questionnaire"),
        "cases": row.follow_ups.visible_to(request.user).for_card(),
        "may_answer": can_answer(request.user, row),
    }
    return render(request, "satisfaction/survey.html", context)


def can_answer(user, row: Survey) -> bool:
    return user.has_perm(roles.RECORD_SURVEYS) and row.status not in {SurveyStatus.MERGED, SurveyStatus.ANSWERED}


@permission_required(roles.RECORD_SURVEYS, raise_exception=True)
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answers that came after the calls, by WhatsApp or mail."""
    row = get_object_or_404(Survey.objects.visible_to(request.user).for_list(), pk=pk)
    if not can_answer(request.user, row):
        messages.warning(request, "Esta encuesta ya está respondida.")
        return redirect("satisfaction:survey", pk=pk)
    at, calendar = clock.now(), company_calendar()
    form = LateForm(request.POST if request.method == "POST" else None, survey=row)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                done, case = surveys.answer_later(
                    pk, form.reply(Channel(form.cleaned_data["channel"])), by=request.user, at=at, calendar=calendar
                )
                messages.success(request, f"Respuesta registrada: {done.customer}." + (" Se abrió un caso en rojo." if case else ""))
                return redirect("satisfaction:survey", pk=pk)
            except Refused as refusal:
                form.add_error(None, str(refusal))
    due = escalation.clock(at, calendar, days=rules_for(row.brand_id).sla_days).due_at
    context = {
        "row": row, "survey": row, "form": form, "survey_form": form, "survey_rows": form.rows(), "bands": WORDS,
        "due_words": escalation.due_words(due, at, calendar), "messages_sent": row.outreach.messages.all(),
    }  # fmt: skip
    return render(request, "satisfaction/answer.html", context, status=status)
