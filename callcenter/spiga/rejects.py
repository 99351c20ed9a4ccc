"""The rows that did not enter, back to Excel with the reason, ready to be mended and uploaded again."""

import io

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from callcenter.enums import RowStatus
from callcenter.models import ImportBatch
from callcenter.words import CODE_WORDS

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(batch: ImportBatch) -> io.BytesIO:
    """Reason first, then the row exactly as it was read; every cell is text, nothing is a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("No importadas")
    sheet.freeze_panes = "A2"

    def text(value: object, *, bold: bool = False) -> WriteOnlyCell:
        cell = WriteOnlyCell(sheet, str(value)[:32_767])
        cell.data_type = "s"
        if bold:
            cell.font = Font(bold=True)
        return cell

    titles = [column[0] for column in batch.about.get("columns", [])]
    sheet.append([text(title, bold=True) for title in ("Fila", "Resultado", "Motivo", "Columna", "Valor leído", "Qué hacer", *titles)])
    rows = batch.rows.exclude(status=RowStatus.WARNING).order_by("number", "id")
    for row in rows.iterator(chunk_size=2_000):
        head = (row.number, row.get_status_display(), row.message, row.column, row.value, CODE_WORDS.get(row.code, ""))
        sheet.append([text(value) for value in (*head, *row.raw[: len(titles) or None])])
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out
