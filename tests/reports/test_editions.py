"""The life of a report: prepared once, reviewed, approved by another, sent to each, corrected as a new version."""

import io
import uuid
from datetime import date, datetime, time, timedelta

import pypdf
import pytest
from django.urls import reverse
from openpyxl import load_workbook

from callcenter import clock, tasks
from callcenter.domain import outreach as verbs
from callcenter.domain import queue
from callcenter.domain.errors import Refused
from callcenter.domain.outreach import Call
from callcenter.enums import Outcome
from callcenter.models import Mail, Reason
from callcenter.roles import Role
from carrazos.lib.calendar import BOGOTA, bogota
from carrazos.lib.periods import Month, Week
from reports.catalogue import BY_CODE
from reports.domain import editions
from reports.models import Delivery, Edition, EditionState, PreparationDay, Recipient
from tests.conftest import person, query_count
from tests.factories import MONDAY, OutreachFactory

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)


def at(day, hour=6):
    return datetime(2026, day[1], day[0], hour, tzinfo=BOGOTA)


def call(row, agent, cal, **more):
    held = queue.take(row.pk, agent, at=MONDAY, calendar=cal)
    reason = Reason.objects.get(kind="NO_BOOKING", code="PRICE")
    made = Call(key=uuid.uuid4(), outcome=Outcome.DECLINED, reason=reason)
    verbs.record_attempt(row.pk, made, agent=agent, fence=held.fence, at=MONDAY + timedelta(minutes=1), calendar=cal)


def work():
    while tasks.run_one():
        pass


@pytest.fixture
def manager(db):
    return person(Role.AFTERSALES_MANAGER)


@pytest.fixture
def edition(agent, director, cal):
    call(OutreachFactory(), agent, cal)
    row = editions.prepare("GSC-FOR-09", NOVEMBER, by=director, at=at((1, 12)))
    work()
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(
    ("now", "kind", "period"),
    [
        (at((1, 12), 4), Month, "2026-10"),  # before five in the morning of day 1
        (at((1, 12), 5), Month, "2026-11"),
        (at((15, 12)), Month, "2026-11"),
        (at((23, 11), 6), Week, "2026-W46"),  # Monday before seven
        (at((23, 11), 7), Week, "2026-W47"),
    ],
)
def test_a_period_is_prepared_from_its_hour_on(now, kind, period):
    assert editions.closed_period(kind, now).code == period


@pytest.mark.parametrize(("period", "due"), [(Month(2026, 11), (4, 12)), (Month(2026, 10), (5, 11)), (Week(2026, 46), (17, 11))])
def test_the_due_day_is_a_business_day(period, due, cal):
    day = editions.due_on(period, cal)
    assert (day.day, day.month) == due


@pytest.mark.parametrize(
    ("now", "period"),
    [(at((16, 11)), "2026-W45"), (at((18, 11), 13), "2026-W45"), (at((18, 11), 14), "2026-W46"), (at((23, 11)), "2026-W46")],
)
def test_the_committees_report_waits_for_the_day_and_hour_of_the_committee(now, period, db):
    PreparationDay.objects.update_or_create(code="R-CRM-W", defaults={"weekday": 2, "hour": time(14)})
    opening = editions.openings()["R-CRM-W"]
    assert editions.closed_period(Week, now, opening).code == period
    editions.prepare_due(now)
    assert Edition.objects.get(code="R-CRM-W").period == period


def test_the_committees_report_is_due_on_the_day_of_the_committee_or_the_next_that_is_worked(db, cal):
    opening = editions.Opening(weekday=2)
    assert editions.due_on(Week(2026, 46), cal, opening) == date(2026, 11, 18)  # a Wednesday
    assert editions.due_on(Week(2026, 27), cal, editions.Opening(weekday=0)) == date(2026, 7, 6)
    assert editions.due_on(Week(2026, 28), cal, editions.Opening(weekday=0)) == date(2026, 7, 14)  # Monday the 13th is a holiday
    PreparationDay.objects.update_or_create(code="R-CRM-W", defaults={"weekday": 2})
    assert editions.handed_out_by("R-CRM-W", Week(2026, 46)) == date(2026, 11, 18)
    assert editions.handed_out_by("R-SAT-W", Week(2026, 46)) == date(2026, 11, 17)


