"""SPIGA's files: file → columns → review → apply → result; each step an address that can be left and found again (screens §2.6)."""

from collections.abc import Iterable

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from callcenter import clock, roles
from callcenter.domain import audit
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.enums import BatchStatus, RowStatus
from callcenter.feeds import feeds
from callcenter.forms import BatchFilter, UploadForm
from callcenter.models import Access, Brand, ImportBatch, ImportRow, Site, User
from callcenter.places import Place
from callcenter.spiga import arrivals, changes, corrections, pipeline, rejects, repairs, repeats, undo
from callcenter.spiga.columns import ADDED_KEYS
from callcenter.views.listings import saved_views
from callcenter.words import CODE_WORDS
from carrazos.lib.calendar import bogota
from carrazos.lib.text import clean, header_key, one_line

SHOWN = 30
PLACE = Place("importaciones", "Importaciones", "callcenter:imports", ("feed", "status", "site"), roles.IMPORT_SPIGA)
ROWS_SHOWN, FRESH_SHOWN = 5, 10
ROWS_A_PAGE = 100
CHANGES_SHOWN = 20
LONG = 80  # characters that one line shows at once
SHOWN_WITH = ("requested_by", "confirmed_by", "undone_by", "site", "retry_of")
SALT, SEALED_SECONDS = "callcenter.same-file", 3_600
may_import = permission_required(roles.IMPORT_SPIGA, raise_exception=True)

# The step on which a batch stands, by its status.
STEPS = {
    BatchStatus.MAPPING: "columns", BatchStatus.CHECKING: "review", BatchStatus.CHECKED: "review", BatchStatus.UNREADABLE: "review",
    BatchStatus.CANCELLED: "review", BatchStatus.APPLYING: "result", BatchStatus.APPLIED: "result", BatchStatus.UNDOING: "result",
    BatchStatus.UNDONE: "result",
}  # fmt: skip
NAMES = (("file", "Archivo"), ("columns", "Columnas"), ("review", "Revisión"), ("apply", "Aplicar"), ("result", "Resultado"))
# What says whose a row is.
NAMING = frozenset({"customer_name", "last_name_1", "last_name_2", "plate", "order"})
PLURAL = {RowStatus.REJECTED: "Rechazadas", RowStatus.EXCLUDED: "Excluidas", RowStatus.WARNING: "Avisos"}
MENDABLE = (RowStatus.REJECTED, RowStatus.WARNING)


def batch_of(request: HttpRequest, pk: int, *, brought: bool = False) -> ImportBatch:
    """The batch, if it is this person's; 404 otherwise, 403 for a source that is not theirs. `brought`: they hold its very file."""
    rows = ImportBatch.objects.all() if brought else ImportBatch.objects.visible_to(request.user)
    row = get_object_or_404(rows.select_related(*SHOWN_WITH), pk=pk)
    if not request.user.has_perm(feeds()[row.feed].permission):
        raise PermissionDenied
    return row


def sees(user: User, row: ImportBatch) -> bool:
    return ImportBatch.objects.visible_to(user).filter(pk=row.pk).exists()


def has_brought(request: HttpRequest, pk: int) -> bool:
    """Whether the form carries the seal of `upload`: this person has just shown that they hold the batch's file."""
    try:
        return signing.loads(request.POST.get("sealed", ""), salt=SALT, max_age=SEALED_SECONDS) == [pk, request.user.pk]
    except signing.BadSignature:
        return False


def step_url(row: ImportBatch) -> str:
    return reverse(f"callcenter:import_{STEPS[row.status]}", args=[row.pk])


def to_step(request: HttpRequest, row: ImportBatch) -> HttpResponse:
    """Sends the person to the step on which the batch stands; the polling card too."""
    return HttpResponseClientRedirect(step_url(row)) if request.htmx else redirect(step_url(row))


def frame(row: ImportBatch, step: str) -> dict:
    """What every step shows: the file, the five steps, which of them can be opened."""
    opened = {STEPS[row.status], step, *(("columns", "review", "apply") if row.status == BatchStatus.CHECKED else ())}
    steps = [
        {
            "name": name,
            "label": label,
            "url": reverse(f"callcenter:import_{name}", args=[row.pk]) if name in opened else "",
            "current": name == step,
        }
        for name, label in NAMES
    ]
    return {"batch": row, "feed": feeds()[row.feed], "statuses": BatchStatus, "steps": steps, "editable": is_editable(row)}


