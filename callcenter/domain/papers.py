"""The controlled documents: how long a version is valid, and which are about to run out (domain 1.9)."""

from datetime import date

from callcenter.enums import DocumentStatus
from callcenter.models import DocumentVersion

SOON_DAYS = 60


def validity(version: DocumentVersion | None, today: date) -> tuple[str, str]:
    """(tone, words) of a version's validity."""
    if version is None:
        return "warn", "Sin versión registrada"
    if version.valid_until is None:
        return "", "Sin fecha de vigencia"
    left = (version.valid_until - today).days
    if left < 0:
        return "bad", f"Vencida el {version.valid_until:%d/%m/%Y}"
    return ("warn", f"Vence en {left} días") if left <= SOON_DAYS else ("good", f"Hasta el {version.valid_until:%d/%m/%Y}")


def in_force(today: date) -> list[DocumentVersion]:
    """The version that rules today of every document."""
    rows = DocumentVersion.objects.filter(issued_on__lte=today).select_related("document").order_by("document", "issued_on", "number")
    return list({row.document_id: row for row in rows}.values())


def expiring(today: date) -> list[tuple[DocumentVersion, str, str]]:
    """(version, tone, words) of the active documents that have run out or will within `SOON_DAYS`, the first to go first."""
    found = [(row, *validity(row, today)) for row in in_force(today) if row.valid_until and row.document.status == DocumentStatus.ACTIVE]
    return sorted((line for line in found if line[1] in {"bad", "warn"}), key=lambda line: line[0].valid_until)
