"""What the 360 page and the console tell of a customer: to each person only the rows that are theirs, by the permission of their kind."""

import uuid
from types import SimpleNamespace

import pytest

from callcenter.domain import timeline
from callcenter.enums import Outcome
from callcenter.models import Appointment, Attempt, Evidence, InboundMessage, Message, Reason, WhatsAppIdentity
from callcenter.roles import Role
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
def scene(north, vw, agent, cal):
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


@pytest.fixture(autouse=True)
def whole(monkeypatch):
    monkeypatch.setattr(timeline, "SHOWN", 100)


@pytest.mark.parametrize("role", list(SEES))
def test_each_role_is_told_what_its_permissions_say(scene, role):
    expected = {("reply", "all")} & {(kind, "all") for kind in SEES[role]}
    expected |= {(kind, code) for kind in SEES[role] - {"reply"} for code in ("vw", "kia")}
    assert said(timeline.events(scene.customer, person(role))) == expected


@pytest.mark.parametrize("role", list(SEES))
def test_of_another_brand_nobody_is_told_anything(scene, role):
    user = person(role, all_brands=False)
    user.brands.add(scene.kia)
    events = timeline.events(scene.customer, user)
    assert {code for _, code in said(events)} <= {"kia", "all"}
    assert {kind for kind, _ in said(events)} == SEES[role]
    shown = {pk for event in events for pk in event.evidence}
    assert shown == set(Evidence.objects.visible_to(user).values_list("pk", flat=True) if "message" in SEES[role] else ())


def test_of_another_site_nobody_is_told_anything(scene, outsider):
    scene.customer.sites += outsider.site_ids
    scene.customer.save()
    assert said(timeline.events(scene.customer, outsider)) == {("reply", "all")}
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
    assert [words for words in ("case vw", "survey vw", "pqrs vw", "message vw", "reply all", "Insatisfacción") if words in text] == []


def test_the_page_costs_the_same_for_one_event_of_each_kind_and_for_three(client, scene, agent, north, cal):
    as_(client, agent)
    few = query_count(client, f"/clientes/{scene.customer.pk}/")
    told(scene.customer, north, BrandFactory(code="seat", name="Seat"), agent, cal)
    assert query_count(client, f"/clientes/{scene.customer.pk}/") == few
