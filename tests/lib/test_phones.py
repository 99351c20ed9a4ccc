"""Phones as SPIGA's users type them (domain 4.4)."""

import random

import phonenumbers
import pytest

from carrazos.lib import phones
from carrazos.lib.phones import PhoneKind, PhoneStatus, parse

VALID, INFERRED, SUSPECT = PhoneStatus.VALID, PhoneStatus.INFERRED, PhoneStatus.SUSPECT


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("3005550101", [("+573005550101", VALID)]),
        ("300 555 0101", [("+573005550101", VALID)]),
        ("57 300 555 01 02", [("+573005550102", VALID)]),
        ("0057 3005550101", [("+573005550101", VALID)]),
        ("03 300 5550101", [("+573005550101", VALID)]),
        ("+57 (300) 555-0101", [("+573005550101", VALID)]),
        ("6015550101", [("+576015550101", VALID)]),
        ("(604) 5550101", [("+576045550101", VALID)]),
        ("5550101", [("+576015550101", INFERRED)]),
        ("18712346", [("+576018712346", INFERRED)]),
        ("3005550101 / 6015550101", [("+573005550101", VALID), ("+576015550101", VALID)]),
        ("3005550104,6085550104", [("+573005550104", VALID), ("+576085550104", VALID)]),
        ("3005550101 Y 3005550102", [("+573005550101", VALID), ("+573005550102", VALID)]),
        ("3005550101-3005550102", [("+573005550101", VALID), ("+573005550102", VALID)]),
        ("3005550101 3005550101", [("+573005550101", VALID)]),
        ("3.005550101E9", [("+573005550101", VALID)]),
        ("3,005550101E+09", [("+573005550101", VALID)]),
        ("5,73005550101E+11", [("+573005550101", VALID)]),
        ("3005550101.0", [("+573005550101", VALID)]),
        ("3001234567", [("+573001234567", SUSPECT)]),
        ("+1 202 555 0143", [("+12025550143", VALID)]),
        ("+58 412 5550143", [("+584125550143", VALID)]),
    ],
)
def test_a_cell_is_read(raw, expected):
    assert [(phone.e164, phone.status) for phone in parse(raw, area_code="601")] == expected


@pytest.mark.parametrize(
    "raw",
    ["3000000000", "3111111111", "1234567", "3123456789", "0123456789", "9876543210", "3101010101", "3990000000", "3291114567",
     "3.00556E+09", "3,00556E+09", "5,73006E+11", "300555", "8712345678901", "sin telefono", "0000000"],
)  # fmt: skip
def test_garbage_is_no_phone(raw):
    found = parse(raw, area_code="601")
    assert [phone.status for phone in found] == [PhoneStatus.BAD_PHONE]
    assert found[0].e164 == ""
    assert found[0].reason


def test_seven_digits_need_an_area_code():
    assert parse("5550101")[0].status == PhoneStatus.BAD_PHONE
    assert parse("5550101", area_code="4")[0].e164 == "+576045550101"


def test_words_become_the_label():
    assert [(phone.e164, phone.label) for phone in parse("3005550101 (esposa)")] == [("+573005550101", "esposa")]
    assert parse("esposa 3005550101")[0].label == "Esposa"


def test_extension_is_kept_apart():
    phone = parse("6015550101 ext 123")[0]
    assert (phone.e164, phone.extension) == ("+576015550101", "123")


def test_empty_cell_has_no_phones():
    assert parse("  ") == []


def test_mobile_and_fixed_are_told_apart():
    assert parse("3005550101")[0].kind == PhoneKind.MOBILE
    assert parse("6015550101")[0].kind == PhoneKind.FIXED
    assert phones.is_mobile("+573005550101")
    assert not phones.is_mobile("+576015550101")


def test_national_numbers_agree_with_the_library():
    """Where no garbage rule of ours speaks, validity is phonenumbers' own."""
    rng = random.Random(4)
    for _ in range(20_000):
        digits = rng.choice("3633") + "".join(rng.choice("0123456789") for _ in range(9))
        if phones.garbage(digits):
            continue
        ours = parse(digits)[0].status != PhoneStatus.BAD_PHONE
        assert ours == phonenumbers.is_valid_number(phonenumbers.parse(digits, "CO")), digits


def test_display_groups_digits():
    assert phones.display("+573005550101") == "300 555 0101"
    assert phones.display("+12025550143") == "+1 202-555-0143"


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        ("300 555 0101", "300 ••• ••01"),
        ("601 555 0101", "601 ••• ••01"),
        ("+34 612 34 56 78", "+34 6•• •• •• 78"),
        ("5550101", "555••01"),
        ("123", "•23"),
        ("", ""),
    ],
)
def test_a_masked_number_keeps_its_head_and_its_end(shown, masked):
    assert phones.masked(shown) == masked
