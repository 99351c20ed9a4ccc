"""The old Drive sheets, once: every survey of GSC-FOR-01 and 03 with its management, read from a word or from the row's colour (domain 1.8).

What the master knows already stays: these sheets are older than any list of SPIGA. Nobody is called nor warned because of them.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from callcenter.domain.calendar import company_calendar
from callcenter.enums import OutreachState, Priority, Programme, Purpose, Result
from callcenter.models import ImportBatch, User
from callcenter.spiga import columns, feed, merge, sandbox, traces, workshop
from callcenter.spiga.columns import Column
from callcenter.spiga.feed import Context, Feed, Row
from callcenter.spiga.reader import Sheet
from callcenter.spiga.traces import Trace
from carrazos.lib import text
from satisfaction.domain import followups, nps, old_cases, old_lights
from satisfaction.enums import Light, Origin, SurveyStatus
from satisfaction.models import Cause
from satisfaction.models.surveys import AREA_OF, VOICE_MAX

COLOUR = Column("colour", "Color de la fila")
TOPICS = {
    "attention": "Atención", "work": "Trabajo realizado", "facilities": "Instalaciones", "times": "Tiempos", "recommend": "Recomendación",
}  # fmt: skip
COMMON = (
    columns.BRANCH,
    Column("served_on", "Fecha de entrega", ("f entrega", "fecha entrega", "fecha del servicio", "fecha servicio", "fecha")),
    Column("called_on", "Fecha de la llamada", ("fecha llamada", "fecha de contacto", "fecha encuesta", "fecha seguimiento")),
    Column("advisor", "Asesor", ("asesor de servicio", "asesor servicio", "asesor comercial", "vendedor")),
    *columns.CUSTOMER, *columns.VEHICLE,
    Column("attention", "Atención", ("atencion del asesor",)),
    Column("times", "Tiempos", ("tiempo", "tiempos de entrega")),
    Column("recommend", "Recomendación", ("recomendacion del concesionario", "recomendaria", "recomienda", "nps")),
    Column("voice", "Voz del cliente", ("comentarios", "comentario", "comentarios del cliente", "observaciones", "observacion")),
    Column("suggestion", "Sugerencia", ("sugerencias",)),
    Column("silent", "Motivo de no contacto", ("no contacto", "motivo no contacto")),
    Column("status", "Semáforo", ("estado", "estado de gestion", "estado gestion", "gestion", "color")),
    Column("owner", "Responsable", ("responsable de la gestion", "encargado")),
    Column("reply", "Respuesta", ("gestion realizada", "solucion", "accion tomada", "respuesta del asesor", "que se hizo")),
    Column("replied_on", "Fecha de respuesta", ("f respuesta", "fecha respuesta", "fecha gestion", "fecha solucion", "fecha cierre")),
    Column("cause", "Causa raíz", ("causa",)),
    Column("evidence", "Evidencia", ("evidencias",)),
    Column("portal", "Portal de la marca", ("card advisor", "caradvisor", "portal")),
    COLOUR,
)  # fmt: skip
STAGE = (
    *feed.PARTY_STAGE,
    ("advisor_id", "bigint"), ("order_number", "text"), ("served_on", "date"), ("called_on", "date"),
    ("attention", "smallint"), ("work", "smallint"), ("facilities", "smallint"), ("times", "smallint"), ("recommend", "smallint"),
    ("lowest", "smallint"), ("voice", "text"), ("suggestion", "text"), ("silent", "text"), ("light", "text"), ("is_portal", "boolean"),
    ("reply", "text"), ("replied_on", "date"), ("cause_id", "bigint"), ("owner_id", "bigint"), ("evidence", "text"),
)  # fmt: skip
CASES = (Light.RED, Light.YELLOW, Light.GREEN, Light.LIGHT_GREEN, Light.PURPLE)
OF_OLD = "{x}.outreach_id IN (SELECT id FROM callcenter_outreach WHERE batch_id = %(batch)s)"
OLD_CASES = f"(SELECT c.id FROM satisfaction_followup c WHERE c.origin = '{Origin.IMPORTED}' AND {OF_OLD.format(x='c')})"  # noqa: S608 -- ours
# What a sheet leaves, what needs a row before the row. Whatever a person did on a case or a survey keeps the sheet.
LEAVES = (
    Trace("deed", "satisfaction.FollowUpEvent", made=f"{{x}}.follow_up_id IN {OLD_CASES}", told=False,
          worked=f"{{x}}.follow_up_id IN {OLD_CASES} AND {{x}}.by_id IS NOT NULL", name="el caso de {0.follow_up.customer.name}"),
    Trace("proof", "satisfaction.Proof", made=f"{{x}}.follow_up_id IN {OLD_CASES}", told=False,
          worked=f"{{x}}.follow_up_id IN {OLD_CASES} AND {{x}}.added_by_id IS NOT NULL", name="el caso de {0.follow_up.customer.name}"),
    Trace("hold", "callcenter.Hold", told=False,
          made=f"{{x}}.source = '{followups.HOLD_SOURCE}' AND {{x}}.reference IN (SELECT o.id::text FROM {OLD_CASES} o)"),  # noqa: S608 -- ours
    Trace("case", "satisfaction.FollowUp", made=f"{{x}}.id IN {OLD_CASES}", name="el caso de {0.customer.name}"),
    Trace("answer", "satisfaction.Answer", told=False,
          made=f"{{x}}.survey_id IN (SELECT y.id FROM satisfaction_survey y WHERE {OF_OLD.format(x='y')})"),  # noqa: S608 -- ours
    Trace("survey", "satisfaction.Survey", made=OF_OLD, name="la encuesta de {0.customer.name}",
          worked=f"{{x}}.status = '{SurveyStatus.ANSWERED_LATER}'"),
    Trace("outreach", "callcenter.Outreach", made=traces.OF_BATCH, name="la gestión de {0.customer.name}", told=False),
)  # fmt: skip
NO_VOICE = "(La hoja anterior no traía la voz del cliente.)"


class DriveFeed(Feed):
    """One of the two sheets. A service that has a survey already is left as it is: the same sheet twice changes nothing."""

    makes = "encuestas anteriores"
    every_sheet = True
    is_once = True
    leaves = LEAVES
    stage = STAGE
    area_programme: Programme
    topics: tuple[str, ...]

    def __init__(self) -> None:
        # Read now: a forked helper that cleans asks the database nothing.
        self.causes = {text.key(label): pk for pk, label in Cause.objects.values_list("pk", "label")}
        self.people = {text.name_key(str(user)): user.pk for user in User.objects.all()}

    @classmethod
    def open(cls, data: bytes, name: str, *, sheets: Sequence[str] = (), guess: bool = False) -> Sheet:
        """The list with one more column: the colours of each row, in words. A person may correct them as any cell."""
        sheet = super().open(data, name, sheets=sheets, guess=guess)
        fills = sandbox.painted(data) if data.startswith(b"PK") else {}
        place = len(sheet.header)
        sheet.header.append(COLOUR.title)
        for title, offset in sheet.offsets.items():
            for number, found in fills.get(title, {}).items():
                if words := old_lights.in_words(found):
                    sheet.edits[offset + number] = {place: words}
        return sheet

    def clean(self, row: Row, context: Context) -> tuple:
        site = feed.site_of(row, context)
        brand = feed.brand_of(row, context)
        vin, plate = feed.vehicle_of(row)
        person = feed.person_of(row)
        served, called = self.days(row, context)
        scores = {name: score_of(row, name) for name in self.topics}
        given = [score for score in scores.values() if score is not None]
        feed.points_of(row, context, site)
        raw_advisor = row.get("advisor")
        light, portal = light_of(row)
        voice = row.get("voice")[:VOICE_MAX]
        light = self.judged(row, given, voice, light)
        replied = feed.date_of(row, "replied_on", context)
        if replied and not called <= replied <= context.today:
            row.warn(
                "REPLY_DATE", "replied_on", row.get("replied_on"), "La respuesta no puede ser anterior a la encuesta ni futura; no se toma"
            )
            replied = None
        low = bool(given) and nps.is_low(min(given))
        return (
            row.number, site.pk, brand, vin, plate, row.get("family")[:60], row.get("model")[:80], None, None, None, *person,
            context.advisor(raw_advisor) if raw_advisor else None, workshop.order_base(row.get("order"))[0], served, called,
            *(scores.get(name) for name in TOPICS), min(given, default=None), voice or (NO_VOICE if low or light in CASES else ""),
            row.get("suggestion")[:VOICE_MAX] or ((voice or NO_VOICE) if light == Light.BLUE else ""), text.one_line(row.get("silent"))[:200],
            light.value if light else "", portal, row.get("reply")[:VOICE_MAX], replied,
            self.causes.get(text.key(row.get("cause"))), self.people.get(text.name_key(row.get("owner"))), row.get("evidence")[:1000],
        )  # fmt: skip

    def days(self, row: Row, context: Context) -> tuple[date, date]:
        """The day of the service and the day of the call (the same one when the sheet has none). Raises BadRow."""
        served = feed.date_of(row, "served_on", context)
        if served is None:
            raise row.bad("NO_DATE", "Falta la fecha de entrega, o no es una fecha", "served_on", row.get("served_on"))
        if served > context.today:
            raise row.bad("FUTURE_VISIT", f"La entrega {served:%d/%m/%Y} está en el futuro", "served_on", row.get("served_on"))
        called = feed.date_of(row, "called_on", context) or served
        if not served <= called <= context.today:
            row.warn(
                "CALL_DATE",
                "called_on",
                row.get("called_on"),
                "La llamada no puede ser anterior a la entrega ni futura; se toma la entrega",
            )
            called = served
        return served, called

    def judged(self, row: Row, given: list[int], voice: str, light: Light | None) -> Light | None:
        """The light of the case that this row opens, None when it opens none. Raises BadRow for a low grade nobody says what became of."""
        low = bool(given) and nps.is_low(min(given))
        if low and light is None:
            said = row.get("status") or row.get("colour")
            raise row.bad(
                "NO_LIGHT", "La nota es de 6 o menos y ni el texto ni el color dicen en qué quedó: escriba el estado", "status", said
            )
        if low or light is None or (light == Light.BLUE and (voice or row.get("suggestion"))):
            return light
        if not given and voice and light != Light.PURPLE:
            return light
        if light not in {Light.GREEN, Light.PURPLE}:
            row.warn(
                "NO_CASE",
                "status",
                row.get("status") or row.get("colour"),
                "Sin nota de 6 o menos ni voz del cliente, el color no abre un caso",
            )
        return None

    def merge(self, batch: ImportBatch, *, at: datetime, today: date) -> None:
        values: dict[str, Any] = {"batch": batch.pk, "slug": self.slug, "today": today, "programme": self.area_programme.value}
        merge.find(other_brand=feed.other_brand(), brands=feed.reach_of(batch)[1])
        merge.run(KNOWN, values)
        merge.run(MASTER_STAYS)
        merge.write_master(other_brand=feed.other_brand(), today=today, since="s.served_on")
        merge.run(OLD_OUTREACHES + OLD_SURVEYS, values)
        merge.run(ANSWERS, values | {"block": f"DRIVE-{self.area_programme}", "topics": list(TOPICS.values())})
        merge.run("INSERT INTO outcome SELECT n, 'CREATED', '' FROM old")
        old_cases.write(batch, AREA_OF[self.area_programme], at=at, calendar=company_calendar())


def score_of(row: Row, name: str) -> int | None:
    """A grade as somebody typed it: `9`, `9,0`, `9/10`. Raises BadRow for what is no grade of 1 to 10."""
    raw = row.get(name).strip()
    if not raw or text.key(raw) in {"NA", "N A", "NO APLICA"}:
        return None
    head = raw.split("/")[0].strip().replace(",", ".")
    try:
        value = float(head)
        nps.band(int(value) if value == int(value) else value)
    except (ValueError, OverflowError):
        raise row.bad("BAD_SCORE", f"«{raw[:20]}» no es una calificación de 1 a 10 ({TOPICS[name]})", name, raw) from None
    return int(value)


def light_of(row: Row) -> tuple[Light | None, bool]:
    """(the light that the row says, did the customer answer on the brand's portal): the word first, then the colour."""
    said, painted = row.get("status"), row.get("colour")
    word = old_lights.of_words(said)
    colour, purple = old_lights.of_colours(painted)
    if said and word is None:
        row.warn("UNKNOWN_STATUS", "status", said, f"«{said[:40]}» no es un estado conocido" + ("; se toma el color" if colour else ""))
    if word and colour and colour not in {word, Light.PURPLE}:
        row.warn(
            "COLOUR_DIFFERS", "colour", painted, f"El texto dice {old_lights.NAMES[word].lower()} y el color otra cosa; se toma el texto"
        )
    answer = text.key(row.get("portal"))
    portal = purple or word == Light.PURPLE or bool(answer and answer not in {"NO", "NO RESPONDIO", "0"})
    return word or colour, portal


class DriveAftersalesFeed(DriveFeed):
    slug = "drive_aftersales"
    title = "Hoja de Drive posventa (GSC-FOR-01)"
    route = "Google Drive → Archivo → Descargar → Microsoft Excel (.xlsx), con los colores"
    area_programme = Programme.AFTERSALES_SURVEY
    topics = ("attention", "work", "times", "recommend")
    columns = (
        Column("order", "OT", ("num ot", "n ot", "orden", "orden de trabajo", "numero orden")),
        *COMMON,
        Column("work", "Trabajo realizado", ("trabajo", "calidad del trabajo")),
    )
    required = (("customer_name",), ("plate", "vin"), ("served_on",), ("recommend", "attention", "work", "times"))


class DriveSalesFeed(DriveFeed):
    slug = "drive_sales"
    title = "Hoja de Drive comercial (GSC-FOR-03)"
    route = DriveAftersalesFeed.route
    area_programme = Programme.SALES_SURVEY
    topics = ("attention", "facilities", "times", "recommend")
    columns = (*COMMON, Column("facilities", "Instalaciones", ("instalacion",)))
    required = (("customer_name",), ("plate", "vin"), ("served_on",), ("recommend", "attention", "facilities", "times"))


# One survey for each service: what the house has already stays, whoever brought it.
KNOWN = """
CREATE TEMP TABLE keyed ON COMMIT DROP AS
SELECT s.n, COALESCE(r.vehicle_id::text, s.vin || '/' || s.plate) AS car, r.vehicle_id, s.served_on FROM stage s LEFT JOIN row_vehicle r USING (n);
INSERT INTO outcome
SELECT k.n, CASE WHEN b.feed = %(slug)s THEN 'UNCHANGED' ELSE 'KNOWN_SURVEY' END,
       CASE WHEN b.feed = %(slug)s THEN '' ELSE 'Ya hay una encuesta de ese vehículo y ese día: queda la del sistema' END
  FROM keyed k JOIN LATERAL (
       SELECT o.batch_id FROM satisfaction_survey y JOIN callcenter_outreach o ON o.id = y.outreach_id
        WHERE y.vehicle_id = k.vehicle_id AND y.programme = %(programme)s AND y.served_on = k.served_on LIMIT 1) y ON true
  LEFT JOIN callcenter_importbatch b ON b.id = y.batch_id;
INSERT INTO outcome
SELECT n, 'DUPLICATE', 'Repite otra fila de la hoja: mismo vehículo y mismo día'
  FROM (SELECT n, row_number() OVER (PARTITION BY car, served_on ORDER BY n) AS turn FROM keyed) t
 WHERE turn > 1 AND NOT EXISTS (SELECT FROM outcome o WHERE o.n = t.n);
DELETE FROM stage s USING outcome o WHERE o.n = s.n;
DELETE FROM row_vehicle r USING outcome o WHERE o.n = r.n;
DELETE FROM row_customer r USING outcome o WHERE o.n = r.n;
DELETE FROM stage_point p USING outcome o WHERE o.n = p.n
"""

# These sheets are older than the master: of a known customer or vehicle they change nothing.
MASTER_STAYS = """
UPDATE stage s SET name = c.name, raw_name = c.raw_name, name_key = c.name_key, kind = c.kind, company_reason = c.company_reason, city = c.city,
       dms_code = c.dms_code
  FROM row_customer r JOIN callcenter_customer c ON c.id = r.customer_id WHERE r.n = s.n;
DELETE FROM stage_point p USING row_customer r WHERE r.n = p.n;
UPDATE stage s SET brand_id = v.brand_id, plate = COALESCE(NULLIF(v.plate, ''), s.plate), family = COALESCE(NULLIF(v.family, ''), s.family),
       model = COALESCE(NULLIF(v.model, ''), s.model)
  FROM row_vehicle r JOIN callcenter_vehicle v ON v.id = r.vehicle_id WHERE r.n = s.n
"""

NOON = "(s.called_on + time '12:00') AT TIME ZONE 'America/Bogota'"
OLD_OUTREACHES = f"""
CREATE TEMP TABLE old ON COMMIT DROP AS
SELECT s.*, v.vehicle_id, c.customer_id, {NOON} AS at, s.lowest IS NOT NULL OR s.light <> '' OR s.is_portal AS is_answered,
       row_number() OVER (PARTITION BY s.site_id, s.order_number, v.vehicle_id ORDER BY s.n) = 1 AS names_order,
       nextval((SELECT pg_get_serial_sequence('callcenter_outreach', 'id')::regclass)) AS outreach_id,
       nextval((SELECT pg_get_serial_sequence('satisfaction_survey', 'id')::regclass)) AS survey_id
  FROM stage s JOIN row_vehicle v USING (n) JOIN row_customer c USING (n);
INSERT INTO callcenter_outreach (id, programme, purpose, customer_id, vehicle_id, site_id, brand_id, advisor_id, batch_id, reason, due_on,
       note, state, next_step, priority, due_at, is_callback, calls_made, result, closed_at, fence, opened_at)
SELECT outreach_id, %(programme)s, '{Purpose.SERVICE}', customer_id, vehicle_id, site_id, brand_id, advisor_id, %(batch)s,
       'Encuesta de la hoja de Drive', served_on, silent, '{OutreachState.CLOSED}', 'NONE', {Priority.FIRST}, s.at, false, 0,
       CASE WHEN is_answered THEN '{Result.DONE}' ELSE '{Result.EXHAUSTED}' END, s.at, 0, s.at FROM old s ORDER BY n;
"""  # noqa: S608 -- enum values
OLD_SURVEYS = f"""
INSERT INTO satisfaction_survey (id, outreach_id, programme, work_order_id, customer_id, vehicle_id, site_id, brand_id, advisor_id, served_on,
       listed_on, is_warranty, status, channel, score, lowest, voice, suggestion, compliment, portal_answered, answered_at, answered_on, before)
SELECT survey_id, outreach_id, %(programme)s, w.id, s.customer_id, s.vehicle_id, s.site_id, s.brand_id, s.advisor_id, served_on, called_on,
       COALESCE(w.is_warranty, false),
       CASE WHEN NOT is_answered THEN '{SurveyStatus.PENDING}' WHEN recommend IS NULL THEN '{SurveyStatus.PARTIAL}' ELSE '{SurveyStatus.ANSWERED}' END,
       CASE WHEN is_answered THEN 'VOICE' ELSE '' END, recommend, lowest, voice, suggestion, '', is_portal,
       CASE WHEN is_answered THEN s.at END, CASE WHEN is_answered THEN called_on END, '{{}}'
  FROM old s LEFT JOIN callcenter_workorder w ON s.names_order AND %(programme)s = '{Programme.AFTERSALES_SURVEY}' AND w.site_id = s.site_id
       AND w.number = s.order_number AND w.vehicle_id = s.vehicle_id AND NOT EXISTS (SELECT FROM satisfaction_survey y WHERE y.work_order_id = w.id)
"""  # noqa: S608 -- enum values
ANSWERS = """
INSERT INTO satisfaction_answer (survey_id, question_id, score, choice, text)
SELECT o.survey_id, q.id, a.score, '', ''
  FROM old o CROSS JOIN LATERAL unnest(ARRAY[o.attention, o.work, o.facilities, o.times, o.recommend], %(topics)s::text[]) a(score, topic)
  JOIN satisfaction_questionnaire b ON b.code = %(block)s JOIN satisfaction_question q ON q.questionnaire_id = b.id AND q.topic = a.topic
 WHERE a.score IS NOT NULL
"""
