"""The customer's page, its corrections, the duplicates queue and the search box: who sees what, and what it costs."""

from datetime import timedelta

import pytest

from callcenter import tasks
from callcenter.domain import merging, reach
from callcenter.enums import ExclusionScope, ExclusionSource, Outcome, PairState, PartyRole, PointStatus, Programme
from callcenter.models import (
    Attempt,
    Authorisation,
    BlockedPhone,
    CompanyContact,
    ContactPoint,
    Customer,
    CustomerMerge,
    DuplicatePair,
    DuplicateScan,
    Exclusion,
    FieldChange,
    Hold,
    ImportDifference,
    Outreach,
    Vehicle,
    VehicleParty,
    WorkOrder,
)
from callcenter.models.privacy import AuthorisedFor
from callcenter.roles import Role
from tests.callcenter.views.test_pages import as_, page
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, PhoneFactory, VehicleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


@pytest.fixture
def ana(north):
    row = OutreachFactory(site=north, customer=CustomerFactory(name="Ana Muñoz", city="Bogotá"), phone="+573005550101")
    return row.customer


def url(customer, rest=""):
    return f"/clientes/{customer.pk}/{rest}"


def change(client, customer, action, **data):
    return client.post(url(customer, "cambiar/"), {"action": action, **data})


# -- 360 -------------------------------------------------------------------------------------------------------------


def test_the_whole_picture_on_one_page(client, agent, ana, north):
    car = ana.parties.get().vehicle
    WorkOrder.objects.create(
        site=north, number="15234", brand=car.brand, vehicle=car, customer=ana, delivered_on=MONDAY.date(), entry_reason="Revisión 10.000"
    )
    Exclusion.objects.create(customer=ana, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, since=MONDAY, note="Ocupada")
    Hold.objects.create(customer=ana, reason="Tiene una queja abierta", source="x", reference="1", since=MONDAY)
    ImportDifference.objects.create(customer=ana, field="name", theirs="Anna Munos", seen_on=MONDAY.date())
    text = page(as_(client, agent).get(url(ana)))
    for purpose, channels in ((AuthorisedFor.COMMERCIAL, ["WHATSAPP"]), (AuthorisedFor.SURVEY, [])):
        Authorisation.objects.create(customer=ana, purpose=purpose, channels=channels, source="FORM", text_version="1", granted_at=MONDAY)
    text = page(as_(client, agent).get(url(ana)))
    reach = text[text.index("Cuándo se puede contactar") :]
    assert (reach.count("Ofertas y campañas"), reach.count("Encuestas de satisfacción"), reach.count("formulario firmado")) == (1, 3, 4)
    for words in ("Ana Muñoz", "Sin validar", "300 ••• ••01", "Contacto proactivo", car.plate, "15234", "Revisión 10.000", "Ocupada",
                  "Tiene una queja abierta", "«Anna Munos»", "El cliente pidió no recibir contactos comerciales"):  # fmt: skip
        assert words in text, words


def test_contact_per_channel_says_when(client, agent, ana, settings):
    text = page(as_(client, agent).get(url(ana)))
    assert text.count("Ahora</span>") == 6
    settings.CLOCK_SHIFT += 12 * 3600
    text = page(client.get(url(ana)))
    assert "mañana 07:00" in text
    assert "Ley 2300 art. 3" in text


def test_a_merged_customer_opens_the_one_that_stayed(client, agent, ana):
    other = CustomerFactory(name="Ana M Muñoz", sites=ana.sites)
    merging.merge(ana.pk, other.pk, by=agent, at=MONDAY)
    assert as_(client, agent).get(url(other)).url == url(ana)


def test_foreign_customers_do_not_exist_and_wrong_roles_may_not(client, outsider, advisor, ana):
    for rest in ("", "corregir/", "cambiar/", "comparar/"):
        method = client.post if rest in {"cambiar/", "comparar/"} else client.get
        as_(client, outsider)
        assert method(url(ana, rest)).status_code == 404
        as_(client, advisor)
        assert method(url(ana, rest)).status_code == 403


