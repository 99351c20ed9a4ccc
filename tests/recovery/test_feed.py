"""F2 from file to history: every nasty case of domain 3.4 with its outcome."""

import pytest
from django.db import connection

from callcenter.enums import CustomerKind, PartyRole
from callcenter.models import ContactPoint, Customer, Vehicle, VehicleParty, WorkOrder
from callcenter.spiga import pipeline
from callcenter.spiga.columns import amount
from callcenter.spiga.workshop import order_base
from tests.factories import MONDAY, CustomerFactory, EmployeeFactory, VehicleFactory
from tests.recovery.files import csv_bytes, line, vehicle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(north, monday):
    return north


def bring(*rows, data=None, dry=False):
    batch = pipeline.receive("recovery", data or csv_bytes(list(rows)), "taller.csv", by=None, site=None, at=MONDAY, repeat=True)
    return pipeline.import_now(batch, dry_run=dry)


def totals(result):
    return result.created, result.updated, result.unchanged, dict(result.excluded), dict(result.rejected)


def owner(car: Vehicle | None = None) -> list[str]:
    return list(VehicleParty.objects.filter(**({"vehicle": car} if car else {})).values_list("customer__name", flat=True))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("OT/15234/2025-1", ("OT/15234/2025", "1")),
        (" ot/15234/2025-12 ", ("OT/15234/2025", "12")),
        ("OT-15234", ("OT-15234", "")),
        ("15234", ("15234", "")),
        ("15234-2", ("15234", "2")),
        ("OT/15234/2025-123", ("OT/15234/2025-123", "")),
        ("OT 15234/2025-1", ("OT15234/2025", "1")),
    ],
)
def test_the_base_of_an_order_number(raw, expected):
    assert order_base(raw) == expected


@pytest.mark.parametrize(
    ("raw", "pesos"),
    [
        ("$ 1.234.567", 1_234_567),
        ("-120.000,00", -120_000),
        ("(120.000)", -120_000),
        ("120000-", -120_000),
        ("12,5", "12.5"),
        ("x", None),
        ("", None),
    ],
)
def test_amounts(raw, pesos):
    assert (None if pesos is None else str(pesos)) == (None if amount(raw) is None else f"{amount(raw).normalize():f}")


def test_the_sample_of_the_workshop_export():
    """Two invoices of one order, an insurer with the person unknown, an alistamiento of Carrazos."""
    result = bring(
        line(101, order="OT/15234/2026-1", invoiced="20/11/2026 05:42:10 p. m.", payer="MUÑOZ PEÑA ANA MARIA"),
        line(101, order="OT/15234/2026-2", invoiced="20/11/2026 05:43:00 p. m.", vin="9bwaa05u1aa000101", reason="GARANTIA",
             payer="IMPORTADORA DEMO S.A.S."),
        line(102, order="OT/15240/2026-1", plate="ZZB22C", vin="9FKTEST0000000102", brand="DEMO MOTOS", reason="COLISION",
             payer="SEGUROS DEMO S.A.", invoiced="21/11/2026 11:05:00 a. m.", km="4,310"),
        line(103, order="OT/15251/2026-1", plate="0KM", vin="9BWAA05U1AA000103", reason="ALISTAMIENTO", payer="CARRAZOS SAS", km="12",
             invoiced="21/11/2026 12:00:00 a. m."),
    )  # fmt: skip
    assert totals(result) == (3, 1, 0, {}, {})
    order = WorkOrder.objects.get(number="OT/15234/2026")
    assert (order.customer.name, order.is_warranty, order.is_internal) == ("Muñoz Peña Ana Maria", True, False)
    assert order.invoiced_to == "IMPORTADORA DEMO S.A.S. / MUÑOZ PEÑA ANA MARIA"
    assert (order.visited_on.isoformat(), order.odometer_km, order.vehicle.last_visit_on.isoformat()) == (
        "2026-11-20",
        10_215,
        "2026-11-20",
    )
    insured = WorkOrder.objects.get(number="OT/15240/2026")
    assert (insured.customer, insured.invoiced_to) == (None, "SEGUROS DEMO S.A.")
    own = WorkOrder.objects.get(number="OT/15251/2026")
    assert (own.is_internal, own.customer, own.vehicle.plate, own.vehicle.last_visit_on) == (True, None, "", None)
    assert [*Customer.objects.values_list("name", flat=True)] == ["Muñoz Peña Ana Maria"]


