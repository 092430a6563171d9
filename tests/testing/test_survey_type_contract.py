"""The contract of survey types: it passes what is right, and each check catches the mistake that it is for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pytest

from crmkit.builtin.survey_types import Comment, ces1, ces2, csat, nps
from crmkit.ports.survey_type import Answers, Given, Item, Problem, Scale, SurveyType
from crmkit.testing import SurveyTypeContract
from tests.testing.trial import failed

trust = Scale(
    "trust", lo=1, hi=7, top=6, bottom=2, min_answered=4,
    items=(
        Item("keeps-promises"), Item("honest"), Item("cares"), Item("hides-things", reverse=True),
        Item("hard-to-reach", reverse=True),
    ),
)  # fmt: skip


class TestTrust(SurveyTypeContract):
    survey_type = trust
    examples = (
        ({"keeps-promises": 7, "honest": 7, "cares": 7, "hides-things": 1, "hard-to-reach": 1}, 7.0),
        ({"keeps-promises": 7, "honest": 6, "cares": 7, "hides-things": 1}, 6.75),
        ({"keeps-promises": "۷", "honest": 1}, None),
    )


class TestNps(SurveyTypeContract):
    survey_type = nps
    examples = ((0, 0.0), (10, 10.0), ("٩", 9.0))


class TestCsat(SurveyTypeContract):
    survey_type = csat
    examples = ((1, 1.0), (5, 5.0))


class TestCes2(SurveyTypeContract):
    survey_type = ces2
    examples = ((1, 1.0), ("7", 7.0))


class TestCes1(SurveyTypeContract):
    survey_type = ces1
    examples = ((1, 1.0), (5, 5.0))


class TestComment(SurveyTypeContract):
    survey_type = Comment()
    examples = (("Snel geholpen.", None), (" خوب بود ", None))


# --- each check catches its mistake ---
@attrs.frozen
class Rounding(Scale):
    """Takes floats, and rounds them."""

    def check(self, raw: object) -> Answers | Problem:
        return super().check(round(raw) if isinstance(raw, float) and math.isfinite(raw) else raw)


@attrs.frozen
class Clamping(Scale):
    """Takes what is out of range for the nearest end."""

    def check(self, raw: object) -> Answers | Problem:
        return super().check(min(max(raw, self.lo), self.hi) if type(raw) is int else raw)


@attrs.frozen
class Western(Scale):
    """Reads no other digits."""

    def check(self, raw: object) -> Answers | Problem:
        return (
            super().check(raw)
            if not isinstance(raw, str) or raw.isascii()
            else Problem("no_whole_number", "", {"value": raw})
        )


@attrs.frozen
class Zero(Scale):
    """Takes silence for the worst answer."""

    def check(self, raw: object) -> Answers | Problem:
        return super().check(self.lo if raw in (None, "", " ") else raw)


@attrs.frozen
class Twice(Scale):
    """Keeps an item twice."""

    def check(self, raw: object) -> Answers | Problem:
        found = super().check(raw)
        return attrs.evolve(found, items=(Given(item="a"), Given(item="a"))) if isinstance(found, Answers) else found


@attrs.frozen
class Narrow(Scale):
    """Its form lets less through than the check."""

    def schema(self, *languages: str) -> Mapping[str, Any]:
        return {**super().schema(*languages), "maximum": self.hi - 1}


@attrs.frozen
class Mute(Scale):
    """The texts of its problems have gaps."""

    def check(self, raw: object) -> Answers | Problem:
        found = super().check(raw)
        return attrs.evolve(found, params={}) if isinstance(found, Problem) else found


class Other(Scale):
    """Its KPIs count other answers."""

    def kpis(self) -> Any:
        return tuple(attrs.evolve(k, name=k.name.replace("nps", "odd")) for k in nps.kpis())


class Loose(SurveyType):
    """Right, and no scale: it is spared the checks of scales."""

    name = "loose"

    def check(self, raw: object) -> Answers | Problem:
        return Answers(whole=Given(text=str(raw))) if raw and str(raw).strip() else Problem("missing")


def trial_of(kind: type[Scale], *examples: tuple[object, float | None]) -> Callable[[], set[str]]:
    made = kind("odd", lo=1, hi=5, top=4, bottom=2)
    return lambda: failed(SurveyTypeContract, survey_type=made, examples=examples or ((5, 5.0),))


SCORE, KEPT, SCHEMA = "test_examples_have_their_score", "test_answers_can_be_kept", "test_the_schema_takes_the_examples"
WHOLE, RANGE, NOTHING = (
    "test_what_is_no_whole_number_is_refused",
    "test_numbers_out_of_range_are_refused",
    "test_no_answer_is_no_answer",
)
DIGITS, KPIS, WORDS = (
    "test_digits_of_every_script_are_read",
    "test_its_kpis_measure_its_scores",
    "test_problems_are_read_by_people",
)
MISTAKES: list[tuple[str, Callable[[], set[str]], set[str]]] = [
    ("right", trial_of(Scale), set()),
    ("right, and no scale", lambda: failed(SurveyTypeContract, survey_type=Loose(), examples=(("x", None),)), set()),
    ("another score", trial_of(Scale, (5, 4.0)), {SCORE}),
    ("no example", lambda: failed(SurveyTypeContract, survey_type=nps), {SCORE}),
    ("rounds", trial_of(Rounding), {WHOLE}),
    ("clamps", trial_of(Clamping), {RANGE}),
    ("reads Western digits alone", trial_of(Western), {DIGITS}),
    ("takes silence for an answer", trial_of(Zero), {NOTHING}),
    ("keeps an item twice", trial_of(Twice), {KEPT}),
    ("its form lets less through", trial_of(Narrow), {SCHEMA}),
    ("its problems have gaps in their texts", trial_of(Mute), {WORDS}),
    ("its KPIs count other answers", trial_of(Other), {KPIS}),
]


@pytest.mark.parametrize(("trial", "caught_by"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_caught(trial: Callable[[], set[str]], caught_by: set[str]) -> None:
    assert trial() == caught_by


def test_the_message_says_what_is_wrong() -> None:
    contract: Any = type("Odd", (SurveyTypeContract,), {"survey_type": nps, "examples": ((5, 4.0),)})()
    with pytest.raises(AssertionError, match="is scored 5, not 4"):
        contract.test_examples_have_their_score()
