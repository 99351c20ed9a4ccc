"""F2, nasty 20: a workshop file of 40,000 rows from upload to calls, as one person would do it on an empty morning.

`python -m tests.bench.recovery_file_bench [rows]`
"""

import csv
import io
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.claim_bench import moment
from tests.bench.house import bench_database, line, peak_megabytes

HEADER = "Centro;Núm. OT;Placa;VIN;Marca;Gama;Motivo de Entrada;F. Fra.;Cliente Fra.;Kilómetros;N° Doc. Cliente;Telf. Móvil"
SURNAMES = ("PÉREZ", "RUIZ", "GÓMEZ", "LARA", "MORA", "PEÑA", "RÍOS", "SOTO", "VEGA", "DÍAZ")


def workshop_file(count: int) -> bytes:
    """Of every ten rows: one is the second invoice of an order, one of an insurer, one of a company, one from this year."""
    lines = [HEADER]
    for n in range(count):
        car = n - 1 if n % 10 == 1 else n
        payer = f"{SURNAMES[car % 10]} {SURNAMES[car // 10 % 10]} PERSONA {car}"
        if n % 10 == 2:
            payer = "SEGUROS DEMO S.A."
        elif n % 10 == 3:
            payer = f"FLOTA {car} SAS"
        day = f"{1 + n % 28:02d}/{1 + n % 12:02d}/{2026 if n % 10 == 4 else 2023 + n % 2}"
        order = f"OT/{car}/2024-{2 if n % 10 == 1 else 1}"
        lines.append(
            f"NORTE;{order};Z{chr(65 + car // 26_000)}{chr(65 + car // 1000 % 26)}{car % 1000:03d};9BWAA05U1{car:08d};VOLKSWAGEN;GOL;"
            f"REVISIÓN;{day} 05:42:10 p. m.;{payer};{10_000 + n};{20_000_000 + car};3{car:09d}"
        )
    return "\n".join(lines).encode()


FILLED = ("callcenter_customer", "callcenter_contactpoint", "callcenter_vehicle", "callcenter_vehicleparty", "callcenter_workorder")
KEYS = """
DO $$ DECLARE k text; BEGIN
  FOR k IN SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{0}'::regclass AND contype = 'f' LOOP
    EXECUTE 'ALTER TABLE floor_{0} ADD ' || k;
  END LOOP;
END $$
"""


def floor(data: bytes) -> float:
    """Seconds: the same file read by csv, and the rows that the import left copied, binary, into tables with the same indexes, checks and keys."""
    from django.apps import apps
    from django.db import connection, models, transaction

    kinds = {kind._meta.db_table: kind for kind in apps.get_models()}
    stored = {}
    with connection.cursor() as cursor:
        for table in FILLED:
            fields = [field for field in kinds[table]._meta.concrete_fields if not isinstance(field, models.GeneratedField)]
            names = ", ".join(field.column for field in fields)
            with cursor.copy(f"COPY {table} ({names}) TO STDOUT (FORMAT BINARY)") as out:
                stored[table] = (names, b"".join(bytes(part) for part in out))
            cursor.execute(f"CREATE TABLE floor_{table} (LIKE {table} INCLUDING ALL)")
            cursor.execute(KEYS.format(table))
        start = time.perf_counter()
        list(csv.reader(io.StringIO(data.decode()), delimiter=";"))
        with transaction.atomic():
            for table, (names, rows) in stored.items():
                with cursor.copy(f"COPY floor_{table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
                    copy.write(rows)
        return time.perf_counter() - start


def main(count: int = 40_000) -> None:
    data = workshop_file(count)
    with bench_database():
        from callcenter.models import Outreach, User
        from callcenter.spiga import pipeline
        from carrazos.lib.periods import Month
        from recovery.domain import lists
        from recovery.models import Candidacy, RecoveryList
        from tests.factories import BrandFactory, SiteFactory

        at = moment()
        SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
        BrandFactory(aliases=["VOLKSWAGEN"])
        director = User.objects.create_user("director", all_sites=True, all_brands=True)

        def timed(name: str, work: Callable[[], Any]) -> Any:
            started = time.perf_counter()
            done = work()
            spent[name] = time.perf_counter() - started
            print(f"{name:<40} {spent[name]:7.2f} s")
            return done

        spent: dict[str, float] = {}

        batch = pipeline.receive("recovery", data, "taller.csv", by=director, site=None, at=at, repeat=True)
        result = timed("importar", lambda: pipeline.import_now(batch))
        print(
            f"  nuevas {result.created:,}, actualizadas {result.updated:,}, excluidas {dict(result.excluded)}, rechazadas {dict(result.rejected)}"
        )
        line(f"importar {count:,} filas ({len(data) // 1024:,} KB)", floor(data), spent["importar"], "≤ 5")
        row = lists.prepare(Month.of(at.date()), by=director, at=at)
        timed("clasificar la base", lambda: lists.build(row, at=at))
        listed, base = Candidacy.objects.listed().count(), Candidacy.objects.count()
        RecoveryList.objects.filter(pk=row.pk).update(status="STARTING", frozen_at=at, frozen_by=director)
        row.refresh_from_db()
        timed("abrir las llamadas", lambda: lists.open_calls(row, at=at))
        print(f"  base {base:,}, en la lista {listed:,}, llamadas {Outreach.objects.count():,}; {peak_megabytes():.0f} MB")
        assert Outreach.objects.count() == Candidacy.objects.listed().values("customer").distinct().count() > 0


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
