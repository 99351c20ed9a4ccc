"""Ley 2300 at work: why somebody can't be called now, rules lifted in writing, standing refusals, the RNE."""

import csv
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.access import any_permission
from callcenter.domain import consent, contact_law, ledger, search
from callcenter.domain.calendar import company_calendar
from callcenter.domain.contact_law import ContactIntent
from callcenter.domain.errors import Refused
from callcenter.enums import BatchStatus, Channel, ExclusionScope, ExclusionSource, Purpose
from callcenter.forms import RefusalForm
from callcenter.models import ContactPoint, Customer, Exclusion, ImportBatch, LawOverride, Outreach, User
from carrazos.lib.calendar import bogota

PER_PAGE = 50
OVERRIDES_SHOWN = 20
FOUND_SHOWN = 20
may_see = any_permission(roles.WORK_QUEUE, roles.SUPERVISE)
may_manage = permission_required(roles.MANAGE_CONSENT, raise_exception=True)


def reasons_why(row: Outreach, user: User, at) -> list[dict]:
    """For the telephone and for WhatsApp: every rule that forbids the contact now to that person, and when it would be legal."""
    history = contact_law.load_history(row.customer_id, at, matter=row.pk, agent=user.pk)
    calendar, mode = company_calendar(), contact_law.company_mode()
    found = []
    for channel in (Channel.VOICE, Channel.WHATSAPP):
        intent = ContactIntent(channel, row.contact_purpose, at)
        rules = contact_law.broken(intent, history, calendar=calendar, mode=mode)
        found.append({
            "channel": channel,
            "rules": [{"verdict": verdict, "can_lift": rule.can_lift} for rule, verdict in rules],
            "next_at": contact_law.next_allowed(intent, history, calendar=calendar, mode=mode) if rules else at,
        })  # fmt: skip
    return found


@may_see
@require_GET
def why(request: HttpRequest, pk: int) -> HttpResponse:
    """«¿Por qué no se puede llamar ahora?»"""
    row = get_object_or_404(Outreach.objects.visible_to(request.user).for_console(), pk=pk)
    at = clock.now()
    lifted = LawOverride.objects.filter(customer=row.customer).select_related("by")[:OVERRIDES_SHOWN]
    context = {
        "row": row,
        "at": at,
        "why": reasons_why(row, request.user, at),
        "purpose": Purpose(row.contact_purpose).label,
        "lifted": lifted,
    }
    return render(request, "callcenter/why.html", context)


