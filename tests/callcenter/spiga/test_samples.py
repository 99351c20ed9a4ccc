"""Each case C1-C20 and each «Nasty» of F1 as a small file of its own (tests/samples), with exact counts and reasons."""

from pathlib import Path

import pytest

from callcenter.enums import OutreachState, Programme, Purpose
from callcenter.models import ContactPoint, Customer, Motive, Outreach, Vehicle
from callcenter.roles import Role
from callcenter.spiga import pipeline
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, OutreachFactory
from tests.samples.build import FILES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday", "north", "centre", "vw")]
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CLEAN = (2, 2, 0, 0, {}, {}, {})  # read, created, updated, unchanged, excluded, rejected, warnings


def bring(name, *, by=None):
    batch = pipeline.receive("proactive", (SAMPLES / name).read_bytes(), name, by=by, site=None, at=MONDAY, repeat=True)
    result = pipeline.import_now(batch)
    return (
        result.read, result.created, result.updated, result.unchanged, dict(result.excluded), dict(result.rejected), dict(result.warnings),
    )  # fmt: skip


EXPECTED = {
    "c01_html.xls": CLEAN,
    "c01_mhtml.xls": CLEAN,
    "c01_xml2003.xls": CLEAN,
    "c02_tabs.csv": CLEAN,
    "c03_title.csv": CLEAN,
    "c04_header_first.csv": CLEAN,
    "c05_trailing.csv": CLEAN,
    "c06_total.csv": CLEAN,
    "c07_repeated_header.csv": CLEAN,
    "c08_mojibake.csv": CLEAN,
    "c09_lost_letters.csv": CLEAN,
    "c10_float_phone.xlsx": CLEAN,
    "c10_float_phone.csv": CLEAN,
    "c11_dots_in_document.csv": CLEAN,
    "c12_name_with_comma.csv": CLEAN,
    "c13_mails.csv": (2, 2, 0, 0, {}, {}, {"EMAIL_FIXED": 1}),
    "c14_line_break.csv": CLEAN,
    "c15_date_text.csv": CLEAN,
    "c16_serial_date.xlsx": CLEAN,
    "c16_date_cell.xlsx": CLEAN,
    "c17_merged_title.xlsx": CLEAN,
    "c18_second_sheet.xlsx": CLEAN,
    "c18_hidden_sheet.xlsx": CLEAN,
    "c19_only_headers.csv": (0, 0, 0, 0, {}, {}, {}),
    "c20_twice.csv": CLEAN,
    "container.ods": CLEAN,
    "container.xlsb": CLEAN,
    "f1_01_km_and_time.csv": (2, 1, 1, 0, {}, {}, {}),
    "f1_02_fleet.csv": (14, 14, 0, 0, {}, {}, {}),
    "f1_03_serviced_yesterday.csv": (2, 1, 0, 0, {"ALREADY_SERVICED": 1}, {}, {}),
    "f1_04_no_date.csv": (2, 1, 0, 0, {}, {"NO_REASON": 1}, {}),
    "f1_05_motive_writings.csv": (2, 1, 0, 0, {"DUPLICATE": 1}, {}, {}),
    "f1_06_owner_and_driver.csv": (2, 1, 1, 0, {}, {}, {}),
    "f1_07_previous_owner.csv": (2, 2, 0, 0, {}, {}, {}),
    "f1_08_no_plate.csv": CLEAN,
    "f1_09_swapped.csv": CLEAN,
    "f1_10_two_sites.csv": (2, 1, 0, 0, {"DUPLICATE": 1}, {}, {}),
    "f1_11_morning_a.csv": CLEAN,
    "f1_11_morning_b.csv": (5, 5, 0, 0, {}, {}, {}),
    "f1_12_yesterday.csv": CLEAN,
    "f1_13_recall.csv": CLEAN,
    "f1_14_in_recovery.csv": CLEAN,
    "f1_15_own_car.csv": (2, 1, 0, 0, {"OWN_VEHICLE": 1}, {}, {}),
    "f1_16_motorcycle.csv": CLEAN,
    "f1_17_remarks.csv": (3, 1, 0, 0, {"DECEASED": 1, "OPTED_OUT": 1}, {}, {}),
    "f1_18_other_brand.csv": (2, 2, 0, 0, {}, {}, {"UNKNOWN_BRAND": 1}),
}


def test_every_sample_has_its_counts():
    of_satisfaction = {name for name in FILES if name.startswith("drive_")}  # tests/satisfaction/test_drive.py
    assert set(EXPECTED) == set(FILES) - of_satisfaction


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_sample_gives_exactly(name):
    assert bring(name) == EXPECTED[name]


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if name[0] == "c" and EXPECTED[name] == CLEAN))
def test_a_sample_twice_is_once(name):
    bring(name)
    before = [model.objects.count() for model in (Customer, Vehicle, ContactPoint, Outreach, Motive)]
    assert bring(name) == (2, 0, 0, 2, {}, {}, {})
    assert [model.objects.count() for model in (Customer, Vehicle, ContactPoint, Outreach, Motive)] == before


OTHER_PEOPLE = {"c08_mojibake.csv", "c11_dots_in_document.csv", "c12_name_with_comma.csv", "c14_line_break.csv"}


