"""Are two customers one? Points for what they share, each with its sentence; a person decides (CAR-5)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher

from django.db import connection
from django.db.models import Count

from callcenter.enums import PairState, WorkState
from callcenter.models import ContactPoint, Customer, DuplicatePair, DuplicateScan, User
from callcenter.models.customers import SQL_UNUSABLE
from carrazos.lib import phones, text

SHOWN_FROM = 60  # a pair with fewer points is not worth anybody's time
SURE_FROM = 90
SHARED_BY_MANY = 4  # a phone of that many customers says nothing of any two of them
CHUNK = 2_000


@dataclass(frozen=True)
class Facts:
    """What is compared of one customer."""

    name_key: str
    kind: str = "PERSON"
    document_key: str = ""
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    vehicles: frozenset[str] = frozenset()
    city: str = ""


@dataclass(frozen=True)
class Score:
    """Points from 0 to 100 and the sentences that explain them, the weightiest first."""

    points: int
    reasons: tuple[str, ...]


@dataclass
class Case:
    """Two customers side by side."""

    one: Facts
    other: Facts
    crowded: frozenset[str] = field(default_factory=frozenset)  # phones and e-mails of too many people

    @property
    def similarity(self) -> float:
        return SequenceMatcher(None, self.one.name_key, self.other.name_key, autojunk=False).ratio()

    @property
    def words(self) -> tuple[set[str], set[str]]:
        return set(self.one.name_key.split()), set(self.other.name_key.split())


def same_document(case: Case) -> tuple[int, str] | None:
    one, other = case.one.document_key, case.other.document_key
    if not one or not other:
        return None
    return (70, f"Mismo documento {one}") if one == other else (-60, f"Documentos distintos: {one} y {other}")


def close_document(case: Case) -> tuple[int, str] | None:
    """One digit mistyped, or two swapped: the same length and letters that differ in two places at most."""
    one, other = case.one.document_key, case.other.document_key
    if not one or one == other or len(one) != len(other):
        return None
    wrong = [index for index, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    swapped = len(wrong) == 2 and one[wrong[0]] == other[wrong[1]] and one[wrong[1]] == other[wrong[0]]
    return (40, "Los documentos difieren en un solo dígito o en dos cambiados de lugar") if len(wrong) == 1 or swapped else None


def names(case: Case) -> tuple[int, str] | None:
    one, other = case.words
    if case.one.name_key == case.other.name_key:
        return 40 if len(one) > 2 else 30, "Mismo nombre"
    if len(one & other) >= 2 and (one <= other or other <= one):
        return 30, "Un nombre contiene al otro"
    if case.similarity >= 0.85:
        return 25, "Nombres casi iguales"
    if len(one & other) >= 2:
        return 5, "Comparten parte del nombre"
    return -30, "Nombres distintos"


def shared(attribute: str, points: int, sentence: str, show: Callable[[str], str] = str) -> Callable[[Case], tuple[int, str] | None]:
    """The rule for a set that both have: full points, few when too many people share the value."""

    def rule(case: Case) -> tuple[int, str] | None:
        both = getattr(case.one, attribute) & getattr(case.other, attribute)
        own = sorted(both - case.crowded)
        if own:
            return points, sentence.format(show(own[0]))
        return (5, f"{sentence.format(show(min(both)))}, pero lo tienen muchos clientes") if both else None

    return rule


def masked_phone(value: str) -> str:
    return phones.masked(phones.display(value))


def kinds(case: Case) -> tuple[int, str] | None:
    return (-40, "Una es empresa y la otra persona") if case.one.kind != case.other.kind else None


def cities(case: Case) -> tuple[int, str] | None:
    same = case.one.city and case.one.city.lower() == case.other.city.lower()
    return (5, f"Misma ciudad: {case.one.city}") if same else None


RULES: tuple[Callable[[Case], tuple[int, str] | None], ...] = (
    same_document,
    close_document,
    names,
    shared("phones", 35, "Mismo teléfono {}", masked_phone),
    shared("vehicles", 30, "Mismo vehículo {}"),
    shared("emails", 25, "Mismo correo {}", text.masked_address),
    kinds,
    cities,
)


def score(one: Facts, other: Facts, *, crowded: Iterable[str] = ()) -> Score:
    """The points of every rule, between 0 and 100, with a sentence for each that spoke."""
    case = Case(one, other, frozenset(crowded))
    said = [answer for rule in RULES if (answer := rule(case))]
    said.sort(key=lambda answer: -abs(answer[0]))
    total = sum(points for points, _ in said)
    return Score(max(0, min(100, total)), tuple(f"{sentence} ({points:+d})" for points, sentence in said))


# -- the whole master ------------------------------------------------------------------------------------------------

# Pairs worth a look: what they share is rare enough to mean something. A customer that was merged away is no further holder of it.
CANDIDATES = f"""
WITH standing AS MATERIALIZED (SELECT id, name_key FROM callcenter_customer WHERE merged_into_id IS NULL),
point AS (
  SELECT p.value, p.customer_id FROM callcenter_contactpoint p JOIN standing c ON c.id = p.customer_id
   WHERE p.status NOT IN ({SQL_UNUSABLE})),
shared_point AS (
  SELECT * FROM point WHERE value IN (SELECT value FROM point GROUP BY value HAVING count(*) BETWEEN 2 AND {SHARED_BY_MANY * 2})),
party AS (
  SELECT y.vehicle_id, y.customer_id FROM callcenter_vehicleparty y JOIN standing c ON c.id = y.customer_id WHERE y.until IS NULL),
