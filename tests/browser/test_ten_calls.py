"""Ten calls with the keyboard alone, counting keys (screens §2.2): the budget that makes 60-100 attempts a day possible."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from callcenter.domain import calendar
from callcenter.enums import Outcome
from callcenter.models import Appointment, Attempt, Draft, Outreach, ServiceOffer
from callcenter.models.catalogue import reason_key
from callcenter.roles import Role
from tests.browser.conftest import press
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, CustomerFactory, OutreachFactory, PhoneFactory, SiteFactory, VehicleFactory

pytestmark = pytest.mark.browser
NAMES = ["Ana Ruiz", "Blas Soto", "Clara Gil", "Darío Peña", "Elsa Roa", "Fabio Cruz", "Gina Lara", "Hugo Mora", "Inés Vega", "Julio Rey",
         "Karen Paz"]  # fmt: skip


PACE_MS = 150  # nobody presses two keys in the same instant; the page settles between them


def tap(page, name):
    page.wait_for_timeout(PACE_MS)
    press(page, name)


class Keys:
    """A keyboard that counts."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def press(self, *names):
        for name in names:
            tap(self.page, name)
            self.count += 1


@pytest.fixture
def queue_of_ten(house, monday):
    site = SiteFactory(code="norte", name="Sede Norte")
    ServiceOffer.objects.create(
        brand=BrandFactory(), name="Revisión 20.000 km", reason_key=reason_key("20.000"), price_cop=520_000, supplies="Aceite y filtros",
        duration=timedelta(hours=2), availability="Lunes a viernes", valid_until=MONDAY.date() + timedelta(days=90),
    )  # fmt: skip
    calendar.forget()
    return [
        OutreachFactory(site=site, customer=CustomerFactory(name=name, raw_name=name), due_at=MONDAY - timedelta(hours=12 - index))
        for index, name in enumerate(NAMES)
    ]


