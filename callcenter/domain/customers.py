"""The customer master in people's hands: corrections, validation (CAR-4), phones, vehicles, contact persons.

Whatever a person corrects, or a customer confirms, wins over later files (spiga/merge.py); the old value is kept in FieldChange.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Max, Min, Q

from callcenter.domain.errors import Conflict, Refused
from callcenter.enums import AliasKind, ChangeSource, CustomerKind, PartyRole, PointKind, PointStatus
from callcenter.models import (
    BlockedPhone,
    CompanyContact,
    ContactPoint,
    Customer,
    CustomerAlias,
    FieldChange,
    ImportDifference,
    User,
    Vehicle,
    VehicleParty,
)
from carrazos.lib import identity, phones, text, vehicles
from carrazos.lib.calendar import bogota

LABELS = {
    "name": "Nombre", "document": "Documento", "city": "Ciudad", "kind": "Tipo", "phone": "Teléfono", "email": "Correo",
    "plate": "Placa", "family": "Gama", "model_year": "Año modelo", "odometer_km": "Kilómetros", "sold_at": "Vendido",
    "party": "Relación con vehículo", "contact": "Persona de contacto", "validated_at": "Datos validados",
}  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """Whoever corrects, when and why: what every verb writes beside the change."""

    by: User
    at: datetime
    source: ChangeSource = ChangeSource.EDIT

    def note(self, customer: Customer, field: str, old: object, new: object, *, vehicle: Vehicle | None = None) -> FieldChange:
        return FieldChange.objects.create(
            customer=customer, vehicle=vehicle, field=field, old=str(old or "")[:200], new=str(new or "")[:200],
            source=self.source, by=self.by, at=self.at,
        )  # fmt: skip


def locked(customer_id: int) -> Customer:
    """The customer for writing. Raises Refused for one that was merged into another."""
    customer = Customer.objects.select_for_update().get(pk=customer_id)
    if customer.merged_into_id:
        raise Refused("Este cliente se fusionó con otro: corrija el que quedó.")
    return customer


# -- who they are ----------------------------------------------------------------------------------------------------


def correct(
    customer_id: int,
    *,
    name: str,
    document: str,
    document_type: str,
    city: str,
    kind: str,
    edit: Edit,
    version: int | None = None,
) -> list[FieldChange]:
    """Writes what differs of a customer's own data; returns the changes.

    Raises Conflict when somebody else corrected them since `version`, Refused for what can't be: no name, an invalid
    document, one that is another customer's.
    """
    with transaction.atomic():
        customer = locked(customer_id)
        if version is not None and customer.version != version:
            last = customer.changes.select_related("by").first()
            who = f"{last.by} el {bogota(last.at):%d/%m/%Y %H:%M}" if last else "otra persona"
            raise Conflict(f"Mientras usted corregía, {who} guardó otros datos de este cliente. Compare y guarde de nuevo.")
        changes = [
            *correct_name(customer, text.one_line(name), edit),
            *correct_document(customer, document, document_type, edit),
            *correct_plain(customer, "city", text.one_line(city)[:60], edit),
            *correct_kind(customer, kind, edit),
        ]
        if changes:
            ImportDifference.objects.filter(customer=customer, field__in=[change.field for change in changes]).delete()
            customer.version += 1
            try:
                with transaction.atomic():
                    customer.save()
            except IntegrityError as error:
                raise Refused("Ese documento ya es de otro cliente: revise si es la misma persona y fusiónelos.") from error
        return changes


def mark_edited(row: Customer | Vehicle, field: str) -> None:
    row.edited_fields = sorted({*row.edited_fields, field})


def correct_name(customer: Customer, name: str, edit: Edit) -> list[FieldChange]:
    if name == customer.name:
        return []
    if not name or text.is_placeholder_name(name):
        raise Refused("Escriba el nombre del cliente.")
    key = text.name_key(name)
    if key != customer.name_key:
        CustomerAlias.objects.get_or_create(customer=customer, kind=AliasKind.NAME, key=customer.name_key)
    change = edit.note(customer, "name", customer.name, name)
    customer.name, customer.name_key = name[:160], key
    mark_edited(customer, "name")
    return [change]


def correct_document(customer: Customer, raw: str, kind: str, edit: Edit) -> list[FieldChange]:
    parsed = identity.document(raw, kind) if raw.strip() else identity.Document(identity.DocumentType.UNKNOWN, "")
    if raw.strip() and not (parsed.valid and parsed.number):
        raise Refused(f"«{raw.strip()[:30]}» no es un documento válido: revise el número y el tipo.")
    key = identity.document_key(parsed)
    if (key, parsed.type.value, parsed.number) == (customer.document_key, customer.document_type, customer.document_number):
        return []
    if customer.document_key and customer.document_key != key:
        CustomerAlias.objects.get_or_create(customer=customer, kind=AliasKind.DOCUMENT, key=customer.document_key)
    old = customer.document
    customer.document_type, customer.document_number, customer.check_digit = parsed.type.value, parsed.number, parsed.check_digit
    customer.document_key = key
    mark_edited(customer, "document")
    return [edit.note(customer, "document", old, customer.document)]


def correct_plain(row: Customer, field: str, value: str, edit: Edit) -> list[FieldChange]:
    old = getattr(row, field)
    if old == value:
        return []
    setattr(row, field, value)
    mark_edited(row, field)
    return [edit.note(row, field, old, value)]


def correct_kind(customer: Customer, kind: str, edit: Edit) -> list[FieldChange]:
    if kind == customer.kind:
        return []
    change = edit.note(customer, "kind", customer.get_kind_display(), CustomerKind(kind).label)
    customer.kind, customer.company_reason = kind, "BY_HAND" if kind == CustomerKind.COMPANY else ""
    mark_edited(customer, "kind")
    return [change]


@dataclass(frozen=True)
class Datum:
    """One thing that a customer may confirm in a contact; `code` names it in the form."""

    code: str
    field: str
    value: str
    masked: str
    vehicle: Vehicle | None = None
    confirmed_at: datetime | None = None

    @property
    def label(self) -> str:
        return "Vehículo" if self.vehicle else LABELS[self.field]


# What a file may say otherwise; of telephones and addresses it only adds.
OF_A_PERSON = frozenset({"name", "document", "city"})
# A confirmed vehicle is that car with that plate; its kilometres go on.
OF_A_VEHICLE = ("plate", "family", "model_year")


def data_of(customer: Customer) -> list[Datum]:
    """What is known of a customer that they may confirm (CAR-4), each with when they confirmed that very value."""
    own = {"name": customer.name, "document": customer.document, "city": customer.city}
    known = [Datum(field, field, value, value) for field, value in own.items() if value]
    known += [
        Datum(f"point-{point.pk}", "phone" if point.kind == PointKind.PHONE else "email", point.display, point.masked)
        for point in customer.points.all()
        if point.is_usable
    ]
    for car in dict.fromkeys(party.vehicle for party in customer.parties.current().select_related("vehicle__brand")):
        shown = f"{car.title} · {car.plate or car.vin}"
        known.append(Datum(f"vehicle-{car.pk}", "plate", shown, shown, car))
    said = customer.changes.filter(source=ChangeSource.VALIDATION).order_by("at").values_list("field", "vehicle", "new", "at")
    when = {(field, vehicle, value): at for field, vehicle, value, at in said}
    return [replace(row, confirmed_at=when.get((row.field, row.vehicle and row.vehicle.pk, row.value[:200]))) for row in known]


def validate(customer_id: int, codes: Collection[str], *, edit: Edit) -> Customer:
    """«Validado el …»: what the customer confirmed in a contact (CAR-4), named by the codes of `data_of`.

    A confirmed value wins over later files as a corrected one does: what SPIGA says instead is shown. Raises Refused for none.
    """
    with transaction.atomic():
        customer = locked(customer_id)
        confirmed = [row for row in data_of(customer) if row.code in codes]
        if not confirmed:
            raise Refused("Marque qué datos confirmó el cliente.")
        for row in confirmed:
            Edit(edit.by, edit.at, ChangeSource.VALIDATION).note(customer, row.field, "", row.value, vehicle=row.vehicle)
            if row.vehicle:
                car = Vehicle.objects.select_for_update().get(pk=row.vehicle.pk)
                for field in OF_A_VEHICLE:
                    if getattr(car, field):
                        mark_edited(car, field)
                car.save(update_fields=["edited_fields"])
            elif row.field in OF_A_PERSON:
                mark_edited(customer, row.field)
        # What SPIGA said otherwise was asked with it.
        cars = [row.vehicle.pk for row in confirmed if row.vehicle]
        own = Q(customer=customer, field__in=[row.field for row in confirmed if not row.vehicle])
        told = ImportDifference.objects.standing().filter(own | Q(vehicle__in=cars, field__in=OF_A_VEHICLE))
        told.update(dismissed_at=edit.at, dismissed_by=edit.by)
        customer.validated_at, customer.validated_by = edit.at, edit.by
        customer.save(update_fields=["validated_at", "validated_by", "edited_fields"])
        return customer


# -- how to reach them -----------------------------------------------------------------------------------------------


def add_phone(customer_id: int, raw: str, *, label: str = "", area_code: str | None = None, edit: Edit) -> ContactPoint:
    """Adds a phone, or makes a known one usable again. Raises Refused for what is no number or is the house's own."""
    found = [phone for phone in phones.parse(raw, area_code=area_code) if phone.callable]
    if len(found) != 1:
        parsed = phones.parse(raw, area_code=area_code)
        why = parsed[0].reason if parsed and parsed[0].reason else "escriba un solo número"
        raise Refused(f"«{raw.strip()[:40]}» no sirve: {why}.")
    phone = found[0]
    if own := BlockedPhone.objects.filter(value=phone.e164).first():
        raise Refused(f"El {phones.display(phone.e164)} no es de un cliente: {own.note}.")
    return add_point(customer_id, PointKind.PHONE, phone.e164, phone_kind=phone.kind.value, label=label or phone.label,
                     status=PointStatus(phone.status.value), edit=edit)  # fmt: skip