def test_who_may_only_look_finds_no_button(client, ana):
    text = page(as_(client, person(Role.QUALITY_COORDINATOR)).get(url(ana)))
    assert "Agregar teléfono" not in text
    assert "corregir/" not in text
    assert change(client, ana, "validate").status_code == 403


def test_the_page_costs_the_same_for_one_and_for_three(client, agent, ana, django_assert_max_num_queries, north):
    car = ana.parties.get().vehicle
    WorkOrder.objects.create(site=north, number="one", brand=car.brand, vehicle=car, delivered_on=MONDAY.date())
    as_(client, agent).get(url(ana))
    with django_assert_max_num_queries(45) as few:
        client.get(url(ana))
    for number in range(3):
        PhoneFactory(customer=ana)
        car = VehicleFactory()
        VehicleParty.objects.create(vehicle=car, customer=ana)
        OutreachFactory(customer=ana, vehicle=car, site=north, phone=False, ties=False)
        WorkOrder.objects.create(site=north, number=str(number), brand=car.brand, vehicle=car, delivered_on=MONDAY.date())
    with django_assert_max_num_queries(len(few)):
        client.get(url(ana))


def answered(row, agent, number, at, **more):
    Attempt.objects.create(**{
        "body_hash": "x", "outreach": row, "number": number, "agent": agent, "outcome": Outcome.DONE, "is_contact": True, "started_at": at, "at": at,
        "day": at.date(), "policy_version": "1", **more,
    })  # fmt: skip


def test_when_the_customer_usually_answers_is_said_with_its_evidence(client, agent, outsider, ana):
    row = ana.outreaches.get()
    for number, hour in enumerate((16, 17, 18), 1):
        assert "Suele contestar" not in page(as_(client, agent).get(url(ana)))
        answered(row, agent, number, MONDAY.replace(hour=hour) - timedelta(days=7))
    answered(row, agent, 4, MONDAY - timedelta(days=6), is_inbound=True)  # who calls says nothing of when they answer
    text = page(client.get(url(ana)))
    assert 'de 15:00 a 19:00 <span class="muted small">3 de 3 llamadas contestadas' in text
    assert "Suele contestar de 15:00 a 19:00" in page(client.post(f"/cola/{row.pk}/", HTTP_HX_REQUEST="true"))
    assert reach.usual_hours(ana, outsider) is None


# -- corrections -----------------------------------------------------------------------------------------------------


def test_correcting_the_data(client, agent, ana):
    form = {"version": 0, "name": "Ana María Muñoz", "kind": "PERSON", "document_type": "CC", "document": "52.123.456", "city": "Chía"}
    assert as_(client, agent).post(url(ana, "corregir/"), form).url == url(ana)
    ana.refresh_from_db()
    assert (ana.name, ana.document_key, ana.city) == ("Ana María Muñoz", "52123456", "Chía")
    text = page(client.get(url(ana)))
    assert "<del>Bogotá</del> → Chía" in text


def test_a_second_editor_sees_both_values_and_may_insist(client, agent, ana):
    form = {"version": 0, "name": "Ana Primera", "kind": "PERSON", "document_type": "CC", "document": ana.document_number, "city": "Bogotá"}
    as_(client, agent).post(url(ana, "corregir/"), form)
    response = client.post(url(ana, "corregir/"), form | {"name": "Ana Segunda"})
    text = page(response)
    assert response.status_code == 409
    assert '<th scope="row">Nombre o razón social</th><td>Ana Primera</td><td>Ana Segunda</td>' in text
    assert 'name="version" value="1"' in text
    client.post(url(ana, "corregir/"), form | {"name": "Ana Segunda", "version": 1})
    assert Customer.objects.get(pk=ana.pk).name == "Ana Segunda"


def test_a_refused_correction_keeps_what_was_typed(client, agent, ana):
    form = {"version": 0, "name": "Ana Nueva", "kind": "PERSON", "document_type": "CC", "document": "77", "city": "Chía"}
    response = as_(client, agent).post(url(ana, "corregir/"), form)
    assert response.status_code == 422
    assert "no es un documento válido" in page(response)
    assert 'value="Ana Nueva"' in page(response)


