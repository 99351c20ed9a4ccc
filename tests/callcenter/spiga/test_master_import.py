"""What people decided about the master is stronger than tomorrow's file, and the file's own word is shown."""

import pytest

from callcenter.domain import customers, merging
from callcenter.domain.customers import Edit
from callcenter.models import Customer, CustomerAlias, ImportDifference, Vehicle
from tests.callcenter.spiga.files import row
from tests.callcenter.spiga.test_proactive_feed import bring, totals
from tests.factories import MONDAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday", "north")]


@pytest.fixture
def edit(agent):
    return Edit(agent, MONDAY)


def correct(customer, edit, **changes):
    own = {"name": customer.name, "document": customer.document_number, "document_type": customer.document_type, "city": customer.city,
           "kind": customer.kind}  # fmt: skip
    customers.correct(customer.pk, **(own | changes), edit=edit)


@pytest.mark.parametrize("known_by", ["document", "code", "phone", "vehicle"])
def test_a_corrected_name_stays_and_the_customer_is_still_known(edit, known_by):
    by = {"document": {}, "code": {"document": ""}, "phone": {"document": "", "code": ""},
          "vehicle": {"document": "", "code": "", "phone": "", "phones": "6015550109"}}[known_by]  # fmt: skip
    line = row(101, name="MUÑOS ANA", **by)
    bring([line])
    customer = Customer.objects.get()
    correct(customer, edit, name="Ana Muñoz Peña")
    if known_by == "vehicle":
        customer.points.all().delete()
    _, result = bring([line])
    assert (totals(result)[:3], Customer.objects.count()) in [((0, 0, 1), 1), ((0, 1, 0), 1)]
    customer.refresh_from_db()
    assert customer.name == "Ana Muñoz Peña"
    difference = ImportDifference.objects.get()
    assert (difference.field, difference.theirs, difference.seen_on) == ("name", "Muños Ana", MONDAY.date())


def test_a_corrected_document_stays_and_the_old_one_is_still_known(edit):
    bring([row(101, document="52000101")])
    customer = Customer.objects.get()
    correct(customer, edit, document="52000110")
    bring([row(101, document="52000101")])
    customer = Customer.objects.get()
    assert customer.document_key == "52000110"
    assert (ImportDifference.objects.get().field, ImportDifference.objects.get().theirs) == ("document", "CC 52000101")


def test_a_difference_that_spiga_mended_goes_away(edit):
    bring([row(101, name="GOMES LUIS")])
    correct(Customer.objects.get(), edit, name="Luis Gómez")
    bring([row(101, name="GOMES LUIS")])
    assert ImportDifference.objects.standing().get().theirs == "Gomes Luis"
    bring([row(101, name="GÓMEZ LUIS")])
    assert not ImportDifference.objects.standing().exists()
    bring([row(101, name="GOMES LUIS")])
    assert ImportDifference.objects.standing().get().theirs == "Gomes Luis"
    correct(Customer.objects.get(), edit, name="Gomes Luis")
    assert not ImportDifference.objects.exists()


def test_the_document_that_spiga_says_is_taken_with_its_type(edit):
    bring([row(101, document="52000101")])
    customer = Customer.objects.get()
    correct(customer, edit, document="52000110")
    ImportDifference.objects.create(customer=customer, field="document", theirs="CE 345678", seen_on=MONDAY.date())
    customers.accept_difference(ImportDifference.objects.get(), customer, edit=edit)
    customer.refresh_from_db()
    assert (customer.document_type, customer.document_key) == ("CE", "CE345678")


def test_an_old_document_is_not_a_stranger_of_another_name(edit):
    bring([row(101, document="52000101", name="MUÑOZ ANA")])
    correct(Customer.objects.get(), edit, document="52000110")
    bring([row(102, document="52000101", name="LARA PEDRO")])
    assert set(Customer.objects.values_list("name", "document_key")) == {("Muñoz Ana", "52000110"), ("Lara Pedro", "52000101")}


def test_a_dismissed_difference_comes_back_only_when_spiga_changes(edit, agent):
    bring([row(101, name="MUÑOS ANA")])
    correct(Customer.objects.get(), edit, name="Ana Muñoz Peña")
    bring([row(101, name="MUÑOS ANA")])
    customers.dismiss_difference(ImportDifference.objects.get(), edit=edit)
    bring([row(101, name="MUÑOS ANA")])
    assert not ImportDifference.objects.standing().exists()
    bring([row(101, name="MUÑOZ P ANA")])
    assert ImportDifference.objects.standing().get().theirs == "Muñoz P Ana"


