"""A customer master of any size, set-based: names with the frequencies of real ones, phones, vehicles and who owns them."""

import random

SURNAMES = ["RODRIGUEZ", "MARTINEZ", "GARCIA", "GOMEZ", "LOPEZ", "GONZALEZ", "HERNANDEZ", "SANCHEZ", "PEREZ", "RAMIREZ", "TORRES", "DIAZ", "RUIZ", "MUNOZ", "ROJAS", "MORENO", "JIMENEZ", "VARGAS", "CASTRO", "ORTIZ", "ALVAREZ", "VALENCIA", "SUAREZ", "CARDONA", "GUTIERREZ", "HERRERA", "ROMERO", "MEDINA", "ARIAS", "CASTILLO", "RIVERA", "OSORIO", "MEJIA", "RESTREPO", "PENA"]  # fmt: skip
GIVEN = ["MARIA", "JUAN", "CARLOS", "LUIS", "JOSE", "ANA", "JORGE", "DIANA", "SANDRA", "PAOLA", "CAROLINA", "ANDRES", "FELIPE", "CAMILO", "LUZ", "MARTHA", "CLAUDIA", "JAIRO", "EDWIN", "OSCAR", "DAVID", "DANIEL", "LAURA", "NATALIA", "VALENTINA", "SANTIAGO", "SEBASTIAN", "GLORIA", "BLANCA", "HECTOR"]  # fmt: skip
SYLLABLES = [
    "BA",
    "CE",
    "DI",
    "FO",
    "GU",
    "LA",
    "ME",
    "NI",
    "PO",
    "RU",
    "SA",
    "TE",
    "VI",
    "ZO",
    "MAR",
    "CAN",
    "DEL",
    "GRI",
    "JUL",
    "QUI",
    "ROS",
    "TAN",
    "VEL",
    "XIM",
]


def invented(rng: random.Random, count: int, head: list[str]) -> list[str]:
    """The common names first, then rare ones of three syllables."""
    found = dict.fromkeys(head)
    while len(found) < count:
        found["".join(rng.choices(SYLLABLES, k=3))] = None
    return list(found)


def fill_master(count: int) -> None:
    """`count` customers of two sites, with 1.3 phones and 1.1 vehicles each; the first names are the commonest (a power law)."""
    from django.db import connection

    rng = random.Random(7)
    values = {"n": count, "given": invented(rng, 400, GIVEN), "family": invented(rng, 3_000, SURNAMES)}
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0; SELECT setseed(0.5)")
        cursor.execute(
            """
            INSERT INTO callcenter_customer (kind, company_reason, name, raw_name, name_key, document_type, document_number, check_digit,
                   document_key, dms_code, city, sites, edited_fields)
            SELECT CASE WHEN n %% 17 = 0 THEN 'COMPANY' ELSE 'PERSON' END, '', initcap(concat_ws(' ', g1, g2, f1, f2)), '',
                   (SELECT string_agg(w, ' ' ORDER BY w) FROM unnest(ARRAY[g1, g2, f1, f2]) w WHERE w <> ''),
                   'CC', (1000000000 + n * 7)::text, '', (1000000000 + n * 7)::text, (n + 100000)::text, 'Bogotá',
                   ARRAY[(SELECT id FROM callcenter_site WHERE code = CASE WHEN n %% 2 = 0 THEN 'norte' ELSE 'centro' END)],
                   ARRAY[]::varchar[]
              FROM (SELECT n, g[1 + floor(400 * power(random(), 4))] AS g1,
                           CASE WHEN random() < 0.6 THEN g[1 + floor(400 * power(random(), 4))] ELSE '' END AS g2,
                           f[1 + floor(3000 * power(random(), 4))] AS f1, f[1 + floor(3000 * power(random(), 4))] AS f2
                      FROM generate_series(1, %(n)s) n, (SELECT %(given)s::text[] AS g, %(family)s::text[] AS f) names) people
            """,
            values,
        )
        cursor.execute(
            """
            INSERT INTO callcenter_contactpoint (customer_id, kind, value, phone_kind, label, position, status, last_result)
            SELECT id, 'PHONE', '+57' || (3000000000 + id * 37 %% 250000000)::text, 'MOBILE', '', 0, 'VALID', '' FROM callcenter_customer
             UNION ALL
            SELECT id, 'PHONE', '+57601' || lpad((id * 13 %% 10000000)::text, 7, '0'), 'FIXED', '', 1, 'VALID', '' FROM callcenter_customer WHERE id %% 10 < 3;
            INSERT INTO callcenter_vehicle (vin, plate, brand_id, family, model, odometer_km, is_own, edited_fields, last_visit_on)
            SELECT '9BWZZZ5U' || lpad(upper(to_hex(id * 7919 %% 68719476735)), 9, '0'),
                   chr(65 + (id / 26000 %% 26)::int) || chr(65 + (id / 1000 %% 26)::int) || chr(65 + (id * 7 %% 26)::int) || lpad((id %% 1000)::text, 3, '0'),
                   (SELECT id FROM callcenter_brand WHERE code = CASE WHEN id %% 3 = 0 THEN 'otra' ELSE 'vw' END), 'GOL', '', 20000, false,
                   ARRAY[]::varchar[], DATE '2026-11-01' - (id %% 900)::int
              FROM generate_series(1, (%(n)s * 1.1)::bigint) id;
            INSERT INTO callcenter_vehicleparty (vehicle_id, customer_id, role, since)
            SELECT v.id, c.id, 'OWNER', DATE '2026-01-01' FROM callcenter_vehicle v JOIN callcenter_customer c ON c.id = 1 + v.id %% %(n)s;
            """,
            values,
        )
        for table in ("customer", "contactpoint", "vehicle", "vehicleparty"):
            cursor.execute(f"VACUUM ANALYZE callcenter_{table}")
