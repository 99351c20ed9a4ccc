"""What the product keeps about itself and its users' screens."""

from django.db import models


class Pulse(models.Model):
    """The last time a part of the machinery was seen alive (readiness asks, not «is there a process»)."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = "latido", "latidos"

    def __str__(self):
        return f"{self.name}: {self.at:%d/%m/%Y %H:%M:%S}"
