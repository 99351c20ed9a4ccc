"""The customer master in a browser: found by keyboard, corrected, merged and taken back; lists with views and columns."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from callcenter.domain import customers, matching
from callcenter.domain.customers import Edit
from callcenter.enums import ExclusionScope, ExclusionSource, Outcome
from callcenter.models import (
    Attempt,
    Customer,
    CustomerMerge,
    DuplicateScan,
    Exclusion,
    ImportDifference,
    SavedView,
    VehicleParty,
    WorkOrder,
)
from callcenter.roles import Role
from tests.browser.conftest import press
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, PhoneFactory, SiteFactory, VehicleFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(house, monday):
    north = SiteFactory(code="norte", name="Sede Norte")
    ana = OutreachFactory(
        site=north, customer=CustomerFactory(name="Ana María Muñoz Peña", document_number="52000101", document_key="52000101", city="Bogotá"),
        phone="+573005550101", vehicle=VehicleFactory(plate="ZZA101", vin="9BWAA05U1AA000101", last_visit_on="2026-05-20"),
    ).customer  # fmt: skip
    PhoneFactory(customer=ana, value="+576015550142", label="casa", position=1)
    car = ana.parties.get().vehicle
    WorkOrder.objects.create(
        site=north,
        number="15234",
        brand=car.brand,
        vehicle=car,
        customer=ana,
        delivered_on=MONDAY.date(),
        entry_reason="Revisión 10.000 km",
    )
    Exclusion.objects.create(
        customer=ana, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, since=MONDAY, channels=["EMAIL"]
    )
    ImportDifference.objects.create(customer=ana, field="city", theirs="Soacha", seen_on=MONDAY.date())
    again = CustomerFactory(name="Muñoz Peña Ana", document_key="", document_number="", sites=[north.pk])
    PhoneFactory(customer=again, value="+573005550101")
    company = CustomerFactory(
        name="Flota Andina Demo SAS", kind="COMPANY", document_type="NIT", document_number="900100001", sites=[north.pk]
    )
    VehicleParty.objects.create(vehicle=VehicleFactory(), customer=company)
    for number in range(12):
        CustomerFactory(name=f"Cliente Número {chr(65 + number)}", sites=[north.pk])
    matching.scan(DuplicateScan.objects.create(started_at=MONDAY, finished_at=MONDAY, work_state="DONE"))
    return ana


def test_the_history_goes_on_and_is_filtered_where_it_stands(scene, visitor):
    user = person(Role.CALL_CENTER_AGENT)
    row = scene.outreaches.get()
    for number in range(1, 21):
        at = MONDAY - timedelta(hours=number)
        Attempt.objects.create(
            body_hash="x", outreach=row, number=number, agent=user, outcome=Outcome.CALL_BACK, is_contact=True, started_at=at, at=at,
            day=at.date(), policy_version="1", note=f"Nota {number}.",
        )  # fmt: skip
    agent = visitor().login(user)
    agent.open(f"/clientes/{scene.pk}/")
    told = agent.page.locator("#history .timeline li strong")
    expect(told).to_have_count(15)
    agent.page.get_by_role("link", name="Ver más").click()
    expect(told).to_have_count(21)
    expect(agent.page.get_by_role("link", name="Ver más")).to_have_count(0)
    agent.check("history")
    agent.page.get_by_role("link", name="Taller", exact=True).click()
    expect(told).to_have_text(["Orden 15234"])
    agent.check("history-kind")


def test_from_the_search_box_to_the_corrected_customer(scene, visitor):
    agent = visitor().login(person(Role.CALL_CENTER_AGENT, first_name="Ana"))
    page = agent.page

    # 1. Ctrl K, a name typed badly, and Enter.
    press(page, "Control+k")
    expect(page.get_by_role("combobox", name="Buscar cliente")).to_be_focused()
    page.keyboard.type("munos pena")
    hits = page.locator("#palette-list").get_by_role("option")
    expect(hits.filter(has_text="Ana María Muñoz Peña")).to_be_visible()
    expect(hits.first).to_have_attribute("aria-selected", "true")
    press(page, "ArrowDown")
    expect(hits.nth(1)).to_have_attribute("aria-selected", "true")
    agent.check("palette")
    page.get_by_role("combobox").fill("zza 101")
    expect(page.get_by_role("group", name="Placa")).to_be_visible()
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Ana María Muñoz Peña")).to_be_visible()
    expect(page.get_by_text("SPIGA dice otra cosa")).to_be_visible()
    agent.check("customer")

    # 2. The data that the customer confirmed are marked one by one, and corrected.
    press(page, "v")
    page.get_by_label("Nombre: Ana María Muñoz Peña").check()
    agent.check("confirm")
    page.get_by_role("button", name="Guardar lo confirmado").click()
    expect(page.get_by_text("Validado el 23/11/2026").first).to_be_visible()
    press(page, "e")
    page.get_by_label("Ciudad").fill("Chía")
    agent.check("correct")
    press(page, "Control+Enter")
    expect(page.get_by_text("Guardado: 1 dato")).to_be_visible()
    page.get_by_text("Agregar teléfono").click()
    page.get_by_label("Teléfono", exact=True).fill("123")
    page.get_by_role("button", name="Agregar", exact=True).first.click()
    expect(page.get_by_text("«123» no sirve")).to_be_visible()
    agent.check("refused")
    page.get_by_label("Teléfono", exact=True).fill("310 555 0199")
    page.get_by_role("button", name="Agregar", exact=True).first.click()
    expect(page.get_by_text("310 555 0199").first).to_be_visible()

    # 3. The double is compared, merged and taken back.
    agent.open("/clientes/duplicados/")
    agent.follow(page.get_by_role("link", name="Comparar Ana"))
    agent.check("pair")
    page.get_by_role("button", name="Fusionar: queda «Ana María").click()
    expect(page.get_by_text("Fusionados: queda Ana María")).to_be_visible()
    assert CustomerMerge.objects.get().survivor == scene
    page.get_by_role("button", name="Deshacer la fusión").click()
    expect(page.get_by_text("vuelven a ser dos")).to_be_visible()
    assert not Customer.objects.filter(merged_into__isnull=False).exists()


def test_a_list_as_one_likes_it(scene, visitor):
    agent = visitor().login(person(Role.CALL_CENTER_AGENT, first_name="Ana"))
    page = agent.open("/clientes/")
    press(page, "j")
    expect(page.get_by_role("link", name="Ana María Muñoz Peña")).to_be_focused()
    page.get_by_role("button", name="Columnas").click()
    page.get_by_role("button", name="Subir Documento").click()
    page.get_by_label("Correo", exact=True).check()
    agent.check("columns")
    page.get_by_role("button", name="Mostrar").click()
    expect(page.get_by_role("columnheader").first).to_have_text("Documento")
    page.get_by_label("Buscar", exact=True).fill("munoz")
    page.get_by_role("button", name="Filtrar").click()
    expect(page.get_by_text("2 resultados")).to_be_visible()
    page.get_by_role("button", name="Guardar vista").click()
    page.get_by_label("Nombre", exact=True).fill("Las Muñoz")
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.get_by_text("Vista «Las Muñoz» guardada.")).to_be_visible()
    assert SavedView.objects.get().columns[:2] == ["document", "name"]
    agent.check("saved view")


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (390, "dark"), (1440, "dark")])
def test_every_page_on_a_phone_and_in_the_dark(scene, visitor, width, theme):
    lead = person(Role.CALL_CENTER_AGENT)
    customers.validate(scene.pk, ["name"], edit=Edit(lead, MONDAY))
    someone = visitor(width=width, theme=theme).login(lead)
    company = Customer.objects.get(kind="COMPANY")
    for path in ("/clientes/", f"/clientes/{scene.pk}/", f"/clientes/{company.pk}/", "/clientes/duplicados/", "/descargas/"):
        someone.open(path)
