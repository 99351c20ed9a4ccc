"""The audit's pages: who may open them, whose rows they show, what they cost, what their buttons do."""

import re
import uuid
from datetime import date, datetime, time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from callcenter.domain import outreach as verbs
from callcenter.domain import queue
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.domain.metrics import Slice
from callcenter.models import Brand, Change, DataRequest, Exclusion, Mail, Notification
from callcenter.roles import Role
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.periods import Month
from crm_audit import timeline
from crm_audit.domain import checks, goals, indicators, notices, validity
from crm_audit.enums import TargetKind, Verdict
from crm_audit.models import Activity, Notice, Prospect, ProspectCheck, Target, TrafficEntry
from tests.conftest import person
from tests.crm_audit.conftest import bring, reason
from tests.factories import MONDAY, CustomerFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
HTMX = {"HTTP_HX_REQUEST": "true"}
PAGES = ["prospects", "light", "targets", "completeness", "activities", "notices"]


def page(response):
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.fixture
def audit(floor):
    bring("traffic", "f5_traffic.csv")
    bring("visits", "f6_visits.csv")


@pytest.fixture
def crm(client, lead):
    client.force_login(lead)
    return client


@pytest.fixture
def stranger(north, db):
    """A Líder CRM of another site."""
    user = person(Role.CRM_LEAD, all_sites=False)
    user.sites.add(north)
    return user


def by_file(file_id):
    return TrafficEntry.objects.get(file_id=file_id).prospect


def about(text):
    return Activity.objects.get(comment__startswith=text)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("role", "status"), [(Role.CRM_LEAD, 200), (Role.QUALITY_COORDINATOR, 200), (Role.SALES_ADVISOR, 403), (Role.SERVICE_ADVISOR, 403)]
)
def test_a_role_opens_what_is_its_work(client, audit, name, role, status):
    client.force_login(person(role))
    assert client.get(reverse(f"crm_audit:{name}")).status_code == status


@pytest.mark.parametrize("name", PAGES)
def test_a_person_of_another_site_sees_none_of_it(client, audit, stranger, name):
    client.force_login(stranger)
    text = page(client.get(reverse(f"crm_audit:{name}")))
    for words in ("Carlos Ríos", "John Smith", "Pedro Lara"):
        assert words not in text


def test_foreign_rows_do_not_exist(client, audit, stranger):
    client.force_login(stranger)
    row, activity = by_file("4501"), about("Pide financiación")
    assert client.get(reverse("crm_audit:prospect", args=[row.pk])).status_code == 404
    assert client.post(reverse("crm_audit:decide", args=[row.pk]), {}).status_code == 404
    for name in ("judge", "take_back", "resolve"):
        assert client.post(reverse(f"crm_audit:{name}", args=[activity.pk]), {"verdict": "VALID"}).status_code == 404


def test_who_only_reads_judges_nothing(client, audit):
    client.force_login(person(Role.QUALITY_COORDINATOR))
    assert client.post(reverse("crm_audit:judge", args=[about("Pide financiación").pk]), {"verdict": "VALID"}).status_code == 403
    assert client.post(reverse("crm_audit:open_checks"), {"percent": 100}).status_code == 403
    assert client.post(reverse("crm_audit:set_target"), {}).status_code == 403
    assert "/dictamen/" not in page(client.get(reverse("crm_audit:activities")))


@pytest.mark.parametrize("name", ["prospects", "light", "activities", "completeness"])
def test_a_page_costs_the_same_whatever_it_shows(crm, audit, name):
    rows = Activity.objects.exclude(pk=Activity.objects.first().pk)
    rows.update(verdict="INVALID", reason=reason("ACTIVITY", "VAGUE"), judged_by=person(Role.CRM_LEAD), judged_at=MONDAY)
    few = queries(crm, name)
    Activity.objects.update(verdict="", reason=None, judged_by=None, judged_at=None)
    assert queries(crm, name) == few


