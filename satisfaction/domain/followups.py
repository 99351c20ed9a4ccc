"""What is done with a dissatisfied customer: every verb locks the row, checks `semaphore.MOVES` and writes one event."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, QuerySet

from callcenter import roles
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Conflict, Refused
from callcenter.enums import Programme, Purpose
from callcenter.models import Attempt, Brand, Customer, Employee, Hold, Notification, Outreach, Site, User, Vehicle
from carrazos.lib.calendar import BusinessCalendar, bogota
from satisfaction.domain import escalation, notices, people, semaphore
from satisfaction.domain.pqrs import GRIEVANCES
from satisfaction.domain.proofs import ProofDraft, keep_proof
from satisfaction.domain.rules import rules_for
from satisfaction.enums import Action, Area, By, FollowUpKind, FollowUpStatus, Level, Origin
from satisfaction.models import Cause, FollowUp, FollowUpEvent, Pqrs, Proof, Survey

HOLD_SOURCE = "satisfaction.FollowUp"
# What a call may change of a case that stood before it.
OF_A_CALL = ("status", "due_at", "alarm_at", "closed_at", "closed_by_id", "verify_on", "verified_at", "is_confirmed", "reviewed_at",
             "reviewed_by_id", "reopened", "score", "voice", "brand_portal_answered")  # fmt: skip
GONE_ON = "El responsable ya empezó a gestionar la insatisfacción: no se puede deshacer."
BACK = (Action.REOPENED, Action.NOT_CONFIRMED)  # what brings a closed case back
STALE = "Otra persona cambió este caso mientras usted lo veía. Se muestra como quedó; revise y repita."


@dataclass(frozen=True)
class Matter:
    """Whose dissatisfaction, about what, and who attended."""

    area: Area
    customer: Customer
    site: Site
    brand: Brand
    vehicle: Vehicle | None = None
    advisor: Employee | None = None
    is_warranty: bool = False


@dataclass(frozen=True)
class Deed:
    """What somebody says they did. `key` is the form's; `version` the one the form was drawn from (None: not checked)."""

    key: uuid.UUID
    version: int | None = None
    text: str = ""
    channel: str = ""
    reason: str = ""
    cause: Cause | None = None
    proof: ProofDraft | None = None


# -- opening ---------------------------------------------------------------------------------------------------------


def open_follow_up(
    matter: Matter,
    voice: str,
    *,
    kind: FollowUpKind = FollowUpKind.DETRACTOR,
    origin: Origin = Origin.SURVEY,
    score: int | None = None,
    survey: Survey | None = None,
    outreach: Outreach | None = None,
    attempt: Attempt | None = None,
    by: User | None,
    at: datetime,
    calendar: BusinessCalendar,
) -> FollowUp:
    """Opens a follow-up in red (or a suggestion in blue) inside the caller's transaction: owner, term, hold and notice."""
    row = FollowUp(
        kind=kind, origin=origin, area=matter.area, survey=survey, outreach=outreach, attempt=attempt, customer=matter.customer,
        vehicle=matter.vehicle, site=matter.site, brand=matter.brand, advisor=matter.advisor, score=score, voice=voice,
        is_warranty=matter.is_warranty, opened_at=at, opened_by=by, brand_portal_answered=bool(survey and survey.portal_answered),
    )  # fmt: skip
    if kind == FollowUpKind.DETRACTOR:
        rules = rules_for(matter.brand.pk)
        term = escalation.clock(at, calendar, days=rules.sla_days)
        row.due_at = row.first_due_at = term.due_at
        row.alarm_at = term.warn_at
        row.repeats = 1 + earlier_cases(matter, at, months=rules.repeat_months)
        row.is_repeated = row.repeats >= rules.repeat_cases
        level = escalation.first_level(matter.area, repeated=row.is_repeated, warranty=row.is_warranty)
        row.owner, row.level = people.owner_for(matter.area, level, matter.site, matter.brand, matter.advisor)
    row.save()
    write(row, Action.OPENED, by=by, at=at, note=row.get_origin_display())
    if kind == FollowUpKind.DETRACTOR:
        hold(row)
        text = f"Nuevo detractor: {row.customer} ({row.site}). {escalation.due_words(row.due_at, at, calendar)}."
        notices.notify(told(row), f"followup:{row.pk}:new", text, notices.follow_up_url(row.pk), at=at)
    return row


