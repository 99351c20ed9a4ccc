"""The audit trail, written by the database itself: who changed what, from what, to what; and who read personal data.

One trigger per statement: bulk updates, raw SQL and imports leave the same trail as a form. A model joins with
`triggers = audited()` in its Meta. Only what changed is kept, so that erasing a person has little to erase.
"""

from collections.abc import Sequence

import pgtrigger
from django.db import models

SECRET_COLUMNS = ("password",)  # that it changed is kept, never to what
SILENT_COLUMNS = ("last_login", "last_result", "last_used_at", "updated_at", "fence", "theme", "density", "single_keys")

WRITE = """
INSERT INTO callcenter_change (table_name, row_id, kind, at, actor_id, origin, before, after)
SELECT TG_TABLE_NAME, {id}, TG_OP, clock_timestamp(), nullif(current_setting('carrazos.actor', true), '')::bigint,
       coalesce(current_setting('carrazos.origin', true), ''), {before}, {after}
  FROM {rows};
RETURN NULL;
"""
MASKED = f"CASE WHEN {{0}}.key IN ({', '.join(repr(name) for name in SECRET_COLUMNS)}) THEN '\"***\"'::jsonb ELSE {{0}}.value END"
SILENT = f"b.key NOT IN ({', '.join(repr(name) for name in SILENT_COLUMNS)})"
WHOLE = f"(SELECT jsonb_object_agg(b.key, {MASKED.format('b')}) FROM jsonb_each(to_jsonb(r)) b WHERE {SILENT})"  # noqa: S608 -- our own column names
CHANGED = f"""old_rows o JOIN new_rows n ON n.id = o.id{{watched}}
 CROSS JOIN LATERAL (
   SELECT jsonb_object_agg(b.key, {MASKED.format("b")}) AS before, jsonb_object_agg(b.key, {MASKED.format("a")}) AS after
     FROM jsonb_each(to_jsonb(o)) b JOIN jsonb_each(to_jsonb(n)) a ON a.key = b.key
    WHERE a.value IS DISTINCT FROM b.value AND {SILENT}) d
WHERE d.before IS NOT NULL"""  # noqa: S608 -- our own column names
OPERATIONS = {
    "insert": (pgtrigger.Insert, {"new": "new_rows"}, {"id": "r.id", "before": "NULL", "after": WHOLE, "rows": "new_rows r"}),
    "update": (pgtrigger.Update, {"old": "old_rows", "new": "new_rows"},
               {"id": "n.id", "before": "d.before", "after": "d.after", "rows": CHANGED}),
    "delete": (pgtrigger.Delete, {"old": "old_rows"}, {"id": "r.id", "before": WHOLE, "after": "NULL", "rows": "old_rows r"}),
}  # fmt: skip


def audited(*, inserts: bool = True, watching: Sequence[str] = ()) -> list[pgtrigger.Trigger]:
    """The triggers of a model. `inserts=False` for rows that arrive by the hundred thousand and carry their own origin;
    `watching`: an update is kept only when one of these columns changed, where machines write the others by the hundred thousand."""
    columns = [f"({', '.join(f'{row}.{name}' for name in watching)})" for row in "no"]
    watched = f" AND {columns[0]} IS DISTINCT FROM {columns[1]}" if watching else ""
    return [
        pgtrigger.Trigger(
            name=f"audit_{name}", level=pgtrigger.Statement, when=pgtrigger.After, operation=operation,
            referencing=pgtrigger.Referencing(**tables),
            func=WRITE.format(**parts | {"rows": parts["rows"].replace("{watched}", watched)}),
        )
        for name, (operation, tables, parts) in OPERATIONS.items()
        if inserts or name != "insert"
    ]  # fmt: skip


class Change(models.Model):
    """One change of one row. Nobody edits it: the application's role may only add and read."""

    table_name = models.CharField("tabla", max_length=63)
    row_id = models.BigIntegerField("registro")
    kind = models.CharField(
        "qué", max_length=6, choices=[("INSERT", "Creó"), ("UPDATE", "Cambió"), ("DELETE", "Borró"), ("ERASE", "Suprimió")]
    )
    at = models.DateTimeField("cuándo")
    # No constraint: a trail outlives what it speaks of, and costs the writer nothing.
    actor = models.ForeignKey(
        "callcenter.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+", verbose_name="quién"
    )
    origin = models.CharField("desde", max_length=160, blank=True)
    before = models.JSONField("antes", null=True)
    after = models.JSONField("después", null=True)

    class Meta:
        verbose_name, verbose_name_plural = "cambio", "cambios"
        indexes = [
            models.Index(fields=["table_name", "row_id", "-id"], name="change_row"),
            models.Index(fields=["actor", "-id"], name="change_actor"),
        ]
        permissions = [("see_history", "Puede ver el historial de cambios y accesos")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.table_name} {self.row_id}"


class AuditSeal(models.Model):
    """A stretch of the trail as it stood: a fingerprint of each row, chained to the seal before it (callcenter/domain/seals.py)."""

    first, last = models.BigIntegerField("desde el cambio"), models.BigIntegerField("hasta el cambio", unique=True)
    rows = models.PositiveIntegerField("cambios")
    leaves = models.BinaryField("huellas")
    digest = models.CharField("sello", max_length=64)
    at = models.DateTimeField("cuándo")

    class Meta:
        verbose_name, verbose_name_plural = "sello del historial", "sellos del historial"

    def __str__(self):
        return f"{self.first}-{self.last} {self.digest[:12]}"


class Access(models.TextChoices):
    VIEW = "VIEW", "Vio"
    DOWNLOAD = "DOWNLOAD", "Descargó"
    EXPORT = "EXPORT", "Exportó"


class AccessLog(models.Model):
    """Somebody read personal data: written before the first byte leaves (Ley 1581, art. 17)."""

    user = models.ForeignKey("callcenter.User", models.PROTECT, db_index=False, related_name="+", verbose_name="quién")
    action = models.CharField("qué", max_length=8, choices=Access)
    about = models.CharField("de qué", max_length=160)
    customer = models.ForeignKey(
        "callcenter.Customer", models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="+", verbose_name="cliente"
    )
    rows = models.PositiveIntegerField("filas", default=1)
    sha256 = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField("cuándo")

    class Meta:
        verbose_name, verbose_name_plural = "acceso a datos", "accesos a datos"
        indexes = [models.Index(fields=["user", "-at"], name="access_user"), models.Index(fields=["-at"], name="access_at")]

    def __str__(self):
        return f"{self.user} {self.get_action_display().lower()} {self.about}"
