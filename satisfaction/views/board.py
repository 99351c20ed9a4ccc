"""The detractors' board: lanes, table, one case with everything to act (screens §2.3)."""

import uuid
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Avg, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, reading, roles
from callcenter.access import any_permission
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Conflict, Refused
from callcenter.domain.metrics import Slice, scope_of
from callcenter.downloads import hand_over
from callcenter.models import ContactPoint, User
from callcenter.places import Place
from callcenter.views.listings import saved_views
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month
from satisfaction.domain import board, followups, metrics, people, semaphore
from satisfaction.domain.board import QUICK
from satisfaction.enums import Action, Level, Light
from satisfaction.forms import AssignForm, DeedForm
from satisfaction.models import Cause, FollowUp, Proof
from satisfaction.models.surveys import areas_of
from satisfaction.tables import FollowUpFilter

may_see = permission_required(roles.SEE_FOLLOWUPS, raise_exception=True)
DEEDS = {
    "tomar": Action.TAKEN, "gestion": Action.MANAGED, "cerrar": Action.RESOLVED, "insatisfecho": Action.UNSATISFIED,
    "reabrir": Action.REOPENED, "sugerencia": Action.SUGGESTED,
}  # fmt: skip
SLUGS = {action: slug for slug, action in DEEDS.items()}


PLACE = Place("tablero", "Tablero de detractores", "satisfaction:board", tuple(FollowUpFilter.base_filters), roles.SEE_FOLLOWUPS)


@may_see
@require_GET
def lanes(request: HttpRequest) -> HttpResponse:
    """The board; its table mode is the list at /detractores/tabla/, with the same filters.

    The live refresh draws the lanes alone; what narrows further comes when it is asked for (`more`).
    """
    saved = {} if request.htmx else saved_views(request, PLACE)
    if saved.get("opens_as"):
        return redirect(saved["opens_as"])
    at, user = clock.now(), request.user
    rows, asked = FollowUp.objects.visible_to(user), None
    if "more" in request.GET or any(request.GET.get(name) for name in PLACE.names):
        asked = FollowUpFilter(request.GET, queryset=rows, request=request)
        rows = asked.qs
    used = {name for name, value in asked.form.cleaned_data.items() if value} if asked else set()
    context = {
        "at": at, "query": PLACE.state(request.GET), "quick": request.GET.get("quick", ""), "is_narrow": bool(used - {"quick"}),
        "fields": [field for field in asked.form if field.name != "quick"] if asked and (used - {"quick"} or "more" in request.GET) else (),
    }  # fmt: skip
    if request.htmx and "more" in request.GET:
        return render(request, "satisfaction/board.html#more", context)
    lights = board.lights_for(user)
    counts = None if request.htmx else board.counts(user, at, lights)
    shown = board.lanes(rows, at=at, calendar=company_calendar(), lights=lights, counts=None if used else counts)
    context["lanes"] = shown
    if counts is None:
        return render(request, "satisfaction/board.html#lanes", context)
    request.open_cases = board.Open(counts[Light.RED], counts[Light.YELLOW], counts["late"])
    context |= {"chips": chips(user, counts, request.GET), "kpis": kpis(user, at), "waiting": request.open_cases, **saved}
    return render(request, "satisfaction/board.html", context)


def open_cases(request: HttpRequest) -> board.Open:
    """What waits for this person, asked once for the page and its navigation."""
    if not hasattr(request, "open_cases"):
        request.open_cases = board.waiting(request.user, clock.now())
    return request.open_cases


def chips(user: User, counts: dict[str, int], query: QueryDict) -> list[dict]:
    """The quick filters with their counts; the chosen one is marked and takes itself off."""
    chosen = query.get("quick", "")
    found = []
    for name, label in QUICK:
        if name == "revisar" and not user.has_perm(roles.CONTROL_FOLLOWUPS):
            continue
        link = query.copy()
        link["quick"] = name
        if name == chosen:
            link.pop("quick")
        found.append({"label": label, "count": counts[name], "current": name == chosen, "url": f"?{link.urlencode()}"})
    return found


def kpis(user: User, at: datetime) -> dict:
    """The figures of the month above the lanes (screens §2.3)."""
    month = Month.of(bogota(at).date())
    answered = FollowUp.objects.visible_to(user).detractors().filter(answered_on__gte=month.first)
    part, areas = Slice.of(month, **scope_of(user)), areas_of(user)
    return {
        "in_time": metrics.timeliness(part, areas[0] if len(areas) == 1 else None, at),
        "satisfaction": [metrics.satisfaction(part, area) for area in areas],
        "mean_hours": metrics.CaseFigures(0, 0, 0, 0, answered.aggregate(mean=Avg("response_minutes"))["mean"]).mean_hours,
        "month": month,
    }


