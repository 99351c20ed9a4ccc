"""Any file: either a table of text or one clear Spanish refusal."""

import contextlib
import io
import zipfile
from pathlib import Path

import pytest

from callcenter.spiga.reader import UnreadableFile, read
from tests.callcenter.spiga.files import HEADER, csv_bytes, row, xlsx_bytes

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
ROWS = [row(101), row(102)]


def cells(data, name="listado"):
    sheet = read(data, name)
    return [dict(zip(sheet.header, line, strict=False)) for _, line in sheet.rows()]


@pytest.mark.parametrize(
    "data",
    [
        csv_bytes(ROWS),
        csv_bytes(ROWS, encoding="cp1252"),
        csv_bytes(ROWS, encoding="utf-8-sig"),
        csv_bytes(ROWS, encoding="utf-16"),
        csv_bytes(ROWS, delimiter="\t"),
        csv_bytes(ROWS, delimiter="|"),
        csv_bytes(ROWS, junk=False, total=False),
        xlsx_bytes(ROWS),
        xlsx_bytes(ROWS, typed=True),
    ],
    ids=["utf8", "cp1252", "bom", "utf16", "tab", "pipe", "header on line 1", "xlsx", "xlsx with typed cells"],
)
def test_every_writing_of_the_same_list_is_the_same_table(data):
    found = cells(data)
    assert [line["Cliente"] for line in found] == [ROWS[0]["Cliente"], ROWS[1]["Cliente"]]
    assert [line["Telf. Móvil"] for line in found] == ["3005550101", "3005550102"]
    assert read(data, "x").header[:3] == HEADER[:3]


def test_the_old_excel_format():
    found = cells((SAMPLES / "f1_biff.xls").read_bytes())
    assert [(line["Cliente"], line["Telf. Móvil"]) for line in found] == [
        ("MUÑOZ PEÑA ANA MARIA", "3005550101"),
        ("PÉREZ RUIZ LUIS", "3005550102"),
    ]


def test_row_numbers_are_those_of_the_file():
    assert [number for number, _ in read(csv_bytes(ROWS), "x").rows()] == [3, 4]


def test_repeated_headers_totals_and_page_marks_are_left_out():
    lines = csv_bytes(ROWS).decode().split("\r\n")
    broken = [*lines[:3], lines[1], "Página 2 de 3;;;", ";;;;", *lines[3:], "Usuario: ANA;;"]
    assert len(cells("\r\n".join(broken).encode())) == 2


def test_a_client_called_total_is_a_client():
    assert len(cells(csv_bytes([row(101, name="TOTAL MOTORS ANDRES")]))) == 1


def test_quotes_may_hold_separators_and_line_breaks():
    data = csv_bytes([row(101, note='"vino; se fue\nvolvió"')])
    assert cells(data)[0]["Observaciones"] == "vino; se fue\nvolvió"


def test_the_preamble_is_kept():
    assert read(csv_bytes(ROWS), "x").preamble == ["Avisos de mantenimiento - Carrazos - 23/11/2026 07:02"]


def test_mojibake_and_lost_letters_in_the_header():
    data = csv_bytes(ROWS).decode()
    damaged = data.replace("Kilómetros", "KilÃ³metros").replace("Teléfonos", "Tel\ufffdfonos")
    assert "Kilómetros" in read(damaged.encode(), "x").header


def zipped(**members) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def with_member(data: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


GOOD_XLSX = xlsx_bytes(ROWS)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "vacío"),
        (b"\xef\xbb\xbf\r\n", "vacío"),
        (b"%PDF-1.7 ...", "es un PDF"),
        (b"\x89PNG\r\n\x1a\n", "es una imagen"),
        (b"MZ\x90\x00", "es un programa"),
        (GOOD_XLSX[: len(GOOD_XLSX) // 2], "dañado"),
        (zipped(hola="x"), "no un libro de Excel"),
        (with_member(GOOD_XLSX, "xl/vbaProject.bin", b"x"), "macros"),
        (with_member(GOOD_XLSX, "xl/bomb.xml", b"0" * 200_000_000), "anormal"),
        (with_member(GOOD_XLSX, "xl/evil.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'), "no permitidas"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "dañado o no es de Excel"),
        (b"\x00\x01\x02" * 400, "no se reconoce"),
        (b"esto no es un listado;\r\nni esto;", "No se encontró el encabezado"),
        (b"<html><table><tr><td>x", "página web"),
        ((SAMPLES / "encrypted.xlsx").read_bytes(), "contraseña"),
    ],
    ids=["empty", "only a BOM", "pdf", "image", "program", "truncated", "foreign zip", "macros", "zip bomb", "doctype", "broken xls",
         "binary", "other text", "html", "password"],
)  # fmt: skip
def test_what_can_not_be_read_is_refused_in_spanish(data, words):
    with pytest.raises(UnreadableFile, match=words) as refusal:
        read(data, "archivo")
    assert refusal.value.reason.endswith(".")


def test_a_sheet_that_claims_a_million_columns_is_refused():
    """Two cells, A1 and XFD1048576, make careless readers ask for terabytes."""
    book = zipfile.ZipFile(io.BytesIO(GOOD_XLSX))
    members = {name: book.read(name) for name in book.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"].decode()
    members["xl/worksheets/sheet1.xml"] = sheet.replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    ).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(UnreadableFile):
        read(out.getvalue(), "x.xlsx")


def test_fuzzed_files_never_escape():
    """Whatever bytes come, the answer is a table or UnreadableFile."""
    import random

    rng = random.Random(42)
    sources = [GOOD_XLSX, csv_bytes(ROWS), (SAMPLES / "f1_biff.xls").read_bytes()]
    for number in range(60):
        data = bytearray(sources[number % 3])
        for _ in range(rng.randint(1, 30)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        with contextlib.suppress(UnreadableFile):
            assert all(isinstance(number, int) for number, _ in read(bytes(data), "x").rows())
