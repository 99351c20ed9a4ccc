"""The trail sealed: each hour the new changes get a fingerprint, chained to all before, so that whoever rewrites one is found out.

The application's role can not change the trail; a seal tells when somebody above it did. The fingerprints are keyed, say nothing of the
values, and outlive an erased person: what was erased must be explained by its own line in the trail.
"""

import hashlib
import hmac
import json
import logging
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from callcenter.domain import mail, notices
from callcenter.models import AuditSeal, Change
from callcenter.roles import Role

log = logging.getLogger(__name__)
SETTLED = timedelta(hours=1)  # no transaction lasts that long: a smaller number can not appear any more
STRETCH = 5_000
LEAF = struct.Struct(">Q12s12s")  # number, fingerprint of who-when-which, fingerprint of the values
ADVISORY_LOCK = 731_009
COLUMNS = ("id", "table_name", "row_id", "kind", "at", "actor_id", "origin", "before", "after")


def fingerprint(*parts: object) -> bytes:
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hmac.new(settings.PERSONAL_DATA_KEY.encode(), text.encode(), hashlib.sha256).digest()[:12]


def leaf(row: tuple) -> bytes:
    """The fingerprint of one change (COLUMNS)."""
    return LEAF.pack(row[0], fingerprint(*row[:4], row[4].timestamp(), *row[5:7]), fingerprint(*row[7:]))


def chained(before: str, leaves: bytes) -> str:
    return hashlib.sha256(before.encode() + leaves).hexdigest()


def seal(at: datetime) -> list[AuditSeal]:
    """Seals what has settled since the last seal; the seals made. Two at once make each stretch once."""
    made = []
    while stretch := seal_stretch(at):
        made.append(stretch)
    if made:
        last = made[-1]
        log.info("trail sealed up to %s: %s", last.last, last.digest)
        if settings.AUDIT_SEALS_TO:  # out of the house: nobody here can change what a mailbox elsewhere already has
            words = f"Hasta el cambio n.º {last.last}: {last.digest}\n\nGuarde este correo: demuestra que el historial no se reescribió."
            mail.post(f"seal:{at:%Y-%m-%d}", settings.AUDIT_SEALS_TO, f"Sello del historial {at:%d/%m/%Y}", words)
    return made


def seal_stretch(at: datetime) -> AuditSeal | None:
    """One seal over the next changes, in one transaction; None when nothing new has settled."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        previous = AuditSeal.objects.order_by("-last").first()
        start = previous.last + 1 if previous else 1
        until = Change.objects.filter(id__gte=start, at__lt=at - SETTLED).aggregate(last=Max("id"))["last"]
        if until is None:
            return None
        rows = list(Change.objects.filter(id__gte=start, id__lte=until).order_by("id").values_list(*COLUMNS)[:STRETCH])
        leaves = b"".join(map(leaf, rows))
        digest = chained(previous.digest if previous else "", leaves)
        return AuditSeal.objects.create(first=start, last=rows[-1][0], rows=len(rows), leaves=leaves, digest=digest, at=at)


def verify(at: datetime) -> list[str]:
    """Checks the whole trail and tells the administrators and quality what is not as it was sealed."""
    found = list(faults())
    if found:
        log.error("audit trail: %s faults", len(found))
        words = f"El historial no es el que se selló: {found[0]}"
        people = notices.holders(Role.ADMIN, Role.QUALITY_COORDINATOR)
        notices.notify(people, f"trail:{at:%Y-%m-%d}", words, url="/historial/", at=at)
    return found


def faults() -> Iterator[str]:
    """What in the trail is not as it was sealed, in Spanish; nothing when all stands."""
    before, next_first = "", 1
    for stretch in AuditSeal.objects.order_by("last").iterator(chunk_size=20):
        leaves = bytes(stretch.leaves)
        if (stretch.first, stretch.digest) != (next_first, chained(before, leaves)):
            yield f"El sello n.º {stretch.pk} no sigue al anterior."
        yield from faults_of(stretch, leaves)
        before, next_first = stretch.digest, stretch.last + 1


def faults_of(stretch: AuditSeal, leaves: bytes) -> Iterator[str]:
    sealed = {number: (facts, values) for number, facts, values in LEAF.iter_unpack(leaves)}
    found = {}
    for row in Change.objects.filter(id__gte=stretch.first, id__lte=stretch.last).order_by("id").values_list(*COLUMNS):
        number, *now = LEAF.unpack(leaf(row))
        found[number] = row
        if number not in sealed:
            yield f"El cambio n.º {number} apareció después del sello."
        elif sealed[number][0] != now[0]:
            yield f"El cambio n.º {number} ya no dice quién, cuándo o qué registro decía."
        elif sealed[number][1] != now[1] and not was_erased(row):
            yield f"Los valores del cambio n.º {number} no son los que se sellaron."
    yield from (f"Falta el cambio n.º {number}." for number in sealed if number not in found)


def was_erased(row: tuple) -> bool:
    """The values went with a person who was erased, and the trail says so."""
    number, table, row_id = row[:3]
    is_empty = row[7] is None and row[8] is None
    return is_empty and Change.objects.filter(table_name=table, row_id=row_id, kind="ERASE", id__gt=number).exists()
