"""What the board shows: six lanes, the figures above them, the counts of the chips (screens §2.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from callcenter.domain.metrics import Slice, scope_of
from callcenter.enums import NextStep, OutreachState
from callcenter.models import User
from carrazos.lib.calendar import BusinessCalendar, bogota, start_of
from carrazos.lib.periods import Month
from satisfaction.domain import escalation, metrics, surveys
from satisfaction.enums import Light, PqrsStatus, SurveyStatus
from satisfaction.models import FollowUp, Pqrs, Survey
from satisfaction.models.followups import IS_OPEN
from satisfaction.models.surveys import areas_of

SHOWN_DAYS = 15
CARDS = 25
WORKING = (Light.RED, Light.YELLOW)


QUICK = (
    ("mias", "Míos"), ("vencidos", "Vencidos"), ("hoy", "Vencen hoy"), ("reiterados", "Reiterados"), ("garantia", "Garantía"),
    ("portal", "Portal de la marca"), ("confirmar", "Por confirmar"),
)  # fmt: skip


def quick_filter(name: str, *, user: User, at: datetime) -> Q:
    """What each chip of the board means."""
    today = bogota(at).date()
    return {
        "mias": Q(owner=user) & IS_OPEN,
        "vencidos": IS_OPEN & Q(due_at__lte=at),
        "hoy": IS_OPEN & Q(due_at__gt=at, due_at__lt=start_of(today + timedelta(days=1))),
        "reiterados": IS_OPEN & Q(is_repeated=True),
        "garantia": IS_OPEN & Q(is_warranty=True),
        "portal": Q(brand_portal_answered=True),
        "confirmar": Q(light__in=[Light.GREEN, Light.PURPLE], verified_at__isnull=True, verify_on__lte=today),
    }[name]


@dataclass(frozen=True)
class Lane:
    """One colour: its cards, how many there are in all, how many are left out."""

    light: Light
    title: str
    count: int
    cards: Sequence[FollowUp]

    @property
    def left_out(self) -> int:
        return self.count - len(self.cards)


def recent(light: Light, at: datetime) -> Q:
    """Which rows of a colour the board counts: all open ones, closed and blue ones of the last days."""
    since = at - timedelta(days=SHOWN_DAYS)
    if light in WORKING:
        return Q(light=light)
    return Q(light=light, opened_at__gte=since) if light == Light.BLUE else Q(light=light, closed_at__gte=since)


def ordered(rows: QuerySet[FollowUp], light: Light) -> QuerySet[FollowUp]:
    """What is late comes first; of what is closed, the newest."""
    if light in WORKING:
        return rows.order_by("due_at", "id")
    return rows.order_by("-opened_at" if light == Light.BLUE else F("closed_at").desc(), "-id")


def lanes(rows: QuerySet[FollowUp], *, at: datetime, calendar: BusinessCalendar, lights: Sequence[Light]) -> list[Lane]:
    """The lanes of a filtered queryset in two queries: one counts, one brings every card."""
    counts = rows.aggregate(**{light.value: Count("pk", filter=recent(light, at)) for light in lights}) if lights else {}
    picks = [ordered(rows.filter(recent(light, at)), light).values("pk")[:CARDS] for light in lights]
    chosen = picks[0].union(*picks[1:], all=True) if len(picks) > 1 else picks[0]
    cards = {light: [] for light in lights}
    for row in FollowUp.objects.for_card().filter(pk__in=[found["pk"] for found in chosen]):
        cards[Light(row.light)].append(worded(row, at, calendar))
    for light in lights:
        cards[light].sort(key=lambda row: (row.due_at, row.pk) if row.is_open else (-(row.closed_at or row.opened_at).timestamp(), -row.pk))
    return [Lane(light, titles(light), counts[light.value], cards[light]) for light in lights]


def titles(light: Light) -> str:
    return {Light.PURPLE: "Portal de la marca"}.get(light, light.label)


def worded(row: FollowUp, at: datetime, calendar: BusinessCalendar) -> FollowUp:
    """The row with its term in words, as cards and tables print it."""
    row.is_late = row.is_open and escalation.is_overdue(row.due_at, at)
    row.due_words = escalation.due_words(row.due_at, at, calendar) if row.is_open else ""
    return row


def lights_for(user: User) -> list[Light]:
    """The lanes of one person: purple only for who has a brand with a portal."""
    has_portal = user.all_brands or user.brands.exclude(portal_name="").exists()
    return [light for light in Light if light != Light.PURPLE or has_portal]


@dataclass(frozen=True)
class Open:
    """What waits: red, yellow, and how many of both are late."""

    red: int
    yellow: int
    late: int


def waiting(user: User, at: datetime) -> Open:
    """The figures of navigation and homes, from the open rows alone."""
    found = FollowUp.objects.visible_to(user).open().aggregate(
        red=Count("pk", filter=Q(light=Light.RED)), yellow=Count("pk", filter=Q(light=Light.YELLOW)), late=Count("pk", filter=Q(due_at__lte=at))
    )  # fmt: skip
    return Open(found["red"], found["yellow"], found["late"])


WAITING = Q(status=SurveyStatus.PENDING, outreach__state=OutreachState.OPEN)  # surveys whose call is still to be made


def survey_figures(user: User, at: datetime, calendar: BusinessCalendar) -> dict[str, Any]:
    """What stands above the list of surveys: who waits and since when, and the month's coverage (SAT-3)."""
    late, month = surveys.late_before(at, calendar), Month.of(bogota(at).date())
    part = Slice.of(month, **scope_of(user))
    waiting = Survey.objects.visible_to(user).filter(WAITING).aggregate(
        total=Count("pk"), late=Count("pk", filter=Q(served_on__lt=late)), reply=Count("pk", filter=Q(outreach__next_step=NextStep.REPLY))
    )  # fmt: skip
    coverage = [(area.label, metrics.coverage(part, area)) for area in areas_of(user)]
    return {"late": late, "ageing": waiting, "coverage": coverage, "month": month}


def pqrs_figures(user: User, today: date) -> dict[str, int]:
    """How many PQRS wait for an answer, are late, wait to be delivered, and to be closed."""
    return Pqrs.objects.visible_to(user).aggregate(
        pending=Count("pk", filter=Q(status=PqrsStatus.OPEN)), late=Count("pk", filter=Q(status=PqrsStatus.OPEN, due_on__lt=today)),
        to_deliver=Count("pk", filter=Q(status=PqrsStatus.ANSWERED, delivered_at__isnull=True)),
        to_close=Count("pk", filter=Q(status=PqrsStatus.ANSWERED, delivered_at__isnull=False)),
    )  # fmt: skip
