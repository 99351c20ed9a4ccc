"""Parses files in a child process with memory, processor and time limits: a hostile file can only hurt itself."""

import marshal
import os
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from carrazos.lib import sheets

MEMORY_BYTES = 1_500 * 1024 * 1024
# What honest files need, generously: seconds of processor and of patience, the base and for every megabyte.
CPU_BASE, CPU_PER_MB, CPU_MOST = 5, 3, 60
WALL_BASE, WALL_PER_MB, WALL_MOST = 9, 6, 120
SPOOL_BYTES = 1_000 * 1024 * 1024

# Isolated mode: no user site, no environment; of ours only the pure library can be imported.
PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop()); from carrazos.lib import sheets; sys.exit(sheets.main())"
PAINT = "import sys; sys.path.insert(0, sys.argv.pop()); from carrazos.lib import fills; sys.exit(fills.main())"
LIBRARY = str(Path(sheets.__file__).resolve().parents[2])

BROKEN = "El archivo no se pudo leer: está dañado o es demasiado grande para abrirlo con seguridad."
TOO_SLOW = "El archivo tarda demasiado en abrirse: divídalo o descárguelo de nuevo de SPIGA."


class UnreadableFile(Exception):
    """A file that can't be read; `reason` is the Spanish sentence for the person."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class Spool:
    """What the reader wrote: rows of text by sheet, read back chunk by chunk as often as needed."""

    def __init__(self, file: IO[bytes], index: list[tuple[str, list[int], bool]]):
        self.file, self.index = file, index
        weakref.finalize(self, file.close)

    def chunks(self, sheet: int) -> int:
        """How many chunks a sheet has; all but the last hold sheets.CHUNK rows."""
        return len(self.index[sheet][1]) - 1

    def chunk(self, sheet: int, number: int) -> list[list[str]]:
        """One chunk, read without moving the file's position: a forked helper may read along."""
        start, end = self.index[sheet][1][number : number + 2]
        return marshal.loads(os.pread(self.file.fileno(), end - start, start))  # noqa: S302 -- written by our own child

    def rows(self, sheet: int) -> Iterator[list[str]]:
        for number in range(self.chunks(sheet)):
            yield from self.chunk(sheet, number)


def parse(data: bytes) -> Spool:
    """Runs the reader on the bytes. Raises UnreadableFile, whatever happens inside."""
    cpu, wall = budget(len(data))
    file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with its Spool
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", PROGRAM, *map(str, (MEMORY_BYTES, cpu, SPOOL_BYTES)), LIBRARY],
        stdin=subprocess.PIPE, stdout=file, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        _, said = child.communicate(data, timeout=wall)
        answer = judge(child.returncode, said)
    except subprocess.TimeoutExpired as error:
        child.kill()
        child.communicate()
        file.close()
        raise UnreadableFile(TOO_SLOW) from error
    except UnreadableFile:
        file.close()
        raise
    return Spool(file, answer)


def painted(data: bytes) -> dict[str, dict[int, list[str]]]:
    """The colours of a workbook that could be read (carrazos.lib.fills.painted); none when they can't be, for they only help."""
    cpu, wall = budget(len(data))
    child = [sys.executable, "-I", "-c", PAINT, *map(str, (MEMORY_BYTES, cpu * 3, SPOOL_BYTES)), LIBRARY]
    try:
        done = subprocess.run(child, input=data, capture_output=True, timeout=wall * 3, check=True)
        return marshal.loads(done.stdout)  # noqa: S302 -- written by our own child
    except (subprocess.SubprocessError, EOFError, ValueError, TypeError):
        return {}


def budget(size: int) -> tuple[int, int]:
    """(seconds of processor, seconds by the clock) that a file of so many bytes may take."""
    megabytes = size >> 20
    return min(CPU_BASE + CPU_PER_MB * megabytes, CPU_MOST), min(WALL_BASE + WALL_PER_MB * megabytes, WALL_MOST)


def judge(code: int, said: bytes) -> list[tuple[str, list[int], bool]]:
    """What the child's end means: its index, or UnreadableFile."""
    if code == -signal.SIGXCPU:
        raise UnreadableFile(TOO_SLOW)
    try:
        answer = marshal.loads(said)  # noqa: S302 -- written by our own child
    except (EOFError, ValueError, TypeError) as error:
        raise UnreadableFile(BROKEN) from error
    if code == sheets.REFUSED and isinstance(answer, str):
        raise UnreadableFile(answer)
    if code != 0:
        raise UnreadableFile(BROKEN)
    return answer
