"""The agent's page: queue, customer, script, outcome (screens §2.2)."""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles, seams
from callcenter.domain import customers, day, outreach, queue, search
from callcenter.domain.calendar import company_calendar
from callcenter.domain.customers import Edit
from callcenter.domain.errors import Conflict, LeaseLost, NotAllowedNow, Refused
from callcenter.enums import NextStep, Outcome, Programme, Purpose, ReasonKind, Result
from callcenter.forms import NEXT, CallForm, ConfirmForm, InboundForm, OptOutForm
from callcenter.models import Attempt, ContactPoint, Customer, Exclusion, Outreach, Reason, User, Vehicle, VehicleParty
from callcenter.models.customers import PartyQuerySet
from callcenter.views.console_page import CHOSEN, claim, colleagues, in_hand, legal_text, numbers, render_console
from carrazos.lib.calendar import bogota

INBOUND_SHOWN = 8
NOT_DRAFTED = frozenset({"key", "fence", "outcome", "csrfmiddlewaretoken"})
REFUSED_MEANWHILE = "El cliente acaba de pedir no ser contactado. Lo que acuerden en esta llamada se conserva: registre el resultado."
WITHDRAWN = "El cliente acaba de pedir no ser contactado: no lo llame. La gestión ya se retiró."
TAKEN = "Otra persona tomó este cliente o venció el tiempo. Copie su nota antes de seguir."
may_call = permission_required(roles.WORK_QUEUE, raise_exception=True)


@may_call
@require_GET
def console(request: HttpRequest) -> HttpResponse:
    """The customer in hand, or the door to the next one."""
    return render_console(request, in_hand(request))


@may_call
@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    day.resume(request.user, at=at)
    return render_console(request, claim(request, at), asked=True)


@may_call
@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Opens one customer of the list."""
    get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    day.resume(request.user, at=clock.now())
    try:
        taken = queue.take(pk, request.user, at=clock.now(), calendar=company_calendar())
    except NotAllowedNow:
        return render_console(request, None, refused=pk)
    except Refused as refusal:
        messages.warning(request, str(refusal))
        taken = None
    return render_console(request, taken)


@may_call
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives the customer back without a call."""
    get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    queue.release_all(request.user)
    return render_console(request, None)


@may_call
@require_POST
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts the customer aside for today, with a reason, and goes on."""
    get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    reason = get_object_or_404(Reason.objects.choices(ReasonKind.SKIP), code=request.POST.get("skip_reason", ""))
    at, calendar = clock.now(), company_calendar()
    try:
        queue.skip(pk, request.user, fence=fence_of(request), reason=reason, at=at, calendar=calendar)
        messages.success(request, f"Omitida hasta mañana: {reason}.")
    except LeaseLost as refusal:
        messages.warning(request, str(refusal))
    return render_console(request, claim(request, at), asked=True)


@may_call
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """«Llamar» or «Abrir WhatsApp»: the clock of the contact starts; the telephone link opens by itself."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    point, at = phone_of(request, row), clock.now()
    try:
        queue.start_call(pk, request.user, fence=fence_of(request), at=at, calendar=company_calendar(), point=point)
    except NotAllowedNow as refusal:
        return render(request, "callcenter/console.html#call_state", {"refusal": legal_text(refusal.verdict)}, status=409)
    except Refused as refusal:
        return render(request, "callcenter/console.html#call_state", {"refusal": str(refusal)}, status=409)
    if row.next_step == NextStep.WHATSAPP:
        return render(request, "callcenter/console.html#call_state", {"opened": bogota(at)})
    row.refresh_from_db()  # the call is under way
    context = {"row": row, "started": bogota(at), "dialled": point, "swap_oob": True, **numbers(row, at, company_calendar())}
    return render(request, "callcenter/console.html#started", context)


@may_call
@require_POST
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """The open page's heartbeat; it tells of a refusal that came meanwhile."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    if queue.renew(pk, request.user, fence=fence_of(request), at=clock.now()):
        if not Exclusion.objects.standing().filter(customer=row.customer_id, since__gte=row.leased_at).exists():
            return HttpResponse(status=204)
        return render(request, "callcenter/console.html#call_state", {"refusal": REFUSED_MEANWHILE})
    text = WITHDRAWN if row.result == Result.OPTED_OUT else TAKEN
    return render(request, "callcenter/console.html#call_state", {"refusal": text}, status=409)


@permission_required(roles.EDIT_CUSTOMERS, raise_exception=True)
@require_POST
def validate(request: HttpRequest, pk: int) -> HttpResponse:
    """What the customer confirmed of their data in this contact (CAR-4)."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user).for_console(), pk=pk)
    form = ConfirmForm(request.POST, known=customers.data_of(row.customer))
    if form.is_valid():
        row.customer = customers.validate(row.customer_id, form.cleaned_data["confirmed"], edit=Edit(request.user, clock.now()))
    if not request.htmx:
        for error in form.errors.get("confirmed", ()):
            messages.error(request, error)
        return redirect("callcenter:console")
    context = {"row": row, "known": customers.data_of(row.customer), "confirm": form}
    return render(request, "callcenter/console.html#validation", context, status=422 if form.errors else 200)


