"""Personas, the catalogue, and a clock that stands on a Monday morning."""

import io

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from callcenter.domain import calendar, contact_law
from callcenter.roles import Role
from carrazos.lib.calendar import national
from tests.factories import MONDAY, BrandFactory, SiteFactory, UserFactory

# How long an example takes says how loaded the machine is, not whether the rule holds.
hypothesis_settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("house")


def load_house():
    call_command("sync_roles")
    call_command("load_catalogue", stdout=io.StringIO())


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        load_house()


@pytest.fixture(autouse=True)
def fresh_calendar():
    calendar.forget()
    contact_law.forget_mode()
    yield
    calendar.forget()
    contact_law.forget_mode()


@pytest.fixture
def house(transactional_db):
    """The catalogue in a test that commits (its flush at the end takes everything away)."""
    load_house()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Tests that commit run last: they flush the catalogue that the others share."""
    items.sort(key=lambda item: "transactional_db" in item.fixturenames or "live_server" in item.fixturenames)


@pytest.fixture
def monday(settings):
    """The product's clock set to Monday 23 November 2026, 9:00 in Bogotá."""
    settings.CLOCK_SHIFT = (MONDAY - timezone.now()).total_seconds()
    return MONDAY


@pytest.fixture
def cal():
    return national()


@pytest.fixture
def north(db):
    return SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])


@pytest.fixture
def centre(db):
    return SiteFactory(code="centro", name="Sede Centro", aliases=["CENTRO"])


@pytest.fixture
def vw(db):
    return BrandFactory()


def person(role: Role, **scope):
    user = UserFactory(**scope)
    user.groups.add(Group.objects.get(name=role.value))
    return user


@pytest.fixture
def agent(db):
    return person(Role.CALL_CENTER_AGENT)


@pytest.fixture
def director(db):
    return person(Role.AFTERSALES_DIRECTOR)


@pytest.fixture
def outsider(db, centre):
    """An agent of another site: what is not theirs does not exist for them."""
    user = person(Role.CALL_CENTER_AGENT, all_sites=False)
    user.sites.add(centre)
    return user


@pytest.fixture
def advisor(db):
    return person(Role.SERVICE_ADVISOR)


def query_count(client, url: str) -> int:
    """How many queries a page costs once it is warm; compare it for one row and for three."""
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)
