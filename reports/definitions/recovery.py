"""R-REC-M Informe de recuperación de clientes, and its control sheet (GSC-PRO-04 §3-5; REC-13, REC-14, REC-15)."""

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import Prefetch, Q

from callcenter.domain import message_proof
from callcenter.domain.metrics import Slice
from callcenter.enums import Outcome, Programme
from callcenter.models import Appointment, Attempt, ContactPoint, Evidence, Message, Outreach
from carrazos.lib import charts
from carrazos.lib.calendar import bogota
from carrazos.lib.charts import Chart
from carrazos.lib.periods import Month, Period
from carrazos.lib.ratios import Count, Ratio
from recovery.domain import eligibility, figures, results
from recovery.enums import Proof
from recovery.models import Candidacy
from reports import columns
from reports.base import DATE, MOMENT, NUMBER, Column, Dataset, Header, Report, Request, Table
from reports.base import Proof as Evidenced
from reports.definitions.proactive import last_message, monthly_point, notes, of_month, of_reason, proof_text, proofs_of, reasons_of
from reports.drill import Rows, by, by_period

PROCEDURE = "GSC-PRO-04"
MONTHS_SHOWN = 6
REASONS_SHOWN = 10
LISTS = "/recuperacion/clientes/?month={period}"  # the vehicles of a list, with those that were left out
RETURNS = ("Recuperados", *(ratio.name for ratio in figures.Funnel().alternatives))
FUNNEL = ("Clientes en la lista", "Llamados", "Contactabilidad", "Con cita", "Recuperados")


def first(outreach: Outreach) -> Candidacy | None:
    """The candidacy that speaks for the call: the one that came back, else the vehicle of the call."""
    return next((row for row in outreach.cases if row.proof == Proof.RECOVERED), outreach.cases[0] if outreach.cases else None)


def of_case(read) -> Any:
    return lambda outreach: (case := first(outreach)) and read(case)


def cars(outreach: Outreach) -> str:
    return ", ".join(row.vehicle.plate or row.vehicle.vin for row in outreach.cases)


def standing(outreach: Outreach) -> str:
    case = first(outreach)
    return results.standing(case, outreach.cut).text if case else ""


def returned(outreach: Outreach) -> str:
    """What the workshop proves, with its day: a visit is no recovery by itself."""
    case = first(outreach)
    return f"{case.get_proof_display()}, {case.came_on:%d/%m/%Y}" if case and case.proof else ""


def cohort_words(back: int, customers: int, *, over: bool) -> str:
    return f"{back} ({Ratio('', back, customers).text}){'' if over else ', en curso'}"


def lists_of(part: Slice) -> tuple[figures.Scope, list[Month]]:
    """The lists of the slice's months."""
    last = Month.of(part.end.fromordinal(part.end.toordinal() - 1))
    months, month = [], Month.of(part.start)
    while month <= last:
        months.append(month)
        month = month.next()
    return figures.Scope(part.sites, part.brands), months


def recovered(part: Slice, at: datetime) -> Ratio:
    """IND-04 of the lists of the slice's months."""
    scope, months = lists_of(part)
    return figures.funnel(scope.rows(months).filter(recovery_list__frozen_at__isnull=False)).rate


