"""The sums of calls by day: read for a slice, folded, and built anew from the calls (callcenter/models/tallies.py)."""

from collections.abc import Iterable

from django.db import connection
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth

from callcenter.domain.metrics import CallFigures, Slice
from callcenter.models import CallTally
from callcenter.models.tallies import STANDS
from carrazos.lib.periods import Month
from carrazos.lib.ratios import Ratio

FOLD = """
WITH apart AS (
  SELECT day, brand_id, site_id, programme FROM callcenter_calltally GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
), taken AS (
  DELETE FROM callcenter_calltally t USING apart a
   WHERE (t.day, t.brand_id, t.site_id, t.programme) = (a.day, a.brand_id, a.site_id, a.programme) RETURNING t.*
)
INSERT INTO callcenter_calltally (day, brand_id, site_id, programme, attempts, contacts)
SELECT day, brand_id, site_id, programme, sum(attempts), sum(contacts) FROM taken GROUP BY 1, 2, 3, 4
"""
REBUILD = f"""
DELETE FROM callcenter_calltally;
INSERT INTO callcenter_calltally (day, brand_id, site_id, programme, attempts, contacts)
SELECT a.day, o.brand_id, o.site_id, o.programme, count(*), count(*) FILTER (WHERE a.is_contact)
  FROM callcenter_attempt a JOIN callcenter_outreach o ON o.id = a.outreach_id WHERE {STANDS.format(row="a")} GROUP BY 1, 2, 3, 4
"""  # noqa: S608 -- our own words


def fold() -> None:
    """One row for each day, brand, site and programme; two at once fold nothing twice, for each takes only what it deletes."""
    with connection.cursor() as cursor:
        cursor.execute(FOLD)


def rebuild() -> None:
    """The sums from the calls themselves, in one transaction."""
    with connection.cursor() as cursor:
        cursor.execute(REBUILD)


def of(part: Slice) -> QuerySet[CallTally]:
    """The sums of a slice. Raises ValueError for a slice of one agent: the sums do not know who called."""
    if part.agent is not None:
        raise ValueError("the sums of the calls are not by agent")
    rows = CallTally.objects.filter(day__gte=part.start, day__lt=part.end)
    if part.programme is not None:
        rows = rows.filter(programme=part.programme)
    if part.sites is not None:
        rows = rows.filter(site__in=part.sites)
    return rows if part.brands is None else rows.filter(brand__in=part.brands)


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
