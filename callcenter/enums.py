"""Every closed list of the kernel: code in English, label in Spanish."""

from django.db.models import IntegerChoices, TextChoices


class Programme(TextChoices):
    PROACTIVE = "PROACTIVE", "Contacto proactivo"
    RECOVERY = "RECOVERY", "Recuperación"
    AFTERSALES_SURVEY = "AFTERSALES_SURVEY", "Satisfacción posventa"
    SALES_SURVEY = "SALES_SURVEY", "Satisfacción comercial"
    PROSPECT_CHECK = "PROSPECT_CHECK", "Verificación de prospectos"
    CONFIRMATION = "CONFIRMATION", "Confirmación de citas"
    NO_SHOW = "NO_SHOW", "Citas incumplidas"


class Purpose(TextChoices):
    """Why somebody is contacted: decides which rules of Ley 2300 bind (domain/contact_law.py)."""

    COMMERCIAL = "COMMERCIAL", "Comercial"
    SERVICE = "SERVICE", "Servicio"
    TRANSACTIONAL = "TRANSACTIONAL", "Transaccional"
    VERIFICATION = "VERIFICATION", "Verificación"
    REQUESTED = "REQUESTED", "Pedido por el cliente"


class Channel(TextChoices):
    VOICE = "VOICE", "Llamada"
    WHATSAPP = "WHATSAPP", "WhatsApp"
    EMAIL = "EMAIL", "Correo"


class Outcome(TextChoices):
    """What an attempt ended in. The reason, where one is needed, comes from the catalogue."""

    NO_CONTACT = "NO_CONTACT", "Sin contacto"
    CALL_BACK = "CALL_BACK", "Llamar después"
    BOOKED = "BOOKED", "Agendó"
    DECLINED = "DECLINED", "No acepta"
    OPTED_OUT = "OPTED_OUT", "No desea ser contactado"
    DONE = "DONE", "Realizada"  # the matter itself was done in the call: survey answered, prospect verified


class OutreachState(TextChoices):
    OPEN = "OPEN", "Abierta"
    CLOSED = "CLOSED", "Cerrada"


class NextStep(TextChoices):
    CALL = "CALL", "Llamar"
    WHATSAPP = "WHATSAPP", "Enviar WhatsApp"
    REPLY = "REPLY", "Esperar respuesta"
    NONE = "NONE", "Ninguno"


class Result(TextChoices):
    BOOKED = "BOOKED", "Agendada"
    DONE = "DONE", "Realizada"
    DECLINED = "DECLINED", "No aceptó"
    EXHAUSTED = "EXHAUSTED", "Sin respuesta"
    UNREACHABLE = "UNREACHABLE", "Sin número válido"
    OPTED_OUT = "OPTED_OUT", "No desea ser contactado"
    CANCELLED = "CANCELLED", "Retirada"


class Priority(IntegerChoices):
    """Lanes of the queue, served in this order (screens: vencidas → rellamadas → primeros intentos)."""

    CALLBACK = 0, "Rellamada"
    RETRY = 1, "Reintento"
    FIRST = 2, "Primer intento"
    LOW = 3, "Baja"


class CampaignPriority(IntegerChoices):
    """Where the customers of a campaign stand in the queue: a lane of `Priority`."""

    HIGH = Priority.RETRY.value, "Alta: antes que los primeros intentos"
    NORMAL = Priority.FIRST.value, "Normal"
    LOW = Priority.LOW.value, "Baja: cuando no haya más"


class CustomerKind(TextChoices):
    PERSON = "PERSON", "Persona"
    COMPANY = "COMPANY", "Empresa"


class PointKind(TextChoices):
    PHONE = "PHONE", "Teléfono"
    EMAIL = "EMAIL", "Correo"


class PointStatus(TextChoices):
    VALID = "VALID", "Válido"
    INFERRED = "INFERRED", "Indicativo agregado"
    SUSPECT = "SUSPECT", "Dudoso"
    WRONG = "WRONG", "Equivocado"
    DISCONNECTED = "DISCONNECTED", "No existe"
    BLOCKED = "BLOCKED", "Número propio"


class PartyRole(TextChoices):
    OWNER = "OWNER", "Propietario"
    DRIVER = "DRIVER", "Conductor"
    CONTACT = "CONTACT", "Contacto"


class AliasKind(TextChoices):
    """Which old value of a customer still identifies them in a file of SPIGA."""

    DOCUMENT = "DOCUMENT", "Documento anterior"
    NAME = "NAME", "Nombre anterior"


class ChangeSource(TextChoices):
    EDIT = "EDIT", "Corrección"
    VALIDATION = "VALIDATION", "Validación de datos"
    SPIGA = "SPIGA", "Se aceptó el dato de SPIGA"
    MERGE = "MERGE", "Fusión de duplicados"


class PairState(TextChoices):
    OPEN = "OPEN", "Por decidir"
    MERGED = "MERGED", "Fusionados"
    DISMISSED = "DISMISSED", "Son distintos"


