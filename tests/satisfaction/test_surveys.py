"""A survey in one transaction: answers, class, follow-up; partial, late and undone ones."""

import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from callcenter.domain import outreach as calls
from callcenter.domain import queue
from callcenter.domain.errors import Refused
from callcenter.domain.outreach import Call
from callcenter.enums import Channel, NextStep, Outcome, OutreachState, Programme, ReasonKind, Result
from callcenter.models import Hold, Notification, Outreach, Reason
from callcenter.roles import Role
from satisfaction.domain import followups, surveys
from satisfaction.domain.surveys import Reply
from satisfaction.enums import Action, Band, Choice, FollowUpKind, Light, QuestionKind, SurveyStatus
from satisfaction.models import Answer, FollowUp, FollowUpEvent, Question, SatisfactionRules, Survey
from tests.factories import MONDAY, BrandFactory
from tests.satisfaction.scenes import answers, classifier, deed, house, survey, whole_deed

pytestmark = pytest.mark.django_db


def reply(row, *scores, **more):
    return Reply(answers(row, *scores), **more)


def save(row, answer, agent, cal, **more):
    return surveys.save_reply(row.pk, answer, by=agent, at=more.pop("at", MONDAY), calendar=cal, **more)


def test_a_promoter_opens_nothing(agent, cal):
    row, case = save(survey(), reply(survey(), 10, 9, 9, 10, 9), agent, cal)
    assert (row.status, row.score, case) == (SurveyStatus.ANSWERED, 10, None)
    row.refresh_from_db()
    assert (row.band, row.is_high_impact, row.lowest) == (Band.PROMOTER, False, 9)
    assert row.answers.count() == 5


def test_the_classifier_of_six_opens_a_red_case_owned_by_the_advisor(agent, cal):
    _, people, employee = house()
    row = survey(advisor=employee)
    done, case = save(row, reply(row, 8, 8, 8, 6, voice="No me explicaron la factura"), agent, cal)
    case.refresh_from_db()
    assert (case.light, case.score, case.owner, case.due_at) == (Light.RED, 6, people[Role.SERVICE_ADVISOR], cal.due_at(MONDAY, 2))
    assert (case.survey, case.voice) == (done, "No me explicaron la factura")


@pytest.mark.parametrize(("any_low", "opened"), [(True, True), (False, False)])
def test_one_low_answer_among_good_ones_is_not_lost(any_low, opened, agent, cal):
    SatisfactionRules.objects.create(any_low_score=any_low)
    row = survey()
    done, case = save(row, reply(row, 9, 3, 9, 9, voice="Quedó sonando"), agent, cal)
    done.refresh_from_db()
    assert (done.band, done.is_high_impact, case is not None) == (Band.PROMOTER, True, opened)
    if opened:
        assert case.score == 3


def test_a_low_grade_without_the_customers_words_is_refused_whole(agent, cal):
    row = survey()
    with pytest.raises(Refused, match="voz del cliente"):
        save(row, reply(row, 9, 9, 9, 2), agent, cal)
    assert (Answer.objects.count(), FollowUp.objects.count()) == (0, 0)
    with pytest.raises(IntegrityError, match="survey_low_has_voice"), transaction.atomic():
        Survey.objects.filter(pk=row.pk).update(lowest=3, score=3, status="ANSWERED", answered_at=MONDAY, answered_on=MONDAY.date())


def test_a_detractor_who_suggests_leaves_two_rows(agent, cal):
    row = survey()
    save(row, reply(row, 5, 5, 5, 5, voice="Muy demorado", suggestion="Abrir los domingos"), agent, cal)
    assert set(FollowUp.objects.values_list("kind", "light")) == {("DETRACTOR", "RED"), ("SUGGESTION", "BLUE")}


def test_a_partial_survey_is_kept_and_completed_later(agent, cal):
    row = survey()
    first, case = save(row, reply(row, 4, voice="Me atendieron mal"), agent, cal)
    assert (first.status, first.score, case.score) == (SurveyStatus.PARTIAL, None, 4)
    assert not Survey.objects.valid().filter(pk=row.pk).exists()
    second, same = save(row, Reply({classifier(row).pk: 3}), agent, cal)
    assert (second.score, same.pk, same.score) == (3, case.pk, 3)
    assert Answer.objects.filter(survey=row).count() == 2
    assert FollowUp.objects.count() == 1


