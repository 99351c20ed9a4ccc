"""Workbooks for people: the rows that did not enter, with the reason beside each, and the empty list of a source."""

import io

from django.db.models import Q
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from callcenter.enums import RowStatus
from callcenter.models import ImportBatch, ImportRow
from callcenter.spiga.columns import ADDED, ADDED_KEYS
from callcenter.spiga.feed import Feed
from callcenter.words import CODE_WORDS
from carrazos.lib.text import clean, header_key

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def blank(kind: type[Feed]) -> io.BytesIO:
    """The titles of a source, the needed ones in bold: what a hand-made list must look like."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Listado")
    sheet.freeze_panes = "A2"
    needed = {name for group in kind.required for name in group}
    cells = []
    for column in kind.columns:
        cell = WriteOnlyCell(sheet, column.title)
        cell.font = Font(bold=column.field in needed)
        cells.append(cell)
    sheet.append(cells)
    return saved(book)


def saved(book: Workbook) -> io.BytesIO:
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out


def workbook(batch: ImportBatch) -> io.BytesIO:
    """The rows that are still out as they were read, the reason first; every cell is text, nothing is a formula. May be uploaded again."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("No importadas")
    sheet.freeze_panes = "A2"

    def text(value: object, *, bold: bool = False) -> WriteOnlyCell:
        cell = WriteOnlyCell(sheet, clean(str(value), 32_767))
        cell.data_type = "s"
        if bold:
            cell.font = Font(bold=True)
        return cell

    columns = batch.about.get("columns", [])
    # A workbook of ours that came back brings the columns we added: they are written anew.
    own = [index for index, column in enumerate(columns) if header_key(column["title"]) not in ADDED_KEYS]
    sheet.append([text(title, bold=True) for title in (*ADDED, *(columns[index]["title"] for index in own))])
    out = Q(batch=batch, status=RowStatus.EXCLUDED) | Q(batch=batch.latest, status=RowStatus.REJECTED)
    rows = ImportRow.objects.filter(out).order_by("number", "id")
    for row in rows.iterator(chunk_size=2_000):
        head = (row.place or row.number, row.get_status_display(), row.message, row.column, row.value, CODE_WORDS.get(row.code, ""))
        sheet.append([text(value) for value in (*head, *(row.raw[index] for index in own if index < len(row.raw)))])
    return saved(book)
