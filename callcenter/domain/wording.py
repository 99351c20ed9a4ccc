"""Scripts and messages with the customer's data put in (domain 8)."""

import re
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from callcenter.models import MessageTemplate, Outreach, ServiceOffer, User
from carrazos.lib.calendar import bogota
from carrazos.lib.text import greeting_name, long_date

NAMED = re.compile(r"\{\{(\w+)\}\}")
MISSING = "________"  # a blank the agent fills while speaking; never a wrong value


def money(pesos: int) -> str:
    """`$ 1.234.567`."""
    return "$ " + f"{pesos:,}".replace(",", ".")


def clock_text(at: datetime) -> str:
    """`9:05 a. m.`"""
    local = bogota(at)
    return f"{local.hour % 12 or 12}:{local.minute:02d} {'a. m.' if local.hour < 12 else 'p. m.'}"


def merge_fields(
    outreach: Outreach, agent: User, *, offer: ServiceOffer | None = None, slot: datetime | None = None, advisor: str = ""
) -> dict[str, str]:
    """Every variable that a script or template may name, for one outreach."""
    vehicle = outreach.vehicle
    fields = {
        "agente": agent.get_full_name() or agent.username,
        "cliente": greeting_name(outreach.customer.raw_name or outreach.customer.name),
        "marca": outreach.brand.name,
        "vehiculo": vehicle.title if vehicle else "vehículo",
        "placa": (vehicle.plate if vehicle else "") or "en trámite",
        "sede": outreach.site.name,
        "telefonos_sede": outreach.site.phones,
        "servicio": outreach.reason[:1].lower() + outreach.reason[1:] if outreach.reason else "",
        "asesor": advisor or (outreach.advisor.name if outreach.advisor else ""),
        "politica_url": settings.DATA_POLICY_URL,
        "fecha": long_date(bogota(slot)) if slot else "",
        "hora": clock_text(slot) if slot else "",
    }
    if offer:
        fields |= {"precio": money(offer.price_cop), "duracion": offer.duration_text, "insumos": offer.supplies}
    return fields


def fill(body: str, fields: Mapping[str, str]) -> str:
    """The text with its named variables; what is not known stays a visible blank."""
    return NAMED.sub(lambda found: fields.get(found[1]) or MISSING, body)


def fill_template(template: MessageTemplate, fields: Mapping[str, str]) -> str:
    """The message with its numbered variables, as it would leave. Variables carry no line breaks (Meta 132012)."""
    values = [" ".join((fields.get(name) or "").split()) for name in template.variables]

    def value(found: re.Match) -> str:
        number = int(found[1])
        return values[number - 1] if 0 < number <= len(values) else ""

    return re.sub(r"\{\{(\d+)\}\}", value, template.body)
