"""A year of the CRM audit, 200,000 activities and their prospects: review list, light and indicators against their floors.

`python -m tests.bench.crm_bench [activities]`
"""

import statistics
import sys
import time
from collections.abc import Callable

from tests.bench.claim_bench import moment
from tests.bench.house import bench_database, line

ROUNDS = 15
ADVISORS, PER_PROSPECT, PENDING_DAYS = 40, 12, 14

# A year of prospects by forty advisors of two sites; what is older than two weeks was judged.
FILL = """
INSERT INTO callcenter_employee (code, name, name_key, function, site_id, phone, email, is_active)
SELECT 'V' || n, 'Asesor ' || n, 'ASESOR ' || n, 'sales_advisor', s.id, '', 'asesor' || n || '@carrazos.example', true
  FROM generate_series(1, %(advisors)s) n JOIN callcenter_site s ON s.code = CASE WHEN n %% 2 = 0 THEN 'norte' ELSE 'centro' END;
INSERT INTO crm_audit_prospect (site_id, brand_id, advisor_id, advisor_name, advisor_key, name, raw_name, name_key, kind, company_reason,
       document_type, document_number, check_digit, document_key, phones, raw_phones, email, source, interest, situation, spiga_status, test_drive,
       offer, note, person_key, month, created_on, visits, is_stub, own_signals, signals)
SELECT e.site_id, b.id, e.id, e.name, e.id::text, 'Persona ' || n, '', 'PERSONA ' || n, 'PERSON', '', '', '', '', '',
       ARRAY['+573' || lpad(n::text, 9, '0')], '', '', 'Vitrina', 'TAOS', CASE n %% 12 WHEN 0 THEN 'SOLD' WHEN 1 THEN 'LOST' ELSE 'OPEN' END, '', '',
       '', '', 'P' || n, date_trunc('month', d.day)::date, d.day, 1, false, ARRAY[]::varchar[], ARRAY[]::varchar[]
  FROM generate_series(1, %(prospects)s) n
  JOIN LATERAL (SELECT %(today)s::date - (n * 7919 %% 365)::int AS day) d ON true
  JOIN callcenter_employee e ON e.code = 'V' || (n %% %(advisors)s + 1)
  JOIN callcenter_brand b ON b.code = CASE WHEN n %% 3 = 0 THEN 'kia' ELSE 'vw' END;
INSERT INTO crm_audit_prospectcheck (prospect_id, is_real, advised, advised_how, quoted, offered_drive, wants_call, wants_deletion, verdict, reason_id,
       note, decided_by_id, decided_at)
SELECT p.id, p.id %% 5 > 0, '', '', false, false, false, false, CASE WHEN p.id %% 5 > 0 THEN 'VALID' ELSE 'INVALID' END,
       CASE WHEN p.id %% 5 = 0 THEN (SELECT min(id) FROM callcenter_reason WHERE kind = 'PROSPECT') END, '', %(lead)s, %(at)s
  FROM crm_audit_prospect p WHERE p.created_on < %(today)s::date - %(pending)s;
INSERT INTO crm_audit_activity (site_id, brand_id, advisor_id, advisor_name, advisor_key, prospect_id, is_ambiguous, prospect_name, name_key, file_id,
       kind, raw_kind, planned_at, done_at, has_hour, day, state, comment, comment_key, comment_hint, outcome, next_action, spiga_id, slot,
       proposal, hints, verdict, reason_id, note, judged_by_id, judged_at, second_verdict)
SELECT p.site_id, p.brand_id, p.advisor_id, p.advisor_name, p.advisor_key, p.id, false, p.name, p.name_key, '',
       (ARRAY['CALL', 'CALL', 'CALL', 'QUOTE', 'VISIT', 'TEST_DRIVE', 'WHATSAPP'])[n %% 7 + 1], '', t.at, CASE WHEN n %% 8 > 0 THEN t.at END, true,
       t.at::date, CASE WHEN n %% 8 > 0 THEN 'DONE' ELSE 'NOT_DONE' END, 'Pide cotización con retoma, visita ' || n %% 997, md5((n %% 997)::text), '', '',
       '', '', 'S' || n, v.verdict, ARRAY[]::varchar[], CASE WHEN t.at::date < %(today)s::date - %(pending)s THEN v.verdict ELSE '' END,
       CASE WHEN v.verdict <> 'VALID' AND t.at::date < %(today)s::date - %(pending)s
            THEN (SELECT min(id) FROM callcenter_reason WHERE kind = 'ACTIVITY') END,
       '', CASE WHEN t.at::date < %(today)s::date - %(pending)s THEN %(lead)s END, CASE WHEN t.at::date < %(today)s::date - %(pending)s THEN %(at)s END, ''
  FROM generate_series(1, %(activities)s) n
  JOIN crm_audit_prospect p ON p.person_key = 'P' || (n %% %(prospects)s + 1)
  JOIN LATERAL (SELECT LEAST(p.created_on + (n %% 15)::int, %(today)s::date) + make_interval(hours => 8 + n %% 10, mins => n %% 60) AS at) t ON true
  JOIN LATERAL (SELECT CASE WHEN n %% 8 = 0 THEN 'NOT_DONE' WHEN n %% 11 = 0 THEN 'INVALID' ELSE 'VALID' END AS verdict) v ON true;
INSERT INTO crm_audit_target (kind, brand_id, period, value)
SELECT k, b.id, to_char(%(today)s::date, 'YYYY-MM'), 500 FROM callcenter_brand b, unnest(ARRAY['PROSPECTS', 'ACTIVITIES']) k
"""
REVIEW = """
SELECT a.*, e.name, p.name FROM crm_audit_activity a JOIN callcenter_employee e ON e.id = a.advisor_id JOIN crm_audit_prospect p ON p.id = a.prospect_id
 WHERE a.verdict = '' AND NOT a.state = 'CANCELLED' AND (a.advisor_key, a.day, a.id) > (%(advisor)s, %(day)s, 0)
 ORDER BY a.advisor_key, a.day, a.id LIMIT 50
"""
# The least that any way must read: the month's prospects, each with its activities counted and the last one.
LIGHT = """
SELECT p.id, count(a.id), max(a.done_at) FROM crm_audit_prospect p LEFT JOIN crm_audit_activity a ON a.prospect_id = p.id AND a.state = 'DONE'
 WHERE p.month = %(month)s GROUP BY p.id
"""
INDICATORS = """
SELECT brand_id, count(*) FROM crm_audit_activity WHERE day >= %(month)s AND day < %(until)s AND verdict = 'VALID' GROUP BY brand_id;
SELECT p.brand_id, count(*) FROM crm_audit_prospect p JOIN crm_audit_prospectcheck c ON c.prospect_id = p.id AND c.verdict = 'VALID'
 WHERE p.created_on >= %(month)s AND p.created_on < %(until)s GROUP BY p.brand_id
"""


