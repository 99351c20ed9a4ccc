"""F2: the workshop's history, by orders (layout A) or by vehicles (layout B); domain 3.4."""

from datetime import date, datetime

from callcenter.models import ImportBatch
from callcenter.spiga import columns, feed, workshop
from callcenter.spiga.columns import Column
from callcenter.spiga.feed import Context, Feed, Row

LAST_VISIT = Column("last_visit", "Última Entrada Taller", ("f ult entrada", "ultima entrada", "ultima visita", "fecha ultima visita"))
SOLD_ON = Column("sold_on", "Fecha Venta", ("f venta", "f entrega cliente", "fecha paz y salvo"))


class RecoveryFeed(Feed):
    """Who came to the workshop and when. Writes the history; the lists are built from it (recovery/domain/lists.py)."""

    slug = "recovery"
    title = "Base de recuperación"
    makes = "visitas al taller"
    route = "SPIGA → Taller → Órdenes facturadas"
    history, leaves = workshop.HISTORY, workshop.LEAVES
    columns = (LAST_VISIT, SOLD_ON, *workshop.COLUMNS)
    required = (("plate", "vin"), ("order", "last_visit"), ("invoiced_on", "delivered_on", "last_visit"), ("customer_name", "invoiced_to"))
    stage = workshop.STAGE

    def clean(self, row: Row, context: Context) -> tuple:
        return workshop.clean(row, context) if row.get("order") else clean_vehicle(row, context)

    def merge(self, batch: ImportBatch, *, at: datetime, today: date) -> None:
        workshop.merge_orders(batch, at=at, today=today)

    def taken_back(self, batch: ImportBatch, *, at: datetime) -> None:
        workshop.taken_back(at=at)


def clean_vehicle(row: Row, context: Context) -> tuple:
    """A row of the vehicles' report: whose it is and when it last came; without a visit it says so. Raises BadRow."""
    site = feed.site_of(row, context)
    brand = feed.brand_of(row, context)
    vin, plate = feed.vehicle_of(row)
    visit, sold = feed.date_of(row, "last_visit", context), feed.date_of(row, "sold_on", context)
    if visit and visit > context.today:
        raise row.bad("FUTURE_VISIT", f"La última entrada {visit:%d/%m/%Y} está en el futuro", "last_visit", row.get("last_visit"))
    if visit is None and sold is None:
        raise row.bad("NO_VISIT", "Falta la fecha de la última entrada al taller", "last_visit", row.get("last_visit"))
    if feed.is_own(row.get("customer_name")):
        raise row.bad("OWN_VEHICLE", "El vehículo es de Carrazos", "customer_name", row.get("customer_name"), excluded=True)
    person, role = workshop.party_of(row, warranty=False, collision=False)
    usable = feed.points_of(row, context, site) if person[1] else 0
    raw_year = row.get("model_year")
    return (
        row.number, site.pk, brand, vin, plate, row.get("family")[:60], row.get("model")[:80],
        columns.year(raw_year) if raw_year else None, feed.odometer_of(row), visit, *person,
        role, "", "", "", None, None, None, visit, None, "", "", "", "", sold, False, False, False, None,
        "" if usable else feed.phone_problem(row),
    )  # fmt: skip
