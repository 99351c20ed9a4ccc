"""Every long list of the house: queryset → filters → order → columns → page, by keyset; the same definition feeds saved
views and exports. A list is a subclass of `Listing` plus a line in `settings.LISTINGS`.

Plain cells, no table library: fifty rows cost a few milliseconds instead of eighty. Depth costs nothing: a page is asked
for by the last row of the one before.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from html import escape
from types import SimpleNamespace
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Exists, F, Max, Model, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe

from callcenter import keyset, places, roles, seams
from callcenter.clock import today as today_is
from callcenter.domain import search
from callcenter.enums import CustomerKind, ExclusionScope, OutreachState
from callcenter.models import (
    Brand,
    ContactPoint,
    Customer,
    Exclusion,
    ImportDifference,
    Outreach,
    Site,
    Touch,
    User,
    VehicleParty,
)
from callcenter.models.customers import SORT_NAME
from callcenter.prepared import Given, PreparedRows
from carrazos.lib import phones
from carrazos.lib.calendar import bogota

COUNT_CAP = 10_000
CHIP_CAP = 1_000  # a chip says how many only this far
PAGE_SIZE = 50
KEYSET = ("keyset", "pk")  # the order asked for, then the row itself
PICKED = "rows"  # the rows that somebody picked: boxes of a form, or `rows=3.8.21` in an address
PICKED_MOST = 200  # more at once are a job's work, and a person should look at what they are
PICK_BOX = f'<input type="checkbox" name="{PICKED}" form="picked" aria-label="Seleccionar esta fila" '
NOT_STATE = frozenset({"after", "before", "view"})  # what an address holds besides the list's own state


@dataclass(frozen=True)
class Column:
    """One column: where its value comes from (`get` of the row, or `load` of all the page's keys at once) and how it is shown."""

    name: str
    title: str
    get: Callable[[Any], Any] | None = None
    load: Callable[[list[int]], Mapping[int, Any]] | None = None  # for all rows at once, and once for all columns that name it
    cell: Callable[[Any, Any], str] | None = None  # (value, row) → HTML or text; the default shows the value
    order: str = ""  # the order that its header asks for
    is_number: bool = False
    shown: bool = True  # without anybody's choice


@dataclass(frozen=True)
class Order:
    """A way to sort: an expression that is never null and has an index with the key."""

    title: str
    by: Combinable
    descending: bool = False


@dataclass(frozen=True)
class Chip:
    """A named filter in one press."""

    label: str
    query: str


@dataclass
class Page:
    """What a template shows of a list."""

    columns: list[Column]
    rows: list[list[SafeString]] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)  # of each row, where rows can be picked
    previous: str = ""
    next: str = ""

    @property
    def body(self) -> SafeString:
        """The rows at once: a template node for each of hundreds of cells costs more than their queries."""
        boxes = [f'{PICK_BOX}value="{key}"></td><td>' for key in self.keys] or [""] * len(self.rows)
        lines = (f"<tr><td>{box}{'</td><td>'.join(row)}</td></tr>" for box, row in zip(boxes, self.rows, strict=True))
        return mark_safe("".join(lines))  # noqa: S308 -- each cell is escaped

    @property
    def count(self) -> int | None:
        """How many rows there are when one page holds them all; otherwise they are counted when asked for."""
        return None if self.previous or self.next else len(self.rows)


def shown(value: object) -> str:
    """A value as a person reads it in a cell."""
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        return f"{bogota(value):%d/%m/%Y %H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, bool):
        return "Sí" if value else "No"
    if isinstance(value, int):
        return f"{value:,}".replace(",", ".")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def counted(found: QuerySet, cap: int = COUNT_CAP) -> str:
    """How many rows, counted no further than `cap`: `1.240`, `más de 10.000`."""
    count = found.order_by()[: cap + 1].count()
    return shown(count) if count <= cap else f"más de {shown(cap)}"


def picked(params: QueryDict) -> list[int]:
    """The keys of the rows that somebody picked, PICKED_MOST at the most."""
    words = [word for value in params.getlist(PICKED) for word in value.split(".")]
    return [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19][:PICKED_MOST]


