"""One's own notices."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock
from callcenter.access import everyone
from callcenter.domain import notices as verbs
from callcenter.models import Notification

SHOWN = 100


@everyone
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """The newest first, read and unread."""
    rows = list(Notification.objects.visible_to(request.user)[:SHOWN])
    return render(request, "callcenter/notices.html", {"rows": rows, "unread": sum(row.read_at is None for row in rows)})


@everyone
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    verbs.mark_read(request.user, at=clock.now())
    return redirect("callcenter:notices")


@everyone
@require_POST
def read_one(request: HttpRequest, pk: int) -> HttpResponse:
    """«Visto», wherever the notice is shown."""
    get_object_or_404(Notification.objects.visible_to(request.user), pk=pk)
    verbs.mark_read(request.user, at=clock.now(), pk=pk)
    if request.htmx:
        return HttpResponse("")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if safe else "callcenter:notices")
