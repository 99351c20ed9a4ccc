"""F1 from file to queue: what enters, what does not and why, and that twice is once."""

import json
import os
import subprocess
import sys
import tempfile
import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from callcenter import tasks
from callcenter.domain import outreach as verbs
from callcenter.domain import queue
from callcenter.domain.outreach import Call
from callcenter.enums import (
    BatchStatus,
    ExclusionScope,
    ExclusionSource,
    NextStep,
    Outcome,
    OutreachState,
    Priority,
    Purpose,
    RowStatus,
    WorkState,
)
from callcenter.models import ContactPoint, Customer, ImportBatch, ImportRow, Motive, Outreach, Reason, Vehicle, VehicleParty
from callcenter.roles import Role
from callcenter.spiga import cleaning, pipeline
from tests.bench import spiga_files
from tests.callcenter.spiga.files import csv_bytes, row, xlsx_bytes
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, EmployeeFactory, SiteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def house_of_files(request, monday):
    if "house" not in request.fixturenames:
        request.getfixturevalue("north")


def bring(rows, *, by=None, data=None, name="avisos.csv", dry=False):
    data = data or csv_bytes(rows)
    batch = pipeline.receive("proactive", data, name, by=by, site=None, at=MONDAY, repeat=True)
    result = pipeline.import_now(batch, dry_run=dry)
    batch.refresh_from_db()
    return batch, result


def totals(result):
    return result.created, result.updated, result.unchanged, dict(result.excluded), dict(result.rejected)


def test_a_row_becomes_customer_vehicle_and_outreach():
    advisor = EmployeeFactory(code="023", name="Luis Demo", site=SiteFactory(code="norte"))
    _, result = bring(
        [row(101, name="MUÑOZ PEÑA , ANA MARIA", phones="6015550109 ext 12", email="ANA@DEMO.EXAMPLE", advisor="023 - LUIS DEMO")]
    )
    assert totals(result) == (1, 0, 0, {}, {})
    customer, vehicle, outreach = Customer.objects.get(), Vehicle.objects.get(), Outreach.objects.get()
    assert (customer.name, customer.name_key, customer.document, customer.dms_code) == (
        "Ana Maria Muñoz Peña",
        "ANA MARIA MUNOZ PENA",
        "CC 52.000.101",
        "10101",
    )
    assert customer.sites == [outreach.site_id]
    assert list(ContactPoint.objects.values_list("value", flat=True)) == ["+573005550101", "+576015550109", "ana@demo.example"]
    assert (vehicle.vin, vehicle.plate, vehicle.family, vehicle.odometer_km) == ("9BWAA05U1AA000101", "ZZA101", "GOL", 18_900)
    assert VehicleParty.objects.get().customer == customer
    assert (outreach.reason, outreach.purpose, outreach.advisor, outreach.priority) == (
        "REV. 20.000 KM",
        Purpose.COMMERCIAL,
        advisor,
        Priority.FIRST,
    )
    assert outreach.due_at == MONDAY or outreach.due_at < MONDAY + timedelta(seconds=90)
    assert Motive.objects.get().reference == f"{vehicle.pk}|REVISION 20000|2026-11-25"


def test_the_same_file_twice_changes_nothing():
    rows = [
        row(101),
        row(102, document="", code=""),
        row(103, vin="", document=""),
        row(104, name="FLOTA DEMO SAS", document="900373913-4"),
    ]
    bring(rows)
    before = snapshot()
    _, again = bring(rows)
    assert totals(again) == (0, 0, 4, {}, {})
    assert snapshot() == before


def snapshot():
    """Every row of the master with its physical version: a rewritten row would show."""
    with connection.cursor() as cursor:
        found = {}
        for table in ("customer", "contactpoint", "vehicle", "vehicleparty", "outreach", "motive"):
            cursor.execute(f"SELECT id, xmin::text FROM callcenter_{table} ORDER BY id")
            found[table] = cursor.fetchall()
    return found


