"""Every report as a book and as a PDF: typed cells, no formula from data, opened by LibreOffice; A4, tagged, bookmarked, bounded."""

import csv
import io
import shutil
import subprocess
import uuid
import zipfile
from dataclasses import replace
from datetime import date, datetime, timedelta

import pypdf
import pytest
from openpyxl import load_workbook

from callcenter.models import Customer
from carrazos.lib.periods import Month
from crm_audit.models import Activity, Prospect
from reports.base import DATE, MOMENT, NUMBER, Request
from reports.catalogue import BY_CODE, CATALOGUE
from reports.models import ImprovementAction
from reports.render import pdf, xlsx
from satisfaction.domain import petitions, surveys
from satisfaction.domain.surveys import Reply
from satisfaction.enums import Area, PqrsChannel, PqrsKind
from satisfaction.models import FollowUp
from tests.crm_audit.conftest import bring, floor  # noqa: F401 -- a fixture of the audit's tests
from tests.factories import MONDAY, BrandFactory, CustomerFactory, OutreachFactory, SiteFactory
from tests.reports.test_indicators import call
from tests.satisfaction.scenes import answers, survey

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)
AT = MONDAY + timedelta(days=7)
HOSTILE = '=HYPERLINK("http://x.example";"ábrame")'
every_report = pytest.mark.parametrize("code", [report.code for report in CATALOGUE])


@pytest.fixture
def everything(agent, director, cal, floor):  # noqa: F811
    """One of everything, written by somebody who wants Excel to calculate."""
    call(OutreachFactory(reason=HOSTILE), agent, cal)
    row = survey()
    surveys.save_reply(row.pk, Reply(answers(row, 3, 3, 3, 3), voice=HOSTILE, suggestion="@SUM(A1)"), by=agent, at=MONDAY, calendar=cal)
    site = SiteFactory(code="norte")
    filing = petitions.Filing(
        key=uuid.uuid4(), kind=PqrsKind.CLAIM, channel=PqrsChannel.PHONE, customer=CustomerFactory(), site=site, brand=BrandFactory(),
        area=Area.AFTERSALES, description=HOSTILE, received_at=MONDAY,
    )  # fmt: skip
    petitions.file(filing, by=agent, at=MONDAY, calendar=cal)
    ImprovementAction.objects.create(origin="PQRS", finding=HOSTILE, opened_at=MONDAY)
    bring("traffic", "f5_traffic.csv")
    bring("visits", "f6_visits.csv")
    Customer.objects.update(name=HOSTILE)
    Prospect.objects.update(name=HOSTILE)
    Activity.objects.update(prospect_name=HOSTILE)
    FollowUp.objects.update(voice=HOSTILE)


def dataset(code):
    return BY_CODE[code].dataset(Request(NOVEMBER), at=AT)


@every_report
def test_every_cell_of_a_book_has_its_type_and_none_is_a_formula(everything, code):
    data = dataset(code)
    content = xlsx.workbook(data)
    book = load_workbook(io.BytesIO(content))
    assert [cell.coordinate for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not any(
            b"<f>" in archive.read(name) or b"<hyperlink" in archive.read(name) for name in archive.namelist() if "worksheets" in name
        )
    sheet = book["Detalle"]
    assert sheet.max_row == len(data.records) + 1
    assert (sheet.freeze_panes, sheet.auto_filter.ref is not None) == ("A2", True)
    kinds = {DATE: (date, datetime), MOMENT: (datetime,), NUMBER: (int, float)}
    for column, cells in zip(data.columns, sheet.iter_cols(min_row=2), strict=True):
        for cell in cells:
            if cell.value is not None and column.kind in kinds:
                assert isinstance(cell.value, kinds[column.kind]), (column.title, cell.value)
            elif cell.value is not None:
                assert isinstance(cell.value, str), (column.title, cell.value)


@every_report
def test_the_parameters_would_give_the_same_book_again(everything, code):
    sheet = load_workbook(io.BytesIO(xlsx.workbook(dataset(code))))["Parámetros"]
    found = {row[0]: row[1] for row in sheet.iter_rows(min_row=2, max_col=2, values_only=True)}
    assert found["Período"] == "2026-11"
    assert (found["Desde"].date(), found["Hasta"].date()) == (NOVEMBER.first, NOVEMBER.last)
    assert found["Corte de los datos"] == datetime(2026, 11, 30, 9)


def test_hostile_words_stand_in_the_books_as_they_were_written(everything):
    seen = set()
    for report in CATALOGUE:
        for row in load_workbook(io.BytesIO(xlsx.workbook(dataset(report.code))))["Detalle"].iter_rows(min_row=2, values_only=True):
            seen |= {report.code for value in row if value == HOSTILE}
    assert seen >= {"GSC-FOR-09", "GSC-FOR-01", "GSC-FOR-02", "PAQ-AUD", "GC-FOR-06", "GC-FOR-05", "GC-FOR-21", "R-IMP"}


@pytest.mark.skipif(shutil.which("soffice") is None, reason="no hay LibreOffice en esta máquina: los libros no se abrieron con él")
def test_libreoffice_opens_every_book_and_reads_what_was_written(everything, tmp_path):
    expected = {}
    for report in CATALOGUE:
        data = dataset(report.code)
        (tmp_path / f"{report.code}.xlsx").write_bytes(xlsx.workbook(data))
        expected[report.code] = [column.title for column in data.columns], len(data.records)
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", every_sheet,
               "--outdir", str(tmp_path / "csv"), *map(str, sorted(tmp_path.glob("*.xlsx")))]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    for code, (titles, count) in expected.items():
        with (tmp_path / "csv" / f"{code}-Detalle.csv").open(encoding="utf-8") as file:
            head, *rows = list(csv.reader(file))
        assert (head, len(rows)) == (titles, count), code
        assert not any(value.startswith(("Err:", "#")) for row in rows for value in row), code
        assert (tmp_path / "csv" / f"{code}-Resumen.csv").exists()


@pytest.mark.parametrize("code", ["GSC-FOR-09", "GSC-FOR-02", "GC-FOR-21"])  # a drawing takes seconds; all of them: tests/nightly
def test_a_pdf_is_a4_tagged_bookmarked_and_bounded(everything, code):
    looks_right(code)


def looks_right(code):
    """Draws a report with more rows than a PDF may hold and looks at what a reader and a screen reader need."""
    data = dataset(code)
    many = replace(data, records=tuple(data.records[:1]) * 400)
    document = pypdf.PdfReader(io.BytesIO(pdf.document(many)))
    assert {(round(float(page.mediabox.width)), round(float(page.mediabox.height))) for page in document.pages} == {(595, 842)}
    root = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("es")
    assert "/StructTreeRoot" in root
    assert document.metadata.title.startswith(data.header.code or data.header.title)  # one has no code yet (REC-13)
    titles = [str(item.title) for item in document.outline if not isinstance(item, list)]
    assert titles[:2] == ["Noviembre de 2026", "Indicadores"]
    assert "Detalle" in titles
    text = " ".join("".join(page.extract_text() for page in document.pages).replace("\0", "").split())
    if data.records:
        assert "Faltan 250 filas" in text
    assert len(document.pages) <= 16
