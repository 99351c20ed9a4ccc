"""Text from people and files: the one gate, keys for matching, names as Colombians write them (domain 4.5)."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

MONTHS = ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
          "noviembre", "diciembre")  # fmt: skip
PARTICLES = frozenset({"DE", "DEL", "LA", "LAS", "LOS", "Y", "E"})
PLACEHOLDER_NAMES = frozenset({
    "CLIENTE VARIOS", "CLIENTES VARIOS", "VARIOS", "CLIENTE MOSTRADOR", "MOSTRADOR", "PRUEBA", "TEST", "NN", "N N", "X", "XX",
    "XXX", "CONSUMIDOR FINAL", "CLIENTE", "SIN NOMBRE", "NO REGISTRA", "CLIENTE PRUEBA", "CLIENTE GENERICO",
})  # fmt: skip
NOTHING = ("NULL", "N/A", "NA", "-", "--", ".", "S/D", "SIN DATO", "SIN DATOS", "NAN", "#N/D", "#N/A", "NONE")
EMPTY_WORDS = frozenset({"", *(shape(word) for word in NOTHING for shape in (str.upper, str.lower, str.title, str.capitalize))})

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
INVISIBLE = re.compile("[\u200b\u2060\ufeff]")  # zero width, but not the joiners that emoji need
NOT_WORD = re.compile(r"[^A-Z0-9]+")
# cp1252 has holes (81, 8D, 8F, 90, 9D) that Á and Í fall into: a hole is read as the control of its number.
CP1252_BYTES = {ord(bytes([code]).decode("cp1252")): code for code in range(0x80, 0xA0) if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}}
MOJIBAKE = re.compile("[ÃÂ][\u0080-\u00bf\u2018-\u203a\u0152-\u0192\u02c6\u02dc\u2020-\u2026\u20ac\u2122]|â€")


def clean(value: str, limit: int | None = None) -> str:
    """The gate of every boundary: no NUL, controls or lone surrogates; NFC; `\\n` line ends; capped at `limit`."""
    if value.isascii() and value.isprintable():
        text = value
    else:
        text = FORBIDDEN.sub("", unicodedata.normalize("NFC", FORBIDDEN.sub("", value)))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if limit is None else text[:limit]


def cell(value: str) -> str:
    """A cell as text: gate, spaces trimmed, SPIGA's words for "nothing" become empty (domain 3.2 §7)."""
    text = value.strip()
    if "Ã" in text or "Â" in text or "â€" in text:
        text = repair_mojibake(text).strip()
    # Printable means: no controls, no surrogates, nothing invisible, no space but the plain one.
    if not text.isprintable():
        text = INVISIBLE.sub("", clean(text)).replace("\u00a0", " ").replace("\u202f", " ").strip()
    elif not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if text in EMPTY_WORDS:
        return ""
    return text[1:].strip() if text[0] == "'" else text


def are_plain(values: Iterable[str]) -> bool:
    """True when `cell` would only trim these values and take the words for "nothing" out: nearly every row of a file."""
    text = "".join(values)
    if not text.isprintable() or "'" in text or "Ã" in text or "Â" in text or "â€" in text:
        return False
    return text.isascii() or unicodedata.is_normalized("NFC", text)


def one_line(value: str) -> str:
    """Runs of white space become one space."""
    return " ".join(value.split())


def bare_letter(char: str) -> str:
    decomposed = unicodedata.normalize("NFKD", char)
    return "".join(part for part in decomposed if not unicodedata.combining(part))


LATIN = {code: bare_letter(chr(code)) for code in range(0xC0, 0x250)}


def fold(value: str) -> str:
    """Upper case without accents (Ñ→N): for keys and comparisons only, never for display."""
    if value.isascii():
        return value.upper()
    text = value.translate(LATIN)
    return (text if text.isascii() else bare_letter(text)).upper()


@lru_cache(maxsize=8192)
def key(value: str) -> str:
    """Letters and digits of the folded text, words parted by one space."""
    folded = fold(value)
    return folded if folded.isalnum() else NOT_WORD.sub(" ", folded).strip()


def header_key(value: str) -> str:
    """A column's title for comparison: `N° Doc. Cliente` = `Nº Doc. Cliente` = `n doc cliente` (domain 3.2 §5)."""
    # NFKD turns º into o and ° into a space; both go first. U+FFFD is one lost letter.
    bare = value.replace("º", "").replace("ª", "").replace("°", "")
    return re.sub(r"[^a-z0-9\ufffd]+", " ", fold(bare).lower()).strip()


def headers_match(found: str, alias: str) -> bool:
    """True when two header keys are equal, letting U+FFFD stand for any one character."""
    if "\ufffd" not in found:
        return found == alias
    pattern = "".join("[a-z0-9]?" if char == "\ufffd" else re.escape(char) for char in found)
    return re.fullmatch(pattern, alias) is not None


def repair_mojibake(value: str) -> str:
    """`NÃºm.` → `Núm.` when re-reading as UTF-8 takes the damage away; the text itself otherwise."""
    if not MOJIBAKE.search(value):
        return value
    try:
        repaired = value.translate(CP1252_BYTES).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
    return value if MOJIBAKE.search(repaired) else repaired


def name_key(raw: str) -> str:
    """Sorted words without accents or particles: `PÉREZ GÓMEZ, JUAN` and `Juan Perez  Gomez` have the same."""
    return " ".join(sorted(word for word in key(raw).split() if word not in PARTICLES))


def display_name(raw: str) -> str:
    """Title case with low particles; with a comma the given names come first. Company endings stay capital."""
    text = one_line(raw)
    if text.count(",") == 1:
        family, given = (part.strip() for part in text.split(","))
        text = f"{given} {family}" if given and family else given or family
    return " ".join(display_word(word, index) for index, word in enumerate(text.split(" ")))


@lru_cache(maxsize=65536)
def display_word(word: str, index: int) -> str:
    bare = fold(word).replace(".", "")
    if bare in {"SAS", "SA", "LTDA", "EU", "ESP", "NN"} or (len(bare) == 1 and word.endswith(".")):
        return word.upper()
    if index and bare in PARTICLES:
        return word.lower()
    return "-".join(part[:1].upper() + part[1:].lower() for part in word.split("-"))


def greeting_name(raw: str, name: str = "") -> str:
    """The first given name when the order is known (a comma tells); otherwise the whole name, as the master writes it. Never guesses."""
    text = one_line(raw)
    if text.count(",") == 1:
        given = text.split(",")[1].split()
        if given:
            return display_word(given[0], 0)
    return name or display_name(raw)


def masked_address(shown: str) -> str:
    """`r•••@correo.co`: the e-mail addresses of a text as a page shows them until somebody asks for the whole (threat 22)."""
    return re.sub(r"([^\s@])[^\s@]*@", r"\1•••@", shown)


def is_placeholder_name(raw: str) -> bool:
    """True for names that stand for nobody: `CLIENTE MOSTRADOR`, `PRUEBA`, `X`, `.`"""
    bare = key(raw)
    return len(bare.replace(" ", "")) < 2 or bare in PLACEHOLDER_NAMES


def long_date(day: date) -> str:
    """`22 de noviembre de 2026`."""
    return f"{day.day} de {MONTHS[day.month - 1]} de {day.year}"
