"""F6 from file to activities: both layouts and every nasty case of domain 3.8, and what a corrected SPIGA changes."""

from datetime import timedelta

import pytest

from callcenter.spiga import reader
from crm_audit.domain import validity
from crm_audit.enums import ActivityKind, ActivityState, Hint, Verdict
from crm_audit.feeds import VisitsFeed
from crm_audit.models import Activity, PastVerdict, Prospect
from tests.crm_audit.conftest import SAMPLES, bring, reason, totals
from tests.factories import MONDAY, EmployeeFactory

pytestmark = pytest.mark.django_db
HEADER = "Centro;Vendedor;Cliente;N° Ficha;Tipo Actividad;F. Prevista;Hora;F. Realizada;Realizada (S/N);Comentario\n"


def lines(*rows):
    return (HEADER + "\n".join(rows)).encode()


@pytest.fixture
def sample(floor):
    bring("traffic", "f5_traffic.csv")
    return bring("visits", "f6_visits.csv")[1]


def about(text):
    return Activity.objects.get(comment__startswith=text)


def test_the_sample_enters_with_exact_totals(sample):
    assert totals(sample) == (20, 0, 0, {"DUPLICATE": 1}, {"NO_PROSPECT": 1, "NO_DATE": 1})
    assert dict(sample.warnings) == {
        "DONE_WITHOUT_DATE": 1,
        "DONE_BEFORE_PLAN": 1,
        "FUTURE_DATE": 1,
        "UNKNOWN_TYPE": 1,
        "YEAR_GUESSED": 2,
    }


@pytest.mark.parametrize(
    ("comment", "kind", "state", "proposal", "hints"),
    [
        ("Cliente interesado en cotizar", "CALL", "DONE", "INVALID", ["DATE_ERROR"]),  # 1
        ("Envié cotización del Nivus", "QUOTE", "DONE", "INVALID", ["DATE_ERROR"]),  # 2
        ("Vino con la esposa", "VISIT", "DONE", "INVALID", ["DATE_ERROR"]),  # 3
        ("Pide que lo llame", "CALL", "NOT_DONE", "NOT_DONE", ["NOT_UPDATED"]),  # 4
        ("Quiere el blanco; pregunta\nplazo", "WHATSAPP", "DONE", "VALID", []),  # 5
        ("Interesado en Taos, pide retoma", "DELIVERY", "DONE", "VALID", []),  # 6
        ("Cliente  pide COTIZACION", "CALL", "DONE", "INVALID", ["COPY_PASTE"]),  # 7
        ("no contesta", "CALL", "DONE", "INVALID", ["NO_CONTACT_MADE"]),  # 8
        ("Visita a la sede", "OTHER", "DONE", "VALID", []),  # 9
        ("Pide financiación", "CALL", "DONE", "VALID", []),  # 10: two in one minute that say different things
        ("Confirma cita para prueba", "CALL", "DONE", "VALID", []),
        ("Visitó la vitrina", "VISIT", "DONE", "VALID", []),  # 18
    ],
)
def test_what_becomes_of_each_nasty_row(sample, comment, kind, state, proposal, hints):
    row = about(comment)
    assert (row.kind, row.state, row.proposal, row.hints) == (kind, state, proposal, hints)


def test_long_comments_are_cut_and_keep_their_lines(sample):
    assert len(about("Interesado en Taos").comment) == 4_000
    assert about("Quiere el blanco").outcome == "Envío fotos"


def test_an_unknown_prospect_becomes_a_stub_and_homonyms_wait_for_a_person(sample):
    stub = about("Pregunta por la matrícula").prospect  # 12
    assert (stub.is_stub, stub.name) == (True, "Cliente de Antes")
    homonym = about("Pide precio del Polo")  # 13
    assert (homonym.prospect, homonym.is_ambiguous) == (None, True)
    assert list(Prospect.objects.counted().filter(is_stub=True)) == []


def test_cancelled_closed_and_managers_activities(sample, floor):
    cancelled = Activity.objects.get(state=ActivityState.CANCELLED)  # 15
    assert cancelled not in Activity.objects.pending()
    assert about("Cierre de negociación").advisor == floor["catalina"]  # 16
    assert Activity.objects.get(prospect__name="Saúl Castro Mejía").hints == [Hint.PROSPECT_CLOSED]  # 19


