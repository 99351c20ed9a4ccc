"""Rows into a temporary table by COPY, in chunks, so that a hundred thousand cost no memory."""

import json
from collections.abc import Sequence

from django.db import connection

from carrazos.lib.text import clean

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
NULL = "\\N"
CHUNK_ROWS = 2_000


def reset() -> None:
    """Drops what an earlier import left in this session, when both run in one transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TABLE pg_temp."{name}"')


def create(table: str, columns: Sequence[tuple[str, str]]) -> None:
    """A temporary table that lives until the transaction ends."""
    body = ", ".join(f"{name} {kind}" for name, kind in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE {table} ({body}) ON COMMIT DROP")


def encode(value: object) -> str:
    """One value in COPY's text format."""
    return NULL if value is None else str(value).translate(ESCAPES)


def as_json(cells: Sequence[str]) -> str:
    """Cells as JSON that PostgreSQL takes: what it refuses (NUL, lone surrogates) is gone."""
    return json.dumps([clean(cell) for cell in cells], ensure_ascii=False)


class Copier:
    """Collects rows and sends them chunk by chunk; use as a context manager."""

    def __init__(self, table: str, columns: Sequence[tuple[str, str]]):
        names = ", ".join(f'"{name}"' for name, _ in columns)
        self.sql = f"COPY {table} ({names}) FROM STDIN"
        self.tabs = len(columns) - 1
        self.lines: list[str] = []

    def __enter__(self) -> "Copier":
        return self

    def __exit__(self, kind: object, _value: object, _trace: object) -> None:
        if kind is None:
            self.flush()

    def add(self, row: tuple) -> None:
        line = "\t".join([value if value.__class__ is str else NULL if value is None else str(value) for value in row])
        # Nearly no line needs escapes; one look at the whole line tells.
        if line.count("\t") != self.tabs or line.count("\\") != row.count(None) or "\n" in line or "\r" in line:
            line = "\t".join(map(encode, row))
        self.lines.append(line)
        if len(self.lines) >= CHUNK_ROWS:
            self.flush()

    def flush(self) -> None:
        if not self.lines:
            return
        with connection.cursor() as cursor, cursor.copy(self.sql) as copy:
            copy.write("\n".join(self.lines) + "\n")
        self.lines.clear()
