"""P10: a month by brand and site over a year of attempts: read from the close against a covering-index GROUP BY.

`python -m tests.bench.year_bench [attempts]`
"""

import sys
import time
from datetime import timedelta

from tests.bench.claim_bench import fill, moment
from tests.bench.house import bench_database, line
from tests.bench.pages_bench import median

CALLED = """
INSERT INTO callcenter_attempt (key, body_hash, outreach_id, number, agent_id, outcome, is_contact, note, started_at, at, day, open_seconds,
       policy_version, before)
SELECT gen_random_uuid(), '', o.id, 1, %(agent)s, CASE WHEN n %% 3 = 0 THEN 'BOOKED' ELSE 'NO_CONTACT' END, n %% 3 = 0, '',
       d.at, d.at, (d.at AT TIME ZONE 'America/Bogota')::date, 60, 'PROACTIVE', '{}'
  FROM generate_series(1, %(count)s) n
  JOIN LATERAL (SELECT %(at)s::timestamptz - (n %% 365) * interval '1 day' AS at) d ON true
  JOIN callcenter_outreach o ON o.id = %(first)s + n %% %(outreaches)s"""

FLOOR = """
SELECT o.brand_id, o.site_id, count(*), count(*) FILTER (WHERE a.is_contact) FROM callcenter_attempt a
  JOIN callcenter_outreach o ON o.id = a.outreach_id
 WHERE a.day >= %(start)s AND a.day < %(end)s AND a.undone_at IS NULL AND o.programme = 'PROACTIVE' GROUP BY 1, 2"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with bench_database():
        from django.db import connection

        from callcenter.models import Outreach, Site, User
        from carrazos.lib.periods import Month
        from reports.domain import indicators
        from reports.models import IndicatorSnapshot

        for code in ("norte", "centro"):
            Site.objects.create(code=code, name=code, city="x", area_code="601", phones="x")
        outreaches = max(1_000, count // 10)
        fill(outreaches)
        at = moment()
        month = Month.of(at.date()).previous()
        agent = User.objects.first() or User.objects.create(username="bench")
        first = Outreach.objects.order_by("pk").first().pk
        with connection.cursor() as cursor:
            cursor.execute(CALLED, {"agent": agent.pk, "count": count, "at": at, "first": first, "outreaches": outreaches - 1})
            cursor.execute("CREATE INDEX bench_cover ON callcenter_attempt (day) INCLUDE (outreach_id, is_contact, undone_at)")
            cursor.execute("VACUUM ANALYZE callcenter_attempt")
        print(f"{count} intentos en un año")
        start = time.perf_counter()
        indicators.close_month(month, by=None, at=at + timedelta(days=1))
        print(f"cierre del mes, todas las marcas y sedes: {time.perf_counter() - start:.1f} s, una vez")
        ends = {"start": month.first, "end": month.last + timedelta(days=1)}

        def floor() -> list:
            with connection.cursor() as cursor:
                cursor.execute(FLOOR, ends)
                return cursor.fetchall()

        def ours() -> list:
            rows = IndicatorSnapshot.objects.filter(
                indicator="IND-01", month=month.code, brand__isnull=False, site__isnull=False, total__gt=0
            )
            return list(rows.values_list("brand", "site", "total", "hits"))

        assert sorted(floor()) == sorted(ours()), "the close and the attempts disagree"
        line("P10 mes por marca y sede", 1000 * median(floor), 1000 * median(ours), "≤ 0,025 (40 veces)", unit="ms")


if __name__ == "__main__":
    main()
