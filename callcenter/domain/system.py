"""The state of the machine in five figures, for whoever administers it (screens §2.5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from callcenter import roles
from callcenter.enums import WorkState
from callcenter.models import Pulse, User, WebhookDelivery
from callcenter.models.work import Work
from carrazos.lib.calendar import bogota

BACKUP_LATE = timedelta(days=1)
MANY_LOGINS = 20
KEPT_SECONDS = 2 * 24 * 3600


@dataclass(frozen=True)
class Machine:
    """`failed`: jobs of any kind that gave up; `webhooks`: those that came from Meta among them."""

    failed: int
    webhooks: int
    backup_at: datetime | None
    without_second_step: int
    failed_logins: int


def state(at: datetime) -> Machine:
    """Five figures in four queries."""
    tables = [connection.ops.quote_name(apps.get_model(label)._meta.db_table) for label in settings.JOBS]
    counted = " UNION ALL ".join(f"SELECT count(*) AS n FROM {table} WHERE work_state = %s" for table in tables)  # noqa: S608 -- our tables
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT sum(n) FROM ({counted}) AS jobs", [WorkState.FAILED] * len(tables))  # noqa: S608 -- see above
        failed = int(cursor.fetchone()[0])
    return Machine(
        failed, WebhookDelivery.objects.filter(work_state=WorkState.FAILED).count(),
        Pulse.objects.filter(name="backup").values_list("at", flat=True).first(), without_second_step(), cache.get(login_key(at), 0),
    )  # fmt: skip


def without_second_step() -> int:
    """Active people whose function asks for a second step and who have none."""
    return User.objects.filter(is_active=True, groups__name__in=roles.SECOND_STEP, authenticator__isnull=True).distinct().count()


def login_key(at: datetime) -> str:
    return f"failed-logins:{bogota(at):%Y-%m-%d}"


def login_failed(at: datetime) -> None:
    """Counts a wrong password of the day: how many, never whose."""
    if not cache.add(login_key(at), 1, KEPT_SECONDS):
        cache.incr(login_key(at))


def failures(most: int) -> list[tuple[str, Work]]:
    """(kind in words, row) of the jobs that gave up, the newest first; `row._meta.label` names the kind."""
    found = []
    for label in settings.JOBS:
        model = apps.get_model(label)
        rows = model.objects.filter(work_state=WorkState.FAILED).order_by("-finished_at")
        if any(field.name == "requested_by" for field in model._meta.concrete_fields):  # some work is nobody's: a webhook, a message
            rows = rows.select_related("requested_by")
        found += [(str(model._meta.verbose_name), row) for row in rows[:most]]
    return sorted(found, key=lambda line: line[1].finished_at or line[1].created_at, reverse=True)[:most]
