"""The long suite: `NIGHTLY=1 python3 manage.py test tests/nightly` (`-s` shows the table of figures as it grows)."""

import os

import pytest

collect_ignore_glob = [] if os.environ.get("NIGHTLY") else ["test_*.py"]
FIGURES: list[tuple[str, str, str]] = []


@pytest.fixture
def figure():
    """`figure("F1", "reclamos dobles", 0)`: one line of the table that the run prints at its end."""

    def note(case: str, what: str, value: object) -> None:
        FIGURES.append((case, what, str(value)))

    return note


def pytest_terminal_summary(terminalreporter):
    if FIGURES:
        terminalreporter.section("cifras")
        for case, what, value in FIGURES:
            terminalreporter.write_line(f"{case:<5} {what:<60} {value:>12}")
