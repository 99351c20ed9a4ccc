"""Prospects, activities, their verdicts, the light, the targets and the notices (GC-PRO-05)."""

from datetime import datetime
from itertools import groupby

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.db.models import Count, F, Q, Window
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain.errors import Refused
from callcenter.domain.metrics import Slice, scope_of
from callcenter.enums import ReasonKind
from callcenter.models import Reason
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month, Period, parse
from crm_audit.domain import checks, freshness, goals, indicators, matching, notices, validity
from crm_audit.enums import ActivityState, Light, ProspectState, Signal, Verdict
from crm_audit.forms import (
    ActivityFilter,
    AnswerForm,
    FindingForm,
    LightFilter,
    OpenForm,
    PeriodFilter,
    ProspectFilter,
    TargetForm,
    VerdictForm,
)
from crm_audit.models import Activity, Notice, Prospect, Target
from crm_audit.timeline import expired_procedure

PAGE = 50
may_see = permission_required(roles.SEE_AUDIT, raise_exception=True)
may_audit = permission_required(roles.AUDIT, raise_exception=True)
may_set_targets = permission_required(roles.SET_TARGETS, raise_exception=True)


def page_of(request: HttpRequest, rows, size: int = PAGE) -> dict:
    """One page without counting the rest: whether there is a next one is told by one row more."""
    raw = request.GET.get("page", "1")
    number = max(1, min(int(raw), 10_000)) if raw.isdigit() and len(raw) < 6 else 1
    found = list(rows[(number - 1) * size : number * size + 1])
    query = request.GET.copy()
    query.pop("page", None)
    return {"rows": found[:size], "page": number, "has_next": len(found) > size, "query": query.urlencode()}


def month_of(form) -> Month:
    code = form.cleaned_data.get("month") if form.is_valid() else ""
    return parse(code) if code else Month.of(clock.today())


def shared(at: datetime) -> dict:
    return {"expired": expired_procedure(at), "at": at}


# -- prospects --------------------------------------------------------------------------------------------------------


def prospect_rows(form, user, month: Month):
    """The counted prospects of a month that the filter keeps."""
    rows = Prospect.objects.visible_to(user).counted().filter(month=month.first).with_state()
    if form.is_valid():
        rows = form.narrow(rows)
        if state := form.cleaned_data.get("state"):
            rows = rows.filter(state=state)
        signal = form.cleaned_data.get("signal")
        if signal == "ANY":
            rows = rows.exclude(signals=[])
        elif signal:
            rows = rows.filter(signals__contains=[signal])
    return rows


@may_see
@require_GET
def prospects(request: HttpRequest) -> HttpResponse:
    """The month's prospects: what SPIGA says, what looks wrong, how far the validation is."""
    at = clock.now()
    form = ProspectFilter(request.GET or None, user=request.user, today=bogota(at).date())
    month = month_of(form)
    rows = prospect_rows(form, request.user, month)
    shown = rows.select_related("advisor", "brand", "site", "validation__reason").order_by("-created_on", "-pk")
    counted = dict(
        Prospect.objects.visible_to(request.user).counted().filter(month=month.first).with_state()
        .order_by().values_list("state").annotate(n=Count("pk"))
    )  # fmt: skip
    context = shared(at) | page_of(request, shown) | {
        "form": form, "month": month, "open_form": OpenForm(), "states": [(state.label, counted.get(state, 0), state) for state in ProspectState],
        "total": sum(counted.values()), "to_send": checks.callable_prospects(rows).count() if request.user.has_perm(roles.AUDIT) else 0,
        "indicator": indicators.indicators(Slice.of(month, **scope_of(request.user)))[0],
    }  # fmt: skip
    return render(request, "crm_audit/prospects.html", context)


