"""Workbooks as the old Drive sheets were: a title, a header, rows with their grades, some of them painted."""

import io

from openpyxl import Workbook
from openpyxl.styles import PatternFill

HEADER = ["OT", "Fecha de entrega", "Centro", "Asesor de servicio", "Cliente", "Documento", "Teléfono", "Placa", "Marca", "Atención",
          "Trabajo realizado", "Tiempos", "Recomendación", "Voz del cliente", "Sugerencia", "Semáforo", "Responsable", "Respuesta",
          "Fecha de respuesta", "Causa raíz", "Evidencia"]  # fmt: skip


def line(n, *, scores=(9, 9, 9, 9), **more):
    cells = {
        "OT": f"OT/{n}/2025", "Fecha de entrega": "10/03/2025", "Centro": "NORTE", "Cliente": f"PERSONA NUMERO {chr(65 + n % 26)}",
        "Documento": str(52_000_000 + n), "Teléfono": f"3005550{n}", "Placa": f"ZZD{n}", "Marca": "VOLKSWAGEN",
    } | dict(zip(("Atención", "Trabajo realizado", "Tiempos", "Recomendación"), scores, strict=True))  # fmt: skip
    return [(cells | more).get(title, "") for title in HEADER]


def book(*rows, fills=(), sheets=1, header=HEADER, space=0):
    """A workbook of rows; `fills` paints whole rows, by their place."""
    made = Workbook()
    for turn in range(sheets):
        sheet = made.active if turn == 0 else made.create_sheet()
        sheet.title = ("ENERO", "FEBRERO")[turn]
        for _ in range(space):
            sheet.append([])
        sheet.append(["Control de seguimiento clientes posventa"])
        sheet.append(header)
        for row in rows[turn::sheets]:
            sheet.append(row)
    for place, rgb in dict(fills).items():
        target = made.worksheets[place % sheets]
        for cell in target[space + 3 + place // sheets]:
            cell.fill = PatternFill("solid", fgColor=f"FF{rgb}")
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


LOW = {"scores": (9, 4, 9, 5), "Voz del cliente": "Volvió a fallar"}
SALES_HEADER = ["Fecha de entrega", "Centro", "Asesor comercial", "Cliente", "Documento", "Placa", "Marca", "Atención", "Instalaciones", "Tiempos",
                "Recomendación", "Voz del cliente", "Semáforo"]  # fmt: skip


def aftersales_sample() -> bytes:
    """Every light once, a good survey, and two rows that do not enter."""
    rows = [
        line(101), line(102, **LOW), line(103, **LOW), line(104, **LOW, Respuesta="Se corrigió sin costo"), line(105, **LOW, Respuesta="No aceptó"),
        line(106, **{"Voz del cliente": "Más parqueaderos"}), line(107, **LOW), line(108, **LOW), line(109, scores=(9, 9, 9, 11)),
    ]  # fmt: skip
    return book(*rows, sheets=2, fills={1: "FF0000", 2: "FFFF00", 3: "6AA84F", 4: "D9EAD3", 5: "CFE2F3", 6: "674EA7"})


def sales_sample() -> bytes:
    rows = [
        ["10/03/2025", "NORTE", "", "ANA RUIZ", "52000101", "ZZD101", "VOLKSWAGEN", 9, 6, 8, 9, "Poco parqueadero", "Gestión realizada"],
        ["11/03/2025", "NORTE", "", "LUIS PEÑA", "52000102", "ZZD102", "VOLKSWAGEN", 10, 10, 10, 10, "", ""],
        ["", "NORTE", "", "EVA MORA", "52000103", "ZZD103", "VOLKSWAGEN", 10, 10, 10, 10, "", ""],
    ]
    return book(*rows, header=SALES_HEADER)
