from django.apps import AppConfig


class CrmAuditConfig(AppConfig):
    name = "crm_audit"
    verbose_name = "Auditoría CRM"
