"""S24: whoever asks to be erased is erased everywhere, stays erased, and the figures do not move."""

import io
import json
import uuid
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from callcenter import tasks
from callcenter.domain import customers, data_requests, erasure, grants, merging, outreach, personal_data, queue
from callcenter.domain.errors import Refused
from callcenter.domain.outreach import Call
from callcenter.enums import ChangeSource, Channel, Outcome
from callcenter.models import (
    AccessLog,
    Authorisation,
    AuthorisedFor,
    Change,
    Customer,
    CustomerMerge,
    DataRequest,
    DataRight,
    DuplicatePair,
    Evidence,
    FieldChange,
    ImportBatch,
    Outreach,
    Reason,
    RequestKind,
    RequestStatus,
    Retention,
    Tombstone,
)
from callcenter.roles import Role
from callcenter.spiga import pipeline
from satisfaction.models import FollowUp
from tests.callcenter.domain.test_messages_and_appointments import png
from tests.callcenter.spiga.files import csv_bytes, row
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, PhoneFactory, SiteFactory
from tests.security.addresses import case

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
OURS = {"callcenter", "satisfaction", "recovery", "crm_audit", "reports"}


# -- the register forgets no table ------------------------------------------------------------------------------------


def our_models():
    return [model for model in apps.get_models() if model._meta.app_label in OURS and not model._meta.proxy]


def test_every_table_of_the_house_says_what_it_holds_of_a_person():
    declared = [holding.table for holding in personal_data.holdings()]
    assert sorted(set(declared)) == sorted(declared)
    assert {model._meta.label for model in our_models()} - set(declared) == set(), "declare it in the personal_data.py of its app"
    assert set(declared) - {model._meta.label for model in our_models()} == set()


@pytest.mark.parametrize(
    "holding", [line for line in personal_data.holdings() if line.via is not None or line.scrub], ids=lambda line: line.table
)
def test_every_text_column_is_erased_or_said_to_be_kept(holding):
    spoken = {*holding.erase, *holding.keep, *holding.scrub}
    assert spoken <= {field.name for field in holding.model._meta.concrete_fields}
    if not holding.drop:
        assert set(personal_data.text_columns(holding.model)) - spoken == set()


@pytest.mark.parametrize("term", personal_data.terms(), ids=lambda term: f"{term.table}-{term.what}")
def test_every_term_of_conservation_runs(term):
    assert term.empty(term.model._base_manager.filter(**{f"{term.column}__lt": MONDAY})) == 0


# -- the clocks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "received", "extended", "due"),
    [
        (RequestKind.CLAIM, date(2026, 11, 13), False, date(2026, 12, 7)),
        (RequestKind.QUERY, date(2026, 12, 3), False, date(2026, 12, 17)),  # the day of receipt counts
        (RequestKind.QUERY, date(2026, 12, 5), False, date(2026, 12, 21)),  # a Saturday does not: the 8th is a holiday
        (RequestKind.QUERY, date(2026, 12, 3), True, date(2026, 12, 24)),
        (RequestKind.CLAIM, date(2026, 11, 13), True, date(2026, 12, 18)),
    ],
)
def test_the_terms_of_the_law(kind, received, extended, due, cal):
    assert data_requests.due_on(kind, received, cal, extended=extended) == due


@pytest.fixture
def lead(db):
    return person(Role.CALL_CENTER_LEAD, first_name="Clara")


def ask(customer, right, by, cal, **more):
    values = {
        "channel": Channel.VOICE,
        "received_on": MONDAY.date(),
        "text": "Pide lo suyo",
        "by": by,
        "at": MONDAY,
        "calendar": cal,
    } | more
    return data_requests.open_request(customer, right=right, **values)


def test_a_request_goes_its_way_once(lead, cal):
    made = ask(CustomerFactory(), DataRight.KNOW, lead, cal)
    with pytest.raises(Refused, match="ya tiene una solicitud igual"):
        ask(made.customer, DataRight.KNOW, lead, cal)
    first = made.due_on
    assert data_requests.extend(made.pk, reason="Se buscan los archivos", at=MONDAY, calendar=cal).due_on > first
    with pytest.raises(Refused, match="no permite otra"):
        data_requests.extend(made.pk, reason="Otra vez", at=MONDAY, calendar=cal)
    done = data_requests.answer(made.pk, text="Se entregó el expediente", by=lead, at=MONDAY)
    assert done.status == RequestStatus.ANSWERED
    with pytest.raises(Refused, match="ya se cerró"):
        data_requests.answer(made.pk, text="Otra", by=lead, at=MONDAY)


