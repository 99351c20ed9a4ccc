"""F16: a new version does not stop the one that works: no table is waited for longer than two seconds, and a model has its migration."""

import threading
import time

import psycopg
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from callcenter.management.commands import release
from carrazos import backups


def test_f16_every_model_has_its_migration(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_f16_a_busy_table_is_given_way_to_and_tried_again(house, monkeypatch):
    """Somebody holds a table for three seconds while `release` wants it: the others are never kept waiting, and it ends well."""
    monkeypatch.setattr(release, "PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(release, "LOCK_TIMEOUT", "300ms")
    turns, held, over = [], threading.Event(), threading.Event()

    def hold():
        with psycopg.connect(**backups.connect_arguments(connection.settings_dict["NAME"])) as link:
            link.execute("LOCK TABLE callcenter_reason IN ACCESS SHARE MODE")
            held.set()
            over.wait(10)

    def wants_the_table(*_args, **_named):
        turns.append(time.monotonic())
        if len(turns) == 3:
            over.set()
            busy.join()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE callcenter_reason ADD COLUMN f16 int")
            cursor.execute("ALTER TABLE callcenter_reason DROP COLUMN f16")

    monkeypatch.setattr(release, "call_command", wants_the_table)
    busy = threading.Thread(target=hold)
    busy.start()
    assert held.wait(10)
    try:
        release.Command().migrate()
    finally:
        over.set()
        busy.join()
        connection.close()  # its timeouts were this test's
    assert len(turns) == 3
    assert turns[1] - turns[0] < 2


@pytest.mark.django_db(transaction=True)
def test_f16_without_a_limit_every_reader_waits_behind_it(house):
    """The negative control: an ALTER that waits without a limit makes a plain SELECT wait behind it."""
    place = backups.connect_arguments(connection.settings_dict["NAME"])
    with psycopg.connect(**place) as slow, psycopg.connect(**place) as reader:
        slow.execute("LOCK TABLE callcenter_reason IN ACCESS SHARE MODE")
        altering = threading.Thread(target=alter, args=(place,))
        altering.start()
        time.sleep(0.5)
        reader.execute("SET lock_timeout = '300ms'")
        with pytest.raises(LockNotAvailable):
            reader.execute("SELECT count(*) FROM callcenter_reason")
        slow.rollback()
        altering.join()


def alter(place):
    with psycopg.connect(**place) as link:
        link.execute("ALTER TABLE callcenter_reason ADD COLUMN f16 int")
        link.rollback()


@pytest.mark.django_db
def test_f16_another_error_is_not_tried_again(monkeypatch):
    tries = []

    def broken(*_args, **_named):
        tries.append(1)
        raise OperationalError("no space left")

    monkeypatch.setattr(release, "call_command", broken)
    with pytest.raises(OperationalError, match="no space"):
        release.Command().migrate()
    assert len(tries) == 1
