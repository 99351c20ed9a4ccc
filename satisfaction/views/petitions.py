"""PQRS: file, watch the legal clock, answer in writing, prove, close (CAR-4, 6, 7; domain 2.5-2.6)."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from callcenter import clock, reading, roles
from callcenter.domain import data_requests
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.downloads import hand_over
from callcenter.enums import WorkState
from callcenter.models import Customer, WorkOrder
from callcenter.whatsapp import agent_phone
from carrazos.lib import phones, text
from carrazos.lib.calendar import bogota
from satisfaction.domain import people, petitions
from satisfaction.domain import pqrs as terms
from satisfaction.enums import PqrsChannel, PqrsKind
from satisfaction.forms import FilingForm, StepForm
from satisfaction.models import FollowUp, Letter, Pqrs, PqrsFile

FOUND = 8
may_see = permission_required(roles.SEE_PQRS, raise_exception=True)
may_manage = permission_required(roles.MANAGE_PQRS, raise_exception=True)


def worded(row: Pqrs, today, calendar) -> Pqrs:
    row.words = terms.days_words(row.due_on, today, calendar) if row.is_pending else ""
    row.is_late = row.is_pending and today > row.due_on
    return row


@may_manage
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Files a PQRS: first the customer, then the matter."""
    at = clock.now()
    if request.method == "POST":
        form = FilingForm(request.POST, user=request.user)
        if form.is_valid():
            try:
                if form.is_about_data:
                    return file_data_request(request, form, at)
                row = petitions.file(form.filing(), by=request.user, at=at, calendar=company_calendar())
                messages.success(request, f"Radicada {row.number}: responder a más tardar el {row.due_on:%d/%m/%Y}.")
                return redirect("satisfaction:pqrs_detail", pk=row.pk)
            except Refused as refusal:
                form.add_error(None, str(refusal))
        return render(request, "satisfaction/pqrs_new.html", filing_context(request, form), status=422)
    form = FilingForm(initial=first_values(request, at), user=request.user)
    return render(request, "satisfaction/pqrs_new.html", filing_context(request, form))


def file_data_request(request: HttpRequest, form: FilingForm, at) -> HttpResponse:
    """What is asked about personal data goes to its own register, with its own clock. Raises Refused when it is being handled already."""
    asked = form.data_request()
    made = data_requests.open_request(form.cleaned_data["customer"], **asked, by=request.user, at=at, calendar=company_calendar())
    messages.success(
        request, f"Radicada la solicitud n.º {made.pk} sobre datos personales: responder a más tardar el {made.due_on:%d/%m/%Y}."
    )
    return redirect("privacy:request", pk=made.pk) if request.user.has_perm(roles.MANAGE_PRIVACY) else redirect("satisfaction:pqrs")


def first_values(request: HttpRequest, at) -> dict:
    """What is known before anything is typed: now, the customer, and their last order's site and brand."""
    now = bogota(at)
    values = {"received_day": now.date(), "received_time": now.time().replace(second=0, microsecond=0), "channel": PqrsChannel.PHONE}
    values["kind"] = PqrsKind.COMPLAINT
    raw = request.GET.get("cliente", "")
    customer = Customer.objects.visible_to(request.user).filter(pk=int(raw)).first() if raw.isdigit() and len(raw) < 18 else None
    case = request.GET.get("caso", "")
    follow_up = (
        FollowUp.objects.visible_to(request.user).select_related("customer").filter(pk=int(case)).first()
        if case.isdigit() and len(case) < 18
        else None
    )
    customer = customer or (follow_up and follow_up.customer)
    if customer is None:
        return values
    points = list(customer.points.all())
    values |= {
        "customer": customer.pk,
        "reply_email": next((point.value for point in points if point.kind == "EMAIL"), ""),
        "reply_phone": next((point.value for point in points if point.kind == "PHONE" and point.is_usable and point.is_mobile), ""),
    }
    source = follow_up or WorkOrder.objects.visible_to(request.user).filter(customer=customer).order_by("-visited_on").first()
    if source:
        values |= {"site": source.site_id, "brand": source.brand_id}
    if follow_up:
        values |= {"follow_up": follow_up.pk, "area": follow_up.area, "description": follow_up.voice}
    return values


def filing_context(request: HttpRequest, form: FilingForm) -> dict:
    raw = str(form["customer"].value() or "")
    customer = Customer.objects.visible_to(request.user).filter(pk=int(raw)).first() if raw.isdigit() and len(raw) < 18 else None
    search = text.clean(request.GET.get("q", ""))[:80]
    return {
        "form": form,
        "customer": customer,
        "search": search,
        "found": found_customers(request.user, search) if search and customer is None else [],
        "terms": [(PqrsKind(kind).label, petitions.term_days(kind), term.source) for kind, term in terms.TERMS.items()]
        + [(f"Datos personales: {kind.label.lower()}", term.days, term.source) for kind, term in data_requests.TERMS.items()],
    }


def found_customers(user, search: str):
    """Customers by name, document or plate."""
    digits = "".join(char for char in search if char.isdigit())
    plate = "".join(search.upper().split()).replace("-", "")
    match = Q(name_key__contains=text.name_key(search)) | Q(vehicles__plate=plate)
    if len(digits) >= 5:
        match |= Q(document_number=digits) | Q(points__value__endswith=digits[-10:])
    return Customer.objects.visible_to(user).filter(match).distinct().order_by("name_key")[:FOUND]


@may_see
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(whole(request), pk=pk)
    reading.opened(request, f"PQRS {row.number}", row.customer)
    return render_pqrs(request, row)


