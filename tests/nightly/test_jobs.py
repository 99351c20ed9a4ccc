"""F7: two thousand jobs while workers, beats and the broker are killed and emptied: each is done once, by nobody's luck."""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter

import pytest

from tests.nightly.test_scale_out import connect
from tests.test_production import ROOT, command_of, production, redis, until

__all__ = ["production", "redis"]
JOBS, SECONDS, FAULTS, SEED = 2_000, 120, 48, 7
DRAINED_WITHIN = 60  # the lease of what the last killed worker held, and the doing of it
# An effect is what the job writes before it says «done», in the same transaction: two lines for one job are a double.
WITNESS = """
    CREATE TABLE effect (job bigint);
    CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO effect VALUES (NEW.id); RETURN NULL; END $$;
    CREATE TRIGGER witness AFTER UPDATE OF found ON callcenter_duplicatescan FOR EACH ROW EXECUTE FUNCTION witness()"""
QUEUED = """INSERT INTO callcenter_duplicatescan (found, work_state, due_at, attempts, fence, stage, progress, total, error, created_at)
            SELECT 0, 'QUEUED', now(), 0, 0, '', 0, 0, '', now() FROM generate_series(%s::int, %s::int)"""


class Keeper(threading.Thread):
    """What `restart: always` does: whoever is dead is started again."""

    def __init__(self, environment: dict, names: list[str], folder):
        super().__init__(daemon=True)
        self.environment, self.names, self.folder, self.over, self.exits = environment, names, folder, threading.Event(), Counter()
        self.children = [self.start_one(number) for number in range(len(names))]

    def start_one(self, number: int) -> subprocess.Popen:
        words = [part.replace("/tmp/beat-schedule", str(self.folder / f"beat-{number}")) for part in command_of(self.names[number])]
        with (self.folder / f"log-{number}").open("a") as log:
            return subprocess.Popen(words, env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)

    def run(self):
        while not self.over.wait(0.5):
            for number, child in enumerate(self.children):
                if child.poll() is not None:
                    self.exits[self.names[number]] += 1
                    self.children[number] = self.start_one(number)

    def kill(self, name: str, pick: random.Random) -> None:
        child = pick.choice([child for child, kind in zip(self.children, self.names, strict=True) if kind == name])
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)

    def stop(self) -> None:
        self.over.set()
        self.join()
        for child in self.children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


@pytest.mark.usefixtures("db")
def test_f7_two_thousand_jobs_and_forty_eight_faults(production, redis, tmp_path, figure):
    environment, _ = production
    assert subprocess.run(command_of("release"), env=environment, cwd=ROOT, capture_output=True).returncode == 0
    pick, faults, waits = random.Random(SEED), Counter(), SECONDS / FAULTS
    with connect(environment) as link:
        link.execute(WITNESS)
        keeper = Keeper(environment, ["worker", "worker", "beat"], tmp_path)
        keeper.start()
        try:
            link.execute(QUEUED, [1, 1])
            until(lambda: link.execute("SELECT count(*) FROM effect").fetchone()[0] == 1, "el primer trabajo")
            for number in range(FAULTS):
                first, last = 2 + number * (JOBS - 1) // FAULTS, 1 + (number + 1) * (JOBS - 1) // FAULTS
                link.execute(QUEUED, [first, last])
                time.sleep(waits)
                kind = pick.choices(["worker", "redis", "vaciado", "beat"], [20, 8, 12, 6])[0]
                faults[kind] += 1
                if kind == "redis":
                    redis.kill()
                    time.sleep(pick.uniform(0, 2))
                    redis.start()
                elif kind == "vaciado":
                    redis.empty()
                else:
                    keeper.kill(kind, pick)
            over = time.monotonic()
            left = "SELECT count(*) FROM callcenter_duplicatescan WHERE work_state <> 'DONE'"
            waiting = link.execute(left).fetchone()[0]
            while link.execute(left).fetchone()[0] and time.monotonic() - over < 4 * DRAINED_WITHIN:
                time.sleep(0.5)
            drained = time.monotonic() - over
        finally:
            keeper.stop()
        done, most = link.execute(
            "SELECT count(*) FILTER (WHERE work_state = 'DONE'), max(attempts) FROM callcenter_duplicatescan"
        ).fetchone()
        effects, doubled = link.execute("SELECT count(*), count(*) - count(DISTINCT job) FROM effect").fetchone()
    figure("F7", f"trabajos hechos de {JOBS} con {FAULTS} fallas en {SECONDS} s", done)
    figure("F7", "fallas", ", ".join(f"{name} {number}" for name, number in sorted(faults.items())))
    figure("F7", "procesos que volvieron a arrancar", ", ".join(f"{name} {number}" for name, number in sorted(keeper.exits.items())))
    figure("F7", "efectos dobles", doubled)
    figure("F7", "intentos del que más", most)
    figure("F7", "pendientes al terminar las fallas", waiting)
    figure("F7", "segundos hasta vaciar", f"{drained:.0f}")
    assert (done, effects, doubled) == (JOBS, JOBS, 0)
    assert drained <= DRAINED_WITHIN
