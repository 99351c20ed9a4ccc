"""Habeas data: requests with their clocks, authorisations with their proof, a person's file (Ley 1581 de 2012)."""

import hashlib
import io
import json

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.files.base import ContentFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.module_loading import import_string
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain import audit, data_requests
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.domain.evidence import clean_picture
from callcenter.domain.person_file import person_file
from callcenter.downloads import hand_over
from callcenter.models import Access, Authorisation, Customer, DataRequest, RequestStatus
from callcenter.privacy_forms import AuthorisationForm, RequestForm, StepForm
from carrazos.lib.calendar import start_of
from carrazos.lib.text import clean

may_manage = permission_required(roles.MANAGE_PRIVACY, raise_exception=True)
SHOWN = 100


def customer_of(request: HttpRequest, pk: int) -> Customer:
    return get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)


@may_manage
@require_GET
def requests(request: HttpRequest) -> HttpResponse:
    """What is open, the nearest clock first; then what was closed."""
    rows = DataRequest.objects.visible_to(request.user).select_related("customer", "opened_by", "answered_by")
    context = {
        "open": rows.open()[:SHOWN], "closed": rows.exclude(status__in=[RequestStatus.OPEN, RequestStatus.INCOMPLETE]).order_by("-id")[:SHOWN],
        "today": clock.today(),
    }  # fmt: skip
    return render(request, "callcenter/privacy/requests.html", context)


@may_manage
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person's authorisations and requests, and the door for a new request."""
    customer = customer_of(request, pk)
    form = RequestForm(request.POST or None, initial={"received_on": clock.today()})
    if request.method == "POST" and form.is_valid():
        try:
            made = data_requests.open_request(customer, **form.cleaned_data, by=request.user, at=clock.now(), calendar=company_calendar())
            messages.success(request, f"Radicada: {made}. Se responde a más tardar el {made.due_on:%d/%m/%Y}.")
            return redirect("privacy:request", pk=made.pk)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    context = {
        "customer": customer, "form": form, "authorisation_form": AuthorisationForm(initial={"granted_on": clock.today()}),
        "authorisations": customer.authorisations.select_related("recorded_by"), "requests": customer.data_requests.all(),
    }  # fmt: skip
    return render(request, "callcenter/privacy/person.html", context, status=422 if form.errors else 200)


@may_manage
@require_POST
def authorise(request: HttpRequest, pk: int) -> HttpResponse:
    """Records an authorisation with its proof."""
    customer = customer_of(request, pk)
    form = AuthorisationForm(request.POST, request.FILES)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(errors))
        return redirect("privacy:person", pk=pk)
    data = form.cleaned_data
    proof = {}
    if file := data["proof"]:
        content = file.read()
        kind = "pdf" if content.startswith(b"%PDF-") else "jpg"
        try:
            # A picture is made again without what it hides; a PDF is stored as it came and only ever downloaded.
            if kind == "jpg":
                content = clean_picture(content).data
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("privacy:person", pk=pk)
        name = clean(file.name, 120)
        proof = {"proof": ContentFile(content), "proof_kind": kind, "proof_name": name, "proof_sha256": hashlib.sha256(content).hexdigest()}
    made = data_requests.authorise(
        customer, purpose=data["purpose"], source=data["source"], text_version=data["text_version"], granted_at=start_of(data["granted_on"]),
        channels=data["channels"], note=data["note"], by=request.user, **proof,
    )  # fmt: skip
    messages.success(request, f"Autorización guardada: {made.get_purpose_display().lower()}.")
    return redirect("privacy:person", pk=pk)


@may_manage
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Authorisation.objects.visible_to(request.user), pk=pk)
    data_requests.revoke(row.pk, by=request.user, at=clock.now())
    messages.success(request, "Autorización revocada.")
    return redirect("privacy:person", pk=row.customer_id)


@may_manage
@require_GET
def proof(request: HttpRequest, pk: int) -> HttpResponse:
    """The proof of an authorisation, only ever as a download."""
    row = get_object_or_404(Authorisation.objects.visible_to(request.user).exclude(proof=""), pk=pk)
    kind = "pdf" if row.proof.name.endswith(".pdf") else "jpg"
    return hand_over(request, row.proof, about="Prueba de una autorización", name=f"autorizacion-{row.pk}.{kind}",
                         content_type="application/octet-stream", customer=row.customer, sha256=row.proof_sha256)  # fmt: skip


@may_manage
@require_GET
def data_request(request: HttpRequest, pk: int) -> HttpResponse:
    """One request and what may be done with it."""
    row = get_object_or_404(DataRequest.objects.visible_to(request.user).select_related("customer", "opened_by", "answered_by"), pk=pk)
    context = {"row": row, "today": clock.today(), "erasure": getattr(row, "erasure", None), "statuses": RequestStatus, "form": StepForm()}
    return render(request, "callcenter/privacy/request.html", context)


STEPS = {
    "responder": lambda row, words, user, at: data_requests.answer(row.pk, text=words, by=user, at=at),
    "ampliar": lambda row, words, user, at: data_requests.extend(row.pk, reason=words, at=at, calendar=company_calendar()),
    "completar": lambda row, words, user, at: data_requests.ask_to_complete(row.pk, missing=words, at=at),
    "completada": lambda row, words, user, at: data_requests.complete(row.pk, at=at, calendar=company_calendar()),
}


@may_manage
@require_POST
def step(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Answer, extend, ask for what is missing, go on."""
    row = get_object_or_404(DataRequest.objects.visible_to(request.user), pk=pk)
    form = StepForm(request.POST)
    if verb not in STEPS:
        raise Http404
    try:
        if form.is_valid():
            STEPS[verb](row, form.cleaned_data["words"], request.user, clock.now())
            messages.success(request, "Guardado.")
        else:
            messages.error(request, "El texto es demasiado largo.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("privacy:request", pk=pk)


@may_manage
@require_GET
def download(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The person's file as JSON or PDF."""
    customer = customer_of(request, pk)
    if kind not in {"json", "pdf"}:
        raise Http404
    told = person_file(customer, at=clock.now())
    try:
        if kind == "json":
            content = json.dumps(told, ensure_ascii=False, indent=2).encode()
        else:
            content = import_string(settings.PDF_DRAWER)(render_to_string("callcenter/privacy/file.html", {"file": told}))
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("privacy:person", pk=pk)
    digest = hashlib.sha256(content).hexdigest()
    rows = sum(map(len, told["datos"].values()))
    audit.note_access(
        request.user, Access.EXPORT, "Expediente de datos personales", at=clock.now(), customer=customer, rows=rows, sha256=digest
    )
    return FileResponse(io.BytesIO(content), as_attachment=True, filename=f"datos-personales-{pk}.{kind}")
