"""What the call page shows of WhatsApp: the message that is due, and what the customer wrote."""

from datetime import datetime

from django.http import HttpRequest

from callcenter.domain import messages
from callcenter.forms import MessageForm
from callcenter.models import InboundMessage, Outreach, ServiceOffer
from callcenter.whatsapp import agent_phone, gateway

REPLIES_SHOWN = 3


def sending(request: HttpRequest, row: Outreach, form: MessageForm, *, offer: ServiceOffer | None, at: datetime) -> dict:
    """The message of an outreach whose step is WhatsApp, by the gateway that the owner chose."""
    way = gateway.current()
    chosen = form.data.get("template") or request.GET.get("plantilla", "")
    draft = messages.draft_for(row, request.user, offer=offer, gateway=way.name, chosen=chosen, at=at)
    return {
        "draft": draft,
        "templates": messages.templates_for(row, gateway=way.name),
        "sends_by_itself": way.sends_by_itself,
        "link": link_to(draft) if draft and not way.sends_by_itself else "",
        "message_form": form,
    }


def link_to(draft: messages.Draft) -> str:
    """The wa.me address; empty when the text is too long for one and must be copied."""
    try:
        return agent_phone.link(draft.point.value, draft.body)
    except ValueError:
        return ""


def conversation(customer_id: int, at: datetime) -> dict:
    """The last things the customer wrote, and until when free text may answer them."""
    until = messages.window_until(customer_id)
    is_open = until is not None and until > at
    written = InboundMessage.objects.filter(customer=customer_id).order_by("-at")[:REPLIES_SHOWN] if until else []
    return {"window_until": until if is_open else None, "written": written, "can_write": is_open and gateway.current().sends_by_itself}
