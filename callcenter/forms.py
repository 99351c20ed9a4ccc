"""What people type, converted and checked; `save()` and the like call one domain verb."""

import uuid
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Self

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.utils import ErrorDict

from callcenter.domain import supervision
from callcenter.domain.customers import Datum
from callcenter.domain.errors import Refused
from callcenter.domain.evidence import clean_picture
from callcenter.domain.outreach import SHARED, Booking, Call, served_too
from callcenter.enums import (
    AppointmentStatus,
    BatchStatus,
    Channel,
    CustomerKind,
    DocumentStatus,
    ExclusionScope,
    Outcome,
    PartyRole,
    PointStatus,
    Programme,
    ReasonKind,
)
from callcenter.feeds import feeds
from callcenter.models import (
    Brand,
    Campaign,
    ContactPoint,
    Customer,
    DocumentVersion,
    Employee,
    ImageRelease,
    Outreach,
    Reason,
    Site,
    User,
    Vehicle,
    VehicleParty,
)
from callcenter.models.appointments import DECIDED
from carrazos.lib.calendar import BOGOTA, start_of
from carrazos.lib.text import clean

NOTE_MAX = 4000


class CleanCharField(forms.CharField):
    """Text through the one gate: no controls, no lone surrogates."""

    def to_python(self, value):
        return super().to_python(clean(value) if isinstance(value, str) else value)


class UploadField(forms.FileField):
    """A file; its faults in the words of this country."""

    default_error_messages = {
        "invalid": "No llegó ningún archivo.",
        "missing": "No llegó ningún archivo.",
        "empty": "El archivo está vacío.",
        "required": "Elija el archivo.",
    }


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


# «Este vehículo / todos / sigo con el otro»: how far one conversation reaches.
THIS, ALL, NEXT = "this", "all", "next"
REACHES = [(THIS, "Este vehículo"), (ALL, "Todos sus vehículos"), (NEXT, "Este, y sigo con el otro")]


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
    channels = forms.MultipleChoiceField(choices=Channel, required=False)
    reach = forms.ChoiceField(choices=REACHES, required=False)
    step = forms.TypedMultipleChoiceField(coerce=int, choices=[(order, order) for order in range(100)], required=False)
    complaint = CleanCharField(required=False, max_length=NOTE_MAX)

    REASON_KINDS = {Outcome.NO_CONTACT: ReasonKind.NO_CONTACT, Outcome.DECLINED: ReasonKind.NO_BOOKING}

    def __init__(self, *args, outreach: Outreach, agent: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.outreach, self.agent = outreach, agent
        self.fields["point"].queryset = ContactPoint.objects.phones().reaching(outreach.customer_id)
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
            self.check_other_day("call_back")
            data["call_back"] = moment_of(data.get("call_back_day"), data.get("call_back_time")) or data.get("call_back")
            if data["call_back"] is None and not self.errors:
                self.add_error("call_back", "Elija cuándo volver a llamar.")
        if outcome == Outcome.BOOKED:
            self.check_other_day("slot")
            data["slot"] = moment_of(data.get("slot_day"), data.get("slot_time")) or data.get("slot")
            if data["slot"] is None and not self.errors:
                self.add_error("slot", "Elija fecha y hora de la cita.")
            if not data.get("site"):
                self.add_error("site", "Elija la sede de la cita.")
        return data

    def check_other_day(self, name: str) -> None:
        """A day without its hour, or an hour without its day, never falls back on the hours proposed above: the customer agreed to another."""
        day, hour = f"{name}_day", f"{name}_time"
        if {day, hour} & set(self.errors):
            return
        if self.cleaned_data.get(day) and not self.cleaned_data.get(hour):
            self.add_error(hour, "Escriba también la hora de ese día.")
        elif self.cleaned_data.get(hour) and not self.cleaned_data.get(day):
            self.add_error(day, "Escriba también el día de esa hora.")

    def as_draft(self) -> Self:
        """The form as it was typed, not yet sent: nothing is judged and nothing is wrong."""
        self._errors, self.cleaned_data = ErrorDict(), {}
        return self

    def also(self) -> tuple[int, ...]:
        """The person's other matters that this outcome settles: nobody answered for them either, or the agent says «todos»."""
        data = self.cleaned_data
        if data["outcome"] not in SHARED or (data["outcome"] != Outcome.NO_CONTACT and data["reach"] != ALL):
            return ()
        return tuple(served_too(self.outreach, self.agent, Outcome(data["outcome"])).values_list("pk", flat=True))

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
            opt_out_channels=tuple(Channel(name) for name in data["channels"]),
            also=self.also(),
            steps_done=tuple(data["step"]),
            complaint=data["complaint"].strip(),
            details=self.details(),
        )

    def details(self) -> str:
        """What a programme's own fields said, so that a repeated form is told from a changed one."""
        return ""


