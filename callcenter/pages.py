"""What a programme changes of the shared call page: its form, its panel, and what it writes beside the attempt (design §1)."""

from collections.abc import Callable
from datetime import datetime

from callcenter.domain import appointment_undo, appointments
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.enums import AppointmentStatus, Outcome, ReasonKind
from callcenter.forms import CallForm, ConfirmationForm
from callcenter.models import Attempt, Outreach, Reason, User

Alongside = Callable[[Outreach, Attempt], None]


class CallPage:
    """The call page of a programme that only books appointments; another programme overrides what differs.

    `panel`: template of the programme's own outcome, inside the form of the call. `side`: template shown under «Por qué
    llamamos». `booking`: template of more fields of the booking. `books`: whether the call may book or refuse an appointment. All get `context()`.
    """

    form_class: type[CallForm] = CallForm
    panel = ""
    side = ""
    booking = ""
    books = True

    def context(self, row: Outreach, *, by: User, at: datetime, form: CallForm | None) -> dict:
        """What the programme's templates need besides the shared context."""
        return {}

    def words(self, row: Outreach) -> dict[str, str]:
        """Variables of the script that the programme fills in its own way."""
        return {}

    def alongside(self, form: CallForm) -> Alongside | None:
        """What must be written in the transaction of the attempt, from a valid form; it may raise Refused."""
        return None


class ConfirmationPage(CallPage):
    """The call the day before: the appointment that stands is confirmed, moved or cancelled in the same transaction."""

    form_class = ConfirmationForm
    panel = "callcenter/_confirmation.html"
    side = "callcenter/_appointment.html"
    books = False

    def context(self, row: Outreach, *, by: User, at: datetime, form: CallForm | None) -> dict:
        return {"appointment": appointments.appointment_of(row), "move_reasons": Reason.objects.choices(ReasonKind.NO_FULFILMENT)}

    def alongside(self, form: CallForm) -> Alongside | None:
        data = form.cleaned_data
        if data["outcome"] != Outcome.DONE:
            return None

        def decide(outreach: Outreach, attempt: Attempt) -> None:
            row = appointments.appointment_of(outreach)
            if row is None:
                raise Refused("La cita de esta gestión ya no existe.")
            appointment_undo.remember(attempt, row)
            said = {"by": attempt.agent, "at": attempt.at}
            if data["answer"] == ConfirmationForm.MOVE:
                appointments.reschedule(
                    row, form.new_start, reason=data["move_reason"], note=attempt.note[:500], calendar=company_calendar(), **said
                )
            elif data["answer"] == ConfirmationForm.CANCEL:
                appointments.decide(row, AppointmentStatus.CANCELLED, reason=data["move_reason"], note=attempt.note[:500], **said)
            else:
                appointments.decide(row, AppointmentStatus.CONFIRMED, **said)

        return decide