def queries(client, name):
    client.get(reverse(f"crm_audit:{name}"))
    with CaptureQueriesContext(connection) as found:
        assert client.get(reverse(f"crm_audit:{name}")).status_code == 200
    return len(found)


def test_the_procedure_says_that_it_has_expired(crm, audit):
    assert "GC-PRO-05 v3 venció el 15/07/2026" in page(crm.get("/prospectos/"))
    assert "venció el 15/07/2026" in page(crm.get("/"))


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2026, 5, 15), ""),
        (date(2026, 5, 16), "vence el 15/07/2026"),
        (date(2026, 7, 15), "vence el"),
        (date(2026, 7, 16), "venció el"),
    ],
)
def test_the_procedure_warns_sixty_days_before(db, today, words):
    warning = timeline.procedure_warning(datetime.combine(today, time(9), tzinfo=BOGOTA))
    assert (words in warning, bool(warning)) == (True, bool(words))


def test_a_known_customer_is_said_on_the_prospects_page(crm, audit):
    CustomerFactory(name="Luz Ortiz de Mora", document_key="52000101", document_number="52000101")
    assert "Ya es cliente" in page(crm.get(reverse("crm_audit:prospect", args=[by_file("4510").pk])))
    assert "Ya es cliente" not in page(crm.get(reverse("crm_audit:prospect", args=[by_file("4501").pk])))


def test_prospects_show_signals_in_words_and_filter_by_them(crm, audit):
    text = page(crm.get("/prospectos/?month=2026-11&signal=EMPLOYEE_PHONE"))
    assert "El teléfono es de Carrazos o de un colaborador" in text
    assert "Carlos Ríos" not in text


def test_sending_to_the_queue_and_drawing_a_sample(crm, audit):
    response = crm.post("/prospectos/verificar/?month=2026-11", {"percent": "30", "seed": "auditoría"}, follow=True)
    assert "Muestra del 30 % con la semilla «auditoría»" in page(response)
    assert 0 < ProspectCheck.objects.count() < 15
    crm.post("/prospectos/verificar/?month=2026-11", {"percent": "100"})
    assert ProspectCheck.objects.count() == 14  # one more is of October
    assert "va de 1 a 100" in page(crm.post("/prospectos/verificar/", {"percent": "500"}, follow=True))


def test_a_verdict_without_a_call_needs_its_note(crm, audit):
    row = by_file("4506")
    url = reverse("crm_audit:decide", args=[row.pk])
    refused = crm.post(url, {"verdict": "INVALID", "invalid_reason": "NO_PHONE", "note": ""})
    assert refused.status_code == 422
    assert "Este campo es obligatorio" in page(refused)
    done = crm.post(url, {"verdict": "INVALID", "invalid_reason": "NO_PHONE", "note": "Nueve dígitos; el asesor confirmó"}, follow=True)
    assert "No válido" in page(done)
    assert ProspectCheck.objects.get(prospect=row).note == "Nueve dígitos; el asesor confirmó"


# -- the call ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def held(audit, lead):
    checks.open_checks(Prospect.objects.filter(pk=by_file("4501").pk), at=MONDAY, by=lead)
    row = by_file("4501")
    return queue.take(row.validation.outreach_id, lead, at=MONDAY, calendar=company_calendar())


def say(client, held, **more):
    data = {"key": str(uuid.uuid4()), "fence": held.fence, "outcome": "DONE"} | more
    return client.post(reverse("callcenter:record", args=[held.pk]), data, **HTMX)


def test_the_call_page_has_the_script_the_facts_and_no_booking(crm, held):
    text = page(crm.get("/cola/"))
    for words in (
        "Guion GC-INS-VAL v1",
        "3 de noviembre de 2026",
        "¿Recibió asesoría de parte de Rosa Demo?",
        "Contestó: verificar",
        "Lo que el asesor registró",
    ):
        assert words in text
    assert "Agendó la cita" not in text


