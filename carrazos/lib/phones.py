"""Colombian phones out of whatever SPIGA's users typed (domain 4.4; Resolución CRC 5826 de 2019).

The numbering plan itself is `phonenumbers`' own: its patterns, compiled once, are ten times faster than its parser.
It accepts 3000000000 and 3111111111, so the rules against garbage are ours.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers

from carrazos.lib.text import fold


class PhoneKind(StrEnum):
    MOBILE = "MOBILE"
    FIXED = "FIXED"
    TOLL_FREE = "TOLL_FREE"
    FOREIGN = "FOREIGN"
    UNKNOWN = "UNKNOWN"


class PhoneStatus(StrEnum):
    VALID = "VALID"
    INFERRED = "INFERRED"  # the area code was added by us
    SUSPECT = "SUSPECT"  # well formed, but looks invented
    BAD_PHONE = "BAD_PHONE"


@dataclass(frozen=True, slots=True)
class Phone:
    """One number of a cell: `e164` is empty when it is unusable, `reason` then says why in Spanish."""

    e164: str
    kind: PhoneKind
    status: PhoneStatus
    raw: str
    label: str = ""
    extension: str = ""
    reason: str = ""

    @property
    def callable(self) -> bool:
        return self.status != PhoneStatus.BAD_PHONE


def plan(kind: str) -> re.Pattern[str]:
    """The national pattern of one kind of number."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region("CO")
    return re.compile(getattr(metadata, kind).national_number_pattern)


MOBILE, FIXED, TOLL_FREE = plan("mobile"), plan("fixed_line"), plan("toll_free")

SPLIT = re.compile(r"[,;/|\n]|\s-\s|\s[Yy]\s|\s[Oo]\s")
LABEL = re.compile(r"\(([^()]*[A-Za-zÁÉÍÓÚÑáéíóúñ][^()]*)\)")
EXTENSION = re.compile(r"(?:\bEXT(?:ENSION)?\.?|\bX)\s*:?\s*(\d{1,6})\s*$")
FLOAT = re.compile(r"\d+\.0+")
SCIENTIFIC = re.compile(r"(\d)[.,](\d+)E\+?(\d{1,2})", re.IGNORECASE)
TEN_DIGITS = re.compile(r"[1-9]\d{9}")
NOT_DIGIT = re.compile(r"\D")
SEVEN_EQUAL = re.compile(r"(\d)\1{6}")
REPEATED_PAIR = re.compile(r"(\d\d)\1{3}$")
ASCENDING = "01234567890123456789"
DESCENDING = ASCENDING[::-1]


def parse(raw: str, *, area_code: str | None = None) -> list[Phone]:
    """Every number in a cell, in order, without repeats; a part that is no number comes back as BAD_PHONE.

    `area_code` completes seven-digit numbers: the site's, written `1` or `601`.
    """
    text = raw.strip()
    if not text:
        return []
    if TEN_DIGITS.fullmatch(text):
        return [national(text, raw=text)]
    if found_scientific := SCIENTIFIC.fullmatch(text):
        first, rest, exponent = found_scientific.groups()
        if len(rest) < int(exponent):
            reason = "Excel lo guardó en notación científica y perdió dígitos"
            return [Phone("", PhoneKind.UNKNOWN, PhoneStatus.BAD_PHONE, text, reason=reason)]
        text = first + rest[: int(exponent)]
    found: list[Phone] = []
    for part in split(text):
        phone = one(part, area_code)
        if phone and not any(phone.e164 and phone.e164 == other.e164 for other in found):
            found.append(phone)
    return found


def split(text: str) -> list[str]:
    """Cuts a cell at separators, and two numbers that stand side by side."""
    parts = [part.strip() for part in SPLIT.split(text) if part.strip()]
    cut: list[str] = []
    for part in parts:
        digits = NOT_DIGIT.sub("", LABEL.sub("", part))
        if len(digits) == 20 and digits[0] in "36" and digits[10] in "36":
            cut += [digits[:10], digits[10:]]
        else:
            cut.append(part)
    return cut


