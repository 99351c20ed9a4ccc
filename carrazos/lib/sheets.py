"""Any file of SPIGA as tables of text. Run as a program inside limits (callcenter/spiga/sandbox.py); imports nothing of ours.

Every cell becomes text as a person would read it: 3001234567.0 is `3001234567`, a date cell is ISO. Formulas are
never evaluated, macros and hidden parts never run; a workbook with a document type declaration is refused.
"""

import csv
import io
import marshal
import re
import resource
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice

from carrazos.lib.sheet_limits import (
    DAMAGED,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_SHEETS,
    Row,
    Unreadable,
    check_size,
    encoding_of,
    too_many_columns,
    too_many_rows,
)

MAX_MEMBERS = 2_000
MAX_UNPACKED = 300 * 1024 * 1024
MAX_RATIO = 150
RATIO_FROM = 5 * 1024 * 1024
CHUNK = 2_000
SWALLOWS_FROM = 5  # columns: in a narrower file a comment's own commas look like a row
REFUSED = 3

FOREIGN = {
    b"%PDF": "es un PDF",
    b"\x7fELF": "es un programa",
    b"MZ": "es un programa",
    b"GIF8": "es una imagen",
    b"\x89PNG": "es una imagen",
    b"\xff\xd8\xff": "es una imagen",
    b"Rar!": "es un archivo comprimido RAR",
    b"7z\xbc\xaf": "es un archivo comprimido 7z",
    b"\x1f\x8b": "es un archivo comprimido",
    b"{\\rtf": "es un documento de texto RTF",
}
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
DELIMITERS = (";", "\t", ",", "|")


def tables(data: bytes) -> Iterator[tuple[str, Iterator[Row], bool]]:
    """Yields each sheet's name, rows and whether it is hidden. Raises Unreadable."""
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise Unreadable("El archivo está vacío.")
    for magic, what in FOREIGN.items():
        if data.startswith(magic):
            raise Unreadable(f"El archivo {what}, no una hoja de cálculo. Descargue el listado de SPIGA como Excel o CSV.")
    if data.startswith(ZIP):
        check_zip(data)
        yield from workbook(data)
    elif data.startswith(OLE):
        if ENCRYPTED in data:
            raise Unreadable("El archivo tiene contraseña. Quítela y vuelva a subirlo.")
        yield from workbook(data)
    elif re.match(rb"[\xef\xbb\xbf\xff\xfe\x00\s]*(<|[MmFfCc][\x00]?[IiRrOo])", data[:200]):
        from carrazos.lib import markup

        if markup.is_markup(data):
            yield from ((name, iter(rows), hidden) for name, rows, hidden in markup.tables(data))
        else:
            yield "", text_rows(data), False
    else:
        yield "", text_rows(data), False


# -- workbooks -------------------------------------------------------------------------------------------------------


