"""Small words for templates: icons, dates and figures as Colombians read them, tones that come with their word."""

from collections.abc import Mapping
from datetime import date, datetime

from django import template
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from callcenter.domain.data_requests import open_claim
from callcenter.domain.wording import money as pesos
from callcenter.enums import AppointmentStatus, BatchStatus, MessageStatus, PointStatus, TemplateApproval, WorkState
from callcenter.models import Brand, BrandPlatform
from carrazos.lib.calendar import WEEKDAYS, bogota
from carrazos.lib.charts import Chart
from carrazos.lib.text import key, long_date

register = template.Library()

TONES = {
    AppointmentStatus.SCHEDULED: "info", AppointmentStatus.CONFIRMED: "info", AppointmentStatus.FULFILLED: "good",
    AppointmentStatus.NO_SHOW: "bad", AppointmentStatus.CANCELLED: "warn", AppointmentStatus.RESCHEDULED: "warn",
    BatchStatus.CHECKED: "warn", BatchStatus.APPLIED: "good", BatchStatus.UNREADABLE: "bad", BatchStatus.CHECKING: "info",
    BatchStatus.MAPPING: "warn", BatchStatus.UNDOING: "info",
    BatchStatus.APPLYING: "info", WorkState.DONE: "good", WorkState.FAILED: "bad", WorkState.RUNNING: "info", WorkState.QUEUED: "info",
    PointStatus.VALID: "good", PointStatus.INFERRED: "info", PointStatus.SUSPECT: "warn", PointStatus.WRONG: "bad",
    PointStatus.DISCONNECTED: "bad", PointStatus.BLOCKED: "bad",
    MessageStatus.UNKNOWN: "warn", MessageStatus.SENDING: "info", MessageStatus.SENT: "info",
    MessageStatus.DELIVERED: "good", MessageStatus.READ: "good", TemplateApproval.APPROVED: "good", TemplateApproval.PENDING: "info",
    TemplateApproval.REJECTED: "bad", TemplateApproval.PAUSED: "warn", TemplateApproval.DISABLED: "bad",
    # reports' editions, by value: the kernel does not import them
    "BUILDING": "info", "PREPARED": "warn", "REVIEWED": "info", "APPROVED": "info", "SENT": "good", "CORRECTED": "",
    # improvement actions
    "PROPOSED": "warn", "PLANNED": "info", "EFFECTIVE": "good", "INEFFECTIVE": "bad", "DISMISSED": "",
}  # fmt: skip


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def tag(value: str, label: str) -> SafeString:
    """A state as a word with its tone; the tone never stands alone."""
    return format_html('<span class="tag" data-tone="{}">{}</span>', TONES.get(value, ""), label)


@register.simple_tag
def brand_platforms(brand: Brand, kind: str) -> QuerySet[BrandPlatform]:
    """The platforms of a brand for one purpose that can be opened (GSC-CAR-01, recursos; GC-PRO-05, requisitos)."""
    return brand.platforms.filter(kind=kind, is_active=True).exclude(url="")


@register.filter
def moment(value: datetime | None) -> str:
    """`22/11/2026 16:05` on Bogotá's clock."""
    return f"{bogota(value):%d/%m/%Y %H:%M}" if value else ""


@register.filter
def clock(value: datetime | None) -> str:
    return f"{bogota(value):%H:%M}" if value else ""


@register.filter
def day(value: date | datetime | None) -> str:
    if isinstance(value, datetime):
        value = bogota(value).date()
    return f"{value:%d/%m/%Y}" if value else ""


@register.filter
def when(value: datetime | None, now: datetime) -> str:
    """`hoy 16:05`, `mañana 9:00`, `25/11 9:00`."""
    if value is None:
        return ""
    local, today = bogota(value), bogota(now).date()
    names = {0: "hoy", 1: "mañana", -1: "ayer"}
    return f"{names.get((local.date() - today).days, f'{local:%d/%m}')} {local:%H:%M}"


@register.filter
def figure(value: int | None) -> str:
    """`12.345`; nothing for nothing."""
    return "" if value in {None, ""} else f"{value:,}".replace(",", ".")


@register.filter
def money(value: int | None) -> str:
    """`$ 1.234.567`."""
    return "" if value is None else pesos(value)


@register.filter
def long_day(value: date) -> str:
    """`lunes 23 de noviembre de 2026`."""
    return f"{WEEKDAYS[value.weekday()]} {long_date(value)}"


@register.filter
def of(table: Mapping, name: object) -> object:
    """The value that a mapping has for a key; nothing when it has none."""
    return table.get(name, "") if table else ""


@register.filter
def labelled(entries: list[dict], words: str) -> list[dict]:
    """The entries of a menu whose label begins one of its words so, without accents."""
    wanted = key(words)
    return [entry for entry in entries if not wanted or f" {wanted}" in f" {key(entry['label'])}"]


@register.filter
def undo_of(tags: str | None) -> str:
    """The attempt that a toast may take back."""
    return next((part[5:] for part in (tags or "").split() if part.startswith("undo:")), "")


@register.filter
def item(values: dict, key: str) -> object:
    """What a dictionary holds under a key; nothing for nothing."""
    return (values or {}).get(key, "")


@register.filter
def total(counts: dict | None) -> int:
    """The sum of a {code: number}."""
    return sum((counts or {}).values())


@register.filter
def svg(chart: Chart) -> SafeString:
    """A chart's drawing: built by our own module, every text in it escaped by the XML writer."""
    return mark_safe(chart.svg)  # noqa: S308 -- see above


@register.inclusion_tag("callcenter/privacy/_claim.html")
def claim_banner(customer_id: int) -> dict:
    """«Reclamo en trámite», wherever the customer is shown (Ley 1581 art. 15 num. 2)."""
    return {"claim": open_claim(customer_id)}
