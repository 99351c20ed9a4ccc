"""The tables of the reports: files and editions, figures of closed months, improvement actions."""

from reports.models.files import Delivery, Edition, EditionState, PreparationDay, Recipient, ReportRun
from reports.models.improvement import ActionEvent, ActionEvidence, ActionState, ImprovementAction
from reports.models.indicators import Goal, IndicatorSnapshot

__all__ = [
    "ActionEvent",
    "ActionEvidence",
    "ActionState",
    "Delivery",
    "Edition",
    "EditionState",
    "Goal",
    "ImprovementAction",
    "IndicatorSnapshot",
    "PreparationDay",
    "Recipient",
    "ReportRun",
]