def add_email(customer_id: int, address: str, *, edit: Edit) -> ContactPoint:
    """Adds an e-mail address that the form has checked."""
    return add_point(customer_id, PointKind.EMAIL, address.strip().lower()[:120], edit=edit)


def add_point(
    customer_id: int, kind: PointKind, value: str, *, edit: Edit, phone_kind: str = "", label: str = "",
    status: PointStatus = PointStatus.VALID,
) -> ContactPoint:  # fmt: skip
    with transaction.atomic():
        customer = locked(customer_id)
        last = customer.points.aggregate(last=Max("position"))["last"]
        point, is_new = ContactPoint.objects.get_or_create(
            customer=customer, kind=kind, value=value,
            defaults={"phone_kind": phone_kind, "label": label[:60], "status": status, "position": 0 if last is None else last + 1},
        )  # fmt: skip
        if not is_new:
            if point.is_usable:
                raise Refused(f"{point.display} ya está entre los medios de este cliente.")
            point.status = status
            point.save(update_fields=["status"])
        edit.note(customer, "phone" if kind == PointKind.PHONE else "email", "", f"{point.display} {label}".strip())
        return point


def set_point_status(point: ContactPoint, status: PointStatus, *, edit: Edit) -> None:
    """Marks a phone or e-mail wrong, dead or good again. It stays: a file that still brings it does not revive it."""
    with transaction.atomic():
        customer = locked(point.customer_id)
        row = ContactPoint.objects.select_for_update().get(pk=point.pk)
        if row.status == PointStatus.BLOCKED:
            raise Refused("Ese número es propio de Carrazos: quítelo de los teléfonos propios para usarlo.")
        if row.status == status:
            return
        old = row.get_status_display()
        row.status = status
        row.save(update_fields=["status"])
        field = "phone" if row.kind == PointKind.PHONE else "email"
        edit.note(customer, field, f"{row.display}: {old}", f"{row.display}: {row.get_status_display()}")


