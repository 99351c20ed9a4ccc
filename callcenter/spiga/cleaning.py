"""Rows of a sheet into staged lines, chunk by chunk; a large file is shared with one forked helper.

The helper only cleans: it touches neither the database nor any lock of the parent, and leaves by `os._exit`.
"""

import gc
import os
import pickle
import tempfile
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from callcenter.domain.erasure import Gate
from callcenter.enums import RowStatus
from callcenter.spiga import staging
from callcenter.spiga.feed import BadRow, Context, Feed, Row
from callcenter.spiga.reader import Sheet

ERASED = "La persona pidió suprimir sus datos: no se importa"
HELPED_FROM_CHUNKS = 8  # below, a fork costs more than it saves
NUMBER_BYTES = 4


@dataclass
class Cleaned:
    """What became of some rows: COPY lines of the good ones, the problems of the others with their cells as JSON, the counts."""

    read: int = 0
    rows: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    problems: list[tuple] = field(default_factory=list)
    excluded: Counter = field(default_factory=Counter)
    rejected: Counter = field(default_factory=Counter)
    warnings: Counter = field(default_factory=Counter)


class Cleaner:
    """Cleans chunks of one sheet for one feed."""

    def __init__(self, feed: Feed, sheet: Sheet, where: dict[str, tuple[int, ...]], context: Context):
        self.feed, self.sheet, self.context = feed, sheet, context
        self.where = {name: places[0] for name, places in where.items()}
        self.also = [(name, at, sheet.header[at]) for name, places in where.items() for at in places[1:]]
        self.titles = {name: sheet.header[position] for name, position in self.where.items()}
        self.names = [name for name, _ in feed.stage]
        self.gate = Gate()
        self.block = sheet.blocks[0] if len(sheet.blocks) == 1 else None

    def chunk(self, number: int) -> Cleaned:
        done = Cleaned()
        for at, cells in self.sheet.chunk(number):
            done.read += 1
            block = self.sheet.block(at) if self.block is None else self.block
            row = Row(at, cells, self.where, self.titles, self.also, block)
            try:
                values = self.feed.clean(row, self.context)
            except BadRow as bad:
                (done.excluded if bad.excluded else done.rejected)[bad.code] += 1
                status = RowStatus.EXCLUDED if bad.excluded else RowStatus.REJECTED
                done.problems.append((at, status.value, bad.code, bad.column, bad.value, bad.message, staging.as_json(cells)))
                continue
            if self.gate.erased and self.was_erased(values, row):
                done.excluded["ERASED"] += 1
                done.problems.append((at, RowStatus.EXCLUDED.value, "ERASED", "", "", ERASED, staging.as_json([])))
                continue
            done.rows.append(staging.line(values))
            if row.points:
                done.points += map(staging.line, row.points)
            if row.warnings:
                kept = staging.as_json(cells)
                done.warnings.update(code for code, *_ in row.warnings)
                done.problems += [(at, RowStatus.WARNING.value, *warning, kept) for warning in row.warnings]
        return done

    def was_erased(self, values: tuple, row: Row) -> bool:
        """True when the row is of somebody who asked to be erased (domain/erasure.py)."""
        staged = dict(zip(self.names, values, strict=True))
        own = (staged.get("vin", ""), staged.get("plate", ""), *(point[2] for point in row.points))
        return self.gate.stops(document_key=staged.get("document_key", ""), name_key=staged.get("name_key", ""), values=own)

    def all(self) -> Iterator[Cleaned]:
        """Every chunk, in no certain order; a large sheet's are cleaned by whichever of two processes is free."""
        if self.sheet.chunks < HELPED_FROM_CHUNKS:
            yield from map(self.chunk, range(self.sheet.chunks))
            return
        self.context.load()
        yield from helped(self.chunk, self.sheet.chunks)


def helped(work: Callable[[int], Cleaned], count: int) -> Iterator[Cleaned]:
    """`work(number)` for 0 to count - 1, shared with a forked child; what the child did comes last.

    Raises RuntimeError when the child did not end well: a part of the rows would be missing.
    """
    # A pipe is the line of chunks that wait: whoever reads a number has it alone.
    line, fill = os.pipe()
    os.write(fill, b"".join(number.to_bytes(NUMBER_BYTES, "little") for number in range(count)))
    os.close(fill)
    gc.freeze()  # what lived before is not looked through again and again while rows come and go
    with tempfile.TemporaryFile() as answers:
        child = os.fork()
        if child == 0:
            failed = 1
            try:
                for number in waiting(line):
                    pickle.dump(work(number), answers, protocol=pickle.HIGHEST_PROTOCOL)
                answers.flush()
                failed = 0
            except BaseException:  # noqa: BLE001 -- said here, for nobody sees it after _exit
                traceback.print_exc()
            finally:
                os._exit(failed)
        try:
            yield from map(work, waiting(line))
        finally:
            deque(waiting(line), maxlen=0)  # when this side stops early, so does the child
            os.close(line)
            _, status = os.waitpid(child, 0)
            gc.unfreeze()
        if status:
            raise RuntimeError(f"the helper that cleans rows ended with status {status}")
        answers.seek(0)
        size = os.fstat(answers.fileno()).st_size
        while answers.tell() < size:
            yield pickle.load(answers)  # noqa: S301 -- written by our own child


def waiting(line: int) -> Iterator[int]:
    """The numbers that nobody has taken from the line, one at a time."""
    while number := os.read(line, NUMBER_BYTES):
        yield int.from_bytes(number, "little")