def test_ten_calls_by_keyboard(queue_of_ten, visitor):
    agent = visitor().login(person(Role.CALL_CENTER_AGENT, first_name="Ana"))
    page = agent.page
    agent.open("/cola/")
    keys = Keys(page)
    keys.press("n")

    def at(name):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()

    def call(name, *pressed, most, then):
        at(name)
        before = keys.count
        keys.press(*pressed)
        at(then)
        assert keys.count - before <= most, f"{name}: {keys.count - before} keys"

    # Who does not answer costs one key, and the next one is there.
    for index, key in enumerate(("1", "2", "3", "1")):
        call(NAMES[index], key, most=1, then=NAMES[index + 1])
    # A callback: two keys; another hour: three.
    call(NAMES[4], "5", "Enter", most=3, then=NAMES[5])
    call(NAMES[5], "5", "ArrowDown", "Enter", most=3, then=NAMES[6])
    # Booked: the first free hour, and the fourth.
    call(NAMES[6], "6", "Enter", most=8, then=NAMES[7])
    call(NAMES[7], "6", "ArrowDown", "ArrowDown", "ArrowDown", "Enter", most=8, then=NAMES[8])
    # Declined, with its reason; and somebody who refuses further calls.
    call(NAMES[8], "7", "d", "Enter", most=4, then=NAMES[9])
    call(NAMES[9], "8", "Enter", most=3, then=NAMES[10])

    outcomes = list(Attempt.objects.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == [Outcome.NO_CONTACT] * 4 + [Outcome.CALL_BACK] * 2 + [Outcome.BOOKED] * 2 + [Outcome.DECLINED, Outcome.OPTED_OUT]
    assert Appointment.objects.count() == 2
    assert keys.count <= 24

    # The last one is taken back with one key, wherever the focus is.
    keys.press("z")
    at(NAMES[9])
    assert Attempt.objects.get(outreach=queue_of_ten[9]).undone_at is not None
    agent.check("console-undone")


def test_what_was_typed_survives_a_lost_page_and_the_ladder_goes_on(queue_of_ten, visitor):
    row = queue_of_ten[0]
    PhoneFactory(customer=row.customer, position=1)
    OutreachFactory(customer=row.customer, vehicle=VehicleFactory(), phone=False, site=row.site, reason="Revisión 10.000 km")
    agent = visitor().login(person(Role.CALL_CENTER_AGENT))
    page = agent.page
    agent.open("/cola/")
    tap(page, "a")
    expect(page.get_by_text("Alistamiento completo registrado")).to_be_visible()
    tap(page, "n")
    expect(page.get_by_role("heading", name="Ana Ruiz", exact=True)).to_be_visible()
    page.fill("#note", "Prefiere que la llamen en la tarde")
    page.get_by_label("Saludo").check()
    expect(page.get_by_text("Borrador guardado")).to_be_visible()
    page.reload()
    expect(page.locator("#note")).to_have_value("Prefiere que la llamen en la tarde")
    expect(page.get_by_label("Saludo")).to_be_checked()
    agent.check("console-draft")
    # T dials one number after the other; the attempt is one.
    tap(page, "t")
    expect(page.get_by_text("Marcado en este intento")).to_have_count(1)
    tap(page, "4")
    expect(page.get_by_text("el intento sigue").first).to_be_visible()
    tap(page, "t")
    expect(page.get_by_text("Marcado en este intento")).to_have_count(2)
    tap(page, "1")
    expect(page.get_by_role("heading", name="Blas Soto", exact=True)).to_be_visible()
    made = Attempt.objects.filter(part_of__isnull=True)
    assert made.count() == 1
    assert made.get().parts.count() == 1
    assert (made.get().note, made.get().steps_done) == ("Prefiere que la llamen en la tarde", [1])
    assert not Draft.objects.exists()
    assert Outreach.objects.filter(customer=row.customer, calls_made=1).count() == 2
    # Phone width, dark.
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    agent.check("console-phone-dark")


def test_saving_does_not_wait_for_a_draft_that_is_on_its_way(queue_of_ten, visitor):
    """The draft goes by itself while one types; the key that saves, pressed in that moment, saves."""
    agent = visitor().login(person(Role.CALL_CENTER_AGENT))
    page = agent.page
    held = []
    page.route("**/borrador/", lambda route: held.append(route))  # noqa: PLW0108 -- a builtin takes no mark; the answer never comes
    agent.open("/cola/")
    tap(page, "n")
    expect(page.get_by_role("heading", name="Ana Ruiz", exact=True)).to_be_visible()
    with page.expect_request("**/borrador/"):
        page.fill("#note", "No contesta y el buzón está lleno")
    page.locator("#note").blur()
    tap(page, "1")
    expect(page.get_by_text("Guardado: Ana Ruiz")).to_be_visible()
    assert [attempt.note for attempt in Attempt.objects.all()] == ["No contesta y el buzón está lleno"]
    assert len(held) == 1


def test_a_refused_booking_leads_to_what_is_wrong_and_never_blocks_the_other_keys(queue_of_ten, visitor):
    """The focus goes to the words of the refusal; a bad hour left in a closed pane does not silence «No contesta»."""
    agent = visitor().login(person(Role.CALL_CENTER_AGENT, first_name="Ana"))
    page = agent.page
    agent.open("/cola/")
    tap(page, "n")
    expect(page.get_by_role("heading", name=NAMES[0], exact=True)).to_be_visible()
    tap(page, "6")
    page.fill("#sl-day", "2026-11-20")
    page.fill("#sl-time", "10:00")
    tap(page, "Enter")
    expect(page.locator("[role=alert][data-focus]")).to_be_focused()
    expect(page.locator("#sl-day")).to_have_value("2026-11-20")
    tap(page, "1")
    expect(page.get_by_role("heading", name=NAMES[1], exact=True)).to_be_visible()
