"""S1 and S2 whole: every address as every role, and each `visible_to` taken away."""

import time

import pytest
from django.apps import apps

from callcenter.roles import Role
from tests.security import matrix
from tests.security.addresses import UNREACHED, every_address

TEETH = (Role.CALL_CENTER_LEAD, Role.CRM_LEAD, Role.QUALITY_COORDINATOR, Role.AFTERSALES_MANAGER)


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
def test_s1_every_address_as_every_role(north, centre, figure):
    start = time.perf_counter()
    found = list(matrix.differences((north, centre), list(Role)))
    figure("S1", "direcciones × cargos", f"{len(every_address())} × {len(Role)}")
    figure("S1", "diferencias", len(found))
    figure("S1", "segundos", f"{time.perf_counter() - start:.0f}")
    assert "\n".join(found) == ""


def scoped_querysets():
    """Every queryset class that says who sees what, each once."""
    classes = {type(model._default_manager.all()) for model in apps.get_models() if model.__module__.split(".")[0] in
               {"callcenter", "satisfaction", "recovery", "crm_audit", "reports"}}  # fmt: skip
    return sorted((kind for kind in classes if hasattr(kind, "visible_to")), key=lambda kind: kind.__name__)


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
@pytest.mark.parametrize("kind", scoped_querysets(), ids=lambda kind: kind.__name__)
def test_s2_without_the_filter_the_matrix_fails(kind, north, centre, monkeypatch, client):
    """The teeth of S1: each visible_to, taken away, is noticed."""
    if kind.__name__ in UNREACHED:
        pytest.skip(UNREACHED[kind.__name__])
    monkeypatch.setattr(kind, "visible_to", lambda rows, user: rows.all())
    assert next(matrix.differences((north, centre), TEETH), None), (
        f"{kind.__name__}: no address of tests/security/addresses.py shows that it filters; add one, or say in UNREACHED why there is none"
    )
