"""The outbox: what leaves, what waits, what is uncertain; nobody gets a message twice."""

import itertools
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from callcenter import tasks
from callcenter.domain import consent, contact_law, messages, queue
from callcenter.domain.errors import Conflict, LeaseLost, Refused
from callcenter.enums import (
    Channel,
    ExclusionScope,
    ExclusionSource,
    MessageStatus,
    NextStep,
    OutreachState,
    Purpose,
    Result,
    RneEnforcement,
    TemplateApproval,
    WorkState,
)
from callcenter.models import (
    ContactRules,
    Line,
    Message,
    MessageEvent,
    MessageTemplate,
    Notification,
    Touch,
    UploadedMedia,
    WhatsAppIdentity,
)
from callcenter.models.work import LostLease
from callcenter.roles import Role
from callcenter.whatsapp import gateway, outbox, webhook
from callcenter.whatsapp.parcel import Accepted
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, PhoneFactory
from tests.fake_graph import Fault, status_body

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


def again(row):
    row.refresh_from_db()
    return row


def claim():
    """A worker's claim, whatever the pause before the next try."""
    Message.objects.queued().update(due_at=timezone.now())
    return Message.claim()


def worker_dies(row):
    Message.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


# -- what leaves -----------------------------------------------------------------------------------------------------


def test_a_template_leaves_with_its_image_and_variables(graph, ask, work):
    message = ask()
    assert (message.status, message.outreach.state) == (MessageStatus.QUEUED, OutreachState.OPEN)
    assert work() == 1
    row = again(message)
    vehicle = row.outreach.vehicle
    assert graph.requests == [
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": row.point.value[1:],
            "biz_opaque_callback_data": str(row.key),
            "type": "template",
            "template": {
                "name": "proactivo_mantenimiento_v1",
                "language": {"code": "es_CO"},
                "components": [
                    {"type": "header", "parameters": [{"type": "image", "image": {"id": "media-1"}}]},
                    {"type": "body", "parameters": [{"type": "text", "text": value} for value in row.variables]},
                ],
            },
        }
    ]
    assert vehicle.plate in row.variables
    assert graph.headers[-1]["Authorization"] == "Bearer llave"
    assert (row.status, row.work_state, row.sent_at.date()) == (MessageStatus.SENT, WorkState.DONE, MONDAY.date())
    assert row.provider_id.startswith("wamid.")
    assert row.touch.is_effective
    assert (row.outreach.next_step, row.outreach.due_at.date()) == (NextStep.REPLY, (MONDAY + 2 * DAY).date())


def test_an_image_is_uploaded_once_until_it_expires(graph, ask, work):
    ask()
    ask()
    work()
    assert (len(graph.uploads), len(graph.requests)) == (1, 2)
    UploadedMedia.objects.update(expires_at=MONDAY - DAY)
    ask()
    work()
    assert len(graph.uploads) == 2


