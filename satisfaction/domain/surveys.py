"""What a customer answers: stored, classified, and followed up in one transaction (GSC-PRO-03 §2-3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from callcenter.domain.errors import Refused
from callcenter.domain.outreach import close
from callcenter.enums import Channel, OutreachState, Purpose, Result
from callcenter.models import Attempt, Hold, Outreach, User
from carrazos.lib.calendar import BusinessCalendar, bogota, start_of
from satisfaction.domain import followups, nps
from satisfaction.domain.rules import Rules, rules_for
from satisfaction.enums import Action, Choice, FollowUpKind, Origin, QuestionKind, SurveyStatus
from satisfaction.models import Answer, FollowUp, Question, Questionnaire, Survey

HOLD_SOURCE = "satisfaction.Survey"
KEPT = ("status", "channel", "score", "lowest", "voice", "suggestion", "compliment", "portal_answered", "portal_on", "portal_score",
        "attempt_id", "answered_at", "answered_on", "answered_by_id")  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """What was answered: a score (int), a choice (Choice) or a text by question; the rest in the customer's words."""

    answers: Mapping[int, int | Choice | str] = field(default_factory=dict)
    voice: str = ""
    suggestion: str = ""
    compliment: str = ""
    portal: bool = False
    portal_on: date | None = None
    portal_score: Decimal | None = None
    channel: Channel = Channel.VOICE

    @property
    def is_empty(self) -> bool:
        return not (self.answers or self.voice.strip() or self.suggestion.strip() or self.compliment.strip() or self.portal)


def questions_of(survey: Survey) -> list[Question]:
    """The questions of this survey: the versions it was answered with; until it is whole, also the other blocks in use (general, brand's)."""
    blocks = list(Questionnaire.objects.filter(questions__answers__survey=survey).distinct())
    if survey.status != SurveyStatus.ANSWERED:
        asked = {block.brand_id for block in blocks}
        blocks += [block for block in Questionnaire.objects.in_use(survey.programme, survey.brand) if block.brand_id not in asked]
    order = {block.pk: number for number, block in enumerate(blocks)}
    rows = Question.objects.filter(questionnaire__in=order).select_related("questionnaire")
    return sorted(rows, key=lambda row: (row.questionnaire.brand_id is not None, order[row.questionnaire_id], row.order))


def late_before(at: datetime, calendar: BusinessCalendar) -> date:
    """Services before this day should have been called already (SAT-3)."""
    day = bogota(at).date()
    for _ in range(rules_for().call_within_days):
        day = calendar.previous_business_day(day - timedelta(days=1))
    return day


@dataclass(frozen=True)
class Reading:
    """What the answers amount to."""

    score: int | None  # of the classifier
    lowest: int | None
    is_complete: bool
    opens_case: bool


def read(answers: Mapping[int, int | Choice | str], questions: Sequence[Question], rules: Rules) -> Reading:
    """Classifies by the question that is the classifier; any low grade opens a case when the rules say so (SAT-R2, SAT-R14)."""
    rated = [row for row in questions if row.kind == QuestionKind.SCORE]
    scores = {row.pk: answers[row.pk] for row in rated if row.pk in answers}
    classifier = next((scores[row.pk] for row in rated if row.is_classifier and row.pk in scores), None)
    lows = [score for score in scores.values() if nps.is_low(score)]
    opens = bool(lows) if rules.any_low_score else classifier is not None and nps.is_low(classifier)
    return Reading(classifier, min(scores.values(), default=None), len(scores) == len(rated), opens)


def save_reply(
    survey_id: int, reply: Reply, *, by: User, at: datetime, calendar: BusinessCalendar, attempt: Attempt | None = None
) -> tuple[Survey, FollowUp | None]:
    """Writes answers, class and follow-up together; answers of an earlier, interrupted call are kept and completed.

    Raises Refused for a low grade without the customer's words, or for an answer that does not fit its question.
    """
    with transaction.atomic():
        survey = Survey.objects.select_for_update(of=("self",)).for_list().get(pk=survey_id)
        questions = questions_of(survey)
        known = {row.question_id: row for row in survey.answers.all()}
        answers = {pk: value_of(row) for pk, row in known.items()} | dict(reply.answers)
        reading = read(answers, questions, rules_for(survey.brand_id))
        survey.before = snapshot(survey, known) if attempt else {}
        write_answers(survey, reply.answers, questions)
        is_late = reply.channel != Channel.VOICE or survey.status == SurveyStatus.ANSWERED_LATER
        fill(survey, reply, reading, is_late=is_late, by=by, at=at, attempt=attempt)
        if reading.lowest is not None and nps.is_low(reading.lowest) and not survey.voice:
            raise Refused("Con una nota de 6 o menos escriba qué dijo el cliente (voz del cliente).")
        survey.save()
        hold_today(survey, at)
        case = follow(survey, reading, by=by, at=at, calendar=calendar, attempt=attempt) if reading.opens_case else None
        if survey.suggestion:
            suggest(survey, by=by, at=at, calendar=calendar, attempt=attempt)
        return survey, case


