"""One box for everything: how a text is read, and who is found by it."""

import pytest

from callcenter.domain import search
from callcenter.domain.search import Wanted, read, variants
from callcenter.models import ContactPoint, Customer, VehicleParty
from tests.factories import CustomerFactory, PhoneFactory, SiteFactory, VehicleFactory


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Wanted()),
        ("a", Wanted()),
        ("Ana  Muñoz", Wanted(words=("ANA", "MUNOZ"))),
        ("pérez de la hoz", Wanted(words=("PEREZ", "HOZ"))),
        ("zza", Wanted(words=("ZZA",), plate="ZZA")),
        ("zza-101", Wanted(documents=("PASSPORTZZA101",), plate="ZZA101", vin="ZZA101", vin_tail="ZZA101")),
        ("1.075.234.567", Wanted(document="1075234567", vin_tail="1075234567")),
        ("900.373.913-4", Wanted(document="9003739134", documents=("900373913",), vin_tail="9003739134")),
        ("300 555-0101", Wanted(document="3005550101", phones=("+573005550101",), vin_tail="3005550101")),
        ("+57 (300) 555 0101", Wanted(document="573005550101", phones=("+573005550101",), vin_tail="573005550101")),
        ("5550142", Wanted(document="5550142", phones=("+576015550142", "+576025550142"), vin_tail="5550142")),
        ("300555", Wanted(document="300555", phone="+57300555", vin_tail="300555")),
        ("Ana@Demo.example", Wanted(email="ana@demo.example")),
        ("'; drop table", Wanted(words=("DROP", "TABLE"))),
        ("%_\\", Wanted()),
        ("\x00an\ud83da", Wanted(words=("ANA",), plate="ANA")),
    ],
)
def test_how_a_text_is_read(text, wanted):
    assert read(text, ("601", "602")) == wanted


def test_a_whole_vin_is_a_vin():
    assert read("9bwaa05u1aa000101").vin == "9BWAA05U1AA000101"
    assert read("9bwaa05u1aa000101").words == ()


@pytest.mark.parametrize(("heard", "written"), [("GOMES", "GOMEZ"), ("BALENCIA", "VALENCIA"), ("ERNANDEZ", "HERNANDEZ"), ("JIMENES", "JIMENEZ"),
                                                ("LLANES", "YANES"), ("HERAZO", "ERAZO")])  # fmt: skip
def test_a_name_written_by_ear(heard, written):
    assert written in variants(heard)
    assert len(variants("HECTORLLESCASBUZEGJIKXM")) <= search.MOST_VARIANTS


@pytest.mark.django_db
class TestFind:
    @pytest.fixture(autouse=True)
    def people(self, north):
        self.ana = CustomerFactory(name="Ana María Muñoz Peña", document_number="52000101", document_key="52000101", sites=[north.pk])
        self.car = VehicleFactory(plate="ZZA101", vin="9BWAA05U1AA000777")
        VehicleParty.objects.create(vehicle=self.car, customer=self.ana)
        PhoneFactory(customer=self.ana, value="+573005550101")
        PhoneFactory(customer=self.ana, value="+576015550142")
        CustomerFactory(name="Pedro Lara", sites=[north.pk])

    def found(self, text, user):
        return {title: [hit.customer for hit in hits] for title, hits in search.find(text, user).items()}

    @pytest.mark.parametrize(
        ("text", "title"),
        [
            ("ana munoz", "Nombre"), ("MUÑOZ PEÑA", "Nombre"), ("pena an", "Nombre"), ("mar mun", "Nombre"), ("munos", "Nombre"),
            ("52.000.101", "Documento"), ("5200", "Documento"),
            ("zza 101", "Placa"), ("ZZA1", "Placa"),
            ("9BWAA05U1AA000777", "VIN"), ("000777", "VIN"), ("aa000777", "VIN"), ("9bwaa05", "VIN"),
            ("300 555 0101", "Teléfono"), ("+57 3005550101", "Teléfono"), ("3005550", "Teléfono"), ("5550142", "Teléfono"),
            ("(601) 555-0142", "Teléfono"), ("0315550142", "Teléfono"),
        ],
    )  # fmt: skip
    def test_ana_is_found_by(self, text, title, agent):
        assert self.ana in self.found(text, agent).get(title, [])

    @pytest.mark.parametrize(
        ("text", "detail"),
        [
            ("3005550", "300 ••• ••01"), ("300 555 0101", "300 ••• ••01"), ("ana@", "a•••@demo.example"), ("zza1", "ZZA101"),
            ("52000", "52000101"), ("ana munoz", ""),
        ],
    )  # fmt: skip
    def test_a_telephone_and_an_address_are_found_whole_and_shown_by_half(self, text, detail, agent):
        ContactPoint.objects.create(customer=self.ana, kind="EMAIL", value="ana@demo.example")
        hits = [hit for rows in search.find(text, agent).values() for hit in rows if hit.customer == self.ana]
        assert [hit.detail for hit in hits] == [detail]

    @pytest.mark.parametrize("text", ["nadie asi", "52000999", "ZZB", "3019999999", "%", "''", "ana\x00", "_" * 200, "🚗", "ana & | !"])
    def test_nothing_breaks_the_box(self, text, agent):
        assert set(self.found(text, agent)) <= {"Nombre"}

    def test_each_customer_once_and_whole_words_first(self, agent):
        whole = CustomerFactory(name="Mu Peña")
        CustomerFactory(name="Munera Peñaranda")
        assert self.found("mu pena", agent)["Nombre"][0] == whole
        hits = search.find("ZZA101", agent)
        assert sum(len(rows) for rows in hits.values()) == 1

    def test_another_sites_customer_does_not_exist(self, outsider):
        for text in ("ana munoz", "52000101", "ZZA101", "3005550101", "000777"):
            assert self.found(text, outsider) == {}

    def test_a_merged_customer_is_not_found(self, agent):
        other = CustomerFactory(name="Ana M. Muñoz")
        Customer.objects.filter(pk=self.ana.pk).update(merged_into=other)
        assert self.found("52000101", agent) == {}
        assert self.found("ana munoz", agent) == {"Nombre": [other]}

    def test_the_lists_search_field_uses_the_same_reading(self, agent):
        rows = Customer.objects.visible_to(agent)
        for text in ("muñoz ana", "munos", "52.000.101", "zza-101", "300 555 0101", "000777"):
            assert list(search.matching(rows, text)) == [self.ana], text
        assert not search.matching(rows, "%").exists()
        assert search.matching(rows, "").count() == 2

    def test_seven_digits_are_completed_with_the_sites_area_codes(self, agent):
        SiteFactory(code="cali", area_code="602")
        assert set(search.area_codes()) == {"601", "602"}
        assert self.found("555 0142", agent) == {"Teléfono": [self.ana]}
