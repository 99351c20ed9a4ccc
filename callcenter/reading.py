"""Reading a person's data on a page leaves a line in the log of accesses; telephones are masked until somebody asks, and whoever
leafs through a whole list is slowed down and seen (threat 22).
"""

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from callcenter import clock
from callcenter.domain import audit, decoys, notices
from callcenter.models import Access, ContactPoint, Customer
from callcenter.roles import OVERSEERS
from carrazos.lib.calendar import bogota

PAGES_A_MINUTE = 40  # two thousand rows: nobody reads so fast


def opened(request: HttpRequest, about: str, customer: Customer | None = None) -> None:
    """Writes that somebody opened the page of a person or of a matter of theirs."""
    at = clock.now()
    audit.note_access(request.user, Access.VIEW, about, at=at, customer=customer)
    if customer:
        decoys.told_of(customer, request.user, at=at)


def revealed(request: HttpRequest, customer: Customer, points: QuerySet[ContactPoint], *, to_call: bool = False) -> HttpResponse:
    """The whole telephones and e-mails, in the places where the page masks them; `to_call`: as links of the telephone."""
    opened(request, "Teléfonos y correos", customer)
    return render(request, "callcenter/_revealed.html", {"points": points, "to_call": to_call})


def leafed_too_fast(request: HttpRequest, title: str) -> HttpResponse | None:
    """The answer to whoever turns more pages of a list in a minute than a person reads; whoever oversees is told once a day."""
    at, user = clock.now(), request.user
    key = f"pages:{user.pk}:{at:%Y%m%d%H%M}"
    turned = cache.get(key, 0) + 1
    cache.set(key, turned, 60)
    if turned <= PAGES_A_MINUTE:
        return None
    if turned == PAGES_A_MINUTE + 1:
        audit.note_access(user, Access.VIEW, f"{title}: más de {PAGES_A_MINUTE} páginas en un minuto", at=at, rows=turned)
        words = f"{user} pasó más de {PAGES_A_MINUTE} páginas de {title.lower()} en un minuto"
        notices.notify(notices.holders(*OVERSEERS), f"pages:{user.pk}:{bogota(at):%Y-%m-%d}", words, url="/historial/accesos/", at=at)
    advice = "Espere un minuto. Para encontrar a alguien use el buscador o los filtros; para trabajar una lista completa, descárguela."
    return render(request, "error.html", {"title": "Va muy rápido", "advice": advice, "status": 429}, status=429)
