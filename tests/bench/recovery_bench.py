"""A recovery list of 300,000 vehicles with a million work orders, and a day's file reconciled, against their floors.

`python -m tests.bench.recovery_bench [vehicles] [orders]`
"""

import sys
import time
from datetime import timedelta

from tests.bench.claim_bench import moment
from tests.bench.house import bench_database, line

DAY_ORDERS = 400
ROUNDS = 2

FILL = """
INSERT INTO callcenter_customer (kind, company_reason, name, raw_name, name_key, document_type, document_number, check_digit, document_key,
       dms_code, city, sites, edited_fields)
SELECT CASE WHEN n %% 16 = 0 THEN 'COMPANY' ELSE 'PERSON' END, '', 'Cliente ' || n, '', 'CLIENTE', '', '', '', '', '', '', ARRAY[1],
       ARRAY[]::varchar[] FROM generate_series(1, %(cars)s) n;
INSERT INTO callcenter_vehicle (vin, plate, brand_id, family, model, is_own, edited_fields)
SELECT '9BWAA05U1' || lpad(n::text, 8, '0'), '', (SELECT id FROM callcenter_brand WHERE code = 'vw'), 'Gol', '', n %% 500 = 0, ARRAY[]::varchar[]
  FROM generate_series(1, %(cars)s) n;
INSERT INTO callcenter_vehicleparty (vehicle_id, customer_id, role, since) SELECT n, n, 'OWNER', '2019-01-01' FROM generate_series(1, %(cars)s) n;
INSERT INTO callcenter_contactpoint (customer_id, kind, value, phone_kind, label, position, status, last_result)
SELECT n, 'PHONE', '+573' || lpad(n::text, 9, '0'), 'MOBILE', '', 0, 'VALID', '' FROM generate_series(1, %(cars)s) n WHERE n %% 20 <> 0;
INSERT INTO callcenter_workorder (site_id, number, brand_id, vehicle_id, customer_id, invoiced_to, advisor_name, section, charge, entry_reason,
       invoiced_on, is_internal, is_warranty, is_void, is_cancelled, amounts)
SELECT (SELECT min(id) FROM callcenter_site), 'OT/' || n, (SELECT id FROM callcenter_brand WHERE code = 'vw'), n %% %(cars)s + 1, n %% %(cars)s + 1,
       '', '', '', '', 'REVISION', %(cut)s::date - (n::bigint * 7919 %% 2500)::int - 5, n %% 40 = 0, false, false, false, '{}'
  FROM generate_series(1, %(orders)s) n;
"""
# The least that any way must do: find each car's last order and write one row per car, in a table with the same indexes, checks and keys.
FLOOR = """
INSERT INTO floor_candidacy (recovery_list_id, vehicle_id, customer_id, site_id, brand_id, last_visit_on, last_reason, segment, reasons, decision,
       decision_note, proof)
SELECT %(list)s, w.vehicle_id, max(w.customer_id), min(w.site_id), min(w.brand_id), max(w.visited_on), '', 'LOST', ARRAY[]::varchar[], '', '', ''
  FROM callcenter_workorder w GROUP BY w.vehicle_id
"""
FLOOR_TABLE = """
CREATE TABLE floor_candidacy (LIKE recovery_candidacy INCLUDING ALL);
DO $$ DECLARE k text; BEGIN
  FOR k IN SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'recovery_candidacy'::regclass AND contype = 'f' LOOP
    EXECUTE 'ALTER TABLE floor_candidacy ADD ' || k;
  END LOOP;
END $$
"""