def test_the_same_file_twice_changes_nothing(sample):
    before = list(Activity.objects.order_by("pk").values())
    assert totals(bring("visits", "f6_visits.csv")[1])[:3] == (0, 0, 20)
    assert list(Activity.objects.order_by("pk").values()) == before


def test_a_corrected_spiga_changes_exactly_those_rows(sample, lead):
    quote = Activity.objects.get(kind=ActivityKind.QUOTE, state=ActivityState.NOT_DONE)
    silent = about("no contesta")
    other = about("Pide financiación")
    validity.judge(quote.pk, Verdict.NOT_DONE, reason=reason("ACTIVITY", "FORGOTTEN"), by=lead, at=MONDAY)
    validity.judge(silent.pk, Verdict.INVALID, reason=reason("ACTIVITY", "NO_CONTACT_MADE"), by=lead, at=MONDAY)
    validity.judge(other.pk, Verdict.VALID, reason=None, by=lead, at=MONDAY)
    untouched = list(Activity.objects.exclude(pk__in=[quote.pk, silent.pk]).order_by("pk").values())

    assert totals(bring("visits", "f6_visits_corrected.csv")[1]) == (0, 2, 18, {}, {"NO_PROSPECT": 1, "NO_DATE": 1})
    assert list(Activity.objects.exclude(pk__in=[quote.pk, silent.pk]).order_by("pk").values()) == untouched
    for row in (quote, silent):
        row.refresh_from_db()
        assert (row.state, row.proposal, row.verdict, row.judged_by) == ("DONE", "VALID", "", None)
        assert row.corrected_at - MONDAY < timedelta(minutes=5)
    past = {row.activity_id: (row.verdict, row.state, row.comment) for row in PastVerdict.objects.all()}
    assert past == {quote.pk: ("NOT_DONE", "NOT_DONE", ""), silent.pk: ("INVALID", "DONE", "no contesta")}


def test_blocks_of_one_sheet_each_with_its_own_header(floor):
    bring("traffic", "f5_traffic.csv")
    assert totals(bring("visits", "f6_blocks.csv")[1]) == (3, 0, 0, {}, {})  # 11
    assert totals(bring("visits", "f6_blocks.csv")[1]) == (0, 0, 3, {}, {})
    found = list(Activity.objects.order_by("pk").values_list("kind", "state", "proposal", "prospect__name"))
    assert found == [
        ("CALL", "DONE", "VALID", "Carlos Ríos"),
        ("TEST_DRIVE", "DONE", "INVALID", "Carlos Ríos"),
        ("CALL", "NOT_DONE", "NOT_DONE", "X"),
    ]


def test_the_block_decides_where_the_file_has_no_flag(floor):
    data = (
        "VISITAS REALIZADAS;;;;\nVendedor;Cliente;Tipo Actividad;F. Realizada;Comentario\n"
        "ROSA DEMO;ANA LUNA GIL;Llamada;20/11/2026;Quiere prueba el sábado\n"
        "VISITAS NO REALIZADAS;;;;\nVendedor;Cliente;Tipo Actividad;F. Prevista;Comentario\n"
        "ROSA DEMO;ANA LUNA GIL;Visita;21/11/2026;\nROSA DEMO;;;;\n"
    ).encode()
    _, result = bring("visits", data)
    assert totals(result) == (2, 0, 0, {}, {"NO_PROSPECT": 1})
    assert list(Activity.objects.order_by("pk").values_list("kind", "state")) == [("CALL", "DONE"), ("VISIT", "NOT_DONE")]
    assert Prospect.objects.get().name == "Ana Luna Gil"  # one stub for both


def test_a_lone_text_that_heads_nothing_stays_a_row(floor):
    data = (SAMPLES / "f6_blocks.csv").read_bytes() + b"Una nota suelta;;;;;;;\n"
    sheet = reader.read(data, "v.csv", known=VisitsFeed.known_keys())
    assert sheet.blocks == ["VISITAS REALIZADAS", "VISITAS NO REALIZADAS"]
    assert [cells[0] for _, cells in sheet.rows()] == ["ROSA DEMO", "ROSA DEMO", "ROSA DEMO", "Una nota suelta"]


