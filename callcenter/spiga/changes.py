"""What an import changes of what was there: each field before and after, in a person's words (screens §2.6)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from django.db import models

from callcenter.enums import PointKind
from callcenter.models import Customer, ImportBatch, ImportChange
from callcenter.spiga.feed import Feed
from callcenter.spiga.traces import MASTER, Trace
from carrazos.lib import phones

# What follows from another field, or says nothing to a person.
SILENT = frozenset({"raw_name", "document_type", "check_digit", "raw_kind", "raw_phones", "has_hour", "due_on"})
# What a merge changes without a person having to read it: its consequences, told elsewhere.
UNSHOWN = frozenset({"visit", "differs", "notice", "past", "entry", "rne"})
# Whose a change is: the first of two fields that says something.
OWN_NAMES = {"vehicle": ("plate", "vin"), "customer": ("name", "name"), "order": ("number", "number"), "employee": ("name", "name"),
             "survey": ("customer__name", "customer__name"), "outreach": ("customer__name", "customer__name"),
             "booking": ("customer__name", "customer__name"), "refusal": ("customer__name", "customer__name"),
             "prospect": ("name", "name"), "activity": ("prospect_name", "advisor_name")}  # fmt: skip
Related = Callable[[type[models.Model], int], str]


@dataclass(frozen=True)
class Line:
    """One field of one row."""

    number: int
    whose: str
    label: str
    before: str
    after: str


def lines(batch: ImportBatch, kind: type[Feed], *, most: int | None = None) -> Iterator[Line]:
    """Every visible change of a batch, in the order of its rows; `most` bounds how many rows of it are looked at."""
    traces = {trace.subject: trace for trace in (*MASTER, *kind.leaves) if trace.subject not in UNSHOWN}
    shown = batch.changes.filter(subject__in=traces, after__isnull=False).order_by("number", "id")
    found = list(shown[:most])
    whose = names(found, traces)
    related = cache(lambda model, pk: str(model.objects.filter(pk=pk).first() or ""))
    order = {subject: place for place, subject in enumerate(("vehicle", "customer", "point", "party", "motive"))}
    for change in sorted(found, key=lambda item: (item.number, order.get(item.subject, 9), item.pk)):
        trace = traces[change.subject]
        for label, before, after in fields(change, trace, related):
            yield Line(change.number, whose.get((change.subject, change.object_id), ""), label, before, after)


def fields(change: ImportChange, trace: Trace, related: Related) -> Iterator[tuple[str, str, str]]:
    """(label, before, after) of what a person understands; a field's label is its name in the model."""
    before, after = change.before or {}, change.after or {}
    if change.subject == "point":
        yield ("Correo" if after.get("kind") == PointKind.EMAIL else "Teléfono"), "", words(None, after.get("value"), related)
        return
    for column in after:
        if (field := known(trace.kind, column)) is not None:
            yield label(field), words(field, before.get(column), related), words(field, after[column], related)


def known(kind: type[models.Model], column: str) -> models.Field | None:
    """The field of a column that people read; nothing for keys and scopes."""
    field = next((field for field in kind._meta.concrete_fields if field.column == column), None)
    is_named = field is not None and field.editable and field.verbose_name != field.name.replace("_", " ")
    return field if is_named and column not in SILENT else None


def label(field: models.Field) -> str:
    name = str(field.verbose_name)
    return name[:1].upper() + name[1:]


def words(field: models.Field | None, value: object, related: Related) -> str:
    """A stored value as people read it."""
    if value is None or value in ("", []):
        return ""
    if isinstance(field, models.ForeignKey):
        return related(field.related_model, value)
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return "Sí" if value else "No"
    if isinstance(field, models.DateTimeField | models.DateField):
        return f"{date.fromisoformat(str(value)[:10]):%d/%m/%Y}"
    if isinstance(field, models.PositiveIntegerField) and value > 9_999:
        return f"{value:,}".replace(",", ".")
    if isinstance(value, list):
        return ", ".join(words(None, item, related) for item in value)
    text = str(value)
    return phones.display(text) if text.startswith("+") else text


def names(found: Iterable[ImportChange], traces: dict[str, Trace]) -> dict[tuple[str, int], str]:
    """Whose each change is: a customer's name, a vehicle's plate, an order's number."""
    wanted: dict[str, set[int]] = {}
    for change in found:
        wanted.setdefault(change.subject, set()).add(change.object_id)
    shown = {}
    for subject, ids in wanted.items():
        if subject in OWN_NAMES:
            field, other = OWN_NAMES[subject]
            rows = traces[subject].rows.filter(pk__in=ids).values_list("pk", field, other)
            shown |= {(subject, pk): name or spare for pk, name, spare in rows}
    # A telephone that is not written yet is known by whose it will be.
    owners = {change.object_id: change.after.get("customer_id") for change in found if change.subject == "point"}
    people = dict(Customer.objects.filter(pk__in=filter(None, owners.values())).values_list("pk", "name"))
    return shown | {("point", pk): people.get(owner, "") for pk, owner in owners.items()}
