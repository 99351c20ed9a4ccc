"""The life of a PQRS: filed, acknowledged, perhaps extended, answered in writing, evaluated at its closure (CAR-4, 6, 7)."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.core.files.base import ContentFile
from django.db import transaction

from callcenter.domain.errors import Conflict, Refused
from callcenter.enums import Purpose
from callcenter.models import Brand, Customer, Hold, Site, User, Vehicle, WorkOrder
from carrazos.lib.calendar import BusinessCalendar, bogota
from satisfaction.domain import followups, notices, people, proofs
from satisfaction.domain import pqrs as terms
from satisfaction.enums import Area, Level, Origin, PqrsAction, PqrsChannel, PqrsKind, PqrsStatus, ProofKind
from satisfaction.models import FilingCounter, FollowUp, Letter, Pqrs, PqrsEvent, PqrsFile, PqrsTerm

HOLD_SOURCE = "satisfaction.Pqrs"


@dataclass(frozen=True)
class Filing:
    """What the customer brought. `key` is the form's: the same key twice is one filing."""

    key: uuid.UUID
    kind: PqrsKind
    channel: PqrsChannel
    customer: Customer
    site: Site
    brand: Brand
    area: Area
    description: str
    received_at: datetime
    vehicle: Vehicle | None = None
    work_order: WorkOrder | None = None
    follow_up: FollowUp | None = None
    owner: User | None = None
    reply_email: str = ""
    reply_phone: str = ""
    opens_case: bool = False


def term_days(kind: PqrsKind) -> int:
    """Business days to answer: the owner's number, else the law's."""
    own = PqrsTerm.objects.filter(kind=kind).values_list("days", flat=True).first()
    return own or terms.TERMS[PqrsKind(kind)].days


