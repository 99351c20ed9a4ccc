"""What the product keeps about itself and its users' screens."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from callcenter.enums import WorkState
from callcenter.models.organisation import User
from callcenter.models.work import Work


class Pulse(models.Model):
    """The last time a part of the machinery was seen alive (readiness asks, not «is there a process»)."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = "latido", "latidos"
        permissions = [("manage_system", "Puede ver y repetir los trabajos del sistema")]

    def __str__(self):
        return f"{self.name}: {self.at:%d/%m/%Y %H:%M:%S}"


class NotificationQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "NotificationQuerySet":
        return self.filter(user=user)

    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at__isnull=True)


class Notification(models.Model):
    """Something one person should know inside the product. `key` makes it once per person and matter."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notifications", verbose_name="para")
    key = models.CharField("clave", max_length=120)
    text = models.CharField("texto", max_length=300)
    url = models.CharField("enlace", max_length=300, blank=True)
    at = models.DateTimeField("cuándo")
    read_at = models.DateTimeField("leída", null=True, blank=True)
    mailed_at = models.DateTimeField("en el resumen por correo", null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "aviso", "avisos"
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notification_once")]
        indexes = [models.Index(fields=["user", "-at"], condition=Q(read_at__isnull=True), name="notification_unread")]

    def __str__(self):
        return self.text


class Mail(Work):
    """An e-mail on its way out. `key` makes it once per matter; the Message-ID is derived from it, so a retry is the same mail."""

    key = models.CharField("clave", max_length=160, unique=True)
    to = ArrayField(models.EmailField(), verbose_name="para")
    cc = ArrayField(models.EmailField(), verbose_name="copia", default=list, blank=True)
    subject = models.CharField("asunto", max_length=200)
    body = models.TextField("texto")
    html = models.TextField("texto con formato", blank=True)
    files = models.JSONField("adjuntos", default=list, blank=True)  # [[name, path in the storage, content type]]
    sent_at = models.DateTimeField("enviado", null=True, blank=True)

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "correo", "correos"

    def __str__(self):
        return self.subject


class ViewQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "ViewQuerySet":
        """One's own views and those that others share."""
        return self.filter(Q(owner=user) | Q(is_shared=True))


class SavedView(models.Model):
    """A list as somebody likes it: filters, order and columns under a name. The address stays the truth."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="views", verbose_name="de")
    listing = models.SlugField("lista", max_length=40)
    name = models.CharField("nombre", max_length=60)
    query = models.CharField("filtros", max_length=2000, blank=True)
    columns = ArrayField(models.CharField(max_length=40), verbose_name="columnas", default=list, blank=True)
    is_shared = models.BooleanField("compartida", default=False)
    is_default = models.BooleanField("abrir la lista con ella", default=False)

    objects = ViewQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "vista guardada", "vistas guardadas"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "listing", "name"], name="saved_view_unique"),
            models.UniqueConstraint(fields=["owner", "listing"], condition=Q(is_default=True), name="saved_view_one_default"),
        ]

    def __str__(self):
        return self.name


def export_path(instance: "ListExport", _name: str) -> str:
    return f"exports/{uuid.uuid4().hex}.xlsx"


class ExportQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "ExportQuerySet":
        """For who oversees: the downloads of people of their sites."""
        return self if user.all_sites else self.filter(requested_by__sites__in=user.site_ids).distinct()

    def held(self) -> "ExportQuerySet":
        """Past its person's quota, waiting for somebody else's approval."""
        return self.filter(work_state=WorkState.IDLE)


class ListExport(Work):
    """A list on its way to a workbook: who asked for which rows, and the file. It is also the record of the extraction."""

    one_each = True

    listing = models.SlugField("lista", max_length=40)
    query = models.CharField("filtros", max_length=2000, blank=True)
    columns = ArrayField(models.CharField(max_length=40), verbose_name="columnas", default=list)
    reason = models.CharField("para qué", max_length=200, blank=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="aprobada por")
    rows = models.PositiveIntegerField("filas", default=0)
    file = models.FileField("archivo", upload_to=export_path, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    objects = ExportQuerySet.as_manager()

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "descarga", "descargas"
        ordering = ["-created_at"]
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(fields=["requested_by"], condition=Q(work_state="RUNNING"), name="export_one_each"),
        ]

    def __str__(self):
        return f"Descarga {self.pk} de {self.listing}"