@may_audit
@require_POST
def open_checks(request: HttpRequest) -> HttpResponse:
    """Sends the unchecked prospects of the filter, or a drawn part of each advisor's, to the queue."""
    at = clock.now()
    form, chosen = OpenForm(request.POST), ProspectFilter(request.GET or None, user=request.user, today=bogota(at).date())
    back = reverse("crm_audit:prospects") + (f"?{request.GET.urlencode()}" if request.GET else "")
    if not form.is_valid():
        messages.error(request, "El porcentaje de la muestra va de 1 a 100.")
        return redirect(back)
    rows = prospect_rows(chosen, request.user, month_of(chosen))
    ids = Prospect.objects.filter(pk__in=rows.values("pk"))
    done = checks.open_checks(ids, at=at, percent=form.cleaned_data["percent"], seed=form.cleaned_data["seed"], by=request.user)
    if done.sent:
        sample = (
            f" Muestra del {done.draw.percent} % con la semilla «{done.draw.seed}», de {len(done.draw.population)}." if done.draw else ""
        )
        messages.success(request, f"{done.sent} prospectos quedaron en la cola de verificación.{sample}")
    else:
        messages.info(request, "No queda ninguno por enviar con ese filtro.")
    if done.without_phone:
        messages.warning(request, f"{done.without_phone} no tienen un teléfono propio que sirva: dictamínelos en su ficha.")
    return redirect(back)


@may_see
@require_GET
def prospect(request: HttpRequest, pk: int) -> HttpResponse:
    """One prospect: its data, its signals with who else they touch, its activities, its verdict."""
    row = get_object_or_404(
        Prospect.objects.visible_to(request.user).with_state().select_related("advisor", "brand", "site", "customer"), pk=pk
    )
    return render_prospect(request, row, None)


def full(request: HttpRequest):
    return Prospect.objects.visible_to(request.user).with_state().select_related("advisor", "brand", "site", "customer")


def render_prospect(request: HttpRequest, row: Prospect, form: FindingForm | None, status: int = 200) -> HttpResponse:
    at = clock.now()
    check = getattr(row, "validation", None)
    can_decide = request.user.has_perm(roles.AUDIT) and not row.is_stub and not (check and check.outreach and check.outreach.is_open)
    if can_decide and form is None:
        form = FindingForm(user=request.user, initial={"invalid_reason": validity.proposed_prospect_reason(row.signals), "verdict": ""})
    cut = freshness.cut_of(Month.of(row.month), at)
    follow_up = freshness.follow_ups(Prospect.objects.filter(pk=row.pk).select_related("advisor"), cut)[0]
    context = shared(at) | {
        "row": row, "check": check, "form": form if can_decide else None,
        "signals": [(Signal(code).label, related(row, code, request.user)) for code in row.signals],
        "entries": row.entries.all(), "follow_up": follow_up,
        "activities": row.activities.select_related("reason").order_by("-day", "-id")[:PAGE],
    }  # fmt: skip
    return render(request, "crm_audit/prospect.html", context, status=status)


def related(row: Prospect, code: str, user) -> list[Prospect]:
    """The other prospects that a signal is about."""
    others = Prospect.objects.visible_to(user).exclude(pk=row.pk).select_related("advisor").order_by("-created_on")
    if code in {Signal.SHARED_PHONE, Signal.TWO_ADVISORS} and row.phones:
        return list(others.filter(phones__overlap=row.phones, month=row.month)[:5])
    if code == Signal.REPEATED_NAME:
        return list(others.filter(name_key=row.name_key, month=row.month, advisor_key=row.advisor_key)[:5])
    return []


@may_audit
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """The verdict on a prospect without a call."""
    row = get_object_or_404(
        Prospect.objects.visible_to(request.user).with_state().select_related("advisor", "brand", "site", "customer"), pk=pk
    )
    form = FindingForm(request.POST, user=request.user)
    if not form.is_valid():
        return render_prospect(request, row, form, 422)
    try:
        validity.decide_by_data(row.pk, form.finding(form.cleaned_data["note"]), by=request.user, at=clock.now())
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return render_prospect(request, row, form, 422)
    messages.success(request, f"Dictamen guardado: {row}.")
    return redirect("crm_audit:prospect", pk=pk)


@may_see
@require_GET
def light(request: HttpRequest) -> HttpResponse:
    """GC-FOR-21 of a month: counters, days without follow-up, light, and the advisors ranked."""
    at = clock.now()
    form = LightFilter(request.GET or None, user=request.user, today=bogota(at).date())
    month = month_of(form)
    rows = Prospect.objects.visible_to(request.user).counted().filter(month=month.first).select_related("advisor", "brand")
    if form.is_valid():
        rows = form.narrow(rows)
    cut = freshness.cut_of(month, at)
    lines = freshness.follow_ups(rows, cut)
    wanted = form.cleaned_data.get("light") if form.is_valid() else ""
    context = shared(at) | page_of(request, [item for item in lines if not wanted or item.light == wanted]) | {
        "form": form, "month": month, "cut": cut, "ranking": freshness.ranking(lines), "total": len(lines),
        "lights": [(item, sum(line.light == item for line in lines)) for item in Light],
    }  # fmt: skip
    return render(request, "crm_audit/light.html", context)


