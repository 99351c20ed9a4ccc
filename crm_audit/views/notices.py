"""The notices to the advisors, and the page that each opens by the link of the e-mail (CRM-10)."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from callcenter import clock, roles
from callcenter.domain.errors import Refused
from crm_audit.domain import notices
from crm_audit.forms import (
    AnswerForm,
)
from crm_audit.models import Notice
from crm_audit.views.shared import may_audit, may_see, page_of, shared


@may_see
@require_GET
def notice_list(request: HttpRequest) -> HttpResponse:
    """What would be sent now, advisor by advisor, and what was sent before with its state."""
    at, user = clock.now(), request.user
    sent = (
        Notice.objects.visible_to(user).select_related("advisor", "mail", "sent_by")
        .annotate(total=Count("items"), corrected=Count("items", filter=Q(items__corrected_at__isnull=False)))
    )  # fmt: skip
    found = notices.drafts(user, at) if user.has_perm(roles.AUDIT) else []
    context = shared(at) | page_of(request, sent, "created_at", "pk", descending=True) | {
        "drafts": [(draft, notices.body_of(draft, by=user, link="(enlace personal del asesor)")) for draft in found],
        "ready": sum(not draft.blocked for draft in found),
    }  # fmt: skip
    return render(request, "crm_audit/notices.html", context)


@may_audit
@require_POST
def send_notices(request: HttpRequest) -> HttpResponse:
    """Puts the chosen advisors' notices in the outbox."""
    chosen = [int(raw) for raw in request.POST.getlist("advisor") if raw.isdigit() and len(raw) < 19]

    def address(token: str) -> str:
        return request.build_absolute_uri(reverse("crm_audit:notice_public", args=[token]))

    try:
        sent = notices.send(chosen, by=request.user, at=clock.now(), address=address)
        messages.success(request, f"{sent} {'aviso en camino' if sent == 1 else 'avisos en camino'}.")
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("crm_audit:notices")


@may_see
@require_GET
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """One notice: what was said, whether it was read and answered, what was corrected since."""
    row = get_object_or_404(Notice.objects.visible_to(request.user).select_related("advisor", "mail", "sent_by"), pk=pk)
    return render(request, "crm_audit/notice.html", shared(clock.now()) | {"notice": row, "items": items_of(row)})


def items_of(row: Notice):
    return row.items.select_related("activity__prospect", "validation__prospect").order_by("corrected_at", "id")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def notice_public(request: HttpRequest, token: str) -> HttpResponse:
    """The advisor's own page, by the link of the e-mail, and their answer. Fetching it says nothing: scanners of mail do so too."""
    at, row = clock.now(), notice_of(token)
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        notices.answer(row, form.cleaned_data["text"], at)
        return redirect("crm_audit:notice_public", token=token)
    context = {"notice": row, "items": items_of(row), "form": form}
    return render(request, "crm_audit/notice_public.html", context, status=422 if form.errors else 200)


@login_not_required
@require_POST
def notice_opened(request: HttpRequest, token: str) -> HttpResponse:
    """The page was drawn before a person: sent by the page itself, once it is visible."""
    notices.opened(notice_of(token), clock.now())
    return HttpResponse(status=204)


def notice_of(token: str) -> Notice:
    row = notices.by_token(token, clock.now())
    if row is None:
        raise Http404
    return row