class AppointmentStatus(TextChoices):
    SCHEDULED = "SCHEDULED", "Agendada"
    CONFIRMED = "CONFIRMED", "Confirmada"
    FULFILLED = "FULFILLED", "Cumplida"
    NO_SHOW = "NO_SHOW", "No asistió"
    RESCHEDULED = "RESCHEDULED", "Reprogramada"
    CANCELLED = "CANCELLED", "Cancelada"


class ReasonKind(TextChoices):
    NO_CONTACT = "NO_CONTACT", "No contacto"
    NO_BOOKING = "NO_BOOKING", "No agendamiento"
    NO_FULFILMENT = "NO_FULFILMENT", "No cumplimiento de cita"
    SKIP = "SKIP", "Omitir cliente"
    PAUSE = "PAUSE", "Pausa del agente"
    PROSPECT = "PROSPECT", "Prospecto no válido"
    ACTIVITY = "ACTIVITY", "Actividad no válida"
    NO_SURVEY = "NO_SURVEY", "No responde la encuesta"


class MessageStatus(TextChoices):
    """The life of a message. UNKNOWN: it may have gone out, so no machine sends it again."""

    QUEUED = "QUEUED", "Por enviar"
    SENDING = "SENDING", "Enviando"
    UNKNOWN = "UNKNOWN", "Incierto"
    SENT = "SENT", "Enviado"
    DELIVERED = "DELIVERED", "Entregado"
    READ = "READ", "Leído"
    FAILED = "FAILED", "No llegó"
    CANCELLED = "CANCELLED", "Retirado"


class Gateway(TextChoices):
    """By which way a message left."""

    AGENT_PHONE = "agent_phone", "Celular del agente"
    CLOUD_API = "cloud_api", "Cloud API de Meta"


class TemplateApproval(TextChoices):
    """What Meta says of a template; only an approved one leaves by Cloud API."""

    LOCAL = "LOCAL", "Sin enviar a Meta"
    PENDING = "PENDING", "En revisión de Meta"
    APPROVED = "APPROVED", "Aprobada"
    REJECTED = "REJECTED", "Rechazada"
    PAUSED = "PAUSED", "Pausada por Meta"
    DISABLED = "DISABLED", "Desactivada por Meta"


class InboundKind(TextChoices):
    """What a customer's WhatsApp is to us."""

    TEXT = "TEXT", "Texto"
    BUTTON = "BUTTON", "Botón"
    MEDIA = "MEDIA", "Archivo"
    OTHER = "OTHER", "Otro"


class ExclusionScope(TextChoices):
    COMMERCIAL = "COMMERCIAL", "Mensajes y llamadas comerciales"
    ALL = "ALL", "Todo contacto"


class ExclusionSource(TextChoices):
    CUSTOMER = "CUSTOMER", "Pedido del cliente"
    RNE = "RNE", "Registro de Números Excluidos"
    WHATSAPP_STOP = "WHATSAPP_STOP", "Respondió BAJA"
    IMPORTED = "IMPORTED", "Observación de SPIGA"
    AUTHORISATION = "AUTHORISATION", "Canal que no autorizó"


class RneEnforcement(TextChoices):
    """What happens with a number that was not looked up lately in the Registro de Números Excluidos."""

    AUTO = "AUTO", "Advertir; impedir desde que se cargue la primera consulta"
    WARN = "WARN", "Solo advertir"
    BLOCK = "BLOCK", "Impedir el contacto comercial"


class DocumentStatus(TextChoices):
    ACTIVE = "ACTIVE", "Vigente"
    WITHDRAWN = "WITHDRAWN", "Retirado"
    UNKNOWN = "UNKNOWN", "Sin definir"


class BatchStatus(TextChoices):
    CHECKING = "CHECKING", "Revisando"
    MAPPING = "MAPPING", "Faltan columnas"
    CHECKED = "CHECKED", "Por confirmar"
    APPLYING = "APPLYING", "Aplicando"
    APPLIED = "APPLIED", "Aplicado"
    UNREADABLE = "UNREADABLE", "No se pudo leer"
    CANCELLED = "CANCELLED", "Descartado"
    UNDOING = "UNDOING", "Revirtiendo"
    UNDONE = "UNDONE", "Revertido"


class RowStatus(TextChoices):
    REJECTED = "REJECTED", "Rechazada"
    EXCLUDED = "EXCLUDED", "Excluida"
    WARNING = "WARNING", "Aviso"
    CREATED = "CREATED", "Por crear"


class WorkState(TextChoices):
    IDLE = "IDLE", "En espera"
    QUEUED = "QUEUED", "En cola"
    RUNNING = "RUNNING", "En proceso"
    DONE = "DONE", "Listo"
    FAILED = "FAILED", "Falló"


class Theme(TextChoices):
    AUTO = "auto", "Como el sistema"
    LIGHT = "light", "Claro"
    DARK = "dark", "Oscuro"


class Density(TextChoices):
    NORMAL = "normal", "Normal"
    COMPACT = "compact", "Compacta"


class PlatformKind(TextChoices):
    """What a platform of a brand is for."""

    REVIEWS = "REVIEWS", "Opiniones de clientes"
    CRM = "CRM", "CRM de la marca"
    OTHER = "OTHER", "Otra"
