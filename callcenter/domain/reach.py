"""By which channel, for what and from when somebody may be contacted, from the law's own rules; and when they usually answer."""

from dataclasses import dataclass
from datetime import datetime

from callcenter.domain import contact_law
from callcenter.domain.contact_law import ContactIntent, Verdict
from callcenter.domain.dayparts import Habit, habit
from callcenter.domain.metrics import OUR_CALL
from callcenter.enums import Channel, Purpose
from callcenter.models import Attempt, Customer, User
from carrazos.lib.calendar import BusinessCalendar

LAST_ANSWERS = 20  # people change their hours
PURPOSES = (Purpose.COMMERCIAL, Purpose.SERVICE)


@dataclass(frozen=True)
class Reach:
    """One channel for one purpose: the verdict now, and the first legal moment (None: never)."""

    channel: Channel
    purpose: Purpose
    verdict: Verdict
    next_at: datetime | None


def reach_of(customer_id: int, at: datetime, *, calendar: BusinessCalendar) -> list[tuple[Channel, list[Reach]]]:
    """Every channel with its purposes, the history read once."""
    history, mode = contact_law.load_history(customer_id, at), contact_law.company_mode()
    found = []
    for channel in Channel:
        row = []
        for purpose in PURPOSES:
            intent = ContactIntent(channel, purpose, at)
            verdict = contact_law.check(intent, history, calendar=calendar, mode=mode)
            row.append(Reach(channel, purpose, verdict, contact_law.next_allowed(intent, history, calendar=calendar, mode=mode)))
        found.append((channel, row))
    return found


def usual_hours(customer: Customer, user: User) -> Habit | None:
    """When the customer answers our calls, of those that this person may see; None without evidence enough."""
    rows = Attempt.objects.visible_to(user).counted().filter(OUR_CALL, outreach__customer=customer, is_contact=True)
    return habit(rows.order_by("-at").values_list("at", flat=True)[:LAST_ANSWERS])
