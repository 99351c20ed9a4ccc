"""GC-FOR-21: days without follow-up → light, and the counters of each prospect of the month (CRM-12, CRM-R4, CRM-R5).

The counters, the days and the light of a month are one statement; Python builds only the rows that are shown.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import QuerySet

from carrazos.lib.calendar import bogota, start_of
from carrazos.lib.periods import Month
from crm_audit.enums import ActivityKind, ActivityState, Light, Situation, Verdict
from crm_audit.models import Prospect


@dataclass(frozen=True)
class Thresholds:
    """From how many calendar days on a prospect is yellow, and red."""

    yellow_from: int = 4
    red_from: int = 8


DEFAULT = Thresholds()
LEFT_DAYS = 5  # screens §2.5: from here on whoever coordinates looks into it


def light(days: int | None, limits: Thresholds = DEFAULT) -> Light:
    """The light after `days` without follow-up; None (a closed prospect) has none."""
    if days is None:
        return Light.NONE
    if days >= limits.red_from:
        return Light.RED
    return Light.YELLOW if days >= limits.yellow_from else Light.GREEN


def sql_light(days: str, yellow_from: str, red_from: str) -> str:
    """The same as `light`."""
    return (
        f"CASE WHEN {days} IS NULL THEN '{Light.NONE}' WHEN {days} >= {red_from} THEN '{Light.RED}'"
        f" WHEN {days} >= {yellow_from} THEN '{Light.YELLOW}' ELSE '{Light.GREEN}' END"
    )


@dataclass(frozen=True)
class FollowUp:
    """One line of GC-FOR-21."""

    prospect: Prospect
    calls: int
    quotes: int
    visits: int
    drives: int
    others: int
    last_on: date | None
    days: int | None  # None: the prospect is closed, nobody owes it a follow-up
    light: Light

    @property
    def pk(self) -> int:
        """A report freezes the number of the prospect."""
        return self.prospect.pk

    @property
    def total(self) -> int:
        return self.calls + self.quotes + self.visits + self.drives + self.others


@dataclass(frozen=True)
class Standing:
    """One advisor's prospects of the month."""

    advisor: str
    prospects: int
    green: int
    yellow: int
    red: int
    closed: int
    activities: int
    worst: int  # most days without follow-up among the open ones
    left: int  # open ones that go more than LEFT_DAYS without it


def cut_of(month: Month, at: datetime) -> date:
    """The last day that counts: today, or the month's last once it is over, so that a closed month keeps its figures."""
    return min(bogota(at).date(), month.last)


COUNTERS = {  # the five columns of the form; the rest is «otros (matrícula, entrega, WhatsApp)»
    "calls": ActivityKind.CALL, "quotes": ActivityKind.QUOTE, "visits": ActivityKind.VISIT, "drives": ActivityKind.TEST_DRIVE,
}  # fmt: skip
NAMED = ", ".join(f"'{kind}'" for kind in COUNTERS.values())
# An activity judged invalid is no follow-up; a planned one neither.
LINES = f"""
WITH scope AS MATERIALIZED ({{scope}}),
told AS MATERIALIZED (
  SELECT a.prospect_id, {", ".join(f"count(*) FILTER (WHERE a.kind = '{kind}') AS {name}" for name, kind in COUNTERS.items())},
         count(*) FILTER (WHERE a.kind NOT IN ({NAMED})) AS others, (max(a.done_at) AT TIME ZONE 'America/Bogota')::date AS last_on
    FROM crm_audit_activity a
   WHERE a.prospect_id IN (SELECT id FROM scope) AND a.state = '{ActivityState.DONE}' AND a.done_at < %s AND a.verdict <> '{Verdict.INVALID}'
   GROUP BY a.prospect_id
), dated AS (
  SELECT p.id, p.advisor_name, COALESCE(e.name, p.advisor_name) AS advisor, t.calls, t.quotes, t.visits, t.drives, t.others, t.last_on,
         CASE WHEN p.situation = '{Situation.OPEN}' THEN GREATEST(0, %s::date - GREATEST(t.last_on, p.created_on)) END AS days,
         COALESCE(r.yellow_from, {DEFAULT.yellow_from}) AS yellow_from, COALESCE(r.red_from, {DEFAULT.red_from}) AS red_from
    FROM crm_audit_prospect p JOIN scope USING (id) LEFT JOIN told t ON t.prospect_id = p.id
    LEFT JOIN callcenter_employee e ON e.id = p.advisor_id LEFT JOIN crm_audit_auditrule r ON r.brand_id = p.brand_id
), line AS (
  SELECT *, {sql_light("days", "yellow_from", "red_from")} AS light FROM dated
)
"""  # noqa: S608 -- our own names
PAGE = """
SELECT id, COALESCE(calls, 0), COALESCE(quotes, 0), COALESCE(visits, 0), COALESCE(drives, 0), COALESCE(others, 0), last_on, days, light
  FROM line WHERE %s IS NULL OR light = %s ORDER BY days DESC NULLS LAST, advisor_name, id OFFSET %s LIMIT %s
"""
RANKING = f"""
SELECT advisor, count(*), {", ".join(f"count(*) FILTER (WHERE light = '{item}')" for item in (Light.GREEN, Light.YELLOW, Light.RED, Light.NONE))},
       COALESCE(sum(calls + quotes + visits + drives + others), 0), COALESCE(max(days), 0), count(*) FILTER (WHERE days > {LEFT_DAYS})
  FROM line GROUP BY advisor ORDER BY 5 DESC, 4 DESC, advisor
"""  # noqa: S608 -- as above


def ask(rows: QuerySet[Prospect], cut: date, question: str, *values: object) -> list[tuple]:
    """The answer to a question about the lines of some prospects at the end of the day of the cut."""
    scope, params = rows.order_by().values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(LINES.format(scope=scope) + question, [*params, start_of(cut + timedelta(days=1)), cut, *values])
        return cursor.fetchall()


def follow_ups(
    rows: QuerySet[Prospect], cut: date, *, only: Light | None = None, start: int = 0, size: int | None = None
) -> list[FollowUp]:
    """The lines of some prospects at a cut, perhaps of one light or one page: most days first, closed ones last."""
    found = ask(rows, cut, PAGE, only, only, start, size)
    prospects = rows.in_bulk([line[0] for line in found])
    return [FollowUp(prospects[pk], *more, Light(light)) for pk, *more, light in found]


def ranking(rows: QuerySet[Prospect], cut: date) -> list[Standing]:
    """The advisors of some prospects at a cut, most red ones first."""
    return [Standing(*line) for line in ask(rows, cut, RANKING)]
