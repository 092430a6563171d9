"""Scales: three lines make a whole survey type."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crmkit.builtin.survey_types import Comment, ces1, ces2, csat, nps
from crmkit.errors import DeclarationError
from crmkit.ports.kpi import AdjustedWald, MeanInterval, Wilson
from crmkit.ports.survey_type import Answers, Given, Item, Problem, Scale
from crmkit.query import Tallied
from crmkit.records import LocalText

trust = Scale(
    "trust", lo=1, hi=7, top=6, bottom=2, min_answered=2,
    items=(Item("honest"), Item("cares", text=LocalText.of("They care.", nl="Zij geven om ons.")), Item("hides", reverse=True)),
)  # fmt: skip


def kept(answer: Answers | Problem) -> Answers:
    assert isinstance(answer, Answers), answer
    return answer


class TestCheck:
    @pytest.mark.parametrize("raw", [9, "9", " 9 ", "٩", "۹"])
    def test_digits_of_three_scripts_are_read(self, raw: object):
        assert kept(nps.check(raw)).rows == (Given(raw=Decimal(9), score=Decimal(9)),)

    @pytest.mark.parametrize("raw", [9.0, True, False, "9.0", "9,5", "nine", "1e1", "९", b"9", [9], Decimal(9)])
    def test_what_is_no_whole_number_is_refused(self, raw: object):
        found = nps.check(raw)
        assert isinstance(found, Problem)
        assert found.code == "no_whole_number"

    @pytest.mark.parametrize("raw", [11, -1, "11", "-1", "۱۱", 999_999_999])
    def test_what_lies_outside_is_refused(self, raw: object):
        found = nps.check(raw)
        assert isinstance(found, Problem)
        assert found.code == "out_of_range"
        assert str(found).endswith("is not between 0 and 10.")

    @pytest.mark.parametrize("raw", [None, "", "  "])
    def test_no_answer_is_no_zero(self, raw: object):
        assert nps.check(raw) == Problem("missing")

    def test_zero_is_an_answer(self):
        assert kept(nps.check(0)).score == 0

    def test_a_reversed_item_is_turned_round_and_its_raw_value_kept(self):
        found = kept(trust.check({"honest": 7, "cares": 6, "hides": 1}))
        assert found.items[2] == Given(item="hides", raw=Decimal(1), score=Decimal(7))
        assert found.score == Decimal("6.6667")
        assert found.whole.raw is None

    def test_too_few_items_make_no_score_but_are_kept(self):
        found = kept(trust.check({"honest": "۷", "cares": ""}))
        assert found.score is None
        assert [given.item for given in found.items] == ["honest"]

    @pytest.mark.parametrize(
        ("raw", "code", "item"),
        [
            (7, "shape", ""),
            ({}, "missing", ""),
            ({"honest": None}, "missing", ""),
            ({"honest": 7, "kind": 7}, "unknown_item", "kind"),
            ({"honest": 7, "hides": 8}, "out_of_range", "hides"),
            ({"honest": 7.0}, "no_whole_number", "honest"),
        ],
    )
    def test_a_problem_names_its_item(self, raw: object, code: str, item: str):
        found = trust.check(raw)
        assert isinstance(found, Problem)
        assert (found.code, found.item) == (code, item)
        assert str(found)

    def test_without_min_answered_all_items_are_needed(self):
        both = Scale("both", lo=1, hi=5, top=4, bottom=2, items=(Item("a"), Item("b")))
        assert kept(both.check({"a": 5})).score is None
        assert kept(both.check({"a": 5, "b": 4})).score == Decimal("4.5")


class TestSchema:
    def test_a_scale_asks_for_a_whole_number_in_its_range(self):
        schema = nps.schema("fa")
        assert (schema["type"], schema["minimum"], schema["maximum"]) == ("integer", 0, 10)
        assert "همکاران" in schema["title"]
        assert set(schema["x-labels"]) == {"0", "10"}

    def test_items_are_properties_with_their_text(self):
        schema = trust.schema("nl-BE")
        assert list(schema["properties"]) == ["honest", "cares", "hides"]
        assert schema["properties"]["cares"]["title"] == "Zij geven om ons."
        assert schema["additionalProperties"] is False

    @pytest.mark.parametrize("language", ["en", "nl", "hu", "he", "ar", "fa"])
    @pytest.mark.parametrize("scale", [nps, csat, ces2, ces1], ids=lambda scale: scale.name)
    def test_supplied_types_ask_in_six_languages(self, scale: Scale, language: str):
        texts = [scale.question, *scale.labels.values()]
        assert all(text.into(language) for text in texts)
        assert language == "en" or all(text.into(language) != text.into("en") for text in texts)


class TestKpis:
    def test_names_follow_from_the_headline(self):
        assert [k.name for k in csat.kpis()] == ["csat", "csat-mean", "csat-net"]
        assert [k.name for k in nps.kpis()] == ["nps", "nps-share", "nps-mean"]
        assert [k.name for k in ces1.kpis()] == ["ces1", "ces1-share", "ces1-net"]

    def test_units_directions_and_intervals(self):
        share, mean, net = csat.kpis()
        assert [k.unit for k in (share, mean, net)] == ["share", "number", "points"]
        assert [k.interval for k in (share, mean, net)] == [Wilson("good"), MeanInterval(), AdjustedWald("good", "bad")]
        assert [k.better for k in ces1.kpis()] == ["lower", "higher", "higher"]

    def test_values(self):
        """Of 107 answers 74 at the top, sum 400: a share of 69.16 %, a mean of 3.7383 (published by Delighted)."""
        counted = Tallied((), {"n": 107, "good": 74, "bad": 23, "total": Decimal(400), "squares": 1700.0})
        share, mean, net = (k(counted) for k in csat.kpis())
        assert share == pytest.approx(0.6916, abs=5e-5)
        assert mean == pytest.approx(3.7383, abs=5e-5)
        assert net == pytest.approx(100 * (74 - 23) / 107)


class TestRefused:
    def test_ends_that_do_not_ascend(self):
        with pytest.raises(DeclarationError, match="ascend"):
            Scale("x", lo=1, hi=5, top=2, bottom=4)

    def test_an_item_that_stands_twice(self):
        with pytest.raises(DeclarationError, match="twice"):
            Scale("x", lo=1, hi=5, top=4, bottom=2, items=[Item("a"), Item("a")])

    def test_more_answers_than_items(self):
        with pytest.raises(DeclarationError, match="min_answered"):
            Scale("x", lo=1, hi=5, top=4, bottom=2, items=(Item("a"),), min_answered=2)


class TestComment:
    def test_words_are_kept_without_outer_space(self):
        assert kept(Comment().check("  Snel geholpen. ")).whole == Given(text="Snel geholpen.")

    @pytest.mark.parametrize(
        ("raw", "code"), [("", "missing"), ("  ", "missing"), (5, "no_text"), ("x" * 10_001, "too_long")]
    )
    def test_what_is_none_is_refused(self, raw: object, code: str):
        found = Comment().check(raw)
        assert isinstance(found, Problem)
        assert found.code == code
