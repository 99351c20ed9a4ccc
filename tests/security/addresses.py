"""Every address of the house with the objects that its URL names: what the permission matrix is generated from.

An address with an argument needs one line in OBJECTS: a function (site, person) → the URL's arguments. The matrix calls
it for the person's own site and for a foreign one.
"""

import io
import uuid
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.urls import reverse

from callcenter.access import Access, declared
from callcenter.domain import merging
from callcenter.enums import BatchStatus, ExclusionScope, ExclusionSource, Outcome, Programme
from callcenter.models import (
    Appointment,
    Attempt,
    Authorisation,
    DataRequest,
    DuplicatePair,
    Evidence,
    ImportBatch,
    ImportRow,
    InboundMessage,
    ListExport,
    Mail,
    Message,
    Notification,
    Reason,
    WhatsAppIdentity,
)
from carrazos.checks import addresses
from carrazos.lib.calendar import national
from crm_audit.models import Activity, Notice, Prospect
from recovery.models import Candidacy, RecoveryList
from reports.models import ActionEvidence, Delivery, Edition, ImprovementAction, ReportRun
from satisfaction.domain import followups, petitions, semaphore
from satisfaction.enums import Area, PqrsChannel, PqrsKind
from satisfaction.models import FollowUp, Letter
from satisfaction.models.surveys import areas_of
from satisfaction.views.board import DEEDS
from tests.factories import MONDAY, BrandFactory, CustomerFactory, EmployeeFactory, OutreachFactory, UserFactory
from tests.satisfaction.scenes import survey as survey_of

CANARY = "Canario Ajeno"


def outreach(site, person):
    return {"pk": outreach_of(site).pk}


def outreach_of(site):
    name = CANARY if site.code == "centro" else "Cliente Propio"
    return OutreachFactory(site=site, customer=CustomerFactory(name=name, raw_name=name, sites=[site.pk]))


def colleague(site, person):
    """An agent of one site only, whom the supervisor of another does not see."""
    made = UserFactory(all_sites=False)
    made.sites.add(site)
    made.groups.add(Group.objects.get(name="call_center_agent"))
    return {"pk": made.pk}


def notice_to(site, person):
    own = person if site.code == "norte" else UserFactory()
    return {"pk": Notification.objects.create(user=own, key=uuid.uuid4().hex, text="Aviso", at=MONDAY).pk}


def attempt(site, person):
    row = outreach_of(site)
    made = Attempt.objects.create(
        body_hash="x", outreach=row, number=1, agent=person, outcome=Outcome.NO_CONTACT,
        reason=Reason.objects.filter(kind="NO_CONTACT").first(), is_contact=False, started_at=MONDAY, at=MONDAY, day=MONDAY.date(),
        policy_version="1",
    )  # fmt: skip
    return {"pk": made.pk}


def evidence(site, person):
    row = Evidence(outreach=outreach_of(site), original_sha256="a", sha256=uuid.uuid4().hex, uploaded_by=person, uploaded_at=MONDAY)
    row.file.name = "evidence/x.jpg"
    row.file.storage.delete(row.file.name)
    row.file.storage.save(row.file.name, io.BytesIO(b"x"))
    row.save()
    return {"pk": row.pk}


def message(site, person):
    row = outreach_of(site)
    made = Message.objects.create(
        body_hash="x", outreach=row, customer=row.customer, site=site, brand=row.brand, purpose=row.purpose, body="x", sent_at=MONDAY,
        status="UNKNOWN", work_state="DONE",
    )  # fmt: skip
    return {"pk": made.pk}


def inbound(site, person):
    customer = outreach_of(site).customer
    identity = WhatsAppIdentity.objects.create(customer=customer, bsuid=uuid.uuid4().hex)
    made = InboundMessage.objects.create(
        provider_id=uuid.uuid4().hex, identity=identity, customer=customer, kind="TEXT", body="x", at=MONDAY
    )  # fmt: skip
    return {"pk": made.pk}


def batch(site, person):
    row = ImportBatch.objects.create(
        feed="proactive", name=f"{CANARY if site.code == 'centro' else 'propio'}.csv", sha256=uuid.uuid4().hex, size=1, site=site,
        status=BatchStatus.CHECKED, requested_by=UserFactory(), counts={"read": 0},
    )  # fmt: skip
    return {"pk": row.pk}