def test_a_verified_prospect_is_saved_with_its_call(crm, held, floor):
    say(
        crm,
        held,
        verdict="VALID",
        is_real="on",
        advised="PARTLY",
        advised_by=floor["rosa"].pk,
        advised_how="SHOWROOM",
        quoted="on",
        note="Quiere el Taos",
    )
    check = ProspectCheck.objects.get(outreach=held)
    assert (check.verdict, check.advised, check.advised_by, check.quoted, check.note) == (
        "VALID",
        "PARTLY",
        floor["rosa"],
        True,
        "Quiere el Taos",
    )


def test_asking_for_deletion_files_the_claim_with_its_term_and_stays(crm, held, lead):
    said = {"verdict": "INVALID", "invalid_reason": "NOT_REAL", "wants_deletion": "on", "note": "No conoce a Carrazos"}
    say(crm, held, **said)
    claim = DataRequest.objects.get()
    assert (claim.customer, claim.right, claim.text, str(claim.due_on)) == (held.customer, "DELETE", "No conoce a Carrazos", "2026-12-15")
    assert Exclusion.objects.standing().filter(customer=held.customer).exists()
    attempt = ProspectCheck.objects.get(outreach=held).attempt
    with pytest.raises(Refused, match="radicada"):
        verbs.undo_attempt(attempt.pk, by=lead, at=attempt.at, lease_until=attempt.at + queue.LEASE)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"verdict": "INVALID"}, "Elija el motivo por el que no es válido"),
        ({"verdict": "VALID"}, "no puede quedar válido"),
        ({}, "Diga si el prospecto es válido"),
        ({"outcome": "BOOKED"}, "no se agenda"),
    ],
)
def test_a_call_that_lacks_something_loses_nothing(crm, held, said, words):
    response = say(crm, held, note="Lo que dijo", **said)
    assert response.status_code == 422
    assert words in page(response)
    assert "Lo que dijo" in page(response)
    assert ProspectCheck.objects.get(outreach=held).verdict == ""


# -- activities -------------------------------------------------------------------------------------------------------


def test_a_verdict_by_key_answers_the_row(crm, audit):
    row = about("Pide financiación")
    response = crm.post(reverse("crm_audit:judge", args=[row.pk]), {"verdict": "VALID"}, **HTMX)
    assert response.status_code == 200
    assert "data-judged" in page(response)
    back = crm.post(reverse("crm_audit:take_back", args=[row.pk]), **HTMX)
    assert "Propuesta" in page(back)


def test_a_refused_verdict_says_why_in_the_row(crm, audit):
    response = crm.post(reverse("crm_audit:judge", args=[about("no contesta").pk]), {"verdict": "INVALID"}, **HTMX)
    assert response.status_code == 422
    assert "Elija el motivo" in page(response)


def test_the_identical_are_judged_at_once(crm, audit):
    row = Activity.objects.filter(hints=["COPY_PASTE"]).first()
    response = crm.post(
        reverse("crm_audit:judge", args=[row.pk]), {"verdict": "INVALID", "reason": "COPY_PASTE", "identical": "on"}, **HTMX
    )
    assert response["HX-Refresh"] == "true"
    assert Activity.objects.filter(verdict="INVALID").count() == 3


def test_the_button_of_the_identical_takes_the_proposal(crm, audit):
    Activity.objects.filter(hints=["COPY_PASTE"]).update(proposal="INVALID")
    row = Activity.objects.filter(hints=["COPY_PASTE"]).first()
    crm.post(reverse("crm_audit:judge", args=[row.pk]), {"identical": "on", "reason": "VAGUE", "note": ""}, **HTMX)
    assert set(Activity.objects.exclude(verdict="").values_list("verdict", "reason__code")) == {("INVALID", "COPY_PASTE")}
    assert Activity.objects.exclude(verdict="").count() == 3


def test_a_full_page_of_the_review_stays_light(crm, audit):
    some = Activity.objects.filter(hints=["COPY_PASTE"]).first()
    Activity.objects.bulk_create(copy_of(some, number) for number in range(60))
    response = crm.get("/actividades/")
    assert (response.content.count(b"<article"), len(response.content) < 60 * 1024) == (40, True)


