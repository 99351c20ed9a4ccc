"""Meta's webhook: only signed bodies, each once, whatever their shape; what customers answer is heard."""

import json
import random
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from callcenter import tasks
from callcenter.domain import contact_law, merging, outreach, queue
from callcenter.domain.contact_law import ContactIntent
from callcenter.enums import (
    Channel,
    ExclusionScope,
    InboundKind,
    MessageStatus,
    NextStep,
    OutreachState,
    Priority,
    Purpose,
    Result,
    TemplateApproval,
)
from callcenter.models import (
    DataRequest,
    DataRight,
    Exclusion,
    InboundMessage,
    Message,
    MessageEvent,
    MessageTemplate,
    Notification,
    Outreach,
    WebhookDelivery,
    WhatsAppIdentity,
)
from callcenter.roles import Role
from callcenter.whatsapp import inbound, webhook
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, PhoneFactory
from tests.fake_graph import VERIFY, change, inbound_body, signed, status_body

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("graph", "monday")]
PATH = "/webhooks/whatsapp/"
NOW = int(MONDAY.timestamp())


def post(body, *, signature=None, **more):
    client = Client(enforce_csrf_checks=True)
    headers = {"X-Hub-Signature-256": signed(body) if signature is None else signature} | more
    return client.post(PATH, body, content_type="application/json", headers={name: value for name, value in headers.items() if value})


def apply(body):
    assert post(body).status_code == 200
    while tasks.run_one():
        pass


# -- the door --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "mode", "status"), [(VERIFY, "subscribe", 200), ("otra", "subscribe", 403), (VERIFY, "", 403), ("", "", 403)]
)
def test_the_address_is_proved_by_the_word(client, token, mode, status):
    answer = client.get(PATH, {"hub.mode": mode, "hub.verify_token": token, "hub.challenge": "1158201444"})
    assert answer.status_code == status
    assert (answer.content == b"1158201444") is (status == 200)


@pytest.mark.parametrize(
    ("signature", "status"),
    [("", 401), ("sha256=" + "0" * 64, 403), ("sha1=abc", 403), (signed(b"otro"), 403), (signed(b"{}", "otro secreto"), 403), ("ñ", 403)],
)
def test_only_our_own_signature_opens(signature, status):
    assert post(b"{}", signature=signature).status_code == status
    assert not WebhookDelivery.objects.exists()


def test_too_large_is_refused_before_it_is_read():
    body = b" " * (webhook.MAX_BYTES + 1)
    assert post(body).status_code == 413
    assert not WebhookDelivery.objects.exists()


def test_without_a_line_the_address_does_not_exist(settings):
    settings.WHATSAPP_APP_SECRET = ""
    assert post(b"{}").status_code == 404


def test_storing_costs_one_statement_and_a_replay_nothing():
    body = status_body("wamid.x", "sent")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert post(body).status_code == 200
    statements = [query["sql"] for query in queries if not query["sql"].startswith("SELECT set_config")]
    assert len(statements) == 1
    assert "callcenter_webhookdelivery" in statements[0]
    assert post(body).status_code == 200
    assert WebhookDelivery.objects.count() == 1


