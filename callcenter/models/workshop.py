"""Work orders of the workshop, as SPIGA exports them: what proves a visit (domain 3.4, 3.5)."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from callcenter.models.customers import Customer, Vehicle
from callcenter.models.organisation import Brand, Employee, ScopedQuerySet, Site
from callcenter.models.spiga import ImportBatch


class WorkOrderQuerySet(ScopedQuerySet):
    def visits(self) -> "WorkOrderQuerySet":
        """Orders that prove that a customer came: neither internal (alistamiento) nor cancelled, and finished."""
        return self.filter(is_internal=False, is_cancelled=False, visited_on__isnull=False)

    def of(self, customer: Customer) -> "WorkOrderQuerySet":
        """The workshop's history of a person, with the `day` of each order: the orders that name them, whatever became of the car,
        and those of their vehicles from the day the relation is known until it ended or they said that they had sold it.
        """
        rows = self.annotate(day=Coalesce("visited_on", "opened_on"))
        tie = "vehicle__parties__"
        held = rows.filter(
            Q(**{f"{tie}since__isnull": True}) | Q(**{f"{tie}since__lte": F("day")}),
            Q(**{f"{tie}until__isnull": True}) | Q(**{f"{tie}until__gte": F("day")}),
            Q(vehicle__sold_at__isnull=True)
            | Q(vehicle__sold_at__date__gte=F("day"))
            | Q(**{f"{tie}since__gt": F("vehicle__sold_at__date")}),
            **{f"{tie}customer": customer},
        )
        # A union, not an OR: each side is an index look-up, the OR reads every order of the house.
        return rows.filter(pk__in=rows.filter(customer=customer).order_by().values("pk").union(held.order_by().values("pk")))


class WorkOrder(models.Model):
    """One order of one site; its invoices (`-1`, `-2`) are parts of it. The key is the number without that suffix."""

    site = models.ForeignKey(Site, models.PROTECT, db_index=False, verbose_name="sede")
    number = models.CharField("número de OT", max_length=40)  # upper case, no spaces, without the invoice suffix
    brand = models.ForeignKey(Brand, models.PROTECT, db_index=False, verbose_name="marca")
    vehicle = models.ForeignKey(Vehicle, models.PROTECT, db_index=False, related_name="work_orders", verbose_name="vehículo")
    # Who is spoken to; «Cliente Fra.» may be an insurer or the importer, kept in `invoiced_to`.
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, db_index=False, related_name="work_orders", verbose_name="cliente"
    )
    invoiced_to = models.CharField("facturada a", max_length=160, blank=True)
    advisor = models.ForeignKey(Employee, models.PROTECT, null=True, blank=True, db_index=False, verbose_name="asesor")
    advisor_name = models.CharField("asesor en SPIGA", max_length=80, blank=True)
    section = models.CharField("sección", max_length=60, blank=True)
    charge = models.CharField("tipo de cargo", max_length=60, blank=True)
    entry_reason = models.CharField("motivo de entrada", max_length=300, blank=True)
    opened_on = models.DateField("fecha de entrada", null=True, blank=True)
    delivered_on = models.DateField("fecha de entrega", null=True, blank=True)
    invoiced_on = models.DateField("fecha de factura", null=True, blank=True)
    # The day that counts as the visit: delivery, else invoice. Empty while the car is still in the workshop.
    visited_on = models.GeneratedField(
        expression=models.functions.Coalesce(F("delivered_on"), F("invoiced_on")), output_field=models.DateField(), db_persist=True
    )
    odometer_km = models.PositiveIntegerField("kilómetros", null=True, blank=True)
    is_internal = models.BooleanField("interna o alistamiento", default=False)
    is_warranty = models.BooleanField("garantía", default=False)
    is_cancelled = models.BooleanField("anulada", default=False)
    is_void = models.BooleanField("anulada en SPIGA", default=False, editable=False)
    # Invoice suffix → pesos: credit notes that take the whole order back cancel it, whichever file came first.
    amounts = models.JSONField("valores por factura", default=dict, editable=False)
    batch = models.ForeignKey(ImportBatch, models.PROTECT, null=True, blank=True, related_name="work_orders", verbose_name="listado")
    created_at = models.DateTimeField("registrada", db_default=models.functions.Now())

    objects = WorkOrderQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "orden de trabajo", "órdenes de trabajo"
        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="work_order_unique"),
            models.CheckConstraint(condition=~Q(number=""), name="work_order_has_number"),
        ]
        indexes = [
            models.Index(fields=["vehicle", "-visited_on"], name="work_order_vehicle"),
            models.Index(fields=["customer", "-visited_on"], name="work_order_customer"),
            models.Index(fields=["site", "visited_on"], name="work_order_day"),
        ]

    def __str__(self):
        return f"Orden {self.number} ({self.site})"
