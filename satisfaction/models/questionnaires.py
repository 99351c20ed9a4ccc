"""What is asked: a general block per programme and a block per brand, in versions, frozen once answered (GSC-PRO-03 §2)."""

from django.db import models
from django.db.models import Q

from callcenter.enums import Programme
from callcenter.models import Brand
from satisfaction.enums import Formula, QuestionKind

SURVEYS = (
    (Programme.AFTERSALES_SURVEY.value, Programme.AFTERSALES_SURVEY.label),
    (Programme.SALES_SURVEY.value, Programme.SALES_SURVEY.label),
)


class QuestionnaireManager(models.Manager):
    def get_by_natural_key(self, code: str, version: int):
        return self.get(code=code, version=version)


class QuestionnaireQuerySet(models.QuerySet):
    def in_use(self, programme: str, brand: Brand) -> "QuestionnaireQuerySet":
        """The general block and the brand's, in that order."""
        rows = self.filter(programme=programme, is_published=True).filter(Q(brand__isnull=True) | Q(brand=brand))
        return rows.order_by(models.F("brand").asc(nulls_first=True))


class Questionnaire(models.Model):
    code = models.CharField("código", max_length=30)
    title = models.CharField("título", max_length=100)
    programme = models.CharField("programa", max_length=20, choices=SURVEYS)
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, verbose_name="marca", help_text="Vacía: bloque general.")
    version = models.PositiveSmallIntegerField("versión", default=1)
    is_published = models.BooleanField("en uso", default=False)

    objects = QuestionnaireManager.from_queryset(QuestionnaireQuerySet)()

    class Meta:
        verbose_name, verbose_name_plural = "cuestionario", "cuestionarios"
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="questionnaire_version_unique"),
            models.UniqueConstraint(
                fields=["programme", "brand"], condition=Q(is_published=True), nulls_distinct=False, name="questionnaire_one_published"
            ),
        ]

    def __str__(self):
        return f"{self.code} v{self.version}"

    def natural_key(self):
        return (self.code, self.version)


class QuestionManager(models.Manager):
    def get_by_natural_key(self, code: str, version: int, order: int):
        return self.get(questionnaire__code=code, questionnaire__version=version, order=order)


class Question(models.Model):
    """One question; a trigger refuses to change or delete it once somebody answered it (a new version is made instead)."""

    questionnaire = models.ForeignKey(Questionnaire, models.CASCADE, related_name="questions", verbose_name="cuestionario")
    order = models.PositiveSmallIntegerField("orden")
    topic = models.CharField("tema", max_length=60, help_text="Como sale en los informes: Atención, Tiempos…")
    text = models.CharField("pregunta", max_length=300)
    kind = models.CharField("tipo", max_length=9, choices=QuestionKind, default=QuestionKind.SCORE)
    is_classifier = models.BooleanField("clasifica al cliente", default=False)
    marks_portal = models.BooleanField("sí: respondió en el portal de la marca", default=False)

    objects = QuestionManager()

    class Meta:
        verbose_name, verbose_name_plural = "pregunta", "preguntas"
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["questionnaire", "order"], name="question_unique"),
            models.UniqueConstraint(fields=["questionnaire"], condition=Q(is_classifier=True), name="question_one_classifier"),
            models.CheckConstraint(condition=Q(is_classifier=False) | Q(kind=QuestionKind.SCORE), name="question_classifier_scores"),
            models.CheckConstraint(condition=Q(marks_portal=False) | Q(kind=QuestionKind.YES_NO), name="question_portal_yes_no"),
        ]

    def __str__(self):
        return self.topic

    def natural_key(self):
        return (*self.questionnaire.natural_key(), self.order)

    natural_key.dependencies = ["satisfaction.questionnaire"]


class SatisfactionRules(models.Model):
    """The owner's numbers; what is empty keeps the default of domain/rules.py. A brand's row goes before the general one."""

    brand = models.OneToOneField(Brand, models.PROTECT, null=True, blank=True, verbose_name="marca", help_text="Vacía: todas.")
    formula = models.CharField("fórmula de la satisfacción", max_length=17, choices=Formula, blank=True)
    goal = models.DecimalField("meta de satisfacción (%)", max_digits=4, decimal_places=1, null=True, blank=True)
    sla_days = models.PositiveSmallIntegerField("días hábiles para responder", null=True, blank=True)
    any_low_score = models.BooleanField("cualquier nota baja abre seguimiento", null=True, blank=True)
    verify_days = models.PositiveSmallIntegerField("días para confirmar con el cliente", null=True, blank=True)
    repeat_months = models.PositiveSmallIntegerField("meses en que se repite", null=True, blank=True)
    repeat_cases = models.PositiveSmallIntegerField("casos que lo hacen reiterativo", null=True, blank=True)
    max_age_days = models.PositiveSmallIntegerField("días en que aún se encuesta", null=True, blank=True)
    call_within_days = models.PositiveSmallIntegerField("días hábiles para llamar", null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = "regla de satisfacción", "reglas de satisfacción"
        constraints = [
            models.UniqueConstraint(fields=["brand"], nulls_distinct=False, name="rules_one_per_brand"),
            models.CheckConstraint(condition=Q(sla_days__isnull=True) | Q(sla_days__range=(1, 15)), name="rules_sla_possible"),
            models.CheckConstraint(condition=Q(goal__isnull=True) | Q(goal__range=(0, 100)), name="rules_goal_possible"),
            models.CheckConstraint(condition=Q(repeat_cases__isnull=True) | Q(repeat_cases__gte=2), name="rules_repeat_possible"),
        ]

    def __str__(self):
        return f"Reglas de {self.brand or 'todas las marcas'}"
