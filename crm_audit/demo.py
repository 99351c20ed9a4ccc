"""The audit's part of the demo: two months of traffic and visits as SPIGA writes them, half judged, today's files waiting."""

import csv
import io
from datetime import date, datetime, time, timedelta
from random import Random

from callcenter.demo.build import World
from callcenter.demo.people import MEN, SURNAMES, WOMEN
from callcenter.enums import NextStep, OutreachState, Programme, ReasonKind, Result
from callcenter.models import Employee, Outreach, Reason
from callcenter.roles import Role
from callcenter.spiga import pipeline
from carrazos.lib.calendar import BOGOTA, bogota
from carrazos.lib.periods import Month, Week
from carrazos.lib.text import name_key
from crm_audit.domain import checks, goals
from crm_audit.enums import ActivityState, Advised, AdvisedHow, ProspectVerdict, TargetKind, Verdict
from crm_audit.models import Activity, Prospect, ProspectCheck

SELLERS = (
    ("101", "Rosa Demo", "centro", "vw"),
    ("102", "Javier Pardo", "norte", "vw"),
    ("103", "Milena Sáenz", "norte", "kia"),
    ("104", "Hugo Rengifo", "centro", "suzuki-motos"),
)
BRAND_WORDS = {"vw": ("VOLKSWAGEN", ("NIVUS", "TAOS", "POLO", "T-CROSS")), "kia": ("KIA", ("PICANTO", "SPORTAGE", "SONET")),
               "suzuki-motos": ("SUZUKI", ("GIXXER", "V-STROM 250"))}  # fmt: skip
TOLD = (
    "Interesado en la versión automática; pide cotización con retoma", "Vino con la esposa, le gustó el color gris", "Pide simulación a sesenta meses",
    "Compara con otra marca, se le envía ficha por WhatsApp", "Confirma prueba de manejo para el sábado", "Espera aprobación del crédito del banco",
    "Solicita descuento por pago de contado", "Queda de pasar el viernes con los papeles de la retoma",
)  # fmt: skip
EMPTY = ("ok", "llamar", "seguimiento", "no contesta", "", "Cliente pide cotización formal")
KINDS = ("Llamada", "Llamada", "Llamada", "Cotización", "Visita", "Prueba de manejo", "WhatsApp", "Matrícula")
PER_MONTH = 16  # prospects of one advisor


def build(world: World) -> None:
    """Imports both reports as the Líder CRM would, judges what is older than a week, sends some prospects to be called."""
    rng, lead = world.rng("crm"), world.user("crm")
    lead.programmes = [Programme.PROSPECT_CHECK]
    lead.save(update_fields=["programmes"])
    for code, name, site, _ in SELLERS:
        Employee.objects.create(
            code=code, name=name, name_key=name_key(name), function=Role.SALES_ADVISOR, site=world.sites[site],
            email=f"ventas{code}@carrazos.example",
        )  # fmt: skip
    Employee.objects.create(
        code="110", name="Catalina Ríos", name_key=name_key("Catalina Ríos"), function=Role.SALES_MANAGER, site=world.sites["centro"],
        email="comercial@carrazos.example",
    )  # fmt: skip
    today = bogota(world.now).date()
    traffic, visits = files(rng, today)
    for slug, name, data in (("traffic", "trafico_de_exposicion.csv", traffic), ("visits", "visitas.csv", visits)):
        (world.folder / name).write_bytes(data)
        batch = pipeline.receive(slug, data, name, by=lead, site=None, at=world.now, authorised=True)
        pipeline.import_now(batch)
    judge_activities(rng, lead, today, world.now)
    judge_prospects(rng, lead, today, world.now)
    set_goals(world, today)


