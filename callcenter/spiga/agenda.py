"""F7: what became of our appointments according to SPIGA's agenda (domain 3.9; GSC-PRO-02 §4, IND-03).

A row speaks of our appointment of the same vehicle on the same day, else of the nearest within the days in which an order
proves one (settings.KEPT_WITHIN_DAYS). Which source wins is said in callcenter/domain/kept.py.
"""

import re
from dataclasses import replace
from datetime import date, datetime, time

from django.conf import settings

from callcenter.domain import appointments, kept
from callcenter.enums import AppointmentStatus, Programme, ReasonKind
from callcenter.models import Appointment, ImportBatch
from callcenter.spiga import columns, feed, merge, traces
from callcenter.spiga.columns import Column
from callcenter.spiga.feed import Context, Feed, Row
from carrazos.lib import dates, text
from carrazos.lib.calendar import BOGOTA

# SPIGA's words for a state, in the feminine: what it is with us, and the reason where one is needed. Another is not guessed at.
WORDS = (
    (AppointmentStatus.FULFILLED, "", r"CUMPLIDA|ATENDIDA|FINALIZADA|REALIZADA|COMPLETADA|ASISTIDA|(SI )?ASISTIO|RECIBIDA|RECEPCIONADA"
                                      r"|EN TALLER|CON OT|OT ABIERTA"),
    (AppointmentStatus.NO_SHOW, "NO_SHOW", r"NO (ASISTIO|ASISTE|ASISTIDA|CUMPLIDA|CUMPLIO|ATENDIDA|SE PRESENTO|LLEGO|VINO)|INCUMPLIDA"
                                           r"|NO ?SHOW|AUSENTE"),
    (AppointmentStatus.CANCELLED, "WORKSHOP_CANCELLED", r"(CANCELADA|ANULADA) (POR )?(EL )?(TALLER|CONCESIONARIO)"),
    (AppointmentStatus.CANCELLED, "CUSTOMER_CANCELLED", r"(CANCELADA|ANULADA)( (POR )?(EL )?CLIENTE)?|CANCELO|DESISTIDA"),
    (AppointmentStatus.RESCHEDULED, "", r"REPROGRAMADA|REAGENDADA|APLAZADA|MOVIDA|TRASLADADA"),
    (AppointmentStatus.CONFIRMED, "", r"CONFIRMADA|CONFIRMO"),
    (AppointmentStatus.SCHEDULED, "", r"PROGRAMADA|PENDIENTE|AGENDADA|ASIGNADA|RESERVADA|ABIERTA|ACTIVA|VIGENTE|(SIN|POR) CONFIRMAR"),
)  # fmt: skip
STATES = tuple((status, reason, re.compile(words)) for status, reason, words in WORDS)
MASCULINE = re.compile(r"(AD|ID|IERT|IV)O\b")
PAST = (AppointmentStatus.FULFILLED, AppointmentStatus.NO_SHOW)


def state_of(raw: str) -> tuple[AppointmentStatus, str] | None:
    """`Atendido`, `NO ASISTIÓ` → (status, code of the reason); None for a word that is not known."""
    key = MASCULINE.sub(r"\1A", text.key(raw))
    return next(((status, reason) for status, reason, words in STATES if words.fullmatch(key)), None)


