"""SPIGA's workshop layout (domain 3.4 layout A, 3.5): lines of orders into vehicles, people and work orders.

A feed stages lines (STAGE, `clean`) and calls `merge_orders`; a row with an empty `order_number` is a vehicle's own history.
A line is one invoice of an order; its key is the number without that suffix, and the site. «Cliente Fra.» is who is
invoiced: an insurer, a bank or the importer never becomes a customer, and a company gives way to the person known for the
vehicle. Whatever merges, merges so that the order in which files arrive does not matter.
"""

import re
from datetime import date, datetime

from callcenter import seams
from callcenter.models import ImportBatch
from callcenter.spiga import columns, feed, merge, traces
from callcenter.spiga.columns import Column
from callcenter.spiga.feed import Context, Row
from callcenter.spiga.traces import Trace
from carrazos.lib import text

ORDER = Column("order", "Núm. OT", ("nº ot", "ot", "orden", "orden de trabajo", "orden de reparacion", "or", "numero orden", "numero ot"))
INVOICED_ON = Column("invoiced_on", "F. Fra.", ("fecha fra", "fecha factura", "f factura"))
DELIVERED_ON = Column("delivered_on", "F. Entrega", ("fecha entrega", "f cierre"))
OPENED_ON = Column("opened_on", "F. Alta OT", ("fecha apertura", "f entrada", "fecha alta ot"))
INVOICED_TO = Column("invoiced_to", "Cliente Fra.", ("cliente factura", "facturado a"))
CUSTOMER_NAME = Column(
    "customer_name", "Cliente", ("nombre cliente", "nombre", "titular", "propietario", "razon social", "nombre completo")
)
DRIVER = Column("driver", "Conductor", ("nombre conductor",))
ENTRY_REASON = Column("entry_reason", "Motivo de Entrada", ("motivo", "tipo trabajo"))
SECTION = Column("section", "Sección", ("departamento",))
CHARGE = Column("charge", "Tipo Cargo", ("cargo", "tipo int cargo"))
SITUATION = Column("situation", "Situación", ("estado ot", "situacion ot", "estado"))
AMOUNT = Column("amount", "Importe Fra.", ("importe", "total", "total fra", "valor", "base imponible"))
COLUMNS = (
    columns.BRANCH, ORDER, *columns.VEHICLE, ENTRY_REASON, INVOICED_ON, DELIVERED_ON, OPENED_ON, INVOICED_TO, columns.CUSTOMER_CODE,
    CUSTOMER_NAME, *columns.CUSTOMER[2:], DRIVER, columns.ADVISOR, SECTION, CHARGE, SITUATION, AMOUNT,
)  # fmt: skip

STAGE = (
    *feed.PARTY_STAGE,
    ("role", "text"), ("invoiced_to", "text"), ("order_number", "text"), ("invoice", "text"),
    ("opened_on", "date"), ("delivered_on", "date"), ("invoiced_on", "date"), ("visit_day", "date"),
    ("advisor_id", "bigint"), ("advisor_name", "text"), ("section", "text"), ("charge", "text"), ("entry_reason", "text"),
    ("sold_on", "date"), ("is_internal", "boolean"), ("is_warranty", "boolean"), ("is_void", "boolean"), ("amount", "numeric"), ("phone_problem", "text"),
)  # fmt: skip

HISTORY = "workshop"
# What an import of orders writes: orders, the last visits of vehicles, and what the orders prove of appointments.
LEAVES = (
    traces.OUTREACH,
    traces.BOOKING,
    Trace("order", "callcenter.WorkOrder", made=traces.OF_BATCH, name="la orden {0.number}",
          rows_of="SELECT w.id, s.n FROM stage s JOIN callcenter_workorder w ON w.site_id = s.site_id AND w.number = s.order_number"),
    Trace("visit", "callcenter.Vehicle", made=traces.NOTHING, told=False,
          rows_of="SELECT vehicle_id AS id, n FROM row_vehicle"),
)  # fmt: skip
OF_ORDERS = """(x.site_id, x.number) IN (SELECT site_id, order_number FROM stage)
    OR x.customer_id IS NULL AND x.vehicle_id IN (SELECT vehicle_id FROM row_vehicle)"""
