"""Prospects on their way to the telephone, and the verdicts that come back."""

import threading
import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from callcenter.domain import outreach as verbs
from callcenter.domain import queue
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.domain.outreach import Call
from callcenter.enums import Outcome, OutreachState, Programme, Purpose
from callcenter.models import ContactPoint, Customer, Outreach
from callcenter.roles import Role
from crm_audit.domain import checks, validity
from crm_audit.domain.validity import Finding
from crm_audit.enums import ProspectVerdict, Verdict
from crm_audit.models import Activity, Prospect, ProspectCheck, SampleDraw, TrafficEntry
from tests.conftest import person
from tests.crm_audit.conftest import bring, reason, staff
from tests.factories import MONDAY, CustomerFactory, PhoneFactory, SiteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def prospects(floor):
    bring("traffic", "f5_traffic.csv")
    return Prospect.objects.all()


def by_file(file_id):
    return TrafficEntry.objects.get(file_id=file_id).prospect


def state_of(prospect):
    return Prospect.objects.with_state().get(pk=prospect.pk).state


def test_all_that_have_a_phone_go_to_the_queue_once(prospects, lead):
    opened = checks.open_checks(prospects, at=MONDAY, by=lead)
    # Of 18 that count: two without a usable phone, one with an employee's.
    assert (opened.sent, opened.without_phone, opened.draw) == (15, 3, None)
    assert checks.open_checks(prospects, at=MONDAY, by=lead).sent == 0
    rows = Outreach.objects.of(Programme.PROSPECT_CHECK)
    assert rows.count() == ProspectCheck.objects.count() == 15
    assert {(row.purpose, row.state) for row in rows} == {(Purpose.VERIFICATION, OutreachState.OPEN)}
    assert state_of(by_file("4501")) == "CALLING"
    assert state_of(by_file("4506")) == "WAITING"
    assert not hasattr(by_file("4514"), "validation")  # cancelled in SPIGA


def test_two_advisors_prospects_are_one_customer(prospects, lead):
    checks.open_checks(prospects, at=MONDAY, by=lead)
    one, other = by_file("4501"), by_file("4504")
    assert one.customer == other.customer
    assert list(one.customer.points.values_list("value", flat=True)) == ["+573005550107", "carlos@correo.example"]
    assert one.customer.sites == [one.site_id]


def test_a_known_customer_is_found_and_keeps_its_data(prospects, lead):
    by_document = CustomerFactory(name="Luz Ortiz de Mora", document_key="52000101", document_number="52000101")
    by_phone = CustomerFactory(name="Martha Niño Peña", name_key="MARTA NINO PENA", document_key="")
    PhoneFactory(customer=by_phone, value="+576015550144")
    checks.open_checks(prospects, at=MONDAY, by=lead)
    by_document.refresh_from_db()
    assert (by_file("4510").customer, by_document.name) == (by_document, "Luz Ortiz de Mora")
    assert by_file("4508").customer == by_phone
    assert ContactPoint.objects.filter(customer=by_document, value="+573005550146").exists()


def test_a_sample_is_drawn_by_the_system_and_can_be_drawn_again(prospects, lead):
    opened = checks.open_checks(prospects, at=MONDAY, percent=20, seed="noviembre", by=lead)
    draw = SampleDraw.objects.get()
    assert (opened.draw, opened.sent, draw.checks.count()) == (draw, ProspectCheck.objects.count(), opened.sent)
    population = {}
    for pk, key in Prospect.objects.filter(pk__in=draw.population).values_list("pk", "advisor_key"):
        population.setdefault(key, []).append(pk)
    drawn = checks.sample(draw.seed, population, draw.percent)
    assert sorted(draw.checks.values_list("prospect", flat=True)) == drawn
    assert len(drawn) < len(draw.population)


@pytest.mark.django_db(transaction=True)
def test_two_leads_at_once_open_each_check_once(house, monday):
    staff(SiteFactory(code="centro", name="Sede Centro", aliases=["CENTRO"]))
    bring("traffic", "f5_traffic.csv")
    lead = person(Role.CRM_LEAD)
    sent, start = [], threading.Barrier(2)

    def send():
        start.wait()
        sent.append(checks.open_checks(Prospect.objects.all(), at=MONDAY, by=lead).sent)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(sent) == [0, 15]
    assert Customer.objects.count() == 14


def call(row, agent, **more):
    held = queue.take(row.validation.outreach_id, agent, at=MONDAY, calendar=company_calendar())
    finding = more.pop("finding", None)

    def alongside(outreach, attempt):
        validity.decide_in_call(outreach, attempt, finding)

    said = Call(key=uuid.uuid4(), outcome=more.pop("outcome", Outcome.DONE), **more)
    return verbs.record_attempt(
        held.pk, said, agent=agent, fence=held.fence, at=MONDAY, calendar=company_calendar(), alongside=alongside if finding else None
    )


VALID = Finding(ProspectVerdict.VALID, is_real=True, advised="YES", advised_how="SHOWROOM")


def test_a_call_that_confirms_makes_the_prospect_valid_and_undoing_takes_it_back(prospects, lead):
    checks.open_checks(prospects, at=MONDAY, by=lead)
    row = by_file("4501")
    done = call(row, lead, finding=VALID)
    check = ProspectCheck.objects.get(prospect=row)
    assert (state_of(row), check.decided_by, check.attempt, check.outreach.state) == ("VALID", lead, done.attempt, OutreachState.CLOSED)
    verbs.undo_attempt(done.attempt.pk, by=lead, at=MONDAY, lease_until=MONDAY + queue.LEASE)
    assert state_of(row) == "CALLING"
    check.refresh_from_db()
    assert (check.verdict, check.attempt, check.advised) == ("", None, "")


