"""GC-FOR-05, GC-FOR-06, GC-FOR-21, the weekly committee report and the monthly indicators of GC-PRO-05."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from callcenter.domain.metrics import Slice
from callcenter.models import Attempt
from callcenter.roles import Role
from carrazos.lib import charts
from carrazos.lib.calendar import bogota
from carrazos.lib.charts import Chart
from carrazos.lib.periods import Month, Period, Week
from carrazos.lib.ratios import Count, Ratio
from crm_audit.domain import freshness, indicators
from crm_audit.domain.indicators import AdvisorLine
from crm_audit.enums import Light, ProspectState, Verdict
from crm_audit.models import Activity, NoticeItem, Prospect
from reports.base import DATE, MOMENT, NUMBER, SALES, Column, Dataset, Header, Report, Request, Table
from reports.drill import Rows, by

PROCEDURE = "GC-PRO-05"
CRM = SALES | {Role.CRM_LEAD}
PERIODS_SHOWN = 6


def yes_no(value: bool | None) -> str:
    return "" if value is None else "Sí" if value else "No"


def check_of(row: Prospect):
    return getattr(row, "validation", None)


def of_check(name: str):
    """A function of the prospect that reads its check; empty while there is none."""

    def value(row: Prospect) -> Any:
        check = check_of(row)
        found = getattr(check, name) if check else ""
        return found() if callable(found) else found

    return value


def targets_table(part: Slice, period: Period) -> Table:
    """The brands against their targets, IND-09 and IND-10."""
    rows = tuple(
        (line.name, line.prospection.text, line.prospection.fraction, line.follow_up.text, line.follow_up.fraction)
        for line in indicators.by_brand(part, period)
    )
    head = ("Marca", "Prospección", "Prospectos válidos", "Actividades", "Actividades válidas")
    return Table("Cumplimiento por marca", head, rows, of_brand)


def of_brand(row: tuple[str, ...], column: int) -> Rows:
    """The valid prospects or activities of a brand."""
    prospects = column in {1, 2}
    return Rows("IND-09" if prospects else "IND-10", (("marca", row[0]),), "GC-FOR-06" if prospects else "GC-FOR-05")


def state_counts(rows: tuple[Prospect, ...]) -> Table:
    counted = tuple((state.label, str(sum(row.state == state for row in rows))) for state in ProspectState)
    return Table("Prospectos por validez", ("Validez", "Prospectos"), counted, by("validez"))


def advisor_of(row: Prospect | Activity) -> str:
    return str(row.advisor or row.advisor_name)


CALLED = {ProspectState.VALID, ProspectState.INVALID, ProspectState.UNREACHABLE}


class ProspectValidity(Report):
    code = "GC-FOR-06"
    drills = MappingProxyType({
        "IND-09": lambda row: row.state == ProspectState.VALID,
        "Prospectos verificados": lambda row: row.state in CALLED,
        "Sin verificar": lambda row: row.state not in CALLED,
    })  # fmt: skip
    dimensions = MappingProxyType({
        "marca": lambda row: row.brand.name, "asesor": advisor_of, "validez": lambda row: ProspectState(row.state).label,
    })  # fmt: skip
    handled_by = CRM
    title = "Informe Validez de Prospectos"
    frequencies = (Month,)
    columns = (
        Column("Fecha tráfico", lambda row: row.created_on, DATE, 12, in_pdf=True),
        Column("Sede", lambda row: row.site.name, width=14),
        Column("Marca", lambda row: row.brand.name, width=14),
        Column("Asesor", lambda row: str(row.advisor or row.advisor_name), width=24, in_pdf=True),
        Column("Prospecto", lambda row: row.name, width=28, in_pdf=True),
        Column("Teléfono", lambda row: row.phones_text, width=16, in_pdf=True),
        Column("Origen", lambda row: row.source, width=16),
        Column("Modelo", lambda row: row.interest, width=16),
        Column("Contactado", lambda row: yes_no(contacted(row)), width=11, in_pdf=True),
        Column("¿Recibió asesoría?", of_check("get_advised_display"), width=14, in_pdf=True),
        Column("¿Quién lo asesoró?", lambda row: str(of_check("advised_by")(row) or ""), width=22),
        Column("¿Cómo?", of_check("get_advised_how_display"), width=14),
        Column("¿Real?", lambda row: yes_no(of_check("is_real")(row) if check_of(row) else None), width=8, in_pdf=True),
        Column("Validez", lambda row: ProspectState(row.state).label, width=14, in_pdf=True),
        Column("Motivo", lambda row: str(of_check("reason")(row) or ""), width=22, in_pdf=True),
        Column("Señales", lambda row: "; ".join(row.signal_words), width=40),
        Column("Dictaminó", lambda row: str(of_check("decided_by")(row) or ""), width=20),
        Column("Fecha dictamen", lambda row: of_check("decided_at")(row) or None, MOMENT, 17),
        Column("Observación", of_check("note"), width=40),
    )  # fmt: skip

    def records(self, part: Slice, at: datetime) -> tuple[Any, ...]:
        rows = (
            indicators.prospects(part)
            .select_related(
                "advisor", "site", "brand", "validation__advised_by", "validation__reason", "validation__decided_by", "validation__outreach"
            )
            .annotate(was_reached=Exists(Attempt.objects.counted().filter(outreach=OuterRef("validation__outreach"), is_contact=True)))
        )
        return tuple(rows.order_by("created_on", "pk"))

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        rows = indicators.prospects(part)
        called = rows.filter(state__in=CALLED).count()
        return (
            indicators.indicators(part)[0],
            Ratio("Prospectos verificados", called, rows.count(), formula="Con dictamen o no localizados / registrados"),
        )

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        return (targets_table(part, period), state_counts(self.records(part, at)))


def contacted(row: Prospect) -> bool | None:
    """Whether a call of the validation reached the person, whatever they said; somebody else at their number is no contact."""
    check = check_of(row)
    if check is None or check.outreach_id is None:
        return None
    return row.was_reached and (check.reason is None or check.reason.code != "WRONG_NUMBER")


class ActivityValidity(Report):
    code = "GC-FOR-05"
    drills = MappingProxyType({
        "IND-10": lambda row: row.verdict == Verdict.VALID,
        "Actividades dictaminadas": lambda row: row.verdict != "",
        "Sin dictamen": lambda row: row.verdict == "",
        "Corregidas en SPIGA": lambda row: row.corrected_at is not None,
    })  # fmt: skip
    dimensions = MappingProxyType({
        "marca": lambda row: row.brand.name, "asesor": advisor_of, "motivo": lambda row: str(row.reason or ""),
    })  # fmt: skip
    handled_by = CRM
    title = "Informe Validez de Actividades de Seguimiento"
    frequencies = (Month,)
    columns = (
        Column("Fecha actividad", lambda row: row.day, DATE, 12, in_pdf=True),
        Column("Sede", lambda row: row.site.name, width=14),
        Column("Marca", lambda row: row.brand.name, width=14),
        Column("Asesor", lambda row: str(row.advisor or row.advisor_name), width=24, in_pdf=True),
        Column("Prospecto", lambda row: row.prospect_name or str(row.prospect or ""), width=26, in_pdf=True),
        Column("Tipo", lambda row: row.get_kind_display(), width=14, in_pdf=True),
        Column("Comentario SPIGA", lambda row: row.comment, width=50, in_pdf=True),
        Column("Estado en SPIGA", lambda row: row.get_state_display(), width=14, in_pdf=True),
        Column("Validez", lambda row: row.get_verdict_display() or "Por dictaminar", width=14, in_pdf=True),
        Column("Motivo", lambda row: str(row.reason or ""), width=22, in_pdf=True),
        Column("Indicios", lambda row: "; ".join(row.hint_words), width=34),
        Column("Dictaminó", lambda row: str(row.judged_by or ""), width=20),
        Column("Segunda revisión", lambda row: row.get_second_verdict_display() if row.second_verdict else "", width=16),
        Column("Notificado al asesor", lambda row: row.told_at, MOMENT, 17),
        Column("Corregido", lambda row: row.corrected_at, MOMENT, 17),
        Column("Observación", lambda row: row.note, width=34),
    )  # fmt: skip

    def rows(self, part: Slice) -> QuerySet[Activity]:
        told = NoticeItem.objects.filter(activity=OuterRef("pk")).order_by("-pk").values("notice__created_at")[:1]
        return indicators.activities(part).annotate(told_at=Subquery(told))

    def records(self, part: Slice, at: datetime) -> tuple[Any, ...]:
        rows = self.rows(part).select_related("advisor", "site", "brand", "prospect", "reason", "judged_by")
        return tuple(rows.order_by("day", "advisor_key", "pk"))

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        rows = indicators.activities(part)
        judged = rows.exclude(verdict="").count()
        return (
            indicators.indicators(part)[1],
            Ratio("Actividades dictaminadas", judged, rows.count(), formula="Con dictamen / del período"),
            Count(
                "Corregidas en SPIGA", rows.filter(corrected_at__isnull=False).count(), formula="Cambiaron después de revisarse o vencer"
            ),
        )

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        return (targets_table(part, period), by_reason(self.rows(part)))


def by_reason(rows: QuerySet[Activity]) -> Table:
    """Why activities were not valid, most frequent first."""
    found: dict[str, int] = {}
    for label in rows.filter(reason__isnull=False).values_list("reason__label", flat=True):
        found[label] = found.get(label, 0) + 1
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    lines = tuple((label, str(count)) for label, count in ordered)
    return Table("Motivos de actividad no válida", ("Motivo", "Actividades"), lines, by("motivo", report=ActivityValidity.code))


def light_figure(light: Light) -> str:
    return f"Prospectos en {light.label.lower()}"


FILLS = {Light.GREEN: "2E7D32", Light.YELLOW: "F9A825", Light.RED: "C62828", Light.NONE: ""}


class FollowUpLight(Report):
    code = "GC-FOR-21"
    drills = MappingProxyType({
        light_figure(light): lambda line, light=light: line.light == light for light in (Light.RED, Light.YELLOW, Light.GREEN)
    })  # fmt: skip
    dimensions = MappingProxyType({"asesor": lambda line: advisor_of(line.prospect)})
    handled_by = CRM
    title = "Registro Semáforo de Seguimiento"
    frequencies = (Month,)
    columns = (
        Column("Asesor", lambda item: str(item.prospect.advisor or item.prospect.advisor_name), width=24, in_pdf=True),
        Column("Prospecto", lambda item: item.prospect.name, width=28, in_pdf=True),
        Column("Marca", lambda item: item.prospect.brand.name, width=14),
        Column("Modelo", lambda item: item.prospect.interest, width=16),
        Column("Fecha de creación", lambda item: item.prospect.created_on, DATE, 12, in_pdf=True),
        Column("Llamadas", lambda item: item.calls, NUMBER, 10, in_pdf=True),
        Column("Cotizaciones", lambda item: item.quotes, NUMBER, 13, in_pdf=True),
        Column("Visitas", lambda item: item.visits, NUMBER, 10, in_pdf=True),
        Column("Test drive", lambda item: item.drives, NUMBER, 10, in_pdf=True),
        Column("Otros (matrícula, entrega, WhatsApp)", lambda item: item.others, NUMBER, 16, in_pdf=True),
        Column("Último seguimiento", lambda item: item.last_on, DATE, 12, in_pdf=True),
        Column("Días sin seguimiento", lambda item: item.days, NUMBER, 10, in_pdf=True),
        Column("Semáforo", lambda item: Light(item.light).label, width=14, in_pdf=True, fill=lambda item: FILLS[item.light]),
    )  # fmt: skip

    def dataset(self, request: Request, *, at: datetime) -> Dataset:
        """Cut at today, or at the period's last day once it is over, so that a closed month keeps its figures."""
        part = request.slice
        cut = min(bogota(at).date(), part.end - timedelta(days=1))
        rows = indicators.prospects(part).select_related("advisor", "brand")
        lines, ranking = freshness.follow_ups(rows, cut), freshness.ranking(rows, cut)
        counted = tuple(
            Count(light_figure(item), sum(line.light == item for line in lines)) for item in (Light.RED, Light.YELLOW, Light.GREEN)
        )
        ranks = tuple(
            (item.advisor, str(item.prospects), str(item.red), str(item.yellow), str(item.green), str(item.activities), str(item.worst))
            for item in ranking
        )
        head = ("Asesor", "Prospectos", "Rojo", "Amarillo", "Verde", "Seguimientos", "Más días")
        advisors = by("asesor", "", *(light_figure(item) for item in (Light.RED, Light.YELLOW, Light.GREEN)))
        return Dataset(
            header=Header.of(self.code, self.title, bogota(at).date()), period=request.period, filters=request.filters, cut_at=at,
            indicators=counted, charts=(), tables=(Table("Asesores", head, ranks, advisors),), columns=self.columns, records=tuple(lines),
        )  # fmt: skip