def test_the_brands_block_follows_the_general_one(agent, cal):
    vw, other = survey(brand=BrandFactory()), survey(brand=BrandFactory(code="kia", name="Kia"))
    assert [question.topic for question in surveys.questions_of(vw)] == [
        "Atención", "Trabajo realizado", "Tiempos", "Recomendación", "Solución", "Explicación de trabajos", "Video o reporte", "Limpieza", "Portal de la marca",
    ]  # fmt: skip
    assert len(surveys.questions_of(other)) == 5
    assert [question.topic for question in surveys.questions_of(survey(programme=Programme.SALES_SURVEY))] == [
        "Atención", "Instalaciones", "Tiempos", "Recomendación",
    ]  # fmt: skip


def test_a_question_is_frozen_once_answered(agent, cal):
    row = survey()
    question = classifier(row)
    Question.objects.filter(pk=question.pk).update(text="¿Nos recomendaría?")
    save(row, reply(row, 9, 9, 9, 9), agent, cal)
    for change in (lambda: Question.objects.filter(pk=question.pk).update(text="Otra"), question.delete):
        with pytest.raises(Exception, match=r"has answers|protected"), transaction.atomic():
            change()


def test_an_answer_by_whatsapp_after_the_calls_counts_as_later(agent, cal):
    row = survey()
    Outreach.objects.filter(pk=row.outreach_id).update(next_step=NextStep.REPLY)
    done, case = surveys.answer_later(
        row.pk, reply(row, 2, 2, 2, 2, voice="Pésimo", channel=Channel.WHATSAPP), by=agent, at=MONDAY, calendar=cal
    )
    assert (done.status, done.channel, case.light) == (SurveyStatus.ANSWERED_LATER, Channel.WHATSAPP, "RED")
    outreach = Outreach.objects.get(pk=row.outreach_id)
    assert (outreach.state, outreach.result) == (OutreachState.CLOSED, Result.DONE)


def test_an_unhappy_customer_of_a_closed_case_brings_it_back(agent, director, cal):
    row = survey()
    _, case = save(row, reply(row, 8, 8, 5, 8, voice="Demorado"), agent, cal)
    followups.move(case.pk, Action.RESOLVED, whole_deed(), by=director, at=MONDAY, calendar=cal)
    later = MONDAY + timedelta(days=2)
    same = surveys.answer_later(row.pk, Reply(suggestion="Abrir los domingos"), by=agent, at=later, calendar=cal)[1]
    assert (same and same.light, FollowUp.objects.get(pk=case.pk).light) in {(None, Light.GREEN), (Light.GREEN, Light.GREEN)}
    surveys.answer_later(row.pk, reply(row, 1, 8, 5, 8, voice="Sigue dañado"), by=agent, at=later, calendar=cal)
    case.refresh_from_db()
    assert (case.light, case.reopened, case.due_at) == (Light.YELLOW, 1, cal.due_at(later, 2))
    event = case.events.latest("id")
    assert (event.action, event.note.endswith("Sigue dañado")) == (Action.REOPENED, True)
    assert Notification.objects.filter(key=f"followup:{case.pk}:again:1").exists()


def test_a_survey_stays_on_the_day_of_its_first_score(agent, cal):
    row, later = survey(), MONDAY + timedelta(days=12)
    save(row, reply(row, 9, 9, 9, 9), agent, cal)
    surveys.answer_later(row.pk, Reply(suggestion="Abrir los domingos"), by=agent, at=later, calendar=cal)
    row.refresh_from_db()
    assert (row.suggestion, row.answered_on) == ("Abrir los domingos", MONDAY.date())


def test_an_exhausted_survey_takes_a_late_answer_and_its_outreach_stays_as_it_ended(agent, cal):
    row = survey()
    Outreach.objects.filter(pk=row.outreach_id).update(state="CLOSED", result="EXHAUSTED", closed_at=MONDAY, next_step="NONE")
    done, _ = surveys.answer_later(row.pk, reply(row, 9, 9, 9, 9, channel=Channel.WHATSAPP), by=agent, at=MONDAY, calendar=cal)
    assert (done.status, Outreach.objects.get(pk=row.outreach_id).result) == (SurveyStatus.ANSWERED_LATER, Result.EXHAUSTED)


def test_nothing_answered_is_no_late_answer(agent, cal):
    with pytest.raises(Refused, match="al menos una"):
        surveys.answer_later(survey().pk, Reply(), by=agent, at=MONDAY, calendar=cal)


def test_a_survey_today_holds_the_selling_call_until_tomorrow(agent, cal):
    row = survey()
    save(row, reply(row, 9, 9, 9, 9), agent, cal)
    holds = Hold.objects.filter(customer=row.customer)
    assert [holds.standing(MONDAY).count(), holds.standing(MONDAY + timedelta(days=1)).count()] == [1, 0]


