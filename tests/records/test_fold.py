"""The search key of a text."""

from __future__ import annotations

import unicodedata

import pytest

from crmkit.records.text import fold

EVERY = [c for c in map(chr, range(1, 0x110000)) if unicodedata.decomposition(c) or c.casefold() != c or c == "ı"]
"""Every character that has another form."""


def test_the_fold_of_a_fold_is_itself() -> None:
    """A saved question keeps its needle folded: read again, it must ask the same."""
    assert [c for c in EVERY if fold(fold(c)) != fold(c)] == []


def test_a_fold_is_in_normal_form() -> None:
    assert [c for c in EVERY if not unicodedata.is_normalized("NFC", fold(c))] == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ᴬnna", "anna"),
        ("ÉLAN", "elan"),
        ("Straße", "strasse"),
        ("علي", "علی"),
        ("مي‌روم", "میروم"),
        ("۱۲٣", "123"),
        ("שָׁלוֹם", "שלום"),
        ("Łódź", "lodz"),
        ("İstanbul", "istanbul"),
        ("  a\t b ", "a b"),
    ],
)
def test_what_makes_no_difference_to_who_searches(text: str, key: str) -> None:
    assert fold(text) == key