def told(row: FollowUp) -> list[User | None]:
    """Who hears of a new red: its owner, and who directs the site and brand."""
    return [row.owner, *people.holders(row.area, Level.DIRECTOR, row.site_id, row.brand_id)]


def earlier_cases(matter: Matter, at: datetime, *, months: int) -> int:
    """Other cases of the customer or the vehicle in the last months: follow-ups, and PQRS that have none (SAT-R10)."""
    same = Q(customer=matter.customer)
    if matter.vehicle:
        same |= Q(vehicle=matter.vehicle)
    since = escalation.repeat_since(bogota(at).date(), months)
    cases = FollowUp.objects.detractors().filter(same, opened_at__gte=since, opened_at__lt=at)
    others = Pqrs.objects.filter(same, kind__in=GRIEVANCES, follow_up__isnull=True, received_at__gte=since, received_at__lt=at)
    return cases.count() + others.count()


def hold(row: FollowUp) -> None:
    """One customer, one voice: while the case is open nobody calls to sell."""
    Hold.objects.update_or_create(
        source=HOLD_SOURCE, reference=str(row.pk), purpose=Purpose.COMMERCIAL,
        defaults={"customer": row.customer, "reason": "Tiene una insatisfacción abierta", "since": row.opened_at, "until": None},
    )  # fmt: skip


def release(row: FollowUp, at: datetime) -> None:
    Hold.objects.filter(source=HOLD_SOURCE, reference=str(row.pk), until__isnull=True).update(until=at)


def open_complaint(outreach: Outreach, text: str, *, by: User, at: datetime, attempt: Attempt) -> None:
    """A complaint heard in any call opens a follow-up in that call's transaction (settings.COMPLAINT_DESK)."""
    survey = Survey.objects.filter(outreach=outreach).first()
    sales = outreach.programme in {Programme.SALES_SURVEY, Programme.PROSPECT_CHECK}
    matter = Matter(
        Area.SALES if sales else Area.AFTERSALES, outreach.customer, outreach.site, outreach.brand, outreach.vehicle, outreach.advisor,
        bool(survey and survey.is_warranty),
    )  # fmt: skip
    known = FollowUp.objects.detractors().filter(survey=survey).first() if survey else None
    if known:
        remember(attempt, known)
    if known and known.is_open:
        write(known, Action.MANAGED, by=by, at=at, note=text, channel=By.VOICE)
        return
    if known:
        row = locked(known.pk)
        bring_back(row, Action.REOPENED, "volvió a quejarse", note=text, channel=By.VOICE, by=by, at=at, calendar=company_calendar())
        return
    open_follow_up(
        matter, text, origin=Origin.CALL, survey=survey, outreach=outreach, attempt=attempt, by=by, at=at, calendar=company_calendar()
    )


def remember(attempt: Attempt, row: FollowUp) -> None:
    """Keeps with the attempt what a case was, before the call adds to it or brings it back."""
    cases = attempt.before.get("cases", {})
    if str(row.pk) in cases:
        return
    was = {name: getattr(row, name) for name in OF_A_CALL}
    was = {name: value.isoformat() if isinstance(value, date) else value for name, value in was.items()}
    last = row.events.order_by("-pk").values_list("pk", flat=True).first()
    attempt.before |= {"cases": cases | {str(row.pk): [last or 0, was]}}
    attempt.save(update_fields=["before"])


