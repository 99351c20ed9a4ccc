"""F10: the people who work here, so that an advisor's name, a colleague's phone and a signature are known (domain 3.9)."""

import re
from datetime import date, datetime

from django.db import connection

from callcenter import roles
from callcenter.models import ImportBatch, Position
from callcenter.roles import TITLES, Role
from callcenter.spiga import columns, feed, merge
from callcenter.spiga.columns import Column
from callcenter.spiga.feed import Context, Feed, Row
from callcenter.spiga.traces import Trace
from carrazos.lib import phones, text

# How other houses and SPIGA write our positions; the titles of roles.py and of the catalogue are known anyway.
POSITIONS = (
    (Role.CALL_CENTER_LEAD, re.compile(r"\b(COORDINADORA?|LIDER|JEFE)\b.*\bCALL ?CENTER\b")),
    (Role.CALL_CENTER_AGENT, re.compile(r"\bCALL ?CENTER\b|\bAGENTE TELEFONIC")),
    (Role.BODYSHOP_CHIEF, re.compile(r"\b(JEFE|COORDINADORA?)\b.*\b(COLISION|LATONERIA)\b")),
    (Role.WORKSHOP_CHIEF, re.compile(r"\b(JEFE|COORDINADORA?)\b.*\bTALLER\b")),
    (Role.AFTERSALES_DIRECTOR, re.compile(r"\bDIRECTORA?\b.*\b(POST?VENTA|SERVICIO)\b")),
    (Role.AFTERSALES_MANAGER, re.compile(r"\bGERENTE\b.*\bPOST?VENTA\b")),
    (Role.SALES_MANAGER, re.compile(r"\b(GERENTE|DIRECTORA?)\b.*\b(COMERCIAL|VENTAS)\b")),
    (Role.CRM_LEAD, re.compile(r"\bCRM\b")),
    (Role.MARKETING_COORDINATOR, re.compile(r"\bMERCADEO\b|\bMARKETING\b")),
    (Role.QUALITY_COORDINATOR, re.compile(r"\bCALIDAD\b|\bSISTEMAS? DE GESTION\b")),
    (Role.SERVICE_ADVISOR, re.compile(r"\bASESORA?\b.*\b(SERVICIO|POST?VENTA|TALLER)\b|\bRECEPCIONISTA DE TALLER\b")),
    (Role.SALES_ADVISOR, re.compile(r"\bVENDEDORA?\b|\bASESORA?\b.*\b(COMERCIAL|VENTAS)\b")),
)
GONE = re.compile(r"\b(RETIRAD[OA]|INACTIV[OA]|NO|BAJA|DESVINCULAD[OA])\b")

MERGE = """
INSERT INTO outcome
SELECT n, 'DUPLICATE', 'Repite a otra persona del archivo: mismo código, o mismo nombre y sede'
  FROM (SELECT n, row_number() OVER (PARTITION BY CASE WHEN code <> '' THEN code ELSE name_key || '|' || site_id END ORDER BY n) AS turn
          FROM stage) t WHERE turn > 1;
DELETE FROM stage s USING outcome o WHERE o.n = s.n;
CREATE TEMP TABLE tied ON COMMIT DROP AS
SELECT DISTINCT ON (s.n) s.n, e.id FROM stage s
  JOIN callcenter_employee e ON (s.code <> '' AND e.code = s.code)
    OR (e.name_key = s.name_key AND (s.code = '' OR e.code = '') AND (e.site_id = s.site_id OR s.code = '' AND e.code <> ''))
 ORDER BY s.n, (s.code <> '' AND e.code = s.code) DESC, (e.site_id = s.site_id) DESC, e.id;
INSERT INTO outcome
SELECT t.n, 'DUPLICATE', 'Es la misma persona de otra fila del archivo' FROM tied t WHERE EXISTS (SELECT FROM tied o WHERE o.id = t.id AND o.n < t.n);
DELETE FROM stage s USING outcome o WHERE o.n = s.n;
DELETE FROM tied t USING outcome o WHERE o.n = t.n;
WITH changed AS (
  UPDATE callcenter_employee e
     SET code = f.code, name = f.name, name_key = f.name_key, function = f.function, site_id = f.site_id, phone = f.phone, email = f.email,
         is_active = f.is_active
    FROM (SELECT t.n, o.id, COALESCE(NULLIF(s.code, ''), o.code) AS code,
                 CASE WHEN o.name_key = s.name_key THEN o.name ELSE s.name END AS name, s.name_key, s.site_id,
                 COALESCE(NULLIF(s.function, ''), o.function) AS function, COALESCE(NULLIF(s.phone, ''), o.phone) AS phone,
                 COALESCE(NULLIF(s.email, ''), o.email) AS email, s.is_active
            FROM stage s JOIN tied t USING (n) JOIN callcenter_employee o ON o.id = t.id) f
   WHERE e.id = f.id AND (e.code, e.name, e.name_key, e.function, e.site_id, e.phone, e.email, e.is_active)
         IS DISTINCT FROM (f.code, f.name, f.name_key, f.function, f.site_id, f.phone, f.email, f.is_active)
  RETURNING f.n)
INSERT INTO outcome SELECT n, 'UPDATED', '' FROM changed;
INSERT INTO callcenter_employee (code, name, name_key, function, site_id, phone, email, is_active)
SELECT s.code, s.name, s.name_key, s.function, s.site_id, s.phone, s.email, s.is_active
  FROM stage s WHERE NOT EXISTS (SELECT FROM tied t WHERE t.n = s.n) ORDER BY s.n;
INSERT INTO outcome SELECT s.n, 'CREATED', '' FROM stage s WHERE NOT EXISTS (SELECT FROM tied t WHERE t.n = s.n);
INSERT INTO outcome SELECT t.n, 'UNCHANGED', '' FROM tied t WHERE NOT EXISTS (SELECT FROM outcome o WHERE o.n = t.n)
"""


