"""One edition of a report: its frozen figures, review, approval, delivery, correction."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain import audit
from callcenter.domain.errors import Refused
from callcenter.enums import WorkState
from callcenter.models import Access
from carrazos.lib import periods
from reports.domain import editions as verbs
from reports.forms import CorrectionForm, ReviewForm
from reports.models import Delivery, Edition, EditionState
from reports.views.centre import CONTENT_TYPES, may_see, report_of

may_review = permission_required(roles.REVIEW_REPORTS, raise_exception=True)
may_approve = permission_required(roles.APPROVE_REPORTS, raise_exception=True)
FILES = {"excel": ("workbook", "xlsx"), "pdf": ("pdf", "pdf")}


def edition_of(request: HttpRequest, pk: int) -> Edition:
    rows = Edition.objects.visible_to(request.user).select_related(
        "site", "brand", "reviewed_by", "approved_by", "sent_by", "document__document"
    )
    return get_object_or_404(rows, pk=pk)


@may_review
@require_POST
def prepare(request: HttpRequest, code: str) -> HttpResponse:
    """Prepares the edition of a closed period by hand."""
    kind = report_of(code)
    try:
        period = periods.parse(request.POST.get("period", ""))
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("reports:report", code=code)
    if period.last >= clock.today():
        messages.error(request, "El período aún no ha terminado: la edición se prepara cuando cierre.")
        return redirect("reports:report", code=code)
    return redirect("reports:edition", pk=verbs.prepare(kind.code, period, by=request.user, at=clock.now()).pk)


@may_see
@require_GET
def edition(request: HttpRequest, pk: int) -> HttpResponse:
    return page(request, edition_of(request, pk))


def page(request: HttpRequest, row: Edition, *, review: ReviewForm | None = None, status: int = 200) -> HttpResponse:
    today = clock.today()
    same = Edition.objects.visible_to(request.user).filter(code=row.code, period=row.period, site=row.site, brand=row.brand)
    context = {
        "edition": row, "report": report_of(row.code), "due": verbs.due_words(row, today), "overdue": row.is_overdue(today),
        "versions": same.order_by("-number"), "review": review or ReviewForm(instance=row), "correction": CorrectionForm(),
        "deliveries": row.deliveries.select_related("user", "mail", "site", "brand"),
        "people": [words_of(delivery) for delivery in verbs.recipients(row)] if row.state == EditionState.APPROVED else [],
        "can_review": request.user.has_perm(roles.REVIEW_REPORTS) and row.state in {EditionState.PREPARED, EditionState.REVIEWED},
        "can_approve": request.user.has_perm(roles.APPROVE_REPORTS) and row.state == EditionState.REVIEWED,
        "can_send": request.user.has_perm(roles.APPROVE_REPORTS) and row.state == EditionState.APPROVED,
        "can_correct": request.user.has_perm(roles.REVIEW_REPORTS) and row.state not in {EditionState.BUILDING, EditionState.CORRECTED},
    }  # fmt: skip
    return render(request, "reports/edition.html", context, status=status)


def words_of(delivery: Delivery) -> str:
    """`Diego Robles`, `gerencia@…, solo Sede Norte`."""
    only = " y ".join(str(place) for place in (delivery.site, delivery.brand) if place)
    return f"{delivery.user or delivery.email}{f' (solo {only})' if only else ''}"


def act(request: HttpRequest, pk: int, verb: Callable[[Edition], Edition], done: str) -> HttpResponse:
    """Runs one verb on an edition of one's scope and shows it."""
    row = edition_of(request, pk)
    try:
        row = verb(row)
        messages.success(request, done)
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("reports:edition", pk=row.pk)


@may_review
@require_POST
def review(request: HttpRequest, pk: int) -> HttpResponse:
    row = edition_of(request, pk)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return page(request, row, review=form, status=422)
    text = form.cleaned_data
    return act(request, pk, lambda row: verbs.review(row.pk, by=request.user, comment=text["comment"], strategies=text["strategies"],
                                                     at=clock.now()), "Informe revisado.")  # fmt: skip


@may_approve
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    return act(request, pk, lambda row: verbs.approve(row.pk, by=request.user, at=clock.now()), "Informe aprobado.")


@may_approve
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    return act(request, pk, lambda row: verbs.send(row.pk, by=request.user, at=clock.now()), "Informe en camino a sus destinatarios.")


@may_review
@require_POST
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    reason = request.POST.get("reason", "")
    done = "Se prepara una versión nueva; la anterior queda marcada como corregida."
    return act(request, pk, lambda row: verbs.correct(row.pk, by=request.user, reason=reason, at=clock.now()), done)


@may_approve
@require_POST
def retry(request: HttpRequest, pk: int, delivery: int) -> HttpResponse:
    row = get_object_or_404(Delivery.objects.select_related("mail"), pk=delivery, edition=edition_of(request, pk))
    verbs.retry(row)
    messages.success(request, f"Se intenta de nuevo el envío a {row.email}.")
    return redirect("reports:edition", pk=pk)


@may_see
@require_GET
def file(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The frozen Excel or PDF."""
    row = edition_of(request, pk)
    if kind not in FILES or row.state == EditionState.BUILDING or row.work_state != WorkState.DONE:
        raise Http404
    name, extension = FILES[kind]
    filename = f"{row.code}_{row.period}_v{row.number}.{extension}"
    audit.note_access(request.user, Access.EXPORT, f"{row.code} {row.period} v{row.number}", at=clock.now())
    return FileResponse(getattr(row, name).open("rb"), as_attachment=True, filename=filename, content_type=CONTENT_TYPES[extension])