shared_car AS (
  SELECT * FROM party WHERE vehicle_id IN (SELECT vehicle_id FROM party GROUP BY vehicle_id HAVING count(*) BETWEEN 2 AND {SHARED_BY_MANY * 2})),
shared_name AS (
  SELECT name_key, id AS customer_id FROM standing
   WHERE name_key LIKE '% % %' AND name_key IN (SELECT name_key FROM standing GROUP BY name_key HAVING count(*) BETWEEN 2 AND {SHARED_BY_MANY})),
candidate AS (
  SELECT a.customer_id AS first, b.customer_id AS second FROM shared_point a JOIN shared_point b ON b.value = a.value AND b.customer_id > a.customer_id
  UNION
  SELECT a.customer_id, b.customer_id FROM shared_car a JOIN shared_car b ON b.vehicle_id = a.vehicle_id AND b.customer_id > a.customer_id
  UNION
  SELECT a.customer_id, b.customer_id FROM shared_name a JOIN shared_name b ON b.name_key = a.name_key AND b.customer_id > a.customer_id)
SELECT first, second FROM candidate k
 WHERE NOT EXISTS (SELECT FROM callcenter_duplicatepair p WHERE p.first_id = k.first AND p.second_id = k.second AND p.state <> '{PairState.OPEN}')
 ORDER BY first, second"""  # noqa: S608 -- our own numbers and enum values

FACTS = """
SELECT c.id, c.name_key, c.kind, c.document_key, c.city,
       ARRAY(SELECT value FROM callcenter_contactpoint p WHERE p.customer_id = c.id AND p.kind = 'PHONE' AND p.status NOT IN ('WRONG', 'BLOCKED')),
       ARRAY(SELECT value FROM callcenter_contactpoint p WHERE p.customer_id = c.id AND p.kind = 'EMAIL' AND p.status <> 'WRONG'),
       ARRAY(SELECT COALESCE(NULLIF(v.plate, ''), v.vin) FROM callcenter_vehicleparty y JOIN callcenter_vehicle v ON v.id = y.vehicle_id
              WHERE y.customer_id = c.id AND y.until IS NULL)
  FROM callcenter_customer c WHERE c.id = ANY (%s)"""

CROWDED = f"""
SELECT p.value FROM callcenter_contactpoint p JOIN callcenter_customer c ON c.id = p.customer_id
 WHERE p.value = ANY (%s) AND c.merged_into_id IS NULL GROUP BY p.value HAVING count(DISTINCT c.id) >= {SHARED_BY_MANY}"""  # noqa: S608 -- as above


def facts_of(ids: Iterable[int]) -> dict[int, Facts]:
    """What is compared of each customer, by one query."""
    with connection.cursor() as cursor:
        cursor.execute(FACTS, [list(ids)])
        return {
            pk: Facts(name_key, kind, document_key, frozenset(numbers), frozenset(mails), frozenset(cars), city)
            for pk, name_key, kind, document_key, city, numbers, mails, cars in cursor.fetchall()
        }


def crowded_of(facts: Iterable[Facts]) -> set[str]:
    """Of the phones and e-mails of these customers, those of too many people."""
    values = {value for row in facts for value in row.phones | row.emails}
    with connection.cursor() as cursor:
        cursor.execute(CROWDED, [list(values)])
        return {value for (value,) in cursor.fetchall()}


def holders_of(values: Iterable[str], but: int) -> dict[str, int]:
    """How many other standing customers have each phone or e-mail."""
    rows = ContactPoint.objects.filter(value__in=list(values), customer__merged_into__isnull=True).exclude(customer=but)
    return dict(rows.values_list("value").annotate(Count("customer", distinct=True)).order_by())


def scored(pairs: list[tuple[int, int]]) -> Iterator[tuple[int, int, Score]]:
    """The pairs worth showing, with their scores."""
    facts = facts_of({pk for pair in pairs for pk in pair})
    crowded = crowded_of(facts.values())
    for first, second in pairs:
        if first in facts and second in facts and (found := score(facts[first], facts[second], crowded=crowded)).points >= SHOWN_FROM:
            yield first, second, found


def compare(one: Customer, other: Customer) -> Score:
    """The score of two customers as they are now."""
    facts = facts_of([one.pk, other.pk])
    return score(facts[one.pk], facts[other.pk], crowded=crowded_of(facts.values()))


def ask_scan(*, by: User | None, at: datetime) -> bool:
    """Leaves a search of the whole master as a job; False when one is under way."""
    if DuplicateScan.objects.filter(work_state__in=[WorkState.QUEUED, WorkState.RUNNING]).exists():
        return False
    DuplicateScan.objects.create(requested_by=by, created_at=at)
    return True


def scan(work: DuplicateScan, report: Callable[..., None] = lambda *_: None) -> None:
    """The job: looks the whole master over; pairs that somebody decided stay decided."""
    report("Buscando coincidencias")
    with connection.cursor() as cursor:
        cursor.execute(CANDIDATES)
        pairs = cursor.fetchall()
    found_at: datetime = work.started_at
    kept = 0
    for start in range(0, len(pairs), CHUNK):
        rows = [
            DuplicatePair(first_id=first, second_id=second, score=found.points, reasons=list(found.reasons), found_at=found_at)
            for first, second, found in scored(pairs[start : start + CHUNK])
        ]
        written = DuplicatePair.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["first", "second"], update_fields=["score", "reasons", "found_at"]
        )
        kept += len(written)
        report("Comparando", start + len(rows), len(pairs))
    # What no longer resembles (somebody corrected one of the two) leaves the queue.
    DuplicatePair.objects.open().filter(found_at__lt=found_at).delete()
    work.found = kept
    DuplicateScan.objects.filter(pk=work.pk).update(found=kept)
