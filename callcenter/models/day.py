"""An agent's day: what was typed and not yet saved, pauses, and the preparation that GSC-PRO-02 §2 asks."""

from django.db import models
from django.db.models import F, Q

from callcenter.enums import Programme
from callcenter.models.catalogue import Reason
from callcenter.models.organisation import User
from callcenter.models.outreach import Outreach


class Draft(models.Model):
    """The call form as it stood a moment ago: a lost session loses nothing."""

    outreach = models.ForeignKey(Outreach, models.CASCADE, related_name="drafts")
    agent = models.ForeignKey(User, models.CASCADE, db_index=False, related_name="+")
    data = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = "borrador", "borradores"
        constraints = [models.UniqueConstraint(fields=["outreach", "agent"], name="draft_one_per_agent")]

    def __str__(self):
        return f"Borrador de {self.agent} · {self.outreach}"


class PauseQuerySet(models.QuerySet):
    def running(self) -> "PauseQuerySet":
        return self.filter(ended_at__isnull=True)


class Pause(models.Model):
    """An agent away from the queue, and why."""

    agent = models.ForeignKey(User, models.CASCADE, related_name="pauses", verbose_name="agente")
    reason = models.ForeignKey(Reason, models.PROTECT, db_index=False, verbose_name="motivo")
    started_at = models.DateTimeField("desde")
    ended_at = models.DateTimeField("hasta", null=True, blank=True)

    objects = PauseQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "pausa", "pausas"
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(fields=["agent"], condition=Q(ended_at__isnull=True), name="pause_one_per_agent"),
            models.CheckConstraint(condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")), name="pause_ends_after_start"),
        ]

    def __str__(self):
        return f"{self.agent}: {self.reason}"


class Preparation(models.Model):
    """An agent's word that the tools were at hand before calling: who and when (PRO-10)."""

    agent = models.ForeignKey(User, models.CASCADE, related_name="preparations", verbose_name="agente")
    programme = models.CharField("programa", max_length=20, choices=Programme)
    day = models.DateField("día")
    at = models.DateTimeField("cuándo")
    missing = models.CharField("lo que faltaba", max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = "alistamiento", "alistamientos"
        constraints = [models.UniqueConstraint(fields=["agent", "programme", "day"], name="preparation_once_a_day")]

    def __str__(self):
        return f"{self.agent} · {self.get_programme_display()} · {self.day:%d/%m/%Y}"
