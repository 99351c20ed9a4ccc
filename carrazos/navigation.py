"""The side navigation: what each person may open, in the order of the day."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from django.http import HttpRequest
from django.urls import reverse

from callcenter import roles
from callcenter.domain import queue
from callcenter.views.console_page import queue_counts
from satisfaction.views.board import open_cases


@dataclass(frozen=True)
class Entry:
    label: str
    view: str
    icon: str
    permission: str = ""
    count: Callable[[HttpRequest], str] | None = None
    go: str = ""  # the letter that opens it after G


@cache
def address(view: str) -> str:
    """The address of a view without parameters: two dozen on every page, always the same."""
    return reverse(view)


def queue_count(request: HttpRequest) -> str:
    """What can be called now, counted no further than the badge shows."""
    found = queue_counts(request).now
    return str(found) if found < queue.COUNT_CAP else f"{queue.COUNT_CAP - 1}+"


def red_count(request: HttpRequest) -> str:
    """The cases that this person sees and still need management."""
    found = open_cases(request)
    return str(found.red + found.yellow)


ENTRIES = (
    Entry("Inicio", "callcenter:home", "home", go="i"),
    Entry("Mi cola", "callcenter:console", "phone", roles.WORK_QUEUE, queue_count, "c"),
    Entry("Clientes", "callcenter:customers", "user", roles.SEE_CUSTOMERS, go="l"),
    Entry("WhatsApp", "callcenter:whatsapp", "message", roles.SEE_MESSAGES),
    Entry("Detractores", "satisfaction:board", "flag", roles.SEE_FOLLOWUPS, red_count, "d"),
    Entry("Encuestas", "satisfaction:surveys", "list", roles.SEE_SURVEYS),
    Entry("PQRS", "satisfaction:pqrs", "scale", roles.SEE_PQRS),
    Entry("Citas", "callcenter:appointments", "calendar", roles.SEE_APPOINTMENTS),
    Entry("Prospectos", "crm_audit:prospects", "user", roles.SEE_AUDIT),
    Entry("Actividades", "crm_audit:activities", "check", roles.SEE_AUDIT),
    Entry("Recuperación", "recovery:board", "return", roles.SEE_RECOVERY),
    Entry("Importaciones", "callcenter:imports", "inbox", roles.IMPORT_SPIGA, go="m"),
    Entry("En vivo", "callcenter:live", "clock", roles.SUPERVISE, go="v"),
    Entry("Campañas", "callcenter:campaigns", "message", roles.MANAGE_CAMPAIGNS),
    Entry("Ley 2300", "callcenter:law", "alert", roles.MANAGE_CONSENT),
    Entry("Informes", "reports:centre", "chart", roles.SEE_REPORTS, go="r"),
    Entry("Indicadores", "reports:indicators", "chart", roles.SEE_REPORTS),
    Entry("Documentos", "callcenter:documents", "file", roles.SEE_DOCUMENTS),
    Entry("Mejora", "reports:actions", "check", roles.SEE_ACTIONS),
    Entry("Trabajos del sistema", "privacy:jobs", "gear", roles.MANAGE_SYSTEM),
    Entry("Datos personales", "privacy:requests", "user", roles.MANAGE_PRIVACY),
    Entry("Historial", "callcenter:history", "clock", roles.SEE_HISTORY),
)


def navigation(request: HttpRequest) -> list[dict]:
    """The entries of one person, the current one marked."""
    shown = []
    for entry in ENTRIES:
        if entry.permission and not request.user.has_perm(entry.permission):
            continue
        url = address(entry.view)
        current = request.path == url if url == "/" else request.path.startswith(url)
        shown.append({
            "label": entry.label, "url": url, "icon": entry.icon, "current": current,
            "count": entry.count(request) if entry.count else None, "go": entry.go,
        })  # fmt: skip
    if request.user.is_superuser:
        shown.append({"label": "Gestión", "url": address("admin:index"), "icon": "gear", "current": False, "count": None})
    return shown
