"""May this person be contacted now, by this channel, for this purpose? Ley 2300 de 2023 arts. 2-5, and what they refused.

The rules are a table, judged by one pure function over a small history. The queue asks the same in SQL (`SQL_CALLABLE`).
"""

import time as timer
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from django.db import connection

from callcenter.enums import BatchStatus, Channel, ExclusionScope, ExclusionSource, Purpose, RneEnforcement
from callcenter.models import ContactPoint, ContactRules, ImportBatch
from callcenter.models.customers import SQL_UNUSABLE
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
class Mode:
    """What the owner decided where the law is disputed: LITERAL by default, STRICT counts unanswered calls for L4 too.

    `rne_days`: business days that a look-up in the RNE stays fresh; `rne_blocks`: a stale one forbids, not only warns.
    """

    strict: bool = False
    rne_days: int = 5
    rne_blocks: bool = False


LITERAL = Mode()
STRICT = Mode(strict=True)


@dataclass(frozen=True)
class ContactIntent:
    """Somebody wants to reach the person by `channel`, for `purpose`, at an aware instant."""

    channel: Channel
    purpose: Purpose
    at: datetime


@dataclass(frozen=True)
class PastTouch:
    """One outbound contact. `is_effective`: the call was answered or the message delivered; `is_unfinished`: it was dialled, or the
    chat opened, and nobody wrote what came of it.
    """

    channel: Channel
    purpose: Purpose
    at: datetime
    is_effective: bool
    is_unfinished: bool = False


@dataclass(frozen=True)
class Refusal:
    """A standing exclusion; no channels named means every channel."""

    scope: ExclusionScope
    source: ExclusionSource
    channels: frozenset[Channel] = frozenset()


