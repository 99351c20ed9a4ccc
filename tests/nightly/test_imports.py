"""The long forms of the import's faults: 5,000 fuzzed files, thirty kills. Only when asked: `manage.py test tests/nightly`."""

import resource
import time

from tests.callcenter.spiga import hostile
from tests.callcenter.spiga.test_hostile import SECONDS, answer
from tests.callcenter.spiga.test_kills import survive

FILES, A_TIME = 5_000, 500


def test_five_thousand_fuzzed_files_never_escape(figure):
    refused, slowest, before = 0, 0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in range(FILES // A_TIME):
        for data in hostile.fuzzed(A_TIME, seed=seed):
            start = time.perf_counter()
            refusal, _ = answer(data)
            slowest = max(slowest, time.perf_counter() - start)
            assert refusal is None or refusal.endswith(".")
            refused += refusal is not None
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    figure("S8", "archivos dañados leídos", FILES)
    figure("S8", "rechazados con su motivo", refused)
    figure("S8", "el más lento, s", f"{slowest:.1f}")
    figure("S8", "crecimiento del proceso padre, MB", grown)
    assert slowest < SECONDS
    assert grown < 50


def test_thirty_kills_in_a_long_import_leave_nothing_half_done(house, monday, tmp_path, figure):
    killed = survive(tmp_path, rounds=30, rows=20_000)
    figure("F5", "kill -9 en plena importación de 20.000 filas", killed)
    assert killed == 30
