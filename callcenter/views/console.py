"""The agent's page: queue, customer, script, outcome (screens §2.2)."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain import evidence as pictures
from callcenter.domain import messages as whatsapp
from callcenter.domain import metrics, offers, outreach, queue, timeline, wording
from callcenter.domain.calendar import company_calendar
from callcenter.domain.contact_law import next_open, window
from callcenter.domain.errors import Conflict, LeaseLost, NotAllowedNow, Refused
from callcenter.enums import ExclusionScope, NextStep, Outcome, ReasonKind
from callcenter.forms import CallForm, MessageForm
from callcenter.models import Attempt, Employee, Outreach, Reason, Site
from callcenter.whatsapp import agent_phone
from carrazos.lib.calendar import bogota

QUEUE_SHOWN = 30
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
    return render_console(request, queue.claim_next(request.user, at=at, calendar=company_calendar()), asked=True)


@may_call
@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Opens one customer of the list."""
    get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    try:
        taken = queue.take(pk, request.user, at=clock.now(), calendar=company_calendar())
    except NotAllowedNow as refusal:
        messages.warning(request, legal_text(refusal.verdict))
        taken = None
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
    get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    try:
        queue.start_call(pk, request.user, fence=fence_of(request), at=clock.now(), calendar=company_calendar())
    except NotAllowedNow as refusal:
        return render(request, "callcenter/console.html#call_state", {"refusal": legal_text(refusal.verdict)}, status=409)
    except Refused as refusal:
        return render(request, "callcenter/console.html#call_state", {"refusal": str(refusal)}, status=409)
    return render(request, "callcenter/console.html#call_state", {"started": bogota(clock.now())})


@may_call
@require_POST
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """The open page's heartbeat."""
    if queue.renew(pk, request.user, fence=fence_of(request), at=clock.now()):
        return HttpResponse(status=204)
    text = "Otra persona tomó este cliente o venció el tiempo. Copie su nota antes de seguir."
    return render(request, "callcenter/console.html#call_state", {"refusal": text}, status=409)


@may_call
@require_POST
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """Saves the outcome and brings the next customer."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user).for_console(), pk=pk)
    form = CallForm(request.POST, outreach=row, agent=request.user)
    at, calendar = clock.now(), company_calendar()
    if not form.is_valid():
        return render_console(request, row, form=form, status=422)
    try:
        done = outreach.record_attempt(pk, form.call(), agent=request.user, fence=form.cleaned_data["fence"], at=at, calendar=calendar)
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
    return render_console(request, queue.claim_next(request.user, at=at, calendar=calendar), asked=True)


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


@may_call
@require_POST
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """«Enviado»: the message with its proof."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user).for_console(), pk=pk)
    form = MessageForm(request.POST, request.FILES)
    at, calendar = clock.now(), company_calendar()
    draft = whatsapp.draft_for(row, request.user, offer=offers.offer_for(row, bogota(at).date()))
    if not form.is_valid() or draft is None:
        return render_console(request, row, message_form=form, status=422)
    upload = form.cleaned_data["picture"]
    try:
        picture = pictures.clean_picture(upload.read()) if upload else None
        sent = whatsapp.record_sent(
            pk, draft, key=form.cleaned_data["key"], agent=request.user, fence=form.cleaned_data["fence"], picture=picture,
            picture_name=upload.name if upload else "", at=at, calendar=calendar,
        )  # fmt: skip
    except NotAllowedNow as refusal:
        form.add_error(None, legal_text(refusal.verdict))
        return render_console(request, row, message_form=form, status=422)
    except (Conflict, LeaseLost) as refusal:
        form.add_error(None, str(refusal))
        return render_console(request, row, message_form=form, status=409)
    except Refused as refusal:
        form.add_error("picture", str(refusal))
        return render_console(request, row, message_form=form, status=422)
    messages.success(request, f"WhatsApp registrado: {row.customer}.")
    if sent.recycled:
        messages.warning(request, f"Ojo: ese mismo pantallazo ya se usó para {sent.recycled.outreach.customer}. Revíselo.")
    return render_console(request, queue.claim_next(request.user, at=at, calendar=calendar), asked=True)


@may_call
@require_POST
def no_whatsapp(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer has no WhatsApp: the outreach closes without a message."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    at = clock.now()
    try:
        whatsapp.give_up_message(pk, agent=request.user, fence=fence_of(request), at=at)
        messages.success(request, f"Cerrada sin mensaje: {row.customer} no tiene WhatsApp.")
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return render_console(request, queue.claim_next(request.user, at=at, calendar=company_calendar()), asked=True)


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
    asked: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The whole page, or only its main part for htmx; without JavaScript a POST that went well redirects."""
    if request.method == "POST" and not request.htmx and status == 200:
        return redirect("callcenter:console")
    at, calendar = clock.now(), company_calendar()
    row = row and Outreach.objects.for_console().get(pk=row.pk)
    context = {"row": row, "asked": asked, "counts": queue_counts(request), "at": bogota(at), **day_figures(request, at)}
    context["waiting"] = [*([row] if row else []), *queue.waiting(request.user, at, most=QUEUE_SHOWN)]
    if row is None:
        context |= closed_now(at, calendar)
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
    fields = wording.merge_fields(row, request.user, offer=offer, slot=slots[0])
    script = outreach.script_for(row)
    steps = list(script.steps.all()) if script else []
    points = list(row.customer.points.all())
    policy = outreach.policy_of(row.programme)
    made = list(row.attempts.counted().select_related("reason", "agent"))
    context = {
        "verdict": queue.why_not_callable(row, at=at, calendar=calendar),
        "offer": offer,
        "script": script,
        "steps": [(step, wording.fill(step.body, fields)) for step in steps if not step.is_objection],
        "objections": [(step, wording.fill(step.body, fields)) for step in steps if step.is_objection],
        "points": points,
        "first_phone": next((point for point in points if point.kind == "PHONE" and point.is_usable), None),
        "parties": row.customer.parties.select_related("vehicle__brand"),
        "motives": row.motives.all(),
        "made": made,
        "number": len(made) + 1,
        "policy": policy,
        "events": timeline.events(row.customer),
        "form": form,
        "key": (form.data.get("key") if form else None) or uuid.uuid4(),
        "open_panel": form.data.get("outcome", "") if form else "",
    }
    if row.next_step == NextStep.WHATSAPP:
        draft = whatsapp.draft_for(row, request.user, offer=offer)
        return context | {
            "draft": draft,
            "link": agent_phone.link(draft.point.value, draft.body) if draft else "",
            "message_form": message_form or MessageForm(),
        }
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
    }
