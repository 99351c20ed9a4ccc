"""Goals of the indicators and the figures of closed months (domain 1.6: a closed month does not move)."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from callcenter.models import Brand, Site, User
from carrazos.lib.ratios import NO_TARGET, Count, Ratio, TargetRatio

GOALS_ELSEWHERE = ("IND-05", "IND-06")  # satisfaction: the goal is beside its formula, in satisfaction.SatisfactionRules


class Goal(models.Model):
    """What an indicator must reach from a month on; the most specific one that has begun rules."""

    indicator = models.CharField("indicador", max_length=8)
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, verbose_name="marca")
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, verbose_name="sede")
    since = models.DateField("desde")
    value = models.DecimalField("meta (%)", max_digits=5, decimal_places=1)

    class Meta:
        verbose_name, verbose_name_plural = "meta de indicador", "metas de indicadores"
        ordering = ["indicator", "-since"]
        constraints = [
            models.UniqueConstraint(fields=["indicator", "brand", "site", "since"], nulls_distinct=False, name="goal_unique"),
            models.CheckConstraint(condition=Q(value__gt=0), name="goal_positive"),
            models.CheckConstraint(
                condition=~Q(indicator__in=GOALS_ELSEWHERE),
                name="goal_not_of_satisfaction",
                violation_error_message="La meta de la satisfacción (IND-05 e IND-06) se escribe en «Reglas de satisfacción».",
            ),
        ]

    def __str__(self):
        return f"{self.indicator}: {self.value} %"


class IndicatorSnapshot(models.Model):
    """One indicator of one closed month, for the whole company, a brand, a site, or both. The database lets nobody change it."""

    indicator = models.CharField("indicador", max_length=8)
    month = models.CharField("mes", max_length=7)
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, verbose_name="marca")
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, verbose_name="sede")
    name = models.CharField("nombre", max_length=80)
    hits = models.BigIntegerField("numerador")
    total = models.BigIntegerField("denominador", null=True, blank=True)
    goal = models.DecimalField("meta (%)", max_digits=5, decimal_places=1, null=True, blank=True)
    text = models.CharField("valor", max_length=20)
    formula = models.CharField("fórmula", max_length=300)
    closed_at = models.DateTimeField("cerrado")
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="cerró")

    class Meta:
        verbose_name, verbose_name_plural = "indicador cerrado", "indicadores cerrados"
        ordering = ["-month", "indicator"]
        constraints = [
            models.UniqueConstraint(fields=["indicator", "month", "brand", "site"], nulls_distinct=False, name="snapshot_unique"),
        ]

    def __str__(self):
        return f"{self.indicator} {self.month}: {self.text}"

    @property
    def figure(self) -> Ratio | Count:
        """The frozen figure as screens and charts want it."""
        if self.total is None:
            return Count(self.name, self.hits, code=self.indicator, formula=self.formula)
        goal = None if self.goal is None else Decimal(self.goal)
        kind = TargetRatio if self.text == NO_TARGET else Ratio
        return kind(self.name, self.hits, self.total, goal, code=self.indicator, formula=self.formula)