@may_call
@require_POST
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """Saves the outcome and brings the next customer."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user).for_console(), pk=pk)
    page = seams.programme_page(row.programme)
    form = page.form_class(request.POST, outreach=row, agent=request.user)
    at, calendar = clock.now(), company_calendar()
    if not form.is_valid():
        return render_console(request, row, form=form, status=422)
    if another := next_number(row, form):
        return try_another(request, row, form, another)
    try:
        done = outreach.record_attempt(
            pk, form.call(), agent=request.user, fence=form.cleaned_data["fence"], at=at, calendar=calendar, alongside=page.alongside(form)
        )
    except NotAllowedNow as refusal:
        form.add_error(None, legal_text(refusal.verdict))
        return render_console(request, row, form=form, status=422)
    except (Conflict, LeaseLost) as refusal:
        form.add_error(None, str(refusal))
        return render_console(request, row, form=form, status=409)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return render_console(request, row, form=form, status=422)
    messages.success(request, saved_text(done), extra_tags=f"undo:{done.attempt.pk}")
    if form.cleaned_data["reach"] == NEXT and (other := outreach.siblings(row, request.user).first()):
        try:
            return render_console(request, queue.continue_call(other.pk, request.user, done.attempt, at=at))
        except Refused as refusal:
            messages.warning(request, str(refusal))
    return render_console(request, claim(request, at), asked=True)


def phone_of(request: HttpRequest, row: Outreach) -> ContactPoint | None:
    """The number of this customer that the page names."""
    value = request.POST.get("point", "")
    points = ContactPoint.objects.phones().reaching(row.customer_id)
    return points.filter(pk=value).first() if value.isdigit() and len(value) < 19 else None


def next_number(row: Outreach, form: CallForm) -> ContactPoint | None:
    """A wrong or dead number does not end the attempt while the customer has another one (domain 8.3)."""
    data = form.cleaned_data
    if data["outcome"] != Outcome.NO_CONTACT or not data["reason"].spoils_phone or data["point"] is None:
        return None
    done = queue.tried(row) | {data["point"].pk}
    return next((point for point in ContactPoint.objects.phones().usable().reaching(row.customer_id) if point.pk not in done), None)


def try_another(request: HttpRequest, row: Outreach, form: CallForm, another: ContactPoint) -> HttpResponse:
    data, at = form.cleaned_data, clock.now()
    try:
        queue.spoil_number(row.pk, request.user, fence=data["fence"], point=data["point"], reason=data["reason"], at=at)
        messages.info(request, f"{data['point'].display}: {str(data['reason']).lower()}. Pruebe con {another.display}; el intento sigue.")
    except LeaseLost as refusal:
        form.add_error(None, str(refusal))
        return render_console(request, row, form=form, status=409)
    return render_console(request, row)


@may_call
@require_POST
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """What is being typed, kept on the server."""
    get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    data = {name: values for name, values in request.POST.lists() if name not in NOT_DRAFTED}
    if sum(len(value) for values in data.values() for value in values) > day.DRAFT_MAX:
        return HttpResponse(status=413)
    at = clock.now()
    try:
        day.save_draft(pk, request.user, fence=fence_of(request), data=data, at=at)
    except LeaseLost:
        return HttpResponse(status=204)
    return render(request, "callcenter/console.html#draft_state", {"draft_at": at})


@may_call
@require_POST
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """Hands the customer to a colleague, with a note, and goes on."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    chosen = request.POST.get("to", "")
    to = colleagues(request.user, row).filter(pk=chosen).first() if chosen.isdigit() and len(chosen) < 19 else None
    at = clock.now()
    try:
        if to is None:
            raise Refused("Elija a quién pasar el cliente.")
        queue.transfer(pk, request.user, fence=fence_of(request), to=to, note=request.POST.get("transfer_note", ""), at=at)
    except Refused as refusal:
        messages.warning(request, str(refusal))
        return render_console(request, Outreach.objects.filter(leased_by=request.user, pk=pk).first())
    messages.success(request, f"{row.customer} pasó a {to}: lo verá primero en su cola.")
    return render_console(request, claim(request, at), asked=True)


@may_call
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """The agent narrows the queue to one programme, or works all of theirs again; the customer in hand stays."""
    request.session[CHOSEN] = request.POST.get("programme", "")
    return render_console(request, in_hand(request))


@may_call
@require_POST
def pause(request: HttpRequest) -> HttpResponse:
    """«Pausar», with a reason; whoever was in hand goes back to the queue."""
    reason = get_object_or_404(Reason.objects.choices(ReasonKind.PAUSE), code=request.POST.get("pause_reason", ""))
    day.pause(request.user, reason, at=clock.now())
    return render_console(request, None)


