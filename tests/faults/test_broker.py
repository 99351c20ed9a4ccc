"""F8: no page ever talks to Redis: whoever presses a button leaves a row, and the bell rings by itself."""

import ast
import socket
from pathlib import Path

import pytest
from django.urls import reverse

from callcenter.models import ListExport
from callcenter.roles import Role
from carrazos.celery import app
from tests.conftest import person
from tests.factories import CustomerFactory

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("callcenter", "satisfaction", "recovery", "crm_audit", "reports", "carrazos")
MAY_RING = {"callcenter/tasks.py"}
BELLS = {"delay", "apply_async", "send_task", "delay_on_commit", "on_commit"}


def calls(path: Path) -> set[str]:
    return {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


def test_f8_only_the_bell_itself_publishes():
    files = [path for name in APPS for path in (ROOT / name).rglob("*.py") if "migrations" not in path.parts]
    assert len(files) > 150
    assert {str(path.relative_to(ROOT)) for path in files if calls(path) & BELLS} == MAY_RING


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
def test_f8_with_the_broker_hung_every_button_answers(client, north):
    """A broker that accepts and says nothing: a page that asked it would wait for ever."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        before = app.conf.broker_url
        app.conf.broker_url = f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"
        try:
            CustomerFactory(sites=[north.pk])
            client.force_login(person(Role.AFTERSALES_DIRECTOR))
            answer = client.post(reverse("callcenter:customers_export"), {"state": "", "columns": "all", "reason": "Campaña de frenos"})
            deaf.settimeout(0.2)
            with pytest.raises(TimeoutError):
                deaf.accept()
        finally:
            app.conf.broker_url = before
    assert (answer.status_code, ListExport.objects.get().work_state) == (302, "QUEUED")


def test_f8_nothing_is_put_in_the_broker_for_later():
    """No countdown, no hour: what waits is a row with its own moment."""
    assert all(entry["options"]["expires"] for entry in app.conf.beat_schedule.values())
    assert app.conf.task_ignore_result
    assert app.conf.broker_transport_options["socket_timeout"] <= 5
    source = (ROOT / "callcenter" / "tasks.py").read_text()
    assert "countdown" not in source
    assert "eta=" not in source