def test_the_same_list_in_another_format_changes_nothing():
    rows = [row(101), row(102)]
    bring(rows)
    assert totals(bring(rows, data=xlsx_bytes(rows, typed=True))[1]) == (0, 0, 2, {}, {})
    assert totals(bring(rows, data=csv_bytes(rows, encoding="cp1252", delimiter="\t"))[1]) == (0, 0, 2, {}, {})


def test_a_later_download_with_new_rows_adds_only_those():
    bring([row(101), row(102)])
    assert totals(bring([row(101), row(102), row(103)])[1]) == (1, 0, 2, {}, {})


def test_a_dry_run_says_the_same_and_writes_nothing():
    batch, result = bring([row(101), row(102, phone="1234567"), row(103, name="PRUEBA")], dry=True)
    assert totals(result) == (1, 0, 0, {}, {"BAD_PHONE": 1, "NO_NAME": 1})
    assert (Customer.objects.count(), Outreach.objects.count(), batch.status) == (0, 0, BatchStatus.CHECKED)
    assert (ImportRow.objects.problems().filter(batch=batch).count(), batch.rows.filter(status="CREATED").count()) == (2, 1)


@pytest.mark.parametrize(
    ("changes", "code", "column", "value"),
    [
        ({"name": ""}, "NO_NAME", "Cliente", ""),
        ({"name": "CLIENTE MOSTRADOR"}, "NO_NAME", "Cliente", "CLIENTE MOSTRADOR"),
        ({"plate": "", "vin": ""}, "NO_VEHICLE", "Placa", ""),
        ({"plate": "0KM", "vin": ""}, "NO_VEHICLE", "Placa", "0KM"),
        ({"phone": "3000000000"}, "BAD_PHONE", "Telf. Móvil", "3000000000"),
        ({"phone": ""}, "NO_PHONE", "", ""),
        ({"reason": "", "due": ""}, "NO_REASON", "Motivo Contacto", ""),
        ({"due": "25/11/2027"}, "DUE_DATE", "F. Prevista", "25/11/2027"),
        ({"site": "OESTE"}, "UNKNOWN_SITE", "Centro", "OESTE"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason(changes, code, column, value):
    batch, result = bring([row(101, **changes), row(102)])
    assert totals(result) == (1, 0, 0, {}, {code: 1})
    problem = ImportRow.objects.get(batch=batch, status=RowStatus.REJECTED)
    assert (problem.number, problem.code, problem.column, problem.value) == (3, code, column, value)
    assert problem.message
    assert problem.raw[0] == (changes.get("site") or "NORTE")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"note": "vendió el carro en marzo"}, "SOLD"),
        ({"note": "NO LLAMAR, se molesta"}, "OPTED_OUT"),
        ({"note": "el señor falleció"}, "DECEASED"),
        ({"name": "CARRAZOS SAS"}, "OWN_VEHICLE"),
        ({"last": "20/11/2026"}, "ALREADY_SERVICED"),
    ],
)
def test_a_row_is_excluded_by_rule(changes, code):
    assert totals(bring([row(101, **changes)])[1]) == (0, 0, 0, {code: 1}, {})
    assert not Outreach.objects.exists()
    assert not Customer.objects.exists()


def test_what_we_know_excludes_too(agent, cal):
    rows = [row(101), row(102), row(103)]
    bring(rows)
    sold, refused, booked = Outreach.objects.order_by("vehicle__vin")
    Vehicle.objects.filter(pk=sold.vehicle_id).update(sold_at=MONDAY)
    refused.customer.exclusions.create(scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, since=MONDAY)
    booked.appointments.create(
        customer=booked.customer, vehicle=booked.vehicle, site=booked.site, brand=booked.brand, starts_at=MONDAY, booked_by=agent,
        booked_at=MONDAY,
    )  # fmt: skip
    Outreach.objects.update(state=OutreachState.CLOSED, result="CANCELLED", closed_at=MONDAY)
    later = [row(number, reason="Cambio de aceite") for number in (101, 102, 103)]
    assert totals(bring(later)[1]) == (0, 0, 0, {"SOLD": 1, "OPTED_OUT": 1, "ALREADY_BOOKED": 1}, {})


