"""F3 and F4: good and nasty files with their exact totals."""

import pytest

from callcenter.enums import BatchStatus, ExclusionScope, ExclusionSource, OutreachState, Programme
from callcenter.models import ContactPoint, Customer, Exclusion, ImportBatch, Outreach, WorkOrder
from callcenter.spiga import pipeline
from satisfaction.models import Delivery, Survey
from tests.factories import MONDAY, BrandFactory, EmployeeFactory, VehicleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday", "north", "vw")]

WORKSHOP = "Centro;Núm. OT;Placa;VIN;Marca;Gama;Motivo de Entrada;F. Entrega;F. Fra.;Cliente Fra.;Cliente;N° Doc. Cliente;Telf. Móvil;Asesor;Tipo Cargo;Kilómetros;"
SALES = "Centro;VIN;Placa;Marca;Gama;Cliente;N° Doc. Cliente;Tipo Doc.;Teléfonos;Email;Perfil Cliente;Fecha Paz y Salvo;F. Entrega Cliente;Vendedor;Tipo Venta"


def load(slug, header, *rows, site=None):
    data = "\r\n".join(["Informe - Carrazos - 23/11/2026 08:10", header, *rows, f"Total registros: {len(rows)}"]).encode()
    batch = pipeline.receive(slug, data, f"{slug}.csv", by=None, site=site, at=MONDAY)
    result = pipeline.import_now(batch)
    batch.refresh_from_db()
    assert batch.status == BatchStatus.APPLIED, batch.error
    return result


def order(number, *, n=101, reason="REVISIÓN 10.000 KM", delivered="20/11/2026", invoiced="20/11/2026", **more):
    name = more.get("name", f"PEREZ RUIZ PERSONA {chr(65 + n % 26)}")
    cells = ["NORTE", number, f"ZZA{n}", f"9BWAA05U1AA000{n}", "VOLKSWAGEN", "GOL", reason, delivered, invoiced, more.get("payer", name), name,
             str(52_000_000 + n), more.get("phone", f"3005550{n}"), more.get("advisor", ""), more.get("charge", ""), "10.215", ""]  # fmt: skip
    return ";".join(cells)


def sale(n=104, **more):
    row = {
        "site": "NORTE", "vin": f"9BWAA05U1AA000{n}", "plate": f"ZZC{n}", "brand": "VOLKSWAGEN", "family": "POLO",
        "name": f"GOMEZ JOSE PERSONA {chr(65 + n % 26)}", "document": str(1_075_000_000 + n), "kind": "CC", "phones": f"3005550{n}", "email": "",
        "profile": "Particular", "cleared": "18/11/2026", "delivered": "19/11/2026", "seller": "", "sale": "VN",
    } | more  # fmt: skip
    return ";".join(row.values())


def test_each_delivered_order_is_asked_once():
    EmployeeFactory(code="023", name="Ana Ruiz")
    result = load("aftersales", WORKSHOP, order("OT/1/2026-1", n=101, advisor="023 - ANA RUIZ"), order("OT/2/2026-1", n=102))
    assert (result.read, result.created) == (2, 2)
    row = Survey.objects.get(work_order__number="OT/1/2026")
    assert (row.status, str(row.served_on), str(row.listed_on), row.advisor.name) == ("PENDING", "2026-11-20", "2026-11-23", "Ana Ruiz")
    assert (row.outreach.programme, row.outreach.purpose, row.outreach.state) == (
        Programme.AFTERSALES_SURVEY,
        "SERVICE",
        OutreachState.OPEN,
    )


def test_the_same_file_again_asks_nobody_twice():
    rows = [order("OT/1/2026-1", n=101), order("OT/2/2026-1", n=102)]
    load("aftersales", WORKSHOP, *rows)
    again = load("aftersales", WORKSHOP, *rows, order("OT/3/2026-1", n=103))
    assert (again.created, again.unchanged, Survey.objects.count()) == (1, 2, 3)


@pytest.mark.parametrize(
    ("rows", "asked"),
    [
        ([order("OT/1/2026-1"), order("OT/1/2026-2", reason="GARANTIA", payer="IMPORTADORA DEMO S.A.S.")], 1),  # 1, 2: one order, two invoices
        ([order("OT/1/2026-1"), order("OT/9/2026-1", reason="COLISION", delivered="19/11/2026")], 1),  # 5: same car, two orders
        ([order("OT/1/2026-1", name="CARRAZOS SAS", reason="ALISTAMIENTO")], 0),  # 7: internal
        ([order("OT/1/2026-1", delivered="", invoiced="")], 0),  # still in the workshop
        ([order("OT/1/2026-1", delivered="01/10/2026", invoiced="01/10/2026")], 0),  # 19: too old
        ([order("OT/1/2026-1", delivered="30/11/2026")], 0),  # 14: in the future
        ([order("OT/1/2026-1", delivered="20/11/2026", invoiced="")], 1),  # 3: delivered, invoiced tomorrow
        ([order("OT 15234", n=101), order("OT-15235", n=102)], 2),  # 15: other ways of numbering
    ],
)  # fmt: skip
def test_which_orders_are_asked_about(rows, asked):
    result = load("aftersales", WORKSHOP, *rows)
    assert result.adds_up
    assert Survey.objects.count() == asked