@may_see
@require_GET
def targets(request: HttpRequest) -> HttpResponse:
    """Targets of a month or week, and how far each brand and advisor is."""
    chosen = PeriodFilter(request.GET or None, today=clock.today())
    return render_targets(request, chosen_period(chosen), TargetForm(user=request.user))


def chosen_period(form: PeriodFilter) -> Period:
    code = form.cleaned_data["period"] if form.is_valid() else ""
    return parse(code) if code else Month.of(clock.today())


def render_targets(request: HttpRequest, period: Period, form: TargetForm, status: int = 200) -> HttpResponse:
    user = request.user
    part = Slice.of(period, **scope_of(user))
    rows = Target.objects.filter(period=period.code, brand__in=user.brand_ids).select_related("brand", "site", "advisor", "set_by")
    brands = indicators.by_brand(part, period)
    context = shared(clock.now()) | {
        "chosen": PeriodFilter({"period": period.code}, today=clock.today()), "period": period, "previous": period.previous(), "form": form,
        "targets": rows, "brands": brands, "totals": indicators.totals(brands), "advisors": indicators.by_advisor(part, period),
    }  # fmt: skip
    return render(request, "crm_audit/targets.html", context, status=status)


def posted_period(request: HttpRequest) -> Period:
    try:
        return parse(request.POST.get("period", ""))
    except ValueError:
        return Month.of(clock.today())


@may_set_targets
@require_POST
def set_target(request: HttpRequest) -> HttpResponse:
    """Sets one target, or takes it away."""
    period, form = posted_period(request), TargetForm(request.POST, user=request.user)
    if not form.is_valid():
        return render_targets(request, period, form, 422)
    data = form.cleaned_data
    goals.set_target(
        data["kind"], period, data["brand"], data["value"], site=data["site"], advisor=data["advisor"], by=request.user, at=clock.now()
    )
    messages.success(request, "Meta guardada." if data["value"] else "Meta retirada.")
    return redirect(f"{reverse('crm_audit:targets')}?period={period.code}")


@may_set_targets
@require_POST
def copy_targets(request: HttpRequest) -> HttpResponse:
    """Takes over the targets of the period before."""
    period = posted_period(request)
    taken = goals.copy_from(period.previous(), period, brands=request.user.brand_ids, by=request.user, at=clock.now())
    messages.success(request, f"{taken} metas copiadas." if taken else "No había metas por copiar.")
    return redirect(f"{reverse('crm_audit:targets')}?period={period.code}")


@may_see
@require_GET
def completeness(request: HttpRequest) -> HttpResponse:
    """What still lacks a verdict, by advisor (CRM-15)."""
    at = clock.now()
    period = chosen_period(PeriodFilter(request.GET or None, today=bogota(at).date()))
    chosen = PeriodFilter({"period": period.code}, today=bogota(at).date())
    part = Slice.of(period, **scope_of(request.user))
    gaps = indicators.gaps(part)
    sent = Notice.objects.visible_to(request.user).filter(cut_on__gte=part.start, cut_on__lt=part.end)
    whole = indicators.Gap(
        "Todos",
        *(sum(getattr(gap, name) for gap in gaps) for name in ("prospects", "prospects_open", "activities", "activities_open")),
        None,
    )
    context = shared(at) | {
        "chosen": chosen, "period": period, "gaps": gaps, "whole": whole,
        "ambiguous": Activity.objects.visible_to(request.user).filter(is_ambiguous=True).count(),
        "unknown": indicators.activities(part).filter(advisor__isnull=True).values("advisor_name").distinct().count(),
        "notices": sent.aggregate(sent=Count("pk"), opened=Count("opened_at"), answered=Count("answered_at")),
    }  # fmt: skip
    return render(request, "crm_audit/completeness.html", context)


