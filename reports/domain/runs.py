"""A report as a file: asked for once, built by a job from one snapshot, kept with the hash of what it is."""

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime

from django.core.files.base import ContentFile

from callcenter import clock
from callcenter.models import Brand, Site, User
from carrazos.lib.periods import parse
from reports.base import Request
from reports.catalogue import BY_CODE
from reports.models import ReportRun
from reports.render import pdf, xlsx


def ask(
    code: str,
    period: str,
    file_format: str,
    *,
    by: User,
    key: uuid.UUID,
    site: Site | None = None,
    brand: Brand | None = None,
    at: datetime,
) -> ReportRun:
    """Queues a report; the same form twice is the same run."""
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
    data = BY_CODE[code].dataset(request, at=at)
    draw = pdf.document if file_format == ReportRun.Format.PDF else xlsx.workbook
    return draw(data), len(data.records)


def gather(row: ReportRun, report: Callable[..., None]) -> tuple[bytes, int, datetime]:
    """The file, its rows and its cut, from one snapshot of the data."""
    report("Reuniendo los datos", 1, 3)
    at = clock.now()
    request = Request(parse(row.period), row.requested_by, row.site, row.brand)
    return *build(request, row.code, row.format, at=at), at


def run(row: ReportRun, report: Callable[..., None], found: tuple[bytes, int, datetime]) -> None:
    """The job: ties the file to its row."""
    content, rows, at = found
    report("Guardando", 2, 3)
    row.file.save(f"{row.code}.{row.format}", ContentFile(content), save=False)
    row.size, row.sha256, row.cut_at, row.rows = len(content), hashlib.sha256(content).hexdigest(), at, rows
    row.save(update_fields=["file", "size", "sha256", "cut_at", "rows"])


run.read = gather
