"""Answers as they were given, checked question by question: what to keep, or everything that is wrong at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ...errors import InvalidError, nearest
from ...ports.survey_type import Answers, Problem, SurveyType
from ...records import Question
from .relevance import Value, is_relevant


@attrs.frozen
class Checked:
    """Per question key, what to keep of it; questions that turn out not to be asked are not among them."""

    answers: Mapping[str, Answers]
    dropped: frozenset[str] = frozenset()
    """Questions that were answered, and are not asked after the other answers."""


def checked(
    questions: Sequence[Question],
    types: Mapping[str, SurveyType],
    raw: Mapping[str, object],
    before: Mapping[str, Value],
    *,
    is_partial: bool,
) -> Checked:
    """Check raw answers.

    Args:
        before: values of what was answered earlier in the same response.
        is_partial: more will follow: what is required may still be missing.

    Raises:
        InvalidError: every wrong or missing answer; ``params["problems"]`` maps questions to codes.
    """
    known = {question.key for question in questions}
    wrong: dict[str, Problem] = {key: Problem("unknown_question", key) for key in raw if key not in known}
    values: dict[str, Value] = dict(before)
    kept: dict[str, Answers] = {}
    dropped: set[str] = set()
    for question in questions:
        if not is_relevant(question.relevant, values):
            dropped.add(question.key)
            values.pop(question.key, None)
            continue
        found = _one(question, types, raw, values, is_partial=is_partial)
        if isinstance(found, Problem):
            wrong[question.key] = found
        elif found is not None:
            kept[question.key] = found
            values[question.key] = (
                found.whole.score if found.whole.score is not None else found.whole.text or found.whole.code
            )
    if wrong:
        raise _invalid(wrong, known)
    return Checked(kept, frozenset(dropped))


def _one(
    question: Question, types: Mapping[str, SurveyType], raw: Mapping[str, object], values: Mapping[str, Value], *, is_partial: bool
) -> Answers | Problem | None:  # fmt: skip
    given = raw.get(question.key)
    if given is None or given == "":
        is_missing = question.is_required and not is_partial and question.key not in values
        return Problem("missing") if is_missing else None
    if question.type not in types:
        return Problem("no_type", params={"type": question.type})
    return types[question.type].check(given)


def _invalid(wrong: Mapping[str, Problem], known: set[str]) -> InvalidError:
    told = " ".join(f"{key}: {_words(problem, known)}" for key, problem in wrong.items())
    codes: dict[str, Any] = {key: problem.code for key, problem in wrong.items()}
    return InvalidError(told, code="answers", field=next(iter(wrong)), params={"problems": codes})


def _words(problem: Problem, known: set[str]) -> str:
    if problem.code == "unknown_question":
        return f"there is no such question: there are {', '.join(sorted(known))}.{nearest(problem.item, known)}"
    if problem.code == "no_type":
        return f"its survey type {problem.params['type']!r} is not active."
    return str(problem)
