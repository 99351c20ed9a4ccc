"""WhatsApp: the message of a call page, what is uncertain, what customers wrote, and the state of the line (domain 5)."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib import messages as notices
from django.contrib.auth.decorators import permission_required
from django.core.files.storage import default_storage
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain import evidence as pictures
from callcenter.domain import messages, offers
from callcenter.domain.calendar import company_calendar
from callcenter.domain.errors import Conflict, LeaseLost, NotAllowedNow, Refused
from callcenter.enums import Gateway, MessageStatus
from callcenter.forms import IdentityForm, MessageForm, ReplyForm
from callcenter.models import Customer, Evidence, InboundMessage, Line, Message, MessageTemplate, Outreach
from callcenter.views.console import fence_of, may_call
from callcenter.views.console_page import claim, legal_text, render_console
from callcenter.whatsapp import gateway, inbound, outbox
from carrazos.lib import phones, text
from carrazos.lib.calendar import bogota, start_of

may_see = permission_required(roles.SEE_MESSAGES, raise_exception=True)
PAGE_SIZE = 40
OPEN_ENDED = [MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN]
OLD_AFTER = timedelta(hours=24)


# -- the message of a call page --------------------------------------------------------------------------------------


def refused(request: HttpRequest, row: Outreach, form: MessageForm, refusal: Refused) -> HttpResponse:
    """The page again with the reason, nothing lost."""
    if isinstance(refusal, NotAllowedNow):
        form.add_error(None, legal_text(refusal.verdict))
    else:
        form.add_error(None, str(refusal))
    return render_console(request, row, message_form=form, status=409 if isinstance(refusal, Conflict | LeaseLost) else 422)


@may_call
@require_POST
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """«Enviado», with its proof; or «Enviar», when the line of Meta does it."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user).for_console(), pk=pk)
    form, way = MessageForm(request.POST, request.FILES), gateway.current()
    at, calendar = clock.now(), company_calendar()
    offer = offers.offer_for(row, bogota(at).date())
    draft = messages.draft_for(row, request.user, offer=offer, gateway=way.name, chosen=request.POST.get("template", ""), at=at)
    if not form.is_valid() or draft is None:
        return render_console(request, row, message_form=form, status=422)
    sent_as = {"key": form.cleaned_data["key"], "agent": request.user, "fence": form.cleaned_data["fence"], "at": at, "calendar": calendar}
    try:
        if way.sends_by_itself:
            messages.queue_message(pk, draft, **sent_as)
            notices.success(request, f"WhatsApp en camino: {row.customer}.")
        else:
            upload = form.cleaned_data["picture"]
            picture = pictures.clean_picture(upload.read()) if upload else None
            sent = messages.record_sent(pk, draft, picture=picture, picture_name=upload.name if upload else "", **sent_as)
            notices.success(request, f"WhatsApp registrado: {row.customer}.")
            if sent.recycled:
                notices.warning(request, used_before_text(sent.recycled, request.user))
    except Refused as refusal:
        return refused(request, row, form, refusal)
    return render_console(request, claim(request, at), asked=True)


@may_call
@require_POST
def no_whatsapp(request: HttpRequest, pk: int) -> HttpResponse:
    """The number has no WhatsApp: another mobile is next, or the outreach closes without a message."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    at = clock.now()
    try:
        done = messages.give_up_message(pk, agent=request.user, fence=fence_of(request), at=at, calendar=company_calendar())
        told = "queda para el otro celular del cliente." if done.is_open else "cerrada sin mensaje, no tiene WhatsApp."
        notices.success(request, f"{row.customer}: {told}")
    except Refused as refusal:
        notices.warning(request, str(refusal))
    return render_console(request, claim(request, at), asked=True)


@may_call
@require_POST
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Free text to the customer in hand, within a day of what they wrote."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user).for_console(), pk=pk)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        notices.warning(request, " ".join(error for errors in form.errors.values() for error in errors))
        return render_console(request, row, reply_text=request.POST.get("body", ""), status=422)
    try:
        write(request, row.customer, form, outreach=row)
    except Refused as refusal:
        notices.warning(request, str(refusal))
        return render_console(request, row, reply_text=request.POST.get("body", ""), status=422)
    return render_console(request, row)


def write(request: HttpRequest, customer: Customer, form: ReplyForm, *, outreach: Outreach | None) -> None:
    """Queues a text and says so. Raises Refused."""
    if not gateway.current().sends_by_itself:
        raise Refused("La línea de Meta no está conectada: responda desde su celular.")
    data = form.cleaned_data
    messages.queue_text(customer, data["body"], outreach=outreach, key=data["key"], agent=request.user, at=clock.now())
    notices.success(request, f"Respuesta en camino: {customer}.")


@may_call
@require_GET
def picture(request: HttpRequest, pk: int) -> HttpResponse:
    """The advertising image that goes with a customer's message, to look at, copy or download."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user).for_console(), pk=pk)
    template = MessageTemplate.objects.filter(name=request.GET.get("plantilla", ""), programme=row.programme).first()
    name = messages.image_for(row, template, clock.now()) if template else ""
    if not name or not default_storage.exists(name):
        return HttpResponse(status=204)
    return FileResponse(default_storage.open(name), content_type="image/jpeg", filename=f"{template.name}.jpg")


