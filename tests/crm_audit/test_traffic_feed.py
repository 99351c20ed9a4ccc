"""F5 from file to prospects: every nasty case of domain 3.7 in `samples/f5_traffic.csv`, each with what must become of it."""

from datetime import date

import pytest

from callcenter.models import Brand, Customer
from crm_audit.domain import checks, notices, validity
from crm_audit.domain.validity import Finding
from crm_audit.enums import ProspectVerdict, Signal, Situation
from crm_audit.models import Prospect, TrafficEntry
from tests.crm_audit.conftest import bring, reason, totals
from tests.factories import MONDAY, BrandFactory, CustomerFactory

pytestmark = pytest.mark.django_db
HEADER = "Centro;N° Ficha;F. Alta;Hora;Vendedor;Cliente;N° Doc. Cliente;Telf. Móvil;Estado\n"


def prospect(file_id):
    return TrafficEntry.objects.get(file_id=file_id).prospect


def lines(*rows):
    return (HEADER + "\n".join(rows)).encode()


def test_the_sample_enters_with_exact_totals(floor):
    batch, result = bring("traffic", "f5_traffic.csv")
    assert batch.about["preamble"][0].startswith("TRÁFICO DE EXPOSICIÓN")
    assert totals(result) == (19, 1, 0, {"DUPLICATE": 1}, {"FUTURE_DATE": 1, "OUT_OF_RANGE": 1, "NO_ADVISOR": 1})
    assert dict(result.warnings) == {"BAD_PHONE": 2, "LOST_LETTERS": 1, "UNKNOWN_ADVISOR": 1, "UNKNOWN_BRAND": 1, "DOCUMENT": 1}
    assert (Prospect.objects.count(), TrafficEntry.objects.count()) == (19, 20)


def test_the_same_file_twice_changes_nothing(floor):
    bring("traffic", "f5_traffic.csv")
    before = list(Prospect.objects.order_by("pk").values())
    _, result = bring("traffic", "f5_traffic.csv")
    assert (result.created, result.updated, result.unchanged) == (0, 0, 20)
    assert list(Prospect.objects.order_by("pk").values()) == before


def test_a_check_writes_nothing(floor):
    bring("traffic", "f5_traffic.csv", dry=True)
    assert not Prospect.objects.exists()


def test_a_prospect_is_no_customer(floor):
    bring("traffic", "f5_traffic.csv")
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    ("file_id", "expected"),
    [
        ("4501", {Signal.TWO_ADVISORS}),  # nasty 1
        ("4504", {Signal.TWO_ADVISORS}),
        ("4502", {Signal.BAD_NAME, Signal.BAD_PHONE}),
        ("4503", {Signal.BAD_NAME, Signal.COMPANY_MAIL}),
        ("4506", {Signal.BAD_PHONE}),  # 3: nine digits
        ("4507", set()),  # 4: foreign
        ("4508", set()),  # 5: landline only
        ("4509", {Signal.BAD_NAME}),  # 6: «.»
        ("4512", set()),  # 10: company
        ("4516", {Signal.EMPLOYEE_NAME, Signal.EMPLOYEE_PHONE}),  # 19
        ("4520", {Signal.BAD_DOCUMENT}),
        ("4521", {Signal.REPEATED_NAME}),
    ],
)
def test_signals_of_the_sample(floor, file_id, expected):
    bring("traffic", "f5_traffic.csv")
    assert set(prospect(file_id).signals) == expected


def test_what_the_sample_says_of_each_nasty_row(floor):
    bring("traffic", "f5_traffic.csv")
    twice = prospect("4501")
    assert (prospect("4505"), twice.visits, twice.created_on) == (twice, 2, date(2026, 11, 3))  # 2: visit again
    assert prospect("4507").phones == ["+13055550133"]
    assert prospect("4508").phones == ["+576015550144"]
    assert prospect("4509").name == "Sin nombre"
    assert prospect("4510").advisor == floor["luz"]  # 11: code without name
    assert prospect("4512").kind == "COMPANY"
    nobody = prospect("4513")  # 12, 18: unknown advisor and brand
    assert (nobody.advisor, nobody.advisor_name, nobody.brand) == (None, "Asesor Que No Existe", Brand.objects.get(code="otra"))
    assert prospect("4514").situation == Situation.CANCELLED  # 13
    assert prospect("4515").situation == Situation.LOST
    assert prospect("4503").created_at.isoformat() == "2026-11-23T04:59:00+00:00"  # 14: 23:59 of the 22nd in Bogotá
    assert prospect("4503").created_on == date(2026, 11, 22)
    assert {row.month for row in Prospect.objects.all()} == {date(2026, 10, 1), date(2026, 11, 1)}  # 17: two months