@pytest.mark.parametrize(
    ("source", "channels", "phone", "step"),
    [
        (ExclusionSource.RNE, ["VOICE"], "3005550101", NextStep.WHATSAPP),
        (ExclusionSource.CUSTOMER, ["VOICE", "EMAIL"], "3005550101", NextStep.WHATSAPP),
        (ExclusionSource.CUSTOMER, ["VOICE"], "6015550101", None),  # a fixed line cannot be written to
        (ExclusionSource.RNE, ["WHATSAPP"], "3005550101", NextStep.CALL),
        (ExclusionSource.RNE, ["EMAIL"], "3005550101", NextStep.CALL),
        (ExclusionSource.RNE, ["EMAIL", "VOICE", "WHATSAPP"], "3005550101", None),
        (ExclusionSource.WHATSAPP_STOP, [], "3005550101", None),
    ],
)
def test_who_refused_calls_is_written_to_and_who_refused_both_is_left_out(source, channels, phone, step):
    bring([row(101, phone=phone)])
    Customer.objects.get().exclusions.create(scope=ExclusionScope.COMMERCIAL, source=source, channels=channels, since=MONDAY)
    Outreach.objects.update(state=OutreachState.CLOSED, result="CANCELLED", next_step=NextStep.NONE, closed_at=MONDAY)
    done = totals(bring([row(101, phone=phone, reason="Cambio de aceite")])[1])
    assert done == ((1, 0, 0, {}, {}) if step else (0, 0, 0, {"OPTED_OUT": 1}, {}))
    assert list(Outreach.objects.open().values_list("next_step", flat=True)) == ([step] if step else [])


def test_a_recall_comes_through_the_register_and_a_commercial_refusal():
    bring([row(101)])
    Customer.objects.get().exclusions.create(
        scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.RNE, channels=["VOICE", "WHATSAPP"], since=MONDAY
    )
    Outreach.objects.update(state=OutreachState.CLOSED, result="CANCELLED", next_step=NextStep.NONE, closed_at=MONDAY)
    assert totals(bring([row(101, reason="Campaña de seguridad airbag")])[1]) == (1, 0, 0, {}, {})
    assert Outreach.objects.open().get().next_step == NextStep.CALL


def test_a_mobile_that_comes_in_the_row_is_enough_to_write():
    bring([row(101, phone="6015550101")])
    Customer.objects.get().exclusions.create(
        scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, channels=["VOICE"], since=MONDAY
    )
    Outreach.objects.update(state=OutreachState.CLOSED, result="CANCELLED", next_step=NextStep.NONE, closed_at=MONDAY)
    assert totals(bring([row(101, phone="3005550101", reason="Cambio de aceite")])[1]) == (1, 0, 0, {}, {})
    assert Outreach.objects.open().get().next_step == NextStep.WHATSAPP


def test_a_sold_car_is_its_buyers(agent):
    bring([row(101, name="ANA RUIZ")])
    Vehicle.objects.update(sold_at=MONDAY)
    Outreach.objects.update(state=OutreachState.CLOSED, result="CANCELLED", closed_at=MONDAY)
    buyer = {"name": "LUIS PAZ", "document": "52000999", "phone": "3005550999", "code": "10999"}
    assert totals(bring([row(101, reason="Frenos", **buyer)])[1]) == (1, 0, 0, {}, {})
    VehicleParty.objects.filter(customer__document_key="52000999").update(since=MONDAY.date() + timedelta(days=1))
    Outreach.objects.update(state=OutreachState.CLOSED, result="CANCELLED", closed_at=MONDAY)
    assert totals(bring([row(101, reason="Aceite", **buyer)])[1]) == (1, 0, 0, {}, {})
    assert totals(bring([row(101, reason="Filtros", name="ANA RUIZ")])[1]) == (0, 0, 0, {"SOLD": 1}, {})


def test_the_house_s_own_number_is_no_way_to_reach_anybody():
    bring([row(101)])
    ContactPoint.objects.update(status="BLOCKED")
    later = row(101, reason="Frenos", phone="", phones="")
    assert totals(bring([later])[1]) == (0, 0, 0, {}, {"NO_PHONE": 1})


