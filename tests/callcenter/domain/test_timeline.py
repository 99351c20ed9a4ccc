"""What the 360 page and the console tell of a customer: to each person only the rows that are theirs, by the permission of their kind."""

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest

from callcenter.domain import timeline
from callcenter.enums import Outcome
from callcenter.models import Appointment, Attempt, Evidence, InboundMessage, Message, Reason, VehicleParty, WhatsAppIdentity, WorkOrder
from callcenter.models.audit import AccessLog
from callcenter.roles import Role
from carrazos.lib.calendar import noon
from crm_audit.models import Activity, Prospect, ProspectCheck
from satisfaction.domain import petitions
from satisfaction.enums import Area, PqrsChannel, PqrsKind, SurveyStatus
from tests.callcenter.views.test_pages import as_, page
from tests.conftest import person, query_count
from tests.factories import MONDAY, BrandFactory, CustomerFactory, OutreachFactory, VehicleFactory
from tests.satisfaction.scenes import case, survey

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def call(row, agent, note, number=1, **more):
    silence = Reason.objects.filter(kind="NO_CONTACT").first()
    return Attempt.objects.create(
        **{"body_hash": "x", "outreach": row, "number": number, "agent": agent, "outcome": Outcome.NO_CONTACT, "reason": silence, "is_contact": False,
           "started_at": MONDAY, "at": MONDAY, "day": MONDAY.date(), "policy_version": "1", "note": note, **more}
    )  # fmt: skip


def told(customer, site, brand, agent, cal):
    """One event of every kind of one customer in one brand; each says the brand's code."""
    code = brand.code
    car = VehicleFactory(brand=brand)
    row = OutreachFactory(customer=customer, site=site, brand=brand, vehicle=car)
    call(row, agent, f"call {code}")
    message = Message.objects.create(
        body_hash="x", outreach=row, customer=customer, site=site, brand=brand, purpose=row.purpose, body=f"message {code}", sent_at=MONDAY,
        status="SENT", work_state="DONE",
    )  # fmt: skip
    Evidence.objects.create(
        outreach=row, message=message, file=f"evidence/{code}.jpg", original_sha256=code, sha256=code, uploaded_by=agent, uploaded_at=MONDAY
    )
    Appointment.objects.create(customer=customer, vehicle=car, site=site, brand=brand, service=f"appointment {code}", starts_at=MONDAY,
                               booked_by=agent, booked_at=MONDAY)  # fmt: skip
    answered = survey(customer=customer, site=site, brand=brand, vehicle=car)
    type(answered).objects.filter(pk=answered.pk).update(
        status=SurveyStatus.PARTIAL, answered_at=MONDAY, answered_on=MONDAY.date(), voice=f"survey {code}", answered_by=agent
    )
    case(cal, customer=customer, site=site, brand=brand, vehicle=car).events.update(note=f"case {code}")
    filing = petitions.Filing(key=uuid.uuid4(), kind=PqrsKind.CLAIM, channel=PqrsChannel.PHONE, customer=customer, site=site, brand=brand,
                              area=Area.AFTERSALES, description="x", received_at=MONDAY)  # fmt: skip
    petitions.file(filing, by=agent, at=MONDAY, calendar=cal).events.update(note=f"pqrs {code}")
    prospect = Prospect.objects.create(
        site=site, brand=brand, customer=customer, advisor_name="Asesor", advisor_key="N:ASESOR", name="Ana", name_key="ANA",
        person_key=uuid.uuid4().hex, month=MONDAY.date().replace(day=1), created_on=MONDAY.date(), interest=f"visit {code}",
    )  # fmt: skip
    ProspectCheck.objects.create(
        prospect=prospect, verdict="VALID", is_real=True, note=f"verdict {code}", decided_by=agent, decided_at=MONDAY
    )
    Activity.objects.create(
        site=site, brand=brand, advisor_name="Asesor", advisor_key="N:ASESOR", prospect=prospect, prospect_name="Ana", name_key="ANA",
        kind="CALL", day=MONDAY.date(), done_at=MONDAY, state="DONE", slot=uuid.uuid4().hex, comment=f"activity {code}",
    )  # fmt: skip


@pytest.fixture
def whole(monkeypatch):
    """A page that holds the whole scene."""
    monkeypatch.setattr(timeline, "SHOWN", 100)


@pytest.fixture
def scene(whole, north, vw, agent, cal):
    """One customer with two brands, everything happened with both; and what they wrote."""
    customer, kia = CustomerFactory(name="Ana Muñoz", sites=[north.pk]), BrandFactory(code="kia", name="Kia")
    for brand in (vw, kia):
        told(customer, north, brand, agent, cal)
    identity = WhatsAppIdentity.objects.create(customer=customer, bsuid="x")
    InboundMessage.objects.create(provider_id="x", identity=identity, customer=customer, kind="TEXT", body="reply all", at=MONDAY)
    return SimpleNamespace(customer=customer, kia=kia, vw=vw)