def test_the_insurer_is_never_called():
    load("aftersales", WORKSHOP, order("OT/1/2026-1", reason="COLISION", payer="SEGUROS DEMO S.A.", name="LUIS PEREZ MORA"))
    assert Survey.objects.get().customer.name == "Luis Perez Mora"
    load("aftersales", WORKSHOP, order("OT/2/2026-1", n=102, reason="COLISION", payer="SEGUROS DEMO S.A.", name=""))
    assert Survey.objects.count() == 1


def test_a_guarantee_and_the_missing_phone_are_told():
    load("aftersales", WORKSHOP, order("OT/1/2026-1", n=101, charge="GARANTIA"), order("OT/2/2026-1", n=102, phone=""))
    assert Survey.objects.get(work_order__number="OT/1/2026").is_warranty
    silent = Survey.objects.get(work_order__number="OT/2/2026")
    assert (silent.status, silent.outreach.state, silent.outreach.result) == ("NO_CONTACT_DATA", OutreachState.CLOSED, "UNREACHABLE")


def test_who_asked_not_to_be_contacted_is_listed_and_not_called():
    load("aftersales", WORKSHOP, order("OT/1/2026-1", delivered="01/10/2026", invoiced="01/10/2026"))
    Exclusion.objects.create(customer=Customer.objects.get(), scope=ExclusionScope.ALL, source=ExclusionSource.CUSTOMER, since=MONDAY)
    load("aftersales", WORKSHOP, order("OT/2/2026-1"))
    assert (Survey.objects.get().outreach.state, Survey.objects.get().outreach.result) == ("CLOSED", "OPTED_OUT")


@pytest.mark.parametrize(
    ("channels", "waits"),
    [(["VOICE"], ("OPEN", "WHATSAPP", "")), (["WHATSAPP"], ("OPEN", "CALL", "")), (["VOICE", "WHATSAPP"], ("CLOSED", "NONE", "OPTED_OUT"))],
)
@pytest.mark.parametrize("slug", ["aftersales", "sales"])
def test_who_refused_one_channel_is_asked_by_the_other(slug, channels, waits):
    load("sales", SALES, sale(delivered="15/10/2026", cleared="15/10/2026"))  # known from before
    Exclusion.objects.create(
        customer=Customer.objects.get(), scope=ExclusionScope.ALL, source=ExclusionSource.CUSTOMER, since=MONDAY, channels=channels
    )
    Survey.objects.all().delete()
    again = sale() if slug == "sales" else order("OT/2/2026-1", n=104, name="GOMEZ JOSE PERSONA A")
    if slug == "aftersales":
        again = again.replace(str(52_000_104), str(1_075_000_104))
    load(slug, SALES if slug == "sales" else WORKSHOP, again)
    found = Survey.objects.select_related("outreach").get()
    assert (found.outreach.state, found.outreach.next_step, found.outreach.result) == waits
    assert found.status == "PENDING"


def test_an_order_known_from_the_history_is_asked_when_its_delivery_comes():
    load("recovery", WORKSHOP, order("OT/1/2026-1"))
    assert (WorkOrder.objects.count(), Survey.objects.count()) == (1, 0)
    result = load("aftersales", WORKSHOP, order("OT/1/2026-1"))
    assert (result.updated, Survey.objects.count()) == (1, 1)


def test_every_handed_over_vehicle_is_asked_once():
    EmployeeFactory(code="77", name="Rosa Demo", function="sales_advisor")
    result = load(
        "sales",
        SALES,
        sale(104, seller="77 - ROSA DEMO"),
        sale(105, sale="VO", name="FLOTA DEMO S.A.S.", document="900373913-4", kind="NIT"),
        sale(104),
    )
    assert (result.created, dict(result.excluded)) == (2, {"DUPLICATE": 1})
    row = Survey.objects.get(vehicle__vin="9BWAA05U1AA000104")
    assert (row.programme, str(row.served_on), row.advisor.name, row.delivery.is_used) == ("SALES_SURVEY", "2026-11-19", "Rosa Demo", False)
    assert Delivery.objects.get(vehicle__vin="9BWAA05U1AA000105").is_used
    again = load("sales", SALES, sale(104), sale(106))
    assert (again.created, again.unchanged, Outreach.objects.of(Programme.SALES_SURVEY).count()) == (1, 1, 3)


