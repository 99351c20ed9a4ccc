"""Targets of the brands, and what still lacks a verdict (GC-PRO-05 §3)."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock
from callcenter.domain.metrics import Slice, scope_of
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month, Period, parse
from crm_audit.domain import goals, indicators
from crm_audit.forms import (
    PeriodFilter,
    TargetForm,
)
from crm_audit.models import Activity, Notice, Target
from crm_audit.views.shared import may_see, may_set_targets, shared


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
    rows = Target.objects.visible_to(user).filter(period=period.code).select_related("brand", "site", "advisor", "set_by")
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