def test_cars_without_a_vin_yet_are_as_many_as_their_plates():
    assert totals(bring([row(101, vin="PENDIENTE"), row(102, vin="PENDIENTE"), row(103, vin="sin VIN")])[1]) == (3, 0, 0, {}, {})
    assert list(Vehicle.objects.order_by("plate").values_list("vin", "plate")) == [("", "ZZA101"), ("", "ZZA102"), ("", "ZZA103")]


def test_a_vin_that_lost_a_letter_makes_no_second_car():
    bring([row(101)])
    batch, result = bring([row(101, vin="9BWAA05U1AA00010", reason="Frenos")])
    assert (totals(result), Vehicle.objects.get().vin) == ((0, 1, 0, {}, {}), "9BWAA05U1AA000101")
    assert batch.rows.get().code == "VIN_SHORT"


def test_two_documents_in_one_cell_do_not_stop_the_file():
    _, result = bring([row(101, document="1.075.234.567 / 1.098.765.432-1"), row(102)])
    assert totals(result) == (2, 0, 0, {}, {})


@pytest.mark.parametrize(
    ("titles", "cells", "reason", "purpose", "note"),
    [
        ("Motivo;Campaña", "REV 20.000;Campaña de seguridad 69X1", "REV 20.000 · Campaña de seguridad 69X1", Purpose.SERVICE, ""),
        ("Campaña", "Navidad", "Navidad", Purpose.COMMERCIAL, ""),
        ("Próx. Revisión (km)", "20.000", "Revisión de 20.000 km", Purpose.COMMERCIAL, ""),
        (
            "Motivo;Conductor;Fecha SOAT",
            "REV;PEDRO PAZ;12/12/2026",
            "REV",
            Purpose.COMMERCIAL,
            "Conductor: PEDRO PAZ · Fecha SOAT: 12/12/2026",
        ),
    ],
)
def test_what_else_the_list_says(titles, cells, reason, purpose, note):
    _, result = bring([], data=f"Centro;VIN;Cliente;Celular;{titles}\nNORTE;9BWAA05U1AA000101;ANA RUIZ;3005550101;{cells}\n".encode())
    assert totals(result) == (1, 0, 0, {}, {})
    row = Outreach.objects.get()
    assert (row.reason, row.purpose, row.note) == (reason, purpose, note)


def test_two_motives_of_one_car_are_one_outreach():
    _, result = bring([row(101), row(101, reason="Cambio de aceite", due="30/11/2026")])
    assert totals(result) == (1, 1, 0, {}, {})
    assert [motive.reason for motive in Outreach.objects.get().motives.all()] == ["REV. 20.000 KM", "Cambio de aceite"]


def test_writings_of_one_motive_are_one():
    _, result = bring([row(101, reason="REV. 10.000 KM"), row(101, reason="Revisión 10000")])
    assert totals(result) == (1, 0, 0, {"DUPLICATE": 1}, {})


