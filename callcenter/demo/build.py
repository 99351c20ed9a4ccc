"""Builds the demo: organisation, logins, three months of proactive work, and today's list waiting."""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from callcenter import seams
from callcenter.demo import history, master, people
from callcenter.domain.calendar import company_calendar
from callcenter.domain.contact_law import next_open, window
from callcenter.models import BlockedPhone, Brand, Employee, ServiceOffer, Site, User
from callcenter.models.catalogue import reason_key
from callcenter.roles import TITLES, Role
from callcenter.spiga import pipeline
from carrazos.lib.calendar import bogota
from carrazos.lib.text import name_key

PASSWORD = "Carrazos-demo-2026"  # noqa: S105 -- printed on purpose: a demo on one's own machine
SEED = 20261122
LATEST_START = timedelta(hours=2)  # a demo that starts later plays the next morning

SITES = (
    {"code": "norte", "name": "Sede Norte", "aliases": ["NORTE", "CENTRO NORTE"], "city": "Bogotá", "area_code": "601",
     "phones": "601 555 0100 y 300 555 9900", "address": "Autopista Norte 170-20", "daily_capacity": 24},
    {"code": "centro", "name": "Sede Centro", "aliases": ["CENTRO"], "city": "Bogotá", "area_code": "601",
     "phones": "601 555 0200 y 300 555 9901", "address": "Carrera 13 26-40", "daily_capacity": 16},
)  # fmt: skip
BRANDS = (
    {"code": "kia", "name": "Kia", "aliases": ["KIA MOTORS"]},
    {"code": "suzuki-motos", "name": "Suzuki Motos", "aliases": ["SUZUKI", "SUZUKI MOTO"]},
)
# (login, given names, surnames, function, sites, brands); empty scope: all.
USERS = (
    ("agente", "Ana", "Pérez", Role.CALL_CENTER_AGENT, (), ()),
    ("agente2", "Marta", "Lozano", Role.CALL_CENTER_AGENT, ("norte",), ()),
    ("coordinadora", "Clara", "Mesa", Role.CALL_CENTER_LEAD, (), ()),
    ("asesor", "Luis", "Demo", Role.SERVICE_ADVISOR, ("norte",), ("vw",)),
    ("director", "Diego", "Robles", Role.AFTERSALES_DIRECTOR, (), ()),
    ("director.vw", "Viviana", "Wolf", Role.AFTERSALES_DIRECTOR, ("norte",), ("vw",)),
    ("gerente", "Gabriela", "Páez", Role.AFTERSALES_MANAGER, (), ()),
    ("taller", "Tomás", "Ávila", Role.WORKSHOP_CHIEF, ("norte",), ()),
    ("colision", "Carlos", "Luna", Role.BODYSHOP_CHIEF, ("centro",), ()),
    ("comercial", "Catalina", "Ríos", Role.SALES_MANAGER, (), ()),
    ("vendedor", "Rosa", "Demo", Role.SALES_ADVISOR, ("centro",), ()),
    ("crm", "Ramiro", "Cruz", Role.CRM_LEAD, (), ()),
    ("mercadeo", "Mariana", "Gil", Role.MARKETING_COORDINATOR, (), ()),
    ("calidad", "Carmen", "Salas", Role.QUALITY_COORDINATOR, (), ()),
    ("gerencia", "Guillermo", "Toro", Role.GENERAL_MANAGEMENT, (), ()),
    ("admin", "Andrés", "Soler", Role.ADMIN, (), ()),
)
ADVISORS = (
    ("023", "Luis Demo", "norte"),
    ("031", "Ana Ruiz", "norte"),
    ("044", "Pedro Nel Vega", "centro"),
    ("052", "Sandra Milena Ochoa", "centro"),
)
OFFERS = (
    ("10.000", "Revisión 10.000 km", 390_000, "Aceite, filtro de aceite, arandela", 90),
    ("20.000", "Revisión 20.000 km", 520_000, "Aceite, filtros de aceite y cabina, revisión de frenos", 120),
    ("30.000", "Revisión 30.000 km", 610_000, "Aceite, filtros de aceite, aire y cabina", 150),
    ("40.000", "Revisión 40.000 km", 890_000, "Aceite, filtros, bujías, líquido de frenos", 210),
    ("", "Revisión general", 320_000, "Diagnóstico, inspección de 35 puntos", 60),
)


@dataclass(frozen=True)
class World:
    """What a programme's demo builder gets: the moment the demo plays, and the house as built so far. Draw from `rng(name)`."""

    now: datetime
    sites: dict[str, Site]
    brands: dict[str, Brand]
    folder: Path  # where today's files for importing are put

    def rng(self, name: str) -> Random:
        return Random(f"{SEED}:{name}")

    def user(self, username: str) -> User:
        return User.objects.get(username=username)


def clock_shift(real: datetime | None = None) -> int:
    """Seconds to add to the clock so that a demo outside calling hours plays the next legal morning; 0 inside them."""
    now = real or timezone.now()
    hours = window(bogota(now).date(), company_calendar())
    if hours and hours[0] <= now < hours[1] - LATEST_START:
        return 0
    start = next_open(now + LATEST_START, company_calendar())
    opens = window(bogota(start).date(), company_calendar())[0]
    return int((max(start, opens + timedelta(hours=2)) - now).total_seconds())