class AppointmentsFeed(Feed):
    """Decides appointments that we booked, makes none. Key: our appointment, so the same file twice finds each as it says."""

    slug = "appointments"
    title = "Citas del taller"
    route = "SPIGA → Posventa → Agenda de citas"
    makes = "citas"
    columns = (
        columns.BRANCH,
        Column("day", "F. Cita", ("fecha cita", "fecha de la cita", "fecha hora cita", "dia cita", "dia", "fecha")),
        Column("hour", "Hora", ("hora cita", "hora de la cita", "hora entrada")),
        columns.PLATE, columns.VIN, columns.CUSTOMER_NAME, columns.ADVISOR,
        Column("status", "Estado", ("estado cita", "estado de la cita", "situacion", "situacion cita", "status")),
    )  # fmt: skip
    required = (("day",), ("plate", "vin"), ("status",))
    stage = (
        ("n", "int"), ("site_id", "bigint"), ("vin", "text"), ("plate", "text"), ("starts_at", "timestamptz"), ("has_hour", "boolean"),
        ("advisor_id", "bigint"), ("status", "text"), ("reason", "text"), ("note", "text"),
    )  # fmt: skip
    leaves = (traces.OUTREACH, replace(traces.BOOKING, rows_of="SELECT id, n FROM met"))

    def clean(self, row: Row, context: Context) -> tuple:
        site = feed.site_of(row, context) if row.get("branch") or context.only_site else None
        vin, plate = feed.vehicle_of(row)
        starts_at, has_hour = moment_of(row, context)
        raw = text.one_line(row.get("status"))
        state = state_of(raw)
        if state is None:
            told = f"El estado «{raw[:40]}» no se conoce" if raw else "Falta el estado de la cita"
            raise row.bad("APPOINTMENT_STATE", f"{told}; se espera Cumplida, No asistió, Cancelada, Confirmada o Programada", "status", raw)
        status, reason = state
        if status in PAST and starts_at.date() > context.today:
            raise row.bad(
                "FUTURE_DATE", f"La cita es del {starts_at:%d/%m/%Y} y aún no llega: no puede estar «{raw[:40]}»", "day", row.get("day")
            )
        return (
            row.number, site and site.pk, vin, plate, starts_at.isoformat(), has_hour, feed.advisor_of(row, context), status.value, reason,
            f"SPIGA: {raw}"[:500],
        )  # fmt: skip

    def merge(self, batch: ImportBatch, *, at: datetime, today: date) -> None:
        merge.find_vehicles()
        merge.run(MEET, {"at": at, "days": settings.KEPT_WITHIN_DAYS})
        merge.exclude("NO_APPOINTMENT", "El vehículo no tiene una cita nuestra en esos días", "s.n NOT IN (SELECT n FROM met)")
        merge.exclude("DUPLICATE", "Otra fila del archivo habla de la misma cita", "s.n IN (SELECT n FROM met WHERE turn > 1)")
        merge.run("DELETE FROM met WHERE turn > 1")
        if user := batch.requested_by:
            outside = OF_APPOINTMENT.format("a.site_id <> ALL (%(sites)s) OR a.brand_id <> ALL (%(brands)s)")
            merge.exclude("OUT_OF_SCOPE", "La cita no es de su alcance", outside, {"sites": user.site_ids, "brands": user.brand_ids})
        appointments.hold(pk for (pk,) in merge.rows(f"SELECT a.id {ABOUT} WHERE {NEWS}"))
        for code, message, condition in (*kept.STRONGER, *NOT_DECIDED):
            merge.exclude(code, message, OF_APPOINTMENT.format(f"{NEWS} AND {condition}"), {"at": at})
        with merge.watching(self.leaves, booking="x.id IN (SELECT id FROM met)", outreach=OF_MET):
            merge.run(DECIDE, {"at": at})
            for row in Appointment.objects.filter(pk__in=[pk for (pk,) in merge.rows("SELECT id FROM decided")]):
                appointments.follow(row, at=at)

    def taken_back(self, batch: ImportBatch, *, at: datetime) -> None:
        """Nobody calls any more about an absence that the file told, and the programmes look again; an order that came since stands."""
        rows = Appointment.objects.filter(pk__in=[pk for (pk,) in merge.rows("SELECT id FROM undone_booking")])
        rows.filter(work_order__isnull=False).update(status=AppointmentStatus.FULFILLED, reason=None)
        for row in rows:
            appointments.follow(row, at=at, about=() if row.status == AppointmentStatus.NO_SHOW else (Programme.NO_SHOW,))


def moment_of(row: Row, context: Context) -> tuple[datetime, bool]:
    """(the appointment in Bogotá, whether its hour is known). Raises BadRow without a day."""
    raw = row.get("day")
    try:
        moment = dates.parse_plausible(raw, today=context.today)
    except dates.BadDate as error:
        raise row.bad("NO_DATE", str(error) if raw else "Falta la fecha de la cita", "day", raw) from error
    clock = dates.clock(row.get("hour"))
    if row.get("hour") and clock is None:
        row.warn("BAD_HOUR", "hour", row.get("hour"), f"«{row.get('hour')[:40]}» no es una hora; se espera 08:30 o 8:30 a. m.")
    moment = datetime.combine(moment, clock or moment.time(), tzinfo=BOGOTA)
    return moment, moment.time() != time()


