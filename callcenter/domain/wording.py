"""Scripts and messages with the customer's data put in (domain 8)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings

from callcenter.models import MessageTemplate, Outreach, ServiceOffer, User
from carrazos.lib.calendar import bogota
from carrazos.lib.text import long_date

NUMBERED = re.compile(r"\{\{(\d+)\}\}")
NAMED = re.compile(r"\{\{(\w+)\}\}")
# Every variable that a template may name; which of them are known depends on the moment.
FIELD_NAMES = frozenset({"agente", "cliente", "marca", "vehiculo", "placa", "sede", "telefonos_sede", "servicio", "asesor", "politica_url",
                         "fecha", "hora", "precio", "duracion", "insumos"})  # fmt: skip
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
        "cliente": outreach.customer.greeting,
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


def template_values(template: MessageTemplate, fields: Mapping[str, str]) -> tuple[str, ...]:
    """What fills a template's numbers, in order. Variables carry no line breaks and no runs of spaces (Meta 132012)."""
    return tuple(" ".join((fields.get(name) or "").split()) for name in template.variables)


def fill_numbered(body: str, values: Sequence[str]) -> str:
    """The text with its numbered variables, as it would leave."""

    def value(found: re.Match) -> str:
        number = int(found[1])
        return values[number - 1] if 0 < number <= len(values) else ""

    return NUMBERED.sub(value, body)


def fill_template(template: MessageTemplate, fields: Mapping[str, str]) -> str:
    """The message with the customer's data put in."""
    return fill_numbered(template.body, template_values(template, fields))


def template_problems(body: str, variables: Sequence[str], *, is_marketing: bool) -> list[str]:
    """What Meta would refuse in a template's text, in Spanish (domain 5.2); empty when nothing."""
    numbers = [int(number) for number in NUMBERED.findall(body)]
    words = len(re.findall(r"\w+", NUMBERED.sub(" ", body)))
    found = []
    if sorted(set(numbers)) != list(range(1, len(variables) + 1)):
        found.append(
            f"El texto usa {len(set(numbers))} variables y la lista nombra {len(variables)}: deben ser {{{{1}}}}, {{{{2}}}}… sin saltos."
        )
    if unknown := [name for name in variables if name not in FIELD_NAMES]:
        found.append(f"Variables que no existen: {', '.join(unknown)}.")
    stripped = body.strip()
    if re.match(r"\{\{\d+\}\}", stripped) or re.search(r"\{\{\d+\}\}\W*$", stripped):
        found.append("El texto no puede empezar ni terminar con una variable.")
    if words < 3 * len(set(numbers)):
        found.append("Hay demasiadas variables para un texto tan corto.")
    if is_marketing and "BAJA" not in body:
        found.append("Un mensaje promocional debe decir cómo no recibir más: «responda BAJA» (Ley 2300 art. 5).")
    return found
