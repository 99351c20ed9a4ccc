"""Hot statements, prepared once by each connection: where planning costs more than running."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import ForeignKey, Lookup, QuerySet
from psycopg import RawCursor


class Prepared:
    """A statement with `%(name)s` parameters. It names its columns: a prepared `*` breaks when a column is added."""

    fixed: Mapping[str, Any] = {}  # values that are always the same

    def __init__(self, statement: str):
        # `$n` once: psycopg would read a long text anew at every call.
        self.names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
        self.text = re.sub(r"%\((\w+)\)s", lambda found: f"${self.names.index(found[1]) + 1}", statement)

    def row(self, values: dict) -> tuple | None:
        """The first row of the answer. Raises Django's errors, so that a database that went away answers 503 here as everywhere."""
        return self._answer(values, RawCursor.fetchone)

    def rows(self, values: dict) -> list[tuple]:
        """All rows of the answer. Raises as `row`."""
        return self._answer(values, RawCursor.fetchall)

    def _answer(self, values: dict, fetch: Callable) -> Any:
        connection.close_if_health_check_failed()
        connection.ensure_connection()
        with connection.wrap_database_errors, RawCursor(connection.connection) as cursor:
            cursor.execute(self.text, [self.fixed[name] if name in self.fixed else values[name] for name in self.names], prepare=True)
            if connection.queries_logged:  # whoever counts queries counts these too
                connection.queries_log.append({"sql": self.text, "time": "0"})
            return fetch(cursor)


@dataclass(frozen=True)
class Given:
    """Stands in a queryset where a value comes with each call."""

    name: str


@ForeignKey.register_lookup
class Among(Lookup):
    """`customer__among=[…]`: as `in`, but one parameter however many values, so that the statement is always the same."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*params, self.rhs]


class PreparedRows:
    """A queryset of values with `Given` in it, written once by the ORM: the rule of a manager stays where it is, and is fast."""

    def __init__(self, found: QuerySet):
        self.found = found

    @cached_property
    def statement(self) -> Prepared:
        text, params = self.found.query.sql_with_params()
        names = [value.name if isinstance(value, Given) else f"fixed{at}" for at, value in enumerate(params)]
        made = Prepared(text.replace("%s", "{}").format(*(f"%({name})s" for name in names)))
        made.fixed = {name: value for name, value in zip(names, params, strict=True) if not isinstance(value, Given)}
        return made

    def __call__(self, **values: Any) -> list[tuple]:
        """The rows for these values. Raises as `Prepared.row`."""
        return self.statement.rows(values)
