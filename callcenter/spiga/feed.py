"""What a SPIGA feed is, and the parts that every feed shares: who, which vehicle, which site (domain 3.2)."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property

from django.conf import settings
from django.utils.module_loading import import_string

from callcenter import roles
from callcenter.models import BlockedPhone, Brand, ColumnAlias, Employee, ImportBatch, Site
from callcenter.spiga import columns
from callcenter.spiga.columns import Column
from callcenter.spiga.reader import HEADER_MINIMUM, Sheet, read
from callcenter.spiga.traces import Trace
from carrazos.lib import dates, identity, phones, text, vehicles

OTHER_BRAND = "otra"
OWN_NAME = "CARRAZOS"
VIN_LENGTH = 17
NO_PLATE = vehicles.Plate("")
NO_DOCUMENT = identity.Document(identity.DocumentType.UNKNOWN, "")

# What every feed stages of the person and the vehicle of a row (merge.py reads these names).
PARTY_STAGE = (
    ("n", "int"), ("site_id", "bigint"), ("brand_id", "bigint"),
    ("vin", "text"), ("plate", "text"), ("family", "text"), ("model", "text"), ("model_year", "int"), ("odometer_km", "int"),
    ("last_visit_on", "date"),
    ("dms_code", "text"), ("name", "text"), ("raw_name", "text"), ("name_key", "text"), ("kind", "text"), ("company_reason", "text"),
    ("document_type", "text"), ("document_number", "text"), ("check_digit", "text"), ("document_key", "text"), ("city", "text"),
)  # fmt: skip
POINT_STAGE = (("n", "int"), ("kind", "text"), ("value", "text"), ("phone_kind", "text"), ("label", "text"), ("status", "text"),
               ("position", "int"))  # fmt: skip


class BadRow(Exception):
    """A row that can't enter: code, column, what was read, what was expected."""

    def __init__(self, code: str, message: str, *, column: str = "", value: str = "", excluded: bool = False):
        super().__init__(message)
        self.code, self.message, self.column, self.value, self.excluded = code, message, column, value, excluded


class Row:
    """One row of the file while it is cleaned: cells by field, warnings and contact points so far.

    `also` are further columns of a field, (name, position, title): the first with a value stands. `block` is the title
    of the block of the sheet in which the row stands.
    """

    __slots__ = ("block", "number", "points", "titles", "values", "warnings")

    def __init__(
        self,
        number: int,
        cells: list[str],
        where: dict[str, int],
        titles: dict[str, str],
        also: Sequence[tuple[str, int, str]] = (),
        block: str = "",
    ):
        self.number, self.titles, self.block = number, titles, block
        width = len(cells)
        if text.are_plain(cells):
            trimmed = ((name, cells[at].strip()) for name, at in where.items() if at < width)
            self.values = {name: value for name, value in trimmed if value not in text.EMPTY_WORDS}
        else:
            self.values = {name: text.cell(cells[at]) for name, at in where.items() if at < width and cells[at]}
        for name, at, title in also:
            if at < width and cells[at] and not self.values.get(name):
                self.values[name] = text.cell(cells[at])
                self.titles = {**self.titles, name: title}
        self.warnings: list[tuple[str, str, str, str]] = []
        self.points: list[tuple] = []

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def warn(self, code: str, name: str, value: str, message: str) -> None:
        self.warnings.append((code, self.titles.get(name, ""), value[:200], message[:300]))

    def bad(self, code: str, message: str, name: str = "", value: str = "", *, excluded: bool = False) -> BadRow:
        return BadRow(code, message, column=self.titles.get(name, ""), value=value[:200], excluded=excluded)


def own_phones() -> frozenset[str]:
    """The company's lines and its people's phones (E.164): never a customer's."""
    employees = [phone.e164 for raw in Employee.objects.values_list("phone", flat=True) for phone in phones.parse(raw)]
    return frozenset(BlockedPhone.objects.values_list("value", flat=True)) | frozenset(filter(None, employees))


