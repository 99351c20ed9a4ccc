"""PRO-16: of which silent cases a proof of the message is asked, and what is one."""

import pytest

from callcenter.domain import message_proof
from callcenter.enums import Gateway, MessageStatus, NextStep, OutreachState, Result
from callcenter.models import ContactPoint, Evidence, Message, Outreach
from tests.factories import MONDAY, OutreachFactory

pytestmark = pytest.mark.django_db
CLOUD, PHONE = Gateway.CLOUD_API, Gateway.AGENT_PHONE
LANDLINE = "+576015550101"


def case(step="CALL", *, result="", number="", messages=(), picture=False, by=None):
    row = OutreachFactory(**({"phone": number} if number else {}))
    state = OutreachState.CLOSED if result else OutreachState.OPEN
    closed = MONDAY if result else None
    Outreach.objects.filter(pk=row.pk).update(next_step=NextStep.NONE if result else step, result=result, state=state, closed_at=closed)
    for status, gateway in messages:
        Message.objects.create(outreach=row, customer=row.customer, site=row.site, brand=row.brand, purpose="COMMERCIAL", gateway=gateway, status=status,
                               body="Hola", body_hash="x", provider_id=f"wamid.{row.pk}" if gateway == CLOUD else "", sent_at=MONDAY)  # fmt: skip
    if picture:
        Evidence.objects.create(outreach=row, file="evidence/a.jpg", original_sha256="x", sha256="x", uploaded_by=by, uploaded_at=MONDAY)
    return row


@pytest.mark.parametrize(
    ("about", "due", "proved"),
    [
        ({}, False, False),  # its calls still go on
        ({"step": NextStep.WHATSAPP}, True, False),
        ({"step": NextStep.REPLY, "messages": [(MessageStatus.SENT, PHONE)]}, True, False),
        ({"step": NextStep.REPLY, "messages": [(MessageStatus.SENT, PHONE)], "picture": True}, True, True),
        ({"step": NextStep.REPLY, "messages": [(MessageStatus.SENT, CLOUD)]}, True, False),
        ({"step": NextStep.REPLY, "messages": [(MessageStatus.UNKNOWN, CLOUD)]}, True, False),
        ({"step": NextStep.REPLY, "messages": [(MessageStatus.DELIVERED, CLOUD)]}, True, True),
        ({"result": Result.EXHAUSTED, "messages": [(MessageStatus.READ, CLOUD)]}, True, True),
        ({"result": Result.EXHAUSTED}, True, False),
        ({"result": Result.EXHAUSTED, "number": LANDLINE}, False, False),
        ({"result": Result.EXHAUSTED, "number": LANDLINE, "messages": [(MessageStatus.FAILED, CLOUD)]}, False, False),
        ({"result": Result.UNREACHABLE}, False, False),
        ({"result": Result.OPTED_OUT}, False, False),
    ],
)
def test_only_a_message_that_was_due_needs_a_proof(agent, about, due, proved):
    row = case(**about, by=agent)
    rows = Outreach.objects.filter(pk=row.pk)
    told = message_proof.told(rows).get()
    assert (told.message_due, told.is_proved) == (due, proved)
    assert (message_proof.due(rows).exists(), message_proof.proved(rows).exists()) == (due, proved)
    assert message_proof.lacking(rows).exists() is (due and not proved)


def test_a_number_that_has_no_whatsapp_owes_nothing():
    row = case(result=Result.EXHAUSTED)
    ContactPoint.objects.filter(customer=row.customer).update(is_on_whatsapp=False)
    assert not message_proof.due(Outreach.objects.all()).exists()


@pytest.mark.parametrize("number", ["+573005550101", "+576015550101", "+15550100101"])
def test_the_word_for_mobiles_is_the_numbers_own(number):
    row = case(number=number)
    point = ContactPoint.objects.get(customer=row.customer)
    assert ContactPoint.objects.mobiles().filter(pk=point.pk).exists() is point.is_mobile
