"""What an import leaves in our tables, as data: so that a merge tells it and an undo takes it back (domain 3.2 §10)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.apps import apps
from django.db import models


@dataclass(frozen=True)
class Trace:
    """One table that an import writes. SQL is about row `{x}`; it may ask for `batch`, `stamp` and `applied` (the instants).

    Rows that the import changed are told in ImportChange under `subject`, with what they held; so are the rows that it
    made when nothing in them says so (`made` empty).
    """

    subject: str
    model: str
    made: str = ""  # the rows that the import made
    worked: str = ""  # rows, made or changed, that a person has worked on since: the import stays
    used_stays: bool = False  # rows that something else uses by now stay, silently; otherwise the whole import stays
    keeps: tuple[str, ...] = ()  # columns that never go back
    rows_of: str = ""  # the rows of the file that speak of each: SQL of (id, n), one set for all of them
    name: str = "{0}"  # how a row is named to a person
    told: bool = True  # counted to the person who takes the import back

    @property
    def kind(self) -> type[models.Model]:
        return apps.get_model(self.model)

    @property
    def rows(self) -> models.Manager:
        return self.kind._default_manager  # noqa: SLF001 -- Django's own name for it

    @property
    def table(self) -> str:
        return self.kind._meta.db_table

    @property
    def columns(self) -> list[str]:
        """What an undo writes back."""
        fields = [
            field for field in self.kind._meta.concrete_fields if not field.primary_key and not isinstance(field, models.GeneratedField)
        ]
        return [field.column for field in fields if field.column not in self.keeps]


NOTHING = "false"
OF_BATCH = "{x}.batch_id = %(batch)s"
LEASE = ("fence", "leased_by_id", "leased_at", "lease_until", "call_started_at", "is_inbound")

MOTIVE = Trace("motive", "callcenter.Motive", made=OF_BATCH, told=False)
OUTREACH = Trace(
    "outreach", "callcenter.Outreach", made=OF_BATCH, keeps=LEASE, name="la gestión de {0.customer.name}",
    # Some are closed as they are made: nobody can be called.
    worked=OF_BATCH + " AND ({x}.state <> 'OPEN' AND {x}.closed_at IS DISTINCT FROM {x}.opened_at OR {x}.calls_made > 0 OR {x}.leased_by_id IS NOT NULL)",
)  # fmt: skip
# An appointment that the file decided can't stand again beside another, nor after somebody called about the absence.
BOOKING = Trace(
    "booking", "callcenter.Appointment", made=NOTHING, name="la cita de {0.customer.name}",
    worked="EXISTS (SELECT FROM callcenter_appointment z WHERE z.vehicle_id = {x}.vehicle_id AND z.id <> {x}.id AND z.status IN ('SCHEDULED', 'CONFIRMED'))"
    " OR {x}.status = 'NO_SHOW' AND EXISTS (SELECT FROM callcenter_motive q JOIN callcenter_outreach o ON o.id = q.outreach_id WHERE q.programme = 'NO_SHOW'"
    " AND q.reference = {x}.id::text AND (o.calls_made > 0 OR o.leased_by_id IS NOT NULL))",
)  # fmt: skip
# The people and vehicles of a file, whichever file it is; what others use by now stays.
MASTER = (
    Trace("differs", "callcenter.ImportDifference", used_stays=True, told=False),
    Trace("point", "callcenter.ContactPoint", used_stays=True, told=False),
    Trace("party", "callcenter.VehicleParty", used_stays=True, told=False),
    Trace("customer", "callcenter.Customer", made="{x}.created_at = %(stamp)s", used_stays=True),
    Trace("vehicle", "callcenter.Vehicle", made="{x}.created_at = %(stamp)s", used_stays=True),
)
# What belongs to a customer or a vehicle and goes with it.
OWNED = frozenset({"callcenter.ContactPoint", "callcenter.VehicleParty"})


def mine(trace: Trace, x: str = "x") -> str:
    """SQL: the import made row `x`."""
    if trace.made:
        return trace.made.format(x=x)
    return f"{x}.id IN ({told(trace)} AND before IS NULL)"


def changed(trace: Trace, x: str = "x") -> str:
    """SQL: the import changed row `x`."""
    return f"{x}.id IN ({told(trace)} AND before IS NOT NULL)"


def told(trace: Trace) -> str:
    return f"SELECT object_id FROM callcenter_importchange WHERE batch_id = %(batch)s AND subject = '{trace.subject}'"  # noqa: S608 -- ours


def references(kind: type[models.Model], *, let_go: bool = False) -> list[tuple[type[models.Model], str]]:
    """(model, column) of every foreign key to a model: those that need the row, or with `let_go` those that can do without it."""
    return [
        (relation.related_model, relation.field.column)
        for relation in kind._meta.related_objects
        if not relation.many_to_many and relation.field.db_constraint  # the audit trail only remembers what was there
        and (relation.on_delete is models.SET_NULL) == let_go
    ]  # fmt: skip


def used(trace: Trace, leaves: Sequence[Trace]) -> str:
    """SQL: something that the import did not make needs row `x`."""
    by_table = {leaf.kind: leaf for leaf in leaves}
    owned = OWNED if trace.model in {"callcenter.Customer", "callcenter.Vehicle"} else frozenset()
    needs = [
        f"EXISTS (SELECT FROM {kind._meta.db_table} r WHERE r.{column} = x.id"
        + (f" AND ({mine(by_table[kind], 'r')}) IS NOT TRUE)" if kind in by_table else ")")
        for kind, column in references(trace.kind)
        if kind._meta.label not in owned
    ]
    return " OR ".join(needs) or NOTHING
