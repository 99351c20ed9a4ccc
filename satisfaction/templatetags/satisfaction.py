"""The light as icon, word and border: the colour never stands alone (GSC-PRO-03 §3; WCAG 1.4.1)."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

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
