"""Numbers and money in the ways people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.records import Money
from crmkit.services.importing.amounts import DecimalMark, decimal_number, money, number, whole_number
from crmkit.services.importing.problems import Problem


def code(value: object) -> str:
    assert isinstance(value, Problem), value
    return value.code


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1249.50", ".", "1249.50"),
        ("-3", ".", "-3"),
        ("+.5", ".", "0.5"),
        ("1,249.50", ".", "1249.50"),
        ("1,249", ".", "1249"),
        ("12,34,567.8", ".", "1234567.8"),
        ("1.249,50", ",", "1249.50"),
        ("1.249", ",", "1249"),
        ("12,5", ",", "12.5"),
        ("1 249 000,5", ",", "1249000.5"),
        ("1\u202f249,5", ",", "1249.5"),
        ("1'249.50", ".", "1249.50"),
        ("\u2212 7".replace(" ", ""), ".", "-7"),
        ("۱۲٫۵", ".", "12.5"),
        ("١٬٢٤٩٫٥٠", ".", "1249.50"),
        ("१२", ".", "12"),
        ("1e3", ".", "1000"),
        ("1.5E+03", ".", "1500"),
    ],
)
def test_numbers(text: str, decimal: DecimalMark, value: str) -> None:
    """In the digits of any script, with groups and the declared decimal mark."""
    assert number(text, decimal) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("12,5", ".", "decimal-comma"),
        ("1.249,50", ".", "decimal-comma"),
        ("12.50", ",", "decimal-point"),
        ("twelve", ".", "not-a-number"),
        ("NaN", ".", "not-a-number"),
        ("Infinity", ".", "not-a-number"),
        ("1_000", ".", "not-a-number"),
        ("1,24,9", ".", "not-a-number"),
        ("1.2.3", ".", "not-a-number"),
        ("5.", ".", "not-a-number"),
        ("1e999", ".", "not-a-number"),
        ("-", ".", "not-a-number"),
        ("²", ".", "not-a-number"),
    ],
)
def test_texts_that_are_no_numbers(text: str, decimal: DecimalMark, expected: str) -> None:
    """What a number with the other mark would be is said so: it is never taken for another number."""
    assert code(number(text, decimal)) == expected


def test_whole_numbers() -> None:
    """64 bits, and decimal places only if they say nothing."""
    assert whole_number("0042") == 42
    assert whole_number("12.0") == 12
    assert whole_number("-9223372036854775808") == -(2**63)
    assert code(whole_number("9223372036854775808")) == "too-large"
    assert code(whole_number("12.5")) == "not-a-whole-number"
    assert code(whole_number("²")) == "not-a-whole-number"


def test_decimal_places() -> None:
    """More than the field has are refused, never rounded; zeros say nothing."""
    read = decimal_number(2)
    assert read("1.500") == Decimal("1.5")
    assert code(read("1.505")) == "too-many-places"
    assert code(read("1" + "0" * 17)) == "too-large"


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("1249.5", "EUR", Money("1249.5", "EUR")),
        ("12.50", "", Money("12.50")),
        ("€ 12.50", "", Money("12.50", "EUR")),
        ("EUR 12.50", "EUR", Money("12.50", "EUR")),
        ("12.50 USD", "", Money("12.50", "USD")),
        ("-€12.50", "EUR", Money("-12.50", "EUR")),
        ("€ -12.50", "EUR", Money("-12.50", "EUR")),
        ("$1,249.00", "CAD", Money("1249", "CAD")),
        ("€ 12,-", "EUR", Money("12", "EUR")),
        ("€12,--", "EUR", Money("12", "EUR")),
        ("₪۱۲", "", Money("12", "ILS")),
        ("1200", "JPY", Money("1200", "JPY")),
    ],
)
def test_money(text: str, currency: str, expected: Money) -> None:
    """With a code, a sign, or the currency that the mapping says."""
    assert money(currency)(text) == expected


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("12.505", "EUR", "too-many-places"),
        ("12.5", "JPY", "too-many-places"),
        ("$12", "", "no-currency"),
        ("12 USD", "EUR", "other-currency"),
        ("€ 12", "USD", "other-currency"),
        ("12 XQX", "", "unknown-currency"),
        ("(12)", "EUR", "not-a-number"),
        ("EUR", "EUR", "not-a-number"),
        ("EUR 12 USD", "", "not-a-number"),
        ("12,5", "EUR", "decimal-comma"),
        ("free", "EUR", "not-a-number"),
    ],
)
def test_texts_that_are_no_money(text: str, currency: str, expected: str) -> None:
    """An amount is never taken for one in another currency."""
    assert code(money(currency)(text)) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12))
def test_written_numbers_are_read_back(value: Decimal) -> None:
    """With groups and either mark."""
    written = f"{value:,.3f}"
    assert number(written) == value
    assert number(written.translate(str.maketrans(",.", ".,")), ",") == value


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_problem(text: str) -> None:
    """Nothing raises, and nothing but finite numbers comes out."""
    for mark in (".", ","):
        found = number(text, mark)  # type: ignore[arg-type] - a literal in a loop
        assert isinstance(found, Problem) or found.is_finite()
    assert isinstance(money("EUR")(text), Money | Problem)
    assert isinstance(whole_number(text), int | Problem)
