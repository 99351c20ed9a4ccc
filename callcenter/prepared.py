"""Hot statements, prepared once by each connection: where planning costs more than running."""

import re

from django.db import connection
from psycopg import RawCursor


class Prepared:
    """A statement with `%(name)s` parameters. It names its columns: a prepared `*` breaks when a column is added."""

    def __init__(self, statement: str):
        # `$n` once: psycopg would read a long text anew at every call.
        self.names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
        self.text = re.sub(r"%\((\w+)\)s", lambda found: f"${self.names.index(found[1]) + 1}", statement)

    def row(self, values: dict) -> tuple | None:
        """The first row of the answer. Raises Django's errors, so that a database that went away answers 503 here as everywhere."""
        connection.close_if_health_check_failed()
        connection.ensure_connection()
        with connection.wrap_database_errors, RawCursor(connection.connection) as cursor:
            cursor.execute(self.text, [values[name] for name in self.names], prepare=True)
            return cursor.fetchone()
