"""The cases of the old Drive sheets as facts: what was done, when, by whom, with what the sheet says of it as its evidence (domain 1.8).

A case that was closed without a date counts for no term (no `first_due_at`): nobody knows whether it was in time.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime, time

from django.db import connection

from callcenter.models import Brand, Employee, ImportBatch, Site, User
from carrazos.lib.calendar import BOGOTA, BusinessCalendar
from satisfaction.domain import escalation, followups, old_lights, people
from satisfaction.enums import Action, Area, FollowUpKind, FollowUpStatus, Level, Light, Origin, ProofKind
from satisfaction.models import Cause, FollowUp, FollowUpEvent, Proof
from satisfaction.models.followups import CLOSED

UNKNOWN_CAUSE = "other"
NO_REPLY = "La hoja anterior no decía qué se hizo."
NO_REASON = "La hoja anterior no decía por qué."
DEEDS = {
    FollowUpStatus.IN_PROGRESS: Action.TAKEN, FollowUpStatus.RESOLVED: Action.RESOLVED, FollowUpStatus.CLOSED_UNSATISFIED: Action.UNSATISFIED,
}  # fmt: skip


@dataclass
class Old:
    """One row of the import's table `old` (satisfaction/drive.py)."""

    n: int
    survey_id: int
    outreach_id: int
    customer_id: int
    vehicle_id: int
    site_id: int
    brand_id: int
    advisor_id: int | None
    owner_id: int | None
    at: datetime
    called_on: date
    lowest: int | None
    voice: str
    suggestion: str
    light: str
    is_portal: bool
    reply: str
    replied_on: date | None
    cause_id: int | None
    evidence: str

    @property
    def status(self) -> FollowUpStatus:
        return old_lights.FACTS[Light(self.light)]

    @property
    def answered_at(self) -> datetime:
        """When it was answered; the moment of the survey where the sheet has no later day."""
        day = self.replied_on
        return datetime.combine(day, time(12), tzinfo=BOGOTA) if day and day > self.called_on else self.at


def write(batch: ImportBatch, area: Area, *, at: datetime, calendar: BusinessCalendar) -> None:
    """Writes the cases and suggestions of the import's rows, with their history. Nobody is warned and no alarm is set: they are old.

    Cases still open are held and given to who answers today for their site and brand.
    """
    names = [field.name for field in fields(Old)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM old WHERE light <> '' OR suggestion <> '' ORDER BY n")  # noqa: S608 -- our own names
        rows = [Old(*row) for row in cursor.fetchall()]
    told = f"Hoja de Drive «{batch.name}»"
    write_suggestions([row for row in rows if row.suggestion], area, told, at)
    write_cases([row for row in rows if row.light and row.light != Light.BLUE], area, told, at, calendar)


def case_of(row: Old, area: Area, kind: FollowUpKind, voice: str, at: datetime) -> FollowUp:
    """What every case of a row has, before anything was done."""
    return FollowUp(
        kind=kind, origin=Origin.IMPORTED, area=area, survey_id=row.survey_id, outreach_id=row.outreach_id, customer_id=row.customer_id,
        vehicle_id=row.vehicle_id, site_id=row.site_id, brand_id=row.brand_id, advisor_id=row.advisor_id, voice=voice, opened_at=row.at,
        score=row.lowest, brand_portal_answered=row.is_portal, mailed_at=at,
    )  # fmt: skip


def opened(case: FollowUp, told: str) -> FollowUpEvent:
    return FollowUpEvent(follow_up=case, action=Action.OPENED, at=case.opened_at, before=case.status, after=case.status, note=told)


def write_suggestions(rows: list[Old], area: Area, told: str, at: datetime) -> None:
    cases = FollowUp.objects.bulk_create([case_of(row, area, FollowUpKind.SUGGESTION, row.suggestion, at) for row in rows])
    FollowUpEvent.objects.bulk_create([opened(case, told) for case in cases])


def write_cases(rows: list[Old], area: Area, told: str, at: datetime, calendar: BusinessCalendar) -> None:
    """Opened in red first, for the base asks for the evidence before the green."""
    cases = []
    for row in rows:
        case = case_of(row, area, FollowUpKind.DETRACTOR, row.voice, at)
        case.due_at = escalation.clock(row.at, calendar).due_at
        case.first_due_at = None if row.status in CLOSED and not row.replied_on else case.due_at
        case.owner_id = row.owner_id
        cases.append(case)
    assign_open([pair for pair in zip(cases, rows, strict=True) if pair[1].status not in CLOSED], area)
    FollowUp.objects.bulk_create(cases)
    proofs = Proof.objects.bulk_create([
        Proof(follow_up=case, kind=ProofKind.NOTE, text=f"{told}: {row.evidence or row.reply or 'sin detalle'}"[:4000], added_at=row.answered_at)
        for case, row in zip(cases, rows, strict=True) if row.status in CLOSED
    ])  # fmt: skip
    proof_of = {proof.follow_up_id: proof for proof in proofs}
    unknown = Cause.objects.get(code=UNKNOWN_CAUSE).pk
    events = [opened(case, told) for case in cases]
    for case, row in zip(cases, rows, strict=True):
        close(case, row, proof_of.get(case.pk), unknown, calendar)
        if row.status in DEEDS:
            events.append(FollowUpEvent(
                follow_up=case, action=DEEDS[row.status], at=row.answered_at, before=FollowUpStatus.NOT_STARTED, after=row.status,
                note=row.reply or told, proof=proof_of.get(case.pk),
            ))  # fmt: skip
        if case.is_open:
            followups.hold(case)
    FollowUp.objects.bulk_update(cases, [
        "status", "closed_at", "answered_at", "answered_on", "response_minutes", "resolution", "cause", "proof", "unsatisfied_reason",
    ], batch_size=500)  # fmt: skip
    FollowUpEvent.objects.bulk_create(events)


def close(case: FollowUp, row: Old, proof: Proof | None, unknown: int, calendar: BusinessCalendar) -> None:
    """The facts of what was done, in memory."""
    case.status = row.status
    if row.status not in CLOSED:
        return
    case.closed_at = case.answered_at = row.answered_at
    case.answered_on = row.answered_at.astimezone(BOGOTA).date()
    case.response_minutes = escalation.business_minutes(row.at, row.answered_at, calendar) if row.replied_on else None
    case.resolution, case.cause_id, case.proof = row.reply or NO_REPLY, row.cause_id or unknown, proof
    if row.status == FollowUpStatus.CLOSED_UNSATISFIED:
        case.unsatisfied_reason = (row.reply or NO_REASON)[:300]


def assign_open(pairs: list[tuple[FollowUp, Old]], area: Area) -> None:
    """Whom the sheet names, else who answers for the site and brand today."""
    sites, brands = Site.objects.in_bulk(), Brand.objects.in_bulk()
    advisors = Employee.objects.select_related("user").in_bulk({row.advisor_id for _, row in pairs if row.advisor_id})
    level = escalation.first_level(area, repeated=False, warranty=False)
    known: dict[tuple, tuple[User | None, Level]] = {}
    for case, row in pairs:
        key = (row.site_id, row.brand_id, row.advisor_id)
        if key not in known:
            known[key] = people.owner_for(area, level, sites[row.site_id], brands[row.brand_id], advisors.get(row.advisor_id))
        owner, case.level = known[key]
        case.owner_id = row.owner_id or (owner and owner.pk)
