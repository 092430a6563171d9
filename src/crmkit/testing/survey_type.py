"""The contract of survey types, as a pytest class for their author to run.

    class TestTrust(SurveyTypeContract):
        survey_type = trust
        examples = (({"honest": 7, "hides-things": 1}, 7.0), ({"honest": "۷"}, None))

Each example is a raw answer that is taken, and its score (None: it has none).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, cast

import pytest

from ..crm import CRM
from ..ports.plugin import Plugin
from ..ports.survey_type import PLACES, Answers, Given, Problem, Scale, SurveyType
from ..records import Answer, Id, SurveyResponse, new_id
from .contract import Contract
from .kpi import is_near

Example = tuple[object, float | None]
DIGITS: Final = {"Arabic-Indic": "٠١٢٣٤٥٦٧٨٩", "Persian": "۰۱۲۳۴۵۶۷۸۹", "Western": "0123456789"}
_AT: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "integer": (int,),
    "string": (str,),
    "object": (dict,),
    "array": (list,),
}


class SurveyTypeContract(Contract):
    """Set ``survey_type`` and ``examples``."""

    survey_type: ClassVar[SurveyType]
    examples: ClassVar[Sequence[Example]] = ()

    def test_examples_have_their_score(self) -> None:
        """Each example is taken and scored as its author says."""
        assert self.examples, "A survey type without examples can not be checked: give some."
        for raw, score in self.examples:
            found = _taken(self.survey_type, raw).score
            assert is_near(None if found is None else float(found), score, 1e-4), (
                f"{raw!r} is scored {found}, not {score}"
            )

    def test_answers_can_be_kept(self) -> None:
        """The question's row comes first, each item has one row, and numbers have at most four decimals."""
        for raw, _ in self.examples:
            first, *items = _taken(self.survey_type, raw).rows
            names = [given.item for given in items]
            assert first.item == ""
            assert all(names)
            assert len(names) == len(set(names))
            for number in (
                number for given in (first, *items) for number in (given.raw, given.score) if number is not None
            ):
                assert number == number.quantize(PLACES)

    @pytest.mark.parametrize("script", DIGITS)
    def test_digits_of_every_script_are_read(self, script: str) -> None:
        """Whole numbers may be texts of Western, Arabic-Indic or Persian digits."""
        for raw, _ in self._scale_examples():
            written = _each_number(raw, lambda number: _in(number, DIGITS[script]))
            assert self.survey_type.check(written) == _taken(self.survey_type, raw)

    def test_numbers_out_of_range_are_refused(self) -> None:
        """What lies below or above the scale is a problem that names the ends, in every item."""
        for wrong in (self._scale().lo - 1, self._scale().hi + 1):
            for found in self._refused(wrong):
                assert found.code == "out_of_range"

    @pytest.mark.parametrize("wrong", [1.0, 2.5, float("nan"), True, False, "1.0", "1,5", "two", [1], {}])
    def test_what_is_no_whole_number_is_refused(self, wrong: object) -> None:
        """Never rounded, never guessed."""
        self._scale()
        for found in self._refused(wrong):
            assert found.code == "no_whole_number"

    @pytest.mark.parametrize("nothing", [None, "", " "])
    def test_no_answer_is_no_answer(self, nothing: object) -> None:
        """Nothing given is a problem, not a zero."""
        found = self.survey_type.check(nothing)
        assert isinstance(found, Problem)
        assert str(found)

    def test_problems_are_read_by_people(self) -> None:
        """Every problem has a text without gaps in it."""
        for raw in (None, "", object(), {"no-such-item": 1}, -(10**9)):
            found = self.survey_type.check(raw)
            if isinstance(found, Problem):
                assert str(found)
                assert "{" not in str(found)

    def test_the_schema_takes_the_examples(self) -> None:
        """A form made of the schema lets every example through."""
        schema = self.survey_type.schema("en")
        if not schema:
            pytest.skip("it has no schema")
        for raw, _ in self.examples:
            assert list(_breaches(schema, _each_number(raw, _number))) == [], raw

    def test_its_kpis_measure_its_scores(self) -> None:
        """Every KPI is explained, has no value without answers, and counts each answer that has a score."""
        plugin = Plugin("survey-type-under-test", offers=(self.survey_type,))
        names = [kpi.name for kpi in self.survey_type.kpis()]
        assert len(names) == len(set(names))
        with CRM.open("memory:", discover=False) as bare:
            is_supplied = {known.name for known in bare.kpis.list()} >= set(names)
        with CRM.open("memory:", plugins=() if is_supplied else (plugin,), discover=False, strict=True) as crm:
            assert all(crm.kpis.show(name).latest.value is None for name in names)
            scored = list(self._kept(crm))
            for name in names:
                assert crm.kpis.explain(name).explanation
                assert crm.kpis.show(name).latest.n == len(scored)
            if f"{self.survey_type.name}-mean" in names:
                mean = crm.kpis.show(f"{self.survey_type.name}-mean").latest.value
                assert is_near(mean, sum(scored) / len(scored) if scored else None)

    # --- parts ---
    def _kept(self, crm: CRM) -> Iterator[float]:
        for raw, _ in self.examples:
            response, customer = cast("Id[SurveyResponse]", new_id()), new_id()
            for given in _taken(self.survey_type, raw).rows:
                crm.add(_answer(self.survey_type.name, given, response, customer))
                if given.item == "" and given.score is not None:
                    yield float(given.score)

    def _scale(self) -> Scale:
        if not isinstance(self.survey_type, Scale):
            pytest.skip("it is no scale")
        return self.survey_type

    def _scale_examples(self) -> Sequence[Example]:
        self._scale()
        return self.examples

    def _refused(self, wrong: object) -> Iterator[Problem]:
        scale = self._scale()
        tried: list[object] = [{item.name: wrong} for item in scale.items]
        for raw in tried or [wrong]:
            found = scale.check(raw)
            assert isinstance(found, Problem), f"{raw!r} is taken as {found}"
            yield found


