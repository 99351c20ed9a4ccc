"""A month's list: built from the history by one statement, cleaned by people with notes, frozen when its work starts (REC-8, REC-R4)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime

from django.db import connection, transaction
from django.utils import timezone

from callcenter import clock
from callcenter.domain.errors import Refused
from callcenter.enums import NextStep, OutreachState, Priority, Programme, Purpose, WorkState
from callcenter.models import User
from callcenter.models.customers import SQL_UNUSABLE, sql_sold
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month
from recovery.domain import eligibility, results
from recovery.enums import Decision, Exclusion, ListState
from recovery.models import Candidacy, RecoveryList, RecoveryRules

Progress = Callable[..., None]
# What no note brings back: the person's own word, and a row with nobody to call.
FINAL = frozenset({Exclusion.OPTED_OUT, Exclusion.RNE})

VIN_SHAPE = "^[A-HJ-NPR-Z0-9]{5,17}$"
PLATE_SHAPE = "^([A-Z]{3}[0-9]{3}|[A-Z]{3}[0-9]{2}[A-Z]?|[0-9]{3}[A-Z]{3}|[RS][0-9]{5}|[A-Z]{2}[0-9]{4}|T[0-9]{4})$"

# The facts of eligibility.RULES about every vehicle that ever had an order, a visit or a delivery.
# A person known for the vehicle goes before a company, the newest before the older (domain 3.4, nasty 2-4 and 9).
FACTS = f"""
visits AS MATERIALIZED (
  SELECT DISTINCT ON (w.vehicle_id) w.vehicle_id, w.visited_on, w.site_id, w.entry_reason
    FROM callcenter_workorder w WHERE NOT w.is_internal AND NOT w.is_cancelled AND w.visited_on IS NOT NULL
   ORDER BY w.vehicle_id, w.visited_on DESC, w.id DESC
), orders AS MATERIALIZED (
  SELECT w.vehicle_id, bool_or(w.invoiced_to ~* '\\mcarrazos\\M') AS ours,
         bool_or(w.visited_on IS NULL AND NOT w.is_cancelled AND NOT w.is_internal
                 AND COALESCE(w.opened_on, (w.created_at AT TIME ZONE 'America/Bogota')::date) > %(cut)s::date - 365) AS in_workshop,
         min(w.site_id) AS site_id
    FROM callcenter_workorder w GROUP BY w.vehicle_id
), people AS MATERIALIZED (
  SELECT DISTINCT ON (p.vehicle_id) p.vehicle_id, c.id AS customer_id, c.kind, c.sites
    FROM (SELECT w.vehicle_id, w.customer_id, max(COALESCE(w.visited_on, w.opened_on)) AS day FROM callcenter_workorder w
           WHERE w.customer_id IS NOT NULL GROUP BY 1, 2
          UNION ALL
          SELECT y.vehicle_id, y.customer_id, y.since FROM callcenter_vehicleparty y WHERE y.until IS NULL) p
    JOIN callcenter_customer c ON c.id = p.customer_id AND c.merged_into_id IS NULL
   WHERE NOT EXISTS (SELECT FROM callcenter_vehicleparty y
                      WHERE y.vehicle_id = p.vehicle_id AND y.customer_id = p.customer_id AND y.until >= p.day)
   ORDER BY p.vehicle_id, (c.kind = 'PERSON') DESC, p.day DESC NULLS LAST, c.id DESC
), reachable AS MATERIALIZED (
  SELECT DISTINCT k.customer_id FROM callcenter_contactpoint k WHERE k.status NOT IN ({SQL_UNUSABLE})
), refused AS MATERIALIZED (
  SELECT x.customer_id, bool_or(x.source <> 'RNE') AS said_so, bool_or(x.source = 'RNE') AS in_rne
    FROM callcenter_exclusion x
   WHERE x.withdrawn_at IS NULL AND (x.channels = ARRAY[]::varchar[] OR 'VOICE' = ANY (x.channels)) GROUP BY 1
), cases AS MATERIALIZED (
  SELECT o.customer_id FROM callcenter_outreach o WHERE o.state = '{OutreachState.OPEN}' AND o.purpose = '{Purpose.COMMERCIAL}'
   UNION SELECT h.customer_id FROM callcenter_hold h
          WHERE h.purpose = '{Purpose.COMMERCIAL}' AND (h.until IS NULL OR h.until > %(at)s)
   UNION SELECT d.customer_id FROM recovery_candidacy d JOIN recovery_recoverylist e ON e.id = d.recovery_list_id
          WHERE d.recovery_list_id <> %(list)s AND d.is_listed AND d.proof = '' AND d.first_call_on + e.window_days >= %(cut)s
), booked AS MATERIALIZED (
  SELECT a.vehicle_id FROM callcenter_appointment a WHERE a.status IN ('SCHEDULED', 'CONFIRMED') AND a.vehicle_id IS NOT NULL
), universe AS MATERIALIZED (
  SELECT v.id AS vehicle_id, v.brand_id, v.vin, v.plate, v.is_own, v.sold_at, v.delivered_on,
         GREATEST(t.visited_on, v.last_visit_on) AS last_visit_on, left(COALESCE(t.entry_reason, ''), 160) AS last_reason,
         p.customer_id, p.kind, COALESCE(t.site_id, o.site_id, p.sites[1], (SELECT min(id) FROM callcenter_site)) AS site_id,
         COALESCE(o.ours, false) AS ours, COALESCE(o.in_workshop, false) AS in_workshop
    FROM callcenter_vehicle v
    LEFT JOIN orders o ON o.vehicle_id = v.id LEFT JOIN visits t ON t.vehicle_id = v.id LEFT JOIN people p ON p.vehicle_id = v.id
   WHERE o.vehicle_id IS NOT NULL OR v.last_visit_on IS NOT NULL OR v.delivered_on IS NOT NULL
), facts AS (
  SELECT u.*,
         u.vin = '' AND EXISTS (SELECT FROM callcenter_vehicle x WHERE x.plate = u.plate AND x.plate <> '' AND x.vin <> '') AS same_car,
         u.customer_id IS NULL AND u.ours AS owner_is_us,
         COALESCE(u.kind = 'COMPANY', false) AS is_company,
         u.customer_id IS NULL AS no_name,
         u.customer_id IS NOT NULL AND r.customer_id IS NULL AS no_contact,
         u.vin !~ '{VIN_SHAPE}' AND u.plate !~ '{PLATE_SHAPE}' AS no_vehicle,
         COALESCE(NOT ({eligibility.sql_away("COALESCE(u.last_visit_on, u.delivered_on)", "%(cut)s::date", "%(months)s")}), false) AS visited,
         u.last_visit_on IS NULL AND NOT (%(never)s AND u.delivered_on IS NOT NULL) AS never_came,
         {sql_sold("u.sold_at", "u.last_visit_on", "u.vehicle_id", "u.customer_id")} AS is_sold,
         COALESCE(f.said_so, false) AS opted_out, COALESCE(f.in_rne, false) AS in_rne,
         COALESCE(u.customer_id IN (SELECT customer_id FROM cases), false) OR u.vehicle_id IN (SELECT vehicle_id FROM booked) AS has_case
    FROM universe u LEFT JOIN reachable r ON r.customer_id = u.customer_id LEFT JOIN refused f ON f.customer_id = u.customer_id
)"""  # noqa: S608 -- our own literals

# What somebody brought back before the customer refused contact, or before its person was lost, goes out again: the newer fact wins.
LAPSES = f"""(c.decision = 'RESTORED' AND (n.customer_id IS NULL OR n.reasons && ARRAY[{", ".join(f"'{r}'" for r in sorted(FINAL))}]::varchar[]))"""
# MERGE and not INSERT ON CONFLICT, which locks every row that it leaves as it is.
BUILD = f"""
WITH {FACTS}
MERGE INTO recovery_candidacy c USING (
  SELECT f.vehicle_id, f.customer_id, f.site_id, f.brand_id, f.last_visit_on, f.last_reason,
         {eligibility.sql_months("f.last_visit_on", "%(cut)s::date")} AS months_away,
         {eligibility.sql_segment("f.last_visit_on", "%(cut)s::date")} AS segment, {eligibility.sql_reasons("f")} AS reasons
    FROM facts f) n ON c.recovery_list_id = %(list)s AND c.vehicle_id = n.vehicle_id