class InboundForm(forms.Form):
    """About which vehicle a customer calls, and what for."""

    vehicle = forms.ModelChoiceField(Vehicle.objects.none())
    reason = CleanCharField(required=False, max_length=160)

    def __init__(self, *args, vehicles: QuerySet[Vehicle], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["vehicle"].queryset = vehicles


class ConfirmationForm(CallForm):
    """A call about an appointment that stands: it stays, moves or is cancelled."""

    CONFIRM, MOVE, CANCEL = "confirm", "move", "cancel"

    answer = forms.ChoiceField(choices=[(CONFIRM, "La confirma"), (MOVE, "La mueve"), (CANCEL, "La cancela")], required=False)
    move_day = DayField(required=False)
    move_time = ClockField(required=False)
    move_reason = forms.ModelChoiceField(Reason.objects.none(), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["move_reason"].queryset = Reason.objects.choices(ReasonKind.NO_FULFILMENT)

    def clean(self):
        data = super().clean()
        if data.get("outcome") != Outcome.DONE:
            return data
        if not data.get("answer"):
            self.add_error("answer", "Elija qué dijo el cliente de su cita.")
        elif data["answer"] != self.CONFIRM and not data.get("move_reason"):
            self.add_error("move_reason", "Elija el motivo.")
        if data.get("answer") == self.MOVE and not self.new_start:
            self.add_error("move_day", "Elija la nueva fecha y hora.")
        return data

    @property
    def new_start(self) -> datetime | None:
        return moment_of(self.cleaned_data.get("move_day"), self.cleaned_data.get("move_time"))

    def details(self) -> str:
        data = self.cleaned_data
        return f"{data.get('answer')}|{self.new_start}|{data.get('move_reason') and data['move_reason'].pk}"

    def call(self) -> Call:
        return replace(super().call(), details=self.details())


class MessageForm(forms.Form):
    """The WhatsApp that the agent sent, with its screenshot."""

    use_required_attribute = False

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    fence = forms.IntegerField(widget=forms.HiddenInput)
    template = forms.SlugField(required=False)
    picture = UploadField(label="Pantallazo", required=False)


class OptOutForm(forms.Form):
    """«No me contacten», said to whoever serves the customer."""

    use_required_attribute = False

    scope = forms.ChoiceField(label="Alcance", choices=ExclusionScope)
    channels = forms.MultipleChoiceField(
        label="Canales", choices=Channel, required=False, widget=forms.CheckboxSelectMultiple, help_text="Ninguno marcado: todos."
    )
    note = CleanCharField(label="Cómo lo pidió", max_length=300, error_messages={"required": "Escriba cómo lo pidió el cliente."})


class RefusalForm(OptOutForm):
    """The same, come by letter, mail or at the counter."""

    who = CleanCharField(label="Teléfono, placa o documento", max_length=60)

    field_order = ["who"]


class ReplyForm(forms.Form):
    """Free text in answer to what a customer wrote."""

    use_required_attribute = False

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    body = CleanCharField(label="Respuesta", max_length=4096, error_messages={"required": "Escriba la respuesta."})


class IdentityForm(forms.Form):
    """Whose an unknown WhatsApp is, by document, plate or number."""

    use_required_attribute = False

    who = CleanCharField(label="Documento, placa o teléfono del cliente", max_length=40)


class ShareForm(forms.Form):
    """What to share out, and among whom."""

    use_required_attribute = False

    source = forms.ModelChoiceField(User.objects.none(), label="De quién", required=False, empty_label="Sin asignar")
    programme = forms.ChoiceField(label="Programa", required=False, choices=[("", "Todos"), *Programme.choices])
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="Todas")
    count = forms.IntegerField(label="Cuántas", min_value=1, max_value=supervision.MOST_SHARED, initial=10)
    targets = forms.ModelMultipleChoiceField(
        User.objects.none(), label="Entre quiénes, por partes iguales", widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Marque al menos a una persona."},
    )  # fmt: skip

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["source"].queryset = self.fields["targets"].queryset = supervision.agents_of(user)
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids, is_active=True)

    def clean(self):
        data = super().clean()
        if data.get("source") and data["source"] in (data.get("targets") or []):
            self.add_error("targets", "Quien entrega no puede recibir.")
        return data


