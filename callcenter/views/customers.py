"""The customer: the whole picture (360), corrections, the house's own numbers, and the search box."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, reading, roles
from callcenter.domain import customers, matching, reach, search, timeline
from callcenter.domain.calendar import company_calendar
from callcenter.domain.customers import Edit
from callcenter.domain.errors import Conflict, Refused
from callcenter.enums import Channel, CustomerKind, PartyRole, PointStatus
from callcenter.forms import (
    BlockForm,
    ConfirmForm,
    ContactForm,
    CustomerForm,
    EmailForm,
    OptOutForm,
    OtherForm,
    OwnedForm,
    PartyForm,
    PhoneForm,
    PointForm,
    VehicleForm,
)
from callcenter.models import (
    Appointment,
    BlockedPhone,
    CompanyContact,
    ContactPoint,
    Customer,
    DuplicatePair,
    Exclusion,
    Hold,
    ImportDifference,
    Outreach,
    Site,
    VehicleParty,
    WorkOrder,
)
from callcenter.views.contact import record_refusal
from carrazos.lib.calendar import bogota

RECENT = 8
ORDERS_SHOWN = 15
CHANGES_SHOWN = 20
may_see = permission_required(roles.SEE_CUSTOMERS, raise_exception=True)
may_edit = permission_required(roles.EDIT_CUSTOMERS, raise_exception=True)
may_block = permission_required(roles.SUPERVISE, raise_exception=True)


def own(request: HttpRequest, pk: int) -> Customer:
    """The customer, if this person may see them; a merged one opens as the one that stayed (its callers redirect)."""
    return get_object_or_404(Customer.objects.visible_to(request.user).select_related("validated_by"), pk=pk)


# -- the box: Ctrl K -------------------------------------------------------------------------------------------------


@may_see
@require_GET
def palette(request: HttpRequest) -> HttpResponse:
    """What the box shows under a text: customers of every kind of match and what bears that number, or pages after `>`."""
    text = request.GET.get("q", "")[: search.LONGEST].strip()
    context: dict[str, Any] = {"text": text}
    if text.startswith(">"):
        context["pages"] = text[1:].strip()
    elif text:
        groups = search.find(text, request.user)
        keys = [hit.customer.pk for hits in groups.values() for hit in hits]
        context |= {"groups": groups, "numbered": search.numbered(text, request.user), "plates": search.plates_of(keys)}
    else:
        keys = request.session.get("recent_customers", [])
        rows = Customer.objects.visible_to(request.user).in_bulk(keys)
        context |= {"recent": [rows[pk] for pk in keys if pk in rows], "plates": search.plates_of(rows)}
    return render(request, "callcenter/palette.html", context)


def remember(request: HttpRequest, customer: Customer) -> None:
    """Keeps the customer among the last ones opened in this session."""
    keys = request.session.get("recent_customers", [])
    fresh = [customer.pk, *(pk for pk in keys if pk != customer.pk)][:RECENT]
    if fresh != keys:
        request.session["recent_customers"] = fresh


# -- 360 -------------------------------------------------------------------------------------------------------------


@may_see
@require_GET
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one customer on one page."""
    merged = Customer.objects.filter(pk=pk, merged_into__isnull=False).values_list("merged_into", flat=True).first()
    if merged and Customer.objects.visible_to(request.user).filter(pk=merged).exists():
        return HttpResponsePermanentRedirect(reverse("callcenter:customer", args=[merged]))
    row = own(request, pk)
    reading.opened(request, "Página del cliente", row)
    remember(request, row)
    return render_customer(request, row)