WHEN MATCHED AND (c.customer_id, c.site_id, c.brand_id, c.last_visit_on, c.last_reason, c.months_away, c.segment, c.reasons)
     IS DISTINCT FROM (n.customer_id, n.site_id, n.brand_id, n.last_visit_on, n.last_reason, n.months_away, n.segment, n.reasons) THEN
  UPDATE SET customer_id = n.customer_id, site_id = n.site_id, brand_id = n.brand_id, last_visit_on = n.last_visit_on,
         last_reason = n.last_reason, months_away = n.months_away, segment = n.segment, reasons = n.reasons,
         decision = CASE WHEN {LAPSES} THEN '' ELSE c.decision END,
         decision_note = CASE WHEN {LAPSES} THEN '' ELSE c.decision_note END,
         decided_by_id = CASE WHEN {LAPSES} THEN NULL ELSE c.decided_by_id END,
         decided_at = CASE WHEN {LAPSES} THEN NULL ELSE c.decided_at END
WHEN NOT MATCHED THEN
  INSERT (recovery_list_id, vehicle_id, customer_id, site_id, brand_id, last_visit_on, last_reason, months_away, segment, reasons, decision,
          decision_note, proof)
  VALUES (%(list)s, n.vehicle_id, n.customer_id, n.site_id, n.brand_id, n.last_visit_on, n.last_reason, n.months_away, n.segment, n.reasons,
          '', '', '')
