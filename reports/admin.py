from django.contrib import admin

from callcenter.admin import ReadOnly
from reports.models import ReportRun


@admin.register(ReportRun)
class ReportRunPage(ReadOnly):
    list_display = ("code", "period", "format", "work_state", "attempts", "created_at", "requested_by", "error")
    list_filter = ("work_state", "code")
    list_select_related = ("requested_by",)
