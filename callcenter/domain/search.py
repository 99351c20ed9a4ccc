"""One box over the whole master: name without accents, document, plate, VIN, phone or e-mail, in any writing; and what a programme
numbers (screens §2.1).

What was typed is read once (`read`), and every kind of thing it may be is looked up by its own index. Names match by their
words, in any order, the last one as far as it was typed; only when nothing is found, by how they sound.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from django.db import connection
from django.db.models import BooleanField, Func, Q, QuerySet, Value

from callcenter import seams
from callcenter.enums import PointKind
from callcenter.models import ContactPoint, Customer, Site, User, Vehicle
from callcenter.models.customers import NAME_WORDS
from callcenter.prepared import Given, PreparedRows
from carrazos.lib import identity, phones, vehicles
from carrazos.lib.text import PARTICLES, clean, fold, key

LONGEST = 80
PER_GROUP = 8
SHORTEST_DIGITS = 4
VIN_TAIL = 5
MOST_VARIANTS = 24
MOST_BY_KEY = 1_000
MANY_WORDS, WHOLE_NAME = 3, 5
FEW_NAMES = 8_000
# Letters that Colombians hear as one; a variant replaces one of them at a time.
SOUNDS = (
    ("S", "Z", "C"),
    ("B", "V"),
    ("Y", "LL"),
    ("G", "J"),
    ("K", "C", "QU"),
    ("N", "NN"),
    ("S", "SS"),
    ("I", "Y"),
    ("X", "J"),
    ("M", "N"),
)


@dataclass(frozen=True)
class Wanted:
    """What a typed text may be; an empty field is «not that»."""

    words: tuple[str, ...] = ()
    document: str = ""  # the beginning of a document key
    documents: tuple[str, ...] = ()  # whole document keys
    phones: tuple[str, ...] = ()  # whole numbers, E.164
    phone: str = ""  # the beginning of one
    email: str = ""
    plate: str = ""
    vin: str = ""
    vin_tail: str = ""

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__dataclass_fields__)


@lru_cache(maxsize=1024)
def read(raw: str, area_codes: tuple[str, ...] = ()) -> Wanted:
    """What `raw` may be. `area_codes` complete seven-digit phones: those of the house's sites."""
    text = clean(raw, LONGEST).strip()
    if "@" in text:
        return Wanted(email=text.lower())
    compact = re.sub(r"[^A-Z0-9]", "", fold(text))
    if len(compact) < 2:
        return Wanted()
    if compact.isdigit():
        return read_digits(text, compact, area_codes)
    words = tuple(word for word in key(text).split() if word not in PARTICLES)
    has_digits = any(char.isdigit() for char in compact)
    if not has_digits:
        return Wanted(words=words, plate=compact if len(compact) == 3 else "")
    found = identity.document_key(identity.document(text))
    return Wanted(
        words=() if vehicles.looks_like_plate(text) or vehicles.looks_like_vin(text) else words,
        documents=(found,) if found else (),
        plate=(vehicles.plate(text).value or compact) if 3 <= len(compact) <= 7 else "",
        vin=compact if VIN_TAIL <= len(compact) <= 20 else "",
        vin_tail=compact if VIN_TAIL <= len(compact) < 17 else "",
    )


def read_digits(text: str, digits: str, area_codes: tuple[str, ...]) -> Wanted:
    if len(digits) < SHORTEST_DIGITS:
        return Wanted(plate=digits if len(digits) == 3 else "")
    whole = dict.fromkeys(
        phone.e164 for area in (area_codes or ("",)) for phone in phones.parse(text, area_code=area or None) if phone.callable
    )
    document = identity.document_key(identity.document(text))
    beginning = phones.bare(digits)
    return Wanted(
        document=digits if len(digits) <= 15 else "",
        documents=(document,) if document and document != digits else (),
        phones=tuple(whole),
        phone=f"+57{beginning}" if len(beginning) < 10 and beginning.startswith(("3", "60")) else "",
        vin_tail=digits if VIN_TAIL <= len(digits) < 17 else "",
    )


