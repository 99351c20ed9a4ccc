"""A SPIGA file as header and rows of text: container by content, header found below junk, junk left out (domain 3.2)."""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from callcenter.spiga import columns
from callcenter.spiga.sandbox import Spool, UnreadableFile, parse
from carrazos.lib.sheets import CHUNK
from carrazos.lib.text import clean, fold, header_key, headers_match, one_line, repair_mojibake

__all__ = ["Sheet", "UnreadableFile", "read"]

HEADER_WITHIN = 20
HEADER_MINIMUM = 3
TITLE_LENGTH = 60
SAMPLES = 3
COMMON_KEYS = frozenset(
    alias
    for column in vars(columns).values()
    if isinstance(column, columns.Column)
    for alias in column.keys
) | {"f prevista", "motivo contacto", "observaciones", "num ot", "f fra", "f alta", "f entrega cliente", "f cita", "hora"}  # fmt: skip
JUNK = re.compile(r"(TOTAL|SUBTOTAL|SUMA|REGISTROS|PAGINA|FECHA DE IMPRESION|USUARIO)\b")
title_key = lru_cache(maxsize=8192)(header_key)


@dataclass(frozen=True)
class Block:
    """A header and the rows below it, up to the next header."""

    start: int  # the number of its header row
    title: str  # what stands right above it: «VISITAS NO REALIZADAS»
    order: tuple[int, ...] | None = None  # where each of its cells stands in the sheet's header; None: as they are


@dataclass
class Part:
    """One sheet of the file that holds the list, or a piece of it."""

    position: int
    name: str
    header: list[str]
    header_row: int
    preamble: list[str]
    chunks: int
    hidden: bool = False
    offset: int = 0  # row numbers of a second sheet go on where the first ended
    blocks: list[Block] = field(default_factory=list)
    passed_over: set[int] = field(default_factory=set)  # header rows and titles inside the list


