"""Who gets the next customer: one statement claims, a lease holds, a fence keeps late writers out (design §2)."""

import re
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from callcenter.domain import contact_law
from callcenter.domain.consent import FREE
from callcenter.domain.contact_law import ContactHistory, ContactIntent, Verdict
from callcenter.domain.errors import LeaseLost, NotAllowedNow, Refused
from callcenter.domain.outreach import MISSED_AFTER, open_outreach
from callcenter.enums import Channel, NextStep, Outcome, PointStatus, Priority, Programme, Purpose
from callcenter.models import Attempt, ContactPoint, Customer, Dial, Notification, Outreach, Reason, Skip, Transfer, User, Vehicle
from callcenter.prepared import Prepared
from carrazos.lib.calendar import BusinessCalendar, bogota

LEASE = timedelta(minutes=20)
SAME_CALL = timedelta(minutes=30)  # after an outcome, the same conversation may go on about another vehicle
TRANSFER_KEPT = timedelta(hours=2)
HEADS_PER_LANE = 24
ROUNDS = 40
COUNT_CAP = 1_000

# A lane is a site, a programme, a brand and a priority: the queue's index holds each one sorted by due moment.
LANES = """unnest(%(sites)s::bigint[]) s(id) CROSS JOIN unnest(%(programmes)s::text[]) p(name)
              CROSS JOIN unnest(%(brands)s::bigint[]) b(id) CROSS JOIN unnest(%(priorities)s::smallint[]) r(rank)"""
IN_LANE = """q.state = 'OPEN' AND q.leased_by_id IS NULL AND q.site_id = s.id AND q.programme = p.name AND q.brand_id = b.id
                      AND q.priority = r.rank"""
# A reservation without an hour is a callback's: half an hour after it was due it is the team's.
RESERVED = """{row}.callback_for_id IS NULL OR {row}.callback_for_id = %(agent)s
       OR COALESCE({row}.reserved_until, {row}.due_at + interval '30 minutes') < %(at)s"""
FOR_AGENT = f"({RESERVED.format(row='q')})"

# One statement: what the agent holds already, or the first callable head of the agent's lanes. The heads come sorted, so
# that the law is asked of one customer after another until one may be called; a locked head is passed over.
CLAIM = """
WITH held AS (
    SELECT {columns} FROM callcenter_outreach o WHERE o.leased_by_id = %(agent)s AND o.lease_until > %(at)s
), picked AS (
    SELECT o.id
      FROM (SELECT h.id, r.rank AS priority, h.due_at
              FROM {lanes}
              CROSS JOIN LATERAL (
                   SELECT q.id, q.due_at FROM callcenter_outreach q
                    WHERE {in_lane} AND q.due_at <= %(at)s
                    ORDER BY q.due_at, q.id OFFSET %(skip)s LIMIT %(heads)s) h
             ORDER BY r.rank, h.due_at, h.id) heads
      JOIN callcenter_outreach o ON o.id = heads.id
     WHERE NOT EXISTS (SELECT FROM held)
       AND o.state = 'OPEN' AND o.leased_by_id IS NULL AND o.next_step IN ('CALL', 'WHATSAPP')
       AND ({reserved})
       AND (CASE WHEN o.is_callback THEN 'REQUESTED' ELSE o.purpose END) = ANY (%(purposes)s::text[])
       AND NOT EXISTS (SELECT FROM callcenter_outreach other
                        WHERE other.customer_id = o.customer_id AND other.leased_by_id IS NOT NULL)
       AND CASE o.next_step WHEN 'CALL' THEN ({callable_by_voice}) ELSE ({callable_by_whatsapp}) END
     ORDER BY heads.priority, heads.due_at, heads.id
     LIMIT 1 FOR UPDATE OF o SKIP LOCKED
), taken AS (
    UPDATE callcenter_outreach o
       SET leased_by_id = %(agent)s, leased_at = %(at)s, lease_until = %(until)s, fence = o.fence + 1, call_started_at = NULL,
           is_inbound = false
      FROM picked WHERE o.id = picked.id
    RETURNING {columns}
)
SELECT * FROM held UNION ALL SELECT * FROM taken
"""
MORE_HEADS = """SELECT EXISTS (SELECT FROM callcenter_outreach o
    WHERE o.state = 'OPEN' AND o.leased_by_id IS NULL AND o.site_id = ANY (%(sites)s) AND o.programme = ANY (%(programmes)s)
      AND o.brand_id = ANY (%(brands)s) AND o.priority = ANY (%(priorities)s) AND o.due_at <= %(at)s OFFSET %(skip)s)"""

