"""May this person be contacted now, by this channel, for this purpose? Ley 2300 de 2023 arts. 2-5, and what they refused.

The rules are a table, judged by one pure function over a small history. The queue asks the same in SQL (`SQL_CALLABLE`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from callcenter.enums import Channel, ExclusionScope, ExclusionSource, Purpose
from callcenter.models import Exclusion, Touch
from carrazos.lib.calendar import BusinessCalendar, bogota, day_off_name, is_holiday, national, start_of

WEEKDAY_HOURS = (time(7), time(19))
SATURDAY_HOURS = (time(8), time(15))
SATURDAY, SUNDAY = 5, 6
INBOUND_OPENS = timedelta(hours=24)
HORIZON_DAYS = 60
OUTBOUND = frozenset(Purpose)

# L3: contacts per person and day, all programmes together; and which earlier contacts of the day count against it.
PER_DAY: dict[Purpose, int] = {Purpose.COMMERCIAL: 1, Purpose.SERVICE: 2, Purpose.VERIFICATION: 1}
COUNTS_AGAINST: dict[Purpose, frozenset[Purpose]] = {
    Purpose.COMMERCIAL: OUTBOUND,
    Purpose.SERVICE: OUTBOUND - {Purpose.TRANSACTIONAL, Purpose.REQUESTED},
    Purpose.VERIFICATION: OUTBOUND - {Purpose.TRANSACTIONAL, Purpose.REQUESTED},
}


@dataclass(frozen=True)
class ContactIntent:
    """Somebody wants to reach the person by `channel`, for `purpose`, at an aware instant."""

    channel: Channel
    purpose: Purpose
    at: datetime


@dataclass(frozen=True)
class PastTouch:
    """One outbound contact. `is_effective`: the call was answered or the message delivered."""

    channel: Channel
    purpose: Purpose
    at: datetime
    is_effective: bool


@dataclass(frozen=True)
class Refusal:
    """A standing exclusion; no channels named means every channel."""

    scope: ExclusionScope
    source: ExclusionSource
    channels: frozenset[Channel] = frozenset()


@dataclass(frozen=True)
class ContactHistory:
    touches: tuple[PastTouch, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    last_inbound_at: datetime | None = None
    has_hours_exception: bool = False  # a later, separate document of the customer (art. 3)


@dataclass(frozen=True)
class Verdict:
    """`rule`, `article` and `reason` (Spanish) say why not; `next_at` is the next legal moment, None for never."""

    allowed: bool
    rule: str = ""
    article: str = ""
    reason: str = ""
    next_at: datetime | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """What a rule looks at."""

    intent: ContactIntent
    history: ContactHistory
    calendar: BusinessCalendar
    strict: bool

    @property
    def local(self) -> datetime:
        return bogota(self.intent.at)

    @property
    def day(self) -> date:
        return self.local.date()

    def same_day(self) -> Iterator[PastTouch]:
        return (touch for touch in self.history.touches if bogota(touch.at).date() == self.day)

    def refused(self, scope: ExclusionScope, *, rne: bool) -> bool:
        return any(
            refusal.scope == scope
            and (refusal.source == ExclusionSource.RNE) == rne
            and (not refusal.channels or self.intent.channel in refusal.channels)
            for refusal in self.history.refusals
        )

    @property
    def hours_lifted(self) -> bool:
        """The customer asked: they wrote within a day, or signed for other hours."""
        if self.intent.purpose != Purpose.REQUESTED:
            return False
        inbound = self.history.last_inbound_at
        wrote = inbound is not None and timedelta(0) <= self.intent.at - inbound < INBOUND_OPENS
        return wrote or self.history.has_hours_exception


@dataclass(frozen=True)
class Rule:
    """`breaks` returns the Spanish reason when the case breaks the rule; `opens` the next moment it would not."""

    code: str
    article: str
    binds: frozenset[Purpose]
    breaks: Callable[[Case], str]
    opens: Callable[[Case], datetime | None]
    warns: frozenset[Purpose] = field(default=frozenset())


def window(day: date, calendar: BusinessCalendar) -> tuple[datetime, datetime] | None:
    """The legal hours of a day, half-open; None on Sundays, holidays and the company's days off."""
    if day.weekday() == SUNDAY or is_holiday(day) or calendar.changes.get(day) is False:
        return None
    opens, closes = SATURDAY_HOURS if day.weekday() == SATURDAY else WEEKDAY_HOURS
    midnight = start_of(day)
    return (
        midnight.replace(hour=opens.hour, minute=opens.minute),
        midnight.replace(hour=closes.hour, minute=closes.minute),
    )


