"""F9 from the register's answer to the queue: who is closed for what, who is free again, and that twice is once."""

from datetime import timedelta

import pytest

from callcenter.domain import contact_law
from callcenter.domain.contact_law import ContactIntent
from callcenter.enums import BatchStatus, Channel, ExclusionSource, OutreachState, Purpose
from callcenter.models import ContactPoint, Exclusion
from callcenter.spiga import pipeline
from tests.factories import MONDAY, OutreachFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
DAY = timedelta(days=1)


def bring(text, *, name="rne.csv", repeat=True):
    batch = pipeline.receive("exclusions", text.encode(), name, by=None, site=None, at=MONDAY, repeat=repeat)
    result = pipeline.import_now(batch)
    batch.refresh_from_db()
    assert batch.status == BatchStatus.APPLIED, batch.error
    return result


def totals(result):
    return result.created, result.updated, result.unchanged, dict(result.excluded), dict(result.rejected)


def verdict(row, cal, channel=Channel.VOICE, purpose=Purpose.COMMERCIAL):
    """Once the answer is in: a contact that began before it is judged without it."""
    asked = ContactIntent(channel, purpose, MONDAY + timedelta(hours=1))
    return contact_law.verdict_for(row.customer_id, asked, calendar=cal)


def test_the_answer_closes_channels_marks_the_look_up_and_counts_every_row(cal):
    calls, free, both = (OutreachFactory(phone=f"+57300555010{n}") for n in (1, 2, 3))
    result = bring(
        "Consulta RNE 23/11/2026\n"
        "Numero;Excluido;Llamadas;SMS;Aplicaciones o web\n"
        "3005550101;SI;SI;NO;NO\n"
        "+57 300 555 0102;NO;;;\n"
        "3005550103;Sí;X;X;X\n"
        "3005550103;SI;SI;SI;SI\n"
        "3005559998;SI;SI;SI;SI\n"
        "12345;SI;SI;SI;SI\n"
        ";SI;SI;SI;SI\n"
        "3005550199;quizás;;;\n"
    )  # fmt: skip
    assert totals(result) == (2, 1, 0, {"DUPLICATE": 1, "UNKNOWN_NUMBER": 1}, {"BAD_PHONE": 1, "NO_NUMBER": 1, "RNE_ANSWER": 1})
    assert verdict(calls, cal).rule == "L5"
    assert verdict(calls, cal, Channel.WHATSAPP).allowed
    assert verdict(calls, cal, purpose=Purpose.SERVICE).warnings
    assert verdict(free, cal).allowed
    assert free.customer.points.get().rne_checked_on == MONDAY.date()
    for row in (calls, free, both):
        row.refresh_from_db()
    assert (calls.state, free.state, both.state) == (OutreachState.OPEN, OutreachState.OPEN, OutreachState.CLOSED)


def test_twice_is_once_and_a_later_answer_frees_the_number(cal):
    row = OutreachFactory(phone="+573005550101")
    listed, free = "Numero;Excluido;Llamadas\n3005550101;SI;SI\n", "Numero;Excluido;Llamadas\n3005550101;NO;\n"
    assert totals(bring(listed)) == (1, 0, 0, {}, {})
    assert totals(bring(listed)) == (0, 0, 1, {}, {})
    assert Exclusion.objects.filter(source=ExclusionSource.RNE).count() == 1
    assert totals(bring(free)) == (0, 1, 0, {}, {})
    assert not Exclusion.objects.standing().exists()
    assert verdict(row, cal).allowed


def test_a_bare_list_of_numbers_is_a_list_of_excluded_ones(cal):
    row = OutreachFactory(phone="+573005550101")
    assert totals(bring("CELULAR\n3005550101\n")) == (1, 0, 0, {}, {})
    assert verdict(row, cal).rule == verdict(row, cal, Channel.WHATSAPP).rule == "L5"


@pytest.mark.parametrize(
    ("words", "closed"), [("Llamadas, SMS", ["VOICE"]), ("App/Web", ["WHATSAPP"]), ("Todos", ["EMAIL", "VOICE", "WHATSAPP"])]
)
def test_channels_in_words(words, closed):
    OutreachFactory(phone="+573005550101")
    bring(f"Numero;Canales\n3005550101;{words}\n")
    assert Exclusion.objects.get().channels == closed


def test_once_a_consultation_was_loaded_an_unasked_number_is_not_called(cal):
    asked, unasked = OutreachFactory(phone="+573005550101"), OutreachFactory(phone="+573005550102")
    assert verdict(unasked, cal).allowed
    bring("Numero;Excluido\n3005550101;NO\n")
    contact_law.forget_mode()
    assert verdict(asked, cal).allowed
    assert verdict(unasked, cal).rule == "RNE"
    ContactPoint.objects.update(rne_checked_on=MONDAY.date() - 14 * DAY)
    assert verdict(asked, cal).rule == "RNE"
