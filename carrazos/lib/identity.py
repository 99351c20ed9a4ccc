"""Documents and companies: NIT and its check digit, and who is a person although a NIT is printed (domain 4.3, 4.6)."""

import re
from dataclasses import dataclass
from enum import StrEnum

from stdnum.co import nit

from carrazos.lib.text import fold, key


class DocumentType(StrEnum):
    CC = "CC"
    NIT = "NIT"
    CE = "CE"
    TI = "TI"
    PPT = "PPT"
    PASSPORT = "PASSPORT"
    UNKNOWN = ""


class Reason(StrEnum):
    """Why somebody counts as a company (GSC-PRO-04 §1 excludes «clientes corporativos»)."""

    PROFILE = "PROFILE"
    COMPANY_NIT = "COMPANY_NIT"
    NAME = "NAME"


@dataclass(frozen=True)
class Document:
    """A document without separators; `check_digit` only for NITs; `valid` is False for an impossible one."""

    type: DocumentType
    number: str
    check_digit: str = ""
    valid: bool = True


TYPE_WORDS = {"CC": DocumentType.CC, "CEDULA": DocumentType.CC, "CEDULA DE CIUDADANIA": DocumentType.CC, "C": DocumentType.CC,
              "NIT": DocumentType.NIT, "N": DocumentType.NIT, "CE": DocumentType.CE, "CEDULA DE EXTRANJERIA": DocumentType.CE,
              "TI": DocumentType.TI, "RC": DocumentType.TI, "TARJETA DE IDENTIDAD": DocumentType.TI, "PPT": DocumentType.PPT,
              "PEP": DocumentType.PPT, "PASAPORTE": DocumentType.PASSPORT, "PA": DocumentType.PASSPORT, "PP": DocumentType.PASSPORT}  # fmt: skip

COMPANY_PROFILES = frozenset({"EMPRESA", "EMPRESAS", "COMPANIA", "CORPORATIVO", "JURIDICA", "PERSONA JURIDICA", "FLOTA", "FLOTAS",
                              "GOBIERNO", "CONCESIONARIO", "LEASING", "RENTING"})  # fmt: skip
HARD_WORDS = frozenset({
    "SAS", "LTDA", "LIMITADA", "CIA", "SCA", "EICE", "EPS", "IPS", "COOPERATIVA", "COOPERATIVO", "FUNDACION", "CORPORACION",
    "ASOCIACION", "CONSORCIO", "ALCALDIA", "GOBERNACION", "MUNICIPIO", "MINISTERIO", "POLICIA", "EJERCITO", "FISCALIA", "HOSPITAL",
    "CLINICA", "UNIVERSIDAD", "LEASING", "RENTING", "FIDUCIARIA", "FIDEICOMISO", "SEGUROS", "ASEGURADORA", "EDIFICIO", "SINDICATO",
})  # fmt: skip
HARD_PHRASES = (
    "S A S", "S EN C", "S EN CS", "UNION TEMPORAL", "PATRIMONIO AUTONOMO", "CONJUNTO RESIDENCIAL", "JUNTA DE ACCION", "CAJA DE COMPENSACION",
    "FONDO DE EMPLEADOS", "SECRETARIA DE", "RAMA JUDICIAL", "CAMARA DE COMERCIO", "CENTRO COMERCIAL", "JUNTA DE VIVIENDA", "CUERPO DE BOMBEROS",
    "DEPARTAMENTO DE", "DEPARTAMENTO DEL", "INSTITUTO DE", "INSTITUTO NACIONAL", "INSTITUTO COLOMBIANO", "PARROQUIA DE", "PARROQUIA SAN",
)  # fmt: skip
HARD_PHRASE = re.compile(f" (?:{'|'.join(HARD_PHRASES)}) | COOTRANS")
LAST_ONLY = frozenset({"EU", "UT", "ESP", "ESE"})
SURNAMES_TOO = frozenset({"BANCO", "COLEGIO", "IGLESIA"})
SOFT_WORDS = frozenset({"INVERSIONES", "CONSTRUCTORA", "TRANSPORTES", "COMERCIALIZADORA", "DISTRIBUIDORA", "AGROPECUARIA", "INGENIERIA",
                        "GRUPO", "SERVICIOS", "INDUSTRIAS", "FERRETERIA", "RESTAURANTE"})  # fmt: skip
SEPARATORS = re.compile(r"[.\s,']+")
LONGEST = 15  # digits: a PEP's


