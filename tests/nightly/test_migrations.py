"""F16: every migration forward, all the way back, and forward again; and the newer ones over a million rows that people are using."""

import os
import secrets
import subprocess
import sys
import threading
import time

import psycopg
import pytest
from django.db import connection

from tests.callcenter.spiga.test_proactive_feed import database_url
from tests.test_production import ROOT

APPS = ("reports", "crm_audit", "satisfaction", "recovery", "callcenter")
ROWS, A_SECOND, LONGEST = 1_000_000, 50, 2.0
# What stood when the product was first installed; everything after it must be applied to a house that works.
FIRST_RELEASE = (("callcenter", "0002"), ("crm_audit", "0002"), ("recovery", "0002"), ("satisfaction", "0003"), ("reports", "0002"))
PLACES = """
    INSERT INTO callcenter_site (code, name, aliases, city, address, area_code, phones, is_demo, is_active)
    SELECT name, name, '{}', 'Bogotá', '', '601', '', false, true FROM unnest(ARRAY['norte', 'centro']) name;
    INSERT INTO callcenter_brand (code, name, aliases, portal_name, is_demo, is_active)
    SELECT name, name, '{}', '', false, true FROM unnest(ARRAY['vw', 'otra']) name"""
FILL = "import django; django.setup(); from tests.bench.master_fill import fill_master; fill_master(%d)"
USED = (
    "SELECT name FROM callcenter_customer WHERE id = %s",
    "UPDATE callcenter_contactpoint SET last_result = 'x' WHERE id = %s",
    "SELECT count(*) FROM callcenter_importrow WHERE batch_id = %s",
    "SELECT code FROM callcenter_controlleddocument WHERE id = %s",
    "SELECT count(*) FROM reports_reportrun WHERE requested_by_id = %s",
    "SELECT count(*) FROM callcenter_authorisation WHERE customer_id = %s",
)


@pytest.fixture
def manage(db):
    """Verbs of Django on an empty database of their own."""
    name = f"f16_{secrets.token_hex(4)}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    environment = os.environ | {"DATABASE_URL": database_url().rpartition("/")[0] + f"/{name}", "DJANGO_SETTINGS_MODULE": "tests.settings",
                                "CARRAZOS_ENV": "external"}  # fmt: skip

    def run(*words, module="django"):
        command = [sys.executable, *(["-m", module] if module else []), *words]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]

    run.database = name
    yield run
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_f16_forward_back_and_forward_again(manage, figure):
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


class User(threading.Thread):
    """Reads and writes the tables fifty times a second and keeps the longest wait."""

    def __init__(self, link: psycopg.Connection):
        super().__init__(daemon=True)
        self.link, self.over, self.longest, self.asked = link, threading.Event(), 0.0, 0

    def run(self):
        while not self.over.wait(1 / A_SECOND):
            start = time.perf_counter()
            self.link.execute(USED[self.asked % len(USED)], [1 + self.asked])
            self.longest, self.asked = max(self.longest, time.perf_counter() - start), self.asked + 1


def test_f16_the_newer_ones_over_a_million_rows_stop_nobody(manage, figure):
    settings = connection.settings_dict
    for app, number in FIRST_RELEASE:
        manage("migrate", app, number, "--verbosity", "0")
    with psycopg.connect(host=settings["HOST"], user=settings["USER"], dbname=manage.database, autocommit=True) as link:
        link.execute(PLACES)
        manage("-c", FILL % ROWS, module="")
        someone = User(link)
        someone.start()
        start = time.perf_counter()
        manage("migrate", "--verbosity", "0")
        took = time.perf_counter() - start
        someone.over.set()
        someone.join()
        assert link.execute("SELECT count(*) FROM callcenter_customer").fetchone()[0] == ROWS
    figure("F16", f"segundos de las migraciones nuevas sobre {ROWS} clientes", f"{took:.0f}")
    figure("F16", f"la espera más larga de {someone.asked} preguntas, ms", f"{1000 * someone.longest:.0f}")
    assert someone.asked > 20
    assert someone.longest < LONGEST
