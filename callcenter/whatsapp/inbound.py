"""What customers write to us: who they are, whether they refuse, and whose turn it is (domain 5.2, opt-out; Ley 2300 art. 5)."""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from callcenter.domain import appointments, consent, data_requests, messages
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.domain.outreach import reopen, unanswered
from callcenter.enums import AppointmentStatus, Channel, ExclusionScope, ExclusionSource, InboundKind, NextStep, Priority, Purpose
from callcenter.models import ContactPoint, Customer, DataRight, InboundMessage, Message, Outreach, User, WhatsAppIdentity
from carrazos.lib import text
from carrazos.lib.calendar import bogota

# The whole message, without accents or signs. Said of messages: this channel; of everything: all that is commercial.
STOP_MESSAGES = frozenset(
    {"BAJA", "STOP", "CANCELAR", "SALIR", "NO MAS", "NO MAS MENSAJES", "NO ME ESCRIBAN", "NO RECIBIR MAS", "RETIRARME"}
)
STOP_ALL = frozenset({"NO ME LLAMEN", "NO ME CONTACTEN", "ELIMINAR MIS DATOS"})
YES, MOVE = frozenset({"1", "SI", "CONFIRMO", "CONFIRMAR"}), frozenset({"2", "REPROGRAMAR", "CAMBIAR"})
DATA_CLAIM = "ELIMINAR MIS DATOS"
CLAIM_FILED = "{name}, recibimos su solicitud de eliminar sus datos (n.º {number}). Le responderemos a más tardar el {due:%d/%m/%Y}."
CLAIM_STANDS = "{name}, su solicitud de eliminar sus datos ya está en trámite. Le responderemos por este medio."
FAREWELL = "Listo, {name}. No recibirá más mensajes comerciales de Carrazos por este medio."


def refusal_in(body: str) -> str:
    """The opt-out that a message is, as in the lists above; empty when it is none."""
    words = text.key(body)
    return words if words in STOP_MESSAGES or words in STOP_ALL else ""


def owner_of(number: str, reply_to: Message | None = None) -> Customer | None:
    """Whose number it is: of the message answered, of the last one sent there, or of its only owner."""
    if reply_to:
        return reply_to.customer
    if not number:
        return None
    last = Message.objects.standing().filter(point__value=f"+{number}").select_related("customer").order_by("-created_at").first()
    if last:
        return last.customer
    owners = list(Customer.objects.standing().filter(points__in=ContactPoint.objects.phones().filter(value=f"+{number}")).distinct()[:2])
    return owners[0] if len(owners) == 1 else None


def identify(number: str, bsuid: str, *, name: str, username: str, reply_to: Message | None) -> WhatsAppIdentity:
    """The identity behind a number or Meta's own identifier; its customer when that is certain, else for a person to say."""
    by_number = WhatsAppIdentity.objects.filter(wa_id=number).first() if number else None
    identity = by_number or (WhatsAppIdentity.objects.filter(bsuid=bsuid).first() if bsuid else None)
    if identity is None:
        identity, _ = WhatsAppIdentity.objects.get_or_create(**({"wa_id": number} if number else {"bsuid": bsuid}))
    hidden = bool(bsuid) and not identity.bsuid and not WhatsAppIdentity.objects.filter(bsuid=bsuid).exists()
    identity.bsuid = bsuid if hidden else identity.bsuid
    identity.name, identity.username = name or identity.name, username or identity.username
    if reply_to or identity.customer_id is None or turned_to_another(identity):
        identity.customer = owner_of(identity.wa_id, reply_to) or identity.customer
    identity.save()
    return identity


def turned_to_another(identity: WhatsAppIdentity) -> bool:
    """True when the number has several owners and we wrote there since they last spoke: whoever was written to is the one who answers."""
    if holders_of(identity.wa_id).count() < 2:
        return False
    sent = Message.objects.standing().filter(point__value=f"+{identity.wa_id}")
    return sent.filter(created_at__gt=identity.last_inbound_at).exists() if identity.last_inbound_at else sent.exists()


