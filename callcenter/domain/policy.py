"""How often each programme calls before it writes: GSC-PRO-02 §3, GSC-PRO-04 §3, GSC-PRO-03 §2, GC-PRO-05 §1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from callcenter.enums import Outcome, Programme, Purpose


class Step(StrEnum):
    CALL = "CALL"
    WHATSAPP = "WHATSAPP"
    CLOSE = "CLOSE"


@dataclass(frozen=True)
class ContactPolicy:
    """One programme's rule. `retry_in` in days, `reply_in` in business days after the WhatsApp.

    `whatsapp_after` is the number of unanswered calls after which the message is due; None: no message.
    """

    source: str
    purpose: Purpose
    max_attempts: int
    whatsapp_after: int | None
    retry_in: int = 1
    reply_in: int = 2
    version: int = 0

    @property
    def label(self) -> str:
        """What an attempt stores of the rule that it obeyed."""
        return f"{self.source} · {self.max_attempts} · v{self.version}"


POLICIES: Mapping[Programme, ContactPolicy] = {
    Programme.PROACTIVE: ContactPolicy("GSC-PRO-02 §3", Purpose.COMMERCIAL, max_attempts=3, whatsapp_after=3),
    Programme.RECOVERY: ContactPolicy("GSC-PRO-04 §3", Purpose.COMMERCIAL, max_attempts=3, whatsapp_after=3),
    Programme.AFTERSALES_SURVEY: ContactPolicy("GSC-PRO-03 §2", Purpose.SERVICE, max_attempts=2, whatsapp_after=2),
    Programme.SALES_SURVEY: ContactPolicy("GSC-PRO-03 §2", Purpose.SERVICE, max_attempts=2, whatsapp_after=2),
    Programme.PROSPECT_CHECK: ContactPolicy("GC-PRO-05 §1", Purpose.VERIFICATION, max_attempts=2, whatsapp_after=None),
    Programme.CONFIRMATION: ContactPolicy("GSC-PRO-02 §4", Purpose.SERVICE, max_attempts=2, whatsapp_after=2, retry_in=0, reply_in=1),
    Programme.NO_SHOW: ContactPolicy("GSC-PRO-02 §4", Purpose.SERVICE, max_attempts=2, whatsapp_after=2),
}

FINAL = frozenset({Outcome.BOOKED, Outcome.DONE, Outcome.DECLINED, Outcome.OPTED_OUT})


def next_step(policy: ContactPolicy, outcomes: Sequence[Outcome], *, messaged: bool) -> Step:
    """What follows these outcomes, oldest first. A call that the customer asked for does not use up an attempt."""
    if outcomes and outcomes[-1] in FINAL:
        return Step.CLOSE
    if outcomes and outcomes[-1] == Outcome.CALL_BACK:
        return Step.CALL
    if messaged:
        return Step.CLOSE
    unanswered = sum(outcome == Outcome.NO_CONTACT for outcome in outcomes)
    if policy.whatsapp_after is not None and unanswered >= policy.whatsapp_after:
        return Step.WHATSAPP
    return Step.CLOSE if unanswered >= policy.max_attempts else Step.CALL


def adjusted(policy: ContactPolicy, *, max_attempts: int | None, reply_in: int | None, version: int) -> ContactPolicy:
    """The policy with the owner's numbers; the message keeps following the last call."""
    most = max_attempts or policy.max_attempts
    after = None if policy.whatsapp_after is None else most
    return replace(policy, max_attempts=most, whatsapp_after=after, reply_in=reply_in or policy.reply_in, version=version)