OF_BOOKINGS = "x.vehicle_id IN (SELECT vehicle_id FROM changed_order)"
OF_BOOKED = """x.customer_id IN (SELECT a.customer_id FROM callcenter_appointment a JOIN changed_order o USING (vehicle_id))"""

# Only a number after a digit is an invoice's suffix: OT-15234 is a whole number (domain 3.5).
SUFFIX = re.compile(r"(?<=\d)-(\d{1,2})$")
INTERNAL = re.compile(r"\b(ALISTAMIENTO|PDI|PREENTREGA|PRE ENTREGA|INTERN[OA]S?|PERITAJE USADO|REACONDICIONAMIENTO)\b")
WARRANTY = re.compile(r"\bGARANTIAS?\b")
COLLISION = re.compile(r"\b(COLISION|SINIESTRO|LATONERIA)\b")
VOID = re.compile(r"\b(ANULAD[AO]|CANCELAD[AO])\b")
PAYERS = re.compile(
    r"\b(SEGUROS?|ASEGURADORAS?|REASEGURADORA|LEASING|RENTING|BANCO|BANCOLOMBIA|FINANCIERA|FINANCIAMIENTO|FIDUCIARIA|FIDEICOMISO"
    r"|IMPORTADORA|IMPORTADOR|SURAMERICANA|ALLIANZ|MAPFRE|LIBERTY|ZURICH|HDI|AXA COLPATRIA|PREVISORA)\b"
)
NAMELESS = ("", "", "", "", "PERSON", "", "", "", "", "", "")


def order_base(raw: str) -> tuple[str, str]:
    """`ot/15234/2025-1` → (`OT/15234/2025`, `1`): the order's number and the invoice's suffix."""
    number = re.sub(r"\s+", "", raw).upper()[:40]
    found = SUFFIX.search(number)
    return (number[: found.start()], found[1]) if found else (number, "")


def is_payer(raw: str, *, is_company: bool, warranty: bool, collision: bool) -> bool:
    """True for who pays without being the customer: Carrazos, insurer, bank, leasing; in warranty or collision any company."""
    return feed.is_own(raw) or (is_company and (warranty or collision or PAYERS.search(text.key(raw)) is not None))


def party_of(row: Row, *, warranty: bool, collision: bool) -> tuple[tuple, str]:
    """(the person's staged fields, role): the customer named, who is invoiced, the driver, else the company; or nobody."""
    own = " ".join(filter(None, (row.get("customer_name"), row.get("last_name_1"), row.get("last_name_2"))))
    company: tuple = NAMELESS
    for raw, role, by_document in (
        (own, "OWNER", True),
        (row.get("invoiced_to"), "OWNER", not own),
        (row.get("driver"), "DRIVER", False),
    ):
        name = text.one_line(text.repair_mojibake(raw))[:160]
        if not name or text.is_placeholder_name(name):
            continue
        person = feed.identified(row, name, by_document=by_document)
        is_company = person[4] == "COMPANY"
        if is_payer(name, is_company=is_company, warranty=warranty, collision=collision):
            continue
        if not is_company:
            return person, role
        company = company if company[1] else person
    return company, "OWNER"


def dates_of(row: Row, context: Context) -> tuple[date | None, date | None, date | None]:
    """(opened, delivered, invoiced). Raises BadRow for a visit in the future."""
    opened, delivered, invoiced = (feed.date_of(row, name, context) for name in ("opened_on", "delivered_on", "invoiced_on"))
    for name, day in (("delivered_on", delivered), ("invoiced_on", invoiced)):
        if day and day > context.today:
            raise row.bad("FUTURE_VISIT", f"La fecha {day:%d/%m/%Y} está en el futuro", name, row.get(name))
    first = min(filter(None, (delivered, invoiced)), default=None)
    if opened and first and opened > first:
        row.warn("DATES_CROSSED", "opened_on", row.get("opened_on"), "La entrega es anterior a la apertura; la apertura queda vacía")
        opened = None
    return opened, delivered, invoiced


