"""F19: half an hour of mixed use (SOAK_MINUTES for less): memory, connections and tables stay as they were."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import requests

from tests.nightly.test_chaos import Agent, children_of, house
from tests.test_production import ROOT, get, until

__all__ = ["house"]
MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
AGENTS, THINKING = 12, 0.4
PAGES = ("/", "/cola/", "/clientes/", "/citas/", "/informes/", "/salud/vivo/")


class Reader(threading.Thread):
    """Opens the pages one after the other."""

    def __init__(self, base: str, session: str, end: float):
        super().__init__(daemon=True)
        self.base, self.end, self.browser, self.wrong = base, end, requests.Session(), []
        self.browser.cookies.set("session", session)

    def run(self):
        while time.monotonic() < self.end:
            for path in PAGES:
                answer = self.browser.get(self.base + path, timeout=30, allow_redirects=False)
                if answer.status_code >= 500:
                    self.wrong.append((path, answer.status_code))
                time.sleep(THINKING)


def resident(pid: int) -> int:
    """Kilobytes of a process and its children."""
    total = 0
    for one in [pid, *children_of(pid)]:
        words = Path(f"/proc/{one}/status").read_text().split()
        total += int(words[words.index("VmRSS:") + 1])
    return total


def test_f19_half_an_hour_leaves_it_as_it_was(house, figure):
    cluster, environment, web, base = house
    made = subprocess.run([sys.executable, "-m", "tests.nightly.chaos_scene", str(AGENTS), "3000"], cwd=ROOT, capture_output=True, text=True,
                          env=environment | {"DJANGO_SETTINGS_MODULE": "carrazos.settings"})  # fmt: skip
    assert made.returncode == 0, made.stderr
    sessions = json.loads(made.stdout.splitlines()[-1])
    until(lambda: get(f"{base}/salud/vivo/").status == 200, "la página")
    end = time.monotonic() + 60 * MINUTES
    people = [Agent(base, key, end) for key in sessions[:4]] + [Reader(base, key, end) for key in sessions[4:]]
    for someone in people:
        someone.start()
    time.sleep(30)  # everything is loaded by then
    before, idle, connections = resident(web.pid), 0, set()
    with psycopg.connect(host=str(cluster.sockets), user="postgres", dbname="carrazos", autocommit=True) as link:
        while time.monotonic() < end:
            time.sleep(5)
            count, waiting = link.execute(
                "SELECT count(*), count(*) FILTER (WHERE state = 'idle in transaction' AND state_change < now() - interval '5 s')"
                " FROM pg_stat_activity WHERE datname = 'carrazos' AND pid <> pg_backend_pid()"
            ).fetchone()
            connections.add(count)
            idle += waiting
        bloat = link.execute(
            "SELECT coalesce(max(n_dead_tup::float / nullif(n_live_tup, 0)), 0) FROM pg_stat_user_tables WHERE n_live_tup > 1000"
        ).fetchone()[0]
    for someone in people:
        someone.join(60)
    after = resident(web.pid)
    wrong = [fault for someone in people if isinstance(someone, Reader) for fault in someone.wrong]
    figure("F19", f"memoria tras {MINUTES:.0f} minutos, MB antes / después", f"{before // 1024} / {after // 1024}")
    figure("F19", "conexiones, mínimo / máximo", f"{min(connections)} / {max(connections)}")
    figure("F19", "veces en espera dentro de una transacción", idle)
    figure("F19", "filas muertas por viva, la peor tabla", f"{bloat:.2f}")
    assert wrong == []
    assert after < before * 1.05 + 20_000
    assert max(connections) <= 20
    assert idle == 0
    assert bloat < 2
