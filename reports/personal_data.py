"""What the reports hold of people, and how their frozen files lose a person without losing a figure."""

import io

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from openpyxl import load_workbook

from callcenter.domain.errors import Refused
from callcenter.domain.personal_data import ERASED_WORD, Holding, Term, nothing
from reports.models import Edition
from reports.models.files import KEPT_DAYS
from reports.render import pdf

HOLDINGS = (
    Holding("reports.ReportRun", copies="file", keep=("code", "period", "file", "sha256", "stage", "error")),
    Holding(
        "reports.Edition", scrub=("comment", "strategies"),
        keep=("code", "period", "facts", "difference", "sha256", "workbook", "pdf", "page", "correction_reason", "stage", "error"),
    ),
    Holding("reports.ActionEvent", scrub=("note",)),
    Holding(
        "reports.ImprovementAction", scrub=("finding", "causes", "plan", "result", "verdict"), keep=("trigger", "indicator", "period", "risk"),
    ),
    Holding("reports.ActionEvidence", scrub=("name",), keep=("file", "sha256")),
    *nothing("reports.PreparationDay", "reports.Recipient", "reports.Delivery", "reports.Goal", "reports.IndicatorSnapshot"),
)  # fmt: skip
TERMS = (Term("reports.ReportRun", "created_at", KEPT_DAYS, ("file",)),)


def redact(words: list[str]) -> dict[str, int]:
    """Takes a person's words out of every frozen edition. Figures, record ids and the seal stay: they never held a name."""
    changed = 0
    for edition in Edition.objects.exclude(workbook=""):
        with edition.workbook.open("rb") as file:
            book = without(file.read(), words)
        if book is None:
            continue
        replace(edition.workbook.name, book)
        if edition.page:
            with edition.page.open("rb") as file:
                page = blotted(file.read().decode(), words)
            replace(edition.page.name, page.encode())
            if edition.pdf:
                replace(edition.pdf.name, drawn(page))
        changed += 1
    return {"reports.Edition": changed}


def drawn(page: str) -> bytes:
    """The PDF of the blotted page; where it can't be drawn now, one sentence instead of a person's name."""
    try:
        return pdf.draw(page)
    except Refused:
        return b"%PDF-1.4\n% Suprimido: vuelva a generar este PDF desde el Excel.\n%%EOF"


def without(content: bytes, words: list[str]) -> bytes | None:
    """The book with the cells that name the person blotted; None when there was none."""
    book, found = load_workbook(io.BytesIO(content)), False
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and any(word in cell.value.lower() for word in words):
                    cell.value, found = ERASED_WORD, True
    if not found:
        return None
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def blotted(text: str, words: list[str]) -> str:
    """The text with every identifier, in whatever case, replaced."""
    low = text.lower()
    if len(low) != len(text):
        low = text  # a letter whose lower case is longer: positions would not fit
    for word in words:
        at = low.find(word)
        while at >= 0:
            text, low = text[:at] + ERASED_WORD + text[at + len(word) :], low[:at] + ERASED_WORD.lower() + low[at + len(word) :]
            at = low.find(word, at + len(ERASED_WORD))
    return text


def replace(name: str, content: bytes) -> None:
    default_storage.delete(name)
    default_storage.save(name, ContentFile(content))
