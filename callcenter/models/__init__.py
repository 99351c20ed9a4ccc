"""The kernel's tables, one file per noun."""

from callcenter.models.appointments import Appointment
from callcenter.models.catalogue import (
    Campaign,
    MessageTemplate,
    ProgrammeSettings,
    Reason,
    Script,
    ScriptStep,
    ServiceOffer,
)
from callcenter.models.consent import Exclusion
from callcenter.models.customers import BlockedPhone, ContactPoint, Customer, Vehicle, VehicleParty
from callcenter.models.documents import ControlledDocument, DocumentVersion
from callcenter.models.messages import Evidence, Message
from callcenter.models.organisation import Brand, CalendarException, Employee, Position, Site, User
from callcenter.models.outreach import Attempt, Motive, Outreach, Skip, Touch
from callcenter.models.spiga import ColumnAlias, ImportBatch, ImportRow
from callcenter.models.workspace import Pulse

__all__ = [
    "Appointment",
    "Attempt",
    "BlockedPhone",
    "Brand",
    "CalendarException",
    "Campaign",
    "ColumnAlias",
    "ContactPoint",
    "ControlledDocument",
    "Customer",
    "DocumentVersion",
    "Employee",
    "Evidence",
    "Exclusion",
    "ImportBatch",
    "ImportRow",
    "Message",
    "MessageTemplate",
    "Motive",
    "Outreach",
    "Position",
    "ProgrammeSettings",
    "Pulse",
    "Reason",
    "Script",
    "ScriptStep",
    "ServiceOffer",
    "Site",
    "Skip",
    "Touch",
    "User",
    "Vehicle",
    "VehicleParty",
]
