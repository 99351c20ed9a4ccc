"""The WhatsApp that follows the last unanswered call, and its proof (GSC-PRO-02 §3 and §5).

By the agent's telephone a message is recorded once it was sent, with its screenshot. By Cloud API it is put in the outbox
(whatsapp/outbox.py) and leaves a moment later, when the law is asked again.
"""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Max

from callcenter.domain import contact_law, images, ledger, wording
from callcenter.domain.appointments import appointment_of
from callcenter.domain.calendar import company_calendar
from callcenter.domain.contact_law import ContactIntent
from callcenter.domain.errors import Conflict, LeaseLost, NotAllowedNow, Refused
from callcenter.domain.evidence import Picture
from callcenter.domain.outreach import close, has_mobile, has_phone, plan, policy_of
from callcenter.domain.queue import began
from callcenter.enums import (
    Channel,
    Gateway,
    MessageStatus,
    NextStep,
    Priority,
    Purpose,
    Result,
    TemplateApproval,
    WorkState,
)
from callcenter.models import (
    ContactPoint,
    Customer,
    Evidence,
    Message,
    MessageTemplate,
    Outreach,
    ServiceOffer,
    Touch,
    User,
    WhatsAppIdentity,
)
from carrazos.lib.calendar import BusinessCalendar, bogota

WINDOW = timedelta(hours=24)
TEXT_MAX = 4096


@dataclass(frozen=True)
class Draft:
    """A message as it would leave, and where to. `image`: name in the storage of the picture that goes with it."""

    template: MessageTemplate
    point: ContactPoint
    body: str
    variables: tuple[str, ...] = ()
    image: str = ""


@dataclass(frozen=True)
class Sent:
    message: Message
    recycled: Evidence | None = None  # the same picture served for another message before
    replayed: bool = False


# -- what would be sent ----------------------------------------------------------------------------------------------


def templates_for(outreach: Outreach, *, gateway: Gateway = Gateway.AGENT_PHONE) -> list[MessageTemplate]:
    """The programme's templates, the first one first; by Cloud API only those that Meta approved."""
    rows = MessageTemplate.objects.filter(programme=outreach.programme, is_active=True)
    return list(rows.filter(approval=TemplateApproval.APPROVED) if gateway == Gateway.CLOUD_API else rows)


def image_for(outreach: Outreach, template: MessageTemplate, on: datetime | None = None) -> str:
    """The picture that goes with the message: the running campaign's before the template's; empty for none."""
    if not template.has_image:
        return ""
    campaign = outreach.campaign
    running = campaign and campaign.image and (on is None or campaign.starts_on <= bogota(on).date() <= campaign.ends_on)
    if running and images.may_be_sent(campaign, bogota(on).date() if on else None):
        return campaign.image.name
    return template.image.name if template.image else ""


def mobile_of(customer_id: int) -> ContactPoint | None:
    """The first mobile that is not known to lack WhatsApp."""
    return next((point for point in ContactPoint.objects.for_whatsapp().reaching(customer_id) if point.is_mobile), None)


def mobile_for(outreach: Outreach, at: datetime) -> ContactPoint | None:
    """The first mobile by which the law lets the matter's message go now; the first one when it lets none."""
    mobiles = [point for point in ContactPoint.objects.for_whatsapp().reaching(outreach.customer_id) if point.is_mobile]
    if len(mobiles) < 2:
        return next(iter(mobiles), None)
    intent = ContactIntent(Channel.WHATSAPP, Purpose(outreach.purpose), at)
    history = contact_law.load_history(outreach.customer_id, at, matter=outreach.pk, agent=outreach.leased_by_id or 0)
    said = contact_law.verdicts_by_number(history, intent, mobiles, calendar=company_calendar())
    return next((point for point in mobiles if said[point.pk].allowed), mobiles[0])


def draft_for(
    outreach: Outreach,
    agent: User,
    *,
    offer: ServiceOffer | None = None,
    gateway: Gateway = Gateway.AGENT_PHONE,
    chosen: str = "",
    at: datetime | None = None,
) -> Draft | None:
    """The programme's message for the first usable mobile; None when there is neither template nor mobile.

    `chosen` is the name of another of its templates.
    """
    found = templates_for(outreach, gateway=gateway)
    template = next((row for row in found if row.name == chosen), found[0] if found else None)
    point = mobile_for(outreach, at) if at else mobile_of(outreach.customer_id)
    if template is None or point is None:
        return None
    about = appointment_of(outreach)
    fields = wording.merge_fields(
        outreach, agent, offer=offer, slot=about.starts_at if about else None, advisor=about.advisor.name if about and about.advisor else ""
    )
    values = wording.template_values(template, fields)
    return Draft(template, point, wording.fill_numbered(template.body, values), values, image_for(outreach, template, at))


