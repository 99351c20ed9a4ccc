"""What the kernel asks of the programmes, named by dotted path in settings and resolved once (design §6).

| setting | shape |
|---|---|
| `COMPLAINT_DESK` | `open_complaint(outreach, text, *, by, at, attempt)`, inside the call's transaction |
| `ON_UNDO` | `undo(attempt, *, by, at)`: takes back what a programme wrote beside the attempt, or raises Refused |
| `TIMELINE_SOURCES` | `events(customer, user, most) -> list[timeline.Event]`, the newest `most`, marked with `timeline.found_in` |
| `OPEN_MATTERS` | `matters(customer, user) -> list[timeline.Matter]`, marked with `timeline.found_in` |
| `NUMBER_FINDERS` | `find(text, user) -> list[search.Numbered]`, marked with `search.finder_of` |
| `HOME_CARDS` | `cards(request, at) -> list[home.Card]` for whoever may see them |
| `HOME_PANELS` | `panels(request, at) -> list[home.Panel]`: worklists and charts, for whoever may see them |
| `LIVE_FIGURES` | `figures(user, at) -> list[live.Figure]` for «En vivo» |
| `PROGRAMME_PAGES` | programme → subclass of `callcenter.pages.CallPage` |
| `WORK_ORDERS_CHANGED` | `changed(*, at)`, inside an import: the temporary table `changed_order` names the orders (spiga/workshop.py) |
| `APPOINTMENTS_DECIDED` | `decided(appointment, *, at)`, inside the decision's transaction |
| `REDACTORS` | `redact(identifiers) -> {what: how many}`: takes a person's words out of stored files (callcenter/domain/erasure.py) |
| `DEMO_BUILDERS` | `build(world)`: writes its part of the demo (`callcenter.demo.build.World`) |
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


@cache
def plugged(setting: str) -> tuple[Callable[..., Any], ...]:
    """What stands in one of the lists above, in order."""
    return tuple(import_string(path) for path in getattr(settings, setting))


@cache
def complaint_desk() -> Callable[..., Any] | None:
    return import_string(settings.COMPLAINT_DESK) if settings.COMPLAINT_DESK else None


@cache
def programme_page(programme: str) -> Any:
    """The call page of one programme; the kernel's own when it has none."""
    path = settings.PROGRAMME_PAGES.get(programme, "callcenter.pages.CallPage")
    return import_string(path)()
