"""What reads a year of calls without reading them, kept by PostgreSQL itself with every write of a call.

`CallTally` and `MonthTally` are sums: each statement that writes calls adds its difference as a row of its own, so that two
agents never wait for one another and a reader always sees exactly what the calls of its snapshot say; `domain/tallies.py` folds
the differences. `CalledMonth` is for what does not add up (distinct customers and outreaches): a row for each outreach called in
a month, written anew whenever one of its calls changes.
"""

import pgtrigger
from django.db import models

from callcenter.enums import Outcome, Programme
from callcenter.models.organisation import Brand, Site, User

# What counts: a call of ours that stands. The same as `domain/metrics.OUR_CALL` of `Attempt.objects.counted()`; a test compares them.
OURS = "({row}.part_of_id IS NULL AND NOT {row}.is_inbound)"
CHANGED = "sum({sign}) <> 0 OR coalesce(sum({sign}) FILTER (WHERE {contact}), 0) <> 0"
# `rows` (SQL): calls that stand, each with the brand, site and programme for which it counts and the sign with which it does.
DAYS = f"""
INSERT INTO callcenter_calltally (day, brand_id, site_id, programme, attempts, contacts)
SELECT d.day, d.brand_id, d.site_id, d.programme, sum(d.sign), coalesce(sum(d.sign) FILTER (WHERE d.is_contact), 0)
  FROM ({{rows}}) d WHERE {OURS.format(row="d")}
 GROUP BY 1, 2, 3, 4 HAVING {CHANGED.format(sign="d.sign", contact="d.is_contact")};
"""  # noqa: S608 -- our own words
MONTHS = f"""
INSERT INTO callcenter_monthtally (month, brand_id, site_id, programme, agent_id, outcome, reason_id, calls, attempts, contacts)
SELECT date_trunc('month', d.day), d.brand_id, d.site_id, d.programme, d.agent_id, d.outcome, d.reason_id, sum(d.sign),
       coalesce(sum(d.sign) FILTER (WHERE {OURS.format(row="d")}), 0),
       coalesce(sum(d.sign) FILTER (WHERE {OURS.format(row="d")} AND d.is_contact), 0)
  FROM ({{rows}}) d GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING sum(d.sign) <> 0 OR coalesce(sum(d.sign) FILTER (WHERE {OURS.format(row="d")}), 0) <> 0
    OR coalesce(sum(d.sign) FILTER (WHERE {OURS.format(row="d")} AND d.is_contact), 0) <> 0;
"""  # noqa: S608
# `first_call` and `is_silent` are of the whole outreach: its rows of all months say the same.
CALLED = f"""
INSERT INTO callcenter_calledmonth (month, outreach_id, customer_id, brand_id, site_id, programme, campaign_id, attempts, contacts,
       is_reached, is_booked, first_call, is_silent)
SELECT date_trunc('month', a.day), o.id, o.customer_id, o.brand_id, o.site_id, o.programme, o.campaign_id,
       count(*) FILTER (WHERE {OURS.format(row="a")}), count(*) FILTER (WHERE {OURS.format(row="a")} AND a.is_contact),
       bool_or(a.is_contact), bool_or(a.outcome = '{Outcome.BOOKED}'), min(min(a.started_at)) OVER w, NOT bool_or(bool_or(a.is_contact)) OVER w
  FROM callcenter_attempt a JOIN callcenter_outreach o ON o.id = a.outreach_id
 WHERE a.undone_at IS NULL {{whose}} GROUP BY 1, o.id WINDOW w AS (PARTITION BY o.id);
"""  # noqa: S608
# One at a time for each outreach, whoever writes: what is counted must be all that there is.
RECOUNT = f"""
PERFORM FROM callcenter_outreach o WHERE o.id IN ({{whose}}) ORDER BY o.id FOR NO KEY UPDATE;
DELETE FROM callcenter_calledmonth c WHERE c.outreach_id IN ({{whose}});
{CALLED.format(whose="AND a.outreach_id IN ({whose})")}"""  # noqa: S608
WRITTEN = """SELECT r.*, o.brand_id, o.site_id, o.programme, {sign} AS sign FROM {table} r JOIN callcenter_outreach o ON o.id = r.outreach_id
 WHERE r.undone_at IS NULL"""
ADDED, TAKEN = WRITTEN.format(sign=1, table="new_rows"), WRITTEN.format(sign=-1, table="old_rows")
COUNTED = (
    "{row}.outreach_id, {row}.day, {row}.started_at, {row}.is_contact, {row}.outcome, {row}.undone_at, {row}.part_of_id, {row}.is_inbound"
)
ALTERED = f"""SELECT unnest(ARRAY[b.outreach_id, n.outreach_id]) FROM old_rows b JOIN new_rows n USING (id)
 WHERE ({COUNTED.format(row="b")}) IS DISTINCT FROM ({COUNTED.format(row="n")})"""  # noqa: S608
