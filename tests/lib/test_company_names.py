"""Companies go, people stay (GSC-PRO-04 §1; domain 4.6): names as the workshop's files write them."""

import pytest

from carrazos.lib import identity

COMPANIES = (
    "TRANSPORTES EL CÓNDOR S.A.S.", "INVERSIONES LOMA VERDE SAS", "FERRETERÍA LA TUERCA LTDA", "FERRETERIA LA TUERCA LTDA.",
    "COMERCIAL ANDINA LIMITADA", "GÓMEZ HERMANOS & CIA", "GOMEZ HERMANOS Y CIA S EN C", "PEREZ Y CIA SCA", "AGUAS DEL SUR E.S.P.",
    "E.S.E. HOSPITAL SAN JUAN", "HOSPITAL SAN JUAN ESE", "SALUD TOTAL E.P.S.", "CLINICA DEL NORTE IPS", "COOPERATIVA DE CAFETEROS",
    "COOTRANSNORTE", "COOTRANSHUILA LTDA", "FUNDACIÓN AMIGOS DEL RÍO", "CORPORACION CLUB CAMPESTRE", "ASOCIACIÓN DE PADRES DE FAMILIA",
    "CONSORCIO VIAL 2024", "UNIÓN TEMPORAL VIAS DEL SUR", "VIAS DEL SUR U.T.", "ALCALDIA DE SOACHA", "GOBERNACIÓN DEL HUILA",
    "MUNICIPIO DE PITALITO", "MINISTERIO DE DEFENSA", "POLICÍA NACIONAL", "EJERCITO NACIONAL", "FISCALIA GENERAL DE LA NACION",
    "UNIVERSIDAD SURCOLOMBIANA", "LEASING DEMO", "RENTING COLOMBIA", "FIDUCIARIA DEMO", "FIDEICOMISO LOTE 7", "PATRIMONIO AUTÓNOMO TORRES",
    "SEGUROS DEL ESTADO", "ASEGURADORA SOLIDARIA", "CONJUNTO RESIDENCIAL LOS PINOS", "EDIFICIO BALCONES PH", "SINDICATO DE MAESTROS",
    "JUNTA DE ACCIÓN COMUNAL EL PORVENIR", "BANCO DE OCCIDENTE", "COLEGIO SAN JOSE", "IGLESIA CRISTIANA", "TALLERES UNIDOS E.U.",
    "Carrazos S.A.S", "  taxis   libres   s. a. s. ", "EMPRESA DE LICORES EICE", "CONSTRUCTORA DEMO S.A.", "GRUPO DEMO S.A.",
)  # fmt: skip
PEOPLE = (
    "ROSA", "LISA", "SARA SA", "JESUS ESPINOSA", "ANA UTRIA", "CIARA LOPEZ", "JOSE BANCO", "PEDRO COLEGIO", "MARIA IGLESIA", "MARIA EU GENIA",
    "ANA U T LOPEZ", "JUAN SASTOQUE", "ELSA SASTRE", "SASHA MORENO", "LIDA LOZANO", "FIDELINA FIDEICO", "ESPERANZA RUIZ", "RODRIGUEZ LUIS A",
    "CLEMENCIA CLAVIJO", "SEGURA MARTINEZ LUIS", "SEGUNDO SEGURA", "INÉS BANCOLINI", "POLICARPA SALAVARRIETA", "HOSPICIO GARCIA", "MINISTRO PEREZ PABLO",
    "GRUPO ROJAS MARIA", "SERVICIOS RIOS ANA", "RESTAURANTE DIAZ LUIS", "INDUSTRIAS PEÑA JOSE", "INGENIERIA MORA CARLOS", "TRANSITO DELGADO",
    "LEANDRO LEAL", "RENTERIA JULIO", "EDITH EDIFICA", "ASTRID ASOCIA", "MUÑOZ PEÑA , ANA MARIA", "DE LA ESPRIELLA JUAN", "UTIMA CARDONA", "EPSON TORRES",
    "IPSEN OLGA", "EUGENIO EUSSE", "CIRO GARCÍA", "LIMA TADA", "SANTACRUZ COOPER", "CORPUS CHRISTI", "FUNDADOR ORTIZ", "UNION CASTRO MARTA",
)  # fmt: skip


@pytest.mark.parametrize("name", COMPANIES)
def test_a_company_by_its_name(name):
    assert identity.is_company(name) is not None or identity.is_company(name, "900373913-4") is not None


@pytest.mark.parametrize("name", [name for name in COMPANIES if not name.startswith(("CONSTRUCTORA", "GRUPO"))])
def test_its_name_alone_is_enough(name):
    assert identity.is_company(name) == identity.Reason.NAME


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_stays_a_person(name):
    assert identity.is_company(name) is None


@pytest.mark.parametrize("name", ["JUAN PEREZ", "SARA SA", "JOSE BANCO", "ROSA SEGURA"])
@pytest.mark.parametrize("document", ["1.075.000.104", "1075000104-3", "52.000.101", "79456123-1"])
def test_a_natural_persons_nit_is_no_company(name, document):
    assert identity.is_company(name, document) is None


@pytest.mark.parametrize(
    "document", ["900.373.913-4", "9003739134", "900373913 4", "900373913", "800197268-4", "899999068-1", "890903938-8"]
)
def test_a_company_nit_makes_a_company_of_any_name(document):
    assert identity.is_company("JUAN PEREZ", document) == identity.Reason.COMPANY_NIT


@pytest.mark.parametrize(
    ("profile", "reason"), [("Empresa", "PROFILE"), ("JURÍDICA", "PROFILE"), ("Particular", None), ("PARTICULAR", None), ("", None)]
)
def test_what_spiga_says_of_the_profile(profile, reason):
    assert identity.is_company("JUAN PEREZ", "", profile) == reason


@pytest.mark.parametrize("word", ["INVERSIONES", "TRANSPORTES", "COMERCIALIZADORA", "AGROPECUARIA", "FERRETERIA"])
def test_a_soft_word_needs_a_second_sign(word):
    assert identity.is_company(f"{word} LA LOMA") is None
    assert identity.is_company(f"{word} LA LOMA SAS") == identity.Reason.NAME
    assert identity.is_company(f"{word} LA LOMA", "900373913-4") == identity.Reason.COMPANY_NIT
