"""The workshop's day: who comes, who came, who did not (GSC-PRO-02 §4)."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain import appointments
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.enums import AppointmentStatus, ReasonKind
from callcenter.forms import DayForm, DecisionForm
from callcenter.models import Appointment, Reason
from carrazos.lib.calendar import start_of

MOST_SHOWN = 300


@permission_required(roles.SEE_APPOINTMENTS, raise_exception=True)
@require_GET
def day(request: HttpRequest) -> HttpResponse:
    """One day's appointments of the viewer's sites."""
    form = DayForm(request.GET or None, user=request.user)
    chosen = (form.is_valid() and form.cleaned_data["day"]) or clock.today()
    rows = Appointment.objects.visible_to(request.user).on_day(start_of(chosen), start_of(chosen + timedelta(days=1))).for_list()
    if form.is_bound and form.is_valid():
        if form.cleaned_data["site"]:
            rows = rows.filter(site=form.cleaned_data["site"])
        if form.cleaned_data["status"]:
            rows = rows.filter(status=form.cleaned_data["status"])
    context = {
        "form": form,
        "day": chosen,
        "previous": chosen - timedelta(days=1),
        "next": chosen + timedelta(days=1),
        "is_today": chosen == clock.today(),
        "rows": rows[:MOST_SHOWN],
        "reasons": Reason.objects.choices(ReasonKind.NO_FULFILMENT),
        "now": clock.now(),
        "statuses": AppointmentStatus,
    }
    return render(request, "callcenter/appointments.html", context)


@permission_required(roles.MANAGE_APPOINTMENTS, raise_exception=True)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirmed, kept, missed, moved or cancelled."""
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
