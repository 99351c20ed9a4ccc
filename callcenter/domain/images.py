"""May a picture with people be sent: only under a release in force (domain 2.7)."""

import hashlib
from datetime import date, datetime

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from callcenter.domain.errors import Refused
from callcenter.domain.evidence import clean_picture
from callcenter.models import Campaign, ImageRelease, User
from callcenter.models.images import ReleaseKind

ADULT_AGE = 18
SIGNED_MAX_BYTES = 10 * 1024 * 1024
SIGNED_MAGIC = (b"%PDF", b"\xff\xd8\xff", b"\x89PNG")


def age_on(birth: date, day: date) -> int:
    """Full years of age on a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def may_be_sent(campaign: Campaign, on: date | None) -> bool:
    """True for a picture without people, or with at least one release in force (Ley 1581 art. 7)."""
    if not campaign.shows_people:
        return True
    return on is not None and campaign.releases.in_force(on).exists()


def record(release: ImageRelease, data: bytes, name: str, *, campaigns: list[Campaign], by: User, at: datetime) -> ImageRelease:
    """Keeps a signed release. Raises Refused for what the law lacks or a file that is no PDF nor picture."""
    if release.birth_date and age_on(release.birth_date, release.valid_from) < ADULT_AGE and release.kind != ReleaseKind.MINOR:
        raise Refused("Por la fecha de nacimiento es menor de edad: use el GSC-FOR-11.")
    if release.kind == ReleaseKind.MINOR:
        if not (release.representative and release.representative_document and release.relationship):
            raise Refused("La autorización de un menor la firma su representante: complete nombre, documento y parentesco.")
        if not release.minor_heard:
            raise Refused("Falta dejar constancia de que se escuchó al menor (Ley 1098 de 2006).")
    if len(data) > SIGNED_MAX_BYTES or not data.startswith(SIGNED_MAGIC):
        raise Refused("Adjunte el documento firmado en PDF, JPG o PNG, de hasta 10 MB.")
    if not data.startswith(b"%PDF"):
        data = clean_picture(data).data
    release.recorded_by, release.recorded_at = by, at
    release.signed_name, release.sha256 = name[:120], hashlib.sha256(data).hexdigest()
    try:
        with transaction.atomic():
            release.signed.save("signed", ContentFile(data), save=False)
            release.save()
            release.campaigns.set(campaigns)
    except IntegrityError as error:
        raise Refused("Revise las fechas: la vigencia termina antes de empezar.") from error
    return release


def revoke(pk: int, *, how: str, on: date) -> ImageRelease:
    """The person withdraws the release: from that day the picture is not sent. Raises Refused without words."""
    if not how.strip():
        raise Refused("Escriba cómo se recibió la revocatoria.")
    with transaction.atomic():
        release = ImageRelease.objects.select_for_update().get(pk=pk)
        if release.revoked_on:
            raise Refused("Esa autorización ya estaba revocada.")
        release.revoked_on, release.revocation = on, how.strip()[:200]
        release.save(update_fields=["revoked_on", "revocation"])
        return release
