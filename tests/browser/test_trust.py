"""The pages of trust, at a desk and on a telephone: history, downloads, personal data, the machine's own work."""

import pytest

from callcenter.domain import audit
from callcenter.models import Change, Erasure, ListExport, Pulse
from callcenter.roles import Role
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, SiteFactory
from tests.security.addresses import authorisation, data_request, evidence

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_of_trust(house, monday, visitor, width):
    north = SiteFactory(code="norte", name="Sede Norte")
    lead = person(Role.CALL_CENTER_LEAD, first_name="Clara", last_name="Mesa")
    admin = person(Role.ADMIN, first_name="Ada", last_name="Ruiz")
    audit.act_as(lead.pk, "/clientes/")
    request = data_request(north, lead)["pk"]
    authorisation(north, lead)
    evidence(north, lead)
    customer = CustomerFactory(name="Rosa Gil", sites=[north.pk])
    type(customer).objects.filter(pk=customer.pk).update(city="Cali")
    ListExport.objects.create(
        listing="clientes", query="kind=PERSON&order=name", reason="Campaña de frenos", requested_by=admin, work_state="IDLE", rows=12_400
    )
    Erasure.objects.create(
        customer=customer, request_id=request, work_state="FAILED", attempts=3, finished_at=MONDAY, error="Hay un listado por confirmar."
    )
    Pulse.objects.create(name="worker", at=MONDAY)
    desk = visitor(width=width).login(lead)
    assert Change.objects.exists()
    for path in ("/historial/", f"/historial/customer/{customer.pk}/", "/historial/accesos/", "/datos-personales/", f"/datos-personales/{customer.pk}/",
                 f"/datos-personales/solicitudes/{request}/", "/descargas/", "/cuenta/segundo-paso/", "/cuenta/sesiones/"):  # fmt: skip
        desk.open(path)
    visitor(width=width).login(admin).open("/sistema/trabajos/")
