"""The demo's satisfaction: three months of surveys, cases in every colour, PQRS, and today's deliveries waiting to be called."""

import uuid
from datetime import date, datetime, time, timedelta
from random import Random

from callcenter.demo.build import World
from callcenter.domain.calendar import company_calendar
from callcenter.enums import Channel, NextStep, Outcome, OutreachState, Priority, Programme, Purpose, ReasonKind, Result
from callcenter.models import Attempt, Brand, Employee, Outreach, Reason, Site, User, Vehicle, VehicleParty, WorkOrder
from callcenter.roles import Role
from carrazos.lib.calendar import BOGOTA, BusinessCalendar
from satisfaction.domain import followups, petitions, surveys
from satisfaction.domain.followups import Deed, ProofDraft
from satisfaction.enums import Action, Area, PqrsChannel, PqrsKind, QuestionKind, SurveyStatus
from satisfaction.models import Answer, Cause, Delivery, FollowUp, Question, Questionnaire, Survey

DAYS_BACK, SERVICES, SALES, WAITING_DAYS = 92, 4, 1, 2
SCORES = ((10, 44), (9, 30), (8, 12), (7, 6), (6, 3), (5, 2), (4, 1), (3, 1), (2, 1))
COMPLAINTS = (
    "Me prometieron el carro a las 3 y lo entregaron a las 6, sin avisarme.", "El ruido de la suspensión sigue igual que antes.",
    "Nadie me explicó la factura y salió más cara de lo cotizado.", "Me lo entregaron sucio por dentro.",
    "Tuve que volver dos veces por el mismo daño.", "La espera en recepción fue de más de una hora.",
)  # fmt: skip
SUGGESTIONS = ("Abrir los sábados hasta las cuatro.", "Más parqueaderos para clientes.", "Avisar por WhatsApp cuando el carro esté listo.")
COMPLIMENTS = ("Excelente la atención del asesor.", "Todo muy puntual, gracias.")
# The blocks of the two demonstration brands (domain 8.4): topic, question, kind.
BLOCKS = {
    "kia": (
        ("Confirmación de la cita", "¿Le contactaron para confirmar la cita?", QuestionKind.YES_NO),
        ("Listo a la primera", "¿El vehículo quedó listo en la primera visita?", QuestionKind.YES_NO),
        ("Plan y garantía", "¿Cómo califica la explicación del plan de mantenimiento y la garantía?", QuestionKind.SCORE),
    ),
    "suzuki-motos": (
        ("Moto limpia y probada", "¿Le entregaron la moto limpia y probada?", QuestionKind.YES_NO),
        ("Repuestos", "¿Cómo califica la disponibilidad de repuestos?", QuestionKind.SCORE),
        ("Revisión obligatoria", "¿Le explicaron la próxima revisión obligatoria para conservar la garantía?", QuestionKind.YES_NO),
    ),
}
ENDS = (
    "Se llamó al cliente, se revisó el vehículo sin costo y quedó conforme.",
    "Se explicó la factura y se reconoció el valor de la diferencia.",
)


def build(world: World) -> None:
    """Writes everything; deterministic."""
    rng, calendar = world.rng("satisfaction"), company_calendar()
    ask_by_brand()
    Employee.objects.filter(code="023").update(user=world.user("asesor"))
    seller = Employee.objects.create(
        code="077",
        name="Rosa Demo",
        name_key="DEMO ROSA",
        function=Role.SALES_ADVISOR,
        site=world.sites["centro"],
        user=world.user("vendedor"),
    )
    today = world.now.astimezone(BOGOTA).date()
    days = [day for back in range(DAYS_BACK, 0, -1) if calendar.is_business_day(day := today - timedelta(days=back))]
    owners = list(VehicleParty.objects.filter(customer__kind="PERSON").select_related("vehicle__brand", "customer").order_by("pk"))
    rows = served(world, rng, owners, days, seller)
    answer(world, rng, rows, calendar)
    petitions_of(world, calendar)


