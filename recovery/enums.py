"""Every closed list of the programme: code in English, label in Spanish."""

from django.db.models import TextChoices


class ListState(TextChoices):
    BUILDING = "BUILDING", "Preparando"
    DRAFT = "DRAFT", "Por revisar"
    STARTING = "STARTING", "Abriendo las gestiones"
    WORKING = "WORKING", "En trabajo"


class Segment(TextChoices):
    """How long away, in full months (REC-8). Under a year it is information, never a list."""

    RECENT = "RECENT", "Menos de 6 meses"
    INFO = "INFO", "6 a 12 meses"
    YEAR = "YEAR", "12 a 18 meses"
    LONG = "LONG", "18 a 24 meses"
    LOST = "LOST", "Más de 24 meses"
    NEVER = "NEVER", "Nunca ha venido"


class Exclusion(TextChoices):
    """Why a vehicle is not in the list, in the order in which they are asked (domain 3.4)."""

    DUPLICATE = "DUPLICATE", "Repetido"
    OWN_VEHICLE = "OWN_VEHICLE", "Vehículo de Carrazos"
    CORPORATE = "CORPORATE", "Cliente corporativo"
    BAD_DATA = "BAD_DATA", "Datos errados"
    RECENT_VISIT = "RECENT_VISIT", "Visita reciente"
    NEVER_VISITED = "NEVER_VISITED", "Nunca ha venido"
    SOLD_OR_SCRAPPED = "SOLD_OR_SCRAPPED", "Vendido o dado de baja"
    OPTED_OUT = "OPTED_OUT", "Pidió no ser contactado"
    RNE = "RNE", "Registro de Números Excluidos"
    OPEN_CASE = "OPEN_CASE", "Gestión abierta"
    BY_HAND = "BY_HAND", "Retirado a mano"


class Decision(TextChoices):
    RESTORED = "RESTORED", "Devuelto a la lista"
    REMOVED = "REMOVED", "Retirado a mano"


class Proof(TextChoices):
    """What the workshop's history says after the call (REC-R3): one proves the recovery, the others say what fails."""

    RECOVERED = "RECOVERED", "Recuperado"
    OTHER_PERSON = "OTHER_PERSON", "Vino con otra persona"
    LATE = "LATE", "Volvió fuera del plazo"
    BEFORE_CALL = "BEFORE_CALL", "Volvió antes de la primera llamada"
