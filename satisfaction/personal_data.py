"""What the surveys, follow-ups and PQRS hold of people (callcenter/domain/personal_data.py)."""

from callcenter.domain.personal_data import YEAR, Holding, Term, nothing

HOLDINGS = (
    Holding("satisfaction.Delivery", via="customer", erase=("invoice",), keep=("reference", "advisor_name")),
    Holding("satisfaction.Survey", via="customer", erase=("voice", "suggestion", "compliment", "before")),
    Holding("satisfaction.Answer", via="survey__customer", erase=("text",)),
    Holding("satisfaction.FollowUp", via="customer", erase=("voice", "resolution", "unsatisfied_reason")),
    Holding("satisfaction.Proof", via="follow_up__customer", erase=("text", "original_name"), keep=("file", "sha256"), keeps_place=("file",)),
    Holding("satisfaction.FollowUpEvent", via="follow_up__customer", erase=("note",)),
    Holding(
        "satisfaction.Pqrs", via="customer", keep=("number",),
        erase=("reply_email", "reply_phone", "description", "extension_reason", "answer", "closing_note"),
    ),
    Holding(
        "satisfaction.PqrsFile", via="pqrs__customer", erase=("original_name",), keep=("file", "content_type", "sha256"), keeps_place=("file",),
    ),
    Holding("satisfaction.PqrsEvent", via="pqrs__customer", erase=("note",)),
    Holding("satisfaction.Letter", via="pqrs__customer", erase=("body",), keep=("file", "sha256", "stage", "error"), keeps_place=("file",)),
    *nothing(
        "satisfaction.Questionnaire", "satisfaction.Question", "satisfaction.SatisfactionRules", "satisfaction.Cause", "satisfaction.FilingCounter",
        "satisfaction.PqrsTerm",
    ),
)  # fmt: skip
TERMS = (Term("satisfaction.Survey", "outreach__opened_at", 5 * YEAR, ("voice", "suggestion", "compliment")),)
