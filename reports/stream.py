"""The records of a report that may be tens of thousands: kept as their numbers, read from the database by the hundred."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, overload

from django.db.models import QuerySet

CHUNK = 500  # records in memory at once, with everything that hangs on them


class Keys(Sequence):
    """The numbers that a query gives, in its order: counted and read by the page until somebody wants them all."""

    def __init__(self, rows: QuerySet):
        self.rows = rows

    @cached_property
    def every(self) -> list[int]:
        return list(self.rows)

    @cached_property
    def count_of_rows(self) -> int:
        return self.rows.count()

    def __len__(self) -> int:
        return self.count_of_rows

    def __iter__(self) -> Iterator[int]:
        return iter(self.every)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __getitem__(self, index: int | slice) -> int | list[int]:
        # A query knows no place counted from the end.
        if isinstance(index, slice) and "every" not in self.__dict__ and min(index.start or 0, index.stop or 0) >= 0:
            return list(self.rows[index])
        return self.every[index]


class Stream(Sequence):
    """Records in the order of `keys`; each pass reads them again, so it belongs inside one snapshot of the data."""

    def __init__(self, keys: Sequence[int], load: Callable[[Sequence[int]], dict[int, Any]]):
        self.keys, self.load = keys, load

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self.read(self.keys[index])
        return self.read([self.keys[index]])[0]

    def __iter__(self) -> Iterator[Any]:
        keys = list(self.keys)
        for start in range(0, len(keys), CHUNK):
            yield from self.read(keys[start : start + CHUNK])

    def read(self, keys: Sequence[int]) -> list[Any]:
        found = self.load(keys)
        return [found[key] for key in keys]
