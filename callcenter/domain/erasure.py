"""Erasing a person: everywhere they are named, and so that tomorrow's file does not bring them back.

The row of the customer stays without a word of them, so that the figures of every month stay what they were.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models

from callcenter import seams
from callcenter.domain import orphans
from callcenter.domain.errors import Refused
from callcenter.domain.personal_data import ERASED_WORD, Holding, holdings, terms
from callcenter.enums import PointKind
from callcenter.models import ContactPoint, Customer, CustomerAlias, Erasure, ImportBatch, ImportRow, Retention, Tombstone, VehicleParty
from callcenter.models.spiga import WAITING
from callcenter.spiga.reader import UnreadableFile, read
from carrazos.lib import phones

SHORTEST = 6  # shorter identifiers would empty the lines of other people
Report = Callable[..., None]
GONE = "Suprimido a petición del titular (Ley 1581 de 2012).".encode()


# -- what must never come back ---------------------------------------------------------------------------------------


def digest(*parts: str) -> str:
    """The keyed hash of one way to recognise a person; without the key it says nothing."""
    return hmac.new(settings.PERSONAL_DATA_KEY.encode(), "|".join(parts).encode(), hashlib.sha256).hexdigest()


def marks(*, document_key: str, name_key: str, values: Iterable[str]) -> set[str]:
    """The hashes by which a person is recognised: the document alone, or the name with a phone, e-mail, VIN or plate."""
    found = {digest("document", document_key)} if document_key else set()
    return found | {digest("name", name_key, value) for value in values if value and name_key}


def marks_of(customers: list[Customer]) -> set[str]:
    """Every hash of these rows of one person: their documents and names, old and new, with everything of theirs."""
    ids = [customer.pk for customer in customers]
    values = list(ContactPoint.objects.filter(customer__in=ids).values_list("value", flat=True))
    for vin, plate in VehicleParty.objects.filter(customer__in=ids).values_list("vehicle__vin", "vehicle__plate"):
        values += [vin, plate]
    aliases = list(CustomerAlias.objects.filter(customer__in=ids).values_list("kind", "key"))
    names = {customer.name_key for customer in customers} | {key for kind, key in aliases if kind == "NAME"}
    documents = {customer.document_key for customer in customers} | {key for kind, key in aliases if kind == "DOCUMENT"}
    return {mark for document in documents | {""} for name in names for mark in marks(document_key=document, name_key=name, values=values)}


class Gate:
    """What an import asks of every row: was this person erased? Free while nobody was."""

    def __init__(self) -> None:
        self.erased = frozenset(Tombstone.objects.values_list("digest", flat=True))

    def stops(self, *, document_key: str, name_key: str, values: Iterable[str]) -> bool:
        return bool(self.erased) and not self.erased.isdisjoint(marks(document_key=document_key, name_key=name_key, values=values))


# -- identifiers that are looked for in free text ----------------------------------------------------------------------


def identifiers(customers: list[Customer]) -> list[str]:
    """The writings under which a text may name the person, in lower case: names, documents, phones as dialled and as read, e-mails."""
    found: set[str] = set()
    for customer in customers:
        found |= {customer.name, customer.raw_name, customer.document_number, customer.document, customer.document.partition(" ")[2]}
    points = ContactPoint.objects.filter(customer__in=[customer.pk for customer in customers])
    for kind, value in points.values_list("kind", "value"):
        found |= {value, value[3:], phones.display(value)} if kind == PointKind.PHONE else {value}
    return sorted({word.lower() for word in found if len(word) >= SHORTEST}, key=len, reverse=True)


def names_any(words: list[str], haystack: str) -> bool:
    low = haystack.lower()
    return any(word in low for word in words)


# -- erasing -----------------------------------------------------------------------------------------------------------


def run(work: Erasure, report: Report) -> None:
    """The job. Raises Refused while a list that names the person waits to be applied."""
    customers = [work.customer, *Customer.objects.filter(merged_into=work.customer)]
    words, tombs = identifiers(customers), marks_of(customers)
    report("Buscando en archivos importados", 1, 4)
    counts = Counter(
        forget_files(words) | {line.table: delete_files(line.model._base_manager.all(), line.copies) for line in holdings() if line.copies}
    )
    report("Suprimiendo", 2, 4)
    Tombstone.objects.bulk_create([Tombstone(digest=mark) for mark in tombs], ignore_conflicts=True)
    ids = [customer.pk for customer in customers]
    for holding in holdings():
        if holding.scrub:
            counts[holding.table] += scrub(holding, words)
    # The customer last: what is found through them must still be found.
    for holding in sorted((line for line in holdings() if line.via is not None), key=lambda line: line.via == ""):
        counts[holding.table] += empty(holding, ids)
    report("Informes guardados", 3, 4)
    for redact in seams.plugged("REDACTORS"):
        counts.update(redact(words))
    work.counts = {table: number for table, number in counts.items() if number}
    work.save(update_fields=["counts"])


def empty(holding: Holding, ids: list[int]) -> int:
    """Empties or drops the rows of these people in one table, and their trail; how many."""
    rows = holding.rows(ids)
    found = list(rows.values_list("pk", flat=True))
    if not found:
        return 0
    for name in holding.erase:
        if isinstance(holding.model._meta.get_field(name), models.FileField):
            delete_files(rows, name)
    for name in holding.keeps_place:
        replace_files(rows, name)
    chosen = holding.model._base_manager.filter(pk__in=found)
    if holding.drop:
        chosen.delete()
    elif holding.table == "callcenter.ContactPoint":
        # A phone must stay a phone and one's own: an impossible number that says whose row it is.
        chosen.filter(kind=PointKind.PHONE).update(value=number_of_nobody(), label="", last_result="", status="WRONG")
        chosen.exclude(kind=PointKind.PHONE).update(value=nobody(), label="", last_result="")
    elif holding.erase:
        chosen.update(**{name: holding.blank(name) for name in holding.erase})
    forget_trail(holding.model, found)
    return len(found)


def delete_files(rows: models.QuerySet, column: str) -> int:
    """Deletes the stored files of these rows and forgets their names; how many."""
    stored = list(rows.exclude(**{column: ""}).values_list("pk", column))
    for _, name in stored:
        default_storage.delete(name)
    return rows.model._base_manager.filter(pk__in=[pk for pk, _ in stored]).update(**{column: ""})


def replace_files(rows: models.QuerySet, column: str) -> None:
    """Puts a file that says nothing in the place of each."""
    for name in rows.exclude(**{column: ""}).values_list(column, flat=True):
        default_storage.delete(name)
        default_storage.save(name, ContentFile(GONE))


def number_of_nobody() -> models.Func:
    return models.functions.Concat(models.Value("+000"), models.functions.Cast("pk", models.CharField()))


def nobody() -> models.Func:
    return models.functions.Concat(models.Value("suprimido-"), models.functions.Cast("pk", models.CharField()))


def forget_trail(model: type[models.Model], ids: list[int]) -> None:
    """The trail keeps who, when and which row; what the values were goes (callcenter/models/audit.py)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_erase(%s, %s)", [model._meta.db_table, ids])


