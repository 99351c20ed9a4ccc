"""GSC-FOR-09 Control Contacto Proactivo: the register and the monthly report of GSC-PRO-02 §4-6."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import Count as Counted
from django.db.models import Exists, F, Min, OuterRef, Prefetch, Q, QuerySet

from callcenter.domain import message_proof, metrics, tallies
from callcenter.domain.metrics import Slice
from callcenter.enums import AppointmentStatus, Outcome, Programme
from callcenter.models import Appointment, Attempt, ContactPoint, Evidence, Message, Outreach
from carrazos.lib import charts
from carrazos.lib.calendar import bogota
from carrazos.lib.charts import Chart
from carrazos.lib.periods import Month, Period, Week
from carrazos.lib.ratios import Count, Ratio
from reports import columns
from reports.base import MOMENT, UNPROVED_SHOWN, Annex, Column, Dataset, Proof, Report, Table, silent_calls
from reports.domain import closed
from reports.drill import Rows, by, by_period
from reports.stream import Keys, Stream

MONTHS_SHOWN = 6
REASONS_SHOWN = 10


def last_message(outreach: Outreach) -> Message | None:
    sent = list(outreach.messages.all())
    return sent[-1] if sent else None


def proof_text(outreach: Outreach) -> str:
    count = len(outreach.evidence.all())
    if count:
        return f"{count} pantallazo" + ("s" if count > 1 else "")
    return trail_of(outreach)


def trail_of(outreach: Outreach) -> str:
    """Meta's word of the last message that arrived: `Leído · wamid.…`."""
    arrived = next((message for message in reversed(outreach.messages.all()) if message.is_delivered), None)
    return f"{arrived.get_status_display()} · {arrived.provider_id}" if arrived else ""


def proofs_of(outreach: Outreach, title: str) -> list[Proof]:
    """What the annex says of a customer that nobody reached: each screenshot, else Meta's word, else what lacks (PRO-16)."""
    sent, calls = last_message(outreach), silent_calls(len(outreach.made))
    detail = f"{calls}; WhatsApp del {bogota(sent.sent_at):%d/%m/%Y %H:%M}" if sent else f"{calls}; sin mensaje enviado"
    found = [Proof.pictured(outreach.pk, title, detail, picture) for picture in outreach.evidence.all()]
    lacks = outreach.message_due and not outreach.is_proved
    return found or [Proof(outreach.pk, title, detail, trail=trail_of(outreach), lacks=lacks)]


def notes(outreach: Outreach) -> str:
    return " | ".join(attempt.note for attempt in outreach.made if attempt.note)


def in_words(value: Ratio | Count) -> str:
    """`51,2 % (169 de 330)`."""
    return f"{value.text} ({value.fraction})" if value.fraction and value.total else value.text


def monthly_point(month: Month, ratio: Ratio) -> charts.Point:
    value = None if ratio.value is None else float(ratio.value)
    return charts.Point(f"{month.label[:3]} {month.year % 100}", value, ratio.text, ratio.fraction)


def reasons_of(outcome: Outcome) -> Callable[[Outreach], set[str]]:
    """The reasons of one outcome among the calls of an outreach."""
    return lambda outreach: {str(attempt.reason) for attempt in outreach.made if attempt.outcome == outcome and attempt.reason}


def of_reason(dimension: str) -> Callable[[charts.Point], Rows]:
    return lambda point: Rows(where=((dimension, point.label),))


def of_month(months: Sequence[Month]) -> Callable[[charts.Point], Rows]:
    """A chart's point by month leads to that month of the same report."""
    codes = {monthly_point(month, Ratio("", 0, 0)).label: month.code for month in months}
    return lambda point: Rows(period=codes[point.label])


def loaded(keys: Sequence[int]) -> dict[int, Outreach]:
    """Some outreaches with everything that their rows show."""
    rows = (
        message_proof.told(Outreach.objects.select_related("customer", "vehicle", "site", "brand"))
        .prefetch_related(
            Prefetch("attempts", Attempt.objects.counted().select_related("agent", "reason", "point"), to_attr="made"),
            Prefetch("appointments", Appointment.objects.order_by("booked_at", "id")),
            Prefetch("messages", Message.objects.gone_out().order_by("sent_at")),
            Prefetch("evidence", Evidence.objects.order_by("uploaded_at")),
            Prefetch("customer__points", ContactPoint.objects.order_by("position", "id")),
        )
    )  # fmt: skip
    return rows.in_bulk(keys)


def by_month(part: Slice, months: Sequence[Month], at: datetime) -> list[tuple[Month, tuple[Ratio | Count, ...]]]:
    """The four indicators of each month with calls or appointments: as frozen before the slice begins, measured in it."""
    before = closed.lines(part, [month for month in months if month.last < part.start], ("IND-01", "IND-02", "IND-03", "IND-08"))
    measured = [month for month in months if month not in before]
    kept = metrics.fulfilment_by_month(part, measured, at)
    found = before | {
        month: (figures.effectiveness, figures.booking, kept[month], figures.customers)
        for month, figures in metrics.calls_by_month(part, measured)
    }
    return [(month, found[month]) for month in months if found[month][0].total or found[month][2].total]


