"""Who sees and may do what with surveys, cases and PQRS, on every way to them: list, detail, search, export and file (S1-S6)."""

import io
import uuid

import pytest
from openpyxl import load_workbook

from callcenter import exports
from callcenter.models import ListExport
from callcenter.roles import Role
from carrazos.lib.text import name_key
from satisfaction.domain import followups, petitions
from satisfaction.domain.followups import ProofDraft
from satisfaction.enums import Area, FollowUpKind, PqrsChannel, PqrsKind
from satisfaction.models import Cause, FollowUp, Letter
from tests.conftest import person
from tests.factories import MONDAY, BrandFactory, CustomerFactory, EmployeeFactory, SiteFactory
from tests.satisfaction.scenes import case, deed, survey
from tests.satisfaction.test_pages import as_, page, status_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
REASON = {"columns": "all", "reason": "Revisión del mes"}


@pytest.fixture
def places():
    return {
        "own": (SiteFactory(code="norte", name="Sede Norte"), BrandFactory()),
        "kia": (SiteFactory(code="norte", name="Sede Norte"), BrandFactory(code="kia", name="Kia")),
        "centre": (SiteFactory(code="centro", name="Sede Centro"), BrandFactory()),
    }


@pytest.fixture
def people(places):
    """An advisor, the director of one brand, the one of one site, an auditor and the others, by what the test calls them."""
    advisor = person(Role.SERVICE_ADVISOR)
    EmployeeFactory(site=places["own"][0], user=advisor)
    kia, centre = person(Role.AFTERSALES_DIRECTOR, all_brands=False), person(Role.AFTERSALES_DIRECTOR, all_sites=False)
    kia.brands.add(places["kia"][1])
    centre.sites.add(places["centre"][0])
    return {
        "advisor": advisor, "kia director": kia, "centre director": centre, "director": person(Role.AFTERSALES_DIRECTOR),
        "sales manager": person(Role.SALES_MANAGER), "auditor": person(Role.QUALITY_COORDINATOR), "agent": person(Role.CALL_CENTER_AGENT),
    }  # fmt: skip


def named(name):
    return CustomerFactory(name=f"Cliente {name}", name_key=name_key(f"Cliente {name}"))


def downloaded(client, url):
    """The status, or the customers of the workbook that the download makes."""
    response = client.post(f"{url}descargar/", {**REASON, "state": "state=all"})
    if response.status_code != 302:
        return response.status_code
    work = ListExport.objects.latest("pk")
    exports.run(work)
    with work.file.open("rb") as file:
        lines = list(load_workbook(io.BytesIO(file.read())).active.iter_rows(values_only=True))
    place = lines[0].index("Cliente")
    return {line[place] for line in lines[1:] if line[place]}


def shown(client, url, rows):
    """Which rows the list at an address links to."""
    text, kind = page(client.get(url)), url.split("/")[1]
    return {name for name, row in rows.items() if f'href="/{kind}/{row.pk}/"' in text}


CASES = {  # who → (the cases they see, may they download)
    "advisor": ({"own"}, False), "kia director": ({"kia"}, True), "centre director": ({"centre"}, True), "director": ({"own", "kia", "centre"}, True),
    "sales manager": (set(), True), "auditor": ({"own", "kia", "centre"}, False), "agent": ({"own", "kia", "centre"}, False),
}  # fmt: skip


