"""Functions of the house (domain 1.7) and what each may do: table role → permissions.

The label of a function is data (`Position.title`); the function itself is code. `sync_roles` writes the table
into Django's groups. Which rows a person sees is another question: `visible_to(user)` on every queryset.
"""

from enum import StrEnum


class Role(StrEnum):
    CALL_CENTER_AGENT = "call_center_agent"
    CALL_CENTER_LEAD = "call_center_lead"
    SERVICE_ADVISOR = "service_advisor"
    AFTERSALES_DIRECTOR = "aftersales_director"
    AFTERSALES_MANAGER = "aftersales_manager"
    WORKSHOP_CHIEF = "workshop_chief"
    BODYSHOP_CHIEF = "bodyshop_chief"
    SALES_MANAGER = "sales_manager"
    SALES_ADVISOR = "sales_advisor"
    CRM_LEAD = "crm_lead"
    MARKETING_COORDINATOR = "marketing_coordinator"
    QUALITY_COORDINATOR = "quality_coordinator"
    GENERAL_MANAGEMENT = "general_management"
    ADMIN = "admin"


TITLES = {
    Role.CALL_CENTER_AGENT: "Agente Call Center",
    Role.CALL_CENTER_LEAD: "Coordinador(a) Call Center",
    Role.SERVICE_ADVISOR: "Asesor de Servicio",
    Role.AFTERSALES_DIRECTOR: "Director Posventa",
    Role.AFTERSALES_MANAGER: "Gerente Posventa",
    Role.WORKSHOP_CHIEF: "Jefe de Taller",
    Role.BODYSHOP_CHIEF: "Jefe de Colisión",
    Role.SALES_MANAGER: "Gerente Comercial",
    Role.SALES_ADVISOR: "Asesor Comercial",
    Role.CRM_LEAD: "Líder CRM",
    Role.MARKETING_COORDINATOR: "Coordinador de Mercadeo",
    Role.QUALITY_COORDINATOR: "Coordinador Sistemas de Gestión",
    Role.GENERAL_MANAGEMENT: "Subgerente General",
    Role.ADMIN: "Administrador",
}

WORK_QUEUE = "callcenter.work_queue"
SUPERVISE = "callcenter.supervise"
IMPORT_SPIGA = "callcenter.import_spiga"
SEE_CUSTOMERS = "callcenter.see_customers"
EDIT_CUSTOMERS = "callcenter.edit_customers"
MERGE_CUSTOMERS = "callcenter.merge_customers"
EXPORT_CUSTOMERS = "callcenter.export_customers"
SEE_APPOINTMENTS = "callcenter.see_appointments"
MANAGE_APPOINTMENTS = "callcenter.manage_appointments"
MANAGE_CAMPAIGNS = "callcenter.manage_campaigns"
MANAGE_CONSENT = "callcenter.manage_consent"
OVERRIDE_LAW = "callcenter.override_law"
SEE_DOCUMENTS = "callcenter.see_documents"
MANAGE_DOCUMENTS = "callcenter.manage_documents"
MANAGE_RELEASES = "callcenter.manage_releases"
SEE_MESSAGES = "callcenter.see_messages"
SEE_RECOVERY = "recovery.see_recovery"
WORK_RECOVERY_LISTS = "recovery.work_recovery_lists"
SEE_REPORTS = "reports.see_reports"
SEE_HISTORY = "callcenter.see_history"
MANAGE_PRIVACY = "callcenter.manage_privacy"
MANAGE_SYSTEM = "callcenter.manage_system"
REVIEW_REPORTS = "reports.review_edition"
APPROVE_REPORTS = "reports.approve_edition"
SEE_ACTIONS = "reports.see_actions"
MANAGE_ACTIONS = "reports.manage_actions"
SEE_AUDIT = "crm_audit.see_audit"
AUDIT = "crm_audit.audit"
SET_TARGETS = "crm_audit.set_targets"

# Who sees much or changes the rules must prove a second step when logging in.
SECOND_STEP = frozenset({
    Role.CALL_CENTER_LEAD, Role.AFTERSALES_DIRECTOR, Role.AFTERSALES_MANAGER, Role.SALES_MANAGER, Role.CRM_LEAD,
    Role.MARKETING_COORDINATOR, Role.QUALITY_COORDINATOR, Role.GENERAL_MANAGEMENT, Role.ADMIN,
})  # fmt: skip

READ = {SEE_CUSTOMERS, SEE_APPOINTMENTS, SEE_REPORTS, SEE_ACTIONS, SEE_DOCUMENTS}
CUSTOMER_KEEPERS = {EDIT_CUSTOMERS, MERGE_CUSTOMERS, EXPORT_CUSTOMERS}