# What the agent's page lists and counts, from the heads of the same lanes: a queue of a million costs no more than one of ten.
# (The counts are ordered so that the index is read from its head: by cost alone the planner would read the whole table.)
LIST = f"""
SELECT h.id FROM {LANES} CROSS JOIN LATERAL (
       SELECT q.id, q.due_at FROM callcenter_outreach q
        WHERE {IN_LANE} AND {FOR_AGENT} AND q.next_step IN ('CALL', 'WHATSAPP') AND (q.due_at <= %(until)s OR %(until)s IS NULL)
        ORDER BY q.due_at, q.id LIMIT %(most)s) h
 ORDER BY r.rank, h.due_at, h.id LIMIT %(most)s"""  # noqa: S608 -- our own fragments
COUNTS = f"""
SELECT COALESCE(sum(due.n), 0), COALESCE(sum(due.n) FILTER (WHERE r.rank = {Priority.CALLBACK}), 0), COALESCE(sum(later.n), 0)
  FROM {LANES}
 CROSS JOIN LATERAL (SELECT count(*) AS n FROM (SELECT FROM callcenter_outreach q
       WHERE {IN_LANE} AND {FOR_AGENT} AND q.next_step IN ('CALL', 'WHATSAPP') AND q.due_at <= %(at)s
       ORDER BY q.due_at LIMIT %(most)s) x) due
 CROSS JOIN LATERAL (SELECT count(*) AS n FROM (SELECT FROM callcenter_outreach q
       WHERE {IN_LANE} AND {FOR_AGENT} AND q.next_step IN ('CALL', 'WHATSAPP') AND q.due_at > %(at)s
       ORDER BY q.due_at LIMIT %(most)s) x) later"""  # noqa: S608


def callable_sql(channel: Channel) -> str:
    return contact_law.sql_callable().replace("%(channel)s", f"'{channel.value}'")


FIELDS = [field.attname for field in Outreach._meta.concrete_fields]
CLAIM_STATEMENT = Prepared(
    CLAIM.format(
        lanes=LANES,
        in_lane=IN_LANE,
        reserved=RESERVED.format(row="o"),
        columns=", ".join(f"o.{field.column}" for field in Outreach._meta.concrete_fields),
        callable_by_voice=callable_sql(Channel.VOICE),
        callable_by_whatsapp=callable_sql(Channel.WHATSAPP),
    )
)
MORE_HEADS_STATEMENT = Prepared(MORE_HEADS)
COUNTS_STATEMENT = Prepared(COUNTS)
# The same for Django, which counts parameters by their place.
LIST_STATEMENT = re.sub(r"%\(\w+\)s", "%s", LIST), re.findall(r"%\((\w+)\)s", LIST)


@dataclass(frozen=True)
class QueueCounts:
    """What waits for one agent; each number is counted no further than COUNT_CAP."""

    now: int
    callbacks: int
    later: int


def scope(agent: User, at: datetime, programmes: list[Programme] | None = None) -> dict:
    """The lanes that one agent serves."""
    return {
        "agent": agent.pk, "at": at, "sites": agent.site_ids, "brands": agent.brand_ids,
        "priorities": Priority.values, "programmes": [str(name) for name in (programmes or agent.programmes or Programme.values)],
    }  # fmt: skip


