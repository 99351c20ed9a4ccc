"""Rows of a sheet into staged lines, chunk by chunk; a large file is shared with one forked helper.

The helper only cleans: it touches neither the database nor any lock of the parent, and leaves by `os._exit`.
"""

import os
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from callcenter.domain.erasure import Gate
from callcenter.enums import RowStatus
from callcenter.spiga import staging
from callcenter.spiga.feed import BadRow, Context, Feed, Row
from callcenter.spiga.reader import Sheet

ERASED = "La persona pidió suprimir sus datos: no se importa"
HELPED_FROM_CHUNKS = 8  # below, a fork costs more than it saves


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
        """Every chunk; of a large sheet every other one comes from the helper."""
        if self.sheet.chunks < HELPED_FROM_CHUNKS:
            yield from map(self.chunk, range(self.sheet.chunks))
            return
        self.context.load()
        with helper(self.chunk, range(1, self.sheet.chunks, 2)) as answers:
            for number in range(0, self.sheet.chunks, 2):
                yield self.chunk(number)
                if number + 1 < self.sheet.chunks:
                    yield pickle.load(answers)  # noqa: S301 -- written by our own child


@contextmanager
def helper(work: Callable[[int], Cleaned], numbers: Iterable[int]) -> Iterator[IO[bytes]]:
    """A forked child that does `work(number)` for each of the numbers; yields the stream of its pickled answers."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as out:
                for number in numbers:
                    pickle.dump(work(number), out, protocol=pickle.HIGHEST_PROTOCOL)
        finally:
            os._exit(0)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as answers:
            yield answers
    finally:
        os.waitpid(child, 0)
