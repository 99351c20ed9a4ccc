"""F5 «Tráfico de exposición» and F6 «Visitas realizadas y no realizadas» (GC-PRO-05 §1-2; domain 3.7, 3.8)."""

import hashlib
import re
from datetime import date, datetime, time, timedelta

from callcenter.models import ImportBatch
from callcenter.spiga import columns, feed, merge
from callcenter.spiga.columns import Column
from callcenter.spiga.feed import Context, Feed, Row
from carrazos.lib import dates, identity, phones, text
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.identity import DocumentType
from crm_audit.domain import signals, validity
from crm_audit.enums import ActivityKind, ActivityState, Signal, Situation
from crm_audit.models import COMMENT_MAX

NO_NAME = "Sin nombre"
ADVISOR = Column("advisor", "Vendedor", ("asesor", "asesor comercial", "comercial", "usuario", "responsable", "vendedor asignado"))
FILE_ID = Column("file_id", "N° Ficha", ("ficha", "no ficha", "num ficha", "numero ficha", "n oportunidad", "no oportunidad", "id",
                                         "codigo visita"))  # fmt: skip
HOUR = Column("hour", "Hora", ("hora alta", "hora visita"))
RANGE = re.compile(r"(\d{1,2}/\d{1,2}/\d{4})\s*(?:AL|A|HASTA|-)\s*(?:EL\s+)?(\d{1,2}/\d{1,2}/\d{4})")
DAY_AND_MONTH = re.compile(r"(\d{1,2})[/-](\d{1,2})")
CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


def literal(values: list[str]) -> str:
    """A list of plain words as PostgreSQL writes an array."""
    return "{" + ",".join(values) + "}"


def advisor_of(row: Row, context: Context) -> tuple[int | None, str, str]:
    """(employee, name as SPIGA writes it, key of the name). Raises BadRow without one."""
    raw = text.one_line(text.repair_mojibake(row.get("advisor")))[:120]
    if not raw:
        raise row.bad("NO_ADVISOR", "Falta el asesor: no se sabe de quién es", "advisor")
    found = context.advisor(raw)
    if found is None:
        row.warn("UNKNOWN_ADVISOR", "advisor", raw, f"El asesor «{raw[:60]}» no está entre los colaboradores")
    head, _, tail = raw.partition("-")
    name = tail.strip() if head.strip().isdigit() and tail.strip() else raw
    return found, text.display_name(name), text.name_key(name)


def clock_of(row: Row) -> time | None:
    found = CLOCK.search(row.get("hour"))
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    hour = int(found[1])
    if re.search(r"P\.? ?M", text.fold(row.get("hour"))) and hour < 12:
        hour += 12
    return time(hour, int(found[2]))


def moment_of(row: Row, name: str, context: Context) -> datetime | None:
    """The cell as a Bogotá moment; `5/11` takes the year that is nearest. An impossible one is a warning and stays empty."""
    raw = row.get(name)
    if not raw:
        return None
    try:
        if found := DAY_AND_MONTH.fullmatch(raw):
            moment = nearest_year(int(found[1]), int(found[2]), context.today)
            row.warn("YEAR_GUESSED", name, raw, f"La fecha «{raw}» no trae año: se tomó {moment.year}")
        else:
            moment = dates.parse_plausible(raw, today=context.today)
    except ValueError as error:
        row.warn("BAD_DATE", name, raw, str(error) if isinstance(error, dates.BadDate) else f"«{raw}» no es una fecha que exista")
        return None
    return moment.replace(tzinfo=BOGOTA)


def nearest_year(day: int, month: int, today: date) -> datetime:
    """The day and month in the year that is closest to today. Raises ValueError for a day that does not exist."""
    options = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            options.append(datetime(year, month, day))  # noqa: DTZ001 -- the caller says the zone
        except ValueError:
            continue
    if not options:
        raise dates.BadDate(f"«{day}/{month}» no es una fecha que exista; se espera dd/mm/aaaa")
    return min(options, key=lambda moment: abs(moment.date() - today))


# -- F5: showroom traffic ---------------------------------------------------------------------------------------------

STATUS = (
    (Situation.CANCELLED, re.compile(r"ANULAD|CANCELAD|ELIMINAD")),
    (Situation.SOLD, re.compile(r"VENDID|VENTA|FACTURAD|ENTREGAD|GANAD|CERRADA GANADA")),
    (Situation.LOST, re.compile(r"PERDID|DESCARTAD|NO INTERESAD|DESISTI|CADUCAD")),
)


