"""Why a prospect looks invented (CRM-2 «creación de clientes falsos») and what speaks against an activity, computed over sets.

Both only explain and propose; a person decides. Each statement rewrites no row whose answer stays the same.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection

SHARED_BY = 3  # prospects with other names on one phone
BURST_SIZE, BURST_MINUTES = 5, 10
COPIES = 3  # the same comment in one advisor's day
LAST_DAY_FROM = 3  # prospects of a month before «all on the last day» says anything

PROSPECT_SIGNALS = f"""
WITH scope AS (
  SELECT * FROM crm_audit_prospect WHERE month BETWEEN %(first)s AND %(last)s AND NOT is_stub
), phone AS (
  SELECT p.id, p.name_key, x.value FROM scope p, unnest(p.phones) x(value)
), rush AS (
  SELECT advisor_key, created_at FROM (
    SELECT advisor_key, created_at, count(*) OVER (PARTITION BY advisor_key ORDER BY created_at
             RANGE BETWEEN CURRENT ROW AND interval '{BURST_MINUTES} minutes' FOLLOWING) AS n
      FROM scope WHERE created_at IS NOT NULL) t WHERE n >= {BURST_SIZE}
), found AS (
  SELECT id, unnest(own_signals) AS code FROM scope
  UNION SELECT id, 'SHARED_PHONE' FROM phone JOIN (
          SELECT value FROM phone GROUP BY value HAVING count(DISTINCT name_key) >= {SHARED_BY}) s USING (value)
  UNION SELECT id, 'EMPLOYEE_PHONE' FROM phone WHERE value = ANY (%(own_phones)s)
  UNION SELECT id, 'EMPLOYEE_NAME' FROM scope WHERE name_key <> '' AND name_key IN (SELECT name_key FROM callcenter_employee)
  UNION SELECT id, 'REPEATED_NAME' FROM (
          SELECT id, count(*) OVER (PARTITION BY advisor_key, month, name_key) AS n FROM scope WHERE name_key <> '') t WHERE n >= 2
  UNION SELECT id, 'TWO_ADVISORS' FROM scope JOIN (
          SELECT month, split_part(person_key, '#', 1) AS person FROM scope WHERE person_key <> ''
           GROUP BY 1, 2 HAVING count(DISTINCT advisor_key) >= 2) t
          ON t.month = scope.month AND t.person = split_part(scope.person_key, '#', 1)
  UNION SELECT p.id, 'BURST' FROM scope p JOIN rush r ON r.advisor_key = p.advisor_key
           AND p.created_at BETWEEN r.created_at AND r.created_at + interval '{BURST_MINUTES} minutes'
  UNION SELECT p.id, 'LAST_DAY' FROM scope p JOIN (
          SELECT advisor_key, month FROM scope GROUP BY advisor_key, month
          HAVING count(*) >= {LAST_DAY_FROM} AND min(created_on) = (month + interval '1 month' - interval '1 day')::date) t
          USING (advisor_key, month)
), answer AS (
  SELECT p.id, COALESCE(array_agg(f.code ORDER BY f.code) FILTER (WHERE f.code IS NOT NULL), ARRAY[]::varchar[])::varchar[] AS signals
    FROM scope p LEFT JOIN found f USING (id) GROUP BY p.id
)
UPDATE crm_audit_prospect p SET signals = a.signals FROM answer a WHERE a.id = p.id AND p.signals IS DISTINCT FROM a.signals
"""  # noqa: S608 -- our own numbers

# The neighbours of a row (same advisor and day) decide with it, so whole days are looked at; judged rows keep what was proposed.
ACTIVITY_HINTS = f"""
WITH scope AS (
  SELECT a.*, p.created_on AS prospect_since, p.situation, p.is_stub
    FROM crm_audit_activity a LEFT JOIN crm_audit_prospect p ON p.id = a.prospect_id
   WHERE a.state <> 'CANCELLED' AND (a.advisor_key, a.day) IN (SELECT advisor_key, day FROM {{days}})
), rush AS (
  SELECT advisor_key, done_at FROM (
    SELECT advisor_key, done_at, count(*) OVER (PARTITION BY advisor_key ORDER BY done_at
             RANGE BETWEEN CURRENT ROW AND interval '{BURST_MINUTES} minutes' FOLLOWING) AS n
      FROM scope WHERE state = 'DONE' AND has_hour) t WHERE n >= {BURST_SIZE}
), again AS (
  SELECT id FROM (
    SELECT id, done_at - lag(done_at) OVER (PARTITION BY advisor_key, COALESCE(prospect_id::text, name_key), kind, comment_key
                                            ORDER BY done_at, id) AS gap
      FROM scope WHERE state = 'DONE' AND done_at IS NOT NULL) t WHERE gap <= interval '1 hour'
), found AS (
  SELECT id, comment_hint AS code FROM scope WHERE state = 'DONE' AND comment_hint <> ''
  UNION SELECT id, 'COPY_PASTE' FROM (
          SELECT id, count(*) OVER (PARTITION BY advisor_key, day, comment_key) AS n FROM scope
           WHERE state = 'DONE' AND comment_key <> '') t WHERE n >= {COPIES}
  UNION SELECT id, 'DATE_ERROR' FROM scope WHERE state = 'DONE'
           AND (done_at IS NULL OR done_at > %(at)s OR (NOT is_stub AND (done_at AT TIME ZONE 'America/Bogota')::date < prospect_since))
  UNION SELECT id, 'DUPLICATE' FROM again
  UNION SELECT s.id, 'BURST' FROM scope s JOIN rush r ON r.advisor_key = s.advisor_key AND s.state = 'DONE' AND s.has_hour
           AND s.done_at BETWEEN r.done_at AND r.done_at + interval '{BURST_MINUTES} minutes'
  UNION SELECT id, CASE WHEN situation IN ('SOLD', 'LOST') THEN 'PROSPECT_CLOSED' WHEN comment_key <> '' AND comment_hint = '' THEN 'NOT_UPDATED'
                        ELSE 'FORGOTTEN' END FROM scope WHERE state = 'NOT_DONE'
), answer AS (
  SELECT s.id, COALESCE(array_agg(f.code ORDER BY f.code) FILTER (WHERE f.code IS NOT NULL), ARRAY[]::varchar[])::varchar[] AS hints,
         CASE WHEN s.state = 'NOT_DONE' THEN 'NOT_DONE' WHEN bool_or(f.code <> 'BURST') THEN 'INVALID' ELSE 'VALID' END AS proposal
    FROM scope s LEFT JOIN found f USING (id) WHERE s.verdict = '' GROUP BY s.id, s.state
)
UPDATE crm_audit_activity a SET hints = n.hints, proposal = n.proposal FROM answer n
 WHERE n.id = a.id AND (a.hints, a.proposal) IS DISTINCT FROM (n.hints, n.proposal)
"""  # noqa: S608


def explain_prospects(first: date, last: date, own_phones: Sequence[str]) -> None:
    """Looks again at the prospects of the months from `first` to `last` (first days of months)."""
    with connection.cursor() as cursor:
        cursor.execute(PROSPECT_SIGNALS, {"first": first, "last": last, "own_phones": list(own_phones)})


def propose_verdicts(days: str, at: datetime) -> None:
    """Looks again at the activities of the advisors and days in the table `days` (advisor_key, day)."""
    with connection.cursor() as cursor:
        cursor.execute(ACTIVITY_HINTS.format(days=days), {"at": at})
