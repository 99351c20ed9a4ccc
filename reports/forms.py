"""What a report is asked with."""

import uuid
from collections.abc import Iterable
from datetime import date

from django import forms
from django.db.models import QuerySet

from callcenter.forms import CleanCharField, DayField
from callcenter.models import Brand, Site, User
from carrazos.lib import periods
from carrazos.lib.periods import Month, Week
from reports.base import Report
from reports.models import ActionState, Edition, EditionState, ImprovementAction
from reports.models.improvement import CLOSED, ActionOrigin

MONTHS, WEEKS = 13, 9  # offered to choose from, the current ones included


class ReportForm(forms.Form):
    period = forms.ChoiceField(label="Período")
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="Todas")
    brand = forms.ModelChoiceField(Brand.objects.none(), label="Marca", required=False, empty_label="Todas")

    def __init__(self, *args, user: User, month: Month, today: date | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        week = Week.of(today or month.last)
        groups = {"Meses": [month.back(count) for count in range(MONTHS)], "Semanas": [week.back(count) for count in range(WEEKS)]}
        self.fields["period"].choices = [(name, [(item.code, item.label.capitalize()) for item in rows]) for name, rows in groups.items()]
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids)
        self.fields["brand"].queryset = Brand.objects.filter(pk__in=user.brand_ids)

    def clean_period(self):
        try:
            periods.parse(self.cleaned_data["period"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return self.cleaned_data["period"]


class RunForm(ReportForm):
    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)
    format = forms.ChoiceField(choices=[("xlsx", "Excel"), ("pdf", "PDF")])


class ReviewForm(forms.ModelForm):
    """What the reviewer says of the period."""

    use_required_attribute = False
    comment = CleanCharField(label="Análisis del período", widget=forms.Textarea(attrs={"rows": 4}), max_length=4000,
                             error_messages={"required": "Escriba el análisis del período."})  # fmt: skip
    strategies = CleanCharField(label="Estrategias de mejora", widget=forms.Textarea(attrs={"rows": 4}), max_length=4000, required=False)

    class Meta:
        model = Edition
        fields = ["comment", "strategies"]


class CorrectionForm(forms.Form):
    use_required_attribute = False
    reason = CleanCharField(label="Por qué se corrige", max_length=300)


class EditionFilter(forms.Form):
    """Which editions are listed."""

    code = forms.ChoiceField(label="Informe", required=False)
    state = forms.ChoiceField(
        label="Estado",
        required=False,
        choices=[("", "Todos"), ("late", "Vencidos"), *(item for item in EditionState.choices if item[0] != "CORRECTED")],
    )

    def __init__(self, *args, catalogue: Iterable[Report], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = [
            ("", "Todos"),
            *((item.code, f"{item.title} ({item.code})") for item in catalogue if item.frequencies),
        ]

    def apply(self, rows: QuerySet[Edition], today: date) -> QuerySet[Edition]:
        """The editions that were asked for; an unknown value is no filter."""
        data = self.cleaned_data if self.is_valid() else {}
        if data.get("code"):
            rows = rows.filter(code=data["code"])
        if data.get("state") == "late":
            return rows.filter(handed_out_at__isnull=True, due_on__lt=today)
        return rows.filter(state=data["state"]) if data.get("state") else rows


class ActionFilter(forms.Form):
    """Which improvement actions are listed."""

    state = forms.ChoiceField(label="Estado", required=False, choices=[("", "Abiertas"), ("all", "Todas"), *ActionState.choices])
    origin = forms.ChoiceField(label="Origen", required=False, choices=[("", "Todos"), *ActionOrigin.choices])
    brand = forms.ModelChoiceField(Brand.objects.none(), label="Marca", required=False, empty_label="Todas")
    mine = forms.BooleanField(label="Solo las mías", required=False)
    risk = forms.BooleanField(label="Citan un riesgo", required=False)

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["brand"].queryset = Brand.objects.filter(pk__in=user.brand_ids)

    def apply(self, rows):
        data = self.cleaned_data if self.is_valid() else {}
        state = data.get("state")
        if not state:
            rows = rows.exclude(state__in=CLOSED)
        elif state != "all":
            rows = rows.filter(state=state)
        if data.get("origin"):
            rows = rows.filter(origin=data["origin"])
        if data.get("brand"):
            rows = rows.filter(brand=data["brand"])
        if data.get("risk"):
            rows = rows.exclude(risk="")
        return rows.filter(owner=self.user) if data.get("mine") else rows


class ActionForm(forms.ModelForm):
    """An action somebody opens by hand."""

    use_required_attribute = False
    finding = CleanCharField(label="Hallazgo", max_length=300)

    class Meta:
        model = ImprovementAction
        fields = ["kind", "origin", "finding", "indicator", "brand", "site", "risk"]
        widgets = {"risk": forms.TextInput(attrs={"list": "risks"})}

    def __init__(self, *args, user: User, indicators: list[tuple[str, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["indicator"] = forms.ChoiceField(label="Indicador", required=False, choices=[("", "Ninguno"), *indicators])
        self.fields["brand"].queryset = Brand.objects.filter(pk__in=user.brand_ids)
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids)
        self.fields["brand"].empty_label = self.fields["site"].empty_label = "Todas"


class PlanForm(forms.ModelForm):
    """Causes, plan, owner and date."""

    use_required_attribute = False
    causes = CleanCharField(label="Causas", widget=forms.Textarea(attrs={"rows": 3}), max_length=4000)
    plan = CleanCharField(label="Plan de acción", widget=forms.Textarea(attrs={"rows": 4}), max_length=4000)
    owner = forms.ModelChoiceField(User.objects.none(), label="Responsable", empty_label="Elija…")
    due_on = DayField(label="Fecha límite")

    class Meta:
        model = ImprovementAction
        fields = ["causes", "plan", "owner", "due_on", "risk"]
        widgets = {"risk": forms.TextInput(attrs={"list": "risks"})}

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.filter(is_active=True).order_by("first_name", "last_name")