class Listing:
    """A list of one model. A subclass names its rows, filters, columns and orders; the page, the views and the export follow."""

    slug: ClassVar[str]
    title: ClassVar[str]
    permission: ClassVar[str]
    export_permission: ClassVar[str] = ""
    filters: ClassVar[type[django_filters.FilterSet]]
    main_filters: ClassVar[tuple[str, ...]] = ("q",)
    columns: ClassVar[tuple[Column, ...]]
    orders: ClassVar[dict[str, Order]]
    chips: ClassVar[tuple[Chip, ...]] = ()
    empty: ClassVar[str] = "Todavía no hay nada en esta lista."
    page_size: ClassVar[int] = PAGE_SIZE
    template: ClassVar[str] = "callcenter/listing.html"  # one that extends it adds buttons in its block `actions`

    def rows(self, user: User) -> QuerySet:
        """The rows that this person may see."""
        raise NotImplementedError

    def url(self) -> str:
        """The address of the list's page."""
        raise NotImplementedError

    def more(self, user: User) -> dict[str, Any]:
        """What its own template shows besides the rows."""
        return {}

    # -- what is asked for

    def filtered(self, params: QueryDict, user: User) -> django_filters.FilterSet:
        rows = self.rows(user)
        if asked := picked(params):
            rows = rows.filter(pk__in=asked)
        return self.filters(params, queryset=rows, request=SimpleNamespace(user=user))

    def may_pick(self, user: User) -> bool:
        """Rows carry a box for what is done with several at once; by itself, that is downloading them."""
        return bool(self.export_permission) and user.has_perm(self.export_permission)

    def picked_query(self, posted: QueryDict) -> str:
        """The filters of a posted bar (`state`) and the rows picked in it, or all that the filters find (`all`); empty: nothing picked."""
        state, asked = self.state(QueryDict(posted.get("state", "")[:2000])), picked(posted)
        if posted.get("all"):
            return state or "all=1"
        return "&".join(filter(None, (state, f"{PICKED}={'.'.join(map(str, asked))}"))) if asked else ""

    def order(self, params: QueryDict) -> tuple[str, Order]:
        name = params.get("order", "")
        name = name if name in self.orders else next(iter(self.orders))
        return name, self.orders[name]

    def chosen(self, params: QueryDict) -> list[Column]:
        """The columns of an address (`cols=name.document`), or those shown by themselves."""
        known = {column.name: column for column in self.columns}
        names = [name for name in params.get("cols", "").split(".") if name in known]
        return [known[name] for name in dict.fromkeys(names)] or [column for column in self.columns if column.shown]

    @cached_property
    def state_names(self) -> frozenset[str]:
        return frozenset(self.filters.base_filters) | {"order"}

    def state(self, params: QueryDict) -> str:
        """Filters and order: what a saved view keeps, beside the columns."""
        return places.written(params, self.state_names)

    def chosen_names(self, params: QueryDict) -> list[str]:
        return [column.name for column in self.chosen(params)]

    @property
    def default_names(self) -> list[str]:
        return [column.name for column in self.columns if column.shown]

    def chips_counted(self, user: User) -> list[tuple[Chip, str]]:
        """Each named filter with how many rows it finds, counted no further than CHIP_CAP."""
        return [(chip, counted(self.filtered(QueryDict(chip.query), user).qs, CHIP_CAP)) for chip in self.chips]

    # -- the page

    def page(self, params: QueryDict, user: User, *, found: QuerySet) -> Page:
        """The rows at the cursor of the address; `found` is the filtered queryset."""
        _, order = self.order(params)
        page = Page(self.chosen(params))
        found = keyset.cut(found.annotate(keyset=order.by), KEYSET, params, size=self.page_size, descending=order.descending)
        page.previous, page.next = found.previous, found.next
        page.rows = [[html(column, value, row) for column, value in cells] for row, cells in self.cells(found.rows, page.columns)]
        page.keys = [row.pk for row in found.rows] if self.may_pick(user) else []
        return page

    def cut(self, found: QuerySet, order: Order) -> QuerySet:
        """The whole list in order."""
        return keyset.ordered(found.annotate(keyset=order.by), KEYSET, descending=order.descending)

    def cells(self, rows: list[Model], columns: Iterable[Column]) -> Iterator[tuple[Model, list[tuple[Column, Any]]]]:
        """Each row with its values, what needs a query asked once for all."""
        keys = [row.pk for row in rows]
        loaded = {load: load(keys) for load in dict.fromkeys(column.load for column in columns if column.load)}
        for row in rows:
            yield row, [(column, value_of(column, row, loaded)) for column in columns]


def value_of(column: Column, row: Model, loaded: Mapping[Callable, Mapping[int, Any]]) -> object:
    """What a column shows of a row; of what was loaded for it, `get` takes its part."""
    if column.load is None:
        return column.get(row)
    found = loaded[column.load].get(row.pk)
    return column.get(found) if column.get and found is not None else found