def area_codes() -> tuple[str, ...]:
    return tuple(sorted({code for code in Site.objects.values_list("area_code", flat=True) if code}))


# -- names -----------------------------------------------------------------------------------------------------------


def quoted(word: str) -> str:
    return f"'{word}'"  # words are A-Z and 0-9 only


def exact(words: Iterable[str]) -> str:
    return " & ".join(map(quoted, words))


def typing(words: tuple[str, ...]) -> str:
    """Whole words, the last one as far as it was typed."""
    return " & ".join([*map(quoted, words[:-1]), f"{quoted(words[-1])}:*"])


def beginnings(words: tuple[str, ...]) -> str:
    """Each word as far as it was typed. Of three and more, the long ones are whole names: the beginnings of frequent names, joined, cost most."""
    whole = {word for word in words[:-1] if len(words) >= MANY_WORDS and len(word) >= WHOLE_NAME}
    return " & ".join(quoted(word) if word in whole else f"{quoted(word)}:*" for word in words)


def variants(word: str) -> list[str]:
    """The word as it may have been written by ear: GOMES → GOMEZ, BALENCIA → VALENCIA, ERNANDEZ → HERNANDEZ."""
    bases = {word, f"H{word}" if word[0] in "AEIOU" else word, word.removeprefix("H") or word}
    found = set(bases)
    for base in bases:
        for group in SOUNDS:
            for heard, written in itertools.permutations(group, 2):
                for place in (match.start() for match in re.finditer(heard, base)):
                    found.add(base[:place] + written + base[place + len(heard) :])
    return sorted(found - {word})[:MOST_VARIANTS]


def by_ear(words: tuple[str, ...]) -> str:
    """Each word in every way it may have been heard; only the last one may still be unfinished."""
    last = len(words) - 1
    return " & ".join(
        "(" + " | ".join(quoted(form) + (":*" if place == last else "") for form in [word, *variants(word)]) + ")"
        for place, word in enumerate(words)
    )


def steps(words: tuple[str, ...]) -> list[str]:
    """The questions about a name, the strictest first."""
    return list(dict.fromkeys([exact(words), typing(words), beginnings(words)]))


def named(question: str) -> Func:
    """The condition «the words of the name answer the question», as the index has it."""
    return Func(NAME_WORDS, Value(question), template="%(expressions)s::tsquery", arg_joiner=" @@ ", output_field=BooleanField())


# -- lists: a condition ----------------------------------------------------------------------------------------------


def by_name(rows: QuerySet, question: str) -> Q | None:
    """The condition «the words of the name answer the question» for a list in its own order; None when nobody's do.

    The planner knows how many answer it, not that the list is sorted by those same words: hoping to meet a few rare ones on its
    way it would read half the list. So a few are found first; the frequent ones it does meet.
    """
    found = rows.filter(named(question)).order_by()
    expected = json.loads(found.explain(format="json"))[0]["Plan"]["Plan Rows"]
    if expected > FEW_NAMES:
        return Q(named(question))
    ids = list(found.values_list("pk", flat=True)[: 2 * FEW_NAMES + 1])
    if len(ids) > 2 * FEW_NAMES:  # the planner was far off
        return Q(named(question))
    return Q(pk__in=ids) if ids else None


def matching(rows: QuerySet, raw: str) -> QuerySet:
    """Of these customers, those that the text may mean: the condition of a list's search field."""
    wanted = read(raw, area_codes())
    if not wanted:
        return rows.none() if raw.strip() else rows
    # By keys: few, and each found by its own index. An OR over joins would read the whole table.
    either = Q(pk__in=[pk for _, pk, _ in key_ids(wanted, "", {}, MOST_BY_KEY)])
    if wanted.words:
        found = by_name(rows, beginnings(wanted.words))
        if found is None and not (wanted.plate or wanted.vin):
            found = by_name(rows, by_ear(wanted.words))
        either |= found or Q(pk__in=[])
    return rows.filter(either)


# -- the palette: a few hits of each kind -----------------------------------------------------------------------------

