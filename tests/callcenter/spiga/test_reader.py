"""Any file: either a table of text or one clear Spanish refusal."""

import contextlib
import io
import zipfile
from pathlib import Path

import pytest

from callcenter.feeds import ProactiveFeed
from callcenter.spiga.reader import UnreadableFile, read
from carrazos.lib import text
from tests.callcenter.spiga import containers
from tests.callcenter.spiga.files import HEADER, csv_bytes, row, table, xlsx_bytes

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
        csv_bytes(ROWS, encoding="utf-16-le"),
        csv_bytes(ROWS, encoding="cp850"),
        b"sep=,\n" + csv_bytes(ROWS, delimiter=","),
        containers.html(table(ROWS)),
        containers.html(table(ROWS), charset="windows-1252"),
        containers.html(table(ROWS), charset="utf-16"),
        containers.mhtml(table(ROWS)),
        containers.spreadsheet_ml(table(ROWS)),
        containers.ods(table(ROWS)),
        containers.xlsb(table(ROWS)),
    ],
    ids=["utf8", "cp1252", "bom", "utf16", "tab", "pipe", "header on line 1", "xlsx", "xlsx with typed cells", "utf16 without bom", "cp850",
         "sep=", "html", "html cp1252", "html utf16", "mhtml", "SpreadsheetML", "ods", "xlsb"],
)  # fmt: skip
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


def test_a_quote_that_nobody_closed_swallows_no_rows():
    lines = csv_bytes([row(101, note='"cliente molesto'), row(102), row(103)])
    with pytest.raises(UnreadableFile, match="comilla sin cerrar se traga filas"):
        read(lines, "x")


def test_the_preamble_is_kept():
    assert read(csv_bytes(ROWS), "x").preamble == ["Avisos de mantenimiento - Carrazos - 23/11/2026 07:02"]


def test_mojibake_and_lost_letters_in_the_header():
    data = csv_bytes(ROWS).decode()
    damaged = data.replace("Kilómetros", "KilÃ³metros").replace("Teléfonos", "Tel\ufffdfonos")
    assert "Kilómetros" in read(damaged.encode(), "x").header


def test_letters_lost_twice_come_back():
    """A file in UTF-8 that somebody saved again as if it were cp1252: Á, Í and Ñ too."""
    twice = csv_bytes([row(101, name="MUÑOZ ÁVILA, MARÍA INÉS")]).decode("latin-1").encode()
    sheet = read(twice, "x")
    assert "Kilómetros" in sheet.header
    assert ProactiveFeed.match(sheet.header, {})["odometer"] == HEADER.index("Kilómetros")
    cells_of_row = next(sheet.rows())[1]
    assert text.cell(cells_of_row[HEADER.index("Cliente")]) == "MUÑOZ ÁVILA, MARÍA INÉS"


# -- sheets and blocks -----------------------------------------------------------------------------------------------

LIST, OTHER = table(ROWS), table([row(103)])
COVER = [["Resumen del mes"], ["Total", "2"]]


def names(data, **more):
    sheet = read(data, "x.xlsx", **more)
    column = sheet.header.index("Telf. Móvil")
    return [line[column] for _, line in sheet.rows()]


@pytest.mark.parametrize(
    ("data", "found", "others"),
    [
        (containers.book({"Resumen": COVER, "Listado": LIST}), ["3005550101", "3005550102"], ()),
        (containers.book({"Ayer": OTHER, "Hoy": LIST}, hidden=("Ayer",)), ["3005550101", "3005550102"], ()),
        (containers.book({"Resumen": COVER, "Listado": LIST}, hidden=("Listado",)), ["3005550101", "3005550102"], ()),
        (containers.book({"Norte": LIST, "Centro": OTHER}), ["3005550101", "3005550102"], ("Centro",)),
        (containers.spreadsheet_ml(LIST, hidden="SheetHidden"), ["3005550101", "3005550102"], ()),
    ],
    ids=["second sheet", "a hidden sheet is passed over", "only a hidden sheet has it", "two sheets have it", "hidden in XML"],
)
def test_the_sheet_with_the_list_is_found(data, found, others):
    assert names(data) == found
    assert read(data, "x").others == others


def test_all_sheets_when_the_feed_or_a_person_wants_them():
    data = containers.book({"Norte": LIST, "Centro": OTHER})
    assert names(data, every_sheet=True) == ["3005550101", "3005550102", "3005550103"]
    assert names(data, sheets=["Centro"]) == ["3005550103"]
    joined = read(data, "x", every_sheet=True)
    assert [joined.place(number) for number, _ in joined.rows()] == ["Norte · 2", "Norte · 3", "Centro · 2"]
    assert len({number for number, _ in joined.rows()}) == 3