def claim_next(agent: User, *, at: datetime, calendar: BusinessCalendar, programmes: list[Programme] | None = None) -> Outreach | None:
    """The next callable outreach of the agent's sites, brands and programmes, now leased; None when there is none.

    Asking again returns the customer already held. Two agents never get the same one, nor one person twice.
    """
    day, mode = bogota(at).date(), contact_law.company_mode()
    values = scope(agent, at, programmes) | {
        "until": at + LEASE, "day": day, "midnight": contact_law.start_of(day),
        "week": contact_law.monday_of(day), "strict": mode.strict, "rne_blocks": mode.rne_blocks,
        "rne_since": contact_law.fresh_since(day, mode, calendar), "heads": HEADS_PER_LANE, "skip": 0,
        "purposes": open_purposes(at, calendar),
    }  # fmt: skip
    for _ in range(ROUNDS):
        try:
            with transaction.atomic() if connection.in_atomic_block else nullcontext():  # what was refused leaves the rest of it standing
                found = CLAIM_STATEMENT.row(values)
        except IntegrityError:
            # Another matter of the same person was taken in the same instant, or an own lease ran out.
            release_expired(at)
            continue
        if found is not None:
            return Outreach.from_db(connection.alias, FIELDS, found)
        if release_expired(at):
            continue
        if values["heads"] > HEADS_PER_LANE:
            return None
        # Every head was locked by others or not callable: look behind them, if there is anything.
        values["skip"] += HEADS_PER_LANE
        if not MORE_HEADS_STATEMENT.row(values)[0]:
            if values["skip"] == HEADS_PER_LANE:
                return None
            # What others took while this looked has moved the rest forward, past where it was looking: one look at all of them.
            values |= {"skip": 0, "heads": ROUNDS * HEADS_PER_LANE}
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
        verdict = why_not_callable(outreach, agent, at=at, calendar=calendar)
        if not verdict.allowed:
            raise NotAllowedNow(verdict)
        if is_reserved(outreach, agent, at):
            raise LeaseLost(f"Está reservada para {outreach.callback_for}.")
        return lease(outreach, agent, at=at, call_started_at=None, is_inbound=False)


def is_reserved(outreach: Outreach, agent: User, at: datetime) -> bool:
    """True while a callback, a transfer or a share of the day keeps the row for somebody else."""
    if outreach.callback_for_id in {None, agent.pk}:
        return False
    return (outreach.reserved_until or outreach.due_at + MISSED_AFTER) >= at


def start_call(
    outreach_id: int, agent: User, *, fence: int, at: datetime, calendar: BusinessCalendar, point: ContactPoint | None = None
) -> Outreach:
    """Notes when the telephone was picked up, and which number was dialled; or when the chat was opened, where WhatsApp is due.
    Every number is judged when it is dialled; the attempt begins with the first one.

    Raises NotAllowedNow or LeaseLost.
    """
    outreach = Outreach.objects.for_console().get(pk=outreach_id)
    verdict = why_not_callable(outreach, agent, at=at, calendar=calendar, point=point)
    if not may_dial(outreach, verdict):
        raise NotAllowedNow(verdict)
    mine = Outreach.objects.filter(pk=outreach_id, leased_by=agent, fence=fence)
    if not mine.update(call_started_at=began(outreach, at) or at, lease_until=at + LEASE):
        raise LeaseLost("Este cliente ya no está en sus manos: otra persona lo tomó o venció el tiempo.")
    channel = next_contact(outreach, at).channel
    if point and (channel == Channel.VOICE or not chats_of(outreach, agent, at).filter(point=point).exists()):
        Dial.objects.create(outreach=outreach, point=point, agent=agent, channel=channel, at=at)
    return outreach


def chats_of(outreach: Outreach, agent: User, at: datetime) -> QuerySet[Dial]:
    """The chats that the agent opened today for the matter and whose message is still to be written down."""
    return outreach.dials.chats().filter(agent=agent, at__gte=contact_law.start_of(bogota(at).date()))


def began(outreach: Outreach, at: datetime) -> datetime | None:
    """When today's conversation in hand began; None when there is none yet: yesterday's is another contact."""
    started = outreach.call_started_at
    return started if started and bogota(started).date() == bogota(at).date() else None


def is_same_call(outreach: Outreach) -> bool:
    """True in a conversation that is under way: the next number of the ladder, another vehicle, a customer who called."""
    return outreach.is_inbound or outreach.call_started_at is not None


def may_dial(outreach: Outreach, verdict: Verdict) -> bool:
    """What the law says of one number; a customer who called is answered, but not by a number that nobody looked up in the RNE."""
    return verdict.allowed or (outreach.is_inbound and verdict.rule != "RNE")


def tried(outreach: Outreach) -> set[int]:
    """The numbers already dialled in the attempt in hand."""
    return set(Dial.objects.numbers().filter(outreach=outreach).values_list("point", flat=True))


def spoil_number(outreach_id: int, agent: User, *, fence: int, point: ContactPoint, reason: Reason, at: datetime) -> None:
    """A number of the ladder is wrong or dead: it is marked, and the attempt goes on with the next one. Raises LeaseLost."""
    with transaction.atomic():
        mine = Outreach.objects.filter(pk=outreach_id, leased_by=agent, fence=fence)
        if not mine.update(call_started_at=Coalesce("call_started_at", Value(at)), lease_until=at + LEASE):
            raise LeaseLost("Este cliente ya no está en sus manos: otra persona lo tomó o venció el tiempo.")
        dial = Dial.objects.numbers().filter(outreach=outreach_id, point=point).last()
        dial = dial or Dial(outreach_id=outreach_id, point=point, agent=agent, at=at)
        dial.reason = reason
        dial.save()
        status = PointStatus.DISCONNECTED if reason.code == "DISCONNECTED" else PointStatus.WRONG
        ContactPoint.objects.filter(pk=point.pk).update(status=status, last_result=str(reason)[:60])


