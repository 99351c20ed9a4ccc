"""P6: the claim over HTTP with ten clients, logged in, against the same stack answering «ok» and against the ORM's own claim.

`python -m tests.bench.claim_http_bench [open outreaches] [seconds]`
"""

import http.client
import multiprocessing
import sys
import threading
import time
from collections import Counter

from tests.bench.claim_bench import fill
from tests.bench.house import bench_database
from tests.bench.load_bench import PHONES, centile, people, web

CLIENTS = 10
VIEWS = ("ok", "cola", "orm")


def client(session: str, path: str, port: int, until: float, found: list[tuple[float, int, str]]) -> None:
    """One kept connection that asks again as soon as it is answered."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.monotonic() < until:
        start = time.perf_counter()
        link.request("GET", path, headers={"Cookie": f"session={session}"})
        answer = link.getresponse()
        body = answer.read().decode()
        found.append((time.perf_counter() - start, answer.status, body))


def drive(sessions: list[str], path: str, port: int, seconds: float, out) -> None:
    found: list[tuple[float, int, str]] = []
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=client, args=(session, path, port, until, found)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    out.put(found)


def measure(sessions: list[str], path: str, port: int, seconds: float) -> list[tuple[float, int, str]]:
    context = multiprocessing.get_context("fork")
    out = context.Queue()
    driver = context.Process(target=drive, args=(sessions, path, port, seconds, out))
    driver.start()
    found = out.get()
    driver.join()
    return found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 8
    with bench_database():
        from django.db import connection

        from callcenter.models import Site

        for code in ("norte", "centro"):
            Site.objects.create(code=code, name=code, city="x", area_code="601", phones="x")
        fill(count)
        with connection.cursor() as cursor:
            cursor.execute(PHONES)
            cursor.execute("VACUUM ANALYZE")
        sessions = [key for _, key in people(CLIENTS)]
        connection.close()
        with web("tests.bench.claim_site") as port:
            rates = {}
            for name in VIEWS:
                measure(sessions, f"/medida/{name}/", port, 1)
                found = measure(sessions, f"/medida/{name}/", port, seconds)
                times = [value for value, *_ in found]
                given = Counter(body for _, status, body in found if status == 200)
                rates[name] = len(found) / seconds
                doubles = "" if name == "ok" else f" · dobles {sum(many > 1 for many in given.values())}"
                print(f"{name:<5} {rates[name]:7.1f}/s · p50 {centile(times, 0.5):6.1f} ms · p99 {centile(times, 0.99):6.1f} ms"
                      f" · respuestas {dict(Counter(status for _, status, _ in found))}{doubles}")  # fmt: skip
        print(f"P6 {CLIENTS} clientes, {count} abiertas: la cola {rates['cola'] / rates['orm']:.2f} veces el ORM (meta ≥ 2, p99 ≤ 60 ms),"
              f" {rates['cola'] / rates['ok']:.2f} del piso")  # fmt: skip


if __name__ == "__main__":
    main()
