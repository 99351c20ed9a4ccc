"""The morning that is under way when the demo opens: colleagues calling and on pause, campaigns, a customer handed over, one who waits."""

import io
import uuid
from datetime import timedelta
from random import Random

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from callcenter.demo import build
from callcenter.demo.history import REFUSALS, SILENCE, pick
from callcenter.domain import campaigns, day, offers, outreach, queue, supervision
from callcenter.domain.calendar import company_calendar
from callcenter.domain.contact_law import window
from callcenter.domain.evidence import clean_picture
from callcenter.domain.outreach import Booking, Call
from callcenter.enums import CampaignPriority, NextStep, Outcome, Programme, ReasonKind
from callcenter.models import Campaign, Hold, Outreach, Reason, User
from callcenter.roles import Role
from carrazos.lib.calendar import bogota

COLLEAGUES = (("agente3", "Paula", "Nieto"), ("agente4", "Jorge", "Pardo"))
CALLS = 16
ANSWERS = ((Outcome.NO_CONTACT, 45), (Outcome.BOOKED, 28), (Outcome.DECLINED, 20), (Outcome.CALL_BACK, 7))
LEFT = 10  # customers who wait for Ana when the demo opens
LEFT_MINUTES = 3  # between the last call and the moment at which the demo opens


def start(world: build.World) -> None:
    """Writes everything with the product's own verbs, so that nothing of it breaks a rule."""
    rng = world.rng("morning")
    plan_campaigns(world)
    team = [world.user("agente2"), *colleagues()]
    answer_calls(world, rng, [world.user("agente"), *team])
    one_on_pause_and_one_calling(world, team)
    hand_over(world)
    someone_waits(world)
    supervision.raise_alarms(world.now, company_calendar())


def colleagues() -> list[User]:
    """Two more agents, so that there is a team to supervise."""
    found = []
    for username, given, family in COLLEAGUES:
        user = User.objects.create_user(username, f"{username}@carrazos.example", build.PASSWORD, first_name=given, last_name=family,
                                        all_sites=True, all_brands=True)  # fmt: skip
        user.groups.add(Group.objects.get(name=Role.CALL_CENTER_AGENT.value))
        found.append(user)
    return found


def plan_campaigns(world: build.World) -> None:
    """One that is running, with its image and its customers, one to come and one that ended."""
    today = bogota(world.now).date()
    rows = (
        ("Frenos seguros", "vw", -6, 24, CampaignPriority.HIGH, "Revisión de frenos sin costo al agendar el mantenimiento este mes."),
        ("Viaje de fin de año", "kia", 5, 35, CampaignPriority.NORMAL, "Alistamiento para carretera con diez puntos de revisión."),
        ("Mes del aceite", "vw", -60, -30, CampaignPriority.NORMAL, "Cambio de aceite con filtro incluido."),
    )
    for name, brand, starts, ends, priority, pitch in rows:
        row = Campaign(name=name, brand=world.brands[brand], starts_on=today + timedelta(days=starts), ends_on=today + timedelta(days=ends),
                       priority=priority, pitch=pitch)  # fmt: skip
        row.image.save("campaign.jpg", ContentFile(clean_picture(poster(name, pitch)).data), save=False)
        row.save()
        if starts < 0 < ends:
            campaigns.enrol(row, world.user("coordinadora"))


