"""R-IMP Informe de Mejoramiento: the actions of a period with plan, evidence, efficacy and risks (GSC-CAR-01 Actuar, CAR-8)."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import Count as CountOf
from django.db.models import Q, QuerySet

from callcenter.domain.metrics import Slice
from carrazos.lib import charts
from carrazos.lib.calendar import bogota, start_of
from carrazos.lib.charts import Chart
from carrazos.lib.periods import Month, Period
from carrazos.lib.ratios import Count, Ratio
from reports.base import AFTERSALES, DATE, NUMBER, SALES, Column, Report, Table, asked_on
from reports.drill import Rows, by
from reports.models import ActionState, ImprovementAction

JUDGED = (ActionState.EFFECTIVE, ActionState.INEFFECTIVE)
NO_RISK = "Sin riesgo citado"


def scope(action: ImprovementAction) -> str:
    return " · ".join(str(place) for place in (action.brand, action.site) if place) or "Toda la empresa"


def late(action: ImprovementAction) -> bool:
    """Planned, and past its date when the period ended or, of a period that runs, today."""
    return action.is_overdue(action.asked_on)


def efficacy(rows: list[ImprovementAction]) -> Ratio:
    judged = [row for row in rows if row.state in JUDGED]
    return Ratio("Eficacia de las acciones", sum(row.state == ActionState.EFFECTIVE for row in judged), len(judged), code="EFICACIA",
                 formula="Acciones eficaces / acciones verificadas")  # fmt: skip


class ImprovementReport(Report):
    code = "R-IMP"
    title = "Informe de Mejoramiento"
    frequencies = (Month,)
    handled_by = AFTERSALES | SALES
    drills = MappingProxyType(
        {
            "EFICACIA": lambda a: a.state == ActionState.EFFECTIVE,
            "ABIERTAS": lambda a: a.is_open,
            "VENCIDAS": late,
            "CERRADAS": lambda a: not a.is_open,
        }
    )
    dimensions = MappingProxyType({
        "estado": lambda a: a.get_state_display(), "riesgo": lambda a: a.risk or NO_RISK, "origen": lambda a: a.get_origin_display(),
    })  # fmt: skip
    columns = (
        Column("Acción", lambda a: a.number, width=10, in_pdf=True),
        Column("Tipo", lambda a: a.get_kind_display(), width=12),
        Column("Origen", lambda a: a.get_origin_display(), width=18, in_pdf=True),
        Column("Indicador", lambda a: a.indicator, width=10),
        Column("Período", lambda a: a.period, width=10),
        Column("Alcance", scope, width=20),
        Column("Hallazgo", lambda a: a.finding, width=40, in_pdf=True),
        Column("Riesgo (CMC-FOR-10)", lambda a: a.risk, width=22),
        Column("Causas", lambda a: a.causes, width=36),
        Column("Plan de acción", lambda a: a.plan, width=40, in_pdf=True),
        Column("Responsable", lambda a: str(a.owner or ""), width=20, in_pdf=True),
        Column("Abierta", lambda a: bogota(a.opened_at).date(), DATE, 12),
        Column("Fecha límite", lambda a: a.due_on, DATE, 13, in_pdf=True),
        Column("Estado", lambda a: a.get_state_display(), width=16, in_pdf=True),
        Column("Ejecutada el", lambda a: a.done_on, DATE, 12),
        Column("Qué se hizo", lambda a: a.result, width=40),
        Column("Evidencias", lambda a: a.files, NUMBER, 11),
        Column("Verificación de la eficacia", lambda a: a.verdict, width=40),
        Column("Cerrada", lambda a: a.closed_at and bogota(a.closed_at).date(), DATE, 12),
    )

    def rows(self, part: Slice) -> QuerySet[ImprovementAction]:
        """Opened or closed in the period, and those that were still open at its end."""
        start, end = start_of(part.start), start_of(part.end)
        rows = ImprovementAction.objects.filter(opened_at__lt=end).filter(Q(closed_at__isnull=True) | Q(closed_at__gte=start))
        if part.sites is not None:
            rows = rows.filter(Q(site__isnull=True) | Q(site__in=part.sites))
        if part.brands is not None:
            rows = rows.filter(Q(brand__isnull=True) | Q(brand__in=part.brands))
        return rows.order_by("pk")

    def records(self, part: Slice, at: datetime) -> tuple[Any, ...]:
        found = tuple(self.rows(part).select_related("owner", "brand", "site").annotate(files=CountOf("evidence")))
        for row in found:
            row.asked_on = asked_on(part, at)
        return found

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        rows = list(self.records(part, at))
        return (
            efficacy(rows),
            Count("Abiertas", sum(row.is_open for row in rows), code="ABIERTAS", formula="Sin verificar ni descartar"),
            Count("Vencidas", sum(map(late, rows)), code="VENCIDAS", formula="Con plan y fecha límite pasada"),
            Count("Cerradas", sum(not row.is_open for row in rows), code="CERRADAS", formula="Verificadas o descartadas en el período"),
        )  # fmt: skip

    def charts(self, part: Slice, period: Period) -> tuple[Chart, ...]:
        origins = Counter(row.get_origin_display() for row in self.rows(part))
        points = [charts.Point(name, n, str(n)) for name, n in origins.most_common()]
        drawn = replace(charts.ranking("De dónde vienen las acciones", points), behind=lambda point: Rows(where=(("origen", point.label),)))
        return (drawn,) if points else ()

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        """By state; and by risk of CMC-FOR-10 with the efficacy of what was done about it."""
        rows = list(self.records(part, at))
        states = Counter(row.state for row in rows)
        by_state = tuple((state.label, str(states[state])) for state in ActionState if states[state])
        risks = sorted({row.risk or NO_RISK for row in rows}, key=lambda name: (name == NO_RISK, name))
        by_risk = []
        for name in risks:
            own = [row for row in rows if (row.risk or NO_RISK) == name]
            worked = efficacy(own)
            by_risk.append(
                (name, str(len(own)), str(sum(row.is_open for row in own)), f"{worked.text} ({worked.fraction})" if worked.total else "N/D")
            )
        return (
            Table("Por estado", ("Estado", "Acciones"), by_state, by("estado")),
            Table(
                "Por riesgo u oportunidad (CMC-FOR-10)",
                ("Riesgo u oportunidad", "Acciones", "Abiertas", "Eficacia"),
                tuple(by_risk),
                by("riesgo", "", "ABIERTAS", "EFICACIA"),
            ),
        )
