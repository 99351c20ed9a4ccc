"""What people must know inside the product, and the digest by mail in working hours (screens §2.5)."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime, time

from django.db import transaction
from django.db.models import Count

from callcenter.domain import mail, papers
from callcenter.domain.errors import Refused
from callcenter.models import Mail, Notification, User
from callcenter.prepared import Given, PreparedRows
from callcenter.roles import Role
from carrazos.lib.calendar import BusinessCalendar, bogota

DIGEST_HOURS = (time(8), time(17))  # of business days
DIGEST_MAX = 30
SAID = "said:"
WARN_DAYS = (60, 30, 0)  # before a document expires (domain 1.9)


def notify(users: Iterable[User], key: str, text: str, *, url: str = "", at: datetime) -> int:
    """One notice per person and key: the same fact twice tells nobody twice. Returns how many asked for it."""
    rows = [Notification(user=user, key=key[:120], text=text[:300], url=url[:300], at=at) for user in users]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def holders(*functions: Role) -> list[User]:
    """Everybody active with one of the functions."""
    names = [role.value for role in functions]
    return list(User.objects.filter(is_active=True, groups__name__in=names).distinct())


UNREAD = PreparedRows(Notification.objects.unread().filter(user__among=Given("users")).values_list("user").annotate(Count("pk")))


def unread_count(user: User) -> int:
    """How many notices wait: every page asks it."""
    return dict(UNREAD(users=[user.pk])).get(user.pk, 0)


def mark_read(user: User, *, at: datetime, pk: int | None = None) -> int:
    """Marks one's notices as seen: one of them, or all."""
    rows = Notification.objects.visible_to(user).unread()
    return (rows if pk is None else rows.filter(pk=pk)).update(read_at=at)


def say_to(user: User, text: str, *, by: User, key: uuid.UUID, at: datetime) -> None:
    """A word from who supervises to an agent; the same form twice says it once. Raises Refused without words."""
    if not text.strip():
        raise Refused("Escriba el aviso.")
    notify([user], f"{SAID}{key}", f"{by}: {text.strip()}", url="/avisos/", at=at)


def said_to(user: User) -> list[Notification]:
    """What was said to an agent and they have not seen."""
    return list(Notification.objects.visible_to(user).unread().filter(key__startswith=SAID))


def digest(at: datetime, calendar: BusinessCalendar) -> int:
    """One mail a day to each person with unread notices, in working hours; how many were posted."""
    now = bogota(at)
    if not calendar.is_business_day(now.date()) or not DIGEST_HOURS[0] <= now.time() < DIGEST_HOURS[1]:
        return 0
    posted, day = 0, f"{now:%Y-%m-%d}"
    waiting = Notification.objects.unread().filter(mailed_at__isnull=True, user__is_active=True).exclude(user__email="")
    for user in User.objects.filter(pk__in=waiting.values("user")):
        with transaction.atomic():
            rows = list(waiting.filter(user=user).select_for_update(skip_locked=True, of=("self",)).order_by("-at"))
            # What comes after the day's mail waits for tomorrow's.
            if not rows or Mail.objects.filter(key=f"digest:{user.pk}:{day}").exists():
                continue
            lines = [f"- {row.text}" for row in rows[:DIGEST_MAX]]
            if len(rows) > DIGEST_MAX:
                lines.append(f"… y {len(rows) - DIGEST_MAX} más en la campana de la aplicación.")
            body = "\n".join([f"{user.first_name or user}, esto espera por usted:", "", *lines, "", "Carrazos SAS · Gestión Clientes"])
            subject = "1 aviso sin leer" if len(rows) == 1 else f"{len(rows)} avisos sin leer"
            mail.post(f"digest:{user.pk}:{day}", [user.email], subject, body)
            Notification.objects.filter(pk__in=[row.pk for row in rows]).update(mailed_at=at)
            posted += 1
    return posted


def warn_of_expiry(today: date, *, at: datetime) -> int:
    """Tells quality and management 60, 30 and 0 days before the version in force of a document expires (domain 1.9)."""
    told = 0
    people = holders(Role.QUALITY_COORDINATOR, Role.GENERAL_MANAGEMENT)
    for version in papers.in_force(today):
        if version.valid_until is None:
            continue
        left = (version.valid_until - today).days
        reached = [days for days in WARN_DAYS if left <= days]
        if reached:
            words = f"vence el {version.valid_until:%d/%m/%Y}" if left >= 0 else f"está vencido desde el {version.valid_until:%d/%m/%Y}"
            text = f"{version.document.code} {version.document.title}, versión {version.number}, {words}."
            told += notify(people, f"document:{version.pk}:{min(reached)}", text, url=f"/documentos/{version.document.code}/", at=at)
    return told
