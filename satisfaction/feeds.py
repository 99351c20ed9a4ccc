"""F3, orders delivered by the workshop, and F4, vehicles handed over: who is called for an opinion (GSC-PRO-03 §1; domain 3.5, 3.6)."""

import re
from datetime import date, datetime, timedelta

from callcenter.domain import consent
from callcenter.enums import Priority, Programme, Purpose
from callcenter.models import ImportBatch
from callcenter.models.customers import SQL_UNUSABLE
from callcenter.spiga import columns, feed, merge, traces, workshop
from callcenter.spiga.columns import Column
from callcenter.spiga.feed import Context, Feed, Row
from callcenter.spiga.traces import Trace
from carrazos.lib import text
from satisfaction.domain.rules import rules_for

MERGE_DAYS = 7  # a vehicle served again so soon is asked once
SALES_WINDOW = timedelta(days=45)
USED = re.compile(r"\b(VO|USADO|USADA|SEMINUEVO)\b")
MINORS = frozenset({"TI", "RC"})
SURVEY = Trace(
    "survey", "satisfaction.Survey", made="{x}.outreach_id IN (SELECT id FROM callcenter_outreach WHERE batch_id = %(batch)s)",
    worked="{x}.status NOT IN ('PENDING', 'NO_CONTACT_DATA')", name="la encuesta de {0.customer.name}",
    rows_of="SELECT y.id, s.n FROM stage s JOIN callcenter_workorder w ON w.site_id = s.site_id AND w.number = s.order_number"
            " JOIN satisfaction_survey y ON y.work_order_id = w.id",
)  # fmt: skip
OF_JOBS = "x.work_order_id IN (SELECT w.id FROM job j JOIN callcenter_workorder w ON w.site_id = j.site_id AND w.number = j.number)"


class AftersalesFeed(Feed):
    """The day's delivered orders. One survey per order; the orders themselves go to the workshop's history."""

    slug = "aftersales"
    title = "Entregas posventa"
    makes = "órdenes"
    route = "SPIGA → Taller → Órdenes facturadas"
    is_daily = True
    history, leaves = workshop.HISTORY, (SURVEY, *workshop.LEAVES)
    columns = workshop.COLUMNS
    required = (("order",), ("plate", "vin"), ("invoiced_on", "delivered_on"), ("customer_name", "invoiced_to"))
    stage = workshop.STAGE

    def clean(self, row: Row, context: Context) -> tuple:
        return workshop.clean(row, context)

    def merge(self, batch: ImportBatch, *, at: datetime, today: date) -> None:
        workshop.merge_orders(batch, at=at, today=today)
        oldest = today - timedelta(days=rules_for().max_age_days)
        values = {"batch": batch.pk, "at": at, "today": today, "oldest": oldest}
        with merge.watching(self.leaves, survey=OF_JOBS):
            merge.run(ORDERS_TO_ASK + OPEN_OUTREACHES + ORDER_SURVEYS + MARK_ORDERS + UNASKED, values)

    def taken_back(self, batch: ImportBatch, *, at: datetime) -> None:
        workshop.taken_back(at=at)


# The newest finished visit of each vehicle that nobody was asked about: neither internal nor cancelled, of a known person.
ORDERS_TO_ASK = f"""
CREATE TEMP TABLE to_ask ON COMMIT DROP AS
SELECT f.*, nextval(pg_get_serial_sequence('callcenter_outreach', 'id')) AS outreach_id
  FROM (SELECT DISTINCT ON (w.vehicle_id) w.id AS source_id, w.customer_id, w.vehicle_id, w.site_id, w.brand_id, w.advisor_id,
               w.visited_on AS served_on, w.is_warranty, 'Seguimiento de la orden ' || w.number AS reason
          FROM job j JOIN callcenter_workorder w ON w.site_id = j.site_id AND w.number = j.number
          JOIN callcenter_vehicle v ON v.id = w.vehicle_id
         WHERE w.visited_on BETWEEN %(oldest)s AND %(today)s AND NOT w.is_internal AND NOT w.is_cancelled AND NOT v.is_own
           AND w.customer_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM satisfaction_survey s WHERE s.work_order_id = w.id)
           AND NOT EXISTS (SELECT FROM satisfaction_survey s WHERE s.vehicle_id = w.vehicle_id
                              AND s.programme = '{Programme.AFTERSALES_SURVEY}' AND abs(s.served_on - w.visited_on) < {MERGE_DAYS})
         ORDER BY w.vehicle_id, w.visited_on DESC, w.id DESC) f
 ORDER BY f.served_on, f.source_id;
ANALYZE to_ask;
"""  # noqa: S608 -- enum values and our own numbers

