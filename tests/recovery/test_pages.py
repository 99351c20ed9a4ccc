"""The programme's pages: who may open them, whose rows they show, what they cost, and the call of a person with several cars."""

import re
import uuid
from datetime import date, timedelta

import pytest
from django.urls import reverse

from callcenter import tasks
from callcenter.domain import queue, timeline
from callcenter.enums import Outcome
from callcenter.models import Appointment, Outreach
from callcenter.roles import Role
from recovery import pages
from recovery.domain import lists, results
from recovery.enums import ListState
from recovery.models import Candidacy, RecoveryList
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory
from tests.recovery.house import NOVEMBER, built, call, case, owner, visit, went_away, working

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
HTMX = {"HTTP_HX_REQUEST": "true"}


def as_(client, user):
    client.force_login(user)
    return client


def page(response):
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.mark.parametrize(
    ("role", "sees", "works"),
    [
        (Role.CALL_CENTER_AGENT, True, True), (Role.AFTERSALES_DIRECTOR, True, True), (Role.AFTERSALES_MANAGER, True, False),
        (Role.QUALITY_COORDINATOR, True, False), (Role.SERVICE_ADVISOR, False, False), (Role.SALES_MANAGER, False, False),
    ],
)  # fmt: skip
def test_who_may_see_and_who_may_work_the_list(client, north, role, sees, works):
    client = as_(client, person(role))
    assert client.get("/recuperacion/").status_code == (200 if sees else 403)
    assert client.get("/recuperacion/clientes/").status_code == (200 if sees else 403)
    assert client.post("/recuperacion/preparar/", {"month": "2026-11"}).status_code == (302 if works else 403)


def test_prepare_review_start_from_the_page(client, director, agent, north):
    car = went_away(north)
    client = as_(client, director)
    assert "Todavía no hay lista de noviembre de 2026" in page(client.get("/recuperacion/"))
    client.post("/recuperacion/preparar/", {"month": "2026-11"})
    assert "Preparando" in page(client.get("/recuperacion/"))
    assert tasks.run_one()
    text = page(client.get("/recuperacion/"))
    assert "Empezar a llamar a 1" in text
    assert "Por revisar" in text
    client.post("/recuperacion/empezar/", {"month": "2026-11"})
    assert tasks.run_one()
    row = RecoveryList.objects.get()
    assert (row.status, row.frozen_by, case(car).outreach.state) == (ListState.WORKING, director, "OPEN")
    text = page(client.get("/recuperacion/"))
    assert "en firme desde el" in text
    assert "Empezar a llamar" not in text


def test_progress_asks_until_it_is_done(client, director, north):
    went_away(north)
    client = as_(client, director)
    lists.prepare(NOVEMBER, by=director, at=MONDAY)
    assert "every 2s" in page(client.get("/recuperacion/", **HTMX))
    tasks.run_one()
    assert "every 2s" not in page(client.get("/recuperacion/", **HTMX))


def test_the_board_says_size_exclusions_and_results(client, director, agent, north):
    back, silent, fleet = went_away(north), went_away(north), went_away(north, customer=CustomerFactory(kind="COMPANY"))
    working(agent)
    call(case(back).outreach, agent, outcome=Outcome.BOOKED)
    call(case(silent).outreach, agent, at=MONDAY + timedelta(minutes=10))
    visit(north, back, date(2026, 11, 26), customer=owner(back))
    results.reconcile()
    text = page(as_(client, director).get("/recuperacion/?month=2026-11"))
    assert "50,0 %" in text
    assert "1 de 2 clientes de la lista" in text
    assert "Cliente corporativo" in text
    assert "Ana Prueba" in text
    assert page(client.get("/recuperacion/clientes/?month=2026-11&state=recovered")).count("Recuperado: vino el 26/11/2026") == 1
    excluded = page(client.get("/recuperacion/clientes/?month=2026-11&state=excluded&reason=CORPORATE"))
    assert fleet.plate in excluded
    assert back.plate not in excluded


