"""Generated F1 files for the benches: 25 columns, 10 % repeats, 6 % companies, 5 % bad rows (engineering §2)."""

import random
from datetime import date, timedelta
from pathlib import Path

from openpyxl import Workbook

HEADER = ["Centro", "F. Prevista", "Motivo Contacto", "Placa", "VIN", "Marca", "Gama", "Kilómetros", "F. Últ. Entrada", "Cód. Tercero",
          "Cliente", "N° Doc. Cliente", "Perfil Cliente", "Teléfonos", "Telf. Móvil", "Email", "Asesor Servicio", "Observaciones",
          "Ciudad", "Modelo", "Año Modelo", "Dirección", "Barrio", "Fecha SOAT", "Campaña"]  # fmt: skip
NAMES = ["ANA", "LUIS", "MARTA", "JUAN", "CAMILA", "PEDRO", "SOFÍA", "DIEGO", "LAURA", "ANDRÉS", "VALERIA", "JORGE"]
SURNAMES = ["GÓMEZ", "PEÑA", "RUIZ", "MUÑOZ", "DÍAZ", "ROJAS", "CASTRO", "VEGA", "MORA", "ORTIZ", "LARA", "SOTO", "PARRA", "NIÑO"]
FAMILIES = ["GOL", "POLO", "T-CROSS", "NIVUS", "VOYAGE", "TAOS"]
VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def row(index: int, rng: random.Random, today: date) -> list:
    company, bad = rng.random() < 0.06, rng.random() < 0.05
    name = f"{rng.choice(SURNAMES)} {rng.choice(SURNAMES)} {rng.choice(NAMES)}"
    vin = f"9BW{VIN_LETTERS[index // 529 % 23]}{VIN_LETTERS[index // 23 % 23]}{VIN_LETTERS[index % 23]}U1AA{index:07d}"
    plate = f"{VIN_LETTERS[index // 10_000 % 23]}{VIN_LETTERS[index // 1_000 % 23]}{VIN_LETTERS[index % 23]}{index % 1000:03d}"
    document = f"9{index:08d}" if company else str(1_000_000_000 + index)
    mobile = "1234567" if bad else f"3{rng.choice(['00', '10', '15', '20'])}{5_000_000 + index:07d}"
    due = today + timedelta(days=rng.randint(-20, 40))
    return ["NORTE", f"{due:%d/%m/%Y}", f"REV. {rng.randint(1, 9)}0.000 KM", plate, vin, "VOLKSWAGEN", rng.choice(FAMILIES),
            f"{rng.randint(1, 90)}.{rng.randint(100, 999)}", f"{today - timedelta(days=rng.randint(60, 400)):%d/%m/%Y}", str(10_000 + index),
            f"{name} SAS" if company else name, document, "Empresa" if company else "Particular", "" if bad else f"601{5_000_000 + index % 900_000:07d}",
            mobile, f"cliente{index}@correo{index % 50}.example", "023 - LUIS DEMO", "", "BOGOTÁ", "1.6 MT", str(rng.randint(2012, 2026)),
            f"CL {index % 150} # 10-20", "CENTRO", "", ""]  # fmt: skip


def write(path: Path, count: int, *, seed: int = 7, today: date = date(2026, 11, 23)) -> None:
    """A workbook (or .csv) with `count` rows."""
    rng = random.Random(seed)
    rows: list[list] = []
    for index in range(count):
        rows.append(list(rows[rng.randrange(len(rows))]) if rows and rng.random() < 0.10 else row(index, rng, today))
    if path.suffix == ".csv":
        path.write_text("\n".join(";".join(map(str, line)) for line in [HEADER, *rows]), encoding="utf-8")
        return
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Listado")
    for line in [HEADER, *rows]:
        sheet.append(line)
    book.save(path)
