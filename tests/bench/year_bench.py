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

# Ordered keys, so that filling does not measure the cost of random ones; every outreach is called three times within five days, and
# two of three answer the last of them.
CALLED = """
INSERT INTO callcenter_attempt (key, body_hash, outreach_id, number, agent_id, outcome, reason_id, is_contact, note, started_at, at, day, open_seconds,
       policy_version, before)
SELECT lpad(to_hex(n), 32, '0')::uuid, '', %(first)s + d.outreach, d.number, (%(agents)s::int[])[1 + d.outreach %% 100],
       CASE WHEN d.answers THEN 'BOOKED' ELSE 'NO_CONTACT' END, CASE WHEN d.answers THEN NULL ELSE (%(reasons)s::int[])[1 + n %% %(kinds)s] END,
       d.answers, '', d.at, d.at, (d.at AT TIME ZONE 'America/Bogota')::date, 60, 'PROACTIVE', '{}'
  FROM generate_series(%(start)s, %(end)s) n
  JOIN LATERAL (SELECT n %% %(outreaches)s AS outreach, 1 + n / %(outreaches)s AS number) c ON true
  JOIN LATERAL (SELECT c.outreach, c.number, c.number = 3 AND c.outreach %% 3 > 0 AS answers,
                       %(at)s::timestamptz - (c.outreach::bigint * 7919 %% 360 + 2 * (3 - c.number)) * interval '1 day' AS at) d ON true"""
CALLS, AGENTS = 3, 100
CHUNK = 1_000_000


def fill_year(count: int, outreaches: int, *, first: int, agents: list[int], reasons: list[int], at: datetime) -> None:
    """A year of calls by sets, without triggers: the bench measures reading."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for start in range(0, count, CHUNK):
            cursor.execute(CALLED, {"first": first, "outreaches": outreaches, "agents": agents, "reasons": reasons, "kinds": len(reasons),
                                    "at": at, "start": start, "end": min(start + CHUNK, count) - 1})  # fmt: skip
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
        from django.conf import settings
        from django.contrib.auth.models import Group
        from django.db import connection
        from django.test import Client
        from django.utils import timezone

        from callcenter.domain import metrics, tallies
        from callcenter.domain.metrics import Slice
        from callcenter.models import Outreach, Reason, Site, User
        from callcenter.roles import Role
        from carrazos.lib.periods import Month
        from reports.domain import indicators
        from reports.models import IndicatorSnapshot

        for code in ("norte", "centro"):
            Site.objects.create(code=code, name=code, city="x", area_code="601", phones="x")
        outreaches = count // CALLS
        fill(outreaches)
        at = moment()
        month = Month.of(at.date()).previous()
        settings.CLOCK_SHIFT, settings.ALLOWED_HOSTS = (at - timezone.now()).total_seconds(), ["*"]
        staff = User.objects.bulk_create(User(username=f"c{n}", all_sites=True, all_brands=True) for n in range(AGENTS))
        manager = User.objects.create(username="g0", all_sites=True, all_brands=True)
        manager.groups.add(Group.objects.get(name=Role.GENERAL_MANAGEMENT))
        reasons = list(Reason.objects.filter(kind="NO_CONTACT").values_list("pk", flat=True))
        first = Outreach.objects.order_by("pk").first().pk
        start = time.perf_counter()
        fill_year(count, outreaches, first=first, agents=[row.pk for row in staff], reasons=reasons, at=at)
        print(f"llenado: {time.perf_counter() - start:.0f} s")
        print(f"{count} intentos en un año")
        start = time.perf_counter()
        tallies.rebuild()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE callcenter_calltally, callcenter_monthtally, callcenter_calledmonth")
        print(f"sumas por día y por mes, construidas de nuevo: {time.perf_counter() - start:.1f} s, una vez")
        start = time.perf_counter()
        indicators.close_month(month, by=None, at=at + timedelta(days=1))
        print(f"cierre del mes, todas las marcas y sedes: {time.perf_counter() - start:.1f} s, una vez")
        for back in range(1, 11):  # the months before were closed in their time: of the company is enough for what is read here
            read = indicators.readings([month.back(back)], viewer=None, at=at).values()
            IndicatorSnapshot.objects.bulk_create(indicators.snapshot_of(line[0], None, None, by=None, at=at) for line in read)
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
        line("Cifras del mes en curso: personas y gestiones distintas", seconds, median(lambda: metrics.indicators(live, at)), "≤ 0,5")
        months = [month.back(n) for n in range(5, -1, -1)]
        line("Seis meses para la gráfica", seconds, median(lambda: tallies.effectiveness_by_month(live, months)), "≤ 0,1")
        closed = [month]
        line("Tabla de indicadores del mes cerrado", seconds, median(lambda: indicators.readings(closed, viewer=None, at=at)), "≤ 1")
        client, now = Client(), Month.of(at.date())
        client.force_login(manager)
        for name, url in (
            ("Inicio de la gerencia", "/"),
            ("Indicadores, mes en curso", f"/indicadores/?period={now.code}"),
            ("Indicadores, mes cerrado", f"/indicadores/?period={month.code}"),
            ("IND-08 y su año, mes en curso", f"/indicadores/IND-08/?period={now.code}"),
            ("GSC-FOR-09, mes en curso", f"/informes/GSC-FOR-09/?period={now.code}"),
            ("GSC-FOR-09, mes cerrado", f"/informes/GSC-FOR-09/?period={month.code}"),
        ):
            assert client.get(url).status_code == 200
            line(name, 1000 * seconds, 1000 * median(lambda url=url: client.get(url)), "≤ 300 ms", unit="ms")


if __name__ == "__main__":
    main()
