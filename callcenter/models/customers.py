"""The customer master: who they are, how to reach them, what they drive."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Reverse, Upper

from callcenter.enums import CustomerKind, PartyRole, PointKind, PointStatus
from callcenter.models.audit import audited
from callcenter.models.organisation import Brand, Site, User
from carrazos.lib import phones, text
from carrazos.lib.calendar import bogota

UNUSABLE = (PointStatus.WRONG, PointStatus.DISCONNECTED, PointStatus.BLOCKED)
SQL_UNUSABLE = ", ".join(f"'{status}'" for status in UNUSABLE)  # `usable()` for statements over sets

# Without accents, capitals: the order of a list of names, on any locale.
ACCENTED, BARE = "ÁÉÍÓÚÜÑáéíóúüñ", "AEIOUUNAEIOUUN"
SORT_NAME = Func(Upper("name"), Value(ACCENTED), Value(BARE), function="translate", output_field=models.TextField())
NAME_WORDS = Func(Func("name_key", Value(" "), function="string_to_array"), function="array_to_tsvector", output_field=SearchVectorField())


class CustomerQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "CustomerQuerySet":
        """Customers that one of the user's sites deals with; of merged ones only the one that stays."""
        rows = self.standing()
        return rows if user.all_sites else rows.filter(sites__overlap=user.site_ids)

    def standing(self) -> "CustomerQuerySet":
        return self.filter(merged_into__isnull=True)


class Customer(models.Model):
    """One person or company, whatever the number of phones, vehicles and sites."""

    kind = models.CharField("tipo", max_length=7, choices=CustomerKind, default=CustomerKind.PERSON)
    company_reason = models.CharField(max_length=12, blank=True, editable=False)
    name = models.CharField("nombre", max_length=160)
    raw_name = models.CharField("nombre en SPIGA", max_length=160, blank=True)
    name_key = models.CharField(max_length=160, editable=False)
    document_type = models.CharField("tipo de documento", max_length=8, blank=True)
    document_number = models.CharField("documento", max_length=20, blank=True)
    check_digit = models.CharField("dígito de verificación", max_length=1, blank=True)
    document_key = models.CharField(max_length=28, blank=True, editable=False)
    dms_code = models.CharField("código de tercero en SPIGA", max_length=20, blank=True)
    city = models.CharField("ciudad", max_length=60, blank=True)
    sites = ArrayField(models.BigIntegerField(), default=list, editable=False)  # which sites deal with them: scope
    edited_fields = ArrayField(
        models.CharField(max_length=30), default=list, editable=False
    )  # an agent's word wins, and what the customer confirmed
    validated_at = models.DateTimeField("datos validados el", null=True, blank=True)
    validated_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")
    # A merged customer keeps its row and its keys: tomorrow's file still knows them by it (spiga/merge.py).
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, db_index=False, editable=False, related_name="merged")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)  # of the people's edits, not of the imports
    created_at = models.DateTimeField("creado", db_default=models.functions.Now())

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "cliente", "clientes"
        triggers = audited(inserts=False)
        constraints = [
            models.UniqueConstraint(fields=["document_key"], condition=~Q(document_key=""), name="customer_document_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="customer_has_name"),
            models.CheckConstraint(condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")), name="customer_not_into_itself"),
        ]
        indexes = [
            models.Index(fields=["dms_code"], condition=~Q(dms_code=""), name="customer_dms_code"),
            # Names sort by this key, and are found by the words of name_key (domain/search.py writes the same expressions).
            models.Index(SORT_NAME, "id", name="customer_sort_name"),
            GinIndex(NAME_WORDS, name="customer_name_words"),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="customer_merged_into"),
        ]
        permissions = [
            ("see_customers", "Puede ver clientes"),
            ("edit_customers", "Puede corregir clientes, vehículos y teléfonos"),
            ("merge_customers", "Puede fusionar clientes duplicados"),
            ("export_customers", "Puede descargar listas de clientes"),
        ]

    def __str__(self):
        return self.name

    @property
    def greeting(self) -> str:
        """What a message calls this person."""
        return text.greeting_name(self.raw_name, self.name)

    @property
    def document(self) -> str:
        """`CC 1.075.000.104`, `NIT 900.373.913-4`."""
        number = self.document_number
        if not number:
            return ""
        if number.isdigit():
            number = f"{int(number):,}".replace(",", ".")
        tail = f"-{self.check_digit}" if self.check_digit else ""
        return f"{self.document_type} {number}{tail}".strip()


class ContactPointQuerySet(models.QuerySet):
    def phones(self) -> "ContactPointQuerySet":
        return self.filter(kind=PointKind.PHONE)

    def usable(self) -> "ContactPointQuerySet":
        return self.exclude(status__in=UNUSABLE)

    def reaching(self, customer_id: int) -> "ContactPointQuerySet":
        """Every way to reach a customer: their own first, then those of a company's contact persons."""
        persons = CompanyContact.objects.current().filter(company=customer_id).order_by().values("person")
        # A union, not an OR: each side is an index look-up, the OR reads every telephone of the house.
        own = Customer.objects.filter(pk=customer_id).order_by().values("pk")
        return self.filter(customer__in=own.union(persons, all=True)).order_by(
            Case(When(customer=customer_id, then=0), default=1), "customer_id", "position", "id"
        )

    def for_whatsapp(self) -> "ContactPointQuerySet":
        """Usable phones that are not known to lack WhatsApp; whether one is a mobile is asked of each (`is_mobile`)."""
        return self.phones().usable().exclude(is_on_whatsapp=False)

    def mobiles(self) -> "ContactPointQuerySet":
        """Phones of which `is_mobile` is true."""
        return self.phones().filter(Q(value__startswith="+573") | ~Q(value__startswith="+57"))


class ContactPoint(models.Model):
    """A phone or e-mail of one customer, with what the last call taught about it."""

    customer = models.ForeignKey(Customer, models.CASCADE, db_index=False, related_name="points", verbose_name="cliente")
    kind = models.CharField("tipo", max_length=5, choices=PointKind)
    value = models.CharField("valor", max_length=120)  # E.164 or e-mail
    phone_kind = models.CharField("clase", max_length=9, blank=True)
    label = models.CharField("nota", max_length=60, blank=True)
    position = models.PositiveSmallIntegerField("orden", default=0)
    status = models.CharField("estado", max_length=12, choices=PointStatus, default=PointStatus.VALID)
    last_result = models.CharField("último resultado", max_length=60, blank=True)
    last_used_at = models.DateTimeField("último uso", null=True, blank=True)
    is_on_whatsapp = models.BooleanField("tiene WhatsApp", null=True, blank=True)  # empty: nobody knows yet
    # What the Registro de Números Excluidos said of this number, and when it was asked.
    rne_checked_on = models.DateField("consultado en el RNE", null=True, blank=True)
    rne_channels = ArrayField(
        models.CharField(max_length=8), verbose_name="canales excluidos en el RNE", default=list, db_default=[], blank=True
    )

    objects = ContactPointQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "medio de contacto", "medios de contacto"
        triggers = audited(inserts=False)
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "kind", "value"], name="contact_point_unique"),
            models.CheckConstraint(condition=~Q(kind=PointKind.PHONE) | Q(value__startswith="+"), name="phone_is_e164"),
        ]
        indexes = [models.Index(fields=["value"], name="contact_point_value")]

    def __str__(self):
        return self.display

    @property
    def display(self) -> str:
        return phones.display(self.value) if self.kind == PointKind.PHONE else self.value

    @property
    def masked(self) -> str:
        """What a page shows until somebody asks for the whole (`300 ••• ••01`, `r•••@correo.co`)."""
        return phones.masked(self.display) if self.kind == PointKind.PHONE else text.masked_address(self.value)

    @property
    def is_usable(self) -> bool:
        return self.status not in UNUSABLE

    @property
    def is_mobile(self) -> bool:
        return self.kind == PointKind.PHONE and phones.is_mobile(self.value)


