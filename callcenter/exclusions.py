"""F9: the answer of the Registro de Números Excluidos, number by number (CRC; domain 2.2 and 3.9)."""

from datetime import date, datetime

from callcenter.domain import consent
from callcenter.enums import Channel
from callcenter.models import ImportBatch
from callcenter.spiga import columns, merge, traces
from callcenter.spiga.columns import Column
from callcenter.spiga.feed import BadRow, Context, Feed, Row
from callcenter.spiga.traces import Trace
from carrazos.lib import phones, text

NUMBER = Column(
    "number", "Número", ("numero telefonico", "numero celular", "celular", "movil", "telefono", "linea", "msisdn", "numero o correo")
)
EMAIL = Column("email", "Correo", ("correo electronico", "email", "e mail"))
LISTED = Column("listed", "Excluido", ("esta excluido", "inscrito", "en rne", "registrado", "resultado", "estado"))
CHANNELS = Column("channels", "Canales", ("canal", "medios", "canales excluidos"))
# The register's own channels, and which of ours each closes.
BY_CHANNEL = (
    (Column("calls", "Llamadas", ("llamada", "voz", "llamadas telefonicas")), Channel.VOICE),
    (
        Column("apps", "Aplicaciones o web", ("aplicaciones", "apps", "mensajeria", "app web", "whatsapp", "aplicaciones web")),
        Channel.WHATSAPP,
    ),
    (Column("mail", "Correos electrónicos", ("correos", "canal correo", "excluido correo")), Channel.EMAIL),
)
SMS = Column("sms", "SMS", ("mensajes de texto", "mensaje de texto"))
WORDS = (("LLAMADA", Channel.VOICE), ("VOZ", Channel.VOICE), ("TELEFON", Channel.VOICE), ("MENSAJERIA", Channel.WHATSAPP),
         ("APLICACION", Channel.WHATSAPP), ("APP", Channel.WHATSAPP), ("WHATSAPP", Channel.WHATSAPP), ("WEB", Channel.WHATSAPP),
         ("CORREO", Channel.EMAIL), ("EMAIL", Channel.EMAIL))  # fmt: skip
YES = frozenset({"SI", "S", "X", "1", "TRUE", "VERDADERO", "EXCLUIDO", "INSCRITO", "REGISTRADO", "ACTIVO"})
NO = frozenset({"NO", "N", "0", "FALSE", "FALSO", "NO EXCLUIDO", "NO INSCRITO", "NO REGISTRADO", "NO ENCONTRADO", "LIBRE", "INACTIVO"})
ALL_CHANNELS = frozenset(Channel)
ALL_WORDS = frozenset({"TODOS", "TODAS", "TODO"})
NOT_OURS = ("SMS", "MENSAJE DE TEXTO", "MENSAJES DE TEXTO")  # a channel of the register that the house does not use
OF_HIT = "x.customer_id IN (SELECT customer_id FROM hit)"


class ExclusionsFeed(Feed):
    """Which of our numbers are excluded and for which channels. Reaches only numbers that some customer has."""

    slug = "exclusions"
    title = "Registro de Números Excluidos (RNE)"
    makes = "números excluidos"
    route = "Portal de la CRC → Consulta masiva de números excluidos"
    columns = (NUMBER, EMAIL, LISTED, CHANNELS, *(column for column, _ in BY_CHANNEL), SMS)
    required = (("number", "email"),)
    stage = (("n", "int"), ("kind", "text"), ("value", "text"), ("channels", "text"))
    history = "rne"
    leaves = (
        Trace("rne", "callcenter.ContactPoint", made=traces.NOTHING, rows_of="SELECT id, n FROM hit"),
        Trace("refusal", "callcenter.Exclusion"),
        traces.OUTREACH,
    )
    header_minimum = 1  # a bare list of numbers has one column

    def clean(self, row: Row, context: Context) -> tuple:
        kind, value = contact_of(row)
        return row.number, kind, value, ",".join(sorted(channels_of(row)))

    def merge(self, batch: ImportBatch, *, at: datetime, today: date) -> None:
        merge.run(LOOK_UP)
        with merge.watching(self.leaves, rne="x.id IN (SELECT id FROM hit)", refusal=OF_HIT, outreach=OF_HIT):
            merge.run(APPLY, {"at": at, "today": today, "note": f"RNE: {batch.name}"[:300]})


def contact_of(row: Row) -> tuple[str, str]:
    """(kind, value) of the number or e-mail that was looked up. Raises BadRow."""
    raw = row.get("number") or row.get("email")
    if not raw:
        raise row.bad("NO_NUMBER", "Falta el número o el correo consultado", "number")
    if "@" in raw:
        found = [address for address, _ in columns.emails(raw)]
        if found:
            return "EMAIL", found[0][:120]
    else:
        for phone in phones.parse(raw):
            if phone.callable:
                return "PHONE", phone.e164
    raise row.bad("BAD_PHONE", f"«{raw[:40]}» no es un número ni un correo", "number", raw)


