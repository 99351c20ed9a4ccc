"""What the reports put on the home page of who reviews, approves or owns improvement actions (screens §2.5)."""

from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse

from callcenter import roles
from callcenter.views.home import Card
from carrazos.lib.calendar import bogota
from reports.models import ActionState, Edition, EditionState, ImprovementAction


def cards(request: HttpRequest, at: datetime) -> list[Card]:
    user, today, found = request.user, bogota(at).date(), []
    waits = [(roles.REVIEW_REPORTS, EditionState.PREPARED, "Informes por revisar"),
             (roles.APPROVE_REPORTS, EditionState.REVIEWED, "Informes por aprobar")]  # fmt: skip
    for permission, state, name in waits:
        if user.has_perm(permission):
            due = list(Edition.objects.visible_to(user).filter(state=state).values_list("due_on", flat=True))
            late = sum(day < today for day in due)
            note = f"{late} vencido{'s' if late != 1 else ''}" if late else "a tiempo"
            found.append(Card(name, str(len(due)), note if due else "ninguno espera", reverse("reports:centre"), "bad" if late else ""))
    if user.has_perm(roles.MANAGE_ACTIONS):
        open_rows = list(ImprovementAction.objects.visible_to(user).open().values_list("state", "due_on"))
        late = sum(state == ActionState.PLANNED and day < today for state, day in open_rows)
        found.append(Card("Acciones de mejora abiertas", str(len(open_rows)), f"{late} vencidas" if late else "ninguna vencida",
                          reverse("reports:actions"), "bad" if late else ""))  # fmt: skip
    return found