@permission_required(roles.OVERRIDE_LAW, raise_exception=True)
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Lifts one rule for one contact of this person today, with a written reason."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user).for_console(), pk=pk)
    at = clock.now()
    channel = Channel.WHATSAPP if request.POST.get("channel") == Channel.WHATSAPP else Channel.VOICE
    intent = ContactIntent(channel, row.contact_purpose, at)
    history = contact_law.load_history(row.customer_id, at, matter=row.pk, agent=request.user.pk)
    broken = contact_law.broken(intent, history, calendar=company_calendar(), mode=contact_law.company_mode())
    verdict = next((found for rule, found in broken if rule.code == request.POST.get("rule")), None)
    try:
        if verdict is None:
            raise Refused("Esa regla ya no impide el contacto.")
        ledger.lift(row, verdict, reason=request.POST.get("reason", ""), by=request.user, at=at)
        messages.success(request, f"Regla {verdict.rule} levantada para {row.customer}, por hoy y un solo contacto. Queda registrado.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("callcenter:why", pk=pk)


@may_manage
@require_GET
def law(request: HttpRequest) -> HttpResponse:
    """The mode in force, the RNE, standing refusals and rules lifted."""
    rows = Exclusion.objects.visible_to(request.user).standing().select_related("customer", "recorded_by").order_by("-since", "-id")
    if words := request.GET.get("q", "").strip():
        rows = rows.filter(customer__in=list(found_by(words, request)))
    return render(request, "callcenter/law.html", law_context(request, rows, words=words))


def law_context(request: HttpRequest, rows: QuerySet[Exclusion], *, words: str = "", form: RefusalForm | None = None) -> dict:
    at, mode = clock.now(), contact_law.company_mode()
    last = ImportBatch.objects.filter(feed="exclusions", status=BatchStatus.APPLIED).order_by("-applied_at").first()
    return {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "words": words,
        "form": form or RefusalForm(),
        "mode": mode,
        "last": last,
        "fresh_since": contact_law.fresh_since(bogota(at).date(), mode, company_calendar()),
        "to_ask": numbers_to_ask(request, at).count(),
        "lifted": LawOverride.objects.visible_to(request.user).select_related("customer", "by")[:OVERRIDES_SHOWN],
    }


def numbers_to_ask(request: HttpRequest, at) -> QuerySet:
    """Usable numbers of people who wait for a commercial contact and whose look-up in the RNE is missing or old."""
    since = contact_law.fresh_since(bogota(at).date(), contact_law.company_mode(), company_calendar())
    waiting = Outreach.objects.visible_to(request.user).open().filter(purpose=Purpose.COMMERCIAL).values("customer")
    points = ContactPoint.objects.phones().usable().filter(customer__in=waiting).exclude(rne_checked_on__gte=since)
    return points.order_by("value").values_list("value", flat=True).distinct()


def found_by(words: str, request: HttpRequest) -> QuerySet[Customer]:
    """The visible customers that a telephone, plate, document or name finds; the first ones."""
    return search.matching(Customer.objects.visible_to(request.user), words)[:FOUND_SHOWN]


class Echo:
    """A file that gives back what is written into it."""

    def write(self, value: str) -> str:
        return value


@may_manage
@require_GET
def numbers(request: HttpRequest) -> StreamingHttpResponse:
    """«Números por consultar»: what the portal of the CRC asks, one number a line."""
    writer = csv.writer(Echo())
    lines = ([value.removeprefix("+57")] for value in numbers_to_ask(request, clock.now()).iterator())
    response = StreamingHttpResponse((writer.writerow(line) for line in (["Numero"], *lines)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="numeros-por-consultar-{clock.today():%Y%m%d}.csv"'
    return response


def record_refusal(customer: Customer, data: dict, *, by: User, at: datetime) -> str:
    """Writes down what an `OptOutForm` says, and tells what it changed."""
    done = consent.refuse(
        customer,
        scope=ExclusionScope(data["scope"]),
        channels=data["channels"],
        source=ExclusionSource.CUSTOMER,
        at=at,
        by=by,
        note=data["note"],
    )
    changed = {1: " Se retiró o cambió de canal 1 gestión en cola."}.get(
        len(done.withdrawn), f" Se retiraron o cambiaron de canal {len(done.withdrawn)} gestiones en cola." if done.withdrawn else ""
    )
    return f"Registrado: {customer} no será contactado en ese alcance.{changed}"


@may_manage
@require_POST
def refuse(request: HttpRequest) -> HttpResponse:
    """Records a refusal that came by another way: a letter, a mail, the counter."""
    form = RefusalForm(request.POST)
    if form.is_valid():
        found = list(found_by(form.cleaned_data["who"], request))
        if len(found) == 1:
            messages.success(request, record_refusal(found[0], form.cleaned_data, by=request.user, at=clock.now()))
            return redirect("callcenter:law")
        names = ", ".join(str(customer) for customer in found[:5])
        form.add_error("who", f"Hay varios: {names}. Use el documento o la placa." if found else "No se encontró a nadie con ese dato.")
    rows = Exclusion.objects.visible_to(request.user).standing().select_related("customer", "recorded_by").order_by("-since", "-id")
    return render(request, "callcenter/law.html", law_context(request, rows, form=form), status=422)


@may_manage
@require_POST
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer wants to be contacted again."""
    row = get_object_or_404(Exclusion.objects.visible_to(request.user), pk=pk)
    if row.source == ExclusionSource.RNE:
        messages.error(request, "La exclusión del RNE se levanta con una consulta nueva, no a mano.")
    else:
        consent.give_back(row, by=request.user, at=clock.now())
        messages.success(request, f"Levantada: {row.customer} puede volver a ser contactado. Lo que ya se retiró no vuelve a la cola.")
    return redirect("callcenter:law")
