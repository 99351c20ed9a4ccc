"""A dataset as a workbook: Resumen, Detalle (typed, frozen, filtered), Evidencia, Parámetros. No cell is a formula."""

import io
from collections.abc import Iterable
from datetime import date, datetime

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from carrazos.lib.calendar import bogota
from carrazos.lib.text import clean
from reports.base import COMPANY, DATE, MOMENT, Column, Dataset

INK, BRAND, BAND = "1B2230", "0B5CAB", "EEF1F5"
THIN = Side(style="thin", color="C4CCD8")
FORMATS = {DATE: "dd/mm/yyyy", MOMENT: "dd/mm/yyyy hh:mm"}
CELL_MAX = 32_767
HEAD_HEIGHT = 32  # points: two lines
PAPERSIZE_A4 = Worksheet.PAPERSIZE_A4


PLAIN = Font(name="Calibri", size=11, color=INK)
HEAD_FONT, HEAD_FILL = Font(name="Calibri", bold=True, color="FFFFFF"), PatternFill("solid", fgColor=BRAND)
HEAD_ALIGNMENT, HEAD_BORDER = Alignment(wrap_text=True, vertical="center"), Border(bottom=THIN)


class Grid:
    """The cells of a small sheet, wherever they are put; `write` hands them to the book row by row."""

    def __init__(self, sheet: WriteOnlyWorksheet):
        self.sheet, self.cells = sheet, {}

    def cell(self, row: int, column: int) -> Cell:
        return self.cells.setdefault((row, column), WriteOnlyCell(self.sheet))

    def write(self) -> None:
        last_row, last_column = (max((place[axis] for place in self.cells), default=0) for axis in (0, 1))
        for row in range(1, last_row + 1):
            self.sheet.append([self.cells.get((row, column)) for column in range(1, last_column + 1)])


def filled(cell: Cell, value: object, font: Font = PLAIN) -> Cell:
    """Text is always text, whatever it begins with."""
    if isinstance(value, str):
        cell.value = clean(value, CELL_MAX)
        cell.data_type = "s"
    else:
        cell.value = value
    cell.font = font
    return cell


def put(grid: Grid | Worksheet, row: int, column: int, value: object, *, bold: bool = False, size: int = 11) -> Cell:
    if size > PLAIN.size and isinstance(grid, Grid):
        grid.sheet.row_dimensions[row].height = 1.5 * size
    return filled(grid.cell(row, column), value, Font(name="Calibri", size=size, bold=bold, color=INK))


def titled(cell: Cell) -> Cell:
    cell.font, cell.fill, cell.alignment, cell.border = HEAD_FONT, HEAD_FILL, HEAD_ALIGNMENT, HEAD_BORDER
    return cell


def head(grid: Grid, row: int, titles: Iterable[str]) -> None:
    grid.sheet.row_dimensions[row].height = HEAD_HEIGHT
    for column, title in enumerate(titles, 1):
        titled(put(grid, row, column, title))


def summary(page: WriteOnlyWorksheet, data: Dataset) -> None:
    page.sheet_view.showGridLines = False
    for letter, width in zip("ABCDEF", (48, 18, 22, 60, 20, 20), strict=True):
        page.column_dimensions[letter].width = width
    sheet = Grid(page)
    put(sheet, 1, 1, f"{COMPANY} · {data.header.process}", bold=True)
    put(sheet, 2, 1, data.header.title, bold=True, size=16)
    box = (("Código", data.header.code), ("Versión", data.header.version), ("Fecha de vigencia", data.header.valid_until),
           ("Período", data.period.label), ("Alcance", data.filters), ("Corte de los datos", f"{bogota(data.cut_at):%d/%m/%Y %H:%M}"),
           *((("Edición", data.edition_words), ("Sello (sha-256)", data.seal)) if data.seal else ()))  # fmt: skip
    for offset, (name, value) in enumerate(box):
        put(sheet, 4 + offset, 1, name, bold=True)
        put(sheet, 4 + offset, 2, value)
    row = 5 + len(box)
    head(sheet, row, ("Indicador", "Valor", "Numerador y denominador", "Fórmula"))
    for item in data.indicators:
        row += 1
        put(sheet, row, 1, item.label)
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
    sheet.write()


