"""What a person does with a file between upload and result: columns, corrections, retries, undo."""

from datetime import timedelta

import pytest

from callcenter import tasks
from callcenter.domain.errors import Refused
from callcenter.enums import BatchStatus, OutreachState, RowStatus
from callcenter.feeds import ProactiveFeed
from callcenter.models import (
    Change,
    ColumnAlias,
    ContactPoint,
    Customer,
    ImportBatch,
    ImportEdit,
    ImportRow,
    Motive,
    Outreach,
    Vehicle,
    VehicleParty,
)
from callcenter.roles import Role
from callcenter.spiga import changes, corrections, pipeline, undo
from tests.callcenter.spiga import containers
from tests.callcenter.spiga.files import csv_bytes, row, table
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory

pytestmark = pytest.mark.django_db
TODAY = MONDAY.date()


@pytest.fixture(autouse=True)
def house_of_files(north, monday):
    pass


def receive(rows, agent, *, data=None, name="avisos.csv"):
    batch = pipeline.receive("proactive", data or csv_bytes(rows), name, by=agent, site=None, at=MONDAY, repeat=True)
    return work(batch)


def work(batch):
    """The worker does what is waiting."""
    while tasks.run_one():
        pass
    batch.refresh_from_db()
    return batch


def apply(batch, agent):
    pipeline.confirm(batch.pk, by=agent)
    return work(batch)


def totals(batch):
    counts = batch.counts
    return counts["read"], counts["created"], counts["updated"], counts["unchanged"], counts["excluded"], counts["rejected"]


# -- columns ---------------------------------------------------------------------------------------------------------

STRANGE = "Punto;Vence;Señor;Móvil del señor;Carro;Asunto\nNORTE;25/11/2026;ANA RUIZ;3005550101;ZZA101;REV. 20.000 KM\n".encode()


def test_a_file_with_unknown_titles_waits_for_a_person_and_is_remembered(agent):
    batch = receive([], agent, data=STRANGE)
    assert batch.status == BatchStatus.MAPPING
    assert "Placa o VIN" in batch.error
    assert [(column["title"], column["samples"]) for column in batch.about["columns"]][2:4] == [
        ("Señor", ["ANA RUIZ"]),
        ("Móvil del señor", ["3005550101"]),
    ]
    chosen = {0: "branch", 1: "due_on", 2: "customer_name", 3: "mobile", 4: "plate", 5: "reason"}
    corrections.remember_columns(batch.pk, chosen)
    assert totals(work(batch)) == (1, 1, 0, 0, {}, {})
    assert dict(ColumnAlias.objects.values_list("alias", "field"))["movil del senor"] == "mobile"
    later = receive([], agent, data=STRANGE.replace(b"ZZA101", b"ZZA102"))
    assert later.status == BatchStatus.CHECKED


def test_what_the_product_knows_is_not_stored_and_a_column_may_be_ignored(agent):
    batch = receive([row(101, email="ana@demo.example")], agent)
    columns = [column["field"] for column in batch.about["columns"]]
    chosen = dict(enumerate(columns)) | {columns.index("email"): ""}
    corrections.remember_columns(batch.pk, chosen)
    apply(work(batch), agent)
    assert list(ColumnAlias.objects.values_list("alias", "field", "feed")) == [("email", "", "proactive")]
    assert not ContactPoint.objects.filter(kind="EMAIL").exists()
    corrections.remember_columns(receive([row(102)], agent).pk, dict(enumerate(columns)))
    assert not ColumnAlias.objects.exists()


def test_the_person_chooses_the_sheets(agent, centre):
    data = containers.book({"Norte": table([row(101)]), "Centro": table([row(102, site="CENTRO"), row(103, phone="12", site="CENTRO")])})
    batch = receive([], agent, data=data, name="dos.xlsx")
    assert (batch.about["sheet"], batch.about["others"], batch.counts["read"]) == ("Norte", ["Centro"], 1)
    corrections.remember_columns(batch.pk, {}, sheets=["Norte", "Centro"])
    assert totals(work(batch)) == (3, 2, 0, 0, {}, {"BAD_PHONE": 1})
    assert ImportRow.objects.get(batch=batch, status=RowStatus.REJECTED).place == "Centro · 3"
    assert batch.about["sites"] == sorted(
        [centre.pk, Outreach.objects.model._meta.get_field("site").related_model.objects.get(code="norte").pk]
    )


# -- whose scope it is -----------------------------------------------------------------------------------------------

