"""The Líder CRM's morning in a browser: validate a prospect by telephone, judge activities by key, write to the advisor."""

import pytest
from playwright.sync_api import expect

from callcenter import tasks
from callcenter.models import Mail
from callcenter.roles import Role
from crm_audit.domain import checks
from crm_audit.models import Activity, Notice, Prospect, ProspectCheck, TrafficEntry
from tests.browser.conftest import press
from tests.conftest import person
from tests.crm_audit.conftest import bring, staff
from tests.factories import MONDAY, BrandFactory, SiteFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def lead(house, monday):
    BrandFactory(aliases=["VOLKSWAGEN"])
    staff(SiteFactory(code="centro", name="Sede Centro", aliases=["CENTRO"]))
    bring("traffic", "f5_traffic.csv")
    bring("visits", "f6_visits.csv")
    return person(Role.CRM_LEAD, first_name="Ramiro", programmes=["PROSPECT_CHECK"])


def test_from_the_prospect_to_the_advisors_mail(lead, visitor):
    checks.open_checks(Prospect.objects.filter(pk=TrafficEntry.objects.get(file_id="4501").prospect_id), at=MONDAY, by=lead)
    me = visitor().login(lead)
    page = me.page
    for path in ("/prospectos/", f"/prospectos/{TrafficEntry.objects.get(file_id='4506').prospect_id}/", "/prospectos/semaforo/", "/prospectos/metas/",
                 "/prospectos/completitud/", "/actividades/por-aclarar/"):  # fmt: skip
        me.open(path)

    me.open("/cola/")
    press(page, "n")
    expect(page.get_by_role("heading", name="Carlos Ríos")).to_be_visible()
    me.check("call")
    press(page, "6")
    press(page, "Enter")
    expect(page.get_by_text("Guardado: Carlos Ríos").first).to_be_visible()
    assert ProspectCheck.objects.get().verdict == "VALID"

    me.open("/actividades/")
    press(page, "j")
    judged = Activity.objects.exclude(verdict="").count
    for expected in (1, 2, 3):
        press(page, "p")
        expect(page.locator("[data-judged]")).to_have_count(expected)
    assert judged() == 3
    me.check("judged")

    row = Activity.objects.get(comment="no contesta")
    page.locator(f"#act-{row.pk}").focus()
    press(page, "i")
    expect(page.locator(f"#act-{row.pk}[data-judged]")).to_be_visible()

    me.open("/actividades/avisos/")
    press(page, "Control+Enter")
    expect(page.get_by_text("en camino").first).to_be_visible()
    while tasks.run_one():
        pass
    assert Mail.objects.get().sent_at
    notice = Notice.objects.get()
    guest = visitor(width=390)
    with guest.page.expect_response(lambda response: response.url.endswith("/abierto/")) as told:
        guest.open(f"/aviso-crm/{notice.token}/")
    assert told.value.status == 204
    assert Notice.objects.get().opened_at
    guest.page.get_by_label("Su respuesta").fill("Ya quedó en SPIGA")
    guest.page.get_by_role("button", name="Enviar respuesta").click()
    expect(guest.page.get_by_text("Respondió el")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_fit_a_telephone(lead, visitor, theme):
    me = visitor(width=390, height=800, theme=theme).login(lead)
    for path in ("/prospectos/", "/actividades/", "/prospectos/semaforo/"):
        me.open(path)
