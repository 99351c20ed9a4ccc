"""What the frame of every page needs."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from callcenter import clock
from callcenter.domain import notices
from callcenter.forms import PreferencesForm
from carrazos.lib.calendar import WEEKDAYS, bogota
from carrazos.navigation import navigation


def frame(request: HttpRequest) -> dict:
    """Navigation, preferences and, in a demo that runs shifted, the clock it plays. Asked only by pages that show it."""

    def build() -> dict:
        if not getattr(request, "user", None) or not request.user.is_authenticated:
            return {"navigation": [], "preferences": [], "demo_clock": ""}
        now = bogota(clock.now())
        shifted = f"{WEEKDAYS[now.weekday()]} {now:%d/%m/%Y %H:%M}" if settings.CLOCK_SHIFT else ""
        return {"navigation": navigation(request), "preferences": PreferencesForm(instance=request.user), "demo_clock": shifted,
                "unread": notices.unread_count(request.user)}  # fmt: skip

    return {"frame": SimpleLazyObject(build)}