def shown(car, **then):
    """The vehicle's form as the page sends it back untouched, with what the page showed of it then."""
    now = {
        "plate": car.plate,
        "family": car.family,
        "model_year": car.model_year or "",
        "odometer_km": car.odometer_km or "",
        "sold": "False",
    }
    now |= then
    fields = {name: value for name, value in now.items() if name != "sold"}
    return fields | {f"initial-{name}": value for name, value in now.items()}


def test_what_nobody_touched_of_a_vehicle_is_the_file_s(client, agent, ana):
    party = ana.parties.get()
    page_of_eight = shown(party.vehicle, odometer_km="40000")
    Vehicle.objects.filter(pk=party.vehicle_id).update(odometer_km=52_000)
    as_(client, agent)
    change(client, ana, "vehicle", row=party.pk, **page_of_eight, sold="on")
    car = Vehicle.objects.get(pk=party.vehicle_id)
    assert (car.odometer_km, car.edited_fields, car.sold_at is not None) == (52_000, [], True)
    answer = change(client, ana, "vehicle", row=party.pk, **page_of_eight | {"odometer_km": "41000"})
    assert (answer.status_code, "quedó en «52000»; usted escribió «41000»" in page(answer)) == (422, True)
    assert 'name="initial-odometer_km" value="40000"' in page(answer)


def test_a_buyer_s_page_does_not_say_that_they_sold_it(client, agent, ana):
    party = ana.parties.get()
    Vehicle.objects.filter(pk=party.vehicle_id).update(sold_at=MONDAY - timedelta(days=9))
    ana.parties.update(since=MONDAY.date())
    assert '<span class="tag" data-tone="warn">Vendido' not in page(as_(client, agent).get(url(ana)))
    change(client, ana, "vehicle", row=party.pk, **shown(party.vehicle) | {"family": "Polo"})
    car = Vehicle.objects.get(pk=party.vehicle_id)
    assert (car.family, car.sold_at) == ("Polo", MONDAY - timedelta(days=9))
    ana.parties.update(since=None)
    assert '<span class="tag" data-tone="warn">Vendido' in page(client.get(url(ana)))


def test_small_corrections_one_by_one(client, agent, ana):
    as_(client, agent)
    change(client, ana, "validate", confirmed=["city"] if ana.city else ["name"])
    change(client, ana, "phone", phone="601 555 0142", label="casa")
    change(client, ana, "email", email="ana@demo.example")
    point = ana.points.get(value="+573005550101")
    change(client, ana, "point", point=point.pk, status="WRONG")
    party = ana.parties.get()
    change(client, ana, "vehicle", row=party.pk, plate=party.vehicle.plate, family="Polo", odometer_km="20500", sold="on")
    change(client, ana, "end_party", row=party.pk)
    change(client, ana, "party", vehicle=party.vehicle.plate, role=PartyRole.DRIVER)
    ana.refresh_from_db()
    point.refresh_from_db()
    assert ana.validated_by == agent
    assert set(ana.points.values_list("value", flat=True)) == {"+573005550101", "+576015550142", "ana@demo.example"}
    assert point.status == PointStatus.WRONG
    assert (VehicleParty.objects.get(role=PartyRole.DRIVER).vehicle.family, ana.parties.current().count()) == ("Polo", 1)
    assert FieldChange.objects.filter(customer=ana).count() == 9


@pytest.mark.parametrize(
    ("action", "data", "words"),
    [
        ("phone", {"phone": "123"}, "no sirve"),
        ("phone", {}, "Escriba el teléfono"),
        ("email", {"email": "ana@"}, "no es válido"),
        ("party", {"vehicle": "ZZZ999", "role": "OWNER"}, "No hay un vehículo"),
    ],
)
def test_a_refused_form_comes_back_open_with_its_reason(client, agent, ana, action, data, words):
    response = change(as_(client, agent), ana, action, **data)
    assert response.status_code == 422
    assert words in page(response)
    for value in data.values():
        assert f'value="{value}"' in page(response)


