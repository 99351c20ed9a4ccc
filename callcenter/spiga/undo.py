"""Taking an import back while nobody has worked on it (domain 3.2 §10): its rows go, what it changed returns.

What somebody else uses by now stays, and a field that changed since keeps its newer value.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, models, transaction

from callcenter.domain.errors import Refused
from callcenter.enums import BatchStatus, OutreachState
from callcenter.models import ContactPoint, Customer, ImportBatch, Outreach, User, Vehicle, VehicleParty
from callcenter.spiga.feed import Feed

UNDO_WITHIN = timedelta(hours=24)
# What belongs to a customer or a vehicle and goes with it.
OWNED = frozenset({"callcenter_contactpoint", "callcenter_vehicleparty"})
VEHICLE_COLUMNS = "vin, plate, family, model, model_year, brand_id, odometer_km, last_visit_on"
CUSTOMER_COLUMNS = (
    "name, raw_name, name_key, kind, company_reason, document_type, document_number, check_digit, document_key, dms_code, city, sites"
)


def why_not(batch: ImportBatch, kind: type[Feed], *, at: datetime) -> str:
    """Why an import can't be taken back now; empty when it can."""
    if batch.status != BatchStatus.APPLIED:
        return "El archivo no está aplicado."
    if not kind.undoable:
        return f"«{kind.title}» no se puede revertir: actualiza fichas que otros ya usan."
    if at - batch.applied_at > UNDO_WITHIN:
        return f"Pasaron más de {UNDO_WITHIN.total_seconds() / 3600:.0f} horas desde que se aplicó."
    worked = list(worked_on(batch, kind)[:3])
    if worked:
        names = ", ".join(outreach.customer.name for outreach in worked)
        return f"Ya se trabajó en sus gestiones ({names}…)." if len(worked) == 3 else f"Ya se trabajó en la gestión de {names}."
    return ""


def worked_on(batch: ImportBatch, kind: type[Feed]) -> models.QuerySet:
    """The outreaches of a batch that somebody holds, has called, closed, or that anything else points at."""
    mine = {"callcenter_motive", *(table for table, _ in kind.made)}
    touched = "(o.state <> %s OR o.calls_made > 0 OR o.leased_by_id IS NOT NULL"
    touched += "".join(f" OR EXISTS (SELECT FROM {table} r WHERE r.{column} = o.id)" for table, column in references(Outreach, mine))
    # A later file that asked for the same car has put its own motive there.
    touched += " OR EXISTS (SELECT FROM callcenter_motive m WHERE m.outreach_id = o.id AND m.batch_id IS DISTINCT FROM o.batch_id))"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.id FROM callcenter_outreach o WHERE o.batch_id = %s AND {touched} LIMIT 3",  # noqa: S608 -- our own tables
            [batch.pk, OutreachState.OPEN],
        )
        found = [pk for (pk,) in cursor.fetchall()]
    return Outreach.objects.filter(pk__in=found).select_related("customer")


def references(model: type[models.Model], passed_over: set[str] | frozenset[str]) -> list[tuple[str, str]]:
    """(table, column) of every foreign key to a model, but for some tables."""
    found = [
        (relation.related_model._meta.db_table, relation.field.column)
        for relation in model._meta.related_objects
        if not relation.many_to_many and relation.field.db_constraint  # the audit trail only remembers what was there
    ]
    return [(table, column) for table, column in found if table not in passed_over]


def unused(model: type[models.Model], passed_over: set[str] | frozenset[str] = frozenset()) -> str:
    """SQL: nothing points at row `x`."""
    return " AND ".join(f"NOT EXISTS (SELECT FROM {table} r WHERE r.{column} = x.id)" for table, column in references(model, passed_over))


def request(batch_id: int, kind: type[Feed], *, by: User, at: datetime) -> ImportBatch:
    """Sends an applied batch to be taken back. Raises Refused with the reason why it can't."""
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        if batch.status == BatchStatus.UNDOING:
            return batch
        if reason := why_not(batch, kind, at=at):
            raise Refused(reason)
        batch.status, batch.requested_by = BatchStatus.UNDOING, by
        batch.requeue()
        batch.save()
        return batch


