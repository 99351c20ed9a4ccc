"""S23, F20: a backup is worth what its restoring proves."""

import tarfile
from datetime import timedelta
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
        backups.restore_files(made, str(identity), facts, work / "media")
        assert backups.differences(database, work / "media", facts) == []
        rows, checksum = facts["tables"][Customer._meta.db_table]
        facts["tables"][Customer._meta.db_table] = [rows, str(int(checksum) + 1)]
        assert len(backups.differences(database, work / "media", facts)) == 1


def test_without_a_key_no_backup_is_made(db, tmp_path):
    with pytest.raises(CommandError, match="BACKUP_RECIPIENT"):
        call_command("backup", to=tmp_path)


def test_a_file_is_sealed_once_and_goes_when_no_backup_names_it(house, identity, tmp_path):
    """A backup each quarter of an hour costs what is new; what was erased leaves the shelf with the last backup that names it."""
    stored = Path(settings.MEDIA_ROOT) / "evidence" / "unica.jpg"
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_bytes(b"una evidencia que se suprime")
    sealed = tmp_path / backups.SHELF / f"{backups.sha256(stored)}.age"
    first = backups.make(tmp_path, recipient=str(identity.to_public()), at=timezone.now())
    moment = sealed.stat().st_mtime_ns
    stored.unlink()
    second = backups.make(tmp_path, recipient=str(identity.to_public()), at=timezone.now() + timedelta(seconds=1))
    assert sealed.stat().st_mtime_ns == moment
    assert backups.drill(first, str(identity))["files"] == backups.drill(second, str(identity))["files"] + 1
    assert backups.forget_old(tmp_path, keep=1, days=0) == 1
    assert not sealed.exists()
    assert backups.drill(second, str(identity))


def test_a_missing_file_is_told(house, identity, tmp_path):
    stored = Path(settings.MEDIA_ROOT) / "evidence" / "perdida.jpg"
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_bytes(b"una evidencia que se pierde")
    made = backups.make(tmp_path, recipient=str(identity.to_public()), at=timezone.now())
    (tmp_path / backups.SHELF / f"{backups.sha256(stored)}.age").unlink()
    with pytest.raises(backups.BackupError, match=r"evidence/perdida\.jpg"):
        backups.drill(made, str(identity))
    stored.unlink()


def test_the_newest_are_kept_and_one_of_each_day(tmp_path):
    for day in range(1, 6):
        for hour in (1, 2):
            (tmp_path / f"carrazos-2026110{day}-0{hour}0000.tar.age").touch()
    assert backups.forget_old(tmp_path, keep=3, days=4) == 5
    left = [path.name[9:20] for path in sorted(tmp_path.glob("*.age"))]
    assert left == ["20261102-02", "20261103-02", "20261104-02", "20261105-01", "20261105-02"]


@pytest.mark.parametrize(
    ("name", "kind"), [("../fuera.txt", tarfile.REGTYPE), ("/tmp/fuera.txt", tarfile.REGTYPE), ("enlace", tarfile.SYMTYPE)]
)
def test_a_copy_that_would_write_outside_its_folder_is_refused(identity, tmp_path, name, kind):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd" if kind == tarfile.SYMTYPE else ""
    with tarfile.open(tmp_path / "all.tar", "w") as tar:
        tar.addfile(member)
    pyrage.encrypt_file(str(tmp_path / "all.tar"), str(tmp_path / "mala.tar.age"), [identity.to_public()])
    with pytest.raises(backups.BackupError, match="no es un archivo suyo"), backups.opened(tmp_path / "mala.tar.age", str(identity)):
        pass
