"""Improvement actions: a plan before work, evidence before done, a figure as judge."""

from datetime import date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from callcenter import clock
from callcenter.domain.errors import Refused
from callcenter.roles import Role
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.periods import Month
from reports import tasks
from reports.domain import improvement, indicators
from reports.models import ActionState, Goal, ImprovementAction, IndicatorSnapshot
from reports.models.improvement import ActionOrigin
from satisfaction.enums import Area, PqrsKind
from satisfaction.models import Cause, FollowUp, Survey
from tests.conftest import person, query_count
from tests.satisfaction.scenes import case, survey
from tests.satisfaction.test_pages import filed

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 9, tzinfo=BOGOTA)
PDF = b"%PDF-1.7 acta"


@pytest.fixture
def manager(db):
    return person(Role.AFTERSALES_MANAGER)


@pytest.fixture
def action(manager):
    row = ImprovementAction(origin=ActionOrigin.INDICATOR, finding="Bajo contacto", indicator="IND-01", period="2026-10")
    return improvement.open_action(row, by=manager, at=AT)


def planned(action, manager):
    return improvement.plan(action.pk, causes="Números viejos", text="Actualizar la base", owner=manager, due_on=date(2026, 12, 1),
                            by=manager, at=AT)  # fmt: skip


def done(action, manager):
    planned(action, manager)
    improvement.attach(action, PDF, "acta.pdf", by=manager, at=AT)
    return improvement.finish(action.pk, result="Base actualizada", by=manager, at=AT)


def close(month, text, hits, goal=50):
    IndicatorSnapshot.objects.create(indicator="IND-01", month=month, name="Efectividad", hits=hits, total=100, goal=goal, text=text,
                                     formula="f", closed_at=AT)  # fmt: skip


@pytest.mark.parametrize("lack", [{"causes": " "}, {"text": ""}, {"owner": None}, {"due_on": None}, {"due_on": date(2026, 11, 22)}])
def test_a_plan_is_whole_or_refused(action, manager, lack):
    whole = {"causes": "a", "text": "b", "owner": manager, "due_on": date(2026, 12, 1)} | lack
    with pytest.raises(Refused):
        improvement.plan(action.pk, **whole, by=manager, at=AT)


def test_done_needs_words_and_evidence(action, manager):
    planned(action, manager)
    with pytest.raises(Refused, match="evidencia"):
        improvement.finish(action.pk, result="Listo", by=manager, at=AT)
    improvement.attach(action, PDF, "acta.pdf", by=manager, at=AT)
    with pytest.raises(Refused, match="qué se hizo"):
        improvement.finish(action.pk, result=" ", by=manager, at=AT)
    assert improvement.finish(action.pk, result="Listo", by=manager, at=AT).state == ActionState.DONE


@pytest.mark.parametrize("data", [b"<script>", b"MZ\x90", b"", b"%PDF" + b"0" * 11_000_000])
def test_evidence_is_a_pdf_or_a_picture(action, manager, data):
    with pytest.raises(Refused):
        improvement.attach(action, data, "x", by=manager, at=AT)


@pytest.mark.parametrize("state", [state for state in ActionState if state not in improvement.MOVES])
def test_a_closed_action_does_not_move(action, manager, state):
    ImprovementAction.objects.filter(pk=action.pk).update(
        state=state, verdict="x", plan="p", owner=manager, due_on=date(2026, 12, 1), done_on=date(2026, 12, 1), result="r"
    )
    with pytest.raises(Refused, match="ese paso no sigue"):
        improvement.dismiss(action.pk, reason="x", by=manager, at=AT)


