"""Parses files in a child process with memory, processor and time limits: a hostile file can only hurt itself."""

import marshal
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from carrazos.lib import sheets

MEMORY_BYTES = 1_500 * 1024 * 1024
CPU_SECONDS = 40
WALL_SECONDS = 60
SPOOL_BYTES = 1_000 * 1024 * 1024

BROKEN = "El archivo no se pudo leer: está dañado o es demasiado grande para abrirlo con seguridad."
TOO_SLOW = "El archivo tarda demasiado en abrirse: divídalo o descárguelo de nuevo de SPIGA."


class UnreadableFile(Exception):
    """A file that can't be read; `reason` is the Spanish sentence for the person."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def parse(data: bytes) -> IO[bytes]:
    """Runs the reader on the bytes; the spool holds its records. Raises UnreadableFile, whatever happens inside."""
    spool = tempfile.TemporaryFile()
    child = subprocess.Popen(
        [sys.executable, "-I", str(Path(sheets.__file__)), *map(str, (MEMORY_BYTES, CPU_SECONDS, SPOOL_BYTES))],
        stdin=subprocess.PIPE, stdout=spool, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        child.communicate(data, timeout=WALL_SECONDS)
    except subprocess.TimeoutExpired as error:
        child.kill()
        child.wait()
        raise UnreadableFile(TOO_SLOW) from error
    except BrokenPipeError:
        child.wait()
    if child.returncode == -signal.SIGXCPU:
        raise UnreadableFile(TOO_SLOW)
    if child.returncode != 0:
        raise UnreadableFile(BROKEN)
    for kind, *payload in records(spool):
        if kind == "refused":
            raise UnreadableFile(payload[0])
        if kind == "end":
            return spool
    raise UnreadableFile(BROKEN)


def records(spool: IO[bytes]) -> Iterator[tuple]:
    """Every record of a spool, from its start."""
    spool.seek(0)
    while True:
        try:
            yield marshal.load(spool)  # noqa: S302 -- written by our own child
        except (EOFError, ValueError, TypeError):
            return
