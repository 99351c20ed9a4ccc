from django import forms
from django.contrib import admin

from callcenter.admin import ReadOnly
from carrazos.lib.periods import Week
from reports.catalogue import CATALOGUE
from reports.models import Delivery, Edition, Goal, IndicatorSnapshot, PreparationDay, Recipient, ReportRun


@admin.register(ReportRun)
class ReportRunPage(ReadOnly):
    list_display = ("code", "period", "format", "work_state", "attempts", "created_at", "requested_by", "error")
    list_filter = ("work_state", "code")
    list_select_related = ("requested_by",)


@admin.register(Edition)
class EditionPage(ReadOnly):
    list_display = ("code", "period", "number", "state", "due_on", "work_state", "error")
    list_filter = ("state", "code")


@admin.register(Delivery)
class DeliveryPage(ReadOnly):
    list_display = ("edition", "email", "work_state", "error")
    list_select_related = ("edition",)


@admin.register(Recipient)
class RecipientPage(admin.ModelAdmin):
    list_display = ("code", "weekly", "function", "email", "site", "brand", "is_active")
    list_filter = ("code", "weekly", "function", "is_active")
    list_select_related = ("site", "brand")
    search_fields = ("code", "email")
    search_help_text = "Código del informe o correo"


class PreparationDayForm(forms.ModelForm):
    """Only reports that are prepared by week can be chosen."""

    code = forms.ChoiceField(
        label="Informe semanal", choices=[(item.code, f"{item.title} ({item.code})") for item in CATALOGUE if Week in item.frequencies]
    )

    class Meta:
        model = PreparationDay
        fields = ("code", "weekday", "hour")


@admin.register(PreparationDay)
class PreparationDayPage(admin.ModelAdmin):
    form = PreparationDayForm
    list_display = ("code", "weekday", "hour")


@admin.register(Goal)
class GoalPage(admin.ModelAdmin):
    list_display = ("indicator", "brand", "site", "since", "value")
    list_filter = ("indicator", "brand", "site")


@admin.register(IndicatorSnapshot)
class SnapshotPage(ReadOnly):
    list_display = ("indicator", "month", "brand", "site", "text", "goal", "closed_at")
    list_filter = ("month", "indicator")
    list_select_related = ("brand", "site")
