"""What people type about surveys, follow-ups and PQRS; each turns into the values that one domain verb takes."""

import json
import uuid

from django import forms
from django.http import QueryDict

from callcenter.enums import Channel, Outcome, ReasonKind
from callcenter.forms import CallForm, CleanCharField, ClockField, DayField, UploadField, moment_of
from callcenter.models import Brand, Customer, DataRight, RequestChannel, Site, User, WorkOrder
from callcenter.tables import PICKED_MOST
from satisfaction.domain import nps
from satisfaction.domain.followups import Deed, ProofDraft
from satisfaction.domain.petitions import Filing
from satisfaction.domain.surveys import Reply, questions_of, value_of
from satisfaction.enums import Area, Band, By, Choice, PqrsChannel, PqrsKind, QuestionKind
from satisfaction.models import Cause, FollowUp, Question, Survey
from satisfaction.models.followups import IS_OPEN
from satisfaction.models.surveys import VOICE_MAX, areas_of
from satisfaction.tables import FollowUpList

KEYS = {Choice.YES: "s", Choice.NO: "n", Choice.NA: "a"}
WORDS = {Band.PROMOTER: "Promotor (9-10)", Band.NEUTRAL: "Neutro (7-8)", Band.DETRACTOR: "Detractor (1-6)"}


def answer_field(question: Question) -> forms.Field:
    if question.kind == QuestionKind.SCORE:
        choices = [(str(score), str(score)) for score in range(nps.LOWEST, nps.HIGHEST + 1)]
        wrong = f"«{question.topic}»: elija una nota de 1 a 10."
        return forms.TypedChoiceField(
            choices=choices, coerce=int, required=False, empty_value=None, error_messages={"invalid_choice": wrong}
        )
    if question.kind == QuestionKind.OPEN:
        return CleanCharField(required=False, max_length=VOICE_MAX)
    choices = [choice for choice in Choice if choice != Choice.NA or question.kind == QuestionKind.YES_NO_NA]
    return forms.TypedChoiceField(
        choices=[(choice.value, choice.label) for choice in choices], coerce=Choice, required=False, empty_value=None,
        error_messages={"invalid_choice": f"«{question.topic}»: elija una de las respuestas."},
    )  # fmt: skip


class SurveyFields:
    """The questions of one survey as fields, shared by the console and the page of late answers."""

    survey: Survey
    questions: list[Question]

    def add_questions(self, survey: Survey) -> None:
        self.survey, self.questions = survey, questions_of(survey)
        for question in self.questions:
            self.fields[f"q{question.pk}"] = answer_field(question)
        self.fields["voice"] = CleanCharField(required=False, max_length=VOICE_MAX)
        self.fields["suggestion"] = CleanCharField(required=False, max_length=VOICE_MAX)
        self.fields["compliment"] = CleanCharField(required=False, max_length=VOICE_MAX)
        self.fields["portal"] = forms.BooleanField(required=False)
        self.fields["portal_on"] = DayField(required=False)
        self.fields["portal_score"] = forms.DecimalField(required=False, min_value=0, max_value=10, decimal_places=1, max_digits=3)

    def reply(self, channel: Channel = Channel.VOICE) -> Reply:
        """The answers as the domain takes them."""
        data = self.cleaned_data
        answers = {}
        for question in self.questions:
            value = data.get(f"q{question.pk}")
            if value not in {None, ""}:
                answers[question.pk] = value
        portal = data["portal"] or any(answers.get(row.pk) == Choice.YES for row in self.questions if row.marks_portal)
        return Reply(
            answers, data["voice"].strip(), data["suggestion"].strip(), data["compliment"].strip(), portal,
            data["portal_on"], data["portal_score"], channel,
        )  # fmt: skip

    def check_reply(self, data: dict, *, done: bool) -> None:
        given = {row.pk: data.get(f"q{row.pk}") for row in self.questions}
        scores = [value for row in self.questions if row.kind == QuestionKind.SCORE and (value := given[row.pk]) is not None]
        if any(map(nps.is_low, scores)) and not (data.get("voice") or "").strip() and not self.survey.voice:
            self.add_error("voice", "Con una nota de 6 o menos escriba qué dijo el cliente (voz del cliente).")
        if done and not any(value not in {None, ""} for value in given.values()) and not self.survey.is_answered:
            self.add_error(None, "Registre al menos una respuesta, o elija por qué no respondió.")

    def rows(self) -> list[dict]:
        """What the template draws of each question."""
        known = {row.question_id: value_of(row) for row in self.survey.answers.all()}
        found = []
        for question in self.questions:
            name = f"q{question.pk}"
            value = self.data.get(name) if self.is_bound else known.get(question.pk)
            errors = self.errors.get(name) if self.is_bound else None
            found.append(
                {"question": question, "name": name, "value": value or "", "options": self.options(question, value), "errors": errors}
            )
        return found

    def options(self, question: Question, value) -> list[dict]:
        """The answers to choose from, each with its key: digits for scores (0 is 10), the first letter for the rest."""
        if question.kind == QuestionKind.OPEN:
            return []
        scored = question.kind == QuestionKind.SCORE
        return [
            {"value": str(key), "label": label, "checked": str(value) == str(key), "key": label[-1] if scored else KEYS[key],
             "band": nps.band(int(key)) if scored else ""}
            for key, label in self.fields[f"q{question.pk}"].choices
        ]  # fmt: skip


