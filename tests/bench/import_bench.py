"""P1-P3: a hundred thousand xlsx rows on disk to customers, vehicles and outreaches committed, against the floor.

The floor reads the same file with calamine and copies as many finished rows, binary, into the same three tables with
their indexes and foreign keys; a second floor also into the three that the master keeps beside them (several phones,
who owns which car, the reasons of one call). `python -m tests.bench.import_bench [rows]`
"""

import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests.bench.house import bench_database, line
from tests.bench.spiga_files import write

ROUNDS = 3


def empty():
    from django.db import connection

    tables = "touch, attempt, motive, outreach, vehicleparty, contactpoint, vehicle, customer, importrow, importbatch"
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE " + ", ".join(f"callcenter_{name.strip()}" for name in tables.split(",")) + " RESTART IDENTITY CASCADE")


def floor(path: Path, people: int, *, points: int = 0, whole: bool = False) -> float:
    """calamine read + binary COPY into the three tables; `whole`: into all six that an import fills, with so many points."""
    import python_calamine
    from django.db import connection, transaction

    from callcenter.models import Brand, Site

    site, brand, now = Site.objects.get().pk, Brand.objects.get(code="vw").pk, datetime.now(UTC)
    start = time.perf_counter()
    rows = list(python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows())[1 : people + 1]
    with transaction.atomic(), connection.cursor() as cursor:

        def copy(table, columns, types, values):
            with cursor.copy(f"COPY callcenter_{table} ({columns}) FROM STDIN (FORMAT BINARY)") as out:
                out.set_types(types)
                for value in values:
                    out.write_row(value)

        copy("customer", "id, kind, company_reason, name, raw_name, name_key, document_type, document_number, check_digit, document_key, dms_code, city, sites, edited_fields",
             ["int8", *["varchar"] * 11, "int8[]", "varchar[]"],
             ((n, "PERSON", "", str(row[10]), str(row[10]), str(row[10]), "CC", str(n), "", str(n), str(row[9]), str(row[18]), [site], []) for n, row in enumerate(rows, 1)))  # fmt: skip
        copy("vehicle", "id, vin, plate, brand_id, family, model, is_own, edited_fields",
             ["int8", "varchar", "varchar", "int8", "varchar", "varchar", "bool", "varchar[]"],
             ((n, f"9BW{n:014d}", str(row[3]), brand, str(row[6]), str(row[19]), False, []) for n, row in enumerate(rows, 1)))  # fmt: skip
        copy("outreach", "id, programme, purpose, customer_id, vehicle_id, site_id, brand_id, reason, note, state, next_step, priority, due_at, is_callback, calls_made, result, fence, opened_at",
             ["int8", "varchar", "varchar", "int8", "int8", "int8", "int8", "varchar", "varchar", "varchar", "varchar", "int2", "timestamptz", "bool", "int2", "varchar", "int8", "timestamptz"],
             ((n, "PROACTIVE", "COMMERCIAL", n, n, site, brand, str(row[2]), "", "OPEN", "CALL", 2, now, False, 0, "", 0, now) for n, row in enumerate(rows, 1)))  # fmt: skip
        if whole:
            copy("contactpoint", "customer_id, kind, value, phone_kind, label, position, status, last_result",
                 ["int8", "varchar", "varchar", "varchar", "varchar", "int2", "varchar", "varchar"],
                 ((1 + n % people, "PHONE", f"+57{3_000_000_000 + n}", "MOBILE", "", n // people, "VALID", "") for n in range(points)))  # fmt: skip
            copy("vehicleparty", "vehicle_id, customer_id, role, since", ["int8", "int8", "varchar", "date"],
                 ((n, n, "OWNER", now.date()) for n in range(1, people + 1)))  # fmt: skip
            copy("motive", "outreach_id, programme, reference, reason", ["int8", "varchar", "varchar", "varchar"],
                 ((n, "PROACTIVE", f"{n}|REVISION|2026-11-23", str(row[2])) for n, row in enumerate(rows, 1)))  # fmt: skip
    return time.perf_counter() - start


def run_ours(path: Path):
    from callcenter import clock
    from callcenter.spiga import pipeline

    start = time.perf_counter()
    batch = pipeline.receive("proactive", path.read_bytes(), path.name, by=None, site=None, at=clock.now(), repeat=True)
    result = pipeline.import_now(batch)
    return time.perf_counter() - start, result


def row_by_row(path: Path, sample: int) -> float:
    """What the ORM needs for the same rows one by one, from a sample."""
    import python_calamine
    from django.utils import timezone as clock

    from callcenter.models import Brand, ContactPoint, Customer, Outreach, Site, Vehicle

    site, brand = Site.objects.get(), Brand.objects.get(code="vw")
    rows = list(python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows())[1 : sample + 1]
    start = time.perf_counter()
    for number, row in enumerate(rows):
        customer, _ = Customer.objects.update_or_create(document_key=f"X{number}", defaults={"name": row[10], "name_key": row[10]})
        ContactPoint.objects.get_or_create(customer=customer, kind="PHONE", value=f"+57300{number:07d}")
        vehicle, _ = Vehicle.objects.update_or_create(vin=f"X{number}", defaults={"plate": row[3], "brand": brand, "family": row[6]})
        Outreach.objects.get_or_create(programme="PROACTIVE", vehicle=vehicle, defaults={
            "purpose": "COMMERCIAL", "customer": customer, "site": site, "brand": brand, "reason": row[2], "due_at": clock.now()})  # fmt: skip
    return time.perf_counter() - start


def memory(*command: str) -> float:
    """Peak, in MB, of a process that does nothing but this command."""
    code = f"from django.core.management import execute_from_command_line as run; run(['manage.py', *{command!r}])"
    done = subprocess.run(["/usr/bin/env", "time", "-f", "%M", sys.executable, "-c", code], capture_output=True, text=True)
    peak = done.stderr.strip().split("\n")[-1]
    return int(peak) / 1024 if peak.isdigit() else float("nan")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with bench_database(), tempfile.TemporaryDirectory() as folder:
        from callcenter.models import ContactPoint, Employee, Site

        site = Site.objects.create(
            code="norte", name="Sede Norte", aliases=["NORTE"], city="Bogotá", area_code="601", phones="601 555 0100"
        )
        Employee.objects.create(code="023", name="Luis Demo", name_key="DEMO LUIS", function="service_advisor", site=site)
        path, text = Path(folder) / "f1.xlsx", Path(folder) / "f1.csv"
        write(path, count)
        write(text, count)
        seconds: dict[str, list[float]] = {name: [] for name in ("first", "again", "three", "six")}
        for turn in range(1, ROUNDS + 1):
            empty()
            first, result = run_ours(path)
            again, second = run_ours(path)
            made, points = result.created, ContactPoint.objects.count()
            empty()
            three = floor(path, made)
            empty()
            six = floor(path, made, points=points, whole=True)
            for name, value in zip(seconds, (first, again, three, six), strict=True):
                seconds[name].append(value)
            print(f"-- vuelta {turn}: {count} filas; {first:.1f} s, otra vez {again:.1f} s, pisos {three:.1f} y {six:.1f} s")
        first, again, three, six = (median(values) for values in seconds.values())
        print(f"-- medianas de {ROUNDS} vueltas")
        line("P1 xlsx → clientes, vehículos y gestiones", three, first, "≤ 2.0")
        line("P1 el mismo, contra las seis tablas que llena", six, first, "≤ 2.0")
        line("P2 el mismo archivo otra vez (piso: la primera)", first, again, "≤ 0.9")
        print(f"   {result.as_json()}\n   otra vez: creadas {second.created}, actualizadas {second.updated}; {points} teléfonos y correos")
        empty()
        sample = 1_000
        slow = row_by_row(path, sample) * made / sample
        print(f"   fila por fila con el ORM (de {sample} filas): {slow:.0f} s, {slow / first:.0f} veces más lento")
        bare = memory("version")
        for name, file, goal in (("xlsx", path, 320), ("csv", text, 60)):
            empty()
            peak = memory("spiga_import", "proactive", str(file), "--json")
            print(f"P3 memoria {name}: {peak:.0f} MB, {peak - bare:.0f} sobre el proceso sin archivo (meta ≤ {goal})")


if __name__ == "__main__":
    main()
