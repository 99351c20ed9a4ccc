"""A line of Meta that is ours: the fake Graph API behind the real client."""

import uuid

import pytest
from django.core.files.base import ContentFile

from callcenter import tasks
from callcenter.domain import messages, queue
from callcenter.domain.evidence import clean_picture
from callcenter.enums import Gateway, NextStep, Priority, TemplateApproval
from callcenter.models import Message, MessageTemplate
from tests.callcenter.domain.test_messages_and_appointments import png
from tests.factories import MONDAY, OutreachFactory
from tests.fake_graph import SECRET, VERIFY, FakeGraph


@pytest.fixture
def graph(settings):
    """The fake Graph API, and the settings that point at it; reading waits 0.4 s instead of 15."""
    fake = FakeGraph(hold=0.8)
    settings.WHATSAPP_MODE = "cloud_api"
    settings.WHATSAPP_API_URL = fake.url
    settings.WHATSAPP_PHONE_NUMBER_ID = "1055"
    settings.WHATSAPP_TOKEN = "llave"
    settings.WHATSAPP_APP_SECRET = SECRET
    settings.WHATSAPP_VERIFY_TOKEN = VERIFY
    settings.WHATSAPP_TIMEOUT = 0.4
    yield fake
    fake.stop()


@pytest.fixture
def template(db):
    """The proactive template as Meta approved it, with its picture."""
    row = MessageTemplate.objects.get(name="proactivo_mantenimiento_v1")
    row.image.save("p.jpg", ContentFile(clean_picture(png()).data), save=False)
    row.approval = TemplateApproval.APPROVED
    row.save()
    return row


@pytest.fixture
def ask(agent, cal, template):
    """Puts one message of a new silent customer in the outbox."""

    def put(at=MONDAY, **more) -> Message:
        row = OutreachFactory(next_step=NextStep.WHATSAPP, priority=Priority.RETRY, calls_made=3, **more)
        held = queue.take(row.pk, agent, at=at, calendar=cal)
        draft = messages.draft_for(held, agent, gateway=Gateway.CLOUD_API, at=at)
        return messages.queue_message(row.pk, draft, key=uuid.uuid4(), agent=agent, fence=held.fence, at=at, calendar=cal).message

    return put


@pytest.fixture
def work(monday):
    """Runs everything that is due; how many jobs."""

    def run() -> int:
        count = 0
        while tasks.run_one():
            count += 1
        return count

    return run
