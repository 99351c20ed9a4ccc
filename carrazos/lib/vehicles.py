"""Colombian plates and VINs (domain 4.1, 4.2). An unknown plate is a warning, never a rejection: the VIN is the key."""

import re
from dataclasses import dataclass
from enum import StrEnum

from carrazos.lib.text import fold

PLACEHOLDER_PLATES = frozenset({
    "0KM", "OKM", "SINPLACA", "SINPLACAS", "SP", "XXX000", "AAA000", "XXX", "TRAMITE", "ENTRAMITE", "PENDIENTE", "NOTIENE", "NUEVO",
})  # fmt: skip
PLATE_SHAPES = (
    ("CAR", re.compile(r"[A-Z]{3}\d{3}")),
    ("MOTORCYCLE", re.compile(r"[A-Z]{3}\d{2}[A-Z]?")),
    ("THREE_WHEELER", re.compile(r"\d{3}[A-Z]{3}")),
    ("TRAILER", re.compile(r"[RS]\d{5}")),
    ("DIPLOMATIC", re.compile(r"[A-Z]{2}\d{4}")),
    ("TEMPORARY", re.compile(r"T\d{4}")),
)
VIN_SHAPE = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
VIN_SHORTEST = 5
SEPARATORS = re.compile(r"[\s.\-_/]+")


class VinStatus(StrEnum):
    VALID = "VALID"
    SUGGESTED = "SUGGESTED"  # had O, I or Q: the digit is a suggestion, a person confirms
    SHORT = "SHORT"  # old cars and motorcycles
    INVALID = "INVALID"


@dataclass(frozen=True)
class Plate:
    """A plate without separators; `kind` is empty when the shape is none of Colombia's."""

    value: str
    kind: str = ""

    @property
    def warning(self) -> str:
        if "Ñ" in self.value:
            return f"La placa «{self.value}» lleva Ñ"
        return "" if self.kind or not self.value else f"La placa «{self.value}» no tiene una forma colombiana conocida"


@dataclass(frozen=True)
class Vin:
    value: str
    status: VinStatus
    suggestion: str = ""


def plate(raw: str) -> Plate:
    """`zza-101` → ZZA101, CAR. Placeholders (`0KM`, `S/P`, `EN TRÁMITE`) are empty."""
    text = raw if raw.isalnum() and raw.isupper() else SEPARATORS.sub("", raw.upper() if "ñ" in raw.lower() else fold(raw))
    if not text or text in PLACEHOLDER_PLATES or len(set(text)) == 1:
        return Plate("")
    kind = next((name for name, shape in PLATE_SHAPES if shape.fullmatch(text)), "")
    return Plate(text[:10], kind)


def vin(raw: str) -> Vin:
    """A VIN in capitals without spaces; O, I and Q (never legal) get a suggestion instead of a refusal."""
    if VIN_SHAPE.fullmatch(raw):
        return Vin(raw, VinStatus.VALID)
    text = SEPARATORS.sub("", fold(raw))
    if VIN_SHAPE.fullmatch(text):
        return Vin(text, VinStatus.VALID)
    mended = text.translate(str.maketrans("OIQ", "010"))
    if VIN_SHAPE.fullmatch(mended):
        return Vin(text, VinStatus.SUGGESTED, mended)
    # A word (PENDIENTE, SIN VIN, NO TIENE) would make one car of many.
    if VIN_SHORTEST <= len(text) < 17 and text.isalnum() and not text.isalpha() and len(set(text)) > 1:
        return Vin(text, VinStatus.SHORT)
    return Vin(text[:20], VinStatus.INVALID)


def looks_like_vin(raw: str) -> bool:
    """True for a text that is a whole VIN, wherever it was typed."""
    return VIN_SHAPE.fullmatch(SEPARATORS.sub("", fold(raw))) is not None


def looks_like_plate(raw: str) -> bool:
    """True for a text with a known plate's shape, wherever it was typed."""
    return bool(plate(raw).kind)