class Context:
    """What cleaning looks up, read once per import: sites, brands, own phones, advisors, scope, today, what the file says above its header."""

    def __init__(self, batch: ImportBatch, *, today: date, at: datetime, preamble: Sequence[str] = ()):
        self.batch, self.today, self.at, self.preamble = batch, today, at, preamble
        user = batch.requested_by
        self.site_scope = None if user is None or user.all_sites else frozenset(user.site_ids)
        self.brand_scope = None if user is None or user.all_brands else frozenset(user.brand_ids)

    def load(self) -> None:
        """Reads everything now, so that a forked helper asks the database nothing."""
        for name, value in vars(type(self)).items():
            if isinstance(value, cached_property):
                getattr(self, name)

    @cached_property
    def sites(self) -> dict[str, Site]:
        return {key: site for site in Site.objects.filter(is_active=True) for key in site.keys}

    @cached_property
    def only_site(self) -> Site | None:
        """The site of a file without a site column: the one chosen, or the only one there is."""
        found = list({site.pk: site for site in self.sites.values()}.values())
        return self.batch.site or (found[0] if len(found) == 1 else None)

    @cached_property
    def brands(self) -> dict[str, int]:
        return {key: brand.pk for brand in Brand.objects.filter(is_active=True) for key in brand.keys}

    @cached_property
    def other_brand(self) -> int:
        return Brand.objects.get(code=OTHER_BRAND).pk

    @cached_property
    def own_phones(self) -> frozenset[str]:
        return own_phones()

    @cached_property
    def advisors(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for pk, code, name_key in Employee.objects.order_by("-is_active", "pk").values_list("pk", "code", "name_key"):
            found.setdefault(name_key, pk)
            if code:
                found[f"#{code}"] = pk
        return found

    @cached_property
    def advisor_sites(self) -> dict[int, Site]:
        """Where each employee works: the site of a file that names only its people."""
        return {row.pk: row.site for row in Employee.objects.select_related("site")}

    def advisor(self, raw: str) -> int | None:
        """`023 - LUIS DEMO`, `LUIS DEMO` or `023` → employee."""
        head, _, tail = raw.partition("-")
        code, name = (head.strip(), tail.strip()) if head.strip().isdigit() else ("", raw)
        return self.advisors.get(f"#{code}") or self.advisors.get(text.name_key(name))


class Feed:
    """One kind of SPIGA file. A subclass says its columns, its staging table, how a row is cleaned and merged."""

    slug: str
    title: str
    route: str = ""
    programme: str = ""
    makes: str = "gestiones"  # what an import of it creates, as the person reads it
    columns: tuple[Column, ...] = ()
    required: tuple[tuple[str, ...], ...] = ()  # of each group at least one column must be there
    stage: tuple[tuple[str, str], ...] = PARTY_STAGE
    header_minimum: int = HEADER_MINIMUM  # known titles that make a header
    every_sheet: bool = False  # join all sheets that fit; otherwise the best one, and the person is told of the others
    permission: str = roles.IMPORT_SPIGA
    is_once: bool = False  # brought in when the house starts: nobody waits for it on a day
    is_daily: bool = False  # expected every business day (PRO-9)
    leaves: tuple[Trace, ...] = ()  # what it writes beside people and vehicles, what needs a row before the row: so it is taken back
    history: str = ""  # files that build on one another: only the last of them can be taken back

    @classmethod
    def aliases(cls) -> dict[str, str]:
        """Header key → field (empty: ignore it), as people have taught; this feed's own before those of all."""
        rows = ColumnAlias.objects.filter(feed__in=["", cls.slug]).order_by("feed").values_list("alias", "field")
        return {text.header_key(alias): name for alias, name in rows}

    @classmethod
    def known_keys(cls) -> frozenset[str]:
        return frozenset(key for column in cls.columns for key in column.keys) | {key for key, name in cls.aliases().items() if name}

    @classmethod
    def match(cls, header: Sequence[str], aliases: dict[str, str] | None = None) -> dict[str, int]:
        """Field → position, the owner's aliases first."""
        return {name: places[0] for name, places in cls.match_all(header, aliases).items()}

    @classmethod
    def match_all(cls, header: Sequence[str], aliases: dict[str, str] | None = None) -> dict[str, tuple[int, ...]]:
        """Field → its positions, the one that counts first."""
        return columns.match_all(header, cls.columns, cls.aliases() if aliases is None else aliases)

    @classmethod
    def open(cls, data: bytes, name: str, *, sheets: Sequence[str] = (), guess: bool = False) -> Sheet:
        """The list of a file as this feed wants it. Raises UnreadableFile."""
        aliases = cls.aliases()
        return read(
            data, name, known=cls.known_keys(), least=cls.header_minimum, every_sheet=cls.every_sheet, sheets=sheets, guess=guess,
            fits=lambda header: not cls.missing(cls.match(header, aliases)),
        )  # fmt: skip

    @classmethod
    def needs(cls) -> tuple[tuple[str, ...], ...]:
        """The groups of columns without which a file can't enter today."""
        return cls.required

    @classmethod
    def missing(cls, where: dict[str, int]) -> list[str]:
        """The titles that the file lacks, in Spanish: «Placa o VIN»."""
        names = {column.field: column.title for column in cls.columns}
        return [" o ".join(names[name] for name in group) for group in cls.needs() if not any(name in where for name in group)]

    @classmethod
    def kin(cls) -> list[str]:
        """The feeds that write the same history."""
        found = (import_string(path) for path in settings.SPIGA_FEEDS)
        return [kind.slug for kind in found if kind.history == cls.history]

    def clean(self, row: Row, context: Context) -> tuple:
        """The row's values in the order of `stage`. Raises BadRow."""
        raise NotImplementedError

    def merge(self, batch: ImportBatch, *, at: datetime) -> None:
        """Writes the staged rows by SQL over sets."""
        raise NotImplementedError

    def taken_back(self, batch: ImportBatch, *, at: datetime) -> None:
        """Computes anew what follows from the rows that went or returned (in `undone_SUBJECT`, as they were)."""


# -- the parts that feeds share --------------------------------------------------------------------------------------


def site_of(row: Row, context: Context, *, otherwise: Site | None = None) -> Site:
    """The row's site, the one chosen at the upload, or `otherwise`. Raises BadRow."""
    raw = row.get("branch")
    if raw:
        site = context.sites.get(text.key(raw))
        if site is None:
            raise row.bad("UNKNOWN_SITE", f"La sede «{raw[:60]}» no existe; agréguela como otro nombre de una sede", "branch", raw)
    else:
        site = context.batch.site or otherwise or context.only_site
        if site is None:
            raise row.bad("NO_SITE", "Falta la sede: elíjala al subir el archivo o incluya la columna «Centro»", "branch")
    if context.site_scope is not None and site.pk not in context.site_scope:
        raise row.bad("OUT_OF_SCOPE", f"La sede {site.name} no es de su alcance", "branch", raw, excluded=True)
    return site


def brand_of(row: Row, context: Context) -> int:
    raw = row.get("brand")
    brand = context.brands.get(text.key(raw)) if raw else None
    if raw and brand is None:
        row.warn("UNKNOWN_BRAND", "brand", raw, f"La marca «{raw[:60]}» no está en el catálogo; queda como «Otra»")
    brand = brand or context.other_brand
    if context.brand_scope is not None and brand not in context.brand_scope:
        raise row.bad("OUT_OF_SCOPE", "La marca no es de su alcance", "brand", raw, excluded=True)
    return brand


def vehicle_of(row: Row) -> tuple[str, str]:
    """(vin, plate), also when they were typed in each other's column. Raises BadRow without either."""
    raw_vin, raw_plate = row.get("vin"), row.get("plate")
    if len(raw_plate) >= VIN_LENGTH and vehicles.looks_like_vin(raw_plate):
        raw_vin, raw_plate = raw_plate, raw_vin if raw_vin != raw_plate else ""
    elif raw_vin and not raw_plate and len(raw_vin) < VIN_LENGTH and vehicles.looks_like_plate(raw_vin):
        raw_vin, raw_plate = "", raw_vin
    plate = vehicles.plate(raw_plate) if raw_plate else NO_PLATE
    if plate.value and plate.warning:
        row.warn("PLATE_SHAPE", "plate", raw_plate, plate.warning)
    vin = ""
    if raw_vin:
        parsed = vehicles.vin(raw_vin)
        if parsed.status is vehicles.VinStatus.INVALID:
            row.warn("VIN_SHAPE", "vin", raw_vin, f"«{raw_vin[:40]}» no es un VIN; se esperan 17 letras y dígitos")
        else:
            vin = parsed.value
            if parsed.status is vehicles.VinStatus.SUGGESTED:
                row.warn("VIN_LETTERS", "vin", raw_vin, f"El VIN lleva O, I o Q, que no existen; ¿será {parsed.suggestion}?")
    if not vin and not plate.value:
        raise row.bad("NO_VEHICLE", "Falta la placa o el VIN", "plate", raw_plate or raw_vin)
    return vin, plate.value


def person_of(row: Row) -> tuple:
    """(dms_code, name, raw_name, name_key, kind, company_reason, document…). Raises BadRow without a usable name."""
    raw = " ".join(filter(None, (row.get("customer_name"), row.get("last_name_1"), row.get("last_name_2"))))
    raw = text.one_line(text.repair_mojibake(raw))[:160]
    if not raw or text.is_placeholder_name(raw):
        raise row.bad(
            "NO_NAME", "Falta el nombre del cliente" if not raw else f"«{raw}» no es el nombre de una persona", "customer_name", raw
        )
    return identified(row, raw)


def identified(row: Row, raw: str, *, by_document: bool = True) -> tuple:
    """As `person_of`, for a name already read; `by_document` says whether the row's document and code are this person's."""
    raw_document = row.get("document") if by_document else ""
    document = identity.document(raw_document, row.get("document_type")) if raw_document else NO_DOCUMENT
    if raw_document and not document.valid:
        row.warn("DOCUMENT", "document", raw_document, f"«{raw_document[:30]}» no es un documento válido; no se usa para identificar")
    company = identity.company_reason(raw, document, row.get("profile") if by_document else "")
    kind = "COMPANY" if company else "PERSON"
    name = text.display_name(raw)
    return (
        row.get("customer_code")[:20] if by_document else "", name, raw, text.name_key(raw), kind, company or "",
        document.type.value, document.number, document.check_digit, identity.document_key(document), text.one_line(row.get("city"))[:60],
    )  # fmt: skip


def points_of(row: Row, context: Context, site: Site | None) -> int:
    """Collects phones and e-mails of the row; returns how many phones can be called. The site's area code completes fixed lines."""
    position, usable = 0, 0
    seen: set[str] = set()
    for name in ("mobile", "phones", "phone_2"):
        raw = row.get(name)
        if not raw:
            continue
        for phone in phones.parse(raw, area_code=site and site.area_code):
            if phone.e164 in context.own_phones:
                row.warn("OWN_PHONE", name, phone.raw, "Es un número de Carrazos o de un colaborador; no se guarda")
            elif not phone.callable:
                row.warn("BAD_PHONE", name, phone.raw, f"«{phone.raw[:40]}» no sirve: {phone.reason}")
            elif phone.e164 not in seen:
                seen.add(phone.e164)
                row.points.append((row.number, "PHONE", phone.e164, phone.kind.value, phone.label[:60], phone.status.value, position))
                position += 1
                usable += 1
    raw_mail = row.get("email")
    if raw_mail:
        for address, correction in columns.emails(raw_mail):
            if correction:
                row.warn("EMAIL_FIXED", "email", raw_mail, correction)
            row.points.append((row.number, "EMAIL", address[:120], "", "", "VALID", position))
            position += 1
    return usable


def phone_problem(row: Row) -> str:
    """BAD_PHONE when the row brings numbers and none is usable, NO_PHONE when it brings none."""
    return "BAD_PHONE" if any(row.get(name) for name in ("mobile", "phones", "phone_2")) else "NO_PHONE"


def date_of(row: Row, name: str, context: Context) -> date | None:
    """The cell as a date; an impossible one is a warning and stays empty."""
    raw = row.get(name)
    if not raw:
        return None
    try:
        return dates.parse_plausible(raw, today=context.today).date()
    except dates.BadDate as error:
        row.warn("BAD_DATE", name, raw, str(error))
        return None


def advisor_of(row: Row, context: Context) -> int | None:
    """The row's service advisor; a name that is nobody's is a warning."""
    raw = row.get("advisor")
    found = context.advisor(raw) if raw else None
    if raw and found is None:
        row.warn("UNKNOWN_ADVISOR", "advisor", raw, f"El asesor «{raw[:60]}» no está entre los colaboradores")
    return found


def odometer_of(row: Row) -> int | None:
    raw = row.get("odometer")
    try:
        return columns.odometer(raw) if raw else None
    except ValueError as error:
        row.warn("BAD_ODOMETER", "odometer", raw, str(error))
        return None


def is_own(raw_name: str) -> bool:
    """True for the dealership itself as owner: demo, courtesy and stock cars."""
    return OWN_NAME in text.key(raw_name).split()
