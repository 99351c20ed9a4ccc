"""Invented customers among the real ones: whoever opens one is looking where they have no business (reliability threat 22).

They have no vehicle and no matter, so no queue, list of a programme or figure ever holds them; in a stolen workbook their telephone
and e-mail lead to the company.
"""

import random
from datetime import datetime

from django.db import transaction

from callcenter.domain import notices
from callcenter.domain.errors import Refused
from callcenter.enums import PointKind
from callcenter.models import ContactPoint, Customer, Decoy, Site, User
from callcenter.roles import OVERSEERS, Role
from carrazos.lib import phones, text
from carrazos.lib.calendar import bogota

GIVEN = ("Amparo", "Bernardo", "Consuelo", "Darío", "Elvira", "Fabio", "Gladys", "Hernando", "Inés", "Jairo", "Leonor", "Mauricio")
FAMILY = ("Arboleda", "Buitrago", "Cifuentes", "Duarte", "Escobar", "Fonseca", "Guarín", "Hincapié", "Jaramillo", "Londoño", "Manrique",
          "Ospina")  # fmt: skip


def plant(count: int, *, phone: str, email: str, seed: int | None = None) -> list[Customer]:
    """So many decoys, shared out among the sites, who are reached at a number and an address of the company.

    Raises Refused for a number that can not be called, or without sites.
    """
    number = next((found.e164 for found in phones.parse(phone) if found.callable), "")
    sites, pick = list(Site.objects.filter(is_active=True).order_by("pk")), random.Random(seed)  # noqa: S311 -- names, not secrets
    if not number or not sites:
        raise Refused("Escriba un teléfono de la empresa que se pueda marcar." if sites else "Cree primero las sedes.")
    made = []
    with transaction.atomic():
        for place in range(count):
            name = f"{pick.choice(GIVEN)} {pick.choice(FAMILY)} {pick.choice(FAMILY)}"
            row = Customer.objects.create(
                name=name, raw_name=name.upper(), name_key=text.name_key(name), sites=[sites[place % len(sites)].pk]
            )
            ContactPoint.objects.create(customer=row, kind=PointKind.PHONE, value=number)
            ContactPoint.objects.create(customer=row, kind=PointKind.EMAIL, value=email)
            Decoy.objects.create(customer=row)
            made.append(row)
    return made


def told_of(customer: Customer, who: User, *, at: datetime) -> bool:
    """Tells whoever oversees and administers, once a day for each person and decoy; whether the customer was one."""
    if not Decoy.objects.filter(customer=customer).exists():
        return False
    key = f"decoy:{customer.pk}:{who.pk}:{bogota(at):%Y-%m-%d}"
    people = [user for user in notices.holders(*OVERSEERS, Role.ADMIN) if user.pk != who.pk]
    notices.notify(people, key, f"{who} abrió a «{customer}», un cliente señuelo: no tenía por qué", url="/historial/accesos/", at=at)
    return True
