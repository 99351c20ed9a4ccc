"""The day of 200 agents in one minute, over HTTP against the production web server: no customer twice, no outcome lost.

`python -m tests.bench.load_bench [agents] [seconds] [seconds of thought between calls]`
"""

import contextlib
import http.client
import multiprocessing
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.bench.claim_bench import fill, moment
from tests.bench.house import bench_database

OPEN = 30_000
PHONES = """INSERT INTO callcenter_contactpoint (customer_id, kind, value, phone_kind, label, position, status, last_result)
            SELECT id, 'PHONE', '+573' || lpad(id::text, 9, '0'), 'MOBILE', '', 0, 'VALID', '' FROM callcenter_customer"""
FORM = re.compile(r'action="/cola/(\d+)/resultado/".*?name="key" value="([^"]+)".*?name="fence" value="(\d+)"', re.DOTALL)
SLOT = re.compile(r'name="call_back" value="([^"]+)"')
OUTCOMES = (("NO_CONTACT:NO_ANSWER", 60), ("CALL_BACK", 20), ("DECLINED", 20))
WARM = 20
PATIENCE = 120  # seconds that a page may take before it is asked for again
AGAIN = 0.05  # so often the answer is lost on its way, and the agent sends the same form again


@dataclass
class Seen:
    """What the agents' own pages said."""

    claims: list[tuple[int, int, str]] = field(default_factory=list)  # outreach, fence, agent
    saved: list[str] = field(default_factory=list)  # keys of the forms whose page said «guardado»
    times: dict[str, list[float]] = field(default_factory=lambda: {"tomar": [], "registrar y siguiente": []})
    answers: Counter = field(default_factory=Counter)
    empty: int = 0