def holders_of(number: str) -> QuerySet[Customer]:
    """Everybody who has the number."""
    points = ContactPoint.objects.phones().usable().filter(value=f"+{number}")
    return Customer.objects.standing().filter(pk__in=points.values("customer")) if number else Customer.objects.none()


def hear(
    identity: WhatsAppIdentity,
    *,
    provider_id: str,
    kind: InboundKind,
    body: str,
    written_at: datetime,
    reply_to: Message | None,
    at: datetime,
) -> InboundMessage | None:
    """Writes down one message of a customer, once, with what follows from it; None when it was written before."""
    with transaction.atomic():
        found, created = InboundMessage.objects.get_or_create(
            provider_id=provider_id,
            defaults={
                "identity": identity,
                "customer": identity.customer,
                "reply_to": reply_to,
                "kind": kind,
                "body": body,
                "at": written_at,
            },
        )
        if not created:
            return None
        if identity.last_inbound_at is None or identity.last_inbound_at < written_at:
            identity.last_inbound_at = written_at
            identity.save(update_fields=["last_inbound_at"])
        answer(found, identity.customer, at=at)
        return found


def answer(found: InboundMessage, customer: Customer | None, *, at: datetime) -> None:
    """An opt-out is obeyed at once; anything else goes to whoever calls: the matter that waited for it, or the list of replies."""
    if refusal := refusal_in(found.body):
        obey(found, customer, refusal, at=at)
    elif customer is None:
        return  # somebody says first who wrote
    elif note := about_appointment(found, at=at):
        handled(found, note, at=at)
    elif call_back(found, customer, at=at):
        handled(found, "Pasó a la cola para responderle", at=at)


def about_appointment(found: InboundMessage, *, at: datetime) -> str:
    """An answer to the reminder of a standing appointment: 1 confirms it, 2 asks to move it; what was done, else empty."""
    row = found.reply_to.appointment if found.reply_to else None
    said = text.key(found.body)
    if row is None or not row.is_standing or said not in {*YES, *MOVE}:
        return ""
    if said in YES:
        appointments.decide(row, AppointmentStatus.CONFIRMED, by=None, at=at)
        return f"Confirmó su cita del {bogota(row.starts_at):%d/%m %H:%M}"
    queue = appointments.queues_of(row.pk).select_for_update().first()
    if queue is None:
        return ""  # nobody calls about it yet: the answer stays on the list
    queue.next_step, queue.priority, queue.due_at = NextStep.CALL, Priority.CALLBACK, at
    queue.is_callback, queue.callback_for = True, None
    queue.save()
    return "Pide mover su cita: pasó a la cola"


def refusing(found: InboundMessage, customer: Customer | None) -> list[Customer]:
    """Whoever the quoted message was for; without a quotation everybody who has the number, for nobody knows which of them it was."""
    if found.reply_to:
        return [found.reply_to.customer]
    people = list(holders_of(found.identity.wa_id))
    return people if customer is None or customer in people else [customer, *people]


def obey(found: InboundMessage, customer: Customer | None, refusal: str, *, at: datetime) -> None:
    """Records the opt-out and says so once; whoever asks to be erased has the claim filed in the same transaction."""
    people = refusing(found, customer)
    is_new = [refuse(person, found, everything=refusal in STOP_ALL, at=at) for person in people]
    if customer is None and (refusal == DATA_CLAIM or not people):
        return  # somebody says first who wrote
    if refusal == DATA_CLAIM:
        file_claim(found, customer, at=at)
        return
    if customer and any(is_new):
        reply(customer, found, FAREWELL, purpose=Purpose.TRANSACTIONAL, at=at)
    handled(
        found, "Exclusión registrada" if len(people) == 1 else f"Exclusión registrada de los {len(people)} clientes con ese número", at=at
    )


