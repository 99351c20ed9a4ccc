"""F14 with five thousand texts, shared out among the doors."""

from collections import Counter

import pytest

from tests.faults.test_text import DOORS, boss, strings

__all__ = ["boss"]
TEXTS = 5_000


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
@pytest.mark.parametrize(("seed", "door"), list(enumerate(DOORS)), ids=[door.__name__ for door in DOORS])
def test_f14_five_thousand_texts(boss, door, seed, settings, figure):
    settings.ACCOUNT_RATE_LIMITS = False
    said = Counter(door(boss, text) for text in strings(1_400 + seed, 1 + TEXTS // len(DOORS)))
    figure("F14", f"respuestas: {door.__name__}", ", ".join(f"{code}: {count}" for code, count in sorted(said.items())))
    assert set(said) <= {200, 302, 400, 403, 413, 422}