def clean(row: Row, context: Context) -> tuple:
    """One line of an order, in the order of STAGE. Raises BadRow."""
    site = feed.site_of(row, context)
    brand = feed.brand_of(row, context)
    vin, plate = feed.vehicle_of(row)
    number, invoice = order_base(row.get("order"))
    opened, delivered, invoiced = dates_of(row, context)
    if not number:
        raise row.bad("NO_VISIT", "Falta el número de la orden", "order")
    section, charge = text.one_line(row.get("section"))[:60], text.one_line(row.get("charge"))[:60]
    reason = text.one_line(row.get("entry_reason"))[:300]
    about = text.key(f"{reason} {charge} {section}")
    warranty, collision = WARRANTY.search(about) is not None, COLLISION.search(about) is not None
    person, role = party_of(row, warranty=warranty, collision=collision)
    if person[1]:
        usable = feed.points_of(row, context, site)
    else:
        usable = 0  # an insurer's phone is nobody's
    invoiced_to = text.one_line(text.repair_mojibake(row.get("invoiced_to")))[:160]
    internal = INTERNAL.search(about) is not None or (not person[1] and feed.is_own(invoiced_to))
    raw_year, raw_amount = row.get("model_year"), row.get("amount")
    return (
        row.number, site.pk, brand, vin, plate, row.get("family")[:60], row.get("model")[:80],
        columns.year(raw_year) if raw_year else None, feed.odometer_of(row), None, *person,
        role, invoiced_to, number, invoice, opened, delivered, invoiced, delivered or invoiced,
        feed.advisor_of(row, context), text.one_line(row.get("advisor"))[:80], section, charge, reason,
        None, internal, warranty, VOID.search(text.key(row.get("situation"))) is not None,
        columns.amount(raw_amount) if raw_amount else None, "" if usable else feed.phone_problem(row),
    )  # fmt: skip


PERSON = ("name", "raw_name", "name_key", "kind", "company_reason", "document_type", "document_number", "check_digit", "document_key",
          "dms_code", "city")  # fmt: skip
FIELDS = ", ".join(PERSON)


def of(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in PERSON)


# Which car each row is about, known or new; then the lines that repeat another word for word.
CARS = """
CREATE TEMP TABLE car ON COMMIT DROP AS
SELECT s.n, COALESCE('#' || r.vehicle_id, NULLIF(s.vin, ''), s.plate) AS car FROM stage s LEFT JOIN row_vehicle r USING (n);
INSERT INTO outcome
SELECT n, 'DUPLICATE', 'Repite otra fila del archivo' FROM (
  SELECT s.n, row_number() OVER (PARTITION BY s.site_id, s.order_number, s.invoice, k.car, s.name, s.invoiced_to, s.opened_on,
         s.delivered_on, s.invoiced_on, s.entry_reason, s.charge, s.section, s.amount, s.odometer_km, s.advisor_name,
         s.last_visit_on, s.sold_on ORDER BY s.n) AS turn
    FROM stage s JOIN car k USING (n)) t WHERE turn > 1;
DELETE FROM stage s USING outcome o WHERE o.n = s.n;
DELETE FROM row_customer r USING outcome o WHERE o.n = r.n;
DELETE FROM row_vehicle r USING outcome o WHERE o.n = r.n
"""

# A number is of one car. Where numbering starts again each year without saying so, the year tells the orders apart.
CLAIMS = """
DROP TABLE IF EXISTS pg_temp.claim;
CREATE TEMP TABLE claim ON COMMIT DROP AS
SELECT DISTINCT ON (s.site_id, s.order_number) s.site_id, s.order_number, COALESCE('#' || w.vehicle_id, k.car) AS car
  FROM stage s JOIN car k USING (n) LEFT JOIN callcenter_workorder w ON w.site_id = s.site_id AND w.number = s.order_number
 WHERE s.order_number <> ''
 ORDER BY s.site_id, s.order_number, s.visit_day NULLS LAST, s.n
"""
BY_YEAR = """
UPDATE stage s SET order_number = left(s.order_number, 35) || '/' || to_char(COALESCE(s.opened_on, s.visit_day), 'YYYY')
  FROM car k, claim c
 WHERE k.n = s.n AND c.site_id = s.site_id AND c.order_number = s.order_number AND c.car <> k.car
   AND COALESCE(s.opened_on, s.visit_day) IS NOT NULL AND s.order_number !~ '/(19|20)[0-9]{2}$'
"""
# As a join by the order, not EXISTS over car and claim: those two alone meet on «not equal» only, every row with every other.
CONFLICT = """s.n IN (SELECT t.n FROM stage t JOIN car k USING (n) JOIN claim m USING (site_id, order_number) WHERE m.car <> k.car)"""