def test_somebody_elses_phone_or_car_cannot_be_changed_through_ones_own_customer(client, agent, ana):
    other = PhoneFactory(value="+573009998877")
    party = VehicleParty.objects.create(vehicle=VehicleFactory(), customer=other.customer)
    as_(client, agent)
    for action, data in (("point", {"point": other.pk, "status": "WRONG"}), ("end_party", {"row": party.pk}), ("nonsense", {}), ("", {})):
        assert change(client, ana, action, **data).status_code == 302
    other.refresh_from_db()
    party.refresh_from_db()
    assert (other.status, party.until) == (PointStatus.VALID, None)


def test_a_company_has_contact_persons(client, agent, ana):
    company = CustomerFactory(name="Flota Andina Demo SAS", kind="COMPANY", sites=ana.sites)
    as_(client, agent)
    change(client, company, "contact", name="Rosa Gil", position="Flota", phone="3005550177", email="rosa@flota.example")
    contact = CompanyContact.objects.get()
    assert "Rosa Gil" in page(client.get(url(company)))
    assert "Flota Andina Demo SAS" in page(client.get(url(contact.person)))
    change(client, company, "end_contact", row=contact.pk)
    assert not CompanyContact.objects.current().exists()


def test_differences_are_taken_or_left(client, agent, ana):
    one = ImportDifference.objects.create(customer=ana, field="city", theirs="Soacha", seen_on=MONDAY.date())
    change(as_(client, agent), ana, "accept", row=one.pk)
    ana.refresh_from_db()
    assert (ana.city, ImportDifference.objects.count()) == ("Soacha", 0)
    two = ImportDifference.objects.create(vehicle=ana.parties.get().vehicle, field="odometer_km", theirs="99000", seen_on=MONDAY.date())
    change(client, ana, "dismiss", row=two.pk)
    assert not ImportDifference.objects.standing().exists()


# -- duplicates ------------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(ana):
    other = CustomerFactory(name="Muñoz Ana", sites=ana.sites, document_key="", document_number="")
    PhoneFactory(customer=other, value="+573005550101")
    first, second = sorted([ana, other], key=lambda row: row.pk)
    return DuplicatePair.objects.create(first=first, second=second, score=65, reasons=["Mismo teléfono"], found_at=MONDAY)


def test_from_the_queue_to_the_merge_and_back(client, agent, ana, pair):
    text = page(as_(client, agent).get("/clientes/duplicados/"))
    assert "Mismo teléfono" in text
    text = page(client.get(f"/clientes/duplicados/{pair.pk}/"))
    assert "Mismo teléfono 300 ••• ••01 (+35)" in text
    assert "300 555 0101" not in text
    assert f'hx-post="{url(ana, "contacto/")}"' in text
    assert f'button--primary button--wide gap-top" type="submit" name="stays" value="{ana.pk}"' in text
    client.post(f"/clientes/duplicados/{pair.pk}/", {"stays": ana.pk})
    done = CustomerMerge.objects.get()
    assert (done.survivor, done.by) == (ana, agent)
    assert "incluye a «Muñoz Ana»" in page(client.get("/clientes/duplicados/"))
    client.post(f"/clientes/fusiones/{done.pk}/deshacer/")
    assert not Customer.objects.filter(merged_into__isnull=False).exists()


def test_a_pair_named_by_hand_says_its_telephone_by_half_everywhere(client, agent, ana):
    other = CustomerFactory(name="Muñoz Ana", sites=ana.sites, document_number="79111222", document_key="79111222")
    for value, kind in (("+573005550101", "PHONE"), ("rosa@demo.example", "EMAIL")):
        ContactPoint.objects.update_or_create(customer=other, value=value, kind=kind)
    ContactPoint.objects.create(customer=ana, value="rosa@demo.example", kind="EMAIL")
    as_(client, agent).post(url(ana, "comparar/"), {"other": "79111222"})
    reasons = DuplicatePair.objects.get().reasons
    assert {"Mismo teléfono 300 ••• ••01 (+35)", "Mismo correo r•••@demo.example (+25)"} <= set(reasons)
    for address in ("/clientes/duplicados/", url(ana), f"/clientes/duplicados/{DuplicatePair.objects.get().pk}/"):
        text = page(client.get(address))
        assert ("300 555 0101" in text, "rosa@demo.example" in text) == (False, False), address


