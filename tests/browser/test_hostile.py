"""S6: markup in every text of the database, before a real browser: no dialog opens, nothing breaks the content policy."""

import pytest

from tests.factories import SiteFactory
from tests.security.test_hostile_text import poison, scene

pytestmark = pytest.mark.browser
SHOWN = ("/", "/cola/", "/clientes/", "/citas/", "/detractores/", "/pqrs/", "/prospectos/", "/actividades/", "/importaciones/", "/recuperacion/", "/informes/",
         "/mejora/", "/en-vivo/", "/historial/", "/datos-personales/", "/documentos/")  # fmt: skip


def test_s6_a_browser_shows_hostile_text_as_text(house, monday, visitor):
    boss, urls = scene(SiteFactory(code="norte", name="Sede Norte"))
    boss.all_sites = True
    boss.save()
    poison()
    who = visitor().login(boss)
    dialogs = []
    who.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    rows = [url for url in urls if any(part.isdigit() for part in url.split("/"))][:25]
    for path in [*SHOWN, *rows]:
        answer = who.page.request.get(who.base + path)
        if not answer.body() or "text/html" not in answer.headers["content-type"]:
            continue  # a file to keep, or nothing to show (of an empty refusal Chromium makes an error of its own)
        who.page.goto(who.base + path)
        assert who.page.locator("xcanary, [xcanary]").count() == 0, path
    assert dialogs == []
    assert [complaint for complaint in who.complaints if "CSP" in complaint or "Content Security" in complaint] == []
