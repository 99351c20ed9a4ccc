"""The kernel's feeds: F1, the proactive contact list (GSC-PRO-02 §1; domain 3.3)."""

import re
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils.module_loading import import_string

from callcenter import clock
from callcenter.domain import contact_law
from callcenter.enums import BatchStatus, OutreachState, Priority, Programme, Purpose
from callcenter.models import ImportBatch
from callcenter.models.catalogue import reason_key
from callcenter.models.customers import SQL_UNUSABLE, sql_mobile, sql_sold
from callcenter.spiga import columns, feed, merge, traces
from callcenter.spiga.columns import Column
from callcenter.spiga.feed import Context, Feed, Row
from carrazos.lib import text

PHONES = ("phones", "mobile")
COMPANION = "companion"
A_DAY = timedelta(days=1)
DUE_WINDOW = timedelta(days=180)
ALREADY_SERVICED_DAYS = 30
RECALL = re.compile(r"\b(CAMPANA DE SEGURIDAD|CAMPANA TECNICA|RECALL|LLAMADO A REVISION)\b")
# What somebody wrote into SPIGA's remarks and an import must respect (domain 3.3, nasty 17).
REMARKS = (
    ("DECEASED", "La observación dice que el cliente falleció", re.compile(r"\bFALLECI")),
    ("OPTED_OUT", "La observación pide no llamar", re.compile(r"\bNO LLAMAR|\bNO CONTACTAR|\bNO DESEA (SER )?(LLAMAD|CONTACTAD)")),
    ("SOLD", "La observación dice que vendió el vehículo", re.compile(r"\bVENDIO\b|\bVENDIDO\b")),
)


# What the agent reads beside the customer's own remark.
TOLD = (
    Column("driver", "Conductor", ("nombre conductor",)),
    Column("soat_on", "Fecha SOAT", ("soat", "vence soat", "vencimiento soat")),
    Column("rtm_on", "Fecha RTM", ("rtm", "tecnomecanica", "vence rtm", "vencimiento rtm")),
)


class ProactiveFeed(Feed):
    """Customers whose maintenance is due. Key: vehicle, motive and due date; one open outreach per vehicle."""

    slug = "proactive"
    title = "Contacto proactivo"
    route = "SPIGA → Posventa → Avisos de mantenimiento"
    programme = Programme.PROACTIVE
    is_daily = True
    leaves = (traces.MOTIVE, traces.OUTREACH)
    columns = (
        columns.BRANCH,
        Column("due_on", "F. Prevista", ("fecha prevista", "prox revision", "proxima revision", "fecha contacto", "fecha aviso",
                                         "vencimiento", "f prox revision")),
        Column("reason", "Motivo Contacto", ("motivo de contacto", "motivo", "tipo aviso", "mantenimiento")),
        Column("campaign", "Campaña", ("campana de seguridad", "nombre campana")),
        Column("due_km", "Próx. Revisión (km)", ("prox revision km", "proxima revision km", "km proxima revision")),
        *columns.VEHICLE,
        Column("last_visit", "F. Últ. Entrada", ("ultima entrada taller", "ultima visita", "f fra", "ultima entrada")),
        *columns.CUSTOMER,
        columns.ADVISOR,
        Column("note", "Observaciones", ("observacion", "comentarios", "notas")),
        *TOLD,
    )  # fmt: skip
    required = (("customer_name",), ("plate", "vin"), PHONES, ("due_on", "reason", "campaign", "due_km"))
    stage = (
        *feed.PARTY_STAGE,
        ("advisor_id", "bigint"), ("reason", "text"), ("reason_key", "text"), ("due_on", "date"), ("purpose", "text"), ("note", "text"),
        ("phone_problem", "text"),
    )  # fmt: skip

    @classmethod
    def needs(cls) -> tuple[tuple[str, ...], ...]:
        """Phones may come in the companion file of the day instead (domain 3.3)."""
        companion = ImportBatch.objects.filter(feed=COMPANION, status=BatchStatus.APPLIED, applied_at__gte=clock.now() - A_DAY)
        return tuple(group for group in cls.required if group != PHONES) if companion.exists() else cls.required

    def clean(self, row: Row, context: Context) -> tuple:
        site = feed.site_of(row, context)
        brand = feed.brand_of(row, context)
        vin, plate = feed.vehicle_of(row)
        person = feed.person_of(row)
        note = text.one_line(row.get("note"))[:500]
        refuse_by_remark(row, note)
        told = [f"{column.title}: {text.one_line(row.get(column.field))}" for column in TOLD if row.get(column.field)]
        note = " · ".join(filter(None, (note, *told)))[:500]
        if feed.is_own(person[2]):
            raise row.bad("OWN_VEHICLE", "El vehículo es de Carrazos", "customer_name", person[2], excluded=True)
        due_on = feed.date_of(row, "due_on", context)
        if due_on and abs(due_on - context.today) > DUE_WINDOW:
            message = f"La fecha prevista {due_on:%d/%m/%Y} está a más de {DUE_WINDOW.days} días"
            raise row.bad("DUE_DATE", message, "due_on", row.get("due_on"))
        reason = reason_of(row)
        if not reason and not due_on:
            raise row.bad("NO_REASON", "Falta el motivo o la fecha prevista", "reason")
        usable = feed.points_of(row, context, site)
        reason = reason or "Mantenimiento programado"
        purpose = Purpose.SERVICE if RECALL.search(text.key(reason)) else Purpose.COMMERCIAL
        raw_year = row.get("model_year")
        return (
            row.number, site.pk, brand, vin, plate, row.get("family")[:60], row.get("model")[:80],
            columns.year(raw_year) if raw_year else None, feed.odometer_of(row), feed.date_of(row, "last_visit", context),
            *person, feed.advisor_of(row, context), reason, reason_key(reason), due_on, purpose.value, note, "" if usable else feed.phone_problem(row),
        )  # fmt: skip

    def merge(self, batch: ImportBatch, *, at: datetime, today: date) -> None:
        merge.find(other_brand=feed.other_brand(), brands=feed.reach_of(batch)[1])
        merge.run(KNOWN)
        for code, message, condition in EXCLUSIONS:
            merge.exclude(code, message, f"NOT EXISTS (SELECT FROM known k WHERE k.n = s.n) AND ({condition})", {"today": today})
        merge.write_master(other_brand=feed.other_brand(), today=today)
        merge.run(OPEN_OUTREACHES, {"batch": batch.pk, "at": at})


