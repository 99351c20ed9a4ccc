"""Reports as files, as editions with a life of their own, and who receives them."""

import uuid
from datetime import date, time, timedelta

from django.db import models
from django.db.models import Q

from callcenter.models import Brand, DocumentVersion, Mail, Site, User
from callcenter.models.work import Work
from callcenter.roles import TITLES, Role
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Period, parse

KEPT_DAYS = 30  # a download of one's own


class ReportRunQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "ReportRunQuerySet":
        """One's own downloads."""
        return self.filter(requested_by=user)


def report_path(instance: "ReportRun", _name: str) -> str:
    return f"reports/{uuid.uuid4().hex}.{instance.format}"


class ReportRun(Work):
    """One report as one file."""

    one_each = True

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
    document = models.ForeignKey(DocumentVersion, models.PROTECT, null=True, blank=True, verbose_name="versión del documento")

    objects = ReportRunQuerySet.as_manager()

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "informe generado", "informes generados"
        ordering = ["-created_at"]
        constraints = [
            *Work.Meta.constraints,
            models.CheckConstraint(condition=~Q(work_state="DONE") | ~Q(sha256=""), name="report_done_has_file"),
            models.UniqueConstraint(fields=["requested_by"], condition=Q(work_state="RUNNING"), name="report_one_each"),
        ]
        permissions = [("see_reports", "Puede ver y descargar informes")]

    def __str__(self):
        return f"{self.code} {self.period} ({self.get_format_display()})"

    @staticmethod
    def next_key() -> uuid.UUID:
        """The key of a form that asks for the same again."""
        return uuid.uuid4()

    @property
    def expires_on(self) -> date:
        """The day from which the file is taken away (reports/personal_data.py)."""
        return bogota(self.created_at).date() + timedelta(days=KEPT_DAYS)


class EditionState(models.TextChoices):
    BUILDING = "BUILDING", "En preparación"
    PREPARED = "PREPARED", "Preparado"
    REVIEWED = "REVIEWED", "Revisado"
    APPROVED = "APPROVED", "Aprobado"
    SENT = "SENT", "Enviado"
    CORRECTED = "CORRECTED", "Corregido por otra versión"


class EditionQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "EditionQuerySet":
        """Editions cover the whole company or one site and brand: whoever sees reports sees those of their scope."""
        rows = self if user.all_sites else self.filter(site__in=user.site_ids)
        return rows if user.all_brands else rows.filter(brand__in=user.brand_ids)

    def current(self) -> "EditionQuerySet":
        return self.exclude(state=EditionState.CORRECTED)


def edition_path(instance: "Edition", name: str) -> str:
    return f"editions/{uuid.uuid4().hex}.{name.rpartition('.')[2]}"


class Edition(Work):
    """One report of one period as it was handed out: frozen figures, review, approval, delivery (GSC-PRO-02 §5-6).

    `facts` are the figures, record ids, formulas and document version; `sha256` is the hash of exactly that.
    """

    code = models.CharField("informe", max_length=20)
    period = models.CharField("período", max_length=8)
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, verbose_name="marca")
    number = models.PositiveSmallIntegerField("versión", default=1)
    state = models.CharField("estado", max_length=9, choices=EditionState, default=EditionState.BUILDING)
    due_on = models.DateField("se entrega a más tardar")
    document = models.ForeignKey(DocumentVersion, models.PROTECT, null=True, blank=True, verbose_name="versión del documento")
    facts = models.JSONField("cifras congeladas", default=dict)
    difference = models.JSONField("diferencias con la versión anterior", default=list, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    cut_at = models.DateTimeField("corte de los datos", null=True, blank=True)
    workbook = models.FileField("Excel", upload_to=edition_path, blank=True)
    pdf = models.FileField("PDF", upload_to=edition_path, blank=True)
    page = models.FileField("página congelada", upload_to=edition_path, blank=True, editable=False)  # what the PDF is drawn from
    comment = models.TextField("análisis de quien revisa", blank=True)
    strategies = models.TextField("estrategias de mejora", blank=True)
    correction_reason = models.CharField("por qué se corrige", max_length=300, blank=True)
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="revisó")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="aprobó")
    approved_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="envió")
    sent_at = models.DateTimeField(null=True, blank=True)
    handed_out_at = models.DateTimeField("entregado por primera vez", null=True, blank=True)  # with whichever version

    objects = EditionQuerySet.as_manager()

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "edición de informe", "ediciones de informes"
        ordering = ["-period", "code", "-number"]
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(fields=["code", "period", "site", "brand", "number"], nulls_distinct=False, name="edition_unique"),
            models.UniqueConstraint(
                fields=["code", "period", "site", "brand"],
                condition=~Q(state="CORRECTED"),
                nulls_distinct=False,
                name="edition_one_current",
            ),
            models.CheckConstraint(condition=Q(state="BUILDING") | ~Q(sha256=""), name="edition_frozen_once_built"),
            models.CheckConstraint(
                condition=~Q(state__in=["REVIEWED", "APPROVED", "SENT"]) | Q(reviewed_by__isnull=False), name="edition_reviewed_first"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["APPROVED", "SENT"]) | Q(approved_by__isnull=False), name="edition_approved_before_sent"
            ),
            models.CheckConstraint(
                condition=~Q(state="SENT") | Q(sent_at__isnull=False, handed_out_at__isnull=False), name="edition_sent_when"
            ),
            models.CheckConstraint(condition=Q(number=1) | ~Q(correction_reason=""), name="edition_correction_says_why"),
        ]
        permissions = [
            ("review_edition", "Puede revisar informes"),
            ("approve_edition", "Puede aprobar y enviar informes"),
        ]

    def __str__(self):
        return f"{self.code} {self.period} v{self.number}"

    @property
    def the_period(self) -> Period:
        return parse(self.period)

    def is_overdue(self, today: date) -> bool:
        """Nobody has it and its day is past; people have what is being corrected already."""
        return self.state != EditionState.CORRECTED and self.handed_out_at is None and today > self.due_on


