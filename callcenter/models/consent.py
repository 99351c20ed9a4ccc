"""What customers allow and refuse: exclusions and holds (Ley 2300 art. 5, Ley 1581)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from callcenter.enums import Channel, ExclusionScope, ExclusionSource
from callcenter.models.customers import Customer
from callcenter.models.organisation import User


class ExclusionQuerySet(models.QuerySet):
    def standing(self) -> "ExclusionQuerySet":
        return self.filter(withdrawn_at__isnull=True)


class Exclusion(models.Model):
    """«No me contacten»: of whom, by which channels (none named: all), for what. Effective at once."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="exclusions", verbose_name="cliente")
    scope = models.CharField("alcance", max_length=10, choices=ExclusionScope)
    channels = ArrayField(models.CharField(max_length=8, choices=Channel), verbose_name="canales", default=list, blank=True)
    source = models.CharField("origen", max_length=13, choices=ExclusionSource)
    since = models.DateTimeField("desde")
    note = models.CharField("nota", max_length=300, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="registró")
    withdrawn_at = models.DateTimeField("levantada", null=True, blank=True)

    objects = ExclusionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "exclusión", "exclusiones"
        indexes = [
            models.Index(fields=["customer"], condition=Q(withdrawn_at__isnull=True), name="exclusion_standing"),
        ]

    def __str__(self):
        return f"{self.get_scope_display()}: {self.customer}"
