"""Whether two customers are one: the rule as a table, and the search over the whole master."""

import pytest

from callcenter.domain import matching
from callcenter.domain.matching import Facts, score
from callcenter.enums import PairState
from callcenter.models import CompanyContact, ContactPoint, DuplicatePair, DuplicateScan, VehicleParty
from tests.factories import MONDAY, CustomerFactory, PhoneFactory, VehicleFactory

ANA = "ANA MARIA MUNOZ PENA"
PHONE, CAR = frozenset({"+573005550101"}), frozenset({"ZZA101"})


@pytest.mark.parametrize(
    ("one", "other", "points", "said"),
    [
        (Facts(ANA, phones=PHONE), Facts(ANA, phones=PHONE), 75, ("Mismo nombre (+40)", "Mismo teléfono 300 ••• ••01 (+35)")),
        (Facts(ANA, vehicles=CAR), Facts(ANA, vehicles=CAR), 70, ("Mismo nombre (+40)", "Mismo vehículo ZZA101 (+30)")),
        (Facts(ANA, phones=PHONE), Facts("ANA MUNOZ", phones=PHONE), 65, ("Mismo teléfono 300 ••• ••01 (+35)", "Un nombre contiene al otro (+30)")),
        (Facts(ANA, document_key="52000101"), Facts(ANA, document_key="52000101"), 100, ("Mismo documento 52000101 (+70)", "Mismo nombre (+40)")),
        (Facts(ANA, document_key="52000101", phones=PHONE), Facts(ANA, document_key="79000222", phones=PHONE), 15,
         ("Documentos distintos: 52000101 y 79000222 (-60)", "Mismo nombre (+40)", "Mismo teléfono 300 ••• ••01 (+35)")),
        # Husband and wife share the telephone and the car, and are two people.
        (Facts("ANA MARIA MUNOZ PENA", phones=PHONE, vehicles=CAR), Facts("CARLOS JORGE LARA SOTO", phones=PHONE, vehicles=CAR), 35,
         ("Mismo teléfono 300 ••• ••01 (+35)", "Nombres distintos (-30)", "Mismo vehículo ZZA101 (+30)")),
        (Facts(ANA), Facts(ANA), 40, ("Mismo nombre (+40)",)),
        (Facts("ANA MARIA MUNOZ PENA", phones=PHONE), Facts("ANA MARIA MUNOS PENA", phones=PHONE), 60,
         ("Mismo teléfono 300 ••• ••01 (+35)", "Nombres casi iguales (+25)")),
        (Facts("FLOTA ANDINA SAS", kind="COMPANY", phones=PHONE), Facts("FLOTA ANDINA SAS", phones=PHONE), 35,
         ("Mismo nombre (+40)", "Una es empresa y la otra persona (-40)", "Mismo teléfono 300 ••• ••01 (+35)")),
    ],
)  # fmt: skip
def test_points_and_their_sentences(one, other, points, said):
    found = score(one, other)
    assert (found.points, found.reasons) == (points, said)
    assert score(other, one).points == points


def test_a_mistyped_document_is_explained_and_weighs_less_against():
    one, other = Facts(ANA, document_key="52000101", phones=PHONE), Facts(ANA, document_key="52000110", phones=PHONE)
    found = score(one, other)
    assert found.points == 55
    assert any("un solo dígito" in sentence for sentence in found.reasons)


def test_a_phone_of_everybody_says_little():
    crowd = score(Facts(ANA, phones=PHONE), Facts(ANA, phones=PHONE), crowded=PHONE)
    assert crowd.points == 45
    assert "pero lo tienen muchos clientes" in crowd.reasons[1]


@pytest.mark.django_db
class TestScan:
    def scan(self):
        work = DuplicateScan.objects.create(started_at=MONDAY)
        matching.scan(work)
        return work

    def pair(self, **more):
        one = CustomerFactory(name="Ana María Muñoz Peña", document_key="", document_number="", **more)
        other = CustomerFactory(name="Muñoz Peña Ana María")
        for customer in (one, other):
            PhoneFactory(customer=customer, value="+573005550101")
        return one, other

    def test_finds_pairs_by_phone_vehicle_or_name_and_explains_them(self):
        one, other = self.pair()
        CustomerFactory(name="Pedro Lara Soto")
        assert self.scan().found == 1
        found = DuplicatePair.objects.get()
        assert (found.first, found.second, found.score, found.state) == (one, other, 75, PairState.OPEN)
        assert found.reasons[0] == "Mismo nombre (+40)"

    def test_what_somebody_decided_stays_decided(self):
        self.pair()
        self.scan()
        DuplicatePair.objects.update(state=PairState.DISMISSED)
        assert self.scan().found == 0
        assert DuplicatePair.objects.get().state == PairState.DISMISSED

    def test_a_pair_that_no_longer_resembles_leaves_the_queue(self):
        one, _ = self.pair()
        self.scan()
        one.points.all().delete()
        one.name_key = "OTRA PERSONA NUEVA"
        one.save()
        DuplicateScan.objects.all().delete()
        work = DuplicateScan.objects.create(started_at=MONDAY.replace(hour=10))
        matching.scan(work)
        assert not DuplicatePair.objects.exists()

    def test_a_switchboard_makes_no_pairs(self):
        for number in range(12):
            PhoneFactory(customer=CustomerFactory(name=f"Persona Distinta Número {number}"), value="+576015550100")
        assert self.scan().found == 0

    def test_who_was_merged_away_makes_no_crowd(self):
        """A number and a car of two people say what they say, however many rows of theirs were merged into them."""
        one, _ = self.pair()
        car = VehicleFactory()
        for number in range(9):
            gone = CustomerFactory(name=f"Muñoz Ana {number}", merged_into=one)
            PhoneFactory(customer=gone, value="+573005550101")
            VehicleParty.objects.create(vehicle=car, customer=gone)
        for name in ("Jorge Niño Rincón", "Niño Jorge"):
            VehicleParty.objects.create(vehicle=car, customer=CustomerFactory(name=name, document_key="", document_number=""))
        assert self.scan().found == 2
        assert set(DuplicatePair.objects.values_list("score", flat=True)) == {75, 60}

    def test_a_shared_car_with_one_name_is_a_pair(self):
        car = VehicleFactory()
        for name in ("Jorge Niño Rincón", "Niño Rincón Jorge"):
            VehicleParty.objects.create(vehicle=car, customer=CustomerFactory(name=name, document_key="", document_number=""))
        assert self.scan().found == 1


@pytest.mark.django_db
def test_a_company_is_reached_through_its_people_after_its_own_phones():
    company, person = CustomerFactory(name="Flota Andina Demo SAS", kind="COMPANY"), CustomerFactory(name="Rosa Gil")
    theirs, own = PhoneFactory(customer=person), PhoneFactory(customer=company)
    gone = CompanyContact.objects.create(company=company, person=CustomerFactory(), since=MONDAY.date(), until=MONDAY.date())
    PhoneFactory(customer=gone.person)
    CompanyContact.objects.create(company=company, person=person, since=MONDAY.date())
    assert list(ContactPoint.objects.phones().reaching(company.pk)) == [own, theirs]