@pytest.mark.parametrize(
    "name", sorted(name for name in EXPECTED if name[0] == "c" and EXPECTED[name] == CLEAN and name not in OTHER_PEOPLE)
)
def test_whatever_the_writing_the_rows_are_the_same(name):
    """The list of C4, then the same list in another writing: nothing is new."""
    bring("c04_header_first.csv")
    assert bring(name) == (2, 0, 0, 2, {}, {}, {})


# -- what the counts alone don't say ---------------------------------------------------------------------------------


def test_c08_damaged_letters_come_back():
    bring("c08_mojibake.csv")
    assert Customer.objects.filter(name="Muñoz Ávila Ana María").exists()


def test_c10_phones_that_excel_made_numbers():
    bring("c10_float_phone.csv")
    assert set(ContactPoint.objects.values_list("value", flat=True)) == {"+573005550101", "+573005550102"}


def test_c11_documents_lose_their_dots():
    bring("c11_dots_in_document.csv")
    assert set(Customer.objects.values_list("document_number", flat=True)) == {"52000101", "1075234567"}


def test_c12_two_writings_of_one_name_are_one_person():
    bring("c12_name_with_comma.csv")
    assert Customer.objects.get().name == "Juan Perez Gomez"


def test_c13_each_mail_is_its_own_and_placeholders_are_none():
    bring("c13_mails.csv")
    assert set(ContactPoint.objects.filter(kind="EMAIL").values_list("value", flat=True)) == {
        "a@demo.example",
        "b@demo.example",
        "c@gmail.com",
    }


def test_c14_a_line_break_stays_in_its_row():
    bring("c14_line_break.csv")
    assert Outreach.objects.get(vehicle__plate="ZZA101").note == "llamar después de las 3; prefiere WhatsApp"


@pytest.mark.parametrize("name", ["c15_date_text.csv", "c16_serial_date.xlsx", "c16_date_cell.xlsx"])
def test_c15_c16_dates_in_every_shape(name):
    bring(name)
    assert {f"{day:%d/%m/%Y}" for day in Outreach.objects.values_list("due_on", flat=True)} == {"25/11/2026"}


def test_f1_01_two_motives_are_one_outreach():
    bring("f1_01_km_and_time.csv")
    assert Outreach.objects.get().motives.count() == 2


def test_f1_02_a_fleet_is_one_company_with_its_cars():
    bring("f1_02_fleet.csv")
    fleet = Customer.objects.get()
    assert (fleet.kind, fleet.vehicles.count()) == ("COMPANY", 14)


def test_f1_06_owner_and_driver_keep_their_own_phones():
    bring("f1_06_owner_and_driver.csv")
    assert [[point.value for point in customer.points.all()] for customer in Vehicle.objects.get().customers.order_by("pk")] == [
        ["+573005550101"],
        ["+573005550999"],
    ]


def test_f1_07_one_phone_of_two_people_stays_two_people():
    bring("f1_07_previous_owner.csv")
    assert Customer.objects.count() == 2


def test_f1_08_f1_09_a_car_without_plate_and_swapped_columns():
    bring("f1_08_no_plate.csv")
    bring("f1_09_swapped.csv")
    assert list(Vehicle.objects.order_by("pk").values_list("vin", "plate")) == [
        ("9BWAA05U1AA000101", ""),
        ("9BWAA05U1AA000102", ""),
        ("", "ZZA102"),
    ]


def test_f1_11_the_second_download_of_the_morning_adds_three():
    bring("f1_11_morning_a.csv")
    assert bring("f1_11_morning_b.csv") == (5, 3, 0, 2, {}, {}, {})


def test_f1_12_yesterdays_list_again_changes_nothing():
    bring("c20_twice.csv")
    assert bring("f1_12_yesterday.csv") == (2, 0, 0, 2, {}, {}, {})


def test_f1_13_a_recall_is_service():
    bring("f1_13_recall.csv")
    assert set(Outreach.objects.values_list("vehicle__plate", "purpose")) == {("ZZA101", Purpose.SERVICE), ("ZZA102", Purpose.COMMERCIAL)}


def test_f1_14_who_is_in_recovery_is_not_called_twice():
    bring("c20_twice.csv")
    Outreach.objects.update(state=OutreachState.CLOSED, result="CANCELLED", closed_at=MONDAY)
    known = Outreach.objects.get(vehicle__plate="ZZA101")
    Motive.objects.all().delete()
    OutreachFactory(programme=Programme.RECOVERY, customer=known.customer, vehicle=known.vehicle, phone=False, ties=False)
    assert bring("f1_14_in_recovery.csv")[4] == {"IN_RECOVERY": 1}


def test_f1_16_motorcycles_have_their_own_plates():
    bring("f1_16_motorcycle.csv")
    assert set(Vehicle.objects.values_list("plate", flat=True)) == {"ZZB22C", "ZZB23D"}


def test_f1_18_rows_of_another_brand_are_out_of_scope(vw, north, centre):
    BrandFactory(code="kia", name="Kia")
    user = person(Role.CALL_CENTER_AGENT, all_brands=False)
    user.brands.add(vw)
    assert bring("f1_18_other_brand.csv", by=user) == (2, 1, 0, 0, {"OUT_OF_SCOPE": 1}, {}, {})