NASTY = [
    b"no soy JSON", b"[]", b"null", b'"texto"', b"{}", b'{"entry": 5}', b'{"entry": [null, 7, {"changes": "x"}]}',
    b'{"entry": [{"changes": [{"field": "messages", "value": null}]}]}', b"[" * 20_000,
    json.dumps({"entry": [{"changes": [{"field": "messages", "value": {"statuses": [{"id": None, "status": {}}, {"id": "a"}, 3],
                                                                      "messages": [{"id": "x"}, {"from": "57", "id": "m\x00", "type": "text",
                                                                                                 "text": {"body": "\x00\ud800hola"}}]}}]}]}).encode(),
    change("messages", {"statuses": [{"id": "w", "status": "sent", "timestamp": "99999999999999999999", "errors": "x", "nuevo": [1]}]}),
    change("desconocido", {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize("body", NASTY)
def test_any_signed_body_is_stored_and_breaks_nothing(body):
    apply(body)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.work_state, delivery.error) == ("DONE", "")


def test_a_payload_of_every_shape_is_read_and_shuffled(ask, work):
    rows = [ask() for _ in range(4)]
    work()
    bodies = []
    for row in rows:
        row.refresh_from_db()
        bodies += [
            status_body(row.provider_id, said, at=NOW + step) for step, said in enumerate(("sent", "delivered", "read")) for _ in "ab"
        ]
    bodies += [body + b" " for body in bodies]  # the same news in another envelope
    random.Random(7).shuffle(bodies)
    forged = [status_body(row.provider_id, "failed", code=131026) for row in rows]
    for body in bodies:
        assert post(body).status_code == 200
    for body in forged:
        assert post(body, signature=signed(body, "falso")).status_code == 403
    work()
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.READ}
    assert MessageEvent.objects.count() == 12


def test_deliveries_are_forgotten_after_a_month():
    post(b"{}")
    WebhookDelivery.objects.update(created_at=MONDAY - webhook.KEPT)
    assert webhook.purge(MONDAY + webhook.KEPT) == 1


# -- what customers write --------------------------------------------------------------------------------------------


def number_of(customer):
    return customer.points.first().value[1:]


def test_an_answer_puts_the_matter_at_the_head_of_the_queue(ask, work, agent, cal):
    message = ask()
    work()
    apply(inbound_body("Sí, quiero cita", number=number_of(message.customer), at=NOW))
    row = Outreach.objects.get(pk=message.outreach_id)
    assert (row.next_step, row.priority, row.is_callback) == (NextStep.CALL, Priority.CALLBACK, True)
    found = InboundMessage.objects.get()
    assert (found.customer, found.body, found.handled_at is not None) == (message.customer, "Sí, quiero cita", True)
    assert queue.claim_next(agent, at=row.due_at, calendar=cal) == row


def test_what_they_wrote_opens_the_hours_for_an_answer_that_was_asked_for(ask, work, cal):
    message = ask()
    work()
    night = MONDAY.replace(hour=21)
    asked = ContactIntent(Channel.WHATSAPP, Purpose.REQUESTED, night)
    assert not contact_law.verdict_for(message.customer_id, asked, calendar=cal).allowed
    apply(inbound_body("¿A qué hora?", number=number_of(message.customer), at=int(night.timestamp()) - 60))
    assert contact_law.verdict_for(message.customer_id, asked, calendar=cal).allowed


def test_the_same_answer_twice_is_one():
    body = inbound_body("Hola", wamid="wamid.1")
    apply(body)
    apply(body + b"\n")
    assert InboundMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "channels"),
    [
        ("BAJA", ["WHATSAPP"]), (" baja. ", ["WHATSAPP"]), ("Stop!", ["WHATSAPP"]), ("no más", ["WHATSAPP"]), ("NO MÁS MENSAJES", ["WHATSAPP"]),
        ("No me escriban", ["WHATSAPP"]), ("retirarme", ["WHATSAPP"]), ("Cancelar", ["WHATSAPP"]), ("No recibir más", ["WHATSAPP"]),
        ("No me llamen", []),
    ],
)  # fmt: skip
def test_the_words_that_stop_us(ask, work, words, channels):
    message = ask()
    work()
    apply(inbound_body(words, number=number_of(message.customer), at=NOW))
    exclusion = Exclusion.objects.get()
    assert (exclusion.scope, exclusion.channels, exclusion.source) == (ExclusionScope.COMMERCIAL, channels, "WHATSAPP_STOP")
    assert Outreach.objects.get(pk=message.outreach_id).state == OutreachState.CLOSED
    farewell = Message.objects.exclude(pk=message.pk).get()
    assert farewell.status == MessageStatus.SENT
    assert farewell.body.startswith("Listo, Ana")


def test_the_refusal_is_confirmed_once(ask, work):
    message = ask()
    work()
    for _ in range(3):
        apply(inbound_body("BAJA", number=number_of(message.customer), at=NOW))
    assert Exclusion.objects.count() == 1
    assert Message.objects.count() == 2


@pytest.mark.parametrize("words", ["No puedo cancelar la cita", "¿Bajan el precio?", "salir temprano", "", "👍"])
def test_other_words_stop_nothing(ask, work, words):
    message = ask()
    work()
    apply(inbound_body(words, number=number_of(message.customer), at=NOW))
    assert not Exclusion.objects.exists()


def test_a_refusal_stops_what_is_queued_for_the_same_person(ask):
    message = ask()
    WhatsAppIdentity.objects.create(customer=message.customer, wa_id=number_of(message.customer))
    webhook.store(inbound_body("BAJA", number=number_of(message.customer), at=NOW))
    while tasks.run_one():  # deliveries go before messages
        pass
    message.refresh_from_db()
    assert message.status == MessageStatus.CANCELLED


