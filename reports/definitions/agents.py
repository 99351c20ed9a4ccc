"""R-AGENTES: what each agent did in a period, programme by programme (screens §2.4; CAR-7 measures the calls)."""

from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import Avg, Count, Q

from callcenter.domain import metrics
from callcenter.domain.metrics import COUNTS, OUR_CALL, Slice
from callcenter.domain.supervision import HASTY_SECONDS
from callcenter.enums import Programme
from callcenter.models import User
from carrazos.lib import charts
from carrazos.lib.charts import Chart
from carrazos.lib.periods import Period
from carrazos.lib.ratios import Count as Figure
from carrazos.lib.ratios import Ratio
from reports.base import NUMBER, Column, Report, Table
from reports.drill import Rows, by

REGISTERS = {  # programme → the report with its rows
    Programme.PROACTIVE.label: "GSC-FOR-09", Programme.RECOVERY.label: "R-REC-M", Programme.AFTERSALES_SURVEY.label: "GSC-FOR-01",
    Programme.SALES_SURVEY.label: "GSC-FOR-03", Programme.PROSPECT_CHECK.label: "GC-FOR-06",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One agent in one programme."""

    agent: str
    programme: str
    days: int
    calls: metrics.CallFigures
    seconds: int
    hasty: int


class AgentProductivity(Report):
    code = "R-AGENTES"
    title = "Productividad de agentes"
    drills = MappingProxyType({"IND-01": lambda line: line.calls.contacts > 0, "IND-02": lambda line: line.calls.booked > 0,
                               "IND-08": lambda line: line.calls.people > 0})  # fmt: skip
    dimensions = MappingProxyType({"agente": lambda line: line.agent})
    columns = (
        Column("Agente", lambda line: line.agent, width=24, in_pdf=True),
        Column("Programa", lambda line: line.programme, width=24, in_pdf=True),
        Column("Días con llamadas", lambda line: line.days, NUMBER, 11, in_pdf=True),
        Column("Intentos", lambda line: line.calls.attempts, NUMBER, 10, in_pdf=True),
        Column("Contactos", lambda line: line.calls.contacts, NUMBER, 10, in_pdf=True),
        Column("Efectividad", lambda line: line.calls.effectiveness.text, width=12, in_pdf=True),
        Column("Citas agendadas", lambda line: line.calls.booked, NUMBER, 11, in_pdf=True),
        Column("Clientes", lambda line: line.calls.people, NUMBER, 10, in_pdf=True),
        Column("Segundos por llamada", lambda line: line.seconds, NUMBER, 12),
        Column(f"Registradas en menos de {HASTY_SECONDS} s", lambda line: line.hasty, NUMBER, 14),
    )

    def records(self, part: Slice, at: datetime) -> tuple[Any, ...]:
        """Every agent in every programme they called, most calls first."""
        whole = replace(part, programme=None)
        rows = (
            metrics.attempts(whole).values("agent", "outreach__programme").order_by()
            .annotate(days=Count("day", distinct=True), seconds=Avg("open_seconds", filter=OUR_CALL),
                      hasty=Count("pk", filter=OUR_CALL & Q(open_seconds__lt=HASTY_SECONDS)), **COUNTS)
        )  # fmt: skip
        names = {user.pk: str(user) for user in User.objects.filter(pk__in={row["agent"] for row in rows})}
        lines = [
            Line(names[row["agent"]], Programme(row["outreach__programme"]).label, row["days"],
                 metrics.CallFigures(**{name: row[name] for name in COUNTS}), round(row["seconds"] or 0), row["hasty"])
            for row in rows
        ]  # fmt: skip
        return tuple(sorted(lines, key=lambda line: (-line.calls.attempts, line.agent, line.programme)))

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Figure, ...]:
        made = metrics.calls(replace(part, programme=None))
        return made.effectiveness, made.booking, made.customers

    def charts(self, part: Slice, period: Period) -> tuple[Chart, ...]:
        agents = metrics.by_agent(replace(part, programme=None))
        points = [charts.Point(name, ratio.total, str(ratio.total), ratio.text) for name, ratio, _ in agents]
        drawn = replace(charts.ranking("Intentos por agente", points), behind=lambda point: Rows(where=(("agente", point.label),)))
        return (drawn,) if points else ()

    def behind_row(self, record: Line) -> Rows | None:
        """The register of the programme has the calls themselves; a confirmation call has none."""
        report = REGISTERS.get(record.programme)
        return Rows(where=(("agente", record.agent),), report=report) if report else None

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        rows = metrics.by_agent(replace(part, programme=None))
        lines = tuple((name, str(ratio.total), f"{ratio.text} ({ratio.fraction})", str(booked)) for name, ratio, booked in rows)
        return (
            Table(
                "Por agente, todos los programas",
                ("Agente", "Intentos", "Efectividad", "Citas agendadas"),
                lines,
                by("agente", "", "IND-01", "IND-02"),
            ),
        )