def test_the_same_file_twice_changes_nothing():
    rows = [line(101), line(101, order="OT/15101/2024-2", payer="SEGUROS DEMO SA"), line(102, payer="FLOTA DEMO SAS", amount="-5"),
            line(103, payer="LEASING DEMO SA", driver="PEDRO LARA")]  # fmt: skip
    bring(*rows)
    before = versions()
    assert totals(bring(*rows)) == (0, 0, 4, {}, {})
    assert versions() == before


def versions():
    with connection.cursor() as cursor:
        found = {}
        for table in ("customer", "contactpoint", "vehicle", "vehicleparty", "workorder"):
            cursor.execute(f"SELECT id, xmin::text FROM callcenter_{table} ORDER BY id")
            found[table] = cursor.fetchall()
    return found


def test_a_row_repeated_word_for_word_is_left_out():
    assert totals(bring(line(101), line(101))) == (1, 0, 0, {"DUPLICATE": 1}, {})


def test_a_dry_run_says_the_same_and_writes_nothing():
    assert totals(bring(line(101), line(102), dry=True)) == (2, 0, 0, {}, {})
    assert WorkOrder.objects.count() == Vehicle.objects.count() == 0


@pytest.mark.parametrize("payer", ["SEGUROS DEMO S.A.", "LEASING DEMO SA", "BANCO DEMO S.A.", "IMPORTADORA DEMO SAS", "CARRAZOS SAS"])
def test_who_only_pays_never_becomes_the_owner(payer):
    bring(line(101, payer=payer))
    assert (Customer.objects.count(), VehicleParty.objects.count(), WorkOrder.objects.get().invoiced_to) == (0, 0, payer)


@pytest.mark.parametrize("payer", ["SEGUROS DEMO S.A.", "FLOTA DEMO SAS", "CARRAZOS SAS"])
def test_the_known_person_of_the_vehicle_stands_for_the_payer(payer):
    person = CustomerFactory(name="Ana Gómez", document_key="52000999", document_number="52000999")
    car = VehicleFactory(vin="9BWAA05U1AA000101")
    VehicleParty.objects.create(vehicle=car, customer=person)
    bring(line(101, payer=payer, reason="REVISION"))
    person.refresh_from_db()
    assert (WorkOrder.objects.get().customer, person.name, Customer.objects.count()) == (person, "Ana Gómez", 1)


def test_the_person_of_another_row_stands_for_the_payer_and_the_newest_wins():
    bring(
        line(101, order="OT/1/2022-1", invoiced="01/02/2022", payer="LARA DÍAZ JUAN"),
        line(101, order="OT/2/2022-1", invoiced="05/02/2022", payer="LARA DÍAZ JUAN"),
        line(101, order="OT/2/2022-2", invoiced="05/02/2022", payer="SEGUROS DEMO SA"),
        line(101, order="OT/3/2025-1", invoiced="01/02/2025", payer="MORA RÍOS MARÍA"),
        line(101, order="OT/4/2025-1", invoiced="01/03/2025", payer="SEGUROS DEMO SA"),
    )
    assert dict(WorkOrder.objects.values_list("number", "customer__name")) == {
        "OT/1/2022": "Lara Díaz Juan", "OT/2/2022": "Lara Díaz Juan", "OT/3/2025": "Mora Ríos María", "OT/4/2025": "Mora Ríos María",
    }  # fmt: skip
    assert [party.since.isoformat() for party in VehicleParty.objects.order_by("since")] == ["2022-02-01", "2025-02-01"]
    assert VehicleParty.objects.order_by("-since").first().customer.name == "Mora Ríos María"