def copy_of(row, number):
    found = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.attname != "id"}
    return Activity(**found | {"spiga_id": f"copia-{number}"})


def test_only_identical_ones_of_ones_own_scope_are_counted(audit, stranger):
    rows = list(Activity.objects.pending())
    counted = validity.count_identical(rows, within=Activity.objects.all())
    assert {row.comment[:8]: counted[row.pk] for row in rows if counted[row.pk] > 1} == {"Cliente ": 3}
    assert {count for pk, count in counted.items() if "COPY_PASTE" not in Activity.objects.get(pk=pk).hints} == {1}
    assert set(validity.count_identical(rows, within=Activity.objects.visible_to(stranger)).values()) == {0}


def test_a_verdict_leaves_who_changed_what(crm, audit, lead):
    row = about("Pide financiación")
    crm.post(reverse("crm_audit:judge", args=[row.pk]), {"verdict": "VALID"}, **HTMX)
    change = Change.objects.get(table_name="crm_audit_activity", row_id=row.pk)
    assert (change.actor, change.before["verdict"], change.after["verdict"]) == (lead, "", "VALID")
    before = Change.objects.count()
    Activity.objects.update(proposal="INVALID", hints=["VAGUE"])  # what the software proposes is no history
    assert Change.objects.count() == before


def test_a_long_comment_is_folded_and_opens_by_key(crm, audit):
    text = page(crm.get("/actividades/"))
    assert text.count("Comentario completo") == 1
    assert 'data-row-key="c"' in text


def test_an_ambiguous_activity_is_cleared_by_a_person(crm, audit):
    row = about("Pide precio del Polo")
    assert "300 ••• ••57" in page(crm.get("/actividades/por-aclarar/"))
    crm.post(reverse("crm_audit:resolve", args=[row.pk]), {"prospect": by_file("4501").pk})
    row.refresh_from_db()
    assert row.is_ambiguous  # not a candidate
    crm.post(reverse("crm_audit:resolve", args=[row.pk]), {"prospect": by_file("4521").pk})
    row.refresh_from_db()
    assert (row.prospect, row.is_ambiguous) == (by_file("4521"), False)
    bring("visits", "f6_visits.csv")
    row.refresh_from_db()
    assert row.prospect == by_file("4521")  # a person's word stays


# -- targets ----------------------------------------------------------------------------------------------------------


def test_targets_are_set_copied_and_taken_away(crm, audit, vw):
    assert "Sin meta" in page(crm.get("/prospectos/metas/"))
    crm.post("/prospectos/metas/fijar/", {"period": "2026-11", "kind": "PROSPECTS", "brand": vw.pk, "value": "20"})
    assert Target.objects.get().value == 20
    crm.post("/prospectos/metas/copiar/", {"period": "2026-12"})
    assert Target.objects.filter(period="2026-12").count() == 1
    crm.post("/prospectos/metas/fijar/", {"period": "2026-11", "kind": "PROSPECTS", "brand": vw.pk, "value": ""})
    assert not Target.objects.filter(period="2026-11").exists()


def test_the_history_of_a_brands_goal_is_for_who_sees_the_brand(client, vw):
    row = Target.objects.create(kind=TargetKind.PROSPECTS, brand=vw, period="2026-11", value=20)
    address = reverse("callcenter:row_history", args=["target", row.pk])
    client.force_login(person(Role.CALL_CENTER_LEAD))
    assert client.get(address).status_code == 200
    elsewhere = person(Role.CALL_CENTER_LEAD, all_brands=False)
    elsewhere.brands.add(Brand.objects.exclude(pk=vw.pk)[0])
    client.force_login(elsewhere)
    assert client.get(address).status_code == 404


# -- notices ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def judged(audit, lead):
    validity.judge(about("no contesta").pk, Verdict.INVALID, reason=reason("ACTIVITY", "NO_CONTACT_MADE"), by=lead, at=MONDAY)
    quote = Activity.objects.get(kind="QUOTE", state="NOT_DONE")
    validity.judge(quote.pk, Verdict.NOT_DONE, reason=reason("ACTIVITY", "FORGOTTEN"), by=lead, at=MONDAY)


