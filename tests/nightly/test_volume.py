"""S12, S16: the webhook under ten thousand events, a guesser at the door, and how long a wrong name takes to be refused."""

import json
import random
import statistics
import threading
import time
from collections import Counter

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from callcenter import tasks
from callcenter.models import Message, MessageEvent, WebhookDelivery
from tests.factories import UserFactory
from tests.fake_graph import SECRET, VERIFY, change, signed, status_body
from tests.security.addresses import outreach_of

PASSWORD = "correct horse battery"
LOGIN = "/cuenta/ingresar/"


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
def test_s12_ten_thousand_events(north, settings, figure):
    settings.WHATSAPP_APP_SECRET, settings.WHATSAPP_VERIFY_TOKEN = SECRET, VERIFY
    pick, messages = random.Random(12), []
    for number in range(1_000):
        row = outreach_of(north) if number % 100 == 0 else row  # noqa: F821 -- the first turn makes it
        messages.append(Message(
            body_hash="x", outreach=row, customer=row.customer, site=row.site, brand=row.brand, purpose=row.purpose, body="x", sent_at="2026-11-23T14:00Z",
            provider_id=f"wamid.{number}", status="SENT", work_state="DONE"))  # fmt: skip
    Message.objects.bulk_create(messages)
    real = [
        status_body(f"wamid.{number % 1_000}", ("sent", "delivered", "read", "read")[number // 1_000], at=1 + number)
        for number in range(4_000)
    ]
    events = (
        [(body, True) for body in real]
        + [(body, True) for body in pick.sample(real, 3_000)]
        + [(body, False) for body in pick.sample(real, 3_000)]
    )
    pick.shuffle(events)
    taken, answers, client = [], Counter(), Client()
    for body, is_ours in events:
        headers = {"X-Hub-Signature-256": signed(body) if is_ours else signed(body, "falso")}
        start = time.perf_counter()
        answer = client.post("/webhooks/whatsapp/", body, content_type="application/json", headers=headers)
        taken.append(time.perf_counter() - start)
        answers[is_ours, answer.status_code] += 1
    p95 = statistics.quantiles(taken, n=20)[-1]
    stored = WebhookDelivery.objects.count()
    while tasks.run_one():
        pass
    figure("S12", "falsificados aceptados de 3.000", answers[False, 200])
    figure("S12", "guardados de 7.000 firmados (3.000 repetidos)", stored)
    figure("S12", "p95 de guardar uno, ms", f"{1000 * p95:.1f}")
    assert answers == {(True, 200): 7_000, (False, 403): 3_000}
    assert stored == 4_000
    assert set(Message.objects.values_list("status", flat=True)) == {"READ"}
    assert MessageEvent.objects.count() <= 4_000
    assert p95 < 0.05
    assert client.post("/webhooks/whatsapp/", change("messages", json.loads("{}")), content_type="application/json").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_s16_a_guesser_is_slowed_and_forty_people_still_get_in(house, settings, figure):
    cache.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    people = [UserFactory(username=f"persona{number}") for number in range(41)]
    for someone in people:
        someone.set_password(PASSWORD)
        someone.save()
    victim, *others = people
    evaluated, got_in, slow = Counter(), [], []

    def guess():
        client = Client()
        for number in range(1_000 // 8):
            page = client.post(LOGIN, {"login": victim.username, "password": f"intento {number}"})
            evaluated["Demasiados" in page.content.decode() or page.status_code == 429] += 1
        connection.close()

    def enter(someone):
        start = time.perf_counter()
        got_in.append(Client().post(LOGIN, {"login": someone.username, "password": PASSWORD}, REMOTE_ADDR="10.0.0.9").status_code)
        slow.append(time.perf_counter() - start)
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(8)] + [threading.Thread(target=enter, args=(someone,)) for someone in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    figure("S16", "claves probadas de 1.000 en una cuenta", evaluated[False])
    figure("S16", "de 40 que ingresan a la vez, entran", got_in.count(302))
    figure("S16", "el que más esperó, segundos", f"{max(slow):.1f}")
    assert evaluated[False] <= 20
    assert got_in == [302] * 40


@pytest.mark.django_db
def test_s16_a_name_that_does_not_exist_is_refused_as_slowly(settings, figure):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    settings.ACCOUNT_RATE_LIMITS = False  # each refusal is timed; how many are allowed is the test before this
    known = UserFactory(username="conocida")
    known.set_password(PASSWORD)
    known.save()
    taken = {"conocida": [], "nadie": []}
    for _ in range(25):
        for name, times in taken.items():
            start = time.perf_counter()
            assert Client().post(LOGIN, {"login": name, "password": "otra cualquiera"}).status_code == 200
            times.append(time.perf_counter() - start)
    first, second = (statistics.median(times) for times in taken.values())
    figure("S16", "nombre conocido / desconocido, ms", f"{1000 * first:.0f} / {1000 * second:.0f}")
    assert abs(first - second) / first < 0.10
    assert reverse("account_login") == LOGIN
