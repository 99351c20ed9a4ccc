"""What people type in the programme's pages."""

from django import forms

from callcenter.enums import ReasonKind
from callcenter.forms import CallForm, CleanCharField
from callcenter.models import Brand, Reason, Site, User, Vehicle
from recovery.enums import Exclusion, Segment

STATES = [
    ("listed", "En la lista"),
    ("excluded", "Excluidos"),
    ("uncalled", "Sin llamar"),
    ("called", "Llamados"),
    ("contacted", "Contactados"),
    ("booked", "Con cita"),
    ("recovered", "Recuperados"),
    ("waiting", "En plazo"),
    ("lost", "No volvieron"),
    ("failed", "Volvieron sin cumplir la condición"),
]


class RecoveryCallForm(CallForm):
    """The call of a person who may have several vehicles away: which one the appointment is for."""

    vehicle = forms.ModelChoiceField(
        Vehicle.objects.none(), required=False, error_messages={"invalid_choice": "Elija uno de los vehículos del cliente."}
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["vehicle"].queryset = Vehicle.objects.filter(candidacies__outreach=self.outreach).distinct()

    def details(self) -> str:
        return str(self.cleaned_data["vehicle"].pk) if self.cleaned_data["vehicle"] else ""


class MonthForm(forms.Form):
    """Which month's list."""

    month = forms.CharField(max_length=7)


class RowsForm(forms.Form):
    """Search in a list."""

    use_required_attribute = False

    month = forms.CharField(widget=forms.HiddenInput, required=False)
    q = CleanCharField(label="Cliente, placa o VIN", required=False, max_length=80)
    state = forms.ChoiceField(label="Estado", choices=[("", "Todos"), *STATES], required=False)
    reason = forms.ChoiceField(label="Motivo de exclusión", choices=[("", "Cualquiera"), *Exclusion.choices], required=False)
    segment = forms.ChoiceField(label="Tiempo sin venir", choices=[("", "Cualquiera"), *Segment.choices], required=False)
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="Todas")
    brand = forms.ModelChoiceField(Brand.objects.none(), label="Marca", required=False, empty_label="Todas")
    agent = forms.ModelChoiceField(User.objects.none(), label="Agente", required=False, empty_label="Cualquiera")
    why = forms.ModelChoiceField(
        Reason.objects.filter(kind__in=[ReasonKind.NO_CONTACT, ReasonKind.NO_BOOKING]), label="Motivo de la llamada", required=False,
        empty_label="Cualquiera",
    )  # fmt: skip

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids)
        self.fields["brand"].queryset = Brand.objects.filter(pk__in=user.brand_ids)
        self.fields["agent"].queryset = User.objects.filter(is_active=True, groups__isnull=False).distinct()


class NoteForm(forms.Form):
    """Why a person takes a vehicle out of the list or brings it back."""

    note = CleanCharField(max_length=300, error_messages={"required": "Escriba por qué: la nota queda con su nombre."})
