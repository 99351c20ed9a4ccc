"""An invented screenshot of a WhatsApp chat, so that the evidence of the demo looks like evidence."""

import io
import textwrap
from datetime import datetime

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 360, 480


def screenshot(name: str, body: str, at: datetime) -> bytes:
    """A PNG of a chat with one sent message."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "#e7ddd3")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, 46), fill="#0b6156")
    draw.text((16, 16), name[:34], fill="white")
    lines = textwrap.wrap(body, 44)
    tall = 16 * len(lines) + 34
    draw.rounded_rectangle((36, 70, WIDTH - 14, 70 + tall), 10, fill="#d8f7c8")
    for index, line in enumerate(lines):
        draw.text((48, 82 + 16 * index), line, fill="#1b2230")
    draw.text((WIDTH - 92, 70 + tall - 18), f"{at:%H:%M}  vv", fill="#3d7bbf")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
