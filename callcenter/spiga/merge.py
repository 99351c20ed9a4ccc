"""Staged rows into the customer master by SQL over sets: no loop over rows, unchanged rows are not rewritten.

Tables of one import (temporary): `stage` and `stage_point` as cleaned; `row_vehicle` and `row_customer` tie rows to
ours; `touched` lists rows that changed something, `change` what they changed of what was there before; `outcome` says
what became of each row, `notice` what a person should know of one that entered.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from django.db import connection

from callcenter.spiga.traces import MASTER, Trace

MERGE_LOCK = 5_300_001  # one merge at a time: two files with the same people would wait on each other's rows

# The instant that marks what this import creates (ImportBatch.stamp), set by the pipeline for its transaction.
STAMP = "COALESCE(NULLIF(current_setting('carrazos.stamp', true), '')::timestamptz, now())"
# The fields of one row that changed, before and after.
DIFFERENCE = """(SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(changed.was) e WHERE e.value IS DISTINCT FROM changed.now -> e.key),
       (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(changed.now) e WHERE e.value IS DISTINCT FROM changed.was -> e.key)"""

BEGIN_TABLES = """
CREATE TEMP TABLE touched (n int) ON COMMIT DROP;
CREATE TEMP TABLE outcome (n int, code text, message text) ON COMMIT DROP;
CREATE TEMP TABLE notice (n int, code text) ON COMMIT DROP;
CREATE TEMP TABLE change (n int, subject text, object_id bigint, before jsonb, after jsonb) ON COMMIT DROP;
"""
TIES = """
CREATE TEMP TABLE row_vehicle (n int, vehicle_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE row_customer (n int, customer_id bigint) ON COMMIT DROP;
"""
PREPARE = f"""{TIES}
CREATE TEMP TABLE made_customer (customer_id bigint) ON COMMIT DROP;
CREATE INDEX ON stage (n);
CREATE INDEX ON stage_point (n);
ANALYZE stage (n, vin, plate, document_key, dms_code, name_key);
ANALYZE stage_point (n, kind, value);
"""

# A plate-only row of a car whose VIN stands in another row of the file is that car.
SAME_CAR = """
UPDATE stage s SET vin = known.vin
  FROM (SELECT plate, min(vin) AS vin FROM stage WHERE vin <> '' AND plate <> '' GROUP BY plate HAVING min(vin) = max(vin)) known
 WHERE s.vin = '' AND s.plate = known.plate;
"""

# A VIN that lost letters does not make a second car of a known plate.
FIND_VEHICLES = """
INSERT INTO row_vehicle SELECT s.n, v.id FROM stage s JOIN callcenter_vehicle v ON v.vin = s.vin WHERE s.vin <> '';
INSERT INTO row_vehicle
SELECT DISTINCT ON (s.n) s.n, v.id
  FROM stage s JOIN callcenter_vehicle v ON v.plate = s.plate AND (s.vin = '' OR v.vin = '' OR length(s.vin) < 17 AND length(v.vin) = 17)
 WHERE s.plate <> '' AND NOT EXISTS (SELECT FROM row_vehicle r WHERE r.n = s.n)
 ORDER BY s.n, v.id DESC;
"""

# Of two VINs that claim one car known by its plate, the first keeps it; the other is a new car.
ONE_VIN_PER_VEHICLE = """
DELETE FROM row_vehicle r USING stage s, (
  SELECT r.vehicle_id, min(s.vin) AS vin FROM row_vehicle r JOIN stage s USING (n) JOIN callcenter_vehicle v ON v.id = r.vehicle_id
   WHERE v.vin = '' AND s.vin <> '' GROUP BY r.vehicle_id HAVING min(s.vin) <> max(s.vin)) twice
 WHERE r.n = s.n AND r.vehicle_id = twice.vehicle_id AND s.vin <> '' AND s.vin <> twice.vin;
"""

# Of a row that names no brand of the catalogue: its vehicle's, else its family's when every car of that family here is of one brand.
BRANDS = """
UPDATE stage s SET brand_id = v.brand_id FROM row_vehicle r JOIN callcenter_vehicle v ON v.id = r.vehicle_id
 WHERE r.n = s.n AND s.brand_id = %(other_brand)s;
UPDATE stage s SET brand_id = f.brand_id
  FROM (SELECT upper(family) AS family, min(brand_id) AS brand_id FROM callcenter_vehicle
         WHERE family <> '' AND brand_id <> %(other_brand)s GROUP BY upper(family) HAVING min(brand_id) = max(brand_id)) f
 WHERE s.brand_id = %(other_brand)s AND upper(s.family) = f.family
"""

# The customer's name as SPIGA has it: today's, or one that an agent corrected and SPIGA still writes.
SAME_NAME = """(c.name_key = s.name_key OR EXISTS (
       SELECT FROM callcenter_customeralias a WHERE a.customer_id = c.id AND a.kind = 'NAME' AND a.key = s.name_key))"""
FIND_BY_DOCUMENT = f"""
INSERT INTO row_customer SELECT s.n, c.id FROM stage s JOIN callcenter_customer c ON c.document_key = s.document_key
 WHERE s.document_key <> '' AND NOT EXISTS (SELECT FROM row_customer r WHERE r.n = s.n);
INSERT INTO row_customer
SELECT DISTINCT ON (s.n) s.n, c.id FROM stage s JOIN callcenter_customeralias d ON d.kind = 'DOCUMENT' AND d.key = s.document_key
  JOIN callcenter_customer c ON c.id = d.customer_id AND {SAME_NAME}
 WHERE s.document_key <> '' AND NOT EXISTS (SELECT FROM row_customer r WHERE r.n = s.n)
 ORDER BY s.n, c.id;
"""  # noqa: S608 -- our own fragments
FIND_BY_CODE = f"""
INSERT INTO row_customer
SELECT DISTINCT ON (s.n) s.n, c.id FROM stage s JOIN callcenter_customer c ON c.dms_code = s.dms_code
 WHERE s.dms_code <> '' AND (s.document_key = '' OR c.document_key = '') AND {SAME_NAME}
   AND NOT EXISTS (SELECT FROM row_customer r WHERE r.n = s.n)
 ORDER BY s.n, c.id;
"""  # noqa: S608 -- as above
FIND_BY_PHONE = f"""
INSERT INTO row_customer
SELECT DISTINCT ON (s.n) s.n, c.id
  FROM stage s JOIN stage_point p ON p.n = s.n JOIN callcenter_contactpoint k ON k.value = p.value
  JOIN callcenter_customer c ON c.id = k.customer_id AND {SAME_NAME}
 WHERE (s.document_key = '' OR c.document_key = '') AND NOT EXISTS (SELECT FROM row_customer r WHERE r.n = s.n)
 ORDER BY s.n, c.id;
"""  # noqa: S608 -- as above
FIND_BY_VEHICLE = f"""
INSERT INTO row_customer
SELECT DISTINCT ON (s.n) s.n, c.id
  FROM stage s JOIN row_vehicle v ON v.n = s.n JOIN callcenter_vehicleparty y ON y.vehicle_id = v.vehicle_id
  JOIN callcenter_customer c ON c.id = y.customer_id AND {SAME_NAME}
 WHERE (s.document_key = '' OR c.document_key = '') AND NOT EXISTS (SELECT FROM row_customer r WHERE r.n = s.n)
 ORDER BY s.n, c.id;
"""  # noqa: S608 -- as above
# One document is one person, and a person without document takes one document only.
ONE_DOCUMENT_PER_CUSTOMER = """
UPDATE row_customer r SET customer_id = one.customer_id FROM stage s, (
  SELECT s.document_key, min(r.customer_id) AS customer_id FROM stage s JOIN row_customer r USING (n)
   WHERE s.document_key <> '' GROUP BY s.document_key HAVING min(r.customer_id) <> max(r.customer_id)) one
 WHERE r.n = s.n AND s.document_key = one.document_key;
DELETE FROM row_customer r USING stage s, (
  SELECT r.customer_id, min(s.document_key) AS document_key FROM row_customer r JOIN stage s USING (n)
    JOIN callcenter_customer c ON c.id = r.customer_id
   WHERE c.document_key = '' AND s.document_key <> ''
   GROUP BY r.customer_id HAVING min(s.document_key) <> max(s.document_key)) twice
 WHERE r.n = s.n AND r.customer_id = twice.customer_id AND s.document_key <> '' AND s.document_key <> twice.document_key;
"""
# A merged customer is still known by its own keys; what is said of it is said of the one that stays.
FOLLOW_MERGES = """
UPDATE row_customer r SET customer_id = c.merged_into_id FROM callcenter_customer c
 WHERE c.id = r.customer_id AND c.merged_into_id IS NOT NULL;
"""
FIND_CUSTOMERS = FIND_BY_DOCUMENT + FIND_BY_CODE + FIND_BY_PHONE + FIND_BY_VEHICLE + ONE_DOCUMENT_PER_CUSTOMER + FOLLOW_MERGES
FIND_REST = FIND_BY_CODE + FIND_BY_PHONE + FIND_BY_VEHICLE + FOLLOW_MERGES

VEHICLE_FIELDS = ("vin", "plate", "family", "model")

WRITE_VEHICLES = f"""
CREATE TEMP TABLE newest_vehicle ON COMMIT DROP AS
SELECT DISTINCT ON (r.vehicle_id) r.vehicle_id, s.* FROM stage s JOIN row_vehicle r USING (n) ORDER BY r.vehicle_id, s.n DESC;
CREATE TEMP TABLE seen_vehicle ON COMMIT DROP AS
SELECT r.vehicle_id, max(s.odometer_km) AS odometer_km, max(s.last_visit_on) AS last_visit_on
  FROM stage s JOIN row_vehicle r USING (n) GROUP BY r.vehicle_id;
WITH changed AS (
  UPDATE callcenter_vehicle v
     SET vin = f.vin, plate = f.plate, family = f.family, model = f.model, model_year = f.model_year,
         brand_id = f.brand_id, odometer_km = f.odometer_km, last_visit_on = f.last_visit_on
    FROM (SELECT o.id, to_jsonb(o) AS was, COALESCE(NULLIF(o.vin, ''), s.vin) AS vin,
                 CASE WHEN 'plate' = ANY (o.edited_fields) THEN o.plate ELSE COALESCE(NULLIF(s.plate, ''), o.plate) END AS plate,
                 CASE WHEN 'family' = ANY (o.edited_fields) THEN o.family ELSE COALESCE(NULLIF(s.family, ''), o.family) END AS family,
                 COALESCE(NULLIF(s.model, ''), o.model) AS model,
                 CASE WHEN 'model_year' = ANY (o.edited_fields) THEN o.model_year ELSE COALESCE(s.model_year, o.model_year) END AS model_year,
                 CASE WHEN s.brand_id = %(other_brand)s THEN o.brand_id ELSE s.brand_id END AS brand_id,
                 CASE WHEN 'odometer_km' = ANY (o.edited_fields) THEN o.odometer_km ELSE GREATEST(o.odometer_km, m.odometer_km) END AS odometer_km,
                 GREATEST(o.last_visit_on, m.last_visit_on) AS last_visit_on
            FROM newest_vehicle s JOIN seen_vehicle m USING (vehicle_id) JOIN callcenter_vehicle o ON o.id = s.vehicle_id) f
   WHERE v.id = f.id AND (v.vin, v.plate, v.family, v.model, v.model_year, v.brand_id, v.odometer_km, v.last_visit_on)
         IS DISTINCT FROM (f.vin, f.plate, f.family, f.model, f.model_year, f.brand_id, f.odometer_km, f.last_visit_on)
  RETURNING v.id, f.was, to_jsonb(v) AS now),
told AS (
  INSERT INTO change SELECT s.n, 'vehicle', changed.id, {DIFFERENCE}
    FROM changed JOIN newest_vehicle s ON s.vehicle_id = changed.id)
INSERT INTO touched SELECT r.n FROM row_vehicle r JOIN changed ON changed.id = r.vehicle_id;

CREATE TEMP TABLE new_vehicle ON COMMIT DROP AS
SELECT s.n, CASE WHEN s.vin <> '' THEN s.vin ELSE 'P:' || s.plate END AS vehicle_key, s.odometer_km, s.last_visit_on
  FROM stage s WHERE NOT EXISTS (SELECT FROM row_vehicle r WHERE r.n = s.n);
CREATE TEMP TABLE fresh_vehicle ON COMMIT DROP AS
SELECT vehicle_key, nextval((SELECT pg_get_serial_sequence('callcenter_vehicle', 'id')::regclass)) AS id, newest, odometer_km, last_visit_on
  FROM (SELECT vehicle_key, max(n) AS newest, max(odometer_km) AS odometer_km, max(last_visit_on) AS last_visit_on
          FROM new_vehicle GROUP BY vehicle_key ORDER BY min(n)) k;
INSERT INTO callcenter_vehicle (id, vin, plate, brand_id, family, model, model_year, odometer_km, last_visit_on, is_own, edited_fields,
       created_at)
SELECT k.id, l.vin, l.plate, l.brand_id, l.family, l.model, l.model_year, k.odometer_km, k.last_visit_on, false, ARRAY[]::varchar[], {STAMP}
  FROM fresh_vehicle k JOIN stage l ON l.n = k.newest;
INSERT INTO row_vehicle SELECT s.n, k.id FROM new_vehicle s JOIN fresh_vehicle k USING (vehicle_key);
ANALYZE row_vehicle;
"""  # noqa: S608 -- our own expressions

# An agent's correction wins over later files: fields named in edited_fields keep their value.
# The row that speaks for a person is the one with the surest key, the last of those: as INSERT_CUSTOMERS chooses.
UPDATE_CUSTOMERS = f"""
CREATE TEMP TABLE newest_customer ON COMMIT DROP AS
SELECT DISTINCT ON (r.customer_id) r.customer_id, s.*
  FROM stage s JOIN row_customer r USING (n) LEFT JOIN (SELECT DISTINCT n FROM stage_point WHERE kind = 'PHONE') p USING (n)
 ORDER BY r.customer_id, CASE WHEN s.document_key <> '' THEN 0 WHEN s.dms_code <> '' THEN 1 WHEN p.n IS NOT NULL THEN 2 ELSE 3 END, s.n DESC;
CREATE TEMP TABLE seen_sites ON COMMIT DROP AS
SELECT r.customer_id, array_agg(DISTINCT s.site_id) AS sites FROM stage s JOIN row_customer r USING (n) GROUP BY r.customer_id;
WITH changed AS (
  UPDATE callcenter_customer c
     SET name = f.name, raw_name = f.raw_name, name_key = f.name_key, kind = f.kind, company_reason = f.company_reason,
         document_type = f.document_type, document_number = f.document_number, check_digit = f.check_digit,
         document_key = f.document_key, dms_code = f.dms_code, city = f.city, sites = f.sites
    FROM (SELECT o.id, to_jsonb(o) AS was,
                 CASE WHEN 'name' = ANY (o.edited_fields) OR o.name_key = s.name_key THEN o.name ELSE s.name END AS name,
                 CASE WHEN 'name' = ANY (o.edited_fields) OR o.name_key = s.name_key THEN o.raw_name ELSE s.raw_name END AS raw_name,
                 CASE WHEN 'name' = ANY (o.edited_fields) THEN o.name_key ELSE s.name_key END AS name_key,
                 CASE WHEN 'kind' = ANY (o.edited_fields) THEN o.kind ELSE s.kind END AS kind,
                 CASE WHEN 'kind' = ANY (o.edited_fields) THEN o.company_reason ELSE s.company_reason END AS company_reason,
                 CASE WHEN o.document_key = '' AND NOT 'document' = ANY (o.edited_fields) THEN s.document_type ELSE o.document_type END AS document_type,
                 CASE WHEN o.document_key = '' AND NOT 'document' = ANY (o.edited_fields) THEN s.document_number ELSE o.document_number END AS document_number,
                 CASE WHEN o.document_key = '' AND NOT 'document' = ANY (o.edited_fields) THEN s.check_digit ELSE o.check_digit END AS check_digit,
                 CASE WHEN o.document_key = '' AND NOT 'document' = ANY (o.edited_fields) THEN s.document_key ELSE o.document_key END AS document_key,
                 CASE WHEN 'dms_code' = ANY (o.edited_fields) THEN o.dms_code ELSE COALESCE(NULLIF(s.dms_code, ''), o.dms_code) END AS dms_code,
                 CASE WHEN 'city' = ANY (o.edited_fields) THEN o.city ELSE COALESCE(NULLIF(s.city, ''), o.city) END AS city,
                 CASE WHEN o.sites @> m.sites THEN o.sites
                      ELSE ARRAY(SELECT DISTINCT x FROM unnest(o.sites || m.sites) x ORDER BY x) END AS sites
            FROM newest_customer s JOIN seen_sites m USING (customer_id) JOIN callcenter_customer o ON o.id = s.customer_id) f
   WHERE c.id = f.id
     AND (c.name, c.raw_name, c.name_key, c.kind, c.company_reason, c.document_type, c.document_number, c.check_digit,
          c.document_key, c.dms_code, c.city, c.sites)
         IS DISTINCT FROM (f.name, f.raw_name, f.name_key, f.kind, f.company_reason, f.document_type, f.document_number,
          f.check_digit, f.document_key, f.dms_code, f.city, f.sites)
  RETURNING c.id, f.was, to_jsonb(c) AS now),
told AS (
  INSERT INTO change SELECT s.n, 'customer', changed.id, {DIFFERENCE}
    FROM changed JOIN newest_customer s ON s.customer_id = changed.id)
INSERT INTO touched SELECT r.n FROM row_customer r JOIN changed ON changed.id = r.customer_id;
"""  # noqa: S608 -- our own expressions

# What the file says instead of a value that an agent corrected; a difference that somebody put away comes back only when it changes,
# one that SPIGA mended since goes away.
# The names of a customer that was merged into this one are no news.
KEEP_DIFFERENCES = f"""
CREATE TEMP TABLE said ON COMMIT DROP AS
SELECT c.id AS customer_id, NULL::bigint AS vehicle_id, d.field, d.theirs, d.differs
  FROM newest_customer s JOIN callcenter_customer c ON c.id = s.customer_id AND c.edited_fields <> ARRAY[]::varchar[]
 CROSS JOIN LATERAL (VALUES
       ('name', s.name, s.name_key <> c.name_key AND NOT EXISTS (
            SELECT FROM callcenter_customer m WHERE m.merged_into_id = c.id AND m.name_key = s.name_key)),
       ('document', concat_ws(' ', NULLIF(s.document_type, ''), NULLIF(s.document_number, '')), s.document_key <> c.document_key AND NOT EXISTS (
            SELECT FROM callcenter_customer m WHERE m.merged_into_id = c.id AND m.document_key = s.document_key)),
       ('city', s.city, lower(s.city) <> lower(c.city))) d(field, theirs, differs)
 WHERE d.field = ANY (c.edited_fields) AND d.theirs <> '' AND (d.field <> 'document' OR s.document_key <> '')
UNION ALL
SELECT NULL::bigint, v.id, d.field, d.theirs, d.differs
  FROM newest_vehicle s JOIN seen_vehicle m USING (vehicle_id)
  JOIN callcenter_vehicle v ON v.id = s.vehicle_id AND v.edited_fields <> ARRAY[]::varchar[]
 CROSS JOIN LATERAL (VALUES
       ('plate', s.plate, s.plate <> v.plate),
       ('family', s.family, lower(s.family) <> lower(v.family)),
       ('model_year', s.model_year::text, s.model_year IS DISTINCT FROM v.model_year),
       ('odometer_km', m.odometer_km::text, m.odometer_km > COALESCE(v.odometer_km, 0))) d(field, theirs, differs)
 WHERE d.field = ANY (v.edited_fields) AND d.theirs <> '';
UPDATE callcenter_importdifference d SET theirs = n.theirs, seen_on = %(today)s::date, dismissed_at = {STAMP}, dismissed_by_id = NULL
  FROM said n WHERE (d.customer_id, d.vehicle_id, d.field) IS NOT DISTINCT FROM (n.customer_id, n.vehicle_id, n.field)
   AND NOT n.differs AND (d.theirs <> n.theirs OR d.dismissed_at IS NULL);
INSERT INTO callcenter_importdifference (customer_id, vehicle_id, field, theirs, seen_on)
SELECT customer_id, vehicle_id, field, theirs, %(today)s::date FROM said WHERE differs
ON CONFLICT (customer_id, vehicle_id, field) DO UPDATE SET theirs = EXCLUDED.theirs, seen_on = EXCLUDED.seen_on, dismissed_at = NULL,
   dismissed_by_id = NULL
 WHERE callcenter_importdifference.theirs <> EXCLUDED.theirs;
DROP TABLE said;
"""  # noqa: S608 -- our own expression

DIFFERING = "x.customer_id IN (SELECT customer_id FROM newest_customer) OR x.vehicle_id IN (SELECT vehicle_id FROM newest_vehicle)"

# New people, the surest key first; after each kind of key the rest of the file is looked up again.
INSERT_CUSTOMERS = """
CREATE TEMP TABLE new_customer ON COMMIT DROP AS
SELECT s.n, {key} AS customer_key, s.site_id FROM stage s
 WHERE {has_key} AND NOT EXISTS (SELECT FROM row_customer r WHERE r.n = s.n);
CREATE TEMP TABLE fresh_customer ON COMMIT DROP AS
SELECT customer_key, nextval((SELECT pg_get_serial_sequence('callcenter_customer', 'id')::regclass)) AS id, newest, sites
  FROM (SELECT customer_key, max(n) AS newest, array_agg(DISTINCT site_id) AS sites FROM new_customer GROUP BY customer_key ORDER BY min(n)) k;
INSERT INTO callcenter_customer (id, kind, company_reason, name, raw_name, name_key, document_type, document_number, check_digit,
       document_key, dms_code, city, sites, edited_fields, created_at)
SELECT k.id, l.kind, l.company_reason, l.name, l.raw_name, l.name_key, l.document_type, l.document_number, l.check_digit,
       l.document_key, l.dms_code, l.city, k.sites, ARRAY[]::varchar[], {stamp}
  FROM fresh_customer k JOIN stage l ON l.n = k.newest;
INSERT INTO row_customer SELECT s.n, k.id FROM new_customer s JOIN fresh_customer k USING (customer_key);
INSERT INTO made_customer SELECT id FROM fresh_customer;
DROP TABLE new_customer;
DROP TABLE fresh_customer;
"""

# Nobody else sees a customer of this import yet: its points can't meet another's, and need no look for one (ON CONFLICT costs a third).
WRITE_POINTS = """
INSERT INTO callcenter_contactpoint (customer_id, kind, value, phone_kind, label, position, status, last_result)
SELECT DISTINCT ON (r.customer_id, p.kind, p.value) r.customer_id, p.kind, p.value, p.phone_kind, p.label, p.position, p.status, ''
  FROM stage_point p JOIN row_customer r USING (n) JOIN stage s USING (n) JOIN made_customer m ON m.customer_id = r.customer_id
 WHERE NOT EXISTS (SELECT FROM callcenter_contactpoint k
                    WHERE k.customer_id = r.customer_id AND k.kind = p.kind AND k.value = p.value)
 ORDER BY r.customer_id, p.kind, p.value, p.n;
INSERT INTO touched
SELECT DISTINCT p.n FROM stage_point p JOIN row_customer r USING (n) JOIN made_customer m ON m.customer_id = r.customer_id;
WITH added AS (
  INSERT INTO callcenter_contactpoint (customer_id, kind, value, phone_kind, label, position, status, last_result)
  SELECT DISTINCT ON (r.customer_id, p.kind, p.value) r.customer_id, p.kind, p.value, p.phone_kind, p.label, p.position, p.status, ''
    FROM stage_point p JOIN row_customer r USING (n) JOIN stage s USING (n)
   WHERE NOT EXISTS (SELECT FROM made_customer m WHERE m.customer_id = r.customer_id)
     AND NOT EXISTS (SELECT FROM callcenter_contactpoint k
                      WHERE k.customer_id = r.customer_id AND k.kind = p.kind AND k.value = p.value)
   ORDER BY r.customer_id, p.kind, p.value, p.n
  ON CONFLICT (customer_id, kind, value) DO NOTHING
  RETURNING id, customer_id, kind, value),
told AS (
  INSERT INTO change
  SELECT min(p.n), 'point', a.id, NULL, jsonb_build_object('kind', a.kind, 'value', a.value, 'customer_id', a.customer_id)
    FROM added a JOIN row_customer r ON r.customer_id = a.customer_id JOIN stage_point p ON p.n = r.n AND p.value = a.value
   GROUP BY a.id, a.kind, a.value, a.customer_id)
INSERT INTO touched
SELECT p.n FROM added a JOIN row_customer r ON r.customer_id = a.customer_id JOIN stage_point p ON p.n = r.n AND p.value = a.value;
"""

WRITE_PARTIES = """
WITH added AS (
INSERT INTO callcenter_vehicleparty (vehicle_id, customer_id, role, since)
SELECT v.vehicle_id, c.customer_id, {role}, min({since}) FROM row_vehicle v JOIN row_customer c USING (n) JOIN stage s USING (n)
 WHERE NOT EXISTS (SELECT FROM callcenter_vehicleparty y
                    WHERE y.vehicle_id = v.vehicle_id AND y.customer_id = c.customer_id AND y.role = {role})
 GROUP BY 1, 2, 3
ON CONFLICT (vehicle_id, customer_id, role) DO NOTHING
RETURNING id, vehicle_id, customer_id, role)
INSERT INTO change
SELECT min(r.n), 'party', a.id, NULL, jsonb_build_object('role', a.role, 'customer', c.name)
  FROM added a JOIN callcenter_customer c ON c.id = a.customer_id AND c.created_at <> {stamp}
  JOIN callcenter_vehicle v ON v.id = a.vehicle_id AND v.created_at <> {stamp}
  JOIN row_vehicle r ON r.vehicle_id = a.vehicle_id JOIN row_customer k ON k.n = r.n AND k.customer_id = a.customer_id
 GROUP BY a.id, a.role, c.name;
"""


def over_sets() -> None:
    """Plans for whole sets, until the transaction ends: of tables that were empty a moment ago, or that a dry run or a killed
    import left full of dead rows, the planner believes that they hold one row, and a nested loop over them never ends."""
    with connection.cursor() as cursor:
        # Compiling a statement that runs once costs more than it saves.
        cursor.execute(
            "SET LOCAL enable_nestloop = off; SET LOCAL jit = off; SET LOCAL work_mem = '192MB'; SET LOCAL lock_timeout = '600s'"
        )


@contextmanager
def keys_at_once() -> Iterator[None]:
    """Each statement inside checks the foreign keys of its rows while they are at hand, not the commit from a list of them all: a
    tenth of the database's work. A dry run leaves them to a commit that never comes."""
    run("SET CONSTRAINTS ALL IMMEDIATE")
    yield
    run("SET CONSTRAINTS ALL DEFERRED")


def renew_statistics(leaves: Sequence[Trace], *, made: int) -> None:
    """Tells the planner of a file that made a tenth of a table or more: until autovacuum does, a minute later, it would look for the
    next customer in tables that it believes empty. Only of the columns that indexes are looked up by: autovacuum still does the rest.
    A role that may not (PostgreSQL before 17) is warned and nothing happens; a table that autovacuum holds is left to it, for the
    import is written and must not fail here.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT string_agg(indexed, ', ') FROM (
              SELECT format('%%s (%%s)', c.oid::regclass, string_agg(DISTINCT quote_ident(a.attname), ', ')) AS indexed
                FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
               WHERE c.oid = ANY (%s::regclass[]) AND c.reltuples < %s GROUP BY c.oid) grown
            """,
            [sorted({trace.table for trace in leaves}), 10 * made],
        )
        (grown,) = cursor.fetchone()
        if grown:
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {grown}")


