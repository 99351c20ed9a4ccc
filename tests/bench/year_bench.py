"""P10: a month by brand and site over a year of attempts: read from the close, and while it runs from the sums by day, against a
covering-index GROUP BY.

`python -m tests.bench.year_bench [attempts]`
"""

import sys
import time
from datetime import datetime, timedelta

from tests.bench.claim_bench import fill, moment
from tests.bench.house import bench_database, line
from tests.bench.pages_bench import median

# Ordered keys, so that filling does not measure the cost of random ones; every outreach is called again and again through the year.
CALLED = """
INSERT INTO callcenter_attempt (key, body_hash, outreach_id, number, agent_id, outcome, reason_id, is_contact, note, started_at, at, day, open_seconds,
       policy_version, before)
SELECT lpad(to_hex(n), 32, '0')::uuid, '', %(first)s + n %% %(outreaches)s, 1 + n / %(outreaches)s, %(agent)s,
       CASE WHEN n %% 3 = 0 THEN 'BOOKED' ELSE 'NO_CONTACT' END, CASE WHEN n %% 3 = 0 THEN NULL ELSE %(reason)s END, n %% 3 = 0, '',
       d.at, d.at, (d.at AT TIME ZONE 'America/Bogota')::date, 60, 'PROACTIVE', '{}'
  FROM generate_series(%(start)s, %(end)s) n
  JOIN LATERAL (SELECT %(at)s::timestamptz - (n %% 365) * interval '1 day' AS at) d ON true"""
CHUNK = 1_000_000


def fill_year(count: int, outreaches: int, *, first: int, agent: int, reason: int, at: datetime) -> None:
    """A year of calls by sets, without triggers: the bench measures reading."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for start in range(1, count + 1, CHUNK):
            cursor.execute(CALLED, {"first": first, "outreaches": outreaches, "agent": agent, "reason": reason, "at": at, "start": start,
                                    "end": min(start + CHUNK - 1, count)})  # fmt: skip
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("CREATE INDEX bench_cover ON callcenter_attempt (day) INCLUDE (outreach_id, is_contact, undone_at)")
        cursor.execute("VACUUM ANALYZE callcenter_attempt")


FLOOR = """
SELECT o.brand_id, o.site_id, count(*), count(*) FILTER (WHERE a.is_contact) FROM callcenter_attempt a
  JOIN callcenter_outreach o ON o.id = a.outreach_id
 WHERE a.day >= %(start)s AND a.day < %(end)s AND a.undone_at IS NULL AND o.programme = 'PROACTIVE' GROUP BY 1, 2"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with bench_database():
        from django.db import connection

        from callcenter.domain import metrics, tallies
        from callcenter.domain.metrics import Slice
        from callcenter.models import Outreach, Reason, Site, User
        from carrazos.lib.periods import Month
        from reports.domain import indicators
        from reports.models import IndicatorSnapshot

        for code in ("norte", "centro"):
            Site.objects.create(code=code, name=code, city="x", area_code="601", phones="x")
        outreaches = max(1_000, min(200_000, count // 10))
        fill(outreaches)
        at = moment()
        month = Month.of(at.date()).previous()
        agent = User.objects.first() or User.objects.create(username="bench")
        reason = Reason.objects.filter(kind="NO_CONTACT").first()
        first = Outreach.objects.order_by("pk").first().pk
        start = time.perf_counter()
        fill_year(count, outreaches, first=first, agent=agent.pk, reason=reason.pk, at=at)
        print(f"llenado: {time.perf_counter() - start:.0f} s")
        print(f"{count} intentos en un año")
        start = time.perf_counter()
        tallies.rebuild()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE callcenter_calltally")
        print(f"sumas por día, construidas de nuevo: {time.perf_counter() - start:.1f} s, una vez")
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
        seconds = median(floor)
        line("P10 mes por marca y sede", 1000 * seconds, 1000 * median(ours), "≤ 0,025 (40 veces)", unit="ms")
        live = Slice.of(Month.of(at.date()))
        running = {"start": live.start, "end": live.end}

        def floor_live() -> list:
            with connection.cursor() as cursor:
                cursor.execute(FLOOR, running)
                return cursor.fetchall()

        def sums() -> list:
            rows = tallies.of(live).values("brand", "site").order_by().annotate(**tallies.SUMS)
            return list(rows.values_list("brand", "site", "attempts", "contacts"))

        assert sorted(floor_live()) == sorted(sums()), "the sums and the attempts disagree"
        line(
            "P10 mes en curso por marca y sede, de las sumas",
            1000 * median(floor_live),
            1000 * median(sums),
            "≤ 0,025 (40 veces)",
            unit="ms",
        )
        line("IND-01 del mes en curso", 1000 * seconds, 1000 * median(lambda: tallies.effectiveness(live)), "≤ 0,025", unit="ms")
        line("Cifras del mes en curso: personas y gestiones distintas", seconds, median(lambda: metrics.indicators(live, at)), "sin meta")
        months = [month.back(n) for n in range(5, -1, -1)]
        line("Seis meses para la gráfica", seconds, median(lambda: tallies.effectiveness_by_month(live, months)), "≤ 0,1")
        closed = [month]
        line("Tabla de indicadores del mes cerrado", seconds, median(lambda: indicators.readings(closed, viewer=None, at=at)), "≤ 1")


if __name__ == "__main__":
    main()
