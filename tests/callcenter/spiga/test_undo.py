"""An import of any source, taken back, leaves the database as it was; what a person did since forbids it."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection

from callcenter.domain import appointments
from callcenter.domain.errors import Refused
from callcenter.enums import AppointmentStatus, BatchStatus, ReasonKind
from callcenter.feeds import feeds
from callcenter.models import Appointment, ContactPoint, Employee, Exclusion, Outreach, Reason, Vehicle
from callcenter.roles import Role
from callcenter.spiga import changes, pipeline, undo
from crm_audit.models import Activity, PastVerdict, Prospect, ProspectCheck
from recovery.domain import results
from satisfaction.models import Delivery, FollowUp, FollowUpEvent, Survey
from tests.callcenter.spiga import files
from tests.conftest import person
from tests.crm_audit.conftest import SAMPLES, floor  # noqa: F401 -- the sales floor of the sample files
from tests.factories import MONDAY, OutreachFactory
from tests.recovery import files as workshop
from tests.recovery.house import call, case, went_away, working
from tests.satisfaction import drive_sheets as drive
from tests.satisfaction.test_feeds import SALES, WORKSHOP, order, sale

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday", "north")]
TRAFFIC = "Centro;N° Ficha;F. Alta;Hora;Vendedor;Cliente;N° Doc. Cliente;Telf. Móvil;Estado\n"
VISITS = "Centro;Vendedor;Cliente;N° Actividad;Tipo Actividad;F. Prevista;F. Realizada;Realizada (S/N);Comentario\n"
SOLD = ("NORTE", "", "ANA RUIZ", "52000101")
AGENDA = "F. Cita;Placa;Estado\n"
EMPLOYEES = "Sede;Código;Nombre;Cargo;Celular\n"


def lines(header, *rows):
    return (header + "\n".join(rows)).encode()


def orders(*rows):
    return lines(WORKSHOP + "\n", *rows)


def first_and_second(slug):
    """Two files of a source: the second changes what the first brought, and brings more."""
    pairs = {
        "proactive": (
            files.csv_bytes([files.row(101)]),
            files.csv_bytes([files.row(101, km="21.000", email="a@demo.example"), files.row(102)]),
        ),
        "recovery": (
            workshop.csv_bytes([workshop.line(101, payer="SEGUROS BOLÍVAR S.A.")]),
            workshop.csv_bytes([workshop.line(101, km="12.000", reason="GARANTÍA"), workshop.line(102)]),
        ),
        "aftersales": (
            orders(order("OT/1/2026-1", n=101)),
            orders(order("OT/1/2026-1", n=101, charge="GARANTÍA"), order("OT/2/2026-1", n=102), order("OT/3/2026-1", n=103, phone="1")),
        ),
        "sales": (lines(SALES + "\n", sale(104)), lines(SALES + "\n", sale(104, email="a@demo.example"), sale(105))),
        "exclusions": (b"Numero;Excluido\n3005550101;SI\n3005550102;NO\n", b"Numero;Excluido\n3005550101;NO\n3005550102;SI\n"),
        "traffic": (
            lines(TRAFFIC, "CENTRO;1;02/11/2026;;ROSA DEMO;ANA RUIZ VEGA;;3005550101;Abierta"),
            lines(
                TRAFFIC,
                "CENTRO;1;02/11/2026;;ROSA DEMO;ANA RUIZ MORA;;3005550102;Perdida",
                "CENTRO;2;03/11/2026;;ROSA DEMO;LUIS GIL SOL;;3005550102;Abierta",
                "CENTRO;3;04/11/2026;;ROSA DEMO;EVA GIL SOL;;3005550102;Abierta",
            ),
        ),
        "visits": (
            lines(VISITS, "CENTRO;ROSA DEMO;ANA RUIZ;A1;Llamada;02/11/2026;;N;"),
            lines(
                VISITS,
                "CENTRO;ROSA DEMO;ANA RUIZ;A1;Llamada;02/11/2026;02/11/2026 10:00;S;Confirma cita para el jueves con su esposa",
                "CENTRO;ROSA DEMO;LUIS GIL;A2;Llamada;03/11/2026;;N;",
            ),
        ),
        "companion": (
            b"VIN;Nombre Cliente;Telf. Movil\n9BWAA05U1AA000101;ANA RUIZ VEGA;3005550101\n",
            b"VIN;Nombre Cliente;Telf. Movil\n9BWAA05U1AA000101;ANA RUIZ VEGA;3005550109\n9BWAA05U1AA000102;EVA GIL SOL;3005550102\n",
        ),
        "employees": (
            lines(EMPLOYEES, "NORTE;501;ANA DEMO;Vendedora;"),
            lines(EMPLOYEES, "NORTE;501;ANA DEMO;Vendedora;3005559001", "NORTE;502;EVA DEMO;Vendedora;"),
        ),
        "appointments": (
            lines(AGENDA, "23/11/2026;ZZC301;Confirmada"),
            lines(AGENDA, "23/11/2026;ZZC301;Cancelada", "23/11/2026;ZZC302;Cumplida"),
        ),
        "drive_aftersales": (
            drive.book(drive.line(101)),
            drive.book(
                drive.line(101), drive.line(102, **drive.LOW, Sugerencia="Abrir sábados", Semáforo="rojo"),
                drive.line(103, **drive.LOW, Semáforo="verde", Respuesta="Se cambió", Evidencia="Acta 12"),
            ),
        ),
        "drive_sales": (
            drive.book(["10/03/2025", *SOLD, "ZZD101", "VOLKSWAGEN", 9, 9, 9, 9, "", ""], header=drive.SALES_HEADER),
            drive.book(["12/03/2025", *SOLD, "ZZD101", "VOLKSWAGEN", 9, 6, 8, 9, "Poco parqueadero", "amarillo"], header=drive.SALES_HEADER),
        ),
    }  # fmt: skip
    return pairs[slug]


def bring(slug, data, *, site=None):
    batch = pipeline.receive(slug, data, f"{slug}.csv", by=None, site=site, at=MONDAY, repeat=True)
    pipeline.import_now(batch)
    batch.refresh_from_db()
    assert batch.status == BatchStatus.APPLIED, batch.error
    return batch


def back(batch):
    kind = feeds()[batch.feed]
    assert undo.why_not(batch, kind, at=MONDAY) == ""
    undo.take_back(batch, kind, at=MONDAY, report=pipeline.silent)
    batch.refresh_from_db()
    assert batch.status == BatchStatus.UNDONE, batch.error


# (created, updated) by the second file of each source.
COUNTS = {"proactive": (1, 1), "recovery": (1, 1), "aftersales": (2, 1), "sales": (1, 1), "exclusions": (1, 1), "traffic": (2, 1),
          "visits": (1, 1), "companion": (1, 1), "employees": (1, 1), "drive_aftersales": (2, 0), "drive_sales": (1, 0),
          "appointments": (0, 2)}  # fmt: skip
# Counters that only grow, and the records of what was done.
GROWING = {"fence"}
RECORDS = {"callcenter.ImportBatch", "callcenter.ImportRow", "callcenter.ImportChange", "callcenter.Change", "callcenter.AccessLog"}


def everything():
    """Every row of every table of ours."""
    found = {}
    for kind in apps.get_models():
        if (
            kind._meta.app_config.name not in {"callcenter", "recovery", "satisfaction", "crm_audit", "reports"}
            or kind._meta.label in RECORDS
        ):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT to_jsonb(t)::jsonb - %s::text[] FROM {kind._meta.db_table} t ORDER BY 1", [list(GROWING)])
            found[kind._meta.label] = [row for (row,) in cursor.fetchall()]
    return found


def difference(before, after):
    return {label: (before[label], after[label]) for label in before if before[label] != after[label]}


@pytest.fixture
def known_numbers():
    for number in ("1", "2"):
        OutreachFactory(phone=f"+57300555010{number}")


@pytest.fixture
def todays_agenda(agent):
    """Two cars that are expected in the workshop today."""
    for number in (301, 302):
        row = OutreachFactory(vehicle__plate=f"ZZC{number}", phone=False)
        Appointment.objects.create(outreach=row, customer=row.customer, vehicle=row.vehicle, site=row.site, brand=row.brand, service="Revisión",
                                   starts_at=MONDAY, booked_by=agent, booked_at=MONDAY - timedelta(days=3))  # fmt: skip


@pytest.mark.usefixtures("floor", "known_numbers", "todays_agenda")
@pytest.mark.parametrize("slug", feeds())
def test_what_an_import_made_goes_and_what_it_changed_returns(slug, north):
    first, second = first_and_second(slug)
    site = north if slug in {"companion", "recovery"} else None
    empty = everything()
    earlier = bring(slug, first, site=site)
    before = everything()
    later = bring(slug, second, site=site)
    assert (later.counts["created"], later.counts["updated"]) == COUNTS[slug]
    assert difference(before, everything())
    back(later)
    assert difference(before, everything()) == {}
    back(earlier)
    assert difference(empty, everything()) == {}


@pytest.mark.usefixtures("floor")
@pytest.mark.parametrize(("slug", "sample"), [("traffic", "f5_traffic.csv"), ("visits", "f6_visits.csv"), ("visits", "f6_blocks.csv")])
def test_the_samples_of_the_sales_floor_are_taken_back_whole(slug, sample):
    bring("traffic", (SAMPLES / "f5_traffic.csv").read_bytes())
    bring("visits", (SAMPLES / "f6_visits.csv").read_bytes())
    before = everything()
    back(bring(slug, (SAMPLES / ("f6_visits_corrected.csv" if sample == "f6_visits.csv" else sample)).read_bytes()))
    assert difference(before, everything()) == {}


@pytest.mark.parametrize("slug", [slug for slug, kind in feeds().items() if kind.history])
@pytest.mark.usefixtures("floor", "known_numbers")
def test_a_history_is_taken_back_from_its_end(slug, agent, north):
    first, second = first_and_second(slug)
    earlier, later = bring(slug, first, site=north), bring(slug, second, site=north)
    with pytest.raises(Refused, match=f"Después se aplicó «{slug}.csv»"):
        undo.request(earlier.pk, feeds()[slug], by=agent, at=MONDAY)
    back(later)
    assert undo.why_not(earlier, feeds()[slug], at=MONDAY) == ""


def test_another_sites_file_does_not_stand_in_the_way(centre):
    north_file = bring("employees", lines(EMPLOYEES, "NORTE;501;ANA DEMO;Vendedora;"))
    bring("employees", lines(EMPLOYEES, "CENTRO;502;EVA DEMO;Vendedora;"))
    back(north_file)
    assert list(Employee.objects.values_list("code", flat=True)) == ["502"]


# -- what the orders proved ------------------------------------------------------------------------------------------


def entry(outreach, *, number="OT/9/2026-1"):
    """An order of the outreach's own car and person."""
    car, day = outreach.vehicle, MONDAY.date()
    return orders(
        f"NORTE;{number};{car.plate};{car.vin};VOLKSWAGEN;GOL;REVISIÓN;{day:%d/%m/%Y};{day:%d/%m/%Y};{outreach.customer.raw_name};"
        f"{outreach.customer.raw_name};{outreach.customer.document_number};;;;10.215;"
    )