@may_call
@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    day.resume(request.user, at=clock.now())
    return render_console(request, None)


@may_call
@require_POST
def prepare(request: HttpRequest) -> HttpResponse:
    """The agent's word, once a day, that script and service sheet are at hand (PRO-10)."""
    at = clock.now()
    had, programme = set(request.POST.getlist("tool")), request.POST.get("programme")
    programme = Programme(programme) if programme in Programme.values else Programme.PROACTIVE
    missing = [name for name, _ in day.TOOLS if name not in had]
    done = day.prepare(request.user, programme, missing=missing, at=at, day=bogota(at).date())
    messages.success(request, f"Alistamiento registrado. Falta: {done.missing}." if done.missing else "Alistamiento completo registrado.")
    return render_console(request, None)


@may_call
@require_GET
def inbound(request: HttpRequest) -> HttpResponse:
    """«Está llamando un cliente»: who is it, which of their matters is open, and for which vehicles one may be opened."""
    words, chosen = request.GET.get("q", "").strip(), request.GET.get("cliente", "")
    mine, people = Customer.objects.visible_to(request.user), []
    if chosen.isdigit() and len(chosen) < 19:
        people = list(mine.filter(pk=chosen))
    elif words:
        people = list(search.matching(mine, words)[:INBOUND_SHOWN])
    rows = list(Outreach.objects.visible_to(request.user).open().filter(customer__in=people).for_console().order_by("due_at"))
    cars = openable(request.user, people, rows)
    found = [
        (customer, [row for row in rows if row.customer_id == customer.pk], cars[customer.pk], OptOutForm(auto_id=f"c{customer.pk}-%s"))
        for customer in people
    ]
    return render(request, "callcenter/inbound.html", {"words": words, "found": found})


def openable(user: User, people: list[Customer], rows: list[Outreach]) -> dict[int, dict[Vehicle, Outreach | None]]:
    """By customer: their vehicles without an open commercial matter, each with the one that they left unanswered."""
    busy = {(row.customer_id, row.vehicle_id) for row in rows if row.purpose == Purpose.COMMERCIAL}
    left = {
        (row.customer_id, row.vehicle_id): row
        for row in reversed(outreach.unanswered(clock.now()).visible_to(user).filter(customer__in=people))
    }
    found: dict[int, dict[Vehicle, Outreach | None]] = {customer.pk: {} for customer in people}
    for party in cars_of(user).filter(customer__in=people).select_related("vehicle__brand"):
        key = (party.customer_id, party.vehicle_id)
        if key not in busy:
            found[party.customer_id][party.vehicle] = left.get(key)
    return found


def cars_of(user: User) -> PartyQuerySet:
    return VehicleParty.objects.current().filter(vehicle__brand__in=user.brand_ids)


@may_call
@require_POST
def open_inbound(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer who calls has no open matter of this vehicle: it is opened, or the one left unanswered goes on."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    cars = Vehicle.objects.filter(pk__in=cars_of(request.user).filter(customer=customer).values("vehicle"))
    form = InboundForm(request.POST, vehicles=cars)
    if not form.is_valid():
        messages.warning(request, "Elija uno de los vehículos del cliente; si no está, agréguelo en su ficha.")
        return redirect(f"{reverse('callcenter:inbound')}?cliente={pk}")
    data = form.cleaned_data
    return answer_call(request, lambda at: queue.open_inbound(customer, data["vehicle"], request.user, reason=data["reason"], at=at))


@may_call
@require_POST
def take_inbound(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    return answer_call(request, lambda at: queue.take_inbound(pk, request.user, at=at))


def answer_call(request: HttpRequest, take: Callable[[datetime], Outreach]) -> HttpResponse:
    at = clock.now()
    day.resume(request.user, at=at)
    try:
        take(at)
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("callcenter:console")


@may_call
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the last outcome back and returns to that customer."""
    attempt = get_object_or_404(Attempt.objects.visible_to(request.user), pk=pk)
    at = clock.now()
    try:
        outreach.undo_attempt(attempt.pk, by=request.user, at=at, lease_until=at + queue.LEASE)
        messages.success(request, "Deshecho: registre de nuevo el resultado.")
    except Refused as refusal:
        messages.warning(request, str(refusal))
    held = Outreach.objects.filter(leased_by=request.user).first()
    return render_console(request, held)


def fence_of(request: HttpRequest) -> int:
    value = request.POST.get("fence", "")
    return int(value) if value.isdigit() and len(value) < 19 else -1


def saved_text(done: outreach.Recorded) -> str:
    customer, row = done.outreach.customer, done.outreach
    if done.appointment:
        return f"Guardado: {customer}, cita el {bogota(done.appointment.starts_at):%d/%m a las %H:%M}."
    if not row.is_open:
        return f"Guardado: {customer}. Gestión cerrada: {row.get_result_display().lower()}."
    return f"Guardado: {customer}. {row.get_next_step_display()} el {bogota(row.due_at):%d/%m a las %H:%M}."
