"""S24 with fifty people: ten are erased, and a dump of the whole base, every file and the broker hold nothing of them."""

import os
import random
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from callcenter.models import Outreach
from callcenter.roles import Role
from callcenter.spiga import pipeline
from carrazos.local.postgres import Postgres
from tests.callcenter.spiga.files import csv_bytes, row
from tests.conftest import person
from tests.factories import MONDAY, SiteFactory
from tests.security.test_personal_data import erase, worked

PEOPLE, ERASED = 50, 10
SYLLABLES = (
    "bra",
    "cli",
    "dro",
    "fle",
    "gru",
    "jal",
    "kem",
    "lun",
    "mor",
    "nez",
    "pru",
    "quil",
    "ros",
    "tam",
    "vel",
    "wis",
    "xum",
    "yer",
    "zul",
)


def names(count: int) -> list[str]:
    pick = random.Random(24)
    return [" ".join("".join(pick.sample(SYLLABLES, 3)).capitalize() for _ in range(3)) for _ in range(count)]


def everything() -> str:
    """The base as text, with every file's content after it."""
    facts = connection.settings_dict
    command = [Postgres("test").binary("pg_dump"), "-h", facts["HOST"], "-U", facts["USER"], facts["NAME"]]
    dump = subprocess.run(command, check=True, capture_output=True, env={"PATH": os.environ["PATH"]}).stdout
    files = b"".join(path.read_bytes() for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())
    return (dump + files).decode("utf-8", "replace").casefold()


@pytest.mark.usefixtures("house", "monday")
def test_s24_ten_of_fifty_are_nowhere(cal, figure):
    SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    agent, lead = person(Role.CALL_CENTER_AGENT), person(Role.CALL_CENTER_LEAD)
    people = [worked(name, agent, cal) for name in names(PEOPLE)]
    gone, stay = people[:ERASED], people[ERASED:]
    marks = {row.pk: (row.customer.name, row.customer.document_number, row.customer.points.phones().get().value) for row in people}
    file = csv_bytes([row(name=each.customer.name.upper(), document=each.customer.document_number) for each in people])
    pipeline.import_now(pipeline.receive("proactive", file, "hoy.csv", by=agent, site=None, at=MONDAY, authorised=True))
    before = Outreach.objects.count(), Outreach.objects.filter(attempts__isnull=False).count()
    for each in gone:
        assert erase(each.customer, lead, cal).work_state == "DONE"
    again = pipeline.receive("proactive", file, "manana.csv", by=agent, site=None, at=MONDAY, repeat=True, authorised=True)
    result = pipeline.import_now(again)
    held = everything()
    found = [mark for each in gone for mark in marks[each.pk] if mark.casefold() in held]
    kept = sum(marks[each.pk][0].casefold() in held for each in stay)
    figure("S24", f"rastros de {ERASED} personas suprimidas de {PEOPLE}", len(found))
    figure("S24", "de las otras, con su nombre en su sitio", kept)
    figure("S24", "suprimidas que el archivo de mañana quiso traer y no entraron", result.excluded["ERASED"])
    assert found == []
    assert kept == PEOPLE - ERASED
    assert result.excluded["ERASED"] == ERASED
    assert (Outreach.objects.count(), Outreach.objects.filter(attempts__isnull=False).count()) == before