def ask_by_brand() -> None:
    """What each demonstration brand asks beside the general block."""
    for code, asked in BLOCKS.items():
        brand = Brand.objects.get(code=code)
        block = Questionnaire.objects.create(
            code=f"SAT-{code.upper()}"[:30], title=f"Posventa {brand.name} (demostración)", programme=Programme.AFTERSALES_SURVEY, brand=brand,
            is_published=True,
        )  # fmt: skip
        rows = [
            Question(questionnaire=block, order=order, topic=topic, text=text, kind=kind)
            for order, (topic, text, kind) in enumerate(asked, 1)
        ]
        Question.objects.bulk_create(rows)


def served(world: World, rng: Random, owners: list[VehicleParty], days: list[date], seller: Employee) -> list[Survey]:
    """Orders and deliveries of each day, with the survey's outreach open."""
    advisors = {site.pk: list(Employee.objects.filter(site=site, function=Role.SERVICE_ADVISOR)) for site in world.sites.values()}
    picked = iter(rng.sample(owners, min(len(owners), len(days) * (SERVICES + SALES))))
    found = []
    for number, day in enumerate(days):
        for turn in range(SERVICES + SALES):
            owner = next(picked, None)
            if owner is None:
                return found
            site = Site.objects.get(pk=owner.customer.sites[0]) if turn == 0 else found[-1].site
            if site.pk not in owner.customer.sites:
                site = next(item for item in world.sites.values() if item.pk in owner.customer.sites)
            found.append(one(owner, site, day, number * 10 + turn, advisors, seller if turn >= SERVICES else None, rng))
    return found


def one(owner: VehicleParty, site: Site, day: date, number: int, advisors: dict, seller: Employee | None, rng: Random) -> Survey:
    """One service: the order (or delivery), its outreach and the pending survey."""
    car, person = owner.vehicle, owner.customer
    opened = datetime.combine(day, time(8), tzinfo=BOGOTA) + timedelta(days=1)
    programme = Programme.SALES_SURVEY if seller else Programme.AFTERSALES_SURVEY
    advisor = seller or rng.choice(advisors[site.pk])
    outreach = Outreach.objects.create(
        programme=programme, purpose=Purpose.SERVICE, customer=person, vehicle=car, site=site, brand=car.brand, advisor=advisor,
        reason="Seguimiento de la entrega" if seller else f"Seguimiento de la orden OT/{20000 + number}", due_on=day, due_at=opened, opened_at=opened,
        priority=Priority.FIRST,
    )  # fmt: skip
    order = delivery = None
    warranty = rng.random() < 0.06
    if seller:
        delivery = Delivery.objects.create(
            reference=f"{car.vin}|{person.document_key}|{day}",
            site=site,
            brand=car.brand,
            vehicle=car,
            customer=person,
            advisor=seller,
            delivered_on=day,
        )
    else:
        order = WorkOrder.objects.create(
            site=site, number=f"OT/{20000 + number}", brand=car.brand, vehicle=car, customer=person, advisor=advisor, delivered_on=day, invoiced_on=day,
            section=rng.choice(("MECÁNICA", "MECÁNICA", "COLISIÓN")), entry_reason=rng.choice(("REVISIÓN 20.000 KM", "FRENOS", "RUIDO SUSPENSIÓN")),
            is_warranty=warranty, opened_on=day,
        )  # fmt: skip
    return Survey.objects.create(
        outreach=outreach, programme=programme, work_order=order, delivery=delivery, customer=person, vehicle=car, site=site, brand=car.brand,
        advisor=advisor, served_on=day, listed_on=min(day + timedelta(days=1), opened.date()), is_warranty=warranty and not seller,
    )  # fmt: skip


