"""The demo's people, three months of work and today's SPIGA file: deterministic, invented, relative to today."""

from django.core.management import call_command
from django.core.management.base import BaseCommand

from callcenter.demo import build


class Command(BaseCommand):
    help = "Crea los datos de demostración, una sola vez."

    def add_arguments(self, parser):
        parser.add_argument("--release", action="store_true", help="prepara antes la base y los archivos")
        parser.add_argument("--print", action="store_true", help="muestra los usuarios y el archivo de hoy")

    def handle(self, **options):
        if options["release"]:
            self.stderr.write("  Preparando la base y los archivos…")
            call_command("release", stdout=self.stderr)
            self.stderr.write("  Revisando los datos de demostración; la primera vez se crean tres meses de trabajo…")
        shift = build.clock_shift()
        made = build.demo(shift)
        self.stdout.write(f"CLOCK_SHIFT={shift}")
        if options["print"]:
            self.stdout.write("  Datos de demostración " + ("creados." if made else "ya existentes."))
            self.stdout.write(f"  Clave de todos: {build.PASSWORD}\n")
            for username, title in build.logins():
                self.stdout.write(f"    {username:<14} {title}")
            self.stdout.write(f"\n  Listado de SPIGA de hoy, por importar: {build.todays_file()}")
            if shift:
                self.stdout.write("  Fuera del horario legal de llamadas: la demostración corre con el reloj del siguiente momento hábil.")
