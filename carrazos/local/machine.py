"""System packages that no wheel brings: Pango for the PDFs, a Chromium for the browser tests."""

import contextlib
import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from carrazos.local.processes import state_folder

PDF_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
BROWSER_PACKAGES = ("chromium-headless-shell", "libatomic1")
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def say(text: str) -> None:
    print(f"[entorno] {text}", file=sys.stderr, flush=True)


def apt_install(packages: tuple[str, ...]) -> bool:
    """Installs Debian packages when we are root on Debian or Ubuntu; False where that is not possible."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (install, ["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode == 0 and command is install:
            return True
    return False


def unpack_without_root(packages: tuple[str, ...]) -> bool:
    """Downloads Debian packages and unpacks them into the state folder, for accounts that can't install."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return False
    folder = state_folder() / "pango"
    folder.mkdir(exist_ok=True)
    if subprocess.run(["apt-get", "download", "-qq", *packages], cwd=folder, capture_output=True).returncode != 0:
        return False
    return all(subprocess.run(["dpkg", "-x", str(deb), str(folder)]).returncode == 0 for deb in folder.glob("*.deb"))


def unpacked_libraries() -> list[Path]:
    return sorted({path.parent for path in (state_folder() / "pango").glob("usr/lib/**/libpango*.so*")})


def prepare_pdf() -> None:
    """Makes Pango loadable for this process and its children; says the command where that is not possible."""
    if ctypes.util.find_library("pango-1.0") and ctypes.util.find_library("harfbuzz-subset"):
        return
    if not unpacked_libraries():
        say("instalando Pango, que dibuja los PDF")
        if apt_install(PDF_PACKAGES) or not unpack_without_root(PDF_PACKAGES):
            if not ctypes.util.find_library("pango-1.0"):
                say("sin Pango no hay PDF. Instálelo así: apt-get install " + " ".join(PDF_PACKAGES))
            return
    folders = [str(path) for path in unpacked_libraries()]
    os.environ["LD_LIBRARY_PATH"] = ":".join([*folders, os.environ.get("LD_LIBRARY_PATH", "")]).rstrip(":")


def find_browser() -> str | None:
    """The path of an installed Chromium, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def prepare_browser() -> None:
    """Installs a headless Chromium for the browser tests where we may; they skip loudly where there is none."""
    if find_browser() is None:
        say("instalando Chromium para las pruebas en el navegador")
        with contextlib.suppress(OSError):
            apt_install(BROWSER_PACKAGES)