def test_a_corrected_telephone_is_named_by_half(client, agent, ana):
    as_(client, agent)
    text = page(client.post(url(ana, "cambiar/"), {"action": "point", "point": ana.points.get().pk, "status": "WRONG"}, follow=True))
    assert ("300 ••• ••01: equivocado." in text, "300 555 0101" in text) == (True, False)


def test_the_name_that_stays_is_chosen(client, agent, ana, pair):
    other = pair.second if pair.first == ana else pair.first
    text = page(as_(client, agent).get(f"/clientes/duplicados/{pair.pk}/"))
    assert ("Nombre que queda" in text, "Ciudad que queda" in text) == (True, False)
    client.post(f"/clientes/duplicados/{pair.pk}/", {"stays": ana.pk, "name": other.pk})
    assert Customer.objects.get(pk=ana.pk).name == "Muñoz Ana"


def test_not_the_same_person_is_not_asked_again(client, agent, pair):
    as_(client, agent).post(f"/clientes/duplicados/{pair.pk}/", {"stays": "none"})
    pair.refresh_from_db()
    assert (pair.state, pair.decided_by) == (PairState.DISMISSED, agent)
    assert "No hay duplicados por decidir" in page(client.get("/clientes/duplicados/"))


def test_nothing_chosen_merges_nothing(client, agent, pair):
    as_(client, agent).post(f"/clientes/duplicados/{pair.pk}/", {"stays": "0"})
    assert not CustomerMerge.objects.exists()


def test_a_pair_with_a_foreign_half_does_not_exist(client, agent, outsider, ana, pair, centre):
    Customer.objects.filter(pk=pair.second_id).update(sites=[centre.pk])
    assert as_(client, outsider).get(f"/clientes/duplicados/{pair.pk}/").status_code == 404
    assert "Mismo teléfono" not in page(client.get("/clientes/duplicados/"))


def test_searching_the_master_is_a_job(client, agent, ana, pair):
    pair.delete()
    as_(client, agent).post("/clientes/duplicados/buscar/")
    client.post("/clientes/duplicados/buscar/")
    assert DuplicateScan.objects.count() == 1
    while tasks.run_one():
        pass
    assert DuplicatePair.objects.get().score == 65


def test_comparing_with_somebody_named(client, agent, ana):
    other = CustomerFactory(name="Otra Persona", sites=ana.sites, document_number="79111222", document_key="79111222")
    response = as_(client, agent).post(url(ana, "comparar/"), {"other": "79.111.222"})
    assert response.url == f"/clientes/duplicados/{DuplicatePair.objects.get().pk}/"
    assert DuplicatePair.objects.get().second in {ana, other}
    assert "No hay otro cliente" in page(client.post(url(ana, "comparar/"), {"other": "99999999"}))


# -- own numbers -----------------------------------------------------------------------------------------------------


def test_own_numbers_are_blocked_and_given_back(client, director, agent, ana):
    as_(client, director).post("/clientes/telefonos-propios/", {"phone": "300 555 0101", "note": "Celular de Luis"})
    assert ana.points.get(value="+573005550101").status == PointStatus.BLOCKED
    assert "Celular de Luis" in page(client.get("/clientes/telefonos-propios/"))
    assert "no es un número" in page(client.post("/clientes/telefonos-propios/", {"phone": "12", "note": "x"}))
    client.post("/clientes/telefonos-propios/", {"remove": BlockedPhone.objects.get().pk})
    assert ana.points.get(value="+573005550101").status == PointStatus.VALID
    assert as_(client, agent).get("/clientes/telefonos-propios/").status_code == 403


# -- the box ---------------------------------------------------------------------------------------------------------


def test_the_box_finds_opens_and_remembers(client, agent, ana):
    assert "Escriba un nombre" in page(as_(client, agent).get("/buscar/"))
    text = page(client.get("/buscar/", {"q": "munoz an"}))
    assert f'href="{url(ana)}"' in text
    assert "Nadie coincide" in page(client.get("/buscar/", {"q": "zzzzzz"}))
    client.get(url(ana))
    assert "Abiertos hace poco" in page(client.get("/buscar/"))
    assert '/citas/"' in page(client.get("/buscar/", {"q": "> cit"}))


