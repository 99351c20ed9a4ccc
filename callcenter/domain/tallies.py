"""What the database keeps of calls by day and month: read for a slice, folded, and built anew (callcenter/models/tallies.py)."""

from collections.abc import Iterable

from django.db import connection
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth

from callcenter.domain.metrics import CallFigures, Slice, within
from callcenter.models import CallTally
from callcenter.models.tallies import CALLED, DAYS, MONTHS, WRITTEN
from carrazos.lib.periods import Month
from carrazos.lib.ratios import Ratio

# Each table of sums: what its rows are of, and what they add up.
TABLES = {
    "callcenter_calltally": (("day", "brand_id", "site_id", "programme"), ("attempts", "contacts")),
    "callcenter_monthtally": (
        ("month", "brand_id", "site_id", "programme", "agent_id", "outcome", "reason_id"), ("calls", "attempts", "contacts")
    ),
}  # fmt: skip
FOLD = """
WITH apart AS (
  SELECT {keys} FROM {table} GROUP BY {keys} HAVING count(*) > 1
), taken AS (
  DELETE FROM {table} t USING apart a WHERE {same} RETURNING t.*
)
INSERT INTO {table} ({keys}, {sums}) SELECT {keys}, {added} FROM taken GROUP BY {keys}
"""
ALL = WRITTEN.format(sign=1, table="callcenter_attempt")
REBUILD = f"""
DELETE FROM callcenter_calltally; DELETE FROM callcenter_monthtally; DELETE FROM callcenter_calledmonth;
{DAYS.format(rows=ALL)}{MONTHS.format(rows=ALL)}{CALLED.format(whose="")}
"""  # noqa: S608 -- our own words


def fold() -> None:
    """One row for each key of the sums; two at once fold nothing twice, for each takes only what it deletes."""
    with connection.cursor() as cursor:
        for table, (keys, added) in TABLES.items():
            words = {
                "table": table, "keys": ", ".join(keys), "sums": ", ".join(added), "added": ", ".join(f"sum({name})" for name in added),
                # An equality for each, which can be hashed, but for the one that may be empty.
                "same": " AND ".join(f"t.{name} {'IS NOT DISTINCT FROM' if name == 'reason_id' else '='} a.{name}" for name in keys),
            }  # fmt: skip
            cursor.execute(FOLD.format(**words))


def rebuild() -> None:
    """All that is kept, from the calls themselves, in one transaction."""
    with connection.cursor() as cursor:
        cursor.execute(REBUILD)


def of(part: Slice) -> QuerySet[CallTally]:
    """The sums of a slice. Raises ValueError for a slice of one agent: the sums do not know who called."""
    if part.agent is not None:
        raise ValueError("the sums of the calls are not by agent")
    return within(CallTally.objects.filter(day__gte=part.start, day__lt=part.end), part)


SUMS = {"attempts": Coalesce(Sum("attempts"), 0), "contacts": Coalesce(Sum("contacts"), 0)}


def effectiveness(part: Slice) -> Ratio:
    """IND-01 of a slice without an agent."""
    return CallFigures(**of(part).aggregate(**SUMS)).effectiveness


def effectiveness_by_month(part: Slice, months: Iterable[Month]) -> list[tuple[Month, Ratio]]:
    """IND-01 of each of the months, in one query; a month without calls is there with zeros."""
    months = list(months)
    rows = of(part.spanning(months)).annotate(month=TruncMonth("day")).values("month").order_by().annotate(**SUMS)
    found = {Month.of(row.pop("month")): CallFigures(**row) for row in rows}
    return [(month, found.get(month, CallFigures()).effectiveness) for month in months]
