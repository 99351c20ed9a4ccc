"""An outreach as it was: what undoing puts back."""

from datetime import datetime

from callcenter.models import Outreach

FIELDS = ("state", "next_step", "priority", "due_at", "is_callback", "callback_for_id", "reserved_until", "calls_made", "result",
          "closed_at")  # fmt: skip
MOMENTS = ("due_at", "reserved_until", "closed_at")


def snapshot(outreach: Outreach) -> dict:
    """The fields that a call or a refusal changes, as JSON keeps them."""
    values = {name: getattr(outreach, name) for name in FIELDS}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def restore(outreach: Outreach, before: dict) -> None:
    """Sets those fields to what they were, in nobody's hands; the caller saves the row."""
    for name, value in before.items():
        setattr(outreach, name, datetime.fromisoformat(value) if name in MOMENTS and value else value)
    outreach.leased_by = outreach.leased_at = outreach.lease_until = outreach.call_started_at = None
