"""How much of a file is read, and the refusal that every reader raises."""

MAX_ROWS = 100_020
MAX_COLUMNS = 300
MAX_SHEETS = 30
MAX_CELL = 8_000

Row = list[str]
DAMAGED = "El archivo de Excel está dañado o incompleto. Descárguelo de nuevo de SPIGA."


class Unreadable(Exception):
    """The file can't be read; the text says why, in Spanish."""


def too_many_rows(name: str = "") -> Unreadable:
    """The refusal of a list that is too long."""
    what = f"La hoja «{name[:40]}»" if name else "El archivo"
    return Unreadable(f"{what} tiene más de {MAX_ROWS - 20:,} filas: divida el listado por fechas.".replace(",", "."))


def too_many_columns(name: str = "") -> Unreadable:
    """The refusal of a list that is too wide."""
    what = f"La hoja «{name[:40]}»" if name else "El archivo"
    return Unreadable(f"{what} tiene más de {MAX_COLUMNS} columnas.")


def check_size(rows: int, columns: int, name: str = "") -> None:
    """Raises Unreadable for a table over the limits."""
    if rows > MAX_ROWS:
        raise too_many_rows(name)
    if columns > MAX_COLUMNS:
        raise too_many_columns(name)


def encoding_of(data: bytes) -> str:
    """BOM, UTF-16 without one, UTF-8, then the code page that the accents speak for.

    Raises Unreadable for bytes that are no text.
    """
    for bom, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(bom):
            return encoding
    head = data[:4_000]
    if b"\x00" in head:
        # Latin text in UTF-16 has its zeros all at odd or all at even places.
        for encoding, letters in (("utf-16-le", head[::2]), ("utf-16-be", head[1::2])):
            if b"\x00" not in letters and head.count(b"\x00") > len(head) // 3:
                return encoding
        raise Unreadable("El archivo no es texto ni Excel: no se reconoce su contenido.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return code_page(data)
    return "utf-8"


# Spanish letters as Windows and as DOS write them; A0 is left out: to Windows it is the hard space of «a. m.».
WINDOWS, DOS = "áéíóúñÁÉÍÓÚÑü".encode("cp1252"), "éíóúñÉÍÓÚÑü".encode("cp850")


def code_page(data: bytes) -> str:
    """cp1252 unless the accents only make sense in cp850, which old programs write."""
    sample = data[:200_000]
    windows, dos = (sum(map(sample.count, (bytes([letter]) for letter in letters))) for letters in (WINDOWS, DOS))
    return "cp850" if dos > windows else "cp1252"