def undo(attempt: Attempt, *, by: User, at: datetime) -> None:
    """Takes back what a call opened, and puts what it brought back as it was (settings.ON_UNDO). Raises Refused when somebody went on."""
    for row in FollowUp.objects.select_for_update().filter(attempt=attempt):
        if row.status != FollowUpStatus.NOT_STARTED or row.events.exclude(action=Action.OPENED).exists():
            raise Refused(GONE_ON)
        Hold.objects.filter(source=HOLD_SOURCE, reference=str(row.pk)).delete()
        Notification.objects.filter(key__startswith=f"followup:{row.pk}:").delete()
        row.delete()
    for pk, (last, was) in attempt.before.get("cases", {}).items():
        put_back(int(pk), last, was, attempt)


def put_back(pk: int, last: int, was: dict, attempt: Attempt) -> None:
    row = FollowUp.objects.select_for_update().get(pk=pk)
    since = row.events.filter(pk__gt=last)
    if since.exclude(by=attempt.agent_id, at=attempt.at).exists():
        raise Refused(GONE_ON)
    since.delete()
    if row.reopened != was["reopened"]:
        Notification.objects.filter(key=f"followup:{row.pk}:again:{row.reopened}").delete()
    for name, value in was.items():
        setattr(row, name, FollowUp._meta.get_field(name).to_python(value))
    row.version += 1
    row.save()
    if row.closed_at:
        release(row, row.closed_at)


# -- moving ----------------------------------------------------------------------------------------------------------


def locked(pk: int, *, version: int | None = None) -> FollowUp:
    row = FollowUp.objects.select_for_update(of=("self",)).for_card().get(pk=pk)
    if version is not None and row.version != version:
        raise Conflict(STALE)
    return row


def written_before(deed: Deed, by: User) -> FollowUp | None:
    """The case as this form left it, when it was sent already."""
    event = FollowUpEvent.objects.select_related("follow_up").filter(key=deed.key).first()
    if event and event.by_id != by.pk:
        raise Conflict("Este formulario ya lo usó otra persona. Recargue la página.")
    return event.follow_up if event else None


def move(pk: int, action: Action, deed: Deed, *, by: User, at: datetime, calendar: BusinessCalendar) -> FollowUp:
    """Makes one legal change with what it needs. The same key twice changes once.

    Raises Conflict when somebody changed the case meanwhile, Refused for an illegal change or what is missing.
    """
    change = semaphore.BY_ACTION[Action(action)]
    with transaction.atomic():
        if done := written_before(deed, by):
            return done
        row = locked(pk, version=deed.version)
        if change.becomes != row.kind and row.survey_id and FollowUp.objects.filter(survey=row.survey_id, kind=change.becomes).exists():
            raise Refused("La sugerencia de este cliente ya tiene su propio registro azul: gestione aquí la insatisfacción.")
        if change not in semaphore.legal_moves(FollowUpKind(row.kind), FollowUpStatus(row.status)):
            raise Refused(f"Un caso «{row.get_light_display().lower()}» no permite «{change.label.lower()}».")
        check_needs(row, change, deed)
        before = row.status
        proof = keep_proof(row, deed.proof, by=by, at=at)
        apply(row, change, deed, proof, by=by, at=at, calendar=calendar)
        row.version = F("version") + 1
        row.save()
        row.refresh_from_db()
        note = " · ".join(filter(None, (deed.text.strip(), deed.reason.strip())))
        write(row, change.action, by=by, at=at, before=before, note=note, channel=deed.channel, proof=proof, key=deed.key)
        return row


def check_needs(row: FollowUp, change: semaphore.Move, deed: Deed) -> None:
    """Raises Refused with everything that the change lacks."""
    lacking = []
    if "text" in change.needs and not deed.text.strip():
        lacking.append("qué se hizo")
    if "cause" in change.needs and deed.cause is None:
        lacking.append("la causa raíz")
    if "reason" in change.needs and not deed.reason.strip():
        lacking.append("el motivo")
    if "proof" in change.needs and deed.proof is None and not standing_proofs(row).exists():
        lacking.append("la evidencia (nota de la llamada, imagen o PDF)")
    if lacking:
        raise Refused(f"Para «{change.label.lower()}» falta {', '.join(lacking)}.")


