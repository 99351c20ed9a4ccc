"""F16: every migration forward, all the way back, and forward again, on a database of its own with rows in it."""

import os
import secrets
import subprocess
import sys
import time

import pytest
from django.db import connection

from tests.callcenter.spiga.test_proactive_feed import database_url
from tests.test_production import ROOT

APPS = ("reports", "crm_audit", "satisfaction", "recovery", "callcenter")


@pytest.mark.usefixtures("db")
def test_f16_forward_back_and_forward_again(figure):
    name = f"f16_{secrets.token_hex(4)}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    environment = os.environ | {"DATABASE_URL": database_url().rpartition("/")[0] + f"/{name}", "DJANGO_SETTINGS_MODULE": "tests.settings",
                                "CARRAZOS_ENV": "external"}  # fmt: skip

    def manage(*words):
        done = subprocess.run([sys.executable, "-m", "django", *words], env=environment, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]

    try:
        taken = {}
        for what in ("adelante", "atrás", "de nuevo"):
            start = time.perf_counter()
            if what == "atrás":
                for app in APPS:
                    manage("migrate", app, "zero", "--verbosity", "0")
            else:
                manage("migrate", "--verbosity", "0")
                manage("sync_roles")
                manage("load_catalogue")
            taken[what] = time.perf_counter() - start
        figure("F16", "segundos adelante / atrás / de nuevo", " / ".join(f"{seconds:.0f}" for seconds in taken.values()))
    finally:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