"""  # noqa: S608 -- as above

# Vehicles that an undone import took out of the history leave an unfrozen list with it.
FORGET = """
DELETE FROM recovery_candidacy c USING callcenter_vehicle v
 WHERE c.recovery_list_id = %(list)s AND v.id = c.vehicle_id AND v.last_visit_on IS NULL AND v.delivered_on IS NULL
   AND NOT EXISTS (SELECT FROM callcenter_workorder w WHERE w.vehicle_id = v.id)
"""

# One outreach per person for all the vehicles (REC-R5); an outreach that is open already serves.
OPEN = f"""
WITH heads AS (
  SELECT DISTINCT ON (c.customer_id) c.customer_id, c.vehicle_id, c.site_id, c.brand_id, c.last_visit_on,
         CASE WHEN c.last_visit_on IS NULL THEN 'Primera visita al taller'
              ELSE 'Revisión general (' || c.months_away || ' meses sin visitar el taller)' END AS reason
    FROM recovery_candidacy c WHERE c.recovery_list_id = %(list)s AND c.is_listed
   ORDER BY c.customer_id, c.last_visit_on DESC NULLS LAST, c.id
)
INSERT INTO callcenter_outreach (programme, purpose, customer_id, vehicle_id, site_id, brand_id, reason, due_on, note, state, next_step,
       priority, due_at, is_callback, calls_made, result, fence, opened_at)
SELECT '{Programme.RECOVERY}', '{Purpose.COMMERCIAL}', h.customer_id, h.vehicle_id, h.site_id, h.brand_id, h.reason, NULL, '',
       '{OutreachState.OPEN}', '{NextStep.CALL}', {Priority.FIRST.value}, %(at)s, false, 0, '', 0, %(at)s
  FROM heads h ORDER BY h.last_visit_on DESC NULLS LAST, h.customer_id
ON CONFLICT DO NOTHING
"""  # noqa: S608 -- as above
TIE = f"""
UPDATE recovery_candidacy c SET outreach_id = o.id
  FROM callcenter_outreach o
 WHERE c.recovery_list_id = %(list)s AND c.is_listed AND o.customer_id = c.customer_id AND o.programme = '{Programme.RECOVERY}'
   AND o.state = '{OutreachState.OPEN}'
"""  # noqa: S608 -- as above
MOTIVES = f"""
INSERT INTO callcenter_motive (outreach_id, programme, reference, reason)
SELECT c.outreach_id, '{Programme.RECOVERY}', c.vehicle_id || '|' || to_char(%(month)s::date, 'YYYY-MM'),
       left(concat_ws(' ', v.family, v.plate) || ': última visita ' || COALESCE(to_char(c.last_visit_on, 'DD/MM/YYYY'), 'nunca'), 160)
  FROM recovery_candidacy c JOIN callcenter_vehicle v ON v.id = c.vehicle_id
 WHERE c.recovery_list_id = %(list)s AND c.outreach_id IS NOT NULL
