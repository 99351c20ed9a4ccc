"""SPIGA's dates; plates and VINs; periods; ratios."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from carrazos.lib import dates, periods, vehicles
from carrazos.lib.calendar import national
from carrazos.lib.periods import Month, Week
from carrazos.lib.ratios import Ratio

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("22/11/2026", datetime(2026, 11, 22)),
        ("2/1/26", datetime(2026, 1, 2)),
        ("22-11-2026", datetime(2026, 11, 22)),
        ("2026-11-22", datetime(2026, 11, 22)),
        ("22-nov-2026", datetime(2026, 11, 22)),
        ("22/11/2026 08:05:00 a. m.", datetime(2026, 11, 22, 8, 5)),
        ("22/11/2026 08:05:00 a.\u00a0m.", datetime(2026, 11, 22, 8, 5)),
        ("22/11/2026 08:05:00 p.\u202fm.", datetime(2026, 11, 22, 20, 5)),
        ("22/11/2026 12:00:00 a. m.", datetime(2026, 11, 22, 0, 0)),
        ("22/11/2026 12:30 PM", datetime(2026, 11, 22, 12, 30)),
        ("22/11/2026 17:42", datetime(2026, 11, 22, 17, 42)),
        ("2026-11-22T08:05:00", datetime(2026, 11, 22, 8, 5)),
        ("46348", datetime(2026, 11, 22)),
        ("46348.5", datetime(2026, 11, 22, 12)),
    ],
)
def test_a_date_is_read_day_first(raw, moment):
    assert dates.parse_plausible(raw, today=TODAY) == moment


@pytest.mark.parametrize("raw", ["30/12/1899", "01/01/1900", "22/11/2031", "31/02/2026", "5/13/2026", "mañana", "22/11/2026 99:00"])
def test_an_impossible_date_says_so(raw):
    with pytest.raises(dates.BadDate, match="«"):
        dates.parse_plausible(raw, today=TODAY)


def test_excel_of_1904():
    assert dates.parse("44886", epoch_1904=True) == datetime(2026, 11, 22)


@pytest.mark.parametrize(
    ("raw", "value", "kind"),
    [
        ("abc-123", "ABC123", "CAR"),
        ("ABC 12D", "ABC12D", "MOTORCYCLE"),
        ("ABC12", "ABC12", "MOTORCYCLE"),
        ("123ABC", "123ABC", "THREE_WHEELER"),
        ("R12345", "R12345", "TRAILER"),
        ("AA1234", "AA1234", "DIPLOMATIC"),
        ("T1234", "T1234", "TEMPORARY"),
        ("ABCD12", "ABCD12", ""),
    ],
)
def test_a_plate_is_read(raw, value, kind):
    plate = vehicles.plate(raw)
    assert (plate.value, plate.kind) == (value, kind)
    assert bool(plate.warning) is (kind == "")


@pytest.mark.parametrize("raw", ["0KM", "SINPLACA", "S/P", "XXX000", "AAA000", "en trámite", "PENDIENTE", "---"])
def test_placeholder_plates_are_empty(raw):
    assert vehicles.plate(raw).value == ""


def test_a_vin_is_mended_only_as_a_suggestion():
    assert vehicles.vin(" 9bwaa05u1 aa000101").value == "9BWAA05U1AA000101"
    lettered = vehicles.vin("9BWAAO5U1AA000101")
    assert (lettered.status, lettered.suggestion) == (vehicles.VinStatus.SUGGESTED, "9BWAA05U1AA000101")
    assert vehicles.vin("AB12345").status == vehicles.VinStatus.SHORT
    assert [vehicles.vin(word).status for word in ("PENDIENTE", "SIN VIN", "no tiene")] == [vehicles.VinStatus.INVALID] * 3
    assert vehicles.vin("no sé").status == vehicles.VinStatus.INVALID


def test_periods():
    assert periods.parse("2026-10") == Month(2026, 10)
    assert periods.parse("2026-W44") == Week(2026, 44)
    assert Month(2026, 12).next() == Month(2027, 1)
    assert Month(2026, 2).back(3) == Month(2025, 11)
    assert Week(2026, 44).first == date(2026, 10, 26)
    for wrong in ("2026-13", "2026-W60", "octubre", ""):
        with pytest.raises(ValueError, match="no es un período"):
            periods.parse(wrong)


@pytest.mark.parametrize(
    ("month", "due"),
    [
        (Month(2026, 10), date(2026, 11, 5)),
        (Month(2026, 11), date(2026, 12, 4)),  # 5 December is a Saturday
        (Month(2026, 6), date(2026, 7, 3)),  # 5 July is a Sunday
    ],
)
def test_the_monthly_report_is_due_on_the_fifth_or_the_business_day_before(month, due):
    assert month.report_due(national()) == due


def test_nothing_of_nothing_is_not_zero():
    empty = Ratio("Efectividad", 0, 0)
    assert (empty.value, empty.text, empty.met) == (None, "N/D", None)


def test_a_ratio_is_compared_before_it_is_rounded():
    almost = Ratio("Satisfacción", 9496, 10000, goal=Decimal("95.0"))
    assert almost.met is False
    assert almost.text == "94,9 %"
    assert Ratio("Satisfacción", 95, 100, goal=Decimal("95.0")).met is True
