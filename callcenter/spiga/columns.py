"""Columns of SPIGA's files: what each is called, and how its text becomes a value (domain 3.2)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from carrazos.lib.text import header_key, headers_match

MAX_ODOMETER = 1_500_000


@dataclass(frozen=True)
class Column:
    """One field of a feed and the titles under which SPIGA writes it (compared by `header_key`)."""

    field: str
    title: str
    aliases: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(header_key(name) for name in (self.title, *self.aliases)))


BRANCH = Column("branch", "Centro", ("sede", "sucursal", "nombre centro", "concesionario", "taller", "punto de venta"))
CUSTOMER_CODE = Column("customer_code", "Cód. Tercero",
                       ("tercero", "cod tercero", "codigo cliente", "id tercero", "pkterceros", "nº cliente"))  # fmt: skip
CUSTOMER_NAME = Column("customer_name", "Cliente", ("nombre cliente", "nombre", "cliente fra", "titular", "propietario",
                                                    "razon social", "nombre completo"))  # fmt: skip
LAST_NAME_1 = Column("last_name_1", "Apellido 1", ("apellido1", "primer apellido"))
LAST_NAME_2 = Column("last_name_2", "Apellido 2", ("apellido2", "segundo apellido"))
DOCUMENT = Column("document", "N° Doc. Cliente", ("documento", "cedula", "nit", "nif cif", "nifcif", "cc nit", "identificacion",
                                                  "num documento"))  # fmt: skip
DOCUMENT_TYPE = Column("document_type", "Tipo Doc.", ("tipo documento", "t doc"))
PROFILE = Column("profile", "Perfil Cliente", ("perfil", "tipo cliente", "categoria cliente", "clase"))
PHONES = Column("phones", "Teléfonos", ("telefono", "telf", "tel", "telefono 1", "telf fijo", "contacto"))
PHONE_2 = Column("phone_2", "Teléfono 2")
MOBILE = Column("mobile", "Telf. Móvil", ("movil", "celular", "tel movil", "telefono movil", "whatsapp"))
EMAIL = Column("email", "Email", ("e mail", "correo", "correo electronico", "mail", "emails"))
CITY = Column("city", "Ciudad", ("poblacion", "municipio"))
PLATE = Column("plate", "Placa", ("matricula", "placas"))
VIN = Column("vin", "VIN", ("chasis", "bastidor", "n bastidor", "numero de chasis", "serie"))
BRAND = Column("brand", "Marca")
FAMILY = Column("family", "Gama", ("linea", "familia"))
MODEL = Column("model", "Modelo", ("version", "descripcion vehiculo"))
MODEL_YEAR = Column("model_year", "Año Modelo", ("ano modelo", "modelo ano"))
ODOMETER = Column("odometer", "Kilómetros", ("kms", "km", "kilometraje", "ultimo km"))
ADVISOR = Column("advisor", "Asesor Servicio", ("asesor", "asesor de servicio", "recepcionista", "vendedor", "asesor comercial",
                                                "comercial", "usuario", "responsable"))  # fmt: skip

CUSTOMER = (CUSTOMER_CODE, CUSTOMER_NAME, LAST_NAME_1, LAST_NAME_2, DOCUMENT, DOCUMENT_TYPE, PROFILE, PHONES, PHONE_2, MOBILE,
            EMAIL, CITY)  # fmt: skip
VEHICLE = (PLATE, VIN, BRAND, FAMILY, MODEL, MODEL_YEAR, ODOMETER)


# What our own workbook of the rows left out adds to the file's columns: never a field, whatever anybody taught.
ADDED = ("Fila del archivo", "Cómo quedó", "Motivo por el que no entró", "Columna con problema", "Valor leído", "Qué hacer")
ADDED_KEYS = frozenset(map(header_key, ADDED))


def match_headers(header: Iterable[str], columns: Iterable[Column], extra: dict[str, str] | None = None) -> dict[str, int]:
    """Field → position for the titles that are known; of two columns for one field the first stands.

    `extra` are the owner's aliases (header key → field, empty to ignore the column), which win over ours.
    """
    return {field: positions[0] for field, positions in match_all(header, columns, extra).items()}


def match_all(header: Iterable[str], columns: Iterable[Column], extra: dict[str, str] | None = None) -> dict[str, tuple[int, ...]]:
    """Field → every position that may hold it, the owner's choice first; of a row's cells the first with a value stands."""
    header, columns, extra = tuple(header), tuple(columns), extra or {}
    found: dict[str, list[int]] = {}
    for position, title in enumerate(header):
        name = header_key(title)
        if not name or name in ADDED_KEYS:
            continue
        field = extra[name] if name in extra else field_of(name, columns) or field_of(header_key(TWIN.sub("", title)), columns)
        if field and name in extra and not any(header_key(header[at]) in extra for at in found.get(field, ())):
            found.setdefault(field, []).insert(0, position)
        elif field:
            found.setdefault(field, []).append(position)
    return {field: tuple(positions) for field, positions in found.items()}


TWIN = re.compile(r" #\d+$")


def field_of(name: str, columns: Iterable[Column]) -> str | None:
    """The field that a header key names."""
    return next((column.field for column in columns if any(headers_match(name, alias) for alias in column.keys)), None)


NOT_NUMBER, NO_CENTS, NOT_DIGIT = re.compile(r"[^\d.,-]"), re.compile(r"[.,]0{1,2}$"), re.compile(r"\D")
YEAR = re.compile(r"(19[5-9]\d|20[0-5]\d)(\.0)?")


def odometer(raw: str) -> int | None:
    """`12.345`, `12,345 Km`, `12.345,00` → 12345. Raises ValueError (Spanish) for what can't be an odometer."""
    text = NOT_NUMBER.sub("", raw)
    if not text:
        return None
    text = NO_CENTS.sub("", text)
    if text.startswith("-") or not (digits := NOT_DIGIT.sub("", text)):
        raise ValueError(f"«{raw}» no es un kilometraje")
    value = int(digits)
    if value > MAX_ODOMETER:
        raise ValueError(f"«{raw}» es más de 1.500.000 km")
    return value