@pytest.mark.parametrize("who", list(CASES))
def test_cases(client, cal, places, people, who, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    rows = {name: case(cal, site=site, brand=brand, customer=named(name)) for name, (site, brand) in places.items()}
    FollowUp.objects.filter(pk=rows["own"].pk).update(owner=people["advisor"])
    proofs = {
        name: followups.add_proof(row.pk, deed(proof=ProofDraft(data=b"%PDF-1.7 x", name="a.pdf")), by=people["agent"], at=MONDAY)
        for name, row in rows.items()
    }
    sees, downloads = CASES[who]
    as_(client, people[who])
    assert shown(client, "/detractores/", rows) == sees
    assert shown(client, "/detractores/tabla/", rows) == sees
    for name, row in rows.items():
        expected = 200 if name in sees else 404
        assert shown(client, f"/detractores/tabla/?q={row.customer.name}", rows) == sees & {name}
        assert client.get(f"/detractores/{row.pk}/").status_code == expected
        assert status_of(client.get(f"/detractores/evidencia/{proofs[name].proofs.get().pk}/")) == expected
    found = downloaded(client, "/detractores/tabla/")
    assert found == ({rows[name].customer.name for name in sees} if downloads else 403)


SURVEYS = {
    "advisor": (None, False), "kia director": ({"kia"}, True), "centre director": ({"centre"}, True), "director": ({"own", "kia", "centre"}, True),
    "sales manager": (set(), True), "auditor": ({"own", "kia", "centre"}, False), "agent": ({"own", "kia", "centre"}, False),
}  # fmt: skip


@pytest.mark.parametrize("who", list(SURVEYS))
def test_surveys(client, places, people, who, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    rows = {name: survey(site=site, brand=brand, customer=named(name)) for name, (site, brand) in places.items()}
    sees, downloads = SURVEYS[who]
    as_(client, people[who])
    if sees is None:
        assert {client.get(url).status_code for url in ("/encuestas/", f"/encuestas/{rows['own'].pk}/")} == {403}
        assert downloaded(client, "/encuestas/") == 403
        return
    assert shown(client, "/encuestas/?state=all", rows) == sees
    for name, row in rows.items():
        assert shown(client, f"/encuestas/?q={row.customer.name}", rows) == sees & {name}
        assert client.get(f"/encuestas/{row.pk}/").status_code == (200 if name in sees else 404)
    assert downloaded(client, "/encuestas/") == ({rows[name].customer.name for name in sees} if downloads else 403)


@pytest.mark.parametrize("who", list(SURVEYS))
def test_pqrs(client, cal, places, people, who, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    rows, files, letters = {}, {}, {}
    for number, (name, (site, brand)) in enumerate(places.items()):
        filing = petitions.Filing(
            key=uuid.UUID(int=number + 1), kind=PqrsKind.CLAIM, channel=PqrsChannel.PHONE, customer=named(name), site=site, brand=brand,
            area=Area.AFTERSALES, description="Me cobraron de más", received_at=MONDAY,
        )  # fmt: skip
        rows[name] = petitions.file(filing, by=people["agent"], at=MONDAY, calendar=cal)
        files[name] = petitions.keep_file(rows[name], b"%PDF-1.7 x", "a.pdf", by=people["agent"], at=MONDAY)
        letters[name] = Letter.objects.create(pqrs=rows[name], kind="ANSWER", body="x", requested_by=people["agent"], created_at=MONDAY)
    sees, downloads = SURVEYS[who]
    as_(client, people[who])
    if sees is None:
        assert {client.get(url).status_code for url in ("/pqrs/", f"/pqrs/{rows['own'].pk}/", f"/pqrs/anexo/{files['own'].pk}/")} == {403}
        assert downloaded(client, "/pqrs/") == 403
        return
    assert shown(client, "/pqrs/", rows) == sees
    for name, row in rows.items():
        expected = 200 if name in sees else 404
        assert shown(client, f"/pqrs/?q={row.number}", rows) == sees & {name}
        assert client.get(f"/pqrs/{row.pk}/").status_code == expected
        assert status_of(client.get(f"/pqrs/anexo/{files[name].pk}/")) == expected
        assert client.get(f"/pqrs/carta/{letters[name].pk}/").status_code == 404  # not drawn yet: nobody's
    assert downloaded(client, "/pqrs/") == ({rows[name].customer.name for name in sees} if downloads else 403)


DOES = {  # who → may say what a foreign or own suggestion is about
    "advisor": 404, "kia director": 404, "director": 200, "auditor": 403, "agent": 403,
}  # fmt: skip


@pytest.mark.parametrize("who", list(DOES))
def test_who_says_what_a_suggestion_is_about(client, cal, places, people, who):
    site, brand = places["own"]
    row = case(cal, site=site, brand=brand, kind=FollowUpKind.SUGGESTION, voice="Más parqueaderos", customer=named("own"))
    cause = Cause.objects.get(code="other")
    body = {"key": uuid.uuid4(), "version": 0, "cause": cause.pk}
    as_(client, people[who])
    assert client.post(f"/detractores/{row.pk}/tema/", body, HTTP_HX_REQUEST="true").status_code == DOES[who]
    row.refresh_from_db()
    assert row.cause == (cause if DOES[who] == 200 else None)
