"""Half of the term, the end of it, the day's digest and the batch of new reds: who is told and when (SAT-18; screens §2.3).

Every alarm is a stored moment (`alarm_at`) behind a partial index, so that the sweep reads only what is due.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from callcenter.domain import mail
from callcenter.models import User
from carrazos.lib.calendar import BusinessCalendar, bogota
from satisfaction.domain import escalation, notices, people
from satisfaction.domain import pqrs as terms
from satisfaction.enums import Action, FollowUpStatus, Level
from satisfaction.models import FollowUp, FollowUpEvent, Pqrs

SWEEP_AT_ONCE = 200
LISTED = 30


def sweep(at: datetime, calendar: BusinessCalendar) -> int:
    """Warns at half of the term and escalates at its end; how many cases. Only in working hours: an alarm of the night waits."""
    if not escalation.is_working(at, calendar):
        return 0
    done = 0
    while found := sweep_some(at, calendar):
        done += found
    return done


def sweep_some(at: datetime, calendar: BusinessCalendar) -> int:
    with transaction.atomic():
        rows = list(
            FollowUp.objects.select_for_update(of=("self",), skip_locked=True).for_card()
            .filter(alarm_at__lte=at).order_by("alarm_at")[:SWEEP_AT_ONCE]
        )  # fmt: skip
        events = []
        bosses = Bosses()
        for row in rows:
            late = escalation.is_overdue(row.due_at, at)
            action = Action.OVERDUE if late else Action.WARNED
            words = escalation.due_words(row.due_at, at, calendar)
            events.append(FollowUpEvent(follow_up=row, action=action, at=at, before=row.status, after=row.status, note=words))
            above = bosses.above(row) if late else []
            if late:
                row.alarm_at, row.escalated_at = None, row.escalated_at or at
                row.level = escalation.next_level(Level(row.level))
            else:
                row.alarm_at = row.due_at
            text = f"{'Venció' if late else 'Por vencer'}: {row.customer} ({row.site}). {words}."
            key = f"followup:{row.pk}:{action.lower()}:{row.reopened}"
            notices.notify([row.owner, *above], key, text, notices.follow_up_url(row.pk), at=at)
        FollowUp.objects.bulk_update(rows, ["alarm_at", "escalated_at", "level"])
        FollowUpEvent.objects.bulk_create(events)
        return len(rows)


class Bosses:
    """Who stands above a case, asked once per area, level, site and brand."""

    def __init__(self) -> None:
        self.known: dict[tuple, list[User]] = {}

    def above(self, row: FollowUp) -> list[User]:
        return self.at(escalation.next_level(Level(row.level)), row)

    def at(self, level: Level, row: FollowUp) -> list[User]:
        key = (row.area, level, row.site_id, row.brand_id)
        if key not in self.known:
            self.known[key] = people.holders(*key)
        return self.known[key]


def line(row: FollowUp, at: datetime, calendar: BusinessCalendar) -> str:
    """One case in a mail: no document, no telephone."""
    score = f"nota {row.score}, " if row.score else ""
    return f"- {row.customer} ({score}{row.site}, {row.brand}): {escalation.due_words(row.due_at, at, calendar)}. «{row.voice[:140]}»"


def mail_new(at: datetime, calendar: BusinessCalendar) -> int:
    """One mail per person with the reds opened since the last batch; how many mails. At night they wait for the morning."""
    if not escalation.is_working(at, calendar):
        return 0
    with transaction.atomic():
        rows = list(
            FollowUp.objects.select_for_update(of=("self",), skip_locked=True).for_card().detractors()
            .filter(mailed_at__isnull=True, status=FollowUpStatus.NOT_STARTED).order_by("opened_at")[:SWEEP_AT_ONCE]
        )  # fmt: skip
        FollowUp.objects.filter(pk__in=[row.pk for row in rows]).update(mailed_at=at)
        sent = 0
        for user, cases in grouped((row.owner, row) for row in rows):
            count = len(cases)
            subject = f"{count} caso{'s' if count > 1 else ''} de insatisfacción por gestionar"
            body = "\n".join(["Buen día:", "", *(line(row, at, calendar) for row in cases[:LISTED]), "", CLOSING])
            mail.post(f"followup-new:{user.pk}:{cases[0].pk}:{count}", [user.email], subject, body)
            sent += 1
        return sent


CLOSING = "Gestiónelos en Gestión Clientes, menú Detractores. El plazo es de menos de dos días hábiles (GSC-PRO-03)."


def grouped(pairs: Iterable[tuple[User | None, FollowUp]]) -> list[tuple[User, list[FollowUp]]]:
    """Cases by person with a mailbox."""
    found: dict[User, list[FollowUp]] = defaultdict(list)
    for user, row in pairs:
        if user is not None and user.email:
            found[user].append(row)
    return list(found.items())


def digest(at: datetime, calendar: BusinessCalendar) -> int:
    """The morning's mail: each owner their open cases, each director the overdue ones of their scope; how many mails."""
    today = bogota(at).date()
    if not calendar.is_business_day(today):
        return 0
    rows = list(FollowUp.objects.open().for_card().order_by("due_at"))
    bosses = Bosses()
    pairs = [(row.owner, row) for row in rows]
    for row in rows:
        if escalation.is_overdue(row.due_at, at):
            pairs += [(user, row) for user in bosses.at(Level.DIRECTOR, row) if user.pk != row.owner_id]
    sent = 0
    for user, cases in grouped(pairs):
        late = [row for row in cases if escalation.is_overdue(row.due_at, at)]
        subject = f"Detractores: {len(cases)} abierto{'s' * (len(cases) > 1)}, {len(late)} vencido{'s' * (len(late) != 1)}"
        listed = [line(row, at, calendar) for row in cases[:LISTED]]
        rest = [f"… y {len(cases) - LISTED} más."] if len(cases) > LISTED else []
        mail.post(f"followup-digest:{today}:{user.pk}", [user.email], subject, "\n".join(["Buen día:", "", *listed, *rest, "", CLOSING]))
        sent += 1
    return sent


def sweep_pqrs(at: datetime, calendar: BusinessCalendar) -> int:
    """Tells the owner of a PQRS at half of its term, two business days before the end, and when it is over."""
    if not escalation.is_working(at, calendar):
        return 0
    today = bogota(at).date()
    with transaction.atomic():
        rows = list(Pqrs.objects.select_for_update(of=("self",), skip_locked=True).for_list().pending().filter(alarm_at__lte=at))
        for row in rows:
            text = f"{row.number} de {row.customer}: {terms.days_words(row.due_on, today, calendar).lower()}."
            above = people.holders(row.area, Level.MANAGER, row.site_id, row.brand_id) if today > row.due_on else []
            notices.notify([row.owner, *above], f"pqrs:{row.pk}:{row.alarm_at:%Y%m%d}", text, notices.pqrs_url(row.pk), at=at)
            row.alarm_at = terms.next_alarm(row.received_at, row.due_on, at, calendar)
        Pqrs.objects.bulk_update(rows, ["alarm_at"])
        return len(rows)