# -- activities -------------------------------------------------------------------------------------------------------

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
    if show == "pending":
        same = [F("site"), F("advisor_key"), F("state"), F("comment_key"), F("proposal"), F("hints")]
        rows = rows.annotate(copies=Window(Count("pk"), partition_by=same))
    context = shared(at) | page_of(request, for_list(rows).order_by("advisor_key", "day", "id"))
    groups = [(name, list(items)) for name, items in groupby(context["rows"], key=lambda row: str(row.advisor or row.advisor_name))]
    mine = Activity.objects.visible_to(request.user)
    context |= {
        "form": form, "show": show, "groups": groups, "pending": mine.pending().count(),
        "ambiguous": mine.filter(is_ambiguous=True).count(),
        "month": Month.of(bogota(at).date()),
        "indicator": indicators.indicators(Slice.of(Month.of(bogota(at).date()), **scope_of(request.user)))[1],
        **judging(request),
    }  # fmt: skip
    return render(request, "crm_audit/activities.html", context)


def judging(request: HttpRequest) -> dict:
    """What every row needs to be judged; asked once for the page."""
    return {
        "can_judge": request.user.has_perm(roles.AUDIT),
        "reasons": list(Reason.objects.choices(ReasonKind.ACTIVITY)),
        "verdicts": Verdict,
        "states": ActivityState,
    }


@may_audit
@require_POST
def judge(request: HttpRequest, pk: int) -> HttpResponse:
    """One verdict by key; with `identical`, the same for every activity that says the same."""
    row = get_object_or_404(Activity.objects.visible_to(request.user), pk=pk)
    form, at, error, count = VerdictForm(request.POST), clock.now(), "", 1
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
    context = {"row": row, "error": error, "copies": 1, **judging(request)}
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


# -- notices ----------------------------------------------------------------------------------------------------------


@may_see
@require_GET
def notice_list(request: HttpRequest) -> HttpResponse:
    """What would be sent now, advisor by advisor, and what was sent before with its state."""
    at, user = clock.now(), request.user
    sent = (
        Notice.objects.visible_to(user).select_related("advisor", "mail", "sent_by")
        .annotate(total=Count("items"), corrected=Count("items", filter=Q(items__corrected_at__isnull=False)))
    )  # fmt: skip
    found = notices.drafts(user, at) if user.has_perm(roles.AUDIT) else []
    context = shared(at) | page_of(request, sent) | {
        "drafts": [(draft, notices.body_of(draft, by=user, link="(enlace personal del asesor)")) for draft in found],
        "ready": sum(not draft.blocked for draft in found),
    }  # fmt: skip
    return render(request, "crm_audit/notices.html", context)


@may_audit
@require_POST
def send_notices(request: HttpRequest) -> HttpResponse:
    """Puts the chosen advisors' notices in the outbox."""
    chosen = [int(raw) for raw in request.POST.getlist("advisor") if raw.isdigit() and len(raw) < 19]

    def address(token: str) -> str:
        return request.build_absolute_uri(reverse("crm_audit:notice_public", args=[token]))

    try:
        sent = notices.send(chosen, by=request.user, at=clock.now(), address=address)
        messages.success(request, f"{sent} {'aviso en camino' if sent == 1 else 'avisos en camino'}.")
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("crm_audit:notices")


@may_see
@require_GET
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """One notice: what was said, whether it was read and answered, what was corrected since."""
    row = get_object_or_404(Notice.objects.visible_to(request.user).select_related("advisor", "mail", "sent_by"), pk=pk)
    return render(request, "crm_audit/notice.html", shared(clock.now()) | {"notice": row, "items": items_of(row)})


def items_of(row: Notice):
    return row.items.select_related("activity__prospect", "validation__prospect").order_by("corrected_at", "id")


@login_not_required
def notice_public(request: HttpRequest, token: str) -> HttpResponse:
    """The advisor's own page, by the link of the e-mail: opening it is recorded, answering too."""
    at = clock.now()
    row = notices.by_token(token, at)
    if row is None:
        raise Http404
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        notices.answer(row, form.cleaned_data["text"], at)
        return redirect("crm_audit:notice_public", token=token)
    notices.opened(row, at)
    context = {"notice": row, "items": items_of(row), "form": form}
    return render(request, "crm_audit/notice_public.html", context, status=422 if form.errors else 200)
