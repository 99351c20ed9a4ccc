"""Four jobs that end badly, each in its own way, as a worker of production would meet them (F10)."""

import os
import resource
import signal
import time

from carrazos.settings import *  # noqa: F403
from carrazos.settings import JOBS

KINDS = ("lanza", "se cae", "se queda sin memoria", "se cuelga")
MOST = 2 << 30
JOBS = {**JOBS, "callcenter.DuplicateScan": "tests.nightly.poison.run"}


def eat() -> None:
    """Memory until the limit; then the kernel's killer, who leaves no time for a word."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST, MOST))
    held = []
    try:
        while True:
            held.append(bytearray(1 << 26))
    except MemoryError:
        os.kill(os.getpid(), signal.SIGKILL)


def run(work, _report) -> None:
    kind = KINDS[work.pk % len(KINDS)]
    if kind == "lanza":
        raise RuntimeError("roto")
    if kind == "se cae":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "se queda sin memoria":
        eat()
    time.sleep(3_600)