# Why the order of a row is kept and not asked about: the first of these that holds.
NOT_ASKED = (
    ("CANCELLED_ORDER", "w.is_cancelled"),
    ("INTERNAL_ORDER", "w.is_internal OR v.is_own"),
    ("NO_VISIT_DAY", "w.visited_on IS NULL"),
    ("OLD_VISIT", "w.visited_on < %(oldest)s"),
    ("NO_PERSON", "w.customer_id IS NULL"),
    ("ASKED_LATELY", "true"),
)
UNASKED = f""";
INSERT INTO notice
SELECT DISTINCT ON (w.id) s.n, r.code FROM stage s JOIN callcenter_workorder w ON w.site_id = s.site_id AND w.number = s.order_number
  JOIN callcenter_vehicle v ON v.id = w.vehicle_id
 CROSS JOIN LATERAL (SELECT CASE {" ".join(f"WHEN {condition} THEN '{code}'" for code, condition in NOT_ASKED)} END AS code) r
 WHERE NOT EXISTS (SELECT FROM satisfaction_survey y WHERE y.work_order_id = w.id)
 ORDER BY w.id, s.n
"""  # noqa: S608 -- our own conditions

# Who can't be reached or asked not to be is in the list too: coverage counts them (SAT-3). What was refused is judged as
# everywhere else: whoever only may not be called is written to.
OPEN_OUTREACHES = f"""
INSERT INTO callcenter_outreach (id, programme, purpose, customer_id, vehicle_id, site_id, brand_id, advisor_id, batch_id, reason, due_on,
       note, state, next_step, priority, due_at, is_callback, calls_made, result, closed_at, fence, opened_at)
SELECT a.outreach_id, CASE WHEN %(batch)s IN (SELECT id FROM callcenter_importbatch WHERE feed = 'sales') THEN '{Programme.SALES_SURVEY}'
       ELSE '{Programme.AFTERSALES_SURVEY}' END,
       '{Purpose.SERVICE}', a.customer_id, a.vehicle_id, a.site_id, a.brand_id, a.advisor_id, %(batch)s, left(a.reason, 160), a.served_on, '',
       CASE WHEN r.result = '' THEN 'OPEN' ELSE 'CLOSED' END, CASE WHEN r.result = '' THEN 'CALL' ELSE 'NONE' END, {Priority.FIRST}, %(at)s,
       false, 0, r.result, CASE WHEN r.result = '' THEN NULL ELSE %(at)s::timestamptz END, 0, %(at)s
  FROM to_ask a CROSS JOIN LATERAL (SELECT CASE
         WHEN NOT EXISTS (SELECT FROM callcenter_contactpoint p WHERE p.customer_id = a.customer_id AND p.kind = 'PHONE'
                             AND p.status NOT IN ({SQL_UNUSABLE})) THEN 'UNREACHABLE'
         ELSE '' END AS result) r
 ORDER BY a.outreach_id;
{consent.sql_withdraw("o.id IN (SELECT outreach_id FROM to_ask)")};
"""  # noqa: S608 -- enum values

ORDER_SURVEYS = f"""
INSERT INTO satisfaction_survey (outreach_id, programme, work_order_id, customer_id, vehicle_id, site_id, brand_id, advisor_id, served_on,
       listed_on, is_warranty, status, channel, voice, suggestion, compliment, portal_answered, before)
SELECT a.outreach_id, '{Programme.AFTERSALES_SURVEY}', a.source_id, a.customer_id, a.vehicle_id, a.site_id, a.brand_id, a.advisor_id,
       a.served_on, %(today)s, a.is_warranty, CASE WHEN o.result = 'UNREACHABLE' THEN 'NO_CONTACT_DATA' ELSE 'PENDING' END, '', '', '', '',
       false, '{{}}'
  FROM to_ask a JOIN callcenter_outreach o ON o.id = a.outreach_id;
"""  # noqa: S608 -- enum values

