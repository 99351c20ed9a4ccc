"""A file's way in: read → clean → stage → merge by SQL, in one transaction; the check is the same work taken back.

A dry run that rolls back can't promise anything else than what applying will do.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction

from callcenter import clock
from callcenter.domain import erasure
from callcenter.domain.errors import Refused
from callcenter.enums import BatchStatus, OutreachState, RowStatus, WorkState
from callcenter.feeds import feeds
from callcenter.models import ImportBatch, ImportChange, ImportRow, Outreach, Site, User
from callcenter.spiga import merge, repeats, staging, undo
from callcenter.spiga.cleaning import Cleaned, Cleaner
from callcenter.spiga.feed import POINT_STAGE, Context, Feed
from callcenter.spiga.reader import Sheet, UnreadableFile
from callcenter.spiga.traces import MASTER
from callcenter.words import CODE_WORDS
from carrazos.lib.calendar import bogota

MAX_ROWS = 100_000
CHANGES_SHOWN = 1_000
PROBLEM_COLUMNS = ("batch_id", "number", "status", "code", "column", "value", "message", "place", "raw")
CHANGE_COLUMNS = ("batch_id", "number", "subject", "object_id", "before", "after")
DONE = ("CREATED", "UPDATED", "UNCHANGED")
REJECTING = frozenset({"BAD_PHONE", "NO_PHONE"})  # what the merge finds wrong with the row itself; the rest are exclusions
Report = Callable[..., None]


class NeedsColumns(UnreadableFile):
    """The list is there, but a person must say which column is which."""


class TakeBack(Exception):
    """Rolls the dry run back."""


@dataclass
class Result:
    """What an import did or would do; the totals reconcile: read = created + updated + unchanged + excluded + rejected."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    excluded: Counter = field(default_factory=Counter)
    rejected: Counter = field(default_factory=Counter)
    warnings: Counter = field(default_factory=Counter)
    problems: list[tuple] = field(default_factory=list)
    changes: list[tuple] = field(default_factory=list)
    sheet: Sheet | None = None
    new_rows: list[int] = field(default_factory=list)  # the numbers of those that create something

    def add(self, done: Cleaned) -> None:
        """Counts some cleaned rows in."""
        self.read += done.read
        self.problems += done.problems
        self.excluded += done.excluded
        self.rejected += done.rejected
        self.warnings += done.warnings

    @property
    def adds_up(self) -> bool:
        done = self.created + self.updated + self.unchanged + self.excluded.total() + self.rejected.total()
        return self.read == done

    def as_json(self) -> dict:
        return {
            "read": self.read, "created": self.created, "updated": self.updated, "unchanged": self.unchanged,
            "excluded": dict(self.excluded.most_common()), "rejected": dict(self.rejected.most_common()),
            "warnings": dict(self.warnings.most_common()),
        }  # fmt: skip


def silent(*_: object) -> None:
    """Progress that nobody watches."""


def already_imported(slug: str, data: bytes, site: Site | None) -> ImportBatch | None:
    """The batch that holds this very file, if there is one."""
    return repeats.same_file(slug, hashlib.sha256(data).hexdigest(), site)


def receive(
    slug: str, data: bytes, name: str, *, by: User | None, site: Site | None, at: datetime, repeat: bool = False, authorised: bool = False
) -> ImportBatch:
    """Stores an uploaded file as a batch that waits for its check; the same file twice is the same batch."""
    if not repeat and (known := already_imported(slug, data, site)):
        return known
    batch = ImportBatch(
        feed=slug, name=name[:160], sha256=hashlib.sha256(data).hexdigest(), size=len(data), site=site, requested_by=by,
        created_at=at, is_repeat=repeat, has_authorisation=authorised,
    )  # fmt: skip
    batch.file.save("file", ContentFile(data), save=False)
    try:
        with transaction.atomic():
            batch.save()
    except IntegrityError:
        # Somebody else uploaded the same file in the same instant.
        batch.file.delete(save=False)
        return already_imported(slug, data, site)
    return batch


