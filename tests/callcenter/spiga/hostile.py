"""Twenty-nine hostile spreadsheets (threats 9-11, 13, failures 22, 23), each made when asked for, and fuzzed ones without end.

A name says what the file is; the words are what its refusal must say, None where the file is honest and must be read.
"""

import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.callcenter.spiga import containers
from tests.callcenter.spiga.files import csv_bytes, row, table, xlsx_bytes

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
ROWS = [row(101), row(102)]
GOOD = xlsx_bytes(ROWS)
SHEET = "xl/worksheets/sheet1.xml"


def repacked(change: Callable[[dict[str, bytes]], None] = lambda members: None, *, level: int = 6) -> bytes:
    """The good workbook with its parts changed."""
    with zipfile.ZipFile(io.BytesIO(GOOD)) as book:
        members = {name: book.read(name) for name in book.namelist()}
    change(members)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def sheet(before: str, after: str) -> Callable[[], bytes]:
    """The good workbook with one text of its sheet replaced."""

    def change(members: dict[str, bytes]) -> None:
        text = members[SHEET].decode()
        assert before in text
        members[SHEET] = text.replace(before, after, 1).encode()

    return lambda: repacked(change)


def with_part(name: str, content: bytes) -> Callable[[], bytes]:
    return lambda: repacked(lambda members: members.update({name: content}), level=1)


def doctype(body: str) -> Callable[[], bytes]:
    return sheet("<worksheet", f"<!DOCTYPE x [{body}]><worksheet")


def shared_strings() -> bytes:
    """Twenty million empty texts in less than a megabyte."""
    content = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' + b"<si/>" * 20_000_000 + b"</sst>"
    return repacked(lambda members: members.update({"xl/sharedStrings.xml": content}), level=9)


def many_sheets() -> bytes:
    def change(members: dict[str, bytes]) -> None:
        book = members["xl/workbook.xml"].decode()
        one = re.search(r"<sheet [^>]*/>", book)[0]
        copies = "".join(one.replace('name="Sheet"', f'name="S{n}"').replace('sheetId="1"', f'sheetId="{n}"') for n in range(1, 5_002))
        members["xl/workbook.xml"] = book.replace(one, copies).encode()

    return repacked(change)


def forged_size() -> bytes:
    """The directory says that the sheet is a thousand bytes; it is more."""
    data = bytearray(GOOD)
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        size = int.from_bytes(data[at + 28 : at + 30], "little")
        if data[at + 46 : at + 46 + size] == SHEET.encode():
            data[at + 24 : at + 28] = (1_000).to_bytes(4, "little")
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def duplicated_member() -> bytes:
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(zipfile.ZipInfo("xl/stylez.xml"), b"<a/>")
    return out.getvalue().replace(b"xl/stylez.xml", b"xl/styles.xml")


def cell_of(data: str) -> Callable[[], bytes]:
    return sheet("</sheetData>", f'<row r="90"><c r="A90" t="str"><v>{data}</v></c></row></sheetData>')


FILES: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "bomb of zeros": (with_part("xl/bomb.xml", b"0" * 200_000_000), "anormal"),
    "one text of 310 MB": (with_part("xl/sharedStrings.xml", b"<sst><si><t>" + b"A" * 310_000_000), "anormal"),
    "20 million texts": (shared_strings, ""),
    "A1 and XFD1048576": (sheet("</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'), ""),
    "A1 and Z1048576": (sheet("</sheetData>", '<row r="1048576"><c r="Z1048576"><v>1</v></c></row></sheetData>'), ""),
    "everything merged": (sheet("</sheetData>", '</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'), None),
    "dimension lies": (sheet("<sheetData", '<dimension ref="A1:XFD1048576"/><sheetData'), None),
    "billion laughs": (doctype('<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">'), "no permitidas"),
    "quadratic": (doctype(f'<!ENTITY a "{"x" * 50_000}">'), "no permitidas"),
    "external entity": (doctype('<!ENTITY a SYSTEM "file:///etc/passwd">'), "no permitidas"),
    "forged size": (forged_size, ""),
    "NUL and controls in a cell": (cell_of("a_x0000_b_x0001_c"), None),
    "NaN and 1E+400": (sheet("</sheetData>", '<row r="90"><c r="A90"><v>NaN</v></c><c r="B90"><v>1E+400</v></c></row></sheetData>'), None),
    "5,001 sheets": (many_sheets, "más de 30 hojas"),
    "macros": (with_part("xl/vbaProject.bin", b"x"), "macros"),
    "two parts of one name": (duplicated_member, "anormal"),
    "encrypted": ((SAMPLES / "encrypted.xlsx").read_bytes, "contraseña"),
    "truncated": (lambda: GOOD[: len(GOOD) // 2], "dañado"),
    "empty": (bytes, "vacío"),
    "pdf": (lambda: b"%PDF-1.7\n%", "es un PDF"),
    "program": (lambda: b"\x7fELF\x02\x01\x01", "es un programa"),
    "image": (lambda: b"\x89PNG\r\n\x1a\n", "es una imagen"),
    "a foreign zip": (lambda: containers.packed({"foto.txt": b"x", "../../etc/passwd": b"x"}), "no un libro de Excel"),
    "html as xls": (lambda: containers.html(table(ROWS)), None),
    "csv as xls": (lambda: csv_bytes(ROWS), None),
    "html of a huge span": (lambda: b"<table><tr><td colspan=99999999999>x<td rowspan=999999999>y" + b"<tr><td>" * 50_000, ""),
    "xml with a billion laughs": (
        lambda: b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]>' + containers.spreadsheet_ml(table(ROWS))[21:],
        "",
    ),
    "one csv cell of 2 MB": (lambda: csv_bytes(ROWS) + b'"' + b"x" * 2_000_000, ""),
    "broken xls": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "dañado"),
}  # fmt: skip


def sources() -> list[bytes]:
    """One good file of each container."""
    return [
        GOOD, csv_bytes(ROWS), (SAMPLES / "f1_biff.xls").read_bytes(), containers.html(table(ROWS)), containers.mhtml(table(ROWS)),
        containers.spreadsheet_ml(table(ROWS)), containers.ods(table(ROWS)), containers.xlsb(table(ROWS)),
    ]  # fmt: skip


def fuzzed(count: int, seed: int) -> Iterator[bytes]:
    """Good files with bytes flipped, cut, doubled or put in."""
    rng, found = random.Random(seed), sources()
    for number in range(count):
        data = bytearray(found[number % len(found)])
        for _ in range(rng.randint(1, 40)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        if rng.random() < 0.2:
            start = rng.randrange(len(data) + 1)
            data[start:start] = data[start : start + rng.randrange(2_000)]
        if rng.random() < 0.2:
            start = rng.randrange(len(data) + 1)
            data[start:start] = rng.choice(
                [b"\x00", b'"', b"<table>", b"<!DOCTYPE", b"\xff\xfe", b"]]>", b"&#0;", b"PK\x03\x04"]
            ) * rng.randint(1, 50)
        yield bytes(data)
