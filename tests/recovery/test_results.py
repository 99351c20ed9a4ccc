"""Who really came back: the condition of REC-R3 as the workshop's files prove it, late, twice or out of order."""

from datetime import date, timedelta
from itertools import permutations

import pytest
from django.db import connection

from callcenter.domain import appointments
from callcenter.domain import outreach as verbs
from callcenter.enums import AppointmentStatus, Outcome, Programme, ReasonKind
from callcenter.feeds import feeds
from callcenter.models import Appointment, Reason, WorkOrder
from callcenter.spiga import pipeline, undo
from recovery.domain import results
from recovery.enums import Proof
from recovery.models import Candidacy
from tests.factories import MONDAY, CustomerFactory
from tests.recovery.house import CUT, after, bring, call, case, csv_bytes, line, owner, visit, went_away, working

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(north, monday):
    return north


@pytest.fixture
def car(north):
    return went_away(north, vin="9BWAA05U1AA000101", plate="ZZA101")


@pytest.fixture
def called(car, agent):
    """The car's person was called on Monday."""
    working(agent)
    call(case(car).outreach, agent)
    results.called(case(car).outreach_id)
    return car


def came(car, on: str, **changes):
    """A row of the workshop's file for the car and its person."""
    return line(101, **({"order": f"OT/{on}/2026-1", "invoiced": on, "payer": owner(car).raw_name} | changes))


def today(days: int) -> date:
    return CUT + timedelta(days=days)


@pytest.fixture
def later(settings):
    """The product's clock set so many days after Monday."""

    def move(days: int):
        settings.CLOCK_SHIFT += days * 86_400

    return move


@pytest.mark.parametrize(
    ("day", "proof"),
    [(0, Proof.BEFORE_CALL), (1, Proof.RECOVERED), (60, Proof.RECOVERED), (61, Proof.LATE), (-2, Proof.BEFORE_CALL)],
)
def test_the_window_opens_the_day_after_the_first_call_and_lasts_sixty_days(called, later, day, proof):
    later(90)
    bring(came(called, after(day)))
    row = case(called)
    assert (row.proof, row.came_on, row.first_call_on) == (proof, today(day), CUT)
    assert (row.credited_to is not None) is (proof == Proof.RECOVERED)


def test_without_any_call_nobody_is_recovered(car, agent, later):
    working(agent)
    later(10)
    bring(came(car, after(5)))
    assert (case(car).proof, case(car).first_call_on) == (Proof.BEFORE_CALL, None)


def test_the_agent_who_booked_is_credited(called, agent, later):
    other = type(agent).objects.create(username="otra", all_sites=True, all_brands=True)
    outreach = case(called).outreach
    call(outreach, other, outcome=Outcome.BOOKED, at=MONDAY + timedelta(days=1))
    later(10)
    bring(came(called, after(6)))
    assert (case(called).proof, case(called).credited_to) == (Proof.RECOVERED, other)


def test_the_same_file_again_and_every_order_of_files_give_the_same(called, later):
    later(90)
    files = [csv_bytes([came(called, after(day))]) for day in (70, 20, -400, 40)]
    outcomes = set()
    for turn in permutations(files):
        WorkOrder.objects.filter(batch__isnull=False).delete()
        Candidacy.objects.update(proof="", came_on=None, credited_to=None)
        for data in [*turn, turn[0]]:
            batch = pipeline.receive("recovery", data, "taller.csv", by=None, site=None, at=MONDAY, repeat=True)
            pipeline.import_now(batch)
        row = case(called)
        outcomes.add((row.proof, row.came_on, row.order.number.split("/")[1]))
    assert outcomes == {(Proof.RECOVERED, today(20), after(20)[:2])}