# A row whose order was known from another list has opened a survey: it changed something. A guarantee found later is noted.
MARK_ORDERS = """
UPDATE outcome c SET code = 'UPDATED' FROM stage s JOIN callcenter_workorder w ON w.site_id = s.site_id AND w.number = s.order_number
  JOIN to_ask a ON a.source_id = w.id
 WHERE c.n = s.n AND c.code = 'UNCHANGED';
UPDATE satisfaction_survey y SET is_warranty = true FROM job j JOIN callcenter_workorder w ON w.site_id = j.site_id AND w.number = j.number
 WHERE y.work_order_id = w.id AND w.is_warranty AND NOT y.is_warranty AND y.status = 'PENDING'
"""


CLEARED_ON = Column("cleared_on", "Fecha Paz y Salvo", ("paz y salvo", "f paz y salvo"))
HANDED_ON = Column("delivered_on", "F. Entrega Cliente", ("f entrega", "fecha entrega", "fecha entrega cliente"))
SELLER = Column("advisor", "Vendedor", ("asesor comercial", "comercial", "asesor", "responsable"))
SALE_KIND = Column("sale_kind", "Tipo Venta", ("vn vo", "tipo de venta", "nuevo usado"))
INVOICE = Column("invoice", "Factura", ("numero factura", "n factura"))


class SalesFeed(Feed):
    """Vehicles handed over to their buyers. Key: VIN, document or name, and the day (domain 3.6)."""

    slug = "sales"
    title = "Entregas comerciales"
    makes = "entregas"
    route = "SPIGA → Vehículos → Entregas"
    is_daily = True
    history = "sales"
    leaves = (
        SURVEY,
        traces.OUTREACH,
        Trace("delivery", "satisfaction.Delivery", made=traces.OF_BATCH, name="la entrega de {0.vehicle}"),
    )
    columns = (columns.BRANCH, *columns.VEHICLE, *columns.CUSTOMER, CLEARED_ON, HANDED_ON, SELLER, SALE_KIND, INVOICE)
    required = (("vin",), ("customer_name",), ("delivered_on", "cleared_on"))
    stage = (
        *feed.PARTY_STAGE,
        ("advisor_id", "bigint"), ("advisor_name", "text"), ("delivered_on", "date"), ("is_used", "boolean"), ("invoice", "text"),
        ("reference", "text"),
    )  # fmt: skip

    def clean(self, row: Row, context: Context) -> tuple:
        site = feed.site_of(row, context)
        brand = feed.brand_of(row, context)
        vin, plate = feed.vehicle_of(row)
        person = feed.person_of(row)
        if feed.is_own(person[2]):
            raise row.bad("OWN_VEHICLE", "El vehículo es de Carrazos", "customer_name", person[2], excluded=True)
        if person[6] in MINORS:
            raise row.bad("MINOR", "El propietario es menor de edad: no se encuesta", "document", row.get("document"), excluded=True)
        delivered = feed.date_of(row, "delivered_on", context) or feed.date_of(row, "cleared_on", context)
        if delivered is None:
            raise row.bad("NO_DELIVERY", "Falta la fecha de entrega", "delivered_on", row.get("delivered_on"))
        if delivered > context.today:
            raise row.bad("FUTURE_VISIT", f"La entrega {delivered:%d/%m/%Y} está en el futuro", "delivered_on", row.get("delivered_on"))
        if context.today - delivered > SALES_WINDOW:
            raise row.bad(
                "TOO_OLD", f"Se entregó hace más de {SALES_WINDOW.days} días", "delivered_on", row.get("delivered_on"), excluded=True
            )
        feed.points_of(row, context, site)
        seller = row.get("advisor")
        raw_year = row.get("model_year")
        return (
            row.number, site.pk, brand, vin, plate, row.get("family")[:60], row.get("model")[:80],
            columns.year(raw_year) if raw_year else None, feed.odometer_of(row), None, *person,
            feed.advisor_of(row, context), text.one_line(seller)[:80], delivered, USED.search(text.key(row.get("sale_kind"))) is not None,
            text.one_line(row.get("invoice"))[:40], f"{vin or plate}|{person[9] or person[3]}|{delivered}"[:80],
        )  # fmt: skip

    def merge(self, batch: ImportBatch, *, at: datetime, today: date) -> None:
        other = feed.other_brand()
        merge.find(other_brand=other, brands=feed.reach_of(batch)[1])
        merge.run(KNOWN_DELIVERIES)
        merge.write_master(other_brand=other, today=today)
        merge.run(DELIVERIES + OPEN_OUTREACHES + DELIVERY_SURVEYS, {"batch": batch.pk, "at": at, "today": today})


