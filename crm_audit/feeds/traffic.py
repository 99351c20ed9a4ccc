"""F5 «Tráfico de exposición»: the prospects that the advisors registered (GC-PRO-05 §1; domain 3.7)."""

import re
from datetime import date, datetime

from callcenter.models import ImportBatch
from callcenter.spiga import columns, feed, merge
from callcenter.spiga.columns import Column
from callcenter.spiga.feed import Context, Feed, Row
from carrazos.lib import dates, identity, phones, text
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.identity import DocumentType
from crm_audit.domain import signals
from crm_audit.enums import Signal, Situation
from crm_audit.feeds import traces
from crm_audit.feeds.cells import ADVISOR, FILE_ID, HOUR, advisor_of, literal, moment_of

NO_NAME = "Sin nombre"
RANGE = re.compile(r"(\d{1,2}/\d{1,2}/\d{4})\s*(?:AL|A|HASTA|-)\s*(?:EL\s+)?(\d{1,2}/\d{1,2}/\d{4})")
STATUS = (
    (Situation.CANCELLED, re.compile(r"ANULAD|CANCELAD|ELIMINAD")),
    (Situation.SOLD, re.compile(r"VENDID|VENTA|FACTURAD|ENTREGAD|GANAD|CERRADA GANADA")),
    (Situation.LOST, re.compile(r"PERDID|DESCARTAD|NO INTERESAD|DESISTI|CADUCAD")),
)
# Which rows a file can change (SQL about `x`).
OF_ROWS = "x.id IN (SELECT prospect_id FROM row_prospect)"
OF_STAGE = "(x.site_id, x.reference) IN (SELECT site_id, reference FROM stage)"
OF_FILES = "x.is_ambiguous AND (x.site_id, x.file_id) IN (SELECT site_id, file_id FROM stage WHERE file_id <> '')"
OF_CHECKS = """x.corrected_at IS NULL AND x.validation_id IN (SELECT c.id FROM crm_audit_prospectcheck c
    WHERE c.prospect_id IN (SELECT prospect_id FROM row_prospect))"""