def test_a_plate_that_was_looked_for_is_told_once(client, agent, ana):
    plate = ana.outreaches.get().vehicle.plate
    text = page(as_(client, agent).get("/buscar/", {"q": plate}))
    assert (f'href="{url(ana)}"' in text, text.count(f"· {plate}")) == (True, 1)


def test_what_waits_for_a_call_is_told_once(client, agent, ana):
    """A matter of the recovery list has no page of its own: its call says all of it."""
    Outreach.objects.filter(customer=ana).update(programme=Programme.RECOVERY, reason="12 meses sin venir")
    assert page(as_(client, agent).get(url(ana))).count("12 meses sin venir") == 1


def test_the_box_shows_nobody_of_another_site(client, outsider, advisor, ana):
    assert "Ana Muñoz" not in page(as_(client, outsider).get("/buscar/", {"q": "munoz"}))
    assert as_(client, advisor).get("/buscar/", {"q": "munoz"}).status_code == 403


def test_the_box_costs_the_same_for_one_and_for_three(client, agent, ana, django_assert_max_num_queries):
    as_(client, agent).get("/buscar/", {"q": "munoz"})
    with django_assert_max_num_queries(20) as few:
        client.get("/buscar/", {"q": "munoz"})
    for number in range(3):
        VehicleParty.objects.create(vehicle=VehicleFactory(), customer=CustomerFactory(name=f"Ana Muñoz {chr(65 + number)}"))
    with django_assert_max_num_queries(len(few)):
        client.get("/buscar/", {"q": "munoz"})


# -- the console -----------------------------------------------------------------------------------------------------


def test_the_first_contact_validates_what_the_customer_confirmed(client, agent, ana):
    row = ana.outreaches.get()
    text = page(as_(client, agent).post(f"/cola/{row.pk}/", HTTP_HX_REQUEST="true"))
    assert ("Primer contacto: confirme los datos" in text, f'value="vehicle-{row.vehicle_id}"' in text) == (True, True)
    path = f"/cola/{row.pk}/validar/"
    nothing = client.post(path, HTTP_HX_REQUEST="true")
    assert (nothing.status_code, "Marque qué datos" in page(nothing)) == (422, True)
    assert client.post(path, {"confirmed": "point-0"}, HTTP_HX_REQUEST="true").status_code == 422
    text = page(client.post(path, {"confirmed": ["name"]}, HTTP_HX_REQUEST="true"))
    assert ("Datos validados el 23/11/2026" in text, text.count("confirmado el 23/11/2026")) == (True, 1)
    ana.refresh_from_db()
    assert (ana.validated_by, ana.edited_fields) == (agent, ["name"])
    change_ = FieldChange.objects.get()
    assert (change_.field, change_.source) == ("name", "VALIDATION")
    assert client.post(path).status_code == 302


def test_nobody_confirms_the_data_of_another_sites_customer(client, agent, outsider, advisor, ana):
    row = ana.outreaches.get()
    data = {"confirmed": "name"}
    assert as_(client, outsider).post(f"/cola/{row.pk}/validar/", data).status_code == 404
    assert as_(client, advisor).post(f"/cola/{row.pk}/validar/", data).status_code == 403
    assert not FieldChange.objects.exists()


def test_a_company_is_called_through_its_contact_person(client, agent, north):
    company = CustomerFactory(name="Flota Andina Demo SAS", kind="COMPANY")
    row = OutreachFactory(site=north, customer=company, phone=False)
    rosa = PhoneFactory(customer=CustomerFactory(name="Rosa Gil"), value="+573005550177").customer
    CompanyContact.objects.create(company=company, person=rosa, position="Flota", since=MONDAY.date())
    text = page(as_(client, agent).post(f"/cola/{row.pk}/", HTTP_HX_REQUEST="true"))
    assert "300 555 0177" in text
    assert "Rosa Gil" in text
    assert row.programme == Programme.PROACTIVE