class Agent(threading.Thread):
    """A browser that claims, calls, posts an outcome and gets the next customer, with one connection kept open."""

    def __init__(self, name: str, session: str, port: int, until: float, thought: float, seen: Seen):
        super().__init__(daemon=True)
        self.agent, self.port, self.until, self.thought, self.seen = name, port, until, thought, seen
        self.rng = random.Random(name)
        self.csrf = uuid.UUID(int=self.rng.getrandbits(128)).hex
        self.headers = {"Cookie": f"session={session}; csrf={self.csrf}", "X-CSRFToken": self.csrf, "HX-Request": "true",
                        "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
        self.link: http.client.HTTPConnection | None = None

    def post(self, path: str, **data: str) -> tuple[int, str]:
        """(status, page); (0, "") when no answer came: it may have been written all the same."""
        try:
            if self.link is None:
                self.link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            self.link.request("POST", path, urllib.parse.urlencode(data), self.headers)
            answer = self.link.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.link = None
            return 0, ""

    def timed(self, what: str, path: str, **data: str) -> tuple[int, str]:
        start = time.perf_counter()
        status, page = self.post(path, **data)
        self.seen.times[what].append(time.perf_counter() - start)
        self.seen.answers[f"{what}: {status}"] += 1
        return status, page

    def run(self) -> None:
        # Nobody starts the day in the same second.
        time.sleep(self.rng.random() * max(self.thought, 1))
        page = ""
        while time.monotonic() < self.until:
            form = FORM.search(page)
            if form is None:
                _, page = self.timed("tomar", "/cola/siguiente/")
                form = FORM.search(page)
                if form is None:
                    self.seen.empty += 1
                    time.sleep(0.2)
                    continue
            pk, key, fence = form[1], form[2], form[3]
            self.seen.claims.append((int(pk), int(fence), self.agent))
            time.sleep(self.thought * (0.5 + self.rng.random()))
            page = self.save(pk, key, fence, page)

    def save(self, pk: str, key: str, fence: str, page: str) -> str:
        outcome = self.rng.choices([name for name, _ in OUTCOMES], [weight for _, weight in OUTCOMES])[0]
        data = {"key": key, "fence": fence, "outcome": outcome, "note": f"de {self.agent}", "reach": "this"}
        if outcome == "CALL_BACK":
            data["call_back"] = SLOT.search(page)[1]
        if outcome == "DECLINED":
            data["no_booking"] = "PRICE"
        if self.rng.random() < AGAIN:
            self.post(f"/cola/{pk}/resultado/", **data)
        status, page = self.timed("registrar y siguiente", f"/cola/{pk}/resultado/", **data)
        if status == 0:  # what an agent does who sees no answer: the same form once more
            status, page = self.timed("registrar y siguiente", f"/cola/{pk}/resultado/", **data)
        if status == 200:
            self.seen.saved.append(key)
            return page
        return ""


def drive(names: list[tuple[str, str]], port: int, seconds: float, thought: float, out) -> None:
    """One process of agents: the client takes no time from the interpreter that judges."""
    seen = Seen()
    until = time.monotonic() + seconds
    agents = [Agent(name, session, port, until, thought, seen) for name, session in names]
    for agent in agents:
        agent.start()
    for agent in agents:
        agent.join()
    out.put((seen.claims, seen.saved, seen.times, seen.answers, seen.empty))


@contextlib.contextmanager
def web(settings: str = "carrazos.settings") -> Iterator[int]:
    """The server as production starts it, on a free port."""
    from carrazos.local import free_port, page_answers, web_command

    port = free_port(8790)
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": settings}
    subprocess.run(
        [sys.executable, "manage.py", "release"],
        env=environ | {"DJANGO_SETTINGS_MODULE": "carrazos.settings"},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    server = subprocess.Popen(web_command(port), env=environ, stdout=subprocess.DEVNULL)
    try:
        while not page_answers(port):
            time.sleep(0.2)
        for _ in range(WARM):  # every worker has read its code and templates before anybody is timed
            urllib.request.urlopen(f"http://127.0.0.1:{port}/cuenta/ingresar/").read()
        yield port
    finally:
        server.terminate()
        server.wait(30)


def people(count: int) -> list[tuple[str, str]]:
    """Agents with an open session each: (login, session key)."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import Group
    from django.contrib.sessions.backends.db import SessionStore

    from callcenter.models import User

    backend = settings.AUTHENTICATION_BACKENDS[0]
    users = User.objects.bulk_create(User(username=f"c{number}", all_sites=True, all_brands=True) for number in range(count))
    Group.objects.get(name="call_center_agent").user_set.set(users)
    found = []
    for user in users:
        session = SessionStore()
        session.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: backend, HASH_SESSION_KEY: user.get_session_auth_hash()})
        session.save()
        found.append((user.username, session.session_key))
    return found


def centile(times: list[float], part: float) -> float:
    return 1000 * sorted(times)[min(len(times) - 1, int(len(times) * part))] if times else 0.0


def judge(claims: list[tuple[int, int, str]], saved: list[str]) -> dict[str, int]:
    """What went wrong, counted: from the agents' pages and from the rows."""
    from callcenter.models import Attempt, Touch

    holders: dict[tuple[int, int], set[str]] = {}
    owners: dict[int, set[str]] = {}
    for pk, fence, agent in claims:
        holders.setdefault((pk, fence), set()).add(agent)
        owners.setdefault(pk, set()).add(agent)
    rows = list(Attempt.objects.values_list("key", "outreach", "agent__username", "note"))
    written = Counter(str(key) for key, *_ in rows)
    return {
        "la misma reserva en dos páginas": sum(len(agents) > 1 for agents in holders.values()),
        "el mismo cliente en dos agentes": sum(len(agents) > 1 for agents in owners.values()),
        "resultados perdidos": sum(written[key] == 0 for key in saved),
        "resultados escritos dos veces": len(rows) - len({pk for _, pk, *_ in rows}),
        "resultados de otro": sum(note != f"de {agent}" for _, _, agent, note in rows),
        "llamadas sin contacto anotado": len(rows) - Touch.objects.filter(attempt__isnull=False).count(),
    }


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60
    thought = float(sys.argv[3]) if len(sys.argv) > 3 else 0
    with bench_database():
        from django.db import connection
        from django.utils import timezone

        from callcenter.models import Site

        os.environ["CLOCK_SHIFT"] = str(int((moment() - timezone.now()).total_seconds()))
        for code in ("norte", "centro"):
            Site.objects.create(code=code, name=code, city="x", area_code="601", phones="x")
        fill(OPEN)
        with connection.cursor() as cursor:
            cursor.execute(PHONES)
            cursor.execute("VACUUM ANALYZE")
        sessions = people(count)
        connection.close()
        print(f"{count} agentes, {seconds:g} s, {thought:g} s de conversación, {OPEN} gestiones, {os.cpu_count()} procesadores para todo")
        with web() as port:
            context = multiprocessing.get_context("fork")
            out = context.Queue()
            parts = [sessions[number::2] for number in range(2)]
            drivers = [context.Process(target=drive, args=(part, port, seconds, thought, out)) for part in parts]
            start = time.monotonic()
            for driver in drivers:
                driver.start()
            found = [out.get() for _ in drivers]
            taken = time.monotonic() - start
            for driver in drivers:
                driver.join()
        claims, saved = [row for part in found for row in part[0]], [key for part in found for key in part[1]]
        answers = sum((part[3] for part in found), Counter())
        for what in ("tomar", "registrar y siguiente"):
            times = [value for part in found for value in part[2][what]]
            print(f"{what:<24} {len(times):6d} · {len(times) / taken:6.1f}/s · p50 {centile(times, 0.5):7.0f} ms · p95 {centile(times, 0.95):7.0f} ms"
                  f" · p99 {centile(times, 0.99):7.0f} ms")  # fmt: skip
        print(f"respuestas {dict(answers)} · sin cliente {sum(part[4] for part in found)}")
        wrong = judge(claims, saved)
        for what, number in wrong.items():
            print(f"   {what:<40} {number} (meta 0)")
        print(f"   tomados {len({pk for pk, *_ in claims})}, guardados {len(saved)}")
        return 1 if any(wrong.values()) or not saved else 0


if __name__ == "__main__":
    sys.exit(main())
