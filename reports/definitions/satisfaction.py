"""GSC-PRO-03 in paper: control sheets GSC-FOR-01 and 03, monthly GSC-FOR-02 and 07, the weekly report, and GSC-FOR-04 of PQRS."""

from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import Prefetch, Q

from callcenter.domain.metrics import Slice
from callcenter.enums import Outcome
from callcenter.models import Attempt, ContactPoint
from carrazos.lib import charts
from carrazos.lib.calendar import bogota, start_of
from carrazos.lib.charts import Chart
from carrazos.lib.periods import Month, Period, Week
from carrazos.lib.ratios import Count, Ratio
from reports.base import DATE, MOMENT, NUMBER, SALES, Column, Report, Table
from satisfaction.domain import metrics
from satisfaction.domain.nps import Distribution
from satisfaction.enums import Area, Band, FollowUpKind, Formula, Light, QuestionKind
from satisfaction.models import Answer, FollowUp, Survey

MONTHS_SHOWN = 12
SHOWN = 40
# The fills of the old shared sheet (domain 1.6); the word always stands in the cell.
FILLS = {
    Light.RED: "F4B6B0", Light.YELLOW: "FFE699", Light.GREEN: "A9D8B8", Light.LIGHT_GREEN: "DCEFC4", Light.BLUE: "B9D3F5",
    Light.PURPLE: "D9C2EC",
}  # fmt: skip


# -- the control sheets ----------------------------------------------------------------------------------------------


def case_of(survey: Survey) -> FollowUp | None:
    """The survey's case, the dissatisfaction before the suggestion."""
    return min(survey.cases, key=lambda row: row.kind == FollowUpKind.SUGGESTION, default=None)


def of_case(read, default: Any = ""):
    def value(survey: Survey) -> Any:
        case = case_of(survey)
        return default if case is None else read(case)

    return value


def rated(topic: str):
    """The score of one general question."""

    def value(survey: Survey) -> int | None:
        found = (row.score for row in survey.given if row.question.topic == topic and row.question.questionnaire.brand_id is None)
        return next((score for score in found if score is not None), None)

    return value


def specific(survey: Survey) -> str:
    """The rest of what was asked: the brand's block and the yes-or-no questions."""
    rest = [row for row in survey.given if row.question.questionnaire.brand_id or row.question.kind != QuestionKind.SCORE]
    return " | ".join(f"{row.question.topic}: {row}" for row in rest)


def made(survey: Survey) -> list[Attempt]:
    return survey.outreach.made


def calls(survey: Survey) -> str:
    return " | ".join(f"{bogota(row.started_at):%d/%m/%Y %H:%M} {row.reason or row.get_outcome_display()}" for row in made(survey))


def silent_reason(survey: Survey) -> str:
    if any(row.is_contact for row in made(survey)):
        return next((str(row.reason) for row in made(survey) if row.outcome == Outcome.DECLINED and row.reason), "")
    return next((str(row.reason) for row in reversed(made(survey)) if row.reason), "")


def phone(survey: Survey) -> str:
    return next((point.display for point in survey.customer.points.all() if point.kind == "PHONE"), "")


def light_fill(survey: Survey) -> str:
    case = case_of(survey)
    return FILLS[Light(case.light)] if case else ""


def portal_fill(survey: Survey) -> str:
    return FILLS[Light.PURPLE] if survey.portal_answered else ""


def work_days(case: FollowUp) -> str:
    """The working time to the first answer, in days of ten hours: `1,2`."""
    return "" if case.response_minutes is None else f"{case.response_minutes / 600:.1f}".replace(".", ",")