OF_POINT = "callcenter_contactpoint p JOIN callcenter_customer c ON c.id = p.customer_id"
# The vehicles first, a few, and only then whose they are: told both at once, the planner reads the whole table of owners.
OF_VEHICLE = """(SELECT id, plate, vin FROM callcenter_vehicle v WHERE {where} LIMIT 200) v
       JOIN callcenter_vehicleparty y ON y.vehicle_id = v.id AND y.until IS NULL JOIN callcenter_customer c ON c.id = y.customer_id"""
# By what a customer is found: (the group's title, the value that matched, from, where). Each has its own index.
KEYS = {
    "document": (
        "Documento",
        "c.document_number",
        "callcenter_customer c",
        "c.document_key <> '' AND c.document_key LIKE %(document)s || '%%'",
    ),
    "documents": (
        "Documento",
        "c.document_number",
        "callcenter_customer c",
        "c.document_key <> '' AND c.document_key = ANY (%(documents)s)",
    ),
    "phones": ("Teléfono", "p.value", OF_POINT, "p.value = ANY (%(phones)s)"),
    "phone": ("Teléfono", "p.value", OF_POINT, "p.value LIKE %(phone)s || '%%'"),
    "email": ("Correo", "p.value", OF_POINT, "p.value LIKE %(email)s || '%%'"),
    "plate": ("Placa", "v.plate", OF_VEHICLE, "v.plate <> '' AND v.plate LIKE %(plate)s || '%%'"),
    "vin": ("VIN", "v.vin", OF_VEHICLE, "v.vin <> '' AND v.vin LIKE %(vin)s || '%%'"),
    "vin_tail": ("VIN", "v.vin", OF_VEHICLE, "v.vin <> '' AND reverse(v.vin) LIKE reverse(%(vin_tail)s) || '%%'"),
}
# What of these is a way to reach somebody: found by its beginning too, it is shown masked as everywhere (threat 22).
POINTS = {"phones": PointKind.PHONE, "phone": PointKind.PHONE, "email": PointKind.EMAIL}
NAME_STATEMENT = """SELECT c.id FROM callcenter_customer c
    WHERE array_to_tsvector(string_to_array(c.name_key, ' ')) @@ %(question)s::tsquery AND c.merged_into_id IS NULL {scope}"""
# The planner knows how frequent a word is and reads the few rows off the table or asks the index. Of a name by ear it knows nothing,
# and often nobody has it: that is asked of the index, which a limit in sight would keep it from.
FROM_TABLE = f"{NAME_STATEMENT} LIMIT %(most)s"
FROM_INDEX = f"WITH found AS MATERIALIZED ({NAME_STATEMENT}) SELECT id FROM found LIMIT %(most)s"  # noqa: S608


def key_statement(name: str, scope: str, most: int) -> str:
    _, value, source, where = KEYS[name]
    inside, beside = (source.format(where=where), "true") if source is OF_VEHICLE else (source, where)
    return f"(SELECT '{name}', c.id, {value} FROM {inside} WHERE {beside} AND c.merged_into_id IS NULL {scope} LIMIT {most})"  # noqa: S608


@dataclass(frozen=True)
class Hit:
    """One line of the palette: whom it opens, and by what it was found."""

    customer: Customer
    why: str
    detail: str = ""


def scope_of(user: User) -> tuple[str, dict]:
    return ("", {}) if user.all_sites else ("AND c.sites && %(scope)s::bigint[]", {"scope": user.site_ids})


def name_ids(words: tuple[str, ...], user: User, most: int = PER_GROUP) -> list[int]:
    """Customers by name: whole words before beginnings, and by ear when there is neither."""
    scope, values = scope_of(user)
    found: dict[int, None] = {}
    with connection.cursor() as cursor:
        for question in steps(words):
            cursor.execute(FROM_TABLE.format(scope=scope), values | {"question": question, "most": most})
            found |= dict.fromkeys(pk for (pk,) in cursor.fetchall())
            # Whoever types a whole name and finds it wants nobody whose name only begins so.
            if len(found) >= most or (found and len(words) >= MANY_WORDS):
                break
        if not found:
            cursor.execute(FROM_INDEX.format(scope=scope), values | {"question": by_ear(words), "most": most})
            found |= dict.fromkeys(pk for (pk,) in cursor.fetchall())
    return list(found)[:most]