# A person of the vehicle whose name is the same but for a second surname or given name is that person.
ALIKE = f"""
CREATE TEMP TABLE alike ON COMMIT DROP AS
SELECT DISTINCT ON (s.n) s.n, c.id AS customer_id, cardinality(string_to_array(c.name_key, ' ')) AS words
  FROM stage s JOIN row_vehicle v USING (n) JOIN callcenter_vehicleparty y ON y.vehicle_id = v.vehicle_id AND y.until IS NULL
  JOIN callcenter_customer c ON c.id = y.customer_id AND c.kind = 'PERSON' AND c.merged_into_id IS NULL
   AND (s.document_key = '' OR c.document_key = '')
 WHERE s.name <> '' AND s.kind = 'PERSON' AND NOT EXISTS (SELECT FROM row_customer r WHERE r.n = s.n)
   AND ((string_to_array(c.name_key, ' ') <@ string_to_array(s.name_key, ' ') AND c.name_key LIKE '% %')
     OR (string_to_array(s.name_key, ' ') <@ string_to_array(c.name_key, ' ') AND s.name_key LIKE '% %'))
 ORDER BY s.n, y.since DESC NULLS LAST, c.id DESC;
INSERT INTO row_customer SELECT n, customer_id FROM alike;
UPDATE stage s SET (name, raw_name, name_key) = (c.name, c.raw_name, c.name_key)
  FROM alike a JOIN callcenter_customer c ON c.id = a.customer_id
 WHERE s.n = a.n AND a.words > cardinality(string_to_array(s.name_key, ' '));
{merge.ONE_DOCUMENT_PER_CUSTOMER}
"""  # noqa: S608 -- our own literals

# Rows that name a payer or a company take the person of the same order, else the newest known for the vehicle.
PEOPLE = f"""
CREATE TEMP TABLE weak ON COMMIT DROP AS
SELECT s.n, s.site_id, s.order_number, k.car FROM stage s JOIN car k USING (n) WHERE s.name = '' OR s.kind = 'COMPANY';
CREATE TEMP TABLE strong ON COMMIT DROP AS
SELECT s.n, s.site_id, s.order_number, k.car, s.visit_day AS day, r.customer_id, s.role, {of("s")}
  FROM stage s JOIN car k USING (n) LEFT JOIN row_customer r USING (n) WHERE s.name <> '' AND s.kind = 'PERSON';
CREATE TEMP TABLE resolved ON COMMIT DROP AS
SELECT DISTINCT ON (w.n) w.n, p.customer_id, p.role, {of("p")}
  FROM weak w JOIN strong p ON p.site_id = w.site_id AND p.order_number = w.order_number AND p.car = w.car AND w.order_number <> ''
 ORDER BY w.n, p.day DESC NULLS LAST, p.n DESC;
INSERT INTO resolved
SELECT DISTINCT ON (w.n) w.n, p.customer_id, p.role, {of("p")}
  FROM weak w JOIN (
    SELECT car, day, n, customer_id, role, {FIELDS} FROM strong
    UNION ALL
    SELECT '#' || y.vehicle_id, y.since, 0, c.id, y.role, {of("c")}
      FROM callcenter_vehicleparty y JOIN callcenter_customer c ON c.id = y.customer_id AND c.kind = 'PERSON'
       AND c.merged_into_id IS NULL
     WHERE y.until IS NULL AND y.vehicle_id IN (SELECT r.vehicle_id FROM row_vehicle r JOIN weak USING (n))) p ON p.car = w.car
 WHERE NOT EXISTS (SELECT FROM resolved d WHERE d.n = w.n)
 ORDER BY w.n, p.day DESC NULLS LAST, p.n DESC;
UPDATE stage s SET role = p.role, ({FIELDS}) = ({of("p")}) FROM resolved p WHERE p.n = s.n;
DELETE FROM stage_point p USING resolved d WHERE d.n = p.n;
DELETE FROM row_customer r USING resolved d WHERE d.n = r.n;
INSERT INTO row_customer SELECT n, customer_id FROM resolved WHERE customer_id IS NOT NULL;
ANALYZE row_customer
"""  # noqa: S608 -- our own literals

