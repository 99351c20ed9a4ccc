"""Repairs offered beside each group of errors: what a person would type in every cell, done to all of them at once."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from carrazos.lib import phones
from carrazos.lib.vehicles import vin as parse_vin

# The field whose cell mends a problem that names no column of its own.
FIELD_OF = {
    "NO_PHONE": "mobile", "BAD_PHONE": "mobile", "NO_NAME": "customer_name", "NO_VEHICLE": "plate", "NO_SITE": "branch",
    "UNKNOWN_SITE": "branch", "NO_REASON": "reason",
}  # fmt: skip
AREAS = ("601", "602", "604", "605", "606", "607", "608")
LOCAL_DIGITS = 7
DATE_PARTS = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})([/.\-])(\d{2,4})(.*)", re.DOTALL)


@dataclass(frozen=True)
class Repair:
    """One way to mend a cell. `argument` says what the person adds: nothing, a text, an area code, a site or a brand."""

    slug: str
    label: str
    mend: Callable[[str, str, date], str]  # cell, argument, today → cell
    argument: str = ""


def put(_cell: str, argument: str, _today: date) -> str:
    return argument


def empty(_cell: str, _argument: str, _today: date) -> str:
    return ""


def mend_numbers(cell: str, mend: Callable[[str], str]) -> str:
    """`mend` for the digits of each number of the cell that can't be called; the good ones stay as they are."""
    parts = phones.split(cell)
    mended = [part if any(phone.callable for phone in phones.parse(part)) else mend(re.sub(r"\D", "", part)) or part for part in parts]
    return " / ".join(mended) if mended != parts else cell


def add_area(cell: str, argument: str, _today: date) -> str:
    """`2345678` → `6012345678` when the area is 601; what has more or fewer digits is left for a person."""
    return mend_numbers(cell, lambda digits: f"{argument}{digits[-7:]}" if argument in AREAS and len(digits) == LOCAL_DIGITS else "")


def last_ten(cell: str, _argument: str, _today: date) -> str:
    return mend_numbers(cell, lambda digits: digits[-10:])


def swap_day_and_month(cell: str, _argument: str, _today: date) -> str:
    """`11/25/2026` → `25/11/2026`."""
    found = DATE_PARTS.fullmatch(cell.strip())
    return "".join((found[3], found[2], found[1], found[4], found[5], found[6])) if found else cell


def this_year(cell: str, _argument: str, today: date) -> str:
    """`25/11/2062` → the same day of this year."""
    found = DATE_PARTS.fullmatch(cell.strip())
    return f"{found[1]}{found[2]}{found[3]}{found[4]}{today.year}{found[6]}" if found else cell


def mend_vin(cell: str, _argument: str, _today: date) -> str:
    """O → 0, I → 1, Q → 0: letters that no VIN has."""
    return parse_vin(cell).suggestion or cell


PUT = Repair("put", "Poner este valor en todas", put, "text")
EMPTY = Repair("empty", "Vaciar la celda en todas", empty)
AREA = Repair("area", "Agregar el indicativo", add_area, "area")
LAST_TEN = Repair("last-ten", "Dejar los últimos 10 dígitos", last_ten)
SITE = Repair("site", "Es de la sede", put, "site")
BRAND = Repair("brand", "Es de la marca", put, "brand")
SWAP = Repair("swap", "Intercambiar día y mes", swap_day_and_month)
YEAR = Repair("year", "Poner el año actual", this_year)
VIN = Repair("vin", "Cambiar O por 0, I por 1 y Q por 0", mend_vin)

BY_CODE = {
    "BAD_PHONE": (AREA, LAST_TEN),
    "UNKNOWN_SITE": (SITE,),
    "NO_SITE": (SITE,),
    "UNKNOWN_BRAND": (BRAND,),
    "BAD_DATE": (SWAP, YEAR, EMPTY),
    "DUE_DATE": (YEAR, SWAP, EMPTY),
    "VIN_LETTERS": (VIN,),
    "VIN_SHAPE": (EMPTY,),
    "VIN_SHORT": (EMPTY,),
    "NO_REASON": (PUT,),
    "BAD_ODOMETER": (EMPTY,),
    "DOCUMENT": (EMPTY,),
    "UNKNOWN_ADVISOR": (PUT, EMPTY),
    # Of every row its own: one value for all would make one customer of many.
    "NO_NAME": (),
    "NO_PHONE": (),
    "NO_VEHICLE": (),
    "NO_NUMBER": (),
    "ORDER_CONFLICT": (),
    "LOST_LETTERS": (),
    **dict.fromkeys(("CANCELLED_ORDER", "INTERNAL_ORDER", "NO_VISIT_DAY", "OLD_VISIT", "NO_PERSON", "ASKED_LATELY"), ()),
}
ALL = {repair.slug: repair for repair in (PUT, EMPTY, AREA, LAST_TEN, SITE, BRAND, SWAP, YEAR, VIN)}


def offered(code: str) -> tuple[Repair, ...]:
    """The repairs of a code; a value for all where nothing better is known."""
    return BY_CODE.get(code, (PUT,))