def test_the_schedule_prepares_each_period_once(db):
    first = editions.prepare_due(at((1, 12)))
    assert first == sum(len(report.frequencies) for report in BY_CODE.values())
    assert editions.prepare_due(at((2, 12))) == 0


def test_an_edition_freezes_figures_files_and_seal(edition):
    assert edition.state == EditionState.PREPARED
    assert edition.facts["indicators"][0] == {
        "code": "IND-01", "name": "Efectividad de llamadas", "hits": 1, "total": 1, "goal": None,
        "formula": "Intentos con contacto / intentos de llamada", "text": "100,0 %",
    }  # fmt: skip
    assert edition.sha256 == editions.seal(edition.facts)
    with edition.pdf.open("rb") as file:
        text = pypdf.PdfReader(file).pages[0].extract_text()
    assert edition.sha256[:32] in text
    assert str(edition.document) == "GSC-FOR-09 v1"


def test_the_same_data_gives_the_same_seal_and_other_data_another(edition, agent, cal):
    again = editions.dataset_of(edition, at=at((3, 12)))
    assert editions.seal(again.facts()) == edition.sha256
    call(OutreachFactory(), agent, cal)
    assert editions.seal(editions.dataset_of(edition, at=at((3, 12))).facts()) != edition.sha256


def test_review_needs_the_analysis_and_another_person_approves(edition, director, manager):
    with pytest.raises(Refused, match="análisis"):
        editions.review(edition.pk, by=director, comment=" ", strategies="", at=at((2, 12)))
    with pytest.raises(Refused, match="preparado"):
        editions.approve(edition.pk, by=manager, at=at((2, 12)))
    editions.review(edition.pk, by=manager, comment="Buen mes", strategies="", at=at((2, 12)))
    with pytest.raises(Refused, match="otra persona"):
        editions.approve(edition.pk, by=manager, at=at((2, 12)))


def test_a_report_that_needs_strategies_is_not_approved_without(edition, director, manager, monkeypatch):
    monkeypatch.setattr(type(BY_CODE["GSC-FOR-09"]), "needs_strategies", True)
    editions.review(edition.pk, by=director, comment="Mes flojo", strategies="", at=at((2, 12)))
    with pytest.raises(Refused, match="estrategias"):
        editions.approve(edition.pk, by=manager, at=at((2, 12)))
    editions.review(edition.pk, by=director, comment="Mes flojo", strategies="Campaña de frenos", at=at((2, 12)))
    assert editions.approve(edition.pk, by=manager, at=at((2, 12))).state == EditionState.APPROVED


def test_sent_once_to_each_with_the_analysis_inside_and_scope_respected(edition, director, manager, centre, mailoutbox, settings):
    narrow = person(Role.AFTERSALES_DIRECTOR, all_sites=False, email="centro@carrazos.example")
    narrow.sites.add(centre)
    nobody = person(Role.AFTERSALES_DIRECTOR, all_sites=False, all_brands=False, email="nadie@carrazos.example")
    editions.review(edition.pk, by=director, comment="Subió el contacto", strategies="Llamar temprano", at=at((2, 12)))
    editions.approve(edition.pk, by=manager, at=at((2, 12)))
    with pytest.raises(Refused, match="terminando"):
        editions.send(edition.pk, by=manager, at=at((2, 12)))
    work()
    editions.send(edition.pk, by=manager, at=at((2, 12)))
    with pytest.raises(Refused, match="enviado"):
        editions.send(edition.pk, by=manager, at=at((2, 12)))
    work()
    by_address = {mail.to[0]: mail for mail in mailoutbox}
    assert set(by_address) == {director.email, manager.email, narrow.email}
    assert nobody.email not in by_address
    assert Delivery.objects.filter(mail__sent_at__isnull=False).count() == Mail.objects.count() == 3
    whole, own = by_address[director.email], by_address[narrow.email]
    assert "Llamar temprano" in whole.body
    pdf = pypdf.PdfReader(io.BytesIO(whole.attachments[0][1]))
    assert "Subió el contacto" in "".join(page.extract_text() for page in pdf.pages)
    assert load_workbook(io.BytesIO(whole.attachments[1][1]))["Análisis"]["B2"].value == "Llamar temprano"
    assert load_workbook(io.BytesIO(own.attachments[1][1]))["Detalle"].max_row == 1  # the call was at another site
    # Each is led to a page that they may open.
    assert f"En el sistema: {settings.PUBLIC_URL}/informes/ediciones/{edition.pk}/\n" in whole.body
    assert f"En el sistema: {settings.PUBLIC_URL}/informes/GSC-FOR-09/?period=2026-11\n" in own.body


