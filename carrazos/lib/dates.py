"""SPIGA's date shapes, always day first (domain 3.2 §8)."""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from carrazos.lib.text import fold

EARLIEST = date(1990, 1, 1)
FUTURE_YEARS = 2
MONTH_NUMBERS = {"ENE": 1, "FEB": 2, "MAR": 3, "ABR": 4, "MAY": 5, "JUN": 6, "JUL": 7, "AGO": 8, "SEP": 9, "SET": 9, "OCT": 10,
                 "NOV": 11, "DIC": 12, "JAN": 1, "APR": 4, "AUG": 8, "DEC": 12}  # fmt: skip
DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2}|[A-Z]{3,10}\.?)[/.\-](\d{4}|\d{2})(?:[ T,]+(.+))?")
YEAR_FIRST = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})(?:[ T]+(.+))?")
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?: ?([AP]) ?M)?(?:Z|[+-]\d{2}:?\d{2})?")
EXCEL_1900, EXCEL_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 -- a cell has no zone


class BadDate(ValueError):
    """The text is no date, or one that cannot be meant; the message says which."""


@lru_cache(maxsize=65536)
def parse(raw: str, *, epoch_1904: bool = False) -> datetime:
    """A cell's text as a Bogotá clock reading without zone; midnight when it carries no time.

    Raises BadDate with a Spanish reason. A bare number is an Excel serial.
    """
    text = fold(raw.replace("\u00a0", " ").replace("\u202f", " ")).strip()
    if re.fullmatch(r"\d{4,5}(?:\.\d+)?", text):
        return (EXCEL_1904 if epoch_1904 else EXCEL_1900) + timedelta(days=float(text))
    if found := DAY_FIRST.fullmatch(text):
        day, month, year, clock = found.groups()
        month = MONTH_NUMBERS.get(month[:3]) if month[0].isalpha() else int(month)
    elif found := YEAR_FIRST.fullmatch(text):
        year, month, day, clock = found.groups()
    else:
        raise BadDate(f"«{raw}» no es una fecha; se espera dd/mm/aaaa")
    year = int(year) + (2000 if len(str(year)) == 2 else 0)
    try:
        hour, minute, second = parse_clock(clock, raw)
        return datetime(year, int(month or 0), int(day), hour, minute, second)  # noqa: DTZ001 -- a cell has no zone
    except ValueError as error:
        raise BadDate(f"«{raw}» no es una fecha que exista; se espera dd/mm/aaaa") from error


def parse_clock(text: str | None, raw: str) -> tuple[int, int, int]:
    if not text:
        return 0, 0, 0
    found = CLOCK.fullmatch(text.replace(".", "").strip() if "M" in text else text.strip())
    if not found:
        raise BadDate(f"«{raw}» trae una hora que no se entiende")
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        hour = hour % 12 + (12 if found[4] == "P" else 0)
    return hour, minute, second


def parse_plausible(raw: str, *, today: date, epoch_1904: bool = False) -> datetime:
    """As `parse`, refusing what SPIGA writes for "no date" (1899, 1900) and anything over two years ahead."""
    moment = parse(raw, epoch_1904=epoch_1904)
    if moment.date() < EARLIEST or moment.year > today.year + FUTURE_YEARS:
        raise BadDate(f"«{raw}» está fuera de lo posible (de 1990 a {today.year + FUTURE_YEARS})")
    return moment


def clock(raw: str) -> time | None:
    """`9:05`, `09:05:00 p. m.`, `0.375` as Excel keeps it, or the hour of a whole moment → the time of day; None for what is none."""
    text = fold(raw.replace("\u00a0", " ").replace("\u202f", " ")).strip()
    if re.fullmatch(r"0?[.,]\d+", text):
        return (EXCEL_1900 + timedelta(minutes=round(float(text.replace(",", ".")) * 24 * 60))).time()
    found = CLOCK.search(text.replace(".", "") if "M" in text else text)
    if not found:
        return None
    hour, minute = int(found[1]), int(found[2])
    if found[4]:
        hour = hour % 12 + (12 if found[4] == "P" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
