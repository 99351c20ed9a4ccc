"""Meta's webhook: proved by its signature before it is read, stored in one statement, applied by a job (domain 5.2).

Statuses and answers may come repeated, late, early or out of order; each is applied once, and only upwards.
"""

import contextlib
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from callcenter import clock
from callcenter.domain import messages
from callcenter.domain.calendar import company_calendar
from callcenter.enums import ExclusionSource, InboundKind, TemplateApproval
from callcenter.models import Exclusion, InboundMessage, Message, MessageEvent, MessageTemplate, WebhookDelivery, WhatsAppIdentity
from callcenter.whatsapp import inbound, outbox
from carrazos.lib import text
from carrazos.lib.calendar import BusinessCalendar

MAX_BYTES = 1024 * 1024
KEPT = timedelta(days=30)
SIGNATURE = "sha256="


# -- proof and storage -----------------------------------------------------------------------------------------------


def signature_is_ours(secret: str, body: bytes, header: str) -> bool:
    """True when the header is the HMAC-SHA256 of the raw bytes under the application's secret, compared in constant time."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest((SIGNATURE + expected).encode(), header.encode("utf-8", "replace"))


def store(body: bytes) -> None:
    """One insert; the same body twice is one delivery."""
    WebhookDelivery.objects.bulk_create([WebhookDelivery(body=body, sha256=hashlib.sha256(body).hexdigest())], ignore_conflicts=True)


def purge(now: datetime) -> int:
    """Deletes deliveries after a month: they hold what people wrote."""
    return WebhookDelivery.objects.filter(created_at__lt=now - KEPT).delete()[0]


# -- reading: tolerant, pure -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Status:
    provider_id: str
    said: str
    at: datetime
    key: str = ""
    code: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Inbound:
    """What somebody wrote. `number` without `+`, empty when Meta hides it behind `bsuid`."""

    provider_id: str
    at: datetime
    kind: InboundKind
    body: str = ""
    number: str = ""
    bsuid: str = ""
    username: str = ""
    name: str = ""
    reply_to: str = ""


@dataclass(frozen=True)
class Preference:
    """Somebody stopped or resumed our marketing in WhatsApp itself."""

    number: str
    bsuid: str
    stopped: bool
    at: datetime


@dataclass(frozen=True)
class TemplateNews:
    name: str
    language: str
    approval: TemplateApproval | None = None
    note: str = ""
    quality: str = ""
    is_marketing: bool | None = None


News = Status | Inbound | Preference | TemplateNews
APPROVALS = {
    "APPROVED": TemplateApproval.APPROVED, "REINSTATED": TemplateApproval.APPROVED, "PENDING": TemplateApproval.PENDING,
    "IN_APPEAL": TemplateApproval.PENDING, "REJECTED": TemplateApproval.REJECTED, "PAUSED": TemplateApproval.PAUSED,
    "FLAGGED": TemplateApproval.APPROVED, "DISABLED": TemplateApproval.DISABLED, "PENDING_DELETION": TemplateApproval.DISABLED,
    "DELETED": TemplateApproval.DISABLED,
}  # fmt: skip


def each(holder: Any, name: str) -> Iterator[dict]:
    """The objects of a list, whatever else stands there."""
    found = holder.get(name) if isinstance(holder, dict) else None
    yield from (item for item in found or [] if isinstance(item, dict)) if isinstance(found, list) else ()


def words(holder: Any, *path: str, limit: int = 300) -> str:
    """A text at a path, through the gate of every boundary; empty when it is not there."""
    for name in path:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return text.clean(str(holder), limit) if isinstance(holder, str | int) and not isinstance(holder, bool) else ""


def moment(raw: str, fallback: datetime) -> datetime:
    """Unix seconds as an instant; the time of arrival for nonsense."""
    try:
        return datetime.fromtimestamp(int(raw), UTC)
    except (ValueError, OverflowError, OSError):
        return fallback


def read(payload: Any, *, at: datetime) -> Iterator[News]:
    """What a payload tells, in its order; unknown fields and shapes are passed over."""
    for entry in each(payload, "entry"):
        for change in each(entry, "changes"):
            value = change.get("value")
            match change.get("field"):
                case "messages":
                    names = {words(contact, "wa_id") or words(contact, "user_id"): contact for contact in each(value, "contacts")}
                    yield from (status for item in each(value, "statuses") if (status := read_status(item, at)))
                    yield from (found for item in each(value, "messages") if (found := read_inbound(item, names, at)))
                case "user_preferences":
                    yield from (found for item in each(value, "user_preferences") if (found := read_preference(item, at)))
                case "message_template_status_update":
                    event = words(value, "event").upper()
                    yield TemplateNews(*template_of(value), approval=APPROVALS.get(event), note=words(value, "reason"))
                case "message_template_quality_update":
                    yield TemplateNews(*template_of(value), quality=words(value, "new_quality_score", limit=20))
                case "template_category_update":
                    yield TemplateNews(*template_of(value), is_marketing=words(value, "new_category").upper() == "MARKETING")


def template_of(value: Any) -> tuple[str, str]:
    return words(value, "message_template_name"), words(value, "message_template_language")


def read_status(item: dict, at: datetime) -> Status | None:
    provider_id, said = words(item, "id", limit=160), words(item, "status", limit=20)
    if not provider_id or not said:
        return None
    error = next(each(item, "errors"), {})
    code = words(error, "code")
    detail = words(error, "error_data", "details") or words(error, "title")
    return Status(provider_id, said, moment(words(item, "timestamp"), at), words(item, "biz_opaque_callback_data"),
                  int(code) if code.isdigit() and len(code) < 9 else None, detail)  # fmt: skip


def read_inbound(item: dict, names: dict[str, dict], at: datetime) -> Inbound | None:
    provider_id, number, bsuid = words(item, "id", limit=160), words(item, "from", limit=20), words(item, "from_user_id", limit=80)
    if not number.isdigit():
        number, bsuid = "", bsuid or number
    if not provider_id or not (number or bsuid):
        return None
    contact = names.get(number) or names.get(bsuid) or {}
    kinds = {"text": InboundKind.TEXT, "button": InboundKind.BUTTON, "interactive": InboundKind.BUTTON}
    kind = words(item, "type")
    media = {"image", "video", "audio", "document", "sticker"}
    body = (
        words(item, "text", "body", limit=messages.TEXT_MAX)
        or words(item, "button", "text", limit=messages.TEXT_MAX)
        or words(item, "interactive", "button_reply", "title")
        or words(item, kind, "caption", limit=messages.TEXT_MAX)
    )
    return Inbound(
        provider_id, moment(words(item, "timestamp"), at), kinds.get(kind) or (InboundKind.MEDIA if kind in media else InboundKind.OTHER),
        body, number, bsuid or words(contact, "user_id", limit=80), words(contact, "profile", "username", limit=80),
        words(contact, "profile", "name", limit=120), words(item, "context", "id", limit=160),
    )  # fmt: skip


def read_preference(item: dict, at: datetime) -> Preference | None:
    value, number, bsuid = words(item, "value"), words(item, "wa_id", limit=20), words(item, "user_id", limit=80)
    if value not in {"stop", "resume"} or not (number or bsuid):
        return None
    return Preference(number, bsuid, value == "stop", moment(words(item, "timestamp"), at))


# -- applying --------------------------------------------------------------------------------------------------------


def run(delivery: WebhookDelivery, report: Callable[..., None]) -> None:
    """The job: applies one delivery, all of it or nothing."""
    try:
        payload = json.loads(bytes(delivery.body))
    except (ValueError, RecursionError):
        return  # signed and stored, but no JSON: nothing to apply
    at, calendar = clock.now(), company_calendar()
    for news in read(payload, at=timezone.now()):
        apply(news, at=at, calendar=calendar)


def apply(news: News, *, at: datetime, calendar: BusinessCalendar) -> None:
    match news:
        case Status():
            apply_status(news, at=at, calendar=calendar)
        case Inbound():
            receive(news, at=at)
        case Preference():
            apply_preference(news, at=at)
        case TemplateNews():
            apply_template(news)


def apply_status(news: Status, *, at: datetime, calendar: BusinessCalendar) -> None:
    """Keeps what was said once, and moves the message that it is about: found by Meta's name or by our key, never by number."""
    # An early status finds the message by our key; the request's own answer brings the name later.
    found = Message.objects.filter(Q(provider_id=news.provider_id) | Q(key__in=keys_of(news.key)))
    message_id = found.values_list("pk", flat=True).first()
    MessageEvent.objects.bulk_create(
        [MessageEvent(message_id=message_id, provider_id=news.provider_id, status=news.said, at=news.at, code=news.code,
                      detail=news.detail[:300])],
        ignore_conflicts=True,
    )  # fmt: skip
    if message_id is None:
        return
    with transaction.atomic():
        outreach, row = messages.locked(message_id)
        if not row.provider_id:
            row.provider_id = news.provider_id
            row.save(update_fields=["provider_id"])
        outbox.follow_status(row, outreach, news.said, news.code, news.detail, at=at, calendar=calendar)


