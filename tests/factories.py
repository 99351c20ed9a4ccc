"""The smallest valid objects; no surprising behaviour."""

from datetime import datetime, timedelta

import factory

from callcenter.enums import PointKind, Programme, Purpose
from callcenter.models import Brand, ContactPoint, Customer, Employee, Motive, Outreach, Site, User, Vehicle, VehicleParty
from callcenter.roles import Role
from carrazos.lib.calendar import BOGOTA
from carrazos.lib.text import name_key

# A Monday morning inside calling hours, far from holidays.
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=BOGOTA)


class SiteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Site
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"sede{n}")
    name = factory.LazyAttribute(lambda row: f"Sede {row.code}")
    city = "Bogotá"
    area_code = "601"
    phones = "601 555 0100"


class BrandFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Brand
        django_get_or_create = ("code",)

    code = "vw"
    name = "Volkswagen"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"persona{n}")
    first_name = "Ana"
    last_name = factory.Sequence(lambda n: f"Prueba {n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@carrazos.example")
    all_sites = True
    all_brands = True


class EmployeeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Employee

    code = factory.Sequence(lambda n: f"{n + 100}")
    name = "Luis Demo"
    name_key = factory.LazyAttribute(lambda row: name_key(row.name))
    function = Role.SERVICE_ADVISOR
    site = factory.SubFactory(SiteFactory)


class CustomerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Customer

    name = factory.Sequence(lambda n: f"Ana Gómez {n}")
    raw_name = factory.LazyAttribute(lambda row: row.name.upper())
    name_key = factory.LazyAttribute(lambda row: name_key(row.name))
    document_type = "CC"
    document_number = factory.Sequence(lambda n: str(61_000_000 + n))  # no test writes one of these
    document_key = factory.LazyAttribute(lambda row: row.document_number)


class PhoneFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ContactPoint

    customer = factory.SubFactory(CustomerFactory)
    kind = PointKind.PHONE
    value = factory.Sequence(lambda n: f"+57300555{n:04d}")
    phone_kind = "MOBILE"


class VehicleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Vehicle

    vin = factory.Sequence(lambda n: f"9BWAA05U1AA{n:06d}")
    plate = factory.Sequence(lambda n: f"ZZ{chr(65 + n // 1000 % 26)}{n % 1000:03d}")
    brand = factory.SubFactory(BrandFactory)
    family = "Gol"
    odometer_km = 18_900


class OutreachFactory(factory.django.DjangoModelFactory):
    """An open proactive outreach due an hour ago, of a customer with one mobile."""

    class Meta:
        model = Outreach
        skip_postgeneration_save = True

    programme = Programme.PROACTIVE
    purpose = Purpose.COMMERCIAL
    customer = factory.SubFactory(CustomerFactory)
    vehicle = factory.SubFactory(VehicleFactory)
    site = factory.SubFactory(SiteFactory, code="norte", name="Sede Norte")
    brand = factory.SubFactory(BrandFactory)
    reason = "Revisión 20.000 km"
    due_on = MONDAY.date()
    due_at = MONDAY - timedelta(hours=1)
    opened_at = MONDAY - timedelta(hours=2)

    @factory.post_generation
    def phone(self, create, value, **kwargs):
        if create and value is not False:
            PhoneFactory(customer=self.customer, **({"value": value} if value else {}))

    @factory.post_generation
    def ties(self, create, value, **kwargs):
        if create:
            self.customer.sites = [self.site_id]
            self.customer.save()
            if self.vehicle:
                VehicleParty.objects.get_or_create(vehicle=self.vehicle, customer=self.customer)
                Motive.objects.create(outreach=self, programme=self.programme, reference=f"{self.vehicle_id}|{self.pk}", reason=self.reason)
