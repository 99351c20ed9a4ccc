"""Three months of proactive work, written in bulk and within every rule that the database holds."""

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from django.core.files.base import ContentFile

from callcenter.demo import people, pictures
from callcenter.domain import wording
from callcenter.domain.calendar import company_calendar
from callcenter.domain.contact_law import monday_of, window
from callcenter.domain.evidence import clean_picture
from callcenter.domain.policy import POLICIES
from callcenter.enums import (
    AppointmentStatus,
    Channel,
    CustomerKind,
    NextStep,
    Outcome,
    OutreachState,
    PartyRole,
    PointKind,
    Priority,
    Programme,
    Purpose,
    ReasonKind,
    Result,
    WorkState,
)
from callcenter.models import (
    Appointment,
    Attempt,
    Brand,
    ContactPoint,
    ControlledDocument,
    Customer,
    Employee,
    Evidence,
    Message,
    MessageTemplate,
    Motive,
    Outreach,
    Reason,
    Script,
    Site,
    Touch,
    User,
    Vehicle,
    VehicleParty,
)
from callcenter.models.catalogue import reason_key
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.text import name_key

DAYS_BACK = 92
PER_DAY = 9
MOTIVES = ("Revisión 10.000 km", "Revisión 20.000 km", "Revisión 30.000 km", "Revisión 40.000 km", "Cambio de aceite")
ANSWERS = ((Outcome.NO_CONTACT, 46), (Outcome.BOOKED, 27), (Outcome.DECLINED, 21), (Outcome.CALL_BACK, 4), (Outcome.OPTED_OUT, 2))
SILENCE = (("NO_ANSWER", 55), ("VOICEMAIL", 18), ("BUSY", 14), ("OFF", 8), ("THIRD_PARTY", 5))
REFUSALS = (("TOO_SOON", 26), ("DONE_ELSEWHERE", 18), ("NO_TIME", 16), ("PRICE", 14), ("WILL_CALL", 12), ("NO_MONEY_NOW", 8), ("SOLD", 6))
NOTES = (
    "",
    "",
    "",
    "Prefiere que lo llamen en la tarde.",
    "Pregunta si el domicilio tiene costo.",
    "Viaja con frecuencia; contactar por WhatsApp.",
)
KEPT = ((AppointmentStatus.FULFILLED, 78), (AppointmentStatus.NO_SHOW, 15), (AppointmentStatus.CANCELLED, 7))


def pick(rng: Random, table):
    return rng.choices([row[0] for row in table], [row[1] for row in table])[0]


@dataclass
class Book:
    """Rows collected before they are written in one go, and what they need at hand."""

    rng: Random
    now: datetime
    agents: list[User]
    advisors: dict[str, list[Employee]]
    reasons: dict[tuple[str, str], Reason]
    script: Script
    document: object
    template: MessageTemplate
    programme: Programme = Programme.PROACTIVE
    attempts: list[Attempt] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    pictures: list[tuple[Message, bytes]] = field(default_factory=list)


def three_months(rng: Random, *, now: datetime, sites: dict[str, Site], brands: dict[str, Brand]) -> None:
    """Imports of the past, their calls, bookings, messages and proofs, up to yesterday."""
    today = now.astimezone(BOGOTA).date()
    days = [today - timedelta(days=back) for back in range(DAYS_BACK, 0, -1)]
    days = [day for day in days if company_calendar().is_business_day(day)]
    outreaches = master(rng, days, sites=sites, brands=brands)
    book = Book(
        rng, now, list(User.objects.filter(username__in=["agente", "agente2"])),
        {code: list(Employee.objects.filter(site=site)) for code, site in sites.items()},
        {(reason.kind, reason.code): reason for reason in Reason.objects.all()},
        Script.objects.get(code="GSC-INS-01", is_published=True),
        ControlledDocument.objects.get(code="GSC-FOR-09").version_on(today), MessageTemplate.objects.get(name="proactivo_mantenimiento_v1"),
    )  # fmt: skip
    for outreach, opened in outreaches:
        live(book, outreach, opened)
    played = [outreach for outreach, _ in outreaches]
    Outreach.objects.bulk_create(played)
    Motive.objects.bulk_create(
        Motive(outreach=row, programme=row.programme, reason=row.reason, due_on=row.due_on,
               reference=f"{row.vehicle_id}|{reason_key(row.reason)}|{row.due_on}")
        for row in played
    )  # fmt: skip
    save(book)


