"""The records of a report that may be tens of thousands: kept as their numbers, read from the database by the hundred."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

CHUNK = 500  # records in memory at once, with everything that hangs on them


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
        for start in range(0, len(self.keys), CHUNK):
            yield from self.read(self.keys[start : start + CHUNK])

    def read(self, keys: Sequence[int]) -> list[Any]:
        found = self.load(keys)
        return [found[key] for key in keys]
