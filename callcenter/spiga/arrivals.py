"""Has today's file of each source arrived, for every site and brand, and is it late? (GSC-PRO-02 §1, PRO-9)"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from callcenter.enums import BatchStatus
from callcenter.feeds import feeds
from callcenter.models import Brand, ImportBatch, ProgrammeSettings, Site, User
from callcenter.spiga.feed import OTHER_BRAND, Feed
from carrazos.lib.calendar import BusinessCalendar, bogota, start_of

DUE_AT = time(10, 0)
USUAL = timedelta(days=14)  # a brand that a site's lists held this lately is expected in today's
NOTHING = (BatchStatus.CANCELLED, BatchStatus.UNREADABLE, BatchStatus.UNDONE)


@dataclass(frozen=True)
class Arrival:
    """One source today: its file, the sites and brands that have none yet, and whether that is late."""

    kind: type[Feed]
    batch: ImportBatch | None
    last: ImportBatch | None  # the newest that was applied, of whatever day
    missing: tuple[str, ...]
    is_late: bool
    due_at: time

    @property
    def is_of_today(self) -> bool:
        """False for a source that comes once, but on the day it came."""
        return not self.kind.is_once or self.batch is not None

    @property
    def words(self) -> str:
        """`hoy 7:02, 214 filas` or `sin cargar`."""
        return f"hoy {bogota(self.batch.created_at):%H:%M}{count_of(self.batch)}" if self.batch else "sin cargar"

    @property
    def last_words(self) -> str:
        """`hoy 7:02, 214 filas`, `20/11/2026 7:05, 198 filas` or `ninguno`."""
        if self.batch or self.last is None:
            return self.words if self.batch else "ninguno"
        return f"{bogota(self.last.created_at):%d/%m/%Y %H:%M}{count_of(self.last)}"


def count_of(batch: ImportBatch) -> str:
    rows = batch.counts.get("read")
    return ", " + f"{rows:,} filas".replace(",", ".") if rows else ""


def today(user: User, *, at: datetime, calendar: BusinessCalendar) -> list[Arrival]:
    """Every source that the user may import, in the house's order. A daily source is late on a business day after its hour."""
    moment = bogota(at)
    since = start_of(moment.date())
    rows = ImportBatch.objects.visible_to(user).filter(created_at__gte=since, created_at__lt=since + timedelta(days=1), retry_of=None)
    batches = list(rows.exclude(status__in=NOTHING).order_by("-created_at"))
    newest = ImportBatch.objects.visible_to(user).filter(status=BatchStatus.APPLIED, retry_of=None)
    last = {batch.feed: batch for batch in newest.order_by("feed", "-created_at").distinct("feed")}
    hours = dict(ProgrammeSettings.objects.exclude(file_due_at=None).values_list("programme", "file_due_at"))
    sites = dict(Site.objects.filter(pk__in=user.site_ids, is_active=True).values_list("pk", "name"))
    found = []
    for slug, kind in feeds().items():
        if not user.has_perm(kind.permission):
            continue
        mine = [batch for batch in batches if batch.feed == slug]
        applied = [batch for batch in mine if batch.status == BatchStatus.APPLIED]
        loaded = {pk for batch in applied for pk in (*batch.about.get("sites", []), batch.site_id)}
        missing = tuple(name for pk, name in sites.items() if pk not in loaded) if kind.is_daily else ()
        if applied and kind.is_daily:
            missing += brands_missing(user, kind, applied, {pk: name for pk, name in sites.items() if pk in loaded}, since)
        due_at = hours.get(kind.programme, DUE_AT)
        late = bool(missing) and calendar.is_business_day(moment.date()) and moment.time() >= due_at
        found.append(Arrival(kind, next(iter(applied or mine), None), last.get(slug), missing, late, due_at))
    return found


def brands_missing(user: User, kind: type[Feed], applied: list[ImportBatch], sites: dict[int, str], since: datetime) -> tuple[str, ...]:
    """`Sede Norte (Kia)`: what the lists of the last days held and today's do not, of sites whose list came."""
    recent = ImportBatch.objects.filter(feed=kind.slug, status=BatchStatus.APPLIED, created_at__gte=since - USUAL, created_at__lt=since)
    usual = {tuple(pair) for about in recent.values_list("about__pairs", flat=True) for pair in about or ()}
    lacking = usual - {tuple(pair) for batch in applied for pair in batch.about.get("pairs", ())}
    brands = dict(Brand.objects.filter(is_active=True, pk__in=user.brand_ids).exclude(code=OTHER_BRAND).values_list("pk", "name"))
    return tuple(f"{sites[site]} ({brands[brand]})" for site, brand in sorted(lacking) if site in sites and brand in brands)