def test_a_company_stays_customer_where_nobody_else_is_known_and_gives_way_later():
    bring(line(101, payer="FLOTA DEMO SAS"))
    assert WorkOrder.objects.get().customer.kind == CustomerKind.COMPANY
    bring(line(101, order="OT/15101/2024-2", payer="LARA DÍAZ JUAN"))
    assert WorkOrder.objects.get().customer.name == "Lara Díaz Juan"


def test_a_leased_car_is_its_drivers():
    bring(line(101, payer="LEASING DEMO SA", name="LEASING DEMO SA", document="900373913-4", driver="PEDRO LARA", mobile="3005550101"))
    party = VehicleParty.objects.get()
    assert (party.customer.name, party.role, party.customer.document_key) == ("Pedro Lara", PartyRole.DRIVER, "")
    assert WorkOrder.objects.get().customer == party.customer


def test_an_insurers_phone_is_nobodys():
    bring(line(101, payer="SEGUROS DEMO SA", mobile="3005550101"))
    assert not ContactPoint.objects.exists()


def test_one_person_whatever_the_order_of_the_names_and_a_nit_of_ones_own():
    bring(
        line(101, order="OT/1/2024-1", payer="JUAN PEREZ", name="JUAN PEREZ", document="1.075.000.104"),
        line(101, order="OT/2/2024-1", payer="PEREZ JUAN"),
        line(101, order="OT/3/2024-1", payer="PEREZ, JUAN", name="PEREZ, JUAN", document="1075000104-8"),
    )
    person = Customer.objects.get()
    assert (person.kind, WorkOrder.objects.filter(customer=person).count()) == (CustomerKind.PERSON, 3)


def test_a_second_surname_makes_nobody_new():
    bring(line(101, payer="ANA MARIA MUÑOZ"))
    bring(line(101, order="OT/9/2025-1", invoiced="01/02/2025", payer="MUÑOZ PEÑA ANA MARIA"))
    assert Customer.objects.get().name == "Muñoz Peña Ana Maria"
    bring(line(101, order="OT/10/2025-1", invoiced="01/03/2025", payer="ANA MUÑOZ"))
    assert Customer.objects.get().name == "Muñoz Peña Ana Maria"


@pytest.mark.parametrize("plate", ["0KM", "SINPLACA", "EN TRAMITE"])
def test_a_plate_that_is_none_leaves_the_vin(plate):
    bring(line(101, plate=plate))
    assert Vehicle.objects.get().plate == ""


def test_vins_as_people_type_them():
    result = bring(line(101, vin=" 9bwaa05u1aa 000101 "), line(102, vin="9BWAA05U1AAO0O102"), line(103, vin="*****", plate="ZZA103"))
    assert totals(result) == (3, 0, 0, {}, {})
    assert set(Vehicle.objects.values_list("vin", "plate")) == {
        ("9BWAA05U1AA000101", "ZZA101"),
        ("9BWAA05U1AAO0O102", "ZZA102"),
        ("", "ZZA103"),
    }
    assert result.warnings["VIN_LETTERS"] == result.warnings["VIN_SHAPE"] == 1


def test_without_vehicle_or_number_a_line_says_nothing():
    assert totals(bring(line(101, plate="0KM", vin=""), line(102, order=""))) == (0, 0, 0, {}, {"NO_VEHICLE": 1, "NO_VISIT": 1})


def test_the_future_is_refused():
    assert totals(bring(line(101, invoiced="30/12/2026"))) == (0, 0, 0, {}, {"FUTURE_VISIT": 1})


def test_an_open_order_is_no_visit_until_it_is_invoiced():
    bring(line(101, invoiced="", opened="15/11/2026"))
    assert (WorkOrder.objects.get().visited_on, Vehicle.objects.get().last_visit_on) == (None, None)
    result = bring(line(101, invoiced="20/11/2026", opened="15/11/2026"))
    assert totals(result) == (0, 1, 0, {}, {})
    assert Vehicle.objects.get().last_visit_on.isoformat() == "2026-11-20"