class TrafficFeed(Feed):
    """Prospects that the advisors registered. Key: the file number, else site, day, advisor, person and model of interest."""

    slug = "traffic"
    title = "Tráfico de exposición"
    route = "SPIGA → CRM → Informes → Tráfico de exposición"
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
        clock = clock_of(row)
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
        merge.run(TRAFFIC_MERGE, {"batch": batch.pk, "at": at})
        first, last = merge.row("SELECT min(month), max(month) FROM stage")
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

TRAFFIC_MERGE = f"""
CREATE TEMP TABLE outcome (n int, code text, message text) ON COMMIT DROP;
CREATE TEMP TABLE touched (n int) ON COMMIT DROP;
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
 ORDER BY p.id, s.n;
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

# -- F6: activities ---------------------------------------------------------------------------------------------------

KINDS = (
    (ActivityKind.TEST_DRIVE, re.compile(r"TEST|PRUEBA|MANEJO")),
    (ActivityKind.WHATSAPP, re.compile(r"WHATS|\bWSP\b|\bWP\b|\bWA\b|CHAT")),
    (ActivityKind.EMAIL, re.compile(r"MAIL|CORREO")),
    (ActivityKind.QUOTE, re.compile(r"COTIZ|OFERTA|PRESUPUESTO|PROFORMA")),
    (ActivityKind.REGISTRATION, re.compile(r"MATRICUL")),
    (ActivityKind.DELIVERY, re.compile(r"ENTREGA")),
    (ActivityKind.VISIT, re.compile(r"VISITA|EXPOSICION|SHOWROOM|VITRINA")),
    (ActivityKind.CALL, re.compile(r"LLAM|\bTEL\b|TELEF")),
)
FLAGS = {
    **dict.fromkeys(("S", "SI", "X", "1", "1 0", "REALIZADA", "REALIZADO", "HECHA", "HECHO", "CERRADA", "TRUE", "VERDADERO"), ActivityState.DONE),
    **dict.fromkeys(("N", "NO", "0", "0 0", "NO REALIZADA", "NO REALIZADO", "PENDIENTE", "ABIERTA", "VENCIDA", "FALSE", "FALSO"), ActivityState.NOT_DONE),
    **dict.fromkeys(("A", "ANULADA", "ANULADO", "CANCELADA", "CANCELADO"), ActivityState.CANCELLED),
}  # fmt: skip
NAME_WITHIN_DAYS = 180


class VisitsFeed(Feed):
    """Activities that the advisors planned and did. Key: SPIGA's id, else advisor, prospect, type and planned moment.

    Two layouts: one list with the flag «Realizada (S/N)», or two blocks titled «Visitas realizadas» and «Visitas no realizadas».
    """

    slug = "visits"
    title = "Visitas realizadas y no realizadas"
    route = "SPIGA → CRM → Informes → Visitas realizadas y no realizadas"
    columns = (
        columns.BRANCH, ADVISOR,
        Column("customer_name", "Cliente", ("nombre cliente", "nombre", "prospecto", "nombre completo")),
        Column("file_id", "N° Ficha", ("ficha", "no ficha", "num ficha", "numero ficha", "n oportunidad", "no oportunidad")),
        Column("spiga_id", "N° Actividad", ("id actividad", "actividad no", "num actividad", "id visita", "codigo actividad")),
        Column("kind", "Tipo Actividad", ("tipo", "actividad", "tipo de actividad", "tipo visita", "accion")),
        Column("planned", "F. Prevista", ("fecha prevista", "f planificada", "fecha planificada", "f programada", "fecha programada", "fecha")),
        HOUR,
        Column("done_on", "F. Realizada", ("fecha realizada", "f realizacion", "fecha realizacion", "f cierre")),
        Column("flag", "Realizada (S/N)", ("realizada", "realizado", "estado", "situacion", "hecha")),
        Column("comment", "Comentario", ("comentarios", "observaciones", "observacion", "notas", "descripcion")),
        Column("outcome", "Resultado"),
        Column("next_action", "Próxima Acción", ("proxima accion", "siguiente accion", "proximo paso")),
        columns.BRAND, columns.FAMILY,
    )  # fmt: skip
    required = (("advisor",), ("customer_name", "file_id"), ("planned", "done_on"))
    stage = (
        ("n", "int"), ("site_id", "bigint"), ("brand_id", "bigint"), ("other_brand", "bigint"), ("advisor_id", "bigint"), ("advisor_name", "text"),
        ("advisor_key", "text"), ("prospect_name", "text"), ("raw_name", "text"), ("name_key", "text"), ("file_id", "text"), ("spiga_id", "text"),
        ("kind", "text"), ("raw_kind", "text"), ("planned_at", "timestamptz"), ("done_at", "timestamptz"), ("has_hour", "boolean"), ("day", "date"),
        ("state", "text"), ("comment", "text"), ("comment_key", "text"), ("comment_hint", "text"), ("outcome", "text"), ("next_action", "text"),
        ("slot", "text"),
    )  # fmt: skip

    def clean(self, row: Row, context: Context) -> tuple:
        advisor_id, advisor, advisor_name_key = advisor_of(row, context)
        site = feed.site_of(row, context, otherwise=context.advisor_sites.get(advisor_id))
        brand = feed.brand_of(row, context) if row.get("brand") else None
        raw_name = text.one_line(text.repair_mojibake(row.get("customer_name")))[:160]
        file_id = text.one_line(row.get("file_id")).removesuffix(".0").upper()[:30]
        if not raw_name and not file_id:
            raise row.bad("NO_PROSPECT", "Falta el cliente o la ficha: no se sabe de qué prospecto es", "customer_name")
        planned, done = moment_of(row, "planned", context), moment_of(row, "done_on", context)
        state = self.state_of(row, done)
        if planned is None and done is None:
            raise row.bad("NO_DATE", "Falta la fecha prevista o la realizada", "planned", row.get("planned"))
        planned, done, has_hour = self.with_hours(row, planned, done)
        self.look_at_dates(row, state, planned, done, context)
        if state is not ActivityState.DONE:
            done, has_hour = None, False
        raw_kind = text.one_line(row.get("kind"))[:60]
        kind = kind_of(row, raw_kind)
        comment = text.clean(row.get("comment"), COMMENT_MAX)
        words = text.key(comment)
        name_key = text.name_key(raw_name)
        spiga_id = text.one_line(row.get("spiga_id")).removesuffix(".0").upper()[:30]
        stands_for = planned or done
        slot = "|".join((advisor_name_key, f"F:{file_id}" if file_id else name_key, kind.value, f"{stands_for:%Y-%m-%d %H:%M}"))
        return (
            row.number, site.pk, brand, context.other_brand, advisor_id, advisor,
            str(advisor_id) if advisor_id else f"N:{advisor_name_key}", text.display_name(raw_name) if raw_name else "", raw_name, name_key, file_id,
            spiga_id, kind.value, raw_kind, planned and planned.isoformat(), done and done.isoformat(), has_hour, (done or stands_for).date(),
            state.value, comment, hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest() if words else "",
            validity.comment_hint(comment) or "", text.one_line(row.get("outcome"))[:200], text.one_line(row.get("next_action"))[:200], slot[:260],
        )  # fmt: skip

    def state_of(self, row: Row, done: datetime | None) -> ActivityState:
        """The flag decides, else the block's title, else whether there is a date of doing."""
        flag = text.key(row.get("flag"))
        if flag in FLAGS:
            return FLAGS[flag]
        if flag:
            row.warn("UNKNOWN_FLAG", "flag", row.get("flag"), f"«{row.get('flag')[:40]}» no dice si se realizó; se decide por la fecha")
        block = text.key(row.block)
        if "NO REALIZAD" in block:
            return ActivityState.NOT_DONE
        if "REALIZAD" in block:
            return ActivityState.DONE
        return ActivityState.DONE if done else ActivityState.NOT_DONE

    def with_hours(self, row: Row, planned: datetime | None, done: datetime | None) -> tuple[datetime | None, datetime | None, bool]:
        """The hour column belongs to the plan; a doing of the same day without an hour of its own takes it."""
        clock = clock_of(row)
        if clock and planned and planned.time() == time():
            planned = datetime.combine(planned.date(), clock, tzinfo=BOGOTA)
        if done and done.time() == time() and clock and (planned is None or planned.date() == done.date()):
            done = datetime.combine(done.date(), clock, tzinfo=BOGOTA)
        return planned, done, done is not None and done.time() != time()

    def look_at_dates(self, row: Row, state: ActivityState, planned: datetime | None, done: datetime | None, context: Context) -> None:
        """A date that can't be is a warning: the row stays, and the reviewer sees why it is not valid."""
        if state is ActivityState.DONE:
            if done is None:
                row.warn("DONE_WITHOUT_DATE", "done_on", row.get("done_on"), "Está realizada, pero no trae la fecha en que se hizo")
            elif done > context.at:
                row.warn("FUTURE_DATE", "done_on", row.get("done_on"), f"La fecha realizada {done:%d/%m/%Y} es futura")
            elif planned and done.date() < planned.date():
                row.warn("DONE_BEFORE_PLAN", "done_on", row.get("done_on"), "Se realizó antes de lo previsto: revise las fechas")
        elif done:
            row.warn("DATE_BUT_NOT_DONE", "done_on", row.get("done_on"), "Trae fecha de realización, pero dice que no se realizó")

    def merge(self, batch: ImportBatch, *, at: datetime, today: date) -> None:
        merge.run(VISITS_MERGE, {"batch": batch.pk, "at": at, "within": timedelta(days=NAME_WITHIN_DAYS)})
        signals.propose_verdicts("seen_day", at)


