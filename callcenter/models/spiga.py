"""Files of SPIGA: who brought them, what they held, what became of each row that was not clean."""

import uuid
from functools import cached_property

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from callcenter.enums import BatchStatus, RowStatus, WorkState
from callcenter.models.audit import audited
from callcenter.models.organisation import Site, User
from callcenter.models.work import Work

WAITING = (BatchStatus.CHECKING, BatchStatus.MAPPING, BatchStatus.CHECKED, BatchStatus.APPLYING)
LIVE = (*WAITING, BatchStatus.APPLIED, BatchStatus.UNDOING)


class ImportBatchQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "ImportBatchQuerySet":
        """Batches of one's own and of one's sites; a file of all sites is for those who see all."""
        return self if user.all_sites else self.filter(Q(requested_by=user) | Q(site__in=user.site_ids))


def batch_path(instance: "ImportBatch", _name: str) -> str:
    return f"spiga/{uuid.uuid4().hex}"


class ImportBatch(Work):
    """One file, from upload to result. The file is kept: it is the evidence of what SPIGA said.

    It is read and written with the scope of `requested_by`, who brought it, whoever confirms it (domain 3.2 §14).
    """

    feed = models.CharField("fuente", max_length=20)
    file = models.FileField("archivo", upload_to=batch_path)
    name = models.CharField("nombre del archivo", max_length=160)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField("bytes")
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, verbose_name="sede")
    is_repeat = models.BooleanField("repetido a propósito", default=False)
    has_authorisation = models.BooleanField("declara que hay autorización de datos", default=False)
    status = models.CharField("estado", max_length=10, choices=BatchStatus, default=BatchStatus.CHECKING)
    counts = models.JSONField("totales", default=dict)
    about = models.JSONField("encabezado del archivo", default=dict)
    applied_at = models.DateTimeField("aplicado", null=True, blank=True)
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name="lo aplicó"
    )
    undone_at = models.DateTimeField("revertido", null=True, blank=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name="lo revirtió")
    # What the import creates carries this instant as its birth: so an undo knows its own.
    stamp = models.DateTimeField(null=True, blank=True, editable=False)
    sheets = ArrayField(models.CharField(max_length=60), verbose_name="hojas elegidas", default=list, blank=True)
    retry_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="retries", verbose_name="reintento de")

    objects = ImportBatchQuerySet.as_manager()

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "importación", "importaciones"
        ordering = ["-created_at"]
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(
                fields=["feed", "sha256", "site"],
                condition=Q(status__in=LIVE, is_repeat=False),
                nulls_distinct=False,
                name="import_one_per_file",
            ),
            models.UniqueConstraint(fields=["retry_of"], condition=Q(status__in=WAITING), name="import_one_retry_at_a_time"),
        ]
        indexes = [*Work.Meta.indexes, models.Index(fields=["feed", "-created_at"], name="import_feed_latest")]
        permissions = [("import_spiga", "Puede importar archivos de SPIGA")]

    def __str__(self):
        return f"{self.name} ({self.get_status_display()})"

    @property
    def actor_id(self) -> int | None:
        named = {BatchStatus.APPLYING: self.confirmed_by_id, BatchStatus.UNDOING: self.undone_by_id}
        return named.get(BatchStatus(self.status)) or self.requested_by_id

    @cached_property
    def latest(self) -> "ImportBatch":
        """Where its pending rows stand now: the last of the retries that entered, itself when there was none."""
        entered = self.retries.filter(status=BatchStatus.APPLIED).order_by("-applied_at", "-pk").first()
        return entered.latest if entered else self

    @property
    def was_forced(self) -> bool:
        """Whether a person had the same file imported again on purpose."""
        return self.is_repeat and self.retry_of_id is None and self.requested_by_id is not None

    @property
    def can_be_dropped(self) -> bool:
        """Whether nothing of it was written and nobody works on it."""
        failed = self.work_state == WorkState.FAILED and self.status in {BatchStatus.CHECKING, BatchStatus.APPLYING}
        return failed or self.status in {BatchStatus.CHECKED, BatchStatus.MAPPING}

    def too_wide_for(self, user: User) -> str:
        """Why a person may not have it written, put away or taken back, for it reaches further than they do; empty when they may."""
        if user.covers(self.requested_by):
            return ""
        return (
            f"Lo subió {self.requested_by or 'el administrador'}, que alcanza sedes o marcas que usted no: "
            "solo esa persona u otra con su mismo alcance puede aplicarlo, descartarlo o revertirlo."
        )


class ImportRowQuerySet(models.QuerySet):
    def problems(self) -> "ImportRowQuerySet":
        """Rows that were not clean."""
        return self.exclude(status=RowStatus.CREATED)


class ImportRow(models.Model):
    """A row that was not clean: what was read, what was expected, what to do; until it is applied also each that will be created."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField("fila")
    status = models.CharField("resultado", max_length=8, choices=RowStatus)
    code = models.CharField("código", max_length=24)
    column = models.CharField("columna", max_length=60, blank=True)
    value = models.CharField("valor leído", max_length=200, blank=True)
    message = models.CharField("explicación", max_length=300)
    place = models.CharField("hoja y fila", max_length=80, blank=True)  # only where the list takes several sheets
    raw = models.JSONField("fila", default=list)

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "fila con novedad", "filas con novedad"
        ordering = ["number", "id"]
        indexes = [models.Index(fields=["batch", "status", "code", "number"], name="import_row_group")]

    def __str__(self):
        return f"Fila {self.number}: {self.message}"


class ImportEdit(models.Model):
    """A person's correction of one cell, applied every time the file is read."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, db_index=False, related_name="edits")
    number = models.PositiveIntegerField("fila")
    position = models.PositiveSmallIntegerField("columna")
    value = models.TextField("valor corregido", blank=True)
    by = models.ForeignKey(User, models.PROTECT, db_index=False, related_name="+")
    at = models.DateTimeField("cuándo")

    class Meta:
        verbose_name, verbose_name_plural = "corrección", "correcciones"
        constraints = [models.UniqueConstraint(fields=["batch", "number", "position"], name="import_edit_unique")]

    def __str__(self):
        return f"Fila {self.number}: «{self.value}»"


class ImportChange(models.Model):
    """What an import changes of something that was there already: the fields, before and after."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, db_index=False, related_name="changes")
    number = models.PositiveIntegerField("fila")
    subject = models.CharField("de qué", max_length=8)  # vehicle, customer, point, party, motive
    object_id = models.BigIntegerField()
    before = models.JSONField("antes", null=True)
    after = models.JSONField("después", null=True)

    class Meta:
        verbose_name, verbose_name_plural = "cambio", "cambios"
        ordering = ["number", "id"]
        indexes = [models.Index(fields=["batch", "number"], name="import_change_row")]

    def __str__(self):
        return f"Fila {self.number}: {self.subject}"


class ColumnAlias(models.Model):
    """Another title under which a SPIGA file names one of our fields, or a column that a person said to ignore."""

    feed = models.CharField("fuente", max_length=20, blank=True, help_text="Vacía: todas.")
    field = models.CharField("campo", max_length=30, blank=True, help_text="Vacío: se ignora.")
    alias = models.CharField("título en el archivo", max_length=60)

    class Meta:
        verbose_name, verbose_name_plural = "título de columna", "títulos de columnas"
        triggers = audited()
        constraints = [models.UniqueConstraint(fields=["feed", "alias"], name="column_alias_unique")]

    def __str__(self):
        return f"{self.alias} → {self.field or 'se ignora'}"
