"""S18, S19: the trail that the database writes, and the log of who looked."""

import hashlib
import secrets
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from callcenter import exports, tasks
from callcenter.domain import audit, erasure, grants, seals
from callcenter.enums import ExclusionScope, ExclusionSource
from callcenter.models import (
    Access,
    AccessLog,
    AuditSeal,
    Change,
    ContactPoint,
    Customer,
    Exclusion,
    ListExport,
    Mail,
    Notification,
    Reason,
    User,
)
from callcenter.roles import TITLES, Role
from callcenter.spiga import pipeline
from tests.callcenter.spiga.files import csv_bytes, row
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, PhoneFactory, SiteFactory, UserFactory
from tests.security.addresses import evidence

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def trail(model, kind=None):
    rows = Change.objects.filter(table_name=model._meta.db_table).order_by("id")
    return list(rows.filter(kind=kind) if kind else rows)


# -- every way of writing leaves a trail -----------------------------------------------------------------------------


def in_bulk(customer):
    Customer.objects.filter(pk=customer.pk).update(city="Cali")


def by_sql(customer):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE callcenter_customer SET city = 'Cali' WHERE id = %s", [customer.pk])


def bulk_update(customer):
    customer.city = "Cali"
    Customer.objects.bulk_update([customer], ["city"])


def by_save(customer):
    customer.city = "Cali"
    customer.save()


@pytest.mark.parametrize("write", [in_bulk, by_sql, bulk_update, by_save])
def test_s19_every_way_of_writing_leaves_what_changed_and_no_more(write):
    customer = CustomerFactory(city="Bogotá")
    write(customer)
    assert [(row.row_id, row.before, row.after) for row in trail(Customer)] == [(customer.pk, {"city": "Bogotá"}, {"city": "Cali"})]


def test_s19_an_import_leaves_the_trail_of_what_it_changed_with_its_person(agent):
    SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    batch = pipeline.receive("proactive", csv_bytes([row()]), "a.csv", by=agent, site=None, at=MONDAY, authorised=True)
    pipeline.import_now(batch)
    audit.act_as(agent.pk, "prueba")
    changed = Customer.objects.update(dms_code="9")
    found = trail(Customer, "UPDATE")[-changed:]
    assert {entry.actor_id for entry in found} == {agent.pk}
    assert len(found) == changed > 0


def test_what_says_nothing_leaves_no_trail():
    point = PhoneFactory()
    ContactPoint.objects.filter(pk=point.pk).update(last_result="No contesta", last_used_at=MONDAY)
    Customer.objects.filter(pk=point.customer_id).update(city="")
    assert trail(ContactPoint) == trail(Customer) == []


def test_a_password_leaves_that_it_changed_and_never_to_what():
    user = UserFactory()
    user.set_password("una clave muy larga")
    user.save()
    assert trail(User, "UPDATE")[-1].after == {"password": "***"}
    assert user.password not in str([entry.after for entry in trail(User)])


def test_the_acting_person_comes_from_the_request_and_is_forgotten_by_the_next(client, agent):
    client.force_login(agent)
    client.post(reverse("callcenter:preferences"), {"theme": "dark", "density": "normal"})
    Customer.objects.filter(pk=CustomerFactory().pk).update(city="Cali")
    assert trail(Customer)[-1].actor_id == agent.pk
    other = person(Role.CALL_CENTER_AGENT)
    client.force_login(other)
    client.post(reverse("callcenter:preferences"), {"theme": "dark", "density": "normal"})
    Customer.objects.update(city="Pasto")
    assert trail(Customer)[-1].actor_id == other.pk


def test_who_may_do_what_leaves_a_trail_too():
    user = person(Role.CALL_CENTER_AGENT)
    kinds = set(Change.objects.filter(table_name="callcenter_user_groups").values_list("kind", flat=True))
    user.groups.clear()
    kinds |= set(Change.objects.filter(table_name="callcenter_user_groups").values_list("kind", flat=True))
    assert kinds == {"INSERT", "DELETE"}


# -- nobody rewrites it ----------------------------------------------------------------------------------------------


@pytest.fixture
def app_role(db):
    """The application's role in this test's own transaction."""
    role = f"app_{secrets.token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role}")
        grants.grant_to(role)
        cursor.execute(f"GRANT {role} TO CURRENT_USER; SET ROLE {role}")
        yield role  # the test's transaction is rolled back, and with it the role


FORBIDDEN = (
    "UPDATE callcenter_change SET after = '{}'",
    "DELETE FROM callcenter_change",
    "TRUNCATE callcenter_change",
    "DELETE FROM callcenter_accesslog",
    "UPDATE callcenter_auditseal SET digest = ''",
    "DELETE FROM callcenter_auditseal",
    "ALTER TABLE callcenter_change DROP COLUMN before",
    "DROP TABLE callcenter_change",
    "DROP TRIGGER pgtrigger_audit_update_x ON callcenter_customer",
    "ALTER TABLE callcenter_customer DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
    "CREATE TABLE mine (id int)",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_s19_the_application_cannot_rewrite_the_trail(app_role, statement):
    with connection.cursor() as cursor, pytest.raises(ProgrammingError) as refused:
        cursor.execute(statement)
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege | psycopg.errors.UndefinedObject)


