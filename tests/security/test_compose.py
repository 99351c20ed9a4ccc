"""S26: what the container may do, as the compose file says it (no daemon needed)."""

import re
from pathlib import Path

import pytest

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