class Vehicle(models.Model):
    """A vehicle, known by its VIN; by its plate only while no VIN is known."""

    vin = models.CharField("VIN", max_length=20, blank=True)
    plate = models.CharField("placa", max_length=10, blank=True)
    brand = models.ForeignKey(Brand, models.PROTECT, db_index=False, verbose_name="marca")
    family = models.CharField("gama", max_length=60, blank=True)
    model = models.CharField("modelo", max_length=80, blank=True)
    model_year = models.PositiveSmallIntegerField("año modelo", null=True, blank=True)
    odometer_km = models.PositiveIntegerField("kilómetros", null=True, blank=True)
    last_visit_on = models.DateField("última entrada al taller", null=True, blank=True)
    delivered_on = models.DateField("entregado nuevo el", null=True, blank=True)
    is_own = models.BooleanField("de Carrazos (demo o cortesía)", default=False)
    sold_at = models.DateTimeField("el cliente lo vendió", null=True, blank=True)
    edited_fields = ArrayField(models.CharField(max_length=30), default=list, editable=False)  # an agent's word wins
    customers = models.ManyToManyField(Customer, through="VehicleParty", related_name="vehicles")
    created_at = models.DateTimeField("creado", db_default=models.functions.Now())

    class Meta:
        verbose_name, verbose_name_plural = "vehículo", "vehículos"
        constraints = [
            models.UniqueConstraint(fields=["vin"], condition=~Q(vin=""), name="vehicle_vin_unique"),
            models.UniqueConstraint(fields=["plate"], condition=Q(vin="") & ~Q(plate=""), name="vehicle_plate_unique"),
            models.CheckConstraint(condition=~Q(vin="", plate=""), name="vehicle_has_vin_or_plate"),
            models.CheckConstraint(condition=Q(odometer_km__isnull=True) | Q(odometer_km__lte=1_500_000), name="odometer_possible"),
        ]
        indexes = [
            models.Index(fields=["plate"], condition=~Q(plate=""), name="vehicle_plate"),
            models.Index(Reverse("vin"), condition=~Q(vin=""), name="vehicle_vin_tail"),  # people read a VIN from its end
        ]

    def __str__(self):
        return " ".join(part for part in (self.brand.name, self.family or self.model, self.plate or self.vin[-6:]) if part)

    @property
    def title(self) -> str:
        """`Volkswagen Gol 2023`."""
        return " ".join(str(part) for part in (self.brand.name, (self.family or self.model).title(), self.model_year) if part)


