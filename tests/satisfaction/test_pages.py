"""Every page of satisfaction: who may open it, whose rows it shows, what it costs."""

import re
import uuid
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile

from callcenter.domain import queue
from callcenter.enums import Programme
from callcenter.models import DataRequest, Notification, SavedView
from callcenter.roles import Role
from satisfaction.domain import board, followups, petitions, surveys
from satisfaction.domain.followups import ProofDraft
from satisfaction.domain.surveys import Reply
from satisfaction.enums import Action, Area, FollowUpKind, FollowUpStatus, Light, PqrsChannel, PqrsKind, PqrsStatus
from satisfaction.models import Cause, FollowUp, Pqrs, PqrsTerm, Proof, Survey
from tests.callcenter.domain.test_messages_and_appointments import png
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, CustomerFactory, EmployeeFactory, SiteFactory
from tests.satisfaction.scenes import answers, case, deed, survey, whole_deed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
HTMX = {"HTTP_HX_REQUEST": "true"}


def as_(client, user):
    client.force_login(user)
    return client


def status_of(response) -> int:
    """The status of an answer that may hold an open file."""
    if response.streaming:
        [close() for close in response._resource_closers]
    return response.status_code


def page(response):
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.CALL_CENTER_AGENT, "/detractores/", 200),
        (Role.SERVICE_ADVISOR, "/detractores/", 200),
        (Role.SALES_ADVISOR, "/detractores/", 200),
        (Role.QUALITY_COORDINATOR, "/detractores/", 200),
        (Role.WORKSHOP_CHIEF, "/detractores/", 403),
        (Role.CRM_LEAD, "/detractores/", 403),
        (Role.SERVICE_ADVISOR, "/encuestas/", 403),
        (Role.SALES_MANAGER, "/encuestas/", 200),
        (Role.SERVICE_ADVISOR, "/pqrs/", 403),
        (Role.GENERAL_MANAGEMENT, "/pqrs/", 200),
        (Role.GENERAL_MANAGEMENT, "/pqrs/nueva/", 403),
        (Role.CALL_CENTER_AGENT, "/pqrs/nueva/", 200),
    ],
)
def test_a_role_opens_what_is_its_work(client, role, path, status):
    assert as_(client, person(role)).get(path).status_code == status


# -- whose rows ------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(cal, settings, tmp_path):
    """One case of the north's advisor in VW, one of Kia, one of sales, one of the centre."""
    settings.MEDIA_ROOT = tmp_path
    north, centre = SiteFactory(code="norte", name="Sede Norte"), SiteFactory(code="centro", name="Sede Centro")
    vw, kia = BrandFactory(), BrandFactory(code="kia", name="Kia")
    advisor = person(Role.SERVICE_ADVISOR)
    employee = EmployeeFactory(site=north, user=advisor)
    rows = {
        "own": case(cal, site=north, brand=vw, advisor=employee, customer=CustomerFactory(name="Ana Propia", name_key="ANA PROPIA")),
        "kia": case(cal, site=north, brand=kia, customer=CustomerFactory(name="Berta Kia", name_key="BERTA KIA")),
        "sales": case(cal, site=north, brand=vw, area=Area.SALES, customer=CustomerFactory(name="Carlos Venta", name_key="CARLOS VENTA")),
        "centre": case(cal, site=centre, brand=vw, customer=CustomerFactory(name="Diana Centro", name_key="CENTRO DIANA")),
    }
    for row in rows.values():
        followups.add_proof(row.pk, deed(proof=ProofDraft(data=png((20, 20)), name="x.png")), by=advisor, at=MONDAY)
    kia_director = person(Role.AFTERSALES_DIRECTOR, all_brands=False)
    kia_director.brands.add(kia)
    centre_director = person(Role.AFTERSALES_DIRECTOR, all_sites=False)
    centre_director.sites.add(centre)
    people = {
        "advisor": advisor, "other advisor": person(Role.SERVICE_ADVISOR), "kia director": kia_director, "centre director": centre_director,
        "director": person(Role.AFTERSALES_DIRECTOR), "sales manager": person(Role.SALES_MANAGER), "auditor": person(Role.QUALITY_COORDINATOR),
        "agent": person(Role.CALL_CENTER_AGENT),
    }  # fmt: skip
    return rows, people


