"""One's own notices."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock
from callcenter.access import everyone
from callcenter.domain import notices as verbs
from callcenter.forms import NoticeFilter
from callcenter.models import Notification
from callcenter.places import Place
from callcenter.views.listings import saved_views

PAGE = 50
PLACE = Place("avisos", "Avisos", "callcenter:notices", ("q", "unread"))


@everyone
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """The newest first, read and unread."""
    saved = saved_views(request, PLACE)
    if saved["opens_as"]:
        return redirect(saved["opens_as"])
    own, form = Notification.objects.visible_to(request.user), NoticeFilter(request.GET)
    page = Paginator(form.apply(own), PAGE).get_page(request.GET.get("page"))
    return render(request, "callcenter/notices.html", {"page": page, "form": form, "unread": own.unread().count(), **saved})


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
