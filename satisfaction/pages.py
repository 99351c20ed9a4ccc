"""The survey inside the shared call page (screens §2.2)."""

from datetime import datetime

from callcenter.domain.calendar import company_calendar
from callcenter.enums import Outcome, ReasonKind
from callcenter.forms import CallForm
from callcenter.models import Attempt, Outreach, Reason, User
from callcenter.pages import Alongside, CallPage
from satisfaction.domain import escalation, surveys
from satisfaction.domain.rules import rules_for
from satisfaction.forms import WORDS, SurveyForm


class SurveyPage(CallPage):
    """Questions answered by digits; class and due date are shown before saving."""

    form_class = SurveyForm
    panel = "satisfaction/_survey_pane.html"
    side = "satisfaction/_survey_side.html"
    books = False

    def context(self, row: Outreach, *, by: User, at: datetime, form: CallForm | None) -> dict:
        calendar = company_calendar()
        bound = form or SurveyForm(outreach=row, agent=by)
        due = escalation.clock(at, calendar, days=rules_for(row.brand_id).sla_days).due_at
        return {
            "survey": bound.survey,
            "survey_form": bound,
            "survey_rows": bound.rows(),
            "bands": WORDS,
            "due_words": escalation.due_words(due, at, calendar),
            "no_survey": list(zip("abcdefgh", Reason.objects.choices(ReasonKind.NO_SURVEY), strict=False)),
            "done": Outcome.DONE,
        }

    def alongside(self, form: CallForm) -> Alongside | None:
        reply = form.reply()
        if reply.is_empty:
            return None

        def write(outreach: Outreach, attempt: Attempt) -> None:
            surveys.save_reply(form.survey.pk, reply, by=attempt.agent, at=attempt.at, calendar=company_calendar(), attempt=attempt)

        return write