SEES = {
    "advisor": {"own"}, "other advisor": set(), "kia director": {"kia"}, "centre director": {"centre"}, "director": {"own", "kia", "centre"},
    "sales manager": {"sales"}, "auditor": {"own", "kia", "sales", "centre"}, "agent": {"own", "kia", "sales", "centre"},
}  # fmt: skip


@pytest.mark.parametrize("who", list(SEES))
def test_what_each_sees_on_board_table_search_case_and_evidence(client, world, who):
    rows, people = world
    as_(client, people[who])
    for path in ("/detractores/", "/detractores/tabla/"):
        text = page(client.get(path))
        assert {name for name, row in rows.items() if row.customer.name in text} == SEES[who], path
    for name, row in rows.items():
        expected = 200 if name in SEES[who] else 404
        found = page(client.get(f"/detractores/tabla/?q={row.customer.name}"))
        assert (f"/detractores/{row.pk}/" in found) is (name in SEES[who])
        assert client.get(f"/detractores/{row.pk}/").status_code == expected
        assert status_of(client.get(f"/detractores/evidencia/{row.proofs.get().pk}/")) == expected


MAY = {  # who → (take, reopen, bulk reassign)
    "advisor": (200, 403, 403), "kia director": (404, 404, 302), "director": (200, 200, 302), "auditor": (403, 403, 403), "agent": (403, 403, 403),
}  # fmt: skip


@pytest.mark.parametrize("who", list(MAY))
def test_what_each_may_do(client, world, who, cal, director):
    rows, people = world
    as_(client, people[who])
    row = rows["own"]
    take, reopen, bulk = MAY[who]
    body = {"key": uuid.uuid4(), "version": 0}
    assert client.post(f"/detractores/{row.pk}/tomar/", body, **HTMX).status_code == take
    FollowUp.objects.filter(pk=row.pk, status=FollowUpStatus.NOT_STARTED).update(status=FollowUpStatus.IN_PROGRESS)
    followups.move(
        row.pk, Action.UNSATISFIED, deed(text="x", cause=Cause.objects.first(), reason="x"), by=director, at=MONDAY, calendar=cal
    )
    assert client.post(f"/detractores/{row.pk}/reabrir/", {"key": uuid.uuid4(), "reason": "Falta"}, **HTMX).status_code == reopen
    assert client.post("/detractores/reasignar/", {"rows": [row.pk], "to": director.pk}).status_code == bulk
    row.refresh_from_db()
    assert (row.owner == director) is (who == "director" and bulk == 302)


def test_all_that_the_table_filters_finds_is_given_at_once(client, world, director):
    rows, people = world
    answer = as_(client, people["director"]).post(
        "/detractores/reasignar/", {"state": "q=berta", "all": "1", "to": director.pk}, follow=True
    )
    assert "1 caso para" in page(answer)
    assert set(FollowUp.objects.filter(owner=director).values_list("pk", flat=True)) == {rows["kia"].pk}
    answer = client.post("/detractores/reasignar/", {"state": "", "to": director.pk}, follow=True)
    assert "Seleccione al menos un caso abierto." in page(answer)


@pytest.mark.parametrize("path", ["/detractores/", "/detractores/tabla/", "/encuestas/", "/encuestas/?state=all", "/pqrs/"])
def test_pages_cost_the_same_for_one_row_and_for_five(client, cal, agent, path, django_assert_max_num_queries):
    as_(client, agent)

    def make():
        row = survey()
        followups.open_follow_up(
            followups.Matter(Area.AFTERSALES, row.customer, row.site, row.brand, row.vehicle),
            "Mal",
            survey=row,
            by=agent,
            at=MONDAY,
            calendar=cal,
        )
        filed(agent, cal, row.customer)

    def cost():
        with django_assert_max_num_queries(40) as found:
            client.get(path)
        return len(found)

    make()
    client.get(path)
    first = cost()
    for _ in range(4):
        make()
    assert cost() == first <= 24