def test_the_database_keeps_the_states_whole(action):
    for change in ({"state": "PLANNED"}, {"state": "DONE"}, {"state": "EFFECTIVE"}, {"state": "DISMISSED"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ImprovementAction.objects.filter(pk=action.pk).update(**change)


@pytest.mark.parametrize(
    ("hits", "state"), [((60, 55), ActionState.EFFECTIVE), ((60, 40), ActionState.INEFFECTIVE), ((60,), ActionState.DONE)]
)
def test_the_two_following_months_judge(action, manager, hits, state):
    done(action, manager)  # in November: December and January answer
    for month, value in zip(("2026-12", "2027-01"), hits, strict=False):
        close(month, f"{value},0 %", value)
    improvement.judge_due(AT + timedelta(days=80))
    action.refresh_from_db()
    assert action.state == state
    if state != ActionState.DONE:
        assert "2026-12: 60,0 %" in action.verdict


def by_hand(client, monkeypatch, at):
    monkeypatch.setattr(clock, "now", lambda: at)
    client.force_login(person(Role.GENERAL_MANAGEMENT))
    client.post(reverse("reports:close_month"), {"period": "2027-01"})


def by_itself(client, monkeypatch, at):
    monkeypatch.setattr(clock, "now", lambda: at)
    tasks.prepare_due()


@pytest.fixture
def answered(action, manager):
    """An executed action whose indicator failed in December; January, which fails too, is to be closed."""
    done(action, manager)
    Goal.objects.create(indicator="IND-13", since=date(2026, 1, 1), value=50)
    ImprovementAction.objects.filter(pk=action.pk).update(indicator="IND-13")
    IndicatorSnapshot.objects.create(indicator="IND-13", month="2026-12", name="Cumplimiento", hits=0, total=9, goal=50, text="0,0 %",
                                     formula="f", closed_at=AT)  # fmt: skip
    return action


@pytest.mark.parametrize("who", [by_hand, by_itself])
def test_a_month_that_closes_judges_and_proposes_whoever_closes_it(who, client, monkeypatch, answered):
    who(client, monkeypatch, datetime(2027, 2, 8, 9, tzinfo=BOGOTA))
    answered.refresh_from_db()
    assert answered.state == ActionState.INEFFECTIVE
    assert ImprovementAction.objects.filter(trigger="IND-13:2027-01::").count() == 1


def test_a_close_that_is_cut_short_leaves_nothing_and_is_made_again(answered, cal):
    at = datetime(2027, 2, 8, 9, tzinfo=BOGOTA)
    with connection.cursor() as cursor:  # as if the worker died at the first proposal
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE reports_improvementaction ADD CONSTRAINT cut_short CHECK (period <> '2027-01')")
        with pytest.raises(IntegrityError, match="cut_short"):
            improvement.close(Month(2027, 1), by=None, at=at)
        cursor.execute("ALTER TABLE reports_improvementaction DROP CONSTRAINT cut_short")
    assert indicators.to_close(at.date(), cal) == Month(2027, 1)
    assert [row.pk for row in improvement.close(Month(2027, 1), by=None, at=at).judged] == [answered.pk]


def test_every_change_is_a_row(action, manager):
    done(action, manager)
    improvement.judge(action.pk, effective=True, verdict="Subió el contacto", by=manager, at=AT)
    assert list(action.events.values_list("state", flat=True)) == ["PROPOSED", "PLANNED", "DONE", "EFFECTIVE"]


# -- pages ------------------------------------------------------------------------------------------------------------


def test_the_life_of_an_action_through_its_pages(client, manager):
    client.force_login(manager)
    made = client.post(reverse("reports:new_action"), {"kind": "CORRECTIVE", "origin": "BRAND_VISIT", "finding": "Señalización"})
    row = ImprovementAction.objects.get()
    assert made.headers["Location"] == reverse("reports:action", args=[row.pk])

    def step(name, **data):
        return client.post(reverse("reports:move_action", args=[row.pk, name]), data)

    assert step("plan", causes="").status_code == 422
    step("plan", causes="Desgaste", plan="Cambiar avisos", owner=manager.pk, due_on="2030-01-01")
    step("evidencia", file=SimpleUploadedFile("acta.pdf", PDF))
    step("ejecutada", words="Avisos nuevos")
    step("verificar", words="La marca aprobó", effective="yes")
    row.refresh_from_db()
    assert row.state == ActionState.EFFECTIVE
    assert "La marca aprobó" in client.get(reverse("reports:improvement_report"), {"state": "all"}).content.decode()
    file = client.get(reverse("reports:action_evidence", args=[row.evidence.get().pk]))
    assert b"".join(file.streaming_content) == PDF


def test_who_may_do_what(client, action, agent, advisor, vw, outsider):
    url, step = reverse("reports:action", args=[action.pk]), reverse("reports:move_action", args=[action.pk, "descartar"])
    client.force_login(agent)
    assert client.get(url).status_code == 200
    assert client.post(step, {"words": "no"}).status_code == 403
    client.force_login(advisor)
    assert client.get(url).status_code == 403
    ImprovementAction.objects.filter(pk=action.pk).update(site=None, brand=vw)
    narrow = person(Role.AFTERSALES_DIRECTOR, all_brands=False)
    client.force_login(narrow)
    assert client.get(url).status_code == 404


def test_the_list_costs_the_same_for_one_and_three(client, action, manager):
    client.force_login(manager)
    url = reverse("reports:actions")
    one = query_count(client, url)
    for _ in range(2):
        improvement.open_action(ImprovementAction(origin="PQRS", finding="Otra"), by=manager, at=AT)
    assert query_count(client, url) == one


# -- what a month's voices propose (SAT-22) ---------------------------------------------------------------------------


def test_grades_below_six_propose_an_action_for_the_site():
    for score in (5, 3, 6, 9):
        row = survey()
        Survey.objects.filter(pk=row.pk).update(
            status="ANSWERED", score=score, lowest=score, voice="Mal", answered_at=AT, answered_on=AT.date(), channel="VOICE"
        )
    (action,) = improvement.propose_from_voices(Month(2026, 11), at=AT)
    assert action.finding == "2 clientes con calificación inferior a 6 en Sede Norte (posventa), noviembre de 2026"
    assert improvement.propose_from_voices(Month(2026, 11), at=AT + timedelta(days=1)) == []


@pytest.mark.parametrize(("cases", "proposed"), [(2, 0), (3, 1)])
def test_the_same_cause_three_times_in_a_site_proposes_an_action(cases, proposed, cal):
    cause = Cause.objects.first()
    for _ in range(cases):
        row = case(cal)
        FollowUp.objects.filter(pk=row.pk).update(cause=cause)
    found = improvement.propose_from_voices(Month(2026, 11), at=AT)
    assert len(found) == proposed
    if proposed:
        assert found[0].finding == f"«{cause.label}» se repite: 3 casos en Sede Norte, noviembre de 2026"


@pytest.mark.parametrize(("petitions", "proposed"), [(2, 0), (3, 1)])
def test_the_same_type_of_pqrs_three_times_in_a_site_proposes_an_action(petitions, proposed, cal):
    for kind in [PqrsKind.COMPLAINT] * petitions + [PqrsKind.PETITION] * 3 + [PqrsKind.CLAIM]:
        filed(person(Role.CALL_CENTER_AGENT), cal, kind=kind)
    filed(person(Role.CALL_CENTER_AGENT), cal, kind=PqrsKind.COMPLAINT, area=Area.SALES)  # another area
    found = improvement.propose_from_voices(Month(2026, 11), at=AT)
    assert [(action.origin, action.finding) for action in found] == [
        (ActionOrigin.PQRS, "«Queja (posventa)» se repite: 3 PQRS en Sede Norte, noviembre de 2026")
    ] * proposed
    assert improvement.propose_from_voices(Month(2026, 11), at=AT + timedelta(days=1)) == []


def test_a_pqrs_whose_case_has_a_cause_is_counted_by_it_once(cal):
    cause = Cause.objects.first()
    for _ in range(3):
        row = filed(person(Role.CALL_CENTER_AGENT), cal, kind=PqrsKind.COMPLAINT, opens_case=True)
        FollowUp.objects.filter(pk=row.follow_up_id).update(cause=cause)
    (action,) = improvement.propose_from_voices(Month(2026, 11), at=AT)
    assert action.finding == f"«{cause.label}» se repite: 3 casos en Sede Norte, noviembre de 2026"
