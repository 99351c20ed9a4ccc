"""What the agent's page shows: queue, customer, script, outcome (screens §2.2)."""

import uuid
from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from callcenter import clock, roles, seams
from callcenter.domain import appointments, contact_law, customers, day, metrics, notices, offers, outreach, queue, reach, timeline, wording
from callcenter.domain.calendar import company_calendar
from callcenter.domain.contact_law import Verdict, next_open, window
from callcenter.enums import Channel, ExclusionScope, NextStep, Outcome, PointKind, Programme, ReasonKind
from callcenter.forms import REACHES, CallForm, MessageForm
from callcenter.models import ContactPoint, Draft, Employee, Outreach, Pause, Preparation, Reason, Site, User
from callcenter.views import message_panel
from callcenter.views.contact import reasons_why
from carrazos.lib.calendar import BusinessCalendar, bogota

QUEUE_SHOWN = 30
CHOSEN = "programme"
BOOKING_DAYS = timedelta(days=30)  # how far the hours to propose are looked for
REASONS = (ReasonKind.PAUSE, ReasonKind.NO_CONTACT, ReasonKind.NO_BOOKING, ReasonKind.SKIP)


def queue_counts(request: HttpRequest) -> queue.QueueCounts:
    """What waits for this person, asked once for the page and its navigation."""
    if not hasattr(request, "queue_counts"):
        request.queue_counts = queue.counts(request.user, at=clock.now(), programmes=chosen(request))
    return request.queue_counts


def callable_programmes(user: User) -> list[Programme]:
    """The programmes that this person calls."""
    return [programme for programme in Programme if not user.programmes or programme in user.programmes]


def chosen(request: HttpRequest) -> list[Programme] | None:
    """The programme to which the agent narrowed the queue, for this session; None for all of theirs."""
    name = request.session.get(CHOSEN)
    return [Programme(name)] if name in callable_programmes(request.user) else None


def claim(request: HttpRequest, at: datetime) -> Outreach | None:
    """The next customer of the programme that the agent chose."""
    return queue.claim_next(request.user, at=at, calendar=company_calendar(), programmes=chosen(request))


def in_hand(request: HttpRequest) -> Outreach | None:
    """The customer whom this person holds."""
    return Outreach.objects.for_console().filter(leased_by=request.user, lease_until__gt=clock.now()).first()


def legal_text(verdict) -> str:
    text = f"{verdict.reason} ({verdict.article})"
    if verdict.next_at is None:
        return text
    return f"{text} Se puede desde el {bogota(verdict.next_at):%d/%m/%Y a las %H:%M}."


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
    if row and request.method == "POST":
        row = Outreach.objects.for_console().get(pk=row.pk)
    reasons = day_reasons(request.user)
    context = {
        "row": row,
        "asked": asked,
        "reply_text": reply_text,
        "counts": queue_counts(request),
        "at": bogota(at),
        "said": notices.said_to(request.user),
        "programmes": callable_programmes(request.user),
        "chosen": chosen(request),
        "pause_reasons": reasons[ReasonKind.PAUSE],
        "paused": next((reason for reason in reasons[ReasonKind.PAUSE] if reason.since), None),
        **day_figures(request, at),
    }
    context["waiting"] = [*([row] if row else []), *queue.in_line(request.user, at, most=QUEUE_SHOWN, programmes=chosen(request))]
    if refused:
        shown = Outreach.objects.for_console().get(pk=refused)
        context |= {"refused": shown, "why": reasons_why(shown, request.user, at)}
    elif row is None:
        context |= closed_now(at, calendar) | preparation(request, at)
    else:
        context |= call_context(request, row, at, calendar, form, message_form, reasons)
    template = "callcenter/console.html#page" if request.htmx else "callcenter/console.html"
    response = render(request, template, context, status=status)
    if request.htmx and status == 200:
        response["HX-Push-Url"] = reverse("callcenter:console")
    return response


def day_reasons(user: User) -> dict[ReasonKind, list[Reason]]:
    """The reasons that the page offers, by catalogue; that of a running pause says since when."""
    running = Pause.objects.running().filter(agent=user, reason=OuterRef("pk")).values("started_at")
    found = Reason.objects.choices(*REASONS).annotate(since=Subquery(running))
    return {kind: [reason for reason in found if reason.kind == kind] for kind in REASONS}


def day_figures(request: HttpRequest, at) -> dict:
    today = bogota(at).date()
    part = metrics.Slice(today, today + timedelta(days=1), agent=request.user.pk, programme=None)
    return {"today": metrics.calls(part).effectiveness, "goal": request.user.daily_goal}


def colleagues(user: User, row: Outreach) -> QuerySet[User]:
    """Who else may call this customer: of its site and brand, and who calls its programme."""
    callers = User.objects.filter(is_active=True, groups__permissions__codename="work_queue").exclude(pk=user.pk)
    callers = callers.filter(Q(programmes=[]) | Q(programmes__contains=[row.programme]))
    callers = callers.filter(Q(all_sites=True) | Q(sites=row.site_id)).filter(Q(all_brands=True) | Q(brands=row.brand_id))
    return callers.distinct().order_by("first_name", "last_name")


def numbers(row: Outreach, at: datetime, calendar: BusinessCalendar) -> dict:
    """Every way to reach the customer, which numbers may be dialled now, and which nobody looked up in the RNE while another was."""
    points = list(ContactPoint.objects.reaching(row.customer_id).select_related("customer"))
    phones = [point for point in points if point.kind == PointKind.PHONE and point.is_usable]
    contact = queue.next_contact(row, at)
    history = queue.history_for(row, row.leased_by_id or 0, at=at)
    said = contact_law.verdicts_by_number(history, contact, phones, calendar=calendar)
    dialable = {point.pk for point in phones if queue.may_dial(row, said[point.pk])}
    unasked = contact_law.unasked(phones, contact, calendar=calendar)
    tried = queue.tried(row)
    return {
        "points": points,
        "tried": tried,
        "dialable": dialable,
        "unasked": unasked if len(unasked) < len(phones) else set(),
        "first_phone": first_untried([point for point in phones if point.pk in dialable] or phones, tried),
    }


