"""A list into a workbook, as a job: the rows its asker may see, filtered and ordered as on the screen, without a limit of pages.

Each download says what it is for. Past a day's quota it waits until another person approves it (reliability threat 22).
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import rustpy_xlsxwriter as xlsx
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Count, Sum
from django.http import QueryDict

from callcenter.domain import notices
from callcenter.domain.errors import Refused
from callcenter.enums import WorkState
from callcenter.models import ListExport, User
from callcenter.roles import OVERSEERS
from callcenter.tables import Column, Listing, listings, shown
from carrazos.lib.text import clean

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 100_000
CHUNK = 1_000
LONGEST_CELL = 32_000
DAILY_EXPORTS, DAILY_ROWS = 5, 5_000  # of one person in 24 hours


def ask(listing: Listing, query: str, columns: list[str], *, reason: str, by: User, at: datetime) -> ListExport:
    """Leaves a download as a job; past the day's quota it waits for somebody else, and whoever oversees is told at once."""
    rows = listing.filtered(QueryDict(query), by).qs.order_by()[: MOST_ROWS + 1].count()
    with transaction.atomic():
        User.objects.select_for_update().get(pk=by.pk)  # two windows at once share one quota
        today = ListExport.objects.filter(requested_by=by, created_at__gt=at - timedelta(days=1), approved_by=None)
        used = today.exclude(work_state=WorkState.IDLE).aggregate(number=Count("pk"), rows=Sum("rows", default=0))
        is_held = used["number"] >= DAILY_EXPORTS or used["rows"] + rows > DAILY_ROWS
        work = ListExport.objects.create(
            listing=listing.slug, query=query, columns=columns, reason=reason, requested_by=by, created_at=at, rows=rows,
            work_state=WorkState.IDLE if is_held else WorkState.QUEUED,
        )  # fmt: skip
        if is_held:
            words = f"{by} quiere descargar {rows:,} filas de {listing.title.lower()}: pasa del límite de un día".replace(",", ".")
            notices.notify(notices.holders(*OVERSEERS), f"export:{work.pk}", words, url="/historial/accesos/", at=at)
    return work


def approve(work: ListExport, *, by: User) -> None:
    """Lets a held download go. Raises Refused for one's own, or one that no longer waits."""
    with transaction.atomic():
        row = ListExport.objects.select_for_update().get(pk=work.pk)
        if row.requested_by_id == by.pk:
            raise Refused("Una descarga la aprueba otra persona.")
        if row.work_state != WorkState.IDLE:
            raise Refused("Esa descarga ya no espera aprobación.")
        row.approved_by = by
        row.requeue()
        row.save()


def columns_of(listing: Listing, names: list[str]) -> list[Column]:
    return [column for column in listing.columns if column.name in names] or list(listing.columns)


def cell(value: Any) -> Any:
    """Numbers and yes/no stay what they are; everything else is text, which no program reads as a formula."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return clean(shown(value), LONGEST_CELL)


def run(work: ListExport, report: Callable[..., None] = lambda *_: None) -> None:
    """The job. Raises Refused for a list too long to be of use to anybody."""
    listing, params = listings()[work.listing], QueryDict(work.query)
    found = listing.filtered(params, work.requested_by).qs
    total = found.order_by()[: MOST_ROWS + 1].count()
    if total > MOST_ROWS:
        raise Refused(f"La lista tiene más de {MOST_ROWS:,} filas: use los filtros para acotarla.".replace(",", "."))
    columns = columns_of(listing, work.columns)
    counter = {"rows": 0}

    def records() -> Iterator[dict[str, Any]]:
        _, order = listing.order(params)
        rows = listing.cut(found, order).iterator(chunk_size=CHUNK)
        while chunk := list(islice(rows, CHUNK)):
            for _, cells in listing.cells(chunk, columns):
                yield {column.title: cell(value) for column, value in cells}
            counter["rows"] += len(chunk)
            report("Escribiendo", counter["rows"], total)

    book = io.BytesIO()
    lines = records() if total else [{column.title: "" for column in columns}]
    xlsx.FastExcel(book).format(bold_headers=True).freeze(row=1).sheet(listing.title[:31], lines, column_width=22, autofilter=True).save()
    work.rows, work.sha256 = counter["rows"], hashlib.sha256(book.getvalue()).hexdigest()
    work.file.save("lista.xlsx", ContentFile(book.getvalue()), save=False)
    ListExport.objects.filter(pk=work.pk).update(rows=work.rows, file=work.file.name, sha256=work.sha256)
