"""Improvement actions that open and judge themselves by the indicator (SAT-22, CAR-8; design §2)."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from django.core.files.base import ContentFile
from django.db import transaction

from callcenter.domain.errors import Refused
from callcenter.domain.evidence import clean_picture
from callcenter.domain.metrics import Slice
from callcenter.models import User
from carrazos.lib.calendar import bogota
from carrazos.lib.periods import Month
from carrazos.lib.ratios import percent
from carrazos.lib.text import one_line
from reports.domain import indicators
from reports.models import ActionEvent, ActionEvidence, ActionState, ImprovementAction, IndicatorSnapshot
from reports.models.improvement import ActionKind, ActionOrigin
from satisfaction.domain import findings

EVIDENCE_MAX_BYTES = 10 * 1024 * 1024
EVIDENCE_MAGIC = {b"%PDF": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
JUDGED_AFTER_MONTHS = 2  # the indicator of the following two months says whether the action worked

# What may follow what, and who decides is a permission of the page: state → next states.
MOVES: dict[str, tuple[ActionState, ...]] = {
    ActionState.PROPOSED: (ActionState.PLANNED, ActionState.DISMISSED),
    ActionState.PLANNED: (ActionState.PLANNED, ActionState.DONE, ActionState.DISMISSED),
    ActionState.DONE: (ActionState.EFFECTIVE, ActionState.INEFFECTIVE),
}


# -- the close of a month ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Closed:
    """What followed from the close of a month."""

    proposed: list[ImprovementAction]
    judged: list[ImprovementAction]


def close(month: Month, *, by: User | None, at: datetime) -> Closed | None:
    """Freezes a past month with what it proposes and judges, all or nothing; None when nothing was left to freeze.

    Raises ValueError for a month that has not ended.
    """
    with transaction.atomic():
        if not indicators.close_month(month, by=by, at=at):
            return None
        return Closed(propose_for(month, at=at) + propose_from_voices(month, at=at), judge_due(at))


# -- proposed ---------------------------------------------------------------------------------------------------------


def propose(trigger: str, *, origin: ActionOrigin, finding: str, at: datetime, kind: ActionKind = ActionKind.CORRECTIVE,
            indicator: str = "", period: str = "", brand: int | None = None, site: int | None = None) -> ImprovementAction | None:  # fmt: skip
    """Opens a proposal once per trigger; None when that fact proposed one already."""
    with transaction.atomic():
        made = ImprovementAction.objects.bulk_create(
            [ImprovementAction(trigger=trigger[:120], origin=origin, finding=one_line(finding)[:300], kind=kind, indicator=indicator,
                               period=period, brand_id=brand, site_id=site, opened_at=at)],
            ignore_conflicts=True,
        )  # fmt: skip
        row = ImprovementAction.objects.get(trigger=trigger[:120])
        if not made or row.opened_at != at or row.events.exists():
            return None
        note(row, None, "Propuesta por el sistema.", at=at)
        return row


def propose_for(month: Month, *, at: datetime) -> list[ImprovementAction]:
    """A proposal for every closed indicator under its goal (SAT-22): whole company, brand or site."""
    found = []
    for row in indicators.under_goal(month):
        where = row.brand or row.site
        finding = f"{row.name} en {month.label}{f', {where}' if where else ''}: {row.text}, bajo la meta de {percent(row.goal)}"
        trigger = f"{row.indicator}:{row.month}:{row.brand_id or ''}:{row.site_id or ''}"
        action = propose(trigger, origin=ActionOrigin.INDICATOR, finding=finding, at=at, indicator=row.indicator, period=row.month,
                         brand=row.brand_id, site=row.site_id)  # fmt: skip
        if action:
            found.append(action)
    return found


def propose_from_voices(month: Month, *, at: datetime) -> list[ImprovementAction]:
    """What SAT-22 asks beside the indicator: grades below 6, and the same cause or suggestion again and again in a site."""
    part = Slice.of(month)
    found = [propose_high_impact(row, month, at=at) for row in findings.high_impact(part)]
    found += [propose_repeated(row, month, at=at) for row in findings.repeated(part)]
    return [action for action in found if action]


def propose_high_impact(row: findings.HighImpact, month: Month, *, at: datetime) -> ImprovementAction | None:
    clients = "1 cliente" if row.count == 1 else f"{row.count} clientes"
    finding = f"{clients} con calificación inferior a 6 en {row.site} ({row.area.label.lower()}), {month.label}"
    return propose(f"high-impact:{month.code}:{row.site_id}:{row.area}", origin=ActionOrigin.SURVEY, finding=finding, at=at,
                   period=month.code, site=row.site_id)  # fmt: skip


def propose_repeated(row: findings.Repeated, month: Month, *, at: datetime) -> ImprovementAction | None:
    origin = ActionOrigin.PQRS if row.is_pqrs else ActionOrigin.SUGGESTION if row.is_suggestion else ActionOrigin.SURVEY
    what = "PQRS" if row.is_pqrs else "sugerencias" if row.is_suggestion else "casos"
    finding = f"«{row.cause}» se repite: {row.count} {what} en {row.site}, {month.label}"
    return propose(f"{'pqrs' if row.is_pqrs else 'cause'}:{row.code}:{row.is_suggestion}:{month.code}:{row.site_id}", origin=origin, finding=finding, at=at,
                   period=month.code, site=row.site_id)  # fmt: skip


def open_action(action: ImprovementAction, *, by: User, at: datetime) -> ImprovementAction:
    """An action somebody writes by hand."""
    with transaction.atomic():
        action.opened_by, action.opened_at, action.state = by, at, ActionState.PROPOSED
        action.save()
        note(action, by, "Abierta.", at=at)
        return action


# -- worked -----------------------------------------------------------------------------------------------------------


def note(action: ImprovementAction, by: User | None, text: str, *, at: datetime) -> None:
    ActionEvent.objects.create(action=action, at=at, by=by, state=action.state, note=text)


def locked(pk: int, to: ActionState) -> ImprovementAction:
    action = ImprovementAction.objects.select_for_update(of=("self",)).get(pk=pk)
    if to not in MOVES.get(action.state, ()):
        raise Refused(f"La acción está «{action.get_state_display().lower()}»: ese paso no sigue.")
    return action


def plan(pk: int, *, causes: str, text: str, owner: User | None, due_on: date | None, risk: str = "", by: User, at: datetime) -> ImprovementAction:  # fmt: skip
    """Causes, plan, owner and date. Raises Refused for what lacks or a date that has passed."""
    with transaction.atomic():
        action = locked(pk, ActionState.PLANNED)
        if not (causes.strip() and text.strip() and owner and due_on):
            raise Refused("Un plan lleva causas, acciones, responsable y fecha límite.")
        if due_on < bogota(at).date():
            raise Refused("La fecha límite ya pasó.")
        action.causes, action.plan, action.owner, action.due_on, action.risk = causes.strip(), text.strip(), owner, due_on, risk.strip()
        action.state = ActionState.PLANNED
        action.save()
        note(action, by, f"Plan a cargo de {owner} para el {due_on:%d/%m/%Y}.", at=at)
        return action


def finish(pk: int, *, result: str, by: User, at: datetime) -> ImprovementAction:
    """«Ejecutada»: with what was done and at least one piece of evidence. Raises Refused."""
    with transaction.atomic():
        action = locked(pk, ActionState.DONE)
        if not result.strip():
            raise Refused("Escriba qué se hizo.")
        if not action.evidence.exists():
            raise Refused("Falta la evidencia: adjunte al menos un archivo.")
        action.result, action.done_on, action.state = result.strip(), bogota(at).date(), ActionState.DONE
        action.save()
        note(action, by, result.strip(), at=at)
        return action


def judge(pk: int, *, effective: bool, verdict: str, by: User | None, at: datetime) -> ImprovementAction:
    """Closes an executed action with its verdict. Raises Refused without words."""
    state = ActionState.EFFECTIVE if effective else ActionState.INEFFECTIVE
    with transaction.atomic():
        action = locked(pk, state)
        if not verdict.strip():
            raise Refused("Escriba en qué se basa la verificación.")
        action.state, action.verdict, action.closed_at = state, one_line(verdict)[:400], at
        action.save()
        note(action, by, action.verdict, at=at)
        return action


def dismiss(pk: int, *, reason: str, by: User, at: datetime) -> ImprovementAction:
    """Puts an action away. Raises Refused without a reason."""
    with transaction.atomic():
        action = locked(pk, ActionState.DISMISSED)
        if not reason.strip():
            raise Refused("Escriba por qué se descarta.")
        action.state, action.verdict, action.closed_at = ActionState.DISMISSED, one_line(reason)[:400], at
        action.save()
        note(action, by, action.verdict, at=at)
        return action


def judge_due(at: datetime) -> list[ImprovementAction]:
    """Executed actions whose indicator has answered for the two months after them: the figure decides."""
    found = []
    # Under lock: what somebody judges by hand meanwhile would undo the whole close.
    for action in ImprovementAction.objects.select_for_update(of=("self",)).filter(state=ActionState.DONE).exclude(indicator=""):
        after = [Month.of(action.done_on).next()]
        while len(after) < JUDGED_AFTER_MONTHS:
            after.append(after[-1].next())
        rows = list(IndicatorSnapshot.objects.filter(
            indicator=action.indicator, month__in=[month.code for month in after], brand=action.brand_id, site=action.site_id
        ).order_by("month"))  # fmt: skip
        if len(rows) < len(after) or any(row.figure.met is None for row in rows):
            continue
        met = all(row.figure.met for row in rows)
        said = "; ".join(f"{row.month}: {row.text}" for row in rows)
        verdict = f"{rows[0].name} después de la acción ({said}) {'alcanzó' if met else 'no alcanzó'} la meta de {percent(rows[0].goal)}"
        found.append(judge(action.pk, effective=met, verdict=verdict, by=None, at=at))
    return found


# -- evidence ---------------------------------------------------------------------------------------------------------


def content_type(head: bytes) -> str:
    return next((kind for magic, kind in EVIDENCE_MAGIC.items() if head.startswith(magic)), "")


def attach(action: ImprovementAction, data: bytes, name: str, *, by: User, at: datetime) -> ActionEvidence:
    """Keeps a PDF or picture as evidence. Raises Refused for anything else."""
    if len(data) > EVIDENCE_MAX_BYTES:
        raise Refused("El archivo pesa más de 10 MB.")
    if not content_type(data[:8]):
        raise Refused("Adjunte un PDF o una imagen JPG o PNG.")
    if not data.startswith(b"%PDF"):
        data = clean_picture(data).data
    row = ActionEvidence(action=action, name=one_line(name)[:120] or "evidencia", sha256=hashlib.sha256(data).hexdigest(),
                         uploaded_by=by, uploaded_at=at)  # fmt: skip
    row.file.save("evidence", ContentFile(data))
    return row
