"""S8: whatever bytes come, the answer is a table or one Spanish reason, soon, and the parent stays small."""

import resource
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from callcenter.spiga.reader import UnreadableFile, read
from callcenter.spiga.sandbox import budget
from tests.callcenter.spiga import hostile

SECONDS = 10


def answer(data: bytes) -> tuple[str | None, int]:
    """(refusal or None, rows read)."""
    try:
        return None, sum(1 for _ in read(data, "archivo").rows())
    except UnreadableFile as refusal:
        return refusal.reason, 0


def test_there_are_twenty_nine():
    assert len(hostile.FILES) == 29


@pytest.mark.parametrize("name", hostile.FILES)
def test_a_hostile_file_is_answered(name):
    build, words = hostile.FILES[name]
    data = build()
    start = time.perf_counter()
    refusal, rows = answer(data)
    assert time.perf_counter() - start < 3 * SECONDS  # a crowded machine; the budget itself is asserted in test_the_budget
    if words is None:
        assert (refusal, rows >= 2) == (None, True)
    elif words:
        assert words in refusal
    else:
        assert refusal is None or refusal.endswith(".")


def test_the_budget_of_a_small_file_is_below_ten_seconds():
    assert budget(900_000) == (5, 9)
    assert all(wall < SECONDS for _, wall in map(budget, (0, 1_000, 1_000_000)))


def test_two_hundred_fuzzed_files_never_escape():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(answer, hostile.fuzzed(200, seed=42)))
    assert [refusal for refusal, _ in answers if refusal is not None and not (refusal.endswith(".") and len(refusal) < 400)] == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024
