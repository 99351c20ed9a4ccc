"""One survey per delivered order or vehicle, its answers, and the class that follows (GSC-PRO-03 §1-3)."""

from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from callcenter.enums import Channel, Programme
from callcenter.models import Attempt, Brand, Customer, Employee, ImportBatch, Outreach, Site, User, Vehicle, WorkOrder
from callcenter.models.audit import audited
from callcenter.models.organisation import ScopedQuerySet
from satisfaction.enums import Area, Band, Choice, SurveyStatus
from satisfaction.models.questionnaires import SURVEYS, Question

VOICE_MAX = 4000
ANSWERED = (SurveyStatus.ANSWERED, SurveyStatus.ANSWERED_LATER, SurveyStatus.PARTIAL)
FUNCTIONS_AREA = {
    "aftersales_director": Area.AFTERSALES, "aftersales_manager": Area.AFTERSALES, "service_advisor": Area.AFTERSALES,
    "workshop_chief": Area.AFTERSALES, "bodyshop_chief": Area.AFTERSALES, "sales_manager": Area.SALES, "sales_advisor": Area.SALES,
}  # fmt: skip
PROGRAMME_OF = {Area.AFTERSALES: Programme.AFTERSALES_SURVEY, Area.SALES: Programme.SALES_SURVEY}
AREA_OF = {programme: area for area, programme in PROGRAMME_OF.items()}


def areas_of(user: User) -> list[Area]:
    """The areas whose customers this person sees: their own function's; all for who serves both."""
    own = {FUNCTIONS_AREA.get(name) for name in user.functions}
    return list(Area) if not own or None in own else [area for area in Area if area in own]


class Delivery(models.Model):
    """A vehicle handed over to its buyer, as SPIGA's list of vehicles says (F4)."""

    reference = models.CharField("clave", max_length=80, unique=True)  # VIN | document or name | day
    site = models.ForeignKey(Site, models.PROTECT, db_index=False, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, db_index=False, verbose_name="marca")
    vehicle = models.ForeignKey(Vehicle, models.PROTECT, related_name="deliveries", verbose_name="vehículo")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="deliveries", verbose_name="cliente")
    advisor = models.ForeignKey(Employee, models.PROTECT, null=True, blank=True, db_index=False, verbose_name="asesor comercial")
    advisor_name = models.CharField("vendedor en SPIGA", max_length=80, blank=True)
    delivered_on = models.DateField("fecha de entrega")
    is_used = models.BooleanField("usado", default=False)
    invoice = models.CharField("factura", max_length=40, blank=True)
    batch = models.ForeignKey(ImportBatch, models.PROTECT, null=True, blank=True, related_name="deliveries", verbose_name="listado")
    created_at = models.DateTimeField("registrada", db_default=models.functions.Now())

    class Meta:
        verbose_name, verbose_name_plural = "entrega de vehículo", "entregas de vehículos"

    def __str__(self):
        return f"{self.vehicle} · {self.delivered_on:%d/%m/%Y}"


class SurveyQuerySet(ScopedQuerySet):
    def visible_to(self, user: User) -> "SurveyQuerySet":
        rows = super().visible_to(user)
        areas = areas_of(user)
        return rows if len(areas) == len(Area) else rows.filter(programme__in=[PROGRAMME_OF[area] for area in areas])

    def valid(self) -> "SurveyQuerySet":
        """Surveys that count for the indicator: the classifier is answered (SAT-R14)."""
        return self.filter(score__isnull=False)

    def for_list(self) -> "SurveyQuerySet":
        return self.select_related("outreach", "customer", "vehicle__brand", "site", "brand", "advisor", "work_order")


