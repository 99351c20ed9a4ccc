"""The same list in every container that people call «Excel», written by hand: what SPIGA, Excel and web pages make."""

import io
import struct
import zipfile
from email.message import EmailMessage
from html import escape
from xml.sax.saxutils import escape as xml_escape

from openpyxl import Workbook

Table = list[list[str]]


def html(table: Table, *, charset: str = "utf-8", title: str = "Avisos de mantenimiento") -> bytes:
    """An .xls that is a page: a title over the whole width, then the list, with tags left open as SPIGA's kind of writer does."""
    width = len(table[0])
    lines = [f'<tr><td colspan="{width}"><b>{escape(title)}</b></td></tr>']
    lines += ["<tr>" + "".join(f"<td>{escape(cell) or '&nbsp;'}" for cell in row) for row in table]
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}"></head><body><table>{"".join(lines)}</table></body></html>'
    return page.encode(charset)


def mhtml(table: Table) -> bytes:
    """A «Página web de un solo archivo» of Excel: the cover first, the sheet after it."""
    message = EmailMessage()
    message["MIME-Version"] = "1.0"
    message.set_content("<html><frameset><frame src='sheet001.htm'></frameset></html>", subtype="html")
    message.make_related()
    message.add_related(html(table).decode(), subtype="html", headers=["Content-Location: file:///C:/listado_archivos/sheet001.htm"])
    text = message.as_bytes()
    return text if text.lower().startswith(b"mime-version") else b"MIME-Version: 1.0\r\n" + text


def spreadsheet_ml(table: Table, *, hidden: str = "") -> bytes:
    """An «XML de hoja de cálculo 2003»: numbers as numbers, an empty row skipped by its index, one more sheet."""

    def cell(value: str) -> str:
        kind = "Number" if value.isdigit() else "String"
        text = f"{value}.0" if kind == "Number" else xml_escape(value)
        return f'<Cell><Data ss:Type="{kind}">{text}</Data></Cell>' if value else "<Cell/>"

    rows = [f'<Row ss:Index="3">{"".join(map(cell, table[0]))}</Row>', *("<Row>" + "".join(map(cell, row)) + "</Row>" for row in table[1:])]
    state = f"<x:WorksheetOptions><x:Visible>{hidden}</x:Visible></x:WorksheetOptions>" if hidden else ""
    return (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:x="urn:schemas-microsoft-com:office:excel">'
        '<Worksheet ss:Name="Portada"><Table><Row><Cell ss:MergeAcross="3"><Data ss:Type="String">Informe</Data></Cell></Row></Table></Worksheet>'
        f'<Worksheet ss:Name="Listado"><Table>{"".join(rows)}</Table>{state}</Worksheet></Workbook>'
    ).encode()


def ods(table: Table) -> bytes:
    """An OpenDocument sheet."""
    cells = [
        "".join(f'<table:table-cell office:value-type="string"><text:p>{xml_escape(cell)}</text:p></table:table-cell>' for cell in row)
        for row in table
    ]
    rows = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="Listado">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/></manifest:manifest>'
    )
    return packed({"mimetype": mime.encode(), "content.xml": content.encode(), "META-INF/manifest.xml": manifest.encode()})


def xlsb(table: Table) -> bytes:
    """A binary workbook: the few records of [MS-XLSB] that a sheet of texts needs."""

    def record(kind: int, body: bytes = b"") -> bytes:
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        size, length = len(body), b""
        while True:
            length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
            size >>= 7
            if not size:
                return head + length + body

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    sheet = record(129) + record(148, struct.pack("<IIII", 0, len(table) - 1, 0, len(table[0]) - 1)) + record(145)
    for number, row in enumerate(table):
        sheet += record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0))
        sheet += b"".join(record(6, struct.pack("<II", column, 0) + wide(cell)) for column, cell in enumerate(row) if cell)
    sheet += record(146) + record(130)
    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Listado")) + record(144) + record(132)
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def rels(kind: str, target: str) -> bytes:
        return f'<?xml version="1.0"?><Relationships xmlns="{relations}"><Relationship Id="rId1" Type="{kinds}/{kind}" Target="{target}"/></Relationships>'.encode()

    types = (
        b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        b'<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>'
    )
    return packed({
        "[Content_Types].xml": types, "_rels/.rels": rels("officeDocument", "xl/workbook.bin"), "xl/workbook.bin": book,
        "xl/_rels/workbook.bin.rels": rels("worksheet", "worksheets/sheet1.bin"), "xl/worksheets/sheet1.bin": sheet,
    })  # fmt: skip


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 23, 7, 2, 0)), content)
    return out.getvalue()


def book(sheets: dict[str, Table], *, hidden: tuple[str, ...] = ()) -> bytes:
    """A workbook of several sheets."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, table in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in table:
            sheet.append(row)
        if name in hidden:
            sheet.sheet_state = "hidden"
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()
