"""P7, P13 and P8 over the customer master: the search box by class, the list at any depth, the export; each against its floor.

`python -m tests.bench.search_bench [customers]`
"""

import statistics
import sys
import time
from collections.abc import Callable

from tests.bench.house import bench_database, line
from tests.bench.master_fill import fill_master

ROUNDS = 9
NAME = "translate(upper(c.name), 'ÁÉÍÓÚÜÑáéíóúüñ', 'AEIOUUNAEIOUUN')"
FROM_M = f"({NAME}, c.id) > ('M', 0)"
WORDS = "array_to_tsvector(string_to_array(c.name_key, ' ')) @@ '{}'::tsquery"
# A page of the list: its address, and the rows of it in plain SQL: its floor.
LISTS = {
    "primera página": ("/clientes/", "true"),
    "a mitad del millón": ("/clientes/?after={deep}", FROM_M),
    "más nuevos": ("/clientes/?order=new", "true"),
    "empresas": ("/clientes/?kind=COMPANY", "c.kind = 'COMPANY'"),
    "de una sede": ("/clientes/?site={site}", "c.sites @> ARRAY[{site}::bigint]"),
    "buscar «juan gomez»": ("/clientes/?q=juan+gomez", WORDS.format("JUAN:* & GOMEZ:*")),
    "buscar «maria»": ("/clientes/?q=maria", WORDS.format("MARIA:*")),
    "sin validar": ("/clientes/?validated=no", "c.validated_at IS NULL"),
}
QUERIES = {
    "nombre frecuente": ["maria", "juan", "rodriguez", "carlos", "gomez"],
    "nombre y apellido": ["juan gomez", "maria rodriguez", "ana pérez", "diana castro", "luz peña", "hector suarez"],
    "empezando a escribir": ["juan gom", "mar rod", "san", "cami val", "per gonz"],
    "nombre raro": ["zotevi", "ximximxim", "bacebace", "velxim"],
    "cuatro palabras": ["maria juan rodriguez martinez", "carlos jose garcia lopez", "hector oscar restrepo pena"],
    "mal escrito": ["gomes", "rodrigues", "balencia juan", "ernandez", "jimenes mari"],
    "documento": ["1000000700", "1.000.007.000", "10000", "1006999"],
    "teléfono": ["300 000 0370", "+57 3000003700", "3000003", "0370000"],
    "placa": ["AAH", "aab-001", "BCD5", "aah 001"],
    "VIN": ["9BWZZZ5U000001EEF", "9BWZZZ5U00", "0001EEF", "1eef0"],
}


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds of the middle one of some runs, after one that warms."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def rows_of(statement: str) -> list[tuple]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def alternated(floor: Callable[[], object], ours: Callable[[], object], rounds: int = 3 * ROUNDS) -> tuple[float, float]:
    """The middle seconds of both, one after the other, so that a busy moment is both's."""
    pairs = [(timed(floor, 1), timed(ours, 1)) for _ in range(rounds)]
    return tuple(statistics.median(column) for column in zip(*pairs, strict=True))


def p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with bench_database():
        from django.conf import settings
        from django.contrib.auth.models import Group
        from django.db import connection
        from django.http import QueryDict
        from django.test import Client

        from callcenter import exports
        from callcenter.domain import matching, search
        from callcenter.keyset import cursor_of
        from callcenter.models import DuplicateScan, ListExport, Site, User
        from callcenter.tables import KEYSET as ORDERED_BY
        from callcenter.tables import CustomerList

        settings.ALLOWED_HOSTS = ["*"]
        north = Site.objects.create(code="norte", name="Norte", city="x", area_code="601", phones="x")
        Site.objects.create(code="centro", name="Centro", city="x", area_code="601", phones="x")
        start = time.perf_counter()
        fill_master(count)
        print(f"{count} clientes llenados en {time.perf_counter() - start:.0f} s")
        agent = User.objects.create(username="c0", all_sites=True, all_brands=True)
        scoped = User.objects.create(username="c1", all_brands=True)
        scoped.sites.add(north)
        for user in (agent, scoped):
            user.groups.add(Group.objects.get(name="call_center_agent"))

        def statements(text: str, user: User) -> None:
            wanted = search.read(text, ("601",))
            search.key_ids(wanted, *search.scope_of(user))
            if wanted.words:
                search.name_ids(wanted.words, user)

        def key() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM callcenter_customer WHERE id = %s", [count // 2])
                cursor.fetchall()

        floor = timed(key)
        print(
            f"P13 buscador: SQL por clase (p95 de sus textos), piso: una fila por llave {1000 * floor:.2f} ms, meta ≤ 10 ms salvo «mal escrito»"
        )
        for kind, texts in QUERIES.items():
            times = [timed(lambda text=text: statements(text, agent)) for text in texts]
            half = [timed(lambda text=text: statements(text, scoped)) for text in texts]
            line(f"P13 {kind}", 1000 * floor, 1000 * p95(times), f"≤ 10 ms; de una sede {1000 * p95(half):.1f} ms", unit="ms")

        client = Client()
        client.force_login(agent)
        whole = [timed(lambda text=text: client.get("/buscar/", {"q": text})) for texts in QUERIES.values() for text in texts]
        print(f"P13 página del buscador: p95 {1000 * p95(whole):.1f} ms, mediana {1000 * statistics.median(whole):.1f} ms (meta p95 ≤ 100)")

        listing = CustomerList()
        middle = listing.cut(listing.rows(agent), listing.orders["name"])[count // 2 : count // 2 + 1]
        values = {"deep": cursor_of(middle[0], ORDERED_BY), "site": north.pk}
        for name, (address, where) in LISTS.items():
            order = "c.id DESC" if "order=new" in address else f"{NAME}, c.id"
            raw = f"SELECT c.* FROM callcenter_customer c WHERE c.merged_into_id IS NULL AND {where.format(**values)} ORDER BY {order} LIMIT 50"
            at = address.format(**values)
            floor, ours = alternated(lambda raw=raw: rows_of(raw), lambda at=at: client.get(at))
            line(f"P7 lista de clientes, {name}", 1000 * floor, 1000 * ours, "≤ 25", unit="ms")
        found = client.get("/clientes/?order=name").content
        print(f"   {len(found) // 1024} KB de HTML (meta ≤ 60)")

        with connection.cursor() as cursor:
            cursor.execute("UPDATE callcenter_customer SET city = 'Chía' WHERE id <= 100000")
        work = ListExport.objects.create(listing="clientes", query=QueryDict("").urlencode(), columns=[], requested_by=agent)
        rows = CustomerList.rows
        CustomerList.rows = lambda self, user: rows(self, user).filter(city="Chía")
        start = time.perf_counter()
        exports.run(work)
        taken = time.perf_counter() - start
        print(f"P8 Excel de {work.rows} clientes × {len(CustomerList.columns)} columnas: {taken:.1f} s, {work.file.size // 1024} KB")
        start = time.perf_counter()
        scan = DuplicateScan.objects.create(started_at=work.created_at)
        matching.scan(scan)
        print(f"Búsqueda de duplicados en {count} clientes: {time.perf_counter() - start:.1f} s, {scan.found} parejas")


if __name__ == "__main__":
    main()
