"""Settings and addresses of the claim over HTTP (`claim_http_bench`): the production stack with three views beside its own.

Each claims and puts its customer away, so that the next claim finds another; they differ in the claim alone.
"""

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

from carrazos.settings import *  # noqa: F403 -- the settings of production

ROOT_URLCONF = "tests.bench.claim_site"


def put_away(pk: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE callcenter_outreach SET leased_by_id = NULL, leased_at = NULL, lease_until = NULL, state = 'CLOSED',"
            " result = 'DECLINED', closed_at = now(), next_step = 'NONE' WHERE id = %s", [pk]
        )  # fmt: skip


def nothing(request: HttpRequest) -> HttpResponse:
    """The floor: the same stack, the same session, «ok»."""
    return HttpResponse(f"ok {request.user.pk}")


def ours(request: HttpRequest) -> HttpResponse:
    from callcenter.domain import queue
    from carrazos.lib.calendar import national
    from tests.bench.claim_bench import moment

    row = queue.claim_next(request.user, at=moment(), calendar=national())
    if row is None:
        return HttpResponse("", status=204)
    put_away(row.pk)
    return HttpResponse(str(row.pk))


def orm(request: HttpRequest) -> HttpResponse:
    """What anybody writes first: the first open row of the right order, locked, changed, saved."""
    from datetime import timedelta

    from callcenter.models import Outreach
    from tests.bench.claim_bench import moment

    with transaction.atomic():
        waiting = Outreach.objects.filter(state="OPEN", leased_by=None, due_at__lte=moment())
        row = waiting.select_for_update().order_by("priority", "due_at", "id").first()
        if row is None:
            return HttpResponse("", status=204)
        row.leased_by, row.leased_at, row.lease_until = request.user, moment(), moment() + timedelta(minutes=20)
        row.fence += 1
        row.save()
    put_away(row.pk)
    return HttpResponse(str(row.pk))


def urlpatterns_of() -> list:
    from carrazos.urls import urlpatterns as own

    return [path("medida/ok/", nothing), path("medida/cola/", ours), path("medida/orm/", orm), *own]


def __getattr__(name: str) -> object:
    """The addresses are read once the applications stand, the settings before."""
    if name == "urlpatterns":
        return urlpatterns_of()
    raise AttributeError(name)
