"""GSC-PRO-03 in paper: the monthly GSC-FOR-02 and 07 and the weekly report; the control sheets are in `survey_sheets`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from django.db.models import Q

from callcenter import clock
from callcenter.domain.metrics import Slice
from callcenter.models import Brand
from carrazos.lib import charts
from carrazos.lib.calendar import start_of
from carrazos.lib.charts import Chart
from carrazos.lib.periods import Month, Period, Week
from carrazos.lib.ratios import Count, Ratio
from reports.base import MOMENT, NUMBER, SALES, Column, Report, Table
from reports.definitions.survey_sheets import FILLS, AftersalesControl, SalesControl, in_time, with_part
from reports.domain import closed
from reports.drill import Rows, by
from satisfaction.domain import metrics
from satisfaction.domain.nps import Distribution
from satisfaction.enums import Area, Band, FollowUpStatus, Formula, Light
from satisfaction.models import FollowUp, Survey

MONTHS_SHOWN = 12
SHOWN = 40

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


def breakdown(title: str, name: str, rows: list[tuple[str, Distribution]], formula: Callable[[str], Formula], sheet: str) -> Table:
    """One line for each value: the indicator, the three classes and the mean; its surveys are in the control sheet.

    Of a question the classes are of its answers, of everything else of the surveys: there its surveys are shown whole.
    """
    figures = ["Respondidas"] * len(CLASSES) if name == "Pregunta" else CLASSES
    lines = tuple(
        (label, in_words(spread.by(formula(label))), str(spread.promoters), str(spread.neutrals), str(spread.detractors),
         mean(spread)) for label, spread in rows
    )  # fmt: skip
    return Table(
        title, (name, "Satisfacción", "Promotores", "Neutros", "Detractores", "Media"), lines, by(name.lower(), *figures, report=sheet)
    )


def mean(spread: Distribution) -> str:
    return f"{spread.score_sum / spread.total:.1f}".replace(".", ",") if spread.total else "N/D"


def monthly_point(month: Month, ratio: Ratio) -> charts.Point:
    return charts.Point(
        f"{month.label[:3]} {month.year % 100}", None if ratio.value is None else float(ratio.value), ratio.text, ratio.fraction
    )


def happened(name: str) -> Callable[[FollowUp], bool]:
    """Whether a moment of the case falls in the period of the report."""

    def value(case: FollowUp) -> bool:
        moment = getattr(case, name)
        return moment is not None and start_of(case.part.start) <= moment < start_of(case.part.end)

    return value


closed_in = happened("closed_at")


def stands_open(case: FollowUp) -> bool:
    """Not closed at the end of the period, or now while it runs."""
    end = min(start_of(case.part.end), clock.now())
    return case.opened_at < end and (case.closed_at is None or case.closed_at >= end)


def stands_late(case: FollowUp) -> bool:
    return stands_open(case) and case.due_at <= min(start_of(case.part.end), clock.now())


WEEKLY = ("Abiertos en la semana", "Cerrados como realizados", "Cerrados con cliente insatisfecho", "Vencieron en la semana", "Siguen abiertos",
          "Abiertos y vencidos")  # fmt: skip
CASES = MappingProxyType({
    "IND-11": lambda c: bool(in_time(c)),
    "Abiertos": happened("opened_at"),
    **dict(zip(WEEKLY, (
        happened("opened_at"),
        lambda c: c.status == FollowUpStatus.RESOLVED and closed_in(c),
        lambda c: c.status == FollowUpStatus.CLOSED_UNSATISFIED and closed_in(c),
        lambda c: happened("first_due_at")(c) and c.first_due_at <= clock.now() and not in_time(c),
        stands_open,
        stands_late,
    ), strict=True)),
})  # fmt: skip
CASE_DIMENSIONS = MappingProxyType({
    "marca": lambda c: c.brand.name, "sede": lambda c: c.site.name, "área": lambda c: Area(c.area).label, "causa": lambda c: str(c.cause or ""),
})  # fmt: skip
CLASSES = ("Respondidas", Band.PROMOTER.label, Band.NEUTRAL.label, Band.DETRACTOR.label, "Respondidas")


class MonthlySatisfaction(Report):
    """The indicator against its goal by everything that explains it, the detractors and what was done (GSC-PRO-03 §5)."""

    area = Area.AFTERSALES
    sheet: ClassVar[str] = "GSC-FOR-01"  # the control sheet with the surveys themselves
    columns = CASE_COLUMNS
    frequencies = (Month,)
    drills = CASES
    dimensions = CASE_DIMENSIONS
    elsewhere = MappingProxyType({code: Rows(code, report="GSC-FOR-01") for code in ("IND-05", "IND-12")})

    def records(self, part: Slice, at: datetime) -> tuple[Any, ...]:
        rows = metrics.cases(part, self.area).select_related("customer", "vehicle", "site", "brand", "advisor", "owner", "cause")
        return with_part(rows.order_by("opened_at", "id"), part)

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        return (
            metrics.satisfaction(part, self.area, closed.rules(part, self.area)),
            metrics.timeliness(part, self.area, at),
            metrics.coverage(part, self.area),
        )

    def charts(self, part: Slice, period: Period) -> tuple[Chart, ...]:
        last = Month.of(period.last)
        months = [last.back(count) for count in range(MONTHS_SHOWN - 1, -1, -1)]
        rules = closed.rules_by_month(part, self.area, months)
        trend = [
            monthly_point(month, spread.by(rules[month].formula))
            for month, spread in metrics.distributions_by_month(part, self.area, months)
        ]
        spread = metrics.distribution(part, self.area)
        classes = [charts.Point(label, n, str(n)) for label, n in (
            ("Promotores (9-10)", spread.promoters), ("Neutros (7-8)", spread.neutrals), ("Detractores (1-6)", spread.detractors))]  # fmt: skip
        codes = {monthly_point(month, Ratio("", 0, 0)).label: month.code for month in months}
        bands = dict(zip((point.label for point in classes), (Band.PROMOTER, Band.NEUTRAL, Band.DETRACTOR), strict=True))
        found = [
            replace(
                charts.bars("Satisfacción por mes", trend, goal=float(rules[last].goal), top=100),
                behind=lambda point: Rows(period=codes[point.label]),
            ),
            replace(
                charts.ranking("Distribución de clientes", classes), behind=lambda point: Rows(bands[point.label].label, report=self.sheet)
            ),
        ]
        if why := metrics.causes(part, self.area):
            drawn = charts.ranking("Causas de insatisfacción", [charts.Point(label, n, str(n)) for label, n in why])
            found.append(replace(drawn, behind=lambda point: Rows("Abiertos", (("causa", point.label),))))
        return tuple(found)

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        of_all = closed.rules(part, self.area).formula
        spread = metrics.distribution(part, self.area)
        four = tuple((ratio.name, in_words(ratio), ratio.formula) for ratio in metrics.all_formulas(spread))
        return (
            Table("Las cuatro fórmulas", ("Lectura", "Valor", "Fórmula"), four, lambda row, column: Rows("Respondidas", report=self.sheet)),
            self.by_brand(part),
            breakdown("Por sede", "Sede", metrics.distributions_by(part, self.area, "site__name"), lambda _: of_all, self.sheet),
            breakdown("Por pregunta", "Pregunta", metrics.by_question(part, self.area), lambda _: of_all, self.sheet),
            breakdown("Por asesor", "Asesor", metrics.distributions_by(part, self.area, "advisor__name"), lambda _: of_all, self.sheet),
            Table(
                "Sí o no",
                ("Pregunta", "Sí"),
                tuple((name, in_words(ratio)) for name, ratio in metrics.by_choice(part, self.area)),
                by("pregunta", "Respondidas", report=self.sheet),
            ),
            Table("Voz del cliente: sugerencias", ("Cliente", "Sede", "Sugerencia"), self.words(part, "suggestion")),
            Table("Voz del cliente: felicitaciones", ("Cliente", "Sede", "Felicitación"), self.words(part, "compliment")),
        )

    def by_brand(self, part: Slice) -> Table:
        """Each brand by its own formula (SAT-R7), which is said."""
        rows = metrics.distributions_by(part, self.area, "brand__name")
        own = {
            brand.name: closed.rules(replace(part, brands=(brand.pk,)), self.area).formula
            for brand in Brand.objects.filter(name__in=[label for label, _ in rows])
        }
        table = breakdown("Por marca", "Marca", rows, own.__getitem__, self.sheet)
        lines = tuple((*line, own[line[0]].label) for line in table.rows)
        return replace(table, head=(*table.head, "Fórmula"), rows=lines)

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
    sheet = "GSC-FOR-03"
    elsewhere = MappingProxyType({code: Rows(code, report="GSC-FOR-03") for code in ("IND-06", "IND-12")})


class WeeklyCases(Report):
    """For Gerencia Posventa: opened, closed, overdue and closed unsatisfied, and the mean response (SAT-R11)."""

    code = "R-SAT-W"
    title = "Casos de insatisfacción de la semana"
    columns = CASE_COLUMNS
    frequencies = (Week,)
    drills = CASES
    dimensions = CASE_DIMENSIONS

    def records(self, part: Slice, at: datetime) -> tuple[Any, ...]:
        """Cases opened or closed in the week, and those that were still open."""
        start, end = start_of(part.start), start_of(part.end)
        moved = Q(opened_at__gte=start, opened_at__lt=end) | Q(closed_at__gte=start, closed_at__lt=end)
        still = Q(opened_at__lt=end) & (Q(closed_at__isnull=True) | Q(closed_at__gte=end))
        rows = metrics.scoped(FollowUp.objects.detractors().filter(moved | still), part)
        rows = rows.select_related("customer", "vehicle", "site", "brand", "advisor", "owner", "cause")
        return with_part(rows.order_by("opened_at", "id"), part)

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        figures = metrics.case_figures(part, None, at)
        still, late = metrics.backlog(part, None, at)
        return (
            metrics.timeliness(part, None, at),
            Count("Abiertos en la semana", figures.opened), Count("Cerrados como realizados", figures.resolved),
            Count("Cerrados con cliente insatisfecho", figures.unsatisfied), Count("Vencieron en la semana", figures.overdue),
            Count("Siguen abiertos", still, formula="casos sin cerrar al final de la semana, de cualquier fecha"),
            Count("Abiertos y vencidos", late, formula="de los que siguen abiertos, los que pasaron su plazo"),
        )  # fmt: skip

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        lines = []
        for area in Area:
            figures, (still, late) = metrics.case_figures(part, area, at), metrics.backlog(part, area, at)
            counted = (figures.opened, figures.resolved, figures.unsatisfied, figures.overdue, still, late)
            lines.append((area.label, *map(str, counted), figures.mean_hours))
        head = ("Área", "Abiertos", "Realizados", "Insatisfechos", "Vencieron", "Siguen abiertos", "Abiertos y vencidos",
                "Respuesta media (horas hábiles)")  # fmt: skip
        return (Table("Por área", head, tuple(lines), by("área", *WEEKLY)),)


ALL = (AftersalesControl(), AftersalesReport(), SalesControl(), SalesReport(), WeeklyCases())
