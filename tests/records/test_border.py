"""The border: what a record must be before a store sees it, and what stays as it was."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import attrs
import pytest

from crmkit import Customer, InvalidError
from crmkit.records.border import normaliser
from crmkit.records.times import micros

to_border = normaliser(Customer)


def test_a_record_that_is_in_order_is_the_same_one() -> None:
    anna = Customer(name="Anna", tier="gold", note="a\nb", status="customer")
    assert to_border(anna, "EUR") is anna


@pytest.mark.parametrize("tier", ["a\nb", "a\x00b", "\x1b", "a\ud800", "גולד\n"])
def test_a_code_holds_no_control_character(tier: str) -> None:
    with pytest.raises(InvalidError, match="character") as caught:
        to_border(Customer(name="Anna", tier=tier), "EUR")
    assert caught.value.field == "tier"


def test_a_code_of_any_script_is_in_one_form() -> None:
    apart = unicodedata.normalize("NFD", "café")
    assert to_border(Customer(name="Anna", tier=apart), "EUR").tier == unicodedata.normalize("NFC", "café")


def test_all_that_is_to_change_changes_at_once() -> None:
    apart = unicodedata.normalize("NFD", "é")
    made = to_border(Customer(name=f"  {apart} ", tier=apart, note=apart), "EUR")
    assert (made.name, made.tier, made.note) == ("é", "é", "é")


def test_a_record_in_the_place_of_a_text_is_not_told() -> None:
    """Its name is somebody's."""
    with pytest.raises(InvalidError, match="not a customer") as caught:
        to_border(attrs.evolve(Customer(name="Anna"), tier=Customer(name="Bo Secret")), "EUR")
    assert "Secret" not in str(caught.value)


def test_the_two_hours_of_a_night_in_october_are_not_one() -> None:
    """They are equal to Python, in their zone (PEP 495), and an hour apart."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Amsterdam"))
    second = first.replace(fold=1)
    assert first == second
    assert micros(second) - micros(first) == 3_600_000_000
    assert micros(first) == micros(first.astimezone(UTC)) == micros(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
