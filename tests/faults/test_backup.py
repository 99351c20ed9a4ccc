"""S23, F20: a backup is worth what its restoring proves."""

from pathlib import Path

import pyrage
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from callcenter.models import Customer
from carrazos import backups
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def identity():
    return pyrage.x25519.Identity.generate()


def test_s23_counts_checksums_and_files_are_equal_and_a_wrong_key_fails_loudly(house, identity, tmp_path):
    CustomerFactory.create_batch(30)
    stored = Path(settings.MEDIA_ROOT) / "evidence" / "copia.jpg"
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_bytes(b"una evidencia")
    made = backups.make(tmp_path, recipient=str(identity.to_public()), at=timezone.now())
    assert b"una evidencia" not in made.read_bytes()
    found = backups.drill(made, str(identity))
    assert found["files"] >= 1
    assert found["rows"] >= 30
    with pytest.raises(backups.BackupError, match="no abre esta copia"):
        backups.drill(made, str(pyrage.x25519.Identity.generate()))
    made.write_bytes(made.read_bytes()[:-200])
    with pytest.raises(backups.BackupError, match="dañada"):
        backups.drill(made, str(identity))


def test_the_drill_notices_a_single_changed_row(house, identity, tmp_path):
    """The negative control: what was dumped and what the manifest says must be the same."""
    CustomerFactory.create_batch(3)
    made = backups.make(tmp_path, recipient=str(identity.to_public()), at=timezone.now())
    with backups.opened(made, str(identity)) as work, backups.spare_database() as database:
        facts = backups.restore_into(database, work)
        assert backups.differences(database, work / "media", facts) == []
        rows, checksum = facts["tables"][Customer._meta.db_table]
        facts["tables"][Customer._meta.db_table] = [rows, str(int(checksum) + 1)]
        assert len(backups.differences(database, work / "media", facts)) == 1


def test_without_a_key_no_backup_is_made(db, tmp_path):
    with pytest.raises(CommandError, match="BACKUP_RECIPIENT"):
        call_command("backup", to=tmp_path)


def test_only_the_newest_are_kept(tmp_path):
    for number in range(5):
        (tmp_path / f"carrazos-2026110{number}-000000.tar.age").touch()
    assert backups.forget_old(tmp_path, 2) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["carrazos-20261103-000000.tar.age", "carrazos-20261104-000000.tar.age"]
