"""What is wrong with a value or a row, as data: a code and its parameters. Text is made from them here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, cast

import attrs

TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # rows
        "too-few-cells": "the row has {found} cells and the header has {expected}",
        "too-many-cells": "the row has {found} cells and the header has {expected}",
        "field-too-long": "a cell is longer than {limit} characters",
        "row-too-long": "the row is longer than {limit} characters and was not copied: mend it in the file it came from",
        "stray-quote": "text follows a closing quotation mark: double the quotation marks inside a cell",
        "nul": "the text contains a NUL character",
        "surrogate": "the text contains half of a surrogate pair",
        "not-json": "the line is not JSON: {reason}",
        "not-an-object": "the line is not a JSON object",
        "duplicate-key": "the key {key!r} occurs twice",
        # values
        "required": "a value is required",
        "not-mapped": "{value!r} is none of {known}",
        "incomplete": "the column {empty!r} is empty, so the parts do not make a whole",
        "several": "one value is expected and this is a list",
        "control-character": "{value!r} holds a line break or another control character",
        "too-long": "the text is longer than {limit} characters",
        "not-a-choice": "{value!r} is none of {known}",
        "not-a-whole-number": "{value!r} is not a whole number",
        "not-a-number": "{value!r} is not a number",
        "decimal-comma": '{value!r} has a decimal comma: set decimal = "," under [file]',
        "decimal-point": '{value!r} has a decimal point, and the mapping says decimal = ","',
        "too-large": "{value!r} is too large",
        "too-many-places": "{value!r} has more than {places} decimal places",
        "no-currency": "the sign in {value!r} is that of several currencies: set currency in the mapping",
        "unknown-currency": "{value!r} is not a currency code of ISO 4217",
        "unknown-country": "the calling code of {value!r} is not known: write a country as two letters",
        "unknown-time-zone": "{value!r} is no time zone like Europe/Amsterdam",
        "other-currency": "{value!r} is not in {currency}",
        "not-yes-or-no": "{value!r} is neither yes nor no",
        "not-a-date": "{value!r} is not a date like {example}",
        "not-a-time": "{value!r} is not a date and time like {example}",
        "no-such-date": "{value!r} is not in the calendar",
        "no-such-time": "{value!r} does not occur in {zone}: its clocks skip that hour",
        "out-of-range": "{value!r} is outside the years 1 to 9999",
        "not-json-value": "{value!r} is not JSON",
        # records
        "not-found": "no {what} is {value!r}",
        "ambiguous": "{value!r} is {count} records",
        "not-addable": "no {what} is {value!r}, and one can not be added from its name",
        "not-an-id": "{value!r} is not an id of this CRM: another system's number is read as external_id",
        "external-id-taken": "the external id {value} is that of a {what}",
        "fact": "a {what} is a fact and is never changed",
        "not-staged": "a {what} moves along no pipeline, or is not there",
        "not-an-address": "{reason}",
        "no-question": "the survey has no question {question!r} of {type}: add it, or let the mapping add the survey",
        "no-survey-type": "{value!r} is no survey type: there are {known}",
        # addresses
        "email-no-at": "no '@'",
        "email-several-at": "more than one '@'",
        "email-no-name": "nothing before the '@'",
        "email-no-domain": "nothing after the '@'",
        "email-domain": "{domain!r} is not the name of a mail domain",
        "email-space": "a space inside the address",
        "email-characters": "{character!r} is not allowed in an address",
        "email-dots": "a dot at the start, at the end or twice in a row",
        "email-too-long": "longer than {limit} characters",
        "phone-characters": "{character!r} is not part of a phone number",
        "phone-too-short": "a phone number has at least {least} digits",
        "phone-too-long": "a phone number has at most {most} digits",
    }
)


_NONE: Final[Mapping[str, object]] = MappingProxyType({})


def _frozen(params: Mapping[str, object]) -> Mapping[str, object]:
    return MappingProxyType(dict(params))


@attrs.frozen
class Problem:
    """Why a value or a row can not be taken.

    Attributes:
        code: stable name of the fault, a key of `TEXTS` or one of a plugin.
        params: what the text of the fault needs; never used to decide.
        column: the file's own name of the column; None where the whole row is meant.
    """

    code: str
    params: Mapping[str, object] = attrs.field(default=_NONE, converter=_frozen)
    column: str | None = None

    @property
    def message(self) -> str:
        """The fault in English, without the column; for an unknown code the parameter `reason`, or the code."""
        template = TEXTS.get(self.code)
        if template is None:
            return str(self.params.get("reason", self.code))
        return template.format_map({name: _shown(value) for name, value in self.params.items()})

    def in_column(self, column: str) -> Problem:
        """The same problem, said of this column."""
        return self if self.column is not None else attrs.evolve(self, column=column)


def _shown(value: object) -> object:
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(map(str, cast("Iterable[object]", value)))
    if isinstance(value, str) and len(value) > 80:
        return value[:79] + "…"
    return value


def _listed(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(problems)


@attrs.frozen(kw_only=True)
class BadRow:
    """A row that was not taken, whole, and why.

    Attributes:
        line: number of its first line in the file, from 1.
        raw: the row as it was: its cells, or the text of a row that can not be cut into cells (a line of JSON
            Lines always). Empty if `is_cut`.
        problems: all that was found, at least one; `code`, `column` and `params` are those of the first.
        is_cut: the row is too long to be kept; it exists in the file it came from only.
    """

    line: int
    raw: tuple[str, ...] | str
    problems: tuple[Problem, ...] = attrs.field(converter=_listed)
    is_cut: bool = False

    @property
    def code(self) -> str:
        """Code of the first problem."""
        return self.problems[0].code

    @property
    def column(self) -> str | None:
        """The file's own name of the column of the first problem."""
        return self.problems[0].column

    @property
    def params(self) -> Mapping[str, object]:
        """Parameters of the first problem."""
        return self.problems[0].params

    @property
    def message(self) -> str:
        """All problems in one line of English, each with its column."""
        return "; ".join(_lines(self.problems))


def _lines(problems: Iterable[Problem]) -> Iterable[str]:
    for problem in problems:
        yield problem.message if problem.column is None else f"{problem.column}: {problem.message}"