# Lines of one order become the order; a second file adds to it and takes nothing away.
ORDERS = """
CREATE TEMP TABLE paid ON COMMIT DROP AS
SELECT site_id, order_number, jsonb_object_agg(invoice, amount) AS amounts
  FROM (SELECT site_id, order_number, invoice, sum(amount) AS amount FROM stage WHERE amount IS NOT NULL GROUP BY 1, 2, 3) t GROUP BY 1, 2;
CREATE TEMP TABLE job ON COMMIT DROP AS
SELECT s.site_id, s.order_number AS number, min(v.vehicle_id) AS vehicle_id,
       (array_agg(c.customer_id ORDER BY (s.kind = 'PERSON') DESC, s.visit_day DESC NULLS LAST, s.n DESC)
          FILTER (WHERE c.customer_id IS NOT NULL))[1] AS customer_id,
       left(COALESCE(string_agg(DISTINCT NULLIF(s.invoiced_to, ''), ' / '), ''), 160) AS invoiced_to,
       (array_agg(s.advisor_id ORDER BY s.n DESC) FILTER (WHERE s.advisor_id IS NOT NULL))[1] AS advisor_id,
       COALESCE((array_agg(s.advisor_name ORDER BY s.n DESC) FILTER (WHERE s.advisor_name <> ''))[1], '') AS advisor_name,
       left(COALESCE(string_agg(DISTINCT NULLIF(s.section, ''), ' / '), ''), 60) AS section,
       left(COALESCE(string_agg(DISTINCT NULLIF(s.charge, ''), ' / '), ''), 60) AS charge,
       left(COALESCE(string_agg(DISTINCT NULLIF(s.entry_reason, ''), ' / '), ''), 300) AS entry_reason,
       min(s.opened_on) AS opened_on, max(s.delivered_on) AS delivered_on,
       max(s.invoiced_on) FILTER (WHERE s.amount IS NULL OR s.amount >= 0) AS invoiced_on,  -- a credit note is no visit
       max(s.odometer_km) AS odometer_km, bool_and(s.is_internal) AS is_internal, bool_or(s.is_warranty) AS is_warranty,
       bool_or(s.is_void) AS is_void, COALESCE(p.amounts, '{}') AS amounts
  FROM stage s JOIN row_vehicle v USING (n) LEFT JOIN row_customer c USING (n)
  LEFT JOIN paid p ON p.site_id = s.site_id AND p.order_number = s.order_number
 WHERE s.order_number <> ''
 GROUP BY s.site_id, s.order_number, p.amounts;
ANALYZE job;
CREATE TEMP TABLE merged ON COMMIT DROP AS
SELECT w.id, j.site_id, j.number, j.vehicle_id, v.brand_id, COALESCE(w.amounts, '{}') || j.amounts AS amounts,
       CASE WHEN j.customer_id IS NULL OR (o.kind = 'PERSON' AND n.kind = 'COMPANY') THEN w.customer_id ELSE j.customer_id END AS customer_id,
       CASE WHEN w.invoiced_to IS NULL OR w.invoiced_to = '' THEN j.invoiced_to
            WHEN position(j.invoiced_to IN w.invoiced_to) > 0 THEN w.invoiced_to
            WHEN position(w.invoiced_to IN j.invoiced_to) > 0 THEN j.invoiced_to
            ELSE left(w.invoiced_to || ' / ' || j.invoiced_to, 160) END AS invoiced_to,
       COALESCE(j.advisor_id, w.advisor_id) AS advisor_id, COALESCE(NULLIF(j.advisor_name, ''), w.advisor_name, '') AS advisor_name,
       COALESCE(NULLIF(j.section, ''), w.section, '') AS section, COALESCE(NULLIF(j.charge, ''), w.charge, '') AS charge,
       COALESCE(NULLIF(j.entry_reason, ''), w.entry_reason, '') AS entry_reason,
       LEAST(w.opened_on, j.opened_on) AS opened_on, GREATEST(w.delivered_on, j.delivered_on) AS delivered_on,
       GREATEST(w.invoiced_on, j.invoiced_on) AS invoiced_on, GREATEST(w.odometer_km, j.odometer_km) AS odometer_km,
       j.is_internal AND COALESCE(w.is_internal, true) AS is_internal, j.is_warranty OR COALESCE(w.is_warranty, false) AS is_warranty,
       j.is_void OR COALESCE(w.is_void, false) AS is_void
  FROM job j JOIN callcenter_vehicle v ON v.id = j.vehicle_id
  LEFT JOIN callcenter_workorder w ON w.site_id = j.site_id AND w.number = j.number
  LEFT JOIN callcenter_customer o ON o.id = w.customer_id LEFT JOIN callcenter_customer n ON n.id = j.customer_id;
CREATE TEMP TABLE changed_order (order_id bigint, vehicle_id bigint, customer_id bigint, is_new boolean) ON COMMIT DROP;
WITH written AS (
  INSERT INTO callcenter_workorder AS w (site_id, number, brand_id, vehicle_id, customer_id, invoiced_to, advisor_id, advisor_name, section,
         charge, entry_reason, opened_on, delivered_on, invoiced_on, odometer_km, is_internal, is_warranty, is_void, is_cancelled, amounts,
         batch_id)
  SELECT m.site_id, m.number, m.brand_id, m.vehicle_id, m.customer_id, m.invoiced_to, m.advisor_id, m.advisor_name, m.section, m.charge,
         m.entry_reason, m.opened_on, m.delivered_on, m.invoiced_on, m.odometer_km, m.is_internal, m.is_warranty, m.is_void,
         m.is_void OR COALESCE((SELECT sum(a.value::numeric) <= 0 AND min(a.value::numeric) < 0 FROM jsonb_each_text(m.amounts) a), false),
         m.amounts, %(batch)s
    FROM merged m ORDER BY m.opened_on NULLS LAST, m.number
  ON CONFLICT (site_id, number) DO UPDATE SET customer_id = EXCLUDED.customer_id, invoiced_to = EXCLUDED.invoiced_to,
         advisor_id = EXCLUDED.advisor_id, advisor_name = EXCLUDED.advisor_name, section = EXCLUDED.section, charge = EXCLUDED.charge,
         entry_reason = EXCLUDED.entry_reason, opened_on = EXCLUDED.opened_on, delivered_on = EXCLUDED.delivered_on,
         invoiced_on = EXCLUDED.invoiced_on, odometer_km = EXCLUDED.odometer_km, is_internal = EXCLUDED.is_internal,
         is_warranty = EXCLUDED.is_warranty, is_void = EXCLUDED.is_void, is_cancelled = EXCLUDED.is_cancelled, amounts = EXCLUDED.amounts
   WHERE (w.customer_id, w.invoiced_to, w.advisor_id, w.advisor_name, w.section, w.charge, w.entry_reason, w.opened_on, w.delivered_on,
          w.invoiced_on, w.odometer_km, w.is_internal, w.is_warranty, w.is_void, w.is_cancelled, w.amounts)
         IS DISTINCT FROM (EXCLUDED.customer_id, EXCLUDED.invoiced_to, EXCLUDED.advisor_id, EXCLUDED.advisor_name, EXCLUDED.section,
          EXCLUDED.charge, EXCLUDED.entry_reason, EXCLUDED.opened_on, EXCLUDED.delivered_on, EXCLUDED.invoiced_on, EXCLUDED.odometer_km,
          EXCLUDED.is_internal, EXCLUDED.is_warranty, EXCLUDED.is_void, EXCLUDED.is_cancelled, EXCLUDED.amounts)
  RETURNING w.id, w.vehicle_id, w.customer_id, w.xmax = 0 AS is_new, w.site_id, w.number)
INSERT INTO changed_order SELECT id, vehicle_id, customer_id, is_new FROM written;
ANALYZE changed_order
"""