def standing_proofs(row: FollowUp) -> QuerySet[Proof]:
    """The evidence of what was done since the case was last reopened: what did not satisfy proves nothing again (SAT-19)."""
    back = row.events.filter(action__in=BACK).order_by("-at", "-id").first()
    return row.proofs.filter(added_at__gte=back.at) if back else row.proofs.all()


def apply(
    row: FollowUp, change: semaphore.Move, deed: Deed, proof: Proof | None, *, by: User, at: datetime, calendar: BusinessCalendar
) -> None:
    row.status, row.kind = change.target, change.becomes
    if change.action in {Action.TAKEN, Action.MANAGED} and (change.action == Action.TAKEN or row.owner_id is None):
        row.owner = by
    elif change.target in semaphore.CLOSED:
        close(row, change, deed, proof, by=by, at=at, calendar=calendar)
    elif change.action == Action.REOPENED:
        reopen(row, at=at, calendar=calendar)
    elif change.action == Action.SUGGESTED:
        row.due_at = row.alarm_at = None
        release(row, at)


def close(
    row: FollowUp, change: semaphore.Move, deed: Deed, proof: Proof | None, *, by: User, at: datetime, calendar: BusinessCalendar
) -> None:
    row.closed_at, row.closed_by, row.alarm_at = at, by, None
    row.resolution, row.cause, row.unsatisfied_reason = deed.text.strip(), deed.cause, deed.reason.strip()[:300]
    row.proof = proof or standing_proofs(row).order_by("-added_at", "-id").first()
    row.reviewed_at, row.reviewed_by = (at, by) if by.has_perm(roles.CONTROL_FOLLOWUPS) else (None, None)
    if row.answered_at is None:
        row.answered_at, row.answered_on = at, bogota(at).date()
        row.response_minutes = escalation.business_minutes(row.opened_at, at, calendar)
    if change.target == FollowUpStatus.RESOLVED:
        row.verify_on = bogota(at).date() + timedelta(days=rules_for(row.brand_id).verify_days)
        row.verified_at = row.is_confirmed = None
    release(row, at)


def reopen(row: FollowUp, *, at: datetime, calendar: BusinessCalendar) -> None:
    """Back to yellow with a new term; what was answered first stays answered."""
    term = escalation.clock(at, calendar, days=rules_for(row.brand_id).sla_days)
    row.due_at, row.alarm_at = term.due_at, term.warn_at
    row.closed_at = row.closed_by = row.verify_on = row.verified_at = row.is_confirmed = row.reviewed_at = row.reviewed_by = None
    row.reopened += 1
    hold(row)


def bring_back(
    row: FollowUp,
    action: Action,
    said: str,
    *,
    note: str,
    channel: str,
    by: User,
    at: datetime,
    calendar: BusinessCalendar,
    key: uuid.UUID | None = None,
) -> None:
    """The customer of a closed case is unhappy again: it returns to whoever manages it with a new term, and they are told (SAT-16, SAT-18)."""
    before = row.status
    row.status = FollowUpStatus.IN_PROGRESS
    reopen(row, at=at, calendar=calendar)
    row.is_confirmed = False if action == Action.NOT_CONFIRMED else None
    row.version += 1
    row.save()
    write(row, action, by=by, at=at, before=before, note=note, channel=channel, key=key)
    row.refresh_from_db()
    text = f"{row.customer} {said}: el caso se reabrió."
    notices.notify(told(row), f"followup:{row.pk}:again:{row.reopened}", text, notices.follow_up_url(row.pk), at=at)


