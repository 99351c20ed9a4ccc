"""The ledger of contacts: every outbound call and message enters here, judged once more in the transaction that writes it."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from callcenter.domain import contact_law
from callcenter.domain.contact_law import ContactIntent, Verdict
from callcenter.domain.errors import NotAllowedNow, Refused
from callcenter.models import Attempt, Customer, LawOverride, Message, Outreach, Touch, User
from carrazos.lib.calendar import BusinessCalendar, bogota, start_of

MIN_REASON = 15


def enter(
    customer_id: int,
    contact: ContactIntent,
    *,
    effective: bool,
    calendar: BusinessCalendar,
    attempt: Attempt | None = None,
    message: Message | None = None,
) -> Verdict:
    """Judges the contact and writes it down, one contact of a person at a time. `effective`: answered or delivered.

    Call it in the transaction of the attempt or the message. Raises NotAllowedNow, which must roll that transaction back.
    """
    Customer.objects.select_for_update(no_key=True).only("pk").get(pk=customer_id)
    used = attempt or message
    asks = {"point": used.point_id if used else None}
    if attempt:
        asks |= {"matter": attempt.outreach_id, "agent": attempt.agent_id}
    history = contact_law.load_history(customer_id, contact.at, **asks)
    mode = contact_law.company_mode()
    verdict = contact_law.check(contact, history, calendar=calendar, mode=mode)
    if not verdict.allowed:
        raise NotAllowedNow(verdict)
    day = bogota(contact.at).date()
    try:
        with transaction.atomic():
            Touch.objects.create(
                customer_id=customer_id, channel=contact.channel, purpose=contact.purpose, at=contact.at, day=day,
                week=contact_law.monday_of(day), is_effective=effective, attempt=attempt, message=message,
                override=spend_overrides(customer_id, contact.at) if history.lifted else None,
            )  # fmt: skip
    except IntegrityError as error:
        # The database's own rules say what ours would have said with all that is written of that day.
        whole_day = start_of(day + timedelta(days=1)) - timedelta(microseconds=1)
        again = contact_law.check(contact, contact_law.load_history(customer_id, whole_day, **asks), calendar=calendar, mode=mode)
        if again.allowed:
            raise
        raise NotAllowedNow(again) from error
    return verdict


def spend_overrides(customer_id: int, at: datetime) -> LawOverride | None:
    """Uses up what was lifted for this person today; the last one stands for them on the touch."""
    standing = LawOverride.objects.standing(customer_id, bogota(at).date())
    last = standing.order_by("-at").first()
    standing.update(spent_at=at)
    return last


def lift(outreach: Outreach, verdict: Verdict, *, reason: str, by: User, at: datetime) -> LawOverride:
    """Lifts the rule that `verdict` names for one contact of this person today (domain 2.1: only whoever answers for it, in writing).

    Raises Refused for a rule that nobody may lift, and without a reason.
    """
    if verdict.rule not in contact_law.LIFTABLE:
        raise Refused(f"Esta regla no se levanta: {verdict.reason} ({verdict.article})")
    if len(reason.strip()) < MIN_REASON:
        raise Refused("Escriba el motivo: quién lo pidió y por qué no puede esperar.")
    lifted, _ = LawOverride.objects.get_or_create(
        customer=outreach.customer, rule=verdict.rule, day=bogota(at).date(), spent_at=None,
        defaults={"outreach": outreach, "forbidden": verdict.reason[:200], "reason": reason.strip()[:500], "by": by, "at": at},
    )  # fmt: skip
    return lifted