def refusal(site, person):
    row = outreach_of(site).customer.exclusions.create(scope=ExclusionScope.ALL, source=ExclusionSource.CUSTOMER, since=MONDAY)
    return {"pk": row.pk}


def import_group(site, person):
    found = batch(site, person)
    ImportRow.objects.create(batch_id=found["pk"], number=2, status="REJECTED", code="NO_NAME", message="Falta el nombre", raw=["x"])
    return found | {"status": "REJECTED", "code": "NO_NAME"}


def import_row(site, person):
    found = import_group(site, person)
    about = {"columns": [{"title": "Cliente", "field": "customer_name", "label": "Cliente", "samples": []}]}
    ImportBatch.objects.filter(pk=found["pk"]).update(about=about, work_state="DONE")
    return {"pk": found["pk"], "number": 2}


def appointment(site, person):
    row = outreach_of(site)
    made = Appointment.objects.create(
        outreach=row, customer=row.customer, vehicle=row.vehicle, site=site, brand=row.brand, service="Revisión", starts_at=MONDAY,
        booked_by=person, booked_at=MONDAY,
    )  # fmt: skip
    return {"pk": made.pk}


def report_run(site, person):
    own = person if site.code == "norte" else UserFactory()
    row = ReportRun(code="GSC-FOR-09", period="2026-10", format="xlsx", requested_by=own, sha256="x", work_state="DONE")
    row.file.name = "reports/x.xlsx"
    row.file.storage.delete(row.file.name)
    row.file.storage.save(row.file.name, io.BytesIO(b"x"))
    row.save()
    return {"pk": row.pk}


def edition(site, person):
    row = Edition(code="GSC-FOR-09", period="2026-10", site=site, brand=BrandFactory(), due_on=MONDAY.date(), state="PREPARED", sha256="x",
                  work_state="DONE", number=1 + Edition.objects.count(), correction_reason="x", facts={"indicators": [], "tables": [], "records": []})  # fmt: skip
    Edition.objects.filter(site=site).update(state="CORRECTED")
    for name in ("editions/x.pdf", "editions/x.xlsx"):
        row.pdf.storage.delete(name)
        row.pdf.storage.save(name, io.BytesIO(b"x"))
    row.pdf.name, row.workbook.name = "editions/x.pdf", "editions/x.xlsx"
    row.save()
    return {"pk": row.pk}


def delivery(site, person):
    row = Delivery.objects.create(edition_id=edition(site, person)["pk"], email="x@carrazos.example")
    return {"pk": row.edition_id, "delivery": row.pk}


def action(site, person):
    own = person if site.code == "norte" else UserFactory()
    finding = CANARY if site.code == "centro" else "Hallazgo propio"
    return {"pk": ImprovementAction.objects.create(origin="PQRS", finding=finding, site=site, owner=own, opened_at=MONDAY).pk}


def action_file(site, person):
    row = ActionEvidence(action_id=action(site, person)["pk"], name="acta.pdf", sha256="x", uploaded_by=person, uploaded_at=MONDAY)
    row.file.save("x", io.BytesIO(b"%PDF"))
    return {"pk": row.pk}


def customer_history(site, person):
    return {"kind": "customer", "pk": outreach_of(site).customer_id}


def data_request(site, person):
    made = DataRequest.objects.create(
        customer_id=outreach_of(site).customer_id, kind="CLAIM", right="UPDATE", channel="EMAIL", received_on=MONDAY.date(), text="x",
        due_on=MONDAY.date(), opened_at=MONDAY,
    )  # fmt: skip
    return {"pk": made.pk}


def authorisation(site, person):
    made = Authorisation(
        customer_id=outreach_of(site).customer_id, purpose="SURVEY", source="FORM", text_version="v1", granted_at=MONDAY, proof_sha256="x"
    )
    made.proof.save("x.pdf", ContentFile(b"%PDF-"))
    made.save()
    return {"pk": made.pk}


def customer_privacy(site, person):
    return {"pk": outreach_of(site).customer_id}


def security_key(site, person):
    own = person if site.code == "norte" else UserFactory()
    return {"pk": Authenticator.objects.create(user=own, type=Authenticator.Type.WEBAUTHN, data={"name": "x", "passwordless": False}).pk}