def test_a_claim_that_nobody_completes_is_withdrawn_after_two_months(lead, cal):
    made = ask(CustomerFactory(), DataRight.UPDATE, lead, cal)
    data_requests.ask_to_complete(made.pk, missing="Copia de la cédula", at=MONDAY)
    assert data_requests.withdraw_forgotten(MONDAY.date() + timedelta(days=61)) == 0
    assert data_requests.withdraw_forgotten(MONDAY.date() + timedelta(days=62)) == 1


def test_a_deletion_stops_every_contact_in_the_same_instant(agent, lead, cal):
    row = OutreachFactory()
    assert queue.claim_next(agent, at=MONDAY, calendar=cal).pk == row.pk
    ask(row.customer, DataRight.DELETE, lead, cal)
    row.refresh_from_db()
    assert (row.is_open, row.leased_by) == (False, None)
    assert queue.claim_next(agent, at=MONDAY, calendar=cal) is None


def test_the_banner_is_shown_while_a_claim_is_handled(client, lead, cal):
    customer = CustomerFactory()
    client.force_login(lead)
    page = reverse("callcenter:customer", args=[customer.pk])
    assert "Reclamo en trámite" not in client.get(page).content.decode()
    made = ask(customer, DataRight.UPDATE, lead, cal)
    assert "Reclamo en trámite" in client.get(page).content.decode()
    data_requests.answer(made.pk, text="Corregido", by=lead, at=MONDAY)
    assert "Reclamo en trámite" not in client.get(page).content.decode()


# -- authorisations ----------------------------------------------------------------------------------------------------


def test_an_authorisation_keeps_its_proof_and_the_newer_word_replaces_the_older(client, lead):
    customer = CustomerFactory()
    client.force_login(lead)
    for version in ("v1", "v2"):
        proof = ContentFile(png((40, 40)), name="firma.png")
        form = {
            "purpose": "COMMERCIAL",
            "channels": ["WHATSAPP"],
            "source": "FORM",
            "text_version": version,
            "granted_on": "2026-11-20",
            "proof": proof,
        }
        assert client.post(reverse("privacy:authorise", args=[customer.pk]), form).status_code == 302
    standing = Authorisation.objects.standing().get(customer=customer)
    assert (standing.text_version, standing.purpose, len(standing.proof_sha256)) == ("v2", AuthorisedFor.COMMERCIAL, 64)
    answer = client.get(reverse("privacy:proof", args=[standing.pk]))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert b"".join(answer.streaming_content).startswith(b"\xff\xd8")  # made anew as JPEG
    client.post(reverse("privacy:revoke", args=[standing.pk]))
    assert not Authorisation.objects.standing().exists()
    assert customer.exclusions.standing().exists()


def test_what_is_no_proof_is_refused(client, lead):
    customer = CustomerFactory()
    client.force_login(lead)
    form = {"purpose": "SURVEY", "source": "FORM", "text_version": "v1", "granted_on": "2026-11-20"}
    client.post(reverse("privacy:authorise", args=[customer.pk]), form | {"proof": ContentFile(b"<svg onload=alert(1)>", name="firma.png")})
    client.post(reverse("privacy:authorise", args=[customer.pk]), form | {"proof": ContentFile(b"x", name="firma.exe")})
    assert not Authorisation.objects.exists()


# -- the person's file -------------------------------------------------------------------------------------------------


def test_the_persons_file_tells_what_is_held_and_is_logged(client, lead, agent, cal):
    row = worked("Rosa Expediente", agent, cal)
    client.force_login(lead)
    answer = client.get(reverse("privacy:file", args=[row.customer_id, "json"]))
    told = json.loads(b"".join(answer.streaming_content))
    assert told["titular"] == "Rosa Expediente"
    assert {"Clientes", "Medios de contacto", "Gestiones", "Intentos"} <= set(told["datos"])
    assert "canario-nota" in json.dumps(told)
    assert AccessLog.objects.get().customer_id == row.customer_id


# -- what a page shows --------------------------------------------------------------------------------------------------


def read_by(user):
    return list(AccessLog.objects.filter(user=user).order_by("id").values_list("action", "about", "customer"))


