"""The same file again: what is said of the one that is here, and how a person goes on (domain 3.2 §11, reliability 3 row 6)."""

from datetime import datetime
from typing import Any

from django.db import transaction

from callcenter.domain.errors import Refused
from callcenter.enums import BatchStatus, WorkState
from callcenter.models import ImportBatch, ImportEdit, Site, User
from callcenter.models.spiga import LIVE, WAITING
from carrazos.lib.calendar import bogota

STANDS = {
    BatchStatus.CHECKING: "se está revisando", BatchStatus.MAPPING: "falta decir qué son sus columnas",
    BatchStatus.CHECKED: "está por confirmar; nada se ha escrito", BatchStatus.APPLYING: "se está aplicando",
    BatchStatus.APPLIED: "está aplicado", BatchStatus.UNDOING: "se está revirtiendo",
}  # fmt: skip
FAILED = "su trabajo no se pudo terminar"


class SameFile(Refused):
    """The file is here already, as `batch`."""

    def __init__(self, batch: ImportBatch, by: User):
        super().__init__(told(batch, by))
        self.batch = batch


def same_file(slug: str, digest: str, site: Site | None) -> ImportBatch | None:
    """The batch that holds this very file for this site, if there is one."""
    return ImportBatch.objects.filter(feed=slug, sha256=digest, site=site, status__in=LIVE, is_repeat=False).first()


def told(batch: ImportBatch, user: User) -> str:
    """Who brought a file, when and how it stands, for somebody who brings it again."""
    is_in = batch.status == BatchStatus.APPLIED
    who, when = (batch.confirmed_by or batch.requested_by, batch.applied_at) if is_in else (batch.requested_by, batch.created_at)
    name = "usted" if who == user else who or "el administrador"
    place = f", para {batch.site}" if batch.site else ""
    stands = FAILED if batch.work_state == WorkState.FAILED else STANDS[BatchStatus(batch.status)]
    return f"Ese archivo ya lo {'importó' if is_in else 'subió'} {name} el {bogota(when):%d/%m/%Y a las %H:%M}{place}: {stands}."


def may_take_over(batch: ImportBatch, user: User) -> bool:
    """Whether a person may go on with a file that somebody else left: nothing of it is written, and they reach as far."""
    return batch.can_be_dropped and user.covers(batch.requested_by)


def again(batch_id: int, *, by: User, at: datetime) -> ImportBatch:
    """The same file for whoever brings it again: what somebody left is taken over, what entered is repeated on purpose.

    A second click finds the first one's. Raises Refused while it is being worked, or when it is not kept any more.
    """
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        mine = ImportBatch.objects.filter(feed=batch.feed, sha256=batch.sha256, site=batch.site, requested_by=by, retry_of=None)
        if found := mine.filter(status__in=WAITING).first():
            return found
        if batch.status not in LIVE:
            raise Refused("Ese archivo ya no está en espera ni aplicado: súbalo de nuevo.")
        if batch.is_running:
            raise Refused(f"{told(batch, by)} Espere a que termine.")
        if not batch.file:
            raise Refused("Ese archivo ya no se conserva (protección de datos): descárguelo otra vez de SPIGA.")
        if not may_take_over(batch, by):
            return copy(batch, by=by, at=at, is_repeat=True)
        drop(batch, f"{by} subió el mismo archivo y siguió con él.")
        return copy(batch, by=by, at=at, is_repeat=batch.is_repeat)


def drop(batch: ImportBatch, reason: str = "") -> None:
    """Puts a batch away; its lock is held by the caller."""
    batch.status, batch.work_state, batch.error = BatchStatus.CANCELLED, WorkState.IDLE, reason
    batch.save(update_fields=["status", "work_state", "error"])


def copy(batch: ImportBatch, *, by: User, at: datetime, **changes: Any) -> ImportBatch:
    """The same file as a batch of somebody's own that waits for its check, with the corrections made so far."""
    new = ImportBatch(
        feed=batch.feed, file=batch.file.name, name=batch.name, sha256=batch.sha256, size=batch.size, site=batch.site, sheets=batch.sheets,
        requested_by=by, has_authorisation=batch.has_authorisation, created_at=at, **changes,
    )  # fmt: skip
    new.save()
    ImportEdit.objects.bulk_create(
        ImportEdit(batch=new, number=edit.number, position=edit.position, value=edit.value, by=edit.by, at=edit.at)
        for edit in batch.edits.select_related("by")
    )
    return new