def both(floor: Callable[[], object], ours: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of the middle run of each, alternated."""
    floors, times = [], []
    for turn in range(ROUNDS + 1):
        for work, kept in ((floor, floors), (ours, times)):
            start = time.perf_counter()
            work()
            if turn:  # the first warms
                kept.append(1000 * (time.perf_counter() - start))
    return statistics.median(floors), statistics.median(times)


def main(count: int = 200_000) -> None:
    with bench_database():
        from django.conf import settings
        from django.contrib.auth.models import Group
        from django.db import connection
        from django.test import Client, RequestFactory
        from django.utils import timezone

        from callcenter.domain.metrics import Slice
        from callcenter.keyset import cursor_of
        from callcenter.models import Site, User
        from carrazos.lib.periods import Month
        from crm_audit import timeline
        from crm_audit.domain import freshness, indicators
        from crm_audit.models import Activity, Prospect
        from tests.factories import BrandFactory

        at = moment()
        settings.CLOCK_SHIFT, settings.ALLOWED_HOSTS = (at - timezone.now()).total_seconds(), ["*"]
        for code in ("norte", "centro"):
            Site.objects.create(code=code, name=code, city="x", area_code="601", phones="x")
        BrandFactory(code="kia", name="Kia")
        lead = User.objects.create(username="crm", all_sites=True, all_brands=True)
        lead.groups.add(Group.objects.get(name="crm_lead"))
        month, today = Month.of(at.date()), at.date()
        values = {"advisors": ADVISORS, "prospects": count // PER_PROSPECT, "activities": count, "pending": PENDING_DAYS, "today": today,
                  "lead": lead.pk, "at": at}  # fmt: skip

        def sql(text: str, **given: object) -> None:
            with connection.cursor() as cursor:
                for part in text.split(";\n"):
                    cursor.execute(part, given or None)
                    if cursor.description:
                        cursor.fetchall()

        sql(FILL, **values)
        sql("VACUUM ANALYZE")
        waiting = Activity.objects.pending().count()
        print(f"{count:,} actividades, {count // PER_PROSPECT:,} prospectos, {waiting:,} por dictaminar")

        middle = Activity.objects.pending().order_by("advisor_key", "day", "id")[waiting // 2]

        def review() -> None:
            sql(REVIEW, advisor=middle.advisor_key, day=middle.day)

        client = Client()
        client.force_login(lead)

        def page(address: str) -> Callable[[], object]:
            def get() -> bytes:
                response = client.get(address)
                assert response.status_code == 200, response.status_code
                return response.content

            return get

        rows = Prospect.objects.visible_to(lead).counted().filter(month=month.first).select_related("advisor", "brand")
        cut = freshness.cut_of(month, at)
        part = Slice.of(month)
        request = RequestFactory().get("/")
        request.user = lead
        floor_light = lambda: sql(LIGHT, month=month.first)  # noqa: E731
        floor_month = lambda: sql(INDICATORS, month=part.start, until=part.end)  # noqa: E731
        for name, floor, ours, goal in (
            ("lista de revisión", review, page("/actividades/"), "≤ 60"),
            ("lista de revisión, en la mitad", review, page(f"/actividades/?after={cursor_of(middle, ('advisor_key', 'day', 'pk'))}"), "≤ 60"),
            ("lista de revisión, dictaminadas", review, page("/actividades/?show=judged"), "≤ 60"),
            ("lista de revisión, en desacuerdo", review, page("/actividades/?show=disagree"), "≤ 60"),
            ("prospectos del mes", review, page("/prospectos/"), "≤ 60"),
            ("semáforo: 50 filas y los asesores", floor_light,
             lambda: (freshness.follow_ups(rows, cut, size=50), freshness.ranking(rows, cut)), "≤ 3"),
            ("semáforo, la página", floor_light, page("/prospectos/semaforo/"), "≤ 10"),
            ("indicadores del mes", floor_month, lambda: indicators.indicators(part), "≤ 3"),
            ("indicadores por asesor", floor_month, lambda: indicators.by_advisor(part, month), "≤ 10"),
            ("metas, la página", floor_month, page("/prospectos/metas/"), "≤ 20"),
            ("completitud, la página", floor_month, page("/prospectos/completitud/"), "≤ 20"),
            ("tarjetas del inicio", floor_light, lambda: timeline.cards(request, at), "≤ 5"),
        ):  # fmt: skip
            line(name, *both(floor, ours), goal, unit="ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