def refuse(customer: Customer, found: InboundMessage, *, everything: bool, at: datetime) -> bool:
    """Excludes one person, from this channel or from all that is commercial; False when it stood already."""
    before = customer.exclusions.standing().filter(source=ExclusionSource.WHATSAPP_STOP, scope=ExclusionScope.COMMERCIAL)
    if before.filter(channels=[]).exists() if everything else before.exists():
        return False
    consent.refuse(
        customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.WHATSAPP_STOP, at=at,
        channels=() if everything else (Channel.WHATSAPP,), note=f"Escribió «{found.body[:100]}»",
    )  # fmt: skip
    return True


def file_claim(found: InboundMessage, customer: Customer, *, at: datetime) -> None:
    """«Eliminar mis datos» is a claim of Ley 1581 art. 15: filed and acknowledged in writing."""
    try:
        made = data_requests.open_request(
            customer, right=DataRight.DELETE, channel=Channel.WHATSAPP, received_on=bogota(min(found.at, at)).date(), text=found.body,
            by=None, at=at, calendar=company_calendar(),
        )  # fmt: skip
    except Refused:
        handled(found, "Ya tenía en trámite la supresión de sus datos", at=at)
        reply(customer, found, CLAIM_STANDS, purpose=Purpose.REQUESTED, at=at)
        return
    handled(found, f"Reclamo de datos n.º {made.pk} radicado (Ley 1581 art. 15)", at=at)
    reply(customer, found, CLAIM_FILED, purpose=Purpose.REQUESTED, at=at, number=made.pk, due=made.due_on)


def reply(customer: Customer, found: InboundMessage, words: str, *, purpose: Purpose, at: datetime, **values: object) -> None:
    """One confirmation, in the window that the message itself opened."""
    body = words.format(name=customer.greeting, **values)
    source = found.reply_to.outreach if found.reply_to else None
    try:
        messages.queue_text(customer, body, outreach=source, key=uuid.uuid4(), agent=None, at=max(at, found.at), purpose=purpose)
    except Refused:
        return  # no matter or no mobile of ours: what was asked stands all the same


def call_back(found: InboundMessage, customer: Customer, *, at: datetime) -> bool:
    """Puts the matter that waited for an answer at the head of the queue, as a contact that the customer asked for.

    A quoted message names its matter, even one that closed unanswered lately; without it the newest that waits is meant.
    """
    quoted = found.reply_to
    rows = Outreach.objects.filter(pk=quoted.outreach_id) if quoted else Outreach.objects.filter(customer=customer)
    waiting = rows.open().filter(next_step=NextStep.REPLY).select_for_update().order_by("-opened_at").first()
    if waiting is None and quoted and (waiting := unanswered(at).filter(pk=quoted.outreach_id).select_for_update().first()):
        try:
            reopen(waiting, at=at)
        except Refused:
            return False  # another matter of the vehicle is open meanwhile: a person reads the answer
    if waiting is None:
        return False
    waiting.next_step, waiting.priority, waiting.due_at = NextStep.CALL, Priority.CALLBACK, at
    waiting.is_callback, waiting.callback_for = True, None
    waiting.save()
    return True


def handled(found: InboundMessage, note: str, *, at: datetime, by: User | None = None) -> None:
    found.note, found.handled_at, found.handled_by = note[:160], at, by
    found.save(update_fields=["note", "handled_at", "handled_by"])


def claim_identity(found: InboundMessage, customer: Customer, *, by: User, at: datetime) -> None:
    """A person says who wrote: the identity is theirs from now on, and what they wrote is heard again."""
    with transaction.atomic():
        identity = WhatsAppIdentity.objects.select_for_update().get(pk=found.identity_id)
        if identity.customer_id and identity.customer_id != customer.pk:
            raise Refused(f"Esa identidad ya es de {identity.customer}.")
        identity.customer = customer
        identity.save(update_fields=["customer"])
        for row in InboundMessage.objects.pending().filter(identity=identity).order_by("at"):
            row.customer = customer
            row.save(update_fields=["customer"])
            answer(row, customer, at=at)
