"""Workshop appointments: booked in a call, kept or not (GSC-PRO-02 §4)."""

import uuid

from django.db import models
from django.db.models import Q

from callcenter.enums import AppointmentStatus
from callcenter.models.audit import audited
from callcenter.models.catalogue import Reason
from callcenter.models.customers import Customer, Vehicle
from callcenter.models.organisation import Brand, Employee, ScopedQuerySet, Site, User
from callcenter.models.outreach import Attempt, Outreach
from callcenter.models.workshop import WorkOrder

STANDING = (AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED)
DECIDED = (AppointmentStatus.FULFILLED, AppointmentStatus.NO_SHOW, AppointmentStatus.CANCELLED)


class CapacityException(models.Model):
    """A day on which a site takes another number of cars: fewer technicians, a campaign, an inventory (0: none)."""

    site = models.ForeignKey(Site, models.CASCADE, db_index=False, related_name="capacity_exceptions", verbose_name="sede")
    day = models.DateField("día")
    appointments = models.PositiveSmallIntegerField("cupo")
    note = models.CharField("motivo", max_length=120, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = "cupo especial", "cupos especiales"
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="capacity_once_a_day")]

    def __str__(self):
        return f"{self.site} {self.day:%d/%m/%Y}: {self.appointments}"


class AppointmentQuerySet(ScopedQuerySet):
    def standing(self) -> "AppointmentQuerySet":
        return self.filter(status__in=STANDING)

    def on_day(self, start, end) -> "AppointmentQuerySet":
        return self.filter(starts_at__gte=start, starts_at__lt=end)

    def for_list(self) -> "AppointmentQuerySet":
        return self.select_related(
            "customer", "vehicle__brand", "site", "advisor", "booked_by", "decided_by", "reason", "work_order", "replaces__decided_by"
        ).order_by("starts_at", "id")


class Appointment(models.Model):
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    outreach = models.ForeignKey(Outreach, models.PROTECT, null=True, blank=True, related_name="appointments", verbose_name="gestión")
    attempt = models.OneToOneField(Attempt, models.PROTECT, null=True, blank=True, related_name="appointment")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="appointments", verbose_name="cliente")
    vehicle = models.ForeignKey(Vehicle, models.PROTECT, null=True, blank=True, related_name="appointments", verbose_name="vehículo")
    site = models.ForeignKey(Site, models.PROTECT, verbose_name="sede")
    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name="marca")
    advisor = models.ForeignKey(Employee, models.PROTECT, null=True, blank=True, verbose_name="asesor")
    service = models.CharField("servicio", max_length=160)
    starts_at = models.DateTimeField("fecha y hora")
    status = models.CharField("estado", max_length=11, choices=AppointmentStatus, default=AppointmentStatus.SCHEDULED)
    reason = models.ForeignKey(Reason, models.PROTECT, null=True, blank=True, verbose_name="motivo")
    note = models.CharField("nota", max_length=500, blank=True)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name="reprograma")
    booked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="agendó")
    booked_at = models.DateTimeField("agendada el")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField("estado desde", null=True, blank=True)
    # What proves that the customer came: an order proves one appointment (domain/kept.py).
    work_order = models.OneToOneField(
        WorkOrder, models.SET_NULL, null=True, blank=True, related_name="appointment", verbose_name="orden de trabajo"
    )
    proved_at = models.DateTimeField("probada el", null=True, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "cita", "citas"
        triggers = audited(inserts=False)
        constraints = [
            models.UniqueConstraint(
                fields=["vehicle"], condition=Q(status__in=STANDING, vehicle__isnull=False), name="appointment_one_standing"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[AppointmentStatus.NO_SHOW, AppointmentStatus.CANCELLED, AppointmentStatus.RESCHEDULED])
                | Q(reason__isnull=False),
                name="appointment_has_reason",
            ),
        ]
        indexes = [models.Index(fields=["site", "starts_at"], name="appointment_day")]
        permissions = [("see_appointments", "Puede ver citas"), ("manage_appointments", "Puede marcar y mover citas")]

    def __str__(self):
        return f"{self.customer} · {self.starts_at:%d/%m/%Y %H:%M}"

    @property
    def is_standing(self) -> bool:
        return self.status in STANDING

    @property
    def is_correctable(self) -> bool:
        """Somebody's word, which may be wrong: not proved by a work order, not moved to another day."""
        return self.status in DECIDED and self.work_order_id is None
