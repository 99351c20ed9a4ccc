"""F8: Redis hangs: the pages do not notice, and the work goes on ten seconds after it is back."""

import signal
import statistics
import subprocess
import time

import pytest

from tests.nightly.test_scale_out import connect
from tests.test_production import ROOT, command_of, get, production, redis, until

__all__ = ["production", "redis"]
QUEUED = """INSERT INTO callcenter_retention (day, counts, work_state, due_at, attempts, fence, stage, progress, total, error, created_at)
            SELECT '2020-01-01'::date + n, '{}', 'QUEUED', now(), 0, 0, '', 0, 0, '', now() FROM generate_series(1, 10) n"""


def seconds_of(base, number=60):
    taken = []
    for _ in range(number):
        start = time.perf_counter()
        assert get(f"{base}/cuenta/ingresar/", **{"X-Forwarded-Proto": "https"}).status == 200
        taken.append(time.perf_counter() - start)
    return statistics.quantiles(taken, n=20)[-1]


@pytest.mark.usefixtures("db")
def test_f8_with_redis_hung_the_pages_answer_and_the_work_resumes(production, redis, figure):
    environment, port = production
    if "@//" not in environment["DATABASE_URL"]:
        pytest.skip("necesita el PostgreSQL embebido")
    assert subprocess.run(command_of("release"), env=environment, cwd=ROOT, capture_output=True).returncode == 0
    children = [
        subprocess.Popen([part.replace("beat-schedule", f"beat-f8-{port}") for part in command_of(name)], env=environment, cwd=ROOT,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in ("web", "worker", "beat")
    ]  # fmt: skip
    base = f"http://localhost:{port}"
    try:
        until(lambda: get(f"{base}/salud/listo/").status == 200, "el trabajador")
        before = seconds_of(base)
        redis.process.send_signal(signal.SIGSTOP)
        try:
            after = seconds_of(base)
            with connect(environment) as link:
                link.execute(QUEUED)
            time.sleep(8)
        finally:
            redis.process.send_signal(signal.SIGCONT)
        start = time.monotonic()
        with connect(environment) as link:
            over = "SELECT count(*) FROM callcenter_retention WHERE work_state = 'DONE' AND day < '2021-01-01'"
            while link.execute(over).fetchone()[0] < 10 and time.monotonic() - start < 60:
                time.sleep(0.2)
            done = link.execute(over).fetchone()[0]
        figure("F8", "p95 de la página con Redis sano, ms", f"{1000 * before:.0f}")
        figure("F8", "p95 de la página con Redis colgado, ms", f"{1000 * after:.0f}")
        figure("F8", "segundos hasta vaciar 10 trabajos al volver Redis", f"{time.monotonic() - start:.1f}")
        assert done == 10
        assert after < max(1.5 * before, before + 0.05)
        assert time.monotonic() - start < 20
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(60)