def test_a_request_to_be_erased_is_filed_acknowledged_and_told(ask, work):
    lead, message = person(Role.CALL_CENTER_LEAD), ask()
    work()
    apply(inbound_body("Eliminar mis datos.", number=number_of(message.customer), at=NOW))
    claim = DataRequest.objects.get()
    assert (claim.customer, claim.right, claim.channel, claim.opened_by) == (message.customer, DataRight.DELETE, Channel.WHATSAPP, None)
    assert (claim.received_on, claim.due_on) == (MONDAY.date(), date(2026, 12, 15))  # 15 business days from the day after
    found = InboundMessage.objects.get()
    assert (found.note, found.handled_at is None) == (f"Reclamo de datos n.º {claim.pk} radicado (Ley 1581 art. 15)", False)
    stopped = Exclusion.objects.standing().filter(customer=message.customer).order_by("pk").values_list("scope", "source", "channels")
    assert list(stopped) == [("COMMERCIAL", "WHATSAPP_STOP", []), ("ALL", "CUSTOMER", [])]
    assert Outreach.objects.get(pk=message.outreach_id).state == OutreachState.CLOSED
    said = Message.objects.get(purpose=Purpose.REQUESTED)
    assert (said.status, f"(n.º {claim.pk})" in said.body) == (MessageStatus.SENT, True)
    assert Notification.objects.get(user=lead).url == f"/datos-personales/solicitudes/{claim.pk}/"


def test_asked_twice_it_is_one_claim_and_says_so(ask, work):
    message = ask()
    work()
    for number in range(2):
        apply(inbound_body("ELIMINAR MIS DATOS", number=number_of(message.customer), at=NOW + number))
    assert DataRequest.objects.count() == 1
    assert [row.handled_at is None for row in InboundMessage.objects.all()] == [False, False]
    assert "ya está en trámite" in Message.objects.filter(purpose=Purpose.REQUESTED).latest("pk").body


def test_the_button_of_the_template_counts_as_its_words(ask, work):
    message = ask()
    work()
    button = {"type": "button", "button": {"text": "No recibir más", "payload": "x"}}
    apply(inbound_body("", number=number_of(message.customer), at=NOW, **button))
    assert InboundMessage.objects.get().kind == InboundKind.BUTTON
    assert Exclusion.objects.exists()


def test_a_number_of_two_people_waits_for_a_person():
    for _ in range(2):
        PhoneFactory(customer=CustomerFactory(), value="+573005551234")
    apply(inbound_body("Hola", number="573005551234"))
    assert InboundMessage.objects.get().customer is None


def quoting(message):
    message.refresh_from_db()
    return {"context": {"id": message.provider_id}}


@pytest.fixture
def spouses(ask, work):
    """Two people with one number, each written to about their own car: his message, then hers."""
    his = ask()
    hers = ask(at=MONDAY + timedelta(minutes=1), phone=his.point.value)
    work()
    return his, hers


def test_a_quoted_answer_opens_the_matter_of_the_message_it_quotes(ask, work):
    first = ask()
    second = OutreachFactory(customer=first.customer, phone=False, next_step=NextStep.REPLY, opened_at=MONDAY)
    work()
    apply(inbound_body("Sí", number=number_of(first.customer), at=NOW, **quoting(first)))
    steps = [Outreach.objects.get(pk=pk).next_step for pk in (first.outreach_id, second.pk)]
    assert steps == [NextStep.CALL, NextStep.REPLY]


@pytest.mark.parametrize(("days", "quotes", "step"), [(3, True, NextStep.CALL), (3, False, NextStep.NONE), (31, True, NextStep.NONE)])
def test_a_late_answer_takes_up_the_matter_that_it_quotes(ask, work, days, quotes, step):
    message = ask()
    work()
    closed = {
        "state": OutreachState.CLOSED,
        "result": Result.EXHAUSTED,
        "next_step": NextStep.NONE,
        "closed_at": MONDAY - timedelta(days=days),
    }
    Outreach.objects.update(**closed)
    apply(inbound_body("Sí, quiero cita", number=number_of(message.customer), at=NOW, **(quoting(message) if quotes else {})))
    row = Outreach.objects.get()
    assert (row.next_step, row.is_callback, row.is_open) == (step, step == NextStep.CALL, step == NextStep.CALL)
    assert (InboundMessage.objects.get().handled_at is None) is (step == NextStep.NONE)  # the rest a person reads


def test_of_a_shared_number_the_quotation_says_who_speaks(spouses):
    his, hers = spouses
    number = number_of(his.customer)
    apply(inbound_body("Hola", number=number, at=NOW))  # whoever was written to last
    apply(inbound_body("Sí", number=number, at=NOW + 90, **quoting(his)))
    apply(inbound_body("¿A qué hora?", number=number, at=NOW + 91))  # the same conversation goes on
    said = InboundMessage.objects.order_by("at").values_list("customer", flat=True)
    assert list(said) == [hers.customer_id, his.customer_id, his.customer_id]
    assert set(Outreach.objects.values_list("next_step", flat=True)) == {NextStep.CALL}


