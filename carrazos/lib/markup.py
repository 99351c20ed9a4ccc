"""Tables out of what calls itself Excel and is markup: HTML, web archives (MHTML) and SpreadsheetML 2003.

Nothing is fetched, no script runs, no entity is expanded: a document type with an internal subset is refused.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from html.parser import HTMLParser
from xml.parsers import expat

from carrazos.lib.sheet_limits import MAX_CELL, MAX_COLUMNS, MAX_SHEETS, Row, Unreadable, check_size, encoding_of, too_many_columns

SPREADSHEET_ML = b"urn:schemas-microsoft-com:office:spreadsheet"
CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w-]{2,20})""", re.IGNORECASE)
NOT_A_SHEET = "El archivo no es una hoja de cálculo. Descargue el listado de SPIGA como Excel o CSV."
NO_TABLE = "El archivo es una página web sin ninguna tabla. Descargue de nuevo el listado de SPIGA."
MOVED = "El archivo es solo la portada de una página web; sus hojas quedaron en otra carpeta. Guárdelo como .xlsx."
BROKEN = "El archivo XML está dañado o incompleto. Descárguelo de nuevo de SPIGA."
INTEGER = re.compile(r"-?\d{1,17}(?:\.0*)?")

Table = tuple[str, list[Row], bool]  # name, rows, hidden


def is_markup(data: bytes) -> bool:
    """True for bytes that begin as a page, a web archive or XML."""
    return re.match(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*(?:<|mime-version:|from: <saved|content-type: ?multipart)",
                    data[:400].replace(b"\x00", b"").lower()) is not None  # fmt: skip


def tables(data: bytes) -> Iterator[Table]:
    """Every table of the file. Raises Unreadable."""
    head = data[:4_000].replace(b"\x00", b"").lower()
    if not head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
        found = list(archive(data))
    elif SPREADSHEET_ML in head:
        found = spreadsheet_ml(data)
    elif re.search(rb"<(html|table|!doctype html|head|body|style|meta|div|br|center|font)\b", head):
        found = page(data, "")
    else:
        raise Unreadable(NOT_A_SHEET)
    if not any(rows for _, rows, _ in found):
        raise Unreadable(MOVED if b"<frameset" in head or b"sheet001" in head else NO_TABLE)
    yield from found


# -- HTML ------------------------------------------------------------------------------------------------------------


def decode(data: bytes) -> str:
    """BOM or valid UTF-8 first: what a page declares is often wrong; then its declared charset, then the code page."""
    encoding = encoding_of(data)
    if encoding not in {"cp1252", "cp850"}:
        return data.decode(encoding, "replace")
    declared = CHARSET.search(data[:4_000])
    name = declared[1].decode("ascii") if declared else ""
    try:
        return data.decode(encoding if not name or name.lower() in {"utf-8", "iso-8859-1", "latin1"} else name, "replace")
    except LookupError:
        return data.decode(encoding, "replace")


