"""A list into a workbook, as a job: the rows its asker may see, filtered and ordered as on the screen, without a limit of pages."""

import io
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import rustpy_xlsxwriter as xlsx
from django.core.files.base import ContentFile
from django.http import QueryDict

from callcenter.domain.errors import Refused
from callcenter.models import ListExport
from callcenter.tables import Column, Listing, listings, shown
from carrazos.lib.text import clean

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 100_000
CHUNK = 1_000
LONGEST_CELL = 32_000


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
        rows = listing.cut(found, order, "").iterator(chunk_size=CHUNK)
        while chunk := list(islice(rows, CHUNK)):
            for _, cells in listing.cells(chunk, columns):
                yield {column.title: cell(value) for column, value in cells}
            counter["rows"] += len(chunk)
            report("Escribiendo", counter["rows"], total)

    book = io.BytesIO()
    lines = records() if total else [{column.title: "" for column in columns}]
    xlsx.FastExcel(book).format(bold_headers=True).freeze(row=1).sheet(listing.title[:31], lines, column_width=22, autofilter=True).save()
    work.rows = counter["rows"]
    work.file.save("lista.xlsx", ContentFile(book.getvalue()), save=False)
    ListExport.objects.filter(pk=work.pk).update(rows=work.rows, file=work.file.name)