def test_the_same_form_is_one_message_and_another_content_a_conflict(graph, agent, cal, template):
    row = OutreachFactory(next_step=NextStep.WHATSAPP)
    held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    draft = messages.draft_for(held, agent, gateway="cloud_api")
    key = uuid.uuid4()
    first = messages.queue_message(row.pk, draft, key=key, agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    assert messages.queue_message(row.pk, draft, key=key, agent=agent, fence=held.fence, at=MONDAY, calendar=cal).message == first.message
    other = messages.Draft(draft.template, draft.point, "otro texto", draft.variables, draft.image)
    with pytest.raises(Conflict):
        messages.queue_message(row.pk, other, key=key, agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    with pytest.raises(LeaseLost):
        messages.queue_message(row.pk, draft, key=uuid.uuid4(), agent=agent, fence=held.fence, at=MONDAY, calendar=cal)


def test_only_what_meta_approved_is_offered(ask, agent, template):
    row = OutreachFactory(next_step=NextStep.WHATSAPP)
    assert messages.draft_for(row, agent, gateway="cloud_api").template == template
    MessageTemplate.objects.update(approval=TemplateApproval.PENDING)
    assert messages.draft_for(row, agent, gateway="cloud_api") is None


# -- what the answer proves ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "got", "touches"),
    [
        (Fault.NONE, MessageStatus.SENT, 1, 1),
        (Fault.SLOW, MessageStatus.SENT, 1, 1),
        (Fault.LIMIT, MessageStatus.QUEUED, 0, 0),
        (Fault.BUSY, MessageStatus.QUEUED, 0, 0),
        (Fault.ERROR, MessageStatus.UNKNOWN, 0, 1),
        (Fault.CLOSE, MessageStatus.UNKNOWN, 0, 1),
        (Fault.ACCEPT_ERROR, MessageStatus.UNKNOWN, 1, 1),
        (Fault.ACCEPT_TIMEOUT, MessageStatus.UNKNOWN, 1, 1),
        (Fault.ACCEPT_CLOSE, MessageStatus.UNKNOWN, 1, 1),
        (Fault.GARBLED, MessageStatus.UNKNOWN, 1, 1),
        (Fault.NO_WHATSAPP, MessageStatus.FAILED, 0, 0),
    ],
)
def test_what_every_answer_leaves_behind(graph, ask, work, fault, status, got, touches):
    graph.fault = lambda _n: fault
    message = ask()
    work()
    assert again(message).status == status
    assert sum(graph.copies().values()) == got
    assert Touch.objects.filter(message=message).count() == touches
    worker_dies(message)
    work()
    assert sum(graph.copies().values()) == got  # the machine never repeats what may have left


def test_a_line_nobody_answers_is_tried_three_times_and_given_back(graph, ask, work, settings):
    graph.stop()
    message = ask()
    for _ in range(3):
        assert again(message).status == MessageStatus.QUEUED
        Message.objects.update(due_at=timezone.now())
        # the image needs no upload: what is tried is the message itself
        Message.objects.update(image="")
        work()
    assert (again(message).status, message.work_state) == (MessageStatus.FAILED, WorkState.DONE)
    assert "No hubo conexión" in message.error
    assert again(message.outreach).next_step == NextStep.WHATSAPP
    assert not Touch.objects.exists()


@pytest.mark.parametrize(
    ("code", "status", "step", "stopped", "approval"),
    [
        (131026, MessageStatus.FAILED, NextStep.CALL, False, TemplateApproval.APPROVED),
        (131047, MessageStatus.FAILED, NextStep.WHATSAPP, False, TemplateApproval.APPROVED),
        (131049, MessageStatus.FAILED, NextStep.WHATSAPP, False, TemplateApproval.APPROVED),
        (130472, MessageStatus.FAILED, NextStep.WHATSAPP, False, TemplateApproval.APPROVED),
        (131050, MessageStatus.FAILED, NextStep.NONE, False, TemplateApproval.APPROVED),
        (131056, MessageStatus.QUEUED, NextStep.REPLY, False, TemplateApproval.APPROVED),
        (80007, MessageStatus.QUEUED, NextStep.REPLY, False, TemplateApproval.APPROVED),
        (131048, MessageStatus.QUEUED, NextStep.REPLY, True, TemplateApproval.APPROVED),
        (131064, MessageStatus.QUEUED, NextStep.REPLY, True, TemplateApproval.APPROVED),
        (190, MessageStatus.QUEUED, NextStep.REPLY, True, TemplateApproval.APPROVED),
        (200, MessageStatus.QUEUED, NextStep.REPLY, True, TemplateApproval.APPROVED),
        (131042, MessageStatus.QUEUED, NextStep.REPLY, True, TemplateApproval.APPROVED),
        (132001, MessageStatus.FAILED, NextStep.WHATSAPP, False, TemplateApproval.REJECTED),
        (132015, MessageStatus.FAILED, NextStep.WHATSAPP, False, TemplateApproval.PAUSED),
        (132016, MessageStatus.FAILED, NextStep.WHATSAPP, False, TemplateApproval.DISABLED),
        (131053, MessageStatus.QUEUED, NextStep.REPLY, False, TemplateApproval.APPROVED),
        (131000, MessageStatus.QUEUED, NextStep.REPLY, False, TemplateApproval.APPROVED),
        (999999, MessageStatus.FAILED, NextStep.WHATSAPP, False, TemplateApproval.APPROVED),
    ],
)
def test_the_table_of_errors(graph, ask, work, template, code, status, step, stopped, approval):
    graph.code = code
    message = ask()
    work()
    assert (again(message).status, again(message.outreach).next_step) == (status, step)
    assert Line.objects.filter(stopped_at__isnull=False).exists() is stopped
    assert again(template).approval == approval
    assert not Touch.objects.exists()
    if status == MessageStatus.FAILED:
        assert "detalle de Meta" in message.error
        assert message.error_code == code


def test_a_number_without_whatsapp_is_remembered_and_the_next_mobile_takes_its_place(graph, ask, work, agent):
    graph.code = 131026
    customer = CustomerFactory()
    message = ask(customer=customer)
    second = PhoneFactory(customer=customer, position=1)
    work()
    outreach = again(message.outreach)
    assert again(message.point).is_on_whatsapp is False
    assert outreach.next_step == NextStep.WHATSAPP
    assert messages.draft_for(outreach, agent).point == second


def test_a_stopped_line_sends_nothing_until_a_person_resumes(graph, ask, work, agent):
    lead = person(Role.CALL_CENTER_LEAD)
    graph.code = 190
    first = ask()
    work()
    graph.code = 0
    second = ask()
    assert work() == 0
    assert Notification.objects.filter(user=lead).count() == 1
    assert outbox.resume_line(agent) == 2
    Message.objects.update(due_at=timezone.now())
    work()
    assert [again(first).status, again(second).status] == [MessageStatus.SENT, MessageStatus.SENT]


def test_a_limit_of_meta_makes_the_whole_line_wait(graph, ask, work):
    graph.code = 130429
    ask()
    work()
    graph.code = 0
    ask()
    assert work() == 0
    Line.objects.update(wait_until=timezone.now() - timedelta(seconds=1))
    assert work() == 1


# -- what may leave --------------------------------------------------------------------------------------------------


def test_the_law_is_asked_again_in_the_transaction_of_the_send(graph, ask, work, settings):
    settings.CLOCK_SHIFT += 10 * 3600 - 120  # 18:58
    message = ask(at=MONDAY.replace(hour=18, minute=58))
    settings.CLOCK_SHIFT += 180  # 19:01
    work()
    assert (again(message).status, graph.requests) == (MessageStatus.QUEUED, [])
    assert "horario" in message.error
    assert timedelta(hours=11) < message.due_at - timezone.now() < timedelta(hours=13)
    settings.CLOCK_SHIFT += 12 * 3600
    Message.objects.update(due_at=timezone.now())
    work()
    assert again(message).status == MessageStatus.SENT


def test_a_contact_made_meanwhile_makes_it_wait(graph, ask, work, agent):
    message = ask()
    other = Message.objects.create(
        body_hash="x", outreach=OutreachFactory(customer=message.customer), customer=message.customer, site=message.site, brand=message.brand,
        purpose=Purpose.COMMERCIAL, body="x", sent_by=agent, sent_at=MONDAY, work_state=WorkState.DONE,
    )  # fmt: skip
    messages.write_touch(other, at=MONDAY)
    work()
    assert (again(message).status, graph.requests) == (MessageStatus.QUEUED, [])
    assert timedelta(hours=20) < message.due_at - timezone.now() < timedelta(hours=24)


def test_an_opt_out_takes_back_what_is_queued(graph, ask, work):
    message = ask()
    consent.refuse(message.customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, at=MONDAY)
    assert (again(message).status, again(message.outreach).result) == (MessageStatus.CANCELLED, Result.OPTED_OUT)
    work()
    assert graph.requests == []


def test_an_opt_out_that_only_the_gate_sees_stops_the_send(graph, ask, work):
    message = ask()
    message.customer.exclusions.create(scope=ExclusionScope.ALL, source=ExclusionSource.IMPORTED, since=MONDAY)
    work()
    assert (again(message).status, graph.requests) == (MessageStatus.CANCELLED, [])
    assert again(message.outreach).state == OutreachState.CLOSED


def complains(message):
    message.customer.holds.create(reason="Queja abierta QR-7", source="satisfaction", reference="7", since=MONDAY)


def must_be_looked_up(_message):
    ContactRules.objects.create(rne_enforcement=RneEnforcement.BLOCK)
    contact_law.forget_mode()


@pytest.mark.parametrize(
    ("happens", "reason"), [(complains, "Espera: Queja abierta QR-7."), (must_be_looked_up, "no se ha consultado en el RNE")]
)
def test_who_only_has_to_wait_did_not_refuse(graph, ask, work, happens, reason):
    message = ask()
    happens(message)
    work()
    assert (again(message).status, reason in message.error, graph.requests) == (MessageStatus.CANCELLED, True, [])
    row = again(message.outreach)
    assert (row.state, row.next_step, row.result) == (OutreachState.OPEN, NextStep.WHATSAPP, "")


def test_refusing_one_channel_leaves_the_others(graph, ask):
    waiting = ask()
    call = OutreachFactory(customer=waiting.customer)
    consent.refuse(
        waiting.customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.WHATSAPP_STOP, at=MONDAY, channels=[Channel.WHATSAPP]
    )
    assert again(waiting).status == MessageStatus.CANCELLED
    assert again(call).state == OutreachState.OPEN


def test_the_daily_limit_counts_people_and_moves(graph, ask, work, settings):
    settings.WHATSAPP_DAILY_LIMIT = 2
    rows = [ask() for _ in range(3)]
    work()
    assert [again(row).status for row in rows] == [MessageStatus.SENT, MessageStatus.SENT, MessageStatus.QUEUED]
    assert "límite diario" in rows[2].error
    assert timedelta(hours=23) < rows[2].due_at - timezone.now() <= timedelta(hours=24)
    settings.CLOCK_SHIFT += 25 * 3600
    Message.objects.queued().update(due_at=timezone.now())
    work()
    assert again(rows[2]).status == MessageStatus.SENT


def test_a_template_that_meta_withdrew_meanwhile_does_not_leave(graph, ask, work):
    message = ask()
    MessageTemplate.objects.update(approval=TemplateApproval.PAUSED)
    work()
    assert (again(message).status, graph.requests) == (MessageStatus.FAILED, [])
    assert again(message.outreach).next_step == NextStep.WHATSAPP


# -- free text -------------------------------------------------------------------------------------------------------


def writes(customer, at):
    number = customer.points.first().value[1:]
    return WhatsAppIdentity.objects.create(customer=customer, wa_id=number, last_inbound_at=at)


def test_free_text_only_within_a_day_of_their_message(graph, agent, work):
    row = OutreachFactory()
    with pytest.raises(Refused, match="24 horas"):
        messages.queue_text(row.customer, "Hola", outreach=row, key=uuid.uuid4(), agent=agent, at=MONDAY)
    identity = writes(row.customer, MONDAY - timedelta(hours=23))
    message = messages.queue_text(row.customer, " Con gusto. ", outreach=row, key=uuid.uuid4(), agent=agent, at=MONDAY)
    work()
    assert graph.requests[0]["text"] == {"preview_url": False, "body": "Con gusto."}
    assert (again(message).status, message.purpose) == (MessageStatus.SENT, Purpose.REQUESTED)
    late = messages.queue_text(row.customer, "Otra", outreach=row, key=uuid.uuid4(), agent=agent, at=MONDAY)
    identity.last_inbound_at = MONDAY - timedelta(hours=25)
    identity.save()
    work()
    assert (again(late).status, len(graph.requests)) == (MessageStatus.FAILED, 1)


def test_an_answer_to_what_they_wrote_may_leave_at_night(graph, agent, work, settings):
    row = OutreachFactory()
    night = MONDAY.replace(hour=21)
    writes(row.customer, night - timedelta(minutes=5))
    settings.CLOCK_SHIFT += 12 * 3600
    message = messages.queue_text(row.customer, "Mañana lo llamamos.", outreach=row, key=uuid.uuid4(), agent=agent, at=night)
    work()
    assert again(message).status == MessageStatus.SENT


# -- what nobody knows -----------------------------------------------------------------------------------------------


def test_a_worker_that_dies_while_sending_leaves_an_uncertain_message(graph, ask, monday, cal):
    ask()
    ghost = claim()
    assert outbox.reserve(ghost, at=MONDAY, calendar=cal)
    worker_dies(ghost)
    assert outbox.sweep(MONDAY, calendar=cal) == 1
    assert again(ghost).status == MessageStatus.UNKNOWN
    assert ghost.touch.is_effective  # it may have arrived: the law counts it
    assert not tasks.run_one()
    outbox.settle(ghost, Accepted("wamid.tarde"), at=MONDAY, calendar=cal)
    assert (again(ghost).status, ghost.provider_id) == (MessageStatus.SENT, "wamid.tarde")


def test_a_row_claimed_again_after_its_worker_died_is_not_sent_again(graph, ask, work, cal):
    message = ask()
    assert outbox.reserve(claim(), at=MONDAY, calendar=cal)
    worker_dies(message)
    work()
    assert (again(message).status, graph.requests) == (MessageStatus.UNKNOWN, [])


def test_a_worker_that_lost_its_lease_does_not_send(graph, ask, monday, cal):
    ask()
    ghost = claim()
    worker_dies(ghost)
    second = claim()
    with pytest.raises(LostLease):
        outbox.reserve(ghost, at=MONDAY, calendar=cal)
    assert outbox.reserve(second, at=MONDAY, calendar=cal)


def test_a_message_given_up_before_it_left_goes_back_to_the_agent(ask, cal):
    message = ask()
    Message.objects.update(work_state=WorkState.FAILED, attempts=3, error="El proceso se detuvo.")
    assert outbox.sweep(MONDAY, calendar=cal) == 1
    assert (again(message).status, again(message.outreach).next_step) == (MessageStatus.FAILED, NextStep.WHATSAPP)


@pytest.mark.parametrize(
    ("arrived", "status", "step", "touches"),
    [(True, MessageStatus.SENT, NextStep.REPLY, 1), (False, MessageStatus.FAILED, NextStep.WHATSAPP, 0)],
)
def test_a_person_settles_what_is_uncertain(graph, ask, work, agent, cal, arrived, status, step, touches):
    graph.fault = lambda _n: Fault.CLOSE
    message = ask()
    work()
    messages.settle_by_hand(message.pk, arrived=arrived, by=agent, at=MONDAY, calendar=cal)
    assert (again(message).status, message.settled_by) == (status, agent)
    assert again(message.outreach).next_step == step
    assert Touch.objects.count() == touches
    with pytest.raises(Refused, match="ya quedó claro"):
        messages.settle_by_hand(message.pk, arrived=True, by=agent, at=MONDAY, calendar=cal)


# -- statuses --------------------------------------------------------------------------------------------------------


def apply(body):
    webhook.store(body)
    while tasks.run_one():
        pass


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "read"])))
def test_statuses_count_by_rank_in_whatever_order(graph, ask, work, order):
    message = ask()
    work()
    provider_id = again(message).provider_id
    for number, said in enumerate((*order, *order)):
        apply(status_body(provider_id, said, at=1_795_000_000 + number))
    assert again(message).status == MessageStatus.READ
    assert again(message.point).is_on_whatsapp is True
    assert MessageEvent.objects.filter(message=message).count() == 6


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], MessageStatus.FAILED),
        (["sent"], MessageStatus.FAILED),
        (["delivered"], MessageStatus.DELIVERED),
        (["read"], MessageStatus.READ),
    ],
)
def test_failed_counts_only_before_it_arrived(graph, ask, work, before, after):
    message = ask()
    work()
    provider_id = again(message).provider_id
    for said in before:
        apply(status_body(provider_id, said))
    apply(status_body(provider_id, "failed", code=131026))
    assert again(message).status == after
    assert (again(message.outreach).next_step == NextStep.CALL) is (after == MessageStatus.FAILED)


