"""Corrections by people: kept, remembered, and stronger than tomorrow's file."""

import pytest

from callcenter.domain import customers
from callcenter.domain.customers import Edit
from callcenter.domain.errors import Conflict, Refused
from callcenter.enums import ChangeSource, CustomerKind, PartyRole, PointStatus
from callcenter.models import BlockedPhone, Customer, CustomerAlias, FieldChange, VehicleParty
from callcenter.roles import Role
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, CustomerFactory, PhoneFactory, VehicleFactory

pytestmark = pytest.mark.django_db
TODAY = MONDAY.date()


@pytest.fixture
def ana():
    return CustomerFactory(name="Ana Muñoz", document_number="52000101", document_key="52000101", city="Bogotá")


@pytest.fixture
def edit(agent):
    return Edit(agent, MONDAY)


def correct(customer, edit, **changes):
    own = {"name": customer.name, "document": customer.document_number, "document_type": customer.document_type, "city": customer.city,
           "kind": customer.kind}  # fmt: skip
    return customers.correct(customer.pk, **(own | changes), edit=edit)


def test_a_correction_keeps_the_old_value_and_marks_the_field(ana, edit, agent):
    changes = correct(ana, edit, name="Ana María Muñoz", city="Chía")
    ana.refresh_from_db()
    assert (ana.name, ana.name_key, ana.city, ana.edited_fields, ana.version) == (
        "Ana María Muñoz", "ANA MARIA MUNOZ", "Chía", ["city", "name"], 1)  # fmt: skip
    assert [(change.field, change.old, change.new, change.by, change.source) for change in changes] == [
        ("name", "Ana Muñoz", "Ana María Muñoz", agent, ChangeSource.EDIT),
        ("city", "Bogotá", "Chía", agent, ChangeSource.EDIT),
    ]
    assert CustomerAlias.objects.get().key == "ANA MUNOZ"


def test_nothing_changed_writes_nothing(ana, edit):
    assert correct(ana, edit) == []
    assert not FieldChange.objects.exists()
    assert Customer.objects.get().version == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "  "}, "Escriba el nombre"),
        ({"name": "CLIENTE MOSTRADOR"}, "Escriba el nombre"),
        ({"document": "12"}, "no es un documento válido"),
        ({"document": "52.000.999"}, "ya es de otro cliente"),
    ],
)
def test_what_cannot_be_is_refused_in_words(ana, edit, changes, words):
    CustomerFactory(document_number="52000999", document_key="52000999")
    with pytest.raises(Refused, match=words):
        correct(ana, edit, **changes)
    ana.refresh_from_db()
    assert (ana.name, ana.document_key, FieldChange.objects.count()) == ("Ana Muñoz", "52000101", 0)


def test_a_document_may_be_taken_away(ana, edit):
    correct(ana, edit, document="")
    ana.refresh_from_db()
    assert (ana.document_key, ana.edited_fields) == ("", ["document"])


def test_two_people_editing_the_second_compares_first(ana, edit):
    customers.correct(
        ana.pk, name="Ana María Muñoz", document="52000101", document_type="CC", city="Bogotá", kind="PERSON", edit=edit, version=0
    )
    with pytest.raises(Conflict, match="Ana Prueba"):
        customers.correct(
            ana.pk, name="Anita Muñoz", document="52000101", document_type="CC", city="Bogotá", kind="PERSON", edit=edit, version=0
        )


