"""What people type in the audit's pages."""

import json

from django import forms

from callcenter.enums import Outcome, ReasonKind
from callcenter.forms import CallForm, CleanCharField
from callcenter.models import Brand, Employee, Reason, Site, User
from callcenter.roles import Role
from carrazos.lib.periods import Month, Week
from crm_audit.domain.validity import Finding
from crm_audit.enums import ActivityKind, Advised, AdvisedHow, Light, ProspectState, ProspectVerdict, Signal, TargetKind, Verdict
from crm_audit.models import COMMENT_MAX

MONTHS_OFFERED, WEEKS_OFFERED = 12, 8


def sales_people(user: User):
    return Employee.objects.active().visible_to(user).filter(function__in=[Role.SALES_ADVISOR, Role.SALES_MANAGER])


class FindingFields(forms.Form):
    """What a validation concludes: the same fields in the call and without one."""

    verdict = forms.ChoiceField(label="Validez", choices=ProspectVerdict, required=False)
    is_real = forms.BooleanField(label="Reconoce la visita o el contacto", required=False)
    advised = forms.ChoiceField(label="¿Recibió asesoría?", choices=[("", "Sin preguntar"), *Advised.choices], required=False)
    advised_by = forms.ModelChoiceField(Employee.objects.none(), label="¿De quién?", required=False, empty_label="No sabe")
    advised_how = forms.ChoiceField(label="¿Cómo?", choices=[("", "Sin preguntar"), *AdvisedHow.choices], required=False)
    quoted = forms.BooleanField(label="Recibió cotización", required=False)
    offered_drive = forms.BooleanField(label="Le ofrecieron prueba de manejo", required=False)
    wants_call = forms.BooleanField(label="Quiere que el asesor lo llame", required=False)
    wants_deletion = forms.BooleanField(label="Pide eliminar sus datos", required=False)
    invalid_reason = forms.ModelChoiceField(
        Reason.objects.none(), label="Motivo", to_field_name="code", required=False, empty_label="Elija el motivo"
    )

    NAMES = ("verdict", "is_real", "advised", "advised_by", "advised_how", "quoted", "offered_drive", "wants_call", "wants_deletion",
             "invalid_reason")  # fmt: skip

    def prepare(self, user: User) -> None:
        self.fields["advised_by"].queryset = sales_people(user)
        self.fields["invalid_reason"].queryset = Reason.objects.choices(ReasonKind.PROSPECT)

    def finding(self, note: str) -> Finding:
        """The finding as the domain takes it."""
        data = self.cleaned_data
        verdict = ProspectVerdict(data["verdict"])
        return Finding(
            verdict=verdict,
            is_real=data["is_real"],
            reason=data["invalid_reason"] if verdict == ProspectVerdict.INVALID else None,
            advised=Advised(data["advised"]) if data["advised"] else None,
            advised_by=data["advised_by"],
            advised_how=data["advised_how"],
            quoted=data["quoted"],
            offered_drive=data["offered_drive"],
            wants_call=data["wants_call"],
            wants_deletion=data["wants_deletion"],
            note=note,
        )


class ProspectCallForm(CallForm, FindingFields):
    """The outcome of a validation call: the shared outcomes, or «verificado» with its finding."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.prepare(kwargs["agent"])

    def clean(self):
        data = super().clean()
        if data.get("outcome") in {Outcome.BOOKED, Outcome.DECLINED}:
            self.add_error("outcome", "En una verificación no se agenda: registre lo que dijo el prospecto.")
        if data.get("outcome") == Outcome.DONE:
            if not data.get("verdict"):
                self.add_error("verdict", "Diga si el prospecto es válido.")
            elif data["verdict"] == ProspectVerdict.VALID and not data.get("is_real"):
                self.add_error("is_real", "Un prospecto que no reconoce la visita no puede quedar válido.")
            elif data["verdict"] == ProspectVerdict.INVALID and not data.get("invalid_reason"):
                self.add_error("invalid_reason", "Elija el motivo por el que no es válido.")
        return data

    def details(self) -> str:
        if self.cleaned_data["outcome"] != Outcome.DONE:
            return ""
        return json.dumps({name: str(self.cleaned_data.get(name)) for name in self.NAMES}, sort_keys=True)


class FindingForm(FindingFields):
    """The verdict on a prospect without a call; the note is its evidence."""

    use_required_attribute = False

    note = CleanCharField(label="En qué se basa", max_length=COMMENT_MAX, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.prepare(user)
        self.fields["verdict"].required = True


class ScopeForm(forms.Form):
    """Brand, site and advisor of one's scope: the filters that every list of the audit shares."""

    use_required_attribute = False

    brand = forms.ModelChoiceField(Brand.objects.none(), label="Marca", required=False, empty_label="Todas")
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="Todas")
    advisor = forms.ModelChoiceField(Employee.objects.none(), label="Asesor", required=False, empty_label="Todos")

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["brand"].queryset = Brand.objects.filter(pk__in=user.brand_ids, is_active=True)
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids, is_active=True)
        self.fields["advisor"].queryset = sales_people(user)

    def narrow(self, rows):
        """The rows of the chosen brand, site and advisor."""
        for name in ("brand", "site", "advisor"):
            if chosen := self.cleaned_data.get(name):
                rows = rows.filter(**{name: chosen})
        return rows