class EmployeesFeed(Feed):
    """Employees by code, by name within a site without one. Who is not in the file stays as they are."""

    slug = "employees"
    title = "Colaboradores"
    route = "Nómina → Colaboradores activos"
    makes = "colaboradores"
    permission = roles.SUPERVISE
    history = "employees"
    leaves = (Trace("employee", "callcenter.Employee", used_stays=True, rows_of="SELECT id, n FROM tied"),)
    columns = (
        columns.BRANCH,
        Column("code", "Código", ("cod", "codigo asesor", "cod asesor", "codigo empleado", "cod empleado", "codigo spiga")),
        Column(
            "customer_name", "Nombre", ("empleado", "colaborador", "nombre completo", "nombre empleado", "asesor", "nombres y apellidos")
        ),
        columns.LAST_NAME_1,
        columns.LAST_NAME_2,
        Column("position", "Cargo", ("puesto", "funcion", "rol")),
        columns.MOBILE,
        columns.PHONES,
        columns.EMAIL,
        Column("status", "Estado", ("activo", "situacion", "estado laboral", "vigente")),
    )
    required = (("customer_name",), ("position", "code", "mobile", "phones", "email"))
    stage = (
        ("n", "int"), ("site_id", "bigint"), ("code", "text"), ("name", "text"), ("name_key", "text"), ("function", "text"), ("phone", "text"),
        ("email", "text"), ("is_active", "boolean"),
    )  # fmt: skip

    def clean(self, row: Row, context: Context) -> tuple:
        site = feed.site_of(row, context)
        raw = text.one_line(" ".join(filter(None, (row.get("customer_name"), row.get("last_name_1"), row.get("last_name_2")))))[:120]
        code, _, tail = raw.partition(" - ")
        code, raw = (code, tail) if tail and code.isdigit() else (row.get("code"), raw)
        if not raw or text.is_placeholder_name(raw):
            raise row.bad("NO_NAME", "Falta el nombre del colaborador", "customer_name", raw)
        position = row.get("position")
        function = function_of(position)
        if position and not function:
            row.warn("UNKNOWN_POSITION", "position", position, f"El cargo «{position[:60]}» no está entre las funciones del sistema")
        phone = first_phone(row, site.area_code)
        mails = [address for address in re.findall(r"[^\s;,<>]+@[^\s;,<>]+", row.get("email").lower()) if columns.MAIL.fullmatch(address)]
        name = text.display_name(raw)
        return (
            row.number, site.pk, code[:20], name, text.name_key(raw), function, phone, mails[0][:254] if mails else "",
            not GONE.search(text.key(row.get("status"))),
        )  # fmt: skip

    def merge(self, batch: ImportBatch, *, at: datetime, today: date) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE stage")
        with merge.watching(self.leaves, employee="true"):
            merge.run(MERGE)


def first_phone(row: Row, area_code: str) -> str:
    """The first number that can be called, as E.164; a bad one is told."""
    for name in ("mobile", "phones"):
        for phone in phones.parse(row.get(name), area_code=area_code):
            if phone.callable:
                return phone.e164
            row.warn("BAD_PHONE", name, phone.raw, f"«{phone.raw[:40]}» no sirve: {phone.reason}")
    return ""


def function_of(position: str) -> str:
    """The function that a position's title stands for; empty when none does."""
    key = text.key(position)
    if not key:
        return ""
    known = {text.key(title): role for role, title in TITLES.items()} | {
        text.key(row.title): row.function for row in Position.objects.all()
    }  # fmt: skip
    return known.get(key) or next((role.value for role, pattern in POSITIONS if pattern.search(key)), "")
