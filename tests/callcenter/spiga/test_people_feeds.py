"""F8 and F10: people by VIN, and the people who work here."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from callcenter.domain import customers, merging
from callcenter.domain.customers import Edit
from callcenter.enums import BatchStatus, PartyRole
from callcenter.models import ContactPoint, Customer, Employee, ImportBatch, Vehicle, VehicleParty
from callcenter.roles import Role
from callcenter.spiga import pipeline, undo
from callcenter.spiga.companion import CompanionFeed
from callcenter.spiga.employees import function_of
from tests.callcenter.spiga.files import csv_bytes, row
from tests.conftest import person
from tests.factories import MONDAY, EmployeeFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday", "north")]

# As written in the dossier (domain 3.10): two phones in a cell, damaged letters, the same car twice, no phone.
COMPANION = (
    "VIN;Nombre Cliente;Telf. Móvil\n"
    "9BWAA05U1AA000101;Ana Maria Muñoz;3005550101 / 6015550109\n"
    "9FKTEST0000000102;PÃ‰REZ LUIS;57 300 555 01 02\n"
    "9FKTEST0000000102;LUIS PEREZ;\n"
).encode()


def bring(feed, data, *, site=None, by=None):
    batch = pipeline.receive(feed, data, "x.csv", by=by, site=site, at=MONDAY, repeat=True)
    result = pipeline.import_now(batch)
    batch.refresh_from_db()
    return batch, (result.created, result.updated, result.unchanged, dict(result.excluded), dict(result.rejected))


def test_people_and_phones_by_vin():
    totals = bring("companion", COMPANION)[1]
    assert totals == (2, 0, 0, {}, {"NO_PHONE": 1})
    assert list(Customer.objects.order_by("pk").values_list("name", "name_key")) == [
        ("Ana Maria Muñoz", "ANA MARIA MUNOZ"),
        ("Pérez Luis", "LUIS PEREZ"),
    ]
    assert sorted(ContactPoint.objects.values_list("value", flat=True)) == ["+573005550101", "+573005550102", "+576015550109"]
    assert Vehicle.objects.count() == 2
    assert bring("companion", COMPANION)[1] == (0, 0, 2, {}, {"NO_PHONE": 1})


def test_a_phone_is_added_to_who_is_known():
    bring("proactive", csv_bytes([row(101, name="MUÑOZ PEÑA ANA MARIA")]))
    data = b"VIN;Nombre Cliente;Telf. Movil\n9BWAA05U1AA000101;Ana Maria Mu\xc3\xb1oz Pe\xc3\xb1a;3015550999\n"
    assert bring("companion", data)[1] == (0, 1, 0, {}, {})
    assert Customer.objects.get().points.count() == 2


def test_somebody_else_beside_the_owner_is_a_contact():
    bring("proactive", csv_bytes([row(101)]))
    data = b"VIN;Nombre Cliente;Telf. Movil\n9BWAA05U1AA000101;PEDRO CONDUCTOR RUIZ;3015550999\n"
    bring("companion", data)
    bring("companion", data)
    assert list(VehicleParty.objects.order_by("pk").values_list("role", flat=True)) == [PartyRole.OWNER, PartyRole.CONTACT]


def test_the_new_owner_of_a_car_is_its_owner(agent):
    bring("proactive", csv_bytes([row(101)]))
    customers.end_party(VehicleParty.objects.get(), today=MONDAY.date(), edit=Edit(agent, MONDAY))
    bring("companion", b"VIN;Nombre Cliente;Telf. Movil\n9BWAA05U1AA000101;PEDRO COMPRADOR RUIZ;3015550999\n")
    assert VehicleParty.objects.get(until=None).role == PartyRole.OWNER


def test_who_was_merged_into_the_owner_is_no_second_one(agent):
    bring("proactive", csv_bytes([row(101, name="ANA RUIZ"), row(101, name="ANITA RUIZ PAZ", document="52000999", reason="Frenos")]))
    stays, goes = Customer.objects.order_by("pk")
    merging.merge(stays.pk, goes.pk, by=agent, at=MONDAY)
    bring("companion", b"VIN;Nombre Cliente;Telf. Movil\n9BWAA05U1AA000101;ANA RUIZ;3015550999\n")
    assert list(stays.parties.values_list("role", flat=True)) == [PartyRole.OWNER]


def test_the_site_is_that_of_the_vehicle(north, centre):
    bring("proactive", csv_bytes([row(101, site="CENTRO")]))
    data = (
        b"VIN;Nombre Cliente;Telf. Movil\n9BWAA05U1AA000101;PEDRO CONDUCTOR RUIZ;3015550999\n9BWAA05U1AA000999;NADIE CONOCIDO;3015550998\n"
    )
    assert bring("companion", data)[1] == (1, 0, 0, {"NO_SITE": 1}, {})
    assert Customer.objects.get(name_key="CONDUCTOR PEDRO RUIZ").sites == [centre.pk]
    assert bring("companion", data, site=north)[1] == (1, 1, 0, {}, {})
    own = person(Role.CALL_CENTER_AGENT, all_sites=False)
    own.sites.add(north)
    assert bring("companion", data.replace(b"3015550999", b"3015550777"), by=own)[1] == (0, 0, 1, {"OUT_OF_SCOPE": 1}, {})


def test_a_companion_is_taken_back(agent):
    batch, _ = bring("companion", COMPANION)
    assert undo.why_not(batch, CompanionFeed, at=MONDAY) == ""
    undo.take_back(batch, CompanionFeed, at=MONDAY, report=pipeline.silent)
    assert [model.objects.count() for model in (Customer, Vehicle, ContactPoint)] == [0, 0, 0]


def test_the_command_takes_a_companion_first(tmp_path, capsys):
    main, people = tmp_path / "avisos.csv", tmp_path / "clientes.csv"
    main.write_bytes(csv_bytes([row(101, phone="")]))
    people.write_bytes("VIN;Nombre Cliente;Telf. Móvil\n9BWAA05U1AA000101;PERSONA X PÉREZ RUIZ;3005550101\n".encode())
    call_command("spiga_import", "proactive", str(main), "--companion", str(people), "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["created"], told["rejected"], told["companion"]["created"]) == (1, {}, 1)
    assert Customer.objects.count() == 1


def test_a_list_without_phones_waits_for_its_companion(north):
    bare = "Centro;F. Prevista;Motivo Contacto;Placa;VIN;Cliente\nNORTE;25/11/2026;REVISION;ZZA101;9BWAA05U1AA000101;ANA MARIA MUÑOZ\n".encode()
    batch = pipeline.receive("proactive", bare, "x.csv", by=None, site=None, at=MONDAY, repeat=True)
    assert pipeline.import_now(batch) is None
    assert (batch.status, "Teléfonos o Telf. Móvil" in batch.error) == (BatchStatus.MAPPING, True)
    bring("companion", COMPANION)
    assert bring("proactive", bare)[1] == (1, 0, 0, {}, {})
    ImportBatch.objects.filter(feed="companion").update(applied_at=MONDAY - timedelta(days=2))
    again = pipeline.receive("proactive", bare, "x.csv", by=None, site=None, at=MONDAY, repeat=True)
    assert pipeline.import_now(again) is None


def test_a_broken_main_file_leaves_no_companion(tmp_path):
    main, people = tmp_path / "avisos.csv", tmp_path / "clientes.csv"
    main.write_bytes(b"%PDF")
    people.write_bytes(COMPANION)
    with pytest.raises(CommandError, match="es un PDF"):
        call_command("spiga_import", "proactive", str(main), "--companion", str(people))
    assert [model.objects.count() for model in (Customer, ImportBatch)] == [0, 0]


EMPLOYEES = (
    "Sede;Código;Nombre;Cargo;Celular;Correo;Estado\n"
    "NORTE;023;DEMO LUIS;Asesor de Servicio;300 555 9023;luis@carrazos.example;Activo\n"
    "NORTE;031;RUIZ, ANA;Asesora Posventa;12;;Activo\n"
    "NORTE;;PEDRO RETIRADO VEGA;Vendedor;;;Retirado\n"
    "NORTE;031;OTRA ANA;Vendedora;;;Activo\n"
    "NORTE;;.;Vendedor;;;\n"
    "OESTE;;ROSA MORA;Lavadora;;;\n"
    "NORTE;;ROSA MORA;Lavadora de vehículos;;;\n"
).encode()


def test_employees_by_code_and_by_name():
    batch, totals = bring("employees", EMPLOYEES)
    assert totals == (4, 0, 0, {"DUPLICATE": 1}, {"NO_NAME": 1, "UNKNOWN_SITE": 1})
    assert list(Employee.objects.order_by("pk").values_list("code", "name", "function", "phone", "email", "is_active")) == [
        ("023", "Demo Luis", Role.SERVICE_ADVISOR, "+573005559023", "luis@carrazos.example", True),
        ("031", "Ana Ruiz", Role.SERVICE_ADVISOR, "", "", True),
        ("", "Pedro Retirado Vega", Role.SALES_ADVISOR, "", "", False),
        ("", "Rosa Mora", "", "", "", True),
    ]
    assert batch.counts["warnings"] == {"BAD_PHONE": 1, "UNKNOWN_POSITION": 1}
    assert bring("employees", EMPLOYEES)[1] == (0, 0, 4, {"DUPLICATE": 1}, {"NO_NAME": 1, "UNKNOWN_SITE": 1})


def test_known_employees_are_completed_never_emptied(north):
    EmployeeFactory(code="023", name="Luis Demo", site=north, phone="3005559023")
    data = "Sede;Código;Nombre;Cargo;Celular\nNORTE;023;LUIS DEMO RÍOS;Jefe de Taller;\nNORTE;;LUIS DEMO;;\n".encode()
    assert bring("employees", data)[1] == (0, 1, 0, {"DUPLICATE": 1}, {})
    employee = Employee.objects.get(code="023")
    assert (employee.name, employee.function, employee.phone) == ("Luis Demo Ríos", Role.WORKSHOP_CHIEF, "3005559023")


@pytest.mark.parametrize(
    ("position", "function"),
    [
        ("Asesor de Servicio", Role.SERVICE_ADVISOR),
        ("ASESORA COMERCIAL VW", Role.SALES_ADVISOR),
        ("Vendedora", Role.SALES_ADVISOR),
        ("Jefe de Taller", Role.WORKSHOP_CHIEF),
        ("Jefe de Latonería y Pintura", Role.BODYSHOP_CHIEF),
        ("Coordinadora Call Center", Role.CALL_CENTER_LEAD),
        ("Agente Call Center", Role.CALL_CENTER_AGENT),
        ("Director Postventa", Role.AFTERSALES_DIRECTOR),
        ("Gerente Posventa", Role.AFTERSALES_MANAGER),
        ("Líder CRM", Role.CRM_LEAD),
        ("Mensajero", ""),
        ("", ""),
    ],
)
def test_positions(position, function):
    assert function_of(position) == function


def test_an_agent_does_not_import_employees(client, agent):
    client.force_login(agent)
    assert "Colaboradores" not in client.get("/importaciones/nueva/").content.decode()
    batch, _ = bring("employees", EMPLOYEES, by=agent)
    assert client.get(f"/importaciones/{batch.pk}/").status_code == 403
    client.force_login(person(Role.CALL_CENTER_LEAD))
    assert "Colaboradores" in client.get("/importaciones/nueva/").content.decode()
