"""Improvement actions: the list, one action with its plan and evidence, and the Informe de Mejoramiento."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from callcenter import clock, roles
from callcenter.domain.errors import Refused
from callcenter.downloads import hand_over
from callcenter.places import Place
from callcenter.views.listings import saved_views
from reports.domain import improvement as verbs
from reports.domain.indicators import INDICATORS
from reports.forms import ActionFilter, ActionForm, PlanForm
from reports.models import ActionEvidence, ActionState, ImprovementAction

may_see_actions = permission_required(roles.SEE_ACTIONS, raise_exception=True)
may_manage = permission_required(roles.MANAGE_ACTIONS, raise_exception=True)
PAGE = 50
PLACE = Place("mejora", "Acciones de mejora", "reports:actions", ("state", "origin", "brand", "mine", "risk"), roles.SEE_ACTIONS)


@may_see_actions
@require_GET
def actions(request: HttpRequest) -> HttpResponse:
    """Open actions first, the overdue on top."""
    saved = saved_views(request, PLACE)
    if saved["opens_as"]:
        return redirect(saved["opens_as"])
    form = ActionFilter(request.GET, user=request.user)
    rows = form.apply(ImprovementAction.objects.visible_to(request.user).select_related("owner", "brand", "site"))
    rows = rows.order_by(F("closed_at").desc(nulls_first=True), F("due_on").asc(nulls_last=True), "-opened_at", "-id")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    today = clock.today()
    shown = [(row, row.is_overdue(today)) for row in page]
    return render(request, "reports/actions.html", {"form": form, "page": page, "rows": shown, **saved})


@may_manage
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    choices = [(row.code, f"{row.code} {row.name}") for row in INDICATORS]
    form = ActionForm(request.POST or None, user=request.user, indicators=choices)
    if request.method == "POST" and form.is_valid():
        row = verbs.open_action(form.save(commit=False), by=request.user, at=clock.now())
        messages.success(request, f"{row.number} abierta: escriba ahora su plan.")
        return redirect("reports:action", pk=row.pk)
    return render(request, "reports/action_new.html", {"form": form, "risks": risks()}, status=422 if form.is_bound else 200)


def action_of(request: HttpRequest, pk: int) -> ImprovementAction:
    return get_object_or_404(ImprovementAction.objects.visible_to(request.user).select_related("owner", "brand", "site"), pk=pk)


@may_see_actions
@require_GET
def action(request: HttpRequest, pk: int) -> HttpResponse:
    return page_of(request, action_of(request, pk))


def page_of(request: HttpRequest, row: ImprovementAction, *, plan: PlanForm | None = None, status: int = 200) -> HttpResponse:
    moves = verbs.MOVES.get(row.state, ())
    manages = request.user.has_perm(roles.MANAGE_ACTIONS) or row.owner_id == request.user.pk
    context = {
        "row": row, "overdue": row.is_overdue(clock.today()), "events": row.events.select_related("by"), "files": row.evidence.all(),
        "plan": plan or PlanForm(instance=row, user=request.user), "manages": manages, "risks": risks(),
        "can_plan": manages and ActionState.PLANNED in moves, "can_finish": manages and ActionState.DONE in moves,
        "can_judge": request.user.has_perm(roles.MANAGE_ACTIONS) and ActionState.EFFECTIVE in moves,
        "can_dismiss": request.user.has_perm(roles.MANAGE_ACTIONS) and ActionState.DISMISSED in moves,
    }  # fmt: skip
    return render(request, "reports/action.html", context, status=status)


def risks() -> list[str]:
    """The risks and opportunities of CMC-FOR-10 that actions have cited: so that the same one is written the same way."""
    return list(ImprovementAction.objects.exclude(risk="").order_by("risk").values_list("risk", flat=True).distinct())


STEPS = {"plan", "evidencia", "ejecutada", "verificar", "descartar"}


@may_see_actions
@require_POST
def move(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """One step of an action: its owner plans, proves and executes; verdicts and dismissals are for who manages."""
    if step not in STEPS:
        raise Http404
    row, at, by, words = action_of(request, pk), clock.now(), request.user, request.POST.get("words", "")
    manages = by.has_perm(roles.MANAGE_ACTIONS)
    if not manages and (row.owner_id != by.pk or step in {"verificar", "descartar"}):
        raise PermissionDenied
    try:
        if step == "plan":
            form = PlanForm(request.POST, instance=row, user=by)
            if not form.is_valid():
                return page_of(request, action_of(request, pk), plan=form, status=422)
            data = form.cleaned_data
            verbs.plan(pk, causes=data["causes"], text=data["plan"], owner=data["owner"], due_on=data["due_on"], risk=data["risk"],
                       by=by, at=at)  # fmt: skip
        elif step == "evidencia":
            upload = request.FILES.get("file")
            if upload is None:
                raise Refused("Elija el archivo.")
            verbs.attach(row, upload.read(), upload.name, by=by, at=at)
        elif step == "ejecutada":
            verbs.finish(pk, result=words, by=by, at=at)
        elif step == "verificar":
            verbs.judge(pk, effective=request.POST.get("effective") == "yes", verdict=words, by=by, at=at)
        else:
            verbs.dismiss(pk, reason=words, by=by, at=at)
        messages.success(request, "Guardado.")
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("reports:action", pk=pk)


@may_see_actions
@require_GET
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """A file of an action, always as a download."""
    actions = ImprovementAction.objects.visible_to(request.user)
    row = get_object_or_404(ActionEvidence.objects.filter(action__in=actions), pk=pk)
    with row.file.open("rb") as file:
        kind = verbs.content_type(file.read(8)) or "application/octet-stream"
    return hand_over(request, row.file, about=f"Evidencia n.º {row.pk} de la acción n.º {row.action_id}", name=row.name, content_type=kind,
                     sha256=row.sha256)  # fmt: skip


@may_see_actions
@require_GET
def report(request: HttpRequest) -> HttpResponse:
    """Informe de Mejoramiento: every action by state and origin, printable (GSC-CAR-01, CAR-8)."""
    form = ActionFilter(request.GET, user=request.user)
    rows = form.apply(ImprovementAction.objects.visible_to(request.user).select_related("owner", "brand", "site"))
    groups = [(state.label, [row for row in rows if row.state == state]) for state in ActionState]
    judged = [row for row in rows if row.state in {ActionState.EFFECTIVE, ActionState.INEFFECTIVE}]
    effective = sum(row.state == ActionState.EFFECTIVE for row in judged)
    context = {"groups": [(label, found) for label, found in groups if found], "today": clock.today(), "total": len(rows),
               "judged": len(judged), "effective": effective, "form": form}  # fmt: skip
    return render(request, "reports/improvement_report.html", context)
