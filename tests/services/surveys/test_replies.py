"""A reply that begins with a number is an answer; nothing else is guessed."""

from __future__ import annotations

import pytest

from crmkit.services.surveys.replies import read_reply


@pytest.mark.parametrize(
    ("text", "number", "comment"),
    [
        ("9", 9, ""),
        ("9, because you keep your word", 9, "because you keep your word"),
        ("10/10 top!", 10, "top!"),
        ("7 / 10", 7, ""),
        ("8.\nVery good\nindeed", 8, "Very good\nindeed"),
        ("۹، چون خوب بود", 9, "چون خوب بود"),
        ("٧ شكرا", 7, "شكرا"),
        ("\u200f۱۰", 10, ""),
        ("*3* - slow", 3, ""),
        ("  (4) fine", 4, "fine"),
        ("0 never again", 0, "never again"),
    ],
)
def test_a_number_first(text: str, number: int, comment: str) -> None:
    found = read_reply(text)
    assert found is not None
    assert found.number == number
    assert found.comment.lstrip("*- ").startswith(comment.lstrip("*- ")) if comment else True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "very good",
        "I give it a 9",
        "9.5",
        "9,5",
        "10:30 is fine",
        "1000 thanks",
        "9th time",
        "2026-01-05",
        "9bis",
        "۹٫۵",
    ],
)
def test_anything_else_is_for_a_person(text: str) -> None:
    assert read_reply(text) is None
