"""Pages by keyset: one is asked for by the last row of the page before, so depth costs nothing and a row that leaves the list
shifts no other out of sight.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Field, Func, IntegerField, Model, QuerySet, Value
from django.db.models.expressions import Combinable

LARGEST = 2**63  # what PostgreSQL compares a number with


@dataclass(frozen=True)
class Cut:
    """One page: its rows, and the cursors of its neighbours; empty where there is none."""

    rows: list[Any]
    previous: str
    next: str


def cut(rows: QuerySet, names: Sequence[str], params: Mapping[str, str], *, size: int, descending: bool = False) -> Cut:
    """The page that `after` or `before` in the address asks for, in the order of `names`, whose last one is unique.

    `names` are fields or annotations that are never null; an index on them in that order makes any depth cost the same.
    """
    cursor, backwards = (params["before"], True) if "before" in params else (params.get("after", ""), False)
    taken = list(ordered(rows, names, cursor, descending=descending, backwards=backwards)[: size + 1])
    more, taken = len(taken) > size, taken[:size]
    if backwards:
        taken.reverse()
    has_next = bool(taken) and (more or backwards)
    has_previous = bool(taken) and (more if backwards else bool(cursor))
    return Cut(taken, cursor_of(taken[0], names) if has_previous else "", cursor_of(taken[-1], names) if has_next else "")


def ordered(rows: QuerySet, names: Sequence[str], cursor: str = "", *, descending: bool = False, backwards: bool = False) -> QuerySet:
    """The rows in order, from the cursor on."""
    falling = descending != backwards
    if at := values_of(cursor, [field_of(rows, name) for name in names]):
        beyond = Func(row_of(*map(F, names)), row_of(*at), template="(%(expressions)s)", arg_joiner=" < " if falling else " > ",
                      output_field=BooleanField())  # fmt: skip
        rows = rows.filter(beyond)
    return rows.order_by(*(F(name).desc() if falling else F(name).asc() for name in names))


def row_of(*parts: Combinable) -> Func:
    return Func(*parts, template="(%(expressions)s)", arg_joiner=", ")


def field_of(rows: QuerySet, name: str) -> Field:
    """The field that a name has values of: of the model, or of an annotation."""
    if name in rows.query.annotations:
        return rows.query.annotations[name].output_field
    return rows.model._meta.pk if name == "pk" else rows.model._meta.get_field(name)


def cursor_of(row: Model, names: Sequence[str]) -> str:
    """The place of a row, for an address."""
    values = [getattr(row, name) for name in names]
    written = json.dumps([value.isoformat() if hasattr(value, "isoformat") else value for value in values])
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def values_of(cursor: str, fields: Sequence[Field]) -> list[Value] | None:
    """What a cursor says; one that somebody tampered with is no cursor: the list begins at its head."""
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(found, list) or len(found) != len(fields):
            return None
        return [Value(valid(value, field), output_field=field) for value, field in zip(found, fields, strict=True)]
    except (ValueError, TypeError, ValidationError):
        return None


def valid(value: object, field: Field) -> object:
    """The value as the field holds it. Raises ValueError or ValidationError for what it can't."""
    if not isinstance(value, str | int) or "\0" in str(value):
        raise ValueError(value)
    found = field.to_python(value)
    if isinstance(field, IntegerField) and not -LARGEST < found < LARGEST:
        raise ValueError(value)
    return found
