"""A prepared queryset answers as the queryset does, for any number of keys, and is counted as a query."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from callcenter.domain import search
from callcenter.models import ContactPoint
from callcenter.tables import last_contacts
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db


def test_it_holds_the_rule_of_the_manager():
    one, two, three = CustomerFactory.create_batch(3)
    ContactPoint.objects.all().delete()
    for customer, value, position, status in (
        (one, "+573005550101", 0, "VALID"),
        (one, "+573005550102", 1, "VALID"),
        (two, "+573005550103", 0, "WRONG"),
        (three, "+573005550104", 0, "VALID"),
    ):
        ContactPoint.objects.create(customer=customer, kind="PHONE", value=value, position=position, status=status)
    assert search.first_phones([one.pk, two.pk]) == {one.pk: "+573005550101"}
    assert search.first_phones(pk for pk in (one.pk, three.pk)) == {one.pk: "+573005550101", three.pk: "+573005550104"}
    assert search.first_phones([]) == {}
    assert last_contacts([one.pk]) == {}


def test_it_is_counted_as_a_query():
    with CaptureQueriesContext(
        connection,
    ) as asked:
        search.cars_of([1])
    assert len(asked) == 1
