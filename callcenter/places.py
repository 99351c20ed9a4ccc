"""A page whose filters stand in its address, so that the address can be kept under a name: what saved views know of it.

Lists are places by themselves (`tables.Listing`); any other page with filters is one in three lines: a `Place`,
`*view_urls(PLACE, route, name)` beside its address, and `saved_views(request, PLACE)` in its context with
`{% include "callcenter/_views.html" %}` in its template.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse


def written(params: QueryDict, names: Iterable[str]) -> str:
    """The named filters without what is empty, always written the same way: what a saved view keeps."""
    known = frozenset(names)
    return urlencode(sorted((name, value) for name, values in params.lists() if name in known for value in values if value))


@dataclass(frozen=True)
class Place:
    """`view`: the page's address by name; `names`: its filters (a day or a page number is none: a view means the same tomorrow)."""

    slug: str
    title: str
    view: str
    names: tuple[str, ...]
    permission: str = ""  # empty: whoever has logged in

    def url(self) -> str:
        return reverse(self.view)

    def state(self, params: QueryDict) -> str:
        return written(params, self.names)

    def chosen_names(self, params: QueryDict) -> list[str]:
        """The columns that are shown; a page that is no list has none to choose."""
        return []

    @property
    def default_names(self) -> list[str]:
        return []
