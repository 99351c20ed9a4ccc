"""What a report is asked with."""

import uuid

from django import forms

from callcenter.models import Brand, Site, User
from carrazos.lib import periods
from carrazos.lib.periods import Month


class ReportForm(forms.Form):
    period = forms.ChoiceField(label="Período")
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="Todas")
    brand = forms.ModelChoiceField(Brand.objects.none(), label="Marca", required=False, empty_label="Todas")

    def __init__(self, *args, user: User, month: Month, **kwargs):
        super().__init__(*args, **kwargs)
        months = [month.back(count) for count in range(13)]
        self.fields["period"].choices = [(item.code, item.label.capitalize()) for item in months]
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
