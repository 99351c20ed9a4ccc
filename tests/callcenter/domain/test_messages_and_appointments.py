"""The WhatsApp with its proof, the words that are merged, the appointments."""

import io
import uuid
from datetime import timedelta

import pytest
from PIL import Image

from callcenter.domain import appointments, messages, offers, queue, wording
from callcenter.domain import outreach as verbs
from callcenter.domain.errors import Conflict, LeaseLost, NotAllowedNow, Refused
from callcenter.domain.evidence import MAX_SIDE, clean_picture
from callcenter.domain.outreach import Call
from callcenter.enums import AppointmentStatus, NextStep, Outcome, OutreachState, Priority, ReasonKind, Result
from callcenter.models import Appointment, Dial, Evidence, Message, MessageTemplate, Reason, ServiceOffer, Touch
from callcenter.models.catalogue import reason_key
from callcenter.roles import Role
from callcenter.whatsapp import agent_phone
from tests.conftest import person
from tests.factories import MONDAY, OutreachFactory

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
pytestmark = pytest.mark.django_db


def png(size=(40, 30), colour="red", **save) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG", **save)
    return out.getvalue()


@pytest.fixture
def waiting(agent):
    """An outreach whose three calls went unanswered, in the agent's hands."""
    return OutreachFactory(next_step=NextStep.WHATSAPP, priority=Priority.RETRY, calls_made=3)


def send(row, agent, cal, *, at=MONDAY, picture=None, key=None, body=None):
    held = queue.take(row.pk, agent, at=at, calendar=cal) if row.is_open and row.next_step == NextStep.WHATSAPP else row
    draft = messages.draft_for(held, agent)
    if body:
        draft = messages.Draft(draft.template, draft.point, body)
    return messages.record_sent(
        row.pk, draft, key=key or uuid.uuid4(), agent=agent, fence=held.fence, picture=picture or clean_picture(png()), at=at, calendar=cal
    )


def test_the_draft_carries_the_customers_data(waiting, agent):
    draft = messages.draft_for(waiting, agent)
    assert f"Hola {waiting.customer.name}" in draft.body
    assert waiting.vehicle.plate in draft.body
    assert "{{" not in draft.body
    assert draft.body.endswith("responda BAJA.")


def opened(row, agent, cal, at=MONDAY):
    """The agent takes the customer and opens the chat; nothing is written down yet."""
    held = queue.take(row.pk, agent, at=at, calendar=cal)
    queue.start_call(row.pk, agent, fence=held.fence, at=at, calendar=cal, point=row.customer.points.get())
    return held


def test_a_chat_opened_and_not_written_down_counts_as_the_days_contact(waiting, agent, cal):
    other = OutreachFactory(customer=waiting.customer, phone=False)
    colleague = person(Role.CALL_CENTER_AGENT)
    opened(waiting, agent, cal)
    queue.release_all(agent)
    for matter in (waiting, other):
        with pytest.raises(NotAllowedNow, match="se le abrió el chat hoy a las 09:00 y falta el pantallazo"):
            queue.take(matter.pk, colleague, at=MONDAY + HOUR, calendar=cal)
    assert queue.claim_next(colleague, at=MONDAY + HOUR, calendar=cal) is None
    assert queue.claim_next(colleague, at=MONDAY + DAY, calendar=cal) is not None


def test_whoever_opened_the_chat_writes_the_message_down_and_it_counts_once(waiting, agent, cal):
    opened(waiting, agent, cal)
    queue.release_all(agent)
    opened(waiting, agent, cal, MONDAY + HOUR)
    send(waiting, agent, cal, at=MONDAY + HOUR)
    assert (Touch.objects.count(), Dial.objects.count()) == (1, 0)


def test_a_chat_with_a_number_that_has_no_whatsapp_reached_nobody(waiting, agent, cal):
    held = opened(waiting, agent, cal)
    messages.give_up_message(waiting.pk, agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    assert not Dial.objects.exists()


def test_the_call_of_a_customer_whose_chat_is_open_does_not_settle_it(waiting, agent, cal):
    opened(waiting, agent, cal)
    held = queue.take_inbound(waiting.pk, agent, at=MONDAY + HOUR)
    call = Call(key=uuid.uuid4(), outcome=Outcome.CALL_BACK, call_back_at=MONDAY + DAY)
    verbs.record_attempt(waiting.pk, call, agent=agent, fence=held.fence, at=MONDAY + HOUR, calendar=cal)
    assert Dial.objects.chats().get().attempt is None


def test_a_sent_message_keeps_its_proof_and_waits_two_business_days(waiting, agent, cal):
    sent = send(waiting, agent, cal)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.next_step) == (OutreachState.OPEN, NextStep.REPLY)
    assert waiting.due_at == MONDAY + 2 * DAY
    assert sent.message.evidence.count() == 1
    touch = Touch.objects.get()
    assert (touch.channel, touch.is_effective, touch.message) == ("WHATSAPP", True, sent.message)


