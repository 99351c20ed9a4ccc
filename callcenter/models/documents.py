"""Controlled documents of the quality system: code, versions, validity (domain 1.9)."""

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from callcenter.enums import DocumentStatus
from callcenter.models.audit import audited


class DocumentManager(models.Manager):
    def get_by_natural_key(self, code: str):
        return self.get(code=code)


class ControlledDocument(models.Model):
    code = models.CharField("código", max_length=20, unique=True)
    title = models.CharField("título", max_length=120)
    status = models.CharField("estado", max_length=9, choices=DocumentStatus, default=DocumentStatus.ACTIVE)
    aliases = ArrayField(models.CharField(max_length=20), verbose_name="otros códigos", default=list, blank=True)
    note = models.CharField("observación", max_length=200, blank=True)
    url = models.URLField(
        "dónde está", max_length=300, blank=True, db_default="", help_text="Enlace al documento en el repositorio de la empresa."
    )

    objects = DocumentManager()

    class Meta:
        verbose_name, verbose_name_plural = "documento controlado", "documentos controlados"
        triggers = audited()
        ordering = ["code"]
        permissions = [
            ("see_documents", "Puede ver los documentos controlados"),
            ("manage_documents", "Puede registrar versiones de documentos"),
        ]

    def __str__(self):
        return f"{self.code} {self.title}"

    def natural_key(self):
        return (self.code,)

    def version_on(self, day: date) -> "DocumentVersion | None":
        """The version in force on a day: the newest one issued by then."""
        return self.versions.filter(issued_on__lte=day).order_by("-issued_on", "-number").first()


class VersionManager(models.Manager):
    def get_by_natural_key(self, code: str, number: int):
        return self.get(document__code=code, number=number)


class DocumentVersion(models.Model):
    document = models.ForeignKey(ControlledDocument, models.PROTECT, related_name="versions", verbose_name="documento")
    number = models.PositiveSmallIntegerField("versión")
    issued_on = models.DateField("fecha")
    valid_until = models.DateField("fecha de vigencia", null=True, blank=True)
    change = models.CharField("cambio", max_length=200, blank=True)
    prepared_by = models.CharField("elaboró", max_length=80, blank=True, db_default="")
    reviewed_by = models.CharField("revisó", max_length=80, blank=True, db_default="")
    approved_by = models.CharField("aprobó", max_length=80, blank=True, db_default="")

    objects = VersionManager()

    class Meta:
        verbose_name, verbose_name_plural = "versión de documento", "versiones de documentos"
        triggers = audited()
        ordering = ["document", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="document_version_unique"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=models.F("issued_on")), name="document_version_dates"
            ),
        ]

    def __str__(self):
        return f"{self.document.code} v{self.number}"

    def natural_key(self):
        return (self.document.code, self.number)

    natural_key.dependencies = ["callcenter.controlleddocument"]

    def has_expired(self, on: date) -> bool:
        return self.valid_until is not None and self.valid_until < on
