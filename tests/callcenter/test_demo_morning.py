"""The demo's morning: a team at work, written with the product's own verbs."""

import pytest

from callcenter.demo import build, morning
from callcenter.domain import queue, supervision
from callcenter.models import Attempt, Brand, Campaign, Hold, Transfer
from callcenter.roles import Role
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, OutreachFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def test_the_first_minute_shows_a_team_at_work(north, centre, cal, tmp_path):
    OutreachFactory.create_batch(40, due_at=MONDAY)
    BrandFactory(code="kia", name="Kia")
    names = {"agente": Role.CALL_CENTER_AGENT, "agente2": Role.CALL_CENTER_AGENT, "coordinadora": Role.CALL_CENTER_LEAD}
    users = {name: person(role, username=name) for name, role in names.items()}
    now = MONDAY.replace(hour=10)
    morning.start(build.World(now, {"norte": north, "centro": centre}, {brand.code: brand for brand in Brand.objects.all()}, tmp_path))
    lines = {line.agent.username: line for line in supervision.agents_now(users["coordinadora"], now)}
    assert lines["agente3"].state == "Pausa: capacitación"
    assert lines["agente4"].state == "En llamada"
    assert sum(line.made.total for line in lines.values()) == Attempt.objects.count() > 8
    assert {row.name: bool(row.image) for row in Campaign.objects.all()} == dict.fromkeys(
        ["Frenos seguros", "Viaje de fin de año", "Mes del aceite"], True
    )
    # Ana opens her queue: first whoever was handed over to her.
    assert queue.claim_next(users["agente"], at=now, calendar=cal) == Transfer.objects.get().outreach
    assert Hold.objects.count() == 1
