"""GSC-FOR-01 and GSC-FOR-03: every customer of the period's lists, every survey answered in it, and what was done (GSC-PRO-03 §3)."""

from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import Prefetch, Q

from callcenter.domain.metrics import Slice
from callcenter.enums import Outcome
from callcenter.models import Attempt, ContactPoint
from carrazos.lib.calendar import bogota
from carrazos.lib.ratios import Count, Ratio
from reports.base import DATE, MOMENT, NUMBER, Column, Report
from reports.domain import closed
from satisfaction.domain import metrics
from satisfaction.enums import Area, Band, FollowUpKind, Light, QuestionKind
from satisfaction.models import Answer, FollowUp, Survey

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


def in_time(case: FollowUp) -> bool | None:
    """Answered strictly before its term; None while nobody answered, and for an old case whose day of answer nobody wrote down."""
    return None if case.answered_at is None or case.first_due_at is None else case.answered_at < case.first_due_at


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


def with_part(rows: Iterable[Any], part: Slice) -> tuple[Any, ...]:
    """The records, each with the slice that it was asked for: what a figure of the period counts of it depends on it."""
    found = tuple(rows)
    for row in found:
        row.part = part
    return found


def was_asked(survey: Survey) -> bool:
    """Answered in the period of the report: what its satisfaction is of."""
    return survey.answered_on is not None and survey.part.start <= survey.answered_on < survey.part.end


def topic_of(answer: Answer) -> str:
    """What was asked, as the report's table by question names it."""
    brand = answer.question.questionnaire.brand
    return f"{answer.question.topic} ({brand})" if brand and answer.question.kind == QuestionKind.SCORE else answer.question.topic


class ControlSheet(Report):
    """Every customer of the period's lists and every survey answered in it, with what was done."""

    area = Area.AFTERSALES
    drills = MappingProxyType({
        "IND-05": lambda s: was_asked(s) and s.band in {Band.PROMOTER, Band.NEUTRAL},
        "IND-06": lambda s: was_asked(s) and s.band in {Band.PROMOTER, Band.NEUTRAL},
        "IND-11": of_case(lambda case: bool(in_time(case)), False),
        "IND-12": lambda s: s.is_answered and s.part.start <= s.listed_on < s.part.end,
        "Respondidas": was_asked,
        **{band.label: lambda s, band=band: was_asked(s) and s.band == band for band in Band},
    })  # fmt: skip
    dimensions = MappingProxyType({
        "marca": lambda s: s.brand.name, "sede": lambda s: s.site.name, "asesor": lambda s: str(s.advisor or "Sin identificar"),
        "pregunta": lambda s: {topic_of(row) for row in s.given},
    })  # fmt: skip

    def records(self, part: Slice, at: datetime) -> tuple[Any, ...]:
        listed = Q(listed_on__gte=part.start, listed_on__lt=part.end)
        answered = Q(answered_on__gte=part.start, answered_on__lt=part.end)
        rows = metrics.scoped(Survey.objects.filter(listed | answered, programme=metrics.PROGRAMME_OF[self.area]), part)
        attempts = Attempt.objects.counted().select_related("reason").order_by("at")
        cases = FollowUp.objects.select_related("owner", "cause").prefetch_related(Prefetch("proofs", to_attr="evidence"))
        rows = rows.select_related(
            "outreach", "customer", "vehicle", "site", "brand", "advisor", "work_order", "delivery"
        ).prefetch_related(
            Prefetch("outreach__attempts", attempts, to_attr="made"),
            Prefetch("answers", Answer.objects.select_related("question__questionnaire__brand"), to_attr="given"),
            Prefetch("follow_ups", cases, to_attr="cases"),
            Prefetch("customer__points", ContactPoint.objects.order_by("position", "id")),
        )  # fmt: skip
        return with_part(rows.order_by("served_on", "id"), part)

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        return (
            metrics.satisfaction(part, self.area, closed.rules(part, self.area)),
            metrics.coverage(part, self.area),
            metrics.timeliness(part, self.area, at),
        )


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
