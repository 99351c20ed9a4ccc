"""What the frame of every page needs."""

from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from callcenter import clock
from callcenter.domain import notices
from callcenter.forms import PreferencesForm
from callcenter.models import User
from carrazos.lib.calendar import WEEKDAYS, bogota
from carrazos.navigation import navigation


@cache
def preference_fields(theme: str, density: str, single_keys: bool) -> SafeString:
    """The fields of one's preferences as every page shows them: there are few, and drawing them each time costs."""
    form = PreferencesForm(instance=User(theme=theme, density=density, single_keys=single_keys))
    return format_html_join("", "{}", ((field.as_field_group(),) for field in form))


def frame(request: HttpRequest) -> dict:
    """Navigation, preferences and, in a demo that runs shifted, the clock it plays. Asked only by pages that show it."""

    def build() -> dict:
        if not getattr(request, "user", None) or not request.user.is_authenticated:
            return {"navigation": [], "preferences": "", "demo_clock": ""}
        now, own = bogota(clock.now()), request.user
        shifted = f"{WEEKDAYS[now.weekday()]} {now:%d/%m/%Y %H:%M}" if settings.CLOCK_SHIFT else ""
        return {"navigation": navigation(request), "preferences": preference_fields(own.theme, own.density, own.single_keys), "demo_clock": shifted,
                "unread": notices.unread_count(request.user)}  # fmt: skip

    return {"frame": SimpleLazyObject(build)}