SCOPES = [
    ({}, {"norte", "centro"}, {"vw"}, True), ({}, {"norte"}, {"vw"}, True), ({"all_sites": False}, {"norte"}, {"vw"}, True),
    ({"all_sites": False}, {"norte", "centro"}, {"vw"}, False), ({"all_sites": False}, set(), set(), True),
    ({"all_brands": False}, {"norte"}, {"vw"}, True), ({"all_brands": False}, {"norte"}, {"kia"}, False), ({}, None, None, True),
    ({"all_brands": False}, None, None, False), ({"all_sites": False}, None, None, False),
]  # fmt: skip


@pytest.mark.parametrize(("scope", "sites", "brands", "covers"), SCOPES)
def test_who_reaches_all_that_another_reaches(north, centre, vw, scope, sites, brands, covers):
    kia = BrandFactory(code="kia", name="Kia")
    user = person(Role.CALL_CENTER_AGENT, **scope)
    user.sites.add(north)
    user.brands.add(vw)
    other = None
    if sites is not None:
        other = person(Role.CALL_CENTER_AGENT, all_sites=False, all_brands=False)
        other.sites.set(site for site in (north, centre) if site.code in sites)
        other.brands.set(brand for brand in (vw, kia) if brand.code in brands)
    assert user.covers(other) == covers


def test_what_is_written_is_what_the_preview_said_whoever_confirms(agent, vw):
    BrandFactory(code="kia", name="Kia", aliases=["KIA"])
    narrow, lead = person(Role.CALL_CENTER_AGENT, all_brands=False), person(Role.CALL_CENTER_LEAD)
    narrow.brands.add(vw)
    batch = receive([row(101), row(102, brand="KIA")], narrow)
    preview = totals(batch)
    assert preview == (2, 1, 0, 0, {"OUT_OF_SCOPE": 1}, {})
    assert totals(apply(batch, lead)) == preview
    apply(receive([row(101, name="PÉREZ RUIZ PERSONA XIMENA")], narrow), lead)
    assert (batch.requested_by, batch.confirmed_by) == (narrow, lead)
    assert Change.objects.filter(table_name="callcenter_customer", kind="UPDATE").latest("pk").actor_id == lead.pk


def test_who_reaches_less_confirms_nothing(agent, vw):
    narrow = person(Role.CALL_CENTER_AGENT, all_brands=False)
    narrow.brands.add(vw)
    batch = receive([row(101)], agent)
    with pytest.raises(Refused, match="que usted no"):
        pipeline.confirm(batch.pk, by=narrow)
    assert work(batch).status == BatchStatus.CHECKED


# -- corrections -----------------------------------------------------------------------------------------------------


def group(batch, code, status=RowStatus.REJECTED):
    return batch.rows.filter(code=code, status=status)


def test_a_corrected_cell_enters_with_the_rest(agent):
    batch = receive([row(101), row(102, phone="1234567")], agent)
    bad = group(batch, "BAD_PHONE").get()
    place = corrections.position_of(bad, batch)
    corrections.correct(batch.pk, {(bad.number, place): "300 555 0102"}, by=agent, at=MONDAY)
    assert totals(work(batch)) == (2, 2, 0, 0, {}, {})
    assert totals(apply(batch, agent)) == (2, 2, 0, 0, {}, {})
    assert ContactPoint.objects.filter(value="+573005550102").exists()


@pytest.mark.parametrize(
    ("changes_", "code", "slug", "argument"),
    [
        ({"site": "OESTE"}, "UNKNOWN_SITE", "site", "Sede Norte"),
        ({"due": "25/11/2028"}, "DUE_DATE", "year", ""),
        ({"due": "", "reason": ""}, "NO_REASON", "put", "Cambio de aceite"),
        ({"phone": "98 3005550177"}, "BAD_PHONE", "last-ten", ""),
    ],
)
def test_a_rule_mends_a_whole_group(agent, changes_, code, slug, argument):
    batch = receive([row(101, **changes_), row(102, **changes_)], agent)
    assert group(batch, code).count() == 2
    again, cells = corrections.apply_rule(
        batch.pk, status=RowStatus.REJECTED, code=code, slug=slug, argument=argument, by=agent, at=MONDAY, today=TODAY
    )
    assert (again.pk, cells) == (batch.pk, 2)
    assert totals(work(batch))[:2] == (2, 2)


def test_a_file_without_a_site_column_gets_its_site(agent, centre):
    data = b"Placa;Cliente;Celular;Motivo\nZZA101;ANA RUIZ;3005550101;REVISION\n"
    batch = receive([], agent, data=data)
    assert batch.counts["rejected"] == {"NO_SITE": 1}
    corrections.apply_rule(batch.pk, status="REJECTED", code="NO_SITE", slug="site", argument=centre.name, by=agent, at=MONDAY, today=TODAY)
    assert totals(work(batch)) == (1, 1, 0, 0, {}, {})
    assert batch.site == centre