def test_without_the_screenshot_nothing_is_recorded(waiting, agent, cal):
    held = queue.take(waiting.pk, agent, at=MONDAY, calendar=cal)
    draft = messages.draft_for(held, agent)
    with pytest.raises(Refused, match="pantallazo"):
        messages.record_sent(held.pk, draft, key=uuid.uuid4(), agent=agent, fence=held.fence, picture=None, at=MONDAY, calendar=cal)
    assert not Message.objects.exists()


def test_the_same_message_form_twice_is_one_message(waiting, agent, cal):
    key, picture = uuid.uuid4(), clean_picture(png())
    first = send(waiting, agent, cal, key=key, picture=picture)
    waiting.refresh_from_db()
    again = send(waiting, agent, cal, key=key, picture=picture)
    assert (again.replayed, again.message) == (True, first.message)
    with pytest.raises(Conflict):
        send(waiting, agent, cal, key=key, picture=clean_picture(png(colour="blue")))
    assert Message.objects.count() == Evidence.objects.count() == 1


def test_a_recycled_screenshot_is_noticed(waiting, agent, cal):
    picture = clean_picture(png())
    send(waiting, agent, cal, picture=picture)
    other = OutreachFactory(next_step=NextStep.WHATSAPP, priority=Priority.RETRY)
    assert send(other, agent, cal, picture=picture).recycled.outreach == waiting


def test_the_law_is_asked_again_when_the_message_is_recorded(waiting, agent, cal):
    held = queue.take(waiting.pk, agent, at=MONDAY.replace(hour=18, minute=55), calendar=cal)
    draft, late = messages.draft_for(held, agent), MONDAY.replace(hour=19, minute=1)
    with pytest.raises(NotAllowedNow):
        messages.record_sent(
            held.pk, draft, key=uuid.uuid4(), agent=agent, fence=held.fence, picture=clean_picture(png()), at=late, calendar=cal
        )


def test_a_message_is_judged_and_dated_by_when_its_chat_was_opened(waiting, agent, cal):
    """Sent at 18:59, its screenshot pasted at 19:01: the contact was legal, and its proof is kept."""
    opened = MONDAY.replace(hour=18, minute=59)
    held = queue.take(waiting.pk, agent, at=opened, calendar=cal)
    queue.start_call(waiting.pk, agent, fence=held.fence, at=opened, calendar=cal)
    late, draft = opened + timedelta(minutes=2), messages.draft_for(held, agent)
    sent = messages.record_sent(
        held.pk, draft, key=uuid.uuid4(), agent=agent, fence=held.fence, picture=clean_picture(png()), at=late, calendar=cal
    )
    assert (sent.message.sent_at, sent.message.created_at, Touch.objects.get().at) == (opened, late, opened)


def test_a_chat_opened_out_of_hours_proves_no_legal_hour(waiting, agent, cal):
    held = queue.take(waiting.pk, agent, at=MONDAY.replace(hour=18, minute=55), calendar=cal)
    late = MONDAY.replace(hour=19, minute=1)
    with pytest.raises(NotAllowedNow):
        queue.start_call(waiting.pk, agent, fence=held.fence, at=late, calendar=cal)
    waiting.refresh_from_db()
    assert waiting.call_started_at is None


def test_no_whatsapp_closes_without_a_message(waiting, agent, cal):
    held = queue.take(waiting.pk, agent, at=MONDAY, calendar=cal)
    with pytest.raises(LeaseLost):
        messages.give_up_message(waiting.pk, agent=agent, fence=held.fence + 1, at=MONDAY, calendar=cal)
    messages.give_up_message(waiting.pk, agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.result) == (OutreachState.CLOSED, Result.EXHAUSTED)


def test_the_link_opens_whatsapp_with_the_text():
    assert agent_phone.link("+573005550101", "Hola Ñ & más") == "https://wa.me/573005550101?text=Hola%20%C3%91%20%26%20m%C3%A1s"
    with pytest.raises(ValueError, match="largo"):
        agent_phone.link("+573005550101", "ñ" * 400)


def test_every_template_fits_the_link(agent):
    for template in MessageTemplate.objects.all():
        body = wording.fill_template(template, dict.fromkeys(template.variables, "María Fernanda de los Ángeles Muñoz Peña"))
        assert agent_phone.link("+573005550101", body)


# -- evidence --------------------------------------------------------------------------------------------------------


def test_a_picture_is_written_anew():
    exif = Image.Exif()
    exif[0x010E] = "secreto GPS"
    out = io.BytesIO()
    Image.new("RGB", (3000, 1000), "white").save(out, "JPEG", exif=exif, comment=b"comentario secreto")
    clean = clean_picture(out.getvalue() + b"<script>alert(1)</script>")
    with Image.open(io.BytesIO(clean.data)) as image:
        assert (image.format, max(image.size)) == ("JPEG", MAX_SIDE)
    for trace in (b"secreto", b"script", b"Exif"):
        assert trace not in clean.data


