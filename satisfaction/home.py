"""What satisfaction puts on the home page: the reds of whoever answers for them, and the month against its goal (screens §2.5)."""

from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse

from callcenter import roles
from callcenter.domain.metrics import Slice, scope_of
from callcenter.models import User
from callcenter.views.home import Card
from callcenter.views.live import Figure
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month
from satisfaction.domain import board, metrics
from satisfaction.models import Pqrs
from satisfaction.models.surveys import areas_of


def cards(request: HttpRequest, at: datetime) -> list[Card]:
    user, found = request.user, []
    if user.has_perm(roles.MANAGE_FOLLOWUPS):
        waiting = board.waiting(user, at)
        note = f"{waiting.late} vencidos" if waiting.late else "ninguno vencido"
        found.append(
            Card(
                "Detractores abiertos",
                str(waiting.red + waiting.yellow),
                note,
                reverse("satisfaction:board"),
                "bad" if waiting.late else "",
            )
        )
    if user.has_perm(roles.CONTROL_FOLLOWUPS):
        part = Slice.of(Month.of(bogota(at).date()), **scope_of(user))
        for area in areas_of(user):
            ratio = metrics.satisfaction(part, area)
            words = f"{ratio.fraction} · meta {ratio.goal} %" + (" · bajo la meta" if ratio.met is False else "")
            found.append(
                Card(f"{ratio.name} del mes", ratio.text, words, reverse("satisfaction:board"), "bad" if ratio.met is False else "")
            )
    if user.has_perm(roles.MANAGE_PQRS):
        rows = Pqrs.objects.visible_to(user).pending()
        late = rows.filter(due_on__lt=bogota(at).date()).count()
        note = f"{late} vencidas" if late else "ninguna vencida"
        found.append(Card("PQRS en trámite", str(rows.count()), note, reverse("satisfaction:pqrs"), "bad" if late else ""))
    return found


def live_figures(user: User, at: datetime) -> list[Figure]:
    """«Rojos vencidos» of the live page, for whoever may see them."""
    if not user.has_perm(roles.SEE_FOLLOWUPS):
        return []
    waiting = board.waiting(user, at)
    words = f"{waiting.late} vencidos: avise a su responsable" if waiting.late else "ninguno vencido"
    return [Figure("Detractores abiertos", waiting.red + waiting.yellow, words, "bad" if waiting.late else "good")]
