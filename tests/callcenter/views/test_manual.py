"""The manual answers every topic, one's own first."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.urls import reverse

from callcenter.roles import Role
from callcenter.views.manual import TOPICS
from tests.manual_shots import SHOTS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.slug)
def test_every_topic_opens(client, agent, topic):
    client.force_login(agent)
    assert topic.title in client.get(reverse("callcenter:topic", args=[topic.slug])).content.decode()


def test_ones_own_day_comes_first(client, agent):
    client.force_login(agent)
    response = client.get(reverse("callcenter:manual"))
    assert [topic.slug for topic in response.context["mine"]] == ["agente"]
    assert client.get(reverse("callcenter:topic", args=["nada"])).status_code == 404


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.slug)
def test_its_pictures_exist_and_say_what_they_show(client, agent, topic):
    client.force_login(agent)
    page = client.get(reverse("callcenter:topic", args=[topic.slug])).content.decode()
    for source, words in re.findall(r'<img src="/static/([^"]+)" alt="([^"]*)"', page):
        assert finders.find(re.sub(r"\.[0-9a-f]{12}\.webp$", ".webp", source)), source
        assert len(words) > 20


def test_every_role_has_its_day():
    assert {function for topic in TOPICS for function in topic.functions} == set(Role)


def test_the_pictures_are_light_and_all_are_used():
    shots = {path.name: path.stat().st_size for path in Path(finders.find("help")).glob("*.webp")}
    assert sum(shots.values()) < 1_500_000
    texts = "".join(path.read_text() for path in (Path(settings.ROOT) / "templates" / "help").glob("*.html"))
    assert [name for name in shots if name not in texts] == []
    assert {f"{name}.webp" for name in SHOTS} == set(shots)
