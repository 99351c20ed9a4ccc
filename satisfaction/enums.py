"""Every closed list of satisfaction: code in English, label in Spanish."""

from django.db.models import TextChoices


class Band(TextChoices):
    """GSC-PRO-03 §2: how a customer is classified."""

    PROMOTER = "PROMOTER", "Promotor"
    NEUTRAL = "NEUTRAL", "Neutro"
    DETRACTOR = "DETRACTOR", "Detractor"


class Formula(TextChoices):
    """What «95 %» may mean (domain SAT-R7); the owner chooses one per brand."""

    NON_DETRACTOR_PCT = "NON_DETRACTOR_PCT", "Clientes no detractores"
    PROMOTER_PCT = "PROMOTER_PCT", "Clientes promotores"
    MEAN_PCT = "MEAN_PCT", "Calificación media × 10"
    NPS = "NPS", "NPS: promotores menos detractores"


class QuestionKind(TextChoices):
    SCORE = "SCORE", "Calificación de 1 a 10"
    YES_NO = "YES_NO", "Sí o no"
    YES_NO_NA = "YES_NO_NA", "Sí, no o no aplica"
    OPEN = "OPEN", "Abierta"


class Choice(TextChoices):
    YES = "YES", "Sí"
    NO = "NO", "No"
    NA = "NA", "No aplica"


class SurveyStatus(TextChoices):
    PENDING = "PENDING", "Por llamar"
    PARTIAL = "PARTIAL", "Incompleta"
    ANSWERED = "ANSWERED", "Respondida"
    ANSWERED_LATER = "ANSWERED_LATER", "Respondida después"
    NO_CONTACT_DATA = "NO_CONTACT_DATA", "Sin datos de contacto"


class Area(TextChoices):
    AFTERSALES = "AFTERSALES", "Posventa"
    SALES = "SALES", "Comercial"


class FollowUpKind(TextChoices):
    DETRACTOR = "DETRACTOR", "Insatisfacción"
    SUGGESTION = "SUGGESTION", "Sugerencia"


class FollowUpStatus(TextChoices):
    NOT_STARTED = "NOT_STARTED", "Sin gestión"
    IN_PROGRESS = "IN_PROGRESS", "En trámite"
    RESOLVED = "RESOLVED", "Gestión realizada"
    CLOSED_UNSATISFIED = "CLOSED_UNSATISFIED", "Cliente insatisfecho"


class Light(TextChoices):
    """The six colours of GSC-PRO-03 §3; derived, never painted (domain/semaphore.py)."""

    RED = "RED", "Sin gestión"
    YELLOW = "YELLOW", "En trámite"
    GREEN = "GREEN", "Gestión realizada"
    LIGHT_GREEN = "LIGHT_GREEN", "Cliente insatisfecho"
    BLUE = "BLUE", "Sugerencia"
    PURPLE = "PURPLE", "Respondió en el portal de la marca"


class Level(TextChoices):
    """Who must answer: one step up when repeated, warranty or overdue (GSC-PRO-03 §3)."""

    ADVISOR = "ADVISOR", "Asesor"
    DIRECTOR = "DIRECTOR", "Director"
    MANAGER = "MANAGER", "Gerente"


class Origin(TextChoices):
    SURVEY = "SURVEY", "Encuesta"
    CALL = "CALL", "Queja en otra llamada"
    PQRS = "PQRS", "PQRS"
    IMPORTED = "IMPORTED", "Archivo de Drive"


class Action(TextChoices):
    """What was done to a follow-up; each is a row of its history."""

    OPENED = "OPENED", "Se abrió"
    TAKEN = "TAKEN", "Tomó el caso"
    MANAGED = "MANAGED", "Registró gestión"
    RESOLVED = "RESOLVED", "Cerró como realizada"
    UNSATISFIED = "UNSATISFIED", "Cerró: cliente sigue insatisfecho"
    REOPENED = "REOPENED", "Reabrió"
    SUGGESTED = "SUGGESTED", "Marcó como sugerencia"
    ESCALATED = "ESCALATED", "Escaló"
    ASSIGNED = "ASSIGNED", "Reasignó"
    WARNED = "WARNED", "Aviso de vencimiento"
    OVERDUE = "OVERDUE", "Venció el plazo"
    PORTAL = "PORTAL", "Respondió en el portal de la marca"
    CONFIRMED = "CONFIRMED", "El cliente confirmó la solución"
    NOT_CONFIRMED = "NOT_CONFIRMED", "El cliente no confirma la solución"
    REVIEWED = "REVIEWED", "Revisó el cierre"
    EVIDENCE = "EVIDENCE", "Agregó evidencia"
    CLASSIFIED = "CLASSIFIED", "Dijo de qué trata"


class By(TextChoices):
    """How somebody spoke with the customer."""

    VOICE = "VOICE", "Llamada"
    WHATSAPP = "WHATSAPP", "WhatsApp"
    EMAIL = "EMAIL", "Correo"
    IN_PERSON = "IN_PERSON", "En persona"


class ProofKind(TextChoices):
    NOTE = "NOTE", "Nota de llamada"
    IMAGE = "IMAGE", "Imagen"
    FILE = "FILE", "Archivo PDF"


class PqrsKind(TextChoices):
    """What is asked about personal data is no PQRS: it is filed with them and kept in one register (callcenter.DataRequest)."""

    PETITION = "PETITION", "Petición"
    INFO_REQUEST = "INFO_REQUEST", "Petición de documentos o información"
    CONSULTATION = "CONSULTATION", "Consulta"
    COMPLAINT = "COMPLAINT", "Queja"
    CLAIM = "CLAIM", "Reclamo"
    WARRANTY = "WARRANTY", "Garantía"
    SUGGESTION = "SUGGESTION", "Sugerencia"
    COMPLIMENT = "COMPLIMENT", "Felicitación"


class PqrsChannel(TextChoices):
    PHONE = "PHONE", "Teléfono"
    WHATSAPP = "WHATSAPP", "WhatsApp"
    EMAIL = "EMAIL", "Correo"
    WEB = "WEB", "Página web"
    WRITTEN = "WRITTEN", "Escrito en sede"
    AUTHORITY = "AUTHORITY", "Traslado de autoridad (SIC)"


class PqrsStatus(TextChoices):
    OPEN = "OPEN", "En trámite"
    ANSWERED = "ANSWERED", "Respondida"
    CLOSED = "CLOSED", "Cerrada"


class PqrsAction(TextChoices):
    FILED = "FILED", "Radicó"
    ACKNOWLEDGED = "ACKNOWLEDGED", "Envió acuse de recibo"
    EXTENDED = "EXTENDED", "Amplió el término"
    ASSIGNED = "ASSIGNED", "Asignó"
    NOTED = "NOTED", "Registró gestión"
    ANSWERED = "ANSWERED", "Respondió"
    DELIVERED = "DELIVERED", "Entregó la respuesta"
    CLOSED = "CLOSED", "Cerró"
