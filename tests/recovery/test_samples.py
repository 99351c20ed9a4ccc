"""Each «Nasty» of F2 and of its companion F8 (domain 3.4) as a small file of its own: what enters, and what the list says of each car."""

from pathlib import Path

import pytest

from callcenter.models import BlockedPhone, Customer, Vehicle, VehicleParty, WorkOrder
from callcenter.spiga import pipeline
from recovery.models import Candidacy
from tests.factories import MONDAY, EmployeeFactory
from tests.recovery.house import built
from tests.samples.build_recovery import FILES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday", "north")]
SAMPLES = Path(__file__).resolve().parent.parent / "samples"
JUAN, MARIA = "Lara Díaz Juan", "Mora Ríos María"


def bring(name: str, feed: str = "recovery") -> tuple:
    data = (SAMPLES / name).read_bytes()
    result = pipeline.import_now(pipeline.receive(feed, data, name, by=None, site=None, at=MONDAY, repeat=True))
    return (
        result.created, result.updated, result.unchanged, dict(result.excluded), dict(result.rejected), dict(result.warnings),
    )  # fmt: skip


def listed(agent) -> dict[str, tuple]:
    """The end of the VIN, or the plate where there is none → (customer, every reason, last visit) of a list built from what entered."""
    built(agent)
    rows = Candidacy.objects.select_related("vehicle", "customer").order_by("vehicle__vin", "vehicle__plate")
    return {
        row.vehicle.vin[-3:] or row.vehicle.plate: (row.customer and row.customer.name, row.reasons, str(row.last_visit_on or ""))
        for row in rows
    }


def who(number: int) -> str:
    return f"Pérez Ruiz Persona {chr(65 + number % 26)}".replace(" Y", " y")  # a lone «y» joins words in a name