def whole(request: HttpRequest) -> QuerySet[Pqrs]:
    """The matters of this person's, with what their page shows."""
    return Pqrs.objects.visible_to(request.user).for_list().select_related("work_order", "follow_up", "filed_by", "answered_by")


def render_pqrs(request: HttpRequest, row: Pqrs, *, form: StepForm | None = None, opened: str = "", status: int = 200) -> HttpResponse:
    at, calendar = clock.now(), company_calendar()
    worded(row, bogota(at).date(), calendar)
    term = terms.TERMS[PqrsKind(row.kind)]
    context = {
        "row": row,
        "term": term,
        "events": row.events.select_related("by").order_by("-at", "-id"),
        "files": row.files.select_related("added_by"),
        "letters": row.letters.all(),
        "form": form,
        "opened": opened,
        "may_manage": request.user.has_perm(roles.MANAGE_PQRS),
        "may_extend": row.is_pending and term.extension and not row.extended_days and not row.is_late,
        "channels": PqrsChannel.choices,
        "people": people.assignable(row.area, row.site_id, row.brand_id),
        "whatsapp": agent_phone.link(mobile(row.reply_phone), whatsapp_text(row)) if mobile(row.reply_phone) else "",
        "done": WorkState.DONE,
    }
    return render(request, "satisfaction/pqrs.html", context, status=status)


def mobile(raw: str) -> str:
    """The reply phone as E.164, when it is a usable mobile."""
    found = phones.parse(raw) if raw else []
    return next((phone.e164 for phone in found if phone.callable and phones.is_mobile(phone.e164)), "")


def whatsapp_text(row: Pqrs) -> str:
    head = f"Carrazos: respuesta a su {row.get_kind_display().lower()} {row.number}.\n\n"
    return head + row.answer if row.answer else petitions.receipt_text(row)


STEPS = {"acuse", "ampliar", "asignar", "gestion", "responder", "entregar", "cerrar", "anexar"}


@may_manage
@require_POST
def step(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """One step of a PQRS; a refusal gives the page back with what was typed."""
    if slug not in STEPS:
        raise Http404
    row = get_object_or_404(whole(request), pk=pk)
    form = StepForm(request.POST, request.FILES)
    if not form.is_valid():
        return render_pqrs(request, row, form=form, opened=slug, status=422)
    try:
        done = take_step(row, slug, form.cleaned_data, by=request.user)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        # Somebody else may have moved it on: that is what the page must show.
        return render_pqrs(request, get_object_or_404(whole(request), pk=pk), form=form, opened=slug, status=422)
    messages.success(request, done)
    return redirect(reverse("satisfaction:pqrs_detail", args=[pk]))


def take_step(row: Pqrs, slug: str, data: dict, *, by) -> str:
    """Runs the verb of one step and says what was done. Raises Refused."""
    at, calendar = clock.now(), company_calendar()
    file = data["file"]
    if slug in {"entregar", "anexar"} and not file:
        raise Refused("Elija la imagen o el PDF.")
    if slug == "asignar" and data["to"] is None:
        raise Refused("Elija a quién.")
    if slug == "cerrar" and not data["satisfied"]:
        raise Refused("Indique si el cliente quedó satisfecho con el cierre.")
    return {
        "acuse": lambda: petitions.acknowledge(row.pk, by=by, at=at) and "Acuse de recibo registrado.",
        "ampliar": lambda: (
            petitions.extend(row.pk, data["days"] or 0, data["text"], by=by, at=at, calendar=calendar) and "Término ampliado."
        ),
        "asignar": lambda: petitions.assign(row.pk, data["to"], by=by, at=at) and f"Asignada a {data['to']}.",
        "gestion": lambda: petitions.register(row.pk, data["text"], by=by, at=at) and "Gestión registrada.",
        "responder": lambda: (
            petitions.answer(row.pk, data["text"], data["channel"] or PqrsChannel.WRITTEN, by=by, at=at) and "Respuesta registrada."
        ),
        "entregar": lambda: petitions.deliver(row.pk, file.read(), file.name, by=by, at=at) and "Entrega con evidencia registrada.",
        "cerrar": lambda: (
            petitions.close(row.pk, satisfied=data["satisfied"] == "yes", text=data["text"], by=by, at=at) and "PQRS cerrada."
        ),
        "anexar": lambda: petitions.attach(row.pk, file.read(), file.name, by=by, at=at) and "Anexo guardado.",
    }[slug]()


@may_see
@require_GET
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    """A file of a PQRS, to whoever may see it."""
    row = get_object_or_404(PqrsFile.objects.visible_to(request.user).select_related("pqrs__customer"), pk=pk)
    kind = "pdf" if row.content_type == "application/pdf" else "jpg"
    return hand_over(request, row.file, about=f"Anexo n.º {row.pk} de la PQRS {row.pqrs.number}", name=f"anexo-{row.pk}.{kind}",
                     content_type=row.content_type, customer=row.pqrs.customer, sha256=row.sha256)  # fmt: skip


@may_see
@require_GET
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """A letter on the company's letterhead."""
    row = get_object_or_404(Letter, pk=pk, work_state=WorkState.DONE, pqrs__in=Pqrs.objects.visible_to(request.user))
    return hand_over(request, row.file, about=f"Carta de la PQRS {row.pqrs.number}", name=f"{row.pqrs.number}-{row.kind.lower()}.pdf",
                     content_type="application/pdf", customer=row.pqrs.customer, sha256=row.sha256)  # fmt: skip
