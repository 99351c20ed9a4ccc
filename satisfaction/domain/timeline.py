"""What satisfaction adds to a customer's page: surveys, cases and PQRS (settings.TIMELINE_SOURCES, OPEN_MATTERS)."""

from callcenter.domain.timeline import Event, Matter, found_in
from callcenter.models import Customer, User
from satisfaction.domain import notices
from satisfaction.models import FollowUp, FollowUpEvent, Pqrs, PqrsEvent, Survey
from satisfaction.models.surveys import ANSWERED

SHOWN = 15
CASES = "satisfaction_followup WHERE customer_id = %(customer)s"
PETITIONS = "satisfaction_pqrs WHERE customer_id = %(customer)s"


@found_in("satisfaction_survey WHERE customer_id = %(customer)s", CASES, PETITIONS)
def events(customer: Customer) -> list[Event]:
    """Answered surveys, changes of cases and steps of PQRS, newest first."""
    surveys = Survey.objects.filter(customer=customer, status__in=ANSWERED).select_related("answered_by").order_by("-answered_at")[:SHOWN]
    changes = FollowUpEvent.objects.filter(follow_up__customer=customer).select_related("by").order_by("-at")[:SHOWN]
    steps = PqrsEvent.objects.filter(pqrs__customer=customer).select_related("pqrs", "by").order_by("-at")[:SHOWN]
    found = [
        Event(row.answered_at, "survey", survey_title(row), row.voice or row.compliment, str(row.answered_by or "")) for row in surveys
    ]
    found += [Event(row.at, "case", f"Insatisfacción · {row.get_action_display()}", row.note, str(row.by or "Sistema")) for row in changes]
    found += [Event(row.at, "pqrs", f"{row.pqrs.number} · {row.get_action_display()}", row.note, str(row.by or "Sistema")) for row in steps]
    return found


def survey_title(row: Survey) -> str:
    if row.score is None:
        return f"Encuesta {row.get_status_display().lower()}"
    return f"Encuesta: {row.score} · {row.get_band_display().lower()}"


@found_in(CASES, PETITIONS)
def matters(customer: Customer, user: User) -> list[Matter]:
    """The open cases and PQRS of the customer that this person may see."""
    found = [
        Matter(
            f"Insatisfacción{f' ({row.score})' if row.score else ''}", row.get_light_display(), row.opened_at, notices.follow_up_url(row.pk)
        )
        for row in FollowUp.objects.visible_to(user).open().filter(customer=customer)
    ]
    found += [
        Matter(f"{row.number} · {row.get_kind_display()}", f"Vence {row.due_on:%d/%m/%Y}", row.received_at, notices.pqrs_url(row.pk))
        for row in Pqrs.objects.visible_to(user).pending().filter(customer=customer)
    ]
    return found
