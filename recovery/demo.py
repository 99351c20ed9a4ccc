"""The demo's recovery: years of workshop history from files, two lists already worked and today's, with those who came back."""

import csv
import io
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

from callcenter.demo import history, people
from callcenter.demo.build import World
from callcenter.demo.people import Person
from callcenter.domain.calendar import company_calendar
from callcenter.enums import AppointmentStatus, Programme
from callcenter.models import Employee, MessageTemplate, Outreach, Reason, Script, User
from callcenter.spiga import pipeline
from carrazos.lib.calendar import BOGOTA, bogota
from carrazos.lib.periods import Month
from recovery.domain import lists, results
from recovery.models import Candidacy, RecoveryList

CARS = 150
FIRST_NUMBER = 7000
HEADER = ("Centro", "Núm. OT ", "Placa", "VIN", "Marca", "Gama", "Motivo de Entrada", "F. Alta OT", "F. Fra.", "Cliente Fra.", "N° Doc. Cliente",
          "Telf. Móvil", "Email", "Kilómetros", "Asesor", "")  # fmt: skip
BRAND_NAMES = {"vw": "VOLKSWAGEN", "kia": "KIA", "suzuki-motos": "SUZUKI"}
REASONS = ("REVISIÓN 10.000 KM", "REVISIÓN 20.000 KM", "CAMBIO DE ACEITE", "FRENOS", "DIAGNÓSTICO", "ALINEACIÓN Y BALANCEO", "GARANTIA")
PAYERS = ("SEGUROS DEMO S.A.", "LEASING DEMO S.A.", "IMPORTADORA DEMO S.A.S.")


class Workshop:
    """Writes the workshop's files and hands them to the importer, as somebody does each morning."""

    def __init__(self, world: World):
        self.world, self.rng, self.number = world, world.rng("recovery"), 20_000
        self.agent = world.user("agente")

    def line(self, who: Person, site: str, day: date, *, payer: str = "", reason: str = "") -> list[str]:
        self.number += 1
        own = not payer
        name = payer or who.spiga_name
        km = max(1_000, who.odometer - (bogota(self.world.now).date() - day).days * 30)
        return [
            site.upper(), f"OT/{self.number}/{day.year}-1", who.plate, who.vin, BRAND_NAMES[who.brand], who.family.upper(),
            reason or self.rng.choice(REASONS[:-1] if own else REASONS), f"{day:%d/%m/%Y}", f"{day:%d/%m/%Y} 05:12:40 p. m.", name,
            who.document if own else "", who.mobile[3:] if own else "", who.email if own else "", f"{km:,}".replace(",", "."), "", "",
        ]  # fmt: skip

    def bring(self, rows: list[list[str]], name: str) -> None:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow(["Informe de Órdenes facturadas - Carrazos"])
        writer.writerow(HEADER)
        writer.writerows(rows)
        writer.writerow([f"Total registros: {len(rows)}"])
        data = ("\ufeff" + out.getvalue()).encode()
        batch = pipeline.receive("recovery", data, name, by=self.agent, site=None, at=self.world.now, authorised=True)
        pipeline.import_now(batch)


def build(world: World) -> None:
    """History → list of two months ago, worked → who returned → last month's → who returned → this month's, begun."""
    shop, rng = Workshop(world), world.rng("recovery-cars")
    today = bogota(world.now).date()
    this = Month.of(today)
    cars = invented(world, rng)
    first = this.back(2).first
    owners = {who.vin: (who, site) for who, site in cars}
    for back in (2, 1, 0):
        month = this.back(back)
        # Each month somebody brings another part of the history, so that every list has people of its own.
        shop.bring(past_orders(shop, rng, cars[back::3], first), f"taller_historia_{3 - back}.csv")
        day = (
            company_calendar().add_business_days(month.first, 1)
            if back
            else company_calendar().previous_business_day(today - timedelta(days=1))
        )
        at = datetime.combine(day, time(8, 30), tzinfo=BOGOTA)
        work(world, month, at, owners)
        if back:
            until = min(this.back(back - 1).first, today)
            shop.bring(returns(shop, rng, month, owners, until), f"taller_{month.code}.csv")
    results.reconcile()


