from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import register

from carrazos.checks import every_address_says_who_may_open_it


class CarrazosConfig(AppConfig):
    name = "carrazos"
    verbose_name = "Carrazos"

    def ready(self) -> None:
        register(every_address_says_who_may_open_it, "urls")


class ManagementConfig(AdminConfig):
    default_site = "carrazos.admin.Management"
