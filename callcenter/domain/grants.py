"""What the application's own database role may do: everything but rewrite the trail (reliability §0.10).

Production runs with two roles: the owner of the tables (migrations, `manage.py release`) and the application's. The trail and the log of
accesses can be added to and read, never changed: not by a bug, not by whoever takes over the application.
"""

import re

from django.db import connection

from callcenter.models import AccessLog, AuditSeal, Change

APPEND_ONLY = (Change, AccessLog, AuditSeal)


def grant_to(role: str) -> None:
    """Grants the application's role its work on every table, and takes back what it must not do. Safe to run twice.

    Raises ValueError for a name that is no plain identifier.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", role):
        raise ValueError(f"«{role}» no es un nombre de rol de PostgreSQL.")
    tables = ", ".join(model._meta.db_table for model in APPEND_ONLY)
    # A large import renews the planner's statistics (spiga/merge.py); it changes no row. PostgreSQL has the right since 17.
    maintain = [f"GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {role}"] if connection.pg_version >= 170_000 else []
    with connection.cursor() as cursor:
        for statement in (
            f"GRANT USAGE ON SCHEMA public TO {role}",
            f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
            f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}",
            *maintain,
            f"REVOKE UPDATE, DELETE, TRUNCATE ON {tables} FROM {role}",
            f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
        ):
            cursor.execute(statement)
