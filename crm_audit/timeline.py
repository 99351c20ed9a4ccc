"""What the audit adds to a customer's page and to the home page (settings.TIMELINE_SOURCES, OPEN_MATTERS, HOME_CARDS)."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from callcenter import roles
from callcenter.access import open_to
from callcenter.domain.metrics import Slice, scope_of
from callcenter.domain.timeline import Event, Matter, found_in
from callcenter.models import ControlledDocument, Customer, User
from callcenter.tables import COUNT_CAP
from callcenter.templatetags.ui import figure
from callcenter.views.home import Card, Line, Panel
from carrazos.lib.calendar import bogota, noon, start_of
from carrazos.lib.periods import Month
from carrazos.lib.ratios import unbroken
from crm_audit.domain import freshness, indicators
from crm_audit.enums import ProspectState
from crm_audit.models import Activity, Prospect, ProspectCheck

PROCEDURE = "GC-PRO-05"
of_prospects = found_in("crm_audit_prospect WHERE customer_id = %(customer)s", needs=roles.SEE_AUDIT, kind="Prospecto")
WARNED_BEFORE = timedelta(days=60)  # domain 1.6, deadlines


@of_prospects
def events(customer: Customer, user: User, most: int) -> list[Event]:
    """The visits, the advisors' activities and the verdict of the prospects that became this customer."""
    found = []
    prospects = Prospect.objects.visible_to(user).filter(customer=customer)
    for row in prospects.select_related("advisor")[:most]:
        what = " · ".join(filter(None, (row.source, row.interest)))
        found.append(
            Event(row.created_at or noon(row.created_on), "Visitó la vitrina", what, str(row.advisor or row.advisor_name),
                  all_day=row.created_at is None)
        )  # fmt: skip
    checks = ProspectCheck.objects.filter(prospect__in=prospects.order_by()).exclude(verdict="").select_related("reason", "decided_by")
    for check in checks.order_by("-decided_at", "-id")[:most]:
        detail = " · ".join(filter(None, (str(check.reason or ""), check.note)))
        found.append(Event(check.decided_at, f"Prospecto {check.get_verdict_display().lower()}", detail, str(check.decided_by)))
    rows = Activity.objects.visible_to(user).filter(prospect__customer=customer, done_at__isnull=False).order_by("-done_at", "-id")[:most]
    return found + [Event(row.done_at, f"{row.get_kind_display()} del asesor", row.comment[:200], row.advisor_name) for row in rows]


@of_prospects
def matters(customer: Customer, user: User) -> list[Matter]:
    """The validations that are still to be called."""
    rows = Prospect.objects.visible_to(user).filter(customer=customer).with_state().filter(state=ProspectState.CALLING)
    return [
        Matter(f"Prospecto: {row.interest or row.name}", ProspectState.CALLING.label, row.created_at or start_of(row.created_on),
               reverse("crm_audit:prospect", args=[row.pk]))
        for row in rows
    ]  # fmt: skip


def left_card(ranking: list[freshness.Standing]) -> Card:
    """How many open prospects of the month go more than LEFT_DAYS without follow-up, whatever their brand's light says."""
    left, worst = sum(item.left for item in ranking), max((item.worst for item in ranking), default=0)
    note = f"el que más, {worst} días" if left else "todos con seguimiento"
    url = reverse("crm_audit:light")
    return Card(f"Más de {freshness.LEFT_DAYS} días sin seguimiento", str(left), note, url, "bad" if left else "good")


def procedure_warning(at: datetime) -> str:
    """The sentence that says that the procedure itself is out of date or soon will be; empty otherwise (CRM-16)."""
    today = bogota(at).date()
    document = ControlledDocument.objects.filter(code=PROCEDURE).first()
    version = document and document.version_on(today)
    if version is None or version.valid_until is None or version.valid_until > today + WARNED_BEFORE:
        return ""
    verb = "venció" if version.has_expired(today) else "vence"
    return f"{PROCEDURE} v{version.number} {verb} el {version.valid_until:%d/%m/%Y}: solicite su actualización a Sistemas de Gestión."


def capped(rows: QuerySet) -> str:
    """How many rows, in words, counted no further than a person would care."""
    count = rows.order_by()[: COUNT_CAP + 1].count()
    return f"más de {figure(COUNT_CAP)}" if count > COUNT_CAP else figure(count)


def cards(request: HttpRequest, at: datetime) -> list[Card]:
    """The month against its targets; for whoever audits, who is left without follow-up and what waits for a verdict (screens §2.5)."""
    user = request.user
    if not user.has_perm(roles.SEE_AUDIT):
        return []
    if user.has_perm(roles.MANAGE_DOCUMENTS):
        return [pending_card("Actividades sin dictamen", user, reverse("crm_audit:completeness"))]
    month = Month.of(bogota(at).date())
    prospection, follow_up = indicators.indicators(Slice.of(month, **scope_of(user)))
    if user.has_perm(roles.SEE_RECOVERY):  # who looks at every programme reads one card of each
        note = f"{prospection.fraction} prospectos, {follow_up.fraction} actividades del mes"
        url = f"{reverse('crm_audit:targets')}?period={month.code}"
        return [Card("Prospectos y actividades válidas", f"{unbroken(prospection.text)} / {unbroken(follow_up.text)}", note, url)]
    found = [
        Card("Prospectos válidos del mes", prospection.text, prospection.fraction, reverse("crm_audit:prospects")),
        Card("Actividades válidas del mes", follow_up.text, follow_up.fraction, reverse("crm_audit:activities")),
    ]
    if user.has_perm(roles.AUDIT):
        rows = Prospect.objects.visible_to(user).counted().filter(month=month.first)
        found += [left_card(freshness.ranking(rows, freshness.cut_of(month, at))),
                  pending_card("Actividades por dictaminar", user, reverse("crm_audit:activities"))]  # fmt: skip
    return found


def pending_card(name: str, user: User, url: str) -> Card:
    waiting = capped(Activity.objects.visible_to(user).pending())
    return Card(name, waiting, "", url, "good" if waiting == "0" else "warn")


def panels(request: HttpRequest, at: datetime) -> list[Panel]:
    """The procedure itself, once it runs out (CRM-16)."""
    if not request.user.has_perm(roles.AUDIT) or not (warning := procedure_warning(at)):
        return []
    line = Line(PROCEDURE.replace("-", "\u2011"), warning, open_to(request.user, f"/documentos/{PROCEDURE}/"), "Vigencia", "bad")
    return [Panel("Vigencia del procedimiento", (line,))]