def next_open(at: datetime, calendar: BusinessCalendar) -> datetime:
    """The first instant at or after `at` inside legal hours."""
    day = bogota(at).date()
    for offset in range(HORIZON_DAYS):
        hours = window(day + timedelta(days=offset), calendar)
        if hours and at < hours[1]:
            return max(at, hours[0])
    raise AssertionError("sixty days without a legal hour")


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def outside_hours(case: Case) -> str:
    hours = window(case.day, case.calendar)
    if hours is None or case.hours_lifted or hours[0] <= case.intent.at < hours[1]:
        return ""
    return f"El horario permitido es de {hours[0]:%H:%M} a {hours[1]:%H:%M}."


def closed_day(case: Case) -> str:
    if window(case.day, case.calendar) is not None or case.hours_lifted:
        return ""
    name = day_off_name(case.day) or ("domingo" if case.day.weekday() == SUNDAY else "día no laboral de la empresa")
    return f"Hoy es {name}: no se llama ni se escribe."


def too_many_today(case: Case) -> str:
    purpose = case.intent.purpose
    most = PER_DAY.get(purpose)
    if most is None:
        return ""
    made = sum(touch.purpose in COUNTS_AGAINST[purpose] for touch in case.same_day())
    return "A esta persona ya se la contactó hoy." if made >= most else ""


def other_channel(case: Case) -> str:
    monday = monday_of(case.day)
    for touch in case.history.touches:
        counts = touch.purpose == Purpose.COMMERCIAL and (touch.is_effective or case.strict)
        if counts and touch.channel != case.intent.channel and monday_of(bogota(touch.at).date()) == monday:
            return f"Esta semana ya hubo contacto directo por {Channel(touch.channel).label}: los otros canales esperan al lunes."
    return ""


def on_rne(case: Case) -> str:
    listed = any(case.refused(scope, rne=True) for scope in ExclusionScope)
    return f"El número está en el Registro de Números Excluidos para {case.intent.channel.label}." if listed else ""


def no_commercial(case: Case) -> str:
    return "El cliente pidió no recibir contactos comerciales." if case.refused(ExclusionScope.COMMERCIAL, rne=False) else ""


def no_contact(case: Case) -> str:
    return "El cliente pidió no ser contactado." if case.refused(ExclusionScope.ALL, rne=False) else ""


def in_hours(case: Case) -> datetime:
    return next_open(case.intent.at, case.calendar)


def tomorrow(case: Case) -> datetime:
    return next_open(start_of(case.day + timedelta(days=1)), case.calendar)


def next_monday(case: Case) -> datetime:
    return next_open(start_of(monday_of(case.day) + timedelta(days=7)), case.calendar)


def never(_case: Case) -> None:
    return None


ALL = frozenset(Purpose)
RULES: tuple[Rule, ...] = (
    Rule("L7", "Ley 1581 art. 8", ALL - {Purpose.REQUESTED}, no_contact, never),
    Rule("L6", "Ley 2300 art. 5 par. 2", frozenset({Purpose.COMMERCIAL}), no_commercial, never, frozenset({Purpose.VERIFICATION})),
    Rule("L5", "Ley 2300 art. 5; RNE (CRC)", frozenset({Purpose.COMMERCIAL}), on_rne, never,
         frozenset({Purpose.SERVICE, Purpose.VERIFICATION})),
    Rule("L2", "Ley 2300 art. 3", ALL, closed_day, in_hours),
    Rule("L1", "Ley 2300 art. 3", ALL, outside_hours, in_hours),
    Rule("L3", "Ley 2300 art. 3", frozenset(PER_DAY), too_many_today, tomorrow),
    Rule("L4", "Ley 2300 art. 3", frozenset({Purpose.COMMERCIAL}), other_channel, next_monday),
)  # fmt: skip


