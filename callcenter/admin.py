"""The administrators' windows: catalogues to edit, work to look at. Calls and messages change only through the product."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from callcenter import models


class ReadOnly(admin.ModelAdmin):
    """A window on rows that only the product writes."""

    show_full_result_count = False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class Catalogue(admin.ModelAdmin):
    """Rows that are deactivated, never deleted: old calls point at them."""

    show_facets = admin.ShowFacets.ALLOW

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(models.User)
class UserPage(UserAdmin):
    list_display = ("username", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("is_active", "groups", "sites", "brands")
    filter_horizontal = ("groups", "sites", "brands")
    fieldsets = (
        (None, {"fields": ("username", "password", "is_active")}),
        ("Persona", {"fields": ("first_name", "last_name", "email")}),
        ("Función y alcance", {"fields": ("groups", "sites", "all_sites", "brands", "all_brands", "programmes", "daily_goal")}),
        ("Administración", {"fields": ("is_staff", "is_superuser")}),
    )

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(models.Brand)
class BrandPage(Catalogue):
    list_display = ("name", "code", "portal_name", "is_active")


@admin.register(models.Site)
class SitePage(Catalogue):
    list_display = ("name", "code", "city", "area_code", "phones", "is_active")


@admin.register(models.Employee)
class EmployeePage(Catalogue):
    list_display = ("name", "code", "function", "site", "is_active")
    list_filter = ("function", "site", "is_active")
    list_select_related = ("site",)
    search_fields = ("name", "code")
    search_help_text = "Nombre o código de SPIGA"


@admin.register(models.Reason)
class ReasonPage(Catalogue):
    list_display = ("label", "kind", "code", "key", "order", "is_active")
    list_filter = ("kind", "is_active")


class StepInline(admin.TabularInline):
    model = models.ScriptStep
    extra = 0


@admin.register(models.Script)
class ScriptPage(Catalogue):
    list_display = ("code", "version", "title", "programme", "brand", "is_published")
    list_filter = ("programme", "is_published")
    list_select_related = ("brand",)
    inlines = (StepInline,)


@admin.register(models.ServiceOffer)
class OfferPage(admin.ModelAdmin):
    list_display = ("name", "brand", "family", "price_cop", "valid_until")
    list_filter = ("brand",)
    list_select_related = ("brand",)


@admin.register(models.MessageTemplate)
class TemplatePage(Catalogue):
    list_display = ("name", "programme", "is_marketing", "is_active")


@admin.register(models.Campaign)
class CampaignPage(admin.ModelAdmin):
    list_display = ("name", "brand", "starts_on", "ends_on")
    list_select_related = ("brand",)


class VersionInline(admin.TabularInline):
    model = models.DocumentVersion
    extra = 0


@admin.register(models.ControlledDocument)
class DocumentPage(Catalogue):
    list_display = ("code", "title", "status", "note")
    list_filter = ("status",)
    inlines = (VersionInline,)


@admin.register(models.ProgrammeSettings)
class ProgrammePage(admin.ModelAdmin):
    list_display = ("programme", "max_attempts", "reply_days")


@admin.register(models.CalendarException)
class CalendarPage(admin.ModelAdmin):
    list_display = ("day", "is_working", "note")


@admin.register(models.BlockedPhone)
class BlockedPhonePage(admin.ModelAdmin):
    list_display = ("value", "note", "site")
    list_select_related = ("site",)


@admin.register(models.ColumnAlias)
class ColumnAliasPage(admin.ModelAdmin):
    list_display = ("alias", "field", "feed")


@admin.register(models.Position)
class PositionPage(admin.ModelAdmin):
    list_display = ("title", "function")


@admin.register(models.ImportBatch)
class ImportBatchPage(ReadOnly):
    list_display = ("name", "feed", "status", "work_state", "attempts", "created_at", "requested_by", "error")
    list_filter = ("status", "work_state")
    list_select_related = ("requested_by",)


@admin.register(models.Pulse)
class PulsePage(ReadOnly):
    list_display = ("name", "at")