def prefer_point(point: ContactPoint, *, edit: Edit) -> None:
    """Puts a phone first: it is the one that the console dials."""
    with transaction.atomic():
        customer = locked(point.customer_id)
        first = customer.points.aggregate(first=Min("position"))["first"]
        if first == 0:
            customer.points.update(position=F("position") + 1)
        ContactPoint.objects.filter(pk=point.pk).update(position=0)
        edit.note(customer, "phone", "", f"{point.display}: primero")


def block_phone(raw: str, note: str, *, area_code: str | None = None) -> BlockedPhone:
    """A number that is nobody's: it stops being called wherever it stands, and no import brings it back."""
    found = [phone for phone in phones.parse(raw, area_code=area_code) if phone.callable]
    if len(found) != 1:
        raise Refused(f"«{raw.strip()[:40]}» no es un número que se pueda bloquear.")
    with transaction.atomic():
        row, is_new = BlockedPhone.objects.get_or_create(value=found[0].e164, defaults={"note": note[:80]})
        if not is_new:
            raise Refused(f"{phones.display(row.value)} ya está entre los teléfonos propios: {row.note}.")
        # Who was wrong stays wrong: taking the number off the list must not bring it back.
        ContactPoint.objects.phones().usable().filter(value=row.value).update(status=PointStatus.BLOCKED)
        return row