IDENTITY = (
    Column("Cliente", lambda s: s.customer.name, width=30, in_pdf=True, fill=portal_fill),
    Column("Documento", lambda s: s.customer.document, width=18),
    Column("Teléfono", phone, width=16),
    Column("Placa", lambda s: s.vehicle.plate if s.vehicle else "", width=11, in_pdf=True),
    Column("Marca", lambda s: s.brand.name, width=14),
)
CALLS = (
    Column("Intentos", lambda s: len(made(s)), NUMBER, 9),
    Column("Llamadas", calls, width=40),
    Column("Motivo de no contacto", silent_reason, width=24, in_pdf=True),
)
OPINION = (
    Column("Clasificación", lambda s: s.get_band_display(), width=14, in_pdf=True),
    Column("Voz del cliente", lambda s: s.voice, width=50, in_pdf=True),
    Column("Sugerencia", lambda s: s.suggestion, width=36),
    Column("Felicitación", lambda s: s.compliment, width=30),
)
MANAGEMENT = (
    Column("Semáforo", of_case(lambda c: c.get_light_display()), width=20, in_pdf=True, fill=light_fill),
    Column("Responsable", of_case(lambda c: str(c.owner or "")), width=22),
    Column("Respuesta", of_case(lambda c: c.resolution), width=44),
    Column("Fecha de respuesta", of_case(lambda c: c.answered_at, None), MOMENT, 17),
    Column("Días hábiles", of_case(work_days), width=11),
    Column("Causa raíz", of_case(lambda c: str(c.cause or "")), width=22),
    Column("Evidencia", of_case(lambda c: f"{len(c.evidence)} registro(s)" if c.evidence else ""), width=14),
    Column("Reiterado", of_case(lambda c: f"Sí (×{c.repeats})" if c.is_repeated else ""), width=11),
    Column("Portal de la marca", lambda s: "Respondió" if s.portal_answered else "", width=16, fill=portal_fill),
)


class ControlSheet(Report):
    """Every customer of the period's lists and every survey answered in it, with what was done."""

    area = Area.AFTERSALES
    drills = MappingProxyType({
        "IND-05": lambda s: s.band in {Band.PROMOTER, Band.NEUTRAL},
        "IND-06": lambda s: s.band in {Band.PROMOTER, Band.NEUTRAL},
        "IND-12": lambda s: s.is_answered,
    })  # fmt: skip

    def records(self, part: Slice) -> tuple[Any, ...]:
        listed = Q(listed_on__gte=part.start, listed_on__lt=part.end)
        answered = Q(answered_on__gte=part.start, answered_on__lt=part.end)
        rows = metrics.scoped(Survey.objects.filter(listed | answered, programme=metrics.PROGRAMME_OF[self.area]), part)
        attempts = Attempt.objects.counted().select_related("reason").order_by("at")
        cases = FollowUp.objects.select_related("owner", "cause").prefetch_related(Prefetch("proofs", to_attr="evidence"))
        rows = rows.select_related(
            "outreach", "customer", "vehicle", "site", "brand", "advisor", "work_order", "delivery"
        ).prefetch_related(
            Prefetch("outreach__attempts", attempts, to_attr="made"),
            Prefetch("answers", Answer.objects.select_related("question__questionnaire"), to_attr="given"),
            Prefetch("follow_ups", cases, to_attr="cases"),
            Prefetch("customer__points", ContactPoint.objects.order_by("position", "id")),
        )  # fmt: skip
        return tuple(rows.order_by("served_on", "id"))

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        return (metrics.satisfaction(part, self.area), metrics.coverage(part, self.area), metrics.timeliness(part, self.area, at))


class AftersalesControl(ControlSheet):
    code = "GSC-FOR-01"
    title = "Control de seguimiento clientes posventa"
    area = Area.AFTERSALES
    columns = (
        Column("OT", lambda s: s.work_order.number if s.work_order else "", width=18),
        Column("Fecha de entrega", lambda s: s.served_on, DATE, 15, in_pdf=True),
        Column("Sede", lambda s: s.site.name, width=14),
        Column("Taller o colisión", lambda s: s.work_order.section if s.work_order else "", width=18),
        Column("Asesor de servicio", lambda s: str(s.advisor or "Sin identificar"), width=22),
        *IDENTITY, *CALLS,
        Column("Atención", rated("Atención"), NUMBER, 9), Column("Trabajo realizado", rated("Trabajo realizado"), NUMBER, 9),
        Column("Tiempos", rated("Tiempos"), NUMBER, 9), Column("Recomendación", rated("Recomendación"), NUMBER, 14, in_pdf=True),
        Column("Específicas", specific, width=36),
        *OPINION, *MANAGEMENT,
    )  # fmt: skip


class SalesControl(ControlSheet):
    code = "GSC-FOR-03"
    title = "Control de seguimiento cliente comercial"
    area = Area.SALES
    columns = (
        Column("Fecha de entrega", lambda s: s.served_on, DATE, 15, in_pdf=True),
        Column("Sede", lambda s: s.site.name, width=14),
        Column("Asesor comercial", lambda s: str(s.advisor or "Sin identificar"), width=22),
        Column("Vehículo", lambda s: s.vehicle.title if s.vehicle else "", width=22),
        *IDENTITY, *CALLS,
        Column("Atención", rated("Atención"), NUMBER, 9), Column("Instalaciones", rated("Instalaciones"), NUMBER, 9),
        Column("Tiempos", rated("Tiempos"), NUMBER, 9), Column("Recomendación", rated("Recomendación"), NUMBER, 14, in_pdf=True),
        Column("Específicas", specific, width=36),
        *OPINION, *MANAGEMENT,
    )  # fmt: skip