def take_inbound(outreach_id: int, agent: User, *, at: datetime) -> Outreach:
    """Opens the matter of a customer who is calling: the law counts what we do, not what they do.

    Raises LeaseLost when somebody else has the customer, Refused when the matter is closed.
    """
    with transaction.atomic():
        outreach = Outreach.objects.select_for_update(of=("self",)).for_console().get(pk=outreach_id)
        if not outreach.is_open:
            raise Refused(f"Esta gestión ya cerró: {outreach.get_result_display().lower()}.")
        return lease(outreach, agent, at=at, call_started_at=at, is_inbound=True)


def open_inbound(customer: Customer, vehicle: Vehicle, agent: User, *, reason: str = "", at: datetime) -> Outreach:
    """Opens or reopens the matter of a customer who is calling and has none, and takes it. Raises LeaseLost, Refused."""
    with transaction.atomic():
        return take_inbound(open_outreach(customer, vehicle, reason=reason, by=agent, at=at).pk, agent, at=at)


def continue_call(outreach_id: int, agent: User, attempt: Attempt, *, at: datetime) -> Outreach:
    """«Otro vehículo»: opens another matter of the person with whom the agent is still speaking; no new contact.

    Raises Refused when that call is over or was not answered, LeaseLost when somebody else has the customer.
    """
    with transaction.atomic():
        outreach = Outreach.objects.select_for_update(of=("self",)).for_console().get(pk=outreach_id)
        same = attempt.outreach.customer_id == outreach.customer_id and attempt.agent_id == agent.pk and attempt.undone_at is None
        if not (same and outreach.is_open and at - attempt.at < SAME_CALL and attempt.outcome != Outcome.NO_CONTACT):
            raise Refused("Esa llamada ya terminó: el otro vehículo espera su turno.")
        return lease(outreach, agent, at=at, call_started_at=attempt.started_at, is_inbound=attempt.is_inbound)


def lease(outreach: Outreach, agent: User, *, at: datetime, call_started_at: datetime | None, is_inbound: bool) -> Outreach:
    """Puts a locked row into an agent's hands, letting go of the one held before. Raises LeaseLost."""
    release_expired(at)
    holder = Outreach.objects.filter(customer=outreach.customer_id, leased_by__isnull=False).exclude(leased_by=agent)
    if other := holder.select_related("leased_by").first():
        raise LeaseLost(f"La tiene {other.leased_by}.")
    release_all(agent)
    outreach.leased_by, outreach.leased_at, outreach.lease_until = agent, at, at + LEASE
    outreach.call_started_at, outreach.is_inbound, outreach.fence = call_started_at, is_inbound, outreach.fence + 1
    try:
        with transaction.atomic():
            outreach.save(update_fields=["leased_by", "leased_at", "lease_until", "call_started_at", "is_inbound", "fence"])
    except IntegrityError as error:
        raise LeaseLost("Otra persona acaba de tomar a este cliente.") from error
    return outreach


def transfer(outreach_id: int, agent: User, *, fence: int, to: User, note: str, at: datetime) -> Transfer:
    """Hands a customer to a colleague, who gets them first for two hours; then they are the team's. Raises LeaseLost, Refused."""
    if not note.strip():
        raise Refused("Escriba qué debe saber quien recibe al cliente.")
    if to == agent:
        raise Refused("Elija a otra persona.")
    with transaction.atomic():
        mine = Outreach.objects.filter(pk=outreach_id, leased_by=agent, fence=fence)
        # Of a matter that waits for the customer, the call that comes to a colleague is one that the customer asked for.
        waits = Q(next_step=NextStep.REPLY)
        moved = mine.update(
            next_step=Case(When(waits, then=Value(NextStep.CALL)), default=F("next_step")),
            is_callback=Case(When(waits, then=Value(True)), default=F("is_callback")),
            callback_for=to, reserved_until=at + TRANSFER_KEPT, priority=Priority.CALLBACK, due_at=at, fence=F("fence") + 1, **FREE,
        )  # fmt: skip
        if not moved:
            raise LeaseLost("Este cliente ya no está en sus manos.")
        done = Transfer.objects.create(outreach_id=outreach_id, by=agent, to=to, note=note.strip()[:500], at=at)
        text = f"{agent} le pasó a {done.outreach.customer}: {done.note}"[:300]
        Notification.objects.create(user=to, key=f"transfer:{done.pk}", text=text, url="/cola/", at=at)
        return done