def one(part: str, area_code: str | None) -> Phone | None:
    label = " ".join(text.strip() for text in LABEL.findall(part))
    text = LABEL.sub(" ", part).strip()
    if FLOAT.fullmatch(text):
        text = text.partition(".")[0]
    extension = ""
    if any(char.isalpha() for char in text):
        folded = fold(text)
        if ending := EXTENSION.search(folded):
            extension = ending[1]
            folded = folded[: ending.start()]
        label = label or " ".join(re.findall(r"[A-Z]{2,}", folded)).capitalize()
        text = folded
    digits = NOT_DIGIT.sub("", text)
    if not digits:
        return Phone("", PhoneKind.UNKNOWN, PhoneStatus.BAD_PHONE, part, label, reason="no trae dígitos") if text else None
    if text.startswith("+") and not digits.startswith("57"):
        return foreign(digits, part, label)
    return national(bare(digits), raw=part, label=label, extension=extension, area_code=area_code)


def bare(digits: str) -> str:
    """The national number: without 57, 0057, the old 03 prefix or leading zeros."""
    if digits.startswith("0057"):
        digits = digits[4:]
    elif len(digits) >= 12 and digits.startswith("57"):
        digits = digits[2:]
    if digits.startswith("03") and len(digits) in {10, 12}:
        digits = digits[2:]
    return digits[1:] if digits.startswith("0") and len(digits) in {8, 9, 11, 12} else digits


def national(digits: str, *, raw: str, label: str = "", extension: str = "", area_code: str | None = None) -> Phone:
    """Judges a national number of 7, 8 or 10 digits."""
    status = PhoneStatus.VALID
    if reason := garbage(digits):
        return Phone("", PhoneKind.UNKNOWN, PhoneStatus.BAD_PHONE, raw, label, extension, reason)
    if len(digits) == 7:
        if not area_code:
            return Phone("", PhoneKind.FIXED, PhoneStatus.BAD_PHONE, raw, label, extension, "le falta el indicativo 60X")
        digits, status = f"60{area_code[-1]}{digits}", PhoneStatus.INFERRED
    elif len(digits) == 8:
        digits, status = f"60{digits}", PhoneStatus.INFERRED
    if len(digits) == 10:
        kind = PhoneKind.MOBILE if MOBILE.fullmatch(digits) else PhoneKind.FIXED if FIXED.fullmatch(digits) else PhoneKind.UNKNOWN
    else:
        kind = PhoneKind.TOLL_FREE if TOLL_FREE.fullmatch(digits) else PhoneKind.UNKNOWN
    if kind is PhoneKind.UNKNOWN:
        reason = "no es un número del plan colombiano" if len(digits) == 10 else f"tiene {len(digits)} dígitos; se esperan 10"
        return Phone("", kind, PhoneStatus.BAD_PHONE, raw, label, extension, reason)
    if digits[-7:] in ASCENDING or digits[-7:] in DESCENDING:
        status = PhoneStatus.SUSPECT
    return Phone(f"+57{digits}", kind, status, raw, label, extension)


def garbage(digits: str) -> str:
    """Why a number cannot be anybody's, or an empty text."""
    if len(digits) < 7:
        return f"tiene {len(digits)} dígitos; se esperan 10"
    if SEVEN_EQUAL.search(digits):
        return "repite el mismo dígito"
    if any(whole in ASCENDING or whole in DESCENDING for whole in (digits, digits[1:])):
        return "es una secuencia"
    if REPEATED_PAIR.search(digits):
        return "repite el mismo par"
    return ""


@lru_cache(maxsize=4096)
def foreign(digits: str, raw: str, label: str) -> Phone:
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        return Phone("", PhoneKind.FOREIGN, PhoneStatus.BAD_PHONE, raw, label, reason="no es un número internacional")
    return Phone(f"+{digits}", PhoneKind.FOREIGN, PhoneStatus.VALID, raw, label)


def display(e164: str) -> str:
    """`300 555 0101`, `601 555 0101`; foreign numbers in international form."""
    if e164.startswith("+57") and len(e164) == 13:
        return f"{e164[3:6]} {e164[6:9]} {e164[9:]}"
    if not e164.startswith("+"):
        return e164
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return e164


def masked(shown: str) -> str:
    """`300 ••• ••01`: a number as a list shows it to whoever is not calling; a short one keeps only its end (threat 22)."""
    total, seen, out = sum(sign.isdigit() for sign in shown), 0, []
    head = 3 if total > 6 else 0
    for sign in shown:
        seen += sign.isdigit()
        out.append("•" if sign.isdigit() and head < seen <= total - 2 else sign)
    return "".join(out)


def is_mobile(e164: str) -> bool:
    """True for a Colombian mobile or a foreign number: what `wa.me` can reach."""
    return bool(e164.startswith("+57") and MOBILE.fullmatch(e164[3:])) or (e164.startswith("+") and not e164.startswith("+57"))