# -- the monthly reports ---------------------------------------------------------------------------------------------


def in_time(case: FollowUp) -> bool | None:
    """Answered strictly before its term; None while nobody answered, and for an old case whose day of answer nobody wrote down."""
    return None if case.answered_at is None or case.first_due_at is None else case.answered_at < case.first_due_at


CASE_COLUMNS = (
    Column("Abierto", lambda c: c.opened_at, MOMENT, 16, in_pdf=True),
    Column("Cliente", lambda c: c.customer.name, width=28, in_pdf=True),
    Column("Placa", lambda c: c.vehicle.plate if c.vehicle else "", width=10),
    Column("Sede", lambda c: c.site.name, width=14),
    Column("Marca", lambda c: c.brand.name, width=14),
    Column("Asesor", lambda c: str(c.advisor or "Sin identificar"), width=20),
    Column("Nota", lambda c: c.score, NUMBER, 7, in_pdf=True),
    Column("Voz del cliente", lambda c: c.voice, width=44, in_pdf=True),
    Column("Semáforo", lambda c: c.get_light_display(), width=18, in_pdf=True, fill=lambda c: FILLS[Light(c.light)]),
    Column("Responsable", lambda c: str(c.owner or ""), width=20),
    Column("Causa raíz", lambda c: str(c.cause or ""), width=20),
    Column("Qué se hizo", lambda c: c.resolution, width=40, in_pdf=True),
    Column("Vence", lambda c: c.due_at, MOMENT, 16),
    Column("Respondido", lambda c: c.answered_at, MOMENT, 16),
    Column("A tiempo", lambda c: {None: "", True: "Sí", False: "No"}[in_time(c)], width=9),
    Column("Reiterado", lambda c: "Sí" if c.is_repeated else "", width=9),
    Column("Garantía", lambda c: "Sí" if c.is_warranty else "", width=9),
)


def in_words(ratio: Ratio) -> str:
    return f"{ratio.text} ({ratio.fraction})" if ratio.total else ratio.text


def breakdown(title: str, name: str, rows: list[tuple[str, Distribution]], formula: Formula) -> Table:
    """One line for each value: the indicator, the three classes and the mean."""
    lines = tuple(
        (label, in_words(spread.by(formula)), str(spread.promoters), str(spread.neutrals), str(spread.detractors),
         mean(spread)) for label, spread in rows
    )  # fmt: skip
    return Table(title, (name, "Satisfacción", "Promotores", "Neutros", "Detractores", "Media"), lines)


def mean(spread: Distribution) -> str:
    return f"{spread.score_sum / spread.total:.1f}".replace(".", ",") if spread.total else "N/D"


def monthly_point(month: Month, ratio: Ratio) -> charts.Point:
    return charts.Point(
        f"{month.label[:3]} {month.year % 100}", None if ratio.value is None else float(ratio.value), ratio.text, ratio.fraction
    )


