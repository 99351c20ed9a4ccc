"""The demo of the programme stands by itself: two lists worked, one begun, and some who came back."""

import pytest

from callcenter.demo import build
from recovery import demo
from recovery.enums import ListState
from recovery.models import Candidacy, RecoveryList
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db


def test_the_demo_has_lists_in_work_and_recovered_customers(monday, tmp_path):
    sites, brands = build.organisation()
    build.logins_of(sites, brands)
    demo.build(build.World(MONDAY, sites, brands, tmp_path))
    assert list(RecoveryList.objects.values_list("status", flat=True)) == [ListState.WORKING] * 3
    assert Candidacy.objects.recovered().count() >= 3
    assert len(set(Candidacy.objects.excluded().values_list("reason", flat=True))) >= 4
