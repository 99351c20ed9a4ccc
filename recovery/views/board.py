"""The director's page of a list (REC-4), its rows, and what people decide about them."""

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import DateField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain.errors import Refused
from callcenter.enums import Outcome
from callcenter.models import Attempt
from carrazos.lib import periods
from carrazos.lib.periods import Month
from carrazos.lib.text import key
from recovery.domain import eligibility, figures, lists, results
from recovery.enums import ListState, Proof
from recovery.forms import NoteForm, RowsForm
from recovery.models import Candidacy, RecoveryList

PAGE = 50
COUNT_CAP = 10_000
MONTHS_SHOWN = 13
COHORTS_SHOWN = 6
REASONS_SHOWN = 10
may_see = permission_required(roles.SEE_RECOVERY, raise_exception=True)
may_work = permission_required(roles.WORK_RECOVERY_LISTS, raise_exception=True)


def month_of(request: HttpRequest) -> Month:
    """The month that was asked for; else that of the newest list, else this one."""
    raw = request.POST.get("month") or request.GET.get("month") or ""
    try:
        asked = periods.parse(raw)
    except ValueError:
        asked = None
    if isinstance(asked, Month):
        return asked
    newest = RecoveryList.objects.first()
    return newest.period if newest else Month.of(clock.today())


@may_see
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """How a list goes: size, exclusions, calls, bookings, who came back; by agent, segment, brand and site."""
    month, today = month_of(request), clock.today()
    row = RecoveryList.objects.filter(month=month.first).select_related("frozen_by").first()
    context = {
        "month": month, "row": row, "states": ListState, "today": today, "current": Month.of(today),
        "months": [Month.of(today).next().back(index) for index in range(MONTHS_SHOWN)],
        "can_work": request.user.has_perm(roles.WORK_RECOVERY_LISTS),
    }  # fmt: skip
    if row and request.htmx:
        return render(request, "recovery/board.html#progress", context)
    if row and row.built_at:
        rows = Candidacy.objects.visible_to(request.user).filter(recovery_list=row)
        context |= {"funnel": figures.funnel(rows), "exclusions": figures.exclusions(rows), "words": eligibility.WORDS}
        context["tables"] = [(title, name, figures.by(rows, name)) for title, name in DIMENSIONS]
        if row.is_frozen:
            agents = figures.by_agent(rows)
            context |= {
                "agents": agents, "calls": sum(agent.calls for agent in agents),
                "whys": [(title, figures.reasons(rows, outcome)[:REASONS_SHOWN]) for title, outcome in RANKINGS],
            }  # fmt: skip
    context["cohorts"] = figures.cohorts(figures.Scope.of(request.user), month, count=COHORTS_SHOWN, today=today)
    context["cohort_days"] = figures.COHORT_DAYS
    return render(request, "recovery/board.html", context)


DIMENSIONS = (("Por tiempo sin venir", "segment"), ("Por marca", "brand"), ("Por sede", "site"))
RANKINGS = (("Por qué no agendan", Outcome.DECLINED), ("Por qué no se los contacta", Outcome.NO_CONTACT))


class CappedPaginator(Paginator):
    """Counts no further than a person would leaf."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[:COUNT_CAP].count()


@dataclass(frozen=True)
class Line:
    """A candidacy as the list shows it."""

    row: Candidacy
    standing: results.Standing | None


@may_see
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The vehicles of a list, with every reason or how each stands today."""
    month = month_of(request)
    form = RowsForm(request.GET or None, user=request.user)
    found = Candidacy.objects.visible_to(request.user).filter(recovery_list__month=month.first)
    if form.is_bound and form.is_valid():
        found = narrowed(found, form.cleaned_data, clock.today())
    found = found.select_related("customer", "vehicle__brand", "site", "recovery_list", "credited_to", "decided_by")
    paginator = CappedPaginator(found.order_by(F("last_visit_on").desc(nulls_last=True), "pk"), PAGE)
    page = paginator.get_page(request.GET.get("page"))
    today = clock.today()
    lines = [Line(row, results.standing(row, today) if row.is_listed and row.recovery_list.is_frozen else None) for row in page.object_list]
    query = urlencode([(name, value) for name, value in request.GET.items() if name != "page" and value])
    people = found.order_by().exclude(customer=None).values("customer").distinct()[:COUNT_CAP].count()
    context = {
        "month": month, "form": form, "page": page, "lines": lines, "people": people, "query": query, "is_capped": paginator.count == COUNT_CAP,
        "filters": [form[name] for name in ("q", "state", "reason", "segment", "site", "brand", "agent", "why")],
        "can_work": request.user.has_perm(roles.WORK_RECOVERY_LISTS),
        "row": RecoveryList.objects.filter(month=month.first).first(),
    }  # fmt: skip
    return render(request, "recovery/rows.html", context)