KNOWN_DELIVERIES = """
CREATE TEMP TABLE known ON COMMIT DROP AS
SELECT s.n FROM stage s JOIN satisfaction_delivery d ON d.reference = s.reference;
INSERT INTO outcome
SELECT n, 'DUPLICATE', 'Repite otra fila del archivo: mismo vehículo, cliente y día'
  FROM (SELECT n, row_number() OVER (PARTITION BY reference ORDER BY n) AS turn FROM stage) t WHERE turn > 1;
DELETE FROM stage s USING outcome o WHERE o.n = s.n;
DELETE FROM row_vehicle r USING outcome o WHERE o.n = r.n;
DELETE FROM row_customer r USING outcome o WHERE o.n = r.n
"""

# A delivery that was reversed and done again another day is the same handover: its buyer is asked once.
DELIVERIES = f"""
CREATE TEMP TABLE handed ON COMMIT DROP AS
SELECT s.*, v.vehicle_id, c.customer_id, nextval(pg_get_serial_sequence('satisfaction_delivery', 'id')) AS delivery_id
  FROM stage s JOIN row_vehicle v USING (n) JOIN row_customer c USING (n) WHERE NOT EXISTS (SELECT FROM known k WHERE k.n = s.n);
INSERT INTO satisfaction_delivery (id, reference, site_id, brand_id, vehicle_id, customer_id, advisor_id, advisor_name, delivered_on, is_used,
       invoice, batch_id)
SELECT delivery_id, reference, site_id, brand_id, vehicle_id, customer_id, advisor_id, advisor_name, delivered_on, is_used, invoice, %(batch)s
  FROM handed;
CREATE TEMP TABLE to_ask ON COMMIT DROP AS
SELECT delivery_id AS source_id, customer_id, vehicle_id, site_id, brand_id, advisor_id, delivered_on AS served_on, false AS is_warranty,
       'Seguimiento de la entrega' AS reason, nextval(pg_get_serial_sequence('callcenter_outreach', 'id')) AS outreach_id
  FROM (SELECT DISTINCT ON (vehicle_id, customer_id) * FROM handed ORDER BY vehicle_id, customer_id, delivered_on DESC, delivery_id DESC) h
 WHERE NOT EXISTS (SELECT FROM satisfaction_survey y
                    WHERE y.vehicle_id = h.vehicle_id AND y.customer_id = h.customer_id AND y.programme = '{Programme.SALES_SURVEY}'
                      AND abs(y.served_on - h.delivered_on) <= {SALES_WINDOW.days})
 ORDER BY delivered_on, delivery_id;
INSERT INTO outcome SELECT n, 'CREATED', '' FROM handed;
INSERT INTO outcome
SELECT s.n, CASE WHEN EXISTS (SELECT FROM touched t WHERE t.n = s.n) THEN 'UPDATED' ELSE 'UNCHANGED' END, ''
  FROM stage s WHERE NOT EXISTS (SELECT FROM outcome o WHERE o.n = s.n);
"""  # noqa: S608 -- enum values and our own numbers

DELIVERY_SURVEYS = f"""
INSERT INTO satisfaction_survey (outreach_id, programme, delivery_id, customer_id, vehicle_id, site_id, brand_id, advisor_id, served_on,
       listed_on, is_warranty, status, channel, voice, suggestion, compliment, portal_answered, before)
SELECT a.outreach_id, '{Programme.SALES_SURVEY}', a.source_id, a.customer_id, a.vehicle_id, a.site_id, a.brand_id, a.advisor_id, a.served_on,
       %(today)s, false, CASE WHEN o.result = 'UNREACHABLE' THEN 'NO_CONTACT_DATA' ELSE 'PENDING' END, '', '', '', '', false, '{{}}'
  FROM to_ask a JOIN callcenter_outreach o ON o.id = a.outreach_id
"""  # noqa: S608 -- enum values
