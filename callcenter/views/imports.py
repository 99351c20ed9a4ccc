"""SPIGA's files: upload, review, apply, result; each step an address that can be left and found again (screens §2.6)."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Count
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.enums import BatchStatus, RowStatus
from callcenter.feeds import feeds
from callcenter.forms import UploadForm
from callcenter.models import ImportBatch
from callcenter.spiga import pipeline, rejects
from callcenter.words import CODE_WORDS
from carrazos.lib.calendar import bogota

SHOWN = 30
ROWS_SHOWN = 50
may_import = permission_required(roles.IMPORT_SPIGA, raise_exception=True)


@may_import
def upload(request: HttpRequest) -> HttpResponse:
    """The list of files, and the door for a new one."""
    form = UploadForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data["file"].read()
        site, slug, at = form.cleaned_data["site"], form.cleaned_data["feed"], clock.now()
        known = pipeline.already_imported(slug, data, site)
        batch = known or pipeline.receive(slug, data, form.cleaned_data["file"].name, by=request.user, site=site, at=at, authorised=True)
        if known:
            messages.info(request, f"Ese archivo ya se importó el {bogota(known.created_at):%d/%m/%Y a las %H:%M}: este es su resultado.")
        return redirect("callcenter:import", pk=batch.pk)
    batches = ImportBatch.objects.visible_to(request.user).select_related("requested_by", "site")[:SHOWN]
    context = {"form": form, "batches": batches, "feeds": feeds()}
    return render(request, "callcenter/imports.html", context, status=422 if form.errors else 200)


@may_import
@require_GET
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One file: progress, review or result, whatever its state."""
    row = get_object_or_404(ImportBatch.objects.visible_to(request.user).select_related("requested_by", "site"), pk=pk)
    context = {"batch": row, "feed": feeds()[row.feed], "statuses": BatchStatus, **groups_of(row)}
    if request.htmx:
        # The card asks every two seconds; it stops asking once nothing runs.
        return render(request, "callcenter/import.html#card", context)
    return render(request, "callcenter/import.html", context)


def groups_of(row: ImportBatch) -> dict:
    """Rows that are not clean, by cause: how many, what it means, the first ones."""
    counted = row.rows.values("status", "code").annotate(n=Count("pk")).order_by("status", "-n")
    groups = [
        {
            "status": RowStatus(group["status"]),
            "code": group["code"],
            "words": CODE_WORDS.get(group["code"], group["code"]),
            "n": group["n"],
            "rows": row.rows.filter(status=group["status"], code=group["code"])[:ROWS_SHOWN],
        }
        for group in counted
    ]
    order = list(RowStatus)
    return {"groups": sorted(groups, key=lambda group: (order.index(group["status"]), -group["n"])), "rows_shown": ROWS_SHOWN}


@may_import
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ImportBatch.objects.visible_to(request.user), pk=pk)
    pipeline.confirm(row.pk, by=request.user)
    return redirect("callcenter:import", pk=pk)


@may_import
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ImportBatch.objects.visible_to(request.user), pk=pk)
    pipeline.discard(row.pk)
    messages.success(request, f"Descartado: {row.name}. No se escribió nada.")
    return redirect("callcenter:imports")


@may_import
@require_GET
def rejected(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that did not enter, as a workbook with the reason beside each."""
    row = get_object_or_404(ImportBatch.objects.visible_to(request.user), pk=pk)
    name = f"filas-no-importadas-{row.pk}.xlsx"
    return FileResponse(rejects.workbook(row), as_attachment=True, filename=name, content_type=rejects.CONTENT_TYPE)
