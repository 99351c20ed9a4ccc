"""What recovery holds of people (callcenter/domain/personal_data.py)."""

from callcenter.domain.personal_data import Holding, nothing

HOLDINGS = (
    Holding("recovery.Candidacy", via="customer", erase=("decision_note",), keep=("last_reason",)),
    *nothing("recovery.RecoveryList", "recovery.RecoveryRules"),
)