ABOUT = "FROM met m JOIN stage s USING (n) JOIN callcenter_appointment a ON a.id = m.id"
OF_APPOINTMENT = "EXISTS (SELECT FROM met m JOIN callcenter_appointment a ON a.id = m.id WHERE m.n = s.n AND ({}))"
OF_MET = "x.customer_id IN (SELECT a.customer_id FROM met m JOIN callcenter_appointment a ON a.id = m.id)"
# «Programada» says nothing new of an appointment of ours, «Confirmada» only of one that nobody confirmed.
NEWS = "s.status <> a.status AND s.status <> 'SCHEDULED' AND (s.status <> 'CONFIRMED' OR a.status = 'SCHEDULED')"
NOT_DECIDED = (
    ("MOVED", "SPIGA la movió: muévala también en Citas, con su nueva fecha", "s.status = 'RESCHEDULED'"),
    ("NOT_YET", "La hora de la cita aún no llega", "s.status = 'NO_SHOW' AND a.starts_at > %(at)s"),
)

# Of another day, a row says nothing of an appointment still to come, but that the customer came; nor of one booked after it.
MEET = """
CREATE TEMP TABLE met ON COMMIT DROP AS
SELECT f.*, row_number() OVER (PARTITION BY f.id ORDER BY f.distance, f.status <> 'FULFILLED', f.apart, f.n) AS turn FROM (
  SELECT DISTINCT ON (s.n) s.n, a.id, s.status, abs(d.day - d.said) AS distance, d.apart
    FROM stage s JOIN row_vehicle r USING (n) JOIN callcenter_appointment a ON a.vehicle_id = r.vehicle_id
   CROSS JOIN LATERAL (SELECT (a.starts_at AT TIME ZONE 'America/Bogota')::date AS day, (a.booked_at AT TIME ZONE 'America/Bogota')::date AS booked,
                              (s.starts_at AT TIME ZONE 'America/Bogota')::date AS said,
                              CASE WHEN s.has_hour THEN abs(extract(epoch FROM a.starts_at - s.starts_at)) ELSE 0 END AS apart) d
   WHERE d.day = d.said
      OR d.said BETWEEN d.day - %(days)s::int AND d.day + %(days)s::int AND d.said >= d.booked AND a.status <> 'RESCHEDULED'
         AND (a.starts_at <= %(at)s OR s.status = 'FULFILLED')
   ORDER BY s.n, abs(d.day - d.said), d.apart > 0, a.status IN ('CANCELLED', 'RESCHEDULED'), d.apart, a.id DESC) f
"""

DECIDE = f"""
CREATE TEMP TABLE decided (n int, id bigint) ON COMMIT DROP;
WITH changed AS (
  UPDATE callcenter_appointment a
     SET status = s.status, note = s.note, decided_by_id = NULL, decided_at = %(at)s,
         reason_id = (SELECT r.id FROM callcenter_reason r WHERE r.kind = '{ReasonKind.NO_FULFILMENT}' AND r.code = s.reason)
    FROM met m JOIN stage s USING (n) WHERE a.id = m.id AND {NEWS}
  RETURNING m.n, a.id)
INSERT INTO decided SELECT n, id FROM changed;
WITH changed AS (
  UPDATE callcenter_appointment a SET advisor_id = s.advisor_id
    FROM met m JOIN stage s USING (n) WHERE a.id = m.id AND a.advisor_id IS NULL AND s.advisor_id IS NOT NULL
  RETURNING m.n)
INSERT INTO touched SELECT n FROM changed;
INSERT INTO touched SELECT n FROM decided;
INSERT INTO outcome
SELECT s.n, CASE WHEN EXISTS (SELECT FROM touched t WHERE t.n = s.n) THEN 'UPDATED' ELSE 'UNCHANGED' END, '' FROM stage s
"""  # noqa: S608 -- our own fragments
