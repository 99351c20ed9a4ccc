"""The workshop's day: who comes, who came, who did not (GSC-PRO-02 §4)."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain import appointments, kept
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.enums import AppointmentStatus, ReasonKind
from callcenter.forms import DayForm, DecisionForm
from callcenter.models import Appointment, CapacityException, Reason, Site
from callcenter.places import Place
from callcenter.views.listings import saved_views
from carrazos.lib.calendar import start_of

MOST_SHOWN = 300
PLACE = Place("citas", "Citas", "callcenter:appointments", ("site", "status"), roles.SEE_APPOINTMENTS)


@permission_required(roles.SEE_APPOINTMENTS, raise_exception=True)
@require_GET
def day(request: HttpRequest) -> HttpResponse:
    """One day's appointments of the viewer's sites."""
    saved = saved_views(request, PLACE)
    if saved["opens_as"]:
        return redirect(saved["opens_as"])
    form = DayForm(request.GET or None, user=request.user)
    chosen = (form.is_valid() and form.cleaned_data["day"]) or clock.today()
    rows = Appointment.objects.visible_to(request.user).on_day(start_of(chosen), start_of(chosen + timedelta(days=1))).for_list()
    if form.is_bound and form.is_valid():
        if form.cleaned_data["site"]:
            rows = rows.filter(site=form.cleaned_data["site"])
        if form.cleaned_data["status"]:
            rows = rows.filter(status=form.cleaned_data["status"])
    rows = list(rows[:MOST_SHOWN])
    credits_now, before = kept.credits_of(rows, clock.now()), appointments.said_before(rows)
    context = {
        "form": form,
        "places": places(request.user, chosen),
        "day": chosen,
        "previous": chosen - timedelta(days=1),
        "next": chosen + timedelta(days=1),
        "is_today": chosen == clock.today(),
        "today": clock.today(),
        "rows": [(row, credits_now[row.pk], before.get(row.pk)) for row in rows],
        "reasons": Reason.objects.choices(ReasonKind.NO_FULFILMENT),
        "now": clock.now(),
        "statuses": AppointmentStatus,
        **saved,
    }
    return render(request, "callcenter/appointments.html", context)


def places(user, day) -> list[dict]:
    """How full the day is at each of the viewer's sites that limits it."""
    start, end = start_of(day), start_of(day + timedelta(days=1))
    stands = Q(appointment__starts_at__gte=start, appointment__starts_at__lt=end) & ~Q(
        appointment__status__in=[AppointmentStatus.CANCELLED, AppointmentStatus.RESCHEDULED, AppointmentStatus.NO_SHOW]
    )
    special = CapacityException.objects.filter(site=OuterRef("pk"), day=day).values("appointments")[:1]
    rows = Site.objects.filter(pk__in=user.site_ids, is_active=True).annotate(
        taken=Count("appointment", filter=stands), most=Coalesce(Subquery(special), "daily_capacity")
    )
    return [{"site": row, "taken": row.taken, "most": row.most} for row in rows if row.most is not None]


@permission_required(roles.MANAGE_APPOINTMENTS, raise_exception=True)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirmed, kept, missed, moved or cancelled; or corrected."""
    row = get_object_or_404(Appointment.objects.visible_to(request.user), pk=pk)
    form = DecisionForm(request.POST)
    if form.is_valid():
        data, at = form.cleaned_data, clock.now()
        try:
            if data["status"] == AppointmentStatus.RESCHEDULED:
                moved = appointments.reschedule(
                    row, form.new_start, by=request.user, at=at, reason=data["reason"], note=data["note"], calendar=company_calendar()
                )
                messages.success(request, f"Cita de {row.customer} movida al {form.new_start:%d/%m/%Y %H:%M} (n.º {moved.pk}).")
            elif data["was"]:
                status, was = AppointmentStatus(data["status"]), AppointmentStatus(data["was"])
                appointments.correct(
                    row, status, was=was, by=request.user, at=at, reason=data["reason"], note=data["note"], calendar=company_calendar()
                )
                messages.success(request, f"Cita de {row.customer} corregida: antes {was.label.lower()}, ahora {status.label.lower()}.")
            else:
                status = AppointmentStatus(data["status"])
                appointments.decide(row, status, by=request.user, at=at, reason=data["reason"], note=data["note"])
                messages.success(request, f"Cita de {row.customer}: {status.label.lower()}.")
        except Refused as refusal:
            messages.error(request, str(refusal))
    else:
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = ""
    return redirect(back or "callcenter:appointments")