@pytest.mark.parametrize(
    "data",
    [b"", b"no soy una imagen", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", png()[:40], b"GIF89a" + b"\x00" * 50],
    ids=["empty", "text", "svg", "truncated", "gif"],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(Refused, match="imagen"):
        clean_picture(data)


def test_a_decompression_bomb_is_refused():
    with pytest.raises(Refused, match=r"megapíxeles|imagen"):
        clean_picture(png((13_000, 13_000)))


# -- words -----------------------------------------------------------------------------------------------------------


def test_the_script_is_merged_and_blanks_stay_visible(agent):
    row = OutreachFactory()
    fields = wording.merge_fields(row, agent)
    assert wording.fill("Su {{vehiculo}} de placa {{placa}}", fields) == f"Su Volkswagen Gol de placa {row.vehicle.plate}"
    assert wording.fill("vale {{precio}}", fields) == "vale ________"


def test_the_service_sheet_of_the_motive_wins_over_the_general_one(vw):
    common = {"brand": vw, "supplies": "aceite", "duration": timedelta(hours=2), "availability": "sí", "valid_until": MONDAY.date()}
    general = ServiceOffer.objects.create(name="General", price_cop=1, **common)
    exact = ServiceOffer.objects.create(name="20.000", reason_key=reason_key("20.000"), price_cop=2, **common)
    ServiceOffer.objects.create(name="40.000", reason_key=reason_key("40.000"), price_cop=3, **common)
    row = OutreachFactory(brand=vw, reason="REV. 20.000 KM")
    assert offers.offer_for(row, MONDAY.date()) == exact
    assert offers.offer_for(OutreachFactory(brand=vw, reason="Frenos"), MONDAY.date()) == general
    assert offers.offer_for(row, (MONDAY + DAY).date()) is None


def test_offered_callbacks_are_legal_hours(cal):
    late = MONDAY.replace(day=27, hour=18)
    labels = [label for label, _ in offers.suggested_callbacks(late, cal)]
    assert labels[0] == "Mañana 09:00"
    assert next(label for label, _ in offers.suggested_callbacks(MONDAY, cal)) == "En 2 horas"


# -- appointments ----------------------------------------------------------------------------------------------------


def book(row, agent, cal, starts=MONDAY + DAY):
    return appointments.book(row, starts_at=starts, site=row.site, service="Revisión", by=agent, at=MONDAY, calendar=cal)


def why(code):
    return Reason.objects.get(kind=ReasonKind.NO_FULFILMENT, code=code)


def test_one_vehicle_has_one_standing_appointment(agent, cal):
    row = OutreachFactory()
    book(row, agent, cal)
    with pytest.raises(Refused, match="ya tiene una cita"):
        book(row, agent, cal, MONDAY + 2 * DAY)


def test_kept_only_after_its_hour(agent, cal):
    row = book(OutreachFactory(), agent, cal)
    with pytest.raises(Refused, match="aún no llega"):
        appointments.decide(row, AppointmentStatus.FULFILLED, by=agent, at=MONDAY)
    done = appointments.decide(row, AppointmentStatus.FULFILLED, by=agent, at=MONDAY + 2 * DAY)
    assert (done.status, done.decided_by) == (AppointmentStatus.FULFILLED, agent)
    with pytest.raises(Refused, match="ya está cumplida"):
        appointments.decide(row, AppointmentStatus.NO_SHOW, by=agent, at=MONDAY + 2 * DAY, reason=why("NO_SHOW"))


def test_missed_and_cancelled_need_a_reason(agent, cal):
    row = book(OutreachFactory(), agent, cal)
    with pytest.raises(Refused, match="Falta el motivo"):
        appointments.decide(row, AppointmentStatus.CANCELLED, by=agent, at=MONDAY)
    assert appointments.decide(row, AppointmentStatus.CANCELLED, by=agent, at=MONDAY, reason=why("CUSTOMER_CANCELLED")).reason


def test_moving_keeps_the_old_one(agent, cal):
    row = book(OutreachFactory(), agent, cal)
    moved = appointments.reschedule(row, MONDAY + 3 * DAY, by=agent, at=MONDAY, reason=why("RESCHEDULED"), calendar=cal)
    row.refresh_from_db()
    assert (row.status, moved.replaces, moved.booked_by) == (AppointmentStatus.RESCHEDULED, row, agent)
    assert list(Appointment.objects.standing()) == [moved]


@pytest.mark.parametrize(
    ("starts", "ok"),
    [
        (MONDAY + DAY, True),
        (MONDAY.replace(day=28, hour=9), True),  # Saturday morning
        (MONDAY.replace(day=28, hour=12), False),
        (MONDAY.replace(day=29, hour=9), False),
        (MONDAY.replace(month=12, day=8, hour=9), False),
        (MONDAY.replace(day=24, hour=6), False),
        (MONDAY.replace(day=24, hour=17), False),
    ],
)
def test_when_the_workshop_receives(starts, ok, cal):
    assert (appointments.slot_problem(starts, at=MONDAY, calendar=cal) == "") is ok
