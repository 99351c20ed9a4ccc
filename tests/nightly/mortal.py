"""A worker that dies by kill -9 when a named function is called for the n-th time: `python -m tests.nightly.mortal PATH N`."""

import os
import signal
import sys

import django
from django.utils.module_loading import import_string


def dies_at(path: str, call: int) -> None:
    head, _, name = path.rpartition(".")
    try:
        owner = import_string(head)
    except ImportError:
        owner = sys.modules.get(head) or __import__(head, fromlist=[""])
    real, calls = getattr(owner, name), iter(range(1, 1_000_000))

    def counted(*words, **named):
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*words, **named)

    setattr(owner, name, counted)


if __name__ == "__main__":
    django.setup()
    from callcenter import tasks

    if len(sys.argv) > 1:
        dies_at(sys.argv[1], int(sys.argv[2]))
    while tasks.run_one():
        pass
