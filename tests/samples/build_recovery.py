"""Writes one small file for each «Nasty» of F2 and its companion F8 (domain 3.4); see `build.py` for the house rules.

`.venv/bin/python -m tests.samples.build_recovery`. Number 20, the list of 40,000 rows, is made where it is used (tests/bench/recovery_bench.py).
"""

from collections.abc import Callable
from pathlib import Path

from tests.recovery.files import companion_bytes, csv_bytes, line, vehicle

FOLDER = Path(__file__).parent
OLD, LATER = "15/02/2023 09:10:00 a. m.", "20/01/2025 05:42:10 p. m."


def person(number: int = 101, **changes: str) -> dict:
    """A line of somebody who can be called."""
    return line(number, **({"mobile": f"3005550{number}", "invoiced": LATER} | changes))


FILES: dict[str, Callable[[], bytes]] = {
    "f2_01_invoices_of_one_order.csv": lambda: csv_bytes(
        [person(order="OT/15234/2025-1"), person(order="OT/15234/2025-2", invoiced="21/01/2025 08:00:00 a. m.")], encoding="cp1252"
    ),
    "f2_02_insurer_pays.csv": lambda: csv_bytes(
        [
            person(order="OT/1/2023-1", invoiced=OLD),
            line(101, order="OT/2/2025-1", payer="SEGUROS DEMO S.A.", reason="COLISION", invoiced=LATER),
        ]
    ),
    "f2_03_importer_pays.csv": lambda: csv_bytes(
        [
            person(order="OT/1/2023-1", invoiced=OLD),
            line(101, order="OT/2/2025-1", payer="IMPORTADORA DEMO S.A.S.", reason="GARANTIA", invoiced=LATER),
        ]
    ),
    "f2_04_leasing.csv": lambda: csv_bytes(
        [
            person(101, payer="LEASING DEMO SA", name="LEASING DEMO SA", document="900373913-4", driver="PEDRO LARA RUIZ"),
            person(102, payer="BANCO DEMO S.A.", name="BANCO DEMO S.A.", document="890903938-8"),
        ]
    ),
    "f2_05_one_person.csv": lambda: csv_bytes(
        [
            person(101, payer="JUAN PEREZ", name="JUAN PEREZ", document="1.075.000.104", mobile="3005550101"),
            person(102, payer="PEREZ JUAN", mobile="3005550101"),
            person(103, payer="PEREZ, JUAN", name="PEREZ, JUAN", document="1075000104-1", mobile="3005550101"),
        ]
    ),
    "f2_06_plates.csv": lambda: csv_bytes(
        [
            person(101, plate="0KM"),
            person(102, plate="SINPLACA"),
            person(103, plate="ZZA777", invoiced=OLD),
            person(104, plate="ZZA777"),
        ]
    ),
    "f2_07_vin_letters.csv": lambda: csv_bytes(
        [person(101, vin="9BWAA05U1AAO0O101"), person(102, vin="9BWAA05U1IA000102", plate="0KM"), person(103, vin="Q")]
    ),
    "f2_08_vin_writing.csv": lambda: csv_bytes(
        [person(order="OT/1/2023-1", invoiced=OLD), person(order="OT/2/2025-1", vin=" 9bwaa05u1aa 000101 ", plate="zza 101")]
    ),
    "f2_09_two_owners.csv": lambda: csv_bytes(
        [
            person(101, order="OT/1/2023-1", invoiced=OLD, payer="LARA DÍAZ JUAN", mobile="3005550150"),
            person(101, order="OT/2/2025-1", payer="MORA RÍOS MARÍA", mobile="3005550151"),
        ]
    ),
    "f2_10_three_cars.csv": lambda: csv_bytes(
        [person(number, payer="LARA DÍAZ JUAN", name="LARA DÍAZ JUAN", document="52000150", mobile="3005550150") for number in (101, 102, 103)]
    ),
    "f2_11_one_year.csv": lambda: csv_bytes([person(101, invoiced="22/11/2025"), person(102, invoiced="23/11/2025")]),
    "f2_12_internal_only.csv": lambda: csv_bytes(
        [
            person(101, reason="ALISTAMIENTO", payer="CARRAZOS SAS", mobile=""),
            person(102, reason="PDI"),
            person(103, charge="INTERNO", order="OT/3/2025-1"),
            person(103, order="OT/3/2023-1", invoiced=OLD, charge=""),
        ]
    ),
    "f2_13_open_order.csv": lambda: csv_bytes([person(order="OT/1/2023-1", invoiced=OLD), person(order="OT/2/2026-1", invoiced="")]),
    "f2_14_cancelled.csv": lambda: csv_bytes(
        [
            person(order="OT/1/2023-1", invoiced=OLD, amount="410.000"),
            person(order="OT/2/2026-1", invoiced="20/10/2026", amount="350.000"),
            person(order="OT/2/2026-2", invoiced="21/10/2026", amount="-350.000"),
        ]
    ),
    "f2_15_workshops_phone.csv": lambda: csv_bytes([person(101, mobile="6015550100"), person(102, mobile="3005550777"), person(103)]),
    "f2_16_no_mail.csv": lambda: csv_bytes(
        [person(101, mobile="", email="notiene@notiene.com"), person(102, mobile="", email="ana@demo.example")]
    ),
    "f2_17_no_phones.csv": lambda: csv_bytes([line(number, invoiced=LATER) for number in range(101, 111)]),
    "f2_17_companion.csv": lambda: companion_bytes(
        [(f"9BWAA05U1AA000{number}", line(number)["Cliente Fra."], f"3005550{number}") for number in range(101, 108)]
    ),
    "f2_18_no_phones.csv": lambda: csv_bytes([line(101, invoiced=LATER, payer="PÉREZ LUIS"), line(102, invoiced=LATER, payer="MORA RÍOS ANA")]),
    "f2_18_companion.csv": lambda: companion_bytes(
        [
            ("9BWAA05U1AA000101", "PÉREZ LUIS", "57 300 555 01 01"),
            ("9BWAA05U1AA000101", "LUIS PEREZ", ""),
            ("9BWAA05U1AA000102", "ANA MORA RÍOS", "3005550102"),
            ("9BWAA05U1AA000102", "MORA RÍOS ANA", "3005550103 / 6015550199"),
        ]
    ),
    "f2_19_odometer.csv": lambda: csv_bytes(
        [person(order="OT/1/2023-1", invoiced=OLD, km="41.300"), person(order="OT/2/2025-1", km="40.100")]
    ),
    "f2_layout_b.csv": lambda: csv_bytes(
        [
            vehicle(101, last="15/03/2024"),
            vehicle(102, last="15/03/2024", name="FLOTA DEMO SAS", document="900373913-4", profile="Empresa"),
            vehicle(103, last="", sold="10/01/2025"),
            vehicle(104, last="01/11/2026"),
            vehicle(105, last="15/03/2024", phones="1234567"),
        ]
    ),
}  # fmt: skip


def main() -> None:
    for name, build in FILES.items():
        (FOLDER / name).write_bytes(build())


if __name__ == "__main__":
    main()
