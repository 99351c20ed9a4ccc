"""The agent's page: queue, customer, script, outcome (screens §2.2)."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles, seams
from callcenter.domain import customers, day, metrics, offers, outreach, queue, search, timeline, wording
from callcenter.domain.calendar import company_calendar
from callcenter.domain.contact_law import Verdict, next_open, window
from callcenter.domain.customers import Edit
from callcenter.domain.errors import Conflict, LeaseLost, NotAllowedNow, Refused
from callcenter.enums import Channel, ExclusionScope, NextStep, Outcome, PointKind, Programme, ReasonKind
from callcenter.forms import NEXT, REACHES, CallForm, MessageForm
from callcenter.models import Attempt, ContactPoint, Customer, Draft, Employee, Outreach, Pause, Preparation, Reason, Site, User
from callcenter.views import message_panel
from callcenter.views.contact import reasons_why
from carrazos.lib.calendar import bogota

QUEUE_SHOWN = 30
INBOUND_SHOWN = 8
NOT_DRAFTED = frozenset({"key", "fence", "outcome", "csrfmiddlewaretoken"})
may_call = permission_required(roles.WORK_QUEUE, raise_exception=True)


@may_call
@require_GET
def console(request: HttpRequest) -> HttpResponse:
    """The customer in hand, or the door to the next one."""
    held = Outreach.objects.filter(leased_by=request.user, lease_until__gt=clock.now()).first()
    return render_console(request, held)


@may_call
@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    day.resume(request.user, at=at)
    return render_console(request, queue.claim_next(request.user, at=at, calendar=company_calendar()), asked=True)


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
    return render_console(request, queue.claim_next(request.user, at=at, calendar=calendar), asked=True)


@may_call
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """«Llamar»: the clock of the attempt starts; the telephone link opens by itself."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    point = phone_of(request, row)
    try:
        queue.start_call(pk, request.user, fence=fence_of(request), at=clock.now(), calendar=company_calendar(), point=point)
    except NotAllowedNow as refusal:
        return render(request, "callcenter/console.html#call_state", {"refusal": legal_text(refusal.verdict)}, status=409)
    except Refused as refusal:
        return render(request, "callcenter/console.html#call_state", {"refusal": str(refusal)}, status=409)
    tried = queue.tried(row)
    points = list(ContactPoint.objects.reaching(row.customer_id).select_related("customer"))
    context = {"row": row, "started": bogota(clock.now()), "dialled": point, "points": points, "tried": tried, "swap_oob": True}
    context |= {"first_phone": first_untried(points, tried), "verdict": Verdict(True)}
    return render(request, "callcenter/console.html#started", context)


@may_call
@require_POST
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """The open page's heartbeat."""
    get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    if queue.renew(pk, request.user, fence=fence_of(request), at=clock.now()):
        return HttpResponse(status=204)
    text = "Otra persona tomó este cliente o venció el tiempo. Copie su nota antes de seguir."
    return render(request, "callcenter/console.html#call_state", {"refusal": text}, status=409)