def test_a_webhook_settles_what_was_uncertain(graph, ask, work):
    bodies = []
    graph.deliver = bodies.append
    graph.fault = lambda _n: Fault.ACCEPT_CLOSE
    message = ask()
    work()
    assert again(message).status == MessageStatus.UNKNOWN
    for body in bodies:
        apply(body)
    assert again(message).status == MessageStatus.DELIVERED
    assert message.provider_id.startswith("wamid.")
    assert again(message.outreach).next_step == NextStep.REPLY


def test_a_status_that_comes_before_the_answer_stays(graph, ask, monday, cal):
    ask()
    row = claim()
    outbox.reserve(row, at=MONDAY, calendar=cal)
    apply(status_body("wamid.pronto", "delivered", key=str(row.key)))
    outbox.settle(row, Accepted("wamid.pronto"), at=MONDAY, calendar=cal)
    assert (again(row).status, row.provider_id) == (MessageStatus.DELIVERED, "wamid.pronto")


def test_a_status_of_a_name_not_known_yet_waits_for_it(graph, ask, monday, cal):
    ask()
    row = claim()
    outbox.reserve(row, at=MONDAY, calendar=cal)
    apply(status_body("wamid.pronto", "read"))
    outbox.settle(row, Accepted("wamid.pronto"), at=MONDAY, calendar=cal)
    assert again(row).status == MessageStatus.READ
    assert MessageEvent.objects.get().message == row


