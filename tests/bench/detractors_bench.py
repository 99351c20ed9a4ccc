"""P7, P11: the detractors' board over a million surveys and 50,000 cases, and the sweep of its terms, each against its floor.

`python -m tests.bench.detractors_bench [surveys] [cases]`
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta

from tests.bench.claim_bench import moment
from tests.bench.house import bench_database, line

ROUNDS = 40
INSERTS = 9
OPEN_ONE_IN = 25  # cases that still wait for somebody; one in five of them is late

FILL = """
INSERT INTO callcenter_customer (kind, company_reason, name, raw_name, name_key, document_type, document_number, check_digit, document_key,
       dms_code, city, sites, edited_fields)
SELECT 'PERSON', '', 'Cliente ' || n, '', 'CLIENTE ' || n, 'CC', n::text, '', 'CC' || n, '', '', ARRAY[(SELECT min(id)::int FROM callcenter_site)],
       ARRAY[]::varchar[] FROM generate_series(1, %(people)s) n;
INSERT INTO callcenter_vehicle (vin, plate, brand_id, family, model, is_own, edited_fields)
SELECT '9BWAA05U1' || lpad(n::text, 8, '0'), 'Z' || n, (SELECT id FROM callcenter_brand WHERE code = 'vw'), 'Gol', '', false, ARRAY[]::varchar[]
  FROM generate_series(1, %(people)s) n;
INSERT INTO callcenter_outreach (id, programme, purpose, customer_id, vehicle_id, site_id, brand_id, reason, due_on, note, state, next_step, priority,
       due_at, is_callback, calls_made, result, closed_at, fence, opened_at)
SELECT n, 'AFTERSALES_SURVEY', 'SERVICE', n %% %(people)s + 1, n %% %(people)s + 1, (SELECT min(id) FROM callcenter_site) + n %% 2,
       (SELECT id FROM callcenter_brand WHERE code = 'vw'), 'Seguimiento', NULL, '', CASE WHEN n %% 500 = 0 THEN 'OPEN' ELSE 'CLOSED' END,
       CASE WHEN n %% 500 = 0 THEN 'CALL' ELSE 'NONE' END, 2, %(at)s, false, 1, CASE WHEN n %% 500 = 0 THEN '' ELSE 'DONE' END,
       CASE WHEN n %% 500 = 0 THEN NULL ELSE %(at)s::timestamptz - make_interval(mins => n) END, 0, %(at)s::timestamptz - make_interval(mins => n)
  FROM generate_series(1, %(surveys)s) n;
INSERT INTO satisfaction_survey (id, outreach_id, programme, customer_id, vehicle_id, site_id, brand_id, served_on, listed_on, is_warranty, status,
       channel, score, lowest, voice, suggestion, compliment, portal_answered, answered_at, answered_on, before)
SELECT o.id, o.id, o.programme, o.customer_id, o.vehicle_id, o.site_id, o.brand_id, o.opened_at::date - 1, o.opened_at::date, false,
       CASE WHEN o.state = 'OPEN' THEN 'PENDING' ELSE 'ANSWERED' END, CASE WHEN o.state = 'OPEN' THEN '' ELSE 'VOICE' END,
       CASE WHEN o.state = 'OPEN' THEN NULL WHEN o.id %% 20 = 0 THEN 4 ELSE 7 + o.id %% 4 END,
       CASE WHEN o.state = 'OPEN' THEN NULL WHEN o.id %% 20 = 0 THEN 4 ELSE 7 + o.id %% 4 END,
       CASE WHEN o.id %% 20 = 0 THEN 'Se demoraron mucho con la entrega y nadie avisó' ELSE '' END, '', '', false, o.closed_at, o.closed_at::date, '{}'
  FROM callcenter_outreach o;
INSERT INTO satisfaction_followup (key, kind, status, brand_portal_answered, origin, area, customer_id, vehicle_id, site_id, brand_id, owner_id, level,
       score, voice, is_warranty, repeats, is_repeated, opened_at, due_at, first_due_at, alarm_at, answered_at, answered_on, response_minutes, closed_at,
       resolution, unsatisfied_reason, reopened, version, mailed_at)
SELECT gen_random_uuid(), 'DETRACTOR', CASE WHEN n %% %(open)s > 0 THEN 'CLOSED_UNSATISFIED' WHEN n %% 2 = 0 THEN 'NOT_STARTED' ELSE 'IN_PROGRESS' END,
       false, 'SURVEY', 'AFTERSALES', n %% %(people)s + 1, n %% %(people)s + 1, (SELECT min(id) FROM callcenter_site) + n %% 2,
       (SELECT id FROM callcenter_brand WHERE code = 'vw'), %(owner)s, 'ADVISOR', 1 + n %% 6, 'Se demoraron mucho con la entrega y nadie avisó',
       n %% 10 = 0, 1, false, f.opened, f.opened + interval '2 days', f.opened + interval '2 days',
       CASE WHEN n %% %(open)s = 0 THEN f.opened + interval '2 days' END, f.closed, f.closed::date, CASE WHEN f.closed IS NULL THEN NULL ELSE 300 END,
       f.closed, CASE WHEN f.closed IS NULL THEN '' ELSE 'Se explicó' END, CASE WHEN f.closed IS NULL THEN '' ELSE 'No acepta' END, 0, 0, f.opened
  FROM generate_series(1, %(cases)s) n
 CROSS JOIN LATERAL (SELECT CASE WHEN n %% %(open)s > 0 THEN %(at)s::timestamptz - make_interval(mins => n * 30)
                                 ELSE %(at)s::timestamptz + interval '8 hours' - make_interval(mins => n %% 3600) END AS opened) d
 CROSS JOIN LATERAL (SELECT d.opened, CASE WHEN n %% %(open)s > 0 THEN d.opened + interval '20 hours' END AS closed) f;