# (what sets it off, the rows it names, the differences of the sums, the outreaches to count again)
OPERATIONS = {
    "insert": (pgtrigger.Insert, {"new": "new_rows"}, ADDED, "SELECT outreach_id FROM new_rows"),
    "update": (pgtrigger.Update, {"old": "old_rows", "new": "new_rows"}, f"{TAKEN} UNION ALL {ADDED}", ALTERED),
    "delete": (pgtrigger.Delete, {"old": "old_rows"}, TAKEN, "SELECT outreach_id FROM old_rows"),
}
# An outreach that changes its site, brand or programme takes its calls along.
SIDES = """SELECT a.*, w.brand_id, w.site_id, w.programme, w.sign FROM callcenter_attempt a
 CROSS JOIN (VALUES (OLD.brand_id, OLD.site_id, OLD.programme, -1), (NEW.brand_id, NEW.site_id, NEW.programme, 1))
       w(brand_id, site_id, programme, sign)
 WHERE a.outreach_id = NEW.id AND a.undone_at IS NULL"""
MOVED = f"""
IF (OLD.brand_id, OLD.site_id, OLD.programme) IS DISTINCT FROM (NEW.brand_id, NEW.site_id, NEW.programme) THEN
{DAYS.format(rows=SIDES)}{MONTHS.format(rows=SIDES)}
END IF;
UPDATE callcenter_calledmonth SET brand_id = NEW.brand_id, site_id = NEW.site_id, programme = NEW.programme,
       customer_id = NEW.customer_id, campaign_id = NEW.campaign_id WHERE outreach_id = NEW.id;
RETURN NULL;
"""  # noqa: S608


def tallied() -> list[pgtrigger.Trigger]:
    """The triggers of the calls."""
    return [
        pgtrigger.Trigger(
            name=f"tally_{name}", level=pgtrigger.Statement, when=pgtrigger.After, operation=operation,
            referencing=pgtrigger.Referencing(**tables),
            func=f"{DAYS.format(rows=rows)}{MONTHS.format(rows=rows)}{RECOUNT.format(whose=whose)}RETURN NULL;",
        )
        for name, (operation, tables, rows, whose) in OPERATIONS.items()
    ]  # fmt: skip


def moves_tally() -> pgtrigger.Trigger:
    """The trigger of their outreaches: one that changes none of these costs nothing."""
    return pgtrigger.Trigger(
        name="tally_moved", level=pgtrigger.Row, when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("site_id", "brand_id", "programme", "customer_id", "campaign_id"),
        condition=pgtrigger.AnyChange("site", "brand", "programme", "customer", "campaign"), func=MOVED,
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


class MonthTally(models.Model):
    """Calls of one month by who called and what came of it, or a difference in them: the sum of the rows is the figure."""

    month = models.DateField("mes")
    brand = models.ForeignKey(Brand, models.PROTECT, db_index=False, related_name="+", verbose_name="marca")
    site = models.ForeignKey(Site, models.PROTECT, db_index=False, related_name="+", verbose_name="sede")
    programme = models.CharField("programa", max_length=20, choices=Programme)
    agent = models.ForeignKey(User, models.PROTECT, db_index=False, related_name="+", verbose_name="agente")
    outcome = models.CharField("resultado", max_length=12, choices=Outcome)
    reason = models.ForeignKey("callcenter.Reason", models.PROTECT, null=True, db_index=False, related_name="+", verbose_name="motivo")
    calls = models.IntegerField("llamadas")  # all that stand: another car of the same call and the customer's own calls too
    attempts = models.IntegerField("intentos")
    contacts = models.IntegerField("contactos")

    class Meta:
        verbose_name, verbose_name_plural = "suma de llamadas del mes", "sumas de llamadas del mes"
        indexes = [models.Index(fields=["month", "programme"], name="month_tally_month")]

    def __str__(self):
        return f"{self.month:%Y-%m} {self.agent}: {self.attempts}"


class CalledMonth(models.Model):
    """An outreach that was called in a month: what counts outreaches and customers once.

    Its keys are no relations of the database's: it has no rows of its own to lose, and is not what keeps a customer.
    """

    pk = models.CompositePrimaryKey("outreach", "month")
    month = models.DateField("mes")
    outreach = models.ForeignKey("callcenter.Outreach", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    customer = models.ForeignKey("callcenter.Customer", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    brand = models.ForeignKey(Brand, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    site = models.ForeignKey(Site, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    programme = models.CharField("programa", max_length=20, choices=Programme)
    campaign = models.ForeignKey("callcenter.Campaign", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+")
    attempts = models.SmallIntegerField("intentos")
    contacts = models.SmallIntegerField("contactos")
    is_reached = models.BooleanField("contactada en el mes")
    is_booked = models.BooleanField("agendada en el mes")
    first_call = models.DateTimeField("primera llamada de la gestión")
    is_silent = models.BooleanField("nunca contactada")

    class Meta:
        verbose_name, verbose_name_plural = "gestión llamada en el mes", "gestiones llamadas en el mes"
        indexes = [
            models.Index(
                fields=["month", "programme", "customer"],
                include=["outreach", "brand", "site", "campaign", "attempts", "contacts", "is_reached", "is_booked", "first_call", "is_silent"],
                name="called_month",
            ),
            # The register of GSC-FOR-09 by the page: its order is the first call.
            models.Index(fields=["month", "programme", "first_call", "outreach"], name="called_month_first"),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.month:%Y-%m} n.º {self.outreach_id}"
