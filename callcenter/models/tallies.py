"""Calls by day, brand, site and programme: what reads a year of them without reading them (PostgreSQL keeps it itself).

Each statement that writes calls adds its difference as a row of its own, so that two agents never wait for one another and a
reader always sees exactly what the calls of its snapshot say; `domain/tallies.py` folds the differences into one row a day.
"""

import pgtrigger
from django.db import models

from callcenter.enums import Programme
from callcenter.models.organisation import Brand, Site

# What counts: a call of ours that stands. The same as `domain/metrics.OUR_CALL` of `Attempt.objects.counted()`; a test compares them.
STANDS = "{row}.undone_at IS NULL AND {row}.part_of_id IS NULL AND NOT {row}.is_inbound"
DIFFERENCE = """
INSERT INTO callcenter_calltally (day, brand_id, site_id, programme, attempts, contacts)
SELECT d.day, o.brand_id, o.site_id, o.programme, sum(d.sign), coalesce(sum(d.sign) FILTER (WHERE d.is_contact), 0)
  FROM ({rows}) d JOIN callcenter_outreach o ON o.id = d.outreach_id
 GROUP BY 1, 2, 3, 4 HAVING sum(d.sign) <> 0 OR coalesce(sum(d.sign) FILTER (WHERE d.is_contact), 0) <> 0;
RETURN NULL;
"""
ADDED = f"SELECT r.day, r.outreach_id, r.is_contact, 1 AS sign FROM new_rows r WHERE {STANDS.format(row='r')}"  # noqa: S608 -- our own words
TAKEN = f"SELECT r.day, r.outreach_id, r.is_contact, -1 AS sign FROM old_rows r WHERE {STANDS.format(row='r')}"  # noqa: S608
# An outreach that changes its site, brand or programme takes its calls along.
MOVED = f"""
INSERT INTO callcenter_calltally (day, brand_id, site_id, programme, attempts, contacts)
SELECT a.day, w.brand_id, w.site_id, w.programme, sum(w.sign), coalesce(sum(w.sign) FILTER (WHERE a.is_contact), 0)
  FROM callcenter_attempt a
 CROSS JOIN (VALUES (OLD.brand_id, OLD.site_id, OLD.programme, -1), (NEW.brand_id, NEW.site_id, NEW.programme, 1)) w(brand_id, site_id, programme, sign)
 WHERE a.outreach_id = NEW.id AND {STANDS.format(row="a")} GROUP BY 1, 2, 3, 4;
RETURN NULL;
"""  # noqa: S608
OPERATIONS = {
    "insert": (pgtrigger.Insert, {"new": "new_rows"}, ADDED),
    "update": (pgtrigger.Update, {"old": "old_rows", "new": "new_rows"}, f"{TAKEN} UNION ALL {ADDED}"),
    "delete": (pgtrigger.Delete, {"old": "old_rows"}, TAKEN),
}


def tallied() -> list[pgtrigger.Trigger]:
    """The triggers of the calls."""
    return [
        pgtrigger.Trigger(
            name=f"tally_{name}", level=pgtrigger.Statement, when=pgtrigger.After, operation=operation,
            referencing=pgtrigger.Referencing(**tables), func=DIFFERENCE.format(rows=rows),
        )
        for name, (operation, tables, rows) in OPERATIONS.items()
    ]  # fmt: skip


def moves_tally() -> pgtrigger.Trigger:
    """The trigger of their outreaches: one that changes none of the three costs nothing."""
    return pgtrigger.Trigger(
        name="tally_moved", level=pgtrigger.Row, when=pgtrigger.After, operation=pgtrigger.UpdateOf("site_id", "brand_id", "programme"),
        condition=pgtrigger.AnyChange("site", "brand", "programme"), func=MOVED,
    )  # fmt: skip


class CallTally(models.Model):
    """Calls of one day, brand, site and programme, or a difference in them: the sum of the rows is the figure."""

    day = models.DateField("día")
    brand = models.ForeignKey(Brand, models.PROTECT, db_index=False, related_name="+", verbose_name="marca")
    site = models.ForeignKey(Site, models.PROTECT, db_index=False, related_name="+", verbose_name="sede")
    programme = models.CharField("programa", max_length=20, choices=Programme)
    attempts = models.IntegerField("intentos")
    contacts = models.IntegerField("contactos")

    class Meta:
        verbose_name, verbose_name_plural = "suma de llamadas", "sumas de llamadas"
        indexes = [models.Index(fields=["day", "programme", "brand", "site"], include=["attempts", "contacts"], name="call_tally_day")]

    def __str__(self):
        return f"{self.day} {self.get_programme_display()}: {self.attempts}"