@pytest.mark.parametrize(
    ("changes_", "code"), [({"name": "PRUEBA"}, "NO_NAME"), ({"plate": "", "vin": ""}, "NO_VEHICLE"), ({"phone": ""}, "NO_PHONE")]
)
def test_one_value_is_not_offered_where_every_row_has_its_own(agent, changes_, code):
    batch = receive([row(101, **changes_), row(102, **changes_)], agent)
    with pytest.raises(Refused):
        corrections.apply_rule(batch.pk, status="REJECTED", code=code, slug="put", argument="ZZA500", by=agent, at=MONDAY, today=TODAY)
    assert (group(batch, code).count(), ImportEdit.objects.count()) == (2, 0)


@pytest.mark.parametrize(
    ("phone", "says"),
    [("031 2345678", "«031 2345678» no sirve: es una secuencia"), ("12", "«12» no sirve: tiene 2 dígitos; se esperan 10")],
)
def test_a_row_without_a_usable_phone_says_what_is_wrong_with_it(agent, phone, says):
    batch = receive([row(101, phone=phone)], agent)
    assert group(batch, "BAD_PHONE").get().message == says


@pytest.mark.parametrize(("slug", "argument"), [("year", ""), ("area", ""), ("nada", "x"), ("last-ten", "")])
def test_a_rule_that_does_not_fit_is_refused(agent, slug, argument):
    batch = receive([row(101, phone="12")], agent)
    with pytest.raises(Refused):
        corrections.apply_rule(
            batch.pk, status="REJECTED", code="BAD_PHONE", slug=slug, argument=argument, by=agent, at=MONDAY, today=TODAY
        )
    assert not ImportEdit.objects.exists()


def test_a_file_in_work_is_not_corrected(agent):
    batch = pipeline.receive("proactive", csv_bytes([row(101)]), "a.csv", by=agent, site=None, at=MONDAY)
    with pytest.raises(Refused, match="procesando"):
        corrections.correct(batch.pk, {(3, 1): "x"}, by=agent, at=MONDAY)


# -- pending rows ----------------------------------------------------------------------------------------------------


def test_the_valid_enter_and_the_rest_go_again_alone(agent):
    batch = apply(receive([row(101), row(102, phone="12"), row(103, site="OESTE")], agent), agent)
    assert totals(batch) == (3, 1, 0, 0, {}, {"BAD_PHONE": 1, "UNKNOWN_SITE": 1})
    bad = group(batch, "BAD_PHONE").get()
    again = corrections.correct(batch.pk, {(bad.number, corrections.position_of(bad, batch)): "3005550102"}, by=agent, at=MONDAY)
    assert again.retry_of == batch
    assert totals(work(again)) == (2, 1, 0, 0, {}, {"UNKNOWN_SITE": 1})
    assert totals(apply(again, agent)) == (2, 1, 0, 0, {}, {"UNKNOWN_SITE": 1})
    third, _ = corrections.apply_rule(
        again.pk, status="REJECTED", code="UNKNOWN_SITE", slug="site", argument="Sede Norte", by=agent, at=MONDAY, today=TODAY
    )
    assert totals(apply(work(third), agent)) == (1, 1, 0, 0, {}, {})
    assert Outreach.objects.count() == 3
    with pytest.raises(Refused, match="No quedan filas pendientes"):
        corrections.retry(third.pk, by=agent, at=MONDAY)


def test_a_second_click_finds_the_same_retry(agent):
    batch = apply(receive([row(101, phone="12")], agent), agent)
    assert corrections.retry(batch.pk, by=agent, at=MONDAY) == corrections.retry(batch.pk, by=agent, at=MONDAY)
    assert ImportBatch.objects.count() == 2


# -- old → new -------------------------------------------------------------------------------------------------------


def test_the_review_shows_each_field_before_and_after(agent):
    apply(receive([row(101, km="18.900")], agent), agent)
    batch = receive([row(101, km="21.000", email="ana@demo.example", reason="Cambio de aceite")], agent)
    assert totals(batch)[2] == 1
    assert [(line.number, line.label, line.before, line.after) for line in changes.lines(batch, ProactiveFeed)] == [
        (3, "Kilómetros", "18.900", "21.000"),
        (3, "Correo", "", "ana@demo.example"),
        (3, "Motivo", "", "Cambio de aceite"),
    ]
    assert Vehicle.objects.get().odometer_km == 18_900


def test_a_new_row_is_no_change(agent):
    assert list(changes.lines(receive([row(101), row(102)], agent), ProactiveFeed)) == []


# -- undo ------------------------------------------------------------------------------------------------------------


def undone(batch, agent, at=MONDAY):
    undo.request(batch.pk, ProactiveFeed, by=agent, at=at)
    return work(batch)


def everything():
    return tuple(model.objects.count() for model in (Customer, Vehicle, ContactPoint, VehicleParty, Outreach, Motive))