ADVISOR_HEAD = (
    Column("Asesor", lambda line: line.name, width=26, in_pdf=True),
    Column("Prospectos registrados", lambda line: line.registered, NUMBER, 12, in_pdf=True),
    *(
        Column(f"Prospectos: {state.label.lower()}", lambda line, state=state: line.prospects.get(state, 0), NUMBER, 12, in_pdf=True)
        for state in (ProspectState.VALID, ProspectState.INVALID, ProspectState.UNREACHABLE)
    ),
    Column("Prospectos sin verificar", lambda line: sum(line.prospects.get(state, 0) for state in (ProspectState.WAITING, ProspectState.CALLING)),
           NUMBER, 12),
    Column("Prospección", lambda line: line.prospection.text, width=12, in_pdf=True),
    Column("Actividades realizadas", lambda line: line.done, NUMBER, 12, in_pdf=True),
    Column("Actividades no realizadas", lambda line: line.not_done, NUMBER, 12, in_pdf=True),
    Column("Actividades válidas", lambda line: line.valid, NUMBER, 12, in_pdf=True),
    Column("Actividades no válidas", lambda line: line.invalid, NUMBER, 12, in_pdf=True),
    Column("Actividades por dictaminar", lambda line: line.pending, NUMBER, 12),
    Column("Corregidas", lambda line: line.corrected, NUMBER, 12),
    Column("Actividades de seguimiento", lambda line: line.follow_up.text, width=12, in_pdf=True),
)  # fmt: skip


