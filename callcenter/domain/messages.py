"""The WhatsApp that follows the last unanswered call, and its proof (GSC-PRO-02 §3 and §5)."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import transaction

from callcenter.domain import contact_law, wording
from callcenter.domain.contact_law import ContactIntent
from callcenter.domain.errors import Conflict, LeaseLost, NotAllowedNow, Refused
from callcenter.domain.evidence import Picture
from callcenter.domain.outreach import close, policy_of
from callcenter.enums import Channel, NextStep, Priority, Purpose, Result
from callcenter.models import ContactPoint, Evidence, Message, MessageTemplate, Outreach, ServiceOffer, Touch, User
from carrazos.lib.calendar import BusinessCalendar, bogota


@dataclass(frozen=True)
class Draft:
    """A message as it would leave, and where to."""

    template: MessageTemplate
    point: ContactPoint
    body: str


@dataclass(frozen=True)
class Sent:
    message: Message
    recycled: Evidence | None = None  # the same picture served for another message before
    replayed: bool = False


def draft_for(outreach: Outreach, agent: User, *, offer: ServiceOffer | None = None) -> Draft | None:
    """The programme's message for the first usable mobile; None when there is neither template nor mobile."""
    template = MessageTemplate.objects.filter(programme=outreach.programme, is_active=True).order_by("name").first()
    points = ContactPoint.objects.phones().usable().filter(customer=outreach.customer_id)
    point = next((point for point in points if point.is_mobile), None)
    if template is None or point is None:
        return None
    return Draft(template, point, wording.fill_template(template, wording.merge_fields(outreach, agent, offer=offer)))


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
    """Writes the message that the agent sent from the telephone, with its screenshot, in one transaction.

    Raises Conflict, LeaseLost and NotAllowedNow as a call does; Refused without a picture, which is the proof.
    """
    digest = hashlib.sha256(f"{draft.point.pk}|{draft.body}|{picture and picture.original_sha256}".encode()).hexdigest()
    with transaction.atomic():
        outreach = Outreach.objects.select_for_update(of=("self",)).for_console().get(pk=outreach_id)
        before = Message.objects.filter(key=key).first()
        if before:
            if before.sent_by_id != agent.pk or before.body_hash != digest:
                raise Conflict("Este mensaje ya se guardó con otro contenido. Recargue la página.")
            return Sent(before, replayed=True)
        if outreach.leased_by_id != agent.pk or outreach.fence != fence:
            raise LeaseLost("Este cliente ya no está en sus manos: otra persona lo tomó o venció el tiempo.")
        intent = ContactIntent(Channel.WHATSAPP, Purpose(outreach.purpose), at)
        verdict = contact_law.verdict_for(outreach.customer_id, intent, calendar=calendar)
        if not verdict.allowed:
            raise NotAllowedNow(verdict)
        if picture is None:
            raise Refused("Falta el pantallazo: péguelo con Ctrl+V o súbalo. Es la evidencia del contacto.")
        message = Message.objects.create(
            key=key, body_hash=digest, outreach=outreach, customer=outreach.customer, point=draft.point,
            template=draft.template, purpose=outreach.purpose, body=draft.body, sent_by=agent, sent_at=at,
        )  # fmt: skip
        day = bogota(at).date()
        Touch.objects.create(
            customer=outreach.customer, channel=Channel.WHATSAPP, purpose=outreach.purpose, at=at, day=day,
            week=contact_law.monday_of(day), is_effective=True, message=message,
        )  # fmt: skip
        recycled = keep_evidence(outreach, message, picture, name=picture_name, by=agent, at=at)
        wait_for_reply(outreach, at=at, calendar=calendar)
        return Sent(message, recycled)


def keep_evidence(outreach: Outreach, message: Message | None, picture: Picture, *, name: str, by: User, at: datetime) -> Evidence | None:
    """Stores a screenshot; returns an older evidence of another customer made of the same picture, if there is one."""
    recycled = Evidence.objects.filter(original_sha256=picture.original_sha256).exclude(outreach=outreach).first()
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


def give_up_message(outreach_id: int, *, agent: User, fence: int, at: datetime) -> None:
    """Closes an outreach whose message can't be sent (no WhatsApp on any number). Raises LeaseLost."""
    with transaction.atomic():
        outreach = Outreach.objects.select_for_update().get(pk=outreach_id)
        if outreach.leased_by_id != agent.pk or outreach.fence != fence:
            raise LeaseLost("Este cliente ya no está en sus manos.")
        close(outreach, Result.EXHAUSTED, at=at)
        outreach.leased_by = outreach.leased_at = outreach.lease_until = None
        outreach.save()