class Survey(models.Model):
    """One customer's opinion of one service. Created by the import, filled by the call or later by WhatsApp."""

    outreach = models.OneToOneField(Outreach, models.PROTECT, related_name="survey", verbose_name="gestión")
    programme = models.CharField("programa", max_length=20, choices=SURVEYS)
    work_order = models.OneToOneField(
        WorkOrder, models.PROTECT, null=True, blank=True, related_name="survey", verbose_name="orden de trabajo"
    )
    delivery = models.OneToOneField(Delivery, models.PROTECT, null=True, blank=True, related_name="survey", verbose_name="entrega")
    customer = models.ForeignKey(Customer, models.PROTECT, db_index=False, related_name="surveys", verbose_name="cliente")
    vehicle = models.ForeignKey(
        Vehicle, models.PROTECT, null=True, blank=True, db_index=False, related_name="surveys", verbose_name="vehículo"
    )
    site = models.ForeignKey(Site, models.PROTECT, db_index=False, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, db_index=False, verbose_name="marca")
    advisor = models.ForeignKey(Employee, models.PROTECT, null=True, blank=True, db_index=False, verbose_name="asesor")
    served_on = models.DateField("fecha del servicio")
    listed_on = models.DateField("día del listado")
    is_warranty = models.BooleanField("garantía", default=False)

    status = models.CharField("estado", max_length=15, choices=SurveyStatus, default=SurveyStatus.PENDING)
    channel = models.CharField("canal", max_length=8, choices=Channel, blank=True)
    score = models.PositiveSmallIntegerField("calificación", null=True, blank=True)  # of the classifier
    lowest = models.PositiveSmallIntegerField("calificación más baja", null=True, blank=True)
    band = models.GeneratedField(
        expression=Case(
            When(score__gte=9, then=Value(Band.PROMOTER.value)),
            When(score__gte=7, then=Value(Band.NEUTRAL.value)),
            When(score__gte=1, then=Value(Band.DETRACTOR.value)),
            default=Value(""),
        ),
        output_field=models.CharField(max_length=9, choices=Band),
        db_persist=True,
    )
    is_high_impact = models.GeneratedField(
        expression=Case(When(Q(score__lt=6) | Q(lowest__lt=6), then=Value(True)), default=Value(False)),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    voice = models.TextField("voz del cliente", max_length=VOICE_MAX, blank=True)
    suggestion = models.TextField("sugerencia", max_length=VOICE_MAX, blank=True)
    compliment = models.TextField("felicitación", max_length=VOICE_MAX, blank=True)
    portal_answered = models.BooleanField("respondió en el portal de la marca", default=False)
    portal_on = models.DateField("fecha en el portal", null=True, blank=True)
    portal_score = models.DecimalField("calificación en el portal", max_digits=3, decimal_places=1, null=True, blank=True)
    attempt = models.OneToOneField(Attempt, models.PROTECT, null=True, blank=True, related_name="survey", verbose_name="intento")
    answered_at = models.DateTimeField("respondida", null=True, blank=True)
    answered_on = models.DateField("día de la respuesta", null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name="registró")
    before = models.JSONField("estado anterior", default=dict, editable=False)  # what undoing the last call puts back

    objects = SurveyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "encuesta", "encuestas"
        triggers = audited(inserts=False)  # each comes from a list, which says so
        constraints = [
            models.CheckConstraint(condition=Q(score__isnull=True) | Q(score__range=(1, 10)), name="survey_score_possible"),
            models.CheckConstraint(condition=Q(lowest__isnull=True) | Q(lowest__range=(1, 10)), name="survey_lowest_possible"),
            # GSC-PRO-03 §3: the voice of a dissatisfied customer is written down.
            models.CheckConstraint(condition=~Q(lowest__lte=6) | ~Q(voice=""), name="survey_low_has_voice"),
            models.CheckConstraint(
                condition=Q(status__in=ANSWERED, answered_at__isnull=False, answered_on__isnull=False)
                | (~Q(status__in=ANSWERED) & Q(answered_at__isnull=True, score__isnull=True, lowest__isnull=True)),
                name="survey_answered_whole",
            ),
            models.CheckConstraint(
                condition=Q(programme=Programme.AFTERSALES_SURVEY, delivery__isnull=True)
                | Q(programme=Programme.SALES_SURVEY, work_order__isnull=True),
                name="survey_of_one_matter",
            ),
            models.CheckConstraint(condition=LessThanOrEqual(Length("voice"), VOICE_MAX), name="survey_voice_length"),
        ]
        indexes = [
            # Everything a month's figures need, without touching the table.
            models.Index(
                fields=["programme", "answered_on", "site", "brand"], include=["band", "score"], condition=Q(score__isnull=False),
                name="survey_month",
            ),
            models.Index(fields=["programme", "listed_on", "site", "brand"], include=["status"], name="survey_coverage"),
            models.Index(fields=["programme", "served_on"], condition=Q(status=SurveyStatus.PENDING), name="survey_waiting"),
            models.Index(fields=["served_on", "id"], name="survey_served"),
            models.Index(fields=["customer", "-served_on"], name="survey_customer"),
            models.Index(fields=["vehicle", "-served_on"], name="survey_vehicle"),
        ]  # fmt: skip
        permissions = [("see_surveys", "Puede ver encuestas"), ("record_surveys", "Puede registrar respuestas de encuestas")]

    def __str__(self):
        return f"Encuesta de {self.customer}"

    def get_band_display(self) -> str:
        """Django gives a generated column no label of its own."""
        return Band(self.band).label if self.band else ""

    @property
    def area(self) -> Area:
        return AREA_OF[Programme(self.programme)]

    @property
    def is_migrated(self) -> bool:
        """It came from an old Drive sheet: nobody called it here."""
        return self.outreach.batch is not None and self.outreach.batch.feed.startswith("drive_")

    @property
    def is_answered(self) -> bool:
        return self.status in ANSWERED


class Answer(models.Model):
    """One answer, of exactly the shape that its question asks."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="answers", verbose_name="encuesta")
    question = models.ForeignKey(Question, models.PROTECT, related_name="answers", verbose_name="pregunta")
    score = models.PositiveSmallIntegerField("calificación", null=True, blank=True)
    choice = models.CharField("respuesta", max_length=3, choices=Choice, blank=True)
    text = models.TextField("texto", max_length=VOICE_MAX, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = "respuesta", "respuestas"
        ordering = ["question__questionnaire", "question__order"]
        constraints = [
            models.UniqueConstraint(fields=["survey", "question"], name="answer_unique"),
            models.CheckConstraint(
                condition=Q(score__range=(1, 10), choice="", text="")
                | (Q(score__isnull=True, text="") & ~Q(choice=""))
                | (Q(score__isnull=True, choice="") & ~Q(text="")),
                name="answer_has_one_shape",
            ),
        ]

    def __str__(self):
        return str(self.score or self.get_choice_display() or self.text)