ON CONFLICT (programme, reference) DO NOTHING
"""  # noqa: S608 -- as above


def rules() -> RecoveryRules:
    """The owner's numbers, or the procedure's."""
    return RecoveryRules.objects.filter(pk=1).first() or RecoveryRules(pk=1)


def prepare(month: Month, *, by: User, at: datetime) -> RecoveryList:
    """Queues the building of a month's list; asked again it is built anew and decisions with their notes stay.

    Raises Refused for a month too far ahead and for a list whose work started.
    """
    today = Month.of(bogota(at).date())
    if not today.back(12) <= month <= today.next():
        raise Refused("Elija un mes entre hace un año y el próximo.")
    with transaction.atomic():
        row, created = RecoveryList.objects.get_or_create(month=month.first, defaults={"requested_by": by, "created_at": at})
        row = RecoveryList.objects.select_for_update().get(pk=row.pk)
        if row.is_frozen:
            raise Refused(f"El trabajo de {row.period.label} ya empezó: la lista no cambia más.")
        if not created and not row.is_running:
            row.status, row.requested_by = ListState.BUILDING, by
            row.requeue()
            row.save()
        return row


def start(list_id: int, *, by: User, at: datetime) -> RecoveryList:
    """Freezes the list and queues the opening of its calls; a second press finds it on its way. Raises Refused before it is built."""
    with transaction.atomic():
        row = RecoveryList.objects.select_for_update().get(pk=list_id)
        if row.is_frozen:
            return row
        if row.status != ListState.DRAFT:
            raise Refused("La lista todavía se está preparando: espere un momento.")
        if row.cut_on != bogota(at).date():
            raise Refused(f"La lista es del {row.cut_on:%d/%m/%Y}: actualícela antes de empezar.")
        if not Candidacy.objects.filter(recovery_list=row).listed().exists():
            raise Refused("La lista quedó sin clientes: revise las exclusiones antes de empezar.")
        row.status, row.frozen_at, row.frozen_by = ListState.STARTING, at, by
        row.requeue()
        row.save()
        return row


def run(row: RecoveryList, report: Progress) -> None:
    """The job: builds a list, or opens the calls of a frozen one."""
    at = clock.now()
    if row.status == ListState.BUILDING:
        report("Clasificando la base")
        build(row, at=at)
    elif row.status == ListState.STARTING:
        report("Abriendo las gestiones")
        open_calls(row, at=at)


def build(row: RecoveryList, *, at: datetime) -> None:
    """Classifies every vehicle of the history as of today, in one statement."""
    current, cut = rules(), bogota(at).date()
    with whole_sets():
        execute(BUILD, values_of(row, cut, at) | {"months": current.min_months, "never": current.include_never_visited})
        execute(FORGET, {"list": row.pk})
    row.status, row.cut_on, row.built_at = ListState.DRAFT, cut, at
    row.min_months, row.window_days, row.include_never_visited = current.min_months, current.window_days, current.include_never_visited
    row.save(update_fields=["status", "cut_on", "built_at", "min_months", "window_days", "include_never_visited"])


def open_calls(row: RecoveryList, *, at: datetime) -> None:
    """Opens one call per person of the list, and starts looking for their return."""
    values = values_of(row, row.cut_on, at) | {"month": row.month}
    with whole_sets():
        for statement in (OPEN, TIE, MOTIVES):
            execute(statement, values)
    row.status = ListState.WORKING
    row.save(update_fields=["status"])
    results.reconcile(list_id=row.pk)


@contextmanager
def whole_sets() -> Iterator[None]:
    """Joins of whole tables: the planner thinks that what was filled a moment ago is empty, and a nested loop over it never ends."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '192MB'")
        yield
        cursor.execute("SET LOCAL enable_nestloop = on")


def values_of(row: RecoveryList, cut: date, at: datetime) -> dict:
    return {"list": row.pk, "cut": cut, "at": at}


def execute(statement: str, values: dict) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def build_now(month: Month, *, by: User, at: datetime) -> RecoveryList:
    """`prepare` and the job in this process: for the demo and the command line."""
    row = prepare(month, by=by, at=at)
    build(row, at=at)
    RecoveryList.objects.filter(pk=row.pk).update(work_state=WorkState.DONE, finished_at=timezone.now())
    return row


# -- what people decide -----------------------------------------------------------------------------------------------


def restore(candidacy_id: int, note: str, *, by: User, at: datetime) -> Candidacy:
    """Brings an excluded vehicle back into the list, with the reason why (REC-8). Raises Refused."""
    with unfrozen(candidacy_id, note) as row:
        if row.is_listed:
            return row
        if row.customer_id is None:
            raise Refused("No se sabe a quién llamar: complete el cliente en su ficha y prepare la lista de nuevo.")
        if blocked := FINAL.intersection(row.reasons):
            raise Refused(f"No se puede devolver: {eligibility.WORDS[min(blocked)]}")
        return decide(row, Decision.RESTORED, note, by=by, at=at)


def remove(candidacy_id: int, note: str, *, by: User, at: datetime) -> Candidacy:
    """Takes a vehicle out of the list by hand, with the reason why. Raises Refused."""
    with unfrozen(candidacy_id, note) as row:
        if not row.is_listed:
            return row
        return decide(row, Decision.REMOVED, note, by=by, at=at)


@contextmanager
def unfrozen(candidacy_id: int, note: str) -> Iterator[Candidacy]:
    """The candidacy locked, in a list that still may change. Raises Refused without a note or once the work started."""
    if not note.strip():
        raise Refused("Escriba por qué: la nota queda con su nombre.")
    with transaction.atomic():
        row = Candidacy.objects.select_for_update(of=("self",)).get(pk=candidacy_id)
        if RecoveryList.objects.select_for_update().get(pk=row.recovery_list_id).status != ListState.DRAFT:
            raise Refused("El trabajo de esta lista ya empezó: el denominador no se mueve.")
        yield row


def decide(row: Candidacy, decision: Decision, note: str, *, by: User, at: datetime) -> Candidacy:
    row.decision, row.decision_note, row.decided_by, row.decided_at = decision, note.strip()[:300], by, at
    row.save(update_fields=["decision", "decision_note", "decided_by", "decided_at"])
    row.refresh_from_db(fields=["is_listed", "reason"])
    return row
