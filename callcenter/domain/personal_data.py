"""Where personal data lives: one line for every table, so that a person's file and their erasing forget none.

`tests/security/test_personal_data.py` refuses a table of ours without a line and a text column that no line speaks of.
A programme declares its own tables in its `personal_data.py`, named in settings.PERSONAL_DATA.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.utils.module_loading import import_string

TEXT_FIELDS = (models.TextField, models.CharField, models.JSONField, models.FileField, models.EmailField)


ERASED_WORD = "Suprimido"


@dataclass(frozen=True)
class Holding:
    """What one table holds of a person.

    `via` is the way from its rows to the customer ("" the customer itself), `also` a second one. `erase` are the columns emptied, `keep` the text
    columns that say nothing of the person (codes, hashes, our own words). `drop`: the whole row goes. `scrub`: the table
    names people without pointing at them; columns that hold one of their identifiers are emptied.
    """

    table: str
    via: str | None = None
    also: str = ""
    erase: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    drop: bool = False
    scrub: tuple[str, ...] = ()
    copies: str = ""  # a file column with copies of lists that can be made again: every one of them goes
    values: tuple[tuple[str, object], ...] = ()  # what an erased column becomes, when it is neither empty nor ERASED_WORD
    keeps_place: tuple[str, ...] = ()  # file columns that must not be empty: the file is replaced by one that says so

    @property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.table)

    def rows(self, customer_ids: list[int]) -> models.QuerySet:
        """The rows of these people."""
        ways = [f"{way}__in" for way in (self.via or "pk", self.also) if way]
        return self.model._base_manager.filter(models.Q.create([(way, customer_ids) for way in ways], connector=models.Q.OR))

    def blank(self, name: str) -> object:
        """What an erased column becomes: empty, or one word where a text must not be."""
        given = dict(self.values)
        if name in given:
            return given[name]
        field = self.model._meta.get_field(name)
        if isinstance(field, models.FileField):
            return ""
        if isinstance(field, models.BinaryField):
            return b""
        if isinstance(field, models.JSONField):
            return None if field.null else field.get_default()
        if field.get_internal_type() == "ArrayField":
            return []
        word = models.Value(ERASED_WORD[: field.max_length or None])
        return models.Case(models.When(**{name: ""}, then=models.Value("")), default=word, output_field=models.TextField())


def nothing(*tables: str) -> tuple[Holding, ...]:
    """Tables that hold nothing of a customer."""
    return tuple(Holding(table) for table in tables)


@dataclass(frozen=True)
class Term:
    """How long something is kept: rows whose `column` is older lose `erase`, or go whole."""

    table: str
    column: str
    days: int
    erase: tuple[str, ...] = ()

    @property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.table)

    @property
    def what(self) -> str:
        return ", ".join(self.erase) or "filas"

    def empty(self, rows: models.QuerySet) -> int:
        """Empties the rows that still hold something; how many."""
        if not self.erase:
            return rows.delete()[0]
        line = next(holding for holding in holdings() if holding.table == self.table)
        empty = {name: "" if isinstance(self.model._meta.get_field(name), models.CharField | models.TextField) else line.blank(name)
                 for name in self.erase}  # fmt: skip
        full = rows.exclude(**empty)
        for name in self.erase:
            if isinstance(self.model._meta.get_field(name), models.FileField):
                for stored in full.exclude(**{name: ""}).values_list(name, flat=True):
                    default_storage.delete(stored)
        return full.update(**empty)


YEAR = 365
# Decreto 1377 art. 11: only as long as it is reasonable and needed (the owner's terms, domain 2.3).
KERNEL_TERMS = (
    Term("callcenter.Attempt", "at", 5 * YEAR, ("note", "before")),
    Term("callcenter.Message", "sent_at", 5 * YEAR, ("body", "variables")),
    Term("callcenter.InboundMessage", "at", 5 * YEAR, ("body",)),
    Term("callcenter.Evidence", "uploaded_at", 2 * YEAR, ("file", "original_name")),
    Term("callcenter.ImportBatch", "created_at", YEAR, ("file",)),
    Term("callcenter.ImportRow", "batch__created_at", YEAR, ("raw", "value")),
    Term("callcenter.ImportChange", "batch__created_at", YEAR),  # an undo needs them for a day; what was corrected since is in the trail
    Term("callcenter.ListExport", "created_at", 7, ("file",)),
    Term("callcenter.Notification", "at", YEAR),
    Term("callcenter.Draft", "saved_at", 7),
)


@cache
def terms() -> tuple[Term, ...]:
    """Every term of the house."""
    return tuple(term for path in settings.RETENTION for term in import_string(path))


ERASED_NAME = "Titular suprimido"
KERNEL = (
    Holding("callcenter.Customer", via="", erase=("name", "raw_name", "name_key", "document_type", "document_number", "check_digit",
            "document_key", "dms_code", "city"), keep=("company_reason", "edited_fields"),
            values=(("name", ERASED_NAME), *((name, "") for name in ("raw_name", "name_key", "document_type", "document_number", "check_digit",
                    "document_key", "dms_code", "city")))),
    Holding("callcenter.ContactPoint", via="customer", erase=("value", "label", "last_result"), keep=("phone_kind", "rne_channels")),
    Holding("callcenter.CustomerAlias", via="customer", drop=True),
    Holding("callcenter.FieldChange", via="customer", erase=("old", "new"), keep=("field",), scrub=("old", "new")),
    Holding("callcenter.ImportDifference", via="customer", drop=True),
    Holding("callcenter.DuplicatePair", via="first", also="second", drop=True),
    Holding("callcenter.CustomerMerge", via="survivor", also="loser", erase=("reasons", "before"), keep=("moved", "copied")),
    Holding("callcenter.CompanyContact", via="person", drop=True),
    Holding("callcenter.VehicleParty", via="customer", drop=True),
    Holding("callcenter.Outreach", via="customer", erase=("note",), keep=("reason",)),
    Holding("callcenter.Motive", via="outreach__customer", keep=("reference", "reason")),
    Holding("callcenter.Attempt", via="outreach__customer", erase=("note", "before"), keep=("body_hash", "policy_version")),
    Holding("callcenter.Skip", via="outreach__customer"),
    Holding("callcenter.Touch", via="customer"),
    Holding("callcenter.Appointment", via="customer", erase=("note",), keep=("service",)),
    Holding("callcenter.Exclusion", via="customer", erase=("note",)),
    Holding("callcenter.Hold", via="customer", erase=("reason",), keep=("source", "reference")),
    Holding("callcenter.LawOverride", via="customer", erase=("reason",), keep=("rule", "forbidden")),
    Holding("callcenter.Message", via="customer", erase=("body", "variables", "error"), keep=("body_hash", "image", "provider_id", "stage")),
    Holding("callcenter.MessageEvent", via="message__customer", erase=("detail",), keep=("provider_id", "status")),
    Holding("callcenter.InboundMessage", via="customer", erase=("body", "note"), keep=("provider_id",)),
    Holding("callcenter.WhatsAppIdentity", via="customer", erase=("wa_id", "bsuid", "username", "name")),
    Holding("callcenter.Evidence", via="outreach__customer", erase=("file", "original_name"), keep=("original_sha256", "sha256")),
    Holding("callcenter.WorkOrder", via="customer", erase=("invoiced_to",),
            keep=("number", "advisor_name", "section", "charge", "entry_reason", "amounts")),
    Holding("callcenter.Authorisation", via="customer", erase=("proof", "proof_name", "note"), keep=("text_version", "proof_sha256")),
    Holding("callcenter.DataRequest", via="customer", erase=("text", "missing", "answer", "extension_reason")),
    Holding("callcenter.Erasure", via="customer", keep=("counts", "stage", "error")),
    Holding("callcenter.AccessLog", via="customer", keep=("about", "sha256")),  # our own words; the application can not rewrite it
    Holding("callcenter.Decoy", via="customer"),
    Holding("callcenter.Dial", via="outreach__customer"),
    Holding("callcenter.Draft", via="outreach__customer", drop=True),
    Holding("callcenter.Transfer", via="outreach__customer", erase=("note",)),
    Holding("callcenter.ListExport", copies="file", keep=("listing", "query", "columns", "reason", "file", "sha256", "stage", "error")),
    Holding("callcenter.SavedView", scrub=("query",), keep=("listing", "name", "columns")),
    Holding("callcenter.ImageRelease", scrub=("person", "document", "representative", "representative_document", "signed_name", "revocation"),
            keep=("relationship", "purpose", "media", "territory", "signed", "sha256")),
    Holding("callcenter.ImportRow", scrub=("raw", "value", "message"), keep=("code", "column", "place")),
    Holding("callcenter.ImportEdit", scrub=("value",)),
    Holding("callcenter.ImportChange", scrub=("before", "after"), keep=("subject",)),
    Holding("callcenter.ImportBatch", scrub=("name", "about"), keep=("feed", "file", "sha256", "counts", "stage", "error", "sheets", "stamp")),
    Holding("callcenter.Notification", scrub=("text",), keep=("key", "url")),
    Holding("callcenter.Mail", scrub=("subject", "body", "html"), keep=("key", "to", "cc", "files", "stage", "error")),
    Holding("callcenter.WebhookDelivery", scrub=("body",), keep=("sha256", "stage", "error")),
    *nothing(
        "callcenter.Vehicle", "callcenter.Brand", "callcenter.BrandPlatform", "callcenter.Site", "callcenter.Position", "callcenter.User", "callcenter.Employee",
        "callcenter.CalendarException", "callcenter.BlockedPhone", "callcenter.Reason", "callcenter.ProgrammeSettings", "callcenter.Script",
        "callcenter.ScriptStep", "callcenter.ServiceOffer", "callcenter.Campaign", "callcenter.MessageTemplate",
        "callcenter.ControlledDocument", "callcenter.DocumentVersion", "callcenter.ColumnAlias", "callcenter.Pulse", "callcenter.Change", "callcenter.AuditSeal",
        "callcenter.Tombstone", "callcenter.Retention", "callcenter.DuplicateScan", "callcenter.Line", "callcenter.UploadedMedia",
        "callcenter.ContactRules", "callcenter.CapacityException", "callcenter.Pause", "callcenter.Preparation", "callcenter.CallTally",
        "callcenter.MonthTally", "callcenter.CalledMonth",
    ),
)  # fmt: skip


@cache
def holdings() -> tuple[Holding, ...]:
    """Every line of the house."""
    return tuple(line for path in settings.PERSONAL_DATA for line in import_string(path))


def text_columns(model: type[models.Model]) -> Iterator[str]:
    """The columns that can hold words about a person: text without a closed list, JSON, files."""
    for field in model._meta.concrete_fields:
        inner = getattr(field, "base_field", field)
        if isinstance(inner, TEXT_FIELDS) and not inner.choices and not getattr(field, "generated", False):
            yield field.name
