"""Small SPIGA files for tests, as SPIGA and its users make them."""

import io
from datetime import date

from openpyxl import Workbook

HEADER = ["Centro", "F. Prevista", "Motivo Contacto", "Placa", "VIN", "Marca", "Gama", "Kilómetros", "F. Últ. Entrada", "Cód. Tercero",
          "Cliente", "N° Doc. Cliente", "Perfil Cliente", "Teléfonos", "Telf. Móvil", "Email", "Asesor Servicio", "Observaciones"]  # fmt: skip
GOOD = {"Centro": "NORTE", "F. Prevista": "25/11/2026", "Motivo Contacto": "REV. 20.000 KM", "Placa": "ZZA101", "VIN": "9BWAA05U1AA000101",
        "Marca": "VOLKSWAGEN", "Gama": "GOL", "Kilómetros": "18.900", "F. Últ. Entrada": "20/05/2026", "Cód. Tercero": "10101",
        "Cliente": "MUÑOZ PEÑA ANA MARIA", "N° Doc. Cliente": "52000101", "Perfil Cliente": "Particular", "Teléfonos": "6015550109",
        "Telf. Móvil": "3005550101", "Email": "ana@demo.example"}  # fmt: skip


def row(number: int = 101, **changes) -> dict:
    """A clean row of another customer and car for every number."""
    own = {"Placa": f"ZZA{number}", "VIN": f"9BWAA05U1AA000{number}", "Cód. Tercero": str(10_000 + number), "N° Doc. Cliente": str(52_000_000 + number),
           "Telf. Móvil": f"3005550{number}", "Teléfonos": "", "Email": "", "Cliente": f"PÉREZ RUIZ PERSONA {chr(65 + number % 26)}"}  # fmt: skip
    names = {"reason": "Motivo Contacto", "due": "F. Prevista", "name": "Cliente", "plate": "Placa", "vin": "VIN", "phone": "Telf. Móvil",
             "document": "N° Doc. Cliente", "site": "Centro", "brand": "Marca", "note": "Observaciones", "phones": "Teléfonos",
             "code": "Cód. Tercero", "email": "Email", "km": "Kilómetros", "last": "F. Últ. Entrada", "advisor": "Asesor Servicio",
             "profile": "Perfil Cliente"}  # fmt: skip
    return GOOD | own | {names[key]: value for key, value in changes.items()}


def table(rows: list[dict], header: list[str] = HEADER) -> list[list[str]]:
    return [header, *([str(line.get(title, "")) for title in header] for line in rows)]


def csv_bytes(rows: list[dict], *, delimiter: str = ";", encoding: str = "utf-8", junk: bool = True, total: bool = True) -> bytes:
    lines = table(rows)
    if junk:
        lines.insert(0, ["Avisos de mantenimiento - Carrazos - 23/11/2026 07:02"])
    if total:
        lines.append([f"Total registros: {len(rows)}"])
    return "\r\n".join(delimiter.join(cells) + delimiter for cells in lines).encode(encoding)


def xlsx_bytes(rows: list[dict], *, typed: bool = False) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.append(["Avisos de mantenimiento"])
    sheet.merge_cells("A1:F1")
    for number, cells in enumerate(table(rows)):
        as_typed = typed and number
        sheet.append([typed_cell(HEADER[index], value) for index, value in enumerate(cells)] if as_typed else cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def typed_cell(title: str, value: str):
    """As Excel keeps it after somebody opened and saved the file: numbers and dates."""
    if title in {"Telf. Móvil", "N° Doc. Cliente", "Cód. Tercero"} and value.isdigit():
        return int(value)
    if title in {"F. Prevista", "F. Últ. Entrada"} and value:
        day, month, year = map(int, value.split("/"))
        return date(year, month, day)
    return value
