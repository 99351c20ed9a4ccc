"""P7-P9: the agent's queue page over a million open outreaches, and the month's report, each against its floor.

`python -m tests.bench.pages_bench [open] [reported]`
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta

from tests.bench.claim_bench import fill, moment
from tests.bench.house import bench_database, line

ROUNDS = 15

KEYSET = """SELECT o.*, c.*, v.* FROM callcenter_outreach o JOIN callcenter_customer c ON c.id = o.customer_id
    LEFT JOIN callcenter_vehicle v ON v.id = o.vehicle_id
    WHERE o.state = 'OPEN' AND o.leased_by_id IS NULL AND o.site_id = %(site)s AND o.programme = 'PROACTIVE' AND o.brand_id = %(brand)s
      AND o.priority = 2 AND (o.due_at, o.id) > (%(due)s, 0) ORDER BY o.due_at, o.id LIMIT 50"""

CALLED = """
INSERT INTO callcenter_attempt (key, body_hash, outreach_id, number, agent_id, outcome, reason_id, is_contact, note, started_at, at, day, open_seconds,
       policy_version, before)
SELECT gen_random_uuid(), '', o.id, 1, %(agent)s, CASE WHEN o.id %% 3 = 0 THEN 'DECLINED' ELSE 'NO_CONTACT' END,
       (SELECT id FROM callcenter_reason WHERE kind = CASE WHEN o.id %% 3 = 0 THEN 'NO_BOOKING' ELSE 'NO_CONTACT' END ORDER BY id LIMIT 1),
       o.id %% 3 = 0, 'Nota de la llamada', %(at)s, %(at)s, %(day)s, 60, 'PROACTIVE', '{}'
  FROM callcenter_outreach o ORDER BY o.id LIMIT %(count)s"""


def median(work: Callable[[], object]) -> float:
    """Seconds of the middle one of ROUNDS runs, after one that warms."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    reported = int(sys.argv[2]) if len(sys.argv) > 2 else 3_000
    with bench_database():
        from django.conf import settings
        from django.contrib.auth.models import Group
        from django.db import connection
        from django.test import Client
        from django.utils import timezone

        from callcenter.models import Brand, Site, User
        from carrazos.lib.periods import Month
        from reports.base import Request
        from reports.domain.runs import build

        at = moment()
        settings.CLOCK_SHIFT, settings.ALLOWED_HOSTS = (at - timezone.now()).total_seconds(), ["*"]
        for code in ("norte", "centro"):
            Site.objects.create(code=code, name=code, city="x", area_code="601", phones="x")
        agent = User.objects.create(username="c0", all_sites=True, all_brands=True)
        agent.groups.add(Group.objects.get(name="call_center_agent"))
        director = User.objects.create(username="d0", all_sites=True, all_brands=True)
        director.groups.add(Group.objects.get(name="aftersales_director"))
        fill(count)
        with connection.cursor() as cursor:
            day = at.date()
            cursor.execute(CALLED, {"agent": agent.pk, "at": at, "day": day, "count": reported})
            cursor.execute("VACUUM ANALYZE callcenter_attempt")
        print(f"{count} gestiones abiertas, {reported} llamadas en el mes")

        def raw() -> None:
            site, brand = Site.objects.get(code="norte").pk, Brand.objects.get(code="vw").pk
            with connection.cursor() as cursor:
                cursor.execute(KEYSET, {"site": site, "brand": brand, "due": at - timedelta(days=30)})
                cursor.fetchall()

        client = Client()
        client.force_login(agent)
        floor = median(raw)
        line("P7 página de la cola", 1000 * floor, 1000 * median(lambda: client.get("/cola/").content), "≤ 25", unit="ms")
        client.post("/cola/siguiente/")
        line("P7 página con un cliente en la mano", 1000 * floor, 1000 * median(lambda: client.get("/cola/").content), "≤ 25", unit="ms")

        client.force_login(director)
        address = f"/informes/GSC-FOR-09/?period={Month.of(day)}"
        line("P7 página del informe del mes", 1000 * floor, 1000 * median(lambda: client.get(address).content), "≤ 60", unit="ms")

        request = Request(Month.of(day), director)
        start = time.perf_counter()
        book, rows = build(request, "GSC-FOR-09", "xlsx", at=at)
        taken = time.perf_counter() - start
        print(f"P8 Excel GSC-FOR-09 de {rows} filas: {taken:.2f} s, {len(book) // 1024} KB")
        start = time.perf_counter()
        drawn, _ = build(request, "GSC-FOR-09", "pdf", at=at)
        print(f"P9 PDF GSC-FOR-09: {time.perf_counter() - start:.2f} s (meta ≤ 8), {len(drawn) // 1024} KB")


if __name__ == "__main__":
    main()