def test_every_figure_of_the_board_drills_to_as_many_customers(client, director, agent, north):
    other = person(Role.CALL_CENTER_AGENT, first_name="Luz")
    back, silent, away = went_away(north), went_away(north, last=date(2023, 1, 1)), went_away(north)
    went_away(north, customer=owner(back), last=date(2024, 1, 1))
    working(agent)
    call(case(back).outreach, agent, outcome=Outcome.DECLINED, reason="PRICE")
    call(case(silent).outreach, other, at=MONDAY + timedelta(minutes=10))
    visit(north, back, date(2026, 11, 26), customer=owner(back))
    results.reconcile()
    text = page(as_(client, director).get("/recuperacion/?month=2026-11"))
    found = re.findall(r'href="(/recuperacion/clientes/\?month=2026-11&[^"]*)">(\d+)</a>', text)
    assert len(found) == 5 * (2 + 1 + 1) + 4 * 2  # segments, brand and site; the calls of two agents
    for address, figure in found:
        shown = re.search(r"de (\d+) clientes?</span>", page(client.get(address)))
        assert shown[1] == figure, address
    price = re.search(r'href="([^"]*why=\d+)">Precio</a>', text)[1]
    drilled = page(client.get(price))
    assert back.plate in drilled
    assert away.plate not in drilled


@pytest.mark.parametrize(
    "state", ["listed", "uncalled", "called", "contacted", "booked", "recovered", "waiting", "lost", "failed", "excluded"]
)
def test_every_state_of_the_search_answers(client, director, agent, north, state):
    car, other = went_away(north), went_away(north, is_own=True)
    working(agent)
    call(case(car).outreach, agent)
    results.reconcile()
    text = page(as_(client, director).get(f"/recuperacion/clientes/?month=2026-11&state={state}"))
    assert (car.plate in text) is (state in {"listed", "called", "waiting"})
    assert (other.plate in text) is (state == "excluded")


@pytest.mark.parametrize("asked", ["q=GOMEZ", "q=zza", "segment=YEAR", "site=0", "page=99", "month=9999", "reason=x"])
def test_odd_searches_are_answered(client, director, agent, north, asked):
    went_away(north)
    built(agent)
    assert as_(client, director).get(f"/recuperacion/clientes/?month=2026-11&{asked}").status_code == 200


def test_taking_out_and_bringing_back_with_a_note(client, director, agent, north):
    car = went_away(north)
    built(agent)
    client, row = as_(client, director), case(car)
    client.post(reverse("recovery:remove", args=[row.pk]), {"note": ""})
    assert case(car).is_listed
    client.post(reverse("recovery:remove", args=[row.pk]), {"note": "Es del gerente", "next": "https://otro.example"})
    assert (case(car).is_listed, case(car).decided_by) == (False, director)
    client.post(reverse("recovery:restore", args=[row.pk]), {"note": "Sí es cliente"})
    assert case(car).is_listed
    text = page(client.get("/recuperacion/clientes/?month=2026-11"))
    assert "Sí es cliente" in text


def test_an_excluded_row_says_its_first_reason_in_its_tag(client, director, agent, north):
    car = went_away(north, last=date(2026, 10, 1))
    built(agent)
    text = as_(client, director).get("/recuperacion/clientes/?month=2026-11").content.decode()
    assert case(car).get_reason_display() == "Visita reciente"
    assert '<span class="tag" data-tone="warn">Visita reciente</span>' in text


def test_another_sites_rows_do_not_exist(client, outsider, agent, north):
    car = went_away(north)
    built(agent)
    client = as_(client, outsider)
    assert car.plate not in page(client.get("/recuperacion/clientes/?month=2026-11"))
    assert "0 clientes" in page(client.get("/recuperacion/?month=2026-11")) or "vehículos; 0 excluidos" in page(
        client.get("/recuperacion/?month=2026-11")
    )
    for name in ("recovery:remove", "recovery:restore"):
        assert client.post(reverse(name, args=[case(car).pk]), {"note": "x"}).status_code == 404