def sql_mobile(customer: str) -> str:
    """For statements over sets: the same as `for_whatsapp()` and `reaching()` of a customer, an argument in SQL."""
    points = f"""SELECT FROM callcenter_contactpoint k WHERE k.kind = '{PointKind.PHONE}' AND k.phone_kind = 'MOBILE'
       AND k.status NOT IN ({SQL_UNUSABLE}) AND k.is_on_whatsapp IS NOT FALSE AND k.customer_id"""
    persons = f"SELECT t.person_id FROM callcenter_companycontact t WHERE t.company_id = {customer} AND t.until IS NULL"  # noqa: S608
    return f"(EXISTS ({points} = {customer}) OR EXISTS ({points} IN ({persons})))"


def sql_sold(sold_at: str, visit: str, vehicle: str, customer: str) -> str:
    """For statements over sets: the customer sold the vehicle, for they had it then and never came with it since. All arguments are SQL."""
    day = f"({sold_at} AT TIME ZONE 'America/Bogota')::date"
    return f"""({sold_at} IS NOT NULL AND COALESCE({visit} <= {day}, true) AND EXISTS (
       SELECT FROM callcenter_vehicleparty b WHERE b.vehicle_id = {vehicle} AND b.customer_id = {customer}
          AND COALESCE(b.since <= {day}, true)))"""


class PartyQuerySet(models.QuerySet):
    def current(self) -> "PartyQuerySet":
        return self.filter(until__isnull=True)


class VehicleParty(models.Model):
    """Who somebody is to a vehicle."""

    vehicle = models.ForeignKey(Vehicle, models.CASCADE, db_index=False, related_name="parties")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="parties")
    role = models.CharField("relación", max_length=7, choices=PartyRole, default=PartyRole.OWNER)
    since = models.DateField("desde", null=True, blank=True)
    until = models.DateField("hasta", null=True, blank=True)  # over: a later file does not begin it again

    objects = PartyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "relación con vehículo", "relaciones con vehículos"
        triggers = audited(inserts=False)
        constraints = [models.UniqueConstraint(fields=["vehicle", "customer", "role"], name="vehicle_party_unique")]
        ordering = [F("since").desc(nulls_last=True), "-id"]

    def __str__(self):
        return f"{self.customer} · {self.get_role_display()} · {self.vehicle}"

    @property
    def has_sold(self) -> bool:
        """As `sql_sold`, of this one."""
        car = self.vehicle
        if car.sold_at is None:
            return False
        day = bogota(car.sold_at).date()
        return (car.last_visit_on is None or car.last_visit_on <= day) and (self.since is None or self.since <= day)


class ContactQuerySet(models.QuerySet):
    def current(self) -> "ContactQuerySet":
        return self.filter(until__isnull=True)


class CompanyContact(models.Model):
    """A person through whom a company is reached."""

    company = models.ForeignKey(Customer, models.CASCADE, db_index=False, related_name="contacts", verbose_name="empresa")
    person = models.ForeignKey(Customer, models.CASCADE, related_name="companies", verbose_name="persona")
    position = models.CharField("cargo", max_length=60, blank=True)
    since = models.DateField("desde")
    until = models.DateField("hasta", null=True, blank=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "persona de contacto", "personas de contacto"
        ordering = ["since", "id"]
        constraints = [
            models.UniqueConstraint(fields=["company", "person"], name="company_contact_unique"),
            models.CheckConstraint(condition=~Q(company=F("person")), name="company_contact_is_another"),
        ]

    def __str__(self):
        return f"{self.person} · {self.company}"


class BlockedPhone(models.Model):
    """A number that is nobody's: the dealership's lines, the workshop, a colleague."""

    value = models.CharField("número", max_length=20, unique=True)
    note = models.CharField("de quién es", max_length=80)
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, verbose_name="sede")

    class Meta:
        verbose_name, verbose_name_plural = "teléfono propio", "teléfonos propios"
        triggers = audited()

    def __str__(self):
        return f"{self.display} ({self.note})"

    @property
    def display(self) -> str:
        return phones.display(self.value)