def test_a_case_page_costs_the_same_however_long_its_history(client, cal, director, django_assert_max_num_queries):
    as_(client, director)
    row = case(cal)

    def cost():
        with django_assert_max_num_queries(40) as found:
            client.get(f"/detractores/{row.pk}/")
        return len(found)

    cost()
    first = cost()
    for number in range(4):
        followups.move(
            row.pk, Action.MANAGED, deed(text=f"Llamada {number}", proof=ProofDraft("nota")), by=director, at=MONDAY, calendar=cal
        )
    assert cost() == first


@pytest.mark.parametrize(("kind", "path"), [(Pqrs, "/pqrs/{}/"), (FollowUp, "/detractores/{}/")])
def test_a_page_reads_its_row_once(client, cal, agent, kind, path, django_assert_max_num_queries):
    as_(client, agent)
    row = filed(agent, cal, CustomerFactory()) if kind is Pqrs else case(cal)
    with django_assert_max_num_queries(40) as found:
        client.get(path.format(row.pk))
    table = kind._meta.db_table
    itself = re.compile(rf'FROM "{table}".*(?<!NOT \()"{table}"."id" = {row.pk}\b')  # not the customer's other cases
    assert len([asked for asked in found.captured_queries if itself.search(asked["sql"])]) == 1


# -- the board -------------------------------------------------------------------------------------------------------


def test_lanes_hold_their_colours_late_first(client, cal, director):
    soon, late = (
        case(cal, customer=CustomerFactory(name="Zoe Tarde")),
        case(cal, at=MONDAY.replace(day=16), customer=CustomerFactory(name="Alba Vieja")),
    )
    suggestion = case(cal, kind=FollowUpKind.SUGGESTION, voice="Más parqueaderos")
    text = page(as_(client, director).get("/detractores/"))
    assert text.index(late.customer.name) < text.index(soon.customer.name)
    assert "Vencido hace" in text
    assert suggestion.voice in text
    assert '<section class="lane" data-light="PURPLE"' in text


def test_the_purple_lane_is_for_who_has_a_brand_with_a_portal(client, cal):
    user = person(Role.AFTERSALES_DIRECTOR, all_brands=False)
    user.brands.add(BrandFactory(code="kia", name="Kia"))
    assert 'data-light="PURPLE"' not in page(as_(client, user).get("/detractores/"))


@pytest.mark.parametrize(
    ("query", "found"), [("quick=vencidos", {"late"}), ("quick=garantia", {"warranty"}), ("light=BLUE", {"blue"}), ("score=5", {"late"}),
                         ("q=ZZZ999", set()), ("quick=nada&site=abc&since=x", {"late", "warranty", "blue"})],
)  # fmt: skip
def test_filters(client, cal, director, query, found):
    rows = {
        "late": case(cal, at=MONDAY.replace(day=16), score=3), "warranty": case(cal, is_warranty=True, score=6),
        "blue": case(cal, kind=FollowUpKind.SUGGESTION, score=None),
    }  # fmt: skip
    text = page(as_(client, director).get(f"/detractores/tabla/?{query}"))
    assert {name for name, row in rows.items() if f"/detractores/{row.pk}/" in text} == found


def lit(cal, director) -> dict[str, FollowUp]:
    """A case of each kind that a chip or a lane counts."""
    rows = {
        "late": case(cal, at=MONDAY.replace(day=16)), "warranty": case(cal, is_warranty=True), "mine": case(cal),
        "portal": case(cal), "closed": case(cal), "blue": case(cal, kind=FollowUpKind.SUGGESTION, score=None),
    }  # fmt: skip
    FollowUp.objects.filter(pk=rows["mine"].pk).update(owner=director)
    FollowUp.objects.filter(pk=rows["portal"].pk).update(brand_portal_answered=True)
    followups.move(rows["closed"].pk, Action.RESOLVED, whole_deed(), by=person(Role.SERVICE_ADVISOR), at=MONDAY, calendar=cal)
    FollowUp.objects.filter(pk=rows["closed"].pk).update(verify_on=MONDAY.date())
    return rows


