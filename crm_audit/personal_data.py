"""What the CRM audit holds of people (callcenter/domain/personal_data.py)."""

from callcenter.domain.personal_data import YEAR, Holding, Term, nothing

PERSON = (
    "name",
    "raw_name",
    "name_key",
    "document_type",
    "document_number",
    "check_digit",
    "document_key",
    "raw_phones",
    "email",
    "note",
    "person_key",
)
HOLDINGS = (
    Holding(
        "crm_audit.Prospect", via="customer", erase=(*PERSON, "phones"),
        keep=("advisor_name", "advisor_key", "kind", "company_reason", "source", "interest", "spiga_status", "test_drive", "offer"),
        values=tuple((name, "") for name in PERSON if name != "name"),
    ),
    Holding("crm_audit.TrafficEntry", via="prospect__customer", keep=("reference", "file_id")),
    Holding("crm_audit.ProspectCheck", via="prospect__customer", erase=("note",)),
    Holding(
        "crm_audit.Activity", via="prospect__customer", erase=("prospect_name", "name_key", "comment", "comment_key", "next_action", "note"),
        keep=("advisor_name", "advisor_key", "file_id", "raw_kind", "outcome", "spiga_id", "slot"),
    ),
    Holding("crm_audit.PastVerdict", via="activity__prospect__customer", erase=("comment",)),
    Holding("crm_audit.NoticeItem", via="activity__prospect__customer", erase=("reason",)),
    Holding("crm_audit.SampleDraw", keep=("seed",)),
    Holding("crm_audit.Notice", scrub=("answer",), keep=("token",)),
    *nothing("crm_audit.Target", "crm_audit.AuditRule"),
)  # fmt: skip
TERMS = (Term("crm_audit.ProspectCheck", "decided_at", 5 * YEAR, ("note",)),)