def check(contact: ContactIntent, history: ContactHistory, *, calendar: BusinessCalendar | None = None, strict: bool = False) -> Verdict:
    """Judges one intended contact. The first rule that forbids it answers, with article and next legal moment."""
    case = Case(contact, history, calendar or national(), strict)
    warnings = tuple(reason for rule in RULES if contact.purpose in rule.warns and (reason := rule.breaks(case)))
    for rule in RULES:
        if contact.purpose in rule.binds and (reason := rule.breaks(case)):
            return Verdict(False, rule.code, rule.article, reason, rule.opens(case), warnings)
    return Verdict(True, warnings=warnings)


def next_allowed(
    contact: ContactIntent, history: ContactHistory, *, calendar: BusinessCalendar | None = None, strict: bool = False
) -> datetime | None:
    """The first instant at or after `contact.at` at which the contact is allowed; None when it never will be."""
    at = contact.at
    for _ in range(HORIZON_DAYS):
        verdict = check(ContactIntent(contact.channel, contact.purpose, at), history, calendar=calendar, strict=strict)
        if verdict.allowed or verdict.next_at is None:
            return at if verdict.allowed else None
        at = verdict.next_at
    return None


def load_history(customer_id: int, at: datetime) -> ContactHistory:
    """What the rules ask about a person: the contacts of this week and the standing refusals."""
    since = monday_of(bogota(at).date())
    touches = Touch.objects.filter(customer=customer_id, day__gte=since).values_list("channel", "purpose", "at", "is_effective")
    refusals = Exclusion.objects.standing().filter(customer=customer_id).values_list("scope", "source", "channels")
    return ContactHistory(
        touches=tuple(PastTouch(*touch) for touch in touches),
        refusals=tuple(Refusal(scope, source, frozenset(channels)) for scope, source, channels in refusals),
    )


def verdict_for(customer_id: int, contact: ContactIntent, *, calendar: BusinessCalendar) -> Verdict:
    """`check` with the person's history loaded."""
    return check(contact, load_history(customer_id, contact.at), calendar=calendar)


def sql_list(purposes: frozenset[Purpose]) -> str:
    return ", ".join(f"'{purpose.value}'" for purpose in sorted(purposes)) or "NULL"


def sql_callable() -> str:
    """The same rules for a set of people, as a condition on the outreach `o`; written from the tables above.

    Parameters: %(channel)s, %(day)s (Bogotá), %(week)s (its Monday), %(strict)s. L1 and L2 do not depend on the person:
    the caller passes only purposes whose hours are open.
    """
    purpose = "CASE WHEN o.is_callback THEN 'REQUESTED' ELSE o.purpose END"
    per_day = " ".join(
        f"""WHEN '{name.value}' THEN {most} <= (SELECT count(*) FROM callcenter_touch t WHERE t.customer_id = o.customer_id
             AND t.day = %(day)s AND t.purpose IN ({sql_list(COUNTS_AGAINST[name])}))"""  # noqa: S608 -- enum values only
        for name, most in PER_DAY.items()
    )
    binds = {rule.code: sql_list(rule.binds) for rule in RULES}
    return f"""
        NOT EXISTS (SELECT FROM callcenter_exclusion x
             WHERE x.customer_id = o.customer_id AND x.withdrawn_at IS NULL
               AND (x.channels = ARRAY[]::varchar[] OR %(channel)s = ANY (x.channels))
               AND ((x.scope = 'ALL' AND x.source <> 'RNE' AND {purpose} IN ({binds["L7"]}))
                    OR (x.scope = 'COMMERCIAL' AND x.source <> 'RNE' AND {purpose} IN ({binds["L6"]}))
                    OR (x.source = 'RNE' AND {purpose} IN ({binds["L5"]}))))
        AND NOT CASE {purpose} {per_day} ELSE false END
        AND NOT ({purpose} IN ({binds["L4"]}) AND EXISTS (SELECT FROM callcenter_touch t
             WHERE t.customer_id = o.customer_id AND t.week = %(week)s AND t.purpose = 'COMMERCIAL'
               AND (t.is_effective OR %(strict)s) AND t.channel <> %(channel)s))"""  # noqa: S608 -- enum values only