def detail(sheet: WriteOnlyWorksheet, data: Dataset) -> None:
    """Row by row to the disk: a month of tens of thousands takes no more memory than one of ten."""
    sheet.freeze_panes = "A2"
    for position, column in enumerate(data.columns, 1):
        sheet.column_dimensions[get_column_letter(position)].width = column.width
    sheet.row_dimensions[1].height = HEAD_HEIGHT
    sheet.append([titled(filled(WriteOnlyCell(sheet), column.title)) for column in data.columns])
    fills: dict[str, PatternFill] = {}
    for record in data.records:
        sheet.append([detail_cell(sheet, column, record, fills) for column in data.columns])
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(data.columns))}{len(data.records) + 1}"


def detail_cell(sheet: WriteOnlyWorksheet, column: Column, record: object, fills: dict[str, PatternFill]) -> Cell | None:
    value = column.of(record)
    colour = column.fill(record) if column.fill else ""
    if value is None or value == "":
        if not colour:
            return None
        value = None
    # Excel knows no time zones: the clock of Bogotá is written.
    cell = filled(WriteOnlyCell(sheet), value.replace(tzinfo=None) if column.kind == MOMENT and value is not None else value)
    if column.kind in FORMATS and value is not None:
        cell.number_format = FORMATS[column.kind]
    if colour:
        cell.fill = fills.setdefault(colour, PatternFill("solid", fgColor=colour))
    return cell


def parameters(page: WriteOnlyWorksheet, data: Dataset) -> None:
    """What the book was asked with, and what would give the same one again."""
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = 30, 80
    sheet = Grid(page)
    head(sheet, 1, ("Parámetro", "Valor"))
    cut = bogota(data.cut_at).replace(tzinfo=None, microsecond=0)
    lines: list[tuple[str, object]] = [
        ("Informe", f"{data.header.code} {data.header.title}".strip()), ("Versión del documento", data.header.version), ("Período", data.period.code),
        ("Desde", data.period.first), ("Hasta", data.period.last), ("Alcance", data.filters), ("Corte de los datos", cut),
        ("Filas de detalle", len(data.records)),
        *((("Edición", data.edition_words), ("Sello (sha-256 de las cifras)", data.seal)) if data.seal else ()),
        *((f"Fórmula de {item.name}", item.formula) for item in data.indicators if item.formula),
    ]  # fmt: skip
    for row, (name, value) in enumerate(lines, 2):
        put(sheet, row, 1, name, bold=True)
        cell = put(sheet, row, 2, value)
        cell.alignment = Alignment(horizontal="left", wrap_text=True)
        if isinstance(value, date):
            cell.number_format = FORMATS[MOMENT if isinstance(value, datetime) else DATE]
    sheet.write()


def evidence(page: WriteOnlyWorksheet, data: Dataset) -> None:
    page.freeze_panes = "A2"
    for letter, width in zip("ABCD", (10, 40, 60, 24), strict=True):
        page.column_dimensions[letter].width = width
    sheet = Grid(page)
    head(sheet, 1, ("Gestión", "Cliente y placa", "Qué se hizo", "Evidencia"))
    for number, proof in enumerate(data.proofs, 2):
        put(sheet, number, 1, proof.outreach)
        put(sheet, number, 2, proof.title)
        put(sheet, number, 3, proof.detail)
        put(sheet, number, 4, proof.evidence)
    sheet.write()


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


def new_sheet(book: Workbook, title: str, data: Dataset) -> WriteOnlyWorksheet:
    """A sheet that prints on A4; what stands at the head of its file is set before its first row."""
    sheet = book.create_sheet(title)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.oddFooter.center.text = f"{data.header.code or data.header.title} · {data.header.version_words} · página &P de &N"
    return sheet


def workbook(data: Dataset) -> bytes:
    """The whole book."""
    book = Workbook(write_only=True)
    book.properties.title = f"{data.header.code} {data.header.title}".strip()
    book.properties.creator = COMPANY
    for title, write in (("Resumen", summary), ("Detalle", detail), ("Evidencia", evidence), ("Parámetros", parameters)):
        if write is not evidence or data.proofs:
            write(new_sheet(book, title, data), data)
    return saved(book)