def reason_of(row: Row) -> str:
    """The motive, with the brand's campaign where there is one; the kilometres of the next service where there is neither."""
    said = list(dict.fromkeys(filter(None, (text.one_line(row.get("reason")), text.one_line(row.get("campaign"))))))
    if not said and (kilometres := feed.odometer_of(row, "due_km")):
        said = [f"Revisión de {kilometres:,} km".replace(",", ".")]
    return " · ".join(said)[:160]


def refuse_by_remark(row: Row, note: str) -> None:
    key = text.key(note) if note else ""
    for code, message, pattern in REMARKS:
        if key and pattern.search(key):
            raise row.bad(code, message, "note", note, excluded=True)


# A row is known when its motive was imported before: it never opens or reopens anything again.
KNOWN = """
CREATE TEMP TABLE keyed ON COMMIT DROP AS
SELECT s.n, COALESCE(r.vehicle_id::text, s.vin || '/' || s.plate) AS car, s.reason_key, s.due_on
  FROM stage s LEFT JOIN row_vehicle r USING (n);
CREATE TEMP TABLE known ON COMMIT DROP AS
SELECT k.n, m.outreach_id FROM keyed k
  JOIN callcenter_motive m ON m.programme = 'PROACTIVE' AND m.reference = k.car || '|' || k.reason_key || '|' || COALESCE(k.due_on::text, '');
INSERT INTO outcome
SELECT n, 'DUPLICATE', 'Repite otra fila del archivo: mismo vehículo, motivo y fecha'
  FROM (SELECT n, row_number() OVER (PARTITION BY car, reason_key, due_on ORDER BY n) AS turn FROM keyed) t WHERE turn > 1;
DELETE FROM stage s USING outcome o WHERE o.n = s.n
"""

NO_KNOWN_PHONE = f"""NOT EXISTS (SELECT FROM callcenter_contactpoint k
    WHERE k.customer_id = c.id AND k.kind = 'PHONE' AND k.status NOT IN ({SQL_UNUSABLE}))"""

# Whoever only may not be called is written to, if a mobile is known or comes in the row.
NO_CHANNEL = f"""{contact_law.sql_closed("'VOICE'", "s.purpose", "c.id")} AND ({contact_law.sql_closed("'WHATSAPP'", "s.purpose", "c.id")}
    OR NOT ({sql_mobile("c.id")} OR EXISTS (SELECT FROM stage_point p WHERE p.n = s.n AND p.phone_kind = 'MOBILE'
        AND NOT EXISTS (SELECT FROM callcenter_contactpoint k
                         WHERE k.customer_id = c.id AND k.kind = 'PHONE' AND k.value = p.value))))"""  # noqa: S608 -- our own fragments

