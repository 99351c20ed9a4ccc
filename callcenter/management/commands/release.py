"""What a new version needs before it serves: tables, cache, functions, catalogue, static files. Safe to run twice."""

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Prepara la base y los archivos para esta versión."

    def handle(self, **options):
        call_command("migrate", verbosity=0)
        call_command("createcachetable")
        call_command("sync_roles")
        call_command("load_catalogue")
        call_command("collectstatic", interactive=False, verbosity=0)