def key_ids(wanted: Wanted, scope: str, values: dict, most: int = PER_GROUP) -> list[tuple[str, int, str]]:
    """(kind, customer, the value that matched) by document, phone, e-mail, plate and VIN; one round trip."""
    names = [name for name in KEYS if getattr(wanted, name)]
    if not names:
        return []
    asked = {name: list(value) if isinstance(value := getattr(wanted, name), tuple) else value for name in names}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(key_statement(name, scope, most) for name in names), values | asked)
        return cursor.fetchall()


def find(raw: str, user: User) -> dict[str, list[Hit]]:
    """The palette's answer: group → hits, the surest group first; each customer once."""
    wanted = read(raw, area_codes())
    keyed = key_ids(wanted, *scope_of(user))
    by_name = name_ids(wanted.words, user) if wanted.words else []
    customers = Customer.objects.in_bulk({pk for _, pk, _ in keyed} | set(by_name))
    groups: dict[str, list[Hit]] = {}
    seen: set[int] = set()
    for kind, pk, value in keyed:
        if pk not in seen:
            seen.add(pk)
            shown = ContactPoint(kind=POINTS[kind], value=value).masked if kind in POINTS else value
            groups.setdefault(KEYS[kind][0], []).append(Hit(customers[pk], KEYS[kind][0], shown))
    named_hits = [Hit(customers[pk], "Nombre") for pk in by_name if pk not in seen]
    if named_hits:
        groups["Nombre"] = named_hits
    return {title: hits[:PER_GROUP] for title, hits in groups.items()}


@dataclass(frozen=True)
class Numbered:
    """A line of the palette that opens something a programme numbers: its number, of whom it is, and the address."""

    number: str
    detail: str
    url: str


def numbered(text: str, user: User) -> dict[str, list[Numbered]]:
    """What bears the number that was typed and this person may see, by the programmes' words (settings.NUMBER_FINDERS)."""
    found = {finder.group: finder(text, user) for finder in seams.plugged("NUMBER_FINDERS") if user.has_perm(finder.needs)}
    return {group: rows for group, rows in found.items() if rows}


def finder_of(group: str, *, needs: str) -> Callable[[Callable[..., list[Numbered]]], Callable[..., list[Numbered]]]:
    """Says under which word the box shows what a finder finds, and the permission of whoever may find it."""

    def mark(finder: Callable[..., list[Numbered]]) -> Callable[..., list[Numbered]]:
        finder.group, finder.needs = group, needs  # type: ignore[attr-defined]
        return finder

    return mark


class Car(NamedTuple):
    """What a list says of a vehicle."""

    plate: str
    vin: str
    last_visit_on: date | None


CARS_OF = PreparedRows(
    Vehicle.objects.filter(parties__customer__among=Given("customers"), parties__until__isnull=True).values_list(
        "parties__customer", "plate", "vin", "last_visit_on"
    )
)
PHONES_OF = PreparedRows(
    ContactPoint.objects.phones()
    .usable()
    .filter(customer__among=Given("customers"))
    .order_by("-position", "-id")
    .values_list("customer", "value")
)


def cars_of(customers: Iterable[int]) -> dict[int, list[Car]]:
    """The vehicles of each customer, by one query."""
    found: dict[int, list[Car]] = {}
    for customer, *car in CARS_OF(customers=list(customers)):
        found.setdefault(customer, []).append(Car(*car))
    return found


def plates(cars: Iterable[Car]) -> list[str]:
    return [car.plate or car.vin for car in cars]


def plates_of(customers: Iterable[int]) -> dict[int, list[str]]:
    """The plates (or VINs) of each customer's vehicles: what tells two namesakes apart."""
    return {customer: plates(cars) for customer, cars in cars_of(customers).items()}


def first_phones(customers: Iterable[int]) -> dict[int, str]:
    """The phone that the console would dial, of each customer."""
    return dict(PHONES_OF(customers=list(customers)))
