"""P5: claiming with a million open outreaches and many callers, against UPDATE by primary key at the same concurrency.

`python -m tests.bench.claim_bench [open] [seconds]`
"""

import multiprocessing
import os
import sys
import time
from collections import Counter
from datetime import datetime, timedelta

from tests.bench.house import bench_database, line

CALLERS = (1, 10, 50, 200)


def fill(count: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        cursor.execute(
            """
            INSERT INTO callcenter_customer (kind, company_reason, name, raw_name, name_key, document_type, document_number, check_digit,
                   document_key, dms_code, city, sites, edited_fields)
            SELECT 'PERSON', '', 'Cliente ' || n, '', 'CLIENTE', '', '', '', '', '', '', ARRAY[1], ARRAY[]::varchar[] FROM generate_series(1, %(n)s) n;
            INSERT INTO callcenter_outreach (programme, purpose, customer_id, site_id, brand_id, reason, note, state, next_step, priority,
                   due_at, is_callback, calls_made, result, fence, opened_at)
            SELECT 'PROACTIVE', 'COMMERCIAL', c.id, (SELECT id FROM callcenter_site WHERE code = CASE WHEN c.id %% 2 = 0 THEN 'norte' ELSE 'centro' END),
                   (SELECT id FROM callcenter_brand WHERE code = CASE WHEN c.id %% 3 = 0 THEN 'otra' ELSE 'vw' END), 'Revisión', '', 'OPEN', 'CALL', 2,
                   %(at)s::timestamptz - (c.id %% 100000) * interval '1 second', false, 0, '', 0, %(at)s
              FROM callcenter_customer c;
            """,
            {"n": count, "at": moment() - timedelta(days=1)},
        )
        cursor.execute("VACUUM ANALYZE callcenter_outreach; ")


def moment() -> datetime:
    from carrazos.lib.calendar import BOGOTA

    return datetime(2026, 11, 23, 9, 0, tzinfo=BOGOTA)


def caller(kind: str, number: int, seconds: float, start, out) -> None:
    """One agent that claims (or updates by key) as fast as it can."""
    import django

    django.setup()
    from django.db import connection

    from callcenter.domain import queue
    from callcenter.models import User
    from carrazos.lib.calendar import national

    agent, calendar = User.objects.get(username=f"c{number}"), national()
    claimed, times, empty, keys = [], [], 0, list(range(number * 5_000 + 1, number * 5_000 + 5_000))
    start.wait()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        if kind == "floor":
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE callcenter_outreach SET fence = fence + 1 WHERE id = %s RETURNING id", [keys[len(times) % len(keys)]]
                )
                cursor.fetchone()
            times.append(time.perf_counter() - began)
        else:
            row = queue.claim_next(agent, at=moment(), calendar=calendar)
            times.append(time.perf_counter() - began)
            if row is None:
                empty += 1
            else:
                claimed.append(row.pk)
                # The customer is done with: closed, so that the next claim finds another.
                with connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE callcenter_outreach SET leased_by_id = NULL, leased_at = NULL, lease_until = NULL, state = 'CLOSED',"
                        " result = 'DECLINED', closed_at = now(), next_step = 'NONE' WHERE id = %s", [row.pk]
                    )  # fmt: skip
    out.put((claimed, times, empty))


def measure(kind: str, callers: int, seconds: float):
    context = multiprocessing.get_context("fork")
    start, out = context.Event(), context.Queue()
    workers = [context.Process(target=caller, args=(kind, number, seconds, start, out)) for number in range(callers)]
    for worker in workers:
        worker.start()
    time.sleep(1 + callers / 25)
    start.set()
    results = [out.get() for _ in workers]
    for worker in workers:
        worker.join()
    claimed = Counter(pk for found, _, _ in results for pk in found)
    times = sorted(value for _, found, _ in results for value in found)
    # Callers that do nothing but claim: the closing of the bench's own is not counted.
    return (
        callers * len(times) / sum(times),
        times[int(len(times) * 0.95)],
        sum(value > 1 for value in claimed.values()),
        sum(empty for _, _, empty in results),
        len(times),
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 6
    with bench_database():
        from django.db import connection

        from callcenter.models import Site, User

        for code in ("norte", "centro"):
            Site.objects.create(code=code, name=code, city="x", area_code="601", phones="x")
        User.objects.bulk_create(User(username=f"c{number}", all_sites=True, all_brands=True) for number in range(max(CALLERS)))
        fill(count)
        connection.close()
        print(f"{count} gestiones abiertas, {seconds:g} s por medida, {os.cpu_count()} procesadores")
        for callers in CALLERS:
            floor_rate, _, _, _, _ = measure("floor", callers, seconds)
            rate, p95, doubles, empty, total = measure("claim", callers, seconds)
            line(f"P5 reclamos con {callers} agentes (p95 {p95 * 1000:.1f} ms)", floor_rate, rate, "≥ 0.25", unit="/s")
            print(f"   dobles {doubles} (meta 0) · vacíos {empty} de {total} ({100 * empty / max(total, 1):.2f} %, meta < 1 %)")


if __name__ == "__main__":
    main()
