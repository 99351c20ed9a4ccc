"""The review of the activities: one verdict by key, the identical at once, ambiguous ones (GC-PRO-05 §2, GC-FOR-05)."""

from itertools import groupby

from django.contrib import messages
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain.errors import Refused
from callcenter.domain.metrics import Slice, scope_of
from callcenter.enums import ReasonKind
from callcenter.models import Reason
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month
from crm_audit.domain import indicators, matching, validity
from crm_audit.enums import ActivityState, Verdict
from crm_audit.forms import (
    ActivityFilter,
    VerdictForm,
)
from crm_audit.models import Activity
from crm_audit.timeline import capped
from crm_audit.views.shared import PAGE, may_audit, may_see, page_of, shared

ROWS = 40  # a row holds its buttons: more would pass 60 KB (screens.md, speed budget)
WAITING = {"pending", "corrected"}
SECOND = Q(second_verdict="") & ~Q(verdict="")


def activity_rows(form, user):
    """The activities that the filter keeps, in the order of the review: by advisor, then day."""
    rows = Activity.objects.visible_to(user)
    show = (form.cleaned_data.get("show") if form.is_valid() else "") or "pending"
    if show == "pending":
        rows = rows.pending()
    elif show == "corrected":
        rows = rows.pending().filter(corrected_at__isnull=False)
    elif show == "second":
        rows = rows.filter(SECOND).exclude(judged_by=user)
    elif show == "disagree":
        rows = rows.exclude(second_verdict="").exclude(second_verdict=F("verdict"))
    else:
        rows = rows.exclude(verdict="")
    if form.is_valid():
        rows = form.narrow(rows)
        if proposal := form.cleaned_data.get("proposal"):
            rows = rows.filter(proposal=proposal)
        if kind := form.cleaned_data.get("kind"):
            rows = rows.filter(kind=kind)
    return rows, show


def for_list(rows):
    return rows.select_related("advisor", "prospect", "reason", "judged_by", "second_by")


@may_see
@require_GET
def activities(request: HttpRequest) -> HttpResponse:
    """The review list: grouped by advisor, each row with its proposal, judged by one key."""
    at = clock.now()
    form = ActivityFilter(request.GET or None, user=request.user)
    rows, show = activity_rows(form, request.user)
    mine = Activity.objects.visible_to(request.user)
    # What waits is reviewed advisor by advisor; what was judged is looked back on, the newest day first.
    order = ("advisor_key", "day", "pk") if show in WAITING else ("day", "advisor_key", "pk")
    context = shared(at) | page_of(request, for_list(rows), *order, size=ROWS, descending=show not in WAITING)
    copies = validity.count_identical(context["rows"], within=mine) if show in WAITING else {}
    for row in context["rows"]:
        row.copies = copies.get(row.pk, 1)
    month = Month.of(bogota(at).date())
    context |= {
        "form": form, "show": show, "month": month, "pending": capped(mine.pending()), "ambiguous": capped(mine.filter(is_ambiguous=True)),
        "groups": [(name, list(items)) for name, items in groupby(context["rows"], key=lambda row: str(row.advisor or row.advisor_name))],
        "indicator": indicators.indicators(Slice.of(month, **scope_of(request.user)))[1], **judging(request, context["rows"]),
    }  # fmt: skip
    return render(request, "crm_audit/activities.html", context)


def judging(request: HttpRequest, rows: list[Activity]) -> dict:
    """What the rows need to be judged; the reasons are asked and written once for the page, each row has only the proposed one."""
    can_judge, reasons = request.user.has_perm(roles.AUDIT), []
    if can_judge:
        reasons = list(Reason.objects.choices(ReasonKind.ACTIVITY))
        by_code = {reason.code: reason for reason in reasons}
        for row in rows:
            row.proposed = by_code.get(row.proposed_reason)
    return {"can_judge": can_judge, "reasons": reasons, "verdicts": Verdict, "states": ActivityState}


@may_audit
@require_POST
def judge(request: HttpRequest, pk: int) -> HttpResponse:
    """One verdict by key; with `identical`, the same for every activity that says the same."""
    row = get_object_or_404(Activity.objects.visible_to(request.user), pk=pk)
    said = request.POST.dict()
    if "identical" in said and "verdict" not in said:
        # The button of the identical ones means the proposal, whatever is half chosen in this row.
        said |= {"verdict": row.proposal, "reason": row.proposed_reason}
    form, at, error, count = VerdictForm(said), clock.now(), "", 1
    if form.is_valid():
        data = form.cleaned_data
        try:
            if data["identical"]:
                count = validity.judge_identical(
                    pk, data["verdict"], reason=data["reason"], note=data["note"], by=request.user, at=at,
                    within=Activity.objects.visible_to(request.user),
                )  # fmt: skip
            else:
                validity.judge(pk, data["verdict"], reason=data["reason"], note=data["note"], by=request.user, at=at)
        except Refused as refusal:
            error = str(refusal)
    else:
        error = "Elija el dictamen y su motivo."
    if count > 1:
        messages.success(request, f"{count} actividades idénticas dictaminadas.")
    return answer_row(request, row.pk, error, reload=count > 1)


@may_audit
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraws one's own verdict."""
    row = get_object_or_404(Activity.objects.visible_to(request.user), pk=pk)
    error = ""
    try:
        validity.take_back(row.pk, by=request.user)
    except Refused as refusal:
        error = str(refusal)
    return answer_row(request, row.pk, error)


def answer_row(request: HttpRequest, pk: int, error: str, *, reload: bool = False) -> HttpResponse:
    """The row as it stands now, or the whole page where there is no JavaScript or many rows changed."""
    if not request.htmx or reload:
        if error:
            messages.warning(request, error)
        if request.htmx:
            response = HttpResponse(status=204)
            response["HX-Refresh"] = "true"
            return response
        return redirect(request.POST.get("back") if request.POST.get("back", "").startswith("/actividades/") else "crm_audit:activities")
    row = for_list(Activity.objects.visible_to(request.user)).get(pk=pk)
    context = {"row": row, "error": error, "copies": 1, **judging(request, [row])}
    return render(request, "crm_audit/activities.html#row", context, status=422 if error else 200)


@may_audit
@require_GET
def ambiguous(request: HttpRequest) -> HttpResponse:
    """Activities whose name fits several prospects, one question per advisor and name."""
    rows = (
        Activity.objects.visible_to(request.user)
        .filter(is_ambiguous=True)
        .select_related("site", "advisor")
        .order_by("site", "advisor_key", "name_key", "day")
    )
    asked: dict[tuple, list[Activity]] = {}
    for row in rows[: PAGE * 4]:
        asked.setdefault((row.site_id, row.advisor_key, row.name_key), []).append(row)
    questions = [(found[0], found, matching.candidates(found[0], request.user)) for found in list(asked.values())[:PAGE]]
    return render(request, "crm_audit/ambiguous.html", shared(clock.now()) | {"questions": questions})


@may_audit
@require_POST
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Says which prospect an activity is about."""
    row = get_object_or_404(Activity.objects.visible_to(request.user), pk=pk)
    raw = request.POST.get("prospect", "")
    try:
        count = matching.resolve(row.pk, int(raw) if raw.isdigit() and len(raw) < 19 else 0, by=request.user)
        messages.success(request, f"{count} {'actividad quedó' if count == 1 else 'actividades quedaron'} con su prospecto.")
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("crm_audit:ambiguous")
