"""Closed lists of the CRM audit: code in English, label in Spanish (GC-PRO-05; domain 3.7, 3.8)."""

from django.db.models import TextChoices


class Situation(TextChoices):
    """Where SPIGA says a prospect stands; only an open one has a follow-up light."""

    OPEN = "OPEN", "En proceso"
    SOLD = "SOLD", "Vendido"
    LOST = "LOST", "Perdido"
    CANCELLED = "CANCELLED", "Anulado"


class Verdict(TextChoices):
    """What a person decided; the software only proposes (CRM-R6, CRM-R7)."""

    VALID = "VALID", "Válida"
    INVALID = "INVALID", "No válida"
    NOT_DONE = "NOT_DONE", "No realizada"


class ProspectVerdict(TextChoices):
    VALID = "VALID", "Válido"
    INVALID = "INVALID", "No válido"


class ProspectState(TextChoices):
    """How far the validation of a prospect is; the last three are derived, never stored."""

    VALID = "VALID", "Válido"
    INVALID = "INVALID", "No válido"
    UNREACHABLE = "UNREACHABLE", "No localizado"
    CALLING = "CALLING", "En verificación"
    WAITING = "WAITING", "Sin verificar"


class Advised(TextChoices):
    YES = "YES", "Sí"
    PARTLY = "PARTLY", "Parcialmente"
    NO = "NO", "No"


class AdvisedHow(TextChoices):
    SHOWROOM = "SHOWROOM", "En vitrina"
    PHONE = "PHONE", "Por teléfono"
    WHATSAPP = "WHATSAPP", "Por WhatsApp"
    OTHER = "OTHER", "Otro medio"


class Signal(TextChoices):
    """Why a prospect looks invented, in words. A signal never decides (CRM-2)."""

    NO_PHONE = "NO_PHONE", "No trae teléfono"
    BAD_PHONE = "BAD_PHONE", "El teléfono no existe o parece inventado"
    EMPLOYEE_PHONE = "EMPLOYEE_PHONE", "El teléfono es de Carrazos o de un colaborador"
    SHARED_PHONE = "SHARED_PHONE", "El teléfono está en tres o más prospectos con otros nombres"
    BAD_NAME = "BAD_NAME", "El nombre no identifica a una persona"
    REPEATED_NAME = "REPEATED_NAME", "El mismo asesor registró este nombre dos o más veces en el mes"
    EMPLOYEE_NAME = "EMPLOYEE_NAME", "El nombre es el de un colaborador"
    COMPANY_MAIL = "COMPANY_MAIL", "El correo es de Carrazos"
    BAD_DOCUMENT = "BAD_DOCUMENT", "El documento no es válido"
    BURST = "BURST", "El asesor registró cinco o más prospectos en diez minutos"
    LAST_DAY = "LAST_DAY", "El asesor registró todos sus prospectos del mes el último día"
    TWO_ADVISORS = "TWO_ADVISORS", "Dos asesores registran a la misma persona en el mes"
    IDENTITY_CHANGED = "IDENTITY_CHANGED", "El nombre, el documento o el teléfono cambió después de creado"


class ActivityKind(TextChoices):
    CALL = "CALL", "Llamada"
    QUOTE = "QUOTE", "Cotización"
    VISIT = "VISIT", "Visita"
    TEST_DRIVE = "TEST_DRIVE", "Prueba de manejo"
    REGISTRATION = "REGISTRATION", "Matrícula"
    DELIVERY = "DELIVERY", "Entrega"
    WHATSAPP = "WHATSAPP", "WhatsApp"
    EMAIL = "EMAIL", "Correo"
    OTHER = "OTHER", "Otra"


class ActivityState(TextChoices):
    """What SPIGA says of an activity."""

    DONE = "DONE", "Realizada"
    NOT_DONE = "NOT_DONE", "No realizada"
    CANCELLED = "CANCELLED", "Anulada"


class Hint(TextChoices):
    """What speaks against an activity; the codes are those of the reasons of «actividad no válida» where there is one."""

    NO_COMMENT = "NO_COMMENT", "Sin comentario"
    VAGUE = "VAGUE", "El comentario no dice qué pasó con el cliente"
    COPY_PASTE = "COPY_PASTE", "El mismo comentario tres o más veces ese día"
    NO_CONTACT_MADE = "NO_CONTACT_MADE", "El comentario dice que no hubo contacto"
    DATE_ERROR = "DATE_ERROR", "La fecha falta, es futura o es anterior al prospecto"
    DUPLICATE = "DUPLICATE", "Repite otra actividad igual de la misma hora"
    NOT_UPDATED = "NOT_UPDATED", "El comentario describe un contacto, pero SPIGA la tiene sin realizar"
    FORGOTTEN = "FORGOTTEN", "Sin seguimiento del asesor"
    PROSPECT_CLOSED = "PROSPECT_CLOSED", "El prospecto ya está vendido o perdido"
    BURST = "BURST", "Cinco o más actividades en diez minutos"


# The hint that speaks first becomes the reason that is proposed; a burst alone proposes nothing.
REASON_ORDER = (
    Hint.DATE_ERROR, Hint.DUPLICATE, Hint.NO_COMMENT, Hint.COPY_PASTE, Hint.NO_CONTACT_MADE, Hint.VAGUE, Hint.PROSPECT_CLOSED,
    Hint.NOT_UPDATED, Hint.FORGOTTEN,
)  # fmt: skip


class Light(TextChoices):
    """Days without follow-up (GC-FOR-21); a closed prospect has none."""

    GREEN = "GREEN", "Verde"
    YELLOW = "YELLOW", "Amarillo"
    RED = "RED", "Rojo"
    NONE = "", "Sin semáforo"


class TargetKind(TextChoices):
    PROSPECTS = "PROSPECTS", "Prospectos válidos"
    ACTIVITIES = "ACTIVITIES", "Actividades válidas"