def customer(site, person):
    name = CANARY if site.code == "centro" else "Cliente Propio"
    return {"pk": CustomerFactory(name=name, raw_name=name, sites=[site.pk]).pk}


def duplicate(site, person):
    first, second = customer(site, person)["pk"], customer(site, person)["pk"]
    return {"pk": DuplicatePair.objects.create(first_id=first, second_id=second, score=70, found_at=MONDAY).pk}


def customer_merge(site, person):
    return {"pk": merging.merge(customer(site, person)["pk"], customer(site, person)["pk"], by=person, at=MONDAY).pk}


def list_export(site, person):
    own = person if site.code == "norte" else UserFactory()
    row = ListExport(listing="clientes", requested_by=own, work_state="DONE")
    row.file.save("x.xlsx", ContentFile(b"x"))
    return {"pk": row.pk}


def held_export(site, person):
    """A download of a colleague of the site that waits for approval."""
    colleague = UserFactory(all_sites=False)
    colleague.sites.add(site)
    return {"pk": ListExport.objects.create(listing="clientes", requested_by=colleague, work_state="IDLE").pk}


SURVEYS = {Area.AFTERSALES: Programme.AFTERSALES_SURVEY, Area.SALES: Programme.SALES_SURVEY}


def survey(site, person):
    """A survey of the area that the person serves."""
    whose = CustomerFactory(name=CANARY if site.code == "centro" else "Cliente Propio", sites=[site.pk])
    return {"pk": survey_of(programme=SURVEYS[areas_of(person)[0]], site=site, customer=whose).pk}


def case_of(site, person):
    """A case of the area that the person serves, and theirs when it is of their site."""
    row = outreach_of(site)
    matter = followups.Matter(areas_of(person)[0], row.customer, row.site, row.brand, row.vehicle)
    made = followups.open_follow_up(matter, "Muy demorado", outreach=row, by=None, at=MONDAY, calendar=national())
    if site.code == "norte":
        FollowUp.objects.filter(pk=made.pk).update(owner=person)
    return made


def case(site, person):
    return {"pk": case_of(site, person).pk}


def case_proof(site, person):
    deed = followups.Deed(uuid.uuid4(), proof=followups.ProofDraft(data=b"%PDF-1.7 x", name="x.pdf"))
    return {"pk": followups.add_proof(case_of(site, person).pk, deed, by=person, at=MONDAY).proofs.get().pk}


def pqrs_of(site, person):
    row = outreach_of(site)
    filing = petitions.Filing(
        key=uuid.uuid4(), kind=PqrsKind.CLAIM, channel=PqrsChannel.PHONE, customer=row.customer, site=site, brand=row.brand,
        area=areas_of(person)[0], description="Me cobraron de más", received_at=MONDAY,
    )  # fmt: skip
    return petitions.file(filing, by=person, at=MONDAY, calendar=national())


def pqrs(site, person):
    return {"pk": pqrs_of(site, person).pk}


def pqrs_file(site, person):
    return {"pk": petitions.keep_file(pqrs_of(site, person), b"%PDF-1.7 x", "x.pdf", by=person, at=MONDAY).pk}


def letter(site, person):
    row = Letter(pqrs=pqrs_of(site, person), kind="ANSWER", body="x", work_state="DONE", sha256="x")
    row.file.save("x.pdf", ContentFile(b"%PDF-1.7 x"))
    return {"pk": row.pk}


def candidacy(site, person):
    row = outreach_of(site)
    month, _ = RecoveryList.objects.get_or_create(month=MONDAY.date().replace(day=1), defaults={"status": "DRAFT"})
    made = Candidacy.objects.create(
        recovery_list=month, vehicle=row.vehicle, customer=row.customer, site=site, brand=row.brand, segment="YEAR"
    )
    return {"pk": made.pk}


def prospect(site, person):
    return {"pk": prospect_of(site).pk}


def prospect_of(site):
    name = CANARY if site.code == "centro" else "Cliente Propio"
    return Prospect.objects.create(
        site=site, brand=BrandFactory(), advisor_name="Asesor", advisor_key="N:ASESOR", name=name, name_key=name.upper(),
        person_key=uuid.uuid4().hex, month=MONDAY.date().replace(day=1), created_on=MONDAY.date(),
    )  # fmt: skip


