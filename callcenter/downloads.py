"""The one way by which a stored file with personal data leaves: written down first, never run by the browser, never kept by it."""

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, HttpRequest

from callcenter import clock
from callcenter.domain import audit
from callcenter.models import Access, Customer
from carrazos.lib import text

SHOWN_INSIDE = {"image/jpeg", "image/png"}


def hand_over(
    request: HttpRequest, file: FieldFile, *, about: str, name: str, content_type: str, customer: Customer | None = None, sha256: str = ""
) -> FileResponse:
    """Notes who reads what, then answers with the file: a picture is shown, everything else is only ever downloaded."""
    inside = content_type in SHOWN_INSIDE
    audit.note_access(request.user, Access.VIEW if inside else Access.DOWNLOAD, about, at=clock.now(), customer=customer, sha256=sha256)
    response = FileResponse(file.open("rb"), content_type=content_type, as_attachment=not inside, filename=text.one_line(name) or "archivo")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "no-store"
    return response
