"""F2: PostgreSQL goes away: the person is told to repeat, the next request has a new connection, nothing of the inside is shown."""

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from callcenter.domain import queue
from callcenter.roles import Role
from tests.conftest import person
from tests.factories import MONDAY


@pytest.fixture
def browser(db):
    found = Client(raise_request_exception=False)
    found.force_login(person(Role.CALL_CENTER_AGENT))
    return found


def gone(*_args, **_named):
    raise OperationalError("FATAL: terminating connection due to administrator command\nserver closed the connection at 10.0.0.7")


@pytest.mark.parametrize("url", ["callcenter:home", "callcenter:appointments", "callcenter:customers", "account_login"])
def test_f2_a_page_without_its_database_asks_to_repeat(browser, monkeypatch, url):
    with monkeypatch.context() as patch:
        patch.setattr(connection, "ensure_connection", gone)
        patch.setattr(connection, "cursor", gone)
        answer = browser.get(reverse(url))
    text = answer.content.decode()
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")
    assert "10.0.0.7" not in text
    assert "Traceback" not in text
    assert len(text) < 2_048
    assert browser.get(reverse(url)).status_code in {200, 302}


def test_f2_the_claim_whose_connection_was_cut_says_it_as_django_does(house, cal):
    """Its statement goes past Django's cursor: without the translation the agent would see an error of ours instead of «repita»."""
    agent = person(Role.CALL_CENTER_AGENT)
    other = connection.copy()
    with connection.cursor() as mine, other.cursor() as theirs:
        mine.execute("SELECT pg_backend_pid()")
        theirs.execute("SELECT pg_terminate_backend(%s, 5000)", mine.fetchone())
    other.close()
    with pytest.raises(OperationalError):
        queue.claim_next(agent, at=MONDAY, calendar=cal)
    connection.close()