def demo(shift: int) -> bool:
    """Creates everything once; False when it was there already."""
    if User.objects.filter(username="agente").exists():
        return False
    now = timezone.now() + timedelta(seconds=shift)
    with transaction.atomic():
        sites, brands = organisation()
        logins_of(sites, brands)
        offers(brands, bogota(now).date())
        history.three_months(Random(SEED), now=now, sites=sites, brands=brands)
        master.build(Random(f"{SEED}:master"), now)
        world = World(now, sites, brands, todays_file().parent)
        world.folder.mkdir(parents=True, exist_ok=True)
        for builder in seams.plugged("DEMO_BUILDERS"):
            builder(world)
    data = spiga_file(Random(SEED + 1), bogota(now).date())
    path = todays_file()
    path.write_bytes(data)
    pipeline.receive("proactive", data, path.name, by=User.objects.get(username="agente"), site=None, at=now, authorised=True)
    return True


def organisation() -> tuple[dict[str, Site], dict[str, Brand]]:
    for row in SITES:
        Site.objects.create(**row, is_demo=True)
    for row in BRANDS:
        Brand.objects.create(**row, is_demo=True)
    sites = {site.code: site for site in Site.objects.all()}
    for code, name, site in ADVISORS:
        Employee.objects.create(
            code=code,
            name=name,
            name_key=name_key(name),
            function=Role.SERVICE_ADVISOR,
            site=sites[site],
            phone=f"300555{9000 + int(code)}",
        )
    BlockedPhone.objects.create(value="+576015550100", note="Conmutador Sede Norte", site=sites["norte"])
    return sites, {brand.code: brand for brand in Brand.objects.all()}


def logins_of(sites: dict[str, Site], brands: dict[str, Brand]) -> None:
    password = make_password(PASSWORD)  # one for all: hashing is slow on purpose
    for username, given, family, role, site_codes, brand_codes in USERS:
        is_admin = role == Role.ADMIN
        user = User.objects.create(
            username=username, email=f"{username}@carrazos.example", password=password, first_name=given, last_name=family,
            is_staff=is_admin, is_superuser=is_admin, all_sites=not site_codes, all_brands=not brand_codes,
        )  # fmt: skip
        user.groups.add(Group.objects.get(name=role.value))
        user.sites.set(sites[code] for code in site_codes)
        user.brands.set(brands[code] for code in brand_codes)


def offers(brands: dict[str, Brand], today: date) -> None:
    for code in ("vw", "kia", "suzuki-motos"):
        factor = 0.3 if code == "suzuki-motos" else 0.8 if code == "kia" else 1
        for motive, name, price, supplies, minutes in OFFERS:
            ServiceOffer.objects.create(
                brand=brands[code], name=name, reason_key=reason_key(motive), price_cop=int(price * factor / 1000) * 1000,
                supplies=supplies, duration=timedelta(minutes=minutes), availability="Lunes a viernes desde las 7:00; sábados hasta las 12:00",
                valid_until=today + timedelta(days=120),
            )  # fmt: skip


def spiga_file(rng: Random, today: date, count: int = 60) -> bytes:
    """Today's list as SPIGA writes it: a title above the header, `;`, and the usual blemishes."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([f"Avisos de mantenimiento - Carrazos - {today:%d/%m/%Y} 07:02"])
    writer.writerow(["Centro", "F. Prevista", "Motivo Contacto", "Placa", "VIN", "Marca", "Gama", "Kilómetros", "F. Últ. Entrada",
                     "Cód. Tercero", "Cliente", "N° Doc. Cliente", "Perfil Cliente", "Teléfonos", "Telf. Móvil", "Email",
                     "Asesor Servicio", "Observaciones"])  # fmt: skip
    for index in range(count):
        brand = rng.choices(("vw", "kia", "suzuki-motos"), (6, 3, 2))[0]
        person = people.person(rng, 6000 + index, brand)
        due, last = today + timedelta(days=rng.randint(-3, 12)), today - timedelta(days=rng.randint(150, 380))
        code, advisor, site = rng.choice(ADVISORS)
        mobile, note = person.mobile[3:], ""
        if index in {7, 31}:
            mobile = "1234567"
        if index == 12:
            note = "vendió el carro; no llamar"
        name = "CLIENTE MOSTRADOR" if index == 20 else person.spiga_name
        writer.writerow([site.upper(), f"{due:%d/%m/%Y}", f"REV. {rng.choice((10, 20, 30, 40))}.000 KM", person.plate, person.vin,
                         {"vw": "VOLKSWAGEN", "kia": "KIA", "suzuki-motos": "SUZUKI"}[brand], person.family.upper(), f"{person.odometer:,}".replace(",", "."),
                         f"{last:%d/%m/%Y}", 60_000 + index, name, person.document, "Empresa" if person.is_company else "Particular",
                         person.fixed[3:], mobile, person.email, f"{code} - {advisor.upper()}", note])  # fmt: skip
    writer.writerow([f"Total registros: {count}"])
    return ("\ufeff" + out.getvalue()).encode()


def todays_file() -> Path:
    return Path(settings.STATE_ROOT) / "demo" / "avisos_de_hoy.csv"


def logins() -> list[tuple[str, str]]:
    """One login per role, with its title and scope."""
    rows = []
    for username, given, family, role, sites, brands in USERS:
        scope = ", ".join(part for part in (*(f"sede {code}" for code in sites), *brands)) or "todas las sedes y marcas"
        rows.append((username, f"{TITLES[role]} · {given} {family} · {scope}"))
    return rows