SHARED = {"call", "appointment"}
WRITTEN = {"message", "reply"}
SATISFACTION = {"survey", "case", "pqrs"}
AUDIT = {"visit", "verdict", "activity"}
KINDS = SHARED | WRITTEN | SATISFACTION | AUDIT
SEES = {
    Role.CALL_CENTER_AGENT: SHARED | WRITTEN | SATISFACTION,
    Role.CALL_CENTER_LEAD: SHARED | WRITTEN | SATISFACTION,
    Role.AFTERSALES_DIRECTOR: SHARED | WRITTEN | SATISFACTION,
    Role.SALES_MANAGER: SHARED | AUDIT,  # the surveys, cases and PQRS of the scene are of the workshop
    Role.CRM_LEAD: {"call"} | AUDIT,
    Role.QUALITY_COORDINATOR: SHARED | SATISFACTION | AUDIT,
    Role.GENERAL_MANAGEMENT: SHARED | SATISFACTION | AUDIT,
    Role.WORKSHOP_CHIEF: SHARED,
}


def said(events):
    """(kind, brand) of every event, by the words that the scene put in it."""
    texts = [event.detail for event in events]
    return {(kind, code) for kind in KINDS for code in ("vw", "kia", "all") if any(f"{kind} {code}" in text for text in texts)}


@pytest.mark.parametrize("role", list(SEES))
def test_each_role_is_told_what_its_permissions_say(scene, role):
    expected = {("reply", "all")} & {(kind, "all") for kind in SEES[role]}
    expected |= {(kind, code) for kind in SEES[role] - {"reply"} for code in ("vw", "kia")}
    assert said(timeline.history(scene.customer, person(role)).events) == expected


@pytest.mark.parametrize("role", list(SEES))
def test_of_another_brand_nobody_is_told_anything(scene, role):
    user = person(role, all_brands=False)
    user.brands.add(scene.kia)
    events = timeline.history(scene.customer, user).events
    assert {code for _, code in said(events)} <= {"kia", "all"}
    assert {kind for kind, _ in said(events)} == SEES[role]
    shown = {pk for event in events for pk in event.evidence}
    assert shown == set(Evidence.objects.visible_to(user).values_list("pk", flat=True) if "message" in SEES[role] else ())


def test_of_another_site_nobody_is_told_anything(scene, outsider):
    scene.customer.sites += outsider.site_ids
    scene.customer.save()
    assert said(timeline.history(scene.customer, outsider).events) == {("reply", "all")}
    assert timeline.matters(scene.customer, outsider) == []


MATTERS = {
    Role.CALL_CENTER_AGENT: {"Insatisfacción", "PQRS"}, Role.SALES_MANAGER: set(), Role.CRM_LEAD: set(),
    Role.GENERAL_MANAGEMENT: {"Insatisfacción", "PQRS"}, Role.WORKSHOP_CHIEF: set(),
}  # fmt: skip


@pytest.mark.parametrize("role", list(MATTERS))
def test_open_matters_ask_for_the_same_permissions(scene, role):
    titles = [matter.title for matter in timeline.matters(scene.customer, person(role))]
    assert {"Insatisfacción" if "Insatisfacción" in title else "PQRS" for title in titles} == MATTERS[role]


def test_the_page_of_the_crm_lead_says_nothing_of_cases_or_petitions(client, scene):
    text = page(as_(client, person(Role.CRM_LEAD)).get(f"/clientes/{scene.customer.pk}/"))
    assert ("call vw" in text, "verdict vw" in text) == (True, True)
    assert [
        words
        for words in ("case vw", "survey vw", "pqrs vw", "message vw", "reply all", "appointment vw", "Insatisfacción")
        if words in text
    ] == []


def test_the_page_costs_the_same_for_one_event_of_each_kind_and_for_three(client, scene, agent, north, cal):
    as_(client, agent)
    few = query_count(client, f"/clientes/{scene.customer.pk}/")
    told(scene.customer, north, BrandFactory(code="seat", name="Seat"), agent, cal)
    assert query_count(client, f"/clientes/{scene.customer.pk}/") == few


# -- one page after another, one kind at a time ----------------------------------------------------------------------


@pytest.fixture
def long(north, agent):
    """A customer called forty times, an hour apart, who also booked once."""
    row = OutreachFactory(site=north)
    for number in range(1, 41):
        at = MONDAY - timedelta(hours=number)
        call(row, agent, f"nota {number}.", number, started_at=at, at=at)
    Appointment.objects.create(customer=row.customer, vehicle=row.vehicle, site=north, brand=row.brand, service="Frenos", starts_at=MONDAY,
                               booked_by=agent, booked_at=MONDAY - timedelta(hours=50))  # fmt: skip
    return row.customer


def test_page_after_page_tells_everything_once(long, agent):
    told_, skip, pages = [], 0, 0
    while skip is not None:
        part = timeline.history(long, agent, skip=skip)
        told_, skip, pages = told_ + part.events, part.before, pages + 1
    assert [event.detail.rpartition(" · ")[2] for event in told_] == [*(f"nota {number}." for number in range(1, 41)), "Frenos, Sede Norte"]
    assert pages == 3


