"""A text in several languages."""

from __future__ import annotations

import pytest

from crmkit import LocalText

SOLD = LocalText.of("Sold", nl="Verkocht", fa="فروخته شد")


@pytest.mark.parametrize(
    ("languages", "text"),
    [
        (("nl", "en"), "Verkocht"),
        (("nl-BE",), "Verkocht"),
        (("en", "nl"), "Sold"),
        (("de", "nl"), "Verkocht"),
        (("de", "en", "nl"), "Sold"),
        (("de",), "Sold"),
        ((), "Sold"),
    ],
)
def test_the_first_language_that_has_one_then_the_default(languages: tuple[str, ...], text: str) -> None:
    assert SOLD.into(*languages) == text


def test_without_a_default_another_language_serves() -> None:
    assert LocalText({"nl": "Verkocht"}).into("de", "nl") == "Verkocht"
    assert LocalText({"nl": "Verkocht"}).into("de") == "Verkocht"
    assert LocalText().into("de") == ""
