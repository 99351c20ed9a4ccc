"""GSC-FOR-04: the register of PQRS, its legal clock and how each was closed (GSC-CAR-01 CAR-4, 6, 7)."""

from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import Prefetch, Q

from callcenter.domain.metrics import Slice
from carrazos.lib.calendar import bogota, start_of
from carrazos.lib.periods import Month, Period
from carrazos.lib.ratios import Count, Ratio
from reports.base import AFTERSALES, DATE, MOMENT, NUMBER, SALES, Column, Report, Table, asked_on
from reports.drill import by
from satisfaction.domain import metrics
from satisfaction.domain.petitions import in_term
from satisfaction.models import Pqrs


def on_time(row: Pqrs) -> str:
    verdict = in_term(row, row.asked_on)
    return "" if verdict is None else "Sí" if verdict else "No"


class PqrsControl(Report):
    """The register of PQRS with its legal clock (CAR-6, CAR-7; IND-07)."""

    code = "GSC-FOR-04"
    handled_by = AFTERSALES | SALES
    title = "Control PQRS"
    frequencies = (Month,)
    drills = MappingProxyType({
        "IND-07": lambda p: on_time(p) == "Sí" and p.part.start <= p.due_on < p.part.end,
        "Satisfechos con el cierre": lambda p: bool(p.is_satisfied),
        "PQRS recibidas": lambda p: start_of(p.part.start) <= p.received_at < start_of(p.part.end),
    })  # fmt: skip
    dimensions = MappingProxyType({"tipo": lambda p: p.get_kind_display()})
    columns = (
        Column("Radicado", lambda p: p.number, width=17, in_pdf=True),
        Column("Recibida", lambda p: p.received_at, MOMENT, 17, in_pdf=True),
        Column("Canal", lambda p: p.get_channel_display(), width=14),
        Column("Tipo", lambda p: p.get_kind_display(), width=20, in_pdf=True),
        Column("Cliente", lambda p: p.customer.name, width=28, in_pdf=True),
        Column("Vehículo u OT", lambda p: " · ".join(filter(None, (p.vehicle.plate if p.vehicle else "", p.work_order.number if p.work_order else ""))),
               width=22),
        Column("Sede", lambda p: p.site.name, width=14),
        Column("Área", lambda p: p.get_area_display(), width=12),
        Column("Descripción", lambda p: p.description, width=50),
        Column("Responsable", lambda p: str(p.owner or ""), width=22),
        Column("Término (días hábiles)", lambda p: p.term_days + p.extended_days, NUMBER, 12),
        Column("Vence", lambda p: p.due_on, DATE, 12, in_pdf=True),
        Column("Fecha de respuesta", lambda p: p.answered_at, MOMENT, 17, in_pdf=True),
        Column("Respuesta", lambda p: p.answer, width=50),
        Column("En término", on_time, width=10, in_pdf=True),
        Column("Evidencia", lambda p: f"{len(p.proofs)} archivo(s)" if p.proofs else "", width=13),
        Column("Estado", lambda p: p.get_status_display(), width=12, in_pdf=True),
        Column("Cierre", lambda p: p.closed_at, MOMENT, 17),
        Column("Satisfecho con el cierre", lambda p: "" if p.is_satisfied is None else "Sí" if p.is_satisfied else "No", width=12),
    )  # fmt: skip

    def records(self, part: Slice, at: datetime) -> tuple[Any, ...]:
        """Received or due in the period."""
        received = Q(received_at__gte=start_of(part.start), received_at__lt=start_of(part.end))
        rows = metrics.scoped(Pqrs.objects.filter(received | Q(due_on__gte=part.start, due_on__lt=part.end)), part)
        rows = rows.select_related("customer", "vehicle", "work_order", "site", "owner").prefetch_related(
            Prefetch("files", to_attr="proofs")
        )
        found = tuple(rows.order_by("received_at", "id"))
        for row in found:
            row.asked_on, row.part = asked_on(part, at), part
        return found

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        received = metrics.scoped(Pqrs.objects.filter(received_at__gte=start_of(part.start), received_at__lt=start_of(part.end)), part)
        return (metrics.pqrs_in_term(part, bogota(at).date()), metrics.satisfied_closures(part), Count("PQRS recibidas", received.count()))

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        kinds: dict[str, list[Pqrs]] = {}
        for row in self.records(part, at):
            kinds.setdefault(row.get_kind_display(), []).append(row)
        lines = tuple((name, str(len(rows)), mean_days(rows)) for name, rows in sorted(kinds.items()))
        return (Table("Por tipo", ("Tipo", "Cantidad", "Días calendario hasta responder"), lines, by("tipo")),)


def mean_days(rows: list[Pqrs]) -> str:
    spans = [(bogota(row.answered_at).date() - bogota(row.received_at).date()).days for row in rows if row.answered_at]
    return f"{sum(spans) / len(spans):.1f}".replace(".", ",") if spans else "N/D"


ALL = (PqrsControl(),)