def activity(site, person):
    row = prospect_of(site)
    made = Activity.objects.create(
        site=site, brand=row.brand, advisor_name="Asesor", advisor_key="N:ASESOR", prospect=row, prospect_name=row.name, name_key=row.name_key,
        kind="CALL", day=MONDAY.date(), done_at=MONDAY, state="DONE", slot=uuid.uuid4().hex,
    )  # fmt: skip
    return {"pk": made.pk}


def notice(site, person):
    name = CANARY if site.code == "centro" else "Asesor Propio"
    mail = Mail.objects.create(key=uuid.uuid4().hex, to=["x@carrazos.example"], subject="x", body="x")
    advisor = EmployeeFactory(site=site, name=name)
    return {"pk": Notice.objects.create(advisor=advisor, cut_on=MONDAY.date(), mail=mail, sent_by=person, created_at=MONDAY).pk}


OBJECTS = {
    **dict.fromkeys(("crm_audit:prospect", "crm_audit:decide"), prospect),
    **dict.fromkeys(("crm_audit:judge", "crm_audit:take_back", "crm_audit:resolve"), activity),
    "crm_audit:notice": notice,
    **dict.fromkeys(("satisfaction:survey", "satisfaction:answer", "satisfaction:survey_portal"), survey),
    **dict.fromkeys(
        ("satisfaction:follow_up", "satisfaction:points", "satisfaction:evidence", "satisfaction:escalate", "satisfaction:classify", "satisfaction:portal",
         "satisfaction:confirm", "satisfaction:review"), case
    ),
    "satisfaction:act": lambda site, person: case(site, person) | {"slug": "tomar"},
    "satisfaction:proof": case_proof,
    "satisfaction:pqrs_detail": pqrs,
    "satisfaction:pqrs_step": lambda site, person: pqrs(site, person) | {"slug": "gestion"},
    "satisfaction:pqrs_file": pqrs_file,
    "satisfaction:letter": letter,
    **dict.fromkeys(
        ("callcenter:take", "callcenter:release", "callcenter:skip", "callcenter:start", "callcenter:keep", "callcenter:record",
         "callcenter:message", "callcenter:no_whatsapp", "callcenter:why", "callcenter:lift",
         "callcenter:draft", "callcenter:transfer", "callcenter:take_inbound",
         "callcenter:reply", "callcenter:screenshot", "callcenter:message_picture"),
        outreach,
    ),
    "callcenter:validate": outreach,
    **dict.fromkeys(("callcenter:live_agent", "callcenter:live_say"), colleague),
    "callcenter:read_notice": notice_to,
    **dict.fromkeys(("callcenter:customer", "callcenter:customer_history", "callcenter:customer_points", "callcenter:customer_correct",
                     "callcenter:customer_change", "callcenter:customer_compare", "callcenter:open_inbound"), customer),
    "callcenter:duplicate": duplicate,
    "callcenter:unmerge": customer_merge,
    **dict.fromkeys(("callcenter:export", "callcenter:export_file"), list_export),
    "callcenter:approve_export": held_export,
    "callcenter:whatsapp_settle": message,
    **dict.fromkeys(("callcenter:whatsapp_answer", "callcenter:whatsapp_identify"), inbound),
    "callcenter:undo": attempt,
    **dict.fromkeys(("recovery:restore", "recovery:remove"), candidacy),
    "privacy:request": data_request,
    "privacy:step": lambda site, person: data_request(site, person) | {"verb": "ampliar"},
    **dict.fromkeys(("privacy:person", "privacy:authorise"), customer_privacy),
    "privacy:file": lambda site, person: customer_privacy(site, person) | {"kind": "json"},
    **dict.fromkeys(("privacy:revoke", "privacy:proof"), authorisation),
    "callcenter:row_history": customer_history,
    "callcenter:give_back": refusal,
    "callcenter:evidence": evidence,
    "callcenter:decide": appointment,
    **dict.fromkeys(
        ("callcenter:import", "callcenter:import_columns", "callcenter:import_review", "callcenter:import_correct", "callcenter:import_rule",
         "callcenter:import_apply", "callcenter:import_result", "callcenter:import_retry", "callcenter:import_undo", "callcenter:import_resume",
         "callcenter:import_discard", "callcenter:import_rejected", "callcenter:import_again"),
        batch,
    ),
    "callcenter:import_group": import_group,
    "callcenter:import_row": import_row,
    **dict.fromkeys(("reports:run", "reports:download"), report_run),
    **dict.fromkeys(("reports:edition", "reports:review", "reports:approve", "reports:send", "reports:correct"), edition),
    "reports:edition_file": lambda site, person: edition(site, person) | {"kind": "pdf"},
    "reports:retry": delivery,
    "reports:action": action,
    "reports:move_action": lambda site, person: action(site, person) | {"step": "plan"},
    "reports:action_evidence": action_file,
    **dict.fromkeys(("mfa_remove_webauthn", "mfa_edit_webauthn"), security_key),
}  # fmt: skip
# Arguments that name no row of a site.
PLAIN = {
    "privacy:retry_job": {"label": "callcenter.Erasure", "pk": 1},
    **{name: {"code": "GSC-FOR-09"} for name in ("reports:report", "reports:ask", "reports:prepare")},
    "reports:indicator": {"code": "IND-01"},
    "callcenter:topic": {"slug": "ley"},
    # Documents and releases belong to the whole company, not to a site.
    **{name: {"code": "GSC-FOR-09"} for name in ("callcenter:document", "callcenter:add_version")},
    # Campaigns belong to a brand: tests/callcenter/views/test_live_pages.py asks for a foreign one.
    **{name: {"pk": 1} for name in ("callcenter:campaign", "callcenter:campaign_enrol", "callcenter:campaign_image")},
    **{name: {"pk": 1} for name in ("callcenter:signed_release", "callcenter:revoke_release")},
    "callcenter:import_template": {"slug": "proactive"},
    **{name: {"token": "nadie"} for name in ("crm_audit:notice_public", "crm_audit:notice_opened")},
}
# What a form must carry before its row is even answered for.
POSTED = {"callcenter:skip": {"skip_reason": "MISSING_DATA"}}
# What a part of the address asks beyond what its view says: the move of a case is for whoever may make that move.
NARROWER = {"satisfaction:act": semaphore.BY_ACTION[DEEDS["tomar"]].permission}
# A refusal that comes before the row is looked at: what the person must do first (a form's field names the row, a recent password…).
NEEDS_FORM_FIRST = {"mfa_remove_webauthn", "mfa_edit_webauthn"}
# Querysets that no address reaches by a row's number, and why.
UNREACHED = {
    "CampaignQuerySet": "las campañas son de una marca, no de una sede: tests/callcenter/views/test_live_pages.py lo prueba",
    "ViewQuerySet": "cada quien ve las suyas en una lista sin números de fila",
    "InboundQuerySet": "sin cliente de otra sede no hay a quién mostrar: tests/callcenter/views/test_whatsapp.py lo prueba",
    "EmployeeQuerySet": "los asesores se ofrecen por la sede de la gestión, que ya está filtrada",
    "OverrideQuerySet": "se ven en la lista de la Ley 2300: tests/callcenter/views/test_contact_pages.py lo prueba",
    "PlatformQuerySet": "las plataformas son de una marca, no de una sede: tests/callcenter/views/test_platforms.py lo prueba",
    "WorkOrderQuerySet": "las órdenes se ven dentro del cliente, que ya está filtrado",
}


@dataclass(frozen=True)
class Address:
    name: str
    access: Access
    converters: dict

    @property
    def arguments(self) -> bool:
        return bool(self.converters)

    def admits(self, held: set[str]) -> bool:
        return self.access.admits(held) and NARROWER.get(self.name) in {None, *held}

    @property
    def sample(self) -> dict:
        """Arguments of the right shape that need not name anything."""
        return {
            name: 1 if kind.regex == "[0-9]+" else uuid.UUID(int=1) if "a-f" in kind.regex else "x"
            for name, kind in self.converters.items()
        }

    def url(self, kwargs: dict) -> str:
        return reverse(self.name, kwargs=kwargs)


def every_address() -> list[Address]:
    """All but the administrators' site."""
    return [
        Address(name, declared(pattern.callback), pattern.pattern.converters)
        for name, _path, pattern in addresses()
        if not name.startswith("admin:")
    ]