def files(rng: Random, today: date) -> tuple[bytes, bytes]:
    """The two reports of last month and this one."""
    first = Month.of(today).previous().first
    prospects = [["Centro", "N° Ficha", "F. Alta", "Hora", "Vendedor", "Cliente", "N° Doc. Cliente", "Telf. Móvil", "Email", "Origen", "Marca",
                  "Gama de interés", "Estado"]]  # fmt: skip
    done = [["Centro", "Vendedor", "Cliente", "N° Ficha", "Tipo Actividad", "F. Prevista", "Hora", "F. Realizada", "Realizada (S/N)", "Comentario",
             "Marca"]]  # fmt: skip
    number = 4_500
    yesterday = today - timedelta(days=1)  # nothing of today: its hours would lie ahead of a demo that starts in the morning
    days = [first + timedelta(days=count) for count in range((today - first).days)]
    for index, (_, seller, site, brand) in enumerate(SELLERS):
        for turn in range(PER_MONTH * 2):
            number += 1
            day = days[min(len(days) - 1, turn * len(days) // (PER_MONTH * 2) + rng.randint(0, 2))]
            name = f"{rng.choice(SURNAMES)} {rng.choice(SURNAMES)} {rng.choice(WOMEN if rng.random() < 0.5 else MEN)}".upper()
            mobile, state = f"300556{index}{turn:03d}", "En proceso"
            if turn % 13 == 5:
                name, mobile = "CLIENTE MOSTRADOR", "3111111111"
            elif turn % 11 == 7:
                mobile = "3005567999"  # one phone for many names
            elif turn % 9 == 4:
                state = rng.choice(("Vendido", "Perdido"))
            word, models = BRAND_WORDS[brand]
            prospects.append([site.upper(), str(number), f"{day:%d/%m/%Y}", f"{rng.randint(8, 17)}:{rng.randint(0, 59):02d}", seller.upper(), name, "", mobile,
                              f"prospecto{number}@correo.example" if rng.random() < 0.4 else "", rng.choice(("Vitrina", "Web", "Facebook", "Referido")),
                              word, rng.choice(models), state])  # fmt: skip
            for _ in range(rng.randint(1, 5)):
                at = datetime.combine(
                    min(yesterday, day + timedelta(days=rng.randint(0, 12))), time(rng.randint(8, 17), rng.choice((0, 10, 25, 40))), BOGOTA
                )
                is_done = rng.random() < 0.84
                comment = rng.choice(TOLD) if rng.random() < 0.72 else rng.choice(EMPTY)
                done.append([site.upper(), seller.upper(), name, str(number), rng.choice(KINDS), f"{at:%d/%m/%Y}", f"{at:%H:%M}",
                             f"{at:%d/%m/%Y}" if is_done else "", "S" if is_done else "N", comment if is_done else "", word])  # fmt: skip
    title = f"TRÁFICO DE EXPOSICIÓN - del {first:%d/%m/%Y} al {today:%d/%m/%Y}"
    return text_of([[title], *prospects]), text_of(done)


def text_of(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return ("\ufeff" + out.getvalue()).encode()


def judge_activities(rng: Random, lead, today: date, now: datetime) -> None:
    """Everything older than four days has its verdict, nearly always the proposed one."""
    reasons = {row.code: row for row in Reason.objects.filter(kind=ReasonKind.ACTIVITY)}
    rows = list(Activity.objects.pending().filter(day__lt=today - timedelta(days=4)))
    for row in rows:
        row.verdict = row.proposal
        if row.verdict == Verdict.VALID and rng.random() < 0.06:
            row.verdict = Verdict.INVALID
        if row.state == ActivityState.NOT_DONE:
            row.verdict = Verdict.NOT_DONE
        row.reason = None if row.verdict == Verdict.VALID else reasons[row.proposed_reason or "VAGUE"]
        row.judged_by, row.judged_at = lead, now - timedelta(days=1)
    Activity.objects.bulk_update(rows, ["verdict", "reason", "judged_by", "judged_at"], batch_size=500)


def judge_prospects(rng: Random, lead, today: date, now: datetime) -> None:
    """Those older than six days were called; of the newest some wait in the queue and the rest to be sent."""
    reasons = {row.code: row for row in Reason.objects.filter(kind=ReasonKind.PROSPECT)}
    called = Prospect.objects.counted().filter(created_on__lt=today - timedelta(days=6))
    checks.open_checks(called, at=now, by=lead)
    decided = []
    for check in ProspectCheck.objects.filter(prospect__in=called, outreach__isnull=False).select_related("prospect", "outreach"):
        chance = rng.random()
        if chance < 0.12:
            close(check.outreach_id, Result.EXHAUSTED, now)
            continue
        check.is_real = chance < 0.85
        check.verdict = ProspectVerdict.VALID if check.is_real else ProspectVerdict.INVALID
        check.reason = None if check.is_real else reasons["NOT_REAL"]
        if check.is_real:
            check.advised, check.advised_how = (
                rng.choice((Advised.YES, Advised.YES, Advised.PARTLY, Advised.NO)),
                rng.choice(AdvisedHow.values),
            )
            check.advised_by, check.quoted = check.prospect.advisor, rng.random() < 0.6
        check.note = "Verificado por teléfono" if check.is_real else "Dice que nunca visitó la vitrina"
        check.decided_by, check.decided_at = lead, now - timedelta(days=1)
        close(check.outreach_id, Result.DONE, now)
        decided.append(check)
    fields = ["is_real", "verdict", "reason", "advised", "advised_how", "advised_by", "quoted", "note", "decided_by", "decided_at"]
    ProspectCheck.objects.bulk_update(decided, fields)
    newest = Prospect.objects.counted().filter(created_on__lt=today - timedelta(days=3))
    checks.open_checks(newest, at=now, by=lead)


def close(outreach: int, result: Result, now: datetime) -> None:
    Outreach.objects.filter(pk=outreach).update(
        state=OutreachState.CLOSED, result=result, closed_at=now - timedelta(days=1), next_step=NextStep.NONE
    )


def set_goals(world: World, today: date) -> None:
    """This month and last one; the weeks of two brands only, so that «Sin meta» is seen too."""
    lead, month = world.user("crm"), Month.of(today)
    for brand, prospects, activities in (("vw", 30, 60), ("kia", 16, 34), ("suzuki-motos", 16, 30)):
        for period in (month, month.previous()):
            goals.set_target(TargetKind.PROSPECTS, period, world.brands[brand], prospects, by=lead, at=world.now)
            goals.set_target(TargetKind.ACTIVITIES, period, world.brands[brand], activities, by=lead, at=world.now)
        if brand != "suzuki-motos":
            for week in (Week.of(today), Week.of(today).previous()):
                goals.set_target(TargetKind.PROSPECTS, week, world.brands[brand], prospects // 4, by=lead, at=world.now)
                goals.set_target(TargetKind.ACTIVITIES, week, world.brands[brand], activities // 4, by=lead, at=world.now)
