"""The long forms of the import's faults: 5,000 fuzzed files, thirty kills. Only when asked: `manage.py test tests/nightly`."""

import pytest

from tests.callcenter.spiga import hostile
from tests.callcenter.spiga.test_hostile import answer
from tests.callcenter.spiga.test_kills import survive


@pytest.mark.parametrize("seed", range(10))
def test_five_thousand_fuzzed_files_never_escape(seed):
    for data in hostile.fuzzed(500, seed=seed):
        refusal, _ = answer(data)
        assert refusal is None or refusal.endswith(".")


def test_thirty_kills_in_a_long_import_leave_nothing_half_done(house, monday, tmp_path):
    survive(tmp_path, rounds=30, rows=20_000)