def alone() -> None:
    """Waits until no other import merges or is taken back; holds until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MERGE_LOCK])


@contextmanager
def watching(leaves: Sequence[Trace], **which: str) -> Iterator[None]:
    """Tells in `change` what the statements inside change of the rows that `which` names by subject (SQL about `x`).

    Of a trace that can't tell its own rows, those that are made are told too, with nothing before and after.
    """
    traces = [trace for trace in leaves if trace.subject in which]
    for trace in traces:
        rows = f"SELECT x.id, x AS was FROM {trace.table} x WHERE {which[trace.subject]}"  # noqa: S608 -- our own tables
        run(f"CREATE TEMP TABLE was_{trace.subject} ON COMMIT DROP AS {rows}")
    yield
    for trace in traces:
        run(
            f"INSERT INTO change SELECT COALESCE(l.n, 0), '{trace.subject}', id, {DIFFERENCE} "  # noqa: S608 -- our own tables
            f"FROM (SELECT x.id, to_jsonb(w.was) AS was, to_jsonb(x) AS now "
            f"FROM {trace.table} x JOIN was_{trace.subject} w ON w.id = x.id WHERE x IS DISTINCT FROM w.was) changed "
            f"LEFT JOIN (SELECT id, min(n) AS n FROM ({trace.rows_of or 'SELECT 0::bigint AS id, 0 AS n'}) t GROUP BY id) l USING (id)"
        )
        if not trace.made:
            run(
                f"INSERT INTO change SELECT 0, '{trace.subject}', x.id, NULL, NULL FROM {trace.table} x "  # noqa: S608 -- our own tables
                f"WHERE ({which[trace.subject]}) AND NOT EXISTS (SELECT FROM was_{trace.subject} w WHERE w.id = x.id)"
            )
        run(f"DROP TABLE was_{trace.subject}")


def begin() -> None:
    """The tables in which a merge says what became of each row."""
    run(BEGIN_TABLES)


def run(script: str, values: dict | None = None) -> None:
    """Runs a script of statements, one after another, in the import's transaction."""
    with connection.cursor() as cursor:
        for statement in script.split(";\n"):
            if statement.strip():
                cursor.execute(statement, values)