def test_two_blocks_in_one_sheet_each_with_its_header():
    """F6 layout B: done and not done visits, other columns in other order."""
    data = (
        "VISITAS REALIZADAS;;;;\nVendedor;Cliente;Tipo Actividad;F. Prevista;Comentario\nROSA DEMO;CARLOS RÍOS;Llamada;05/11/2026;ok\n"
        "Total: 1;;;;\n\nVISITAS NO REALIZADAS;;;;\nCliente;Vendedor;F. Prevista;Motivo;Tipo Actividad\n"
        "ANA RUIZ;LUIS DEMO;10/11/2026;Viaje;Visita\nPÁGINA 2;;;;\nCliente;Vendedor;F. Prevista;Motivo;Tipo Actividad\n"
        "EVA PAZ;LUIS DEMO;11/11/2026;;Visita\n"
    ).encode()
    sheet = read(data, "visitas.csv")
    assert sheet.header == ["Vendedor", "Cliente", "Tipo Actividad", "F. Prevista", "Comentario", "Motivo"]
    assert [(number, sheet.block(number), line[0], line[1]) for number, line in sheet.rows()] == [
        (3, "VISITAS REALIZADAS", "ROSA DEMO", "CARLOS RÍOS"),
        (8, "VISITAS NO REALIZADAS", "LUIS DEMO", "ANA RUIZ"),
        (11, "VISITAS NO REALIZADAS", "LUIS DEMO", "EVA PAZ"),
    ]
    assert [line[5:] for _, line in sheet.rows()] == [[], ["Viaje"], [""]]


def test_two_blocks_under_the_same_header():
    head = "Vendedor;Cliente;N° Ficha;F. Prevista\n"
    data = f"VISITAS REALIZADAS;;;\n{head}A;B;1;05/11/2026\nVISITAS NO REALIZADAS;;;\n{head}C;D;2;06/11/2026\n".encode()
    sheet = read(data, "x")
    assert [(sheet.block(number), line[0]) for number, line in sheet.rows()] == [
        ("VISITAS REALIZADAS", "A"),
        ("VISITAS NO REALIZADAS", "C"),
    ]


def test_a_title_that_comes_with_every_page_makes_no_block():
    lines = csv_bytes(ROWS, total=False).decode().strip().split("\r\n")
    data = "\r\n".join([*lines[:3], lines[0], lines[1], *lines[3:]]).encode()
    sheet = read(data, "x")
    assert sheet.blocks == ["Avisos de mantenimiento - Carrazos - 23/11/2026 07:02"]
    assert [number for number, _ in sheet.rows()] == [3, 6]


def test_equal_titles_are_told_apart_and_the_first_value_stands():
    data = b"Cliente;Placa;Celular;Celular\nANA RUIZ;ZZA101;;3005550101\nEVA PAZ;ZZA102;3005550102;3005550109\n"
    sheet = read(data, "x")
    assert sheet.header == ["Cliente", "Placa", "Celular", "Celular #2"]
    assert ProactiveFeed.match_all(sheet.header, {})["mobile"] == (2, 3)


def test_a_persons_alias_goes_before_ours_and_may_ignore_a_column():
    header = ["Nombre", "Señor", "Celular"]
    assert ProactiveFeed.match(header, {"senor": "customer_name"})["customer_name"] == 1
    assert ProactiveFeed.match_all(header, {"senor": "customer_name"})["customer_name"] == (1, 0)
    assert "mobile" not in ProactiveFeed.match(header, {"celular": ""})


def test_an_unknown_header_is_guessed_only_when_asked():
    data = "Listado\nSeñor;Móvil del señor;Carro\nANA RUIZ;3005550101;ZZA101\n".encode()
    with pytest.raises(UnreadableFile, match="No se encontró el encabezado"):
        read(data, "x")
    sheet = read(data, "x", guess=True)
    assert sheet.header == ["Señor", "Móvil del señor", "Carro"]
    assert sheet.samples() == [["ANA RUIZ"], ["3005550101"], ["ZZA101"]]


def test_merged_cells_of_a_page_keep_the_columns_in_line():
    data = (
        b"<table><tr><th>Centro<th>Cliente<th>Placa<th>Celular<tr><td rowspan=2>NORTE<td>ANA RUIZ<td>ZZA101<td x:num='3005550101'>3,01E+09"
        b"<tr><td>EVA<br>PAZ<td>ZZA102<td>3005550102</table>"
    )
    assert [line for _, line in read(data, "x.xls").rows()] == [
        ["NORTE", "ANA RUIZ", "ZZA101", "3005550101"],
        ["NORTE", "EVA\nPAZ", "ZZA102", "3005550102"],
    ]


def test_corrections_and_chosen_rows():
    sheet = read(csv_bytes(ROWS), "x")
    place = sheet.header.index("Telf. Móvil")
    sheet.edits, sheet.only = {4: {place: "3009998877"}}, {4}
    assert [(number, line[place]) for number, line in sheet.rows()] == [(4, "3009998877")]


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
        (b"<html><p>Acceso denegado</p></html>", "página web sin ninguna tabla"),
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