def test_telephones_are_masked_until_asked_for_and_both_readings_leave_a_line(client, lead):
    customer = CustomerFactory(name="Rosa Reservada", sites=[SiteFactory(code="norte").pk])
    PhoneFactory(customer=customer, value="+573005550101")
    PhoneFactory(customer=customer, kind="EMAIL", value="rosa@canario.example", phone_kind="")
    for field, value in (("phone", "300 555 0101: Equivocado"), ("email", "rosa@canario.example")):
        FieldChange.objects.create(customer=customer, field=field, new=value, source=ChangeSource.EDIT, by=lead, at=MONDAY)
    client.force_login(lead)
    whole = ("300 555 0101", "+573005550101", "rosa@canario.example")
    for address in (reverse("callcenter:customers"), reverse("callcenter:customer", args=[customer.pk])):
        page = client.get(address).content.decode()
        assert ("300 ••• ••01" in page, [text for text in whole if text in page]) == (True, []), address
    shown = client.post(reverse("callcenter:customer_points", args=[customer.pk]), headers={"HX-Request": "true"}).content.decode()
    assert ("300 555 0101" in shown, "rosa@canario.example" in shown) == (True, True)
    assert read_by(lead) == [("VIEW", "Página del cliente", customer.pk), ("VIEW", "Teléfonos y correos", customer.pk)]


def test_whoever_opens_a_decoy_is_told_of_once_a_day(client, agent, lead):
    SiteFactory(code="norte")
    call_command("plant_decoys", "2", "--phone", "601 555 0199", "--email", "vigia@carrazos.example", stdout=io.StringIO())
    row, _ = Customer.objects.filter(decoy__isnull=False)
    assert set(row.points.values_list("value", flat=True)) == {"+576015550199", "vigia@carrazos.example"}
    client.force_login(agent)
    for address in (reverse("callcenter:customer", args=[CustomerFactory().pk]), *[reverse("callcenter:customer", args=[row.pk])] * 2):
        assert client.get(address).status_code == 200
    (told,) = lead.notifications.all()
    assert told.text == f"{agent} abrió a «{row}», un cliente señuelo: no tenía por qué"
    assert not agent.notifications.exists()


def test_a_decoy_leads_to_a_telephone_that_rings(db):
    SiteFactory()
    with pytest.raises(CommandError, match="que se pueda marcar"):
        call_command("plant_decoys", "1", "--phone", "123", "--email", "vigia@carrazos.example")


def test_the_telephones_of_a_case_are_for_who_may_see_the_case(client, advisor, outsider, north):
    row = FollowUp.objects.get(pk=case(north, advisor)["pk"])
    PhoneFactory(customer=row.customer, value="+573005550102")
    asked = reverse("satisfaction:points", args=[row.pk])
    client.force_login(outsider)
    assert client.post(asked).status_code == 404
    client.force_login(advisor)
    assert "300 555 0102" not in client.get(reverse("satisfaction:follow_up", args=[row.pk])).content.decode()
    assert 'href="tel:+573005550102"' in client.post(asked).content.decode()
    assert read_by(advisor) == [("VIEW", f"Caso n.º {row.pk}", row.customer_id), ("VIEW", "Teléfonos y correos", row.customer_id)]


# -- S24 ---------------------------------------------------------------------------------------------------------------


def worked(name, agent, cal):
    """A customer who was called, whose data were corrected, with canaries in every place."""
    mark = uuid.uuid4().hex[:8]
    customer = CustomerFactory(name=name, raw_name=name.upper(), sites=[])
    row = OutreachFactory(customer=customer, note=f"nota {name}", phone=False)
    PhoneFactory(customer=customer, kind="EMAIL", value=f"{mark}@canario.example", phone_kind="")
    PhoneFactory(customer=customer)
    claimed = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    call = Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=Reason.objects.filter(kind="NO_CONTACT", needs_note=False).first(),
                note=f"canario-nota de {name}")  # fmt: skip
    queue.start_call(row.pk, agent, fence=claimed.fence, at=MONDAY, calendar=cal)
    outreach.record_attempt(row.pk, call, agent=agent, fence=claimed.fence, at=MONDAY + timedelta(minutes=3), calendar=cal)
    Customer.objects.filter(pk=customer.pk).update(city=f"Ciudad {name}")
    proof = Evidence(outreach=row, original_sha256=mark, sha256=mark, uploaded_by=agent, uploaded_at=MONDAY, original_name=f"{name}.jpg")
    proof.file.save("x.jpg", ContentFile(f"imagen de {name}".encode()))
    row.refresh_from_db()
    return row