class SayForm(forms.Form):
    """A word from who supervises to an agent."""

    key = forms.UUIDField()
    text = CleanCharField(
        max_length=200, error_messages={"required": "Escriba el aviso.", "max_length": "El aviso puede tener hasta 200 letras."}
    )


class CampaignForm(forms.ModelForm):
    """A marketing campaign: for which brand and programme, when, with what image and words."""

    use_required_attribute = False
    picture = UploadField(label="Imagen publicitaria", required=False, help_text="JPG, PNG o WebP; acompaña los mensajes de la campaña.")

    class Meta:
        model = Campaign
        fields = ["name", "brand", "programme", "starts_on", "ends_on", "priority", "pitch"]
        field_classes = {"name": CleanCharField, "pitch": CleanCharField, "starts_on": DayField, "ends_on": DayField}
        widgets = {"pitch": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["brand"].queryset = Brand.objects.filter(pk__in=user.brand_ids, is_active=True)

    def clean(self):
        data = super().clean()
        if data.get("starts_on") and data.get("ends_on") and data["ends_on"] < data["starts_on"]:
            self.add_error("ends_on", "Debe terminar el día en que empieza o después.")
        upload = data.get("picture")
        if upload:
            try:
                self.image = clean_picture(upload.read())
            except Refused as refusal:
                self.add_error("picture", str(refusal))
        return data


class UploadForm(forms.Form):
    """A SPIGA file on its way in."""

    feed = forms.ChoiceField(label="Fuente", choices=[], widget=forms.RadioSelect)
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="La del archivo (columna Centro)")
    file = UploadField(
        label="Archivo de SPIGA",
        help_text="Excel (.xlsx, .xls, .xlsb), OpenDocument, CSV o página web de SPIGA; hasta 20 MB y 100.000 filas.",
    )
    has_authorisation = forms.BooleanField(
        label="Carrazos tiene la autorización de estos clientes para tratar sus datos (Ley 1581 de 2012)",
        error_messages={"required": "Sin esta declaración no se puede importar."},
    )

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["feed"].choices = [(slug, kind.title) for slug, kind in feeds().items() if user.has_perm(kind.permission)]
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids, is_active=True)


class DayForm(forms.Form):
    """The day and site of a list of appointments."""

    day = DayField(label="Día", required=False)
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="Todas")
    status = forms.ChoiceField(label="Estado", required=False, choices=[("", "Todos"), *AppointmentStatus.choices])

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids)


class DocumentFilter(forms.Form):
    """Which controlled documents are listed; the validity is the tone that `papers.validity` gives."""

    q = CleanCharField(label="Código, alias o título", required=False, max_length=60)
    status = forms.ChoiceField(label="Estado", required=False, choices=[("", "Todos"), *DocumentStatus.choices])
    validity = forms.ChoiceField(
        label="Vigencia",
        required=False,
        choices=[("", "Todas"), ("bad", "Vencidos"), ("warn", "Por vencer o sin versión"), ("good", "Vigentes")],
    )