class TableReader(HTMLParser):
    """Collects tables; spans keep the columns in line, a nested table is a table of its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[Row]] = []
        self.open: list[tuple[list[Row], dict[int, tuple[int, str]]]] = []  # rows so far, columns still covered from above
        self.cells: list[list[tuple[list[str], str | None, int, int]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            rows: list[Row] = []
            self.tables.append(rows)
            self.open.append((rows, {}))
            self.cells.append([])
        elif tag == "tr" and self.open:
            self.end_row()
        elif tag in {"td", "th"} and self.open:
            stated = dict(attrs)
            # Excel writes the number itself beside the picture of it: x:num="3001234567" over 3,00E+09.
            number = stated.get("x:num") or None
            self.cells[-1].append(([], number, span(stated.get("colspan")), span(stated.get("rowspan"))))
        elif tag in {"br", "p", "div"} and self.open and self.cells[-1]:
            self.cells[-1][-1][0].append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr" and self.open:
            self.end_row()
        elif tag == "table" and self.open:
            self.end_row()
            self.open.pop()
            self.cells.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.cells[-1]:
            self.cells[-1][-1][0].append(data)

    def end_row(self) -> None:
        rows, covered = self.open[-1]
        cells, self.cells[-1] = self.cells[-1], []
        if not cells:
            return
        row: Row = []
        for parts, number, columns, height in cells:
            fill(row, covered)
            text = as_number(number) if number else "\n".join(" ".join(line.split()) for line in "".join(parts).strip().split("\n"))
            if height > 1:
                covered[len(row)] = (height - 1, text[:MAX_CELL])
            row.append(text[:MAX_CELL])
            row += [""] * (columns - 1)
        fill(row, covered)
        while row and not row[-1]:
            row.pop()  # a title over the whole width is no column
        rows.append(row)
        check_size(len(rows), len(row))

    def close(self) -> None:
        super().close()
        while self.open:
            self.handle_endtag("table")


def fill(row: Row, covered: dict[int, tuple[int, str]]) -> None:
    """Puts down the cells that a taller cell above covers at this place: the value belongs to each of its rows."""
    while covered and (found := covered.pop(len(row), None)):
        left, text = found
        if left > 1:
            covered[len(row)] = (left - 1, text)
        row.append(text)


def span(stated: str | None) -> int:
    """A span as stated, at least 1; wider than any list is a refusal."""
    size = int(stated) if stated and stated.strip().isascii() and stated.strip().isdigit() and len(stated) < 9 else 1
    if size > 70_000:
        raise too_many_columns()
    return min(max(size, 1), MAX_COLUMNS)


def page(data: bytes, name: str) -> list[Table]:
    """The tables of one HTML page."""
    reader = TableReader()
    reader.feed(decode(data))
    reader.close()
    found = [rows for rows in reader.tables if rows]
    if len(found) > MAX_SHEETS:
        # A page that draws every line as a table of its own: they are one list.
        found = [[row for rows in found for row in rows]]
        check_size(len(found[0]), 0)
    return [(name or (f"Tabla {number}" if len(found) > 1 else ""), rows, False) for number, rows in enumerate(found, 1)]


def archive(data: bytes) -> Iterator[Table]:
    """The pages of a web archive, as Excel saves «Página web de un solo archivo»."""
    try:
        message = message_from_bytes(data, policy=policy.compat32)
        parts = [part for part in message.walk() if part.get_content_type() == "text/html"]
        bodies = [(str(part.get("Content-Location", "")), bytes(part.get_payload(decode=True) or b"")) for part in parts]
    except Exception as error:
        raise Unreadable("El archivo web está dañado o incompleto. Descárguelo de nuevo de SPIGA.") from error
    for location, body in bodies:
        name = re.split(r"[/\\]", location)[-1].partition(".")[0][:40]
        yield from page(body, name)


# -- SpreadsheetML 2003 ----------------------------------------------------------------------------------------------


class WorkbookReader:
    """Rows and cells at the places that ss:Index says; anything the format does not know is passed over."""

    def __init__(self) -> None:
        self.sheets: list[list] = []  # [name, rows, hidden]
        self.parts: list[str] | None = None
        self.kind, self.column, self.visible, self.ahead = "", 0, None, 0

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        stated = {key.rpartition(" ")[2]: value for key, value in attrs.items()}
        if name == "Worksheet":
            if len(self.sheets) >= MAX_SHEETS:
                raise Unreadable(f"El libro tiene más de {MAX_SHEETS} hojas.")
            self.sheets.append([stated.get("Name", ""), [], False])
        elif name == "Row" and self.sheets:
            rows = self.sheets[-1][1]
            at = int(stated["Index"]) if stated.get("Index", "").isdigit() else len(rows) + 1
            check_size(at, 0, self.sheets[-1][0])
            rows += [[] for _ in range(at - len(rows) - 1)]
            rows.append([])
            self.ahead = 0
        elif name == "Cell" and self.sheets and self.sheets[-1][1]:
            row = self.sheets[-1][1][-1]
            at = int(stated["Index"]) - 1 if stated.get("Index", "").isdigit() else len(row) + self.ahead
            check_size(0, at + 1, self.sheets[-1][0])
            row += [""] * (at + 1 - len(row))
            self.ahead = min(int(stated["MergeAcross"]), MAX_COLUMNS) if stated.get("MergeAcross", "").isdigit() else 0
        elif name in {"Data", "Visible"} and self.sheets:
            self.parts, self.kind = [], stated.get("Type", "")

    def data(self, text: str) -> None:
        if self.parts is not None:
            self.parts.append(text)

    def end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        if name not in {"Data", "Visible"} or self.parts is None:
            return
        text, self.parts = "".join(self.parts)[:MAX_CELL], None
        if name == "Visible":
            self.sheets[-1][2] = text.strip() != "SheetVisible"
        elif self.sheets[-1][1] and self.sheets[-1][1][-1]:
            if self.kind == "Number":
                text = as_number(text)
            elif self.kind == "DateTime":
                text = text.partition(".")[0].replace("T", " ")
            self.sheets[-1][1][-1][-1] = text


def refuse_doctype(*_: object) -> None:
    raise Unreadable("El archivo trae declaraciones no permitidas y no se abre por seguridad.")


def spreadsheet_ml(data: bytes) -> list[Table]:
    reader, parser = WorkbookReader(), expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = reader.start, reader.end, reader.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse_doctype
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable(BROKEN) from error
    return [(name, rows, hidden) for name, rows, hidden in reader.sheets]


def as_number(text: str) -> str:
    """`3001234567.0` and `3.001234567E9` as a person would write them."""
    text = text.strip()
    if INTEGER.fullmatch(text):
        return text.partition(".")[0]
    try:
        value = float(text)
    except ValueError:
        return text
    return str(int(value)) if value.is_integer() and abs(value) < 1e17 else text
