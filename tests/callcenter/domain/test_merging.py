"""Merging two customers and taking it back: nothing is lost on either way."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from callcenter.domain import consent, merging, queue
from callcenter.domain.errors import Refused
from callcenter.enums import Channel, ExclusionScope, ExclusionSource, NextStep, PairState, Purpose
from callcenter.models import (
    ContactPoint,
    Customer,
    CustomerMerge,
    DuplicatePair,
    Exclusion,
    Outreach,
    Touch,
    VehicleParty,
)
from callcenter.roles import Role
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, PhoneFactory, SiteFactory

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def two(north, centre):
    """Ana with a document, and Ana as another site wrote her: no document, another phone, a car, an open outreach, a refusal."""
    ana = CustomerFactory(name="Ana María Muñoz Peña", document_number="52000101", document_key="52000101", sites=[north.pk], city="")
    PhoneFactory(customer=ana, value="+573005550101")
    again = OutreachFactory(
        site=centre, customer=CustomerFactory(name="Muñoz Ana", document_key="", document_number="", city="Chía", dms_code="777"),
        phone="+573005550102",
    ).customer  # fmt: skip
    PhoneFactory(customer=again, value="+573005550101", label="oficina")
    Exclusion.objects.create(customer=again, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, since=MONDAY)
    return ana, again


def picture(*customers):
    """Everything that points at these customers, comparable."""
    return {
        (str(model._meta.label), name): sorted(model._base_manager.filter(**{f"{name}__in": customers}).values_list("pk", name))
        for model, name in merging.relations()
    }


def state(customer):
    customer.refresh_from_db()
    fields = ("name", "document_key", "document_number", "dms_code", "city", "sites", "edited_fields", "validated_at", "merged_into_id")
    return {name: getattr(customer, name) for name in fields}


def test_history_consents_phones_and_vehicles_go_over(two, agent):
    ana, again = two
    done = merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    ana.refresh_from_db()
    assert Outreach.objects.get().customer == ana
    assert Exclusion.objects.get().customer == ana
    assert set(ana.points.values_list("value", flat=True)) == {"+573005550101", "+573005550102"}
    assert ana.parties.count() == 1
    assert (ana.city, ana.dms_code, ana.sites) == ("Chía", "777", sorted({*ana.sites}))
    assert len(ana.sites) == 2
    assert "Mismo teléfono 300 ••• ••01 (+35)" in done.reasons
    assert not Customer.objects.visible_to(agent).filter(pk=again.pk).exists()


def test_every_relation_of_every_app_moves():
    """A model that gains a foreign key to the customer is covered without a line more."""
    labels = {f"{model._meta.label}.{name}" for model, name in merging.relations()}
    assert {"callcenter.Outreach.customer", "callcenter.Message.customer", "callcenter.Appointment.customer", "callcenter.Touch.customer",
            "callcenter.Exclusion.customer", "callcenter.Hold.customer", "callcenter.WorkOrder.customer",
            "callcenter.CompanyContact.company", "callcenter.CompanyContact.person", "callcenter.FieldChange.customer"} <= labels  # fmt: skip
    assert not any("ContactPoint" in label or "VehicleParty" in label for label in labels)


def test_undo_brings_everything_back(two, agent):
    ana, again = two
    was, rows = (state(ana), state(again)), picture(ana, again)
    points, parties = ContactPoint.objects.count(), VehicleParty.objects.count()
    done = merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    merging.undo(done.pk, by=agent, at=LATER)
    assert (state(ana), state(again)) == was
    assert picture(ana, again) == rows
    assert (ContactPoint.objects.count(), VehicleParty.objects.count()) == (points, parties)
    with pytest.raises(Refused, match="ya se deshizo"):
        merging.undo(done.pk, by=agent, at=LATER)


def test_the_one_that_stays_takes_the_document_it_lacks_and_gives_it_back(two, agent):
    ana, again = two
    done = merging.merge(again.pk, ana.pk, by=agent, at=LATER)
    again.refresh_from_db()
    assert (again.document_key, again.name) == ("52000101", "Muñoz Ana")
    merging.undo(done.pk, by=agent, at=LATER)
    assert (state(again)["document_key"], state(ana)["document_key"]) == ("", "52000101")


def test_undo_keeps_what_was_corrected_and_called_since(two, agent):
    ana, again = two
    done = merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    fresh = OutreachFactory(customer=Customer.objects.get(pk=ana.pk), phone=False, ties=False)
    Customer.objects.filter(pk=ana.pk).update(city="Soacha")
    merging.undo(done.pk, by=agent, at=LATER)
    ana.refresh_from_db()
    assert ana.city == "Soacha"
    fresh.refresh_from_db()
    assert fresh.customer == ana


def test_what_was_chosen_of_the_other_stays_and_returns_with_the_undo(two, agent):
    ana, again = two
    Customer.objects.filter(pk=ana.pk).update(city="Bogotá")
    before = state(ana)
    done = merging.merge(ana.pk, again.pk, by=agent, at=LATER, take={"name", "city"})
    after = state(ana)
    assert (after["name"], after["city"], after["document_key"]) == ("Muñoz Ana", "Chía", "52000101")
    assert Customer.objects.get(pk=ana.pk).name_key == Customer.objects.get(pk=again.pk).name_key
    merging.undo(done.pk, by=agent, at=LATER)
    assert state(ana) == before


def test_a_copied_number_keeps_what_the_register_said_of_it(two, agent):
    ana, again = two
    again.points.filter(value="+573005550102").update(rne_channels=["VOICE"], rne_checked_on=MONDAY.date(), is_on_whatsapp=False)
    merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    copy = ana.points.get(value="+573005550102")
    assert (copy.rne_channels, copy.rne_checked_on, copy.is_on_whatsapp) == (["VOICE"], MONDAY.date(), False)


def test_a_name_or_document_given_up_is_still_known_to_tomorrows_file(two, agent):
    ana, again = two
    Customer.objects.filter(pk=again.pk).update(document_type="CC", document_number="52000110", document_key="52000110")
    before = state(ana), state(again)
    done = merging.merge(ana.pk, again.pk, by=agent, at=LATER, take={"name", "document"})
    assert (state(ana)["document_key"], state(ana)["name"], state(again)["document_key"]) == ("52000110", "Muñoz Ana", "")
    assert "document" in state(ana)["edited_fields"]
    assert set(ana.aliases.values_list("kind", "key")) == {("NAME", "ANA MARIA MUNOZ PENA"), ("DOCUMENT", "52000101")}
    merging.undo(done.pk, by=agent, at=LATER)
    assert (state(ana), state(again), ana.aliases.count()) == (*before, 0)


def test_sites_that_came_since_the_merge_stay_with_the_one_that_stayed(two, agent, north, centre):
    ana, again = two
    other = SiteFactory()
    done = merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    OutreachFactory(site=centre, customer=Customer.objects.get(pk=ana.pk), phone=False, ties=False)
    Customer.objects.filter(pk=ana.pk).update(sites=sorted([north.pk, centre.pk, other.pk]))
    merging.undo(done.pk, by=agent, at=LATER)
    assert state(ana)["sites"] == sorted([north.pk, centre.pk, other.pk])


def test_what_another_merge_protects_stays_protected(two, agent):
    ana, again = two
    third = CustomerFactory(name="Ana M Muñoz Peña", document_key="", document_number="")
    first = merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    merging.merge(ana.pk, third.pk, by=agent, at=LATER)
    merging.undo(first.pk, by=agent, at=LATER)
    assert "name" in state(ana)["edited_fields"]


def test_what_they_refused_while_they_were_one_counts_for_both_when_they_are_two_again(two, agent):
    ana, again = two
    Exclusion.objects.all().delete()
    done = merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    later = LATER + timedelta(minutes=5)
    consent.refuse(ana, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.WHATSAPP_STOP, channels=[Channel.WHATSAPP], at=later)
    Exclusion.objects.create(customer=ana, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.RNE, since=later)
    OutreachFactory(customer=again, phone=False, ties=False, next_step=NextStep.WHATSAPP)
    merging.undo(done.pk, by=agent, at=later)
    said = Exclusion.objects.exclude(source=ExclusionSource.RNE).values_list("customer", "channels")
    assert sorted(said) == sorted([(ana.pk, ["WHATSAPP"]), (again.pk, ["WHATSAPP"])])
    assert set(Outreach.objects.filter(customer=again).values_list("next_step", flat=True)) == {NextStep.CALL, NextStep.NONE}


def test_two_commercial_contacts_of_one_day_do_not_stop_the_merge(two, agent):
    ana, again = two
    for customer in two:
        outreach = OutreachFactory(customer=customer, phone=False, ties=False)
        attempt = outreach.attempts.create(
            number=1, agent=agent, outcome="BOOKED", is_contact=True, started_at=MONDAY, at=MONDAY, day=MONDAY.date(), policy_version="x"
        )
        Touch.objects.create(
            customer=customer, channel=Channel.VOICE, purpose=Purpose.COMMERCIAL, at=MONDAY, day=MONDAY.date(), week=MONDAY.date(),
            is_effective=True, attempt=attempt,
        )  # fmt: skip
    merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    assert sorted(Touch.objects.values_list("customer", flat=True)) == sorted([ana.pk, again.pk])
    assert Outreach.objects.filter(customer=ana).count() == 3


def test_a_chain_points_at_the_last_and_is_undone_from_its_end(two, agent):
    ana, again = two
    third = CustomerFactory(name="Ana M Muñoz Peña")
    first = merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    second = merging.merge(third.pk, ana.pk, by=agent, at=LATER)
    assert set(Customer.objects.filter(merged_into=third)) == {ana, again}
    with pytest.raises(Refused, match="deshaga primero"):
        merging.undo(first.pk, by=agent, at=LATER)
    merging.undo(second.pk, by=agent, at=LATER)
    assert list(Customer.objects.filter(merged_into=ana)) == [again]
    merging.undo(first.pk, by=agent, at=LATER)
    assert not Customer.objects.filter(merged_into__isnull=False).exists()


def test_nobody_is_merged_in_the_middle_of_a_call(two, agent, cal):
    ana, again = two
    Exclusion.objects.all().delete()
    queue.take(Outreach.objects.get().pk, agent, at=MONDAY, calendar=cal)
    with pytest.raises(Refused, match="en la consola ahora mismo"):
        merging.merge(ana.pk, again.pk, by=agent, at=LATER)


def test_merged_once_and_never_with_itself(two, agent):
    ana, again = two
    merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    with pytest.raises(Refused, match="ya se fusionó"):
        merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    with pytest.raises(Refused, match="distintos"):
        merging.merge(ana.pk, ana.pk, by=agent, at=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.filter(pk=ana.pk).update(merged_into=ana.pk)


def test_the_pair_is_decided_by_the_merge_and_open_again_after_its_undo(two, agent):
    ana, again = two
    first, second = sorted(two, key=lambda row: row.pk)
    pair = DuplicatePair.objects.create(first=first, second=second, score=75, found_at=MONDAY)
    done = merging.merge(ana.pk, again.pk, by=agent, at=LATER)
    pair.refresh_from_db()
    assert (pair.state, pair.decided_by) == (PairState.MERGED, agent)
    merging.undo(done.pk, by=agent, at=LATER)
    pair.refresh_from_db()
    assert pair.state == PairState.OPEN


@pytest.mark.django_db(transaction=True)
def test_two_people_merging_the_same_pair_both_ways_merge_it_once(house):
    agent = person(Role.CALL_CENTER_LEAD)
    ana, again = CustomerFactory(name="Ana Muñoz Peña"), CustomerFactory(name="Ana Muñoz Peña", document_key="", document_number="")
    start, answers = threading.Barrier(2), []

    def try_it(survivor, loser):
        try:
            start.wait(5)
            merging.merge(survivor, loser, by=agent, at=LATER)
            answers.append("done")
        except Refused:
            answers.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=try_it, args=pair) for pair in ((ana.pk, again.pk), (again.pk, ana.pk))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["done", "refused"]
    assert CustomerMerge.objects.count() == 1
    assert Customer.objects.filter(merged_into__isnull=False).count() == 1
