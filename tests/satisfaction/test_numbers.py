"""The search box opens a PQRS or a case by its number: how it may be typed, and who finds it."""

import uuid

import pytest

from callcenter.domain import search
from callcenter.roles import Role
from satisfaction.domain import numbers, petitions
from satisfaction.enums import Area, PqrsChannel, PqrsKind
from satisfaction.models import FilingCounter, Pqrs
from tests.callcenter.views.test_pages import as_, page
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, CustomerFactory
from tests.satisfaction.scenes import case


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PQRS-2026-00012", ["PQRS-2026-00012"]), ("pqrs 2026 12", ["PQRS-2026-00012"]), ("2025-12", ["PQRS-2025-00012"]),
        ("pqrs 12", ["PQRS-2025-00012", "PQRS-2026-00012"]), ("PQRS12", ["PQRS-2025-00012", "PQRS-2026-00012"]),
        ("00012", ["PQRS-2025-00012", "PQRS-2026-00012"]),
        ("12", []), ("0012", []), ("300 555 0101", []), ("52000101", []), ("pqrs", []), ("", []), ("pqrs 2026-123456", []), ("Ana 12", []),
    ],
)  # fmt: skip
def test_how_a_number_is_typed(text, found):
    assert numbers.filings(text, [2025, 2026]) == found


@pytest.fixture
def kia(db):
    return BrandFactory(code="kia", name="Kia")


@pytest.fixture
def filed(monday, agent, cal, north, vw, kia):
    """A PQRS of each brand, with numbers 1 and 2."""
    rows = []
    for number, brand in enumerate((vw, kia), 1):
        filing = petitions.Filing(key=uuid.UUID(int=number), kind=PqrsKind.CLAIM, channel=PqrsChannel.PHONE, customer=CustomerFactory(name=f"Ana {brand}"),
                                  site=north, brand=brand, area=Area.AFTERSALES, description="x", received_at=MONDAY)  # fmt: skip
        rows.append(petitions.file(filing, by=agent, at=MONDAY, calendar=cal))
    return rows


def box(client, user, text):
    return page(as_(client, user).get("/buscar/", {"q": text}))


def test_the_box_opens_a_petition_by_its_number(client, agent, filed):
    for text in (filed[0].number, "pqrs 1", "00001"):
        shown = box(client, agent, text)
        assert (f'href="/pqrs/{filed[0].pk}/"' in shown, f'href="/pqrs/{filed[1].pk}/"' in shown, "Ana Volkswagen" in shown) == (
            True,
            False,
            True,
        )
    assert "Nadie coincide" in box(client, agent, "pqrs 77")


def test_a_case_is_found_by_the_number_of_its_page(client, agent, cal, north, monday):
    row = case(cal, site=north, customer=CustomerFactory(name="Rosa Gil"))
    assert f"Caso n.º {row.pk}" in page(as_(client, agent).get(f"/detractores/{row.pk}/"))
    for text in (f"caso {row.pk}", f"Caso n.º {row.pk}", f"caso #{row.pk}"):
        assert f'href="/detractores/{row.pk}/"' in box(client, agent, text), text
    assert f"/detractores/{row.pk}/" not in box(client, agent, f"caso {row.pk}7")


def test_who_may_not_open_it_does_not_find_it(client, agent, outsider, filed, kia, cal, north):
    row = case(cal, site=north)
    of_kia = person(Role.CALL_CENTER_AGENT, all_brands=False)
    of_kia.brands.add(kia)
    for user, seen in (
        (agent, {"1", "2", "case"}),
        (of_kia, {"2"}),
        (outsider, set()),
        (person(Role.CRM_LEAD), set()),
        (person(Role.SALES_MANAGER), set()),
    ):
        found = {text[-1] for text in ("pqrs 1", "pqrs 2") if search.numbered(text, user)}
        found |= {"case"} if search.numbered(f"caso {row.pk}", user) else set()
        assert found == seen, user.functions


def test_a_number_costs_two_queries_however_many_bear_it_and_a_name_none(agent, filed, django_assert_num_queries):
    search.numbered("pqrs 1", agent)
    with django_assert_num_queries(2):
        assert len(search.numbered("pqrs 1", agent)["PQRS"]) == 1
    FilingCounter.objects.create(year=2025, last=1)
    Pqrs.objects.filter(pk=filed[1].pk).update(number="PQRS-2025-00001")
    with django_assert_num_queries(2):
        assert len(search.numbered("pqrs 1", agent)["PQRS"]) == 2
    with django_assert_num_queries(0):
        assert search.numbered("ana munoz", agent) == {}