class Sheet:
    """The list of a file: one header and its rows, whatever sheets and blocks it is written in.

    `header` are the titles (the second of two equal ones is «Teléfono #2»), `preamble` the rows above it (report title,
    date range), `others` the sheets with a list that were not read. `rows()` yields (row number in the file, cells)
    without empty rows, repeated headers, totals and page marks. `edits` are the person's corrections (row → cell → text),
    `only` the rows that are wanted, when not all.
    """

    def __init__(self, spool: Spool, parts: list[Part], known: frozenset[str], others: tuple[str, ...] = ()):
        self._spool, self._parts, self.others = spool, parts, others
        first = parts[0]
        self.header, self._width = number_twins(first.header), len(first.header)
        self.header_row, self.preamble = first.header_row, first.preamble
        self.edits: dict[int, dict[int, str]] = {}
        self.only: Container[int] | None = None
        offset = 0
        for part in parts:
            part.offset = offset
            self._find_blocks(part, known)
            offset += part.chunks * CHUNK
        self._starts = [sum(part.chunks for part in parts[:index]) for index in range(len(parts))]
        self._keys = [title_key(title) for title in first.header]

    @property
    def name(self) -> str:
        """The sheets that were read: `Listado`, `Norte, Centro`."""
        return ", ".join(filter(None, self.places))

    @property
    def hidden(self) -> bool:
        return any(part.hidden for part in self._parts)

    @property
    def chunks(self) -> int:
        return sum(part.chunks for part in self._parts)

    def chunk(self, number: int, wanted: Container[int] | None = None) -> Iterator[tuple[int, list[str]]]:
        """The rows of one chunk of the file that belong to the list; of them the `wanted` numbers, when not all."""
        part, local = self._place(number)
        only, edits = self.only if wanted is None else wanted, self.edits
        first, over = part.offset + local * CHUNK + 1, part.passed_over
        order = self._orders(part, first)
        top = part.offset + part.header_row
        for at, row in enumerate(self._spool.chunk(part.position, local), first):
            if (only is not None and at not in only) or at <= top or not any(row) or at in over or self.is_noise(row):
                continue
            cells = row if order is None else rearrange(row, order(at), len(self.header))
            yield at, patch(cells, edits[at]) if at in edits else cells

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        for number in range(self.chunks):
            yield from self.chunk(number)

    def cells(self, wanted: Collection[int]) -> Iterator[tuple[int, list[str]]]:
        """Some rows by their number, which counts CHUNK rows a chunk from 1 on."""
        for number in sorted({(at - 1) // CHUNK for at in wanted}):
            yield from self.chunk(number, wanted)

    def block(self, at: int) -> str:
        """The title of the block in which a row stands; empty where the list has none."""
        part = next(part for part in reversed(self._parts) if part.offset < at)
        return block_of(part, at).title

    @property
    def blocks(self) -> list[str]:
        """The titles of the blocks, one for each header."""
        return [block.title for part in self._parts for block in part.blocks]

    @property
    def places(self) -> list[str]:
        """The name of each sheet that was read."""
        return [part.name for part in self._parts]

    @property
    def offsets(self) -> dict[str, int]:
        """Sheet that was read → what its row numbers begin after."""
        return {part.name: part.offset for part in self._parts}

    def place(self, at: int) -> str:
        """`Centro · 12`: sheet and row, as the person who opens the file sees it."""
        part = next(part for part in reversed(self._parts) if part.offset < at)
        return f"{part.name} · {at - part.offset}"

    def samples(self) -> list[list[str]]:
        """For each column the first values that are not empty, three at most."""
        found: list[list[str]] = [[] for _ in self.header]
        for _, row in islice(self.rows(), 500):
            for values, cell in zip(found, row, strict=False):
                text = one_line(clean(cell))
                if text and len(values) < SAMPLES and text not in values:
                    values.append(text[:TITLE_LENGTH])
        return found

    def is_noise(self, row: list[str]) -> bool:
        """Totals, page marks and headers that repeat."""
        head = next(cell for cell in row if cell)
        if is_junk(head, row):
            return True
        keys = self._keys
        return title_key(head) in keys and [title_key(cell) for cell in row[: len(keys)]] == keys[: len(row)]

    def _place(self, number: int) -> tuple[Part, int]:
        index = bisect_right(self._starts, number) - 1
        return self._parts[index], number - self._starts[index]

    def _orders(self, part: Part, first: int) -> Callable[[int], tuple[int, ...] | None] | None:
        """Row → where its cells go; None for a chunk whose rows stand as the header says."""
        if all(block.order is None for block in part.blocks):
            return None
        last = block_of(part, first + CHUNK)
        if last.start < first:
            return None if last.order is None else lambda _: last.order
        return lambda at: block_of(part, at).order

    def _find_blocks(self, part: Part, known: frozenset[str]) -> None:
        """Every later header of a sheet, read once: a block has a header of its own or a title over the same one."""
        part.blocks.append(Block(part.offset, part.preamble[-1] if part.preamble else "", self._merge(part.header)))
        same = [title_key(title) for title in part.header]
        before: list[tuple[int, str]] = []
        for at, row in enumerate(self._spool.rows(part.position), 1):
            if at <= part.header_row:
                continue
            if may_be_header(row, known):
                titles = trim(read_titles(row))
                keys = [title_key(title) for title in titles]
                known_titles = count_known(titles, known)
                if keys == same or (known_titles >= HEADER_MINIMUM and known_titles * 2 >= sum(map(bool, titles))):
                    title = " ".join(text for _, text in before)
                    part.passed_over |= {part.offset + at, *(part.offset + number for number, _ in before)}
                    if keys != same or (title and title != part.blocks[-1].title):
                        part.blocks.append(Block(part.offset + at, title or part.blocks[-1].title, self._merge(titles)))
                        same = keys
            # Lines with one text alone, right above a header, are its title.
            alone = lone_text(row)
            before = [*before[-2:], (at, alone)] if alone else [] if any(row) else before

    def _merge(self, header: list[str]) -> tuple[int, ...] | None:
        """The places of a block's titles in the common header, which takes in those that are new; None: as they stand."""
        places: dict[str, int] = {title_key(title): index for index, title in enumerate(self.header) if title}
        order = []
        for index, title in enumerate(number_twins(header)):
            key = title_key(title)
            if not title:
                order.append(index if index < len(self.header) and not self.header[index] else -1)
                continue
            if key not in places:
                places[key] = len(self.header)
                self.header.append(title)
            order.append(places[key])
        return None if order == list(range(len(order))) else tuple(order)


def block_of(part: Part, at: int) -> Block:
    """The block in which a row stands: the last one that began before it."""
    return next(block for block in reversed(part.blocks) if block.start < at or block is part.blocks[0])


def rearrange(row: list[str], order: tuple[int, ...] | None, width: int) -> list[str]:
    """The cells of a block's row at the places of the common header."""
    if order is None:
        return row
    cells = [""] * width
    for cell, place in zip(row, order, strict=False):
        if place >= 0:
            cells[place] = cell
    return cells


def patch(row: list[str], edits: dict[int, str]) -> list[str]:
    """A row with the person's corrections."""
    cells = row + [""] * (max(edits) + 1 - len(row))
    for position, text in edits.items():
        cells[position] = text
    return cells


def number_twins(titles: list[str]) -> list[str]:
    """Equal titles told apart: the second «Teléfono» is «Teléfono #2» (domain 3.2 §5)."""
    seen: dict[str, int] = {}
    named = []
    for title in titles:
        key = title_key(title)
        turn = seen[key] = seen.get(key, 0) + 1
        named.append(f"{title} #{turn}" if title and turn > 1 else title)
    return named


def is_junk(head: str, row: list[str]) -> bool:
    """True for totals, page numbers and print stamps: a known word in a row that is otherwise nearly empty."""
    letter = head.lstrip()[:1]
    return letter in "TtSsRrPpFfUu" and JUNK.match(fold(head.strip())) is not None and sum(1 for cell in row if cell.strip()) <= 3


def lone_text(row: list[str]) -> str:
    """The text of a row that holds nothing else; page marks and totals are no title."""
    filled = list(islice((cell for cell in row if cell and not cell.isspace()), 2))  # nearly every row has a second: no look further
    return one_line(clean(filled[0]))[:300] if len(filled) == 1 and not is_junk(filled[0], row) else ""


def may_be_header(row: list[str], known: frozenset[str]) -> bool:
    """A cheap look: two of the first cells with something in them are known titles."""
    hits = seen = 0
    for cell in row:
        if cell:
            seen += 1
            hits += not cell[0].isdigit() and len(cell) <= TITLE_LENGTH and is_known(title_key(cell), known)
            if hits == 2 or seen - hits == 2:
                break
    return hits >= 2


def is_known(key: str, known: frozenset[str]) -> bool:
    return key in known or ("\ufffd" in key and any(headers_match(key, alias) for alias in known))


def read_titles(row: list[str]) -> list[str]:
    return [one_line(clean(repair_mojibake(cell))) for cell in row]


def read(
    data: bytes,
    name: str,
    *,
    known: Iterable[str] = COMMON_KEYS,
    least: int = HEADER_MINIMUM,
    fits: Callable[[list[str]], bool] | None = None,
    every_sheet: bool = False,
    sheets: Collection[str] = (),
    guess: bool = False,
) -> Sheet:
    """Finds the list in a file: the sheet and the row that match most known titles.

    `known` are header keys, `least` how many of them make a header. `fits` says of a header whether it has all that
    the feed needs: one that has goes before one that has not. Hidden sheets are read only when no visible one has
    the list. `every_sheet` joins all sheets that fit; `sheets` are those that a person chose. `guess` takes the first
    row that looks like a header when no title is known. Raises UnreadableFile with a Spanish reason for whatever
    can't be read, and nothing else.
    """
    spool = parse(data)
    known = frozenset(known)
    found = [part for position in range(len(spool.index)) if (part := find_header(spool, position, known, least, fits, guess=guess))]
    if sheets and (chosen := [item for item in found if item[1].name in sheets]):
        found = chosen
    if not found:
        raise UnreadableFile(
            f"No se encontró el encabezado del listado en las primeras {HEADER_WITHIN} filas de «{name[:60]}». "
            "Compruebe que sea el informe correcto de SPIGA."
        )
    best = max(found, key=lambda item: item[0])
    joined = [part for score, part in found if (every_sheet or sheets) and score[:2] == best[0][:2]] or [best[1]]
    others = tuple(part.name for score, part in found if part not in joined and score[1] and part.name)
    return Sheet(spool, joined, known, others)


Score = tuple[bool, bool, int]  # has all that the feed needs, visible, known titles


def find_header(
    spool: Spool, position: int, known: frozenset[str], least: int, fits: Callable[[list[str]], bool] | None, *, guess: bool
) -> tuple[Score, Part] | None:
    """The best header row of one sheet, with its score; None where there is none."""
    name, _, hidden = spool.index[position]
    best: tuple[Score, Part] | None = None
    guessed: tuple[Score, Part] | None = None
    preamble: list[str] = []
    for number, row in enumerate(islice(spool.rows(position), HEADER_WITHIN), 1):
        titles = read_titles(row)
        hits = count_known(titles, known)
        part = Part(position, name, trim(list(titles)), number, list(preamble), spool.chunks(position), hidden)
        if hits >= least:
            score = (fits is None or fits(part.header), not hidden, hits)
            if best is None or score > best[0]:
                best = score, part
        elif guess and guessed is None and looks_like_header(titles):
            guessed = (False, not hidden, hits), part
        text = " ".join(title for title in titles if title)
        if text:
            preamble.append(text[:300])
    return best or guessed


def count_known(titles: list[str], known: frozenset[str]) -> int:
    keys = {title_key(title) for title in titles if title and len(title) <= TITLE_LENGTH}
    return sum(is_known(key, known) for key in keys)


def looks_like_header(titles: list[str]) -> bool:
    """Three texts or more, none a number or a date, none twice: what a header looks like in any language."""
    filled = [title for title in titles if title]
    return (
        len(filled) >= HEADER_MINIMUM
        and len({title_key(title) for title in filled}) == len(filled)
        and all(len(title) <= TITLE_LENGTH and not re.search(r"\d{3}|\d[/:.-]\d|@", title) for title in filled)
    )


def trim(titles: list[str]) -> list[str]:
    """Without the empty columns that trailing separators leave."""
    while titles and not titles[-1]:
        titles.pop()
    return titles