def unblock_phone(blocked: BlockedPhone) -> None:
    """Gives the number back to whoever has it."""
    with transaction.atomic():
        ContactPoint.objects.phones().filter(value=blocked.value, status=PointStatus.BLOCKED).update(status=PointStatus.VALID)
        blocked.delete()


# -- what they drive -------------------------------------------------------------------------------------------------


def find_vehicle(raw: str) -> Vehicle | None:
    """The vehicle of a plate or VIN in any writing."""
    rows = Vehicle.objects.select_related("brand")
    if vehicles.looks_like_vin(raw):
        return rows.filter(vin=vehicles.vin(raw).value).first()
    plate = vehicles.plate(raw).value
    return (plate or None) and (rows.filter(plate=plate).order_by("-id").first() or rows.filter(vin=vehicles.vin(raw).value).first())


def correct_vehicle(
    vehicle_id: int, customer: Customer, *, edit: Edit, sold: bool | None = None, **values: str | int | None
) -> list[FieldChange]:
    """Writes what differs of the fields given (plate, family, model_year, odometer_km; `sold`: by this customer).

    Raises Refused for a plate that can't be, or that alone identifies the vehicle.
    """
    with transaction.atomic():
        row = Vehicle.objects.select_for_update().get(pk=vehicle_id)
        if "plate" in values:
            raw = str(values["plate"]).strip()
            values["plate"] = vehicles.plate(raw).value
            if raw and not values["plate"]:
                raise Refused(f"«{raw[:20]}» no es una placa.")
            if values["plate"] != row.plate and not row.vin:
                raise Refused("Este vehículo solo se conoce por su placa: SPIGA debe traer primero su VIN.")
        if "family" in values:
            values["family"] = text.one_line(str(values["family"]))[:60]
        changes = []
        for field, value in values.items():
            old = getattr(row, field)
            if old != value:
                setattr(row, field, value)
                mark_edited(row, field)
                changes.append(edit.note(customer, field, old, value, vehicle=row))
        if sold is not None and (sold or row.sold_at):
            row.sold_at = edit.at if sold else None
            changes.append(edit.note(customer, "sold_at", "Sí" if not sold else "No", "Sí" if sold else "No", vehicle=row))
        if changes:
            row.save()
        return changes


def add_party(customer_id: int, raw: str, role: PartyRole, *, today: date, edit: Edit) -> VehicleParty:
    """Ties a customer to a vehicle that the house knows, under a role. Raises Refused for an unknown plate or VIN."""
    vehicle = find_vehicle(raw)
    if vehicle is None:
        raise Refused(f"No hay un vehículo con la placa o VIN «{raw.strip()[:20]}».")
    with transaction.atomic():
        customer = locked(customer_id)
        party, is_new = VehicleParty.objects.get_or_create(vehicle=vehicle, customer=customer, role=role, defaults={"since": today})
        if not is_new:
            if party.until is None:
                raise Refused(f"Ya figura como {PartyRole(role).label.lower()} de {vehicle}.")
            party.until, party.since = None, today
            party.save(update_fields=["until", "since"])
        edit.note(customer, "party", "", f"{PartyRole(role).label} de {vehicle}", vehicle=vehicle)
        return party