class PreparationDayManager(models.Manager):
    def get_by_natural_key(self, code: str):
        return self.get(code=code)


class PreparationDay(models.Model):
    """The day and hour on which a weekly report is prepared, other than Monday at seven: R-CRM-W is for the committee's day (CRM-11)."""

    code = models.CharField("informe semanal", max_length=20, unique=True)
    weekday = models.PositiveSmallIntegerField("día", choices=list(enumerate(("lunes", "martes", "miércoles", "jueves", "viernes", "sábado"))),
                                               default=0)  # fmt: skip
    hour = models.TimeField("hora", default=time(7))

    objects = PreparationDayManager()

    class Meta:
        verbose_name, verbose_name_plural = "día de preparación", "días de preparación"
        ordering = ["code"]
        constraints = [models.CheckConstraint(condition=Q(weekday__range=(0, 5)), name="preparation_on_a_day_of_work")]

    def __str__(self):
        return f"{self.code}: {self.get_weekday_display()} a las {self.hour:%H:%M}"

    def natural_key(self):
        return (self.code,)


class RecipientManager(models.Manager):
    def get_by_natural_key(self, code: str, weekly: bool, function: str, email: str):
        return self.get(code=code, weekly=weekly, function=function, email=email, site=None, brand=None)


class Recipient(models.Model):
    """Who receives a report: everybody with a function, or one address.

    A site or a brand narrows what they get, and of a function takes only who sees it; empty: whatever the edition covers.
    """

    code = models.CharField("informe", max_length=20)
    weekly = models.BooleanField("semanal", default=False)
    function = models.CharField("función", max_length=30, blank=True, choices=[(role.value, TITLES[role]) for role in Role])
    email = models.EmailField("correo", blank=True)
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, verbose_name="solo de la sede")
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, verbose_name="solo de la marca")
    is_active = models.BooleanField("activo", default=True)

    objects = RecipientManager()

    class Meta:
        verbose_name, verbose_name_plural = "destinatario de informe", "destinatarios de informes"
        ordering = ["code", "function", "email"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "weekly", "function", "email", "site", "brand"], nulls_distinct=False, name="recipient_unique"
            ),
            models.CheckConstraint(condition=Q(function="") ^ Q(email=""), name="recipient_function_or_email"),
        ]

    def __str__(self):
        return f"{self.code}: {self.get_function_display() or self.email}"

    def natural_key(self):
        return (self.code, self.weekly, self.function, self.email)


class Delivery(Work):
    """One edition on its way to one person: built for their scope, handed to the mail outbox, and what became of it.

    `sha256` and `cut_at` are of the copy made for a narrower scope; empty: the edition's own files.
    """

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="deliveries", verbose_name="edición")
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="persona")
    email = models.EmailField("correo")
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="solo de la sede")
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="solo de la marca")
    sha256 = models.CharField(max_length=64, blank=True)
    cut_at = models.DateTimeField("corte de los datos", null=True, blank=True)
    mail = models.OneToOneField(Mail, models.PROTECT, null=True, blank=True, related_name="delivery", verbose_name="correo enviado")

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "entrega de informe", "entregas de informes"
        ordering = ["email"]
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(fields=["edition", "email"], name="delivery_once"),
            models.CheckConstraint(condition=~Q(work_state="DONE") | Q(mail__isnull=False), name="delivery_done_has_mail"),
        ]

    def __str__(self):
        return f"{self.edition} → {self.email}"
