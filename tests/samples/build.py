"""Writes the small SPIGA files of this folder, one for each case C1-C20 and each «Nasty» of F1 (domain 3.2, 3.3).

`.venv/bin/python -m tests.samples.build`. The files are committed: what they hold must not change with the code.
Invented people, plates and phones only. Monday 23 November 2026 is their day.
"""

import io
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from openpyxl import Workbook

from tests.callcenter.spiga import containers
from tests.callcenter.spiga.files import HEADER, csv_bytes, row, table
from tests.satisfaction import drive_sheets

FOLDER = Path(__file__).parent
TITLE = "Avisos de mantenimiento - Carrazos - 23/11/2026 07:02"
TWO = [row(101), row(102)]


def lines(
    rows: list[dict], *, header: list[str] = HEADER, before: tuple[str, ...] = (TITLE,), after: tuple[str, ...] = ("Total registros: 2",)
) -> bytes:
    """Text as SPIGA writes it: title, header, rows, total; every line ends in a separator."""
    return text([*([title] for title in before), *table(rows, header), *([total] for total in after)])


def text(found: list[list[str]], encoding: str = "utf-8") -> bytes:
    return "".join(";".join(cells) + ";\r\n" for cells in found).encode(encoding)


def workbook(rows: list[dict], change: Callable[[object], None] | None = None, **columns: Callable[[str], object]) -> bytes:
    """A workbook whose named columns hold typed cells (`Telf_Móvil=float`)."""
    book = Workbook()
    sheet = book.active
    sheet.append([TITLE])
    typed = {
        name.replace("_", " ").replace("F ", "F. ").replace("Telf ", "Telf. ").replace("N° Doc ", "N° Doc. "): kind
        for name, kind in columns.items()
    }
    for number, cells in enumerate(table(rows)):
        sheet.append(
            [typed[title](cell) if number and title in typed and cell else cell for title, cell in zip(HEADER, cells, strict=True)]
        )
    if change:
        change(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def merge_title(sheet) -> None:
    sheet.merge_cells("A1:R1")
    sheet.insert_rows(1)
    sheet["A1"] = "CARRAZOS SAS"
    sheet.merge_cells("A1:R1")


def repeated_header() -> bytes:
    found = [
        [TITLE],
        *table([row(101)]),
        ["Página 2 de 3"],
        HEADER,
        *table([row(102)])[1:],
        ["Fecha de impresión: 23/11/2026"],
        ["Usuario: ANA"],
    ]
    return text(found)


def serial(day: str) -> int:
    """An Excel date serial."""
    number, month, year = map(int, day.split("/"))
    return (date(year, month, number) - date(1899, 12, 30)).days


FILES: dict[str, Callable[[], bytes]] = {
    "c01_html.xls": lambda: containers.html(table(TWO), charset="windows-1252", title=TITLE),
    "c01_mhtml.xls": lambda: containers.mhtml(table(TWO)),
    "c01_xml2003.xls": lambda: containers.spreadsheet_ml(table(TWO)),
    "c02_tabs.csv": lambda: csv_bytes(TWO, delimiter="\t", encoding="cp1252"),
    "c03_title.csv": lambda: lines(TWO, before=("CARRAZOS SAS", TITLE, "Sede: NORTE; Usuario: ANA", "")),
    "c04_header_first.csv": lambda: lines(TWO, before=()),
    "c05_trailing.csv": lambda: text([[TITLE], *([*cells, "", "", "", ""] for cells in table(TWO))]),
    "c06_total.csv": lambda: lines(TWO, after=("Total registros: 2", "TOTAL GENERAL", "Suma:")),
    "c07_repeated_header.csv": repeated_header,
    "c08_mojibake.csv": lambda: lines([row(101, name="MUÑOZ ÁVILA ANA MARÍA"), row(102)]).decode("latin-1").encode(),
    "c09_lost_letters.csv": lambda: lines(TWO).replace("Kilómetros".encode(), b"Kil\xef\xbf\xbdmetros").replace("Móvil".encode(), b"M\xef\xbf\xbdvil"),
    "c10_float_phone.xlsx": lambda: workbook(TWO, Telf_Móvil=float),
    "c10_float_phone.csv": lambda: lines([row(101, phone="3.005550101E9"), row(102, phone="3005550102.0")]),
    "c11_dots_in_document.csv": lambda: lines([row(101, document="52.000.101"), row(102, document="1.075.234.567")]),
    "c12_name_with_comma.csv": lambda: lines([row(101, name="PÉREZ  GÓMEZ , JUAN"), row(102, name="JUAN PEREZ GOMEZ", document="52000101", code="10101")]),
    "c13_mails.csv": lambda: lines([row(101, email='"a@demo.example;b@demo.example"'), row(102, email="notiene@notiene.com, c@gmial.com")]),
    "c14_line_break.csv": lambda: lines([row(101, note='"llamar después de las 3;\nprefiere WhatsApp"'), row(102)]),
    "c15_date_text.csv": lambda: lines([row(101, due="25/11/2026 08:05:00 a.\u00a0m."), row(102, due="25-nov-2026")]),
    "c16_serial_date.xlsx": lambda: workbook(TWO, F_Prevista=serial),
    "c16_date_cell.xlsx": lambda: workbook(TWO, F_Prevista=lambda day: datetime.strptime(day, "%d/%m/%Y")),
    "c17_merged_title.xlsx": lambda: workbook(TWO, merge_title),
    "c18_second_sheet.xlsx": lambda: containers.book({"Portada": [["CARRAZOS SAS"], ["Avisos", "2"]], "Listado": table(TWO)}),
    "c18_hidden_sheet.xlsx": lambda: containers.book({"Ayer": table([row(109)]), "Hoy": table(TWO)}, hidden=("Ayer",)),
    "c19_only_headers.csv": lambda: lines([]),
    "c20_twice.csv": lambda: lines(TWO),
    "container.ods": lambda: containers.ods(table(TWO)),
    "container.xlsb": lambda: containers.xlsb(table(TWO)),
    "f1_01_km_and_time.csv": lambda: lines([row(101, reason="REV. 20.000 KM"), row(101, reason="REVISION ANUAL", due="30/11/2026")]),
    "f1_02_fleet.csv": lambda: lines(
        [row(101 + n, name="FLOTA DEMO SAS", document="900373913-4", code="77", phone="3005550177", profile="Empresa") for n in range(14)]
    ),
    "f1_03_serviced_yesterday.csv": lambda: lines([row(101, last="22/11/2026"), row(102)]),
    "f1_04_no_date.csv": lambda: lines([row(101, due="", reason="REV. 30.000 KM"), row(102, due="", reason="")]),
    "f1_05_motive_writings.csv": lambda: lines([row(101, reason="REV. 10.000 KM"), row(101, reason="Revisión 10000")]),
    "f1_06_owner_and_driver.csv": lambda: lines(
        [row(101), row(101, name="RUIZ CONDUCTOR PEDRO", document="52000999", code="", phone="3005550999", reason="CAMBIO DE ACEITE")]
    ),
    "f1_07_previous_owner.csv": lambda: lines([row(101, phone="3005550101"), row(102, phone="3005550101")]),
    "f1_08_no_plate.csv": lambda: lines([row(101, plate=""), row(102, plate="0KM")]),
    "f1_09_swapped.csv": lambda: lines([row(101, plate="9BWAA05U1AA000101", vin=""), row(102, vin="ZZA102", plate="")]),
    "f1_10_two_sites.csv": lambda: lines([row(101), row(101, site="CENTRO")]),
    "f1_11_morning_a.csv": lambda: lines(TWO),
    "f1_11_morning_b.csv": lambda: lines([row(101 + n) for n in range(5)]),
    "f1_12_yesterday.csv": lambda: lines(TWO, before=("Avisos de mantenimiento - Carrazos - 22/11/2026 07:00",)),
    "f1_13_recall.csv": lambda: lines([row(101, reason="Campaña de seguridad 69X1"), row(102)]),
    "f1_14_in_recovery.csv": lambda: lines(TWO),
    "f1_15_own_car.csv": lambda: lines([row(101, name="CARRAZOS SAS", document="900999999"), row(102)]),
    "f1_16_motorcycle.csv": lambda: lines([row(101, plate="ZZB22C", vin=""), row(102, plate="ZZB 23-D", vin="")]),
    "f1_17_remarks.csv": lambda: lines([row(101, note="el señor falleció"), row(102, note='"vendió el carro; no llamar"'), row(103)]),
    "drive_for01.xlsx": drive_sheets.aftersales_sample,
    "drive_for03.xlsx": drive_sheets.sales_sample,
    "f1_18_other_brand.csv": lambda: lines([row(101, brand="KIA"), row(102)]),
}  # fmt: skip


def main() -> None:
    for name, build in FILES.items():
        (FOLDER / name).write_bytes(build())


if __name__ == "__main__":
    main()
