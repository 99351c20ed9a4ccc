"""Every indicator of the process, once: name, formula, how it is measured, what it must reach (domain 1.6)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q

from callcenter.domain import metrics, tallies
from callcenter.domain.metrics import Slice
from callcenter.models import Brand, Site, User
from carrazos.lib.calendar import BusinessCalendar, bogota
from carrazos.lib.periods import Month, Period
from carrazos.lib.ratios import Count, Ratio
from crm_audit.domain import indicators as crm
from reports.definitions.recovery import recovered
from reports.domain import closed, compliance
from reports.domain.closed import frozen
from reports.models import Goal, IndicatorSnapshot
from satisfaction.domain import metrics as satisfaction
from satisfaction.enums import Area

Figure = Ratio | Count
Measure = Callable[[Slice, datetime], Figure]


@dataclass(frozen=True)
class Indicator:
    """One row of the table. `goal`: percent that rules where the owner set none; None: «Sin meta», or the measure brings its own.

    `by_agent`: the figure of each person of the call centre, where one can be measured with it.
    """

    code: str
    name: str
    formula: str
    source: str
    measure: Measure
    goal: Decimal | None = None
    reports: tuple[str, ...] = ()  # where the rows behind the figure are
    by_agent: Callable[[Slice, datetime], Callable[[int], Figure]] | None = None
    weekly: bool = False  # measured by week too (domain 1.6)


def effectiveness(part: Slice, at: datetime) -> Ratio:
    """IND-01: from the sums by day, which a year of calls does not slow down."""
    return tallies.effectiveness(part)


def of_callers(figure: str, *names: str) -> Callable[[Slice, datetime], Callable[[int], Figure]]:
    """One of the call figures for each agent, from one query that counts only what it needs."""

    def measure(part: Slice, at: datetime) -> Callable[[int], Figure]:
        made = metrics.calls_by_agent(part, *names)
        return lambda agent: getattr(made[agent], figure)

    return measure


INDICATORS: tuple[Indicator, ...] = (
    Indicator("IND-01", "Efectividad de llamadas", "Intentos con contacto / intentos de llamada", "GSC-PRO-02",
              effectiveness, reports=("GSC-FOR-09",), by_agent=of_callers("effectiveness", "attempts", "contacts"), weekly=True),
    Indicator("IND-02", "Efectividad de agendamiento", "Gestiones agendadas / gestiones contactadas", "GSC-PRO-02",
              lambda part, at: metrics.calls(part, "reached", "booked").booking, reports=("GSC-FOR-09",),
              by_agent=of_callers("booking", "reached", "booked"), weekly=True),
    Indicator("IND-03", "Cumplimiento de citas", "Citas cumplidas / citas cuya fecha pasó", "GSC-PRO-02 §4",
              metrics.fulfilment, reports=("GSC-FOR-09",), by_agent=lambda part, at: metrics.fulfilment_by_agent(part, at).__getitem__),
    Indicator("IND-04", "Clientes recuperados", "Clientes recuperados / clientes en la lista depurada", "GSC-PRO-04",
              recovered, reports=("R-REC-M",)),
    Indicator("IND-05", "Satisfacción posventa", "Según la fórmula de la marca / encuestas válidas", "GSC-PRO-03",
              lambda part, at: satisfaction.satisfaction(part, Area.AFTERSALES, closed.rules(part, Area.AFTERSALES)), reports=("GSC-FOR-01",)),
    Indicator("IND-06", "Satisfacción comercial", "Según la fórmula de la marca / encuestas válidas", "GSC-PRO-03",
              lambda part, at: satisfaction.satisfaction(part, Area.SALES, closed.rules(part, Area.SALES)), reports=("GSC-FOR-03",)),
    Indicator("IND-07", "PQRS", "Respondidas en término / con término en el período", "GSC-CAR-01",
              lambda part, at: satisfaction.pqrs_in_term(part, bogota(at).date()), reports=("GSC-FOR-04",)),
    Indicator("IND-11", "Oportunidad de respuesta a detractores", "Casos respondidos en menos de 2 días hábiles / casos por responder",
              "GSC-PRO-03 §4", lambda part, at: satisfaction.timeliness(part, None, at), goal=satisfaction.GOAL_ALL, reports=("GSC-FOR-02", "GSC-FOR-07"),
              weekly=True),
    Indicator("IND-12", "Cobertura de seguimiento", "Clientes encuestados / clientes de los listados de posventa y comercial",
              "GSC-PRO-03", lambda part, at: satisfaction.coverage(part, None), reports=("GSC-FOR-01", "GSC-FOR-03")),
    Indicator("IND-08", "Clientes proactivos", "Clientes distintos con al menos un intento", "GSC-CAR-01",
              lambda part, at: metrics.calls(part, "people").customers, reports=("GSC-FOR-09",),
              by_agent=of_callers("customers", "people")),
    Indicator("IND-13", "Cumplimiento de procedimiento",
              "Controles cumplidos / controles debidos: listados diarios, informes a tiempo, evidencia y plazo de los detractores",
              "GSC-CAR-01", compliance.compliance),
    Indicator("IND-09", "Prospección", "Prospectos válidos / meta de prospectos", "GC-PRO-05",
              lambda part, at: crm.indicators(part)[0], goal=crm.FULL, reports=("GC-FOR-06",), weekly=True),
    Indicator("IND-10", "Actividades de seguimiento", "Actividades realizadas válidas / meta de actividades", "GC-PRO-05",
              lambda part, at: crm.indicators(part)[1], goal=crm.FULL, reports=("GC-FOR-05",), weekly=True),
)  # fmt: skip
BY_CODE = {indicator.code: indicator for indicator in INDICATORS}


def of_period(period: Period) -> tuple[Indicator, ...]:
    """The indicators of a month, or those that are also read by week."""
    return INDICATORS if isinstance(period, Month) else tuple(row for row in INDICATORS if row.weekly)


# -- goals ------------------------------------------------------------------------------------------------------------


def goals(month: Period) -> list[Goal]:
    """Every goal that has begun by the month, newest first."""
    return list(Goal.objects.filter(since__lte=month.last).order_by("-since"))


def goal_of(indicator: Indicator, known: Iterable[Goal], *, brand: int | None, site: int | None) -> Decimal | None:
    """The most specific goal that rules: brand and site, then brand, then site, then all; else the default of the table."""
    mine = [goal for goal in known if goal.indicator == indicator.code]
    for wanted in dict.fromkeys(((brand, site), (brand, None), (None, site), (None, None))):
        for goal in mine:
            if (goal.brand_id, goal.site_id) == wanted:
                return goal.value
    return indicator.goal


def with_goal(figure: Figure, goal: Decimal | None) -> Figure:
    return figure if goal is None or isinstance(figure, Count) else replace(figure, goal=goal)


# -- measured or frozen -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """One indicator of one month as it is to be shown; `closed`: frozen, whatever the data says today."""

    indicator: Indicator
    month: Period
    figure: Figure
    closed: bool


def scope(part: Slice, brand: int | None, site: int | None) -> Slice:
    """The slice narrowed to one brand and site, never wider than it was."""
    brands = part.brands if brand is None else ((brand,) if part.brands is None or brand in part.brands else ())
    sites = part.sites if site is None else ((site,) if part.sites is None or site in part.sites else ())
    return replace(part, brands=brands, sites=sites)


def readings(
    months: Sequence[Period],
    *,
    viewer: User | None,
    brand: int | None = None,
    site: int | None = None,
    at: datetime,
    indicators: Sequence[Indicator] = INDICATORS,
) -> dict[str, list[Reading]]:
    """Each indicator over the months. A closed month of the same scope is read, an open one is measured.

    A viewer without the whole company sees measured figures of their own scope: frozen ones are of whole scopes.
    """
    whole = viewer is None or ((viewer.all_brands or brand in viewer.brand_ids) and (viewer.all_sites or site in viewer.site_ids))
    kept = frozen(months, brand=brand, site=site) if whole else {}
    known = goals(months[-1])
    found: dict[str, list[Reading]] = {}
    for indicator in indicators:
        goal = goal_of(indicator, known, brand=brand, site=site)
        line = found[indicator.code] = []
        for month in months:
            if row := kept.get((indicator.code, month.code)):
                line.append(Reading(indicator, month, row.figure, closed=True))
                continue
            part = scope(Slice.of(month, **metrics.scope_of(viewer)), brand, site)
            line.append(Reading(indicator, month, with_goal(indicator.measure(part, at), goal), closed=False))
    return found


def by_scope(indicator: Indicator, month: Period, *, viewer: User | None, at: datetime) -> list[tuple[str, Reading]]:
    """The indicator of a month by brand and by site, those with data first by name."""
    rows: list[tuple[str, Reading]] = []
    brands = Brand.objects.filter(is_active=True, **({} if viewer is None or viewer.all_brands else {"pk__in": viewer.brand_ids}))
    sites = Site.objects.filter(is_active=True, **({} if viewer is None or viewer.all_sites else {"pk__in": viewer.site_ids}))
    for label, names in (("brand", brands), ("site", sites)):
        for row in names:
            read = readings([month], viewer=viewer, at=at, indicators=(indicator,), **{label: row.pk})
            rows.append((str(row), read[indicator.code][0]))
    return rows


# -- the monthly close ------------------------------------------------------------------------------------------------


def close_month(month: Month, *, by: User | None, at: datetime) -> int:
    """Freezes every indicator of a past month: the company, each brand, each site, and each brand in each site.

    Twice freezes nothing new.

    Raises ValueError for a month that has not ended.
    """
    if month.last >= bogota(at).date():
        raise ValueError(f"{month.label.capitalize()} aún no ha terminado.")
    brands = [None, *Brand.objects.filter(is_active=True).values_list("pk", flat=True)]
    sites = [None, *Site.objects.filter(is_active=True).values_list("pk", flat=True)]
    scopes = [(brand, site) for brand in brands for site in sites]
    rows = [
        snapshot_of(line[0], brand, site, by=by, at=at)
        for brand, site in scopes
        for line in readings([month], viewer=None, brand=brand, site=site, at=at).values()
        if not line[0].closed
    ]
    before = IndicatorSnapshot.objects.filter(month=month.code).count()
    IndicatorSnapshot.objects.bulk_create(rows, ignore_conflicts=True)
    return IndicatorSnapshot.objects.filter(month=month.code).count() - before


def snapshot_of(reading: Reading, brand: int | None, site: int | None, *, by: User | None, at: datetime) -> IndicatorSnapshot:
    figure = reading.figure
    return IndicatorSnapshot(
        indicator=reading.indicator.code, month=reading.month.code, brand_id=brand, site_id=site, name=reading.indicator.name,
        hits=figure.hits, total=figure.total, goal=figure.goal, text=figure.text, formula=figure.formula or reading.indicator.formula,
        closed_at=at, closed_by=by,
    )  # fmt: skip


def is_closed(month: Month) -> bool:
    return IndicatorSnapshot.objects.filter(month=month.code, brand=None, site=None).exists()


def to_close(today: date, calendar: BusinessCalendar) -> Month | None:
    """Last month from the day after its reports were due, until it is closed."""
    month = Month.of(today).previous()
    return None if today <= month.report_due(calendar) or is_closed(month) else month


def moved(month: Month, *, brand: int | None, site: int | None, at: datetime) -> dict[str, Figure]:
    """Closed indicators that today's data would answer otherwise: shown as a note, never written over (domain 1.6)."""
    found = {}
    part = scope(Slice.of(month), brand, site)
    for (code, _), row in frozen([month], brand=brand, site=site).items():
        if indicator := BY_CODE.get(code):
            today = indicator.measure(part, at)
            # What is defined otherwise since then is not comparable.
            if (today.formula or indicator.formula) == row.formula and (today.hits, today.total) != (row.hits, row.total):
                found[code] = today
    return found


def under_goal(month: Month) -> list[IndicatorSnapshot]:
    """Closed indicators of a month that did not reach their goal: of the company, a brand or a site.

    Not of a brand in a site: its few cases would propose again what its brand and its site propose already.
    """
    rows = IndicatorSnapshot.objects.filter(Q(brand=None) | Q(site=None), month=month.code, goal__isnull=False).select_related(
        "brand", "site"
    )
    return [row for row in rows if row.figure.met is False]
