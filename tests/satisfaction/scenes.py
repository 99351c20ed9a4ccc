"""The smallest valid objects of satisfaction."""

import uuid
from datetime import timedelta

from callcenter.enums import Programme, Purpose
from callcenter.models import WorkOrder
from callcenter.roles import Role
from satisfaction.domain import followups
from satisfaction.domain.followups import Deed, Matter, ProofDraft
from satisfaction.domain.surveys import questions_of
from satisfaction.enums import Area, QuestionKind
from satisfaction.models import Cause, Question, Survey
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, CustomerFactory, EmployeeFactory, OutreachFactory, SiteFactory, VehicleFactory


def survey(*, programme=Programme.AFTERSALES_SURVEY, advisor=None, warranty=False, days_ago=2, **more) -> Survey:
    """A delivered order (or vehicle) whose customer waits for the survey's call."""
    outreach = OutreachFactory(programme=programme, purpose=Purpose.SERVICE, reason="Encuesta de satisfacción", advisor=advisor, **more)
    day = (MONDAY - timedelta(days=days_ago)).date()
    order = None
    if programme == Programme.AFTERSALES_SURVEY:
        order = WorkOrder.objects.create(
            site=outreach.site, number=f"OT/{outreach.pk}", brand=outreach.brand, vehicle=outreach.vehicle, customer=outreach.customer,
            advisor=advisor, delivered_on=day, is_warranty=warranty,
        )  # fmt: skip
    return Survey.objects.create(
        outreach=outreach, programme=programme, work_order=order, customer=outreach.customer, vehicle=outreach.vehicle, site=outreach.site,
        brand=outreach.brand, advisor=advisor, served_on=day, listed_on=MONDAY.date(), is_warranty=warranty,
    )  # fmt: skip


def answers(row: Survey, *scores: int) -> dict:
    """Scores in the order of the rated questions."""
    rated = [question for question in questions_of(row) if question.kind == QuestionKind.SCORE]
    return dict(zip([question.pk for question in rated], scores, strict=False))


def classifier(row: Survey) -> Question:
    return Question.objects.get(
        questionnaire__programme=row.programme, questionnaire__brand=None, questionnaire__is_published=True, is_classifier=True
    )


def house():
    """A site with its advisor (with login), director and manager, and the sales manager."""
    site = SiteFactory(code="norte", name="Sede Norte")
    people = {role: person(role, email=f"{role}@carrazos.example") for role in (
        Role.SERVICE_ADVISOR, Role.AFTERSALES_DIRECTOR, Role.AFTERSALES_MANAGER, Role.SALES_MANAGER)}  # fmt: skip
    employee = EmployeeFactory(site=site, user=people[Role.SERVICE_ADVISOR])
    return site, people, employee


def case(
    cal,
    *,
    at=MONDAY,
    area=Area.AFTERSALES,
    customer=None,
    vehicle=None,
    site=None,
    brand=None,
    advisor=None,
    voice="Muy demorado",
    score=4,
    **more,
):
    """A red case."""
    matter = Matter(
        area, customer or CustomerFactory(), site or SiteFactory(code="norte", name="Sede Norte"), brand or BrandFactory(),
        vehicle or VehicleFactory(), advisor, more.pop("is_warranty", False),
    )  # fmt: skip
    return followups.open_follow_up(matter, voice, score=score, by=None, at=at, calendar=cal, **more)


def deed(**more) -> Deed:
    return Deed(key=more.pop("key", uuid.uuid4()), **more)


def whole_deed(**more) -> Deed:
    """Everything that any move may ask for."""
    filled = {
        "text": "Se lavó de nuevo",
        "cause": Cause.objects.first(),
        "reason": "No acepta",
        "proof": ProofDraft("Hablé con Ana: queda conforme"),
    }
    return deed(**(filled | more))