def write(
    row: FollowUp,
    action: Action,
    *,
    by: User | None,
    at: datetime,
    before: str = "",
    note: str = "",
    channel: str = "",
    proof: Proof | None = None,
    key: uuid.UUID | None = None,
) -> FollowUpEvent:
    """One row of the history."""
    return FollowUpEvent.objects.create(
        follow_up=row, action=action, by=by, at=at, before=before or row.status, after=row.status, note=note[:4000], channel=channel,
        proof=proof, key=key or uuid.uuid4(),
    )  # fmt: skip


def add_proof(pk: int, deed: Deed, *, by: User, at: datetime) -> FollowUp:
    """Adds evidence without changing the status. Raises Refused without one, or on a suggestion."""
    with transaction.atomic():
        if done := written_before(deed, by):
            return done
        row = locked(pk)
        if deed.proof is None:
            raise Refused("Falta la evidencia: escriba la nota, o elija una imagen o un PDF.")
        proof = keep_proof(row, deed.proof, by=by, at=at)
        write(row, Action.EVIDENCE, by=by, at=at, note=proof.text, proof=proof, key=deed.key)
        return row


def classify(pk: int, deed: Deed, *, by: User, at: datetime) -> FollowUp:
    """Says what a suggestion is about, so that those that repeat are counted (SAT-R10). Raises Refused without it, or on a case."""
    with transaction.atomic():
        if done := written_before(deed, by):
            return done
        row = locked(pk, version=deed.version)
        if row.kind != FollowUpKind.SUGGESTION:
            raise Refused("El tema de una insatisfacción se dice al cerrarla, como causa raíz.")
        if deed.cause is None:
            raise Refused("Elija de qué trata la sugerencia.")
        row.cause, row.version = deed.cause, row.version + 1
        row.save(update_fields=["cause", "version"])
        write(row, Action.CLASSIFIED, by=by, at=at, note=str(deed.cause), key=deed.key)
        return row


def assign(pks: list[int], to: User, *, by: User, at: datetime, note: str = "") -> int:
    """Gives open cases to somebody who may see them; how many changed. Raises Refused when one is outside their scope."""
    with transaction.atomic():
        rows = list(FollowUp.objects.select_for_update(of=("self",)).for_card().open().filter(pk__in=pks).order_by("pk"))
        reach = set(FollowUp.objects.filter(pk__in=pks).visible_to_owner(to).values_list("pk", flat=True))
        if outside := [row for row in rows if row.pk not in reach]:
            raise Refused(f"{to} no tiene en su alcance el caso de {outside[0].customer} ({outside[0].site}, {outside[0].brand}).")
        changed = [row for row in rows if row.owner_id != to.pk]
        for row in changed:
            row.owner, row.version = to, row.version + 1
        FollowUp.objects.bulk_update(changed, ["owner", "version"])
        events = [
            FollowUpEvent(
                follow_up=row, action=Action.ASSIGNED, by=by, at=at, before=row.status, after=row.status, note=f"A {to}. {note}".strip()
            )
            for row in changed
        ]
        FollowUpEvent.objects.bulk_create(events)
        if changed:
            text = f"Le asignaron {len(changed)} caso{'s' if len(changed) > 1 else ''} de insatisfacción."
            notices.notify([to], f"assigned:{events[0].key}", text, notices.follow_up_url(changed[0].pk), at=at)
        return len(changed)


def escalate(pk: int, deed: Deed, *, by: User, at: datetime) -> FollowUp:
    """Gives an open case to who stands one level up. Raises Refused on the last level or without a reason."""
    with transaction.atomic():
        if done := written_before(deed, by):
            return done
        row = locked(pk, version=deed.version)
        if not row.is_open:
            raise Refused("Solo un caso abierto se escala.")
        if not deed.reason.strip():
            raise Refused("Para escalar falta el motivo.")
        level = escalation.next_level(Level(row.level))
        found = people.holders(row.area, level, row.site_id, row.brand_id)
        if level == row.level or not found:
            raise Refused("No hay a quién escalar: el caso ya está en el último nivel de esta sede y marca.")
        row.level, row.owner, row.escalated_at, row.version = level, found[0], at, row.version + 1
        row.save(update_fields=["level", "owner", "escalated_at", "version"])
        write(row, Action.ESCALATED, by=by, at=at, note=f"A {found[0]}: {deed.reason.strip()}", key=deed.key)
        text = f"Le escalaron el caso de {row.customer} ({row.site})."
        notices.notify([found[0]], f"followup:{row.pk}:escalated:{deed.key}", text, notices.follow_up_url(row.pk), at=at)
        return row


