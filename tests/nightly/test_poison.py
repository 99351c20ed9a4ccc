"""F10: a job that raises, crashes, eats all memory or hangs stops after three tries and says so; the work behind it goes on."""

import os
import signal
import subprocess
import time

import pytest

from tests.nightly.poison import KINDS
from tests.nightly.test_scale_out import connect
from tests.test_production import ROOT, command_of, production, redis, until

__all__ = ["production", "redis"]
GOOD, WITHIN = 40, 300
POISON = """INSERT INTO callcenter_duplicatescan (found, work_state, due_at, attempts, fence, stage, progress, total, error, created_at)
            SELECT 0, 'QUEUED', now(), 0, 0, '', 0, 0, '', now() FROM generate_series(1, 4) RETURNING id"""
GOOD_ONE = """INSERT INTO callcenter_retention (day, counts, work_state, due_at, attempts, fence, stage, progress, total, error, created_at)
              VALUES ('2001-01-01'::date + %s, '{}', 'QUEUED', now(), 0, 0, '', 0, 0, '', now())"""
WAITED = """SELECT max(extract(epoch FROM coalesce(finished_at, now()) - created_at)), count(*) FILTER (WHERE work_state = 'DONE')
              FROM callcenter_retention WHERE day < '2020-01-01'"""


@pytest.mark.usefixtures("db")
def test_f10_poison_stops_after_three_and_nobody_waits_behind_it(production, tmp_path, figure):
    environment, _ = production
    assert subprocess.run(command_of("release"), env=environment, cwd=ROOT, capture_output=True).returncode == 0
    poisoned = environment | {"DJANGO_SETTINGS_MODULE": "tests.nightly.poison", "PYTHONPATH": str(ROOT), "JOB_SECONDS": "8"}
    words = [command_of("worker"), [part.replace("/tmp/", f"{tmp_path}/") for part in command_of("beat")]]
    with (tmp_path / "log").open("w") as log:
        children = [subprocess.Popen(word, env=poisoned, cwd=ROOT, stdout=log, stderr=log, start_new_session=True) for word in words]
    try:
        with connect(environment) as link:
            ended = "SELECT count(*) FROM callcenter_duplicatescan WHERE work_state = 'FAILED'"
            ids = [row[0] for row in link.execute(POISON).fetchall()]
            start = time.monotonic()
            for number in range(GOOD):
                link.execute(GOOD_ONE, [number])
                time.sleep(1)
                # Whoever merely raises waits a minute, then five: the test has no time for that.
                link.execute("UPDATE callcenter_duplicatescan SET due_at = now() WHERE work_state = 'QUEUED'")
            while link.execute(ended).fetchone()[0] < len(ids) and time.monotonic() - start < WITHIN:
                time.sleep(1)
                link.execute("UPDATE callcenter_duplicatescan SET due_at = now() WHERE work_state = 'QUEUED'")
            took = time.monotonic() - start
            until(lambda: link.execute(WAITED).fetchone()[1] == GOOD, "los trabajos buenos")
            found = link.execute("SELECT id, work_state, attempts, error FROM callcenter_duplicatescan ORDER BY id").fetchall()
            waited, done = link.execute(WAITED).fetchone()
    finally:
        for child in children:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    for pk, state, attempts, error in found:
        figure("F10", f"«{KINDS[pk % len(KINDS)]}»: {state}, intentos; motivo: {error[:24]}…", attempts)
    figure("F10", "segundos hasta darlos todos por perdidos", f"{took:.0f}")
    figure("F10", f"de {GOOD} trabajos buenos de por medio, el que más esperó, segundos", f"{waited:.0f}")
    assert [(state, attempts, bool(error)) for _, state, attempts, error in found] == [("FAILED", 3, True)] * len(KINDS)
    assert done == GOOD
    assert waited <= 60