def test_a_notice_is_previewed_sent_once_opened_answered_and_corrected(crm, judged, floor, client, lead):
    text = page(crm.get("/actividades/avisos/"))
    assert "rosa@carrazos.example" in text
    assert "copia: catalina@carrazos.example" in text
    for _ in range(2):
        crm.post("/actividades/avisos/enviar/", {"advisor": floor["rosa"].pk})
    notice, mail = Notice.objects.get(), Mail.objects.get()
    assert (mail.to, mail.cc, notice.items.count()) == (["rosa@carrazos.example"], ["catalina@carrazos.example"], 2)
    link = f"/aviso-crm/{notice.token}/"
    assert link in mail.body
    client.logout()
    assert client.head(link).status_code == 200
    assert "Sin seguimiento del asesor" in page(client.get(link))
    assert Notice.objects.get().opened_at is None  # a scanner of mail fetches it too: fetching says nothing
    assert client.get(f"{link}abierto/").status_code == 405
    assert client.post(f"{link}abierto/").status_code == 204
    opened_at = Notice.objects.get().opened_at
    assert opened_at is not None
    assert client.post(link, {"text": " "}).status_code == 422
    client.post(link, {"text": "Ya lo actualicé"})
    notice.refresh_from_db()
    assert (notice.opened_at, notice.answer) == (opened_at, "Ya lo actualicé")
    assert Notification.objects.get(user=lead).url == f"/actividades/avisos/{notice.pk}/"
    bring("visits", "f6_visits_corrected.csv")
    assert notice.items.filter(corrected_at__isnull=False).count() == 2
    assert client.get("/aviso-crm/inventado/").status_code == 404


def test_who_answers_has_opened_it(crm, judged, floor, client):
    crm.post("/actividades/avisos/enviar/", {"advisor": floor["rosa"].pk})
    client.logout()
    client.post(f"/aviso-crm/{Notice.objects.get().token}/", {"text": "Listo"})
    assert Notice.objects.get().opened_at == Notice.objects.get().answered_at


def test_a_verdict_changed_to_valid_asks_the_advisor_for_nothing_more(crm, judged, floor, lead):
    crm.post("/actividades/avisos/enviar/", {"advisor": floor["rosa"].pk})
    row = about("no contesta")
    validity.judge(row.pk, Verdict.VALID, reason=None, by=lead, at=MONDAY)
    assert row.notices.get().corrected_at == MONDAY
    assert Notice.objects.get().items.filter(corrected_at__isnull=True).count() == 1


def test_an_advisor_without_mail_is_told_and_not_sent(judged, floor, lead):
    floor["rosa"].email = ""
    floor["rosa"].save()
    (draft,) = notices.drafts(lead, MONDAY)
    assert "No tiene correo" in draft.blocked


def test_targets_of_advisors_and_sites_add_up_where_the_brand_has_none(audit, floor, vw, lead, centre):
    month = Month(2026, 11)
    part = Slice.of(month)
    validity.judge(about("Pide financiación").pk, Verdict.VALID, reason=None, by=lead, at=MONDAY)
    assert indicators.indicators(part)[1].text == "Sin meta"
    goals.set_target(TargetKind.ACTIVITIES, month, vw, 4, advisor=floor["rosa"], by=lead, at=MONDAY)
    goals.set_target(TargetKind.ACTIVITIES, month, vw, 6, advisor=floor["iván"], by=lead, at=MONDAY)
    assert indicators.indicators(part)[1].fraction == "1 de 10"
    goals.set_target(TargetKind.ACTIVITIES, month, vw, 5, by=lead, at=MONDAY)
    found = indicators.indicators(part)[1]
    assert (found.text, found.met) == ("20,0 %", False)
    rosa = next(line for line in indicators.by_advisor(part, month) if line.name == "Rosa Demo")
    assert rosa.follow_up.fraction == "1 de 4"
