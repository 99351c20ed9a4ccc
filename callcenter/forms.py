"""What people type, converted and checked; `save()` and the like call one domain verb."""

import uuid
from datetime import datetime, time

from django import forms
from django.core.exceptions import ValidationError

from callcenter.domain.outreach import Booking, Call
from callcenter.enums import AppointmentStatus, ExclusionScope, Outcome, ReasonKind
from callcenter.feeds import feeds
from callcenter.models import ContactPoint, Employee, Outreach, Reason, Site, User
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.text import clean

NOTE_MAX = 4000


class CleanCharField(forms.CharField):
    """Text through the one gate: no controls, no lone surrogates."""

    def to_python(self, value):
        return super().to_python(clean(value) if isinstance(value, str) else value)


class DayField(forms.DateField):
    """A date for `<input type=date>`, which needs ISO whatever the language."""

    def __init__(self, **kwargs):
        super().__init__(
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), input_formats=["%Y-%m-%d", "%d/%m/%Y"], **kwargs
        )


class ClockField(forms.TimeField):
    def __init__(self, **kwargs):
        super().__init__(widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}), input_formats=["%H:%M"], **kwargs)


class MomentField(forms.CharField):
    """An instant chosen from offered options: ISO, with its zone."""

    def clean(self, value):
        value = super().clean(value)
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValidationError("Elija una de las horas ofrecidas.") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=BOGOTA)


def moment_of(day, clock: time | None) -> datetime | None:
    return datetime.combine(day, clock, tzinfo=BOGOTA) if day and clock else None


class CallForm(forms.Form):
    """One call's outcome. Which fields are needed depends on the outcome; the rest are ignored."""

    use_required_attribute = False

    key = forms.UUIDField(widget=forms.HiddenInput)
    fence = forms.IntegerField(widget=forms.HiddenInput)
    outcome = forms.CharField(error_messages={"required": "Elija el resultado de la llamada."})
    reason = forms.CharField(required=False)
    no_booking = forms.CharField(required=False)
    point = forms.ModelChoiceField(ContactPoint.objects.none(), required=False)
    note = CleanCharField(required=False, max_length=NOTE_MAX)
    call_back = MomentField(required=False)
    call_back_day = DayField(required=False)
    call_back_time = ClockField(required=False)
    only_me = forms.BooleanField(required=False)
    slot = MomentField(required=False)
    slot_day = DayField(required=False)
    slot_time = ClockField(required=False)
    site = forms.ModelChoiceField(Site.objects.none(), required=False)
    advisor = forms.ModelChoiceField(Employee.objects.none(), required=False)
    service = CleanCharField(required=False, max_length=160)
    scope = forms.ChoiceField(choices=ExclusionScope, required=False)

    REASON_KINDS = {Outcome.NO_CONTACT: ReasonKind.NO_CONTACT, Outcome.DECLINED: ReasonKind.NO_BOOKING}

    def __init__(self, *args, outreach: Outreach, agent: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.outreach = outreach
        self.fields["point"].queryset = ContactPoint.objects.phones().filter(customer=outreach.customer_id)
        self.fields["site"].queryset = Site.objects.filter(pk__in=agent.site_ids, is_active=True)
        self.fields["advisor"].queryset = Employee.objects.active().visible_to(agent)

    def clean_outcome(self):
        """`BOOKED`, or with the reason of a one-key button: `NO_CONTACT:BUSY`."""
        outcome, _, self.key_reason = self.cleaned_data["outcome"].partition(":")
        if outcome not in Outcome.values:
            raise ValidationError("Elija el resultado de la llamada.")
        return outcome

    def clean(self):
        data = super().clean()
        outcome = data.get("outcome")
        kind = self.REASON_KINDS.get(outcome)
        code = data.get("no_booking") if outcome == Outcome.DECLINED else getattr(self, "key_reason", "") or data.get("reason")
        reason = data["reason"] = Reason.objects.choices(kind).filter(code=code).first() if kind else None
        if kind and reason is None:
            self.add_error("reason", "Elija el motivo.")
        elif reason and reason.needs_note and not (data.get("note") or "").strip():
            self.add_error("note", f"El motivo «{reason}» exige una nota.")
        if outcome == Outcome.CALL_BACK:
            data["call_back"] = moment_of(data.get("call_back_day"), data.get("call_back_time")) or data.get("call_back")
            if data["call_back"] is None and not self.errors:
                self.add_error("call_back", "Elija cuándo volver a llamar.")
        if outcome == Outcome.BOOKED:
            data["slot"] = moment_of(data.get("slot_day"), data.get("slot_time")) or data.get("slot")
            if data["slot"] is None and not self.errors:
                self.add_error("slot", "Elija fecha y hora de la cita.")
            if not data.get("site"):
                self.add_error("site", "Elija la sede de la cita.")
        return data

    def call(self) -> Call:
        """The call as the domain takes it."""
        data = self.cleaned_data
        booked = data["outcome"] == Outcome.BOOKED
        return Call(
            key=data["key"],
            outcome=Outcome(data["outcome"]),
            reason=data["reason"],
            point=data["point"],
            note=data["note"].strip(),
            call_back_at=data["call_back"] if data["outcome"] == Outcome.CALL_BACK else None,
            only_me=data["only_me"],
            booking=Booking(data["slot"], data["site"], data["service"] or self.outreach.reason, data["advisor"]) if booked else None,
            opt_out_scope=ExclusionScope(data["scope"] or ExclusionScope.COMMERCIAL),
        )


class MessageForm(forms.Form):
    """The WhatsApp that the agent sent, with its screenshot."""

    use_required_attribute = False

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    fence = forms.IntegerField(widget=forms.HiddenInput)
    picture = forms.FileField(label="Pantallazo", required=False)


class UploadForm(forms.Form):
    """A SPIGA file on its way in."""

    feed = forms.ChoiceField(label="Fuente", choices=[])
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="La del archivo (columna Centro)")
    file = forms.FileField(label="Archivo de SPIGA", help_text="Excel (.xlsx, .xls) o CSV, hasta 20 MB y 100.000 filas.")
    has_authorisation = forms.BooleanField(
        label="Carrazos tiene la autorización de estos clientes para tratar sus datos (Ley 1581 de 2012)",
        error_messages={"required": "Sin esta declaración no se puede importar."},
    )

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["feed"].choices = [(slug, kind.title) for slug, kind in feeds().items()]
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids, is_active=True)