def test_s19_the_owner_could_and_that_is_why_the_application_is_not_the_owner(db):
    """The negative control: without the role the same statement goes through."""
    Customer.objects.filter(pk=CustomerFactory().pk).update(city="Cali")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE callcenter_change SET after = '{}'")
        assert cursor.rowcount > 0


def test_the_application_works_under_its_own_role(app_role, agent):
    SiteFactory(code="norte", name="Sede Norte", aliases=["NORTE"])
    batch = pipeline.receive("proactive", csv_bytes([row()]), "a.csv", by=agent, site=None, at=MONDAY, authorised=True)
    result = pipeline.import_now(batch)
    assert (result.read, result.created) == (1, 1)
    if connection.pg_version >= 170_000:  # before, the right does not exist and autovacuum does it later
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'callcenter_outreach'::regclass")
            assert cursor.fetchone() == (1,)
    Customer.objects.update(city="Cali")
    assert trail(Customer)[-1].after["city"] == "Cali"


def test_a_role_with_a_strange_name_is_refused(db):
    with pytest.raises(ValueError, match="no es un nombre"):
        grants.grant_to('app"; DROP TABLE x')


# -- sealed ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def sealed(db):
    """Some changes, an hour old, sealed in two stretches."""
    for city in ("Cali", "Pasto", "Tunja"):
        customer = CustomerFactory()
        Customer.objects.filter(pk=customer.pk).update(city=city)
        seals.seal(timezone.now() + timedelta(hours=2))
    assert AuditSeal.objects.count() == 3
    return customer


def as_superuser(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_s19_an_untouched_trail_is_what_was_sealed(sealed):
    assert list(seals.faults()) == []
    assert seals.seal(timezone.now() + timedelta(hours=2)) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            'UPDATE callcenter_change SET after = \'{"city": "Mocoa"}\' WHERE id = (SELECT max(id) FROM callcenter_change)',
            "Los valores del cambio",
        ),
        (
            "UPDATE callcenter_change SET before = NULL, after = NULL WHERE id = (SELECT max(id) FROM callcenter_change)",
            "Los valores del cambio",
        ),
        ("UPDATE callcenter_change SET actor_id = 7 WHERE id = (SELECT max(id) FROM callcenter_change)", "ya no dice quién"),
        ("DELETE FROM callcenter_change WHERE id = (SELECT max(id) FROM callcenter_change)", "Falta el cambio"),
        ("DELETE FROM callcenter_auditseal WHERE id = (SELECT min(id) FROM callcenter_auditseal)", "no sigue al anterior"),
    ],
)
def test_s19_what_a_superuser_rewrites_is_found_out(sealed, statement, told):
    as_superuser(statement)
    quality = person(Role.QUALITY_COORDINATOR)
    found = seals.verify(timezone.now())
    assert any(told in fault for fault in found), found
    assert Notification.objects.filter(user=quality, key__startswith="trail:").exists()


def test_s19_an_erased_person_is_no_fault(sealed):
    erasure.forget_trail(Customer, [sealed.pk])
    assert trail(Customer)[-1].kind == "ERASE"
    assert list(seals.faults()) == []


def test_s19_the_seal_leaves_the_house_by_mail(settings, db):
    settings.AUDIT_SEALS_TO = ["sello@notaria.example"]
    Customer.objects.filter(pk=CustomerFactory().pk).update(city="Cali")
    made = seals.seal(timezone.now() + timedelta(hours=2))
    assert made[-1].digest in Mail.objects.get().body


# -- in words --------------------------------------------------------------------------------------------------------


def test_the_history_of_a_row_reads_in_words(client, north):
    lead = person(Role.CALL_CENTER_LEAD, first_name="Clara", last_name="Mesa")
    client.force_login(lead)
    audit.act_as(lead.pk, "/gestion/")
    customer = CustomerFactory(name="Rosa Gil", sites=[north.pk])
    refusal = Exclusion.objects.create(customer=customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, since=MONDAY)
    Exclusion.objects.filter(pk=refusal.pk).update(withdrawn_at=MONDAY)
    page = client.get(reverse("callcenter:row_history", args=["exclusion", refusal.pk])).content.decode()
    for words in ("Clara Mesa", "Creó", "Cambió", "Rosa Gil", "Mensajes y llamadas comerciales", "Levantada", "23/11/2026 09:00"):
        assert words in page, words
    assert "withdrawn_at" not in page


def test_a_role_is_told_by_its_title(client):
    user = person(Role.SALES_ADVISOR, first_name="Rosa")
    client.force_login(person(Role.CALL_CENTER_LEAD))
    page = client.get(reverse("callcenter:history")).content.decode()
    assert [words in page for words in ("Usuario", "Grupo", TITLES[Role.SALES_ADVISOR], "sales_advisor", str(user))] == [
        True,
        True,
        True,
        False,
        True,
    ]


