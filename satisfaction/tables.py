"""The lists of satisfaction: cases (the board's table mode), surveys and PQRS, each with its filters, columns, views and export."""

from datetime import date, timedelta
from typing import ClassVar

import django_filters
from django import forms
from django.db.models import BigIntegerField, Case, F, Func, IntegerField, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Extract
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString

from callcenter import clock, roles
from callcenter.domain.calendar import company_calendar
from callcenter.enums import NextStep, OutreachState
from callcenter.models import Brand, Site, User
from callcenter.tables import Chip, Column, Listing, Order, of_scope
from carrazos.lib import text
from carrazos.lib.calendar import bogota, start_of
from satisfaction.domain import board, people, surveys
from satisfaction.domain import pqrs as terms
from satisfaction.domain.board import QUICK, WAITING, quick_filter
from satisfaction.enums import Area, Band, Light, PqrsKind, PqrsStatus, SurveyStatus
from satisfaction.models import FollowUp, Pqrs, Survey
from satisfaction.models.followups import IS_OPEN
from satisfaction.models.surveys import ANSWERED, areas_of
from satisfaction.templatetags.satisfaction import light as light_mark

FAR = 20_000_000_000  # seconds: after every term
SEARCH = forms.TextInput(attrs={"type": "search"})
DAY = forms.DateInput(attrs={"type": "date"})


def seconds(moment: str) -> Combinable:
    return Cast(Extract(moment, "epoch"), BigIntegerField())


def days_of(day: str) -> Combinable:
    """A day as a whole number, which sorts and pages like one."""
    return Func(F(day), Value(date(2000, 1, 1)), template="(%(expressions)s)", arg_joiner=" - ", output_field=IntegerField())


def named(rows: QuerySet, value: str, *more: Q) -> QuerySet:
    """Whose customer has these words in the name, or whose vehicle this plate."""
    found = Q(customer__name_key__contains=text.name_key(value)) | Q(vehicle__plate="".join(value.upper().split()).replace("-", ""))
    for other in more:
        found |= other
    return rows.filter(found)


def link(kind: str, value: str, row: FollowUp | Survey | Pqrs) -> SafeString:
    return format_html('<a class="nowrap" href="/{}/{}/">{}</a>' if kind == "pqrs" else '<a href="/{}/{}/">{}</a>', kind, row.pk, value)


# -- cases -----------------------------------------------------------------------------------------------------------


def open_owners(request) -> QuerySet[User]:
    mine = FollowUp.objects.visible_to(request.user).open().values("owner")
    return User.objects.filter(pk__in=mine).order_by("first_name", "last_name")