def answer(world: World, rng: Random, rows: list[Survey], calendar: BusinessCalendar) -> None:
    """What was answered; the last days wait for their call, some customers never answered."""
    agents = [world.user("agente"), world.user("agente2")]
    days = sorted({row.served_on for row in rows})
    newest = days[-WAITING_DAYS:]
    angry = set(days[-WAITING_DAYS - 4 : -WAITING_DAYS])  # days whose first customer is one: the board has reds to work
    blocks: dict[tuple[str, int], list[Question]] = {}
    silent = list(Reason.objects.filter(kind=ReasonKind.NO_CONTACT, code__in=["NO_ANSWER", "BUSY", "VOICEMAIL", "OFF"]).order_by("pk"))
    answers: list[Answer] = []
    for row in rows:
        if row.served_on in newest:
            continue
        agent = rng.choice([person for person in agents if person.all_sites or row.site_id in person.site_ids])
        at = datetime.combine(calendar.add_business_days(row.served_on, 1), time(9 + rng.randint(0, 7), rng.randint(0, 59)), tzinfo=BOGOTA)
        if at >= world.now:
            continue
        if rng.random() < 0.12:
            call_in_vain(row, agent, at, rng.choice(silent))
            continue
        made = Attempt.objects.create(
            body_hash="demo", outreach=row.outreach, number=1, agent=agent, outcome=Outcome.DONE, is_contact=True, started_at=at - timedelta(minutes=4),
            at=at, day=at.date(), policy_version="GSC-PRO-03 §2 · 2 · v0",
        )  # fmt: skip
        close(row, Result.DONE, at)
        key = (row.programme, row.brand_id)
        if key not in blocks:
            blocks[key] = list(Question.objects.filter(questionnaire__in=Questionnaire.objects.in_use(row.programme, row.brand)))
        answers += reply(rng, row, blocks[key], agent, at, made, angry=row.served_on in angry)
        angry.discard(row.served_on)
        row.save()
        if row.lowest <= 6:
            manage(world, rng, row, agent, at, calendar)
        if row.suggestion:
            surveys.suggest(row, by=agent, at=at, calendar=calendar, attempt=made)
    Answer.objects.bulk_create(answers)


def call_in_vain(row: Survey, agent: User, at: datetime, reason: Reason) -> None:
    """Two calls that nobody answered (SAT-14)."""
    for number in (1, 2):
        begun = at + timedelta(hours=3 * number - 6)
        Attempt.objects.create(
            body_hash="demo", outreach=row.outreach, number=number, agent=agent, outcome=Outcome.NO_CONTACT, reason=reason, is_contact=False,
            started_at=begun, at=begun + timedelta(minutes=1), day=begun.date(), policy_version="GSC-PRO-03 §2 · 2 · v0",
        )  # fmt: skip
    close(row, Result.EXHAUSTED, at)


def close(row: Survey, result: Result, at: datetime) -> None:
    Outreach.objects.filter(pk=row.outreach_id).update(
        state=OutreachState.CLOSED, result=result, closed_at=at, next_step=NextStep.NONE, calls_made=1 if result == Result.DONE else 2
    )


def reply(
    rng: Random, row: Survey, questions: list[Question], agent: User, at: datetime, made: Attempt, *, angry: bool = False
) -> list[Answer]:
    """Fills the survey; its answers."""
    base = 4 if angry else rng.choices([score for score, _ in SCORES], [weight for _, weight in SCORES])[0]
    found = []
    for question in questions:
        if question.kind == QuestionKind.SCORE:
            score = base if question.is_classifier else max(1, min(10, base + rng.choice((-1, 0, 0, 0, 1)) if base != 7 else base))
            found.append(Answer(survey=row, question=question, score=score))
        else:
            found.append(Answer(survey=row, question=question, choice=rng.choices(("YES", "NO"), (5, 1))[0]))
    scores = [item.score for item in found if item.score]
    row.status, row.channel, row.score, row.lowest = SurveyStatus.ANSWERED, Channel.VOICE, base, min(scores)
    row.voice = rng.choice(COMPLAINTS) if row.lowest <= 6 else ""
    row.suggestion = rng.choice(SUGGESTIONS) if rng.random() < 0.05 else ""
    row.compliment = rng.choice(COMPLIMENTS) if base == 10 and rng.random() < 0.2 else ""
    row.portal_answered = bool(row.brand.portal_name) and rng.random() < 0.12
    row.answered_at, row.answered_on, row.answered_by, row.attempt = at, at.date(), agent, made
    return found


