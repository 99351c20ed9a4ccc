"""Reports as files: asked for, built by a job, kept with what they were built from."""

import uuid

from django.db import models
from django.db.models import Q

from callcenter.models import Brand, Site, User
from callcenter.models.work import Work


class ReportRunQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "ReportRunQuerySet":
        """One's own downloads."""
        return self.filter(requested_by=user)


def report_path(instance: "ReportRun", _name: str) -> str:
    return f"reports/{uuid.uuid4().hex}.{instance.format}"


class ReportRun(Work):
    """One report as one file."""

    class Format(models.TextChoices):
        XLSX = "xlsx", "Excel"
        PDF = "pdf", "PDF"

    key = models.UUIDField("clave del formulario", unique=True, default=uuid.uuid4)
    code = models.CharField("informe", max_length=20)
    period = models.CharField("período", max_length=8)
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, verbose_name="marca")
    format = models.CharField("formato", max_length=4, choices=Format)
    file = models.FileField("archivo", upload_to=report_path, blank=True)
    size = models.PositiveIntegerField("bytes", default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    cut_at = models.DateTimeField("corte de los datos", null=True, blank=True)
    rows = models.PositiveIntegerField("filas", default=0)

    objects = ReportRunQuerySet.as_manager()

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "informe generado", "informes generados"
        ordering = ["-created_at"]
        constraints = [
            *Work.Meta.constraints,
            models.CheckConstraint(condition=~Q(work_state="DONE") | ~Q(sha256=""), name="report_done_has_file"),
        ]
        permissions = [("see_reports", "Puede ver y descargar informes")]

    def __str__(self):
        return f"{self.code} {self.period} ({self.get_format_display()})"