def timed(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(cars: int = 300_000, orders: int = 1_000_000) -> None:
    with bench_database():
        from django.db import connection, transaction

        from callcenter.models import User, WorkOrder
        from carrazos.lib.periods import Month
        from recovery.domain import lists, results
        from recovery.models import Candidacy, RecoveryList
        from tests.factories import SiteFactory

        at = moment()
        SiteFactory(code="norte", name="Sede Norte")
        director = User.objects.create_user("director", all_sites=True, all_brands=True)

        def sql(text: str, **values) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0")
                for part in text.split(";\n"):
                    if part.strip():
                        cursor.execute(part, values)

        sql(FILL, cars=cars, orders=orders, cut=at.date())
        sql("VACUUM ANALYZE")
        row = lists.prepare(Month.of(at.date()), by=director, at=at)
        with connection.cursor() as cursor:
            cursor.execute(FLOOR_TABLE)

        def floor() -> None:
            sql("TRUNCATE floor_candidacy")
            sql(FLOOR, list=row.pk)

        floors, builds = [], []
        for _ in range(ROUNDS):
            floors.append(timed(floor))
            sql("TRUNCATE recovery_candidacy")
            builds.append(timed(lambda: lists.build(row, at=at)))
        line(f"lista de {cars:,} vehículos y {orders:,} órdenes", min(floors), min(builds), "≤ 2")
        again = timed(lambda: lists.build(row, at=at))
        line("la misma lista otra vez (nada cambia)", min(builds), again, "≤ 0.9")

        listed = Candidacy.objects.listed().count()
        RecoveryList.objects.filter(pk=row.pk).update(status="STARTING", frozen_at=at, frozen_by=director, cut_on=at.date())
        row.refresh_from_db()
        opened = timed(lambda: lists.open_calls(row, at=at))
        print(f"abrir las gestiones de {listed:,} vehículos: {opened:.2f} s")
        sql("VACUUM ANALYZE callcenter_outreach;\nVACUUM ANALYZE recovery_candidacy")

        cases = list(Candidacy.objects.listed().order_by("?").values_list("vehicle_id", "customer_id", "outreach_id")[:DAY_ORDERS])
        sql("""INSERT INTO callcenter_attempt (key, body_hash, outreach_id, number, agent_id, outcome, reason_id, is_contact, note, started_at, at, day,
                      open_seconds, policy_version, before, is_inbound)
               SELECT gen_random_uuid(), '', o.id, 1, %(agent)s, 'NO_CONTACT',
                      (SELECT min(id) FROM callcenter_reason WHERE kind = 'NO_CONTACT'), false, '', %(at)s, %(at)s, %(day)s, 0, '', '{}', false
                 FROM unnest(%(ids)s::bigint[]) o(id)""", ids=[case[2] for case in cases], agent=director.pk, at=at, day=at.date())  # fmt: skip
        site = SiteFactory(code="norte")
        later = at.date() + timedelta(days=5)
        WorkOrder.objects.bulk_create(
            WorkOrder(
                site=site,
                number=f"DIA/{index}",
                brand_id=WorkOrder.objects.first().brand_id,
                vehicle_id=car,
                customer_id=person,
                invoiced_on=later,
            )
            for index, (car, person, _) in enumerate(cases)
        )
        ids = [case[0] for case in cases]

        def reconcile() -> None:
            with transaction.atomic():
                sql(
                    """CREATE TEMP TABLE changed_order (order_id bigint, vehicle_id bigint, customer_id bigint, is_new boolean) ON COMMIT DROP"""
                )
                sql("INSERT INTO changed_order SELECT 0, id, NULL, true FROM unnest(%(ids)s::bigint[]) v(id)", ids=ids)
                sql("ANALYZE changed_order")
                results.orders_changed(at=at)

        def by_key() -> None:
            with transaction.atomic():
                sql("UPDATE recovery_candidacy SET first_call_on = NULL WHERE vehicle_id = ANY (%(ids)s)", ids=ids)

        floor_day = timed(by_key)
        day = timed(reconcile)
        found = Candidacy.objects.recovered().count()
        line(f"archivo del día: {DAY_ORDERS} órdenes, {found} recuperados", floor_day, day, "≤ 6")
        line("el mismo archivo otra vez", day, timed(reconcile), "≤ 1")
        print(f"revisar la lista entera: {timed(lambda: results.reconcile(list_id=row.pk)):.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
