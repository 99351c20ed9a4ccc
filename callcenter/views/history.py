"""What changed, who changed it, and who looked (GSC: trazabilidad; Ley 1581, art. 17)."""

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from callcenter import roles
from callcenter.domain import audit
from callcenter.forms import HistoryForm
from callcenter.models import AccessLog, Change, ListExport

may_see = permission_required(roles.SEE_HISTORY, raise_exception=True)
PAGE = 50


@may_see
@require_GET
def changes(request: HttpRequest) -> HttpResponse:
    """The newest changes of catalogues, users and parameters (of customers only for whoever sees every site)."""
    form = HistoryForm(request.GET or None)
    tables = audit.by_table()
    if not request.user.all_sites or not request.user.has_perm(roles.SEE_CUSTOMERS):
        tables = {name: model for name, model in tables.items() if audit.scope_of(model) is None}
    rows = form.narrow(Change.objects.filter(table_name__in=tables)).order_by("-id")
    found = list(rows[: PAGE + 1])
    context = {"form": form, "stories": audit.tell(found[:PAGE]), "older": found[PAGE - 1].pk if len(found) > PAGE else None}
    return render(request, "callcenter/history.html", context)


@may_see
@require_GET
def row(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Everything that ever happened to one row."""
    model = audit.model_of(kind)
    subject = model and audit.visible_row(model, pk, request.user)
    if subject is None:
        raise Http404
    context = {"subject": subject, "kind": model._meta.verbose_name, "stories": audit.history_of(subject)}
    return render(request, "callcenter/history_row.html", context)


@may_see
@require_GET
def accesses(request: HttpRequest) -> HttpResponse:
    """Who saw, downloaded or exported personal data."""
    form = HistoryForm(request.GET or None)
    rows = AccessLog.objects.select_related("user").order_by("-id")
    if not request.user.all_sites:
        rows = rows.filter(user__sites__in=request.user.site_ids).distinct()
    found = list(form.narrow(rows, user="user")[: PAGE + 1])
    held = ListExport.objects.visible_to(request.user).held().select_related("requested_by").order_by("-created_at")
    context = {"form": form, "rows": found[:PAGE], "older": found[PAGE - 1].pk if len(found) > PAGE else None, "held": held[:PAGE]}
    return render(request, "callcenter/accesses.html", context)