def is_editable(row: ImportBatch) -> bool:
    """Cells can be mended while the batch waits for a person, and pending rows after it was applied, where they stand now."""
    if row.status not in {BatchStatus.CHECKED, BatchStatus.APPLIED} or row.is_running or not row.about.get("columns"):
        return False
    return row.status == BatchStatus.CHECKED or row.latest == row


# -- the list and the door -------------------------------------------------------------------------------------------


@may_import
@require_GET
def batches(request: HttpRequest) -> HttpResponse:
    """Today's state of each source and the files received."""
    saved = saved_views(request, PLACE)
    if saved["opens_as"]:
        return redirect(saved["opens_as"])
    form = BatchFilter(request.GET, user=request.user, kinds=[(slug, kind.title) for slug, kind in feeds().items()])
    rows = form.apply(ImportBatch.objects.visible_to(request.user).select_related(*SHOWN_WITH))
    context = {
        "form": form,
        **saved,
        "batches": Paginator(rows, SHOWN).get_page(request.GET.get("page")),
        "arrivals": [row for row in arrivals.today(request.user, at=clock.now(), calendar=company_calendar()) if row.is_of_today],
        "titles": {slug: kind.title for slug, kind in feeds().items()},
    }
    return render(request, "callcenter/imports.html", context)


@may_import
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Step 1: which source, which file."""
    start = {"feed": request.GET.get("feed") or next(iter(feeds())), "site": request.GET.get("site")}
    form, same = UploadForm(request.POST or None, request.FILES or None, user=request.user, initial=start), None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data["file"].read()
        site, slug, at = form.cleaned_data["site"], form.cleaned_data["feed"], clock.now()
        known = pipeline.already_imported(slug, data, site)
        row = known or pipeline.receive(slug, data, form.cleaned_data["file"].name, by=request.user, site=site, at=at, authorised=True)
        if sees(request.user, row):
            if known:
                messages.info(request, repeats.told(known, request.user))
            return redirect("callcenter:import", pk=row.pk)
        same = {
            "batch": row,
            "told": repeats.told(row, request.user),
            "takes_over": repeats.may_take_over(row, request.user),
            "sealed": signing.dumps([row.pk, request.user.pk], salt=SALT),
        }
    found = arrivals.today(request.user, at=clock.now(), calendar=company_calendar())
    last = {arrival.kind.slug: arrival for arrival in found}
    options = [{"radio": radio, "arrival": last[radio.data["value"]]} for radio in form["feed"]]
    steps = [{"name": name, "label": label, "url": "", "current": name == "file"} for name, label in NAMES]
    context = {"form": form, "options": options, "steps": steps, "same": same}
    return render(request, "callcenter/import_file.html", context, status=422 if form.errors or same else 200)


@may_import
@require_GET
def template(request: HttpRequest, slug: str) -> HttpResponse:
    """The empty list of a source, for whoever makes one by hand."""
    kind = feeds().get(slug)
    if kind is None:
        raise Http404
    return FileResponse(rejects.blank(kind), as_attachment=True, filename=f"plantilla-{slug}.xlsx", content_type=rejects.CONTENT_TYPE)


@may_import
@require_GET
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One file: its step, whatever its state."""
    return to_step(request, batch_of(request, pk))


# -- columns ---------------------------------------------------------------------------------------------------------


@may_import
@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Step 2: what each column of the file is; remembered for the next file of the source."""
    row = batch_of(request, pk)
    if row.status not in {BatchStatus.MAPPING, BatchStatus.CHECKED} or row.is_running:
        return to_step(request, row)
    kind, found = feeds()[row.feed], row.about.get("columns", [])
    fields = {column.field: column for column in kind.columns}
    if request.method == "POST":
        chosen = {index: request.POST.get(f"column-{index}", "") for index in range(len(found))}
        lacking = kind.missing({field: index for index, field in chosen.items() if field})
        if set(chosen.values()) - {"", *fields}:
            raise Http404
        if not lacking:
            sheets = request.POST.getlist("sheet") if "sheets" in request.POST else None
            return after(request, corrections.remember_columns, row, chosen, sheets=sheets)
        messages.error(request, f"Todavía falta decir cuál columna es: {', '.join(lacking)}.")
        for index, column in enumerate(found):
            column["field"] = chosen[index]
    for column in found:
        column["ours"] = header_key(column["title"]) in ADDED_KEYS
    needs = kind.needs()
    needed = {name for group in needs for name in group}
    context = {
        "columns": found,
        "fields": [{"field": column.field, "title": column.title, "needed": column.field in needed} for column in kind.columns],
        "lacking": kind.missing({column["field"]: index for index, column in enumerate(found) if column["field"]}),
        "required": [" o ".join(fields[name].title for name in group) for group in needs],
        "sheets": [*filter(None, row.about.get("sheet", "").split(", ")), *row.about.get("others", [])],
        "too_wide": row.too_wide_for(request.user),
    }
    return render(request, "callcenter/import_columns.html", frame(row, "columns") | context)


# -- review ----------------------------------------------------------------------------------------------------------


@may_import
@require_GET
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Step 3: what applying would do, rows with something wrong by cause, old and new values."""
    row = batch_of(request, pk)
    if STEPS[row.status] != "review" or (request.htmx and not row.is_running):
        return to_step(request, row)
    context = frame(row, "review") | findings(row) | {"too_wide": row.too_wide_for(request.user)}
    return render(request, "callcenter/import_review.html#card" if request.htmx else "callcenter/import_review.html", context)


