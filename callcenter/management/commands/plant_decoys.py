"""`manage.py plant_decoys 5 --phone 6015550199 --email vigia@carrazos.example`: invented customers that tell who leafs through the master."""

from django.core.management.base import BaseCommand, CommandError

from callcenter.domain import decoys
from callcenter.domain.errors import Refused


class Command(BaseCommand):
    help = "Siembra clientes señuelo: quien los abra queda señalado; su teléfono y su correo llevan a la empresa."

    def add_arguments(self, parser):
        parser.add_argument("count", type=int, help="cuántos")
        parser.add_argument("--phone", required=True, help="un número de la empresa que alguien vigila")
        parser.add_argument("--email", required=True, help="una dirección de la empresa que alguien vigila")

    def handle(self, **options):
        try:
            made = decoys.plant(options["count"], phone=options["phone"], email=options["email"])
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Sembrados: {', '.join(str(row) for row in made)}")