def test_an_import_nobody_has_worked_on_is_taken_back(agent):
    first = apply(receive([row(101, km="18.900")], agent), agent)
    before = everything()
    second = apply(receive([row(101, km="21.000", phones="6015550109", reason="Cambio de aceite"), row(102), row(103)], agent), agent)
    assert totals(second)[1:3] == (2, 1)
    assert undone(second, agent).status == BatchStatus.UNDONE
    assert everything() == before
    assert Vehicle.objects.get().odometer_km == 18_900
    assert second.about["undone"] == {"gone": {"gestiones": 2, "clientes": 2, "vehículos": 2}, "restored": 1}
    assert undone(first, agent).status == BatchStatus.UNDONE
    assert everything() == (0, 0, 0, 0, 0, 0)


def test_the_same_file_may_enter_again_after_an_undo(agent):
    data = csv_bytes([row(101)])
    batch = work(pipeline.receive("proactive", data, "a.csv", by=agent, site=None, at=MONDAY))
    undone(apply(batch, agent), agent)
    again = pipeline.receive("proactive", data, "a.csv", by=agent, site=None, at=MONDAY)
    assert again != batch
    assert totals(apply(work(again), agent))[1] == 1


def test_a_field_that_changed_since_keeps_its_newer_value(agent):
    apply(receive([row(101, km="18.900")], agent), agent)
    second = apply(receive([row(101, km="21.000")], agent), agent)
    Vehicle.objects.update(odometer_km=22_000)
    undone(second, agent)
    assert Vehicle.objects.get().odometer_km == 22_000


def test_what_somebody_works_on_stays(agent):
    batch = apply(receive([row(101), row(102)], agent), agent)
    outreach = Outreach.objects.first()
    outreach.leased_by, outreach.leased_at, outreach.lease_until = agent, MONDAY, MONDAY + timedelta(hours=1)
    outreach.save()
    with pytest.raises(Refused, match="Ya se trabajó en la gestión de"):
        undo.request(batch.pk, ProactiveFeed, by=agent, at=MONDAY)
    assert Outreach.objects.count() == 2


def test_work_that_began_while_the_undo_waited_stops_it(agent):
    batch = apply(receive([row(101)], agent), agent)
    undo.request(batch.pk, ProactiveFeed, by=agent, at=MONDAY)
    Outreach.objects.update(state=OutreachState.CLOSED, result="CANCELLED", closed_at=MONDAY)
    assert work(batch).status == BatchStatus.APPLIED
    assert "mientras tanto" in batch.error
    assert Outreach.objects.count() == 1


def test_a_customer_that_a_later_file_uses_stays(agent):
    batch = apply(receive([row(101)], agent), agent)
    apply(receive([row(102, document="52000101", name="PÉREZ RUIZ PERSONA X", code="")], agent), agent)
    undone(batch, agent)
    assert Customer.objects.get().vehicles.get().plate == "ZZA102"


def test_after_a_day_it_is_too_late(agent):
    batch = apply(receive([row(101)], agent), agent)
    with pytest.raises(Refused, match="24 horas"):
        undo.request(batch.pk, ProactiveFeed, by=agent, at=MONDAY + timedelta(hours=25))


def test_only_an_applied_file_is_taken_back(agent):
    batch = receive([row(101)], agent)
    with pytest.raises(Refused, match="no está aplicado"):
        undo.request(batch.pk, ProactiveFeed, by=agent, at=MONDAY)


def test_the_rest_of_a_list_that_was_taken_back_goes_with_it(agent):
    batch = apply(receive([row(101), row(102, phone="12")], agent), agent)
    rest = work(corrections.retry(batch.pk, by=agent, at=MONDAY))
    undone(batch, agent)
    rest.refresh_from_db()
    assert (rest.status, rest.error) == (BatchStatus.CANCELLED, f"El listado n.º {batch.pk}, del que salen estas filas, se revirtió.")


def test_a_rest_already_on_its_way_is_not_written_after_its_list_was_taken_back(agent):
    batch = apply(receive([row(101), row(102, phone="12")], agent), agent)
    bad = group(batch, "BAD_PHONE").get()
    rest = corrections.correct(batch.pk, {(bad.number, corrections.position_of(bad, batch)): "3005550102"}, by=agent, at=MONDAY)
    pipeline.confirm(work(rest).pk, by=agent)
    undo.take_back(undo.request(batch.pk, ProactiveFeed, by=agent, at=MONDAY), ProactiveFeed, at=MONDAY, report=pipeline.silent)
    assert work(rest).status == BatchStatus.UNREADABLE
    assert f"n.º {batch.pk}" in rest.error
    assert everything() == (0, 0, 0, 0, 0, 0)
