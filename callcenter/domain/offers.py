"""The service sheet and the free hours that an agent needs at hand (GSC-PRO-02 §2)."""

from collections.abc import Container
from datetime import date, datetime, timedelta

from callcenter.domain.contact_law import next_open, window
from callcenter.models import Outreach, ServiceOffer
from callcenter.models.catalogue import reason_key
from carrazos.lib.calendar import BusinessCalendar, bogota, start_of

SLOT_HOURS = (8, 10, 14)
SLOTS_SHOWN = 9
LOOK_AHEAD_DAYS = 15  # business days


def offer_for(outreach: Outreach, on: date) -> ServiceOffer | None:
    """The sheet of the brand that names the motive, the family's own before the general one; None when none is valid."""
    offers = ServiceOffer.objects.filter(brand=outreach.brand_id, valid_until__gte=on)
    wanted = reason_key(outreach.reason)
    family = (outreach.vehicle.family if outreach.vehicle else "").upper()

    def fit(offer: ServiceOffer) -> tuple[bool, bool]:
        return bool(offer.reason_key and offer.reason_key in wanted), offer.family.upper() == family

    usable = [offer for offer in offers if offer.reason_key in wanted and offer.family.upper() in {"", family}]
    return max(usable, key=fit, default=None)


def suggested_slots(at: datetime, calendar: BusinessCalendar, *, full: Container[date] = frozenset()) -> list[datetime]:
    """Hours to propose: the next business days with a place, at the workshop's reception hours; none if all are full."""
    day, found = bogota(at).date(), []
    for _ in range(LOOK_AHEAD_DAYS):
        day = calendar.add_business_days(day, 1)
        if day not in full:
            found += [start_of(day) + timedelta(hours=hour) for hour in SLOT_HOURS]
        if len(found) >= SLOTS_SHOWN:
            break
    return found[:SLOTS_SHOWN]


def suggested_callbacks(at: datetime, calendar: BusinessCalendar) -> list[tuple[str, datetime]]:
    """Legal hours to call again, in words."""
    local = bogota(at)
    soon = (local + timedelta(hours=2)).replace(second=0, microsecond=0)
    hours = window(soon.date(), calendar)
    options = []
    if soon.date() == local.date() and hours and soon < hours[1]:
        options.append(("En 2 horas", soon))
    tomorrow = next_open(start_of(local.date() + timedelta(days=1)) + timedelta(hours=9), calendar)
    afternoon = next_open(start_of(bogota(tomorrow).date()) + timedelta(hours=15), calendar)
    next_business = start_of(calendar.add_business_days(local.date(), 1)) + timedelta(hours=9)
    options += [(label_of(moment, local), moment) for moment in sorted({tomorrow, afternoon, next_business})]
    return options


def label_of(moment: datetime, now: datetime) -> str:
    days = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
    local = bogota(moment)
    when = "mañana" if local.date() == now.date() + timedelta(days=1) else f"{days[local.weekday()]} {local:%d/%m}"
    return f"{when[0].upper()}{when[1:]} {local:%H:%M}"