def first_untried(phones: list[ContactPoint], tried: set[int]) -> ContactPoint | None:
    """The next number of the ladder; the first one again when all were tried."""
    return next((point for point in phones if point.pk not in tried), phones[0] if phones else None)


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


def picked(form: CallForm | None, row: Outreach, slots: list[datetime], callbacks: list[tuple[str, datetime]]) -> dict:
    """What each choice shows marked: what was picked before a refusal or in the draft, while it is still offered, or else the first."""
    data = form.data if form else QueryDict()
    hours = [slot.isoformat() for slot in slots]
    later = [moment.isoformat() for _, moment in callbacks]
    return {
        "slot": data["slot"] if data.get("slot") in hours else next(iter(hours), ""),
        "call_back": data["call_back"] if data.get("call_back") in later else next(iter(later), ""),
        "site": data.get("site", str(row.site_id)),
        "advisor": data.get("advisor", str(row.advisor_id or "")),
        "service": data.get("service", row.reason),
        "channels": data.getlist("channels"),
    }


def closed_now(at, calendar) -> dict:
    """Why nobody can be called at this hour, if that is so."""
    hours = window(bogota(at).date(), calendar)
    if hours and hours[0] <= at < hours[1]:
        return {}
    return {"closed_until": bogota(next_open(at, calendar))}


def call_context(request: HttpRequest, row: Outreach, at, calendar, form, message_form, reasons) -> dict:
    today = bogota(at).date()
    offer = offers.offer_for(row, today)
    page = seams.programme_page(row.programme)
    full = appointments.full_days(row.site, today, today + BOOKING_DAYS) if page.books else frozenset()
    slots = offers.suggested_slots(at, calendar, full=full)
    fields = wording.merge_fields(row, request.user, offer=offer, slot=slots[0] if slots else None) | page.words(row)
    script = outreach.script_for(row)
    steps = [(step, wording.fill(step.body, fields)) for step in script.steps.all()] if script else []
    kept = None if form else Draft.objects.filter(outreach=row, agent=request.user).first()
    if kept:
        form = page.form_class(as_query(kept.data), outreach=row, agent=request.user).as_draft()
    policy = outreach.policy_of(row.programme)
    made = list(row.attempts.counted().select_related("reason", "agent"))
    context = {
        "verdict": Verdict(True) if queue.is_same_call(row) else queue.why_not_callable(row, request.user, at=at, calendar=calendar),
        "offer": offer,
        "script": script,
        "steps": [pair for pair in steps if not (pair[0].is_objection or pair[0].branch)],
        "objections": [pair for pair in steps if pair[0].is_objection],
        "branches": {name: [pair for pair in steps if pair[0].branch == name] for name in Outcome.values},
        "ticked": [int(order) for order in form.data.getlist("step") if order.isdigit()] if form else [],
        "kept": kept,
        "handed": row.transfers.select_related("by").first() if row.callback_for_id == request.user.pk else None,
        **numbers(row, at, calendar),
        "vehicles": [party.vehicle for party in row.customer.parties.current().select_related("vehicle__brand")],
        "matters": [matter for matter in timeline.matters(row.customer, request.user) if matter.outreach != row.pk],
        "known": customers.data_of(row.customer),
        "habit": reach.usual_hours(row.customer, request.user),
        "motives": row.motives.all(),
        "made": made,
        "number": sum(attempt.outcome == Outcome.NO_CONTACT for attempt in made) + 1,
        "policy": policy,
        "history": timeline.history(row.customer, request.user),
        "form": form,
        "key": (form.data.get("key") if form else None) or uuid.uuid4(),
        "open_panel": form.data.get("outcome", "") if form else "",
        "programme": page,
        "complaints": seams.complaint_desk() is not None,
        **page.context(row, by=request.user, at=at, form=form),
    }
    context |= message_panel.conversation(row.customer_id, at)
    # In a conversation that is under way the customer speaks, whatever step was due.
    context["writes"] = row.next_step == NextStep.WHATSAPP and not (row.is_inbound or outreach.same_call(row, request.user))
    if context["writes"]:
        return context | message_panel.sending(request, row, message_form or MessageForm(), offer=offer, at=at)
    callbacks = offers.suggested_callbacks(at, calendar)
    return context | {
        "picked": picked(form, row, slots, callbacks),
        "one_key": [reason for reason in reasons[ReasonKind.NO_CONTACT] if reason.key],
        "no_contact": [reason for reason in reasons[ReasonKind.NO_CONTACT] if not reason.key],
        "no_booking": list(zip("abcdefghijklmnopqrstuvwxyz", reasons[ReasonKind.NO_BOOKING], strict=False)),
        "skip_reasons": reasons[ReasonKind.SKIP],
        "slots": slots,
        "callbacks": callbacks,
        "sites": Site.objects.filter(pk__in=request.user.site_ids, is_active=True),
        "advisors": Employee.objects.active().filter(site=row.site, function=roles.Role.SERVICE_ADVISOR),
        "scopes": ExclusionScope.choices,
        "outcomes": Outcome,
        "channels": Channel.choices,
        "siblings": outreach.siblings(row, request.user).select_related("vehicle__brand") if page.books else [],
        "reaches": REACHES,
        "unanswered": outreach.served_too(row, request.user, Outcome.NO_CONTACT).select_related("vehicle__brand"),
        "colleagues": colleagues(request.user, row),
    }
