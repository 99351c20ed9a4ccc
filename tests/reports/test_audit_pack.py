"""The brand's audit pack: the same draw for everybody, with what proves each case."""

import io
import uuid
from datetime import timedelta

import pypdf
import pytest

from callcenter.domain import outreach as verbs
from callcenter.domain import queue
from callcenter.domain.metrics import Slice
from callcenter.domain.outreach import Call
from callcenter.enums import Outcome
from callcenter.models import Reason
from carrazos.lib.periods import Month
from reports.base import Request
from reports.catalogue import BY_CODE
from reports.definitions.audit_pack import SAMPLE, drawn, seed_of
from reports.render import pdf
from tests.factories import MONDAY, OutreachFactory

NOVEMBER = Month(2026, 11)


@pytest.mark.parametrize(("population", "size"), [(0, 0), (3, 3), (SAMPLE, SAMPLE), (400, SAMPLE)])
def test_the_sample_is_never_larger_than_its_population(population, size):
    chosen = drawn(list(range(population)), "2026-11")
    assert len(set(chosen)) == size


def test_the_same_seed_draws_the_same_cases_in_any_order_and_another_others():
    numbers = list(range(1000))
    assert drawn(numbers, "2026-11") == drawn(numbers[::-1], "2026-11")
    assert drawn(numbers, "2026-11") != drawn(numbers, "2026-12")


@pytest.mark.parametrize(
    ("sites", "brands", "seed"),
    [(None, None, "2026-11-01 2026-12-01 sedes todas marcas todas"), ((3, 5), (2,), "2026-11-01 2026-12-01 sedes 3+5 marcas 2")],
)
def test_the_seed_reads_as_what_it_depends_on(sites, brands, seed):
    assert seed_of(Slice.of(NOVEMBER, sites=sites, brands=brands)) == seed


@pytest.mark.django_db
def test_each_case_tells_what_happened(agent, cal):
    row = OutreachFactory()
    held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    made = Call(key=uuid.uuid4(), outcome=Outcome.DECLINED, reason=Reason.objects.get(kind="NO_BOOKING", code="PRICE"), note="Muy caro")
    verbs.record_attempt(row.pk, made, agent=agent, fence=held.fence, at=MONDAY + timedelta(minutes=1), calendar=cal)
    data = BY_CODE["PAQ-AUD"].dataset(Request(NOVEMBER), at=MONDAY)
    assert [item.hits for item in data.indicators] == [1, 1]
    (table,) = data.tables
    assert table.rows == (("23/11/2026 09:00", "Llamada 1", "Precio", "Muy caro", str(agent)),)
    text = pypdf.PdfReader(io.BytesIO(pdf.document(data))).pages[0].extract_text()
    assert "Muy caro" in text
