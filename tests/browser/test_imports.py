"""The import centre in a browser: a strange file is taught, mended in the grid, applied, its rest retried, and taken back."""

import pytest
from playwright.sync_api import expect

from callcenter.models import Outreach
from callcenter.roles import Role
from tests.browser.test_story import jobs
from tests.callcenter.spiga.files import csv_bytes, row
from tests.conftest import person
from tests.factories import SiteFactory

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_teach_mend_apply_retry_undo(house, monday, visitor, width, theme):
    SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    clerk = visitor(width=width, height=900, theme=theme).login(person(Role.CALL_CENTER_AGENT, first_name="Ana"))
    page = clerk.page
    clerk.open("/importaciones/")
    clerk.open("/importaciones/nueva/")
    rows = [
        row(101),
        row(102, phone="031 23"),
        row(103, phone="12"),
        row(104, site="OESTE"),
        row(105, note="no llamar"),
        row(106, km="99999999"),
    ]
    data = (
        csv_bytes(rows).decode().replace("Telf. Móvil", "Número del señor").replace("Teléfonos", "Otro").replace("Cliente;", "Señor(a);", 1)
    )
    page.set_input_files("#id_file", {"name": "avisos_raros.csv", "mimeType": "text/csv", "buffer": data.encode()})
    page.check("#id_has_authorisation")
    clerk.follow(page.get_by_role("button", name="Subir y revisar"))
    jobs()
    expect(page.get_by_role("heading", name="Falta decir qué columna es")).to_be_visible()
    clerk.check("columns")
    page.get_by_label("Qué es «Número del señor»").select_option("mobile")
    page.get_by_label("Qué es «Señor(a)»").select_option("customer_name")
    clerk.follow(page.get_by_role("button", name="Guardar y revisar"))
    jobs()
    expect(page.get_by_text("Nada se ha escrito todavía")).to_be_visible()
    clerk.check("review to mend")
    page.get_by_label("Número del señor de la fila 4").fill("300 555 0102")
    clerk.follow(page.get_by_role("button", name="Guardar correcciones").first)
    jobs()
    expect(page.get_by_text("gestiones por crear: 3;")).to_be_visible()
    clerk.follow(page.get_by_role("link", name="Continuar"))
    clerk.check("apply with pending")
    clerk.follow(page.get_by_role("button", name="Importar las válidas"))
    jobs()
    expect(page.get_by_role("heading", name="Filas pendientes")).to_be_visible()
    clerk.check("result with pending")
    clerk.follow(page.get_by_role("button", name="Es de la sede"))
    jobs()
    expect(page.get_by_text("Reintento de las filas pendientes")).to_be_visible()
    expect(page.get_by_text("gestiones por crear: 1;")).to_be_visible()
    clerk.check("retry")
    page.get_by_role("link", name="Toda la fila").first.click()
    clerk.check("row")
    page.go_back()
    clerk.follow(page.get_by_role("link", name="Continuar"))
    clerk.follow(page.get_by_role("button", name="Importar las válidas"))
    jobs()
    expect(page.get_by_text("Aplicado el")).to_be_visible()
    assert Outreach.objects.count() == 4
    page.locator("summary", has_text="Revertir esta importación").click()
    clerk.follow(page.get_by_role("button", name="Revertir", exact=True))
    jobs()
    expect(page.get_by_text("gestiones, 1;")).to_be_visible()
    clerk.check("undone")
    clerk.open("/importaciones/")
    clerk.open("/")
    assert Outreach.objects.count() == 3
