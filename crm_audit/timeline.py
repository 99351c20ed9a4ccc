"""What the audit adds to a customer's page and to the home page (settings.TIMELINE_SOURCES, OPEN_MATTERS, HOME_CARDS)."""

from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse

from callcenter import roles
from callcenter.domain.metrics import Slice, scope_of
from callcenter.domain.timeline import Event, Matter
from callcenter.models import ControlledDocument, Customer, User
from callcenter.views.home import Card
from carrazos.lib.calendar import bogota, start_of
from carrazos.lib.periods import Month
from crm_audit.domain import freshness, indicators
from crm_audit.enums import Light, ProspectState
from crm_audit.models import Activity, Prospect, ProspectCheck

PROCEDURE = "GC-PRO-05"
SHOWN = 15
LEFT_DAYS = 5  # screens §2.5: from here on whoever coordinates looks into it


def events(customer: Customer) -> list[Event]:
    """The visits, the advisors' activities and the verdict of the prospects that became this customer."""
    found = []
    prospects = list(Prospect.objects.filter(customer=customer).select_related("advisor")[:SHOWN])
    if not prospects:
        return []
    for row in prospects:
        what = " · ".join(filter(None, (row.source, row.interest)))
        found.append(
            Event(row.created_at or start_of(row.created_on), "prospect", "Visitó la vitrina", what, str(row.advisor or row.advisor_name))
        )
    checks = ProspectCheck.objects.filter(prospect__customer=customer).exclude(verdict="").select_related("reason", "decided_by")
    for check in checks[:SHOWN]:
        detail = " · ".join(filter(None, (str(check.reason or ""), check.note)))
        found.append(Event(check.decided_at, "prospect", f"Prospecto {check.get_verdict_display().lower()}", detail, str(check.decided_by)))
    rows = Activity.objects.filter(prospect__customer=customer, done_at__isnull=False).order_by("-done_at")[:SHOWN]
    return found + [
        Event(row.done_at, "activity", f"{row.get_kind_display()} del asesor", row.comment[:200], row.advisor_name) for row in rows
    ]


def matters(customer: Customer, user: User) -> list[Matter]:
    """The validations that are still to be called."""
    if not user.has_perm(roles.SEE_AUDIT):
        return []
    rows = Prospect.objects.visible_to(user).filter(customer=customer).with_state().filter(state=ProspectState.CALLING)
    return [
        Matter(f"Prospecto: {row.interest or row.name}", ProspectState.CALLING.label, row.created_at or start_of(row.created_on),
               reverse("crm_audit:prospect", args=[row.pk]))
        for row in rows
    ]  # fmt: skip


def left_card(lines: list[freshness.FollowUp]) -> Card:
    """How many open prospects of the month go more than LEFT_DAYS without follow-up, whatever their brand's light says."""
    left = [item for item in lines if (item.days or 0) > LEFT_DAYS]
    note = f"el que más, {max(item.days for item in left)} días" if left else "todos con seguimiento"
    return Card(f"Más de {LEFT_DAYS} días sin seguimiento", str(len(left)), note, reverse("crm_audit:light"), "bad" if left else "good")


def expired_procedure(at: datetime) -> str:
    """The sentence that says that the procedure itself is out of date; empty while it is in force (CRM-16)."""
    today = bogota(at).date()
    document = ControlledDocument.objects.filter(code=PROCEDURE).first()
    version = document and document.version_on(today)
    if version is None or not version.has_expired(today):
        return ""
    return f"{PROCEDURE} v{version.number} venció el {version.valid_until:%d/%m/%Y}: solicite su actualización a Sistemas de Gestión."


def cards(request: HttpRequest, at: datetime) -> list[Card]:
    """The day of the audit: what waits for a verdict, the month against its targets, who is left without follow-up."""
    user = request.user
    if not user.has_perm(roles.SEE_AUDIT):
        return []
    month = Month.of(bogota(at).date())
    part = Slice.of(month, **scope_of(user))
    prospection, follow_up = indicators.indicators(part)
    lines = freshness.follow_ups(
        Prospect.objects.visible_to(user).counted().filter(month=month.first).select_related("advisor"), freshness.cut_of(month, at)
    )
    red = sum(item.light == Light.RED for item in lines)
    found = [
        Card("Prospectos válidos del mes", prospection.text, prospection.fraction, reverse("crm_audit:prospects")),
        Card("Actividades válidas del mes", follow_up.text, follow_up.fraction, reverse("crm_audit:activities")),
        left_card(lines),
        Card("Prospectos en rojo", str(red), f"de {len(lines)} del mes, sin seguimiento", reverse("crm_audit:light") + "?light=RED",
             "bad" if red else "good"),
    ]  # fmt: skip
    if user.has_perm(roles.AUDIT):
        waiting = Activity.objects.visible_to(user).pending().count()
        found.append(
            Card(
                "Actividades por dictaminar",
                f"{waiting:,}".replace(",", "."),
                "",
                reverse("crm_audit:activities"),
                "warn" if waiting else "good",
            )
        )
    if expired := expired_procedure(at):
        found.append(Card("Procedimiento vencido", PROCEDURE, expired, "", "bad"))
    return found