def test_a_copy_of_a_scope_says_of_when_it_is_and_has_its_own_seal(client, edition, director, manager, agent, cal, mailoutbox):
    Recipient.objects.all().delete()
    row = OutreachFactory()
    Recipient.objects.create(code="GSC-FOR-09", email="socio@marca.example", site=row.site)
    editions.review(edition.pk, by=director, comment="Bien", strategies="", at=at((2, 12)))
    editions.approve(edition.pk, by=manager, at=at((2, 12)))
    work()
    call(row, agent, cal)  # after the cut
    editions.send(edition.pk, by=manager, at=at((2, 12)))
    before = clock.now()
    work()
    made, (mail,) = edition.deliveries.get(), mailoutbox
    assert (made.cut_at >= before > edition.cut_at, made.sha256 != edition.sha256, len(made.sha256)) == (True, True, 64)
    frozen, cut = f"{bogota(edition.cut_at):%d/%m/%Y %H:%M}", f"{bogota(made.cut_at):%d/%m/%Y %H:%M}"
    assert f"con los datos al {cut}. La versión 1, que se revisó y aprobó, se congeló el {frozen}" in mail.body
    assert "En el sistema" not in mail.body  # an address without a person opens nothing
    text = " ".join(pypdf.PdfReader(io.BytesIO(mail.attachments[0][1])).pages[0].extract_text().split())
    assert "Copia por alcance de la edición 1" in text
    assert made.sha256[:32] in text
    said = {line[0].value: line[1].value for line in load_workbook(io.BytesIO(mail.attachments[1][1]))["Parámetros"].iter_rows()}
    assert said["Edición"] == f"Copia por alcance de la versión 1, congelada el {frozen}; sus cifras son las de su propio corte"
    assert said["Sello (sha-256 de las cifras)"] == made.sha256
    client.force_login(manager)
    assert made.sha256 in client.get(reverse("reports:edition", args=[edition.pk])).content.decode()


def addressees(edition):
    return {delivery.email: (delivery.site, delivery.brand) for delivery in editions.recipients(edition)}


def test_recipients_by_function_and_scope_are_rows(edition, director, manager, north, centre):
    own = person(Role.WORKSHOP_CHIEF, all_sites=False, email="taller.norte@carrazos.example")
    own.sites.add(north)
    other = person(Role.WORKSHOP_CHIEF, all_sites=False, email="taller.centro@carrazos.example")
    other.sites.add(centre)
    Recipient.objects.create(code="GSC-FOR-09", function=Role.WORKSHOP_CHIEF, site=north)
    Recipient.objects.create(code="GSC-FOR-09", email="socio@marca.example", site=centre)
    Recipient.objects.create(code="GSC-FOR-09", email=director.email, site=centre)  # has the whole already
    Recipient.objects.create(code="GSC-FOR-09", email="nunca@marca.example", is_active=False)
    assert addressees(edition) == {
        director.email: (None, None), manager.email: (None, None), own.email: (north, None), "socio@marca.example": (centre, None)
    }  # fmt: skip