def master(rng: Random, days: list[date], *, sites: dict[str, Site], brands: dict[str, Brand]) -> list[tuple[Outreach, date]]:
    """Customers with their vehicle, phones and one outreach each, still to be played and saved; the day it was imported."""
    invented = []
    for day in days:
        for _ in range(PER_DAY):
            brand = rng.choices(("vw", "kia", "suzuki-motos"), (6, 3, 2))[0]
            invented.append((day, rng.choice(list(sites.values())), people.person(rng, len(invented) + 1, brand)))
    customers = Customer.objects.bulk_create(
        Customer(
            kind=CustomerKind.COMPANY if who.is_company else CustomerKind.PERSON, company_reason="COMPANY_NIT" if who.is_company else "",
            name=who.name, raw_name=who.spiga_name, name_key=name_key(who.name), document_type=who.document_type,
            document_number=who.document, document_key=who.document, dms_code=str(10_000 + index), city=who.city, sites=[site.pk],
        )
        for index, (_, site, who) in enumerate(invented)
    )  # fmt: skip
    vehicles = Vehicle.objects.bulk_create(
        Vehicle(vin=who.vin, plate=who.plate, brand=brands[who.brand], family=who.family, model_year=who.year, odometer_km=who.odometer,
                last_visit_on=day - timedelta(days=rng.randint(120, 360)))
        for day, _, who in invented
    )  # fmt: skip
    VehicleParty.objects.bulk_create(
        VehicleParty(vehicle=vehicle, customer=customer, role=PartyRole.OWNER)
        for vehicle, customer in zip(vehicles, customers, strict=True)
    )
    points = []
    for customer, (_, _, who) in zip(customers, invented, strict=True):
        points.append(ContactPoint(customer=customer, kind=PointKind.PHONE, value=who.mobile, phone_kind="MOBILE", position=0))
        if who.fixed:
            points.append(ContactPoint(customer=customer, kind=PointKind.PHONE, value=who.fixed, phone_kind="FIXED", position=1))
        if who.email:
            points.append(ContactPoint(customer=customer, kind=PointKind.EMAIL, value=who.email, position=2))
    ContactPoint.objects.bulk_create(points)
    made = []
    for customer, vehicle, (day, site, who) in zip(customers, vehicles, invented, strict=True):
        opened = datetime.combine(day, time(7, 2), tzinfo=BOGOTA)
        made.append(
            Outreach(programme=Programme.PROACTIVE, purpose=Purpose.COMMERCIAL, customer=customer, vehicle=vehicle, site=site,
                     brand=brands[who.brand], reason=rng.choice(MOTIVES), due_on=day + timedelta(days=rng.randint(0, 10)),
                     due_at=opened, opened_at=opened)
        )  # fmt: skip
    return list(zip(made, (day for day, _, _ in invented), strict=True))


