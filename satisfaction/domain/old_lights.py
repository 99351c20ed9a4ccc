"""What a row of the old Drive sheets says of its management: a word, or the colour somebody painted (GSC-PRO-03 §3; domain 1.8).

The word goes before the colour, because colours get lost on the way. Neither is stored: they are read back into facts.
"""

import colorsys

from carrazos.lib import text
from satisfaction.enums import FollowUpStatus, Light

NAMES = {
    Light.RED: "Rojo", Light.YELLOW: "Amarillo", Light.GREEN: "Verde", Light.LIGHT_GREEN: "Verde claro", Light.BLUE: "Azul",
    Light.PURPLE: "Morado",
}  # fmt: skip
# The first words that fit decide: «verde claro» before «verde», «sin gestión» before «gestión».
WORDS = (
    (Light.LIGHT_GREEN, ("VERDE CLARO", "INSATISFECH", "NO ACEPTA", "NO SATISFECH")),
    (Light.RED, ("ROJO", "SIN GESTION", "NO GESTIONAD", "NO REALIZAD", "NO RESUELT", "NO SOLUCIONAD", "PENDIENTE", "SIN RESPUESTA")),
    (Light.YELLOW, ("AMARILL", "TRAMITE", "PROCESO", "EN GESTION", "EN CURSO")),
    (Light.GREEN, ("VERDE", "GESTIONAD", "REALIZAD", "SOLUCIONAD", "RESUELT", "CERRAD", "CUMPLID")),
    (Light.BLUE, ("AZUL", "SUGERENCIA")),
    (Light.PURPLE, ("MORAD", "CARD ADVISOR", "CARADVISOR", "PORTAL")),
)
# What a sheet may hold that no hue tells: the fills of our own GSC-FOR-01 and 03.
OWN_FILLS = {"F4B6B0": Light.RED, "FFE699": Light.YELLOW, "A9D8B8": Light.GREEN, "DCEFC4": Light.LIGHT_GREEN, "B9D3F5": Light.BLUE,
             "D9C2EC": Light.PURPLE}  # fmt: skip
GREY = 0.06  # channels that differ less than this are no colour: the bands and headings of a table
PALE_GREEN = 0.58  # lighter than this, green is «verde claro»
# Degrees of hue: from, to, light. Orange (20-42) is between red and yellow, and is neither.
HUES = ((0, 20, Light.RED), (42, 68, Light.YELLOW), (68, 165, Light.GREEN), (165, 250, Light.BLUE), (250, 335, Light.PURPLE),
        (335, 361, Light.RED))  # fmt: skip
FACTS = {
    Light.RED: FollowUpStatus.NOT_STARTED, Light.YELLOW: FollowUpStatus.IN_PROGRESS, Light.GREEN: FollowUpStatus.RESOLVED,
    Light.LIGHT_GREEN: FollowUpStatus.CLOSED_UNSATISFIED, Light.PURPLE: FollowUpStatus.RESOLVED, Light.BLUE: FollowUpStatus.NOT_STARTED,
}  # fmt: skip


def of_words(said: str) -> Light | None:
    """The light that a text means: «Sin gestión», «Verde claro», «gestionado»; None when it says none."""
    key = text.key(said)
    return next((light for light, words in WORDS if any(word in key for word in words)), None)


def of_fill(rgb: str) -> Light | None:
    """The light of a painted cell (`RRGGBB`); None for greys, oranges and what is no colour."""
    if rgb in OWN_FILLS:
        return OWN_FILLS[rgb]
    hue, light, _ = colorsys.rgb_to_hls(*(int(rgb[at : at + 2], 16) / 255 for at in (0, 2, 4)))
    strongest, weakest = max(bytes.fromhex(rgb)), min(bytes.fromhex(rgb))
    if (strongest - weakest) / 255 < GREY:
        return None
    found = next((name for start, end, name in HUES if start <= hue * 360 < end), None)
    return Light.LIGHT_GREEN if found is Light.GREEN and light >= PALE_GREEN else found


def in_words(fills: list[str]) -> str:
    """The colours of a row as a person reads them: `Verde, Morado`; what is no light is left out."""
    return ", ".join(dict.fromkeys(NAMES[light] for fill in fills if (light := of_fill(fill))))


def of_colours(said: str) -> tuple[Light | None, bool]:
    """(the light of a row's colours, is the purple among them). Two different lights in one row say nothing."""
    lights = [light for name in said.split(",") if (light := of_words(name))]
    others = [light for light in lights if light != Light.PURPLE]
    portal = Light.PURPLE in lights
    return (others[0] if len(others) == 1 else Light.PURPLE if portal and not others else None), portal
