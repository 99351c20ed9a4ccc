"""Rows into a temporary table by COPY, in chunks, so that a hundred thousand cost no memory."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice

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


def line(row: tuple) -> str:
    """One row in COPY's text format."""
    text = "\t".join([value if value.__class__ is str else NULL if value is None else str(value) for value in row])
    # Nearly no row needs escapes; one look at the whole line tells.
    if text.count("\t") != len(row) - 1 or text.count("\\") != row.count(None) or "\n" in text or "\r" in text:
        return "\t".join(map(encode, row))
    return text


def copy(table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Sends lines made by `line` into a table; they may be made while they are sent."""
    made = iter(lines)
    some = list(islice(made, CHUNK_ROWS))
    if not some:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as out:
        while some:
            out.write("\n".join(some) + "\n")
            some = list(islice(made, CHUNK_ROWS))
