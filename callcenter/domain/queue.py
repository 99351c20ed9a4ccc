"""Who gets the next customer: one statement claims, a lease holds, a fence keeps late writers out (design §2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, Q, QuerySet

from callcenter.domain import contact_law
from callcenter.domain.contact_law import ContactIntent, Verdict
from callcenter.domain.errors import LeaseLost, NotAllowedNow, Refused
from callcenter.enums import Channel, NextStep, Priority, Programme, Purpose
from callcenter.models import Outreach, Reason, Skip, User
from carrazos.lib.calendar import BusinessCalendar, bogota

LEASE = timedelta(minutes=20)
HEADS_PER_LANE = 24
ROUNDS = 8

CLAIM = """
WITH lanes AS (
    SELECT s.id AS site, p.name AS programme, b.id AS brand, r.rank AS priority
      FROM unnest(%(sites)s::bigint[]) s(id), unnest(%(programmes)s::text[]) p(name),
           unnest(%(brands)s::bigint[]) b(id), unnest(%(priorities)s::smallint[]) r(rank)
), heads AS MATERIALIZED (
    SELECT h.id, lanes.priority, h.due_at
      FROM lanes CROSS JOIN LATERAL (
           SELECT o.id, o.due_at FROM callcenter_outreach o
            WHERE o.state = 'OPEN' AND o.leased_by_id IS NULL
              AND o.site_id = lanes.site AND o.programme = lanes.programme AND o.brand_id = lanes.brand
              AND o.priority = lanes.priority AND o.due_at <= %(at)s
            ORDER BY o.due_at, o.id OFFSET %(skip)s LIMIT %(heads)s) h
), picked AS (
    SELECT o.id FROM callcenter_outreach o JOIN heads ON heads.id = o.id
     WHERE o.state = 'OPEN' AND o.leased_by_id IS NULL AND o.next_step IN ('CALL', 'WHATSAPP')
       AND (o.callback_for_id IS NULL OR o.callback_for_id = %(agent)s OR o.due_at < %(missed)s)
       AND (CASE WHEN o.is_callback THEN 'REQUESTED' ELSE o.purpose END) = ANY (%(purposes)s::text[])
       AND NOT EXISTS (SELECT FROM callcenter_outreach other
                        WHERE other.customer_id = o.customer_id AND other.leased_by_id IS NOT NULL)
       AND CASE o.next_step WHEN 'CALL' THEN ({callable_by_voice}) ELSE ({callable_by_whatsapp}) END
     ORDER BY heads.priority, heads.due_at, o.id
     LIMIT 1 FOR UPDATE OF o SKIP LOCKED
)
UPDATE callcenter_outreach o
   SET leased_by_id = %(agent)s, leased_at = %(at)s, lease_until = %(until)s, fence = o.fence + 1, call_started_at = NULL
  FROM picked WHERE o.id = picked.id