def test_an_appointment_proved_by_the_file_waits_again(agent, north):
    row = OutreachFactory()
    Appointment.objects.create(
        outreach=row, customer=row.customer, vehicle=row.vehicle, site=north, brand=row.brand, starts_at=MONDAY - timedelta(hours=1), service="Revisión",
        booked_by=agent, booked_at=MONDAY - timedelta(days=2),
    )  # fmt: skip
    before = everything()
    batch = bring("aftersales", entry(row))
    assert Appointment.objects.get().status == "FULFILLED"
    back(batch)
    assert difference(before, everything()) == {}


def test_a_recovery_proved_by_the_file_is_none_without_it(north, agent, cal):
    car = went_away(north)
    working(agent)
    call(case(car).outreach, agent)
    results.reconcile()
    before = everything()
    batch = bring("recovery", entry(case(car).outreach))
    assert case(car).proof == "BEFORE_CALL"
    back(batch)
    assert difference(before, everything()) == {}


def test_who_the_register_closed_is_in_the_queue_again(cal):
    row = OutreachFactory(phone="+573005550101")
    batch = bring("exclusions", b"Numero;Excluido\n3005550101;SI\n")
    row.refresh_from_db()
    assert (row.state, Exclusion.objects.count()) == ("CLOSED", 1)
    back(batch)
    row.refresh_from_db()
    assert (row.state, row.result, row.fence, Exclusion.objects.count()) == ("OPEN", "", 1, 0)
    assert list(ContactPoint.objects.values_list("rne_checked_on", "rne_channels")) == [(None, [])]


