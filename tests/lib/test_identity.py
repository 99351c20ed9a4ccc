"""Documents, and who is a company (domain 4.3, 4.6)."""

import pytest

from carrazos.lib.identity import DocumentType, Reason, document, document_key, is_company


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("900.373.913-4", (DocumentType.NIT, "900373913", "4")),
        ("9003739134", (DocumentType.NIT, "900373913", "4")),
        ("900373913 4", (DocumentType.NIT, "900373913", "4")),
        ("900373913", (DocumentType.NIT, "900373913", "4")),
        ("800197268", (DocumentType.NIT, "800197268", "4")),
        ("899999068", (DocumentType.NIT, "899999068", "1")),
        ("890903938", (DocumentType.NIT, "890903938", "8")),
        ("1.075.234.567", (DocumentType.CC, "1075234567", "")),
        ("1075234567.0", (DocumentType.CC, "1075234567", "")),
        ("52000101", (DocumentType.CC, "52000101", "")),
        ("AB123456", (DocumentType.PASSPORT, "AB123456", "")),
    ],
)
def test_a_document_is_read(raw, expected):
    parsed = document(raw)
    assert (parsed.type, parsed.number, parsed.check_digit) == expected
    assert parsed.valid


@pytest.mark.parametrize("raw", ["900373913-5", "830045678-9", "123"])
def test_an_impossible_document_is_not_valid(raw):
    assert not document(raw).valid
    assert document_key(document(raw)) == ""


def test_two_documents_in_a_cell_are_none_and_fit_their_column():
    found = document("1.075.234.567 / 1.098.765.432-1")
    assert (found.valid, len(found.number), document_key(found)) == (False, 20, "")
    assert not document("1.075.234.567 / 1.098.765.432-1", "NIT").valid


def test_a_natural_persons_nit_is_the_same_person():
    """The CC and the NIT of one person share the key."""
    from stdnum.co import nit

    cc = "79456123"
    assert document_key(document(f"{cc}-{nit.calc_check_digit(cc)}")) == document_key(document(cc))


COMPANIES = ["FLOTA DEMO S.A.S.", "TRANSPORTES XY S.A.S", "PEREZ & CIA", "GOMEZ Y CIA LTDA", "BANCO DE BOGOTA", "COLEGIO SAN JOSE",
             "IGLESIA CRISTIANA", "SEGUROS DEMO S.A.", "LEASING DEMO", "FUNDACION VIVIR", "UNION TEMPORAL VIAS", "COOTRANSDEMO",
             "MUNICIPIO DE CHIA", "HOSPITAL CENTRAL", "CONJUNTO RESIDENCIAL LOS PINOS", "ESE HOSPITAL NORTE", "AGUAS ESP",
             "IMPORTADORA DEMO S.A.S.", "INVERSIONES DEL SUR SA", "JUNTA DE ACCION COMUNAL", "CONSORCIO VIAL"]  # fmt: skip
PERSONS = ["ROSA", "LISA", "SARA SA", "JESUS ESPINOSA", "UTRIA", "CIARA", "JOSE BANCO", "MARIA EU GENIA", "ANA U T", "JUAN PEREZ",
           "LAURA COLEGIO", "PEDRO IGLESIA", "INVERSIONES PEREZ", "MARIA DEL CARMEN SERVICIOS", "ROSARIO SANTA", "ESTEBAN CIANCI",
           "LUZ MARINA GRUPO", "SASKIA BELTRAN", "JOSE DE LA CRUZ", "EPSTEIN CARLOS"]  # fmt: skip


@pytest.mark.parametrize("name", COMPANIES)
def test_a_company_by_its_name(name):
    assert is_company(name) is Reason.NAME


@pytest.mark.parametrize("name", PERSONS)
def test_a_person_stays_a_person(name):
    assert is_company(name) is None


def test_profile_and_nit_decide_before_the_name():
    assert is_company("JUAN PEREZ", profile="Empresa") is Reason.PROFILE
    assert is_company("JUAN PEREZ", "900.373.913-4") is Reason.COMPANY_NIT
    assert is_company("JUAN PEREZ", "79456123-1") is None
    assert is_company("INVERSIONES PEREZ", "900.373.913-4") is Reason.COMPANY_NIT
