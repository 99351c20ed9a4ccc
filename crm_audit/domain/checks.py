"""Sending prospects to be called: all of them, or a sample that the system draws (GC-PRO-05 §1).

Here, and only here, a prospect becomes a kernel customer: found by document, or by phone and name, else created. So the customer
master holds nobody that no one is about to call.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from callcenter.domain.errors import Refused
from callcenter.enums import OutreachState, PointKind, Priority, Programme, Purpose
from callcenter.models import Customer, User
from callcenter.spiga import merge, staging
from crm_audit.enums import Signal
from crm_audit.models import Prospect, SampleDraw

NO_PHONE = Q(phones=[]) | Q(signals__contains=[Signal.EMPLOYEE_PHONE])


@dataclass(frozen=True)
class Opened:
    """How many prospects went to the queue, and how many can't be called for lack of a phone."""

    sent: int
    without_phone: int
    draw: SampleDraw | None = None


def sample(seed: str, population: Mapping[str, Sequence[int]], percent: int) -> list[int]:
    """The prospects of a draw: of each advisor `percent` of theirs, one at least, by the hash of seed and number.

    The same seed and population give the same sample, in any order and on any machine.
    """

    def rank(prospect: int) -> str:
        return hashlib.sha256(f"{seed}:{prospect}".encode()).hexdigest()

    chosen = [
        prospect
        for advisor in sorted(population)
        for prospect in sorted(population[advisor], key=rank)[: max(1, math.ceil(len(population[advisor]) * percent / 100))]
    ]
    return sorted(chosen)


def callable_prospects(rows: QuerySet[Prospect]) -> QuerySet[Prospect]:
    """Of some prospects, those that nobody checked and that have a phone of their own: what can be sent to the queue."""
    return rows.unchecked().exclude(NO_PHONE)


def known_customer(row: Prospect) -> Customer | None:
    """The customer that a prospect already is: by document, or by one of the phones and the name; nobody is created for asking."""
    if row.customer_id:
        return row.customer
    who = Q(points__kind=PointKind.PHONE, points__value__in=row.phones, name_key=row.name_key) if row.phones else Q(pk__in=[])
    if row.document_key:
        who |= Q(document_key=row.document_key)
    return Customer.objects.filter(who, merged_into__isnull=True).order_by("pk").first()


def open_checks(rows: QuerySet[Prospect], *, at: datetime, percent: int = 100, seed: str = "", by: User) -> Opened:
    """Opens the validation of the prospects of `rows` that can be called, or of a drawn part of each advisor's. Raises Refused.

    Asking twice opens nothing twice; two people at once neither.
    """
    if not 1 <= percent <= 100:
        raise Refused("El porcentaje de la muestra va de 1 a 100.")
    with transaction.atomic():
        found = list(callable_prospects(rows).select_for_update(of=("self",)).order_by("pk").values_list("pk", "advisor_key"))
        without_phone = rows.unchecked().filter(NO_PHONE).count()
        # Another transaction may have sent some while we waited for their locks.
        free = set(Prospect.objects.filter(pk__in=[pk for pk, _ in found], validation__isnull=True).values_list("pk", flat=True))
        found = [(pk, advisor) for pk, advisor in found if pk in free]
        draw, chosen = None, [pk for pk, _ in found]
        if percent < 100 and found:
            population: dict[str, list[int]] = {}
            for pk, advisor in found:
                population.setdefault(advisor, []).append(pk)
            seed = (seed or f"{at:%Y%m%d%H%M%S}")[:40]
            draw = SampleDraw.objects.create(seed=seed, percent=percent, population=chosen, drawn_by=by, drawn_at=at)
            chosen = sample(seed, population, percent)
        if chosen:
            send(chosen, draw and draw.pk, at)
        return Opened(len(chosen), without_phone, draw)


