"""The tables of satisfaction, one file per noun."""

from satisfaction.models.followups import Cause, FollowUp, FollowUpEvent, Proof
from satisfaction.models.pqrs import FilingCounter, Letter, Pqrs, PqrsEvent, PqrsFile, PqrsTerm
from satisfaction.models.questionnaires import Question, Questionnaire, SatisfactionRules
from satisfaction.models.surveys import Answer, Delivery, Survey

__all__ = [
    "Answer",
    "Cause",
    "Delivery",
    "FilingCounter",
    "FollowUp",
    "FollowUpEvent",
    "Letter",
    "Pqrs",
    "PqrsEvent",
    "PqrsFile",
    "PqrsTerm",
    "Proof",
    "Question",
    "Questionnaire",
    "SatisfactionRules",
    "Survey",
]
