"""F14: any text, through any door, is stored or refused in words: never a crash."""

import json
import random
import re

import pytest
from django.db import DataError
from django.test import Client
from django.urls import reverse

from callcenter import tasks
from callcenter.models import Customer, Reason, SavedView, WebhookDelivery
from callcenter.spiga import pipeline
from callcenter.spiga.reader import UnreadableFile, read
from carrazos.lib.text import clean
from tests.callcenter.spiga.files import csv_bytes, row
from tests.factories import MONDAY, CustomerFactory, UserFactory
from tests.fake_graph import SECRET, VERIFY, signed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
PIECES = (
    "\x00", "\x0b", "\x1f", "\x7f", "\ud83d", "\udc00", "\ufffe", "\u202e", "\u200d", "👨‍👩‍👧", "e\u0301", "ñ", "﷽" * 20, "\r", "\n", "'", '"', "\\", "%",
    "%s", "{}", "$1", "؟", "\U0001f1e8\U0001f1f4", "\u2028", "<b>", "A" * 300, "", " ", "NULL", "0", "-1", "1e400", "NaN", "../", ";--",
)  # fmt: skip
PLANES = ((0, 0x20), (0x20, 0x7F), (0xA0, 0x3000), (0xD800, 0xE000), (0x10000, 0x110000))


def strings(seed: int, count: int) -> list[str]:
    """Texts of every plane, controls and lone surrogates among them; one of them is a megabyte."""
    pick = random.Random(seed)

    def letter():
        return chr(pick.randrange(*pick.choice(PLANES)))

    made = [
        "".join(pick.choice(PIECES) if pick.random() < 0.4 else letter() for _ in range(pick.randrange(1, 30))) for _ in range(count - 1)
    ]
    return [*made, "x\x00é" * 350_000]


def sendable(text: str) -> str:
    """What a browser or a client can put on the wire: lone surrogates travel as they are in JSON only."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


@pytest.fixture
def boss(client):
    user = UserFactory(is_superuser=True)
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    return browser


def through_the_query(boss, text):
    return boss.get(reverse("callcenter:customers"), {"q": sendable(text)[:2000]}).status_code


def through_a_form(boss, text):
    return boss.post(reverse("callcenter:customers_view"), {"name": sendable(text), "state": sendable(text)}).status_code


def through_the_palette(boss, text):
    return boss.get(reverse("callcenter:palette"), {"q": sendable(text)[:2000]}).status_code


def through_a_correction(boss, text):
    customer = Customer.objects.first() or CustomerFactory()
    return boss.post(
        reverse("callcenter:customer_correct", args=[customer.pk]), {"name": sendable(text), "city": sendable(text)}
    ).status_code


def through_the_login(boss, text):
    return (
        Client(raise_request_exception=False).post("/cuenta/ingresar/", {"login": sendable(text), "password": sendable(text)}).status_code
    )


def through_a_header(boss, text):
    safe = "".join(char for char in text if 0x20 <= ord(char) < 0x7F)[:500]
    return boss.get("/", headers={"User-Agent": safe, "X-Forwarded-For": safe, "Accept-Language": safe}).status_code


DOORS = (through_the_query, through_a_form, through_the_palette, through_a_correction, through_the_login, through_a_header)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_f14_a_door_of_the_house_answers_every_text(boss, door, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    assert {door(boss, text) for text in strings(14, 60)} <= {200, 302, 400, 403, 413, 422, 429}


def test_f14_a_saved_text_is_the_clean_one(boss):
    boss.post(reverse("callcenter:customers_view"), {"name": "Mi\x0b vista\u202e", "state": ""})
    assert SavedView.objects.get().name == clean("Mi\x0b vista\u202e")


def test_f14_a_webhook_with_any_text_is_stored_and_worked(settings):
    settings.WHATSAPP_APP_SECRET, settings.WHATSAPP_VERIFY_TOKEN = SECRET, VERIFY
    for number, text in enumerate(strings(3, 40)[:-1]):
        said = {"messages": [{"id": f"wamid.{number}", "from": "573005550101", "type": "text", "text": {"body": text}, "timestamp": "1"}]}
        body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": said}]}]}).encode()
        answer = Client().post("/webhooks/whatsapp/", body, content_type="application/json", headers={"X-Hub-Signature-256": signed(body)})
        assert answer.status_code == 200
    while tasks.run_one():
        pass
    assert set(WebhookDelivery.objects.values_list("work_state", "error")) == {("DONE", "")}


@pytest.mark.usefixtures("north")
def test_f14_a_file_with_any_text_in_its_cells_is_imported_or_refused_by_row(agent):
    lines = [row(name=re.sub("[\x00-\x1f\x7f]", "", sendable(text))[:400] or "x") for text in strings(5, 60)]
    batch = pipeline.receive("proactive", csv_bytes(lines), "a.csv", by=agent, site=None, at=MONDAY, authorised=True)
    result = pipeline.import_now(batch)
    assert result.read == 60
    assert result.read == result.created + result.updated + result.unchanged + sum(result.excluded.values()) + sum(result.rejected.values())
    for name in Customer.objects.values_list("name", flat=True):
        assert name == clean(name)


def test_f14_a_file_full_of_controls_is_refused_in_words():
    with pytest.raises(UnreadableFile) as refusal:
        list(read(csv_bytes([row(name=sendable(text)) for text in strings(5, 60)]), "a.csv").rows())
    assert refusal.value.reason.endswith(".")


def test_f14_without_the_gate_postgresql_refuses_the_same_text():
    """The negative control."""
    with pytest.raises(DataError, match="NUL"):
        Reason.objects.filter(label="a\x00").exists()
