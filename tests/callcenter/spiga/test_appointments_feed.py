"""F7 from SPIGA's agenda to what became of our appointments: which one a row means, which source wins, and that twice is once."""

from datetime import time, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from callcenter.domain import appointments, kept, metrics, reminders
from callcenter.domain.metrics import Slice
from callcenter.enums import AppointmentStatus, BatchStatus, OutreachState, Programme, ReasonKind
from callcenter.models import Appointment, Outreach, Reason, WorkOrder
from callcenter.roles import Role
from callcenter.spiga import changes, pipeline, undo
from callcenter.spiga.agenda import AppointmentsFeed, state_of
from carrazos.lib import dates
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, EmployeeFactory, OutreachFactory, SiteFactory, VehicleFactory

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
DAY = timedelta(days=1)
TUESDAY, WEDNESDAY, FRIDAY = MONDAY + DAY, MONDAY + 2 * DAY, MONDAY + 4 * DAY
EVENING = WEDNESDAY + timedelta(hours=9, minutes=10)
HEADER = "F. Cita;Hora;Placa;VIN;Cliente;Asesor;Estado\n"
SCHEDULED, CONFIRMED, FULFILLED = AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED, AppointmentStatus.FULFILLED
NO_SHOW, CANCELLED, RESCHEDULED = AppointmentStatus.NO_SHOW, AppointmentStatus.CANCELLED, AppointmentStatus.RESCHEDULED


@pytest.fixture(autouse=True)
def wednesday_evening(settings):
    settings.CLOCK_SHIFT = (EVENING - timezone.now()).total_seconds()


@pytest.fixture
def book(agent, cal):
    """Books a car (or the next one that is invented) for a day."""

    def booked(starts=TUESDAY, number=101, *, at=MONDAY, row=None, **more):
        row = row or OutreachFactory(vehicle=VehicleFactory(plate=f"ZZA{number}", vin=f"9BWAA05U1AA000{number}"), **more)
        return appointments.book(row, starts_at=starts, site=row.site, service="Revisión", by=agent, at=at, calendar=cal)

    return booked


def why(code):
    return Reason.objects.get(kind=ReasonKind.NO_FULFILMENT, code=code)


def bring(data, *, by=None, dry=False):
    data = data if isinstance(data, bytes) else (HEADER + data).encode()
    batch = pipeline.receive("appointments", data, "citas.csv", by=by, site=None, at=EVENING, repeat=True)
    result = pipeline.import_now(batch, dry_run=dry)
    batch.refresh_from_db()
    assert batch.status == (BatchStatus.CHECKED if dry else BatchStatus.APPLIED), batch.error
    return batch, result


def totals(data, **how):
    """(created, updated, unchanged, excluded, rejected) of an import."""
    result = bring(data, **how)[1]
    return result.created, result.updated, result.unchanged, dict(result.excluded), dict(result.rejected)


def again(row):
    row.refresh_from_db()
    return row


def told(row):
    again(row)
    return row.status, row.reason and row.reason.code, row.decided_by


# -- the samples -----------------------------------------------------------------------------------------------------


def test_the_good_sample_says_what_became_of_each(book):
    luis = EmployeeFactory(code="023", name="Luis Demo", name_key="DEMO LUIS")
    rows = [book(FRIDAY if number > 104 else TUESDAY, number) for number in range(101, 107)]
    data = (SAMPLES / "f7_appointments.csv").read_bytes()
    assert totals(data, dry=True) == totals(data) == (0, 5, 1, {"NO_APPOINTMENT": 1}, {})
    assert [told(row) for row in rows] == [
        (FULFILLED, None, None), (NO_SHOW, "NO_SHOW", None), (CANCELLED, "CUSTOMER_CANCELLED", None),
        (FULFILLED, None, None), (CONFIRMED, None, None), (SCHEDULED, None, rows[5].decided_by),
    ]  # fmt: skip
    assert [row.advisor for row in rows] == [luis, luis, None, None, luis, None]
    assert rows[1].note == "SPIGA: No asistió"
    assert totals(data) == (0, 0, 6, {"NO_APPOINTMENT": 1}, {})