def is_company_nit(number: str) -> bool:
    """Nine digits that start with 8 or 9: the range of companies."""
    return len(number) == 9 and number[0] in "89" and number.isdigit()


def document(raw: str, kind: str = "") -> Document:
    """`900.373.913-4`, `9003739134`, `1.075.000.104`, `AB123456` → type, number and check digit.

    Ten digits whose last is the right check digit of a company NIT are that NIT; other ten digits are a CC.
    """
    stated = TYPE_WORDS.get(key(kind), DocumentType.UNKNOWN) if kind else DocumentType.UNKNOWN
    if raw.isdigit() and raw.isascii() and len(set(raw)) > 1:
        return numeric_document(raw, stated)
    text = SEPARATORS.sub("", fold(raw.removesuffix(".0")))
    if found := re.fullmatch(r"(\d{6,10})-(\d)", text):
        number, digit = found.groups()
        return Document(DocumentType.NIT, number, digit, nit.calc_check_digit(number) == digit)
    number = re.sub(r"[^A-Z0-9]", "", text)
    if not number or len(set(number)) == 1:
        return Document(DocumentType.UNKNOWN, "")
    if number.isdigit():
        return numeric_document(number, stated)
    if re.fullmatch(r"[A-Z0-9]{5,15}", number):
        return Document(DocumentType.PASSPORT, number)
    return Document(DocumentType.UNKNOWN, number[:20], valid=False)


def numeric_document(number: str, stated: DocumentType) -> Document:
    if len(number) > LONGEST:  # two people in one cell
        return Document(stated, number[:20], valid=False)
    if len(number) == 10 and is_company_nit(number[:9]) and nit.calc_check_digit(number[:9]) == number[9]:
        return Document(DocumentType.NIT, number[:9], number[9])
    if stated in {DocumentType.CE, DocumentType.TI, DocumentType.PPT, DocumentType.PASSPORT}:
        return Document(stated, number, valid=5 <= len(number) <= 15)
    if stated is DocumentType.NIT or is_company_nit(number):
        if len(number) > 6 and not is_company_nit(number) and nit.calc_check_digit(number[:-1]) == number[-1] and len(number) in {9, 11}:
            return Document(DocumentType.NIT, number[:-1], number[-1])
        return Document(DocumentType.NIT, number, nit.calc_check_digit(number))
    is_cc = 5 <= len(number) <= 8 or (len(number) == 10 and number[0] == "1")
    return Document(DocumentType.CC, number, valid=is_cc)


def document_key(parsed: Document) -> str:
    """What two writings of one person's document share: a natural person's NIT is the CC plus a check digit."""
    if not parsed.valid or not parsed.number:
        return ""
    if parsed.type in {DocumentType.NIT, DocumentType.CC, DocumentType.TI}:
        return parsed.number
    return f"{parsed.type}{parsed.number}"


def is_company(name: str, document: str = "", profile: str = "") -> Reason | None:
    """The reason why this is a company, or None for a person (domain 4.6).

    A natural person with a NIT stays a person; so do the surnames Banco, Colegio and Iglesia standing alone.
    """
    return company_reason(name, parse_document(document) if document else None, profile)


parse_document = document  # the parameter above hides the function's name


def company_reason(name: str, document: Document | None, profile: str = "") -> Reason | None:
    """As `is_company`, with the document parsed already."""
    if profile and key(profile) in COMPANY_PROFILES:
        return Reason.PROFILE
    # A natural person's NIT is no sign of a company; one of the companies' range is, even when its check digit was mistyped.
    has_nit = document is not None and document.type is DocumentType.NIT and is_company_nit(document.number)
    if document is not None and has_nit and document.valid:
        return Reason.COMPANY_NIT
    return Reason.NAME if has_company_name(name, has_nit=has_nit) else None


def has_company_name(name: str, *, has_nit: bool = False) -> bool:
    folded = fold(name).replace(".", "")
    words = key(folded).split()
    if not words:
        return False
    hard = not HARD_WORDS.isdisjoint(words) or HARD_PHRASE.search(f" {' '.join(words)} ") or "& CIA" in folded
    if hard or words[-1] in LAST_ONLY or (words[0] == "ESE" and len(words) > 1):
        return True
    soft = SOFT_WORDS.intersection(words)
    if words[-1] == "SA" and len(words) > 1 and (has_nit or soft or SURNAMES_TOO.intersection(words)):
        return True
    if words[0] in SURNAMES_TOO and len(words) > 1:
        return True
    return bool(soft) and has_nit
