"""A hundred thousand generated contacts against the auditor of Ley 2300."""

from random import Random

import pytest

from callcenter.domain.contact_law import LITERAL, STRICT, Mode
from tests.law_audit import faults, simulate


@pytest.mark.parametrize("mode", [LITERAL, STRICT, Mode(rne_blocks=True)], ids=["literal", "strict", "rne"])
def test_a_hundred_thousand_contacts_are_lawful(mode):
    people, allowed = simulate(Random(100_000), 100_000, mode)
    assert [fault for someone in people for fault in faults(someone, mode)] == []
    assert allowed > 15_000