def renew(outreach_id: int, agent: User, *, fence: int, at: datetime) -> bool:
    """Keeps the lease while the page is open; False when it was lost."""
    mine = Outreach.objects.filter(pk=outreach_id, leased_by=agent, fence=fence)
    return bool(mine.update(lease_until=at + LEASE))


def release_all(agent: User) -> int:
    """Gives back whatever the agent holds."""
    held = Outreach.objects.filter(leased_by=agent)
    return held.update(fence=F("fence") + 1, **FREE)


def release_expired(at: datetime) -> int:
    """Gives back the customers of browsers that closed; late writers find another fence."""
    expired = Outreach.objects.filter(leased_by__isnull=False, lease_until__lte=at)
    return expired.update(fence=F("fence") + 1, **FREE)


def skip(outreach_id: int, agent: User, *, fence: int, reason: Reason, at: datetime, calendar: BusinessCalendar) -> None:
    """Puts a customer aside for the rest of the day, with a reason that stays. Raises LeaseLost."""
    later = contact_law.next_open(contact_law.start_of(bogota(at).date() + timedelta(days=1)), calendar)
    with transaction.atomic():
        mine = Outreach.objects.filter(pk=outreach_id, leased_by=agent, fence=fence)
        if not mine.update(due_at=later, fence=F("fence") + 1, **FREE):
            raise LeaseLost("Este cliente ya no está en sus manos.")
        Skip.objects.create(outreach_id=outreach_id, agent=agent, reason=reason, at=at)


def why_not_callable(
    outreach: Outreach, agent: User, *, at: datetime, calendar: BusinessCalendar, point: ContactPoint | None = None
) -> Verdict:
    """The law's word on the outreach's next step at this moment, for that agent; `point`: the number that will be used, when it is known."""
    history = history_for(outreach, agent.pk, at=at, point=point)
    return contact_law.check(next_contact(outreach, at), history, calendar=calendar, mode=contact_law.company_mode())


def history_for(outreach: Outreach, agent_id: int, *, at: datetime, point: ContactPoint | None = None) -> ContactHistory:
    """The person's history as it binds this outreach in that agent's hands."""
    history = contact_law.load_history(outreach.customer_id, at, point=point and point.pk, matter=outreach.pk, agent=agent_id)
    if began(outreach, at):  # the next number, or another vehicle, is the contact that L3 was asked about already
        return replace(history, lifted=history.lifted | {"L3"})
    return history


def next_contact(outreach: Outreach, at: datetime) -> ContactIntent:
    channel = Channel.WHATSAPP if outreach.next_step == NextStep.WHATSAPP else Channel.VOICE
    return ContactIntent(channel, outreach.contact_purpose, at)


def waiting(
    agent: User, at: datetime, *, most: int, until: datetime | None = None, programmes: list[Programme] | None = None
) -> list[Outreach]:
    """The first open outreaches of an agent's lanes, in queue order; those due by `until`, or all."""
    values = scope(agent, at, programmes) | {"most": most, "until": until}
    heads = RawSQL(LIST_STATEMENT[0], [values[name] for name in LIST_STATEMENT[1]])  # noqa: S611 -- our own fragments
    return list(Outreach.objects.select_related("customer", "vehicle").filter(pk__in=heads).in_queue_order())


def in_line(agent: User, at: datetime, *, most: int, programmes: list[Programme] | None = None) -> list[Outreach]:
    """Who comes next: those whose hour has come, as they will be given; only after them the ones for later."""
    due = waiting(agent, at, most=most, until=at, programmes=programmes)
    if len(due) == most:
        return due
    return [*due, *(row for row in waiting(agent, at, most=most, programmes=programmes) if row.due_at > at)][:most]


def counts(agent: User, *, at: datetime, programmes: list[Programme] | None = None) -> QueueCounts:
    """How much waits for the agent, in these programmes or in all of theirs."""
    found = COUNTS_STATEMENT.row(scope(agent, at, programmes) | {"most": COUNT_CAP})
    return QueueCounts(*(min(int(number), COUNT_CAP) for number in found))
