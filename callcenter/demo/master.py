"""What shows the customer master alive: doubles to decide, one merge to undo, contact persons, corrections, validated data."""

from datetime import datetime, timedelta
from random import Random

from callcenter.domain import customers, matching, merging
from callcenter.domain.customers import Edit
from callcenter.enums import CustomerKind, WorkState
from callcenter.models import ContactPoint, Customer, DuplicateScan, ImportDifference, SavedView, User
from carrazos.lib.text import name_key

VALIDATED = 140
DOUBLES = 7
CONTACTS = (("Rosa Elena Demo", "Jefe de flota"), ("Hernán Darío Demo", "Compras"), ("Luz Marina Demo", "Recepción"))


def build(rng: Random, now: datetime) -> None:
    agent, lead = User.objects.get(username="agente"), User.objects.get(username="coordinadora")
    people = list(Customer.objects.filter(kind=CustomerKind.PERSON).order_by("pk"))
    for number, row in enumerate(rng.sample(people, VALIDATED)):
        row.validated_by, row.validated_at = agent, now - timedelta(days=number % 80 + 1, minutes=number)
    Customer.objects.bulk_update([row for row in people if row.validated_at], ["validated_by", "validated_at"])
    twins = [twin(row, number) for number, row in enumerate(people[3 : 3 + 11 * DOUBLES : 11])]
    scan = DuplicateScan.objects.create(work_state=WorkState.DONE, created_at=now, started_at=now, finished_at=now)
    matching.scan(scan)
    merging.merge(people[3].pk, twins[0].pk, by=lead, at=now - timedelta(days=2))
    companies = Customer.objects.filter(kind=CustomerKind.COMPANY).order_by("pk")[: len(CONTACTS)]
    for number, (company, (name, position)) in enumerate(zip(companies, CONTACTS, strict=False)):
        edit = Edit(agent, now - timedelta(days=5))
        customers.add_contact(company.pk, name=name, position=position, phone=f"300555{8800 + number}", today=edit.at.date(), edit=edit)
    corrected = people[1]
    customers.correct(
        corrected.pk, name=corrected.name, document=corrected.document_number, document_type=corrected.document_type, city="La Calera",
        kind=corrected.kind, edit=Edit(agent, now - timedelta(days=3)),
    )  # fmt: skip
    ImportDifference.objects.create(customer=corrected, field="city", theirs="Bogotá", seen_on=now.date())
    SavedView.objects.create(
        owner=lead, listing="clientes", name="Empresas con gestión abierta", query="kind=COMPANY&open=yes", is_shared=True
    )


def twin(row: Customer, number: int) -> Customer:
    """The same person as another site typed them: surnames first, one name short, without document, with the same phone."""
    words = row.name.split()
    name = " ".join([*words[-2:], words[0]]) if number % 2 else " ".join(words[:2] if len(words) == 3 else [words[0], *words[2:]])
    other = Customer.objects.create(
        name=name, raw_name=name.upper(), name_key=name_key(name), city=row.city, sites=row.sites, dms_code=str(90_000 + number)
    )
    point = row.points.first()
    ContactPoint.objects.create(customer=other, kind=point.kind, value=point.value, phone_kind=point.phone_kind)
    return other
