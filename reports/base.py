"""A report is one class: columns, records, indicators, charts. Screen, Excel and PDF are drawn from one `Dataset`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, ClassVar

from callcenter.domain.metrics import Slice, scope_of
from callcenter.models import Brand, ControlledDocument, DocumentVersion, Evidence, Site, User
from callcenter.roles import Role
from carrazos.lib.calendar import bogota
from carrazos.lib.charts import Chart
from carrazos.lib.periods import Month, Period, Week
from carrazos.lib.ratios import Count, Ratio
from reports.drill import Behind, Rows
from reports.stream import Stream

TEXT, DATE, MOMENT, NUMBER = "text", "date", "moment", "number"
AFTERSALES = frozenset({Role.AFTERSALES_DIRECTOR, Role.AFTERSALES_MANAGER, Role.GENERAL_MANAGEMENT})
SALES = frozenset({Role.SALES_MANAGER, Role.GENERAL_MANAGEMENT})
UNPROVED_SHOWN = 30
COMPANY, PROCESS, SALES_PROCESS = "Carrazos SAS", "Gestión Clientes", "Gestión Comercial"


@dataclass(frozen=True)
class Column:
    """One column: its title, where the value comes from (a function of the record), how it is written."""

    title: str
    value: Callable[[Any], Any]
    kind: str = TEXT
    width: int = 16
    in_pdf: bool = False  # the PDF has room for few; the whole list is the Excel's
    fill: Callable[[Any], str] | None = None  # colour of the cell in Excel (RRGGBB, empty: none); the word stands in the cell

    def of(self, record: Any) -> Any:
        value = self.value(record)
        return bogota(value) if self.kind == MOMENT and value is not None else value

    def text(self, record: Any) -> str:
        """The value as people read it."""
        value = self.of(record)
        if value is None or value == "":
            return ""
        if self.kind == MOMENT:
            return f"{value:%d/%m/%Y %H:%M}"
        return f"{value:%d/%m/%Y}" if self.kind == DATE else str(value)


@dataclass(frozen=True)
class Header:
    """What the company's forms carry at their head."""

    code: str
    title: str
    version: str
    valid_until: str

    @property
    def process(self) -> str:
        """The process whose form it is: GC- are of sales (GC-PRO-05), the others of this one."""
        return SALES_PROCESS if self.code.startswith(("GC-", "R-CRM")) else PROCESS

    @property
    def version_words(self) -> str:
        """`versión 3`, or that there is none."""
        return f"versión {self.version}" if self.version.isdigit() else self.version.lower()

    @classmethod
    def of(cls, code: str, title: str, on: date) -> "Header":
        document = ControlledDocument.objects.filter(code=code).first()
        version: DocumentVersion | None = document and document.version_on(on)
        if version is None:
            return cls(code, title, "Sin versión registrada", "Sin vigencia registrada")
        until = f"{version.valid_until:%d/%m/%Y}" if version.valid_until else "Indefinida"
        return cls(code, document.title, str(version.number), f"{until} (vencida)" if version.has_expired(on) else until)


@dataclass(frozen=True)
class Proof:
    """One item of the evidence annex: a case that was not effective and what shows the contact."""

    outreach: int
    title: str
    detail: str
    picture: str = ""  # path inside the media folder; empty: there is no screenshot
    picture_id: int | None = None
    trail: str = ""  # what proves it instead: Meta's word
    lacks: bool = False  # a message was due and nothing proves it

    @classmethod
    def pictured(cls, outreach: int, title: str, detail: str, picture: Evidence) -> "Proof":
        """A screenshot; of one whose time to be kept is over, that there was one."""
        return cls(outreach, title, detail, picture.file.name, picture.pk, "" if picture.file else "Pantallazo que ya no se conserva")

    @property
    def evidence(self) -> str:
        """`Pantallazo n.º 7`, Meta's word, what lacks, or that there is nothing to prove."""
        if self.picture:
            return f"Pantallazo n.º {self.picture_id}"
        return self.trail or ("Sin evidencia" if self.lacks else "Sin mensaje debido")


def asked_on(part: Slice, at: datetime) -> date:
    """The day by which a report tells what is late: the first after its period or, of a period that runs, today."""
    return min(part.end, bogota(at).date())


def silent_calls(count: int) -> str:
    """`1 llamada sin contacto`, `3 llamadas sin contacto`."""
    return f"{count} llamada{'' if count == 1 else 's'} sin contacto"


@dataclass(frozen=True)
class Annex:
    """The evidence annex in figures: its lines, those that lack a proof, and the first of these."""

    lines: int
    unproved: int
    shown: Sequence[Proof]


