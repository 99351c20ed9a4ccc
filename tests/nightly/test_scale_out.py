"""Several of each against one PostgreSQL and one Redis: two webs, three workers, two beats, a killed worker (F7, F9)."""

import subprocess
import time

import psycopg
import pytest

from tests.test_production import ROOT, command_of, free_port, get, production, redis, until

__all__ = ["production", "redis"]
JOBS = 60


def connect(environment):
    host, _, name = environment["DATABASE_URL"].partition("@//")[2].rpartition("/")
    return psycopg.connect(host=f"/{host}", user="postgres", dbname=name, autocommit=True)


@pytest.mark.usefixtures("db")
def test_three_workers_and_two_beats_do_each_job_once(production, figure):
    environment, port = production
    if "@//" not in environment["DATABASE_URL"]:
        pytest.skip("necesita el PostgreSQL embebido")
    assert subprocess.run(command_of("release"), env=environment, cwd=ROOT, capture_output=True).returncode == 0
    second = environment | {"GRANIAN_PORT": str(free_port())}
    wanted = [("web", environment), ("web", second), *[("worker", environment)] * 3, ("beat", environment), ("beat", environment)]
    children = [
        subprocess.Popen([part.replace("beat-schedule", f"beat-{number}-{port}") for part in command_of(name)], env=env, cwd=ROOT,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for number, (name, env) in enumerate(wanted)
    ]  # fmt: skip
    try:
        for env in (environment, second):
            until(lambda env=env: get(f"http://localhost:{env['GRANIAN_PORT']}/salud/vivo/").status == 200, "la página")
        until(lambda: get(f"http://localhost:{port}/salud/listo/").status == 200, "el trabajador")
        with connect(environment) as link:
            link.execute(
                "INSERT INTO callcenter_retention (day, counts, work_state, due_at, attempts, fence, stage, progress, total, error, created_at) "
                "SELECT '2020-01-01'::date + n, '{}', 'QUEUED', now(), 0, 0, '', 0, 0, '', now() FROM generate_series(1, %s) n", [JOBS],
            )  # fmt: skip
            start = time.monotonic()
            time.sleep(1)
            children[2].kill()  # a worker dies with whatever it held

            def over():
                return link.execute("SELECT count(*) FROM callcenter_retention WHERE work_state = 'DONE'").fetchone()[0] >= JOBS

            while not over() and time.monotonic() - start < 150:
                time.sleep(0.5)
            done, most = link.execute(
                "SELECT count(*) FILTER (WHERE work_state = 'DONE'), max(attempts) FROM callcenter_retention WHERE day < '2021-01-01'"
            ).fetchone()
        figure("F7", f"trabajos hechos de {JOBS}, con 3 trabajadores, 2 beats y un kill -9", done)
        figure("F7", "intentos del que más", most)
        figure("F7", "segundos hasta vaciar", f"{time.monotonic() - start:.0f}")
        assert done == JOBS
        assert most <= 2
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(40)