def test_two_calls_without_answer_leave_it_unreachable(prospects, lead, settings):
    checks.open_checks(prospects, at=MONDAY, by=lead)
    row = by_file("4508")
    reached = reason("NO_CONTACT", "NO_ANSWER")
    call(row, lead, outcome=Outcome.NO_CONTACT, reason=reached)
    assert state_of(row) == "CALLING"
    outreach = Outreach.objects.get(pk=row.validation.outreach_id)
    later = outreach.due_at
    held = queue.take(outreach.pk, lead, at=later, calendar=company_calendar())
    verbs.record_attempt(
        held.pk, Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=reached), agent=lead, fence=held.fence, at=later,
        calendar=company_calendar(),
    )  # fmt: skip
    assert state_of(row) == "UNREACHABLE"


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (Finding(ProspectVerdict.VALID, is_real=False), "no reconoce"),
        (Finding(ProspectVerdict.INVALID, is_real=False), "motivo"),
    ],
)
def test_a_finding_must_agree_with_itself(prospects, lead, finding, words):
    with pytest.raises(Refused, match=words):
        validity.decide_by_data(by_file("4506").pk, finding, by=lead, at=MONDAY)


def test_without_a_call_the_note_is_the_evidence(prospects, lead):
    row = by_file("4506")
    invalid = Finding(ProspectVerdict.INVALID, is_real=False, reason=reason("PROSPECT", "NO_PHONE"))
    with pytest.raises(Refused, match="nota"):
        validity.decide_by_data(row.pk, invalid, by=lead, at=MONDAY)
    noted = Finding(ProspectVerdict.INVALID, is_real=False, reason=reason("PROSPECT", "NO_PHONE"), note="Nueve dígitos")
    validity.decide_by_data(row.pk, noted, by=lead, at=MONDAY)
    assert state_of(row) == "INVALID"


def test_while_the_call_is_pending_the_call_decides(prospects, lead):
    checks.open_checks(prospects, at=MONDAY, by=lead)
    noted = Finding(ProspectVerdict.VALID, is_real=True, note="Lo vi en la vitrina")
    with pytest.raises(Refused, match="cola"):
        validity.decide_by_data(by_file("4501").pk, noted, by=lead, at=MONDAY)


# -- activities -------------------------------------------------------------------------------------------------------


@pytest.fixture
def activities(prospects):
    bring("visits", "f6_visits.csv")
    return Activity.objects.all()


def about(text):
    return Activity.objects.get(comment__startswith=text)


@pytest.mark.parametrize(
    ("comment", "verdict", "code", "words"),
    [
        ("Pide que lo llame", Verdict.VALID, None, "realizada en SPIGA"),
        ("Cliente interesado", Verdict.VALID, None, "con su fecha"),
        ("Pide financiación", Verdict.NOT_DONE, "FORGOTTEN", "No válida"),
        ("no contesta", Verdict.INVALID, None, "motivo"),
        ("no contesta", Verdict.INVALID, "OTHER", "nota"),
    ],
)
def test_verdicts_that_are_refused(activities, lead, comment, verdict, code, words):
    with pytest.raises(Refused, match=words):
        validity.judge(about(comment).pk, verdict, reason=code and reason("ACTIVITY", code), by=lead, at=MONDAY)


def test_the_database_refuses_a_valid_activity_that_was_not_done(activities, lead):
    with pytest.raises(IntegrityError, match="activity_valid_was_done"), transaction.atomic():
        Activity.objects.filter(state="NOT_DONE").update(verdict="VALID", judged_by=lead, judged_at=MONDAY)


def test_a_second_person_reviews_beside_the_first(activities, lead):
    row, other = about("Pide financiación"), person(Role.CRM_LEAD)
    validity.judge(row.pk, Verdict.VALID, reason=None, by=lead, at=MONDAY)
    second = validity.judge(row.pk, Verdict.INVALID, reason=reason("ACTIVITY", "VAGUE"), by=other, at=MONDAY)
    assert (second.verdict, second.judged_by, second.second_verdict, second.second_by) == ("VALID", lead, "INVALID", other)
    with pytest.raises(Refused, match="segunda revisión"):
        validity.take_back(row.pk, by=lead)


def test_one_verdict_for_the_identical_and_no_other(activities, lead):
    copies = list(Activity.objects.filter(hints=["COPY_PASTE"]))
    count = validity.judge_identical(
        copies[0].pk, Verdict.INVALID, reason=reason("ACTIVITY", "COPY_PASTE"), by=lead, at=MONDAY, within=Activity.objects.all()
    )
    assert (count, Activity.objects.exclude(verdict="").count()) == (3, 3)


def test_a_verdict_is_taken_back_by_whom_gave_it(activities, lead):
    row = about("Pide financiación")
    validity.judge(row.pk, Verdict.VALID, reason=None, by=lead, at=MONDAY)
    with pytest.raises(Refused):
        validity.take_back(row.pk, by=person(Role.CRM_LEAD))
    assert validity.take_back(row.pk, by=lead).verdict == ""
