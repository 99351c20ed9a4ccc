"""What a person says about a file before it enters: which column is which, which cells are wrong, which rows go again."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import IntegrityError, transaction

from callcenter.domain.errors import Refused
from callcenter.enums import BatchStatus, RowStatus
from callcenter.feeds import feeds
from callcenter.models import ColumnAlias, ImportBatch, ImportEdit, ImportRow, Site, User
from callcenter.models.spiga import WAITING
from callcenter.spiga import repairs, repeats
from callcenter.spiga.columns import match_headers
from carrazos.lib.text import clean, header_key, one_line

BUSY = "El archivo se está procesando: espere a que termine."
VALUE_MAX = 32_767  # characters that a cell of a workbook holds


def positions(batch: ImportBatch) -> dict[str, int]:
    """Title of the file → its place."""
    return {column["title"]: index for index, column in enumerate(batch.about.get("columns", [])) if column["title"]}


def position_of(row: ImportRow, batch: ImportBatch) -> int | None:
    """The cell that a problem is about; None when the file has no such column."""
    found = positions(batch).get(row.column)
    if found is not None:
        return found
    field = repairs.FIELD_OF.get(row.code)
    return next((index for index, column in enumerate(batch.about.get("columns", [])) if field and column["field"] == field), None)


def recheck(batch: ImportBatch) -> None:
    """Sends a batch to be checked again; its lock is held by the caller."""
    batch.status = BatchStatus.CHECKING
    batch.requeue()
    batch.save()


def remember_columns(batch_id: int, chosen: Mapping[int, str], *, sheets: list[str] | None = None) -> ImportBatch:
    """Keeps what each column is (position → field, empty to ignore it) for this and every later file of the source.

    Only what differs from what the product knows by itself is stored. Raises Refused for a batch that is past that step.
    """
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        if batch.status not in {BatchStatus.MAPPING, BatchStatus.CHECKED}:
            raise Refused(BUSY if batch.is_running else "Este archivo ya pasó por la revisión de columnas.")
        kind = feeds()[batch.feed]
        for index, column in enumerate(batch.about["columns"]):
            name, field = header_key(column["title"])[:60], chosen.get(index)
            if not name or field is None:
                continue
            if field == next(iter(match_headers([column["title"]], kind.columns)), ""):
                ColumnAlias.objects.filter(feed=batch.feed, alias=name).delete()
            else:
                ColumnAlias.objects.update_or_create(feed=batch.feed, alias=name, defaults={"field": field})
        if sheets is not None:
            batch.sheets = sheets
        recheck(batch)
        return batch


def correct(batch_id: int, cells: Mapping[tuple[int, int], str], *, by: User, at: datetime) -> ImportBatch:
    """Keeps corrections of cells, (row, column) → text, and has the file checked again with them.

    Of an applied file only the pending rows can be corrected: they go again as a retry, which is returned.
    Raises Refused when the file is being processed, or when the rows entered meanwhile.
    """
    with transaction.atomic():
        batch = open_for_corrections(batch_id, by=by, at=at)
        if batch.retry_of:
            waiting = set(batch.retry_of.rows.filter(status=RowStatus.REJECTED).values_list("number", flat=True))
            cells = {place: text for place, text in cells.items() if place[0] in waiting}
            if not cells:
                raise Refused("Esas filas ya entraron en un reintento.")
        keep(batch, cells, by=by, at=at)
        recheck(batch)
        return batch


def apply_rule(
    batch_id: int, *, status: str, code: str, slug: str, argument: str, by: User, at: datetime, today: date
) -> tuple[ImportBatch, int]:
    """Mends every row of one group by one of the offered repairs; the batch and how many cells changed.

    Raises Refused when the repair does not belong to the group or the file lacks the column, SameFile when the file is here for that site.
    """
    repair = next((item for item in repairs.offered(code) if item.slug == slug), None)
    if repair is None:
        raise Refused("Esa corrección no corresponde a este grupo.")
    argument = one_line(clean(argument))
    if repair.argument and not argument:
        raise Refused("Falta el valor que se debe poner.")
    with transaction.atomic():
        source = ImportBatch.objects.get(pk=batch_id).latest
        rows = list(ImportRow.objects.filter(batch=source, status=status, code=code))
        batch = open_for_corrections(source.pk, by=by, at=at)
        if repair.argument == "site" and all(position_of(row, source) is None for row in rows):
            batch.site = Site.objects.filter(name=argument, is_active=True).first()
            if batch.site is None:
                raise Refused("Elija una sede de la lista.")
            try:
                with transaction.atomic():
                    recheck(batch)
            except IntegrityError:
                raise repeats.SameFile(repeats.same_file(batch.feed, batch.sha256, batch.site), by) from None
            return batch, len(rows)
        cells = {}
        for row in rows:
            place = position_of(row, source)
            if place is not None:
                before = row.raw[place] if place < len(row.raw) else ""
                after = repair.mend(before, argument, today)
                if after != before:
                    cells[row.number, place] = after
        if not cells:
            raise Refused("Esa corrección no cambia ninguna fila del grupo.")
        keep(batch, cells, by=by, at=at)
        recheck(batch)
        return batch, len(cells)


def retry(batch_id: int, *, by: User, at: datetime) -> ImportBatch:
    """The pending rows of an applied file as a batch of their own; the one that is open already, if there is one.

    What an earlier retry brought in stays in: what goes again are the rows that it left, with its corrections.
    Raises Refused when nothing is pending.
    """
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        while batch.latest != batch:
            batch = ImportBatch.objects.select_for_update().get(pk=batch.latest.pk)
        if batch.status != BatchStatus.APPLIED:
            raise Refused("Solo se reintentan las filas de un archivo aplicado.")
        if reason := batch.too_wide_for(by):
            raise Refused(reason)
        if found := batch.retries.filter(status__in=WAITING).first():
            return found
        if not batch.rows.filter(status=RowStatus.REJECTED).exists():
            raise Refused("No quedan filas pendientes en este archivo.")
        return repeats.copy(batch, by=by, at=at, is_repeat=True, retry_of=batch, about=batch.about)


def open_for_corrections(batch_id: int, *, by: User, at: datetime) -> ImportBatch:
    """The batch itself while it waits for a person, its retry once it is applied; locked. Raises Refused."""
    batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
    if batch.status == BatchStatus.APPLIED:
        batch = ImportBatch.objects.select_for_update().get(pk=retry(batch.pk, by=by, at=at).pk)
        if batch.status == BatchStatus.CHECKING and not batch.attempts:
            return batch
    if batch.status != BatchStatus.CHECKED:
        raise Refused(BUSY if batch.is_running else "Este archivo ya no se puede corregir.")
    return batch


def keep(batch: ImportBatch, cells: Mapping[tuple[int, int], str], *, by: User, at: datetime) -> None:
    """Stores corrections; a later one of the same cell stands. Raises Refused for a text that no cell holds."""
    width = len(batch.about.get("columns", []))
    if any(len(text) > VALUE_MAX for text in cells.values()):
        raise Refused(f"Una celda no puede tener más de {VALUE_MAX:,} caracteres: acórtela.".replace(",", "."))
    ImportEdit.objects.bulk_create(
        [
            ImportEdit(batch=batch, number=number, position=place, value=clean(text).strip(), by=by, at=at)
            for (number, place), text in cells.items()
            if 0 <= place < width
        ],
        update_conflicts=True, unique_fields=["batch", "number", "position"], update_fields=["value", "by", "at"],
    )  # fmt: skip