# -- one case --------------------------------------------------------------------------------------------------------


def case_of(request: HttpRequest, pk: int) -> FollowUp:
    return get_object_or_404(FollowUp.objects.visible_to(request.user), pk=pk)


def whole() -> QuerySet[FollowUp]:
    """Cases with what their page shows."""
    return FollowUp.objects.for_card().select_related("survey__work_order", "outreach", "closed_by", "opened_by", "reviewed_by")


def render_case(request: HttpRequest, row: FollowUp, *, form: DeedForm | None = None, opened: str = "", status: int = 200) -> HttpResponse:
    """The case as a page, or as the side panel for htmx."""
    at, calendar = clock.now(), company_calendar()
    row = board.worded(row, at, calendar)
    same = Q(customer=row.customer) | Q(vehicle=row.vehicle) if row.vehicle_id else Q(customer=row.customer)
    moves = [(SLUGS[move.action], move) for move in followups.moves_for(row, request.user)]
    may_manage = request.user.has_perm(roles.MANAGE_FOLLOWUPS)
    context = {
        "row": row,
        "at": at,
        "phones": reachable(row),
        "events": row.events.select_related("by", "proof").order_by("-at", "-id"),
        "proofs": row.proofs.select_related("added_by"),
        "answers": row.survey.answers.select_related("question__questionnaire") if row.survey else [],
        "others": FollowUp.objects.visible_to(request.user).filter(same).exclude(pk=row.pk).for_card().order_by("-opened_at")[:5],
        "moves": moves,
        "form": form,
        "opened": opened,
        "key": (form.data.get("key") if form else None) or uuid.uuid4(),
        "causes": Cause.objects.filter(is_active=True),
        "channels": DeedForm.base_fields["channel"].choices,
        "may_manage": may_manage,
        "may_escalate": may_manage and row.is_open and row.level != Level.MANAGER,
        "may_confirm": row.light in {Light.GREEN, Light.PURPLE} and not row.verified_at and can_confirm(request.user),
        "may_review": bool(row.closed_at) and not row.reviewed_at and request.user.has_perm(roles.CONTROL_FOLLOWUPS),
        "may_portal": may_manage and bool(row.brand.portal_name) and not row.brand_portal_answered,
        "people": people.assignable(row.area, row.site_id, row.brand_id) if row.is_open and request.user.has_perm(roles.CONTROL_FOLLOWUPS) else [],
    }  # fmt: skip
    response = render(request, "satisfaction/case.html#case" if request.htmx else "satisfaction/case.html", context, status=status)
    if request.htmx and request.method == "POST" and status == 200:
        response["HX-Trigger-After-Settle"] = "board-changed"
    return response


def can_confirm(user: User) -> bool:
    return user.has_perm(roles.RECORD_SURVEYS) or user.has_perm(roles.CONTROL_FOLLOWUPS)


@may_see
@require_GET
def follow_up(request: HttpRequest, pk: int) -> HttpResponse:
    """One case with its history and the buttons that its state and the viewer's role allow."""
    row = get_object_or_404(whole().visible_to(request.user), pk=pk)
    reading.opened(request, f"Caso n.º {row.pk}", row.customer)
    return render_case(request, row)


