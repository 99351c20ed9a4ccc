"""What the machine says of itself: logs without people (S25), figures for who knows the token, the jobs' page."""

import json
import logging

import pytest
from django.urls import reverse

from callcenter.models import Erasure, Pulse
from callcenter.roles import Role
from carrazos import logs
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, UserFactory
from tests.security.addresses import data_request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def said(message, *arguments):
    record = logging.LogRecord("callcenter.tasks", logging.WARNING, __file__, 1, message, arguments, None)
    return json.loads(logs.json_formatter().format(record))


@pytest.mark.parametrize("leak", ["llamar a +573005550101", "correo ana@demo.example", "CC 1.075.000.104", "teléfono 300 555 0101"])
def test_s25_a_log_line_names_nobody(leak):
    line = said("no se pudo %s", leak)
    assert "…" in line["event"]
    assert not any(part in line["event"] for part in ("555", "@", "075"))


def test_s25_a_log_line_keeps_its_ids():
    line = said("callcenter.ImportBatch %s failed", 123456)
    assert "123456" in line["event"]
    assert line["level"] == "warning"
    assert line["timestamp"].endswith("Z")


def test_every_answer_carries_the_id_of_its_request(client):
    assert len(client.get("/salud/vivo/").headers["X-Request-ID"]) == 12


def test_an_error_report_carries_no_person():
    event = {"request": {"query_string": "q=Ana"}, "breadcrumbs": [1], "exception": {"values": [{"value": "duplicate 3005550101"}]}}
    clean = logs.clean_report(event, {})
    assert "3005550101" not in str(clean)
    assert "Ana" not in str(clean)


def test_figures_are_for_who_knows_the_token(client):
    Pulse.objects.create(name="worker", at=MONDAY)
    assert client.get("/salud/cifras/").status_code == 404
    assert client.get("/salud/cifras/", headers={"Authorization": "Bearer x"}).status_code == 404
    answer = client.get("/salud/cifras/", headers={"Authorization": "Bearer figures-for-tests"})
    assert answer.status_code == 200
    assert b"carrazos_pulse_age_seconds" in answer.content


def test_an_administrator_sees_what_failed_and_tries_again(client, north):
    made = data_request(north, UserFactory())
    job = Erasure.objects.create(
        customer=CustomerFactory(), request_id=made["pk"], work_state="FAILED", attempts=3, error="Hay un listado por confirmar"
    )
    client.force_login(person(Role.CALL_CENTER_LEAD))
    assert client.get(reverse("privacy:jobs")).status_code == 403
    client.force_login(person(Role.ADMIN))
    assert "Hay un listado por confirmar" in client.get(reverse("privacy:jobs")).content.decode()
    assert client.post(reverse("privacy:retry_job", args=["callcenter.Erasure", job.pk])).status_code == 302
    job.refresh_from_db()
    assert (job.work_state, job.attempts) == ("QUEUED", 0)
    assert client.post(reverse("privacy:retry_job", args=["callcenter.User", 1])).status_code == 404