def test_the_board_counts_what_its_lists_show(client, cal, director):
    """One query counts chips and lanes: each figure is that of the list it leads to, and of the lane counted by itself."""
    lit(cal, director)
    lights, rows = board.lights_for(director), FollowUp.objects.visible_to(director)
    counts = board.counts(director, MONDAY, lights)
    assert counts == {
        "RED": 4, "YELLOW": 0, "GREEN": 1, "LIGHT_GREEN": 0, "BLUE": 1, "PURPLE": 0, "mias": counts["mias"], "vencidos": 1, "hoy": 0,
        "reiterados": 0, "garantia": 1, "portal": 1, "confirmar": 1, "revisar": 1, "late": 1,
    }  # fmt: skip
    for name, _ in board.QUICK:
        assert counts[name] == rows.filter(board.quick_filter(name, user=director, at=MONDAY)).count(), name
    alone, given = (board.lanes(rows, at=MONDAY, calendar=cal, lights=lights, counts=value) for value in (None, counts))
    assert alone == given
    assert {lane.light.value: (lane.count, len(lane.cards)) for lane in alone} == {
        light.value: (counts[light.value],) * 2 for light in lights
    }


def test_the_refresh_draws_the_lanes_alone_and_further_filters_come_when_asked(client, cal, director):
    rows = lit(cal, director)
    fragment = page(as_(client, director).get("/detractores/", **HTMX))
    assert fragment.count("data-card") == len(rows)
    assert "Rojos abiertos" not in fragment
    assert 'id="id_score"' not in page(client.get("/detractores/"))
    assert 'id="id_score"' in page(client.get("/detractores/?more=1", **HTMX))
    assert 'id="id_score"' in page(client.get("/detractores/?score=5"))


def test_the_review_of_closed_cases_is_the_directors(client, cal, director):
    row = lit(cal, director)["closed"]
    assert "Por revisar" in page(as_(client, director).get("/detractores/"))
    assert "Sin revisar por el director" in page(client.get(f"/detractores/{row.pk}/"))
    advisor = person(Role.SERVICE_ADVISOR)
    assert "Por revisar" not in page(as_(client, advisor).get("/detractores/"))
    assert client.post(f"/detractores/{row.pk}/revisar/", {"key": uuid.uuid4()}).status_code == 403
    row.refresh_from_db()
    done = as_(client, director).post(f"/detractores/{row.pk}/revisar/", {"key": uuid.uuid4(), "version": row.version}, **HTMX)
    assert (done.status_code, "Revisado: la gestión está bien" in page(done)) == (200, False)
    row.refresh_from_db()
    assert row.reviewed_by == director


def test_a_view_of_the_board_is_kept_opens_it_and_is_dropped(client, cal, director):
    late = case(cal, at=MONDAY.replace(day=16), customer=CustomerFactory(name="Zoe Tarde"))
    case(cal, customer=CustomerFactory(name="Alba Nueva"))
    as_(client, director).post("/detractores/vistas/", {"name": "Vencidos", "state": "quick=vencidos&page=2", "is_default": "on"})
    view = SavedView.objects.get()
    assert (view.listing, view.query) == ("tablero", "quick=vencidos")
    opened = client.get("/detractores/")
    assert opened.url == f"/detractores/?quick=vencidos&view={view.pk}"
    text = page(client.get(opened.url))
    assert late.customer.name in text
    assert "Alba Nueva" not in text
    assert page(client.get("/detractores/", **HTMX)).count("data-card") == 2
    client.post("/detractores/vistas/borrar/", {"view": view.pk})
    assert client.get("/detractores/").status_code == 200
    assert as_(client, person(Role.WORKSHOP_CHIEF)).post("/detractores/vistas/", {"name": "x", "state": ""}).status_code == 403


