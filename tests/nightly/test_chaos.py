"""F2, F20: PostgreSQL falls over and web workers are killed while people work: what was answered is stored, once; and it can be restored."""

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from datetime import timedelta
from pathlib import Path

import psycopg
import pyrage
import pytest
import requests
from django.utils import timezone

from carrazos.local.postgres import Postgres
from tests.factories import MONDAY
from tests.test_production import ROOT, command_of, free_port, get, until

AGENTS, CUSTOMERS, SECONDS, FAULTS = 30, 1_500, 60, 4
TOKEN = "x" * 32


class Agent(threading.Thread):
    """Asks for the next customer, writes an outcome, and repeats what got no answer under the same key."""

    def __init__(self, base: str, session: str, end: float):
        super().__init__(daemon=True)
        self.base, self.end = base, end
        self.browser = requests.Session()
        self.browser.cookies.update({"session": session, "csrf": TOKEN})
        self.browser.headers.update({"X-CSRFToken": TOKEN, "HX-Request": "true", "Connection": "close"})
        self.said, self.acknowledged, self.good = Counter(), set(), []
        self.ugly: list[str] = []

    def post(self, path: str, data: dict):
        """Until there is an answer of the house; None when the time is over."""
        while time.monotonic() < self.end + 30:
            try:
                answer = self.browser.post(self.base + path, data, timeout=20, allow_redirects=False)
            except requests.RequestException:
                self.said["sin respuesta"] += 1
                time.sleep(0.3)
                continue
            self.said[answer.status_code] += 1
            if answer.status_code == 503 and answer.headers.get("Retry-After"):
                time.sleep(0.5)
                continue
            if answer.status_code >= 500:
                self.ugly.append(answer.text[:300])
                time.sleep(0.5)
                continue
            self.good.append(time.monotonic())
            return answer
        return None

    def run(self):
        while time.monotonic() < self.end:
            page = self.post("/cola/siguiente/", {})
            found = page is not None and re.search(r"/cola/(\d+)/resultado/", page.text)
            fence = found and re.search(r'name="fence" value="(\d+)"', page.text)
            if not fence:
                time.sleep(0.5)
                continue
            key = str(uuid.uuid4())
            for _ in range(1 + (secrets.randbelow(5) == 0)):  # one in five presses twice
                answer = self.post(f"/cola/{found[1]}/resultado/", {"key": key, "fence": fence[1], "outcome": "NO_CONTACT:BUSY"})
                if answer is not None and answer.status_code == 200:
                    self.acknowledged.add(key)


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def restart(cluster: Postgres) -> None:
    """What a power cut leaves: every connection gone, nothing flushed that was not promised."""
    os.kill(cluster.process.pid, signal.SIGQUIT)
    cluster.process.wait(30)
    cluster.start(tied=True)