class TrafficFeed(Feed):
    """Prospects that the advisors registered. Key: the file number, else site, day, advisor, person and model of interest."""

    slug = "traffic"
    title = "Tráfico de exposición"
    makes = "prospectos"
    route = "SPIGA → CRM → Informes → Tráfico de exposición"
    history, leaves = traces.HISTORY, (traces.NOTICE, traces.ACTIVITY, traces.ENTRY, traces.PROSPECT)
    columns = (
        columns.BRANCH, FILE_ID,
        Column("created", "F. Alta", ("fecha alta", "fecha visita", "fecha", "f visita")),
        HOUR, ADVISOR,
        Column("customer_name", "Cliente", ("nombre cliente", "nombre", "prospecto", "nombre completo", "razon social", "titular")),
        columns.LAST_NAME_1, columns.LAST_NAME_2, columns.DOCUMENT, columns.DOCUMENT_TYPE, columns.PROFILE, columns.MOBILE, columns.PHONES,
        columns.PHONE_2, columns.EMAIL,
        Column("source", "Origen", ("procedencia", "canal", "como se entero")),
        Column("medium", "Medio"),
        columns.BRAND,
        Column("interest", "Gama de interés", ("gama", "modelo", "modelo de interes", "linea", "familia")),
        Column("status", "Estado", ("situacion", "fase")),
        Column("test_drive", "Prueba", ("test drive", "prueba de manejo")),
        Column("offer", "Oferta", ("cotizacion", "presupuesto")),
        Column("note", "Observaciones", ("observacion", "comentarios", "notas")),
    )  # fmt: skip
    required = (("created",), ("advisor",), ("customer_name",))
    stage = (
        ("n", "int"), ("site_id", "bigint"), ("brand_id", "bigint"), ("advisor_id", "bigint"), ("advisor_name", "text"), ("advisor_key", "text"),
        ("name", "text"), ("raw_name", "text"), ("name_key", "text"), ("kind", "text"), ("company_reason", "text"), ("document_type", "text"),
        ("document_number", "text"), ("check_digit", "text"), ("document_key", "text"), ("phones", "varchar[]"), ("raw_phones", "text"),
        ("email", "text"), ("source", "text"), ("interest", "text"), ("situation", "text"), ("spiga_status", "text"), ("test_drive", "text"),
        ("offer", "text"), ("note", "text"), ("person_key", "text"), ("month", "date"), ("created_on", "date"), ("created_at", "timestamptz"),
        ("own_signals", "varchar[]"), ("file_id", "text"), ("reference", "text"),
    )  # fmt: skip

    def clean(self, row: Row, context: Context) -> tuple:
        advisor_id, advisor, advisor_name_key = advisor_of(row, context)
        site = feed.site_of(row, context, otherwise=context.advisor_sites.get(advisor_id))
        brand = feed.brand_of(row, context)
        created = self.created_of(row, context)
        raw_name, name, name_key, found = self.name_of(row)
        document = identity.document(row.get("document"), row.get("document_type")) if row.get("document") else feed.NO_DOCUMENT
        if document.type is DocumentType.TI:
            raise row.bad(
                "MINOR", "El documento es de un menor de edad: sus datos no se tratan", "document", row.get("document"), excluded=True
            )
        if row.get("document") and not document.valid:
            found.append(Signal.BAD_DOCUMENT)
            row.warn("DOCUMENT", "document", row.get("document"), f"«{row.get('document')[:30]}» no es un documento válido")
        company = identity.company_reason(raw_name, document, row.get("profile"))
        numbers, raw_phones = self.phones_of(row, site.area_code, found)
        email = self.email_of(row, found)
        document_key = identity.document_key(document)
        person = document_key or (f"{numbers[0]}|{name_key}" if numbers else "")
        clock = dates.clock(row.get("hour"))
        created_at = datetime.combine(created, clock, tzinfo=BOGOTA) if clock else None
        interest = text.one_line(row.get("interest"))[:80]
        file_id = text.one_line(row.get("file_id")).removesuffix(".0").upper()[:30]
        reference = f"F:{file_id}" if file_id else "|".join(
            ("K", f"{created}", advisor_name_key, (numbers[0] if numbers else "") or document_key or name_key, text.key(interest))
        )  # fmt: skip
        status = text.one_line(row.get("status"))[:60]
        return (
            row.number, site.pk, brand, advisor_id, advisor, str(advisor_id) if advisor_id else f"N:{advisor_name_key}", name, raw_name, name_key,
            "COMPANY" if company else "PERSON", company or "", document.type.value, document.number[:20], document.check_digit, document_key,
            literal(numbers), raw_phones, email, source_of(row), interest, situation_of(status), status,
            text.one_line(row.get("test_drive"))[:40], text.one_line(row.get("offer"))[:40], text.one_line(row.get("note"))[:500],
            person[:190], created.replace(day=1), created, created_at and created_at.isoformat(), literal(sorted(found)), file_id,
            reference[:240],
        )  # fmt: skip

    def created_of(self, row: Row, context: Context) -> date:
        moment = moment_of(row, "created", context)
        if moment is None:
            raise row.bad("NO_DATE", "Falta la fecha de alta o no se entiende", "created", row.get("created"))
        day = moment.date()
        if day > context.today:
            raise row.bad("FUTURE_DATE", f"La fecha de alta {day:%d/%m/%Y} es futura", "created", row.get("created"))
        first, last = report_range(context)
        if not first <= day <= last:
            raise row.bad("OUT_OF_RANGE", f"La fecha {day:%d/%m/%Y} está fuera del rango del informe", "created", row.get("created"))
        return day

    def name_of(self, row: Row) -> tuple[str, str, str, list[Signal]]:
        """A bad name is evidence, not a reason to leave the row out: the row stays and says so."""
        raw = " ".join(filter(None, (row.get("customer_name"), row.get("last_name_1"), row.get("last_name_2"))))
        raw = text.one_line(text.repair_mojibake(raw))[:160]
        key = text.name_key(raw)
        words = text.key(raw).split()
        fake = not raw or text.is_placeholder_name(raw) or {"PRUEBA", "TEST", "MOSTRADOR"} & set(words)
        company = bool(raw) and identity.company_reason(raw, None)
        found = [Signal.BAD_NAME] if fake or (len(words) < 2 and not company) else []
        if "\ufffd" in raw:
            row.warn("LOST_LETTERS", "customer_name", raw, f"El nombre «{raw[:60]}» perdió letras: corríjalo en SPIGA")
        return raw, text.display_name(raw) if raw else NO_NAME, key, found

    def phones_of(self, row: Row, area_code: str, found: list[Signal]) -> tuple[list[str], str]:
        """Every phone that can be called, our own people's included: that one is a signal, not a reason to drop it."""
        raw = " / ".join(filter(None, (row.get(name) for name in ("mobile", "phones", "phone_2"))))
        parsed = phones.parse(raw, area_code=area_code) if raw else []
        usable = list(dict.fromkeys(phone.e164 for phone in parsed if phone.callable))
        if not raw:
            found.append(Signal.NO_PHONE)
        elif not usable or any(phone.status is phones.PhoneStatus.SUSPECT for phone in parsed if phone.callable):
            found.append(Signal.BAD_PHONE)
        for phone in parsed:
            if not phone.callable:
                row.warn(
                    "BAD_PHONE", "mobile" if row.get("mobile") else "phones", phone.raw, f"«{phone.raw[:40]}» no sirve: {phone.reason}"
                )
        return usable[:4], raw[:120]

    def email_of(self, row: Row, found: list[Signal]) -> str:
        raw = row.get("email").lower()
        if "@carrazos" in raw:
            found.append(Signal.COMPANY_MAIL)
            return text.one_line(raw)[:120]
        addresses = columns.emails(raw) if raw else []
        return addresses[0][0][:120] if addresses else ""

    def merge(self, batch: ImportBatch, *, at: datetime, today: date) -> None:
        merge.run(FIND_PROSPECTS)
        with merge.watching(self.leaves, prospect=OF_ROWS, entry=OF_STAGE, activity=OF_FILES, notice=OF_CHECKS):
            merge.run(TRAFFIC_MERGE, {"batch": batch.pk, "at": at})
        explain("stage")

    def taken_back(self, batch: ImportBatch, *, at: datetime) -> None:
        explain("undone_prospect")