def test_accepting_spigas_word_gives_the_field_back_to_the_files(edit):
    bring([row(101, name="MUÑOS ANA")])
    correct(Customer.objects.get(), edit, name="Ana Muñoz Peña")
    bring([row(101, name="MUÑOZ PEÑA ANITA")])
    customer = Customer.objects.get()
    customers.accept_difference(ImportDifference.objects.get(), customer, edit=edit)
    customer.refresh_from_db()
    assert (customer.name, customer.edited_fields) == ("Muñoz Peña Anita", [])
    bring([row(101, name="MUÑOZ PEÑA ANA LUCIA")])
    customer.refresh_from_db()
    assert customer.name == "Muñoz Peña Ana Lucia"


def test_what_the_customer_confirmed_stays_and_what_spiga_says_later_is_shown(edit):
    bring([row(101, name="MUÑOZ ANA")])
    customer, car = Customer.objects.get(), Vehicle.objects.get()
    customers.validate(customer.pk, ["name", f"vehicle-{car.pk}"], edit=edit)
    another = [row(101, name="LARA PEDRO", plate="ZZZ999", km="30.000")]
    bring(another)
    customer.refresh_from_db()
    car.refresh_from_db()
    assert (customer.name, car.plate, car.odometer_km) == ("Muñoz Ana", "ZZA101", 30_000)
    assert set(ImportDifference.objects.standing().values_list("field", "theirs")) == {("name", "Lara Pedro"), ("plate", "ZZZ999")}
    # Asked again, the customer says the same: SPIGA's word is put away.
    customers.validate(customer.pk, ["name", f"vehicle-{car.pk}"], edit=edit)
    bring([*another, row(102)])
    assert not ImportDifference.objects.standing().exists()


def test_a_corrected_odometer_stays_and_a_higher_one_is_shown(edit):
    bring([row(101, km="189.000")])
    car, customer = Vehicle.objects.get(), Customer.objects.get()
    customers.correct_vehicle(
        car.pk, customer, plate=car.plate, family=car.family, model_year=None, odometer_km=18_900, sold=False, edit=edit
    )
    bring([row(101, km="189.000")])
    car.refresh_from_db()
    assert car.odometer_km == 18_900
    difference = ImportDifference.objects.get()
    assert (difference.vehicle, difference.field, difference.theirs) == (car, "odometer_km", "189000")
    customers.accept_difference(difference, customer, edit=edit)
    car.refresh_from_db()
    assert (car.odometer_km, car.edited_fields) == (189_000, [])


def test_an_ended_relation_is_not_begun_again_by_the_file(edit):
    bring([row(101)])
    customer = Customer.objects.get()
    customers.end_party(customer.parties.get(), today=MONDAY.date(), edit=edit)
    bring([row(101)])
    assert not customer.parties.current().exists()


@pytest.mark.parametrize("survivor", ["with document", "without"])
def test_a_merged_customer_is_still_known_by_its_own_keys(agent, survivor):
    with_document = row(101, name="MUÑOZ PEÑA ANA", code="1")
    without = row(101, name="MUÑOZ ANA", document="", code="2", reason="CAMBIO DE ACEITE", phone="3005550144")
    bring([with_document])
    bring([without])
    documented, bare = Customer.objects.order_by("pk")
    stays, goes = (documented, bare) if survivor == "with document" else (bare, documented)
    merging.merge(stays.pk, goes.pk, by=agent, at=MONDAY)
    name = Customer.objects.get(pk=stays.pk).name
    for line in (with_document, without):
        _, result = bring([line])
        assert totals(result)[:3] == (0, 0, 1)
    assert Customer.objects.count() == 2
    stays.refresh_from_db()
    assert stays.name == name
    assert not ImportDifference.objects.exists()


def test_after_an_undo_each_row_finds_its_own_again(agent):
    bring([row(101, name="MUÑOZ PEÑA ANA", code="1")])
    bring([row(101, name="MUÑOZ ANA", document="", code="2", reason="CAMBIO DE ACEITE", phone="3005550144")])
    one, other = Customer.objects.order_by("pk")
    done = merging.merge(one.pk, other.pk, by=agent, at=MONDAY)
    merging.undo(done.pk, by=agent, at=MONDAY)
    bring([row(103, name="MUÑOZ ANA", document="", code="2", phone="3005550144")])
    other.refresh_from_db()
    assert other.parties.count() == 2
    assert not CustomerAlias.objects.exists()