def test_the_nasty_sample_is_counted_row_by_row(book):
    rows = [book(day, number) for number, day in ((101, WEDNESDAY), (102, TUESDAY), (103, TUESDAY), (104, TUESDAY), (106, FRIDAY))]
    data = (SAMPLES / "f7_nasty.csv").read_bytes()
    batch, result = bring(data)
    assert (result.read, result.updated, result.unchanged) == (14, 3, 0)
    assert dict(result.excluded) == {"NO_APPOINTMENT": 2, "DUPLICATE": 1, "MOVED": 1}
    assert dict(result.rejected) == {"NO_DATE": 2, "FUTURE_DATE": 1, "APPOINTMENT_STATE": 2, "NO_VEHICLE": 2}
    assert [told(row)[:2] for row in rows] == [
        (NO_SHOW, "NO_SHOW"), (FULFILLED, None), (CANCELLED, "WORKSHOP_CANCELLED"), (SCHEDULED, None), (SCHEDULED, None)
    ]  # fmt: skip
    bad = batch.rows.get(code="APPOINTMENT_STATE", value="Por definir")
    assert (bad.column, bad.message) == (
        "Situación",
        "El estado «Por definir» no se conoce; se espera Cumplida, No asistió, Cancelada, Confirmada o Programada",
    )
    assert batch.rows.get(code="BAD_HOUR").column == "Hora Cita"
    assert totals(data)[:3] == (0, 0, 3)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("Cumplida", (FULFILLED, "")), ("ATENDIDO", (FULFILLED, "")), ("finalizada", (FULFILLED, "")), ("Asistió", (FULFILLED, "")),
        ("No asistió", (NO_SHOW, "NO_SHOW")), ("Incumplida", (NO_SHOW, "NO_SHOW")), ("NO-SHOW", (NO_SHOW, "NO_SHOW")),
        ("no atendido", (NO_SHOW, "NO_SHOW")), ("Anulado", (CANCELLED, "CUSTOMER_CANCELLED")),
        ("Cancelada por el taller", (CANCELLED, "WORKSHOP_CANCELLED")), ("Reprogramado", (RESCHEDULED, "")),
        ("Confirmado", (CONFIRMED, "")), ("Programada", (SCHEDULED, "")), ("Pendiente", (SCHEDULED, "")), ("Sin confirmar", (SCHEDULED, "")),
        ("Pendiente de anular", None), ("X", None), ("", None),
    ],
)  # fmt: skip
def test_a_word_is_known_or_it_is_not_guessed(raw, found):
    assert state_of(raw) == found


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("9:05", time(9, 5)), ("09:05:30", time(9, 5)), ("9:05 p. m.", time(21, 5)), ("12:30 a. m.", time(0, 30)),
        ("12:15 PM", time(12, 15)), ("0,375", time(9)), ("0.5", time(12)), ("1899-12-30 14:20:00", time(14, 20)),
        ("10:30 - 11:00", time(10, 30)), ("25:00", None), ("las nueve", None), ("", None),
    ],
)  # fmt: skip
def test_an_hour_in_every_shape(raw, found):
    assert dates.clock(raw) == found


def test_a_file_without_its_columns_says_which():
    assert AppointmentsFeed.missing(AppointmentsFeed.match(["Hora", "Cliente"])) == ["F. Cita", "Placa o VIN", "Estado"]


# -- which appointment a row means -----------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [-6, -5, 0, 5, 6])
def test_a_visit_of_another_day_within_the_days_of_an_order_keeps_it(book, offset):
    row = book(WEDNESDAY - 8 * DAY, at=WEDNESDAY - 20 * DAY)
    came = row.starts_at + offset * DAY
    expected = (0, 1, 0, {}, {}) if abs(offset) < 6 else (0, 0, 0, {"NO_APPOINTMENT": 1}, {})
    assert totals(f"{came:%d/%m/%Y};09:00;ZZA101;;;;Cumplida\n") == expected
    assert again(row).status == (FULFILLED if abs(offset) < 6 else SCHEDULED)


def test_the_number_of_days_is_the_setting_of_orders(book, settings):
    settings.KEPT_WITHIN_DAYS = 1
    book(MONDAY + 10 * DAY)
    assert totals("25/11/2026;09:00;ZZA101;;;;Cumplida\n") == (0, 0, 0, {"NO_APPOINTMENT": 1}, {})