def test_an_empty_board_says_why(client, director):
    assert "No hay casos sin gestión" in page(as_(client, director).get("/detractores/"))
    assert "Los casos se abren solos" in page(client.get("/detractores/tabla/"))


def test_from_red_to_green_with_a_photo(client, cal, director, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    row = case(cal)
    as_(client, director)
    body = {"key": uuid.uuid4(), "version": 0, "text": "Se corrigió", "cause": Cause.objects.first().pk}
    refused = client.post(f"/detractores/{row.pk}/cerrar/", body, **HTMX)
    assert refused.status_code == 422
    assert "la evidencia" in page(refused)
    assert "Se corrigió" in page(refused)
    body["file"] = SimpleUploadedFile("foto.png", png((30, 30)), "image/png")
    done = client.post(f"/detractores/{row.pk}/cerrar/", body, **HTMX)
    assert done.status_code == 200
    assert done["HX-Trigger-After-Settle"] == "board-changed"
    row.refresh_from_db()
    assert (row.light, Proof.objects.get().kind) == (Light.GREEN, "IMAGE")
    assert client.post(f"/detractores/{row.pk}/tomar/", {"key": uuid.uuid4(), "version": 0}, **HTMX).status_code == 409


def test_without_javascript_an_act_redirects(client, cal, director):
    row = case(cal)
    response = as_(client, director).post(f"/detractores/{row.pk}/tomar/", {"key": uuid.uuid4()})
    assert (response.status_code, response.url) == (302, f"/detractores/{row.pk}/")


# -- surveys ---------------------------------------------------------------------------------------------------------


def test_foreign_surveys_do_not_exist(client, outsider):
    row = survey()
    as_(client, outsider)
    assert client.get(f"/encuestas/{row.pk}/").status_code == 404
    assert client.get(f"/encuestas/{row.pk}/responder/").status_code == 404


def test_sales_surveys_are_not_the_aftersales_directors(client, director):
    row = survey(programme=Programme.SALES_SURVEY)
    assert as_(client, director).get(f"/encuestas/{row.pk}/").status_code == 404


def test_the_list_says_who_waits_and_since_when(client, agent):
    old, new = survey(days_ago=10), survey(days_ago=1)
    text = page(as_(client, agent).get("/encuestas/"))
    assert text.index(old.customer.name) < text.index(new.customer.name)
    late = page(client.get("/encuestas/?state=late"))
    assert old.customer.name in late
    assert new.customer.name not in late


def test_a_late_answer_is_recorded_on_its_page(client, agent):
    row = survey()
    as_(client, agent)
    assert client.get(f"/encuestas/{row.pk}/responder/").status_code == 200
    fields = {f"q{pk}": score for pk, score in answers(row, 3, 3, 3, 3).items()}
    refused = client.post(f"/encuestas/{row.pk}/responder/", {"channel": "WHATSAPP", **fields})
    assert refused.status_code == 422
    assert "voz del cliente" in page(refused)
    assert client.post(f"/encuestas/{row.pk}/responder/", {"channel": "WHATSAPP", "voice": "Mal", **fields}).status_code == 302
    row.refresh_from_db()
    assert (row.status, row.score, FollowUp.objects.count()) == ("ANSWERED_LATER", 3, 1)


def test_the_survey_in_the_console(client, agent, cal):
    agent.programmes = [Programme.AFTERSALES_SURVEY]
    agent.save()
    row = survey()
    as_(client, agent)
    outreach = queue.take(row.outreach_id, agent, at=MONDAY, calendar=cal)
    text = page(client.get("/cola/"))
    assert "¿Cómo califica la atención y amabilidad" in text
    assert "Agendó la cita" not in text
    assert "Se creará un caso en rojo. Vence mié 25 nov" in text
    fields = {f"q{pk}": score for pk, score in answers(row, 9, 9, 9, 4).items()}
    body = {"key": uuid.uuid4(), "fence": outreach.fence, "outcome": "DONE", **fields}
    refused = client.post(f"/cola/{outreach.pk}/resultado/", body, **HTMX)
    assert refused.status_code == 422
    assert "voz del cliente" in page(refused)
    assert (
        client.post(
            f"/cola/{outreach.pk}/resultado/", {**body, "outcome": "DONE"} | {f"q{pk}": "" for pk in answers(row, 1, 1, 1, 1)}, **HTMX
        ).status_code
        == 422
    )
    assert client.post(f"/cola/{outreach.pk}/resultado/", {**body, "voice": "Quedó sonando"}, **HTMX).status_code == 200
    again = client.post(f"/cola/{outreach.pk}/resultado/", {**body, "voice": "Otra cosa"}, **HTMX)
    assert again.status_code == 409
    assert (Survey.objects.get().score, FollowUp.objects.get().voice) == (4, "Quedó sonando")


def test_who_does_not_answer_leaves_a_reason(client, agent, cal):
    row = survey()
    as_(client, agent)
    outreach = queue.take(row.outreach_id, agent, at=MONDAY, calendar=cal)
    body = {"key": uuid.uuid4(), "fence": outreach.fence, "outcome": "DECLINED"}
    assert client.post(f"/cola/{outreach.pk}/resultado/", body, **HTMX).status_code == 422
    assert client.post(f"/cola/{outreach.pk}/resultado/", {**body, "no_booking": "NOT_INTERESTED"}, **HTMX).status_code == 200
    assert outreach.attempts.get().reason.kind == "NO_SURVEY"


# -- PQRS ------------------------------------------------------------------------------------------------------------


def filed(by, cal, customer=None, **more) -> Pqrs:
    values = {
        "key": uuid.uuid4(), "kind": PqrsKind.CLAIM, "channel": PqrsChannel.PHONE, "customer": customer or CustomerFactory(),
        "site": SiteFactory(code="norte", name="Sede Norte"), "brand": BrandFactory(), "area": Area.AFTERSALES,
        "description": "Me cobraron de más", "received_at": MONDAY, "reply_email": "ana@demo.example",
    }  # fmt: skip
    return petitions.file(petitions.Filing(**values | more), by=by, at=MONDAY, calendar=cal)


def test_filing_by_the_form(client, agent):
    customer = CustomerFactory(sites=[SiteFactory(code="norte", name="Sede Norte").pk])
    as_(client, agent)
    assert customer.name in page(client.get(f"/pqrs/nueva/?q={customer.document_number}"))
    body = {
        "key": uuid.uuid4(), "customer": customer.pk, "kind": "CLAIM", "channel": "PHONE", "received_day": "2026-11-20", "received_time": "10:00",
        "site": SiteFactory(code="norte").pk, "brand": BrandFactory().pk, "area": "AFTERSALES", "description": "Me cobraron de más", "opens_case": "on",
    }  # fmt: skip
    assert client.post("/pqrs/nueva/", {**body, "description": ""}).status_code == 422
    assert client.post("/pqrs/nueva/", {**body, "received_day": "2026-12-20"}).status_code == 422
    assert client.post("/pqrs/nueva/", body).status_code == 302
    assert client.post("/pqrs/nueva/", body).status_code == 302
    row = Pqrs.objects.get()
    assert (row.number, str(row.due_on), row.follow_up.light) == ("PQRS-2026-00001", "2026-12-14", Light.RED)


def test_the_portal_is_marked_on_the_page_of_a_survey(client, agent, cal):
    row = survey(brand=BrandFactory(code="vw", portal_name="car.advisor"))
    surveys.save_reply(row.pk, Reply(answers(row, *[9] * 9)), by=agent, at=MONDAY, calendar=cal)
    as_(client, person(Role.QUALITY_COORDINATOR))  # reads surveys, records none
    assert "Marcar en morado" not in page(client.get(f"/encuestas/{row.pk}/"))
    assert client.post(f"/encuestas/{row.pk}/portal/").status_code == 403
    as_(client, agent)
    assert "Marcar en morado" in page(client.get(f"/encuestas/{row.pk}/"))
    client.post(f"/encuestas/{row.pk}/portal/", {"portal_score": "99"})
    assert not Survey.objects.get().portal_answered
    client.post(f"/encuestas/{row.pk}/portal/", {"portal_on": "2026-11-22", "portal_score": "9.5"})
    done = Survey.objects.get()
    assert (done.portal_answered, str(done.portal_on), str(done.portal_score), done.status) == (True, "2026-11-22", "9.5", "ANSWERED")
    assert "Marcar en morado" not in page(client.get(f"/encuestas/{row.pk}/"))


def test_only_the_portal_is_not_an_answer_to_the_survey(client, agent):
    row = survey(brand=BrandFactory(code="vw", portal_name="car.advisor"))
    as_(client, agent)
    assert client.post(f"/encuestas/{row.pk}/responder/", {"channel": "WHATSAPP"}).status_code == 422
    assert client.post(f"/encuestas/{row.pk}/responder/", {"channel": "WHATSAPP", "portal": "on"}).status_code == 302
    done = Survey.objects.select_related("outreach").get()
    assert (done.portal_answered, done.status, done.outreach.state) == (True, "PENDING", "OPEN")  # they are still called


def asked(customer, **more) -> dict:
    """The form of somebody who asks about their data: no site, no brand."""
    return {
        "key": uuid.uuid4(), "customer": customer.pk, "kind": "DELETE", "channel": "WRITTEN", "received_day": "2026-11-20", "received_time": "10:00",
        "area": "AFTERSALES", "description": "Borren todo lo mío", "reply_email": "ana@demo.example", **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("right", "due"), [("KNOW", "2026-12-03"), ("UPDATE", "2026-12-14"), ("REVOKE", "2026-12-14"), ("DELETE", "2026-12-14")]
)
def test_what_is_asked_about_ones_data_is_one_request_with_the_term_of_its_law(client, agent, right, due):
    lead, customer = person(Role.CALL_CENTER_LEAD), CustomerFactory(sites=[SiteFactory(code="norte", name="Sede Norte").pk])
    as_(client, agent)
    response = client.post("/pqrs/nueva/", asked(customer, kind=right))
    made = DataRequest.objects.get()
    assert (response.status_code, response.url, Pqrs.objects.count()) == (302, "/pqrs/", 0)
    assert (made.customer, made.right, made.channel, str(made.due_on), made.opened_by) == (customer, right, "WRITTEN", due, agent)
    assert made.text == "Borren todo lo mío\nResponder a: ana@demo.example"
    assert Notification.objects.get(user=lead).url == f"/datos-personales/solicitudes/{made.pk}/"
    assert customer.exclusions.standing().filter(scope="ALL").exists() is (right in {"REVOKE", "DELETE"})
    again = client.post("/pqrs/nueva/", asked(customer, kind=right))
    assert (again.status_code, "ya tiene una solicitud igual en trámite" in page(again), DataRequest.objects.count()) == (422, True, 1)


def test_a_request_about_data_opens_no_case_and_who_answers_it_goes_to_it(client):
    lead = person(Role.CALL_CENTER_LEAD)
    customer = CustomerFactory(sites=[SiteFactory(code="norte", name="Sede Norte").pk])
    as_(client, lead)
    assert client.post("/pqrs/nueva/", asked(customer, opens_case="on")).status_code == 422
    assert client.post("/pqrs/nueva/", asked(customer, description="x" * 4001)).status_code == 422
    assert client.post("/pqrs/nueva/", asked(customer, kind="CLAIM")).status_code == 422  # a PQRS is of a site and a brand
    assert (DataRequest.objects.count(), Pqrs.objects.count()) == (0, 0)
    response = client.post("/pqrs/nueva/", asked(customer))
    assert response.url == f"/datos-personales/solicitudes/{DataRequest.objects.get().pk}/"
    assert not Notification.objects.filter(user=lead).exists()  # nobody is told what they have just filed
    assert 'href="/datos-personales/"' in page(client.get("/pqrs/"))


def test_a_foreign_persons_request_is_not_filed(client, outsider):
    stranger = CustomerFactory(sites=[SiteFactory(code="norte", name="Sede Norte").pk])
    as_(client, outsider)
    assert (client.post("/pqrs/nueva/", asked(stranger)).status_code, DataRequest.objects.count()) == (422, 0)


def test_what_was_filed_among_the_pqrs_before_stays_there_and_says_what_it_was(agent, cal):
    row = filed(agent, cal)
    Pqrs.objects.filter(pk=row.pk).update(kind="DATA_CLAIM")
    PqrsTerm.objects.create(kind="DATA_QUERY", days=5, note="Nuestro")
    import_module("satisfaction.migrations.0007_data_requests_apart").keep_filed(apps, None)
    row.refresh_from_db()
    assert (row.kind, row.events.latest("pk").note, PqrsTerm.objects.count()) == ("CLAIM", "Se radicó como «Habeas data: reclamo»", 0)


def test_a_whole_life_on_the_page(client, director, cal, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    row = filed(director, cal)
    as_(client, director)
    steps = [
        ("acuse", {}, 302), ("cerrar", {"satisfied": "yes"}, 422), ("responder", {"text": ""}, 422),
        ("responder", {"text": "Le devolvemos el valor", "channel": "WHATSAPP"}, 422),
        ("responder", {"text": "Le devolvemos el valor", "channel": "WRITTEN"}, 302), ("cerrar", {"satisfied": "yes"}, 422),
        ("entregar", {}, 422), ("entregar", {"file": SimpleUploadedFile("guia.pdf", b"%PDF-1.7 x", "application/pdf")}, 302),
        ("cerrar", {}, 422), ("cerrar", {"satisfied": "no", "text": ""}, 422), ("cerrar", {"satisfied": "yes"}, 302),
    ]  # fmt: skip
    for slug, body, status in steps:
        response = client.post(f"/pqrs/{row.pk}/{slug}/", body)
        assert response.status_code == status, (slug, body)
    assert client.get(f"/pqrs/{row.pk}/").status_code == 200
    row.refresh_from_db()
    assert (row.status, row.is_satisfied, row.letters.count()) == (PqrsStatus.CLOSED, True, 2)


@pytest.mark.parametrize(("who", "status"), [("outsider", 404), ("sales", 404), ("auditor", 200)])
def test_whose_pqrs(client, cal, agent, outsider, who, status):
    row = filed(agent, cal)
    row_file = petitions.keep_file(row, b"%PDF-1.7 x", "a.pdf", by=agent, at=MONDAY)
    user = {"outsider": outsider, "sales": person(Role.SALES_MANAGER), "auditor": person(Role.QUALITY_COORDINATOR)}[who]
    as_(client, user)
    assert client.get(f"/pqrs/{row.pk}/").status_code == status
    assert status_of(client.get(f"/pqrs/anexo/{row_file.pk}/")) == status
    assert (row.number in page(client.get("/pqrs/"))) is (status == 200)
    expected = 403 if who == "auditor" else 404
    assert client.post(f"/pqrs/{row.pk}/gestion/", {"text": "x"}).status_code == expected


def test_the_board_and_the_home_say_the_same_share_of_answers_in_time(client, cal):
    """A case whose term ended with no answer counts against it on both."""
    case(cal, at=MONDAY - timedelta(days=10))
    answered = case(cal, at=MONDAY - timedelta(days=6))
    director = person(Role.AFTERSALES_DIRECTOR)
    followups.move(answered.pk, Action.RESOLVED, whole_deed(), by=director, at=MONDAY - timedelta(days=5), calendar=cal)
    as_(client, director)
    said = client.get("/detractores/").context["kpis"]["in_time"]
    card = next(card for card in client.get("/").context["cards"] if card.name == "Respondidos en < 2 días hábiles")
    assert (said.text, said.fraction) == (card.value, card.note.split(" · ")[0]) == ("50,0 %", "1 de 2")
