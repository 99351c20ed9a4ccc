"""Cleaning shared by two processes: every chunk once, and never a part of the rows in silence."""

import os
import time

import pytest

from callcenter.feeds import feeds
from callcenter.spiga.cleaning import helped
from callcenter.spiga.columns import ADDED, field_of
from carrazos.lib.text import header_key


@pytest.fixture
def shared(tmp_path):
    """A work that both sides have a share of: the parent's first piece waits until the helper has written its number down."""
    parent, mark = os.getpid(), tmp_path / "helper"

    def build(in_helper=lambda: None):
        def work(number: int) -> int:
            if os.getpid() != parent:
                mark.write_text(str(os.getpid()))
                in_helper()
            until = time.monotonic() + 30
            while not mark.exists() and time.monotonic() < until:
                time.sleep(0.001)
            return number

        return work

    build.mark = mark
    return build


def test_every_chunk_is_worked_once_whoever_takes_it(shared):
    assert sorted(helped(shared(), 200)) == list(range(200))


def test_a_helper_that_dies_is_an_error_and_not_a_shorter_list(shared):
    with pytest.raises(RuntimeError, match="helper"):
        list(helped(shared(lambda: os._exit(9)), 200))


def test_a_helper_that_fails_is_an_error_too(shared):
    with pytest.raises(RuntimeError, match="helper"):
        list(helped(shared(lambda: 1 / 0), 200))


def test_who_stops_early_leaves_no_helper_behind(shared):
    done = helped(shared(), 500)
    next(done)
    done.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(shared.mark.read_text()), 0)


@pytest.mark.parametrize("slug", feeds())
def test_no_title_that_we_add_to_the_rows_left_out_is_a_column_of_a_source(slug):
    assert [title for title in ADDED if field_of(header_key(title), feeds()[slug].columns)] == []
