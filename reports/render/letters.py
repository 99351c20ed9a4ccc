"""Letters of PQRS on the company's letterhead: drawn by a job and, when they go by mail, put in the outbox (CAR-6)."""

import hashlib
import uuid
from collections.abc import Callable

from django.core.files.base import ContentFile
from django.template.loader import render_to_string

from callcenter import clock
from callcenter.domain import mail
from carrazos.lib.calendar import bogota
from carrazos.lib.text import long_date
from reports.base import COMPANY, Header
from reports.render import pdf
from satisfaction.models import Letter


def html(letter: Letter) -> str:
    """The letter as one self-contained page."""
    row, today = letter.pqrs, bogota(letter.created_at)
    header = Header.of("GSC-FOR-04", "Respuesta a PQRS", today.date())
    context = {"letter": letter, "row": row, "header": header, "company": COMPANY, "today": long_date(today), "city": row.site.city}
    return render_to_string("reports/pdf/letter.html", context)


def run(letter: Letter, report: Callable[..., None]) -> None:
    """The job: draws one letter; by mail it leaves with the letter attached, under a key of its own."""
    report("Dibujando la carta", 1, 2)
    content = pdf.draw(html(letter))
    letter.file.save(f"{uuid.uuid4().hex}.pdf", ContentFile(content), save=False)
    letter.sha256 = hashlib.sha256(content).hexdigest()
    letter.save(update_fields=["file", "sha256"])
    row = letter.pqrs
    if letter.by_email and row.reply_email:
        subject = f"{letter.get_kind_display()} de su {row.get_kind_display().lower()} {row.number}"
        name = f"{row.number}-{letter.kind.lower()}.pdf"
        mail.post(f"letter:{letter.pk}", [row.reply_email], subject, letter.body, files=[(name, letter.file.name, "application/pdf")])
    report(f"Lista el {clock.today():%d/%m/%Y}", 2, 2)
