"""The administrators' windows on the audit: its numbers to edit, its rows to look at."""

from django.contrib import admin

from callcenter.admin import Catalogue, ReadOnly
from crm_audit import models


@admin.register(models.AuditRule)
class AuditRulePage(admin.ModelAdmin):
    list_display = ("brand", "yellow_from", "red_from")


@admin.register(models.Target)
class TargetPage(Catalogue):
    list_display = ("period", "kind", "brand", "site", "advisor", "value", "set_by")
    list_filter = ("kind", "brand", "period")
    list_select_related = ("brand", "site", "advisor", "set_by")


@admin.register(models.SampleDraw)
class SampleDrawPage(ReadOnly):
    list_display = ("drawn_at", "percent", "seed", "drawn_by")


@admin.register(models.Notice)
class NoticePage(ReadOnly):
    list_display = ("advisor", "cut_on", "created_at", "opened_at", "answered_at")
    exclude = ("token",)