# -- inside the call -------------------------------------------------------------------------------------------------


@pytest.fixture
def held(agent, cal):
    agent.programmes = ["AFTERSALES_SURVEY"]
    row = survey()
    outreach = queue.take(row.outreach_id, agent, at=MONDAY, calendar=cal)
    return row, outreach


def record(outreach, agent, cal, outcome=Outcome.DONE, answer=None, survey_row=None, **more):
    def write(_, attempt):
        surveys.save_reply(survey_row.pk, answer, by=agent, at=MONDAY, calendar=cal, attempt=attempt)

    call = Call(key=uuid.uuid4(), outcome=outcome, **more)
    return calls.record_attempt(
        outreach.pk, call, agent=agent, fence=outreach.fence, at=MONDAY, calendar=cal, alongside=write if answer else None
    )


def test_call_answers_and_case_are_one_transaction(held, agent, cal):
    row, outreach = held
    done = record(outreach, agent, cal, answer=reply(row, 2, 2, 2, 2, voice="Mal"), survey_row=row)
    row.refresh_from_db()
    assert (done.outreach.result, row.attempt, FollowUp.objects.get().attempt) == (Result.DONE, done.attempt, done.attempt)


def test_a_refused_survey_writes_no_attempt(held, agent, cal):
    row, outreach = held
    with pytest.raises(Refused):
        record(outreach, agent, cal, answer=reply(row, 2, 2, 2, 2), survey_row=row)
    assert outreach.attempts.count() == 0


def test_undo_puts_survey_case_and_queue_back(held, agent, cal):
    row, outreach = held
    save(row, reply(row, 8, channel=Channel.VOICE), agent, cal)
    done = record(outreach, agent, cal, answer=reply(row, 2, 2, 2, 2, voice="Mal"), survey_row=row)
    calls.undo_attempt(done.attempt.pk, by=agent, at=MONDAY, lease_until=MONDAY + timedelta(minutes=20))
    row.refresh_from_db()
    assert (row.status, row.score, row.voice, row.attempt) == (SurveyStatus.PARTIAL, None, "", None)
    assert [answer.score for answer in row.answers.all()] == [8]
    assert (FollowUp.objects.count(), row.outreach.state) == (0, OutreachState.OPEN)


@pytest.mark.parametrize("complaint", ["", "Volvió a fallar"])
@pytest.mark.parametrize("is_closed", [True, False])
def test_undo_puts_a_case_of_before_as_it_was(held, agent, director, cal, is_closed, complaint):
    """One that the call brought back closes again, with its evidence, its review and nobody's call held; an open one forgets what was said."""
    row, outreach = held
    save(row, reply(row, 2, voice="Mal", suggestion="Café"), agent, cal)
    case = FollowUp.objects.detractors().get()
    if is_closed:
        followups.move(case.pk, Action.RESOLVED, whole_deed(), by=director, at=MONDAY, calendar=cal)
    told, events = Notification.objects.count(), FollowUpEvent.objects.count()
    before, holds = FollowUp.objects.order_by("pk").values(), Hold.objects.filter(source=followups.HOLD_SOURCE).values()
    before, holds = list(before), list(holds)
    answer = reply(row, 2, 2, 2, 1, voice="Peor", suggestion="Té")
    done = record(outreach, agent, cal, answer=answer, survey_row=row, complaint=complaint)
    case.refresh_from_db()
    assert (case.is_open, case.reopened, "Peor" in case.voice) == (True, int(is_closed), True)
    calls.undo_attempt(done.attempt.pk, by=agent, at=MONDAY, lease_until=MONDAY + timedelta(minutes=20))
    after = list(FollowUp.objects.order_by("pk").values())
    assert [values | {"version": 0} for values in after] == [values | {"version": 0} for values in before]
    assert list(Hold.objects.filter(source=followups.HOLD_SOURCE).values()) == holds
    assert (Notification.objects.count(), FollowUpEvent.objects.count()) == (told, events)


def test_a_case_brought_back_by_a_call_and_managed_since_is_not_closed_by_its_undo(held, agent, director, cal):
    row, outreach = held
    save(row, reply(row, 2, voice="Mal"), agent, cal)
    case = FollowUp.objects.get()
    followups.move(case.pk, Action.RESOLVED, whole_deed(), by=director, at=MONDAY, calendar=cal)
    done = record(outreach, agent, cal, complaint="Volvió a fallar")
    followups.move(case.pk, Action.MANAGED, whole_deed(), by=director, at=MONDAY, calendar=cal)
    with pytest.raises(Refused, match="ya empezó"):
        calls.undo_attempt(done.attempt.pk, by=agent, at=MONDAY, lease_until=MONDAY + timedelta(minutes=20))
    case.refresh_from_db()
    assert (case.is_open, case.reopened) == (True, 1)


