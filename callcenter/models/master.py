"""What is known about the master itself: old values, what SPIGA says instead, duplicates and their merges."""

from django.db import models
from django.db.models import F, Q

from callcenter.enums import AliasKind, ChangeSource, PairState
from callcenter.models.customers import Customer, Vehicle
from callcenter.models.organisation import User
from callcenter.models.work import Work
from carrazos.lib import phones, text

MASKS = {"phone": phones.masked, "email": text.masked_address}


class FieldChange(models.Model):
    """One value that a person changed, with what it was, or that the customer confirmed (CAR-4 keeps the old values)."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="changes", verbose_name="cliente")
    vehicle = models.ForeignKey(Vehicle, models.CASCADE, null=True, blank=True, db_index=False, related_name="changes")
    field = models.CharField("dato", max_length=40)
    old = models.CharField("antes", max_length=200, blank=True)
    new = models.CharField("ahora", max_length=200, blank=True)
    source = models.CharField("por qué", max_length=10, choices=ChangeSource)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="quién")
    at = models.DateTimeField("cuándo")

    class Meta:
        verbose_name, verbose_name_plural = "cambio de datos", "cambios de datos"
        ordering = ["-at", "-id"]

    def __str__(self):
        return f"{self.field}: {self.old} → {self.new}"

    @property
    def shown(self) -> tuple[str, str]:
        """(before, now) as a page shows them: telephones and addresses by half, as everywhere."""
        mask = MASKS.get(self.field, str)
        return mask(self.old), mask(self.new)


class CustomerAlias(models.Model):
    """A value that an agent corrected and that SPIGA still writes: an import knows the customer by it."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="aliases")
    kind = models.CharField(max_length=8, choices=AliasKind)
    key = models.CharField(max_length=160)

    class Meta:
        verbose_name, verbose_name_plural = "valor anterior", "valores anteriores"
        constraints = [models.UniqueConstraint(fields=["customer", "kind", "key"], name="customer_alias_unique")]
        indexes = [models.Index(fields=["kind", "key"], name="customer_alias_key")]

    def __str__(self):
        return self.key


class DifferenceQuerySet(models.QuerySet):
    def standing(self) -> "DifferenceQuerySet":
        return self.filter(dismissed_at__isnull=True)


class ImportDifference(models.Model):
    """What SPIGA's last file says of a field that an agent corrected: ours stays, theirs is shown."""

    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True, db_index=False, related_name="differences")
    vehicle = models.ForeignKey(Vehicle, models.CASCADE, null=True, blank=True, related_name="differences")
    field = models.CharField("dato", max_length=30)
    theirs = models.CharField("en SPIGA", max_length=200)
    seen_on = models.DateField("visto el")
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "diferencia con SPIGA", "diferencias con SPIGA"
        constraints = [
            models.UniqueConstraint(fields=["customer", "vehicle", "field"], nulls_distinct=False, name="import_difference_unique"),
            models.CheckConstraint(
                condition=Q(customer__isnull=True, vehicle__isnull=False) | Q(customer__isnull=False, vehicle__isnull=True),
                name="import_difference_of_one",
            ),
        ]

    def __str__(self):
        return f"{self.field}: {self.theirs}"


class PairQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "PairQuerySet":
        """Pairs of which both are the user's."""
        rows = self.filter(first__merged_into__isnull=True, second__merged_into__isnull=True)
        return rows if user.all_sites else rows.filter(first__sites__overlap=user.site_ids, second__sites__overlap=user.site_ids)

    def open(self) -> "PairQuerySet":
        return self.filter(state=PairState.OPEN)


class DuplicatePair(models.Model):
    """Two customers that may be one, with the points and the sentences that say why (domain/matching.py)."""

    first = models.ForeignKey(Customer, models.CASCADE, db_index=False, related_name="+")
    second = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField("puntaje")
    reasons = models.JSONField("por qué", default=list)
    state = models.CharField("estado", max_length=9, choices=PairState, default=PairState.OPEN)
    found_at = models.DateTimeField("encontrado")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = PairQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "posible duplicado", "posibles duplicados"
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="duplicate_pair_unique"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicate_pair_ordered"),
        ]
        indexes = [models.Index(fields=["-score", "id"], condition=Q(state=PairState.OPEN), name="duplicate_pair_open")]

    def __str__(self):
        return f"{self.first} = {self.second} ({self.score})"


class MergeQuerySet(models.QuerySet):
    def undoable(self) -> "MergeQuerySet":
        """Merges that stand and whose data nobody asked to erase."""
        return self.filter(undone_at__isnull=True).exclude(before={})


class CustomerMerge(models.Model):
    """A merge, with all that undoing it needs: which rows went over, which copies were made, which values were taken."""

    survivor = models.ForeignKey(Customer, models.PROTECT, related_name="merges", verbose_name="queda")
    loser = models.ForeignKey(Customer, models.PROTECT, related_name="+", verbose_name="se fusionó")
    score = models.PositiveSmallIntegerField("puntaje")
    reasons = models.JSONField("por qué", default=list)
    moved = models.JSONField(default=dict, editable=False)  # {"app.Model.field": [pk]}
    copied = models.JSONField(default=dict, editable=False)  # {"app.Model": [pk]}
    before = models.JSONField(default=dict, editable=False)  # of both: the fields that changed, as they were
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="quién")
    at = models.DateTimeField("cuándo")
    undone_at = models.DateTimeField("deshecha", null=True, blank=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")

    objects = MergeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "fusión", "fusiones"
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["loser"], condition=Q(undone_at__isnull=True), name="customer_merged_once"),
            models.CheckConstraint(condition=~Q(survivor=F("loser")), name="customer_merge_of_two"),
        ]

    def __str__(self):
        return f"{self.loser} → {self.survivor}"


class DuplicateScan(Work):
    """One search for duplicates over the whole master."""

    found = models.PositiveIntegerField("parejas por decidir", default=0)

    class Meta(Work.Meta):
        verbose_name, verbose_name_plural = "búsqueda de duplicados", "búsquedas de duplicados"
        ordering = ["-created_at"]

    def __str__(self):
        return f"Búsqueda del {self.created_at:%d/%m/%Y %H:%M}"