def value_of(row: Answer) -> int | Choice | str:
    return row.score if row.score is not None else Choice(row.choice) if row.choice else row.text


def snapshot(survey: Survey, known: Mapping[int, Answer]) -> dict:
    """What undoing the call puts back."""
    values = {name: getattr(survey, name) for name in KEPT}
    plain = {name: value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
             for name, value in values.items()}  # fmt: skip
    return {"fields": plain, "answers": [[pk, row.score, row.choice, row.text] for pk, row in known.items()]}


def write_answers(survey: Survey, answers: Mapping[int, int | Choice | str], questions: Sequence[Question]) -> None:
    kinds = {row.pk: row for row in questions}
    rows = []
    for pk, value in answers.items():
        question = kinds.get(pk)
        if question is None:
            raise Refused("El cuestionario cambió mientras llenaba la encuesta: recargue la página.")
        score = value if question.kind == QuestionKind.SCORE else None
        choice = value if question.kind in {QuestionKind.YES_NO, QuestionKind.YES_NO_NA} else ""
        text = value if question.kind == QuestionKind.OPEN else ""
        if score is not None:
            nps.band(score)
        rows.append(Answer(survey=survey, question=question, score=score, choice=choice, text=text))
    Answer.objects.bulk_create(rows, update_conflicts=True, unique_fields=["survey", "question"], update_fields=["score", "choice", "text"])


def fill(survey: Survey, reply: Reply, reading: Reading, *, is_late: bool, by: User, at: datetime, attempt: Attempt | None) -> None:
    if is_late:
        survey.status = SurveyStatus.ANSWERED_LATER
    else:
        survey.status = SurveyStatus.ANSWERED if reading.is_complete else SurveyStatus.PARTIAL
    # A survey is of the day of its first score: what is added later does not take it out of a month that closed.
    if survey.answered_at is None or survey.score is None:
        survey.answered_at, survey.answered_on = at, bogota(at).date()
    survey.channel, survey.score, survey.lowest = reply.channel, reading.score, reading.lowest
    survey.voice = reply.voice.strip() or survey.voice
    survey.suggestion = reply.suggestion.strip() or survey.suggestion
    survey.compliment = reply.compliment.strip() or survey.compliment
    if reply.portal:
        survey.portal_answered = True
        survey.portal_on, survey.portal_score = reply.portal_on or survey.portal_on, reply.portal_score or survey.portal_score
    survey.answered_by = by
    survey.attempt = attempt or survey.attempt


def hold_today(survey: Survey, at: datetime) -> None:
    """Whoever was surveyed today is not called today to sell."""
    tomorrow = start_of(bogota(at).date() + timedelta(days=1))
    Hold.objects.update_or_create(
        source=HOLD_SOURCE, reference=str(survey.pk), purpose=Purpose.COMMERCIAL,
        defaults={"customer": survey.customer, "reason": "Hoy se le hizo una encuesta", "since": at, "until": tomorrow},
    )  # fmt: skip


def matter_of(survey: Survey) -> followups.Matter:
    return followups.Matter(survey.area, survey.customer, survey.site, survey.brand, survey.vehicle, survey.advisor, survey.is_warranty)


def follow(survey: Survey, reading: Reading, *, by: User, at: datetime, calendar: BusinessCalendar, attempt: Attempt | None) -> FollowUp:
    """The survey's case: opened once; what is learnt later goes to the same one."""
    score = reading.score if reading.score is not None and nps.is_low(reading.score) else reading.lowest
    known = FollowUp.objects.select_for_update(of=("self",)).detractors().filter(survey=survey).first()
    if known is None:
        return followups.open_follow_up(
            matter_of(survey), survey.voice, score=score, survey=survey, outreach=survey.outreach, attempt=attempt, by=by, at=at,
            calendar=calendar,
        )  # fmt: skip
    if attempt:
        followups.remember(attempt, known)
    is_news = score != known.score or survey.voice not in known.voice
    FollowUp.objects.filter(pk=known.pk).update(
        score=score, voice=survey.voice if survey.voice in {known.voice, ""} else f"{known.voice}\n{survey.voice}"[:4000],
        brand_portal_answered=survey.portal_answered or known.brand_portal_answered,
    )  # fmt: skip
    row = FollowUp.objects.get(pk=known.pk)
    if is_news and not row.is_open:
        heard = f"Nota {score}. {survey.voice}".strip()
        followups.bring_back(
            row, Action.REOPENED, "sigue insatisfecho", note=heard, channel=survey.channel, by=by, at=at, calendar=calendar
        )
    return row


