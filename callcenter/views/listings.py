"""The page of any list, its saved views and its export: a list's addresses are `listing_urls(...)` in its app's urls."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import IntegrityError, transaction
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, exports, reading, roles
from callcenter.access import everyone
from callcenter.domain import audit
from callcenter.domain.errors import Refused
from callcenter.enums import WorkState
from callcenter.forms import ReasonForm, ViewForm
from callcenter.models import Access, ListExport, SavedView
from callcenter.places import Place
from callcenter.tables import Listing, counted, listings

EXPORTS_SHOWN = 30
PASSING = ("after", "before", "more", "count", "chips")  # what an address holds for one answer only


def view_urls(place: Place | Listing, route: str, name: str) -> list[URLPattern]:
    """Where a page's views are kept and dropped: `name_view`, `name_unview`. Put them before a route that takes any word."""
    may_see = permission_required(place.permission, raise_exception=True) if place.permission else everyone

    @may_see
    @require_POST
    def keep(request: HttpRequest) -> HttpResponse:
        return keep_view(request, place)

    @may_see
    @require_POST
    def drop(request: HttpRequest) -> HttpResponse:
        return drop_view(request, place)

    return [path(f"{route}vistas/", keep, name=f"{name}_view"), path(f"{route}vistas/borrar/", drop, name=f"{name}_unview")]


def listing_urls(listing: Listing, route: str, name: str) -> list[URLPattern]:
    """The addresses of a list: its page `name`, and `name_view`, `name_unview`, `name_export` beside it."""

    @permission_required(listing.permission, raise_exception=True)
    @require_GET
    def page(request: HttpRequest) -> HttpResponse:
        return render_listing(request, listing)

    found = [path(route, page, name=name), *view_urls(listing, route, name)]
    if listing.export_permission:

        @permission_required(listing.export_permission, raise_exception=True)
        @require_POST
        def export(request: HttpRequest) -> HttpResponse:
            return start_export(request, listing)

        found.append(path(f"{route}descargar/", export, name=f"{name}_export"))
    return found


def render_listing(request: HttpRequest, listing: Listing, **more: object) -> HttpResponse:
    """The list at its address. Without a query it opens as the person's own default view.

    What few look at comes when it is asked for: the further filters (`more`), how many rows there are (`count`) and how many each chip finds (`chips`).
    """
    if request.htmx and "chips" in request.GET:
        context = {"counted": listing.chips_counted(request.user), "state": request.GET.get("chips")}
        return render(request, "callcenter/listing.html#chips", context)
    if request.htmx and "count" in request.GET:
        return HttpResponse(f"{counted(listing.filtered(request.GET, request.user).qs)} resultados")
    saved = saved_views(request, listing)
    if saved["opens_as"]:
        return redirect(saved["opens_as"])
    if {"after", "before"} & request.GET.keys() and (slower := reading.leafed_too_fast(request, listing.title)):
        return slower
    asked = listing.filtered(request.GET, request.user)
    page = listing.page(request.GET, request.user, found=asked.qs)
    order, _ = listing.order(request.GET)
    form = asked.form
    others = [name for name in form.fields if name not in listing.main_filters]
    used = [name for name in others if request.GET.get(name)]
    shown = others if "more" in request.GET else used
    context = {
        "listing": listing,
        "page": page,
        "headers": [
            (column, header_link(listing, column, order, request.GET), header_sort(listing, column, order)) for column in page.columns
        ],
        "main": [form[name] for name in listing.main_filters],
        "others": [form[name] for name in shown],
        "others_used": len(used),
        "more_url": with_params(request.GET, more="1") if len(shown) < len(others) else "",
        "is_filtered": any(request.GET.get(name) for name in form.fields),
        "orders": [(name, row.title) for name, row in listing.orders.items()],
        "order": order,
        "count_url": "" if page.count is not None else with_params(request.GET, count="1"),
        "next_url": page.next and with_params(request.GET, after=page.next),
        "previous_url": page.previous and with_params(request.GET, before=page.previous),
        "cols": request.GET.get("cols", ""),
        "kept": [(name, value) for name, values in request.GET.lists() if name not in {"cols", *PASSING} for value in values],
        "chooser": [
            *[(column, True) for column in page.columns],
            *[(column, False) for column in listing.columns if column not in page.columns],
        ],
        "may_export": listing.export_permission and request.user.has_perm(listing.export_permission),
        **saved,
        **listing.more(request.user),
        **more,
    }
    template = "callcenter/listing.html#more" if request.htmx and "more" in request.GET else listing.template
    return render(request, template, context, status=200 if form.is_valid() else 422)


def saved_views(request: HttpRequest, place: Place | Listing) -> dict:
    """One's own views of a page and the shared ones, the one that is open and whether it was changed since.

    `opens_as`: where the page goes by itself without a query, when somebody chose a view for that; empty otherwise.
    """
    rows = list(SavedView.objects.visible_to(request.user).filter(listing=place.slug).prefetch_related("owner"))
    own = next((row for row in rows if row.is_default and row.owner_id == request.user.pk), None)
    current = next((row for row in rows if str(row.pk) == request.GET.get("view")), None)
    state, columns = place.state(request.GET), place.chosen_names(request.GET)
    return {
        "place": place, "state": state, "view": current,
        "views": [(row, f"{place.url()}?{address_of(row)}") for row in rows],
        "is_modified": current and (current.query != state or (current.columns or place.default_names) != columns),
        "opens_as": f"{place.url()}?{address_of(own)}" if own and not request.GET else "",
    }  # fmt: skip


