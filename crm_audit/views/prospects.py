"""Prospects: what SPIGA says of them, their validation, the follow-up light (GC-PRO-05 §1, GC-FOR-06, GC-FOR-21)."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, reading, roles
from callcenter.domain.errors import Refused
from callcenter.domain.metrics import Slice, scope_of
from callcenter.views.listings import with_params
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month
from crm_audit.domain import checks, freshness, indicators, validity
from crm_audit.enums import Light, ProspectState, Signal
from crm_audit.forms import (
    FindingForm,
    LightFilter,
    OpenForm,
    ProspectFilter,
)
from crm_audit.models import Prospect
from crm_audit.views.shared import PAGE, may_audit, may_see, month_of, page_number, page_of, shared


def prospect_rows(form, user, month: Month):
    """The counted prospects of a month that the filter keeps."""
    rows = Prospect.objects.visible_to(user).counted().filter(month=month.first).with_state()
    if form.is_valid():
        rows = form.narrow(rows)
        if state := form.cleaned_data.get("state"):
            rows = rows.filter(state__in=[ProspectState.WAITING, ProspectState.CALLING] if state == "PENDING" else [state])
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
    shown = rows.select_related("advisor", "brand", "site", "validation__reason")
    counted = dict(
        Prospect.objects.visible_to(request.user).counted().filter(month=month.first).with_state()
        .order_by().values_list("state").annotate(n=Count("pk"))
    )  # fmt: skip
    context = shared(at) | page_of(request, shown, "created_on", "pk", descending=True) | {
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
    row = get_object_or_404(full(request), pk=pk)
    reading.opened(request, f"Prospecto n.º {row.pk}", row.customer)
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
        "entries": row.entries.all(), "follow_up": follow_up, "known": checks.known_customer(row),
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
    row = get_object_or_404(full(request), pk=pk)
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
    ranking = freshness.ranking(rows, cut)
    wanted = Light(form.cleaned_data["light"]) if form.is_valid() and form.cleaned_data["light"] else None
    page = page_number(request)  # by days without follow-up, which no column holds: the month is computed whole for its ranking anyway
    lines = freshness.follow_ups(rows, cut, only=wanted, start=PAGE * (page - 1), size=PAGE + 1)
    counted = zip(Light, ("green", "yellow", "red", "closed"), strict=True)
    context = shared(at) | {
        "rows": lines[:PAGE], "next_url": with_params(request.GET, page=page + 1) if len(lines) > PAGE else "",
        "previous_url": with_params(request.GET, page=page - 1) if page > 1 else "",
        "form": form, "month": month, "cut": cut, "ranking": ranking, "total": sum(item.prospects for item in ranking),
        "lights": [(item, sum(getattr(standing, name) for standing in ranking)) for item, name in counted],
    }  # fmt: skip
    return render(request, "crm_audit/light.html", context)