def confirm(batch_id: int, *, by: User) -> ImportBatch:
    """Sends a checked batch to be applied; a second click finds it on its way. Raises Refused for who reaches less than it does."""
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        if batch.status == BatchStatus.CHECKED:
            if reason := batch.too_wide_for(by):
                raise Refused(reason)
            batch.status, batch.confirmed_by = BatchStatus.APPLYING, by
            batch.requeue()
            batch.save()
        return batch


def discard(batch_id: int, *, by: User) -> ImportBatch:
    """Puts a batch away of which nothing was written. Raises Refused for who reaches less than it does."""
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        if batch.can_be_dropped:
            if reason := batch.too_wide_for(by):
                raise Refused(reason)
            repeats.drop(batch)
        return batch


def resume(batch_id: int) -> ImportBatch:
    """Puts a batch whose work failed back in line; a second click finds it there."""
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        if batch.work_state == WorkState.FAILED:
            batch.requeue()
            batch.save()
        return batch


def run(batch: ImportBatch, report: Report = silent) -> None:
    """The job: checks a new batch, applies a confirmed one, takes one back."""
    if batch.status == BatchStatus.CHECKING:
        check(batch, report)
    elif batch.status == BatchStatus.APPLYING:
        apply(batch, report)
    elif batch.status == BatchStatus.UNDOING:
        undo.take_back(batch, feeds()[batch.feed], at=clock.now(), report=report)


def check(batch: ImportBatch, report: Report = silent) -> Result | None:
    """What applying would do, with every row that is not clean; nothing of the list is written. None: unreadable."""
    result: Result | None = None
    try:
        with transaction.atomic():
            result = work(batch, report)
            raise TakeBack
    except TakeBack:
        keep(batch, result, BatchStatus.CHECKED)
    except UnreadableFile as refusal:
        refuse(batch, refusal)
    return result


def apply(batch: ImportBatch, report: Report = silent) -> Result | None:
    """Writes the list in one transaction. None: unreadable."""
    try:
        with transaction.atomic():
            with merge.keys_at_once():
                result = work(batch, report)
            keep(batch, result, BatchStatus.APPLIED)
            if result.excluded["ERASED"]:
                erasure.forget_rows(batch)
        merge.renew_statistics((*MASTER, *feeds()[batch.feed].leaves), made=result.created)
        return result
    except UnreadableFile as refusal:
        refuse(batch, refusal)
        return None


def refuse(batch: ImportBatch, refusal: UnreadableFile) -> None:
    batch.status = BatchStatus.MAPPING if isinstance(refusal, NeedsColumns) else BatchStatus.UNREADABLE
    batch.error = refusal.reason
    batch.save(update_fields=["status", "error", "about"])


def open_list(batch: ImportBatch) -> tuple[Sheet, dict[str, tuple[int, ...]]]:
    """The batch's list with the person's corrections, and where each field stands. Raises UnreadableFile, NeedsColumns."""
    kind = feeds()[batch.feed]
    if not batch.file:
        raise UnreadableFile("Este archivo ya no se conserva (protección de datos): descárguelo otra vez de SPIGA.")
    with batch.file.open("rb") as file:
        sheet = kind.open(file.read(), batch.name, sheets=batch.sheets, guess=True)
    where = kind.match_all(sheet.header)
    about(batch, sheet, where, kind)
    if lacking := kind.missing({name: places[0] for name, places in where.items()}):
        raise NeedsColumns(f"Al archivo le faltan columnas de «{kind.title}»: {', '.join(lacking)}. Compruebe que sea ese informe.")
    for number, position, value in batch.edits.values_list("number", "position", "value"):
        sheet.edits.setdefault(number, {})[position] = value
    if batch.retry_of_id:
        pending = ImportRow.objects.filter(batch=batch.retry_of_id, status=RowStatus.REJECTED)
        sheet.only = frozenset(pending.values_list("number", flat=True))
    return sheet, where


