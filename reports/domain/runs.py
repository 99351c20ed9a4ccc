"""A report as a file: asked for once, built by a job from one snapshot, kept with the hash of what it is."""

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.urls import reverse

from callcenter import clock
from callcenter.domain import notices
from callcenter.enums import WorkState
from callcenter.models import Brand, ControlledDocument, Site, User
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import parse
from reports.base import Request
from reports.catalogue import BY_CODE
from reports.models import ReportRun
from reports.render import pdf, xlsx

FRESH = timedelta(minutes=5)  # what was asked a moment ago is not drawn twice


def ask(
    code: str,
    period: str,
    file_format: str,
    *,
    by: User,
    key: uuid.UUID,
    site: Site | None = None,
    brand: Brand | None = None,
    again: bool = False,
    at: datetime,
) -> ReportRun:
    """Queues a report; the same form twice is the same run, and so is the same request within `FRESH` unless `again`."""
    same = ReportRun.objects.filter(code=code, period=period, format=file_format, requested_by=by, site=site, brand=brand)
    if not again and (standing := same.exclude(work_state=WorkState.FAILED).filter(created_at__gt=at - FRESH).first()):
        return standing
    run, _ = ReportRun.objects.get_or_create(
        key=key,
        defaults={
            "code": code,
            "period": period,
            "format": file_format,
            "requested_by": by,
            "site": site,
            "brand": brand,
            "created_at": at,
        },
    )
    return run


def build(request: Request, code: str, file_format: str, *, at: datetime) -> tuple[bytes, int]:
    """(file, number of detail rows). Raises Refused when the PDF can't be drawn."""
    content, rows = compose(request, code, file_format, at=at)
    return (pdf.draw(content) if isinstance(content, str) else content), rows


def compose(request: Request, code: str, file_format: str, *, at: datetime) -> tuple[str | bytes, int]:
    """(the book, or the page that a PDF is drawn from; number of detail rows): all that must be read from the data."""
    data = BY_CODE[code].dataset(request, at=at)
    return (pdf.html(data) if file_format == ReportRun.Format.PDF else xlsx.workbook(data)), len(data.records)


Found = tuple[str | bytes, int, datetime]


def gather(row: ReportRun, report: Callable[..., None]) -> Found:
    """The content, its rows and its cut, from one snapshot of the data."""
    report("Reuniendo los datos", 1, 3)
    at = clock.now()
    request = Request(parse(row.period), row.requested_by, row.site, row.brand)
    return *compose(request, row.code, row.format, at=at), at


def draw(row: ReportRun, report: Callable[..., None], found: Found) -> Found:
    """The page as a PDF: seconds of drawing that keep no snapshot and no lock."""
    report("Dibujando", 2, 3)
    content, rows, at = found
    return (pdf.draw(content) if isinstance(content, str) else content), rows, at


def run(row: ReportRun, report: Callable[..., None], found: Found) -> None:
    """The job: ties the file to its row."""
    content, rows, at = found
    report("Guardando", 3, 3)
    row.file.save(f"{row.code}.{row.format}", ContentFile(content), save=False)
    row.size, row.sha256, row.cut_at, row.rows = len(content), hashlib.sha256(content).hexdigest(), at, rows
    document = ControlledDocument.objects.filter(code=row.code).first()
    row.document = document and document.version_on(bogota(at).date())
    row.save(update_fields=["file", "size", "sha256", "cut_at", "rows", "document"])
    text = f"{row.get_format_display()} listo: {BY_CODE[row.code].title}, {parse(row.period).label}."
    notices.notify([row.requested_by], f"run:{row.pk}", text, url=f"{reverse('reports:centre')}#descargas", at=clock.now())


run.read, run.draw = gather, draw