# The last visit follows the orders, also down: when the order it came from turned out cancelled or internal.
LAST_VISITS = """
WITH seen AS (
  SELECT w.vehicle_id, max(w.visited_on) FILTER (WHERE NOT w.is_internal AND NOT w.is_cancelled) AS proved,
         max(w.visited_on) FILTER (WHERE w.is_internal OR w.is_cancelled) AS void
    FROM callcenter_workorder w WHERE w.vehicle_id IN (SELECT vehicle_id FROM changed_order) GROUP BY w.vehicle_id)
UPDATE callcenter_vehicle v SET last_visit_on = CASE WHEN v.last_visit_on = seen.void THEN seen.proved
                                                     ELSE GREATEST(v.last_visit_on, seen.proved) END
  FROM seen
 WHERE v.id = seen.vehicle_id
   AND v.last_visit_on IS DISTINCT FROM CASE WHEN v.last_visit_on = seen.void THEN seen.proved ELSE GREATEST(v.last_visit_on, seen.proved) END
"""

# Earlier orders whose payer only was known get the person that this file named.
LATE_PEOPLE = """
UPDATE callcenter_workorder w SET customer_id = p.customer_id
  FROM (SELECT DISTINCT ON (v.vehicle_id) v.vehicle_id, r.customer_id
          FROM stage s JOIN row_vehicle v USING (n) JOIN row_customer r USING (n) WHERE s.kind = 'PERSON'
         ORDER BY v.vehicle_id, s.visit_day DESC NULLS LAST, s.n DESC) p
 WHERE w.vehicle_id = p.vehicle_id AND w.customer_id IS NULL
"""

