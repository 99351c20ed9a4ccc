"""The administrators' windows: catalogues to edit, work to look at. Calls and messages change only through the product."""

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile

from callcenter import models
from callcenter.domain.errors import Refused
from callcenter.domain.evidence import clean_picture
from callcenter.domain.wording import template_problems
from callcenter.enums import TemplateApproval
from callcenter.roles import TITLES


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


class FunctionsField(forms.ModelMultipleChoiceField):
    """The groups by the names that people use, not by the codes that the code does."""

    def label_from_instance(self, obj):
        return TITLES.get(obj.name, obj.name)


class FunctionFilter(admin.SimpleListFilter):
    title, parameter_name = "función", "function"

    def lookups(self, request, model_admin):
        return [(role.value, title) for role, title in TITLES.items()]

    def queryset(self, request, queryset):
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


@admin.register(models.User)
class UserPage(UserAdmin):
    list_display = ("username", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("is_active", FunctionFilter, "sites", "brands")
    filter_horizontal = ("groups", "sites", "brands")
    fieldsets = (
        (None, {"fields": ("username", "password", "is_active")}),
        ("Persona", {"fields": ("first_name", "last_name", "email")}),
        ("Función y alcance", {"fields": ("groups", "sites", "all_sites", "brands", "all_brands", "programmes", "daily_goal")}),
        ("Administración", {"fields": ("is_staff", "is_superuser")}),
    )

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name == "groups":
            kwargs |= {"form_class": FunctionsField, "label": "Función"}
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(models.Brand)
class BrandPage(Catalogue):
    list_display = ("name", "code", "portal_name", "is_active")


@admin.register(models.BrandPlatform)
class PlatformPage(Catalogue):
    list_display = ("name", "brand", "kind", "url", "is_active")
    list_filter = ("brand", "kind", "is_active")
    list_select_related = ("brand",)
    filter_horizontal = ("people",)


@admin.register(models.Site)
class SitePage(Catalogue):
    list_display = ("name", "code", "city", "phones", "daily_capacity", "is_active")


@admin.register(models.CapacityException)
class CapacityPage(admin.ModelAdmin):
    list_display = ("site", "day", "appointments", "note")
    list_filter = ("site",)
    list_select_related = ("site",)


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


class PictureForm(forms.ModelForm):
    """A picture that goes to customers is written anew like every other: nothing but the picture is kept."""

    class Meta:
        model = models.Campaign
        fields = ["name", "brand", "image", "starts_on", "ends_on"]

    def clean_image(self):
        found = self.cleaned_data.get("image")
        if not isinstance(found, UploadedFile):
            return found
        try:
            return ContentFile(clean_picture(found.read()).data, name="imagen.jpg")
        except Refused as refusal:
            raise ValidationError(str(refusal)) from refusal


class TemplateForm(PictureForm):
    """A text that Meta would accept; once approved, a changed text is another text."""

    class Meta:
        model = models.MessageTemplate
        fields = ["name", "programme", "order", "is_marketing", "body", "variables", "has_image", "image", "language", "approval",
                  "approval_note", "quality", "is_active"]  # fmt: skip

    def clean(self):
        data = super().clean()
        problems = template_problems(data.get("body", ""), data.get("variables") or [], is_marketing=bool(data.get("is_marketing")))
        if problems:
            raise ValidationError(problems)
        if (
            self.instance.pk
            and self.instance.approval != TemplateApproval.LOCAL
            and {"body", "variables", "language"} & set(self.changed_data)
        ):
            data["approval"] = TemplateApproval.LOCAL
        return data


@admin.register(models.MessageTemplate)
class TemplatePage(Catalogue):
    form = TemplateForm
    list_display = ("name", "programme", "is_marketing", "approval", "has_image", "is_active")
    list_filter = ("approval", "is_marketing", "programme")


@admin.register(models.Campaign)
class CampaignPage(admin.ModelAdmin):
    form = PictureForm
    list_display = ("name", "brand", "starts_on", "ends_on")
    list_select_related = ("brand",)


@admin.register(models.Message)
class MessagePage(ReadOnly):
    list_display = ("customer", "template", "status", "work_state", "attempts", "due_at", "sent_at", "error")
    list_filter = ("status", "gateway", "work_state")
    list_select_related = ("customer", "template")


@admin.register(models.WebhookDelivery)
class WebhookPage(ReadOnly):
    list_display = ("created_at", "work_state", "attempts", "error")
    list_filter = ("work_state",)


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


@admin.register(models.ContactRules)
class ContactRulesPage(admin.ModelAdmin):
    """One row: the owner's choices where Ley 2300 is disputed."""

    list_display = ("__str__", "is_strict", "rne_enforcement", "rne_days")

    def has_add_permission(self, request):
        return not models.ContactRules.objects.exists()

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(models.LawOverride)
class LawOverridePage(ReadOnly):
    list_display = ("at", "rule", "customer", "by", "reason", "spent_at")
    list_filter = ("rule",)
    list_select_related = ("customer", "by")


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