def findings(row: ImportBatch) -> dict:
    """Rows that are not clean, by cause, the first of each; and what changes of what was there."""
    if row.is_running:
        return {}
    counted = problems_of(row).values("status", "code").annotate(n=Count("pk"))
    first = (
        problems_of(row)
        .annotate(turn=Window(RowNumber(), partition_by=["status", "code"], order_by=["number", "pk"]))
        .filter(turn__lte=ROWS_SHOWN)
    )
    shown: dict[tuple, list[ImportRow]] = {}
    for item in first:
        shown.setdefault((item.status, item.code), []).append(item)
    groups = [group_of(row, found["status"], found["code"], found["n"], shown[found["status"], found["code"]]) for found in counted]
    order = list(PLURAL)
    groups.sort(key=lambda group: (order.index(group["status"]), -group["n"], group["words"]))
    lines = list(changes.lines(row, feeds()[row.feed], most=CHANGES_SHOWN))
    return {
        "groups": groups, "fresh": fresh(row, row.rows.filter(status=RowStatus.CREATED)[:FRESH_SHOWN]),
        "changes": lines, "changes_n": row.changes.filter(after__isnull=False).count() if lines else 0, "changes_shown": CHANGES_SHOWN,
        "by_status": [{"status": status, "label": PLURAL[status], "n": sum(group["n"] for group in groups if group["status"] == status)} for status in order],
    }  # fmt: skip


def problems_of(row: ImportBatch) -> QuerySet[ImportRow]:
    """Rows that were not clean, without those that a retry brought in since."""
    rows = row.rows.problems()
    if row.status != BatchStatus.APPLIED or row.latest == row:
        return rows
    pending = row.latest.rows.filter(status=RowStatus.REJECTED)
    return rows.exclude(~Q(number__in=pending.values("number")), status=RowStatus.REJECTED)


def fresh(row: ImportBatch, rows: Iterable[ImportRow]) -> dict:
    """Rows that will create something, with the columns that are used."""
    used = [(index, column["label"]) for index, column in enumerate(row.about.get("columns", [])) if column["field"]]
    return {
        "titles": [title for _, title in used],
        "rows": [(item, [item.raw[index] if index < len(item.raw) else "" for index, _ in used]) for item in rows],
    }


def group_of(row: ImportBatch, status: str, code: str, n: int, rows: list[ImportRow]) -> dict:
    """One cause: what it means, its first rows with the cell that mends each, the repairs for all of them."""
    mendable = is_editable(row) and status in MENDABLE and (row.status == BatchStatus.CHECKED or status == RowStatus.REJECTED)
    for item in rows:
        item.position = corrections.position_of(item, row) if mendable else None
        item.title = row.about["columns"][item.position]["title"] if item.position is not None else item.column
        item.cell = cell_of(item, item.position, f"{item.title} de la fila {item.number}") if item.position is not None else None
        item.who = who(item, row)
    has_cell = any(item.position is not None for item in rows)
    offered = repairs.offered(code) if mendable and (has_cell or code == "NO_SITE") else ()
    return {
        "status": RowStatus(status), "code": code, "words": CODE_WORDS.get(code, code), "n": n, "rows": rows, "mendable": mendable,
        "repairs": [{"repair": repair, "choices": choices_of(repair)} for repair in offered],
        "has_cell": has_cell, "has_value": has_cell or any(item.value for item in rows),
        "column": common(item.title for item in rows), "message": common(item.message for item in rows),
    }  # fmt: skip


def cell_of(item: ImportRow, position: int, title: str) -> dict:
    """A cell to be mended; a long one, or one of several lines, as a box: an `input` would lose its line breaks."""
    raw = item.raw[position] if position < len(item.raw) else ""
    value = one_line(raw)
    is_long = len(value) > LONG or "\n" in raw.strip()
    return {"name": f"cell-{item.number}-{position}", "title": title, "value": raw if is_long else value, "is_long": is_long}


