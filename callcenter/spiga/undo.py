"""Taking an import back while nobody has worked on it (domain 3.2 §10): its rows go, what it changed returns.

What somebody else uses by now stays, and a field that changed since keeps its newer value. Each feed says in `leaves`
what it writes; nothing here knows a feed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from callcenter.domain.errors import Refused
from callcenter.enums import BatchStatus
from callcenter.models import ImportBatch, User
from callcenter.spiga import merge, staging
from callcenter.spiga.feed import Feed
from callcenter.spiga.traces import MASTER, OWNED, Trace, changed, mine, references, used

UNDO_WITHIN = timedelta(hours=24)
NAMED = 3


def why_not(batch: ImportBatch, kind: type[Feed], *, at: datetime) -> str:
    """Why an import can't be taken back now; empty when it can."""
    if batch.status != BatchStatus.APPLIED:
        return "El archivo no está aplicado."
    if at - batch.applied_at > UNDO_WITHIN:
        return f"Pasaron más de {UNDO_WITHIN.total_seconds() / 3600:.0f} horas desde que se aplicó."
    return later(batch, kind) or worked_on(batch, kind)


def later(batch: ImportBatch, kind: type[Feed]) -> str:
    """A history is taken back from its end: a newer file of the same sites may have built on this one."""
    if not kind.history:
        return ""
    sites = set(batch.about.get("sites", []))
    newer = ImportBatch.objects.filter(feed__in=kind.kin(), status=BatchStatus.APPLIED, applied_at__gt=batch.applied_at)
    for other in newer.order_by("-applied_at"):
        theirs = set(other.about.get("sites", []))
        if not sites or not theirs or sites & theirs:
            return f"Después se aplicó «{other.name}», que escribe en lo mismo: revierta primero ese."
    return ""


def values_of(batch: ImportBatch) -> dict[str, object]:
    return {"batch": batch.pk, "stamp": batch.stamp, "applied": batch.applied_at}


def worked_on(batch: ImportBatch, kind: type[Feed]) -> str:
    """Which rows of a batch somebody has worked on, or something else needs by now; empty when none."""
    for trace in kind.leaves:
        reasons = [f"({mine(trace)} OR {changed(trace)}) AND ({trace.worked.format(x='x')})"] if trace.worked else []
        reasons += [] if trace.used_stays else [f"({mine(trace)}) AND ({used(trace, kind.leaves)})"]
        condition = " OR ".join(f"({reason})" for reason in reasons)
        if not condition:
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT x.id FROM {trace.table} x WHERE {condition} LIMIT {NAMED}", values_of(batch))  # noqa: S608 -- ours
            found = [pk for (pk,) in cursor.fetchall()]
        if found:
            names = [trace.name.format(row) for row in trace.rows.filter(pk__in=found)]
            return f"Ya se trabajó en {', '.join(names)}{'…' if len(names) == NAMED else '.'}"
    return ""


def request(batch_id: int, kind: type[Feed], *, by: User, at: datetime) -> ImportBatch:
    """Sends an applied batch to be taken back. Raises Refused with the reason why it can't."""
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        if batch.status == BatchStatus.UNDOING:
            return batch
        if reason := why_not(batch, kind, at=at) or batch.too_wide_for(by):
            raise Refused(reason)
        batch.status, batch.undone_by = BatchStatus.UNDOING, by
        batch.requeue()
        batch.save()
        return batch


def take_back(batch: ImportBatch, kind: type[Feed], *, at: datetime, report: Callable[..., None]) -> None:
    """The job: looks again under lock, then takes everything back in one transaction."""
    report("Revirtiendo")
    with transaction.atomic(), connection.cursor() as cursor:
        merge.over_sets()
        merge.alone()
        staging.reset()
        values = values_of(batch)
        for trace in kind.leaves:
            cursor.execute(f"SELECT x.id FROM {trace.table} x WHERE {mine(trace)} FOR UPDATE", values)  # noqa: S608 -- our own tables
        if reason := later(batch, kind) or worked_on(batch, kind):
            batch.status, batch.error = BatchStatus.APPLIED, f"No se revirtió; mientras tanto algo cambió. {reason}"
            batch.save(update_fields=["status", "error"])
            return
        gone, restored = {}, 0
        for trace in (*kind.leaves, *MASTER):
            cursor.execute(
                f"CREATE TEMP TABLE undone_{trace.subject} ON COMMIT DROP AS "  # noqa: S608 -- our own tables
                f"SELECT x.* FROM {trace.table} x WHERE {mine(trace)} OR {changed(trace)}",
                values,
            )
            count = remove(cursor, trace, kind.leaves, values)
            if count and trace.told:
                gone[str(trace.kind._meta.verbose_name_plural)] = count
            restored += restore(cursor, trace, values)
        kind().taken_back(batch, at=at)
        batch.status, batch.undone_at, batch.about = BatchStatus.UNDONE, at, {**batch.about, "undone": {"gone": gone, "restored": restored}}
        batch.save(update_fields=["status", "undone_at", "about"])
        batch.retries.filter(status__in=(BatchStatus.CHECKED, BatchStatus.MAPPING)).update(
            status=BatchStatus.CANCELLED, error=f"El listado n.º {batch.pk}, del que salen estas filas, se revirtió."
        )


def remove(cursor: Any, trace: Trace, leaves: Sequence[Trace], values: dict[str, object]) -> int:
    """The rows that the import made go, with what is theirs; how many."""
    condition = f"({mine(trace)})" + (f" AND NOT ({used(trace, leaves)})" if trace.used_stays else "")
    cursor.execute(f"CREATE TEMP TABLE going ON COMMIT DROP AS SELECT x.id FROM {trace.table} x WHERE {condition}", values)  # noqa: S608
    for kind, column in references(trace.kind, let_go=True):
        cursor.execute(f"UPDATE {kind._meta.db_table} SET {column} = NULL WHERE {column} IN (SELECT id FROM going)")  # noqa: S608
    for kind, column in references(trace.kind):
        if kind._meta.label in OWNED and trace.model not in OWNED:
            cursor.execute(f"DELETE FROM {kind._meta.db_table} WHERE {column} IN (SELECT id FROM going)")  # noqa: S608
    cursor.execute(f"DELETE FROM {trace.table} WHERE id IN (SELECT id FROM going)")  # noqa: S608
    count = cursor.rowcount
    cursor.execute("DROP TABLE going")
    return count


def restore(cursor: Any, trace: Trace, values: dict[str, object]) -> int:
    """Gives fields back what they held, where they still hold what the file wrote; how many rows."""
    columns = ", ".join(trace.columns)
    places = ", ".join(f"p.{name}" for name in trace.columns)
    cursor.execute(
        f"UPDATE {trace.table} t SET ({columns}) = (SELECT {places} FROM jsonb_populate_record(t, c.before) p) "  # noqa: S608
        "FROM callcenter_importchange c WHERE c.batch_id = %(batch)s AND c.subject = %(subject)s AND c.before IS NOT NULL "
        "AND c.object_id = t.id AND to_jsonb(t) @> (c.after - %(keeps)s::text[])",
        values | {"subject": trace.subject, "keeps": list(trace.keeps)},
    )
    return cursor.rowcount