class SurveyForm(SurveyFields, CallForm):
    """The survey inside the call."""

    REASON_KINDS = {**CallForm.REASON_KINDS, Outcome.DECLINED: ReasonKind.NO_SURVEY}

    def __init__(self, *args, outreach, agent, **kwargs):
        super().__init__(*args, outreach=outreach, agent=agent, **kwargs)
        self.add_questions(Survey.objects.for_list().get(outreach=outreach))

    def clean(self):
        data = super().clean()
        self.check_reply(data, done=data.get("outcome") == Outcome.DONE)
        return data

    def details(self) -> str:
        reply = self.reply()
        parts = [
            sorted(reply.answers.items()),
            reply.voice,
            reply.suggestion,
            reply.compliment,
            reply.portal,
            reply.portal_on,
            reply.portal_score,
        ]
        return json.dumps(parts, default=str)


class PortalForm(forms.Form):
    """That the customer answered on the brand's portal, when and what they say they gave."""

    use_required_attribute = False

    portal_on = DayField(label="Fecha en el portal", required=False)
    portal_score = forms.DecimalField(
        label="Calificación que dice que dio", required=False, min_value=0, max_value=10, decimal_places=1, max_digits=3
    )


class LateForm(SurveyFields, forms.Form):
    """Answers that came after the calls, by WhatsApp or otherwise."""

    use_required_attribute = False

    channel = forms.ChoiceField(choices=[(Channel.WHATSAPP, "WhatsApp"), (Channel.EMAIL, "Correo")], initial=Channel.WHATSAPP)

    def __init__(self, *args, survey: Survey, **kwargs):
        super().__init__(*args, **kwargs)
        self.add_questions(survey)

    def clean(self):
        data = super().clean()
        self.check_reply(data, done=not self.only_portal(data))
        return data

    def only_portal(self, data: dict) -> bool:
        """Nothing is said but that they answered on the brand's portal."""
        said = [data.get(f"q{row.pk}") for row in self.questions] + [data.get(name) for name in ("voice", "suggestion", "compliment")]
        return bool(data.get("portal")) and not any(said)


# -- board -----------------------------------------------------------------------------------------------------------