PERMISSIONS: dict[Role, set[str]] = {
    Role.CALL_CENTER_AGENT: READ | {EDIT_CUSTOMERS, MERGE_CUSTOMERS, WORK_QUEUE, IMPORT_SPIGA, MANAGE_APPOINTMENTS, SEE_MESSAGES},
    Role.CALL_CENTER_LEAD: READ
    | CUSTOMER_KEEPERS
    | {WORK_QUEUE, SUPERVISE, MANAGE_CAMPAIGNS, MANAGE_CONSENT, OVERRIDE_LAW, IMPORT_SPIGA, MANAGE_APPOINTMENTS, SEE_MESSAGES},
    Role.SERVICE_ADVISOR: {SEE_APPOINTMENTS, MANAGE_APPOINTMENTS},
    Role.AFTERSALES_DIRECTOR: READ
    | CUSTOMER_KEEPERS
    | {
        SUPERVISE,
        MANAGE_CAMPAIGNS,
        MANAGE_CONSENT,
        OVERRIDE_LAW,
        IMPORT_SPIGA,
        MANAGE_APPOINTMENTS,
        SEE_MESSAGES,
        REVIEW_REPORTS,
        MANAGE_ACTIONS,
    },
    Role.AFTERSALES_MANAGER: READ
    | {
        EXPORT_CUSTOMERS,
        SUPERVISE,
        MANAGE_CAMPAIGNS,
        MANAGE_CONSENT,
        MANAGE_APPOINTMENTS,
        SEE_MESSAGES,
        REVIEW_REPORTS,
        APPROVE_REPORTS,
        MANAGE_ACTIONS,
    },
    Role.WORKSHOP_CHIEF: {SEE_APPOINTMENTS, SEE_REPORTS},
    Role.BODYSHOP_CHIEF: {SEE_APPOINTMENTS, SEE_REPORTS},
    Role.SALES_MANAGER: READ | {SEE_AUDIT, SET_TARGETS, REVIEW_REPORTS, APPROVE_REPORTS, MANAGE_ACTIONS},
    Role.SALES_ADVISOR: set(),
    Role.CRM_LEAD: {
        *CUSTOMER_KEEPERS,
        SEE_CUSTOMERS,
        MANAGE_CONSENT,
        IMPORT_SPIGA,
        SEE_REPORTS,
        SEE_ACTIONS,
        REVIEW_REPORTS,
        WORK_QUEUE,
        SEE_AUDIT,
        AUDIT,
        SET_TARGETS,
    },
    Role.MARKETING_COORDINATOR: {MANAGE_CAMPAIGNS, SEE_REPORTS, SEE_AUDIT, SEE_DOCUMENTS, MANAGE_RELEASES},
    Role.QUALITY_COORDINATOR: READ | {SEE_AUDIT, MANAGE_CONSENT, MANAGE_ACTIONS, MANAGE_DOCUMENTS},
    Role.GENERAL_MANAGEMENT: READ | {SEE_AUDIT, REVIEW_REPORTS, APPROVE_REPORTS, MANAGE_ACTIONS},
    Role.ADMIN: set(),
}

# Recovery of customers (GSC-PRO-04): who organises the lists, and who looks at them.
for _role in (Role.CALL_CENTER_AGENT, Role.CALL_CENTER_LEAD, Role.AFTERSALES_DIRECTOR):
    PERMISSIONS[_role] = PERMISSIONS[_role] | {SEE_RECOVERY, WORK_RECOVERY_LISTS}
for _role in (Role.AFTERSALES_MANAGER, Role.QUALITY_COORDINATOR, Role.GENERAL_MANAGEMENT):
    PERMISSIONS[_role] = PERMISSIONS[_role] | {SEE_RECOVERY}

# Who watches over the others: the trail of changes and accesses.
OVERSEERS = (
    Role.CALL_CENTER_LEAD,
    Role.AFTERSALES_MANAGER,
    Role.SALES_MANAGER,
    Role.QUALITY_COORDINATOR,
    Role.GENERAL_MANAGEMENT,
    Role.ADMIN,
)
for _role in OVERSEERS:
    PERMISSIONS[_role] = PERMISSIONS[_role] | {SEE_HISTORY}

SEE_SURVEYS = "satisfaction.see_surveys"
RECORD_SURVEYS = "satisfaction.record_surveys"
SEE_FOLLOWUPS = "satisfaction.see_followups"
MANAGE_FOLLOWUPS = "satisfaction.manage_followups"
CONTROL_FOLLOWUPS = "satisfaction.control_followups"
SEE_PQRS = "satisfaction.see_pqrs"
MANAGE_PQRS = "satisfaction.manage_pqrs"

SEES = {SEE_SURVEYS, SEE_FOLLOWUPS, SEE_PQRS}
RECORDS = SEES | {RECORD_SURVEYS, MANAGE_PQRS}
DIRECTS = SEES | {MANAGE_FOLLOWUPS, CONTROL_FOLLOWUPS, MANAGE_PQRS}
# GSC-PRO-03 §3-4: the agent records, the advisor manages their own, director and managers control, the auditor reads.
SATISFACTION: dict[Role, set[str]] = {
    Role.CALL_CENTER_AGENT: RECORDS,
    Role.CALL_CENTER_LEAD: RECORDS,
    Role.SERVICE_ADVISOR: {SEE_FOLLOWUPS, MANAGE_FOLLOWUPS},
    Role.SALES_ADVISOR: {SEE_FOLLOWUPS, MANAGE_FOLLOWUPS},
    Role.AFTERSALES_DIRECTOR: DIRECTS,
    Role.AFTERSALES_MANAGER: DIRECTS,
    Role.SALES_MANAGER: DIRECTS,
    Role.QUALITY_COORDINATOR: SEES,
    Role.GENERAL_MANAGEMENT: SEES,
}
for _role, _words in SATISFACTION.items():
    PERMISSIONS[_role] = PERMISSIONS[_role] | _words
# Who answers for personal data (Ley 1581).
for _role in (Role.CALL_CENTER_LEAD, Role.QUALITY_COORDINATOR):
    PERMISSIONS[_role] = PERMISSIONS[_role] | {MANAGE_PRIVACY}
PERMISSIONS[Role.ADMIN] = PERMISSIONS[Role.ADMIN] | {MANAGE_SYSTEM}