def live(book: Book, outreach: Outreach, opened: date) -> None:
    """Plays one outreach until it closes or yesterday ends."""
    rng, policy = book.rng, POLICIES[book.programme]
    day = opened
    while True:
        day = company_calendar().add_business_days(day, rng.choice((0, 1) if outreach.calls_made == 0 else (1, 2)))
        hours = window(day, company_calendar())
        started = hours[0] + timedelta(minutes=rng.randint(45, int((hours[1] - hours[0]).total_seconds() // 60) - 30))
        if started.astimezone(BOGOTA).date() >= book.now.astimezone(BOGOTA).date():
            outreach.due_at, outreach.priority = started, Priority.RETRY if outreach.calls_made else Priority.FIRST
            return
        outcome = call(book, outreach, started)
        if outcome == Outcome.NO_CONTACT and outreach.calls_made >= policy.max_attempts:
            # An answered «llámeme después» closes the other channels until Monday, as the law says.
            answered = any(attempt.outreach is outreach and attempt.outcome == Outcome.CALL_BACK for attempt in book.attempts)
            free_from = monday_of(day) + timedelta(days=6) if answered else day
            write(book, outreach, company_calendar().add_business_days(free_from, 1))
            return
        if outcome not in {Outcome.NO_CONTACT, Outcome.CALL_BACK}:
            finish(outreach, Result(outcome.value), started)
            return


def call(book: Book, outreach: Outreach, started: datetime) -> Outcome:
    rng, outcome = book.rng, pick(book.rng, ANSWERS)
    reason = None
    if outcome == Outcome.NO_CONTACT:
        reason = book.reasons[ReasonKind.NO_CONTACT, pick(rng, SILENCE)]
    elif outcome == Outcome.DECLINED:
        reason = book.reasons[ReasonKind.NO_BOOKING, pick(rng, REFUSALS)]
    outreach.calls_made += 1
    contacted = outcome in {Outcome.BOOKED, Outcome.DECLINED, Outcome.OPTED_OUT}
    seconds = rng.randint(70, 260) if contacted else rng.randint(22, 60)
    attempt = Attempt(
        body_hash=hashlib.sha256(str(outreach.vehicle_id).encode()).hexdigest(), outreach=outreach, number=outreach.calls_made,
        agent=rng.choice(book.agents), outcome=outcome, reason=reason, is_contact=contacted, note=rng.choice(NOTES) if contacted else "",
        started_at=started, at=started + timedelta(seconds=seconds), day=started.astimezone(BOGOTA).date(), open_seconds=seconds,
        script=book.script, document_version=book.document, policy_version=POLICIES[book.programme].label,
    )  # fmt: skip
    book.attempts.append(attempt)
    book.touches.append(
        Touch(customer=outreach.customer, channel=Channel.VOICE, purpose=Purpose.COMMERCIAL, at=started, day=attempt.day,
              week=monday_of(attempt.day), is_effective=contacted or outcome == Outcome.CALL_BACK, attempt=attempt)
    )  # fmt: skip
    if outcome == Outcome.BOOKED:
        book_in(book, outreach, attempt)
    return outcome


def book_in(book: Book, outreach: Outreach, attempt: Attempt) -> None:
    rng = book.rng
    day = company_calendar().add_business_days(attempt.day, rng.randint(1, 7))
    starts = datetime.combine(day, time(rng.choice((7, 8, 9, 10, 14, 15)), rng.choice((0, 30))), tzinfo=BOGOTA)
    row = Appointment(
        outreach=outreach, attempt=attempt, customer=outreach.customer, vehicle=outreach.vehicle, site=outreach.site, brand=outreach.brand,
        advisor=rng.choice(book.advisors[outreach.site.code]), service=outreach.reason, starts_at=starts, booked_by=attempt.agent,
        booked_at=attempt.at,
    )  # fmt: skip
    if starts < book.now - timedelta(hours=1):
        row.status = pick(rng, KEPT)
        row.decided_at, row.decided_by = min(starts + timedelta(hours=3), book.now), attempt.agent
        if row.status != AppointmentStatus.FULFILLED:
            code = "NO_SHOW" if row.status == AppointmentStatus.NO_SHOW else "CUSTOMER_CANCELLED"
            row.reason = book.reasons[ReasonKind.NO_FULFILMENT, code]
    book.appointments.append(row)


def write(book: Book, outreach: Outreach, day: date) -> None:
    """The WhatsApp after the third silence, usually with its screenshot."""
    at = datetime.combine(day, time(book.rng.randint(8, 17), book.rng.randint(0, 59)), tzinfo=BOGOTA)
    if at >= book.now:
        outreach.next_step, outreach.priority, outreach.due_at = NextStep.WHATSAPP, Priority.RETRY, at
        return
    agent = book.rng.choice(book.agents)
    body = wording.fill_template(book.template, wording.merge_fields(outreach, agent))
    message = Message(
        body_hash=hashlib.sha256(body.encode()).hexdigest(), outreach=outreach, customer=outreach.customer, template=book.template,
        site_id=outreach.site_id, brand_id=outreach.brand_id, purpose=Purpose.COMMERCIAL, body=body, sent_by=agent, sent_at=at,
        created_at=at, finished_at=at, work_state=WorkState.DONE, key=uuid.UUID(int=book.rng.getrandbits(128)),
    )  # fmt: skip
    book.messages.append(message)
    book.touches.append(
        Touch(customer=outreach.customer, channel=Channel.WHATSAPP, purpose=Purpose.COMMERCIAL, at=at, day=day, week=monday_of(day),
              is_effective=True, message=message)
    )  # fmt: skip
    if book.rng.random() < 0.9:
        book.pictures.append((message, pictures.screenshot(outreach.customer.name, body, at)))
    closes = company_calendar().due_at(at, POLICIES[book.programme].reply_in)
    if closes < book.now:
        finish(outreach, Result.EXHAUSTED, closes)
    else:
        outreach.next_step, outreach.priority, outreach.due_at = NextStep.REPLY, Priority.LOW, closes


def finish(outreach: Outreach, result: Result, at: datetime) -> None:
    outreach.state, outreach.result, outreach.closed_at, outreach.next_step = OutreachState.CLOSED, result, at, NextStep.NONE


def save(book: Book) -> None:
    Attempt.objects.bulk_create(book.attempts)
    Appointment.objects.bulk_create(book.appointments)
    Message.objects.bulk_create(book.messages)
    Touch.objects.bulk_create(book.touches)
    for message, data in book.pictures:
        picture = clean_picture(data)
        row = Evidence(
            outreach=message.outreach, message=message, original_sha256=picture.original_sha256, sha256=picture.sha256,
            original_name="pantallazo.png", uploaded_by=message.sent_by, uploaded_at=message.sent_at + timedelta(minutes=1),
        )  # fmt: skip
        row.file.save("evidence.jpg", ContentFile(picture.data), save=False)
        row.save()