def window_until(customer_id: int) -> datetime | None:
    """Until when free text may be written to the person: a day after they last wrote; None when they never did."""
    last = WhatsAppIdentity.objects.filter(customer=customer_id).aggregate(last=Max("last_inbound_at"))["last"]
    return last + WINDOW if last else None


# -- the agent's verbs -----------------------------------------------------------------------------------------------


def open_for_message(
    outreach_id: int, draft: Draft, digest: str, *, key: uuid.UUID, agent: User, fence: int, at: datetime, calendar: BusinessCalendar
) -> tuple[Outreach, Message | None]:
    """The locked outreach, and the message that this form wrote before. The law judges the moment at which the chat was opened,
    when the page noted it. Raises Conflict, LeaseLost and NotAllowedNow.
    """
    outreach = Outreach.objects.select_for_update(of=("self",)).for_console().get(pk=outreach_id)
    before = Message.objects.filter(key=key).first()
    if before:
        if before.sent_by_id != agent.pk or before.body_hash != digest:
            raise Conflict("Este mensaje ya se guardó con otro contenido. Recargue la página.")
        return outreach, before
    if outreach.leased_by_id != agent.pk or outreach.fence != fence:
        raise LeaseLost("Este cliente ya no está en sus manos: otra persona lo tomó o venció el tiempo.")
    intent = ContactIntent(Channel.WHATSAPP, Purpose(outreach.purpose), began(outreach, at) or at)
    verdict = contact_law.verdict_for(
        outreach.customer_id, intent, calendar=calendar, point=draft.point.pk, matter=outreach.pk, agent=agent.pk
    )
    if not verdict.allowed:
        raise NotAllowedNow(verdict)
    return outreach, None