class DayForm(forms.Form):
    """The day and site of a list of appointments."""

    day = DayField(label="Día", required=False)
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="Todas")
    status = forms.ChoiceField(label="Estado", required=False, choices=[("", "Todos"), *AppointmentStatus.choices])

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids)


class DecisionForm(forms.Form):
    """What became of an appointment."""

    use_required_attribute = False

    status = forms.ChoiceField(
        choices=[(status.value, status.label) for status in AppointmentStatus if status != AppointmentStatus.SCHEDULED]
    )
    reason = forms.ModelChoiceField(Reason.objects.none(), label="Motivo", required=False)
    note = CleanCharField(label="Nota", required=False, max_length=500)
    day = DayField(label="Nueva fecha", required=False)
    clock = ClockField(label="Nueva hora", required=False)

    NEED_REASON = {AppointmentStatus.NO_SHOW, AppointmentStatus.CANCELLED, AppointmentStatus.RESCHEDULED}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].queryset = Reason.objects.choices(ReasonKind.NO_FULFILMENT)

    def clean(self):
        data = super().clean()
        status = data.get("status")
        if status in self.NEED_REASON and not data.get("reason"):
            self.add_error("reason", "Elija el motivo.")
        if status == AppointmentStatus.RESCHEDULED and not (data.get("day") and data.get("clock")):
            self.add_error("day", "Elija la nueva fecha y hora.")
        return data

    @property
    def new_start(self) -> datetime | None:
        return moment_of(self.cleaned_data.get("day"), self.cleaned_data.get("clock"))


class PreferencesForm(forms.ModelForm):
    """One's own screen."""

    class Meta:
        model = User
        fields = ["theme", "density", "single_keys"]