def explain(table: str) -> None:
    """Looks for signals again in the months of the prospects in a table."""
    first, last = merge.row(f"SELECT min(month), max(month) FROM {table}")  # noqa: S608 -- a temporary table of ours
    if first:
        signals.explain_prospects(first, last, feed.own_phones())


def report_range(context: Context) -> tuple[date, date]:
    """The days that the report's title says it covers; every day when it says nothing."""
    for line in context.preamble:
        if found := RANGE.search(text.fold(line)):
            try:
                first, last = (dates.parse(part).date() for part in found.groups())
            except dates.BadDate:
                continue
            return first, last
    return date.min, date.max


def source_of(row: Row) -> str:
    return " · ".join(dict.fromkeys(filter(None, (text.one_line(row.get("source")), text.one_line(row.get("medium"))))))[:60]


def situation_of(status: str) -> Situation:
    key = text.key(status)
    return next((situation for situation, words in STATUS if words.search(key)), Situation.OPEN)


PROSPECT_FIELDS = ("brand_id", "advisor_id", "advisor_name", "name", "raw_name", "name_key", "kind", "company_reason", "document_type",
                   "document_number", "check_digit", "document_key", "phones", "raw_phones", "email", "source", "interest", "situation",
                   "spiga_status", "test_drive", "offer", "note")  # fmt: skip
FIELDS = ", ".join(PROSPECT_FIELDS)

