"""A SPIGA file as header and rows of text: container by content, header found below junk, junk left out (domain 3.2)."""

import re
from collections.abc import Container, Iterable, Iterator
from itertools import islice

from callcenter.spiga import columns
from callcenter.spiga.sandbox import Spool, UnreadableFile, parse
from carrazos.lib.sheets import CHUNK
from carrazos.lib.text import clean, fold, header_key, headers_match, repair_mojibake

__all__ = ["Sheet", "UnreadableFile", "read"]

HEADER_WITHIN = 20
HEADER_MINIMUM = 3
COMMON_KEYS = frozenset(
    alias
    for column in vars(columns).values()
    if isinstance(column, columns.Column)
    for alias in column.keys
) | {"f prevista", "motivo contacto", "observaciones", "num ot", "f fra", "f alta", "f entrega cliente", "f cita", "hora"}  # fmt: skip
JUNK = re.compile(r"(TOTAL|SUBTOTAL|SUMA|REGISTROS|PAGINA|FECHA DE IMPRESION|USUARIO)\b")


class Sheet:
    """The one sheet of a file that holds the list.

    `header` are the titles, `preamble` the rows above it (report title, date range), `rows()` yields
    (row number in the file, cells) without empty rows, repeated headers, totals and page marks.
    """

    def __init__(self, spool: Spool, position: int, header: list[str], header_row: int, preamble: list[str]):
        self._spool, self._position = spool, position
        self.name = spool.index[position][0]
        self.header = header
        self._keys = [header_key(title) for title in header]
        self.header_row = header_row
        self.preamble = preamble

    @property
    def chunks(self) -> int:
        return self._spool.chunks(self._position)

    def chunk(self, number: int) -> Iterator[tuple[int, list[str]]]:
        """The rows of one chunk of the file that belong to the list."""
        first = number * CHUNK + 1
        for at, row in enumerate(self._spool.chunk(self._position, number), first):
            if at > self.header_row and any(row) and not self.is_noise(row):
                yield at, row

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        for number in range(self.chunks):
            yield from self.chunk(number)

    def cells(self, wanted: Container[int]) -> Iterator[tuple[int, list[str]]]:
        """Some rows by their number."""
        return ((number, row) for number, row in enumerate(self._spool.rows(self._position), 1) if number in wanted)

    def is_noise(self, row: list[str]) -> bool:
        """Totals, page marks and headers that repeat."""
        head = next(cell for cell in row if cell)
        if is_junk(head, row):
            return True
        keys = self._keys
        return header_key(head) in keys and [header_key(cell) for cell in row[: len(keys)]] == keys[: len(row)]


def is_junk(head: str, row: list[str]) -> bool:
    """True for totals, page numbers and print stamps: a known word in a row that is otherwise nearly empty."""
    letter = head.lstrip()[:1]
    return letter in "TtSsRrPpFfUu" and sum(1 for cell in row if cell.strip()) <= 3 and JUNK.match(fold(head.strip())) is not None


def read(data: bytes, name: str, *, known: Iterable[str] = COMMON_KEYS) -> Sheet:
    """Finds the list in a file: the sheet and the row that match most known titles.

    `known` are header keys. Raises UnreadableFile with a Spanish reason for whatever can't be read, and nothing else.
    """
    spool = parse(data)
    known = frozenset(known)
    best: tuple[int, Sheet] | None = None
    for position in range(len(spool.index)):
        preamble: list[str] = []
        for number, row in enumerate(islice(spool.rows(position), HEADER_WITHIN), 1):
            titles = [clean(repair_mojibake(cell)).strip() for cell in row]
            hits = count_known(titles, known)
            if hits >= HEADER_MINIMUM and (best is None or hits > best[0]):
                best = hits, Sheet(spool, position, trim(titles), number, list(preamble))
            text = " ".join(title for title in titles if title)
            if text:
                preamble.append(text[:300])
    if best is None:
        raise UnreadableFile(
            f"No se encontró el encabezado del listado en las primeras {HEADER_WITHIN} filas de «{name[:60]}». "
            "Compruebe que sea el informe correcto de SPIGA."
        )
    return best[1]


def count_known(titles: list[str], known: frozenset[str]) -> int:
    keys = {header_key(title) for title in titles if title and len(title) <= 60}
    return sum(key in known or ("\ufffd" in key and any(headers_match(key, alias) for alias in known)) for key in keys)


def trim(titles: list[str]) -> list[str]:
    """Without the empty columns that trailing separators leave."""
    while titles and not titles[-1]:
        titles.pop()
    return titles