def end_party(party: VehicleParty, *, today: date, edit: Edit) -> None:
    """The relation is over; a later file that repeats it does not begin it again."""
    with transaction.atomic():
        customer = locked(party.customer_id)
        if VehicleParty.objects.filter(pk=party.pk, until__isnull=True).update(until=today):
            edit.note(customer, "party", f"{party.get_role_display()} de {party.vehicle}", "", vehicle=party.vehicle)


# -- through whom a company is reached -------------------------------------------------------------------------------


def add_contact(
    company_id: int, *, name: str, position: str, phone: str, email: str = "", area_code: str | None = None, today: date, edit: Edit
) -> CompanyContact:
    """A contact person of a company: somebody known by this phone and name, or a new customer. Raises Refused."""
    with transaction.atomic():
        company = locked(company_id)
        if company.kind != CustomerKind.COMPANY:
            raise Refused("Solo una empresa tiene personas de contacto.")
        name = text.one_line(name)[:160]
        if not name or text.is_placeholder_name(name):
            raise Refused("Escriba el nombre de la persona.")
        key = text.name_key(name)
        values = [found.e164 for found in phones.parse(phone, area_code=area_code) if found.callable]
        # Of the customers that whoever writes may see: nobody reads another site's telephones by naming their owner.
        person = Customer.objects.visible_to(edit.by).filter(name_key=key, points__value__in=values).first()
        if person == company:
            raise Refused("Escriba el nombre de la persona por la que se llega a la empresa, no el de la empresa.")
        if person is None:
            person = Customer.objects.create(
                name=text.display_name(name), raw_name="", name_key=key, sites=company.sites, city=company.city
            )
            add_phone(person.pk, phone, area_code=area_code, edit=edit)
        if email and not person.points.filter(value=email.lower()).exists():
            add_email(person.pk, email, edit=edit)
        contact, is_new = CompanyContact.objects.get_or_create(
            company=company, person=person, defaults={"position": position[:60], "since": today}
        )
        if not is_new:
            contact.position, contact.until = position[:60], None
            contact.save(update_fields=["position", "until"])
        edit.note(company, "contact", "", f"{person} {position}".strip())
        return contact


def end_contact(contact: CompanyContact, *, today: date, edit: Edit) -> None:
    with transaction.atomic():
        company = locked(contact.company_id)
        if CompanyContact.objects.filter(pk=contact.pk, until__isnull=True).update(until=today):
            edit.note(company, "contact", str(contact.person), "")


# -- what SPIGA says instead -----------------------------------------------------------------------------------------


def accept_difference(difference: ImportDifference, customer: Customer, *, edit: Edit) -> None:
    """Takes SPIGA's value; from now on the files decide that field again."""
    spiga = Edit(edit.by, edit.at, ChangeSource.SPIGA)
    with transaction.atomic():
        field, theirs = difference.field, difference.theirs
        if difference.vehicle_id:
            row: Customer | Vehicle = Vehicle.objects.select_for_update().get(pk=difference.vehicle_id)
            old = getattr(row, field)
            setattr(row, field, int(theirs) if field in {"odometer_km", "model_year"} else theirs)
            spiga.note(customer, field, old, theirs, vehicle=row)
        else:
            row = locked(customer.pk)
            take = {
                "name": lambda: correct_name(row, theirs, spiga),
                "document": lambda: correct_document(row, theirs.rpartition(" ")[2], theirs.rpartition(" ")[0], spiga),
                "city": lambda: correct_plain(row, "city", theirs, spiga),
            }
            take[field]()
            row.version += 1
        row.edited_fields = [name for name in row.edited_fields if name != field]
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError as error:
            raise Refused("Ese documento ya es de otro cliente: revise si es la misma persona y fusiónelos.") from error
        difference.delete()


def dismiss_difference(difference: ImportDifference, *, edit: Edit) -> None:
    """Ours stands; the same value of SPIGA's is not shown again."""
    ImportDifference.objects.filter(pk=difference.pk).update(dismissed_at=edit.at, dismissed_by=edit.by)