def test_a_closed_outreach_is_never_reopened_by_its_own_row(agent, cal):
    bring([row(101)])
    outreach = Outreach.objects.get()
    held = queue.take(outreach.pk, agent, at=MONDAY, calendar=cal)
    call = Call(key=uuid.uuid4(), outcome=Outcome.DECLINED, reason=Reason.objects.get(kind="NO_BOOKING", code="PRICE"))
    verbs.record_attempt(outreach.pk, call, agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    assert totals(bring([row(101)])[1]) == (0, 0, 1, {}, {})
    assert Outreach.objects.get().state == OutreachState.CLOSED


def test_recalls_are_service_not_publicity():
    bring([row(101, reason="Campaña de seguridad 69X1")])
    assert Outreach.objects.get().purpose == Purpose.SERVICE


def test_new_facts_update_and_never_erase():
    bring([row(101, email="ana@demo.example")])
    _, result = bring([row(101, km="21.000", email="", phones="6015550109")])
    vehicle, customer = Vehicle.objects.get(), Customer.objects.get()
    assert totals(result) == (0, 1, 0, {}, {})
    assert vehicle.odometer_km == 21_000
    assert {point.value for point in customer.points.all()} == {"+573005550101", "ana@demo.example", "+576015550109"}
    bring([row(101, km="15.000")])
    vehicle.refresh_from_db()
    assert vehicle.odometer_km == 21_000


def test_an_agents_correction_wins_over_the_file():
    bring([row(101)])
    Customer.objects.update(name="Ana María Muñoz", edited_fields=["name"])
    bring([row(101, name="OTRO NOMBRE")])
    assert Customer.objects.get().name == "Ana María Muñoz"


def test_one_person_under_several_writings_and_keys():
    rows = [
        row(101, name="PEREZ GOMEZ, JUAN", document="79456123", phone="3005550301", code="1"),
        row(102, name="Juan Pérez Gómez", document="", phone="3005550301", code=""),
        row(103, name="GOMEZ PEREZ JUAN", document="", phone="3005550302", code="1"),
    ]
    _, result = bring(rows)
    assert totals(result) == (3, 0, 0, {}, {})
    customer = Customer.objects.get()
    assert customer.vehicles.count() == 3
    assert totals(bring(rows)[1]) == (0, 0, 3, {}, {})


def test_homonyms_with_other_documents_are_two_people():
    bring([row(101, name="JUAN PEREZ", phone="3005550301"), row(102, name="JUAN PEREZ", phone="3005550301")])
    assert Customer.objects.count() == 2


def test_a_vin_typed_as_plate_and_a_plate_typed_as_vin():
    bring([row(101, plate="9BWAA05U1AA000101", vin=""), row(102, vin="ZZA102", plate="")])
    assert list(Vehicle.objects.order_by("pk").values_list("vin", "plate")) == [("9BWAA05U1AA000101", ""), ("", "ZZA102")]


def test_a_plate_gets_its_vin_later():
    bring([row(101, vin="")])
    bring([row(101)])
    assert list(Vehicle.objects.values_list("vin", "plate")) == [("9BWAA05U1AA000101", "ZZA101")]


def test_damaged_values_are_warnings_and_the_row_enters():
    batch, result = bring([row(101, km="9.999.999", last="30/12/1899", brand="TESLA", advisor="NADIE")])
    assert totals(result) == (1, 0, 0, {}, {})
    assert result.warnings == {"BAD_ODOMETER": 1, "BAD_DATE": 1, "UNKNOWN_BRAND": 1, "UNKNOWN_ADVISOR": 1}
    assert Outreach.objects.get().brand.code == "otra"
    assert batch.rows.filter(status=RowStatus.WARNING).count() == 4


def test_rows_out_of_the_users_scope_are_excluded(centre):
    user = person(Role.CALL_CENTER_AGENT, all_sites=False)
    user.sites.add(centre)
    assert totals(bring([row(101), row(102, site="CENTRO")], by=user)[1]) == (1, 0, 0, {"OUT_OF_SCOPE": 1}, {})


@pytest.mark.parametrize("brand", ["", "VOLKSVAGEN"])
def test_a_row_whose_brand_is_missing_has_its_vehicles_or_its_familys(vw, north, brand):
    other = BrandFactory(code="moto", name="Moto Demo", aliases=["MOTO DEMO"])
    bring([row(101), row(102, brand="MOTO DEMO")])
    Vehicle.objects.filter(brand=other).update(family="SCOOTER")
    mine = person(Role.CALL_CENTER_AGENT, all_brands=False)
    mine.brands.add(vw)
    lines = [row(101, brand=brand, reason="Frenos"), row(102, brand=brand, reason="Frenos"), row(103, brand=brand)]
    assert totals(bring(lines, by=mine)[1]) == (1, 1, 0, {"OUT_OF_SCOPE": 1}, {})
    assert Outreach.objects.get(vehicle__plate="ZZA103").brand == vw


def test_a_file_without_a_needed_column_says_which():
    with pytest.raises(CommandError, match=r"Al archivo le faltan columnas.*Placa o VIN"):
        import_command(b"Cliente;Celular;Motivo;Centro\nANA RUIZ;3005550101;REV;NORTE\n")
    assert not ImportBatch.objects.exists()


def import_command(data, *arguments):
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        return call_command("spiga_import", "proactive", file.name, *arguments)


def test_the_command_answers_json_that_reconciles(capsys):
    import_command(csv_bytes([row(101), row(101), row(102, phone="1234567")]), "--json")
    answer = json.loads(capsys.readouterr().out)
    batch = ImportBatch.objects.get()
    assert answer == {"batch": batch.pk, "status": "APPLIED", "read": 3, "created": 1, "updated": 0, "unchanged": 0,
                      "excluded": {"DUPLICATE": 1}, "rejected": {"BAD_PHONE": 1}}  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", b"PK\x03\x04 roto", b"hola;mundo\n1;2\n"])
def test_the_command_refuses_in_one_line_and_writes_nothing(data):
    with pytest.raises(CommandError) as refusal:
        import_command(data)
    assert "\n" not in str(refusal.value)
    assert not ImportBatch.objects.exists()


def test_the_same_upload_twice_is_one_batch(agent):
    data = csv_bytes([row(101)])
    first = pipeline.receive("proactive", data, "a.csv", by=agent, site=None, at=MONDAY)
    again = pipeline.receive("proactive", data, "copia.csv", by=agent, site=None, at=MONDAY)
    assert first == again


def test_a_large_file_shared_with_a_helper_is_the_same(monkeypatch, tmp_path):
    path = tmp_path / "grande.csv"
    spiga_files.write(path, 5_000)
    alone, first = bring([], data=path.read_bytes(), dry=True)
    monkeypatch.setattr(cleaning, "HELPED_FROM_CHUNKS", 2)
    shared, second = bring([], data=path.read_bytes(), dry=True)
    assert totals(first) == totals(second)
    assert first.read == 5_000
    lists = [sorted(batch.rows.values_list("number", "code", "value")) for batch in (alone, shared)]
    assert lists[0] == lists[1]


def test_the_job_checks_waits_for_a_person_and_applies(agent):
    batch = pipeline.receive("proactive", csv_bytes([row(101)]), "a.csv", by=agent, site=None, at=MONDAY)
    assert tasks.run_one()
    batch.refresh_from_db()
    assert (batch.status, batch.work_state, Outreach.objects.count()) == (BatchStatus.CHECKED, WorkState.DONE, 0)
    pipeline.confirm(batch.pk, by=agent)
    pipeline.confirm(batch.pk, by=agent)
    assert tasks.run_one()
    assert not tasks.run_one()
    batch.refresh_from_db()
    assert (batch.status, batch.counts["created"], Outreach.objects.count()) == (BatchStatus.APPLIED, 1, 1)


KILLED = """
import django; django.setup()
import os, sys
from callcenter.models import ImportBatch
from callcenter.spiga import merge, pipeline
real = merge.run
def dies(script, values=None):
    real(script, values)
    if "INSERT INTO callcenter_outreach" in script:
        os.kill(os.getpid(), 9)
merge.run = dies
pipeline.import_now(ImportBatch.objects.get(pk=int(sys.argv[1])))
"""


def test_kill_9_in_mid_import_leaves_nothing_half_done(house, monday):
    SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    batch = pipeline.receive(
        "proactive", csv_bytes([row(number) for number in range(101, 151)]), "a.csv", by=None, site=None, at=MONDAY, repeat=True
    )
    environment = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run([sys.executable, "-c", KILLED, str(batch.pk)], env=environment, cwd=settings.ROOT, capture_output=True)
    assert done.returncode == -9, done.stderr.decode()
    assert (Customer.objects.count(), Vehicle.objects.count(), Outreach.objects.count(), Motive.objects.count()) == (0, 0, 0, 0)
    assert totals(pipeline.import_now(batch))[0] == 50


def database_url() -> str:
    database = connection.settings_dict
    if database["HOST"].startswith("/"):  # the suite's own cluster listens on a socket only
        return f"postgres://{database['USER']}@//{database['HOST'].lstrip('/')}/{database['NAME']}"
    return f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