def test_two_unanswered_calls_then_whatsapp(agent, cal):
    row = survey()
    reason = Reason.objects.get(kind=ReasonKind.NO_CONTACT, code="NO_ANSWER")
    steps = []
    for day in range(2):
        at = MONDAY + timedelta(days=day)
        outreach = queue.take(row.outreach_id, agent, at=at, calendar=cal)

        call = Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=reason)
        steps.append(calls.record_attempt(outreach.pk, call, agent=agent, fence=outreach.fence, at=at, calendar=cal).outreach.next_step)
    assert steps == [NextStep.CALL, NextStep.WHATSAPP]


def test_a_promoter_who_answered_on_the_portal_is_marked_and_stays_as_answered(agent, cal):
    row = survey()
    done, _ = save(row, reply(row, 10, 10, 10, 10), agent, cal)
    before = (done.status, done.score, done.answered_at)
    surveys.mark_portal(row.pk, on=date(2026, 11, 22), score=Decimal("9.5"), by=agent, at=MONDAY)
    surveys.mark_portal(row.pk, on=date(2026, 11, 1), by=agent, at=MONDAY)  # again is harmless
    row.refresh_from_db()
    assert (row.status, row.score, row.answered_at) == before
    assert (row.portal_answered, row.portal_on, row.portal_score) == (True, date(2026, 11, 22), Decimal("9.5"))


def test_the_portal_is_one_fact_of_a_survey_and_its_case(agent, director, cal):
    marked_here, marked_there = survey(), survey()
    cases = [save(row, reply(row, 3, 3, 3, 3, voice="Mal"), agent, cal)[1] for row in (marked_here, marked_there)]
    surveys.mark_portal(marked_here.pk, on=date(2026, 11, 22), by=agent, at=MONDAY)
    cases[0].refresh_from_db()
    assert (cases[0].brand_portal_answered, cases[0].portal_on, cases[0].light) == (True, date(2026, 11, 22), Light.RED)
    assert cases[0].events.latest("pk").action == Action.PORTAL
    followups.mark_portal(cases[1].pk, deed(), on=date(2026, 11, 20), score=Decimal(8), by=director, at=MONDAY)
    marked_there.refresh_from_db()
    assert (marked_there.portal_answered, marked_there.portal_on, marked_there.portal_score) == (True, date(2026, 11, 20), Decimal(8))


def test_undoing_the_call_keeps_what_was_learnt_of_the_portal(held, agent, cal):
    row, outreach = held
    done = record(outreach, agent, cal, answer=reply(row, 9, 9, 9, 9), survey_row=row)
    surveys.mark_portal(row.pk, on=date(2026, 11, 22), by=agent, at=MONDAY)
    calls.undo_attempt(done.attempt.pk, by=agent, at=MONDAY, lease_until=MONDAY + timedelta(minutes=20))
    row.refresh_from_db()
    assert (row.status, row.portal_answered, row.portal_on) == (SurveyStatus.PENDING, True, date(2026, 11, 22))


def test_yes_to_the_portal_question_is_kept(agent, cal):
    row = survey()
    question = Question.objects.get(questionnaire__code="SAT-VW", marks_portal=True)
    done, _ = save(row, Reply(answers(row, 9, 9, 9, 9) | {question.pk: Choice.YES}, portal=True), agent, cal)
    assert done.portal_answered
    assert question.kind == QuestionKind.YES_NO


def test_one_survey_has_one_case_whatever_the_order(agent, cal):
    row = survey()
    save(row, reply(row, 2, voice="Mal"), agent, cal)
    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUp.objects.create(
            kind=FollowUpKind.DETRACTOR, survey=row, customer=row.customer, site=row.site, brand=row.brand, area="AFTERSALES", voice="x",
            opened_at=MONDAY, due_at=MONDAY + timedelta(days=1),
        )  # fmt: skip


def test_a_block_not_yet_touched_stays_until_the_survey_is_whole(agent, cal):
    row = survey(brand=BrandFactory())
    asked = surveys.questions_of(row)
    own = next(question for question in asked if question.questionnaire.brand_id)
    general = next(question for question in asked if question.is_classifier)
    value = 9 if own.kind == QuestionKind.SCORE else Choice.YES
    for question, given in ((own, value), (general, 9)):
        done, _ = save(row, Reply({question.pk: given}), agent, cal)
        assert surveys.questions_of(done) == asked
        assert done.status == SurveyStatus.PARTIAL