@pytest.mark.parametrize(
    ("change", "code", "kind"),
    [
        ({"delivered": "", "cleared": ""}, "NO_DELIVERY", "rejected"),
        ({"delivered": "01/01/1900", "cleared": ""}, "NO_DELIVERY", "rejected"),
        ({"delivered": "30/11/2026"}, "FUTURE_VISIT", "rejected"),
        ({"delivered": "01/09/2026", "cleared": ""}, "TOO_OLD", "excluded"),
        ({"name": "CARRAZOS SAS"}, "OWN_VEHICLE", "excluded"),
        ({"kind": "TI"}, "MINOR", "excluded"),
        ({"name": ""}, "NO_NAME", "rejected"),
    ],
)
def test_deliveries_that_do_not_enter(change, code, kind):
    result = load("sales", SALES, sale(**change))
    assert dict(getattr(result, kind)) == {code: 1}
    assert Survey.objects.count() == 0


def test_without_delivery_the_clearance_counts_and_the_family_tells_the_brand():
    kia = BrandFactory(code="kia", name="Kia")
    VehicleFactory(brand=kia, family="PICANTO")
    load("sales", SALES, sale(104, delivered="", brand="", family="Picanto", phones="3005550104 (esposa), 6015550104"))
    row = Survey.objects.get()
    assert (str(row.served_on), row.brand) == ("2026-11-18", kia)
    assert ContactPoint.objects.phones().filter(customer=row.customer).count() == 2


# -- the rest of the nasty cases of domain 3.5 and 3.6, each by its number ---------------------------------------------


def asked() -> list[tuple]:
    """(customer, served on, advisor, has a call) of every survey."""
    rows = Survey.objects.select_related("customer", "advisor", "outreach").order_by("served_on", "pk")
    return [
        (row.customer.name, str(row.served_on), row.advisor and row.advisor.name, row.outreach.state == OutreachState.OPEN) for row in rows
    ]


def test_f3_4_an_order_that_was_opened_again_is_not_asked_twice():
    load("aftersales", WORKSHOP, order("OT/1/2026-1", delivered="16/11/2026", invoiced="16/11/2026"))
    load("aftersales", WORKSHOP, order("OT/1/2026-2", delivered="20/11/2026", invoiced="20/11/2026"))
    assert asked() == [("Perez Ruiz Persona X", "2026-11-16", None, True)]


def test_f3_6_a_free_wash_is_a_visit_like_any_other():
    header = WORKSHOP.removesuffix(";") + ";Importe Fra."
    load("aftersales", header, order("OT/1/2026-1", reason="LAVADO").removesuffix(";") + ";0")
    assert len(asked()) == 1


@pytest.mark.parametrize(
    ("driver", "name", "customer"),
    [("ANA RUIZ MORA", "FLOTA DEMO S.A.S.", "Ana Ruiz Mora"), ("", "FLOTA DEMO S.A.S.", "Flota Demo S.A.S."),
     ("ANA RUIZ MORA", "", "Ana Ruiz Mora")],
)  # fmt: skip
def test_f3_8_and_9_who_brought_the_fleets_car_is_asked_and_the_company_only_when_nobody_is_known(driver, name, customer):
    header = WORKSHOP.removesuffix(";") + ";Conductor"
    load("aftersales", header, order("OT/1/2026-1", name=name, payer="FLOTA DEMO S.A.S.").removesuffix(";") + f";{driver}")
    assert [row[0] for row in asked()] == [customer]


def test_f3_10_and_11_an_advisor_by_code_and_one_who_left_is_still_who_attended():
    EmployeeFactory(code="023", name="Ana Ruiz")
    EmployeeFactory(code="031", name="Luis Soto", is_active=False)
    load("aftersales", WORKSHOP, order("OT/1/2026-1", n=101, advisor="023 - ANA RUIZ"), order("OT/2/2026-1", n=102, advisor="LUIS SOTO"),
         order("OT/3/2026-1", n=103, advisor="NADIE CONOCIDO"))  # fmt: skip
    assert [row[2] for row in asked()] == ["Ana Ruiz", "Luis Soto", None]


@pytest.mark.parametrize("section", ["COLISION", "Colisión", "LATONERIA Y PINTURA"])
def test_f3_12_the_body_shop_under_any_name_leaves_the_payer_aside(section):
    header = WORKSHOP.removesuffix(";") + ";Sección"
    load("aftersales", header, order("OT/1/2026-1", name="", payer="FLOTA DEMO S.A.S.").removesuffix(";") + f";{section}")
    assert asked() == []


def test_f3_13_a_delivery_before_the_opening_is_told_and_asked():
    header = WORKSHOP.removesuffix(";") + ";F. Alta OT"
    result = load("aftersales", header, order("OT/1/2026-1").removesuffix(";") + ";21/11/2026")
    assert (dict(result.warnings), WorkOrder.objects.get().opened_on, len(asked())) == ({"DATES_CROSSED": 1}, None, 1)