RETURNING o.id
"""
COUNT_HEADS = """SELECT EXISTS (SELECT FROM callcenter_outreach o
    WHERE o.state = 'OPEN' AND o.leased_by_id IS NULL AND o.site_id = ANY (%(sites)s) AND o.programme = ANY (%(programmes)s)
      AND o.brand_id = ANY (%(brands)s) AND o.priority = ANY (%(priorities)s) AND o.due_at <= %(at)s OFFSET %(skip)s)"""

MISSED_AFTER = timedelta(minutes=30)  # a personal callback that its agent lets pass returns to the team


def callable_sql(channel: Channel) -> str:
    return contact_law.sql_callable().replace("%(channel)s", f"'{channel.value}'")


CLAIM = CLAIM.format(callable_by_voice=callable_sql(Channel.VOICE), callable_by_whatsapp=callable_sql(Channel.WHATSAPP))


@dataclass(frozen=True)
class QueueCounts:
    """What waits for one agent, by reason of waiting."""

    now: int
    callbacks: int
    overdue: int
    later: int


def claim_next(agent: User, *, at: datetime, calendar: BusinessCalendar, programmes: list[Programme] | None = None) -> Outreach | None:
    """The next callable outreach of the agent's sites, brands and programmes, now leased; None when there is none.

    Asking again returns the customer already held. Two agents never get the same one, nor one person twice.
    """
    held = Outreach.objects.for_console().filter(leased_by=agent, lease_until__gt=at).first()
    if held:
        return held
    release_expired(at)
    day = bogota(at).date()
    values = {
        "agent": agent.pk, "at": at, "until": at + LEASE, "missed": at - MISSED_AFTER, "day": day,
        "week": contact_law.monday_of(day), "strict": False, "heads": HEADS_PER_LANE,
        "sites": agent.site_ids, "brands": agent.brand_ids, "priorities": Priority.values,
        "programmes": [str(name) for name in (programmes or agent.programmes or Programme.values)],
        "purposes": open_purposes(at, calendar),
    }  # fmt: skip
    skip = 0
    for _ in range(ROUNDS):
        values["skip"] = skip
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(CLAIM, values)
                row = cursor.fetchone()
                if row is None:
                    cursor.execute(COUNT_HEADS, values)
                    if not cursor.fetchone()[0]:
                        return None
        except IntegrityError:
            continue  # somebody took another matter of the same person in the same instant
        if row:
            return Outreach.objects.for_console().get(pk=row[0])
        # Every head was locked by others or not callable: look behind them.
        skip += HEADS_PER_LANE
    return None


def open_purposes(at: datetime, calendar: BusinessCalendar) -> list[str]:
    """The purposes for which the clock and the calendar allow a contact now (L1, L2)."""
    empty = contact_law.ContactHistory()
    return [
        purpose.value
        for purpose in Purpose
        if contact_law.check(ContactIntent(Channel.VOICE, purpose, at), empty, calendar=calendar).allowed
    ]


def take(outreach_id: int, agent: User, *, at: datetime, calendar: BusinessCalendar) -> Outreach:
    """Leases one chosen outreach, letting go of the one held before.

    Raises NotAllowedNow with the legal reason, LeaseLost when somebody else has the customer, Refused when it is closed.
    """
    with transaction.atomic():
        outreach = Outreach.objects.select_for_update(of=("self",)).for_console().get(pk=outreach_id)
        if outreach.leased_by_id == agent.pk and outreach.lease_until > at:
            return outreach
        if not outreach.is_open:
            raise Refused(f"Esta gestión ya cerró: {outreach.get_result_display().lower()}.")
        verdict = why_not_callable(outreach, at=at, calendar=calendar)
        if not verdict.allowed:
            raise NotAllowedNow(verdict)
        release_expired(at)
        holder = Outreach.objects.filter(customer=outreach.customer_id, leased_by__isnull=False).exclude(leased_by=agent)
        if other := holder.select_related("leased_by").first():
            raise LeaseLost(f"La tiene {other.leased_by}.")
        release_all(agent)
        outreach.leased_by, outreach.leased_at, outreach.lease_until = agent, at, at + LEASE
        outreach.call_started_at, outreach.fence = None, outreach.fence + 1
        try:
            with transaction.atomic():
                outreach.save(update_fields=["leased_by", "leased_at", "lease_until", "call_started_at", "fence"])
        except IntegrityError as error:
            raise LeaseLost("Otra persona acaba de tomar a este cliente.") from error
        return outreach


def start_call(outreach_id: int, agent: User, *, fence: int, at: datetime, calendar: BusinessCalendar) -> Outreach:
    """Notes when the telephone was picked up: the law judges a call by its start. Raises NotAllowedNow or LeaseLost."""
    outreach = Outreach.objects.for_console().get(pk=outreach_id)
    verdict = why_not_callable(outreach, at=at, calendar=calendar)
    if not verdict.allowed:
        raise NotAllowedNow(verdict)
    mine = Outreach.objects.filter(pk=outreach_id, leased_by=agent, fence=fence)
    if not mine.update(call_started_at=at, lease_until=at + LEASE):
        raise LeaseLost("Este cliente ya no está en sus manos: otra persona lo tomó o venció el tiempo.")
    return outreach


def renew(outreach_id: int, agent: User, *, fence: int, at: datetime) -> bool:
    """Keeps the lease while the page is open; False when it was lost."""
    mine = Outreach.objects.filter(pk=outreach_id, leased_by=agent, fence=fence)
    return bool(mine.update(lease_until=at + LEASE))


def release_all(agent: User) -> int:
    """Gives back whatever the agent holds."""
    held = Outreach.objects.filter(leased_by=agent)
    return held.update(leased_by=None, leased_at=None, lease_until=None, fence=F("fence") + 1)


def release_expired(at: datetime) -> int:
    """Gives back the customers of browsers that closed; late writers find another fence."""
    expired = Outreach.objects.filter(leased_by__isnull=False, lease_until__lte=at)
    return expired.update(leased_by=None, leased_at=None, lease_until=None, fence=F("fence") + 1)


def skip(outreach_id: int, agent: User, *, fence: int, reason: Reason, at: datetime, calendar: BusinessCalendar) -> None:
    """Puts a customer aside for the rest of the day, with a reason that stays. Raises LeaseLost."""
    later = contact_law.next_open(contact_law.start_of(bogota(at).date() + timedelta(days=1)), calendar)
    with transaction.atomic():
        mine = Outreach.objects.filter(pk=outreach_id, leased_by=agent, fence=fence)
        if not mine.update(due_at=later, leased_by=None, leased_at=None, lease_until=None, fence=F("fence") + 1):
            raise LeaseLost("Este cliente ya no está en sus manos.")
        Skip.objects.create(outreach_id=outreach_id, agent=agent, reason=reason, at=at)


def why_not_callable(outreach: Outreach, *, at: datetime, calendar: BusinessCalendar) -> Verdict:
    """The law's word on the outreach's next step at this moment."""
    channel = Channel.WHATSAPP if outreach.next_step == NextStep.WHATSAPP else Channel.VOICE
    intent = ContactIntent(channel, outreach.contact_purpose, at)
    return contact_law.verdict_for(outreach.customer_id, intent, calendar=calendar)


def waiting(agent: User, at: datetime, programmes: list[Programme] | None = None) -> QuerySet[Outreach]:
    """The open outreaches of an agent's scope, in queue order."""
    rows = Outreach.objects.open().visible_to(agent).filter(next_step__in=[NextStep.CALL, NextStep.WHATSAPP])
    wanted = programmes or agent.programmes
    if wanted:
        rows = rows.filter(programme__in=wanted)
    return rows.filter(Q(callback_for__isnull=True) | Q(callback_for=agent) | Q(due_at__lt=at - MISSED_AFTER)).in_queue_order()


def counts(agent: User, *, at: datetime) -> QueueCounts:
    """How much waits for the agent."""
    due = Q(due_at__lte=at)
    found = waiting(agent, at).order_by().aggregate(
        now=Count("pk", filter=due),
        callbacks=Count("pk", filter=Q(is_callback=True)),
        overdue=Count("pk", filter=Q(due_at__lt=at - timedelta(days=1))),
        later=Count("pk", filter=~due),
    )  # fmt: skip
    return QueueCounts(**found)
