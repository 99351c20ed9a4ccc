"""What the advisors are asked to mend in SPIGA: one e-mail per advisor and cut, with a link that tells whether it was read (CRM-10)."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from callcenter.domain import mail
from callcenter.domain.errors import Refused
from callcenter.models import Employee, Notification, User
from callcenter.roles import Role
from carrazos.lib.calendar import bogota
from crm_audit.enums import ActivityState, ProspectVerdict, Verdict
from crm_audit.models import Activity, Notice, NoticeItem, Prospect, ProspectCheck, new_token

LINK_LIVES = timedelta(days=60)
ANSWER_MAX = 2_000
Address = Callable[[str], str]  # token → the absolute address of the notice's page


@dataclass
class Draft:
    """What would be sent to one advisor now. `blocked` says why it can't be; empty when it can."""

    advisor: Employee
    activities: list[Activity] = field(default_factory=list)
    checks: list[ProspectCheck] = field(default_factory=list)
    again: list[NoticeItem] = field(default_factory=list)  # told before, still as it was
    copies: list[str] = field(default_factory=list)
    blocked: str = ""

    @property
    def count(self) -> int:
        return len(self.activities) + len(self.checks)


def drafts(user: User, at: datetime) -> list[Draft]:
    """What every advisor of the user's scope has to hear and has not heard yet, by name."""
    found: dict[int, Draft] = {}
    activities = (
        Activity.objects.visible_to(user).filter(verdict__in=[Verdict.INVALID, Verdict.NOT_DONE], advisor__isnull=False)
        .exclude(notices__corrected_at__isnull=True, notices__isnull=False)
        .select_related("advisor__site", "prospect", "reason").order_by("advisor__name", "day", "id")
    )  # fmt: skip
    for row in activities:
        found.setdefault(row.advisor_id, Draft(row.advisor)).activities.append(row)
    checks = (
        ProspectCheck.objects.filter(prospect__in=Prospect.objects.visible_to(user), verdict=ProspectVerdict.INVALID, notices__isnull=True)
        .filter(prospect__advisor__isnull=False)
        .select_related("prospect__advisor__site", "reason").order_by("prospect__created_on", "id")
    )  # fmt: skip
    for row in checks:
        found.setdefault(row.prospect.advisor_id, Draft(row.prospect.advisor)).checks.append(row)
    if not found:
        return []
    open_items = NoticeItem.objects.filter(notice__advisor__in=found, corrected_at__isnull=True)
    for item in open_items.select_related("notice", "activity__prospect", "validation__prospect").order_by("notice__cut_on", "id"):
        found[item.notice.advisor_id].again.append(item)
    told = set(Notice.objects.filter(advisor__in=found, cut_on=bogota(at).date()).values_list("advisor", flat=True))
    managers = managers_by_site({draft.advisor.site_id for draft in found.values()})
    for draft in found.values():
        draft.copies = [address for address in managers[draft.advisor.site_id] if address != draft.advisor.email]
        if draft.advisor.pk in told:
            draft.blocked = "Ya se le escribió hoy: lo nuevo sale en el corte de mañana."
        elif not draft.advisor.email:
            draft.blocked = "No tiene correo: agréguelo en Colaboradores."
    return sorted(found.values(), key=lambda draft: draft.advisor.name)


def managers_by_site(sites: Iterable[int]) -> dict[int, list[str]]:
    """The addresses of the sales managers of each site: as collaborators, and as users whose scope has it."""
    found: dict[int, list[str]] = defaultdict(list)
    sites = list(sites)
    rows = Employee.objects.active().filter(function=Role.SALES_MANAGER, site__in=sites).exclude(email="").order_by("pk")
    for site, email in rows.values_list("site", "email"):
        found[site].append(email)
    users = User.objects.filter(is_active=True, groups__name=Role.SALES_MANAGER.value).exclude(email="").order_by("pk")
    for user in users:
        for site in set(user.site_ids).intersection(sites):
            if user.email not in found[site]:
                found[site].append(user.email)
    return found


def send(chosen: Iterable[int], *, by: User, at: datetime, address: Address) -> int:
    """Writes the notices of some advisors, each with its e-mail in the outbox; how many. Asking twice sends once.

    Raises Refused when nothing can be sent.
    """
    chosen, sent = set(chosen), 0
    for draft in drafts(by, at):
        if draft.advisor.pk in chosen and not draft.blocked:
            sent += write(draft, by=by, at=at, address=address)
    if not sent:
        raise Refused("No hay avisos por enviar a esos asesores: ya se les escribió o les falta el correo.")
    return sent


