"""An edition built while others write is one instant of the data; the same closed month builds the same seal."""

import threading
from datetime import datetime

import pytest
from django.db import connection

from callcenter import tasks
from callcenter.roles import Role
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.periods import Month
from reports.definitions.proactive import ProactiveControl
from reports.domain import editions
from reports.models import Edition
from tests.conftest import person
from tests.factories import OutreachFactory
from tests.reports.test_indicators import call

AT = datetime(2026, 12, 1, 6, tzinfo=BOGOTA)
NOVEMBER = Month(2026, 11)


def write_between(monkeypatch, write):
    """Another connection commits `write` after the report has read its rows and before it reads its figures."""
    read = ProactiveControl.indicators
    done = []

    def interrupted(self, part, at):
        if not done:
            done.append(True)
            worker = threading.Thread(target=in_another_connection, args=(write,))
            worker.start()
            worker.join()
        return read(self, part, at)

    monkeypatch.setattr(ProactiveControl, "indicators", interrupted)
    return done


def in_another_connection(write):
    try:
        write()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("house")
def test_a_build_under_concurrent_writes_is_one_snapshot(monkeypatch, cal):
    agent, director = person(Role.CALL_CENTER_AGENT), person(Role.AFTERSALES_DIRECTOR)
    call(OutreachFactory(), agent, cal)
    late = OutreachFactory()
    interrupted = write_between(monkeypatch, lambda: call(late, agent, cal))
    edition = editions.prepare("GSC-FOR-09", NOVEMBER, by=director, at=AT)
    assert tasks.run_one()
    assert interrupted
    edition.refresh_from_db()
    figures = {item["code"]: item for item in edition.facts["indicators"]}
    assert (len(edition.facts["records"]), figures["IND-01"]["total"], figures["IND-08"]["hits"]) == (1, 1, 1)
    # What was written meanwhile is there for whoever builds afterwards: the snapshot hid it, nothing else.
    again = editions.dataset_of(edition, at=AT).facts()
    assert (len(again["records"]), next(item for item in again["indicators"] if item["code"] == "IND-01")["total"]) == (2, 2)


@pytest.mark.django_db
def test_rebuilding_a_closed_month_gives_the_same_seal(agent, director, cal):
    call(OutreachFactory(), agent, cal)
    edition = editions.prepare("GSC-FOR-09", NOVEMBER, by=director, at=AT)
    while tasks.run_one():
        pass
    edition.refresh_from_db()
    OutreachFactory()  # the house goes on: December's work is none of November's
    corrected = editions.correct(edition.pk, by=director, reason="Se pidió otra vez", at=AT)
    while tasks.run_one():
        pass
    corrected.refresh_from_db()
    assert corrected.sha256 == Edition.objects.get(pk=edition.pk).sha256 != ""
    assert corrected.difference == []
