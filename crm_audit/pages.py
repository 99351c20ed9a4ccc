"""The validation call inside the shared console: its own outcome, its own facts, its verdict beside the attempt."""

from datetime import datetime

from callcenter.enums import Outcome, ReasonKind
from callcenter.models import Attempt, Outreach, Reason, User
from callcenter.pages import Alongside, CallPage
from carrazos.lib.text import long_date
from crm_audit.domain import validity
from crm_audit.enums import Advised, AdvisedHow
from crm_audit.forms import ProspectCallForm, sales_people
from crm_audit.models import Prospect

SHOWN = 5


def prospect_of(row: Outreach) -> Prospect:
    return Prospect.objects.select_related("advisor").get(validation__outreach=row)


class ProspectPage(CallPage):
    """GC-PRO-05 §1: was the person advised, by whom and how, and are they real."""

    form_class = ProspectCallForm
    panel = "crm_audit/_panel.html"
    side = "crm_audit/_side.html"
    books = False

    def context(self, row: Outreach, *, by: User, at: datetime, form: ProspectCallForm | None) -> dict:
        prospect = prospect_of(row)
        return {
            "prospect": prospect,
            "activities": prospect.activities.order_by("-day", "-id")[:SHOWN],
            "advised_choices": Advised.choices,
            "how_choices": AdvisedHow.choices,
            "sellers": sales_people(by).filter(site=row.site),
            "invalid_reasons": Reason.objects.choices(ReasonKind.PROSPECT),
        }

    def words(self, row: Outreach) -> dict[str, str]:
        prospect = prospect_of(row)
        return {
            "fecha": long_date(prospect.created_on),
            "vehiculo": prospect.interest or "sin modelo",
            "asesor": str(prospect.advisor or prospect.advisor_name),
        }

    def alongside(self, form: ProspectCallForm) -> Alongside | None:
        if form.cleaned_data["outcome"] != Outcome.DONE:
            return None
        finding = form.finding(form.cleaned_data["note"])

        def decide(outreach: Outreach, attempt: Attempt) -> None:
            validity.decide_in_call(outreach, attempt, finding)

        return decide
