"""What an import changes of what was there: each field before and after, in a person's words (screens §2.6)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from callcenter.enums import CustomerKind, PartyRole, PointKind
from callcenter.models import Brand, Customer, ImportBatch, ImportChange, Vehicle
from carrazos.lib import phones

# Fields that say something to a person, with their label; keys and scopes are not shown.
LABELS = {
    "vin": "VIN", "plate": "Placa", "family": "Gama", "model": "Modelo", "model_year": "Año modelo", "brand_id": "Marca",
    "odometer_km": "Kilómetros", "last_visit_on": "Última entrada al taller", "name": "Nombre", "kind": "Tipo",
    "document_number": "Documento", "dms_code": "Código de tercero", "city": "Ciudad", "reason": "Motivo", "role": "Relación",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One field of one row."""

    number: int
    whose: str
    label: str
    before: str
    after: str


def lines(batch: ImportBatch, *, most: int | None = None) -> Iterator[Line]:
    """Every visible change of a batch, in the order of its rows; `most` bounds how many rows of it are looked at."""
    found = list(batch.changes.order_by("number", "id")[:most])
    whose = names(found)
    brands = dict(Brand.objects.values_list("pk", "name"))
    order = {"vehicle": 0, "customer": 1, "point": 2, "party": 3, "motive": 4}
    for change in sorted(found, key=lambda item: (item.number, order.get(item.subject, 9), item.pk)):
        for field, before, after in fields(change):
            shown = (words(field, value, brands) for value in (before, after))
            yield Line(change.number, whose.get((change.subject, change.object_id), ""), label(change, field), *shown)


def fields(change: ImportChange) -> Iterator[tuple[str, object, object]]:
    """(field, before, after) of what a person understands."""
    before, after = change.before or {}, change.after or {}
    if change.subject == "point":
        yield "value", None, after.get("value")
        return
    for field in after:
        if field in LABELS:
            yield field, before.get(field), after[field]


def label(change: ImportChange, field: str) -> str:
    if change.subject == "point":
        return "Correo" if (change.after or {}).get("kind") == PointKind.EMAIL else "Teléfono"
    return LABELS[field]


def words(field: str, value: object, brands: dict[int, str]) -> str:
    """A stored value as people read it."""
    if value in {None, ""}:
        return ""
    if field == "brand_id":
        return brands.get(value, "")
    if field == "odometer_km":
        return f"{value:,}".replace(",", ".")
    if field == "last_visit_on":
        return f"{date.fromisoformat(value):%d/%m/%Y}"
    if field == "kind":
        return CustomerKind(value).label
    if field == "role":
        return PartyRole(value).label
    text = str(value)
    return phones.display(text) if text.startswith("+") else text


def names(found: Iterable[ImportChange]) -> dict[tuple[str, int], str]:
    """Whose each change is: a customer's name or a vehicle's plate."""
    wanted: dict[str, set[int]] = {"vehicle": set(), "customer": set()}
    for change in found:
        if change.subject in wanted:
            wanted[change.subject].add(change.object_id)
    shown = {("customer", pk): name for pk, name in Customer.objects.filter(pk__in=wanted["customer"]).values_list("pk", "name")}
    cars = Vehicle.objects.filter(pk__in=wanted["vehicle"]).values_list("pk", "plate", "vin")
    return shown | {("vehicle", pk): plate or vin for pk, plate, vin in cars}
