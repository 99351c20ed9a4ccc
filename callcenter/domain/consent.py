"""«No me contacten»: effective at once, for what is in the queue and for what is about to leave (Ley 2300 art. 5 par. 2)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction

from callcenter.domain import contact_law
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
from callcenter.models.customers import sql_mobile

WITHDRAWN = "El cliente pidió no ser contactado antes de que saliera."
FREE = {"leased_by": None, "leased_at": None, "lease_until": None, "call_started_at": None, "is_inbound": False}
LEFT_WITHIN = timedelta(days=1)  # after it nobody still speaks with a customer who refused in the call
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

    No channels named means every channel. An outreach that still may go on by another channel stays, and so do those of a
    person with whom somebody is speaking (`withdraw_left`). The same refusal twice is one.
    """
    channels = sorted({str(channel) for channel in channels})
    with transaction.atomic():
        standing = Exclusion.objects.standing().filter(customer=customer, scope=scope, source=source, channels=channels)
        known = standing.first()
        exclusion = known or Exclusion.objects.create(
            customer=customer, scope=scope, channels=channels, source=source, since=at, recorded_by=by, note=note[:300]
        )
        withdrawn = withdraw(customer.pk, keep=keep, at=at)
        stopped = withdraw_messages(customer, scope, at=at) if not channels or Channel.WHATSAPP in channels else []
        return Refusal(exclusion, known is None, withdrawn, stopped)


def sql_step_left() -> str:
    """The step that standing refusals and the RNE leave to the outreach `o`: its own, the WhatsApp where only calls are closed, or none."""
    voice, whatsapp = (contact_law.sql_closed(f"'{name}'", "o.purpose", "o.customer_id") for name in (Channel.VOICE, Channel.WHATSAPP))
    writing = ", ".join(f"'{name}'" for name in WRITING)
    return f"""CASE
        WHEN o.next_step IN ('{NextStep.WHATSAPP}', '{NextStep.REPLY}') AND NOT {whatsapp} THEN o.next_step
        WHEN o.next_step = '{NextStep.CALL}' AND NOT {voice} THEN o.next_step
        WHEN o.next_step = '{NextStep.CALL}' AND o.programme IN ({writing}) AND NOT {whatsapp} AND {sql_mobile("o.customer_id")} THEN '{NextStep.WHATSAPP}'
        ELSE '{NextStep.NONE}' END"""


def sql_withdraw(which: str, *, keep: str = "0") -> str:
    """Takes from the queue what refusals forbid, of the open outreaches `o` that `which` (SQL) names; %(at)s is the moment.

    Of a person with whom somebody is speaking nothing is taken: what they agree meanwhile must find its matter. `keep` (SQL)
    is the matter whose own call refuses. Gives back what it changed, each with the fence that it got.
    """
    gone = f"j.step = '{NextStep.NONE}'"
    return f"""
WITH judged AS (
  SELECT o.id, o.next_step AS had, {sql_step_left()} AS step FROM callcenter_outreach o
   WHERE o.state = '{OutreachState.OPEN}' AND o.id <> {keep} AND {which}
     AND NOT EXISTS (SELECT FROM callcenter_outreach h WHERE h.customer_id = o.customer_id AND h.leased_by_id IS NOT NULL
                      AND h.call_started_at IS NOT NULL AND h.id <> {keep})
   ORDER BY o.id FOR UPDATE
), changed AS (
  UPDATE callcenter_outreach o
     SET next_step = j.step, state = CASE WHEN {gone} THEN '{OutreachState.CLOSED}' ELSE o.state END,
         result = CASE WHEN {gone} THEN '{Result.OPTED_OUT}' ELSE '' END, closed_at = CASE WHEN {gone} THEN %(at)s::timestamptz END,
         priority = CASE WHEN {gone} THEN o.priority ELSE {Priority.RETRY.value} END, is_callback = false, callback_for_id = NULL,
         reserved_until = NULL, leased_by_id = NULL, leased_at = NULL, lease_until = NULL, call_started_at = NULL, is_inbound = false,
         fence = o.fence + 1
    FROM judged j WHERE j.id = o.id AND j.step <> j.had
  RETURNING o.id, o.fence
)
SELECT id, fence FROM changed ORDER BY id"""  # noqa: S608 -- enum values and our own fragments


WITHDRAW = sql_withdraw("o.customer_id = %(customer)s", keep="%(keep)s")
# A callback that was agreed after the refusal stands; so does, for the RNE, any that the customer asked for.
LEFT = sql_withdraw("""EXISTS (SELECT FROM callcenter_exclusion x
     WHERE x.customer_id = o.customer_id AND x.withdrawn_at IS NULL AND x.since BETWEEN %(since)s AND %(at)s
       AND NOT (o.is_callback AND (x.source = 'RNE' OR EXISTS (SELECT FROM callcenter_attempt a
            WHERE a.outreach_id = o.id AND a.undone_at IS NULL AND a.at >= x.since))))""")


def withdraw(customer_id: int, *, keep: int | None, at: datetime) -> list[tuple[int, int, dict]]:
    """Of one person's outreaches but `keep`: what it changed, each with the fence that it has now and as it was."""
    waiting = Outreach.objects.open().filter(customer=customer_id).exclude(pk=keep).order_by("pk").select_for_update()
    before = {row.pk: snapshot(row) for row in waiting}
    with connection.cursor() as cursor:
        cursor.execute(WITHDRAW, {"customer": customer_id, "keep": keep or 0, "at": at})
        return [(pk, fence, before[pk]) for pk, fence in cursor.fetchall()]


def withdraw_left(at: datetime) -> int:
    """Withdraws what refusals forbid and stayed for the call that was under way when they came, once it is over; how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LEFT, {"since": at - LEFT_WITHIN, "at": at})
        return len(cursor.fetchall())


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
