"""The list of surveys: who waits for a call and since when, what was answered, and the answers that come late (SAT-3, SAT-R14)."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from callcenter import clock, roles
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.enums import Channel
from satisfaction.domain import escalation, surveys
from satisfaction.domain.rules import rules_for
from satisfaction.enums import SurveyStatus
from satisfaction.forms import WORDS, LateForm, PortalForm
from satisfaction.models import Survey


@permission_required(roles.SEE_SURVEYS, raise_exception=True)
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What one customer answered."""
    row = get_object_or_404(Survey.objects.visible_to(request.user).for_list().select_related("outreach__batch"), pk=pk)
    context = {
        "row": row,
        "answers": row.answers.select_related("question__questionnaire"),
        "cases": row.follow_ups.visible_to(request.user).for_card(),
        "may_answer": can_answer(request.user, row),
        "may_portal": request.user.has_perm(roles.RECORD_SURVEYS) and bool(row.brand.portal_name) and not row.portal_answered,
        "form": PortalForm(),
    }
    return render(request, "satisfaction/survey.html", context)


def can_answer(user, row: Survey) -> bool:
    return user.has_perm(roles.RECORD_SURVEYS) and row.status != SurveyStatus.ANSWERED


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
                if form.only_portal(form.cleaned_data):
                    return mark(request, row, form)
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


def mark(request: HttpRequest, row: Survey, form: PortalForm | LateForm) -> HttpResponse:
    data = form.cleaned_data
    surveys.mark_portal(row.pk, on=data["portal_on"], score=data["portal_score"], by=request.user, at=clock.now())
    messages.success(request, f"Marcado: {row.customer} respondió en el portal de la marca.")
    return redirect("satisfaction:survey", pk=row.pk)


@permission_required(roles.RECORD_SURVEYS, raise_exception=True)
@require_POST
def portal(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer answered on the brand's portal (morado), whatever the survey says."""
    row = get_object_or_404(Survey.objects.visible_to(request.user).for_list(), pk=pk)
    form = PortalForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Revise la fecha y la calificación del portal.")
        return redirect("satisfaction:survey", pk=pk)
    return mark(request, row, form)