def test_an_address_of_one_site_gets_that_sites_file(edition, director, manager, centre, mailoutbox):
    Recipient.objects.all().delete()
    Recipient.objects.create(code="GSC-FOR-09", email="socio@marca.example", site=centre)
    editions.review(edition.pk, by=director, comment="Bien", strategies="", at=at((2, 12)))
    editions.approve(edition.pk, by=manager, at=at((2, 12)))
    work()
    editions.send(edition.pk, by=manager, at=at((2, 12)))
    work()
    (mail,) = mailoutbox
    assert load_workbook(io.BytesIO(mail.attachments[1][1]))["Detalle"].max_row == 1  # the call was at another site
    assert "Efectividad de llamadas: N/D" in mail.body


def test_a_setting_holds_back_a_report_without_its_screenshots(edition, director, manager, settings):
    Edition.objects.filter(pk=edition.pk).update(facts=edition.facts | {"unproved": 2})
    editions.review(edition.pk, by=director, comment="Bien", strategies="", at=at((2, 12)))
    editions.approve(edition.pk, by=manager, at=at((2, 12)))
    work()
    settings.REPORTS_NEED_EVIDENCE = True
    with pytest.raises(Refused, match="Faltan 2 pantallazos"):
        editions.send(edition.pk, by=manager, at=at((2, 12)))
    settings.REPORTS_NEED_EVIDENCE = False
    assert editions.send(edition.pk, by=manager, at=at((2, 12))).state == EditionState.SENT


def test_a_failed_delivery_is_tried_again_alone(client, edition, director, manager):
    Recipient.objects.filter(function=Role.AFTERSALES_MANAGER).delete()
    editions.review(edition.pk, by=director, comment="Bien", strategies="", at=at((2, 12)))
    editions.approve(edition.pk, by=manager, at=at((2, 12)))
    work()
    editions.send(edition.pk, by=manager, at=at((2, 12)))
    row = edition.deliveries.get()
    Delivery.objects.filter(pk=row.pk).update(work_state="FAILED", error="El correo no existe.")
    client.force_login(manager)
    assert "El correo no existe." in client.get(reverse("reports:edition", args=[edition.pk])).content.decode()
    client.post(reverse("reports:retry", args=[edition.pk, row.pk]))
    work()
    row.refresh_from_db()
    assert (row.work_state, row.error, row.mail.sent_at is not None) == ("DONE", "", True)


def test_who_handles_the_report_is_told_that_it_waits(edition, director):
    (notice,) = director.notifications.all()
    assert notice.text == "Control Contacto Proactivo, noviembre de 2026: preparado, por revisar."
    assert notice.url == reverse("reports:edition", args=[edition.pk])


def test_a_correction_is_a_new_version_that_says_what_changed(edition, agent, director, cal):
    with pytest.raises(Refused, match="por qué"):
        editions.correct(edition.pk, by=director, reason="", at=at((3, 12)))
    call(OutreachFactory(), agent, cal)
    fixed = editions.correct(edition.pk, by=director, reason="Faltaba una llamada", at=at((3, 12)))
    work()
    fixed.refresh_from_db()
    edition.refresh_from_db()
    assert (edition.state, fixed.state, fixed.number) == (EditionState.CORRECTED, EditionState.PREPARED, 2)
    assert ["IND-01 Efectividad de llamadas", "100,0 % (1 de 1)", "100,0 % (2 de 2)"] in fixed.difference
    assert ["Registros", "1", "2 (1 nuevos, 0 retirados)"] in fixed.difference
    assert Edition.objects.current().get() == fixed


@pytest.mark.parametrize(
    ("state", "words"),
    [("PREPARED", "se entrega a más tardar el 04/12/2026"), ("SENT", "enviado el 02/12/2026")],
)
def test_when_it_is_due_in_words(state, words, cal):
    row = Edition(code="GSC-FOR-09", period="2026-11", due_on=editions.due_on(NOVEMBER, cal), state=state, sent_at=at((2, 12)))
    assert editions.due_words(row, at((2, 12)).date()) == words


def test_overdue_is_said_in_words(cal):
    row = Edition(code="GSC-FOR-09", period="2026-11", due_on=editions.due_on(NOVEMBER, cal), state=EditionState.REVIEWED)
    assert editions.due_words(row, at((4, 12)).date()) == "se entrega hoy"
    assert editions.due_words(row, at((6, 12)).date()) == "vencido hace 2 días"
    assert row.is_overdue(at((6, 12)).date())