class NoticeFilter(forms.Form):
    """Which of one's notices are listed."""

    q = CleanCharField(label="Palabras", required=False, max_length=60)
    unread = forms.BooleanField(label="Solo sin leer", required=False)

    def apply(self, rows: QuerySet) -> QuerySet:
        data = self.cleaned_data if self.is_valid() else {}
        rows = rows.filter(text__icontains=data["q"]) if data.get("q") else rows
        return rows.filter(read_at__isnull=True) if data.get("unread") else rows


class BatchFilter(forms.Form):
    """Which files received are listed."""

    feed = forms.ChoiceField(label="Fuente", required=False)
    status = forms.ChoiceField(label="Estado", required=False, choices=[("", "Todos"), *BatchStatus.choices])
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="Todas")

    def __init__(self, *args, user: User, kinds: list[tuple[str, str]], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["feed"].choices = [("", "Todas"), *kinds]
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids)

    def apply(self, rows: QuerySet) -> QuerySet:
        """The rows that were asked for; an unknown value is no filter."""
        data = self.cleaned_data if self.is_valid() else {}
        return rows.filter(**{name: data[name] for name in ("feed", "status", "site") if data.get(name)})


class DecisionForm(forms.Form):
    """What became of an appointment; `was`, that it corrects what was marked before."""

    use_required_attribute = False

    status = forms.ChoiceField(choices=AppointmentStatus)
    was = forms.ChoiceField(choices=[("", ""), *((status.value, status.label) for status in DECIDED)], required=False)
    reason = forms.ModelChoiceField(Reason.objects.none(), label="Motivo", required=False)
    note = CleanCharField(label="Nota", required=False, max_length=500)
    day = DayField(label="Nueva fecha", required=False)
    clock = ClockField(label="Nueva hora", required=False)

    NEED_REASON = {AppointmentStatus.NO_SHOW, AppointmentStatus.CANCELLED, AppointmentStatus.RESCHEDULED}
    ON_THE_WAY = (AppointmentStatus.CONFIRMED, AppointmentStatus.RESCHEDULED)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].queryset = Reason.objects.choices(ReasonKind.NO_FULFILMENT)

    def clean(self):
        data = super().clean()
        status = data.get("status")
        if status not in ((*DECIDED, AppointmentStatus.SCHEDULED) if data.get("was") else (*DECIDED, *self.ON_THE_WAY)):
            self.add_error("status", "Elija qué pasó con la cita.")
        if status in self.NEED_REASON and not data.get("reason"):
            self.add_error("reason", "Elija el motivo.")
        if status == AppointmentStatus.RESCHEDULED and not (data.get("day") and data.get("clock")):
            self.add_error("day", "Elija la nueva fecha y hora.")
        return data

    @property
    def new_start(self) -> datetime | None:
        return moment_of(self.cleaned_data.get("day"), self.cleaned_data.get("clock"))


class CustomerForm(forms.Form):
    """A customer's own data. `version` tells whether somebody else saved meanwhile."""

    DOCUMENT_TYPES = [("", "Sin documento"), ("CC", "Cédula de ciudadanía"), ("NIT", "NIT"), ("CE", "Cédula de extranjería"),
                      ("TI", "Tarjeta de identidad"), ("PPT", "PPT"), ("PASSPORT", "Pasaporte")]  # fmt: skip

    version = forms.IntegerField(widget=forms.HiddenInput)
    name = CleanCharField(label="Nombre o razón social", max_length=160, error_messages={"required": "Escriba el nombre del cliente."})
    kind = forms.ChoiceField(label="Tipo", choices=CustomerKind.choices)
    document_type = forms.ChoiceField(label="Tipo de documento", choices=DOCUMENT_TYPES, required=False)
    document = CleanCharField(label="Documento", max_length=20, required=False, help_text="El NIT, con o sin dígito de verificación.")
    city = CleanCharField(label="Ciudad", max_length=60, required=False)

    @classmethod
    def of(cls, customer: Customer) -> dict:
        """The customer's data as the form shows them."""
        tail = f"-{customer.check_digit}" if customer.check_digit else ""
        document_type = customer.document_type if customer.document_type in dict(cls.DOCUMENT_TYPES) else ""
        return {"version": customer.version, "name": customer.name, "kind": customer.kind, "document_type": document_type,
                "document": f"{customer.document_number}{tail}", "city": customer.city}  # fmt: skip