def check_zip(data: bytes) -> None:
    """Refuses bombs, macros and entity tricks from the directory, before anything is unpacked."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    except Exception as error:
        raise Unreadable(DAMAGED) from error
    names = [member.filename for member in members]
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Unreadable("El archivo trae macros. Guárdelo como .xlsx sin macros.")
    if "xl/workbook.xml" not in names and "xl/workbook.bin" not in names and "content.xml" not in names:
        raise Unreadable("El archivo es un comprimido, no un libro de Excel. Suba el listado tal como sale de SPIGA.")
    unpacked = sum(member.file_size for member in members)
    ratio_broken = unpacked > RATIO_FROM and unpacked > MAX_RATIO * max(1, len(data))
    if len(members) > MAX_MEMBERS or len(set(names)) != len(names) or unpacked > MAX_UNPACKED or ratio_broken:
        raise Unreadable("El archivo se expande de forma anormal y no se abre por seguridad.")
    for member in members:
        if member.filename.endswith((".xml", ".rels")) and member.file_size:
            try:
                with archive.open(member) as part:
                    head = part.read(4_096)
            except Exception as error:
                raise Unreadable(DAMAGED) from error
            if b"<!DOCTYPE" in head:
                raise Unreadable("El archivo trae declaraciones no permitidas y no se abre por seguridad.")


def workbook(data: bytes) -> Iterator[tuple[str, Iterator[Row], bool]]:
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        listed = [sheet for sheet in book.sheets_metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet]
    except calamine.PasswordError as error:
        raise Unreadable("El archivo tiene contraseña. Quítela y vuelva a subirlo.") from error
    except Exception as error:
        raise Unreadable("El archivo de Excel está dañado o no es de Excel. Descárguelo de nuevo de SPIGA.") from error
    if len(listed) > MAX_SHEETS:
        raise Unreadable(f"El libro tiene más de {MAX_SHEETS} hojas.")
    for stated in listed:
        try:
            sheet = book.get_sheet_by_name(stated.name)
        except Exception as error:
            raise Unreadable(f"La hoja «{stated.name[:40]}» está dañada.") from error
        check_size(sheet.total_height or 0, sheet.total_width or 0, stated.name)
        hidden = stated.visible != calamine.SheetVisibleEnum.Visible
        yield stated.name, (list(map(cell_text, row)) for row in sheet.iter_rows()), hidden


def cell_text(value: object) -> str:
    """A typed cell as text."""
    if value.__class__ is str:
        return value if len(value) <= MAX_CELL else value[:MAX_CELL]
    if value.__class__ is float:
        if value == value and value not in (float("inf"), float("-inf")):
            return str(int(value)) if value.is_integer() and abs(value) < 1e17 else repr(value)
        return ""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)[:MAX_CELL]


# -- text ------------------------------------------------------------------------------------------------------------


def text_rows(data: bytes) -> Iterator[Row]:
    # Decoded as it is read: a whole text in memory would cost four bytes a letter.
    lines = io.TextIOWrapper(io.BytesIO(data), encoding=encoding_of(data), errors="replace", newline="")
    head = lines.read(20_000)
    stated = re.match(r"\ufeff?sep=(.)\r?\n", head, re.IGNORECASE)
    lines.seek(0)
    if stated:
        lines.readline()
    csv.field_size_limit(1_000_000)
    delimiter = stated[1] if stated else find_delimiter(head)
    reader, widest = csv.reader(lines, delimiter=delimiter), SWALLOWS_FROM
    try:
        for number, row in enumerate(reader):
            if number >= MAX_ROWS:
                raise too_many_rows()
            if len(row) > MAX_COLUMNS and any(row[MAX_COLUMNS:]):
                raise too_many_columns()
            if any("\n" in cell and swallows(cell, delimiter, widest) for cell in row):
                raise Unreadable(f"Una comilla sin cerrar se traga filas: termina en la línea {reader.line_num}. Ciérrela o quítela.")
            widest = max(widest, len(row))
            yield [cell if len(cell) <= MAX_CELL else cell[:MAX_CELL] for cell in row[:MAX_COLUMNS]]
    except csv.Error as error:
        raise Unreadable(f"El texto está mal formado cerca de la línea {reader.line_num}: revise las comillas.") from error


def swallows(cell: str, delimiter: str, width: int) -> bool:
    """Whether a quote that nobody closed took whole rows into this cell."""
    return any(line.count(delimiter) >= width - 1 for line in cell.splitlines()[1:])


QUOTED = re.compile(r'"[^"]*"')


def find_delimiter(text: str) -> str:
    """The separator that parts most of the first lines into as many columns as one another."""

    def agreement(mark: str) -> int:
        counts = Counter(count for line in lines if (count := line.count(mark)))
        return max((count * times**3 for count, times in counts.items()), default=0)  # one long comment has its own commas

    lines = [line for line in QUOTED.sub("", text).splitlines()[:20] if line.strip()]
    return max(DELIMITERS, key=agreement)


# -- the program -----------------------------------------------------------------------------------------------------


def main() -> int:
    """Reads a file from standard input; writes chunks of rows, marshalled, to standard output.

    Standard error gets one marshalled record: the index [(sheet, [offset of each chunk, and of the end], hidden)], or the reason of refusal.
    """
    set_limits(*map(int, sys.argv[1:4]))
    out, index = sys.stdout.buffer, []
    try:
        for name, rows, hidden in tables(sys.stdin.buffer.read()):
            offsets: list[int] = []
            index.append((name, offsets, hidden))
            for chunk in chunks(rows):
                offsets.append(out.tell())
                marshal.dump(chunk, out)
            offsets.append(out.tell())
    except Unreadable as refusal:
        marshal.dump(str(refusal), sys.stderr.buffer)
        return REFUSED
    out.flush()
    marshal.dump(index, sys.stderr.buffer)
    return 0


def chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def set_limits(memory: int, seconds: int, output: int) -> None:
    """Bounds this process before it reads a byte: address space, processor time, size of what it writes."""
    for limit, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_FSIZE, output)):
        resource.setrlimit(limit, (value, value))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
