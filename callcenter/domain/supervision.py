"""Who does what now, what waits, and how the day's work is shared out (screens §2.7)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, Min, Q, QuerySet

from callcenter.domain import notices, queue
from callcenter.domain.contact_law import window
from callcenter.domain.metrics import OUR_CALL
from callcenter.enums import NextStep, Outcome, OutreachState, Programme
from callcenter.models import Attempt, Notification, Outreach, Pause, Preparation, User
from carrazos.lib.calendar import BusinessCalendar, bogota, start_of
from carrazos.lib.ratios import Ratio

SILENT_AFTER = timedelta(minutes=15)
LATE_CALLBACK = timedelta(minutes=15)
HASTY_SECONDS = 10  # nobody opens a customer, calls and knows the outcome in less
MOST_SHARED = 500
QUEUE_SHOWN = 50
LATE_LIMIT, CALLBACK_LIMIT, IDLE_LIMIT = 10, 0, 0  # above these somebody has to act
ALARM = "live:"  # the keys of the alarms among the notices of who supervises
CALLABLE = (NextStep.CALL, NextStep.WHATSAPP)


def agents_of(viewer: User) -> QuerySet[User]:
    """Everybody who calls in the viewer's sites."""
    callers = User.objects.filter(is_active=True, groups__permissions__codename="work_queue")
    if not viewer.all_sites:
        callers = callers.filter(Q(all_sites=True) | Q(sites__in=viewer.site_ids))
    return callers.distinct().order_by("first_name", "last_name", "pk")


@dataclass(frozen=True)
class AgentNow:
    """One line of the live table; `tone` is a tag's."""

    agent: User
    state: str
    tone: str
    minutes: int
    programme: str
    made: Ratio
    booked: int
    hasty: int
    last_at: datetime | None
    reserved: int
    prepared: str  # what the agent said was missing; «no» when nothing was said


def minutes_since(moment: datetime | None, at: datetime) -> int:
    return int((at - moment) / timedelta(minutes=1)) if moment else 0


def state_of(held: Outreach | None, pause: Pause | None, last_at: datetime | None, at: datetime) -> tuple[str, str, int]:
    """(what, tone, minutes), from what the agent did last: no telephony is needed."""
    if pause:
        return f"Pausa: {str(pause.reason).lower()}", "warn", minutes_since(pause.started_at, at)
    if held and held.call_started_at:
        return "En llamada", "good", minutes_since(held.call_started_at, at)
    if held:
        return "Con un cliente", "good", minutes_since(held.leased_at, at)
    if last_at is None or at - last_at > SILENT_AFTER:
        return "Sin actividad", "bad", minutes_since(last_at, at)
    return "Libre", "info", minutes_since(last_at, at)


def agents_now(viewer: User, at: datetime) -> list[AgentNow]:
    """What everybody does; the same queries for one agent and for fifty."""
    day = bogota(at).date()
    people = list(agents_of(viewer))
    held = {row.leased_by_id: row for row in Outreach.objects.filter(leased_by__in=people, lease_until__gt=at)}
    pauses = {row.agent_id: row for row in Pause.objects.running().filter(agent__in=people).select_related("reason")}
    attempts = Attempt.objects.visible_to(viewer).counted().filter(agent__in=people, day=day).values("agent").order_by()
    figures = {
        row["agent"]: row
        for row in attempts.annotate(
            total=Count("pk", filter=OUR_CALL), hits=Count("pk", filter=OUR_CALL & Q(is_contact=True)),
            booked=Count("pk", filter=Q(outcome=Outcome.BOOKED)), hasty=Count("pk", filter=OUR_CALL & Q(open_seconds__lt=HASTY_SECONDS)),
            last=Max("at"),
        )
    }  # fmt: skip
    mine = Outreach.objects.visible_to(viewer).open().filter(callback_for__in=people).values("callback_for").order_by()
    reserved = dict(mine.annotate(n=Count("pk")).values_list("callback_for", "n"))
    prepared = dict(Preparation.objects.filter(agent__in=people, day=day).values_list("agent").annotate(missing=Max("missing")))
    lines = []
    for agent in people:
        row, hold = figures.get(agent.pk, {}), held.get(agent.pk)
        state, tone, minutes = state_of(hold, pauses.get(agent.pk), row.get("last"), at)
        lines.append(AgentNow(
            agent, state, tone, minutes, hold.get_programme_display() if hold else "",
            Ratio("Efectividad", row.get("hits", 0), row.get("total", 0)), row.get("booked", 0), row.get("hasty", 0), row.get("last"),
            reserved.get(agent.pk, 0), prepared.get(agent.pk, "no"),
        ))  # fmt: skip
    return lines


def queues_now(viewer: User, at: datetime) -> list[dict]:
    """What waits in each programme: in all, for now, from earlier days, by attempt, callbacks that nobody made, without owner."""
    today = start_of(bogota(at).date())
    rows = Outreach.objects.visible_to(viewer).open().filter(next_step__in=CALLABLE).values("programme").order_by()
    found = rows.annotate(
        pending=Count("pk"), now=Count("pk", filter=Q(due_at__lte=at)), late=Count("pk", filter=Q(due_at__lt=today)),
        first=Count("pk", filter=Q(calls_made=0)), second=Count("pk", filter=Q(calls_made=1)), third=Count("pk", filter=Q(calls_made__gte=2)),
        callbacks=Count("pk", filter=Q(is_callback=True, due_at__lt=at - LATE_CALLBACK)), free=Count("pk", filter=Q(callback_for__isnull=True)),
        oldest=Min("due_at"),
    )  # fmt: skip
    return [row | {"label": Programme(row["programme"]).label} for row in sorted(found, key=lambda row: -row["now"])]