def take_back(batch: ImportBatch, kind: type[Feed], *, at: datetime, report: Callable[..., None]) -> None:
    """The job: looks again under lock, then takes everything back in one transaction."""
    report("Revirtiendo")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '600s'")
        cursor.execute("SELECT id FROM callcenter_outreach WHERE batch_id = %s FOR UPDATE", [batch.pk])
        if worked := list(worked_on(batch, kind)):
            batch.status = BatchStatus.APPLIED
            batch.error = f"No se revirtió: mientras tanto se trabajó en la gestión de {worked[0].customer.name}."
            batch.save(update_fields=["status", "error"])
            return
        for table, column in kind.made:
            cursor.execute(
                f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM callcenter_outreach WHERE batch_id = %s)",  # noqa: S608
                [batch.pk],
            )
        gone = {"outreaches": 0}
        cursor.execute("DELETE FROM callcenter_motive WHERE batch_id = %s", [batch.pk])
        cursor.execute("DELETE FROM callcenter_outreach WHERE batch_id = %s", [batch.pk])
        gone["outreaches"] = cursor.rowcount
        remove_added(cursor, batch)
        gone |= remove_created(cursor, batch)
        gone["restored"] = restore(cursor, batch, "callcenter_vehicle", "vehicle", VEHICLE_COLUMNS)
        gone["restored"] += restore(cursor, batch, "callcenter_customer", "customer", CUSTOMER_COLUMNS)
        batch.status, batch.undone_at, batch.about = BatchStatus.UNDONE, at, {**batch.about, "undone": gone}
        batch.save(update_fields=["status", "undone_at", "about"])


def remove_added(cursor: object, batch: ImportBatch) -> None:
    """Phones, e-mails and ownerships that the file added to people who were there before."""
    for model, subject in ((ContactPoint, "point"), (VehicleParty, "party")):
        condition = " AND " + unused(model) if references(model, frozenset()) else ""
        cursor.execute(
            f"DELETE FROM {model._meta.db_table} x USING callcenter_importchange c "  # noqa: S608 -- our own tables
            f"WHERE c.batch_id = %s AND c.subject = %s AND c.object_id = x.id{condition}",
            [batch.pk, subject],
        )


def remove_created(cursor: object, batch: ImportBatch) -> dict[str, int]:
    """Customers and vehicles that the file brought and nobody else uses; how many of each."""
    gone = {}
    for model, column, name in ((Customer, "customer_id", "customers"), (Vehicle, "vehicle_id", "vehicles")):
        cursor.execute(
            f"CREATE TEMP TABLE going ON COMMIT DROP AS SELECT x.id FROM {model._meta.db_table} x "  # noqa: S608
            f"WHERE x.created_at = %s AND {unused(model, OWNED)}",
            [batch.stamp],
        )
        for table, key in references(model, frozenset()):
            if table in OWNED and key == column:
                cursor.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT id FROM going)")  # noqa: S608
        cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id IN (SELECT id FROM going)")  # noqa: S608
        gone[name] = cursor.rowcount
        cursor.execute("DROP TABLE going")
    return gone


def restore(cursor: object, batch: ImportBatch, table: str, subject: str, columns: str) -> int:
    """Gives fields back what they held, where they still hold what the file wrote; how many rows."""
    places = ", ".join(f"p.{name.strip()}" for name in columns.split(","))
    cursor.execute(
        f"UPDATE {table} t SET ({columns}) = (SELECT {places} FROM jsonb_populate_record(t, c.before) p) "  # noqa: S608
        "FROM callcenter_importchange c WHERE c.batch_id = %s AND c.subject = %s AND c.object_id = t.id AND to_jsonb(t) @> c.after",
        [batch.pk, subject],
    )
    return cursor.rowcount