def send(chosen: Sequence[int], draw: int | None, at: datetime) -> None:
    """Ties the prospects to customers and opens their outreaches, by SQL over the set."""
    staging.reset()
    with connection.cursor() as cursor:
        cursor.execute(STAGE, {"chosen": list(chosen)})
    merge.begin()
    merge.run(merge.PREPARE + merge.FIND_CUSTOMERS)
    for key, has_key in merge.CUSTOMER_KEYS:
        merge.run(merge.INSERT_CUSTOMERS.format(key=key, has_key=has_key, stamp=merge.STAMP))
        merge.run(merge.WRITE_POINTS + merge.FIND_REST)
    merge.run(merge.WRITE_POINTS + OPEN, {"at": at, "draw": draw})


# As every feed stages a person (`feed.PARTY_STAGE`), without a vehicle; what the master knows better stays as it is.
STAGE = """
CREATE TEMP TABLE stage ON COMMIT DROP AS
SELECT id::int AS n, id AS prospect_id, site_id, brand_id, advisor_id, ''::text AS vin, ''::text AS plate, ''::text AS dms_code, name::text,
       raw_name::text, name_key::text, kind::text, company_reason::text, document_type::text, document_number::text, check_digit::text,
       document_key::text, ''::text AS city, interest::text, source::text, created_on
  FROM crm_audit_prospect WHERE id = ANY (%(chosen)s) ORDER BY id;
CREATE TEMP TABLE stage_point ON COMMIT DROP AS
SELECT p.id::int AS n, 'PHONE'::text AS kind, x.value::text, CASE WHEN x.value LIKE '+573%%' THEN 'MOBILE' ELSE 'FIXED' END AS phone_kind,
       ''::text AS label, 'VALID'::text AS status, x.position::int - 1 AS position
  FROM crm_audit_prospect p, unnest(p.phones) WITH ORDINALITY x(value, position) WHERE p.id = ANY (%(chosen)s)
UNION ALL
SELECT p.id::int, 'EMAIL', p.email, '', '', 'VALID', 9 FROM crm_audit_prospect p
 WHERE p.id = ANY (%(chosen)s) AND p.email <> '' AND p.email NOT LIKE '%%@carrazos%%'
"""

OPEN = f"""
UPDATE callcenter_customer c SET sites = ARRAY(SELECT DISTINCT x FROM unnest(c.sites || t.sites) x ORDER BY x)
  FROM (SELECT r.customer_id, array_agg(DISTINCT s.site_id) AS sites FROM stage s JOIN row_customer r USING (n) GROUP BY r.customer_id) t
 WHERE c.id = t.customer_id AND NOT c.sites @> t.sites;
UPDATE crm_audit_prospect p SET customer_id = r.customer_id FROM stage s JOIN row_customer r USING (n) WHERE p.id = s.prospect_id;
CREATE TEMP TABLE opened ON COMMIT DROP AS
SELECT s.*, r.customer_id, nextval(pg_get_serial_sequence('callcenter_outreach', 'id')) AS outreach_id FROM stage s JOIN row_customer r USING (n);
INSERT INTO callcenter_outreach (id, programme, purpose, customer_id, site_id, brand_id, advisor_id, reason, due_on, note, state, next_step,
       priority, due_at, is_callback, calls_made, result, fence, opened_at)
SELECT outreach_id, '{Programme.PROSPECT_CHECK}', '{Purpose.VERIFICATION}', customer_id, site_id, brand_id, advisor_id,
       left('Validar prospecto' || CASE WHEN interest <> '' THEN ': ' || interest ELSE '' END, 160), created_on, left(source, 500),
       '{OutreachState.OPEN}', 'CALL', {Priority.FIRST}, %(at)s, false, 0, '', 0, %(at)s
  FROM opened ORDER BY outreach_id;
INSERT INTO crm_audit_prospectcheck (prospect_id, outreach_id, draw_id, advised, advised_how, quoted, offered_drive, wants_call, wants_deletion,
       verdict, note)
SELECT prospect_id, outreach_id, %(draw)s, '', '', false, false, false, false, '', '' FROM opened ORDER BY outreach_id
"""  # noqa: S608 -- enum values only