def where(word):
    """Every table and every stored file that still holds a word."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE strpos(lower(t::text), %s) > 0', [word.lower()])
            if cursor.fetchone()[0]:
                found.append(table)
    media = Path(settings.MEDIA_ROOT)
    return found + [path.name for path in media.rglob("*") if path.is_file() and word.lower().encode() in path.read_bytes().lower()]


def erase(customer, lead, cal):
    made = ask(customer, DataRight.DELETE, lead, cal)
    data_requests.answer(made.pk, text="Se suprimieron sus datos", by=lead, at=MONDAY)
    while tasks.run_one():
        pass
    made.refresh_from_db()
    return made.erasure


def test_s24_what_compared_merged_or_introduced_them_forgets_them_too(agent, lead, cal):
    other, gone, company = CustomerFactory(name="Berta Otra"), CustomerFactory(name="Zoila Canaria Uno"), CustomerFactory(kind="COMPANY")
    PhoneFactory(customer=gone, value="+573005550199")
    DuplicatePair.objects.create(first=other, second=gone, score=60, reasons=["Documentos distintos: canario"], state="DISMISSED",
                                 found_at=MONDAY)  # fmt: skip
    undone = merging.merge(other.pk, gone.pk, by=lead, at=MONDAY)
    merging.undo(undone.pk, by=lead, at=MONDAY)
    twin = CustomerFactory(name="Zoila Canaria Uno", document_key="", document_number="")
    kept = merging.merge(gone.pk, twin.pk, by=lead, at=MONDAY)
    add = {"position": "Jefe", "phone": "3005550199", "today": MONDAY.date(), "edit": customers.Edit(lead, MONDAY)}
    contact = customers.add_contact(company.pk, name="Zoila Canaria Uno", **add)
    assert contact.person == gone
    erase(Customer.objects.get(pk=gone.pk), lead, cal)
    assert not DuplicatePair.objects.filter(second=gone).exists()
    undone.refresh_from_db()
    assert (undone.before, undone.reasons) == ({}, [])
    assert list(company.changes.values_list("new", flat=True)) == ["Suprimido"]
    with pytest.raises(Refused, match="se suprimieron a petición"):
        merging.undo(kept.pk, by=lead, at=MONDAY)
    assert not CustomerMerge.objects.undoable().exists()


def test_s24_an_erased_person_is_nowhere_and_the_others_stay(agent, lead, cal):
    SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    gone, stays = worked("Zoila Canaria Uno", agent, cal), worked("Berta Canaria Dos", agent, cal)
    phone = gone.customer.points.phones().get().value
    file = csv_bytes([row(name="ZOILA CANARIA UNO", document=gone.customer.document_number)])
    batch = pipeline.receive("proactive", file, "lista.csv", by=agent, site=None, at=MONDAY, authorised=True)
    pipeline.import_now(batch)
    before = Outreach.objects.count(), Outreach.objects.filter(attempts__isnull=False).count()
    assert where("zoila canaria uno")
    work = erase(gone.customer, lead, cal)
    assert (work.work_state, work.error) == ("DONE", "")
    for word in ("zoila canaria uno", gone.customer.document_number, phone[3:], "canario-nota de zoila"):
        assert where(word) == [], word
    assert where("berta canaria dos")
    assert (Outreach.objects.count(), Outreach.objects.filter(attempts__isnull=False).count()) == before
    stays.customer.refresh_from_db()
    assert stays.customer.name == "Berta Canaria Dos"
    assert Change.objects.filter(table_name="callcenter_customer", row_id=gone.customer_id, kind="ERASE").exists()

    # Tomorrow SPIGA sends the same person again.
    again = pipeline.receive("proactive", file, "manana.csv", by=agent, site=None, at=MONDAY, repeat=True, authorised=True)
    result = pipeline.import_now(again)
    assert dict(result.excluded) == {"ERASED": 1}
    assert where("zoila canaria uno") == []
    assert not ImportBatch.objects.get(pk=again.pk).file


def test_s24_under_the_applications_own_role(agent, lead, cal):
    """Production erases and retires as a role that owns nothing and can not rewrite the trail."""
    gone = worked("Zoila Canaria Siete", agent, cal)
    role = f"app_{uuid.uuid4().hex[:8]}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role}")
        grants.grant_to(role)
        cursor.execute(f"GRANT {role} TO CURRENT_USER; SET ROLE {role}")
    work = erase(gone.customer, lead, cal)
    tasks.retire()
    while tasks.run_one():
        pass
    assert (work.work_state, work.error) == ("DONE", "")
    assert Retention.objects.get().work_state == "DONE"
    assert where("zoila canaria siete") == []


def test_s24_without_the_tombstones_the_file_brings_them_back(agent, lead, cal):
    """The negative control."""
    SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    gone = worked("Zoila Canaria Tres", agent, cal)
    file = csv_bytes([row(name="ZOILA CANARIA TRES", document=gone.customer.document_number)])
    erase(gone.customer, lead, cal)
    Tombstone.objects.all().delete()
    batch = pipeline.receive("proactive", file, "manana.csv", by=agent, site=None, at=MONDAY, authorised=True)
    pipeline.import_now(batch)
    assert where("zoila canaria tres") != []


def test_an_erasing_waits_while_a_list_that_names_the_person_is_unconfirmed(agent, lead, cal):
    SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    gone = worked("Zoila Canaria Cuatro", agent, cal)
    pipeline.receive("proactive", csv_bytes([row(name="ZOILA CANARIA CUATRO")]), "l.csv", by=agent, site=None, at=MONDAY, authorised=True)
    work = erase(gone.customer, lead, cal)
    assert work.work_state == "FAILED"
    assert "por confirmar" in work.error


def test_the_marks_say_nothing_without_the_key(agent, settings):
    known = erasure.digest("document", "CC:52000001")
    settings.PERSONAL_DATA_KEY = "another"
    assert erasure.digest("document", "CC:52000001") != known


@pytest.mark.parametrize(
    ("seen", "stopped"),
    [
        ({"document_key": "CC1", "name_key": "OTRO NOMBRE", "values": []}, True),
        ({"document_key": "", "name_key": "ANA GIL", "values": ["+573005550001"]}, True),
        ({"document_key": "", "name_key": "HIJO GIL", "values": ["+573005550001"]}, False),  # a shared telephone is not the same person
        ({"document_key": "", "name_key": "ANA GIL", "values": ["+573009990000"]}, False),  # nor is a namesake
    ],
)
def test_who_is_recognised_as_erased(db, seen, stopped):
    for mark in erasure.marks(document_key="CC1", name_key="ANA GIL", values=["+573005550001"]):
        Tombstone.objects.create(digest=mark)
    assert erasure.Gate().stops(**seen) is stopped


# -- keeping no longer than needed ---------------------------------------------------------------------------------------


def test_the_nightly_round_empties_what_is_past_its_term(agent, cal):
    old, young = worked("Vieja Nota", agent, cal), worked("Nueva Nota", agent, cal)
    old.attempts.update(at=MONDAY - timedelta(days=6 * 365), started_at=MONDAY - timedelta(days=6 * 365))
    tasks.retire()
    tasks.retire()
    while tasks.run_one():
        pass
    assert Retention.objects.get().work_state == "DONE"
    assert (old.attempts.get().note, young.attempts.get().note) == ("", "canario-nota de Nueva Nota")


def test_requests_are_seen_by_who_answers_for_them(client, cal, lead):
    made = ask(CustomerFactory(), DataRight.UPDATE, lead, cal)
    client.force_login(person(Role.CALL_CENTER_AGENT))
    assert client.get(reverse("privacy:requests")).status_code == 403
    client.force_login(lead)
    for url in (
        reverse("privacy:requests"),
        reverse("privacy:request", args=[made.pk]),
        reverse("privacy:person", args=[made.customer_id]),
    ):
        assert client.get(url).status_code == 200
    answer = client.post(reverse("privacy:step", args=[made.pk, "responder"]), {"words": "Listo"})
    assert (answer.status_code, DataRequest.objects.get().status) == (302, RequestStatus.ANSWERED)
    form = {"right": "DELETE", "channel": "EMAIL", "received_on": "2026-11-20", "text": "Bórrenme"}
    assert client.post(reverse("privacy:person", args=[made.customer_id]), form).status_code == 302
