"""What is a valid prospect and a valid activity: what the software proposes, and the verbs by which a person decides (GC-PRO-05 §1-2).

CRM-R6: an activity is valid when it was done in SPIGA, its comment shows a contact with the customer, its date is possible and it
repeats no other. CRM-R7: a prospect is valid when somebody answered and recognises the visit. A person decides, always.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, QuerySet

from callcenter.domain import data_requests
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.enums import Channel, ReasonKind
from callcenter.models import Attempt, Customer, DataRequest, DataRight, Employee, Outreach, Reason, User
from carrazos.lib import text
from carrazos.lib.calendar import bogota
from crm_audit.enums import ActivityState, Advised, Hint, ProspectVerdict, Signal, Verdict
from crm_audit.models import Activity, Prospect, ProspectCheck

# -- what a comment says (pure) ---------------------------------------------------------------------------------------

COMMENT_MINIMUM = 15
NO_ANSWER = re.compile(
    r"\b(NO CONTEST\w*|NO RESPOND\w*|SIN RESPUESTA|BUZON|APAGADO|FUERA DE SERVICIO|NO ENTRA (LA )?LLAMADA|NO FUE POSIBLE CONTACTAR)\b"
)
# Words that say nothing about this customer: a comment made of them alone is no evidence of a follow-up.
EMPTY_TEXT = """
A AL ASESOR CLIENTE CON CONTACTO CONTACTAR DAR DE DEL EL EN ES ESTA
GESTION HACER HECHO INFORMACION LA LE LISTO LLAMA LLAMADA LLAMAR LO LOS NINGUNA NUEVAMENTE
O OK PARA PENDIENTE POR PROSPECTO QUEDA REALIZA REALIZADA REALIZADO REALIZAR REALIZO REVISAR SE
SEGUIMIENTO SIN SU TELEFONICO UN UNA VISITA VOLVER WHATSAPP Y YA
"""
EMPTY_WORDS = frozenset(EMPTY_TEXT.split())
WORDS_MINIMUM = 2


def comment_hint(comment: str) -> Hint | None:
    """What is wrong with a comment by itself; None when it tells of a contact (channel, result or next step)."""
    key = text.key(comment)
    if not key:
        return Hint.NO_COMMENT
    if NO_ANSWER.search(key):
        return Hint.NO_CONTACT_MADE
    told = {word for word in key.split() if word not in EMPTY_WORDS}
    if len(text.one_line(comment)) < COMMENT_MINIMUM or len(told) < WORDS_MINIMUM:
        return Hint.VAGUE
    return None


# A signal of the data alone that proposes a reason; the person may choose another.
SIGNAL_REASONS = (
    (Signal.NO_PHONE, "NO_PHONE"), (Signal.BAD_PHONE, "NO_PHONE"), (Signal.EMPLOYEE_PHONE, "EMPLOYEE"), (Signal.EMPLOYEE_NAME, "EMPLOYEE"),
    (Signal.BAD_NAME, "TEST"), (Signal.REPEATED_NAME, "DUPLICATE"),
)  # fmt: skip


def proposed_prospect_reason(signals: Sequence[str]) -> str:
    """The reason that a prospect's data propose when it can't be called; empty when none does."""
    return next((reason for signal, reason in SIGNAL_REASONS if signal in signals), "")


# -- verdicts on prospects --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """What the customer said in the validation call, and what the caller concludes."""

    verdict: ProspectVerdict
    is_real: bool
    reason: Reason | None = None
    advised: Advised | None = None
    advised_by: Employee | None = None
    advised_how: str = ""
    quoted: bool = False
    offered_drive: bool = False
    wants_call: bool = False
    wants_deletion: bool = False
    note: str = ""


def check_finding(finding: Finding) -> None:
    """Raises Refused for a finding that contradicts itself or lacks its reason."""
    if finding.verdict == ProspectVerdict.VALID and not finding.is_real:
        raise Refused("Un prospecto que no reconoce la visita no puede quedar válido.")
    if finding.verdict == ProspectVerdict.INVALID:
        if finding.reason is None:
            raise Refused("Elija el motivo por el que el prospecto no es válido.")
        if finding.reason.kind != ReasonKind.PROSPECT:
            raise Refused("Ese motivo no es de prospectos.")
    if finding.reason and finding.reason.needs_note and not finding.note.strip():
        raise Refused(f"El motivo «{finding.reason}» exige una nota.")


def write(check: ProspectCheck, finding: Finding, *, by: User, at: datetime) -> None:
    """Puts a finding on its check."""
    check.is_real, check.verdict = finding.is_real, finding.verdict
    check.reason = finding.reason
    check.advised, check.advised_by, check.advised_how = finding.advised or "", finding.advised_by, finding.advised_how
    check.quoted, check.offered_drive = finding.quoted, finding.offered_drive
    check.wants_call, check.wants_deletion = finding.wants_call, finding.wants_deletion
    check.note, check.decided_by, check.decided_at = finding.note.strip(), by, at
    check.save()


def decide_in_call(outreach: Outreach, attempt: Attempt, finding: Finding) -> ProspectCheck:
    """The verdict of a validation call, in the transaction of its attempt. Raises Refused."""
    check_finding(finding)
    check = ProspectCheck.objects.select_for_update().filter(outreach=outreach).first()
    if check is None:
        raise Refused("Esta gestión no es la verificación de un prospecto.")
    check.attempt = attempt
    write(check, finding, by=attempt.agent, at=attempt.at)
    if finding.wants_deletion:
        ask_for_deletion(outreach.customer, finding, by=attempt.agent, at=attempt.at)
    return check


def ask_for_deletion(customer: Customer, finding: Finding, *, by: User, at: datetime) -> None:
    """Files what the person asked for in the call as a claim with its legal term (Ley 1581 art. 15); one that is open stands."""
    if DataRequest.objects.open().filter(customer=customer, right=DataRight.DELETE).exists():
        return
    data_requests.open_request(
        customer, right=DataRight.DELETE, channel=Channel.VOICE, received_on=bogota(at).date(), by=by, at=at, calendar=company_calendar(),
        text=finding.note.strip() or "Lo pidió en la llamada de verificación.",
    )  # fmt: skip


def undo_in_call(attempt: Attempt, *, by: User, at: datetime) -> None:
    """Takes the verdict of an undone call back, in the transaction of the undoing (settings.ON_UNDO).

    Raises Refused when the call filed a claim of personal data: that one is answered, not undone.
    """
    checks = ProspectCheck.objects.filter(attempt=attempt)
    if checks.filter(wants_deletion=True).exists():
        raise Refused("En esta llamada la persona pidió eliminar sus datos y la solicitud ya quedó radicada: no se puede deshacer.")
    checks.update(
        attempt=None, is_real=None, advised="", advised_by=None, advised_how="", quoted=False, offered_drive=False, wants_call=False,
        wants_deletion=False, verdict="", reason=None, note="", decided_by=None, decided_at=None,
    )  # fmt: skip


def decide_by_data(prospect_id: int, finding: Finding, *, by: User, at: datetime) -> ProspectCheck:
    """The verdict of a prospect that nobody can or needs to call, or a correction of one. Raises Refused.

    A verdict without a call needs its note: it is the only evidence. While the outreach is open the call decides.
    """
    check_finding(finding)
    if not finding.note.strip():
        raise Refused("Escriba en qué se basa: sin llamada, la nota es la evidencia.")
    with transaction.atomic():
        prospect = Prospect.objects.select_for_update().get(pk=prospect_id)
        if prospect.is_stub:
            raise Refused("Este prospecto solo se conoce por sus actividades: no llegó en el tráfico de exposición.")
        check = ProspectCheck.objects.select_for_update(of=("self",)).select_related("outreach").filter(prospect=prospect).first()
        if check and check.outreach and check.outreach.is_open:
            raise Refused("Está en la cola de verificación: dictamínelo en la llamada.")
        write(check or ProspectCheck(prospect=prospect), finding, by=by, at=at)
        return ProspectCheck.objects.get(prospect=prospect)


# -- verdicts on activities -------------------------------------------------------------------------------------------


def judge(activity_id: int, verdict: Verdict, *, reason: Reason | None, note: str = "", by: User, at: datetime) -> Activity:
    """One person's verdict on one activity. A second person's stands beside the first as the second review. Raises Refused."""
    with transaction.atomic():
        activity = Activity.objects.select_for_update().get(pk=activity_id)
        if activity.verdict and activity.judged_by_id != by.pk:
            check_verdict(activity, verdict, reason, note)
            activity.second_verdict, activity.second_by, activity.second_at = verdict, by, at
        else:
            put_verdict(activity, verdict, reason=reason, note=note, by=by, at=at)
        activity.save()
        return activity


def put_verdict(activity: Activity, verdict: Verdict, *, reason: Reason | None, note: str, by: User, at: datetime) -> None:
    check_verdict(activity, verdict, reason, note)
    activity.verdict, activity.note = verdict, note.strip()[:500]
    activity.reason = None if verdict == Verdict.VALID else reason
    activity.judged_by, activity.judged_at = by, at
    if verdict == Verdict.VALID:  # the advisor is asked for nothing any more
        activity.notices.filter(corrected_at__isnull=True).update(corrected_at=at)


def check_verdict(activity: Activity, verdict: Verdict, reason: Reason | None, note: str) -> None:
    """Raises Refused for a verdict that SPIGA's own words contradict, or that lacks its reason."""
    if activity.state == ActivityState.CANCELLED:
        raise Refused("La actividad está anulada en SPIGA: no se dictamina.")
    if verdict == Verdict.VALID and (activity.state != ActivityState.DONE or activity.done_at is None):
        raise Refused("Para ser válida debe estar realizada en SPIGA, con su fecha. Pida al asesor que la actualice.")
    if verdict == Verdict.NOT_DONE and activity.state == ActivityState.DONE:
        raise Refused("SPIGA la tiene como realizada: si no hay evidencia del seguimiento, dictamine «No válida».")
    if verdict != Verdict.VALID:
        if reason is None:
            raise Refused("Elija el motivo.")
        if reason.kind != ReasonKind.ACTIVITY:
            raise Refused("Ese motivo no es de actividades.")
        if reason.needs_note and not note.strip():
            raise Refused(f"El motivo «{reason}» exige una nota.")


