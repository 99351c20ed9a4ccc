"""F11: messages through a Graph API that misbehaves, while the workers are killed. Small in the commit suite, large at night."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from callcenter import tasks
from callcenter.enums import Gateway, MessageStatus, NextStep, Programme, Purpose, TemplateApproval, WorkState
from callcenter.models import ContactPoint, Customer, Line, Message, MessageTemplate, Outreach
from callcenter.whatsapp import outbox, webhook
from carrazos.lib.calendar import national
from tests.factories import MONDAY, BrandFactory, SiteFactory, UserFactory
from tests.fake_graph import SECRET, VERIFY, FakeGraph, Fault

WEIGHTS = {Fault.NONE: 50, Fault.SLOW: 5, Fault.EARLY: 10, Fault.ACCEPT_ERROR: 6, Fault.ACCEPT_TIMEOUT: 3, Fault.ACCEPT_CLOSE: 8,
           Fault.CLOSE: 4, Fault.ERROR: 4, Fault.LIMIT: 3, Fault.BUSY: 4, Fault.NO_WHATSAPP: 3}  # fmt: skip
LOST_WEBHOOKS = 0.1


def fill(count: int) -> None:
    """So many people with one message each in the outbox."""
    site, brand, agent = SiteFactory(code="norte", name="Sede Norte"), BrandFactory(), UserFactory()
    template = MessageTemplate.objects.create(name="tormenta_v1", body="Hola {{1}}, le escribe Carrazos. Responda BAJA para salir.",
                                              variables=["cliente"], approval=TemplateApproval.APPROVED)  # fmt: skip
    people = Customer.objects.bulk_create(Customer(name=f"Cliente {n}", name_key=f"CLIENTE {n}", sites=[site.pk]) for n in range(count))
    points = ContactPoint.objects.bulk_create(
        ContactPoint(customer=person, kind="PHONE", value=f"+573{n:09d}", phone_kind="MOBILE") for n, person in enumerate(people)
    )
    rows = Outreach.objects.bulk_create(
        Outreach(programme=Programme.PROACTIVE, purpose=Purpose.COMMERCIAL, customer=person, site=site, brand=brand, reason="Revisión",
                 next_step=NextStep.REPLY, due_at=MONDAY + timedelta(days=2), opened_at=MONDAY)
        for person in people
    )  # fmt: skip
    Message.objects.bulk_create(
        Message(body_hash="x", outreach=row, customer=row.customer, site=site, brand=brand, point=point, template=template, variables=["Ana"],
                purpose=Purpose.COMMERCIAL, gateway=Gateway.CLOUD_API, body="Hola Ana", status=MessageStatus.QUEUED, sent_by=agent,
                key=uuid.uuid4(), created_at=MONDAY)
        for row, point in zip(rows, points, strict=True)
    )  # fmt: skip


def environment(graph: FakeGraph) -> dict:
    url = os.environ["DATABASE_URL"]
    head, _, tail = url.rpartition("/")
    name = settings.DATABASES["default"]["NAME"]
    query = f"?{tail.partition('?')[2]}" if "?" in tail else ""
    return os.environ | {
        "DATABASE_URL": f"{head}/{name}{query}", "DJANGO_SETTINGS_MODULE": "tests.settings", "WHATSAPP_MODE": "cloud_api",
        "WHATSAPP_API_URL": graph.url, "WHATSAPP_PHONE_NUMBER_ID": "1055", "WHATSAPP_TOKEN": "x", "WHATSAPP_APP_SECRET": SECRET,
        "WHATSAPP_VERIFY_TOKEN": VERIFY, "WHATSAPP_TIMEOUT": "0.5", "WHATSAPP_DAILY_LIMIT": "1000000",
        "TEST_CLOCK_SHIFT": str(int((MONDAY - timezone.now()).total_seconds())),
    }  # fmt: skip


def time_passes() -> None:
    """Pauses between tries are over, and the limits of Meta."""
    Line.objects.update(wait_until=None)
    Message.objects.queued().filter(work_state=WorkState.QUEUED, due_at__gt=timezone.now()).update(due_at=timezone.now())


def storm(count: int, kills: int, *, workers: int = 2, seconds: float = 300) -> Counter:
    """Sends `count` messages while `kills` workers die; the number of messages by state at the end, when nothing moves any more."""
    rng = random.Random(count)
    faults = rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=count * 4)
    lost = random.Random(kills)

    def deliver(body: bytes) -> None:
        if lost.random() >= LOST_WEBHOOKS:
            webhook.store(body)
        connection.close()

    graph = FakeGraph(fault=lambda number: faults[number % len(faults)], deliver=deliver, hold=0.8)
    fill(count)
    environ = environment(graph)

    def spawn() -> subprocess.Popen:
        return subprocess.Popen([sys.executable, "-m", "tests.worker"], env=environ, cwd=settings.ROOT, stderr=subprocess.DEVNULL)

    alive = [spawn() for _ in range(workers)]
    began, killed = time.monotonic(), 0
    deadline = began + seconds
    try:
        while time.monotonic() < deadline:
            time.sleep(0.1)
            time_passes()
            done = count - Message.objects.filter(status__in=[MessageStatus.QUEUED, MessageStatus.SENDING]).count()
            # A kill is due by the messages done; on a crowded machine by the time that went.
            share = max(done / count, (time.monotonic() - began) / seconds)
            if killed < kills and share >= (killed + 1) / (kills + 2):
                victim = alive.pop(rng.randrange(len(alive)))
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                killed += 1
                alive.append(spawn())
            # The rows of the dead are expired at the end; what is left of them does not keep the others waiting.
            if killed == kills and not Message.objects.queued().filter(work_state=WorkState.QUEUED).exists():
                break
        time.sleep(1.5)
    finally:
        for worker in alive:
            worker.kill()
            worker.wait()
    for model in (Message, webhook.WebhookDelivery):
        model.objects.filter(work_state=WorkState.RUNNING).update(lease_until=timezone.now() - timedelta(seconds=1))
    settle_the_rest(graph)
    graph.stop()
    copies = graph.copies()
    assert killed == kills
    assert max(copies.values()) == 1, "a customer got the same message twice"
    ends = Counter(Message.objects.values_list("status", flat=True))
    assert not {MessageStatus.QUEUED, MessageStatus.SENDING} & set(ends), ends
    arrived = {number for number, _ in copies.items()}
    given_up = Message.objects.filter(status__in=[MessageStatus.FAILED, MessageStatus.CANCELLED]).values_list("point__value", flat=True)
    assert not arrived & {value[1:] for value in given_up}, "a message that arrived was taken for lost: it would be sent again"
    reached = Message.objects.gone_out().values_list("point__value", flat=True)
    assert {value[1:] for value in reached} <= arrived
    return ends


def settle_the_rest(graph: FakeGraph) -> None:
    """What a worker does once a minute has passed, done here: rows of the dead, webhooks still waiting."""
    settings.WHATSAPP_MODE, settings.WHATSAPP_API_URL, settings.WHATSAPP_TIMEOUT = "cloud_api", graph.url, 0.5
    settings.WHATSAPP_PHONE_NUMBER_ID, settings.WHATSAPP_TOKEN, settings.WHATSAPP_DAILY_LIMIT = "1055", "x", 1_000_000
    while outbox.sweep(MONDAY, calendar=national()) or tasks.run_one():
        time_passes()
