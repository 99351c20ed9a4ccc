"""What the board shows: six lanes, the figures above them, the counts of the chips (screens §2.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
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
REVIEW_DAYS = 30  # a closed case waits so long for the director's look
CARDS = 25
WORKING = (Light.RED, Light.YELLOW)


QUICK = (
    ("mias", "Míos"), ("vencidos", "Vencidos"), ("hoy", "Vencen hoy"), ("reiterados", "Reiterados"), ("garantia", "Garantía"),
    ("portal", "Portal de la marca"), ("confirmar", "Por confirmar"), ("revisar", "Por revisar"),
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
        "revisar": Q(
            light__in=[Light.GREEN, Light.LIGHT_GREEN, Light.PURPLE],
            closed_at__gte=at - timedelta(days=REVIEW_DAYS),
            reviewed_at__isnull=True,
        ),
    }[name]


@dataclass(frozen=True, slots=True)
class Card:
    """A case as a lane shows it: read as it is drawn, by one query, without building the rows of seven tables."""

    pk: int
    light: str
    score: int | None
    voice: str
    customer: str
    plate: str
    brand: str
    portal: str
    site: str
    owner: str
    due_words: str
    is_late: bool
    closed_at: datetime | None
    repeats: int  # 0: not repeated
    is_warranty: bool
    in_portal: bool


CARD = (
    "pk", "light", "status", "kind", "score", "voice", "due_at", "closed_at", "is_repeated", "repeats", "is_warranty", "brand_portal_answered",
    "customer__name", "vehicle__plate", "brand__name", "brand__portal_name", "site__name", "owner__first_name", "owner__last_name",
    "owner__username",
)  # fmt: skip


def card_of(row: dict[str, Any], at: datetime, calendar: BusinessCalendar) -> Card:
    is_open = row["light"] in WORKING
    return Card(
        pk=row["pk"], light=row["light"], score=row["score"], voice=row["voice"], customer=row["customer__name"],
        plate=row["vehicle__plate"] or "", brand=row["brand__name"], portal=row["brand__portal_name"], site=row["site__name"],
        owner=f"{row['owner__first_name'] or ''} {row['owner__last_name'] or ''}".strip() or row["owner__username"] or "",
        due_words=escalation.due_words(row["due_at"], at, calendar) if is_open else "",
        is_late=is_open and escalation.is_overdue(row["due_at"], at), closed_at=row["closed_at"],
        repeats=row["repeats"] if row["is_repeated"] else 0, is_warranty=row["is_warranty"], in_portal=row["brand_portal_answered"],
    )  # fmt: skip


@dataclass(frozen=True)
class Lane:
    """One colour: its cards, how many there are in all, how many are left out."""

    light: Light
    title: str
    count: int
    cards: Sequence[Card]

    @property
    def left_out(self) -> int:
        return self.count - len(self.cards)


def recent(light: Light, at: datetime) -> Q:
    """Which rows of a colour the board counts: all open ones, closed and blue ones of the last days."""
    since = at - timedelta(days=SHOWN_DAYS)
    if light in WORKING:
        return IS_OPEN & Q(light=light)
    return Q(light=light, opened_at__gte=since) if light == Light.BLUE else Q(light=light, closed_at__gte=since)


def ordered(rows: QuerySet[FollowUp], light: Light) -> QuerySet[FollowUp]:
    """What is late comes first; of what is closed, the newest."""
    if light in WORKING:
        return rows.order_by("due_at", "id")
    return rows.order_by("-opened_at" if light == Light.BLUE else F("closed_at").desc(), "-id")


def lanes(
    rows: QuerySet[FollowUp], *, at: datetime, calendar: BusinessCalendar, lights: Sequence[Light], counts: dict[str, int] | None = None
) -> list[Lane]:
    """The lanes of a filtered queryset in two queries: one counts (unless that is known), one brings every card."""
    if counts is None:
        counts = rows.filter(any_of(recent(light, at) for light in lights)).aggregate(**lane_counts(lights, at))
    picks = [ordered(rows.filter(recent(light, at)), light).values(*CARD)[:CARDS] for light in lights]
    cards: dict[str, list[Card]] = {light: [] for light in lights}
    for row in picks[0].union(*picks[1:], all=True):
        cards[row["light"]].append(card_of(row, at, calendar))
    return [Lane(light, titles(light), counts[light.value], cards[light]) for light in lights]


def lane_counts(lights: Sequence[Light], at: datetime) -> dict[str, Count]:
    return {light.value: Count("pk", filter=recent(light, at)) for light in lights}


def any_of(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions)


def counts(user: User, at: datetime, lights: Sequence[Light]) -> dict[str, int]:
    """In one query: the rows of each lane, of each chip, and `late` (red or yellow), of what this person may see."""
    chips = {name: quick_filter(name, user=user, at=at) for name, _ in QUICK}
    wanted = any_of([IS_OPEN, chips["portal"], chips["confirmar"], chips["revisar"], *(recent(light, at) for light in lights)])
    return FollowUp.objects.visible_to(user).filter(wanted).aggregate(
        **lane_counts(lights, at), **{name: Count("pk", filter=condition) for name, condition in chips.items()},
        late=Count("pk", filter=chips["vencidos"]),
    )  # fmt: skip


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
