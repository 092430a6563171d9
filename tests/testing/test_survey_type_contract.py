"""The contract of survey types: it passes what is right, and each check catches the mistake that it is for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import pytest

from crmkit.builtin.survey_types import Comment, ces1, ces2, csat, nps
from crmkit.ports.survey_type import Answers, Given, Item, Problem, Scale, SurveyType
from crmkit.testing import SurveyTypeContract

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
class Exact(Scale):
    """Keeps more decimals than are kept."""

    def check(self, raw: object) -> Answers | Problem:
        return Answers(whole=Given(raw=Decimal(1), score=Decimal(1) / 3))


@attrs.frozen
class Narrow(Scale):
    """Its form lets less through than the check."""

    def schema(self, *languages: str) -> Mapping[str, Any]:
        return {**super().schema(*languages), "maximum": self.hi - 1}


@attrs.frozen
class Mute(Scale):
    """Its problems have no text."""

    def check(self, raw: object) -> Answers | Problem:
        found = super().check(raw)
        return Problem("") if isinstance(found, Problem) else found


def contract(kind: type[Scale], *examples: tuple[object, float | None]) -> SurveyTypeContract:
    made = kind("odd", lo=1, hi=5, top=4, bottom=2)
    found: SurveyTypeContract = type(
        "Odd", (SurveyTypeContract,), {"survey_type": made, "examples": examples or ((5, 5.0),)}
    )()
    return found


def test_a_score_that_is_another_is_caught():
    with pytest.raises(AssertionError, match="is scored 5, not 4"):
        contract(Scale, (5, 4.0)).test_examples_have_their_score()


def test_no_example_at_all_is_caught():
    with pytest.raises(AssertionError, match="give some"):
        type("Bare", (SurveyTypeContract,), {"survey_type": nps})().test_examples_have_their_score()


def test_rounding_is_caught():
    with pytest.raises(AssertionError, match="is taken"):
        contract(Rounding).test_what_is_no_whole_number_is_refused(2.5)
    contract(Rounding).test_numbers_out_of_range_are_refused()


def test_clamping_is_caught():
    with pytest.raises(AssertionError, match="is taken"):
        contract(Clamping).test_numbers_out_of_range_are_refused()
    contract(Clamping).test_what_is_no_whole_number_is_refused(2.5)


def test_digits_that_are_not_read_are_caught():
    with pytest.raises(AssertionError):
        contract(Western).test_digits_of_every_script_are_read("Persian")
    contract(Western).test_digits_of_every_script_are_read("Western")


def test_silence_taken_for_an_answer_is_caught():
    with pytest.raises(AssertionError):
        contract(Zero).test_no_answer_is_no_answer("")


def test_more_decimals_than_are_kept_are_caught():
    with pytest.raises(AssertionError):
        contract(Exact).test_answers_can_be_kept()


def test_a_form_that_lets_less_through_is_caught():
    with pytest.raises(AssertionError):
        contract(Narrow).test_the_schema_takes_the_examples()


def test_a_problem_without_text_is_caught():
    with pytest.raises(AssertionError):
        contract(Mute).test_problems_are_read_by_people()


def test_kpis_that_count_other_answers_are_caught():
    class Other(Scale):
        def kpis(self):  # type: ignore[no-untyped-def]  # as the base's
            return tuple(attrs.evolve(k, name=k.name.replace("nps", "odd")) for k in nps.kpis())

    with pytest.raises(AssertionError):
        contract(Other).test_its_kpis_measure_its_scores()


def test_what_is_no_scale_is_spared_the_checks_of_scales():
    class Loose(SurveyType):
        name = "loose"

        def check(self, raw: object) -> Answers | Problem:
            return Answers(whole=Given(text=str(raw))) if raw and str(raw).strip() else Problem("missing")

    loose: SurveyTypeContract = type("L", (SurveyTypeContract,), {"survey_type": Loose(), "examples": (("x", None),)})()
    with pytest.raises(pytest.skip.Exception):
        loose.test_numbers_out_of_range_are_refused()
    loose.test_no_answer_is_no_answer(None)