@may_see
@require_POST
def points(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer's telephones, to call about the case."""
    row = case_of(request, pk)
    return reading.revealed(request, row.customer, reachable(row), to_call=True)


def reachable(row: FollowUp) -> QuerySet[ContactPoint]:
    return ContactPoint.objects.phones().usable().filter(customer=row.customer_id)


def acted(request: HttpRequest, pk: int, opened: str, work, done: str) -> HttpResponse:
    """Runs one verb with the form's deed; a refusal gives the case back with everything that was typed."""
    form = DeedForm(request.POST, request.FILES)
    if not form.is_valid():
        return render_case(request, whole().get(pk=pk), form=form, opened=opened, status=422)
    try:
        work(form.deed(), form.cleaned_data)
    except Conflict as refusal:
        form.add_error(None, str(refusal))
        return render_case(request, whole().get(pk=pk), form=form, opened=opened, status=409)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return render_case(request, whole().get(pk=pk), form=form, opened=opened, status=422)
    messages.success(request, done)
    return render_case(request, whole().get(pk=pk)) if request.htmx else redirect("satisfaction:follow_up", pk=pk)


@may_see
@require_POST
def act(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """One legal change of the light."""
    if slug not in DEEDS:
        raise Http404
    row, move = case_of(request, pk), semaphore.BY_ACTION[DEEDS[slug]]
    if not request.user.has_perm(move.permission):
        raise PermissionDenied
    at, calendar = clock.now(), company_calendar()

    def work(deed, _data):
        followups.move(row.pk, move.action, deed, by=request.user, at=at, calendar=calendar)

    return acted(request, row.pk, slug, work, f"{move.label}: {row.customer}.")


@permission_required(roles.MANAGE_FOLLOWUPS, raise_exception=True)
@require_POST
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """Evidence without a change of status."""
    row = case_of(request, pk)

    def work(deed, _data):
        followups.add_proof(row.pk, deed, by=request.user, at=clock.now())

    return acted(request, row.pk, "evidencia", work, "Evidencia agregada.")


@permission_required(roles.MANAGE_FOLLOWUPS, raise_exception=True)
@require_POST
def escalate(request: HttpRequest, pk: int) -> HttpResponse:
    row = case_of(request, pk)

    def work(deed, _data):
        followups.escalate(row.pk, deed, by=request.user, at=clock.now())

    return acted(request, row.pk, "escalar", work, f"Caso de {row.customer} escalado.")


@permission_required(roles.MANAGE_FOLLOWUPS, raise_exception=True)
@require_POST
def classify(request: HttpRequest, pk: int) -> HttpResponse:
    """What a suggestion is about."""
    row = case_of(request, pk)

    def work(deed, _data):
        followups.classify(row.pk, deed, by=request.user, at=clock.now())

    return acted(request, row.pk, "tema", work, "Tema guardado.")


@permission_required(roles.MANAGE_FOLLOWUPS, raise_exception=True)
@require_POST
def portal(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer answered on the brand's portal (morado)."""
    row = case_of(request, pk)

    def work(deed, data):
        followups.mark_portal(row.pk, deed, on=data["portal_on"], score=data["portal_score"], by=request.user, at=clock.now())

    return acted(request, row.pk, "portal", work, f"Marcado: {row.customer} respondió en el portal de la marca.")


@permission_required(roles.CONTROL_FOLLOWUPS, raise_exception=True)
@require_POST
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """The director's look at a closed case."""
    row = case_of(request, pk)

    def work(deed, _data):
        followups.review(row.pk, deed, by=request.user, at=clock.now())

    return acted(request, row.pk, "revisar", work, f"Cierre revisado: {row.customer}.")


@any_permission(roles.RECORD_SURVEYS, roles.CONTROL_FOLLOWUPS)
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """What the customer said of the solution, some days later."""
    row = case_of(request, pk)
    satisfied = request.POST.get("satisfied") == "yes"

    def work(deed, _data):
        followups.confirm(row.pk, satisfied=satisfied, deed=deed, by=request.user, at=clock.now(), calendar=company_calendar())

    return acted(request, row.pk, "confirmar", work, "Confirmación registrada." if satisfied else "El caso se reabrió.")


@permission_required(roles.CONTROL_FOLLOWUPS, raise_exception=True)
@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """The selected cases to one person."""
    form = AssignForm(request.POST, user=request.user)
    back = request.POST.get("next", "")
    target = back if back.startswith("/detractores/") else "/detractores/"
    if not form.is_valid():
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
        return redirect(target)
    data = form.cleaned_data
    try:
        changed = followups.assign(data["rows"], data["to"], by=request.user, at=clock.now())
        messages.success(request, f"{changed} caso{'s' if changed != 1 else ''} para {data['to']}.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(target)


@may_see
@require_GET
def proof(request: HttpRequest, pk: int) -> HttpResponse:
    """An evidence file, to whoever may see its case."""
    row = get_object_or_404(Proof.objects.visible_to(request.user).exclude(file="").select_related("follow_up__customer"), pk=pk)
    is_pdf = row.file.name.endswith(".pdf")
    return hand_over(
        request, row.file, about=f"Evidencia n.º {row.pk} del seguimiento n.º {row.follow_up_id}", customer=row.follow_up.customer, sha256=row.sha256,
        content_type="application/pdf" if is_pdf else "image/jpeg", name=f"evidencia-{row.pk}.{'pdf' if is_pdf else 'jpg'}",
    )  # fmt: skip
