"""«No me contacten»: effective at once, for what is in the queue and for what is about to leave (Ley 2300 art. 5 par. 2)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from callcenter.domain.policy import POLICIES
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
    withdrawn: list[tuple[int, str]] = field(default_factory=list)  # outreaches, each with the step that it had
    messages: int = 0


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
        exclusion = standing.first() or Exclusion.objects.create(
            customer=customer, scope=scope, channels=channels, source=source, since=at, recorded_by=by, note=note[:300]
        )
        withdrawn = withdraw(Outreach.objects.filter(customer=customer).exclude(pk=keep), exclusion, at=at)
        stopped = 0
        if not channels or Channel.WHATSAPP in channels:
            stopped = withdraw_messages(customer, scope, at=at)
        return Refusal(exclusion, withdrawn, stopped)


def withdraw(waiting: QuerySet[Outreach], exclusion: Exclusion, *, at: datetime) -> list[tuple[int, str]]:
    """Takes from the queue what the refusal forbids: another channel where one is left, otherwise closed.

    Returns what it changed, each with the step that it had.
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
        turned = list(written.values_list("pk", "next_step").distinct())
        changed = Outreach.objects.filter(pk__in=[pk for pk, _ in turned])
        changed.update(next_step=NextStep.WHATSAPP, priority=Priority.RETRY, is_callback=False, fence=F("fence") + 1, **FREE)
        rows = rows.filter(next_step=NextStep.CALL)
    elif channels and Channel.WHATSAPP in channels and Channel.VOICE not in channels:
        rows = rows.filter(next_step__in=[NextStep.WHATSAPP, NextStep.REPLY])
    elif channels and not channels & {Channel.VOICE, Channel.WHATSAPP}:
        return []
    closed = list(rows.select_for_update().values_list("pk", "next_step"))
    Outreach.objects.filter(pk__in=[pk for pk, _ in closed]).update(
        state=OutreachState.CLOSED, result=Result.OPTED_OUT, closed_at=at, next_step=NextStep.NONE, is_callback=False,
        callback_for=None, reserved_until=None, fence=F("fence") + 1, **FREE,
    )  # fmt: skip
    return [*turned, *closed]


def withdraw_messages(customer: Customer, scope: ExclusionScope, *, at: datetime) -> int:
    """Takes the person's queued messages out of the outbox; one that is leaving in this very moment can't be taken back.

    The update and the outbox's gate lock the same row, so that one of them always sees what the other did.
    """
    waiting = Message.objects.queued().filter(customer=customer)
    if scope == ExclusionScope.COMMERCIAL:
        waiting = waiting.filter(purpose=Purpose.COMMERCIAL)
    return waiting.exclude(purpose=Purpose.REQUESTED).update(
        status=MessageStatus.CANCELLED, work_state=WorkState.DONE, error=WITHDRAWN, finished_at=at, lease_until=None
    )


def give_back(exclusion: Exclusion, *, by: User, at: datetime) -> Exclusion:
    """Withdraws a refusal because the customer says so; what it closed stays closed."""
    Exclusion.objects.filter(pk=exclusion.pk, withdrawn_at__isnull=True).update(withdrawn_at=at)
    exclusion.refresh_from_db()
    return exclusion