SALES = """
UPDATE callcenter_vehicle v SET delivered_on = s.sold_on
  FROM (SELECT DISTINCT ON (r.vehicle_id) r.vehicle_id, s.sold_on FROM stage s JOIN row_vehicle r USING (n)
         WHERE s.sold_on IS NOT NULL ORDER BY r.vehicle_id, s.n DESC) s
 WHERE v.id = s.vehicle_id AND v.delivered_on IS DISTINCT FROM s.sold_on
"""

OUTCOMES = """
CREATE TEMP TABLE told ON COMMIT DROP AS
SELECT s.n, o.order_id, o.is_new OR (s.order_number = '' AND v.vehicle_id IN (SELECT id FROM fresh_vehicle)) AS is_new,
       row_number() OVER (PARTITION BY s.site_id, s.order_number, v.vehicle_id ORDER BY s.n) AS turn
  FROM stage s JOIN row_vehicle v USING (n) LEFT JOIN callcenter_workorder w ON w.site_id = s.site_id AND w.number = s.order_number
  LEFT JOIN changed_order o ON o.order_id = w.id;
INSERT INTO outcome
SELECT n, CASE WHEN is_new AND turn = 1 THEN 'CREATED' WHEN order_id IS NOT NULL OR is_new OR n IN (SELECT n FROM touched) THEN 'UPDATED'
               ELSE 'UNCHANGED' END, ''
  FROM told
"""


def merge_orders(batch: ImportBatch, *, at: datetime, today: date) -> None:
    """The staged lines into vehicles, people and work orders; tells the programmes (WORK_ORDERS_CHANGED).

    Afterwards `changed_order` names every order that is new or different, `job` what the file said of each order,
    `row_vehicle` and `row_customer` tie the rows.
    """
    merge.find(other_brand=feed.other_brand(), brands=feed.reach_of(batch)[1])
    merge.run(CARS + ";\n" + CLAIMS + ";\n" + BY_YEAR + ";\n" + CLAIMS)
    merge.exclude("ORDER_CONFLICT", "El número de OT ya es de otro vehículo", CONFLICT)
    merge.run(ALIKE + PEOPLE)
    merge.write_master(
        other_brand=feed.other_brand(), today=today, role="s.role",
        since="COALESCE(s.visit_day, s.opened_on, %(today)s::date)",
    )  # fmt: skip
    with merge.watching(LEAVES, order=OF_ORDERS, visit="x.id IN (SELECT vehicle_id FROM row_vehicle)"):
        merge.run(ORDERS, {"batch": batch.pk})
        merge.run(SALES + ";\n" + LAST_VISITS + ";\n" + LATE_PEOPLE + ";\n" + OUTCOMES)
    with merge.watching(LEAVES, booking=OF_BOOKINGS, outreach=OF_BOOKED):
        tell(at=at)


def tell(*, at: datetime) -> None:
    for changed in seams.plugged("WORK_ORDERS_CHANGED"):
        changed(at=at)


def taken_back(*, at: datetime) -> None:
    """What the orders proved is judged again without them."""
    merge.run(
        "CREATE TEMP TABLE changed_order ON COMMIT DROP AS SELECT id AS order_id, vehicle_id, customer_id, false AS is_new FROM undone_order"
    )
    tell(at=at)