def test_what_the_second_sample_says_of_each_nasty_row(floor, house):
    """The rows that need more than one file can show: known people, other brands, other countries, other months."""
    BrandFactory(code="suzuki", name="Suzuki", aliases=["SUZUKI"])
    known = CustomerFactory(name="Lucía Parra de León", document_key="52000777", document_number="52000777")
    _, result = bring("traffic", "f5_people.csv")
    assert totals(result) == (9, 0, 0, {}, {})
    assert [prospect(number).phones for number in ("4701", "4702")] == [["+584125550133"], ["+593995550134"]]  # 4: other countries
    row = prospect("4703")  # 7: already a customer; an import changes nobody's data
    assert (checks.known_customer(row), row.customer, Customer.objects.count()) == (known, None, 1)
    assert checks.known_customer(prospect("4704")) is None
    assert (prospect("4704").source, prospect("4704").interest) == ("", "OTRO")  # 8, 18
    assert "\ufffd" in prospect("4705").name  # 9: kept as it came, and said
    assert dict(result.warnings) == {"LOST_LETTERS": 1}
    other = prospect("4706")  # 12: the file's brand counts, whoever sold it
    assert (other.brand.code, other.advisor) == ("suzuki", floor["rosa"])
    assert prospect("4707").note == "Pide que eliminen sus datos"  # 15: seen on the page and in the call, which files the claim
    assert prospect("4707").source == "Web · Facebook"
    months = [prospect(number).month for number in ("4708", "4709")]  # 17: one person, two months, two prospects
    assert months == [date(2026, 10, 1), date(2026, 11, 1)]
    assert {code for row in Prospect.objects.all() for code in row.signals} == set()


def test_the_same_file_corrected_in_spiga_changes_exactly_those_rows(floor, lead):
    bring("traffic", "f5_traffic.csv")
    mended = [prospect("4506").pk, prospect("4509").pk]
    told = Finding(ProspectVerdict.INVALID, is_real=False, reason=reason("PROSPECT", "NO_PHONE"), note="Nueve dígitos")
    validity.decide_by_data(mended[0], told, by=lead, at=MONDAY)
    (draft,) = notices.drafts(lead, MONDAY)
    notices.send([draft.advisor.pk], by=lead, at=MONDAY, address=lambda token: token)
    untouched = list(Prospect.objects.exclude(pk__in=mended).order_by("pk").values())
    for expected in ((0, 2, 18), (0, 0, 20)):
        assert totals(bring("traffic", "f5_corrected.csv")[1])[:3] == expected
        assert list(Prospect.objects.exclude(pk__in=mended).order_by("pk").values()) == untouched
    phone, name = prospect("4506"), prospect("4509")
    assert (phone.phones, phone.signals) == (["+573005550106"], [Signal.IDENTITY_CHANGED])
    assert (name.name, name.signals) == ("Teresa Díaz Luna", [Signal.IDENTITY_CHANGED])
    assert phone.validation.notices.get().corrected_at is not None


def test_a_minor_does_not_enter(floor):
    _, result = bring("traffic", "f5_minor.csv")  # 16
    assert totals(result) == (1, 0, 0, {"MINOR": 1}, {})
    assert Prospect.objects.get().name == "Ana Peña Luna"