def test_by_the_agents_phone_nothing_leaves_by_itself(ask, work, settings):
    settings.WHATSAPP_MODE = "agent_phone"
    message = ask()
    work()
    assert gateway.current().sends_by_itself is False
    assert again(message).status == MessageStatus.QUEUED
    assert "celular" in message.error


# -- races -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("house")
@pytest.mark.django_db(transaction=True)
def test_eight_workers_send_each_message_once(graph, ask, monday):
    rows = [ask() for _ in range(12)]

    def run():
        while tasks.run_one():
            pass
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(graph.copies().values()) == {1}
    assert {again(row).status for row in rows} == {MessageStatus.SENT}


@pytest.mark.usefixtures("house")
@pytest.mark.django_db(transaction=True)
def test_an_opt_out_in_the_same_instant_either_stops_it_or_finds_it_gone(graph, ask, monday):
    for _ in range(6):
        message = ask()
        start = threading.Barrier(2)

        def send(start=start):
            start.wait()
            while tasks.run_one():
                pass
            connection.close()

        def stop(start=start, customer=message.customer):
            start.wait()
            consent.refuse(customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, at=MONDAY)
            connection.close()

        threads = [threading.Thread(target=send), threading.Thread(target=stop)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        got = sum(1 for key, _ in graph.accepted if key == str(message.key))
        assert (again(message).status, got) in {(MessageStatus.CANCELLED, 0), (MessageStatus.SENT, 1)}
