"""Two customers become one, and back: history, consents and contacts go over, nothing is lost, everything can be undone.

The merged row keeps its name, document, SPIGA code, phones and vehicles: by them tomorrow's file still knows the person, and
what it says goes to the one that stays. Phones and vehicles are therefore copied; every other row that points at the customer
moves, whatever app it is of.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.db.models import F

from callcenter.domain import consent, matching
from callcenter.domain.errors import Refused
from callcenter.enums import AliasKind, Channel, ExclusionScope, ExclusionSource, PairState
from callcenter.models import (
    ContactPoint,
    Customer,
    CustomerAlias,
    CustomerMerge,
    DuplicatePair,
    ImportDifference,
    Outreach,
    User,
    VehicleParty,
)

# Rows that stay with the customer they were written for.
STAYS = (ContactPoint, VehicleParty, CustomerAlias, ImportDifference, DuplicatePair, CustomerMerge, Customer)
DOCUMENT = ("document_type", "document_number", "check_digit", "document_key")
NAME = ("name", "raw_name", "name_key")
# What a person may keep of the one that goes although the other has its own: field chosen → columns.
CHOICES = {"name": NAME, "document": DOCUMENT, "city": ("city",)}
# The value of the one that stays under which SPIGA may still write it: (kind of alias, column).
ALIASES = {"name": (AliasKind.NAME, "name_key"), "document": (AliasKind.DOCUMENT, "document_key")}
# All that is known of a number or an address; a copy knows the same.
POINT = tuple(field.name for field in ContactPoint._meta.concrete_fields if field.name not in {"id", "customer", "position"})
TAKEN = (*DOCUMENT, *NAME, "dms_code", "city", "sites", "edited_fields", "validated_at", "validated_by_id")


def relations() -> Iterator[tuple[type[models.Model], str]]:
    """(model, field) of every row that moves with its customer: all foreign keys that the database holds, of any app."""
    for relation in Customer._meta.get_fields(include_hidden=True):
        if relation.auto_created and (relation.one_to_many or relation.one_to_one):
            field = relation.field
            if relation.related_model not in STAYS and field.db_constraint and field.model._meta.managed:
                yield relation.related_model, field.name


def locked_pair(survivor_id: int, loser_id: int) -> tuple[Customer, Customer]:
    """Both rows, locked in the order of their keys so that two merges never wait for each other."""
    rows = {row.pk: row for row in Customer.objects.select_for_update().filter(pk__in=[survivor_id, loser_id]).order_by("pk")}
    return rows[survivor_id], rows[loser_id]


def values_of(row: Customer, names: tuple[str, ...]) -> dict:
    found = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}


def merge(survivor_id: int, loser_id: int, *, by: User, at: datetime, take: Collection[str] = ()) -> CustomerMerge:
    """Makes `loser` part of `survivor`, in one transaction; `take` names the CHOICES that the loser has better.

    Raises Refused when either is merged already or in somebody's hands right now.
    """
    if survivor_id == loser_id:
        raise Refused("Elija dos clientes distintos.")
    with transaction.atomic():
        survivor, loser = locked_pair(survivor_id, loser_id)
        if survivor.merged_into_id or loser.merged_into_id:
            raise Refused("Uno de los dos ya se fusionó: recargue la página.")
        held = Outreach.objects.filter(customer__in=[survivor, loser], leased_by__isnull=False).select_related("leased_by").first()
        if held:
            raise Refused(f"{held.leased_by} tiene a este cliente en la consola ahora mismo. Espere a que termine la llamada.")
        found = matching.compare(survivor, loser)
        done = CustomerMerge(
            survivor=survivor, loser=loser, score=found.points, reasons=list(found.reasons), by=by, at=at,
            before={"survivor": values_of(survivor, TAKEN), "loser": values_of(loser, DOCUMENT)},
        )  # fmt: skip
        done.moved = {f"{model._meta.label}.{name}": ids for model, name in relations() if (ids := move(model, name, loser, survivor))}
        done.copied = {"points": copy_points(loser, survivor), "parties": copy_parties(loser, survivor)}
        done.moved["merged"] = list(Customer.objects.filter(merged_into=loser).values_list("pk", flat=True))
        Customer.objects.filter(merged_into=loser).update(merged_into=survivor)
        complete(survivor, loser, take)
        loser.merged_into = survivor
        loser.save()
        survivor.save()
        done.save()
        first, second = sorted([survivor.pk, loser.pk])
        DuplicatePair.objects.filter(first=first, second=second).update(state=PairState.MERGED, decided_by=by, decided_at=at)
        return done


def move(model: type[models.Model], name: str, loser: Customer, survivor: Customer) -> list:
    """Re-points the rows; returns their keys. What the database refuses (both had one) stays where it was."""
    manager = model._base_manager
    ids = list(manager.filter(**{name: loser}).order_by("pk").values_list("pk", flat=True))
    if not ids:
        return []
    if repoint(manager.filter(pk__in=ids), name, survivor):
        return ids
    return [pk for pk in ids if repoint(manager.filter(pk=pk), name, survivor)]


def repoint(rows: models.QuerySet, name: str, customer: Customer) -> bool:
    try:
        with transaction.atomic():
            rows.update(**{name: customer})
    except IntegrityError:
        return False
    return True


def copy_points(loser: Customer, survivor: Customer) -> list[int]:
    known = set(survivor.points.values_list("kind", "value"))
    after = 1 + max(survivor.points.values_list("position", flat=True), default=-1)
    fresh = [
        ContactPoint(customer=survivor, position=after + index, **{name: getattr(point, name) for name in POINT})
        for index, point in enumerate(loser.points.all())
        if (point.kind, point.value) not in known
    ]
    return [point.pk for point in ContactPoint.objects.bulk_create(fresh)]


def copy_parties(loser: Customer, survivor: Customer) -> list[int]:
    known = set(survivor.parties.values_list("vehicle_id", "role"))
    fresh = [
        VehicleParty(vehicle_id=party.vehicle_id, customer=survivor, role=party.role, since=party.since, until=party.until)
        for party in loser.parties.all()
        if (party.vehicle_id, party.role) not in known
    ]
    return [party.pk for party in VehicleParty.objects.bulk_create(fresh)]


def complete(survivor: Customer, loser: Customer, take: Collection[str]) -> None:
    """The one that stays takes what it lacks and what was chosen; its values, which a person just looked at, win over later files."""
    chosen = set(take) if survivor.document_key or not loser.document_key else {*take, "document"}
    for field in chosen:
        kind, column = ALIASES.get(field, ("", ""))
        if kind and getattr(survivor, column) not in {"", getattr(loser, column)}:
            CustomerAlias.objects.get_or_create(customer=survivor, kind=kind, key=getattr(survivor, column))
        for name in CHOICES[field]:
            setattr(survivor, name, getattr(loser, name))
    if "document" in chosen:
        loser.document_key = ""  # one document is one customer; the save below writes the loser first
    survivor.dms_code = survivor.dms_code or loser.dms_code
    survivor.city = survivor.city or loser.city
    survivor.sites = sorted({*survivor.sites, *loser.sites})
    survivor.edited_fields = sorted({*survivor.edited_fields, "name", "kind", "city", "dms_code", *set(take) & {"document"}})
    if survivor.validated_at is None:
        survivor.validated_at, survivor.validated_by_id = loser.validated_at, loser.validated_by_id
    survivor.version += 1


def undo(merge_id: int, *, by: User, at: datetime) -> CustomerMerge:
    """Takes a merge back: what went over returns, copies that nobody has used go, fields that nobody has changed since
    are as they were. What happened after the merge stays with the one that stayed.

    Raises Refused when it was undone before, or when the one that stayed was itself merged since.
    """
    with transaction.atomic():
        done = CustomerMerge.objects.select_for_update().get(pk=merge_id)
        if done.undone_at:
            raise Refused("Esta fusión ya se deshizo.")
        if not done.before:
            raise Refused("Los datos de esta fusión se suprimieron a petición del titular: ya no se puede deshacer.")
        survivor, loser = locked_pair(done.survivor_id, done.loser_id)
        if survivor.merged_into_id:
            raise Refused("El cliente que quedó se fusionó después con otro: deshaga primero esa fusión.")
        if Outreach.objects.filter(customer=survivor, leased_by__isnull=False).exists():
            raise Refused("Alguien tiene a este cliente en la consola ahora mismo. Espere a que termine la llamada.")
        Customer.objects.filter(pk__in=done.moved.pop("merged", []), merged_into=survivor).update(merged_into=loser)
        for label, ids in done.moved.items():
            name = label.rpartition(".")[2]
            model = apps.get_model(label.rpartition(".")[0])
            move_back(model, name, ids, survivor, loser)
        drop_copies(done.copied)
        share_refusals(survivor, loser, since=done.at, at=at)
        give_back(survivor, loser, done.before)
        done.undone_at, done.undone_by = at, by
        done.save(update_fields=["undone_at", "undone_by"])
        first, second = sorted([survivor.pk, loser.pk])
        DuplicatePair.objects.filter(first=first, second=second).update(state=PairState.OPEN, decided_by=None, decided_at=None)
        return done


def move_back(model: type[models.Model], name: str, ids: list, survivor: Customer, loser: Customer) -> None:
    rows = model._base_manager.filter(**{"pk__in": ids, name: survivor})
    if not repoint(rows, name, loser):
        for pk in ids:
            repoint(rows.filter(pk=pk), name, loser)


def drop_copies(copied: dict) -> None:
    """Removes the copies of the merge; a phone that was called since is history and stays."""
    for pk in copied.get("points", []):
        try:
            with transaction.atomic():
                ContactPoint.objects.filter(pk=pk).delete()
        except (IntegrityError, models.ProtectedError):
            continue
    VehicleParty.objects.filter(pk__in=copied.get("parties", [])).delete()


def share_refusals(survivor: Customer, loser: Customer, *, since: datetime, at: datetime) -> None:
    """While they were one nobody asked which of the two refused: it counts for both. The RNE speaks of numbers, not of persons."""
    for said in survivor.exclusions.standing().filter(since__gte=since).exclude(source=ExclusionSource.RNE):
        consent.refuse(
            loser, scope=ExclusionScope(said.scope), source=ExclusionSource(said.source), channels=[Channel(name) for name in said.channels],
            at=at, by=said.recorded_by, note=said.note,
        )  # fmt: skip


def give_back(survivor: Customer, loser: Customer, before: dict) -> None:
    """Fields that the merge filled return to what they were, unless somebody corrected them since."""
    was = before["survivor"]
    gave_document = loser.document_key != before["loser"]["document_key"]
    if gave_document and survivor.document_key == before["loser"]["document_key"]:
        for name in DOCUMENT:
            setattr(survivor, name, was[name])
    for name in ("dms_code", "city", *NAME):
        if name in was and getattr(survivor, name) == getattr(loser, name):  # merges of older versions kept no name
            setattr(survivor, name, was[name])
    if survivor.validated_at == loser.validated_at:
        survivor.validated_at = was["validated_at"] and datetime.fromisoformat(was["validated_at"])
        survivor.validated_by_id = was["validated_by_id"]
    for kind, column in ALIASES.values():
        CustomerAlias.objects.filter(customer=survivor, kind=kind, key=getattr(survivor, column)).delete()
    # Sites of files and merges that came since, and those where the one that stayed has matters.
    lives_at = {pk for matters in (survivor.outreaches, survivor.work_orders) for pk in matters.values_list("site", flat=True)}
    survivor.sites = sorted({*was["sites"], *(set(survivor.sites) - set(loser.sites)), *(set(survivor.sites) & lives_at)})
    if not survivor.merges.filter(undone_at=None).exclude(loser=loser).exists():  # what another merge protects stays so
        edited_since = set(survivor.changes.filter(at__gt=loser_merged_at(loser)).values_list("field", flat=True))
        survivor.edited_fields = sorted({*was["edited_fields"], *(set(survivor.edited_fields) & edited_since)})
    survivor.version = F("version") + 1
    survivor.save()
    if gave_document and not Customer.objects.filter(document_key=before["loser"]["document_key"]).exclude(pk=loser.pk).exists():
        loser.document_key = before["loser"]["document_key"]
    loser.merged_into = None
    loser.save()


def loser_merged_at(loser: Customer) -> datetime:
    return CustomerMerge.objects.get(loser=loser, undone_at__isnull=True).at


def dismiss(pair: DuplicatePair, *, by: User, at: datetime) -> None:
    """«No son la misma persona»: the pair is not proposed again."""
    DuplicatePair.objects.filter(pk=pair.pk, state=PairState.OPEN).update(state=PairState.DISMISSED, decided_by=by, decided_at=at)