def next_number(year: int) -> str:
    """The next filing number of a year, under the counter's lock: no gap, no double."""
    FilingCounter.objects.get_or_create(year=year)
    counter = FilingCounter.objects.select_for_update().get(year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"PQRS-{year}-{counter.last:05d}"


def file(filing: Filing, *, by: User, at: datetime, calendar: BusinessCalendar) -> Pqrs:
    """Files one matter: number, legal term, owner, hold on selling, and the follow-up when it asks for one.

    Raises Conflict when the form was used with other content, Refused for a receipt in the future or nothing said.
    """
    if not filing.description.strip():
        raise Refused("Escriba qué pide o de qué se queja el cliente.")
    if filing.received_at > at:
        raise Refused("La fecha de recibo no puede estar en el futuro.")
    with transaction.atomic():
        if known := Pqrs.objects.filter(key=filing.key).first():
            if known.filed_by_id != by.pk or known.description != filing.description.strip():
                raise Conflict("Este formulario ya se radicó con otro contenido. Recargue la página.")
            return known
        days, received_on = term_days(filing.kind), bogota(filing.received_at).date()
        due = terms.due_on(filing.kind, received_on, calendar, days=days)
        row = Pqrs.objects.create(
            key=filing.key, number=next_number(bogota(at).year), kind=filing.kind, channel=filing.channel, customer=filing.customer,
            vehicle=filing.vehicle, work_order=filing.work_order, follow_up=filing.follow_up, site=filing.site, brand=filing.brand,
            area=filing.area, reply_email=filing.reply_email, reply_phone=filing.reply_phone, description=filing.description.strip(),
            owner=filing.owner or people.owner_for(filing.area, Level.DIRECTOR, filing.site, filing.brand, None)[0],
            received_at=filing.received_at, filed_by=by, filed_at=at, term_days=days, due_on=due,
            repair_due_on=terms.repair_due_on(filing.kind, received_on, calendar),
            alarm_at=terms.next_alarm(filing.received_at, due, at, calendar),
        )  # fmt: skip
        if filing.opens_case and row.follow_up is None:
            row.follow_up = open_case(row, by=by, at=at, calendar=calendar)
            row.save(update_fields=["follow_up"])
        note(row, PqrsAction.FILED, f"{row.get_kind_display()} por {row.get_channel_display().lower()}", by=by, at=at)
        if row.kind not in {PqrsKind.SUGGESTION, PqrsKind.COMPLIMENT}:
            Hold.objects.create(
                source=HOLD_SOURCE, reference=str(row.pk), purpose=Purpose.COMMERCIAL, customer=row.customer,
                reason=f"Tiene una PQRS en trámite ({row.number})", since=at,
            )  # fmt: skip
        text = f"Nueva PQRS {row.number} de {row.customer}: responder a más tardar el {row.due_on:%d/%m/%Y}."
        notices.notify([row.owner], f"pqrs:{row.pk}:new", text, notices.pqrs_url(row.pk), at=at)
        return row


def open_case(row: Pqrs, *, by: User, at: datetime, calendar: BusinessCalendar) -> FollowUp:
    matter = followups.Matter(
        Area(row.area), row.customer, row.site, row.brand, row.vehicle, row.work_order and row.work_order.advisor,
        row.kind == PqrsKind.WARRANTY or bool(row.work_order and row.work_order.is_warranty),
    )  # fmt: skip
    return followups.open_follow_up(matter, row.description[:4000], origin=Origin.PQRS, by=by, at=at, calendar=calendar)


def note(row: Pqrs, action: PqrsAction, text: str, *, by: User | None, at: datetime) -> PqrsEvent:
    return PqrsEvent.objects.create(pqrs=row, action=action, note=text[:4000], by=by, at=at)


def locked(pk: int) -> Pqrs:
    return Pqrs.objects.select_for_update(of=("self",)).for_list().get(pk=pk)


def acknowledge(pk: int, *, by: User, at: datetime) -> Pqrs:
    """The customer was told the number and the day of the answer; again is harmless."""
    with transaction.atomic():
        row = locked(pk)
        if row.acknowledged_at is None:
            row.acknowledged_at = at
            row.save(update_fields=["acknowledged_at"])
            send(row, Letter.Kind.RECEIPT, receipt_text(row), by_email=bool(row.reply_email), by=by, at=at)
            note(row, PqrsAction.ACKNOWLEDGED, row.reply_email or row.reply_phone, by=by, at=at)
        return row


def receipt_text(row: Pqrs) -> str:
    return (
        f"Su {row.get_kind_display().lower()} quedó radicada con el número {row.number} el {bogota(row.filed_at):%d/%m/%Y}. "
        f"Le responderemos a más tardar el {row.due_on:%d/%m/%Y}."
    )


def extend(pk: int, days: int, reason: str, *, by: User, at: datetime, calendar: BusinessCalendar) -> Pqrs:
    """Takes the legal extension, told to the customer before the term ends.

    Raises Refused when the type has none, it was taken already, the term is over, or the days are more than the law gives.
    """
    with transaction.atomic():
        row = locked(pk)
        most = terms.TERMS[PqrsKind(row.kind)].extension
        if not row.is_pending:
            raise Refused("Ya se respondió: no hay término que ampliar.")
        if most == 0:
            raise Refused(f"La ley no permite ampliar el término de: {row.get_kind_display().lower()}.")
        if row.extended_days:
            raise Refused("El término ya se amplió una vez.")
        if bogota(at).date() > row.due_on:
            raise Refused("El término ya venció: la ampliación se avisa antes (Ley 1755 art. 14).")
        if not 1 <= days <= most:
            raise Refused(f"La ampliación es de 1 a {most} días hábiles.")
        if not reason.strip():
            raise Refused("Escriba el motivo de la demora: se le informa al cliente.")
        row.extended_days, row.extension_reason, row.extended_at = days, reason.strip()[:300], at
        row.due_on = terms.due_on(row.kind, bogota(row.received_at).date(), calendar, days=row.term_days, extra=days)
        row.alarm_at = terms.next_alarm(row.received_at, row.due_on, at, calendar)
        row.save()
        text = (
            f"No nos es posible responder dentro del término por el siguiente motivo: {row.extension_reason}. "
            f"Le responderemos a más tardar el {row.due_on:%d/%m/%Y}."
        )
        send(row, Letter.Kind.EXTENSION, text, by_email=bool(row.reply_email), by=by, at=at)
        note(row, PqrsAction.EXTENDED, f"{days} días hábiles, hasta el {row.due_on:%d/%m/%Y}: {row.extension_reason}", by=by, at=at)
        return row


def assign(pk: int, to: User, *, by: User, at: datetime) -> Pqrs:
    """Gives an open PQRS to somebody who may see it."""
    with transaction.atomic():
        row = locked(pk)
        if not Pqrs.objects.filter(pk=pk).visible_to(to).exists():
            raise Refused(f"{to} no tiene en su alcance esta PQRS ({row.site}, {row.brand}).")
        row.owner = to
        row.save(update_fields=["owner"])
        note(row, PqrsAction.ASSIGNED, f"A {to}", by=by, at=at)
        notices.notify(
            [to], f"pqrs:{row.pk}:owner:{to.pk}", f"Le asignaron la {row.number} de {row.customer}.", notices.pqrs_url(row.pk), at=at
        )
        return row


def register(pk: int, text: str, *, by: User, at: datetime) -> Pqrs:
    """A step of the investigation."""
    if not text.strip():
        raise Refused("Escriba qué se hizo.")
    with transaction.atomic():
        row = locked(pk)
        note(row, PqrsAction.NOTED, text.strip(), by=by, at=at)
        return row


def answer(pk: int, text: str, channel: PqrsChannel, *, by: User, at: datetime) -> Pqrs:
    """The written answer: stored, drawn as a letter, mailed when it goes by e-mail. The hold on selling ends.

    Raises Refused when there is one already, when it is empty, or without the address that its channel needs.
    """
    if not text.strip():
        raise Refused("Escriba la respuesta.")
    with transaction.atomic():
        row = locked(pk)
        if not row.is_pending:
            raise Refused("Esta PQRS ya fue respondida.")
        if channel == PqrsChannel.EMAIL and not row.reply_email:
            raise Refused("No hay correo para responder: agréguelo o elija otro medio.")
        if channel == PqrsChannel.WHATSAPP and not row.reply_phone:
            raise Refused("No hay celular para responder: agréguelo o elija otro medio.")
        row.status, row.answer, row.answer_channel = PqrsStatus.ANSWERED, text.strip(), channel
        row.answered_at, row.answered_by, row.alarm_at = at, by, None
        if channel == PqrsChannel.EMAIL:
            row.delivered_at = at
        row.save()
        send(row, Letter.Kind.ANSWER, row.answer, by_email=channel == PqrsChannel.EMAIL, by=by, at=at)
        note(row, PqrsAction.ANSWERED, f"Por {row.get_answer_channel_display().lower()}", by=by, at=at)
        Hold.objects.filter(source=HOLD_SOURCE, reference=str(row.pk), until__isnull=True).update(until=at)
        return row


def deliver(pk: int, data: bytes, name: str, *, by: User, at: datetime) -> Pqrs:
    """The proof that an answer reached the customer by another medium than e-mail. Raises Refused without it."""
    with transaction.atomic():
        row = locked(pk)
        if row.is_pending:
            raise Refused("Primero escriba la respuesta.")
        keep_file(row, data, name, by=by, at=at)
        row.delivered_at = row.delivered_at or at
        row.save(update_fields=["delivered_at"])
        note(row, PqrsAction.DELIVERED, f"Por {row.get_answer_channel_display().lower()}", by=by, at=at)
        return row


def close(pk: int, *, satisfied: bool, text: str, by: User, at: datetime) -> Pqrs:
    """The evaluation of the closure (CAR-7). Raises Refused before the answer was delivered, or twice."""
    with transaction.atomic():
        row = locked(pk)
        if row.status == PqrsStatus.CLOSED:
            raise Refused("Esta PQRS ya está cerrada.")
        if row.is_pending or row.delivered_at is None:
            raise Refused("Se cierra después de entregar la respuesta: suba la evidencia de la entrega.")
        if not satisfied and not text.strip():
            raise Refused("Escriba por qué el cliente no quedó satisfecho con el cierre.")
        row.status, row.closed_at, row.is_satisfied, row.closing_note = PqrsStatus.CLOSED, at, satisfied, text.strip()[:500]
        row.save()
        note(
            row,
            PqrsAction.CLOSED,
            ("Satisfecho" if satisfied else "No satisfecho") + (f": {text.strip()}" if text.strip() else ""),
            by=by,
            at=at,
        )
        return row


def keep_file(row: Pqrs, data: bytes, name: str, *, by: User, at: datetime) -> PqrsFile:
    """Stores a picture (re-encoded) or a PDF. Raises Refused for anything else."""
    kind, content = proofs.clean_file(data)
    found = PqrsFile(
        pqrs=row, content_type="application/pdf" if kind == ProofKind.FILE else "image/jpeg", original_name=name[:120],
        sha256=hashlib.sha256(content).hexdigest(), added_by=by, added_at=at,
    )  # fmt: skip
    found.file.save("file", ContentFile(content), save=False)
    found.save()
    return found


def attach(pk: int, data: bytes, name: str, *, by: User, at: datetime) -> Pqrs:
    """Something the customer brought or the investigation found."""
    with transaction.atomic():
        row = locked(pk)
        keep_file(row, data, name, by=by, at=at)
        note(row, PqrsAction.NOTED, f"Anexo: {name[:100]}", by=by, at=at)
        return row


def send(row: Pqrs, kind: str, body: str, *, by_email: bool, by: User, at: datetime) -> Letter:
    """Queues a letter; a job draws and, by e-mail, sends it."""
    letter, _ = Letter.objects.get_or_create(
        pqrs=row, kind=kind, defaults={"body": body, "by_email": by_email, "requested_by": by, "created_at": at}
    )
    return letter


def in_term(row: Pqrs, on: date) -> bool | None:
    """Answered on time, or still in time; None while the term runs."""
    if row.answered_at:
        return bogota(row.answered_at).date() <= row.due_on
    return False if on > row.due_on else None
