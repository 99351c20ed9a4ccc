"""IND-13, Cumplimiento de procedimiento: which controls of the procedures were due, and which were met (CAR-9)."""

from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import TruncDate

from callcenter.domain import message_proof
from callcenter.domain.calendar import company_calendar
from callcenter.domain.metrics import Slice
from callcenter.enums import BatchStatus, Result
from callcenter.models import ImportBatch, Outreach
from carrazos.lib.calendar import BOGOTA, bogota, start_of
from carrazos.lib.ratios import Ratio
from reports.models import Edition
from satisfaction.domain import metrics as satisfaction

LISTS = ("proactive", "aftersales", "sales")


def daily_lists(part: Slice, at: datetime) -> Ratio:
    """PRO-9, SAT-8: on every business day that has passed, the lists of proactive contact, after-sales and sales."""
    calendar, today = company_calendar(), bogota(at).date()
    days = {part.start + timedelta(days=n) for n in range((min(part.end, today) - part.start).days)}
    due = {day for day in days if calendar.is_business_day(day)}
    rows = ImportBatch.objects.filter(
        feed__in=LISTS, status=BatchStatus.APPLIED, applied_at__gte=start_of(part.start), applied_at__lt=start_of(part.end)
    )
    if part.sites is not None:
        rows = rows.filter(site__in=part.sites) | rows.filter(site__isnull=True)
    made = rows.annotate(day=TruncDate("applied_at", tzinfo=BOGOTA)).order_by().values_list("feed", "day").distinct()
    return Ratio(
        "Listados de cada día hábil", sum(day in due for _, day in made), len(due) * len(LISTS),
        formula="Listados de contacto proactivo, posventa y comercial importados / los tres de cada día hábil",
    )  # fmt: skip


def reports_in_time(part: Slice, at: datetime) -> Ratio:
    """PRO-R5: reports due in the period that had been sent by their day, corrected afterwards or not."""
    due = Edition.objects.current().filter(due_on__gte=part.start, due_on__lt=min(part.end, bogota(at).date() + timedelta(days=1)))
    in_time = due.annotate(day=TruncDate("handed_out_at", tzinfo=BOGOTA)).filter(day__lte=F("due_on"))
    return Ratio(
        "Informes a tiempo", in_time.count(), due.count(),
        formula="Informes enviados en su plazo / informes con plazo en el período",
    )  # fmt: skip


def evidence_present(part: Slice, at: datetime) -> Ratio:
    """PRO-16: outreaches closed without an answer to their message that have the proof of it."""
    rows = Outreach.objects.filter(
        programme=part.programme, result=Result.EXHAUSTED, closed_at__gte=start_of(part.start), closed_at__lt=start_of(part.end)
    )
    if part.sites is not None:
        rows = rows.filter(site__in=part.sites)
    if part.brands is not None:
        rows = rows.filter(brand__in=part.brands)
    rows = message_proof.due(rows)
    return Ratio(
        "Evidencia de los no contactados", message_proof.proved(rows).count(), rows.count(),
        formula="Gestiones sin respuesta con pantallazo o entrega de Meta / gestiones sin respuesta a las que se les debía mensaje",
    )  # fmt: skip


def detractors_in_term(part: Slice, at: datetime) -> Ratio:
    """SAT-18: dissatisfied customers answered in less than two business days."""
    return satisfaction.timeliness(part, None, at)


# Each control, and the page where what lacks is seen.
CONTROLS = ((daily_lists, "/importaciones/"), (reports_in_time, "/informes/"), (evidence_present, "/informes/GSC-FOR-09/#evidencia"),
            (detractors_in_term, "/detractores/tabla/"))  # fmt: skip


def controls(part: Slice, at: datetime) -> list[tuple[Ratio, str]]:
    """Each control with what was due and what was met, and where its rows are."""
    return [(control(part, at), url) for control, url in CONTROLS]


def compliance(part: Slice, at: datetime) -> Ratio:
    """IND-13: controls met / controls due, all kinds together."""
    found = [ratio for ratio, _ in controls(part, at)]
    return Ratio("Cumplimiento de procedimiento", sum(item.hits for item in found), sum(item.total for item in found), code="IND-13",
                 formula="Controles cumplidos / controles debidos (listados diarios, informes a tiempo, evidencia, plazo de detractores)")  # fmt: skip