# -- what a person did since -----------------------------------------------------------------------------------------


def refused(batch):
    return undo.why_not(batch, feeds()[batch.feed], at=MONDAY)


def test_an_answered_survey_keeps_the_file():
    batch = bring("aftersales", orders(order("OT/1/2026-1", n=101)))
    Survey.objects.update(status="ANSWERED_LATER", score=9, answered_at=MONDAY, answered_on=MONDAY.date())
    assert refused(batch) == f"Ya se trabajó en la encuesta de {Survey.objects.get().customer.name}."


def test_a_called_delivery_keeps_the_file():
    batch = bring("sales", lines(SALES + "\n", sale(104)))
    Outreach.objects.update(calls_made=1)
    assert refused(batch) == f"Ya se trabajó en la gestión de {Delivery.objects.get().customer.name}."


def test_an_appointment_booked_since_keeps_the_file_that_proved_the_last_one(agent, cal):
    batch = bring("aftersales", orders(order("OT/1/2026-1", n=101)))
    back(batch)
    row = OutreachFactory(vehicle__plate="ZZA101", vehicle__vin="9BWAA05U1AA000101")
    old = Appointment.objects.create(outreach=row, customer=row.customer, vehicle=row.vehicle, site=row.site, brand=row.brand, service="x",
                                     starts_at=MONDAY - timedelta(days=3), booked_by=agent, booked_at=MONDAY - timedelta(days=9))  # fmt: skip
    batch = bring("aftersales", orders(order("OT/1/2026-1", n=101)))
    old.refresh_from_db()
    assert old.status == AppointmentStatus.FULFILLED
    appointments.book(row, starts_at=MONDAY + timedelta(days=2), site=row.site, service="x", by=agent, at=MONDAY, calendar=cal)
    assert refused(batch) == f"Ya se trabajó en la cita de {row.customer.name}."


