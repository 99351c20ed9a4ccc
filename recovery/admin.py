"""What the owner may change."""

from django.contrib import admin

from recovery.models import RecoveryRules


@admin.register(RecoveryRules)
class RecoveryRulesAdmin(admin.ModelAdmin):
    list_display = ("min_months", "window_days", "include_never_visited")

    def has_add_permission(self, request):
        return super().has_add_permission(request) and not RecoveryRules.objects.exists()

    def has_delete_permission(self, request, obj=None):
        return False
