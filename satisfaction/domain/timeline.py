"""What satisfaction adds to a customer's page: surveys, cases and PQRS (settings.TIMELINE_SOURCES, OPEN_MATTERS)."""

from callcenter import roles
from callcenter.domain.timeline import Event, Matter, found_in
from callcenter.models import Customer, User
from carrazos.lib import phones, text
from satisfaction.domain import notices
from satisfaction.enums import PqrsAction
from satisfaction.models import FollowUp, FollowUpEvent, Pqrs, PqrsEvent, Survey
from satisfaction.models.surveys import ANSWERED

of_surveys = found_in("satisfaction_survey WHERE customer_id = %(customer)s", needs=roles.SEE_SURVEYS, kind="Encuestas")
of_cases = found_in("satisfaction_followup WHERE customer_id = %(customer)s", needs=roles.SEE_FOLLOWUPS, kind="Insatisfacciones")
of_petitions = found_in("satisfaction_pqrs WHERE customer_id = %(customer)s", needs=roles.SEE_PQRS, kind="PQRS")


@of_surveys
def surveys(customer: Customer, user: User, most: int) -> list[Event]:
    """The answered surveys, newest first."""
    rows = Survey.objects.visible_to(user).filter(customer=customer, status__in=ANSWERED).select_related("answered_by")
    return [
        Event(row.answered_at, survey_title(row), row.voice or row.compliment, str(row.answered_by or ""))
        for row in rows.order_by("-answered_at", "-id")[:most]
    ]


@of_cases
def changes(customer: Customer, user: User, most: int) -> list[Event]:
    """The changes of the cases, newest first."""
    cases = FollowUp.objects.visible_to(user).filter(customer=customer)
    rows = FollowUpEvent.objects.filter(follow_up__in=cases).select_related("by").order_by("-at", "-id")[:most]
    return [Event(row.at, f"Insatisfacción · {row.get_action_display()}", row.note, str(row.by or "Sistema")) for row in rows]


@of_petitions
def steps(customer: Customer, user: User, most: int) -> list[Event]:
    """The steps of the PQRS, newest first."""
    petitions = Pqrs.objects.visible_to(user).filter(customer=customer)
    rows = PqrsEvent.objects.filter(pqrs__in=petitions).select_related("pqrs", "by").order_by("-at", "-id")[:most]
    return [Event(row.at, f"{row.pqrs.number} · {row.get_action_display()}", noted(row), str(row.by or "Sistema")) for row in rows]


def noted(row: PqrsEvent) -> str:
    """What a step says; the receipt names where it went, which is shown by half as everywhere."""
    return phones.masked(text.masked_address(row.note)) if row.action == PqrsAction.ACKNOWLEDGED else row.note


def survey_title(row: Survey) -> str:
    if row.score is None:
        return f"Encuesta {row.get_status_display().lower()}"
    return f"Encuesta: {row.score} · {row.get_band_display().lower()}"


@of_cases
def open_cases(customer: Customer, user: User) -> list[Matter]:
    """The cases of the customer that still need management."""
    return [
        Matter(
            f"Insatisfacción{f' ({row.score})' if row.score else ''}", row.get_light_display(), row.opened_at, notices.follow_up_url(row.pk)
        )
        for row in FollowUp.objects.visible_to(user).open().filter(customer=customer)
    ]


@of_petitions
def open_petitions(customer: Customer, user: User) -> list[Matter]:
    """The PQRS of the customer without an answer yet."""
    return [
        Matter(f"{row.number} · {row.get_kind_display()}", f"Vence {row.due_on:%d/%m/%Y}", row.received_at, notices.pqrs_url(row.pk))
        for row in Pqrs.objects.visible_to(user).pending().filter(customer=customer)
    ]