def test_f3_16_numbers_that_start_again_each_year_are_two_orders():
    load("recovery", WORKSHOP, order("OT/1/2025-1", n=102, delivered="20/11/2025", invoiced="20/11/2025"))
    load("aftersales", WORKSHOP, order("OT/1/2026-1", n=101))
    assert (WorkOrder.objects.count(), len(asked())) == (2, 1)


def test_f3_17_a_plate_that_changed_is_the_same_car():
    load("aftersales", WORKSHOP, order("OT/1/2026-1", delivered="16/11/2026", invoiced="16/11/2026"))
    load("aftersales", WORKSHOP, order("OT/2/2026-1").replace("ZZA101", "ZZB777"))
    assert (Survey.objects.values("vehicle").distinct().count(), len(asked())) == (1, 1)  # served again within a week


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"plate": ""}, 1),  # 2: no plate yet
        ({"name": "GOMEZ JUAN Y RUIZ MARIA"}, 1),  # 5: two owners, one row
        ({"name": "LEASING DEMO S.A.", "document": "900373913-4", "kind": "NIT", "profile": "Empresa"}, 1),  # 6: not left out here
        ({"cleared": "22/11/2026", "delivered": "22/11/2026"}, 1),  # 12: a Sunday
        ({"kind": "CE", "document": "E345678"}, 1),  # 14: a foreigner
        ({"kind": "PA", "document": "AB123456"}, 1),
        ({"vin": "9BWAA05U1AA00010"}, 1),  # 16: sixteen letters: the plate stands for the car
        ({"name": "CARRAZOS S.A.S."}, 0),  # 8: between sites
    ],
)
def test_f4_which_handovers_are_asked(changes, count):
    assert load("sales", SALES, sale(**changes)).adds_up
    assert Survey.objects.count() == count


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"charge": "INTERNA"}, "INTERNAL_ORDER"),
        ({"delivered": "", "invoiced": ""}, "NO_VISIT_DAY"),
        ({"delivered": "20/05/2026", "invoiced": "20/05/2026"}, "OLD_VISIT"),
        ({"name": "", "payer": "SEGUROS DEMO S.A."}, "NO_PERSON"),
        ({}, None),
    ],
)
def test_an_order_that_nobody_is_asked_about_says_why(changes, code):
    result = load("aftersales", WORKSHOP, order("OT/1/2026-1", **changes))
    assert dict(result.warnings) == ({code: 1} if code else {})


def test_the_preview_says_how_many_will_be_called():
    load("aftersales", WORKSHOP, order("OT/1/2026-1", n=101), order("OT/2/2026-1", n=101), order("OT/3/2026-1", n=102, charge="INTERNA"))
    assert (ImportBatch.objects.get().about["opened"], ImportBatch.objects.get().counts["warnings"]) == (
        1,
        {"ASKED_LATELY": 1, "INTERNAL_ORDER": 1},
    )


def test_f4_3_a_used_car_sold_twice_is_two_buyers():
    load("sales", SALES, sale(104, delivered="02/11/2026", cleared="", sale="VO"),
         sale(104, name="MORA RIOS ANA", document="1075999001", phones="3005550999", delivered="19/11/2026", sale="VO"))  # fmt: skip
    assert [(name, day) for name, day, *_ in asked()] == [("Gomez Jose Persona A", "2026-11-02"), ("Mora Rios Ana", "2026-11-19")]


def test_f4_4_a_delivery_reversed_and_done_again_is_asked_once():
    load("sales", SALES, sale(104, delivered="12/11/2026"))
    result = load("sales", SALES, sale(104, delivered="19/11/2026"))
    assert (result.created, Delivery.objects.count(), len(asked())) == (1, 2, 1)


def test_f4_7_9_15_the_sellers_own_phone_and_mail_are_not_the_customers():
    EmployeeFactory(code="77", name="Rosa Demo", function="sales_advisor", phone="3005550777")
    load("sales", SALES, sale(104, phones="3005550777", email="rosa@carrazos.com.co", seller="77 - ROSA DEMO"))
    row = Survey.objects.get()
    assert (row.status, row.outreach.state, row.customer.points.count()) == ("NO_CONTACT_DATA", OutreachState.CLOSED, 0)


def test_f4_18_an_advisor_renamed_is_known_by_the_code():
    EmployeeFactory(code="77", name="Rosa Demo", function="sales_advisor")
    load("sales", SALES, sale(104, seller="77 - ROSA DEMO"), sale(105, seller="77 - ROSA DEMO DE MORA"))
    assert [row[2] for row in asked()] == ["Rosa Demo", "Rosa Demo"]