def keys_of(raw: str) -> list[uuid.UUID]:
    with contextlib.suppress(ValueError):
        return [uuid.UUID(raw)]
    return []


def receive(news: Inbound, *, at: datetime) -> None:
    """Somebody wrote: the 24 hours begin, and what they wrote is heard (whatsapp/inbound.py)."""
    if InboundMessage.objects.filter(provider_id=news.provider_id).exists():
        return
    reply_to = Message.objects.select_related("customer").filter(provider_id=news.reply_to).first() if news.reply_to else None
    identity = inbound.identify(news.number, news.bsuid, name=news.name, username=news.username, reply_to=reply_to)
    inbound.hear(identity, provider_id=news.provider_id, kind=news.kind, body=news.body, written_at=news.at, reply_to=reply_to, at=at)


def apply_preference(news: Preference, *, at: datetime) -> None:
    """The account of WhatsApp stops or resumes our marketing: for everybody who has the number."""
    rows = WhatsAppIdentity.objects.select_related("customer").filter(customer__isnull=False)
    identity = rows.filter(wa_id=news.number).first() if news.number else rows.filter(bsuid=news.bsuid).first()
    people = set(inbound.holders_of(news.number)) | ({identity.customer} if identity else set())
    if news.stopped:
        for customer in people:
            outbox.refuse_marketing(customer, None, "Detuvo los mensajes promocionales en WhatsApp", at=at)
    else:
        Exclusion.objects.standing().filter(customer__in=people, source=ExclusionSource.WHATSAPP_STOP).update(withdrawn_at=at)


def apply_template(news: TemplateNews) -> None:
    changes = {"approval": news.approval, "approval_note": news.note, "quality": news.quality, "is_marketing": news.is_marketing}
    given = {name: value for name, value in changes.items() if value not in {None, ""}}
    if news.approval == TemplateApproval.APPROVED:
        given["approval_note"] = ""
    MessageTemplate.objects.filter(name=news.name, language=news.language).update(**given) if given else None