def called(part: Slice, *, silent: bool = False) -> QuerySet:
    """The numbers of the outreaches with a call in the slice, by their first call; `silent`: those that nobody ever reached."""
    if part.is_month:
        rows = metrics.called(part)
        rows = rows.filter(is_silent=True) if silent else rows
        return rows.order_by("first_call", "outreach").values_list("outreach", flat=True)
    rows = Outreach.objects.of(Programme.PROACTIVE).filter(pk__in=metrics.attempts(part).values("outreach"))
    if silent:
        rows = rows.filter(~Exists(Attempt.objects.counted().filter(outreach=OuterRef("pk"), is_contact=True)))
    first_call = Min("attempts__started_at", filter=Q(attempts__undone_at__isnull=True))
    return rows.annotate(first_call=first_call, outreach=F("pk")).order_by("first_call", "pk").values_list("outreach", flat=True)


class ProactiveControl(Report):
    code = "GSC-FOR-09"
    title = "Control Contacto Proactivo"
    frequencies = (Month, Week)
    drills = MappingProxyType(
        {
            "IND-01": columns.was_contacted,
            "IND-02": lambda o: bool(o.appointments.all()),
            "IND-03": lambda o: any(row.status == AppointmentStatus.FULFILLED for row in o.appointments.all()),
            "IND-08": lambda o: True,
        }
    )
    dimensions = MappingProxyType({
        "agente": lambda o: {str(attempt.agent) for attempt in o.made},
        "motivo_de_no_agendamiento": reasons_of(Outcome.DECLINED),
        "motivo_de_no_contacto": reasons_of(Outcome.NO_CONTACT),
    })  # fmt: skip
    columns = (
        *columns.CONTEXT, *columns.CUSTOMER, *columns.VEHICLE,
        Column("Motivo del contacto", lambda o: o.reason, width=26),
        *columns.attempt_columns(1), *columns.attempt_columns(2), *columns.attempt_columns(3),
        *columns.CONTACT, *columns.APPOINTMENT,
        Column("WhatsApp enviado", lambda o: (sent := last_message(o)) and sent.sent_at, MOMENT, 17),
        Column("Evidencia", proof_text, width=14),
        Column("Observaciones", notes, width=40),
    )  # fmt: skip

    def records(self, part: Slice, at: datetime) -> Stream:
        """The outreaches with at least one call in the period, with all their calls, by day of the first one."""
        keys = called(part)
        return Stream(Keys(keys) if part.is_month else list(keys), loaded)

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        return metrics.indicators(part, at)

    def charts(self, part: Slice, period: Period) -> tuple[Chart, ...]:
        last = Month.of(period.last)
        months = [last.back(count) for count in range(MONTHS_SHOWN - 1, -1, -1)]
        trend = [monthly_point(month, ratio) for month, ratio in tallies.effectiveness_by_month(part, months)]
        why = metrics.reasons(part, Outcome.DECLINED)[:REASONS_SHOWN]
        silent = metrics.reasons(part, Outcome.NO_CONTACT)[:REASONS_SHOWN]
        found = [replace(charts.bars("Efectividad de llamadas por mes", trend, top=100), behind=of_month(months))]
        for title, rows, dimension in (
            ("Motivos de no agendamiento", why, "motivo_de_no_agendamiento"), ("Motivos de no contacto", silent, "motivo_de_no_contacto"),
        ):  # fmt: skip
            if rows:
                drawn = charts.ranking(title, [charts.Point(label, n, str(n)) for label, n in rows])
                found.append(replace(drawn, behind=of_reason(dimension)))
        return tuple(found)

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        """The year so far (PRO-R6) and the agents."""
        last = Month.of(period.last)
        months = [Month(last.year, number) for number in range(1, last.month + 1)]
        year = [(month.label.capitalize(), *map(in_words, figures)) for month, figures in by_month(part, months, at)]
        by_customer = metrics.customers_reached(part)
        agents = tuple((name, ratio.text, ratio.fraction, str(booked)) for name, ratio, booked in metrics.by_agent(part))
        return (
            Table(
                f"Acumulado de {last.year}",
                ("Mes", "Efectividad", "Agendamiento", "Cumplimiento", "Clientes"),
                tuple(year),
                by_period({month.label.capitalize(): month.code for month in months}),
            ),
            Table(
                "Otra lectura de la efectividad",
                ("Lectura", "Valor", "Fórmula"),
                ((by_customer.name, in_words(by_customer), by_customer.formula),),
                lambda row, column: Rows("IND-01"),
            ),
            Table(
                "Por agente",
                ("Agente", "Efectividad", "Contactos de intentos", "Citas agendadas"),
                agents,
                by("agente", "IND-01", "IND-01", "IND-02"),
            ),
        )

    def proofs(self, records: Sequence[Any]) -> tuple[Proof, ...]:
        """Every case without contact, with the proof of its message (GSC-PRO-02 §5) or its absence."""
        found = []
        for outreach in records:
            if columns.was_contacted(outreach):
                continue
            found += proofs_of(outreach, f"{outreach.customer.name} · {outreach.vehicle.plate if outreach.vehicle else ''}".rstrip(" ·"))
        return tuple(found)

    def annex(self, data: Dataset, part: Slice) -> Annex:
        """The same as `proofs` counts, without reading the records."""
        silent = called(part, silent=True)
        kept = Evidence.objects.filter(outreach__in=silent.order_by()).aggregate(
            outreaches=Counted("outreach", distinct=True), lines=Counted("pk")
        )
        bare = silent.count() - kept["outreaches"]  # a line for each picture, and one for each outreach without any
        lacking = message_proof.lacking(Outreach.objects.filter(pk__in=silent.order_by()))
        first = Stream(list(silent.filter(outreach__in=lacking.values("pk"))[:UNPROVED_SHOWN]), loaded)
        return Annex(bare + kept["lines"], lacking.count(), list(self.proofs(first)))