class MonthlySatisfaction(Report):
    """The indicator against its goal by everything that explains it, the detractors and what was done (GSC-PRO-03 §5)."""

    area = Area.AFTERSALES
    columns = CASE_COLUMNS
    frequencies = (Month,)
    drills = MappingProxyType({"IND-11": in_time})

    def records(self, part: Slice) -> tuple[Any, ...]:
        rows = metrics.cases(part, self.area).select_related("customer", "vehicle", "site", "brand", "advisor", "owner", "cause")
        return tuple(rows.order_by("opened_at", "id"))

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        return (metrics.satisfaction(part, self.area), metrics.timeliness(part, self.area, at), metrics.coverage(part, self.area))

    def charts(self, part: Slice, period: Period) -> tuple[Chart, ...]:
        rules = metrics.rules_of(part)
        last = Month.of(period.last)
        months = [last.back(count) for count in range(MONTHS_SHOWN - 1, -1, -1)]
        trend = [
            monthly_point(month, spread.by(rules.formula)) for month, spread in metrics.distributions_by_month(part, self.area, months)
        ]
        spread = metrics.distribution(part, self.area)
        classes = [charts.Point(label, n, str(n)) for label, n in (
            ("Promotores (9-10)", spread.promoters), ("Neutros (7-8)", spread.neutrals), ("Detractores (1-6)", spread.detractors))]  # fmt: skip
        found = [
            charts.bars("Satisfacción por mes", trend, goal=float(rules.goal), top=100),
            charts.ranking("Distribución de clientes", classes),
        ]
        if why := metrics.causes(part, self.area):
            found.append(charts.ranking("Causas de insatisfacción", [charts.Point(label, n, str(n)) for label, n in why]))
        return tuple(found)

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        formula = metrics.rules_of(part).formula
        spread = metrics.distribution(part, self.area)
        four = tuple((ratio.name, in_words(ratio), ratio.formula) for ratio in metrics.all_formulas(spread))
        return (
            Table("Las cuatro fórmulas", ("Lectura", "Valor", "Fórmula"), four),
            breakdown("Por marca", "Marca", metrics.distributions_by(part, self.area, "brand__name"), formula),
            breakdown("Por sede", "Sede", metrics.distributions_by(part, self.area, "site__name"), formula),
            breakdown("Por pregunta", "Pregunta", metrics.by_question(part, self.area), formula),
            breakdown("Por asesor", "Asesor", metrics.distributions_by(part, self.area, "advisor__name"), formula),
            Table("Sí o no", ("Pregunta", "Sí"), tuple((name, in_words(ratio)) for name, ratio in metrics.by_choice(part, self.area))),
            Table("Voz del cliente: sugerencias", ("Cliente", "Sede", "Sugerencia"), self.words(part, "suggestion")),
            Table("Voz del cliente: felicitaciones", ("Cliente", "Sede", "Felicitación"), self.words(part, "compliment")),
        )

    def words(self, part: Slice, name: str) -> tuple[tuple[str, ...], ...]:
        rows = metrics.scoped(
            Survey.objects.filter(programme=metrics.PROGRAMME_OF[self.area], answered_on__gte=part.start, answered_on__lt=part.end), part
        ).exclude(**{name: ""}).select_related("customer", "site").order_by("answered_at")  # fmt: skip
        return tuple((row.customer.name, row.site.name, getattr(row, name)) for row in rows[:SHOWN])


class AftersalesReport(MonthlySatisfaction):
    code = "GSC-FOR-02"
    title = "Informe satisfacción clientes posventa"
    area = Area.AFTERSALES


class SalesReport(MonthlySatisfaction):
    code = "GSC-FOR-07"
    handled_by = SALES
    title = "Informe satisfacción cliente comercial"
    area = Area.SALES


class WeeklyCases(Report):
    """For Gerencia Posventa: opened, closed, overdue and closed unsatisfied, and the mean response (SAT-R11)."""

    code = "R-SAT-W"
    title = "Casos de insatisfacción de la semana"
    columns = CASE_COLUMNS
    frequencies = (Week,)
    drills = MappingProxyType({"IND-11": in_time})

    def records(self, part: Slice) -> tuple[Any, ...]:
        """Cases opened or closed in the week, and those that were still open."""
        start, end = start_of(part.start), start_of(part.end)
        moved = Q(opened_at__gte=start, opened_at__lt=end) | Q(closed_at__gte=start, closed_at__lt=end)
        still = Q(opened_at__lt=end) & (Q(closed_at__isnull=True) | Q(closed_at__gte=end))
        rows = metrics.scoped(FollowUp.objects.detractors().filter(moved | still), part)
        return tuple(rows.select_related("customer", "vehicle", "site", "brand", "advisor", "owner", "cause").order_by("opened_at", "id"))

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        figures = metrics.case_figures(part, None, at)
        return (
            metrics.timeliness(part, None, at),
            Count("Abiertos", figures.opened), Count("Cerrados como realizados", figures.resolved),
            Count("Cerrados con cliente insatisfecho", figures.unsatisfied), Count("Vencidos", figures.overdue),
        )  # fmt: skip

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        lines = []
        for area in Area:
            figures = metrics.case_figures(part, area, at)
            lines.append(
                (area.label, str(figures.opened), str(figures.resolved), str(figures.unsatisfied), str(figures.overdue), figures.mean_hours)
            )
        head = ("Área", "Abiertos", "Realizados", "Insatisfechos", "Vencidos", "Respuesta media (horas hábiles)")
        return (Table("Por área", head, tuple(lines)),)


ALL = (AftersalesControl(), AftersalesReport(), SalesControl(), SalesReport(), WeeklyCases())