def last_hour(viewer: User, at: datetime) -> int:
    """Calls written down in the last hour."""
    rows = Attempt.objects.visible_to(viewer).counted().filter(OUR_CALL, at__gt=at - timedelta(hours=1), at__lte=at)
    return rows.count()


def queue_of(agent: User, viewer: User, at: datetime) -> list[Outreach]:
    """The first customers of an agent's queue that the viewer may see too, in the order in which they will come."""
    waiting = queue.in_line(agent, at, most=QUEUE_SHOWN)
    seen = Outreach.objects.visible_to(viewer).select_related("customer", "vehicle", "site").in_bulk([row.pk for row in waiting])
    return [seen[row.pk] for row in waiting if row.pk in seen]


# -- alarms ----------------------------------------------------------------------------------------------------------


def alarms(late: int, callbacks: int, idle: int) -> list[tuple[str, str]]:
    """(what, sentence) of every figure above its limit."""
    found = []
    if late > LATE_LIMIT:
        found.append(("late", f"{late} gestiones de días anteriores en cola: por encima de {LATE_LIMIT}."))
    if callbacks > CALLBACK_LIMIT:
        found.append(("callbacks", f"{callbacks} {'rellamada vencida' if callbacks == 1 else 'rellamadas vencidas'} que nadie ha hecho."))
    if idle > IDLE_LIMIT:
        who = "1 agente empezó hoy y lleva" if idle == 1 else f"{idle} agentes empezaron hoy y llevan"
        found.append(("idle", f"{who} más de {SILENT_AFTER.seconds // 60} minutos sin actividad."))
    return found


def raise_alarms(at: datetime, calendar: BusinessCalendar) -> int:
    """Tells who supervises what crossed its limit, each thing once a day and only in calling hours; how many were told."""
    hours = window(bogota(at).date(), calendar)
    if not hours or not hours[0] <= at < hours[1]:
        return 0
    told = 0
    for viewer in User.objects.filter(is_active=True, groups__permissions__codename="supervise").distinct():
        queues = queues_now(viewer, at)
        idle = sum(line.tone == "bad" and line.last_at is not None for line in agents_now(viewer, at))
        for what, text in alarms(sum(row["late"] for row in queues), sum(row["callbacks"] for row in queues), idle):
            told += notices.notify([viewer], f"{ALARM}{what}:{bogota(at):%Y-%m-%d}", text, url="/en-vivo/#alarms", at=at)
    return told


def todays_alarms(viewer: User, at: datetime) -> list[Notification]:
    """What crossed a limit today, newest first, with whether the viewer has seen it."""
    rows = Notification.objects.visible_to(viewer).filter(key__startswith=ALARM, at__gte=start_of(bogota(at).date()))
    return list(rows)


# -- sharing out -----------------------------------------------------------------------------------------------------


@dataclass
class Share:
    """Who would get what: a preview that can be applied as it stands."""

    parts: dict[User, list[Outreach]] = field(default_factory=dict)
    left: list[Outreach] = field(default_factory=list)  # nobody of the chosen may see them

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return [(row.pk, agent.pk) for agent, rows in self.parts.items() for row in rows]


def may_take(agent: User, row: Outreach) -> bool:
    """True when the row is of the agent's sites, brands and programmes."""
    return row.site_id in agent.site_ids and row.brand_id in agent.brand_ids and (not agent.programmes or row.programme in agent.programmes)


def share_out(rows: Iterable[Outreach], targets: Iterable[User]) -> Share:
    """Deals the rows in queue order, always to whoever has fewest of those who may call them."""
    found = Share({agent: [] for agent in targets})
    for row in rows:
        able = [agent for agent in found.parts if may_take(agent, row)]
        if able:
            min((found.parts[agent] for agent in able), key=len).append(row)
        else:
            found.left.append(row)
    return found


def shareable(
    viewer: User, at: datetime, *, source: User | None, programme: str = "", site: int | None = None, most: int = MOST_SHARED
) -> QuerySet[Outreach]:
    """What of `source` (None: of nobody) may be given to others today, in queue order."""
    end = start_of(bogota(at).date() + timedelta(days=1))
    rows = Outreach.objects.visible_to(viewer).open().free().filter(next_step__in=CALLABLE, due_at__lt=end, callback_for=source)
    if programme:
        rows = rows.filter(programme=programme)
    if site:
        rows = rows.filter(site=site)
    return rows.select_related("customer", "vehicle", "site").in_queue_order()[: min(most, MOST_SHARED)]


def reserve(pairs: Iterable[tuple[int, int]], viewer: User, *, source: User | None, until: datetime) -> int:
    """Gives each row to its agent until then; a row that was taken, closed or given to another meanwhile stays. How many moved."""
    moved = 0
    by_agent: dict[int, list[int]] = {}
    for outreach, agent in pairs:
        by_agent.setdefault(agent, []).append(outreach)
    with transaction.atomic():
        for agent, wanted in by_agent.items():
            rows = Outreach.objects.visible_to(viewer).filter(
                pk__in=wanted, state=OutreachState.OPEN, leased_by__isnull=True, callback_for=source
            )
            moved += rows.update(callback_for=agent, reserved_until=until)
    return moved


def end_of_work(day: date, at: datetime, calendar: BusinessCalendar) -> datetime:
    """Until when a share of the day is kept: the end of the legal hours, or an hour from now."""
    hours = window(day, calendar)
    return max(hours[1] if hours else at, at + timedelta(hours=1))
