"""What both reports of the audit write in the same way: the advisor, the hour, dates without a year."""

import re
from datetime import date, datetime

from callcenter.spiga.columns import Column
from callcenter.spiga.feed import Context, Row
from carrazos.lib import dates, text
from carrazos.lib.calendar import BOGOTA

ADVISOR = Column("advisor", "Vendedor", ("asesor", "asesor comercial", "comercial", "usuario", "responsable", "vendedor asignado"))
FILE_ID = Column("file_id", "N° Ficha", ("ficha", "no ficha", "num ficha", "numero ficha", "n oportunidad", "no oportunidad", "id",
                                         "codigo visita"))  # fmt: skip
HOUR = Column("hour", "Hora", ("hora alta", "hora visita"))
DAY_AND_MONTH = re.compile(r"(\d{1,2})[/-](\d{1,2})")


def literal(values: list[str]) -> str:
    """A list of plain words as PostgreSQL writes an array."""
    return "{" + ",".join(values) + "}"


def advisor_of(row: Row, context: Context) -> tuple[int | None, str, str]:
    """(employee, name as SPIGA writes it, key of the name). Raises BadRow without one."""
    raw = text.one_line(text.repair_mojibake(row.get("advisor")))[:120]
    if not raw:
        raise row.bad("NO_ADVISOR", "Falta el asesor: no se sabe de quién es", "advisor")
    found = context.advisor(raw)
    if found is None:
        row.warn("UNKNOWN_ADVISOR", "advisor", raw, f"El asesor «{raw[:60]}» no está entre los colaboradores")
    head, _, tail = raw.partition("-")
    name = tail.strip() if head.strip().isdigit() and tail.strip() else raw
    return found, text.display_name(name), text.name_key(name)


def moment_of(row: Row, name: str, context: Context) -> datetime | None:
    """The cell as a Bogotá moment; `5/11` takes the year that is nearest. An impossible one is a warning and stays empty."""
    raw = row.get(name)
    if not raw:
        return None
    try:
        if found := DAY_AND_MONTH.fullmatch(raw):
            moment = nearest_year(int(found[1]), int(found[2]), context.today)
            row.warn("YEAR_GUESSED", name, raw, f"La fecha «{raw}» no trae año: se tomó {moment.year}")
        else:
            moment = dates.parse_plausible(raw, today=context.today)
    except ValueError as error:
        row.warn("BAD_DATE", name, raw, str(error) if isinstance(error, dates.BadDate) else f"«{raw}» no es una fecha que exista")
        return None
    return moment.replace(tzinfo=BOGOTA)


def nearest_year(day: int, month: int, today: date) -> datetime:
    """The day and month in the year that is closest to today. Raises ValueError for a day that does not exist."""
    options = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            options.append(datetime(year, month, day))  # noqa: DTZ001 -- the caller says the zone
        except ValueError:
            continue
    if not options:
        raise dates.BadDate(f"«{day}/{month}» no es una fecha que exista; se espera dd/mm/aaaa")
    return min(options, key=lambda moment: abs(moment.date() - today))
