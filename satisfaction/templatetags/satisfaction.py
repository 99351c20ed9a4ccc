"""The light as icon, word and border: the colour never stands alone (GSC-PRO-03 §3; WCAG 1.4.1). And the board's card."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from callcenter.templatetags.ui import day, icon
from satisfaction.domain.board import Card
from satisfaction.enums import Light

register = template.Library()
SHORT = {
    Light.RED: "Sin gestión", Light.YELLOW: "En trámite", Light.GREEN: "Gestión realizada", Light.LIGHT_GREEN: "Cliente insatisfecho",
    Light.BLUE: "Sugerencia", Light.PURPLE: "Portal de la marca",
}  # fmt: skip


@register.simple_tag
def light(value: str) -> SafeString:
    return format_html(
        '<span class="light" data-light="{}"><svg class="icon" aria-hidden="true"><use href="#light-{}"/></svg>{}</span>',
        value, value, SHORT.get(value, value),
    )  # fmt: skip


# A board draws up to 150 of these each minute for everybody who has it open: Python's own formatting, not a template's.
CARD = (
    '<li><a class="case-card" href="/detractores/{pk}/" hx-get="/detractores/{pk}/" hx-target="#case-panel" hx-swap="innerHTML" data-card>\n'
    '<strong>{customer}</strong><span class="case-card__meta">{score}{plate} · {brand}</span>\n'
    '<span class="case-card__voice">{voice}</span>\n{term}\n<span class="case-card__meta">{site} · {owner}{tags}</span></a></li>'
)
NOTHING = mark_safe("")


@register.simple_tag
def case_card(row: Card) -> SafeString:
    """One case of a lane."""
    return format_html(
        CARD, pk=row.pk, customer=row.customer, score=format_html('<span class="score">{}</span>', row.score) if row.score else NOTHING,
        plate=row.plate or "sin placa", brand=row.brand, voice=row.voice, term=term(row), site=row.site, owner=row.owner or "sin responsable",
        tags=tags(row) if row.repeats or row.is_warranty or row.in_portal else NOTHING,
    )  # fmt: skip


def term(row: Card) -> SafeString:
    if row.due_words:
        late, mark = (mark_safe(" data-late"), icon("alert")) if row.is_late else (NOTHING, icon("clock"))
        return format_html('<span class="case-card__due"{}>{}{}</span>', late, mark, row.due_words)
    return format_html('<span class="case-card__meta">Cerrado {}</span>', day(row.closed_at)) if row.closed_at else NOTHING


def tags(row: Card) -> SafeString:
    found = NOTHING
    if row.repeats:
        found += format_html('<span class="tag" data-tone="bad">Reiterado ×{}</span>', row.repeats)
    if row.is_warranty:
        found += mark_safe('<span class="tag" data-tone="warn">Garantía</span>')
    if row.in_portal and row.light != Light.PURPLE:
        found += format_html('<span class="tag portal">{}</span>', row.portal or "Portal")
    return found