@may_call
@require_GET
def screenshot(request: HttpRequest, pk: int) -> HttpResponse:
    """Whether a screenshot with this hash served before: asked by the page as soon as it is pasted; empty when it did not."""
    row = get_object_or_404(Outreach.objects.visible_to(request.user), pk=pk)
    found = messages.used_before(request.GET.get("sha", "")[:64], outreach_id=row.pk)
    return HttpResponse(used_before_text(found, request.user) if found else "", content_type="text/plain; charset=utf-8")


def used_before_text(found: Evidence, user) -> str:
    """Whose screenshot it was; of another site only that it was."""
    when = f"{bogota(found.uploaded_at):%d/%m/%Y %H:%M}"
    whose = f"de {found.outreach.customer}" if Outreach.objects.visible_to(user).filter(pk=found.outreach_id).exists() else "de otra sede"
    return f"Ojo: ese mismo pantallazo ya se usó el {when} en una gestión {whose}. Revise que sea el de este cliente."


# -- the page --------------------------------------------------------------------------------------------------------

VIEWS = {
    "inciertos": "Inciertos", "respuestas": "Respuestas", "fallidos": "No llegaron", "cola": "Por enviar", "enviados": "Enviados",
    "repetidos": "Pantallazos repetidos", "plantillas": "Plantillas",
}  # fmt: skip


@may_see
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """What needs a person: uncertain messages, answers without owner, failures; and the state of the line."""
    chosen = request.GET.get("vista", "")
    chosen = chosen if chosen in VIEWS else "inciertos" if gateway.current().sends_by_itself else "enviados"
    at = clock.now()
    mine = Message.objects.visible_to(request.user)
    rows = {
        "inciertos": lambda: mine.unknown().for_list().order_by("sent_at"),
        "respuestas": lambda: InboundMessage.objects.visible_to(request.user).pending().for_list(),
        "fallidos": lambda: mine.filter(status__in=[MessageStatus.FAILED, MessageStatus.CANCELLED]).for_list().order_by("-created_at"),
        "cola": lambda: mine.filter(status__in=[MessageStatus.QUEUED, MessageStatus.SENDING]).for_list().order_by("due_at"),
        "enviados": lambda: mine.gone_out().for_list().annotate(proofs=Count("evidence")).order_by("-sent_at"),
        "repetidos": lambda: repeated(request.user),
        "plantillas": lambda: MessageTemplate.objects.filter(is_active=True),
    }[chosen]()
    today = start_of(bogota(at).date())
    context = {
        "chosen": chosen,
        "views": VIEWS,
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("pagina")),
        "figures": mine.filter(Q(created_at__gte=today) | Q(sent_at__gte=today) | Q(status__in=OPEN_ENDED)).aggregate(
            sent=Count(
                "pk", filter=Q(sent_at__gte=today) & ~Q(status__in=[MessageStatus.FAILED, MessageStatus.CANCELLED, MessageStatus.QUEUED])
            ),
            arrived=Count("pk", filter=Q(sent_at__gte=today, status__in=[MessageStatus.DELIVERED, MessageStatus.READ])),
            failed=Count("pk", filter=Q(created_at__gte=today, status=MessageStatus.FAILED)),
            waiting=Count("pk", filter=Q(status__in=[MessageStatus.QUEUED, MessageStatus.SENDING])),
            unknown=Count("pk", filter=Q(status=MessageStatus.UNKNOWN)),
        ),
        "replies": InboundMessage.objects.visible_to(request.user).pending().count(),
        "line": Line.objects.filter(name=Gateway.CLOUD_API).first(),
        "automatic": gateway.current().sends_by_itself,
        "opened": outbox.opened_since(at - outbox.DAY).values("customer").distinct().count(),
        "limit": settings.WHATSAPP_DAILY_LIMIT,
        "at": at,
        "old": at - OLD_AFTER,
        "key": uuid.uuid4(),
        "window_since": at - messages.WINDOW,
    }
    return render(request, "callcenter/whatsapp.html", context)