@dataclass(frozen=True)
class Wait:
    """Another matter of the person goes first: an open complaint, a survey today (`Hold`)."""

    purpose: Purpose
    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class ContactHistory:
    touches: tuple[PastTouch, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    waits: tuple[Wait, ...] = ()
    rne_checked_on: date | None = None  # the look-up of the number to be used; while none is chosen, the last one of any of theirs
    lifted: frozenset[str] = frozenset()  # rules that somebody lifted in writing for today
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
    mode: Mode

    @property
    def local(self) -> datetime:
        return bogota(self.intent.at)

    @property
    def day(self) -> date:
        return self.local.date()

    def same_day(self) -> Iterator[PastTouch]:
        return (touch for touch in self.history.touches if bogota(touch.at).date() == self.day)

    def refused(self, scope: ExclusionScope, *, by_channel: bool = False) -> bool:
        """True when the person refused this scope; `by_channel`: only this intent's channel, not every one."""
        return any(
            refusal.scope == scope
            and refusal.source != ExclusionSource.RNE
            and (self.intent.channel in refusal.channels if by_channel else not refusal.channels)
            for refusal in self.history.refusals
        )

    @property
    def listed(self) -> bool:
        """True when the RNE closes this channel."""
        return any(
            refusal.source == ExclusionSource.RNE and (not refusal.channels or self.intent.channel in refusal.channels)
            for refusal in self.history.refusals
        )

    @property
    def rne_is_fresh(self) -> bool:
        asked = self.history.rne_checked_on
        return asked is not None and asked >= fresh_since(self.day, self.mode, self.calendar)

    def wait(self) -> Wait | None:
        """What this contact must wait for; the longest wait, if there are several."""
        held = [
            wait for wait in self.history.waits if wait.purpose == self.intent.purpose and (not wait.until or wait.until > self.intent.at)
        ]
        return max(held, key=lambda wait: (wait.until is None, wait.until or self.intent.at), default=None)

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
    can_lift: bool = False  # by whom may supervise, in writing, for one contact (domain 2.1)


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
    made = [touch for touch in case.same_day() if touch.purpose in COUNTS_AGAINST[purpose]]
    if len(made) < most:
        return ""
    dialled = next((touch for touch in made if touch.is_unfinished), None)
    if dialled is None:
        return "A esta persona ya se la contactó hoy."
    when = f"{bogota(dialled.at):%H:%M}"
    if dialled.channel == Channel.WHATSAPP:
        return f"A esta persona se le abrió el chat hoy a las {when} y falta el pantallazo: lo registra quien lo abrió."
    return f"A esta persona se la marcó hoy a las {when} y falta el resultado: lo registra quien marcó."


def other_channel(case: Case) -> str:
    monday = monday_of(case.day)
    for touch in case.history.touches:
        counts = touch.purpose == Purpose.COMMERCIAL and (touch.is_effective or case.mode.strict)
        if counts and touch.channel != case.intent.channel and monday_of(bogota(touch.at).date()) == monday:
            return f"Esta semana ya hubo contacto directo por {Channel(touch.channel).label}: los otros canales esperan al lunes."
    return ""


def channel_closed(case: Case) -> str:
    label = Channel(case.intent.channel).label.lower()
    if case.listed:
        return f"El número está en el Registro de Números Excluidos para {label}."
    if case.refused(ExclusionScope.COMMERCIAL, by_channel=True):
        return f"El cliente pidió no recibir contactos comerciales por {label}."
    return ""


def rne_stale(case: Case) -> str:
    if case.rne_is_fresh:
        return ""
    asked = case.history.rne_checked_on
    since = f"se consultó en el RNE por última vez el {asked:%d/%m/%Y}" if asked else "no se ha consultado en el RNE"
    return f"Su número {since}; la consulta vale {case.mode.rne_days} días hábiles."


def rne_stale_blocks(case: Case) -> str:
    return rne_stale(case) if case.mode.rne_blocks else ""


def no_commercial(case: Case) -> str:
    return "El cliente pidió no recibir contactos comerciales." if case.refused(ExclusionScope.COMMERCIAL) else ""


def no_contact(case: Case) -> str:
    return "El cliente pidió no ser contactado." if case.refused(ExclusionScope.ALL) else ""


def channel_refused(case: Case) -> str:
    label = Channel(case.intent.channel).label.lower()
    return f"El cliente no autorizó el canal {label}." if case.refused(ExclusionScope.ALL, by_channel=True) else ""


def one_voice(case: Case) -> str:
    wait = case.wait()
    return f"Espera: {wait.reason}." if wait else ""


def after_the_wait(case: Case) -> datetime | None:
    wait = case.wait()
    return next_open(wait.until, case.calendar) if wait and wait.until else None


def fresh_since(day: date, mode: Mode, calendar: BusinessCalendar) -> date:
    """The first day whose look-up in the RNE is still good on `day`."""
    for _ in range(mode.rne_days):
        day = calendar.previous_business_day(day - timedelta(days=1))
    return day


def in_hours(case: Case) -> datetime:
    return next_open(case.intent.at, case.calendar)


def tomorrow(case: Case) -> datetime:
    return next_open(start_of(case.day + timedelta(days=1)), case.calendar)


def next_monday(case: Case) -> datetime:
    return next_open(start_of(monday_of(case.day) + timedelta(days=7)), case.calendar)


def never(_case: Case) -> None:
    return None


ALL = frozenset(Purpose)
COMMERCIAL = frozenset({Purpose.COMMERCIAL})
COURTESY = frozenset({Purpose.SERVICE, Purpose.VERIFICATION})
RULES: tuple[Rule, ...] = (
    Rule("L7", "Ley 1581 art. 8", ALL - {Purpose.REQUESTED}, no_contact, never),
    Rule("L8", "Ley 1581 art. 9; Ley 2300 art. 2", ALL - {Purpose.REQUESTED}, channel_refused, never, can_lift=True),
    Rule("L6", "Ley 2300 art. 5 par. 2", COMMERCIAL, no_commercial, never, frozenset({Purpose.VERIFICATION})),
    Rule("L5", "Ley 2300 art. 5; RNE (CRC)", COMMERCIAL, channel_closed, never, COURTESY, can_lift=True),
    Rule("RNE", "Ley 2300 art. 5; Res. CRC 5050 de 2016", COMMERCIAL, rne_stale_blocks, never, can_lift=True),
    Rule("VOZ", "Un cliente, una voz (GSC-PRO-03)", ALL - {Purpose.REQUESTED}, one_voice, after_the_wait, can_lift=True),
    Rule("L2", "Ley 2300 art. 3", ALL, closed_day, in_hours),
    Rule("L1", "Ley 2300 art. 3", ALL, outside_hours, in_hours, can_lift=True),
    Rule("L3", "Ley 2300 art. 3", frozenset(PER_DAY), too_many_today, tomorrow, can_lift=True),
    Rule("L4", "Ley 2300 art. 3", COMMERCIAL, other_channel, next_monday, can_lift=True),
)  # fmt: skip
LIFTABLE = frozenset(rule.code for rule in RULES if rule.can_lift)
# An old look-up only warns while nothing forbids it (RNE_ENFORCE).
OLD_LOOKUP = Rule("RNE", "Ley 2300 art. 5", frozenset(), rne_stale, never, COMMERCIAL)


def broken(
    contact: ContactIntent, history: ContactHistory, *, calendar: BusinessCalendar | None = None, mode: Mode = LITERAL
) -> list[tuple[Rule, Verdict]]:
    """Every rule that forbids the contact, the lasting ones first: what «¿Por qué no se puede llamar ahora?» shows."""
    case = Case(contact, history, calendar or national(), mode)
    return [
        (rule, Verdict(False, rule.code, rule.article, reason, rule.opens(case)))
        for rule in RULES
        if contact.purpose in rule.binds and rule.code not in history.lifted and (reason := rule.breaks(case))
    ]


def check(contact: ContactIntent, history: ContactHistory, *, calendar: BusinessCalendar | None = None, mode: Mode = LITERAL) -> Verdict:
    """Judges one intended contact. The first rule that forbids it answers, with article and next legal moment."""
    case = Case(contact, history, calendar or national(), mode)
    warnings = tuple(reason for rule in (*RULES, OLD_LOOKUP) if contact.purpose in rule.warns and (reason := rule.breaks(case)))
    found = broken(contact, history, calendar=calendar, mode=mode)
    return replace(found[0][1], warnings=warnings) if found else Verdict(True, warnings=warnings)


def next_allowed(
    contact: ContactIntent, history: ContactHistory, *, calendar: BusinessCalendar | None = None, mode: Mode = LITERAL
) -> datetime | None:
    """The first instant at or after `contact.at` at which the contact is allowed; None when it never will be."""
    at = contact.at
    for _ in range(HORIZON_DAYS):
        verdict = check(ContactIntent(contact.channel, contact.purpose, at), history, calendar=calendar, mode=mode)
        if verdict.allowed or verdict.next_at is None:
            return at if verdict.allowed else None
        at = verdict.next_at
    return None


MODE_SECONDS = 30
_mode: tuple[float, Mode] | None = None


def company_mode() -> Mode:
    """The owner's choices, read from the table and kept for half a minute per process."""
    global _mode  # noqa: PLW0603 -- a process-wide cache of one row
    if _mode is None or timer.monotonic() - _mode[0] >= MODE_SECONDS:
        row = ContactRules.objects.first() or ContactRules()
        blocks = row.rne_enforcement == RneEnforcement.BLOCK or (
            row.rne_enforcement == RneEnforcement.AUTO
            and ImportBatch.objects.filter(feed="exclusions", status=BatchStatus.APPLIED).exists()
        )
        _mode = (timer.monotonic(), Mode(row.is_strict, row.rne_days, blocks))
    return _mode[1]


def forget_mode() -> None:
    """Drops the kept choices, so that the next question reads the table."""
    global _mode  # noqa: PLW0603 -- as above
    _mode = None


# A call that was dialled and has no outcome (a closed browser, a customer let go, put aside or handed on) counts for L3 as one
# that nobody answered: the person waits for tomorrow, whatever the matter and the agent. Only whoever dialled, or got the
# customer handed over, goes on with that same matter. So does a chat that was opened, for its message may have left.
UNFINISHED = """callcenter_dial d JOIN callcenter_outreach m ON m.id = d.outreach_id
     WHERE m.customer_id = {customer} AND d.attempt_id IS NULL AND d.at BETWEEN %(midnight)s AND %(at)s
       AND NOT (m.id = {matter} AND %(agent)s IN (d.agent_id, COALESCE(m.callback_for_id, d.agent_id)))"""
SQL_PURPOSE = "CASE WHEN {row}.is_callback THEN 'REQUESTED' ELSE {row}.purpose END"

# One round trip; each branch is an index look-up of one person. What came after %(at)s had not happened then.
HISTORY = f"""
SELECT 'touch', channel, purpose, at, is_effective, NULL::varchar[], NULL::date FROM callcenter_touch
 WHERE customer_id = %(customer)s AND day >= %(week)s AND at <= %(at)s
UNION ALL
SELECT 'dial', (array_agg(d.channel ORDER BY d.at))[1], {SQL_PURPOSE.format(row="m")}, min(d.at), false, NULL, NULL
  FROM {UNFINISHED.format(customer="%(customer)s", matter="%(matter)s")} GROUP BY m.id
UNION ALL
SELECT 'refusal', scope, source, NULL, NULL, channels, NULL FROM callcenter_exclusion
 WHERE customer_id = %(customer)s AND withdrawn_at IS NULL AND since <= %(at)s
UNION ALL
SELECT 'wait', purpose, reason, until, NULL, NULL, NULL FROM callcenter_hold
 WHERE customer_id = %(customer)s AND since <= %(at)s AND (until IS NULL OR until > %(at)s)
UNION ALL
SELECT 'lifted', rule, '', NULL, NULL, NULL, NULL FROM callcenter_lawoverride
 WHERE customer_id = %(customer)s AND day = %(day)s AND spent_at IS NULL
UNION ALL
SELECT 'inbound', '', '', max(a.at), NULL, NULL, NULL FROM callcenter_attempt a JOIN callcenter_outreach o ON o.id = a.outreach_id
 WHERE o.customer_id = %(customer)s AND a.is_inbound AND a.undone_at IS NULL AND a.at BETWEEN %(day_before)s AND %(at)s
UNION ALL
SELECT 'hours', '', '', NULL, NULL, NULL, NULL FROM callcenter_authorisation
 WHERE customer_id = %(customer)s AND purpose = 'HOURS' AND revoked_at IS NULL AND proof <> ''
UNION ALL
SELECT 'inbound', '', '', max(last_inbound_at), NULL, NULL, NULL FROM callcenter_whatsappidentity WHERE customer_id = %(customer)s
UNION ALL
SELECT 'rne', '', '', NULL, NULL, NULL, max(rne_checked_on) FROM callcenter_contactpoint
 WHERE id = %(point)s
    OR %(point)s::bigint IS NULL AND customer_id = %(customer)s AND kind = 'PHONE' AND status NOT IN ({SQL_UNUSABLE})"""  # noqa: S608 -- enum values


def load_history(customer_id: int, at: datetime, *, point: int | None = None, matter: int = 0, agent: int = 0) -> ContactHistory:
    """What the rules ask about a person, as it stood at that moment: the week's contacts, refusals and waits, the RNE, and what
    was lifted that day. A call is judged by its start: what arrives while it lasts does not forbid it.

    `point`: the number that will be used, when it is known. `matter`, `agent`: the outreach that asks and who would go on with
    it; their own unfinished call is no other contact.
    """
    day = bogota(at).date()
    values = {"customer": customer_id, "point": point, "at": at, "day": day, "week": monday_of(day), "day_before": at - INBOUND_OPENS,
              "midnight": start_of(day), "matter": matter, "agent": agent}  # fmt: skip
    found: dict[str, list[tuple]] = {}
    with connection.cursor() as cursor:
        cursor.execute(HISTORY, values)
        for kind, *row in cursor.fetchall():
            found.setdefault(kind, []).append(tuple(row))
    return ContactHistory(
        touches=tuple(
            PastTouch(Channel(channel), Purpose(purpose), moment, done, is_unfinished=kind == "dial")
            for kind in ("touch", "dial")
            for channel, purpose, moment, done, *_ in found.get(kind, [])
        ),
        refusals=tuple(Refusal(scope, source, frozenset(channels)) for scope, source, _, _, channels, _ in found.get("refusal", [])),
        waits=tuple(Wait(purpose, reason, until) for purpose, reason, until, *_ in found.get("wait", [])),
        rne_checked_on=found["rne"][0][-1],
        lifted=frozenset(rule for rule, *_ in found.get("lifted", [])),
        has_hours_exception="hours" in found,
        last_inbound_at=max((moment for _, _, moment, *_ in found["inbound"] if moment), default=None),
    )


def verdict_for(
    customer_id: int, contact: ContactIntent, *, calendar: BusinessCalendar, point: int | None = None, matter: int = 0, agent: int = 0
) -> Verdict:
    """`check` with the person's history loaded, which see for the rest."""
    history = load_history(customer_id, contact.at, point=point, matter=matter, agent=agent)
    return check(contact, history, calendar=calendar, mode=company_mode())


def verdicts_by_number(
    history: ContactHistory, contact: ContactIntent, points: Iterable[ContactPoint], *, calendar: BusinessCalendar
) -> dict[int, Verdict]:
    """The verdict on each of a person's numbers, the history read once: what was looked up in the RNE is one number, not the person."""
    mode = company_mode()
    return {
        point.pk: check(contact, replace(history, rne_checked_on=point.rne_checked_on), calendar=calendar, mode=mode) for point in points
    }


def plannable(customer_id: int, contact: ContactIntent, *, calendar: BusinessCalendar) -> datetime | None:
    """The first legal moment for a step that is being planned; None only when the person refused for good.

    What ends by itself in time (a wait without a date, a look-up in the RNE that grew old) does not close a matter.
    """
    history = replace(load_history(customer_id, contact.at), lifted=frozenset())
    waits = tuple(wait for wait in history.waits if wait.until)
    return next_allowed(contact, replace(history, waits=waits), calendar=calendar, mode=replace(company_mode(), rne_blocks=False))


def unasked(points: Iterable[ContactPoint], contact: ContactIntent, *, calendar: BusinessCalendar) -> set[int]:
    """The numbers without a fresh look-up in the RNE, for a contact that needs one."""
    since = fresh_since(bogota(contact.at).date(), company_mode(), calendar)
    stale = {point.pk for point in points if point.rne_checked_on is None or point.rne_checked_on < since}
    return stale if contact.purpose in OLD_LOOKUP.warns else set()


def sql_list(purposes: frozenset[Purpose]) -> str:
    return ", ".join(f"'{purpose.value}'" for purpose in sorted(purposes)) or "NULL"


def sql_closed(channel: str, purpose: str, customer: str) -> str:
    """True of a person who refused a channel for a purpose, or is in the RNE: L5 to L8 for statements over sets. All arguments are SQL."""
    binds = {rule.code: sql_list(rule.binds) for rule in RULES}
    return f"""EXISTS (SELECT FROM callcenter_exclusion x
             WHERE x.customer_id = {customer} AND x.withdrawn_at IS NULL
               AND (x.channels = ARRAY[]::varchar[] OR {channel} = ANY (x.channels))
               AND CASE WHEN x.source = 'RNE' THEN {purpose} IN ({binds["L5"]})
                        WHEN x.channels <> ARRAY[]::varchar[] AND x.scope = 'ALL' THEN {purpose} IN ({binds["L8"]})
                        WHEN x.channels <> ARRAY[]::varchar[] THEN {purpose} IN ({binds["L5"]})
                        WHEN x.scope = 'ALL' THEN {purpose} IN ({binds["L7"]})
                        ELSE {purpose} IN ({binds["L6"]}) END)"""


def sql_callable() -> str:
    """The same rules for a set of people, as a condition on the outreach `o`; written from the tables above.

    Parameters: %(channel)s, %(agent)s, %(at)s, %(day)s (Bogotá), %(midnight)s (its start), %(week)s (its Monday), %(strict)s,
    %(rne_blocks)s, %(rne_since)s. L1 and L2 do not depend on the person: the caller passes only purposes whose hours are open.
    """
    purpose = SQL_PURPOSE.format(row="o")
    unfinished = f"{UNFINISHED.format(customer='o.customer_id', matter='o.id')} AND {SQL_PURPOSE.format(row='m')}"
    per_day = " ".join(
        f"""WHEN '{name.value}' THEN {most} <= (SELECT count(*) FROM callcenter_touch t WHERE t.customer_id = o.customer_id
             AND t.day = %(day)s AND t.purpose IN ({sql_list(COUNTS_AGAINST[name])}))
             + (SELECT count(DISTINCT m.id) FROM {unfinished} IN ({sql_list(COUNTS_AGAINST[name])}))"""  # noqa: S608 -- enum values only
        for name, most in PER_DAY.items()
    )
    binds = {rule.code: sql_list(rule.binds) for rule in RULES}
    return f"""
        NOT {sql_closed("%(channel)s", purpose, "o.customer_id")}
        AND NOT EXISTS (SELECT FROM callcenter_hold h
             WHERE h.customer_id = o.customer_id AND h.purpose = {purpose} AND (h.until IS NULL OR h.until > %(at)s)
               AND {purpose} IN ({binds["VOZ"]}))
        AND (NOT %(rne_blocks)s OR {purpose} NOT IN ({binds["RNE"]}) OR EXISTS (SELECT FROM callcenter_contactpoint k
             WHERE k.customer_id = o.customer_id AND k.kind = 'PHONE' AND k.status NOT IN ({SQL_UNUSABLE})
               AND k.rne_checked_on >= %(rne_since)s))
        AND NOT CASE {purpose} {per_day} ELSE false END
        AND NOT ({purpose} IN ({binds["L4"]}) AND EXISTS (SELECT FROM callcenter_touch t
             WHERE t.customer_id = o.customer_id AND t.week = %(week)s AND t.purpose = 'COMMERCIAL'
               AND (t.is_effective OR %(strict)s) AND t.channel <> %(channel)s))"""  # noqa: S608 -- enum values only
