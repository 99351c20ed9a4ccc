"""The management of a dissatisfied customer on PostgreSQL: what it needs, what the database refuses, who hears of it."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from callcenter.domain import audit
from callcenter.domain.errors import Conflict, Refused
from callcenter.enums import Outcome, Programme
from callcenter.models import Attempt, Hold, Mail, Notification
from callcenter.roles import Role
from satisfaction.domain import alarms, board, followups, semaphore
from satisfaction.domain.followups import ProofDraft
from satisfaction.domain.semaphore import IN_PROGRESS, NOT_STARTED, RESOLVED, UNSATISFIED
from satisfaction.enums import Action, Area, FollowUpKind, FollowUpStatus, Level, Light, ProofKind
from satisfaction.models import Cause, FollowUp, FollowUpEvent, Proof, SatisfactionRules
from tests.callcenter.domain.test_messages_and_appointments import png
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, EmployeeFactory, OutreachFactory, VehicleFactory
from tests.satisfaction.scenes import case, deed, house, survey, whole_deed

pytestmark = pytest.mark.django_db
TO = {
    (NOT_STARTED, IN_PROGRESS): Action.TAKEN, (NOT_STARTED, RESOLVED): Action.RESOLVED, (NOT_STARTED, UNSATISFIED): Action.UNSATISFIED,
    (IN_PROGRESS, RESOLVED): Action.RESOLVED, (IN_PROGRESS, UNSATISFIED): Action.UNSATISFIED,
    (RESOLVED, IN_PROGRESS): Action.REOPENED, (UNSATISFIED, IN_PROGRESS): Action.REOPENED,
}  # fmt: skip


def brought_to(status, cal, director):
    row = case(cal)
    if status != NOT_STARTED:
        action = {IN_PROGRESS: Action.TAKEN, RESOLVED: Action.RESOLVED, UNSATISFIED: Action.UNSATISFIED}[status]
        row = followups.move(row.pk, action, whole_deed(), by=director, at=MONDAY, calendar=cal)
    return row


@pytest.mark.parametrize("source", list(FollowUpStatus))
@pytest.mark.parametrize("target", list(FollowUpStatus))
def test_the_database_allows_the_legal_moves_and_no_other(source, target, cal, director):
    """Every pair of statuses, written straight into the table with everything else in order."""
    row = brought_to(source, cal, director)
    proof = row.proofs.first() or Proof.objects.create(follow_up=row, kind=ProofKind.NOTE, text="nota", added_by=director, added_at=MONDAY)
    closed = target in semaphore.CLOSED
    values = {
        "status": target, "closed_at": MONDAY if closed else None, "answered_at": MONDAY, "resolution": "x", "unsatisfied_reason": "x",
        "cause": Cause.objects.first(), "proof": proof, "reviewed_at": None, "reviewed_by": None,
    }  # fmt: skip
    legal = source == target or (source, target) in semaphore.TRANSITIONS
    if legal:
        assert FollowUp.objects.filter(pk=row.pk).update(**values) == 1
    else:
        with pytest.raises(IntegrityError, match="can not become"), transaction.atomic():
            FollowUp.objects.filter(pk=row.pk).update(**values)


@pytest.mark.parametrize(("source", "target"), sorted(semaphore.TRANSITIONS))
def test_each_legal_move_changes_the_colour_and_leaves_a_row(source, target, cal, director):
    row = brought_to(source, cal, director)
    done = followups.move(row.pk, TO[source, target], whole_deed(), by=director, at=MONDAY, calendar=cal)
    assert (done.status, done.light) == (target, semaphore.light(FollowUpKind.DETRACTOR, target, portal=False))
    event = done.events.order_by("-id").first()
    assert (event.before, event.after, event.by, event.action) == (source, target, director, TO[source, target])


@pytest.mark.parametrize("kind", list(FollowUpKind))
@pytest.mark.parametrize("status", list(FollowUpStatus))
@pytest.mark.parametrize("portal", [False, True])
def test_the_stored_colour_equals_the_facts_and_cannot_be_painted(kind, status, portal, cal, director):
    if kind == FollowUpKind.SUGGESTION:
        row = case(cal, kind=kind)
        if status != NOT_STARTED:
            with pytest.raises(IntegrityError), transaction.atomic():
                FollowUp.objects.filter(pk=row.pk).update(status=status)
            return
    else:
        row = brought_to(status, cal, director)
    FollowUp.objects.filter(pk=row.pk).update(brand_portal_answered=portal)
    row.refresh_from_db()
    assert row.light == semaphore.light(kind, status, portal=portal)
    with pytest.raises(Exception, match="generated column"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE satisfaction_followup SET light = 'GREEN' WHERE id = %s", [row.pk])


@pytest.mark.parametrize(
    ("action", "without", "word"),
    [
        (Action.RESOLVED, {"proof": None}, "evidencia"),
        (Action.RESOLVED, {"text": " "}, "qué se hizo"),
        (Action.RESOLVED, {"cause": None}, "causa raíz"),
        (Action.UNSATISFIED, {"reason": ""}, "motivo"),
        (Action.UNSATISFIED, {"cause": None}, "causa raíz"),
        (Action.MANAGED, {"text": ""}, "qué se hizo"),
        (Action.SUGGESTED, {"reason": ""}, "motivo"),
    ],
)
def test_a_move_says_what_it_lacks_and_changes_nothing(action, without, word, cal, director):
    row = case(cal)
    with pytest.raises(Refused, match=word):
        followups.move(row.pk, action, whole_deed(**without), by=director, at=MONDAY, calendar=cal)
    row.refresh_from_db()
    assert (row.status, row.events.count(), row.proofs.count()) == (NOT_STARTED, 1, 0)


def test_green_needs_evidence_also_for_who_writes_past_the_verb(cal, director):
    row = case(cal)
    with pytest.raises(IntegrityError, match="follow_up_green_needs_evidence"), transaction.atomic():
        FollowUp.objects.filter(pk=row.pk).update(
            status=RESOLVED, closed_at=MONDAY, answered_at=MONDAY, resolution="listo", cause=Cause.objects.first()
        )


def test_evidence_that_was_given_before_is_enough(cal, director):
    row = case(cal)
    followups.add_proof(row.pk, deed(proof=ProofDraft("Llamé a las 9: contestó")), by=director, at=MONDAY)
    done = followups.move(row.pk, Action.RESOLVED, whole_deed(proof=None), by=director, at=MONDAY, calendar=cal)
    assert (done.light, done.proof.text) == (Light.GREEN, "Llamé a las 9: contestó")


@pytest.mark.parametrize(("data", "kind"), [(png((40, 40)), ProofKind.IMAGE), (b"%PDF-1.7 acta", ProofKind.FILE)])
def test_a_file_is_kept_for_what_it_is(data, kind, cal, director, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    row = case(cal)
    followups.add_proof(row.pk, deed(proof=ProofDraft(data=data, name="evidencia.exe")), by=director, at=MONDAY)
    kept = row.proofs.get()
    assert (kept.kind, bool(kept.sha256), kept.original_name) == (kind, True, "evidencia.exe")


def test_neither_picture_nor_pdf_is_refused(cal, director):
    with pytest.raises(Refused, match="no es una imagen"):
        followups.add_proof(case(cal).pk, deed(proof=ProofDraft(data=b"MZ\x90 programa", name="x.pdf")), by=director, at=MONDAY)


# -- who answers -----------------------------------------------------------------------------------------------------


def test_the_orders_advisor_answers_first(cal):
    site, people, employee = house()
    row = case(cal, site=site, advisor=employee)
    assert (row.owner, row.level) == (people[Role.SERVICE_ADVISOR], Level.ADVISOR)
    told = set(Notification.objects.filter(key=f"followup:{row.pk}:new").values_list("user", flat=True))
    assert told == {people[Role.SERVICE_ADVISOR].pk, people[Role.AFTERSALES_DIRECTOR].pk}


@pytest.mark.parametrize("user", ["none", "gone", "blind"])
def test_an_advisor_who_could_not_open_the_case_passes_it_to_the_director(user, cal):
    """Without login, gone, or with a login that does not see the brand."""
    site, people, _ = house()
    login = None if user == "none" else person(Role.SERVICE_ADVISOR, all_brands=user != "blind")
    employee = EmployeeFactory(site=site, user=login, is_active=user != "gone")
    row = case(cal, site=site, advisor=employee)
    assert (row.owner, row.level) == (people[Role.AFTERSALES_DIRECTOR], Level.DIRECTOR)


def test_a_guarantee_goes_to_the_director(cal):
    site, people, employee = house()
    assert case(cal, site=site, advisor=employee, is_warranty=True).owner == people[Role.AFTERSALES_DIRECTOR]


def test_sales_go_to_the_sales_manager(cal):
    site, people, _ = house()
    row = case(cal, site=site, area=Area.SALES)
    assert (row.owner, row.level) == (people[Role.SALES_MANAGER], Level.MANAGER)


def test_the_director_of_the_brand_goes_before_the_one_of_all(cal, vw):
    site, _, _ = house()
    own = person(Role.AFTERSALES_DIRECTOR, all_brands=False)
    own.brands.add(vw)
    assert case(cal, site=site, brand=vw, is_warranty=True).owner == own


@pytest.mark.parametrize("same", ["customer", "vehicle"])
@pytest.mark.parametrize(("days", "repeated"), [(30, True), (360, True), (370, False)])
def test_the_second_case_within_twelve_months_is_repeated(same, days, repeated, cal):
    site, people, employee = house()
    shared = {"customer": CustomerFactory()} if same == "customer" else {"vehicle": VehicleFactory()}
    case(cal, at=MONDAY - timedelta(days=days), site=site, advisor=employee, **shared)
    row = case(cal, site=site, advisor=employee, **shared)
    assert (row.is_repeated, row.repeats) == (repeated, 2 if repeated else 1)
    assert row.owner == people[Role.AFTERSALES_DIRECTOR if repeated else Role.SERVICE_ADVISOR]


def test_the_owners_numbers_rule(cal, vw):
    SatisfactionRules.objects.create(sla_days=1, repeat_cases=3)
    SatisfactionRules.objects.create(brand=vw, sla_days=3)
    shared = CustomerFactory()
    first, second = case(cal, customer=shared, brand=vw), case(cal, customer=shared, brand=vw, at=MONDAY + timedelta(hours=1))
    assert first.due_at == cal.due_at(MONDAY, 3)
    assert second.is_repeated is False


# -- the complaint of any call ---------------------------------------------------------------------------------------


def attempt_on(outreach, agent):
    return Attempt.objects.create(
        body_hash="x", outreach=outreach, number=1, agent=agent, outcome=Outcome.DONE, is_contact=True, started_at=MONDAY, at=MONDAY,
        day=MONDAY.date(), policy_version="x",
    )  # fmt: skip


@pytest.mark.parametrize(("programme", "area"), [(Programme.PROACTIVE, Area.AFTERSALES), (Programme.PROSPECT_CHECK, Area.SALES)])
def test_a_complaint_in_a_call_opens_a_red_case(programme, area, agent):
    outreach = OutreachFactory(programme=programme)
    attempt = attempt_on(outreach, agent)
    followups.open_complaint(outreach, "Le rayaron la puerta", by=agent, at=MONDAY, attempt=attempt)
    row = FollowUp.objects.get(outreach=outreach)
    assert (row.light, row.area, row.voice, row.attempt) == (Light.RED, area, "Le rayaron la puerta", attempt)
    assert Hold.objects.standing(MONDAY).filter(customer=outreach.customer).exists()


def test_undoing_the_call_takes_the_case_back(agent):
    outreach = OutreachFactory()
    attempt = attempt_on(outreach, agent)
    followups.open_complaint(outreach, "Queja", by=agent, at=MONDAY, attempt=attempt)
    followups.undo(attempt, by=agent, at=MONDAY)
    assert (FollowUp.objects.count(), Hold.objects.count(), Notification.objects.count()) == (0, 0, 0)


def test_a_case_that_somebody_touched_is_not_taken_back(agent, director, cal):
    outreach = OutreachFactory()
    attempt = attempt_on(outreach, agent)
    followups.open_complaint(outreach, "Queja", by=agent, at=MONDAY, attempt=attempt)
    followups.move(FollowUp.objects.get().pk, Action.TAKEN, deed(), by=director, at=MONDAY, calendar=cal)
    with pytest.raises(Refused, match="ya empezó"):
        followups.undo(attempt, by=agent, at=MONDAY)


# -- life ------------------------------------------------------------------------------------------------------------


def test_the_hold_on_selling_stands_while_the_case_is_open(cal, director):
    row = case(cal)

    def held():
        return Hold.objects.standing(MONDAY).filter(customer=row.customer).exists()

    assert held()
    followups.move(row.pk, Action.RESOLVED, whole_deed(), by=director, at=MONDAY, calendar=cal)
    assert not held()
    followups.move(row.pk, Action.REOPENED, whole_deed(), by=director, at=MONDAY, calendar=cal)
    assert held()


def test_the_first_answer_is_kept_when_the_case_is_reopened(cal, director):
    row = case(cal)
    later = MONDAY + timedelta(hours=3)
    followups.move(row.pk, Action.RESOLVED, whole_deed(), by=director, at=later, calendar=cal)
    again = followups.move(row.pk, Action.REOPENED, whole_deed(), by=director, at=MONDAY + timedelta(days=3), calendar=cal)
    assert (again.answered_at, again.response_minutes, again.reopened) == (later, 180, 1)
    assert again.due_at == cal.due_at(MONDAY + timedelta(days=3), 2)
    assert again.first_due_at == cal.due_at(MONDAY, 2)


def test_the_customers_no_reopens_and_the_yes_is_kept(cal, director, agent):
    first, second = case(cal), case(cal)
    for row in (first, second):
        done = followups.move(row.pk, Action.RESOLVED, whole_deed(), by=director, at=MONDAY, calendar=cal)
        assert done.verify_on == (MONDAY + timedelta(days=10)).date()
    later = MONDAY + timedelta(days=10)
    yes = followups.confirm(first.pk, satisfied=True, deed=deed(), by=agent, at=later, calendar=cal)
    with pytest.raises(Refused, match="Escriba qué dijo"):
        followups.confirm(second.pk, satisfied=False, deed=deed(), by=agent, at=later, calendar=cal)
    no = followups.confirm(second.pk, satisfied=False, deed=deed(text="Volvió el ruido"), by=agent, at=later, calendar=cal)
    assert (yes.is_confirmed, yes.light, no.light, no.is_confirmed) == (True, Light.GREEN, Light.YELLOW, False)


def test_the_director_reviews_what_others_closed_and_reopening_takes_the_review_back(cal, director):
    """SAT-20: what a director closed needs no second look; what an advisor closed waits for one."""
    advisor, at = person(Role.SERVICE_ADVISOR), MONDAY
    row = followups.move(case(cal).pk, Action.RESOLVED, whole_deed(), by=advisor, at=at, calendar=cal)
    own = followups.move(case(cal).pk, Action.RESOLVED, whole_deed(), by=director, at=at, calendar=cal)
    assert (row.reviewed_at, own.reviewed_by) == (None, director)
    waiting = FollowUp.objects.filter(board.quick_filter("revisar", user=director, at=at))
    assert list(waiting) == [row]
    seen = followups.review(row.pk, deed(version=row.version), by=director, at=at)
    assert (seen.reviewed_by, seen.events.latest("id").action, waiting.all().exists()) == (director, Action.REVIEWED, False)
    with pytest.raises(Refused, match="no espera revisión"):
        followups.review(row.pk, deed(version=seen.version), by=director, at=at)
    again = followups.move(row.pk, Action.REOPENED, whole_deed(version=seen.version), by=director, at=at, calendar=cal)
    assert (again.reviewed_at, again.reviewed_by) == (None, None)
    with pytest.raises(Refused, match="no espera revisión"):
        followups.review(row.pk, deed(version=again.version), by=director, at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUp.objects.filter(pk=row.pk).update(reviewed_at=at, reviewed_by=director)


def test_what_did_not_satisfy_proves_nothing_again(cal, director):
    row = case(cal)
    followups.move(row.pk, Action.RESOLVED, whole_deed(), by=director, at=MONDAY, calendar=cal)
    later = MONDAY + timedelta(days=1)
    followups.move(row.pk, Action.REOPENED, deed(reason="Volvió el ruido"), by=director, at=later, calendar=cal)
    with pytest.raises(Refused, match="la evidencia"):
        followups.move(row.pk, Action.RESOLVED, whole_deed(proof=None), by=director, at=later, calendar=cal)
    done = followups.move(row.pk, Action.RESOLVED, whole_deed(), by=director, at=later, calendar=cal)
    assert (done.light, done.proof.added_at) == (Light.GREEN, later)


def test_a_complaint_of_whom_the_case_is_closed_brings_it_back(agent, cal, director):
    row = survey()
    known = case(cal, survey=row, outreach=row.outreach)
    followups.move(known.pk, Action.RESOLVED, whole_deed(), by=director, at=MONDAY, calendar=cal)
    followups.open_complaint(row.outreach, "Volvió a dañarse", by=agent, at=MONDAY, attempt=attempt_on(row.outreach, agent))
    known.refresh_from_db()
    assert (known.light, known.reopened, known.events.latest("id").note) == (Light.YELLOW, 1, "Volvió a dañarse")


def test_a_case_whose_customer_also_suggested_stays_a_case(cal, director):
    row = survey()
    known = case(cal, survey=row)
    case(cal, survey=row, kind=FollowUpKind.SUGGESTION)
    with pytest.raises(Refused, match="ya tiene su propio registro azul"):
        followups.move(known.pk, Action.SUGGESTED, deed(reason="Propone"), by=director, at=MONDAY, calendar=cal)


def test_a_suggestion_leaves_the_clock(cal, director):
    row = followups.move(case(cal).pk, Action.SUGGESTED, deed(reason="Solo propone otro horario"), by=director, at=MONDAY, calendar=cal)
    assert (row.light, row.due_at, row.alarm_at) == (Light.BLUE, None, None)
    assert not Hold.objects.standing(MONDAY).exists()


def test_the_portal_turns_a_resolved_case_purple(cal, director):
    row = case(cal)
    followups.mark_portal(row.pk, deed(), by=director, at=MONDAY)
    row.refresh_from_db()
    assert row.light == Light.RED
    done = followups.move(row.pk, Action.RESOLVED, whole_deed(), by=director, at=MONDAY, calendar=cal)
    assert done.light == Light.PURPLE


def test_the_same_form_twice_changes_once(cal, director):
    row, one = case(cal), deed(text="Llamé")
    followups.move(row.pk, Action.MANAGED, one, by=director, at=MONDAY, calendar=cal)
    followups.move(row.pk, Action.MANAGED, one, by=director, at=MONDAY, calendar=cal)
    assert row.events.filter(action=Action.MANAGED).count() == 1
    with pytest.raises(Conflict):
        followups.move(row.pk, Action.MANAGED, one, by=person(Role.AFTERSALES_DIRECTOR), at=MONDAY, calendar=cal)


def test_a_stale_form_is_told_apart(cal, director):
    row = case(cal)
    followups.move(row.pk, Action.TAKEN, deed(version=0), by=director, at=MONDAY, calendar=cal)
    with pytest.raises(Conflict, match="Otra persona cambió"):
        followups.move(row.pk, Action.MANAGED, deed(version=0, text="x"), by=director, at=MONDAY, calendar=cal)


def test_escalation_climbs_to_the_manager_and_ends_there(cal):
    site, people, employee = house()
    row = case(cal, site=site, advisor=employee)
    by = people[Role.SERVICE_ADVISOR]
    steps = [followups.escalate(row.pk, deed(reason="Pide hablar con el jefe"), by=by, at=MONDAY).owner for _ in range(2)]
    assert steps == [people[Role.AFTERSALES_DIRECTOR], people[Role.AFTERSALES_MANAGER]]
    with pytest.raises(Refused, match="último nivel"):
        followups.escalate(row.pk, deed(reason="Más"), by=by, at=MONDAY)


def test_bulk_assignment_gives_only_what_the_other_may_see(cal, director, north, centre):
    rows = [case(cal, site=north), case(cal, site=north)]
    other = person(Role.AFTERSALES_DIRECTOR, all_sites=False)
    other.sites.add(centre)
    with pytest.raises(Refused, match="alcance"):
        followups.assign([row.pk for row in rows], other, by=director, at=MONDAY)
    to = person(Role.SERVICE_ADVISOR, all_sites=False)
    to.sites.add(north)
    assert followups.assign([row.pk for row in rows], to, by=director, at=MONDAY) == 2
    assert followups.assign([row.pk for row in rows], to, by=director, at=MONDAY) == 0
    assert set(FollowUp.objects.values_list("owner", flat=True)) == {to.pk}
    assert FollowUpEvent.objects.filter(action=Action.ASSIGNED).count() == 2


# -- alarms ----------------------------------------------------------------------------------------------------------


def test_half_of_the_term_warns_and_its_end_escalates_once(cal):
    site, people, employee = house()
    row = case(cal, site=site, advisor=employee)
    half, end = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
    assert alarms.sweep(half - timedelta(minutes=1), cal) == 0
    assert alarms.sweep(half, cal) == 1
    assert alarms.sweep(half, cal) == 0
    assert alarms.sweep(end, cal) == 1
    assert alarms.sweep(end + timedelta(hours=1), cal) == 0
    row.refresh_from_db()
    assert (row.level, row.escalated_at, row.alarm_at, row.owner) == (Level.DIRECTOR, end, None, people[Role.SERVICE_ADVISOR])
    assert list(row.events.values_list("action", flat=True)) == [Action.OPENED, Action.WARNED, Action.OVERDUE]
    overdue = Notification.objects.filter(key__startswith=f"followup:{row.pk}:overdue")
    assert set(overdue.values_list("user", flat=True)) == {people[Role.SERVICE_ADVISOR].pk, people[Role.AFTERSALES_DIRECTOR].pk}


@pytest.mark.parametrize("hour", [-4, 10, 14])
def test_nobody_is_escalated_at_night(hour, cal):
    case(cal)
    at = MONDAY.replace(hour=9) + timedelta(days=3, hours=hour)
    assert alarms.sweep(at, cal) == 0


def test_a_closed_case_has_no_alarm(cal, director):
    row = case(cal)
    followups.move(row.pk, Action.RESOLVED, whole_deed(), by=director, at=MONDAY, calendar=cal)
    assert alarms.sweep(MONDAY + timedelta(days=7), cal) == 0


def test_new_reds_go_in_one_mail_and_the_digest_once_a_day(cal):
    site, people, employee = house()
    for _ in range(3):
        case(cal, site=site, advisor=employee)
    assert alarms.mail_new(MONDAY.replace(hour=22), cal) == 0
    assert alarms.mail_new(MONDAY, cal) == 1
    assert alarms.mail_new(MONDAY, cal) == 0
    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == ([people[Role.SERVICE_ADVISOR].email], "3 casos de insatisfacción por gestionar")
    later = MONDAY + timedelta(days=3)
    assert alarms.digest(later, cal) == 2
    assert alarms.digest(later, cal) == 2
    assert Mail.objects.filter(key__startswith="followup-digest").count() == 2
    assert "Vencido hace 1 día hábil" in Mail.objects.filter(to=[people[Role.AFTERSALES_DIRECTOR].email]).get().body


def test_the_director_hears_each_morning_of_what_the_sweep_found_overdue(cal):
    site, people, employee = house()
    case(cal, site=site, advisor=employee)
    later = MONDAY + timedelta(days=3)
    assert alarms.sweep(later, cal) > 0
    assert alarms.digest(later, cal) == 2
    told = Mail.objects.filter(key__startswith="followup-digest").values_list("to", flat=True)
    assert sorted(to for (to,) in told) == sorted(people[role].email for role in (Role.SERVICE_ADVISOR, Role.AFTERSALES_DIRECTOR))


# -- races -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("house")
@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_a_case_one_is_told(cal):
    row = case(cal)
    people = [person(Role.AFTERSALES_DIRECTOR), person(Role.AFTERSALES_DIRECTOR)]
    told, gate = [], threading.Barrier(2)

    def take(user):
        gate.wait()
        try:
            followups.move(row.pk, Action.TAKEN, deed(key=uuid.uuid4(), version=0), by=user, at=MONDAY, calendar=cal)
            told.append("taken")
        except (Conflict, Refused):
            told.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["refused", "taken"]
    assert FollowUpEvent.objects.filter(action=Action.TAKEN).count() == 1


@pytest.mark.usefixtures("house")
@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_escalate_once(cal):
    for _ in range(5):
        case(cal)
    found, gate, at = [], threading.Barrier(2), MONDAY + timedelta(days=2)

    def run():
        gate.wait()
        found.append(alarms.sweep(at, cal))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == 5
    assert FollowUpEvent.objects.filter(action=Action.OVERDUE).count() == 5


def test_the_trail_tells_every_change_in_words(cal, director):
    row = case(cal)
    followups.move(row.pk, Action.TAKEN, deed(), by=director, at=MONDAY, calendar=cal)
    taken, opened = audit.history_of(FollowUp.objects.get(pk=row.pk))
    assert (taken.what, opened.what) == ("Cambió", "Creó")
    told = {line.field: (line.before, line.after) for line in taken.lines}
    assert told["Gestión"] == ("Sin gestión", "En trámite")
    assert told["Semáforo"] == ("Sin gestión", "En trámite")
    assert "Key" not in {line.field for line in opened.lines}