def scrub(holding: Holding, words: list[str]) -> int:
    """Empties the columns of a table that hold one of the person's identifiers; how many rows."""
    if not words:
        return 0
    touched = 0
    for name in holding.scrub:
        field = holding.model._meta.get_field(name)
        if isinstance(field, models.BinaryField):
            where = f"encode(\"{field.column}\", 'escape')"
        else:
            where = f'"{field.column}"::text'
        sql = f"""UPDATE "{holding.model._meta.db_table}" SET "{field.column}" = %s
                  WHERE EXISTS (SELECT FROM unnest(%s::text[]) word WHERE strpos(lower({where}), word) > 0)"""  # noqa: S608 -- our own names
        with connection.cursor() as cursor:
            blank = field.get_db_prep_save(
                ERASED_WORD if isinstance(field, models.CharField | models.TextField) else holding.blank(name), connection
            )
            cursor.execute(sql, [blank, words])
            touched += cursor.rowcount
    return touched


def forget_files(words: list[str]) -> dict[str, int]:
    """Deletes the imported files that name the person: SPIGA has them, and the results of the import stay.

    Raises Refused while one of them waits to be applied.
    """
    gone = []
    for batch in ImportBatch.objects.exclude(file="").order_by("pk"):
        if file_names(batch, words):
            if batch.status in WAITING:
                raise Refused(f"El listado «{batch.name}» nombra a esta persona y está por confirmar: aplíquelo o descártelo, y repita.")
            gone.append(batch)
    for batch in gone:
        forget_file(batch)
    return {"callcenter.ImportBatch.file": len(gone)}


def file_names(batch: ImportBatch, words: list[str]) -> bool:
    """True when the batch's file holds one of the identifiers, in its list or anywhere in its bytes."""
    try:
        with batch.file.open("rb") as file:
            data = file.read()
    except OSError:
        return False
    try:
        return any(names_any(words, " ".join(cells)) for _, cells in read(data, batch.name, every_sheet=True).rows())
    except UnreadableFile:
        return names_any(words, data.decode("utf-8", "replace")) or names_any(words, data.decode("latin-1"))


def forget_file(batch: ImportBatch) -> None:
    """Takes a batch's file away; its counts and results stay."""
    batch.file.delete(save=False)
    ImportBatch.objects.filter(pk=batch.pk).update(file="")


def forget_rows(batch: ImportBatch) -> None:
    """After an import met somebody who was erased: neither their row nor the file that names them stays."""
    ImportRow.objects.filter(batch=batch, code="ERASED").update(raw=[], value="")
    ImportBatch.objects.filter(pk=batch.pk).update(about={})  # it shows samples of every column
    forget_file(batch)


# -- what is kept no longer than needed (Decreto 1377, art. 11) ------------------------------------------------------------


def retire(work: Retention, report: Report) -> None:
    """The nightly job: empties what is past its term (callcenter/domain/personal_data.py), table by table."""
    counts = {}
    for term in terms():
        limit = work.due_at - timedelta(days=term.days)
        rows = term.model._base_manager.filter(**{f"{term.column}__lt": limit})
        report(f"Revisando {term.model._meta.verbose_name_plural}", 0, 0)
        counts[f"{term.table}: {term.what}"] = term.empty(rows)
    report("Revisando archivos sin dueño", 0, 0)
    counts["archivos sin dueño"] = orphans.sweep(work.due_at)
    work.counts = {name: number for name, number in counts.items() if number}
    work.save(update_fields=["counts"])
