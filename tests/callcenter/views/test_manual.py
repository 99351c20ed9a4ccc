"""The manual answers every topic, one's own first."""

import pytest
from django.urls import reverse

from callcenter.views.manual import TOPICS

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