def test_an_old_row_says_nothing_of_an_appointment_to_come_or_booked_since(book):
    row = book(FRIDAY)
    for state in ("Cancelada", "No asistió", "Confirmada"):
        assert totals(f"24/11/2026;09:00;ZZA101;;;;{state}\n") == (0, 0, 0, {"NO_APPOINTMENT": 1}, {})
    assert totals("22/11/2026;09:00;ZZA101;;;;Cumplida\n") == (0, 0, 0, {"NO_APPOINTMENT": 1}, {})
    assert again(row).status == SCHEDULED


def test_the_day_itself_wins_over_a_nearer_row_and_one_appointment_takes_one_row(book):
    first = book(TUESDAY)
    appointments.decide(first, NO_SHOW, by=None, at=WEDNESDAY, reason=why("NO_SHOW"))
    second = book(FRIDAY, at=WEDNESDAY, row=first.outreach)
    data = "24/11/2026;09:00;ZZA101;;;;Cumplida\n27/11/2026;09:00;ZZA101;;;;Confirmada\n27/11/2026;11:00;ZZA101;;;;Programada\n"
    assert totals(data) == (0, 2, 0, {"DUPLICATE": 1}, {})
    assert (again(first).status, again(second).status) == (FULFILLED, CONFIRMED)


def test_a_vin_is_surer_than_a_plate(book):
    mine, other = book(number=101), book(number=102)
    assert totals("24/11/2026;09:00;ZZA102;9BWAA05U1AA000101;;;Cumplida\n") == (0, 1, 0, {}, {})
    assert (again(mine).status, again(other).status) == (FULFILLED, SCHEDULED)


def test_what_has_not_happened_yet_is_not_decided(book):
    row = book(WEDNESDAY.replace(hour=16))
    row.__class__.objects.filter(pk=row.pk).update(starts_at=EVENING + timedelta(hours=1))
    assert totals("25/11/2026;19:10;ZZA101;;;;No asistió\n") == (0, 0, 0, {"NOT_YET": 1}, {})
    assert totals("25/11/2026;19:10;ZZA101;;;;Cancelada\n") == (0, 1, 0, {}, {})


# -- which source wins -----------------------------------------------------------------------------------------------


def test_a_work_order_is_stronger_than_the_agenda_and_comes_after_it_too(book):
    row = book()
    assert totals("24/11/2026;09:00;ZZA101;;;;No asistió\n") == (0, 1, 0, {}, {})
    WorkOrder.objects.create(site=row.site, number="OT-1", brand=row.brand, vehicle=row.vehicle, opened_on=TUESDAY.date())
    assert kept.reconcile(EVENING) == 1
    assert again(row).status == FULFILLED
    assert totals("24/11/2026;09:00;ZZA101;;;;Cancelada\n") == (0, 0, 0, {"PROVED": 1}, {})
    assert totals("24/11/2026;09:00;ZZA101;;;;Cumplida\n") == (0, 0, 1, {}, {})
    assert again(row).work_order is not None


def test_a_persons_word_is_stronger_than_the_agenda(book, agent):
    row = book()
    appointments.decide(row, NO_SHOW, by=agent, at=WEDNESDAY, reason=why("BREAKDOWN"))
    assert totals("24/11/2026;09:00;ZZA101;;;;Cumplida\n") == (0, 0, 0, {"DECIDED": 1}, {})
    assert totals("24/11/2026;09:00;ZZA101;;;;No asistió\n") == (0, 0, 1, {}, {})
    assert told(row) == (NO_SHOW, "BREAKDOWN", agent)


def test_who_only_confirmed_it_does_not_hold_the_agenda_back(book, agent):
    row = book()
    appointments.decide(row, CONFIRMED, by=agent, at=MONDAY)
    assert totals("24/11/2026;09:00;ZZA101;;;;Programada\n24/11/2026;09:00;ZZA101;;;;Cumplida\n") == (0, 1, 0, {"DUPLICATE": 1}, {})
    assert told(row) == (FULFILLED, None, None)


def test_a_later_file_corrects_an_earlier_one(book):
    row = book()
    for state, status in (("No asistió", NO_SHOW), ("Cancelada", CANCELLED), ("Cumplida", FULFILLED)):
        assert totals(f"24/11/2026;09:00;ZZA101;;;;{state}\n") == (0, 1, 0, {}, {})
        assert again(row).status == status
    assert totals("24/11/2026;09:00;ZZA101;;;;Programada\n") == (0, 0, 1, {}, {})
    assert again(row).status == FULFILLED