@may_see
@require_POST
def points(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole telephones and e-mails of one customer, which every page but the console masks: asked for, and written down."""
    row = own(request, pk)
    people = CompanyContact.objects.current().filter(company=row).values("person")
    return reading.revealed(request, row, ContactPoint.objects.filter(Q(customer=row) | Q(customer__in=people)))


@may_see
@require_GET
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """What happened, of one kind or before what is shown: a part of the page that asks, or a page of its own without JavaScript."""
    row = own(request, pk)
    reading.opened(request, "Historial del cliente", row)
    raw = request.GET.get("desde", "")
    skip = int(raw) if raw.isdecimal() and len(raw) < 19 else 0
    shown = timeline.history(row, request.user, kind=request.GET.get("tipo", ""), skip=skip)
    template = "callcenter/customer_history.html"
    if request.htmx:
        template = "callcenter/_history.html#events" if skip else "callcenter/_history.html"
    return render(request, template, {"customer": row, "history": shown, "skip": skip})


def render_customer(request: HttpRequest, row: Customer, *, bound: dict[str, forms.Form] | None = None, status: int = 200) -> HttpResponse:
    at, user = clock.now(), request.user
    bound = bound or {}
    parties = list(row.parties.select_related("vehicle__brand"))
    current = [party for party in parties if party.until is None]
    is_company = row.kind == CustomerKind.COMPANY
    allowed = list(row.authorisations.standing())
    open_rows = list(Outreach.objects.open().visible_to(user).filter(customer=row).select_related("vehicle", "site"))
    calls = {item.pk for item in open_rows}
    context = {
        "customer": row,
        "points": list(row.points.all()),
        "shared": shared_points(row),
        "reach": [(channel, purposes, [given for given in allowed if not given.channels or channel in given.channels])
                  for channel, purposes in reach.reach_of(row.pk, at, calendar=company_calendar())],
        "habit": reach.usual_hours(row, user),
        "exclusions": Exclusion.objects.standing().filter(customer=row),
        "holds": Hold.objects.standing(at).filter(customer=row),
        "parties": [(party, bound.get(f"vehicle.{party.vehicle_id}") or VehicleForm(rows=VehicleParty.objects.none(), initial=VehicleForm.of(party)))
                    for party in current],
        "past_parties": [party for party in parties if party.until],
        "differences": differences_of(row).select_related("vehicle__brand"),
        "labels": customers.LABELS,
        "known": customers.data_of(row),
        "channels": dict(Channel.choices),
        "open_rows": open_rows,
        "appointments": Appointment.objects.standing().visible_to(user).filter(customer=row).for_list()
                        if user.has_perm(roles.SEE_APPOINTMENTS) else (),
        # A matter that has no page of its own says nothing that its call does not say.
        "matters": [matter for matter in timeline.matters(row, user) if matter.url or matter.outreach not in calls],
        "orders": WorkOrder.objects.of(row).visible_to(user).select_related("site", "vehicle").order_by("-visited_on", "-id")[:ORDERS_SHOWN],
        "history": timeline.history(row, user),
        "contacts": CompanyContact.objects.current().filter(company=row).select_related("person").prefetch_related("person__points") if is_company else (),
        "companies": () if is_company else CompanyContact.objects.current().filter(person=row).select_related("company"),
        "changes": row.changes.select_related("by", "vehicle")[:CHANGES_SHOWN],
        "pairs": DuplicatePair.objects.open().visible_to(user).filter(Q(first=row) | Q(second=row)).select_related("first", "second")
                 if user.has_perm(roles.MERGE_CUSTOMERS) else (),
        "merges": row.merges.undoable().select_related("loser", "by"),
        "forms": {name: bound.get(name) or form() for name, form in EMPTY_FORMS.items()},
        "statuses": PointStatus,
        "at": at,
    }  # fmt: skip
    return render(request, "callcenter/customer.html", context, status=status)


EMPTY_FORMS: dict[str, Callable[[], forms.Form]] = {
    "phone": PhoneForm,
    "email": EmailForm,
    "party": PartyForm,
    "contact": ContactForm,
    "other": OtherForm,
    "refuse": OptOutForm,
}


def shared_points(row: Customer) -> dict[str, int]:
    """Of this customer's phones, how many other customers have each: a shared number is a sign of a wrong one."""
    facts = matching.facts_of([row.pk])[row.pk]
    return matching.holders_of(facts.phones, row.pk)


@may_edit
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer's own data; what is saved here wins over later files."""
    row = own(request, pk)
    form = CustomerForm(request.POST or None, initial=CustomerForm.of(row))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                data = form.cleaned_data
                done = customers.correct(
                    pk, name=data["name"], document=data["document"], document_type=data["document_type"], city=data["city"],
                    kind=data["kind"], edit=edit_of(request), version=data["version"],
                )  # fmt: skip
                messages.success(
                    request,
                    f"Guardado: {len(done)} {'dato' if len(done) == 1 else 'datos'} de {data['name']}." if done else "No cambió nada.",
                )
                return redirect("callcenter:customer", pk=pk)
            except Conflict as refusal:
                form.add_error(None, str(refusal))
                status = 409
            except Refused as refusal:
                form.add_error(None, str(refusal))
    context = {"customer": row, "form": form}
    if status == 409:
        # The values saved meanwhile stand beside the typed ones; saving again is a decision.
        saved = CustomerForm.of(own(request, pk))
        context["version"] = saved["version"]
        context["differing"] = [
            (field.label, saved[field.name], field.value())
            for field in form.visible_fields()
            if str(saved[field.name]) != str(field.value())
        ]
    return render(request, "callcenter/customer_edit.html", context, status=status)


# -- one small correction at a time ----------------------------------------------------------------------------------


def edit_of(request: HttpRequest) -> Edit:
    return Edit(request.user, clock.now())


def area_code(row: Customer) -> str | None:
    """The area code of the customer's first site, for numbers written without one."""
    return Site.objects.filter(pk__in=row.sites).order_by("pk").values_list("area_code", flat=True).first()


@dataclass(frozen=True)
class Action:
    """A correction: its form, the verb, and the name under which the page shows the form again when it was refused."""

    form: Callable[[HttpRequest, Customer], forms.Form]
    do: Callable[[Customer, dict, Edit], str]
    shown_as: str = ""


def owned(rows: Callable[[Customer], Any]) -> Callable[[HttpRequest, Customer], forms.Form]:
    return lambda request, row: OwnedForm(request.POST, rows=rows(row))


def plain(form: type[forms.Form]) -> Callable[[HttpRequest, Customer], forms.Form]:
    return lambda request, _row: form(request.POST)


def do_phone(row: Customer, data: dict, edit: Edit) -> str:
    return f"Agregado: {customers.add_phone(row.pk, data['phone'], label=data['label'], area_code=area_code(row), edit=edit)}."


def do_point(row: Customer, data: dict, edit: Edit) -> str:
    if data["status"] == "FIRST":
        customers.prefer_point(data["point"], edit=edit)
        return f"{data['point'].masked} queda primero."
    customers.set_point_status(data["point"], PointStatus(data["status"]), edit=edit)
    return f"{data['point'].masked}: {PointStatus(data['status']).label.lower()}."


def do_vehicle(row: Customer, data: dict, edit: Edit) -> str:
    party = data["row"]
    done = customers.correct_vehicle(party.vehicle_id, row, edit=edit, **{name: value for name, value in data.items() if name != "row"})
    return "Vehículo corregido." if done else "No cambió nada."


def do_party(row: Customer, data: dict, edit: Edit) -> str:
    party = customers.add_party(row.pk, data["vehicle"], PartyRole(data["role"]), today=bogota(edit.at).date(), edit=edit)
    return f"{party.get_role_display()} de {party.vehicle}."


def do_end_party(_row: Customer, data: dict, edit: Edit) -> str:
    customers.end_party(data["row"], today=bogota(edit.at).date(), edit=edit)
    return f"Ya no figura como {data['row'].get_role_display().lower()} de {data['row'].vehicle}."


def do_contact(row: Customer, data: dict, edit: Edit) -> str:
    contact = customers.add_contact(
        row.pk, name=data["name"], position=data["position"], phone=data["phone"], email=data["email"], area_code=area_code(row),
        today=bogota(edit.at).date(), edit=edit,
    )  # fmt: skip
    return f"{contact.person} es persona de contacto."


def do_end_contact(_row: Customer, data: dict, edit: Edit) -> str:
    customers.end_contact(data["row"], today=bogota(edit.at).date(), edit=edit)
    return f"{data['row'].person} ya no es persona de contacto."


def do_validate(row: Customer, data: dict, edit: Edit) -> str:
    customers.validate(row.pk, data["confirmed"], edit=edit)
    return f"Confirmado con {row}."


def do_refuse(row: Customer, data: dict, edit: Edit) -> str:
    return record_refusal(row, data, by=edit.by, at=edit.at)


def do_accept(row: Customer, data: dict, edit: Edit) -> str:
    customers.accept_difference(data["row"], row, edit=edit)
    return "Se tomó el dato de SPIGA."


def do_dismiss(_row: Customer, data: dict, edit: Edit) -> str:
    customers.dismiss_difference(data["row"], edit=edit)
    return "Queda nuestro dato."


def differences_of(row: Customer) -> Any:
    return ImportDifference.objects.standing().filter(Q(customer=row) | Q(vehicle__in=row.parties.current().values("vehicle")))


def current_parties(row: Customer) -> Any:
    return row.parties.current().select_related("vehicle__brand")


def current_contacts(row: Customer) -> Any:
    return CompanyContact.objects.current().filter(company=row).select_related("person")


ACTIONS = {
    "phone": Action(plain(PhoneForm), do_phone, "phone"),
    "email": Action(
        plain(EmailForm), lambda row, data, edit: f"Agregado: {customers.add_email(row.pk, data['email'], edit=edit)}.", "email"
    ),
    "point": Action(lambda request, row: PointForm(request.POST, customer=row), do_point),
    "vehicle": Action(lambda request, row: VehicleForm(request.POST, rows=current_parties(row)), do_vehicle, "vehicle"),
    "party": Action(plain(PartyForm), do_party, "party"),
    "end_party": Action(owned(current_parties), do_end_party),
    "contact": Action(plain(ContactForm), do_contact, "contact"),
    "end_contact": Action(owned(current_contacts), do_end_contact),
    "validate": Action(lambda request, row: ConfirmForm(request.POST, known=customers.data_of(row)), do_validate),
    "refuse": Action(plain(OptOutForm), do_refuse, "refuse"),
    "accept": Action(owned(differences_of), do_accept),
    "dismiss": Action(owned(differences_of), do_dismiss),
}


@may_edit
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """One correction, named by the button; refused with its form as it was typed."""
    row = own(request, pk)
    action = ACTIONS.get(request.POST.get("action", ""))
    if action is None:
        messages.error(request, "No se entendió qué corregir: recargue la página.")
        return redirect("callcenter:customer", pk=pk)
    form = action.form(request, row)
    if form.is_valid():
        try:
            messages.success(request, action.do(row, form.cleaned_data, edit_of(request)))
            return back_or(request, reverse("callcenter:customer", args=[pk]))
        except Refused as refusal:
            form.add_error(None, str(refusal))
    if action.shown_as:
        name = action.shown_as
        if name == "vehicle":
            name = f"vehicle.{form.cleaned_data['row'].vehicle_id}" if form.cleaned_data.get("row") else ""
        if name:
            return render_customer(request, row, bound={name: form}, status=422)
    messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
    return back_or(request, reverse("callcenter:customer", args=[pk]))


def back_or(request: HttpRequest, fallback: str) -> HttpResponse:
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}) else fallback)