def test_an_import_looks_only_at_its_own_cars_and_rewrites_nothing_twice(called, north, agent, later):
    later(30)
    bring(came(called, after(5)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text FROM recovery_candidacy")
        before = cursor.fetchall()
        bring(came(called, after(5)))
        results.reconcile()
        cursor.execute("SELECT xmin::text FROM recovery_candidacy")
        assert cursor.fetchall() == before


def test_a_cancelled_order_takes_its_proof_away(called, later):
    later(30)
    bring(came(called, after(5), order="OT/7/2026-1", amount="200.000"))
    assert case(called).proof == Proof.RECOVERED
    bring(came(called, after(6), order="OT/7/2026-2", amount="-200.000"))
    assert (case(called).proof, case(called).order) == ("", None)


@pytest.mark.parametrize("changes", [{"charge": "INTERNO"}, {"situation": "ANULADA"}, {"invoiced": "", "opened": after(3)}])
def test_what_is_no_visit_proves_nothing(called, later, changes):
    later(30)
    bring(came(called, after(5), **changes))
    assert case(called).proof == ""


def test_who_came_with_another_person_is_not_the_customer(called, later):
    later(30)
    name = owner(called).raw_name
    bring(came(called, after(5), payer="OTRA PERSONA DEL CARRO"))
    assert case(called).proof == Proof.OTHER_PERSON
    bring(came(called, after(9), payer=name))
    assert case(called).proof == Proof.RECOVERED


def test_the_insurers_order_is_the_customers_visit(called, later):
    later(30)
    bring(came(called, after(5), payer="SEGUROS DEMO SA"))
    assert case(called).proof == Proof.RECOVERED


def test_a_car_that_was_inside_when_it_was_called_did_not_come_back(called, later):
    later(30)
    bring(came(called, after(5), opened=after(-1)))
    assert (case(called).proof, case(called).came_on) == (Proof.BEFORE_CALL, today(-1))


def test_a_kept_appointment_recovers_at_once_and_booking_alone_does_not(called, north, agent, cal):
    row = Appointment.objects.create(
        customer=owner(called), vehicle=called, site=north, brand=called.brand, service="x", starts_at=MONDAY + timedelta(days=2),
        booked_by=agent, booked_at=MONDAY,
    )  # fmt: skip
    results.reconcile()
    assert case(called).proof == ""
    appointments.decide(row, AppointmentStatus.FULFILLED, by=agent, at=MONDAY + timedelta(days=2, hours=1))
    found = case(called)
    assert (found.proof, found.came_on, found.appointment) == (Proof.RECOVERED, today(2), row)
    absent = Reason.objects.get(kind=ReasonKind.NO_FULFILMENT, code="NO_SHOW")
    appointments.correct(row, AppointmentStatus.NO_SHOW, was=AppointmentStatus.FULFILLED, by=agent, at=MONDAY + timedelta(days=3),
                         calendar=cal, reason=absent)  # fmt: skip
    assert case(called).proof == ""


def test_the_workshops_agenda_recovers_and_taking_it_back_forgets_it(called, north, agent, later):
    """F7: SPIGA says that the customer came; the list follows, in both directions."""
    row = Appointment.objects.create(
        customer=owner(called), vehicle=called, site=north, brand=called.brand, service="x", starts_at=MONDAY + timedelta(days=2),
        booked_by=agent, booked_at=MONDAY,
    )  # fmt: skip
    later(3)
    data = f"F. Cita;VIN;Estado\n{today(2):%d/%m/%Y};{called.vin};Cumplida\n".encode()
    batch = pipeline.receive("appointments", data, "citas.csv", by=None, site=None, at=MONDAY, repeat=True)
    assert pipeline.import_now(batch).updated == 1
    assert (case(called).proof, case(called).appointment) == (Proof.RECOVERED, row)
    batch.refresh_from_db()
    undo.take_back(batch, feeds()["appointments"], at=MONDAY, report=pipeline.silent)
    assert case(called).proof == ""


def test_an_undone_call_takes_the_first_call_away(car, agent):
    working(agent)
    done = call(case(car).outreach, agent)
    results.reconcile()
    assert case(car).first_call_on == CUT
    verbs.undo_attempt(done.attempt.pk, by=agent, at=MONDAY + timedelta(minutes=5), lease_until=MONDAY + timedelta(minutes=25))
    assert case(car).first_call_on is None
    results.reconcile()
    assert case(car).first_call_on is None


def test_a_person_with_three_cars_is_one_customer(north, agent, later):
    first = went_away(north, vin="9BWAA05U1AA000101", plate="ZZA101")
    second = went_away(north, customer=owner(first), last=date(2024, 1, 1))
    working(agent)
    call(case(first).outreach, agent)
    later(10)
    bring(came(first, after(5)))
    assert (case(first).proof, case(second).proof) == (Proof.RECOVERED, "")
    assert Candidacy.objects.recovered().values("customer").distinct().count() == 1


def test_another_programmes_calls_do_not_count(car, agent, later):
    working(agent)
    assert case(car).outreach.programme == Programme.RECOVERY
    visit(case(car).site, car, today(5), customer=owner(car))
    results.reconcile()
    assert case(car).proof == Proof.BEFORE_CALL


@pytest.mark.parametrize(
    ("values", "today_is", "words", "tone"),
    [
        ({}, 0, "Sin llamadas todavía", ""),
        ({"first_call_on": CUT}, 60, "En plazo hasta el 22/01/2027", "info"),
        ({"first_call_on": CUT}, 61, "No volvió: el plazo venció el 22/01/2027", "bad"),
        ({"first_call_on": CUT, "proof": Proof.RECOVERED, "came_on": today(3)}, 9, "Recuperado: vino el 26/11/2026", "good"),
        (
            {"first_call_on": CUT, "proof": Proof.LATE, "came_on": today(70)},
            99,
            "Volvió el 01/02/2027, después del plazo (22/01/2027)",
            "warn",
        ),
        ({"proof": Proof.BEFORE_CALL, "came_on": today(1)}, 9, "Volvió el 24/11/2026, antes de cualquier llamada", "warn"),
        ({"proof": Proof.OTHER_PERSON, "came_on": today(1)}, 9, "El vehículo vino el 24/11/2026 con otra persona", "warn"),
    ],
)
def test_how_a_candidacy_stands_in_words(car, agent, values, today_is, words, tone):
    working(agent)
    row = case(car)
    for name, value in values.items():
        setattr(row, name, value)
    assert results.standing(row, today(today_is)) == results.Standing(words, tone)


def test_a_refused_customer_is_still_in_the_denominator(called, agent):
    outreach = case(called).outreach
    call(outreach, agent, outcome=Outcome.OPTED_OUT, at=MONDAY + timedelta(days=1))
    assert Candidacy.objects.listed().count() == 1
    assert case(called).customer == CustomerFactory._meta.model.objects.get(pk=owner(called).pk)
