"""The outbox of the Cloud API: a customer never gets a message twice, and no message is lost without a trace.

A row leaves in three steps, each committed: claimed (models/work.py) → `reserve`: the law, the opt-outs, the template and the
daily limit are asked, and the contact is entered in the ledger → the one request → `settle`. A worker that dies in between
leaves the row SENDING; nobody sends that row again: it is UNKNOWN until a status webhook or a person says what happened.
"""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from callcenter import clock, roles
from callcenter.domain import consent, contact_law, messages
from callcenter.domain.calendar import company_calendar
from callcenter.domain.contact_law import ContactIntent
from callcenter.domain.outreach import close, policy_of
from callcenter.enums import (
    Channel,
    ExclusionScope,
    ExclusionSource,
    Gateway,
    MessageStatus,
    NextStep,
    Purpose,
    Result,
    TemplateApproval,
    WorkState,
)
from callcenter.models import ContactPoint, Line, Message, MessageEvent, MessageTemplate, Notification, Outreach, Touch, UploadedMedia, User
from callcenter.models.messages import GONE
from callcenter.models.work import MAX_ATTEMPTS, LostLease
from callcenter.whatsapp import gateway
from callcenter.whatsapp.errors import Action, Meaning, meaning_of
from callcenter.whatsapp.parcel import Accepted, NotSent, Parcel, Rejected, Unclear
from callcenter.whatsapp.parcel import Result as Answer
from carrazos.lib.calendar import BusinessCalendar, bogota, start_of

LIMIT_LOCK = 2_300_2023  # advisory lock: the daily limit is counted by one sender at a time
DAY = timedelta(hours=24)
LATER_DAYS = timedelta(hours=48)
RETRY_PAUSES = (timedelta(seconds=20), timedelta(minutes=2), timedelta(minutes=10))
SLOW_DOWN = timedelta(minutes=1)
LOST = "El envío se interrumpió y no se sabe si salió."
TRIED = "No se pudo entregar a Meta después de varios intentos."


# -- the job ---------------------------------------------------------------------------------------------------------


def run(message: Message, report: Callable[..., None]) -> None:
    """The job of one claimed row."""
    calendar = company_calendar()
    if message.status != MessageStatus.QUEUED:
        abandon(message)
        return
    way = gateway.current()
    report("Preparando")
    parcel = way.prepare(parcel_of(message), at=clock.now())
    if not isinstance(parcel, Parcel):
        settle(message, parcel, at=clock.now(), calendar=calendar)
        return
    if reserve(message, at=clock.now(), calendar=calendar):
        report("Enviando")
        settle(message, way.send(parcel), at=clock.now(), calendar=calendar)


def parcel_of(message: Message) -> Parcel:
    template = message.template
    return Parcel(
        message.key, message.point.value.removeprefix("+") if message.point else "", message.body, template.name if template else "",
        template.language if template else "", tuple(message.variables), message.image,
    )  # fmt: skip


# -- may it leave ----------------------------------------------------------------------------------------------------


def reserve(message: Message, *, at: datetime, calendar: BusinessCalendar) -> bool:
    """The last gate, in the transaction that makes the row SENDING: True when it must be sent now.

    What the law forbids until a known moment waits for it; otherwise the message is withdrawn, and its matter closes only when the person
    refused: behind an open complaint or an old look-up in the RNE it goes back to the queue. An opt-out and this gate lock the same row.
    """
    with transaction.atomic():
        outreach, row = messages.locked(message.pk)
        if row.fence != message.fence or row.work_state != WorkState.RUNNING:
            raise LostLease(f"mensaje {row.pk}")
        if row.status != MessageStatus.QUEUED:
            return False
        intent = ContactIntent(Channel.WHATSAPP, Purpose(row.purpose), at)
        verdict = contact_law.verdict_for(row.customer_id, intent, calendar=calendar, point=row.point_id)
        if not verdict.allowed and verdict.next_at is None:
            withdraw(row, verdict.reason)
            if contact_law.plannable(row.customer_id, intent, calendar=calendar) is None:
                close_refused(outreach, at=at)
            else:
                messages.return_to_queue(outreach, wanted=at, at=at, calendar=calendar)
            return False
        if not verdict.allowed:
            postpone(row, verdict.next_at, verdict.reason, at=at)
            return False
        if problem := shape_problem(row, at):
            fail(row, outreach, problem, wanted=at, at=at, calendar=calendar)
            return False
        if until := over_daily_limit(row, at):
            postpone(row, until, "Se completó el límite diario de clientes de la línea de WhatsApp.", at=at)
            return False
        try:
            with transaction.atomic():
                messages.write_touch(row, at=at)
        except IntegrityError:
            # Somebody reached the person in this very moment: the database is the law's last line.
            tomorrow = start_of(bogota(at).date() + timedelta(days=1))
            postpone(row, contact_law.next_open(tomorrow, calendar), "Ya se le contactó hoy.", at=at)
            return False
        row.status, row.sent_at = MessageStatus.SENDING, at
        row.save(update_fields=["status", "sent_at"])
        return True


