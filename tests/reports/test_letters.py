"""The letters of PQRS: what they say, on whose paper, and that a reader for the blind can follow them."""

import io
import uuid

import pypdf
import pytest

from callcenter.models import Mail
from reports.render import letters
from satisfaction.domain import petitions
from satisfaction.enums import Area, PqrsChannel, PqrsKind
from satisfaction.models import Letter
from tests.factories import MONDAY, BrandFactory, CustomerFactory, SiteFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
BODY = "Le devolvemos el valor cobrado de más.\n\nEl abono llega en cinco días."


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def filed(agent, cal):
    site = SiteFactory(code="norte", name="Sede Norte", city="Bogotá", address='Calle 1 "A" # 2-3', phones="601 555 0100")
    customer = CustomerFactory(name="Ana & Muñoz", document_type="CC", document_number="52000101")
    filing = petitions.Filing(
        key=uuid.uuid4(), kind=PqrsKind.CLAIM, channel=PqrsChannel.PHONE, customer=customer, site=site, brand=BrandFactory(),
        area=Area.AFTERSALES, description="Me cobraron <b>de más</b>", received_at=MONDAY, reply_email="ana@demo.example",
    )  # fmt: skip
    return petitions.file(filing, by=agent, at=MONDAY, calendar=cal)


def drawn(letter: Letter) -> pypdf.PdfReader:
    letters.run(letter, lambda *_: None)
    letter.refresh_from_db()
    with letter.file.open("rb") as file:
        return pypdf.PdfReader(io.BytesIO(file.read()))


def test_the_answer_is_a_tagged_letter_on_the_houses_paper(filed, director):
    petitions.answer(filed.pk, BODY, PqrsChannel.EMAIL, by=director, at=MONDAY)
    letter = filed.letters.get()
    document = drawn(letter)
    text = " ".join(document.pages[0].extract_text().split())
    for words in (
        "Carrazos SAS", "Bogotá, 23 de noviembre de 2026", "Ana & Muñoz", f"Asunto: respuesta · Reclamo {filed.number}",
        "Recibida el 23/11/2026 por teléfono: Me cobraron <b>de más</b>", "Le devolvemos el valor cobrado de más. El abono llega en cinco días.",
        str(director), 'Calle 1 "A" # 2-3 · 601 555 0100 · página 1 de 1',
    ):  # fmt: skip
        assert words in text
    root = document.trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("es-CO", True)
    assert "/StructTreeRoot" in root
    assert document.metadata.title == f"Respuesta {filed.number}"
    mail = Mail.objects.get()
    assert (mail.to, filed.number in mail.subject) == (["ana@demo.example"], True)


def test_by_another_medium_nothing_is_mailed(filed, director):
    petitions.answer(filed.pk, BODY, PqrsChannel.WRITTEN, by=director, at=MONDAY)
    assert len(drawn(filed.letters.get()).pages) == 1
    assert not Mail.objects.exists()


def test_a_long_answer_goes_on_and_counts_its_pages(filed, director):
    petitions.answer(
        filed.pk, "\n\n".join(f"Párrafo {number}. {BODY}" for number in range(60)), PqrsChannel.WRITTEN, by=director, at=MONDAY
    )
    document = drawn(filed.letters.get())
    assert f"página {len(document.pages)} de {len(document.pages)}" in " ".join(document.pages[-1].extract_text().split())
    assert "Cordialmente" in document.pages[-1].extract_text()