def test_validation_says_who_and_when_and_what_it_was(ana, edit, agent):
    car = VehicleFactory(plate="ZZB202", family="Gol", model_year=None, brand=BrandFactory(name="Volkswagen"))
    VehicleParty.objects.create(vehicle=car, customer=ana)
    point = PhoneFactory(customer=ana, value="+573005550101")
    PhoneFactory(customer=ana, value="+573005550102", status=PointStatus.WRONG)
    known = [(row.code, row.label, row.value, row.confirmed_at) for row in customers.data_of(ana)]
    assert known == [
        ("name", "Nombre", "Ana Muñoz", None), ("document", "Documento", "CC 52.000.101", None), ("city", "Ciudad", "Bogotá", None),
        (f"point-{point.pk}", "Teléfono", "300 555 0101", None), (f"vehicle-{car.pk}", "Vehículo", f"{car.title} · ZZB202", None),
    ]  # fmt: skip
    customers.validate(ana.pk, ["name", f"point-{point.pk}", f"vehicle-{car.pk}"], edit=edit)
    ana.refresh_from_db()
    car.refresh_from_db()
    assert (ana.validated_at, ana.validated_by, ana.edited_fields, car.edited_fields) == (MONDAY, agent, ["name"], ["family", "plate"])
    assert [row.confirmed_at for row in customers.data_of(ana)] == [MONDAY, None, None, MONDAY, MONDAY]
    assert set(FieldChange.objects.values_list("field", "old", "new", "source")) == {
        ("name", "", "Ana Muñoz", ChangeSource.VALIDATION), ("phone", "", "300 555 0101", ChangeSource.VALIDATION),
        ("plate", "", f"{car.title} · ZZB202", ChangeSource.VALIDATION),
    }  # fmt: skip


@pytest.mark.parametrize("codes", [[], ["point-999999"], ["email"]])
def test_nothing_confirmed_validates_nothing(ana, edit, codes):
    with pytest.raises(Refused, match="Marque qué datos"):
        customers.validate(ana.pk, codes, edit=edit)
    ana.refresh_from_db()
    assert ana.validated_at is None


def test_a_value_that_changed_since_is_not_the_one_that_was_confirmed(ana, edit):
    customers.validate(ana.pk, ["city"], edit=edit)
    Customer.objects.filter(pk=ana.pk).update(city="Chía")
    ana.refresh_from_db()
    assert {row.field: row.confirmed_at for row in customers.data_of(ana)}["city"] is None


# -- phones ----------------------------------------------------------------------------------------------------------


def test_a_phone_in_any_writing_is_added_last_and_preferred_first(ana, edit):
    old = PhoneFactory(customer=ana, position=0)
    fresh = customers.add_phone(ana.pk, "(300) 555-0199", label="esposo", edit=edit)
    assert (fresh.value, fresh.position, fresh.label) == ("+573005550199", 1, "esposo")
    customers.prefer_point(fresh, edit=edit)
    assert list(ana.points.values_list("value", flat=True)) == ["+573005550199", old.value]


def test_a_landline_without_area_code_takes_the_sites(ana, edit):
    assert customers.add_phone(ana.pk, "5550142", area_code="601", edit=edit).value == "+576015550142"


@pytest.mark.parametrize("raw", ["123", "3000000000", "", "3005550101 3005550102", "no tiene"])
def test_what_is_no_single_number_is_refused(ana, edit, raw):
    with pytest.raises(Refused):
        customers.add_phone(ana.pk, raw, edit=edit)


def test_the_houses_own_number_is_nobodys(ana, edit):
    BlockedPhone.objects.create(value="+576015550100", note="Conmutador")
    with pytest.raises(Refused, match="Conmutador"):
        customers.add_phone(ana.pk, "601 555 0100", edit=edit)


def test_a_known_phone_is_refused_and_a_wrong_one_revived(ana, edit):
    point = PhoneFactory(customer=ana, value="+573005550101")
    with pytest.raises(Refused, match="ya está"):
        customers.add_phone(ana.pk, "3005550101", edit=edit)
    customers.set_point_status(point, PointStatus.WRONG, edit=edit)
    assert customers.add_phone(ana.pk, "3005550101", edit=edit) == point
    point.refresh_from_db()
    assert point.status == PointStatus.VALID


def test_blocking_a_number_stops_it_everywhere_and_unblocking_gives_it_back(ana, edit):
    point = PhoneFactory(customer=ana, value="+576015550100")
    blocked = customers.block_phone("601 555 0100", "Taller Norte")
    point.refresh_from_db()
    assert (point.status, point.is_usable) == (PointStatus.BLOCKED, False)
    with pytest.raises(Refused, match="propio de Carrazos"):
        customers.set_point_status(point, PointStatus.VALID, edit=edit)
    with pytest.raises(Refused, match="ya está entre"):
        customers.block_phone("6015550100", "otra vez")
    customers.unblock_phone(blocked)
    point.refresh_from_db()
    assert point.status == PointStatus.VALID


