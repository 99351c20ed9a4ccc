"""A month's figures recomputed three ways on generated months: by SQL, by Python over the events, as the sum of its weeks.

The events straddle the ends of the month and carry everything that must not count: calls taken back, of another programme, made by the
customer; appointments moved or cancelled by the workshop; surveys merged; cases that are not due yet.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

import pytest

from callcenter.domain.metrics import NOT_OUR_FAULT, Slice
from callcenter.enums import AppointmentStatus, Outcome, Programme
from callcenter.models import Appointment, Attempt, Reason
from carrazos.lib.calendar import BOGOTA, bogota, start_of
from carrazos.lib.periods import Month, Week
from crm_audit.enums import TargetKind
from crm_audit.models import Activity, Prospect, ProspectCheck, Target
from reports.domain import indicators
from satisfaction.enums import Area, SurveyStatus
from satisfaction.models import FollowUp, Pqrs, Survey
from tests.factories import BrandFactory, CustomerFactory, OutreachFactory, SiteFactory, VehicleFactory
from tests.satisfaction.scenes import case, survey

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)
FIRST, LAST = date(2026, 10, 27), date(2026, 12, 4)
AT = datetime(2026, 11, 27, 16, tzinfo=BOGOTA)  # before the month has ended: what is not due yet must not count
ADDITIVE = ("IND-01", "IND-03", "IND-05", "IND-06", "IND-07", "IND-11", "IND-12")
AGAINST_TARGET = {"IND-09": TargetKind.PROSPECTS, "IND-10": TargetKind.ACTIVITIES}  # what was found adds up; the target is the period's own


@dataclass(frozen=True)
class Event:
    """One fact as the generator threw it: the day it belongs to, whether it counts below the line, whether above."""

    code: str
    day: date
    site: int
    counts: bool
    hits: bool


class Generated:
    """A month of facts written into the database, and the list of what was written."""

    def __init__(self, seed: int, agent, cal):
        self.random, self.agent, self.cal, self.events = Random(seed), agent, cal, []
        self.sites = [SiteFactory(code="norte", name="Sede Norte"), SiteFactory(code="centro", name="Sede Centro")]
        self.brand = BrandFactory()
        for _ in range(40):
            self.attempt()
        for _ in range(24):
            self.appointment()
        for _ in range(20):
            self.survey(Programme.AFTERSALES_SURVEY, "IND-05")
            self.survey(Programme.SALES_SURVEY, "IND-06")
        for _ in range(16):
            self.case()
        for _ in range(18):
            self.petition()
            self.prospect()
            self.activity()

    def note(self, code, day, site, *, counts, hits):
        self.events.append(Event(code, day, site.pk, counts, counts and hits))

    def moment(self) -> datetime:
        """Any minute of the days around the month, the first and the last of it among them."""
        day = FIRST + timedelta(days=self.random.randrange((LAST - FIRST).days + 1))
        return datetime.combine(day, time(self.random.randrange(24), self.random.randrange(60)), tzinfo=BOGOTA)

    def attempt(self):
        chance, at, site = self.random.random, self.moment(), self.random.choice(self.sites)
        programme = self.random.choice([Programme.PROACTIVE] * 4 + [Programme.RECOVERY])
        row = OutreachFactory(site=site, brand=self.brand, programme=programme, state="CLOSED", closed_at=at, result="DECLINED")
        contact, inbound, undone, part = chance() < 0.5, chance() < 0.1, chance() < 0.1, chance() < 0.1
        made = {
            "agent": self.agent, "is_contact": contact, "started_at": at, "at": at, "day": at.date(), "policy_version": "x",
            "outcome": Outcome.DECLINED if contact else Outcome.NO_CONTACT, "undone_at": AT if undone else None, "is_inbound": inbound,
            "reason": Reason.objects.filter(kind="NO_BOOKING" if contact else "NO_CONTACT").first(),
        }  # fmt: skip
        whole = Attempt.objects.create(outreach=row, number=1, **made)
        ours = programme == Programme.PROACTIVE and not undone and not inbound
        self.note("IND-01", at.date(), site, counts=ours, hits=contact)
        if part:
            Attempt.objects.create(outreach=row, number=2, part_of=whole, **made)  # the other car of the same call is no call

    def appointment(self):
        at, site, status = self.moment(), self.random.choice(self.sites), self.random.choice(list(AppointmentStatus))
        row = OutreachFactory(site=site, brand=self.brand)
        reason = self.random.choice(list(Reason.objects.filter(kind="NO_FULFILMENT")))
        Appointment.objects.create(
            outreach=row, customer=row.customer, vehicle=row.vehicle, site=site, brand=self.brand, service="Revisión", starts_at=at,
            status=status, reason=reason, booked_by=self.agent, booked_at=at - timedelta(days=1),
        )  # fmt: skip
        workshops = status == AppointmentStatus.CANCELLED and reason.code in NOT_OUR_FAULT
        counts = at <= AT and status != AppointmentStatus.RESCHEDULED and not workshops
        self.note("IND-03", at.date(), site, counts=counts, hits=status == AppointmentStatus.FULFILLED)

    def survey(self, programme, code):
        listed, site = self.moment().date(), self.random.choice(self.sites)
        row, kind, score = survey(programme=programme, site=site, brand=self.brand), self.random.random(), self.random.randint(1, 10)
        if kind < 0.15:
            change = {"status": SurveyStatus.NO_CONTACT_DATA}
        elif kind < 0.4:
            change = {}
        else:
            at = self.moment()
            change = {"status": SurveyStatus.ANSWERED, "score": score, "lowest": score, "voice": "x", "answered_at": at, "answered_on": at.date(),
                      "channel": "VOICE"}  # fmt: skip
            self.note(code, at.date(), site, counts=True, hits=score >= 7)
        Survey.objects.filter(pk=row.pk).update(listed_on=listed, **change)
        self.note("IND-12", listed, site, counts=True, hits=kind >= 0.4)

    def case(self):
        due, site = self.moment(), self.random.choice(self.sites)
        row = case(self.cal, site=site, brand=self.brand, customer=CustomerFactory(), vehicle=VehicleFactory())
        answered = self.random.choice([None, due - timedelta(minutes=1), due, due + timedelta(hours=3)])
        opened = due - timedelta(days=5)
        FollowUp.objects.filter(pk=row.pk).update(
            opened_at=opened, due_at=due, first_due_at=due, answered_at=answered, answered_on=answered and bogota(answered).date(),
            response_minutes=None if answered is None else 60,
        )  # fmt: skip
        self.note("IND-11", due.date(), site, counts=answered is not None or due <= AT, hits=answered is not None and answered < due)

    def petition(self):
        due, site = self.moment().date(), self.random.choice(self.sites)
        end = start_of(due + timedelta(days=1))
        answered = self.random.choice([None, end - timedelta(minutes=1), end, end - timedelta(days=4)])
        customer, received = CustomerFactory(), start_of(due - timedelta(days=20))
        Pqrs.objects.create(
            number=f"PQRS-2026-{len(self.events):05}", kind="COMPLAINT", channel="PHONE", customer=customer, site=site, brand=self.brand,
            area=Area.AFTERSALES, description="x", received_at=received, filed_at=received, filed_by=self.agent, term_days=15, due_on=due,
            **({} if answered is None else {"status": "ANSWERED", "answer": "x", "answered_at": answered, "answered_by": self.agent,
                                            "answer_channel": "EMAIL"}),
        )  # fmt: skip
        self.note("IND-07", due, site, counts=answered is not None or due < AT.date(), hits=answered is not None and answered < end)

    def prospect(self):
        day, site, kind = self.moment().date(), self.random.choice(self.sites), self.random.random()
        row = Prospect.objects.create(
            site=site, brand=self.brand, advisor_name="Rosa Demo", advisor_key="ROSA DEMO", name="Ana Luna", name_key="ANA LUNA",
            person_key=f"p{len(self.events)}", month=day.replace(day=1), created_on=day, is_stub=kind < 0.1,
            situation="CANCELLED" if 0.1 <= kind < 0.2 else "OPEN",
        )  # fmt: skip
        valid = self.random.choice([True, True, False, None])
        if valid is not None:
            ProspectCheck.objects.create(
                prospect=row, is_real=valid, verdict="VALID" if valid else "INVALID", note="x", decided_by=self.agent, decided_at=AT,
                reason=None if valid else Reason.objects.filter(kind="PROSPECT").first(),
            )  # fmt: skip
        self.note("IND-09", day, site, counts=bool(valid) and kind >= 0.2, hits=True)

    def activity(self):
        at, site = self.moment(), self.random.choice(self.sites)
        verdict = self.random.choice(["VALID", "VALID", "INVALID", "NOT_DONE", ""])
        done = verdict in {"VALID", "INVALID"} or self.random.random() < 0.3
        Activity.objects.create(
            site=site, brand=self.brand, advisor_name="Rosa Demo", advisor_key="ROSA DEMO", kind="CALL", day=at.date(), comment="x",
            done_at=at if done else None, state="DONE" if done else "NOT_DONE" if verdict else "CANCELLED", slot=f"s{len(self.events)}",
            verdict=verdict, reason=Reason.objects.filter(kind="ACTIVITY").first() if verdict in {"INVALID", "NOT_DONE"} else None,
            **({"judged_by": self.agent, "judged_at": AT} if verdict else {}),
        )  # fmt: skip
        self.note("IND-10", at.date(), site, counts=verdict == "VALID", hits=True)

    def counted(self, code, *, site=None) -> tuple[int, int]:
        """The figure of the month over the list, one event after another."""
        mine = [event for event in self.events if event.code == code and event.day.year == 2026 and event.day.month == 11]
        mine = [event for event in mine if site is None or event.site == site]
        return sum(event.hits for event in mine), sum(event.counts for event in mine)


def weeks() -> list[Slice]:
    """November cut at its Mondays: the pieces are disjoint and together the month."""
    found, day = [], NOVEMBER.first
    while day <= NOVEMBER.last:
        end = min(Week.of(day).last, NOVEMBER.last)
        found.append(Slice(day, end + timedelta(days=1)))
        day = end + timedelta(days=1)
    return found


def measured(code, part) -> tuple[int, int]:
    figure = indicators.BY_CODE[code].measure(part, AT)
    return figure.hits, figure.total


def summed(code, parts) -> tuple[int, int]:
    return tuple(map(sum, zip(*(measured(code, part) for part in parts), strict=True)))


def summed_hits(code, parts) -> int:
    return sum(measured(code, part)[0] for part in parts)


@pytest.mark.parametrize("seed", [7, 2026])
def test_sql_events_and_weeks_agree(seed, agent, cal):
    made = Generated(seed, agent, cal)
    month = Slice.of(NOVEMBER)
    for code in ADDITIVE:
        expected = made.counted(code)
        assert expected[1] > 0, code
        assert (measured(code, month), summed(code, weeks())) == (expected, expected), code
        by_site = [replace(month, sites=(site.pk,)) for site in made.sites]
        assert [measured(code, part) for part in by_site] == [made.counted(code, site=site.pk) for site in made.sites], code


@pytest.mark.parametrize("seed", [7, 2026])
def test_what_the_sales_force_did_agrees_and_stands_against_the_target_of_its_own_period(seed, agent, cal):
    made = Generated(seed, agent, cal)
    week = next(part for part in weeks() if (part.end - part.start).days == 7)
    for code, kind in AGAINST_TARGET.items():
        for period, value in ((NOVEMBER, 40), (Week.of(week.start), 11)):
            Target.objects.create(kind=kind, brand=made.brand, period=period.code, value=value)
        expected, _ = made.counted(code)
        assert expected > 0, code
        month = Slice.of(NOVEMBER)
        assert (measured(code, month), summed_hits(code, weeks())) == ((expected, 40), expected), code
        assert measured(code, week)[1] == 11
        by_site = [measured(code, replace(month, sites=(site.pk,)))[0] for site in made.sites]
        assert by_site == [made.counted(code, site=site.pk)[0] for site in made.sites]


def test_people_are_not_summed_but_counted_once(agent, cal):
    """IND-08 is not additive: a customer called in two weeks is one customer of the month."""
    customer = CustomerFactory()
    for day in (3, 17):
        at = start_of(date(2026, 11, day)) + timedelta(hours=9)
        row = OutreachFactory(customer=customer, state="CLOSED", closed_at=at, result="DECLINED")
        Attempt.objects.create(outreach=row, number=1, agent=agent, outcome=Outcome.BOOKED, is_contact=True, started_at=at, at=at, day=at.date(),
                               policy_version="x")  # fmt: skip
    measure = indicators.BY_CODE["IND-08"].measure
    assert measure(Slice.of(NOVEMBER), AT).hits == 1
    assert sum(measure(part, AT).hits for part in weeks()) == 2
