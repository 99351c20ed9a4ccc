from django.apps import AppConfig


class CarrazosConfig(AppConfig):
    name = "carrazos"
    verbose_name = "Carrazos"