def test_a_changed_identity_is_a_signal_that_stays(floor):
    bring("traffic", lines("CENTRO;1;03/11/2026;09:00;ROSA DEMO;ANA PEÑA LUNA;;3005550101;"))
    changed = lines("CENTRO;1;03/11/2026;09:00;ROSA DEMO;PEDRO GIL LUNA;;3005550102;")
    assert totals(bring("traffic", changed)[1])[:3] == (0, 1, 0)
    assert totals(bring("traffic", changed)[1])[:3] == (0, 0, 1)
    row = Prospect.objects.get()
    assert (row.name, row.phones, row.signals) == ("Pedro Gil Luna", ["+573005550102"], [Signal.IDENTITY_CHANGED])


def test_a_prospect_given_to_another_advisor_who_has_the_same_person_stays_two(floor):
    rows = ["CENTRO;1;03/11/2026;;ROSA DEMO;ANA PEÑA LUNA;;3005550101;", "CENTRO;2;04/11/2026;;IVÁN PRUEBA LARA;ANA PEÑA LUNA;;3005550101;"]
    bring("traffic", lines(*rows))
    rows[1] = rows[1].replace("IVÁN PRUEBA LARA", "ROSA DEMO")
    assert totals(bring("traffic", lines(*rows))[1])[:3] == (0, 1, 1)
    assert totals(bring("traffic", lines(*rows))[1])[:3] == (0, 0, 2)
    assert Prospect.objects.filter(advisor=floor["rosa"]).count() == 2


def test_an_advisor_who_is_added_later_gets_the_prospect(floor):
    bring("traffic", lines("CENTRO;;03/11/2026;;NUEVO ASESOR;ANA PEÑA LUNA;;3005550101;"))
    floor["rosa"].name, floor["rosa"].name_key = "Nuevo Asesor", "ASESOR NUEVO"
    floor["rosa"].save()
    assert totals(bring("traffic", lines("CENTRO;;03/11/2026;;NUEVO ASESOR;ANA PEÑA LUNA;;3005550101;"))[1])[:3] == (0, 1, 0)
    assert Prospect.objects.get().advisor == floor["rosa"]


def test_signals_that_need_neighbours(floor):
    shared = [f"CENTRO;{n};0{n}/11/2026;;ROSA DEMO;PERSONA {word} GIL;;3005550101;" for n, word in enumerate(("UNO", "DOS", "TRES"), 1)]
    rush = [f"CENTRO;1{n};05/11/2026;10:0{n};IVÁN PRUEBA LARA;PERSONA {word} PAZ;;300555020{n};" for n, word in enumerate("ABCDE")]
    last = [f"CENTRO;2{n};31/10/2026;;LUZ MARINA SOL;PERSONA {word} SOL;;300555030{n};" for n, word in enumerate("ABC")]
    bring("traffic", lines(*shared, *rush, *last))
    assert [prospect(str(n)).signals for n in (1, 2, 3)] == [[Signal.SHARED_PHONE]] * 3
    assert [prospect(f"1{n}").signals for n in range(5)] == [[Signal.BURST]] * 5
    assert [prospect(f"2{n}").signals for n in range(3)] == [[Signal.LAST_DAY]] * 3


def test_four_in_ten_minutes_are_no_burst_and_two_names_on_one_phone_no_sharing(floor):
    rush = [f"CENTRO;1{n};05/11/2026;10:0{n};IVÁN PRUEBA LARA;PERSONA {word} PAZ;;300555020{n};" for n, word in enumerate("ABCD")]
    rush.append("CENTRO;19;05/11/2026;10:11;IVÁN PRUEBA LARA;PERSONA Z PAZ;;3005550200;")
    bring("traffic", lines(*rush))
    assert {code for row in Prospect.objects.all() for code in row.signals} == set()


def test_without_a_site_column_the_advisors_site_is_taken(floor, north):
    data = b"N\xc2\xb0 Ficha;F. Alta;Vendedor;Cliente;Telf. M\xc3\xb3vil\n1;03/11/2026;ROSA DEMO;ANA LUNA;3005550101\n"
    bring("traffic", data)
    assert Prospect.objects.get().site.code == "centro"


def test_a_file_of_another_report_is_refused_in_words(floor):
    batch, result = bring("traffic", b"Centro;Placa;VIN;Marca\nCENTRO;ZZA101;9BW;VW\n")
    assert result is None
    assert "F. Alta" in batch.error
