"""The evidence of what was done: a note of the call, a picture or a PDF, kept for what it really is (GSC-PRO-03 §4)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.core.files.base import ContentFile

from callcenter.domain.errors import Refused
from callcenter.domain.evidence import clean_picture
from callcenter.models import User
from satisfaction.enums import ProofKind
from satisfaction.models import FollowUp, Proof

PDF_MAX = 8 * 1024 * 1024


@dataclass(frozen=True)
class ProofDraft:
    """Evidence on its way in: a note of the call, or a file as it was uploaded."""

    note: str = ""
    data: bytes = b""
    name: str = ""


def keep_proof(row: FollowUp, draft: ProofDraft | None, *, by: User, at: datetime) -> Proof | None:
    """Stores the evidence: a note as it is, a picture re-encoded, a PDF by its content. Raises Refused for anything else."""
    if draft is None:
        return None
    if not draft.data:
        return Proof.objects.create(follow_up=row, kind=ProofKind.NOTE, text=draft.note.strip(), added_by=by, added_at=at)
    kind, data = clean_file(draft.data)
    proof = Proof(
        follow_up=row, kind=kind, text=draft.note.strip(), original_name=draft.name[:120], sha256=hashlib.sha256(data).hexdigest(),
        added_by=by, added_at=at,
    )  # fmt: skip
    proof.file.save("proof", ContentFile(data), save=False)
    proof.save()
    return proof


def clean_file(data: bytes) -> tuple[ProofKind, bytes]:
    """What a file really is, by its content. Raises Refused for what is neither a picture nor a PDF of reasonable size."""
    if data.startswith(b"%PDF-"):
        if len(data) > PDF_MAX:
            raise Refused("El PDF pesa más de 8 MB.")
        return ProofKind.FILE, data
    return ProofKind.IMAGE, clean_picture(data).data
