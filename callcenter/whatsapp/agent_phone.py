"""The default channel: the agent's own telephone. `wa.me` opens the chat with the text; the agent sends and pastes the proof."""

from urllib.parse import quote

MAX_ENCODED = 2_000


def link(e164: str, body: str) -> str:
    """The `wa.me` address of a mobile with the text filled in; opening it sends nothing.

    Raises ValueError when the encoded text is longer than WhatsApp opens reliably.
    """
    text = quote(body, safe="")
    if len(text) > MAX_ENCODED:
        raise ValueError("El texto es demasiado largo para abrirlo en WhatsApp.")
    return f"https://wa.me/{e164.removeprefix('+')}?text={text}"
