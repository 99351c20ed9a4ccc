"""The side navigation: what each person may open, in the order of the day."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from callcenter import roles
from callcenter.domain import queue
from callcenter.views.console import queue_counts


@dataclass(frozen=True)
class Entry:
    label: str
    view: str
    icon: str
    permission: str = ""
    count: Callable[[HttpRequest], str] | None = None


def queue_count(request: HttpRequest) -> str:
    """What can be called now, counted no further than the badge shows."""
    found = queue_counts(request).now
    return str(found) if found < queue.COUNT_CAP else f"{queue.COUNT_CAP - 1}+"


ENTRIES = (
    Entry("Inicio", "callcenter:home", "home"),
    Entry("Mi cola", "callcenter:console", "phone", roles.WORK_QUEUE, queue_count),
    Entry("Citas", "callcenter:appointments", "calendar", roles.SEE_APPOINTMENTS),
    Entry("Importaciones", "callcenter:imports", "inbox", roles.IMPORT_SPIGA),
    Entry("Informes", "reports:centre", "chart", roles.SEE_REPORTS),
)


def navigation(request: HttpRequest) -> list[dict]:
    """The entries of one person, the current one marked."""
    shown = []
    for entry in ENTRIES:
        if entry.permission and not request.user.has_perm(entry.permission):
            continue
        url = reverse(entry.view)
        current = request.path == url if url == "/" else request.path.startswith(url)
        shown.append({
            "label": entry.label, "url": url, "icon": entry.icon, "current": current,
            "count": entry.count(request) if entry.count else None,
        })  # fmt: skip
    if request.user.is_superuser:
        shown.append({"label": "Gestión", "url": reverse("admin:index"), "icon": "gear", "current": False, "count": None})
    return shown
