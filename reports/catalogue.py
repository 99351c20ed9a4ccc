"""Every report of the house, in the order of the reports centre. Adding one is a class and a line here."""

from reports.base import Report
from reports.definitions import pqrs, satisfaction
from reports.definitions.agents import AgentProductivity
from reports.definitions.audit_pack import AuditPack
from reports.definitions.crm_audit import ActivityValidity, CommitteeReport, FollowUpLight, MonthlyIndicators, ProspectValidity
from reports.definitions.improvement import ImprovementReport
from reports.definitions.proactive import ProactiveControl
from reports.definitions.recovery import RecoveryControl, RecoveryReport

CATALOGUE: tuple[Report, ...] = (
    ProactiveControl(),
    RecoveryReport(),
    RecoveryControl(),
    *satisfaction.ALL,
    *pqrs.ALL,
    AgentProductivity(),
    AuditPack(),
    ProspectValidity(),
    ActivityValidity(),
    FollowUpLight(),
    CommitteeReport(),
    MonthlyIndicators(),
    ImprovementReport(),
)
BY_CODE = {report.code: report for report in CATALOGUE}