def unjudged(row: tuple[str, ...], column: int) -> Rows:
    """The prospects or activities of an advisor without a verdict."""
    figure, report = ("Sin verificar", ProspectValidity.code) if column == 1 else ("Sin dictamen", ActivityValidity.code)
    return Rows(figure, (("asesor", row[0]),), report)


class CrmReport(Report):
    """What both reports of the procedure share: one line per advisor, IND-09 and IND-10; the form is the procedure's own."""

    columns = ADVISOR_HEAD
    handled_by = CRM
    elsewhere = MappingProxyType({"IND-09": Rows("IND-09", report="GC-FOR-06"), "IND-10": Rows("IND-10", report="GC-FOR-05")})
    dimensions = MappingProxyType({"asesor": lambda line: line.name})

    def behind_row(self, record: AdvisorLine) -> Rows:
        return Rows(where=(("asesor", record.name),), report=ActivityValidity.code)

    def records(self, part: Slice, at: datetime) -> tuple[AdvisorLine, ...]:
        return tuple(indicators.by_advisor(part, indicators.period_of(part)))

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        return indicators.indicators(part)

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        gaps = tuple(
            (gap.name, str(gap.prospects_open), str(gap.activities_open))
            for gap in indicators.gaps(part)
            if gap.prospects_open or gap.activities_open
        )
        return (
            targets_table(part, period),
            by_reason(indicators.activities(part).exclude(verdict=Verdict.VALID)),
            Table("Registros sin dictamen", ("Asesor", "Prospectos", "Actividades"), gaps, unjudged),
        )

    def charts(self, part: Slice, period: Period) -> tuple[Chart, ...]:
        periods = [period]
        while len(periods) < PERIODS_SHOWN:
            periods.append(periods[-1].previous())
        found = [(item, indicators.indicators(Slice.of(item, sites=part.sites, brands=part.brands))) for item in reversed(periods)]
        codes = {point(item, pair[0]).label: item.code for item, pair in found}
        return tuple(
            replace(
                charts.bars(
                    title,
                    [point(item, pair[index]) for item, pair in found],
                    goal=100 if any(pair[index].total for _, pair in found) else None,
                ),
                behind=lambda spot, report=report, figure=figure: Rows(figure, report=report, period=codes[spot.label]),
            )
            for index, title, report, figure in (
                (0, "Prospección", "GC-FOR-06", "IND-09"),
                (1, "Actividades de seguimiento", "GC-FOR-05", "IND-10"),
            )
        )

    def dataset(self, request: Request, *, at: datetime) -> Dataset:
        data = super().dataset(request, at=at)
        return replace(data, header=replace(Header.of(PROCEDURE, self.title, bogota(at).date()), code=self.code, title=self.title))


def point(period: Period, ratio: Ratio) -> charts.Point:
    label = f"S{period.week}" if isinstance(period, Week) else period.label[:3]
    return charts.Point(label, None if ratio.value is None else float(ratio.value), ratio.text, ratio.fraction)


class CommitteeReport(CrmReport):
    code = "R-CRM-W"
    title = "Comité gerencial: prospectos y actividades por asesor"
    frequencies = (Week,)


class MonthlyIndicators(CrmReport):
    code = "R-CRM-M"
    title = "Indicadores CRM por marca"
    frequencies = (Month,)