class DeedForm(forms.Form):
    """What was done to a case. Which fields are needed depends on the move; the domain says so."""

    use_required_attribute = False

    key = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    text = CleanCharField(label="Qué se hizo", required=False, max_length=VOICE_MAX, widget=forms.Textarea(attrs={"rows": 3}))
    channel = forms.ChoiceField(label="Por qué medio", choices=[("", "Interno"), *By.choices], required=False)
    cause = forms.ModelChoiceField(Cause.objects.none(), label="Causa raíz", required=False, empty_label="Elija…")
    reason = CleanCharField(label="Motivo", required=False, max_length=300)
    note = CleanCharField(label="Nota de la llamada", required=False, max_length=VOICE_MAX, widget=forms.Textarea(attrs={"rows": 2}))
    file = UploadField(label="Imagen o PDF", required=False)
    satisfied = forms.ChoiceField(choices=[("yes", "Sí"), ("no", "No")], required=False)
    portal_on = DayField(label="Fecha en el portal", required=False)
    portal_score = forms.DecimalField(
        label="Calificación en el portal", required=False, min_value=0, max_value=10, decimal_places=1, max_digits=3
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["cause"].queryset = Cause.objects.filter(is_active=True)

    def deed(self) -> Deed:
        data = self.cleaned_data
        file = data["file"]
        proof = None
        if file or data["note"].strip():
            proof = ProofDraft(data["note"], file.read() if file else b"", file.name if file else "")
        return Deed(data["key"], data["version"], data["text"], data["channel"], data["reason"], data["cause"], proof)


class AssignForm(forms.Form):
    """Several cases to one person: those picked in the table, or all that its filters find. Closed ones are passed over."""

    use_required_attribute = False

    to = forms.ModelChoiceField(User.objects.none(), error_messages={"required": "Elija a quién.", "invalid_choice": "Elija a quién."})

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["to"].queryset = User.objects.filter(is_active=True)

    def clean(self):
        data = super().clean()
        listing = FollowUpList()
        query = listing.picked_query(self.data)
        found = listing.filtered(QueryDict(query), self.user).qs.filter(IS_OPEN).order_by("pk") if query else FollowUp.objects.none()
        data["rows"] = list(found.values_list("pk", flat=True)[: PICKED_MOST + 1])
        if not data["rows"]:
            raise forms.ValidationError("Seleccione al menos un caso abierto.")
        if len(data["rows"]) > PICKED_MOST:
            raise forms.ValidationError(f"Son más de {PICKED_MOST} casos: acote el filtro y repártalos por partes.")
        return data


# -- PQRS ------------------------------------------------------------------------------------------------------------

DATA_TEXT_MAX = 4000  # of a request over personal data


class FilingForm(forms.Form):
    """A new PQRS, or what somebody asks about their personal data: that one is filed in its own register (Ley 1581)."""

    use_required_attribute = False

    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)
    customer = forms.ModelChoiceField(
        Customer.objects.none(), widget=forms.HiddenInput, error_messages={"required": "Busque y elija el cliente."}
    )
    kind = forms.ChoiceField(label="Tipo", choices=[("PQRS", PqrsKind.choices), ("Sus datos personales (Ley 1581)", DataRight.choices)])
    channel = forms.ChoiceField(label="Canal", choices=PqrsChannel)
    received_day = DayField(label="Fecha de recibo")
    received_time = ClockField(label="Hora")
    site = forms.ModelChoiceField(Site.objects.none(), label="Sede", required=False, empty_label="Elija…")
    brand = forms.ModelChoiceField(Brand.objects.none(), label="Marca", required=False, empty_label="Elija…")
    area = forms.ChoiceField(label="Área", choices=Area)
    work_order = forms.ModelChoiceField(WorkOrder.objects.none(), label="Orden de trabajo", required=False, empty_label="Ninguna")
    reply_email = forms.EmailField(label="Correo para responder", required=False)
    reply_phone = CleanCharField(label="Celular para responder", required=False, max_length=20)
    description = CleanCharField(
        label="Qué pide o de qué se queja, con sus palabras", max_length=8000, widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "Escriba qué pide o de qué se queja el cliente."},
    )  # fmt: skip
    follow_up = forms.ModelChoiceField(
        FollowUp.objects.none(), label="Caso de insatisfacción relacionado", required=False, empty_label="Ninguno"
    )
    opens_case = forms.BooleanField(label="Abrir también un caso de insatisfacción (semáforo)", required=False)

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["customer"].queryset = Customer.objects.visible_to(user)
        self.fields["site"].queryset = Site.objects.filter(pk__in=user.site_ids, is_active=True)
        self.fields["brand"].queryset = Brand.objects.filter(pk__in=user.brand_ids, is_active=True)
        self.fields["area"].choices = [(area.value, area.label) for area in areas_of(user)]
        raw = str(self["customer"].value() or "")
        if raw.isdigit() and len(raw) < 18:
            orders = WorkOrder.objects.visible_to(user).filter(customer=int(raw)).select_related("vehicle__brand", "site")
            self.fields["work_order"].queryset = orders.order_by("-visited_on")
            self.fields["follow_up"].queryset = (
                FollowUp.objects.visible_to(user).detractors().filter(customer=int(raw)).select_related("customer")
            )

    def clean(self):
        data = super().clean()
        if not self.is_about_data:
            for name, words in (("site", "Elija la sede."), ("brand", "Elija la marca.")):
                if name not in self.errors and not data.get(name):
                    self.add_error(name, words)
        elif data.get("opens_case"):
            self.add_error("opens_case", "Lo que pide sobre sus datos no abre un caso: si además se queja, radique la queja aparte.")
        elif len(data.get("description") or "") > DATA_TEXT_MAX:
            self.add_error("description", f"Resuma lo que pide sobre sus datos en {DATA_TEXT_MAX} caracteres.")
        return data

    @property
    def is_about_data(self) -> bool:
        return self.cleaned_data.get("kind") in DataRight.values

    def data_request(self) -> dict:
        """What `data_requests.open_request` takes, of somebody who asks about their personal data."""
        data = self.cleaned_data
        answer_to = " · ".join(filter(None, (data["reply_email"], data["reply_phone"])))
        channel = RequestChannel.VOICE if data["channel"] == PqrsChannel.PHONE else RequestChannel(data["channel"])
        return {
            "right": DataRight(data["kind"]), "channel": channel, "received_on": data["received_day"],
            "text": data["description"] + (f"\nResponder a: {answer_to}" if answer_to else ""),
        }  # fmt: skip

    def filing(self) -> Filing:
        data = self.cleaned_data
        order = data["work_order"]
        return Filing(
            key=data["key"], kind=PqrsKind(data["kind"]), channel=PqrsChannel(data["channel"]), customer=data["customer"], site=data["site"],
            brand=data["brand"], area=Area(data["area"]), description=data["description"],
            received_at=moment_of(data["received_day"], data["received_time"]), vehicle=order.vehicle if order else None, work_order=order,
            follow_up=data["follow_up"], reply_email=data["reply_email"], reply_phone=data["reply_phone"], opens_case=data["opens_case"],
        )  # fmt: skip


class StepForm(forms.Form):
    """One step of a PQRS."""

    use_required_attribute = False

    text = CleanCharField(required=False, max_length=8000)
    days = forms.IntegerField(required=False, min_value=1, max_value=60)
    channel = forms.ChoiceField(choices=[("", ""), *PqrsChannel.choices], required=False)
    satisfied = forms.ChoiceField(choices=[("", ""), ("yes", "Sí"), ("no", "No")], required=False)
    file = UploadField(required=False)
    to = forms.ModelChoiceField(User.objects.filter(is_active=True), required=False)