class ConfirmForm(forms.Form):
    """What of their data the customer confirmed in a contact."""

    confirmed = forms.MultipleChoiceField(
        error_messages={
            "required": "Marque qué datos confirmó el cliente.",
            "invalid_choice": "Un dato cambió mientras usted lo confirmaba: recargue la página.",
        }
    )

    def __init__(self, *args, known: list[Datum], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["confirmed"].choices = [(row.code, row.label) for row in known]


class PhoneForm(forms.Form):
    phone = CleanCharField(label="Teléfono", max_length=40, error_messages={"required": "Escriba el teléfono."})
    label = CleanCharField(label="De quién o cuál", max_length=60, required=False)


class EmailForm(forms.Form):
    email = forms.EmailField(
        label="Correo", max_length=120, error_messages={"required": "Escriba el correo.", "invalid": "Ese correo no es válido."}
    )


class PointForm(forms.Form):
    """A phone or e-mail of the customer, and what to do with it."""

    point = forms.ModelChoiceField(
        ContactPoint.objects.none(), error_messages={"required": "Elija el teléfono.", "invalid_choice": "Ese teléfono ya no está."}
    )
    status = forms.ChoiceField(
        choices=[(value, value) for value in (PointStatus.VALID, PointStatus.WRONG, PointStatus.DISCONNECTED, "FIRST")]
    )

    def __init__(self, *args, customer: Customer, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["point"].queryset = customer.points.all()


class PartyForm(forms.Form):
    """A vehicle that the house knows, and what the customer is to it."""

    vehicle = CleanCharField(label="Placa o VIN", max_length=20, error_messages={"required": "Escriba la placa o el VIN."})
    role = forms.ChoiceField(label="Relación", choices=PartyRole.choices)


class OwnedForm(forms.Form):
    """One of the customer's own rows, chosen by its key."""

    def __init__(self, *args, rows, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["row"] = forms.ModelChoiceField(
            rows,
            error_messages={
                "required": "Ese dato ya no está: recargue la página.",
                "invalid_choice": "Ese dato ya no está: recargue la página.",
            },
        )


class VehicleForm(OwnedForm):
    """What a person may correct of a vehicle; its VIN is SPIGA's. What they did not touch is not theirs: the page says what it showed."""

    plate = CleanCharField(label="Placa", max_length=10, required=False, show_hidden_initial=True)
    family = CleanCharField(label="Gama", max_length=60, required=False, show_hidden_initial=True)
    model_year = forms.IntegerField(label="Año modelo", min_value=1950, max_value=2100, required=False, show_hidden_initial=True)
    odometer_km = forms.IntegerField(label="Kilómetros", min_value=0, max_value=1_500_000, required=False, show_hidden_initial=True)
    sold = forms.BooleanField(label="Ya no lo tiene (lo vendió)", required=False, show_hidden_initial=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.is_bound:  # shown again, it still says what the page showed first
            self.initial = {name: self.data.get(self.add_initial_prefix(name)) for name in self.fields}

    @staticmethod
    def of(party: VehicleParty) -> dict:
        car = party.vehicle
        return {"plate": car.plate, "family": car.family, "model_year": car.model_year, "odometer_km": car.odometer_km,
                "sold": party.has_sold}  # fmt: skip

    def clean(self) -> dict:
        """Leaves what was touched. Refuses a field that somebody or a file changed since the page was opened."""
        data = super().clean()
        if party := data.get("row"):
            for name, now in self.of(party).items():
                touched = name in self.changed_data
                shown = self.fields[name].to_python(self.data.get(self.add_initial_prefix(name), now))
                if touched and shown not in (now, None if now == "" else now):
                    self.add_error(name, f"Mientras usted corregía quedó en «{now}»; usted escribió «{data.get(name)}». Recargue y decida.")
                elif not touched:
                    data.pop(name, None)
        return data


class ContactForm(forms.Form):
    """A person through whom a company is reached."""

    name = CleanCharField(label="Nombre", max_length=160, error_messages={"required": "Escriba el nombre de la persona."})
    position = CleanCharField(label="Cargo", max_length=60, required=False)
    phone = CleanCharField(label="Teléfono", max_length=40, error_messages={"required": "Escriba el teléfono."})
    email = forms.EmailField(label="Correo", max_length=120, required=False, error_messages={"invalid": "Ese correo no es válido."})


class BlockForm(forms.Form):
    """A number that is nobody's."""

    phone = CleanCharField(label="Número", max_length=40, error_messages={"required": "Escriba el número."})
    note = CleanCharField(
        label="De quién es", max_length=80, error_messages={"required": "Escriba de quién es: conmutador, taller, colaborador…"}
    )


class OtherForm(forms.Form):
    """Another customer, by document, phone, plate or whole name."""

    other = CleanCharField(
        label="Documento, teléfono, placa o nombre del otro", max_length=80, error_messages={"required": "Escriba a quién compara."}
    )


class ViewForm(forms.Form):
    """A list's state under a name."""

    name = CleanCharField(label="Nombre", max_length=60, error_messages={"required": "Escriba un nombre para la vista."})
    is_shared = forms.BooleanField(label="Compartir con todos", required=False)
    is_default = forms.BooleanField(label="Abrir la lista con esta vista", required=False)


class ReasonForm(forms.Form):
    """What a download of personal data is for."""

    reason = CleanCharField(label="Para qué la necesita", min_length=5, max_length=200, error_messages={
        "required": "Escriba para qué necesita la descarga: queda en el registro.", "min_length": "Diga para qué con unas palabras más."})  # fmt: skip


class PreferencesForm(forms.ModelForm):
    """One's own screen."""

    class Meta:
        model = User
        fields = ["theme", "density", "single_keys"]


class HistoryForm(forms.Form):
    """Which changes or accesses are shown: of whom, until which day, older than the last one seen."""

    user = forms.ModelChoiceField(User.objects.order_by("first_name", "last_name"), label="Persona", required=False, empty_label="Todas")
    until = DayField(label="Hasta el día", required=False)
    before = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def narrow(self, rows: QuerySet, *, user: str = "actor") -> QuerySet:
        """The rows that were asked for; `user` is the field that names the person."""
        data = self.cleaned_data if self.is_bound and self.is_valid() else {}
        if data.get("user"):
            rows = rows.filter(**{user: data["user"]})
        if data.get("until"):
            rows = rows.filter(at__lt=start_of(data["until"] + timedelta(days=1)))
        return rows.filter(id__lt=data["before"]) if data.get("before") else rows


class VersionForm(forms.ModelForm):
    """A version of a controlled document."""

    use_required_attribute = False
    issued_on = DayField(label="Rige desde")
    valid_until = DayField(label="Fecha de vigencia", required=False)
    change = CleanCharField(label="Qué cambió", max_length=200)

    class Meta:
        model = DocumentVersion
        fields = ["number", "issued_on", "valid_until", "change", "prepared_by", "reviewed_by", "approved_by"]

    def clean(self):
        data = super().clean()
        if data.get("valid_until") and data.get("issued_on") and data["valid_until"] < data["issued_on"]:
            self.add_error("valid_until", "La vigencia termina antes de empezar.")
        return data


class ReleaseForm(forms.ModelForm):
    """A signed release of somebody's image."""

    use_required_attribute = False
    person = CleanCharField(label="Persona", max_length=120)
    birth_date = DayField(label="Fecha de nacimiento", required=False)
    valid_from = DayField(label="Desde")
    valid_to = DayField(label="Hasta")
    file = UploadField(label="Documento firmado", help_text="PDF, JPG o PNG, hasta 10 MB.",
                           error_messages={"required": "Adjunte el documento firmado."})  # fmt: skip

    class Meta:
        model = ImageRelease
        fields = ["kind", "person", "document", "birth_date", "representative", "representative_document", "relationship", "minor_heard",
                  "purpose", "media", "territory", "valid_from", "valid_to", "campaigns"]  # fmt: skip
        widgets = {"campaigns": forms.CheckboxSelectMultiple}