def invented(world: World, rng: Random) -> list[tuple[Person, str]]:
    found = []
    for index in range(CARS):
        brand = rng.choices(("vw", "kia", "suzuki-motos"), (6, 3, 2))[0]
        who = people.person(rng, FIRST_NUMBER + index, brand)
        if index % 19 == 7:
            who = replace(who, mobile="+571234567", email="")  # wrong data
        found.append((who, rng.choice(sorted(world.sites))))
    return found


def past_orders(shop: Workshop, rng: Random, cars: list[tuple[Person, str]], until: date) -> list[list[str]]:
    """One to four orders per car, the last one between a month and four years before the first list."""
    rows = []
    for index, (who, site) in enumerate(cars):
        last = until - timedelta(days=rng.choice((40, 150, 260)) if index % 4 == 0 else rng.randint(372, 1_300))
        rows += [shop.line(who, site, last - timedelta(days=count * rng.randint(150, 260))) for count in range(rng.randint(1, 4))]
        if index % 12 == 5:
            rows.append(shop.line(who, site, last, payer=rng.choice(PAYERS), reason="COLISION"))
        if index % 30 == 11:
            rows.append(shop.line(who, site, last + timedelta(days=9), payer="CARRAZOS SAS", reason="ALISTAMIENTO"))
    return rows


def work(world: World, month: Month, at: datetime, owners: dict[str, tuple[Person, str]]) -> RecoveryList:
    """Builds and starts a month's list, and plays the calls of our own people up to yesterday; others stay to be called."""
    director = world.user("director")
    row = lists.build_now(month, by=director, at=at)
    row = lists.start(row.pk, by=director, at=at)
    lists.open_calls(row, at=at)
    book = history.Book(
        world.rng(f"recovery-calls-{month.code}"), world.now, list(User.objects.filter(username__in=["agente", "agente2"])),
        {code: list(Employee.objects.filter(site=site)) for code, site in world.sites.items()},
        {(reason.kind, reason.code): reason for reason in Reason.objects.all()},
        Script.objects.get(code="GSC-INS-02", is_published=True), None, MessageTemplate.objects.get(name="recuperacion_v1"), Programme.RECOVERY,
    )  # fmt: skip
    mine = Outreach.objects.filter(candidacies__recovery_list=row, candidacies__vehicle__vin__in=owners).distinct().order_by("pk")
    outreaches = list(mine.select_related("customer", "vehicle__brand", "site", "brand"))
    for outreach in outreaches:
        history.live(book, outreach, company_calendar().add_business_days(bogota(at).date(), book.rng.randint(0, 12)))
    Outreach.objects.bulk_update(outreaches, ["state", "result", "closed_at", "next_step", "calls_made", "due_at", "priority"])
    history.save(book)
    results.reconcile(list_id=row.pk)
    return row


def returns(shop: Workshop, rng: Random, month: Month, owners: dict[str, tuple[Person, str]], until: date) -> list[list[str]]:
    """Orders of those who kept their appointment, and of some who came by themselves."""
    rows = []
    called = Candidacy.objects.filter(recovery_list__month=month.first, first_call_on__isnull=False, vehicle__vin__in=owners)
    for case in called.select_related("vehicle", "outreach").order_by("pk"):
        who, site = owners[case.vehicle.vin]
        kept = case.outreach.appointments.filter(status=AppointmentStatus.FULFILLED).first()
        if kept:
            day = bogota(kept.starts_at).date()
        elif rng.random() < 0.07:
            day = case.first_call_on + timedelta(days=rng.randint(2, 40))
        else:
            continue
        if case.first_call_on < day < until:
            rows.append(shop.line(who, site, day))
    return rows
