"""From a figure to the rows behind it: one address for every figure of every report.

`?cifra=IND-05&marca=Volkswagen` keeps the records of which the named figure speaks and whose dimensions have those values.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

KEPT = ("period", "site", "brand")  # what a report is asked with


@dataclass(frozen=True)
class Rows:
    """The rows that make a figure: of this report unless `report` names another, or those of a `page` outside the reports.

    `where` are values of the dimensions of that report; `period` is another than the one on screen; in the address of a page
    `{period}` is the one on screen.
    """

    figure: str = ""
    where: tuple[tuple[str, str], ...] = ()
    report: str = ""
    period: str = ""
    page: str = ""

    def address(self, code: str, asked: Mapping[str, str]) -> str:
        """Where they are, for a page of report `code` that was asked with `asked`."""
        if self.page:
            return self.page.format(period=asked.get("period", ""))
        base = {name: asked[name] for name in KEPT if asked.get(name)} | ({"period": self.period} if self.period else {})
        query = urlencode([*base.items(), *([("cifra", self.figure)] if self.figure else []), *self.where])
        anchor = "#h-detail" if self.figure or self.where or self.report else ""
        return f"{reverse('reports:report', args=[self.report or code])}?{query}{anchor}"


Behind = Callable[[tuple[str, ...], int], Rows | None]  # (row of a table, column) → what that cell counts


def by(dimension: str, *figures: str, report: str = "") -> Behind:
    """Cells of a table whose first column is a dimension; `figures` name what each following column counts of it."""

    def behind(row: tuple[str, ...], column: int) -> Rows:
        figure = figures[column - 1] if 0 < column <= len(figures) else ""
        return Rows(figure, ((dimension, row[0]),), report)

    return behind


def by_period(codes: Mapping[str, str], *figures: str) -> Behind:
    """Cells of a table whose first column is a period, by its label; `figures` name what each column counts of it."""
    return lambda row, column: Rows(figures[column] if column < len(figures) else "", period=codes[row[0]])


@dataclass(frozen=True)
class Narrowed:
    """The records that were asked for, and that in words; no words: all of them."""

    records: Sequence[Any]
    words: str = ""


def narrow(
    records: Sequence[Any],
    asked: Mapping[str, str],
    *,
    drills: Mapping[str, Callable[[Any], bool]],
    dimensions: Mapping[str, Callable[[Any], Any]],
    names: Mapping[str, str],
) -> Narrowed:
    """The records of the figure and the dimensions in the address; one that the report does not have narrows nothing."""
    figure = asked.get("cifra", "")
    drill = drills.get(figure)
    wanted = [(name, read, asked[name]) for name, read in dimensions.items() if asked.get(name)]
    if not drill and not wanted:
        return Narrowed(records)
    found = tuple(
        record for record in records if (drill is None or drill(record)) and all(has(read(record), value) for _, read, value in wanted)
    )
    words = [names.get(figure, figure)] if drill else []
    return Narrowed(found, ", ".join([*words, *(f"{name.replace('_', ' ')}: {value}" for name, _, value in wanted)]))


def has(value: Any, wanted: str) -> bool:
    """A record has one value of a dimension, or several (the reasons of its calls)."""
    return wanted in map(str, value) if isinstance(value, set | frozenset | list | tuple) else str(value) == wanted
