"""A real Chromium against the live server, with axe on every page that is visited."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from carrazos.local.machine import find_browser

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop lives in this thread
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
PASSWORD = "una-clave-larga-de-prueba"
expect.set_options(timeout=15_000)  # how long a page takes says how loaded the machine is, not whether it works


@pytest.fixture(scope="session")
def browser():
    path = find_browser()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Sin Chromium no se prueban los recorridos: instale chromium-headless-shell.")
        pytest.skip("SIN CHROMIUM: los recorridos en navegador NO se probaron. Instale chromium-headless-shell.")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


WIDE = """() => { const kept = e => { for (let up = e.parentElement; up; up = up.parentElement)
    if (up !== document.body && up !== document.documentElement && getComputedStyle(up).overflowX !== "visible") return true; return false };
  return [innerWidth, ...[...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > innerWidth && !kept(e))
    .map(e => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)} ${e.textContent.slice(0, 30)}`).slice(0, 8)] }"""


def press(page: Page, key: str) -> None:
    """A key, once the page answers to keys: its text stands before its scripts have run, which no person is quick enough to notice."""
    page.wait_for_load_state()
    page.keyboard.press(key)


# Every breach of the content policy is a complaint, whatever the console says of it (S6, S20).
VIOLATION = """document.addEventListener("securitypolicyviolation", event =>
  window.tellViolation(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`))"""


class Visitor:
    """Somebody at the screen: opens pages, and axe and the console are watched all the time."""

    def __init__(self, browser: Browser, base: str, *, width: int = 1440, height: int = 900, theme: str = "light"):
        self.context = browser.new_context(viewport={"width": width, "height": height}, locale="es-CO", color_scheme=theme)
        self.page: Page = self.context.new_page()
        self.base, self.complaints = base, []
        self.page.expose_function("tellViolation", lambda text: self.complaints.append(text))  # noqa: PLW0108 -- a builtin takes no mark
        self.page.add_init_script(VIOLATION)
        self.page.on("console", self.listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def listen(self, message) -> None:
        # A refused form answers 422 or 409, which the browser notes as a failed load.
        # A headless browser has no telephone to open a tel: link with.
        expected = "status of 422" in message.text or "status of 409" in message.text or "'tel:" in message.text
        if message.type == "error" and not expected:
            self.complaints.append(message.text)

    def login(self, user) -> "Visitor":
        user.set_password(PASSWORD)
        user.save()
        self.page.goto(f"{self.base}/cuenta/ingresar/")
        self.check("login")
        self.page.fill("#id_login", user.username)
        self.page.fill("#id_password", PASSWORD)
        self.page.press("#id_password", "Enter")
        self.page.wait_for_url(f"{self.base}/")
        return self

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.base}{path}")
        self.check(path)
        return self.page

    def follow(self, control: Locator) -> None:
        """Press what leads to another page, and be there: a click alone returns before the request has left."""
        with self.page.expect_navigation():
            control.click()

    def check(self, name: str) -> None:
        """No accessibility violation, no sideways scroll, no complaint of the browser."""
        found = Axe().run(self.page, options=RULES).response["violations"]
        faults = [(fault["id"], [node["target"] for node in fault["nodes"]][:3]) for fault in found]
        assert faults == [], f"{name}: {faults}"
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            f"{name}: sideways scroll {self.page.evaluate(WIDE)}"
        )
        assert self.complaints == [], f"{name}: {self.complaints}"
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            safe = "".join(char if char.isalnum() else "_" for char in name).strip("_")
            size = self.page.viewport_size["width"]
            self.page.screenshot(path=f"{folder}/{size}-{safe}.png", full_page=True)
            self.complaints.clear()  # a picture adds a style of its own, which the policy refuses


@pytest.fixture
def visitor(browser, live_server):
    opened = []

    def visit(**more) -> Visitor:
        opened.append(Visitor(browser, live_server.url, **more))
        return opened[-1]

    yield visit
    for one in opened:
        one.context.close()
