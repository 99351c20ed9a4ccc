"""A month's list: every nasty case of domain 3.4 and what became of it, decisions with notes, and a denominator that never moves."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from callcenter.domain.errors import Refused
from callcenter.enums import ExclusionScope, ExclusionSource, OutreachState, Programme, Purpose
from callcenter.models import Exclusion, Hold, Motive, Outreach, Vehicle, VehicleParty, WorkOrder
from carrazos.lib.periods import Month
from recovery.domain import lists
from recovery.enums import ListState, Segment
from recovery.models import Candidacy, RecoveryList, RecoveryRules
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, PhoneFactory, VehicleFactory
from tests.recovery.house import CUT, NOVEMBER, bring, built, case, line, owner, visit, went_away, working

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(north, monday):
    return north


def reasons(car: Vehicle) -> list[str]:
    return case(car).reasons


def test_who_went_away_is_listed_with_segment_and_months(north, agent):
    cars = {
        Segment.YEAR: went_away(north, last=date(2025, 11, 22)), Segment.LONG: went_away(north, last=date(2025, 1, 15)),
        Segment.LOST: went_away(north, last=date(2022, 1, 15)),
    }  # fmt: skip
    row = built(agent)
    assert (row.status, row.cut_on, row.min_months, row.window_days) == (ListState.DRAFT, CUT, 12, 60)
    found = {case(car).segment: (case(car).is_listed, case(car).months_away) for car in cars.values()}
    assert found == {Segment.YEAR: (True, 12), Segment.LONG: (True, 22), Segment.LOST: (True, 58)}


def test_exactly_one_year_is_not_more_than_one(north, agent):
    car = went_away(north, last=date(2025, 11, 23))
    built(agent)
    assert (reasons(car), case(car).segment, case(car).is_listed) == (["RECENT_VISIT"], Segment.INFO, False)


def test_a_car_still_in_the_workshop_is_no_lost_customer(north, agent):
    car = went_away(north)
    visit(north, car, None, opened_on=CUT - timedelta(days=4))
    old = went_away(north)
    visit(north, old, None, opened_on=date(2023, 1, 1))
    built(agent)
    assert (reasons(car), reasons(old)) == (["RECENT_VISIT"], [])


def test_internal_orders_are_no_visits(north, agent):
    car = went_away(north, last=date(2025, 3, 10))
    visit(north, car, date(2026, 10, 1), is_internal=True)
    only = VehicleFactory()
    visit(north, only, date(2025, 1, 1), is_internal=True)
    built(agent)
    assert (reasons(car), case(car).last_visit_on) == ([], date(2025, 3, 10))
    assert reasons(only) == ["BAD_DATA", "NEVER_VISITED"]


def test_a_cancelled_order_is_no_visit(north, agent):
    car = went_away(north)
    visit(north, car, date(2026, 10, 1), is_cancelled=True)
    built(agent)
    assert reasons(car) == []


def test_own_and_demo_cars(north, agent):
    demo = went_away(north, is_own=True)
    stock = VehicleFactory()
    visit(north, stock, date(2025, 1, 1), invoiced_to="CARRAZOS SAS")
    built(agent)
    assert (reasons(demo), reasons(stock)) == (["OWN_VEHICLE"], ["OWN_VEHICLE", "BAD_DATA"])


def test_companies_are_left_out_and_a_person_known_for_the_car_brings_it_back(north, agent):
    fleet = CustomerFactory(kind="COMPANY", name="Flota Demo SAS")
    PhoneFactory(customer=fleet)
    car = went_away(north, customer=fleet)
    built(agent)
    assert reasons(car) == ["CORPORATE"]
    person = CustomerFactory()
    PhoneFactory(customer=person)
    VehicleParty.objects.create(vehicle=car, customer=person, role="DRIVER", since=date(2021, 1, 1))
    built(agent)
    assert (reasons(car), case(car).customer) == ([], person)


def test_two_owners_over_time_the_newest_is_called(north, agent):
    car = went_away(north, last=date(2022, 5, 1))
    newer = CustomerFactory()
    PhoneFactory(customer=newer)
    visit(north, car, date(2025, 2, 1), customer=newer)
    built(agent)
    assert case(car).customer == newer


def test_whoever_is_no_longer_of_the_car_is_not_called(north, agent):
    car = went_away(north)
    former = owner(car)
    newer = CustomerFactory()
    PhoneFactory(customer=newer)
    VehicleParty.objects.filter(customer=former).update(until=date(2025, 6, 1))
    VehicleParty.objects.create(vehicle=car, customer=newer, since=date(2024, 1, 1))
    built(agent)
    assert case(car).customer == newer


def test_wrong_data(north, agent):
    silent = went_away(north, phone=False)
    nameless = VehicleFactory()
    visit(north, nameless, date(2025, 1, 1), invoiced_to="SEGUROS DEMO SA")
    nothing = went_away(north, vin="O1Q", plate="PLACA")
    built(agent)
    assert (reasons(silent), reasons(nameless), reasons(nothing)) == (["BAD_DATA"], ["BAD_DATA"], ["BAD_DATA"])


@pytest.mark.parametrize("status", ["WRONG", "DISCONNECTED", "BLOCKED"])
def test_a_mail_is_enough_and_a_dead_phone_is_not(north, agent, status):
    by_mail, dead = went_away(north, phone=False), went_away(north)
    PhoneFactory(customer=owner(by_mail), kind="EMAIL", value="ana@demo.example")
    owner(dead).points.update(status=status)
    built(agent)
    assert (reasons(by_mail), reasons(dead)) == ([], ["BAD_DATA"])


def test_the_same_plate_without_vin_is_the_same_car(north, agent):
    whole = went_away(north, plate="ABC123")
    half = went_away(north, plate="ABC123", vin="")
    built(agent)
    assert (reasons(whole), reasons(half)) == ([], ["DUPLICATE"])


def test_sold_unless_somebody_came_with_it_afterwards(north, agent):
    sold = went_away(north, sold_at=MONDAY - timedelta(days=30))
    again = went_away(north, last=date(2025, 3, 10), sold_at=MONDAY - timedelta(days=900))
    built(agent)
    assert (reasons(sold), reasons(again)) == (["SOLD_OR_SCRAPPED"], [])


def test_whoever_bought_it_did_not_sell_it(north, agent):
    car = went_away(north, sold_at=MONDAY - timedelta(days=30))
    buyer = CustomerFactory()
    PhoneFactory(customer=buyer)
    VehicleParty.objects.create(vehicle=car, customer=buyer, since=MONDAY.date() - timedelta(days=10))
    built(agent)
    assert (case(car).customer, reasons(car)) == (buyer, [])


@pytest.mark.parametrize(
    ("source", "channels", "reason"),
    [
        (ExclusionSource.CUSTOMER, [], ["OPTED_OUT"]), (ExclusionSource.RNE, [], ["RNE"]),
        (ExclusionSource.CUSTOMER, ["WHATSAPP"], []), (ExclusionSource.CUSTOMER, ["VOICE"], ["OPTED_OUT"]),
    ],
)  # fmt: skip
def test_who_said_no(north, agent, source, channels, reason):
    car = went_away(north)
    Exclusion.objects.create(customer=owner(car), scope=ExclusionScope.COMMERCIAL, source=source, since=MONDAY, channels=channels)
    built(agent)
    assert reasons(car) == reason


def test_open_matters(north, agent):
    proactive, complaint, booked = (went_away(north) for _ in range(3))
    OutreachFactory(customer=owner(proactive), vehicle=proactive, site=north, phone=False)
    Hold.objects.create(customer=owner(complaint), purpose=Purpose.COMMERCIAL, reason="Queja", source="x", reference="1", since=MONDAY)
    from_other = owner(booked)
    booked.appointments.create(
        customer=from_other,
        site=north,
        brand=booked.brand,
        service="x",
        starts_at=MONDAY + timedelta(days=2),
        booked_by=agent,
        booked_at=MONDAY,
    )
    built(agent)
    assert [reasons(car) for car in (proactive, complaint, booked)] == [["OPEN_CASE"]] * 3


def test_delivered_and_never_came_is_told_apart_and_may_be_included(north, agent):
    car, new = VehicleFactory(delivered_on=date(2024, 1, 1)), VehicleFactory(delivered_on=date(2026, 6, 1))
    for one in (car, new):
        person = CustomerFactory(sites=[north.pk])
        PhoneFactory(customer=person)
        VehicleParty.objects.create(vehicle=one, customer=person)
    built(agent)
    assert (reasons(car), case(car).segment) == (["NEVER_VISITED"], Segment.NEVER)
    RecoveryRules.objects.create(pk=1, include_never_visited=True)
    built(agent)
    assert (reasons(car), reasons(new)) == ([], ["RECENT_VISIT"])


def test_every_reason_is_stored(north, agent):
    car = went_away(north, last=date(2026, 10, 1), is_own=True, sold_at=MONDAY, phone=False)
    built(agent)
    row = case(car)
    assert (row.reasons, row.reason) == (["OWN_VEHICLE", "BAD_DATA", "RECENT_VISIT", "SOLD_OR_SCRAPPED"], "OWN_VEHICLE")


def test_from_file_to_list(north, agent):
    """The insurer's order belongs to the person of the car; the importer's company does not enter."""
    bring(
        line(101, order="OT/1/2024-1"), line(101, order="OT/1/2024-2", payer="SEGUROS DEMO S.A."), line(102, payer="IMPORTADORA DEMO SAS")
    )
    PhoneFactory(customer=WorkOrder.objects.get(number="OT/1/2024").customer)
    built(agent)
    assert list(Candidacy.objects.order_by("vehicle__plate").values_list("vehicle__plate", "reason")) == [
        ("ZZA101", ""),
        ("ZZA102", "BAD_DATA"),
    ]


# -- decisions ---------------------------------------------------------------------------------------------------------


def test_an_exclusion_is_taken_back_with_a_note(north, agent):
    car = went_away(north, customer=(fleet := CustomerFactory(kind="COMPANY")))
    PhoneFactory(customer=fleet)
    built(agent)
    with pytest.raises(Refused, match="por qué"):
        lists.restore(case(car).pk, "  ", by=agent, at=MONDAY)
    row = lists.restore(case(car).pk, "Es independiente, llama el dueño", by=agent, at=MONDAY)
    assert (row.is_listed, row.reasons, row.decided_by, row.reason) == (True, ["CORPORATE"], agent, "CORPORATE")
    assert lists.remove(row.pk, "No era", by=agent, at=MONDAY).is_listed is False
    assert case(car).reason == "BY_HAND"


def test_what_no_note_brings_back(north, agent):
    said_no = went_away(north)
    Exclusion.objects.create(customer=owner(said_no), scope="ALL", source="CUSTOMER", since=MONDAY)
    nobody = VehicleFactory()
    visit(north, nobody, date(2025, 1, 1))
    built(agent)
    for car in (said_no, nobody):
        with pytest.raises(Refused):
            lists.restore(case(car).pk, "Insistir", by=agent, at=MONDAY)


def test_decisions_survive_a_new_build_unless_the_customer_said_no(north, agent):
    kept, lapsed = went_away(north, is_own=True), went_away(north, is_own=True)
    built(agent)
    for car in (kept, lapsed):
        lists.restore(case(car).pk, "Se vendió a un cliente", by=agent, at=MONDAY)
    Exclusion.objects.create(customer=owner(lapsed), scope="ALL", source="CUSTOMER", since=MONDAY)
    WorkOrder.objects.filter(vehicle=kept).update(entry_reason="OTRA")
    built(agent)
    assert (case(kept).is_listed, case(kept).decision_note) == (True, "Se vendió a un cliente")
    assert (case(lapsed).is_listed, case(lapsed).decision) == (False, "")


def test_a_month_out_of_reach_is_refused(agent):
    for month in (Month(2025, 10), Month(2027, 1)):
        with pytest.raises(Refused):
            lists.prepare(month, by=agent, at=MONDAY)


# -- work ---------------------------------------------------------------------------------------------------------------


def test_one_call_per_person_for_all_the_cars(north, agent):
    first = went_away(north, last=date(2025, 3, 10))
    second = went_away(north, last=date(2024, 3, 10), customer=owner(first))
    third = went_away(north, last=date(2023, 3, 10))
    working(agent)
    assert Outreach.objects.of(Programme.RECOVERY).count() == 2
    assert case(first).outreach == case(second).outreach != case(third).outreach
    row = case(first).outreach
    assert (row.vehicle, row.purpose, row.state, row.reason) == (
        first, Purpose.COMMERCIAL, OutreachState.OPEN, "Revisión general (20 meses sin visitar el taller)",
    )  # fmt: skip
    assert Motive.objects.filter(outreach=row).count() == 2


def test_once_work_starts_nothing_moves(north, agent):
    car, out = went_away(north), went_away(north, is_own=True)
    row = working(agent)
    late = went_away(north)
    for refused in (
        lambda: lists.prepare(NOVEMBER, by=agent, at=MONDAY), lambda: lists.restore(case(out).pk, "x", by=agent, at=MONDAY),
        lambda: lists.remove(case(car).pk, "x", by=agent, at=MONDAY),
    ):  # fmt: skip
        with pytest.raises(Refused):
            refused()
    Exclusion.objects.create(customer=owner(car), scope="ALL", source="CUSTOMER", since=MONDAY)
    assert lists.start(row.pk, by=agent, at=MONDAY).frozen_at == MONDAY
    assert Candidacy.objects.filter(recovery_list=row).listed().count() == 1
    assert not Candidacy.objects.filter(vehicle=late).exists()


def test_a_list_of_another_day_is_built_again_first(north, agent):
    went_away(north)
    row = built(agent)
    with pytest.raises(Refused, match="actualícela"):
        lists.start(row.pk, by=agent, at=MONDAY + timedelta(days=1))


def test_an_empty_list_cannot_start(north, agent):
    went_away(north, is_own=True)
    with pytest.raises(Refused, match="sin clientes"):
        lists.start(built(agent).pk, by=agent, at=MONDAY)


def test_opening_twice_opens_once(north, agent):
    went_away(north)
    row = working(agent)
    lists.open_calls(row, at=MONDAY)
    assert Outreach.objects.of(Programme.RECOVERY).count() == Motive.objects.count() == 1


def test_next_month_leaves_out_whose_window_still_runs(north, agent):
    car, done = went_away(north), went_away(north)
    working(agent)
    Candidacy.objects.filter(vehicle=done).update(first_call_on=CUT - timedelta(days=61))
    Candidacy.objects.filter(vehicle=car).update(first_call_on=CUT - timedelta(days=60))
    Outreach.objects.update(state="CLOSED", result="EXHAUSTED", closed_at=MONDAY, next_step="NONE")
    built(agent, month=Month(2026, 12))
    assert [case(one, Month(2026, 12)).reasons for one in (car, done)] == [["OPEN_CASE"], []]


@pytest.mark.parametrize(
    "broken",
    [
        {"decision": "REMOVED", "decision_note": ""},
        {"proof": "RECOVERED", "came_on": None},
        {"decision": "REMOVED", "decision_note": "x"},
    ],
)
def test_the_database_holds_the_invariants(north, agent, broken):
    car = went_away(north)
    working(agent)
    with pytest.raises(IntegrityError), transaction.atomic():
        Candidacy.objects.filter(vehicle=car).update(**broken)


def test_a_list_is_of_one_month(agent):
    lists.prepare(NOVEMBER, by=agent, at=MONDAY)
    lists.prepare(NOVEMBER, by=agent, at=MONDAY)
    assert RecoveryList.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        RecoveryList.objects.create(month=date(2026, 12, 2))