def months(today) -> list[tuple[str, str]]:
    now = Month.of(today)
    return [(now.back(count).code, now.back(count).label.capitalize()) for count in range(MONTHS_OFFERED)]


class ProspectFilter(ScopeForm):
    month = forms.ChoiceField(label="Mes", required=False)
    state = forms.ChoiceField(
        label="Verificación", required=False, choices=[("", "Todas"), ("PENDING", "Sin dictamen"), *ProspectState.choices]
    )
    signal = forms.ChoiceField(label="Señal", required=False, choices=[("", "Todas"), ("ANY", "Con alguna señal"), *Signal.choices])

    field_order = ("month", "state", "signal", "brand", "site", "advisor")

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = months(today)


class LightFilter(ScopeForm):
    month = forms.ChoiceField(label="Mes", required=False)
    light = forms.ChoiceField(label="Semáforo", required=False, choices=[("", "Todos"), *(item for item in Light.choices if item[0])])

    field_order = ("month", "light", "brand", "site", "advisor")

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = months(today)


class PeriodFilter(forms.Form):
    """A month or a week."""

    period = forms.ChoiceField(label="Período", required=False)

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        weeks, week = [], Week.of(today)
        while len(weeks) < WEEKS_OFFERED:
            weeks.append((week.code, week.label.capitalize()))
            week = week.previous()
        following = Month.of(today).next()
        self.fields["period"].choices = [("Meses", [(following.code, following.label.capitalize()), *months(today)]), ("Semanas", [
            (Week.of(today).next().code, Week.of(today).next().label.capitalize()), *weeks])]  # fmt: skip


class ActivityFilter(ScopeForm):
    show = forms.ChoiceField(
        label="Mostrar",
        required=False,
        choices=[
            ("pending", "Por dictaminar"),
            ("corrected", "Corregidas, por revisar"),
            ("second", "Para segunda revisión"),
            ("disagree", "En desacuerdo"),
            ("judged", "Dictaminadas"),
        ],
    )
    proposal = forms.ChoiceField(label="Propuesta", required=False, choices=[("", "Todas"), *Verdict.choices])
    kind = forms.ChoiceField(label="Tipo", required=False, choices=[("", "Todos"), *ActivityKind.choices])

    field_order = ("show", "proposal", "kind", "brand", "site", "advisor")


class VerdictForm(forms.Form):
    """One verdict, for one activity or for it and the identical ones."""

    verdict = forms.ChoiceField(choices=Verdict, error_messages={"required": "Elija el dictamen.", "invalid_choice": "Elija el dictamen."})
    reason = forms.ModelChoiceField(Reason.objects.none(), to_field_name="code", required=False)
    note = CleanCharField(required=False, max_length=500)
    identical = forms.BooleanField(required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].queryset = Reason.objects.choices(ReasonKind.ACTIVITY)


class OpenForm(forms.Form):
    """Which part of the unchecked prospects goes to the queue."""

    percent = forms.IntegerField(
        label="Muestra (%)", min_value=1, max_value=100, initial=100, help_text="100: todos. Menos: los saca el sistema."
    )
    seed = CleanCharField(label="Semilla", max_length=40, required=False, help_text="Opcional: la misma saca la misma muestra.")


class TargetForm(forms.Form):
    """A target of a brand, or of one site or advisor of it."""

    use_required_attribute = False

    kind = forms.ChoiceField(label="Meta de", choices=TargetKind)
    brand = forms.ModelChoiceField(Brand.objects.none(), label="Marca", empty_label="Elija la marca")
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="Toda la marca")
    advisor = forms.ModelChoiceField(Employee.objects.none(), label="Asesor", required=False, empty_label="Todos")
    value = forms.IntegerField(label="Meta", min_value=1, max_value=100_000, required=False, help_text="Vacía: quita la meta.")

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["brand"].queryset = Brand.objects.filter(pk__in=user.brand_ids, is_active=True)
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids, is_active=True)
        self.fields["advisor"].queryset = sales_people(user)

    def clean(self):
        data = super().clean()
        if data.get("advisor") and data.get("site") and data["advisor"].site_id != data["site"].pk:
            self.add_error("advisor", "Ese asesor no es de esa sede.")
        return data


class AnswerForm(forms.Form):
    use_required_attribute = False

    text = CleanCharField(
        label="Su respuesta",
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Escriba su respuesta."},
    )