# -- what follows ----------------------------------------------------------------------------------------------------


def test_fulfilment_counts_it_and_the_call_of_the_day_before_leaves_the_queue(book, cal):
    row = book(WEDNESDAY)
    reminders.open_queues(TUESDAY, cal)
    bring("25/11/2026;09:00;ZZA101;;;;Atendida\n")
    assert Outreach.objects.get(programme=Programme.CONFIRMATION).state == OutreachState.CLOSED
    ratio = metrics.fulfilment(Slice(MONDAY.date(), FRIDAY.date()), EVENING)
    assert (ratio.hits, ratio.total) == (1, 1)
    assert again(row).decided_at >= EVENING


def test_a_file_taken_back_leaves_the_appointment_and_its_calls_as_they_were(book, cal):
    row = book(WEDNESDAY)
    reminders.open_queues(TUESDAY, cal)
    batch, _ = bring("25/11/2026;09:00;ZZA101;;;;No asistió\n")
    reminders.open_queues(EVENING, cal)
    assert Outreach.objects.get(programme=Programme.NO_SHOW).state == OutreachState.OPEN
    shown = {(line.whose, line.label, line.after) for line in changes.lines(batch, AppointmentsFeed)}
    assert {(row.customer.name, "Estado", "No asistió"), (row.customer.name, "Motivo", "No asistió")} <= shown
    assert undo.why_not(batch, AppointmentsFeed, at=EVENING) == ""
    undo.take_back(batch, AppointmentsFeed, at=EVENING, report=pipeline.silent)
    assert told(row) == (SCHEDULED, None, None)
    assert Outreach.objects.get(programme=Programme.CONFIRMATION).state == OutreachState.OPEN
    assert Outreach.objects.get(programme=Programme.NO_SHOW).state == OutreachState.CLOSED


def test_a_file_is_not_taken_back_when_the_customer_was_called_or_booked_again(book, agent, cal):
    absent, again_booked = book(WEDNESDAY, 101), book(WEDNESDAY, 102)
    first, _ = bring("25/11/2026;09:00;ZZA101;;;;No asistió\n")
    second, _ = bring("25/11/2026;09:00;ZZA102;;;;Cancelada\n")
    reminders.open_queues(EVENING, cal)
    book(FRIDAY, at=EVENING, row=again_booked.outreach)
    assert undo.why_not(first, AppointmentsFeed, at=EVENING) == ""
    Outreach.objects.filter(programme=Programme.NO_SHOW).update(calls_made=1)
    for batch, row in ((first, absent), (second, again_booked)):
        assert undo.why_not(batch, AppointmentsFeed, at=EVENING) == f"Ya se trabajó en la cita de {row.customer.name}."


def test_what_an_order_proved_since_stays_kept_when_the_file_is_taken_back(book):
    row = book()
    batch, _ = bring("24/11/2026;09:00;ZZA101;;;;Cumplida\n")
    WorkOrder.objects.create(site=row.site, number="OT-1", brand=row.brand, vehicle=row.vehicle, opened_on=TUESDAY.date())
    kept.reconcile(EVENING)
    undo.take_back(batch, AppointmentsFeed, at=EVENING, report=pipeline.silent)
    assert (again(row).status, row.work_order.number) == (FULFILLED, "OT-1")


def test_an_agent_of_another_site_or_brand_decides_nothing_here(book):
    row, kia = book(), BrandFactory(code="kia", name="Kia")
    by_site, by_brand = person(Role.CALL_CENTER_AGENT, all_sites=False), person(Role.CALL_CENTER_AGENT, all_brands=False)
    by_site.sites.add(SiteFactory(code="centro", name="Sede Centro", aliases=["CENTRO"]))
    by_brand.brands.add(kia)
    for user in (by_site, by_brand):
        assert totals("24/11/2026;09:00;ZZA101;;;;Cumplida\n", by=user) == (0, 0, 0, {"OUT_OF_SCOPE": 1}, {})
    assert again(row).status == SCHEDULED
    assert Appointment.objects.count() == 1