def test_a_number_known_to_be_wrong_is_no_better_after_it_was_blocked(ana):
    point = PhoneFactory(customer=ana, value="+576015550100", status=PointStatus.WRONG)
    customers.unblock_phone(customers.block_phone("601 555 0100", "Taller Norte"))
    point.refresh_from_db()
    assert point.status == PointStatus.WRONG


# -- vehicles and contact persons ------------------------------------------------------------------------------------


def test_vehicle_corrections_are_kept_per_field(ana, edit):
    car = VehicleFactory(odometer_km=90_000, plate="ZZA101")
    VehicleParty.objects.create(vehicle=car, customer=ana)
    customers.correct_vehicle(car.pk, ana, plate="zzb-202", family="Gol", model_year=None, odometer_km=19_000, sold=True, edit=edit)
    car.refresh_from_db()
    assert (car.plate, car.odometer_km, car.sold_at, car.edited_fields) == ("ZZB202", 19_000, MONDAY, ["odometer_km", "plate"])
    assert set(FieldChange.objects.values_list("field", "old", "new")) == {
        ("plate", "ZZA101", "ZZB202"), ("odometer_km", "90000", "19000"), ("sold_at", "No", "Sí")}  # fmt: skip


def test_a_plate_that_alone_identifies_the_car_is_not_changed(ana, edit):
    car = VehicleFactory(vin="", plate="ZZA101")
    with pytest.raises(Refused, match="solo se conoce por su placa"):
        customers.correct_vehicle(car.pk, ana, plate="ZZB202", family="Gol", model_year=None, odometer_km=18_900, sold=False, edit=edit)


def test_a_relation_begins_ends_and_begins_again(ana, edit):
    VehicleFactory(plate="ZZA101", vin="9BWAA05U1AA000101")
    party = customers.add_party(ana.pk, "zza 101", PartyRole.DRIVER, today=TODAY, edit=edit)
    with pytest.raises(Refused, match="Ya figura como conductor"):
        customers.add_party(ana.pk, "9bwaa05u1aa000101", PartyRole.DRIVER, today=TODAY, edit=edit)
    customers.end_party(party, today=TODAY, edit=edit)
    assert not ana.parties.current().exists()
    customers.add_party(ana.pk, "ZZA101", PartyRole.DRIVER, today=TODAY, edit=edit)
    assert ana.parties.current().count() == 1
    with pytest.raises(Refused, match="No hay un vehículo"):
        customers.add_party(ana.pk, "ZZZ999", PartyRole.OWNER, today=TODAY, edit=edit)


def test_a_contact_person_is_neither_the_company_nor_of_another_site(north, centre):
    mine = person(Role.CALL_CENTER_AGENT, all_sites=False)
    mine.sites.add(north)
    company = CustomerFactory(name="Flota Demo SAS", kind="COMPANY", sites=[north.pk])
    PhoneFactory(customer=company, value="+573005550188")
    foreign = CustomerFactory(name="Pedro Lejos", sites=[centre.pk])
    PhoneFactory(customer=foreign, value="+573005550199")
    add = {"position": "Jefe", "today": MONDAY.date(), "edit": Edit(mine, MONDAY)}
    with pytest.raises(Refused, match="no el de la empresa"):
        customers.add_contact(company.pk, name="Flota Demo SAS", phone="3005550188", **add)
    made = customers.add_contact(company.pk, name="Pedro Lejos", phone="3005550199", **add)
    assert (made.person == foreign, made.person.sites) == (False, [north.pk])


def test_a_contact_person_is_somebody_known_or_new(ana, edit):
    company = CustomerFactory(name="Flota Andina Demo SAS", kind=CustomerKind.COMPANY, sites=[1])
    PhoneFactory(customer=ana, value="+573005550101")
    known = customers.add_contact(company.pk, name="MUÑOZ ANA", position="Flota", phone="300 555 0101", today=TODAY, edit=edit)
    assert known.person == ana
    fresh = customers.add_contact(
        company.pk, name="ROSA GIL", position="Compras", phone="3005550177", email="rosa@flota.example", today=TODAY, edit=edit
    )
    assert (fresh.person.name, fresh.person.sites, fresh.person.points.count()) == ("Rosa Gil", [1], 2)
    with pytest.raises(Refused, match="Solo una empresa"):
        customers.add_contact(ana.pk, name="Rosa Gil", position="", phone="3005550177", today=TODAY, edit=edit)