def test_the_machines_own_columns_are_no_history():
    assert (audit.field_of(Customer, "name_key"), audit.field_of(Customer, "name").verbose_name) == (None, "nombre")


def test_history_shows_nothing_of_another_site(client, north, centre):
    lead = person(Role.CALL_CENTER_LEAD, all_sites=False)
    lead.sites.add(north)
    client.force_login(lead)
    foreign = CustomerFactory(sites=[centre.pk])
    phone = PhoneFactory(customer=foreign)
    ContactPoint.objects.filter(pk=phone.pk).update(value="+573005559999")
    assert client.get(reverse("callcenter:row_history", args=["contactpoint", phone.pk])).status_code == 404
    assert "3005559999" not in client.get(reverse("callcenter:history")).content.decode()


def test_the_page_of_changes_costs_the_same_for_many(client):
    lead = person(Role.CALL_CENTER_LEAD)
    client.force_login(lead)

    def queries():
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("callcenter:history"))
        return [query["sql"] for query in seen]

    Change.objects.all().delete()
    Reason.objects.filter(pk=Reason.objects.first().pk).update(order=1)
    queries()
    first = queries()
    Reason.objects.update(order=2)
    again = queries()
    assert len(again) == len(first), set(again) ^ set(first)


# -- S18 -------------------------------------------------------------------------------------------------------------


def test_s18_seeing_evidence_is_written_before_the_first_byte(client, north, agent):
    client.force_login(agent)
    pk = evidence(north, agent)["pk"]
    response = client.get(reverse("callcenter:evidence", args=[pk]))
    note = AccessLog.objects.get()  # the client has read nothing yet
    assert (note.user, note.action, note.about) == (agent, Access.VIEW, f"Evidencia n.º {pk}")
    assert b"".join(response.streaming_content) == b"x"


def ask_for(client, **more):
    return client.post(reverse("callcenter:customers_export"), {"state": "", "columns": "all", "reason": "Campaña de frenos"} | more)


def test_s18_a_download_leaves_its_row_before_the_file_and_the_hash_of_what_left(client, north):
    boss = person(Role.AFTERSALES_DIRECTOR)
    CustomerFactory.create_batch(3, sites=[north.pk])
    client.force_login(boss)
    assert ask_for(client).status_code == 302
    row = ListExport.objects.get()
    assert (row.requested_by, row.reason, row.rows, row.work_state) == (boss, "Campaña de frenos", 3, "QUEUED")
    while tasks.run_one():
        pass
    answer = client.get(reverse("callcenter:export_file", args=[row.pk]))
    note = AccessLog.objects.get()  # not a byte has been read yet
    content = b"".join(answer.streaming_content)
    assert (note.user, note.rows, note.sha256) == (boss, 3, hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("quota", ["DAILY_EXPORTS", "DAILY_ROWS"])
def test_s18_past_the_days_quota_another_person_approves(client, north, monkeypatch, quota):
    """The sixth download, or the row too many: 403, somebody is told, and one's own approval is worth nothing."""
    monkeypatch.setattr(exports, quota, {"DAILY_EXPORTS": 1, "DAILY_ROWS": 5}[quota])
    boss, overseer = person(Role.AFTERSALES_MANAGER), person(Role.QUALITY_COORDINATOR)
    CustomerFactory.create_batch(3, sites=[north.pk])
    client.force_login(boss)
    assert [ask_for(client).status_code for _ in range(2)] == [302, 403]
    held = ListExport.objects.held().get()
    assert Notification.objects.get(user=overseer).key == f"export:{held.pk}"
    while tasks.run_one():
        pass
    assert client.get(reverse("callcenter:export_file", args=[held.pk])).status_code == 404
    client.post(reverse("callcenter:approve_export", args=[held.pk]))
    assert ListExport.objects.held().exists()
    client.force_login(overseer)
    assert "Campaña de frenos" in client.get(reverse("callcenter:accesses")).content.decode()
    client.post(reverse("callcenter:approve_export", args=[held.pk]))
    while tasks.run_one():
        pass
    held.refresh_from_db()
    assert (held.work_state, held.approved_by, held.rows) == ("DONE", overseer, 3)


def test_s18_two_windows_at_once_share_one_quota(client, north, monkeypatch):
    monkeypatch.setattr(exports, "DAILY_EXPORTS", 3)
    client.force_login(person(Role.AFTERSALES_DIRECTOR))
    assert [ask_for(client).status_code for _ in range(5)] == [302, 302, 302, 403, 403]


def test_s18_the_log_is_read_by_who_may(client):
    client.force_login(person(Role.CALL_CENTER_AGENT))
    assert client.get(reverse("callcenter:accesses")).status_code == 403
    client.force_login(person(Role.QUALITY_COORDINATOR))
    assert client.get(reverse("callcenter:accesses")).status_code == 200