EXCLUSIONS = (
    ("NO_PHONE", "No trae teléfono ni lo hay en la base: complételo en SPIGA", f"s.phone_problem = 'NO_PHONE' AND {NO_KNOWN_PHONE}"),
    ("BAD_PHONE", "Ningún teléfono de la fila sirve ni lo hay en la base: corríjalo en SPIGA",
     f"s.phone_problem = 'BAD_PHONE' AND {NO_KNOWN_PHONE}"),
    ("OWN_VEHICLE", "El vehículo es de Carrazos", "v.is_own"),
    ("SOLD", "El cliente ya no tiene el vehículo", sql_sold("v.sold_at", "GREATEST(v.last_visit_on, s.last_visit_on)", "v.id", "c.id")),
    ("OPTED_OUT", "El cliente pidió no ser contactado, o está en el Registro de Números Excluidos", NO_CHANNEL),
    ("ALREADY_BOOKED", "El vehículo ya tiene una cita",
     "EXISTS (SELECT FROM callcenter_appointment a WHERE a.vehicle_id = v.id AND a.status IN ('SCHEDULED', 'CONFIRMED'))"),
    ("ALREADY_SERVICED", f"El vehículo entró al taller hace menos de {ALREADY_SERVICED_DAYS} días",
     f"GREATEST(v.last_visit_on, s.last_visit_on) > %(today)s::date - {ALREADY_SERVICED_DAYS}"),
    ("IN_RECOVERY", "El cliente ya está en una gestión de recuperación abierta",
     "EXISTS (SELECT FROM callcenter_outreach o WHERE o.customer_id = c.id AND o.programme = 'RECOVERY' AND o.state = 'OPEN')"),
)  # fmt: skip

OPEN_OUTREACHES = f"""
CREATE TEMP TABLE asked ON COMMIT DROP AS
SELECT s.n, v.vehicle_id, c.customer_id, s.site_id, s.brand_id, s.advisor_id, s.purpose, s.reason, s.due_on, s.note,
       v.vehicle_id || '|' || s.reason_key || '|' || COALESCE(s.due_on::text, '') AS reference
  FROM stage s JOIN row_vehicle v USING (n) JOIN row_customer c USING (n) WHERE NOT EXISTS (SELECT FROM known k WHERE k.n = s.n);
CREATE TEMP TABLE fresh_outreach ON COMMIT DROP AS
SELECT f.n, nextval((SELECT pg_get_serial_sequence('callcenter_outreach', 'id')::regclass)) AS outreach_id
  FROM (SELECT DISTINCT ON (vehicle_id) n, due_on FROM asked a
         WHERE NOT EXISTS (SELECT FROM callcenter_outreach o
                            WHERE o.vehicle_id = a.vehicle_id AND o.programme = '{Programme.PROACTIVE}' AND o.state = '{OutreachState.OPEN}')
         ORDER BY vehicle_id, due_on NULLS LAST, n) f
 ORDER BY f.due_on NULLS LAST, f.n;
INSERT INTO callcenter_outreach (id, programme, purpose, customer_id, vehicle_id, site_id, brand_id, advisor_id, batch_id, reason, due_on,
       note, state, next_step, priority, due_at, is_callback, calls_made, result, fence, opened_at)
SELECT outreach_id, '{Programme.PROACTIVE}', purpose, customer_id, vehicle_id, site_id, brand_id, advisor_id, %(batch)s, reason, due_on,
       note, '{OutreachState.OPEN}',
       CASE WHEN {contact_law.sql_closed("'VOICE'", "a.purpose", "a.customer_id")} THEN 'WHATSAPP' ELSE 'CALL' END,
       {Priority.FIRST}, LEAST(%(at)s::timestamptz, due_on::timestamp AT TIME ZONE 'America/Bogota'),
       false, 0, '', 0, %(at)s
  FROM fresh_outreach f JOIN asked a USING (n) ORDER BY outreach_id;
INSERT INTO callcenter_motive (outreach_id, programme, reference, reason, due_on, batch_id)
SELECT o.id, '{Programme.PROACTIVE}', a.reference, a.reason, a.due_on, %(batch)s
  FROM asked a JOIN callcenter_outreach o
    ON o.vehicle_id = a.vehicle_id AND o.programme = '{Programme.PROACTIVE}' AND o.state = '{OutreachState.OPEN}'
ON CONFLICT (programme, reference) DO NOTHING;
INSERT INTO change
SELECT a.n, 'motive', o.id, NULL, jsonb_build_object('reason', a.reason, 'due_on', a.due_on)
  FROM asked a JOIN callcenter_outreach o
    ON o.vehicle_id = a.vehicle_id AND o.programme = '{Programme.PROACTIVE}' AND o.state = '{OutreachState.OPEN}'
 WHERE NOT EXISTS (SELECT FROM fresh_outreach f WHERE f.n = a.n);
INSERT INTO outcome SELECT n, 'CREATED', '' FROM fresh_outreach;
INSERT INTO touched SELECT n FROM asked WHERE n NOT IN (SELECT n FROM fresh_outreach);
INSERT INTO outcome
SELECT s.n, CASE WHEN EXISTS (SELECT FROM touched t WHERE t.n = s.n) THEN 'UPDATED' ELSE 'UNCHANGED' END, ''
  FROM stage s WHERE NOT EXISTS (SELECT FROM outcome o WHERE o.n = s.n)
"""  # noqa: S608 -- enum values only


def feeds() -> dict[str, type[Feed]]:
    """Every feed of the house by slug, in the order of settings.SPIGA_FEEDS."""
    found = (import_string(path) for path in settings.SPIGA_FEEDS)
    return {kind.slug: kind for kind in found}