def test_spigas_own_id_is_the_key_when_there_is_one(floor):
    header = b"Vendedor;Cliente;Id Actividad;Tipo;F. Prevista;F. Realizada;Realizada;Comentario\n"
    bring("visits", header + b"ROSA DEMO;ANA LUNA GIL;77;Llamada;20/11/2026;;N;\n")
    moved = header + b"ROSA DEMO;ANA LUNA GIL;77;Visita;24/11/2026;22/11/2026;S;Vino a ver el carro gris\n"
    assert totals(bring("visits", moved)[1])[:3] == (0, 1, 0)
    row = Activity.objects.get()
    assert (row.kind, row.state, row.corrected_at is not None) == ("VISIT", "DONE", True)


def test_a_stub_is_completed_when_the_traffic_brings_it(floor):
    bring("visits", lines("CENTRO;ROSA DEMO;ANA LUNA GIL;9001;Llamada;20/11/2026;09:00;20/11/2026;S;Quiere prueba el sábado"))
    traffic = "Centro;N° Ficha;F. Alta;Vendedor;Cliente;Telf. Móvil\nCENTRO;9001;18/11/2026;ROSA DEMO;ANA LUNA GIL;3005550101\n"
    assert totals(bring("traffic", traffic.encode())[1])[:3] == (0, 1, 0)
    row = Prospect.objects.get()
    assert (row.is_stub, row.phones, str(row.created_on), row.activities.count()) == (False, ["+573005550101"], "2026-11-18", 1)


def test_a_name_is_matched_to_the_advisors_own_and_to_the_newest_month(floor):
    traffic = (
        "Centro;N° Ficha;F. Alta;Vendedor;Cliente;Telf. Móvil\n"
        "CENTRO;1;18/10/2026;ROSA DEMO;ANA LUNA GIL;3005550101\nCENTRO;2;02/11/2026;ROSA DEMO;ANA LUNA GIL;3005550101\n"
        "CENTRO;3;02/11/2026;IVÁN PRUEBA LARA;ANA LUNA GIL;3005550199\n"
    )
    bring("traffic", traffic.encode())
    bring("visits", lines("CENTRO;ROSA DEMO;LUNA GIL ANA;;Llamada;20/11/2026;09:00;20/11/2026;S;Quiere prueba el sábado"))
    assert Activity.objects.get().prospect.entries.get().file_id == "2"


def test_an_advisor_with_two_records_is_told_by_code(floor):
    twin = EmployeeFactory(code="900", name="Rosa Demo", site=floor["rosa"].site)  # 14
    _, result = bring("visits", "f6_twins.csv")
    assert (totals(result), dict(result.warnings)) == ((3, 0, 0, {}, {}), {"UNKNOWN_FLAG": 1, "UNKNOWN_TYPE": 1})
    assert list(Activity.objects.order_by("pk").values_list("advisor", "kind", "state")) == [
        (floor["rosa"].pk, "CALL", "DONE"),
        (twin.pk, "CALL", "DONE"),
        (twin.pk, "OTHER", "DONE"),  # 9, and a flag that nobody knows: the date decides
    ]


def test_a_burst_is_a_hint_that_proposes_nothing_and_a_repeat_within_the_hour_does(floor):
    told = ("Quiere el carro blanco", "Pide retoma del Gol", "Pregunta por el crédito", "Viene el sábado temprano", "Compara con el Taos")
    rows = [f"CENTRO;ROSA DEMO;ANA LUNA GIL;1;Llamada;20/11/2026;09:0{n};20/11/2026;S;{text}" for n, text in enumerate(told)]
    rows += [
        f"CENTRO;ROSA DEMO;PEDRO GIL SOTO;2;Llamada;20/11/2026;{hour};20/11/2026;S;Pide cotizar el Polo" for hour in ("14:00", "14:40")
    ]
    bring("visits", lines(*rows))
    found = list(Activity.objects.order_by("pk").values_list("proposal", "hints"))
    assert found[:5] == [("VALID", ["BURST"])] * 5
    assert found[5:] == [("VALID", []), ("INVALID", ["DUPLICATE"])]