def suggest(survey: Survey, *, by: User, at: datetime, calendar: BusinessCalendar, attempt: Attempt | None) -> None:
    """A suggestion is its own blue row, also for a detractor (SAT-R4)."""
    known = FollowUp.objects.filter(survey=survey, kind=FollowUpKind.SUGGESTION).first()
    if known:
        if attempt:
            followups.remember(attempt, known)
        FollowUp.objects.filter(pk=known.pk).update(voice=survey.suggestion)
    else:
        followups.open_follow_up(
            matter_of(survey), survey.suggestion, kind=FollowUpKind.SUGGESTION, origin=Origin.SURVEY, score=survey.score, survey=survey,
            outreach=survey.outreach, attempt=attempt, by=by, at=at, calendar=calendar,
        )  # fmt: skip


def answer_later(survey_id: int, reply: Reply, *, by: User, at: datetime, calendar: BusinessCalendar) -> tuple[Survey, FollowUp | None]:
    """An answer that came by WhatsApp after the calls: it counts as `ANSWERED_LATER`, and an outreach still open is done.

    Raises Refused when nothing was answered or somebody is calling the customer right now.
    """
    if reply.is_empty:
        raise Refused("Registre al menos una respuesta del cliente.")
    with transaction.atomic():
        survey = Survey.objects.get(pk=survey_id)
        outreach = Outreach.objects.select_for_update().get(pk=survey.outreach_id)
        if outreach.leased_by_id not in {None, by.pk}:
            raise Refused("Otra persona está llamando a este cliente: espere a que termine.")
        if outreach.state == OutreachState.OPEN:
            close(outreach, Result.DONE, at=at)
            outreach.leased_by = outreach.leased_at = outreach.lease_until = outreach.call_started_at = None
            outreach.save()
        return save_reply(survey_id, reply, by=by, at=at, calendar=calendar)


def mark_portal(survey_id: int, *, on: date | None = None, score: Decimal | None = None, by: User, at: datetime) -> Survey:
    """Notes that the customer answered on the brand's portal (SAT-17, SAT-R5), whatever they answered to us, in the survey and its cases.

    It is no answer to our questions: who was not reached yet is still called. Marked already: harmless.
    """
    with transaction.atomic():
        survey = Survey.objects.select_for_update(of=("self",)).for_list().get(pk=survey_id)
        if not survey.portal_answered:
            followups.note_portal(survey, on=on, score=score)
            for case in FollowUp.objects.select_for_update().detractors().filter(survey=survey, brand_portal_answered=False):
                case.brand_portal_answered, case.portal_on, case.portal_score, case.version = True, on, score, case.version + 1
                case.save(update_fields=["brand_portal_answered", "portal_on", "portal_score", "version"])
                followups.write(case, Action.PORTAL, by=by, at=at)
        return survey


def undo(attempt: Attempt, *, by: User, at: datetime) -> None:
    """Puts back what the survey was before this call (settings.ON_UNDO)."""
    survey = Survey.objects.select_for_update(of=("self",)).filter(attempt=attempt).first()
    if survey is None or not survey.before:
        return
    fields = {
        "answered_at": datetime.fromisoformat,
        "answered_on": date.fromisoformat,
        "portal_on": date.fromisoformat,
        "portal_score": Decimal,
    }
    for name, value in survey.before["fields"].items():
        setattr(survey, name, fields[name](value) if name in fields and value is not None else value)
    survey.answers.all().delete()
    rows = [
        Answer(survey=survey, question_id=pk, score=score, choice=choice, text=text) for pk, score, choice, text in survey.before["answers"]
    ]
    Answer.objects.bulk_create(rows)
    survey.before = {}
    survey.save()
    Hold.objects.filter(source=HOLD_SOURCE, reference=str(survey.pk)).delete()
