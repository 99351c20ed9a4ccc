"""The home of each role: its cards, its worklist, its chart, and honest words where there is nothing (screens §2.5)."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache

from callcenter.domain import papers, system
from callcenter.enums import WorkState
from callcenter.models import ControlledDocument, Mail, Pulse
from callcenter.roles import Role
from callcenter.views.home import next_closed
from carrazos.lib.calendar import national
from reports.models import Edition, ImprovementAction
from satisfaction.models import FollowUp
from tests.conftest import person, query_count
from tests.factories import MONDAY
from tests.satisfaction.scenes import case

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
OPEN, LATE, TODAY = "Detractores abiertos", "Detractores vencidos", "Vencen hoy"


def opened(client, user):
    client.force_login(user)
    response = client.get("/")
    assert response.status_code == 200
    return response


def cards(response) -> dict[str, str]:
    return {card.name: card.value for card in response.context["cards"]}


def worklists(response) -> dict:
    return {panel.title: panel for panel in response.context["worklists"]}


@pytest.mark.parametrize(
    ("role", "names", "lists"),
    [
        (Role.SERVICE_ADVISOR, {OPEN, LATE, TODAY}, {"Rojos por vencimiento"}),
        (Role.SALES_ADVISOR, {OPEN, LATE, TODAY}, {"Rojos por vencimiento"}),
        (Role.AFTERSALES_DIRECTOR, {OPEN, "Satisfacción posventa del mes", "Respondidos en < 2 días hábiles"},
         {"Rojos por vencimiento", "Informes que esperan por usted", "Acciones de mejora"}),
        (Role.AFTERSALES_MANAGER, {OPEN, "Satisfacción posventa del mes", "Respondidos en < 2 días hábiles"},
         {"Rojos por vencimiento", "Casos escalados", "Informes que esperan por usted", "Acciones de mejora"}),
        (Role.SALES_MANAGER, {OPEN, "Satisfacción comercial del mes", "Prospectos válidos del mes", "Actividades válidas del mes"},
         {"Rojos por vencimiento", "Casos escalados", "Informes que esperan por usted", "Acciones de mejora"}),
        (Role.GENERAL_MANAGEMENT, {OPEN, "Satisfacción posventa y comercial", "Prospectos y actividades válidas"},
         {"Casos escalados", "Informes que esperan por usted", "Acciones de mejora"}),
        (Role.QUALITY_COORDINATOR, {"Cumplimiento de procedimiento del mes", "Acciones de mejora abiertas", "Actividades sin dictamen"},
         {"Acciones de mejora", "Controles de noviembre de 2026", "Documentos por vencer o vencidos"}),
        (Role.CRM_LEAD, {"Prospectos válidos del mes", "Actividades válidas del mes", "Más de 5 días sin seguimiento",
                         "Actividades por dictaminar"}, {"Informes que esperan por usted", "Vigencia del procedimiento"}),
        (Role.MARKETING_COORDINATOR, {"Prospectos válidos del mes", "Actividades válidas del mes"}, {"Autorizaciones de imagen por vencer"}),
        (Role.ADMIN, {"Trabajos que fallaron", "Última copia de respaldo", "Sin segundo paso", "Ingresos fallidos hoy",
                      "Avisos de WhatsApp con error"}, {"Trabajos que fallaron"}),
    ],
)  # fmt: skip
def test_each_role_finds_its_cards_and_lists(client, role, names, lists):
    response = opened(client, person(role))
    assert set(cards(response)) == names
    assert len(names) <= 5 if role == Role.ADMIN else len(names) <= 4
    assert "indicators" not in response.context
    assert set(worklists(response)) == lists
    assert all(panel.lines or panel.empty or panel.title.startswith("Controles") for panel in response.context["worklists"])


def test_the_reds_of_an_advisor_lead_to_the_board_and_are_taken_from_the_home(client, cal):
    user, row = person(Role.SERVICE_ADVISOR), case(cal, at=MONDAY - timedelta(days=7))
    FollowUp.objects.filter(pk=row.pk).update(owner=user)
    response = opened(client, user)
    assert cards(response) | {OPEN: "1", LATE: "1", TODAY: "0"} == cards(response)
    (line,) = worklists(response)["Rojos por vencimiento"].lines
    assert (line.tone, line.do) == ("bad", f"/detractores/{row.pk}/tomar/")
    client.post(line.do, {"key": line.key})
    row.refresh_from_db()
    assert (row.light, row.owner) == ("YELLOW", user)
    assert worklists(opened(client, user))["Rojos por vencimiento"].lines == ()


def test_a_foreign_red_is_on_nobodys_home(client, cal, centre):
    case(cal)  # of the north site
    director = person(Role.AFTERSALES_DIRECTOR, all_sites=False)
    director.sites.add(centre)
    response = opened(client, director)
    assert cards(response)[OPEN] == "0"
    assert worklists(response)["Rojos por vencimiento"].lines == ()


def test_a_manager_sees_the_year_and_the_brands(client, cal):
    case(cal)
    response = opened(client, person(Role.AFTERSALES_MANAGER))
    assert [chart.title for chart in response.context["charts"]] == ["Satisfacción, doce meses"]
    (found,) = (card for card in response.context["cards"] if card.name == OPEN)
    assert (found.value, found.note) == ("1", "Volkswagen 1")


def test_a_late_case_is_said_on_the_directors_one_card_and_leads_to_the_late_ones(client, cal):
    case(cal, at=MONDAY - timedelta(days=7))
    found = next(card for card in opened(client, person(Role.AFTERSALES_DIRECTOR)).context["cards"] if card.name == OPEN)
    assert (found.value, found.tone, found.url) == ("1", "bad", "/detractores/?quick=vencidos")
    assert found.note.startswith("1 vencido")


def test_who_coordinates_sees_the_room_and_her_own_calls_only_once_she_calls(client, agent):
    response = opened(client, person(Role.CALL_CENTER_LEAD))
    assert [card.name for card in response.context["team"]] == [
        "Agentes activos",
        "Intentos por hora",
        "Sin asignar",
        "Rellamadas vencidas",
    ]
    assert "Llamadas de hoy" not in response.content.decode()
    assert "Llamadas de hoy" in opened(client, agent).content.decode()
    assert "team" not in opened(client, person(Role.AFTERSALES_DIRECTOR)).context


@pytest.mark.parametrize(("role", "code", "count"), [
    (Role.AFTERSALES_DIRECTOR, "GSC-FOR-02", 1), (Role.AFTERSALES_DIRECTOR, "GC-FOR-06", 0), (Role.CRM_LEAD, "GC-FOR-06", 1),
    (Role.CRM_LEAD, "GSC-FOR-02", 0), (Role.SALES_MANAGER, "GSC-FOR-07", 1), (Role.GENERAL_MANAGEMENT, "GC-FOR-06", 1),
])  # fmt: skip
def test_a_prepared_report_waits_for_who_handles_it(client, role, code, count):
    Edition.objects.create(code=code, period="2026-10", due_on=date(2026, 11, 5), state="PREPARED", sha256="x")
    lines = worklists(opened(client, person(role)))["Informes que esperan por usted"].lines
    assert len(lines) == count
    if count:
        assert (lines[0].word, lines[0].tone, lines[0].note) == ("Por revisar", "bad", "vencido hace 18 días")


def test_late_actions_are_on_the_managers_list(client):
    user = person(Role.AFTERSALES_MANAGER)
    ImprovementAction.objects.create(origin="PQRS", finding="Demoras", plan="x", causes="y", owner=user, due_on=date(2026, 11, 1),
                                     state="PLANNED", opened_at=MONDAY)  # fmt: skip
    (line,) = worklists(opened(client, user))["Acciones de mejora"].lines
    assert (line.word, line.tone) == ("Vencida", "bad")


# -- the administrator ------------------------------------------------------------------------------------------------


def test_the_machine_in_figures(client):
    cache.delete(system.login_key(MONDAY))
    admin = person(Role.ADMIN)
    assert cards(opened(client, admin)) | {"Trabajos que fallaron": "0", "Última copia de respaldo": "Ninguna"} == cards(
        opened(client, admin)
    )
    Mail.objects.create(key="x", to=["a@b.co"], subject="s", body="b", work_state=WorkState.FAILED, error="El servidor no respondió.")
    Pulse.objects.create(name="backup", at=MONDAY - timedelta(hours=2))
    client.logout()
    client.post("/cuenta/ingresar/", {"login": admin.username, "password": "no es esta"})
    response = opened(client, admin)
    assert cards(response) | {
        "Trabajos que fallaron": "1",
        "Última copia de respaldo": "23/11 07:00",
        "Ingresos fallidos hoy": "1",
    } == cards(response)
    assert worklists(response)["Trabajos que fallaron"].lines[0].note == "El servidor no respondió."


# -- the calendar and the papers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "words"), [
    (date(2026, 11, 30), "martes 8 de diciembre: festivo: La Inmaculada Concepción"), (date(2026, 11, 20), ""),
])  # fmt: skip
def test_the_next_day_off_is_said_beside_the_date(day, words):
    assert next_closed(day, national()) == words


def test_documents_that_run_out_the_first_to_go_first():
    found = papers.expiring(date(2026, 11, 23))
    assert [version.valid_until for version, _, _ in found] == sorted(version.valid_until for version, _, _ in found)
    assert ("GC-PRO-05", "bad") in {(version.document.code, tone) for version, tone, _ in found}
    ControlledDocument.objects.filter(code="GC-PRO-05").update(status="WITHDRAWN")
    assert "GC-PRO-05" not in {version.document.code for version, _, _ in papers.expiring(date(2026, 11, 23))}


def test_a_home_costs_the_same_for_one_case_and_for_three(client, cal):
    client.force_login(person(Role.AFTERSALES_MANAGER))
    case(cal)
    one = query_count(client, "/")
    case(cal)
    case(cal)
    assert query_count(client, "/") == one
