"""Controlled documents that expire, releases of images, and the notices that tell of them."""

from datetime import date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse

from callcenter.domain import images, notices
from callcenter.domain.errors import Refused
from callcenter.models import Campaign, ControlledDocument, DocumentVersion, ImageRelease, Mail, Notification
from callcenter.roles import Role
from carrazos.lib.calendar import BOGOTA
from tests.conftest import person

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 firmado"
DAY = date(2026, 11, 23)


def at(hour=9, day=23):
    return datetime(2026, 11, day, hour, tzinfo=BOGOTA)


def release(**more):
    values = {"person": "Sara Ruiz", "document": "CC 1", "purpose": "Campaña de frenos", "media": "WhatsApp", "valid_from": DAY,
              "valid_to": date(2027, 11, 22)}  # fmt: skip
    return ImageRelease(**values | more)


def record(row, *, campaigns=(), data=PDF):
    return images.record(row, data, "firmado.pdf", campaigns=list(campaigns), by=person(Role.MARKETING_COORDINATOR), at=at())


MINOR = {"kind": "MINOR", "birth_date": date(2012, 1, 1), "representative": "Ana Ruiz", "representative_document": "CC 2",
         "relationship": "Madre", "minor_heard": True}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"birth_date": date(2008, 11, 24)}, "GSC-FOR-11"),  # eighteen tomorrow
        (MINOR | {"representative": ""}, "representante"),
        (MINOR | {"relationship": ""}, "representante"),
        (MINOR | {"minor_heard": False}, "escuchó"),
        ({"valid_to": date(2026, 11, 22)}, "vigencia"),
    ],
)
def test_a_release_that_lacks_what_the_law_asks_is_refused(more, says):
    with pytest.raises(Refused, match=says):
        record(release(**more))


@pytest.mark.parametrize("more", [{}, {"birth_date": date(2008, 11, 23)}, MINOR])
def test_a_whole_release_is_kept(more):
    assert record(release(**more)).state_on(DAY) == "Vigente"


@pytest.mark.parametrize("data", [b"", b"<html>", b"MZ"])
def test_the_signed_document_is_a_pdf_or_a_picture(data):
    with pytest.raises(Refused, match="PDF"):
        record(release(), data=data)


@pytest.mark.parametrize("change", [{"kind": "MINOR"}, {"birth_date": date(2015, 1, 1)}, {"revoked_on": DAY}])
def test_the_database_holds_the_law(change):
    row = record(release())
    with pytest.raises(IntegrityError), transaction.atomic():
        ImageRelease.objects.filter(pk=row.pk).update(**change)


def test_a_picture_with_people_needs_a_release_in_force(vw):
    campaign = Campaign.objects.create(name="Frenos", brand=vw, starts_on=DAY, ends_on=date(2027, 1, 1), shows_people=True)
    assert images.may_be_sent(campaign, DAY) is False
    row = record(release(), campaigns=[campaign])
    assert images.may_be_sent(campaign, DAY) is True
    assert images.may_be_sent(campaign, date(2027, 11, 23)) is False
    images.revoke(row.pk, how="Carta del 23/11", on=DAY)
    assert images.may_be_sent(campaign, DAY) is False
    with pytest.raises(Refused, match="ya estaba"):
        images.revoke(row.pk, how="Otra", on=DAY)


# -- notices ----------------------------------------------------------------------------------------------------------


def test_the_same_fact_tells_a_person_once():
    someone = person(Role.QUALITY_COORDINATOR)
    for _ in range(2):
        notices.notify([someone], "caso:1", "Caso 1 vencido", at=at())
    assert Notification.objects.count() == 1
    assert notices.mark_read(someone, at=at()) == 1
    assert notices.unread_count(someone) == 0


@pytest.mark.parametrize(
    ("left", "told"), [(61, 0), (60, 1), (45, 1), (30, 2), (29, 2), (0, 3), (-5, 3)]
)  # one warning for each threshold that was reached, daily runs included
def test_documents_warn_at_sixty_thirty_and_zero_days(left, told):
    DocumentVersion.objects.all().delete()
    quality = person(Role.QUALITY_COORDINATOR)
    until = date(2027, 6, 30)
    document = ControlledDocument.objects.create(code="GSC-XX-01", title="Prueba")
    DocumentVersion.objects.create(document=document, number=1, issued_on=date(2026, 1, 1), valid_until=until)
    for days in range(90, left - 1, -1):
        notices.warn_of_expiry(date.fromordinal(until.toordinal() - days), at=at())
    assert Notification.objects.filter(user=quality).count() == told


@pytest.mark.parametrize(("moment", "posted"), [(at(7), 0), (at(8), 1), (at(17), 0), (at(9, day=22), 0)])  # the 22nd is a Sunday
def test_the_digest_goes_out_in_working_hours_once_a_day(moment, posted, cal):
    someone = person(Role.QUALITY_COORDINATOR)
    notices.notify([someone], "a", "Primero", at=at(6))
    assert notices.digest(moment, cal) == posted
    assert notices.digest(moment, cal) == 0
    assert Mail.objects.count() == posted


