"""Queries and claims over personal data: their clocks and what each one sets off at once (Ley 1581 arts. 14 and 15)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.files import File
from django.db import transaction

from callcenter.domain import consent, notices
from callcenter.domain.errors import Refused
from callcenter.enums import ExclusionScope, ExclusionSource
from callcenter.models import (
    Authorisation,
    AuthorisedFor,
    Customer,
    DataRequest,
    DataRight,
    Erasure,
    RequestChannel,
    RequestKind,
    RequestStatus,
    User,
)
from callcenter.roles import Role
from carrazos.lib.calendar import BusinessCalendar, bogota


@dataclass(frozen=True)
class Terms:
    """Business days to answer and to extend; whether the day of receipt already counts."""

    days: int
    extension: int
    counts_receipt: bool
    source: str


TERMS = {
    RequestKind.QUERY: Terms(10, 5, counts_receipt=True, source="Ley 1581 art. 14"),  # «a partir de la fecha de recibo»
    RequestKind.CLAIM: Terms(15, 8, counts_receipt=False, source="Ley 1581 art. 15"),  # num. 3: «a partir del día siguiente»
}
COMPLETE_WITHIN = 5  # art. 15 num. 1: business days to ask for what a claim lacks
WITHDRAWN_AFTER = timedelta(days=61)  # art. 15 num. 1: two months without it, the claim is taken as withdrawn
BLOCKING = (DataRight.REVOKE, DataRight.DELETE)


def due_on(kind: RequestKind, received: date, calendar: BusinessCalendar, *, extended: bool = False) -> date:
    """The last day to answer."""
    terms = TERMS[kind]
    start = received - timedelta(days=1) if terms.counts_receipt else received
    return calendar.add_business_days(start, terms.days + (terms.extension if extended else 0))


def open_request(
    customer: Customer, *, right: DataRight, channel: RequestChannel, received_on: date, text: str, by: User | None, at: datetime,
    calendar: BusinessCalendar,
) -> DataRequest:  # fmt: skip
    """Files a request, wherever it came in, and tells who answers for it. One that revokes or deletes stops every contact at once.

    Raises Refused for a day that has not come, or when the same thing is already being handled.
    """
    kind = RequestKind.QUERY if right == DataRight.KNOW else RequestKind.CLAIM
    if received_on > bogota(at).date():
        raise Refused("La fecha de recibo no puede ser futura.")
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        if DataRequest.objects.open().filter(customer=customer, right=right).exists():
            raise Refused("Esta persona ya tiene una solicitud igual en trámite.")
        made = DataRequest.objects.create(
            customer=customer, kind=kind, right=right, channel=channel, received_on=received_on, text=text,
            due_on=due_on(kind, received_on, calendar), opened_by=by, opened_at=at,
        )  # fmt: skip
        if right in BLOCKING:
            block(made, by=by, at=at)
        text = f"{customer} pide {made.get_right_display().lower()}: solicitud n.º {made.pk}, responder a más tardar el {made.due_on:%d/%m/%Y}."
        notices.notify(answerers(but=by), f"data-request:{made.pk}", text, url=f"/datos-personales/solicitudes/{made.pk}/", at=at)
        return made


def answerers(*, but: User | None) -> list[User]:
    """Who answers for personal data, without the one who has just filed it."""
    return [user for user in notices.holders(Role.CALL_CENTER_LEAD, Role.QUALITY_COORDINATOR) if user != but]


def block(request: DataRequest, *, by: User | None, at: datetime) -> None:
    """No call, no message from this instant: the exclusion stands and what waited is withdrawn."""
    consent.refuse(
        request.customer,
        scope=ExclusionScope.ALL,
        source=ExclusionSource.CUSTOMER,
        at=at,
        by=by,
        note=f"Solicitud de datos n.º {request.pk}",
    )
    Authorisation.objects.standing().filter(customer=request.customer).update(revoked_at=at, revoked_by=by)


def open_claim(customer_id: int) -> DataRequest | None:
    """The claim being handled, for the banner «reclamo en trámite» (art. 15 num. 2: within two business days; here at once)."""
    return DataRequest.objects.open().filter(customer=customer_id, kind=RequestKind.CLAIM).first()


def locked(pk: int) -> DataRequest:
    row = DataRequest.objects.select_for_update().select_related("customer").get(pk=pk)
    if not row.is_open:
        raise Refused("Esta solicitud ya se cerró.")
    return row


def extend(pk: int, *, reason: str, at: datetime, calendar: BusinessCalendar) -> DataRequest:
    """Gives itself the legal extension, once, before the term ends. Raises Refused otherwise."""
    with transaction.atomic():
        row = locked(pk)
        if row.extended_on:
            raise Refused("El término ya se amplió una vez; la ley no permite otra.")
        if bogota(at).date() > row.due_on:
            raise Refused("El término ya venció: responda hoy y explique la demora.")
        if not reason.strip():
            raise Refused("Escriba el motivo de la ampliación: se le informa a la persona.")
        row.extended_on, row.extension_reason = bogota(at).date(), reason.strip()[:300]
        row.due_on = due_on(row.kind, row.received_on, calendar, extended=True)
        row.save()
        return row


def ask_to_complete(pk: int, *, missing: str, at: datetime) -> DataRequest:
    """A claim that lacks something waits for the person. Raises Refused without saying what is missing."""
    with transaction.atomic():
        row = locked(pk)
        if not missing.strip():
            raise Refused("Diga qué falta para poder tramitarla.")
        row.status, row.missing, row.asked_on = RequestStatus.INCOMPLETE, missing.strip()[:300], bogota(at).date()
        row.save()
        return row


def complete(pk: int, *, at: datetime, calendar: BusinessCalendar) -> DataRequest:
    """What was missing arrived: the term runs from that day."""
    with transaction.atomic():
        row = locked(pk)
        if row.status != RequestStatus.INCOMPLETE:
            raise Refused("A esta solicitud no le falta nada.")
        row.status, row.due_on = RequestStatus.OPEN, due_on(row.kind, bogota(at).date(), calendar, extended=bool(row.extended_on))
        row.save()
        return row


def answer(pk: int, *, text: str, by: User, at: datetime) -> DataRequest:
    """Closes a request with its answer; a deletion also sets the erasing in motion. Raises Refused without an answer."""
    with transaction.atomic():
        row = locked(pk)
        if not text.strip():
            raise Refused("Escriba la respuesta que se le dio a la persona.")
        row.status, row.answer, row.answered_by, row.answered_at = RequestStatus.ANSWERED, text.strip(), by, at
        row.save()
        if row.right == DataRight.DELETE:
            Erasure.objects.get_or_create(request=row, defaults={"customer": row.customer, "requested_by": by, "created_at": at})
        return row


def withdraw_forgotten(today: date) -> int:
    """Closes the claims that nobody completed in two months; how many."""
    return DataRequest.objects.filter(status=RequestStatus.INCOMPLETE, asked_on__lt=today - WITHDRAWN_AFTER).update(
        status=RequestStatus.WITHDRAWN
    )


# -- authorisations --------------------------------------------------------------------------------------------------


def authorise(
    customer: Customer, *, purpose: AuthorisedFor, source: str, text_version: str, granted_at: datetime, by: User | None,
    channels: list[str] | None = None, note: str = "", proof: File | None = None, proof_kind: str = "pdf", proof_name: str = "", proof_sha256: str = "",
) -> Authorisation:  # fmt: skip
    """Records what a person allowed; a newer word replaces the older one, which stays as history."""
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        Authorisation.objects.standing().filter(customer=customer, purpose=purpose).update(revoked_at=granted_at, revoked_by=by)
        made = Authorisation(
            customer=customer, purpose=purpose, channels=channels or [], source=source, text_version=text_version, granted_at=granted_at,
            note=note, proof_name=proof_name[:120], proof_sha256=proof_sha256, recorded_by=by,
        )  # fmt: skip
        if proof is not None:
            made.proof.save(f"prueba.{proof_kind}", proof, save=False)
        made.save()
        return made


def revoke(pk: int, *, by: User, at: datetime) -> Authorisation:
    """Ends an authorisation; revoking the commercial one stops commercial contact at once."""
    with transaction.atomic():
        row = Authorisation.objects.select_for_update().select_related("customer").get(pk=pk)
        if row.revoked_at is None:
            row.revoked_at, row.revoked_by = at, by
            row.save()
            if row.purpose == AuthorisedFor.COMMERCIAL:
                consent.refuse(row.customer, scope=ExclusionScope.COMMERCIAL, source=ExclusionSource.CUSTOMER, at=at, by=by,
                               note="Revocó la autorización")  # fmt: skip
        return row