def channels_of(row: Row) -> frozenset[Channel]:
    """The channels that the register closes for this row; none when the number is free. Raises BadRow for an answer that can't be read."""
    listed = text.key(row.get("listed"))
    if listed and listed not in YES | NO:
        raise unread(row, "listed")
    if listed in NO:
        return frozenset()
    answers = {channel: text.key(row.get(column.field)) for column, channel in BY_CHANNEL}
    for column, channel in BY_CHANNEL:
        if answers[channel] and answers[channel] not in YES | NO:
            raise unread(row, column.field)
    closed = frozenset(channel for channel, answer in answers.items() if answer in YES)
    if any(answers.values()) or row.get("sms"):
        # Excluded, and from none of the channels it names: the safe reading.
        return closed if closed or listed not in YES or text.key(row.get("sms")) in YES else ALL_CHANNELS
    # A bare list is a list of excluded numbers.
    return channels_named(row) if row.get("channels") else ALL_CHANNELS


def channels_named(row: Row) -> frozenset[Channel]:
    """The channels of a cell that lists them. Raises BadRow when it names none: an answer not understood closes nothing by mistake."""
    words = text.key(row.get("channels"))
    named = frozenset(channel for word, channel in WORDS if word in words)
    if ALL_WORDS & set(words.split()):
        return ALL_CHANNELS
    if not named and not any(word in words for word in NOT_OURS):
        raise unread(row, "channels")
    return named


def unread(row: Row, field: str) -> BadRow:
    return row.bad("RNE_ANSWER", f"«{row.get(field)[:40]}» no dice si está excluido; se espera Sí o No, o el canal", field, row.get(field))


# A person is closed for a channel when any of their numbers is: nobody looks for the one that is not.
LOOK_UP = """
CREATE TEMP TABLE answer ON COMMIT DROP AS
SELECT DISTINCT ON (kind, value) n, kind, value,
       CASE WHEN channels = '' THEN ARRAY[]::varchar[] ELSE string_to_array(channels, ',')::varchar[] END AS channels
  FROM stage ORDER BY kind, value, n DESC;
INSERT INTO outcome SELECT s.n, 'DUPLICATE', 'Repite otra fila del archivo: el mismo número' FROM stage s WHERE s.n NOT IN (SELECT n FROM answer);
CREATE TEMP TABLE hit ON COMMIT DROP AS
SELECT a.n, k.id, k.customer_id, a.channels, k.rne_channels AS before, k.rne_checked_on AS checked
  FROM answer a JOIN callcenter_contactpoint k ON k.value = a.value AND k.kind = a.kind;
INSERT INTO outcome SELECT a.n, 'UNKNOWN_NUMBER', 'El número no es de ningún cliente' FROM answer a WHERE a.n NOT IN (SELECT n FROM hit)
"""
APPLY = f"""
UPDATE callcenter_contactpoint k SET rne_channels = h.channels, rne_checked_on = %(today)s FROM hit h
 WHERE h.id = k.id AND (k.rne_channels, k.rne_checked_on) IS DISTINCT FROM (h.channels, %(today)s::date);
CREATE TEMP TABLE wanted ON COMMIT DROP AS
SELECT c.customer_id, COALESCE((SELECT array_agg(DISTINCT x ORDER BY x) FROM callcenter_contactpoint k CROSS JOIN unnest(k.rne_channels) x
                                 WHERE k.customer_id = c.customer_id), ARRAY[]::varchar[]) AS channels
  FROM (SELECT DISTINCT customer_id FROM hit) c;
UPDATE callcenter_exclusion x SET withdrawn_at = %(at)s FROM wanted w
 WHERE x.customer_id = w.customer_id AND x.source = 'RNE' AND x.withdrawn_at IS NULL AND x.channels <> w.channels;
INSERT INTO callcenter_exclusion (customer_id, scope, channels, source, since, note)
SELECT w.customer_id, 'COMMERCIAL', w.channels, 'RNE', %(at)s, %(note)s FROM wanted w
 WHERE w.channels <> ARRAY[]::varchar[]
   AND NOT EXISTS (SELECT FROM callcenter_exclusion x WHERE x.customer_id = w.customer_id AND x.source = 'RNE' AND x.withdrawn_at IS NULL);
{consent.sql_withdraw("o.customer_id IN (SELECT customer_id FROM wanted) AND NOT o.is_callback")};
INSERT INTO outcome
SELECT n, CASE WHEN bool_or(channels <> before AND channels <> ARRAY[]::varchar[]) THEN 'CREATED'
               WHEN bool_or(channels <> before OR checked IS DISTINCT FROM %(today)s::date) THEN 'UPDATED' ELSE 'UNCHANGED' END, ''
  FROM hit GROUP BY n
"""  # noqa: S608 -- our own fragments
