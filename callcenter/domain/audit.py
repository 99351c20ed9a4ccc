"""The trail told in words, who is acting, and the log of who read personal data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models
from django.utils.dateparse import parse_date, parse_datetime

from callcenter.models import Access, AccessLog, Change, Customer, User
from callcenter.roles import TITLES
from carrazos.lib.calendar import bogota

SHOWN = 100


def act_as(user_id: int | None, origin: str, *, local: bool = False) -> None:
    """Names who acts for the triggers: for this connection, or (`local`) until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('carrazos.actor', %s, %s), set_config('carrazos.origin', %s, %s)",
            [str(user_id or ""), local, origin[:160], local],
        )


def note_access(
    user: User, action: Access, about: str, *, at: datetime, customer: Customer | None = None, rows: int = 1, sha256: str = ""
) -> AccessLog:
    """Writes that somebody reads personal data; call it before the first byte leaves."""
    return AccessLog.objects.create(user=user, action=action, about=about[:160], customer=customer, rows=rows, sha256=sha256, at=at)


# -- the trail in words ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One field that changed."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Story:
    """One change as a person reads it."""

    at: datetime
    who: str
    what: str
    subject: str
    row_id: int
    slug: str
    origin: str
    lines: tuple[Line, ...]


def by_table() -> dict[str, type[models.Model]]:
    """Audited table → its model."""
    return {model._meta.db_table: model for model in apps.get_models() if getattr(model._meta, "triggers", None)}


def model_of(slug: str) -> type[models.Model] | None:
    """The audited model of an address part: `customer`, `user`…"""
    return next((model for model in by_table().values() if model._meta.model_name == slug), None)


def in_words(field: models.Field, value: object, names: dict[tuple[type, int], str]) -> str:
    """A stored value as a person reads it: choices by label, references by name, dates on Bogotá's clock."""
    if value is None or value in ("", [], {}):
        return "—"
    if isinstance(value, bool):
        return "sí" if value else "no"
    if field.is_relation and isinstance(value, int):
        return names.get((field.related_model, value), f"n.º {value}")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.DateTimeField) and (moment := parse_datetime(str(value))):
        return f"{bogota(moment):%d/%m/%Y %H:%M}"
    if isinstance(field, models.DateField) and (day := parse_date(str(value))):
        return f"{day:%d/%m/%Y}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def field_of(model: type[models.Model], column: str) -> models.Field | None:
    found = next((field for field in model._meta.concrete_fields if field.column == column), None)
    if found is None:
        try:
            found = model._meta.get_field(column)
        except FieldDoesNotExist:
            return None
    if getattr(found, "generated", False):
        return found.output_field if found.output_field.verbose_name else None
    # A column without words in Spanish is the machine's own: a key of comparison says nothing to a reader.
    return found if found.verbose_name != found.name.replace("_", " ") or found.is_relation else None


def name_of(field: models.Field) -> str:
    """What a reader calls the field; a reference that says nothing of its own (of Django's groups) is called as what it points at."""
    unsaid = field.is_relation and field.verbose_name == field.name.replace("_", " ")
    return field.related_model._meta.verbose_name if unsaid else field.verbose_name


def is_inner(field: models.Field) -> bool:
    """True for what the code keeps for itself (a form's key, the state before an undo): nobody edits it, it tells a reader nothing."""
    return not field.editable


def references(changes: Iterable[Change], tables: dict[str, type[models.Model]]) -> dict[tuple[type, int], str]:
    """The names of every row that the changes point at, one query for each table."""
    wanted: dict[type, set[int]] = {}
    for change in changes:
        model = tables.get(change.table_name)
        for column, value in [*(change.before or {}).items(), *(change.after or {}).items()]:
            field = model and field_of(model, column)
            if field is not None and field.is_relation and isinstance(value, int):
                wanted.setdefault(field.related_model, set()).add(value)
    found = {
        (model, pk): str(row) for model, ids in wanted.items() for pk, row in model._base_manager.select_related().in_bulk(ids).items()
    }
    return {key: TITLES.get(name, name) if key[0] is Group else name for key, name in found.items()}


def tell(changes: Iterable[Change]) -> list[Story]:
    """The changes as stories, in the order given."""
    rows, tables = list(changes), by_table()
    names = references(rows, tables)
    people = User.objects.in_bulk({row.actor_id for row in rows if row.actor_id})
    return [story(row, tables.get(row.table_name), names, people) for row in rows]


def story(row: Change, model: type[models.Model] | None, names: dict, people: dict[int, User]) -> Story:
    before, after = row.before or {}, row.after or {}
    lines = []
    for column in dict.fromkeys([*before, *after]):
        field = model and field_of(model, column)
        if (
            field is None
            or column == "id"
            or is_inner(field)
            or (row.kind != "UPDATE" and before.get(column, after.get(column)) in (None, "", [], {}))
        ):
            continue
        label = str(name_of(field))
        lines.append(
            Line(label[:1].upper() + label[1:], in_words(field, before.get(column), names), in_words(field, after.get(column), names))
        )
    subject = model._meta.verbose_name if model else row.table_name
    who = str(people.get(row.actor_id) or ("Sistema" if row.actor_id is None else f"usuario n.º {row.actor_id}"))
    slug = model._meta.model_name if model else ""
    return Story(row.at, who, row.get_kind_display(), str(subject), row.row_id, slug, row.origin, tuple(lines))


def history_of(row: models.Model) -> list[Story]:
    """The trail of one row, newest first."""
    found = Change.objects.filter(table_name=row._meta.db_table, row_id=row.pk).order_by("-id")
    return tell(found[:SHOWN])


def scope_of(model: type[models.Model]) -> str | None:
    """What decides who sees a table's rows: "" its own `visible_to`, the name of the reference that has one, None for a catalogue."""
    if hasattr(model.objects.all(), "visible_to"):
        return ""
    links = (field for field in model._meta.concrete_fields if field.is_relation)
    return next((field.name for field in links if hasattr(field.related_model.objects.all(), "visible_to")), None)


def visible_row(model: type[models.Model], pk: int, user: User) -> models.Model | None:
    """The row whose history is asked, if it is the person's to see."""
    rows, scope = model.objects.filter(pk=pk), scope_of(model)
    if scope:
        related = model._meta.get_field(scope).related_model
        rows = rows.filter(**{f"{scope}__in": related.objects.all().visible_to(user)})
    elif scope == "":
        rows = rows.visible_to(user)
    return rows.first()