def test_the_correction_of_what_people_have_is_not_overdue(client, edition, director, manager):
    late = edition.due_on + timedelta(days=3)
    assert edition.is_overdue(late)
    unsent = editions.correct(edition.pk, by=director, reason="Antes de enviarlo", at=at((3, 12)))
    assert (unsent.is_overdue(late), editions.due_words(unsent, late)) == (True, "vencido hace 3 días")  # nobody has it yet
    work()
    editions.review(unsent.pk, by=director, comment="Bien", strategies="", at=at((3, 12)))
    editions.approve(unsent.pk, by=manager, at=at((3, 12)))
    work()
    editions.send(unsent.pk, by=manager, at=at((3, 12)))
    fixed = editions.correct(unsent.pk, by=director, reason="Faltaba una llamada", at=at((9, 12)))
    assert not fixed.is_overdue(late)
    assert editions.due_words(fixed, late) == "entregado el 03/12/2026; falta enviar la corrección"
    client.force_login(director)
    assert fixed in [row for row, *_ in client.get(reverse("reports:centre")).context["editions"]]
    Edition.objects.filter(pk=fixed.pk).update(due_on=at((1, 1)).date())
    assert client.get(reverse("reports:centre"), {"state": "late"}).context["editions"] == []


# -- pages ------------------------------------------------------------------------------------------------------------


def test_the_life_of_a_report_through_its_pages(client, edition, director, manager):
    page = reverse("reports:edition", args=[edition.pk])
    client.force_login(director)
    assert edition.sha256 in client.get(page).content.decode()
    assert client.post(reverse("reports:review", args=[edition.pk]), {"comment": ""}).status_code == 422
    client.post(reverse("reports:review", args=[edition.pk]), {"comment": "Bien", "strategies": ""})
    assert client.post(reverse("reports:approve", args=[edition.pk])).status_code == 403
    client.force_login(manager)
    client.post(reverse("reports:approve", args=[edition.pk]))
    work()
    assert "Se envía a" in client.get(page).content.decode()
    client.post(reverse("reports:send", args=[edition.pk]))
    edition.refresh_from_db()
    assert edition.state == EditionState.SENT
    file = client.get(reverse("reports:edition_file", args=[edition.pk, "pdf"]))
    assert b"".join(file.streaming_content).startswith(b"%PDF")
    assert "Enviado" in client.get(reverse("reports:centre")).content.decode()


def test_an_edition_of_the_company_is_not_for_a_narrow_scope(client, edition, outsider, advisor):
    client.force_login(outsider)
    assert client.get(reverse("reports:edition", args=[edition.pk])).status_code == 404
    client.force_login(advisor)
    assert client.get(reverse("reports:edition", args=[edition.pk])).status_code == 403


def test_a_figure_leads_to_the_rows_that_make_it(client, agent, director, cal):
    call(OutreachFactory(), agent, cal)
    silent = OutreachFactory()
    held = queue.take(silent.pk, agent, at=MONDAY, calendar=cal)
    reason = Reason.objects.get(kind="NO_CONTACT", code="NO_ANSWER")
    made = Call(key=uuid.uuid4(), outcome=Outcome.NO_CONTACT, reason=reason)
    verbs.record_attempt(silent.pk, made, agent=agent, fence=held.fence, at=MONDAY, calendar=cal)
    client.force_login(director)
    url = reverse("reports:report", args=["GSC-FOR-09"])
    assert client.get(url, {"period": "2026-11"}).context["page"].paginator.count == 2
    assert client.get(url, {"period": "2026-11", "cifra": "IND-01"}).context["page"].paginator.count == 1


def test_the_centre_costs_the_same_for_one_edition_and_for_three(client, director, cal):
    client.force_login(director)
    costs = []
    for month in (NOVEMBER, NOVEMBER.back(1), NOVEMBER.back(2)):
        Edition.objects.create(code="GSC-FOR-09", period=month.code, due_on=editions.due_on(month, cal))
        costs.append(query_count(client, reverse("reports:centre")))
    assert len(set(costs)) == 1