@dataclass(frozen=True)
class Table:
    """A small table of the report's body."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    behind: Behind | None = None  # what each cell counts
    widths: tuple[int, ...] = ()  # percent of the page for each column; empty: as its words need


@dataclass(frozen=True)
class Dataset:
    """Everything a report says, once."""

    header: Header
    period: Period
    filters: str
    cut_at: datetime
    indicators: tuple[Ratio | Count, ...]
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    columns: tuple[Column, ...]
    records: Sequence[Any]
    prove: Callable[[Sequence[Any]], tuple[Proof, ...]] = lambda records: ()
    # What the evidence annex is of, and what to say when there is none.
    proofs_of: tuple[str, str] = (
        "Clientes no contactados en el período",
        "Todos los clientes del período fueron contactados por teléfono.",
    )
    edition: int = 0  # which version of the handed-out report this is; 0: a download of one's own
    copied_from: datetime | None = None  # the cut of the frozen edition that this is one scope's copy of
    seal: str = ""  # sha-256 of the facts

    def facts(self) -> dict:
        """What an edition freezes and its seal is computed from: figures, formulas, tables, ids of the records."""
        return {
            "code": self.header.code, "document": self.header.version, "period": self.period.code, "filters": self.filters,
            "indicators": [
                {"code": item.code, "name": item.name, "hits": item.hits, "total": item.total, "goal": item.goal and str(item.goal),
                 "formula": item.formula, "text": item.text}
                for item in self.indicators
            ],
            "tables": [[table.title, list(table.head), [list(row) for row in table.rows]] for table in self.tables],
            "records": self.record_keys,
            "unproved": len(self.unproved),
        }  # fmt: skip

    @property
    def edition_words(self) -> str:
        """`Versión 2`; of a copy, which is made later than what was frozen, that it is one."""
        if self.copied_from is None:
            return f"Versión {self.edition}"
        return f"Copia por alcance de la versión {self.edition}, congelada el {bogota(self.copied_from):%d/%m/%Y %H:%M}; sus cifras son las de su propio corte"

    @property
    def record_keys(self) -> list[Any]:
        if isinstance(self.records, Stream):
            return list(self.records.keys)
        return [getattr(record, "pk", None) or str(record) for record in self.records]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        return (tuple(column.of(record) for column in self.columns) for record in self.records)

    @property
    def findings(self) -> list[str]:
        """What is below its goal, in words."""
        return [f"{item.name}: {item.text}, bajo la meta de {item.goal_text}" for item in self.indicators if item.met is False]

    @cached_property
    def proofs(self) -> tuple[Proof, ...]:
        """The evidence annex: it walks every record, so only files and editions ask for it."""
        return self.prove(self.records)

    @property
    def unproved(self) -> list[Proof]:
        return [proof for proof in self.proofs if proof.lacks]

    @property
    def trails(self) -> list[Proof]:
        return [proof for proof in self.proofs if proof.trail]


@dataclass(frozen=True)
class Request:
    """Which report is asked for: period, viewer and narrower filters."""

    period: Period
    viewer: User | None = None
    site: Site | None = None
    brand: Brand | None = None

    @property
    def slice(self) -> Slice:
        scope = scope_of(self.viewer)
        for name, chosen in (("sites", self.site), ("brands", self.brand)):
            if chosen:
                within = scope.get(name)
                scope[name] = (chosen.pk,) if within is None or chosen.pk in within else ()
        return Slice.of(self.period, **scope)

    @property
    def filters(self) -> str:
        """The filters in words."""
        site = f"Sede: {self.site}" if self.site else "Todas las sedes"
        brand = f"Marca: {self.brand}" if self.brand else "Todas las marcas"
        if self.viewer and not (self.viewer.all_sites and self.viewer.all_brands):
            return f"{site} · {brand} (del alcance de {self.viewer})"
        return f"{site} · {brand}"


@dataclass(frozen=True)
class Report:
    """The base of every report; a subclass fills in the code and the four questions."""

    code: str = field(default="", init=False)
    title: str = field(default="", init=False)
    permission: str = field(default="reports.see_reports", init=False)
    columns: tuple[Column, ...] = field(default=(), init=False)
    frequencies: tuple[type[Month] | type[Week], ...] = field(default=(), init=False)  # what the schedule prepares by itself
    handled_by: frozenset[Role] = field(
        default=AFTERSALES, init=False
    )  # whose work list it comes to, prepared; permissions decide the rest
    needs_strategies: bool = field(default=False, init=False)  # must say what will be done before it is approved (GSC-PRO-04 §4)
    drills: ClassVar[Mapping[str, Callable[[Any], bool]]] = {}  # figure → which records make it
    dimensions: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}  # by what its records are told apart
    elsewhere: ClassVar[Mapping[str, Rows]] = {}  # figure whose rows another report or page has

    def records(self, part: Slice, at: datetime) -> Sequence[Any]:
        raise NotImplementedError

    def indicators(self, part: Slice, at: datetime) -> tuple[Ratio | Count, ...]:
        return ()

    def charts(self, part: Slice, period: Period) -> tuple[Chart, ...]:
        return ()

    def tables(self, part: Slice, period: Period, at: datetime) -> tuple[Table, ...]:
        return ()

    def proofs(self, records: Sequence[Any]) -> tuple[Proof, ...]:
        return ()

    def annex(self, data: Dataset, part: Slice) -> Annex:
        """The annex as the screen says it; a report whose records are many counts it in the database instead."""
        return Annex(len(data.proofs), len(data.unproved), data.unproved[:UNPROVED_SHOWN])

    def behind(self, figure: str) -> Rows | None:
        """The rows of one of its indicators."""
        return self.elsewhere.get(figure) or (Rows(figure) if figure in self.drills else None)

    def behind_row(self, record: Any) -> Rows | None:
        """The rows that a record sums up; None: the record is a row itself."""
        return None

    def dataset(self, request: Request, *, at: datetime) -> Dataset:
        """The report for one request, as of `at`."""
        part = request.slice
        records = self.records(part, at)
        return Dataset(
            header=Header.of(self.code, self.title, bogota(at).date()), period=request.period, filters=request.filters, cut_at=at,
            indicators=self.indicators(part, at), charts=self.charts(part, request.period),
            tables=self.tables(part, request.period, at), columns=self.columns, records=records, prove=self.proofs,
        )  # fmt: skip