def exclude(code: str, message: str, condition: str, values: dict | None = None) -> None:
    """Takes rows out of the stage with a reason; `condition` is about `s`, `v` (its vehicle) and `c` (its customer)."""
    run(
        f"""
        INSERT INTO outcome
        SELECT s.n, '{code}', '{message}' FROM stage s
          LEFT JOIN row_vehicle rv USING (n) LEFT JOIN callcenter_vehicle v ON v.id = rv.vehicle_id
          LEFT JOIN row_customer rc USING (n) LEFT JOIN callcenter_customer c ON c.id = rc.customer_id
         WHERE {condition};
        DELETE FROM stage s USING outcome o WHERE o.n = s.n AND o.code = '{code}';
        """,  # noqa: S608 -- our own literals
        values,
    )


FIRST_PHONE = "(SELECT p.value FROM stage_point p WHERE p.n = s.n AND p.kind = 'PHONE' ORDER BY p.position LIMIT 1)"
# How a new person of the file is told from another: (the key, who has one).
CUSTOMER_KEYS = (
    ("s.document_key", "s.document_key <> ''"),
    ("s.dms_code || '|' || s.name_key", "s.dms_code <> ''"),
    (f"s.name_key || '|' || {FIRST_PHONE}", f"{FIRST_PHONE} IS NOT NULL"),
    ("s.name_key || '|' || s.vin || '|' || s.plate", "s.name <> ''"),
)
# Rows without a name (a payer was named, not a person) stay without a customer.
UNTIED = "SELECT EXISTS (SELECT FROM stage s WHERE s.name <> '' AND NOT EXISTS (SELECT FROM row_customer r WHERE r.n = s.n))"
TODAY = "%(today)s::date"


