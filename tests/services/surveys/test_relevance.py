"""Which questions are asked after which answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crmkit.services.surveys.relevance import is_relevant, problems_of

ANSWERS = {"nps": Decimal(6), "why": "slow REPAIR", "shop": "utrecht"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (None, True),
        (["<=", ["answer", "nps"], 6], True),
        (["<", ["answer", "nps"], 6], False),
        ([">=", ["answer", "csat"], 1], False),
        (["not", [">=", ["answer", "csat"], 1]], True),
        (["answered", "why"], True),
        (["answered", "csat"], False),
        (["in", ["answer", "shop"], ["utrecht", "gouda"]], True),
        (["contains", ["answer", "why"], "repair"], True),
        (["and", ["answered", "nps"], ["==", ["answer", "shop"], "gouda"]], False),
        (["or", ["answered", "csat"], ["!=", ["answer", "shop"], "gouda"]], True),
        (["==", ["answer", "nps"], "6"], False),
    ],
)
def test_rules(rule: Any, expected: bool) -> None:
    assert not list(problems_of(rule, ANSWERS.keys() | {"csat"}))
    assert is_relevant(rule, ANSWERS) is expected


@pytest.mark.parametrize(
    "rule",
    [[], "nps", ["eval", "x"], ["<", 1, 2], ["<", ["answer", "later"], 2], ["not"], ["answered", "later"], ["and"], {"a": 1},
     ["and", ["<", ["answer", "later"], 2]], ["in", ["answer", "nps"]]],
)  # fmt: skip
def test_what_is_no_rule_is_told(rule: Any) -> None:
    assert list(problems_of(rule, {"nps"}))
