"""The questions of a survey: as they are declared, checked and kept in versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from ...errors import InvalidError, NotFoundError, nearest
from ...ports.survey_type import SurveyType
from ...ports.work import Work
from ...query import each
from ...records import LocalText, Question, Survey, SurveyVersion
from .relevance import problems_of

COMMENT = "comment"


@attrs.frozen
class Ask:
    """One question as it is declared: ``Ask("nps", text="Would you recommend us?")``.

    Attributes:
        type: the survey type that checks its answers.
        text: what is asked; by default what the type asks.
        is_required: whether a whole reply must answer it, where it is asked.
        relevant: when it is asked (see ``surveys.relevance``); None: always.
    """

    type: str
    text: LocalText | str = attrs.field(default="", kw_only=True)
    is_required: bool = attrs.field(default=True, kw_only=True)
    relevant: Any = attrs.field(default=None, kw_only=True)


Questions: TypeAlias = Mapping[str, "Ask | str"]


def survey_types(work: Work) -> dict[str, SurveyType]:
    """Return the survey types that plugins offer, by name."""
    values = [offer.value for offer in work.house.loaded.offers(SurveyType)]
    made = [value() if isinstance(value, type) else value for value in values]
    return {one.name: one for one in made}


def declared(work: Work, type_name: str, questions: Questions | None) -> dict[str, Ask]:
    """Return the questions that were given: those, or the one of a type, with room for a comment.

    Raises:
        InvalidError: a type is unknown, a rule is wrong, or nothing is asked: all problems at once.
    """
    if bool(type_name) == bool(questions):
        raise InvalidError("Give a survey either a type or questions.", code="required", field="questions")
    types = survey_types(work)
    if type_name:
        questions = {type_name: Ask(type_name)}
        if COMMENT in types and type_name != COMMENT:
            questions = {**questions, COMMENT: Ask(COMMENT, is_required=False)}
    made = {key: Ask(ask) if isinstance(ask, str) else ask for key, ask in (questions or {}).items()}
    if problems := list(_problems(made, types)):
        raise InvalidError(
            " ".join(problems), code="questions", field="questions", params={"problems": tuple(problems)}
        )
    return made


def _problems(questions: Mapping[str, Ask], types: Mapping[str, SurveyType]) -> Iterator[str]:
    earlier: list[str] = []
    for key, ask in questions.items():
        if ask.type not in types:
            yield f"{key}: there is no survey type {ask.type!r}.{nearest(ask.type, types)}"
        for problem in problems_of(ask.relevant, earlier):
            yield f"{key}: {problem}"
        earlier.append(key)


def published(work: Work, survey: Survey, number: int, questions: Mapping[str, Ask]) -> SurveyVersion:
    """Keep a version with its questions."""
    version = work.add(SurveyVersion(survey=survey.id, number=number, published_at=work.now))
    work.add(
        [
            Question(
                survey_version=version.id, key=key, type=ask.type, position=position, is_required=ask.is_required,
                text=LocalText.of(ask.text) if isinstance(ask.text, str) and ask.text else ask.text or LocalText(),
                relevant=ask.relevant,
            )
            for position, (key, ask) in enumerate(questions.items())
        ]
    )  # fmt: skip
    return version


def current_version(work: Work, survey: Survey) -> SurveyVersion:
    """Return the version that is asked now."""
    v = each(SurveyVersion)
    for version in work.find(SurveyVersion, v.survey == survey.id, v.number == survey.number, limit=1):
        return version
    raise NotFoundError(f"Survey {survey.key!r} has no questions yet: publish them.", code="no_version")


def questions_of(work: Work, version: SurveyVersion) -> Sequence[Question]:
    """Return the questions of a version, in their order."""
    q = each(Question)
    return work.find(Question, q.survey_version == version.id, order=[q.position])


def text_of(question: Question, types: Mapping[str, SurveyType], languages: Sequence[str]) -> str:
    """Return what is asked: the survey's words, else the type's, in the first of these languages that has them."""
    own = question.text.into(*languages)
    asked = getattr(types.get(question.type), "question", None)
    return own or (asked.into(*languages) if isinstance(asked, LocalText) else "") or question.key


def survey_named(work: Work, survey: Survey | str) -> Survey:
    """Return a survey by its key.

    Raises:
        NotFoundError: there is none.
    """
    if isinstance(survey, Survey):
        return work.get(Survey, survey.id)
    for found in work.find(Survey, each(Survey).key == survey, limit=1):
        return found
    known = [one.key for one in work.find(Survey, limit=100)]
    raise NotFoundError(f"There is no survey {survey!r}: create it first.{nearest(survey, known)}", code="no_survey")