def address_of(view: SavedView) -> str:
    columns = {"cols": ".".join(view.columns)} if view.columns else {}
    return "&".join(part for part in (view.query, urlencode(columns | {"view": view.pk})) if part)


def with_params(params: QueryDict, **changes: str) -> str:
    """The address with other values; a new cursor replaces the old one."""
    copy = params.copy()
    for name in PASSING:
        copy.pop(name, None)
    for name, value in changes.items():
        copy[name] = value
    return f"?{copy.urlencode()}"


def header_link(listing: Listing, column, order: str, params: QueryDict) -> str:
    """Where a press on a header leads: its order, or the same the other way round."""
    if not column.order:
        return ""
    opposite = f"{column.order}-desc"
    wanted = opposite if order == column.order and opposite in listing.orders else column.order
    return with_params(params, order=wanted)


def header_sort(listing: Listing, column, order: str) -> str:
    if not column.order or order.removesuffix("-desc") != column.order:
        return ""
    return "descending" if listing.orders[order].descending else "ascending"


def keep_view(request: HttpRequest, listing: Place | Listing) -> HttpResponse:
    """Saves the address as a view of one's own, or over one of one's own."""
    form = ViewForm(request.POST)
    params = QueryDict(request.POST.get("state", "")[:2000])
    if not form.is_valid():
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
        return redirect(f"{listing.url()}?{params.urlencode()}")
    data = form.cleaned_data
    values = {
        "query": listing.state(params),
        "columns": listing.chosen_names(params),
        "is_shared": data["is_shared"],
        "is_default": data["is_default"],
    }
    try:
        with transaction.atomic():
            own = SavedView.objects.filter(owner=request.user, listing=listing.slug)
            if data["is_default"]:
                own.select_for_update().update(is_default=False)
            view, _ = own.update_or_create(name=data["name"], defaults=values, create_defaults=values | {
                "owner": request.user, "listing": listing.slug, "name": data["name"]})  # fmt: skip
    except IntegrityError:
        messages.error(request, "Otra ventana guardó esa vista al mismo tiempo: revise y repita.")
        return redirect(f"{listing.url()}?{params.urlencode()}")
    messages.success(request, f"Vista «{view}» guardada.")
    return redirect(f"{listing.url()}?{address_of(view)}")


def drop_view(request: HttpRequest, listing: Place | Listing) -> HttpResponse:
    """Deletes a view of one's own; the list itself stays as it is."""
    pk = request.POST.get("view", "")
    view = SavedView.objects.filter(owner=request.user, listing=listing.slug, pk=int(pk) if pk.isdigit() and len(pk) < 19 else 0).first()
    if view is None:
        messages.error(request, "Solo se borran las vistas propias.")
    else:
        view.delete()
        messages.success(request, f"Vista «{view.name}» borrada.")
    return redirect(listing.url())


# -- exports ---------------------------------------------------------------------------------------------------------


def start_export(request: HttpRequest, listing: Listing) -> HttpResponse:
    """Leaves the export as a job and shows its card."""
    params = QueryDict(request.POST.get("state", "")[:2000])
    everything = request.POST.get("columns") == "all"
    names = [column.name for column in (listing.columns if everything else listing.chosen(params))]
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.errors["reason"][0])
        return redirect(f"{listing.url()}?{params.urlencode()}")
    query = listing.picked_query(request.POST) if request.POST.get("picked") else listing.state(params)
    if request.POST.get("picked") and not query:
        messages.error(request, "Seleccione al menos una fila.")
        return redirect(f"{listing.url()}?{params.urlencode()}")
    work = exports.ask(listing, query, names, reason=form.cleaned_data["reason"], by=request.user, at=clock.now())
    if work.work_state == WorkState.IDLE:
        return render(request, "callcenter/export.html", {"row": work, "listing": listing}, status=403)
    return redirect("callcenter:export", pk=work.pk)


@permission_required(roles.SEE_HISTORY, raise_exception=True)
@require_POST
def approve_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Lets go a download that passed its person's quota."""
    row = get_object_or_404(ListExport.objects.visible_to(request.user), pk=pk)
    try:
        exports.approve(row, by=request.user)
        messages.success(request, f"Descarga de {row.requested_by} aprobada.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("callcenter:accesses")


@everyone
@require_GET
def own_exports(request: HttpRequest) -> HttpResponse:
    """One's own workbooks, the newest first."""
    rows = ListExport.objects.filter(requested_by=request.user)[:EXPORTS_SHOWN]
    return render(request, "callcenter/exports.html", {"rows": [(row, listings().get(row.listing)) for row in rows]})


@everyone
@require_GET
def export_card(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ListExport, pk=pk, requested_by=request.user)
    context = {"row": row, "listing": listings().get(row.listing)}
    return render(request, "callcenter/export.html#card" if request.htmx else "callcenter/export.html", context)


@everyone
@require_GET
def export_file(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ListExport, pk=pk, requested_by=request.user, work_state=WorkState.DONE)
    name = f"{row.listing}-{row.pk}.xlsx"
    audit.note_access(request.user, Access.EXPORT, f"Lista n.º {row.pk}: {row.listing}", at=clock.now(), rows=row.rows, sha256=row.sha256)
    return FileResponse(row.file.open("rb"), as_attachment=True, filename=name, content_type=exports.CONTENT_TYPE)