def note_portal(survey: Survey, *, on: date | None, score: Decimal | None) -> None:
    """What the sheets read of the portal; undoing the call of the survey does not take it back."""
    survey.portal_answered, survey.portal_on, survey.portal_score = True, on or survey.portal_on, score or survey.portal_score
    if survey.before:
        survey.before["fields"] |= {"portal_answered": True, "portal_on": on and on.isoformat(), "portal_score": score and str(score)}
    survey.save(update_fields=["portal_answered", "portal_on", "portal_score", "before"])


def mark_portal(pk: int, deed: Deed, *, on: date | None = None, score: Decimal | None = None, by: User, at: datetime) -> FollowUp:
    """Notes that the customer answered on the brand's portal (purple), in the case and in its survey; the management goes on."""
    with transaction.atomic():
        if done := written_before(deed, by):
            return done
        survey = Survey.objects.select_for_update().filter(follow_ups=pk).first()
        row = locked(pk)
        if survey:
            note_portal(survey, on=on, score=score)
        row.brand_portal_answered, row.portal_on, row.portal_score, row.version = True, on, score, row.version + 1
        row.save(update_fields=["brand_portal_answered", "portal_on", "portal_score", "version"])
        write(row, Action.PORTAL, by=by, at=at, note=deed.text.strip(), key=deed.key)
        return row


def confirm(pk: int, *, satisfied: bool, deed: Deed, by: User, at: datetime, calendar: BusinessCalendar) -> FollowUp:
    """The call that asks the customer whether the solution holds; a «no» reopens the case. Raises Refused when none is due."""
    with transaction.atomic():
        if done := written_before(deed, by):
            return done
        row = locked(pk, version=deed.version)
        if row.status != FollowUpStatus.RESOLVED or row.verified_at:
            raise Refused("Este caso no espera confirmación del cliente.")
        if not satisfied and not deed.text.strip():
            raise Refused("Escriba qué dijo el cliente: con eso se reabre el caso.")
        said = {"note": deed.text.strip(), "channel": By.VOICE, "by": by, "at": at, "key": deed.key}
        if not satisfied:
            bring_back(row, Action.NOT_CONFIRMED, "no confirma la solución", calendar=calendar, **said)
            return row
        row.verified_at, row.is_confirmed = at, True
        row.version += 1
        row.save()
        write(row, Action.CONFIRMED, before=row.status, **said)
        row.refresh_from_db()
        return row


def review(pk: int, deed: Deed, *, by: User, at: datetime) -> FollowUp:
    """The director saw that what was done is right (SAT-20); what is not, is reopened. Raises Refused where nothing waits for it."""
    with transaction.atomic():
        if done := written_before(deed, by):
            return done
        row = locked(pk, version=deed.version)
        if row.closed_at is None or row.reviewed_at:
            raise Refused("Este caso no espera revisión.")
        row.reviewed_at, row.reviewed_by, row.version = at, by, row.version + 1
        row.save(update_fields=["reviewed_at", "reviewed_by", "version"])
        write(row, Action.REVIEWED, by=by, at=at, note=deed.text.strip(), key=deed.key)
        return row


# -- what the board may offer ----------------------------------------------------------------------------------------


def moves_for(row: FollowUp, user: User) -> tuple[semaphore.Move, ...]:
    """The buttons of one person on one case."""
    moves = semaphore.legal_moves(FollowUpKind(row.kind), FollowUpStatus(row.status))
    return tuple(change for change in moves if user.has_perm(change.permission))
