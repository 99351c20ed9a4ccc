"""Thousands of generated contacts: what the rules let pass, an auditor that shares no code with them finds lawful."""

from random import Random

import pytest

from callcenter.domain.contact_law import LITERAL, STRICT, Mode
from callcenter.enums import Purpose
from tests.law_audit import faults, simulate

MODES = {"literal": LITERAL, "strict": STRICT, "rne": Mode(rne_blocks=True)}


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())
def test_no_generated_contact_is_against_the_law(mode):
    people, allowed = simulate(Random(2300), 3_000, mode)
    assert [fault for someone in people for fault in faults(someone, mode)] == []
    assert 300 < allowed < 2_500  # it tries enough, and refuses enough


def test_the_auditor_sees_what_breaks_the_law():
    """The negative control: with the rules off, the auditor finds every kind of fault."""
    people, _ = simulate(Random(7), 2_000, LITERAL)
    for someone in people:
        someone.done = [(intent, True) for intent, _ in someone.done] + [
            (type(intent)(intent.channel, Purpose.COMMERCIAL, intent.at.replace(hour=20)), True) for intent, _ in someone.done
        ]
    found = {fault.split()[0] for someone in people for fault in faults(someone, LITERAL)}
    assert {"L1", "L3", "L4", "L5/L6", "VOZ"} <= found
