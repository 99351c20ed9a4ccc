"""Campaigns with images and dates: list, form, whom they take in, what comes of them."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.files.base import ContentFile
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.access import any_permission
from callcenter.domain import campaigns
from callcenter.forms import CampaignForm
from callcenter.models import Campaign
from carrazos.lib.calendar import bogota

PER_PAGE = 25
may_manage = permission_required(roles.MANAGE_CAMPAIGNS, raise_exception=True)


@may_manage
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    rows = Campaign.objects.visible_to(request.user).select_related("brand").order_by("-starts_on", "-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    found, at = campaigns.results(list(page)), bogota(clock.now())
    lines = [(row, found[row.pk], campaigns.phase(row, at)) for row in page]
    return render(request, "callcenter/campaigns.html", {"page": page, "lines": lines})


@may_manage
def create(request: HttpRequest) -> HttpResponse:
    return edit(request, None)


@may_manage
def change(request: HttpRequest, pk: int) -> HttpResponse:
    return edit(request, get_object_or_404(Campaign.objects.visible_to(request.user), pk=pk))


def edit(request: HttpRequest, row: Campaign | None) -> HttpResponse:
    form = CampaignForm(request.POST or None, request.FILES or None, instance=row, user=request.user)
    if request.method == "POST" and form.is_valid():
        saved = form.save(commit=False)
        if image := getattr(form, "image", None):
            saved.image.save("campaign.jpg", ContentFile(image.data), save=False)
        saved.save()
        campaigns.follow_priority(saved)
        messages.success(request, f"Campaña guardada: {saved}.")
        return redirect("callcenter:campaign", pk=saved.pk)
    context = {"form": form, "row": row}
    if row:
        at = bogota(clock.now())
        waiting = campaigns.candidates(row, request.user)
        context |= {
            "result": campaigns.results([row])[row.pk], "phase": campaigns.phase(row, at), "waiting": waiting.count(),
            "first": waiting.select_related("customer", "vehicle", "site").in_queue_order()[:8], "at": at,
        }  # fmt: skip
    return render(request, "callcenter/campaign.html", context, status=422 if form.errors else 200)


@may_manage
@require_POST
def enrol(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes in everybody that the preview counted."""
    row = get_object_or_404(Campaign.objects.visible_to(request.user), pk=pk)
    if row.ends_on < bogota(clock.now()).date():
        messages.error(request, "La campaña ya terminó: cambie sus fechas para incluir clientes.")
    else:
        messages.success(request, f"{campaigns.enrol(row, request.user)} clientes quedaron en la campaña {row}.")
    return redirect("callcenter:campaign", pk=pk)


@any_permission(roles.WORK_QUEUE, roles.MANAGE_CAMPAIGNS)
@require_GET
def image(request: HttpRequest, pk: int) -> HttpResponse:
    """The advertising image, to whoever calls or plans."""
    row = get_object_or_404(Campaign.objects.visible_to(request.user), pk=pk)
    if not row.image:
        raise Http404
    response = FileResponse(row.image.open("rb"), content_type="image/jpeg", filename=f"campana-{row.pk}.jpg")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
