"""Long work as a row: claimed in one statement, counted before it starts, finished under its fence.

A worker that dies leaves a lease that runs out; the next ring starts the row again, three times at most.
"""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from callcenter.enums import WorkState

MAX_ATTEMPTS = 3
LEASE = timedelta(seconds=30)  # six heartbeats of a worker: what a killed one held waits no longer
BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))


# Somebody who asks for fifty reports gets them one after the other, and nobody else waits for all of them (reliability S27).
ONE_EACH = """AND NOT EXISTS (SELECT FROM {table} other WHERE other.requested_by_id = mine.requested_by_id AND other.id <> mine.id
                                            AND other.work_state = 'RUNNING')"""
SERVED_LAST = "(SELECT max(other.started_at) FROM {table} other WHERE other.requested_by_id = mine.requested_by_id) NULLS FIRST,"


class LostLease(Exception):
    """Somebody else holds the row now; whatever was written must be rolled back."""


class Work(models.Model):
    """A job somebody may wait for: state, attempts, lease, fence, progress and, if it failed, why."""

    one_each = False  # True: a person's rows are worked one at a time, and who waited longest since the last one goes first
    commits_itself = False  # True: its effects leave the database, so the job says by itself when each step is done

    work_state = models.CharField("estado del trabajo", max_length=8, choices=WorkState, default=WorkState.QUEUED)
    due_at = models.DateTimeField("desde", default=timezone.now)
    attempts = models.PositiveSmallIntegerField("intentos", default=0)
    lease_until = models.DateTimeField("reservado hasta", null=True, blank=True)
    fence = models.PositiveBigIntegerField("reserva", default=0)
    stage = models.CharField("etapa", max_length=60, blank=True)
    progress = models.PositiveIntegerField("avance", default=0)
    total = models.PositiveIntegerField("total", default=0)
    error = models.TextField("motivo de la falla", blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField("creado", default=timezone.now, db_index=True)
    started_at = models.DateTimeField("empezó", null=True, blank=True)
    finished_at = models.DateTimeField("terminó", null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=models.Q(attempts__lte=MAX_ATTEMPTS), name="%(class)s_attempts_bounded"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(work_state__in=[WorkState.QUEUED, WorkState.RUNNING]),
                name="%(class)s_due",
            ),
        ]

    @classmethod
    def claim(cls, *, lease: timedelta = LEASE) -> Self | None:
        """The oldest row that is due or whose worker died, now ours; None when there is none.

        One statement: the attempt is counted before the work, so that a row that kills its worker stops after three.
        """
        table = connection.ops.quote_name(cls._meta.db_table)
        fair, order = (ONE_EACH.format(table=table), SERVED_LAST.format(table=table)) if cls.one_each else ("", "")
        sql = f"""
            UPDATE {table} SET work_state = 'RUNNING', attempts = attempts + 1, fence = fence + 1, error = '',
                   started_at = clock_timestamp(), lease_until = clock_timestamp() + %(lease)s
             WHERE id = (SELECT id FROM {table} AS mine
                          WHERE attempts < %(most)s
                            AND ((work_state = 'QUEUED' AND due_at <= clock_timestamp())
                                 OR (work_state = 'RUNNING' AND lease_until < clock_timestamp())) {fair}
                          ORDER BY {order} due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id"""  # noqa: S608 -- the only thing put in is our own table's name
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql, {"lease": lease, "most": MAX_ATTEMPTS})
                row = cursor.fetchone()
        except IntegrityError:  # two workers took two rows of one person in the same instant: the other one keeps its own
            return None
        return cls.objects.get(pk=row[0]) if row else None

    @classmethod
    def give_up_dead(cls) -> int:
        """Fails the rows whose worker died for the last time allowed; how many there were."""
        dead = cls.objects.filter(work_state=WorkState.RUNNING, attempts__gte=MAX_ATTEMPTS, lease_until__lt=timezone.now())
        reason = f"El proceso se detuvo {MAX_ATTEMPTS} veces sin terminar. Avise al administrador."
        return dead.update(work_state=WorkState.FAILED, error=reason, finished_at=timezone.now(), lease_until=None)

    def held(self) -> models.QuerySet:
        """This row while its fence is still ours."""
        return type(self)._base_manager.filter(pk=self.pk, fence=self.fence, work_state=WorkState.RUNNING)

    def keep(self, *, stage: str, progress: int, total: int, lease: timedelta = LEASE) -> bool:
        """Renews the lease and shows progress; False when the row is no longer ours."""
        until = timezone.now() + lease
        return bool(self.held().update(lease_until=until, stage=stage[:60], progress=progress, total=total))

    def finish(self) -> None:
        """Marks the row done inside the transaction of its effects. Raises LostLease, which undoes them."""
        done = self.held().update(work_state=WorkState.DONE, finished_at=timezone.now(), lease_until=None, stage="")
        if not done:
            raise LostLease(f"{self._meta.label} {self.pk}")

    def fail(self, reason: str, *, final: bool) -> None:
        """Records why it failed: for good, or to be tried again after a pause."""
        if final or self.attempts >= MAX_ATTEMPTS:
            self.held().update(work_state=WorkState.FAILED, error=reason, finished_at=timezone.now(), lease_until=None)
        else:
            pause = BACK_OFF[self.attempts - 1]
            self.held().update(work_state=WorkState.QUEUED, error=reason, due_at=timezone.now() + pause, lease_until=None)

    def requeue(self) -> None:
        """Puts the row back in line as new work; its next claim gets a new fence."""
        self.work_state, self.attempts, self.error = WorkState.QUEUED, 0, ""
        self.due_at, self.finished_at, self.lease_until = timezone.now(), None, None
        self.stage, self.progress, self.total = "", 0, 0

    @property
    def actor_id(self) -> int | None:
        """Whose name stands beside what the job writes."""
        return self.requested_by_id

    @property
    def percent(self) -> int:
        return min(100, self.progress * 100 // self.total) if self.total else 0

    @property
    def is_running(self) -> bool:
        return self.work_state in {WorkState.QUEUED, WorkState.RUNNING}