def kind_of(row: Row, raw: str) -> ActivityKind:
    key = text.key(raw)
    found = next((kind for kind, words in KINDS if words.search(key)), None)
    if found is None:
        row.warn(
            "UNKNOWN_TYPE",
            "kind",
            raw,
            f"El tipo «{raw[:40]}» no se conoce; queda como «Otra»" if raw else "Falta el tipo; queda como «Otra»",
        )
    return found or ActivityKind.OTHER


ACTIVITY_FIELDS = ("advisor_id", "advisor_name", "advisor_key", "prospect_name", "name_key", "file_id", "kind", "raw_kind", "planned_at", "done_at",
                   "has_hour", "day", "state", "comment", "comment_key", "comment_hint", "outcome", "next_action", "slot")  # fmt: skip
A_FIELDS = ", ".join(ACTIVITY_FIELDS)

VISITS_MERGE = f"""
CREATE TEMP TABLE outcome (n int, code text, message text) ON COMMIT DROP;
CREATE TEMP TABLE touched (n int) ON COMMIT DROP;
CREATE TEMP TABLE row_activity (n int, activity_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE row_prospect (n int, prospect_id bigint, is_ambiguous boolean) ON COMMIT DROP;
INSERT INTO outcome
SELECT n, 'DUPLICATE', 'Repite otra fila del archivo: misma actividad'
  FROM (SELECT n, row_number() OVER (PARTITION BY site_id, CASE WHEN spiga_id <> '' THEN spiga_id
                                       ELSE concat_ws('|', slot, comment_key, state, done_at, outcome) END ORDER BY n DESC) AS turn
          FROM stage) t WHERE turn > 1;
DELETE FROM stage s USING outcome o WHERE o.n = s.n;
CREATE INDEX ON stage (n);
ANALYZE stage;
INSERT INTO row_prospect
SELECT DISTINCT ON (s.n) s.n, e.prospect_id, false FROM stage s JOIN crm_audit_trafficentry e ON e.site_id = s.site_id AND e.file_id = s.file_id
 WHERE s.file_id <> '' ORDER BY s.n, e.visited_on DESC;
CREATE TEMP TABLE candidate ON COMMIT DROP AS
SELECT s.n, p.id, split_part(p.person_key, '#', 1) AS person, p.created_on, p.is_stub, p.advisor_key = s.advisor_key AS own, s.day
  FROM stage s JOIN crm_audit_prospect p ON p.site_id = s.site_id AND p.name_key = s.name_key
 WHERE s.file_id = '' AND s.name_key <> '' AND p.created_on >= s.day - %(within)s::interval;
DELETE FROM candidate c WHERE NOT c.own AND EXISTS (SELECT FROM candidate o WHERE o.n = c.n AND o.own);
DELETE FROM candidate c WHERE c.is_stub AND EXISTS (SELECT FROM candidate o WHERE o.n = c.n AND NOT o.is_stub);
INSERT INTO row_prospect
SELECT c.n, CASE WHEN count(DISTINCT COALESCE(NULLIF(c.person, ''), c.id::text)) = 1
                 THEN (array_agg(c.id ORDER BY (c.created_on <= c.day) DESC, c.created_on DESC, c.id DESC))[1] END,
       count(DISTINCT COALESCE(NULLIF(c.person, ''), c.id::text)) > 1
  FROM candidate c GROUP BY c.n;
CREATE TEMP TABLE stub_row ON COMMIT DROP AS
SELECT s.*, CASE WHEN s.file_id <> '' THEN 'F:' || s.file_id ELSE 'N:' || s.advisor_key || '|' || s.name_key END AS own_key
  FROM stage s WHERE NOT EXISTS (SELECT FROM row_prospect r WHERE r.n = s.n);
CREATE TEMP TABLE stub ON COMMIT DROP AS
SELECT DISTINCT ON (site_id, own_key) nextval(pg_get_serial_sequence('crm_audit_prospect', 'id')) AS id, site_id, own_key, n, advisor_id,
       advisor_name, advisor_key, prospect_name, raw_name, name_key, file_id, brand_id, other_brand, first_on
  FROM (SELECT *, min(day) OVER (PARTITION BY site_id, own_key) AS first_on FROM stub_row) t ORDER BY site_id, own_key, n;
INSERT INTO crm_audit_prospect (id, site_id, brand_id, advisor_id, advisor_name, advisor_key, name, raw_name, name_key, kind, company_reason,
       document_type, document_number, check_digit, document_key, phones, raw_phones, email, source, interest, situation, spiga_status, test_drive,
       offer, note, person_key, month, created_on, visits, is_stub, own_signals, signals, batch_id)
SELECT id, site_id, COALESCE(brand_id, other_brand), advisor_id, advisor_name, advisor_key, COALESCE(NULLIF(prospect_name, ''), 'Ficha ' || file_id),
       raw_name, name_key, 'PERSON', '', '', '', '', '', ARRAY[]::varchar[], '', '', '', '', 'OPEN', '', '', '', '', 'S:' || own_key,
       date_trunc('month', first_on)::date, first_on, 1, true, ARRAY[]::varchar[], ARRAY[]::varchar[], %(batch)s
  FROM stub;
INSERT INTO crm_audit_trafficentry (prospect_id, site_id, reference, file_id, visited_on)
SELECT id, site_id, 'F:' || file_id, file_id, first_on FROM stub WHERE file_id <> '';
INSERT INTO row_prospect SELECT r.n, s.id, false FROM stub_row r JOIN stub s USING (site_id, own_key);
INSERT INTO row_activity
SELECT s.n, a.id FROM stage s JOIN crm_audit_activity a ON a.site_id = s.site_id AND a.spiga_id = s.spiga_id WHERE s.spiga_id <> '';
INSERT INTO row_activity
SELECT s.n, a.id
  FROM (SELECT n, site_id, slot, comment_key, state, row_number() OVER (PARTITION BY site_id, slot, comment_key ORDER BY state, n) AS turn
          FROM stage WHERE spiga_id = '') s
  JOIN (SELECT x.id, x.site_id, x.slot, x.comment_key, row_number() OVER (PARTITION BY x.site_id, x.slot, x.comment_key ORDER BY x.state, x.id) AS turn
          FROM crm_audit_activity x WHERE x.spiga_id = '' AND (x.site_id, x.slot) IN (SELECT site_id, slot FROM stage)) a
    USING (site_id, slot, comment_key, turn);
INSERT INTO row_activity
SELECT s.n, a.id
  FROM (SELECT n, site_id, slot, row_number() OVER (PARTITION BY site_id, slot ORDER BY n) AS turn FROM stage
         WHERE spiga_id = '' AND NOT EXISTS (SELECT FROM row_activity r WHERE r.n = stage.n)) s
  JOIN (SELECT x.id, x.site_id, x.slot, row_number() OVER (PARTITION BY x.site_id, x.slot ORDER BY x.id) AS turn FROM crm_audit_activity x
         WHERE x.spiga_id = '' AND (x.site_id, x.slot) IN (SELECT site_id, slot FROM stage)
           AND NOT EXISTS (SELECT FROM row_activity r WHERE r.activity_id = x.id)) a USING (site_id, slot, turn);
CREATE TEMP TABLE wanted ON COMMIT DROP AS
SELECT r.activity_id, s.*, COALESCE(a.prospect_id, p.prospect_id) AS prospect_id, a.prospect_id IS NULL AND p.is_ambiguous AS is_ambiguous,
       COALESCE(s.brand_id, b.brand_id, a.brand_id) AS new_brand, a.verdict AS old_verdict, a.state AS old_state, a.day AS old_day,
       a.advisor_key AS old_advisor_key,
       (a.state, a.done_at, a.comment_key, a.kind) IS DISTINCT FROM (s.state, s.done_at, s.comment_key, s.kind) AS content_changed
  FROM stage s JOIN row_activity r USING (n) JOIN crm_audit_activity a ON a.id = r.activity_id
  JOIN row_prospect p USING (n) LEFT JOIN crm_audit_prospect b ON b.id = COALESCE(a.prospect_id, p.prospect_id);
INSERT INTO crm_audit_pastverdict (activity_id, verdict, reason_id, state, comment, judged_by_id, judged_at, changed_at)
SELECT a.id, a.verdict, a.reason_id, a.state, a.comment, a.judged_by_id, a.judged_at, %(at)s
  FROM crm_audit_activity a JOIN wanted w ON w.activity_id = a.id WHERE w.content_changed AND a.verdict <> '';
CREATE TEMP TABLE changed (id bigint) ON COMMIT DROP;
WITH done AS (
  UPDATE crm_audit_activity a
     SET {", ".join(f"{name} = w.{name}" for name in ACTIVITY_FIELDS)}, prospect_id = w.prospect_id, is_ambiguous = w.is_ambiguous,
         brand_id = w.new_brand,
         corrected_at = CASE WHEN w.content_changed AND (w.old_state = 'NOT_DONE' AND w.state = 'DONE' OR w.old_verdict IN ('INVALID', 'NOT_DONE'))
                             THEN %(at)s ELSE a.corrected_at END,
         verdict = CASE WHEN w.content_changed THEN '' ELSE a.verdict END,
         reason_id = CASE WHEN w.content_changed THEN NULL ELSE a.reason_id END,
         note = CASE WHEN w.content_changed THEN '' ELSE a.note END,
         judged_by_id = CASE WHEN w.content_changed THEN NULL ELSE a.judged_by_id END,
         judged_at = CASE WHEN w.content_changed THEN NULL ELSE a.judged_at END,
         second_verdict = CASE WHEN w.content_changed THEN '' ELSE a.second_verdict END,
         second_by_id = CASE WHEN w.content_changed THEN NULL ELSE a.second_by_id END,
         second_at = CASE WHEN w.content_changed THEN NULL ELSE a.second_at END
    FROM wanted w
   WHERE a.id = w.activity_id
     AND (a.prospect_id, a.is_ambiguous, a.brand_id, {", ".join("a." + name for name in ACTIVITY_FIELDS)})
         IS DISTINCT FROM (w.prospect_id, w.is_ambiguous, w.new_brand, {", ".join("w." + name for name in ACTIVITY_FIELDS)})
  RETURNING a.id)
INSERT INTO changed SELECT id FROM done;
INSERT INTO outcome
SELECT w.n, CASE WHEN c.id IS NULL THEN 'UNCHANGED' ELSE 'UPDATED' END, '' FROM wanted w LEFT JOIN changed c ON c.id = w.activity_id;
INSERT INTO crm_audit_activity (site_id, brand_id, prospect_id, is_ambiguous, spiga_id, proposal, hints, batch_id, verdict, note, second_verdict, {A_FIELDS})
SELECT s.site_id, COALESCE(s.brand_id, b.brand_id, s.other_brand), p.prospect_id, p.is_ambiguous, s.spiga_id, '', ARRAY[]::varchar[], %(batch)s, '', '', '',
       {", ".join("s." + name for name in ACTIVITY_FIELDS)}
  FROM stage s JOIN row_prospect p USING (n) LEFT JOIN crm_audit_prospect b ON b.id = p.prospect_id
 WHERE NOT EXISTS (SELECT FROM row_activity r WHERE r.n = s.n) ORDER BY s.n;
INSERT INTO outcome SELECT s.n, 'CREATED', '' FROM stage s WHERE NOT EXISTS (SELECT FROM outcome o WHERE o.n = s.n);
UPDATE crm_audit_noticeitem i SET corrected_at = %(at)s
  FROM wanted w WHERE i.activity_id = w.activity_id AND i.corrected_at IS NULL AND w.content_changed;
CREATE TEMP TABLE seen_day ON COMMIT DROP AS
SELECT advisor_key, day FROM stage UNION SELECT old_advisor_key, old_day FROM wanted;
ANALYZE seen_day
"""  # noqa: S608 -- our own field names