class FollowUpFilter(django_filters.FilterSet):
    """What one may ask of the cases, on the board and in its table; an unknown value is no filter."""

    q = django_filters.CharFilter(label="Cliente o placa", method="search", widget=SEARCH)
    quick = django_filters.ChoiceFilter(label="Filtro rápido", choices=QUICK, method="quickly", empty_label="Ninguno")
    light = django_filters.ChoiceFilter(label="Semáforo", choices=Light.choices, empty_label="Todos")
    area = django_filters.ChoiceFilter(label="Área", choices=Area.choices, empty_label="Todas")
    site = django_filters.ModelChoiceFilter(label="Sede", queryset=of_scope(Site), empty_label="Todas")
    brand = django_filters.ModelChoiceFilter(label="Marca", queryset=of_scope(Brand), empty_label="Todas")
    owner = django_filters.ModelChoiceFilter(label="Responsable", queryset=open_owners, empty_label="Todos")
    since = django_filters.DateFilter(label="Abiertos desde", method="opened_since", widget=DAY)
    until = django_filters.DateFilter(label="hasta", method="opened_until", widget=DAY)
    score = django_filters.ChoiceFilter(
        label="Nota", choices=[("5", "1 a 5 (mayor impacto)"), ("6", "6")], method="graded", empty_label="Todas"
    )

    class Meta:
        model = FollowUp
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return named(rows, value)

    def quickly(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(quick_filter(value, user=self.request.user, at=clock.now()))

    def opened_since(self, rows: QuerySet, _name: str, value: date) -> QuerySet:
        return rows.filter(opened_at__gte=start_of(value))

    def opened_until(self, rows: QuerySet, _name: str, value: date) -> QuerySet:
        return rows.filter(opened_at__lt=start_of(value + timedelta(days=1)))

    def graded(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(score=6) if value == "6" else rows.filter(score__lte=5)


def light_cell(value: str, row: FollowUp) -> SafeString:
    return light_mark(row.light)


def due_words(row: FollowUp) -> str:
    board.worded(row, clock.now(), company_calendar())
    if row.due_words:
        return row.due_words
    return f"Cerrado {bogota(row.closed_at):%d/%m/%Y}" if row.closed_at else "Sin plazo"


def due_cell(value: str, row: FollowUp) -> SafeString:
    return format_html('<span class="{}">{}</span>', "late-text" if row.is_late else "", value)


def voice_cell(value: str, _row: FollowUp) -> SafeString:
    return format_html('<span class="voice-cell">{}</span>', value if len(value) <= 120 else value[:119] + "…")


def marks(row: FollowUp) -> str:
    return ", ".join(filter(None, (row.is_repeated and f"Reiterado ×{row.repeats}", row.is_warranty and "Garantía",
                                   row.brand_portal_answered and (row.brand.portal_name or "Portal"))))  # fmt: skip


class FollowUpList(Listing):
    slug = "detractores"
    title = "Detractores"
    template = "satisfaction/cases.html"
    permission = roles.SEE_FOLLOWUPS
    export_permission = roles.CONTROL_FOLLOWUPS
    filters = FollowUpFilter
    main_filters = ("q", "light", "site")
    columns = (
        Column("light", "Semáforo", lambda row: row.get_light_display(), cell=light_cell),
        Column("customer", "Cliente", lambda row: row.customer.name, cell=lambda value, row: link("detractores", value, row)),
        Column("plate", "Placa", lambda row: row.vehicle.plate if row.vehicle else ""),
        Column("score", "Nota", lambda row: row.score, is_number=True),
        Column("voice", "Voz del cliente", lambda row: row.voice, cell=voice_cell),
        Column("site", "Sede", lambda row: row.site.name),
        Column("brand", "Marca", lambda row: row.brand.name),
        Column("owner", "Responsable", lambda row: str(row.owner or "Sin responsable")),
        Column("opened", "Abierto", lambda row: row.opened_at, order="new"),
        Column("due", "Plazo", due_words, cell=due_cell, order="due"),
        Column("marks", "Señales", marks),
        Column("area", "Área", lambda row: row.get_area_display(), shown=False),
        Column("advisor", "Asesor que atendió", lambda row: str(row.advisor or ""), shown=False),
        Column("level", "Nivel", lambda row: row.get_level_display(), shown=False),
        Column("due_at", "Vence", lambda row: row.due_at, shown=False),
        Column("answered", "Respondido", lambda row: row.answered_at, shown=False),
        Column("closed", "Cerrado", lambda row: row.closed_at, shown=False),
        Column("reviewed", "Cierre revisado", lambda row: row.reviewed_at, shown=False),
        Column("cause", "Causa raíz", lambda row: str(row.cause or ""), shown=False),
        Column("resolution", "Qué se hizo", lambda row: row.resolution, shown=False),
        Column("verify", "Confirmar con el cliente", lambda row: row.verify_on, shown=False),
    )
    orders: ClassVar[dict[str, Order]] = {
        "due": Order("Lo que vence primero", Case(When(IS_OPEN, then=seconds("due_at")), default=Value(FAR) - seconds("opened_at"))),
        "new": Order("Más nuevos primero", F("id"), descending=True),
        "new-desc": Order("Más antiguos primero", F("id")),
    }
    chips = tuple(Chip(label, f"quick={name}") for name, label in QUICK)
    empty = "Los casos se abren solos cuando una encuesta trae una nota de 6 o menos."

    def rows(self, user: User) -> QuerySet:
        return FollowUp.objects.visible_to(user).for_card()

    def url(self) -> str:
        return "/detractores/tabla/"

    def more(self, user: User) -> dict:
        """To whom the selected cases may be given: people of one's areas."""
        if not user.has_perm(roles.CONTROL_FOLLOWUPS):
            return {"people": []}
        names = {name for area in areas_of(user) for name in people.ASSIGNABLE[area]}
        return {"people": User.objects.filter(is_active=True, groups__name__in=names).order_by("first_name", "last_name").distinct()}


# -- surveys ---------------------------------------------------------------------------------------------------------

STATES = (
    ("waiting", "Sin llamar"), ("late", "Sin llamar y fuera de plazo"), ("reply", "Esperan respuesta de WhatsApp"),
    ("answered", "Respondidas"), ("unanswered", "Cerradas sin respuesta"), ("all", "Todas"),
)  # fmt: skip


class SurveyFilter(django_filters.FilterSet):
    """What one may ask of the surveys. Without a state: who waits for a call."""

    q = django_filters.CharFilter(label="Cliente o placa", method="search", widget=SEARCH)
    state = django_filters.ChoiceFilter(label="Mostrar", choices=STATES, method="standing", empty_label=None)
    programme = django_filters.ChoiceFilter(
        label="Área", choices=[("AFTERSALES_SURVEY", "Posventa"), ("SALES_SURVEY", "Comercial")], empty_label="Todas"
    )
    site = django_filters.ModelChoiceFilter(label="Sede", queryset=of_scope(Site), empty_label="Todas")
    brand = django_filters.ModelChoiceFilter(label="Marca", queryset=of_scope(Brand), empty_label="Todas")
    band = django_filters.ChoiceFilter(label="Clase", choices=Band.choices, empty_label="Todas")
    since = django_filters.DateFilter(label="Servicio desde", field_name="served_on", lookup_expr="gte", widget=DAY)
    until = django_filters.DateFilter(label="hasta", field_name="served_on", lookup_expr="lte", widget=DAY)

    class Meta:
        model = Survey
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return named(rows, value)

    def standing(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        wanted = {
            "waiting": WAITING,
            "late": Q(is_late=True),
            "reply": Q(status=SurveyStatus.PENDING, outreach__next_step=NextStep.REPLY),
            "answered": Q(status__in=ANSWERED),
            "unanswered": ~Q(status__in=ANSWERED) & Q(outreach__state=OutreachState.CLOSED),
            "all": Q(),
        }[value]
        return rows.filter(wanted)


def waited(row: Survey) -> str:
    """How long somebody waits for the call, in words."""
    if row.status != SurveyStatus.PENDING or row.outreach.state != OutreachState.OPEN:
        return ""
    days = company_calendar().business_days_between(row.served_on, bogota(clock.now()).date())
    return f"hace {days} día{'' if days == 1 else 's'} hábil{'' if days == 1 else 'es'}"


def waited_cell(value: str, row: Survey) -> SafeString:
    return format_html(
        '<span class="{}">{}{}</span>', "late-text" if row.is_late else "muted", value, ", fuera de plazo" if row.is_late else ""
    )


def state_words(row: Survey) -> str:
    if row.status == SurveyStatus.PENDING and row.outreach.next_step == NextStep.REPLY:
        return "Espera WhatsApp"
    if row.status == SurveyStatus.PENDING and row.outreach.state == OutreachState.CLOSED:
        return row.outreach.get_result_display()
    return row.get_status_display()


def score_cell(value: int | None, row: Survey) -> SafeString | str:
    return (
        "" if value is None else format_html('<span class="score">{}</span> <span class="small">{}</span>', value, row.get_band_display())
    )


class SurveyList(Listing):
    slug = "encuestas"
    title = "Encuestas de satisfacción"
    template = "satisfaction/surveys.html"
    permission = roles.SEE_SURVEYS
    export_permission = roles.CONTROL_FOLLOWUPS
    filters = SurveyFilter
    main_filters = ("q", "state", "programme")
    columns = (
        Column("served", "Servicio", lambda row: row.served_on, order="served"),
        Column("waited", "Espera", waited, cell=waited_cell),
        Column("customer", "Cliente", lambda row: row.customer.name, cell=lambda value, row: link("encuestas", value, row)),
        Column("vehicle", "Vehículo", lambda row: row.vehicle.title if row.vehicle else ""),
        Column("plate", "Placa", lambda row: row.vehicle.plate if row.vehicle else ""),
        Column("order", "Orden", lambda row: row.work_order.number if row.work_order else ""),
        Column("site", "Sede", lambda row: row.site.name),
        Column("brand", "Marca", lambda row: row.brand.name),
        Column("advisor", "Asesor", lambda row: str(row.advisor or "Sin identificar")),
        Column("state", "Estado", state_words),
        Column("score", "Nota", lambda row: row.score, cell=score_cell, is_number=True),
        Column("programme", "Área", lambda row: row.area.label, shown=False),
        Column("lowest", "Nota más baja", lambda row: row.lowest, is_number=True, shown=False),
        Column("voice", "Voz del cliente", lambda row: row.voice, shown=False),
        Column("suggestion", "Sugerencia", lambda row: row.suggestion, shown=False),
        Column("answered", "Respondida", lambda row: row.answered_at, shown=False),
    )
    orders: ClassVar[dict[str, Order]] = {
        "served": Order("Servicio más antiguo primero", F("served_on")),
        "served-desc": Order("Servicio más nuevo primero", F("served_on"), descending=True),
        "new": Order("Últimas listadas primero", F("id"), descending=True),
    }
    chips = tuple(Chip(label, f"state={name}") for name, label in STATES[1:4])
    empty = "Nadie espera llamada. Las encuestas se crean al importar las entregas del día (posventa y comercial)."

    def rows(self, user: User) -> QuerySet:
        late = Case(When(WAITING & Q(served_on__lt=surveys.late_before(clock.now(), company_calendar())), then=True), default=False)
        return Survey.objects.visible_to(user).for_list().annotate(is_late=late)

    def filtered(self, params: QueryDict, user: User) -> django_filters.FilterSet:
        if not params.get("state"):
            params = params.copy()
            params["state"] = "waiting"
        return super().filtered(params, user)

    def url(self) -> str:
        return "/encuestas/"

    def more(self, user: User) -> dict:
        return board.survey_figures(user, clock.now(), company_calendar())


# -- PQRS ------------------------------------------------------------------------------------------------------------


class PqrsFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(label="Radicado, nombre o placa", method="search", widget=SEARCH)
    status = django_filters.ChoiceFilter(
        label="Estado", choices=[("late", "Vencidas"), *PqrsStatus.choices], method="standing", empty_label="Todas"
    )
    kind = django_filters.ChoiceFilter(label="Tipo", choices=PqrsKind.choices, empty_label="Todos")
    site = django_filters.ModelChoiceFilter(label="Sede", queryset=of_scope(Site), empty_label="Todas")
    brand = django_filters.ModelChoiceFilter(label="Marca", queryset=of_scope(Brand), empty_label="Todas")
    since = django_filters.DateFilter(label="Recibidas desde", method="received_since", widget=DAY)
    until = django_filters.DateFilter(label="hasta", method="received_until", widget=DAY)

    class Meta:
        model = Pqrs
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return named(rows, value, Q(number__endswith="".join(value.upper().split())))

    def standing(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        if value == "late":
            return rows.pending().filter(due_on__lt=bogota(clock.now()).date())
        return rows.filter(status=value)

    def received_since(self, rows: QuerySet, _name: str, value: date) -> QuerySet:
        return rows.filter(received_at__gte=start_of(value))

    def received_until(self, rows: QuerySet, _name: str, value: date) -> QuerySet:
        return rows.filter(received_at__lt=start_of(value + timedelta(days=1)))


def term_words(row: Pqrs) -> str:
    return terms.days_words(row.due_on, bogota(clock.now()).date(), company_calendar()) if row.is_pending else ""


def term_cell(value: str, row: Pqrs) -> SafeString:
    late = row.is_pending and row.due_on < bogota(clock.now()).date()
    return format_html('<span class="{}">{}</span>', "late-text" if late else "muted", value)


def status_cell(value: str, row: Pqrs) -> SafeString:
    late = row.is_pending and row.due_on < bogota(clock.now()).date()
    tone = "good" if row.status == PqrsStatus.CLOSED else "bad" if late else "warn" if row.is_pending else "info"
    return format_html('<span class="tag" data-tone="{}">{}</span>', tone, value)


class PqrsList(Listing):
    slug = "pqrs"
    title = "PQRS"
    template = "satisfaction/pqrs_list.html"
    permission = roles.SEE_PQRS
    export_permission = roles.CONTROL_FOLLOWUPS
    filters = PqrsFilter
    main_filters = ("q", "status", "kind")
    columns = (
        Column("number", "Radicado", lambda row: row.number, cell=lambda value, row: link("pqrs", value, row)),
        Column("status", "Estado", lambda row: row.get_status_display(), cell=status_cell),
        Column("kind", "Tipo", lambda row: row.get_kind_display()),
        Column("customer", "Cliente", lambda row: row.customer.name),
        Column("plate", "Placa", lambda row: row.vehicle.plate if row.vehicle else ""),
        Column("site", "Sede", lambda row: row.site.name),
        Column("brand", "Marca", lambda row: row.brand.name, shown=False),
        Column("received", "Recibida", lambda row: bogota(row.received_at).date()),
        Column("due", "Vence", lambda row: row.due_on, order="due"),
        Column("term", "Término", term_words, cell=term_cell),
        Column("owner", "Responsable", lambda row: str(row.owner or "Sin responsable")),
        Column("area", "Área", lambda row: row.get_area_display(), shown=False),
        Column("description", "Qué pide", lambda row: row.description, shown=False),
        Column("answer", "Respuesta", lambda row: row.answer, shown=False),
        Column("answered", "Respondida", lambda row: row.answered_at, shown=False),
        Column("satisfied", "Satisfecho con el cierre", lambda row: row.is_satisfied, shown=False),
    )
    orders: ClassVar[dict[str, Order]] = {
        "pending": Order(
            "En trámite por vencimiento",
            Case(When(status=PqrsStatus.OPEN, then=days_of("due_on")), When(status=PqrsStatus.ANSWERED, then=days_of("due_on") + 100_000),
                 default=days_of("due_on") + 200_000),
        ),
        "due": Order("Vencimiento más cercano", days_of("due_on")),
        "due-desc": Order("Vencimiento más lejano", days_of("due_on"), descending=True),
        "new": Order("Más nuevas primero", F("id"), descending=True),
    }  # fmt: skip
    chips = (Chip("En trámite", "status=OPEN"), Chip("Vencidas", "status=late"), Chip("Por cerrar", "status=ANSWERED"))
    empty = "Cuando un cliente presente una petición, queja, reclamo o sugerencia, radíquela aquí."

    def rows(self, user: User) -> QuerySet:
        return Pqrs.objects.visible_to(user).for_list()

    def url(self) -> str:
        return "/pqrs/"

    def more(self, user: User) -> dict:
        return {"figures": board.pqrs_figures(user, bogota(clock.now()).date())}