def row(question: str) -> tuple:
    """The one row of an answer."""
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()


def rows(question: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchall()


def ask(question: str) -> bool:
    return row(question)[0]


def find(*, other_brand: int, brands: Collection[int] | None) -> None:
    """Ties the staged rows to the vehicles and customers that are known already; writes nothing of ours.

    `brands` are those that the importer may write, None for all of them; a brand that nobody can tell is anybody's.
    """
    run(PREPARE + SAME_CAR + FIND_VEHICLES + ONE_VIN_PER_VEHICLE + FIND_CUSTOMERS)
    if ask(f"SELECT EXISTS (SELECT FROM stage WHERE brand_id = {other_brand:d})"):  # noqa: S608 -- a number of ours
        run(BRANDS, {"other_brand": other_brand})
    if brands is not None:
        exclude("OUT_OF_SCOPE", "La marca no es de su alcance", "s.brand_id <> ALL (%(brands)s)", {"brands": [*brands, other_brand]})
    run("ANALYZE row_vehicle;\nANALYZE row_customer")


def find_vehicles() -> None:
    """Ties the staged rows (`n, vin, plate`) to the vehicles that are known already, for a file that speaks of nobody new."""
    run(TIES + "ANALYZE stage;\n" + SAME_CAR + FIND_VEHICLES + "ANALYZE row_vehicle")


def write_master(*, other_brand: int, today: date, role: str = "'OWNER'", since: str = TODAY) -> None:
    """Vehicles, customers, contact points and who owns what; every staged row with a name is tied to both afterwards.

    `role` and `since` are SQL about `s`: what the row's person is to the vehicle, and from when.
    """
    values = {"other_brand": other_brand, "today": today}
    parties = WRITE_PARTIES.format(role=role, since=since, stamp=STAMP)
    run(WRITE_VEHICLES, values)
    run(UPDATE_CUSTOMERS, values)
    with watching(MASTER, differs=DIFFERING):
        run(KEEP_DIFFERENCES, values)
    for key, has_key in CUSTOMER_KEYS:
        run(INSERT_CUSTOMERS.format(key=key, has_key=has_key, stamp=STAMP))
        if not ask(UNTIED):
            break
        run(WRITE_POINTS + parties + FIND_REST, values)
    run("ANALYZE row_customer;\n" + WRITE_POINTS + parties, values)