def repeated(user):
    """Screenshots that serve as proof in more than one matter, one after another."""
    mine = Evidence.objects.visible_to(user)
    twice = mine.values("original_sha256").annotate(matters=Count("outreach", distinct=True)).filter(matters__gt=1)
    rows = mine.filter(original_sha256__in=twice.values("original_sha256"))
    return rows.select_related("outreach__customer", "uploaded_by").order_by("original_sha256", "uploaded_at")


def back(view: str) -> HttpResponse:
    return redirect(f"{reverse('callcenter:whatsapp')}?vista={view}")


@may_see
@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """A person looked at the telephone or asked the customer: it arrived, or it did not."""
    row = get_object_or_404(Message.objects.visible_to(request.user), pk=pk)
    arrived = request.POST.get("arrived") == "yes"
    try:
        messages.settle_by_hand(row.pk, arrived=arrived, by=request.user, at=clock.now(), calendar=company_calendar())
        told = "llegó." if arrived else "no llegó; la gestión vuelve a la cola."
        notices.success(request, f"{row.customer}: el mensaje {told}")
    except Refused as refusal:
        notices.warning(request, str(refusal))
    return back("inciertos")


@may_see
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answers somebody who wrote, or notes that it was attended to otherwise."""
    row = get_object_or_404(InboundMessage.objects.visible_to(request.user).for_list(), pk=pk)
    at = clock.now()
    try:
        if request.POST.get("body", "").strip() and row.customer:
            form = ReplyForm(request.POST)
            if not form.is_valid():
                raise Refused("Escriba la respuesta.")
            write(request, row.customer, form, outreach=None)
            inbound.handled(row, "Se le respondió por WhatsApp", at=at, by=request.user)
        else:
            inbound.handled(row, row.note or "Atendida por otro medio", at=at, by=request.user)
            notices.success(request, "Respuesta marcada como atendida.")
    except Refused as refusal:
        notices.warning(request, str(refusal))
    return back("respuestas")


@may_see
@require_POST
def identify(request: HttpRequest, pk: int) -> HttpResponse:
    """Says whose an unknown number is."""
    row = get_object_or_404(InboundMessage.objects.visible_to(request.user), pk=pk)
    form = IdentityForm(request.POST)
    found = list(people(form.cleaned_data["who"], request.user)) if form.is_valid() else []
    if len(found) != 1:
        told = "No hay un cliente con ese dato." if not found else "Ese dato es de varios clientes: use el documento."
        notices.warning(request, told)
        return back("respuestas")
    try:
        inbound.claim_identity(row, found[0], by=request.user, at=clock.now())
        notices.success(request, f"Desde ahora esa identidad es de {found[0]}.")
    except Refused as refusal:
        notices.warning(request, str(refusal))
    return back("respuestas")


def people(raw: str, user):
    """Customers in scope with exactly that document, plate or number."""
    bare = text.key(raw).replace(" ", "")
    numbers = [phone.e164 for phone in phones.parse(raw) if phone.e164]
    wanted = Q(document_number=bare) | Q(vehicles__plate=bare) | Q(points__value__in=numbers)
    return Customer.objects.visible_to(user).filter(wanted).distinct()[:2]


@permission_required(roles.SUPERVISE, raise_exception=True)
@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    """Opens the line again after somebody mended what stopped it."""
    waiting = outbox.resume_line(request.user)
    notices.success(request, f"La línea sigue: {waiting} mensajes por enviar.")
    return back("cola")
