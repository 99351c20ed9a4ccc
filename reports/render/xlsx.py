"""A dataset as a workbook: Resumen, Detalle (typed, frozen, filtered), Evidencia, Parámetros. No cell is a formula."""

import io
from collections.abc import Iterable
from datetime import date, datetime

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from carrazos.lib.calendar import bogota
from carrazos.lib.text import clean
from reports.base import COMPANY, DATE, MOMENT, Dataset

INK, BRAND, BAND = "1B2230", "0B5CAB", "EEF1F5"
THIN = Side(style="thin", color="C4CCD8")
FORMATS = {DATE: "dd/mm/yyyy", MOMENT: "dd/mm/yyyy hh:mm"}
CELL_MAX = 32_767


def put(sheet: Worksheet, row: int, column: int, value: object, *, bold: bool = False, size: int = 11) -> Cell:
    """Writes one cell; text is always text, whatever it begins with."""
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        cell.value = clean(value, CELL_MAX)
        cell.data_type = "s"
    else:
        cell.value = value
    cell.font = Font(name="Calibri", size=size, bold=bold, color=INK)
    return cell


def head(sheet: Worksheet, row: int, titles: Iterable[str]) -> None:
    for column, title in enumerate(titles, 1):
        cell = put(sheet, row, column, title, bold=True)
        cell.font = Font(name="Calibri", bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor=BRAND)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        cell.border = Border(bottom=THIN)


def summary(sheet: Worksheet, data: Dataset) -> None:
    sheet.sheet_view.showGridLines = False
    for letter, width in zip("ABCDEF", (34, 18, 22, 46, 20, 20), strict=True):
        sheet.column_dimensions[letter].width = width
    put(sheet, 1, 1, f"{COMPANY} · {data.header.process}", bold=True)
    put(sheet, 2, 1, data.header.title, bold=True, size=16)
    box = (("Código", data.header.code), ("Versión", data.header.version), ("Fecha de vigencia", data.header.valid_until),
           ("Período", data.period.label), ("Alcance", data.filters), ("Corte de los datos", f"{bogota(data.cut_at):%d/%m/%Y %H:%M}"),
           *((("Edición", f"Versión {data.edition}"), ("Sello (sha-256)", data.seal)) if data.seal else ()))  # fmt: skip
    for offset, (name, value) in enumerate(box):
        put(sheet, 4 + offset, 1, name, bold=True)
        put(sheet, 4 + offset, 2, value)
    row = 5 + len(box)
    head(sheet, row, ("Indicador", "Valor", "Numerador y denominador", "Fórmula"))
    for item in data.indicators:
        row += 1
        put(sheet, row, 1, f"{item.code} {item.name}".strip())
        put(sheet, row, 2, item.text, bold=True)
        put(sheet, row, 3, item.fraction)
        put(sheet, row, 4, item.formula)
    for table in data.tables:
        row += 2
        put(sheet, row, 1, table.title, bold=True, size=13)
        row += 1
        head(sheet, row, table.head)
        for line in table.rows:
            row += 1
            for column, value in enumerate(line, 1):
                put(sheet, row, column, value)
    for chart in data.charts:
        row += 2
        put(sheet, row, 1, chart.title, bold=True, size=13)
        row += 1
        head(sheet, row, ("Dato", chart.value_title, "Numerador y denominador"))
        for point in chart.points:
            row += 1
            put(sheet, row, 1, point.label)
            put(sheet, row, 2, point.text)
            put(sheet, row, 3, point.note)


def detail(sheet: Worksheet, data: Dataset) -> None:
    head(sheet, 1, (column.title for column in data.columns))
    sheet.row_dimensions[1].height = 32
    sheet.freeze_panes = "A2"
    for number, (record, row) in enumerate(zip(data.records, data.rows(), strict=True), 2):
        for position, (column, value) in enumerate(zip(data.columns, row, strict=True), 1):
            if column.fill and (colour := column.fill(record)):
                sheet.cell(number, position).fill = PatternFill("solid", fgColor=colour)
            if value is None or value == "":
                continue
            # Excel knows no time zones: the clock of Bogotá is written.
            cell = put(sheet, number, position, value.replace(tzinfo=None) if column.kind == MOMENT else value)
            if column.kind in FORMATS:
                cell.number_format = FORMATS[column.kind]
    for position, column in enumerate(data.columns, 1):
        sheet.column_dimensions[get_column_letter(position)].width = column.width
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(data.columns))}{len(data.records) + 1}"


def parameters(sheet: Worksheet, data: Dataset) -> None:
    """What the book was asked with, and what would give the same one again."""
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 30, 80
    head(sheet, 1, ("Parámetro", "Valor"))
    cut = bogota(data.cut_at).replace(tzinfo=None, microsecond=0)
    lines: list[tuple[str, object]] = [
        ("Informe", f"{data.header.code} {data.header.title}"), ("Versión del documento", data.header.version), ("Período", data.period.code),
        ("Desde", data.period.first), ("Hasta", data.period.last), ("Alcance", data.filters), ("Corte de los datos", cut),
        ("Filas de detalle", len(data.records)),
        *((("Edición", data.edition), ("Sello (sha-256 de las cifras)", data.seal)) if data.seal else ()),
        *((f"Fórmula de {item.name}", item.formula) for item in data.indicators if item.formula),
    ]  # fmt: skip
    for row, (name, value) in enumerate(lines, 2):
        put(sheet, row, 1, name, bold=True)
        cell = put(sheet, row, 2, value)
        cell.alignment = Alignment(horizontal="left", wrap_text=True)
        if isinstance(value, date):
            cell.number_format = FORMATS[MOMENT if isinstance(value, datetime) else DATE]


def evidence(sheet: Worksheet, data: Dataset) -> None:
    head(sheet, 1, ("Gestión", "Cliente y placa", "Qué se hizo", "Evidencia"))
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCD", (10, 40, 60, 24), strict=True):
        sheet.column_dimensions[letter].width = width
    for number, proof in enumerate(data.proofs, 2):
        put(sheet, number, 1, proof.outreach)
        put(sheet, number, 2, proof.title)
        put(sheet, number, 3, proof.detail)
        put(sheet, number, 4, f"Pantallazo n.º {proof.picture_id}" if proof.picture else "Sin pantallazo")


def with_texts(content: bytes, texts: Iterable[tuple[str, str]]) -> bytes:
    """A finished book with a sheet of what people wrote about it: analysis, strategies."""
    book = load_workbook(io.BytesIO(content))
    sheet = book.create_sheet("Análisis", 1)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 26, 110
    for row, (title, text) in enumerate(texts, 1):
        put(sheet, row, 1, title, bold=True)
        put(sheet, row, 2, text).alignment = Alignment(wrap_text=True, vertical="top")
    return saved(book)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def workbook(data: Dataset) -> bytes:
    """The whole book."""
    book = Workbook()
    book.properties.title = f"{data.header.code} {data.header.title}"
    book.properties.creator = COMPANY
    first = book.active
    first.title = "Resumen"
    summary(first, data)
    detail(book.create_sheet("Detalle"), data)
    if data.proofs:
        evidence(book.create_sheet("Evidencia"), data)
    parameters(book.create_sheet("Parámetros"), data)
    for sheet in book.worksheets:
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.oddFooter.center.text = f"{data.header.code} · {data.header.version_words} · página &P de &N"
    return saved(book)