def test_one_kind_at_a_time_by_the_words_of_the_page(long, agent):
    assert timeline.history(long, agent).kinds == {"llamadas": "Llamadas", "citas": "Citas"}
    only = timeline.history(long, agent, kind="citas")
    assert ([event.detail for event in only.events], only.kind, only.before) == (["Frenos, Sede Norte"], "citas", None)
    assert timeline.history(long, agent, kind="no-hay").kind == ""


def test_a_kind_of_which_nothing_is_theirs_is_not_offered(scene):
    user = person(Role.CALL_CENTER_AGENT, all_brands=False)
    assert timeline.history(scene.customer, user).kinds == {"whatsapp": "WhatsApp"}  # what the customer wrote has no brand


def test_the_history_goes_on_in_the_page_and_without_javascript(client, long, agent):
    address = f"/clientes/{long.pk}/historial/"
    text = page(as_(client, agent).get(f"/clientes/{long.pk}/"))
    assert ("nota 15." in text, "nota 16." in text, f'href="{address}?tipo=&amp;desde=15"' in text) == (True, False, True)
    part = page(client.get(f"{address}?tipo=llamadas&desde=30", HTTP_HX_REQUEST="true"))
    assert ("nota 31." in part, "nota 30." in part, "<section" in part, "Ver más" in part) == (True, False, False, False)
    kind = page(client.get(f"{address}?tipo=citas", HTTP_HX_REQUEST="true"))
    assert ("Frenos" in kind, "nota 1." in kind, "<html" in kind, 'aria-current="true">Citas' in kind) == (True, False, False, True)
    whole_page = page(client.get(f"{address}?desde=30"))
    assert ("nota 31." in whole_page, "<h1" in whole_page, "Lo más reciente" in whole_page) == (True, True, True)
    assert AccessLog.objects.filter(user=agent, customer=long, about="Historial del cliente").count() == 3


@pytest.mark.parametrize("raw", ["-1", "x", "٣٠x", "9" * 40, ""])
def test_a_nonsense_beginning_is_the_beginning(client, long, agent, raw):
    assert "nota 1." in page(as_(client, agent).get(f"/clientes/{long.pk}/historial/?desde={raw}"))


def test_more_pages_cost_no_more_queries(client, long, agent):
    as_(client, agent)
    address = f"/clientes/{long.pk}/historial/"
    assert query_count(client, f"{address}?desde=15") == query_count(client, address)


# -- the workshop ----------------------------------------------------------------------------------------------------

DAY = MONDAY.date()


def order(site, car, number, day, customer=None):
    return WorkOrder.objects.create(
        site=site, number=number, brand=car.brand, vehicle=car, customer=customer, delivered_on=day, entry_reason="Frenos"
    )


HELD = [  # (since, until, sold), in days from today; which of the days of unnamed orders are the person's: -30, -10, 0
    ((None, None, None), {-30, -10, 0}),
    ((-20, None, None), {-10, 0}),
    ((None, -10, None), {-30, -10}),
    ((-20, -5, None), {-10}),
    ((-20, None, -5), {-10}),  # said that they had sold it: what came after is the buyer's
    ((-5, None, -20), {0}),  # the buyer
]


@pytest.mark.parametrize(("held", "days"), HELD)
def test_the_orders_of_a_car_are_of_whoever_held_it(north, vw, held, days):
    since, until, sold = (at if at is None else DAY + timedelta(days=at) for at in held)
    car = VehicleFactory(brand=vw, sold_at=sold and noon(sold))
    customer = CustomerFactory()
    VehicleParty.objects.create(vehicle=car, customer=customer, since=since, until=until)
    for day in (-30, -10, 0):
        order(north, car, str(day), DAY + timedelta(days=day))
    assert {int(row.number) for row in WorkOrder.objects.of(customer)} == days


def test_ones_own_visits_outlive_the_relation_and_the_buyers_are_not_shown(client, agent, north, vw):
    car = VehicleFactory(brand=vw)
    seller, buyer = (CustomerFactory(sites=[north.pk]) for _ in range(2))
    VehicleParty.objects.create(vehicle=car, customer=seller, since=DAY - timedelta(days=400), until=DAY - timedelta(days=20))
    VehicleParty.objects.create(vehicle=car, customer=buyer, since=DAY - timedelta(days=20))
    order(north, car, "OT-VIEJA", DAY - timedelta(days=40), seller)
    order(north, car, "OT-NUEVA", DAY, buyer)
    shown = {who: page(as_(client, agent).get(f"/clientes/{who.pk}/")) for who in (seller, buyer)}
    assert [("OT-VIEJA" in shown[who], "OT-NUEVA" in shown[who]) for who in (seller, buyer)] == [(True, False), (False, True)]
    assert [event.title for event in timeline.history(seller, agent).events] == ["Orden OT-VIEJA"]


def test_each_order_once_for_who_is_owner_and_driver(north, vw):
    car, customer = VehicleFactory(brand=vw), CustomerFactory()
    for role in ("OWNER", "DRIVER"):
        VehicleParty.objects.create(vehicle=car, customer=customer, role=role)
    one = order(north, car, "1", DAY, customer)
    assert list(WorkOrder.objects.of(customer)) == [one]