def html(column: Column, value: object, row: Model) -> SafeString:
    """A cell, escaped unless it is HTML already: hundreds on a page, so by Python's own function and not Django's lazy one."""
    text = column.cell(value, row) if column.cell else shown(value)
    return text if isinstance(text, SafeString) else SafeString(escape(text))


@cache
def listings() -> dict[str, Listing]:
    """Every list of the house by slug (settings.LISTINGS)."""
    return {kind.slug: kind() for kind in seams.plugged("LISTINGS")}


# -- customers -------------------------------------------------------------------------------------------------------

MONTHS_AWAY = (6, 12, 18, 24)


def of_scope(model: type[Model]) -> Callable[[Any], QuerySet]:
    """The sites or brands of whoever asks, for a choice; asked of the database only when the choice is."""

    def rows(request: Any) -> QuerySet:
        everything, own = (request.user.all_sites, "sites") if model is Site else (request.user.all_brands, "brands")
        return model.objects.all() if everything else model.objects.filter(pk__in=getattr(request.user, own).values("pk"))

    return rows


class CustomerFilter(django_filters.FilterSet):
    """What one may ask of the customer master."""

    q = django_filters.CharFilter(
        label="Buscar",
        method="search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Nombre, documento, placa, teléfono…"}),
    )
    site = django_filters.ModelChoiceFilter(label="Sede", queryset=of_scope(Site), method="of_site", empty_label="Todas")
    kind = django_filters.ChoiceFilter(label="Tipo", choices=CustomerKind.choices, empty_label="Todos")
    brand = django_filters.ModelChoiceFilter(label="Marca", queryset=of_scope(Brand), method="of_brand", empty_label="Todas")
    away = django_filters.ChoiceFilter(
        label="Sin venir al taller",
        choices=[(months, f"Más de {months} meses") for months in MONTHS_AWAY],
        method="away_for",
        empty_label="Todos",
    )
    reach = django_filters.ChoiceFilter(
        label="Teléfono", choices=[("yes", "Con teléfono usable"), ("no", "Sin teléfono usable")], method="reachable", empty_label="Todos"
    )
    validated = django_filters.ChoiceFilter(
        label="Datos validados", choices=[("yes", "Sí"), ("no", "No")], method="is_validated", empty_label="Todos"
    )
    refusal = django_filters.ChoiceFilter(
        label="No desea contacto",
        choices=[("any", "Pidió no ser contactado"), ("none", "Sin restricción")],
        method="refuses",
        empty_label="Todos",
    )
    open = django_filters.ChoiceFilter(
        label="Gestión abierta", choices=[("yes", "Sí"), ("no", "No")], method="has_open", empty_label="Todos"
    )
    spiga = django_filters.ChoiceFilter(
        label="Diferencias con SPIGA", choices=[("yes", "Con diferencias")], method="differs", empty_label="Todos"
    )

    class Meta:
        model = Customer
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return search.matching(rows, value)

    def of_site(self, rows: QuerySet, _name: str, value: Site) -> QuerySet:
        return rows.filter(sites__contains=[value.pk])

    def of_brand(self, rows: QuerySet, _name: str, value: Brand) -> QuerySet:
        return rows.filter(Exists(VehicleParty.objects.current().filter(customer=OuterRef("pk"), vehicle__brand=value)))

    def away_for(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        today = today_is()
        months = today.year * 12 + today.month - 1 - int(value)
        since = date(months // 12, months % 12 + 1, min(today.day, 28))
        cars = VehicleParty.objects.current().filter(customer=OuterRef("pk"))
        return rows.filter(Exists(cars.filter(vehicle__last_visit_on__lt=since)), ~Exists(cars.filter(vehicle__last_visit_on__gte=since)))

    def reachable(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        numbers = Exists(ContactPoint.objects.phones().usable().filter(customer=OuterRef("pk")))
        return rows.filter(numbers if value == "yes" else ~numbers)

    def is_validated(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(validated_at__isnull=value == "no")

    def refuses(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        refused = Exclusion.objects.standing().filter(scope__in=[ExclusionScope.ALL, ExclusionScope.COMMERCIAL])
        return (
            rows.filter(pk__in=refused.values("customer"))
            if value == "any"
            else rows.exclude(Exists(refused.filter(customer=OuterRef("pk"))))
        )

    def has_open(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        matter = Exists(Outreach.objects.filter(customer=OuterRef("pk"), state=OutreachState.OPEN))
        return rows.filter(matter if value == "yes" else ~matter)

    def differs(self, rows: QuerySet, _name: str, _value: str) -> QuerySet:
        standing = ImportDifference.objects.standing()
        cars = VehicleParty.objects.filter(vehicle__in=standing.filter(vehicle__isnull=False).values("vehicle")).values("customer")
        return rows.filter(Q(pk__in=standing.filter(customer__isnull=False).values("customer")) | Q(pk__in=cars))


LAST_CONTACTS = PreparedRows(Touch.objects.filter(customer__among=Given("customers")).values_list("customer").annotate(Max("at")))


def last_contacts(keys: list[int]) -> dict[int, datetime]:
    return dict(LAST_CONTACTS(customers=keys))


def last_visit(cars: list[search.Car]) -> date | None:
    return max(filter(None, (car.last_visit_on for car in cars)), default=None)


def phones_shown(keys: list[int]) -> dict[int, str]:
    return {pk: phones.display(value) for pk, value in search.first_phones(keys).items()}


def emails_of(keys: list[int]) -> dict[int, str]:
    rows = ContactPoint.objects.usable().filter(customer__in=keys, kind="EMAIL").order_by("-position", "-id")
    return dict(rows.values_list("customer", "value"))


def site_names(keys: list[int]) -> dict[int, list[str]]:
    names = dict(Site.objects.values_list("pk", "name"))
    rows = Customer.objects.filter(pk__in=keys).values_list("pk", "sites")
    return {pk: [names[site] for site in sites if site in names] for pk, sites in rows}


def unbroken(value: str | None, _row: Model) -> SafeString | str:
    return SafeString(f'<span class="nowrap">{escape(value)}</span>') if value else ""


def masked_phone(value: str | None, _row: Model) -> SafeString | str:
    """On the screen only: the workbook of a list, which leaves a line and has a quota, holds the number."""
    return unbroken(value and phones.masked(value), _row)


COMPANY_TAG = SafeString(' <span class="tag">Empresa</span>')


def name_cell(value: str, row: Customer) -> SafeString:
    tag = COMPANY_TAG if row.kind == CustomerKind.COMPANY else ""
    return SafeString(f'<a href="/clientes/{row.pk}/">{escape(value)}</a>{tag}')


class CustomerList(Listing):
    slug = "clientes"
    title = "Clientes"
    template = "callcenter/customers.html"
    permission = roles.SEE_CUSTOMERS
    export_permission = roles.EXPORT_CUSTOMERS
    filters = CustomerFilter
    main_filters = ("q", "site", "kind")
    columns = (
        Column("name", "Cliente", lambda row: row.name, cell=name_cell, order="name"),
        Column("document", "Documento", lambda row: row.document, cell=unbroken),
        Column("phone", "Teléfono", load=phones_shown, cell=masked_phone),
        Column("vehicles", "Vehículos", search.plates, load=search.cars_of),
        Column("city", "Ciudad", lambda row: row.city),
        Column("contact", "Último contacto", load=last_contacts),
        Column("visit", "Última entrada", last_visit, load=search.cars_of),
        Column("validated", "Datos validados", lambda row: row.validated_at and bogota(row.validated_at).date()),
        Column("email", "Correo", load=emails_of, shown=False),
        Column("sites", "Sedes", load=site_names, shown=False),
        Column("kind", "Tipo", lambda row: row.get_kind_display(), shown=False),
        Column("code", "Código SPIGA", lambda row: row.dms_code, shown=False),
        Column("created", "Creado", lambda row: bogota(row.created_at).date(), order="new", shown=False),
    )
    orders: ClassVar[dict[str, Order]] = {
        "name": Order("Nombre (A-Z)", SORT_NAME),
        "name-desc": Order("Nombre (Z-A)", SORT_NAME, descending=True),
        "new": Order("Más nuevos primero", F("id"), descending=True),
    }
    chips = (
        Chip("Sin validar", "validated=no"),
        Chip("Sin teléfono usable", "reach=no"),
        Chip("Más de 12 meses sin venir", "away=12"),
        Chip("Empresas", "kind=COMPANY"),
        Chip("Diferencias con SPIGA", "spiga=yes"),
    )
    empty = "Todavía no hay clientes: entran con el primer listado de SPIGA."

    def rows(self, user: User) -> QuerySet:
        return Customer.objects.visible_to(user)

    def url(self) -> str:
        return "/clientes/"
