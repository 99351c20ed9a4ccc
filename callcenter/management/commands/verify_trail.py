"""`manage.py verify_trail`: is the audit trail what was sealed? Exit 1 and what is not, if it is not."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from callcenter.domain import seals
from callcenter.models import AuditSeal


class Command(BaseCommand):
    help = "Comprueba el historial de cambios contra sus sellos."

    def handle(self, **options):
        if found := seals.verify(timezone.now()):
            raise CommandError("\n".join(found[:50]))
        last = AuditSeal.objects.order_by("-last").first()
        self.stdout.write(
            f"El historial es el que se selló, hasta el cambio n.º {last.last}: {last.digest}" if last else "Todavía no hay sellos."
        )