@pytest.mark.usefixtures("floor")
def test_a_judged_activity_keeps_the_file():
    _, second = first_and_second("visits")
    batch = bring("visits", second)
    judge = person(Role.CRM_LEAD)
    Activity.objects.filter(spiga_id="A1").update(verdict="VALID", judged_by=judge, judged_at=batch.applied_at + timedelta(seconds=1))
    assert refused(batch) == "Ya se trabajó en la actividad «Llamada · Ana Ruiz»."


@pytest.mark.usefixtures("floor")
def test_a_verdict_on_what_the_file_changed_stands_again():
    first, second = first_and_second("visits")
    bring("visits", first)
    lead, reason = person(Role.CRM_LEAD), Reason.objects.filter(kind=ReasonKind.ACTIVITY).first()
    Activity.objects.update(verdict="NOT_DONE", reason=reason, judged_by=lead, judged_at=MONDAY - timedelta(days=1))
    batch = bring("visits", second)
    assert (Activity.objects.get(spiga_id="A1").verdict, PastVerdict.objects.count()) == ("", 1)
    back(batch)
    assert (Activity.objects.get().verdict, Activity.objects.get().judged_by, PastVerdict.objects.count()) == ("NOT_DONE", lead, 0)


@pytest.mark.usefixtures("floor")
def test_a_prospect_that_was_checked_keeps_the_file(agent):
    batch = bring("traffic", first_and_second("traffic")[0])
    row = Prospect.objects.get()
    ProspectCheck.objects.create(prospect=row, verdict="VALID", is_real=True, decided_by=agent, decided_at=MONDAY)
    assert refused(batch) == f"Ya se trabajó en el prospecto {row.name}."


@pytest.mark.parametrize("deed", ["survey", "case"])
def test_what_a_person_did_in_an_old_sheet_keeps_it(deed, director):
    batch = bring("drive_aftersales", drive.book(drive.line(101, **drive.LOW, Semáforo="rojo")))
    case = FollowUp.objects.get()
    if deed == "survey":
        Survey.objects.update(status="ANSWERED_LATER")
    else:
        FollowUpEvent.objects.create(follow_up=case, at=MONDAY, by=director, action="MANAGED", note="La llamé")
    assert refused(batch) == f"Ya se trabajó en {'la encuesta' if deed == 'survey' else 'el caso'} de {case.customer.name}."


# -- old → new -------------------------------------------------------------------------------------------------------


def test_the_review_tells_what_a_file_changes_of_orders_too(north):
    first, second = first_and_second("recovery")
    bring("recovery", first, site=north)
    batch = pipeline.receive("recovery", second, "x.csv", by=None, site=north, at=MONDAY, repeat=True)
    pipeline.import_now(batch, dry_run=True)
    told = [(line.whose, line.label, line.before, line.after) for line in changes.lines(batch, feeds()["recovery"])]
    assert ("OT/15101/2024", "Motivo de entrada", "REVISIÓN 10.000 KM", "GARANTÍA") in told
    assert ("ZZA101", "Kilómetros", "10.215", "12.000") in told
    assert Vehicle.objects.get().odometer_km == 10_215
