"""Small workshop files as SPIGA writes them (domain 3.10)."""

HEADER = ["Núm. OT ", "Placa", "VIN", "Marca", "Gama", "Motivo de Entrada", "F. Fra.", "Cliente Fra.", "Kilómetros"]
EXTRA = ["Centro", "Sección", "Asesor", "F. Entrega", "F. Alta OT", "Situación", "Tipo Cargo", "Conductor", "Cliente", "N° Doc. Cliente",
         "Teléfonos", "Telf. Móvil", "Email", "Perfil Cliente", "Importe Fra."]  # fmt: skip
VEHICLES = ["VIN", "Placa", "Marca", "Gama", "Cliente", "N° Doc. Cliente", "Perfil Cliente", "Teléfonos", "Email", "Última Entrada Taller",
            "Kms", "Fecha Venta"]  # fmt: skip
NAMES = {"order": "Núm. OT ", "plate": "Placa", "vin": "VIN", "brand": "Marca", "family": "Gama", "reason": "Motivo de Entrada",
         "invoiced": "F. Fra.", "payer": "Cliente Fra.", "km": "Kilómetros", "site": "Centro", "section": "Sección", "advisor": "Asesor",
         "delivered": "F. Entrega", "opened": "F. Alta OT", "situation": "Situación", "charge": "Tipo Cargo", "driver": "Conductor",
         "name": "Cliente", "document": "N° Doc. Cliente", "phones": "Teléfonos", "mobile": "Telf. Móvil", "email": "Email",
         "profile": "Perfil Cliente", "amount": "Importe Fra.", "last": "Última Entrada Taller", "sold": "Fecha Venta", "kms": "Kms"}  # fmt: skip


def line(number: int = 101, **changes) -> dict:
    """A clean line of another order, car and person for every number."""
    good = {"order": f"OT/15{number}/2024-1", "plate": f"ZZA{number}", "vin": f"9BWAA05U1AA000{number}", "brand": "VOLKSWAGEN",
            "family": "GOL", "reason": "REVISIÓN 10.000 KM", "invoiced": "20/11/2024 05:42:10 p. m.",
            "payer": f"PÉREZ RUIZ PERSONA {chr(65 + number % 26)}", "km": "10.215"}  # fmt: skip
    return {NAMES[key]: value for key, value in (good | changes).items()}


def vehicle(number: int = 101, **changes) -> dict:
    """A clean row of the vehicles' report."""
    good = {"vin": f"9BWAA05U1AA000{number}", "plate": f"ZZA{number}", "brand": "VOLKSWAGEN", "family": "GOL",
            "name": f"PÉREZ RUIZ PERSONA {chr(65 + number % 26)}", "document": str(52_000_000 + number), "profile": "Particular",
            "phones": f"3005550{number}", "last": "15/03/2024", "kms": "41.300"}  # fmt: skip
    return {NAMES[key]: value for key, value in (good | changes).items()}


def csv_bytes(rows: list[dict], *, junk: bool = True, encoding: str = "utf-8-sig") -> bytes:
    """Junk row above the header, trailing empty column, total below, as the Taller export has them."""
    used = [title for title in dict.fromkeys((*HEADER, *EXTRA, *VEHICLES)) if any(title in row for row in rows)]
    lines = [used, *([str(row.get(title, "")) for title in used] for row in rows), [f"Total registros: {len(rows)}"]]
    if junk:
        lines.insert(0, ["Informe de Órdenes facturadas - Carrazos - 22/11/2026 08:10"])
    return "\r\n".join(";".join(cells) + ";" for cells in lines).encode(encoding)


def companion_bytes(rows: list[tuple[str, str, str]]) -> bytes:
    return "\r\n".join(";".join(cells) for cells in [("VIN", "Nombre Cliente", "Telf. Móvil"), *rows]).encode("cp1252")
