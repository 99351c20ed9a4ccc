"""Who belongs in a recovery list: one ordered table of reasons, read by Python and by SQL alike (domain 3.4, REC-8).

Every fact is a yes or no about one vehicle; every reason names the facts that make it. The first reason that applies is the one
that counts and all of them are stored. `sql_reasons` and `sql_segment` are written from the same table and numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from carrazos.lib.periods import add_months, full_months
from recovery.enums import Exclusion, Segment


@dataclass(frozen=True)
class Rule:
    """A reason for leaving a vehicle out, and the facts that make it: one is enough. `words` say it to people."""

    reason: Exclusion
    facts: tuple[str, ...]
    words: str


RULES = (
    Rule(Exclusion.DUPLICATE, ("same_car",), "La misma placa está en otro registro más completo del vehículo."),
    Rule(Exclusion.OWN_VEHICLE, ("is_own", "owner_is_us"), "Es de Carrazos: demo, cortesía o inventario."),
    Rule(Exclusion.CORPORATE, ("is_company",), "El cliente es una empresa y no se conoce la persona que conduce."),
    Rule(Exclusion.BAD_DATA, ("no_name", "no_contact", "no_vehicle"), "Sin nombre, sin teléfono ni correo que sirvan, o sin VIN ni placa válidos."),
    Rule(Exclusion.RECENT_VISIT, ("visited", "in_workshop"), "Vino dentro del plazo, o el vehículo sigue en el taller."),
    Rule(Exclusion.NEVER_VISITED, ("never_came",), "Nunca ha venido al taller: no dejó de asistir."),
    Rule(Exclusion.SOLD_OR_SCRAPPED, ("is_sold",), "El cliente ya no tiene el vehículo."),
    Rule(Exclusion.OPTED_OUT, ("opted_out",), "Pidió no recibir llamadas comerciales."),
    Rule(Exclusion.RNE, ("in_rne",), "Está en el Registro de Números Excluidos."),
    Rule(Exclusion.OPEN_CASE, ("has_case",), "Ya tiene una gestión abierta, una cita, una queja en curso o una recuperación en plazo."),
)  # fmt: skip
FACTS = tuple(dict.fromkeys(fact for rule in RULES for fact in rule.facts))
WORDS: Mapping[str, str] = {rule.reason: rule.words for rule in RULES} | {Exclusion.BY_HAND: "Una persona lo retiró; la nota dice por qué."}

# Segments by whole months away, the longest first.
SEGMENTS = ((Segment.LOST, 24), (Segment.LONG, 18), (Segment.YEAR, 12), (Segment.INFO, 6), (Segment.RECENT, 0))


def reasons(facts: Mapping[str, bool]) -> list[Exclusion]:
    """Every reason that applies, in order; empty: the vehicle belongs in the list."""
    return [rule.reason for rule in RULES if any(facts.get(fact) for fact in rule.facts)]


def sql_reasons(table: str) -> str:
    """The same as `reasons`, as SQL over a relation whose columns are the facts."""
    cases = (f"CASE WHEN {' OR '.join(f'{table}.{fact}' for fact in rule.facts)} THEN '{rule.reason}' END" for rule in RULES)
    return f"array_remove(ARRAY[{', '.join(cases)}]::varchar[], NULL)"


def is_away(last_visit: date, cut: date, months: int = 12) -> bool:
    """«Más de un año»: true from the day after the anniversary (REC-R6): 22/11/2025 counts from 23/11/2026."""
    return add_months(last_visit, months) < cut


def segment(last_visit: date | None, cut: date) -> Segment:
    """How long away. The day of the anniversary itself still belongs to the segment before."""
    if last_visit is None:
        return Segment.NEVER
    return next(name for name, months in SEGMENTS if months == 0 or is_away(last_visit, cut, months))


def sql_away(last_visit: str, cut: str, months: str) -> str:
    """The same as `is_away`."""
    return f"({last_visit} + make_interval(months => {months}))::date < {cut}"


def sql_segment(last_visit: str, cut: str) -> str:
    """The same as `segment`."""
    cases = " ".join(f"WHEN {sql_away(last_visit, cut, str(months))} THEN '{name}'" for name, months in SEGMENTS if months)
    return f"CASE WHEN {last_visit} IS NULL THEN '{Segment.NEVER}' {cases} ELSE '{Segment.RECENT}' END"


def months_away(last_visit: date, cut: date) -> int:
    """Whole months from the last visit to the cut."""
    return full_months(last_visit, cut)


def sql_months(last_visit: str, cut: str) -> str:
    """The same as `months_away`."""
    whole = (
        f"((extract(year FROM {cut}) - extract(year FROM {last_visit})) * 12"
        f" + extract(month FROM {cut}) - extract(month FROM {last_visit}))::int"
    )
    return f"GREATEST(0, {whole} - (({last_visit} + make_interval(months => {whole}))::date > {cut})::int)"