@pytest.mark.parametrize("path", ["/recuperacion/?month=2026-11", "/recuperacion/clientes/?month=2026-11"])
def test_the_pages_cost_the_same_for_one_and_three(client, director, agent, north, django_assert_num_queries, item_count, path):
    for _ in range(item_count):
        went_away(north)
    working(agent)
    client = as_(client, director)
    client.get(path)
    with django_assert_num_queries(QUERIES[path.split("?")[0]], exact=False):
        client.get(path)


@pytest.fixture(params=[1, 3])
def item_count(request):
    return request.param


QUERIES = {"/recuperacion/": 22, "/recuperacion/clientes/": 17}


# -- the call ----------------------------------------------------------------------------------------------------------


def test_the_console_shows_every_car_and_books_the_chosen_one(client, agent, north, cal):
    first = went_away(north, last=date(2025, 3, 10))
    second = went_away(north, last=date(2024, 3, 10), customer=owner(first))
    working(agent)
    client = as_(client, agent)
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    text = page(client.get("/cola/"))
    assert first.plate in text
    assert second.plate in text
    assert "GSC-INS-02" in text
    assert "Sus vehículos que no vuelven" in text
    data = {"key": uuid.uuid4(), "fence": held.fence, "outcome": "BOOKED", "slot_day": "2026-11-26", "slot_time": "09:00", "site": north.pk,
            "service": "Revisión general", "vehicle": second.pk, "no_booking": ""}  # fmt: skip
    assert client.post(reverse("callcenter:record", args=[held.pk]), data).status_code == 302
    assert Appointment.objects.get().vehicle == second
    assert case(first).first_call_on == case(second).first_call_on == MONDAY.date()


def test_a_car_of_somebody_else_is_refused(client, agent, north, cal):
    went_away(north)
    foreign = went_away(north, is_own=True)
    working(agent)
    held = queue.claim_next(agent, at=MONDAY, calendar=cal)
    data = {"key": uuid.uuid4(), "fence": held.fence, "outcome": "BOOKED", "slot_day": "2026-11-26", "slot_time": "09:00", "site": north.pk,
            "vehicle": foreign.pk}  # fmt: skip
    response = as_(client, agent).post(reverse("callcenter:record", args=[held.pk]), data, **HTMX)
    assert response.status_code == 422
    assert "Elija uno de los vehículos del cliente" in page(response)
    assert not Appointment.objects.exists()


def test_three_silences_and_then_the_message(agent, north, cal):
    car = went_away(north)
    working(agent)
    at = MONDAY
    for turn in range(3):
        outreach = Outreach.objects.get(pk=case(car).outreach_id)
        at = MONDAY if not turn else outreach.due_at
        call(outreach, agent, at=at)
    outreach.refresh_from_db()
    assert (outreach.next_step, outreach.calls_made) == ("WHATSAPP", 3)


def test_timeline_matter_and_card(client, director, agent, north, rf):
    car = went_away(north)
    working(agent)
    customer = owner(car)
    assert [matter.title for matter in timeline.matters(customer, agent)] == ["Recuperación"]
    assert timeline.matters(customer, person(Role.SALES_MANAGER)) == []
    call(case(car).outreach, agent)
    visit(north, car, date(2026, 11, 26), customer=customer)
    results.reconcile()
    assert "Volvió al taller: cliente recuperado" in [event.title for event in timeline.history(customer, agent).events]
    request = rf.get("/")
    request.user = director
    card = pages.cards(request, MONDAY)[0]
    assert (card.value, card.note) == ("100,0 %", "1 de 1 clientes")
    assert "Clientes recuperados" in page(as_(client, director).get("/"))
    assert Candidacy.objects.recovered().count() == 1
