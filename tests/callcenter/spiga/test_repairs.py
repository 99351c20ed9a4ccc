"""Repairs for a whole group of errors change the bad number of a cell and nothing else."""

import pytest

from callcenter.spiga.repairs import ALL
from tests.factories import MONDAY


@pytest.mark.parametrize(
    ("slug", "cell", "mended"),
    [
        ("area", "5550101", "6015550101"),
        ("area", "031 555 0101", "031 555 0101"),
        ("area", "300555010", "300555010"),
        ("area", "3005550101 / 5550101", "3005550101 / 6015550101"),
        ("area", "3005550101 / 12345", "3005550101 / 12345"),
        ("last-ten", "573005550101999", "5550101999"),
        ("last-ten", "3005550101 / 12345", "3005550101 / 12345"),
        ("last-ten", "3005550101; 99913005550102", "3005550101 / 3005550102"),
    ],
)
def test_a_number_is_mended_without_inventing_one(slug, cell, mended):
    assert ALL[slug].mend(cell, "601", MONDAY.date()) == mended
