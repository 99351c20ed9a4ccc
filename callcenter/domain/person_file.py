"""Everything that is held of one person, table by table, as they may ask for it (Ley 1581 arts. 8 and 14)."""

from datetime import date, datetime

from django.db import models

from callcenter.domain.personal_data import Holding, holdings
from callcenter.models import Customer
from carrazos.lib.calendar import bogota

TECHNICAL = ("id", "key", "body_hash", "fence", "lease_until", "work_state", "attempts", "due_at", "stage", "progress", "total", "before", "moved",
             "copied", "name_key", "sites", "edited_fields", "version")  # fmt: skip
MOST_ROWS = 2_000


def readable(row: models.Model, field: models.Field) -> object:
    """A value as a person reads it."""
    value = field.value_from_object(row)
    if value in (None, "", [], {}):
        return None
    if field.is_relation:
        return str(getattr(row, field.name))
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, datetime):
        return f"{bogota(value):%d/%m/%Y %H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(field, models.FileField):
        return "archivo guardado"
    if isinstance(value, bool):
        return "sí" if value else "no"
    return value if isinstance(value, int | list | dict) else str(value)


def rows_of(holding: Holding, ids: list[int]) -> list[dict]:
    model = holding.model
    fields = [field for field in model._meta.concrete_fields
              if field.name not in TECHNICAL and not isinstance(field, models.BinaryField)
              and not (field.is_relation and field.related_model is Customer)]  # fmt: skip
    links = [field.name for field in fields if field.is_relation]
    found = holding.rows(ids).select_related(*links).order_by("pk")[:MOST_ROWS]
    told = [
        {str(field.verbose_name).capitalize(): value for field in fields if (value := readable(row, field)) is not None} for row in found
    ]
    return [row for row in told if row]


def person_file(customer: Customer, *, at: datetime) -> dict:
    """{"titular", "generado", "datos": {what: [rows]}} with the words of the screens."""
    ids = [customer.pk, *Customer.objects.filter(merged_into=customer).values_list("pk", flat=True)]
    data = {}
    for holding in holdings():
        if holding.via is not None and (rows := rows_of(holding, ids)):
            data.setdefault(str(holding.model._meta.verbose_name_plural).capitalize(), []).extend(rows)
    return {"titular": customer.name, "documento": customer.document, "generado": f"{bogota(at):%d/%m/%Y %H:%M}", "datos": data}
