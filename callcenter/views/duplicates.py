"""Two customers that may be one: the queue of pairs, the comparison, the merge and its undoing."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, reading, roles
from callcenter.domain import matching, merging, search, timeline
from callcenter.domain.errors import Refused
from callcenter.forms import OtherForm
from callcenter.models import Customer, CustomerMerge, DuplicatePair, DuplicateScan, Exclusion, User
from callcenter.views.customers import own, render_customer

PAIRS_SHOWN = 50
may_merge = permission_required(roles.MERGE_CUSTOMERS, raise_exception=True)


@may_merge
@require_GET
def duplicates(request: HttpRequest) -> HttpResponse:
    """The queue of pairs that may be one, the surest first."""
    rows = list(
        DuplicatePair.objects.open().visible_to(request.user).select_related("first", "second").order_by("-score", "id")[: PAIRS_SHOWN + 1]
    )
    keys = {pk for pair in rows for pk in (pair.first_id, pair.second_id)}
    merges = (
        CustomerMerge.objects.undoable()
        .filter(survivor__in=Customer.objects.visible_to(request.user))
        .select_related("survivor", "loser", "by")
    )
    context = {
        "pairs": rows[:PAIRS_SHOWN],
        "has_more": len(rows) > PAIRS_SHOWN,
        "plates": search.plates_of(keys),
        "phones": search.first_phones(keys),
        "sure": matching.SURE_FROM,
        "scan": DuplicateScan.objects.first(),
        "merges": merges[:10],
    }
    return render(request, "callcenter/duplicates.html", context)


@may_merge
@require_POST
def scan(request: HttpRequest) -> HttpResponse:
    """Leaves a search of the whole master as a job, unless one is under way."""
    if matching.ask_scan(by=request.user, at=clock.now()):
        messages.success(request, "Búsqueda en marcha: la lista se actualiza al terminar.")
    else:
        messages.info(request, "Ya hay una búsqueda en curso.")
    return redirect("callcenter:duplicates")


@may_merge
def pair(request: HttpRequest, pk: int) -> HttpResponse:
    """Two customers side by side: why they look like one, and what to do."""
    row = get_object_or_404(DuplicatePair.objects.visible_to(request.user).select_related("first", "second"), pk=pk)
    if request.method == "POST":
        return decide_pair(request, row)
    for one in (row.first, row.second):
        reading.opened(request, "Comparación de duplicados", one)
    found = matching.compare(row.first, row.second)
    sides = [side_of(one, request.user) for one in (row.first, row.second)]
    return render(
        request,
        "callcenter/pair.html",
        {"pair": row, "score": found, "sides": sides, "suggested": suggested(sides), "choices": choices(row)},
    )


def side_of(one: Customer, user: User) -> dict:
    """What the comparison shows of one of the two."""
    return {
        "customer": one,
        "points": one.points.all(),
        "parties": one.parties.current().select_related("vehicle__brand"),
        "outreaches": one.outreaches.count(),
        "exclusions": Exclusion.objects.standing().filter(customer=one),
        "last": timeline.history(one, user).events[:1],
    }


def choices(row: DuplicatePair) -> list[dict]:
    """The fields in which both say something and not the same: a person says which stays."""
    both = (row.first, row.second)
    labels = {"name": "Nombre", "document": "Documento", "city": "Ciudad"}
    options = {field: [(one.pk, getattr(one, field)) for one in both if getattr(one, field)] for field in merging.CHOICES}
    return [
        {"field": field, "label": labels[field], "options": found}
        for field, found in options.items()
        if len({text for _, text in found}) > 1
    ]


def suggested(sides: list[dict]) -> int:
    """Who should stay: the one with a document, then the one with more history, then the older."""
    best = max(sides, key=lambda side: (bool(side["customer"].document_key), side["outreaches"], -side["customer"].pk))
    return best["customer"].pk


def decide_pair(request: HttpRequest, row: DuplicatePair) -> HttpResponse:
    at, answer = clock.now(), request.POST.get("stays", "")
    if answer == "none":
        merging.dismiss(row, by=request.user, at=at)
        messages.success(request, f"{row.first} y {row.second} quedan como personas distintas.")
        return redirect("callcenter:duplicates")
    if answer not in {str(row.first_id), str(row.second_id)}:
        messages.error(request, "Elija cuál de los dos queda.")
        return redirect("callcenter:duplicate", pk=row.pk)
    survivor = int(answer)
    loser = row.second_id if survivor == row.first_id else row.first_id
    try:
        take = {field for field in merging.CHOICES if request.POST.get(field) == str(loser)}
        done = merging.merge(survivor, loser, by=request.user, at=at, take=take)
        messages.success(request, f"Fusionados: queda {done.survivor}. Si no era, deshágalo en su página o en esta lista.")
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("callcenter:duplicate", pk=row.pk)
    return redirect("callcenter:duplicates")


@may_merge
@require_POST
def unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a merge back."""
    row = get_object_or_404(CustomerMerge.objects.filter(survivor__in=Customer.objects.visible_to(request.user)), pk=pk)
    try:
        merging.undo(row.pk, by=request.user, at=clock.now())
        messages.success(request, f"Deshecho: {row.survivor} y {row.loser} vuelven a ser dos.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("callcenter:customer", pk=row.survivor_id)


@may_merge
@require_POST
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Opens the comparison with another customer that somebody names."""
    row = own(request, pk)
    form = OtherForm(request.POST)
    if form.is_valid():
        found = search.find(form.cleaned_data["other"], request.user)
        others = {hit.customer for hits in found.values() for hit in hits if hit.customer.pk != row.pk}
        if len(others) == 1:
            first, second = sorted([row, others.pop()], key=lambda one: one.pk)
            score = matching.compare(first, second)
            values = {"score": score.points, "reasons": list(score.reasons), "found_at": clock.now()}
            made, _ = DuplicatePair.objects.get_or_create(first=first, second=second, defaults=values)
            return redirect("callcenter:duplicate", pk=made.pk)
        many = (
            f"Hay {len(others)} clientes que coinciden: escriba el documento o la placa."
            if others
            else "No hay otro cliente así en sus sedes."
        )
        form.add_error("other", many)
    return render_customer(request, row, bound={"other": form}, status=422)