@pytest.fixture
def house(tmp_path):
    cluster = Postgres(f"chaos-{os.getpid()}")
    cluster.start(tied=True)
    shift = (MONDAY - timezone.now()) // timedelta(seconds=1)
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "LD_LIBRARY_PATH"}} | {
        "CARRAZOS_ENV": "external", "SECRET_KEY": secrets.token_urlsafe(64), "PERSONAL_DATA_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "localhost", "HTTPS": "off", "MFA_REQUIRED": "off", "DATABASE_URL": cluster.url, "REDIS_URL": "redis://127.0.0.1:1/0",
        "STATE_ROOT": str(tmp_path / "state"), "CLOCK_SHIFT": str(shift), "GRANIAN_HOST": "127.0.0.1", "GRANIAN_PORT": str(port),
        "GRANIAN_WORKERS": "2", "GRANIAN_BLOCKING_THREADS": "4", "GRANIAN_RESPAWN_FAILED_WORKERS": "true", "LOG_FORMAT": "line",
    }  # fmt: skip
    released = subprocess.run(command_of("release"), env=environment, cwd=ROOT, capture_output=True, text=True)
    assert released.returncode == 0, released.stderr
    with (tmp_path / "web.log").open("w") as log:
        web = subprocess.Popen(command_of("web"), env=environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    yield cluster, environment, web, f"http://localhost:{port}"
    web.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        web.wait(20)
    web.kill()
    cluster.stop()


def test_f2_what_was_answered_is_stored_once(house, figure, tmp_path):
    cluster, environment, web, base = house
    scene = [sys.executable, "-m", "tests.nightly.chaos_scene", str(AGENTS), str(CUSTOMERS)]
    made = subprocess.run(
        scene, env=environment | {"DJANGO_SETTINGS_MODULE": "carrazos.settings"}, cwd=ROOT, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    sessions = json.loads(made.stdout.splitlines()[-1])
    until(lambda: get(f"{base}/salud/vivo/").status == 200, "la página")
    end = time.monotonic() + SECONDS
    agents = [Agent(base, key, end) for key in sessions]
    for agent in agents:
        agent.start()
    fell = []
    for _ in range(FAULTS):
        time.sleep(SECONDS / (2 * FAULTS + 1))
        fell.append(time.monotonic())
        restart(cluster)
        time.sleep(SECONDS / (2 * FAULTS + 1))
        if workers := children_of(web.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(secrets.choice(workers), signal.SIGKILL)
    for agent in agents:
        agent.join(120)
    good = sorted(moment for agent in agents for moment in agent.good)
    back = [next((after - before for after in good if after > before + 0.05), 999) for before in fell]
    acknowledged = set().union(*(agent.acknowledged for agent in agents))
    with psycopg.connect(host=str(cluster.sockets), user="postgres", dbname="carrazos") as link:
        stored = Counter(str(key) for (key,) in link.execute("SELECT key FROM callcenter_attempt"))
        doubled = link.execute(
            "SELECT count(*) FROM (SELECT outreach_id, number FROM callcenter_attempt GROUP BY 1, 2 HAVING count(*) > 1) x"
        ).fetchone()[0]
    said = sum((agent.said for agent in agents), Counter())
    ugly = [text for agent in agents for text in agent.ugly]
    figure("F2", f"resultados confirmados con {FAULTS} caídas de PostgreSQL y {FAULTS} kill -9", len(acknowledged))
    figure("F2", "confirmados que no están", len(acknowledged - stored.keys()))
    figure("F2", "guardados dos veces", doubled + sum(count - 1 for count in stored.values()))
    figure("F2", "respuestas por estado", ", ".join(f"{code}: {number}" for code, number in sorted(said.items(), key=str)))
    figure("F2", "segundos hasta volver a responder, el peor", f"{max(back):.1f}")
    assert len(acknowledged) > 50
    assert acknowledged - stored.keys() == set()
    assert (doubled, max(stored.values())) == (0, 1)
    assert ugly == []
    assert max(back) <= 10

    # F20: what is there after all that can be taken away and brought back.
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "copia.key").write_text(str(identity))
    python = [sys.executable, "manage.py"]
    keyed = environment | {"BACKUP_RECIPIENT": str(identity.to_public())}
    start = time.monotonic()
    saved = subprocess.run([*python, "backup", "--to", str(tmp_path / "copias")], env=keyed, cwd=ROOT, capture_output=True, text=True)
    assert saved.returncode == 0, saved.stderr
    (copy,) = (tmp_path / "copias").glob("*.tar.age")
    drill = subprocess.run([*python, "restore", str(copy), "--identity", str(tmp_path / "copia.key"), "--drill"], env=keyed, cwd=ROOT,
                           capture_output=True, text=True)  # fmt: skip
    assert (drill.returncode, "Copia buena" in drill.stdout) == (0, True), drill.stderr
    figure("F20", "segundos: copia y restauración comprobada tras las caídas", f"{time.monotonic() - start:.0f}")
    figure("F20", "", drill.stdout.strip())