# -- the house's own numbers -----------------------------------------------------------------------------------------


@may_block
def blocked_phones(request: HttpRequest) -> HttpResponse:
    """Numbers that are nobody's: lines of the house, the workshop, colleagues."""
    form = BlockForm(request.POST or None)
    if request.method == "POST" and request.POST.get("remove"):
        return unblock(request)
    if request.method == "POST" and form.is_valid():
        try:
            row = customers.block_phone(form.cleaned_data["phone"], form.cleaned_data["note"], area_code=only_area_code())
            messages.success(request, f"{row}: ya no se llama ni se importa.")
            return redirect("callcenter:blocked_phones")
        except Refused as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "rows": BlockedPhone.objects.select_related("site").order_by("note", "value")}
    return render(request, "callcenter/blocked_phones.html", context, status=422 if form.errors else 200)


def only_area_code() -> str | None:
    codes = search.area_codes()
    return codes[0] if len(codes) == 1 else None


def unblock(request: HttpRequest) -> HttpResponse:
    pk = request.POST["remove"]
    row = BlockedPhone.objects.filter(pk=int(pk) if pk.isdigit() and len(pk) < 19 else 0).first()
    if row:
        customers.unblock_phone(row)
        messages.success(request, f"{row}: se puede usar otra vez.")
    return redirect("callcenter:blocked_phones")
