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
SEE_APPOINTMENTS = "callcenter.see_appointments"
MANAGE_APPOINTMENTS = "callcenter.manage_appointments"
SEE_REPORTS = "reports.see_reports"

READ = {SEE_CUSTOMERS, SEE_APPOINTMENTS, SEE_REPORTS}

PERMISSIONS: dict[Role, set[str]] = {
    Role.CALL_CENTER_AGENT: READ | {WORK_QUEUE, IMPORT_SPIGA, MANAGE_APPOINTMENTS},
    Role.CALL_CENTER_LEAD: READ | {WORK_QUEUE, SUPERVISE, IMPORT_SPIGA, MANAGE_APPOINTMENTS},
    Role.SERVICE_ADVISOR: {SEE_APPOINTMENTS, MANAGE_APPOINTMENTS},
    Role.AFTERSALES_DIRECTOR: READ | {SUPERVISE, IMPORT_SPIGA, MANAGE_APPOINTMENTS},
    Role.AFTERSALES_MANAGER: READ | {SUPERVISE, MANAGE_APPOINTMENTS},
    Role.WORKSHOP_CHIEF: {SEE_APPOINTMENTS, SEE_REPORTS},
    Role.BODYSHOP_CHIEF: {SEE_APPOINTMENTS, SEE_REPORTS},
    Role.SALES_MANAGER: READ,
    Role.SALES_ADVISOR: set(),
    Role.CRM_LEAD: {SEE_CUSTOMERS, IMPORT_SPIGA, SEE_REPORTS},
    Role.MARKETING_COORDINATOR: {SEE_REPORTS},
    Role.QUALITY_COORDINATOR: READ,
    Role.GENERAL_MANAGEMENT: READ,
    Role.ADMIN: set(),
}
