"""The register of controlled documents, and the releases to use somebody's image (domain 1.9, 2.7)."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from callcenter import clock, roles
from callcenter.domain import images, papers
from callcenter.domain.errors import Refused
from callcenter.downloads import hand_over
from callcenter.forms import DocumentFilter, ReleaseForm, VersionForm
from callcenter.models import BrandPlatform, ControlledDocument, ImageRelease
from callcenter.places import Place
from callcenter.views.listings import saved_views

may_see = permission_required(roles.SEE_DOCUMENTS, raise_exception=True)
may_manage = permission_required(roles.MANAGE_DOCUMENTS, raise_exception=True)
may_release = permission_required(roles.MANAGE_RELEASES, raise_exception=True)


PLACE = Place("documentos", "Documentos", "callcenter:documents", ("q", "status", "validity"), roles.SEE_DOCUMENTS)


@may_see
@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """Every document with its version in force; a code, an alias or words of the title find it."""
    saved = saved_views(request, PLACE)
    if saved["opens_as"]:
        return redirect(saved["opens_as"])
    today, form = clock.today(), DocumentFilter(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    rows = []
    for document in ControlledDocument.objects.prefetch_related("versions"):
        text = " ".join((document.code, document.title, *document.aliases)).lower()
        if asked.get("q", "").lower() not in text or asked.get("status") not in {None, "", document.status}:
            continue
        versions = sorted(document.versions.all(), key=lambda row: (row.issued_on, row.number))
        current = next((row for row in reversed(versions) if row.issued_on <= today), None)
        coming = next((row for row in versions if row.issued_on > today), None)
        tone, words = papers.validity(current, today)
        if asked.get("validity") in {None, "", tone}:
            rows.append((document, current, coming, tone, words))
    platforms = BrandPlatform.objects.visible_to(request.user).select_related("brand").prefetch_related("people")
    return render(request, "callcenter/documents.html", {"rows": rows, "form": form, "platforms": platforms, **saved})


def page(request: HttpRequest, code: str, form: VersionForm | None = None, status: int = 200) -> HttpResponse:
    document = ControlledDocument.objects.filter(aliases__contains=[code]).first() or get_object_or_404(ControlledDocument, code=code)
    today = clock.today()
    current = document.version_on(today)
    tone, words = papers.validity(current, today)
    context = {"document": document, "versions": document.versions.all(), "current": current, "tone": tone, "words": words, "today": today,
               "asked": code, "form": form or VersionForm()}  # fmt: skip
    return render(request, "callcenter/document.html", context, status=status)


@may_see
@require_GET
def document(request: HttpRequest, code: str) -> HttpResponse:
    """One document by its code or an alias, with its versions."""
    return page(request, code)


@may_manage
@require_POST
def add_version(request: HttpRequest, code: str) -> HttpResponse:
    """Registers a version; with a future date it takes over that day by itself."""
    row = get_object_or_404(ControlledDocument, code=code)
    form = VersionForm(request.POST)
    if not form.is_valid():
        return page(request, code, form, 422)
    version = form.save(commit=False)
    version.document = row
    try:
        with transaction.atomic():
            version.save()
    except IntegrityError:
        form.add_error("number", f"{row.code} ya tiene la versión {version.number}, o la vigencia termina antes de empezar.")
        return page(request, code, form, 422)
    messages.success(request, f"{row.code} versión {version.number} registrada; rige desde el {version.issued_on:%d/%m/%Y}.")
    return redirect("callcenter:document", code=code)


# -- releases of images -----------------------------------------------------------------------------------------------


@may_release
@require_GET
def releases(request: HttpRequest) -> HttpResponse:
    today = clock.today()
    rows = ImageRelease.objects.select_related("recorded_by").prefetch_related("campaigns")
    return render(request, "callcenter/releases.html", {"rows": [(row, row.state_on(today)) for row in rows[:200]]})


@may_release
@require_http_methods(["GET", "POST"])
def new_release(request: HttpRequest) -> HttpResponse:
    form = ReleaseForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            images.record(form.save(commit=False), upload.read(), upload.name, campaigns=list(form.cleaned_data["campaigns"]),
                          by=request.user, at=clock.now())  # fmt: skip
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Autorización registrada.")
            return redirect("callcenter:releases")
    return render(request, "callcenter/release_new.html", {"form": form}, status=422 if form.is_bound else 200)


@may_release
@require_GET
def signed(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ImageRelease, pk=pk)
    return hand_over(request, row.signed, about=f"Autorización de imagen n.º {row.pk}", name=row.signed_name or f"autorizacion-{row.pk}",
                     content_type="application/octet-stream", sha256=row.sha256)  # fmt: skip


@may_release
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ImageRelease, pk=pk)
    try:
        images.revoke(row.pk, how=request.POST.get("how", ""), on=clock.today())
        messages.success(request, f"Revocada: la imagen de {row.person} no se envía desde hoy.")
    except Refused as refusal:
        messages.warning(request, str(refusal))
    return redirect("callcenter:releases")