LATER = "2025-01-20"
# File → what the import answers; what the list says of each car.
EXPECTED = {
    "f2_01_invoices_of_one_order.csv": ((1, 1, 0, {}, {}, {}), {"101": (who(101), [], "2025-01-21")}),
    "f2_02_insurer_pays.csv": ((2, 0, 0, {}, {}, {}), {"101": (who(101), [], LATER)}),
    "f2_03_importer_pays.csv": ((2, 0, 0, {}, {}, {}), {"101": (who(101), [], LATER)}),
    "f2_04_leasing.csv": (
        (2, 0, 0, {}, {}, {}),
        {"101": ("Pedro Lara Ruiz", [], LATER), "102": (None, ["BAD_DATA"], LATER)},
    ),
    "f2_05_one_person.csv": ((3, 0, 0, {}, {}, {}), {str(number): ("Juan Perez", [], LATER) for number in (101, 102, 103)}),
    "f2_06_plates.csv": (
        (4, 0, 0, {}, {}, {}),
        {"101": (who(101), [], LATER), "102": (who(102), [], LATER), "103": (who(103), [], "2023-02-15"), "104": (who(104), [], LATER)},
    ),
    "f2_07_vin_letters.csv": (
        (3, 0, 0, {}, {}, {"VIN_LETTERS": 2, "VIN_SHAPE": 1}),
        {"101": (who(101), [], LATER), "102": (who(102), ["BAD_DATA"], LATER), "ZZA103": (who(103), [], LATER)},
    ),
    "f2_08_vin_writing.csv": ((2, 0, 0, {}, {}, {}), {"101": (who(101), [], LATER)}),
    "f2_09_two_owners.csv": ((2, 0, 0, {}, {}, {}), {"101": (MARIA, [], LATER)}),
    "f2_10_three_cars.csv": ((3, 0, 0, {}, {}, {}), {str(number): (JUAN, [], LATER) for number in (101, 102, 103)}),
    "f2_11_one_year.csv": (
        (2, 0, 0, {}, {}, {}),
        {"101": (who(101), [], "2025-11-22"), "102": (who(102), ["RECENT_VISIT"], "2025-11-23")},
    ),
    "f2_12_internal_only.csv": (
        (4, 0, 0, {}, {}, {}),
        {"101": (None, ["OWN_VEHICLE", "BAD_DATA", "NEVER_VISITED"], ""), "102": (who(102), ["NEVER_VISITED"], ""),
         "103": (who(103), [], "2023-02-15")},
    ),
    "f2_13_open_order.csv": ((2, 0, 0, {}, {}, {}), {"101": (who(101), ["RECENT_VISIT"], "2023-02-15")}),
    "f2_14_cancelled.csv": ((2, 1, 0, {}, {}, {}), {"101": (who(101), [], "2023-02-15")}),
    "f2_15_workshops_phone.csv": (
        (3, 0, 0, {}, {}, {"OWN_PHONE": 2}),
        {"101": (who(101), ["BAD_DATA"], LATER), "102": (who(102), ["BAD_DATA"], LATER), "103": (who(103), [], LATER)},
    ),
    "f2_16_no_mail.csv": ((2, 0, 0, {}, {}, {}), {"101": (who(101), ["BAD_DATA"], LATER), "102": (who(102), [], LATER)}),
    "f2_19_odometer.csv": ((2, 0, 0, {}, {}, {}), {"101": (who(101), [], LATER)}),
    "f2_layout_b.csv": (
        (5, 0, 0, {}, {}, {"BAD_PHONE": 1}),
        {"101": (who(101), [], "2024-03-15"), "102": ("Flota Demo SAS", ["CORPORATE"], "2024-03-15"),
         "103": (who(103), ["NEVER_VISITED"], ""), "104": (who(104), ["RECENT_VISIT"], "2026-11-01"),
         "105": (who(105), ["BAD_DATA"], "2024-03-15")},
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def own_phones(north):
    """Nasty 15: the switchboard and an adviser's mobile are nobody's."""
    BlockedPhone.objects.create(value="+576015550100", note="Conmutador")
    EmployeeFactory(phone="3005550777", site=north)


def test_every_sample_is_asserted_and_stands_as_it_was_written():
    tested = {*EXPECTED, "f2_17_no_phones.csv", "f2_17_companion.csv", "f2_18_no_phones.csv", "f2_18_companion.csv"}
    assert tested == set(FILES)
    assert [name for name, build in FILES.items() if (SAMPLES / name).read_bytes() != build()] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_what_becomes_of_each_nasty_file(name, agent):
    answer, found = EXPECTED[name]
    assert bring(name) == answer
    assert listed(agent) == found
    created, updated, unchanged, *_ = bring(name)
    assert (created, updated, unchanged) == (0, 0, sum(answer[:3]))


def test_one_person_of_three_writings_is_one_customer_and_no_company():
    bring("f2_05_one_person.csv")
    assert list(Customer.objects.values_list("kind", "document_key")) == [("PERSON", "1075000104")]


def test_invoices_of_one_order_are_one_order():
    bring("f2_01_invoices_of_one_order.csv")
    assert list(WorkOrder.objects.values_list("number", flat=True)) == ["OT/15234/2025"]


def test_owners_over_time_keep_their_dates():
    bring("f2_09_two_owners.csv")
    assert list(VehicleParty.objects.order_by("since").values_list("customer__name", "since__year")) == [(JUAN, 2023), (MARIA, 2025)]


def test_three_cars_of_one_customer_are_three_rows_and_one_person(agent):
    bring("f2_10_three_cars.csv")
    built(agent)
    assert (Candidacy.objects.listed().count(), Candidacy.objects.values("customer").distinct().count()) == (3, 1)


def test_an_odometer_that_goes_back_keeps_the_highest():
    bring("f2_19_odometer.csv")
    assert Vehicle.objects.get().odometer_km == 41_300


@pytest.mark.parametrize("companion_first", [True, False])
def test_a_companion_that_lacks_a_third_of_the_cars(agent, companion_first):
    """17: who is not in it has no phone, and the list says so, whichever file came first."""
    steps = [("f2_17_companion.csv", "companion"), ("f2_17_no_phones.csv", "recovery")]
    answers = {feed: bring(name, feed)[:5] for name, feed in (steps if companion_first else steps[::-1])}
    assert answers["recovery"] == (10, 0, 0, {}, {})
    assert answers["companion"] == ((7, 0, 0, {}, {}) if companion_first else (0, 7, 0, {}, {}))
    assert {car: reasons for car, (_, reasons, _) in listed(agent).items()} == {
        str(number): [] if number < 108 else ["BAD_DATA"] for number in range(101, 111)
    }
    assert Customer.objects.count() == 10


def test_a_companion_with_two_rows_for_a_car(agent):
    """18: one person under two writings keeps every phone; a row without any phone adds nothing."""
    bring("f2_18_no_phones.csv")
    assert bring("f2_18_companion.csv", "companion")[:5] == (0, 3, 0, {}, {"NO_PHONE": 1})
    assert listed(agent) == {"101": ("Pérez Luis", [], LATER), "102": ("Mora Ríos Ana", [], LATER)}
    phones = {row.name: sorted(row.points.values_list("value", flat=True)) for row in Customer.objects.all()}
    assert phones == {"Pérez Luis": ["+573005550101"], "Mora Ríos Ana": ["+573005550102", "+573005550103", "+576015550199"]}
