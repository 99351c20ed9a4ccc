"""Releases to use somebody's image: GSC-FOR-10, and GSC-FOR-11 for minors (domain 2.7; Ley 1581 art. 7, Ley 1098 arts. 33, 47)."""

import uuid
from datetime import date

from django.db import models
from django.db.models import F, Q

from callcenter.models.catalogue import Campaign
from callcenter.models.organisation import User


class ReleaseKind(models.TextChoices):
    ADULT = "ADULT", "Mayor de edad (GSC-FOR-10)"
    MINOR = "MINOR", "Menor de edad (GSC-FOR-11)"


class ImageReleaseQuerySet(models.QuerySet):
    def in_force(self, on: date) -> "ImageReleaseQuerySet":
        return self.filter(valid_from__lte=on, valid_to__gte=on).filter(Q(revoked_on__isnull=True) | Q(revoked_on__gt=on))


def signed_path(instance: "ImageRelease", _name: str) -> str:
    return f"releases/{uuid.uuid4().hex}"


class ImageRelease(models.Model):
    """One signed release. The database holds the law: a minor needs a representative who signed, and to have been heard."""

    kind = models.CharField("tipo", max_length=5, choices=ReleaseKind, default=ReleaseKind.ADULT)
    person = models.CharField("persona", max_length=120)
    document = models.CharField("documento", max_length=30)
    birth_date = models.DateField("fecha de nacimiento", null=True, blank=True)
    representative = models.CharField("representante legal", max_length=120, blank=True)
    representative_document = models.CharField("documento del representante", max_length=30, blank=True)
    relationship = models.CharField("parentesco o calidad", max_length=60, blank=True)
    minor_heard = models.BooleanField("se escuchó al menor", default=False)
    purpose = models.CharField("finalidad", max_length=200)
    media = models.CharField("medios", max_length=200, help_text="WhatsApp, redes, impresos…")
    territory = models.CharField("territorio", max_length=80, default="Colombia")
    valid_from = models.DateField("desde")
    valid_to = models.DateField("hasta")
    signed = models.FileField("documento firmado", upload_to=signed_path)
    signed_name = models.CharField(max_length=120, editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    campaigns = models.ManyToManyField(Campaign, verbose_name="campañas", blank=True, related_name="releases")
    revoked_on = models.DateField("revocada el", null=True, blank=True)
    revocation = models.CharField("cómo se revocó", max_length=200, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="registró")
    recorded_at = models.DateTimeField("registrada")

    objects = ImageReleaseQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "autorización de imagen", "autorizaciones de imagen"
        ordering = ["-recorded_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")),
                name="release_dates",
                violation_error_message="Revise las fechas: la vigencia termina antes de empezar.",
            ),
            models.CheckConstraint(
                condition=~Q(kind="MINOR")
                | (~Q(representative="") & ~Q(representative_document="") & ~Q(relationship="") & Q(minor_heard=True)),
                name="release_minor_represented_and_heard",
                violation_error_message="La autorización de un menor la firma su representante: complete nombre, documento y parentesco, y deje "
                "constancia de que se escuchó al menor (Ley 1098 de 2006).",
            ),
            models.CheckConstraint(condition=Q(revoked_on__isnull=True) | ~Q(revocation=""), name="release_revoked_how"),
        ]
        permissions = [("manage_releases", "Puede registrar autorizaciones de imagen")]

    def __str__(self):
        return f"{self.person} ({self.get_kind_display()})"

    def state_on(self, day: date) -> str:
        """`Vigente`, `Revocada`, `Vencida`, `Aún no rige`."""
        if self.revoked_on and self.revoked_on <= day:
            return "Revocada"
        if self.valid_to < day:
            return "Vencida"
        return "Aún no rige" if self.valid_from > day else "Vigente"