def test_the_refusal_belongs_to_whoever_the_quoted_message_was_for(spouses):
    his, hers = spouses
    apply(inbound_body("Hola", number=number_of(his.customer), at=NOW, **quoting(his)))
    apply(inbound_body("BAJA", number=number_of(his.customer), at=NOW + 1, **quoting(hers)))
    assert list(Exclusion.objects.values_list("customer", "channels")) == [(hers.customer_id, ["WHATSAPP"])]
    assert [Outreach.objects.get(customer=row.customer_id).is_open for row in (his, hers)] == [True, False]


def test_a_refusal_from_a_shared_number_without_quotation_is_of_all_who_have_it(spouses):
    his, hers = spouses
    apply(inbound_body("BAJA", number=number_of(his.customer), at=NOW))
    assert set(Exclusion.objects.values_list("customer", flat=True)) == {his.customer_id, hers.customer_id}
    assert InboundMessage.objects.get().note == "Exclusión registrada de los 2 clientes con ese número"
    assert Message.objects.filter(purpose=Purpose.TRANSACTIONAL).count() == 1  # one number, one confirmation


def test_a_refusal_from_a_number_that_merged_rows_share_is_of_the_one_that_stays(spouses, agent):
    his, hers = spouses
    merging.merge(his.customer_id, hers.customer_id, by=agent, at=MONDAY + timedelta(minutes=2))
    apply(inbound_body("BAJA", number=number_of(his.customer), at=NOW + 180))
    assert list(Exclusion.objects.values_list("customer", flat=True)) == [his.customer_id]
    assert InboundMessage.objects.get().note == "Exclusión registrada"


def test_nobody_knows_who_wrote_and_the_refusal_counts_all_the_same():
    people = [PhoneFactory(customer=CustomerFactory(), value="+573005551234").customer_id for _ in range(2)]
    apply(inbound_body("Eliminar mis datos", number="573005551234"))
    assert set(Exclusion.objects.values_list("customer", flat=True)) == set(people)
    assert (DataRequest.objects.count(), InboundMessage.objects.get().handled_at) == (0, None)  # whose data, a person asks


def test_a_hidden_number_is_known_by_the_message_it_answers(ask, work):
    message = ask()
    work()
    message.refresh_from_db()
    hidden = {"from_user_id": "CO.123", "context": {"id": message.provider_id}}
    apply(inbound_body("Sí", number="", at=NOW, **hidden))
    identity = WhatsAppIdentity.objects.get()
    assert (identity.customer, identity.wa_id, identity.bsuid) == (message.customer, "", "CO.123")
    apply(inbound_body("Otra cosa", number="", at=NOW, from_user_id="CO.123"))
    assert InboundMessage.objects.filter(customer=message.customer).count() == 2


def test_a_person_says_who_wrote_and_it_is_heard_again(agent):
    row = OutreachFactory(next_step=NextStep.REPLY)
    apply(inbound_body("BAJA", number="", at=NOW, from_user_id="CO.9"))
    inbound.claim_identity(InboundMessage.objects.get(), row.customer, by=agent, at=MONDAY)
    assert Exclusion.objects.get().customer == row.customer
    row.refresh_from_db()
    assert row.state == OutreachState.CLOSED


def test_marketing_stopped_and_resumed_in_whatsapp_itself():
    row = OutreachFactory(next_step=NextStep.WHATSAPP)
    number = number_of(row.customer)
    news = {"wa_id": number, "category": "marketing_messages", "value": "stop", "timestamp": str(NOW)}
    apply(change("user_preferences", {"user_preferences": [news]}))
    assert Exclusion.objects.standing().count() == 1
    apply(change("user_preferences", {"user_preferences": [news | {"value": "resume"}]}))
    assert Exclusion.objects.standing().count() == 0


def test_news_of_templates_are_kept(template):
    named = {"message_template_name": template.name, "message_template_language": "es_CO"}
    apply(change("message_template_status_update", named | {"event": "PAUSED", "reason": "baja calidad"}))
    apply(change("message_template_quality_update", named | {"new_quality_score": "RED"}))
    apply(change("template_category_update", named | {"new_category": "UTILITY"}))
    row = MessageTemplate.objects.get(pk=template.pk)
    assert (row.approval, row.approval_note, row.quality, row.is_marketing) == (TemplateApproval.PAUSED, "baja calidad", "RED", False)


def test_an_unanswered_message_still_closes_in_its_time(ask, work):
    message = ask()
    work()
    row = Outreach.objects.get(pk=message.outreach_id)
    assert outreach.close_unanswered(row.due_at) == 1