FIND_PROSPECTS = """
CREATE TEMP TABLE row_prospect (n int, prospect_id bigint, by_entry boolean) ON COMMIT DROP;
INSERT INTO outcome
SELECT n, 'DUPLICATE', 'Repite otra fila del archivo: misma ficha o mismo asesor, día y persona'
  FROM (SELECT n, row_number() OVER (PARTITION BY site_id, reference ORDER BY n DESC) AS turn FROM stage) t WHERE turn > 1;
DELETE FROM stage s USING outcome o WHERE o.n = s.n;
INSERT INTO row_prospect
SELECT s.n, e.prospect_id, true FROM stage s JOIN crm_audit_trafficentry e ON e.site_id = s.site_id AND e.reference = s.reference;
INSERT INTO row_prospect
SELECT s.n, p.id, false FROM stage s JOIN crm_audit_prospect p
    ON p.site_id = s.site_id AND p.advisor_key = s.advisor_key AND p.month = s.month AND p.person_key = s.person_key
 WHERE s.person_key <> '' AND NOT EXISTS (SELECT FROM row_prospect r WHERE r.n = s.n);
INSERT INTO row_prospect
SELECT DISTINCT ON (p.id) s.n, p.id, false FROM stage s JOIN crm_audit_prospect p
    ON p.is_stub AND p.site_id = s.site_id AND p.advisor_key = s.advisor_key AND p.name_key = s.name_key
 WHERE s.name_key <> '' AND NOT EXISTS (SELECT FROM row_prospect r WHERE r.n = s.n)
   AND NOT EXISTS (SELECT FROM crm_audit_trafficentry e WHERE e.prospect_id = p.id)
 ORDER BY p.id, s.n
"""
TRAFFIC_MERGE = f"""
CREATE TEMP TABLE fresh_row ON COMMIT DROP AS
SELECT s.*, COALESCE(NULLIF(s.person_key, ''), 'row ' || s.n) AS own_key FROM stage s
 WHERE NOT EXISTS (SELECT FROM row_prospect r WHERE r.n = s.n);
CREATE TEMP TABLE fresh ON COMMIT DROP AS
SELECT site_id, advisor_key, month, own_key, first_n, first_on, first_at, visits, nextval(pg_get_serial_sequence('crm_audit_prospect', 'id')) AS id
  FROM (SELECT site_id, advisor_key, month, own_key, min(n) AS first_n, min(created_on) AS first_on, min(created_at) AS first_at,
               count(*) AS visits
          FROM fresh_row GROUP BY site_id, advisor_key, month, own_key ORDER BY min(n)) g;
INSERT INTO crm_audit_prospect (id, site_id, advisor_key, month, person_key, created_on, created_at, visits, is_stub, own_signals, signals, batch_id, {FIELDS})
SELECT f.id, f.site_id, f.advisor_key, f.month, l.person_key, f.first_on, f.first_at, f.visits, false, l.own_signals, l.own_signals, %(batch)s,
       {", ".join("l." + name for name in PROSPECT_FIELDS)}
  FROM fresh f JOIN (SELECT DISTINCT ON (site_id, advisor_key, month, own_key) * FROM fresh_row
                      ORDER BY site_id, advisor_key, month, own_key, created_on DESC, n DESC) l USING (site_id, advisor_key, month, own_key)
 ORDER BY f.id;
INSERT INTO outcome
SELECT s.n, CASE WHEN s.n = f.first_n THEN 'CREATED' ELSE 'UPDATED' END, ''
  FROM fresh_row s JOIN fresh f USING (site_id, advisor_key, month, own_key);
CREATE TEMP TABLE newest ON COMMIT DROP AS
SELECT DISTINCT ON (r.prospect_id) r.prospect_id, r.by_entry, s.* FROM stage s JOIN row_prospect r USING (n)
 WHERE s.created_on >= COALESCE((SELECT max(e.visited_on) FROM crm_audit_trafficentry e
                                  WHERE e.prospect_id = r.prospect_id AND e.reference <> s.reference), s.created_on)
 ORDER BY r.prospect_id, s.created_on DESC, s.n DESC;
CREATE TEMP TABLE wanted ON COMMIT DROP AS
SELECT w.*, CASE WHEN w.taken OR w.turn > 1 THEN w.base_key || '#' || w.prospect_id ELSE w.base_key END AS new_person
  FROM (SELECT x.*, row_number() OVER (PARTITION BY x.site_id, x.advisor_key, x.new_month, x.base_key ORDER BY x.prospect_id) AS turn,
               EXISTS (SELECT FROM crm_audit_prospect other
                        WHERE other.site_id = x.site_id AND other.advisor_key = x.advisor_key AND other.month = x.new_month
                          AND other.person_key = x.base_key AND other.id <> x.prospect_id) AS taken
          FROM (SELECT n.*, CASE WHEN p.is_stub THEN n.month ELSE p.month END AS new_month,
                       CASE WHEN p.is_stub OR p.person_key = '' THEN n.person_key ELSE p.person_key END AS base_key,
                       CASE WHEN p.is_stub THEN n.created_on ELSE LEAST(p.created_on, n.created_on) END AS new_on,
                       CASE WHEN p.is_stub THEN n.created_at ELSE LEAST(p.created_at, n.created_at) END AS new_at,
                       CASE WHEN NOT p.is_stub AND n.by_entry AND (p.name_key, p.document_key, p.phones) IS DISTINCT FROM (n.name_key, n.document_key, n.phones)
                              OR 'IDENTITY_CHANGED' = ANY (p.own_signals)
                            THEN ARRAY(SELECT DISTINCT c FROM unnest(n.own_signals || ARRAY['IDENTITY_CHANGED']::varchar[]) c ORDER BY c)
                            ELSE n.own_signals END AS new_signals
                  FROM newest n JOIN crm_audit_prospect p ON p.id = n.prospect_id) x) w;
CREATE TEMP TABLE changed (id bigint) ON COMMIT DROP;
WITH done AS (
  UPDATE crm_audit_prospect p
     SET {", ".join(f"{name} = w.{name}" for name in PROSPECT_FIELDS)}, advisor_key = w.advisor_key, month = w.new_month,
         person_key = CASE WHEN w.base_key = '' THEN '' ELSE w.new_person END, created_on = w.new_on, created_at = w.new_at,
         own_signals = w.new_signals, is_stub = false
    FROM wanted w
   WHERE p.id = w.prospect_id
     AND (p.advisor_key, p.month, p.created_on, p.created_at, p.own_signals, p.is_stub, {", ".join("p." + name for name in PROSPECT_FIELDS)})
         IS DISTINCT FROM (w.advisor_key, w.new_month, w.new_on, w.new_at, w.new_signals, false, {", ".join("w." + name for name in PROSPECT_FIELDS)})
  RETURNING p.id)
INSERT INTO changed SELECT id FROM done;
INSERT INTO touched SELECT w.n FROM wanted w JOIN changed c ON c.id = w.prospect_id;
INSERT INTO row_prospect SELECT s.n, f.id, false FROM fresh_row s JOIN fresh f USING (site_id, advisor_key, month, own_key);
INSERT INTO touched
SELECT s.n FROM stage s JOIN row_prospect r USING (n)
 WHERE NOT EXISTS (SELECT FROM crm_audit_trafficentry e WHERE e.site_id = s.site_id AND e.reference = s.reference);
INSERT INTO crm_audit_trafficentry (prospect_id, site_id, reference, file_id, visited_on)
SELECT r.prospect_id, s.site_id, s.reference, s.file_id, s.created_on FROM stage s JOIN row_prospect r USING (n) ORDER BY s.n
ON CONFLICT (site_id, reference) DO UPDATE SET visited_on = EXCLUDED.visited_on
  WHERE crm_audit_trafficentry.visited_on IS DISTINCT FROM EXCLUDED.visited_on;
UPDATE crm_audit_prospect p SET visits = v.n
  FROM (SELECT e.prospect_id, count(*) AS n FROM crm_audit_trafficentry e
         WHERE e.prospect_id IN (SELECT prospect_id FROM row_prospect) GROUP BY e.prospect_id) v
 WHERE p.id = v.prospect_id AND p.visits <> v.n;
UPDATE crm_audit_activity a SET prospect_id = e.prospect_id, is_ambiguous = false
  FROM crm_audit_trafficentry e
 WHERE a.is_ambiguous AND a.file_id <> '' AND e.site_id = a.site_id AND e.file_id = a.file_id
   AND e.prospect_id IN (SELECT prospect_id FROM row_prospect);
UPDATE crm_audit_noticeitem i SET corrected_at = %(at)s
  FROM crm_audit_prospectcheck c WHERE i.validation_id = c.id AND i.corrected_at IS NULL AND c.prospect_id IN (SELECT id FROM changed);
INSERT INTO outcome
SELECT s.n, CASE WHEN EXISTS (SELECT FROM touched t WHERE t.n = s.n) THEN 'UPDATED' ELSE 'UNCHANGED' END, ''
  FROM stage s WHERE NOT EXISTS (SELECT FROM outcome o WHERE o.n = s.n)
"""  # noqa: S608 -- our own field names