# What makes two activities the same thing to judge: who, and every word of what they say.
IDENTICAL = ("site_id", "advisor_key", "state", "comment_key", "proposal", "hints")


def identical(activity: Activity) -> QuerySet[Activity]:
    """The pending activities that say exactly what this one says: same advisor, state, words and proposal."""
    return Activity.objects.pending().filter(**{name: getattr(activity, name) for name in IDENTICAL})


def count_identical(rows: Sequence[Activity], *, within: QuerySet[Activity]) -> dict[int, int]:
    """Number of each activity → how many pending ones of `within` are identical to it, itself included; one query for all."""

    def key(values: Sequence) -> tuple:
        return (*values[:-1], tuple(values[-1]))

    alike = within.pending().filter(advisor_key__in={row.advisor_key for row in rows}, comment_key__in={row.comment_key for row in rows})
    counted = {key(values): n for *values, n in alike.order_by().values_list(*IDENTICAL).annotate(n=Count("pk"))}
    return {row.pk: counted.get(key([getattr(row, name) for name in IDENTICAL]), 0) for row in rows}


def judge_identical(
    activity_id: int, verdict: Verdict, *, reason: Reason | None, note: str = "", by: User, at: datetime, within: QuerySet[Activity]
) -> int:
    """One verdict for an activity and all that are identical to it, among the rows `within`; how many. Raises Refused."""
    with transaction.atomic():
        first = Activity.objects.get(pk=activity_id)
        rows = list(identical(first).filter(pk__in=within.values("pk")).select_for_update())
        for row in rows:
            put_verdict(row, verdict, reason=reason, note=note, by=by, at=at)
        Activity.objects.bulk_update(rows, ["verdict", "note", "reason", "judged_by", "judged_at"], batch_size=500)
        return len(rows)


def take_back(activity_id: int, *, by: User) -> Activity:
    """Withdraws one's own verdict while no advisor was told of it and no second person judged. Raises Refused."""
    with transaction.atomic():
        activity = Activity.objects.select_for_update().get(pk=activity_id)
        if not activity.verdict:
            return activity
        if activity.judged_by_id != by.pk:
            raise Refused("Solo quien dictaminó puede deshacerlo.")
        if activity.second_verdict or activity.notices.filter(corrected_at__isnull=True).exists():
            raise Refused("Ya se avisó al asesor o hay segunda revisión: cambie el dictamen en vez de deshacerlo.")
        activity.verdict, activity.note, activity.reason, activity.judged_by, activity.judged_at = "", "", None, None, None
        activity.save()
        return activity
