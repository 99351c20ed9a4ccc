"""The administrators' windows of satisfaction: what is asked, the owner's numbers and causes. Surveys and cases change only through the product."""

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Max

from callcenter.admin import Catalogue, ReadOnly
from satisfaction import models


class QuestionInline(admin.TabularInline):
    model = models.Question
    extra = 0

    def is_frozen(self, obj) -> bool:
        return obj is not None and models.Answer.objects.filter(question__questionnaire=obj).exists()

    def has_add_permission(self, request, obj=None):
        return super().has_add_permission(request, obj) and not self.is_frozen(obj)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not self.is_frozen(obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not self.is_frozen(obj)


@admin.action(description="Crear una versión nueva para editarla")
def new_version(page, request, queryset):
    """A draft with the same questions: what was answered stays as it was asked."""
    for row in queryset:
        with transaction.atomic():
            last = models.Questionnaire.objects.filter(code=row.code).aggregate(last=Max("version"))["last"]
            draft = models.Questionnaire.objects.create(
                code=row.code, title=row.title, programme=row.programme, brand=row.brand, version=last + 1, is_published=False
            )
            questions = list(row.questions.all())
            for question in questions:
                question.pk, question.questionnaire = None, draft
            models.Question.objects.bulk_create(questions)
        messages.success(request, f"Borrador {draft}: edítelo y publíquelo.")


@admin.action(description="Poner en uso (retira la versión anterior)")
def publish(page, request, queryset):
    for row in queryset:
        with transaction.atomic():
            models.Questionnaire.objects.filter(programme=row.programme, brand=row.brand, is_published=True).update(is_published=False)
            models.Questionnaire.objects.filter(pk=row.pk).update(is_published=True)
        messages.success(request, f"{row} está en uso.")


@admin.register(models.Questionnaire)
class QuestionnairePage(Catalogue):
    list_display = ("code", "version", "title", "programme", "brand", "is_published")
    list_filter = ("programme", "is_published")
    list_select_related = ("brand",)
    inlines = (QuestionInline,)
    actions = (new_version, publish)


@admin.register(models.Cause)
class CausePage(Catalogue):
    list_display = ("label", "code", "order", "is_active")


@admin.register(models.SatisfactionRules)
class RulesPage(admin.ModelAdmin):
    list_display = ("__str__", "formula", "goal", "sla_days", "any_low_score")
    list_select_related = ("brand",)


@admin.register(models.PqrsTerm)
class TermPage(admin.ModelAdmin):
    list_display = ("kind", "days", "note")


@admin.register(models.Letter)
class LetterPage(ReadOnly):
    list_display = ("pqrs", "kind", "work_state", "attempts", "error")
    list_select_related = ("pqrs",)