"""

# A copy of cases that are there, open and with an alarm: what the index of alarms costs to who writes.
COPIED = """
INSERT INTO satisfaction_followup (key, kind, status, brand_portal_answered, origin, area, customer_id, vehicle_id, site_id, brand_id, owner_id, level,
       score, voice, is_warranty, repeats, is_repeated, opened_at, due_at, first_due_at, alarm_at, resolution, unsatisfied_reason, reopened, version)
SELECT gen_random_uuid(), 'DETRACTOR', 'NOT_STARTED', false, origin, area, customer_id, vehicle_id, site_id, brand_id, owner_id, level, score, voice,
       is_warranty, repeats, is_repeated, opened_at, due_at, first_due_at, due_at, '', '', 0, 0 FROM satisfaction_followup ORDER BY id LIMIT 2000"""
KEYSET = """SELECT f.*, c.*, v.* FROM satisfaction_followup f JOIN callcenter_customer c ON c.id = f.customer_id
    LEFT JOIN callcenter_vehicle v ON v.id = f.vehicle_id WHERE f.kind = 'DETRACTOR' AND f.status IN ('NOT_STARTED', 'IN_PROGRESS')
      AND f.light = 'RED' AND (f.due_at, f.id) > (%(due)s, 0) ORDER BY f.due_at, f.id LIMIT 50"""
NEXT_LATE = "SELECT id FROM satisfaction_followup WHERE alarm_at <= %(at)s ORDER BY alarm_at LIMIT 100"


def times_of(work: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each run, in order, after one that warms."""
    work()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - start))
    return sorted(found)


def p95(found: list[float]) -> float:
    return found[int(len(found) * 0.95) - 1]


def main(surveys: int = 1_000_000, cases: int = 50_000) -> None:
    with bench_database():
        from django.conf import settings
        from django.contrib.auth.models import Group
        from django.db import connection, transaction
        from django.test import Client
        from django.utils import timezone

        from callcenter.domain.calendar import company_calendar
        from callcenter.models import Site, User
        from satisfaction.domain import alarms
        from satisfaction.models import FollowUp

        at = moment()
        settings.CLOCK_SHIFT, settings.ALLOWED_HOSTS = (at - timezone.now()).total_seconds(), ["*"]
        for code in ("norte", "centro"):
            Site.objects.create(code=code, name=code, city="x", area_code="601", phones="x")
        director = User.objects.create(username="d0", all_sites=True, all_brands=True)
        director.groups.add(Group.objects.get(name="aftersales_director"))

        def sql(query: str, **values) -> list:
            with connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall() if cursor.description else []

        for part in FILL.split(";\n"):
            if part.strip():
                sql(part, surveys=surveys, cases=cases, people=max(1, surveys // 5), at=at, owner=director.pk, open=OPEN_ONE_IN)
        sql("VACUUM ANALYZE")
        open_cases = FollowUp.objects.open().count()
        print(f"{surveys} encuestas, {cases} casos, {open_cases} abiertos, {FollowUp.objects.overdue(at).count()} vencidos")

        client = Client()
        client.force_login(director)
        floor = times_of(lambda: sql(KEYSET, due=at - timedelta(days=30)))
        for name, address, goal in (
            ("P7 tablero, p95", "/detractores/", "≤ 25"), ("P7 tablero, refresco de columnas, p95", "/detractores/", "≤ 25"),
            ("P7 tabla de casos, p95", "/detractores/tabla/", "≤ 60"), ("P7 encuestas, p95", "/encuestas/", "≤ 60"),
            ("P7 encuestas, todas, p95", "/encuestas/?state=all", "≤ 60"),
        ):  # fmt: skip
            extra = {"HTTP_HX_REQUEST": "true"} if "refresco" in name else {}
            line(
                name, p95(floor), p95(times_of(lambda address=address, extra=extra: client.get(address, **extra).content)), goal, unit="ms"
            )

        found = statistics.median(times_of(lambda: sql(NEXT_LATE, at=at)))
        print(f"P11 los siguientes 100 por avisar: {found:.2f} ms (meta ≤ 1)")

        def insert(*, bare: bool) -> float:
            with transaction.atomic():
                sql("SET CONSTRAINTS ALL IMMEDIATE")
                if bare:
                    sql("DROP INDEX follow_up_alarm")
                start = time.perf_counter()
                sql(COPIED)
                taken = 1000 * (time.perf_counter() - start)
                transaction.set_rollback(True)
            return taken

        pairs = [(insert(bare=True), insert(bare=False)) for _ in range(INSERTS + 1)][1:]
        bare, whole = (statistics.median(times) for times in zip(*pairs, strict=True))
        line("P11 escribir 2.000 casos, con el índice de alarmas", bare, whole, "≤ 1.05", unit="ms")
        ids = [pk for (pk,) in sql(NEXT_LATE, at=at)]
        touch = "UPDATE satisfaction_followup SET escalated_at = escalated_at WHERE id = ANY (%(ids)s)"
        floor_row = statistics.median(times_of(lambda: sql(touch, ids=ids))) / max(1, len(ids))
        late = FollowUp.objects.filter(alarm_at__lte=at).count()
        start = time.perf_counter()
        done = alarms.sweep(at, company_calendar())
        ours = 1000 * (time.perf_counter() - start) / max(1, done)
        line(f"P11 barrido de {done} de {late} plazos, por caso", floor_row, ours, "se informa", unit="ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