def work(batch: ImportBatch, report: Report) -> Result:
    """Reads, cleans, stages and merges. Raises UnreadableFile."""
    kind = feeds()[batch.feed]
    at = batch.stamp = clock.now()
    today = bogota(at).date()
    report("Leyendo el archivo")
    sheet, where = open_list(batch)
    merge.over_sets()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('carrazos.stamp', %s, true)", [at.isoformat()])
    staging.reset()
    result = stage(kind(), sheet, where, Context(batch, today=today, at=at, preamble=sheet.preamble), report)
    report("Guardando", result.read, result.read)
    merge.alone()
    origin_stands(batch)
    with connection.cursor() as cursor:
        columns = dict(kind.stage)
        if "site_id" in columns:
            cursor.execute("SELECT DISTINCT site_id FROM stage WHERE site_id IS NOT NULL ORDER BY 1")
            batch.about["sites"] = [pk for (pk,) in cursor.fetchall()]
        if {"site_id", "brand_id"} <= columns.keys():
            cursor.execute("SELECT DISTINCT site_id, brand_id FROM stage WHERE site_id IS NOT NULL AND brand_id IS NOT NULL ORDER BY 1, 2")
            batch.about["pairs"] = cursor.fetchall()
    merge.begin()
    kind().merge(batch, at=at, today=today)
    batch.about["opened"] = Outreach.objects.filter(batch=batch, state=OutreachState.OPEN).count()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = on")
    tally(result, sheet)
    if not result.adds_up:
        raise AssertionError(f"import {batch.pk} does not reconcile: {result.as_json()}")
    return result


def origin_stands(batch: ImportBatch) -> None:
    """A retry is the rest of a list that was applied. Raises UnreadableFile when that list was taken back meanwhile."""
    origin = batch.retry_of_id and ImportBatch.objects.get(pk=batch.retry_of_id)
    if origin and origin.status != BatchStatus.APPLIED:
        raise UnreadableFile(f"El listado n.º {origin.pk}, del que salen estas filas, se revirtió: súbalo completo otra vez.")


def about(batch: ImportBatch, sheet: Sheet, where: dict[str, tuple[int, ...]], kind: type[Feed]) -> None:
    """What the file says of itself, and which columns are used for what."""
    used = {position: name for name, positions in where.items() for position in positions}
    titles = {column.field: column.title for column in kind.columns}
    batch.about = {
        "preamble": sheet.preamble[:5],
        "sheet": sheet.name,
        "hidden": sheet.hidden,
        "others": list(sheet.others),
        "blocks": sheet.blocks if len(sheet.blocks) > 1 else [],
        "columns": [
            {"title": title, "field": used.get(index, ""), "label": titles.get(used.get(index, ""), ""), "samples": samples}
            for index, (title, samples) in enumerate(zip(sheet.header, sheet.samples(), strict=True))
        ],
    }


def stage(kind: Feed, sheet: Sheet, where: dict[str, tuple[int, ...]], context: Context, report: Report) -> Result:
    """Cleans every row into the temporary tables; what can't enter is kept with its reason."""
    result = Result()
    staging.create("stage", kind.stage)
    staging.create("stage_point", POINT_STAGE)
    for done in Cleaner(kind, sheet, where, context).all():
        result.add(done)
        if result.read > MAX_ROWS:
            raise UnreadableFile(f"El archivo tiene más de {MAX_ROWS:,} filas: divídalo por fechas.".replace(",", "."))
        staging.copy("stage", [name for name, _ in kind.stage], done.rows)
        staging.copy("stage_point", [name for name, _ in POINT_STAGE], done.points)
        report("Revisando filas", result.read)
    return result


