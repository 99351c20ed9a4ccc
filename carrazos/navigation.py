"""The side navigation: what each person may open, in the order of the day."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from callcenter import clock, roles
from callcenter.domain import queue

COUNT_CAP = 999


@dataclass(frozen=True)
class Entry:
    label: str
    view: str
    icon: str
    permission: str = ""
    count: Callable[[HttpRequest], int] | None = None


def queue_count(request: HttpRequest) -> int:
    """What can be called now, counted no further than the badge shows."""
    rows = queue.waiting(request.user, clock.now()).filter(due_at__lte=clock.now()).order_by()
    return len(rows.values_list("pk", flat=True)[:COUNT_CAP])


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
