"""What each error of the Cloud API means and what follows from it (domain 5.2). Synchronous and in status webhooks alike."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    RETRY = "RETRY"  # soon, three times at most
    SLOW_DOWN = "SLOW_DOWN"  # the whole line waits a while
    WAIT = "WAIT"  # this one waits a while
    LATER_DAY = "LATER_DAY"  # not before two days
    NO_WHATSAPP = "NO_WHATSAPP"  # that number has none: back to the telephone
    GIVE_UP = "GIVE_UP"  # this one will not arrive; a person decides
    OPT_OUT = "OPT_OUT"  # the person stopped our marketing
    MEDIA = "MEDIA"  # upload the image anew, once
    STOP_TEMPLATE = "STOP_TEMPLATE"  # nothing more with that template until it is mended
    STOP_LINE = "STOP_LINE"  # nothing more at all until a person resumes


@dataclass(frozen=True)
class Meaning:
    action: Action
    text: str


def table(action: Action, **texts: str) -> dict[int, Meaning]:
    return {int(code[1:]): Meaning(action, text) for code, text in texts.items()}


MEANINGS: dict[int, Meaning] = {
    **table(Action.NO_WHATSAPP, c131026="El número no tiene WhatsApp o usa una versión muy antigua."),
    **table(
        Action.GIVE_UP,
        c131047="Pasaron más de 24 horas desde su última respuesta: hay que usar una plantilla.",
        c130472="Meta dejó a esta persona en un experimento y no le entrega mensajes promocionales.",
        c131030="El número no está en la lista de pruebas de Meta.",
        c131051="Meta no acepta esa clase de mensaje.",
        c131062="Meta no permite escribirle a esa identidad sin número.",
        c131063="Las plantillas promocionales están desactivadas para esta línea.",
    ),
    **table(Action.LATER_DAY, c131049="Meta limita los mensajes promocionales a esta persona: se intenta otro día."),
    **table(Action.OPT_OUT, c131050="La persona detuvo nuestros mensajes promocionales en WhatsApp."),
    **table(Action.WAIT, c131056="Demasiados mensajes seguidos a la misma persona."),
    **table(
        Action.SLOW_DOWN,
        c130429="Meta pide ir más despacio.", c80007="La cuenta llegó a su límite por hora.", c4="La aplicación llegó a su límite por hora.",
        c429="Meta pide ir más despacio.",
    ),
    **table(
        Action.STOP_TEMPLATE,
        c132000="La plantilla no lleva el mismo número de variables que la aprobada.",
        c132001="La plantilla no existe en ese idioma o no está aprobada.",
        c132005="El texto de la plantilla queda demasiado largo.",
        c132007="La plantilla incumple una política de Meta.",
        c132008="Una variable de la plantilla tiene otro formato.",
        c132012="Una variable lleva saltos de línea, tabulaciones o muchos espacios.",
        c132015="Meta pausó la plantilla por baja calidad.",
        c132016="Meta desactivó la plantilla.",
    ),
    **table(Action.MEDIA, c131052="Meta no pudo leer la imagen.", c131053="Meta no aceptó la imagen."),
    **table(Action.RETRY, c131000="Meta tuvo un error pasajero.", c131016="El servicio de Meta no está disponible."),
    **table(
        Action.STOP_LINE,
        c131048="Meta limitó la línea por mensajes señalados como no deseados.",
        c131064="Meta limitó la línea por plantillas mal clasificadas.",
        c190="La llave de acceso de Meta venció o no sirve.", c10="La aplicación no tiene permiso para enviar.",
        c3="La aplicación no tiene permiso para enviar.", c0="Meta no reconoce la llave de acceso.",
        c131031="Meta bloqueó la cuenta.", c368="Meta restringió la cuenta.", c130497="La cuenta no puede escribir a ese país.",
        c131042="Hay un problema con el pago de la cuenta de Meta.",
    ),
}  # fmt: skip
PERMISSION_CODES = range(200, 300)


def meaning_of(code: int) -> Meaning:
    """The table's row; every code of permissions stops the line, and what nobody knows is left to a person."""
    if code in PERMISSION_CODES:
        return Meaning(Action.STOP_LINE, "La aplicación no tiene permiso para enviar.")
    return MEANINGS.get(code) or Meaning(Action.GIVE_UP, f"Meta rechazó el mensaje (código {code}).")
