"""F9 from the register's answer to the queue: who is closed for what, who is free again, and that twice is once."""

from datetime import timedelta

import pytest

from callcenter.domain import contact_law
from callcenter.domain.contact_law import ContactIntent
from callcenter.enums import BatchStatus, Channel, ExclusionSource, NextStep, OutreachState, Programme, Purpose, Result
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
    assert (calls.next_step, free.next_step, both.result) == (NextStep.WHATSAPP, NextStep.CALL, Result.OPTED_OUT)  # only calls are closed


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ({}, NextStep.WHATSAPP), ({"is_callback": True}, NextStep.CALL), ({"purpose": Purpose.SERVICE}, NextStep.CALL),
        ({"next_step": NextStep.REPLY}, NextStep.REPLY), ({"programme": Programme.PROSPECT_CHECK}, NextStep.NONE),
    ],
)  # fmt: skip
def test_what_is_left_to_a_matter_whose_person_is_listed_for_calls(before, step):
    row = OutreachFactory(**{"phone": "+573005550101"} | before)
    bring(f"Numero;Canales\n{row.customer.points.get().value[3:]};Llamadas\n")
    row.refresh_from_db()
    assert (row.next_step, row.is_open) == (step, step != NextStep.NONE)


@pytest.mark.parametrize(
    ("titles", "cells", "channels"),
    [
        ("Excluido;Canales", "SI;Todas", ["EMAIL", "VOICE", "WHATSAPP"]),
        ("Excluido;Canales", "SI;Telefonía", ["VOICE"]),
        ("Excluido;Canales", "SI;Mensajería", ["WHATSAPP"]),
        ("Excluido;Canales", "SI;SMS", []),
        ("Excluido;Llamadas", "SI;NO", ["EMAIL", "VOICE", "WHATSAPP"]),
        ("Excluido;Llamadas;SMS", "SI;NO;SI", []),
        ("Excluido;Llamadas", "SI;Bloqueado", "RNE_ANSWER"),
        ("Excluido;Canales", "SI;señales de humo", "RNE_ANSWER"),
        ("Llamadas", "Excluido RNE", "RNE_ANSWER"),
    ],
)
def test_an_answer_in_other_words_never_frees_a_number(titles, cells, channels):
    row = OutreachFactory(phone="+573005550101")
    point = row.customer.points.get()
    point.rne_channels = ["VOICE"]
    point.save()
    result = bring(f"Numero;{titles}\n3005550101;{cells}\n")
    point.refresh_from_db()
    if channels == "RNE_ANSWER":
        assert (totals(result)[4], point.rne_channels) == ({"RNE_ANSWER": 1}, ["VOICE"])
    else:
        assert (totals(result)[4], point.rne_channels) == ({}, channels)


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
