"""S26: what the container may do, as the compose file says it (no daemon needed)."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from carrazos.lib.pulse import show_life

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
APP = COMPOSE[: COMPOSE.index("\nservices:")]
SERVICES = dict(
    re.findall(r"^  (\w+):\n((?:    .*\n|      .*\n)+)", COMPOSE[COMPOSE.index("\nservices:") : COMPOSE.index("\nconfigs:")], re.MULTILINE)
)


def test_s26_the_application_runs_with_as_little_as_it_needs():
    for words in (
        "USER app",
        "read_only: true",
        "cap_drop: [ALL]",
        'security_opt: ["no-new-privileges:true"]',
        'tmpfs: ["/tmp"]',
        "--require-hashes",
    ):
        assert words in APP, words
    assert "docker.sock" not in COMPOSE


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_s26_every_service_has_a_limit(name):
    assert "mem_limit" in SERVICES[name]


def test_s26_no_secret_has_a_default_or_a_value():
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|SECRET_KEY|DATA_KEY|RECIPIENT))([^}]*)\}", COMPOSE)
    assert {name for name, _ in secrets} >= {
        "SECRET_KEY",
        "PERSONAL_DATA_KEY",
        "POSTGRES_PASSWORD",
        "APP_DATABASE_PASSWORD",
        "REDIS_PASSWORD",
    }
    assert all(rest.startswith(":?") for _, rest in secrets)
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert [line for line in example.splitlines() if re.match(r"\w*(PASSWORD|KEY|TOKEN)=.+", line)] == []


def test_only_release_owns_the_tables():
    assert "carrazos_app:" in APP
    assert [name for name, body in SERVICES.items() if "//carrazos:" in body] == ["release"]


def test_the_broker_keeps_a_log_and_the_data_have_volumes():
    assert "--appendonly yes" in SERVICES["redis"]
    assert "--maxmemory-policy noeviction" in SERVICES["redis"]
    assert "backups:/backups" in SERVICES["backup"]


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"release"}))
def test_s26_every_service_that_stays_is_asked_whether_it_lives(name):
    assert "healthcheck:" in SERVICES[name]


def test_the_healthcheck_of_worker_and_beat_asks_for_their_pulse(tmp_path):
    """The very command of the file: a fresh pulse passes, an old or a missing one does not."""
    command = re.search(r'&pulse\n\s+test: \["CMD-SHELL", "(.*?)"\]', COMPOSE)[1]
    pulse = tmp_path / "pulse"

    def answer():
        return subprocess.run(["sh", "-c", command.replace("/tmp/pulse", str(pulse))], capture_output=True).returncode

    assert "PULSE_FILE: /tmp/pulse" in APP
    assert answer() != 0
    show_life(str(pulse))
    assert answer() == 0
    os.utime(pulse, (0, 0))
    assert answer() != 0


def test_a_backup_is_made_at_least_every_quarter_of_an_hour():
    """RPO of 15 minutes (S23): the pause and a minute of work."""
    assert int(re.search(r"sleep (\d+); done", SERVICES["backup"])[1]) <= 14 * 60
