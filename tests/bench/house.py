"""A durable cluster of its own for the benches, migrated and with the catalogue; Django is set up on it."""

import contextlib
import os
import resource
import sys
from collections.abc import Iterator

from carrazos.local import use_local_settings
from carrazos.local.postgres import Postgres, postgres_for_command


@contextlib.contextmanager
def bench_database() -> Iterator[None]:
    use_local_settings()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"  # plain static names: nothing was collected
    cluster = Postgres("bench")
    with postgres_for_command(cluster):
        os.environ["DATABASE_URL"] = cluster.url
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; SET statement_timeout = 0")
        call_command("migrate", verbosity=0)
        call_command("sync_roles")
        call_command("load_catalogue", stdout=open(os.devnull, "w"))
        yield


def peak_megabytes() -> float:
    """The largest resident size of this process and of its largest child."""
    kilo = 1024 if sys.platform != "darwin" else 1024 * 1024
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / kilo


def line(name: str, floor: float, ours: float, goal: str, *, unit: str = "s") -> None:
    print(f"{name:<52} piso {floor:8.3f} {unit}   nuestro {ours:8.3f} {unit}   razón {ours / floor:6.2f}   meta {goal}")