class RecoveryReport(Report):
    code = "R-REC-M"
    title = "Informe de Recuperación de Clientes"
    frequencies = (Month,)
    needs_strategies = True
    drills = MappingProxyType({
        "IND-04": of_case(lambda case: case.proof == Proof.RECOVERED),
        "Clientes en la lista": lambda o: first(o) is not None,
        "Llamados": lambda o: bool(o.made),
        "Contactabilidad": columns.was_contacted,
        **{name: lambda o: bool(o.appointments.all()) for name in ("Agendamiento", "Con cita")},
        **{name: of_case(lambda case: case.proof == Proof.RECOVERED) for name in RETURNS},
    })  # fmt: skip
    elsewhere = MappingProxyType({"Base sin depurar": Rows(page=f"{LISTS}"), "Excluidos": Rows(page=f"{LISTS}&state=excluded")})
    dimensions = MappingProxyType({
        "tiempo_sin_venir": lambda o: {row.get_segment_display() for row in o.cases}, "marca": lambda o: o.brand.name,
        "sede": lambda o: o.site.name, "agente": lambda o: {str(attempt.agent) for attempt in o.made},
        "motivo_de_no_agendamiento": reasons_of(Outcome.DECLINED), "motivo_de_no_contacto": reasons_of(Outcome.NO_CONTACT),
    })  # fmt: skip
    columns = (
        Column("Lista", of_case(lambda case: case.recovery_list.period.label), width=18),
        *columns.CONTEXT, *columns.CUSTOMER, *columns.VEHICLE,
        Column("Vehículos de la llamada", cars, width=22),
        Column("Última visita", of_case(lambda case: case.last_visit_on), DATE, 12, in_pdf=True),
        Column("Meses sin venir", of_case(lambda case: case.months_away), NUMBER, 10),
        *columns.attempt_columns(1), *columns.attempt_columns(2), *columns.attempt_columns(3),
        *columns.CONTACT, *columns.APPOINTMENT,
        Column("Volvió el", of_case(lambda case: case.came_on), DATE, 12),
        Column("Regreso", returned, width=24, in_pdf=True),
        Column("Resultado de la recuperación", standing, width=44),
        Column("Orden que lo prueba", of_case(lambda case: case.order and str(case.order)), width=26),
        Column("WhatsApp enviado", lambda o: (sent := last_message(o)) and sent.sent_at, MOMENT, 17),
        Column("Evidencia", proof_text, width=14),
        Column("Observaciones", notes, width=40),
    )  # fmt: skip

    def records(self, part: Slice, at: datetime) -> tuple[Any, ...]:
        """The calls of the lists of the period, made or not yet, and those called in it of earlier lists."""
        scope, months = lists_of(part)
        mine = scope.rows(months).filter(outreach__isnull=False).values("outreach")
        asked = Attempt.objects.counted().filter(day__gte=part.start, day__lt=part.end, outreach__programme=Programme.RECOVERY)
        rows = Outreach.objects.of(Programme.RECOVERY).filter(Q(pk__in=mine) | Q(pk__in=asked.values("outreach")))
        if part.sites is not None:
            rows = rows.filter(site__in=part.sites)
        if part.brands is not None:
            rows = rows.filter(brand__in=part.brands)
        rows = message_proof.told(rows).select_related("customer", "vehicle", "site", "brand").prefetch_related(
            Prefetch("attempts", Attempt.objects.counted().select_related("agent", "reason", "point"), to_attr="made"),
            Prefetch("appointments", Appointment.objects.order_by("booked_at", "id")),
            Prefetch("messages", Message.objects.gone_out().order_by("sent_at")),
            Prefetch("evidence", Evidence.objects.order_by("uploaded_at")),
            Prefetch("customer__points", ContactPoint.objects.order_by("position", "id")),
            Prefetch("candidacies", Candidacy.objects.select_related("vehicle", "recovery_list", "order__site", "credited_to")
                     .order_by("recovery_list", "-last_visit_on", "pk"), to_attr="cases"),
        )  # fmt: skip
        found = tuple(
            sorted(
                rows, key=lambda row: (row.made[0].started_at if row.made else datetime.max.replace(tzinfo=row.opened_at.tzinfo), row.pk)
            )
        )
        for row in found:
            row.cut = part.end
        return found

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        """IND-04 beside its other readings, and the way there (REC-R4: the raw size is always said)."""
        scope, months = lists_of(part)
        made = figures.funnel(scope.rows(months).filter(recovery_list__frozen_at__isnull=False))
        return (
            made.rate,
            Count("Base sin depurar", made.raw, formula="vehículos con historia en el taller"),
            Count("Excluidos", made.excluded, formula="vehículos fuera de la lista, con sus motivos"),
            Count("Clientes en la lista", made.customers, formula="clientes de la lista depurada"),
            made.contact_rate, made.booking_rate, *made.alternatives,
        )  # fmt: skip

    def charts(self, part: Slice, period: Period) -> tuple[Chart, ...]:
        scope, months = lists_of(part)
        last = Month.of(period.last)
        trend = []
        for count in range(MONTHS_SHOWN - 1, -1, -1):
            month = last.back(count)
            rows = scope.rows([month]).filter(recovery_list__frozen_at__isnull=False)
            trend.append(monthly_point(month, figures.funnel(rows).rate))
        months = [last.back(count) for count in range(MONTHS_SHOWN)]
        found = [replace(charts.bars("Clientes recuperados por lista", trend, top=100), behind=of_month(months))]
        rows = scope.rows(months)
        for title, outcome in (("Motivos de no agendamiento", Outcome.DECLINED), ("Motivos de no contacto", Outcome.NO_CONTACT)):
            if why := figures.reasons(rows, outcome)[:REASONS_SHOWN]:
                drawn = charts.ranking(title, [charts.Point(row.label, row.calls, str(row.calls)) for row in why])
                found.append(replace(drawn, behind=of_reason(title.lower().replace("motivos", "motivo").replace(" ", "_"))))
        return tuple(found)

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        """Cohorts, exclusions by reason, segments, brands, sites and agents."""
        scope, months = lists_of(part)
        rows = scope.rows(months).filter(recovery_list__frozen_at__isnull=False)
        cohorts = tuple(
            (
                row.month.label.capitalize(),
                str(row.customers),
                *(cohort_words(back, row.customers, over=over) for _, back, over in row.back),
            )
            for row in figures.cohorts(scope, Month.of(period.last), count=MONTHS_SHOWN, today=bogota(at).date())
        )
        out = tuple(
            (reason.label, str(count), str(at_all), eligibility.WORDS[reason]) for reason, count, at_all in figures.exclusions(rows)
        )
        head = ("Clientes", "Llamados", "Contactados", "Con cita", "Recuperados")
        codes = {reason.label: reason.value for reason in eligibility.WORDS}
        lists = {month.label.capitalize(): month.code for month in (Month.of(period.last).back(count) for count in range(MONTHS_SHOWN))}
        tables = [
            Table("Cuántos volvieron de cada lista", ("Lista", "Clientes", *(f"A {days} días" for days in figures.COHORT_DAYS)), cohorts,
                  by_period(lists, "", "Clientes en la lista", *["Recuperados"] * len(figures.COHORT_DAYS))),
            Table("Exclusiones de la base", ("Motivo", "Principal", "Con él", "Qué significa"), out,
                  lambda row, column: Rows(page=f"{LISTS}&state=excluded&reason={codes[row[0]]}")),
        ]  # fmt: skip
        for title, name in (("Por tiempo sin venir", "segment"), ("Por marca", "brand"), ("Por sede", "site")):
            body = tuple(
                (part.label, *map(str, (part.funnel.customers, part.funnel.called, part.funnel.contacted, part.funnel.booked)),
                 f"{part.funnel.recovered} ({part.funnel.rate.text})")
                for part in figures.by(rows, name)
            )  # fmt: skip
            tables.append(Table(title, (title.removeprefix("Por ").capitalize(), *head), body,
                                by(title.removeprefix("Por ").replace(" ", "_"), *FUNNEL)))  # fmt: skip
        agents = tuple(
            (row.name, *map(str, (row.calls, row.called, row.contacted, row.booked, row.recovered))) for row in figures.by_agent(rows)
        )
        tables.append(Table("Por agente", ("Agente", "Llamadas", "Clientes", "Contactados", "Con cita", "Recuperados"), agents,
                            by("agente", "Llamados", *FUNNEL[1:])))  # fmt: skip
        return tuple(tables)

    def dataset(self, request: Request, *, at: datetime) -> Dataset:
        """The report has no form of its own: it carries the version of its procedure."""
        found = super().dataset(request, at=at)
        return replace(found, header=replace(Header.of(PROCEDURE, self.title, bogota(at).date()), code=self.code, title=self.title))

    def proofs(self, records: tuple[Any, ...]) -> tuple[Evidenced, ...]:
        """Every case called without contact, with the proof of its message or its absence."""
        found: list[Evidenced] = []
        for outreach in records:
            if not outreach.made or columns.was_contacted(outreach):
                continue
            found += proofs_of(outreach, f"{outreach.customer.name} · {cars(outreach)}")
        return tuple(found)


class RecoveryControl(RecoveryReport):
    """The control sheet: the five items of each call. Its document has no code yet: the client fills it in (REC-13)."""

    code = "REC-CONTROL"
    title = "Control Recuperación de Clientes"
    frequencies = ()
    needs_strategies = False

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        return (recovered(part, at),)

    def charts(self, part: Slice, period: Period) -> tuple[Chart, ...]:
        return ()

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        return ()

    def proofs(self, records: tuple[Any, ...]) -> tuple[Evidenced, ...]:
        return ()

    def dataset(self, request: Request, *, at: datetime) -> Dataset:
        found = super().dataset(request, at=at)
        return replace(found, header=Header("", self.title, found.header.version, found.header.valid_until))