def tally(result: Result, sheet: Sheet) -> None:
    """Counts what the merge said of each staged row, and keeps the cells of those that did not enter."""
    result.sheet = sheet
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM outcome WHERE code = 'CREATED'")
        result.new_rows = [number for (number,) in cursor.fetchall()]
        cursor.execute("SELECT code, count(*) FROM outcome GROUP BY code")
        for code, count in cursor.fetchall():
            if code in DONE:
                setattr(result, code.lower(), count)
            else:
                (result.rejected if code in REJECTING else result.excluded)[code] += count
        cursor.execute("SELECT n, code, message FROM outcome WHERE code <> ALL (%s)", [list(DONE)])
        left_out = {number: (code, message) for number, code, message in cursor.fetchall()}
        cursor.execute("SELECT n, code FROM notice")
        noticed = dict(cursor.fetchall())
    for number, cells in sheet.cells(noticed) if noticed else ():
        code = noticed[number]
        result.warnings[code] += 1
        result.problems.append((number, RowStatus.WARNING.value, code, "", "", CODE_WORDS[code], staging.as_json(cells)))
    if left_out:
        said = drop_warnings(result, left_out)
        for number, cells in sheet.cells(left_out):
            code, message = left_out[number]
            status = RowStatus.REJECTED if code in REJECTING else RowStatus.EXCLUDED
            result.problems.append((number, status.value, code, *said.get((number, code), ("", "", message)), staging.as_json(cells)))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n, subject, object_id, before::text, after::text FROM change WHERE after IS NOT NULL ORDER BY n LIMIT %s",
            [CHANGES_SHOWN],
        )
        result.changes = cursor.fetchall()


def drop_warnings(result: Result, left_out: dict[int, tuple[str, str]]) -> dict[tuple[int, str], tuple[str, str, str]]:
    """Takes the warnings of rows that did not enter out of the list; (row, code) → (column, value, message) of what they said."""
    said = {}
    for number, status, code, column, value, message, *_ in result.problems:
        if status == RowStatus.WARNING and number in left_out:
            said[number, code] = (column, value, message)
            result.warnings[code] -= 1
    result.problems = [row for row in result.problems if not (row[1] == RowStatus.WARNING and row[0] in left_out)]
    result.warnings += Counter()
    return said


def problem_lines(batch: ImportBatch, result: Result) -> Iterator[str]:
    """Every row that was not clean, where the person finds it in the file, and its cells."""
    many = len(result.sheet.places) > 1
    for number, status, code, column, value, message, cells in result.problems:
        place = result.sheet.place(number) if many else ""
        yield staging.line((batch.pk, number, status, code, column[:60], value, message, place, cells))


def new_lines(batch: ImportBatch, result: Result) -> Iterator[str]:
    """The cells of every row that will create something: the preview shows them, applying forgets them."""
    for number, cells in result.sheet.cells(frozenset(result.new_rows)):
        created = RowStatus.CREATED.value
        yield staging.line((batch.pk, number, created, created, "", "", "", "", staging.as_json(cells)))


def keep(batch: ImportBatch, result: Result, status: BatchStatus) -> None:
    """Writes the totals, every row that was not clean, and what changed of what was there before."""
    ImportRow.objects.filter(batch=batch).delete()
    ImportChange.objects.filter(batch=batch).delete()
    staging.copy("callcenter_importrow", PROBLEM_COLUMNS, problem_lines(batch, result))
    if status == BatchStatus.CHECKED:
        staging.copy("callcenter_importrow", PROBLEM_COLUMNS, new_lines(batch, result))
    if status == BatchStatus.APPLIED:
        # An undo needs them all, a preview only the first.
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO callcenter_importchange (batch_id, number, subject, object_id, before, after) "
                "SELECT %s, n, subject, object_id, before, after FROM change ORDER BY n",
                [batch.pk],
            )
    else:
        staging.copy("callcenter_importchange", CHANGE_COLUMNS, [staging.line((batch.pk, *change)) for change in result.changes])
    batch.counts, batch.status, batch.error = result.as_json(), status, ""
    if status == BatchStatus.APPLIED:
        batch.applied_at = clock.now()
    batch.save(update_fields=["counts", "about", "status", "error", "applied_at", "stamp"])


def import_now(batch: ImportBatch, *, dry_run: bool = False) -> Result | None:
    """Check or apply in this process, for the command line; the row is marked as a job would mark it."""
    batch.status = BatchStatus.CHECKING if dry_run else BatchStatus.APPLYING
    batch.work_state = WorkState.IDLE
    batch.save(update_fields=["status", "work_state"])
    result = check(batch) if dry_run else apply(batch)
    ImportBatch.objects.filter(pk=batch.pk).update(work_state=WorkState.DONE, finished_at=clock.now())
    return result