def shape_problem(row: Message, at: datetime) -> str:
    """Why Meta would refuse it in its present form; empty when it would not."""
    if row.point is None:
        return "El mensaje no tiene número."
    if row.template is None:
        until = messages.window_until(row.customer_id)
        return "" if until and until > at else "La ventana de 24 horas se cerró antes de que saliera."
    if row.template.approval != TemplateApproval.APPROVED:
        return f"La plantilla «{row.template}» ya no está aprobada: {row.template.get_approval_display().lower()}."
    return ""


def over_daily_limit(row: Message, at: datetime) -> datetime | None:
    """When the person may be written to, if the line already opened its moving day's number of conversations.

    People written to in the last 24 hours, and those who wrote to us, don't count anew (domain 5.2).
    """
    window = messages.window_until(row.customer_id)
    if window and window > at:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LIMIT_LOCK])
    recent = opened_since(at - DAY)
    if recent.filter(customer=row.customer_id).exists():
        return None
    people = recent.values("customer").distinct().count()
    if people < settings.WHATSAPP_DAILY_LIMIT:
        return None
    return recent.order_by("sent_at").values_list("sent_at", flat=True).first() + DAY


def opened_since(since: datetime):
    """Messages of the line that count for its daily limit since a moment."""
    rows = Message.objects.filter(gateway=Gateway.CLOUD_API, template__isnull=False, sent_at__gt=since)
    return rows.exclude(status__in=[MessageStatus.QUEUED, *GONE])


def real(moment: datetime, at: datetime) -> datetime:
    """The product's moment on the machine's clock, by which rows are claimed (a demo runs shifted)."""
    return timezone.now() + (moment - at)


def postpone(row: Message, until: datetime, reason: str, *, at: datetime) -> None:
    """Puts the row back in line for later, as new work: waiting is no failed attempt."""
    row.requeue()
    row.status, row.sent_at, row.error, row.due_at = MessageStatus.QUEUED, None, reason, real(until, at)
    row.save()


def withdraw(row: Message, reason: str) -> None:
    """Takes the row out of the outbox: the person may not be written to now, and nobody knows from when."""
    row.status, row.work_state, row.error = MessageStatus.CANCELLED, WorkState.DONE, reason
    row.finished_at, row.lease_until = timezone.now(), None
    row.save()


def close_refused(outreach: Outreach | None, *, at: datetime) -> None:
    if outreach and outreach.is_open and outreach.next_step == NextStep.REPLY:
        close(outreach, Result.OPTED_OUT, at=at)
        outreach.leased_by = outreach.leased_at = outreach.lease_until = None
        outreach.save()


def fail(
    row: Message,
    outreach: Outreach | None,
    reason: str,
    *,
    wanted: datetime,
    at: datetime,
    calendar: BusinessCalendar,
    code: int | None = None,
) -> None:
    """It did not reach the customer, and that is sure: the contact is struck from the ledger and the matter goes on."""
    Touch.objects.filter(message=row).delete()
    row.status, row.work_state, row.error, row.error_code = MessageStatus.FAILED, WorkState.DONE, reason, code
    row.finished_at, row.lease_until = timezone.now(), None
    row.save()
    messages.return_to_queue(outreach, wanted=wanted, at=at, calendar=calendar)


# -- what came of it -------------------------------------------------------------------------------------------------


def settle(message: Message, answer: Answer, *, at: datetime, calendar: BusinessCalendar) -> None:
    """Writes what the provider's answer proves. A webhook may have been quicker: what it said stays.

    An acceptance is true whoever reports it; anything else counts only from the worker that still holds the row.
    """
    with transaction.atomic():
        outreach, row = messages.locked(message.pk)
        mine = row.fence == message.fence and row.status in {MessageStatus.QUEUED, MessageStatus.SENDING}
        match answer:
            case Accepted(provider_id):
                accept(row, outreach, provider_id, at=at, calendar=calendar)
            case NotSent(reason) if mine:
                try_again(row, outreach, reason, at=at, calendar=calendar)
            case Rejected(code, detail) if mine:
                refused(row, outreach, code, detail, at=at, calendar=calendar)
            case Unclear(reason) if mine:
                doubt(row, reason)