def write_message(outreach: Outreach, draft: Draft, **more: object) -> Message:
    """The row of a template's message. Raises Refused when the same template already went out in this matter."""
    try:
        with transaction.atomic():
            return Message.objects.create(
                outreach=outreach, customer=outreach.customer, site_id=outreach.site_id, brand_id=outreach.brand_id, point=draft.point,
                template=draft.template, purpose=outreach.purpose, body=draft.body, variables=list(draft.variables), image=draft.image, **more,
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused("Esta plantilla ya se envió en esta gestión.") from error


def record_sent(
    outreach_id: int,
    draft: Draft,
    *,
    key: uuid.UUID,
    agent: User,
    fence: int,
    picture: Picture | None,
    picture_name: str = "",
    at: datetime,
    calendar: BusinessCalendar,
) -> Sent:
    """Writes the message that the agent sent from the telephone, with its screenshot, in one transaction: as sent when the chat
    was opened, for the screenshot comes later.

    Raises Conflict, LeaseLost and NotAllowedNow as a call does; Refused without a picture, which is the proof.
    """
    digest = hashlib.sha256(f"{draft.point.pk}|{draft.body}|{picture and picture.original_sha256}".encode()).hexdigest()
    with transaction.atomic():
        outreach, before = open_for_message(outreach_id, draft, digest, key=key, agent=agent, fence=fence, at=at, calendar=calendar)
        if before:
            return Sent(before, replayed=True)
        if picture is None:
            raise Refused("Falta el pantallazo: péguelo con Ctrl+V o súbalo. Es la evidencia del contacto.")
        sent_at = began(outreach, at) or at
        message = write_message(
            outreach, draft, key=key, body_hash=digest, gateway=Gateway.AGENT_PHONE, status=MessageStatus.SENT, work_state=WorkState.DONE,
            sent_by=agent, sent_at=sent_at, created_at=at, finished_at=at,
        )  # fmt: skip
        write_touch(message, at=sent_at)
        outreach.dials.chats().delete()
        recycled = keep_evidence(outreach, message, picture, name=picture_name, by=agent, at=at)
        wait_for_reply(outreach, at=at, calendar=calendar)
        return Sent(message, recycled)


def queue_message(
    outreach_id: int, draft: Draft, *, key: uuid.UUID, agent: User, fence: int, at: datetime, calendar: BusinessCalendar
) -> Sent:
    """Puts the message in the outbox of the Cloud API and goes on waiting for the reply. Raises as `record_sent` does."""
    digest = hashlib.sha256(f"{draft.point.pk}|{draft.body}".encode()).hexdigest()
    with transaction.atomic():
        outreach, before = open_for_message(outreach_id, draft, digest, key=key, agent=agent, fence=fence, at=at, calendar=calendar)
        if before:
            return Sent(before, replayed=True)
        if draft.template.approval != TemplateApproval.APPROVED:
            raise Refused(f"Meta no tiene aprobada la plantilla «{draft.template}»: {draft.template.get_approval_display().lower()}.")
        if missing := [name for name, value in zip(draft.template.variables, draft.variables, strict=True) if not value]:
            raise Refused(f"Faltan datos para la plantilla: {', '.join(missing)}.")
        if draft.template.has_image and not draft.image:
            raise Refused(f"La plantilla «{draft.template}» lleva una imagen y no la tiene: pídala a mercadeo.")
        message = write_message(
            outreach, draft, key=key, body_hash=digest, gateway=Gateway.CLOUD_API, status=MessageStatus.QUEUED, sent_by=agent, created_at=at
        )
        wait_for_reply(outreach, at=at, calendar=calendar)
        return Sent(message)


def queue_text(
    customer: Customer,
    body: str,
    *,
    outreach: Outreach | None,
    key: uuid.UUID,
    agent: User | None,
    at: datetime,
    purpose: Purpose = Purpose.REQUESTED,
) -> Message:
    """Free text in answer to what the person wrote: only within 24 hours of it, and from the line of Meta.

    Raises Refused when the window is closed, the text empty or too long, or no mobile is known; Conflict as forms do.
    """
    body = body.strip()
    until = window_until(customer.pk)
    if not body or len(body) > TEXT_MAX:
        raise Refused(f"Escriba un texto de hasta {TEXT_MAX} caracteres.")
    if until is None or until <= at:
        raise Refused("Pasaron más de 24 horas desde que escribió: WhatsApp solo permite una plantilla aprobada.")
    site_id, brand_id = scope_of(customer, outreach)
    point = mobile_of(customer.pk)
    if point is None:
        raise Refused("El cliente no tiene un celular usable.")
    digest = hashlib.sha256(f"{customer.pk}|{body}".encode()).hexdigest()
    message, created = Message.objects.get_or_create(
        key=key,
        defaults={"body_hash": digest, "outreach": outreach, "customer": customer, "site_id": site_id, "brand_id": brand_id, "point": point,
                  "purpose": purpose, "body": body, "gateway": Gateway.CLOUD_API, "status": MessageStatus.QUEUED,
                  "sent_by": agent, "created_at": at},
    )  # fmt: skip
    if not created and (message.body_hash != digest or message.sent_by_id != (agent and agent.pk)):
        raise Conflict("Este mensaje ya se guardó con otro contenido. Recargue la página.")
    return message


def scope_of(customer: Customer, outreach: Outreach | None) -> tuple[int, int]:
    """(site, brand) under which a message to a person stands: of the matter, else of their newest one."""
    source = outreach or Outreach.objects.filter(customer=customer).order_by("-opened_at").first()
    if source is None:
        raise Refused("El cliente no tiene una gestión: ábrale una antes de escribirle.")
    return source.site_id, source.brand_id


def write_touch(message: Message, *, at: datetime) -> Touch:
    """Enters a message into the ledger of contacts; the database refuses what the law forbids."""
    day = bogota(at).date()
    return Touch.objects.create(
        customer_id=message.customer_id, channel=Channel.WHATSAPP, purpose=message.purpose, at=at, day=day,
        week=contact_law.monday_of(day), is_effective=True, message=message,
        override=ledger.spend_overrides(message.customer_id, at),
    )  # fmt: skip


def used_before(original_sha256: str, *, outreach_id: int) -> Evidence | None:
    """An older evidence of another matter made of the same picture: a recycled screenshot."""
    rows = Evidence.objects.filter(original_sha256=original_sha256).exclude(outreach=outreach_id)
    return rows.select_related("outreach__customer").order_by("uploaded_at").first()


def keep_evidence(outreach: Outreach, message: Message | None, picture: Picture, *, name: str, by: User, at: datetime) -> Evidence | None:
    """Stores a screenshot; returns an older evidence of another matter made of the same picture, if there is one."""
    recycled = used_before(picture.original_sha256, outreach_id=outreach.pk)
    evidence = Evidence(
        outreach=outreach, message=message, original_name=name[:120], original_sha256=picture.original_sha256,
        sha256=picture.sha256, uploaded_by=by, uploaded_at=at,
    )  # fmt: skip
    evidence.file.save("evidence.jpg", ContentFile(picture.data), save=False)
    evidence.save()
    return recycled


def wait_for_reply(outreach: Outreach, *, at: datetime, calendar: BusinessCalendar) -> None:
    """The outreach stays open for the policy's business days, then closes unanswered."""
    policy = policy_of(outreach.programme)
    outreach.next_step, outreach.priority = NextStep.REPLY, Priority.LOW
    outreach.due_at = calendar.due_at(at, policy.reply_in)
    outreach.leased_by = outreach.leased_at = outreach.lease_until = outreach.call_started_at = None
    outreach.save()


def give_up_message(outreach_id: int, *, agent: User, fence: int, at: datetime, calendar: BusinessCalendar) -> Outreach:
    """Notes that the number has no WhatsApp: another mobile is next, or the outreach closes. Raises LeaseLost."""
    with transaction.atomic():
        outreach = Outreach.objects.select_for_update().get(pk=outreach_id)
        if outreach.leased_by_id != agent.pk or outreach.fence != fence:
            raise LeaseLost("Este cliente ya no está en sus manos.")
        if point := mobile_for(outreach, at):
            ContactPoint.objects.filter(pk=point.pk).update(is_on_whatsapp=False)
            outreach.dials.chats().filter(point=point).delete()  # nothing reached anybody by it
        if has_mobile(outreach):
            plan(outreach, NextStep.WHATSAPP, Channel.WHATSAPP, at, calendar=calendar, at=at)
        else:
            close(outreach, Result.EXHAUSTED, at=at)
        outreach.leased_by = outreach.leased_at = outreach.lease_until = None
        outreach.save()
        return outreach


# -- what becomes of a message ---------------------------------------------------------------------------------------


def return_to_queue(outreach: Outreach | None, *, wanted: datetime, at: datetime, calendar: BusinessCalendar) -> None:
    """Gives back a locked outreach whose message did not arrive: by WhatsApp while a mobile is left, else by telephone."""
    if outreach is None or not outreach.is_open or outreach.next_step != NextStep.REPLY:
        return
    if has_mobile(outreach):
        plan(outreach, NextStep.WHATSAPP, Channel.WHATSAPP, wanted, calendar=calendar, at=at)
    elif has_phone(outreach):
        plan(outreach, NextStep.CALL, Channel.VOICE, wanted, calendar=calendar, at=at)
    else:
        close(outreach, Result.UNREACHABLE, at=at)
        outreach.leased_by = outreach.leased_at = outreach.lease_until = None
    outreach.save()


def settle_by_hand(message_id: int, *, arrived: bool, by: User, at: datetime, calendar: BusinessCalendar) -> Message:
    """A person looked and says whether an uncertain message arrived. Raises Refused when it is no longer uncertain."""
    with transaction.atomic():
        outreach, message = locked(message_id)
        if message.status != MessageStatus.UNKNOWN:
            raise Refused(f"Ese mensaje ya quedó claro: {message.get_status_display().lower()}.")
        message.settled_by, message.settled_at = by, at
        if arrived:
            message.status, message.error = MessageStatus.SENT, ""
        else:
            message.status, message.error = MessageStatus.FAILED, f"{by} comprobó que no llegó."
            Touch.objects.filter(message=message).delete()
            return_to_queue(outreach, wanted=at, at=at, calendar=calendar)
        message.save(update_fields=["status", "error", "settled_by", "settled_at"])
        return message


def locked(message_id: int) -> tuple[Outreach | None, Message]:
    """A message and its outreach under lock, always in this order: every writer of both takes them so."""
    outreach_id = Message.objects.values_list("outreach", flat=True).get(pk=message_id)
    outreach = Outreach.objects.select_for_update().get(pk=outreach_id) if outreach_id else None
    return outreach, Message.objects.select_for_update(of=("self",)).select_related("template", "point", "customer").get(pk=message_id)