def manage(world: World, rng: Random, row: Survey, agent: User, at: datetime, calendar: BusinessCalendar) -> None:
    """What became of a dissatisfied customer: the old ones are closed, the newest wait in red and yellow."""
    score = row.score if row.score <= 6 else row.lowest
    case = followups.open_follow_up(
        surveys.matter_of(row),
        row.voice,
        score=score,
        survey=row,
        outreach=row.outreach,
        attempt=row.attempt,
        by=agent,
        at=at,
        calendar=calendar,
    )
    age, director = world.now - at, world.user("director")
    by = case.owner or director
    if age < timedelta(days=2) or (age < timedelta(days=9) and rng.random() < 0.6):
        return  # still red; the older of them are late
    begun = at + timedelta(hours=rng.randint(2, 20))
    followups.move(case.pk, Action.TAKEN, Deed(uuid.UUID(int=rng.getrandbits(128))), by=by, at=begun, calendar=calendar)
    if age < timedelta(days=6) or rng.random() < 0.06:
        return
    end = min(at + timedelta(hours=rng.choice((20, 28, 40, 47, 90))), world.now - timedelta(hours=1))
    deed = Deed(
        uuid.UUID(int=rng.getrandbits(128)), text=rng.choice(ENDS), channel="VOICE", reason="Dice que no volverá", cause=rng.choice(list(Cause.objects.all())),
        proof=ProofDraft("Se habló con el cliente por teléfono; confirmó que quedó atendido."),
    )  # fmt: skip
    action = Action.UNSATISFIED if rng.random() < 0.12 else Action.RESOLVED
    followups.move(case.pk, action, deed, by=by, at=end, calendar=calendar)
    FollowUp.objects.filter(pk=case.pk).update(mailed_at=at)


def petitions_of(world: World, calendar: BusinessCalendar) -> None:
    """Five PQRS: answered, in time, about to end and late."""
    cars = Vehicle.objects.filter(parties__isnull=False).select_related("brand").order_by("pk")[:5]
    agent, director = world.user("agente"), world.user("director")
    said = ("Solicita copia de la historia de mantenimiento.", "Reclama por un rayón en la puerta trasera.", "Pide la devolución de un cobro doble.",
            "Se queja del trato en recepción.", "La falla del aire acondicionado volvió: exige la garantía.")  # fmt: skip
    kinds = (PqrsKind.INFO_REQUEST, PqrsKind.CLAIM, PqrsKind.PETITION, PqrsKind.COMPLAINT, PqrsKind.WARRANTY)
    for car, text, kind, back in zip(cars, said, kinds, (30, 24, 14, 27, 3), strict=True):
        at = world.now - timedelta(days=back)
        person = car.parties.select_related("customer").first().customer
        filing = petitions.Filing(
            key=uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}.demo"), kind=kind, channel=PqrsChannel.PHONE, customer=person,
            site=Site.objects.get(pk=person.sites[0]), brand=car.brand, area=Area.AFTERSALES, description=text, received_at=at, vehicle=car,
        )  # fmt: skip
        row = petitions.file(filing, by=agent, at=at, calendar=calendar)
        if back == 30:
            petitions.answer(
                row.pk, "Adjuntamos la historia de mantenimiento solicitada.", PqrsChannel.WRITTEN, by=director, at=at + timedelta(days=6)
            )