@permission_required(roles.EDIT_CUSTOMERS, raise_exception=True)
@require_POST
def validate(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer confirmed their data in this contact (CAR-4)."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user).for_console(), pk=pk)
    row.customer = customers.validate(row.customer_id, edit=Edit(request.user, clock.now()))
    if not request.htmx:
        return redirect("callcenter:console")
    return render(request, "callcenter/console.html#validation", {"row": row})


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
    return render_console(request, queue.claim_next(request.user, at=at, calendar=calendar), asked=True)


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
    to = colleagues(request, row).filter(pk=chosen).first() if chosen.isdigit() and len(chosen) < 19 else None
    at = clock.now()
    try:
        if to is None:
            raise Refused("Elija a quién pasar el cliente.")
        queue.transfer(pk, request.user, fence=fence_of(request), to=to, note=request.POST.get("transfer_note", ""), at=at)
    except Refused as refusal:
        messages.warning(request, str(refusal))
        return render_console(request, Outreach.objects.filter(leased_by=request.user, pk=pk).first())
    messages.success(request, f"{row.customer} pasó a {to}: lo verá primero en su cola.")
    return render_console(request, queue.claim_next(request.user, at=at, calendar=company_calendar()), asked=True)


def colleagues(request: HttpRequest, row: Outreach) -> QuerySet[User]:
    """Who else may call this customer."""
    callers = User.objects.filter(is_active=True, groups__permissions__codename="work_queue").exclude(pk=request.user.pk)
    callers = callers.filter(Q(all_sites=True) | Q(sites=row.site_id)).filter(Q(all_brands=True) | Q(brands=row.brand_id))
    return callers.distinct().order_by("first_name", "last_name")


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
    """«Está llamando un cliente»: who is it, and which of their matters is open."""
    words = request.GET.get("q", "").strip()
    found = []
    if words:
        people = list(search.matching(Customer.objects.visible_to(request.user), words)[:INBOUND_SHOWN])
        rows = list(Outreach.objects.visible_to(request.user).open().filter(customer__in=people).for_console().order_by("due_at"))
        found = [(customer, [row for row in rows if row.customer_id == customer.pk]) for customer in people]
    return render(request, "callcenter/inbound.html", {"words": words, "found": found})


@may_call
@require_POST
def take_inbound(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    at = clock.now()
    day.resume(request.user, at=at)
    try:
        queue.take_inbound(pk, request.user, at=at)
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


# -- what the page shows ---------------------------------------------------------------------------------------------


def queue_counts(request: HttpRequest) -> queue.QueueCounts:
    """What waits for this person, asked once for the page and its navigation."""
    if not hasattr(request, "queue_counts"):
        request.queue_counts = queue.counts(request.user, at=clock.now())
    return request.queue_counts


def fence_of(request: HttpRequest) -> int:
    value = request.POST.get("fence", "")
    return int(value) if value.isdigit() and len(value) < 19 else -1


def legal_text(verdict) -> str:
    text = f"{verdict.reason} ({verdict.article})"
    if verdict.next_at is None:
        return text
    return f"{text} Se puede desde el {bogota(verdict.next_at):%d/%m/%Y a las %H:%M}."


def saved_text(done: outreach.Recorded) -> str:
    customer, row = done.outreach.customer, done.outreach
    if done.appointment:
        return f"Guardado: {customer}, cita el {bogota(done.appointment.starts_at):%d/%m a las %H:%M}."
    if not row.is_open:
        return f"Guardado: {customer}. Gestión cerrada: {row.get_result_display().lower()}."
    return f"Guardado: {customer}. {row.get_next_step_display()} el {bogota(row.due_at):%d/%m a las %H:%M}."


def render_console(
    request: HttpRequest,
    row: Outreach | None,
    *,
    form: CallForm | None = None,
    message_form: MessageForm | None = None,
    reply_text: str = "",
    asked: bool = False,
    refused: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page, or only its main part for htmx; without JavaScript a POST that went well redirects."""
    if request.method == "POST" and not request.htmx and status == 200:
        return redirect("callcenter:why", refused) if refused else redirect("callcenter:console")
    at, calendar = clock.now(), company_calendar()
    row = row and Outreach.objects.for_console().get(pk=row.pk)
    context = {
        "row": row,
        "asked": asked,
        "reply_text": reply_text,
        "counts": queue_counts(request),
        "at": bogota(at),
        **day_figures(request, at),
    }
    context["waiting"] = [*([row] if row else []), *queue.waiting(request.user, at, most=QUEUE_SHOWN)]
    running = Pause.objects.running().filter(agent=request.user, reason=OuterRef("pk")).values("started_at")
    context["pause_reasons"] = list(Reason.objects.choices(ReasonKind.PAUSE).annotate(since=Subquery(running)))
    context["paused"] = next((reason for reason in context["pause_reasons"] if reason.since), None)
    if refused:
        shown = Outreach.objects.for_console().get(pk=refused)
        context |= {"refused": shown, "why": reasons_why(shown, at)}
    elif row is None:
        context |= closed_now(at, calendar) | preparation(request, at)
    else:
        context |= call_context(request, row, at, calendar, form, message_form)
    template = "callcenter/console.html#page" if request.htmx else "callcenter/console.html"
    response = render(request, template, context, status=status)
    if request.htmx and status == 200:
        response["HX-Push-Url"] = reverse("callcenter:console")
    return response


def day_figures(request: HttpRequest, at) -> dict:
    today = bogota(at).date()
    part = metrics.Slice(today, today.fromordinal(today.toordinal() + 1), agent=request.user.pk)
    return {"today": metrics.calls(part).effectiveness, "goal": request.user.daily_goal}


def first_untried(points: list[ContactPoint], tried: set[int]) -> ContactPoint | None:
    """The next number of the ladder; the first one again when all were tried."""
    usable = [point for point in points if point.kind == PointKind.PHONE and point.is_usable]
    return next((point for point in usable if point.pk not in tried), usable[0] if usable else None)


def as_query(data: dict[str, list[str]]) -> QueryDict:
    """A kept draft as a form's data."""
    query = QueryDict(mutable=True)
    for name, values in data.items():
        query.setlist(name, values)
    return query


def preparation(request: HttpRequest, at) -> dict:
    """The day's checklist of each programme that the agent calls, until it is done."""
    done = set(Preparation.objects.filter(agent=request.user, day=bogota(at).date()).values_list("programme", flat=True))
    names = [name for name in request.user.programmes or [Programme.PROACTIVE] if name not in done]
    return {"tools": day.TOOLS, "to_prepare": [(name, Programme(name).label) for name in names]}


def closed_now(at, calendar) -> dict:
    """Why nobody can be called at this hour, if that is so."""
    hours = window(bogota(at).date(), calendar)
    if hours and hours[0] <= at < hours[1]:
        return {}
    return {"closed_until": bogota(next_open(at, calendar))}


def call_context(request: HttpRequest, row: Outreach, at, calendar, form, message_form) -> dict:
    today = bogota(at).date()
    offer = offers.offer_for(row, today)
    slots = offers.suggested_slots(at, calendar)
    page = seams.programme_page(row.programme)
    fields = wording.merge_fields(row, request.user, offer=offer, slot=slots[0]) | page.words(row)
    script = outreach.script_for(row)
    steps = [(step, wording.fill(step.body, fields)) for step in script.steps.all()] if script else []
    kept = None if form else Draft.objects.filter(outreach=row, agent=request.user).first()
    page = seams.programme_page(row.programme)
    if kept:
        form = page.form_class(as_query(kept.data), outreach=row, agent=request.user).as_draft()
    points = list(ContactPoint.objects.reaching(row.customer_id).select_related("customer"))
    tried = queue.tried(row)
    policy = outreach.policy_of(row.programme)
    made = list(row.attempts.counted().select_related("reason", "agent"))
    context = {
        "verdict": Verdict(True) if queue.is_same_call(row) else queue.why_not_callable(row, at=at, calendar=calendar),
        "offer": offer,
        "script": script,
        "steps": [pair for pair in steps if not (pair[0].is_objection or pair[0].branch)],
        "objections": [pair for pair in steps if pair[0].is_objection],
        "branches": {name: [pair for pair in steps if pair[0].branch == name] for name in Outcome.values},
        "ticked": [int(order) for order in form.data.getlist("step") if order.isdigit()] if form else [],
        "kept": kept,
        "handed": row.transfers.select_related("by").first() if row.callback_for_id == request.user.pk else None,
        "points": points,
        "tried": tried,
        "first_phone": first_untried(points, tried),
        "parties": row.customer.parties.current().select_related("vehicle__brand"),
        "motives": row.motives.all(),
        "made": made,
        "number": sum(attempt.outcome == Outcome.NO_CONTACT for attempt in made) + 1,
        "policy": policy,
        "events": timeline.events(row.customer),
        "form": form,
        "key": (form.data.get("key") if form else None) or uuid.uuid4(),
        "open_panel": form.data.get("outcome", "") if form else "",
        "programme": page,
        "complaints": seams.complaint_desk() is not None,
        **page.context(row, by=request.user, at=at, form=form),
    }
    context |= message_panel.conversation(row.customer_id, at)
    if row.next_step == NextStep.WHATSAPP:
        return context | message_panel.sending(request, row, message_form or MessageForm(), offer=offer, at=at)
    return context | {
        "one_key": Reason.objects.choices(ReasonKind.NO_CONTACT).exclude(key=""),
        "no_contact": Reason.objects.choices(ReasonKind.NO_CONTACT).filter(key=""),
        "no_booking": list(zip("abcdefghijklmnopqrstuvwxyz", Reason.objects.choices(ReasonKind.NO_BOOKING), strict=False)),
        "skip_reasons": Reason.objects.choices(ReasonKind.SKIP),
        "slots": slots,
        "callbacks": offers.suggested_callbacks(at, calendar),
        "sites": Site.objects.filter(pk__in=request.user.site_ids, is_active=True),
        "advisors": Employee.objects.active().filter(site=row.site, function=roles.Role.SERVICE_ADVISOR),
        "scopes": ExclusionScope.choices,
        "outcomes": Outcome,
        "channels": Channel.choices,
        "siblings": outreach.siblings(row, request.user).select_related("vehicle__brand") if page.books else [],
        "reaches": REACHES,
        "colleagues": colleagues(request, row),
    }
