"""Names, headers, and the one gate of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrazos.lib import text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("PÉREZ  GÓMEZ , JUAN", "Juan Pérez Gómez"),
        ("GÓMEZ  DE LA ROSA , JOSÉ", "José Gómez de la Rosa"),
        ("MUÑOZ PEÑA ANA MARIA", "Muñoz Peña Ana Maria"),
        ("flota demo s.a.s.", "Flota Demo S.A.S."),
        ("GARCÍA-HERREROS LUZ", "García-Herreros Luz"),
    ],
)
def test_a_name_is_shown(raw, shown):
    assert text.display_name(raw) == shown


def test_one_person_has_one_key():
    keys = {text.name_key(raw) for raw in ("PÉREZ GÓMEZ, JUAN", "Juan Perez  Gomez", "GOMEZ PEREZ JUAN", "juan de pérez gómez")}
    assert keys == {"GOMEZ JUAN PEREZ"}
    assert text.name_key("NIÑO") == "NINO"


def test_the_greeting_never_guesses():
    assert text.greeting_name("PÉREZ GÓMEZ, JUAN CARLOS") == "Juan"
    assert text.greeting_name("MUÑOZ PEÑA ANA") == "Muñoz Peña Ana"
    assert text.greeting_name("MUÑOZ PEÑA ANA", "Ana Muñoz Peña") == "Ana Muñoz Peña"  # somebody has put it in order


@pytest.mark.parametrize("raw", ["CLIENTE VARIOS", "Mostrador", "PRUEBA", "test", "NN", "X", ".", "CONSUMIDOR FINAL", "N.N."])
def test_placeholders_are_nobody(raw):
    assert text.is_placeholder_name(raw)


def test_real_names_are_somebody():
    assert not any(text.is_placeholder_name(raw) for raw in ("ANA RUIZ", "LI", "OÑA"))


@pytest.mark.parametrize(
    ("one", "other"), [("N° Doc. Cliente", "Nº Doc. Cliente"), (" Núm. OT ", "NUM OT"), ("F. Fra.", "f fra"), ("Kilómetros", "KILOMETROS")]
)
def test_headers_compare(one, other):
    assert text.header_key(one) == text.header_key(other)


def test_a_lost_letter_matches_any():
    assert text.headers_match(text.header_key("N\ufffdm. OT"), "num ot")
    assert not text.headers_match(text.header_key("N\ufffdm. OT"), "nota ot")


def test_mojibake_is_repaired_only_when_it_helps():
    assert text.repair_mojibake("NÃºm. PÃ‰REZ") == "Núm. PÉREZ"
    assert text.repair_mojibake("PEÑA") == "PEÑA"


@pytest.mark.parametrize("raw", ["NULL", "n/a", "-", ".", "S/D", "sin dato", "nan", "#N/D", "  ", "\u00a0"])
def test_spigas_words_for_nothing(raw):
    assert text.cell(raw) == ""


def test_a_cell_loses_what_does_not_show():
    assert text.cell(" \u200bANA\u00a0RUIZ ") == "ANA RUIZ"
    assert text.cell("'3005550101") == "3005550101"


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_the_gate_lets_nothing_through_that_postgresql_refuses(raw):
    cleaned = text.clean(raw)
    assert text.clean(cleaned) == cleaned
    assert "\x00" not in cleaned
    cleaned.encode("utf-8")


def test_emoji_survive_the_gate():
    assert text.clean("👨‍👩‍👧 ñ") == "👨‍👩‍👧 ñ"


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        ("rosa@correo.co", "r•••@correo.co"),
        ("r@correo.co: Equivocado", "r•••@correo.co: Equivocado"),
        ("rosa@a.co luis@b.co", "r•••@a.co l•••@b.co"),
        ("sin correo", "sin correo"),
        ("", ""),
    ],
)
def test_a_masked_address_keeps_its_first_letter_and_its_house(shown, masked):
    assert text.masked_address(shown) == masked