def poster(title: str, words: str) -> bytes:
    """An invented advertising image."""
    image = Image.new("RGB", (720, 400), "#152238")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 300, 720, 400), fill="#0b5cab")
    draw.text((40, 90), title, fill="white", font_size=52)
    draw.text((40, 180), words, fill="#e6ebf2", font_size=21)
    draw.text((40, 332), "Carrazos · agende su cita", fill="white", font_size=30)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def answer_calls(world: build.World, rng: Random, agents: list[User]) -> None:
    """The calls of the morning, each claimed from the queue at its moment."""
    calendar = company_calendar()
    opens = window(bogota(world.now).date(), calendar)[0]
    minutes = int((world.now - opens) / timedelta(minutes=1)) - LEFT_MINUTES
    count = min(CALLS, minutes // 3)
    todays = Outreach.objects.of(Programme.PROACTIVE).open().free().filter(due_at__gte=opens, next_step=NextStep.CALL)
    Outreach.objects.filter(pk__in=todays.order_by("due_at").values("pk")[: CALLS + LEFT]).update(due_at=opens)
    for number in range(max(0, count)):
        at, agent = opens + timedelta(minutes=2 + minutes * number // count), agents[number % len(agents)]
        day.prepare(agent, Programme.PROACTIVE, missing=["price"] if number == 1 else [], at=at, day=bogota(at).date())
        programme = Programme.RECOVERY if number % 3 == 2 else Programme.PROACTIVE
        held = queue.claim_next(agent, at=at, calendar=calendar, programmes=[programme])
        if held is None:
            continue
        queue.start_call(held.pk, agent, fence=held.fence, at=at, calendar=calendar)
        call = answered(rng, Outreach.objects.for_console().get(pk=held.pk), at)
        ended = at + timedelta(seconds=rng.randint(25, 50) if call.outcome == Outcome.NO_CONTACT else rng.randint(60, 170))
        outreach.record_attempt(held.pk, call, agent=agent, fence=held.fence, at=ended, calendar=calendar)


def answered(rng: Random, row: Outreach, at) -> Call:
    """What the customer says; now and then they ask to be called in the afternoon."""
    outcome, key = pick(rng, ANSWERS), uuid.UUID(int=rng.getrandbits(128))
    reasons = {Outcome.NO_CONTACT: (ReasonKind.NO_CONTACT, SILENCE), Outcome.DECLINED: (ReasonKind.NO_BOOKING, REFUSALS)}
    if outcome in reasons:
        kind, table = reasons[outcome]
        return Call(key, outcome, reason=Reason.objects.get(kind=kind, code=pick(rng, table)))
    if outcome == Outcome.CALL_BACK:
        return Call(key, outcome, call_back_at=offers.suggested_callbacks(at, company_calendar())[0][1], note="Está en una reunión.")
    slots = offers.suggested_slots(at, company_calendar())
    return Call(key, outcome, booking=Booking(rng.choice(slots[1:]), row.site, row.reason))


def one_on_pause_and_one_calling(world: build.World, team: list[User]) -> None:
    at = world.now - timedelta(minutes=6)
    day.pause(team[1], Reason.objects.get(kind=ReasonKind.PAUSE, code="TRAINING"), at=at)
    held = queue.claim_next(team[2], at=at, calendar=company_calendar())
    if held:
        queue.start_call(held.pk, team[2], fence=held.fence, at=at + timedelta(minutes=2), calendar=company_calendar())


def hand_over(world: build.World) -> None:
    """A colleague passes a customer to Ana with a note: she gets them first."""
    giver, at = world.user("agente2"), world.now - timedelta(minutes=4)
    if held := queue.claim_next(giver, at=at, calendar=company_calendar(), programmes=[Programme.PROACTIVE]):
        note = "Pidió que lo atienda usted: ya habían hablado del cambio de llantas."
        queue.transfer(held.pk, giver, fence=held.fence, to=world.user("agente"), note=note, at=at)


def someone_waits(world: build.World) -> None:
    """Somebody whose complaint is open elsewhere: the queue does not offer them, and says why."""
    busy = Hold.objects.standing(world.now).values("customer")
    row = Outreach.objects.open().free().of(Programme.PROACTIVE).due(world.now).filter(callback_for=None).exclude(customer__in=busy).last()
    if row:
        Hold.objects.create(customer=row.customer, reason="Queja abierta en la recepción de Sede Norte", source="demo", reference="1",
                            since=world.now - timedelta(hours=1), until=world.now + timedelta(days=2))  # fmt: skip
