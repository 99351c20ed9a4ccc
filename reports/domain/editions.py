"""The life of a report: prepared on its day, reviewed, approved, sent; a correction is another version (GSC-PRO-02 §5-6, PRO-R5)."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse

from callcenter import clock
from callcenter.domain import mail, notices
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Refused
from callcenter.enums import WorkState
from callcenter.models import Brand, ControlledDocument, Site, User
from carrazos.lib.calendar import BOGOTA, BusinessCalendar, bogota
from carrazos.lib.periods import Month, Period, Week
from reports.base import Dataset, Report, Request, Table
from reports.catalogue import BY_CODE, CATALOGUE
from reports.models import Delivery, Edition, EditionState, PreparationDay, Recipient
from reports.render import pdf, xlsx

MONTHLY_AT, WEEKLY_AT = time(5), time(7)  # day 1, and Monday (engineering of GSC-PRO-02 §5-6)
WEEKLY_DUE_DAYS = 1  # a weekly report is handed out on its Monday or the next day
Progress = Callable[..., None]
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


# -- prepared ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Opening:
    """The moment of a week from which on the report of the week before is prepared."""

    weekday: int = 0  # 0: Monday
    hour: time = WEEKLY_AT


MONDAY = Opening()


def openings() -> dict[str, Opening]:
    """Weekly report → its moment, of those that have one of their own (the committee's day)."""
    return {row.code: Opening(row.weekday, row.hour) for row in PreparationDay.objects.all()}


def closed_period(kind: type[Month] | type[Week], at: datetime, opening: Opening = MONDAY) -> Period:
    """The last period whose hour of preparation has come."""
    now = bogota(at)
    current = kind.of(now.date())
    day, hour = (current.first, MONTHLY_AT) if kind is Month else (current.first + timedelta(days=opening.weekday), opening.hour)
    opens = datetime.combine(day, hour, tzinfo=BOGOTA)
    return current.previous() if now >= opens else current.previous().previous()


def owed(code: str, kind: type[Month] | type[Week], at: datetime, opening: Opening = MONDAY) -> list[Period]:
    """The last closed period, and those before it back to the last one that was prepared."""
    period = closed_period(kind, at, opening)
    codes = Edition.objects.filter(code=code).values_list("period", flat=True)
    known = {known for known in codes if ("W" in known) is (kind is Week)}
    found = [period]
    while any(other < period.code for other in known) and len(found) < CAUGHT_UP and (period := period.previous()).code not in known:
        found.append(period)
    return found if any(other < found[-1].code for other in known) or len(found) == CAUGHT_UP else found[:1]


def due_on(period: Period, calendar: BusinessCalendar, opening: Opening = MONDAY) -> date:
    """The 5th of the next month or the business day before (PRO-R5); of a week, the day on which it is prepared or the next that is worked."""
    if isinstance(period, Month):
        return period.report_due(calendar)
    return calendar.add_business_days(period.last + timedelta(days=opening.weekday), WEEKLY_DUE_DAYS)


def handed_out_by(code: str, period: Period) -> date:
    """The last day on which a report of a period is in time."""
    return due_on(period, company_calendar(), openings().get(code, MONDAY))


CAUGHT_UP = 6  # periods at most: nobody reads last year's weeks


def prepare_due(at: datetime, catalogue: Iterable[Report] = CATALOGUE) -> int:
    """Queues what the schedule owes and nobody prepared yet; running it twice, or late, makes each period once.

    After days without a clock, the periods since the last one prepared are made too.
    """
    calendar, own = company_calendar(), openings()
    wanted = [
        (report.code, period, own.get(report.code, MONDAY))
        for report in catalogue
        for kind in report.frequencies
        for period in owed(report.code, kind, at, own.get(report.code, MONDAY))
    ]
    rows = [
        Edition(code=code, period=period.code, due_on=due_on(period, calendar, opening), created_at=at) for code, period, opening in wanted
    ]
    before = Edition.objects.count()
    Edition.objects.bulk_create(rows, ignore_conflicts=True)
    return Edition.objects.count() - before


def prepare(code: str, period: Period, *, by: User, at: datetime) -> Edition:
    """Prepares one period by hand. The one that stands already is returned."""
    found = Edition.objects.current().filter(code=code, period=period.code, site=None, brand=None).first()
    if found:
        return found
    row = Edition(code=code, period=period.code, due_on=handed_out_by(code, period), requested_by=by, created_at=at)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        return Edition.objects.current().get(code=code, period=period.code, site=None, brand=None)
    return row


def seal(facts: dict) -> str:
    """SHA-256 of the facts: two builds of the same data have the same one."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def dataset_of(
    edition: Edition, viewer: User | None = None, *, site: Site | None = None, brand: Brand | None = None, at: datetime
) -> Dataset:
    """The edition's report as data, for all that it covers, one viewer's scope, or one site or brand of it."""
    request = Request(edition.the_period, viewer, edition.site or site, edition.brand or brand)
    return BY_CODE[edition.code].dataset(request, at=at)


def texts_of(edition: Edition) -> tuple[tuple[str, str], ...]:
    return (("Análisis", edition.comment), ("Estrategias de mejora", edition.strategies))


def gather(edition: Edition, report: Progress) -> dict:
    """What the edition will hold, from one snapshot of the data: facts, seal, page and book; once approved, the frozen ones."""
    if edition.state == EditionState.APPROVED:
        texts = [(title, text) for title, text in texts_of(edition) if text]
        with edition.page.open("rb") as page, edition.workbook.open("rb") as book:
            return {"page": pdf.with_texts(page.read().decode(), texts), "workbook": xlsx.with_texts(book.read(), texts)}
    if edition.state != EditionState.BUILDING:
        return {}
    at = clock.now()
    report("Reuniendo los datos", 1, 3)
    data = dataset_of(edition, at=at)
    facts = data.facts()
    before = replaced_by(edition)
    difference = differences(before.facts, facts) if before else []
    data = sealed(edition, data, facts, difference)
    document = ControlledDocument.objects.filter(code=edition.code).first()
    return {
        "facts": facts, "difference": difference, "sha256": data.seal, "cut_at": at,
        "document": document and document.version_on(bogota(at).date()), "page": pdf.html(data), "workbook": xlsx.workbook(data),
    }  # fmt: skip


def draw(work: Edition | Delivery, report: Progress, found: dict) -> dict:
    """The page as a PDF: seconds of drawing that keep no snapshot and no lock."""
    report("Dibujando", 2, 3)
    return found | {"pdf": pdf.draw(found["page"])} if found else found


def run(edition: Edition, report: Progress, found: dict) -> None:
    """The job: freezes what was gathered; once approved, the same files with the analysis inside."""
    if edition.state == EditionState.BUILDING:
        for name in FROZEN:
            setattr(edition, name, found[name])
        edition.page.save("report.html", ContentFile(found["page"].encode()), save=False)
        save_files(edition, found["pdf"], found["workbook"])
        edition.state = EditionState.PREPARED
        edition.save(update_fields=[*FROZEN, "state", "page", "workbook", "pdf"])
        tell_reviewers(edition)
    elif edition.state == EditionState.APPROVED:
        save_files(edition, found["pdf"], found["workbook"])
        edition.save(update_fields=["workbook", "pdf"])


run.read, run.draw = gather, draw


def tell_reviewers(edition: Edition) -> None:
    """The bell of whoever handles the report and may see this edition."""
    kind = BY_CODE[edition.code]
    people = [user for user in notices.holders(*kind.handled_by) if Edition.objects.visible_to(user).filter(pk=edition.pk).exists()]
    text = f"{kind.title}, {edition.the_period.label}: preparado, por revisar."
    notices.notify(people, f"edition:{edition.pk}", text, url=reverse("reports:edition", args=[edition.pk]), at=clock.now())


FROZEN = ("facts", "difference", "sha256", "cut_at", "document")


def save_files(edition: Edition, drawn: bytes, book: bytes) -> None:
    edition.pdf.save("report.pdf", ContentFile(drawn), save=False)
    edition.workbook.save("report.xlsx", ContentFile(book), save=False)


def sealed(edition: Edition, data: Dataset, facts: dict, difference: list) -> Dataset:
    tables = data.tables
    if difference:
        changed = tuple(tuple(row) for row in difference)
        tables = (Table(f"Diferencias con la versión {edition.number - 1}", ("Qué", "Antes", "Ahora"), changed), *tables)
    return replace(data, edition=edition.number, seal=seal(facts), tables=tables)


def differences(before: dict, after: dict) -> list[list[str]]:
    """What a correction changed: each indicator whose text moved, and the records that came and went."""
    old = {item["code"]: item for item in before["indicators"]}
    rows = [
        [f"{item['code']} {item['name']}", ((was := old.get(item["code"])) and f"{was['text']} ({was['hits']} de {was['total']})") or "—",
         f"{item['text']} ({item['hits']} de {item['total']})"]
        for item in after["indicators"]
        if item != old.get(item["code"])
    ]  # fmt: skip
    came, went = set(after["records"]) - set(before["records"]), set(before["records"]) - set(after["records"])
    if came or went:
        rows.append(["Registros", f"{len(before['records'])}", f"{len(after['records'])} ({len(came)} nuevos, {len(went)} retirados)"])
    return rows


def replaced_by(edition: Edition) -> Edition | None:
    """The version before this one."""
    same = Edition.objects.filter(code=edition.code, period=edition.period, site=edition.site, brand=edition.brand)
    return same.filter(number=edition.number - 1).first()


# -- reviewed, approved, sent -----------------------------------------------------------------------------------------


def locked(pk: int, *states: EditionState) -> Edition:
    """The edition under lock. Raises Refused when it is not in one of the states."""
    edition = Edition.objects.select_for_update(of=("self",)).get(pk=pk)
    if edition.state not in states:
        raise Refused(f"El informe está «{edition.get_state_display().lower()}»: recargue la página.")
    return edition


def review(pk: int, *, by: User, comment: str, strategies: str, at: datetime) -> Edition:
    """«Revisado» with the reviewer's analysis (GSC-PRO-02 §6). Raises Refused without analysis."""
    with transaction.atomic():
        edition = locked(pk, EditionState.PREPARED, EditionState.REVIEWED)
        if not comment.strip():
            raise Refused("Escriba el análisis del período: el procedimiento lo exige (GSC-PRO-02 §6).")
        edition.comment, edition.strategies = comment.strip(), strategies.strip()
        edition.state, edition.reviewed_by, edition.reviewed_at = EditionState.REVIEWED, by, at
        edition.save(update_fields=["comment", "strategies", "state", "reviewed_by", "reviewed_at"])
        return edition


def approve(pk: int, *, by: User, at: datetime) -> Edition:
    """«Aprobado»: by somebody else than who reviewed. Raises Refused; REC-15: without strategies a report that needs them stays."""
    with transaction.atomic():
        edition = locked(pk, EditionState.REVIEWED)
        if edition.reviewed_by_id == by.pk and not by.is_superuser:
            raise Refused("Quien revisó no aprueba: pídale a otra persona que lo apruebe.")
        if BY_CODE[edition.code].needs_strategies and not edition.strategies:
            raise Refused("Faltan las estrategias de mejora: este informe no se envía sin ellas (GSC-PRO-04 §4).")
        edition.state, edition.approved_by, edition.approved_at = EditionState.APPROVED, by, at
        edition.requeue()  # the job writes the analysis into the files
        edition.save()
        return edition


def recipients(edition: Edition) -> list[Delivery]:
    """Who gets the edition, one unsaved delivery each, by e-mail; whoever several rows name gets the widest of them.

    From the table of recipients. People without scope over anything, or not over the row's site and brand, are left out.
    """
    found: dict[str, Delivery] = {}
    rows = Recipient.objects.filter(code=edition.code, weekly=isinstance(edition.the_period, Week), is_active=True)
    for row in rows.select_related("site", "brand").order_by(F("site").asc(nulls_first=True), F("brand").asc(nulls_first=True), "pk"):
        if (edition.site_id and row.site_id not in {None, edition.site_id}) or (
            edition.brand_id and row.brand_id not in {None, edition.brand_id}
        ):
            continue
        for user in people_of(row) if row.function else [None]:
            email = (user.email if user else row.email).lower()
            found.setdefault(email, Delivery(edition=edition, user=user, email=email, site=row.site, brand=row.brand))
    return sorted(found.values(), key=lambda delivery: delivery.email)


def people_of(row: Recipient) -> list[User]:
    """Who holds the row's function and sees its site and brand."""
    people = User.objects.filter(is_active=True, groups__name=row.function).exclude(email="")
    return [
        user for user in people
        if user.site_ids and user.brand_ids and (row.site_id is None or row.site_id in user.site_ids)
        and (row.brand_id is None or row.brand_id in user.brand_ids)
    ]  # fmt: skip


def send(pk: int, *, by: User, at: datetime) -> Edition:
    """«Enviado»: one delivery per recipient, made by jobs. Raises Refused without recipients."""
    with transaction.atomic():
        edition = locked(pk, EditionState.APPROVED)
        if edition.work_state != WorkState.DONE:
            raise Refused("El archivo aún se está terminando: espere unos segundos y envíe de nuevo.")
        if settings.REPORTS_NEED_EVIDENCE and edition.facts.get("unproved"):
            raise Refused(
                f"Faltan {edition.facts['unproved']} pantallazos de mensajes a clientes no contactados: adjúntelos y corrija el informe."
            )
        deliveries = recipients(edition)
        if not deliveries:
            raise Refused("El informe no tiene destinatarios: agréguelos en la gestión del sistema.")
        for delivery in deliveries:
            delivery.requested_by, delivery.created_at = by, at
        Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
        edition.state, edition.sent_by, edition.sent_at = EditionState.SENT, by, at
        edition.handed_out_at = edition.handed_out_at or at
        edition.save(update_fields=["state", "sent_by", "sent_at", "handed_out_at"])
        return edition


def covers_all(delivery: Delivery) -> bool:
    """Whether the edition's own files are what this person is to see."""
    user = delivery.user
    return not (delivery.site_id or delivery.brand_id) and (user is None or (user.all_sites and user.all_brands))


def gather_copy(delivery: Delivery, report: Progress) -> dict:
    """What somebody of a narrower scope gets, from one snapshot of today's data: it says so, and has a seal of its own.

    Only whole editions are frozen: what a scope saw at their cut cannot be made again.
    """
    if covers_all(delivery):
        return {}
    report("Reuniendo los datos", 1, 3)
    edition, at = delivery.edition, clock.now()
    data = dataset_of(edition, delivery.user, site=delivery.site, brand=delivery.brand, at=at)
    facts, texts = data.facts(), [(title, text) for title, text in texts_of(edition) if text]
    data = replace(data, edition=edition.number, copied_from=edition.cut_at, seal=seal(facts))
    return {
        "indicators": facts["indicators"], "sha256": data.seal, "cut_at": at, "page": pdf.with_texts(pdf.html(data), texts),
        "workbook": xlsx.with_texts(xlsx.workbook(data), texts),
    }  # fmt: skip


def deliver(delivery: Delivery, report: Progress, copy: dict) -> None:
    """The job: the edition's own files for who sees everything, files of their scope for the others."""
    edition = delivery.edition
    report("Preparando el correo", 3, 3)
    kind = BY_CODE[edition.code]
    label = f"{edition.code} {kind.title}, {edition.the_period.label}"
    lines = [f"Adjunto encuentra el informe {label} (versión {edition.number}).", ""]
    if copy:
        delivery.sha256, delivery.cut_at, storage = copy["sha256"], copy["cut_at"], edition.pdf.storage
        name = storage.save("editions/delivery.pdf", ContentFile(copy["pdf"]))
        book = storage.save("editions/delivery.xlsx", ContentFile(copy["workbook"]))
        lines[0] = (
            f"Adjunto encuentra lo que corresponde a su alcance del informe {label}, con los datos al {bogota(copy['cut_at']):%d/%m/%Y %H:%M}. "
            f"La versión {edition.number}, que se revisó y aprobó, se congeló el {bogota(edition.cut_at):%d/%m/%Y %H:%M}: lo que se "
            "registró después solo está en esta copia."
        )
    else:
        name, book = edition.pdf.name, edition.workbook.name
    lines += [f"  {item['name']}: {item['text']}" for item in (copy or edition.facts)["indicators"]]
    if edition.comment:
        lines += ["", "Análisis:", edition.comment]
    if edition.strategies:
        lines += ["", "Estrategias de mejora:", edition.strategies]
    if address := address_for(delivery):
        lines += ["", f"En el sistema: {settings.PUBLIC_URL}{address}"]
    lines += ["", "Carrazos SAS · Gestión Clientes"]
    stem = f"{edition.code}_{edition.period}_v{edition.number}"
    files = ((f"{stem}.pdf", name, "application/pdf"), (f"{stem}.xlsx", book, XLSX_TYPE))
    delivery.mail = mail.post(f"edition:{edition.pk}:{delivery.email}", [delivery.email], label, "\n".join(lines), files=files)
    delivery.save(update_fields=["mail", "sha256", "cut_at"])


deliver.read, deliver.draw = gather_copy, draw


def address_for(delivery: Delivery) -> str:
    """The page that this person may open: the edition, else the report in their scope; of an address without a person, none."""
    edition, user = delivery.edition, delivery.user
    if user is None:
        return ""
    if Edition.objects.visible_to(user).filter(pk=edition.pk).exists():
        return reverse("reports:edition", args=[edition.pk])
    chosen = "".join(f"&{name}={place.pk}" for name, place in (("site", delivery.site), ("brand", delivery.brand)) if place)
    return f"{reverse('reports:report', args=[edition.code])}?period={edition.period}{chosen}"


def correct(pk: int, *, by: User, reason: str, at: datetime) -> Edition:
    """Version n + 1 of an edition that people have; the old one stays, marked. Raises Refused without a reason."""
    if not reason.strip():
        raise Refused("Escriba por qué se corrige el informe.")
    with transaction.atomic():
        edition = locked(pk, EditionState.PREPARED, EditionState.REVIEWED, EditionState.APPROVED, EditionState.SENT)
        Edition.objects.filter(pk=edition.pk).update(state=EditionState.CORRECTED)
        return Edition.objects.create(
            code=edition.code, period=edition.period, site=edition.site, brand=edition.brand, number=edition.number + 1,
            due_on=edition.due_on, correction_reason=reason.strip()[:300], requested_by=by, created_at=at, strategies=edition.strategies,
            handed_out_at=edition.handed_out_at,
        )  # fmt: skip


def retry(delivery: Delivery) -> None:
    """Sends a failed delivery again."""
    row = delivery.mail if delivery.mail_id else delivery
    if row.work_state == WorkState.FAILED:
        row.requeue()
        row.save()


# -- in words ---------------------------------------------------------------------------------------------------------


def due_words(edition: Edition, today: date) -> str:
    """`se entrega a más tardar el 4 de diciembre`, `vencido hace 2 días`, `enviado el …`, or that a correction of it is to be sent."""
    if edition.state == EditionState.SENT:
        return f"enviado el {bogota(edition.sent_at):%d/%m/%Y}"
    if edition.handed_out_at:
        return f"entregado el {bogota(edition.handed_out_at):%d/%m/%Y}; falta enviar la corrección"
    days = (edition.due_on - today).days
    if days < 0:
        return f"vencido hace {-days} día{'s' if days < -1 else ''}"
    if days == 0:
        return "se entrega hoy"
    return f"se entrega a más tardar el {edition.due_on:%d/%m/%Y}"
