"""Screenshots as evidence: re-encoded, so that nothing but the picture is kept (domain 5.4; GSC-PRO-02 §5)."""

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

from callcenter.domain.errors import Refused

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_SIDE = 2_000
FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True)
class Picture:
    """A clean JPEG with the hash of what came and of what is kept."""

    data: bytes
    original_sha256: str
    sha256: str


def clean_picture(data: bytes) -> Picture:
    """Reads an image by its content and writes it anew: no EXIF, no comments, no trailing data, 2,000 px at most.

    Raises Refused with a Spanish reason for anything that is not a picture of reasonable size.
    """
    if len(data) > MAX_BYTES:
        raise Refused("La imagen pesa más de 8 MB.")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise Refused("La imagen es demasiado grande: máximo 25 megapíxeles.")
                upright = ImageOps.exif_transpose(image).convert("RGB")
        except Refused:
            raise
        except Exception as error:
            raise Refused("El archivo no es una imagen JPG, PNG o WebP que se pueda leer.") from error
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    fresh = Image.new("RGB", upright.size)
    fresh.paste(upright)
    buffer = io.BytesIO()
    fresh.save(buffer, "JPEG", quality=85)
    stored = buffer.getvalue()
    return Picture(stored, hashlib.sha256(data).hexdigest(), hashlib.sha256(stored).hexdigest())
