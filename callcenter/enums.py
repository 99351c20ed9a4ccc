"""Every closed list of the kernel: code in English, label in Spanish."""

from django.db.models import IntegerChoices, TextChoices


class Programme(TextChoices):
    PROACTIVE = "PROACTIVE", "Contacto proactivo"
    RECOVERY = "RECOVERY", "Recuperación"
    AFTERSALES_SURVEY = "AFTERSALES_SURVEY", "Satisfacción posventa"
    SALES_SURVEY = "SALES_SURVEY", "Satisfacción comercial"
    PROSPECT_CHECK = "PROSPECT_CHECK", "Verificación de prospectos"


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
    DECLINED = "DECLINED", "No agenda"
    OPTED_OUT = "OPTED_OUT", "No desea ser contactado"


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
    DECLINED = "DECLINED", "No agendó"
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


class PartyRole(TextChoices):
    OWNER = "OWNER", "Propietario"
    DRIVER = "DRIVER", "Conductor"
    CONTACT = "CONTACT", "Contacto"


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


class MessageStatus(TextChoices):
    SENT = "SENT", "Enviado"
    DELIVERED = "DELIVERED", "Entregado"
    READ = "READ", "Leído"
    FAILED = "FAILED", "Falló"


class ExclusionScope(TextChoices):
    COMMERCIAL = "COMMERCIAL", "Mensajes y llamadas comerciales"
    ALL = "ALL", "Todo contacto"


class ExclusionSource(TextChoices):
    CUSTOMER = "CUSTOMER", "Pedido del cliente"
    RNE = "RNE", "Registro de Números Excluidos"
    WHATSAPP_STOP = "WHATSAPP_STOP", "Respondió BAJA"
    IMPORTED = "IMPORTED", "Observación de SPIGA"


class DocumentStatus(TextChoices):
    ACTIVE = "ACTIVE", "Vigente"
    WITHDRAWN = "WITHDRAWN", "Retirado"
    UNKNOWN = "UNKNOWN", "Sin definir"


class BatchStatus(TextChoices):
    CHECKING = "CHECKING", "Revisando"
    CHECKED = "CHECKED", "Por confirmar"
    APPLYING = "APPLYING", "Aplicando"
    APPLIED = "APPLIED", "Aplicado"
    UNREADABLE = "UNREADABLE", "No se pudo leer"
    CANCELLED = "CANCELLED", "Descartado"


class RowStatus(TextChoices):
    REJECTED = "REJECTED", "Rechazada"
    EXCLUDED = "EXCLUDED", "Excluida"
    WARNING = "WARNING", "Aviso"


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
