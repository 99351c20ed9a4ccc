"""The programme's part of the shared pages: call page, timeline, open matters, home card."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse

from callcenter import roles
from callcenter.domain.errors import Refused
from callcenter.domain.timeline import Event, Matter, found_in
from callcenter.enums import Outcome, OutreachState, Programme
from callcenter.forms import CallForm
from callcenter.models import Appointment, Attempt, Customer, Outreach, User
from callcenter.pages import Alongside, CallPage
from callcenter.views.home import Card
from carrazos.lib.calendar import noon
from recovery.domain import figures, results
from recovery.enums import Proof
from recovery.forms import RecoveryCallForm
from recovery.models import Candidacy, RecoveryList


class RecoveryPage(CallPage):
    """One conversation for every vehicle of the person (REC-R5)."""

    form_class = RecoveryCallForm
    side = "recovery/call_side.html"
    booking = "recovery/call_booking.html"

    def context(self, row: Outreach, *, by: User, at: datetime, form: CallForm | None) -> dict:
        cars = row.candidacies.select_related("vehicle__brand", "recovery_list").order_by("-last_visit_on", "pk")
        return {"candidacies": cars, "chosen_vehicle": form.data.get("vehicle", "") if form else str(row.vehicle_id)}

    def alongside(self, form: CallForm) -> Alongside:
        chosen = form.cleaned_data["vehicle"]

        def write(outreach: Outreach, attempt: Attempt) -> None:
            results.called(outreach.pk)
            if attempt.outcome != Outcome.BOOKED or chosen is None or chosen.pk == outreach.vehicle_id:
                return
            try:
                with transaction.atomic():
                    Appointment.objects.filter(attempt=attempt).update(vehicle=chosen, brand=chosen.brand_id)
            except IntegrityError as error:
                raise Refused("Ese vehículo ya tiene una cita vigente: muévala desde Citas.") from error

        return write


@found_in("recovery_candidacy WHERE customer_id = %(customer)s", needs=roles.SEE_RECOVERY, kind="Recuperación")
def events(customer: Customer, user: User, most: int) -> list[Event]:
    """The returns that the workshop proved."""
    rows = Candidacy.objects.visible_to(user).recovered().filter(customer=customer).order_by("-came_on", "-id")[:most]
    return [
        Event(noon(row.came_on), "Volvió al taller: cliente recuperado",
              " · ".join(filter(None, (str(row.vehicle), row.order and str(row.order)))), str(row.credited_to or ""), all_day=True)
        for row in rows.select_related("vehicle__brand", "credited_to", "order__site")
    ]  # fmt: skip


@found_in("callcenter_outreach WHERE customer_id = %(customer)s AND programme = 'RECOVERY' AND state = 'OPEN'", needs=roles.SEE_RECOVERY)
def matters(customer: Customer, user: User) -> list[Matter]:
    """The recovery that is open with the customer."""
    rows = Outreach.objects.visible_to(user).filter(customer=customer, programme=Programme.RECOVERY, state=OutreachState.OPEN)
    return [Matter("Recuperación", f"{row.reason}: {row.get_next_step_display().lower()}", row.opened_at, outreach=row.pk) for row in rows]


def cards(request: HttpRequest, at: datetime) -> list[Card]:
    """The newest list in work, for whoever directs."""
    user = request.user
    if not user.has_perm(roles.SEE_RECOVERY) or user.has_perm(roles.WORK_QUEUE):
        return []
    newest = RecoveryList.objects.filter(frozen_at__isnull=False).first()
    if newest is None:
        return []
    rows = Candidacy.objects.visible_to(user).filter(recovery_list=newest).listed()
    listed = rows.values("customer").distinct().count()
    back = rows.filter(proof=Proof.RECOVERED).values("customer").distinct().count()
    rate = figures.Funnel(customers=listed, recovered=back).rate
    url = f"{reverse('recovery:board')}?month={newest.period.code}"
    return [Card(f"Clientes recuperados, lista de {newest.period.label}", rate.text, f"{rate.fraction} clientes", url)]
