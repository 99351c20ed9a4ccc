"""F6 «Visitas realizadas y no realizadas»: the advisors' activities (GC-PRO-05 §2; domain 3.8)."""

import hashlib
import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from callcenter.models import ImportBatch
from callcenter.spiga import columns, feed, merge
from callcenter.spiga.columns import Column
from callcenter.spiga.feed import Context, Feed, Row
from carrazos.lib import dates, text
from carrazos.lib.calendar import BOGOTA
from crm_audit.domain import signals, validity
from crm_audit.enums import ActivityKind, ActivityState
from crm_audit.feeds import traces
from crm_audit.feeds.cells import ADVISOR, HOUR, advisor_of, moment_of
from crm_audit.models import COMMENT_MAX

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
# Which rows a file can change (SQL about `x`).
OF_FILE_IDS = "(x.site_id, x.reference) IN (SELECT site_id, 'F:' || file_id FROM stage WHERE file_id <> '')"
OF_ACTIVITIES = "x.activity_id IN (SELECT activity_id FROM row_activity)"


class VisitsFeed(Feed):
    """Activities that the advisors planned and did. Key: SPIGA's id, else advisor, prospect, type and planned moment.

    Two layouts: one list with the flag «Realizada (S/N)», or two blocks titled «Visitas realizadas» and «Visitas no realizadas».
    """

    slug = "visits"
    title = "Visitas realizadas y no realizadas"
    makes = "actividades"
    route = "SPIGA → CRM → Informes → Visitas realizadas y no realizadas"
    history = traces.HISTORY
    leaves = (
        traces.NOTICE, traces.PAST, replace(traces.ACTIVITY, rows_of="SELECT activity_id AS id, n FROM row_activity"),
        traces.ENTRY, traces.PROSPECT,
    )  # fmt: skip
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
        clock = dates.clock(row.get("hour"))
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
        with merge.watching(self.leaves, entry=OF_FILE_IDS):
            merge.run(FIND_ACTIVITIES, {"batch": batch.pk, "within": timedelta(days=NAME_WITHIN_DAYS)})
        with merge.watching(
            self.leaves, activity="x.id IN (SELECT activity_id FROM row_activity)", past=OF_ACTIVITIES, notice=OF_ACTIVITIES
        ):
            merge.run(VISITS_MERGE, {"batch": batch.pk, "at": at})
        signals.propose_verdicts("seen_day", at)

    def taken_back(self, batch: ImportBatch, *, at: datetime) -> None:
        merge.run(DAYS_TAKEN_BACK)
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

FIND_ACTIVITIES = """
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
           AND NOT EXISTS (SELECT FROM row_activity r WHERE r.activity_id = x.id)) a USING (site_id, slot, turn)
"""
VISITS_MERGE = f"""
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
DAYS_TAKEN_BACK = """
CREATE TEMP TABLE seen_day ON COMMIT DROP AS
SELECT advisor_key, day FROM undone_activity UNION SELECT a.advisor_key, a.day FROM crm_audit_activity a JOIN undone_activity u USING (id)
"""
