"""Targets: who may set which, for which period (CRM-R8)."""

from datetime import datetime

from django.db import transaction

from callcenter.models import Brand, Employee, Site, User
from carrazos.lib.periods import Period
from crm_audit.enums import TargetKind
from crm_audit.models import Target


def set_target(
    kind: TargetKind,
    period: Period,
    brand: Brand,
    value: int | None,
    *,
    site: Site | None = None,
    advisor: Employee | None = None,
    by: User,
    at: datetime,
) -> Target | None:
    """Sets the target of a brand, or of one site or advisor of it; no value takes it away."""
    key = {"kind": kind, "period": period.code, "brand": brand, "site": site, "advisor": advisor}
    with transaction.atomic():
        if value is None:
            Target.objects.filter(**key).delete()
            return None
        target, _ = Target.objects.update_or_create(**key, defaults={"value": value, "set_by": by, "set_at": at})
        return target


def copy_from(before: Period, period: Period, *, brands: list[int], by: User, at: datetime) -> int:
    """Takes over the targets of an earlier period that this one lacks; how many."""
    rows = Target.objects.filter(period=before.code, brand__in=brands)
    taken = 0
    with transaction.atomic():
        for row in rows:
            _, created = Target.objects.get_or_create(
                kind=row.kind, period=period.code, brand=row.brand, site=row.site, advisor=row.advisor,
                defaults={"value": row.value, "set_by": by, "set_at": at},
            )  # fmt: skip
            taken += created
    return taken
