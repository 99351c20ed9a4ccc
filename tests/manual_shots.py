"""The pictures of the manual, taken from a running demo: `python -m tests.manual_shots [http://localhost:8000]`.

Whoever changes a page that /ayuda/ shows takes them again and commits what changed (static/help/, WebP, under 1.5 MB in all).
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from carrazos.local.machine import find_browser

FOLDER = Path(__file__).resolve().parent.parent / "static" / "help"
PASSWORD = "Carrazos-demo-2026"
SCREEN = (1440, 900)
LEFT, TOP, TALL, SHORT = 224, 52, 760, 400  # the page without its navigation: what can still be read on a telephone
QUALITY = 62

# name of the picture → (login, address, what to press there, height)
SHOTS = {
    "inicio-agente": ("agente", "/", "", TALL), "cola": ("agente", "/cola/", "n", TALL), "importar": ("agente", "/importaciones/", "first", TALL),
    "inicio-coordinacion": ("coordinadora", "/", "", TALL), "en-vivo": ("coordinadora", "/en-vivo/", "", TALL),
    "citas": ("coordinadora", "/citas/", "", TALL), "inicio-asesor": ("asesor", "/", "", TALL), "caso": ("director", "/detractores/", "case", TALL),
    "detractores": ("director", "/detractores/", "", TALL), "edicion": ("gerente", "/informes/?code=GSC-FOR-09", "first", TALL),
    "inicio-gerencia": ("gerencia", "/", "", TALL), "indicadores": ("gerencia", "/indicadores/", "", TALL),
    "mejora": ("gerente", "/mejora/", "", TALL), "prospectos": ("crm", "/prospectos/", "", TALL), "actividades": ("crm", "/actividades/", "", TALL),
    "documentos": ("calidad", "/documentos/", "", TALL), "inicio-calidad": ("calidad", "/", "", TALL),
    "inicio-administracion": ("admin", "/", "", SHORT),
}  # fmt: skip


def log_in(page: Page, base: str, login: str) -> None:
    page.goto(f"{base}/cuenta/ingresar/")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("form button[type=submit]")
    page.wait_for_url(f"{base}/")


def take(page: Page, base: str, address: str, press: str, height: int) -> bytes:
    """One page as a picture, after what must be pressed to come to it."""
    page.set_viewport_size({"width": SCREEN[0], "height": SCREEN[1]})
    page.goto(f"{base}{address}")
    if press in {"first", "case"}:
        page.goto(base + page.locator("main table tbody a, main a[href^='/detractores/']:not([href*='?'])").first.get_attribute("href"))
    elif press:
        page.keyboard.press(press)
        page.wait_for_load_state("networkidle")
    return page.screenshot(clip={"x": LEFT, "y": TOP, "width": SCREEN[0] - LEFT, "height": height})


def main() -> None:
    base = (sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000").rstrip("/")
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        for login in dict.fromkeys(shot[0] for shot in SHOTS.values()):
            page = browser.new_context(locale="es-CO", color_scheme="light", reduced_motion="reduce").new_page()
            page.set_default_timeout(60_000)
            log_in(page, base, login)
            for name, (whose, *what) in SHOTS.items():
                if whose == login:
                    picture = Image.open(io.BytesIO(take(page, base, *what))).convert("RGB")
                    picture.save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)
        browser.close()
    total = sum(file.stat().st_size for file in FOLDER.glob("*.webp"))
    print(f"{len(SHOTS)} imágenes, {total / 1024:.0f} kB")


if __name__ == "__main__":
    main()