def test_what_comes_after_the_days_digest_is_in_tomorrows_and_a_long_one_says_how_many_more(cal):
    someone = person(Role.QUALITY_COORDINATOR)
    notices.notify([someone], "a", "Primero", at=at(6))
    notices.digest(at(8), cal)
    for number in range(notices.DIGEST_MAX + 2):
        notices.notify([someone], f"b{number}", f"Tarde {number}", at=at(10))
    assert notices.digest(at(11), cal) == 0
    assert notices.digest(at(8, day=24), cal) == 1
    first, second = Mail.objects.order_by("pk")
    assert (first.subject, second.subject) == ("1 aviso sin leer", "32 avisos sin leer")
    assert (second.body.count("- Tarde"), "… y 2 más en la campana" in second.body) == (30, True)
    assert notices.digest(at(8, day=25), cal) == 0


# -- pages ------------------------------------------------------------------------------------------------------------


def test_the_register_finds_by_alias_and_says_what_expired(client):
    client.force_login(person(Role.QUALITY_COORDINATOR))
    page = client.get(reverse("callcenter:documents"), {"q": "gc-pro-05"}).content.decode()
    assert "Procedimiento CRM" in page
    alias = client.get(reverse("callcenter:document", args=["SC-INS-01"])).content.decode()
    assert "otro código de GSC-INS-01" in alias


def test_a_version_with_a_future_date_takes_over_by_itself(client):
    client.force_login(person(Role.QUALITY_COORDINATOR))
    url = reverse("callcenter:add_version", args=["GSC-FOR-09"])
    wrong = {"number": 9, "issued_on": "2030-01-01", "valid_until": "2029-01-01", "change": "x"}
    assert client.post(url, wrong).status_code == 422
    assert client.post(url, wrong | {"valid_until": "2032-01-01"}).status_code == 302
    row = ControlledDocument.objects.get(code="GSC-FOR-09")
    assert row.version_on(date(2029, 12, 31)).number != 9
    assert row.version_on(date(2030, 1, 1)).number == 9


def test_a_release_through_its_pages(client):
    client.force_login(person(Role.MARKETING_COORDINATOR))
    data = {"kind": "ADULT", "person": "Sara Ruiz", "document": "CC 1", "purpose": "Redes", "media": "WhatsApp", "territory": "Colombia",
            "valid_from": "2026-11-01", "valid_to": "2030-01-01"}  # fmt: skip
    assert client.post(reverse("callcenter:new_release"), data).status_code == 422
    assert client.post(reverse("callcenter:new_release"), data | {"file": SimpleUploadedFile("f.pdf", PDF)}).status_code == 302
    row = ImageRelease.objects.get()
    file = client.get(reverse("callcenter:signed_release", args=[row.pk]))
    assert b"".join(file.streaming_content) == PDF
    client.post(reverse("callcenter:revoke_release", args=[row.pk]), {"how": "Correo"})
    assert "Revocada" in client.get(reverse("callcenter:releases")).content.decode()


@pytest.mark.parametrize(("more", "says"), [
    ({"kind": "MINOR", "birth_date": "2014-05-03"}, "complete nombre, documento y parentesco"),
    ({"kind": "MINOR", "representative": "Ana Ruiz", "representative_document": "CC 2", "relationship": "Madre"}, "se escuchó al menor"),
    ({"birth_date": "2014-05-03"}, "use el GSC-FOR-11"),
    ({"valid_to": "2026-10-01"}, "la vigencia termina antes de empezar"),
])  # fmt: skip
def test_the_page_of_a_release_says_in_words_what_it_lacks(client, more, says):
    client.force_login(person(Role.MARKETING_COORDINATOR))
    data = {"kind": "ADULT", "person": "Sara Ruiz", "document": "CC 1", "purpose": "Redes", "media": "WhatsApp", "territory": "Colombia",
            "valid_from": "2026-11-01", "valid_to": "2030-01-01", "file": SimpleUploadedFile("f.pdf", PDF)} | more  # fmt: skip
    response = client.post(reverse("callcenter:new_release"), data)
    assert response.status_code == 422
    assert [says in said for said in response.context["form"].non_field_errors()] == [True]


def test_one_sees_ones_own_notices(client, agent, director):
    notices.notify([director], "x", "Solo del director", at=at())
    client.force_login(agent)
    assert "Solo del director" not in client.get(reverse("callcenter:notices")).content.decode()
    client.force_login(director)
    page = client.get(reverse("callcenter:notices")).content.decode()
    assert "Solo del director" in page
    assert "1 sin leer" in page
    client.post(reverse("callcenter:read_notices"))
    assert "0 sin leer" in client.get(reverse("callcenter:notices")).content.decode()
