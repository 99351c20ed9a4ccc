"""Forms of habeas data."""

from django import forms

from callcenter.enums import Channel
from callcenter.forms import CleanCharField, DayField, UploadField
from callcenter.models import AuthorisationSource, AuthorisedFor, DataRight, RequestChannel

PROOFS = ("pdf", "jpg", "jpeg", "png", "webp")
PROOF_MAX = 10 * 1024 * 1024


class RequestForm(forms.Form):
    """A new request of one person."""

    right = forms.ChoiceField(label="Qué pide", choices=DataRight.choices)
    channel = forms.ChoiceField(label="Por dónde llegó", choices=RequestChannel.choices)
    received_on = DayField(label="Fecha de recibo")
    text = CleanCharField(label="Qué dijo", max_length=4000, widget=forms.Textarea(attrs={"rows": 4, "maxlength": 4000}))


class StepForm(forms.Form):
    """The words of one step: the answer, why more time, what is missing."""

    words = CleanCharField(max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3, "maxlength": 4000}))


class AuthorisationForm(forms.Form):
    """What a person allows, and the proof."""

    purpose = forms.ChoiceField(label="Para qué", choices=AuthorisedFor.choices)
    channels = forms.MultipleChoiceField(
        label="Por qué canales",
        choices=Channel.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Ninguno marcado: todos.",
    )
    source = forms.ChoiceField(
        label="Cómo la dio", choices=[choice for choice in AuthorisationSource.choices if choice[0] != AuthorisationSource.DMS]
    )
    text_version = CleanCharField(label="Versión del texto que aceptó", max_length=40, initial="Política de datos v1")
    granted_on = DayField(label="Fecha")
    note = CleanCharField(label="Nota", max_length=300, required=False)
    proof = UploadField(label="Prueba (PDF o imagen)", required=False, widget=forms.FileInput(attrs={"accept": ".pdf,image/*"}))

    def clean_proof(self):
        file = self.cleaned_data["proof"]
        if file and (file.name.rpartition(".")[2].lower() not in PROOFS or file.size > PROOF_MAX):
            raise forms.ValidationError("La prueba es un PDF o una imagen de 10 MB como máximo.")
        return file