@pytest.mark.parametrize("turn", [1, -1])
def test_a_credit_note_cancels_the_order_whichever_file_came_first(turn):
    bring(line(101, order="OT/1/2022-1", invoiced="01/02/2022"))
    files = [line(101, amount="350.000"), line(101, order="OT/15101/2024-2", amount="-350.000", invoiced="21/11/2024")]
    for row in files[::turn]:
        bring(row)
    order = WorkOrder.objects.get(number="OT/15101/2024")
    assert (order.is_cancelled, order.vehicle.last_visit_on.isoformat()) == (True, "2022-02-01")
    assert list(WorkOrder.objects.visits()) == [WorkOrder.objects.get(number="OT/1/2022")]


def test_a_partial_credit_note_leaves_the_visit():
    bring(line(101, amount="350.000"), line(101, order="OT/15101/2024-2", amount="-50.000"))
    assert not WorkOrder.objects.get().is_cancelled


def test_an_order_with_an_internal_part_is_still_a_visit():
    bring(line(101, charge="INTERNO"))
    assert Vehicle.objects.get().last_visit_on is None
    bring(line(101, order="OT/15101/2024-2"))
    order = WorkOrder.objects.get()
    assert (order.is_internal, order.vehicle.last_visit_on.isoformat()) == (False, "2024-11-20")


def test_a_voided_order_stays_void():
    bring(line(101, situation="ANULADA"))
    bring(line(101, situation="Facturada"))
    assert WorkOrder.objects.get().is_cancelled


def test_a_decreasing_odometer_keeps_the_highest():
    bring(line(101, km="41.300"), line(101, order="OT/9/2025-1", invoiced="01/02/2025", km="40.100"))
    assert Vehicle.objects.get().odometer_km == 41_300


def test_numbers_that_start_again_each_year_are_told_apart():
    rows = [line(101, order="15234", invoiced="20/11/2024"), line(102, order="15234", invoiced="20/11/2025")]
    bring(*rows)
    assert set(WorkOrder.objects.values_list("number", "vehicle__plate")) == {("15234", "ZZA101"), ("15234/2025", "ZZA102")}
    assert totals(bring(*rows)) == (0, 0, 2, {}, {})


def test_two_cars_under_one_number_are_told():
    result = bring(line(101, order="OT/7/2024-1"), line(102, order="OT/7/2024-2"))
    assert totals(result) == (1, 0, 0, {"ORDER_CONFLICT": 1}, {})


def test_the_workshops_own_phone_and_a_mail_that_is_none_are_not_kept():
    from_site = line(101, mobile="3005550777", email="notiene@notiene.com")
    EmployeeFactory(phone="3005550777")
    bring(from_site)
    assert not ContactPoint.objects.exists()


def test_the_vehicles_report_brings_people_visits_and_sales():
    result = bring(
        vehicle(101, sold="10/01/2020"),
        vehicle(102, name="CARRAZOS SAS", document=""),
        vehicle(103, last="", sold="10/01/2025"),
        vehicle(104, last="", sold=""),
        vehicle(105, name="LEASING DEMO SA", document="900373913-4"),
    )
    assert totals(result) == (3, 0, 0, {"OWN_VEHICLE": 1}, {"NO_VISIT": 1})
    first = Vehicle.objects.get(plate="ZZA101")
    assert (first.last_visit_on.isoformat(), first.delivered_on.isoformat(), owner(first)) == (
        "2024-03-15",
        "2020-01-10",
        ["Pérez Ruiz Persona X"],
    )
    assert owner(Vehicle.objects.get(plate="ZZA105")) == []
    assert totals(bring(vehicle(101, sold="10/01/2020"))) == (0, 0, 1, {}, {})
