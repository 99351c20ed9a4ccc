"""Refusals of the domain: each carries the Spanish sentence that the person reads."""

from callcenter.domain.contact_law import Verdict


class Refused(Exception):
    """What was asked is against a rule; the text says which, and what to do."""


class LeaseLost(Refused):
    """Somebody else has the customer now, or the lease ran out."""


class Conflict(Refused):
    """The same form was sent with other content or by somebody else."""


class NotAllowedNow(Refused):
    """The contact law forbids it; `verdict` says the rule and the next legal moment."""

    def __init__(self, verdict: Verdict):
        super().__init__(verdict.reason)
        self.verdict = verdict