def narrowed(found: QuerySet[Candidacy], data: dict, today: date) -> QuerySet[Candidacy]:
    """The rows that the search form asks for."""
    if text := key(data["q"]):
        bare = text.replace(" ", "")
        found = found.filter(Q(customer__name_key__contains=text) | Q(vehicle__plate__startswith=bare) | Q(vehicle__vin__startswith=bare))
    for name in ("segment", "site", "brand"):
        if data[name]:
            found = found.filter(**{name: data[name]})
    if data["reason"]:
        found = found.filter(Q(reasons__contains=[data["reason"]]) | Q(reason=data["reason"]))
    calls = Attempt.objects.filter(outreach=OuterRef("outreach"), undone_at__isnull=True)
    if data["why"]:
        found = found.filter(Exists(calls.filter(reason=data["why"])))
    state, agent = data["state"], data["agent"]
    if agent:
        # Who came back is whose credit it is; every other figure of an agent is of their own calls.
        found = found.filter(credited_to=agent) if state == "recovered" else found.filter(Exists(calls.filter(agent=agent)))
    if state == "excluded":
        return found.excluded()
    return figures.with_work(found.listed(), by=agent).filter(condition(state, today)) if state else found


def condition(state: str, today: date) -> Q:
    """What a state of the search asks of rows that have their work."""
    over = Q(
        first_call_on__isnull=False,
        proof="",
        first_call_on__lt=ExpressionWrapper(Value(today) - F("recovery_list__window_days"), output_field=DateField()),
    )
    return {
        "listed": Q(), "uncalled": Q(is_called=False), "called": Q(is_called=True), "contacted": Q(is_contacted=True), "booked": Q(is_booked=True),
        "recovered": Q(proof=Proof.RECOVERED), "waiting": Q(first_call_on__isnull=False, proof="") & ~over, "lost": over,
        "failed": ~Q(proof__in=["", Proof.RECOVERED]),
    }[state]  # fmt: skip


@may_work
@require_POST
def prepare(request: HttpRequest) -> HttpResponse:
    """Builds a month's list, or builds it anew."""
    month = month_of(request)
    try:
        lists.prepare(month, by=request.user, at=clock.now())
        messages.success(request, f"Preparando la lista de {month.label}.")
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect(f"{reverse('recovery:board')}?month={month.code}")


@may_work
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Freezes the list and opens its calls."""
    month = month_of(request)
    row = get_object_or_404(RecoveryList, month=month.first)
    try:
        lists.start(row.pk, by=request.user, at=clock.now())
        messages.success(request, f"La lista de {month.label} quedó en firme: las llamadas se están abriendo.")
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect(f"{reverse('recovery:board')}?month={month.code}")


def decided(request: HttpRequest, pk: int, verb, done: str) -> HttpResponse:
    row = get_object_or_404(Candidacy.objects.visible_to(request.user).select_related("recovery_list", "vehicle__brand"), pk=pk)
    form = NoteForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(" ".join(form.errors["note"]))
        verb(row.pk, form.cleaned_data["note"], by=request.user, at=clock.now())
        messages.success(request, f"{row.vehicle}: {done}.")
    except Refused as refusal:
        messages.warning(request, str(refusal))
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = f"{reverse('recovery:rows')}?month={row.recovery_list.period.code}"
    return redirect(back)


@may_work
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Brings a vehicle back into the list."""
    return decided(request, pk, lists.restore, "vuelve a la lista")


@may_work
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a vehicle out of the list."""
    return decided(request, pk, lists.remove, "sale de la lista")