def _taken(survey_type: SurveyType, raw: object) -> Answers:
    found = survey_type.check(raw)
    assert isinstance(found, Answers), f"{raw!r} is refused: {found}"
    return found


def _answer(name: str, given: Given, response: Id[SurveyResponse], customer: Any) -> Answer:
    return Answer(
        response=response, customer=customer, survey_type=name, item=given.item, raw=given.raw, score=given.score,
        code=given.code, text=given.text, answered_at=_AT,
    )  # fmt: skip


def _each_number(raw: object, change: Callable[[object], object]) -> object:
    if isinstance(raw, Mapping):
        return {key: change(value) for key, value in cast("Mapping[str, object]", raw).items()}
    return change(raw)


def _in(number: object, digits: str) -> object:
    if isinstance(number, bool) or not isinstance(number, int):
        return number
    return str(number).translate(str.maketrans(DIGITS["Western"], digits))


def _number(value: object) -> object:
    text = (
        value.translate(str.maketrans("".join(DIGITS.values()), DIGITS["Western"] * 3))
        if isinstance(value, str)
        else ""
    )
    return int(text) if text.strip().lstrip("-").isdecimal() else value


def _breaches(schema: Mapping[str, Any], value: object) -> Iterator[str]:
    """Yield how a value breaks a schema: only of what schemas of surveys use."""
    kind = schema["type"]
    if kind == "object" and isinstance(value, Mapping):
        for key, part in cast("Mapping[str, object]", value).items():
            if key in schema["properties"]:
                yield from _breaches(schema["properties"][key], part)
            elif not schema.get("additionalProperties", True):
                yield f"{key} is unknown"
    elif kind == "integer" and isinstance(value, int) and not isinstance(value, bool):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{value} is out of range"
    elif not (kind == "string" and isinstance(value, str)) and kind in ("object", "integer", "string"):
        yield f"{value!r} is no {kind}"