def common(texts: Iterable[str]) -> str | None:
    """What every row of a group says, to say it once; None when they differ."""
    found = set(texts)
    return found.pop() if len(found) == 1 else None


def who(item: ImportRow, row: ImportBatch) -> str:
    """Whose row it is, as the file writes it: a number says nothing to whoever has to decide."""
    columns = row.about.get("columns", [])
    cells = [cell for cell, column in zip(item.raw, columns, strict=False) if column["field"] in NAMING and cell.strip()]
    return " · ".join(cells)


def choices_of(repair: repairs.Repair) -> list[str]:
    """What a repair lets choose from; empty for a free text."""
    if repair.argument == "area":
        return list(repairs.AREAS)
    if repair.argument == "site":
        return [site.name for site in Site.objects.filter(is_active=True)]
    if repair.argument == "brand":
        return [brand.name for brand in Brand.objects.filter(is_active=True)]
    return []


@may_import
@require_GET
def group(request: HttpRequest, pk: int, status: str, code: str) -> HttpResponse:
    """All rows of one cause, page by page."""
    row = batch_of(request, pk)
    if status == "UPDATED":
        return updates(request, row)
    rows = (row.rows if status == RowStatus.CREATED else problems_of(row)).filter(status=status, code=code)
    found = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    if not found.paginator.count:
        raise Http404
    context = {"group": group_of(row, status, code, found.paginator.count, list(found)), "pages": found, "fresh": fresh(row, found)}
    return render(request, "callcenter/import_group.html", frame(row, STEPS[row.status]) | context)


def updates(request: HttpRequest, row: ImportBatch) -> HttpResponse:
    """Every old and new value that was kept, page by page."""
    found = Paginator(list(changes.lines(row, feeds()[row.feed])), ROWS_A_PAGE).get_page(request.GET.get("page"))
    if not found.paginator.count:
        raise Http404
    return render(request, "callcenter/import_group.html", frame(row, STEPS[row.status]) | {"changes": found, "pages": found})


