"""The account pages and the administrators' site in a browser: nothing breaks the strict policy, keys work."""

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import expect

from callcenter.roles import Role
from tests.browser.conftest import PASSWORD
from tests.conftest import person
from tests.factories import UserFactory

pytestmark = pytest.mark.browser
ADMIN_PAGES = (
    "/gestion/", "/gestion/callcenter/user/", "/gestion/callcenter/user/add/", "/gestion/callcenter/reason/", "/gestion/callcenter/script/",
    "/gestion/callcenter/calendarexception/", "/gestion/callcenter/campaign/add/", "/gestion/callcenter/importbatch/",
)  # fmt: skip


def test_the_administrators_site_keeps_the_policy(house, visitor):
    boss = UserFactory(username="jefa", is_staff=True, is_superuser=True)
    admin = visitor()
    violations = []
    admin.context.add_init_script("document.addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))")
    admin.page.on("console", lambda message: violations.append(message.text) if "CSP" in message.text else None)
    admin.login(boss)
    for path in (*ADMIN_PAGES, f"/gestion/callcenter/user/{boss.pk}/change/"):
        admin.page.goto(f"{admin.base}{path}")
        admin.page.wait_for_load_state("networkidle")
        assert (path, violations) == (path, [])
        assert "Gestión del sistema" in admin.page.content()


def confirm(page):
    page.fill("#id_password", PASSWORD)
    page.locator("main form button[type=submit]").last.click()


def test_a_director_sets_up_a_security_key_and_logs_in_with_it(house, visitor, settings):
    settings.MFA_REQUIRED, settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True, True
    director = person(Role.AFTERSALES_DIRECTOR, first_name="Diego", username="diego")
    desk = visitor()
    desk.base = desk.base.replace("127.0.0.1", "localhost")  # a key belongs to a name, never to a number
    devtools = desk.context.new_cdp_session(desk.page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {"protocol": "ctap2", "transport": "usb", "hasResidentKey": True,
                  "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}})  # fmt: skip
    director.set_password(PASSWORD)
    director.save()
    desk.page.goto(f"{desk.base}/cuenta/ingresar/")
    desk.page.fill("#id_login", "diego")
    desk.page.fill("#id_password", PASSWORD)
    desk.page.press("#id_password", "Enter")
    desk.page.wait_for_url("**/cuenta/segundo-paso/")
    expect(desk.page.get_by_text("exige un segundo paso")).to_be_visible()
    desk.check("segundo paso")
    desk.page.goto(f"{desk.base}/cuenta/segundo-paso/aplicacion/activar/")
    confirm(desk.page)
    desk.check("aplicacion")
    desk.page.goto(f"{desk.base}/cuenta/segundo-paso/llaves/nueva/")
    desk.check("llave nueva")
    desk.page.locator("#id_name").fill("Llave de la oficina")
    desk.page.locator("#mfa_webauthn_add").click()
    desk.page.wait_for_url(lambda url: "nueva" not in url)
    expect(desk.page.get_by_role("heading").first).to_be_visible()
    assert Authenticator.objects.filter(user=director, type="webauthn").count() == 1
    desk.page.goto(f"{desk.base}/")
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("Diego")
    desk.open("/cuenta/sesiones/")
    desk.page.goto(f"{desk.base}/cuenta/salir/")
    desk.page.locator("main form button[type=submit]").click()
    desk.page.fill("#id_login", "diego")
    desk.page.fill("#id_password", PASSWORD)
    desk.page.press("#id_password", "Enter")
    desk.page.wait_for_url("**/segundo-paso/ingresar/**")
    desk.check("ingresar con llave")
    desk.page.locator("#mfa_webauthn_authenticate").click()
    desk.page.wait_for_url(f"{desk.base}/")