def accept(row: Message, outreach: Outreach | None, provider_id: str, *, at: datetime, calendar: BusinessCalendar) -> None:
    row.provider_id = provider_id
    if row.status in {MessageStatus.SENDING, MessageStatus.UNKNOWN}:
        row.status, row.error = MessageStatus.SENT, ""
    row.work_state, row.finished_at, row.lease_until, row.stage = WorkState.DONE, timezone.now(), None, ""
    row.save()
    # Statuses that came before the name was known.
    early = MessageEvent.objects.filter(provider_id=provider_id, message__isnull=True)
    for event in list(early):
        follow_status(row, outreach, event.status, event.code, event.detail, at=at, calendar=calendar)
    early.update(message=row)
    if outreach and outreach.is_open and outreach.next_step == NextStep.REPLY:
        outreach.due_at = calendar.due_at(row.sent_at or at, policy_of(outreach.programme).reply_in)
        outreach.save(update_fields=["due_at"])


def try_again(row: Message, outreach: Outreach | None, reason: str, *, at: datetime, calendar: BusinessCalendar) -> None:
    """It never left: back in line after a pause, three times at most."""
    if row.attempts >= MAX_ATTEMPTS:
        fail(row, outreach, f"{TRIED} {reason}", wanted=at, at=at, calendar=calendar)
        return
    Touch.objects.filter(message=row).delete()
    row.status, row.sent_at, row.error, row.work_state = MessageStatus.QUEUED, None, reason, WorkState.QUEUED
    row.due_at, row.lease_until = timezone.now() + RETRY_PAUSES[row.attempts - 1], None
    row.save()


def abandon(message: Message) -> None:
    """A row that was claimed although it is past leaving: its worker died while sending."""
    with transaction.atomic():
        _, row = messages.locked(message.pk)
        if row.status == MessageStatus.SENDING:
            doubt(row, LOST)
        elif row.fence == message.fence:
            row.work_state, row.lease_until, row.finished_at = WorkState.DONE, None, timezone.now()
            row.save()


def doubt(row: Message, reason: str) -> None:
    row.status, row.work_state, row.error = MessageStatus.UNKNOWN, WorkState.DONE, reason
    row.finished_at, row.lease_until = timezone.now(), None
    row.save()


def refused(row: Message, outreach: Outreach | None, code: int, detail: str, *, at: datetime, calendar: BusinessCalendar) -> None:
    """The provider said no at once: nothing left, so that waiting and trying again is allowed."""
    meaning = meaning_of(code)
    words = worded(meaning, detail)
    match meaning.action:
        case Action.RETRY:
            try_again(row, outreach, words, at=at, calendar=calendar)
        case Action.WAIT | Action.SLOW_DOWN:
            again_later(row, at + SLOW_DOWN, words, at=at)
            if meaning.action == Action.SLOW_DOWN:
                Line.objects.update_or_create(name=Gateway.CLOUD_API, defaults={"wait_until": timezone.now() + SLOW_DOWN})
        case Action.MEDIA if row.attempts < 2:
            UploadedMedia.objects.all().delete()
            try_again(row, outreach, words, at=at, calendar=calendar)
        case Action.STOP_LINE:
            again_later(row, at, words, at=at)
            stop_line(code, words, at=at)
        case _:
            undelivered(row, outreach, code, detail, at=at, calendar=calendar)


def again_later(row: Message, until: datetime, reason: str, *, at: datetime) -> None:
    Touch.objects.filter(message=row).delete()
    postpone(row, until, reason, at=at)


def undelivered(row: Message, outreach: Outreach | None, code: int, detail: str, *, at: datetime, calendar: BusinessCalendar) -> None:
    """The message will not arrive: said at once or, later, by a status. What follows is in the table of errors."""
    meaning = meaning_of(code)
    words = worded(meaning, detail)
    wanted = at + LATER_DAYS if meaning.action == Action.LATER_DAY else at
    if meaning.action == Action.NO_WHATSAPP and row.point_id:
        ContactPoint.objects.filter(pk=row.point_id).update(is_on_whatsapp=False)
    if meaning.action == Action.STOP_TEMPLATE and row.template_id:
        stop_template(row.template, code, words, at=at)
    if meaning.action == Action.STOP_LINE:
        stop_line(code, words, at=at)
    fail(row, outreach, words, wanted=wanted, at=at, calendar=calendar, code=code)
    if meaning.action == Action.OPT_OUT:
        refuse_marketing(row.customer, outreach, words, at=at)


def refuse_marketing(customer, outreach: Outreach | None, note: str, *, at: datetime) -> None:
    """The person stopped our marketing on WhatsApp: no more of it from now on."""
    standing = customer.exclusions.standing().filter(scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.WHATSAPP_STOP)
    if not standing.exists():
        consent.refuse(
            customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.WHATSAPP_STOP, channels=[Channel.WHATSAPP], at=at, note=note
        )


def worded(meaning: Meaning, detail: str) -> str:
    return f"{meaning.text} ({detail})" if detail else meaning.text