def amount(raw: str) -> Decimal | None:
    """`$ 1.234.567`, `-120.000,00`, `(120.000)` → pesos. None for what is no amount."""
    bare = re.sub(r"[^\d.,()-]", "", raw)
    negative = bare.startswith(("-", "(")) or bare.endswith("-")
    bare = re.sub(r"[.,](\d{1,2})\)?-?$", r"|\1", bare)
    digits = re.sub(r"[^\d|]", "", bare).replace("|", ".")
    if not re.fullmatch(r"\d{1,15}(\.\d{1,2})?", digits):
        return None
    return -Decimal(digits) if negative else Decimal(digits)


def year(raw: str) -> int | None:
    """A model year between 1950 and 2059, or nothing."""
    return int(raw[:4]) if YEAR.fullmatch(raw) else None


PLACEHOLDER_MAIL = re.compile(r"^(no ?tiene|sincorreo|no|na|xxx+|correo|ninguno|noaplica|n/?a)@|@(notiene|na|no)\.", re.IGNORECASE)
BETWEEN_MAILS = re.compile(r"[;/\s]+|,(?!\s*com?$)")
MAIL_FIXES = (
    (re.compile(r"@(gmial|gmai|gmal|gnail|gmaill)\."), "@gmail."),
    (re.compile(r"@(hotmial|hotmai|homail|hotmal)\."), "@hotmail."),
    (re.compile(r"@outlok\."), "@outlook."),
    (re.compile(r"@yahho\."), "@yahoo."),
    (re.compile(r"[.,] ?(con|cmo|co m)$"), ".com"),
    (re.compile(r",com$"), ".com"),
)
MAIL = re.compile(r"[a-z0-9._%+\-]+@[a-z0-9\-]+(\.[a-z0-9\-]+)*\.[a-z]{2,}")


def emails(raw: str) -> list[tuple[str, str]]:
    """Every address of a cell as (value, correction made); placeholders and the company's own are left out (domain 4.7)."""
    found = []
    for part in BETWEEN_MAILS.split(raw.lower().strip()):
        address = part.strip(".,<>()")
        if "@" not in address or PLACEHOLDER_MAIL.search(address) or "@carrazos" in address:
            continue
        mended = address
        for pattern, replacement in MAIL_FIXES:
            mended = pattern.sub(replacement, mended)
        if MAIL.fullmatch(mended):
            found.append((mended, "" if mended == address else f"«{address}» se corrigió a «{mended}»"))
    return found
