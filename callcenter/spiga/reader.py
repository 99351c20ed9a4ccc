"""A SPIGA file as header and rows of text: container by content, header found below junk, junk left out (domain 3.2)."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from callcenter.spiga import columns
from callcenter.spiga.sandbox import Spool, UnreadableFile, parse
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
        self.header_row = header_row
        self.preamble = preamble

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        repeated = [header_key(title) for title in self.header]
        width = len(self.header)
        first_key = repeated[0] if repeated else ""
        for number, row in enumerate(self._spool.rows(self._position), 1):
            if number <= self.header_row or not any(row):
                continue
            head = next((cell for cell in row if cell), "")
            if is_junk(head, row):
                continue
            if first_key and header_key(head) in repeated and [header_key(cell) for cell in row[:width]] == repeated[: len(row)]:
                continue
            yield number, row


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
