"""Generated contacts judged by the rules, and an auditor that reads the law by itself: it shares no code with the rules."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

import holidays

from callcenter.domain.contact_law import ContactHistory, ContactIntent, Mode, PastTouch, Refusal, Wait, check
from callcenter.enums import Channel, ExclusionScope, ExclusionSource, Purpose
from carrazos.lib.calendar import BOGOTA

START = datetime(2026, 11, 2, tzinfo=BOGOTA)
DAYS = 60
CHANNELS = (Channel.VOICE, Channel.VOICE, Channel.WHATSAPP)
PURPOSES = (Purpose.COMMERCIAL, Purpose.COMMERCIAL, Purpose.COMMERCIAL, Purpose.SERVICE, Purpose.VERIFICATION, Purpose.TRANSACTIONAL,
            Purpose.REQUESTED)  # fmt: skip
OUTBOUND = {Purpose.COMMERCIAL, Purpose.SERVICE, Purpose.VERIFICATION}


@dataclass
class Person:
    """A customer of the simulation, with every contact that the rules let pass."""

    history: ContactHistory
    done: list[tuple[ContactIntent, bool]] = field(default_factory=list)


def person(rng: Random) -> Person:
    refusals = []
    if rng.random() < 0.25:
        channels = rng.choice([frozenset(), frozenset({Channel.VOICE}), frozenset({Channel.WHATSAPP})])
        source = rng.choice([ExclusionSource.CUSTOMER, ExclusionSource.RNE, ExclusionSource.AUTHORISATION, ExclusionSource.WHATSAPP_STOP])
        scope = ExclusionScope.COMMERCIAL if source == ExclusionSource.RNE else rng.choice(list(ExclusionScope))
        refusals.append(Refusal(scope, source, channels))
    waits = []
    if rng.random() < 0.2:
        until = START + timedelta(days=rng.randint(1, DAYS)) if rng.random() < 0.7 else None
        waits.append(Wait(Purpose.COMMERCIAL, "Queja abierta", until))
    asked = (START + timedelta(days=rng.randint(-10, DAYS))).date() if rng.random() < 0.7 else None
    return Person(ContactHistory(refusals=tuple(refusals), waits=tuple(waits), rne_checked_on=asked))


def moment(rng: Random) -> datetime:
    """Some day of the simulation, mostly in office hours and around their edges."""
    day = START + timedelta(days=rng.randrange(DAYS), seconds=rng.randrange(60))
    return day.replace(hour=rng.choice([6, 7, 8, 9, 10, 11, 14, 15, 16, 18, 19, 20]), minute=rng.choice([0, 1, 30, 59]))


def simulate(rng: Random, contacts: int, mode: Mode) -> tuple[list[Person], int]:
    """Tries that many contacts on a small population; (people, how many were allowed)."""
    people = [person(rng) for _ in range(max(1, contacts // 25))]
    allowed = 0
    for at in sorted(moment(rng) for _ in range(contacts)):
        someone = rng.choice(people)
        intent = ContactIntent(rng.choice(CHANNELS), rng.choice(PURPOSES), at)
        touches = tuple(PastTouch(past.channel, past.purpose, past.at, effective) for past, effective in someone.done[-40:])
        if check(intent, replace(someone.history, touches=touches), mode=mode).allowed:
            someone.done.append((intent, rng.random() < 0.4))
            allowed += 1
    return people, allowed


COLOMBIA = holidays.country_holidays("CO", years=(2026, 2027))


def faults(someone: Person, mode: Mode) -> list[str]:  # noqa: C901, PLR0912 -- the law, clause after clause
    """Every contact of one person that Ley 2300 forbids, in words."""
    found = []
    refused, waits = someone.history.refusals, someone.history.waits
    per_day: dict = defaultdict(list)
    direct: dict = {}
    for intent, effective in sorted(someone.done, key=lambda pair: pair[0].at):
        local, purpose, channel = intent.at.astimezone(BOGOTA), intent.purpose, intent.channel
        clock = local.strftime("%H:%M")
        if local.isoweekday() == 7 or local.date() in COLOMBIA:
            found.append(f"L2 {local}")
        if not ("07:00" <= clock < "19:00" if local.isoweekday() < 6 else "08:00" <= clock < "15:00"):
            found.append(f"L1 {local}")
        today = per_day[local.date()]
        counted = Counter(today)
        if purpose == Purpose.COMMERCIAL and today:
            found.append(f"L3 {local} commercial after {today}")
        if purpose == Purpose.VERIFICATION and sum(counted[name] for name in OUTBOUND) >= 1:
            found.append(f"L3 {local} verification after {today}")
        if purpose == Purpose.SERVICE and sum(counted[name] for name in OUTBOUND) >= 2:
            found.append(f"L3 {local} service after {today}")
        today.append(purpose)
        week = local.date().isocalendar()[:2]
        if purpose == Purpose.COMMERCIAL:
            if direct.get(week, {channel}) - {channel}:
                found.append(f"L4 {local} {channel}")
            if effective or mode.strict:
                direct.setdefault(week, set()).add(channel)
        for refusal in refused:
            hits = not refusal.channels or channel in refusal.channels
            if refusal.source == ExclusionSource.RNE or refusal.scope == ExclusionScope.COMMERCIAL:
                if hits and purpose == Purpose.COMMERCIAL:
                    found.append(f"L5/L6 {local}")
            elif hits and purpose != Purpose.REQUESTED:
                found.append(f"L7/L8 {local}")
        if purpose == Purpose.COMMERCIAL and any(wait.until is None or intent.at < wait.until for wait in waits):
            found.append(f"VOZ {local}")
        asked = someone.history.rne_checked_on
        if purpose == Purpose.COMMERCIAL and mode.rne_blocks and (asked is None or (local.date() - asked).days > 15):
            found.append(f"RNE {local}")
    return found
