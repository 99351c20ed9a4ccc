"""Records that are read from the database by the hundred: the same as a list, never whole in memory."""

from datetime import timedelta

import pytest

from callcenter.models import Attempt, Outreach
from carrazos.lib.periods import Month
from reports import stream
from reports.base import Request
from reports.catalogue import BY_CODE
from reports.stream import Keys, Stream
from tests.factories import MONDAY, OutreachFactory


class Asked:
    """A loader that tells what it was asked for, and answers in another order."""

    def __init__(self):
        self.calls = []

    def __call__(self, keys):
        self.calls.append(list(keys))
        return {key: f"row {key}" for key in sorted(keys)}


def test_it_reads_as_a_list_does_and_never_more_than_a_chunk(monkeypatch):
    monkeypatch.setattr(stream, "CHUNK", 3)
    keys, asked = [5, 1, 4, 2, 3, 9, 7], Asked()
    rows = Stream(keys, asked)
    assert (len(rows), asked.calls) == (7, [])
    assert list(rows) == [f"row {key}" for key in keys]
    assert asked.calls == [[5, 1, 4], [2, 3, 9], [7]]
    assert (rows[2:4], rows[-1], rows[1]) == (["row 4", "row 2"], "row 7", "row 1")
    assert asked.calls[3:] == [[4, 2], [7], [1]]


@pytest.mark.django_db
def test_the_numbers_of_a_month_are_read_by_the_page_until_all_are_wanted(django_assert_num_queries):
    rows = [OutreachFactory().pk for _ in range(5)]
    keys = Keys(Outreach.objects.order_by("-pk").values_list("pk", flat=True))
    backwards = rows[::-1]
    with django_assert_num_queries(2):
        assert (len(keys), keys[1:3]) == (5, backwards[1:3])
    with django_assert_num_queries(1):
        assert [list(keys), keys[1:3], keys[-2:], keys[-1]] == [backwards, backwards[1:3], backwards[-2:], backwards[-1]]


@pytest.mark.django_db
def test_the_register_of_calls_streams_in_the_order_of_the_first_call(agent, monday, django_assert_num_queries, monkeypatch):
    rows = [OutreachFactory() for _ in range(3)]
    for row, minutes in zip(rows, (30, 10, 20), strict=True):
        for number, more in enumerate((0, 60), 1):
            at = MONDAY + timedelta(minutes=minutes + more)
            Attempt.objects.create(outreach=row, number=number, agent=agent, is_contact=True, outcome="BOOKED", started_at=at, at=at, day=at.date(),
                                   policy_version="x")  # fmt: skip
    report = BY_CODE["GSC-FOR-09"]
    found = report.records(Request(Month(2026, 11)).slice, MONDAY)
    assert isinstance(found, Stream)
    assert [row.pk for row in found] == [rows[1].pk, rows[2].pk, rows[0].pk]
    data = report.dataset(Request(Month(2026, 11)), at=MONDAY)
    with django_assert_num_queries(1):  # the seal needs the numbers, not the rows
        assert data.record_keys == [rows[1].pk, rows[2].pk, rows[0].pk]
    assert data.facts()["records"] == data.record_keys
    monkeypatch.setattr(stream, "CHUNK", 1)
    assert [row[0] for row in data.rows()] == [MONDAY.date()] * 3