def write(draft: Draft, *, by: User, at: datetime, address: Address) -> bool:
    """One advisor's notice, items and e-mail in one transaction; False when another had written it already."""
    cut = bogota(at).date()
    with transaction.atomic():
        # The advisor's row is the gate: two people who press the button at once write one notice.
        Employee.objects.select_for_update().get(pk=draft.advisor.pk)
        if Notice.objects.filter(advisor=draft.advisor, cut_on=cut).exists():
            return False
        token = new_token()
        letter = mail.post(
            f"crm-notice:{draft.advisor.pk}:{cut}",
            [draft.advisor.email],
            f"SPIGA por actualizar: {draft.count} {'registro' if draft.count == 1 else 'registros'} al {cut:%d/%m/%Y}",
            body_of(draft, by=by, link=address(token)),
            cc=draft.copies,
        )
        notice = Notice.objects.create(advisor=draft.advisor, cut_on=cut, token=token, mail=letter, sent_by=by, created_at=at)
        NoticeItem.objects.bulk_create(
            [NoticeItem(notice=notice, activity=row, reason=str(row.reason)) for row in draft.activities]
            + [NoticeItem(notice=notice, validation=row, reason=str(row.reason)) for row in draft.checks]
        )
        return True


def body_of(draft: Draft, *, by: User, link: str) -> str:
    """The e-mail's text: what to mend, in the order of the days."""
    parts = [f"Buenos días, {draft.advisor.name}:", ""]
    if draft.activities:
        parts += ["Estas actividades no muestran un seguimiento al cliente. Por favor actualícelas en SPIGA:", ""]
        parts += [f"- {activity_line(row)}" for row in draft.activities]
        parts.append("")
    if draft.checks:
        parts += ["Estos prospectos no se pudieron confirmar. Corrija sus datos en SPIGA o anule la ficha:", ""]
        parts += [f"- {row.prospect.name}, del {row.prospect.created_on:%d/%m/%Y}: {str(row.reason).lower()}." for row in draft.checks]
        parts.append("")
    if draft.again:
        parts += [f"Siguen pendientes de avisos anteriores: {len(draft.again)}.", ""]
    parts += [
        "Vea el detalle y responda aquí:",
        link,
        "",
        "La próxima importación de SPIGA muestra sola lo que quede corregido.",
        "",
        f"{by}, {by.title or 'Líder CRM'}",
        "Carrazos SAS · GC-PRO-05, actividad 2",
    ]
    return "\n".join(parts)


def activity_line(row: Activity) -> str:
    what = "sin realizar" if row.state == ActivityState.NOT_DONE else "realizada"
    return f"{row.day:%d/%m/%Y} · {row.get_kind_display()} · {row.prospect_name or row.prospect} ({what}): {str(row.reason).lower()}."


def by_token(token: str, at: datetime) -> Notice | None:
    """The notice of a link while it lives."""
    rows = Notice.objects.select_related("advisor").filter(token=token, created_at__gt=at - LINK_LIVES)
    return rows.first()


def opened(notice: Notice, at: datetime) -> None:
    """The first time that the page was before a person."""
    Notice.objects.filter(pk=notice.pk, opened_at__isnull=True).update(opened_at=at)


def answer(notice: Notice, text: str, at: datetime) -> None:
    """What the advisor answers; the last one stands, and whoever sent the notice is told. Raises Refused for an empty one.

    Whoever answers has opened it.
    """
    if not text.strip():
        raise Refused("Escriba su respuesta.")
    with transaction.atomic():
        opened(notice, at)
        Notice.objects.filter(pk=notice.pk).update(answer=text.strip()[:ANSWER_MAX], answered_at=at)
        Notification.objects.get_or_create(
            user_id=notice.sent_by_id,
            key=f"crm-notice:{notice.pk}",
            defaults={"text": f"{notice.advisor} respondió el aviso de SPIGA del {notice.cut_on:%d/%m/%Y}", "at": at,
                      "url": f"/actividades/avisos/{notice.pk}/"},
        )  # fmt: skip
