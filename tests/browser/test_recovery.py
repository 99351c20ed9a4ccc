"""Recovery in a browser: prepare, clean with a note, start, call, come back; on a desk and on a telephone."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from callcenter import tasks
from callcenter.domain import calendar
from callcenter.roles import Role
from recovery.domain import results
from satisfaction.enums import Light, Origin
from satisfaction.models import FollowUp
from tests.browser.conftest import press
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, SiteFactory
from tests.recovery.house import owner, visit, went_away

pytestmark = pytest.mark.browser


def jobs():
    while tasks.run_one():
        pass


@pytest.mark.usefixtures("house", "monday")
def test_the_director_prepares_starts_and_sees_who_came_back(visitor):
    site = SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    calendar.forget()
    first = went_away(site, last=date(2025, 3, 10))
    went_away(site, last=date(2024, 1, 10), customer=owner(first))
    odd = went_away(site, last=date(2023, 5, 2))
    went_away(site, customer=CustomerFactory(kind="COMPANY", name="Flota Demo SAS"))
    director = visitor().login(person(Role.AFTERSALES_DIRECTOR, first_name="Diego"))
    page = director.open("/recuperacion/")
    director.follow(page.get_by_role("button", name="Preparar la lista"))
    jobs()
    director.open("/recuperacion/")
    expect(page.get_by_text("Cliente corporativo")).to_be_visible()
    director.open("/recuperacion/clientes/?month=2026-11")
    row = page.locator("tr", has_text=odd.plate)
    row.locator("summary").click()
    row.get_by_label("Por qué").fill("Es un taller aliado")
    row.get_by_role("button", name="Retirar de la lista").click()
    expect(page.get_by_text("Es un taller aliado")).to_be_visible()
    director.check("rows-decided")
    director.open("/recuperacion/")
    director.follow(page.get_by_role("button", name="Empezar a llamar a 1"))
    jobs()

    agent = person(Role.CALL_CENTER_AGENT, first_name="Ana")
    desk = visitor(theme="dark").login(agent)
    desk.open("/cola/")
    desk.page.get_by_role("button", name="Siguiente").first.click()
    expect(desk.page.get_by_text("Sus vehículos que no vuelven")).to_be_visible()
    desk.check("console-recovery")
    # A bad experience is asked in the customer's words and opens a case; Ctrl Enter saves from the notes too.
    press(desk.page, "t")
    press(desk.page, "7")
    press(desk.page, "i")
    press(desk.page, "Enter")
    expect(desk.page.get_by_text("exige una nota")).to_be_visible()
    desk.check("console-recovery-refused")
    desk.page.fill("textarea[name=note]", "La última vez le rayaron la puerta")
    press(desk.page, "Control+Enter")
    expect(desk.page.get_by_text("Guardado:")).to_be_visible()
    case = FollowUp.objects.get()
    assert (case.light, case.origin, case.voice) == (Light.RED, Origin.CALL, "La última vez le rayaron la puerta")
    director.open("/detractores/")
    expect(page.get_by_text("La última vez le rayaron la puerta")).to_be_visible()
    visit(site, first, MONDAY.date() + timedelta(days=5), customer=owner(first))
    results.reconcile()

    director.open("/recuperacion/")
    expect(page.get_by_text("1 de 1 clientes de la lista")).to_be_visible()
    director.open("/recuperacion/clientes/?month=2026-11&state=recovered")
    expect(page.get_by_text("Recuperado: vino el 28/11/2026")).to_be_visible()
    small = visitor(width=390, height=844, theme="dark").login(person(Role.AFTERSALES_DIRECTOR))
    small.open("/recuperacion/")
    small.open("/recuperacion/clientes/?month=2026-11")
