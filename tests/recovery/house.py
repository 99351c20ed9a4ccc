"""Short words for the tests of the programme: a list built from a history, its calls, later files."""

import uuid
from datetime import date, datetime, timedelta

from callcenter.domain import outreach as verbs
from callcenter.domain import queue
from callcenter.domain.calendar import company_calendar
from callcenter.domain.outreach import Booking, Call
from callcenter.enums import Outcome, ReasonKind
from callcenter.models import Customer, Outreach, Reason, Vehicle, VehicleParty, WorkOrder
from callcenter.spiga import pipeline
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month
from recovery.domain import lists
from recovery.enums import ListState
from recovery.models import Candidacy, RecoveryList
from tests.factories import MONDAY, CustomerFactory, PhoneFactory, VehicleFactory
from tests.recovery.files import csv_bytes, line

CUT = MONDAY.date()
NOVEMBER = Month(2026, 11)


def bring(*rows, dry: bool = False):
    batch = pipeline.receive("recovery", csv_bytes(list(rows)), "taller.csv", by=None, site=None, at=MONDAY, repeat=True)
    return pipeline.import_now(batch, dry_run=dry)


def went_away(site, *, last: date = date(2025, 3, 10), phone: bool = True, customer: Customer | None = None, **changes) -> Vehicle:
    """A car whose person last came on `last`."""
    car = VehicleFactory(**changes)
    person = customer or CustomerFactory(sites=[site.pk])
    VehicleParty.objects.create(vehicle=car, customer=person, since=date(2020, 1, 1))
    if phone and customer is None:
        PhoneFactory(customer=person)
    visit(site, car, last, customer=person)
    return car


def visit(site, car: Vehicle, on: date | None, *, customer: Customer | None = None, **changes) -> WorkOrder:
    values = {"invoiced_on": on, "number": f"OT/{WorkOrder.objects.count() + 1}/T", "brand": car.brand, "customer": customer, "site": site}
    row = WorkOrder.objects.create(vehicle=car, **(values | changes))
    row.refresh_from_db()
    return row


def owner(car: Vehicle) -> Customer:
    return car.parties.order_by("-since", "-pk").first().customer


def built(by, *, month: Month = NOVEMBER, at: datetime = MONDAY) -> RecoveryList:
    return lists.build_now(month, by=by, at=at)


def working(by, *, month: Month = NOVEMBER, at: datetime = MONDAY) -> RecoveryList:
    """A list in work: built, frozen, its calls open."""
    row = built(by, month=month, at=at)
    row = lists.start(row.pk, by=by, at=at)
    lists.open_calls(row, at=at)
    assert row.status == ListState.WORKING
    return row


def case(car: Vehicle, month: Month = NOVEMBER) -> Candidacy:
    return Candidacy.objects.get(vehicle=car, recovery_list__month=month.first)


def call(outreach: Outreach, agent, *, outcome: Outcome = Outcome.NO_CONTACT, reason: str = "NO_ANSWER", at: datetime = MONDAY, **details):
    """One recorded call of a customer's recovery."""
    taken = queue.take(outreach.pk, agent, at=at, calendar=company_calendar())
    queue.start_call(taken.pk, agent, fence=taken.fence, at=at, calendar=company_calendar())
    kind = {Outcome.NO_CONTACT: ReasonKind.NO_CONTACT, Outcome.DECLINED: ReasonKind.NO_BOOKING}.get(outcome)
    booking = None
    if outcome == Outcome.BOOKED:
        day = company_calendar().add_business_days(bogota(at).date(), 3)
        booking = Booking(at.replace(year=day.year, month=day.month, day=day.day, hour=9), outreach.site, "Revisión general")
    said = Call(
        key=uuid.uuid4(), outcome=outcome, reason=kind and Reason.objects.choices(kind).get(code=reason), booking=booking, **details
    )  # fmt: skip
    return verbs.record_attempt(taken.pk, said, agent=agent, fence=taken.fence, at=at + timedelta(minutes=3), calendar=company_calendar())


def after(days: int) -> str:
    """A day after the Monday of the tests, as SPIGA writes it."""
    return f"{CUT + timedelta(days=days):%d/%m/%Y}"


__all__ = ["CUT", "NOVEMBER", "after", "bring", "built", "call", "case", "csv_bytes", "line", "owner", "visit", "went_away", "working"]
