"""«No me contacten»: effective at once, for what is in the queue and for what is about to leave (Ley 2300 art. 5 par. 2)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from callcenter.domain.policy import POLICIES
from callcenter.domain.snapshots import restore, snapshot
from callcenter.enums import (
    Channel,
    ExclusionScope,
    ExclusionSource,
    MessageStatus,
    NextStep,
    OutreachState,
    Priority,
    Purpose,
    Result,
    WorkState,
)
from callcenter.models import Customer, Exclusion, Message, Outreach, User

WITHDRAWN = "El cliente pidió no ser contactado antes de que saliera."
FREE = {"leased_by": None, "leased_at": None, "lease_until": None, "call_started_at": None, "is_inbound": False}
WRITING = [programme for programme, policy in POLICIES.items() if policy.whatsapp_after is not None]


@dataclass(frozen=True)
class Refusal:
    """What an opt-out changed: enough to put it back within the ten minutes of an undo."""

    exclusion: Exclusion
    is_new: bool
    withdrawn: list[tuple[int, int, dict]] = field(default_factory=list)  # outreaches: the fence they got, and as they were
    messages: list[int] = field(default_factory=list)  # taken out of the outbox

    @property
    def undo(self) -> dict:
        """What `take_back` needs, as an attempt keeps it."""
        return {"exclusion": self.exclusion.pk if self.is_new else None, "withdrawn": self.withdrawn, "messages": self.messages}


def refuse(
    customer: Customer,
    *,
    scope: ExclusionScope,
    source: ExclusionSource,
    at: datetime,
    by: User | None = None,
    channels: Iterable[Channel] = (),
    note: str = "",
    keep: int | None = None,
) -> Refusal:
    """Records what a person refuses and withdraws what waits for them: outreaches (but `keep`) and queued messages.

    No channels named means every channel. An outreach that still may go on by another channel stays. The same refusal
    twice is one.
    """
    channels = sorted({str(channel) for channel in channels})
    with transaction.atomic():
        standing = Exclusion.objects.standing().filter(customer=customer, scope=scope, source=source, channels=channels)
        known = standing.first()
        exclusion = known or Exclusion.objects.create(
            customer=customer, scope=scope, channels=channels, source=source, since=at, recorded_by=by, note=note[:300]
        )
        withdrawn = withdraw(Outreach.objects.filter(customer=customer).exclude(pk=keep), exclusion, at=at)
        stopped = withdraw_messages(customer, scope, at=at) if not channels or Channel.WHATSAPP in channels else []
        return Refusal(exclusion, known is None, withdrawn, stopped)


def withdraw(waiting: QuerySet[Outreach], exclusion: Exclusion, *, at: datetime) -> list[tuple[int, int, dict]]:
    """Takes from the queue what the refusal forbids: another channel where one is left, otherwise closed.

    Returns what it changed, each with the fence that it has now and as it was.
    """
    rows = waiting.open()
    if exclusion.scope == ExclusionScope.COMMERCIAL:
        rows = rows.filter(purpose=Purpose.COMMERCIAL)
    channels, turned = set(exclusion.channels), []
    if channels and Channel.VOICE in channels and Channel.WHATSAPP not in channels:
        # They may still be written to, where the programme writes and a mobile is known.
        written = rows.filter(
            next_step=NextStep.CALL, programme__in=WRITING, customer__points__kind="PHONE", customer__points__phone_kind="MOBILE"
        )
        turned = changing(Outreach.objects.filter(pk__in=written.values("pk")))
        changed = Outreach.objects.filter(pk__in=[pk for pk, *_ in turned])
        changed.update(next_step=NextStep.WHATSAPP, priority=Priority.RETRY, is_callback=False, fence=F("fence") + 1, **FREE)
        rows = rows.filter(next_step=NextStep.CALL)
    elif channels and Channel.WHATSAPP in channels and Channel.VOICE not in channels:
        rows = rows.filter(next_step__in=[NextStep.WHATSAPP, NextStep.REPLY])
    elif channels and not channels & {Channel.VOICE, Channel.WHATSAPP}:
        return []
    closed = changing(rows)
    Outreach.objects.filter(pk__in=[pk for pk, *_ in closed]).update(
        state=OutreachState.CLOSED, result=Result.OPTED_OUT, closed_at=at, next_step=NextStep.NONE, is_callback=False,
        callback_for=None, reserved_until=None, fence=F("fence") + 1, **FREE,
    )  # fmt: skip
    return [*turned, *closed]


def changing(rows: QuerySet[Outreach]) -> list[tuple[int, int, dict]]:
    """Locks what is about to change: each row with its next fence and as it is."""
    return [(row.pk, row.fence + 1, snapshot(row)) for row in rows.select_for_update()]


def withdraw_messages(customer: Customer, scope: ExclusionScope, *, at: datetime) -> list[int]:
    """Takes the person's queued messages out of the outbox; one that is leaving in this very moment can't be taken back.

    The update and the outbox's gate lock the same row, so that one of them always sees what the other did.
    """
    waiting = Message.objects.queued().filter(customer=customer)
    if scope == ExclusionScope.COMMERCIAL:
        waiting = waiting.filter(purpose=Purpose.COMMERCIAL)
    stopped = list(waiting.exclude(purpose=Purpose.REQUESTED).select_for_update().values_list("pk", flat=True))
    Message.objects.filter(pk__in=stopped).update(
        status=MessageStatus.CANCELLED, work_state=WorkState.DONE, error=WITHDRAWN, finished_at=at, lease_until=None
    )
    return stopped


def take_back(undo: dict, *, at: datetime) -> None:
    """Takes back one refusal that was written by mistake: only what it wrote itself, and no matter that went on since.

    A message that it stopped is in line again; the law is asked once more before it leaves.
    """
    Exclusion.objects.filter(pk=undo["exclusion"]).update(withdrawn_at=at)
    for pk, fence, before in undo["withdrawn"]:
        row = Outreach.objects.select_for_update().filter(pk=pk, fence=fence).first()
        if row:
            restore(row, before)
            row.save()
    for message in Message.objects.select_for_update().filter(pk__in=undo["messages"], status=MessageStatus.CANCELLED):
        message.requeue()
        message.status = MessageStatus.QUEUED
        message.save()


def give_back(exclusion: Exclusion, *, by: User, at: datetime) -> Exclusion:
    """Withdraws a refusal because the customer says so; what it closed stays closed."""
    Exclusion.objects.filter(pk=exclusion.pk, withdrawn_at__isnull=True).update(withdrawn_at=at)
    exclusion.refresh_from_db()
    return exclusion