@may_import
@require_http_methods(["GET", "POST"])
def line(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Every cell of one row, to mend it whole."""
    row = batch_of(request, pk)
    item = row.rows.filter(number=number).first()
    if item is None or not is_editable(row):
        raise Http404
    cells = [cell_of(item, index, column["title"] or f"Columna {index + 1}") for index, column in enumerate(row.about["columns"])]
    if request.method == "POST":
        return mend(request, row)
    problems = row.rows.problems().filter(number=number)
    return render(
        request, "callcenter/import_row.html", frame(row, STEPS[row.status]) | {"item": item, "cells": cells, "problems": problems}
    )


# -- corrections -----------------------------------------------------------------------------------------------------


def after(request: HttpRequest, verb, row: ImportBatch, *args, **kwargs) -> HttpResponse:
    """Does one verb and follows the batch that it answers; a refusal is told and nothing is lost."""
    try:
        found = verb(row.pk, *args, **kwargs)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("callcenter:import", pk=row.pk)
    return redirect("callcenter:import", pk=found.pk)


@may_import
@require_POST
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    return mend(request, batch_of(request, pk))


def shown(raw: str) -> tuple[str, str]:
    """What a form sends back of a cell that nobody touched: its lines, or all of them as one."""
    return raw.strip(), one_line(raw)


def mend(request: HttpRequest, row: ImportBatch) -> HttpResponse:
    """Keeps the cells of the form that differ from the file's (`cell-ROW-COLUMN`)."""
    typed = {}
    for name, value in request.POST.items():
        kind, _, place = name.partition("-")
        number, _, position = place.partition("-")
        if kind == "cell" and number.isdigit() and position.isdigit() and len(place) < 12:
            typed[int(number), int(position)] = clean(value).strip()
    raws = dict(row.rows.filter(number__in={number for number, _ in typed}).values_list("number", "raw"))
    cells = {
        (number, position): value
        for (number, position), value in typed.items()
        if number in raws and value not in shown(raws[number][position] if position < len(raws[number]) else "")
    }
    if not cells:
        messages.info(request, "No cambió ninguna celda.")
        return redirect("callcenter:import", pk=row.pk)
    return after(request, corrections.correct, row, cells, by=request.user, at=clock.now())


@may_import
@require_POST
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """One repair for every row of a group."""
    row, at = batch_of(request, pk), clock.now()
    try:
        found, n = corrections.apply_rule(
            row.pk, status=request.POST.get("status", ""), code=request.POST.get("code", ""), slug=request.POST.get("rule", ""),
            argument=request.POST.get("argument", ""), by=request.user, at=at, today=bogota(at).date(),
        )  # fmt: skip
    except Refused as refusal:
        messages.error(request, str(refusal))
        here = refusal.batch if isinstance(refusal, repeats.SameFile) and sees(request.user, refusal.batch) else row
        return redirect("callcenter:import", pk=here.pk)
    messages.success(request, f"{'Se corrigió 1 fila' if n == 1 else f'Se corrigieron {n} filas'}; el archivo se revisa de nuevo.")
    return redirect("callcenter:import", pk=found.pk)


# -- apply and after -------------------------------------------------------------------------------------------------


@may_import
@require_http_methods(["GET", "POST"])
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Step 4: the consequences in words, and the button."""
    row = batch_of(request, pk)
    if request.method == "POST":
        return after(request, pipeline.confirm, row, by=request.user)
    if row.status != BatchStatus.CHECKED or row.is_running:
        return to_step(request, row)
    counts = row.counts
    context = {
        "too_wide": row.too_wide_for(request.user),
        "enter": counts["created"] + counts["updated"],
        "pending": sum(counts["rejected"].values()),
        "agents": callers(row) if row.about.get("opened") else 0,
    }
    return render(request, "callcenter/import_apply.html", frame(row, "apply") | context)


def callers(row: ImportBatch) -> int:
    """How many people will find the batch's outreaches in their queue."""
    sites = row.about.get("sites", [])
    people = User.objects.with_perm(roles.WORK_QUEUE, include_superusers=False, backend="django.contrib.auth.backends.ModelBackend")
    if programme := feeds()[row.feed].programme:
        people = people.filter(Q(programmes=[]) | Q(programmes__contains=[programme]))
    return people.filter(Q(all_sites=True) | Q(sites__in=sites)).distinct().count()


@may_import
@require_GET
def result(request: HttpRequest, pk: int) -> HttpResponse:
    """Step 5: what it did, what stayed out, what can still be done."""
    row = batch_of(request, pk)
    if STEPS[row.status] != "result" or (request.htmx and not row.is_running):
        return to_step(request, row)
    context = frame(row, "result") | findings(row)
    if row.status == BatchStatus.APPLIED and not row.is_running:
        kind, left, at = feeds()[row.feed], sum(row.counts.get("rejected", {}).values()), clock.now()
        context |= {
            "left": left,
            "pending": left if row.latest == row else row.latest.rows.filter(status=RowStatus.REJECTED).count(),
            "retries": retries_of(row),
            "why_not_undo": undo.why_not(row, kind, at=at) or row.too_wide_for(request.user),
        }
    return render(request, "callcenter/import_result.html#card" if request.htmx else "callcenter/import_result.html", context)


def retries_of(row: ImportBatch) -> list[ImportBatch]:
    """The retries of its pending rows, and of those that each left."""
    return [found for retry in row.retries.order_by("created_at") for found in (retry, *retries_of(retry))]


@may_import
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    return after(request, corrections.retry, batch_of(request, pk), by=request.user, at=clock.now())


@may_import
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """The file of this batch once more, for this person: taken over from who left it, or repeated on purpose."""
    row = batch_of(request, pk, brought=has_brought(request, pk))
    try:
        found = repeats.again(row.pk, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("callcenter:imports")
    return redirect("callcenter:import", pk=found.pk)


@may_import
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    row = batch_of(request, pk)
    return after(request, undo.request, row, feeds()[row.feed], by=request.user, at=clock.now())


@may_import
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    return after(request, pipeline.resume, batch_of(request, pk))


@may_import
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    row = batch_of(request, pk)
    try:
        left = pipeline.discard(row.pk, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("callcenter:import", pk=pk)
    if left.status != BatchStatus.CANCELLED:
        messages.error(request, f"{row.name} ya no se puede descartar: {left.get_status_display().lower()}.")
        return redirect("callcenter:import", pk=pk)
    messages.success(request, f"Descartado: {row.name}. No se escribió nada.")
    return redirect("callcenter:imports")


@may_import
@require_GET
def rejected(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that did not enter, as a workbook with the reason beside each."""
    row = batch_of(request, pk)
    name = f"filas-no-importadas-{row.pk}.xlsx"
    audit.note_access(
        request.user, Access.EXPORT, f"Filas no importadas del listado n.º {row.pk}", at=clock.now(), rows=row.rows.problems().count()
    )
    return FileResponse(rejects.workbook(row), as_attachment=True, filename=name, content_type=rejects.CONTENT_TYPE)
