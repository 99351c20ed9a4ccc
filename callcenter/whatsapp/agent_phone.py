"""The default channel: the agent's own telephone. `wa.me` opens the chat with the text; the agent sends and pastes the proof."""

from datetime import datetime
from urllib.parse import quote

from callcenter.enums import Gateway
from callcenter.whatsapp.parcel import NotSent, Parcel, Result

MAX_ENCODED = 2_000


def link(e164: str, body: str) -> str:
    """The `wa.me` address of a mobile with the text filled in; opening it sends nothing.

    Raises ValueError when the encoded text is longer than WhatsApp opens reliably.
    """
    text = quote(body, safe="")
    if len(text) > MAX_ENCODED:
        raise ValueError("El texto es demasiado largo para abrirlo en WhatsApp.")
    return f"https://wa.me/{e164.removeprefix('+')}?text={text}"


class AgentPhone:
    """Nothing leaves by itself: a message that asks for it waits for a person."""

    name = Gateway.AGENT_PHONE
    sends_by_itself = False

    def prepare(self, parcel: Parcel, *, at: datetime) -> Parcel | Result:
        return parcel

    def send(self, parcel: Parcel) -> Result:
        return NotSent("Los mensajes salen del celular de un agente: la línea de Meta no está conectada.")