def stop_line(code: int, reason: str, *, at: datetime) -> None:
    """Nothing more leaves until a person resumes, and those who may are told."""
    Line.objects.update_or_create(name=Gateway.CLOUD_API, defaults={"stopped_at": at, "code": code, "reason": reason[:300]})
    tell(f"whatsapp-stop-{at:%Y%m%d%H}", f"WhatsApp se detuvo: {reason}", at=at)


def stop_template(template: MessageTemplate, code: int, reason: str, *, at: datetime) -> None:
    state = {132015: TemplateApproval.PAUSED, 132016: TemplateApproval.DISABLED}.get(code, TemplateApproval.REJECTED)
    MessageTemplate.objects.filter(pk=template.pk).update(approval=state, approval_note=reason[:300])
    tell(f"whatsapp-template-{template.pk}-{at:%Y%m%d}", f"La plantilla «{template}» no se puede usar: {reason}", at=at)


def tell(key: str, text: str, *, at: datetime) -> None:
    """One notice to everybody who supervises, once per matter."""
    people = User.objects.filter(
        is_active=True, groups__name__in=[role.value for role in roles.Role if roles.SUPERVISE in roles.PERMISSIONS[role]]
    )
    Notification.objects.bulk_create(
        [Notification(user=user, key=key, text=text[:300], url="/whatsapp/", at=at) for user in people.distinct()], ignore_conflicts=True
    )


def resume_line(by: User) -> int:
    """Opens the line again; what waited leaves at once. Returns how many messages wait."""
    with transaction.atomic():
        Line.objects.filter(name=Gateway.CLOUD_API).update(stopped_at=None, code=None, reason="", wait_until=None, resumed_by=by)
        return Message.objects.queued().count()


# -- statuses --------------------------------------------------------------------------------------------------------

RANK = {
    MessageStatus.QUEUED: 0, MessageStatus.SENDING: 1, MessageStatus.UNKNOWN: 1, MessageStatus.SENT: 2, MessageStatus.DELIVERED: 3,
    MessageStatus.READ: 4,
}  # fmt: skip
SAID = {"sent": MessageStatus.SENT, "delivered": MessageStatus.DELIVERED, "read": MessageStatus.READ, "played": MessageStatus.READ}
BEFORE_ARRIVAL = {MessageStatus.SENDING, MessageStatus.UNKNOWN, MessageStatus.SENT}


def follow_status(
    row: Message, outreach: Outreach | None, said: str, code: int | None, detail: str, *, at: datetime, calendar: BusinessCalendar
) -> None:
    """Moves a locked message to what the provider says: only upwards; «failed» counts only before it arrived (domain 5.2)."""
    if said == "failed":
        if row.status in BEFORE_ARRIVAL:
            undelivered(row, outreach, code or 0, detail, at=at, calendar=calendar)
        return
    status = SAID.get(said)
    if status is None or row.status not in RANK or RANK[status] <= RANK[row.status]:
        return
    if row.status == MessageStatus.QUEUED:
        with contextlib.suppress(IntegrityError), transaction.atomic():
            messages.write_touch(row, at=at)  # we took it for unsent: the contact was made all the same
    row.status, row.error, row.sent_at = status, "", row.sent_at or at
    row.work_state, row.finished_at, row.lease_until = WorkState.DONE, row.finished_at or timezone.now(), None
    row.save()
    if row.point_id and status != MessageStatus.SENT:
        ContactPoint.objects.filter(pk=row.point_id).exclude(is_on_whatsapp=True).update(is_on_whatsapp=True)


# -- what no worker came back to -------------------------------------------------------------------------------------


def forget_lost(at: datetime) -> int:
    """Messages whose worker died while sending become UNKNOWN; how many. Nobody knows whether they left."""
    lost = Message.objects.filter(status=MessageStatus.SENDING, sent_at__isnull=False).exclude(
        work_state=WorkState.RUNNING, lease_until__gt=timezone.now()
    )
    return lost.update(
        status=MessageStatus.UNKNOWN,
        work_state=WorkState.DONE,
        finished_at=timezone.now(),
        lease_until=None,
        fence=F("fence") + 1,
        error=LOST,
    )


def sweep(at: datetime, *, calendar: BusinessCalendar) -> int:
    """Leaves no message without an end: lost ones are UNKNOWN, those that were given up before leaving have failed."""
    found = forget_lost(at)
    given_up = Message.objects.queued().filter(work_state=WorkState.FAILED).values_list("pk", flat=True)
    for pk in given_up:
        with transaction.atomic():
            outreach, row = messages.locked(pk)
            if row.status == MessageStatus.QUEUED and row.work_state == WorkState.FAILED:
                fail(row, outreach, row.error or TRIED, wanted=at, at=at, calendar=calendar)
                found += 1
    return found
