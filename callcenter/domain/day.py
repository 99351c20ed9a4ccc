"""An agent's day besides the calls: drafts, pauses, and the preparation before calling (GSC-PRO-02 §2)."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from callcenter.domain import queue
from callcenter.domain.errors import LeaseLost
from callcenter.enums import Programme
from callcenter.models import Draft, Outreach, Pause, Preparation, Reason, User

DRAFT_MAX = 20_000
# What must be at hand before calling: the script, and of the service its cost, supplies, time and staff (PRO-10, REC-9).
TOOLS = (
    ("script", "Guion de la llamada"),
    ("price", "Costo del trabajo"),
    ("supplies", "Insumos necesarios"),
    ("time", "Tiempo requerido"),
    ("staff", "Disponibilidad del personal de servicio"),
    ("phone", "Teléfono, diadema y WhatsApp funcionando"),
)


def save_draft(outreach_id: int, agent: User, *, fence: int, data: dict[str, list[str]], at: datetime) -> Draft:
    """Keeps the form as typed so far. Raises LeaseLost when the customer is no longer the agent's (the call was saved, or lost)."""
    with transaction.atomic():
        held = Outreach.objects.select_for_update().filter(pk=outreach_id, leased_by=agent, fence=fence)
        if not held.exists():
            raise LeaseLost("Este cliente ya no está en sus manos.")
        draft, _ = Draft.objects.update_or_create(outreach_id=outreach_id, agent=agent, defaults={"data": data, "saved_at": at})
        return draft


def pause(agent: User, reason: Reason, *, at: datetime) -> Pause:
    """Takes the agent off the queue and gives back whoever they held. Pausing twice is one pause."""
    with transaction.atomic():
        queue.release_all(agent)
        running = Pause.objects.running().filter(agent=agent).first()
        if running:
            return running
        try:
            with transaction.atomic():
                return Pause.objects.create(agent=agent, reason=reason, started_at=at)
        except IntegrityError:
            return Pause.objects.running().get(agent=agent)


def resume(agent: User, *, at: datetime) -> int:
    """Ends the agent's pause; how many there were (none or one)."""
    return Pause.objects.running().filter(agent=agent, started_at__lte=at).update(ended_at=at)


def prepare(agent: User, programme: Programme, *, missing: list[str], at: datetime, day: date) -> Preparation:
    """The agent's word, once a day and programme, that the tools were at hand, or which were not."""
    names = dict(TOOLS)
    lacking = ", ".join(names[name] for name in missing if name in names)[:200]
    done, _ = Preparation.objects.update_or_create(agent=agent, programme=programme, day=day, defaults={"at": at, "missing": lacking})
    return done
